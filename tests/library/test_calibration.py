"""Calibration: ECE by hand, the edges of bins, and the temperature."""

import warnings

import numpy as np
import pytest
import torch
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss
from torch.nn import functional as F

import lossfns.numpy as ln
import lossfns.torch as lt
from lossfns._temperature import best_inverse

METRICS = ["ece", "mce", "ace"]
CURVES = [*METRICS, "reliability_curve"]


def both_twins(name, probs, target, **options):
    probs, target = np.asarray(probs, float), np.asarray(target)
    yield getattr(ln, name)(probs, target, **options)
    value = getattr(lt, name)(torch.tensor(probs), torch.tensor(target), **options)
    yield value.item() if isinstance(value, torch.Tensor) else value


@pytest.fixture
def softmaxes(rng):
    """Over-confident distributions over 4 classes, and labels."""
    logits = 3 * rng.normal(size=(500, 4))
    parts = np.exp(logits)
    gumbel = rng.gumbel(size=logits.shape)
    return parts / parts.sum(axis=1, keepdims=True), (logits / 2 + gumbel).argmax(axis=1)


# Metrics by hand.


@pytest.mark.parametrize(
    "name, expected",
    [
        # Bins (0, ½] and (½, 1]: 0.2 and 0.4, of which one happened; 0.7, 0.9, 1.0, of which two.
        ("ece", 2 / 5 * abs(1 / 2 - 0.3) + 3 / 5 * abs(2 / 3 - 2.6 / 3)),
        ("mce", 0.2),
        # Sorted: 0.2, 0.4, 0.7 with one, 0.9 and 1.0 with two.
        ("ace", 3 / 5 * abs(1 / 3 - 1.3 / 3) + 2 / 5 * abs(1 - 0.95)),
    ],
)
def test_metrics_by_hand(name, expected):
    probs, target = [0.9, 0.2, 1.0, 0.4, 0.7], [1, 0, 1, 1, 0]
    for value in both_twins(name, probs, target, bins=2):
        assert value == pytest.approx(expected, rel=1e-12)


def test_reliability_curve_by_hand():
    probs, target = [0.9, 0.2, 1.0, 0.4, 0.7], [1, 0, 1, 1, 0]
    for curve in both_twins("reliability_curve", probs, target, bins=4):
        confidence, frequency, count, edges = (np.asarray(part) for part in curve)
        np.testing.assert_allclose(confidence, [0.2, 0.4, 0.7, 0.95])
        np.testing.assert_allclose(frequency, [0, 1, 0, 1])
        assert count.tolist() == [1, 1, 1, 2]
        assert edges.tolist() == [0, 0.25, 0.5, 0.75, 1]


def test_the_means_of_an_empty_bin_are_nan_and_cost_nothing():
    probs, target = [0.1, 0.9], [0, 1]
    for curve in both_twins("reliability_curve", probs, target, bins=5):
        assert np.isnan(np.asarray(curve.confidence)).tolist() == [False, True, True, True, False]
        assert np.isnan(np.asarray(curve.frequency)).tolist() == [False, True, True, True, False]
    for name in METRICS:
        for value in both_twins(name, probs, target, bins=100):
            assert value == pytest.approx(0.1)


def test_ece_and_mce_are_made_of_the_reliability_curve(softmaxes):
    curve = ln.reliability_curve(*softmaxes, bins=10)
    gaps = np.nan_to_num(np.abs(curve.confidence - curve.frequency))
    assert ln.ece(*softmaxes, bins=10) == pytest.approx((gaps * curve.count).sum() / 500)
    assert ln.mce(*softmaxes, bins=10) == pytest.approx(gaps.max())


def test_a_forecast_of_certainties_that_come_true_is_calibrated():
    for name in METRICS:
        for value in both_twins(name, [0.0, 1.0, 1.0], [0, 1, 1]):
            assert value == 0
        for value in both_twins(name, [0.0, 1.0], [1, 0]):
            assert value == 1


def test_one_bin_compares_the_means(softmaxes):
    probs, labels = softmaxes
    expected = abs(probs.max(axis=1).mean() - (probs.argmax(axis=1) == labels).mean())
    for name in METRICS:
        for value in both_twins(name, probs, labels, bins=1):
            assert value == pytest.approx(expected)


# Edges.


