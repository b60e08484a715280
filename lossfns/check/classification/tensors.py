"""Cross-entropy with label smoothing in PyTorch."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.classification import batches
from lossfns.check.exercise import Exercise, Recognised
from lossfns.check.faults import capped
from lossfns.check.questions import ask, refuse, single
from lossfns.check.recipes import pick

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
            "a share outside 0 … 1 accepted", logits=logits, target=target, label_smoothing=share
        )


def _smoothed(log_p, target, eps):
    return -((1 - eps) * pick(log_p, target) + eps * log_p.mean(dim=1))


def _mixing(
    mix=_smoothed, log_p=lambda z: z.log_softmax(dim=1), reduced=lambda losses: losses.mean()
):
    """A variant from its parts: log-probabilities, the mix of the two terms, the reduction."""

    def wrong(logits, target, label_smoothing=0.0):
        return reduced(mix(log_p(logits), target, label_smoothing))

    return wrong


def _others(log_p, target, eps):
    """The convention in which the share goes to the C - 1 other classes."""
    own, classes = pick(log_p, target), log_p.shape[1]
    return -((1 - eps) * own + eps * (log_p.sum(dim=1) - own) / (classes - 1))


def _slope(logits, target, label_smoothing=0.0):
    return ln.cross_entropy.grad(logits, target, label_smoothing=label_smoothing)


CROSS_ENTROPY_TORCH = Exercise(
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
    mistakes={
        "the sum instead of the mean": _mixing(reduced=lambda losses: losses.sum()),
        "the mean over all entries of the table": _mixing(
            lambda log_p, target, eps: _smoothed(log_p, target, eps) / log_p.shape[1]
        ),
        "the softmax twice": _mixing(log_p=lambda z: z.softmax(dim=1).log_softmax(dim=1)),
        "normalised over the items instead of the classes": _mixing(
            log_p=lambda z: z.log_softmax(dim=0)
        ),
        "all labels looked up in every row": _mixing(
            lambda log_p, target, eps: (
                -((1 - eps) * log_p[:, target] + eps * log_p.mean(dim=1, keepdim=True))
            )
        ),
        "label_smoothing without effect": _mixing(lambda log_p, target, eps: -pick(log_p, target)),
        "the smoothing given to the other classes only": _mixing(_others),
        "the true class lowered but nothing given to the others": _mixing(
            lambda log_p, target, eps: -(1 - eps) * pick(log_p, target)
        ),
        "the full label and the smoothing on top": _mixing(
            lambda log_p, target, eps: -(pick(log_p, target) + eps * log_p.mean(dim=1))
        ),
        "ε for every class instead of ε/C": _mixing(
            lambda log_p, target, eps: -((1 - eps) * pick(log_p, target) + eps * log_p.sum(1))
        ),
        "ε and 1 - ε exchanged": _mixing(
            lambda log_p, target, eps: _smoothed(log_p, target, 1 - eps)
        ),
        "the probabilities smoothed instead of the target": _mixing(
            lambda p, target, eps: -((1 - eps) * pick(p, target) + eps / p.shape[1]).log(),
            log_p=lambda z: z.softmax(dim=1),
        ),
        "the logarithm of a probability that underflowed": _mixing(
            log_p=lambda z: z.softmax(dim=1).log()
        ),
        "confident mistakes hidden by clipping": Recognised(
            _mixing(log_p=lambda z: z.softmax(dim=1).clamp(min=1e-12).log()),
            capped(ln.cross_entropy, share=0.97),
        ),
    },
)
