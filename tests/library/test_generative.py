"""Losses of generative models: GAN kinds, sums and means over pixels, penalties, features."""

import itertools
import math

import numpy as np
import pytest
import torch

import lossfns.numpy as ln
import lossfns.torch as lt

NAN = float("nan")
KINDS = ["minimax", "non_saturating", "hinge", "least_squares", "wasserstein"]

# Adversarial losses.


def test_each_kind_of_generator_and_discriminator_has_its_numbers():
    """At a fake score of -2 and a real one of 0.5: five conventions, five numbers."""

    def softplus(x):
        return math.log1p(math.exp(x))

    expected = {
        "minimax": (-softplus(-2), softplus(-0.5) + softplus(-2)),
        "non_saturating": (softplus(2), softplus(-0.5) + softplus(-2)),
        "hinge": (2.0, 0.5 + 0.0),
        "least_squares": (4.5, 0.125 + 2.0),
        "wasserstein": (2.0, -2.5),
    }
    fake, real = np.array([-2.0]), np.array([0.5])
    for kind, (generator, discriminator) in expected.items():
        assert ln.gan_generator(fake, kind=kind) == pytest.approx(generator, rel=1e-14)
        value = lt.gan_generator(torch.tensor(fake), kind=kind).item()
        assert value == pytest.approx(generator, rel=1e-14)
        assert ln.gan_discriminator(real, fake, kind=kind) == pytest.approx(discriminator)
        value = lt.gan_discriminator(torch.tensor(real), torch.tensor(fake), kind=kind).item()
        assert value == pytest.approx(discriminator, rel=1e-14)


def test_minimax_hardly_pulls_a_bad_generator_and_non_saturating_does():
    """At f = -10: slopes of 4.5e-5 and 0.99995."""
    slopes = {k: ln.gan_generator.grad([-10.0], kind=k)[0] for k in KINDS[:2]}
    assert slopes["minimax"] == pytest.approx(-4.54e-5, rel=1e-3)
    assert slopes["non_saturating"] == pytest.approx(-0.9999546, rel=1e-6)
    # Both have the same zero of the game: at f = 0 each slope is ½.
    assert [ln.gan_generator.grad([0.0], kind=k)[0] for k in KINDS[:2]] == [-0.5, -0.5]


def test_discriminator_is_the_sum_of_two_cross_entropies_where_others_average(rng):
    real, fake = rng.normal(size=9), rng.normal(size=9)
    scores, labels = np.concatenate([real, fake]), np.repeat([1.0, 0.0], 9)
    averaged = ln.bce_with_logits(scores, labels)
    assert ln.gan_discriminator(real, fake) == pytest.approx(2 * averaged, rel=1e-13)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [1e2, 1e4])
def test_certain_discriminators_give_finite_losses_and_gradients(kind, size):
    """ln(1 - σ(100)), written so, is ln 0."""
    assert torch.log(1 - torch.sigmoid(torch.tensor(size))).item() == -math.inf
    scores = torch.tensor([size, -size], requires_grad=True)
    for loss in (
        lt.gan_generator(scores, kind=kind),
        lt.gan_discriminator(scores, -scores.detach(), kind=kind),
    ):
        (grad,) = torch.autograd.grad(loss, scores)
        assert loss.isfinite() and grad.isfinite().all()


def test_hinge_is_flat_beyond_the_margin_and_half_on_it():
    r, f = np.array([0.0, 1.0, 2.0]), np.array([0.0, -1.0, -2.0])
    options = dict(kind="hinge", reduction="none")
    assert ln.gan_discriminator.grad(r, f, **options).tolist() == [-1, -0.5, 0]
    assert ln.gan_discriminator.grad(r, f, wrt="fake_scores", **options).tolist() == [1, 0.5, 0]
    leaves = [torch.tensor(x, requires_grad=True) for x in (r, f)]
    grads = torch.autograd.grad(lt.gan_discriminator(*leaves, **options).sum(), leaves)
    assert [g.tolist() for g in grads] == [[-1, -0.5, 0], [1, 0.5, 0]]


