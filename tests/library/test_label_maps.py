"""Several classes that exclude each other: Dice + cross-entropy, Dice + focal, generalised Dice."""

import numpy as np
import pytest
import torch

import lossfns.numpy as ln
import lossfns.torch as lt

NAMES = ["dice_ce", "dice_focal"]
every_loss_of_maps = pytest.mark.parametrize("name", NAMES)
WEIGHT = (0.5, 1.0, 3.0)


@pytest.fixture
def maps(rng):
    """Four images of 4 x 5 pixels: logits of three classes, and labels."""
    return 2 * rng.normal(size=(4, 3, 4, 5)), rng.integers(0, 3, (4, 4, 5))


def softmax(logits, axis):
    parts = np.exp(logits - logits.max(axis=axis, keepdims=True))
    return parts / parts.sum(axis=axis, keepdims=True)


def one_hot(labels):
    return np.moveaxis(np.eye(3)[labels], -1, 1)


def both(name, logits, labels, **options):
    """Value and gradient from either twin."""
    value, grad = getattr(ln, name).value_and_grad(logits, labels, **options)
    yield value, grad
    leaf = torch.tensor(logits, requires_grad=True)
    if options.get("weight") is not None:
        options["weight"] = torch.tensor(options["weight"])
    loss = getattr(lt, name)(leaf, torch.tensor(labels), **options)
    (grad,) = torch.autograd.grad(loss.sum(), leaf)
    yield loss.detach().numpy(), grad.numpy()


# The sum of its parts.


@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize("background", [True, False])
@pytest.mark.parametrize(
    "name, second", [("dice_ce", "cross_entropy"), ("dice_focal", "softmax_focal")]
)
def test_the_loss_is_dice_of_each_class_and_a_mean_over_the_pixels(
    maps, name, second, weight, background
):
    logits, labels = maps
    w = np.ones(3) if weight is None else np.array(weight)
    of_classes = w * [background, True, True]
    dice = ln.dice(softmax(logits, 1), one_hot(labels), smooth=0.4, reduction="none")
    pixels = [
        getattr(ln, second)(z, y, weight=weight, axis=0)
        for z, y in zip(logits, labels, strict=True)
    ]
    expected = dice @ of_classes / of_classes.sum() + 0.7 * np.array(pixels)
    options = dict(weight=weight, include_background=background, smooth=0.4, reduction="none")
    factor = "ce_weight" if name == "dice_ce" else "focal_weight"
    for losses, _ in both(name, logits, labels, **options, **{factor: 0.7}):
        np.testing.assert_allclose(losses, expected, rtol=1e-13)


def test_without_fading_dice_focal_is_dice_ce(maps):
    for (ce, ce_grad), (focal, focal_grad) in zip(
        both("dice_ce", *maps, weight=WEIGHT, ce_weight=0.3),
        both("dice_focal", *maps, weight=WEIGHT, focal_weight=0.3, gamma=0.0),
        strict=True,
    ):
        assert ce == focal
        np.testing.assert_array_equal(ce_grad, focal_grad)


# Ignored labels.


@every_loss_of_maps
@pytest.mark.parametrize("ignore_index", [-100, 255, 1])
def test_an_ignored_pixel_is_as_if_it_were_not_there(maps, rng, name, ignore_index):
    logits, labels = (m.reshape(*m.shape[:-2], 20) for m in maps)
    labels = np.where(rng.random((4, 20)) < 0.3, ignore_index, labels)
    counted = labels != ignore_index
    poisoned = np.where(counted[:, None], logits, np.nan)
    layout = dict(axis=-1, class_axis=-2, weight=WEIGHT, reduction="none")
    for losses, grads in both(name, poisoned, labels, ignore_index=ignore_index, **layout):
        for i, kept in enumerate(counted):
            cut = logits[i : i + 1, :, kept], labels[i : i + 1, kept]
            for loss, grad in both(name, *cut, **layout):
                np.testing.assert_allclose(losses[i], loss[0], rtol=1e-13)
                np.testing.assert_allclose(grads[i][:, kept], grad[0], rtol=1e-10, atol=1e-15)
            assert not grads[i][:, ~kept].any()


@every_loss_of_maps
def test_an_image_of_ignored_pixels_is_no_item_of_the_mean(maps, name):
    logits, labels = maps
    labels[1] = -100
    rest = [0, 2, 3]
    for (loss, grad), (expected, _) in zip(
        both(name, logits, labels), both(name, logits[rest], labels[rest]), strict=True
    ):
        np.testing.assert_allclose(loss, expected, rtol=1e-14)
        assert not grad[1].any()
    for loss, grad in both(name, logits, np.full_like(labels, -100)):
        assert loss == 0 and not grad.any()


