"""What the kinds are called, and the hints to those who miss one."""

from lossfns.check.exercise import Kind

SHAPES = Kind(
    "shapes that only look alike accepted",
    "Shapes can differ although the number of axes, the first axis or the number of entries is "
    "the same, and NumPy and PyTorch stretch an axis of length 1 without a word: (2, 3) against "
    "(3, 2), (2, 1) or (1, 3), (n, 1) against (n,). Compare whole shapes, a.shape != b.shape, not "
    "ndim, size or len.",
)
RANGE = Kind(
    "a range that is not checked everywhere",
    "The text names a range, and everything outside it is to be refused: values slightly outside "
    "and far away, on either side, and ends that do not belong to it. Compare with the ends, as "
    "in `not 0 <= value <= 1`, not with single values; in an array look at all entries, as .min() "
    "and .max() do.",
)
LABELS = Kind(
    "labels that are checked for single values",
    "-1 and C are not the only labels that name no class: -2 counts from the end without a word, "
    "C + 1 ends in an IndexError. Refuse all below 0 and all from C up, wherever in the batch they "
    "are, with ValueError.",
)
WORDS = Kind(
    "a word that is nearly right accepted",
    'Anything but the words of the text must raise ValueError: None, "", other cases, a part of a '
    'word. `reduction in "none mean sum"` looks for parts of the text; `if not reduction` and a '
    "last `else` take everything. Compare with a tuple, as in `not in ('none', 'mean', 'sum')`.",
)
ROWS = Kind(
    "the sums of the rows checked too loosely",
    "Every row on its own must sum to 1, within 0.001. A sum over the whole table lets one row "
    "make up for another, and a tolerance of 0.1 lets through what is no distribution: "
    "abs(rows.sum(axis=1) - 1) > 0.001 for any row is enough to refuse.",
)
LENGTH = Kind(
    "a list of the wrong length cut short",
    "zip() stops at the end of the shorter list, and what is left over is not counted. Compare the "
    "length with the number of tasks and raise ValueError.",
)
ZERO = Kind(
    "0 taken for not given",
    "Python takes 0, 0.0 and an empty text for false, so `if alpha:` and `alpha or 1` treat an "
    "option of 0 as if it were missing. Ask `alpha is not None`, or use the formula as it stands.",
    lambda call: any(value == 0 for value in call.options.values()),
)
SQUARE = Kind(
    "rows and columns exchanged in a square table",
    "With as many rows as columns an exchange raises no error. The first axis counts items, so the "
    "entry of row i and label k is table[i, k], and sums over the classes run along the last axis.",
    lambda call: any(a.ndim == 2 and len(a) == a.shape[1] for a in call.arrays.values()),
)
ONE = Kind(
    "a single item",
    "Batches of one item, and tables with one column, are batches as well. squeeze() removes axes "
    "that are needed, and n - 1 is 0.",
)
TIES = Kind(
    "entries that are equal",
    "Some entries of this input are equal to each other, or predictions to their targets. The "
    "formulas hold there as elsewhere: each item counts once, and nothing may be divided by a "
    "difference of 0.",
)
OFFSET = Kind(
    "small differences of large numbers lost",
    "p² - 2py + y² is (p - y)² on paper. Where p and y are large and nearly equal it subtracts "
    "huge numbers that are rounded, and no digit is left: subtract first, square then.",
)
TINY = Kind(
    "small errors rounded up or down",
    "Errors of 1e-7 have losses as well. An ε that is added, as in √(e² + ε), or a threshold below "
    "which errors count as 0, changes them: use the formula as it stands.",
)
LARGE = Kind(
    "infinity times 0",
    "The square of an error that is large is infinite in its dtype. Where the linear branch is "
    "taken this must not matter, but 0 · ∞ is NaN: choose with np.where, or clip the error before "
    "it is squared.",
)
CLIPPED = Kind(
    "large values cut off",
    "Between ordinary numbers and 1000 your result goes wrong: something is clipped, at ±30 or ±50 "
    "for instance. The stable form of the formula needs no clipping, which changes the value and "
    "lets the gradient vanish.",
    lambda call: any(a.dtype.kind == "f" and (abs(a) > 30).any() for a in call.arrays.values()),
    finite=True,
)
SATURATED = Kind(
    "a gradient that is lost where the model is certain",
    "(1 - p)^γ has an infinite slope at 0 when γ < 1, and 0 · ∞ is NaN. Write the factor as "
    "exp(γ · ln(1 - p)), with ln(1 - p) from a log-sigmoid that never reaches -∞.",
)
