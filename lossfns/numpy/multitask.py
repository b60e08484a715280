"""Several losses into one: fixed weights, and weights by learned uncertainty.

The first argument holds losses, one per task along `axis`; with further axes, one such row per
item. What decides its weights while training (`UncertaintyWeighting`, `GradNorm`, `DWA`, `pcgrad`)
lives in `lossfns.torch`, as it needs a network to train.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from lossfns._arguments import Reduction, TaskKind, class_axis, task_factors, task_vector
from lossfns.numpy._classes import class_rows, times
from lossfns.numpy._core import Array, Evaluation, loss, real, reduced, within


@loss
def weighted_sum(
    losses: ArrayLike,
    *,
    weights: ArrayLike,
    axis: int = -1,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Weighted sum of the losses of several tasks.

        l = Σ_k w_k L_k

    Args:
        losses: L, floating point, one loss per task along `axis`; one row of them for a batch, or
            a row per item.
        weights: w, one per task, ≥ 0. A task of weight 0 is left out, even if its loss is infinite.
        axis: the axis of the tasks.
        reduction, sample_weight: as for every loss; the result has the shape without that axis.
    Returns:
        The sum, in whatever units w_k L_k have: they must agree.
    Raises:
        TypeError, ValueError: integer losses, NaN, not one weight per task, negative weights.
    Gradient:
        w / n with respect to the losses, for the mean.
    Pitfall:
        Weights have units. If one loss is in metres² and another in nats, weights of 1 mean
        whatever the choice of metres makes of them: a change to millimetres needs a factor 10⁻⁶.
    Reference:
        Caruana (1997), Multitask learning, Machine Learning 28.
    Chapter:
        loss-weighted-sum
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.weighted_sum([0.5, 200.0], weights=[1.0, 0.01])
        2.5
    """
    rows, factors = real("losses", losses, floating=True), real("weights", weights)
    task_vector("weights", factors.shape, rows.shape, axis)
    rows, share = class_rows(axis, sample_weight, losses=rows)
    within("weights", factors, low=0.0)
    spread = np.broadcast_to(factors, rows.shape)
    return reduced(
        times(spread, rows).sum(axis=-1), reduction, share, axis=axis, losses=lambda: spread
    )


@loss
def uncertainty_weighting(
    losses: ArrayLike,
    log_vars: ArrayLike,
    *,
    kinds: TaskKind | Sequence[TaskKind] = "regression",
    axis: int = -1,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Weights by the noise of each task, learned: a large loss buys itself a small weight.

        l = Σ_k c_k e^{-s_k} L_k + ½ s_k,   s_k = ln σ_k²
        c_k = ½ for regression (L the squared error), 1 for classification (L the cross-entropy)

    Args:
        losses: L, floating point, one loss per task along `axis`; one row of them for a batch, or
            a row per item.
        log_vars: s, logarithms of the variances: one per task, or the shape of `losses`.
        kinds: "regression" or "classification", one for all tasks or one per task.
        axis: the axis of the tasks.
        reduction, sample_weight: as for every loss; the result has the shape without that axis.
    Returns:
        The sum, in nats; it may be negative. Tasks in different units may be added.
    Raises:
        TypeError, ValueError: integer losses, NaN, not one log-variance per task, unknown kinds.
    Gradient:
        c e^{-s} / n; with wrt="log_vars", (½ - c e^{-s} L) / n, summed over the items if there is
        one per task. It is 0 at σ² = 2 c L: the mean squared error itself, twice the
        cross-entropy.
    Pitfall:
        s is not the weight: an "initial weight" of 10 stored as a log-variance starts at e^{-10}.
        For a starting weight w use s = -ln(w / c).
    Reference:
        Kendall, Gal & Cipolla (2018), Multi-task learning using uncertainty to weigh losses for
        scene geometry and semantics, CVPR, arXiv:1705.07115.
    Chapter:
        loss-uncertainty-weighting
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.uncertainty_weighting([4.0, 3.0], [0.0, 0.0], kinds=["regression", "classification"])
        5.0
        >>> ln.uncertainty_weighting.grad([4.0], [0.0], wrt="log_vars")
        array([-1.5])
    """
    rows, spread = real("losses", losses, floating=True), real("log_vars", log_vars)
    class_axis("losses", rows.shape, axis)
    tasks = rows.shape[axis]
    factors = np.array(task_factors(kinds, tasks))
    shared = spread.shape != rows.shape
    if shared:
        task_vector("log_vars", spread.shape, rows.shape, axis)
        spread = np.moveaxis(np.broadcast_to(spread, np.moveaxis(rows, axis, -1).shape), -1, axis)
    rows, spread, share = class_rows(axis, sample_weight, losses=rows, log_vars=spread)
    pull = factors * np.exp(-spread)
    weighted = times(pull, rows)
    evaluation = reduced(
        (weighted + 0.5 * spread).sum(axis=-1),
        reduction,
        share,
        axis=axis,
        losses=lambda: pull,
        # c e^-s L + ½ s by s.
        log_vars=lambda: 0.5 - weighted,
    )
    if not shared:
        return evaluation
    each = evaluation.gradients["log_vars"]

    def added() -> Array:
        return np.asarray(np.moveaxis(each(), axis, -1).reshape(-1, tasks).sum(axis=0))

    return Evaluation(evaluation.value, {**evaluation.gradients, "log_vars": added})
