"""`diagnose` names each symptom that one step shows, and none in a healthy one; it changes nothing.

The faults are those of the table of symptoms in the chapter on debugging.
"""

import copy
import json
import math
import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import lossfns.torch as lt
from lossfns.debug import diagnose

N, D, C = 32, 6, 5


def inputs(n=N):
    return torch.randn(n, D, generator=torch.Generator().manual_seed(1))


def labels(n=N):
    return torch.arange(n) % C


def yes_or_no(n=N):
    return (torch.arange(n) % 3 == 0).float()


def amounts(n=N):
    return inputs(n).sum(1)


def network(outputs=C, activation=nn.ReLU, last=()):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(D, 16), activation(), nn.Linear(16, outputs), *last)


def flat(outputs=1, last=()):
    """A network whose output has shape (n,)."""
    return network(outputs, last=(*last, nn.Flatten(0)))


class Apply(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def deep(activation=nn.Sigmoid, spread=None):
    torch.manual_seed(0)
    layers = [part for _ in range(9) for part in (nn.Linear(16, 16), activation())]
    net = nn.Sequential(nn.Linear(D, 16), *layers, nn.Linear(16, C))
    if spread:
        for module in net:
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=spread)
    return net


class CutOff(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.head = nn.Linear(D, 16), nn.Linear(16, C)

    def forward(self, x):
        return self.head(self.body(x).relu().detach())


class Weighted(nn.Module):
    """A ReLU that is a function, and is off for every row."""

    def __init__(self):
        super().__init__()
        self.body, self.head = nn.Linear(D, 16), nn.Linear(16, C)
        nn.init.constant_(self.body.bias, -20.0)

    def forward(self, x):
        return self.head(F.relu(self.body(x)))


class Normalised(nn.Module):
    """Subtracts the mean of the batch, also in evaluation mode."""

    def __init__(self):
        super().__init__()
        self.net = network()

    def forward(self, x):
        return self.net(x - x.mean(0))


class AlwaysDrops(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = network()

    def forward(self, x):
        return self.net(F.dropout(x, 0.5))


def with_nan(values, *where):
    values = values.clone()
    values[where] = math.nan
    return values


def written_out(z, y):
    return -z.log_softmax(0)[torch.arange(len(y)), y].mean()


def scaled(net, factor):
    for parameter in net[-1].parameters():
        parameter.data *= factor
    return net


def replaced():
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    net[2] = nn.Linear(16, C)
    return net, optimizer


def with_optimizer(net, make):
    return net, make(net.parameters())


def shares(n=N):
    return F.one_hot(labels(n), C).float() * 0.8 + 0.2 / C


def half_mask(pred, target):
    """The mean over a mask in which there is nothing."""
    mask = target > 100
    return ((pred - target) ** 2 * mask).sum() / mask.sum()


FAULTS = {
    # name: (network or (network, optimizer), inputs, target, loss, finding, cause)
    "logits too large": (
        scaled(network(), 60),
        inputs(),
        labels(),
        F.cross_entropy,
        "first loss",
        "outputs too large",
    ),
    "inputs of 0 to 255": (
        network(),
        inputs() * 255,
        labels(),
        F.cross_entropy,
        "first loss",
        "outputs too large",
    ),
    "regression far off": (
        scaled(flat(), 1).append(Apply(lambda x: x + 50)),
        inputs(),
        amounts(),
        F.mse_loss,
        "first loss",
        "outputs too large",
    ),
    "sum for mean": (
        network(),
        inputs(),
        labels(),
        lambda z, y: F.cross_entropy(z, y, reduction="sum"),
        "reduction",
        "sum over the batch",
    ),
    "softmax along the batch": (
        network(),
        inputs(),
        labels(),
        written_out,
        "first loss",
        "softmax along the batch",
    ),
    "NaN in the data": (
        network(),
        with_nan(inputs(), 3, 2),
        labels(),
        F.cross_entropy,
        "inputs",
        "NaN in the data",
    ),
    "NaN in the data, in the loss": (
        network(),
        with_nan(inputs(), 3, 2),
        labels(),
        F.cross_entropy,
        "loss value",
        "NaN in the data",
    ),
    "NaN in the target": (
        flat(),
        inputs(),
        with_nan(amounts(), 3),
        F.mse_loss,
        "labels",
        "NaN in the target",
    ),
    "0/0 in the loss": (
        flat(),
        inputs(),
        amounts(),
        half_mask,
        "loss value",
        "NaN born in the loss",
    ),
    "log of a negative number": (
        network(last=(Apply(torch.log),)),
        inputs(),
        labels(),
        F.cross_entropy,
        "loss value",
        "NaN born in 3",
    ),
    "log between the layers": (
        nn.Sequential(network(), Apply(lambda x: x / (x - x))),
        inputs(),
        labels(),
        F.cross_entropy,
        "loss value",
        "NaN born in 1",
    ),
    "root of 0 in a layer": (
        nn.Sequential(
            nn.Linear(D, 16), Apply(lambda x: 0 * x), Apply(torch.sqrt), nn.Linear(16, C)
        ),
        inputs(),
        labels(),
        F.cross_entropy,
        "gradient",
        "NaN born in 2",
    ),
    "root of 0 behind a mask": (
        nn.Sequential(
            nn.Linear(D, 16), nn.Threshold(1e9, 0.0), Apply(torch.sqrt), nn.Linear(16, C)
        ),
        inputs(),
        labels(),
        F.cross_entropy,
        "gradient",
        "NaN born in 2",
    ),
    "root of 0 in the loss": (
        flat(last=(Apply(lambda x: x * 0),)),
        inputs(),
        0 * amounts(),
        lambda p, t: ((p - t) ** 2).sum().sqrt() + 0 * p.sum() + 1,
        "gradient",
        "NaN born in the loss",
    ),
    "initial weights that explode": (
        deep(nn.ReLU, 1.0),
        inputs(),
        labels(),
        F.cross_entropy,
        "activations",
        "exploding activations",
    ),
    "gradient that explodes": (
        nn.Sequential(
            nn.Linear(D, 16),
            nn.Linear(16, 16),
            Apply(lambda x: 1e6 * x.tanh()),
            Apply(lambda x: x * 1e-6),
            network(C)[2],
            Apply(lambda x: x * 1.0),
        ),
        inputs() * 1e-9,
        labels(),
        F.cross_entropy,
        "gradient by layer",
        None,
    ),
    "rate too large": (
        with_optimizer(network(), lambda p: torch.optim.SGD(p, 1e3)),
        inputs(),
        labels(),
        F.cross_entropy,
        "step",
        "learning rate too large",
    ),
    "rate too small": (
        with_optimizer(network(), lambda p: torch.optim.SGD(p, 1e-9)),
        inputs(),
        labels(),
        F.cross_entropy,
        "step",
        "learning rate too small",
    ),
    "maximised": (
        with_optimizer(network(), lambda p: torch.optim.SGD(p, 0.1, maximize=True)),
        inputs(),
        labels(),
        F.cross_entropy,
        "step",
        "uphill",
    ),
    "cut off": (CutOff(), inputs(), labels(), F.cross_entropy, "parameters", "cut off or not used"),
    "detached as a whole": (
        network(last=(Apply(torch.detach),)),
        inputs(),
        labels(),
        F.cross_entropy,
        "loss value",
        "detached",
    ),
    "frozen as a whole": (
        network().requires_grad_(False),
        inputs(),
        labels(),
        F.cross_entropy,
        "loss value",
        "detached",
    ),
    "units that are off": (
        Weighted(),
        inputs(),
        labels(),
        F.cross_entropy,
        "dead units",
        "dead units",
    ),
    "no gradient behind them": (
        Weighted(),
        inputs(),
        labels(),
        F.cross_entropy,
        "gradient by layer",
        "no gradient passes",
    ),
    "sigmoids in a deep network": (
        deep(),
        inputs(),
        labels(),
        F.cross_entropy,
        "gradient by layer",
        "vanishing gradient",
    ),
    "layer that was replaced": (
        replaced(),
        inputs(),
        labels(),
        F.cross_entropy,
        "optimizer",
        "not in the optimizer",
    ),
    "sorted data": (
        network(),
        inputs(),
        0 * labels() + 3,
        F.cross_entropy,
        "labels",
        "data sorted by class",
    ),
    "sorted data, yes or no": (
        flat(),
        inputs(),
        0 * yes_or_no(),
        F.binary_cross_entropy_with_logits,
        "labels",
        "data sorted by class",
    ),
    "wrong sign, classes": (
        network(),
        inputs(),
        labels(),
        lambda z, y: -F.cross_entropy(z, y),
        "sign",
        "wrong sign",
    ),
    "wrong sign, amounts": (
        flat(),
        inputs(),
        amounts(),
        lambda p, t: -F.mse_loss(p, t),
        "sign",
        "wrong sign",
    ),
    "wrong sign, yes or no": (
        flat(),
        inputs(),
        yes_or_no(),
        lambda z, y: -F.binary_cross_entropy_with_logits(z, y),
        "sign",
        "wrong sign",
    ),
    "logits as log-probabilities": (
        network(),
        inputs(),
        labels(),
        F.nll_loss,
        "output layer",
        "logits as log-probabilities",
    ),
    "logits as log-probabilities, below 0": (
        network(),
        inputs(),
        labels(),
        F.nll_loss,
        "lower bound",
        "no lower bound",
    ),
    "probabilities as log-probabilities": (
        network(last=(nn.Softmax(1),)),
        inputs(),
        labels(),
        F.nll_loss,
        "output layer",
        "probabilities as log-probabilities",
    ),
    "labels −1 and 1": (
        flat(),
        inputs(),
        2 * yes_or_no() - 1,
        F.binary_cross_entropy_with_logits,
        "labels",
        "labels −1 and 1",
    ),
    "a mask of 0 and 255": (
        flat(),
        inputs(),
        255 * yes_or_no(),
        F.binary_cross_entropy_with_logits,
        "labels",
        "a mask of 0 and 255",
    ),
    "(n, 1) against (n,)": (
        network(1),
        inputs(),
        amounts(),
        F.mse_loss,
        "shapes",
        "everybody against everybody",
    ),
    "(n, 1) against (n,), refused": (
        network(1),
        inputs(),
        amounts(),
        lt.mse,
        "shapes",
        "everybody against everybody",
    ),
    "(n,) against (n, 1)": (
        flat(),
        inputs(),
        amounts()[:, None],
        lambda p, t: (p - t).abs().mean(),
        "shapes",
        "everybody against everybody",
    ),
    "rows are not paired": (
        flat(),
        inputs(),
        amounts(),
        lambda p, t: (p.mean() - t.mean()) ** 2 + p.var(),
        "pairing",
        "the loss does not pair rows",
    ),
    "two softmaxes": (
        network(last=(nn.Softmax(1),)),
        inputs(),
        labels(),
        F.cross_entropy,
        "output layer",
        "two softmaxes",
    ),
    "two softmaxes, soft labels": (
        network(last=(nn.Softmax(1),)),
        inputs(),
        shares(),
        F.cross_entropy,
        "output layer",
        "two softmaxes",
    ),
    "two sigmoids": (
        flat(last=(nn.Sigmoid(),)),
        inputs(),
        yes_or_no(),
        lt.bce_with_logits,
        "output layer",
        "two sigmoids",
    ),
    "no sigmoid": (
        flat(),
        inputs(),
        yes_or_no(),
        F.binary_cross_entropy,
        "output layer",
        "no sigmoid",
    ),
    "no softmax": (
        network(),
        inputs(),
        labels(),
        lt.sparse_categorical_cross_entropy,
        "output layer",
        "no softmax",
    ),
    "ReLU on the logits": (
        flat(last=(nn.ReLU(),)),
        inputs(),
        yes_or_no(),
        F.binary_cross_entropy_with_logits,
        "output layer",
        "an activation on the logits",
    ),
    "log-probabilities as logits": (
        flat(last=(nn.LogSigmoid(),)),
        inputs(),
        yes_or_no(),
        F.binary_cross_entropy_with_logits,
        "output layer",
        "an activation on the logits",
    ),
    "ReLU before amounts below 0": (
        network(1, last=(nn.ReLU(),)),
        inputs(),
        amounts()[:, None],
        F.mse_loss,
        "output layer",
        "targets out of reach",
    ),
    "tanh before amounts beyond 1": (
        network(1, last=(nn.Tanh(),)),
        inputs(),
        1 + amounts()[:, None].abs(),
        lt.huber,
        "output layer",
        "targets out of reach",
    ),
    "ReLU on the scores of a margin": (
        network(1, last=(nn.ReLU(),)),
        inputs(),
        2 * yes_or_no()[:, None] - 1,
        lt.hinge,
        "output layer",
        "targets out of reach",
    ),
    "float class numbers": (
        network(),
        inputs(),
        labels().float(),
        F.cross_entropy,
        "target dtype",
        "float class numbers",
    ),
    "integers for yes or no": (
        flat(),
        inputs(),
        yes_or_no().long(),
        F.binary_cross_entropy_with_logits,
        "target dtype",
        "integers for numbers",
    ),
    "integer one-hot": (
        network(),
        inputs(),
        F.one_hot(labels(), C),
        F.cross_entropy,
        "target dtype",
        "integers for numbers",
    ),
    "labels from 1": (
        network(),
        inputs(),
        labels() + 1,
        F.cross_entropy,
        "labels",
        "labels count from 1",
    ),
    "labels from 1, an output more": (
        network(C + 1),
        inputs(),
        labels() + 1,
        F.cross_entropy,
        "labels",
        "labels count from 1",
    ),
    "label −1": (
        network(),
        inputs(),
        labels() - 1,
        F.cross_entropy,
        "labels",
        "label out of range",
    ),
    "all ignored": (
        network(),
        inputs(),
        0 * labels() - 100,
        F.cross_entropy,
        "labels",
        "nothing counts",
    ),
    "weight for pos_weight": (
        flat(),
        inputs(),
        yes_or_no(),
        nn.BCEWithLogitsLoss(weight=torch.tensor(30.0)),
        "first loss",
        "weight for pos_weight",
    ),
    "KL, mean": (
        network(last=(nn.LogSoftmax(1),)),
        inputs(),
        shares(),
        F.kl_div,
        "first loss",
        "mean over the classes",
    ),
    "mean over the one-hot axis": (
        network(),
        inputs(),
        labels(),
        lambda z, y: -(F.one_hot(y, C) * z.log_softmax(1)).mean(),
        "first loss",
        "mean over the classes",
    ),
    "one output for the classes": (
        network(1),
        inputs(),
        yes_or_no().long(),
        lambda z, y: F.cross_entropy(z, 0 * y),
        "shapes",
        "one class",
    ),
    "rows that mix": (Normalised(), inputs(), labels(), F.cross_entropy, "rows", "rows that mix"),
    "dropout that stays on": (
        AlwaysDrops(),
        inputs(),
        labels(),
        F.cross_entropy,
        "rows",
        "random in eval()",
    ),
    "training in eval()": (
        network(last=(nn.Dropout(),)).eval(),
        inputs(),
        labels(),
        F.cross_entropy,
        "mode",
        "eval() in training",
    ),
    "not reduced": (
        network(),
        inputs(),
        labels(),
        nn.CrossEntropyLoss(reduction="none"),
        "loss value",
        "not reduced",
    ),
    "a number": (
        network(),
        inputs(),
        labels(),
        lambda z, y: F.cross_entropy(z, y).item(),
        "loss value",
        "no tensor",
    ),
    "a gradient of another loss": (
        flat(),
        inputs(),
        amounts() + 3,
        lambda p, t: (
            ((p - t) ** 2).mean().detach() * 2
            + (p.mean() - p.mean().detach()) * (p - t).mean().sign().detach() * -1
        ),
        "step",
        "not its own gradient",
    ),
    "inputs that do not fit": (
        network(),
        inputs()[:, :3],
        labels(),
        F.cross_entropy,
        "forward",
        "",
    ),
}


def diagnosed(net, x, y, loss):
    net, optimizer = net if isinstance(net, tuple) else (net, None)
    return diagnose(net, (x, y), loss, optimizer=optimizer)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_symptom_of_the_table_is_found_by_name(fault):
    *run, name, cause = FAULTS[fault]
    report = diagnosed(*run)
    assert report[name].fails, str(report)
    assert cause is None or report[name].cause == cause, str(report[name])


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_found_can_be_mended(fault):
    """Each failure says what was seen, what it does, what to do, and where to read."""
    for finding in diagnosed(*FAULTS[fault][:4]).failures:
        assert finding.what and finding.cure and finding.label and finding.effect, str(finding)


@pytest.mark.parametrize(
    ("fault", "side"), [("ReLU on the logits", "below"), ("log-probabilities as logits", "above")]
)
def test_an_activation_on_the_logits_is_told_by_the_side_that_it_cuts_off(fault, side):
    assert diagnosed(*FAULTS[fault][:4])["output layer"].effect.startswith(f"no logit is {side} 0")


HEALTHY = {
    "classes": (network(), inputs(), labels(), F.cross_entropy),
    "classes, a module": (network(), inputs(), labels(), nn.CrossEntropyLoss()),
    "classes, smoothed": (
        network(),
        inputs(),
        labels(),
        lt.Criterion("cross_entropy", label_smoothing=0.1),
    ),
    "classes, weighted": (
        network(),
        inputs(),
        labels(),
        nn.CrossEntropyLoss(weight=torch.rand(C) + 0.5),
    ),
    "classes, focal": (network(), inputs(), labels(), lt.softmax_focal),
    "classes, hinge": (network(), inputs(), labels(), lt.multiclass_hinge),
    "classes, probabilities": (
        network(last=(nn.Softmax(1),)),
        inputs(),
        labels(),
        lt.sparse_categorical_cross_entropy,
    ),
    "classes, log-probabilities": (
        network(last=(nn.LogSoftmax(1),)),
        inputs(),
        labels(),
        F.nll_loss,
    ),
    "some ignored": (network(), inputs(), labels().where(labels() > 1, -100), F.cross_entropy),
    "soft labels": (network(), inputs(), shares(), F.cross_entropy),
    "KL": (
        network(last=(nn.LogSoftmax(1),)),
        inputs(),
        shares(),
        lambda p, t: F.kl_div(p, t, reduction="batchmean"),
    ),
    "pixels": (
        nn.Conv2d(3, C, 3, padding=1),
        torch.rand(4, 3, 8, 8),
        torch.arange(256).reshape(4, 8, 8) % C,
        F.cross_entropy,
    ),
    "tokens": (
        nn.Sequential(nn.Embedding(9, 8), nn.Linear(8, 9)),
        torch.arange(40).reshape(4, 10) % 9,
        torch.arange(1, 41).reshape(4, 10) % 9,
        lambda z, y: F.cross_entropy(z.flatten(0, 1), y.flatten()),
    ),
    "yes or no": (flat(), inputs(), yes_or_no(), F.binary_cross_entropy_with_logits),
    "yes or no, probabilities": (
        flat(last=(nn.Sigmoid(),)),
        inputs(),
        yes_or_no(),
        F.binary_cross_entropy,
    ),
    "yes or no, pos_weight": (
        flat(),
        inputs(),
        yes_or_no(),
        nn.BCEWithLogitsLoss(pos_weight=torch.tensor(3.0)),
    ),
    "yes or no, focal": (flat(), inputs(), yes_or_no(), lt.focal_with_logits),
    "several labels": (
        network(),
        inputs(),
        (inputs()[:, :C] > 0).float(),
        F.binary_cross_entropy_with_logits,
    ),
    "one-hot, squared": (network(), inputs(), F.one_hot(labels(), C).float(), lt.mse),
    "margins": (flat(), inputs(), 2 * yes_or_no() - 1, lt.hinge),
    "amounts": (flat(), inputs(), amounts(), F.mse_loss),
    "amounts, far from 0": (flat(), inputs(), 150 + 80 * amounts(), lt.huber),
    "amounts, columns": (network(3), inputs(), inputs()[:, :3], F.l1_loss),
    "counts": (flat(), inputs(), (amounts() * 3).abs().round(), F.poisson_nll_loss),
    "amounts above 0, softplus": (
        flat(last=(nn.Softplus(),)),
        inputs(),
        amounts().abs(),
        F.mse_loss,
    ),
    "amounts from -1 to 1, tanh": (flat(last=(nn.Tanh(),)), inputs(), amounts().tanh(), lt.mae),
    "rates, exp of the logarithms": (
        flat(),
        inputs(),
        (amounts() * 3).abs().round(),
        lambda z, y: F.poisson_nll_loss(z.exp(), y, log_input=False),
    ),
    "a range that the loss maps the amounts to": (
        flat(last=(nn.Sigmoid(),)),
        inputs(),
        20 * amounts().abs(),
        lambda p, y: F.mse_loss(p, y / (1 + y)),
    ),
    "yes or no, leaky ReLU": (
        flat(last=(nn.LeakyReLU(),)),
        inputs(),
        yes_or_no(),
        F.binary_cross_entropy_with_logits,
    ),
    "axes of length 1": (network(1), inputs(1), amounts(1), lambda p, t: (p - t).square().mean()),
    "embeddings": (network(), inputs(), labels(), lt.nt_xent_with_labels),
    "embeddings, more classes than axes": (
        network(),
        inputs(),
        torch.arange(N) % 11,
        lt.nt_xent_with_labels,
    ),
    "reconstruction": (network(D), inputs(), inputs(), F.mse_loss),
    "dropout": (network(last=(nn.Dropout(),)), inputs(), labels(), F.cross_entropy),
    "batch norm": (
        nn.Sequential(nn.Linear(D, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, C)),
        inputs(),
        labels(),
        F.cross_entropy,
    ),
    "in place": (
        nn.Sequential(nn.Linear(D, 16), nn.ReLU(inplace=True), nn.Linear(16, C)),
        inputs(),
        labels(),
        F.cross_entropy,
    ),
    "half precision": (network().bfloat16(), inputs().bfloat16(), labels(), lt.cross_entropy),
    "double precision": (network().double(), inputs().double(), labels(), F.cross_entropy),
    "trained": (scaled(network(D), 0.0), inputs(), 0 * inputs() + 1e-3, F.mse_loss),
}


@pytest.mark.parametrize("run", HEALTHY)
@pytest.mark.parametrize("optimized", [False, True])
def test_a_healthy_step_has_no_findings(run, optimized):
    net, x, y, loss = HEALTHY[run]
    rate = 0.03 if run == "half precision" else 1e-4
    optimizer = torch.optim.SGD(net.parameters(), rate) if optimized else None
    report = diagnose(net, (x, y), loss, optimizer=optimizer)
    assert report.ok, str(report)
    assert report["step"].verdict == "pass", str(report)


# Nothing is changed


def state(net, optimizer):
    return copy.deepcopy(
        (
            net.state_dict(),
            [p.grad for p in net.parameters()],
            optimizer.state_dict(),
            [m.training for m in net.modules()],
            random.getstate(),
            np.random.get_state(),  # noqa: NPY002
            torch.get_rng_state(),
        )
    )


def same(a, b):
    if isinstance(a, (torch.Tensor, np.ndarray)):
        return type(a) is type(b) and bool((a == b).all())
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (tuple, list)):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


def messy():
    """Batch norm, dropout, an optimizer in the middle of its work, gradients that are left."""
    net = nn.Sequential(
        nn.Linear(D, 8), nn.BatchNorm1d(8), nn.ReLU(inplace=True), nn.Dropout(), nn.Linear(8, C)
    )
    net[4].bias.requires_grad_(False)
    optimizer = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], 0.01)
    F.cross_entropy(net(inputs()), labels()).backward()
    optimizer.step()
    return net, optimizer


