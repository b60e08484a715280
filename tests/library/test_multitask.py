"""Losses of several tasks: sums, learned weights, balanced and projected gradients."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

import lossfns.numpy as ln
import lossfns.torch as lt

KINDS = ["regression", "classification", "regression"]


class TwoHeads(nn.Module):
    """A shared layer, and a number and a class from it."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.shared = nn.Linear(3, 4)
        self.number, self.scores = nn.Linear(4, 1), nn.Linear(4, 2)

    def losses(self, x, y, labels):
        hidden = torch.tanh(self.shared(x))
        number = lt.mse(self.number(hidden)[:, 0], y)
        return [number, lt.cross_entropy(self.scores(hidden), labels)]


@pytest.fixture
def data():
    torch.manual_seed(1)
    x = torch.randn(32, 3)
    return x, 100 * x[:, 0] + x[:, 1], (x[:, 2] > 0).long()


# Sums.


def test_a_list_of_losses_is_a_row_of_them():
    losses = torch.tensor([0.5, 2.0, 3.0])
    expected = lt.weighted_sum(losses, weights=[1.0, 2.0, 3.0])
    assert torch.equal(lt.weighted_sum(list(losses), weights=[1.0, 2.0, 3.0]), expected)
    weights = torch.tensor([1.0, 2.0, 3.0])
    assert torch.equal(lt.weighted_sum(tuple(losses), weights=weights), expected)
    s = torch.tensor([0.1, -0.2, 0.3])
    expected = lt.uncertainty_weighting(losses, s, kinds=KINDS)
    assert torch.equal(lt.uncertainty_weighting(list(losses), s, kinds=KINDS), expected)


def test_a_list_holds_one_loss_per_item_for_each_task(rng):
    rows = torch.tensor(rng.random((5, 3)))
    each = lt.weighted_sum(list(rows.T), weights=[1.0, 2.0, 3.0], reduction="none")
    torch.testing.assert_close(each, rows @ torch.tensor([1.0, 2, 3], dtype=torch.float64))
    first = lt.weighted_sum(list(rows.T), weights=[1.0, 2.0, 3.0], axis=0, reduction="none")
    torch.testing.assert_close(first, each)


def test_units_decide_what_equal_weights_mean():
    """In millimetres instead of metres the same fit owns the sum."""
    metres, nats = 0.04, 0.7
    assert metres / ln.weighted_sum([metres, nats], weights=[1.0, 1.0]) < 0.1
    assert metres * 1e6 / ln.weighted_sum([metres * 1e6, nats], weights=[1.0, 1.0]) > 0.9999


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_one_log_variance_per_task_is_that_one_for_every_item(rng, reduction):
    losses, s = rng.uniform(0.1, 5.0, (6, 3)), rng.normal(size=3)
    weight = rng.random(6) * (np.arange(6) != 2)
    options = dict(kinds=KINDS, reduction=reduction, sample_weight=weight)
    spread = np.broadcast_to(s, losses.shape).copy()
    expected = ln.uncertainty_weighting(losses, spread, **options)
    np.testing.assert_array_equal(ln.uncertainty_weighting(losses, s, **options), expected)
    slopes = ln.uncertainty_weighting.grad(losses, spread, wrt="log_vars", **options)
    grad = ln.uncertainty_weighting.grad(losses, s, wrt="log_vars", **options)
    np.testing.assert_allclose(grad, slopes.sum(axis=0), rtol=1e-13)
    leaf = torch.tensor(s, requires_grad=True)
    tensors = options | {"sample_weight": torch.tensor(weight)}
    total = lt.uncertainty_weighting(torch.tensor(losses), leaf, **tensors)
    np.testing.assert_allclose(total.detach(), expected, rtol=1e-13)
    total.sum().backward()
    np.testing.assert_allclose(leaf.grad, grad, rtol=1e-12, atol=1e-15)
    # The same with the tasks first.
    moved = ln.uncertainty_weighting(losses.T, s, axis=0, **options)
    np.testing.assert_allclose(moved, expected, rtol=1e-13)
    turned = ln.uncertainty_weighting.grad(losses.T, s, axis=0, wrt="log_vars", **options)
    np.testing.assert_allclose(turned, grad, rtol=1e-13)


