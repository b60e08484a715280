"""Overlap losses: which axes and denominator, where smoothing enters, what an empty mask costs."""

import itertools

import numpy as np
import pytest
import torch
from library.facts import segmentation as textbook

import lossfns.numpy as ln
import lossfns.torch as lt

OVERLAP = ["dice", "jaccard", "tversky", "focal_tversky"]
MASK_LOSSES = [*OVERLAP, "dice_bce", "lovasz"]


@pytest.fixture
def masks(rng):
    """Predictions and hard masks of 5 images."""
    return rng.uniform(0.05, 0.95, (5, 6, 7)), (rng.random((5, 6, 7)) < 0.3).astype(float)


def torch_grad(function, probs, target, **options):
    p = torch.tensor(probs, requires_grad=True)
    loss = function(p, torch.tensor(target), **options)
    loss.sum().backward()
    return loss.detach(), p.grad.numpy()


# One statistic.


@pytest.mark.parametrize("smooth", [0.0, 0.5, 1.0, 100.0])
def test_dice_and_jaccard_are_members_of_the_tversky_family(masks, smooth):
    options = dict(smooth=smooth, reduction="none")
    half = ln.tversky(*masks, alpha=0.5, beta=0.5, **options)
    one = ln.tversky(*masks, alpha=1.0, beta=1.0, **options)
    dice, jaccard = ln.dice(*masks, **options), ln.jaccard(*masks, **options)
    np.testing.assert_array_equal(dice, half)
    np.testing.assert_array_equal(jaccard, one)
    np.testing.assert_allclose(jaccard, 2 * dice / (1 + dice), rtol=1e-14)
    focal = ln.focal_tversky(*masks, alpha=0.5, beta=0.5, gamma=1.0, **options)
    np.testing.assert_array_equal(focal, dice)


def test_beta_weighs_false_negatives_and_alpha_false_positives():
    mask, missed, extra = [[1, 1, 0, 0]], [[1.0, 0.0, 0.0, 0.0]], [[1.0, 1.0, 1.0, 0.0]]
    for dear in ("alpha", "beta"):
        options = {"alpha": 0.1, "beta": 0.1, dear: 0.9, "smooth": 0.0}
        miss, alarm = ln.tversky(missed, mask, **options), ln.tversky(extra, mask, **options)
        assert miss == pytest.approx(1 - 1 / (1 + options["beta"]))
        assert alarm == pytest.approx(1 - 2 / (2 + options["alpha"]))
        # Abraham & Khan swap the letters: their 0.9 for misses is our beta.
        focal = ln.focal_tversky(missed, mask, gamma=1.0, **options)
        assert focal == pytest.approx(miss)


def test_tversky_of_each_class_feels_alpha_and_beta(rng):
    """Summed over the classes of a softmax, what one class wins another loses: fp = fn."""
    logits = rng.normal(size=(2, 3, 4, 4))
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    target = np.moveaxis(np.eye(3)[rng.integers(0, 3, (2, 4, 4))], -1, 1)
    prices = [dict(alpha=0.1, beta=0.9, smooth=0.0), dict(alpha=0.9, beta=0.1, smooth=0.0)]
    together = [ln.tversky(probs, target, axis=(1, 2, 3), **price) for price in prices]
    assert together[0] == pytest.approx(together[1], rel=1e-12)
    each = [ln.tversky(probs, target, **price) for price in prices]
    assert abs(each[0] - each[1]) > 0.001


def test_focal_tversky_takes_the_power_of_each_mask(masks):
    losses = ln.tversky(*masks, reduction="none")
    assert ln.focal_tversky(*masks) == pytest.approx((losses**0.75).mean(), rel=1e-14)
    assert ln.focal_tversky(*masks) != pytest.approx(losses.mean() ** 0.75, rel=1e-6)


# Denominators and smoothing.


