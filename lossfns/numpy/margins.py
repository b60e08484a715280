"""Classification losses of margins: how far a score is on the right side."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from lossfns._arguments import Reduction, number, one_of
from lossfns.numpy._classes import (
    labelled_rows,
    one_hot,
    pick,
)
from lossfns.numpy._core import (
    Array,
    Evaluation,
    loss,
    paired,
    reduced,
)


@loss
def hinge(
    scores: ArrayLike,
    target: ArrayLike,
    *,
    margin: float = 1.0,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Hinge loss of the support vector machine: zero once the score clears the margin.

        l = max(0, margin - y s)

    Args:
        scores: floating point, any shape; the sign is the prediction.
        target: same shape, -1 or +1.
        margin: > 0.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, in units of the score.
    Raises:
        TypeError, ValueError: shapes differ, integer predictions, NaN, targets other than ±1,
        margin ≤ 0.
    Gradient:
        -y / n inside the margin, 0 outside, -y / 2n on its edge.
    Pitfall:
        Labels 0 and 1 make every negative example cost the margin whatever is predicted.
    Reference:
        Cortes & Vapnik (1995), Support-vector networks, Machine Learning 20.
    Chapter:
        loss-hinge
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.hinge([0.3, 2.0, 0.5], [1, 1, -1], reduction="none")
        array([0.7, 0. , 1.5])
    """
    gap, target, weight = _margin_gap(scores, target, margin, sample_weight)
    losses = np.maximum(gap, 0)
    return reduced(losses, reduction, weight, scores=lambda: -target * np.heaviside(gap, 0.5))


@loss
def squared_hinge(
    scores: ArrayLike,
    target: ArrayLike,
    *,
    margin: float = 1.0,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Squared hinge loss: the hinge without its kink, and with a harder look at large violations.

        l = max(0, margin - y s)²

    Args:
        scores: floating point, any shape; the sign is the prediction.
        target: same shape, -1 or +1.
        margin: > 0.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, in squared units of the score.
    Raises:
        TypeError, ValueError: shapes differ, integer predictions, NaN, targets other than ±1,
        margin ≤ 0.
    Gradient:
        -2 y max(0, margin - y s) / n for the mean.
    Pitfall:
        A mislabelled point pulls in proportion to its violation, as an outlier does under MSE.
    Reference:
        Tang (2013), Deep learning using linear support vector machines, arXiv:1306.0239.
    Chapter:
        loss-squared-hinge
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.squared_hinge([0.5, 2.0, 0.5], [1, 1, -1], reduction="none")
        array([0.25, 0.  , 2.25])
    """
    gap, target, weight = _margin_gap(scores, target, margin, sample_weight)
    violation = np.maximum(gap, 0)
    return reduced(violation**2, reduction, weight, scores=lambda: -2 * target * violation)


@loss
def multiclass_hinge(
    scores: ArrayLike,
    target: ArrayLike,
    *,
    margin: float = 1.0,
    kind: Literal["weston_watkins", "crammer_singer"] = "weston_watkins",
    ignore_index: int = -100,
    axis: int = -1,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Multi-class hinge loss, of all rivals of the labelled class or of the strongest one.

        weston_watkins:  l = Σ_{j≠y} max(0, margin + s_j - s_y)
        crammer_singer:  l = max(0, margin + max_{j≠y} s_j - s_y)

    Args:
        scores: floating point, any shape with a class axis.
        target: integer labels, the shape of `scores` without its class axis.
        margin: > 0.
        kind: "weston_watkins" or "crammer_singer".
        ignore_index: label of items to leave out.
        axis: the class axis.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, in units of the score. PyTorch's `multi_margin_loss` is weston_watkins / C;
        scikit-learn's `hinge_loss` is crammer_singer.
    Raises:
        TypeError, ValueError: shapes do not fit, labels out of range, NaN, margin ≤ 0, unknown
        kind.
    Gradient:
        1 for each violating rival and minus their number for the label, over n; for crammer_singer
        rivals that tie share the 1.
    Pitfall:
        Only differences of scores count, and only up to the margin: they are not probabilities.
    Reference:
        Weston & Watkins (1999), Support vector machines for multi-class pattern recognition,
        ESANN; Crammer & Singer (2001), JMLR 2.
    Chapter:
        loss-multiclass-hinge
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.multiclass_hinge([[2.0, 1.5, 1.25]], [0])
        0.75
        >>> ln.multiclass_hinge([[2.0, 1.5, 1.25]], [0], kind="crammer_singer")
        0.5
    """
    number("margin", margin, above=0)
    one_of("kind", kind, ("weston_watkins", "crammer_singer"))
    rows, labels, weight = labelled_rows(axis, sample_weight, ignore_index, target, scores=scores)
    own = one_hot(labels, rows.shape[-1])
    rivals = np.where(own == 1, -np.inf, margin + (rows - pick(rows, labels)[..., None]))
    # A rival beyond the margin has the slope 1, and the label's score -1 for each of them.
    pressure = np.heaviside(rivals, 0.5)
    if kind == "weston_watkins":
        losses = np.maximum(rivals, 0).sum(axis=-1)
    else:
        strongest = rivals.max(axis=-1, keepdims=True)
        losses = np.maximum(strongest, 0)[..., 0]
        tied = rivals == strongest
        pressure = np.where(tied, pressure, 0) / tied.sum(axis=-1, keepdims=True)
    total = pressure.sum(axis=-1, keepdims=True)
    return reduced(losses, reduction, weight, axis=axis, scores=lambda: pressure - own * total)


def _margin_gap(
    scores: ArrayLike, target: ArrayLike, margin: float, sample_weight: ArrayLike | None
) -> tuple[Array, Array, Array | None]:
    """How much of the margin is missing, the targets, and the weights."""
    number("margin", margin, above=0)
    scores, target, weight = paired(sample_weight, scores=scores, target=target)
    valid = np.abs(target) == 1
    if not (valid if weight is None else valid | (weight == 0)).all():
        raise ValueError("target must hold -1 and +1 only; for labels 0 and 1 pass 2 * target - 1")
    return margin - target * scores, target, weight
