"""Two classes: the binary cross-entropy of probabilities."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.classification import batches
from lossfns.check.exercise import Exercise, Misconception
from lossfns.check.faults import capped, flipped_loss, in_bits, mean_over_rows, sum_for_mean
from lossfns.check.questions import ask, refuse, single
from lossfns.check.recipes import per_item, sigmoid, textbook

_NAMES = "probs target"


def _draw_bce(rng):
    pairs = [
        (batches.probabilities(rng, target.shape), target)
        for _, target in [*batches.binary(rng)[:6], batches.soft(rng)]
    ]
    pairs.append((np.round(rng.uniform(0.01, 0.99, size=70), 3), rng.integers(0, 2, 70) * 1.0))
    yield from (ask(_NAMES, pair) for pair in pairs)
    yield from (ask(_NAMES, single(*pair)) for pair in pairs[3:5])
    certain, faint = np.array([0.0, 1.0]), np.array([1e-300, 0.25])
    yield ask(_NAMES, (certain, certain.copy()), "extremes")
    yield ask(_NAMES, (faint, np.array([1.0, 0.0])), "extremes")
    probs, target = pairs[3]
    for bad in ([1.5, 0.2], [0.2, -0.5]):
        yield refuse(
            "numbers that are no probabilities accepted",
            "1.5 is no probability; most likely somebody passed logits. Raise ValueError and name "
            "the value, or the caller trains on nonsense without a word.",
            probs=np.array(bad),
            target=np.array([1.0, 0.0]),
        )
    yield refuse(
        "broadcasting of (n, 1) against (n,)",
        "NumPy makes an n × n table out of these shapes and you average all n² pairs, most of "
        "them a prediction with somebody else's target. Compare the shapes first and raise "
        "ValueError.",
        probs=probs[:, None],
        target=target,
    )


def _bce(p, y):
    """Right, and without NaN where the model is certain: 0 ln 0 = 0."""
    p = p.astype(np.float64)
    tiny = np.finfo(np.float64).tiny
    return -(y * np.log(np.maximum(p, tiny)) + (1 - y) * np.log(np.maximum(1 - p, tiny)))


def _without_bounds(otherwise):
    """Right, but `otherwise` makes a loss of numbers that are no probabilities."""

    def wrong(probs, target):
        if probs.shape != target.shape:
            raise ValueError("shapes differ")
        good = (probs >= 0) & (probs <= 1)
        return np.where(good, _bce(probs, target), otherwise(probs, target)).mean()

    return wrong


BCE = Exercise(
    name="bce",
    signature="bce(probs, target)",
    read="loss-bce",
    right=ln.bce,
    draw=_draw_bce,
    probes=(
        kinds.shapes("probs", "target"),
        kinds.outside("probs", 0.0, 1.0),
    ),
    misconceptions=(
        sum_for_mean(_bce),
        flipped_loss(_bce),
        Misconception(
            "only the positives counted",
            per_item(lambda p, y: _bce(p, 1) * y),
            "An item with target 0 costs nothing in yours, so saying yes to everything would be "
            "perfect. Add its half: -(1 - y) ln(1 - p).",
        ),
        Misconception(
            "the two targets exchanged",
            per_item(lambda p, y: _bce(p, 1 - y)),
            "p is the probability of target 1, so it is the items with y = 1 that pay -ln p.",
        ),
        Misconception(
            "the logarithm forgotten",
            per_item(lambda p, y: y * (1 - p) + (1 - y) * p),
            "This is the probability given to the wrong answer, at most 1. The logarithm is what "
            "makes a confident mistake expensive without bound.",
        ),
        Misconception(
            "the squared error instead of the cross-entropy",
            per_item(lambda p, y: (p - y) ** 2),
            "The mean of (p - y)² is the Brier score. Cross-entropy is the negative logarithm of "
            "the probability given to what happened.",
        ),
        Misconception(
            "a sigmoid on probabilities",
            per_item(lambda p, y: _bce(sigmoid(p), y)),
            "probs are probabilities already. A sigmoid of them lies between 0.5 and 0.73, so the "
            "loss could never get small. Logits come with bce_with_logits.",
        ),
        Misconception(
            "targets taken for 0 or 1 only",
            per_item(lambda p, y: np.where(y == 1, _bce(p, 1), _bce(p, 0))),
            "A target of 0.7 is neither: it pays 0.7 times -ln p and 0.3 times -ln(1 - p). "
            "Multiply by y and 1 - y instead of asking whether y == 1.",
        ),
        Misconception(
            "one logarithm of a mixture",
            per_item(lambda p, y: -np.log(y * p + (1 - y) * (1 - p))),
            "ln(y p + (1 - y)(1 - p)) is the same for targets 0 and 1 only. A soft target mixes "
            "the two surprises, not the two probabilities.",
        ),
        in_bits(_bce),
        mean_over_rows(_bce, "probs"),
        Misconception(
            "NaN for a model that is certain and right",
            per_item(textbook),
            "With p = 1 and y = 1 the other half is 0 · ln 0 = 0 · (-∞), which is not a number in "
            "floating point. What did not happen costs nothing: its term has to be 0.",
        ),
        Misconception(
            "a very wrong answer hidden by clipping",
            per_item(lambda p, y: textbook(p.clip(1e-7, 1 - 1e-7), y)),
            "Clipping p at 1e-7 (or adding 1e-7 under the logarithm) makes every mistake beyond "
            "that cost 16.1, however sure the model was, and there its gradient is lost. Guard "
            "only against 0 itself.",
            capped(ln.bce),
        ),
        Misconception(
            "the logarithm cut off at -100",
            per_item(
                lambda p, y: (
                    -(y * np.maximum(np.log(p), -100) + (1 - y) * np.maximum(np.log(1 - p), -100))
                )
            ),
            "torch.nn.BCELoss does this: every mistake beyond ln p = -100 costs the same. The "
            "specification wants the loss itself.",
        ),
        Misconception(
            "numbers that are no probabilities clipped",
            _without_bounds(lambda p, y: _bce(p.clip(0, 1), y)),
            "Clipping 1.5 to 1 hides the mistake of the caller, who most likely passed logits. "
            "Raise ValueError and name the value.",
        ),
        Misconception(
            "NaN for numbers that are no probabilities",
            _without_bounds(lambda p, y: np.nan),
            "The logarithm of a negative number is NaN, which travels on silently and is found "
            "many lines later. Check the range first and raise ValueError with the value.",
        ),
    ),
)
