"""The catalog as test cases. How arguments are drawn is `lossfns.conformance`, as for the book."""

import pytest

from lossfns import catalog
from lossfns.conformance.arguments import (
    both_twins,
    draw,
    few_settings,
    leading,
    numpy_loss,
    reordered,
    settings,
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


def _marked(rows):
    return [pytest.param(*row[:-1], id="-".join(part for part in row[-1] if part)) for row in rows]


def each(records):
    return pytest.mark.parametrize("record", records, ids=[r.name for r in records])


def each_setting(records):
    return pytest.mark.parametrize(
        "record, setting", _marked((r, s, (r.name, label(s))) for r in records for s in settings(r))
    )


every_loss, every_setting = each(catalog.values()), each_setting(catalog.values())

# The items have weights only where each has a loss of its own.
WEIGHTABLE = [record for record in catalog.values() if record.takes_weights]
weightable_loss, weightable_setting = each(WEIGHTABLE), each_setting(WEIGHTABLE)
coupled_loss = each([record for record in catalog.values() if record.coupled])

# The items may lie on any number of axes, also on none.
FREE = [record for record in catalog.values() if not record.batched]
free_loss, free_setting = each(FREE), each_setting(FREE)

some_settings = pytest.mark.parametrize(
    "record, setting",
    _marked((r, s, (r.name, label(s))) for r in catalog.values() for s in few_settings(r)),
)

every_reduction = pytest.mark.parametrize(
    "record, setting, reduction",
    _marked(
        (r, s, how, (r.name, label(s), how))
        for r in catalog.values()
        for s in settings(r)
        for how in r.reductions
    ),
)

weighted = pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
