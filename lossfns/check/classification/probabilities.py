"""Two classes: the binary cross-entropy of probabilities."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import faults, kinds
from lossfns.check.classification import batches
from lossfns.check.exercise import Exercise, Recognised
from lossfns.check.questions import ask_all, refuse, singles, some
from lossfns.check.recipes import per_item, sigmoid, textbook

# No ½, which would hide an exchange of p and 1 - p.
_PROBS = [0.9, 0.2, 0.6, 0.05, 0.75, 0.1, 0.35]


def _draw_bce(rng):
    pairs = [
        (some(rng, _PROBS, target.shape), target)
        for _, target in [*batches.binary(rng)[:6], batches.soft(rng)]
    ]
    pairs.append((np.round(rng.uniform(0.01, 0.99, size=70), 3), rng.integers(0, 2, 70) * 1.0))
    yield from ask_all("probs target", [*pairs, *singles(pairs[3:5])])
    far = batches.arrays(([0.0, 1.0], [0.0, 1.0]), ([1e-300, 0.25], [1.0, 0.0]))
    yield from ask_all("probs target", far, "extremes")
    for bad, target in batches.arrays(([1.5, 0.2], [1.0, 0.0]), ([0.2, -0.5], [1.0, 0.0])):
        yield refuse("numbers that are no probabilities accepted", probs=bad, target=target)
    probs, target = pairs[3]
    yield refuse("broadcasting of (n, 1) against (n,)", probs=probs[:, None], target=target)


def _bce(p, y):
    """Right, and without NaN where the model is certain: 0 ln 0 = 0."""
    p = p.astype(np.float64)
    tiny = np.finfo(np.float64).tiny
    return -(y * np.log(np.maximum(p, tiny)) + (1 - y) * np.log(np.maximum(1 - p, tiny)))


def _beyond(otherwise):
    """Right, but `otherwise` makes a loss of numbers that are no probabilities."""

    def wrong(probs, target):
        if probs.shape != target.shape:
            raise ValueError("shapes differ")
        good = (probs >= 0) & (probs <= 1)
        return np.where(good, _bce(probs, target), otherwise(probs, target)).mean()

    return wrong


BCE = Exercise(
    signature="bce(probs, target)",
    read="loss-bce",
    right=ln.bce,
    draw=_draw_bce,
    probes=(kinds.shapes("probs", "target"), kinds.outside("probs", 0.0, 1.0)),
    mistakes={
        **faults.of_mean(_bce),
        **faults.of_likelihood(_bce),
        "only the positives counted": per_item(lambda p, y: _bce(p, 1) * y),
        "the two targets exchanged": per_item(lambda p, y: _bce(p, 1 - y)),
        "the logarithm forgotten": per_item(lambda p, y: y * (1 - p) + (1 - y) * p),
        "the squared error instead of the cross-entropy": per_item(lambda p, y: (p - y) ** 2),
        "a sigmoid on probabilities": per_item(lambda p, y: _bce(sigmoid(p), y)),
        "targets taken for 0 or 1 only": per_item(lambda p, y: _bce(p, y == 1)),
        "one logarithm of a mixture": per_item(lambda p, y: -np.log(y * p + (1 - y) * (1 - p))),
        "NaN for a model that is certain and right": per_item(textbook),
        "a very wrong answer hidden by clipping": Recognised(
            per_item(lambda p, y: textbook(p.clip(1e-7, 1 - 1e-7), y)), faults.capped(ln.bce)
        ),
        "the logarithm cut off at -100": per_item(
            lambda p, y: -(y * np.log(p).clip(-100) + (1 - y) * np.log(1 - p).clip(-100))
        ),
        "numbers that are no probabilities clipped": _beyond(lambda p, y: _bce(p.clip(0, 1), y)),
        "NaN for numbers that are no probabilities": _beyond(lambda p, y: np.nan),
    },
)
