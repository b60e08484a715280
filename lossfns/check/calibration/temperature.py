"""Logits divided by a temperature: the probabilities, and the loss in PyTorch."""

import numpy as np

from lossfns.check.calibration.predictions import (
    CHAPTER,
    log_softmax,
    own,
    refuse,
    softmax,
)
from lossfns.check.exercise import Call, Exercise, Misconception


def _logits(rng, count, classes):
    """Halves in every row, so that they print briefly and are exact in every dtype."""
    return np.stack([rng.permutation(np.arange(-4, 5))[:classes] / 2 for _ in range(count)])


def _batches(rng):
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
    batches = _batches(rng)
    warm = float(np.round(rng.uniform(1.3, 4.0), 2))
    for temperature in (2.0, 0.5, warm):
        for logits in batches:
            yield Call({"logits": logits}, {"temperature": temperature})
    for logits in batches[1:3]:
        yield Call({"logits": logits.astype(np.float32)}, {"temperature": warm})
    yield Call({"logits": np.array([[1000.0, 998.0, -1000.0]])}, {"temperature": 2.0}, "extremes")
    apart = np.array([[1000.0, 999.0], [-1000.0, -999.5]])
    yield Call({"logits": apart}, {"temperature": 1.0}, "extremes")
    yield Call({"logits": batches[2]}, {"temperature": 0.001}, "extremes")
    yield Call({"logits": batches[2]}, {"temperature": 1e6}, "extremes")
    for temperature in (-1.0, 0.0):
        yield refuse({"temperature": temperature}, logits=batches[1])


def _hold_temperature(temperature):
    if not temperature > 0:
        raise ValueError(f"temperature must be positive, got {temperature}")


def _temper(logits, temperature):
    _hold_temperature(temperature)
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
    read=CHAPTER,
    right=_temper,
    draw=_draw_temper,
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
        Misconception(
            "a temperature that is not positive accepted",
            lambda logits, temperature: softmax(logits / temperature),
            "A negative temperature turns every ranking around, and 0 divides by zero. Raise "
            "ValueError.",
        ),
    ),
)


def _draw_nll(rng):
    batches = _batches(rng)
    values = [0.5, -0.5, *np.round(rng.uniform(0.2, 1.5, size=2), 2)]
    for log_temperature in values:
        for logits in batches:
            yield _question(rng, logits, log_temperature, np.float32)
    for logits in batches[1:]:
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
    return -own(log_softmax(logits / np.exp(log_temperature)), target).mean()


def _slope(logits, target, log_temperature):
    """With z/T: d(-z_y/T + ln Σ exp(z/T)) / d ln T = z_y/T - Σ p z/T."""
    scaled = logits / np.exp(log_temperature)
    return (own(scaled, target) - (softmax(scaled) * scaled).sum(axis=1)).mean()


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
    read=CHAPTER,
    right=_nll,
    draw=_draw_nll,
    torch=True,
    slopes={"log_temperature": _slope},
    # The gradient is a difference of scaled logits of about 100, known to 6e-8 of that in float32.
    rtol=1e-3,
    atol=1e-5,
    misconceptions=(
        Misconception(
            "the logarithm taken for the temperature",
            _scaled(lambda logits, log_temperature: logits / log_temperature),
            "The parameter is ln T, so that T = exp(ln T) stays positive whatever the optimiser "
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
        ),
        Misconception(
            "the graph cut off",
            lambda logits, target, log_temperature: _log_loss(
                logits / log_temperature.detach().exp(), target
            ),
            "The value is right but carries no gradient for the temperature, which could not be "
            "fitted with it: .item(), float(), np.exp and .detach() cut it off. Use "
            "log_temperature.exp().",
        ),
        Misconception(
            "a Python number instead of a tensor",
            lambda logits, target, log_temperature: _log_loss(
                _divided(logits, log_temperature), target
            ).item(),
            "A float has no graph, so .backward() is impossible. Return the tensor itself.",
        ),
        Misconception(
            "everything in double precision",
            lambda logits, target, log_temperature: _log_loss(
                _divided(logits.double(), log_temperature.double()), target
            ),
            "Models run in float32 or less. Keep the dtype of the logits.",
        ),
    ),
)
