"""Two classes: the binary cross-entropy of logits, and its gradient."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.classification import batches
from lossfns.check.exercise import Exercise, Misconception
from lossfns.check.faults import (
    capped,
    flipped_gradient,
    flipped_loss,
    in_bits,
    mean_over_rows,
    n_in_gradient,
    reduced_gradient,
    reduction_ignored,
    rows_in_gradient,
    sum_for_mean,
    sum_with_none,
)
from lossfns.check.questions import UNKNOWN_REDUCTION, ask, refuse, single
from lossfns.check.recipes import averaged, overflowing_sigmoid, per_item, sigmoid, textbook

_NAMES = "logits target"


def _draw_with_logits(rng):
    pairs = batches.binary(rng)
    yield from (ask(_NAMES, pair) for pair in [*pairs, batches.soft(rng)])
    yield from (ask(_NAMES, single(*pair)) for pair in pairs[3:5])
    for reduction in ("none", "sum", "mean"):
        for pair in (pairs[2], pairs[4]):
            yield ask(_NAMES, pair, "reductions", reduction=reduction)
    yield from _far()
    logits, target = pairs[3]
    yield refuse(
        "broadcasting of (n, 1) against (n,)",
        "NumPy makes an n × n table out of these shapes and you average all n² pairs. A "
        "network's output of shape (n, 1) against targets of shape (n,) is the usual way into "
        "this: compare the shapes first and raise ValueError.",
        logits=logits[:, None],
        target=target,
    )
    logits, target = pairs[2]
    yield refuse(*UNKNOWN_REDUCTION, logits=logits, target=target, reduction="average")


def _far():
    """Logits so large that sigmoid or exp saturate: confident mistakes, and confident successes."""
    for logits, target in (
        ([1000.0], [0.0]),
        ([-1000.0], [1.0]),
        ([1000.0, -1000.0], [1.0, 0.0]),
        ([40.0, 0.5], [0.0, 1.0]),
        ([1e12, 0.5], [0.0, 1.0]),
    ):
        yield ask(_NAMES, (np.array(logits), np.array(target)), "extremes")
    far = np.array([100.0, -100.0], np.float32), np.array([0.0, 0.0], np.float32)
    yield ask(_NAMES, far, "extremes")


def _stable(z, y):
    return np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))


BCE_WITH_LOGITS = Exercise(
    name="bce_with_logits",
    signature='bce_with_logits(logits, target, reduction="mean")',
    read="loss-bce-with-logits",
    right=ln.bce_with_logits,
    draw=_draw_with_logits,
    probes=(
        kinds.shapes("logits", "target"),
        kinds.words("reduction", "none", "mean", "sum"),
        kinds.beyond_fifty("logits"),
    ),
    misconceptions=(
        sum_for_mean(_stable),
        flipped_loss(_stable),
        Misconception(
            "logits taken for probabilities",
            per_item(textbook),
            "A logit is any real number, and a logarithm of a negative one is NaN. The "
            "probability is σ(z); put it into the formula on paper and simplify.",
        ),
        Misconception(
            "the sigmoid twice",
            per_item(lambda z, y: _stable(sigmoid(z), y)),
            "The loss contains the sigmoid already. With a second one the probabilities lie "
            "between 0.5 and 0.73 and the loss never falls below 0.31.",
        ),
        Misconception(
            "the two targets exchanged",
            per_item(lambda z, y: _stable(z, 1 - y)),
            "A large logit means yes: it must be cheap for y = 1 and expensive for y = 0. Look at "
            "the sign of z in each half.",
        ),
        Misconception(
            "the term with y left out",
            per_item(lambda z, y: _stable(z, 0)),
            "ln(1 + exp(z)) is the loss of an item with target 0. Target 1 has to lower it by z.",
        ),
        Misconception(
            "only the positives counted",
            per_item(lambda z, y: y * _stable(z, 1)),
            "An item with target 0 costs nothing in yours, so growing logits would be perfect. "
            "Add its half, (1 - y) ln(1 + exp(z)).",
        ),
        Misconception(
            "|z| forgotten in the exponent",
            per_item(lambda z, y: np.maximum(z, 0) - z * y + np.log1p(np.exp(-z))),
            "max(z, 0) has taken the growing part out of the logarithm, and what is left is "
            "ln(1 + exp(-|z|)). With exp(-z) negative logits are counted twice, and overflow.",
        ),
        Misconception(
            "targets taken for 0 or 1 only",
            per_item(lambda z, y: np.where(y == 1, _stable(z, 1), _stable(z, 0))),
            "A target of 0.7 is neither: it pays 0.7 times the loss of a yes and 0.3 times that "
            "of a no.",
        ),
        Misconception(
            "the formula for labels -1 and +1",
            per_item(lambda z, y: _stable((2 * y - 1) * z, 1)),
            "ln(1 + exp(-(2y - 1) z)) is the same for targets 0 and 1 only. With a soft target "
            "the two losses are mixed, not the logits.",
        ),
        in_bits(_stable),
        mean_over_rows(_stable),
        reduction_ignored(_stable),
        sum_with_none(_stable),
        Misconception(
            "the logarithm of a saturated sigmoid",
            per_item(lambda z, y: textbook(sigmoid(z), y)),
            "σ(1000) is exactly 1 in floating point, 1 - σ is 0, and its logarithm -∞. The "
            "confident mistakes, which matter most, turn into infinity or NaN. Simplify "
            "ln σ(z) on paper before you compute: no probability need appear at all.",
        ),
        Misconception(
            "a saturated sigmoid hidden by clipping",
            per_item(lambda z, y: textbook(sigmoid(z).clip(1e-7, 1 - 1e-7), y)),
            "The result is finite but wrong: every confident mistake costs 16.1 and, worse, has "
            "gradient 0. Rewrite the formula in z instead.",
            capped(ln.bce_with_logits, share=0.97),
        ),
        Misconception(
            "overflow for large positive logits",
            per_item(lambda z, y: np.log1p(np.exp(z)) - z * y),
            "ln(1 + exp(z)) is right, but exp(z) overflows beyond z = 710. Take z out of the "
            "logarithm where it is positive.",
            formula="max(z, 0) - z y + ln(1 + exp(-|z|))",
        ),
        Misconception(
            "overflow for large negative logits",
            per_item(lambda z, y: np.log1p(np.exp(-z)) + (1 - y) * z),
            "This is right on paper, but exp(-z) overflows beyond z = -710. Which exponent is "
            "safe on both sides of 0?",
            formula="max(z, 0) - z y + ln(1 + exp(-|z|))",
        ),
    ),
)


def _draw_grad(rng):
    pairs = batches.binary(rng)
    yield from (ask(_NAMES, pair) for pair in [*pairs, batches.soft(rng)])
    yield from (ask(_NAMES, single(*pair)) for pair in pairs[3:5])
    yield from _far()


def _difference(z, y):
    return sigmoid(z) - y


def uncancelled(z, y):
    p = 1 / (1 + np.exp(-z))
    return (p - y) / (p * (1 - p)) * (p * (1 - p))


BCE_WITH_LOGITS_GRAD = Exercise(
    name="bce_with_logits_grad",
    signature="bce_with_logits_grad(logits, target)",
    read="binary-cross-entropy",
    right=ln.bce_with_logits.grad,
    draw=_draw_grad,
    misconceptions=(
        n_in_gradient(_difference),
        flipped_gradient(averaged(_difference)),
        Misconception(
            "the factor σ'(z) left in",
            averaged(lambda z, y: _difference(z, y) * sigmoid(z) * sigmoid(-z)),
            "The derivative of the loss with respect to p has p(1 - p) below the line, and "
            "σ'(z) = p(1 - p) cancels it. With the factor left in, a confident mistake would "
            "hardly pull at all.",
        ),
        Misconception(
            "the gradient with respect to the probability",
            averaged(lambda z, y: _difference(z, y) / (sigmoid(z) * sigmoid(-z))),
            "(p - y)/(p(1 - p)) is the slope over p. The logit comes one step earlier: multiply "
            "by dp/dz = p(1 - p), and simplify.",
        ),
        Misconception(
            "the logit instead of the probability",
            averaged(lambda z, y: z - y),
            "z - y compares a score with a label. The prediction is the probability σ(z).",
        ),
        Misconception(
            "the target forgotten",
            averaged(lambda z, y: sigmoid(z)),
            "σ(z) is the gradient of an item with target 0 and pushes every logit down. Subtract "
            "the target.",
        ),
        Misconception(
            "the gradient of the squared error over the logit",
            averaged(lambda z, y: 2 * _difference(z, y)),
            "The 2 comes from the derivative of a square, and there is none: the derivative of "
            "the cross-entropy is σ(z) - y.",
        ),
        Misconception(
            "the loss instead of its derivative",
            averaged(_stable),
            "These are the losses divided by n. The gradient is made of their derivatives with "
            "respect to the logits.",
        ),
        Misconception(
            "the sigmoid twice",
            averaged(lambda z, y: sigmoid(sigmoid(z)) - y),
            "The logits go through one sigmoid. Probabilities that are never below 0.5 show a "
            "second one.",
        ),
        Misconception(
            "probabilities rounded to a decision",
            averaged(lambda z, y: (z > 0) - y),
            "With hard decisions the gradient vanishes as soon as an item is on the right side. "
            "Cross-entropy uses the probability itself, σ(z).",
        ),
        Misconception(
            "the two factors not cancelled on paper",
            averaged(uncancelled),
            "(p - y)/(p(1 - p)) is infinite where p(1 - p) is 0, and infinity times 0 is NaN. The "
            "product is σ(z) - y: cancel before you compute.",
        ),
        Misconception(
            "overflow in the sigmoid",
            averaged(lambda z, y: overflowing_sigmoid(z) - y),
            "exp(z)/(1 + exp(z)) is ∞/∞ for large z. 1/(1 + exp(-z)) is the same number and goes "
            "to 1 or 0 as it should.",
        ),
        rows_in_gradient(_difference),
        reduced_gradient(_difference),
    ),
)
