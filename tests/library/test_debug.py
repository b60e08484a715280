"""The debugging tools, each on a training run that is really broken."""

import math

import pytest
import torch
from torch import nn

import lossfns.torch as lt


class Root(nn.Module):
    """Its slope at 0 is infinite."""

    def forward(self, x):
        return x.sqrt()


class Log(nn.Module):
    def forward(self, x):
        return x.log()


def network(*middle):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), *middle, nn.Linear(4, 1))


def hooks(module):
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return sum(len(getattr(m, kind)) for m in module.modules() for kind in kinds)


# check_finite


def test_check_finite_says_what_where_and_how_much():
    bad = torch.zeros(2, 3)
    bad[1, 0], bad[1, 1], bad[1, 2] = math.inf, math.nan, -math.inf
    message = r"labels holds 1 NaN and 2 infinities in 6 values, the first at index \(1, 0\)"
    with pytest.raises(ValueError, match=message):
        lt.check_finite(logits=torch.ones(2), labels=bad)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.int64])
def test_check_finite_lets_finite_tensors_pass(dtype):
    assert lt.check_finite(x=torch.ones(3, dtype=dtype), empty=torch.ones(0, dtype=dtype)) is None


@pytest.mark.parametrize("wrong", [1.0, None, [1.0], "1"])
def test_check_finite_takes_tensors(wrong):
    with pytest.raises(TypeError, match="logits"):
        lt.check_finite(logits=wrong)


# gradient_norms


def test_gradient_norms_show_where_the_gradient_vanishes():
    torch.manual_seed(0)
    deep = nn.Sequential(*[layer for _ in range(6) for layer in (nn.Linear(8, 8), nn.Sigmoid())])
    deep(torch.randn(16, 8)).square().mean().backward()
    norms = lt.gradient_norms(deep)
    assert norms["0.weight"] < 1e-3 * norms["10.weight"]
    parts = [value for name, value in norms.items() if name != "total"]
    assert norms["total"] == pytest.approx(math.hypot(*parts))
    clipped = nn.utils.clip_grad_norm_(deep.parameters(), 1.0)
    assert norms["total"] == pytest.approx(clipped.item(), rel=1e-5)


def test_gradient_norms_leave_out_what_is_not_part_of_the_loss():
    net = network(nn.ReLU())
    net.register_module("unused", nn.Linear(2, 2))
    net[0](torch.ones(1, 3)).sum().backward()
    assert lt.gradient_norms(net).keys() == {"0.weight", "0.bias", "total"}
    assert lt.gradient_norms(nn.Linear(1, 1)) == {"total": 0.0}


def test_gradient_norms_of_half_precision_do_not_overflow():
    layer = nn.Linear(4, 4, dtype=torch.float16)
    layer.weight.grad = torch.full((4, 4), 6e4, dtype=torch.float16)
    assert layer.weight.grad.norm().isinf()
    assert lt.gradient_norms(layer)["total"] == pytest.approx(4 * 6e4, rel=1e-3)


# watch


def test_watch_finds_the_layer_whose_output_is_not_finite():
    net = network(nn.Identity(), Log(), nn.Tanh())
    inputs = torch.randn(5, 3)
    assert net(inputs).isnan().any()
    with lt.watch(net) as trouble:
        net(inputs)
    assert trouble and (trouble.layer, trouble.stage) == ("2", "forward")


def test_watch_finds_the_layer_whose_gradient_is_not_finite():
    """√0 is a perfectly good 0; its slope is not."""
    net = network(nn.Threshold(1e9, 0.0), Root())
    with lt.watch(net) as trouble:
        value = net(torch.randn(5, 3)).sum()
        assert value.isfinite() and not trouble
        value.backward()
    assert (trouble.layer, trouble.stage) == ("2", "backward")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("asked", [False, True])
