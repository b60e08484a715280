"""CLIP's loss with a learned temperature, in PyTorch."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.contrastive.points import unit
from lossfns.check.contrastive.views import batches, log_loss, masked, normalised, opposed
from lossfns.check.exercise import Call, Exercise, Misconception
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
    name="clip_torch",
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
    misconceptions=(
        Misconception(
            "only from images to texts",
            _clipped(_to_texts),
            "Every image chooses its text in yours, but no text its image. CLIP asks both ways "
            "and averages: the same table, once by rows and once by columns.",
        ),
        Misconception(
            "only from texts to images",
            _clipped(_to_images),
            "Every text chooses its image in yours, but no image its text. CLIP asks both ways "
            "and averages: the same table, once by rows and once by columns.",
        ),
        Misconception(
            "both directions added instead of averaged",
            _clipped(lambda scores: 2 * _both_ways(scores)),
            "The loss is the mean of the two directions; with their sum a model that knows "
            "nothing would start at 2 ln n.",
        ),
        Misconception(
            "the logarithm of the scale taken for the scale",
            _clipped(scale=lambda s: s),
            "The parameter is the logarithm, so that a step of the optimizer changes the scale "
            "by a factor and it can never become negative: multiply the cosines by its "
            "exponential.",
        ),
        Misconception(
            "divided by the scale",
            _clipped(scale=lambda s: (-s).exp()),
            "exp(log_scale) is 1/τ, the inverse of the temperature, and multiplies the cosines. "
            "Dividing would make the softmax flatter as the parameter grows.",
        ),
        Misconception(
            "no scale",
            _clipped(scale=lambda s: 1 + 0 * s),
            "Cosines differ by 2 at most, so a softmax over them stays nearly flat: the scale "
            "makes it as sharp as training needs.",
        ),
        Misconception(
            "the scale limited to 100",
            _clipped(scale=lambda s: s.exp().clamp(max=100.0)),
            "CLIP's training loop keeps its parameter below ln 100, as a safeguard outside the "
            "loss. The loss itself takes any scale; a limit inside also cuts its gradient.",
        ),
        Misconception(
            "no gradient for the scale",
            _clipped(scale=lambda s: s.detach().exp()),
            "CLIP learns its temperature. .item(), float() and .detach() cut it off from the "
            "loss: use log_scale.exp().",
        ),
        Misconception(
            "no gradient for the texts",
            lambda images, texts, log_scale: _clipped()(images, texts.detach(), log_scale),
            "Both encoders are trained, and each needs a gradient: no .detach().",
        ),
        Misconception(
            "lengths without a gradient",
            _clipped(normalise=lambda rows: rows / rows.norm(dim=1, keepdim=True).detach()),
            "The value is right, but the lengths count as constants, so the gradient also makes "
            "embeddings longer, which cannot lower the loss. Let autograd go through the "
            "normalisation.",
        ),
        Misconception(
            "the lengths not divided out",
            _clipped(normalise=lambda rows: rows),
            "With inner products a model lowers the loss by making its embeddings longer, and "
            "the scale means nothing. Scale all rows to length 1 first.",
        ),
        Misconception(
            "all views compared with all",
            _other_tables,
            "That is NT-Xent. In CLIP images are compared with texts only: one image is no "
            "negative of another.",
        ),
        Misconception(
            "one softmax over the whole table",
            _clipped(_one_table),
            "Every image and every text makes a choice of its own, so rows, and then columns, "
            "sum to 1; in yours the whole table does.",
        ),
        Misconception(
            "the sum instead of the mean",
            _clipped(lambda scores: len(scores) * _both_ways(scores)),
            "Divide by the number of pairs, or the loss grows with the size of the batch.",
        ),
        Misconception(
            "overflow of the exponential",
            _clipped(_clip_exp_then_log),
            "exp(5.5) = 245 is a possible score, and in float32 its exponential is infinite. "
            "Use log_softmax, logsumexp or cross_entropy, which subtract the largest score first.",
        ),
    ),
)
