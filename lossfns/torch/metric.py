"""Losses on embeddings: what should be close, and what should be far apart.

Where the items of a batch serve as each other's negatives (InfoNCE and its kin), a weight per item
would have no one meaning, and there is no `sample_weight`.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from lossfns import numpy as ln
from lossfns._arguments import Reduction, embedding_shapes, flag, integer, number, one_of
from lossfns.torch._classes import in_range, integers, pick
from lossfns.torch._contrast import is_large, margin_losses, surprises
from lossfns.torch._core import (
    companion,
    item_weight,
    loss,
    positive_part,
    product,
    reads_values,
    reduced,
    together,
    with_values,
    within,
)
from lossfns.torch._embeddings import directions, distance, unit
from lossfns.torch._processes import ProcessGroup, everybodys, reduced_jointly


@loss(ln.contrastive)
def contrastive(
    first: Tensor,
    second: Tensor,
    target: Tensor,
    *,
    margin: float = 1.0,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> second = torch.tensor([[3.0, 4.0], [0.3, 0.4]])
        >>> lt.contrastive(torch.zeros(2, 2), second, torch.tensor([1, 0]), reduction="none")
        tensor([12.5000,  0.1250])
    """
    number("margin", margin, above=0)
    first, second = _embeddings(first=first, second=second)
    same, weight = _pair_target(target, (0, 1), first, sample_weight, validate)
    gap = distance(_masked(first - second, weight))
    # The square of a pair that is not to be pulled together may overflow.
    pull, push = torch.where(same == 0, 0, gap), (1 - same) * (margin - gap).clamp(min=0)
    return reduced(0.5 * (same * pull**2 + push**2), reduction, weight)


