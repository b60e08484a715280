"""Broken classifiers: a softmax too many, and a weight that is none."""

import numpy as np

from lossfns.check.exercise import Call, Exercise, Misconception


def _softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _sigmoid(z):
    return np.exp(-np.logaddexp(0, -z))


def _with_ones(x):
    return np.column_stack([x, np.ones(len(x))])


def _draw_classes(rng):
    for count, classes in ((120, 3), (240, 5)):
        new = 24
        angles = rng.uniform(0, 6) + 2 * np.pi * np.arange(classes) / classes
        x = np.round(rng.normal(size=(count + new, 2)), 3)
        probs = _softmax(2.2 * x @ np.stack([np.cos(angles), np.sin(angles)]))
        labels = (probs.cumsum(axis=1) < rng.random((len(x), 1))).sum(axis=1)
        # Some labels are plainly wrong, as they are in practice, and keep the best weights finite.
        wrong = rng.random(len(x)) < 0.08
        labels = np.where(wrong, rng.integers(classes, size=len(x)), labels)
        labels[:classes] = np.arange(classes)
        given = {"x": x[:count], "labels": labels[:count], "x_new": x[count:]}
        yield Call(given, kept={"best": _classify(_cross_entropy, steps=1000)(**given)})


def _cross_entropy(logits, hot):
    """Gradient for the logits of each item."""
    return _softmax(logits) - hot


def _through_softmax(slope):
    """Gradient for the logits of a loss of their softmax, whose own gradient is `slope`."""

    def gradient(logits, hot):
        probs = _softmax(logits)
        inner = slope(probs, hot)
        return probs * (inner - (inner * probs).sum(axis=1, keepdims=True))

    return gradient


def _classify(gradient, out=_softmax, rate=1.0, steps=500):
    """Descent from 0, then `out` of the logits of the new items."""

    def wrong(x, labels, x_new):
        columns, hot = _with_ones(x), np.eye(labels.max() + 1)[labels]
        weights = np.zeros((columns.shape[1], hot.shape[1]))
        for _ in range(steps):
            slopes = gradient(columns @ weights, hot)
            weights -= rate * columns.T @ slopes / len(x)
        return out(_with_ones(x_new) @ weights)

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
    name="repaired_double_softmax",
    signature="repaired_double_softmax(x, labels, x_new)",
    repairs="broken_double_softmax",
    read="two-softmaxes",
    right=_classify(_cross_entropy),
    draw=_draw_classes,
    score=_divergence,
    rtol=1e-2,
    # The reference is within 0.0001 nats of the best weights, half its steps within 0.0005.
    atol=3e-3,
    misconceptions=(
        Misconception(
            "still the broken loop",
            _classify(_through_softmax(lambda probs, hot: _softmax(probs) - hot)),
            "These are the probabilities of the broken loop. cross_entropy applies a log-softmax "
            "to what it is given, so give it the logits: with probabilities it takes the softmax "
            "twice, and its gradient fades.",
        ),
        Misconception(
            "the logarithm missing",
            _classify(_through_softmax(lambda probs, hot: -hot)),
            "nll_loss expects log-probabilities; of probabilities it returns minus the mean "
            "probability of the true class. Use log_softmax before nll_loss, or cross_entropy of "
            "the logits.",
        ),
        Misconception(
            "squared errors of the probabilities",
            _classify(_through_softmax(lambda probs, hot: 2 * (probs - hot))),
            "Now the softmax is taken once, but the loss is another: it is bounded, and hardly "
            "minds a confident mistake. The cross-entropy of the logits was meant.",
        ),
        Misconception(
            "a softmax at neither end",
            _classify(_cross_entropy, out=lambda logits: logits),
            "The training is repaired, and what comes back are logits. Training needs none of "
            "your softmaxes, but the probabilities that you return need one.",
        ),
        Misconception(
            "softmax twice in what is returned",
            _classify(_cross_entropy, out=lambda logits: _softmax(_softmax(logits))),
            "The training is repaired, but the probabilities that you return have been through the "
            "softmax twice: none is near 0 or 1.",
        ),
        Misconception(
            "log-probabilities in what is returned",
            _classify(_cross_entropy, out=lambda logits: np.log(_softmax(logits))),
            "log_softmax is for the loss. Return probabilities: its exponential.",
        ),
        Misconception(
            "the softmax along the items",
            _classify(_cross_entropy, out=lambda logits: _softmax(logits.T).T),
            "Your columns sum to 1, not your rows. The softmax goes along the axis of the "
            "classes, dim=1.",
        ),
        Misconception(
            "a sigmoid for each class",
            _classify(lambda logits, hot: _sigmoid(logits) - hot, out=_sigmoid),
            "Each class is now judged by itself, as if an item could belong to several; the rows "
            "do not sum to 1. Keep the softmax, once.",
        ),
        Misconception(
            "classes instead of probabilities",
            _classify(_cross_entropy, out=_hard),
            "You return the most probable class as 0 and 1. How sure the model is gets lost, and "
            "that is what the broken loop gets wrong.",
        ),
        Misconception(
            "more steps",
            _classify(_through_softmax(lambda probs, hot: _softmax(probs) - hot), steps=2000),
            "More steps with the same loss lead further astray: the softmax is still taken twice. "
            "Its minimum lies elsewhere, so patience does not help.",
        ),
        Misconception(
            "too few steps",
            _classify(_cross_entropy, steps=10),
            "The loss is the right one now, but the run is cut short: ten steps are not enough. "
            "Leave the number of steps as it was.",
        ),
        Misconception(
            "probabilities of the training items",
            lambda x, labels, x_new: _classify(_cross_entropy)(x, labels, x),
            "One row for each item of x_new is asked for. Train on x, then predict for x_new.",
        ),
    ),
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
        return _newton(_with_ones(x), labels, positive(labels), negative(labels))

    return fit


