"""Losses of images and sounds: other libraries' numbers, and spectrograms by their definition."""

import cmath
import math

import numpy as np
import pytest
import torch
from scipy import ndimage

import lossfns.numpy as ln
import lossfns.torch as lt


def both(name, *arrays, **settings):
    """Value and gradient from either twin."""
    yield getattr(ln, name).value_and_grad(*arrays, **settings)
    leaf, *rest = map(torch.tensor, arrays)
    settings = {n: torch.tensor(v) if isinstance(v, np.ndarray) else v for n, v in settings.items()}
    value = getattr(lt, name)(leaf.requires_grad_(), *rest, **settings)
    value.sum().backward()
    yield value.detach().numpy(), leaf.grad.numpy()


# SSIM.

ROW, COLUMN = np.indices((24, 20))
IMAGE = 0.5 + 0.3 * np.sin(ROW / 3) * np.cos(COLUMN / 2)
NOISY = IMAGE + 0.1 * np.cos(ROW * COLUMN / 7)


def similarity(x, y, blur, crop, c=(1e-4, 9e-4), correct=1.0):
    """By SciPy's filters: `crop` pixels at each edge left out of the mean."""
    m_x, m_y = blur(x), blur(y)
    v_x, v_y, cov = (correct * (blur(a * b) - blur(a) * blur(b)) for a, b in
                     [(x, x), (y, y), (x, y)])  # fmt: skip
    s = (2 * m_x * m_y + c[0]) * (2 * cov + c[1])
    s /= (m_x**2 + m_y**2 + c[0]) * (v_x + v_y + c[1])
    return (s[crop:-crop, crop:-crop] if crop else s).mean()


def gauss(image, mode="reflect"):
    return ndimage.gaussian_filter(image, 1.5, truncate=3.5, mode=mode)


def test_ssim_is_scikit_images_with_the_settings_of_the_paper():
    """structural_similarity(…, gaussian_weights=True, sigma=1.5, use_sample_covariance=False)."""
    published = 0.8228093184350903  # scikit-image 0.26
    assert similarity(NOISY, IMAGE, gauss, crop=5) == pytest.approx(published, rel=1e-12)
    for value, _ in both("ssim", NOISY, IMAGE, data_range=1.0):
        assert 1 - value == pytest.approx(published, rel=1e-12)


def test_other_conventions_of_ssim_give_other_numbers():
    """scikit-image's defaults: a flat 7 x 7 window and sample covariances; TorchMetrics: edges."""
    flat = similarity(NOISY, IMAGE, lambda a: ndimage.uniform_filter(a, 7), 3, correct=49 / 48)
    assert flat == pytest.approx(0.8746488607012602, rel=1e-12)  # scikit-image 0.26
    edges = similarity(NOISY, IMAGE, lambda a: gauss(a, "mirror"), crop=0)
    assert edges == pytest.approx(0.8231752803703303, rel=1e-12)  # TorchMetrics 1.9
    ours = 1 - ln.ssim(NOISY, IMAGE, data_range=1.0)
    assert abs(ours - flat) > 0.05 and abs(ours - edges) > 3e-4


def test_the_range_of_the_data_scales_with_the_data():
    slope = ln.ssim.grad(NOISY, IMAGE, data_range=1.0)
    for value, grad in both("ssim", 255 * NOISY, 255 * IMAGE, data_range=255.0):
        assert 1 - value == pytest.approx(0.8228093184350903, rel=1e-11)
        np.testing.assert_allclose(255 * grad, slope, rtol=1e-9, atol=1e-12)
    wrong = 1 - ln.ssim(255 * NOISY, 255 * IMAGE, data_range=1.0)
    assert abs(wrong - 0.8228) > 1e-3


def test_channels_are_images_of_their_own():
    stack = np.stack([np.stack([NOISY, IMAGE]), np.stack([1 - NOISY, IMAGE + 0.1])])
    target = np.broadcast_to(IMAGE, stack.shape).copy()
    losses = ln.ssim(stack, target, data_range=1.0, reduction="none")
    assert losses.shape == (2, 2)
    for i in np.ndindex(2, 2):
        assert losses[i] == pytest.approx(ln.ssim(stack[i], target[i], data_range=1.0))
    for value, _ in both("ssim", stack, target, data_range=1.0):
        assert value == pytest.approx(losses.mean(), rel=1e-12)


