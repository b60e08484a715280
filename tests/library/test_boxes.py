"""EIoU, SIoU, α-IoU, and edges as distributions: limits, degenerate boxes, other conventions."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st
from torch.nn import functional as F

import lossfns.numpy as ln
import lossfns.torch as lt

KINDS = {"iou": "box_iou", "giou": "giou", "diou": "diou", "ciou": "ciou"}
LOSSES = [
    ("eiou", {}),
    ("siou", {}),
    ("siou", {"theta": 1.0}),
    *[("alpha_iou", {"kind": kind, "alpha": a}) for kind in KINDS for a in (3.0, 1.0, 0.5)],
]
every_box_loss = pytest.mark.parametrize("name, options", LOSSES)

corner = st.integers(-6, 6)


@st.composite
def whole_box(draw):
    x, y, w, h = draw(corner), draw(corner), draw(st.integers(0, 6)), draw(st.integers(0, 6))
    return [float(v) for v in (x, y, x + w, y + h)]


def both(name, pred, target, **options):
    """The loss of one pair and its gradient, from either twin."""
    pred, target = np.array([pred], float), np.array([target], float)
    value, grad = getattr(ln, name).value_and_grad(pred, target, **options)
    yield value, grad[0]
    leaf = torch.tensor(pred, requires_grad=True)
    loss = getattr(lt, name)(leaf, torch.tensor(target), **options)
    (grad,) = torch.autograd.grad(loss, leaf)
    yield loss.item(), grad[0].numpy()


@every_box_loss
@given(pred=whole_box(), target=whole_box())
def test_both_twins_agree_and_are_finite_everywhere(name, options, pred, target):
    """Boxes that touch, nest, coincide, lie in line and have no area included."""
    (value, grad), (other, other_grad) = both(name, pred, target, **options)
    assert 0 <= value < 4 + 1e-12 and np.isfinite(grad).all()
    assert value == pytest.approx(other, rel=1e-12, abs=1e-14)
    np.testing.assert_allclose(grad, other_grad, rtol=1e-8, atol=1e-11)


@every_box_loss
@given(box=whole_box())
def test_identical_boxes_cost_nothing(name, options, box):
    for value, _ in both(name, box, box, **options):
        assert value == pytest.approx(0, abs=1e-15)


@every_box_loss
@given(pred=whole_box(), target=whole_box(), shift=corner, unit=st.sampled_from([2.0**-60, 1024.0]))
def test_origin_and_unit_do_not_matter(name, options, pred, target, shift, unit):
    moved = [unit * (np.array(box) + shift) for box in (pred, target)]
    for (value, _), (expected, _) in zip(
        both(name, *moved, **options), both(name, pred, target, **options), strict=True
    ):
        assert value == pytest.approx(expected, rel=1e-12, abs=1e-13)


@pytest.mark.parametrize("name", ["eiou", "siou", "alpha_iou"])
def test_boxes_a_universe_apart_and_an_atom_wide_are_finite_in_float32(name):
    for size in (1e-20, 1e15):
        pred = torch.tensor([[0.0, 0.0, size, size]], requires_grad=True)
        target = torch.tensor([[size, size / 2, 3 * size, 2 * size]])
        loss = getattr(lt, name)(pred, target)
        loss.backward()
        assert loss.isfinite() and pred.grad.isfinite().all()
        assert loss.item() == pytest.approx(
            getattr(ln, name)(pred.detach().numpy(), target.numpy()), rel=1e-5
        )


# α-IoU.


@pytest.mark.parametrize("kind", KINDS)
@given(pred=whole_box(), target=whole_box())
def test_alpha_1_is_the_loss_of_that_kind(kind, pred, target):
    for (value, grad), (expected, expected_grad) in zip(
        both("alpha_iou", pred, target, kind=kind, alpha=1.0),
        both(KINDS[kind], pred, target),
        strict=True,
    ):
        assert value == pytest.approx(expected, rel=1e-12, abs=1e-14)
        np.testing.assert_allclose(grad, expected_grad, rtol=1e-9, atol=1e-12)


def test_a_power_above_1_pulls_harder_on_boxes_that_fit_and_less_on_those_that_do_not():
    """He et al. (2021): α IoU^(α - 1) is 1 at an IoU of 0.577 for α = 3."""
    target = [0.0, 0.0, 10.0, 10.0]
    for shift, harder in ((0.5, True), (1.0, True), (4.0, False), (8.0, False)):
        pred = [shift, 0.0, 10.0 + shift, 10.0]
        (_, plain), _ = both("box_iou", pred, target)
        for _, grad in both("alpha_iou", pred, target):
            assert (np.abs(grad).sum() > np.abs(plain).sum()) == harder


def test_the_diagonal_to_a_power_and_the_sum_of_the_powers_of_the_sides():
    """The authors' code has the latter: the same number along a diagonal of squares, else more."""
    pred, target = [0.0, 0.0, 1.0, 1.0], [1.0, 1.0, 2.0, 2.0]
    theirs = 1 + (1**6 + 1**6) / (2**6 + 2**6)
    for value, _ in both("alpha_iou", pred, target, kind="diou"):
        assert value == pytest.approx(1 + (2 / 8) ** 3)
    assert theirs == 1 + 1 / 64
    apart = [0.0, 0.0, 1.0, 1.0], [3.0, 0.0, 4.0, 1.0]
    theirs = 1 + (3**6 + 0) / (4**6 + 1**6)
    for value, _ in both("alpha_iou", *apart, kind="diou"):
        assert value == pytest.approx(1 + (9 / 17) ** 3)
        assert theirs > value


