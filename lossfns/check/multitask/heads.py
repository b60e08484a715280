"""The loss of a network with two heads, a class and a number, in PyTorch.

In the formulas z are the logits of the classes and y the labels, e is the error of the number; c
and r are the losses of both heads.
"""

from functools import partial

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.exercise import Exercise, Recognised
from lossfns.check.faults import capped, overflowing
from lossfns.check.multitask.tasks import arrays
from lossfns.check.questions import ask_all, between, refuse, single
from lossfns.check.recipes import pick

_NAMES = "class_logits labels pred target"


def _draw(rng):
    ask = partial(ask_all, _NAMES, wants=("class_logits", "pred"))
    # Never as many classes as items: that would hide a division by the wrong one.
    for items, classes, lam in ((1, 2, 0.5), (2, 3, 0.25), (3, 2, 2.0), (4, 5, 0.0)):
        yield from ask([single(*_batch(rng, items, classes))], lam=lam)
    items, lam = int(rng.integers(8, 20)), between(rng, 0.1, 0.9)
    yield from ask([single(*_batch(rng, items, 4)), _batch(rng, items, 4)], lam=lam)
    sure = [[1000.0, 0.0], [0.0, -1000.0], [500.0, 800.0]]
    calm = [[0.5, -1.0], [1.5, 0.5], [0.0, 2.0]]
    labels, pred, target = [0, 1, 1], [0.5, 1.0, -2.0], [0.0, 1.5, 1.0]
    far, near = [3000.0, 0.5, 100.0], [0.0, 1.5, 100.0]
    yield from ask([single(*arrays(sure, labels, pred, target))], "extremes", lam=0.5)
    yield from ask([single(*arrays(calm, labels, far, near))], "extremes", lam=1e-6)
    good = dict(zip(_NAMES.split(), single(*arrays(calm, labels, pred, target)), strict=True))
    bad = partial(refuse, **good, lam=0.5)
    yield bad("broadcasting of (n, 1) against (n,)", pred=good["pred"][:, None])
    yield bad("a label beyond the last class accepted", labels=np.array([0, 1, 2]))
    yield bad("negative labels counted from the end", labels=np.array([0, 1, -1]))
    yield bad("a negative weight accepted", lam=-0.5)


def _batch(rng, items, classes):
    logits = rng.choice([-2.0, -1.0, -0.5, 0.0, 0.5, 1.5, 3.0], size=(items, classes))
    # Equal logits would make some wrong losses right.
    logits[:, 0] = logits[:, 1] + rng.choice([-1.5, 0.75], size=items)
    target = rng.integers(-4, 5, size=items) / 2
    error = rng.choice([-2.0, -0.5, 1.5, 3.0], size=items)
    return logits, rng.integers(classes, size=items), target + error, target


def _right(class_logits, labels, pred, target, lam):
    return ln.cross_entropy(class_logits, labels) + lam * ln.mse(pred, target)


def _ce(z, y):
    """Cross-entropy of each item."""
    return -pick(z.log_softmax(-1), y)


def _variant(classes=_ce, numbers=lambda e: (e * e).mean(), join=lambda c, r, lam: c + lam * r):
    """The loss from the parts of both heads; a part that is not given is right."""

    def wrong(class_logits, labels, pred, target, lam):
        return join(classes(class_logits, labels).mean(), numbers(pred - target), lam)

    return wrong


def _naive(z, y):
    powers = z.exp()
    return -pick(powers / powers.sum(-1, keepdim=True), y).log()


def _one_hot(z, y):
    hot = z.new_zeros(z.shape).scatter(-1, y[:, None], 1.0)
    return -(hot * z.log_softmax(-1))


TWO_HEAD_LOSS_TORCH = Exercise(
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
    mistakes={
        "softmax twice": _variant(lambda z, y: _ce(z.softmax(-1), y)),
        "λ on the classes": _variant(join=lambda c, r, lam: lam * c + r),
        "λ on both": _variant(join=lambda c, r, lam: lam * (c + r)),
        "1 - λ on the classes": _variant(join=lambda c, r, lam: (1 - lam) * c + lam * r),
        "λ without effect": _variant(join=lambda c, r, lam: c + r),
        "λ divides the squared error": _variant(join=lambda c, r, lam: c + r / lam),
        "the absolute error for the number": _variant(numbers=lambda e: e.abs().mean()),
        "the root of the squared error": _variant(numbers=lambda e: (e * e).mean().sqrt()),
        "half of the squared error": _variant(numbers=lambda e: 0.5 * (e * e).mean()),
        "the sum of the squared errors": _variant(numbers=lambda e: (e * e).sum()),
        "the sums of both losses": _variant(
            lambda z, y: _ce(z, y) * len(y), lambda e: (e * e).sum()
        ),
        "the sum of the cross-entropies": _variant(lambda z, y: _ce(z, y) * len(y)),
        "the cross-entropy divided by n · C": _variant(_one_hot),
        "overflow of the softmax": Recognised(_variant(_naive), overflowing(_right)),
        "an ε under the logarithm": Recognised(
            _variant(lambda z, y: -(pick(z.softmax(-1), y) + 1e-8).log()),
            capped(_right, share=0.97),
        ),
        "no gradient for the number": _variant(numbers=lambda e: (e * e).mean().detach()),
        "no gradient for the classes": _variant(lambda z, y: _ce(z, y).detach()),
    },
)
