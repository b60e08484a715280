"""Precision and range: every dtype, large numbers, equal inputs, memory with gaps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from lossfns.auditing.call import Answer, Arrays, shown
from lossfns.auditing.case import ROUGH, Case, close, items
from lossfns.auditing.checks.check import absent, check, fails, passes
from lossfns.auditing.checks.manners import NO_TENSOR
from lossfns.auditing.checks.reference import answer_of, slope_by_differences
from lossfns.auditing.report import Finding

# What is left of a number in half precision after a handful of roundings.
_HALF = {"float16": 0.02, "bfloat16": 0.1}
_OVERFLOW = (
    "Under mixed precision the loss becomes infinite or NaN, and the scaler skips one step after "
    "the other."
)


@check(
    "float64",
    effect="A gradient check in double precision fails for no reason, and small differences are "
    "lost.",
    cure="keep the dtype of the prediction: no .float(), .half() or torch.tensor(..., "
    "dtype=torch.float32) on the way; use torch.zeros_like and new_tensor, and weight.to(pred) of "
    "a tensor that is there already.",
    label="stability-ranges",
)
def float64(case: Case) -> Finding:
    values = []
    for arrays in (case.draw(3), case.draw(5, seed=2), case.draw(7, seed=3)):
        answer = case.ask(arrays, "float64")
        if answer.value is None:
            return fails(
                "it fails in float64",
                case.written(arrays),
                got=answer.number,
                expected="a number",
                cause="float64 refused",
            )
        if _in_another(case, answer, "float64"):
            return fails(
                f"float64 goes in and {answer.dtype} comes out",
                case.written(arrays),
                got=answer.dtype,
                expected="float64",
                cause="precision lost on the way",
            )
        values.append(answer.value)
    rounded = all(np.array_equal(v, v.astype(np.float32)) for v in values)
    if rounded and any(np.any(v != np.round(v, 3)) for v in values):
        return fails(
            "the result has the digits of float32",
            case.written(case.draw(3)),
            got=answer_of(values[0]),
            expected="all digits of float64",
            cause="precision lost on the way",
        )
    return passes()


@check(
    "float32",
    effect="What follows is computed in another precision than the model, at half the speed or "
    "with an error of mixed dtypes.",
    cure="return the dtype of the prediction: constants as Python numbers, or made with new_tensor "
    "and zeros_like.",
    label="stability-ranges",
)
def float32(case: Case) -> Finding:
    arrays = case.draw(4)
    answer, exact = case.ask(arrays, "float32"), case.ask(arrays)
    if answer.value is None or exact.value is None:
        return fails(
            "it fails in float32",
            case.written(arrays),
            got=answer.number,
            expected=exact.number,
            cause="float32 refused",
        )
    if _in_another(case, answer, "float32"):
        return fails(
            f"float32 goes in and {answer.dtype} comes out",
            case.written(arrays),
            got=answer.dtype,
            expected="float32",
            cause="a result in another dtype",
        )
    if not close(answer.value, exact.value, ROUGH):
        return fails(
            "float32 and float64 disagree",
            case.written(arrays),
            got=answer.number,
            expected=exact.number,
            cause="digits lost",
        )
    return passes()


def _in_another(case: Case, answer: Answer, *dtypes: str) -> bool:
    """Whether a tensor comes back in another dtype than these."""
    return case.subject.torch and answer.kind not in NO_TENSOR and answer.dtype not in dtypes


def _half(case: Case, dtype: str) -> Finding:
    if not case.subject.torch and dtype == "bfloat16":
        return absent("NumPy has no bfloat16")
    for arrays in (case.draw(4), *_large(case)):
        exact = case.ask(_rounded(arrays, dtype))
        if not exact.finite or exact.value is None:
            continue
        answer = case.ask(arrays, dtype)
        if answer.error:
            if "not implemented" in answer.error:
                return absent(f"torch lacks it: {answer.error}")
            return fails(
                f"it fails in {dtype}",
                case.written(arrays),
                got=answer.error,
                expected=exact.number,
                cause=f"{dtype} refused",
            )
        if not answer.finite or answer.value is None:
            return fails(
                f"{dtype} overflows",
                case.written(arrays),
                got=answer.number,
                expected=exact.number,
                cause=f"{dtype} that overflows",
                effect=_OVERFLOW,
                cure=_in_single(case, arrays),
            )
        if not close(answer.value, exact.value, _HALF[dtype]):
            return fails(
                f"{dtype} is far from float64",
                case.written(arrays),
                got=answer.number,
                expected=exact.number,
                cause=f"digits lost in {dtype}",
                cure=_in_single(case, arrays),
            )
        if _in_another(case, answer, dtype, "float32"):
            return fails(
                f"{dtype} goes in and {answer.dtype} comes out",
                case.written(arrays),
                got=answer.dtype,
                expected=f"{dtype} or float32",
                cause="a result in another dtype",
            )
    return passes()


def _in_single(case: Case, arrays: Arrays) -> str:
    """How to compute half precision in float32, and leave float64 as it is."""
    names = [case.own(n) for n, v in arrays.items() if v.dtype.kind == "f"]
    if case.subject.torch:
        every = "; ".join(f"{n} = {n}.float()" for n in names)
        line = f"if {names[0]}.dtype in (torch.float16, torch.bfloat16): {every}"
    else:
        every = "; ".join(f"{n} = {n}.astype(np.float32)" for n in names)
        line = f"if {names[0]}.dtype == np.float16: {every}"
    return (
        f"compute half precision in float32, and leave float64 as it is, at the top of the "
        f"function: {line}. A sum or a square is soon beyond 65,504, the largest float16, and "
        "1e-8 is 0 there."
    )


def _rounded(arrays: Arrays, dtype: str) -> Arrays:
    """What is left of numbers in half precision."""
    kept = {}
    for name, value in arrays.items():
        if value.dtype.kind == "f" and dtype == "float16":
            value = value.astype(np.float16).astype(np.float64)
        elif value.dtype.kind == "f":
            bits = value.astype(np.float32).view(np.uint32)
            bits = bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
            value = (bits & np.uint32(0xFFFF0000)).view(np.float32).astype(np.float64)
        kept[name] = value
    return kept


def _large(case: Case) -> Iterator[Arrays]:
    """Ordinary inputs whose squares, exponentials or sums half precision does not hold."""
    arrays = case.draw(2)
    first = arrays[case.first]
    if case.record is None or case.record.coupled:
        return
    if case.first == "pred" and case.record.family == "regression":
        name = case.target
        if name in arrays and "var" not in arrays:
            yield {**arrays, name: np.round(arrays[name]), case.first: np.round(first) + 300.0}
    elif case.first in ("logits", "scores", "log_rate") and first.ndim <= 2:
        yield {**arrays, case.first: 12.0 * np.sign(first)}
    elif case.first == "probs" and case.record.family == "segmentation" and first.ndim == 3:
        yield {n: np.tile(v, (1, 150, 100)) for n, v in arrays.items()}


@check(
    "float16",
    effect=_OVERFLOW,
    cure="take float16, compute in float32 and give float32 back.",
    label="stability-mixed",
)
def float16(case: Case) -> Finding:
    return _half(case, "float16")


@check(
    "bfloat16",
    effect="Three digits are left of the loss: small differences between items teach nothing.",
    cure="take bfloat16, compute in float32 and give float32 back.",
    label="stability-mixed",
)
def bfloat16(case: Case) -> Finding:
    return _half(case, "bfloat16")


@check(
    "far out",
    effect="The worst predictions give NaN or no gradient: the items that are most wrong teach "
    "nothing, or ruin the model with one step.",
    cure="use the forms that cannot overflow: logsigmoid, log_softmax, softplus, logaddexp, log1p, "
    "expm1; clipping a probability hides the infinity and stops the gradient.",
    label="stability",
)
def far_out(case: Case) -> Finding:
    for arrays in _extremes(case):
        answer = case.ask(arrays, wants=case.wrt)
        finding = _very_wrong(case, arrays, answer)
        if finding is not None:
            return finding
    return passes()


def _extremes(case: Case) -> Iterator[Arrays]:
    """Predictions that are very wrong, of single items where there are such."""
    whole = case.draw(4)
    first = whole[case.first]
    batches = [whole] if case.coupled else [items(whole, slice(i, i + 1)) for i in range(4)]
    for arrays in batches:
        first = arrays[case.first]
        if case.first == "probs":
            if first.ndim == 1:
                yield {**arrays, case.first: np.full_like(first, 1e-9)}
                yield {**arrays, case.first: np.full_like(first, 1 - 1e-9)}
            continue
        if case.first == "log_probs" and case.record is not None and case.record.item_axes:
            continue
        for size in (1e3, 1e4):
            if case.record is not None and case.record.item_axes > 1:
                continue
            yield {**arrays, case.first: size * np.sign(first)}
            yield {**arrays, case.first: -size * np.sign(first)}


def _very_wrong(case: Case, arrays: Arrays, answer: Answer) -> Finding | None:
    """Whether loss and gradient still say so; against the catalog's where that is known."""
    right: Any = None
    slopes: dict[str, Any] = {}
    if case.equal:
        try:
            right = case.right(arrays)
            slopes = {n: case.slope(arrays, n) for n in case.wrt}
        except (TypeError, ValueError):
            return None
        if not np.isfinite(right).all() or np.abs(right).max(initial=0.0) > 1e30:
            return None
    elif answer.error:
        return None
    smallest, cure = case.written(arrays), _stable(case)
    finding = _not_finite(
        answer,
        smallest,
        "for a very wrong prediction",
        ("overflow far out", "a gradient that is NaN far out"),
        (cure, _HIDDEN),
        "a finite number" if right is None else answer_of(right),
        slopes,
    )
    if finding is not None or answer.value is None:
        return finding
    near = right is None or np.allclose(answer.value, right, rtol=0, atol=1e-4)
    if not near and not close(answer.value, right, ROUGH):
        clipped = float(np.abs(answer.value).sum()) < float(np.abs(right).sum())
        return fails(
            "the loss of a very wrong prediction stops growing"
            if clipped
            else "the loss of a very wrong prediction is another",
            smallest,
            got=answer.number,
            expected=answer_of(right),
            cause="clipped probabilities" if clipped else "overflow far out",
            cure=cure,
            label="stability-clipping" if clipped else "",
        )
    for name, slope in (slopes or _wanted(case, answer)).items():
        found = answer.grads.get(name)
        if found is None or np.any(found):
            continue
        if slope is not None and not (np.isfinite(slope).all() and np.any(np.abs(slope) > 1e-6)):
            continue
        return fails(
            f"the gradient in {name} is 0 although the prediction is very wrong",
            smallest,
            got=shown(found),
            expected="a gradient that points somewhere" if slope is None else shown(slope),
            cause="clipped probabilities",
            cure=cure,
            label="stability-clipping",
        )
    return None