# SIoU.


@given(whole_box(), whole_box())
def test_the_angle_cost_is_that_of_the_paper(pred, target):
    """1 - 2 sin²(arcsin x - π/4) is sin 2α, without the slope of the arcsine at 1."""
    p, t = np.array(pred), np.array(target)
    offset = (p[:2] + p[2:] - t[:2] - t[2:]) / 2
    length = np.hypot(*offset)
    hull = np.maximum(p, t)[2:] - np.minimum(p, t)[:2]
    if not length or not hull.all():
        return
    cost = 1 - 2 * math.sin(math.asin(min(1, abs(offset[1]) / length)) - math.pi / 4) ** 2
    distance = (1 - np.exp(-(2 - cost) * (offset / hull) ** 2)).sum()
    sizes = p[2:] - p[:2], t[2:] - t[:2]
    larger = np.maximum(*sizes)
    unlike = np.abs(sizes[0] - sizes[1]) / np.where(larger == 0, 1, larger)
    expected = ln.box_iou(p[None], t[None]) + (distance + ((1 - np.exp(-unlike)) ** 4).sum()) / 2
    for value, _ in both("siou", pred, target):
        assert value == pytest.approx(expected, rel=1e-7, abs=1e-8)  # sin² of a rounded π/4


def test_the_same_distance_costs_less_along_a_diagonal():
    target, far = [0.0, 0.0, 2.0, 2.0], 1.0
    along = [far, 0.0, 2 + far, 2.0]
    across = [
        far / math.sqrt(2),
        far / math.sqrt(2),
        2 + far / math.sqrt(2),
        2 + far / math.sqrt(2),
    ]
    gaps = [
        next(both("siou", box, target))[0] - next(both("box_iou", box, target))[0]
        for box in (along, across)
    ]
    assert gaps[1] < gaps[0]


def test_eiou_sees_a_size_that_ciou_does_not():
    """A box twice as large around the same centre has the same aspect ratio: v = 0."""
    pred, target = [-2.0, -2.0, 2.0, 2.0], [-1.0, -1.0, 1.0, 1.0]
    for (efficient, _), (complete, _), (plain, _) in zip(
        both("eiou", pred, target),
        both("ciou", pred, target),
        both("box_iou", pred, target),
        strict=True,
    ):
        assert complete == pytest.approx(plain)
        assert efficient == pytest.approx(plain + 2 * 0.25)


# Distributions.


