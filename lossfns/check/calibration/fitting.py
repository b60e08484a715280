"""Fitting a temperature, and calibrating a model with it: judged by the loss that is reached.

In the mistakes z stands for logits, y for their labels and t for the temperature.
"""

import numpy as np

import lossfns.numpy as ln
from lossfns.check.calibration.predictions import hot
from lossfns.check.exercise import Call, Exercise, Recognised
from lossfns.check.recipes import is_distribution, log_softmax, pick, softmax, sum_to_one


def _model(rng, count, classes, temperature):
    """Logits of a model that is as sure as if its temperature had to be this, and labels."""
    honest = rng.normal(scale=2.0, size=(count, classes))
    # The likeliest class where softmax and Gumbel noise meet: a draw from the softmax.
    target = (honest + rng.gumbel(size=honest.shape)).argmax(axis=1)
    return np.round(temperature * honest, 3), target


def _draw_fit(rng):
    for count, classes, t, dtype in ((120, 3, 3.3, "f8"), (240, 2, 0.4, "f8"), (200, 5, 6.4, "f4")):
        logits, target = _model(rng, count, classes, t * rng.uniform(0.9, 1.1))
        yield Call({"logits": logits.astype(dtype), "target": target})


def _nll(z, y, t):
    return float(-pick(log_softmax(z / t), y).mean())


def _loss_of_temperature(call, t):
    z, y = call.arrays.values()
    return _nll(z.astype(np.float64), y, float(t)) if t > 0 else np.inf


def _searched(grid):
    """Where on a grid the loss is smallest."""
    return lambda z, y: float(grid[np.argmin([_nll(z, y, t) for t in grid])])


_best = _searched(np.geomspace(0.05, 20, 240))


def _descended(z, y, steps=10, rate=0.01):
    t, h = 1.0, 1e-4
    for _ in range(steps):
        t -= rate * (_nll(z, y, t + h) - _nll(z, y, t - h)) / (2 * h)
    return t


def _on_the_way(call, t):
    """Whether t has left 1 for the best temperature and not come near it."""
    best = ln.fit_temperature(*call.arrays.values())
    return t.ndim == 0 and 0 < (t - 1) / (best - 1) < 0.95


FIT_TEMPERATURE = Exercise(
    signature="fit_temperature(logits, target)",
    read="loss-fit-temperature",
    right=ln.fit_temperature,
    draw=_draw_fit,
    score=_loss_of_temperature,
    slack=0.01,
    mistakes={
        "the temperature left at 1": Recognised(
            lambda z, y: 1.0, lambda call, t: abs(t - 1) < 1e-6
        ),
        "the inverse of the temperature": lambda z, y: 1 / ln.fit_temperature(z, y),
        "the logarithm of the temperature": lambda z, y: np.log(ln.fit_temperature(z, y)),
        "the square of the temperature": lambda z, y: ln.fit_temperature(z, y) ** 2,
        "no temperature below 1 tried": _searched(np.geomspace(1, 20, 120)),
        "no temperature above 1 tried": _searched(np.geomspace(0.05, 1, 120)),
        "whole numbers only": _searched(np.arange(1, 21)),
        "too few steps": Recognised(_descended, _on_the_way),
        "a temperature that runs to 0": Recognised(
            lambda z, y: _best(z, z.argmax(axis=1)), lambda call, t: t < 0.1
        ),
        "probabilities for logits": lambda z, y: _best(softmax(z), y),
        "the spread of the logits": lambda z, y: float(z.std()),
        "the mean largest logit": lambda z, y: float(z.max(axis=1).mean()),
    },
)


def _draw_calibrate(rng):
    for temperature, classes in ((3.0, 4), (0.4, 3)):
        temperature *= rng.uniform(0.9, 1.1)
        z, y = _model(rng, 300, classes, temperature)
        test, labels = _model(rng, 200, classes, temperature)
        arrays = {"logits_val": z, "target_val": y, "logits_test": test}
        yield Call(arrays, kept={"target_test": labels})


