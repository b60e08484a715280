"""Losses of structure: rigid motions, mirrors, the clamp, and bins by hand."""

import math

import numpy as np
import pytest
import torch

import lossfns.numpy as ln
import lossfns.torch as lt


def rotations(rng, n):
    turned = np.linalg.qr(rng.normal(size=(n, 3, 3)))[0]
    return turned * np.linalg.det(turned)[:, None, None]


@pytest.fixture
def fold(rng):
    """A prediction near the truth: two Å off, so that no distance is clamped."""
    truth = {"positions": 5 * rng.normal(size=(6, 3)), "rotations": rotations(rng, 4)}
    truth["translations"] = truth["positions"][:4]
    near = {name: value + 0.1 * rng.normal(size=value.shape) for name, value in truth.items()}
    near["rotations"] = np.linalg.qr(near["rotations"])[0]
    near["rotations"] *= np.sign((near["rotations"] * truth["rotations"]).sum(axis=1))[:, None]
    return near, truth


def fape(prediction, truth, **settings):
    """The loss in both twins, which must agree."""
    named = {f"target_{name}": value for name, value in truth.items() if name != "positions"}
    arrays = {**prediction, "target": truth["positions"], **named}
    expected = ln.fape(**arrays, **settings)
    tensors = {name: torch.tensor(value) for name, value in arrays.items()}
    assert lt.fape(**tensors, **settings).tolist() == pytest.approx(expected, rel=1e-11)
    return expected


def moved(structure, turn, shift):
    return {
        "positions": structure["positions"] @ turn.T + shift,
        "rotations": turn @ structure["rotations"],
        "translations": structure["translations"] @ turn.T + shift,
    }


@pytest.mark.parametrize("clamp", [10.0, 0.3, math.inf])
def test_fape_is_blind_to_rigid_motions_of_either_structure(fold, rng, clamp):
    near, truth = fold
    expected = fape(near, truth, clamp=clamp)
    for _ in range(5):
        turn, shift = rotations(rng, 1)[0], 100 * rng.normal(size=3)
        assert fape(moved(near, turn, shift), truth, clamp=clamp) == pytest.approx(expected)
        assert fape(near, moved(truth, turn, shift), clamp=clamp) == pytest.approx(expected)


def test_fape_sees_a_mirror_image_and_a_distance_map_does_not(fold):
    _, truth = fold
    mirror = np.diag([1.0, 1.0, -1.0])
    # The frames are built from the mirrored atoms, and stay right-handed.
    image = moved(truth, mirror, np.zeros(3))
    image["rotations"] = image["rotations"] @ mirror
    assert np.all(np.linalg.det(image["rotations"]) > 0)
    assert fape(truth, truth) == pytest.approx(1e-3)
    assert fape(image, truth) > 0.2
    logits = np.random.default_rng(0).normal(size=(6, 6, 64))
    positions = truth["positions"]
    assert ln.distogram(logits, positions @ mirror) == ln.distogram(logits, positions)


def test_fape_has_no_gradient_along_a_rigid_shift(fold):
    near, truth = fold
    named = {f"target_{name}": value for name, value in truth.items() if name != "positions"}
    arrays = {**near, "target": truth["positions"], **named}
    pull = ln.fape.grad(**arrays), ln.fape.grad(**arrays, wrt="translations")
    np.testing.assert_allclose(pull[0].sum(axis=0) + pull[1].sum(axis=0), 0, atol=1e-15)
    assert np.abs(pull[0]).max() > 1e-4


def test_an_error_beyond_the_clamp_costs_the_clamp_and_pulls_nowhere(fold):
    _, truth = fold
    far = truth | {"positions": truth["positions"] + [0.0, 0.0, 50.0]}
    assert fape(far, truth) == pytest.approx(1.0)
    assert fape(far, truth, clamp=20.0) == pytest.approx(2.0)
    assert fape(far, truth, clamp=math.inf) == pytest.approx(5.0)
    named = {f"target_{name}": value for name, value in truth.items() if name != "positions"}
    grad = ln.fape.grad(**far, target=truth["positions"], **named)
    assert np.all(grad == 0)
    one = ln.fape.grad(**far, target=truth["positions"], **named, clamp=math.inf)
    np.testing.assert_allclose(one, np.tile([0.0, 0.0, 1 / 60], (6, 1)), atol=1e-7)


def test_the_gradient_on_the_clamp_is_the_middle_of_the_slopes():
    frame = {"rotations": np.eye(3)[None], "translations": np.zeros((1, 3))}
    truth = {f"target_{name}": value for name, value in frame.items()}
    # √(3² + 16) is 5 exactly.
    arrays = {"positions": np.array([[3.0, 0.0, 0.0]]), "target": np.zeros((1, 3))}
    settings = {"clamp": 5.0, "scale": 1.0, "epsilon": 16.0}
    grad = ln.fape.grad(**arrays, **frame, **truth, **settings)
    np.testing.assert_allclose(grad, [[0.3, 0.0, 0.0]])
    tensors = {name: torch.tensor(v) for name, v in (arrays | frame | truth).items()}
    tensors["positions"].requires_grad_()
    lt.fape(**tensors, **settings).backward()
    np.testing.assert_allclose(tensors["positions"].grad.numpy(), grad)


