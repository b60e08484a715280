"""Numbers that finite precision gets wrong unless care is taken: each was wrong once.

The sweep of the catalog (`lossfns.conformance`) asks every loss for the same kinds.
"""

import math

import numpy as np
import pytest
import torch
from library.cases import every_loss, to_torch, torch_loss
from torch.nn import functional as F

import lossfns.numpy as ln
import lossfns.torch as lt
from lossfns import catalog
from lossfns.auditing.draws import draw
from lossfns.numpy._core import loss, reduced

INF = math.inf


def leaf(values, dtype=torch.float32):
    return torch.tensor(values, dtype=dtype, requires_grad=True)


def value_and_grad(function, *inputs, **settings):
    """Of a torch loss, with respect to its first argument."""
    first, *rest = inputs
    first = first.clone().requires_grad_()
    value = function(first, *rest, **settings)
    (grad,) = torch.autograd.grad(value.sum(), first)
    return value.detach(), grad


# PPO: a ratio that overflows counts only where it is not clipped.


@pytest.mark.parametrize("dtype, gap", [(torch.float32, 100.0), (torch.float64, 800.0)])
@pytest.mark.parametrize("advantage, expected", [(1.0, -1.2), (0.0, 0.0)])
def test_ppo_clipped_ratio_may_overflow(dtype, gap, advantage, expected):
    arguments = [torch.tensor([x], dtype=dtype) for x in (0.0, -gap, advantage)]
    value, grad = value_and_grad(lt.ppo_clip, *arguments)
    assert value.item() == pytest.approx(expected)
    assert grad.tolist() == [0.0]
    arrays = [np.array([x]) for x in (0.0, -gap, advantage)]
    assert ln.ppo_clip(*arrays) == pytest.approx(expected)
    assert ln.ppo_clip.grad(*arrays).tolist() == [0.0]


def test_ppo_unclipped_ratio_still_counts():
    arguments = [torch.tensor([x]) for x in (0.0, -80.0, -1.0)]
    value, grad = value_and_grad(lt.ppo_clip, *arguments)
    assert value.item() == pytest.approx(math.exp(80), rel=1e-6)
    assert grad.item() == pytest.approx(math.exp(80), rel=1e-6)


# Labels of a byte: -100 is 156 there, and 256 is 0.

SMALL = [np.uint8, np.int8, np.int16]


def test_no_label_of_a_byte_is_ignored_by_accident():
    logits = np.random.default_rng(0).normal(size=(2, 200))
    labels = np.array([156, 3])
    expected = ln.cross_entropy(logits, labels)
    assert ln.cross_entropy(logits, labels.astype(np.uint8)) == expected
    tensors = torch.tensor(logits), torch.tensor(labels, dtype=torch.uint8)
    assert lt.cross_entropy(*tensors).item() == pytest.approx(expected)


def with_labels():
    """Losses of integer labels, and the name of the argument that holds them."""
    for record in catalog.values():
        arrays = record.sample(np.random.default_rng(0), 6)
        for name in ("target", "tokens"):
            if name in arrays and arrays[name].dtype.kind == "i" and record.item_axes:
                yield pytest.param(record, name, id=record.name)


@pytest.mark.parametrize("record, name", list(with_labels()))
def test_a_byte_that_stands_for_ignored_is_ignored(record, name):
    if "ignore_index" not in record.hyper:
        return
    arguments = draw(record)
    arguments[name].flat[1] = 255
    expected = getattr(ln, record.name)(**arguments, ignore_index=255)
    small = arguments | {name: arguments[name].astype(np.uint8), "ignore_index": 255}
    assert getattr(ln, record.name)(**small) == expected
    assert torch_loss(record)(**to_torch(small)).item() == pytest.approx(expected)


