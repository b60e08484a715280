"""The catalog as test cases: how to draw arguments for any loss, and how to call either twin."""

import itertools

import numpy as np
import pytest
import torch

import lossfns.numpy as ln
import lossfns.torch as lt
from lossfns import catalog
from lossfns.records.record import REQUIRED

# Hyper-parameters that are arrays, and tensors in torch.
PER_CLASS = ("weight", "weights", "class_counts", "prototypes")

# They say how the batch is laid out, not what the loss is, and have tests of their own.
LAYOUT = ("axis", "ignore_index", "average")


def tuned(record):
    """The hyper-parameters that change the loss of an item."""
    return {name: hyper for name, hyper in record.hyper.items() if name not in LAYOUT}


def settings(record):
    """Every combination of the valid hyper-parameters."""
    hyper = tuned(record)
    combinations = itertools.product(*(h.valid for h in hyper.values()))
    every = (dict(zip(hyper, values, strict=True)) for values in combinations)
    return [setting for setting in every if record.compatible(setting)]


def few_settings(record):
    """Each valid hyper-parameter once, for checks too slow for every combination."""
    hyper = tuned(record)
    most = max((len(h.valid) for h in hyper.values()), default=1)
    few = ({name: h.valid[i % len(h.valid)] for name, h in hyper.items()} for i in range(most))
    return [setting for setting in few if record.compatible(setting)]


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


def numpy_loss(record):
    return getattr(ln, record.name)


def torch_loss(record):
    return getattr(lt, record.name)


def draw(record, n=8, weighted=False, seed=1):
    """Arguments of n items, required settings included.

    With weights, where the loss takes them; one of them is 0.
    """
    rng = np.random.default_rng(seed)
    needed = {name: h.valid[0] for name, h in record.hyper.items() if h.default is REQUIRED}
    arrays = record.sample(rng, n) | needed
    if weighted and record.takes_weights:
        arrays["sample_weight"] = rng.uniform(0.2, 3.0, n) * (np.arange(n) != 1)
    return arrays


def leading(arrays, change):
    """Change every array along the items' axis, for instance to reorder or to drop some."""
    return {n: change(v) if isinstance(v, np.ndarray) else v for n, v in arrays.items()}


def reordered(record, arrays, order):
    """The same items in another order; pairs of items are reordered along both axes."""
    changed = leading(arrays, lambda array: array[order])
    return {n: v[:, order] if n in record.crosswise else v for n, v in changed.items()}


def to_torch(arguments, dtype=torch.float64, device="cpu"):
    """Arrays and what is given per class as tensors, integers (class labels) as they are."""
    tensors = dict(arguments)
    for name, value in arguments.items():
        per_class = isinstance(value, tuple) and name in PER_CLASS
        if isinstance(value, np.ndarray) or per_class:
            tensor = torch.tensor(np.asarray(value), device=device)
            tensors[name] = tensor.to(dtype) if tensor.is_floating_point() else tensor
    return tensors


def torch_value_and_grads(record, arguments, **options):
    """The torch twin's value, and its gradient with respect to each differentiable argument."""
    leaves = {
        name: value.clone().requires_grad_() if name in record.wrt else value
        for name, value in arguments.items()
    }
    value = torch_loss(record)(**leaves, **options)
    grads = torch.autograd.grad(value.sum(), [leaves[name] for name in record.wrt])
    return value.detach(), dict(zip(record.wrt, grads, strict=True))
