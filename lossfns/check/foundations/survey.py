"""Fitting a survey: weights, a penalty and descent together, judged by the objective reached."""

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


def _fit(x, y, weights, strength, free=1):
    """The minimum, solved exactly; the first `free` parameters carry no penalty."""
    columns = np.column_stack([np.ones(len(x)), x])
    share = weights / weights.sum()
    penalty = strength * np.diag((np.arange(columns.shape[1]) >= free) * 1.0)
    normal = (columns * share[:, None]).T @ columns + penalty
    return np.linalg.solve(normal, (columns * share[:, None]).T @ y)


def _objective(call, params):
    x, y, weights = call.arrays["x"], call.arrays["y"], call.arrays["weights"]
    squares = (params[0] + x @ params[1:] - y) ** 2
    return float((weights * squares).sum() / weights.sum()) + call.options["strength"] * float(
        (params[1:] ** 2).sum()
    )


def _without_constant(x, y, weights, strength):
    share = weights / weights.sum()
    normal = (x * share[:, None]).T @ x + strength * np.eye(x.shape[1])
    return np.concatenate([[0.0], np.linalg.solve(normal, (x * share[:, None]).T @ y)])


def _few_steps(x, y, weights, strength):
    columns, share = np.column_stack([np.ones(len(x)), x]), weights / weights.sum()
    params = np.zeros(columns.shape[1])
    for _ in range(5):
        gradient = 2 * columns.T @ (share * (columns @ params - y))
        gradient[1:] += 2 * strength * params[1:]
        params = params - 0.1 * gradient
    return params


def _lasso(x, y, weights, strength):
    """Coordinate descent on the penalty of absolute values."""
    share = weights / weights.sum()
    params = np.zeros(x.shape[1] + 1)
    for _ in range(200):
        params[0] = (share * (y - x @ params[1:])).sum()
        for j in range(x.shape[1]):
            rest = y - params[0] - x @ params[1:] + x[:, j] * params[j + 1]
            pull = (share * x[:, j] * rest).sum()
            size = max(abs(pull) - strength / 2, 0.0)
            params[j + 1] = np.sign(pull) * size / (share * x[:, j] ** 2).sum()
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
        "the weights without effect": lambda x, y, weights, strength: _fit(
            x, y, np.ones(len(x)), strength
        ),
        "neither weights nor penalty": lambda x, y, weights, strength: _fit(
            x, y, np.ones(len(x)), 0.0
        ),
        "the weights used as a mask": lambda x, y, weights, strength: _fit(
            x, y, 1.0 * (weights > 0), strength
        ),
        "the weights squared": lambda x, y, weights, strength: _fit(x, y, weights**2, strength),
        "the weighted sum divided by the number of records": lambda x, y, weights, strength: _fit(
            x, y, weights, strength * len(x) / weights.sum()
        ),
        "the penalty forgotten": lambda x, y, weights, strength: _fit(x, y, weights, 0.0),
        "the constant term penalised": lambda x, y, weights, strength: _fit(
            x, y, weights, strength, free=0
        ),
        "half of the penalty": lambda x, y, weights, strength: _fit(x, y, weights, strength / 2),
        "twice the penalty": lambda x, y, weights, strength: _fit(x, y, weights, 2 * strength),
        "the sum of squares against the penalty": lambda x, y, weights, strength: _fit(
            x, y, weights, strength / len(x)
        ),
        "the penalty counted for every record": lambda x, y, weights, strength: _fit(
            x, y, weights, strength * len(x)
        ),
        "the absolute values of the slopes penalised": _lasso,
        "no constant term": _without_constant,
        "the constant term last": lambda x, y, weights, strength: np.roll(
            _fit(x, y, weights, strength), -1
        ),
        "too few steps": _few_steps,
    },
)
