"""Losses on embeddings of pairs, triplets and views: what should be close, and what far apart.

Those that need a class of each item are in `metric_labels`. Where the items of a batch serve as
each other's negatives (InfoNCE and its kin), a weight per item would have no one meaning, and there
is no `sample_weight`.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from lossfns._arguments import Reduction, flag, number, one_of
from lossfns.numpy._classes import Labels, log_softmax, times
from lossfns.numpy._core import Array, Evaluation, item_weight, loss, real, reduced
from lossfns.numpy._embeddings import (
    batch_of,
    classes_of,
    distance,
    embeddings_of,
    masked,
    softmax_over_others,
    unit,
)


@loss
def contrastive(
    first: ArrayLike,
    second: ArrayLike,
    target: ArrayLike,
    *,
    margin: float = 1.0,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Contrastive pair loss: pull equal pairs together, push unequal ones a margin apart.

        l = ½ (y d² + (1 - y) max(0, margin - d)²),   d = ‖first - second‖

    Args:
        first, second: embeddings, floating point, (..., d).
        target: (...), 1 for a pair of equals, 0 for others. The paper has it the other way round.
        margin: distance at which unequal pairs are left alone, > 0.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, in squared units of distance, with the ½ of the paper; code without it has twice
        this.
    Raises:
        TypeError, ValueError: shapes differ, integers, NaN, targets other than 0 and 1, margin ≤ 0.
    Gradient:
        (y - (1 - y) max(0, margin - d) / d) (first - second) / n with respect to `first`, and its
        negative for wrt="second"; 0 for an unequal pair at distance 0, which has no direction.
    Pitfall:
        Without a margin, one far-away negative pair would be worth more than all the others.
    Reference:
        Hadsell, Chopra & LeCun (2006), Dimensionality reduction by learning an invariant mapping,
        CVPR.
    Chapter:
        loss-contrastive
    Example:
        >>> import lossfns.numpy as ln
        >>> pairs = [[0.0, 0.0], [0.0, 0.0]], [[3.0, 4.0], [0.3, 0.4]]
        >>> ln.contrastive(*pairs, [1, 0], reduction="none")
        array([12.5  ,  0.125])
    """
    number("margin", margin, above=0)
    first, second = embeddings_of(first=first, second=second)
    same, weight = _pair_target(target, (0.0, 1.0), first, sample_weight)
    difference = masked(first - second, weight)
    gap, direction = distance(difference)
    push = (1 - same) * np.maximum(margin - gap, 0)

    def slope() -> Array:
        # ½ g² by the difference is the difference; ½ (m - g)² is -(m - g) times its direction.
        return times(same[..., None], difference) - push[..., None] * direction

    # The square of a pair that is not to be pulled together may overflow.
    losses = 0.5 * (times(same, gap**2) + push**2)
    return reduced(losses, reduction, weight, axis=-1, first=slope, second=lambda: -slope())