@pytest.mark.parametrize("kind, factor", [("regression", 1.0), ("classification", 2.0)])
def test_the_best_variance_is_the_loss_or_twice_it(kind, factor):
    loss = 7.3
    best = np.log(factor * loss)
    grad = ln.uncertainty_weighting.grad([loss], [best], kinds=kind, wrt="log_vars")
    assert grad == pytest.approx(0, abs=1e-15)
    values = [ln.uncertainty_weighting([loss], [best + d], kinds=kind) for d in (-0.1, 0, 0.1)]
    assert values[1] == min(values)


def test_uncertainty_weighting_does_not_care_about_units():
    """At its best variance a loss 10⁶ times larger adds a constant, and no weight."""
    weights = []
    for scale in (1.0, 1e6):
        loss = 0.04 * scale
        pull = ln.uncertainty_weighting.grad([loss], [np.log(loss)])
        weights.append(pull[0] * loss)
    assert weights[0] == pytest.approx(weights[1])


# UncertaintyWeighting.


def test_initial_weights_are_the_weights_at_the_start():
    """Stored as log-variances, as in a widely copied module, 10 would start at e^-10 = 4.5e-5."""
    wanted = [10.0, 0.1, 3.0]
    balance = lt.UncertaintyWeighting(KINDS, initial_weights=wanted)
    assert balance.weights.tolist() == pytest.approx(wanted)
    s = balance.log_vars.tolist()
    assert s == pytest.approx([-np.log(20.0), -np.log(0.1), -np.log(6.0)])
    losses = torch.ones(3, requires_grad=True)
    balance(losses).backward()
    assert losses.grad.tolist() == pytest.approx(wanted)
    assert np.exp(-wanted[0]) == pytest.approx(4.5e-5, rel=0.01)


def test_uncertainty_weighting_learns_the_noise_of_each_task():
    balance = lt.UncertaintyWeighting(["regression", "regression"])
    optimizer = torch.optim.Adam(balance.parameters(), lr=0.1)
    losses = torch.tensor([4.0, 0.01])
    for _ in range(400):
        optimizer.zero_grad()
        balance(losses).backward()
        optimizer.step()
    assert balance.log_vars.exp().tolist() == pytest.approx([4.0, 0.01], rel=0.02)


def test_uncertainty_module_is_the_function():
    balance = lt.UncertaintyWeighting(KINDS, initial_weights=[0.5, 2.0, 1.0])
    losses = torch.tensor([1.0, 2.0, 3.0])
    expected = lt.uncertainty_weighting(losses, balance.log_vars, kinds=KINDS)
    assert torch.equal(balance(losses), expected)
    assert torch.equal(balance(list(losses)), expected)
    rows = torch.rand(4, 3)
    expected = lt.uncertainty_weighting(rows, balance.log_vars, kinds=KINDS, reduction="none")
    assert torch.equal(balance(rows, reduction="none"), expected)
    torch._dynamo.reset()
    compiled = torch.compile(balance, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(losses), balance(losses))


# GradNorm.


def test_gradnorm_weighs_the_gradients_into_balance(data):
    """A number in the hundreds beside a class: with α = 0 both pull equally in the end."""
    model, balance = TwoHeads(), lt.GradNorm(2, alpha=0.0)
    optimizer = torch.optim.Adam(balance.parameters(), lr=0.02)

    def norms():
        losses = model.losses(*data)
        grads = [torch.autograd.grad(one, model.shared.weight, retain_graph=True) for one in losses]
        return [
            w * g.norm().item() for w, (g,) in zip(balance.weights.tolist(), grads, strict=True)
        ]

    before = norms()
    assert before[0] > 100 * before[1]
    for _ in range(300):
        optimizer.zero_grad()
        balance.balancing_loss(model.losses(*data), model.shared.weight).backward()
        optimizer.step()
        balance.renormalize()
    after = norms()
    assert after[0] == pytest.approx(after[1], rel=0.3)
    assert balance.weights.sum().item() == pytest.approx(2)


