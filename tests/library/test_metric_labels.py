"""Losses of embeddings with class labels: conventions of the peers, weights held, lonely items."""

import math

import numpy as np
import pytest
import torch

import lossfns.numpy as ln
import lossfns.torch as lt

LABELS = np.array([0, 0, 0, 1, 1, 2])
COUPLED = pytest.mark.parametrize("name", ["nt_xent_with_labels", "multi_similarity", "circle"])


@pytest.fixture
def rows(rng):
    return rng.normal(size=(6, 3))


def cosines(rows):
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return units @ units.T


def both(name, *arrays, **settings):
    """Value and gradient from either twin."""
    yield getattr(ln, name).value_and_grad(*arrays, **settings)
    leaf, *rest = map(torch.tensor, arrays)
    settings = {n: torch.tensor(v) if isinstance(v, np.ndarray) else v for n, v in settings.items()}
    value = getattr(lt, name)(leaf.requires_grad_(), *rest, **settings)
    value.sum().backward()
    yield value.detach().numpy(), leaf.grad.numpy()


# Several positives.


def test_the_mean_is_over_positive_pairs_as_in_optax_and_pytorch_metric_learning(rows):
    """Three of a class have six pairs, two have two: not three and two items."""
    scores = cosines(rows) / 0.07
    pairs = []
    for i in range(6):
        rivals = np.exp(scores[i][LABELS != LABELS[i]]).sum()
        pairs += [
            -math.log(math.exp(scores[i, p]) / (math.exp(scores[i, p]) + rivals))
            for p in range(6)
            if p != i and LABELS[p] == LABELS[i]
        ]
    assert len(pairs) == 8
    for value, _ in both("nt_xent_with_labels", rows, LABELS):
        assert value == pytest.approx(np.mean(pairs), rel=1e-12)
    losses = ln.nt_xent_with_labels(rows, LABELS, reduction="none")
    assert np.mean(pairs) != pytest.approx(losses[:5].mean(), rel=1e-3)


def test_other_positives_do_not_count_as_rivals_where_sup_con_lets_them():
    """Three at one point, one at 90°, τ = 1: ln(1 + 1/e) = 0.3133; with rivals ln(2 + 1/e)."""
    z = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    y = np.array([0, 0, 0, 1])
    for value, _ in both("nt_xent_with_labels", z, y, temperature=1.0):
        assert value == pytest.approx(math.log(1 + 1 / math.e), rel=1e-14)
    for value, _ in both("sup_con", z, y, temperature=1.0):
        assert value == pytest.approx(math.log(2 + 1 / math.e), rel=1e-14)


def test_with_one_positive_each_it_is_nt_xent(rng):
    first, second = rng.normal(size=(2, 5, 3))
    expected = ln.nt_xent(first, second, temperature=0.07)
    views, labels = np.concatenate([first, second]), np.tile(np.arange(5), 2)
    for value, _ in both("nt_xent_with_labels", views, labels):
        assert value == pytest.approx(expected, rel=1e-12)


# Items without a partner, and batches of one class.


@COUPLED
@pytest.mark.parametrize("labels", [[0, 1, 2, 3, 4, 5], [7] * 6, [0, 0, 0, 0, 0, 1]])
def test_without_positives_or_negatives_nothing_is_nan(name, labels, rows):
    (value, grad), (theirs, slope) = both(name, rows, np.array(labels))
    assert np.isfinite(grad).all() and np.isfinite(slope).all()
    assert value == pytest.approx(theirs, rel=1e-12)
    np.testing.assert_allclose(slope, grad, rtol=1e-10, atol=1e-13)
    if name != "multi_similarity" and len(set(labels)) != 2:
        assert value == 0 and not grad.any()


@COUPLED
def test_second_derivatives_are_finite_without_negatives(name, rows):
    leaf = torch.tensor(rows, requires_grad=True)
    loss = getattr(lt, name)(leaf, torch.full((6,), 7))
    (grad,) = torch.autograd.grad(loss, leaf, create_graph=True)
    (second,) = torch.autograd.grad(grad.sum(), leaf)
    assert second.isfinite().all()


