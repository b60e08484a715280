"""Losses on embeddings: what should be close, and what should be far apart.

Where the items of a batch serve as each other's negatives (InfoNCE and its kin), a weight per item
would have no one meaning, and there is no `sample_weight`.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike

from lossfns._arguments import Reduction, embedding_shapes, flag, integer, number, one_of
from lossfns.numpy._classes import Labels, in_range, integers, log_softmax, one_hot, pick, times
from lossfns.numpy._core import Array, Evaluation, item_weight, loss, real, reduced
from lossfns.numpy._embeddings import distance, unit
from lossfns.numpy._logits import softplus, softplus_of_minus


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
    first, second = _embeddings(first=first, second=second)
    same, weight = _pair_target(target, (0.0, 1.0), first, sample_weight)
    difference = _masked(first - second, weight)
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
    anchor, positive, negative = _embeddings(anchor=anchor, positive=positive, negative=negative)
    weight = None if sample_weight is None else item_weight(sample_weight, anchor.shape[:-1])
    near, far = (_masked(anchor - other, weight) for other in (positive, negative))
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
    (rows,) = _batch(embeddings=embeddings)
    if not np.isfinite(rows).all():
        raise ValueError("embeddings must be finite to have distances")
    classes = _classes_of(target, rows)
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
    first, second = _embeddings(first=first, second=second)
    sign, weight = _pair_target(target, (-1.0, 1.0), first, sample_weight)
    first, second = _masked(first, weight), _masked(second, weight)
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
    query, key = _batch(query=query, key=key)
    (q, back_q), (k, back_k) = unit(query), unit(key)
    log_probs = log_softmax(q @ k.T / temperature)
    own = np.eye(len(q))

    def pull() -> Array:
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
    first, second = _batch(first=first, second=second)
    views, back = unit(np.concatenate([first, second]))
    n = len(first)
    log_probs = _softmax_over_others(views @ views.T / temperature)
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
    image, text = _batch(image=image, text=text)
    (a, back_a), (b, back_b) = unit(image), unit(text)
    scores = a @ b.T / temperature
    rows, columns = log_softmax(scores), log_softmax(scores.T).T

    def pull() -> Array:
        return (0.5 * (np.exp(rows) + np.exp(columns)) - np.eye(len(a))) / temperature

    return reduced(
        -0.5 * (np.diagonal(rows) + np.diagonal(columns)),
        reduction,
        image=lambda: back_a(pull() @ b),
        text=lambda: back_b(pull().T @ a),
    )


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
    (rows,) = _batch(embeddings=embeddings)
    positive, _ = _partners(_classes_of(target, rows))
    views, back = unit(rows)
    log_probs = _softmax_over_others(views @ views.T / temperature)
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
    image, text = _batch(image=image, text=text)
    (a, back_a), (b, back_b) = unit(image), unit(text)
    sign = 2 * np.eye(len(a)) - 1
    margins = sign * (scale * a @ b.T + bias)

    def pull() -> Array:
        return -scale * sign * np.exp(-np.logaddexp(0, margins))

    return reduced(
        np.logaddexp(0, -margins).sum(axis=-1),
        reduction,
        image=lambda: back_a(pull() @ b),
        text=lambda: back_b(pull().T @ a),
    )


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
    first, second = _batch(first=first, second=second)
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
    first, second = _batch(first=first, second=second)
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
    (rows,) = _batch(embeddings=embeddings)
    views, back = unit(rows)
    scores = views @ views.T / temperature
    positive, negative = _partners(_classes_of(target, rows))
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
    (rows,) = _batch(embeddings=embeddings)
    views, back = unit(rows)
    above = views @ views.T - base
    positive, negative = _partners(_classes_of(target, rows))
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
    (rows,) = _batch(embeddings=embeddings)
    views, back = unit(rows)
    cosines = views @ views.T
    positive, negative = _partners(_classes_of(target, rows))
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


def _embeddings(**arrays: Any) -> list[Array]:
    """Check embeddings of one shape, (..., d): the last axis holds the dimensions."""
    rows = [real(name, array, floating=True) for name, array in arrays.items()]
    embedding_shapes({name: row.shape for name, row in zip(arrays, rows, strict=True)})
    return rows


def _batch(**arrays: Any) -> list[Array]:
    """Check the embeddings of a whole batch, (n, d): one row an item."""
    rows = _embeddings(**arrays)
    embedding_shapes({name: row.shape for name, row in zip(arrays, rows, strict=True)}, batch=True)
    return rows


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


def _masked(rows: Array, weight: Array | None) -> Array:
    """Rows of weight 0 become zeros, so that nothing in them reaches value or gradient."""
    return rows if weight is None else np.where(weight[..., None] == 0, 0.0, rows)


def _classes_of(target: ArrayLike, rows: Array, classes: int | None = None) -> Labels:
    """Check one integer label per embedding."""
    labels = integers(target)
    if labels.shape != rows.shape[:-1]:
        raise ValueError(
            f"target must have one label for each of the embeddings, {rows.shape[:-1]}, "
            f"got {labels.shape}"
        )
    return labels.astype(np.intp) if classes is None else in_range(labels, classes)


def _prototyped(
    embeddings: Any, target: Any, prototypes: Any, sample_weight: Any
) -> tuple[Array, Array, Labels, Array | None]:
    """Check embeddings against a direction per class; return them, unit directions, labels."""
    (rows,) = _embeddings(embeddings=embeddings)
    (centres,) = _batch(prototypes=prototypes)
    if centres.shape[-1] != rows.shape[-1]:
        raise ValueError(
            f"embeddings and prototypes must have the same number of dimensions, "
            f"got {rows.shape} and {centres.shape}"
        )
    labels = _classes_of(target, rows, len(centres))
    weight = None if sample_weight is None else item_weight(sample_weight, labels.shape)
    return _masked(rows, weight), unit(centres)[0], labels, weight


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


def _softmax_over_others(scores: Array) -> Array:
    """Log-softmax of each row without its diagonal entry, which becomes -inf."""
    own = np.eye(len(scores), dtype=bool)
    # Masked again: of a row that is alone the softmax would be 0 / 0.
    return np.where(own, -np.inf, log_softmax(np.where(own, -np.inf, scores)))


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
