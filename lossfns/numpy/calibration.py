"""Calibration: whether what is called 70 % sure happens seven times in ten.

Everywhere, `probs` with the shape of `target` are probabilities of yes-or-no events. With one axis
more, the class axis, they are distributions over classes, and the event is that the most likely
class is the true one (Guo et al. 2017).

Bins are closed on the right: bin k of B holds ((k - 1) / B, k / B], and the first bin 0 as well.
So p = 1 lies in the last one, and p = 0.3 in the third of ten.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike

from lossfns._arguments import Reduction, integer, number
from lossfns._temperature import best_inverse
from lossfns.numpy._classes import (
    class_rows,
    distribution,
    labelled_rows,
    log_softmax,
    one_hot,
    pick,
    times,
)
from lossfns.numpy._core import Array, Evaluation, as_array, loss, paired, real, reduced, within


@loss
def brier(
    probs: ArrayLike,
    target: ArrayLike,
    *,
    ignore_index: int = -100,
    axis: int | None = None,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Brier score: the squared error of probabilities, a proper scoring rule without infinities.

        l = (p - y)²              of events
        l = Σ_c (p_c - 1[c = y])²  of classes

    Args:
        probs: probabilities in [0, 1], any shape; with a class axis they sum to 1 over it.
        target: of events, the same shape, in [0, 1]. Of classes, integer labels, the shape without
            the class axis; with `axis` given, also one-hot or soft rows, the shape of `probs`.
        ignore_index: label of items to leave out.
        axis: the class axis; None means the last one for labels, and events otherwise.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The score: in [0, 1] for events, in [0, 2] for classes, as Brier defined it. For two classes
        it is twice that of the events; scikit-learn's `scale_by_half` chooses between them.
    Raises:
        TypeError, ValueError: shapes do not fit, integer predictions, NaN, values outside [0, 1],
        rows that are not distributions, labels out of range.
    Gradient:
        2 (p - y) / n for the mean, per event or class.
    Pitfall:
        One-hot rows without `axis` are read as separate events: 1/C of the score of the classes.
    Reference:
        Brier (1950), Verification of forecasts expressed in terms of probability, Monthly Weather
        Review 78(1).
    Chapter:
        loss-brier
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.brier([0.9, 0.4], [1, 1]), 4)
        0.185
        >>> round(ln.brier([[0.1, 0.9], [0.6, 0.4]], [1, 1]), 4)
        0.37
    """
    p, y = real("probs", probs, floating=True), as_array("target", target)
    if _are_events(y, p, axis, ignore_index):
        p, y, weight = paired(sample_weight, probs=p, target=y)
        within("probs", p, low=0.0, high=1.0)
        within("target", y, low=0.0, high=1.0)
        return reduced((p - y) ** 2, reduction, weight, probs=lambda: 2 * (p - y))
    axis = -1 if axis is None else axis
    if y.dtype.kind == "f" and y.ndim == p.ndim:
        rows, soft, weight = class_rows(axis, sample_weight, probs=p, target=y)
        distribution("target", soft)
    else:
        rows, labels, weight = labelled_rows(axis, sample_weight, ignore_index, y, probs=p)
        soft = one_hot(labels, rows.shape[-1])
    distribution("probs", rows)
    losses = ((rows - soft) ** 2).sum(axis=-1)
    return reduced(losses, reduction, weight, axis=axis, probs=lambda: 2 * (rows - soft))


class Reliability(NamedTuple):
    """A reliability diagram, one entry per bin; means of an empty bin are NaN.

    Attributes:
        confidence: mean of the predicted probabilities.
        frequency: how often the event happened.
        count: how many predictions.
        edges: of the bins, one more than there are bins.
    """

    confidence: Any
    frequency: Any
    count: Any
    edges: Any


def ece(
    probs: ArrayLike,
    target: ArrayLike,
    *,
    bins: int = 15,
    ignore_index: int = -100,
    axis: int | None = None,
) -> float:
    """Expected calibration error: the gap between confidence and frequency, averaged over bins.

        ECE = Σ_b n_b / n |frequency_b - confidence_b|

    Args:
        probs: probabilities of events, or of classes with a class axis; floating point.
        target: events 0 and 1 of the same shape, or integer labels without the class axis.
        bins: how many bins of equal width, ≥ 1, each closed on the right.
        ignore_index: label of items to leave out.
        axis: the class axis; None means the last one for labels, and events otherwise.
    Returns:
        The error, in [0, 1]; 0 for no predictions at all.
    Raises:
        TypeError, ValueError: shapes do not fit, values outside [0, 1], NaN, labels out of range,
        bins < 1.
    Gradient:
        None: a step function of the frequencies. It is reported, not trained.
    Pitfall:
        It depends on the number of bins, and a model that always predicts the base rate has 0.
    Reference:
        Naeini, Cooper & Hauskrecht (2015), AAAI; Guo et al. (2017), On calibration of modern neural
        networks, ICML, arXiv:1706.04599.
    Chapter:
        loss-ece
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.ece([0.9, 0.8, 0.3], [1, 0, 0], bins=2), 4)  # 2/3 |½ - 0.85| + 1/3 |0 - 0.3|
        0.3333
    """
    confidence, happened = _events(probs, target, ignore_index, axis)
    bin_of = _equal_width(confidence, bins)
    gaps = np.bincount(bin_of, happened - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / max(confidence.size, 1))


