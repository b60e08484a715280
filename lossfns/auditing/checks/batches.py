"""What a batch may look like: in another order, in halves, of one item, of none, in odd shapes."""

from __future__ import annotations

from typing import Any

import numpy as np

from lossfns.auditing.call import Answer, Arrays
from lossfns.auditing.case import Case, close, items
from lossfns.auditing.checks.check import absent, check, fails, passes
from lossfns.auditing.checks.reference import answer_of, ask_weighted
from lossfns.auditing.draws import reordered
from lossfns.auditing.report import Finding, number
from lossfns.records.record import Record

_PER_CLASS = "the mean divides by the weights of the classes in the batch"


@check(
    "none averages to mean",
    effect="What is logged per item and what is minimised are two different losses.",
    cure="reduce one array of losses in the end: losses, losses.mean() or losses.sum().",
    label="sec-01-reductions",
)
def none_averages_to_mean(case: Case) -> Finding:
    if not case.subject.mode:
        return absent("it has no choice of reductions")
    arrays = case.draw(8)
    none, mean, total = (case.ask(arrays, how=how) for how in ("none", "mean", "sum"))
    if none.value is None or none.value.ndim == 0:
        return absent('it gives no losses of the items for reduction="none"')
    if _weighs_classes(case):
        return absent(_PER_CLASS)
    for answer, right, how in ((mean, none.value.mean(), "mean"), (total, none.value.sum(), "sum")):
        if answer.value is not None and not close(answer.value, right, case.digits):
            if case.like is not None and close(answer.value, case.right(arrays, how), 1e-4):
                continue
            return fails(
                f'reduction="{how}" is not the {how} of reduction="none"',
                case.written(arrays),
                got=answer.number,
                expected=float(right),
                cause=f"{how} of other losses",
            )
    return passes()


def _weighs_classes(case: Case) -> bool:
    return any(isinstance(v, tuple) for v in case.setting.values()) or any(
        isinstance(v, tuple) for v in case.subject.held.values()
    )


@check(
    "order of the batch",
    effect="The loss depends on how the data loader shuffles: a noise that no seed of the model "
    "explains.",
    cure="let no item know its place in the batch: no pairs of neighbours, no [::2], no indexing "
    "by position.",
    label="rows-that-mix",
)
def order_of_the_batch(case: Case) -> Finding:
    for n in (max(2, case.fewest), 8):
        arrays = case.draw(n)
        order = np.random.default_rng(0).permutation(n)[::-1]
        if case.record is not None:
            moved = reordered(case.record, arrays, order)
        else:
            moved = items(arrays, order)
        first, second = case.ask(arrays), case.ask(moved)
        if first.value is None or second.value is None:
            return absent("a call fails")
        expected = first.value
        if expected.ndim and len(expected) == n:
            expected = expected[order]
            if case.record is not None and case.record.crosswise and expected.ndim > 1:
                expected = expected[:, order]
        if not close(second.value, expected, case.digits):
            return fails(
                "the same items in another order give another loss",
                case.written(moved),
                got=second.number,
                expected=answer_of(expected),
                cause="the order of the batch matters",
            )
    return passes()


@check(
    "two halves",
    effect="Gradient accumulation and several GPUs give another loss than one large batch, and "
    "small items weigh less beside large ones.",
    cure="compute a loss for each item from that item alone and average in the end; where items "
    "are meant to be compared with each other, ignore this check.",
    label="faq-batch-size",
)
def two_halves(case: Case) -> Finding:
    if case.coupled:
        return absent("its items are compared with each other")
    for n in (2, 8):
        arrays = case.draw(n)
        half = n // 2
        parts = [items(arrays, slice(0, half)), items(arrays, slice(half, n))]
        whole = case.ask(arrays)
        answers = [case.ask(part) for part in parts]
        if whole.value is None or any(a.value is None for a in answers):
            return absent("a call fails")
        values = [np.asarray(a.value) for a in answers]
        ways: dict[str, Any] = {"mean": np.mean, "sum": np.sum, "none": np.concatenate}
        expected = ways[case.mode](values)
        if case.like is not None and case.agrees(whole, case.right(arrays)):
            return passes()
        if not close(whole.value, expected, case.digits):
            if _weighs_classes(case):
                return absent(_PER_CLASS)
            return fails(
                f"the loss of {n} items is not the {case.mode} of two halves",
                case.written(arrays),
                got=whole.number,
                expected=answer_of(expected),
                cause="items that depend on the batch",
            )
    return passes()


