"""Binary cross-entropy of logits in its stable form, its gradient, and the same in PyTorch."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds, questions
from lossfns.check.exercise import Exercise, Misconception
from lossfns.check.faults import (
    capped,
    flipped_gradient,
    mean_over_rows,
    n_in_gradient,
    reduced_gradient,
    rows_in_gradient,
    sum_for_mean,
    value_for_gradient,
)
from lossfns.check.questions import BROADCAST, refuse
from lossfns.check.recipes import averaged, library, per_item, sigmoid, softplus


def right(logits, target):
    return ln.bce_with_logits(logits, target)


def _soft(rng):
    """Labels between 0 and 1, as label smoothing and distillation make them."""
    logits = rng.permutation([2.0, -0.5, 1.5, -2.0])
    return [
        (logits[:1], np.array([0.75])),
        (logits, np.round(rng.uniform(0.05, 0.95, size=4), 2)),
    ]


def _far():
    return [
        (np.array([-1000.0]), np.array([1.0])),
        (np.array([1000.0]), np.array([0.0])),
        (np.array([1000.0]), np.array([1.0])),
        (np.array([1000.0, -1000.0, 0.5]), np.array([0.25, 0.25, 1.0])),
        (np.array([[1000.0, -1000.0], [-1000.0, 1000.0]]), np.array([[1.0, 0.0], [1.0, 0.0]])),
    ]


def _draw_bce(rng):
    pairs = [*questions.labelled(rng), *_soft(rng)]
    yield from questions.ask_logits(pairs)
    yield from questions.ask_logits(questions.singles(pairs[3:5]))
    yield from questions.ask_logits(_far(), "extremes")
    yield from questions.ask_logits(questions.singles(_far()[3:4]), "extremes")
    logits, target = pairs[3]
    yield refuse(*BROADCAST, logits=logits[:, None], target=target)
    yield refuse(
        "a label of 2 accepted",
        "With y = 2 the loss is negative without bound: the model is paid for large logits. "
        "Raise ValueError unless 0 ≤ y ≤ 1.",
        logits=logits[:2],
        target=np.array([1.0, 2.0]),
    )
    yield refuse(
        "a label of -1 accepted",
        "Labels of -1 and +1 belong to the hinge and the logistic loss of a margin. Here they "
        "give a number that means nothing: raise ValueError unless 0 ≤ y ≤ 1.",
        logits=logits[:2],
        target=np.array([-1.0, 1.0]),
    )


def _stable(z, y):
    return softplus(z) - z * y


def _of_probability(p, y):
    lib = library(p)
    return -y * lib.log(p) - (1 - y) * lib.log(1 - p)


def _naive_sigmoid(z):
    return 1 / (1 + library(z).exp(-z))


def _tail(z):
    lib = library(z)
    return lib.log1p(lib.exp(-abs(z)))


FORMULA = (
    Misconception(
        "the term z·y forgotten",
        per_item(lambda z, y: softplus(z)),
        "This is the loss for y = 0 everywhere. The label enters through -z·y.",
    ),
    Misconception(
        "z·y added instead of subtracted",
        per_item(lambda z, y: softplus(z) + z * y),
        "Where y = 1 a larger logit must make the loss smaller: max(z, 0) - z·y + ln(1 + e^-|z|).",
    ),
    Misconception(
        "the labels exchanged",
        per_item(lambda z, y: _stable(z, 1 - y)),
        "Yours is small where z is negative and y = 1. The logit is that of y = 1.",
    ),
    Misconception(
        "max(z, 0) forgotten",
        per_item(lambda z, y: _tail(z) - z * y),
        "ln(1 + e^-|z|) is only the small rest of softplus. Without max(z, 0) the loss of a "
        "confident mistake with y = 0 is 0.",
    ),
    Misconception(
        "the rest ln(1 + e^-|z|) forgotten",
        per_item(lambda z, y: z * (z > 0) - z * y),
        "max(z, 0) - z·y is right for large |z| only. At z = 0 the loss is ln 2, not 0.",
    ),
    Misconception(
        "z in place of |z| in the exponent",
        per_item(lambda z, y: z * (z > 0) - z * y + library(z).log1p(library(z).exp(-z))),
        "With max(z, 0) in front, the exponent must be -|z|: for z < 0 yours counts z twice.",
    ),
    Misconception(
        "no loss where y = 0",
        per_item(lambda z, y: y * softplus(-z)),
        "Where y = 0 yours costs nothing, so calling everything positive is free. The second term "
        "is (1 - y) ln(1 + e^z).",
    ),
    Misconception(
        "soft labels rounded to 0 and 1",
        per_item(lambda z, y: _stable(z, 1 * (y > 0.5))),
        "A target of 0.75 is no 1: label smoothing and distillation train on such numbers. The "
        "formula takes them as they are, with no condition on y.",
    ),
    Misconception(
        "the sigmoid forgotten",
        per_item(lambda z, y: _of_probability(z.clip(1e-7, 1 - 1e-7), y)),
        "The first argument holds logits, any real numbers. A clipped logit is no probability.",
    ),
    Misconception(
        "the sigmoid twice",
        per_item(lambda z, y: _stable(sigmoid(z), y)),
        "The stable form contains the sigmoid already; it takes the logit itself.",
    ),
    Misconception(
        "the squared error of the probability",
        per_item(lambda z, y: (sigmoid(z) - y) ** 2),
        "This is the Brier score, which is at most 1 an item. The cross-entropy grows without "
        "bound for a confident mistake.",
    ),
    Misconception(
        "logarithms to the base 2",
        per_item(lambda z, y: _stable(z, y) / np.log(2)),
        "That is the loss in bits. In this course it is in nats: natural logarithms.",
    ),
    sum_for_mean(_stable),
    mean_over_rows(_stable),
)

OVERFLOWS = (
    Misconception(
        "the logarithm of a rounded probability",
        per_item(lambda z, y: _of_probability(_naive_sigmoid(z), y)),
        "At z = -1000 the sigmoid is rounded to 0, at z = 1000 to 1, and one of the two "
        "logarithms is -∞; times a label of 0 that is NaN. Do not go through the probability.",
        formula="max(z, 0) - z·y + ln(1 + e^-|z|)",
    ),
    Misconception(
        "an exponential that overflows for z > 0",
        per_item(lambda z, y: library(z).log1p(library(z).exp(z)) - z * y),
        "ln(1 + e^z) - z·y is right, but e^1000 is beyond every float. Take z out of the "
        "logarithm where it is positive, so that no exponent is.",
        formula="max(z, 0) - z·y + ln(1 + e^-|z|)",
    ),
    Misconception(
        "an exponential that overflows for z < 0",
        per_item(lambda z, y: library(z).log1p(library(z).exp(-z)) + z * (1 - y)),
        "ln(1 + e^-z) + z·(1 - y) is right, but e^1000 is beyond every float. Write it so that "
        "no exponent is positive, on either side of 0.",
        formula="max(z, 0) - z·y + ln(1 + e^-|z|)",
    ),
    Misconception(
        "the probability kept away from 0 and 1",
        per_item(lambda z, y: _of_probability(sigmoid(z).clip(1e-7, 1 - 1e-7), y)),
        "Clipping hides the infinity, but the loss of a confident mistake then stops growing (at "
        "16 for an ε of 1e-7) and its gradient is 0: the items that are most wrong teach "
        "nothing. The stable form needs no ε.",
        capped(right),
        formula="max(z, 0) - z·y + ln(1 + e^-|z|)",
    ),
)


STABLE_BCE = Exercise(
    name="stable_bce",
    signature="stable_bce(logits, target)",
    read="stable-bce",
    right=right,
    draw=_draw_bce,
    probes=(
        kinds.shapes("logits", "target"),
        kinds.outside("target", 0.0, 1.0),
        kinds.beyond_fifty("logits"),
    ),
    misconceptions=(
        *FORMULA,
        *OVERFLOWS,
    ),
)


def _draw_grad(rng):
    pairs = [*questions.labelled(rng), *_soft(rng)]
    yield from questions.ask_logits(pairs)
    yield from questions.ask_logits(questions.singles(pairs[3:5]))
    yield from questions.ask_logits(_far(), "extremes")
    yield from questions.ask_logits(questions.singles(_far()[3:4]), "extremes")


def _slope(z, y):
    return sigmoid(z) - y


def _slope_of_clipped(z, y):
    p = sigmoid(z)
    return (p - y) * ((p > 1e-7) & (p < 1 - 1e-7))


def _chain_rule(z, y):
    p = _naive_sigmoid(z)
    return ((1 - y) / (1 - p) - y / p) * p * (1 - p)


STABLE_BCE_GRAD = Exercise(
    name="stable_bce_grad",
    signature="stable_bce_grad(logits, target)",
    read="stable-bce",
    right=ln.bce_with_logits.grad,
    draw=_draw_grad,
    misconceptions=(
        n_in_gradient(_slope),
        rows_in_gradient(_slope),
        flipped_gradient(averaged(_slope)),
        reduced_gradient(_slope),
        value_for_gradient(averaged(_stable)),
        Misconception(
            "the labels exchanged",
            averaged(lambda z, y: sigmoid(z) - (1 - y)),
            "The logit is that of y = 1: the gradient is σ(z) - y, which is 0 when the "
            "probability equals the label.",
        ),
        Misconception(
            "the sigmoid forgotten",
            averaged(lambda z, y: z - y),
            "z - y would be the gradient of ½ (z - y)². The gradient of the cross-entropy compares "
            "the probability σ(z) with the label.",
        ),
        Misconception(
            "the derivative of the sigmoid once too often",
            averaged(lambda z, y: _slope(z, y) * sigmoid(z) * sigmoid(-z)),
            "The derivative of the cross-entropy with respect to p has p (1 - p) in its "
            "denominator, which cancels that of the sigmoid. With it the gradient vanishes where "
            "the model is certain and wrong, as that of the squared error does.",
        ),
        Misconception(
            "the derivative in p instead of in z",
            averaged(lambda z, y: _slope(z, y) / (sigmoid(z) * sigmoid(-z))),
            "That is the gradient with respect to the probability. The logit acts through the "
            "sigmoid, whose derivative p (1 - p) cancels the denominator.",
        ),
        Misconception(
            "the gradient of the squared error",
            averaged(lambda z, y: 2 * _slope(z, y) * sigmoid(z) * sigmoid(-z)),
            "2 (p - y) p (1 - p) belongs to (p - y)². It vanishes where the model is certain and "
            "wrong; that of the cross-entropy does not.",
        ),
        Misconception(
            "soft labels rounded to 0 and 1",
            averaged(lambda z, y: _slope(z, y > 0.5)),
            "A target of 0.75 is no 1. σ(z) - y takes any label between 0 and 1.",
        ),
        Misconception(
            "only the sign of the error",
            averaged(lambda z, y: np.sign(_slope(z, y))),
            "The gradient is the error σ(z) - y itself: small where the probability is nearly "
            "right.",
        ),
        Misconception(
            "e^z / (1 + e^z)",
            averaged(lambda z, y: np.exp(z) / (1 + np.exp(z)) - y),
            "At z = 1000 that is ∞/∞, which is NaN. Use 1 / (1 + e^-z) for z ≥ 0, and this form "
            "for z < 0.",
        ),
        Misconception(
            "a gradient by way of 1/p",
            averaged(_chain_rule),
            "At z = -1000 the probability is rounded to 0, and 1/p · p (1 - p) becomes ∞ · 0, that "
            "is NaN. Cancel on paper first: what is left is σ(z) - y.",
        ),
        Misconception(
            "no gradient where the probability was clipped",
            averaged(_slope_of_clipped),
            "A clipped probability is constant, and the derivative of a constant is 0: the item "
            "that is most wrong pulls no longer. The true gradient there is ±1 an item.",
        ),
    ),
)


def _draw_bce_torch(rng):
    pairs, wants = [*questions.labelled(rng), *_soft(rng)], ("logits",)
    yield from questions.ask_logits(questions.both_floats(pairs), wants=wants)
    yield from questions.ask_logits(questions.singles(_far()), "extremes", wants)
    # Where every training begins: a last layer of zeros. max(z, 0) and |z| have kinks there.
    start = [
        (np.array([0.0]), np.array([1.0])),
        (np.zeros((2, 2)), np.array([[1.0, 0.0], [0.25, 0.0]])),
    ]
    yield from questions.ask_logits(questions.singles(start), "extremes", wants)


def _kinked(positive_part):
    return per_item(lambda z, y: positive_part(z) - z * y + _tail(z))


def _two_branches(z, y):
    lib = library(z)
    above, below = z + lib.log1p(lib.exp(-z)), lib.log1p(lib.exp(z))
    return lib.where(z > 0, above, below) - z * y


STABLE_BCE_TORCH = Exercise(
    name="stable_bce_torch",
    signature="stable_bce_torch(logits, target)",
    read="stable-bce",
    right=right,
    draw=_draw_bce_torch,
    probes=(kinds.beyond_fifty("logits"),),
    torch=True,
    slopes={"logits": ln.bce_with_logits.grad},
    twin="BCEWithLogitsLoss",
    misconceptions=(
        *FORMULA,
        *OVERFLOWS,
        Misconception(
            "the kinks of clamp and |z| at z = 0",
            _kinked(lambda z: z.clamp(min=0)),
            "The value is right, but at exactly z = 0, where a last layer of zeros starts, "
            "autograd takes slope 1 for clamp and 0 for |z|, and finds 1 - y instead of ½ - y. In "
            "truth the two kinks cancel. A function that is smooth there has the right slope: "
            "torch.nn.functional.softplus, logsigmoid or torch.logaddexp.",
        ),
        Misconception(
            "the kinks of relu and |z| at z = 0",
            _kinked(lambda z: z.relu()),
            "The value is right, but at exactly z = 0, where a last layer of zeros starts, "
            "autograd takes slope 0 for relu and for |z|, and finds -y instead of ½ - y: the "
            "negatives do not pull at all. A function that is smooth there has the right slope: "
            "torch.nn.functional.softplus, logsigmoid or torch.logaddexp.",
        ),
        Misconception(
            "NaN from the branch that was not taken",
            per_item(_two_branches),
            "The value is right, but autograd differentiates both branches of torch.where, and the "
            "slope of the one that overflows is ∞, which times 0 is NaN. No branch may overflow, "
            "taken or not: -|z| in the exponent, or torch.nn.functional.softplus.",
        ),
    ),
)