@pytest.mark.parametrize("bins", [1, 2, 3, 5, 7, 10, 15, 20, 100])
def test_every_edge_belongs_to_the_bin_below_and_1_to_the_last(bins):
    """(k - 1) / B is excluded, k / B included, and 0 counted in the first bin."""
    edges = np.array([float(f"{k / bins:.17g}") for k in range(bins + 1)])
    expected = [0, *range(bins)]
    for dtype in (torch.float32, torch.float64):
        p = torch.tensor(edges, dtype=dtype)
        curves = [lt.reliability_curve(p, torch.zeros(bins + 1), bins=bins)]
        if dtype == torch.float64:
            curves.append(ln.reliability_curve(edges, np.zeros(bins + 1), bins=bins))
        for curve in curves:
            assert np.asarray(curve.count).tolist() == np.bincount(expected).tolist()


def test_p_equal_to_1_stays_in_the_last_bin():
    """Looked up in the edges with bins closed on the left, p = 1 falls into a bin of its own, or
    out of the sum: a model that is always sure and always wrong then has an ECE of 0."""
    probs, target = np.ones(4), np.zeros(4)
    edges = np.linspace(0, 1, 11)
    inside = [(probs >= low) & (probs < high) for low, high in zip(edges, edges[1:], strict=False)]
    theirs = sum(b.mean() * abs(target[b].mean() - probs[b].mean()) for b in inside if b.any())
    assert theirs == 0
    for value in both_twins("ece", probs, target, bins=10):
        assert value == 1


def test_p_equal_to_0_stays_in_the_first_bin():
    """With bins (low, high], as in Guo et al.'s code, p = 0 is in none."""
    for value in both_twins("ece", np.zeros(4), np.ones(4), bins=10):
        assert value == 1


def test_decimals_lie_on_the_edges_that_they_name():
    """numpy.linspace(0, 1, 11)[3] is 0.30000000000000004, and 0.3 would be right by luck; its
    [7] is 0.7000000000000001. Here k / 10 is the number that is written 0.k."""
    assert np.linspace(0, 1, 11)[3] != 0.3
    for k in range(1, 11):
        for curve in both_twins("reliability_curve", [k / 10], [1], bins=10):
            assert np.asarray(curve.count).argmax() == k - 1


def test_reliability_curve_is_scikit_learns_away_from_the_edges(rng):
    probs = rng.random(1000)
    target = (rng.random(1000) < probs**2).astype(int)
    frequency, confidence = calibration_curve(target, probs, n_bins=10)
    curve = ln.reliability_curve(probs, target, bins=10)
    np.testing.assert_allclose(curve.frequency, frequency)
    np.testing.assert_allclose(curve.confidence, confidence)


# Adaptive bins.


def test_adaptive_bins_hold_equally_many():
    """A model whose confidences crowd at the top: equal widths see one bin, equal counts five."""
    probs = np.linspace(0.95, 0.999, 10)
    target = np.repeat([0, 1], 5)
    assert ln.ece(probs, target, bins=10) == pytest.approx(abs(0.5 - probs.mean()))
    expected = (probs[:5].sum() + (1 - probs[5:]).sum()) / 10
    assert ln.ace(probs, target, bins=10) == pytest.approx(expected)
    assert ln.ace(probs, target, bins=5) > ln.ece(probs, target, bins=5)


def test_ace_does_not_depend_on_the_order_of_equal_predictions(rng):
    """Eight equal predictions in two bins: sorted by outcome the halves would be 0 and 1."""
    probs, target = np.full(8, 0.5), np.repeat([0, 1], 4)
    for value in both_twins("ace", probs, target, bins=2):
        assert value == 0
    probs, target = rng.integers(0, 5, 40) / 5, rng.integers(0, 2, 40)
    order = rng.permutation(40)
    expected = ln.ace(probs, target, bins=7)
    for value in both_twins("ace", probs[order], target[order], bins=7):
        assert value == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", METRICS)
def test_the_order_of_the_items_does_not_matter(name, softmaxes, rng):
    probs, labels = softmaxes
    order = rng.permutation(500)
    expected = getattr(ln, name)(probs, labels)
    for value in both_twins(name, probs[order], labels[order]):
        assert value == pytest.approx(expected, rel=1e-12)


# Classes, layouts, dtypes.