@every_loss_of_maps
def test_masks_stored_in_8_bits_may_ignore_255(maps, name):
    logits, labels = maps
    labels[:, 0] = 255
    for value, narrow in zip(
        both(name, logits, labels, ignore_index=255),
        both(name, logits, labels.astype(np.uint8), ignore_index=255),
        strict=True,
    ):
        assert value[0] == narrow[0]


# Axes.


@pytest.mark.parametrize("name", [*NAMES, "generalized_dice"])
@pytest.mark.parametrize(
    "class_axis, axis, order",
    [
        (1, (2, 3), (0, 1, 2, 3)),
        (-1, (1, 2), (0, 2, 3, 1)),
        (0, (1, 2), (1, 2, 3, 0)),
        (3, [2, 1], (0, 2, 3, 1)),
    ],
)
def test_classes_and_pixels_may_lie_on_any_axes(maps, rng, name, class_axis, axis, order):
    scores, target = maps
    if name == "generalized_dice":
        scores, target = rng.uniform(0.1, 0.9, scores.shape), one_hot(target)
    of_labels = [place - (place > 1) for place in order if place != 1]
    moved = scores.transpose(order), target.transpose(order if target.ndim == 4 else of_labels)
    for (loss, grad), (expected, expected_grad) in zip(
        both(name, *moved, class_axis=class_axis, axis=axis),
        both(name, scores, target),
        strict=True,
    ):
        np.testing.assert_allclose(loss, expected, rtol=1e-13)
        np.testing.assert_allclose(grad, expected_grad.transpose(order), rtol=1e-11, atol=1e-16)


@every_loss_of_maps
def test_a_volume_has_three_axes(rng, name):
    logits, labels = rng.normal(size=(2, 3, 2, 4, 5)), rng.integers(0, 3, (2, 2, 4, 5))
    flat = logits.reshape(2, 3, 8, 5), labels.reshape(2, 8, 5)
    for (volume, _), (image, _) in zip(
        both(name, logits, labels, class_axis=1, axis=(2, 3, 4)), both(name, *flat), strict=True
    ):
        np.testing.assert_allclose(volume, image, rtol=1e-14)


@every_loss_of_maps
@pytest.mark.parametrize(
    "labels, options, message",
    [
        ((4, 3, 4, 5), {}, "argmax"),
        ((4, 1, 4, 5), {}, "length 1"),
        ((4, 5, 4), {}, r"\(4, 4, 5\)"),
        ((4, 4, 5), {"class_axis": -1}, "class_axis"),
        ((4, 4, 5), {"class_axis": 4}, "class_axis"),
        ((4, 4, 5), {"axis": (1, 2)}, "class_axis"),
    ],
)
def test_shapes_that_do_not_fit_are_told_how(maps, name, labels, options, message):
    logits, labels = maps[0], np.zeros(labels, int)
    with pytest.raises(ValueError, match=message):
        getattr(ln, name)(logits, labels, **options)
    with pytest.raises(ValueError, match=message):
        getattr(lt, name)(torch.tensor(logits), torch.tensor(labels), **options)


@every_loss_of_maps
def test_one_class_alone_is_refused(name):
    logits, labels = np.zeros((1, 1, 2, 2)), np.zeros((1, 2, 2), int)
    with pytest.raises(ValueError, match="one class.*dice_bce_with_logits"):
        getattr(ln, name)(logits, labels)
    with pytest.raises(ValueError, match="one class.*dice_bce_with_logits"):
        getattr(lt, name)(torch.tensor(logits), torch.tensor(labels))


# Extremes.


@every_loss_of_maps
def test_logits_of_any_size_give_finite_losses_and_gradients(maps, name):
    logits = torch.tensor(1000 * maps[0], dtype=torch.float32, requires_grad=True)
    loss = getattr(lt, name)(logits, torch.tensor(maps[1]))
    loss.backward()
    assert loss.isfinite() and logits.grad.isfinite().all()
    assert loss.item() == pytest.approx(
        getattr(ln, name)(logits.detach().numpy(), maps[1]), rel=1e-5
    )


# What other libraries make of it.


def test_weighted_dice_over_the_weights_and_over_the_number_of_classes(maps):
    """MONAI takes the mean of w_c times Dice, so that weights of 3 treble it."""
    logits, labels = maps
    dice = ln.dice(softmax(logits, 1), one_hot(labels), reduction="none")
    monai = (dice * WEIGHT).mean()
    ours = ln.dice_ce(logits, labels, weight=WEIGHT, ce_weight=0.0)
    assert monai / ours == pytest.approx(sum(WEIGHT) / 3)
    trebled = ln.dice_ce(logits, labels, weight=[3.0] * 3, ce_weight=0.0)
    assert trebled == pytest.approx(dice.mean())