def test_squared_denominators_and_plain_ones():
    """MONAI's tests print both, with a smoothing of 1e-5, half of which is ours."""
    p = 1 / (1 + np.exp([[-1.0, 1.0], [1.0, -1.0]]))
    target, smooth = [[1, 0], [1, 1]], 0.5e-5
    for loss, squared, expected in (
        (ln.dice, False, 0.307576),
        (ln.dice, True, 0.178337),
        (ln.jaccard, False, 0.470451),
    ):
        assert loss(p, target, smooth=smooth, squared=squared) == pytest.approx(expected, abs=2e-6)


def test_smoothing_enters_once_as_pixels_of_agreement(masks):
    """The same as that many more pixels, right in both; MONAI's smooth_nr = smooth_dr is twice it.
    Counted twice, 2 (Σ p y + s) / (Σ p + Σ y + s), Dice passes 1: the loss turns negative."""
    probs, target = (m.reshape(5, -1) for m in masks)
    agreed = [np.concatenate([m, np.ones((5, 3))], axis=1) for m in (probs, target)]
    for name in OVERLAP:
        function = getattr(ln, name)
        with_three = function(probs, target, smooth=3.0, axis=-1, reduction="none")
        longer = function(*agreed, smooth=0.0, axis=-1, reduction="none")
        np.testing.assert_allclose(with_three, longer, rtol=1e-13)
    both, sizes = (probs * target).sum(axis=1), probs.sum(axis=1) + target.sum(axis=1)
    monai = 1 - (2 * both + 6) / (sizes + 6)
    np.testing.assert_allclose(ln.dice(*masks, smooth=3.0, reduction="none"), monai, rtol=1e-13)
    nothing = np.zeros(2)
    twice = 1 - 2 * (nothing @ nothing + 1) / (nothing.sum() + nothing.sum() + 1)
    assert twice == -1.0
    assert ln.dice(nothing[None], nothing[None]) == 0.0


def test_smoothing_never_makes_a_loss_negative(masks):
    for name, smooth in itertools.product(OVERLAP, (0.0, 1e-6, 1.0, 1e6)):
        losses = getattr(ln, name)(*masks, smooth=smooth, reduction="none")
        assert (losses >= 0).all() and (losses <= 1).all()


# Empty masks.


@pytest.mark.parametrize("name", MASK_LOSSES)
def test_a_correctly_empty_mask_costs_nothing(name):
    empty = np.zeros((1, 2, 2))
    assert getattr(ln, name)(empty, empty) == 0
    loss, grad = torch_grad(getattr(lt, name), empty, empty)
    assert loss == 0
    assert np.isfinite(grad).all()


@pytest.mark.parametrize("name", MASK_LOSSES)
def test_a_false_prediction_on_an_empty_mask_is_pushed_down(name):
    """A Dice defined as 1 (loss 0) for every empty mask never unlearns a false alarm."""
    probs, empty = np.array([[[0.8, 0.3], [0.6, 0.2]]]), np.zeros((1, 2, 2))

    def theirs(p):
        both, sizes = (p * empty).sum(), p.sum() + empty.sum()
        return 1 - (2 * both / sizes if empty.sum() else 1.0)

    assert theirs(probs) == theirs(np.ones_like(probs)) == 0
    losses = [getattr(ln, name)(scale * probs, empty) for scale in (0.1, 0.5, 1.0)]
    assert 0 < losses[0] < losses[1] < losses[2]
    for grad in (
        getattr(ln, name).grad(probs, empty),
        torch_grad(getattr(lt, name), probs, empty)[1],
    ):
        assert (grad >= 0).all() and grad.max() > 0


@pytest.mark.parametrize("name", OVERLAP)
def test_without_smoothing_an_empty_mask_has_no_gradient(name):
    """As documented: the loss is 1 whatever is predicted, and 0 with nothing at all."""
    empty = np.zeros((1, 2, 2))
    for probs, expected in ((empty + 0.3, 1.0), (empty, 0.0)):
        loss, grad = torch_grad(getattr(lt, name), probs, empty, smooth=0.0)
        assert loss == expected and np.abs(grad).max() < 1e-15
        value, grad = getattr(ln, name).value_and_grad(probs, empty, smooth=0.0)
        assert value == expected and not grad.any()


