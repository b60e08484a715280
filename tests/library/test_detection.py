"""Losses of boxes against exact geometry: counted cells, fractions, and peers' defects.

Detectors against the losses that they are made of.
"""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st
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


# Detectors.

DETECTORS = {
    "retinanet": ("logits", "boxes"),
    "yolo": ("logits", "objectness", "boxes"),
}
every_detector = pytest.mark.parametrize("name", DETECTORS)
IGNORED, CLASSES = -100, 3


def corners(rng, *shape):
    corner = rng.normal(size=(*shape, 2))
    return np.concatenate([corner, corner + rng.uniform(0.3, 2.5, (*shape, 2))], axis=-1)


@pytest.fixture
def scene(rng):
    """Two images of five anchors: three objects, one anchor ignored in each; an image of none."""
    target = np.array([[0, 3, 2, IGNORED, 3], [3, 3, IGNORED, 1, 3], [3] * 5])
    return {
        "logits": 2 * rng.normal(size=(3, 5, CLASSES)),
        "target": target,
        "boxes": corners(rng, 3, 5),
        "target_boxes": corners(rng, 3, 5),
    }


def arguments_of(name, scene, rng):
    cells = {"objectness": 2 * rng.normal(size=scene["target"].shape)}
    return scene | (cells if name == "yolo" else {})


def both_detectors(name, arguments, **settings):
    """Value and gradients, from NumPy and from torch."""
    function = getattr(ln, name)
    grads = {n: function.grad(**arguments, **settings, wrt=n) for n in DETECTORS[name]}
    yield function(**arguments, **settings), grads
    tensors = to_torch(arguments)
    leaves = [tensors[n].requires_grad_() for n in DETECTORS[name]]
    value = getattr(lt, name)(**tensors, **to_torch(settings))
    slopes = torch.autograd.grad(value.sum(), leaves)
    found = {n: g.numpy() for n, g in zip(DETECTORS[name], slopes, strict=True)}
    yield value.detach().numpy(), found


def test_retinanet_is_focal_and_smooth_l1_over_the_number_of_objects(scene):
    counted, held = scene["target"] != IGNORED, np.isin(scene["target"], range(CLASSES))
    own = np.eye(CLASSES + 1)[np.where(counted, scene["target"], CLASSES)][..., :CLASSES]
    settings = {"alpha": 0.4, "gamma": 1.5}
    focal = ln.focal_with_logits(
        scene["logits"][counted], own[counted], **settings, reduction="sum"
    )
    boxes, truth = scene["boxes"][held], scene["target_boxes"][held]
    expected = (focal + 0.7 * ln.smooth_l1(boxes, truth, beta=0.3, reduction="sum")) / 3
    settings |= {"beta": 0.3, "box_weight": 0.7}
    slope = ln.focal_with_logits.grad(scene["logits"], own, alpha=0.4, gamma=1.5, reduction="none")
    for value, grads in both_detectors("retinanet", scene, **settings):
        assert value == pytest.approx(expected, rel=1e-13)
        np.testing.assert_allclose(grads["logits"], slope * counted[..., None] / 3, rtol=1e-12)
        ours = ln.smooth_l1.grad(boxes, truth, beta=0.3, reduction="none")
        np.testing.assert_allclose(grads["boxes"][held], 0.7 * ours / 3, rtol=1e-12)
        assert not grads["boxes"][~held].any()


def test_yolo_is_objectness_over_all_anchors_and_the_rest_over_objects(scene, rng):
    cells = arguments_of("yolo", scene, rng)
    counted, held = scene["target"] != IGNORED, np.isin(scene["target"], range(CLASSES))
    own = np.eye(CLASSES)[scene["target"][held]]
    present = ln.bce_with_logits(cells["objectness"][counted], held[counted].astype(float))
    kind = ln.bce_with_logits(scene["logits"][held], own)
    miss = ln.ciou(scene["boxes"][held], scene["target_boxes"][held])
    for value, _ in both_detectors("yolo", cells):
        assert value == pytest.approx(present + 0.5 * kind + 0.05 * miss, rel=1e-13)
    weights = {"box_weight": 2.0, "objectness_weight": 0.3, "classification_weight": 7.0}
    for value, grads in both_detectors("yolo", cells, **weights):
        assert value == pytest.approx(0.3 * present + 7 * kind + 2 * miss, rel=1e-13)
        slope = 7 * ln.bce_with_logits.grad(scene["logits"][held], own)
        np.testing.assert_allclose(grads["logits"][held], slope, rtol=1e-12)
        slope = 2 * ln.ciou.grad(scene["boxes"][held], scene["target_boxes"][held])
        np.testing.assert_allclose(grads["boxes"][held], slope, rtol=1e-10, atol=1e-15)
        assert not grads["logits"][~held].any() and not grads["boxes"][~held].any()
        assert not grads["objectness"][~counted].any() and grads["objectness"][counted].all()


