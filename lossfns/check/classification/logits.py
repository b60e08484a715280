"""Two classes: the binary cross-entropy of logits, and its gradient."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import faults, kinds
from lossfns.check.classification import batches
from lossfns.check.exercise import Exercise, Recognised
from lossfns.check.questions import ask_logits, refuse
from lossfns.check.recipes import averaged, overflowing_sigmoid, per_item, sigmoid, textbook

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
        "the gradient of the squared error over the logit": averaged(
            lambda z, y: 2 * _difference(z, y)
        ),
        "the loss instead of its derivative": averaged(stable),
        "the sigmoid twice": averaged(lambda z, y: sigmoid(sigmoid(z)) - y),
        "probabilities rounded to a decision": averaged(lambda z, y: (z > 0) - y),
        "the two factors not cancelled on paper": averaged(_uncancelled),
        "overflow in the sigmoid": averaged(lambda z, y: overflowing_sigmoid(z) - y),
    },
)
