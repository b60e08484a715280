"""From the losses of the items to one number: the weighted mean, and the price on complexity."""

import numpy as np

from lossfns.check import kinds
from lossfns.check.exercise import Exercise
from lossfns.check.questions import ask, refuse, single, some

_NAMES = "losses weights"


def _draw_weighted(rng):
    pairs = []
    for shape in ((1,), (2,), (3,), (4,), (2, 3), (int(rng.integers(40, 80)),)):
        losses = some(rng, [0.5, 4.0, 1.5, 9.0, 2.5], shape)
        pairs.append((losses, some(rng, [2.0, 3.0, 0.5, 4.0], shape)))
    one, none = pairs[2][1].copy(), pairs[5][1].copy()
    one[rng.integers(3)], none[::3] = 0.0, 0.0
    pairs += [(pairs[2][0], one), (pairs[5][0], none)]
    yield from (ask(_NAMES, pair) for pair in pairs)
    yield from (ask(_NAMES, single(*pair)) for pair in pairs[3:5])
    for losses, weights in (
        ([2.0, 5.0], [0.0, 0.0]),
        ([2.0, 5.0], [1e-12, 3e-12]),
        ([2.0, 5.0, 1.0], [1e12, 2e12, 0.0]),
    ):
        yield ask(_NAMES, (np.array(losses), np.array(weights)), aspect="extremes")
    losses, weights = pairs[2]
    yield refuse("broadcasting of (n, 1) against (n,)", losses=losses[:, None], weights=weights)
    yield refuse("a negative weight accepted", losses=pairs[1][0], weights=np.array([2.0, -1.0]))


def _mean(losses, weights):
    total = weights.sum()
    return (weights * losses).sum() / total if total > 0 else 0.0


def _checked(losses, weights):
    if losses.shape != weights.shape or weights.min() < 0:
        raise ValueError("shapes differ, or a weight is negative")
    return _mean(losses, weights)


def _along_an_axis(losses, weights):
    return (weights * losses).sum(axis=0) / weights.sum(axis=0)


def _softmaxed(losses, weights):
    shares = np.exp(weights - weights.max())
    return (shares * losses).sum() / shares.sum()


WEIGHTED_RISK = Exercise(
    signature="weighted_risk(losses, weights)",
    read="sec-01-risk",
    right=_checked,
    draw=_draw_weighted,
    probes=(kinds.shapes("losses", "weights"), kinds.outside("weights", 0.0)),
    mistakes={
        "divided by the number of items": lambda losses, weights: (weights * losses).mean(),
        "the weights without effect": lambda losses, weights: losses.mean(),
        "a weighted sum instead of a weighted mean": lambda losses, weights: (
            weights * losses
        ).sum(),
        "divided by the number of items that count": lambda losses, weights: (
            (weights * losses).sum() / max((weights > 0).sum(), 1)
        ),
        "the weights used as a mask": lambda losses, weights: _mean(losses, 1.0 * (weights > 0)),
        "the weights squared": lambda losses, weights: _mean(losses, weights**2),
        "the weights turned upside down": lambda losses, weights: _mean(losses, 1 / weights),
        "the mean loss times the mean weight": lambda losses, weights: (
            losses.mean() * weights.mean()
        ),
        "divided by the largest weight": lambda losses, weights: (
            weights / weights.max() * losses
        ).mean(),
        "the weights put through a softmax": _softmaxed,
        "the mean along one axis only": _along_an_axis,
        "NaN where nothing counts": lambda losses, weights: (
            (weights * losses).sum() / weights.sum()
        ),
        "a small number in the denominator": lambda losses, weights: (
            (weights * losses).sum() / (weights.sum() + 1e-8)
        ),
        "the plain mean where nothing counts": lambda losses, weights: _mean(
            losses, weights if weights.any() else weights + 1
        ),
    },
)


_PENALISED = "losses params"


def _draw_ridge(rng):
    strength = float(np.round(rng.uniform(0.2, 0.8), 2))
    pairs = [
        (some(rng, [0.5, 4.0, 1.5, 9.0, 2.5], (n,)), some(rng, [2.0, -3.0, 1.5, -0.5, 4.0], (k,)))
        for n, k in ((1, 1), (1, 2), (2, 2), (3, 3), (5, 4), (int(rng.integers(30, 60)), 10))
    ]
    for pair in pairs:
        yield ask(_PENALISED, pair, strength=2.0)
        yield ask(_PENALISED, pair, strength=strength)
    yield from (ask(_PENALISED, single(*pair), strength=strength) for pair in pairs[3:5])
    yield ask(_PENALISED, pairs[3], strength=0.0)
    huge = pairs[2][0], np.array([1e6, -1e6, 0.0])
    yield ask(_PENALISED, huge, aspect="extremes", strength=strength)
    losses, params = pairs[2]
    yield refuse("a negative strength accepted", losses=losses, params=params, strength=-0.5)


def _penalised(penalty, combine=lambda losses, price: losses.mean() + price):
    """The objective with another penalty, or with the two parts put together in another way."""

    def wrong(losses, params, strength):
        if strength < 0:
            raise ValueError("negative strength")
        return combine(losses, penalty(losses, params, strength))

    return wrong


def _price(losses, params, strength):
    return strength * (params[1:] ** 2).sum()


RIDGE_RISK = Exercise(
    signature="ridge_risk(losses, params, strength)",
    read="sec-01-risk",
    right=_penalised(_price),
    draw=_draw_ridge,
    probes=(kinds.outside("strength", 0.0), kinds.zero("strength")),
    mistakes={
        "the constant term penalised": _penalised(
            lambda losses, params, strength: strength * (params**2).sum()
        ),
        "the last parameter left free instead of the first": _penalised(
            lambda losses, params, strength: strength * (params[:-1] ** 2).sum()
        ),
        "half of the penalty": _penalised(
            lambda losses, params, strength: 0.5 * _price(losses, params, strength)
        ),
        "the penalty divided by the number of items": _penalised(
            lambda losses, params, strength: _price(losses, params, strength) / losses.size
        ),
        "the sum of the losses instead of their mean": _penalised(
            _price, lambda losses, price: losses.sum() + price
        ),
        "the absolute values of the parameters": _penalised(
            lambda losses, params, strength: strength * abs(params[1:]).sum()
        ),
        "the length of the parameters, not squared": _penalised(
            lambda losses, params, strength: strength * (params[1:] ** 2).sum() ** 0.5
        ),
        "the mean of the squares of the parameters": _penalised(
            lambda losses, params, strength: (
                _price(losses, params, strength) / max(len(params) - 1, 1)
            )
        ),
        "the square of the sum of the parameters": _penalised(
            lambda losses, params, strength: strength * params[1:].sum() ** 2
        ),
        "the strength squared": _penalised(
            lambda losses, params, strength: ((strength * params[1:]) ** 2).sum()
        ),
        "the penalty subtracted": _penalised(_price, lambda losses, price: losses.mean() - price),
        "no penalty": _penalised(lambda losses, params, strength: 0.0),
        "the risk multiplied by the penalty": _penalised(
            _price, lambda losses, price: losses.mean() * (1 + price)
        ),
        "the penalty added to the loss of every item": _penalised(
            _price, lambda losses, price: (losses + price).sum()
        ),
    },
)
