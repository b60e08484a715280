"""The softmax of logits divided by a temperature."""

import numpy as np

from lossfns.check import kinds
from lossfns.check.exercise import Call, Exercise, Misconception
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
            "a temperature that is not positive accepted",
            "A negative temperature turns every ranking around, and 0 divides by zero. Raise "
            "ValueError.",
            logits=tables[1],
            temperature=temperature,
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
    name="temper",
    signature="temper(logits, temperature)",
    read="loss-fit-temperature",
    right=_temper,
    draw=_draw_temper,
    probes=(
        kinds.outside("temperature", 0.0, ends=(0.0,)),
        kinds.single_class("logits"),
        kinds.equal_logits("logits"),
    ),
    misconceptions=(
        Misconception(
            "logits multiplied by the temperature",
            lambda logits, temperature: softmax(logits * temperature),
            "A high temperature must make the model less sure: divide. Multiplying makes it surer.",
        ),
        Misconception(
            "no temperature",
            lambda logits, temperature: softmax(logits),
            "temperature has no effect on your result.",
        ),
        Misconception(
            "the probabilities divided",
            lambda logits, temperature: softmax(logits) / temperature,
            "Divided after the softmax, the rows sum to 1/T. Divide the logits, then take the "
            "softmax.",
        ),
        Misconception(
            "the probabilities as logits",
            lambda logits, temperature: softmax(softmax(logits) / temperature),
            "You take the softmax twice. Probabilities lie between 0 and 1, so a second softmax "
            "of them is nearly flat.",
        ),
        Misconception(
            "powers that do not sum to 1",
            _of_probabilities(lambda temperature: 1 / temperature),
            "p^(1/T) is right up to a factor, but the rows no longer sum to 1: divide by their "
            "sum. From logits, dividing before one softmax is the same and simpler.",
        ),
        Misconception(
            "the root of the temperature",
            lambda logits, temperature: softmax(logits / np.sqrt(temperature)),
            "√ belongs to other scalings (as √d in attention). The logits are divided by T itself.",
        ),
        Misconception(
            "only the largest logit divided",
            lambda logits, temperature: softmax(
                np.where(logits == logits.max(axis=1, keepdims=True), logits / temperature, logits)
            ),
            "All logits of a row are divided by the same number. That keeps their order, and with "
            "it every prediction.",
        ),
        Misconception(
            "the softmax over the items",
            lambda logits, temperature: softmax(logits / temperature, axis=0),
            "Your columns sum to 1: you compare the items of the batch with each other. Each row "
            "is one prediction: normalise over the classes, axis=1.",
        ),
        Misconception(
            "one sum for the whole batch",
            lambda logits, temperature: (
                np.exp(logits / temperature - logits.max() / temperature)
                / np.exp(logits / temperature - logits.max() / temperature).sum()
            ),
            "The whole table sums to 1 in yours. Every row is a distribution of its own: "
            ".sum(axis=1, keepdims=True).",
        ),
        Misconception(
            "the temperature in the numerator only",
            lambda logits, temperature: (
                np.exp(logits / temperature) / np.exp(logits).sum(axis=1, keepdims=True)
            ),
            "The sum in the denominator is over other exponentials than those above it, so the "
            "rows do not sum to 1. Divide the logits first, then take the softmax of the quotient.",
        ),
        Misconception(
            "the exponentials not normalised",
            lambda logits, temperature: np.exp(
                (logits - logits.max(axis=1, keepdims=True)) / temperature
            ),
            "Divide by the sum of the exponentials of each row, or the rows do not sum to 1.",
        ),
        Misconception(
            "a sigmoid for each class",
            lambda logits, temperature: 1 / (1 + np.exp(-logits / temperature)),
            "Sigmoids answer separate yes-or-no questions and do not sum to 1. One class among "
            "several needs a softmax.",
        ),
        Misconception(
            "log-probabilities",
            lambda logits, temperature: log_softmax(logits / temperature),
            "These are logarithms. The probabilities themselves are asked for.",
        ),
        Misconception(
            "overflow of the exponential",
            _overflowing,
            "exp(1000) is infinite, and infinity over infinity is NaN. Subtract the largest logit "
            "of each row first: it cancels in the quotient.",
        ),
        Misconception(
            "one maximum subtracted from all rows",
            _one_maximum,
            "Where a row lies far below the largest logit of the batch, all its exponentials are "
            "0, and 0/0 is left. Each row has its own maximum: "
            "logits.max(axis=1, keepdims=True).",
        ),
        Misconception(
            "logits clipped",
            lambda logits, temperature: _overflowing(np.clip(logits, -500, 500), temperature),
            "Clipping makes the result finite but wrong: 1000 and 998 become the same. Only "
            "differences matter, so subtract the largest logit of each row instead.",
        ),
    ),
)