def test_ssim_is_symmetric_and_0_for_the_same_image_only():
    there, back = (ln.ssim(a, b, data_range=1.0) for a, b in [(NOISY, IMAGE), (IMAGE, NOISY)])
    assert there == pytest.approx(back, rel=1e-12) and there > 0.1
    for value, grad in both("ssim", IMAGE, IMAGE, data_range=1.0):
        assert value == pytest.approx(0, abs=1e-12)
        np.testing.assert_allclose(grad, 0, atol=1e-12)


def test_ssim_of_bright_images_keeps_its_digits_in_float32():
    """Variances around the mean of the target: at 200 ± 0.5 of 255, x² has lost them."""
    bright, noisy = 200 + IMAGE, 200 + NOISY
    exact = ln.ssim(noisy.astype(np.float32), bright.astype(np.float32), data_range=1.0)
    ours = lt.ssim(torch.tensor(noisy).float(), torch.tensor(bright).float(), data_range=1.0)
    assert ours.item() == pytest.approx(exact, rel=1e-4)
    x, y = np.float32(noisy), np.float32(bright)
    naive = 1 - similarity(x, y, gauss, crop=5)
    assert abs(naive - exact) > 0.01


@pytest.mark.parametrize("window", [10, 0, -3, 25, 21, 11.0, True, None])
def test_windows_must_be_odd_and_fit(window):
    with pytest.raises((ValueError, TypeError), match="window"):
        ln.ssim(NOISY, IMAGE, data_range=1.0, window=window)
    with pytest.raises((ValueError, TypeError), match="window"):
        lt.ssim(torch.tensor(NOISY), torch.tensor(IMAGE), data_range=1.0, window=window)


# SI-SDR.


def test_si_sdr_is_that_of_torchmetrics():
    """Its documentation has 18.4030 for the first; TorchMetrics 1.9 gave the others."""
    pred = np.array([[2.5, 0.0, 2.0, 8.0], [1.0, 2.0, 3.0, -1.0]])
    target = np.array([[3.0, -0.5, 2.0, 7.0], [1.0, 1.0, 2.0, 0.0]])
    theirs = {
        False: [18.40299157132488, 9.542425094393248],
        True: [15.091756165757422, 10.280287236002435],
    }
    for zero_mean, expected in theirs.items():
        for value, _ in both("si_sdr", pred, target, zero_mean=zero_mean, reduction="none"):
            np.testing.assert_allclose(-value, expected, rtol=1e-12)


def test_volume_and_sign_do_not_matter(rng):
    pred, target = rng.normal(size=(2, 3, 50))
    for (value, grad), factor in zip(both("si_sdr", pred, target), (1, 1), strict=True):
        for scaled in (1e-6 * pred, -30 * pred):
            assert ln.si_sdr(scaled, target) == pytest.approx(value, rel=1e-12)
        assert ln.si_sdr(pred, 7 * target) == pytest.approx(value, rel=1e-12)
        np.testing.assert_allclose(factor * (grad * pred).sum(axis=-1), 0, atol=1e-13)


def test_noise_of_a_tenth_of_the_power_is_minus_10_decibels():
    """Orthogonal noise: a sine against a cosine over whole periods."""
    time = 2 * np.pi * np.arange(100) / 100
    noisy = np.sin(time) + math.sqrt(0.1) * np.cos(3 * time)
    for value, _ in both("si_sdr", noisy, np.sin(time)):
        assert value == pytest.approx(-10, rel=1e-12)


def test_an_offset_counts_unless_the_means_are_taken_off():
    sound = np.array([1.0, -1.0, 2.0, -2.0])
    assert ln.si_sdr(sound + 3, sound) > 0
    for value, _ in both("si_sdr", sound + 3, sound, zero_mean=True):
        assert value < -250