def test_gradnorm_is_the_papers_formula(data):
    """Chen et al., equations 1 and 2, written with the second derivative that ours avoids."""
    model, balance = TwoHeads(), lt.GradNorm(2, alpha=1.5)
    with torch.no_grad():
        balance.weights.copy_(torch.tensor([0.4, 1.6]))
        balance.initial_losses.copy_(torch.tensor([9000.0, 0.5]))
    pull = balance.balancing_loss(model.losses(*data), model.shared.weight)
    pull.backward()

    w = torch.tensor([0.4, 1.6], requires_grad=True)
    losses = model.losses(*data)
    sizes = torch.stack(
        [
            torch.autograd.grad(w[k] * one, model.shared.weight, create_graph=True)[0].norm()
            for k, one in enumerate(losses)
        ]
    )
    rate = torch.stack(losses).detach() / torch.tensor([9000.0, 0.5])
    goal = (sizes.mean() * (rate / rate.mean()) ** 1.5).detach()
    far = (sizes - goal).abs().sum()
    torch.testing.assert_close(pull, far)
    (expected,) = torch.autograd.grad(far, w)
    torch.testing.assert_close(balance.weights.grad, expected)


def test_gradnorm_keeps_the_two_updates_apart(data):
    model, balance = TwoHeads(), lt.GradNorm(2)
    losses = model.losses(*data)
    total, pull = balance(losses), balance.balancing_loss(losses, model.shared.weight)
    plain = torch.autograd.grad(sum(losses), list(model.parameters()), retain_graph=True)
    (total + pull).backward()
    for parameter, expected in zip(model.parameters(), plain, strict=True):
        torch.testing.assert_close(parameter.grad, expected)
    assert balance.weights.grad.abs().sum() > 0


def test_gradnorm_remembers_the_first_losses():
    balance = lt.GradNorm(2)
    balance(torch.tensor([3.0, 5.0]))
    balance(torch.tensor([1.0, 1.0]))
    assert balance.initial_losses.tolist() == [3.0, 5.0]
    other = lt.GradNorm(2)
    other.load_state_dict(balance.state_dict())
    assert other.initial_losses.tolist() == [3.0, 5.0]
    idle = lt.GradNorm(2).eval()
    idle(torch.tensor([3.0, 5.0]))
    assert idle.initial_losses.tolist() == [0.0, 0.0]


def test_gradnorm_survives_losses_of_0_and_several_shared_tensors():
    w, b = torch.ones(2, requires_grad=True), torch.ones(1, requires_grad=True)
    balance = lt.GradNorm(2)
    losses = [0 * w.sum(), 0 * (w.sum() + b.sum())]
    pull = balance.balancing_loss(losses, [w, b])
    pull.backward()
    assert pull == 0 and balance.weights.grad.isfinite().all()
    losses = [3 * w[0] + 4 * b[0], w[1] * 12]
    # ‖(3, 4)‖ = 5 and ‖12‖, mean 8.5.
    assert lt.GradNorm(2, alpha=0.0).balancing_loss(losses, [w, b]).item() == pytest.approx(7)


# DWA.


