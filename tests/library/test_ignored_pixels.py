"""Pixels that nobody annotated: they count for nothing, and what other libraries make of them."""

import numpy as np
import pytest
import torch

import lossfns.numpy as ln
import lossfns.torch as lt

OVERLAP = ["dice", "jaccard", "tversky", "focal_tversky"]
NAMES = [*OVERLAP, "dice_bce", "dice_bce_with_logits", "lovasz"]
every_mask_loss = pytest.mark.parametrize("name", NAMES)


def both(name, scores, target, **options):
    """Value and gradient from either twin."""
    value, grad = getattr(ln, name).value_and_grad(scores, target, **options)
    yield value, grad
    leaf = torch.tensor(scores, requires_grad=True)
    tensors = {n: torch.tensor(v) if n.endswith("weight") else v for n, v in options.items()}
    loss = getattr(lt, name)(leaf, torch.tensor(target), **tensors)
    (grad,) = torch.autograd.grad(loss.sum(), leaf)
    yield loss.detach().numpy(), grad.numpy()


@pytest.fixture
def rows(rng):
    """Four masks of 30 pixels in a row, of which each pixel counts or does not."""
    scores = rng.uniform(0.05, 0.95, (4, 30))
    target = (rng.random((4, 30)) < 0.4).astype(float)
    return scores, target, rng.random((4, 30)) < 0.7


@every_mask_loss
@pytest.mark.parametrize("poison", [np.nan, np.inf, 255.0])
def test_an_ignored_pixel_is_as_if_it_were_not_there(rows, name, poison):
    scores, target, counted = rows
    poisoned = np.where(counted, scores, poison), np.where(counted, target, poison)
    options = {"axis": -1, "reduction": "none"}
    for losses, grads in both(name, *poisoned, pixel_weight=counted, **options):
        for i in range(4):
            kept = [a[i : i + 1, counted[i]] for a in (scores, target)]
            for loss, grad in both(name, *kept, **options):
                np.testing.assert_allclose(losses[i], loss[0], rtol=1e-13)
                np.testing.assert_allclose(grads[i, counted[i]], grad[0], rtol=1e-11, atol=1e-15)
            assert not grads[i, ~counted[i]].any()


@every_mask_loss
def test_a_pixel_of_weight_2_counts_as_two(rows, name):
    scores, target, doubled = rows
    times = np.where(doubled[0], 2, 1)
    longer = [np.repeat(a, times, axis=1) for a in (scores, target)]
    weights = np.broadcast_to(times.astype(float), scores.shape)
    for weighted, repeated in zip(
        both(name, scores, target, pixel_weight=weights, axis=-1),
        both(name, *longer, axis=-1),
        strict=True,
    ):
        np.testing.assert_allclose(weighted[0], repeated[0], rtol=1e-13)


@every_mask_loss
def test_weights_of_1_change_nothing(rows, name):
    scores, target, _ = rows
    for (loss, grad), (plain, plain_grad) in zip(
        both(name, scores, target, pixel_weight=np.ones((4, 30)), axis=-1),
        both(name, scores, target, axis=-1),
        strict=True,
    ):
        np.testing.assert_allclose(loss, plain, rtol=1e-14)
        np.testing.assert_allclose(grad, plain_grad, rtol=1e-13)


@every_mask_loss
def test_one_weight_per_pixel_serves_all_classes(rng, name):
    scores, target = rng.uniform(0.1, 0.9, (2, 3, 4, 5)), np.zeros((2, 3, 4, 5))
    target[:, 1, ::2] = 1
    pixels = (rng.random((2, 1, 4, 5)) < 0.7).astype(float)
    for shared, written_out in zip(
        both(name, scores, target, pixel_weight=pixels),
        both(name, scores, target, pixel_weight=np.repeat(pixels, 3, axis=1)),
        strict=True,
    ):
        np.testing.assert_array_equal(shared[0], written_out[0])
        np.testing.assert_array_equal(shared[1], written_out[1])


@every_mask_loss
def test_a_mask_without_a_pixel_that_counts_is_no_item_of_the_mean(rows, name):
    scores, target, counted = rows
    counted[2] = False
    rest = [0, 1, 3]
    for how in ("mean", "sum"):
        options = {"axis": -1, "reduction": how}
        for (loss, grad), (expected, _) in zip(
            both(name, scores, target, pixel_weight=counted, **options),
            both(name, scores[rest], target[rest], pixel_weight=counted[rest], **options),
            strict=True,
        ):
            np.testing.assert_allclose(loss, expected, rtol=1e-14)
            assert not grad[2].any()
    for loss, grad in both(name, scores, target, pixel_weight=np.zeros((4, 30)), axis=-1):
        assert loss == 0 and not grad.any()