@check(
    "shapes that differ",
    effect="Every prediction is compared with every target: the loss falls to that of the mean, "
    "and the model learns to predict the same for all.",
    cure="compare the shapes first and raise ValueError: if pred.shape != target.shape.",
    label="broadcasting",
)
def shapes_that_differ(case: Case) -> Finding:
    wrong = _misshapen(case)
    if not wrong:
        return absent("there is nothing whose shape could differ")
    for arrays, plain, words in wrong:
        answer, right = case.ask(arrays), case.ask(plain)
        if answer.error or answer.value is None or right.value is None:
            continue
        same = answer.value.size == right.value.size and close(
            answer.value.ravel(), right.value.ravel(), case.digits
        )
        if not same or "rows" in words:
            return fails(
                words,
                case.written(arrays),
                got=answer.number,
                expected="ValueError"
                if "rows" in words
                else f"ValueError, or {number(answer_of(right.value))}",
                cause="a target that is broadcast",
                cure=_compared(case, plain),
            )
    return passes()


def _compared(case: Case, arrays: Arrays) -> str:
    """The line that compares the shapes of these arrays."""
    first, shape = case.own(case.first), arrays[case.first].shape
    same = [case.own(n) for n, v in arrays.items() if n != case.first and v.shape == shape]
    tests = []
    if same:
        tests.append(" == ".join(f"{n}.shape" for n in (first, *same)))
    for name, value in arrays.items():
        short = len(shape) - value.ndim
        if value.shape != shape and value.ndim and 0 < short and value.shape == shape[:-short]:
            tests.append(f"{case.own(name)}.shape == {first}.shape[:-{short}]")
    if not tests:
        return "compare the shapes first, and raise ValueError where they do not fit."
    return f"compare the shapes first: if not ({' and '.join(tests)}): raise ValueError(...)."


def _misshapen(case: Case) -> list[tuple[Arrays, Arrays, str]]:
    """Batches in which one array has another shape, the right one, and what is wrong with them.

    Only those that the catalog's loss refuses, too.
    """
    found = []
    for n in (2, 3):
        arrays = case.draw(max(n, case.fewest))
        n = len(arrays[case.first]) if np.ndim(arrays[case.first]) else 0
        first = arrays[case.first]
        for name, array in arrays.items():
            if array.ndim == 1:
                column = {**arrays, name: array[:, None]}
                found.append((column, arrays, f"{name} of shape ({n}, 1) is stretched"))
            if name != case.first and array.shape == first.shape and first.ndim > 1:
                single = {**arrays, name: array[:1]}
                found.append((single, arrays, f"{name} with 1 in place of {n} rows is accepted"))
                alone = {**arrays, case.first: first[0]}
                found.append((alone, arrays, f"a single {case.first} for all rows is accepted"))
                narrow = {**arrays, name: array[..., :1]}
                found.append((narrow, arrays, f"{name} with a last axis of 1 is stretched"))
                longer = {**arrays, name: np.concatenate([array, array[:1]])}
                found.append((longer, arrays, f"{name} with {n + 1} for {n} rows is accepted"))
    record = case.record
    return [row for row in found if record is None or not _taken(case, record, row[0])]


@check(
    "probabilities out of range",
    effect="Logits that are passed by mistake train without a word, towards nothing.",
    cure="raise ValueError for probabilities below 0 or above 1 (in torch outside of torch.compile "
    "and torch.func, see there).",
    label="debugging-outputs",
    steady=False,
)
def probabilities_out_of_range(case: Case) -> Finding:
    if case.first != "probs":
        return absent("it takes no probabilities")
    arrays = case.draw(2)
    logits = np.where(arrays["probs"] > 0.5, 1.5, -0.5)
    arrays = {**arrays, "probs": logits}
    if case.record is not None and _taken(case, case.record, arrays):
        return absent("any number is one of its inputs")
    answer = case.ask(arrays)
    if not answer.error and answer.finite:
        return fails(
            "a probability of 1.5 is accepted",
            case.written(arrays),
            got=answer.number,
            expected="ValueError",
            cause="logits accepted as probabilities",
        )
    return passes()


