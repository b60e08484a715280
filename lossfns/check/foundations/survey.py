"""Fitting a survey: weights, a penalty and descent together, judged by the objective reached."""

import numpy as np

from lossfns.check.exercise import Call, Exercise, Misconception


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
    name="fit_survey",
    signature="fit_survey(x, y, weights, strength)",
    read="sec-01-risk",
    right=_fit,
    draw=_draw,
    score=_objective,
    slack=0.01,
    # Descent that stops a little early is still recognised.
    rtol=1e-2,
    atol=1e-2,
    misconceptions=(
        Misconception(
            "the weights without effect",
            lambda x, y, weights, strength: _fit(x, y, np.ones(len(x)), strength),
            "All records count the same in yours, the spoiled ones included. Multiply each squared "
            "error, and so each pull, by its weight.",
        ),
        Misconception(
            "neither weights nor penalty",
            lambda x, y, weights, strength: _fit(x, y, np.ones(len(x)), 0.0),
            "This is ordinary least squares, in which every record counts the same and slopes are "
            "free. Weigh each squared error, and add strength · Σ slope².",
        ),
        Misconception(
            "the weights used as a mask",
            lambda x, y, weights, strength: _fit(x, y, 1.0 * (weights > 0), strength),
            "The records with weight 0 are out, but the others all count the same: the rare group "
            "is still treated as rare.",
        ),
        Misconception(
            "the weights squared",
            lambda x, y, weights, strength: _fit(x, y, weights**2, strength),
            "Each weight enters once. Multiplying both the errors and their squares, or inputs and "
            "targets, by w counts it twice.",
        ),
        Misconception(
            "the weighted sum divided by the number of records",
            lambda x, y, weights, strength: _fit(x, y, weights, strength * len(x) / weights.sum()),
            "Dividing by n instead of the sum of the weights makes the losses larger and the "
            "penalty, compared with them, too weak. The weighted mean divides by Σ w.",
        ),
        Misconception(
            "the penalty forgotten",
            lambda x, y, weights, strength: _fit(x, y, weights, 0.0),
            "This is the minimum of the risk alone. The objective adds strength · Σ slope², whose "
            "gradient pulls every slope towards 0.",
        ),
        Misconception(
            "the constant term penalised",
            lambda x, y, weights, strength: _fit(x, y, weights, strength, free=0),
            "params[0] is the constant term and stays out of the penalty: shrinking it shifts "
            "every prediction towards 0.",
        ),
        Misconception(
            "half of the penalty",
            lambda x, y, weights, strength: _fit(x, y, weights, strength / 2),
            "The derivative of strength · θ² is 2 · strength · θ. Without the 2 the slopes are "
            "pulled half as hard as they should be.",
        ),
        Misconception(
            "twice the penalty",
            lambda x, y, weights, strength: _fit(x, y, weights, 2 * strength),
            "The 2 of the derivative belongs to the errors as well: if it is missing there, the "
            "penalty counts double.",
        ),
        Misconception(
            "the sum of squares against the penalty",
            lambda x, y, weights, strength: _fit(x, y, weights, strength / len(x)),
            "scikit-learn's Ridge adds the penalty to a sum, so that its alpha is n times as large "
            "as this strength. Here the risk is a weighted mean.",
        ),
        Misconception(
            "the penalty counted for every record",
            lambda x, y, weights, strength: _fit(x, y, weights, strength * len(x)),
            "You add the pull of the penalty once a record. It belongs to the parameters: add it "
            "once.",
        ),
        Misconception(
            "the absolute values of the slopes penalised",
            _lasso,
            "Σ |slope| is the lasso, which pulls small slopes as hard as large ones. The objective "
            "has their squares.",
        ),
        Misconception(
            "no constant term",
            _without_constant,
            "All your predictions go through 0 at x = 0. params[0] is added to every prediction; "
            "its gradient is the weighted mean of 2e.",
        ),
        Misconception(
            "the constant term last",
            lambda x, y, weights, strength: np.roll(_fit(x, y, weights, strength), -1),
            "The constant comes first: params[0], then one slope for each column of x.",
        ),
        Misconception(
            "too few steps",
            _few_steps,
            "The parameters are still on their way. Print the objective now and then and go on "
            "until it no longer falls.",
        ),
    ),
)