# Variational and diffusion losses.


def test_elbo_sums_over_pixels_where_a_mean_multiplies_beta(rng):
    """Averaged over 100 pixels, β = 1 weighs the KL term like β = 100."""
    pred, target = rng.normal(size=(4, 100)), rng.random((4, 100))
    mean, log_var = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    kl = ln.gaussian_kl(mean, log_var)
    pixel_mean = ln.bce_with_logits(pred, target)
    latent = dict(mean=mean, log_var=log_var)
    assert ln.elbo(pred, target, **latent) == pytest.approx(100 * pixel_mean + kl, rel=1e-13)
    averaged = pixel_mean + kl
    assert averaged == pytest.approx(ln.elbo(pred, target, **latent, beta=100.0) / 100, rel=1e-13)
    assert averaged != pytest.approx(ln.elbo(pred, target, **latent) / 100, rel=0.01)


@pytest.mark.parametrize("shape", [(4,), (4, 6), (4, 2, 3), (4, 1, 2, 3)])
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_images_of_any_shape_have_one_loss_an_item(shape, likelihood, rng):
    pred, target = rng.normal(size=shape), rng.random(shape)
    latent = dict(mean=rng.normal(size=(4, 2)), log_var=rng.normal(size=(4, 2)))
    flat = [x.reshape(4, -1) for x in (pred, target)]
    options = dict(likelihood=likelihood, reduction="none")
    losses, grad = ln.elbo.value_and_grad(pred, target, **latent, **options)
    expected, flat_grad = ln.elbo.value_and_grad(*flat, **latent, **options)
    np.testing.assert_allclose(losses, expected, rtol=1e-14)
    assert grad.shape == shape
    np.testing.assert_array_equal(grad.reshape(4, -1), flat_grad)
    weight = np.array([1.0, 0.0, 2.0, 0.5])
    for name, args, extra in [
        ("elbo", (pred, target), latent),
        ("diffusion", (pred, target), {"snr": np.array([0.1, 3.0, 8.0, 90.0])}),
    ]:
        extra = extra | {"sample_weight": weight}
        ours = getattr(ln, name)(*args, **extra)
        tensors = {n: torch.tensor(v) for n, v in extra.items()}
        theirs = getattr(lt, name)(*map(torch.tensor, args), **tensors)
        assert theirs.item() == pytest.approx(ours, rel=1e-13)


def test_the_gaussian_elbo_is_a_bound_on_the_log_likelihood():
    """A linear model with one latent: -ln p(x) is known, and the bound is tight at the posterior.

    x = z + ε, both standard normal: p(x) = N(0, 2), p(z | x) = N(x/2, 1/2).
    """
    x = 1.3
    exact = 0.5 * math.log(2 * math.pi * 2) + x**2 / 4
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    weights = weights / weights.sum()

    def bound(mean, var):
        z = mean + math.sqrt(var) * nodes
        n = len(z)
        losses = ln.elbo(
            z[:, None], np.full((n, 1), x), mean=np.full((n, 1), mean),
            log_var=np.full((n, 1), math.log(var)), likelihood="gaussian", reduction="none",
        )  # fmt: skip
        return (weights * losses).sum() + 0.5 * math.log(2 * math.pi)

    assert bound(x / 2, 0.5) == pytest.approx(exact, rel=1e-12)
    for mean, var in itertools.product((0.0, 0.5, 1.0), (0.25, 0.5, 1.0)):
        assert bound(mean, var) > exact


@pytest.mark.parametrize(
    "shape, latent",
    [((), (1, 2)), ((3, 2), (2, 2)), ((3, 2), (3,)), ((3, 2), (3, 2, 1)), ((3, 2), ())],
)
def test_elbo_needs_a_latent_row_for_each_item(shape, latent):
    for elbo, ones in [(ln.elbo, np.ones), (lt.elbo, torch.ones)]:
        with pytest.raises(ValueError, match="mean"):
            elbo(ones(shape), ones(shape), mean=ones(latent), log_var=ones(latent))