@pytest.mark.parametrize("name", METRICS)
def test_classes_are_judged_by_the_most_likely_one(name, softmaxes):
    probs, labels = softmaxes
    events = probs.max(axis=1), (probs.argmax(axis=1) == labels).astype(int)
    expected = getattr(ln, name)(*events)
    for options in ({}, {"axis": 1}, {"axis": -1}):
        for value in both_twins(name, probs, labels, **options):
            assert value == pytest.approx(expected, rel=1e-12)
    grid = probs.T.reshape(4, 20, 25), labels.reshape(20, 25)
    for value in both_twins(name, *grid, axis=0):
        assert value == pytest.approx(expected, rel=1e-12)
    ignored = labels.copy()
    ignored[::3] = -1
    kept = np.flatnonzero(ignored >= 0)
    expected = getattr(ln, name)(probs[kept], labels[kept])
    for value in both_twins(name, probs, ignored, ignore_index=-1):
        assert value == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", METRICS)
def test_nothing_at_all_is_calibrated(name):
    for probs, target in (
        (np.zeros(0), np.zeros(0)),
        (np.zeros((0, 3)), np.zeros(0, int)),
        (np.full((2, 2), 0.5), np.full(2, -100)),
    ):
        for value in both_twins(name, probs, target):
            assert value == 0


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
@pytest.mark.parametrize("name", METRICS)
def test_metrics_of_low_precision_are_computed_in_float32(name, dtype, softmaxes):
    probs, labels = softmaxes
    p = torch.tensor(probs).to(dtype)
    value = getattr(lt, name)(p, torch.tensor(labels))
    assert value.dtype == torch.float32
    expected = getattr(ln, name)(p.float().numpy(), labels)
    assert value.item() == pytest.approx(expected, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("name", CURVES)
def test_metrics_have_no_gradient(name):
    p = torch.tensor([0.2, 0.9], requires_grad=True)
    value = getattr(lt, name)(p, torch.tensor([0, 1]))
    parts = value if isinstance(value, tuple) else (value,)
    assert not any(part.requires_grad for part in parts)
    assert not hasattr(getattr(ln, name), "grad")


@pytest.mark.gpu
@pytest.mark.parametrize("name", METRICS)
def test_metrics_agree_on_the_gpu(name, softmaxes):
    probs, labels = softmaxes
    value = getattr(lt, name)(torch.tensor(probs).cuda(), torch.tensor(labels).cuda())
    assert value.item() == pytest.approx(getattr(ln, name)(probs, labels), rel=1e-12)


WRONG = [
    ("integer predictions", [0, 1], [0, 1], {}, TypeError, "probs"),
    ("above 1", [0.5, 1.5], [0, 1], {}, ValueError, "probs"),
    ("below 0", [0.5, -0.5], [0, 1], {}, ValueError, "probs"),
    ("NaN", [0.5, np.nan], [0, 1], {}, ValueError, "probs"),
    ("other length", [0.5, 0.5], [0, 1, 1], {}, ValueError, "probs and target"),
    ("column", [[0.5], [0.5]], [0.0, 1.0], {}, ValueError, "probs and target"),
    ("soft events", [0.5, 0.5], [0.0, 0.5], {}, ValueError, "target"),
    ("event 2", [0.5, 0.5], [0, 2], {}, ValueError, "target"),
    ("NaN event", [0.5, 0.5], [0.0, np.nan], {}, ValueError, "target"),
    ("label out of range", [[0.5, 0.5]], [2], {}, ValueError, "target"),
    ("negative label", [[0.5, 0.5]], [-1], {}, ValueError, "target"),
    ("not a distribution", [[0.5, 0.9]], [1], {}, ValueError, "probs"),
    ("float labels", [[0.5, 0.5]], [1.0], {"axis": -1}, TypeError, "target"),
    ("axis that is not there", [[0.5, 0.5]], [1], {"axis": 2}, ValueError, "axis"),
    ("axis of text", [[0.5, 0.5]], [1], {"axis": "1"}, TypeError, "axis"),
    ("text to ignore", [0.5], [1], {"ignore_index": "1"}, TypeError, "ignore_index"),
]


@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize("what, probs, target, options, error, blamed", WRONG, ids=lambda v: str(v))
def test_wrong_input_is_named(name, what, probs, target, options, error, blamed):
    probs, target = np.array(probs), np.array(target)
    with pytest.raises(error, match=blamed):
        getattr(ln, name)(probs, target, **options)
    with pytest.raises(error, match=blamed):
        getattr(lt, name)(torch.tensor(probs), torch.tensor(target), **options)


@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize(
    "bins, error",
    [(0, ValueError), (-3, ValueError), (2.0, TypeError), (True, TypeError), ("5", TypeError)],
)
def test_wrong_numbers_of_bins_are_named(name, bins, error):
    with pytest.raises(error, match="bins"):
        getattr(ln, name)([0.5], [1], bins=bins)
    with pytest.raises(error, match="bins"):
        getattr(lt, name)(torch.tensor([0.5]), torch.tensor([1]), bins=bins)


# The Brier score.


def test_brier_of_labels_and_of_one_hot_rows_agree(softmaxes):
    """Without an axis one-hot rows are events of their own: 1/C of the score."""
    probs, labels = softmaxes
    rows = np.eye(4)[labels]
    expected = ((probs - rows) ** 2).sum(axis=1).mean()
    assert ln.brier(probs, labels) == pytest.approx(expected)
    assert ln.brier(probs, rows, axis=-1) == pytest.approx(expected)
    assert ln.brier(probs, rows) == pytest.approx(expected / 4)
    np.testing.assert_allclose(
        ln.brier.grad(probs, labels), ln.brier.grad(probs, rows, axis=1), rtol=1e-14
    )
    p = torch.tensor(probs, requires_grad=True)
    for target, options in (
        (torch.tensor(labels), {}),
        (torch.tensor(rows), {"axis": -1}),
        (torch.tensor(labels), {"axis": 1}),
    ):
        value = lt.brier(p, target, **options)
        assert value.item() == pytest.approx(expected)
        (grad,) = torch.autograd.grad(value, p)
        np.testing.assert_allclose(grad, ln.brier.grad(probs, labels), rtol=1e-12)


def test_brier_of_two_classes_is_twice_that_of_the_event(rng):
    p, y = rng.random(20), rng.integers(0, 2, 20)
    two = np.stack([1 - p, p], axis=1)
    assert ln.brier(two, y) == pytest.approx(2 * ln.brier(p, y), rel=1e-13)
    assert ln.brier(p, y) == pytest.approx(brier_score_loss(y, p))


def test_brier_of_classes_anywhere_weighted_and_ignored(softmaxes, rng):
    probs, labels = softmaxes
    weight = rng.random(500) * (np.arange(500) % 5 > 0)
    labels = np.where(np.arange(500) % 7 == 0, -100, labels)
    counted = (labels >= 0) & (weight > 0)
    each = ((probs[counted] - np.eye(4)[labels[counted]]) ** 2).sum(axis=1)
    expected = (each * weight[counted]).sum() / weight[counted].sum()
    value = ln.brier(probs.T, labels, axis=0, sample_weight=weight)
    assert value == pytest.approx(expected, rel=1e-13)
    tensors = [torch.tensor(a) for a in (probs.T, labels)]
    value = lt.brier(*tensors, axis=0, sample_weight=torch.tensor(weight))
    assert value.item() == pytest.approx(expected, rel=1e-13)
    step = 1e-6
    slope = ln.brier.grad(probs.T, labels, axis=0, sample_weight=weight)
    for c, i in ((0, 1), (3, 2), (2, 7)):
        ends = []
        for sign in (1, -1):
            moved = probs.T.copy()
            moved[c, i] += sign * step
            ends.append(ln.brier(moved, labels, axis=0, sample_weight=weight))
        assert slope[c, i] == pytest.approx((ends[0] - ends[1]) / (2 * step), abs=1e-9)


def test_brier_is_proper():
    """Its mean is least where the forecast is the frequency."""
    target = np.array([1, 0, 0, 1, 0])
    grad = ln.brier.grad(np.full(5, 0.4), target)
    assert grad.sum() == pytest.approx(0, abs=1e-15)


# Temperature.


def nll_of(logits, labels, temperature):
    return F.cross_entropy(torch.tensor(logits) / temperature, torch.tensor(labels)).item()


def test_the_search_for_the_temperature_is_not_moved_by_a_rounding(rng):
    """Its last step is one of Newton's, whichever way the slope at the end is rounded."""
    for _ in range(100):
        logits = 3 * rng.normal(size=(60, 5))
        labels = (logits / 3 + rng.gumbel(size=logits.shape)).argmax(axis=1)
        own = logits[np.arange(60), labels]

        def slope(beta, rounding=0.0, logits=logits, own=own):
            probs = np.exp(beta * logits - (beta * logits).max(axis=1, keepdims=True))
            probs /= probs.sum(axis=1, keepdims=True)
            mean = (probs * logits).sum(axis=1)
            variance = (probs * logits**2).sum(axis=1) - mean**2
            return (mean - own).mean() + rounding, variance.mean()

        found = [best_inverse(lambda b, r=r: slope(b, r)) for r in (0.0, 1e-16, -1e-16, 3e-16)]
        assert found == pytest.approx([found[0]] * 4, rel=1e-12)


@pytest.mark.parametrize("scale", [0.01, 0.3, 1.0, 3.0, 40.0])
def test_fitted_temperature_is_the_best_on_a_grid(rng, scale):
    logits = rng.normal(size=(400, 5))
    labels = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    logits = scale * logits
    best = ln.fit_temperature(logits, labels)
    least = nll_of(logits, labels, best)
    for factor in (0.5, 0.9, 0.999, 1.001, 1.1, 2.0):
        assert nll_of(logits, labels, factor * best) > least
    # Drawn from softmax(z), the scale itself is near the best.
    assert best == pytest.approx(scale, rel=0.3)
    assert lt.fit_temperature(torch.tensor(logits), torch.tensor(labels)).item() == pytest.approx(
        best, rel=1e-12
    )


def test_at_the_fitted_temperature_the_slope_of_the_loss_is_0(rng):
    """Mean expected logit = mean logit of the labels (Guo et al., appendix)."""
    logits, labels = 10 * rng.normal(size=(300, 4)), rng.integers(0, 4, 300)
    logits[np.arange(300), labels] += 12
    beta = 1 / ln.fit_temperature(logits, labels)
    parts = np.exp(beta * (logits - logits.max(axis=1, keepdims=True)))
    probs = parts / parts.sum(axis=1, keepdims=True)
    gap = (probs * logits).sum(axis=1) - logits[np.arange(300), labels]
    assert gap.mean() == pytest.approx(0, abs=1e-12)


def test_temperature_of_events_is_that_of_two_classes(rng):
    z = 6 * rng.normal(size=200)
    y = (rng.random(200) < 1 / (1 + np.exp(-z / 3))).astype(int)
    two = np.stack([np.zeros(200), z], axis=1)
    expected = ln.fit_temperature(two, y)
    assert ln.fit_temperature(z, y) == pytest.approx(expected, rel=1e-12)
    assert ln.fit_temperature(z.reshape(20, 10), y.reshape(20, 10)) == pytest.approx(expected)
    tensor = lt.fit_temperature(torch.tensor(z), torch.tensor(y))
    assert tensor.item() == pytest.approx(expected, rel=1e-12)
    # 98 % sure and right 3 times in 4: ln 3 is what the logit should be.
    assert ln.fit_temperature([4.0] * 4, [1, 1, 1, 0]) == pytest.approx(4 / np.log(3), rel=1e-13)


def test_fitting_twice_finds_nothing_more(rng):
    logits, labels = 5 * rng.normal(size=(100, 3)), rng.integers(0, 3, 100)
    logits[np.arange(100), labels] += 3
    scaled = logits / ln.fit_temperature(logits, labels)
    assert ln.fit_temperature(scaled, labels) == pytest.approx(1, rel=1e-9)


@pytest.mark.parametrize(
    "logits, labels, expected",
    [
        # Never wrong: the surer the better. Always wrong: the less sure the better.
        ([[1.0, 0.0], [0.0, 2.0]], [0, 1], 1e-3),
        ([[1.0, 0.0], [0.0, 2.0]], [1, 0], 1e3),
        # Nothing to choose from.
        ([[0.0, 0.0], [3.0, 3.0]], [0, 1], 1.0),
        ([[1.0, 0.0]], [-100], 1.0),
    ],
)
def test_temperature_without_a_minimum_is_the_end_of_the_range_or_1(logits, labels, expected):
    assert ln.fit_temperature(logits, labels) == pytest.approx(expected)
    fitted = lt.fit_temperature(torch.tensor(logits), torch.tensor(labels))
    assert fitted.item() == pytest.approx(expected)
    assert ln.fit_temperature(np.zeros((0, 3)), np.zeros(0, int)) == 1.0


@pytest.mark.parametrize("size", [1e-2, 1e3, 1e5])
def test_temperature_is_finite_for_logits_of_any_size(size, rng):
    logits, labels = size * rng.normal(size=(50, 3)), rng.integers(0, 3, 50)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert 1e-3 <= ln.fit_temperature(logits, labels) <= 1e3
        assert 1e-3 <= lt.fit_temperature(torch.tensor(logits), torch.tensor(labels)) <= 1e3


def test_temperature_scaling_calibrates_and_changes_no_decision(rng):
    """A network twice as sure as it should be, on data it was not fitted on."""
    logits = rng.normal(size=(4000, 5))
    labels = torch.tensor((2 * logits + rng.gumbel(size=logits.shape)).argmax(axis=1))
    sure = torch.tensor(6 * logits)
    scaling = lt.TemperatureScaling().fit(sure[:2000], labels[:2000])
    assert scaling.temperature.item() == pytest.approx(3, rel=0.1)
    before, after = sure[2000:], scaling(sure[2000:])
    assert torch.equal(before.argmax(1), after.argmax(1))
    errors = [lt.ece(z.softmax(1), labels[2000:]) for z in (before, after)]
    assert errors[1] < 0.04 < 0.1 < errors[0]
    assert lt.cross_entropy(after, labels[2000:]) < lt.cross_entropy(before, labels[2000:])


def test_temperature_scaling_keeps_its_state_and_passes_gradients():
    scaling = lt.TemperatureScaling(2.0, axis=1)
    other = lt.TemperatureScaling()
    other.load_state_dict(scaling.state_dict())
    assert other.temperature == 2
    z = torch.tensor([[1.0, 3.0]], requires_grad=True)
    scaling(z).sum().backward()
    assert z.grad.tolist() == [[0.5, 0.5]]
    assert not list(scaling.parameters())
    assert scaling(z.half()).dtype == torch.float32
    assert lt.TemperatureScaling().to("meta")(z.to("meta")).device.type == "meta"
    torch._dynamo.reset()
    compiled = torch.compile(scaling, fullgraph=True, backend="aot_eager")
    assert compiled(z).tolist() == [[0.5, 1.5]]
    assert repr(scaling) == "TemperatureScaling(temperature=2, axis=1)"


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_temperature_of_low_precision_logits(rng, dtype):
    logits, labels = torch.tensor(5 * rng.normal(size=(200, 3))).to(dtype), rng.integers(0, 3, 200)
    fitted = lt.fit_temperature(logits, torch.tensor(labels))
    assert fitted.dtype == torch.float32
    expected = ln.fit_temperature(logits.double().numpy(), labels)
    assert fitted.item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    "logits, target, options, error, blamed",
    [
        ([1, 2], [0, 1], {}, TypeError, "logits"),
        ([1.0, np.inf], [0, 1], {}, ValueError, "logits"),
        ([1.0, np.nan], [0, 1], {}, ValueError, "logits"),
        ([1.0, 2.0], [0, 2], {}, ValueError, "target"),
        ([1.0, 2.0], [0, 1, 1], {}, ValueError, "logits and target"),
        ([[1.0, 2.0]], [2], {}, ValueError, "target"),
        ([[1.0, 2.0]], [1.0], {"axis": 1}, TypeError, "target"),
        ([[1.0, 2.0]], [1], {"axis": 5}, ValueError, "axis"),
        ([1.0], [1], {"ignore_index": 0.5}, TypeError, "ignore_index"),
    ],
)
def test_wrong_input_to_the_fit_is_named(logits, target, options, error, blamed):
    logits, target = np.array(logits), np.array(target)
    with pytest.raises(error, match=blamed):
        ln.fit_temperature(logits, target, **options)
    with pytest.raises(error, match=blamed):
        lt.fit_temperature(torch.tensor(logits), torch.tensor(target), **options)


def test_wrong_temperatures_are_named():
    for wrong in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="temperature"):
            lt.TemperatureScaling(wrong)
    for wrong in ("1", None, True):
        with pytest.raises(TypeError, match="temperature"):
            lt.TemperatureScaling(wrong)
    with pytest.raises(TypeError, match="axis"):
        lt.TemperatureScaling(axis=1.5)
