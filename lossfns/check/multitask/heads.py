"""The loss of a network with two heads, a class and a number, in PyTorch."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.exercise import Call, Exercise, Misconception
from lossfns.check.faults import capped, overflowing
from lossfns.check.questions import refuse


def _draw(rng):
    def given(logits, labels, pred, target, dtype=np.float32):
        return {
            "class_logits": np.array(logits, dtype),
            "labels": np.array(labels),
            "pred": np.array(pred, dtype),
            "target": np.array(target, dtype),
        }

    def ask(*arrays, lam, aspect="values", dtype=np.float32):
        return Call(given(*arrays, dtype), {"lam": lam}, aspect, ("class_logits", "pred"))

    # Never as many classes as items: that would hide a division by the wrong one.
    for items, classes, lam in ((1, 2, 0.5), (2, 3, 0.25), (3, 2, 2.0), (4, 5, 0.0)):
        yield ask(*_batch(rng, items, classes), lam=lam)
    items, lam = int(rng.integers(8, 20)), float(np.round(rng.uniform(0.1, 0.9), 2))
    for dtype in (np.float32, np.float64):
        yield ask(*_batch(rng, items, 4), lam=lam, dtype=dtype)
    sure = [[1000.0, 0.0], [0.0, -1000.0], [500.0, 800.0]]
    pred, target = [0.5, 1.0, -2.0], [0.0, 1.5, 1.0]
    yield ask(sure, [0, 1, 1], pred, target, lam=0.5, aspect="extremes")
    calm = [[0.5, -1.0], [1.5, 0.5], [0.0, 2.0]]
    far = [3000.0, 0.5, 100.0], [0.0, 1.5, 100.0]
    yield ask(calm, [0, 1, 1], *far, lam=1e-6, aspect="extremes")
    column = [[value] for value in pred]
    yield refuse(
        "broadcasting of (n, 1) against (n,)",
        "A head with one output gives shape (n, 1), the targets have (n,): PyTorch makes an "
        "n × n table of differences. The number is learned as its mean, while the other head "
        "looks healthy. Compare the shapes and raise ValueError.",
        **given(calm, [0, 1, 1], column, target),
        lam=0.5,
    )
    yield refuse(
        "a label beyond the last class accepted",
        "There is no such class; often the labels count from 1. Raise ValueError, which says more "
        "than the IndexError of a tensor.",
        **given(calm, [0, 1, 2], pred, target),
        lam=0.5,
    )
    yield refuse(
        "negative labels counted from the end",
        "In Python row[-1] is the last entry, so the label -1 (often a mark for 'unknown') "
        "becomes the last class. Raise ValueError for labels below 0.",
        **given(calm, [0, 1, -1], pred, target),
        lam=0.5,
    )
    yield refuse(
        "a negative weight accepted",
        "A negative λ rewards errors, and training makes them infinite. Raise ValueError.",
        **given(calm, [0, 1, 1], pred, target),
        lam=-0.5,
    )


def _batch(rng, items, classes):
    logits = rng.choice([-2.0, -1.0, -0.5, 0.0, 0.5, 1.5, 3.0], size=(items, classes))
    # Equal logits would make some wrong losses right.
    logits[:, 0] = logits[:, 1] + rng.choice([-1.5, 0.75], size=items)
    target = rng.integers(-4, 5, size=items) / 2
    error = rng.choice([-2.0, -0.5, 1.5, 3.0], size=items)
    return logits, rng.integers(classes, size=items), target + error, target


def _right(class_logits, labels, pred, target, lam):
    return ln.cross_entropy(class_logits, labels) + lam * ln.mse(pred, target)


def _each(class_logits, labels):
    """Cross-entropy of each item."""
    return -_picked(class_logits.log_softmax(-1), labels)


def _picked(rows, labels):
    return rows.gather(-1, labels[:, None])[:, 0]


def _variant(classes=_each, numbers=lambda e: (e * e).mean(), join=lambda c, r, lam: c + lam * r):
    """The loss from the parts of both heads; a part that is not given is right."""

    def wrong(class_logits, labels, pred, target, lam):
        part = classes(class_logits, labels).mean()
        return join(part, numbers(pred - target), lam)

    return wrong


def _naive(class_logits, labels):
    powers = class_logits.exp()
    return -_picked(powers / powers.sum(-1, keepdim=True), labels).log()


def _floored(class_logits, labels):
    return -(_picked(class_logits.softmax(-1), labels) + 1e-8).log()


def _one_hot(class_logits, labels):
    hot = class_logits.new_zeros(class_logits.shape).scatter(-1, labels[:, None], 1.0)
    return -(hot * class_logits.log_softmax(-1))


TWO_HEAD_LOSS_TORCH = Exercise(
    name="two_head_loss_torch",
    signature="two_head_loss_torch(class_logits, labels, pred, target, lam)",
    read="loss-weighted-sum",
    right=_right,
    draw=_draw,
    probes=(
        kinds.shapes("pred", "target", axes=1),
        kinds.labels("labels", "class_logits"),
        kinds.outside("lam", 0.0),
        kinds.zero("lam"),
        kinds.square("class_logits", "pred", "target", labels="labels"),
        kinds.beyond_fifty("class_logits"),
    ),
    torch=True,
    slopes={
        "class_logits": lambda logits, labels, *rest, lam: ln.cross_entropy.grad(logits, labels),
        "pred": lambda logits, labels, pred, target, lam: lam * ln.mse.grad(pred, target),
    },
    misconceptions=(
        Misconception(
            "softmax twice",
            _variant(lambda logits, labels: _each(logits.softmax(-1), labels)),
            "Cross-entropy takes logits and applies the softmax itself. Of probabilities it takes "
            "a softmax once more: the loss cannot get near 0 and its gradient fades.",
        ),
        Misconception(
            "λ on the classes",
            _variant(join=lambda c, r, lam: lam * c + r),
            "λ multiplies the squared error: L = CE + λ·MSE. It is there to bring the number's "
            "scale down to that of the cross-entropy.",
        ),
        Misconception(
            "λ on both",
            _variant(join=lambda c, r, lam: lam * (c + r)),
            "A factor in front of the whole loss only changes the learning rate, not the balance. "
            "λ multiplies the squared error alone.",
        ),
        Misconception(
            "1 - λ on the classes",
            _variant(join=lambda c, r, lam: (1 - lam) * c + lam * r),
            "That is another convention, in which λ is a share. Here the cross-entropy keeps the "
            "weight 1, and λ may be larger than 1.",
        ),
        Misconception(
            "λ without effect",
            _variant(join=lambda c, r, lam: c + r),
            "The sum without a weight is decided by whichever head has the larger numbers.",
        ),
        Misconception(
            "λ divides the squared error",
            _variant(join=lambda c, r, lam: c + r / lam),
            "λ is a factor: a small one makes the number count less.",
        ),
        Misconception(
            "the absolute error for the number",
            _variant(numbers=lambda e: e.abs().mean()),
            "The head of the number is judged by the mean squared error.",
        ),
        Misconception(
            "the root of the squared error",
            _variant(numbers=lambda e: (e * e).mean().sqrt()),
            "This is the RMSE. The specification asks for the MSE, whose gradient shrinks with "
            "the error.",
        ),
        Misconception(
            "half of the squared error",
            _variant(numbers=lambda e: 0.5 * (e * e).mean()),
            "The ½ belongs to uncertainty weighting, where λ comes from a variance. With a fixed "
            "λ it is the plain MSE.",
        ),
        Misconception(
            "the sum of the squared errors",
            _variant(numbers=lambda e: (e * e).sum()),
            "One head is averaged, the other added up: the balance then depends on the size of "
            "the batch, and the same λ means something else tomorrow.",
        ),
        Misconception(
            "the sum of the cross-entropies",
            _variant(lambda logits, labels: _each(logits, labels) * len(labels)),
            "One head is averaged, the other added up: the balance then depends on the size of "
            "the batch, and the same λ means something else tomorrow.",
        ),
        Misconception(
            "the cross-entropy divided by n · C",
            _variant(_one_hot),
            "Only the true class has a term; averaging the one-hot table over classes as well "
            "makes the loss C times too small. Divide by the number of items.",
        ),
        Misconception(
            "overflow of the softmax",
            _variant(_naive),
            "exp(1000) is infinite, so the probability is inf / inf, and the logarithm of a "
            "probability that has become 0 is -∞. Take the log-softmax: z - ln Σ exp z, with the "
            "largest logit subtracted first.",
            overflowing(_right),
        ),
        Misconception(
            "an ε under the logarithm",
            _variant(_floored),
            "The ε caps the loss of a confident mistake and takes its gradient away, where it is "
            "needed most. The log-softmax needs no ε.",
            capped(_right, share=0.97),
        ),
        Misconception(
            "no gradient for the number",
            lambda logits, labels, pred, target, lam: _variant()(
                logits, labels, pred.detach(), target, lam
            ),
            "The value is right, but the head of the number learns nothing: .item(), .detach() "
            "and torch.tensor(...) cut it off.",
        ),
        Misconception(
            "no gradient for the classes",
            lambda logits, labels, pred, target, lam: _variant()(
                logits.detach(), labels, pred, target, lam
            ),
            "The value is right, but the head of the classes learns nothing: .item(), .detach() "
            "and torch.tensor(...) cut it off.",
        ),
    ),
)
