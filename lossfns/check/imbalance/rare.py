"""Training on rare positives: the practical part, judged by how the new items are ranked."""

import numpy as np

from lossfns.check.exercise import Call, Exercise, Recognised
from lossfns.check.recipes import sigmoid, with_ones


def _draw_rare(rng):
    for extra in (1, 2):
        x, y = _patients(rng, 600, extra)
        x_new, labels = _patients(rng, 1000, extra)
        # The units of the columns; they differ by factors of thousands.
        unit = np.array([1.0, *rng.choice([800.0, 1500.0, 3000.0], 1), *np.full(extra, 0.02)])
        level = unit * np.array([5.0, 4.0, *np.full(extra, 10.0)])
        x, x_new = (np.round(level + unit * columns, 4) for columns in (x, x_new))
        yield Call({"x": x, "y": y, "x_new": x_new}, kept={"labels": labels})


def _patients(rng, count, extra):
    """A tenth are ill: two correlated columns move apart in them, the others say nothing.

    What the two have in common is the same on average in both groups, or chance could make the
    difference of the means the best direction.
    """
    ill = rng.permutation(np.arange(count) < count // 10)
    common = 2 * rng.normal(size=count)
    for group in (ill, ~ill):
        common[group] -= common[group].mean()
    apart = 0.4 * rng.normal(size=(2, count)) + np.outer([1.2, -0.6], ill)
    return np.column_stack([*(common + apart), rng.normal(size=(count, extra))]), ill * 1.0


def average_precision(labels, scores) -> float:
    """Mean precision at the rank of each positive; equal scores share one rank, their last."""
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    found = labels[order].cumsum()[last]
    return float((np.diff(found, prepend=0) * found / (last + 1)).sum() / labels.sum())


def _missed(call, scores):
    return 1 - average_precision(call.kept["labels"], scores)


def _standardised(x, x_new):
    centre, spread = x.mean(axis=0), x.std(axis=0)
    return [with_ones((a - centre) / spread) for a in (x, x_new)]


def _fit(columns, y, steps=15, ridge=1e-3):
    """Weighted logistic regression by Newton's method, both classes with the same total weight."""
    weight = np.where(y == 1, 0.5 / y.mean(), 0.5 / (1 - y.mean())) / len(y)
    params = np.zeros(columns.shape[1])
    for _ in range(steps):
        p = sigmoid(columns @ params)
        gradient = columns.T @ (weight * (p - y)) + ridge * params
        bend = (columns * (weight * p * (1 - p))[:, None]).T @ columns
        params = params - np.linalg.solve(bend + ridge * np.eye(len(params)), gradient)
    return params


def _train(x, y, x_new):
    old, new = _standardised(x, x_new)
    return new @ _fit(old, y)


def _descend(columns, y, steps, rate=0.1):
    params = np.zeros(columns.shape[1])
    for _ in range(steps):
        params = params - rate * columns.T @ (sigmoid(columns @ params) - y) / len(y)
    return params


def _too_few_steps(x, y, x_new):
    old, new = _standardised(x, x_new)
    return new @ _descend(old, y, 5)


def _raw_columns(x, y, x_new):
    old, new = map(with_ones, (x, x_new))
    return new @ _descend(old, y, 50)


def _shuffled(x, y, x_new):
    return np.random.default_rng(5).permutation(_train(x, y, x_new))


def _scores(call, value) -> bool:
    """Whether there is one finite score per new item, as there should be."""
    return value.shape == call.kept["labels"].shape and bool(np.isfinite(value).all())


def _along(value, direction) -> bool:
    """Whether the two rank the items alike."""
    ranks = [np.argsort(np.argsort(a)) for a in (value, direction)]
    return bool(np.corrcoef(ranks)[0, 1] > 0.99)


def _single_column(call, value):
    columns = call.arrays["x_new"].T
    return _scores(call, value) and any(_along(value, s * c) for c in columns for s in (1, -1))


def _difference_of_means(call, value):
    if not _scores(call, value):
        return False
    old, new = _standardised(call.arrays["x"], call.arrays["x_new"])
    ill = call.arrays["y"] == 1
    return _along(value, new @ (old[ill].mean(axis=0) - old[~ill].mean(axis=0)))


def _distinct(call, value):
    return len(np.unique(value)) if _scores(call, value) else 0


def _reversed(call, value):
    return _scores(call, value) and _missed(call, -value) < 0.5 < _missed(call, value)


def _chance(call, value):
    ill = call.kept["labels"]
    if not _scores(call, value) or _distinct(call, value) < 3 or _reversed(call, value):
        return False
    pairs = np.sign(value[ill == 1][:, None] - value[ill == 0])
    return abs(pairs.mean()) < 0.3 and not _single_column(call, value)


TRAIN_RARE = Exercise(
    signature="train_rare(x, y, x_new)",
    read="imbalance-compared",
    right=_train,
    draw=_draw_rare,
    score=_missed,
    # Cross-entropy, weighted or not, and focal loss rank alike up to a few hundredths; a small
    # network may lose up to a tenth.
    slack=0.25,
    atol=0.1,
    mistakes={
        "decisions instead of scores": Recognised(
            lambda x, y, x_new: (_train(x, y, x_new) > 0) * 1.0,
            lambda call, value: _distinct(call, value) == 2,
        ),
        "the same score for everybody": Recognised(
            lambda x, y, x_new: 0 * _train(x, y, x_new),
            lambda call, value: _distinct(call, value) == 1,
        ),
        "high scores for the frequent class": Recognised(
            lambda x, y, x_new: -_train(x, y, x_new), _reversed
        ),
        "one column that decides alone": Recognised(_raw_columns, _single_column),
        "the difference of the means: too few steps": Recognised(
            _too_few_steps, _difference_of_means
        ),
        "scores no better than chance": Recognised(_shuffled, _chance),
        "scores of the training items": Recognised(
            lambda x, y, x_new: _train(x, y, x),
            lambda call, value: value.shape == call.arrays["y"].shape,
        ),
        "a column instead of a flat array": Recognised(
            lambda x, y, x_new: _train(x, y, x_new)[:, None],
            lambda call, value: value.shape == (len(call.arrays["x_new"]), 1),
        ),
        "one score for each class": Recognised(
            lambda x, y, x_new: np.column_stack([-_train(x, y, x_new), _train(x, y, x_new)]),
            lambda call, value: value.shape == (len(call.arrays["x_new"]), 2),
        ),
    },
)
