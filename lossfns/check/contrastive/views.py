"""NT-Xent of two views and CLIP's loss of images and texts, in PyTorch.

The losses get their table of scores as the logits z; s is the logarithm of CLIP's scale.
"""

from functools import partial

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.contrastive.points import bad_temperatures, batches, unit
from lossfns.check.exercise import Exercise, Recognised
from lossfns.check.faults import capped
from lossfns.check.questions import ask, between, refuse, single, singles
from lossfns.check.recipes import library, log_softmax, pick


def _opposed(rng):
    """Partners that point away from each other, among others that do not."""
    one = np.array([[0.6, 0.8], [0.8, 0.6], [0.96, 0.28]]) * rng.choice([-1.0, 1.0], size=2)
    return one, np.array([[-1.0], [0.5], [-2.0]]) * one


_ask = partial(ask, "z1 z2", wants=("z1", "z2"))
_nt_xent, _grad = (partial(loss, temperature=0.5) for loss in (ln.nt_xent, ln.nt_xent.grad))


def _draw_nt_xent(rng):
    pairs = batches(rng, (2, 2), (3, 2), large=(12, 5))
    for pair in singles(pairs):
        yield _ask(pair)
        yield _ask(pair, temperature=1.0)
    warm = between(rng, 0.15, 0.35)
    for pair in pairs[1:]:
        yield _ask(pair, temperature=warm)
    yield _ask(single(*_opposed(rng)), "extremes", temperature=0.005)
    yield _ask(_opposed(rng), "extremes", temperature=0.001)
    z1, z2, longer = single(*pairs[0], pairs[1][0])
    yield from bad_temperatures(z1=z1, z2=z2)
    yield refuse("views of different sizes accepted", z1=z1, z2=longer)


def _normalised(x, dim=1):
    """Rows of length 1, with the gradient of that."""
    return x / x.norm(dim=dim, keepdim=True)


def _half_normalised(x):
    """Rows of length 1, without the gradient of that."""
    return x / x.norm(dim=1, keepdim=True).detach()


def _own_loss(z, dim=1):
    """Mean of minus the log-probability of the diagonal."""
    return -z.log_softmax(dim).diagonal().mean()


def _both_ways(z):
    """CLIP's loss: rows and columns each choose their partner."""
    return 0.5 * (_own_loss(z) + _own_loss(z, dim=0))


def _masked(z):
    """The scores with nothing left on the diagonal."""
    return z.clone().fill_diagonal_(-np.inf)


