"""One record per loss: what it is, what it takes, where else it exists, which chapter explains it.

The records drive the tests, the tables of the book and the checks of the coursework. A public loss
without a record fails the tests. Public functions that are not losses of a prediction, such as
metrics, are listed in `functions`.

>>> import lossfns
>>> lossfns.catalog["huber"].units
'squared units of the target'
"""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

from lossfns.records import (
    boxes,
    calibration,
    classification,
    debug,
    detection,
    divergence,
    generative,
    imbalance,
    label_maps,
    metric,
    multitask,
    preference,
    ranking,
    regression,
    segmentation,
    sequence,
    signal,
    speech,
    structure,
)
from lossfns.records.record import Function, Hyper, Record

__all__ = ["Function", "Hyper", "Record", "catalog", "functions"]

# In the order of the atlas.
_FAMILIES = [
    regression,
    classification,
    divergence,
    imbalance,
    segmentation,
    label_maps,
    boxes,
    detection,
    metric,
    ranking,
    preference,
    generative,
    multitask,
    calibration,
    sequence,
    structure,
    speech,
    signal,
    debug,
]

Entry = TypeVar("Entry", Record, Function)


class _ByName(dict[str, Entry]):
    """By name; what is not there is answered with what was probably meant."""

    def __missing__(self, name: object) -> Entry:
        if name in functions:
            known = f"see lossfns.functions[{name!r}]"
            raise KeyError(f"{name!r} is not a loss of a prediction: {known}")
        if name in catalog:
            raise KeyError(f"{name!r} is a loss: see lossfns.catalog[{name!r}]")
        raise KeyError(f"there is no loss {name!r}{did_you_mean(str(name))}")


def did_you_mean(name: str) -> str:
    """The nearest names of the catalog, at most three, to end an error message with.

    Case and underscores do not count, and names of other libraries are known, too.

    >>> did_you_mean("SmoothL1Loss")
    "; did you mean 'smooth_l1'?"
    """
    entries: list[Record | Function] = [*catalog.values(), *functions.values()]
    names = {_plain(entry.name): entry.name for entry in entries}
    for entry in entries:
        for called in entry.equivalents.values():
            names.setdefault(_plain(called.partition(" ")[0].partition("(")[0]), entry.name)
    # A name that only joins or ends its words differently is meant; the others are not.
    plain = _plain(name)
    close = [plain] if plain in names else difflib.get_close_matches(plain, names)
    return one_of_these([names[one] for one in close])


def one_of_these(names: Sequence[str]) -> str:
    """The names that were probably meant, best first, to end an error message with."""
    quoted = [repr(name) for name in dict.fromkeys(names)]
    if len(quoted) > 1:
        quoted = [", ".join(quoted[:-1]), quoted[-1]]
    return f"; did you mean {' or '.join(quoted)}?" if quoted else ""


def _plain(name: str) -> str:
    """Without the path, the case, what joins words, and the word that all of them end in."""
    return re.sub(r"[-_ ]", "", name.split(".")[-1].lower()).removesuffix("loss")


def _of_all_families(kind: str) -> Iterator[Any]:
    """The entries of the families' files, each with the name of its file."""
    for module in _FAMILIES:
        for entry in getattr(module, kind, ()):
            yield dataclasses.replace(entry, family=module.__name__.rpartition(".")[2])


catalog: Mapping[str, Record] = MappingProxyType(
    _ByName({record.name: record for record in _of_all_families("LOSSES")})
)
functions: Mapping[str, Function] = MappingProxyType(
    _ByName({function.name: function for function in _of_all_families("FUNCTIONS")})
)
