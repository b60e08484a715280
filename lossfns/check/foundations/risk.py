"""From the losses of the items to one number: the weighted mean, and the price on complexity.

In the variants `loss` has the losses of the items and w their weights, or for ridge w the
parameters, s the strength, and c what the parameters cost.
"""

import numpy as np

from lossfns.check import kinds
from lossfns.check.exercise import Exercise
from lossfns.check.questions import ask, ask_all, between, refuse, singles, some


def _draw_weighted(rng):
    pairs = []
    for shape in ((1,), (2,), (3,), (4,), (2, 3), (int(rng.integers(40, 80)),)):
        losses = some(rng, [0.5, 4.0, 1.5, 9.0, 2.5], shape)
        pairs.append((losses, some(rng, [2.0, 3.0, 0.5, 4.0], shape)))
    one, none = pairs[2][1].copy(), pairs[5][1].copy()
    one[rng.integers(3)], none[::3] = 0.0, 0.0
    pairs += [(pairs[2][0], one), (pairs[5][0], none)]
    yield from ask_all("losses weights", [*pairs, *singles(pairs[3:5])])
    for weights in ([0.0, 0.0], [1e-12, 3e-12], [1e12, 2e12, 0.0]):
        losses = np.array([2.0, 5.0, 1.0][: len(weights)])
        yield from ask_all("losses weights", [(losses, np.array(weights))], "extremes")
    losses, weights = pairs[2]
    yield refuse("broadcasting of (n, 1) against (n,)", losses=losses[:, None], weights=weights)
    yield refuse("a negative weight accepted", losses=pairs[1][0], weights=np.array([2.0, -1.0]))


def _divided_by(number):
    """The weighted sum, divided by what `number(w)` counts."""
    return lambda loss, w: (w * loss).sum() / number(w)


def _weighing(change):
    """The mean with other weights."""
    return lambda loss, w: _mean(loss, change(w))


def _mean(losses, w):
    total = w.sum()
    return (w * losses).sum() / total if total > 0 else 0.0


def _checked(losses, weights):
    if losses.shape != weights.shape or weights.min() < 0:
        raise ValueError("shapes differ, or a weight is negative")
    return _mean(losses, weights)


WEIGHTED_RISK = Exercise(
    signature="weighted_risk(losses, weights)",
    read="sec-01-risk",
    right=_checked,
    draw=_draw_weighted,
    probes=(kinds.shapes("losses", "weights"), kinds.outside("weights", 0.0)),
    mistakes={
        "divided by the number of items": lambda loss, w: (w * loss).mean(),
        "the weights without effect": lambda loss, w: loss.mean(),
        "a weighted sum instead of a weighted mean": _divided_by(lambda w: 1),
        "divided by the number of items that count": _divided_by(lambda w: max((w > 0).sum(), 1)),
        "the weights used as a mask": _weighing(lambda w: 1.0 * (w > 0)),
        "the weights squared": _weighing(lambda w: w**2),
        "the weights turned upside down": _weighing(lambda w: 1 / w),
        "the mean loss times the mean weight": lambda loss, w: loss.mean() * w.mean(),
        "divided by the largest weight": lambda loss, w: (w / w.max() * loss).mean(),
        "the weights put through a softmax": _weighing(lambda w: np.exp(w - w.max())),
        "the mean along one axis only": lambda loss, w: (w * loss).sum(axis=0) / w.sum(axis=0),
        "NaN where nothing counts": _divided_by(np.sum),
        "an exception where nothing counts": lambda loss, w: np.average(loss, weights=w),
        "a small number in the denominator": _divided_by(lambda w: w.sum() + 1e-8),
        "the plain mean where nothing counts": _weighing(lambda w: w if w.any() else w + 1),
    },
)


def _draw_ridge(rng):
    strength = between(rng, 0.2, 0.8)
    pairs = [
        (some(rng, [0.5, 4.0, 1.5, 9.0, 2.5], (n,)), some(rng, [2.0, -3.0, 1.5, -0.5, 4.0], (k,)))
        for n, k in ((1, 1), (1, 2), (2, 2), (3, 3), (5, 4), (int(rng.integers(30, 60)), 10))
    ]
    for pair in pairs:
        yield ask("losses params", pair, strength=2.0)
        yield ask("losses params", pair, strength=strength)
    yield from (ask("losses params", pair, strength=strength) for pair in singles(pairs[3:5]))
    yield ask("losses params", pairs[3], strength=0.0)
    losses, params = pairs[2]
    huge = losses, np.array([1e6, -1e6, 0.0])
    yield ask("losses params", huge, "extremes", strength=strength)
    yield refuse("a negative strength accepted", losses=losses, params=params, strength=-0.5)


def _price(w, s):
    return s * (w[1:] ** 2).sum()


def _ridge(price=_price, whole=lambda loss, c: loss.mean() + c):
    """The objective with another price of the parameters w, or with another sum of the two."""

    def objective(losses, params, strength):
        if strength < 0:
            raise ValueError("negative strength")
        return whole(losses, price(params, strength))

    return objective


RIDGE_RISK = Exercise(
    signature="ridge_risk(losses, params, strength)",
    read="sec-01-risk",
    right=_ridge(),
    draw=_draw_ridge,
    probes=(kinds.outside("strength", 0.0), kinds.zero("strength")),
    mistakes={
        "the constant term penalised": _ridge(lambda w, s: s * (w**2).sum()),
        "the last parameter left free instead of the first": _ridge(
            lambda w, s: s * (w[:-1] ** 2).sum()
        ),
        "half of the penalty": _ridge(lambda w, s: 0.5 * _price(w, s)),
        "the penalty divided by the number of items": _ridge(
            whole=lambda loss, c: loss.mean() + c / loss.size
        ),
        "the penalty divided by twice the number of items": _ridge(
            whole=lambda loss, c: loss.mean() + c / (2 * loss.size)
        ),
        "the sum of the losses instead of their mean": _ridge(whole=lambda loss, c: loss.sum() + c),
        "the absolute values of the parameters": _ridge(lambda w, s: s * abs(w[1:]).sum()),
        "the length of the parameters, not squared": _ridge(lambda w, s: s * np.linalg.norm(w[1:])),
        "the mean of the squares of the parameters": _ridge(
            lambda w, s: _price(w, s) / max(len(w) - 1, 1)
        ),
        "the square of the sum of the parameters": _ridge(lambda w, s: s * w[1:].sum() ** 2),
        "the strength squared": _ridge(lambda w, s: ((s * w[1:]) ** 2).sum()),
        "the penalty subtracted": _ridge(whole=lambda loss, c: loss.mean() - c),
        "no penalty": _ridge(whole=lambda loss, c: loss.mean()),
        "the risk multiplied by the penalty": _ridge(whole=lambda loss, c: loss.mean() * (1 + c)),
        "the penalty added to the loss of every item": _ridge(
            whole=lambda loss, c: (loss + c).sum()
        ),
    },
)