def _wanted(case: Case, answer: Answer) -> dict[str, None]:
    """The prediction, if it costs far more than a usual one, so that there should be a slope."""
    usual = case.ask(items(case.draw(4), slice(0, 1)))
    more = (
        usual.value is not None
        and answer.value is not None
        and bool(np.sum(answer.value) > 3 * abs(np.sum(usual.value)) + 1)
    )
    return {case.first: None} if more else {}


def _not_finite(
    answer: Answer,
    smallest: str,
    where: str,
    causes: tuple[str, str],
    cures: tuple[str, str],
    expected: float | str = "a finite number",
    slopes: Mapping[str, Any] | None = None,
) -> Finding | None:
    """A loss or a gradient that is no finite number although the right one is.

    Arguments:
        where: in words, for which inputs.
        causes: for the loss, and for its gradient; as are the cures.
        slopes: the right gradients, where they are known.
    """
    if answer.error or not answer.finite:
        return fails(
            f"{where} the loss is not finite",
            smallest,
            got=answer.number,
            expected=expected,
            cause=causes[0],
            cure=cures[0],
        )
    for name, found in answer.grads.items():
        right = None if slopes is None else slopes.get(name)
        if found is None or np.isfinite(found).all():
            continue
        if right is not None and not np.isfinite(right).all():
            continue
        return fails(
            f"{where} the gradient in {name} is not finite",
            smallest,
            got=shown(found),
            expected="finite" if right is None else shown(right),
            cause=causes[1],
            cure=cures[1],
        )
    return None


