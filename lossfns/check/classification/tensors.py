"""Cross-entropy with label smoothing in PyTorch."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.classification import batches
from lossfns.check.exercise import Exercise, Recognised
from lossfns.check.faults import capped
from lossfns.check.questions import ask_logits, between, refuse, single, singles
from lossfns.check.recipes import average, pick, total


def _draw(rng):
    pairs = batches.labelled(rng)
    share = between(rng, 0.2, 0.5)
    for options in ({}, {"label_smoothing": 0.1}, {"label_smoothing": share}):
        yield from ask_logits(singles(pairs), wants=("logits",), **options)
    yield from ask_logits([pairs[2]], wants=("logits",), label_smoothing=0.1)
    for logits, target, options in (
        ([[0.0, 200.0]], [0], {}),
        ([[0.0, -200.0]], [1], {}),
        ([[1000.0, 0.0, -1000.0]], [0], {"label_smoothing": 0.1}),
        ([[1000.0, 999.0], [-1000.0, -999.0]], [1, 0], {}),
    ):
        far = np.array(logits, np.float32), np.array(target)
        yield from ask_logits([far], "extremes", ("logits",), **options)
    given = batches.named(*single(*pairs[2]))
    for share in (1.5, -0.1):
        yield refuse("a share outside 0 … 1 accepted", **given, label_smoothing=share)


def _smoothed(own, lp, e):
    return (1 - e) * own + e * lp.mean(dim=1)


def _mix(mix=_smoothed, log_p=lambda z: z.log_softmax(dim=1), own=pick, reduced=average):
    """A variant from its parts; `mix` gets the entries of the labels, all log-probabilities, ε."""

    def wrong(logits, target, label_smoothing=0.0):
        lp = log_p(logits)
        return reduced(-mix(own(lp, target), lp, label_smoothing))

    return wrong


def _others(own, lp, e):
    """The convention in which the share goes to the C - 1 other classes."""
    return (1 - e) * own + e / (lp.shape[1] - 1) * (lp.sum(dim=1) - own)


CROSS_ENTROPY_TORCH = Exercise(
    signature="cross_entropy_torch(logits, target, label_smoothing=0.0)",
    read="loss-label-smoothing",
    right=ln.cross_entropy,
    draw=_draw,
    probes=(
        kinds.outside("label_smoothing", 0.0, 1.0),
        kinds.zero("label_smoothing"),
        *batches.TABLES,
        kinds.beyond_fifty("logits"),
    ),
    torch=True,
    slopes={"logits": ln.cross_entropy.grad},
    twin="CrossEntropyLoss",
    mistakes={
        "the sum instead of the mean": _mix(reduced=total),
        "the mean over all entries of the table": _mix(
            lambda own, lp, e: _smoothed(own, lp, e) / lp.shape[1]
        ),
        "the softmax twice": _mix(log_p=lambda z: z.softmax(dim=1).log_softmax(dim=1)),
        "normalised over the items instead of the classes": _mix(log_p=lambda z: z.log_softmax(0)),
        "all labels looked up in every row": _mix(
            lambda own, lp, e: (1 - e) * own + e * lp.mean(1, keepdim=True),
            own=lambda lp, y: lp[:, y],
        ),
        "label_smoothing without effect": _mix(lambda own, lp, e: own),
        "the smoothing given to the other classes only": _mix(_others),
        "the true class lowered but nothing given to the others": _mix(
            lambda own, lp, e: (1 - e) * own
        ),
        "the full label and the smoothing on top": _mix(lambda own, lp, e: own + e * lp.mean(1)),
        "ε for every class instead of ε/C": _mix(lambda own, lp, e: (1 - e) * own + e * lp.sum(1)),
        "ε/(C - 1) for every class": _mix(
            lambda own, lp, e: (1 - e) * own + e / (lp.shape[1] - 1) * lp.sum(1)
        ),
        "ε and 1 - ε exchanged": _mix(lambda own, lp, e: _smoothed(own, lp, 1 - e)),
        "the probabilities smoothed instead of the target": _mix(
            lambda own, p, e: ((1 - e) * own + e / p.shape[1]).log(), lambda z: z.softmax(dim=1)
        ),
        "the logarithm of a probability that underflowed": _mix(log_p=lambda z: z.softmax(1).log()),
        "confident mistakes hidden by clipping": Recognised(
            _mix(log_p=lambda z: z.softmax(dim=1).clamp(min=1e-12).log()),
            capped(ln.cross_entropy, share=0.97),
        ),
    },
)