def test_yolo_may_ask_for_the_iou_that_a_box_has_reached(scene, rng):
    cells = arguments_of("yolo", scene, rng)
    counted, held = scene["target"] != IGNORED, np.isin(scene["target"], range(CLASSES))
    reached = 1 - ln.box_iou(scene["boxes"], scene["target_boxes"], reduction="none")
    goal = np.where(held, reached, 0.0)
    expected = ln.bce_with_logits(cells["objectness"][counted], goal[counted])
    weights = {"box_weight": 0.0, "classification_weight": 0.0}
    for value, grads in both_detectors("yolo", cells | {"target_objectness": reached}, **weights):
        assert value == pytest.approx(expected, rel=1e-13)
        # No box is moved to make its own score come true.
        assert not grads["boxes"].any()
    # 1 is what it asks for by default, and what it asks for elsewhere is not looked at.
    ones = np.where(held, 1.0, np.nan)
    plain = both_detectors("yolo", cells)
    asked = both_detectors("yolo", cells | {"target_objectness": ones})
    for (value, grads), (expected, expected_grads) in zip(plain, asked, strict=True):
        assert value == expected
        for name, grad in grads.items():
            np.testing.assert_array_equal(grad, expected_grads[name])


@every_detector
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_nothing_of_a_box_matters_where_no_object_is(name, reduction, scene, rng):
    arguments = arguments_of(name, scene, rng)
    held = np.isin(scene["target"], range(CLASSES))[..., None]
    wild = np.array([np.nan, np.inf, -np.inf, 0.0])
    changed = {n: np.where(held, arguments[n], wild) for n in ("boxes", "target_boxes")}
    for (value, grads), (expected, expected_grads) in zip(
        both_detectors(name, arguments | changed, reduction=reduction),
        both_detectors(name, arguments, reduction=reduction),
        strict=True,
    ):
        np.testing.assert_array_equal(value, expected)
        for n, grad in grads.items():
            np.testing.assert_array_equal(grad, expected_grads[n])


@every_detector
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_an_ignored_anchor_is_as_if_it_were_not_there(name, reduction, scene, rng):
    arguments = arguments_of(name, scene, rng)
    ignored = scene["target"] == IGNORED
    dirty, kept = {}, {}
    for n, value in arguments.items():
        wide = ignored.reshape(ignored.shape + (1,) * (value.ndim - 2))
        dirty[n] = np.where(wide, np.nan, value) if value.dtype.kind == "f" else value
        kept[n] = value[~ignored]
    for (value, grads), (expected, expected_grads) in zip(
        both_detectors(name, dirty, reduction=reduction),
        both_detectors(name, kept, reduction=reduction),
        strict=True,
    ):
        if reduction == "none":
            assert not value[ignored].any()
            value = value[~ignored]
        np.testing.assert_allclose(value, expected, rtol=1e-13)
        for n, grad in grads.items():
            assert not grad[ignored].any()
            np.testing.assert_allclose(grad[~ignored], expected_grads[n], rtol=1e-13)


@every_detector
def test_an_image_without_objects_teaches_what_background_is(name, scene, rng):
    """Divided by the number of objects it would be x / 0: infinite, or nan."""
    empty = {n: v[2] for n, v in arguments_of(name, scene, rng).items()}
    scores = "objectness" if name == "yolo" else "logits"
    for value, grads in both_detectors(name, empty):
        assert np.isfinite(value) and value > 0
        assert np.isfinite(grads[scores]).all() and (grads[scores] > 0).all()
        assert not grads["boxes"].any()