def test_nothing_is_left_changed():
    net, optimizer = messy()
    x, y = inputs(), labels()
    before, batch = state(net, optimizer), (x.clone(), y.clone())
    hooks = [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in net.modules()]
    diagnose(net, (x, y), F.cross_entropy, optimizer=optimizer)
    assert same(state(net, optimizer), before)
    assert same((x, y), batch) and not x.requires_grad
    assert hooks == [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in net.modules()]


def test_not_even_by_a_loss_that_holds_the_model_and_draws_numbers():
    net, optimizer = messy()

    def loss(z, y):
        random.random(), np.random.rand(), torch.rand(1)  # noqa: NPY002
        z += 0.0  # in place
        net.eval()
        decay = sum(p.square().sum() for p in net.parameters())
        return F.cross_entropy(net.train()(inputs()) + z, y) + 1e-3 * decay

    before = state(net, optimizer)
    diagnose(net, (inputs(), labels()), loss, optimizer=optimizer)
    assert same(state(net, optimizer), before)


def test_not_even_when_the_model_raises():
    class Breaks(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("calls", torch.zeros(()))
            self.inner = nn.Linear(D, C)

        def forward(self, x):
            self.calls += 1
            torch.rand(3)
            raise KeyError("no such thing")

    net = Breaks()
    before = copy.deepcopy(net.state_dict()), torch.get_rng_state()
    report = diagnose(net, (inputs(), labels()), F.cross_entropy)
    assert same((dict(net.state_dict()), torch.get_rng_state()), (dict(before[0]), before[1]))
    assert "KeyError in 'Breaks': 'no such thing'" in report["forward"].what


def test_the_same_twice():
    net, optimizer = messy()
    first, second = (
        diagnose(net, (inputs(), labels()), F.cross_entropy, optimizer=optimizer) for _ in range(2)
    )
    assert first.findings == second.findings


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("fault", ["(n, 1) against (n,)", "root of 0 in a layer"])
def test_nothing_is_printed_or_warned_of(fault, capfd):
    diagnosed(*FAULTS[fault][:4])
    assert capfd.readouterr() == ("", "")


@pytest.mark.gpu
def test_random_state_of_the_gpu_is_left():
    net = network(last=(nn.Dropout(),)).cuda()
    torch.cuda.manual_seed(0)
    before = torch.cuda.get_rng_state()
    assert diagnose(net, (inputs().cuda(), labels().cuda()), F.cross_entropy).ok
    assert torch.equal(torch.cuda.get_rng_state(), before)
    mixed = diagnose(net, (inputs(), labels()), F.cross_entropy)
    assert mixed["forward"].cause == "devices"


# What it takes


class TwoInputs(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(D, C), nn.Linear(D, C)

    def forward(self, left, right):
        return self.a(left) + self.b(right)


@pytest.mark.parametrize(
    "several", [(inputs(), inputs()), [inputs(), inputs()], {"left": inputs(), "right": inputs()}]
)
def test_several_inputs(several):
    assert diagnose(TwoInputs(), (several, labels()), F.cross_entropy).ok
    assert diagnose(TwoInputs(), [several, labels()], F.cross_entropy)["rows"].verdict == "pass"


def test_outputs_that_are_no_tensor():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(D, C), nn.Linear(D, 1)

        def forward(self, x):
            return {"label": self.a(x), "number": self.b(x)[:, 0]}

    def loss(out, target):
        return F.cross_entropy(out["label"], target[0]) + F.mse_loss(out["number"], target[1])

    report = diagnose(Two(), (inputs(), (labels(), amounts())), loss)
    assert report.ok and report["shapes"].verdict == "does not apply"
    assert report["step"].verdict == "pass"


def test_a_loss_with_parameters_of_its_own():
    weights = lt.UncertaintyWeighting(["regression", "regression"])

    def loss(p, t):
        return weights(torch.stack([F.mse_loss(p, t), F.l1_loss(p, t)]))

    assert diagnose(flat(), (inputs(), amounts()), loss).ok
    assert all(p.grad is None for p in weights.parameters())


def test_a_compiled_model():
    report = diagnose(
        torch.compile(network(), backend="eager"), (inputs(), labels()), F.cross_entropy
    )
    assert report.ok


def test_a_model_that_cannot_be_copied():
    net = network()
    net.cache = net(inputs())
    report = diagnose(net, (inputs(), labels()), F.cross_entropy)
    assert [f.name for f in report.failures] == ["copy"]
    assert "RuntimeError" in report["copy"].what


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((F.relu, (1, 2), F.mse_loss), TypeError, "model must be a torch.nn.Module, got function"),
        ((network(), inputs(), F.mse_loss), ValueError, "batch must be a pair .* got Tensor"),
        ((network(), (1, 2, 3), F.mse_loss), ValueError, "batch must be a pair .* got 3 things"),
        ((network(), (inputs(), labels()), "mse"), TypeError, "loss must be callable"),
        ((network(), (inputs(), labels()), nn.MSELoss), TypeError, r"MSELoss\(\), not MSELoss"),
    ],
)
def test_wrong_arguments_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        diagnose(*arguments)