def test_perfect_and_hopeless_estimates_have_infinite_losses_and_finite_gradients():
    sound, other = np.array([1.0, -1.0, 2.0, 0.0]), np.array([0.0, 0.0, 0.0, 5.0])
    for value, grad in both("si_sdr", np.stack([sound, other]), np.stack([sound, sound]),
                            reduction="none"):  # fmt: skip
        assert value.tolist() == [-math.inf, math.inf]
        assert np.isfinite(grad).all()


@pytest.mark.parametrize("zero_mean, silence", [(False, 0.0), (True, 0.0), (True, 3.0)])
def test_a_silent_signal_is_refused_unless_it_has_weight_0(zero_mean, silence):
    sound, silent = np.array([[1.0, -1.0, 2.0]] * 2), np.array([[1.0, 2.0, 0.0], [silence] * 3])
    for pair, name in [((silent, sound), "pred"), ((sound, silent), "target")]:
        for loss, convert in [(ln.si_sdr, np.asarray), (lt.si_sdr, torch.tensor)]:
            with pytest.raises(ValueError, match=f"{name} must not be silent"):
                loss(*map(convert, pair), zero_mean=zero_mean)
        weight = np.array([1.0, 0.0])
        for value, grad in both("si_sdr", *pair, zero_mean=zero_mean, sample_weight=weight):
            expected = ln.si_sdr(pair[0][:1], pair[1][:1], zero_mean=zero_mean)
            assert value == pytest.approx(expected)
            assert np.isfinite(grad).all() and not grad[1].any()


# Spectrograms.

SIZES = ((16, 4, 12), (8, 3, 8))


