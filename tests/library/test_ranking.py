"""Losses of ranking: padded lists, ties, and what NDCG of scikit-learn says of an exchange."""

import itertools
import math

import numpy as np
import pytest
import torch
from sklearn.metrics import ndcg_score
from torch.nn import functional as F

import lossfns.numpy as ln
import lossfns.torch as lt

NAN, INF = float("nan"), float("inf")
LISTWISE = pytest.mark.parametrize("name", ["listnet", "listmle", "lambdarank"])


@pytest.fixture
def lists(rng):
    """Lists of 2 to 6 items, padded to 6."""
    mask = np.arange(6) < rng.integers(2, 7, (7, 1))
    return rng.normal(size=(7, 6)), rng.integers(0, 4, (7, 6)).astype(float), mask


def both(name, scores, target, mask=None, **settings):
    """Value and gradient from either twin."""
    given = {} if mask is None else {"mask": mask}
    yield getattr(ln, name).value_and_grad(scores, target, **given, **settings)
    leaf = torch.tensor(scores, requires_grad=True)
    tensors = {n: torch.tensor(v) for n, v in given.items()}
    value = getattr(lt, name)(leaf, torch.tensor(target), **tensors, **settings)
    value.sum().backward()
    yield value.detach().numpy(), leaf.grad.numpy()


@LISTWISE
def test_a_padded_list_is_the_list_without_its_padding(name, lists):
    scores, target, mask = lists
    for losses, grad in both(name, *lists, reduction="none"):
        for i in range(7):
            alone = getattr(ln, name)(scores[i][mask[i]], target[i][mask[i]])
            assert losses[i] == pytest.approx(alone, rel=1e-12)
            expected = getattr(ln, name).grad(scores[i][mask[i]], target[i][mask[i]])
            np.testing.assert_allclose(grad[i][mask[i]], expected, rtol=1e-10, atol=1e-15)
            assert not grad[i][~mask[i]].any()


@LISTWISE
@pytest.mark.parametrize("poison", [NAN, INF, -INF, 1e300])
def test_what_stands_at_the_padding_does_not_matter(name, poison, lists):
    scores, target, mask = lists
    clean = [np.where(mask, array, 0.0) for array in (scores, target)]
    dirty = [np.where(mask, array, poison) for array in (scores, target)]
    for (value, grad), (expected, slopes) in zip(
        both(name, *dirty, mask), both(name, *clean, mask), strict=True
    ):
        assert value == expected
        np.testing.assert_array_equal(grad, slopes)


@LISTWISE
def test_a_list_without_items_costs_nothing_and_does_not_count(name, lists):
    scores, target, mask = lists
    empty = [np.vstack([array, np.full((1, 6), NAN)]) for array in (scores, target)]
    none = np.vstack([mask, np.zeros((1, 6), bool)])
    expected = getattr(ln, name)(scores, target, mask=mask)
    for value, grad in both(name, *empty, none):
        assert value == pytest.approx(expected, rel=1e-13)
        assert not grad[7].any()
    for value, grad in both(name, scores, target, np.zeros((7, 6), bool)):
        assert value == 0 and not grad.any()


@LISTWISE
def test_the_order_in_a_list_does_not_matter_where_no_grades_are_equal(name, rng):
    scores, target = rng.normal(size=6), rng.permutation(6) / 2
    order = rng.permutation(6)
    for (value, grad), (expected, slopes) in zip(
        both(name, scores[order], target[order]), both(name, scores, target), strict=True
    ):
        assert value == pytest.approx(expected, rel=1e-12)
        np.testing.assert_allclose(grad, slopes[order], atol=1e-13)


@LISTWISE
def test_only_differences_of_scores_count_and_no_list_is_pushed_as_a_whole(name, lists):
    scores, target, mask = lists
    for (value, grad), (shifted, _) in zip(
        both(name, *lists), both(name, scores + 5.0, target, mask), strict=True
    ):
        assert shifted == pytest.approx(value, rel=1e-12)
        np.testing.assert_allclose(grad.sum(axis=-1), 0, atol=1e-14)


@LISTWISE
def test_masks_must_be_boolean_and_of_the_shape_of_the_scores(name):
    zeros = np.zeros((2, 3))
    for wrong, error in [
        (np.ones((2, 3)), TypeError),
        (np.ones((2, 3), int), TypeError),
        (np.ones((3,), bool), ValueError),
        (np.ones((2, 2), bool), ValueError),
    ]:
        with pytest.raises(error, match="mask"):
            getattr(ln, name)(zeros, zeros, mask=wrong)
        with pytest.raises(error, match="mask"):
            getattr(lt, name)(*map(torch.tensor, (zeros, zeros)), mask=torch.tensor(wrong))


# Each by itself.


def test_listnet_is_torchs_cross_entropy_of_soft_targets(lists):
    scores, target, _ = (torch.tensor(array) for array in lists)
    expected = F.cross_entropy(scores, target.softmax(-1))
    assert lt.listnet(scores, target).item() == pytest.approx(expected.item(), rel=1e-13)


