"""Random predictions for the questions, and what several of the exercises compute from them."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.exercise import Call
from lossfns.check.questions import refuse

# An odd number of these lies on the edge of no bin, whichever of the usual numbers of bins.
_PARTS = 2000


def readable(rng: np.random.Generator, count: int, classes: int) -> np.ndarray:
    """Rows of probabilities in twentieths, none of them 0 and the largest one alone.

    The largest is an odd number of them, which is no edge of 2, 5 or 10 bins: single precision
    would decide about an edge.
    """
    while True:
        rows = rng.multinomial(20 - classes, rng.dirichlet(np.ones(classes), size=count)) + 1
        if _has_one_winner(rows) and (rows.max(axis=1) % 2).all():
            return rows / 20


def many(rng: np.random.Generator, count: int, classes: int) -> np.ndarray:
    """Rows of probabilities, none of them 0, whose largest lies on the edge of no bin."""
    while True:
        shares = rng.dirichlet(np.full(classes, 0.6), size=count)
        rows = rng.multinomial(_PARTS - 2 * classes, shares) + 2
        if _has_one_winner(rows, by=3):
            break
    order, each = np.argsort(rows, axis=1), np.arange(count)
    even = 1 - rows[each, order[:, -1]] % 2
    rows[each, order[:, -1]] += even
    rows[each, order[:, -2]] -= even
    return rows / _PARTS


def _has_one_winner(rows, by=1):
    return (np.diff(np.sort(rows, axis=1))[:, -1] >= by).all()


def labels_for(rng: np.random.Generator, rows: np.ndarray, right: float = 0.5) -> np.ndarray:
    """Labels of which about this share are the most likely class, and at least one is not."""
    top = rows.argmax(axis=1)
    others = (top + rng.integers(1, rows.shape[1], size=len(rows))) % rows.shape[1]
    hit = rng.permutation(np.arange(len(rows)) < round(right * len(rows)))
    return np.where(hit, top, others)


def classified(rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """Pairs (probabilities, labels), the smaller ones first."""
    one = readable(rng, 1, 2)
    count, classes = int(rng.integers(4, 8)), int(rng.integers(4, 7))
    rows = [readable(rng, *shape) for shape in ((2, 2), (2, 3), (3, 3), (count, 3))]
    rows.append(many(rng, int(rng.integers(60, 120)), classes))
    right_and_wrong = [(one, one.argmax(axis=1)), (one, one.argmin(axis=1))]
    return right_and_wrong + [(probs, labels_for(rng, probs)) for probs in rows]


def bad_classes(rng: np.random.Generator) -> list[Call]:
    """Labels that name no class and rows that are no probabilities."""
    probs = readable(rng, 2, 3)
    real, short = np.array([[2.0, -1.0, 0.5]]), np.array([[0.5, 0.2], [0.25, 0.75]])
    return [
        refuse("a label of -1 accepted", probs=probs, target=np.array([2, -1])),
        refuse("a label beyond the last class accepted", probs=probs, target=np.array([3, 0])),
        refuse("logits taken for probabilities", probs=real, target=np.array([0])),
        refuse("rows that do not sum to 1 accepted", probs=short, target=np.array([0, 1])),
    ]


def checked(score, **otherwise):
    """A score that refuses what is no prediction; `otherwise` are the defaults of its options."""

    def right(probs, target, **options):
        if target.min() < 0:
            raise ValueError("labels start at 0; to the library -100 is one to leave out")
        ln.brier(probs, target)  # It refuses all the rest.
        return score(probs, target, **otherwise | options)

    return right


def probes(*more):
    """Bad input of every sort, and `more`; then as many items as classes."""
    bad = kinds.no_distributions("probs"), kinds.labels("target", "probs")
    return *bad, *more, kinds.square("probs", labels="target")


def hot(p, y):
    """Labels as one-hot rows, as long as those of p."""
    return (y[:, None] == np.arange(p.shape[1])) * 1.0