def _newton(columns, labels, positive, negative):
    weight = np.where(labels == 1, positive, negative)
    line = np.zeros(columns.shape[1])
    for _ in range(30):
        probs = _sigmoid(columns @ line)
        curve = (columns * (weight * probs * (1 - probs))[:, None]).T @ columns
        line = line - np.linalg.solve(curve, columns.T @ (weight * (probs - labels)))
    return line


def _rare_loss(call, line):
    """Binary cross-entropy in which both classes count the same in all."""
    x, labels = call.arrays["x"], call.arrays["labels"]
    z = _with_ones(x) @ line
    losses = labels * _ratio(labels) * np.logaddexp(0, -z) + (1 - labels) * np.logaddexp(0, z)
    return float(losses.mean())


def _without_intercept(x, labels):
    return np.append(_newton(x, labels, _ratio(labels), 1.0), 0.0)


def _log_odds(x, labels, inner, steps=500):
    """Descent on the weighted loss, where `inner` stands between the logits and the loss."""
    columns, ratio, line = _with_ones(x), _ratio(labels), np.zeros(x.shape[1] + 1)
    weight = np.where(labels == 1, ratio, 1.0)
    for _ in range(steps):
        value, slope = inner(columns @ line)
        pull = weight * (_sigmoid(value) - labels) * slope
        line -= 0.1 * columns.T @ pull / len(x)
    return line


def _sigmoid_first(z):
    probs = _sigmoid(z)
    return probs, probs * (1 - probs)


_once = _weighted(_ratio)

REPAIRED_WEIGHTS = Exercise(
    name="repaired_weights",
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
    misconceptions=(
        Misconception(
            "still the broken loop",
            _weighted(lambda labels: 1.0),
            "The rare class counts no more than before. `weight` multiplies the loss of every "
            "item, positive or not, which only changes the size of the steps; `pos_weight` "
            "multiplies the positive items alone. (No weight at all gives the same.)",
        ),
        Misconception(
            "the ratio upside down",
            _weighted(lambda labels: 1 / _ratio(labels)),
            "The rare class now counts even less. With 5 positives and 95 negatives each positive "
            "must count 19 times: negatives / positives.",
        ),
        Misconception(
            "the weight on both",
            _weighted(lambda labels: _ratio(labels) ** 2),
            "The positives are weighted twice, by a weight for each item and by pos_weight, and "
            "drown the negatives. One of the two is enough.",
        ),
        Misconception(
            "the root of the ratio",
            _weighted(lambda labels: np.sqrt(_ratio(labels))),
            "The root is a compromise that some people choose. Here both classes are to count "
            "the same: the ratio itself.",
        ),
        Misconception(
            "a fixed weight",
            _weighted(lambda labels: 4.0),
            "The weight belongs to the data: compute it from the labels. For another share of "
            "positives it is another.",
        ),
        Misconception(
            "the labels exchanged",
            lambda x, labels: -_once(x, labels),
            "This model finds the negatives. The class with the label 1 is the one whose "
            "probability is predicted.",
        ),
        Misconception(
            "the number of negatives as the weight",
            _weighted(lambda labels: (1 - labels).sum()),
            "Each positive counts as much as all negatives together. Divide by the number of "
            "positives: then both classes count the same in all.",
        ),
        Misconception(
            "a sigmoid before a loss of logits",
            lambda x, labels: _log_odds(x, labels, _sigmoid_first),
            "binary_cross_entropy_with_logits applies the sigmoid itself. Of probabilities it "
            "takes a sigmoid once more: none gets below ½, and the gradient fades.",
        ),
        Misconception(
            "no intercept",
            _without_intercept,
            "The last of the parameters is still 0. It sets how many items are called positive, "
            "and that is what the weight acts on most.",
        ),
        Misconception(
            "too few steps",
            lambda x, labels: _log_odds(x, labels, lambda z: (z, 1.0), steps=10),
            "The loss is the right one now, but the run is cut short. Leave the number of steps "
            "as it was.",
        ),
        Misconception(
            "nothing learned",
            lambda x, labels: np.zeros(x.shape[1] + 1),
            "All parameters are still 0. Does a gradient arrive, and is there a step that uses it?",
        ),
        Misconception(
            "the intercept in front",
            lambda x, labels: np.roll(_once(x, labels), 1),
            "The loop may be repaired, but return the weights of the inputs first and the "
            "intercept last.",
        ),
    ),
)