@check(
    "scalar",
    effect="A single number, as in a plot or a doctest, cannot be asked.",
    cure="reduce with .mean() and .sum() without an axis, and index no axis.",
    label="debugging-shapes",
)
def scalar(case: Case) -> Finding:
    record = case.record
    if record is None or record.item_axes or record.batched or record.coupled:
        return absent("an item has axes of its own")
    arrays = items(case.draw(1), 0)
    if any(np.ndim(v) for v in arrays.values()):
        return absent("an item has axes of its own")
    arrays = {n: np.asarray(v) for n, v in arrays.items()}
    answer, one = case.ask(arrays), case.ask(case.draw(1))
    if answer.error:
        return absent(f"it refuses one: {answer.error}")
    if answer.value is None or one.value is None or answer.value.size != one.value.size:
        return absent("it gives no number for one")
    if not close(answer.value.ravel(), one.value.ravel(), case.digits):
        return fails(
            "a number gives another loss than a batch of one",
            case.written(arrays),
            got=answer.number,
            expected=one.number,
        )
    return passes()


@check(
    "one item",
    effect="The last batch of an epoch, and each sequence on its own, breaks the training or "
    "teaches nonsense.",
    cure="no squeeze() without an axis, no std() or n - 1 over the batch.",
    label="debugging-shapes",
)
def one_item(case: Case) -> Finding:
    arrays = case.draw(case.fewest)
    answer = case.ask(arrays)
    if answer.error or not answer.finite:
        return fails(
            "a batch of one item has no loss",
            case.written(arrays),
            got=answer.number,
            expected="a finite number",
            cause="a single item",
        )
    if case.mode == "none" and answer.value is not None and answer.value.ndim == 0:
        return fails(
            "the axis of the items is lost with a batch of one",
            case.written(arrays),
            got="shape ()",
            expected="shape (1,)",
            cause="a single item",
        )
    return passes()


@check(
    "empty batch",
    effect="One batch from which everything was filtered makes the loss NaN, and with the next "
    "step every weight of the model.",
    cure="divide the sum by max(n, 1) in place of .mean(), with n = losses.numel() in torch and "
    "losses.size in NumPy, or the sum of the weights; or raise ValueError.",
    label="stability-empty",
)
def empty_batch(case: Case) -> Finding:
    if case.record is not None and case.record.fewest:
        return absent("it needs items to compare")
    arrays = case.draw(2)
    arrays = items(arrays, slice(0, 0))
    answer = case.ask(arrays, wants=case.wrt)
    if answer.error:
        return passes("it refuses one")
    bad = [g for g in answer.grads.values() if g is not None and not np.isfinite(g).all()]
    if not answer.finite or bad:
        return fails(
            "the loss of nothing is not a number",
            case.written(arrays),
            got=answer.number,
            expected=0.0,
            cause="a mean over nothing",
        )
    # An ε under a root is no cost.
    if case.mode != "none" and answer.value is not None and np.abs(answer.value) > case.digits:
        return fails(
            "nothing costs something",
            case.written(arrays),
            got=answer.number,
            expected=0.0,
            cause="a loss for nothing",
        )
    return passes()


