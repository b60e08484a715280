"""NT-Xent of two views, in PyTorch."""

from functools import partial

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.contrastive.points import halves, normal, two_sizes
from lossfns.check.exercise import Exercise, Recognised
from lossfns.check.faults import capped
from lossfns.check.questions import ask, refuse, single, singles


def batches(rng) -> list[tuple[np.ndarray, np.ndarray]]:
    """Pairs of matrices of one shape, row against row, the smaller ones first."""
    n, d = two_sizes(rng)
    return [
        (halves(rng, (2, 2)), halves(rng, (2, 2))),
        (halves(rng, (3, 2)), halves(rng, (3, 2))),
        (normal(rng, (n, d)), normal(rng, (n, d))),
        (normal(rng, (12, 5)), normal(rng, (12, 5))),
    ]


def opposed(rng):
    """Partners that point away from each other, among others that do not."""
    one = np.array([[0.6, 0.8], [0.8, 0.6], [0.96, 0.28]]) * rng.choice([-1.0, 1.0], size=2)
    return one, np.array([[-1.0], [0.5], [-2.0]]) * one


_ask = partial(ask, "z1 z2", wants=("z1", "z2"))


def _draw_nt_xent(rng):
    pairs = batches(rng)
    for pair in singles(pairs):
        yield _ask(pair)
        yield _ask(pair, temperature=1.0)
    warm = float(np.round(rng.uniform(0.15, 0.35), 2))
    for pair in pairs[1:]:
        yield _ask(pair, temperature=warm)
    yield _ask(single(*opposed(rng)), "extremes", temperature=0.005)
    yield _ask(opposed(rng), "extremes", temperature=0.001)
    z1, z2, longer = single(*pairs[0], pairs[1][0])
    for temperature in (-0.5, 0.0):
        yield refuse(
            "a temperature that is not positive accepted", z1=z1, z2=z2, temperature=temperature
        )
    yield refuse("views of different sizes accepted", z1=z1, z2=longer)


def _nt_xent_slope(wrt):
    return lambda z1, z2, temperature=0.5: ln.nt_xent.grad(z1, z2, temperature=temperature, wrt=wrt)


def normalised(rows):
    """Rows of length 1, with the gradient of that."""
    return rows / rows.norm(dim=1, keepdim=True)


def masked(scores):
    """The scores with nothing left on the diagonal."""
    import torch

    own = torch.eye(len(scores), dtype=torch.bool, device=scores.device)
    return scores.masked_fill(own, -float("inf"))


def _partners(count):
    """Row i and row i + n of both views, stacked, belong together."""
    import torch

    return torch.arange(count).roll(count // 2)


def log_loss(scores, partner=None):
    """Mean of minus the log-probability that each row gives to its partner."""
    partner = _partners(len(scores)) if partner is None else partner
    return -scores.log_softmax(dim=1)[range(len(scores)), partner].mean()


def _nt_xent(
    loss=log_loss, mask=masked, scale=lambda cosines, t: cosines / t, normalise=normalised
):
    """NT-Xent from its parts; `loss` gets the table of scores of all views with all views."""

    def wrong(z1, z2, temperature=0.5):
        import torch

        rows = normalise(torch.cat([z1, z2]))
        return loss(mask(scale(rows @ rows.T, temperature)))

    return wrong


def _interleaved(scores):
    import torch

    return log_loss(scores, torch.arange(len(scores)) ^ 1)


def _itself(scores):
    return -scores.log_softmax(dim=1).diagonal().mean()


def _half_of(scores):
    n = len(scores) // 2
    return -scores.log_softmax(dim=1)[range(n), range(n, 2 * n)].mean()


def _decoupled(scores):
    rows, partner = range(len(scores)), _partners(len(scores))
    others = scores.clone()
    others[rows, partner] = -float("inf")
    return (others.logsumexp(dim=1) - scores[rows, partner]).mean()


def _right(z1, z2, temperature=0.5):
    return ln.nt_xent(z1, z2, temperature=temperature)


def _exp_then_log(scores):
    exps = scores.exp()
    return -(exps[range(len(exps)), _partners(len(exps))] / exps.sum(dim=1)).log().mean()


def _floored(scores):
    chosen = scores.softmax(dim=1)[range(len(scores)), _partners(len(scores))]
    return -(chosen + 1e-8).log().mean()


def _between_views(rows_only):
    def wrong(z1, z2, temperature=0.5):
        scores = normalised(z1) @ normalised(z2).T / temperature
        there = -scores.log_softmax(dim=1).diagonal().mean()
        back = -scores.log_softmax(dim=0).diagonal().mean()
        return there if rows_only else 0.5 * (there + back)

    return wrong


NT_XENT_TORCH = Exercise(
    signature="nt_xent_torch(z1, z2, temperature=0.5)",
    read="loss-nt-xent",
    right=_right,
    draw=_draw_nt_xent,
    probes=(
        kinds.shapes("z1", "z2", axes=2),
        kinds.outside("temperature", 0.0, ends=(0.0,)),
        kinds.single_item("z1", "z2"),
    ),
    torch=True,
    slopes={"z1": _nt_xent_slope("first"), "z2": _nt_xent_slope("second")},
    # The scores themselves carry float32's relative error of 6e-8, times 1/τ = 200.
    rtol=1e-3,
    atol=1e-5,
    mistakes={
        "each view compared with itself": _nt_xent(mask=lambda scores: scores),
        "0 on the diagonal instead of nothing": _nt_xent(
            mask=lambda scores: scores - scores.diagonal().diag_embed()
        ),
        "only the other view's items as negatives": _between_views(rows_only=False),
        "InfoNCE from the first view to the second": _between_views(rows_only=True),
        "only the losses of the first views": _nt_xent(loss=_half_of),
        "each view as its own target": _nt_xent(loss=_itself, mask=lambda scores: scores),
        "the partner in the next row": _nt_xent(loss=_interleaved),
        "the partner left out of the sum": _nt_xent(loss=_decoupled),
        "the lengths not divided out": _nt_xent(normalise=lambda rows: rows),
        "the columns scaled to length 1": _nt_xent(
            normalise=lambda rows: rows / rows.norm(dim=0, keepdim=True)
        ),
        "lengths without a gradient": _nt_xent(
            normalise=lambda rows: rows / rows.norm(dim=1, keepdim=True).detach()
        ),
        "the temperature multiplied": _nt_xent(scale=lambda cosines, t: cosines * t),
        "the temperature fixed at ½": _nt_xent(scale=lambda cosines, t: cosines / 0.5),
        "the sum over the pairs": _nt_xent(loss=lambda scores: 2 * log_loss(scores)),
        "the sum instead of the mean": _nt_xent(loss=lambda scores: len(scores) * log_loss(scores)),
        "overflow of the exponential": _nt_xent(loss=_exp_then_log),
        "a constant inside the logarithm": Recognised(
            _nt_xent(loss=_floored), capped(_right, share=0.97)
        ),
        "no gradient for the second view": lambda z1, z2, temperature=0.5: _nt_xent()(
            z1, z2.detach(), temperature
        ),
    },
)
