"""Losses of embeddings and mining: conventions, limits, brute force, peers' defects."""

import itertools
import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import lossfns.numpy as ln
import lossfns.torch as lt

NAN, INF = float("nan"), float("inf")


@pytest.fixture
def two_views(rng):
    return rng.normal(size=(6, 4)), rng.normal(size=(6, 4))


def both(name, *arrays, **settings):
    """The loss from either twin."""
    yield getattr(ln, name)(*arrays, **settings)
    yield getattr(lt, name)(*map(torch.tensor, arrays), **settings).item()


# Conventions, with both numbers.


def test_contrastive_has_the_half_of_the_paper():
    """Hadsell et al. write ½ d²: 12.5 for a distance of 5; many a library leaves it out: 25."""
    first, second = np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]])
    without_half = ((first - second) ** 2).sum()
    assert without_half == 25
    for value in both("contrastive", first, second, np.array([1.0])):
        assert value == 12.5 == without_half / 2


def test_contrastive_target_is_1_for_equals_where_the_paper_has_0():
    """With the paper's labels the pairs swap roles: 0.125 becomes 0.125 of the other kind."""
    first, second = np.zeros((2, 2)), np.array([[0.3, 0.4], [0.3, 0.4]])
    ours = ln.contrastive(first, second, [1.0, 0.0], reduction="none", margin=2.0)
    assert ours.tolist() == [0.5 * 0.5**2, 0.5 * (2 - 0.5) ** 2]


def test_triplet_of_euclidean_and_of_squared_distances():
    """FaceNet squares, torch does not: 22 and 4 for the same three points."""
    points = np.zeros((1, 2)), np.array([[3.0, 4.0]]), np.array([[0.0, 2.0]])
    for value in both("triplet", *points):
        assert value == 5 - 2 + 1
    for value in both("triplet", *points, squared=True):
        assert value == 25 - 4 + 1
    with pytest.raises(ValueError, match="p must be 2"):
        ln.triplet(*points, squared=True, p=3.0)
    with pytest.raises(ValueError, match="p must be 2"):
        lt.triplet(*map(torch.tensor, points), squared=True, p=3.0)


def test_sup_con_is_the_outer_loss_of_the_paper(rng):
    """L_out averages logarithms, L_in takes the logarithm of the average: L_in ≤ L_out."""
    z = rng.normal(size=(6, 3))
    labels = np.array([0, 0, 0, 1, 1, 1])
    unit = z / np.linalg.norm(z, axis=1, keepdims=True)
    outer, inner = [], []
    for i in range(6):
        others = [j for j in range(6) if j != i]
        weights = np.exp(unit[others] @ unit[i] / 0.5)
        probs = (weights / weights.sum())[labels[others] == labels[i]]
        outer.append(-np.log(probs).mean())
        inner.append(-np.log(probs.mean()))
    for value in both("sup_con", z, labels, temperature=0.5):
        assert value == pytest.approx(np.mean(outer), rel=1e-12)
    assert np.mean(inner) < np.mean(outer) - 1e-3


def test_sup_con_of_one_partner_each_is_nt_xent(two_views):
    first, second = two_views
    views, labels = np.concatenate(two_views), np.tile(np.arange(6), 2)
    for value in both("sup_con", views, labels, temperature=0.3):
        assert value == pytest.approx(ln.nt_xent(first, second, temperature=0.3), rel=1e-12)


def test_sup_con_items_alone_in_their_class_do_not_count():
    """The authors' code divides by their 0 partners: NaN for the batch."""
    views = np.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]])
    labels = np.array([0, 0, 1])
    positive = (labels[:, None] == labels) & ~np.eye(3, dtype=bool)
    with np.errstate(invalid="ignore"):
        assert np.isnan(positive / positive.sum(axis=1, keepdims=True)).any()
    losses = ln.sup_con(views, labels, reduction="none")
    assert losses[2] == 0
    for value in both("sup_con", views, labels):
        assert value == pytest.approx(losses[:2].mean())
    for value in both("sup_con", views, np.array([0, 1, 2])):
        assert value == 0