def test_watch_is_silent_and_finds_it_whether_the_inputs_ask_for_a_gradient(asked):
    net = network(nn.Threshold(1e9, 0.0), Root())
    inputs = torch.randn(5, 3, requires_grad=asked)
    with lt.watch(net) as trouble:
        net(inputs).sum().backward()
    assert (trouble.layer, trouble.stage) == ("2", "backward")


def test_watch_blames_the_layer_and_not_another_with_the_same_input():
    class Both(nn.Module):
        def __init__(self):
            super().__init__()
            self.good, self.bad = nn.Identity(), Root()

        def forward(self, x):
            return self.good(x) + self.bad(x)

    net = network(nn.ReLU(), nn.Threshold(1e9, 0.0), Both())
    with lt.watch(net) as trouble:
        net(torch.randn(5, 3)).sum().backward()
    assert (trouble.layer, trouble.stage) == ("3.bad", "backward")


def test_watch_lets_layers_work_in_place():
    net = network(nn.ReLU(inplace=True))
    inputs = torch.randn(5, 3)
    net(inputs).square().mean().backward()
    expected = net[0].weight.grad.clone()
    net.zero_grad()
    with lt.watch(net) as trouble:
        net(inputs).square().mean().backward()
    assert not trouble and torch.equal(net[0].weight.grad, expected)


def test_watch_keeps_what_came_first():
    net = nn.Sequential(nn.Sequential(Log(), nn.Tanh()), nn.Sequential(Log()))
    with lt.watch(net) as trouble:
        net(torch.tensor([-1.0]))
        net(torch.tensor([1.0]))
    assert (trouble.layer, trouble.stage) == ("0.0", "forward")


def test_watch_sees_nothing_in_a_healthy_run_and_changes_nothing():
    net, inputs = network(nn.Tanh()), torch.randn(5, 3)
    net(inputs).square().mean().backward()
    expected = [p.grad.clone() for p in net.parameters()]
    net.zero_grad()
    with lt.watch(net) as trouble:
        net(inputs).square().mean().backward()
    assert not trouble and (trouble.layer, trouble.stage) == ("", "")
    for parameter, grad in zip(net.parameters(), expected, strict=True):
        assert torch.equal(parameter.grad, grad)


def test_watch_removes_its_hooks_also_after_an_error():
    net = network(nn.Tanh())
    with lt.watch(net):
        assert hooks(net) == 6
    assert hooks(net) == 0
    with pytest.raises(RuntimeError, match="shapes"), lt.watch(net):
        net(torch.randn(5, 7))
    assert hooks(net) == 0


def test_watch_names_a_module_without_children_by_its_type():
    layer = Log()
    with lt.watch(layer) as trouble:
        layer(torch.tensor([-1.0]))
    assert trouble.layer == "Log"


def test_watch_looks_into_tuples():
    lstm = nn.LSTM(2, 3)
    with lt.watch(lstm) as trouble:
        lstm(torch.full((4, 1, 2), math.nan))
    assert trouble.stage == "forward"


# expected_initial_loss


@pytest.mark.parametrize("classes", [2, 10, 1000])
def test_a_fresh_classifier_starts_at_the_expected_loss(classes):
    expected = lt.expected_initial_loss("multiclass", classes=classes)
    labels = torch.arange(classes)
    assert lt.cross_entropy(torch.zeros(classes, classes), labels).item() == pytest.approx(expected)


@pytest.mark.parametrize("positives", [0.5, 0.1, 0.001])
def test_a_binary_classifier_with_its_bias_at_the_log_odds_does(positives):
    target = (torch.arange(1000) < 1000 * positives).double()
    bias = torch.full((1000,), math.log(positives / (1 - positives)), dtype=torch.float64)
    expected = lt.expected_initial_loss("binary", positives=positives)
    assert lt.bce_with_logits(bias, target).item() == pytest.approx(expected)


def test_embeddings_that_are_all_the_same_start_at_the_log_of_the_batch():
    same = torch.ones(16, 3)
    expected = lt.expected_initial_loss("contrastive", classes=16)
    assert lt.info_nce(same, same).item() == pytest.approx(expected)