@pytest.mark.parametrize("classes", [200, 256, 300])
@pytest.mark.parametrize(
    "name", ["cross_entropy", "multiclass_hinge", "generalized_cross_entropy",
             "symmetric_cross_entropy", "softmax_focal", "causal_lm", "masked_lm", "retinanet",
             "sparse_categorical_cross_entropy", "brier", "arcface", "linear_cross_entropy", "ctc"]
)  # fmt: skip
def test_more_classes_than_a_byte_holds(name, classes):
    rng = np.random.default_rng(classes)
    labels = np.array([[3, 156, 198, 100]])
    scores = rng.normal(size=(1, 4, classes))
    probs = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    boxes = rng.normal(size=(2, 1, 4, 4))
    settings = {
        "arcface": {"prototypes": rng.normal(size=(classes, 3))},
        "linear_cross_entropy": {"linear_weight": rng.normal(size=(classes, 3))},
        "retinanet": {"boxes": boxes[0], "target_boxes": boxes[1]},
        "ctc": {"blank": classes - 1},
    }.get(name, {})
    first = probs if name in ("sparse_categorical_cross_entropy", "brier") else scores
    if name in ("arcface", "linear_cross_entropy"):
        first = rng.normal(size=(1, 4, 3))
    if name == "ctc":
        first = np.repeat(scores, 3, axis=1)
    expected = getattr(ln, name)(first, labels, **settings)
    assert getattr(ln, name)(first, labels.astype(np.uint8), **settings) == expected
    tensors = to_torch({"first": first, **settings})
    small = torch.tensor(labels, dtype=torch.uint8)
    value = getattr(lt, name)(tensors.pop("first"), small, **tensors)
    assert value.item() == pytest.approx(expected)
    if name in ("cross_entropy", "retinanet"):  # where values are not read
        both = [torch.stack([t, t]) for t in (torch.tensor(first), small)]
        each = torch.vmap(lambda a, b: getattr(lt, name)(a, b, **tensors))(*both)
        assert each.tolist() == pytest.approx([expected] * 2)


# Calibration in float32: sums of millions.