def test_vicreg_averages_the_variance_over_the_views_as_the_authors_code_does():
    """The paper sums the two views: 2 · 25 · 0.99 for collapsed ones, its code halves them."""
    flat = np.ones((4, 3))
    for value in both("vicreg", flat, flat):
        assert value == pytest.approx(25 * 0.99)


def test_siglip_is_averaged_over_images_and_summed_over_texts(two_views):
    image, text = two_views
    unit = [v / np.linalg.norm(v, axis=1, keepdims=True) for v in two_views]
    sign = 2 * np.eye(6) - 1
    every_pair = np.logaddexp(0, -sign * (10 * unit[0] @ unit[1].T - 10))
    for value in both("siglip", image, text):
        assert value == pytest.approx(every_pair.sum() / 6, rel=1e-12)
        assert value != pytest.approx(every_pair.mean())


# What peers get wrong.


def test_triplet_with_odd_p_uses_absolute_differences():
    """Without them the negative differences cancel: (1 - 8)^(1/3) is NaN, (8 - 8) is 0."""
    anchor, positive = np.zeros((1, 2)), np.array([[-2.0, 1.0]])
    with np.errstate(invalid="ignore"):
        signed = ((positive - anchor) ** 3).sum() ** (1 / 3)
    assert np.isnan(signed)
    assert ((np.array([2.0, -2.0])) ** 3).sum() == 0
    for value in both("triplet", anchor, positive, anchor, p=3.0):
        assert value == pytest.approx(9 ** (1 / 3) + 1, rel=1e-12)
    for value in both("triplet", anchor, np.array([[2.0, -2.0]]), anchor, p=3.0):
        assert value == pytest.approx(16 ** (1 / 3) + 1, rel=1e-12)


def test_triplet_adds_nothing_to_the_differences_where_torch_adds_1e_6():
    same = torch.zeros(1, 3, dtype=torch.float64)
    assert F.triplet_margin_loss(same, same, same, margin=0.5).item() == 0.5
    away = torch.tensor([[-1.0, 0.0, 0.0]], dtype=torch.float64)
    theirs = F.triplet_margin_loss(same, same, away, margin=1.0)
    assert theirs.item() == pytest.approx((math.sqrt(3) - 1) * 1e-6, rel=1e-5)
    assert lt.triplet(same, same, away, margin=1.0).item() == 0


@pytest.mark.parametrize("settings", [{}, {"squared": True}, {"p": 1.0}, {"p": 3.0}])
def test_triplet_of_identical_embeddings_has_gradient_0_where_a_root_gives_nan(settings):
    same = torch.ones(2, 3, requires_grad=True)
    naive = ((same - same.detach()) ** 2).sum(-1).sqrt().sum()
    (theirs,) = torch.autograd.grad(naive, same)
    assert theirs.isnan().all()
    loss = lt.triplet(same, same.detach(), same.detach(), **settings)
    (ours,) = torch.autograd.grad(loss, same)
    assert loss.item() == 1 and not ours.any()
    assert not ln.triplet.grad(*[np.ones((2, 3))] * 3, **settings).any()


def naive_nt_xent(first, second, temperature):
    """Written with exp and log, as in a hundred tutorials, with the usual guard."""
    z = F.normalize(torch.cat([first, second]), dim=1)
    weights = (z @ z.T / temperature).exp().fill_diagonal_(0)
    partner = torch.arange(len(z)).roll(len(first))
    own = weights[torch.arange(len(z)), partner]
    return -(own / weights.sum(1)).log().mean(), -(own / (weights.sum(1))).clamp(
        min=torch.finfo(z.dtype).tiny
    ).log().mean()


def test_nt_xent_is_finite_at_a_temperature_of_0_005():
    """e^(1/0.005) = e^200 overflows float32: ∞ / ∞ is NaN."""
    generator = torch.Generator().manual_seed(0)
    first = torch.randn(8, 16, generator=generator)
    second = first + 0.1 * torch.randn(8, 16, generator=generator)
    naive, _ = naive_nt_xent(first, second, 0.005)
    assert naive.isnan()
    for x, y in [(first, second), (first, -second)]:
        x = x.clone().requires_grad_()
        loss = lt.nt_xent(x, y, temperature=0.005)
        loss.backward()
        expected = ln.nt_xent(x.detach().numpy(), y.numpy(), temperature=0.005)
        assert loss.item() == pytest.approx(expected, rel=1e-4, abs=1e-6)
        assert x.grad.isfinite().all()


