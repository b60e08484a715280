"""Broken classifiers: a softmax too many, and a weight that is none."""

import numpy as np

from lossfns.check.exercise import Call, Exercise
from lossfns.check.recipes import sigmoid, softmax, with_ones


def _draw_classes(rng):
    for count, classes in ((120, 3), (240, 5)):
        new = 24
        angles = rng.uniform(0, 6) + 2 * np.pi * np.arange(classes) / classes
        x = np.round(rng.normal(size=(count + new, 2)), 3)
        probs = softmax(2.2 * x @ np.stack([np.cos(angles), np.sin(angles)]))
        labels = (probs.cumsum(axis=1) < rng.random((len(x), 1))).sum(axis=1)
        # Some labels are plainly wrong, as they are in practice, and keep the best weights finite.
        wrong = rng.random(len(x)) < 0.08
        labels = np.where(wrong, rng.integers(classes, size=len(x)), labels)
        labels[:classes] = np.arange(classes)
        given = {"x": x[:count], "labels": labels[:count], "x_new": x[count:]}
        yield Call(given, kept={"best": _classify(_cross_entropy, steps=1000)(**given)})


def _cross_entropy(logits, hot):
    """Gradient for the logits of each item."""
    return softmax(logits) - hot


def _through_softmax(slope):
    """Gradient for the logits of a loss of their softmax, whose own gradient is `slope`."""

    def gradient(logits, hot):
        probs = softmax(logits)
        inner = slope(probs, hot)
        return probs * (inner - (inner * probs).sum(axis=1, keepdims=True))

    return gradient


def _classify(gradient, out=softmax, rate=1.0, steps=500):
    """Descent from 0, then `out` of the logits of the new items."""

    def wrong(x, labels, x_new):
        columns, hot = with_ones(x), np.eye(labels.max() + 1)[labels]
        weights = np.zeros((columns.shape[1], hot.shape[1]))
        for _ in range(steps):
            slopes = gradient(columns @ weights, hot)
            weights -= rate * columns.T @ slopes / len(x)
        return out(with_ones(x_new) @ weights)

    return wrong


def _divergence(call, probs):
    """Mean KL divergence, in nats, from what the best weights say about the new items."""
    best = call.kept["best"]
    if probs.min() < 0 or np.abs(probs.sum(axis=1) - 1).max() > 1e-3:
        return float("inf")
    return float((best * np.log(best / np.maximum(probs, 1e-9))).sum(axis=1).mean())


def _hard(logits):
    return np.eye(logits.shape[1])[logits.argmax(axis=1)]


REPAIRED_DOUBLE_SOFTMAX = Exercise(
    signature="repaired_double_softmax(x, labels, x_new)",
    repairs="broken_double_softmax",
    read="two-softmaxes",
    right=_classify(_cross_entropy),
    draw=_draw_classes,
    score=_divergence,
    rtol=1e-2,
    # The reference is within 0.0001 nats of the best weights, half its steps within 0.0005.
    atol=3e-3,
    mistakes={
        "still the broken loop": _classify(
            _through_softmax(lambda probs, hot: softmax(probs) - hot)
        ),
        "the logarithm missing": _classify(_through_softmax(lambda probs, hot: -hot)),
        "squared errors of the probabilities": _classify(
            _through_softmax(lambda probs, hot: 2 * (probs - hot))
        ),
        "a softmax at neither end": _classify(_cross_entropy, out=lambda logits: logits),
        "softmax twice in what is returned": _classify(
            _cross_entropy, out=lambda logits: softmax(softmax(logits))
        ),
        "log-probabilities in what is returned": _classify(
            _cross_entropy, out=lambda logits: np.log(softmax(logits))
        ),
        "the softmax along the items": _classify(
            _cross_entropy, out=lambda logits: softmax(logits.T).T
        ),
        "a sigmoid for each class": _classify(
            lambda logits, hot: sigmoid(logits) - hot, out=sigmoid
        ),
        "classes instead of probabilities": _classify(_cross_entropy, out=_hard),
        "more steps": _classify(
            _through_softmax(lambda probs, hot: softmax(probs) - hot), steps=2000
        ),
        "too few steps": _classify(_cross_entropy, steps=10),
        "probabilities of the training items": lambda x, labels, x_new: _classify(_cross_entropy)(
            x, labels, x
        ),
    },
)


