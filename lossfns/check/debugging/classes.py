"""Broken classifiers: a softmax too many, and a weight that is none.

In the mistakes z stands for logits, p for probabilities and y for labels, which are one-hot where
there are several classes.
"""

import numpy as np

from lossfns.check.exercise import Call, Exercise
from lossfns.check.recipes import is_distribution, one_hot, sigmoid, softmax, softplus, with_ones


def _draw_classes(rng):
    for count, classes in ((120, 3), (240, 5)):
        angles = rng.uniform(0, 6) + 2 * np.pi * np.arange(classes) / classes
        x = np.round(rng.normal(size=(count + 24, 2)), 3)
        probs = softmax(2.2 * x @ np.stack([np.cos(angles), np.sin(angles)]))
        labels = (probs.cumsum(axis=1) < rng.random((len(x), 1))).sum(axis=1)
        # Some labels are plainly wrong, as they are in practice, and keep the best weights finite.
        labels = np.where(rng.random(len(x)) < 0.08, rng.integers(classes, size=len(x)), labels)
        labels[:classes] = np.arange(classes)
        given = {"x": x[:-24], "labels": labels[:-24], "x_new": x[-24:]}
        yield Call(given, kept={"best": _trained(steps=1000)(**given)})


def _cross_entropy(z, y):
    """Gradient for the logits of each item."""
    return softmax(z) - y


def _of_softmax(slope):
    """Gradient for the logits of a loss of their softmax, whose own gradient is `slope`."""

    def gradient(z, y):
        p = softmax(z)
        inner = slope(p, y)
        return p * (inner - (inner * p).sum(axis=1, keepdims=True))

    return gradient


_double_softmax = _of_softmax(_cross_entropy)


def _trained(gradient=_cross_entropy, out=softmax, steps=500):
    """Descent from 0, then `out` of the logits of the new items."""

    def wrong(x, labels, x_new):
        columns, y = with_ones(x), one_hot(labels, labels.max() + 1)
        weights = np.zeros((columns.shape[1], y.shape[1]))
        for _ in range(steps):
            weights -= columns.T @ gradient(columns @ weights, y) / len(x)
        return out(with_ones(x_new) @ weights)

    return wrong


def _divergence(call, p):
    """Mean KL divergence, in nats, from what the best weights say about the new items."""
    if not is_distribution(p):
        return float("inf")
    best = call.kept["best"]
    return float((best * np.log(best / np.maximum(p, 1e-9))).sum(axis=1).mean())


REPAIRED_DOUBLE_SOFTMAX = Exercise(
    signature="repaired_double_softmax(x, labels, x_new)",
    repairs="broken_double_softmax",
    read="two-softmaxes",
    right=_trained(),
    draw=_draw_classes,
    score=_divergence,
    rtol=1e-2,
    # The reference is within 0.0001 nats of the best weights, half its steps within 0.0005.
    atol=3e-3,
    mistakes={
        "still the broken loop": _trained(_double_softmax),
        "the logarithm missing": _trained(_of_softmax(lambda p, y: -y)),
        "squared errors of the probabilities": _trained(_of_softmax(lambda p, y: 2 * (p - y))),
        "a softmax at neither end": _trained(out=lambda z: z),
        "softmax twice in what is returned": _trained(out=lambda z: softmax(softmax(z))),
        "log-probabilities in what is returned": _trained(out=lambda z: np.log(softmax(z))),
        "the softmax along the items": _trained(out=lambda z: softmax(z, axis=0)),
        "a sigmoid for each class": _trained(lambda z, y: sigmoid(z) - y, out=sigmoid),
        "classes instead of probabilities": _trained(
            out=lambda z: one_hot(z.argmax(axis=1), z.shape[1])
        ),
        "more steps": _trained(_double_softmax, steps=2000),
        "too few steps": _trained(steps=10),
        "probabilities of the training items": lambda x, labels, x_new: _trained()(x, labels, x),
    },
)


def _draw_rare(rng):
    for count, share in ((150, 0.2), (400, 0.05)):
        x = np.round(rng.normal(size=(count, 2)), 3)
        scores = x @ rng.choice([-2.0, -1.5, 1.5, 2.0], size=2) + rng.logistic(size=count)
        labels = (scores > np.quantile(scores, 1 - share)).astype(np.int64)
        # One positive in ten is not where it should be, which keeps the best weights small.
        few = round(0.1 * share * count)
        moved = [rng.choice(np.flatnonzero(labels == k), few, replace=False) for k in (0, 1)]
        labels[np.concatenate(moved)] ^= 1
        yield Call({"x": x, "labels": labels})


def _ratio(y):
    return (1 - y.mean()) / y.mean()


def _weighted(positive, columns_of=with_ones):
    """The best weights of binary cross-entropy, where a positive counts so much; by Newton."""

    def fit(x, y):
        columns, weight = columns_of(x), np.where(y == 1, positive(y), 1.0)
        line = np.zeros(columns.shape[1])
        for _ in range(30):
            p = sigmoid(columns @ line)
            curve = (columns * (weight * p * (1 - p))[:, None]).T @ columns
            line = line - np.linalg.solve(curve, columns.T @ (weight * (p - y)))
        return line

    return fit


_once = _weighted(_ratio)


def _rare_loss(call, line):
    """Binary cross-entropy in which both classes count the same in all."""
    x, y = call.arrays.values()
    z = with_ones(x) @ line
    return float((y * _ratio(y) * softplus(-z) + (1 - y) * softplus(z)).mean())


def _descent(slope, steps=500):
    """Descent on a weighted loss with this slope for the logits."""

    def wrong(x, y):
        columns, weight, line = with_ones(x), np.where(y == 1, _ratio(y), 1.0), np.zeros(3)
        for _ in range(steps):
            line -= 0.1 * columns.T @ (weight * slope(columns @ line, y)) / len(x)
        return line

    return wrong


def _sigmoid_first(z, y):
    p = sigmoid(z)
    return (sigmoid(p) - y) * p * (1 - p)


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
        "still the broken loop": _weighted(lambda y: 1.0),
        "the ratio upside down": _weighted(lambda y: 1 / _ratio(y)),
        "the weight on both": _weighted(lambda y: _ratio(y) ** 2),
        "the root of the ratio": _weighted(lambda y: np.sqrt(_ratio(y))),
        "a fixed weight": _weighted(lambda y: 4.0),
        "the labels exchanged": lambda x, y: -_once(x, y),
        "the number of negatives as the weight": _weighted(lambda y: (1 - y).sum()),
        "a sigmoid before a loss of logits": _descent(_sigmoid_first),
        "no intercept": lambda x, y: np.append(_weighted(_ratio, lambda x: x)(x, y), 0.0),
        "too few steps": _descent(lambda z, y: sigmoid(z) - y, steps=10),
        "nothing learned": lambda x, y: np.zeros(x.shape[1] + 1),
        "the intercept in front": lambda x, y: np.roll(_once(x, y), 1),
    },
)
