"""The audit of one loss: how it is called, which inputs it is asked with, and all the questions."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

import lossfns.numpy as ln
from lossfns.auditing.call import (
    SYNONYMS,
    Arrays,
    CannotCall,
    Subject,
    check_seconds,
    matched,
    name_of,
    parameter_names,
    said_of,
    subject_of,
)
from lossfns.auditing.case import Case, close, items, setting_of
from lossfns.auditing.checks import CHECKS
from lossfns.auditing.checks.manners import RANDOM, leaves_the_world_alone, same_answer_twice
from lossfns.auditing.draws import needed
from lossfns.auditing.report import ABSENT, FAILS, PASSES, Finding, Report
from lossfns.auditing.run import Runner, Surroundings, load_torch
from lossfns.catalog import catalog, did_you_mean
from lossfns.records.record import Record

# Whose inputs are tried, where nothing says what a loss takes.
_DONORS = (
    *("mse", "cross_entropy", "bce_with_logits", "bce", "sparse_categorical_cross_entropy", "dice"),
    *("triplet", "gaussian_nll", "contrastive", "nt_xent", "sup_con", "kl_div", "entropy"),
    *("gan_generator", "giou", "distillation"),
)
_CALL = "can be called"
_TIME = "answers in time"


def audit(
    loss: Callable[..., Any],
    like: str | None = None,
    sample: Any = None,
    *,
    arguments: str | Sequence[str] | None = None,
    seconds: float = 5.0,
    compile: bool = True,
    **hyper: Any,
) -> Report:
    """Ask a loss of one's own everything that should hold for it; a report, never an exception.

    Args:
        loss: an `nn.Module` or its class, a function of PyTorch tensors or of NumPy arrays.
        like: the name of the loss of the catalog that it should be, such as "huber".
        sample: inputs to ask it with, where `like` does not say: a mapping from its arguments to
            arrays, a tuple of arrays in its order, or a function of (rng, n) that draws n items.
        arguments: in which order it takes them, such as "target, pred", where names do not say.
        seconds: the time limit of any one call.
        compile: whether `torch.compile` is tried.
        hyper: settings, of `like` and of the loss, such as delta=2.0.
    Returns:
        A `Report`: print it, show it in a notebook, or call its `assert_ok()` in a test.
    Raises:
        TypeError: like is not the name of a loss, `sample` is nothing that can be drawn from, or
            `seconds` is no number.
        ValueError: there is no loss `like`, neither it nor the loss has such a setting, or
            `seconds` is not positive.
    Example:
        >>> import lossfns
        >>> def squared(y_true, y_pred):
        ...     return ((y_pred - y_true) ** 2).mean() / 2
        >>> report = lossfns.audit(squared, like="mse")
        >>> report["value"].cause
        'half of the mean squared error'
        >>> report["two halves"].verdict
        'pass'
    """
    record = _record(like)
    _check_sample(sample)
    check_seconds(seconds)
    start = time.perf_counter()
    surroundings, runner = Surroundings(), Runner(seconds)
    title = f"audit of {name_of(loss)}" + (f" as {like}" if like else "")
    try:
        case = _case(loss, record, sample, arguments, hyper, runner, compile)
        findings = [Finding(_CALL, PASSES), *_asked(case)]
        notes = _told(case)
    except CannotCall as error:
        first = _TIME if runner.hung else _CALL
        findings = [_uncallable(first, error)]
        findings += [Finding(c.name, ABSENT, "it could not be called") for c in CHECKS]
        notes = ()
    finally:
        surroundings.restore()
        runner.close()
    return Report(title, tuple(findings), notes, time.perf_counter() - start)


def _record(like: str | None) -> Record | None:
    if like is None:
        return None
    if not isinstance(like, str):
        raise TypeError(f"like must be the name of a loss, got {type(like).__name__}")
    if like not in catalog:
        raise ValueError(f"like: there is no loss {like!r}{did_you_mean(like)}")
    return catalog[like]


def _check_sample(sample: Any) -> None:
    if sample is not None and not (callable(sample) or isinstance(sample, Mapping | tuple | list)):
        raise TypeError(
            "sample must be a mapping, a tuple of arrays or a function of (rng, n), got "
            f"{type(sample).__name__}"
        )


def _uncallable(name: str, error: CannotCall) -> Finding:
    return Finding(
        name,
        FAILS,
        str(error),
        cause="it hangs" if name == _TIME else "it cannot be called",
        got=str(error),
        expected="an answer",
        effect="Nothing can be trained with it.",
        cure=error.cure if error.cure.endswith(".") else f"{error.cure}.",
        label="sec-01-loop",
    )


def _asked(case: Case) -> Iterable[Finding]:
    """Every check in turn; after a call that hangs the rest is not asked."""
    findings: list[Finding] = []
    hung = Finding(_TIME, PASSES)
    dead = changing = False
    for one in CHECKS:
        if dead:
            findings.append(Finding(one.name, ABSENT, "an earlier check must pass first"))
            continue
        if changing and one.steady:
            findings.append(Finding(one.name, ABSENT, "the loss changes between calls"))
            continue
        try:
            finding = one(case)
        except Exception as error:  # a report is promised whatever happens
            finding = Finding(
                one.name, ABSENT, f"it could not be asked: {type(error).__name__}: {error}"
            )
        if case.subject.runner.hung:
            hung = _uncallable(
                _TIME,
                CannotCall(
                    f"no answer after {case.subject.runner.seconds:g} s, in the check {one.name!r}",
                    "look for a loop without an end",
                ),
            )
            finding = Finding(one.name, ABSENT, "the time was over")
            dead = True
        findings.append(finding)
        changing = changing or (one is same_answer_twice and finding.fails)
        # What is no number cannot be compared with anything.
        dead = dead or (one.name == "returns a number" and finding.fails and not _usable(case))
    return [hung, *_in_order(findings)]


# What changes the value of a batch, too.
_ROOTS = ("order of the batch", "two halves")


def _in_order(findings: list[Finding]) -> list[Finding]:
    """Say a root cause once: what follows from another failure points at it, or is left out."""
    if any(f.cause == RANDOM for f in findings):
        findings = [
            Finding(f.name, ABSENT, f"it draws random numbers: see {same_answer_twice.name!r}")
            if f.name == leaves_the_world_alone.name
            else f
            for f in findings
        ]
    roots = [f.name for f in findings if f.fails and f.name in _ROOTS]
    if not roots:
        return findings
    first = f"mend {' and '.join(map(repr, roots))} first, from which this may follow; then "
    return [
        replace(f, cure=first + f.cure) if f.name == "value" and f.fails and not f.cause else f
        for f in findings
    ]


def _usable(case: Case) -> bool:
    """Whether the rest can be asked of what comes back: numbers, if in the wrong wrapping."""
    answer = case.ask(case.draw(4))
    return answer.value is not None and answer.finite


def _told(case: Case) -> tuple[str, ...]:
    """How it was called, and what was guessed."""
    places = (
        f"{place}={name}" if isinstance(place, str) else name
        for name, place in case.subject.places.items()
    )
    if case.subject.weighted:
        places = (*places, f"{case.subject.weight}=1")
    library = "PyTorch" if case.subject.torch else "NumPy"
    notes = [
        f"called with ({', '.join(places)}) in {library}; a plain call gives the "
        + {"none": "losses of the items", "mean": "mean", "sum": "sum"}[case.mode]
    ]
    if case.setting and case.like is not None:
        told = ", ".join(f"{n}={v!r}" for n, v in case.setting.items())
        notes.append(f"compared at {told}")
    return (*notes, *case.notes)


def _case(
    loss: Any,
    record: Record | None,
    sample: Any,
    arguments: str | Sequence[str] | None,
    hyper: Mapping[str, Any],
    runner: Runner,
    compile: bool,
) -> Case:
    """How to call the loss and with what."""
    if sample is not None:
        case = _of_sample(loss, record, sample, arguments, hyper, runner)
    elif record is not None:
        case = _of_record(loss, record, arguments, hyper, runner)
        case.like = record
        case.setting = setting_of(case.subject, record, hyper)
        _check_hyper(case, record, hyper)
    else:
        case = _of_any(loss, arguments, hyper, runner)
    case.compile = compile
    if case.subject.torch:
        load_torch()
    _fit(case, arguments)
    case.mode = _mode(case)
    return case


def _check_hyper(case: Case, record: Record, hyper: Mapping[str, Any]) -> None:
    known = {*record.hyper, *case.subject.settings, *case.subject.held}
    for name in hyper:
        if name not in known and not isinstance(case.subject.loss, type):
            if hasattr(case.subject.loss, name):
                continue
            raise ValueError(
                f"neither {record.name} nor {case.subject.name} has a setting {name!r}; "
                f"{record.name} has {', '.join(record.hyper) or 'none'}"
            )
    for name, value in hyper.items():
        if name in record.hyper:
            try:
                getattr(ln, record.name)(
                    **case.sample(np.random.default_rng(0), 4), **{**case.setting, name: value}
                )
            except (TypeError, ValueError) as error:
                raise ValueError(f"{record.name}: {error}") from None


def _optional(record: Record, names: Iterable[str]) -> list[str]:
    """Arrays that the loss of the catalog can do without."""
    parameters = inspect.signature(getattr(ln, record.name)).parameters
    return [n for n in names if parameters[n].default is not inspect.Parameter.empty]


def _of_record(
    loss: Any,
    record: Record,
    arguments: str | Sequence[str] | None,
    hyper: Mapping[str, Any],
    runner: Runner,
) -> Case:
    names = list(record.sample(np.random.default_rng(0), 2))
    subject = subject_of(
        loss,
        names,
        runner,
        arguments=arguments,
        hyper=hyper,
        settings=record.hyper,
        required=needed(record),
        optional=_optional(record, names),
    )
    wrt = tuple(n for n in record.wrt if n in subject.places) or (next(iter(subject.places)),)
    case = Case(subject, _per_class(record, subject, hyper), wrt, record)
    case.setting = setting_of(subject, record, hyper)
    return case


def _per_class(record: Record, subject: Subject, hyper: Mapping[str, Any]) -> Any:
    """The record's sampler, with as many classes as the loss has weights for."""
    counts = [
        len(v) for v in (*subject.held.values(), *hyper.values()) if isinstance(v, tuple | list)
    ]
    classes = counts[0] if counts and record.item_axes == 1 else None
    if classes is None:
        return record.sample

    def sample(rng: np.random.Generator, n: int) -> Arrays:
        arrays = record.sample(rng, n)
        first = arrays[record.wrt[0]]
        more = np.concatenate([first] * (classes // first.shape[-1] + 1), axis=-1)[..., :classes]
        labels = {
            k: v % classes for k, v in arrays.items() if v.dtype.kind in "iu" and k == "target"
        }
        return {**arrays, record.wrt[0]: more, **labels}

    subject.classes = classes
    return sample


def _of_any(
    loss: Any, arguments: str | Sequence[str] | None, hyper: Mapping[str, Any], runner: Runner
) -> Case:
    """Inputs of the first loss of the catalog whose inputs the loss takes."""
    from lossfns.auditing.identifying import identify_with

    identity = identify_with(loss, arguments, runner, fits=False)
    if runner.hung:
        raise CannotCall(f"no answer after {runner.seconds:g} s", "look for a loop without an end")
    if identity.found and identity.name in catalog:
        case = _of_record(loss, catalog[identity.name], arguments, hyper, runner)
        case.notes.append(
            f"it computes {identity.text}; asked with inputs of {identity.name}. Say "
            f'like="{identity.name}" to compare all of it'
        )
        return case
    reasons: list[CannotCall] = []
    for name in _donors(loss):
        try:
            case = _of_record(loss, catalog[name], arguments, hyper, runner)
        except CannotCall as error:
            reasons.append(error)
            continue
        arrays = case.draw(4)
        answer = case.ask(arrays)
        if runner.hung:
            raise CannotCall(
                f"no answer after {runner.seconds:g} s", "look for a loop without an end"
            )
        if answer.value is not None and answer.finite:
            case.notes.append(
                f"asked with inputs of {name}, the first that it took; say sample= or like= if "
                "it is meant for others"
            )
            return case
        reasons.append(
            CannotCall(
                said_of(answer),
                "say sample= or like=, so that it is asked with what it is meant for",
            )
        )
    # What it did with plain numbers says most.
    raise reasons[0]


def _donors(loss: Any) -> list[str]:
    """The losses whose inputs are tried, those first that name their arguments as this one does."""

    def known(name: str) -> int:
        names = list(catalog[name].sample(np.random.default_rng(0), 2))
        found = matched(names, parameter_names(loss))
        return sum(
            3 if name == own else 2 if own in SYNONYMS.get(name, ()) else 1
            for name, own in found.items()
        )

    return sorted(_DONORS, key=known, reverse=True)


def _of_sample(
    loss: Any,
    record: Record | None,
    sample: Any,
    arguments: str | Sequence[str] | None,
    hyper: Mapping[str, Any],
    runner: Runner,
) -> Case:
    """Inputs that the caller gives."""
    drawn = sample(np.random.default_rng(1), 8) if callable(sample) else sample
    names = list(record.sample(np.random.default_rng(0), 2)) if record else None
    if isinstance(drawn, Mapping):
        keys = list(drawn)
    else:
        keys = names[: len(drawn)] if names else ["pred", "target", "third", "fourth"][: len(drawn)]

    def draw(rng: np.random.Generator, n: int) -> Arrays:
        given = sample(rng, n) if callable(sample) else sample
        values = list(given.values()) if isinstance(given, Mapping) else list(given)
        arrays = {
            k: np.array(v.detach().cpu() if hasattr(v, "detach") else v)
            for k, v in zip(keys, values, strict=True)
        }
        if callable(sample):
            return arrays
        length = len(next(iter(arrays.values())))
        which = rng.permutation(length)[:n] if n <= length else rng.integers(0, length, n)
        return items(arrays, which)

    arrays = draw(np.random.default_rng(1), 4)
    subject = subject_of(
        loss,
        keys,
        runner,
        arguments=arguments,
        hyper=hyper,
        settings=record.hyper if record else (),
        required=needed(record) if record else {},
        optional=_optional(record, keys) if record else (),
    )
    if record is not None:
        wrt = tuple(n for n in record.wrt if n in subject.places)
    else:
        floating = [n for n in subject.places if arrays[n].dtype.kind == "f"]
        if not floating:
            raise CannotCall(
                "the sample holds no real numbers", "give predictions as floating point"
            )
        wrt = tuple(n for n in floating if n != "target")[:1] or (floating[0],)
    case = Case(subject, draw, wrt, None if record is None else record, record)
    if record is not None:
        case.setting = setting_of(subject, record, hyper)
    return case


def _fit(case: Case, arguments: str | Sequence[str] | None) -> None:
    """Try a call; where it fails, with labels as rows, in NumPy, or the other way round."""
    subject, arrays = case.subject, case.draw(4)
    first = case.ask(arrays)
    if case.subject.runner.hung:
        raise CannotCall(
            f"no answer after {subject.runner.seconds:g} s", "look for a loop without an end"
        )
    if first.error and subject.torch:
        # A tensor that it holds, such as class weights, may have the usual dtype.
        subject.dtype = "float32"
        if not case.ask(arrays).error:
            case.notes.append("it refuses float64, so it is asked in float32")
            return
        subject.dtype = "float64"
    if first.error:
        if any(v.dtype.kind in "iu" for v in arrays.values()):
            subject.one_hot = True
            if not case.ask(arrays).error:
                case.notes.append("it takes labels as rows of 0 and 1")
                return
            subject.one_hot = False
        if subject.torch:
            subject.torch = False
            if not case.ask(arrays).error:
                return
            subject.torch = True
    if arguments is not None or subject.by_name or len(subject.places) < 2:
        return
    agrees = not first.error and (case.like is None or case.agrees(first, _first(case, arrays)))
    if agrees:
        return
    kept = subject.places
    one, other, *rest = kept
    subject.places = {one: kept[other], other: kept[one], **{n: kept[n] for n in rest}}
    again = case.ask(arrays)
    better = not again.error and (
        first.error or (case.like is not None and case.agrees(again, _first(case, arrays)))
    )
    if better:
        case.notes.append(f"it takes {other} before {one}, or so its values say")
    else:
        subject.places = kept


def _first(case: Case, arrays: Arrays) -> Any:
    return case.right(arrays, "mean")


def _mode(case: Case) -> str:
    """What a plain call gives: the losses of the items, their mean or their sum."""
    arrays = case.draw(4)
    answer = case.ask(arrays)
    if answer.value is None:
        return "mean"
    if answer.value.ndim:
        return "none"
    if case.like is not None:
        for how in ("mean", "sum"):
            if how in case.like.reductions and close(answer.value, case.right(arrays, how), 1e-4):
                return how
    if case.coupled:
        return "mean"
    twice = case.ask({n: np.concatenate([v, v]) if np.ndim(v) else v for n, v in arrays.items()})
    if twice.value is not None and not twice.value.ndim and answer.value:
        ratio = float(twice.value) / float(answer.value)
        return "sum" if abs(ratio - 2) < 1e-3 else "mean"
    return "mean"
