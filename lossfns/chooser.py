"""Which loss for which problem: a table of advice, and the function that reads it.

>>> import lossfns
>>> for suggestion in lossfns.choose("regression", outliers=True)[:2]:
...     print(suggestion.loss, "-", suggestion.reason)
huber - a large error pulls with at most δ, a small one in proportion to its size
mae - the fit follows the median: half of the targets may be wild
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypedDict, Unpack

# What one may say of a problem, in the words of the command line.
TRAITS = {
    "outliers": "some targets are far off: look for a bounded pull",
    "quantiles": "you want a quantile or an interval, not a middle",
    "uncertainty": "the model should say how sure it is, item by item",
    "counts": "the targets are counts",
    "zeros": "the targets are amounts, many of them exactly 0",
    "relative": "an error counts relative to the size of the target",
    "decades": "the targets span many orders of magnitude",
    "imbalance": "the interesting class is rare",
    "noisy_labels": "some labels are wrong: look for a bounded loss",
    "margin": "only the decision matters, no probabilities are needed",
    "teacher": "a larger network has already been trained",
    "labels": "class labels say which items belong together",
    "pairs": "labelled pairs say which items belong together",
    "modalities": "items come as pairs of two kinds, such as image and text",
    "small_batch": "the batch is small",
    "online": "answers are sampled and judged while training",
    "unpaired": "answers are judged one by one, not in pairs",
    "overlap": "the metric is the overlap of the masks",
    "many_classes": "there are so many classes or tokens that their logits fill the memory",
}


# The same once more for editors and type checkers, which complete and refuse by it.
Task = Literal[
    "regression",
    "binary",
    "multiclass",
    "multilabel",
    "segmentation",
    "boxes",
    "detection",
    "embeddings",
    "ranking",
    "preferences",
    "sequences",
    "generation",
    "multitask",
]


class Traits(TypedDict, total=False):
    """What may hold of a problem, see `TRAITS`."""

    outliers: bool
    quantiles: bool
    uncertainty: bool
    counts: bool
    zeros: bool
    relative: bool
    decades: bool
    imbalance: bool
    noisy_labels: bool
    margin: bool
    teacher: bool
    labels: bool
    pairs: bool
    modalities: bool
    small_batch: bool
    online: bool
    unpaired: bool
    overlap: bool
    many_classes: bool


@dataclass(frozen=True)
class Suggestion:
    """A loss, and why it fits.

    Attributes:
        loss: its name, in `lossfns.numpy`, `lossfns.torch` and the catalog.
        reason: one sentence.
        because: the traits of the problem that speak for it; none for the usual choice.
    """

    loss: str
    reason: str
    because: tuple[str, ...] = ()


# For each task the suggestions, the usual choice first among equals.
ADVICE: dict[str, tuple[Suggestion, ...]] = {
    "regression": (
        Suggestion("mse", "the fit follows the mean, right if the noise is Gaussian"),
        Suggestion(
            "huber",
            "a large error pulls with at most δ, a small one in proportion to its size",
            ("outliers",),
        ),
        Suggestion(
            "mae", "the fit follows the median: half of the targets may be wild", ("outliers",)
        ),
        Suggestion("log_cosh", "like Huber, smooth, with no threshold to set", ("outliers",)),
        Suggestion(
            "general_robust", "at α < 1 far outliers pull less and less; not convex", ("outliers",)
        ),
        Suggestion("quantile", "its minimiser is the quantile you ask for", ("quantiles",)),
        Suggestion(
            "gaussian_nll", "mean and variance are predicted by likelihood", ("uncertainty",)
        ),
        Suggestion(
            "gaussian_crps",
            "scores the whole forecast and forgives misses more than the likelihood",
            ("uncertainty",),
        ),
        Suggestion(
            "laplace_nll",
            "centre and spread are predicted, with tails that tolerate outliers",
            ("uncertainty", "outliers"),
        ),
        Suggestion("poisson_nll", "the likelihood of counts; predict the log-rate", ("counts",)),
        Suggestion(
            "negative_binomial_nll",
            "for counts that vary more than their mean, as most do",
            ("counts",),
        ),
        Suggestion("tweedie_deviance", "one likelihood for many zeros and for amounts", ("zeros",)),
        Suggestion("gamma_nll", "the likelihood of positive amounts", ("relative",)),
        Suggestion("mape", "costs a fraction of the target; no target may be 0", ("relative",)),
        Suggestion("msle", "squared error of ratios", ("decades",)),
    ),
    "binary": (
        Suggestion("bce_with_logits", "maximum likelihood, stable for any logit"),
        Suggestion(
            "focal_with_logits", "easy examples fade, the rare hard ones remain", ("imbalance",)
        ),
        Suggestion("hinge", "zero once the score clears the margin", ("margin",)),
        Suggestion("squared_hinge", "the hinge without its kink", ("margin",)),
        Suggestion("brier", "bounded: a wrong label cannot cost more than 1", ("noisy_labels",)),
    ),
    "multiclass": (
        Suggestion("cross_entropy", "maximum likelihood; give `weight` for unequal classes"),
        Suggestion(
            "logit_adjusted_cross_entropy",
            "aims at balanced accuracy by shifting logits by log-frequency",
            ("imbalance",),
        ),
        Suggestion("softmax_focal", "easy examples fade, rare hard ones remain", ("imbalance",)),
        Suggestion(
            "class_balanced_focal", "weights classes by their effective number", ("imbalance",)
        ),
        Suggestion(
            "generalized_cross_entropy", "bounded, between cross-entropy and L1", ("noisy_labels",)
        ),
        Suggestion(
            "symmetric_cross_entropy",
            "cross-entropy plus a bounded, symmetric part; the sum is not bounded",
            ("noisy_labels",),
        ),
        Suggestion("multiclass_hinge", "zero once the class leads by the margin", ("margin",)),
        Suggestion(
            "distillation", "the teacher's probabilities say more than a label", ("teacher",)
        ),
    ),
    "multilabel": (
        Suggestion("bce_with_logits", "one yes-or-no question per label"),
        Suggestion(
            "asymmetric", "fades the many easy negatives more than the positives", ("imbalance",)
        ),
        Suggestion("focal_with_logits", "easy labels fade, rare ones remain", ("imbalance",)),
    ),
    "segmentation": (
        Suggestion("dice_bce_with_logits", "overlap of the mask, and a gradient at every pixel"),
        Suggestion("dice", "the differentiable F1 of the mask", ("overlap",)),
        Suggestion("jaccard", "the differentiable IoU of the mask", ("overlap",)),
        Suggestion("lovasz", "a tight surrogate of the IoU itself", ("overlap",)),
        Suggestion("tversky", "misses can cost more than false alarms", ("imbalance",)),
        Suggestion("focal_tversky", "as Tversky, with more pull on bad masks", ("imbalance",)),
        Suggestion("dice_ce", "one of several classes for every pixel; takes class weights"),
        Suggestion("dice_focal", "as dice_ce, where most pixels are easy", ("imbalance",)),
        Suggestion(
            "generalized_dice", "classes of very unequal size count alike", ("imbalance", "overlap")
        ),
    ),
    "boxes": (
        Suggestion("ciou", "overlap, distance of the centres and shape in one number"),
        Suggestion("giou", "overlap, with a pull also where boxes do not touch"),
        Suggestion("eiou", "as ciou, with width and height themselves in place of their ratio"),
        Suggestion("siou", "as eiou, and the direction of the target counts"),
        Suggestion("alpha_iou", "raised to a power, boxes that fit well pull harder"),
        Suggestion(
            "distribution_focal",
            "each edge is a distribution over bins, which says how sure it is",
            ("uncertainty",),
        ),
        Suggestion(
            "smooth_l1", "per coordinate; a badly placed box pulls no harder", ("outliers",)
        ),
    ),
    "detection": (
        Suggestion("retinanet", "focal loss at every anchor, however few of them hold an object"),
        Suggestion("yolo", "asks each cell for an object, and of the objects class and overlap"),
    ),
    "embeddings": (
        Suggestion("nt_xent", "two views of an item against all others of the batch"),
        Suggestion("info_nce", "each query against the keys of the batch"),
        Suggestion("sup_con", "all items of a class are positives of each other", ("labels",)),
        Suggestion("arcface", "classes apart by an angle, for recognition", ("labels",)),
        Suggestion("cosface", "as arcface, with a margin that is simpler to train", ("labels",)),
        Suggestion("multi_similarity", "weights pairs by how hard they are", ("labels",)),
        Suggestion("triplet", "relative distances; mine semi-hard triplets", ("labels",)),
        Suggestion("contrastive", "pulls equal pairs together, others apart", ("pairs",)),
        Suggestion("cosine_embedding", "for directions: length stays free", ("pairs",)),
        Suggestion("clip", "both directions between the two kinds", ("modalities",)),
        Suggestion(
            "siglip",
            "every pair is a question of its own: needs no large batch",
            ("modalities", "small_batch"),
        ),
        Suggestion("vicreg", "no negatives: works in small batches", ("small_batch",)),
        Suggestion("barlow_twins", "no negatives: decorrelates dimensions", ("small_batch",)),
    ),
    "ranking": (
        Suggestion("lambdarank", "aims at NDCG: mistakes at the top of the list cost most"),
        Suggestion("listnet", "convex, and never tells items of equal relevance apart"),
        Suggestion("listmle", "the likelihood of a whole order, for lists without ties"),
        Suggestion("margin_ranking", "all that is known is which of two is better", ("pairs",)),
    ),
    "preferences": (
        Suggestion("dpo", "trains the policy on chosen and rejected answers directly"),
        Suggestion(
            "ipo",
            "stops at a finite lead, so noisy choices mislead it less than DPO; not bounded",
            ("noisy_labels",),
        ),
        Suggestion("simpo", "as DPO, per token and without a reference to keep in memory"),
        Suggestion("orpo", "fine-tunes on the chosen answers and learns the choice in one go"),
        Suggestion("kto", "needs answers marked good or bad, not pairs of them", ("unpaired",)),
        Suggestion("reward_model", "first learn a reward from the choices", ("online",)),
        Suggestion("grpo", "then compare answers to one prompt: no critic to train", ("online",)),
        Suggestion("ppo_clip", "then follow it, within a trust region", ("online",)),
        Suggestion("kl_penalty", "and stay near the reference", ("online",)),
    ),
    "sequences": (
        Suggestion("causal_lm", "predict the next token, from the left"),
        Suggestion(
            "linear_cross_entropy",
            "the same from hidden states: the logits exist for a few tokens at a time",
            ("many_classes",),
        ),
        Suggestion("masked_lm", "fill in masked tokens, with both sides in view"),
        Suggestion("ctc", "text from many more frames, with no alignment given"),
    ),
    "generation": (
        Suggestion("diffusion", "predict the noise: stable and of high quality"),
        Suggestion("elbo", "a latent code and a bound on the likelihood"),
        Suggestion("gan_generator", "sharp samples in one step, from a game"),
        Suggestion("gan_discriminator", "the other player of that game"),
    ),
    "multitask": (
        Suggestion("weighted_sum", "fixed weights that you can explain"),
        Suggestion(
            "uncertainty_weighting",
            "learns the weights from the noise of each task",
            ("uncertainty",),
        ),
    ),
}


def choose(task: Task, **traits: Unpack[Traits]) -> list[Suggestion]:
    """Suggest losses for a problem, the best match first, each with its reason.

    Args:
        task: one of `lossfns.chooser.ADVICE`, such as "regression" or "multiclass".
        traits: what holds of the problem, such as outliers=True; `lossfns.chooser.TRAITS` says
            what each means.
    Returns:
        Suggestions whose every trait holds, those with the most traits first; the usual choice
        comes last when something more fitting was found.
    Raises:
        ValueError: an unknown task or trait; a trait about which the task has no advice.
    Example:
        >>> import lossfns
        >>> [suggestion.loss for suggestion in lossfns.choose("regression", quantiles=True)]
        ['quantile', 'mse']
    """
    return suggestions(task, traits)


def suggestions(task: str, traits: Mapping[str, object]) -> list[Suggestion]:
    """As `choose`, for words that come from outside."""
    advice = ADVICE.get(task)
    if advice is None:
        raise ValueError(
            f"task must be one of {', '.join(ADVICE)}; got {task!r}{nearest(task, ADVICE)}"
        )
    known = {trait for suggestion in advice for trait in suggestion.because}
    for trait in traits:
        if trait not in TRAITS:
            raise ValueError(f"there is no trait {trait!r}{nearest(trait, TRAITS)}")
        if trait not in known:
            choices = ", ".join(t for t in TRAITS if t in known) or "none"
            raise ValueError(f"{trait} changes nothing for {task}; what does: {choices}")
    given = {trait for trait, holds in traits.items() if holds}
    fitting = [suggestion for suggestion in advice if given.issuperset(suggestion.because)]
    return sorted(fitting, key=lambda suggestion: -len(suggestion.because))


def nearest(word: str, words: Iterable[str]) -> str:
    """A hint at the word that was meant, to end an error message with."""
    close = difflib.get_close_matches(word, list(words), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