def test_focal_tversky_has_a_gradient_at_a_perfect_mask():
    """The slope of x^¾ at 0 is infinite, and torch's is inf · 0 = NaN."""
    mask = np.array([[1.0, 0.0]])
    naive = torch.tensor(mask, requires_grad=True)
    y = torch.tensor(mask)
    index = ((naive * y).sum() + 1) / ((naive * y).sum() + 1 + 0.3 * (naive * (1 - y)).sum())
    ((1 - index) ** 0.75).backward()
    assert not naive.grad.isfinite().all()
    loss, grad = torch_grad(lt.focal_tversky, mask, mask)
    assert loss == 0 and not grad.any()
    assert not ln.focal_tversky.grad(mask, mask).any()


# Axes.


@pytest.mark.parametrize("name", MASK_LOSSES)
def test_a_mask_is_the_axes_that_it_is_told(rng, name):
    probs = rng.uniform(0.1, 0.9, (2, 3, 4, 5))
    target = (rng.random((2, 3, 4, 5)) < 0.4).astype(float)
    numpy_loss, torch_loss = getattr(ln, name), getattr(lt, name)
    for axis, order in [
        ((-2, -1), (0, 1, 2, 3)),
        ((3, 2), (0, 1, 2, 3)),
        ((1, 2, 3), (0, 1, 2, 3)),
        ([0, 2], (1, 3, 0, 2)),
        (1, (0, 2, 3, 1)),
        (-4, (1, 2, 3, 0)),
    ]:
        pixels = len(axis) if isinstance(axis, (tuple, list)) else 1
        moved = [m.transpose(order) for m in (probs, target)]
        rows = moved[0].shape[: 4 - pixels]
        moved = [m.reshape(*rows, -1) for m in moved]
        expected = numpy_loss(*moved, axis=-1, reduction="none")
        losses = numpy_loss(probs, target, axis=axis, reduction="none")
        np.testing.assert_allclose(losses, expected, rtol=1e-13)
        assert losses.shape == rows
        slope = numpy_loss.grad(*moved, axis=-1).reshape([probs.shape[i] for i in order])
        grad = numpy_loss.grad(probs, target, axis=axis)
        np.testing.assert_allclose(grad.transpose(order), slope, rtol=1e-12)
        loss, grad = torch_grad(torch_loss, probs, target, axis=axis)
        np.testing.assert_allclose(loss, expected.mean(), rtol=1e-13)
        np.testing.assert_allclose(grad.transpose(order), slope, rtol=1e-12)


def test_a_batch_is_the_mean_of_its_masks_and_not_one_large_mask():
    """A large object found and a small one missed: 0.5 by mask, 0.0099 over the whole batch."""
    probs, target = np.zeros((2, 10, 10)), np.zeros((2, 10, 10))
    probs[0], target[0], target[1, 0, 0] = 1, 1, 1
    assert ln.dice(probs, target, smooth=0.0) == 0.5
    batch = ln.dice(probs, target, smooth=0.0, axis=(0, 1, 2))
    assert batch == pytest.approx(1 - 200 / 201)


@pytest.mark.parametrize("name", MASK_LOSSES)
@pytest.mark.parametrize(
    "axis, error",
    [
        (2, ValueError),
        (-3, ValueError),
        ((), ValueError),
        ((0, 0), ValueError),
        ((1, -1), ValueError),
        (0.5, TypeError),
        (None, TypeError),
        (True, TypeError),
        ((0, "x"), TypeError),
    ],
)
def test_wrong_axes_are_named(name, axis, error):
    probs = np.full((2, 3), 0.5)
    with pytest.raises(error, match="axis"):
        getattr(ln, name)(probs, np.zeros((2, 3)), axis=axis)
    with pytest.raises(error, match="axis"):
        getattr(lt, name)(torch.tensor(probs), torch.zeros(2, 3), axis=axis)


