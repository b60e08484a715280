"""Advice in tables: what may hold of a problem, what one asks about it, which losses fit.

`lossfns.choose`, `python -m lossfns choose` and the page *Choosing a loss* all read these tables.
"""

from __future__ import annotations

from dataclasses import dataclass

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

# What one predicts, in words, for each task of `ADVICE`.
TASKS = {
    "regression": "a number",
    "binary": "yes or no",
    "multiclass": "one of several classes",
    "multilabel": "several labels at once",
    "segmentation": "a mask, pixel by pixel",
    "boxes": "the place of a box",
    "detection": "objects: boxes and their classes",
    "embeddings": "an embedding: what is alike should be near",
    "ranking": "an order of items",
    "preferences": "answers that people prefer",
    "sequences": "text, token by token",
    "generation": "new images or other samples",
    "multitask": "several of these with one network",
}

# What to ask about a problem once its task is known: each question with the traits that may be
# the answer. "Nothing of these" always may; of a task, only the traits that its advice knows.
QUESTIONS = {
    "What is special about the data?": (
        "counts",
        "zeros",
        "relative",
        "decades",
        "imbalance",
        "labels",
        "pairs",
        "modalities",
        "unpaired",
        "many_classes",
    ),
    "Can the targets be trusted?": ("outliers", "noisy_labels"),
    "What else do you need, or have?": (
        "quantiles",
        "uncertainty",
        "margin",
        "teacher",
        "overlap",
        "online",
        "small_batch",
    ),
}


@dataclass(frozen=True)
class Suggestion:
    """A loss, and why it fits.

    Attributes:
        loss: its name, in `lossfns.numpy`, `lossfns.torch` and the catalog.
        reason: one sentence.
        because: the traits of the problem that speak for it; none for the usual choice.
        output: what the last layer of the network gives to it.
        unless: when not to use it.
    """

    loss: str
    reason: str
    because: tuple[str, ...] = ()
    output: str = ""
    unless: str = ""


