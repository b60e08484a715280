"""Cross-entropy of a linear layer's outputs, for a chunk of rows at a time.

The gradients are computed on the way forward, while a chunk's exponentials are at hand, and only
scaled on the way back. That takes three matrix products in all, as many as without chunks; going
through the outputs again on the way back would take a fourth.

Both operators are opaque to `torch.compile`, which would unroll the loop over the chunks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from lossfns._arguments import slices
from lossfns.torch._classes import pick
from lossfns.torch._core import product, unrounded

# Outputs of a chunk: small beside a vocabulary times a batch, and enough to keep a device busy.
BUDGET, ELSEWHERE = {"cpu": 2**24}, 2**27


_INPUTS = (
    "Tensor rows, Tensor head, Tensor? bias, Tensor labels, Tensor share, Tensor? by_class, "
    "float label_smoothing, float z_loss, int? chunk_size"
)


@torch.library.custom_op(
    "lossfns::linear_cross_entropy_sum",
    mutates_args=(),
    schema=f"({_INPUTS}, bool[] wanted) -> (Tensor, Tensor, Tensor, Tensor)",
)
def chunked_sum(
    rows: Tensor,
    head: Tensor,
    bias: Tensor | None,
    labels: Tensor,
    share: Tensor,
    by_class: Tensor | None,
    label_smoothing: float,
    z_loss: float,
    chunk_size: int | None,
    wanted: Sequence[bool],
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Σ share · loss, and its gradients with respect to rows, head and bias where wanted.

    Args:
        rows: (n, H).
        head: (C, H).
        bias: (C,).
        labels: (n,), in range also where the share is 0.
        share: (n,), of each row's loss in the sum; at 0 nothing of the row is looked at.
        by_class: (C,), weights of the classes.
        label_smoothing, z_loss: ε and ζ.
        chunk_size: rows at a time.
        wanted: whether the gradients of rows, head and bias are needed.
    """
    losses, of_rows, of_head, of_bias = _sweep(
        rows, head, bias, labels, share, by_class, label_smoothing, z_loss, chunk_size, wanted
    )
    return losses.sum(), of_rows, of_head, of_bias


@torch.library.custom_op(
    "lossfns::linear_cross_entropy_each", mutates_args=(), schema=f"({_INPUTS}) -> Tensor"
)
def chunked_each(
    rows: Tensor,
    head: Tensor,
    bias: Tensor | None,
    labels: Tensor,
    share: Tensor,
    by_class: Tensor | None,
    label_smoothing: float,
    z_loss: float,
    chunk_size: int | None,
) -> Tensor:
    """share · loss of each row, whose gradients wait until it is known what they are for."""
    return _sweep(
        rows, head, bias, labels, share, by_class, label_smoothing, z_loss, chunk_size, [False] * 3
    )[0]


def whole(
    rows: Tensor,
    head: Tensor,
    bias: Tensor | None,
    labels: Tensor,
    share: Tensor,
    by_class: Tensor | None,
    label_smoothing: float,
    z_loss: float,
) -> Tensor:
    """The same as `chunked_each` from all outputs at once, which torch can transform at will."""
    rows = torch.where(share[:, None] == 0, 0, rows)
    logits = product(rows, head.T)
    logits = logits if bias is None else logits + bias
    log_probs = logits.log_softmax(-1)
    own, even, mass = _targets(labels, len(head), by_class, label_smoothing, rows)
    losses = -own * pick(log_probs, labels)
    if label_smoothing:
        losses = losses - (even * log_probs).sum(-1)
    if z_loss:
        losses = losses + z_loss * mass * logits.logsumexp(-1) ** 2
    return share * losses