@pytest.mark.parametrize("metric", ["ece", "mce", "ace"])
def test_calibration_does_not_drift_with_the_number_of_predictions(metric):
    n = 10**7
    probs, target = torch.full((n,), 0.7), torch.zeros(n)
    target[: 4 * n // 10] = 1
    # The gap is 0.7 as float32 has it, less 0.4.
    expected = float(np.float32(0.7)) - 0.4
    assert getattr(lt, metric)(probs, target).item() == pytest.approx(expected, rel=1e-6)


def test_reliability_does_not_drift_with_the_number_of_predictions():
    n = 10**7
    probs, target = torch.full((n,), 0.7), torch.zeros(n)
    target[: 4 * n // 10] = 1
    curve = lt.reliability_curve(probs, target, bins=10)
    assert curve.confidence[6].item() == pytest.approx(0.7, rel=1e-6)
    assert curve.frequency[6].item() == pytest.approx(0.4, rel=1e-6)


def test_lovasz_counts_more_pixels_than_float32_can():
    """A cumulative sum of ones in float32 stands still at 2^24."""
    n = 2**24 + 1000
    probs, target = torch.full((1, n), 0.75), torch.zeros(1, n)
    target[0, -1] = 1
    # All errors of the background are alike: Σ steps is the loss of the whole set but one pixel.
    value = lt.lovasz(probs, target, axis=-1)
    assert value.item() == pytest.approx(0.75, rel=1e-5)


@pytest.mark.parametrize("name", ["mse", "bce_with_logits", "cross_entropy", "dice"])
def test_a_float32_mean_of_ten_million_keeps_its_digits(name):
    n = 10**7
    rng = torch.Generator().manual_seed(0)
    pred = torch.rand(n, generator=rng)
    if name == "cross_entropy":
        inputs = torch.stack([pred, 1 - pred], -1), (pred > 0.3).to(torch.uint8)
    elif name == "dice":
        inputs = pred[None], (pred > 0.3).float()[None]
    else:
        inputs = pred, (pred > 0.3).float()
    settings = {"axis": -1} if name == "dice" else {}
    value = getattr(lt, name)(*inputs, **settings)
    exact = [x.double() if x.is_floating_point() else x for x in inputs]
    expected = getattr(lt, name)(*exact, **settings)
    assert value.item() == pytest.approx(expected.item(), rel=1e-6)


# Collapse.


@pytest.mark.parametrize("constant", [0.1, 1 / 3, 1e8 / 3])
def test_barlow_twins_counts_a_constant_feature_as_correlated_with_nothing(constant, rng):
    view = rng.normal(size=(7, 3))
    view[:, 1] = constant
    assert ln.barlow_twins(view, view, redundancy=0.0) == pytest.approx(1)
    for dtype in (torch.float32, torch.float64):
        tensor = torch.tensor(view, dtype=dtype)
        value, grad = value_and_grad(lt.barlow_twins, tensor, tensor, redundancy=0.0)
        assert value.item() == pytest.approx(1, rel=1e-5)
        assert grad[:, 1].tolist() == [0.0] * 7
    collapsed = np.full((7, 3), constant)
    assert ln.barlow_twins(collapsed, collapsed) == 3
    assert lt.barlow_twins(*torch.tensor(np.stack([collapsed] * 2)).float()).item() == 3


# Divergences near agreement: 0 is their minimum.


def test_distillation_of_a_converged_student_keeps_its_digits(rng):
    teacher = 3 * rng.normal(size=(100, 10))
    student = teacher + 1e-3 * rng.normal(size=(100, 10))
    rounded = [torch.tensor(z, dtype=torch.float32) for z in (student, teacher)]
    losses = lt.distillation(*rounded, temperature=20.0, reduction="none")
    # For small differences T² KL is half the variance of their difference under the teacher.
    with_digits = [z.double().numpy() for z in rounded]
    expected = ln.distillation(*with_digits, temperature=20.0, reduction="none")
    soft = np.exp(with_digits[1] / 20) / np.exp(with_digits[1] / 20).sum(-1, keepdims=True)
    gap = with_digits[0] - with_digits[1]
    spread = (soft * (gap - (soft * gap).sum(-1, keepdims=True)) ** 2).sum(-1)
    np.testing.assert_allclose(expected, spread / 2, rtol=1e-3)
    np.testing.assert_allclose(losses.numpy(), expected, rtol=1e-5)
    assert (losses >= 0).all()
    assert lt.distillation(rounded[1], rounded[1], temperature=20.0) == 0


def test_kl_div_near_agreement_keeps_its_digits(rng):
    logits = 3 * torch.tensor(rng.normal(size=(500, 10)))
    target = (logits + 1e-2 * torch.tensor(rng.normal(size=(500, 10)))).softmax(-1)
    losses = lt.kl_div(logits.log_softmax(-1).float(), target.float(), reduction="none")
    expected = ln.kl_div(logits.log_softmax(-1).numpy(), target.numpy(), reduction="none")
    # Each difference of logarithms is 1e-2, and rounded by 1e-7.
    np.testing.assert_allclose(losses.numpy(), expected, rtol=1e-3)
    same = lt.kl_div(logits.float().log_softmax(-1), logits.float().softmax(-1), reduction="none")
    assert (same >= 0).all() and same.max() < 1e-12
    same = ln.kl_div(logits.log_softmax(-1).numpy(), logits.softmax(-1).numpy(), reduction="none")
    assert (same >= 0).all() and same.max() < 1e-28


def test_kl_div_of_rows_that_are_not_quite_distributions_is_the_formula():
    log_probs, target = np.log([[0.251, 0.75]]), np.array([[0.5, 0.502]])
    plain = float((target * (np.log(target) - log_probs)).sum())
    assert ln.kl_div(log_probs, target) == pytest.approx(plain, rel=1e-13)
    assert lt.kl_div(*map(torch.tensor, (log_probs, target))).item() == pytest.approx(plain)
    assert ln.kl_div.grad(log_probs, target).tolist() == (-target).tolist()


def test_js_div_of_identical_rows_is_never_negative(rng):
    logits = 3 * torch.tensor(rng.normal(size=(500, 10)))
    rounded = logits.float()
    same = lt.js_div(rounded.log_softmax(-1), rounded.softmax(-1), reduction="none")
    assert (same >= 0).all() and same.max() < 1e-12
    other = (logits + 1e-3 * torch.tensor(rng.normal(size=(500, 10)))).softmax(-1)
    losses = lt.js_div(logits.log_softmax(-1).float(), other.float(), reduction="none")
    expected = ln.js_div(logits.log_softmax(-1).numpy(), other.numpy(), reduction="none")
    np.testing.assert_allclose(losses.numpy(), expected, rtol=5e-3)


@pytest.mark.parametrize("size", [1e-1, 1e-3, 1e-5, 1e-8])
def test_an_exponential_less_its_tangent_keeps_its_digits(size):
    """e^s - 1 - s is s²/2 near 0: in the KL of a Gaussian, in the ELBO and in k3."""
    s = leaf([[size, -size]])
    half_square = 0.5 * (math.expm1(size) - size + math.expm1(-size) + size)
    expected = half_square if size > 1e-2 else 0.5 * size**2 * (1 + size**2 / 12)
    zero = torch.zeros(1, 2)
    cases = {
        "gaussian_kl": lt.gaussian_kl(zero, s),
        "elbo": lt.elbo(zero, zero, mean=zero, log_var=s, likelihood="gaussian"),
        "kl_penalty": lt.kl_penalty(s, zero, reduction="sum") / 2,
    }
    for name, value in cases.items():
        assert value.item() == pytest.approx(expected, rel=1e-6), name
    arrays = np.zeros((1, 2)), np.array([[size, -size]])
    assert ln.gaussian_kl(*arrays) == pytest.approx(expected, rel=1e-13)
    assert ln.kl_penalty(*arrays[::-1], reduction="sum") / 2 == pytest.approx(expected, rel=1e-13)
    (grad,) = torch.autograd.grad(cases["gaussian_kl"], s)
    assert grad.tolist()[0] == pytest.approx([math.expm1(size) / 2, math.expm1(-size) / 2])


def test_cosine_embedding_of_nearly_equal_rows_is_not_negative(rng):
    rows = torch.tensor(rng.normal(size=(500, 16)))
    near = rows + 1e-4 * torch.tensor(rng.normal(size=(500, 16)))
    losses = lt.cosine_embedding(rows.float(), near.float(), torch.ones(500), reduction="none")
    expected = ln.cosine_embedding(
        rows.float().double().numpy(), near.float().double().numpy(), np.ones(500),
        reduction="none",
    )  # fmt: skip
    assert (losses >= 0).all()
    np.testing.assert_allclose(losses.numpy(), expected, rtol=1e-2)
    zero = torch.zeros(1, 2)
    assert lt.cosine_embedding(zero, torch.ones(1, 2), torch.ones(1)) == 1
    assert lt.cosine_embedding(zero, zero, torch.ones(1)) == 1


# Overflow and underflow inside, where inputs and result are ordinary.


def test_elbo_without_its_kl_term_does_not_look_at_it():
    pred = torch.zeros(1, 2)
    latent = dict(mean=leaf([[0.0]]), log_var=leaf([[100.0]]))
    value = lt.elbo(pred, pred, **latent, beta=0.0)
    assert value.item() == pytest.approx(2 * math.log(2))
    grads = torch.autograd.grad(value, list(latent.values()))
    assert [grad.item() for grad in grads] == [0.0, 0.0]
    arrays = dict(mean=np.zeros((1, 1)), log_var=np.full((1, 1), 800.0))
    zero = np.zeros((1, 2))
    assert ln.elbo(zero, zero, **arrays, beta=0.0) == pytest.approx(2 * math.log(2))
    assert ln.elbo.grad(zero, zero, **arrays, beta=0.0, wrt="log_var").tolist() == [[0.0]]


def test_triplet_of_the_largest_coordinate():
    points = [[0.0, 0.0, 0.0]], [[3.0, -4.0, 1.0]], [[0.5, 0.0, -0.5]]
    value, grad = value_and_grad(lt.triplet, *map(torch.tensor, points), p=INF)
    # 4 - ½ + 1; the two largest coordinates of the negative share its slope.
    assert value.item() == 4.5
    expected = [[0.5, 1.0, -0.5]]
    assert grad.tolist() == expected
    assert ln.triplet(*points, p=INF) == 4.5
    assert ln.triplet.grad(*points, p=INF).tolist() == expected


def test_pcgrad_of_tiny_and_of_huge_gradients():
    for size in (1e-30, 1e-22, 1.0, 1e25):
        w = torch.zeros(2, requires_grad=True)
        losses = [w @ torch.tensor([size, 0.0]), w @ torch.tensor([-size, size])]
        (result,) = lt.pcgrad(losses, [w])
        assert (result / size).tolist() == pytest.approx([0.5, 1.5])


@pytest.mark.parametrize("apart", [2e19, 1e30])
def test_contrastive_leaves_negatives_alone_however_far_apart(apart):
    first, second = torch.zeros(2, 3), torch.zeros(2, 3)
    second[0] = apart
    second[1] = 0.1
    value, grad = value_and_grad(lt.contrastive, first, second, torch.tensor([0, 1]))
    assert value.item() == pytest.approx(0.0075)
    assert grad[0].tolist() == [0.0] * 3
    wide = [[0.0] * 3], [[1e200] * 3], [0]
    assert ln.contrastive(*wide) == 0
    assert ln.contrastive.grad(*wide).tolist() == [[0.0] * 3]


@pytest.mark.parametrize("name", ["box_iou", "giou", "diou", "ciou"])
@pytest.mark.parametrize("side", [1e-30, 1e-20, 1.0, 1e20])
def test_boxes_of_any_size(name, side):
    pred, target = torch.tensor([[0.0, 0.0, 2.0, 1.0]]), torch.tensor([[0.5, 0.0, 1.0, 2.0]])
    expected, slope = value_and_grad(getattr(lt, name), pred, target)
    value, grad = value_and_grad(getattr(lt, name), side * pred, side * target)
    assert value.item() == pytest.approx(expected.item(), rel=1e-5)
    assert (grad * side).tolist()[0] == pytest.approx(slope.tolist()[0], rel=1e-4, abs=1e-6)
    twin, scale = getattr(ln, name), side**8  # float64 reaches farther
    arrays = [scale * box.double().numpy() for box in (pred, target)]
    assert twin(*arrays) == pytest.approx(expected.item(), rel=1e-6)
    np.testing.assert_allclose(scale * twin.grad(*arrays), slope.numpy(), rtol=1e-5, atol=1e-6)


def test_a_tiny_box_in_a_large_hull_has_a_finite_slope():
    tiny, large = torch.tensor([[0.0, 0.0, 1e-25, 1e-25]]), torch.tensor([[0.0, 0.0, 1.0, 2.0]])
    for name in ("ciou", "diou", "giou", "box_iou"):
        value, grad = value_and_grad(getattr(lt, name), tiny, large)
        assert value.isfinite().all() and grad.isfinite().all()


def test_a_result_that_is_not_finite_is_not_silent():
    huge = np.array([1e300, 1e300])
    with pytest.raises(ValueError, match="although every input is finite"):
        ln.mse([1.0, 2.0], [0.0, 0.0], sample_weight=huge * 1e8)
    with pytest.raises(ValueError, match="although every input is finite"):
        lt.mse(torch.ones(2).double(), torch.zeros(2).double(),
               sample_weight=torch.tensor(huge * 1e8))  # fmt: skip
    with pytest.raises(ValueError, match="although every input is finite"):
        ln.triplet([[1e308, 0.0]], [[-1e308, 0.0]], [[1e308, 0.0]])


def test_a_gradient_that_is_not_a_number_is_not_silent():
    @loss
    def steep(x):
        return reduced(np.square(x), "mean", x=lambda: np.array(x) * INF)

    assert steep([0.0, 2.0]) == 2
    with pytest.raises(ValueError, match="gradient with respect to x is NaN although every"):
        steep.grad([0.0, 2.0])
    with pytest.raises(ValueError, match="x holds an infinity at index .1,.: the gradient"):
        steep.grad([0.0, INF])


@pytest.mark.parametrize("twin", [ln, lt])
def test_smooth_l1_needs_a_finite_beta(twin):
    convert = np.asarray if twin is ln else torch.tensor
    with pytest.raises(ValueError, match="beta must be >= 0 and < inf"):
        twin.smooth_l1(convert([1.0]), convert([0.0]), beta=INF)


def test_an_infinite_setting_that_makes_the_loss_nan_is_named():
    pair = [[0.0, 0.0]], [[1.0, 2.0]]
    for twin, convert in ((ln, np.asarray), (lt, torch.tensor)):
        with pytest.raises(ValueError, match="temperature is inf"):
            twin.distillation(*map(convert, pair), temperature=INF)


# Saturated probabilities: an infinite loss, and a finite slope.

SATURATED = [
    ("bce", [0.0, 1.0, 0.5], [1.0, 0.0, 1.0]),
    ("focal", [0.0, 1.0, 0.5], [1.0, 0.0, 1.0]),
    ("dice_bce", [[0.0, 1.0, 0.5]], [[1.0, 0.0, 1.0]]),
    ("categorical_cross_entropy", [[0.0, 1.0, 0.0], [0.2, 0.5, 0.3]], [[1.0, 0, 0], [0, 1, 0]]),
    ("sparse_categorical_cross_entropy", [[0.0, 1.0, 0.0], [0.2, 0.5, 0.3]], [0, 1]),
]


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("name, probs, target", SATURATED)
def test_certain_and_wrong_is_infinite_with_a_finite_gradient(name, probs, target, gamma):
    settings = {"gamma": gamma} if name == "focal" else {}
    dtype = torch.get_default_dtype() if name != "sparse_categorical_cross_entropy" else torch.long
    value, grad = value_and_grad(
        getattr(lt, name), torch.tensor(probs), torch.tensor(target, dtype=dtype), **settings
    )
    assert value == INF
    assert grad.isfinite().all()
    array = getattr(ln, name).grad(np.array(probs), np.array(target), **settings)
    np.testing.assert_allclose(grad.numpy(), array, rtol=1e-5)
    # What is certain and wrong has lost its slope, but for Dice's; the others have theirs.
    first = grad.flatten()[0].item()
    assert (first != 0) == (name == "dice_bce")
    assert grad.flatten()[-2:].any()


@pytest.mark.parametrize("z", [100.0, 1000.0])
@pytest.mark.parametrize("name", ["bce", "focal", "dice_bce"])
def test_the_logit_behind_a_saturated_sigmoid_gets_a_finite_gradient(name, z):
    """At z = -100 the sigmoid is 4e-44, and one over it overflows."""
    logits = leaf([[-z, z, 0.0]])
    target = torch.tensor([[1.0, 0.0, 1.0]])
    value = getattr(lt, name)(logits.sigmoid(), target)
    value.backward()
    assert logits.grad.isfinite().all() and logits.grad[0, 2] != 0
    theirs = leaf([[-z, z, 0.0]])
    F.binary_cross_entropy(theirs.sigmoid(), target).backward()
    assert theirs.grad.isfinite().all()  # and its loss stops at 100
    (second,) = torch.autograd.grad(
        torch.autograd.grad(getattr(lt, name)(logits.sigmoid(), target), logits,
                            create_graph=True)[0].sum(), logits
    )  # fmt: skip
    assert second.isfinite().all()


# A target in more digits than the prediction.


def test_a_float64_target_is_not_rounded_to_the_prediction():
    pred = torch.tensor([16777216.0])
    target = torch.tensor([16777217.0], dtype=torch.float64)
    value, grad = value_and_grad(lt.mse, pred, target)
    assert value.item() == F.mse_loss(pred, target).item() == 1
    assert value.dtype == torch.float64 and grad.dtype == torch.float32
    assert lt.mae(torch.ones(1).half(), target).dtype == torch.float64


# Where there are no values to read, or more than values.


@every_loss
def test_runs_on_fake_tensors(record):
    from torch._subclasses.fake_tensor import FakeTensorMode

    arguments = to_torch(draw(record, weighted=True), torch.float32)
    expected = torch_loss(record)(**arguments)
    with FakeTensorMode() as mode:
        fake = {
            name: mode.from_tensor(value) if isinstance(value, torch.Tensor) else value
            for name, value in arguments.items()
        }
        leaf = fake[record.wrt[0]].requires_grad_()
        value = torch_loss(record)(**fake)
        (grad,) = torch.autograd.grad(value, leaf)
    assert value.shape == expected.shape and value.dtype == expected.dtype
    assert grad.shape == arguments[record.wrt[0]].shape


@every_loss
def test_forward_mode_is_backward_mode(record):
    arguments = to_torch(draw(record, weighted=True))
    name = record.wrt[0]
    rng = torch.Generator().manual_seed(0)
    direction = torch.rand(arguments[name].shape, generator=rng, dtype=torch.float64) - 0.5
    primal = arguments[name].clone().requires_grad_()
    (grad,) = torch.autograd.grad(torch_loss(record)(**arguments | {name: primal}), primal)
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(arguments[name], direction)
        value = torch_loss(record)(**arguments | {name: dual})
        tangent = torch.autograd.forward_ad.unpack_dual(value).tangent
    torch.testing.assert_close(tangent, (grad * direction).sum())


@pytest.mark.parametrize("wrt", ["hidden", "linear_weight", "linear_bias"])
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_linear_cross_entropy_has_a_tangent_from_each_argument(wrt, reduction, rng):
    tensors = {
        "hidden": torch.tensor(rng.normal(size=(4, 3))),
        "linear_weight": torch.tensor(rng.normal(size=(5, 3))),
        "linear_bias": torch.tensor(rng.normal(size=5)),
    }
    target = torch.tensor([0, 1, 4, -100])

    def of_one(value):
        return lt.linear_cross_entropy(
            target=target, reduction=reduction, **{**tensors, wrt: value}
        )

    direction = torch.ones_like(tensors[wrt])
    _, expected = torch.func.jvp(of_one, (tensors[wrt],), (direction,))
    with torch.autograd.forward_ad.dual_level():
        value = of_one(torch.autograd.forward_ad.make_dual(tensors[wrt], direction))
        tangent = torch.autograd.forward_ad.unpack_dual(value).tangent
    torch.testing.assert_close(tangent, expected)


@every_loss
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning", "ignore::DeprecationWarning")
def test_can_be_traced(record):
    arguments = to_torch(draw(record, weighted=True))
    name = record.wrt[0]
    traced = torch.jit.trace(
        lambda value: torch_loss(record)(**arguments | {name: value}), (arguments[name],)
    )
    torch.testing.assert_close(traced(arguments[name]), torch_loss(record)(**arguments))


# Margins, cosines, infinities, one class, defaults.


@pytest.mark.parametrize("kind", ["weston_watkins", "crammer_singer"])
def test_a_margin_between_large_scores_is_not_rounded_away(kind):
    scores = torch.tensor([[3e7, 3e7]])
    value = lt.multiclass_hinge(scores, torch.tensor([0]), kind=kind)
    assert value.item() == 1
    assert ln.multiclass_hinge([[3e16, 3e16]], [0], kind=kind) == 1


@pytest.mark.parametrize("squared", [False, True])
def test_a_margin_between_large_distances_is_not_rounded_away(squared):
    zero, far = torch.zeros(1, 1), torch.full((1, 1), 3e7)
    assert lt.triplet(zero, far, far, squared=squared).item() == 1
    assert ln.triplet([[0.0]], [[3e16]], [[3e16]], squared=squared) == 1
    rows = torch.tensor([[0.0], [3e7], [-3e7]])
    for twin, points in ((lt, rows), (ln, rows.double().numpy() * 1e9)):
        labels = torch.tensor([0, 0, 1]) if twin is lt else np.array([0, 0, 1])
        assert len(twin.mine_triplets(points, labels, kind="easy")[0]) == 1  # from the other end
        assert len(twin.mine_triplets(points, labels, kind="hard")[0]) == 1


@pytest.mark.parametrize("size", [1e-30, 1.0, 2e38])
def test_cosines_of_rows_of_any_length(size):
    first, second = torch.tensor([[1.0, 1.0, 1.0]]), torch.tensor([[1.0, 1.0, 0.0]])
    expected = 1 - 2 / math.sqrt(6)
    value, grad = value_and_grad(
        lt.cosine_embedding, size * first, size * second, torch.tensor([1])
    )
    assert value.item() == pytest.approx(expected, rel=1e-5)
    assert grad.isfinite().all()
    rows = size**8 if size < 1 else 1e308 if size > 1 else 1.0
    arrays = [rows * x.double().numpy() for x in (first, second)]
    assert ln.cosine_embedding(*arrays, [1]) == pytest.approx(expected, rel=1e-6)
    assert np.isfinite(ln.cosine_embedding.grad(*arrays, [1])).all()


def test_infinities_of_both_signs_apart_from_each_other_are_no_nan():
    scores = [INF, -INF, 1.0]
    expected = [-INF, INF, -1.0]
    assert ln.gan_generator(scores, kind="wasserstein", reduction="none").tolist() == expected
    value = lt.gan_generator(torch.tensor(scores), kind="wasserstein", reduction="none")
    assert value.tolist() == expected


ONE_CLASS = ["cross_entropy", "softmax_focal", "poly1_cross_entropy", "generalized_cross_entropy",
             "symmetric_cross_entropy", "multiclass_hinge", "linear_cross_entropy"]  # fmt: skip


@pytest.mark.parametrize("name", ONE_CLASS)
def test_a_softmax_over_one_class_says_that_it_is_always_0(name):
    scores, labels = np.ones((3, 1)), np.zeros(3, int)
    settings = {"linear_weight": np.ones((1, 1))} if name == "linear_cross_entropy" else {}
    with pytest.warns(UserWarning, match="one class.*bce_with_logits") as warned:
        assert getattr(ln, name)(scores, labels, **settings) == 0
    assert warned[0].filename == __file__
    tensors = to_torch({"scores": scores, "labels": labels, **settings})
    inputs = tensors.pop("scores"), tensors.pop("labels")
    with pytest.warns(UserWarning, match="one class.*bce_with_logits") as warned:
        assert getattr(lt, name)(*inputs, **tensors) == 0
    assert warned[0].filename == __file__


@pytest.fixture
def bfloat16_default():
    torch.set_default_dtype(torch.bfloat16)
    yield
    torch.set_default_dtype(torch.float32)


def test_class_weights_are_not_rounded_to_a_half_precision_default(bfloat16_default):
    weights = lt.class_weights(torch.tensor([901, 99]))
    assert weights.tolist() == pytest.approx(ln.class_weights([901, 99]).tolist(), rel=1e-6)
    assert weights.dtype == torch.float32


@every_loss
def test_a_half_precision_default_changes_nothing(record, bfloat16_default):
    arguments = to_torch(draw(record, weighted=True), torch.float32)
    value = torch_loss(record)(**arguments)
    torch.set_default_dtype(torch.float32)
    torch.testing.assert_close(value, torch_loss(record)(**arguments), rtol=0, atol=0)


def test_quantile_takes_its_levels_as_an_array():
    pred, target = torch.tensor([[8.0, 12.0]]), torch.tensor([10.0])
    expected = lt.quantile(pred, target, q=[0.1, 0.9])
    assert lt.quantile(pred, target, q=np.array([0.1, 0.9])) == expected
    with pytest.raises(ValueError, match="q must be"):
        lt.quantile(pred, target, q=np.array([0.1, 1.9]))
    level = np.array(0.9)
    assert lt.quantile(pred, pred + 1, q=level) == lt.quantile(pred, pred + 1, q=0.9)
    assert ln.quantile([1.0], [2.0], q=level) == ln.quantile([1.0], [2.0], q=0.9)


# What somebody expects who comes from PyTorch.


@pytest.mark.parametrize("twin", [ln, lt])
def test_labels_that_fit_pytorchs_class_axis_as_well_get_a_hint(twin, rng):
    logits, labels = rng.normal(size=(2, 3, 3)), rng.integers(0, 3, (2, 3))
    if twin is lt:
        logits, labels = torch.tensor(logits), torch.tensor(labels)
    with pytest.warns(UserWarning, match="axis=1.*axis=2") as warned:
        last = twin.cross_entropy(logits, labels)
    assert warned[0].filename == __file__
    assert float(twin.cross_entropy(logits, labels, axis=2)) == float(last)
    assert float(twin.cross_entropy(logits, labels, axis=1)) != float(last)
    twin.cross_entropy(logits[..., :2], labels % 2)
    twin.cross_entropy(logits[0], labels[0])


def test_the_hint_does_not_break_a_compiled_graph():
    logits, labels = torch.randn(2, 3, 3), torch.zeros(2, 3, dtype=torch.long)
    compiled = torch.compile(lt.cross_entropy, fullgraph=True, backend="eager")
    # A graph cannot look whether labels are ignored, and adds the same numbers in another order.
    expected = lt.cross_entropy(logits, labels, axis=2)
    torch.testing.assert_close(compiled(logits, labels, axis=-1), expected)


def test_settings_that_other_libraries_take_are_explained():
    logits, target = torch.zeros(2, 3, 4), torch.zeros(2, 3, 4)
    with pytest.raises(ValueError, match="last axis.*movedim"):
        lt.bce_with_logits(logits, target, pos_weight=torch.ones(3, 1))
    with pytest.raises(ValueError, match="last axis.*moveaxis"):
        ln.bce_with_logits(np.zeros((2, 3, 4)), np.zeros((2, 3, 4)), pos_weight=np.ones((3, 1)))
    for twin, convert in ((ln, np.asarray), (lt, torch.tensor)):
        with pytest.raises(ValueError, match=r"num_items.*got 0.*max\(1, num_items\)"):
            twin.causal_lm(convert(np.zeros((1, 3, 4))), convert([[1, 2, 3]]), num_items=0)
        with pytest.raises(ValueError, match="sample_weight.*axis=-1"):
            twin.dice(convert(np.ones((4, 9))), convert(np.ones((4, 9))),
                      sample_weight=convert(np.ones(4)))  # fmt: skip
