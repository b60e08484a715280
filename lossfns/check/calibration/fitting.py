"""Fitting a temperature, and calibrating a model with it: judged by the loss that is reached."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check.exercise import Call, Exercise, Misconception
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
    name="fit_temperature",
    signature="fit_temperature(logits, target)",
    read="loss-fit-temperature",
    right=ln.fit_temperature,
    draw=_draw_fit,
    score=_loss_of_temperature,
    slack=0.01,
    misconceptions=(
        Misconception(
            "the temperature left at 1",
            lambda logits, target: 1.0,
            "With T = 1 the probabilities stay as they are. Try others: the loss of logits / T "
            "has one minimum.",
            shows=lambda call, value: bool(abs(value - 1) < 1e-6),
        ),
        Misconception(
            "the inverse of the temperature",
            lambda logits, target: 1 / ln.fit_temperature(logits, target),
            "Your number fits logits * T. The function returns what the logits are divided by: "
            "above 1 where the model was too sure.",
        ),
        Misconception(
            "the logarithm of the temperature",
            lambda logits, target: np.log(ln.fit_temperature(logits, target)),
            "Searching for ln T is a good idea, since T then stays positive. Return its "
            "exponential.",
        ),
        Misconception(
            "the square of the temperature",
            lambda logits, target: ln.fit_temperature(logits, target) ** 2,
            "Your number fits logits / √T. The logits are divided by T itself.",
        ),
        Misconception(
            "no temperature below 1 tried",
            _searched(np.geomspace(1, 20, 120)),
            "Models trained with label smoothing, or for a short time, can be too cautious, and "
            "then T is below 1. Search on both sides.",
        ),
        Misconception(
            "no temperature above 1 tried",
            _searched(np.geomspace(0.05, 1, 120)),
            "Most networks are too sure, and their T lies above 1. Search on both sides.",
        ),
        Misconception(
            "whole numbers only",
            _searched(np.arange(1, 21)),
            "Between whole temperatures lie better ones, and below 1 as well. Use a finer grid, "
            "best on a logarithmic scale, or follow the gradient.",
        ),
        Misconception(
            "too few steps",
            _descended,
            "T has only just left 1. Go on until the loss no longer falls, or take larger steps; "
            "with ln T as the parameter one learning rate fits small and large T.",
        ),
        Misconception(
            "a temperature that runs to 0",
            lambda logits, target: _best(lambda t: nll(logits, logits.argmax(axis=1), t)),
            "Compared with its own predictions a model is always right and can never be sure "
            "enough, so that T runs to 0; the same happens when the loss is made large instead of "
            "small. Look at the labels that you use, and at the sign of the loss or of the step.",
            shows=lambda call, value: bool(value < 0.1),
        ),
        Misconception(
            "probabilities for logits",
            lambda logits, target: _best(lambda t: nll(softmax(logits), target, t)),
            "You take a softmax before dividing, and another one in the loss. Divide the logits.",
        ),
        Misconception(
            "the spread of the logits",
            lambda logits, target: float(logits.std()),
            "Scaling logits to a spread of 1 does not ask whether the model is right: target has "
            "no effect. A model that is always right may be as sure as it likes.",
        ),
        Misconception(
            "the mean largest logit",
            lambda logits, target: float(logits.max(axis=1).mean()),
            "How large the logits are says how sure the model is, but not whether that is "
            "justified: target has no effect on your result.",
        ),
    ),
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
    name="calibrate",
    signature="calibrate(logits_val, target_val, logits_test)",
    read="loss-fit-temperature",
    right=_calibrate,
    draw=_draw_calibrate,
    score=_loss_of_probabilities,
    # The temperature of 300 validation items is uncertain by a few percent, which costs less.
    slack=0.02,
    misconceptions=(
        Misconception(
            "no calibration",
            lambda logits_val, target_val, logits_test: softmax(logits_test),
            "These are the probabilities of the model as it is. Fit a temperature on the "
            "validation data, and divide the test logits by it.",
            shows=_unchanged,
        ),
        Misconception(
            "logits multiplied by the temperature",
            lambda logits_val, target_val, logits_test: softmax(
                logits_test * ln.fit_temperature(logits_val, target_val)
            ),
            "The temperature is fitted as a divisor and used as a factor: a model that was too "
            "sure becomes surer still. Divide the test logits by it.",
        ),
        Misconception(
            "scaled logits instead of probabilities",
            lambda logits_val, target_val, logits_test: (
                logits_test / ln.fit_temperature(logits_val, target_val)
            ),
            "These are logits: they are negative in places and do not sum to 1. Take the softmax "
            "at the end.",
            shows=lambda call, value: bool(value.min() < 0 < value.max()),
        ),
        Misconception(
            "log-probabilities",
            lambda logits_val, target_val, logits_test: log_softmax(
                logits_test / ln.fit_temperature(logits_val, target_val)
            ),
            "These are logarithms of probabilities, none of them positive. Take their exponential.",
            shows=lambda call, value: bool(value.max() <= 0),
        ),
        Misconception(
            "probabilities divided by the temperature",
            lambda logits_val, target_val, logits_test: (
                softmax(logits_test) / ln.fit_temperature(logits_val, target_val)
            ),
            "Divided after the softmax, the rows no longer sum to 1. Divide the logits.",
            shows=lambda call, value: bool(
                value.min() >= 0 and np.ptp(value.sum(axis=1)) < 1e-3 < abs(value[0].sum() - 1)
            ),
        ),
        Misconception(
            "the predictions for the validation data",
            lambda logits_val, target_val, logits_test: _calibrate(
                logits_val, target_val, logits_val
            ),
            "You calibrate the data that the temperature was fitted on. Fit there, but return the "
            "probabilities for logits_test: as many rows as it has.",
        ),
        Misconception(
            "the softmax over the items",
            lambda logits_val, target_val, logits_test: softmax(
                logits_test / ln.fit_temperature(logits_val, target_val), axis=0
            ),
            "Your columns sum to 1, not your rows: the classes are axis=1.",
            shows=lambda call, value: bool(np.allclose(value.sum(axis=0), 1, atol=1e-3)),
        ),
        Misconception(
            "the confidence of the prediction only",
            lambda logits_val, target_val, logits_test: _calibrate(
                logits_val, target_val, logits_test
            ).max(axis=1),
            "One number a row is the confidence. Return the whole distribution over the classes, "
            "in the shape of logits_test.",
        ),
        Misconception(
            "certainty instead of probabilities",
            lambda logits_val, target_val, logits_test: np.eye(logits_test.shape[1])[
                logits_test.argmax(axis=1)
            ],
            "Each row gives its most likely class the probability 1. That keeps the accuracy, and "
            "every mistake costs a huge loss. A temperature near 0, as it comes out when the model "
            "is compared with its own predictions, does nearly the same.",
            shows=lambda call, value: bool(value.max(axis=1).mean() > 0.99),
        ),
        Misconception(
            "the frequencies of the classes",
            _frequencies,
            "Every item gets the same probabilities. That is calibrated, and worthless: the model "
            "no longer tells items apart, and its predictions have changed.",
            shows=lambda call, value: bool(np.ptp(value, axis=0).max() < 1e-3),
        ),
        Misconception(
            "some of the probability spread evenly",
            _smoothed,
            "Mixing with 1/C caps the confidence, wherever the model was right to be sure as "
            "well as where it was not, and a model that is too cautious gets worse. Divide the "
            "logits by a temperature fitted on the validation data.",
        ),
        Misconception(
            "other predictions than before",
            _by_class,
            "In some rows another class is now the most likely one, so the accuracy has changed. "
            "Factors or offsets for each class do that; one temperature for all keeps the order.",
            shows=_changes_predictions,
        ),
        Misconception(
            "the temperature of other labels",
            lambda logits_val, target_val, logits_test: softmax(
                logits_test / ln.fit_temperature(logits_val, np.sort(target_val))
            ),
            "The labels are in another order than the logits, so the model looks useless and the "
            "temperature becomes huge. Whoever shuffles one must shuffle the other.",
            shows=lambda call, value: bool(value.max() < 1.5 / value.shape[1]),
        ),
    ),
)
