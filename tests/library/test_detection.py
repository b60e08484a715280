"""Losses of boxes against exact geometry: counted cells, fractions, and peers' defects."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from library.cases import to_torch

import lossfns.numpy as ln
import lossfns.torch as lt

NAMES = ["box_iou", "giou", "diou", "ciou"]
every_box_loss = pytest.mark.parametrize("name", NAMES)


def value_and_grad(name, pred, target):
    """The loss of one pair and its gradient, from either twin."""
    pred, target = np.array([pred], float), np.array([target], float)
    value, grad = getattr(ln, name).value_and_grad(pred, target)
    yield value, grad[0]
    p = torch.tensor(pred, requires_grad=True)
    loss = getattr(lt, name)(p, torch.tensor(target))
    loss.backward()
    yield loss.item(), p.grad[0].numpy()


# Exact geometry.

corner = st.integers(-6, 6)


@st.composite
def whole_box(draw):
    x, y, w, h = draw(corner), draw(corner), draw(st.integers(0, 6)), draw(st.integers(0, 6))
    return (x, y, x + w, y + h)


def cells(box):
    """The unit cells that a box of whole numbers covers."""
    x1, y1, x2, y2 = box
    return {(x, y) for x in range(x1, x2) for y in range(y1, y2)}


def exact(pred, target):
    """1 - IoU, GIoU's and DIoU's losses as fractions, from sets of cells."""
    p, t = cells(pred), cells(target)
    hull = tuple(map(min, pred[:2], target[:2])) + tuple(map(max, pred[2:], target[2:]))
    iou = Fraction(len(p & t), len(p | t)) if p | t else Fraction(pred == target)
    filled = Fraction(len(p | t), len(cells(hull))) if cells(hull) else Fraction(1)
    width, height = hull[2] - hull[0], hull[3] - hull[1]
    centre = [Fraction(b[0] + b[2] - t[0] - t[2], 2) for b, t in [(pred, target)]]
    centre += [Fraction(b[1] + b[3] - t[1] - t[3], 2) for b, t in [(pred, target)]]
    diagonal = width**2 + height**2
    apart = sum(c**2 for c in centre) / diagonal if diagonal else Fraction(0)
    return {"box_iou": 1 - iou, "giou": 2 - iou - filled, "diou": 1 - iou + apart}


@given(whole_box(), whole_box())
def test_box_losses_are_those_of_counted_cells(pred, target):
    """Boxes of whole numbers, among them ones that touch, nest, coincide and have no area."""
    for name, expected in exact(pred, target).items():
        for value, _ in value_and_grad(name, pred, target):
            assert value == pytest.approx(float(expected), rel=1e-14, abs=1e-15)


@given(whole_box(), whole_box())
def test_giou_is_at_most_iou_and_all_losses_are_in_range(pred, target):
    losses = {name: next(value_and_grad(name, pred, target))[0] for name in NAMES}
    # GIoU ≤ IoU, so its loss is the larger one; and so on down the family.
    assert 0 <= losses["box_iou"] <= 1
    assert losses["box_iou"] <= losses["giou"] + 1e-15 <= 2 + 2e-15
    assert losses["box_iou"] <= losses["diou"] + 1e-15 <= 2 + 2e-15
    assert losses["diou"] <= losses["ciou"] + 1e-15 <= 2.5 + 2e-15


@given(whole_box(), whole_box())
def test_box_losses_are_symmetric(pred, target):
    for name in NAMES:
        (there, _), _ = value_and_grad(name, pred, target)
        (back, _), _ = value_and_grad(name, target, pred)
        assert there == pytest.approx(back, rel=1e-13, abs=1e-15)


@given(whole_box(), whole_box(), st.integers(-20, 20), st.sampled_from([0.25, 3.0, 1024.0]))
def test_box_losses_do_not_depend_on_origin_or_unit(pred, target, shift, unit):
    moved = [unit * (np.array(box, float) + shift) for box in (pred, target)]
    for name in NAMES:
        (expected, grad), _ = value_and_grad(name, pred, target)
        (value, moved_grad), _ = value_and_grad(name, *moved)
        assert value == pytest.approx(expected, rel=1e-12, abs=1e-13)
        np.testing.assert_allclose(unit * moved_grad, grad, rtol=1e-9, atol=1e-12)


@given(whole_box(), whole_box())
def test_both_twins_have_the_same_finite_gradient_everywhere(pred, target):
    """Ties, touching edges, nested and empty boxes included."""
    for name in NAMES:
        (_, ours), (_, theirs) = value_and_grad(name, pred, target)
        assert np.isfinite(ours).all() and np.isfinite(theirs).all()
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12, err_msg=name)


@every_box_loss
@given(box=whole_box())
def test_identical_boxes_cost_nothing(name, box):
    for value, _ in value_and_grad(name, box, box):
        assert value == 0


def test_boxes_that_do_not_touch_are_pulled_together_by_giou_and_not_by_iou():
    pred, target = [0.0, 0.0, 1.0, 1.0], [5.0, 5.0, 6.0, 6.0]
    for value, grad in value_and_grad("box_iou", pred, target):
        assert value == 1 and not grad.any()
    for name in ("giou", "diou", "ciou"):
        for _, grad in value_and_grad(name, pred, target):
            assert grad[2] < 0 and grad[3] < 0  # the far corner is to grow towards the target


# Where peers go wrong.


def torchvision_giou(pred, target, eps):
    """The formula of torchvision.ops.generalized_box_iou_loss."""
    inter, union = torchvision_areas(pred, target)
    hull = torch.maximum(pred[2:], target[2:]) - torch.minimum(pred[:2], target[:2])
    iou = inter / (union + eps)
    area = hull.prod()
    return 1 - iou + (area - union) / (area + eps)


def torchvision_areas(pred, target):
    sides = torch.minimum(pred[2:], target[2:]) - torch.maximum(pred[:2], target[:2])
    inter = sides.prod() if (sides > 0).all() else pred.new_zeros(())
    union = (pred[2:] - pred[:2]).prod() + (target[2:] - target[:2]).prod() - inter
    return inter, union


def torchvision_ciou(pred, target, eps=1e-7):
    """The formula of torchvision.ops.complete_box_iou_loss, α without gradient."""
    inter, union = torchvision_areas(pred, target)
    iou = inter / (union + eps)
    hull = torch.maximum(pred[2:], target[2:]) - torch.minimum(pred[:2], target[:2])
    offset = (pred[:2] + pred[2:] - target[:2] - target[2:]) / 2
    diou = 1 - iou + (offset**2).sum() / ((hull**2).sum() + eps)
    (w, h), (wt, ht) = pred[2:] - pred[:2], target[2:] - target[:2]
    v = 4 / math.pi**2 * ((wt / ht).atan() - (w / h).atan()) ** 2
    with torch.no_grad():
        alpha = v / (1 - iou + v + eps)
    return diou + alpha * v


@pytest.mark.parametrize("box", [[1.0, 2.0, 1.0, 2.0], [0.0, 0.0, 0.0, 0.0], [0.0, 1.0, 3.0, 1.0]])
def test_giou_of_identical_boxes_without_area_is_0(box):
    """0/0: NaN without an epsilon, and 1 with torchvision's, as if they did not overlap."""
    tensor = torch.tensor(box)
    assert torchvision_giou(tensor, tensor, 0.0).isnan()
    assert torchvision_giou(tensor, tensor, 1e-7).item() == 1
    for value, grad in value_and_grad("giou", box, box):
        assert value == 0 and np.isfinite(grad).all()


