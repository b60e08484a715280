"""Classification losses of probabilities and of logits; those of margins are in `margins`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from lossfns._arguments import Reduction, hint_one_class, number
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


@loss
def bce(
    probs: ArrayLike,
    target: ArrayLike,
    *,
    label_smoothing: float = 0.0,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Binary cross-entropy of probabilities: the negative log-likelihood of a Bernoulli variable.

        l = -(y ln p + (1 - y) ln(1 - p))

    Args:
        probs: predicted probabilities of the positive class, in [0, 1], any shape.
        target: same shape, in [0, 1]: labels 0 and 1, or soft labels between them.
        label_smoothing: ε in [0, 1], which draws y to (1 - ε) y + ε / 2, as in `bce_with_logits`.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, in nats. It is exact: infinite where the model rules out what happened. PyTorch
        stops at 100, Keras at 16.1 (it clips probabilities at 1e-7).
    Raises:
        TypeError, ValueError: shapes differ, integer predictions, NaN, values outside [0, 1],
        label_smoothing included.
    Gradient:
        (p - y) / (p (1 - p)) / n for the mean; 0 where the model rules out what happened.
    Pitfall:
        A sigmoid that saturates to exactly 0 or 1 has lost the gradient: use `bce_with_logits`.
        The infinite loss has an infinite slope, given as 0 here, so that the logit behind it gets 0
        and not NaN. In PyTorch, whose loss stops at 100, the slope stops at 1e12, and the logit
        gets 0 as well.
    Reference:
        Good (1952), Rational decisions, Journal of the Royal Statistical Society B 14(1).
    Chapter:
        loss-bce
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.bce([0.5, 1.0], [1.0, 1.0], reduction="none").round(4)
        array([0.6931, 0.    ])
    """
    probs, target, weight = paired(sample_weight, probs=probs, target=target)
    within("probs", probs, low=0.0, high=1.0, hint="for logits use bce_with_logits")
    within("target", target, low=0.0, high=1.0)
    target = smoothed(target, label_smoothing)
    losses, slope = binary_surprise_of_probs(probs, target)
    return reduced(losses, reduction, weight, probs=slope)