@pytest.mark.parametrize(
    "task, settings, blamed",
    [
        ("regression", {}, "task"),
        (None, {}, "task"),
        ("multiclass", {"classes": 0}, "classes"),
        ("multiclass", {"classes": "10"}, "classes"),
        ("multiclass", {"classes": 2.5}, "classes"),
        ("binary", {"positives": 0.0}, "positives"),
        ("binary", {"positives": 1.0}, "positives"),
        ("binary", {"positives": math.nan}, "positives"),
    ],
)
def test_expected_initial_loss_names_what_is_wrong(task, settings, blamed):
    with pytest.raises((ValueError, TypeError), match=blamed):
        lt.expected_initial_loss(task, **settings)


# overfit_one_batch


@pytest.fixture
def batch():
    torch.manual_seed(0)
    inputs = torch.randn(8, 3)
    return inputs, inputs.prod(1, keepdim=True)


def learner():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 32), nn.Tanh(), nn.Linear(32, 1))


def test_a_healthy_network_learns_a_batch_by_heart_and_stays_as_it_was(batch):
    net = learner()
    before = [p.detach().clone() for p in net.parameters()]
    result = lt.overfit_one_batch(net, lt.mse, *batch)
    assert result.learned and result.last < 0.05 * result.first
    assert (result.first, result.last) == (result.losses[0], result.losses[-1])
    assert result.first == pytest.approx(lt.mse(net(batch[0]), batch[1]).item())
    for parameter, value in zip(net.parameters(), before, strict=True):
        assert torch.equal(parameter, value) and parameter.grad is None


def test_a_target_that_contradicts_itself_cannot_be_learned(batch):
    """The same input with other answers, as after a shuffle of the labels alone."""
    inputs = batch[0][:1].repeat(8, 1)
    assert not lt.overfit_one_batch(learner(), lt.mse, inputs, batch[1]).learned


def test_a_network_that_is_cut_off_does_not_learn(batch):
    class Cut(nn.Module):
        def forward(self, x):
            return x * 0

    assert not lt.overfit_one_batch(nn.Sequential(learner(), Cut()), lt.mse, *batch).learned


def test_a_loss_with_the_wrong_sign_does_not_learn(batch):
    def wrong(pred, target):
        return 1 / (1 + lt.mse(pred, target))

    result = lt.overfit_one_batch(learner(), wrong, *batch, goal=1e-6)
    assert not result.learned
    assert lt.mse(batch[1], batch[1]) == 0


@pytest.mark.parametrize("start", [2.0, 0.0, -2.0])
def test_a_loss_that_falls_without_bound_does_not_learn(batch, start):
    result = lt.overfit_one_batch(learner(), lambda p, t: start - lt.mse(p, t), *batch)
    assert result.last < -100 and not result.learned


def test_a_learning_rate_that_is_too_small_does_not_learn(batch):
    assert not lt.overfit_one_batch(learner(), lt.mse, *batch, lr=1e-9).learned


def test_a_loss_that_is_not_finite_is_an_error(batch):
    with pytest.raises(ValueError, match="loss holds"):
        lt.overfit_one_batch(nn.Sequential(learner(), Log()), lambda p, t: p.sum(), *batch)


@pytest.mark.parametrize(
    "settings",
    [{"lr": 0}, {"lr": -1.0}, {"steps": 0}, {"goal": 0.0}, {"steps": "9"}, {"steps": 2.5}],
)
def test_overfit_one_batch_names_what_is_wrong(settings, batch):
    with pytest.raises((ValueError, TypeError), match=next(iter(settings))):
        lt.overfit_one_batch(learner(), lt.mse, *batch, **settings)


@pytest.mark.parametrize("tool", ["gradient_norms", "watch"])
def test_tools_for_modules_take_modules(tool):
    with pytest.raises(TypeError, match="module"):
        result = getattr(lt, tool)(torch.ones(3))
        result.__enter__()
