"""The softmax of logits divided by a temperature, and its loss in PyTorch, for an optimizer.

In the mistakes z stands for the logits, t for the temperature and s for its logarithm.
"""

from functools import partial

import numpy as np

from lossfns.check import kinds
from lossfns.check.exercise import Exercise, Recognised
from lossfns.check.faults import capped
from lossfns.check.questions import ask, ask_each, between, refuse, single
from lossfns.check.recipes import log_softmax, naive_softmax, pick, softmax


def _logits(rng, count, classes):
    """Halves in every row, so that they print briefly and are exact in every dtype."""
    return np.stack([rng.permutation(np.arange(-4, 5))[:classes] / 2 for _ in range(count)])


def _batches(rng) -> list[np.ndarray]:
    """Logits, the smaller ones first."""
    count, classes = int(rng.integers(4, 8)), int(rng.integers(4, 7))
    classes += count == classes
    small = [_logits(rng, *shape) for shape in ((1, 2), (1, 3), (2, 3), (3, 2))]
    return [*small, np.round(rng.normal(scale=2.0, size=(count, classes)), 3)]


_ask = partial(ask_each, "logits")


def _draw_temper(rng):
    tables = _batches(rng)
    warm = between(rng, 1.3, 4.0)
    for temperature in (2.0, 0.5, warm):
        yield from _ask(tables, temperature=temperature)
    yield from _ask(single(*tables[1:3]), temperature=warm)
    yield from _ask([[[1000.0, 998.0, -1000.0]]], "extremes", temperature=2.0)
    yield from _ask([[[1000.0, 999.0], [-1000.0, -999.5]]], "extremes", temperature=1.0)
    for temperature in (0.001, 1e6):
        yield from _ask(tables[2:3], "extremes", temperature=temperature)
    for t in (-1.0, 0.0):
        yield refuse("a temperature that is not positive accepted", logits=tables[1], temperature=t)


def _temper(logits, temperature):
    if not temperature > 0:
        raise ValueError(f"temperature must be positive, got {temperature}")
    return softmax(logits / temperature)


def _named(formula):
    """The option has a name, which formulas shorten to t."""
    return lambda logits, temperature: formula(logits, temperature)


_FORMULAS = {
    "logits multiplied by the temperature": lambda z, t: softmax(z * t),
    "no temperature": lambda z, t: softmax(z),
    "the probabilities divided": lambda z, t: softmax(z) / t,
    "the probabilities as logits": lambda z, t: softmax(softmax(z) / t),
    "powers that do not sum to 1": lambda z, t: softmax(z) ** (1 / t),
    "the root of the temperature": lambda z, t: softmax(z / np.sqrt(t)),
    "only the largest logit divided": lambda z, t: softmax(
        np.where(z == z.max(axis=1, keepdims=True), z / t, z)
    ),
    "the softmax over the items": lambda z, t: softmax(z / t, axis=0),
    "one sum for the whole batch": lambda z, t: (
        np.exp(z / t - z.max() / t) / np.exp(z / t - z.max() / t).sum()
    ),
    "the temperature in the numerator only": lambda z, t: (
        np.exp(z / t) / np.exp(z).sum(axis=1, keepdims=True)
    ),
    "the exponentials not normalised": lambda z, t: np.exp((z - z.max(axis=1, keepdims=True)) / t),
    "a sigmoid for each class": lambda z, t: 1 / (1 + np.exp(-z / t)),
    "log-probabilities": lambda z, t: log_softmax(z / t),
    "overflow of the exponential": lambda z, t: naive_softmax(z / t),
    "one maximum subtracted from all rows": lambda z, t: naive_softmax((z - z.max()) / t),
    "logits clipped": lambda z, t: naive_softmax(np.clip(z, -500, 500) / t),
}

TEMPER = Exercise(
    signature="temper(logits, temperature)",
    read="loss-fit-temperature",
    right=_temper,
    draw=_draw_temper,
    probes=(
        kinds.outside("temperature", 0.0, ends=(0.0,)),
        kinds.single_class("logits"),
        kinds.equal_logits("logits"),
    ),
    mistakes={name: _named(formula) for name, formula in _FORMULAS.items()},
)