def test_nt_xent_does_not_stop_at_87():
    """Probabilities held above float32's smallest number cost -ln 1.2e-38 = 87.3 at most."""
    first = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    temperature = 0.0125
    _, floored = naive_nt_xent(first, -first, temperature)
    assert floored.item() == pytest.approx(87.3365, abs=1e-3)
    # The partner is opposite, one other view equal: (1 - -1) / τ.
    loss = lt.nt_xent(first, -first, temperature=temperature)
    assert loss.item() == pytest.approx(160, rel=1e-5)
    assert ln.nt_xent(first.numpy(), -first.numpy(), temperature=temperature) == pytest.approx(160)


@pytest.mark.parametrize("name", ["info_nce", "nt_xent", "clip", "siglip", "barlow_twins"])
@pytest.mark.parametrize("fill", [0.0, 1.0])
def test_collapsed_embeddings_have_a_finite_gradient(name, fill):
    """Rows of zeros have no direction; dividing by their length gives NaN."""
    rows = torch.full((4, 3), fill, requires_grad=True)
    loss = getattr(lt, name)(rows, rows)
    (grad,) = torch.autograd.grad(loss, rows)
    assert loss.isfinite() and grad.isfinite().all()
    value, grad = getattr(ln, name).value_and_grad(np.full((4, 3), fill), np.full((4, 3), fill))
    assert value == pytest.approx(loss.item(), rel=1e-6)
    assert np.isfinite(grad).all()


def test_embeddings_of_float16_size_do_not_overflow():
    """A norm of 300 squared is beyond float16; F.normalize there gives 0."""
    rows = torch.full((2, 4), 300.0).half()
    assert F.normalize(rows.double(), dim=1)[0, 0].item() == 0.5
    loss = lt.info_nce(rows, rows)
    assert loss.item() == pytest.approx(math.log(2))


# Equalities.


def test_info_nce_is_cross_entropy_of_the_scores(two_views):
    query, key = two_views
    unit = [v / np.linalg.norm(v, axis=1, keepdims=True) for v in two_views]
    expected = ln.cross_entropy(unit[0] @ unit[1].T / 0.2, np.arange(6), reduction="none")
    np.testing.assert_allclose(
        ln.info_nce(query, key, temperature=0.2, reduction="none"), expected, rtol=1e-12
    )


def test_clip_is_symmetric_and_the_mean_of_both_directions(two_views):
    image, text = two_views
    there, back = ln.info_nce(image, text), ln.info_nce(text, image)
    assert there != pytest.approx(back)
    for value in both("clip", image, text, temperature=0.1):
        assert value == pytest.approx((there + back) / 2, rel=1e-12)
    for value in both("clip", text, image, temperature=0.1):
        assert value == pytest.approx((there + back) / 2, rel=1e-12)
    swapped = ln.clip.grad(text, image, wrt="text")
    np.testing.assert_allclose(swapped, ln.clip.grad(image, text, wrt="image"), rtol=1e-10)


@pytest.mark.parametrize("name", ["info_nce", "nt_xent", "clip", "siglip", "cosine_embedding"])
def test_only_directions_matter(name, two_views, rng):
    scales = rng.uniform(0.1, 10, (6, 1))
    rest = [np.array([1.0, -1, 1, -1, 1, 1])] if name == "cosine_embedding" else []
    loss = getattr(ln, name)
    expected = loss(*two_views, *rest)
    assert loss(scales * two_views[0], two_views[1], *rest) == pytest.approx(expected, rel=1e-12)
    # So the gradient has no part along the embedding.
    grad = loss.grad(*two_views, *rest)
    np.testing.assert_allclose((grad * two_views[0]).sum(axis=1), 0, atol=1e-12)


