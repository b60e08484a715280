"""The loss of a temperature in PyTorch, for an optimizer to work on.

In the mistakes z stands for the logits, y for the labels and s for ln T, the log-temperature.
"""

import numpy as np

from lossfns.check import kinds
from lossfns.check.calibration.temperature import batches
from lossfns.check.exercise import Exercise, Recognised
from lossfns.check.faults import capped
from lossfns.check.questions import ask
from lossfns.check.recipes import log_softmax, pick, softmax


def _draw_nll(rng):
    tables = batches(rng)
    values = [0.5, -0.5, *np.round(rng.uniform(0.2, 1.5, size=2), 2)]
    for s in values:
        for z in tables:
            yield _ask(z, _labels(rng, z), s)
    for z in tables[1:]:
        yield _ask(z, _labels(rng, z), values[3], np.float64)
    # Too large for exp alone; then so far apart, too, that a probability is rounded to 0.
    large, far = [[200.0, 198.0]], [[1000.0, -1000.0, 0.0], [0.5, 900.0, 899.0]]
    yield _ask(np.array(large), np.array([1]), 0.5, aspect="extremes")
    yield _ask(np.array(far), np.array([1, 2]), -0.5, aspect="extremes")
    yield _ask(np.array(far), np.array([1, 2]), 1.0, np.float64, aspect="extremes")


def _labels(rng, z):
    return rng.integers(0, z.shape[1], size=len(z))


def _ask(z, y, s, dtype=np.float32, aspect="values"):
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