def test_the_gradient_of_a_perfect_fit_is_0(fold):
    _, truth = fold
    named = {f"target_{name}": value for name, value in truth.items() if name != "positions"}
    tensors = {name: torch.tensor(v) for name, v in (truth | named).items()}
    leaf = tensors.pop("positions").requires_grad_()
    lt.fape(leaf, leaf.detach(), **tensors).backward()
    assert torch.all(leaf.grad == 0)


def test_fape_lists_a_loss_for_each_frame_and_atom(fold):
    near, truth = fold
    assert np.shape(fape(near, truth, reduction="none")) == (4, 6)
    assert fape(near, truth, reduction="sum") == pytest.approx(24 * fape(near, truth))


@pytest.mark.parametrize(
    "name, shape, blamed",
    [
        ("target", (5, 3), "target"),
        ("positions", (6, 2), "positions"),
        ("rotations", (4, 3), "rotations"),
        ("translations", (3, 3), "translations"),
        ("target_rotations", (3, 3, 3), "target_rotations"),
        ("target_translations", (3, 3), "target_translations"),
    ],
)
def test_fape_names_what_has_a_wrong_shape(fold, name, shape, blamed):
    near, truth = fold
    named = {f"target_{n}": value for n, value in truth.items() if n != "positions"}
    arrays = {**near, "target": truth["positions"], **named, name: np.zeros(shape)}
    for loss, convert in [(ln.fape, np.asarray), (lt.fape, torch.tensor)]:
        with pytest.raises(ValueError, match=blamed):
            loss(**{n: convert(value) for n, value in arrays.items()})


# Edges at 2, 4 and 6 Å; a distance on an edge belongs to the bin below it.
BINS = [(0.0, 0), (1.9, 0), (2.0, 0), (2.1, 1), (4.0, 1), (5.0, 2), (6.0, 2), (6.1, 3), (1e9, 3)]


@pytest.mark.parametrize("distance, bin", BINS)
def test_distogram_bins_by_hand(distance, bin):
    target = np.array([[1.0, 0.0, 0.0], [1.0, distance, 0.0]])
    # Bin k has the logit k: its loss is ln(1 + e + e² + e³) - k.
    logits = np.tile(np.arange(4.0), (2, 2, 1))
    total = math.log(1 + math.e + math.e**2 + math.e**3)
    expected = [[total, total - bin], [total - bin, total]]
    settings = {"first": 2.0, "last": 6.0, "reduction": "none"}
    np.testing.assert_allclose(ln.distogram(logits, target, **settings), expected)
    ours = lt.distogram(torch.tensor(logits), torch.tensor(target), **settings)
    np.testing.assert_allclose(ours, expected)


def test_the_default_bins_are_alphafolds():
    """63 edges from 2.3125 to 21.6875 Å, each 0.3125 Å apart: 2 Å plus steps of 5/16."""
    edges = 2.3125 + 0.3125 * np.arange(63)
    assert edges[-1] == 21.6875
    for k, (low, high) in enumerate(zip([0, *edges], [*edges, 30.0], strict=True)):
        target = np.array([[0.0, 0.0, 0.0], [(low + high) / 2, 0.0, 0.0]])
        sure = np.zeros((2, 2, 64))
        sure[..., 0] = 100 * np.eye(2)
        sure[0, 1, k] = sure[1, 0, k] = 100
        assert ln.distogram(sure, target) < 1e-12


def test_a_distogram_is_blind_to_rigid_motions(rng):
    logits, positions = rng.normal(size=(5, 5, 20)), 6 * rng.normal(size=(5, 3))
    elsewhere = positions @ rotations(rng, 1)[0].T + 10
    assert ln.distogram(logits, elsewhere) == ln.distogram(logits, positions)


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_a_position_that_is_no_number_is_not_put_into_a_bin(wrong):
    logits, positions = np.zeros((3, 3, 8)), np.zeros((3, 3))
    positions[1, 2] = wrong
    for loss, convert in [(ln.distogram, np.asarray), (lt.distogram, torch.tensor)]:
        with pytest.raises(ValueError, match="target"), np.errstate(invalid="ignore"):
            loss(convert(logits), convert(positions))


@pytest.mark.parametrize(
    "shape, target", [((3, 2, 8), 3), ((3, 3), 3), ((3, 3, 1), 3), ((3, 3, 8), 4)]
)
def test_distogram_names_wrong_shapes(shape, target):
    for loss, convert in [(ln.distogram, np.asarray), (lt.distogram, torch.tensor)]:
        with pytest.raises(ValueError, match="logits"):
            loss(convert(np.zeros(shape)), convert(np.zeros((target, 3))))
