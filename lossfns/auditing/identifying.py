"""Which loss of the catalog a function computes, up to a factor, a reduction and its settings."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeGuard

import numpy as np

import lossfns.numpy as ln
from lossfns.auditing.call import (
    Answer,
    Arrays,
    CannotCall,
    Subject,
    check_seconds,
    name_of,
    said_of,
    subject_of,
)
from lossfns.auditing.candidates import (
    Candidate,
    Fit,
    Probe,
    candidates,
    distinguishing,
    error_of_a_constant,
    errors_with,
    factor_named,
    fitted,
    is_unmoved,
    paired,
    plain,
)
from lossfns.auditing.case import hard, items, setting_of
from lossfns.auditing.draws import LAYOUT, needed
from lossfns.auditing.run import Runner, Surroundings
from lossfns.catalog import catalog
from lossfns.records.record import Record

# The relative error of a loss that is found, and of one that comes near.
_FOUND = 2e-5
_HOWS = ("mean", "sum", "none")


class Unsteady(Exception):
    """A loss that keeps something between calls, or is random, is no loss of the catalog."""


class Unanswered(Exception):
    """A loss that gives no number for some inputs."""


@dataclass(frozen=True)
class Identity:
    """What a loss is.

    Attributes:
        found: whether it is a loss of the catalog on everything that was asked.
        name: of that loss, or of the nearest one; empty where nothing comes near.
        text: in words, such as "0.5 × mse" or "smooth_l1 with beta = 0.11".
        factor: how many times the loss of the catalog it is.
        reduction: "mean", "sum" or "none".
        hyper: the settings with which it fits, where they are not the catalog's defaults.
        cause: the documented convention or the named mistake by which it differs; empty for none.
        note: what the cause means, and where it is used.
        error: the largest relative difference on what was asked.
        label: of the section of the book that explains it.
    """

    found: bool
    name: str = ""
    text: str = ""
    factor: float = 1.0
    reduction: str = ""
    hyper: dict[str, Any] = field(default_factory=dict)
    cause: str = ""
    note: str = ""
    error: float = float("inf")
    label: str = ""

    def __str__(self) -> str:
        return f"{self.text}: {self.note}" if self.note else self.text


def identify(
    loss: Callable[..., Any],
    sample: Any = None,
    *,
    arguments: str | Sequence[str] | None = None,
    seconds: float = 5.0,
) -> Identity:
    """Say which loss of the catalog a function computes, and by what it differs from it.

    Args:
        loss: an `nn.Module`, a function of PyTorch tensors or of NumPy arrays.
        sample: inputs to ask it with, instead of those of the catalog: a mapping from the
            catalog's names of its arguments to arrays.
        arguments: in which order it takes them, such as "target, pred", where names do not say.
        seconds: the time limit of any one call.
    Returns:
        An `Identity`; its text says what was found, or what comes nearest where nothing fits.
    Raises:
        TypeError: sample is no mapping, or seconds no number.
        ValueError: seconds is not positive.
    Example:
        >>> import lossfns
        >>> print(lossfns.identify(lambda pred, target: ((pred - target) ** 2).mean()))
        mse
        >>> print(lossfns.identify(lambda y_true, y_pred: ((y_pred - y_true) ** 2).sum() / 2).text)
        0.5 × mse, summed
    """
    if sample is not None and not isinstance(sample, Mapping):
        raise TypeError(f"sample must be a mapping, got {type(sample).__name__}")
    check_seconds(seconds)
    surroundings, runner = Surroundings(), Runner(seconds)
    try:
        return identify_with(loss, arguments, runner, sample)
    finally:
        surroundings.restore()
        runner.close()


def identify_with(
    loss: Any,
    arguments: str | Sequence[str] | None,
    runner: Runner,
    sample: Mapping[str, Any] | None = None,
    fits: bool = True,
) -> Identity:
    """The same with a runner that is there already; without `fits`, no number is searched for."""
    refused, failed = "", ""
    groups = []
    for records in _groups():
        try:
            probes, subject = _answers(loss, records, arguments, runner, sample)
        except CannotCall as error:
            refused = refused or str(error)
            continue
        except Unanswered as error:
            if runner.hung:
                return Identity(False, text=f"nothing: {error}")
            failed = failed or str(error)
            continue
        except Unsteady as error:
            return Identity(False, text=f"nothing: {error}")
        if probes:
            groups.append((records, probes, subject))
    if not groups:
        return Identity(False, text=f"nothing that could be asked: {failed or refused}")
    found = None
    if groups[0][0][0].name == "mse" and _of_the_error(loss, groups[0], arguments, runner):
        # Everywhere else its errors are small, and many losses agree on small errors.
        found = _stages(groups[:1], fits)
    found = found or _stages(groups, fits)
    return _nearest(name_of(loss), groups) if found is None else found


def _of_the_error(
    loss: Any, group: _Group, arguments: str | Sequence[str] | None, runner: Runner
) -> bool:
    """Whether only the difference between prediction and target counts."""
    probe = group[1][-1]
    subject = subject_of(loss, list(probe.arrays), runner, arguments=arguments)
    moved = _ask(subject, {n: v + 3.0 for n, v in probe.arrays.items()}, {}).value
    return moved is not None and bool(np.allclose(moved, probe.value, rtol=1e-6))


def _stages(groups: list[_Group], fits: bool) -> Identity | None:
    """The simplest story first; one with a factor counts where none without is found."""
    stages = [_simple, _fitted_settings, _variants] if fits else [_simple, _variants]
    with_factor = None
    for stage in stages:
        # Whoever has been found up to a factor is looked for among inputs of the same kind only.
        asked = groups if with_factor is None else _like(groups, with_factor.name)
        found = _best(stage(asked))
        simple = stage is _simple and len(groups) == 1
        if found is not None and (found.factor == 1.0 or "1/C" in found.text or simple):
            return found
        with_factor = with_factor or found
    return with_factor


def _like(groups: list[_Group], name: str) -> list[_Group]:
    """The groups whose inputs look like those of a loss."""

    def kinds(group: _Group) -> list[tuple[int, str]]:
        return [(v.ndim, v.dtype.kind) for v in group[1][-1].arrays.values()]

    own = next(g for g in groups if any(r.name == name for r in g[0]))
    return [g for g in groups if kinds(g) == kinds(own)]


@functools.cache
def _groups() -> tuple[tuple[Record, ...], ...]:
    """The losses of the catalog by the inputs that they are asked with."""
    groups: dict[Any, list[Record]] = {}
    for record in catalog.values():
        arrays = record.sample(np.random.default_rng(1), 6)
        key = tuple((n, v.shape, v.dtype.kind, v.tobytes()) for n, v in arrays.items())
        groups.setdefault(key, []).append(record)
    return tuple(map(tuple, groups.values()))


# Records, what the loss answered to their inputs, and how it was called.
_Group = tuple[tuple[Record, ...], list[Probe], Subject]


def _answers(
    loss: Any,
    records: tuple[Record, ...],
    arguments: str | Sequence[str] | None,
    runner: Runner,
    sample: Mapping[str, Any] | None,
) -> tuple[list[Probe], Subject]:
    """Ask with the inputs of some losses: single items first, then batches.

    Raises:
        CannotCall: it takes other arguments.
        Unanswered: a call gives no finite number.
        Unsteady: it does not give the same one twice.
    """
    record = records[0]
    drawn = _draw(record, 6, 1)
    names = list(drawn)
    settings = list(dict.fromkeys(n for r in records for n in r.hyper))
    subject = subject_of(
        loss,
        names,
        runner,
        arguments=arguments,
        settings=settings,
        required={n: v for r in records for n, v in needed(r).items()},
        optional=[n for n in names if n not in _needed(record)],
    )
    if sample is not None:
        taken = set(drawn)
        if not (taken & set(_needed(record)) <= set(sample) <= taken):
            return [], subject
        drawn = dict(sample)
    # Of losses that compare items there is one number a batch: enough of them that two settings
    # and a factor cannot explain anything.
    more = 8 if record.coupled or record.fewest else 1
    batches = [drawn]
    if sample is None:
        batches += [_draw(record, 4 + seed % 3, 7 + seed) for seed in range(more)]
    if not (record.coupled or record.fewest):
        batches = [*(items(drawn, slice(i, i + 1)) for i in range(len(_first(drawn)))), *batches]
    probes, ways = [], []
    setting = {n: v for r in records for n, v in needed(r).items() if n in subject.settings}
    required = {n: v for n, v in setting.items() if subject.settings[n] not in subject.default}
    for arrays in reversed(batches):
        kept = {n: v for n, v in arrays.items() if n in subject.places}
        answer = _ask(subject, kept, required)
        if answer.value is None or not answer.finite:
            raise Unanswered(said_of(answer))
        probes.append(Probe(kept, answer.value))
        ways.append((subject.torch, subject.one_hot, subject.dtype))
    again = _ask(subject, probes[0].arrays, required).value
    ways.append((subject.torch, subject.one_hot, subject.dtype))
    same = again is not None and np.allclose(again, probes[0].value, rtol=1e-9, atol=0)
    # What is asked in another way than at first may be answered otherwise.
    if not same and len(set(ways)) == 1:
        raise Unsteady("the same inputs give another answer every time")
    return probes[::-1], subject


def _ask(subject: Subject, arrays: Arrays, setting: Mapping[str, Any]) -> Answer:
    """The answer; where it refuses that, in single precision, with labels as rows, or in NumPy."""
    first = answer = subject.ask(arrays, setting=setting)
    if answer.error and not answer.hung and subject.torch and subject.dtype == "float64":
        subject.dtype = "float32"
        answer = subject.ask(arrays, setting=setting)
        subject.dtype = "float64" if answer.error else "float32"
    if answer.error and any(v.dtype.kind in "iu" for v in arrays.values()):
        subject.one_hot = not subject.one_hot
        answer = subject.ask(arrays, setting=setting)
    if answer.error and not answer.hung and subject.torch:
        subject.torch = False
        answer = subject.ask(arrays, setting=setting)
        subject.torch = bool(answer.error)
    return first if answer.error else answer


def _needed(record: Record) -> list[str]:
    import inspect

    parameters = inspect.signature(getattr(ln, record.name)).parameters
    return [n for n, p in parameters.items() if p.default is inspect.Parameter.empty]


def _draw(record: Record, n: int, seed: int) -> Arrays:
    arrays = record.sample(np.random.default_rng(seed), max(n, record.fewest))
    if record.label_noise is not None:
        return {k: hard(v) if k == "target" else v for k, v in arrays.items()}
    return arrays


def _first(arrays: Arrays) -> Any:
    return next(iter(arrays.values()))


def _hows(record: Record) -> Iterable[str]:
    return [how for how in _HOWS if how in record.reductions]


def _simple(groups: list[_Group]) -> Iterator[Identity]:
    """The losses as they stand, up to a factor."""
    for records, probes, _ in groups:
        for record in records:
            fit = fitted(probes, plain(record, needed(record)), _hows(record), _FOUND)
            if _sure(fit, probes):
                yield _identity(fit, probes)


def _sure(fit: Fit | None, probes: list[Probe]) -> TypeGuard[Fit]:
    """Whether a fit is one: exact, and through more different numbers than it has free ones."""
    if fit is None or fit.error > _FOUND:
        return False
    free = sum(isinstance(v, float) for v in fit.candidate.hyper.values())
    if not _is_usual(fit.factor, probes):
        if not 1e-3 <= abs(fit.factor) <= 1e3:
            return False
        free += 1
    return free == 0 or distinguishing(probes, fit) >= free + 2


def _is_usual(factor: float, probes: list[Probe]) -> bool:
    """Whether a factor is 1 or has a name: nobody has to fit it."""
    return factor == 1.0 or factor_named(factor, *_counts(probes)) is not None


def _counts(probes: list[Probe]) -> tuple[int, int]:
    """How many classes, or entries of an item, there are in a batch, and how many items."""
    first = next(iter(probes[-1].arrays.values()))
    return (int(first.shape[-1]) if np.ndim(first) > 1 else 1), len(first)


def _variants(groups: list[_Group]) -> Iterator[Identity]:
    """Other conventions and the mistakes that have names."""
    for records, probes, subject in groups:
        for record in records:
            for one in _few(record, subject):
                if not one.cause or is_unmoved(one):
                    continue
                fit = fitted(probes, one, _HOWS, _FOUND)
                if _sure(fit, probes):
                    yield _identity(fit, probes)


def _few(record: Record, subject: Subject) -> Iterator[Candidate]:
    """The variants at the catalog's setting, at the loss's own, and at a few usual ones."""
    settings = [needed(record)]
    own = setting_of(subject, record, {})
    if own != settings[0]:
        settings.append(own)
    if record.name == "focal_with_logits":
        settings.append({"alpha": 0.25, "gamma": 3.0})
    if record.name == "dice":  # an s of 1 added once to each side, and none
        settings += [{"smooth": 0.5}, {"smooth": 0.0}]
    for setting in settings:
        hyper = plain(record, setting).hyper if setting is own else {}
        yield from (replace(one, hyper=hyper) for one in candidates(record, setting))


def _numbers(record: Record) -> list[str]:
    return [
        n
        for n, h in record.hyper.items()
        if n not in LAYOUT
        and not isinstance(h.default, bool)
        and any(isinstance(v, float) and math.isfinite(v) for v in h.valid)
    ]


def _fitted_settings(groups: list[_Group]) -> Iterator[Identity]:
    """The losses at other settings: the words and switches tried, the numbers fitted."""
    for records, probes, _ in groups:
        for record in records:
            fit = _with_settings(record, probes)
            if _sure(fit, probes):
                yield _identity(fit, probes)


def _with_settings(record: Record, probes: list[Probe]) -> Fit | None:
    numbers = _numbers(record)
    words = {
        n: [v for v in h.valid if v is None or isinstance(v, bool | str)]
        for n, h in record.hyper.items()
        if n not in LAYOUT
    }
    # Of a number that may also be None, both are tried: ... stands for one that is fitted.
    words = {n: [*v, ...] if n in numbers else v for n, v in words.items() if v}
    best: Fit | None = None
    for values in itertools.islice(itertools.product(*words.values()), 4):
        chosen = dict(zip(words, values, strict=True))
        free = [n for n in numbers if n not in chosen or chosen[n] is ...]
        chosen = {n: v for n, v in chosen.items() if n not in free}
        for how in _likely(record, probes):
            fit = _search(record, probes, how, chosen, free)
            if fit is not None and (best is None or fit.error < best.error):
                best = fit
            if best is not None and best.error <= _FOUND:
                return best
    return best


def _likely(record: Record, probes: list[Probe]) -> list[str]:
    """The reductions that the answers leave, by their shape and by how items add up."""
    shape = probes[-1].value.ndim
    hows = [h for h in _hows(record) if (h == "none") == bool(shape)]
    if shape or record.coupled or record.fewest:
        return hows
    ways: dict[str, Callable[[Any], Any]] = {"mean": np.mean, "sum": np.sum}
    asked = list(itertools.takewhile(lambda probe: len(_first(probe.arrays)) == 1, probes))
    if not asked:
        return hows
    whole = probes[len(asked)] if len(asked) < len(probes) else probes[-1]
    left = []
    for how in hows:
        pairs = paired(plain(record, needed(record)), [*asked, whole], how)
        if pairs is None:
            continue
        own, theirs = np.concatenate(pairs[0]), pairs[1]
        adds_up = np.isclose(ways[how](theirs[:-1]), theirs[-1])
        if not adds_up or np.isclose(ways[how](own[:-1]), own[-1], rtol=1e-4):
            left.append(how)
    return left


def _search(
    record: Record, probes: list[Probe], how: str, chosen: Mapping[str, Any], free: list[str]
) -> Fit | None:
    """Fit one number, then two: on a grid first, and from its best point by ever smaller steps."""
    base = {**needed(record), **chosen}
    # Batches, and two single items, which a factor cannot mimic.
    few = probes if record.coupled or record.fewest else [*probes[:2], *probes[-2:]]
    first = probes[-1].arrays[record.wrt[0]]
    factors = (1.0, 0.5, 2.0, 1 / first.shape[-1] if np.ndim(first) > 1 else 4.0)

    known: dict[tuple[tuple[str, float], ...], list[float]] = {}

    def fit_of(setting: Mapping[str, Any], on: list[Probe]) -> Fit | None:
        return fitted(on, plain(record, {**base, **setting}), (how,), _FOUND)

    def errors(setting: Mapping[str, float]) -> list[float]:
        key = tuple(setting.items())
        if key not in known:
            known[key] = errors_with(few, plain(record, {**base, **setting}), how, factors)
        return known[key]

    best = fit_of({}, probes)
    searches: list[tuple[tuple[str, ...], int]]
    searches = [((n,), at) for at in range(len(factors)) for n in free]
    pairs = list(itertools.islice(itertools.combinations(free, 2), 2))
    # Without a factor first, then with one.
    searches[len(free) : len(free)] = [(pair, 0) for pair in pairs]
    for names, at in searches:

        def cost(setting: Mapping[str, float], at: int = at) -> float:
            return errors(setting)[at]

        grids = [_grid(record, n, len(names)) for n in names]
        points = [dict(zip(names, v, strict=True)) for v in itertools.product(*grids)]
        start = min(points, key=cost)
        if cost(start) > 0.7:
            continue
        setting = _descend(cost, start)
        fit = fit_of(_tidy(setting, cost), probes)
        if fit is not None and (best is None or fit.error < best.error):
            best = fit
        if best is not None and best.error <= _FOUND:
            return best
    return best


def _grid(record: Record, name: str, together: int) -> list[float]:
    """Values of a setting from far below to far above those that its record names."""
    values = [
        float(v)
        for v in record.hyper[name].valid
        if isinstance(v, int | float) and not isinstance(v, bool) and v and math.isfinite(v)
    ] or [1.0]
    named = [abs(v) for v in values]
    sign = -1.0 if max(values) < 0 else 1.0
    low, high = min(named) / 4, max(named) * 4
    return [float(v) for v in sign * np.geomspace(low, high, 10 if together == 1 else 5)]


def _descend(
    cost: Callable[[Mapping[str, float]], float], start: dict[str, float], most: int = 60
) -> dict[str, float]:
    """A pattern search: each number up and down by a factor that shrinks towards 1."""
    now, least = dict(start), cost(start)
    step = 0.3
    for _ in range(most):
        better = False
        for name in now:
            for moved in (now[name] * (1 + step), now[name] / (1 + step)):
                tried = {**now, name: moved}
                value = cost(tried)
                if value < least:
                    now, least, better = tried, value, True
        # Within a step of the right number the error is of the size of the step.
        if not better:
            step /= 4
            if least > 30 * step:
                break
        if step < 1e-8 or least <= 1e-7:
            break
    return now


def _tidy(
    setting: dict[str, float], cost: Callable[[Mapping[str, float]], float]
) -> dict[str, float]:
    """With as few digits as fit."""
    for digits in (1, 2, 3, 4):
        short = {n: float(f"{v:.{digits}g}") for n, v in setting.items()}
        if cost(short) <= _FOUND:
            return short
    return setting


def _best(found: Iterable[Identity]) -> Identity | None:
    """The simplest story: without a factor before with one, one cause before none at all."""
    every = []
    for one in found:
        every.append(one)
        if one.factor == 1.0 and len(one.hyper) < 2:
            break
    if not every:
        return None
    return min(every, key=lambda one: (one.factor != 1.0, len(one.hyper), one.error > 1e-9))


def _identity(fit: Fit, probes: list[Probe]) -> Identity:
    record, candidate = fit.candidate.record, fit.candidate
    factor = fit.factor
    for nice in (0.5, 2.0, 0.25, 4.0, 10.0, 100.0, -1.0, 0.1, 1 / 3):
        if math.isclose(factor, nice, rel_tol=1e-6):
            factor = nice
    named = None if factor == 1.0 else factor_named(factor, *_counts(probes))
    cause, note, label = candidate.cause, candidate.note, candidate.label or record.chapter
    over_classes = named is not None and "1/C" in named[0]
    if named is not None:
        note = f"{note}; {named[1]}" if note else named[1]
        cause, label = cause or named[0], candidate.label or named[2]
    text = record.name
    if factor != 1.0 and not over_classes:
        text = f"{factor:.4g} × {text}"
    if candidate.hyper:
        told = " and ".join(
            f"{n} = {v:.4g}" if isinstance(v, float) else f"{n} = {v}"
            for n, v in candidate.hyper.items()
        )
        text += f" with {told}"
    if candidate.cause:
        text += f", with a difference: {candidate.cause}"
    if over_classes:
        text += " averaged over classes (1/C)"
    if fit.how == "sum" and "mean" in record.reductions:
        text += ", summed"
    if fit.how == "none":
        text += ", one loss an item"
    return Identity(
        True,
        record.name,
        text,
        factor,
        fit.how,
        dict(candidate.hyper),
        cause,
        note,
        fit.error,
        label,
    )


def _nearest(subject: str, groups: list[_Group]) -> Identity:
    """What comes nearest where nothing fits."""
    best: tuple[Fit, list[Probe]] | None = None
    nearest = 0.5  # times the error of a constant
    for records, probes, _ in groups:
        # A number that is always the same comes near where the answers hardly differ.
        constant = error_of_a_constant(probes)
        for record in records:
            fit = fitted(probes, plain(record, needed(record)), _hows(record), _FOUND)
            if fit is not None and fit.error < min(1.0, nearest * constant):
                best, nearest = (fit, probes), fit.error / constant
    if best is None:
        return Identity(False, text="no loss of the catalog, and none comes near")
    fit, probes = best
    near = _identity(fit, probes)
    text = (
        f"no loss of the catalog; {near.text} comes nearest, and is off by up to "
        f"{100 * fit.error:.2g} %"
    )
    if fit.error <= _FOUND:
        text = (
            f"nothing for certain; {near.text} fits, but through too few different numbers or "
            "with a factor that nobody would choose"
        )
    return Identity(
        False,
        near.name,
        text,
        near.factor,
        near.reduction,
        near.hyper,
        "",
        "",
        fit.error,
        near.label,
    )
