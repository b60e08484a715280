"""What a loss costs besides arithmetic, in numbers that do not waver: operations and new memory.

Times are for `make bench`. Here a loss and PyTorch's own are run once each, forward and backward,
and what they ask of PyTorch is counted. What its kernels allocate inside is not seen.
"""

import pytest
import torch
import torch.nn.functional as F
from torch.utils._python_dispatch import TorchDispatchMode

import lossfns.torch as lt


class Count(TorchDispatchMode):
    """How many operations there are, and how many numbers are written to new memory."""

    def __init__(self):
        super().__init__()
        self.operations, self.written = 0, 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        given = {a.untyped_storage().data_ptr() for a in args if isinstance(a, torch.Tensor)}
        out = func(*args, **(kwargs or {}))
        self.operations += 1
        for one in out if isinstance(out, (tuple, list)) else [out]:
            if isinstance(one, torch.Tensor) and one.untyped_storage().data_ptr() not in given:
                self.written += one.untyped_storage().nbytes() // one.element_size()
        return out


def asked(function, leaves, *rest):
    for leaf in leaves:
        leaf.grad = None
    with Count() as count:
        function(*leaves, *rest).backward()
    return count


def kl_div(log_probs, target):
    return F.kl_div(log_probs, target, reduction="batchmean")


def multi_margin(scores, labels):
    return F.multi_margin_loss(scores, labels) * scores.shape[-1]


def rows():
    seeded = torch.Generator().manual_seed(0)
    pred = torch.randn(2**14, generator=seeded, requires_grad=True)
    target = torch.randn(2**14, generator=seeded)
    event = (target > 0).float()
    probs = (torch.rand(2**14, generator=seeded) * 0.9 + 0.05).requires_grad_()
    logits = torch.randn(2**8, 2**6, generator=seeded, requires_grad=True)
    labels = torch.randint(2**6, (2**8,), generator=seeded)
    a, p, n = (torch.randn(2**8, 2**6, generator=seeded, requires_grad=True) for _ in "apn")
    smooth = {"label_smoothing": 0.1}
    few = torch.randn(32, 10, generator=seeded, requires_grad=True)
    few_labels, few_events = torch.randint(10, (32,), generator=seeded), event[:320].view(32, 10)
    soft = torch.randn(32, 10, generator=seeded).softmax(-1)
    log_probs = few.detach().log_softmax(-1).requires_grad_()
    many_log_probs = logits.detach().log_softmax(-1).requires_grad_()
    sign = torch.randint(2, (2**8,), generator=seeded) * 2 - 1
    # name: ours, PyTorch's, leaves, the rest, operations and memory at most by PyTorch's
    return {
        "mse": (lt.mse, F.mse_loss, [pred], [target], 1.5, 1.01),
        "mae": (lt.mae, F.l1_loss, [pred], [target], 1.5, 1.01),
        "huber": (lt.huber, F.huber_loss, [pred], [target], 1.5, 1.01),
        "smooth_l1": (lt.smooth_l1, F.smooth_l1_loss, [pred], [target], 1.5, 1.01),
        "bce": (lt.bce, F.binary_cross_entropy, [probs], [event], 3, 1.01),
        "bce_with_logits": (
            lt.bce_with_logits, F.binary_cross_entropy_with_logits, [pred], [event], 3, 1.34),
        "bce_with_logits, a small batch": (
            lt.bce_with_logits, F.binary_cross_entropy_with_logits, [few], [few_events], 2, 2.4),
        "cross_entropy": (lt.cross_entropy, F.cross_entropy, [logits], [labels], 1.5, 1.01),
        "cross_entropy, smoothed": (
            lambda z, y: lt.cross_entropy(z, y, **smooth),
            lambda z, y: F.cross_entropy(z, y, **smooth), [logits], [labels], 1.5, 1.01),
        "cross_entropy, soft labels": (
            lt.cross_entropy, F.cross_entropy, [few], [soft], 2, 1.1),
        "kl_div, a small batch": (lt.kl_div, kl_div, [log_probs], [soft], 2.3, 1.7),
        "kl_div": (lt.kl_div, kl_div, [many_log_probs], [a.detach().softmax(-1)], 3.2, 0.65),
        "multiclass_hinge": (
            lt.multiclass_hinge, multi_margin, [few], [few_labels], 3.7, 3.4),
        "cosine_embedding": (
            lt.cosine_embedding, F.cosine_embedding_loss, [a, p], [sign], 1.3, 2.15),
        "triplet": (lt.triplet, F.triplet_margin_loss, [a, p, n], [], 2, 1.01),
    }  # fmt: skip


ROWS = rows()


@pytest.mark.parametrize("name", ROWS)
def test_a_loss_asks_for_hardly_more_than_pytorchs_own(name):
    ours, peer, leaves, rest, operations, memory = ROWS[name]
    got, expected = asked(ours, leaves, *rest), asked(peer, leaves, *rest)
    assert got.written <= memory * expected.written + 100, (got.written, expected.written)
    assert got.operations <= operations * expected.operations + 2, (
        got.operations,
        expected.operations,
    )
