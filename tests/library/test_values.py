"""Each loss against published numbers, and against its textbook formula in 80-digit arithmetic."""

import dataclasses

import numpy as np
import pytest
import torch
from library import textbook
from library.cases import (
    every_loss,
    every_setting,
    numpy_loss,
    to_torch,
    torch_loss,
    torch_value_and_grads,
)
from library.facts import ROWS, facts_of

from lossfns import catalog


@every_loss
def test_published_values(record):
    for arguments, expected in facts_of(record).known:
        arrays = {n: np.array(v) if isinstance(v, list) else v for n, v in arguments.items()}
        expected = pytest.approx(expected, rel=1e-12)
        assert numpy_loss(record)(**arrays) == expected
        assert torch_loss(record)(**to_torch(arrays)).item() == expected


@every_loss
def test_a_loss_has_its_facts_in_the_file_of_its_family(record):
    facts = facts_of(record)
    assert facts.family == record.family
    assert facts.known and facts.extremes, "a published number, and items that are hard to compute"


def test_no_row_of_facts_is_left_over():
    assert ROWS.keys() <= catalog.keys()


def test_a_loss_without_facts_fails_with_a_sentence_that_says_where_they_go():
    new = dataclasses.replace(catalog["huber"], name="cauchy")
    with pytest.raises(AssertionError, match="cauchy .*no row.*tests/library/facts/regression.py"):
        facts_of(new)


def numpy_twin(record, item, setting):
    """The loss of an item and its gradients."""
    arguments = as_batch(record, item) | setting | {"reduction": record.reductions[-1]}
    grads = {n: numpy_loss(record).grad(**arguments, wrt=n) for n in record.wrt}
    return numpy_loss(record)(**arguments), alone(record, grads)


def torch_twin(dtype):
    def evaluate(record, item, setting):
        arguments = to_torch(as_batch(record, item) | setting, dtype)
        value, grads = torch_value_and_grads(record, arguments, reduction=record.reductions[-1])
        return value.numpy(), alone(record, {name: grad.numpy() for name, grad in grads.items()})

    return evaluate


def as_batch(record, item):
    """A coupled loss has no items, only batches, and its formula is that of the sum."""
    return {n: np.array(v if record.coupled else [v]) for n, v in item.items()}


def alone(record, grads):
    return grads if record.coupled else {name: grad[0] for name, grad in grads.items()}


# What rounding may cost: some epsilons (2e-16, 1.2e-7) of the result itself, however small it is.
# The exponential of an x loses x epsilons, and ours reach x = 150. A sum over classes, MSLE's
# difference of logarithms and a gradient may also lose an epsilon of their largest term: torch
# differentiates expm1 as its result + 1, which cancels.
TWINS = {
    "numpy": (numpy_twin, np.float64, 1e-12, 1e-14),
    "torch": (torch_twin(torch.float64), np.float64, 1e-12, 1e-14),
    "torch float32": (torch_twin(torch.float32), np.float32, 3e-5, 5e-7),
}


@every_setting
def test_loss_and_gradient_are_those_of_the_formula(record, setting):
    sampled = record.sample(np.random.default_rng(1), 3 if record.coupled else 2)
    ordinary = [{name: array[i] for name, array in sampled.items()} for i in range(2)]
    if record.coupled:
        ordinary = [sampled]
    for item in ordinary + facts_of(record).extremes:
        # Rounded to float32, so that the formula and every twin see the same numbers.
        item = {name: _representable(value) for name, value in item.items()}
        exact, exact_grads = textbook.value_and_grads(record, item, setting)
        for twin, (evaluate, dtype, rtol, atol) in TWINS.items():
            value, grads = evaluate(record, item, setting)
            value_atol = atol if record.item_axes or record.name == "msle" else 0
            _close(value, exact, dtype, rtol, value_atol, (twin, item))
            for name in exact_grads:
                where = (twin, f"d/d{name}", item)
                _close(grads[name], exact_grads[name], dtype, rtol, atol, where)


def _representable(value):
    array = np.asarray(value)
    return array.astype(np.float32).astype(np.float64) if array.dtype.kind == "f" else array


def _close(actual, expected, dtype, rtol, atol, where):
    with np.errstate(over="ignore"):  # beyond the range of float32 the right answer is inf
        expected = np.asarray(expected).astype(dtype)
    np.testing.assert_allclose(actual, expected, rtol, atol, err_msg=str(where))