def test_diffusion_without_snr_is_mse(rng):
    pred, target = rng.normal(size=(5, 2, 3)), rng.normal(size=(5, 2, 3))
    expected = ln.mse(pred, target)
    assert ln.diffusion(pred, target) == pytest.approx(expected, rel=1e-14)
    value = lt.diffusion(torch.tensor(pred), torch.tensor(target))
    assert value.item() == pytest.approx(expected, rel=1e-14)
    grad = ln.diffusion.grad(pred, target)
    np.testing.assert_allclose(grad, ln.mse.grad(pred, target), rtol=1e-14)
    noisy = np.full(5, 0.5)  # below γ every step counts fully
    assert ln.diffusion(pred, target, snr=noisy) == pytest.approx(expected, rel=1e-14)


def test_min_snr_weights_do_not_enter_the_denominator():
    """Divided by their sum, (½ · 5 + 1 · 5) / 1.5 = 5 would hide the weighting altogether."""
    pred, zeros = np.array([[1.0, 3.0], [1.0, 3.0]]), np.zeros((2, 2))
    snr = np.array([10.0, 1.0])
    assert ln.diffusion(pred, zeros, snr=snr) == pytest.approx((2.5 + 5) / 2)
    value = lt.diffusion(*map(torch.tensor, (pred, zeros)), snr=torch.tensor(snr))
    assert value.item() == pytest.approx((2.5 + 5) / 2)


def test_diffusion_needs_items():
    for diffusion, convert in [(ln.diffusion, np.asarray), (lt.diffusion, torch.tensor)]:
        with pytest.raises(ValueError, match="pred"):
            diffusion(convert(1.0), convert(1.0))


# Penalties on the slope of a critic.


def quadratic(matrix):
    """D(x) = ½ xᵀ M x, with slope M x."""
    return lambda x: 0.5 * ((x @ matrix) * x).sum(-1)


