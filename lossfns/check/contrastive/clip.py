"""CLIP's loss with a learned temperature, in PyTorch; s is its logarithm."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.contrastive import views
from lossfns.check.contrastive.points import batches, unit
from lossfns.check.exercise import Exercise
from lossfns.check.questions import ask
from lossfns.check.recipes import library, log_softmax


def _ask(pair, log_scale, dtype, aspect="values"):
    batch = tuple(array.astype(dtype) for array in (*pair, np.array(log_scale)))
    names = "images texts log_scale"
    return ask(names, batch, aspect, wants=tuple(names.split()))


def _draw_clip(rng):
    pairs = batches(rng, (2, 2), (3, 2), large=(12, 5))
    for pair in pairs:
        yield _ask(pair, 0.5, np.float32)
        yield _ask(pair, np.round(rng.uniform(0.8, 2.7), 2), np.float32)
    for pair in pairs[1:]:
        yield _ask(pair, np.round(rng.uniform(-1.0, -0.2), 2), np.float64)
    yield _ask(views.opposed(rng), 5.5, np.float32, "extremes")
    yield _ask(views.opposed(rng), 7.0, np.float64, "extremes")


def _clip(images, texts, log_scale):
    return ln.clip(images, texts, temperature=float(np.exp(-log_scale)))


def _clip_slope(wrt):
    return lambda images, texts, log_scale: ln.clip.grad(
        images, texts, temperature=float(np.exp(-log_scale)), wrt=wrt
    )


def _clip_slope_of_scale(images, texts, log_scale):
    """By the chain rule: d(scores)/d(log_scale) are the scores themselves."""
    scores = np.exp(log_scale) * unit(images) @ unit(texts).T
    rows, columns = np.exp(log_softmax(scores)), np.exp(log_softmax(scores.T)).T
    return ((0.5 * (rows + columns) - np.eye(len(scores))) * scores).sum() / len(scores)


def _with(loss=views.both_ways, scale=lambda s: s.exp(), normalise=views.normalised):
    """CLIP's loss from its parts; `scale` makes the factor of the cosines."""
    return lambda images, texts, s: loss(scale(s) * normalise(images) @ normalise(texts).T)


def _one_table(z):
    return (z.flatten().logsumexp(dim=0) - z.diagonal()).mean()


def _exp_then_log(z):
    exps = z.exp()
    there, back = (exps.diagonal() / exps.sum(dim=dim) for dim in (1, 0))
    return -0.5 * (there.log() + back.log()).mean()


def _other_tables(images, texts, s):
    rows = views.normalised(library(images).cat([images, texts]))
    return views.log_loss(views.masked(s.exp() * rows @ rows.T))


CLIP_TORCH = Exercise(
    signature="clip_torch(images, texts, log_scale)",
    read="loss-clip",
    right=_clip,
    draw=_draw_clip,
    probes=(kinds.single_item("images", "texts"),),
    torch=True,
    slopes={
        "images": _clip_slope("image"),
        "texts": _clip_slope("text"),
        "log_scale": _clip_slope_of_scale,
    },
    # The scores themselves carry float32's relative error of 6e-8, times exp(5.5) = 245.
    rtol=1e-3,
    atol=1e-5,
    mistakes={
        "only from images to texts": _with(views.own_loss),
        "only from texts to images": _with(lambda z: views.own_loss(z, dim=0)),
        "both directions added instead of averaged": _with(lambda z: 2 * views.both_ways(z)),
        "the logarithm of the scale taken for the scale": _with(scale=lambda s: s),
        "divided by the scale": _with(scale=lambda s: (-s).exp()),
        "no scale": _with(scale=lambda s: 1 + 0 * s),
        "the scale limited to 100": _with(scale=lambda s: s.exp().clamp(max=100.0)),
        "no gradient for the scale": _with(scale=lambda s: s.detach().exp()),
        "no gradient for the texts": lambda x, y, s: _with()(x, y.detach(), s),
        "lengths without a gradient": _with(normalise=views.half_normalised),
        "the lengths not divided out": _with(normalise=lambda x: x),
        "all views compared with all": _other_tables,
        "one softmax over the whole table": _with(_one_table),
        "the sum instead of the mean": _with(lambda z: len(z) * views.both_ways(z)),
        "overflow of the exponential": _with(_exp_then_log),
    },
)
