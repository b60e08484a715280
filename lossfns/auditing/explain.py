"""Why a value is wrong: the convention or mistake that gives the same numbers."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import lossfns.numpy as ln
from lossfns.auditing.call import Arrays
from lossfns.auditing.candidates import (
    Candidate,
    Fit,
    Probe,
    candidates,
    factor_named,
    fitted,
    is_unmoved,
    plain,
)
from lossfns.auditing.case import Case
from lossfns.auditing.draws import needed
from lossfns.catalog import catalog
from lossfns.labels import where
from lossfns.records.record import Record

# What explains everything explains it up to rounding, and up to an ε that somebody added.
_ENOUGH = 2e-6
_REDUCTIONS = ("mean", "sum", "none")


@dataclass(frozen=True)
class Cause:
    """A name for what is wrong, what to do about it, and where to read."""

    name: str
    cure: str
    label: str
    # Of a mistake in the formula; False of an honest other loss or another factor.
    mistake: bool = True


def explain(
    case: Case, setting: Mapping[str, Any] | None = None, how: str | None = None
) -> Cause | None:
    """The cause of wrong values under a setting, if one has a name."""
    assert case.like is not None
    setting = case.setting if setting is None else setting
    probes = asked(case, setting, how)
    if not probes:
        return None
    hows = dict.fromkeys((how or case.mode, *_REDUCTIONS))
    own = list(candidates(case.like, setting))
    fits = [fit for one in own if (fit := fitted(probes, one, hows, _ENOUGH)) is not None]
    classes = classes_of(case, probes)
    n = len(next(iter(probes[-1].arrays.values())))
    exact = [fit for fit in fits if fit.error <= _ENOUGH and fit.factor == 1.0]
    scaled = [fit for fit in fits if fit.error <= _ENOUGH and fit.factor != 1.0]
    named = [fit for fit in exact if fit.candidate.cause]
    sure = [fit for fit in named if not is_unmoved(fit.candidate)]
    for fit in sure:
        return Cause(fit.candidate.cause, fit.candidate.note, fit.candidate.label)
    for fit in exact:
        if not fit.candidate.cause:
            return _of_reduction(case, fit, how or case.mode)
    for fit in scaled:
        if not fit.candidate.cause and factor_named(fit.factor, classes, n) is not None:
            return _of_factor(case.like, fit.factor, classes, n)
    for fit in named:
        return Cause(fit.candidate.cause, fit.candidate.note, fit.candidate.label)
    for fit in scaled:
        if not fit.candidate.cause:
            return _of_factor(case.like, fit.factor, classes, n)
    for record in alike(case.like, probes[-1].arrays):
        other = fitted(probes, plain(record, needed(record)), hows, _ENOUGH)
        if other is not None and other.error <= _ENOUGH and other.factor == 1.0:
            return Cause(
                f"{record.name} instead of {case.like.name}",
                f"what it computes is {record.name}: see {where(record.chapter)}",
                record.chapter,
                mistake=False,
            )
    for fit in scaled:
        words = factor_named(fit.factor, classes, n)
        if words is not None:
            cause = f"{fit.candidate.cause}, {words[0]}"
            return Cause(cause, f"{fit.candidate.note}; and {words[1]}", fit.candidate.label)
    return None


def formula_of(record: Record) -> str:
    """The formula in the documentation of a loss, in a line.

    >>> from lossfns import catalog
    >>> formula_of(catalog["mse"])
    'l = (pred - target)²'
    """
    lines = (inspect.getdoc(getattr(ln, record.name)) or "").splitlines()
    indented = [line.startswith("    ") for line in lines]
    first = indented.index(True)
    last = indented.index(False, first)
    return "; ".join(" ".join(line.split()).rstrip(",") for line in lines[first:last])


def asked(
    case: Case, setting: Mapping[str, Any], how: str | None = None, most: int = 6
) -> list[Probe]:
    """Some questions and the answers to them, as far as there are any."""
    probes = []
    for arrays in (*case.batches(most), case.draw(5, seed=7)):
        passed = {n: v for n, v in setting.items() if n in case.subject.settings}
        answer = case.ask(arrays, setting=passed, how=how)
        if answer.finite and answer.value is not None:
            probes.append(Probe(arrays, answer.value))
    return probes


def alike(like: Record, arrays: Arrays) -> Iterable[Record]:
    """The other losses of the catalog that take the same arguments."""
    for record in catalog.values():
        if record.name == like.name:
            continue
        drawn = record.sample(np.random.default_rng(1), 2)
        same_names = list(drawn) == list(like.sample(np.random.default_rng(1), 2))
        if same_names and all(
            drawn[n].ndim == np.ndim(a) and drawn[n].dtype.kind == np.asarray(a).dtype.kind
            for n, a in arrays.items()
            if n in drawn
        ):
            yield record


def classes_of(case: Case, probes: list[Probe]) -> int:
    """How many entries an item has along its last axis; 1 where it has none."""
    first = probes[-1].arrays[case.first]
    return int(first.shape[-1]) if np.ndim(first) > 1 else 1


def _of_reduction(case: Case, fit: Fit, asked_for: str) -> Cause | None:
    if fit.how == asked_for:
        return None
    names = {"mean": "the mean", "sum": "the sum", "none": "the losses of the items"}
    return Cause(
        f"{names[fit.how]} instead of {names[asked_for]}",
        f"the formula is right; it returns {names[fit.how]} where {names[asked_for]} is meant",
        "sec-01-reductions",
    )


def _of_factor(like: Record, factor: float, classes: int, n: int) -> Cause:
    words = factor_named(factor, classes, n)
    if words is not None:
        return Cause(*words, mistake=False)
    return Cause(
        f"{factor:.4g} × {like.name}",
        f"divide by {factor:.4g}, or take it into the weight of this loss",
        "elsewhere-half",
        mistake=False,
    )


__all__ = ["Candidate", "Cause", "alike", "asked", "classes_of", "explain", "formula_of"]
