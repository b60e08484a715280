"""CLIP's loss with a learned temperature, in PyTorch."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.contrastive.points import unit
from lossfns.check.contrastive.views import batches, log_loss, masked, normalised, opposed
from lossfns.check.exercise import Call, Exercise
from lossfns.check.recipes import log_softmax


def _pairs_of_clip(image, text, log_scale, dtype, aspect="values"):
    arrays = {"images": image, "texts": text, "log_scale": np.array(log_scale)}
    arrays = {name: array.astype(dtype) for name, array in arrays.items()}
    return Call(arrays, {}, aspect, wants=("images", "texts", "log_scale"))


def _draw_clip(rng):
    pairs = batches(rng)
    for image, text in pairs:
        yield _pairs_of_clip(image, text, 0.5, np.float32)
        yield _pairs_of_clip(image, text, np.round(rng.uniform(0.8, 2.7), 2), np.float32)
    for image, text in pairs[1:]:
        yield _pairs_of_clip(image, text, np.round(rng.uniform(-1.0, -0.2), 2), np.float64)
    yield _pairs_of_clip(*opposed(rng), 5.5, np.float32, "extremes")
    yield _pairs_of_clip(*opposed(rng), 7.0, np.float64, "extremes")


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


def _to_texts(scores):
    return -scores.log_softmax(dim=1).diagonal().mean()


def _to_images(scores):
    return -scores.log_softmax(dim=0).diagonal().mean()


def _both_ways(scores):
    return 0.5 * (_to_texts(scores) + _to_images(scores))


def _clipped(loss=_both_ways, scale=lambda s: s.exp(), normalise=normalised):
    """CLIP's loss from its parts; `scale` makes the factor of the cosines."""
    return lambda images, texts, log_scale: loss(
        scale(log_scale) * normalise(images) @ normalise(texts).T
    )


def _one_table(scores):
    return (scores.flatten().logsumexp(dim=0) - scores.diagonal()).mean()


def _clip_exp_then_log(scores):
    exps = scores.exp()
    there, back = (exps.diagonal() / exps.sum(dim=dim) for dim in (1, 0))
    return -0.5 * (there.log() + back.log()).mean()


def _other_tables(images, texts, log_scale):
    import torch

    rows = normalised(torch.cat([images, texts]))
    return log_loss(masked(log_scale.exp() * rows @ rows.T))


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
        "only from images to texts": _clipped(_to_texts),
        "only from texts to images": _clipped(_to_images),
        "both directions added instead of averaged": _clipped(
            lambda scores: 2 * _both_ways(scores)
        ),
        "the logarithm of the scale taken for the scale": _clipped(scale=lambda s: s),
        "divided by the scale": _clipped(scale=lambda s: (-s).exp()),
        "no scale": _clipped(scale=lambda s: 1 + 0 * s),
        "the scale limited to 100": _clipped(scale=lambda s: s.exp().clamp(max=100.0)),
        "no gradient for the scale": _clipped(scale=lambda s: s.detach().exp()),
        "no gradient for the texts": lambda images, texts, log_scale: _clipped()(
            images, texts.detach(), log_scale
        ),
        "lengths without a gradient": _clipped(
            normalise=lambda rows: rows / rows.norm(dim=1, keepdim=True).detach()
        ),
        "the lengths not divided out": _clipped(normalise=lambda rows: rows),
        "all views compared with all": _other_tables,
        "one softmax over the whole table": _clipped(_one_table),
        "the sum instead of the mean": _clipped(lambda scores: len(scores) * _both_ways(scores)),
        "overflow of the exponential": _clipped(_clip_exp_then_log),
    },
)
