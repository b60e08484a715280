"""Class weights from the counts of the classes."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.exercise import Call, Exercise, Misconception
from lossfns.check.questions import refuse


def _draw_weights(rng):
    two = np.array([int(rng.integers(6, 10)) * 100, int(rng.integers(1, 4)) * 20])
    three = np.array([1000, int(rng.integers(1, 4)) * 100, int(rng.integers(2, 9)) * 5])
    many = rng.integers(1, 500, size=int(rng.integers(4, 9)))
    asked = [
        *({"kind": kind} for kind in ("inverse", "inverse_sqrt", "effective")),
        {"kind": "effective", "beta": 0.9},
        {"kind": "effective", "beta": 0.99},
    ]
    for options in ({}, *asked):
        for counts in (two, three, many, np.array([50, 50, 50])):
            yield Call({"counts": counts}, options)
    yield Call({"counts": three.astype(np.float64)}, {"kind": "inverse"})
    for options in asked[:3]:
        yield Call({"counts": np.array([10**9, 1])}, options, "extremes")
    yield Call({"counts": np.array([40, 3])}, {"kind": "effective", "beta": 0.0}, "extremes")
    yield refuse(
        "a class without examples accepted",
        "A count of 0 gives an infinite weight, and the first example of that class destroys "
        "the model. Raise ValueError: nobody can weigh a class that was never seen.",
        counts=np.array([90, 0]),
    )
    yield refuse(
        "an unknown kind taken for another",
        "A typing error in kind goes unnoticed and trains with other weights than you think. "
        "Raise ValueError for everything but the three kinds.",
        counts=two,
        kind="inversed",
    )
    yield refuse(
        "β = 1 accepted",
        "β = 1 is the limit in which the formula is 0/0. Raise ValueError unless 0 ≤ β < 1.",
        counts=two,
        kind="effective",
        beta=1.0,
    )


def _inverse(counts):
    return counts.sum() / (len(counts) * counts)


def _effective(counts, beta):
    return (1 - beta) / (1 - beta**counts)


def _weights(inverse=_inverse, inverse_sqrt=None, effective=_effective):
    """A wrong variant from its three formulas; the root is that of `inverse` unless given."""

    def wrong(counts, kind="inverse", beta=0.999):
        if kind == "effective":
            return effective(counts, beta)
        if kind == "inverse_sqrt":
            return inverse_sqrt(counts) if inverse_sqrt else np.sqrt(inverse(counts))
        return inverse(counts)

    return wrong


CLASS_WEIGHTS = Exercise(
    name="class_weights",
    signature='class_weights(counts, kind="inverse", beta=0.999)',
    read="class-weight-schemes",
    right=lambda counts, kind="inverse", beta=0.999: ln.class_weights(counts, kind=kind, beta=beta),
    draw=_draw_weights,
    probes=(
        kinds.outside("counts", 0, ends=(0,), whole=True),
        kinds.words("kind", "inverse", "inverse_sqrt", "effective"),
        kinds.outside("beta", 0.0, 1.0, ends=(1.0,), kind="effective"),
    ),
    # Effective weights of frequent classes are as small as 1 - β.
    atol=1e-9,
    misconceptions=(
        Misconception(
            "the number of classes C forgotten",
            _weights(inverse=lambda counts: counts.sum() / counts),
            "n / n_c is C times too large. With n / (C n_c) every class has the total weight "
            "n_c w_c = n/C, and equal counts get the weight 1.",
        ),
        Misconception(
            "the bare inverse of the counts",
            _weights(inverse=lambda counts: 1 / counts),
            "1 / n_c has the right proportions, but the weights then shrink as the data grow: "
            "summed losses and learning rates no longer compare. The factor n/C puts equal counts "
            "at weight 1.",
        ),
        Misconception(
            "weights that sum to 1",
            _weights(inverse=lambda counts: (1 / counts) / (1 / counts).sum()),
            "You divide by the sum of the inverse counts. The specification asks for n / (C n_c), "
            "which sums to nothing in particular; equal counts get the weight 1.",
        ),
        Misconception(
            "weights that sum to C",
            _weights(inverse=lambda counts: len(counts) * (1 / counts) / (1 / counts).sum()),
            "Scaling the weights to the sum C is another convention, that of the class-balanced "
            "loss. Here Σ n_c w_c = n: it is the weights of all examples that average to 1.",
        ),
        Misconception(
            "the frequency instead of its inverse",
            _weights(inverse=lambda counts: len(counts) * counts / counts.sum()),
            "Yours gives the frequent class the large weight, which makes the imbalance worse. "
            "The rare class must count more.",
        ),
        Misconception(
            "the largest count over each count",
            _weights(inverse=lambda counts: counts.max() / counts),
            "Relative to the largest class the proportions are right, but not the scale: divide "
            "the mean count n/C by n_c, not the largest one.",
        ),
        Misconception(
            "division by n - n_c",
            _weights(inverse=lambda counts: counts.sum() / (len(counts) * (counts.sum() - counts))),
            "You divide by the number of the other examples. The weight of a class is inverse to "
            "its own count n_c.",
        ),
        Misconception(
            "the quotient of the others and the class",
            _weights(inverse=lambda counts: (counts.sum() - counts) / counts),
            "(n - n_c) / n_c is what `pos_weight` of a binary loss usually gets: how many "
            "negatives there are for a positive. Class weights are n / (C n_c).",
        ),
        Misconception(
            "whole numbers by //",
            _weights(inverse=lambda counts: counts.sum() // (len(counts) * counts)),
            "The operator // rounds down, so that a frequent class gets the weight 0 and is never "
            "learned. Divide by /.",
        ),
        Misconception(
            "the root of n_c alone",
            _weights(inverse_sqrt=lambda counts: counts.sum() / (len(counts) * np.sqrt(counts))),
            '"inverse_sqrt" is the root of the whole weight, √(n / (C n_c)). With the root of n_c '
            "alone equal counts no longer get the weight 1.",
        ),
        Misconception(
            "the square instead of the root",
            _weights(inverse_sqrt=lambda counts: _inverse(counts) ** 2),
            "The root makes the weights milder than the inverse frequency, the square fiercer.",
        ),
        Misconception(
            "the argument kind without effect",
            _weights(inverse_sqrt=_inverse, effective=lambda counts, beta: _inverse(counts)),
            "You get n / (C n_c) whatever kind says. Under strong imbalance that weight can be so "
            "large that one odd example rules the batch; the other two kinds are milder.",
        ),
        Misconception(
            "the effective number instead of one over it",
            _weights(effective=lambda counts, beta: (1 - beta**counts) / (1 - beta)),
            "(1 - β^n_c) / (1 - β) is how many examples the class is worth. The weight is one over "
            "it, so that the rare class counts more.",
        ),
        Misconception(
            "the factor 1 - β forgotten",
            _weights(effective=lambda counts, beta: 1 / (1 - beta**counts)),
            "The effective number is (1 - β^n_c) / (1 - β), a geometric series. Its inverse "
            "carries 1 - β in the numerator: a class of one example has the weight 1.",
        ),
        Misconception(
            "the exponent n instead of n_c",
            _weights(effective=lambda counts, beta: _effective(counts.sum() + 0 * counts, beta)),
            "With the number of all examples in the exponent every class gets the same weight. "
            "The effective number of a class depends on its own count.",
        ),
        Misconception(
            "β · n_c instead of β^n_c",
            _weights(effective=lambda counts, beta: (1 - beta) / (1 - beta * counts)),
            "The count is the exponent: each further example adds β times as much as the one "
            "before, 1 + β + β² + … = (1 - β^n_c) / (1 - β).",
        ),
        Misconception(
            "effective weights scaled to sum to C",
            _weights(
                effective=lambda counts, beta: (
                    _effective(counts, beta) / _effective(counts, beta).mean()
                )
            ),
            "The authors of the class-balanced loss scale the weights like that afterwards. This "
            "function returns them as the formula gives them.",
        ),
        Misconception(
            "β fixed at 0.999",
            _weights(effective=lambda counts, beta: _effective(counts, 0.999)),
            "The argument beta has no effect. Nearer to 0 the weights become equal, nearer to 1 "
            "they approach the inverse frequency.",
        ),
    ),
)
