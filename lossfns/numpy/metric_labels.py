"""Losses on embeddings with a class each: equals of the batch, or prototypes of the classes.

Where the items of a batch serve as each other's negatives, a weight per item would have no one
meaning, and there is no `sample_weight`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike

from lossfns._arguments import Reduction, integer, number
from lossfns.numpy._classes import Labels, log_softmax, one_hot, pick
from lossfns.numpy._core import Array, Evaluation, item_weight, loss, reduced
from lossfns.numpy._embeddings import (
    batch_of,
    classes_of,
    distance,
    embeddings_of,
    masked,
    softmax_over_others,
    unit,
)
from lossfns.numpy._logits import softplus, softplus_of_minus


@loss
def sup_con(
    embeddings: ArrayLike,
    target: ArrayLike,
    *,
    temperature: float = 0.1,
    reduction: Reduction = "mean",
) -> Evaluation:
    """Supervised contrastive loss: all items of the same class are positives of each other.

        l_i = -1/|P(i)| Σ_{p in P(i)} ln softmax_{k≠i}(cos(z_i, z_k) / τ)_p

    Args:
        embeddings: floating point, (n, d), scaled to length 1 inside.
        target: (n,), integer classes.
        temperature: τ > 0.
        reduction: "none", "mean" or "sum".
    Returns:
        The loss, in nats, the paper's L_out. Items that are alone in their class cost 0 and do not
        count in the mean.
    Raises:
        TypeError, ValueError: shapes do not fit, labels that are not integers, NaN,
        temperature ≤ 0.
    Gradient:
        With respect to the scores, (softmax - [same class] / |P(i)|) / (n τ).
    Pitfall:
        The paper's L_in, which sums inside the logarithm, looks alike and trains worse.
    Reference:
        Khosla et al. (2020), NeurIPS, arXiv:2004.11362.
    Chapter:
        loss-sup-con
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.sup_con([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [0, 0, 1], temperature=1.0), 4)
        0.3133
    """
    number("temperature", temperature, above=0)
    (rows,) = batch_of(embeddings=embeddings)
    positive, _ = _partners(classes_of(target, rows))
    views, back = unit(rows)
    log_probs = softmax_over_others(views @ views.T / temperature)
    partners = positive.sum(axis=-1)
    share = positive / np.maximum(partners, 1)[:, None]
    counted = (partners > 0).astype(float)

    def slope() -> Array:
        # Softmax less the shares of the partners; a similarity stands in two rows.
        pull = counted[:, None] * np.exp(log_probs) - share
        return back((pull + pull.T) @ views / temperature)

    losses = -np.where(positive, share * log_probs, 0.0).sum(axis=-1)
    return reduced(losses, reduction, mass=counted, embeddings=slope)


@loss
def arcface(
    embeddings: ArrayLike,
    target: ArrayLike,
    *,
    prototypes: ArrayLike,
    margin: float = 0.5,
    scale: float = 64.0,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """ArcFace: cross-entropy of cosines, with an angle added to that of the right class.

        l = -ln softmax(scale · cos(θ_j + margin · [j = y]))_y,   θ_j the angle to prototype j

    Args:
        embeddings: floating point, (..., d), scaled to length 1 inside.
        target: (...), integer classes.
        prototypes: (C, d), one direction per class, scaled to length 1 inside.
        margin: angle in radians, in [0, π).
        scale: > 0.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, in nats.
    Raises:
        TypeError, ValueError: shapes do not fit, labels out of range, NaN, margin or scale out of
        range.
    Gradient:
        That of cross-entropy, with d cos(θ + m) / d cos θ = sin(θ + m) / sin θ for the right class.
        Beyond θ = π - m, where cos(θ + m) would rise again, the score goes on as
        cos θ - m sin m, as in the authors' code.
    Pitfall:
        From random prototypes the full margin may not train: raise it over the first epochs.
    Reference:
        Deng et al. (2019), CVPR, arXiv:1801.07698.
    Chapter:
        loss-arcface
    Example:
        >>> import lossfns.numpy as ln
        >>> axes = [[1.0, 0.0], [0.0, 1.0]]
        >>> round(ln.arcface([[1.0, 1.0]], [0], prototypes=axes, margin=0.0, scale=1.0), 4)
        0.6931
    """
    number("margin", margin, at_least=0, below=math.pi)
    number("scale", scale, above=0)
    rows, b, labels, weight = _prototyped(embeddings, target, prototypes, sample_weight)
    a, back_a = unit(rows)
    cosines = a @ b.T
    own = one_hot(labels, len(b))
    cosine = np.clip(pick(cosines, labels), -1, 1)
    sine = np.sqrt(1 - cosine**2)
    turned = cosine > -math.cos(margin)
    shifted = np.where(
        turned,
        cosine * math.cos(margin) - sine * math.sin(margin),
        cosine - margin * math.sin(margin),
    )
    log_probs = log_softmax(scale * (cosines + own * (shifted - cosine)[..., None]))

    def pull() -> Array:
        # At θ = 0 the slope of θ(cos θ) is infinite; the direction there is 0 all the same.
        tilt = math.cos(margin) + math.sin(margin) * cosine / np.where(sine == 0, np.inf, sine)
        factor = 1 + own * (np.where(turned, tilt, 1.0) - 1)[..., None]
        return np.asarray(scale * (np.exp(log_probs) - own) * factor)

    return reduced(
        -pick(log_probs, labels),
        reduction,
        weight,
        axis=-1,
        embeddings=lambda: back_a(pull() @ b),
    )


@loss
def cosface(
    embeddings: ArrayLike,
    target: ArrayLike,
    *,
    prototypes: ArrayLike,
    margin: float = 0.35,
    scale: float = 64.0,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """CosFace: cross-entropy of cosines, with a margin taken off that of the right class.

        l = -ln softmax(scale · (cos θ_j - margin · [j = y]))_y,   θ_j the angle to prototype j

    Args:
        embeddings: floating point, (..., d), scaled to length 1 inside.
        target: (...), integer classes.
        prototypes: (C, d), one direction per class, scaled to length 1 inside.
        margin: in units of the cosine, in [0, 1).
        scale: > 0.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, in nats.
    Raises:
        TypeError, ValueError: shapes do not fit, labels out of range, NaN, margin or scale out of
        range.
    Gradient:
        With respect to the cosines that of cross-entropy, scale (softmax - onehot(y)) / n.
    Pitfall:
        The same margin is a larger angle far from the prototype than near it; `arcface` adds the
        same angle everywhere.
    Reference:
        Wang et al. (2018), CosFace, CVPR, arXiv:1801.09414.
    Chapter:
        loss-cosface
    Example:
        >>> import lossfns.numpy as ln
        >>> axes = [[1.0, 0.0], [0.0, 1.0]]
        >>> round(ln.cosface([[1.0, 1.0]], [0], prototypes=axes, margin=0.5, scale=1.0), 4)
        0.9741
    """
    number("margin", margin, at_least=0, below=1)
    number("scale", scale, above=0)
    rows, b, labels, weight = _prototyped(embeddings, target, prototypes, sample_weight)
    a, back = unit(rows)
    own = one_hot(labels, len(b))
    log_probs = log_softmax(scale * (a @ b.T - margin * own))
    return reduced(
        -pick(log_probs, labels),
        reduction,
        weight,
        axis=-1,
        # By the cosines: scale times softmax less label, as the margin is a constant.
        embeddings=lambda: back(scale * (np.exp(log_probs) - own) @ b),
    )


@loss
def sphereface(
    embeddings: ArrayLike,
    target: ArrayLike,
    *,
    prototypes: ArrayLike,
    margin: int = 4,
    scale: float = 1.0,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """SphereFace (A-softmax): cross-entropy of lengths times cosines, the right angle multiplied.

        l = -ln softmax(scale · ‖x‖ · (cos θ_j, or ψ(θ_y) for the right class))_y,
        ψ(θ) = (-1)^k cos(m θ) - 2 k   for θ from k π / m to (k + 1) π / m

    Args:
        embeddings: x, floating point, (..., d); their length counts.
        target: (...), integer classes.
        prototypes: (C, d), one direction per class, scaled to length 1 inside.
        margin: m, an integer ≥ 1, by which the angle to the right class is multiplied.
        scale: > 0; the paper has 1.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, in nats.
    Raises:
        TypeError, ValueError: shapes do not fit, labels out of range, NaN, margin or scale out of
        range.
    Gradient:
        scale (softmax - onehot(y)) / n with respect to the scores, whose own gradient is p_j, and
        ψ x̂ + ψ' (p_y - cos θ_y x̂) for the right class; p the prototypes, ψ' by the cosine.
    Pitfall:
        It hardly trains from random weights: the authors mix ψ with cos θ at first, which is not
        done here. `cosface` and `arcface` were made to need no such help.
    Reference:
        Liu et al. (2017), SphereFace, CVPR, arXiv:1704.08063.
    Chapter:
        loss-sphereface
    Example:
        >>> import lossfns.numpy as ln
        >>> axes = [[1.0, 0.0], [0.0, 1.0]]
        >>> round(ln.sphereface([[1.0, 1.0]], [0], prototypes=axes, margin=1), 4)
        0.6931
    """
    integer("margin", margin)
    number("margin", margin, at_least=1)
    number("scale", scale, above=0)
    rows, b, labels, weight = _prototyped(embeddings, target, prototypes, sample_weight)
    (x, _), (length, _) = unit(rows), distance(rows)
    cosines, own = x @ b.T, one_hot(labels, len(b))
    cosine = np.clip(pick(cosines, labels), -1, 1)
    psi, psi_slope = _folded(cosine, margin)
    scores = length[..., None] * (cosines + own * (psi - cosine)[..., None])
    log_probs = log_softmax(scale * scores)

    def slope() -> Array:
        pull = scale * (np.exp(log_probs) - own)
        # |x| ψ(cos θ): d|x| is the direction of x, and |x| d(cos θ) is b - cos θ x / |x|.
        turn = psi_slope[..., None] * (b[labels] - cosine[..., None] * x) + psi[..., None] * x
        mine = pick(pull, labels)[..., None] * (turn - b[labels])
        return np.where(length[..., None] == 0, 0.0, pull @ b + mine)

    return reduced(-pick(log_probs, labels), reduction, weight, axis=-1, embeddings=slope)


@loss
def nt_xent_with_labels(
    embeddings: ArrayLike,
    target: ArrayLike,
    *,
    temperature: float = 0.07,
    reduction: Reduction = "mean",
) -> Evaluation:
    """NT-Xent with several positives: each of them alone against all items of other classes.

        l_i = Σ_{p in P(i)} -ln (exp(s_ip) / (exp(s_ip) + Σ_{n: y_n ≠ y_i} exp(s_in))),
        s = cos / τ,   mean = Σ l_i / Σ |P(i)|

    Args:
        embeddings: floating point, (n, d), scaled to length 1 inside.
        target: (n,), integer classes; items of one class are positives of each other.
        temperature: τ > 0.
        reduction: "none" (one loss per item, the sum over its positives), "mean" (over all positive
            pairs) or "sum".
    Returns:
        The loss, in nats, as `optax.losses.ntxent` and the NTXentLoss of PyTorch Metric Learning
        define it. With one positive each it is `nt_xent`.
    Raises:
        TypeError, ValueError: shapes do not fit, labels that are not integers, NaN,
        temperature ≤ 0.
    Gradient:
        With respect to the scores: q - 1 for a positive of probability q among the negatives, and
        for a negative its share of all the (1 - q).
    Pitfall:
        Other positives are left out of the denominator, where `sup_con` has them: there they push
        each other away, here they do not.
    Reference:
        Chen et al. (2020), ICML, arXiv:2002.05709.
    Chapter:
        loss-nt-xent-with-labels
    Example:
        >>> import lossfns.numpy as ln
        >>> views, same = [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [0, 0, 1]
        >>> round(ln.nt_xent_with_labels(views, same, temperature=1.0), 4)
        0.3133
    """
    number("temperature", temperature, above=0)
    (rows,) = batch_of(embeddings=embeddings)
    views, back = unit(rows)
    scores = views @ views.T / temperature
    positive, negative = _partners(classes_of(target, rows))
    rivals = _log_sum_exp(scores, negative)
    losses, slopes = softplus_of_minus(scores - rivals[:, None])
    slopes = np.where(positive, slopes, 0.0)

    def slope() -> Array:
        # softplus(R - s): what lowers s raises R, which the rivals share as a softmax.
        shares = np.where(negative, np.exp(scores - rivals[:, None]), 0.0)
        pull = slopes - shares * slopes.sum(axis=-1, keepdims=True)
        return back((pull + pull.T) @ views / temperature)

    return reduced(
        np.where(positive, losses, 0.0).sum(axis=-1),
        reduction,
        mass=positive.sum(axis=-1).astype(float),
        embeddings=slope,
    )


@loss
def multi_similarity(
    embeddings: ArrayLike,
    target: ArrayLike,
    *,
    alpha: float = 2.0,
    beta: float = 50.0,
    base: float = 0.5,
    reduction: Reduction = "mean",
) -> Evaluation:
    """Multi-similarity loss: soft maxima of how far positives lie below, and negatives above, λ.

        l_i = 1/α ln(1 + Σ_{p in P(i)} exp(-α (cos_ip - λ)))
            + 1/β ln(1 + Σ_{n: y_n ≠ y_i} exp(β (cos_in - λ)))

    Args:
        embeddings: floating point, (n, d), scaled to length 1 inside.
        target: (n,), integer classes.
        alpha, beta: α, β > 0; the larger, the more the hardest pair counts alone.
        base: λ, the cosine that divides positives from negatives, in [-1, 1].
        reduction: "none" (one loss per item), "mean" or "sum".
    Returns:
        The loss, in units of the cosine, over all pairs: the paper's choice of hard pairs first
        (MultiSimilarityMiner in PyTorch Metric Learning) is not part of it.
    Raises:
        TypeError, ValueError: shapes do not fit, labels that are not integers, NaN, numbers out of
        range.
    Gradient:
        With respect to the cosines: -(share of the positive) and +(share of the negative) in the
        sums, the 1 included, over n.
    Pitfall:
        At β = 50 negatives below λ - 0.2 send nothing: without mining, most pairs are idle.
    Reference:
        Wang et al. (2019), Multi-similarity loss with general pair weighting, CVPR,
        arXiv:1904.06627.
    Chapter:
        loss-multi-similarity
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.multi_similarity([[1.0, 0.0], [2.0, 0.0]], [0, 0]), 4)
        0.1566
    """
    number("alpha", alpha, above=0)
    number("beta", beta, above=0)
    number("base", base, at_least=-1, at_most=1)
    (rows,) = batch_of(embeddings=embeddings)
    views, back = unit(rows)
    above = views @ views.T - base
    positive, negative = _partners(classes_of(target, rows))
    near, near_shares = _log_one_plus(-alpha * above, positive)
    far, far_shares = _log_one_plus(beta * above, negative)

    def slope() -> Array:
        # (1/β) ln(1 + Σ e^(β a)) by a is the share of a in that sum; -α turns the sign.
        pull = far_shares - near_shares
        return back((pull + pull.T) @ views)

    return reduced(near / alpha + far / beta, reduction, embeddings=slope)


@loss
def circle(
    embeddings: ArrayLike,
    target: ArrayLike,
    *,
    margin: float = 0.4,
    scale: float = 80.0,
    reduction: Reduction = "mean",
) -> Evaluation:
    """Circle loss: each similarity is pulled the harder, the farther it is from its goal.

        l_i = softplus(ln Σ_n exp(γ α_n (s_n - m)) + ln Σ_p exp(-γ α_p (s_p - (1 - m)))),
        α_n = max(0, s_n + m),   α_p = max(0, 1 + m - s_p),   s = cos

    Args:
        embeddings: floating point, (n, d), scaled to length 1 inside.
        target: (n,), integer classes; p are the other items of the class of i, n those of others.
        margin: m, in [0, 1).
        scale: γ > 0. The paper has m = 0.25 and γ = 256 for faces, m = 0.4 and γ = 80 for
            retrieval, the defaults here, in Keras and in PyTorch Metric Learning.
        reduction: "none" (one loss per item), "mean" or "sum".
    Returns:
        The loss, in nats. Items without a positive or without a negative cost 0 and do not count
        in the mean.
    Raises:
        TypeError, ValueError: shapes do not fit, labels that are not integers, NaN, numbers out of
        range.
    Gradient:
        The weights α are constants, as in the paper and all code: with respect to the cosines
        γ α_n σ(z) times the share of the negative, and -γ α_p σ(z) times that of the positive. It
        is not the slope of the value.
    Pitfall:
        The value says little by itself, since its gradient is that of another function.
    Reference:
        Sun et al. (2020), Circle loss: a unified perspective of pair similarity optimization, CVPR,
        arXiv:2002.10857.
    Chapter:
        loss-circle
    Example:
        >>> import lossfns.numpy as ln
        >>> views = [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
        >>> round(ln.circle(views, [0, 0, 1], scale=1.0), 4)
        0.5459
    """
    number("margin", margin, at_least=0, below=1)
    number("scale", scale, above=0)
    (rows,) = batch_of(embeddings=embeddings)
    views, back = unit(rows)
    cosines = views @ views.T
    positive, negative = _partners(classes_of(target, rows))
    counted = positive.any(axis=-1) & negative.any(axis=-1)
    pull_n = scale * np.maximum(cosines + margin, 0)
    pull_p = scale * np.maximum(1 + margin - cosines, 0)
    far, near = pull_n * (cosines - margin), -pull_p * (cosines - (1 - margin))
    of_n, of_p = _log_sum_exp(far, negative), _log_sum_exp(near, positive)
    losses, rise = softplus(np.where(counted, of_n + of_p, -np.inf))

    def slope() -> Array:
        # A log-sum-exp of pull · cosine, with the pulls held constant: softmax times pull.
        pull = np.where(negative, pull_n * np.exp(far - of_n[:, None]), 0.0)
        pull -= np.where(positive, pull_p * np.exp(near - of_p[:, None]), 0.0)
        pull *= np.where(counted, rise, 0.0)[:, None]
        return back((pull + pull.T) @ views)

    return reduced(losses, reduction, mass=counted.astype(float), embeddings=slope)


def _prototyped(
    embeddings: Any, target: Any, prototypes: Any, sample_weight: Any
) -> tuple[Array, Array, Labels, Array | None]:
    """Check embeddings against a direction per class; return them, unit directions, labels."""
    (rows,) = embeddings_of(embeddings=embeddings)
    (centres,) = batch_of(prototypes=prototypes)
    if centres.shape[-1] != rows.shape[-1]:
        raise ValueError(
            f"embeddings and prototypes must have the same number of dimensions, "
            f"got {rows.shape} and {centres.shape}"
        )
    labels = classes_of(target, rows, len(centres))
    weight = None if sample_weight is None else item_weight(sample_weight, labels.shape)
    return masked(rows, weight), unit(centres)[0], labels, weight


def _folded(cosine: Array, m: int) -> tuple[Array, Array]:
    """ψ, the cosine of m times an angle made to fall throughout, and its slope by the cosine."""
    multiple, next_one = np.ones_like(cosine), cosine  # cos(k θ), by Chebyshev's recurrence
    slope, next_slope = np.zeros_like(cosine), np.ones_like(cosine)
    for _ in range(m):
        multiple, next_one, slope, next_slope = (
            next_one,
            2 * cosine * next_one - multiple,
            next_slope,
            2 * (next_one + cosine * next_slope) - slope,
        )
    folds = sum((cosine < math.cos(i * math.pi / m)).astype(float) for i in range(1, m))
    sign = 1 - 2 * np.mod(folds, 2)
    return np.asarray(sign * multiple - 2 * folds), np.asarray(sign * slope)


def _partners(classes: Labels) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which pairs are of one class, without the items themselves, and which are of two."""
    same = classes[:, None] == classes
    return same & ~np.eye(len(same), dtype=bool), ~same


def _log_sum_exp(scores: Array, counted: npt.NDArray[np.bool_]) -> Array:
    """ln Σ exp over the entries that count; -inf where there is none."""
    rows = np.where(counted, scores, -np.inf)
    top = rows.max(axis=-1, initial=-np.inf)
    top = np.where(counted.any(axis=-1), top, 0.0)
    return np.asarray(top + np.log(np.exp(rows - top[:, None]).sum(axis=-1)))


def _log_one_plus(scores: Array, counted: npt.NDArray[np.bool_]) -> tuple[Array, Array]:
    """ln(1 + Σ exp) over the entries that count, and the share of each, which is the slope."""
    rows = np.where(counted, scores, -np.inf)
    shares = log_softmax(np.concatenate([rows, np.zeros((len(rows), 1))], axis=-1))
    return -shares[:, -1], np.exp(shares[:, :-1])