def test_dwa_weighs_by_the_falling_of_the_epoch_means():
    balance = lt.DWA(2, temperature=2.0)
    epochs = [[(4.0, 1.0), (6.0, 3.0)], [(2.0, 2.0), (3.0, 2.0)], [(1.0, 1.0), (1.0, 1.0)]]
    seen = []
    for epoch in epochs:
        seen.append(balance.weights.tolist())
        for losses in epoch:
            expected = sum(w * one for w, one in zip(seen[-1], losses, strict=True))
            assert balance(torch.tensor(losses)).item() == pytest.approx(expected)
        balance.step()
    assert seen[0] == seen[1] == [1.0, 1.0]
    ratio = np.array([2.5 / 5, 2.0 / 2])
    expected = 2 * np.exp(ratio / 2) / np.exp(ratio / 2).sum()
    assert seen[2] == pytest.approx(expected.tolist())
    assert balance.weights.sum().item() == pytest.approx(2)


def test_dwa_does_not_count_what_it_sees_in_evaluation():
    balance = lt.DWA(2)
    balance.eval()
    balance(torch.tensor([1e9, 1.0]))
    with pytest.raises(ValueError, match="step"):
        balance.step()
    balance.train()
    balance(torch.tensor([2.0, 1.0]))
    balance.step()
    assert balance.previous.tolist() == [2.0, 1.0]
    with pytest.raises(ValueError, match="step"):
        balance.step()


def test_dwa_weights_are_constants_and_losses_are_differentiable():
    balance, losses = lt.DWA(2), torch.tensor([4.0, 1.0], requires_grad=True)
    for _ in range(2):
        balance(losses)
        balance.step()
    losses.grad = None
    balance(losses).backward()
    torch.testing.assert_close(losses.grad, balance.weights)
    assert not list(balance.parameters())


# What the three have in common.

BALANCERS = {
    "UncertaintyWeighting": lambda: lt.UncertaintyWeighting(["regression", "classification"]),
    "GradNorm": lambda: lt.GradNorm(2),
    "DWA": lambda: lt.DWA(2),
}
every_balancer = pytest.mark.parametrize("make", BALANCERS.values(), ids=BALANCERS.keys())


def train(balance, epochs):
    torch.manual_seed(0)
    for _ in range(epochs):
        losses = [p.sum() for p in torch.rand(2, 3)]
        total = balance(losses)
        if list(balance.parameters()):
            w = torch.ones(1, requires_grad=True)
            if isinstance(balance, lt.GradNorm):
                scaled = [(k + 1) * w[0] * one for k, one in enumerate(losses)]
                total = balance.balancing_loss(scaled, w)
            balance.zero_grad()
            total.backward()
            with torch.no_grad():
                for parameter in balance.parameters():
                    parameter -= 0.1 * parameter.grad
        if isinstance(balance, lt.DWA):
            balance.step()
    return balance


@every_balancer
def test_state_survives_a_round_trip(make):
    trained, fresh = train(make(), 5), make()
    assert str(trained.state_dict()) != str(fresh.state_dict())
    fresh.load_state_dict(copy.deepcopy(trained.state_dict()))
    losses = torch.tensor([2.0, 3.0])
    assert torch.equal(trained(losses), fresh(losses))
    assert torch.equal(trained.weights, fresh.weights)


@every_balancer
def test_everything_moves_with_the_module(make):
    balance = make().to("meta")
    assert {t.device.type for t in balance.state_dict().values()} == {"meta"}
    assert balance(torch.ones(2, device="meta")).device.type == "meta"
    assert balance.weights.device.type == "meta"
    double = make().double()
    assert double(torch.ones(2, dtype=torch.float64)).dtype == torch.float64


@pytest.mark.gpu
@every_balancer
def test_balancers_run_on_the_gpu(make):
    balance = train(make(), 3).to("cuda")
    assert balance(torch.ones(2, device="cuda")).device.type == "cuda"


@every_balancer
def test_half_precision_losses_are_added_in_float32(make):
    total = make()(torch.tensor([60000.0, 60000.0], dtype=torch.float16))
    assert total.dtype == torch.float32 and total.isfinite()