@every_mask_loss
@pytest.mark.parametrize("shape", [(30,), (4, 29), (4, 30, 1), (3, 30), (4, 0)])
def test_a_wrong_shape_of_the_weights_is_named(rows, name, shape):
    scores, target, _ = rows
    with pytest.raises(ValueError, match=r"pixel_weight .*\(4, 30\)"):
        getattr(ln, name)(scores, target, axis=-1, pixel_weight=np.ones(shape))
    with pytest.raises(ValueError, match=r"pixel_weight .*\(4, 30\)"):
        getattr(lt, name)(*map(torch.tensor, rows[:2]), axis=-1, pixel_weight=torch.ones(shape))


def test_labels_in_8_bits_may_mark_what_to_ignore():
    """255 in uint8, as masks are stored."""
    labels = np.array([[1, 255, 0, 1]], np.uint8)
    probs = np.array([[0.9, 0.3, 0.2, 0.6]])
    kept = [0, 2, 3]
    expected = ln.dice(probs[:, kept], labels[:, kept])
    assert ln.dice(probs, labels, pixel_weight=labels != 255) == expected
    tensors = torch.tensor(probs), torch.tensor(labels)
    assert lt.dice(*tensors, pixel_weight=tensors[1] != 255).item() == expected


# What other libraries make of it.

# The first case of MONAI's tests of MaskedDiceLoss, without its smoothing of 1e-6.
LOGITS, TARGET = np.array([[1.0, -1.0], [-1.0, 1.0]]), np.array([[1.0, 0.0], [1.0, 1.0]])
REGION = np.array([[0.0, 0.0], [1.0, 1.0]])


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def test_logits_times_0_are_predictions_of_one_half():
    """MONAI's MaskedDiceLoss(sigmoid=True) masks the logits: two pixels of σ(0) count. 0.500."""
    theirs = ln.dice(sigmoid(LOGITS * REGION), TARGET * REGION, smooth=0.0)
    ours = ln.dice(sigmoid(LOGITS), TARGET, pixel_weight=REGION, smooth=0.0)
    assert theirs == pytest.approx(0.5, abs=1e-6)
    assert ours == pytest.approx(1 / 3)


def test_probabilities_times_0_are_ignored_by_the_sums_and_not_by_their_mean():
    """segmentation_models_pytorch's ignore_index: right for Dice, a 0 of ln ½ for cross-entropy."""
    probs = sigmoid(LOGITS)
    masked = ln.dice(probs * REGION, TARGET * REGION, smooth=0.0)
    assert masked == pytest.approx(ln.dice(probs, TARGET, pixel_weight=REGION, smooth=0.0))
    ours = ln.dice_bce(probs, TARGET, pixel_weight=REGION) - ln.dice(
        probs, TARGET, pixel_weight=REGION
    )
    diluted = ln.dice_bce(probs * REGION, TARGET * REGION) - ln.dice(
        probs * REGION, TARGET * REGION
    )
    assert ours == pytest.approx(2 * diluted)


def test_lovasz_of_weighted_pixels_stays_convex(rng):
    target, pixels = (rng.random((2, 200, 3, 3)) < 0.5).astype(float)
    pixels *= rng.uniform(0.1, 3, pixels.shape)
    ends = rng.random((2, 200, 3, 3))
    options = dict(pixel_weight=pixels, reduction="none")
    losses = [ln.lovasz(p, target, **options) for p in (*ends, ends.mean(axis=0))]
    assert (losses[2] - (losses[0] + losses[1]) / 2).max() < 1e-15


def test_nothing_of_an_ignored_pixel_is_left_in_float16():
    """A pixel weight of 0 in half precision, beside a logit that overflowed there."""
    logits = torch.tensor([[70000.0, 1.0]], dtype=torch.float16).requires_grad_()
    assert logits[0, 0].isinf()
    pixels = torch.tensor([[0.0, 1.0]], dtype=torch.float16)
    loss = lt.dice_bce_with_logits(logits, torch.tensor([[0.0, 1.0]]), pixel_weight=pixels)
    loss.backward()
    assert loss.dtype == torch.float32 and loss.isfinite()
    assert logits.grad.isfinite().all() and logits.grad[0, 0] == 0