def _draw_rare(rng):
    for count, share in ((150, 0.2), (400, 0.05)):
        x = np.round(rng.normal(size=(count, 2)), 3)
        slopes = rng.choice([-2.0, -1.5, 1.5, 2.0], size=2)
        scores = x @ slopes + rng.logistic(size=count)
        labels = (scores > np.quantile(scores, 1 - share)).astype(np.int64)
        # One positive in ten is not where it should be, which keeps the best weights small.
        few = round(0.1 * share * count)
        classes = [np.flatnonzero(labels == label) for label in (0, 1)]
        moved = np.concatenate([rng.choice(one, few, replace=False) for one in classes])
        labels[moved] = 1 - labels[moved]
        yield Call({"x": x, "labels": labels})


def _ratio(labels):
    return (1 - labels.mean()) / labels.mean()


def _weighted(positive, negative=lambda labels: 1.0):
    """The best weights of binary cross-entropy, where each class counts so much; by Newton."""

    def fit(x, labels):
        return _newton(with_ones(x), labels, positive(labels), negative(labels))

    return fit


def _newton(columns, labels, positive, negative):
    weight = np.where(labels == 1, positive, negative)
    line = np.zeros(columns.shape[1])
    for _ in range(30):
        probs = sigmoid(columns @ line)
        curve = (columns * (weight * probs * (1 - probs))[:, None]).T @ columns
        line = line - np.linalg.solve(curve, columns.T @ (weight * (probs - labels)))
    return line


def _rare_loss(call, line):
    """Binary cross-entropy in which both classes count the same in all."""
    x, labels = call.arrays["x"], call.arrays["labels"]
    z = with_ones(x) @ line
    losses = labels * _ratio(labels) * np.logaddexp(0, -z) + (1 - labels) * np.logaddexp(0, z)
    return float(losses.mean())


def _without_intercept(x, labels):
    return np.append(_newton(x, labels, _ratio(labels), 1.0), 0.0)


def _log_odds(x, labels, inner, steps=500):
    """Descent on the weighted loss, where `inner` stands between the logits and the loss."""
    columns, ratio, line = with_ones(x), _ratio(labels), np.zeros(x.shape[1] + 1)
    weight = np.where(labels == 1, ratio, 1.0)
    for _ in range(steps):
        value, slope = inner(columns @ line)
        pull = weight * (sigmoid(value) - labels) * slope
        line -= 0.1 * columns.T @ pull / len(x)
    return line


def _sigmoid_first(z):
    probs = sigmoid(z)
    return probs, probs * (1 - probs)


_once = _weighted(_ratio)

REPAIRED_WEIGHTS = Exercise(
    signature="repaired_weights(x, labels)",
    repairs="broken_weights",
    read="weight-for-all",
    right=_once,
    draw=_draw_rare,
    score=_rare_loss,
    slack=0.003,
    # Descent is still a little short of the best weights, which these are compared with.
    rtol=3e-2,
    atol=5e-4,
    mistakes={
        "still the broken loop": _weighted(lambda labels: 1.0),
        "the ratio upside down": _weighted(lambda labels: 1 / _ratio(labels)),
        "the weight on both": _weighted(lambda labels: _ratio(labels) ** 2),
        "the root of the ratio": _weighted(lambda labels: np.sqrt(_ratio(labels))),
        "a fixed weight": _weighted(lambda labels: 4.0),
        "the labels exchanged": lambda x, labels: -_once(x, labels),
        "the number of negatives as the weight": _weighted(lambda labels: (1 - labels).sum()),
        "a sigmoid before a loss of logits": lambda x, labels: _log_odds(x, labels, _sigmoid_first),
        "no intercept": _without_intercept,
        "too few steps": lambda x, labels: _log_odds(x, labels, lambda z: (z, 1.0), steps=10),
        "nothing learned": lambda x, labels: np.zeros(x.shape[1] + 1),
        "the intercept in front": lambda x, labels: np.roll(_once(x, labels), 1),
    },
)
