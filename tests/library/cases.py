"""The catalog as test cases. How arguments are drawn is `lossfns.conformance`, as for the book."""

import functools
import inspect
import random

import pytest
import torch

from lossfns import catalog
from lossfns.auditing.draws import (
    draw,
    few_settings,
    leading,
    reordered,
    settings,
)
from lossfns.conformance.arguments import (
    both_twins,
    numpy_loss,
    to_torch,
    torch_loss,
    torch_value_and_grads,
)
from lossfns.records.record import REQUIRED

__all__ = [
    "REQUIRED",
    "both_twins",
    "draw",
    "few_settings",
    "leading",
    "numpy_loss",
    "reordered",
    "settings",
    "to_torch",
    "torch_loss",
    "torch_value_and_grads",
]


def label(setting):
    return ",".join(f"{name}={value}" for name, value in setting.items())


def each(records):
    return pytest.mark.parametrize("record", records, ids=[r.name for r in records])


def _of_each(records, cases):
    """A decorator: one test for each record, which goes through the cases of the record.

    Thousands of small tests took longer to be counted than to run. All cases are gone through, and
    a failure names those that failed.
    """

    def decorate(test):
        @functools.wraps(test)
        def all_cases(record, **given):
            failed = {}
            for case in cases(record):
                # As conftest.py does for each test: no case depends on those before it.
                random.seed(0)
                torch.manual_seed(0)
                try:
                    test(record=record, **case, **given)
                except Exception as error:
                    failed[_name(case)] = error
            if failed:
                lines = (f"{name}: {type(e).__name__}: {e}" for name, e in failed.items())
                first = next(iter(failed.values()))
                raise AssertionError("\n".join([record.name, *lines])) from first

        signature = inspect.signature(test)
        drawn = ("setting", "reduction")
        asked = [one for name, one in signature.parameters.items() if name not in drawn]
        all_cases.__signature__ = signature.replace(parameters=asked)
        return each(records)(all_cases)

    return decorate


def _name(case):
    parts = [label(case["setting"]), case.get("reduction", "")]
    return "-".join(part for part in parts if part) or "as it is"


def each_setting(records):
    return _of_each(records, lambda record: [{"setting": s} for s in settings(record)])


every_loss, every_setting = each(catalog.values()), each_setting(catalog.values())

# The items have weights only where each has a loss of its own.
WEIGHTABLE = [record for record in catalog.values() if record.takes_weights]
weightable_loss, weightable_setting = each(WEIGHTABLE), each_setting(WEIGHTABLE)
coupled_loss = each([record for record in catalog.values() if record.coupled])

# The items may lie on any number of axes, also on none.
FREE = [record for record in catalog.values() if not record.batched]
free_loss, free_setting = each(FREE), each_setting(FREE)

some_settings = _of_each(
    catalog.values(), lambda record: [{"setting": s} for s in few_settings(record)]
)

every_reduction = _of_each(
    catalog.values(),
    lambda record: [
        {"setting": s, "reduction": how} for s in settings(record) for how in record.reductions
    ],
)

weighted = pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
