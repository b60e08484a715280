"""Arguments for any loss of the catalog, drawn from its record."""

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from lossfns.records.record import LAYOUT as LAYOUT, Hyper, Record, needed as needed

Arguments = dict[str, Any]
Setting = dict[str, Any]

# Hyper-parameters that are arrays, and tensors in torch.
PER_CLASS = (
    *("weight", "weights", "alpha", "class_counts", "prototypes"),
    *("linear_weight", "linear_bias"),
)


def tuned(record: Record) -> dict[str, Hyper]:
    """The hyper-parameters that change the loss of an item."""
    return {name: hyper for name, hyper in record.hyper.items() if name not in LAYOUT}


def settings(record: Record) -> list[Setting]:
    """Every combination of the valid hyper-parameters."""
    hyper = tuned(record)
    combinations = itertools.product(*(h.valid for h in hyper.values()))
    every = (dict(zip(hyper, values, strict=True)) for values in combinations)
    return [setting for setting in every if record.compatible(setting)]


def few_settings(record: Record) -> list[Setting]:
    """Each valid hyper-parameter once, for checks too slow for every combination."""
    hyper = tuned(record)
    most = max((len(h.valid) for h in hyper.values()), default=1)
    few = ({name: h.valid[i % len(h.valid)] for name, h in hyper.items()} for i in range(most))
    return [setting for setting in few if record.compatible(setting)]


def draw(record: Record, n: int = 8, weighted: bool = False, seed: int = 1) -> Arguments:
    """Arguments of n items, required settings included.

    With weights, where the loss takes them; one of them is 0.
    """
    rng = np.random.default_rng(seed)
    arguments: Arguments = record.sample(rng, n) | needed(record)
    if weighted and record.takes_weights:
        arguments["sample_weight"] = rng.uniform(0.2, 3.0, n) * (np.arange(n) != 1)
    return arguments


def leading(arguments: Mapping[str, Any], change: Callable[[Any], Any]) -> Arguments:
    """Change every array along the items' axis, for instance to reorder or to drop some."""
    return {n: change(v) if isinstance(v, np.ndarray) else v for n, v in arguments.items()}


def reordered(record: Record, arguments: Mapping[str, Any], order: npt.ArrayLike) -> Arguments:
    """The same items in another order; pairs of items are reordered along both axes."""
    changed = leading(arguments, lambda array: array[order])
    return {n: v[:, order] if n in record.crosswise else v for n, v in changed.items()}