def test_circle_counts_only_items_with_a_positive_and_a_negative(rows):
    losses = ln.circle(rows, LABELS, reduction="none")
    assert losses[5] == 0 and (losses[:5] > 0).all()
    for value, _ in both("circle", rows, LABELS):
        assert value == pytest.approx(losses[:5].mean(), rel=1e-12)


@COUPLED
def test_collapsed_and_empty_rows_have_a_finite_gradient(name):
    for fill in (0.0, 1.0):
        for value, grad in both(name, np.full((6, 3), fill), LABELS):
            assert np.isfinite(value) and np.isfinite(grad).all()


@COUPLED
def test_only_directions_matter(name, rows, rng):
    scaled = rows * rng.uniform(0.1, 10, (6, 1))
    for (value, grad), (expected, _) in zip(
        both(name, scaled, LABELS), both(name, rows, LABELS), strict=True
    ):
        assert value == pytest.approx(expected, rel=1e-11)
        np.testing.assert_allclose((grad * scaled).sum(axis=1), 0, atol=1e-11)


# Circle: the weights are constants of the gradient.


def circle_with(s, weights, margin=0.4, scale=80.0):
    """The loss of a matrix of cosines under given weights of the pairs."""
    same = (LABELS[:, None] == LABELS) & ~np.eye(6, dtype=bool)
    other = LABELS[:, None] != LABELS
    of_n = np.where(other, scale * weights[0] * (s - margin), -np.inf)
    of_p = np.where(same, -scale * weights[1] * (s - 1 + margin), -np.inf)
    both_there = same.any(axis=1) & other.any(axis=1)
    z = np.logaddexp.reduce(of_n, axis=1) + np.logaddexp.reduce(of_p, axis=1)
    return np.logaddexp(0, z)[both_there].mean()


def test_circles_gradient_is_the_slope_with_its_weights_held(rows):
    s = cosines(rows)
    held = np.maximum(0, s + 0.4), np.maximum(0, 1.4 - s)
    assert ln.circle(rows, LABELS) == pytest.approx(circle_with(s, held), rel=1e-12)
    slope, full = np.zeros((6, 3)), np.zeros((6, 3))
    for index in np.ndindex(6, 3):
        ends = []
        for sign in (1, -1):
            moved = rows.copy()
            moved[index] += sign * 1e-6
            near = cosines(moved)
            free = np.maximum(0, near + 0.4), np.maximum(0, 1.4 - near)
            ends.append((circle_with(near, held), circle_with(near, free)))
        slope[index], full[index] = (np.subtract(*ends)) / 2e-6
    for _, grad in both("circle", rows, LABELS):
        np.testing.assert_allclose(grad, slope, rtol=1e-5, atol=1e-5)
    # Differentiated as well, the weights would give another gradient, up to twice as large.
    assert np.abs(full - slope).max() > 0.1 * np.abs(slope).max()


def test_a_negative_at_90_degrees_is_still_pushed_away_where_the_full_slope_is_0():
    """γ (s + m) at s = 0 against 2 γ s: the goal is a cosine of -m."""
    z = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    for _, grad in both("circle", z, np.array([0, 0, 1]), scale=1.0, reduction="sum"):
        assert grad[2, 0] > 0.1  # a step against it turns the negative away from the pair


# Margins.


def test_three_margins_of_a_cosine():
    """At 45° from its class, 90° apart: θ + m, cos θ - m, and cos(2 θ) times the length."""
    z, y, axes = np.array([[1.0, 1.0]]), np.array([0]), np.eye(2)
    settings = dict(prototypes=axes, scale=1.0)
    quarter = math.pi / 4
    rival = math.cos(quarter)
    expected = {
        ("arcface", 0.5): math.cos(quarter + 0.5),
        ("cosface", 0.5): math.cos(quarter) - 0.5,
    }
    for (name, margin), own in expected.items():
        for value, _ in both(name, z, y, margin=margin, **settings):
            assert value == pytest.approx(math.log1p(math.exp(rival - own)), rel=1e-12)
    for value, _ in both("sphereface", z, y, margin=2, **settings):
        assert value == pytest.approx(math.log1p(math.exp(math.sqrt(2) * rival)), rel=1e-12)


