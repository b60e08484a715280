"""Losses of ranking: which of two items comes first, and in what order a whole list stands.

A list lies along the last axis. Lists of unequal length are padded, and `mask` says which items
are real; nothing at the others reaches value or gradient. A list without items costs 0 and does
not count in the mean.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike

from lossfns._arguments import Reduction, class_axis, number, same_shapes
from lossfns.numpy._classes import log_softmax, times
from lossfns.numpy._core import (
    Array,
    Evaluation,
    as_array,
    item_weight,
    loss,
    paired,
    real,
    reduced,
    within,
)
from lossfns.numpy._logits import softplus_of_minus

Mask = npt.NDArray[np.bool_]


@loss
def margin_ranking(
    first: ArrayLike,
    second: ArrayLike,
    target: ArrayLike,
    *,
    margin: float = 0.0,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Margin ranking loss: of two scores, the right one should be larger, by a margin.

        l = max(0, margin - y (first - second))

    Args:
        first, second: scores, floating point, any shape.
        target: same shape, +1 where `first` should be larger, -1 where `second` should.
        margin: ≥ 0, in units of the scores.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, in units of the scores.
    Raises:
        TypeError, ValueError: shapes differ, integers, NaN, targets other than ±1, margin < 0.
    Gradient:
        -y / n with respect to `first` where the margin is missed, half of it on the edge, and its
        negative for wrt="second".
    Pitfall:
        With a margin of 0, equal scores for everything cost nothing.
    Reference:
        Herbrich, Graepel & Obermayer (2000), Large margin rank boundaries for ordinal regression,
        Advances in Large Margin Classifiers.
    Chapter:
        loss-margin-ranking
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.margin_ranking([2.0, 2.0], [1.5, 1.5], [1, -1], margin=1.0, reduction="none")
        array([0.5, 1.5])
    """
    number("margin", margin, at_least=0)
    first, second, target, weight = paired(sample_weight, first=first, second=second, target=target)
    valid = np.abs(target) == 1
    if not (valid if weight is None else valid | (weight == 0)).all():
        raise ValueError("target must hold -1 and +1 only: which of the two comes first")
    gap = margin - target * (first - second)
    slope = -target * np.heaviside(gap, 0.5)
    return reduced(
        np.maximum(gap, 0), reduction, weight, first=lambda: slope, second=lambda: -slope
    )


