"""Losses for rare classes: class weights, focal losses and the asymmetric loss."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lossfns._arguments import WEIGHT_KINDS, Reduction, WeightKind, hint_one_class, number, one_of
from lossfns.numpy._classes import (
    Labels,
    class_rows,
    class_weight,
    distribution,
    inverse,
    labelled_rows,
    log_softmax,
    one_hot,
    per_class,
    pick,
    smoothed,
    times,
)
from lossfns.numpy._core import (
    Array,
    Evaluation,
    as_array,
    in_slices,
    loss,
    paired,
    real,
    reduced,
    within,
)
from lossfns.numpy._logits import sides


def class_weights(counts: ArrayLike, *, kind: WeightKind = "inverse", beta: float = 0.999) -> Array:
    """Weights of the classes from their counts, for the `weight` of a loss.

        inverse:       w_c = n / (C n_c),   n = Σ n_c
        inverse_sqrt:  w_c = √(n / (C n_c))
        effective:     w_c = (1 - β) / (1 - β^n_c), one over the effective number of examples

    Args:
        counts: examples of each class, > 0, length C.
        kind: "inverse", "inverse_sqrt" or "effective".
        beta: β in [0, 1), of "effective" only: 0 weighs all classes alike, towards 1 the weights
            become proportional to 1 / n_c.
    Returns:
        The weights, as the formulas give them. They do not sum to anything in particular, and
        need not: the mean of a weighted loss divides by the weights it used.
    Raises:
        TypeError, ValueError: counts that are not a list of numbers > 0, an unknown kind, beta
        outside [0, 1).
    Gradient:
        None: counts are data.
    Pitfall:
        A weighted model is trained as if the classes were equally frequent, and its probabilities
        are those of such a world.
    Reference:
        King & Zeng (2001), Logistic regression in rare events data, Political Analysis 9(2);
        effective: Cui et al. (2019), CVPR, arXiv:1901.05555.
    Chapter:
        class-weights
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.class_weights([900, 100]).round(4)
        array([0.5556, 5.    ])
        >>> ln.class_weights([1000, 100, 10], kind="inverse_sqrt").round(4)
        array([0.6083, 1.9235, 6.0828])
        >>> ln.class_weights([1000, 100, 10], kind="effective").round(4)
        array([0.0016, 0.0105, 0.1005])
    """
    one_of("kind", kind, WEIGHT_KINDS)
    number("beta", beta, at_least=0, below=1)
    counts = real("counts", counts)
    if counts.ndim != 1 or not counts.size:
        raise ValueError(f"counts must be a list of one count per class, got shape {counts.shape}")
    within("counts", counts, low=0.0, high=np.finfo(float).max, open_low=True)
    if kind == "effective":
        # 1 - β^n without cancellation, for few examples and β near 1.
        return np.asarray((beta - 1) / np.expm1(counts * (math.log(beta) if beta else -math.inf)))
    inverse = counts.mean() / counts
    return np.asarray(np.sqrt(inverse) if kind == "inverse_sqrt" else inverse)


@loss
def focal(
    probs: ArrayLike,
    target: ArrayLike,
    *,
    alpha: float | None = 0.25,
    gamma: float = 2.0,
    label_smoothing: float = 0.0,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Focal loss of probabilities: cross-entropy that looks away from what is already right.

        l = -α y (1 - p)^γ ln p - (1 - α) (1 - y) p^γ ln(1 - p)

    Args:
        probs: predicted probabilities of the positive class, in [0, 1], any shape.
        target: same shape, in [0, 1]: labels 0 and 1, or soft labels between them, which mix the
            two terms.
        alpha: α in [0, 1], the weight of the positive class; the negative one gets 1 - α. None
            weighs neither.
        gamma: γ ≥ 0, how strongly easy examples fade; 0 is cross-entropy.
        label_smoothing: ε in [0, 1], which draws y to (1 - ε) y + ε / 2, as in `bce_with_logits`.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, in nats. α and the fading do not enter the denominator of the mean; the paper
        divides the sum by the number of positive anchors.
    Raises:
        TypeError, ValueError: shapes differ, integer predictions, NaN, probs or target outside
        [0, 1], alpha or label_smoothing outside [0, 1], gamma < 0.
    Gradient:
        α (1 - p)^γ (γ ln p / (1 - p) - 1 / p) / n for the mean, where y = 1, and 0 at p = 0; for
        y = 0 the mirror image.
    Pitfall:
        A sigmoid that saturates to exactly 0 or 1 has lost the gradient: use `focal_with_logits`.
        An infinite loss has the slope 0 here, so that the logit behind it gets 0 and not NaN.
    Reference:
        Lin et al. (2017), Focal loss for dense object detection, ICCV, arXiv:1708.02002.
    Chapter:
        loss-focal
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.focal([0.9, 0.1], [1.0, 1.0], alpha=None, reduction="none").round(4)
        array([1.1000e-03, 1.8651e+00])
    """
    check_focal(alpha, gamma)
    probs, target, weight = paired(sample_weight, probs=probs, target=target)
    within("probs", probs, low=0.0, high=1.0, hint="for logits use focal_with_logits")
    within("target", target, low=0.0, high=1.0)
    positive, negative = _alpha_t(alpha, smoothed(target, label_smoothing))
    log_probs, log_rest, rest = np.log(probs), np.log1p(-probs), 1 - probs
    losses = -times(positive, rest**gamma * log_probs) - times(negative, probs**gamma * log_rest)

    def slope() -> Array:
        pushed = times(positive, _focal_push(probs, rest, log_probs, gamma))
        return pushed - times(negative, _focal_push(rest, probs, log_rest, gamma))

    return reduced(losses, reduction, weight, probs=slope)