@every_balancer
def test_balancers_name_what_is_wrong(make):
    with pytest.raises((TypeError, ValueError), match="losses"):
        make()([1.0, 2.0])
    with pytest.raises(TypeError, match="losses"):
        make()(torch.tensor([1, 2]))
    with pytest.raises(ValueError, match="one value per task|one kind per task"):
        make()(torch.ones(3))
    with pytest.raises(ValueError, match="losses"):
        make()([])
    with pytest.raises(ValueError, match="losses"):
        make()([torch.ones(1), torch.ones(2)])


@pytest.mark.parametrize(
    "build, error, name",
    [
        (lambda: lt.UncertaintyWeighting("regression"), TypeError, "kinds"),
        (lambda: lt.UncertaintyWeighting(["ranking"]), ValueError, "kinds"),
        (lambda: lt.UncertaintyWeighting(3), TypeError, "kinds|int"),
        (
            lambda: lt.UncertaintyWeighting(KINDS, initial_weights=[1.0]),
            ValueError,
            "initial_weights",
        ),
        (
            lambda: lt.UncertaintyWeighting(KINDS, initial_weights=[1.0, 0.0, 1.0]),
            ValueError,
            "initial_weights",
        ),
        (lambda: lt.GradNorm(0), ValueError, "tasks"),
        (lambda: lt.GradNorm(2.0), TypeError, "tasks"),
        (lambda: lt.GradNorm(2, alpha=-1.0), ValueError, "alpha"),
        (lambda: lt.DWA(True), TypeError, "tasks"),
        (lambda: lt.DWA(2, temperature=0.0), ValueError, "temperature"),
        (lambda: ln.weighted_sum([1.0, 2.0], weights=[1.0]), ValueError, "weights"),
        (lambda: ln.weighted_sum([1.0, 2.0], weights=[1.0, -1.0]), ValueError, "weights"),
        (lambda: ln.weighted_sum([1, 2], weights=[1.0, 1.0]), TypeError, "losses"),
        (lambda: ln.weighted_sum([1.0, np.nan], weights=[1.0, 1.0]), ValueError, "losses"),
        (lambda: ln.weighted_sum([], weights=[]), ValueError, "losses"),
        (lambda: ln.uncertainty_weighting([1.0, 2.0], [0.0]), ValueError, "log_vars"),
        (lambda: ln.uncertainty_weighting([[1.0, 2.0]], [[0.0]]), ValueError, "log_vars"),
        (lambda: ln.uncertainty_weighting([1.0], [0.0], kinds=[]), ValueError, "kinds"),
        (lambda: ln.uncertainty_weighting([1.0], [0.0], kinds=3), TypeError, "kinds"),
        (
            lambda: lt.weighted_sum(torch.ones(2), weights=torch.tensor([1.0, -1.0])),
            ValueError,
            "weights",
        ),
        (lambda: lt.weighted_sum(torch.ones(2), weights=[1.0, "2"]), TypeError, "weights"),
        (
            lambda: lt.uncertainty_weighting(torch.ones(2), torch.zeros(3)),
            ValueError,
            "log_vars",
        ),
        (lambda: lt.uncertainty_weighting(torch.ones(2), [0.0, 0.0]), TypeError, "log_vars"),
    ],
)
def test_wrong_arguments_are_named(build, error, name):
    with pytest.raises(error, match=name):
        build()


# PCGrad.


def surgery_by_vectors(grads, orders):
    """Yu et al., algorithm 1, on the gradients themselves."""
    total = torch.zeros_like(grads[0])
    for i, order in enumerate(orders):
        own = grads[i].clone()
        for j in order:
            if j != i and own @ grads[j] < 0:
                own -= (own @ grads[j]) / (grads[j] @ grads[j]) * grads[j]
        total += own
    return total