@loss
def listnet(
    scores: ArrayLike,
    target: ArrayLike,
    *,
    mask: ArrayLike | None = None,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """ListNet: the chance of each item to come first should be that by its relevance.

        l = -Σ_i softmax(y)_i ln softmax(s)_i

    Args:
        scores: s, floating point, (..., items).
        target: y, relevances, same shape.
        mask: same shape, boolean, True where there is an item; None for lists of one length.
        reduction, sample_weight: as for every loss; one loss per list.
    Returns:
        The loss, in nats; its least value is the entropy of softmax(y), not 0.
    Raises:
        TypeError, ValueError: shapes differ, integer scores, NaN, a mask that is not boolean.
    Gradient:
        (softmax(s) - softmax(y)) / n with respect to `scores`.
    Pitfall:
        Grades of 0 and 1 leave softmax(y) nearly flat: scale them. TensorFlow Ranking's and Rax's
        softmax loss divides the grades by their sum, or not at all, instead.
    Reference:
        Cao et al. (2007), Learning to rank: from pairwise approach to listwise approach, ICML.
    Chapter:
        loss-listnet
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.listnet([0.0, 0.0], [1.0, 0.0]), 4)
        0.6931
    """
    s, y, there, weight, counted = _lists(scores, target, mask, sample_weight)
    there = there | (counted == 0)[..., None]  # a softmax over nothing is 0 / 0
    log_probs, probs = (log_softmax(np.where(there, row, -np.inf)) for row in (s, y))
    probs = np.exp(probs)
    return reduced(
        np.where(counted, -times(probs, log_probs).sum(axis=-1), 0.0),
        reduction,
        weight,
        mass=counted,
        scores=lambda: counted[..., None] * (np.exp(log_probs) - probs),
    )


@loss
def listmle(
    scores: ArrayLike,
    target: ArrayLike,
    *,
    mask: ArrayLike | None = None,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """ListMLE: the likelihood of the right order, one choice of the best of the rest after another.

        l = Σ_i (ln Σ_{j not before i} exp(s_j) - s_i),   in the order of falling relevance

    Args:
        scores: s, floating point, (..., items).
        target: relevances, same shape; only their order counts. Equal ones stay in the order of
            the list.
        mask: same shape, boolean, True where there is an item; None for lists of one length.
        reduction, sample_weight: as for every loss; one loss per list.
    Returns:
        The loss, in nats; ln(items!) for equal scores.
    Raises:
        TypeError, ValueError: shapes differ, integer scores, NaN, a mask that is not boolean.
    Gradient:
        Of each item: the sum of its chances to be chosen, minus 1, over n.
    Pitfall:
        It asks for an order among items of equal relevance, too: shuffle lists with few grades
        before each step. Memory grows with the square of the longest list.
    Reference:
        Xia et al. (2008), Listwise approach to learning to rank: theory and algorithm, ICML.
    Chapter:
        loss-listmle
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.listmle([0.0, 0.0, 0.0], [3.0, 2.0, 1.0]), 4)
        1.7918
    """
    s, y, there, weight, counted = _lists(scores, target, mask, sample_weight)
    if np.isnan(y).any():
        raise ValueError("target must not hold NaN, which has no place in an order")
    left = ~_before(y) & there[..., None, :] & there[..., None]
    left |= np.eye(s.shape[-1], dtype=bool)
    log_chance = log_softmax(np.where(left, s[..., None, :] - s[..., None], -np.inf))
    chosen = np.diagonal(log_chance, axis1=-2, axis2=-1)
    return reduced(
        -chosen.sum(axis=-1),
        reduction,
        weight,
        mass=counted,
        # Each choice is a softmax over those left, and every item is chosen once.
        scores=lambda: np.exp(log_chance).sum(axis=-2) - 1,
    )


@loss
def lambdarank(
    scores: ArrayLike,
    target: ArrayLike,
    *,
    mask: ArrayLike | None = None,
    sigma: float = 1.0,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """LambdaRank: each pair in the wrong order costs what its exchange would bring in NDCG.

        l = Σ_{y_i > y_j} |ΔNDCG_ij| softplus(-σ (s_i - s_j)),
        ΔNDCG_ij = (2^y_i - 2^y_j) (1 / log2(1 + r_i) - 1 / log2(1 + r_j)) / best DCG

    Args:
        scores: s, floating point, (..., items); r are their ranks, from 1, and equal scores rank
            in the order of the list.
        target: y, grades ≥ 0, same shape; the gain of an item is 2^y - 1.
        mask: same shape, boolean, True where there is an item; None for lists of one length.
        sigma: σ > 0, how steep the logistic function is.
        reduction, sample_weight: as for every loss; one loss per list.
    Returns:
        The loss, a sum over the pairs of a list; 0 for a list of equal grades.
    Raises:
        TypeError, ValueError: shapes differ, integer scores, NaN, negative grades, sigma ≤ 0.
    Gradient:
        The lambdas: -σ |ΔNDCG_ij| σ(-σ (s_i - s_j)) for i and its negative for j, over n. The ranks
        are constants: they change in jumps.
    Pitfall:
        Only the gradient has a meaning: the value jumps where two items change places, and may
        rise while NDCG does. Memory grows with the square of the longest list.
    Reference:
        Burges, Ragno & Le (2006), Learning to rank with nonsmooth cost functions, NIPS; Wang et
        al. (2018), The LambdaLoss framework for ranking metric optimization, CIKM.
    Chapter:
        loss-lambdarank
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.lambdarank([0.0, 1.0], [1.0, 0.0]), 4)
        0.4847
    """
    number("sigma", sigma, above=0)
    s, y, there, weight, counted = _lists(scores, target, mask, sample_weight)
    within("target", y, low=0.0)
    gain = np.where(there, np.exp2(y) - 1, 0.0)
    discount, ideal = (1 / np.log2(1 + _ranks(row, there)) for row in (s, y))
    best = (gain * ideal).sum(axis=-1)[..., None, None]
    swap = np.abs(_differences(gain) * _differences(discount)) / np.where(best == 0, 1.0, best)
    swap = np.where(_differences(y) > 0, swap, 0.0) * (there[..., None, :] & there[..., None])
    losses, pull = softplus_of_minus(sigma * _differences(s))
    pull = sigma * swap * pull
    return reduced(
        (swap * losses).sum(axis=(-2, -1)),
        reduction,
        weight,
        mass=counted,
        # A pair depends on the difference of its scores: it pulls its two items apart.
        scores=lambda: pull.sum(axis=-1) - pull.sum(axis=-2),
    )


def _lists(
    scores: Any, target: Any, mask: Any, sample_weight: Any
) -> tuple[Array, Array, Mask, Array | None, Array]:
    """Check lists; return scores, relevances, where items are, weights, and which lists count.

    At places without an item, and in lists of weight 0, scores and relevances become 0.
    """
    s, y = real("scores", scores, floating=True), real("target", target)
    same_shapes({"scores": s.shape, "target": y.shape})
    class_axis("scores", s.shape, -1)
    there = np.ones(s.shape, bool) if mask is None else as_array("mask", mask)
    if there.dtype != bool:
        raise TypeError(f"mask must be boolean, got dtype {there.dtype}")
    same_shapes({"scores": s.shape, "mask": there.shape})
    weight = None if sample_weight is None else item_weight(sample_weight, s.shape[:-1])
    kept = there if weight is None else there & (weight[..., None] != 0)
    s, y = np.where(kept, s, 0.0), np.where(kept, y, 0.0)
    counted = np.asarray(there.any(axis=-1), np.float64)
    return s, y, there, weight, counted


def _differences(values: Array) -> Array:
    """v_i - v_j, for i along the last but one axis and j along the last."""
    return np.asarray(values[..., None] - values[..., None, :])


def _before(values: Array) -> Mask:
    """Whether j stands before i, in falling order; of equals the first in the list does."""
    i, j = values[..., None], values[..., None, :]
    earlier = np.tri(values.shape[-1], k=-1, dtype=bool)
    return np.asarray((j > i) | ((j == i) & earlier))


def _ranks(values: Array, there: Mask) -> Array:
    """1 for the largest."""
    return np.asarray(1.0 + (_before(values) & there[..., None, :]).sum(axis=-1))