def _partner(z):
    """Row i and row i + n of both views, stacked, belong together."""
    return np.roll(range(len(z)), len(z) // 2)


def _log_loss(z, partner=None):
    """Mean of minus the log-probability that each row gives to its partner."""
    return -pick(z.log_softmax(1), _partner(z) if partner is None else partner).mean()


def _with(loss=_log_loss, mask=_masked, scale=lambda cos, t: cos / t, normalise=_normalised):
    """NT-Xent from its parts; `loss` gets the table of scores of all views with all views."""

    def wrong(z1, z2, temperature=0.5):
        rows = normalise(library(z1).cat([z1, z2]))
        return loss(mask(scale(rows @ rows.T, temperature)))

    return wrong


def _between(loss):
    """A loss of the scores of the first view's items with those of the second."""
    return lambda z1, z2, temperature=0.5: loss(_normalised(z1) @ _normalised(z2).T / temperature)


def _half_of(z):
    n = len(z) // 2
    return _log_loss(z[:n], range(n, 2 * n))


def _decoupled(z):
    others = z.clone()
    others[range(len(z)), _partner(z)] = -np.inf
    return (others.logsumexp(dim=1) - pick(z, _partner(z))).mean()


def _exp_then_log(z):
    exps = z.exp()
    return -(pick(exps, _partner(z)) / exps.sum(dim=1)).log().mean()


NT_XENT_TORCH = Exercise(
    signature="nt_xent_torch(z1, z2, temperature=0.5)",
    read="loss-nt-xent",
    right=_nt_xent,
    draw=_draw_nt_xent,
    probes=(
        kinds.shapes("z1", "z2", axes=2),
        kinds.outside("temperature", 0.0, ends=(0.0,)),
        kinds.single_item("z1", "z2"),
    ),
    torch=True,
    slopes={"z1": partial(_grad, wrt="first"), "z2": partial(_grad, wrt="second")},
    # The scores themselves carry float32's relative error of 6e-8, times 1/τ = 200.
    rtol=1e-3,
    atol=1e-5,
    mistakes={
        "each view compared with itself": _with(mask=lambda z: z),
        "0 on the diagonal instead of nothing": _with(mask=lambda z: z - z.diagonal().diag_embed()),
        "only the other view's items as negatives": _between(_both_ways),
        "InfoNCE from the first view to the second": _between(_own_loss),
        "only the losses of the first views": _with(_half_of),
        "each view as its own target": _with(_own_loss, mask=lambda z: z),
        "the partner in the next row": _with(lambda z: _log_loss(z, np.arange(len(z)) ^ 1)),
        "the partner left out of the sum": _with(_decoupled),
        "the lengths not divided out": _with(normalise=lambda x: x),
        "the columns scaled to length 1": _with(normalise=lambda x: _normalised(x, dim=0)),
        "lengths without a gradient": _with(normalise=_half_normalised),
        "the temperature multiplied": _with(scale=lambda cos, t: cos * t),
        "the temperature fixed at ½": _with(scale=lambda cos, t: cos / 0.5),
        "the sum over the pairs": _with(lambda z: 2 * _log_loss(z)),
        "the sum instead of the mean": _with(lambda z: len(z) * _log_loss(z)),
        "overflow of the exponential": _with(_exp_then_log),
        "a constant inside the logarithm": Recognised(
            _with(lambda z: -(pick(z.softmax(1), _partner(z)) + 1e-8).log().mean()),
            capped(_nt_xent, share=0.97),
        ),
        "no gradient for the second view": lambda z1, z2, **kw: _with()(z1, z2.detach(), **kw),
    },
)


def _ask_clip(pair, log_scale, dtype, aspect="values"):
    batch = tuple(array.astype(dtype) for array in (*pair, np.array(log_scale)))
    names = "images texts log_scale"
    return ask(names, batch, aspect, wants=tuple(names.split()))


def _draw_clip(rng):
    pairs = batches(rng, (2, 2), (3, 2), large=(12, 5))
    for pair in pairs:
        yield _ask_clip(pair, 0.5, np.float32)
        yield _ask_clip(pair, np.round(rng.uniform(0.8, 2.7), 2), np.float32)
    for pair in pairs[1:]:
        yield _ask_clip(pair, np.round(rng.uniform(-1.0, -0.2), 2), np.float64)
    yield _ask_clip(_opposed(rng), 5.5, np.float32, "extremes")
    yield _ask_clip(_opposed(rng), 7.0, np.float64, "extremes")


def _at_scale(loss, **options):
    return lambda images, texts, log_scale: loss(
        images, texts, temperature=float(np.exp(-log_scale)), **options
    )


def _slope_of_scale(images, texts, log_scale):
    """By the chain rule: d(scores)/d(log_scale) are the scores themselves."""
    scores = np.exp(log_scale) * unit(images) @ unit(texts).T
    rows, columns = np.exp(log_softmax(scores)), np.exp(log_softmax(scores.T)).T
    return ((0.5 * (rows + columns) - np.eye(len(scores))) * scores).sum() / len(scores)


def _clipped(loss=_both_ways, scale=lambda s: s.exp(), normalise=_normalised):
    """CLIP's loss from its parts; `scale` makes the factor of the cosines."""
    return lambda images, texts, s: loss(scale(s) * normalise(images) @ normalise(texts).T)


def _exp_both_ways(z):
    exps = z.exp()
    there, back = (exps.diagonal() / exps.sum(dim=dim) for dim in (1, 0))
    return -0.5 * (there.log() + back.log()).mean()


def _other_tables(images, texts, s):
    rows = _normalised(library(images).cat([images, texts]))
    return _log_loss(_masked(s.exp() * rows @ rows.T))


CLIP_TORCH = Exercise(
    signature="clip_torch(images, texts, log_scale)",
    read="loss-clip",
    right=_at_scale(ln.clip),
    draw=_draw_clip,
    probes=(kinds.single_item("images", "texts"),),
    torch=True,
    slopes={
        "images": _at_scale(ln.clip.grad, wrt="image"),
        "texts": _at_scale(ln.clip.grad, wrt="text"),
        "log_scale": _slope_of_scale,
    },
    # The scores themselves carry float32's relative error of 6e-8, times exp(5.5) = 245.
    rtol=1e-3,
    atol=1e-5,
    mistakes={
        "only from images to texts": _clipped(_own_loss),
        "only from texts to images": _clipped(lambda z: _own_loss(z, dim=0)),
        "both directions added instead of averaged": _clipped(lambda z: 2 * _both_ways(z)),
        "the logarithm of the scale taken for the scale": _clipped(scale=lambda s: s),
        "divided by the scale": _clipped(scale=lambda s: (-s).exp()),
        "no scale": _clipped(scale=lambda s: 1 + 0 * s),
        "the scale limited to 100": _clipped(scale=lambda s: s.exp().clamp(max=100.0)),
        "no gradient for the scale": _clipped(scale=lambda s: s.detach().exp()),
        "no gradient for the texts": lambda x, y, s: _clipped()(x, y.detach(), s),
        "lengths without a gradient": _clipped(normalise=_half_normalised),
        "the lengths not divided out": _clipped(normalise=lambda x: x),
        "all views compared with all": _other_tables,
        "one softmax over the whole table": _clipped(
            lambda z: (z.logsumexp((0, 1)) - z.diagonal()).mean()
        ),
        "the sum instead of the mean": _clipped(lambda z: len(z) * _both_ways(z)),
        "overflow of the exponential": _clipped(_exp_both_ways),
    },
)