@pytest.mark.parametrize("pred", [[1.0, 1.0, 1.0, 1.0], [0.0, 1.0, 3.0, 1.0], [1.0, 0.0, 1.0, 3.0]])
def test_ciou_gradient_of_a_box_without_height_or_width_is_finite(pred):
    """torchvision divides by the height: arctan(w / 0), and NaN on the way back."""
    target = [0.0, 0.0, 2.0, 3.0]
    leaf = torch.tensor(pred, requires_grad=True)
    (theirs,) = torch.autograd.grad(torchvision_ciou(leaf, torch.tensor(target)), leaf)
    if pred[1] == pred[3]:
        assert theirs.isnan().any()
    for value, grad in value_and_grad("ciou", pred, target):
        assert math.isfinite(value) and np.isfinite(grad).all()


def test_ciou_differentiates_alpha_where_torchvision_holds_it_constant():
    """One loss, two gradients: with α = v / (1 - IoU + v) differentiated it is its slope."""
    pred, target = [0.0, 0.0, 2.0, 1.0], [0.5, -0.25, 1.5, 2.0]
    leaf = torch.tensor(pred, dtype=torch.float64, requires_grad=True)
    loss = torchvision_ciou(leaf, torch.tensor(target, dtype=torch.float64), eps=0.0)
    (detached,) = torch.autograd.grad(loss, leaf)
    step = 1e-6
    for value, grad in value_and_grad("ciou", pred, target):
        assert value == pytest.approx(loss.item(), rel=1e-12)
        slope = [
            (
                ln.ciou([np.array(pred) + step * unit], [target])
                - ln.ciou([np.array(pred) - step * unit], [target])
            )
            / (2 * step)
            for unit in np.eye(4)
        ]
        np.testing.assert_allclose(grad, slope, rtol=1e-6, atol=1e-7)
        # By x2, 0.127 and 0.112.
        assert grad[2] == pytest.approx(0.12664, abs=1e-5)
    assert detached[2].item() == pytest.approx(0.1121, abs=1e-4)


@every_box_loss
def test_large_boxes_do_not_overflow_in_half_precision(name):
    """A side of 300 squared is beyond float16's 65504."""
    box = torch.tensor([[0.0, 0.0, 300.0, 300.0]]).half()
    assert (box[0, 2:] - box[0, :2]).prod().isinf()
    loss = getattr(lt, name)(box, torch.tensor([[0.0, 0.0, 300.0, 150.0]]).half())
    assert loss.isfinite() and loss.dtype == torch.float32


@every_box_loss
@pytest.mark.parametrize(
    "wrong, blamed",
    [
        ({"pred": [[2.0, 0.0, 1.0, 1.0]]}, "pred"),
        ({"pred": [[0.0, 2.0, 1.0, 1.0]]}, "pred"),
        ({"target": [[2.0, 0.0, 1.0, 1.0]]}, "target"),
        ({"target": [[0.0, 2.0, 1.0, 1.0]]}, "target"),
        ({"pred": [[0.0, 0.0, 1.0]], "target": [[0.0, 0.0, 1.0]]}, "pred"),
        ({"pred": [[0.0] * 5], "target": [[0.0] * 5]}, "pred"),
        ({"pred": 1.0, "target": 1.0}, "pred"),
        ({"pred": [[0.0, 0.0, 1.0, math.inf]]}, "pred"),
    ],
)
def test_what_is_no_box_is_refused(name, wrong, blamed):
    arguments = {"pred": [[0.0, 0.0, 1.0, 1.0]], "target": [[0.0, 0.0, 2.0, 2.0]]} | wrong
    arrays = {n: np.array(v) for n, v in arguments.items()}
    with pytest.raises(ValueError, match=blamed):
        getattr(ln, name)(**arrays)
    with pytest.raises(ValueError, match=blamed):
        getattr(lt, name)(**to_torch(arrays))
