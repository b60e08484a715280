"""Fitting a survey: weights, a penalty and descent together, judged by the objective reached."""

from functools import partial

import numpy as np

from lossfns.check.exercise import Call, Exercise


def _draw(rng):
    counts = [10, *(int(n) for n in rng.integers(20, 40, size=2))]
    for count, d, strength in zip(counts, (1, 2, 3), (0.5, 0.2, 1.0), strict=True):
        x = np.round(rng.uniform(-1.5, 1.5, size=(count, d)) + 0.3, 2)
        rare = np.arange(count) % 5 == 0
        # The rare group follows another line and stands for many.
        slopes = rng.choice([2.0, -2.5, 3.0], size=d)
        y = 12.0 + x @ slopes + rare * (x @ slopes - 5.0) + rng.normal(scale=0.3, size=count)
        weights = np.where(rare, 12.0, 2.0)
        spoiled = np.flatnonzero(~rare)[:2]
        y[spoiled], weights[spoiled] = 60.0, 0.0
        yield Call({"x": x, "y": np.round(y, 2), "weights": weights}, {"strength": strength})


def _solved(columns, y, weights, penalty):
    """The minimum, solved exactly; `penalty` is the price of a square, one for each or for all."""
    shared = columns.T * (weights / weights.sum())
    return np.linalg.solve(shared @ columns + penalty * np.eye(len(shared)), shared @ y)


def _with_ones(x):
    return np.column_stack([np.ones(len(x)), x])


def _fit(x, y, weights, strength, free=1):
    """The first `free` parameters carry no penalty."""
    columns = _with_ones(x)
    return _solved(columns, y, weights, strength * (np.arange(columns.shape[1]) >= free))


def _with(change):
    """The fit with other weights w and another strength s."""
    return lambda x, y, weights, strength: _fit(x, y, *change(weights, strength))


def _objective(call, params):
    x, y, w = call.arrays.values()
    squares = (params[0] + x @ params[1:] - y) ** 2
    price = call.options["strength"] * (params[1:] ** 2).sum()
    return float((w * squares).sum() / w.sum() + price)


def _few_steps(x, y, weights, strength):
    columns, share = _with_ones(x), weights / weights.sum()
    params = np.zeros(columns.shape[1])
    for _ in range(5):
        pull = columns.T @ (share * (columns @ params - y)) + strength * np.append(0.0, params[1:])
        params = params - 0.1 * 2 * pull
    return params


def _lasso(x, y, weights, strength):
    """The penalty of absolute values: |p| is taken for p² / |p| of the round before."""
    sizes = np.ones(x.shape[1])
    for _ in range(500):
        params = _solved(_with_ones(x), y, weights, np.append(0.0, strength / (2 * sizes)))
        sizes = abs(params[1:]).clip(1e-12)
    return params


FIT_SURVEY = Exercise(
    signature="fit_survey(x, y, weights, strength)",
    read="sec-01-risk",
    right=_fit,
    draw=_draw,
    score=_objective,
    slack=0.01,
    # Descent that stops a little early is still recognised.
    rtol=1e-2,
    atol=1e-2,
    mistakes={
        "the weights without effect": _with(lambda w, s: (np.ones(len(w)), s)),
        "neither weights nor penalty": _with(lambda w, s: (np.ones(len(w)), 0.0)),
        "the weights used as a mask": _with(lambda w, s: (1.0 * (w > 0), s)),
        "the weights squared": _with(lambda w, s: (w**2, s)),
        "the weighted sum divided by the number of records": _with(lambda w, s: (w, s / w.mean())),
        "the penalty forgotten": _with(lambda w, s: (w, 0.0)),
        "the constant term penalised": partial(_fit, free=0),
        "half of the penalty": _with(lambda w, s: (w, s / 2)),
        "twice the penalty": _with(lambda w, s: (w, 2 * s)),
        "the sum of squares against the penalty": _with(lambda w, s: (w, s / len(w))),
        "the weighted sum of squares against the penalty": _with(lambda w, s: (w, s / w.sum())),
        "the penalty counted for every record": _with(lambda w, s: (w, s * len(w))),
        "the absolute values of the slopes penalised": _lasso,
        "no constant term": lambda x, y, weights, strength: np.append(
            0.0, _solved(x, y, weights, strength)
        ),
        "the constant term last": lambda *given, **options: np.roll(_fit(*given, **options), -1),
        "too few steps": _few_steps,
    },
)