def _ignorable(case: Case) -> Any:
    """The label that is ignored, or None."""
    parameter = case.subject.settings.get("ignore_index")
    held = case.subject.held.get("ignore_index")
    value = case.subject.default.get(parameter or "", held)
    value = case.setting.get("ignore_index", value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _labels(case: Case, arrays: Arrays) -> str:
    """The name of what holds integer labels, or ""."""
    names = [n for n in ("target", "tokens") if n in arrays and arrays[n].dtype.kind in "iu"]
    return names[0] if names else ""


@check(
    "ignored labels",
    effect="Padding and unlabelled pixels pull at the model, or make the step smaller the more of "
    "them there are.",
    cure="leave ignored items out of the sum and out of the number that it is divided by: with "
    "kept = target != ignore_index, where(kept, losses, 0).sum() / max(1, kept.sum()); losses are "
    "those after label smoothing. What is looked up for an ignored label is that of class 0.",
    label="faq-padding",
)
def ignored_labels(case: Case) -> Finding:
    ignored = _ignorable(case)
    arrays = case.draw(4)
    name = _labels(case, arrays)
    if ignored is None or not name or arrays[name].ndim != 1:
        return absent("it ignores no label")
    marked = {**arrays, name: np.where(np.arange(4) == 2, ignored, arrays[name])}
    kept = items(arrays, [0, 1, 3])
    smoothing = {}
    if "label_smoothing" in case.subject.settings:
        smoothing = {case.subject.settings["label_smoothing"]: 0.2}
    for options in ({}, smoothing):
        one, other = case.ask(marked, **options), case.ask(kept, **options)
        if case.mode == "none" and one.value is not None and other.value is not None:
            one = Answer(np.append(one.value, 0)[[0, 1, 3]] + abs(one.value[2]))
        if one.error:
            return fails(
                f"a label of {ignored} raises {one.error}",
                case.written(marked),
                got=one.error,
                expected=other.number,
                cause="ignored labels that are not ignored",
            )
        if one.value is None or not close(one.value, other.value, case.digits):
            counted = (
                case.mode == "mean"
                and one.value is not None
                and other.value is not None
                and close(one.value * 4, other.value * 3, case.digits)
            )
            options = options or _smooth(case, marked, kept)
            cause = (
                "ignored items in the denominator"
                if counted
                else (
                    "label smoothing spread over ignored items"
                    if options
                    else "ignored items that still count"
                )
            )
            return fails(
                "an ignored item changes the loss",
                case.written(marked, **options),
                got=one.number,
                expected=other.number,
                cause=cause,
            )
    return passes()


def _smooth(case: Case, marked: Arrays, kept: Arrays) -> dict[str, float]:
    """The smoothing that a loss has by default, where without it ignored items do not count."""
    name = case.subject.settings.get("label_smoothing")
    if name is None or not case.subject.default.get(name):
        return {}
    one, other = (case.ask(arrays, **{name: 0.0}) for arrays in (marked, kept))
    agree = one.value is not None and close(one.value, other.value, case.digits)
    return {name: case.subject.default[name]} if agree else {}


@check(
    "all ignored",
    effect="A batch of nothing but padding makes the loss NaN, and with the next step every "
    "weight of the model.",
    cure="divide by max(number of items that count, 1).",
    label="elsewhere-ignored",
)
def all_ignored(case: Case) -> Finding:
    ignored = _ignorable(case)
    arrays = case.draw(2)
    name = _labels(case, arrays)
    if ignored is None or not name or arrays[name].ndim != 1:
        return absent("it ignores no label")
    arrays = {**arrays, name: np.full_like(arrays[name], ignored)}
    answer = case.ask(arrays, wants=case.wrt)
    if not answer.error and not answer.finite:
        return fails(
            "with every label ignored it is not a number",
            case.written(arrays),
            got=answer.number,
            expected=0.0,
            cause="a mean over nothing",
        )
    return passes()


@check(
    "masked item",
    effect="One NaN in what is padded anyway, such as a failed sensor, becomes the loss and with "
    "the next step every weight of the model.",
    cure="0 * NaN is NaN, in the gradient as well: put where(mask, pred, 0) ahead of the formula, "
    "for an item with axes where(mask[:, None], pred, 0), and where(mask, losses, 0) behind it.",
    label="masked-mean",
)
def masked_item(case: Case) -> Finding:
    arrays = case.draw(4)
    name, ignored = _labels(case, arrays), _ignorable(case)
    poisoned = {n: np.array(v) for n, v in arrays.items()}
    for n in case.wrt:
        if poisoned[n].ndim and len(poisoned[n]) == 4:
            poisoned[n][2] = np.nan
    kept = items(arrays, [0, 1, 3])
    right = case.ask(kept)
    if case.subject.weight and not case.coupled:
        weight = np.array([1.0, 1.0, 0.0, 1.0])
        shape = (4,) + (1,) * (arrays[case.first].ndim - 1)
        by_item = case.record is not None and bool(case.record.item_axes)
        weight = weight if by_item else weight.reshape(shape)
        answer = ask_weighted(case, poisoned, weight, wants=case.wrt)
        plain = ask_weighted(case, arrays, weight)
        if plain.error:
            return absent(f"it refuses one weight an item: {plain.error}")
        smallest = f"{case.written(poisoned)}, {case.subject.weight}={weight.tolist()}"
        right = plain
    elif ignored is not None and name and arrays[name].ndim == 1:
        poisoned[name][2] = ignored
        answer = case.ask(poisoned, wants=case.wrt)
        smallest = case.written(poisoned)
    else:
        return absent("it has neither weights nor ignored labels")
    if answer.error:
        return passes("it refuses NaN")
    if case.mode != "none" and not answer.finite:
        return fails(
            "NaN in an item that does not count reaches the loss",
            smallest,
            got=answer.number,
            expected=right.number,
            cause="a masked item that holds NaN",
        )
    for n, gradient in answer.grads.items():
        if gradient is not None and not np.isfinite(gradient).all():
            return fails(
                f"NaN in an item that does not count reaches the gradient in {n}",
                smallest,
                got="NaN",
                expected="0 for that item",
                cause="a masked item that holds NaN",
            )
    return passes()


@check(
    "labels out of range",
    effect="A label of C, or of -1 that means 'unknown', trains the wrong class without a word.",
    cure="raise ValueError for labels below 0, and from C up.",
    label="label-range",
    steady=False,
)
def labels_out_of_range(case: Case) -> Finding:
    arrays = case.draw(3)
    name = _labels(case, arrays)
    if not name or arrays[case.first].ndim < 2:
        return absent("it takes no class labels")
    if case.record is not None and case.record.family in ("metric",):
        return absent("any integer names a class")
    classes = arrays[case.first].shape[-1]
    for wrong in (classes, -2):
        if wrong == _ignorable(case):
            continue
        marked = {**arrays, name: np.array(arrays[name])}
        marked[name].flat[0] = wrong
        if case.record is not None and _taken(case, case.record, marked):
            continue
        answer = case.ask(marked)
        if not answer.error:
            return fails(
                f"label {wrong} of {classes} classes is accepted",
                case.written(marked),
                got=answer.number,
                expected="ValueError",
                cause="labels that name no class",
            )
    return passes()


def _taken(case: Case, record: Record, arrays: Arrays) -> bool:
    """Whether the loss of the catalog gives a number for arrays, whatever they mean."""
    try:
        case.reference(record)(**arrays, **case.setting)
    except (TypeError, ValueError):
        return False
    return True


@check(
    "unknown words",
    effect='A typing error such as reduction="average" goes unnoticed, and the run is not what '
    "its configuration says.",
    cure='raise ValueError for anything but "none", "mean" and "sum".',
    label="sec-01-reductions",
    steady=False,
)
def unknown_words(case: Case) -> Finding:
    if case.subject.mode != "argument":
        return absent("it has no argument reduction")
    arrays = case.draw(2)
    for word in ("average", "Mean", ""):
        answer = case.ask(arrays, how=word)
        if not answer.error:
            return fails(
                f"reduction={word!r} is accepted",
                case.written(arrays, reduction=word),
                got=answer.number,
                expected="ValueError",
                cause="an unknown reduction accepted",
            )
    return passes()


@check(
    "settings out of range",
    effect="A search over settings, or a sign slipped in a configuration, trains on a loss that "
    "rewards mistakes.",
    cure="raise ValueError outside the range, and name the value.",
    label="choosing",
    steady=False,
)
def settings_out_of_range(case: Case) -> Finding:
    like = case.like
    if like is None:
        return absent("there is no reference; say like=")
    tried = False
    arrays = case.draw(2)
    accepted: list[tuple[str, Any, Answer]] = []
    for name, hyper in like.hyper.items():
        if name not in case.subject.settings or name in ("axis", "class_axis"):
            continue
        for wrong in hyper.wrong:
            if not isinstance(wrong, int | float) or wrong != wrong:
                continue
            tried = True
            passed = {n: v for n, v in case.setting.items() if n in case.subject.settings}
            answer = case.ask(arrays, setting={**passed, name: wrong})
            if not answer.error:
                accepted.append((name, wrong, answer))
                break
    if not accepted:
        return passes() if tried else absent("it takes no setting with a range when it is called")
    name, wrong, answer = accepted[0]
    ranges = "; ".join(f"{n} must be {_in(like.hyper[n].domain)}" for n, _, _ in accepted)
    return fails(
        f"{' and '.join(f'{n}={w}' for n, w, _ in accepted)} accepted",
        case.written(arrays, **{name: wrong}),
        got=answer.number,
        expected="ValueError",
        cause=f"{name} out of range accepted",
        cure=f"raise ValueError outside the range, and name the value: {ranges}.",
        label=like.chapter,
    )


def _in(domain: str) -> str:
    """The domain of a setting, as the end of a sentence."""
    return f"in {domain}" if domain[0] in "[(" else domain