def _targets(
    labels: Tensor, classes: int, by_class: Tensor | None, label_smoothing: float, like: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """What a row asks of its own class, what of every class, and the sum of both."""
    weights = like.new_ones(classes) if by_class is None else by_class
    own = (1 - label_smoothing) * weights[labels]
    even = label_smoothing / classes * weights
    return own, even, own + even.sum()


def _sweep(
    rows: Tensor,
    head: Tensor,
    bias: Tensor | None,
    labels: Tensor,
    share: Tensor,
    by_class: Tensor | None,
    label_smoothing: float,
    z_loss: float,
    chunk_size: int | None,
    wanted: Sequence[bool],
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """share · loss of each row, and the gradients of their sum."""
    settings = (by_class, label_smoothing, z_loss, chunk_size, wanted)
    if rows.device.type != "cpu":
        # How many rows count is known only to the device: all are multiplied, some as zeros.
        rows = torch.where(share[:, None] == 0, 0, rows)
    elif not share.all():
        kept = share.nonzero()[:, 0]
        found, of_kept, of_head, of_bias = _sweep(
            rows[kept], head, bias, labels[kept], share[kept], *settings
        )
        of_rows = torch.zeros_like(rows).index_copy_(0, kept, of_kept) if wanted[0] else of_kept
        return torch.zeros_like(share).index_copy_(0, kept, found), of_rows, of_head, of_bias
    own, even, mass = _targets(labels, len(head), by_class, label_smoothing, rows)
    losses, tops = torch.empty_like(share), torch.empty_like(share)
    gradients = _Gradients.start(rows, head, bias, wanted)
    parts = slices(len(rows), chunk_size, len(head), BUDGET.get(rows.device.type, ELSEWHERE))
    room = rows.new_empty(len(head) * len(rows[parts[0]]) if parts else 0)
    with unrounded(rows):
        for part in parts:
            x, label = rows[part], labels[part]
            # A column per row: so the products read the head along its rows, which is faster.
            logits = torch.mm(head, x.T, out=room[: len(head) * len(x)].view(len(head), len(x)))
            if bias is not None:
                logits += bias[:, None]
            at_label, top = logits.gather(0, label[None])[0], logits.amax(0)
            exponentials = logits.sub_(top).exp_()
            total = exponentials.sum(0)
            surprise = total.log()
            tops[part] = top
            losses[part] = mass[part] * surprise + own[part] * (top - at_label)
            steep = share[part] * mass[part] / total
            if z_loss:
                losses[part] += z_loss * mass[part] * (top + surprise) ** 2
                steep = steep * (1 + 2 * z_loss * (top + surprise))
            gradients.add(part, exponentials, head, x, label, steep, share[part] * own[part])
        if label_smoothing:
            towards = even @ head
            level = rows @ towards if bias is None else rows @ towards + even @ bias
            losses += even.sum() * tops - level
            gradients.spread(rows, share, even, towards)
    return share * losses, *gradients


class _Gradients(NamedTuple):
    """With respect to rows, head and bias; empty where not wanted."""

    of_rows: Tensor
    of_head: Tensor
    of_bias: Tensor

    @classmethod
    def start(
        cls, rows: Tensor, head: Tensor, bias: Tensor | None, wanted: Sequence[bool]
    ) -> _Gradients:
        inputs = (rows, head, rows if bias is None else bias)
        return cls(
            *(
                torch.zeros_like(like) if want else rows.new_empty(0)
                for want, like in zip(wanted, inputs, strict=True)
            )
        )

    def add(
        self,
        part: slice,
        exponentials: Tensor,
        head: Tensor,
        x: Tensor,
        label: Tensor,
        steep: Tensor,
        drop: Tensor,
    ) -> None:
        """Those of a chunk whose slope is steep · exponentials, less drop at the label.

        Not the large matrix is scaled but the small ones, and the label's entry comes apart.
        """
        if self.of_rows.numel():
            slope = torch.mm(exponentials.T, head, out=self.of_rows[part])
            slope.mul_(steep[:, None]).sub_(drop[:, None] * head[label])
        if self.of_head.numel():
            self.of_head.addmm_(exponentials, steep[:, None] * x)
            self.of_head.index_add_(0, label, drop[:, None] * x, alpha=-1)
        if self.of_bias.numel():
            self.of_bias.addmv_(exponentials, steep).index_add_(0, label, drop, alpha=-1)

    def spread(self, rows: Tensor, share: Tensor, even: Tensor, towards: Tensor) -> None:
        """The part of the target that label smoothing gives to every class."""
        if self.of_rows.numel():
            self.of_rows.addr_(share, towards, alpha=-1)
        if self.of_head.numel():
            self.of_head.addr_(even, share @ rows, alpha=-1)
        if self.of_bias.numel():
            self.of_bias.sub_(share.sum() * even)


@chunked_sum.register_fake
def _(*inputs: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    rows, head, bias, *_, wanted = inputs
    return rows.new_empty(()), *_Gradients.start(rows, head, bias, wanted)


@chunked_each.register_fake
def _(*inputs: Any) -> Tensor:
    return torch.empty_like(inputs[4])


def _keep_for_sum(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    ctx.save_for_backward(*inputs[:6], *output[1:])
    ctx.settings, ctx.wanted = inputs[6:8], inputs[9]
    # The gradients among the outputs have none themselves: no zeros of their size, please.
    ctx.set_materialize_grads(False)


def _back_from_sum(ctx: Any, above: Tensor | None, *_: Any) -> tuple[Tensor | None, ...]:
    inputs, gradients = ctx.saved_tensors[:6], ctx.saved_tensors[6:]
    if above is None:
        return (None,) * len(ctx.needs_input_grad)
    if torch.is_grad_enabled():
        found = _differentiable(inputs, ctx.settings, ctx.wanted, above)
    else:
        found = [above * g if want else None for g, want in zip(gradients, ctx.wanted, strict=True)]
    return *found, *[None] * (len(ctx.needs_input_grad) - 3)


def _keep_for_each(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    ctx.save_for_backward(*inputs[:6])
    ctx.settings, ctx.chunk_size = inputs[6:8], inputs[8]


def _back_from_each(ctx: Any, above: Tensor) -> tuple[Tensor | None, ...]:
    rows, head, bias, labels, share, by_class = ctx.saved_tensors
    wanted = list(ctx.needs_input_grad[:3])
    if torch.is_grad_enabled():
        found = _differentiable(ctx.saved_tensors, ctx.settings, wanted, above)
    else:
        inputs = (rows, head, bias, labels, share * above, by_class)
        _, *gradients = chunked_sum(*inputs, *ctx.settings, ctx.chunk_size, wanted)
        found = [g if want else None for g, want in zip(gradients, wanted, strict=True)]
    return *found, *[None] * (len(ctx.needs_input_grad) - 3)


def _differentiable(
    inputs: Sequence[Any], settings: Sequence[float], wanted: Sequence[bool], above: Tensor
) -> list[Tensor | None]:
    """Gradients that can be differentiated again, at the price of all outputs at once."""
    asked = [value for value, want in zip(inputs[:3], wanted, strict=True) if want]
    losses = whole(*inputs, *settings)
    result = losses if above.dim() else losses.sum()
    found = iter(torch.autograd.grad(result, asked, above, create_graph=True))
    return [next(found) if want else None for want in wanted]


chunked_sum.register_autograd(_back_from_sum, setup_context=_keep_for_sum)
chunked_each.register_autograd(_back_from_each, setup_context=_keep_for_each)
