"""Two classes: the binary cross-entropy of probabilities, that of logits, and its gradient."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import faults, kinds
from lossfns.check.classification import batches
from lossfns.check.classification.squared import times
from lossfns.check.exercise import Exercise, Recognised
from lossfns.check.questions import ask_all, ask_logits, refuse, singles, some
from lossfns.check.recipes import averaged, overflowing_sigmoid, per_item, sigmoid, textbook

# No ½, which would hide an exchange of p and 1 - p.
_PROBS = [0.9, 0.2, 0.6, 0.05, 0.75, 0.1, 0.35]


def _draw_bce(rng):
    pairs = [
        (some(rng, _PROBS, target.shape), target)
        for _, target in [*batches.binary(rng)[:6], batches.soft(rng)]
    ]
    pairs.append((np.round(rng.uniform(0.01, 0.99, size=70), 3), rng.integers(0, 2, 70) * 1.0))
    yield from ask_all("probs target", [*pairs, *singles(pairs[3:5])])
    far = batches.arrays(([0.0, 1.0], [0.0, 1.0]), ([1e-300, 0.25], [1.0, 0.0]))
    yield from ask_all("probs target", far, "extremes")
    for bad, target in batches.arrays(([1.5, 0.2], [1.0, 0.0]), ([0.2, -0.5], [1.0, 0.0])):
        yield refuse("numbers that are no probabilities accepted", probs=bad, target=target)
    probs, target = pairs[3]
    yield refuse("broadcasting of (n, 1) against (n,)", probs=probs[:, None], target=target)


def _bce(p, y):
    """Right, and without NaN where the model is certain: 0 ln 0 = 0."""
    p = p.astype(np.float64)
    tiny = np.finfo(np.float64).tiny
    return -(y * np.log(np.maximum(p, tiny)) + (1 - y) * np.log(np.maximum(1 - p, tiny)))


def _beyond(otherwise):
    """Right, but `otherwise` makes a loss of numbers that are no probabilities."""

    def wrong(probs, target):
        if probs.shape != target.shape:
            raise ValueError("shapes differ")
        good = (probs >= 0) & (probs <= 1)
        return np.where(good, _bce(probs, target), otherwise(probs, target)).mean()

    return wrong


BCE = Exercise(
    signature="bce(probs, target)",
    read="loss-bce",
    right=ln.bce,
    draw=_draw_bce,
    probes=(kinds.shapes("probs", "target"), kinds.outside("probs", 0.0, 1.0)),
    mistakes={
        **faults.of_mean(_bce),
        **faults.of_likelihood(_bce),
        "only the positives counted": per_item(lambda p, y: _bce(p, 1) * y),
        "the two targets exchanged": per_item(lambda p, y: _bce(p, 1 - y)),
        "the logarithm forgotten": per_item(lambda p, y: y * (1 - p) + (1 - y) * p),
        "the squared error instead of the cross-entropy": per_item(lambda p, y: (p - y) ** 2),
        "a sigmoid on probabilities": per_item(lambda p, y: _bce(sigmoid(p), y)),
        "targets taken for 0 or 1 only": per_item(lambda p, y: _bce(p, y == 1)),
        "one logarithm of a mixture": per_item(lambda p, y: -np.log(y * p + (1 - y) * (1 - p))),
        "NaN for a model that is certain and right": per_item(textbook),
        "a very wrong answer hidden by clipping": Recognised(
            per_item(lambda p, y: textbook(p.clip(1e-7, 1 - 1e-7), y)), faults.capped(ln.bce)
        ),
        "the logarithm cut off at -100": per_item(
            lambda p, y: -(y * np.log(p).clip(-100) + (1 - y) * np.log(1 - p).clip(-100))
        ),
        "numbers that are no probabilities clipped": _beyond(lambda p, y: _bce(p.clip(0, 1), y)),
        "NaN for numbers that are no probabilities": _beyond(lambda p, y: np.nan),
    },
)


# So large that sigmoid or exp saturate: confident mistakes, and confident successes.
_FAR = (
    ([1000.0], [0.0]),
    ([-1000.0], [1.0]),
    ([1000.0, -1000.0], [1.0, 0.0]),
    ([40.0, 0.5], [0.0, 1.0]),
    ([1e12, 0.5], [0.0, 1.0]),
)


def _draw_with_logits(rng):
    pairs = batches.binary(rng)
    yield from batches.ask_binary(rng, pairs, *_FAR)
    for reduction in ("none", "sum", "mean"):
        yield from ask_logits([pairs[2], pairs[4]], "reductions", reduction=reduction)
    z, y = pairs[3]
    yield refuse("broadcasting of (n, 1) against (n,)", **batches.named(z[:, None], y))
    given = batches.named(*pairs[2])
    yield refuse("an unknown reduction taken for the mean", **given, reduction="average")


def stable(z, y):
    return np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))


BCE_WITH_LOGITS = Exercise(
    signature='bce_with_logits(logits, target, reduction="mean")',
    read="loss-bce-with-logits",
    right=ln.bce_with_logits,
    draw=_draw_with_logits,
    probes=(
        kinds.shapes("logits", "target"),
        kinds.words("reduction", "none", "mean", "sum"),
        kinds.beyond_fifty("logits"),
    ),
    mistakes={
        **faults.of_mean(stable),
        **faults.of_likelihood(stable),
        "logits taken for probabilities": per_item(textbook),
        "the sigmoid twice": per_item(lambda z, y: stable(sigmoid(z), y)),
        "the two targets exchanged": per_item(lambda z, y: stable(z, 1 - y)),
        "the term with y left out": per_item(lambda z, y: stable(z, 0)),
        "only the positives counted": per_item(lambda z, y: y * stable(z, 1)),
        "|z| forgotten in the exponent": per_item(
            lambda z, y: np.maximum(z, 0) - z * y + np.log1p(np.exp(-z))
        ),
        "targets taken for 0 or 1 only": per_item(lambda z, y: stable(z, y == 1)),
        "the formula for labels -1 and +1": per_item(lambda z, y: stable((2 * y - 1) * z, 1)),
        **faults.of_reduction(stable),
        "the logarithm of a saturated sigmoid": per_item(lambda z, y: textbook(sigmoid(z), y)),
        "a saturated sigmoid hidden by clipping": Recognised(
            per_item(lambda z, y: textbook(sigmoid(z).clip(1e-7, 1 - 1e-7), y)),
            faults.capped(ln.bce_with_logits, share=0.97),
        ),
        "overflow for large positive logits": per_item(lambda z, y: np.log1p(np.exp(z)) - z * y),
        "overflow for large negative logits": per_item(
            lambda z, y: np.log1p(np.exp(-z)) + (1 - y) * z
        ),
    },
)


def _difference(z, y):
    return sigmoid(z) - y


def _uncancelled(z, y):
    p = 1 / (1 + np.exp(-z))
    return (p - y) / (p * (1 - p)) * (p * (1 - p))


BCE_WITH_LOGITS_GRAD = Exercise(
    signature="bce_with_logits_grad(logits, target)",
    read="binary-cross-entropy",
    right=ln.bce_with_logits.grad,
    draw=lambda rng: batches.ask_binary(rng, batches.binary(rng), *_FAR),
    mistakes={
        **faults.of_gradient(_difference),
        "the factor σ'(z) left in": averaged(
            lambda z, y: _difference(z, y) * sigmoid(z) * sigmoid(-z)
        ),
        "the gradient with respect to the probability": averaged(
            lambda z, y: _difference(z, y) / (sigmoid(z) * sigmoid(-z))
        ),
        "the logit instead of the probability": averaged(lambda z, y: z - y),
        "the target forgotten": averaged(lambda z, y: sigmoid(z)),
        "the gradient of the squared error over the logit": averaged(times(lambda z: 1)),
        "the loss instead of its derivative": averaged(stable),
        "the sigmoid twice": averaged(lambda z, y: sigmoid(sigmoid(z)) - y),
        "probabilities rounded to a decision": averaged(lambda z, y: (z > 0) - y),
        "the two factors not cancelled on paper": averaged(_uncancelled),
        "overflow in the sigmoid": averaged(lambda z, y: overflowing_sigmoid(z) - y),
    },
)