@pytest.fixture
def matrix():
    m = torch.randn(3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    return (m + m.T).requires_grad_()


@pytest.fixture
def items():
    generator = torch.Generator().manual_seed(2)
    return torch.randn(5, 3, dtype=torch.float64, generator=generator)


def test_r1_penalty_of_a_quadratic_critic_and_its_gradient(matrix, items):
    x = items.clone().requires_grad_()
    penalty = lt.r1_penalty(quadratic(matrix)(x), x, gamma=4.0)
    slope = items @ matrix
    expected = 2 * (slope**2).sum(-1).mean()
    torch.testing.assert_close(penalty, expected)
    # Into the critic's parameters, by double backward.
    symmetric = 0.5 * (matrix + matrix.T)
    expected = 2 * ((items @ symmetric) ** 2).sum(-1).mean()
    actual = torch.autograd.grad(penalty, matrix)[0]
    torch.testing.assert_close(actual, torch.autograd.grad(expected, matrix)[0])


def test_r1_penalty_of_a_linear_critic_is_its_slope_squared(items):
    x = items.clone().requires_grad_()
    w = torch.tensor([1.0, 2.0, 2.0], dtype=torch.float64)
    assert lt.r1_penalty(x @ w, x, gamma=1.0).item() == pytest.approx(4.5)
    assert lt.r1_penalty(x @ w, x, gamma=0.0).item() == 0
    # Several scores of an item (patches) add up before the slope is taken.
    both = torch.stack([x @ w, x @ w], dim=1)
    assert lt.r1_penalty(both, x, gamma=1.0).item() == pytest.approx(18)


@pytest.mark.parametrize("slope, expected", [(0.0, 1.0), (1.0, 0.0), (3.0, 4.0)])
def test_gradient_penalty_of_a_linear_critic(slope, expected, items):
    direction = torch.tensor([3.0, 0.0, 4.0], dtype=torch.float64) / 5 * slope
    penalty = lt.gradient_penalty(lambda x: x @ direction, items, -items, weight=1.0)
    assert penalty.item() == pytest.approx(expected, abs=1e-15)


def test_gradient_penalty_looks_between_real_and_fake(matrix, items):
    """The same u for all the entries of an item, another for each item."""

    def seed():
        return torch.Generator().manual_seed(7)

    u = torch.rand(5, 1, dtype=torch.float64, generator=seed())
    between = u * items + (1 - u) * items.flip(0)
    expected = 10 * (((between @ matrix).norm(dim=-1) - 1) ** 2).mean()
    penalty = lt.gradient_penalty(quadratic(matrix), items, items.flip(0), generator=seed())
    torch.testing.assert_close(penalty, expected)


def test_gradient_penalty_trains_the_critic(items):
    w = torch.tensor([0.3, -0.4, 1.2], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda v: lt.gradient_penalty(lambda x: x @ v, items, -items, weight=2.0), (w,)
    )
    # λ (‖w‖ - 1)²: slope 2 λ (‖w‖ - 1) ŵ.
    penalty = lt.gradient_penalty(lambda x: x @ w, items, -items, weight=2.0)
    (grad,) = torch.autograd.grad(penalty, w)
    torch.testing.assert_close(grad, (4 * (w.norm() - 1) * w / w.norm()).detach())


def test_gradient_penalty_of_a_flat_critic_has_a_gradient_where_norm_gives_nan(items):
    w = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    naive = ((w**2).sum().sqrt() - 1) ** 2
    assert torch.autograd.grad(naive, w)[0].isnan().all()
    penalty = lt.gradient_penalty(lambda x: x @ w, items, -items)
    assert penalty.item() == 10
    assert not torch.autograd.grad(penalty, w)[0].any()


def test_penalties_of_an_empty_batch_are_0():
    x = torch.zeros(0, 3, requires_grad=True)
    assert lt.r1_penalty(x.sum(1), x).item() == 0
    assert lt.gradient_penalty(lambda v: v.sum(1), x.detach(), x.detach()).item() == 0


X = torch.ones(4, 3, requires_grad=True)
SCORES = X.sum(1)
WRONG_R1 = [
    ({"gamma": -1.0}, "gamma"),
    ({"gamma": NAN}, "gamma"),
    ({"gamma": "10"}, "gamma"),
    ({"gamma": None}, "gamma"),
    ({"gamma": True}, "gamma"),
    ({"real_scores": [1.0]}, "real_scores"),
    ({"real_scores": None}, "real_scores"),
    ({"real_scores": 1.0}, "real_scores"),
    ({"real_scores": torch.ones(4, dtype=torch.int64)}, "real_scores"),
    ({"real_scores": SCORES.sum()}, "real_scores"),
    ({"real_scores": SCORES[:3]}, "real_scores"),
    ({"real_scores": torch.ones(4)}, "real_scores"),
    ({"real_scores": torch.ones(4, requires_grad=True)}, "real_scores"),
    ({"real_scores": SCORES * NAN}, "real_scores"),
    ({"inputs": X.detach()}, "inputs"),
    ({"inputs": [1.0]}, "inputs"),
    ({"inputs": None}, "inputs"),
    ({"inputs": torch.ones(4, 3, dtype=torch.int64)}, "inputs"),
]


@pytest.mark.parametrize("change, blamed", WRONG_R1)
def test_r1_penalty_refuses_what_is_wrong(change, blamed):
    with pytest.raises((ValueError, TypeError), match=blamed):
        lt.r1_penalty(**{"real_scores": SCORES, "inputs": X} | change)


ITEMS = torch.ones(4, 3)
WRONG_PENALTY = [
    ({"weight": -1.0}, "weight"),
    ({"weight": NAN}, "weight"),
    ({"weight": "10"}, "weight"),
    ({"weight": None}, "weight"),
    ({"critic": None}, "critic"),
    ({"critic": SCORES}, "critic"),
    ({"critic": lambda x: 1.0}, "critic"),
    ({"critic": lambda x: x.sum()}, "critic"),
    ({"critic": lambda x: torch.ones(4)}, "critic"),
    ({"critic": lambda x: x.detach().sum(1)}, "critic"),
    ({"real": ITEMS.long()}, "real"),
    ({"real": [1.0]}, "real"),
    ({"real": None}, "real"),
    ({"real": torch.tensor(1.0), "fake": torch.tensor(1.0)}, "real"),
    ({"real": ITEMS * NAN}, "real"),
    ({"fake": ITEMS[:3]}, "fake"),
    ({"fake": ITEMS[:, :2]}, "fake"),
    ({"fake": [1.0]}, "fake"),
    ({"fake": ITEMS * NAN}, "fake"),
    ({"fake": torch.ones(4, 3, device="meta")}, "fake"),
]


@pytest.mark.parametrize("change, blamed", WRONG_PENALTY)
def test_gradient_penalty_refuses_what_is_wrong(change, blamed):
    arguments = {"critic": lambda x: (x**2).sum(1), "real": ITEMS, "fake": -ITEMS} | change
    with pytest.raises((ValueError, TypeError), match=blamed):
        lt.gradient_penalty(**arguments)


# Losses of features.

FEATURES = ["perceptual", "lpips_like", "style"]
every_feature_loss = pytest.mark.parametrize("name", FEATURES)


def maps(seed, *shapes):
    generator = torch.Generator().manual_seed(seed)
    shapes = shapes or ((2, 3, 4, 5), (2, 6, 2, 2))
    return [torch.randn(shape, dtype=torch.float64, generator=generator) for shape in shapes]


def naive(name, pred, target):
    """Loops over items and positions."""
    n, channels = pred.shape[:2]
    a, b = (x.reshape(n, channels, -1).numpy() for x in (pred, target))
    positions = a.shape[-1]
    if name == "perceptual":
        return np.mean((a - b) ** 2)
    total = 0.0
    for i in range(n):
        if name == "lpips_like":
            for k in range(positions):
                u, v = a[i, :, k], b[i, :, k]
                gap = u / np.linalg.norm(u) - v / np.linalg.norm(v)
                total += gap @ gap / positions
        else:
            gram = [x[i] @ x[i].T / (channels * positions) for x in (a, b)]
            total += ((gram[0] - gram[1]) ** 2).sum()
    return total / n


@every_feature_loss
def test_feature_losses_are_their_loops(name):
    pred, target = maps(1), maps(2)
    each = [naive(name, p, t) for p, t in zip(pred, target, strict=True)]
    loss = getattr(lt, name)
    assert loss(pred, target).item() == pytest.approx(sum(each), rel=1e-12)
    weighted = loss(pred, target, weights=[0.5, 2.0]).item()
    assert weighted == pytest.approx(0.5 * each[0] + 2 * each[1], rel=1e-12)
    assert loss(pred, pred).item() == 0
    assert loss(target, pred).item() == pytest.approx(sum(each), rel=1e-12)


@every_feature_loss
def test_feature_losses_pass_gradcheck_twice(name):
    pred, target = maps(3, (2, 3, 2))[0].requires_grad_(), maps(4, (2, 3, 2))[0]
    loss = getattr(lt, name)
    assert torch.autograd.gradcheck(lambda p: loss([p], [target]), (pred,))
    assert torch.autograd.gradgradcheck(lambda p: loss([p], [target]), (pred,))


@every_feature_loss
def test_feature_losses_of_dead_features_have_a_finite_gradient(name):
    """A position where every channel is 0, as after a ReLU, has no direction."""
    pred = torch.zeros(1, 2, 3, requires_grad=True)
    loss = getattr(lt, name)([pred], [torch.ones(1, 2, 3)])
    (grad,) = torch.autograd.grad(loss, pred)
    assert loss.isfinite() and grad.isfinite().all()


def test_style_forgets_where_things_are_and_perceptual_does_not():
    (pred,), order = maps(5, (2, 3, 8)), torch.randperm(8, generator=torch.Generator())
    moved = pred[:, :, order]
    assert lt.style([pred], [moved]).item() == pytest.approx(0, abs=1e-25)
    assert lt.perceptual([pred], [moved]).item() > 0.1


def test_lpips_like_ignores_the_size_of_features_in_any_dtype():
    (pred,), (target,) = maps(6, (2, 3, 8)), maps(7, (2, 3, 8))
    expected = lt.lpips_like([pred], [target]).item()
    assert lt.lpips_like([1e200 * pred], [1e-200 * target]).item() == pytest.approx(expected)
    half = lt.lpips_like([(300 * pred).half()], [target.half()])
    assert half.dtype == torch.float32
    assert half.item() == pytest.approx(expected, rel=1e-2)


@every_feature_loss
def test_feature_losses_compile_and_stay_exact_under_autocast(name):
    pred, target = maps(8), maps(9)
    loss = getattr(lt, name)
    expected = loss(pred, target)
    torch._dynamo.reset()
    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(pred, target), expected)
    single = [x.float() for x in pred], [x.float() for x in target]
    with torch.autocast("cpu", torch.bfloat16):
        value = loss(*single)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, expected.float())