@pytest.mark.parametrize("name", MASK_LOSSES)
def test_masks_without_pixels_or_axes_are_refused(name):
    for shape in ((4, 0, 3), (3, 0)):
        with pytest.raises(ValueError, match="probs"):
            getattr(ln, name)(np.zeros(shape), np.zeros(shape))
        with pytest.raises(ValueError, match="probs"):
            getattr(lt, name)(torch.zeros(shape), torch.zeros(shape))
    with pytest.raises(ValueError, match="axis"):
        getattr(ln, name)(np.zeros(4), np.zeros(4))


@pytest.mark.parametrize("name", MASK_LOSSES)
def test_logits_and_labels_out_of_range_are_refused(name):
    for argument, value in (("probs", 1.5), ("probs", -0.1), ("target", 2.0), ("target", -1.0)):
        arrays = {"probs": np.full((2, 2), 0.5), "target": np.zeros((2, 2))}
        arrays[argument][0, 1] = value
        with pytest.raises(ValueError, match=argument):
            getattr(ln, name)(**arrays)
        with pytest.raises(ValueError, match=argument):
            getattr(lt, name)(**{n: torch.tensor(a) for n, a in arrays.items()})


# Numbers.


def test_dice_does_not_overflow_in_float16():
    """Summed in float16 a mask of 300 x 300 has infinitely many pixels, and Dice is NaN."""
    ones = torch.ones(1, 300, 300, dtype=torch.float16)
    both, sizes = (ones * ones).sum(), ones.sum() + ones.sum()
    assert (1 - 2 * both / sizes).isnan()
    half = ones.clone()
    half[:, :150] = 0
    for name in OVERLAP:
        loss = getattr(lt, name)(ones, ones)
        assert loss.dtype == torch.float32 and loss == 0
    assert lt.dice(half, ones, smooth=0.0).item() == pytest.approx(1 / 3)


def test_nearly_perfect_masks_keep_their_digits():
    """1 - 2 tp / (2 tp + fp + fn) cancels: in float32 an error of 1e-8 of the pixels is 0."""
    almost = 2.0**-30
    probs, target = torch.tensor([[1.0, almost]]), torch.tensor([[1.0, 0.0]])
    both, sizes = (probs * target).sum(), probs.sum() + target.sum()
    assert 1 - 2 * both / sizes == 0
    assert lt.dice(probs, target, smooth=0.0).item() == pytest.approx(almost / 2)


# Lovász.


def test_lovasz_is_jaccard_for_hard_predictions():
    for bits in itertools.product((0.0, 1.0), repeat=8):
        probs, target = np.array([bits[:4]]), np.array([bits[4:]])
        expected = ln.jaccard(probs, target, smooth=0.0)
        assert ln.lovasz(probs, target) == pytest.approx(expected, abs=1e-15)


def test_lovasz_is_convex_and_jaccard_is_not(rng):
    target = (rng.random((200, 3, 3)) < 0.4).astype(float)
    ends = rng.random((2, 200, 3, 3))
    middle = ends.mean(axis=0)

    def bulge(function, **options):
        losses = [function(p, target, reduction="none", **options) for p in (*ends, middle)]
        return losses[2] - (losses[0] + losses[1]) / 2

    assert bulge(ln.lovasz).max() < 1e-15
    assert bulge(ln.jaccard, smooth=0.0).max() > 1e-3


def test_lovasz_is_the_extension_of_the_set_function(rng):
    """Against its other definition: the Jaccard loss of the pixels above a random threshold."""
    probs, target = rng.random((1, 6)), np.array([[1.0, 0, 1, 0, 0, 1]])
    errors = np.abs(target - probs)[0]
    levels = np.sort(np.concatenate([[0.0], errors]))
    expected = sum(
        (high - low) * float(textbook.jaccard_of(np.flatnonzero(errors >= high), target[0]))
        for low, high in itertools.pairwise(levels)
    )
    assert ln.lovasz(probs, target) == pytest.approx(expected, rel=1e-13)