@every_detector
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_a_scene_in_which_all_is_ignored_costs_0(name, reduction, scene, rng):
    ignored = {"target": np.full((3, 5), IGNORED)}
    arguments = arguments_of(name, scene, rng) | ignored
    for value, grads in both_detectors(name, arguments, reduction=reduction):
        assert value == 0
        assert not any(grad.any() for grad in grads.values())


@every_detector
def test_anchors_may_lie_on_a_grid(name, scene, rng):
    """Images, rows, columns, and anchors of a cell."""
    arguments = arguments_of(name, scene, rng)
    grid = {n: v.reshape(3, 1, 5, 1, *v.shape[2:]) for n, v in arguments.items()}
    row = {n: v.reshape(15, *v.shape[2:]) for n, v in arguments.items()}
    for other in (grid, row):
        for (value, grads), (expected, expected_grads) in zip(
            both_detectors(name, other), both_detectors(name, arguments), strict=True
        ):
            assert value == pytest.approx(expected, rel=1e-13)
            for n, grad in grads.items():
                assert grad.shape == other[n].shape
                np.testing.assert_allclose(grad.ravel(), expected_grads[n].ravel(), rtol=1e-12)


def test_retinanet_divides_by_the_objects_of_the_batch_where_torchvision_does_by_image():
    """An image of 1 object and one of 3, errors of 4 and of 1 per coordinate, no class wrong."""
    target = np.array([[0, 1, 1], [0, 0, 0]])
    logits = np.where(target[..., None] == 0, 1e3, -1e3)
    truth = np.zeros((2, 3, 4))
    boxes = truth + np.array([4.0, 1.0])[:, None, None]
    scene = {"logits": logits, "target": target, "boxes": boxes, "target_boxes": truth}
    each = [ln.retinanet(**{n: v[i] for n, v in scene.items()}, beta=0.0) for i in range(2)]
    assert each == [16.0, 4.0]
    assert np.mean(each) == 10  # torchvision, by image
    for value, _ in both_detectors("retinanet", scene, beta=0.0):
        assert value == pytest.approx((16 + 3 * 4) / 4)


def test_retinanets_beta_lies_between_l1_and_fast_r_cnns():
    """An offset off by 0.05: 0.05 as L1, ½ 0.05² / 0.11 by default, ½ 0.05² at β = 1."""
    scene = {
        "logits": np.array([[1e3]]),
        "target": np.array([0]),
        "boxes": np.array([[0.05, 0.0, 0.0, 0.0]]),
        "target_boxes": np.zeros((1, 4)),
    }
    for beta, expected in [(0.0, 0.05), (0.11, 0.00125 / 0.11), (1.0, 0.00125)]:
        for value, grads in both_detectors("retinanet", scene, beta=beta):
            assert value == pytest.approx(expected, rel=1e-12)
            assert np.isfinite(grads["boxes"]).all()


def test_retinanet_without_focus_is_binary_cross_entropy(scene):
    held = np.isin(scene["target"], range(CLASSES))
    own = np.eye(CLASSES + 1)[np.where(held, scene["target"], CLASSES)][..., :CLASSES]
    background = scene | {"target": np.where(held, scene["target"], CLASSES)}
    expected = ln.bce_with_logits(scene["logits"], own, reduction="sum") / held.sum()
    settings = {"alpha": None, "gamma": 0.0, "box_weight": 0.0}
    for value, _ in both_detectors("retinanet", background, **settings):
        assert value == pytest.approx(expected, rel=1e-13)


@every_detector
def test_a_detector_that_is_sure_and_right_pays_nothing(name):
    """Infinitely sure: 0 · ∞ would be nan."""
    target = np.array([0, 1, 2, IGNORED])
    box = np.tile([1.0, 2.0, 3.0, 5.0], (4, 1))
    logits = np.where(np.eye(3)[[0, 1, 2, 2]][:, :2] == 1, np.inf, -np.inf)
    scene = {"logits": logits, "target": target, "boxes": box, "target_boxes": box}
    if name == "yolo":
        scene["objectness"] = np.where(target < 2, np.inf, -np.inf)
    for value, grads in both_detectors(name, scene):
        assert value == 0
        assert not any(grad.any() for grad in grads.values())