@pytest.mark.parametrize("tasks", [1, 2, 3, 6])
def test_pcgrad_is_the_papers_algorithm(tasks):
    torch.manual_seed(tasks)
    grads = torch.randn(tasks, 4, dtype=torch.float64)
    a, b = torch.zeros(3, dtype=torch.float64), torch.zeros((), dtype=torch.float64)
    a.requires_grad_(), b.requires_grad_()
    losses = [g[:3] @ a + g[3] * b for g in grads]
    orders = torch.Generator().manual_seed(7)
    expected = surgery_by_vectors(
        grads, [torch.randperm(tasks, generator=orders).tolist() for _ in range(tasks)]
    )
    ours = lt.pcgrad(losses, [a, b], generator=torch.Generator().manual_seed(7))
    torch.testing.assert_close(torch.cat([ours[0], ours[1][None]]), expected)


def test_pcgrad_of_gradients_that_agree_is_their_sum(data):
    model = TwoHeads()
    losses = model.losses(*data)
    same = [losses[1], 3 * losses[1]]
    expected = torch.autograd.grad(
        4 * losses[1], list(model.shared.parameters()), retain_graph=True
    )
    ours = lt.pcgrad(same, model.shared.parameters())
    torch.testing.assert_close(ours, expected)


def test_pcgrad_never_pulls_against_a_task_of_two(data):
    torch.manual_seed(3)
    for _ in range(20):
        g = torch.randn(2, 5)
        w = torch.zeros(5, requires_grad=True)
        (step,) = lt.pcgrad([g[0] @ w, g[1] @ w], [w])
        assert (g @ step >= -1e-5).all()
        if g[0] @ g[1] < 0:
            assert not torch.allclose(step, g.sum(0))


def test_pcgrad_gives_zeros_for_parameters_without_a_part_and_survives_flat_tasks():
    w, unused = torch.ones(2, requires_grad=True), torch.ones(3, requires_grad=True)
    grads = lt.pcgrad([(w * w).sum(), 0 * w.sum(), -w.sum()], [w, unused])
    assert grads[0].isfinite().all()
    assert torch.equal(grads[1], torch.zeros(3))


@pytest.mark.parametrize("method", ["pcgrad", "GradNorm"])
def test_no_task_goes_back_through_the_network_of_another(method):
    w = torch.ones(2, requires_grad=True)
    parts, passes = [2 * w, 3 * w], []
    for k, part in enumerate(parts):
        part.register_hook(lambda grad, k=k: passes.append(k))
    losses = [part.sum() for part in parts]
    if method == "pcgrad":
        lt.pcgrad(losses, [w])
    else:
        lt.GradNorm(2).balancing_loss(losses, w)
    assert passes == [0, 1]


def test_pcgrad_trains_a_network(data):
    model = TwoHeads()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    before = [one.item() for one in model.losses(*data)]
    generator = torch.Generator().manual_seed(0)
    for _ in range(100):
        grads = lt.pcgrad(model.losses(*data), model.parameters(), generator=generator)
        for parameter, grad in zip(model.parameters(), grads, strict=True):
            parameter.grad = grad
        optimizer.step()
    after = [one.item() for one in model.losses(*data)]
    assert after[0] < 0.7 * before[0] and after[1] < 0.7 * before[1]


def test_pcgrad_keeps_the_dtype_of_the_parameters():
    w = torch.ones(2, dtype=torch.bfloat16, requires_grad=True)
    (grad,) = lt.pcgrad([w.float().sum(), -2 * w.float()[0]], [w])
    assert grad.dtype == torch.bfloat16


@pytest.mark.parametrize(
    "losses, parameters, error, name",
    [
        ([], [torch.ones(1, requires_grad=True)], ValueError, "losses"),
        ([torch.ones(2)], [torch.ones(1, requires_grad=True)], ValueError, "losses"),
        ([1.0], [torch.ones(1, requires_grad=True)], TypeError, "losses"),
        ([torch.tensor(1.0)], [], ValueError, "parameters"),
        ([torch.tensor(1.0)], [1.0], TypeError, "parameters"),
    ],
)
def test_pcgrad_names_what_is_wrong(losses, parameters, error, name):
    with pytest.raises(error, match=name):
        lt.pcgrad(losses, parameters)
