"""The softmax of logits divided by a temperature."""

import numpy as np

from lossfns.check import kinds
from lossfns.check.exercise import Call, Exercise
from lossfns.check.questions import refuse
from lossfns.check.recipes import log_softmax, softmax


def _logits(rng, count, classes):
    """Halves in every row, so that they print briefly and are exact in every dtype."""
    return np.stack([rng.permutation(np.arange(-4, 5))[:classes] / 2 for _ in range(count)])


def batches(rng) -> list[np.ndarray]:
    """Logits, the smaller ones first."""
    count, classes = int(rng.integers(4, 8)), int(rng.integers(4, 7))
    classes += count == classes
    return [
        _logits(rng, 1, 2),
        _logits(rng, 1, 3),
        _logits(rng, 2, 3),
        _logits(rng, 3, 2),
        np.round(rng.normal(scale=2.0, size=(count, classes)), 3),
    ]


def _draw_temper(rng):
    tables = batches(rng)
    warm = float(np.round(rng.uniform(1.3, 4.0), 2))
    for temperature in (2.0, 0.5, warm):
        for logits in tables:
            yield Call({"logits": logits}, {"temperature": temperature})
    for logits in tables[1:3]:
        yield Call({"logits": logits.astype(np.float32)}, {"temperature": warm})
    yield Call({"logits": np.array([[1000.0, 998.0, -1000.0]])}, {"temperature": 2.0}, "extremes")
    apart = np.array([[1000.0, 999.0], [-1000.0, -999.5]])
    yield Call({"logits": apart}, {"temperature": 1.0}, "extremes")
    yield Call({"logits": tables[2]}, {"temperature": 0.001}, "extremes")
    yield Call({"logits": tables[2]}, {"temperature": 1e6}, "extremes")
    for temperature in (-1.0, 0.0):
        yield refuse(
            "a temperature that is not positive accepted", logits=tables[1], temperature=temperature
        )


def _temper(logits, temperature):
    if not temperature > 0:
        raise ValueError(f"temperature must be positive, got {temperature}")
    return softmax(logits / temperature)


def _overflowing(logits, temperature):
    exps = np.exp(logits / temperature)
    return exps / exps.sum(axis=1, keepdims=True)


def _one_maximum(logits, temperature):
    exps = np.exp((logits - logits.max()) / temperature)
    return exps / exps.sum(axis=1, keepdims=True)


def _of_probabilities(power):
    """Powers of the probabilities, not yet divided by their sum."""
    return lambda logits, temperature: softmax(logits) ** power(temperature)


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
    mistakes={
        "logits multiplied by the temperature": lambda logits, temperature: softmax(
            logits * temperature
        ),
        "no temperature": lambda logits, temperature: softmax(logits),
        "the probabilities divided": lambda logits, temperature: softmax(logits) / temperature,
        "the probabilities as logits": lambda logits, temperature: softmax(
            softmax(logits) / temperature
        ),
        "powers that do not sum to 1": _of_probabilities(lambda temperature: 1 / temperature),
        "the root of the temperature": lambda logits, temperature: softmax(
            logits / np.sqrt(temperature)
        ),
        "only the largest logit divided": lambda logits, temperature: softmax(
            np.where(logits == logits.max(axis=1, keepdims=True), logits / temperature, logits)
        ),
        "the softmax over the items": lambda logits, temperature: softmax(
            logits / temperature, axis=0
        ),
        "one sum for the whole batch": lambda logits, temperature: (
            np.exp(logits / temperature - logits.max() / temperature)
            / np.exp(logits / temperature - logits.max() / temperature).sum()
        ),
        "the temperature in the numerator only": lambda logits, temperature: (
            np.exp(logits / temperature) / np.exp(logits).sum(axis=1, keepdims=True)
        ),
        "the exponentials not normalised": lambda logits, temperature: np.exp(
            (logits - logits.max(axis=1, keepdims=True)) / temperature
        ),
        "a sigmoid for each class": lambda logits, temperature: (
            1 / (1 + np.exp(-logits / temperature))
        ),
        "log-probabilities": lambda logits, temperature: log_softmax(logits / temperature),
        "overflow of the exponential": _overflowing,
        "one maximum subtracted from all rows": _one_maximum,
        "logits clipped": lambda logits, temperature: _overflowing(
            np.clip(logits, -500, 500), temperature
        ),
    },
)
