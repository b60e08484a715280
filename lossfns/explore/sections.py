"""One-dimensional sections through the losses: what the small plots of the atlas show.

A loss of many numbers is drawn along a line on which its message shows: the logit of the true
class, a box that slides over another, the angle between two views.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import lossfns.numpy as ln
from lossfns.records.record import needed


@dataclass(frozen=True)
class Section:
    """A line through the arguments of a loss.

    Attributes:
        label: what changes along it, and what stays.
        start, end: of the line.
        arguments: the arguments of the loss at a point of the line.
    """

    label: str
    start: float
    end: float
    arguments: Callable[[float], dict]

    def points(self, count=121):
        return np.linspace(self.start, self.end, count)

    def values(self, record, count=121):
        """The loss at the points, a batch each, with the default settings."""
        loss = getattr(ln, record.name)
        settings = needed(record)
        with np.errstate(all="ignore"):
            return np.array([loss(**settings | self.arguments(x)) for x in self.points(count)])


def section(record):
    """The section of a loss: its own, that of its kind, or a line between two random predictions.

    >>> from lossfns import catalog
    >>> section(catalog["huber"]).label
    'error ŷ − y'
    """
    if record.name in OWN:
        return OWN[record.name]
    arrays = list(record.sample(np.random.default_rng(0), 1))
    parameters = inspect.signature(getattr(ln, record.name)).parameters
    kind = KINDS.get((arrays[0], record.item_axes))
    asked = {name for name in arrays if parameters[name].default is inspect.Parameter.empty}
    return kind if kind and kind.arguments(1.0).keys() == asked else between_two_draws(record)


def between_two_draws(record):
    """A straight line from one random prediction to another: it shows at least the convexity."""
    drawn = record.sample(np.random.default_rng(1), 4)
    name = record.wrt[0]
    other = record.sample(np.random.default_rng(2), 4)[name]

    def arguments(x):
        return drawn | {name: (1 - x) * drawn[name] + x * other}

    return Section("from one random prediction, 0, to another, 1", 0, 1, arguments)


def _row(*numbers):
    return np.array([numbers], float)


def _direction(*degrees):
    """Unit vectors in the plane, a row each."""
    angle = np.radians(degrees)
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def _elementwise(label, start, end, first, **others):
    """The first argument changes, the others are single numbers."""
    fixed = {name: np.array([float(value)]) for name, value in others.items()}
    return Section(label, start, end, lambda x: {first: np.array([x])} | fixed)


def _true_class(label, start, end, first, place):
    """`place(x)` is the row of scores whose class 0 is the true one."""
    return Section(label, start, end, lambda x: {first: place(x), "target": np.array([0])})


def _logit_row(x):
    return _row(x, 0, 0, 0)


def _prob_row(x):
    return _row(x, *3 * [(1 - x) / 3])


_MASK = np.array([[[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]]])
_AXES = (0, 90, 180, 270)


def _mask(first, background):
    label = "logit z" if first == "logits" else "probability p"
    ends = (-6, 6) if first == "logits" else (0.02, 0.98)

    def arguments(x):
        return {first: np.where(_MASK == 1, x, background), "target": _MASK}

    return Section(f"{label} of the object's pixels", *ends, arguments)


def _label_map(x):
    """The object's pixels have the second of three classes, the rest the first."""
    labels = _MASK.astype(int)
    background = np.where(labels == 0, 3.0, 0.0)
    return {"logits": np.stack([background, x * labels, 0 * _MASK], axis=1), "target": labels}


def _rare_class(x):
    """One pixel of six belongs to the second of two classes; the rest is nearly right."""
    rare = np.zeros_like(_MASK)
    rare[0, 0, 0] = 1
    found = np.where(rare == 1, x, 0.05)
    return {"probs": np.stack([1 - found, found], 1), "target": np.stack([1 - rare, rare], 1)}


_BOX = _row(0, 0, 1, 1)
_SLIDING = Section(
    "shift of a unit box from its target",
    -2.5,
    2.5,
    lambda x: {"pred": _BOX + _row(x, 0, x, 0), "target": _BOX},
)


