"""Losses of sequences: connectionist temporal classification, and language models."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor
from torch.autograd import forward_ad

from lossfns import numpy as ln
from lossfns._arguments import (
    REDUCTIONS,
    Reduction,
    check_chunk_size,
    check_num_items,
    integer,
    linear_shapes,
    number,
    one_of,
)
from lossfns.torch._classes import (
    class_weight,
    in_range,
    integers,
    labelled_rows,
    one_class,
    pick,
)
from lossfns.torch._core import (
    compute_dtype,
    item_weight,
    loss,
    reads_values,
    reduced,
    together,
    traced,
    transformed,
)
from lossfns.torch._linear import chunked_each, chunked_sum, whole

# Stands for ln 0 inside CTC: ln(0 + 0) has a gradient of 0/0, this has none of consequence.
_LOG_ZERO = -1e30


@loss(ln.ctc)
def ctc(
    logits: Tensor,
    target: Tensor,
    *,
    input_lengths: Tensor | None = None,
    target_lengths: Tensor | None = None,
    blank: int = 0,
    reduction: Reduction = "mean",
    sample_weight: Tensor | None = None,
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        `torch.nn.functional.ctc_loss`, of log-probabilities with time first; it cannot be
        differentiated twice, and its "mean" divides each loss by the length of its target.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.ctc(torch.zeros(1, 2, 3), torch.tensor([[1]]))
        tensor(1.0986)
    """
    rows = compute_dtype("logits", logits)
    labels = integers(target, rows)
    if rows.dim() != 3 or labels.dim() != 2 or len(labels) != len(rows) or not rows.shape[2]:
        raise ValueError(
            f"logits must have the shape (items, frames, symbols) and target (items, symbols), "
            f"got {tuple(rows.shape)} and {tuple(labels.shape)}"
        )
    integer("blank", blank)
    number("blank", blank, at_least=0, at_most=rows.shape[2] - 1)
    frames = _lengths("input_lengths", input_lengths, "logits", rows, validate)
    sizes = _lengths("target_lengths", target_lengths, "target", labels, validate)
    used = torch.arange(labels.shape[1], device=rows.device) < sizes[:, None]
    if reads_values(labels, validate):
        wrong = used & ((labels < 0) | (labels >= rows.shape[2]) | (labels == blank))
        if wrong.any():
            where = tuple(wrong.nonzero()[0].tolist())
            raise ValueError(
                f"target must hold symbols 0 to {rows.shape[2] - 1} other than the blank {blank}, "
                f"got {labels[where].item()} at {where}"
            )
    labels = torch.where(used, labels, blank)
    weight = None
    if sample_weight is not None:
        weight = item_weight(sample_weight, rows, rows.shape[:1], validate)
        rows = torch.where(weight[:, None, None] == 0, 0, rows)
    losses = -_log_likelihood(rows.log_softmax(-1), labels, frames, sizes, blank)
    # Where no path fits, the loss is infinite and its gradient 0.
    losses = torch.where(losses > -_LOG_ZERO / 2, torch.inf, losses)
    if weight is not None:
        losses = torch.where(weight == 0, 0, losses)  # 0 · ∞ would be NaN
    return reduced(losses, reduction, weight)