@loss
def focal_with_logits(
    logits: ArrayLike,
    target: ArrayLike,
    *,
    alpha: float | None = 0.25,
    gamma: float = 2.0,
    label_smoothing: float = 0.0,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Focal loss of logits, with finite gradients for logits of any size.

        l = α y (1 - p)^γ softplus(-z) + (1 - α) (1 - y) p^γ softplus(z),   p = σ(z)

    Args:
        logits: floating point, any shape; the probability is the sigmoid of the logit.
        target: same shape, in [0, 1]: labels 0 and 1, or soft labels between them, which mix the
            two terms. (torchvision puts a soft label into one p_t, so that y = ½ is faded by ½^γ
            whatever is predicted.)
        alpha: α in [0, 1], the weight of the positive class; the negative one gets 1 - α. None
            weighs neither.
        gamma: γ ≥ 0, how strongly easy examples fade; 0 with alpha=None is `bce_with_logits`.
        label_smoothing: ε in [0, 1], which draws y to (1 - ε) y + ε / 2, as in `bce_with_logits`.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, in nats. α and the fading do not enter the denominator of the mean; the paper
        divides the sum by the number of positive anchors.
    Raises:
        TypeError, ValueError: shapes differ, integer predictions, NaN, targets outside [0, 1],
        alpha or label_smoothing outside [0, 1], gamma < 0.
    Gradient:
        -α (1 - p)^γ (1 - p - γ p ln p) / n for the mean, where y = 1; for y = 0 the mirror image.
    Pitfall:
        α = 0.25 weighs the rare positives *less*: γ = 2 has already silenced the easy negatives.
        Without γ it is the wrong way round.
    Reference:
        Lin et al. (2017), Focal loss for dense object detection, ICCV, arXiv:1708.02002.
    Chapter:
        loss-focal-with-logits
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.focal_with_logits([2.0, -2.0], [1.0, 1.0], reduction="none").round(4)
        array([0.0005, 0.4125])
        >>> ln.focal_with_logits.grad([1000.0], [1.0], gamma=0.5)
        array([0.])
    """
    check_focal(alpha, gamma)
    logits, target, weight = paired(sample_weight, logits=logits, target=target)
    within("target", target, low=0.0, high=1.0)
    target = smoothed(target, label_smoothing)
    losses, slope = sigmoid_focal(logits, target, alpha, gamma)
    return reduced(losses, reduction, weight, logits=slope)


@loss
def softmax_focal(
    logits: ArrayLike,
    target: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    alpha: ArrayLike | None = None,
    gamma: float = 2.0,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    axis: int = -1,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Focal loss of a softmax over classes.

        l = -Σ_c w_c α_c t_c (1 - p_c)^γ ln p_c,   p = softmax(z),   mean = Σ l / Σ Σ_c w_c t_c

    Args:
        logits: floating point, any shape with a class axis.
        target: integer labels, the shape of `logits` without its class axis; or floating-point
            distributions over the classes, the shape of `logits`.
        weight: w of each class, ≥ 0, length C; the mean divides by the weights it used, as that of
            `cross_entropy` does.
        alpha: α of each class, ≥ 0, length C, or one number for all: as `weight`, but the mean does
            not divide by it, as in the paper and in Keras, whose default is 0.25. MONAI's number
            is for the classes from 1 on; class 0 gets 1 - α.
        gamma: γ ≥ 0, how strongly easy examples fade; 0 is `cross_entropy`, mean included.
        ignore_index: integer label of items to leave out.
        label_smoothing: ε in [0, 1], spread over all C classes as in `cross_entropy`.
        axis: the class axis.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, in nats, one per item. Versions that average over the entries of one-hot rows
        return 1/C of it.
    Raises:
        TypeError, ValueError: shapes do not fit, labels out of range, targets that are not
        distributions, NaN, negative weight, alpha or gamma, label_smoothing outside [0, 1].
    Gradient:
        (1 - p_y)^γ (1 - p_y - γ p_y ln p_y) (s - onehot(y)) / n for the mean of labels without
        weights, where s is the softmax of the other classes alone. Of distributions p_k Σ_c g_c -
        g_k, with g_c = t_c (1 - p_c)^γ (1 - γ p_c ln p_c / (1 - p_c)).
    Pitfall:
        With two classes it is the binary focal loss of the difference of the logits, without α. A
        soft label fades class by class: at p = t the slope is not 0, and γ > 0 pulls towards even
        odds.
    Reference:
        Lin et al. (2017), Focal loss for dense object detection, ICCV, arXiv:1708.02002.
    Chapter:
        loss-softmax-focal
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.softmax_focal([[2.0, 1.0, 0.1]], [0]), 4)
        0.0485
        >>> round(ln.softmax_focal([[2.0, 1.0, 0.1]], [0], gamma=0.0), 4)
        0.417
        >>> round(ln.softmax_focal([[2.0, 1.0, 0.1]], [0], alpha=[0.5, 1.0, 1.0]), 4)
        0.0242
        >>> round(ln.softmax_focal([[2.0, 1.0, 0.1]], [0], weight=[0.5, 1.0, 1.0]), 4)
        0.0485
    """
    number("gamma", gamma, at_least=0, below=math.inf)
    return _class_focal(
        *(logits, target, weight, alpha, gamma, 0.0, ignore_index, label_smoothing, axis),
        reduction,
        sample_weight,
    )


@loss
def class_balanced_focal(
    logits: ArrayLike,
    target: ArrayLike,
    *,
    class_counts: ArrayLike,
    beta: float = 0.999,
    gamma: float = 2.0,
    ignore_index: int = -100,
    axis: int = -1,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Class-balanced focal loss: one sigmoid per class, weighted by effective numbers.

        l = w_y Σ_c (1 - q_c)^γ (-ln q_c),   q_c = σ(z_c) if c = y, else σ(-z_c)
        w ∝ (1 - β) / (1 - β^n_c),   Σ_c w_c = C

    Args:
        logits: floating point, any shape with a class axis; one-vs-all, not softmax, scores.
        target: integer labels, the shape of `logits` without its class axis.
        class_counts: examples of each class in the training set, > 0, length C.
        beta: β in [0, 1); 0 weighs all classes alike, towards 1 by inverse frequency.
        gamma: γ ≥ 0, how strongly easy examples fade.
        ignore_index: label of items to leave out.
        axis: the class axis.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, in nats, summed over the classes. As in the authors' code the weights are scaled
        to sum to C over the classes, and the mean divides by the number of items, not by their
        weights.
    Raises:
        TypeError, ValueError: shapes do not fit, labels out of range, NaN, counts ≤ 0, beta
        outside [0, 1), gamma < 0.
    Gradient:
        That of `focal_with_logits` for every class, times w_y, over n.
    Pitfall:
        Start with output biases of -ln(C - 1), or the sum over C sigmoids at ½ dwarfs the signal.
    Reference:
        Cui et al. (2019), Class-balanced loss based on effective number of samples, CVPR,
        arXiv:1901.05555.
    Chapter:
        loss-class-balanced-focal
    Example:
        >>> import lossfns.numpy as ln
        >>> settings = dict(class_counts=[900, 100], reduction="none")
        >>> ln.class_balanced_focal([[0.0, 0.0]] * 2, [0, 1], **settings).round(4)
        array([0.0958, 0.5973])
    """
    number("beta", beta, at_least=0, below=1)
    number("gamma", gamma, at_least=0, below=math.inf)
    rows, labels, share = labelled_rows(axis, sample_weight, ignore_index, target, logits=logits)
    counts = per_class("class_counts", class_counts, rows)
    within("class_counts", counts, low=0.0, open_low=True)
    weights = class_weights(counts, kind="effective", beta=beta)
    per_label = (weights / weights.mean())[labels]
    side = 2 * one_hot(labels, rows.shape[-1]) - 1
    losses, pull = _focal_term(side * rows, gamma)
    return reduced(
        per_label * losses.sum(axis=-1),
        reduction,
        share,
        axis=axis,
        logits=lambda: per_label[..., None] * side * pull(),
    )


@loss
def asymmetric(
    logits: ArrayLike,
    target: ArrayLike,
    *,
    gamma_pos: float = 0.0,
    gamma_neg: float = 4.0,
    margin: float = 0.05,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Asymmetric loss for many labels of which few apply: negatives fade faster, then vanish.

        l = y (1 - p)^γ₊ (-ln p) + (1 - y) p_m^γ₋ (-ln(1 - p_m)),   p_m = max(p - m, 0),   p = σ(z)

    Args:
        logits: floating point, any shape; one sigmoid per label.
        target: same shape, in [0, 1]: labels 0 and 1, or soft labels between them.
        gamma_pos: γ₊ ≥ 0, fading of the easy positives.
        gamma_neg: γ₋ ≥ 0, fading of the easy negatives.
        margin: m in [0, 1); negatives with p ≤ m cost nothing.
        reduction, sample_weight: as for every loss, see the package's documentation. The authors'
            code adds up all labels and items: "sum".
    Returns:
        The loss, in nats. gamma_pos = gamma_neg and margin = 0 is `focal_with_logits` without α.
    Raises:
        TypeError, ValueError: shapes differ, integer predictions, NaN, targets outside [0, 1],
        gamma < 0, margin outside [0, 1).
    Gradient:
        That of the formula. The authors' code by default treats the two fading factors as
        constants, which is another gradient.
    Pitfall:
        A mislabelled negative is rejected too: for p near 1 its gradient shrinks, as intended.
    Reference:
        Ridnik et al. (2021), Asymmetric loss for multi-label classification, ICCV,
        arXiv:2009.14119.
    Chapter:
        loss-asymmetric
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.asymmetric([0.0, 0.0, -3.0], [1.0, 0.0, 0.0], reduction="none").round(4)
        array([0.6931, 0.0245, 0.    ])
    """
    number("gamma_pos", gamma_pos, at_least=0, below=math.inf)
    number("gamma_neg", gamma_neg, at_least=0, below=math.inf)
    number("margin", margin, at_least=0, below=1)
    logits, target, weight = paired(sample_weight, logits=logits, target=target)
    within("target", target, low=0.0, high=1.0)
    negative = 1 - target
    missed, missed_slope = _focal_term(logits, gamma_pos)
    if margin:
        alarmed, alarmed_slope = _shifted_term(logits, gamma_neg, margin)
    else:
        alarmed, fall = _focal_term(-logits, gamma_neg)

        def alarmed_slope() -> Array:
            return -fall()

    return reduced(
        times(target, missed) + times(negative, alarmed),
        reduction,
        weight,
        logits=lambda: target * missed_slope() + negative * alarmed_slope(),
    )


@loss
def poly1_cross_entropy(
    logits: ArrayLike,
    target: ArrayLike,
    *,
    epsilon: float = 2.0,
    weight: ArrayLike | None = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    axis: int = -1,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """PolyLoss of cross-entropy: the first term of its series in 1 - p gets a weight of its own.

        l = Σ_c w_c t_c (-ln p_c + ε (1 - p_c)),   p = softmax(z),   mean = Σ l / Σ Σ_c w_c t_c
        -ln p + ε (1 - p) = (1 + ε) (1 - p) + (1 - p)² / 2 + (1 - p)³ / 3 + …

    Args:
        logits: floating point, any shape with a class axis.
        target: integer labels, the shape of `logits` without its class axis; or floating-point
            distributions over the classes, the shape of `logits`.
        epsilon: ε ≥ -1. 2 is the paper's for ImageNet and optax's default, -1 its value for
            instance segmentation; above 0 sure predictions become surer, below 0 less sure.
        weight: of each class, ≥ 0, length C.
        ignore_index: integer label of items to leave out.
        label_smoothing: of the target, in both terms, see `cross_entropy`.
        axis: the class axis; PyTorch puts the classes on axis 1.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss; at ε = 0 it is `cross_entropy`, mean included.
    Raises:
        TypeError, ValueError: shapes do not fit, labels out of range, targets that are not
        distributions, NaN, epsilon < -1, label_smoothing outside [0, 1], negative weight.
    Gradient:
        (1 + ε p_y) (p - onehot(y)) / n for the mean of labels, without weights.
    Pitfall:
        The gradient grows up to (1 + ε) times where the model is right, not where it is wrong: with
        ε > 0 lower the learning rate before you compare.
    Reference:
        Leng et al. (2022), PolyLoss, ICLR, arXiv:2204.12511.
    Chapter:
        loss-poly1-cross-entropy
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.poly1_cross_entropy([[2.0, 1.0, 0.1]], [0]), 4)    # 0.417 + 2 · 0.341
        1.099
    """
    number("epsilon", epsilon, at_least=-1, below=math.inf)
    return _class_focal(
        *(logits, target, weight, None, 0.0, epsilon, ignore_index, label_smoothing, axis),
        reduction,
        sample_weight,
    )


@loss
def poly1_focal_with_logits(
    logits: ArrayLike,
    target: ArrayLike,
    *,
    epsilon: float = 1.0,
    alpha: float | None = 0.25,
    gamma: float = 2.0,
    label_smoothing: float = 0.0,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """PolyLoss of the focal loss of logits: its first term in 1 - p gets a weight of its own.

        l = α y (1 - p)^γ (-ln p + ε (1 - p)) + (1 - α) (1 - y) p^γ (-ln(1 - p) + ε p),   p = σ(z)

    Args:
        logits: floating point, any shape; the probability is the sigmoid of the logit.
        target: same shape, in [0, 1]: labels 0 and 1, or soft labels between them, which mix the
            two terms.
        epsilon: ε ≥ -1; 0 is `focal_with_logits`.
        alpha: α in [0, 1], the weight of the positive class; the negative one gets 1 - α. None
            weighs neither. As in the paper's code it weighs both terms; many ports to PyTorch
            leave it out of the second.
        gamma: γ ≥ 0, how strongly easy examples fade.
        label_smoothing: ε in [0, 1], which draws y to (1 - ε) y + ε / 2, as in `bce_with_logits`.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss. α and the fading do not enter the denominator of the mean.
    Raises:
        TypeError, ValueError: shapes differ, integer predictions, NaN, targets outside [0, 1],
        alpha or label_smoothing outside [0, 1], gamma < 0, epsilon < -1.
    Gradient:
        That of `focal_with_logits`, plus -ε α (γ + 1) p (1 - p)^(γ + 1) / n for the mean, where
        y = 1; for y = 0 the mirror image.
    Pitfall:
        ε must be looked for task by task: its sign differs between the paper's own.
    Reference:
        Leng et al. (2022), PolyLoss, ICLR, arXiv:2204.12511.
    Chapter:
        loss-poly1-focal-with-logits
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.poly1_focal_with_logits([2.0, -2.0], [1.0, 1.0], reduction="none").round(4)
        array([0.0009, 0.5834])
    """
    check_focal(alpha, gamma)
    number("epsilon", epsilon, at_least=-1, below=math.inf)
    logits, target, weight = paired(sample_weight, logits=logits, target=target)
    within("target", target, low=0.0, high=1.0)
    target = smoothed(target, label_smoothing)
    losses, slope = sigmoid_focal(logits, target, alpha, gamma, epsilon)
    return reduced(losses, reduction, weight, logits=slope)


def sigmoid_focal(
    logits: Array, target: Array, alpha: float | None, gamma: float, epsilon: float = 0.0
) -> tuple[Array, Callable[[], Array]]:
    """Focal losses of arguments that have been checked, and the slope; `retinanet` adds them up.

    With an epsilon they are those of Poly-1, as in the other cores.
    """

    def core(z: Array, y: Array) -> tuple[Array, Callable[[], Array]]:
        positive, negative = _alpha_t(alpha, y)
        p, rest, hit, reject = sides(z)
        losses = times(positive, _fade(rest, gamma) * _poly(hit, rest, epsilon))
        losses += times(negative, _fade(p, gamma) * _poly(reject, p, epsilon))

        def slope() -> Array:
            pulled = negative * _fade(p, gamma) * _steepness(reject, rest, p, gamma, epsilon)
            pushed = positive * _fade(rest, gamma) * _steepness(hit, p, rest, gamma, epsilon)
            return np.asarray(pulled - pushed)

        return losses, slope

    return in_slices(core, logits, target)


def label_focal(
    rows: Array, labels: Labels, gamma: float, epsilon: float = 0.0
) -> tuple[Array, Callable[[], Array]]:
    """Focal losses of a softmax over classes, and the slope by the logits."""
    own = one_hot(labels, rows.shape[-1])
    log_odds, rivals = _against_rivals(rows, own, labels)
    losses, pull = _focal_term(log_odds, gamma, epsilon)
    return losses, lambda: pull()[..., None] * (own - rivals)


def check_focal(alpha: float | None, gamma: float) -> None:
    if alpha is not None:
        number("alpha", alpha, at_least=0, at_most=1)
    number("gamma", gamma, at_least=0, below=math.inf)


def _alpha_t(alpha: float | None, target: Array) -> tuple[Array, Array]:
    """The weights of the positive and of the negative term."""
    if alpha is None:
        return target, 1 - target
    return alpha * target, (1 - alpha) * (1 - target)


def _focal_push(p: Array, rest: Array, log_p: Array, gamma: float) -> Array:
    """d/dp of -(1 - p)^γ ln p; the fraction ln p / (1 - p) is -1 in the limit p = 1.

    Where p has underflowed it is given as 0, as that of ln p.
    """
    gone = p < np.finfo(np.float64).tiny
    pull = gamma * np.where(rest == 0, -1.0, log_p / rest) if gamma else 0.0
    return np.where(gone, 0.0, rest**gamma * (pull - inverse(p)))


def _class_focal(
    logits: ArrayLike,
    target: ArrayLike,
    weight: ArrayLike | None,
    alpha: ArrayLike | None,
    gamma: float,
    epsilon: float,
    ignore_index: int,
    label_smoothing: float,
    axis: int,
    reduction: Reduction,
    sample_weight: ArrayLike | None,
) -> Evaluation:
    """Focal losses over classes, of labels or of distributions."""
    number("label_smoothing", label_smoothing, at_least=0, at_most=1)
    logits, target = real("logits", logits, floating=True), as_array("target", target)
    if target.dtype.kind == "f" and target.ndim == logits.ndim:
        rows, soft, share = class_rows(axis, sample_weight, logits=logits, target=target)
        hint_one_class("logits", rows.shape[-1], frames=6)
        distribution("target", soft)
    else:
        rows, labels, share = labelled_rows(
            axis, sample_weight, ignore_index, target, frames=7, logits=logits
        )
        if not label_smoothing:
            own = class_weight(weight, rows)[labels]
            focused = own * _class_alpha(alpha, rows)[labels]
            losses, pull = label_focal(rows, labels, gamma, epsilon)
            return reduced(
                times(focused, losses),
                reduction,
                share,
                mass=own,
                axis=axis,
                logits=lambda: focused[..., None] * pull(),
            )
        soft = one_hot(labels, rows.shape[-1])
    soft = (1 - label_smoothing) * soft + label_smoothing / rows.shape[-1]
    soft = class_weight(weight, rows) * soft
    losses, slope = _soft_focal(rows, _class_alpha(alpha, rows) * soft, gamma, epsilon)
    return reduced(losses, reduction, share, mass=soft.sum(axis=-1), axis=axis, logits=slope)


def _class_alpha(alpha: ArrayLike | None, rows: Array) -> Array:
    """Check the factors of the classes; without any, all are 1."""
    if alpha is None or not np.ndim(alpha):
        factor: Any = 1.0 if alpha is None else alpha
        number("alpha", factor, at_least=0)
        return np.full(rows.shape[-1], factor)
    factors = per_class("alpha", alpha, rows)
    within("alpha", factors, low=0.0)
    return factors


def _soft_focal(
    rows: Array, soft: Array, gamma: float, epsilon: float
) -> tuple[Array, Callable[[], Array]]:
    """Focal losses of a softmax against shares of every class, and the slope by the logits."""
    log_probs = log_softmax(rows)
    probs = np.exp(log_probs)
    # 1 - p and ln p cancel only for the likeliest class, of which 1 - p is the sum of the others.
    likeliest = one_hot(rows.argmax(axis=-1), rows.shape[-1])
    others = (probs * (1 - likeliest)).sum(axis=-1, keepdims=True)
    rest = np.where(likeliest == 1, others, 1 - probs)
    surprise = -np.where((likeliest == 1) & (others < 0.5), np.log1p(-others), log_probs)
    losses = times(soft * _fade(rest, gamma), _poly(surprise, rest, epsilon))

    def slope() -> Array:
        steep = _steepness(surprise, probs, rest, gamma, epsilon) / rest
        # The limit p = 1, where -ln p / (1 - p) is 1.
        steep = np.where(rest == 0, (1 + epsilon) * (1 + gamma), steep)
        pull = soft * _fade(rest, gamma) * steep
        # By ln p it is -pull, and ln p by the logits is own less softmax.
        return np.asarray(probs * pull.sum(axis=-1, keepdims=True) - pull)

    return losses.sum(axis=-1), slope


def _focal_term(
    log_odds: Array, gamma: float, epsilon: float = 0.0
) -> tuple[Array, Callable[[], Array]]:
    """Focal loss of what happened, by its log-odds, and the slope."""
    p, rest, surprise, _ = sides(log_odds)
    fade = _fade(rest, gamma)
    losses = fade * _poly(surprise, rest, epsilon)
    return losses, lambda: -fade * _steepness(surprise, p, rest, gamma, epsilon)


def _poly(surprise: Array, rest: Array, epsilon: float) -> Array:
    """-ln p + ε (1 - p)."""
    return _beyond_first(surprise, rest) + (1 + epsilon) * rest if epsilon else surprise


def _steepness(surprise: Array, p: Array, rest: Array, gamma: float, epsilon: float) -> Array:
    """1 - p - γ p ln p + ε (γ + 1) p (1 - p): how fast the log-odds lower an unfaded loss."""
    if not epsilon:
        return np.asarray(rest + gamma * times(p, surprise))
    first = rest * (rest + (1 + epsilon) * (gamma + 1) * p)
    return np.asarray(first + gamma * times(p, _beyond_first(surprise, rest)))


def _beyond_first(surprise: Array, rest: Array) -> Array:
    """-ln p - (1 - p): all of the series Σ (1 - p)^k / k but its first term.

    The difference cancels near p = 1. There the series is summed; below 1/16 its 15th term is
    beyond the digits of float64.
    """
    small, series = np.minimum(rest, 1 / 16), np.zeros(())
    for k in range(15, 1, -1):
        series = series * small + 1 / k
    return np.where(rest < 1 / 16, series * small**2, surprise - rest)


def _fade(rest: Array, gamma: float) -> Array:
    """(1 - p)^γ; multiplying is faster than the power."""
    return rest * rest if gamma == 2 else np.asarray(rest**gamma)


def _shifted_term(z: Array, gamma: float, margin: float) -> tuple[Array, Callable[[], Array]]:
    """Loss and slope of a negative whose probability is lowered by a margin > 0."""
    p, rest, _, _ = sides(z)
    shifted = np.maximum(p - margin, 0)
    # 1 - p + m for p near 1, where 1 - p_m would cancel; ln(1 - p_m) as log1p for the others.
    left = np.where(p > 0.5, np.minimum(rest + margin, 1), 1 - shifted)
    surprise = -np.where(p > 0.5, np.log(left), np.log1p(-shifted))

    def slope() -> Array:
        # With s = -ln(1 - p_m): p_m^γ (γ s / p_m + 1 / (1 - p_m)) dp, and dp = p (1 - p) dz.
        pull = gamma * np.where(shifted == 0, 1.0, surprise / shifted) if gamma else 0.0
        return np.asarray(
            shifted**gamma * (pull + 1 / left) * p * rest * np.heaviside(p - margin, 0.5)
        )

    return shifted**gamma * surprise, slope


def _against_rivals(rows: Array, own: Array, labels: Labels) -> tuple[Array, Array]:
    """The label against all its rivals as a binary problem, and the softmax of the rivals alone.

    Its log-odds are z_y - ln Σ_{j≠y} e^{z_j}; by them ln p_y and ln(1 - p_y) are exact, however
    sure the model is.
    """
    rivals = np.where(own == 1, -np.inf, rows)
    top = rivals.max(axis=-1, keepdims=True)
    top = np.where(top == -np.inf, 0.0, top)
    parts = np.exp(rivals - top)
    total = parts.sum(axis=-1)
    share = parts / np.where(total == 0, 1.0, total)[..., None]
    return np.asarray(pick(rows, labels) - top[..., 0] - np.log(total)), share
