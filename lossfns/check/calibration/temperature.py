"""The softmax of logits divided by a temperature."""

import numpy as np

from lossfns.check import kinds
from lossfns.check.exercise import Call, Exercise
from lossfns.check.questions import refuse
from lossfns.check.recipes import log_softmax, naive_softmax, softmax


def _logits(rng, count, classes):
    """Halves in every row, so that they print briefly and are exact in every dtype."""
    return np.stack([rng.permutation(np.arange(-4, 5))[:classes] / 2 for _ in range(count)])


def batches(rng) -> list[np.ndarray]:
    """Logits, the smaller ones first."""
    count, classes = int(rng.integers(4, 8)), int(rng.integers(4, 7))
    classes += count == classes
    small = [_logits(rng, *shape) for shape in ((1, 2), (1, 3), (2, 3), (3, 2))]
    return [*small, np.round(rng.normal(scale=2.0, size=(count, classes)), 3)]


def _ask(temperature, tables, aspect="values"):
    return [Call({"logits": z}, {"temperature": temperature}, aspect) for z in tables]


def _draw_temper(rng):
    tables = batches(rng)
    warm = float(np.round(rng.uniform(1.3, 4.0), 2))
    for temperature in (2.0, 0.5, warm):
        yield from _ask(temperature, tables)
    yield from _ask(warm, [z.astype(np.float32) for z in tables[1:3]])
    yield from _ask(2.0, [np.array([[1000.0, 998.0, -1000.0]])], "extremes")
    yield from _ask(1.0, [np.array([[1000.0, 999.0], [-1000.0, -999.5]])], "extremes")
    for temperature in (0.001, 1e6):
        yield from _ask(temperature, tables[2:3], "extremes")
    for temperature in (-1.0, 0.0):
        yield refuse(
            "a temperature that is not positive accepted", logits=tables[1], temperature=temperature
        )


def _temper(logits, temperature):
    if not temperature > 0:
        raise ValueError(f"temperature must be positive, got {temperature}")
    return softmax(logits / temperature)


def _named(formula):
    """The option has a name, which formulas shorten to t."""
    return lambda logits, temperature: formula(logits, temperature)


def _largest(z):
    return z.max(axis=1, keepdims=True)


_FORMULAS = {
    "logits multiplied by the temperature": lambda z, t: softmax(z * t),
    "no temperature": lambda z, t: softmax(z),
    "the probabilities divided": lambda z, t: softmax(z) / t,
    "the probabilities as logits": lambda z, t: softmax(softmax(z) / t),
    "powers that do not sum to 1": lambda z, t: softmax(z) ** (1 / t),
    "the root of the temperature": lambda z, t: softmax(z / np.sqrt(t)),
    "only the largest logit divided": lambda z, t: softmax(np.where(z == _largest(z), z / t, z)),
    "the softmax over the items": lambda z, t: softmax(z / t, axis=0),
    "one sum for the whole batch": lambda z, t: (
        np.exp(z / t - z.max() / t) / np.exp(z / t - z.max() / t).sum()
    ),
    "the temperature in the numerator only": lambda z, t: (
        np.exp(z / t) / np.exp(z).sum(axis=1, keepdims=True)
    ),
    "the exponentials not normalised": lambda z, t: np.exp((z - _largest(z)) / t),
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