def test_cross_entropy_image_by_image_and_over_the_batch():
    """With half of one image ignored: 2/3 of the pixels of a batch, or half of its images."""
    logits = np.zeros((2, 2, 1, 2))
    logits[0, 0] = 4.0
    labels = np.array([[[0, 0]], [[0, -100]]])
    options = dict(smooth=0.0, reduction="none")
    second = ln.dice_ce(logits, labels, **options) - ln.dice_ce(
        logits, labels, ce_weight=0, **options
    )
    batch = ln.cross_entropy(logits, labels, axis=1)
    easy, hard = np.log1p(np.exp(-4.0)), np.log(2)
    np.testing.assert_allclose(second, [easy, hard], rtol=1e-12)
    assert batch == pytest.approx((2 * easy + hard) / 3)


def test_a_class_that_is_not_there_counts():
    """segmentation_models_pytorch sets its Dice to 0, and a false alarm is never unlearnt."""
    labels = np.zeros((1, 2, 2), int)
    logits = np.zeros((1, 2, 2, 2))
    losses = [
        ln.dice_ce(logits + [[[[0.0]], [[z]]]], labels, ce_weight=0.0, include_background=False)
        for z in (-4.0, 0.0, 4.0)
    ]
    assert 0 < losses[0] < losses[1] < losses[2]


def test_smoothing_of_the_weighted_sums_outweighs_the_image():
    """MONAI's GeneralizedDiceLoss adds its smoothing to sums weighted by 1 / size²."""
    rare = np.zeros((1, 10, 10))
    rare[0, :3, :3] = 1
    target = np.stack([1 - rare, rare], axis=1)
    wrong = np.stack([np.ones_like(rare), np.zeros_like(rare)], axis=1)
    size = target.sum(axis=(2, 3))
    w = 1 / size**2
    both_, sizes = ((wrong * target).sum(axis=(2, 3)) * w).sum(), ((wrong + target).sum((2, 3)) * w)
    monai = 1 - (2 * both_ + 1) / (sizes.sum() + 1)
    assert monai < 0.1  # nothing of the class is found
    assert ln.generalized_dice(wrong, target, smooth=1.0) > 0.7
    exact = 1 - 2 * both_ / sizes.sum()
    assert ln.generalized_dice(wrong, target, smooth=0.0) == pytest.approx(exact)


def test_generalised_dice_of_one_class_is_dice(rng):
    probs, target = rng.random((3, 1, 4, 4)), (rng.random((3, 1, 4, 4)) < 0.4).astype(float)
    for power in (0.0, 1.0, 2.0):
        ours = ln.generalized_dice(probs, target, power=power, reduction="none")
        np.testing.assert_allclose(ours, ln.dice(probs, target, reduction="none")[:, 0], rtol=1e-14)


def test_generalised_dice_with_equal_weights_is_dice_of_all_classes_as_one_mask(maps):
    probs, target = softmax(maps[0], 1), one_hot(maps[1])
    ours = ln.generalized_dice(probs, target, power=0.0, smooth=0.0)
    assert ours == pytest.approx(ln.dice(probs, target, smooth=0.0, axis=(1, 2, 3)), rel=1e-14)


def test_rare_classes_pull_as_hard_as_common_ones():
    """All of a class of 10 pixels missed beside one of 90 that is found."""
    rare = np.zeros((1, 10, 10))
    rare[0, 0] = 1
    target = np.stack([1 - rare, rare], axis=1)
    blind = np.stack([np.ones_like(rare), 0 * rare], axis=1)
    losses = [ln.generalized_dice(blind, target, power=k, smooth=0.0) for k in (0, 1, 2)]
    assert losses[0] == pytest.approx(0.1)
    assert losses[0] < losses[1] < losses[2]
    assert losses[2] > 0.8


def test_tiny_and_huge_classes_stay_within_float32():
    """1 / size² of 4096² pixels is 3.6e-15, and of soft masks of 1e-25 it is infinite."""
    for size in (1e-25, 1e-6):
        target = torch.zeros(1, 2, 4, 4)
        target[:, 0], target[:, 1, 0, 0] = 1, size
        probs = torch.full((1, 2, 4, 4), 0.5, requires_grad=True)
        loss = lt.generalized_dice(probs, target, smooth=0.0)
        loss.backward()
        assert loss.isfinite() and probs.grad.isfinite().all()
