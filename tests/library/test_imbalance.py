"""Class weights, focal losses and the asymmetric loss: conventions, limits, peers' defects."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import lossfns.numpy as ln
import lossfns.torch as lt


def torchvision_focal(logits, target, alpha, gamma):
    """The formula of torchvision.ops.sigmoid_focal_loss."""
    p = logits.sigmoid()
    p_t = p * target + (1 - p) * (1 - target)
    alpha_t = alpha * target + (1 - alpha) * (1 - target)
    loss = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    return alpha_t * loss * (1 - p_t) ** gamma


# Class weights.


@pytest.mark.parametrize("counts", [(900, 100), (1000, 100, 10), (7,)])
@pytest.mark.parametrize("kind", ["inverse", "inverse_sqrt", "effective"])
def test_class_weights_are_the_formulas(counts, kind):
    n, classes, beta = sum(counts), len(counts), Fraction(0.999)
    expected = {
        "inverse": [float(Fraction(n, classes * c)) for c in counts],
        "inverse_sqrt": [float(Fraction(n, classes * c)) ** 0.5 for c in counts],
        "effective": [float((1 - beta) / (1 - beta**c)) for c in counts],
    }[kind]
    np.testing.assert_allclose(ln.class_weights(counts, kind=kind), expected, rtol=1e-14)
    weights = lt.class_weights(torch.tensor(counts), kind=kind)
    assert weights.dtype == torch.float32
    np.testing.assert_allclose(weights.numpy(), expected, rtol=1e-6)


def test_class_weights_of_the_two_worked_counts():
    assert ln.class_weights([900, 100]).round(4).tolist() == [0.5556, 5.0]
    assert ln.class_weights([1000, 100, 10]).round(4).tolist() == [0.37, 3.7, 37.0]


def test_inverse_weights_give_every_class_the_same_share_of_the_loss():
    counts = np.array([1000, 100, 10])
    np.testing.assert_allclose(ln.class_weights(counts) * counts, 370)


def test_effective_weights_run_from_equal_to_inverse():
    counts = [1000, 100, 10]
    assert ln.class_weights(counts, kind="effective", beta=0.0).tolist() == [1.0, 1.0, 1.0]
    weights = ln.class_weights(counts, kind="effective", beta=1 - 1e-13)
    np.testing.assert_allclose(weights, 1 / np.array(counts), rtol=1e-9)


def test_effective_weights_do_not_cancel():
    """In float32 β = 1 - 1e-9 is 1, and (1 - β) / (1 - β^n) is 0 / 0."""
    beta, counts = 1 - 1e-9, torch.tensor([1.0, 1000.0])
    rounded = torch.tensor(beta, dtype=torch.float32)
    assert ((1 - rounded) / (1 - rounded**counts)).isnan().all()
    exact = [float((1 - Fraction(beta)) / (1 - Fraction(beta) ** n)) for n in (1, 1000)]
    weights = lt.class_weights(counts, kind="effective", beta=beta)
    assert weights.tolist() == pytest.approx(exact, rel=1e-6)
    weights = ln.class_weights([1, 1000], kind="effective", beta=beta)
    assert weights.tolist() == pytest.approx(exact, rel=1e-14)


@pytest.mark.parametrize(
    "counts, options, name",
    [
        ([], {}, "counts"),
        ([[1, 2]], {}, "counts"),
        ([1, 0], {}, "counts"),
        ([1, -1], {}, "counts"),
        ([1.0, float("nan")], {}, "counts"),
        ([1.0, float("inf")], {}, "counts"),
        ([1, 2], {"kind": "balanced"}, "kind"),
        ([1, 2], {"kind": None}, "kind"),
        ([1, 2], {"beta": 1.0}, "beta"),
        ([1, 2], {"beta": -0.1}, "beta"),
        ([1, 2], {"beta": float("nan")}, "beta"),
    ],
)
def test_class_weights_refuse_what_is_wrong(counts, options, name):
    with pytest.raises(ValueError, match=name):
        ln.class_weights(counts, **options)
    with pytest.raises(ValueError, match=name):
        lt.class_weights(torch.tensor(counts), **options)


def test_class_weights_refuse_wrong_types():
    for wrong in ("many", ["a", "b"], [1j]):
        with pytest.raises(TypeError, match="counts"):
            ln.class_weights(wrong)
    with pytest.raises(ValueError, match="counts"):
        ln.class_weights([[1, 2], [3]])
    for wrong in ([1, 2], torch.tensor([1j])):
        with pytest.raises(TypeError, match="counts"):
            lt.class_weights(wrong)
    with pytest.raises(TypeError, match="beta"):
        ln.class_weights([1, 2], beta="0.9")


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.int32, torch.float64])
def test_class_weights_have_a_dtype_that_holds_them(dtype):
    weights = lt.class_weights(torch.tensor([1, 100], dtype=dtype))
    assert weights.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
    assert weights.tolist() == pytest.approx([50.5, 0.505])


def test_class_weights_compile():
    torch._dynamo.reset()
    compiled = torch.compile(lt.class_weights, fullgraph=True, backend="aot_eager")
    assert compiled(torch.tensor([900, 100])).tolist() == pytest.approx([5 / 9, 5.0])


# Binary focal loss.


def test_focal_without_alpha_and_gamma_is_exactly_cross_entropy(rng):
    logits = np.concatenate([rng.normal(size=50) * 10, [-1000.0, 0.0, 1000.0, -np.inf, np.inf]])
    target = np.concatenate([rng.random(50), [0.0, 0.3, 1.0, 0.0, 1.0]])
    plain = dict(alpha=None, gamma=0.0, reduction="none")
    expected = ln.bce_with_logits(logits, target, reduction="none")
    np.testing.assert_array_equal(ln.focal_with_logits(logits, target, **plain), expected)
    z, y = torch.tensor(logits), torch.tensor(target)
    assert torch.equal(
        lt.focal_with_logits(z, y, **plain), lt.bce_with_logits(z, y, reduction="none")
    )
    probs = rng.random(50)
    expected = ln.bce(probs, target[:50], reduction="none")
    np.testing.assert_array_equal(ln.focal(probs, target[:50], **plain), expected)
    p, y = torch.tensor(probs), y[:50]
    assert torch.equal(lt.focal(p, y, **plain), lt.bce(p, y, reduction="none"))


def test_focal_of_probabilities_and_of_logits_agree(rng):
    logits, target = 3 * rng.normal(size=50), rng.random(50)
    probs = 1 / (1 + np.exp(-logits))
    for options in ({}, {"alpha": None}, {"gamma": 0.5}, {"alpha": 0.9, "gamma": 5.0}):
        expected = ln.focal_with_logits(logits, target, **options)
        assert ln.focal(probs, target, **options) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_focal_with_logits_is_torchvisions_for_hard_labels(rng, gamma):
    logits = torch.tensor(3 * rng.normal(size=50))
    target = torch.tensor(rng.integers(0, 2, 50), dtype=torch.float64)
    for alpha in (0.25, 0.9):
        expected = torchvision_focal(logits, target, alpha, gamma)
        ours = lt.focal_with_logits(logits, target, alpha=alpha, gamma=gamma, reduction="none")
        torch.testing.assert_close(ours, expected)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
@pytest.mark.parametrize("gamma", [0.1, 0.5, 0.99])
def test_focal_gradient_is_finite_for_saturated_logits(dtype, gamma):
    size = 1000.0
    logits = torch.tensor([size, -size, size, -size], dtype=dtype, requires_grad=True)
    target = torch.tensor([1.0, 0.0, 0.0, 1.0], dtype=dtype)
    # torchvision: the slope of 0^γ is infinite, times a loss of 0.
    torchvision_focal(logits, target, 0.5, gamma).sum().backward()
    assert logits.grad[:2].isnan().all()
    logits.grad = None
    lt.focal_with_logits(logits, target, alpha=0.5, gamma=gamma, reduction="sum").backward()
    assert logits.grad.tolist() == [0.0, 0.0, 0.5, -0.5]
    ours = ln.focal_with_logits.grad(
        logits.detach().double().numpy(), target.numpy(), alpha=0.5, gamma=gamma, reduction="sum"
    )
    assert ours.tolist() == [0.0, 0.0, 0.5, -0.5]


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0])
def test_focal_of_infinite_logits_has_a_gradient(gamma):
    """What is certain costs nothing and moves nothing; what is wrong pulls with all its weight."""
    logits = np.array([np.inf, -np.inf, np.inf, -np.inf])
    target = np.array([1.0, 0.0, 0.0, 1.0])
    options = dict(alpha=None, gamma=gamma, reduction="none")
    losses, grad = ln.focal_with_logits.value_and_grad(logits, target, **options)
    assert losses.tolist() == [0.0, 0.0, np.inf, np.inf]
    assert grad.tolist() == [0.0, 0.0, 1.0, -1.0]
    z = torch.tensor(logits, requires_grad=True)
    lt.focal_with_logits(z, torch.tensor(target), **options).sum().backward()
    assert z.grad.tolist() == [0.0, 0.0, 1.0, -1.0]


@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_focal_of_probabilities_has_a_gradient_at_0_and_1(gamma):
    probs, target = np.array([1.0, 0.0]), np.array([1.0, 0.0])
    options = dict(alpha=None, gamma=gamma, reduction="sum")
    assert ln.focal.grad(probs, target, **options).tolist() == [0.0, 0.0]
    p = torch.tensor(probs, requires_grad=True)
    lt.focal(p, torch.tensor(target), **options).backward()
    assert p.grad.tolist() == [0.0, 0.0]


def test_alpha_weighs_positives_and_one_minus_alpha_negatives():
    """A widely copied version multiplies both classes by α: 0.0433 for a negative at p = ½."""
    positive, negative = ln.focal([0.5, 0.5], [1.0, 0.0], alpha=0.25, reduction="none")
    assert negative / positive == pytest.approx(3)
    assert (positive, negative) == (pytest.approx(0.0433, abs=1e-4), pytest.approx(0.13, abs=1e-3))


def test_soft_labels_mix_the_two_terms():
    """torchvision fades by one p_t instead: 0.25 · ln 2 at p = ½ for any y, and for y = ½
    0.25 · CE wherever the logit is."""
    logits, y = 2.0, 0.5
    both = ln.focal_with_logits([logits, logits], [1.0, 0.0], alpha=None, reduction="none")
    ours = ln.focal_with_logits([logits], [y], alpha=None)
    assert ours == pytest.approx(both.mean())
    theirs = 2 * torchvision_focal(torch.tensor([logits]), torch.tensor([y]), 0.5, 2.0).item()
    assert theirs == pytest.approx(0.25 * ln.bce_with_logits([logits], [y]))
    assert (ours, theirs) == (pytest.approx(0.8259, abs=1e-4), pytest.approx(0.2817, abs=1e-4))


def test_easy_examples_fade_by_the_factor_of_the_paper():
    """Lin et al., section 3.2: 100 times at p_t = 0.9, about 1000 times at p_t = 0.968."""
    for p, factor in ((0.9, 100), (0.968, 976.5625)):
        faded = ln.focal([p], [1.0], alpha=None)
        assert ln.bce([p], [1.0]) / faded == pytest.approx(factor)


# Softmax focal loss.


@pytest.mark.parametrize("weight", [None, np.array([0.5, 1.0, 2.0, 4.0])])
def test_softmax_focal_without_gamma_is_cross_entropy(rng, weight):
    """Peers that average over the entries of one-hot rows return CE / C: see the next test."""
    logits, labels = 5 * rng.normal(size=(30, 4)), rng.integers(0, 4, 30)
    labels[3] = -100
    for reduction in ("none", "mean", "sum"):
        options = dict(weight=weight, reduction=reduction)
        expected = ln.cross_entropy(logits, labels, **options)
        ours = ln.softmax_focal(logits, labels, gamma=0.0, **options)
        np.testing.assert_allclose(ours, expected, rtol=1e-12)
        grad = ln.softmax_focal.grad(logits, labels, gamma=0.0, **options)
        expected = ln.cross_entropy.grad(logits, labels, **options)
        np.testing.assert_allclose(grad, expected, rtol=1e-9, atol=1e-15)
    z, y = torch.tensor(logits), torch.tensor(labels)
    w = None if weight is None else torch.tensor(weight)
    expected = F.cross_entropy(z, y, weight=w)
    torch.testing.assert_close(lt.softmax_focal(z, y, gamma=0.0, weight=w), expected)


def test_the_mean_is_over_items_and_not_over_the_entries_of_one_hot_rows(rng):
    logits, labels = torch.tensor(rng.normal(size=(6, 4))), torch.tensor(rng.integers(0, 4, 6))
    rows, log_p = F.one_hot(labels, 4), logits.log_softmax(-1)
    theirs = (-rows * (1 - log_p.exp()) ** 0 * log_p).mean()
    expected = F.cross_entropy(logits, labels)
    assert theirs.item() == pytest.approx(expected.item() / 4)
    assert lt.softmax_focal(logits, labels, gamma=0.0).item() == pytest.approx(expected.item())


def test_softmax_focal_of_two_classes_is_binary_focal(rng):
    logits, labels = 3 * rng.normal(size=(30, 2)), rng.integers(0, 2, 30)
    expected = ln.focal_with_logits(logits[:, 1] - logits[:, 0], labels, alpha=None)
    assert ln.softmax_focal(logits, labels) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_softmax_focal_keeps_its_digits_for_a_sure_model(gamma):
    """At p_y = 1 - 2e-20 the power of 1 - p_y, rounded to 0, would lose loss and gradient."""
    logits, labels = np.array([[45.0, 0.0, 0.0]]), np.array([0])
    rest = 2 * np.exp(-45.0)
    assert 1 - 1 / (1 + rest) == 0
    expected = rest ** (1 + gamma)
    assert ln.softmax_focal(logits, labels, gamma=gamma) == pytest.approx(expected, rel=1e-12)
    expected = (1 + gamma) * rest ** (1 + gamma)
    grad = ln.softmax_focal.grad(logits, labels, gamma=gamma)
    assert grad[0] == pytest.approx([-expected, expected / 2, expected / 2], rel=1e-12)
    z = torch.tensor(logits, requires_grad=True)
    lt.softmax_focal(z, torch.tensor(labels), gamma=gamma).backward()
    assert z.grad[0].tolist() == pytest.approx([-expected, expected / 2, expected / 2], rel=1e-12)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("row", [[3.0], [3.0, -np.inf], [3.0, -np.inf, -np.inf]])
def test_softmax_focal_of_the_only_possible_class_is_0(row, gamma):
    z = torch.tensor([row], requires_grad=True)
    loss = lt.softmax_focal(z, torch.tensor([0]), gamma=gamma)
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(z.grad, torch.zeros_like(z))
    value, grad = ln.softmax_focal.value_and_grad(np.array([row]), [0], gamma=gamma)
    assert value == 0
    assert not grad.any()


@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_softmax_focal_of_an_impossible_label_is_infinite_and_pulls(gamma):
    value, grad = ln.softmax_focal.value_and_grad([[0.0, -np.inf, 0.0]], [1], gamma=gamma)
    assert value == np.inf
    assert grad.tolist() == [[0.5, -1.0, 0.5]]
    z = torch.tensor([[0.0, -torch.inf, 0.0]], requires_grad=True)
    lt.softmax_focal(z, torch.tensor([1]), gamma=gamma).backward()
    assert z.grad.tolist() == [[0.5, -1.0, 0.5]]


# Class-balanced focal loss.


def test_class_balanced_focal_is_a_weighted_sum_of_binary_focal_losses(rng):
    logits, labels = rng.normal(size=(20, 3)), rng.integers(0, 3, 20)
    counts = [1000, 100, 10]
    each = ln.focal_with_logits(logits, np.eye(3)[labels], alpha=None, gamma=1.5, reduction="none")
    weights = ln.class_weights(counts, kind="effective", beta=0.99)
    weights *= 3 / weights.sum()
    expected = (weights[labels] * each.sum(axis=1)).mean()
    ours = ln.class_balanced_focal(logits, labels, class_counts=counts, beta=0.99, gamma=1.5)
    assert ours == pytest.approx(expected, rel=1e-13)


def test_class_balanced_mean_is_over_items_as_in_the_authors_code(rng):
    """Divided by the weights of the batch, a batch of one class would forget its weight."""
    logits = rng.normal(size=(5, 2))
    rare, common = (
        ln.class_balanced_focal(logits, [label] * 5, class_counts=[900, 100], gamma=0.0)
        for label in (1, 0)
    )
    plain_rare, plain_common = (
        ln.class_balanced_focal(logits, [label] * 5, class_counts=[1, 1], gamma=0.0)
        for label in (1, 0)
    )
    # By effective numbers at β = 0.999 the weights are 1.7236 and 0.2764, and sum to 2.
    assert rare / plain_rare == pytest.approx(1.7236, abs=1e-4)
    assert common / plain_common == pytest.approx(0.2764, abs=1e-4)


# Asymmetric loss.


def authors_asymmetric(x, y, gamma_neg, gamma_pos, clip, eps=1e-8):
    """The formula of the authors' AsymmetricLoss, one loss per label."""
    p = torch.sigmoid(x)
    left = (1 - p + clip).clamp(max=1) if clip else 1 - p
    loss = y * p.clamp(min=eps).log() + (1 - y) * left.clamp(min=eps).log()
    p_t = p * y + left * (1 - y)
    return -loss * (1 - p_t) ** (gamma_pos * y + gamma_neg * (1 - y))