def test_lovasz_keeps_its_digits_in_a_large_image():
    """As differences of losses near 1, the steps of float32 are multiples of 6e-8: 10 % here."""
    n = 2**19
    target = torch.zeros(1, n)
    target[0, ::4] = 1
    # Multiples of 2^-20, so that p and 1 - p are exact.
    p = (torch.arange(n) * 2.0**-20).requires_grad_()
    lt.lovasz(p[None], target).backward()
    expected = ln.lovasz.grad(p.detach().double().numpy()[None], target.numpy())[0]
    np.testing.assert_allclose(p.grad.numpy(), expected, rtol=1e-6)


def test_lovasz_refuses_soft_masks():
    probs, soft = np.full((1, 2, 2), 0.5), np.full((1, 2, 2), 0.5)
    with pytest.raises(ValueError, match="target must hold 0 and 1 only"):
        ln.lovasz(probs, soft)
    with pytest.raises(ValueError, match="target must hold 0 and 1 only"):
        lt.lovasz(torch.tensor(probs), torch.tensor(soft))


def test_lovasz_ranks_equal_errors_by_position_in_both_twins():
    # Long enough for torch to leave its stable method for short rows.
    probs, target = np.full((1, 60, 50), 0.5), np.zeros((1, 60, 50))
    target[:, ::3, ::2] = 1
    expected = ln.lovasz.grad(probs, target)
    np.testing.assert_allclose(torch_grad(lt.lovasz, probs, target)[1], expected, rtol=1e-14)


def test_a_perfect_lovasz_pixel_still_has_its_slope():
    """Errors written |y - p| have slope 0 at p = y in torch."""
    probs, target = np.array([[0.0, 1.0, 0.3]]), np.array([[0.0, 1.0, 1.0]])
    np.testing.assert_allclose(
        torch_grad(lt.lovasz, probs, target)[1], ln.lovasz.grad(probs, target), rtol=1e-14
    )
    assert ln.lovasz.grad(probs, target)[0, 1] < 0 < ln.lovasz.grad(probs, target)[0, 0]


def test_dice_bce_is_the_sum_of_its_parts(masks):
    dice = ln.dice(*masks, reduction="none")
    bce = ln.bce(*masks, reduction="none").mean(axis=(1, 2))
    ours = ln.dice_bce(*masks, bce_weight=0.3, reduction="none")
    np.testing.assert_allclose(ours, dice + 0.3 * bce, rtol=1e-13)
    np.testing.assert_array_equal(ln.dice_bce(*masks, bce_weight=0.0), dice.mean())


def test_dice_bce_of_logits_is_that_of_their_sigmoid(rng, masks):
    logits, target = 3 * rng.normal(size=(5, 6, 7)), masks[1]
    probs = 1 / (1 + np.exp(-logits))
    expected = ln.dice_bce(probs, target, bce_weight=0.7, reduction="none")
    losses = ln.dice_bce_with_logits(logits, target, bce_weight=0.7, reduction="none")
    np.testing.assert_allclose(losses, expected, rtol=1e-12)


def test_dice_bce_of_logits_survives_a_saturated_sigmoid():
    """In float32 σ(-200) is 0: of the probability, the loss of a wrong pixel is infinite."""
    logits = torch.tensor([[-200.0, 3.0]], requires_grad=True)
    target = torch.tensor([[1.0, 1.0]])
    assert lt.dice_bce(logits.sigmoid(), target).isinf()
    loss = lt.dice_bce_with_logits(logits, target)
    loss.backward()
    assert loss.item() > 100 and logits.grad.isfinite().all()
    assert logits.grad[0, 0].item() == pytest.approx(-0.5)


def test_a_flat_mask_is_told_which_axis_to_pass():
    for loss in (ln.dice, lt.dice):
        flat = np.array([0.2, 0.9]) if loss is ln.dice else torch.tensor([0.2, 0.9])
        with pytest.raises(ValueError, match="axis must be among .*for flat masks pass axis=-1"):
            loss(flat, flat.round())
        assert float(loss(flat, flat.round(), axis=-1)) < 0.2