def _views(first, second, start=0):
    """Four directions, and the same turned by an angle."""

    def arguments(x):
        return {first: _direction(*_AXES), second: _direction(*(x + a for a in _AXES))}

    return Section("angle between two views, in degrees", start, 180, arguments)


def _tokens(target, label, shift):
    """Three tokens of a vocabulary of four; the logit of each right one is x."""
    words = np.array([[1, 2, 3]])

    def arguments(x):
        return {"logits": x * np.eye(4)[np.roll(words, -shift)], target: words}

    return Section(label, -4, 8, arguments)


def _speech(x):
    """The alignment 1, blank, 2, blank of the text 1 2; the logit of each of these is x."""
    return {"logits": x * np.eye(3)[[[1, 0, 2, 0]]], "target": np.array([[1, 2]])}


_STRIPES = 0.25 * np.sin(np.arange(16.0) + np.zeros((1, 16, 1)))
_CLASSMATES = Section(
    "angle between two of a class, in degrees",
    0,
    180,
    lambda x: {"embeddings": _direction(0, x, 180, 180 + x), "target": np.array([0, 0, 1, 1])},
)
_OWN_DIRECTION = Section(
    "angle to the class's own direction, in degrees",
    0,
    180,
    lambda x: {
        "embeddings": _direction(x),
        "target": np.array([0]),
        "prototypes": ((1.0, 0.0), (0.0, -1.0)),
    },
)
_BEST_ITEM = Section(
    "score of the best of three items, the others 1 and 0",
    -4,
    6,
    lambda x: {"scores": _row(x, 1, 0), "target": _row(2, 1, 0)},
)


def _residues(x):
    """Two residues 8 Å apart, with bins from 2 to 22 Å; the logit of the right bin is x."""
    target = np.array([[0.0, 0, 0], [8, 0, 0]])
    right = np.digitize([[0.0, 8.0], [8.0, 0.0]], np.linspace(2.3125, 21.6875, 4))
    return {"logits": x * np.eye(5)[right], "target": target}


def _moved(x):
    """Four atoms with a frame each; the atoms have moved by x, the frames have not."""
    target = 3 * np.eye(4, 3)
    frames = {"rotations": np.tile(np.eye(3), (4, 1, 1)), "translations": target}
    return {
        "positions": target + _row(x, 0, 0),
        "target": target,
        **frames,
        **{f"target_{name}": array for name, array in frames.items()},
    }


# By the name of the first argument and the number of axes of an item.
KINDS = {
    ("pred", 0): _elementwise("error ŷ − y", -4, 4, "pred", target=0),
    ("probs", 0): _elementwise("probability p, y = 1", 0.01, 0.99, "probs", target=1),
    ("logits", 0): _elementwise("logit z, y = 1", -6, 6, "logits", target=1),
    ("scores", 0): _elementwise("score s, y = 1", -3, 4, "scores", target=1),
    ("fake", 0): _elementwise("score f of a fake", -4, 4, "fake"),
    ("pred", 1): _SLIDING,
    ("logits", 1): _true_class("logit of the true class, others 0", -6, 6, "logits", _logit_row),
    ("scores", 1): _true_class("score of the true class, others 0", -3, 4, "scores", _logit_row),
    ("probs", 1): _true_class("probability of the true class", 0.01, 0.99, "probs", _prob_row),
    ("probs", 2): _mask("probs", 0.05),
    ("logits", 2): _mask("logits", -3.0),
    ("query", 1): _views("query", "key"),
    ("first", 1): _views("first", "second"),
    ("image", 1): _views("image", "text"),
}  # fmt: skip