MAPS = [torch.ones(2, 3, 4)]
WRONG_FEATURES = [
    ({"pred_features": torch.ones(2, 3, 4)}, "pred_features"),
    ({"pred_features": torch.ones(1, 2, 3, 4)}, "pred_features"),
    ({"pred_features": []}, "pred_features"),
    ({"pred_features": None}, "pred_features"),
    ({"pred_features": MAPS * 2}, "pred_features"),
    ({"pred_features": [np.ones((2, 3, 4))]}, "pred_features"),
    ({"pred_features": [torch.ones(2, 3, 4, dtype=torch.int64)]}, "pred_features"),
    ({"pred_features": [torch.full((2, 3, 4), NAN)]}, "pred_features"),
    ({"pred_features": [torch.ones(2, 3, 5)]}, "pred_features"),
    ({"pred_features": [torch.ones(2, 3)], "target_features": [torch.ones(2, 3)]}, "pred_features"),
    (
        {"pred_features": [torch.ones(0, 3, 4)], "target_features": [torch.ones(0, 3, 4)]},
        "pred_features",
    ),
    ({"target_features": torch.ones(1, 2, 3, 4)}, "target_features"),
    ({"target_features": MAPS * 2}, "target_features"),
    ({"target_features": None}, "target_features"),
    ({"target_features": [torch.full((2, 3, 4), NAN)]}, "target_features"),
    ({"target_features": [torch.ones(2, 3, 4, device="meta")]}, "target_features"),
    ({"target_features": [torch.ones(2, 3, 4, dtype=torch.complex64)]}, "target_features"),
    ({"weights": [1.0, 1.0]}, "weights"),
    ({"weights": [-1.0]}, "weights"),
    ({"weights": [NAN]}, "weights"),
    ({"weights": ["1"]}, "weights"),
    ({"weights": 1.0}, "weights"),
    ({"weights": []}, "weights"),
    ({"weights": torch.ones(1)}, "weights"),
]


@every_feature_loss
@pytest.mark.parametrize("change, blamed", WRONG_FEATURES)
def test_feature_losses_refuse_what_is_wrong(name, change, blamed):
    arguments = {"pred_features": MAPS, "target_features": MAPS} | change
    with pytest.raises((ValueError, TypeError), match=blamed):
        getattr(lt, name)(**arguments)