@loss(ln.causal_lm)
def causal_lm(
    logits: Tensor,
    tokens: Tensor,
    *,
    ignore_index: int = -100,
    num_items: float | Tensor | None = None,
    z_loss: float = 0.0,
    reduction: Reduction = "mean",
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        `F.cross_entropy(logits[:, :-1].flatten(0, 1), tokens[:, 1:].flatten())`. `num_items` may
        be a tensor on the device. Of a large vocabulary `linear_cross_entropy(hidden[:, :-1],
        tokens[:, 1:], linear_weight=head)` is the same loss without its logits.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.causal_lm(torch.zeros(1, 3, 10), torch.tensor([[1, 2, 3]]))
        tensor(2.3026)
    """
    rows = compute_dtype("logits", logits)
    tokens = integers(tokens, rows, "tokens")
    if rows.dim() != 3 or tokens.shape != rows.shape[:2]:
        raise ValueError(
            f"tokens must have the shape of logits, (items, tokens, vocabulary), without its last "
            f"axis, {tuple(rows.shape[:-1])}, got {tuple(rows.shape)} and {tuple(tokens.shape)}"
        )
    integer("ignore_index", ignore_index)
    known = torch.where(tokens == ignore_index, 0, tokens)
    in_range(known, rows.shape[2], validate, "tokens")
    return _token_loss(
        rows[:, :-1], tokens[:, 1:], ignore_index, num_items, z_loss, reduction, validate
    )


@loss(ln.masked_lm)
def masked_lm(
    logits: Tensor,
    target: Tensor,
    *,
    ignore_index: int = -100,
    num_items: float | Tensor | None = None,
    reduction: Reduction = "mean",
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        `F.cross_entropy(logits.flatten(0, 1), target.flatten())`. `num_items` may be a tensor on
        the device.
    Example:
        >>> import torch, lossfns.torch as lt
        >>> lt.masked_lm(torch.zeros(1, 3, 10), torch.tensor([[-100, 4, -100]]))
        tensor(2.3026)
    """
    return _token_loss(logits, target, ignore_index, num_items, 0.0, reduction, validate)


@loss(ln.linear_cross_entropy)
def linear_cross_entropy(
    hidden: Tensor,
    target: Tensor,
    *,
    linear_weight: Tensor,
    linear_bias: Tensor | None = None,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    z_loss: float = 0.0,
    num_items: float | Tensor | None = None,
    chunk_size: int | None = None,
    reduction: Reduction = "mean",
    validate: bool = False,
) -> Tensor:
    """PyTorch:
        `F.cross_entropy(F.linear(hidden, linear_weight, linear_bias), target, weight)`; torch 2.13
        has a `torch.nn.functional.linear_cross_entropy`, whose chunks know no label smoothing.
        Layer and bias get gradients too; class weights are constants. On a GPU a chunk has up to
        128 million outputs by default, and ignored vectors are multiplied as zeros: counting them
        would wait for it. All outputs at once are computed under `torch.func`, in forward mode, in
        `torch.jit.trace`, and where gradients are to be differentiated again
        (`create_graph=True`).
    Example:
        >>> import torch, lossfns.torch as lt
        >>> hidden, head = torch.ones(1, 3, 2), torch.zeros(10, 2)
        >>> lt.linear_cross_entropy(hidden, torch.tensor([[1, 2, -100]]), linear_weight=head)
        tensor(2.3026)
    """
    number("label_smoothing", label_smoothing, at_least=0, at_most=1)
    one_of("reduction", reduction, REDUCTIONS)
    _check_tokens(z_loss, num_items, validate)
    check_chunk_size(chunk_size)
    integer("ignore_index", ignore_index)
    layer = {"linear_weight": linear_weight}
    if linear_bias is not None:
        layer["linear_bias"] = linear_bias
    states, head, *biases = together(hidden=hidden, **layer)
    bias = biases[0] if biases else None
    target = integers(target, states)
    linear_shapes(
        tuple(states.shape),
        tuple(target.shape),
        tuple(head.shape),
        None if bias is None else tuple(bias.shape),
    )
    one_class("linear_weight", len(head))
    by_class = class_weight(weight, head.T, validate)
    by_class = None if by_class is None else by_class.detach()
    rows, flat = states.reshape(-1, states.shape[-1]), target.reshape(-1)
    counted = flat != ignore_index
    labels = in_range(torch.where(counted, flat, 0), len(head), validate)
    share = counted.to(rows.dtype)
    if reduction == "mean":
        items = num_items
        if items is None:
            mass = _mass(labels, by_class, label_smoothing, share)
            items = torch.where(mass > 0, mass, 1)
        share = share / items
    inputs = (rows, head, bias, labels, share, by_class, float(label_smoothing), float(z_loss))
    at_once = _at_once(rows, head, bias)
    if reduction == "none":
        each = whole(*inputs) if at_once else chunked_each(*inputs, chunk_size)
        return each.reshape(target.shape)
    if at_once:
        return whole(*inputs).sum()
    learning = torch.is_grad_enabled()
    wanted = [learning and x is not None and x.requires_grad for x in (rows, head, bias)]
    total: Tensor = chunked_sum(*inputs, chunk_size, wanted)[0]
    return total


def _at_once(*tensors: Tensor | None) -> bool:
    """Whether all outputs are to be held at once: where torch has to see through the chunks."""
    if transformed():
        return True
    if torch.compiler.is_compiling():
        return False
    return traced() or any(x is not None and _tangent(x) is not None for x in tensors)


def _tangent(value: Tensor) -> Tensor | None:
    """That of forward-mode differentiation, if it is under way."""
    return cast("Tensor | None", forward_ad.unpack_dual(value).tangent)  # type: ignore[no-untyped-call]


def _token_loss(
    logits: Tensor,
    target: Tensor,
    ignore_index: int,
    num_items: float | Tensor | None,
    z_loss: float,
    reduction: Reduction,
    validate: bool,
) -> Tensor:
    _check_tokens(z_loss, num_items, validate)
    rows, labels, weight = labelled_rows(
        -1, None, ignore_index, validate, target, hint=False, logits=logits
    )
    normaliser = rows.logsumexp(-1)
    losses = normaliser - pick(rows, labels)
    if z_loss:
        losses = losses + z_loss * normaliser**2
    return reduced(losses, reduction, weight, items=num_items)


def _check_tokens(z_loss: float, num_items: float | Tensor | None, validate: bool) -> None:
    number("z_loss", z_loss, at_least=0)
    if isinstance(num_items, Tensor):
        if num_items.dim():
            raise ValueError(f"num_items must be one number, got shape {tuple(num_items.shape)}")
        if reads_values(num_items, validate):
            check_num_items(num_items.item())
    elif num_items is not None:
        check_num_items(num_items)


def _mass(labels: Tensor, by_class: Tensor | None, smoothing: float, share: Tensor) -> Tensor:
    """What the labels that count weigh, smoothed."""
    if by_class is None:
        return share.sum()
    return (share * ((1 - smoothing) * by_class[labels] + smoothing * by_class.mean())).sum()


def _lengths(name: str, given: Any, of: str, rows: Tensor, validate: bool) -> Tensor:
    longest = rows.shape[1]
    if given is None:
        return torch.full((len(rows),), longest, device=rows.device)
    lengths = integers(given, rows, name)
    if lengths.shape != rows.shape[:1]:
        raise ValueError(
            f"{name} must have one length per item, ({len(rows)},), got {tuple(lengths.shape)}"
        )
    if reads_values(lengths, validate) and lengths.numel():
        smallest, largest = (bound.item() for bound in lengths.aminmax())
        if smallest < 0 or largest > longest:
            worst = smallest if smallest < 0 else largest
            raise ValueError(f"{name} must lie in [0, {longest}], as {of} says, got {worst}")
    return lengths


def _log_likelihood(
    log_probs: Tensor, labels: Tensor, frames: Tensor, sizes: Tensor, blank: int
) -> Tensor:
    """Log-probability of each target, summed over its alignments frame by frame.

    The target is stretched to blank, s1, blank, s2, ..., blank; a path moves by one place a frame,
    stays, or jumps over a blank between two different symbols.
    """
    n, steps, _ = log_probs.shape
    # Nothing is written in place: under vmap, of a batch into a tensor that has none.
    pairs = torch.stack([torch.full_like(labels, blank), labels], 2).flatten(1)
    places = torch.nn.functional.pad(pairs, (0, 1), value=blank)
    new = (places[:, 2:] != blank) & (places[:, 2:] != places[:, :-2])
    jumps = torch.nn.functional.pad(new, (2, 0), value=False)[:, : places.shape[1]]
    emitted = log_probs.gather(2, places[:, None].expand(n, steps, -1)).clamp(min=_LOG_ZERO)
    zero = emitted.new_full((), _LOG_ZERO)  # made on the device, nothing waits for it

    # Before the first frame every path stands on the first blank, and may step off it at once.
    start = torch.arange(places.shape[1], device=places.device)
    reached = torch.where(start == 0, 0, zero).expand(n, -1)
    history = [reached]
    for t in range(steps):
        by_one = torch.nn.functional.pad(reached, (1, 0), value=_LOG_ZERO)[:, :-1]
        moves = [reached, by_one]
        if t:
            by_two = torch.nn.functional.pad(reached, (2, 0), value=_LOG_ZERO)[:, :-2]
            moves.append(torch.where(jumps, by_two, zero))
        reached = torch.stack(moves).logsumexp(0) + emitted[:, t]
        history.append(reached)
    at_end = torch.stack(history, 1)[torch.arange(n, device=frames.device), frames]
    last = at_end.gather(1, 2 * sizes[:, None])[:, 0]
    before = at_end.gather(1, (2 * sizes[:, None] - 1).clamp(min=0))[:, 0]
    # Not `logaddexp`, whose second derivative is inf / inf where one of the two is ln 0.
    return torch.stack([last, torch.where(sizes > 0, before, zero)]).logsumexp(0)
