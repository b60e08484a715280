"""Against the loss of the catalog: value, gradient, reductions, settings, weights, labels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from lossfns.auditing.call import Answer, Arrays, shown
from lossfns.auditing.case import Case, close, items
from lossfns.auditing.checks.check import absent, check, fails, passes
from lossfns.auditing.draws import LAYOUT, few_settings
from lossfns.auditing.explain import Cause, explain, formula_of
from lossfns.auditing.numbers import finite_differences
from lossfns.auditing.report import Finding

NO_LIKE = "there is no reference; say like="
NOT_EQUAL = "the value must agree first"
_WEIGHTS = np.array([0.5, 2.0, 0.0, 1.0, 3.0, 1.0, 0.25, 1.5])


def shapes_of(case: Case) -> Iterator[Arrays]:
    """Batches of every layout that the loss takes: vectors, tables, columns."""
    yield from case.batches()
    assert case.record is not None
    if case.record.item_axes or case.record.batched:
        return
    for shape in ((2, 4), (8, 1)):
        arrays = case.draw(8, seed=5)
        if all(v.shape == (8,) for v in arrays.values()):
            yield {n: v.reshape(shape) for n, v in arrays.items()}


def answer_of(value: Any) -> float | str:
    value = np.asarray(value)
    return float(value) if value.size == 1 else shown(value)


@check(
    "value",
    effect="The number that is minimised is another one: learning rates, weights in a sum and "
    "published results do not carry over.",
    cure="compute both formulas term by term for the input above: the first term that differs is "
    "the one to mend.",
    label="sec-01-risk",
)
def value(case: Case) -> Finding:
    if case.like is None:
        return absent(NO_LIKE)
    for arrays in shapes_of(case):
        right = case.right(arrays)
        answer = case.ask(arrays)
        if not case.agrees(answer, right):
            cause = explain(case)
            return fails(
                f"it is not {case.like.name}",
                case.written(arrays),
                got=answer.number,
                expected=answer_of(right),
                formula=formula_of(case.like),
                **told(cause, case.like.chapter),
            )
    case.equal = True
    return passes()


def told(cause: Cause | None, label: str, otherwise: str = "") -> dict[str, str]:
    """What a report says of a cause, or of none."""
    if cause is None:
        return {"cause": otherwise, "label": label}
    cure = cause.cure if cause.cure.endswith((".", "?", "!")) else f"{cause.cure}."
    return {"cause": cause.name, "cure": cure, "label": cause.label}


@check(
    "slope",
    effect="Training follows another function than the one that is printed: the loss need not "
    "fall, and stops at the wrong place.",
    cure="something between the prediction and the result is cut out of the graph (.detach(), "
    ".data, no_grad) or has a wrong backward of its own; compute all of it with tensor operations.",
    label="sec-01-gradient",
)
def slope(case: Case) -> Finding:
    if case.record is not None and case.record.held:
        return absent(f"by definition {case.record.held} counts as a constant")
    for batch in case.batches(4):
        few = min(40, batch[case.first].size)
        for name in case.wrt:
            arrays = batch if batch[name].size <= few else items(batch, slice(0, case.fewest))
            answer = case.ask(arrays, wants=case.wrt)
            if case.subject.torch and answer.value is not None and answer.dtype != "float64":
                return absent(f"differences need float64, and {answer.dtype} comes out")
            gradient = answer.grads.get(name)
            right = slope_by_differences(case, arrays, name) if gradient is not None else None
            if gradient is None or right is None:
                continue
            if not close(gradient, right, 10 * case.digits):
                at = int(np.abs(gradient - right).argmax())
                return fails(
                    f"the gradient in {name} is not the slope of the value",
                    case.written(arrays),
                    got=float(gradient.flat[at]),
                    expected=float(right.flat[at]),
                    **wrong_slope(case, name, "the gradient is not the slope"),
                )
    if not case.subject.torch and getattr(case.subject.loss, "grad", None) is None:
        return absent("a NumPy function without .grad")
    return passes()


def wrong_slope(case: Case, name: str, otherwise: str) -> dict[str, str]:
    """The cause and cure of a gradient that is the right one but for its sign or a factor."""
    arrays = case.draw(8)
    found = case.ask(arrays, wants=case.wrt).grads.get(name)
    right = slope_by_differences(case, arrays, name) if arrays[name].size <= 40 else None
    plain = {"cause": otherwise}
    if found is None or right is None or found.shape != right.shape:
        return plain
    n = len(arrays[name])
    factors = {
        -1.0: ("the sign of the gradient", "the gradient is minus the slope: turn its sign."),
        1.0 * n: (
            "the 1/n of the mean missing in the gradient",
            "the gradient is that of the sum; divide it by n as the mean is.",
        ),
        1.0 / n: (
            "the 1/n of the mean twice in the gradient",
            "the gradient is divided by n once too often.",
        ),
        2.0: ("a factor of 2 in the gradient", "the gradient is twice the slope."),
        0.5: ("a factor of ½ in the gradient", "the gradient is half of the slope."),
    }
    for factor, (cause, cure) in factors.items():
        if close(found, factor * right, 10 * case.digits):
            return {"cause": cause, "cure": cure}
    if not close(np.abs(found), np.abs(right), 10 * case.digits):
        return plain
    turned = found * right < 0
    target = arrays.get(case.target)
    if target is not None and np.array_equal(turned, (target < 0.5) & (right != 0)):
        return {
            "cause": "the sign of the class missing in the gradient",
            "cure": "for targets of 0, or -1, the slope has the other sign: multiply by 2 y - 1, "
            "or take p - y as a whole.",
        }
    return {
        "cause": "the wrong sign in a part of the gradient",
        "cure": "the sizes are right and some signs are not: look for abs() and for y, 1 - y.",
    }


def slope_by_differences(case: Case, arrays: Arrays, name: str) -> Any:
    """By central differences; None where a call fails."""

    def sum_of(**moved: Any) -> float:
        value = case.ask(moved).value
        return float("nan") if value is None else float(value.sum())

    try:
        with np.errstate(all="ignore"):
            found = finite_differences(sum_of, arrays, name)
    except ValueError:
        return None
    return found if np.isfinite(found).all() else None


@check(
    "gradient",
    effect="Each step goes another way, or is of another size, than with the loss it should be.",
    cure="the value is right and the gradient is not: look for .detach(), clamp(), where() and "
    "custom backward code.",
    label="sec-01-gradient",
)
def gradient(case: Case) -> Finding:
    if case.like is None:
        return absent(NO_LIKE)
    if not case.equal:
        return absent(NOT_EQUAL)
    seen = False
    for arrays in case.batches(6):
        answer = case.ask(arrays, wants=case.wrt)
        for name in case.wrt:
            found = answer.grads.get(name)
            if found is None:
                continue
            seen = True
            right = case.slope(arrays, name)
            if not close(found, right, 10 * case.digits):
                return fails(
                    f"its gradient in {name} is not that of {case.like.name}",
                    case.written(arrays),
                    got=shown(found),
                    expected=shown(right),
                    **wrong_slope(case, name, "the gradient of another loss"),
                )
    return passes() if seen else absent("it has no gradient to compare")


@check(
    "reductions",
    effect="With a sum in place of a mean the step grows with the batch: a learning rate fits one "
    "batch size alone; losses per item cannot be weighted or looked at.",
    cure='return the losses for reduction="none", their mean for "mean", their sum for "sum", and '
    "raise ValueError for anything else.",
    label="sec-01-reductions",
)
def reductions(case: Case) -> Finding:
    if case.like is None:
        return absent(NO_LIKE)
    if not case.equal:
        return absent(NOT_EQUAL)
    if not case.subject.mode:
        if case.mode == "sum" and "mean" in case.like.reductions:
            arrays = case.draw(2)
            return fails(
                "it sums over the batch",
                case.written(arrays),
                got=case.ask(arrays).number,
                expected=answer_of(case.right(arrays, "mean")),
                cause="the sum instead of the mean",
                cure=".mean() in place of .sum(), or an argument reduction that says which.",
            )
        return absent("it has no choice of reductions")
    refused = []
    for how in case.like.reductions:
        for arrays in (case.draw(2), case.draw(8)):
            answer = case.ask(arrays, how=how)
            right = case.right(arrays, how)
            if answer.error:
                refused.append(how)
                break
            if not case.agrees(answer, right):
                cause = explain(case, how=how)
                return fails(
                    f"reduction={how!r} gives something else",
                    case.written(arrays, reduction=how),
                    got=answer.number,
                    expected=answer_of(right),
                    **told(cause, "", "a wrong reduction"),
                )
    default = case.subject.default.get("reduction")
    if case.mode == "sum" and default != "sum" and case.subject.mode == "argument":
        arrays = case.draw(2)
        return fails(
            "it sums where nothing is asked for",
            case.written(arrays),
            got=case.ask(arrays).number,
            expected=answer_of(case.right(arrays, "mean")),
            cause="the sum instead of the mean",
            cure='reduction="mean" as the default.',
        )
    return passes(f"it refuses {', '.join(refused)}" if refused else "")


@check(
    "settings",
    effect="A setting that is tuned does nothing, or something else than its name says: the "
    "search over it finds noise.",
    cure="follow the setting from the signature to the formula, for the values above.",
    label="choosing",
)
def settings(case: Case) -> Finding:
    like = case.like
    if like is None:
        return absent(NO_LIKE)
    if not case.equal:
        return absent(NOT_EQUAL)
    free = [n for n in like.hyper if n in case.subject.settings and n not in LAYOUT]
    if not free:
        return absent("it takes none of the catalog's settings when it is called")
    tried = 0
    for setting in _settings(case, free):
        passed = {n: setting[n] for n in free if n in setting}
        for arrays in (*case.batches(3), case.draw(8)):
            try:
                right = case.right(arrays, **setting)
            except (TypeError, ValueError):
                break
            answer = case.ask(arrays, setting={**_passed(case), **passed})
            if answer.error:
                break
            tried += 1
            if not case.agrees(answer, right):
                words = ", ".join(f"{n}={v!r}" for n, v in passed.items())
                full = {**case.setting, **setting}
                cause = explain(case, full)
                return fails(
                    f"with {words} it is not {like.name}",
                    case.written(arrays, **passed),
                    got=answer.number,
                    expected=answer_of(right),
                    formula=formula_of(like),
                    **told(cause, like.chapter, "a setting that means something else"),
                )
    return passes() if tried else absent("it refuses every other setting")


def _passed(case: Case) -> dict[str, Any]:
    return {n: v for n, v in case.setting.items() if n in case.subject.settings}


def _settings(case: Case, free: list[str]) -> Iterator[dict[str, Any]]:
    """One setting after another, then several at once, each of them the smallest first."""
    assert case.like is not None
    for name in free:
        hyper = case.like.hyper[name]
        more = (0.0,) if isinstance(hyper.default, int | float) else ()
        for option in dict.fromkeys((*hyper.valid, *more)):
            yield {name: option}
    for setting in few_settings(case.like):
        yield {n: v for n, v in setting.items() if n in free}


@check(
    "weights",
    effect="Items count for more or less than they should, and the step depends on how much "
    "weight a batch happens to hold.",
    cure="multiply the loss of each item by its weight, and divide by the sum of the weights.",
    label="weight-for-all",
)
def weights(case: Case) -> Finding:
    like = case.like
    if like is None:
        return absent(NO_LIKE)
    if not case.equal:
        return absent(NOT_EQUAL)
    if not case.subject.weight or not like.takes_weights:
        return absent("it takes no weight for each item")
    arrays = case.draw(8)
    weight = (_WEIGHTS > 0) * 1.0 if "mask" in case.subject.weight else _WEIGHTS
    shape = (8,) + (1,) * (np.ndim(case.right(arrays, "none")) - 1)
    answer = ask_weighted(case, arrays, weight.reshape(shape))
    if answer.error:
        return absent(f"it refuses one weight an item: {answer.error}")
    right = case.right(arrays, sample_weight=weight)
    if case.agrees(answer, right):
        return passes()
    losses = case.right(arrays, "none")
    over_n = float((losses * weight.reshape(shape)).mean())
    if case.mode == "mean" and close(answer.value, np.asarray(over_n), 1e-4):
        cause, cure = (
            "weights divided by n",
            (
                "the mean divides by n, as in Keras and torch's bce; divide by weight.sum(), or"
                " know that the step grows with the weights."
            ),
        )
        return fails(
            "its weighted mean divides by n",
            _weighted(case, arrays, weight),
            got=answer.number,
            expected=answer_of(right),
            cause=cause,
            cure=cure,
            label="elsewhere-reductions",
        )
    return fails(
        "its weighted loss is another",
        _weighted(case, arrays, weight),
        got=answer.number,
        expected=answer_of(right),
        cause="weights that do not weigh",
    )


def ask_weighted(case: Case, arrays: Arrays, weight: Any, **options: Any) -> Answer:
    """Ask with a weight for each item, as a tensor where the loss takes those."""
    given = weight
    if case.subject.torch:
        import torch

        given = torch.tensor(weight)
    return case.ask(arrays, **{case.subject.weight: given}, **options)


def _weighted(case: Case, arrays: Arrays, weight: Any) -> str:
    return f"{case.written(arrays)}, {case.subject.weight}={shown(weight)}"


@check(
    "soft labels",
    effect="Label smoothing, mixup and averaged annotations train on another loss than hard "
    "labels do.",
    cure="write the loss as a mixture, y * loss(1) + (1 - y) * loss(0), or refuse labels other "
    "than 0 and 1 with ValueError.",
    label="sec-01-likelihood",
)
def soft_labels(case: Case) -> Finding:
    if case.like is None:
        return absent(NO_LIKE)
    if not case.equal:
        return absent(NOT_EQUAL)
    soft, hard = case.draw(8, soft=True), case.draw(8)
    name = case.target
    if name not in soft or np.array_equal(soft[name], hard[name]):
        return absent("its labels are hard by definition")
    for i in range(8):
        one = items(soft, slice(i, i + 1))
        answer = case.ask(one)
        if answer.error:
            return passes("it refuses them")
        right = case.right(one)
        if not case.agrees(answer, right):
            return fails(
                "a soft label is taken for something else",
                case.written(one),
                got=answer.number,
                expected=answer_of(right),
                cause="soft labels taken for hard ones",
            )
    return passes()