def test_cosface_without_margin_is_arcface_without_margin(rows):
    labels, centres = LABELS, np.random.default_rng(5).normal(size=(3, 3))
    settings = dict(prototypes=centres, margin=0.0, scale=16.0)
    expected = ln.arcface(rows, labels, **settings)
    for value, _ in both("cosface", rows, labels, **settings):
        assert value == pytest.approx(expected, rel=1e-13)


def test_sphereface_of_margin_1_is_cross_entropy_of_a_linear_layer_of_unit_rows(rows):
    centres = np.random.default_rng(5).normal(size=(3, 3))
    units = centres / np.linalg.norm(centres, axis=1, keepdims=True)
    expected = ln.cross_entropy(rows @ units.T, LABELS)
    for value, _ in both("sphereface", rows, LABELS, prototypes=centres, margin=1):
        assert value == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("margin", [1, 2, 3, 4, 7])
def test_spherefaces_angle_function_falls_throughout_and_is_that_of_the_paper(margin):
    angles = np.linspace(0.001, math.pi - 0.001, 400)
    z = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    far = np.array([[1.0, 0.0], [0.0, -1.0]])
    losses = ln.sphereface(z, np.zeros(400, int), prototypes=far, margin=margin, reduction="none")
    psi = -np.log(np.expm1(losses)) - np.sin(angles)
    assert np.all(np.diff(psi) < 1e-12)
    k = np.floor(angles * margin / math.pi)
    np.testing.assert_allclose(psi, (-1) ** k * np.cos(margin * angles) - 2 * k, atol=1e-9)


@pytest.mark.parametrize("name, settings", [("cosface", {"scale": 4.0}), ("sphereface", {})])
def test_prototypes_are_trained_in_torch(name, settings, rows):
    z, labels = torch.tensor(rows), torch.tensor(LABELS)
    centres = torch.tensor(np.random.default_rng(5).normal(size=(3, 3)), requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda c: getattr(lt, name)(z, labels, prototypes=c, **settings), (centres,)
    )


def test_the_temperature_of_nt_xent_with_labels_may_be_learned(rows):
    z, labels = torch.tensor(rows), torch.tensor(LABELS)
    assert torch.autograd.gradcheck(
        lambda t: lt.nt_xent_with_labels(z, labels, temperature=t),
        (torch.tensor(0.5, dtype=torch.float64, requires_grad=True),),
    )


# Numbers that PyTorch Metric Learning 2.9 and optax 0.2 gave for these arrays.

BATCH = np.array(
    [[0.5, -1.0, 0.25], [1.0, 1.0, -0.5], [-0.75, 0.5, 1.0], [0.25, 0.75, 1.5], [-1.0, -0.5, 0.5]]
)
TARGET = np.array([0, 0, 1, 1, 1])
AXES = np.array([[1.0, 0.5, -0.5], [-0.5, 1.0, 0.25]])
THEIRS = {
    "cosface": (1.115929380462608e-07, {"prototypes": AXES}),
    "sphereface": (1.8098929226731593, {"prototypes": AXES}),
    "multi_similarity": (0.7502115121659977, {}),
    "circle": (75.47550369683492, {}),
    "nt_xent_with_labels": (1.8830482992984354, {}),
}


@pytest.mark.parametrize("name", THEIRS)
def test_numbers_of_pytorch_metric_learning_and_optax(name):
    expected, settings = THEIRS[name]
    for value, _ in both(name, BATCH, TARGET, **settings):
        # Theirs carry a small constant inside a logarithm.
        assert value == pytest.approx(expected, rel=1e-8, abs=0)