@pytest.mark.parametrize("gammas", [(4.0, 0.0), (4.0, 1.0), (2.0, 2.0), (0.0, 0.0)])
@pytest.mark.parametrize("clip", [0.0, 0.05, 0.2, 0.7])
def test_asymmetric_is_the_authors(rng, gammas, clip):
    x = torch.tensor(3 * rng.normal(size=50))
    y = torch.tensor(rng.integers(0, 2, 50), dtype=torch.float64)
    expected = authors_asymmetric(x, y, *gammas, clip)
    gamma_neg, gamma_pos = gammas
    options = dict(gamma_neg=gamma_neg, gamma_pos=gamma_pos, margin=clip)
    ours = lt.asymmetric(x, y, reduction="none", **options)
    torch.testing.assert_close(ours, expected, rtol=1e-6, atol=1e-9)
    ours = ln.asymmetric(x.numpy(), y.numpy(), reduction="none", **options)
    np.testing.assert_allclose(ours, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_symmetric_asymmetric_loss_is_focal(rng, gamma):
    logits, target = 5 * rng.normal(size=50), rng.random(50)
    expected = ln.focal_with_logits(logits, target, alpha=None, gamma=gamma)
    ours = ln.asymmetric(logits, target, gamma_pos=gamma, gamma_neg=gamma, margin=0.0)
    assert ours == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("gamma_neg", [0.0, 0.5, 1.0, 4.0])
def test_negatives_below_the_margin_cost_nothing_and_have_no_gradient(gamma_neg):
    logits = np.array([-1000.0, -10.0, -3.0])
    value, grad = ln.asymmetric.value_and_grad(logits, np.zeros(3), gamma_neg=gamma_neg)
    assert value == 0
    assert not grad.any()
    z = torch.tensor(logits, requires_grad=True)
    lt.asymmetric(z, torch.zeros(3), gamma_neg=gamma_neg).backward()
    assert not z.grad.any()


def test_asymmetric_rejects_the_hardest_negatives():
    """Its gradient rises with p, then falls: a negative at p = 0.9999 is taken for a mislabel."""
    grad = ln.asymmetric.grad([-2.0, 1.0, 9.0], [0.0, 0.0, 0.0])
    assert grad[1] > grad[0] and grad[1] > 10 * grad[2]


@pytest.mark.parametrize("margin", [0.0, 0.05])
def test_asymmetric_is_finite_for_saturated_logits(margin):
    logits, target = torch.tensor([1000.0, -1000.0] * 2, requires_grad=True), torch.ones(4)
    target[2:] = 0
    loss = lt.asymmetric(logits, target, margin=margin, gamma_pos=0.5, gamma_neg=0.5)
    loss.backward()
    assert loss.isfinite() and logits.grad.isfinite().all()


@pytest.mark.parametrize("name", ["softmax_focal", "cross_entropy"])
def test_per_sample_gradients_under_class_weights(name, rng):
    """Inside vmap a label is a scalar, and may not be used as an index."""
    logits, labels = torch.tensor(rng.normal(size=(6, 3))), torch.tensor(rng.integers(0, 3, 6))
    weight = torch.tensor([1.0, 2.0, 5.0], dtype=torch.float64)

    def of_one(row, label):
        return getattr(lt, name)(row, label, weight=weight, reduction="sum")

    grads = torch.vmap(torch.func.grad(of_one))(logits, labels)
    expected = getattr(ln, name).grad(
        logits.numpy(), labels.numpy(), weight=weight.numpy(), reduction="sum"
    )
    np.testing.assert_allclose(grads, expected, rtol=1e-12)
