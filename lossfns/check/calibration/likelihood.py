"""The loss of a temperature in PyTorch, for an optimizer to work on."""

import numpy as np

from lossfns.check import kinds
from lossfns.check.calibration.temperature import batches
from lossfns.check.exercise import Call, Exercise, Misconception
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


def _picked(rows, target):
    return rows[range(len(rows)), target]


def _log_loss(scaled, target):
    return -_picked(scaled.log_softmax(dim=1), target).mean()


def _scaled(scale, loss=_log_loss):
    """A loss of logits that `scale` has changed."""
    return lambda logits, target, log_temperature: loss(scale(logits, log_temperature), target)


def _divided(logits, log_temperature):
    return logits / log_temperature.exp()


NLL_OF_TEMPERATURE_TORCH = Exercise(
    name="nll_of_temperature_torch",
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
    misconceptions=(
        Misconception(
            "the logarithm taken for the temperature",
            _scaled(lambda logits, log_temperature: logits / log_temperature),
            "The parameter is ln T, so that T = exp(ln T) stays positive whatever the optimizer "
            "does. You divide by the logarithm, which is 0 for T = 1.",
        ),
        Misconception(
            "logits multiplied by the temperature",
            _scaled(lambda logits, log_temperature: logits * log_temperature.exp()),
            "A high temperature must make the model less sure: divide the logits by it.",
        ),
        Misconception(
            "softplus instead of exp",
            _scaled(lambda logits, log_temperature: logits / (1 + log_temperature.exp()).log()),
            "softplus keeps T positive, too, but then the parameter is not ln T: at 0 it must "
            "give T = 1.",
        ),
        Misconception(
            "no temperature",
            _scaled(lambda logits, log_temperature: logits + 0 * log_temperature),
            "log_temperature has no effect on your result.",
        ),
        Misconception(
            "the log-probabilities divided",
            lambda logits, target, log_temperature: (
                -_picked(logits.log_softmax(dim=1), target).mean() / log_temperature.exp()
            ),
            "Dividing after log_softmax only scales the loss, and it would be lowest for an "
            "infinite temperature. Divide the logits, so that the softmax is normalised again.",
        ),
        Misconception(
            "the probabilities as logits",
            lambda logits, target, log_temperature: _log_loss(
                logits.softmax(dim=1) / log_temperature.exp(), target
            ),
            "The softmax is taken twice. Logits come first, are divided, and pass through one "
            "log_softmax.",
        ),
        Misconception(
            "a softmax before the cross-entropy",
            lambda logits, target, log_temperature: _log_loss(
                _divided(logits, log_temperature).softmax(dim=1), target
            ),
            "cross_entropy and log_softmax expect logits; fed with probabilities they take the "
            "softmax a second time.",
        ),
        Misconception(
            "the probability without the logarithm",
            _scaled(
                _divided, lambda scaled, target: -_picked(scaled.softmax(dim=1), target).mean()
            ),
            "The likelihood of the data is a product, and its logarithm is what is averaged: "
            "log_softmax, not softmax.",
        ),
        Misconception(
            "the most likely class instead of the true one",
            _scaled(_divided, lambda scaled, target: _log_loss(scaled, scaled.argmax(dim=1))),
            "target has no effect. A model that is compared with its own predictions looks the "
            "better the surer it is, so T would shrink to 0.",
        ),
        Misconception(
            "the softmax over the items",
            _scaled(
                _divided, lambda scaled, target: -_picked(scaled.log_softmax(dim=0), target).mean()
            ),
            "dim=0 compares the items of the batch with each other. The classes are dim=1.",
        ),
        Misconception(
            "the sum instead of the mean",
            _scaled(_divided, lambda scaled, target: len(scaled) * _log_loss(scaled, target)),
            "Divide by the number of items; the learning rate that fits must not depend on the "
            "size of the validation set.",
        ),
        Misconception(
            "the sign forgotten",
            _scaled(_divided, lambda scaled, target: -_log_loss(scaled, target)),
            "This is the log-likelihood. Its negative is the loss to be made small.",
        ),
        Misconception(
            "overflow of the exponential",
            _scaled(
                _divided,
                lambda scaled, target: (
                    -(_picked(scaled.exp(), target) / scaled.exp().sum(dim=1)).log().mean()
                ),
            ),
            "In float32 exp is infinite beyond 88, and logits of 1000 are asked for here. "
            "log_softmax subtracts the largest logit first.",
        ),
        Misconception(
            "the logarithm of a rounded probability",
            _scaled(
                _divided,
                lambda scaled, target: -_picked(scaled.softmax(dim=1), target).log().mean(),
            ),
            "The softmax rounds small probabilities to 0, and their logarithm is infinite. "
            "log_softmax never leaves logarithms.",
        ),
        Misconception(
            "a constant inside the logarithm",
            _scaled(
                _divided,
                lambda scaled, target: (
                    -(_picked(scaled.softmax(dim=1), target) + 1e-10).log().mean()
                ),
            ),
            "The constant makes the loss finite but wrong, and where it takes over the gradient "
            "is 0. log_softmax needs none.",
            capped(_nll, share=0.97),
        ),
    ),
)
