"""From the losses of the items to one number: the weighted mean, and the price on complexity."""

import numpy as np

from lossfns.check import kinds
from lossfns.check.exercise import Exercise, Misconception
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
    yield refuse(
        "broadcasting of (n, 1) against (n,)",
        "NumPy makes an n × n table out of these shapes, every loss with every weight. Compare "
        "the shapes first and raise ValueError.",
        losses=losses[:, None],
        weights=weights,
    )
    yield refuse(
        "a negative weight accepted",
        "With a negative weight the model is rewarded for being wrong about that item. Raise "
        "ValueError and name the value.",
        losses=pairs[1][0],
        weights=np.array([2.0, -1.0]),
    )


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
    name="weighted_risk",
    signature="weighted_risk(losses, weights)",
    read="sec-01-risk",
    right=_checked,
    draw=_draw_weighted,
    probes=(
        kinds.shapes("losses", "weights"),
        kinds.outside("weights", 0.0),
    ),
    misconceptions=(
        Misconception(
            "divided by the number of items",
            lambda losses, weights: (weights * losses).mean(),
            "With 1/n the result doubles when all weights are doubled, and so does the learning "
            "rate in effect. A weighted mean divides by the sum of the weights.",
        ),
        Misconception(
            "the weights without effect",
            lambda losses, weights: losses.mean(),
            "This is the plain mean. An item with weight 3 has to count like three copies of it.",
        ),
        Misconception(
            "a weighted sum instead of a weighted mean",
            lambda losses, weights: (weights * losses).sum(),
            "The sum grows with the number of items and the scale of the weights. Divide by the "
            "sum of the weights.",
        ),
        Misconception(
            "divided by the number of items that count",
            lambda losses, weights: (weights * losses).sum() / max((weights > 0).sum(), 1),
            "That is right for weights of 0 and 1 only. An item with weight 3 adds 3 to the "
            "denominator, as three copies would.",
        ),
        Misconception(
            "the weights used as a mask",
            lambda losses, weights: _mean(losses, 1.0 * (weights > 0)),
            "You keep the items with a weight above 0 and forget how large it is.",
        ),
        Misconception(
            "the weights squared",
            lambda losses, weights: _mean(losses, weights**2),
            "Each weight enters the numerator once and the denominator once. Multiplying twice "
            "makes the heavy items heavier than asked for.",
        ),
        Misconception(
            "the weights turned upside down",
            lambda losses, weights: _mean(losses, 1 / weights),
            "A large weight must make an item count more. Inverse frequencies are weights already "
            "when they arrive here.",
        ),
        Misconception(
            "the mean loss times the mean weight",
            lambda losses, weights: losses.mean() * weights.mean(),
            "Averages do not multiply: each loss meets its own weight first, then you add up.",
        ),
        Misconception(
            "divided by the largest weight",
            lambda losses, weights: (weights / weights.max() * losses).mean(),
            "Scaling the largest weight to 1 leaves a number that depends on the other weights. "
            "The divisor of a weighted mean is their sum.",
        ),
        Misconception(
            "the weights put through a softmax",
            _softmaxed,
            "The softmax makes shares from logits. Weights become shares when you divide them by "
            "their sum: twice the weight is twice the share.",
        ),
        Misconception(
            "the mean along one axis only",
            _along_an_axis,
            "With axis=0 one mean a column is left. The risk is one number: sum over all axes.",
        ),
        Misconception(
            "NaN where nothing counts",
            lambda losses, weights: (weights * losses).sum() / weights.sum(),
            "0/0 is not a number, and after one update with it every parameter is NaN. A batch in "
            "which nothing counts has nothing to say: return 0.",
        ),
        Misconception(
            "a small number in the denominator",
            lambda losses, weights: (weights * losses).sum() / (weights.sum() + 1e-8),
            "Adding 1e-8 to the sum, or keeping the sum above it, avoids 0/0 but spoils the mean "
            "of small weights: only their ratios may matter. Ask whether the sum is 0 instead.",
        ),
        Misconception(
            "the plain mean where nothing counts",
            lambda losses, weights: _mean(losses, weights if weights.any() else weights + 1),
            "If all weights are 0, these items were excluded on purpose. Falling back to the plain "
            "mean brings them in again: return 0.",
        ),
    ),
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
    yield refuse(
        "a negative strength accepted",
        "A negative λ rewards large parameters, and the objective has no minimum. Raise "
        "ValueError and name the value.",
        losses=losses,
        params=params,
        strength=-0.5,
    )


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
    name="ridge_risk",
    signature="ridge_risk(losses, params, strength)",
    read="sec-01-risk",
    right=_penalised(_price),
    draw=_draw_ridge,
    probes=(
        kinds.outside("strength", 0.0),
        kinds.zero("strength"),
    ),
    misconceptions=(
        Misconception(
            "the constant term penalised",
            _penalised(lambda losses, params, strength: strength * (params**2).sum()),
            "params[0] is the constant term. It carries no complexity, and shrinking it merely "
            "shifts every prediction towards 0: leave it out of the penalty.",
        ),
        Misconception(
            "the last parameter left free instead of the first",
            _penalised(lambda losses, params, strength: strength * (params[:-1] ** 2).sum()),
            "The constant term is params[0], so the penalty is over params[1:].",
        ),
        Misconception(
            "half of the penalty",
            _penalised(lambda losses, params, strength: 0.5 * _price(losses, params, strength)),
            "PyTorch's weight_decay is the gradient of λ/2 times the squared length. The "
            "objective here has no ½.",
        ),
        Misconception(
            "the penalty divided by the number of items",
            _penalised(
                lambda losses, params, strength: _price(losses, params, strength) / losses.size
            ),
            "The penalty belongs to the parameters, not to the items: only the losses are "
            "averaged.",
        ),
        Misconception(
            "the sum of the losses instead of their mean",
            _penalised(_price, lambda losses, price: losses.sum() + price),
            "scikit-learn's Ridge adds the penalty to the sum. Here it is added to the mean, so "
            "that the same λ suits small and large data sets.",
        ),
        Misconception(
            "the absolute values of the parameters",
            _penalised(lambda losses, params, strength: strength * abs(params[1:]).sum()),
            "Σ|θ| is the lasso, which sets parameters to exactly 0. Ridge adds up their squares.",
        ),
        Misconception(
            "the length of the parameters, not squared",
            _penalised(lambda losses, params, strength: strength * (params[1:] ** 2).sum() ** 0.5),
            "np.linalg.norm takes a root. The penalty is the squared length, Σθ².",
        ),
        Misconception(
            "the mean of the squares of the parameters",
            _penalised(
                lambda losses, params, strength: (
                    _price(losses, params, strength) / max(len(params) - 1, 1)
                )
            ),
            "Each parameter pays its own price, so the squares are added up, not averaged.",
        ),
        Misconception(
            "the square of the sum of the parameters",
            _penalised(lambda losses, params, strength: strength * params[1:].sum() ** 2),
            "Parameters of opposite sign would cancel and large ones be free. Square each, then "
            "add up.",
        ),
        Misconception(
            "the strength squared",
            _penalised(lambda losses, params, strength: ((strength * params[1:]) ** 2).sum()),
            "You square after multiplying. The strength λ enters once: λ Σθ².",
        ),
        Misconception(
            "the penalty subtracted",
            _penalised(_price, lambda losses, price: losses.mean() - price),
            "A penalty makes large parameters expensive. Subtracted, it rewards them, and the "
            "objective has no minimum.",
        ),
        Misconception(
            "no penalty",
            _penalised(lambda losses, params, strength: 0.0),
            "This is the risk alone. The objective adds λ times the sum of the squared parameters.",
        ),
        Misconception(
            "the risk multiplied by the penalty",
            _penalised(_price, lambda losses, price: losses.mean() * (1 + price)),
            "The two parts are added: a penalty must cost the same whether the losses are large "
            "or small.",
        ),
        Misconception(
            "the penalty added to the loss of every item",
            _penalised(_price, lambda losses, price: (losses + price).sum()),
            "Adding it to each loss and summing counts the penalty n times. Average the losses "
            "first, then add it once.",
        ),
    ),
)