def test_barlow_twins_ignores_shift_and_scale_of_every_dimension(two_views, rng):
    first, second = two_views
    moved = first * rng.uniform(0.5, 2, 4) + rng.normal(size=4)
    assert ln.barlow_twins(moved, second) == pytest.approx(ln.barlow_twins(first, second))
    correlation = np.corrcoef(first.T, second.T)[:4, 4:]
    gap = (correlation - np.eye(4)) ** 2
    expected = np.trace(gap) + 0.005 * (gap.sum() - np.trace(gap))
    for value in both("barlow_twins", first, second):
        assert value == pytest.approx(expected, rel=1e-12)


def test_vicreg_is_made_of_numpys_statistics(two_views):
    terms = 25 * np.mean((two_views[0] - two_views[1]) ** 2)
    for view in two_views:
        cov = np.cov(view.T)
        terms += 25 * np.maximum(0, 1 - np.sqrt(np.diag(cov) + 1e-4)).mean() / 2
        terms += (cov**2).sum() / 4 - (np.diag(cov) ** 2).sum() / 4
    for value in both("vicreg", *two_views):
        assert value == pytest.approx(terms, rel=1e-12)


def test_arcface_without_margin_is_cross_entropy_of_cosines(rng):
    z, centres, labels = rng.normal(size=(7, 3)), rng.normal(size=(4, 3)), rng.integers(0, 4, 7)
    cosines = (z @ centres.T) / np.linalg.norm(z, axis=1)[:, None] / np.linalg.norm(centres, axis=1)
    expected = ln.cross_entropy(8 * cosines, labels)
    assert ln.arcface(z, labels, prototypes=centres, margin=0.0, scale=8.0) == pytest.approx(
        expected, rel=1e-12
    )
    value = lt.arcface(
        torch.tensor(z), torch.tensor(labels), prototypes=torch.tensor(centres), margin=0.0, scale=8
    )
    assert value.item() == pytest.approx(expected, rel=1e-12)


def test_arcface_never_rewards_a_larger_angle():
    """cos(θ + m) rises again beyond π - m: there an untreated margin lowers the loss."""
    angles = np.linspace(0.01, math.pi - 0.01, 200)
    z = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    centres = np.array([[1.0, 0.0], [0.0, -1.0]])
    labels = np.zeros(200, dtype=int)
    untreated = np.cos(angles + 0.5)
    assert np.any(np.diff(untreated) > 0)
    rising = ln.arcface(z, labels, prototypes=centres, scale=4.0, reduction="none")
    with_rival_alone = ln.arcface(
        z, labels, prototypes=centres, scale=4.0, margin=0.0, reduction="none"
    )
    assert np.all(rising >= with_rival_alone - 1e-12)
    # The score of the right class, from the difference of the losses with one class only … two:
    scores = -np.log(np.expm1(rising)) / 4 - np.sin(angles)
    assert np.all(np.diff(scores) < 1e-12)


@pytest.mark.parametrize("direction", [[1.0, 0.0], [-1.0, 0.0]])
def test_arcface_on_its_prototype_or_opposite_has_a_finite_gradient(direction):
    """acos has an infinite slope at ±1; written with it, the gradient is NaN."""
    z = torch.tensor([direction], requires_grad=True)
    centres = torch.eye(2)
    (naive,) = torch.autograd.grad((z @ centres.T)[0, 0].acos().add(0.5).cos(), z)
    assert not naive.isfinite().all()
    loss = lt.arcface(z, torch.tensor([0]), prototypes=centres, scale=2.0)
    (grad,) = torch.autograd.grad(loss, z)
    assert loss.isfinite() and grad.isfinite().all()
    ours = ln.arcface.grad([direction], [0], prototypes=np.eye(2), scale=2.0)
    np.testing.assert_allclose(ours, grad.numpy(), atol=1e-6)


def test_prototypes_of_arcface_are_trained_in_torch(rng):
    z, centres = torch.tensor(rng.normal(size=(5, 3))), torch.tensor(rng.normal(size=(4, 3)))
    labels = torch.tensor([0, 1, 2, 3, 0])
    centres.requires_grad_()
    assert torch.autograd.gradcheck(
        lambda c: lt.arcface(z, labels, prototypes=c, scale=4.0), (centres,)
    )