_HIDDEN = (
    "the loss is finite and its slope is not: 0 times infinity, in the branch of a where() that is "
    "not taken, behind a clamp or in a power below 1 of 0. Make the input of that branch harmless "
    "before it is computed."
)


def _stable(case: Case) -> str:
    """The form of the usual parts that cannot overflow, in the library of the loss."""
    record, first, torch = case.record, case.own(case.first), case.subject.torch
    if case.first == "probs":
        low = f"{first}.clamp(min=1e-30)" if torch else f"np.maximum({first}, 1e-30)"
        return f"no wider clamp than the logarithm needs: log of {low}, and of 1 - p alike."
    if record is None or not case.first.endswith(("logits", "scores")):
        return (
            "let no exp(), cosh() or power overflow: exp(-|x|) cannot, and log1p, softplus or "
            "logaddexp add the rest; ln cosh e, for one, is |e| + ln(1 + exp(-2 |e|)) - ln 2."
        )
    if record.item_axes:
        one = (
            f"F.log_softmax({first}, -1)"
            if torch
            else f"with z = {first} - {first}.max(-1, keepdims=True), "
            "ln p = z - np.log(np.exp(z).sum(-1, keepdims=True))"
        )
        return f"compute ln p in one step, without softmax, clamp or 1e-8: {one}."
    one, other = (
        (f"F.logsigmoid({first})", f"F.logsigmoid(-{first})")
        if torch
        else (f"-np.logaddexp(0, -{first})", f"-np.logaddexp(0, {first})")
    )
    return (
        f"compute the logarithms in one step, without clamp or 1e-8: ln p = {one} and "
        f"ln(1 - p) = {other}; 1 - p is the sigmoid of -{first}."
    )