def _loss_of_probabilities(call, probs):
    """The NLL on labels that were kept; infinite for what is not allowed."""
    if not is_distribution(probs) or _changes_predictions(call, probs):
        return np.inf
    return float(-np.log(np.maximum(pick(probs, call.kept["target_test"]), 1e-300)).mean())


def _changes_predictions(call, probs):
    """Whether some other class has become the most likely one; equals count as unchanged."""
    before = call.arrays["logits_test"].argmax(axis=1)
    return (pick(probs, before) < probs.max(axis=1)).any()


def _unchanged(call, probs):
    return np.allclose(probs, softmax(call.arrays["logits_test"]), atol=1e-4)


def _equal_sums(p):
    """Rows that all have the same sum, which is not 1."""
    return p.min() >= 0 and np.ptp(p.sum(axis=1)) < 1e-3 < abs(p[0].sum() - 1)


def _tempered(predict):
    """A prediction from the logits of the test items and the temperature that was fitted."""
    return lambda z, y, test: predict(test, ln.fit_temperature(z, y))


def _seen(predict, shows):
    """As `_tempered`, recognised by what shows in the prediction."""
    return Recognised(_tempered(predict), lambda call, p: shows(p))


_calibrate = _tempered(lambda z, t: softmax(z / t))


def _by_class(z, y, test):
    """A temperature for every class, fitted on its validation items."""
    return softmax(test / [ln.fit_temperature(z[y == k], y[y == k]) for k in range(z.shape[1])])


CALIBRATE = Exercise(
    signature="calibrate(logits_val, target_val, logits_test)",
    read="loss-fit-temperature",
    right=_calibrate,
    draw=_draw_calibrate,
    score=_loss_of_probabilities,
    # The temperature of 300 validation items is uncertain by a few percent, which costs less.
    slack=0.02,
    mistakes={
        "no calibration": Recognised(_tempered(lambda z, t: softmax(z)), _unchanged),
        "logits multiplied by the temperature": _tempered(lambda z, t: softmax(z * t)),
        "scaled logits instead of probabilities": _seen(
            lambda z, t: z / t, lambda p: p.min() < 0 < p.max()
        ),
        "log-probabilities": _seen(lambda z, t: log_softmax(z / t), lambda p: p.max() <= 0),
        "probabilities divided by the temperature": _seen(lambda z, t: softmax(z) / t, _equal_sums),
        "the predictions for the validation data": lambda z, y, test: _calibrate(z, y, z),
        "the softmax over the items": _seen(
            lambda z, t: softmax(z / t, axis=0), lambda p: np.allclose(p.sum(axis=0), 1, atol=1e-3)
        ),
        "one sum for the whole batch": _seen(
            lambda z, t: softmax((z / t).reshape(1, -1)).reshape(z.shape),
            lambda p: p.min() >= 0 and np.isclose(p.sum(), 1, atol=1e-3),
        ),
        "the confidence of the prediction only": _tempered(lambda z, t: softmax(z / t).max(axis=1)),
        "certainty instead of probabilities": _seen(
            lambda z, t: np.eye(z.shape[1])[z.argmax(axis=1)],
            lambda p: p.max(axis=1).mean() > 0.99,
        ),
        "the frequencies of the classes": Recognised(
            lambda z, y, test: np.tile(hot(z, y).mean(axis=0), (len(test), 1)),
            lambda call, p: np.ptp(p, axis=0).max() < 1e-3,
        ),
        "some of the probability spread evenly": _tempered(
            lambda z, t: 0.9 * softmax(z) + 0.1 / z.shape[1]
        ),
        "other predictions than before": Recognised(_by_class, _changes_predictions),
        "the temperature of other labels": Recognised(
            lambda z, y, test: _calibrate(z, np.sort(y), test),
            lambda call, p: sum_to_one(p) and p.max() < 1.5 / p.shape[1],
        ),
    },
)