def test_listnet_normalises_grades_by_a_softmax_where_others_divide_by_their_sum():
    """Grades 1, 0, 0: ListNet's aim is e : 1 : 1, TensorFlow Ranking's 1 : 0 : 0."""
    scores, grades = np.array([2.0, 1.0, 0.0]), np.array([1.0, 0.0, 0.0])
    by_sum = ln.cross_entropy(scores[None], grades[None] / grades.sum())
    assert by_sum == pytest.approx(math.log(1 + math.exp(-1) + math.exp(-2)))
    assert by_sum == pytest.approx(0.4076, abs=1e-4)
    assert ln.listnet(scores, grades) == pytest.approx(1.0435, abs=1e-4)
    # The more the grades are scaled, the nearer they come.
    assert ln.listnet(scores, 100 * grades) == pytest.approx(by_sum, rel=1e-12)


def test_listmle_sums_to_1_over_all_orders(rng):
    """It is a distribution over permutations, that of Plackett and Luce."""
    scores = rng.normal(size=4)
    chances = [
        math.exp(-ln.listmle(scores, np.array(relevance, float)))
        for relevance in itertools.permutations(range(4))
    ]
    assert sum(chances) == pytest.approx(1, rel=1e-13)


def test_listmle_keeps_equal_grades_in_the_order_of_the_list():
    """So the mirrored list costs something else, which ListNet's does not."""
    scores, grades = np.array([3.0, 1.0, 0.0]), np.array([1.0, 1.0, 0.0])
    there, back = (ln.listmle(s, grades) for s in (scores, scores[[1, 0, 2]]))
    assert there == pytest.approx(ln.listmle(scores, [2.0, 1.0, 0.0]))
    assert back > there + 1
    assert ln.listnet(scores, grades) == pytest.approx(ln.listnet(scores[[1, 0, 2]], grades))


def test_listmle_does_not_overflow():
    single = torch.tensor([1000.0, 0.0, -1000.0])
    assert lt.listmle(single, torch.tensor([1.0, 2.0, 3.0])).item() == 3000
    assert ln.listmle([1000.0, 0.0, -1000.0], [1.0, 2.0, 3.0]) == 3000
    assert single.exp().sum().log().isinf()  # as the formula is printed


def test_lambdas_weigh_pairs_by_what_scikit_learns_ndcg_gains_from_an_exchange(rng):
    scores, grades = rng.normal(size=6), np.array([3.0, 0.0, 1.0, 2.0, 1.0, 0.0])
    gains = (2**grades - 1)[None]
    here = ndcg_score(gains, scores[None])
    expected = 0.0
    for i in range(6):
        for j in range(6):
            if grades[i] > grades[j]:
                swapped = scores.copy()
                swapped[[i, j]] = scores[[j, i]]
                change = abs(ndcg_score(gains, swapped[None]) - here)
                expected += change * math.log1p(math.exp(-(scores[i] - scores[j])))
    for value, _ in both("lambdarank", scores, grades):
        assert value == pytest.approx(expected, rel=1e-12)


def test_lambdarank_pulls_harder_at_the_top_of_the_list():
    """The same mistake, of neighbours, at places 1 and 2 and at places 5 and 6."""
    scores, top, bottom = np.arange(6.0)[::-1], np.zeros(6), np.zeros(6)
    top[1], bottom[5] = 1.0, 1.0
    at_top = ln.lambdarank.grad(scores, top)
    at_bottom = ln.lambdarank.grad(scores, bottom)
    # Weighed alone, without the best DCG's place: only the pair with its neighbour.
    assert -at_top[1] > 0 and at_top[0] > 0 and at_bottom[5] < 0
    neighbour = [1 / math.log2(1 + r) - 1 / math.log2(2 + r) for r in (1, 5)]
    assert at_top[0] == pytest.approx(neighbour[0] / (1 + math.exp(-1)), rel=1e-12)
    assert at_bottom[4] == pytest.approx(neighbour[1] / (1 + math.exp(-1)), rel=1e-12)


def test_lambdarank_of_a_list_without_a_preference_is_0():
    for value, grad in both("lambdarank", np.array([[1.0, 2.0]]), np.array([[2.0, 2.0]])):
        assert value == 0 and not grad.any()
    for value, grad in both("lambdarank", np.array([[1.0, 2.0]]), np.zeros((1, 2))):
        assert value == 0 and not grad.any()


def test_lambdarank_uses_the_natural_logarithm_where_allrank_has_base_2():
    """allRank: 1.0000 ln 2 of the pair at equal scores is 1; ours is 0.6931 of the same weight."""
    weight = 1 - 1 / math.log2(3)
    ours = ln.lambdarank([0.0, 0.0], [1.0, 0.0])
    assert ours == pytest.approx(weight * math.log(2))
    assert ours / math.log(2) == pytest.approx(weight * 1.0)


def test_margin_ranking_of_everything_equal_is_free_without_a_margin():
    zeros, target = np.zeros(3), np.array([1.0, -1.0, 1.0])
    assert ln.margin_ranking(zeros, zeros, target) == 0
    assert ln.margin_ranking(zeros, zeros, target, margin=0.5) == 0.5
    # At the edge half of the slope, in both twins.
    grad = ln.margin_ranking.grad(zeros, zeros, target, reduction="sum")
    leaf = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    lt.margin_ranking(leaf, torch.zeros(3), torch.tensor(target), reduction="sum").backward()
    assert grad.tolist() == leaf.grad.tolist() == [-0.5, 0.5, -0.5]