def spectrogram(sound, transform, hop, width):
    """Magnitudes by the sum that defines them, under a Hann window, the ends reflected."""
    hann = np.zeros(transform)
    start = (transform - width) // 2
    hann[start : start + width] = np.sin(np.pi * np.arange(width) / width) ** 2
    padded = np.pad(sound, transform // 2, mode="reflect")
    frames = range(0, len(padded) - transform + 1, hop)
    return np.array([
        [
            abs(sum(
                hann[n] * padded[t + n] * cmath.exp(-2j * math.pi * f * n / transform)
                for n in range(transform)
            ))
            for f in range(transform // 2 + 1)
        ]
        for t in frames
    ])  # fmt: skip


def by_definition(pred, target, sizes):
    """Yamamoto et al. (2020), equations 6 to 9."""
    total = 0.0
    for size in sizes:
        p, s = (np.maximum(spectrogram(sound, *size), 1e-7**0.5) for sound in (pred, target))
        total += np.linalg.norm(s - p) / np.linalg.norm(s)
        total += np.abs(np.log(s) - np.log(p)).mean()
    return total / len(sizes)


@pytest.fixture
def sounds(rng):
    return torch.tensor(rng.normal(size=(3, 30))), torch.tensor(rng.normal(size=(3, 30)))


def test_stft_loss_is_that_of_its_definition(sounds):
    losses = lt.multi_resolution_stft(*sounds, resolutions=SIZES, reduction="none")
    expected = [by_definition(p.numpy(), s.numpy(), SIZES) for p, s in zip(*sounds, strict=True)]
    np.testing.assert_allclose(losses.numpy(), expected, rtol=1e-10)
    mean = lt.multi_resolution_stft(*sounds, resolutions=SIZES)
    assert mean.item() == pytest.approx(np.mean(expected), rel=1e-10)


def test_half_the_volume_costs_half_and_ln_2():
    """Every magnitude is halved: ‖½ S‖ / ‖S‖ + ln 2, but for those below the floor."""
    sound = torch.randn(4000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    loss = lt.multi_resolution_stft(0.5 * sound, sound)
    assert loss.item() == pytest.approx(0.5 + math.log(2), rel=1e-9)
    # The authors divide the norms over the batch, in which a loud signal hides a quiet one.
    loud = torch.stack([100 * sound, sound])
    wrong = torch.stack([100 * sound, 0.5 * sound])
    each = lt.multi_resolution_stft(wrong, loud, reduction="none")
    np.testing.assert_allclose(each.numpy(), [0, 0.5 + math.log(2)], rtol=1e-9, atol=1e-12)
    p, s = (torch.stft(x, 512, 50, 240, torch.hann_window(240, dtype=x.dtype),
                       return_complex=True).abs() for x in (wrong, loud))  # fmt: skip
    assert (torch.linalg.norm(s - p) / torch.linalg.norm(s)).item() < 0.006


def test_phases_do_not_count_but_in_windows():
    sound = torch.randn(4000, generator=torch.Generator().manual_seed(0))
    assert lt.multi_resolution_stft(-sound, sound).item() == pytest.approx(0, abs=1e-6)


def test_stft_loss_passes_gradcheck_and_is_flat_where_nothing_differs(sounds):
    pred, target = sounds[0][:2], sounds[1][:2]

    def loss(x):
        return lt.multi_resolution_stft(x, target, resolutions=SIZES)

    assert torch.autograd.gradcheck(loss, (pred.clone().requires_grad_(),))
    for same in (target, torch.zeros_like(target)):
        leaf = same.clone().requires_grad_()
        value = lt.multi_resolution_stft(leaf, same, resolutions=SIZES)
        value.backward()
        assert value.item() == 0 and not leaf.grad.any()


def test_stft_loss_works_among_torchs_machinery(sounds):
    settings = dict(resolutions=SIZES)
    expected = lt.multi_resolution_stft(*sounds, **settings)
    compiled = torch.compile(lt.multi_resolution_stft, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(*sounds, **settings), expected)
    each = torch.vmap(lambda p, s: lt.multi_resolution_stft(p, s, **settings))(*sounds)
    torch.testing.assert_close(each.mean(), expected)
    half = [sound.bfloat16() for sound in sounds]
    with torch.autocast("cpu", torch.bfloat16):
        value = lt.multi_resolution_stft(*half, **settings)
    exact = lt.multi_resolution_stft(*(sound.double() for sound in half), **settings)
    assert value.dtype == torch.float32
    assert value.item() == pytest.approx(exact.item(), rel=1e-5)
    away = [torch.empty_like(sound, device="meta") for sound in sounds]
    assert lt.multi_resolution_stft(*away, **settings).shape == ()


def test_weights_of_the_stft_loss(sounds):
    losses = lt.multi_resolution_stft(*sounds, resolutions=SIZES, reduction="none")
    weight = torch.tensor([1.0, 0.0, 3.0], dtype=torch.float64)
    poisoned = sounds[0].clone()
    poisoned[1, 3] = torch.nan
    value = lt.multi_resolution_stft(poisoned, sounds[1], resolutions=SIZES, sample_weight=weight)
    assert value.item() == pytest.approx(((losses[0] + 3 * losses[2]) / 4).item())
    with pytest.raises(ValueError, match="pred holds NaN"):
        lt.multi_resolution_stft(poisoned, sounds[1], resolutions=SIZES)


@pytest.mark.parametrize(
    "change, error, message",
    [
        ({"resolutions": ((8, 2),)}, ValueError, "three sizes"),
        ({"resolutions": ((8, 2, 9),)}, ValueError, "no longer than their transforms"),
        ({"resolutions": ((8, 0, 8),)}, ValueError, "resolutions must be >= 1"),
        ({"resolutions": ((8.0, 2, 8),)}, TypeError, "resolutions must be an integer"),
        ({"resolutions": ()}, TypeError, "resolutions must be a list"),
        ({"resolutions": 512}, TypeError, "resolutions must be a list"),
        ({"resolutions": ((64, 2, 8),)}, ValueError, "pred must have more than 32 samples"),
        ({}, ValueError, "pred must have more than 512 samples"),
        ({"reduction": "average"}, ValueError, "reduction"),
        ({"pred": torch.zeros(3, 29)}, ValueError, r"pred and target .* \(3, 29\) and \(3, 30\)"),
        ({"pred": torch.zeros(3, 30, dtype=torch.int64)}, TypeError, "pred"),
        ({"target": [0.0] * 30}, TypeError, "target"),
    ],
)
def test_the_stft_loss_names_what_is_wrong(change, error, message, sounds):
    small = {} if not change else {"resolutions": SIZES}
    arguments = {"pred": sounds[0], "target": sounds[1]} | small | change
    with pytest.raises(error, match=message):
        lt.multi_resolution_stft(**arguments)