@loss
def triplet(
    anchor: ArrayLike,
    positive: ArrayLike,
    negative: ArrayLike,
    *,
    margin: float = 1.0,
    p: float = 2.0,
    squared: bool = False,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Triplet loss: the positive should be closer to the anchor than the negative, by a margin.

        l = max(0, d(anchor, positive) - d(anchor, negative) + margin)

    Args:
        anchor, positive, negative: embeddings, floating point, (..., d).
        margin: > 0, in units of the distance (of its square with `squared`).
        p: of the p-norm, ≥ 1; math.inf is the largest coordinate.
        squared: use squared Euclidean distances, as FaceNet does; p must be 2.
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, in units of the distance.
    Raises:
        TypeError, ValueError: shapes differ, integers, NaN, margin ≤ 0, p < 1.
    Gradient:
        For Euclidean distances the unit vector from positive to anchor minus that from negative to
        anchor, over n, where the margin is violated; half of it on the edge.
    Pitfall:
        Most random triplets cost nothing after a few epochs: mine them (`mine_triplets`).
    Reference:
        Schroff, Kalenichenko & Philbin (2015), FaceNet, CVPR, arXiv:1503.03832.
    Chapter:
        loss-triplet
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.triplet([[0.0, 0.0]], [[3.0, 4.0]], [[0.0, 2.0]], margin=1.0)
        4.0
        >>> ln.triplet([[0.0, 0.0]], [[3.0, 4.0]], [[0.0, 2.0]], margin=1.0, squared=True)
        22.0
    """
    number("margin", margin, above=0)
    number("p", p, at_least=1)
    flag("squared", squared)
    if squared and p != 2:
        raise ValueError(f"p must be 2 for squared distances, got {p!r}")
    anchor, positive, negative = embeddings_of(anchor=anchor, positive=positive, negative=negative)
    weight = None if sample_weight is None else item_weight(sample_weight, anchor.shape[:-1])
    near, far = (masked(anchor - other, weight) for other in (positive, negative))
    (d_near, u_near), (d_far, u_far) = distance(near, p), distance(far, p)
    if squared:
        d_near, d_far, u_near, u_far = d_near**2, d_far**2, 2 * near, 2 * far
    # The difference first: beside large distances the margin would be rounded away.
    gap = margin + (d_near - d_far)
    active = np.heaviside(gap, 0.5)[..., None]
    return reduced(
        np.maximum(gap, 0),
        reduction,
        weight,
        axis=-1,
        anchor=lambda: active * (u_near - u_far),
        positive=lambda: -active * u_near,
        negative=lambda: active * u_far,
    )


def mine_triplets(
    embeddings: ArrayLike,
    target: ArrayLike,
    *,
    kind: Literal["all", "easy", "semi_hard", "hard"] = "semi_hard",
    margin: float = 1.0,
) -> tuple[Labels, Labels, Labels]:
    """Choose triplets from a labelled batch by how hard they are.

    With d_p and d_n the distances from the anchor to the positive and to the negative:

        all:        every (anchor, positive, negative) of the batch
        easy:       d_p + margin ≤ d_n, which cost nothing
        semi_hard:  d_p < d_n < d_p + margin
        hard:       d_n ≤ d_p

    Args:
        embeddings: (n, d), floating point.
        target: (n,), integer classes.
        kind: "all", "easy", "semi_hard" or "hard".
        margin: > 0, in units of Euclidean distance.
    Returns:
        Three index arrays of one length: anchors, positives, negatives.
    Raises:
        TypeError, ValueError: shapes do not fit, classes that are not integers, NaN, unknown kind.
    Gradient:
        None: the choice is discrete.
    Pitfall:
        The hardest triplets are often mislabelled ones; FaceNet trains on semi-hard ones. All n³
        combinations are looked at at once: for a batch of 512, 134 million.
    Reference:
        Schroff, Kalenichenko & Philbin (2015), FaceNet, CVPR, arXiv:1503.03832.
    Chapter:
        mine-triplets
    Example:
        >>> import lossfns.numpy as ln
        >>> points = [[0.0], [1.0], [1.5], [9.0]]
        >>> for row in zip(*ln.mine_triplets(points, [0, 0, 1, 1], kind="semi_hard")):
        ...     print(*map(int, row))
        0 1 2
        3 2 1
    """
    one_of("kind", kind, ("all", "easy", "semi_hard", "hard"))
    number("margin", margin, above=0)
    (rows,) = batch_of(embeddings=embeddings)
    if not np.isfinite(rows).all():
        raise ValueError("embeddings must be finite to have distances")
    classes = classes_of(target, rows)
    same = classes[:, None] == classes
    valid = (same & ~np.eye(len(same), dtype=bool))[:, :, None] & ~same[:, None, :]
    gaps, _ = distance(rows[:, None] - rows)
    near, far = gaps[:, :, None], gaps[:, None, :]
    chosen = {
        "all": np.True_,
        "easy": far - near >= margin,
        "semi_hard": (near < far) & (far - near < margin),
        "hard": far <= near,
    }[kind]
    anchors, positives, negatives = np.nonzero(valid & chosen)
    return anchors, positives, negatives


@loss
def cosine_embedding(
    first: ArrayLike,
    second: ArrayLike,
    target: ArrayLike,
    *,
    margin: float = 0.0,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Cosine embedding loss: align equal pairs, keep unequal ones from pointing the same way.

        l = 1 - cos              for y = +1
        l = max(0, cos - margin) for y = -1

    Args:
        first, second: embeddings, floating point, (..., d).
        target: (...), +1 for a pair of equals, -1 for others.
        margin: similarity that unequal pairs may keep, in [-1, 1).
        reduction, sample_weight: as for every loss, see the package's documentation.
    Returns:
        The loss, without units. The cosine of a row of zeros is 0, with gradient 0.
    Raises:
        TypeError, ValueError: shapes differ, integers, NaN, targets other than ±1.
    Gradient:
        -y (b̂ - cos â) / ‖a‖ / n with respect to `first`, a hat meaning length 1.
    Pitfall:
        Length is free: nothing keeps embeddings from growing or shrinking.
    Reference:
        Torch documentation of CosineEmbeddingLoss; Salton & McGill (1983), Introduction to Modern
        Information Retrieval, for the similarity.
    Chapter:
        loss-cosine-embedding
    Example:
        >>> import lossfns.numpy as ln
        >>> ln.cosine_embedding([[3.0, 0.0], [1.0, 0.0]], [[5.0, 0.0], [0.0, 2.0]], [1, 1])
        0.5
    """
    number("margin", margin, at_least=-1, below=1)
    first, second = embeddings_of(first=first, second=second)
    sign, weight = _pair_target(target, (-1.0, 1.0), first, sample_weight)
    first, second = masked(first, weight), masked(second, weight)
    (a, back_a), (b, back_b) = unit(first), unit(second)
    cosine = (a * b).sum(axis=-1)
    pull = np.where(sign > 0, -1.0, np.heaviside(cosine - margin, 0.5))[..., None]
    # 1 - cos without the cancellation; a row of zeros has not the length 1 that this counts on.
    directed = a.any(axis=-1) & b.any(axis=-1)
    aligned = np.where(directed, 0.5 * ((a - b) ** 2).sum(axis=-1), 1 - cosine)
    losses = np.where(sign > 0, aligned, np.maximum(cosine - margin, 0))
    return reduced(
        losses,
        reduction,
        weight,
        axis=-1,
        first=lambda: back_a(pull * b),
        second=lambda: back_b(pull * a),
    )


@loss
def info_nce(
    query: ArrayLike,
    key: ArrayLike,
    *,
    temperature: float = 0.1,
    reduction: Reduction = "mean",
) -> Evaluation:
    """InfoNCE: tell which key of the batch belongs to each query.

        l_i = -ln softmax_j(cos(q_i, k_j) / τ)_i

    Args:
        query, key: embeddings, floating point, (n, d); row i of both belong together. They are
            scaled to length 1 inside.
        temperature: τ > 0.
        reduction: "none" (one loss per query), "mean" or "sum".
    Returns:
        The loss, in nats; ln n for embeddings that know nothing.
    Raises:
        TypeError, ValueError: shapes differ, integers, NaN, temperature ≤ 0.
    Gradient:
        With respect to the scores, (softmax - identity) / (n τ): classification among the batch.
    Pitfall:
        The other items of the batch are taken for negatives, duplicates and all.
    Reference:
        van den Oord, Li & Vinyals (2018), arXiv:1807.03748.
    Chapter:
        loss-info-nce
    Example:
        >>> import lossfns.numpy as ln
        >>> same = [[1.0, 0.0], [0.0, 1.0]]
        >>> round(ln.info_nce(same, same, temperature=1.0), 4)
        0.3133
    """
    number("temperature", temperature, above=0)
    query, key = batch_of(query=query, key=key)
    (q, back_q), (k, back_k) = unit(query), unit(key)
    log_probs = log_softmax(q @ k.T / temperature)
    own = np.eye(len(q))

    def pull() -> Array:
        # By the similarities: softmax less the partner.
        return (np.exp(log_probs) - own) / temperature

    return reduced(
        -np.diagonal(log_probs),
        reduction,
        query=lambda: back_q(pull() @ k),
        key=lambda: back_k(pull().T @ q),
    )


@loss
def nt_xent(
    first: ArrayLike,
    second: ArrayLike,
    *,
    temperature: float = 0.1,
    reduction: Reduction = "mean",
) -> Evaluation:
    """NT-Xent, SimCLR's loss: find the other view of an image among all views of the batch.

        l_i = -ln (exp(cos(z_i, z_j(i)) / τ) / Σ_{k≠i} exp(cos(z_i, z_k) / τ))

    Args:
        first, second: embeddings of two views, floating point, (n, d); row i of both belong
            together. They are scaled to length 1 inside.
        temperature: τ > 0; SimCLR's best was 0.1.
        reduction: "none" (2n losses: the first views, then the second), "mean" or "sum".
    Returns:
        The loss, in nats; ln(2n - 1) for embeddings that know nothing.
    Raises:
        TypeError, ValueError: shapes differ, integers, NaN, temperature ≤ 0.
    Gradient:
        Of each view: the softmax-weighted mean of the others minus its partner, over 2n τ, and
        the same seen from the others; without its part along the view itself.
    Pitfall:
        Written with exp and log it is NaN at τ = 0.005, and cannot fall below 87 once the
        exponentials underflow to float32's smallest number.
    Reference:
        Chen et al. (2020), A simple framework for contrastive learning, ICML, arXiv:2002.05709.
    Chapter:
        loss-nt-xent
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.nt_xent([[1.0, 0.0]], [[0.0, 1.0]]), 4)
        0.0
    """
    number("temperature", temperature, above=0)
    first, second = batch_of(first=first, second=second)
    views, back = unit(np.concatenate([first, second]))
    n = len(first)
    log_probs = softmax_over_others(views @ views.T / temperature)
    partner = np.roll(np.arange(2 * n), n)

    def slope() -> Array:
        pull = np.exp(log_probs)
        # Softmax less the partner; a similarity stands in the rows of both of its items.
        pull[np.arange(2 * n), partner] -= 1
        return back((pull + pull.T) @ views / temperature)

    return reduced(
        -log_probs[np.arange(2 * n), partner],
        reduction,
        first=lambda: slope()[:n],
        second=lambda: slope()[n:],
    )


@loss
def clip(
    image: ArrayLike,
    text: ArrayLike,
    *,
    temperature: float = 0.07,
    reduction: Reduction = "mean",
) -> Evaluation:
    """CLIP's loss: InfoNCE from images to texts and from texts to images, averaged.

        l_i = -½ (ln softmax_j(s_ij)_i + ln softmax_j(s_ji)_i),   s = cos(image, text) / τ

    Args:
        image, text: embeddings, floating point, (n, d); row i of both belong together. They are
            scaled to length 1 inside.
        temperature: τ > 0. CLIP learns it, starting at 0.07 and never below 0.01.
        reduction: "none" (one loss per pair), "mean" or "sum".
    Returns:
        The loss, in nats; ln n for embeddings that know nothing.
    Raises:
        TypeError, ValueError: shapes differ, integers, NaN, temperature ≤ 0.
    Gradient:
        With respect to the scores, ½ (row softmax + column softmax) - identity, over n τ.
    Pitfall:
        It needs large batches: with n pairs it can only learn to tell n captions apart.
    Reference:
        Radford et al. (2021), ICML, arXiv:2103.00020.
    Chapter:
        loss-clip
    Example:
        >>> import lossfns.numpy as ln
        >>> same = [[1.0, 0.0], [0.0, 1.0]]
        >>> round(ln.clip(same, same, temperature=1.0), 4)
        0.3133
    """
    number("temperature", temperature, above=0)
    image, text = batch_of(image=image, text=text)
    (a, back_a), (b, back_b) = unit(image), unit(text)
    scores = a @ b.T / temperature
    rows, columns = log_softmax(scores), log_softmax(scores.T).T

    def pull() -> Array:
        # By the similarities: half the softmax of each direction, less the partner of both.
        return (0.5 * (np.exp(rows) + np.exp(columns)) - np.eye(len(a))) / temperature

    return reduced(
        -0.5 * (np.diagonal(rows) + np.diagonal(columns)),
        reduction,
        image=lambda: back_a(pull() @ b),
        text=lambda: back_b(pull().T @ a),
    )


@loss
def siglip(
    image: ArrayLike,
    text: ArrayLike,
    *,
    scale: float = 10.0,
    bias: float = -10.0,
    reduction: Reduction = "mean",
) -> Evaluation:
    """Sigmoid loss for image-text pairs: every pair of the batch is a yes-or-no question.

        l_i = Σ_j softplus(-y_ij (scale · cos(image_i, text_j) + bias)),   y_ij = ±1

    Args:
        image, text: embeddings, floating point, (n, d); row i of both belong together. They are
            scaled to length 1 inside.
        scale: inverse temperature, > 0; learned in the paper, from 10 on.
        bias: learned in the paper, from -10 on, since nearly all pairs are negatives.
        reduction: "none" (one loss per image), "mean" or "sum".
    Returns:
        The loss, in nats: a sum over the n texts, averaged over the n images, as in the paper.
    Raises:
        TypeError, ValueError: shapes differ, integers, NaN, scale ≤ 0.
    Gradient:
        With respect to the scores, σ(score) - [i = j], times scale / n.
    Pitfall:
        Without the bias the first steps only unlearn that everything matches.
    Reference:
        Zhai et al. (2023), ICCV, arXiv:2303.15343.
    Chapter:
        loss-siglip
    Example:
        >>> import lossfns.numpy as ln
        >>> round(ln.siglip([[1.0, 0.0]], [[1.0, 0.0]], scale=10.0, bias=-10.0), 4)
        0.6931
    """
    number("scale", scale, above=0)
    number("bias", bias)
    image, text = batch_of(image=image, text=text)
    (a, back_a), (b, back_b) = unit(image), unit(text)
    sign = 2 * np.eye(len(a)) - 1
    margins = sign * (scale * a @ b.T + bias)

    def pull() -> Array:
        # ln(1 + e^-m) by m is -σ(-m), and m is ±(scale · similarity + bias).
        return -scale * sign * np.exp(-np.logaddexp(0, margins))

    return reduced(
        np.logaddexp(0, -margins).sum(axis=-1),
        reduction,
        image=lambda: back_a(pull() @ b),
        text=lambda: back_b(pull().T @ a),
    )


@loss
def vicreg(
    first: ArrayLike,
    second: ArrayLike,
    *,
    invariance: float = 25.0,
    variance: float = 25.0,
    covariance: float = 1.0,
    reduction: Literal["mean"] = "mean",
) -> Evaluation:
    """VICReg: two views agree, no dimension collapses, no two dimensions say the same.

        L = λ mean((a - b)²) + μ Σ_views mean_d max(0, 1 - √(var_d + 1e-4))
            + ν Σ_views Σ_{d≠e} cov_de² / D

    Args:
        first, second: embeddings of two views, floating point, (n, d), n ≥ 2, not scaled.
        invariance, variance, covariance: λ, μ, ν ≥ 0.
        reduction: "mean" only: variances belong to the batch, not to an item.
    Returns:
        The loss. Variances divide by n - 1; the variance term is averaged over the two views, as
        in the authors' code, where the paper sums them.
    Raises:
        TypeError, ValueError: shapes differ, fewer than 2 items, integers, NaN, negative weights.
    Gradient:
        2 λ (a - b) / (n d), minus the pull of each dimension that spreads too little, plus
        4 ν cov (a - mean) / ((n - 1) d) without the diagonal.
    Pitfall:
        The weights are tuned to embeddings of thousands of dimensions.
    Reference:
        Bardes, Ponce & LeCun (2022), ICLR, arXiv:2105.04906.
    Chapter:
        loss-vicreg
    Example:
        >>> import lossfns.numpy as ln
        >>> views = [[1.0, 1.0], [-1.0, -1.0]], [[1.0, 1.0], [-1.0, -1.0]]
        >>> ln.vicreg(*views, variance=0.0)
        8.0
    """
    for name, value in (("invariance", invariance), ("variance", variance)):
        number(name, value, at_least=0)
    number("covariance", covariance, at_least=0)
    one_of("reduction", reduction, ("mean",))
    first, second = batch_of(first=first, second=second)
    n, d = _at_least_two(first)
    difference = first - second
    total = invariance * float((difference**2).mean())
    terms = []
    for view in (first, second):
        centred = view - view.mean(axis=0)
        spread = np.sqrt((centred**2).sum(axis=0) / (n - 1) + 1e-4)
        mixed = centred.T @ centred / (n - 1)
        np.fill_diagonal(mixed, 0.0)
        total += variance * float(np.maximum(1 - spread, 0).mean()) / 2
        total += covariance * float((mixed**2).sum()) / d
        # By the centred x: √(Σ x² / (n - 1)) has x / (n - 1) over itself, and of the covariances
        # C = xᵀx / (n - 1), zero on the diagonal, Σ C² has 4 x C / (n - 1).
        flat = np.heaviside(1 - spread, 0.5) / spread
        terms.append(
            centred / (n - 1) / d * (-0.5 * variance * flat)
            + 4 * covariance * centred @ mixed / (n - 1) / d
        )
    pull = 2 * invariance * difference / difference.size
    return Evaluation(total, {"first": lambda: pull + terms[0], "second": lambda: terms[1] - pull})


@loss
def barlow_twins(
    first: ArrayLike,
    second: ArrayLike,
    *,
    redundancy: float = 0.005,
    reduction: Literal["mean"] = "mean",
) -> Evaluation:
    """Barlow Twins: the cross-correlation of two views should be the identity.

        L = Σ_d (1 - C_dd)² + λ Σ_{d≠e} C_de²,   C the correlations across the batch

    Args:
        first, second: embeddings of two views, floating point, (n, d), n ≥ 2, not scaled.
        redundancy: λ ≥ 0.
        reduction: "mean" only: correlations belong to the batch, not to an item.
    Returns:
        The loss. A dimension that is constant over the batch correlates with nothing: C = 0.
    Raises:
        TypeError, ValueError: shapes differ, fewer than 2 items, integers, NaN, redundancy < 0.
    Gradient:
        Through the standardisation of every dimension; see the code.
    Pitfall:
        The sum grows with the number of dimensions: the learning rate does not travel.
    Reference:
        Zbontar et al. (2021), ICML, arXiv:2103.03230.
    Chapter:
        loss-barlow-twins
    Example:
        >>> import lossfns.numpy as ln
        >>> view = [[1.0, 2.0], [-1.0, 2.5], [0.0, 0.0]]
        >>> round(ln.barlow_twins(view, view, redundancy=0.0), 6)
        0.0
    """
    number("redundancy", redundancy, at_least=0)
    one_of("reduction", reduction, ("mean",))
    first, second = batch_of(first=first, second=second)
    _at_least_two(first)
    # A column centred and scaled to length 1: the scalar products are the correlations.
    (a, back_a), (b, back_b) = (unit(_centred(v).T) for v in (first, second))
    correlation = a @ b.T
    gap = correlation - np.eye(len(a))
    weight = np.where(np.eye(len(a)) == 1, 1.0, redundancy)

    def slope(back: Any, other: Array, pull: Array) -> Array:
        # Centring is a projection, so its transpose centres, too.
        columns = back(pull @ other)
        return np.asarray((columns - columns.mean(axis=1, keepdims=True)).T)

    pull = 2 * weight * gap
    return Evaluation(
        float((weight * gap**2).sum()),
        {"first": lambda: slope(back_a, b, pull), "second": lambda: slope(back_b, a, pull.T)},
    )


def _pair_target(
    target: ArrayLike, allowed: tuple[float, float], rows: Array, sample_weight: Any
) -> tuple[Array, Array | None]:
    """Check the label of each pair, and its weight."""
    labels = real("target", target)
    if labels.shape != rows.shape[:-1]:
        raise ValueError(
            f"target must have one label per pair, {rows.shape[:-1]}, got {labels.shape}"
        )
    weight = None if sample_weight is None else item_weight(sample_weight, labels.shape)
    valid = np.isin(labels, allowed)
    if not (valid if weight is None else valid | (weight == 0)).all():
        raise ValueError(f"target must hold {allowed[0]:g} and {allowed[1]:g} only")
    return (labels if weight is None else np.where(weight == 0, allowed[1], labels)), weight


def _centred(view: Array) -> Array:
    """Each column less its mean, and exactly 0 where it is constant.

    The mean of a constant is rounded, and what that leaves would count as a direction.
    """
    moved = view - view[0]
    return np.asarray(moved - moved.mean(axis=0))


def _at_least_two(rows: Array) -> tuple[int, int]:
    if len(rows) < 2:
        raise ValueError(f"first must hold at least 2 items to have a spread, got {len(rows)}")
    return rows.shape[0], rows.shape[1]
