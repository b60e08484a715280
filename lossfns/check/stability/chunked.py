"""The cross-entropy of a large vocabulary, some classes at a time: the practical part.

The variants take the hidden states h, the weights w and the labels y; z are logits.
"""

from dataclasses import replace
from functools import partial

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.classification.cross_entropy import NEVER
from lossfns.check.exercise import Exercise, Recognised
from lossfns.check.faults import capped
from lossfns.check.questions import ask, refuse, shuffled, single

_ask = partial(ask, "hidden weight target")


def right(hidden, weight, target, chunk):
    """A few items at a time, with all their logits."""
    if chunk < 1:
        raise ValueError(f"chunk must be at least 1, got {chunk}")
    twos = [slice(i, i + 2) for i in range(0, len(hidden), 2)]
    losses = [
        ln.cross_entropy(hidden[at] @ weight.T, target[at], reduction="sum", ignore_index=NEVER)
        for at in twos
    ]
    return sum(losses) / len(hidden)


def _draw(rng):
    # Five items, cut in twos, leave a shorter chunk of items as well.
    sizes = [(1, 3, 1), (2, 5, 2), (5, 7, 3), (int(rng.integers(8, 15)), 11, 4)]
    for count, classes, width in sizes:
        hidden = shuffled(rng, [0.5, -1.0, 1.0, 1.5, -0.5, 2.0], (count, width))
        weight = shuffled(rng, [1.0, -0.5, 0.5, 2.0, -1.5], (classes, width))
        # Labels from both ends, so that the first and the last chunk are met.
        target = shuffled(rng, [classes - 1, 0, classes // 2, 1], (count,))
        for chunk in (1, 2, classes - 1, classes, classes + 5):
            yield _ask((hidden, weight, target), chunk=chunk)
        yield _ask(single(hidden, weight, target), chunk=2)
    one = np.ones((1, 1))
    for logits in ([-1000.0, -999.0, 1000.0, 999.0], [1000.0, 998.0, 0.0, -1000.0]):
        for label in (0, 3):
            weight = np.array(logits)[:, None]
            yield _ask((one, weight, np.array([label])), "extremes", chunk=2)
            yield _ask((one, weight[::-1].copy(), np.array([label])), "extremes", chunk=3)
    falling = np.array([[-1000.0], [-1001.0], [-1002.0]])
    yield _ask((one, falling, np.array([1])), "extremes", chunk=1)
    given = {"hidden": one, "weight": np.array([[0.5], [1.0], [-1.0]])}
    yield refuse("a label of -1 accepted", **given, target=np.array([-1]), chunk=2)
    yield refuse("a label beyond the last class accepted", **given, target=np.array([3]), chunk=2)
    yield refuse("a negative chunk accepted", **given, target=np.array([1]), chunk=-2)
    # All logits are 2 MB, those of a chunk 26 kB; half of all is far more than anybody needs.
    hidden, weight = rng.normal(size=(64, 4)), rng.normal(size=(4000, 4))
    target = rng.integers(4000, size=64)
    call = _ask((hidden, weight, target), "memory", chunk=50)
    yield replace(call, most_memory=64 * 4000 * 8 // 2)


def _parts(h, w, chunk):
    """The logits of one chunk of classes after the other."""
    return [h @ w[i : i + chunk].T for i in range(0, len(w), chunk)]


def _own(h, w, y):
    return (h * w[y]).sum(axis=1)


def _lse(z):
    return np.logaddexp.reduce(z, axis=1)


def _losses(h, w, y):
    return _lse(h @ w.T) - _own(h, w, y)


def _with(normaliser):
    """The loss with another log-sum-exp, made of the logits of all chunks."""
    return lambda h, w, y, chunk: (normaliser(_parts(h, w, chunk)) - _own(h, w, y)).mean()


def _joined(join):
    """The log-sum-exps of the chunks, put together by `join`."""
    return _with(lambda parts: join(np.stack([_lse(z) for z in parts])))


def _running(first=-np.inf, rescale=lambda old, new: np.exp(old - new), parts=_parts):
    """The sum of exponentials carried from chunk to chunk, with a maximum that grows."""

    def wrong(h, w, y, chunk):
        top, total = np.full(len(h), first), np.zeros(len(h))
        for z in parts(h, w, chunk):
            new = np.maximum(top, z.max(axis=1))
            total = total * rescale(top, new) + np.exp(z - new[:, None]).sum(axis=1)
            top = new
        return (top + np.log(total) - _own(h, w, y)).mean()

    return wrong


def _without_short(h, w, chunk):
    parts = _parts(h, w, chunk)
    return [z for z in parts if z.shape == parts[0].shape]


def _within_chunk(h, w, y, chunk):
    normaliser = np.stack([_lse(z) for z in _parts(h, w, chunk)])[y // chunk, range(len(y))]
    return (normaliser - _own(h, w, y)).mean()


def _mean_of_chunk_means(h, w, y, chunk):
    losses = _losses(h, w, y)
    return np.mean([losses[i : i + chunk].mean() for i in range(0, len(losses), chunk)])


def _top_of_first(parts):
    top = parts[0].max(axis=1)
    return top + np.log(sum(np.exp(z - top[:, None]).sum(axis=1) for z in parts))


CHUNKED_CROSS_ENTROPY = Exercise(
    signature="chunked_cross_entropy(hidden, weight, target, chunk)",
    read="stability-vocabulary",
    right=right,
    draw=_draw,
    probes=(kinds.labels("target", "weight", axis=0), kinds.outside("chunk", 1, whole=True)),
    mistakes={
        "the log-sum-exps of the chunks added up": _joined(lambda pieces: pieces.sum(axis=0)),
        "the mean of the log-sum-exps of the chunks": _joined(lambda pieces: pieces.mean(axis=0)),
        "the largest of the log-sum-exps": _joined(lambda pieces: pieces.max(axis=0)),
        "the last log-sum-exp alone": _joined(lambda pieces: pieces[-1]),
        "a softmax within each chunk": _within_chunk,
        "the last, shorter chunk left out": _running(parts=_without_short),
        "the label counted within its chunk": lambda h, w, y, chunk: (
            _lse(h @ w.T) - _own(h, w, y % chunk)
        ).mean(),
        "the label's logit found in the first chunk only": lambda h, w, y, chunk: (
            _lse(h @ w.T) - np.where(y < chunk, _own(h, w, y), 0)
        ).mean(),
        "the label's logit forgotten": lambda h, w, y, chunk: _lse(h @ w.T).mean(),
        "no rescaling when the maximum grows": _running(rescale=lambda old, new: 1.0),
        "rescaled in the wrong direction": _running(
            rescale=lambda old, new: np.where(old > -np.inf, np.exp(new - old), 0.0)
        ),
        "the sum instead of the mean": lambda h, w, y, chunk: len(y) * _running()(h, w, y, chunk),
        "the mean of the means of chunks of items": _mean_of_chunk_means,
        "exponentials that overflow": _with(
            lambda parts: np.log(sum(np.exp(z).sum(axis=1) for z in parts))
        ),
        "the maximum of the first chunk kept": _with(_top_of_first),
        "a maximum that starts at 0": _running(first=0.0),
        "the probability kept away from 0 before the logarithm": Recognised(
            lambda h, w, y, chunk: -np.log(np.exp(-_losses(h, w, y)) + 1e-12).mean(), capped(right)
        ),
    },
)