def edges(logits, place, **options):
    logits, place = np.array(logits, float), np.array(place, float)
    value, grad = ln.distribution_focal.value_and_grad(logits, place, **options)
    yield value, grad
    leaf = torch.tensor(logits, requires_grad=True)
    loss = lt.distribution_focal(leaf, torch.tensor(place), **options)
    (grad,) = torch.autograd.grad(loss.sum(), leaf)
    yield loss.detach().numpy(), grad.numpy()


def test_it_is_the_cross_entropy_of_two_bins_by_their_shares(rng):
    """As MMDetection and Ultralytics compute it."""
    logits, place = 2 * rng.normal(size=(50, 8)), rng.uniform(0, 6.99, 50)
    z, y = torch.tensor(logits), torch.tensor(place)
    left = y.long()
    expected = F.cross_entropy(z, left, reduction="none") * (left + 1 - y)
    expected += F.cross_entropy(z, left + 1, reduction="none") * (y - left)
    for losses, _ in edges(logits, place, reduction="none"):
        np.testing.assert_allclose(losses, expected.numpy(), rtol=1e-13)
    soft = np.maximum(0, 1 - np.abs(place[:, None] - np.arange(8)))
    for loss, _ in edges(logits, place):
        assert loss == pytest.approx(ln.cross_entropy(logits, soft), rel=1e-13)


def test_at_its_least_the_mean_of_the_distribution_is_the_edge():
    for place in (0.0, 0.3, 2.5, 3.0):
        soft = np.maximum(1e-300, 1 - np.abs(place - np.arange(4.0)))
        for _, grad in edges(np.log(soft)[None], [place]):
            assert np.abs(grad).max() < 1e-15
        assert soft @ np.arange(4.0) == pytest.approx(place)


def test_the_last_bin_is_reached_and_beyond_it_is_refused():
    """Ultralytics moves a target of n and of 10 n to n - 0.01."""
    logits = [[0.0, 1.0, 2.0, 4.0]]
    for loss, _ in edges(logits, [3.0]):
        assert loss == pytest.approx(ln.cross_entropy(logits, [3]), rel=1e-13)
    clipped = next(edges(logits, [2.99]))[0]
    assert clipped == pytest.approx(next(edges(logits, [3.0]))[0] + 0.01 * 2)
    for wrong in (3.001, -0.001):
        with pytest.raises(ValueError, match=r"target must lie in \[0, 3\].*bins"):
            ln.distribution_focal(logits, [wrong])
        with pytest.raises(ValueError, match=r"target must lie in \[0, 3\].*bins"):
            lt.distribution_focal(torch.tensor(logits), torch.tensor([wrong]))


def test_one_bin_is_no_distribution():
    with pytest.raises(ValueError, match="two bins"):
        ln.distribution_focal([[1.0]], [0.0])
    with pytest.raises(ValueError, match="two bins"):
        lt.distribution_focal(torch.ones(1, 1), torch.zeros(1))


def test_a_target_that_cannot_be_checked_never_indexes_out_of_bounds():
    """On a GPU, and under vmap, values are not read: NaN gives NaN, 1e9 a wrong number."""
    logits = torch.zeros(3, 2, 4)
    place = torch.tensor([[0.0, 1.0], [torch.nan, 2.0], [1e9, -1e9]])
    losses = torch.vmap(lambda z, y: lt.distribution_focal(z, y, reduction="none"))(logits, place)
    assert losses[0].isfinite().all() and losses[1, 0].isnan()


def test_four_edges_of_many_boxes_at_once(rng):
    """(boxes, 4 edges, bins), as detectors have it, or with the bins on another axis."""
    logits, place = rng.normal(size=(6, 4, 16)), rng.uniform(0, 15, (6, 4))
    for (loss, _), (moved, grad) in zip(
        edges(logits, place), edges(logits.transpose(0, 2, 1), place, axis=1), strict=True
    ):
        assert loss == pytest.approx(moved, rel=1e-14)
        assert grad.shape == (6, 16, 4)
    assert loss == pytest.approx(ln.distribution_focal(logits, place, reduction="none").mean())
