"""The parts of which right and wrong variants are made.

A core takes (pred, target, **options), where pred may be logits or probabilities, and gives one
loss, or one slope, per item. What is asked of both libraries uses only what NumPy arrays and torch
tensors have in common, so that one wrong core serves an exercise and its twin.
"""

import importlib

import numpy as np


def library(array):
    """NumPy or torch, whichever the array belongs to; they call most functions the same."""
    return np if isinstance(array, (np.ndarray, np.generic)) else importlib.import_module("torch")


def softplus(z):
    """ln(1 + e^z) in the form that cannot overflow."""
    lib = library(z)
    return z * (z > 0) + lib.log1p(lib.exp(-abs(z)))


def sigmoid(z):
    """1 / (1 + e^-z) in a form that cannot overflow."""
    lib = library(z)
    return lib.exp(-softplus(-z))


def overflowing_sigmoid(z):
    return np.exp(z) / (1 + np.exp(z))


def log_softmax(z, axis=-1):
    """Of every row, with its largest entry subtracted so that nothing overflows."""
    z = z - z.max(axis=axis, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=axis, keepdims=True))


def softmax(z, axis=-1):
    return np.exp(log_softmax(z, axis))


def naive_softmax(z):
    return np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)


def textbook(p, y):
    """Binary cross-entropy as it is printed: NaN or infinite where p is exactly 0 or 1."""
    return -(y * np.log(p) + (1 - y) * np.log(1 - p))


def one_hot(target, classes):
    return np.eye(classes)[target]


def pick(rows, target):
    """The entry of each row that its label names."""
    return rows[range(len(rows)), target]


def sum_to_one(p, axis=1):
    """Whether all rows do, or all columns, as far as a learner's rounding goes."""
    return np.abs(p.sum(axis=axis) - 1).max() <= 1e-3


def is_distribution(p):
    """Whether every row holds the probabilities of classes."""
    return p.min() >= 0 and sum_to_one(p)


def with_ones(x):
    """Inputs with a column of ones, whose slope is the intercept."""
    return np.column_stack([x, np.ones(len(x))])


def each(make, cores):
    """A table of variants from one of cores: what `make` makes of each."""
    return {name: make(core) for name, core in cores.items()}


def per_item(core, **otherwise):
    """A loss from its core; `mean=`, `sum=`, `none=` replace a right reduction."""
    ways = {"mean": average, "sum": total, "none": _none, **otherwise}

    def wrong(pred, target, *, reduction="mean", **options):
        if reduction not in ways:
            raise ValueError(f"unknown reduction {reduction!r}")
        return ways[reduction](core(pred, target, **options))

    return wrong


def per_error(core, **otherwise):
    """As `per_item`, from a core that takes the error alone."""
    return per_item(of_error(core), **otherwise)


def of_error(whole):
    """A result from all the errors at once."""
    return lambda pred, target, **options: whole(pred - target, **options)


def averaged(core):
    """A gradient of the mean from the slope of each item's loss."""
    return lambda pred, target, **options: core(pred, target, **options) / pred.size


def averaged_rows(core):
    """As `averaged`, where every row is one item."""
    return lambda pred, target, **options: core(pred, target, **options) / len(pred)


def averaged_error(slope):
    """As `averaged`, from a slope that takes the error alone."""
    return averaged(of_error(slope))


def average(losses):
    return losses.mean()


def total(losses):
    return losses.sum()


def _none(losses):
    return losses