@pytest.mark.parametrize("name", ["info_nce", "nt_xent", "clip", "sup_con", "siglip"])
def test_temperatures_may_be_learned(name, two_views):
    """CLIP learns its temperature: a tensor of one number, with a gradient."""
    inputs = [torch.tensor(view) for view in two_views]
    if name == "sup_con":
        inputs[1] = torch.tensor([0, 0, 1, 1, 0, 1])
    names = ("scale", "bias") if name == "siglip" else ("temperature",)
    values = [torch.tensor(v, dtype=torch.float64) for v in (2.0, -1.0)][: len(names)]
    function = getattr(lt, name)
    for value in values:
        value.requires_grad_()
    assert torch.autograd.gradcheck(
        lambda *v: function(*inputs, **dict(zip(names, v, strict=True))), values
    )
    plain = function(*inputs, **{n: v.item() for n, v in zip(names, values, strict=True)})
    learned = function(*inputs, **dict(zip(names, values, strict=True)))
    torch.testing.assert_close(plain, learned.detach())
    one = function(*inputs, **{n: v.reshape(1) for n, v in zip(names, values, strict=True)})
    torch.testing.assert_close(one.detach(), plain)
    for wrong, error in [
        (torch.ones(3), ValueError),
        (torch.tensor(-1.0), ValueError),
        (torch.tensor(0.0), ValueError),
        (torch.tensor(NAN), ValueError),
        (torch.tensor(1j), TypeError),
        (torch.tensor(1.0, device="meta"), ValueError),
    ]:
        with pytest.raises(error, match=names[0]):
            function(*inputs, **{names[0]: wrong})


# Mining.

KINDS = {
    "all": lambda near, far, margin: True,
    "easy": lambda near, far, margin: near + margin <= far,
    "semi_hard": lambda near, far, margin: near < far < near + margin,
    "hard": lambda near, far, margin: far <= near,
}


def mined(points, labels, **settings):
    """The triplets of either twin, as sets."""
    tensors = torch.tensor(points), torch.tensor(labels)
    for mine, inputs in [(ln.mine_triplets, (points, labels)), (lt.mine_triplets, tensors)]:
        triplets = [tuple(map(int, row)) for row in zip(*mine(*inputs, **settings), strict=True)]
        assert len(set(triplets)) == len(triplets)
        yield set(triplets)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("margin", [0.1, 1.0, 5.0])
@pytest.mark.parametrize("seed", range(3))
def test_mining_is_brute_force(kind, margin, seed):
    rng = np.random.default_rng(seed)
    # Whole numbers: many distances are equal, which only the right comparisons put in place.
    points = rng.integers(-3, 4, (11, 2)).astype(float)
    labels = rng.integers(0, 3, 11)
    gap = np.linalg.norm(points[:, None] - points, axis=-1)
    expected = {
        (a, p, n)
        for a, p, n in itertools.product(range(11), repeat=3)
        if a != p
        and labels[a] == labels[p] != labels[n]
        and KINDS[kind](gap[a, p], gap[a, n], margin)
    }
    for triplets in mined(points, labels, kind=kind, margin=margin):
        assert triplets == expected


def test_the_kinds_share_all_triplets_among_them(rng):
    points, labels = rng.normal(size=(12, 3)), rng.integers(0, 3, 12)
    every, *parts = (next(mined(points, labels, kind=kind)) for kind in KINDS)
    assert set.union(*parts) == every
    assert sum(map(len, parts)) == len(every)


@pytest.mark.parametrize("kind", ["easy", "semi_hard", "hard"])
def test_mined_triplets_cost_what_their_kind_says(kind, rng):
    points, labels = rng.normal(size=(12, 3)), rng.integers(0, 3, 12)
    rows = ln.mine_triplets(points, labels, kind=kind, margin=0.7)
    losses = ln.triplet(*(points[i] for i in rows), margin=0.7, reduction="none")
    assert len(losses)
    low, high = {"easy": (0, 0), "semi_hard": (1e-12, 0.7), "hard": (0.7, INF)}[kind]
    assert np.all((low <= losses) & (losses <= high))