@every_detector
def test_a_detector_of_large_images_fits_into_half_precision(name):
    """A side of 300 squared is beyond float16's 65504, and so is the sum over 10⁵ anchors."""
    n = 100_000
    scene = {
        "logits": torch.zeros(n, 1).half(),
        "target": torch.ones(n).long().index_fill_(0, torch.tensor([0]), 0),
        "boxes": torch.tensor([[0.0, 0.0, 300.0, 300.0]]).half().repeat(n, 1),
        "target_boxes": torch.tensor([[0.0, 0.0, 300.0, 150.0]]).half().repeat(n, 1),
    }
    if name == "yolo":
        scene["objectness"] = torch.zeros(n).half()
    value = getattr(lt, name)(**scene, reduction="sum")
    assert value.isfinite() and value.dtype == torch.float32
    exact = getattr(ln, name)(
        **{k: v.double().numpy() if v.is_floating_point() else v.numpy() for k, v in scene.items()},
        reduction="sum",
    )
    assert value.item() == pytest.approx(exact, rel=1e-5)


@pytest.mark.parametrize(
    "name, wrong, blamed",
    [
        *[(name, {"target": [[0, 3]]}, "target") for name in DETECTORS],
        *[(name, {"target": [4, 3]}, "target") for name in DETECTORS],
        *[(name, {"boxes": [[0.0] * 3] * 2}, "boxes") for name in DETECTORS],
        *[(name, {"target_boxes": [[0.0] * 4]}, "target_boxes") for name in DETECTORS],
        ("yolo", {"objectness": [[0.0]] * 2}, "objectness"),
        ("yolo", {"boxes": [[2.0, 0.0, 1.0, 1.0]] * 2}, "boxes"),
        ("yolo", {"target_boxes": [[2.0, 0.0, 1.0, 1.0]] * 2}, "target_boxes"),
        ("yolo", {"target_objectness": [[1.0], [1.0]]}, "target_objectness"),
        ("yolo", {"target_objectness": [1.5, 0.0]}, "target_objectness"),
    ],
)
def test_wrong_anchors_are_named(name, wrong, blamed):
    box = [[0.0, 0.0, 1.0, 1.0]] * 2
    scene = {"logits": [[0.0] * 3] * 2, "target": [0, 3], "boxes": box, "target_boxes": box}
    if name == "yolo":
        scene["objectness"] = [0.0, 0.0]
    arrays = {n: np.array(v) for n, v in (scene | wrong).items()}
    with pytest.raises(ValueError, match=blamed):
        getattr(ln, name)(**arrays)
    with pytest.raises(ValueError, match=blamed):
        getattr(lt, name)(**to_torch(arrays))


@every_detector
def test_boxes_must_be_floating_point_like_everything_that_is_predicted(name):
    scene = {"logits": np.zeros((1, 3)), "target": np.array([0])}
    boxes = {"boxes": np.zeros((1, 4), int), "target_boxes": np.zeros((1, 4))}
    cells = {"objectness": np.zeros(1)} if name == "yolo" else {}
    with pytest.raises(TypeError, match="boxes must be floating point"):
        getattr(ln, name)(**scene, **boxes, **cells)
    with pytest.raises(TypeError, match="boxes must be floating point"):
        getattr(lt, name)(**to_torch(scene | boxes | cells))


def test_raising_the_iou_is_not_what_lowers_the_objectness_of_yolo():
    """Differentiated, a score of -3 would pay the box for getting worse."""
    boxes = torch.tensor([[0.0, 0.0, 2.0, 2.0]], requires_grad=True)
    truth, low = torch.tensor([[1.0, 1.0, 3.0, 3.0]]), torch.tensor([-3.0])
    reached = 1 - lt.box_iou(boxes, truth, reduction="none")
    cells = dict(objectness=low, boxes=boxes, target_boxes=truth, box_weight=0.0)
    scene = (torch.zeros(1, 1), torch.tensor([0]))
    for goal, moves in [(reached, True), (reached.detach(), False)]:
        value = lt.yolo(*scene, **cells, target_objectness=goal)
        (slope,) = torch.autograd.grad(value, boxes, retain_graph=True)
        # Growing the far corner raises the IoU; the gradient says it costs.
        assert (slope[0, 2] > 0).item() == moves