def _draw_nll(rng):
    tables = _batches(rng)
    values = [0.5, -0.5, *np.round(rng.uniform(0.2, 1.5, size=2), 2)]
    single = [(z, s, np.float32) for s in values for z in tables]
    double = [(z, values[3], np.float64) for z in tables[1:]]
    for z, s, dtype in single + double:
        yield _ask_loss(z, rng.integers(0, z.shape[1], size=len(z)), s, dtype)
    # Too large for exp alone; then so far apart, too, that a probability is rounded to 0.
    large, far = [[200.0, 198.0]], [[1000.0, -1000.0, 0.0], [0.5, 900.0, 899.0]]
    yield _ask_loss(np.array(large), np.array([1]), 0.5, aspect="extremes")
    yield _ask_loss(np.array(far), np.array([1, 2]), -0.5, aspect="extremes")
    yield _ask_loss(np.array(far), np.array([1, 2]), 1.0, np.float64, aspect="extremes")


def _ask_loss(z, y, s, dtype=np.float32, aspect="values"):
    batch = z.astype(dtype), y, np.array(s, dtype)
    return ask("logits target log_temperature", batch, aspect, wants=("log_temperature",))


def _nll(z, y, s):
    return -pick(log_softmax(z / np.exp(s)), y).mean()


def _slope(z, y, s):
    """With z/T: d(-z_y/T + ln Σ exp(z/T)) / d ln T = z_y/T - Σ p z/T."""
    scaled = z / np.exp(s)
    return (pick(scaled, y) - (softmax(scaled) * scaled).sum(axis=1)).mean()


def _loss(z, y):
    return -pick(z.log_softmax(dim=1), y).mean()


def _of_true(z, y, s):
    """The probability of the true class."""
    return pick((z / s.exp()).softmax(dim=1), y)


def _overflowing(z, y, s):
    z = z / s.exp()
    return -(pick(z.exp(), y) / z.exp().sum(dim=1)).log().mean()


NLL_OF_TEMPERATURE_TORCH = Exercise(
    signature="nll_of_temperature_torch(logits, target, log_temperature)",
    read="loss-fit-temperature",
    right=_nll,
    draw=_draw_nll,
    probes=(kinds.square("logits", labels="target"),),
    torch=True,
    slopes={"log_temperature": _slope},
    # The gradient is a difference of scaled logits of about 100, known to 6e-8 of that in float32.
    rtol=1e-3,
    atol=1e-5,
    mistakes={
        "the logarithm taken for the temperature": lambda z, y, s: _loss(z / s, y),
        "logits multiplied by the temperature": lambda z, y, s: _loss(z * s.exp(), y),
        "softplus instead of exp": lambda z, y, s: _loss(z / (1 + s.exp()).log(), y),
        "no temperature": lambda z, y, s: _loss(z + 0 * s, y),
        "the log-probabilities divided": lambda z, y, s: _loss(z, y) / s.exp(),
        "the probabilities as logits": lambda z, y, s: _loss(z.softmax(dim=1) / s.exp(), y),
        "a softmax before the cross-entropy": lambda z, y, s: _loss(
            (z / s.exp()).softmax(dim=1), y
        ),
        "the probability without the logarithm": lambda z, y, s: -_of_true(z, y, s).mean(),
        "the most likely class instead of the true one": lambda z, y, s: _loss(
            z / s.exp(), z.argmax(dim=1)
        ),
        "the softmax over the items": lambda z, y, s: (
            -pick((z / s.exp()).log_softmax(dim=0), y).mean()
        ),
        "the sum instead of the mean": lambda z, y, s: len(z) * _loss(z / s.exp(), y),
        "the sign forgotten": lambda z, y, s: -_loss(z / s.exp(), y),
        "overflow of the exponential": _overflowing,
        "the logarithm of a rounded probability": lambda z, y, s: -_of_true(z, y, s).log().mean(),
        "a constant inside the logarithm": Recognised(
            lambda z, y, s: -(_of_true(z, y, s) + 1e-10).log().mean(), capped(_nll, share=0.97)
        ),
    },
)
