"""The cross-entropy of a large vocabulary, some classes at a time: the practical part."""

from dataclasses import replace

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.classification.cross_entropy import NEVER
from lossfns.check.exercise import Exercise, Recognised
from lossfns.check.faults import capped
from lossfns.check.questions import ask, refuse, shuffled, single

_NAMES = "hidden weight target"


def right(hidden, weight, target, chunk):
    """A few items at a time, with all their logits."""
    if chunk < 1:
        raise ValueError(f"chunk must be at least 1, got {chunk}")
    losses = [
        ln.cross_entropy(
            hidden[i : i + 2] @ weight.T, target[i : i + 2], reduction="sum", ignore_index=NEVER
        )
        for i in range(0, len(hidden), 2)
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
            yield ask(_NAMES, (hidden, weight, target), chunk=chunk)
        yield ask(_NAMES, single(hidden, weight, target), chunk=2)
    one = np.ones((1, 1))
    for logits in ([-1000.0, -999.0, 1000.0, 999.0], [1000.0, 998.0, 0.0, -1000.0]):
        for label in (0, 3):
            weight = np.array(logits)[:, None]
            yield ask(_NAMES, (one, weight, np.array([label])), "extremes", chunk=2)
            yield ask(_NAMES, (one, weight[::-1].copy(), np.array([label])), "extremes", chunk=3)
    yield ask(
        _NAMES,
        (one, np.array([[-1000.0], [-1001.0], [-1002.0]]), np.array([1])),
        "extremes",
        chunk=1,
    )
    weight = np.array([[0.5], [1.0], [-1.0]])
    yield refuse(
        "a label of -1 accepted", hidden=one, weight=weight, target=np.array([-1]), chunk=2
    )
    yield refuse(
        "a label beyond the last class accepted",
        hidden=one,
        weight=weight,
        target=np.array([3]),
        chunk=2,
    )
    yield refuse(
        "a negative chunk accepted", hidden=one, weight=weight, target=np.array([1]), chunk=-2
    )
    # All logits are 2 MB, those of a chunk 26 kB; half of all is far more than anybody needs.
    hidden, weight = rng.normal(size=(64, 4)), rng.normal(size=(4000, 4))
    target = rng.integers(4000, size=64)
    call = ask(_NAMES, (hidden, weight, target), "memory", chunk=50)
    yield replace(call, most_memory=64 * 4000 * 8 // 2)


def _parts(hidden, weight, chunk):
    """The logits of one chunk of classes after the other."""
    return [hidden @ weight[i : i + chunk].T for i in range(0, len(weight), chunk)]


def _own(hidden, weight, target):
    return (hidden * weight[target]).sum(axis=1)


def _lse(logits):
    return np.logaddexp.reduce(logits, axis=1)


def _running(first=-np.inf, rescale=lambda old, new: np.exp(old - new), parts=_parts):
    """The sum of exponentials carried from chunk to chunk, with a maximum that grows."""

    def wrong(hidden, weight, target, chunk):
        top, total = np.full(len(hidden), first), np.zeros(len(hidden))
        for logits in parts(hidden, weight, chunk):
            new = np.maximum(top, logits.max(axis=1))
            total = total * rescale(top, new) + np.exp(logits - new[:, None]).sum(axis=1)
            top = new
        return (top + np.log(total) - _own(hidden, weight, target)).mean()

    return wrong


def _joined(join):
    """The log-sum-exps of the chunks, put together by `join`."""

    def wrong(hidden, weight, target, chunk):
        pieces = np.stack([_lse(logits) for logits in _parts(hidden, weight, chunk)])
        return (join(pieces) - _own(hidden, weight, target)).mean()

    return wrong


def _within_chunk(hidden, weight, target, chunk):
    parts = _parts(hidden, weight, chunk)
    normaliser = np.stack([_lse(logits) for logits in parts])[target // chunk, range(len(target))]
    return (normaliser - _own(hidden, weight, target)).mean()


def _local_label(hidden, weight, target, chunk):
    return (_lse(hidden @ weight.T) - _own(hidden, weight, target % chunk)).mean()


def _first_chunk_only(hidden, weight, target, chunk):
    own = np.where(target < chunk, _own(hidden, weight, target), 0)
    return (_lse(hidden @ weight.T) - own).mean()


def _mean_of_chunk_means(hidden, weight, target, chunk):
    losses = _lse(hidden @ weight.T) - _own(hidden, weight, target)
    return np.mean([losses[i : i + chunk].mean() for i in range(0, len(losses), chunk)])


def _without_top(hidden, weight, target, chunk):
    total = sum(np.exp(logits).sum(axis=1) for logits in _parts(hidden, weight, chunk))
    return (np.log(total) - _own(hidden, weight, target)).mean()


def _top_of_first(hidden, weight, target, chunk):
    parts = _parts(hidden, weight, chunk)
    top = parts[0].max(axis=1)
    total = sum(np.exp(logits - top[:, None]).sum(axis=1) for logits in parts)
    return (top + np.log(total) - _own(hidden, weight, target)).mean()


def _clipped(hidden, weight, target, chunk):
    surprise = _lse(hidden @ weight.T) - _own(hidden, weight, target)
    return -np.log(np.exp(-surprise) + 1e-12).mean()


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
        "the last, shorter chunk left out": _running(
            parts=lambda hidden, weight, chunk: [
                logits
                for logits in _parts(hidden, weight, min(chunk, len(weight)))
                if logits.shape[1] == min(chunk, len(weight))
            ]
        ),
        "the label counted within its chunk": _local_label,
        "the label's logit found in the first chunk only": _first_chunk_only,
        "the label's logit forgotten": lambda hidden, weight, target, chunk: _lse(
            hidden @ weight.T
        ).mean(),
        "no rescaling when the maximum grows": _running(rescale=lambda old, new: 1.0),
        "rescaled in the wrong direction": _running(
            rescale=lambda old, new: np.where(old > -np.inf, np.exp(new - old), 0.0)
        ),
        "the sum instead of the mean": lambda hidden, weight, target, chunk: (
            len(target) * _running()(hidden, weight, target, chunk)
        ),
        "the mean of the means of chunks of items": _mean_of_chunk_means,
        "exponentials that overflow": _without_top,
        "the maximum of the first chunk kept": _top_of_first,
        "a maximum that starts at 0": _running(first=0.0),
        "the probability kept away from 0 before the logarithm": Recognised(
            _clipped, capped(right)
        ),
    },
)
