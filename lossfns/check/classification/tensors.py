"""Cross-entropy with label smoothing in PyTorch."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.classification import batches
from lossfns.check.exercise import Exercise, Misconception
from lossfns.check.faults import capped
from lossfns.check.questions import ask, refuse, single

_NAMES = "logits target"


def _draw(rng):
    pairs = batches.labelled(rng)
    share = float(np.round(rng.uniform(0.2, 0.5), 2))
    for options in ({}, {"label_smoothing": 0.1}, {"label_smoothing": share}):
        for pair in pairs:
            yield ask(_NAMES, single(*pair), wants=("logits",), **options)
    yield ask(_NAMES, pairs[2], wants=("logits",), label_smoothing=0.1)
    for logits, target, options in (
        ([[0.0, 200.0]], [0], {}),
        ([[0.0, -200.0]], [1], {}),
        ([[1000.0, 0.0, -1000.0]], [0], {"label_smoothing": 0.1}),
        ([[1000.0, 999.0], [-1000.0, -999.0]], [1, 0], {}),
    ):
        far = np.array(logits, np.float32), np.array(target)
        yield ask(_NAMES, far, "extremes", wants=("logits",), **options)
    logits, target = single(*pairs[2])
    for share in (1.5, -0.1):
        yield refuse(
            "a share outside 0 … 1 accepted",
            "With ε = 1.5 the target has a negative probability. Raise ValueError and name the "
            "value.",
            logits=logits,
            target=target,
            label_smoothing=share,
        )


def _own(rows, target):
    return rows.gather(1, target[:, None])[:, 0]


def _smoothed(log_p, target, eps):
    return -((1 - eps) * _own(log_p, target) + eps * log_p.mean(dim=1))


def _mixing(
    mix=_smoothed, log_p=lambda z: z.log_softmax(dim=1), reduced=lambda losses: losses.mean()
):
    """A variant from its parts: log-probabilities, the mix of the two terms, the reduction."""

    def wrong(logits, target, label_smoothing=0.0):
        return reduced(mix(log_p(logits), target, label_smoothing))

    return wrong


def _others(log_p, target, eps):
    """The convention in which the share goes to the C - 1 other classes."""
    own, classes = _own(log_p, target), log_p.shape[1]
    return -((1 - eps) * own + eps * (log_p.sum(dim=1) - own) / (classes - 1))


def _slope(logits, target, label_smoothing=0.0):
    return ln.cross_entropy.grad(logits, target, label_smoothing=label_smoothing)


CROSS_ENTROPY_TORCH = Exercise(
    name="cross_entropy_torch",
    signature="cross_entropy_torch(logits, target, label_smoothing=0.0)",
    read="loss-label-smoothing",
    right=ln.cross_entropy,
    draw=_draw,
    probes=(
        kinds.outside("label_smoothing", 0.0, 1.0),
        kinds.zero("label_smoothing"),
        kinds.square("logits", labels="target"),
        kinds.single_class("logits", "target"),
        kinds.equal_logits("logits"),
        kinds.beyond_fifty("logits"),
    ),
    torch=True,
    slopes={"logits": _slope},
    twin="CrossEntropyLoss",
    misconceptions=(
        Misconception(
            "the sum instead of the mean",
            _mixing(reduced=lambda losses: losses.sum()),
            "Divide by the number of items: the loss, and with it the learning rate that fits, "
            "would grow with the batch.",
        ),
        Misconception(
            "the mean over all entries of the table",
            _mixing(lambda log_p, target, eps: _smoothed(log_p, target, eps) / log_p.shape[1]),
            "You divide by n · C. Sum over the classes, then average over the n items.",
        ),
        Misconception(
            "the softmax twice",
            _mixing(log_p=lambda z: z.softmax(dim=1).log_softmax(dim=1)),
            "Cross-entropy takes logits. A softmax before log_softmax leaves the classes nearly "
            "equal, and a confident mistake has almost no gradient.",
        ),
        Misconception(
            "normalised over the items instead of the classes",
            _mixing(log_p=lambda z: z.log_softmax(dim=0)),
            "The probabilities of one item sum to 1 over the classes: dim=1, not dim=0.",
        ),
        Misconception(
            "all labels looked up in every row",
            _mixing(
                lambda log_p, target, eps: (
                    -((1 - eps) * log_p[:, target] + eps * log_p.mean(dim=1, keepdim=True))
                )
            ),
            "log_p[:, target] is an n × n table with every item's label looked up in every row. "
            "Index with torch.arange(n) and target, or use gather.",
        ),
        Misconception(
            "label_smoothing without effect",
            _mixing(lambda log_p, target, eps: -_own(log_p, target)),
            "Your function gives the same whatever label_smoothing is. The target becomes "
            "(1 - ε)·one-hot + ε/C.",
        ),
        Misconception(
            "the smoothing given to the other classes only",
            _mixing(_others),
            "You spread ε over the C - 1 wrong classes. PyTorch, and the specification, spread it "
            "over all C, so that ε/C of it falls back on the true class.",
        ),
        Misconception(
            "the true class lowered but nothing given to the others",
            _mixing(lambda log_p, target, eps: -(1 - eps) * _own(log_p, target)),
            "The factor 1 - ε alone only scales the loss. The share ε has to go somewhere: ε/C to "
            "every class.",
        ),
        Misconception(
            "the full label and the smoothing on top",
            _mixing(lambda log_p, target, eps: -(_own(log_p, target) + eps * log_p.mean(dim=1))),
            "The target must still sum to 1: what the others get is taken from the label, which "
            "keeps 1 - ε.",
        ),
        Misconception(
            "ε for every class instead of ε/C",
            _mixing(
                lambda log_p, target, eps: -((1 - eps) * _own(log_p, target) + eps * log_p.sum(1))
            ),
            "Each class gets ε/C, so that the target sums to 1. That is ε times the mean of the "
            "log-probabilities, not their sum.",
        ),
        Misconception(
            "ε and 1 - ε exchanged",
            _mixing(lambda log_p, target, eps: _smoothed(log_p, target, 1 - eps)),
            "ε is what is taken from the label: with ε = 0 nothing is smoothed.",
        ),
        Misconception(
            "the probabilities smoothed instead of the target",
            _mixing(
                lambda p, target, eps: -((1 - eps) * _own(p, target) + eps / p.shape[1]).log(),
                log_p=lambda z: z.softmax(dim=1),
            ),
            "Smoothing changes what the model is asked for, not what it says: mix one-hot and "
            "uniform in the target and leave the prediction alone.",
        ),
        Misconception(
            "the logarithm of a probability that underflowed",
            _mixing(log_p=lambda z: z.softmax(dim=1).log()),
            "In float32 a softmax is exactly 0 once a logit lies 104 below the largest, its "
            "logarithm -∞ and the gradient NaN. Use log_softmax, or subtract logsumexp.",
        ),
        Misconception(
            "confident mistakes hidden by clipping",
            _mixing(log_p=lambda z: z.softmax(dim=1).clamp(min=1e-12).log()),
            "Beyond the clip the loss no longer changes and its gradient is 0: the worst mistakes "
            "teach nothing. Use log_softmax, or subtract logsumexp.",
            capped(ln.cross_entropy, share=0.97),
        ),
    ),
)
