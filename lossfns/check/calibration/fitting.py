"""Fitting a temperature, and calibrating a model with it: judged by the loss that is reached."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check.exercise import Call, Exercise, Recognised
from lossfns.check.recipes import log_softmax, pick, softmax

_TEMPERATURES = np.geomspace(0.05, 20, 240)


def _model(rng, count, classes, temperature):
    """Logits of a model that is as sure as if its temperature had to be this, and labels."""
    honest = rng.normal(scale=2.0, size=(count, classes))
    # The likeliest class where softmax and Gumbel noise meet: a draw from the softmax.
    target = (honest + rng.gumbel(size=honest.shape)).argmax(axis=1)
    return np.round(temperature * honest, 3), target


def _draw_fit(rng):
    for count, classes, temperature, dtype in (
        (120, 3, 3.3, np.float64),
        (240, 2, 0.4, np.float64),
        (200, 5, 6.4, np.float32),
    ):
        logits, target = _model(rng, count, classes, temperature * rng.uniform(0.9, 1.1))
        yield Call({"logits": logits.astype(dtype), "target": target})


def nll(logits, target, temperature):
    return float(-pick(log_softmax(logits / temperature), target).mean())


def _loss_of_temperature(call, temperature):
    if not temperature > 0:
        return np.inf
    logits = call.arrays["logits"].astype(np.float64)
    return nll(logits, call.arrays["target"], float(temperature))


def _best(loss, among=_TEMPERATURES):
    """The temperature of a grid at which a loss is smallest."""
    return float(among[np.argmin([loss(temperature) for temperature in among])])


def _searched(among):
    """A search over too few temperatures."""
    return lambda logits, target: _best(lambda t: nll(logits, target, t), among)


def _descended(logits, target, steps=10, rate=0.01):
    temperature = 1.0
    for _ in range(steps):
        step = 1e-4
        slope = nll(logits, target, temperature + step) - nll(logits, target, temperature - step)
        temperature -= rate * slope / (2 * step)
    return temperature


FIT_TEMPERATURE = Exercise(
    signature="fit_temperature(logits, target)",
    read="loss-fit-temperature",
    right=ln.fit_temperature,
    draw=_draw_fit,
    score=_loss_of_temperature,
    slack=0.01,
    mistakes={
        "the temperature left at 1": Recognised(
            lambda logits, target: 1.0, lambda call, value: bool(abs(value - 1) < 1e-6)
        ),
        "the inverse of the temperature": lambda logits, target: (
            1 / ln.fit_temperature(logits, target)
        ),
        "the logarithm of the temperature": lambda logits, target: np.log(
            ln.fit_temperature(logits, target)
        ),
        "the square of the temperature": lambda logits, target: (
            ln.fit_temperature(logits, target) ** 2
        ),
        "no temperature below 1 tried": _searched(np.geomspace(1, 20, 120)),
        "no temperature above 1 tried": _searched(np.geomspace(0.05, 1, 120)),
        "whole numbers only": _searched(np.arange(1, 21)),
        "too few steps": _descended,
        "a temperature that runs to 0": Recognised(
            lambda logits, target: _best(lambda t: nll(logits, logits.argmax(axis=1), t)),
            lambda call, value: bool(value < 0.1),
        ),
        "probabilities for logits": lambda logits, target: _best(
            lambda t: nll(softmax(logits), target, t)
        ),
        "the spread of the logits": lambda logits, target: float(logits.std()),
        "the mean largest logit": lambda logits, target: float(logits.max(axis=1).mean()),
    },
)


def _draw_calibrate(rng):
    for temperature, classes in ((3.0, 4), (0.4, 3)):
        temperature *= rng.uniform(0.9, 1.1)
        logits_val, target_val = _model(rng, 300, classes, temperature)
        logits_test, target_test = _model(rng, 200, classes, temperature)
        arrays = {"logits_val": logits_val, "target_val": target_val, "logits_test": logits_test}
        yield Call(arrays, kept={"target_test": target_test})


def _loss_of_probabilities(call, probs):
    """The NLL on labels that were kept; infinite for what is not allowed."""
    if _is_no_distribution(call, probs) or _changes_predictions(call, probs):
        return np.inf
    return float(-np.log(np.maximum(pick(probs, call.kept["target_test"]), 1e-300)).mean())


def _is_no_distribution(call, probs):
    return bool(probs.min() < 0 or np.abs(probs.sum(axis=1) - 1).max() > 1e-3)


def _changes_predictions(call, probs):
    """Whether some other class has become the most likely one; equals count as unchanged."""
    before = call.arrays["logits_test"].argmax(axis=1)
    return bool((pick(probs, before) < probs.max(axis=1)).any())


def _calibrate(logits_val, target_val, logits_test):
    return softmax(logits_test / ln.fit_temperature(logits_val, target_val))


def _unchanged(call, probs):
    return bool(np.allclose(probs, softmax(call.arrays["logits_test"]), atol=1e-4))


def _smoothed(logits_val, target_val, logits_test, share=0.1):
    return (1 - share) * softmax(logits_test) + share / logits_test.shape[1]


def _frequencies(logits_val, target_val, logits_test):
    frequency = np.bincount(target_val, minlength=logits_val.shape[1]) / len(target_val)
    return np.tile(frequency, (len(logits_test), 1))


def _by_class(logits_val, target_val, logits_test):
    """A temperature for every class, fitted on its validation items."""
    temperatures = [
        ln.fit_temperature(logits_val[target_val == label], target_val[target_val == label])
        for label in range(logits_val.shape[1])
    ]
    return softmax(logits_test / temperatures)


CALIBRATE = Exercise(
    signature="calibrate(logits_val, target_val, logits_test)",
    read="loss-fit-temperature",
    right=_calibrate,
    draw=_draw_calibrate,
    score=_loss_of_probabilities,
    # The temperature of 300 validation items is uncertain by a few percent, which costs less.
    slack=0.02,
    mistakes={
        "no calibration": Recognised(
            lambda logits_val, target_val, logits_test: softmax(logits_test), _unchanged
        ),
        "logits multiplied by the temperature": lambda logits_val, target_val, logits_test: softmax(
            logits_test * ln.fit_temperature(logits_val, target_val)
        ),
        "scaled logits instead of probabilities": Recognised(
            lambda logits_val, target_val, logits_test: (
                logits_test / ln.fit_temperature(logits_val, target_val)
            ),
            lambda call, value: bool(value.min() < 0 < value.max()),
        ),
        "log-probabilities": Recognised(
            lambda logits_val, target_val, logits_test: log_softmax(
                logits_test / ln.fit_temperature(logits_val, target_val)
            ),
            lambda call, value: bool(value.max() <= 0),
        ),
        "probabilities divided by the temperature": Recognised(
            lambda logits_val, target_val, logits_test: (
                softmax(logits_test) / ln.fit_temperature(logits_val, target_val)
            ),
            lambda call, value: bool(
                value.min() >= 0 and np.ptp(value.sum(axis=1)) < 1e-3 < abs(value[0].sum() - 1)
            ),
        ),
        "the predictions for the validation data": lambda logits_val, target_val, logits_test: (
            _calibrate(logits_val, target_val, logits_val)
        ),
        "the softmax over the items": Recognised(
            lambda logits_val, target_val, logits_test: softmax(
                logits_test / ln.fit_temperature(logits_val, target_val), axis=0
            ),
            lambda call, value: bool(np.allclose(value.sum(axis=0), 1, atol=1e-3)),
        ),
        "the confidence of the prediction only": lambda logits_val, target_val, logits_test: (
            _calibrate(logits_val, target_val, logits_test).max(axis=1)
        ),
        "certainty instead of probabilities": Recognised(
            lambda logits_val, target_val, logits_test: np.eye(logits_test.shape[1])[
                logits_test.argmax(axis=1)
            ],
            lambda call, value: bool(value.max(axis=1).mean() > 0.99),
        ),
        "the frequencies of the classes": Recognised(
            _frequencies, lambda call, value: bool(np.ptp(value, axis=0).max() < 1e-3)
        ),
        "some of the probability spread evenly": _smoothed,
        "other predictions than before": Recognised(_by_class, _changes_predictions),
        "the temperature of other labels": Recognised(
            lambda logits_val, target_val, logits_test: softmax(
                logits_test / ln.fit_temperature(logits_val, np.sort(target_val))
            ),
            lambda call, value: bool(value.max() < 1.5 / value.shape[1]),
        ),
    },
)