@loss(ln.triplet)
def triplet(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    margin: float = 1.0,
    p: float = 2.0,
    squared: bool = False,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        `torch.nn.functional.triplet_margin_loss`, which adds 1e-6 to every difference.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> anchor, positive = torch.zeros(1, 2), torch.tensor([[3.0, 4.0]])
        >>> lt.triplet(anchor, positive, torch.tensor([[0.0, 2.0]]), margin=1.0)
        tensor(4.)
    """
    number("margin", margin, above=0)
    number("p", p, at_least=1)
    flag("squared", squared)
    if squared and p != 2:
        raise ValueError(f"p must be 2 for squared distances, got {p!r}")
    anchor, positive, negative = _embeddings(anchor=anchor, positive=positive, negative=negative)
    weight = None
    if sample_weight is not None:
        weight = item_weight(sample_weight, anchor, anchor.shape[:-1], validate)
    near, far = (_masked(anchor - other, weight) for other in (positive, negative))
    if squared:
        gap = (near**2).sum(-1) - (far**2).sum(-1)
    else:
        gap = distance(near, p) - distance(far, p)
    # The difference first: beside distances of 3e7 float32 loses the margin.
    return reduced(positive_part(margin + gap), reduction, weight)


def mine_triplets(
    embeddings: Tensor,
    target: Tensor,
    *,
    kind: Literal["all", "easy", "semi_hard", "hard"] = "semi_hard",
    margin: float = 1.0,
) -> tuple[Tensor, Tensor, Tensor]:
    """Choose triplets from a labelled batch by how hard they are.

    The kinds, arguments, errors and pitfall are those of `lossfns.numpy.mine_triplets`; embeddings
    and target are tensors on one device, and so are the three index tensors returned.

    Args:
        embeddings: (n, d), floating point.
        target: (n,), integer classes.
        kind: "all", "easy", "semi_hard" or "hard".
        margin: > 0, in units of Euclidean distance.
    Returns:
        Three index tensors of one length: anchors, positives, negatives.
    Raises:
        TypeError, ValueError: shapes do not fit, classes that are not integers, NaN, unknown kind.
    Gradient:
        None: the choice is discrete.
    Pitfall:
        How many triplets there are is known only when they are found: on a GPU, that is a sync.
    Reference:
        Schroff, Kalenichenko & Philbin (2015), FaceNet, CVPR, arXiv:1503.03832.
    Chapter:
        mine-triplets
    Example:
        >>> import torch, lossfns.torch as lt
        >>> points = torch.tensor([[0.0], [1.0], [1.5], [9.0]])
        >>> lt.mine_triplets(points, torch.tensor([0, 0, 1, 1]), kind="semi_hard")
        (tensor([0, 3]), tensor([1, 2]), tensor([2, 1]))
    """
    one_of("kind", kind, ("all", "easy", "semi_hard", "hard"))
    number("margin", margin, above=0)
    (rows,) = _batch(embeddings=with_values("embeddings", embeddings))
    if reads_values(rows) and not rows.isfinite().all():
        raise ValueError("embeddings must be finite to have distances")
    classes = _classes_of(target, rows)
    same = classes[:, None] == classes
    others = ~torch.eye(len(rows), dtype=torch.bool, device=rows.device)
    chosen = (same & others)[:, :, None] & ~same[:, None, :]
    gaps = distance((rows[:, None] - rows).detach())
    near, far = gaps[:, :, None], gaps[:, None, :]
    if kind == "easy":
        chosen = chosen & (far - near >= margin)
    elif kind == "semi_hard":
        chosen = chosen & (near < far) & (far - near < margin)
    elif kind == "hard":
        chosen = chosen & (far <= near)
    anchors, positives, negatives = chosen.nonzero(as_tuple=True)
    return anchors, positives, negatives


@loss(ln.cosine_embedding)
def cosine_embedding(
    first: Tensor,
    second: Tensor,
    target: Tensor,
    *,
    margin: float = 0.0,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        `torch.nn.functional.cosine_embedding_loss`.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> first, second = torch.tensor([[3.0, 0.0]]), torch.tensor([[0.0, 2.0]])
        >>> lt.cosine_embedding(first, second, torch.tensor([1]))
        tensor(1.)
    """
    number("margin", margin, at_least=-1, below=1)
    first, second = _embeddings(first=first, second=second)
    sign, weight = _pair_target(target, (-1, 1), first, sample_weight, validate)
    (a, some), (b, others) = (directions(_masked(rows, weight)) for rows in (first, second))
    # 1 - cos without the cancellation; a row of zeros has not the length 1 that this counts on.
    apart = a - b
    turned = 0.5 * (apart * apart).sum(-1)
    for directed in (some, others):
        turned = turned if directed is None else torch.where(directed, turned, 1)
    return reduced(
        torch.where(sign > 0, turned, positive_part(1 - margin - turned)), reduction, weight
    )


@loss(ln.info_nce)
def info_nce(
    query: Tensor,
    key: Tensor,
    *,
    temperature: float | Tensor = 0.1,
    reduction: Reduction = "mean",
    group: ProcessGroup | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        `F.cross_entropy(q @ k.T / temperature, torch.arange(n))` of normalised rows. The
        temperature may be a tensor, and is then differentiable.
        With a `group` of torch.distributed the keys of all its processes are one batch.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.info_nce(torch.eye(2), torch.eye(2), temperature=1.0)
        tensor(0.3133)
    """
    query, key = _batch(query=query, key=key)
    temperature = _temperature(temperature, query, validate)
    query, key = unit(query), unit(key)
    (keys,) = everybodys(group, key=key)
    return reduced_jointly(_surprises_of(query, keys, temperature), reduction, group)


@loss(ln.nt_xent)
def nt_xent(
    first: Tensor,
    second: Tensor,
    *,
    temperature: float | Tensor = 0.1,
    reduction: Reduction = "mean",
    group: ProcessGroup | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None. The temperature may be a tensor, and is then differentiable.
        With a `group` of torch.distributed the items of all its processes are one batch.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.nt_xent(torch.eye(2), torch.eye(2), temperature=1.0)
        tensor(0.5514)
    """
    first, second = _batch(first=first, second=second)
    temperature = _temperature(temperature, first, validate)
    views, n = unit(torch.cat([first, second])), len(first)
    (choices,) = everybodys(group, first=views)
    if is_large(views, choices):
        losses, _ = surprises(views, choices, 1 / temperature, shift=n, skip_own=True)
        return reduced_jointly(losses, reduction, group)
    log_probs = _softmax_over_others(product(views, choices.T) / temperature)[:, : len(views)]
    losses = torch.cat([log_probs.diagonal(n), log_probs.diagonal(-n)])
    return reduced_jointly(-losses, reduction, group)


@loss(ln.clip)
def clip(
    image: Tensor,
    text: Tensor,
    *,
    temperature: float | Tensor = 0.07,
    reduction: Reduction = "mean",
    group: ProcessGroup | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None. The temperature may be a tensor, and is then differentiable.
        With a `group` of torch.distributed the pairs of all its processes are one batch.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.clip(torch.eye(2), torch.eye(2), temperature=1.0)
        tensor(0.3133)
    """
    image, text = _batch(image=image, text=text)
    temperature = _temperature(temperature, image, validate)
    image, text = unit(image), unit(text)
    if group is not None:
        images, texts = everybodys(group, image=image, text=text)
        by_image = _surprises_of(image, texts, temperature)
        by_text = _surprises_of(text, images, temperature)
        return reduced_jointly(0.5 * (by_image + by_text), reduction, group)
    if is_large(image, text):
        by_image, by_text = surprises(image, text, 1 / temperature, both=True)
        return reduced(0.5 * (by_image + by_text), reduction)
    scores = product(image, text.T) / temperature
    both = scores.log_softmax(-1).diagonal() + scores.log_softmax(0).diagonal()
    return reduced(-0.5 * both, reduction)


@loss(ln.sup_con)
def sup_con(
    embeddings: Tensor,
    target: Tensor,
    *,
    temperature: float | Tensor = 0.1,
    reduction: Reduction = "mean",
    group: ProcessGroup | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None. The temperature may be a tensor, and is then differentiable.
        With a `group` of torch.distributed the items of all its processes are one batch.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> views = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
        >>> lt.sup_con(views, torch.tensor([0, 0, 1]), temperature=1.0)
        tensor(0.3133)
    """
    (rows,) = _batch(embeddings=embeddings)
    classes = _classes_of(target, rows)
    temperature = _temperature(temperature, rows, validate)
    views = unit(rows)
    choices, classes_of = everybodys(group, embeddings=views, target=classes)
    if is_large(views, choices):
        _, numbers = torch.unique(classes_of, return_inverse=True)
        sums = torch.zeros_like(choices).index_add(0, numbers, choices)
        partners = (numbers.bincount(minlength=1)[numbers] - 1)[: len(views)]
        means = (sums[numbers[: len(views)]] - views) / partners.clamp(min=1)[:, None]
        losses, _ = surprises(views, choices, 1 / temperature, partners=means, skip_own=True)
        some = partners > 0
        losses = torch.where(some, losses, 0)
    else:
        positive, _ = _partners(classes, classes_of)
        log_probs = _softmax_over_others(product(views, choices.T) / temperature)
        partners = positive.sum(-1)
        losses = -torch.where(positive, log_probs, 0).sum(-1) / partners.clamp(min=1)
    return reduced_jointly(losses, reduction, group, (partners > 0).to(losses.dtype))


@loss(ln.siglip)
def siglip(
    image: Tensor,
    text: Tensor,
    *,
    scale: float | Tensor = 10.0,
    bias: float | Tensor = -10.0,
    reduction: Reduction = "mean",
    group: ProcessGroup | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None. Scale and bias may be tensors, and are then differentiable.
        With a `group` of torch.distributed the pairs of all its processes are one batch.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.siglip(torch.eye(1), torch.eye(1), scale=10.0, bias=-10.0)
        tensor(0.6931)
    """
    image, text = _batch(image=image, text=text)
    scale = _number("scale", scale, image, validate, above=0)
    bias = _number("bias", bias, image, validate)
    image, text = unit(image), unit(text)
    (texts,) = everybodys(group, text=text)
    if is_large(image, texts):
        return reduced_jointly(margin_losses(image, texts, scale, bias), reduction, group)
    scores = scale * product(image, texts.T) + bias
    margins = torch.where(_own(scores), scores, -scores)
    return reduced_jointly(-F.logsigmoid(margins).sum(-1), reduction, group)


@loss(ln.arcface)
def arcface(
    embeddings: Tensor,
    target: Tensor,
    *,
    prototypes: Tensor,
    margin: float = 0.5,
    scale: float = 64.0,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None. The prototypes are differentiable here: a parameter of shape (C, d).
    Example:
        >>> import torch, lossfns.torch as lt
        >>> embeddings, target = torch.ones(1, 2), torch.tensor([0])
        >>> lt.arcface(embeddings, target, prototypes=torch.eye(2), margin=0.0, scale=1.0)
        tensor(0.6931)
    """
    number("margin", margin, at_least=0, below=math.pi)
    number("scale", scale, above=0)
    rows, centres, labels, weight = _prototyped(
        embeddings, target, prototypes, sample_weight, validate
    )
    cosines = product(unit(rows), centres.T)
    own = labels[..., None] == torch.arange(len(centres), device=rows.device)
    cosine = pick(cosines, labels).clamp(-1, 1)
    # The root's slope at sin θ = 0 is infinite: take the root of 1 there, and multiply by 0.
    squared = 1 - cosine**2
    flat = squared <= 0
    sine = torch.where(flat, 1, squared).sqrt() * torch.where(flat, 0, 1)
    shifted = torch.where(
        cosine > -math.cos(margin),
        cosine * math.cos(margin) - sine * math.sin(margin),
        cosine - margin * math.sin(margin),
    )
    scores = torch.where(own, shifted[..., None], cosines)
    return reduced(-pick((scale * scores).log_softmax(-1), labels), reduction, weight)


@loss(ln.vicreg)
def vicreg(
    first: Tensor,
    second: Tensor,
    *,
    invariance: float = 25.0,
    variance: float = 25.0,
    covariance: float = 1.0,
    reduction: Literal["mean"] = "mean",
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> view = torch.tensor([[1.0, 1.0], [-1.0, -1.0]])
        >>> lt.vicreg(view, view, variance=0.0)
        tensor(8.)
    """
    number("invariance", invariance, at_least=0)
    number("variance", variance, at_least=0)
    number("covariance", covariance, at_least=0)
    one_of("reduction", reduction, ("mean",))
    first, second = _batch(first=first, second=second)
    n, d = _at_least_two(first)
    total = invariance * ((first - second) ** 2).mean()
    for view in (first, second):
        centred = view - view.mean(0)
        spread = ((centred**2).sum(0) / (n - 1) + 1e-4).sqrt()
        mixed = product(centred.T, centred) / (n - 1)
        mixed = mixed - mixed.diagonal().diag()
        short = positive_part(1 - spread)
        total = total + variance * short.mean() / 2 + covariance * (mixed**2).sum() / d
    return reduced(total, "sum")


@loss(ln.barlow_twins)
def barlow_twins(
    first: Tensor,
    second: Tensor,
    *,
    redundancy: float = 0.005,
    reduction: Literal["mean"] = "mean",
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> view = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]])
        >>> lt.barlow_twins(view, -view, redundancy=0.0)
        tensor(8.)
    """
    number("redundancy", redundancy, at_least=0)
    one_of("reduction", reduction, ("mean",))
    first, second = _batch(first=first, second=second)
    _at_least_two(first)
    # A column centred and scaled to length 1: the scalar products are the correlations.
    a, b = (unit(_centred(view).T) for view in (first, second))
    identity = torch.eye(len(a), dtype=a.dtype, device=a.device)
    weight = identity + redundancy * (1 - identity)
    return reduced(weight * (product(a, b.T) - identity) ** 2, "sum")


@loss(ln.cosface)
def cosface(
    embeddings: Tensor,
    target: Tensor,
    *,
    prototypes: Tensor,
    margin: float = 0.35,
    scale: float = 64.0,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None. The prototypes are differentiable here: a parameter of shape (C, d).
    Example:
        >>> import torch, lossfns.torch as lt
        >>> embeddings, target = torch.ones(1, 2), torch.tensor([0])
        >>> lt.cosface(embeddings, target, prototypes=torch.eye(2), margin=0.5, scale=1.0)
        tensor(0.9741)
    """
    number("margin", margin, at_least=0, below=1)
    number("scale", scale, above=0)
    rows, centres, labels, weight = _prototyped(
        embeddings, target, prototypes, sample_weight, validate
    )
    own = labels[..., None] == torch.arange(len(centres), device=rows.device)
    cosines = product(unit(rows), centres.T)
    scores = torch.where(own, cosines - margin, cosines)
    return reduced(-pick((scale * scores).log_softmax(-1), labels), reduction, weight)


@loss(ln.sphereface)
def sphereface(
    embeddings: Tensor,
    target: Tensor,
    *,
    prototypes: Tensor,
    margin: int = 4,
    scale: float = 1.0,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None. The prototypes are differentiable here: a parameter of shape (C, d).
    Example:
        >>> import torch, lossfns.torch as lt
        >>> embeddings, target = torch.ones(1, 2), torch.tensor([0])
        >>> lt.sphereface(embeddings, target, prototypes=torch.eye(2), margin=1)
        tensor(0.6931)
    """
    integer("margin", margin)
    number("margin", margin, at_least=1)
    number("scale", scale, above=0)
    rows, centres, labels, weight = _prototyped(
        embeddings, target, prototypes, sample_weight, validate
    )
    own = labels[..., None] == torch.arange(len(centres), device=rows.device)
    cosines = product(unit(rows), centres.T)
    psi = _folded(pick(cosines, labels).clamp(-1, 1), margin)
    scores = distance(rows)[..., None] * torch.where(own, psi[..., None], cosines)
    return reduced(-pick((scale * scores).log_softmax(-1), labels), reduction, weight)


@loss(ln.nt_xent_with_labels)
def nt_xent_with_labels(
    embeddings: Tensor,
    target: Tensor,
    *,
    temperature: float | Tensor = 0.07,
    reduction: Reduction = "mean",
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None. The temperature may be a tensor, and is then differentiable.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> views = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
        >>> lt.nt_xent_with_labels(views, torch.tensor([0, 0, 1]), temperature=1.0)
        tensor(0.3133)
    """
    (rows,) = _batch(embeddings=embeddings)
    positive, negative = _partners(_classes_of(target, rows))
    views = unit(rows)
    scores = product(views, views.T) / _temperature(temperature, rows, validate)
    lead = scores - _log_sum_exp(scores, negative)[:, None]
    losses = -torch.where(positive, F.logsigmoid(torch.where(positive, lead, 0)), 0).sum(-1)
    return reduced(losses, reduction, mass=positive.sum(-1).to(losses.dtype))


@loss(ln.multi_similarity)
def multi_similarity(
    embeddings: Tensor,
    target: Tensor,
    *,
    alpha: float = 2.0,
    beta: float = 50.0,
    base: float = 0.5,
    reduction: Reduction = "mean",
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.multi_similarity(torch.tensor([[1.0, 0.0], [2.0, 0.0]]), torch.tensor([0, 0]))
        tensor(0.1566)
    """
    number("alpha", alpha, above=0)
    number("beta", beta, above=0)
    number("base", base, at_least=-1, at_most=1)
    (rows,) = _batch(embeddings=embeddings)
    positive, negative = _partners(_classes_of(target, rows))
    views = unit(rows)
    above = product(views, views.T) - base
    near, far = _log_one_plus(-alpha * above, positive), _log_one_plus(beta * above, negative)
    return reduced(near / alpha + far / beta, reduction)


@loss(ln.circle)
def circle(
    embeddings: Tensor,
    target: Tensor,
    *,
    margin: float = 0.4,
    scale: float = 80.0,
    reduction: Reduction = "mean",
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        None.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> views = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
        >>> lt.circle(views, torch.tensor([0, 0, 1]), scale=1.0)
        tensor(0.5459)
    """
    number("margin", margin, at_least=0, below=1)
    number("scale", scale, above=0)
    (rows,) = _batch(embeddings=embeddings)
    positive, negative = _partners(_classes_of(target, rows))
    counted = positive.any(-1) & negative.any(-1)
    views = unit(rows)
    cosines = product(views, views.T)
    pull_n = scale * (cosines.detach() + margin).clamp(min=0)
    pull_p = scale * (1 + margin - cosines.detach()).clamp(min=0)
    of_n = _log_sum_exp(pull_n * (cosines - margin), negative & counted[:, None])
    of_p = _log_sum_exp(-pull_p * (cosines - (1 - margin)), positive & counted[:, None])
    # softplus as -logsigmoid(-z), for torch's own drops the tail; of -inf both are 0.
    return reduced(-F.logsigmoid(-of_n - of_p), reduction, mass=counted.to(rows.dtype))


def _embeddings(**tensors: Any) -> list[Tensor]:
    """Check embeddings of one shape and device, (..., d): the last axis holds the dimensions."""
    rows = together(tensors, **tensors)
    embedding_shapes({name: tuple(row.shape) for name, row in zip(tensors, rows, strict=True)})
    return rows


def _batch(**tensors: Any) -> list[Tensor]:
    """Check the embeddings of a whole batch, (n, d): one row an item."""
    rows = _embeddings(**tensors)
    embedding_shapes(
        {name: tuple(row.shape) for name, row in zip(tensors, rows, strict=True)}, batch=True
    )
    return rows


def _pair_target(
    target: Any, allowed: tuple[float, float], rows: Tensor, sample_weight: Any, validate: bool
) -> tuple[Tensor, Tensor | None]:
    """Check the label of each pair, and its weight."""
    labels = companion("target", target, rows)
    if labels.shape != rows.shape[:-1]:
        raise ValueError(
            f"target must have one label per pair, {tuple(rows.shape[:-1])}, "
            f"got {tuple(labels.shape)}"
        )
    weight = None
    if sample_weight is not None:
        weight = item_weight(sample_weight, rows, labels.shape, validate)
        labels = torch.where(weight == 0, allowed[1], labels)
    if reads_values(labels, validate):
        if not ((labels == allowed[0]) | (labels == allowed[1])).all():
            raise ValueError(f"target must hold {allowed[0]:g} and {allowed[1]:g} only")
    return labels, weight


def _masked(rows: Tensor, weight: Tensor | None) -> Tensor:
    """Rows of weight 0 become zeros, so that nothing in them reaches value or gradient."""
    return rows if weight is None else torch.where(weight[..., None] == 0, 0, rows)


def _classes_of(
    target: Any, rows: Tensor, classes: int | None = None, validate: bool = False
) -> Tensor:
    """Check one integer label per embedding."""
    labels = integers(target, rows)
    if labels.shape != rows.shape[:-1]:
        raise ValueError(
            f"target must have one label for each of the embeddings, {tuple(rows.shape[:-1])}, "
            f"got {tuple(labels.shape)}"
        )
    return labels if classes is None else in_range(labels, classes, validate)


def _temperature(
    temperature: float | Tensor, rows: Tensor, validate: bool = False
) -> float | Tensor:
    return _number("temperature", temperature, rows, validate, above=0)


def _number(
    name: str,
    value: float | Tensor,
    rows: Tensor,
    validate: bool = False,
    *,
    above: float | None = None,
) -> float | Tensor:
    """Check a hyper-parameter that may be learned, and then is a tensor that holds one number."""
    if not isinstance(value, Tensor):
        number(name, value, above=above)
        return value
    if value.numel() != 1:
        raise ValueError(f"{name} must be a single number, got shape {tuple(value.shape)}")
    value = companion(name, value, rows)
    low = -torch.inf if above is None else above
    within(name, value, low=low, open_low=True, validate=validate)
    return value.reshape(())


def _prototyped(
    embeddings: Any, target: Any, prototypes: Any, sample_weight: Any, validate: bool
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """Check embeddings against a direction per class; return them, unit directions, labels."""
    (rows,) = _embeddings(embeddings=embeddings)
    (centres,) = _batch(prototypes=prototypes)
    if centres.shape[-1] != rows.shape[-1]:
        raise ValueError(
            f"embeddings and prototypes must have the same number of dimensions, "
            f"got {tuple(rows.shape)} and {tuple(centres.shape)}"
        )
    centres = companion("prototypes", centres, rows)
    labels = _classes_of(target, rows, len(centres), validate)
    weight = None
    if sample_weight is not None:
        weight = item_weight(sample_weight, rows, labels.shape, validate)
    return _masked(rows, weight), unit(centres), labels, weight


def _folded(cosine: Tensor, m: int) -> Tensor:
    """ψ, the cosine of m times an angle made to fall throughout."""
    multiple, next_one = torch.ones_like(cosine), cosine  # cos(k θ), by Chebyshev's recurrence
    for _ in range(m):
        multiple, next_one = next_one, 2 * cosine * next_one - multiple
    folds = torch.zeros_like(cosine)
    for i in range(1, m):
        folds = folds + (cosine < math.cos(i * math.pi / m))
    return (1 - 2 * folds.remainder(2)) * multiple - 2 * folds


def _partners(classes: Tensor, among: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Which pairs are of one class, without the items themselves, and which are of two.

    The second item of a pair is one among others, of which the first ones are the items themselves.
    """
    same = classes[:, None] == (classes if among is None else among)
    return same & ~_own(same), ~same


def _log_sum_exp(scores: Tensor, counted: Tensor) -> Tensor:
    """ln Σ exp over the entries that count; -inf where there is none, with gradient 0."""
    some = counted.any(-1)
    # A row of -inf alone has the slope NaN: it takes a detour.
    rows = torch.where(counted | ~some[:, None], torch.where(counted, scores, 0), -torch.inf)
    return torch.where(some, rows.logsumexp(-1), -torch.inf)


def _log_one_plus(scores: Tensor, counted: Tensor) -> Tensor:
    """ln(1 + Σ exp) over the entries that count."""
    rows = scores.masked_fill(~counted, -torch.inf)
    return torch.cat([rows, rows.new_zeros(len(rows), 1)], -1).logsumexp(-1)


def _softmax_over_others(scores: Tensor) -> Tensor:
    """Log-softmax of each row without its diagonal entry, which becomes -inf."""
    return scores.masked_fill(_own(scores), -torch.inf).log_softmax(-1)


def _own(pairs: Tensor) -> Tensor:
    """Which entries lie on the diagonal: an item beside itself."""
    return torch.eye(*pairs.shape, dtype=torch.bool, device=pairs.device)


def _surprises_of(rows: Tensor, choices: Tensor, temperature: float | Tensor) -> Tensor:
    """-ln softmax of each row's partner, which has the same place among the choices."""
    if is_large(rows, choices):
        return surprises(rows, choices, 1 / temperature)[0]
    scores = product(rows, choices.T) / temperature
    return -scores.log_softmax(-1).diagonal()


def _centred(view: Tensor) -> Tensor:
    """Each column less its mean, and exactly 0 where it is constant.

    The mean of a constant is rounded, and what that leaves would count as a direction.
    """
    moved = view - view[0].detach()
    return moved - moved.mean(0)


def _at_least_two(rows: Tensor) -> tuple[int, int]:
    if len(rows) < 2:
        raise ValueError(f"first must hold at least 2 items to have a spread, got {len(rows)}")
    return rows.shape[0], rows.shape[1]