def test_a_wrong_optimizer_is_named():
    with pytest.raises(TypeError, match="optimizer must be a torch.optim.Optimizer, got float"):
        diagnose(network(), (inputs(), labels()), F.cross_entropy, optimizer=0.1)


@pytest.mark.parametrize("x", [None, "text", [], {}, 3.0, torch.empty(0, D), torch.ones(())])
@pytest.mark.parametrize("y", [None, "text", [], torch.empty(0), torch.empty(0).long()])
def test_a_strange_batch_is_a_report_and_no_exception(x, y):
    report = diagnose(network(), (x, y), F.cross_entropy)
    assert not report.ok and str(report) and json.dumps(report.to_dict())


@pytest.mark.parametrize(
    "strange",
    [
        lambda z, y: None,
        lambda z, y: "low",
        lambda z, y: (z.sum(), y),
        lambda z, y: 1 / 0,
        lambda z, y: torch.tensor(3),
        lambda z, y: z.sum() * math.inf,
        lambda z, y: z.argmax(),
        lambda z: z.sum(),
    ],
)
def test_a_strange_loss_is_a_report_and_no_exception(strange):
    report = diagnose(network(), (inputs(), labels()), strange)
    assert report["loss value"].fails and str(report)


def test_the_report_says_where_to_read():
    report = diagnose(network(1), (inputs(), amounts()), F.mse_loss)
    text = str(report)
    assert "output (32, 1), target (32,)" in text and "squeeze" in text
    with pytest.raises(AssertionError, match="everybody against everybody"):
        report.assert_ok()


def several_outputs():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 3)

        def forward(self, rows):
            return self.layer(rows), rows.mean()

    return Two(), (torch.randn(16, 4), torch.arange(16) % 3), nn.CrossEntropyLoss()


ONE_ROOT = [
    (nn.Linear(9, 3), torch.arange(16) % 3, "forward", ""),
    (nn.Linear(4, 3), torch.arange(16) % 3 + 1, "labels", "labels count from 1"),
    (nn.Linear(4, 3), (torch.arange(16) % 3).float(), "target dtype", "float class numbers"),
]


@pytest.mark.parametrize(("model", "target", "name", "cause"), ONE_ROOT)
def test_what_follows_from_a_finding_is_not_reported_again(model, target, name, cause):
    report = diagnose(model, (torch.randn(16, 4), target), nn.CrossEntropyLoss())
    assert [(f.name, f.cause) for f in report.failures] == [(name, cause)]


def test_a_model_with_several_outputs_is_said():
    report = diagnose(*several_outputs())
    assert [(f.name, f.cause) for f in report.failures] == [("loss value", "several outputs")]
    assert "output[0]" in report["loss value"].cure
