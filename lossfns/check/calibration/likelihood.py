"""The loss of a temperature in PyTorch, for an optimizer to work on."""

import numpy as np

from lossfns.check import kinds
from lossfns.check.calibration.temperature import batches
from lossfns.check.exercise import Call, Exercise, Recognised
from lossfns.check.faults import capped
from lossfns.check.recipes import log_softmax, pick, softmax


def _draw_nll(rng):
    tables = batches(rng)
    values = [0.5, -0.5, *np.round(rng.uniform(0.2, 1.5, size=2), 2)]
    for log_temperature in values:
        for logits in tables:
            yield _question(rng, logits, log_temperature, np.float32)
    for logits in tables[1:]:
        yield _question(rng, logits, values[3], np.float64)
    # Too large for exp alone; then so far apart, too, that a probability is rounded to 0.
    large = np.array([[200.0, 198.0]])
    yield _call(large, np.array([1]), 0.5, np.float32, "extremes")
    far = np.array([[1000.0, -1000.0, 0.0], [0.5, 900.0, 899.0]])
    target = np.array([1, 2])
    yield _call(far, target, -0.5, np.float32, "extremes")
    yield _call(far, target, 1.0, np.float64, "extremes")


def _question(rng, logits, log_temperature, dtype):
    return _call(logits, rng.integers(0, logits.shape[1], size=len(logits)), log_temperature, dtype)


def _call(logits, target, log_temperature, dtype, aspect="values"):
    arrays = {
        "logits": logits.astype(dtype),
        "target": target,
        "log_temperature": np.array(log_temperature, dtype),
    }
    return Call(arrays, {}, aspect, wants=("log_temperature",))


def _nll(logits, target, log_temperature):
    return -pick(log_softmax(logits / np.exp(log_temperature)), target).mean()


def _slope(logits, target, log_temperature):
    """With z/T: d(-z_y/T + ln Σ exp(z/T)) / d ln T = z_y/T - Σ p z/T."""
    scaled = logits / np.exp(log_temperature)
    return (pick(scaled, target) - (softmax(scaled) * scaled).sum(axis=1)).mean()


def _log_loss(scaled, target):
    return -pick(scaled.log_softmax(dim=1), target).mean()


def _scaled(scale, loss=_log_loss):
    """A loss of logits that `scale` has changed."""
    return lambda logits, target, log_temperature: loss(scale(logits, log_temperature), target)


def _divided(logits, log_temperature):
    return logits / log_temperature.exp()


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
        "the logarithm taken for the temperature": _scaled(
            lambda logits, log_temperature: logits / log_temperature
        ),
        "logits multiplied by the temperature": _scaled(
            lambda logits, log_temperature: logits * log_temperature.exp()
        ),
        "softplus instead of exp": _scaled(
            lambda logits, log_temperature: logits / (1 + log_temperature.exp()).log()
        ),
        "no temperature": _scaled(lambda logits, log_temperature: logits + 0 * log_temperature),
        "the log-probabilities divided": lambda logits, target, log_temperature: (
            -pick(logits.log_softmax(dim=1), target).mean() / log_temperature.exp()
        ),
        "the probabilities as logits": lambda logits, target, log_temperature: _log_loss(
            logits.softmax(dim=1) / log_temperature.exp(), target
        ),
        "a softmax before the cross-entropy": lambda logits, target, log_temperature: _log_loss(
            _divided(logits, log_temperature).softmax(dim=1), target
        ),
        "the probability without the logarithm": _scaled(
            _divided, lambda scaled, target: -pick(scaled.softmax(dim=1), target).mean()
        ),
        "the most likely class instead of the true one": _scaled(
            _divided, lambda scaled, target: _log_loss(scaled, scaled.argmax(dim=1))
        ),
        "the softmax over the items": _scaled(
            _divided, lambda scaled, target: -pick(scaled.log_softmax(dim=0), target).mean()
        ),
        "the sum instead of the mean": _scaled(
            _divided, lambda scaled, target: len(scaled) * _log_loss(scaled, target)
        ),
        "the sign forgotten": _scaled(_divided, lambda scaled, target: -_log_loss(scaled, target)),
        "overflow of the exponential": _scaled(
            _divided,
            lambda scaled, target: (
                -(pick(scaled.exp(), target) / scaled.exp().sum(dim=1)).log().mean()
            ),
        ),
        "the logarithm of a rounded probability": _scaled(
            _divided, lambda scaled, target: -pick(scaled.softmax(dim=1), target).log().mean()
        ),
        "a constant inside the logarithm": Recognised(
            _scaled(
                _divided,
                lambda scaled, target: -(pick(scaled.softmax(dim=1), target) + 1e-10).log().mean(),
            ),
            capped(_nll, share=0.97),
        ),
    },
)