# For each task the suggestions, the usual choice first among equals.
ADVICE: dict[str, tuple[Suggestion, ...]] = {
    "regression": (
        Suggestion(
            "mse",
            "the fit follows the mean, right if the noise is Gaussian",
            output="a linear unit per target",
            unless="a few targets may be far off: each pulls in proportion to its error",
        ),
        Suggestion(
            "huber",
            "a large error pulls with at most δ, a small one in proportion to its size",
            ("outliers",),
            output="a linear unit per target",
            unless="nobody can say which error is large: δ is in the units of the target",
        ),
        Suggestion(
            "mae",
            "the fit follows the median: half of the targets may be wild",
            ("outliers",),
            output="a linear unit per target",
            unless="sums or averages of the predictions have to be right",
        ),
        Suggestion(
            "log_cosh",
            "like Huber, smooth, with no threshold to set",
            ("outliers",),
            output="a linear unit per target, in units where an error of 1 is large",
            unless="targets are not scaled: its threshold is 1, whatever the unit",
        ),
        Suggestion(
            "general_robust",
            "at α < 1 far outliers pull less and less; not convex",
            ("outliers",),
            output="a linear unit per target",
            unless="the start is far from the solution: what is far off is ignored",
        ),
        Suggestion(
            "quantile",
            "its minimiser is the quantile you ask for",
            ("quantiles",),
            output="a linear unit per quantile",
            unless="you need the mean, or quantiles beyond what the data can show",
        ),
        Suggestion(
            "gaussian_nll",
            "mean and variance are predicted by likelihood",
            ("uncertainty",),
            output="a linear unit for the mean, softplus for the variance",
            unless="there are outliers: they buy a large variance",
        ),
        Suggestion(
            "gaussian_crps",
            "scores the whole forecast and forgives misses more than the likelihood",
            ("uncertainty",),
            output="a linear unit for the mean, softplus for the deviation",
            unless="what happens has two peaks, or you need a likelihood to compare models",
        ),
        Suggestion(
            "laplace_nll",
            "centre and spread are predicted, with tails that tolerate outliers",
            ("uncertainty", "outliers"),
            output="a linear unit for the centre, softplus for the scale",
            unless="the noise is Gaussian: it then learns from the data less efficiently",
        ),
        Suggestion(
            "poisson_nll",
            "the likelihood of counts; predict the log-rate",
            ("counts",),
            output="a linear unit: the log-rate",
            unless="counts vary more than their mean",
        ),
        Suggestion(
            "negative_binomial_nll",
            "for counts that vary more than their mean, as most do",
            ("counts",),
            output="a linear unit: the log-mean",
            unless="the variance is about the mean: Poisson has one parameter less",
        ),
        Suggestion(
            "tweedie_deviance",
            "one likelihood for many zeros and for amounts",
            ("zeros",),
            output="a linear unit: the log-mean",
            unless="amounts can be negative, or zeros have a cause of their own",
        ),
        Suggestion(
            "gamma_nll",
            "the likelihood of positive amounts",
            ("relative",),
            output="a linear unit: the log-mean",
            unless="a target may be 0",
        ),
        Suggestion(
            "mape",
            "costs a fraction of the target; no target may be 0",
            ("relative",),
            output="a linear unit per target, or softplus",
            unless="targets come near 0, or too low a forecast is expensive: it leans low",
        ),
        Suggestion(
            "msle",
            "squared error of ratios",
            ("decades",),
            output="softplus: a prediction above −1",
            unless="targets are negative, or the mean of the amounts has to be right",
        ),
    ),
    "binary": (
        Suggestion(
            "bce_with_logits",
            "maximum likelihood, stable for any logit",
            output="one linear unit: a logit",
            unless="labels are often wrong: the loss of a confident answer has no bound",
        ),
        Suggestion(
            "focal_with_logits",
            "easy examples fade, the rare hard ones remain",
            ("imbalance",),
            output="one linear unit: a logit",
            unless="labels are noisy, or probabilities are used before recalibration",
        ),
        Suggestion(
            "hinge",
            "zero once the score clears the margin",
            ("margin",),
            output="one linear unit: a score; labels −1 and +1",
            unless="you will ask how sure the model is",
        ),
        Suggestion(
            "squared_hinge",
            "the hinge without its kink",
            ("margin",),
            output="one linear unit: a score; labels −1 and +1",
            unless="there are outliers: the pull grows with the violation",
        ),
        Suggestion(
            "brier",
            "bounded: a wrong label cannot cost more than 1",
            ("noisy_labels",),
            output="a sigmoid: a probability",
            unless="training starts badly: where the sigmoid saturates, nothing moves",
        ),
    ),
    "multiclass": (
        Suggestion(
            "cross_entropy",
            "maximum likelihood; give `weight` for unequal classes",
            output="a linear unit per class: logits, no softmax",
            unless="several classes may hold at once, or many labels are wrong",
        ),
        Suggestion(
            "logit_adjusted_cross_entropy",
            "aims at balanced accuracy by shifting logits by log-frequency",
            ("imbalance",),
            output="a linear unit per class: logits",
            unless="plain accuracy or calibrated probabilities count",
        ),
        Suggestion(
            "softmax_focal",
            "easy examples fade, rare hard ones remain",
            ("imbalance",),
            output="a linear unit per class: logits",
            unless="labels are noisy: what is mislabelled stays hard",
        ),
        Suggestion(
            "class_balanced_focal",
            "weights classes by their effective number",
            ("imbalance",),
            output="a linear unit per class: logits",
            unless="classes are rare and noisy: a few wrong labels get a large weight",
        ),
        Suggestion(
            "generalized_cross_entropy",
            "bounded, between cross-entropy and L1",
            ("noisy_labels",),
            output="a linear unit per class: logits",
            unless="labels are clean: it learns more slowly, and many classes make it worse",
        ),
        Suggestion(
            "symmetric_cross_entropy",
            "cross-entropy plus a bounded, symmetric part; the sum is not bounded",
            ("noisy_labels",),
            output="a linear unit per class: logits",
            unless="labels are clean, or there is no clean validation set to choose two weights",
        ),
        Suggestion(
            "multiclass_hinge",
            "zero once the class leads by the margin",
            ("margin",),
            output="a linear unit per class: scores",
            unless="you will ask how sure the model is",
        ),
        Suggestion(
            "distillation",
            "the teacher's probabilities say more than a label",
            ("teacher",),
            output="a linear unit per class: logits, and the teacher's",
            unless="the teacher is worse than the labels",
        ),
    ),
    "multilabel": (
        Suggestion(
            "bce_with_logits",
            "one yes-or-no question per label",
            output="a linear unit per label: logits, no softmax",
            unless="exactly one label can hold: then a softmax knows more",
        ),
        Suggestion(
            "asymmetric",
            "fades the many easy negatives more than the positives",
            ("imbalance",),
            output="a linear unit per label: logits",
            unless="probabilities are used before recalibration",
        ),
        Suggestion(
            "focal_with_logits",
            "easy labels fade, rare ones remain",
            ("imbalance",),
            output="a linear unit per label: logits",
            unless="labels are noisy, or probabilities are used before recalibration",
        ),
    ),
    "segmentation": (
        Suggestion(
            "dice_bce_with_logits",
            "overlap of the mask, and a gradient at every pixel",
            output="a linear unit per pixel: logits",
            unless="each pixel has one of several classes: `dice_ce`",
        ),
        Suggestion(
            "dice",
            "the differentiable F1 of the mask",
            ("overlap",),
            output="a sigmoid per pixel: probabilities",
            unless="many masks are empty, or probabilities have to be calibrated",
        ),
        Suggestion(
            "jaccard",
            "the differentiable IoU of the mask",
            ("overlap",),
            output="a sigmoid per pixel: probabilities",
            unless="many masks are empty, or probabilities have to be calibrated",
        ),
        Suggestion(
            "lovasz",
            "a tight surrogate of the IoU itself",
            ("overlap",),
            output="a sigmoid per pixel: probabilities",
            unless="you train from scratch: start with cross-entropy, finish with it",
        ),
        Suggestion(
            "tversky",
            "misses can cost more than false alarms",
            ("imbalance",),
            output="a sigmoid per pixel: probabilities",
            unless="false alarms cost as much as misses: then it is Dice",
        ),
        Suggestion(
            "focal_tversky",
            "as Tversky, with more pull on bad masks",
            ("imbalance",),
            output="a sigmoid per pixel: probabilities",
            unless="some masks are mislabelled: those pull hardest",
        ),
        Suggestion(
            "dice_ce",
            "one of several classes for every pixel; takes class weights",
            output="a linear unit per class and pixel: logits",
            unless="classes overlap: then a mask of its own for each",
        ),
        Suggestion(
            "dice_focal",
            "as dice_ce, where most pixels are easy",
            ("imbalance",),
            output="a linear unit per class and pixel: logits",
            unless="the borders are labelled carelessly: they are what stays hard",
        ),
        Suggestion(
            "generalized_dice",
            "classes of very unequal size count alike",
            ("imbalance", "overlap"),
            output="a softmax over the classes of each pixel: probabilities",
            unless="a class is often absent: its weight is then enormous",
        ),
    ),
    "boxes": (
        Suggestion(
            "ciou",
            "overlap, distance of the centres and shape in one number",
            output="four numbers, decoded to corners x1 < x2, y1 < y2",
            unless="boxes are rotated",
        ),
        Suggestion(
            "giou",
            "overlap, with a pull also where boxes do not touch",
            output="four numbers, decoded to corners x1 < x2, y1 < y2",
            unless="one box often lies inside the other: it is then plain IoU",
        ),
        Suggestion(
            "eiou",
            "as ciou, with width and height themselves in place of their ratio",
            output="four numbers, decoded to corners x1 < x2, y1 < y2",
            unless="you compare with published results: most use ciou or giou",
        ),
        Suggestion(
            "siou",
            "as eiou, and the direction of the target counts",
            output="four numbers, decoded to corners x1 < x2, y1 < y2",
            unless="you want a loss whose terms you can explain",
        ),
        Suggestion(
            "alpha_iou",
            "raised to a power, boxes that fit well pull harder",
            output="four numbers, decoded to corners x1 < x2, y1 < y2",
            unless="boxes start without overlap: it has no pull there",
        ),
        Suggestion(
            "distribution_focal",
            "each edge is a distribution over bins, which says how sure it is",
            ("uncertainty",),
            output="a linear unit per bin and edge: logits",
            unless="edges lie outside the bins; and it needs an IoU loss beside it",
        ),
        Suggestion(
            "smooth_l1",
            "per coordinate; a badly placed box pulls no harder",
            ("outliers",),
            output="four linear units: offsets, scaled",
            unless="the metric is IoU: one shift costs a small box more, and it does not see that",
        ),
    ),
    "detection": (
        Suggestion(
            "retinanet",
            "focal loss at every anchor, however few of them hold an object",
            output="logits per class and four offsets per anchor",
            unless="objects are one to an image: classify and regress",
        ),
        Suggestion(
            "yolo",
            "asks each cell for an object, and of the objects class and overlap",
            output="objectness, logits per class and a box per cell",
            unless="several small objects share a cell",
        ),
    ),
    "embeddings": (
        Suggestion(
            "nt_xent",
            "two views of an item against all others of the batch",
            output="a linear layer, compared by angle",
            unless="the batch is small, or holds many items of one class",
        ),
        Suggestion(
            "info_nce",
            "each query against the keys of the batch",
            output="a linear layer, compared by angle",
            unless="one query has several right keys in the batch",
        ),
        Suggestion(
            "sup_con",
            "all items of a class are positives of each other",
            ("labels",),
            output="a linear layer, compared by angle",
            unless="most classes have one item in the batch",
        ),
        Suggestion(
            "arcface",
            "classes apart by an angle, for recognition",
            ("labels",),
            output="a linear layer, and a prototype per class",
            unless="labels are noisy, or there are too many classes to keep a prototype each",
        ),
        Suggestion(
            "cosface",
            "as arcface, with a margin that is simpler to train",
            ("labels",),
            output="a linear layer, and a prototype per class",
            unless="labels are noisy, or there are too many classes to keep a prototype each",
        ),
        Suggestion(
            "multi_similarity",
            "weights pairs by how hard they are",
            ("labels",),
            output="a linear layer, compared by angle",
            unless="labels are noisy: wrong pairs are the hardest",
        ),
        Suggestion(
            "triplet",
            "relative distances; mine semi-hard triplets",
            ("labels",),
            output="a linear layer, normalised or not",
            unless="you cannot mine: most random triplets soon cost nothing",
        ),
        Suggestion(
            "contrastive",
            "pulls equal pairs together, others apart",
            ("pairs",),
            output="a linear layer; the margin is in its units",
            unless="classes differ in spread: one distance has to fit all",
        ),
        Suggestion(
            "cosine_embedding",
            "for directions: length stays free",
            ("pairs",),
            output="a linear layer of any length",
            unless="distances are compared later, not angles",
        ),
        Suggestion(
            "clip",
            "both directions between the two kinds",
            ("modalities",),
            output="two encoders, compared by angle, and a learned temperature",
            unless="the batch is small",
        ),
        Suggestion(
            "siglip",
            "every pair is a question of its own: needs no large batch",
            ("modalities", "small_batch"),
            output="two encoders, compared by angle, a learned scale and bias",
            unless="texts repeat within the batch: equal ones count as negatives",
        ),
        Suggestion(
            "vicreg",
            "no negatives: works in small batches",
            ("small_batch",),
            output="a linear layer, not normalised",
            unless="the batch has only a few rows: variances cannot be estimated",
        ),
        Suggestion(
            "barlow_twins",
            "no negatives: decorrelates dimensions",
            ("small_batch",),
            output="a linear layer, wide, not normalised",
            unless="embeddings have to be short: it wants many dimensions",
        ),
    ),
    "ranking": (
        Suggestion(
            "lambdarank",
            "aims at NDCG: mistakes at the top of the list cost most",
            output="one linear unit per item: a score",
            unless="you need a score that means something across lists",
        ),
        Suggestion(
            "listnet",
            "convex, and never tells items of equal relevance apart",
            output="one linear unit per item: a score",
            unless="only the first few places count",
        ),
        Suggestion(
            "listmle",
            "the likelihood of a whole order, for lists without ties",
            output="one linear unit per item: a score",
            unless="many items are equally relevant",
        ),
        Suggestion(
            "margin_ranking",
            "all that is known is which of two is better",
            ("pairs",),
            output="one linear unit per item: a score",
            unless="whole lists are judged: pairs then lose what is at the top",
        ),
    ),
    "preferences": (
        Suggestion(
            "dpo",
            "trains the policy on chosen and rejected answers directly",
            output="log-probabilities of whole answers, of policy and reference",
            unless="the choices are noisy or nearly all alike: it keeps widening the lead",
        ),
        Suggestion(
            "ipo",
            "stops at a finite lead, so noisy choices mislead it less than DPO; not bounded",
            ("noisy_labels",),
            output="log-probabilities of whole answers, of policy and reference",
            unless="answers differ much in length: it sums over tokens",
        ),
        Suggestion(
            "simpo",
            "as DPO, per token and without a reference to keep in memory",
            output="mean log-probabilities per token",
            unless="you have to stay near the model you started from",
        ),
        Suggestion(
            "orpo",
            "fine-tunes on the chosen answers and learns the choice in one go",
            output="mean log-probabilities per token",
            unless="the model has been fine-tuned already",
        ),
        Suggestion(
            "kto",
            "needs answers marked good or bad, not pairs of them",
            ("unpaired",),
            output="log-probabilities of whole answers, of policy and reference",
            unless="you have pairs: they say more",
        ),
        Suggestion(
            "reward_model",
            "first learn a reward from the choices",
            ("online",),
            output="one linear unit per answer: a reward",
            unless="a rule can check the answers: then no reward need be learned",
        ),
        Suggestion(
            "grpo",
            "then compare answers to one prompt: no critic to train",
            ("online",),
            output="log-probabilities per token, several answers a prompt",
            unless="all answers to a prompt get the same reward: nothing is learned",
        ),
        Suggestion(
            "ppo_clip",
            "then follow it, within a trust region",
            ("online",),
            output="log-probabilities per token, and a critic's value",
            unless="you cannot afford the critic",
        ),
        Suggestion(
            "kl_penalty",
            "and stay near the reference",
            ("online",),
            output="log-probabilities per token, of policy and reference",
            unless="alone: it is a term beside one of the others",
        ),
    ),
    "sequences": (
        Suggestion(
            "causal_lm",
            "predict the next token, from the left",
            output="a linear unit per token of the vocabulary: logits",
            unless="you have shifted the labels already: it shifts them",
        ),
        Suggestion(
            "linear_cross_entropy",
            "the same from hidden states: the logits exist for a few tokens at a time",
            ("many_classes",),
            output="hidden states, and the matrix of the last layer",
            unless="the logits fit into memory: then it only takes longer",
        ),
        Suggestion(
            "masked_lm",
            "fill in masked tokens, with both sides in view",
            output="a linear unit per token of the vocabulary: logits",
            unless="the model has to write",
        ),
        Suggestion(
            "ctc",
            "text from many more frames, with no alignment given",
            output="a linear unit per symbol and the blank: logits per frame",
            unless="the text may be longer than the frames, or out of their order",
        ),
    ),
    "generation": (
        Suggestion(
            "diffusion",
            "predict the noise: stable and of high quality",
            output="an output as large as the sample",
            unless="a sample has to come in one step",
        ),
        Suggestion(
            "elbo",
            "a latent code and a bound on the likelihood",
            output="mean and log-variance of the code; a decoder's logits or means",
            unless="samples have to be sharp",
        ),
        Suggestion(
            "gan_generator",
            "sharp samples in one step, from a game",
            output="the discriminator's logit of a generated sample",
            unless="all of the variety of the data has to come out, or time is short",
        ),
        Suggestion(
            "gan_discriminator",
            "the other player of that game",
            output="one linear unit: the logit of real against generated",
            unless="alone: it trains against a generator",
        ),
    ),
    "multitask": (
        Suggestion(
            "weighted_sum",
            "fixed weights that you can explain",
            output="a head per task",
            unless="the scales of the losses differ much and nobody can say what matters",
        ),
        Suggestion(
            "uncertainty_weighting",
            "learns the weights from the noise of each task",
            ("uncertainty",),
            output="a head per task, and a learned log-variance for each",
            unless="the noisy task is the one that matters: it gets the least weight",
        ),
    ),
}