OWN = {
    "quantile": Section(
        "error ŷ − y, τ = 0.9", -4, 4,
        lambda x: {"pred": np.array([x]), "target": np.zeros(1), "q": 0.9}),
    "gaussian_nll": _elementwise("error ŷ − y, σ² = 1", -4, 4, "pred", target=0, var=1),
    "laplace_nll": _elementwise("error ŷ − y, b = 1", -4, 4, "pred", target=0, scale=1),
    "gaussian_crps": _elementwise("error ŷ − y, σ = 1", -4, 4, "pred", target=0, std=1),
    "mape": _elementwise("prediction ŷ, y = 2", -2, 6, "pred", target=2),
    "msle": _elementwise("prediction ŷ, y = 3", -0.9, 9, "pred", target=3),
    "poisson_nll": _elementwise("log-rate z, y = 2", -3, 3, "log_rate", target=2),
    "tweedie_deviance": _elementwise("log-mean z, p = 1.5, y = 2", -3, 3, "log_mean", target=2),
    "gamma_nll": _elementwise("log-mean z, y = 2", -2, 4, "log_mean", target=2),
    "negative_binomial_nll": _elementwise("log-mean z, α = 1, y = 2", -4, 6, "log_mean", target=2),
    "asymmetric": _elementwise("logit z, y = 0", -6, 6, "logits", target=0),
    "gan_discriminator": _elementwise(
        "score r of a real, that of a fake 0", -4, 4, "real_scores", fake_scores=0),
    "reward_model": _elementwise("reward chosen − rejected", -6, 6, "chosen", rejected=0),
    "dpo": _elementwise(
        "Δ of log-ratios, chosen − rejected", -40, 40, "chosen",
        rejected=0, reference_chosen=0, reference_rejected=0),
    "ipo": _elementwise(
        "Δ of log-ratios, chosen − rejected", -5, 15, "chosen",
        rejected=0, reference_chosen=0, reference_rejected=0),
    "kl_penalty": _elementwise(
        "d = ln π − ln π_ref", -3, 3, "log_probs", reference_log_probs=0),
    "ppo_clip": Section(
        "ratio r, A = 1", 0.2, 2,
        lambda x: {"log_probs": np.log([x]), "old_log_probs": np.zeros(1),
                   "advantages": np.ones(1)}),
    "margin_ranking": Section(
        "lead of the right one, margin 1", -3, 3,
        lambda x: {"first": np.array([x]), "second": np.zeros(1), "target": np.ones(1),
                   "margin": 1.0}),
    **dict.fromkeys(["listnet", "listmle", "lambdarank"], _BEST_ITEM),
    "simpo": _elementwise(
        "lead of chosen over rejected, nats per token", -3, 4, "chosen", rejected=0),
    "orpo": _elementwise(
        "mean log-probability of chosen, rejected −1", -4, -0.02, "chosen", rejected=-1),
    "kto": Section(
        "ln π − ln π_ref of a good answer, z = 0", -80, 80,
        lambda x: {"log_probs": np.array([x]), "target": np.ones(1),
                   "reference_log_probs": np.zeros(1), "kl": 0.0}),
    "grpo": Section(
        "ratio r, A = 1, clipped above at 1.28", 0.2, 2,
        lambda x: {"log_probs": np.log([x]), "old_log_probs": np.zeros(1),
                   "advantages": np.ones(1), "clip_high": 0.28}),
    "categorical_cross_entropy": Section(
        "probability of the true class", 0.01, 0.99,
        lambda x: {"probs": _prob_row(x), "target": _row(1, 0, 0, 0)}),
    "entropy": Section(
        "probability of the first of two classes", 0.001, 0.999,
        lambda x: {"probs": _row(x, 1 - x)}),
    "kl_div": Section(
        "p of the first of two classes, t = 0.7", 0.01, 0.99,
        lambda x: {"log_probs": np.log(_row(x, 1 - x)), "target": _row(0.7, 0.3)}),
    "js_div": Section(
        "p of the first of two classes, t = 0.7", 0.01, 0.99,
        lambda x: {"log_probs": np.log(_row(x, 1 - x)), "target": _row(0.7, 0.3)}),
    "gaussian_kl": Section(
        "mean μ, variance 1", -3, 3,
        lambda x: {"mean": _row(x), "log_var": _row(0)}),
    "distillation": Section(
        "first of two logits, the teacher's 2", -4, 8,
        lambda x: {"student_logits": _row(x, 0), "teacher_logits": _row(2, 0)}),
    "distribution_focal": Section(
        "logit of the bins next to the edge, the others 0", -6, 6,
        lambda x: {"logits": _row(0, x, x, 0), "target": np.array([1.5])}),
    "generalized_dice": Section("probability p of the pixel of a rare class", 0, 1, _rare_class),
    **dict.fromkeys(["dice_ce", "dice_focal"], Section(
        "logit of the object's class on its pixels", -6, 6, _label_map)),
    "retinanet": Section(
        "logit of the class of one anchor, its box exact", -6, 6,
        lambda x: {"logits": np.array([[[x, -3, -3]]]), "target": np.zeros((1, 1), int),
                   "boxes": np.zeros((1, 1, 4)), "target_boxes": np.zeros((1, 1, 4))}),
    "yolo": Section(
        "shift of the unit box of one cell, the rest right", -2.5, 2.5,
        lambda x: {"logits": np.array([[[6.0, -6, -6]]]), "target": np.zeros((1, 1), int),
                   "objectness": np.full((1, 1), 6.0), "target_objectness": np.ones((1, 1)),
                   "boxes": _BOX[None] + _row(x, 0, x, 0), "target_boxes": _BOX[None]}),
    "contrastive": Section(
        "distance d of a pair that should be apart", 0, 2,
        lambda x: {"first": _row(x), "second": _row(0), "target": np.zeros(1)}),
    "triplet": Section(
        "distance of the negative, the positive's 1", 0.01, 3,
        lambda x: {"anchor": _row(0), "positive": _row(1), "negative": _row(x)}),
    "cosine_embedding": Section(
        "angle of a pair that belongs together, in degrees", 0, 180,
        lambda x: {"first": _direction(0), "second": _direction(x), "target": np.ones(1)}),
    **dict.fromkeys(["sup_con", "nt_xent_with_labels", "multi_similarity", "circle"], _CLASSMATES),
    **dict.fromkeys(["arcface", "cosface", "sphereface"], _OWN_DIRECTION),
    "elbo": Section(
        "logit of four pixels that are 1", -6, 6,
        lambda x: {"pred": np.full((1, 4), x), "target": np.ones((1, 4)),
                   "mean": np.zeros((1, 2)), "log_var": np.zeros((1, 2))}),
    "diffusion": Section(
        "error of the noise, signal-to-noise ratio 1", -4, 4,
        lambda x: {"pred": np.full((1, 4), x), "target": np.zeros((1, 4)), "snr": np.ones(1)}),
    "weighted_sum": Section(
        "loss of the first task, weight 0.5; the others 1", 0, 4,
        lambda x: {"losses": _row(x, 1, 1)}),
    "uncertainty_weighting": Section(
        "log-variance s of a task whose loss is 2", -3, 4,
        lambda x: {"losses": _row(2), "log_vars": _row(x)}),
    "ctc": Section("logit of the right symbol at each step", -4, 8, _speech),
    "causal_lm": _tokens("tokens", "logit of each next token, the others 0", 1),
    "masked_lm": _tokens("target", "logit of each masked token, the others 0", 0),
    "linear_cross_entropy": Section(
        "logit of each right token, the others 0", -4, 8,
        lambda x: {"hidden": x * np.eye(4)[[[1, 2, 3]]], "target": np.array([[1, 2, 3]]),
                   "linear_weight": tuple(map(tuple, np.eye(4)))}),
    "si_sdr": Section(
        "angle between estimate and sound, in degrees", 2, 88,
        lambda x: {"pred": _direction(x), "target": _direction(0)}),
    "ssim": Section(
        "contrast of the image, 1 that of the target", -1, 3,
        lambda x: {"pred": 0.5 + x * _STRIPES, "target": 0.5 + _STRIPES}),
    "fape": Section("shift of the atoms in Å, the frames stay", -15, 15, _moved),
    "distogram": Section("logit of the right bin, the others 0", -4, 8, _residues),
    "wav2vec2_contrastive": Section(
        "angle from the true latent, in degrees", 0, 180,
        lambda x: {"context": _direction(x), "quantized": _direction(0),
                   "distractors": _direction(90, 180, 270)[None]}),
    "codebook_diversity": Section(
        "share of the first of two entries", 0.001, 0.999,
        lambda x: {"probs": np.array([[[x, 1 - x]]])}),
}  # fmt: skip