@pytest.mark.parametrize("labels", [[], [0], [0, 0, 0], [0, 1, 2]])
def test_a_batch_without_triplets_gives_none_and_a_loss_of_0(labels):
    points = np.ones((len(labels), 2))
    for triplets in mined(points, np.array(labels, dtype=int), kind="all"):
        assert triplets == set()
    rows = ln.mine_triplets(points, np.array(labels, dtype=int), kind="all")
    assert ln.triplet(*(points[i] for i in rows)) == 0


def test_mining_leaves_no_graph_behind_and_takes_half_precision():
    points = torch.tensor([[0.0], [1.0], [1.5], [9.0]], requires_grad=True)
    rows = lt.mine_triplets(points, torch.tensor([0, 0, 1, 1]))
    assert all(r.dtype == torch.int64 and not r.requires_grad for r in rows)
    half = lt.mine_triplets(points.half(), torch.tensor([0, 0, 1, 1]))
    assert all(torch.equal(a, b) for a, b in zip(rows, half, strict=True))


POINTS, LABELS = [[0.0, 1.0], [1.0, 0.0], [2.0, 2.0]], [0, 0, 1]
WRONG_MINING = [
    ({"kind": "semihard"}, "kind"),
    ({"kind": "semi-hard"}, "kind"),
    ({"kind": None}, "kind"),
    ({"kind": 1}, "kind"),
    ({"margin": 0.0}, "margin"),
    ({"margin": -1.0}, "margin"),
    ({"margin": NAN}, "margin"),
    ({"margin": "1"}, "margin"),
    ({"margin": None}, "margin"),
    ({"margin": True}, "margin"),
    ({"embeddings": [[0, 1], [1, 0], [2, 2]]}, "embeddings"),
    ({"embeddings": [[0.0, NAN], [1.0, 0.0], [2.0, 2.0]]}, "embeddings"),
    ({"embeddings": [[0.0, INF], [1.0, 0.0], [2.0, 2.0]]}, "embeddings"),
    ({"embeddings": [0.0, 1.0, 2.0]}, "embeddings"),
    ({"embeddings": [[], [], []]}, "embeddings"),
    ({"embeddings": [POINTS] * 3}, "embeddings"),
    ({"embeddings": POINTS[:2]}, "embeddings"),
    ({"target": LABELS[:2]}, "target"),
    ({"target": [[0], [0], [1]]}, "target"),
    ({"target": [0.0, 0.0, 1.0]}, "target"),
    ({"target": [True, True, False]}, "target"),
]


@pytest.mark.parametrize("change, blamed", WRONG_MINING)
def test_mining_refuses_what_is_wrong(change, blamed):
    arguments = {"embeddings": POINTS, "target": LABELS} | change
    with pytest.raises((ValueError, TypeError), match=blamed):
        ln.mine_triplets(**arguments)
    tensors = {n: torch.tensor(v) if isinstance(v, list) else v for n, v in arguments.items()}
    with pytest.raises((ValueError, TypeError), match=blamed):
        lt.mine_triplets(**tensors)


@pytest.mark.parametrize("name", ["info_nce", "nt_xent", "clip", "siglip", "vicreg"])
def test_items_of_a_batch_lie_along_the_first_axis_only(name):
    for rows in (np.ones(3), np.ones((2, 3, 4))):
        with pytest.raises(ValueError, match=r"\(items, dimensions\)"):
            getattr(ln, name)(rows, rows)
        with pytest.raises(ValueError, match=r"\(items, dimensions\)"):
            getattr(lt, name)(torch.tensor(rows), torch.tensor(rows))


def test_prototypes_and_embeddings_must_fit():
    for arcface, convert in [(ln.arcface, np.asarray), (lt.arcface, torch.tensor)]:
        with pytest.raises(ValueError, match=r"\(2, 3\) and \(4, 2\)"):
            arcface(convert(np.ones((2, 3))), convert([0, 1]), prototypes=convert(np.ones((4, 2))))
