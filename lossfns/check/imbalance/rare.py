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


def _missed(call, scores) -> float:
    """1 minus the mean precision at the rank of each positive.

    Equal scores share one rank, their last.
    """
    labels, order = call.kept["labels"], np.argsort(-scores, kind="stable")
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    found = labels[order].cumsum()[last]
    return float(1 - (np.diff(found, prepend=0) * found / (last + 1)).sum() / labels.sum())


def _raw(x, x_new):
    return with_ones(x), with_ones(x_new)


def _standardised(x, x_new):
    centre, spread = x.mean(axis=0), x.std(axis=0)
    return _raw((x - centre) / spread, (x_new - centre) / spread)


def _train(x, y, x_new):
    """Weighted logistic regression by Newton's method, both classes with the same total weight."""
    old, new = _standardised(x, x_new)
    weight = np.where(y == 1, 0.5 / y.mean(), 0.5 / (1 - y.mean())) / len(y)
    params, ridge = np.zeros(old.shape[1]), 1e-3
    for _ in range(15):
        p = sigmoid(old @ params)
        gradient = old.T @ (weight * (p - y)) + ridge * params
        bend = (old * (weight * p * (1 - p))[:, None]).T @ old
        params = params - np.linalg.solve(bend + ridge * np.eye(len(params)), gradient)
    return new @ params


def _descending(prepare, steps):
    """Plain gradient descent on the columns that `prepare` makes of both arrays of inputs."""

    def wrong(x, y, x_new):
        old, new = prepare(x, x_new)
        params = np.zeros(old.shape[1])
        for _ in range(steps):
            params = params - 0.1 * old.T @ (sigmoid(old @ params) - y) / len(y)
        return new @ params

    return wrong


def _recognised(wrong, shows):
    """Recognised by what `shows` says of the scores, if there is a finite one per new item."""

    def scored(call, value):
        scores = value.shape == call.kept["labels"].shape and np.isfinite(value).all()
        return bool(scores and shows(call, value))

    return Recognised(wrong, scored)


def _scoring(change, shows):
    """As above, made of the right scores."""
    return _recognised(lambda x, y, x_new: change(_train(x, y, x_new)), shows)


def _along(s, direction):
    """Whether the two rank the items alike."""
    ranks = [np.argsort(np.argsort(a)) for a in (s, direction)]
    return np.corrcoef(ranks)[0, 1] > 0.99


def _levels(count):
    return lambda call, s: len(np.unique(s)) == count


def _single_column(call, s):
    return any(_along(s, sign * column) for column in call.arrays["x_new"].T for sign in (1, -1))


def _difference_of_means(call, s):
    old, new = _standardised(call.arrays["x"], call.arrays["x_new"])
    ill = call.arrays["y"] == 1
    return _along(s, new @ (old[ill].mean(axis=0) - old[~ill].mean(axis=0)))


def _reversed(call, s):
    return _missed(call, -s) < 0.5 < _missed(call, s)


def _chance(call, s):
    if len(np.unique(s)) < 3 or _reversed(call, s) or _single_column(call, s):
        return False
    ill = call.kept["labels"] == 1
    return abs(np.sign(s[ill][:, None] - s[~ill]).mean()) < 0.3


def _in_columns(count, change):
    """Recognised by the number of columns."""
    return Recognised(
        lambda x, y, x_new: change(_train(x, y, x_new)),
        lambda call, value: value.shape == (len(call.arrays["x_new"]), count),
    )


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
        "decisions instead of scores": _scoring(lambda s: (s > 0) * 1.0, _levels(2)),
        "the same score for everybody": _scoring(lambda s: 0 * s, _levels(1)),
        "high scores for the frequent class": _scoring(lambda s: -s, _reversed),
        "one column that decides alone": _recognised(_descending(_raw, 50), _single_column),
        "the difference of the means: too few steps": _recognised(
            _descending(_standardised, 5), _difference_of_means
        ),
        "scores no better than chance": _scoring(
            lambda s: np.random.default_rng(5).permutation(s), _chance
        ),
        "scores of the training items": Recognised(
            lambda x, y, x_new: _train(x, y, x),
            lambda call, value: value.shape == call.arrays["y"].shape,
        ),
        "a column instead of a flat array": _in_columns(1, lambda s: s[:, None]),
        "one score for each class": _in_columns(2, lambda s: np.column_stack([-s, s])),
    },
)