@check(
    "identical inputs",
    effect="Two embeddings that meet, or a prediction that is exactly right, make the gradient "
    "NaN, and with the next step every weight of the model.",
    cure="the slope of a root is infinite at 0: sqrt(x + 1e-12), clamp the square before the "
    "root, or return the squared distance.",
    label="elsewhere-distance",
)
def identical_inputs(case: Case) -> Finding:
    arrays = case.draw(max(2, case.fewest))
    first = arrays[case.first]
    others = [
        n
        for n, v in arrays.items()
        if n != case.first and v.shape == first.shape and v.dtype.kind == "f"
    ]
    if not others:
        return absent("there is nothing that could be equal to the prediction")
    for name in others:
        source = name if name == case.target and case.first == "probs" else case.first
        same = {**arrays, name: arrays[source], case.first: arrays[source]}
        if case.like is not None:
            try:
                right = case.right(same)
            except (TypeError, ValueError):
                continue
            if not np.isfinite(right).all():
                continue
        answer = case.ask(same, wants=case.wrt)
        if answer.error or answer.value is None:
            continue
        cause, cure = ("NaN at distance 0", "")
        if case.first == "probs":
            cause, cure = "0 times the logarithm of 0", f"0 · ln 0 is NaN: {_stable(case)}"
        finding = _not_finite(
            answer,
            case.written(same),
            f"with {name} equal to {case.first}",
            (cause, cause),
            (cure, cure),
        )
        if finding is not None:
            return finding
    return passes()


@check(
    "gradient into the target",
    effect="Where the target is computed too, by a teacher or a momentum encoder, it is trained "
    "with a wrong gradient.",
    cure="either target.detach() at the top of the function, or leave all of it in the graph.",
    label="sec-01-gradient",
)
def gradient_into_the_target(case: Case) -> Finding:
    if not case.subject.torch:
        return absent("NumPy has no gradients of its own")
    name = case.target
    arrays = case.draw(3)
    if case.record is not None and case.record.held:
        return absent(f"by definition {case.record.held} counts as a constant")
    if not name or name in case.wrt or name not in arrays or arrays[name].dtype.kind != "f":
        return absent("it has no target of real numbers")
    plain = case.ask(arrays)
    if plain.value is not None and plain.dtype != "float64":
        return absent(f"float64 goes in and {plain.dtype} comes out")
    if arrays[name].size > 40:
        arrays = items(arrays, slice(0, case.fewest))
    answer = case.ask(arrays, wants=(*case.wrt, name))
    if answer.error:
        return passes("it refuses one")
    found = answer.grads.get(name)
    if found is None or not np.any(found):
        return passes("none flows")
    right = slope_by_differences(case, arrays, name)
    if right is not None and not close(found, right, 20 * case.digits):
        return fails(
            f"the gradient in {name} is neither 0 nor the slope",
            case.written(arrays),
            got=shown(found),
            expected=shown(right),
        )
    return passes("it is the slope")


@check(
    "non-contiguous",
    effect="A transposed or sliced output of a model stops the training, or is read in the wrong "
    "order.",
    cure="reshape() in place of view(), and nothing that reads memory in order.",
    label="debugging-shapes",
)
def non_contiguous(case: Case) -> Finding:
    arrays = case.draw(8)
    if all(v.shape == (8,) for v in arrays.values()) and _is_elementwise(case):
        arrays = {n: v.reshape(4, 2) for n, v in arrays.items()}
    plain = case.ask(arrays, wants=case.wrt)
    if plain.error:
        return absent(f"it takes no such batch: {plain.error}")
    spread = case.ask(arrays, wants=case.wrt, change=_spread)
    if spread.error:
        return fails(
            f"it raises {spread.error}",
            case.written(arrays) + ", as views with gaps",
            got=spread.error,
            expected=plain.number,
            cause="memory that is not in order",
        )
    if plain.value is not None and not close(spread.value, plain.value, case.digits):
        return fails(
            "it gives another number",
            case.written(arrays) + ", as views with gaps",
            got=spread.number,
            expected=plain.number,
            cause="memory that is not in order",
        )
    return passes()


def _is_elementwise(case: Case) -> bool:
    record = case.record
    return record is not None and not (record.item_axes or record.batched or record.coupled)


def _spread(value: Any) -> Any:
    """The same numbers in memory column by column, or with gaps between them."""
    if value.ndim == 2 and isinstance(value, np.ndarray):
        return np.asfortranarray(value)
    if value.ndim == 2:
        return value.t().contiguous().t()
    if isinstance(value, np.ndarray):
        return np.stack([value, value], axis=-1)[..., 0]
    return value.unsqueeze(-1).repeat(*[1] * value.dim(), 2)[..., 0]