def mce(
    probs: ArrayLike,
    target: ArrayLike,
    *,
    bins: int = 15,
    ignore_index: int = -100,
    axis: int | None = None,
) -> float:
    """Maximum calibration error: the largest gap between confidence and frequency of any bin.

        MCE = max_b |frequency_b - confidence_b|

    Args:
        probs, target, bins, ignore_index, axis: as for `ece`.
    Returns:
        The error, in [0, 1], over the bins that hold anything; 0 for no predictions at all.
    Raises:
        TypeError, ValueError: as for `ece`.
    Gradient:
        None: a step function of the frequencies.
    Pitfall:
        A single prediction alone in its bin decides it: the more bins, the larger.
    Reference:
        Naeini, Cooper & Hauskrecht (2015), Obtaining well calibrated probabilities using Bayesian
        binning, AAAI.
    Chapter:
        loss-mce
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.mce([0.9, 0.8, 0.3], [1, 0, 0], bins=2), 4)
        0.35
    """
    confidence, happened = _events(probs, target, ignore_index, axis)
    bin_of = _equal_width(confidence, bins)
    gaps = np.bincount(bin_of, happened - confidence, minlength=bins)
    count = np.bincount(bin_of, minlength=bins)
    return float((np.abs(gaps) / np.maximum(count, 1)).max())


def ace(
    probs: ArrayLike,
    target: ArrayLike,
    *,
    bins: int = 15,
    ignore_index: int = -100,
    axis: int | None = None,
) -> float:
    """Adaptive calibration error: the ECE over bins that hold equally many predictions.

        ACE = Σ_b n_b / n |frequency_b - confidence_b|,   n_b equal, up to one

    Args:
        probs, target, ignore_index, axis: as for `ece`.
        bins: how many bins of equal count, ≥ 1.
    Returns:
        The error, in [0, 1]; 0 for no predictions at all. The order of the predictions does not
        matter: among equal ones, cut by the edge of a bin, every one counts as their mean. (Nixon
        et al. average over every class; here, as in `ece`, only the most likely class counts.)
    Raises:
        TypeError, ValueError: as for `ece`.
    Gradient:
        None: a step function of the frequencies.
    Pitfall:
        With a bin per prediction it is the mean absolute error, and never 0.
    Reference:
        Nixon et al. (2019), Measuring calibration in deep learning, CVPR workshops,
        arXiv:1904.01685.
    Chapter:
        loss-ace
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.ace([0.9, 0.8, 0.7, 0.6], [1, 0, 1, 1], bins=2), 4)  # ½ 0.35 + ½ 0.35
        0.35
    """
    _check_bins(bins)
    confidence, happened = _events(probs, target, ignore_index, axis)
    levels, level_of, ties = np.unique(confidence, return_inverse=True, return_counts=True)
    mean = np.bincount(level_of, happened, minlength=levels.size) / ties
    gaps = np.repeat(mean - levels, ties)
    each = [np.abs(part.sum()) for part in np.array_split(gaps, bins)]
    return float(sum(each) / max(confidence.size, 1))


def reliability_curve(
    probs: ArrayLike,
    target: ArrayLike,
    *,
    bins: int = 15,
    ignore_index: int = -100,
    axis: int | None = None,
) -> Reliability:
    """Mean confidence and frequency of every bin: what a reliability diagram shows.

        confidence_b = Σ_{i in b} p_i / n_b,   frequency_b = Σ_{i in b} y_i / n_b

    Args:
        probs, target, bins, ignore_index, axis: as for `ece`.
    Returns:
        A tuple with the fields confidence, frequency, count and edges; the means of an empty bin
        are NaN, which plots leave out.
    Raises:
        TypeError, ValueError: as for `ece`.
    Gradient:
        None: a step function of the frequencies.
    Pitfall:
        Bins with few predictions wander far from the diagonal by chance: show the counts as well.
    Reference:
        DeGroot & Fienberg (1983), The comparison and evaluation of forecasters, The Statistician
        32.
    Chapter:
        loss-reliability-curve
    Example:
        >>> import lossfns.numpy as ln
        >>> curve = ln.reliability_curve([0.9, 0.8, 0.3], [1, 0, 0], bins=2)
        >>> curve.confidence.round(4), curve.frequency, curve.count
        (array([0.3 , 0.85]), array([0. , 0.5]), array([1, 2]))
    """
    confidence, happened = _events(probs, target, ignore_index, axis)
    bin_of = _equal_width(confidence, bins)
    count = np.bincount(bin_of, minlength=bins)
    shown = np.where(count == 0, np.nan, count)
    return Reliability(
        np.bincount(bin_of, confidence, minlength=bins) / shown,
        np.bincount(bin_of, happened, minlength=bins) / shown,
        count,
        np.arange(bins + 1) / bins,
    )


