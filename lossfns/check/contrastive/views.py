"""NT-Xent of two views, in PyTorch."""

from functools import partial

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.contrastive.points import bad_temperatures, batches
from lossfns.check.exercise import Exercise, Recognised
from lossfns.check.faults import capped
from lossfns.check.questions import ask, refuse, single, singles
from lossfns.check.recipes import library, pick


def opposed(rng):
    """Partners that point away from each other, among others that do not."""
    one = np.array([[0.6, 0.8], [0.8, 0.6], [0.96, 0.28]]) * rng.choice([-1.0, 1.0], size=2)
    return one, np.array([[-1.0], [0.5], [-2.0]]) * one


_ask = partial(ask, "z1 z2", wants=("z1", "z2"))


def _draw_nt_xent(rng):
    pairs = batches(rng, (2, 2), (3, 2), large=(12, 5))
    for pair in singles(pairs):
        yield _ask(pair)
        yield _ask(pair, temperature=1.0)
    warm = float(np.round(rng.uniform(0.15, 0.35), 2))
    for pair in pairs[1:]:
        yield _ask(pair, temperature=warm)
    yield _ask(single(*opposed(rng)), "extremes", temperature=0.005)
    yield _ask(opposed(rng), "extremes", temperature=0.001)
    z1, z2, longer = single(*pairs[0], pairs[1][0])
    yield from bad_temperatures(z1=z1, z2=z2)
    yield refuse("views of different sizes accepted", z1=z1, z2=longer)


def _right(z1, z2, temperature=0.5):
    return ln.nt_xent(z1, z2, temperature=temperature)


def _slope(wrt):
    return lambda z1, z2, temperature=0.5: ln.nt_xent.grad(z1, z2, temperature=temperature, wrt=wrt)


def normalised(x, dim=1):
    """Rows of length 1, with the gradient of that."""
    return x / x.norm(dim=dim, keepdim=True)


def half_normalised(x):
    """Rows of length 1, without the gradient of that."""
    return x / x.norm(dim=1, keepdim=True).detach()


def own_loss(z, dim=1):
    """Mean of minus the log-probability of the diagonal."""
    return -z.log_softmax(dim).diagonal().mean()


def both_ways(z):
    """CLIP's loss: rows and columns each choose their partner."""
    return 0.5 * (own_loss(z) + own_loss(z, dim=0))


def masked(z):
    """The scores with nothing left on the diagonal."""
    return z.clone().fill_diagonal_(-np.inf)


def _partner(z):
    """Row i and row i + n of both views, stacked, belong together."""
    return np.roll(range(len(z)), len(z) // 2)


def log_loss(z, partner=None):
    """Mean of minus the log-probability that each row gives to its partner."""
    return -pick(z.log_softmax(1), _partner(z) if partner is None else partner).mean()


def _with(loss=log_loss, mask=masked, scale=lambda cosines, t: cosines / t, normalise=normalised):
    """NT-Xent from its parts; `loss` gets the table of scores of all views with all views."""

    def wrong(z1, z2, temperature=0.5):
        rows = normalise(library(z1).cat([z1, z2]))
        return loss(mask(scale(rows @ rows.T, temperature)))

    return wrong


def _between(loss):
    """A loss of the scores of the first view's items with those of the second."""
    return lambda z1, z2, temperature=0.5: loss(normalised(z1) @ normalised(z2).T / temperature)


def _half_of(z):
    n = len(z) // 2
    return log_loss(z[:n], range(n, 2 * n))


def _decoupled(z):
    others = z.clone()
    others[range(len(z)), _partner(z)] = -np.inf
    return (others.logsumexp(dim=1) - pick(z, _partner(z))).mean()


def _exp_then_log(z):
    exps = z.exp()
    return -(pick(exps, _partner(z)) / exps.sum(dim=1)).log().mean()


def _floored(z):
    return -(pick(z.softmax(1), _partner(z)) + 1e-8).log().mean()


NT_XENT_TORCH = Exercise(
    signature="nt_xent_torch(z1, z2, temperature=0.5)",
    read="loss-nt-xent",
    right=_right,
    draw=_draw_nt_xent,
    probes=(
        kinds.shapes("z1", "z2", axes=2),
        kinds.outside("temperature", 0.0, ends=(0.0,)),
        kinds.single_item("z1", "z2"),
    ),
    torch=True,
    slopes={"z1": _slope("first"), "z2": _slope("second")},
    # The scores themselves carry float32's relative error of 6e-8, times 1/τ = 200.
    rtol=1e-3,
    atol=1e-5,
    mistakes={
        "each view compared with itself": _with(mask=lambda z: z),
        "0 on the diagonal instead of nothing": _with(mask=lambda z: z - z.diagonal().diag_embed()),
        "only the other view's items as negatives": _between(both_ways),
        "InfoNCE from the first view to the second": _between(own_loss),
        "only the losses of the first views": _with(_half_of),
        "each view as its own target": _with(own_loss, mask=lambda z: z),
        "the partner in the next row": _with(lambda z: log_loss(z, np.arange(len(z)) ^ 1)),
        "the partner left out of the sum": _with(_decoupled),
        "the lengths not divided out": _with(normalise=lambda x: x),
        "the columns scaled to length 1": _with(normalise=lambda x: normalised(x, dim=0)),
        "lengths without a gradient": _with(normalise=half_normalised),
        "the temperature multiplied": _with(scale=lambda cosines, t: cosines * t),
        "the temperature fixed at ½": _with(scale=lambda cosines, t: cosines / 0.5),
        "the sum over the pairs": _with(lambda z: 2 * log_loss(z)),
        "the sum instead of the mean": _with(lambda z: len(z) * log_loss(z)),
        "overflow of the exponential": _with(_exp_then_log),
        "a constant inside the logarithm": Recognised(_with(_floored), capped(_right, share=0.97)),
        "no gradient for the second view": lambda z1, z2, **t: _with()(z1, z2.detach(), **t),
    },
)