@loss
def bce_with_logits(
    logits: ArrayLike,
    target: ArrayLike,
    *,
    pos_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Binary cross-entropy of logits, stable for logits of any size.

        l = w₊ y softplus(-z) + (1 - y) softplus(z),   softplus(z) = ln(1 + e^z)

    Args:
        logits: floating point, any shape; the probability is the sigmoid of the logit.
        target: same shape, in [0, 1]: labels 0 and 1, or soft labels between them.
        pos_weight: w₊ ≥ 0, a number, or one per label along the last axis (PyTorch broadcasts it;
            here labels on axis 1 are moved last first). It scales the positive term and does not
            enter the denominator of the mean, as in PyTorch.
        label_smoothing: ε in [0, 1], which draws y to (1 - ε) y + ε / 2, as in Keras, and as
            `cross_entropy` does with two classes. PyTorch has none: it takes soft labels.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, in nats; 0 for an infinite logit of the right sign, where PyTorch gives NaN.
    Raises:
        TypeError, ValueError: shapes differ, integer predictions, NaN, targets outside [0, 1],
        negative pos_weight, label_smoothing outside [0, 1].
    Gradient:
        (σ(z) - y) / n for the mean, without pos_weight.
    Pitfall:
        Fed with probabilities it trains, slowly and wrongly: a sigmoid of a sigmoid.
    Reference:
        Good (1952), Rational decisions, Journal of the Royal Statistical Society B 14(1).
    Chapter:
        loss-bce-with-logits
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.bce_with_logits([0.0, -1000.0], [1.0, 1.0], reduction="none").round(4)
        array([6.931e-01, 1.000e+03])
        >>> ln.bce_with_logits.grad([0.0, -1000.0], [1.0, 1.0])
        array([-0.25, -0.5 ])
    """
    logits, target, weight = paired(sample_weight, logits=logits, target=target)
    within("target", target, low=0.0, high=1.0)
    target = smoothed(target, label_smoothing)
    positive = target
    if pos_weight is not None:
        positive = target * _positive_weight(pos_weight, logits.shape)
    losses, slope = in_slices(
        lambda z, y, of_positive: binary_surprise(z, of_positive, 1 - y), logits, target, positive
    )
    return reduced(losses, reduction, weight, logits=slope)


@loss
def categorical_cross_entropy(
    probs: ArrayLike,
    target: ArrayLike,
    *,
    axis: int = -1,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Cross-entropy of predicted probabilities against one-hot or soft targets.

        l = -Σ_c t_c ln p_c

    Args:
        probs: probabilities that sum to 1 over the class axis, any shape.
        target: same shape: one-hot rows, or distributions.
        axis: the class axis.
        reduction, sample_weight: as for every loss; the losses have the shape without that axis.
    Returns:
        The loss, in nats; infinite where the model rules out what happened.
    Raises:
        TypeError, ValueError: shapes differ, rows that are not distributions, NaN.
    Gradient:
        -t / p / n for the mean; 0 where p is 0.
    Pitfall:
        For logits use `cross_entropy`: a softmax followed by a logarithm loses what it need not.
        Where p has underflowed to 0 the slope is infinite, and given as 0, so that the logits get
        no NaN; PyTorch's `nll_loss` of `probs.log()` gives them NaN.
    Reference:
        Bridle (1990), Probabilistic interpretation of feedforward classification network outputs,
        Neurocomputing: Algorithms, Architectures and Applications.
    Chapter:
        loss-categorical-cross-entropy
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.categorical_cross_entropy([[0.7, 0.2, 0.1]], [[1.0, 0.0, 0.0]]), 4)
        0.3567
    """
    probs, target, weight = class_rows(axis, sample_weight, probs=probs, target=target)
    hint_one_class("probs", probs.shape[-1], frames=5)
    distribution("probs", probs, hint="for logits use cross_entropy")
    distribution("target", target)
    losses = -times(target, np.log(probs)).sum(axis=-1)
    return reduced(losses, reduction, weight, axis=axis, probs=lambda: -target * inverse(probs))


@loss
def sparse_categorical_cross_entropy(
    probs: ArrayLike,
    target: ArrayLike,
    *,
    ignore_index: int = -100,
    axis: int = -1,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Cross-entropy of predicted probabilities against integer labels.

        l = -ln p_y

    Args:
        probs: probabilities that sum to 1 over the class axis, any shape.
        target: integer labels, the shape of `probs` without its class axis.
        ignore_index: label of items to leave out.
        axis: the class axis.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, in nats; infinite where the model rules out what happened.
    Raises:
        TypeError, ValueError: shapes do not fit, labels that are not integers or out of range,
        rows that are not distributions, NaN.
    Gradient:
        -1 / p_y / n for the labelled class and 0 for the others; 0 where p_y is 0.
    Pitfall:
        The same number as `categorical_cross_entropy` on one-hot rows, in 1/C of the memory. Where
        p_y has underflowed to 0 the slope is infinite, and given as 0, so that the logits get no
        NaN; PyTorch's `nll_loss` of `probs.log()` gives them NaN.
    Reference:
        Bridle (1990), Probabilistic interpretation of feedforward classification network outputs,
        Neurocomputing: Algorithms, Architectures and Applications.
    Chapter:
        loss-sparse-categorical-cross-entropy
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.sparse_categorical_cross_entropy([[0.7, 0.2, 0.1]], [0]), 4)
        0.3567
    """
    rows, labels, weight = labelled_rows(axis, sample_weight, ignore_index, target, probs=probs)
    distribution("probs", rows, hint="for logits use cross_entropy")

    def slope() -> Array:
        return -one_hot(labels, rows.shape[-1]) * inverse(rows)

    return reduced(-np.log(pick(rows, labels)), reduction, weight, axis=axis, probs=slope)


@loss
def cross_entropy(
    logits: ArrayLike,
    target: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    axis: int = -1,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Softmax cross-entropy of logits against integer labels or soft targets.

        l = -Σ_c w_c t_c ln softmax(z)_c,   mean = Σ l / Σ Σ_c w_c t_c

    Args:
        logits: floating point, any shape with a class axis.
        target: integer labels, the shape of `logits` without its class axis; or floating-point
            distributions over the classes, the shape of `logits`.
        weight: of each class, ≥ 0, length C.
        ignore_index: integer label of items to leave out.
        label_smoothing: ε in [0, 1], spread over all C classes: t becomes (1 - ε) t + ε / C. The
            other convention, ε shared by the C - 1 wrong classes, is ε C / (C - 1) here.
        axis: the class axis; PyTorch puts the classes on axis 1.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, in nats. Labels and the same labels as one-hot rows give the same number under
        class weights and smoothing; in PyTorch they do not, as its soft targets are averaged over
        the number of items and its smoothed labels over the unsmoothed weights.
    Raises:
        TypeError, ValueError: shapes do not fit, labels out of range, targets that are not
        distributions, NaN, label_smoothing outside [0, 1], negative weight.
    Gradient:
        (softmax(z) - t) / n for the mean, without weights.
    Pitfall:
        It contains the softmax. Feeding it probabilities applies the softmax twice. Of one class
        alone it is always 0, with a warning: for yes or no use `bce_with_logits`.
    Reference:
        Bridle (1990), Probabilistic interpretation of feedforward classification network outputs;
        label smoothing: Szegedy et al. (2016), CVPR, arXiv:1512.00567.
    Chapter:
        loss-cross-entropy
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.cross_entropy([[2.0, 1.0, 0.1]], [0]), 4)
        0.417
        >>> ln.cross_entropy.grad([[2.0, 1.0, 0.1]], [0]).round(4)
        array([[-0.341 ,  0.2424,  0.0986]])
    """
    number("label_smoothing", label_smoothing, at_least=0, at_most=1)
    logits, target = real("logits", logits, floating=True), as_array("target", target)
    if target.dtype.kind == "f" and target.ndim == logits.ndim:
        rows, soft, share = class_rows(axis, sample_weight, logits=logits, target=target)
        hint_one_class("logits", rows.shape[-1], frames=5)
        distribution("target", soft)
    else:
        rows, labels, share = labelled_rows(
            axis, sample_weight, ignore_index, target, logits=logits
        )
        if not label_smoothing:
            own = class_weight(weight, rows)[labels]
            return _label_cross_entropy(rows, labels, own, reduction, share, axis)
        soft = one_hot(labels, rows.shape[-1])
    soft = class_weight(weight, rows) * (
        (1 - label_smoothing) * soft + label_smoothing / rows.shape[-1]
    )
    log_probs, mass = log_softmax(rows), soft.sum(axis=-1)
    return reduced(
        -times(soft, log_probs).sum(axis=-1),
        reduction,
        share,
        mass=mass,
        axis=axis,
        logits=lambda: mass[..., None] * np.exp(log_probs) - soft,
    )


@loss
def generalized_cross_entropy(
    logits: ArrayLike,
    target: ArrayLike,
    *,
    q: float = 0.7,
    ignore_index: int = -100,
    axis: int = -1,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Generalized cross-entropy for noisy labels: between cross-entropy and absolute error.

        l = (1 - p_y^q) / q,   p = softmax(z)

    Args:
        logits: floating point, any shape with a class axis.
        target: integer labels, the shape of `logits` without its class axis.
        q: in (0, 1]; towards 0 it is cross-entropy, at 1 it is half the L1 distance.
        ignore_index: label of items to leave out.
        axis: the class axis.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, between 0 and 1 / q.
    Raises:
        TypeError, ValueError: shapes do not fit, labels out of range, NaN, q outside (0, 1].
    Gradient:
        p_y^q (p - onehot(y)) / n for the mean.
    Pitfall:
        Near q = 1 with many classes training barely starts: p_y^q is tiny everywhere.
    Reference:
        Zhang & Sabuncu (2018), NeurIPS, arXiv:1805.07836.
    Chapter:
        loss-generalized-cross-entropy
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.generalized_cross_entropy([[0.0, 0.0]], [1], q=1.0)
        0.5
    """
    number("q", q, above=0, at_most=1)
    rows, labels, weight = labelled_rows(axis, sample_weight, ignore_index, target, logits=logits)
    log_probs = log_softmax(rows)
    log_own = pick(log_probs, labels)
    return reduced(
        -np.expm1(q * log_own) / q,
        reduction,
        weight,
        axis=axis,
        # (1 - p^q) / q by ln p: -p^q; and ln p by the logits: the label less the softmax.
        logits=lambda: (
            np.exp(q * log_own)[..., None] * (np.exp(log_probs) - one_hot(labels, rows.shape[-1]))
        ),
    )


@loss
def symmetric_cross_entropy(
    logits: ArrayLike,
    target: ArrayLike,
    *,
    alpha: float = 0.1,
    beta: float = 1.0,
    log_zero: float = -4.0,
    ignore_index: int = -100,
    axis: int = -1,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Symmetric cross-entropy for noisy labels: cross-entropy plus its reverse.

        l = -α ln p_y - β A (1 - p_y),   p = softmax(z),   A standing for ln 0

    Args:
        logits: floating point, any shape with a class axis.
        target: integer labels, the shape of `logits` without its class axis.
        alpha: weight of the cross-entropy, ≥ 0.
        beta: weight of the reverse cross-entropy, ≥ 0.
        log_zero: A < 0.
        ignore_index: label of items to leave out.
        axis: the class axis.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, in nats. The defaults are the paper's for CIFAR-10.
    Raises:
        TypeError, ValueError: shapes do not fit, labels out of range, NaN, negative alpha or beta,
        log_zero ≥ 0.
    Gradient:
        (α - β A p_y) (p - onehot(y)) / n for the mean.
    Pitfall:
        beta and log_zero only enter as their product: tune one of them.
    Reference:
        Wang et al. (2019), ICCV, arXiv:1908.06112.
    Chapter:
        loss-symmetric-cross-entropy
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.symmetric_cross_entropy([[0.0, 0.0]], [1], alpha=0.0)
        2.0
    """
    number("alpha", alpha, at_least=0)
    number("beta", beta, at_least=0)
    number("log_zero", log_zero, below=0)
    rows, labels, weight = labelled_rows(axis, sample_weight, ignore_index, target, logits=logits)
    log_probs = log_softmax(rows)
    log_own = pick(log_probs, labels)
    # 1 - p_y without cancellation for a confident model.
    losses = -alpha * log_own + beta * log_zero * np.expm1(log_own)

    def slope() -> Array:
        pull = alpha - beta * log_zero * np.exp(log_own)
        return pull[..., None] * (np.exp(log_probs) - one_hot(labels, rows.shape[-1]))

    return reduced(losses, reduction, weight, axis=axis, logits=slope)


@loss
def logit_adjusted_cross_entropy(
    logits: ArrayLike,
    target: ArrayLike,
    *,
    class_counts: ArrayLike,
    tau: float = 1.0,
    ignore_index: int = -100,
    axis: int = -1,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Cross-entropy of logits shifted by the log-frequency of each class, for long tails.

        l = -ln softmax(z + τ ln π)_y,   π = counts / Σ counts

    Args:
        logits: floating point, any shape with a class axis; used un-shifted at prediction time.
        target: integer labels, the shape of `logits` without its class axis.
        class_counts: examples of each class in the training set, > 0, length C.
        tau: strength of the shift, ≥ 0; 0 is plain cross-entropy.
        ignore_index: label of items to leave out.
        axis: the class axis.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, in nats.
    Raises:
        TypeError, ValueError: shapes do not fit, labels out of range, NaN, counts ≤ 0, tau < 0.
    Gradient:
        (softmax(z + τ ln π) - onehot(y)) / n for the mean.
    Pitfall:
        It aims at balanced accuracy: predicted probabilities no longer match the frequencies.
    Reference:
        Menon et al. (2021), Long-tail learning via logit adjustment, ICLR, arXiv:2007.07314.
    Chapter:
        loss-logit-adjusted-cross-entropy
    Example:
        >>> import lossfns.numpy as ln
        >>> loss = ln.logit_adjusted_cross_entropy([[0.0, 0.0]], [1], class_counts=[90, 10])
        >>> round(loss, 4)
        2.3026
    """
    number("tau", tau, at_least=0)
    rows, labels, weight = labelled_rows(axis, sample_weight, ignore_index, target, logits=logits)
    counts = per_class("class_counts", class_counts, rows)
    within("class_counts", counts, low=0.0, open_low=True)
    rows = rows + tau * np.log(counts / counts.sum())
    return _label_cross_entropy(rows, labels, np.ones(labels.shape), reduction, weight, axis)


def _label_cross_entropy(
    rows: Array,
    labels: Labels,
    own: Array,
    reduction: Reduction,
    weight: Array | None,
    axis: int,
) -> Evaluation:
    """Cross-entropy of logits against labels; `own` is the class weight of each label."""
    log_probs = log_softmax(rows)
    return reduced(
        -times(own, pick(log_probs, labels)),
        reduction,
        weight,
        mass=own,
        axis=axis,
        logits=lambda: own[..., None] * (np.exp(log_probs) - one_hot(labels, rows.shape[-1])),
    )


def binary_surprise_of_probs(probs: Array, target: Array) -> tuple[Array, Callable[[], Array]]:
    """Binary cross-entropies of arguments that have been checked, and the slope."""

    def core(p: Array, y: Array) -> tuple[Array, Callable[[], Array]]:
        rest, y_rest = 1 - p, 1 - y
        losses = -times(y, np.log(p)) - times(y_rest, np.log1p(-p))
        return losses, lambda: np.asarray(y_rest * inverse(rest) - y * inverse(p))

    return in_slices(core, probs, target)


def binary_surprise(
    logits: Array, positive: Array, negative: Array
) -> tuple[Array, Callable[[], Array]]:
    """-ln p and -ln(1 - p) by their weights, of arguments that have been checked, and the slope."""
    # softplus(±z) = max(±z, 0) + ln(1 + e^-|z|): one exponential for both, and none overflows.
    tail = np.log1p(np.exp(-np.abs(logits)))
    losses = times(positive, np.maximum(-logits, 0) + tail)
    losses += times(negative, np.maximum(logits, 0) + tail)
    return losses, lambda: np.asarray(negative * _sigmoid(logits) - positive * _sigmoid(-logits))


def _positive_weight(pos_weight: ArrayLike, shape: tuple[int, ...]) -> Array:
    if not isinstance(pos_weight, np.ndarray) and np.ndim(pos_weight) == 0:
        number("pos_weight", pos_weight, at_least=0)
    value = real("pos_weight", pos_weight)
    if value.ndim and (not shape or value.shape != shape[-1:]):
        raise ValueError(
            f"pos_weight must be a number or one per label along the last axis of logits, "
            f"{shape}, got shape {value.shape}; for labels on another axis move it last, "
            f"np.moveaxis(logits, axis, -1)"
        )
    within("pos_weight", value, low=0.0)
    return value


def _sigmoid(z: Array) -> Array:
    # exp of a non-positive number never overflows.
    small = np.exp(-np.abs(z))
    return np.asarray(np.where(z >= 0, 1, small) / (1 + small))