def fit_temperature(
    logits: ArrayLike,
    target: ArrayLike,
    *,
    ignore_index: int = -100,
    axis: int | None = None,
) -> float:
    """The temperature at which logits fit the labels of a validation set best.

        T = argmin Σ_i -ln softmax(z_i / T)_{y_i},   of events: of the sigmoid

    Args:
        logits: of events, or of classes with a class axis; floating point.
        target: events in [0, 1] of the same shape, or integer labels without the class axis.
        ignore_index: label of items to leave out.
        axis: the class axis; None means the last one for labels, and events otherwise.
    Returns:
        T: divide logits by it. Above 1 the model was too sure. The loss is convex in 1 / T, so
        this is the only minimum; where it lies outside [0.001, 1000], the nearer end. With nothing
        to fit it is 1.
    Raises:
        TypeError, ValueError: shapes do not fit, infinite logits, NaN, labels out of range.
    Gradient:
        None: it is the solution of an equation, not a step towards one.
    Pitfall:
        Fit it on data that trained neither the network nor the choice between networks. On the
        training set it says that the over-confidence is justified.
    Reference:
        Guo et al. (2017), On calibration of modern neural networks, ICML, arXiv:1706.04599.
    Chapter:
        loss-fit-temperature
    Example:
        >>> import numpy as np, lossfns.numpy as ln
        >>> logits = np.array([4.0] * 4)  # sigmoid(4) = 98 % sure, right 3 times in 4
        >>> round(ln.fit_temperature(logits, [1, 1, 1, 0]), 4)  # 4 / ln 3
        3.641
    """
    z, y = real("logits", logits, floating=True), as_array("target", target)
    within("logits", z, low=-np.finfo(float).max, high=np.finfo(float).max)
    if _are_events(y, z, axis, ignore_index):
        z, y, _ = paired(None, logits=z, target=y)
        within("target", y, low=0.0, high=1.0)
        # Two classes: nothing, and the event.
        rows = np.stack([np.zeros(z.size), z.ravel()], axis=-1)
        own = (y * z).ravel()
    else:
        rows, labels, weight = labelled_rows(
            -1 if axis is None else axis, None, ignore_index, y, logits=z
        )
        counted = np.ones(labels.shape, bool) if weight is None else weight > 0
        rows, own = rows[counted], pick(rows, labels)[counted]
    # Only differences matter, and small numbers keep their digits.
    top = rows.max(axis=-1, keepdims=True)
    rows, own = rows - top, own - top[..., 0]

    def slope(beta: float) -> tuple[float, float]:
        probs = np.exp(log_softmax(beta * rows))
        mean = times(probs, rows).sum(axis=-1)
        spread = times(probs, (rows - mean[..., None]) ** 2).sum(axis=-1)
        return float((mean - own).mean()), float(spread.mean())

    with np.errstate(over="ignore"):
        return 1 / best_inverse(slope) if own.size else 1.0


def _are_events(
    target: npt.NDArray[Any], scores: Array, axis: int | None, ignore_index: int
) -> bool:
    """Whether targets are events; class labels are integers and have one axis less."""
    integer("ignore_index", ignore_index)
    labels = target.dtype.kind in "iu" and target.ndim == scores.ndim - 1
    return axis is None and not labels


def _events(
    probs: ArrayLike, target: ArrayLike, ignore_index: int, axis: int | None
) -> tuple[Array, Array]:
    """How sure of what, and whether it happened, in one row."""
    p, y = real("probs", probs, floating=True), as_array("target", target)
    if _are_events(y, p, axis, ignore_index):
        p, y, _ = paired(None, probs=p, target=y)
        within("target", y, low=0.0, high=1.0)
        if not ((y == 0) | (y == 1)).all():
            raise ValueError("target must hold 0 and 1 only: an event happens or it does not")
        confidence, happened = p.ravel(), y.ravel()
    else:
        rows, labels, weight = labelled_rows(
            -1 if axis is None else axis, None, ignore_index, y, probs=p
        )
        distribution("probs", rows)
        counted = np.ones(labels.shape, bool) if weight is None else weight > 0
        rows, labels = rows[counted], labels[counted]
        confidence = rows.max(axis=-1)
        happened = np.asarray(rows.argmax(axis=-1) == labels, np.float64)
    within("probs", confidence, low=0.0, high=1.0)
    return confidence, happened


def _check_bins(bins: int) -> None:
    integer("bins", bins)
    number("bins", bins, at_least=1)


def _equal_width(confidence: Array, bins: int) -> npt.NDArray[np.intp]:
    _check_bins(bins)
    # k / B rounds to the number that "0.3" means; a multiple of 1 / B may not.
    inner = np.arange(1, bins) / bins
    return np.searchsorted(inner, confidence, side="left")
