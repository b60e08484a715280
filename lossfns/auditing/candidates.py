"""What a loss may be: the catalog's, another convention of it, or a mistake that has a name."""

from __future__ import annotations

import ast
import functools
import importlib
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

import lossfns.numpy as ln
from lossfns.auditing.call import Arrays
from lossfns.auditing.draws import LAYOUT
from lossfns.auditing.numbers import relative_error
from lossfns.catalog import catalog
from lossfns.records.record import Record

Array = npt.NDArray[np.float64]
# Arrays, and a reduction: what comes back.
Compute = Callable[[Mapping[str, Any], str], Any]


@dataclass(frozen=True)
class Candidate:
    """Something that a loss may compute.

    Attributes:
        record: of the catalog's loss that it is, or is a variant of.
        compute: from arrays and a reduction.
        hyper: the setting, as far as it is not the catalog's default.
        cause: the name of the convention or mistake; "" for the loss itself.
        note: what that means, and what to do.
        label: of the section to read.
    """

    record: Record
    compute: Compute
    hyper: dict[str, Any] = field(default_factory=dict)
    cause: str = ""
    note: str = ""
    label: str = ""


@dataclass(frozen=True)
class Fit:
    """How well a candidate explains answers: its factor and reduction, and the error left."""

    candidate: Candidate
    factor: float
    how: str
    error: float


@dataclass(frozen=True)
class Probe:
    """A question that was answered."""

    arrays: Arrays
    value: Array


def plain(record: Record, setting: Mapping[str, Any] | None = None, **what: str) -> Candidate:
    """The loss of the catalog itself."""
    setting = dict(setting or {})
    defaults = {n: h.default for n, h in record.hyper.items()}
    told = {n: v for n, v in setting.items() if v != defaults.get(n) and n not in LAYOUT}
    return Candidate(record, functools.partial(_reference, record, setting), told, **what)


def _reference(
    record: Record, setting: Mapping[str, Any], arrays: Mapping[str, Any], how: str
) -> Any:
    return getattr(ln, record.name)(**arrays, **setting, reduction=how)


def fitted(
    probes: Iterable[Probe], candidate: Candidate, hows: Iterable[str], enough: float
) -> Fit | None:
    """The reduction under which a candidate comes nearest, with a constant factor if it needs one.

    A factor of 1 counts where it fits within `enough`; else the one that fits best does.
    """
    probes = list(probes)
    best = None
    for how in hows:
        answers = paired(candidate, probes, how)
        if answers is None:
            continue
        got, right = answers
        error = _error(got, right)
        if error <= enough:
            return Fit(candidate, 1.0, how, error)
        factor = _factor(got, right)
        if factor is not None:
            scaled = _error(got, factor * right)
            fit = Fit(candidate, factor, how, scaled)
            best = fit if best is None or fit.error < best.error else best
    return best


def errors_with(
    probes: list[Probe], candidate: Candidate, how: str, factors: Iterable[float]
) -> list[float]:
    """The error of a candidate under a reduction, with each of these factors."""
    answers = paired(candidate, probes, how)
    if answers is None:
        return [math.inf for _ in factors]
    got, right = answers
    return [_error(got, factor * right) for factor in factors]


def distinguishing(probes: list[Probe], fit: Fit) -> int:
    """How many different numbers a fit explains, beside which none is negligible."""
    answers = paired(fit.candidate, probes, fit.how)
    if answers is None:
        return 0
    sizes = np.abs(answers[1])
    largest = float(sizes.max(initial=0.0))
    if not largest:
        return 1
    return len(np.unique(np.round(sizes[sizes > 1e-3 * largest] / largest, 5)))


def paired(candidate: Candidate, probes: list[Probe], how: str) -> tuple[list[Array], Array] | None:
    """What a loss answered, and what a candidate does; None where that fails or fits no shape."""
    got, right = [], []
    for probe in probes:
        try:
            with np.errstate(all="ignore"):
                value = np.asarray(candidate.compute(probe.arrays, how), np.float64)
        except Exception:  # a wrong variant may stumble over anything
            return None
        if value.shape != probe.value.shape:
            if value.size == probe.value.size == 1:
                value = value.reshape(probe.value.shape)
            else:
                return None
        got.append(probe.value.ravel())
        right.append(value.ravel())
    joined = np.concatenate(right)
    if not np.isfinite(joined).all():
        return None
    return got, joined


def _error(got: list[Array], right: Array) -> float:
    right = np.asarray(right)
    scale = max(float(np.abs(right).max(initial=0.0)), 1e-3)
    return relative_error(np.concatenate(got), right, 0.1 * scale)


def error_of_a_constant(probes: list[Probe]) -> float:
    """The error of the number that fits all answers best."""
    values = [probe.value.ravel() for probe in probes]
    joined = np.concatenate(values)
    return _error(values, np.full_like(joined, joined.mean()))


def _factor(got: list[Array], right: Array) -> float | None:
    """The constant by which one is the other, as far as there is one."""
    value = np.concatenate(got)
    norm = float(right @ right)
    if not norm or not np.isfinite(value).all():
        return None
    factor = float(value @ right) / norm
    return factor if factor else None


def candidates(record: Record, setting: Mapping[str, Any]) -> Iterator[Candidate]:
    """Everything that a loss like this one is known to be taken for, the loss itself first."""
    yield plain(record, setting)
    yield from _by_hand(record, setting)
    yield from _of_the_coursework(record, setting)
    yield from _by_input(record, setting)
    yield from _by_setting(record, setting)


def _variant(record: Record, compute: Compute, cause: str, note: str, label: str = "") -> Candidate:
    return Candidate(record, compute, {}, cause, note, label or record.chapter)


_UNMOVED = "whatever it is set to"


def is_unmoved(candidate: Candidate) -> bool:
    """Whether it is the loss itself at another setting than was asked for."""
    return candidate.cause.endswith(_UNMOVED)


def _by_setting(record: Record, setting: Mapping[str, Any]) -> Iterator[Candidate]:
    """Two settings exchanged, or one of them without effect."""
    defaults = {n: h.default for n, h in record.hyper.items() if n not in LAYOUT}
    now = {**defaults, **setting}
    numbers = [n for n, v in now.items() if isinstance(v, int | float) and not isinstance(v, bool)]
    for one, other in itertools.combinations(numbers, 2):
        if now[one] != now[other]:
            exchanged = {**setting, one: now[other], other: now[one]}
            yield _variant(
                record,
                functools.partial(_reference, record, exchanged),
                f"{one} and {other} exchanged",
                f"it takes {one} = {now[one]:g} for {other} and {other} = {now[other]:g} for "
                f"{one}: look at the order of the arguments, and pass settings by name",
            )
    for name, hyper in record.hyper.items():
        if name in LAYOUT:
            continue
        for value in dict.fromkeys((hyper.default, *hyper.valid)):
            if value == now[name] or value is hyper.__class__ or isinstance(value, type):
                continue
            yield _variant(
                record,
                functools.partial(_reference, record, {**setting, name: value}),
                f"{name} = {value} {_UNMOVED}",
                f"what it computes is the loss for {name} = {value}, not for {name} = "
                f"{now[name]}: the setting does not arrive, or the default is another",
            )


def _by_input(record: Record, setting: Mapping[str, Any]) -> Iterator[Candidate]:
    """The right formula of the wrong input."""
    reference = functools.partial(_reference, record, setting)

    def of(change: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> Compute:
        return lambda arrays, how: reference(change(arrays), how)

    first = record.wrt[0]
    if first in ("logits", "scores", "student_logits"):
        if record.item_axes:
            yield _variant(
                record,
                of(lambda a: {**a, first: softmax(a[first])}),
                "the softmax twice",
                "the loss applies the softmax itself: give it the logits, or leave its own out",
                "two-softmaxes",
            )
        yield _variant(
            record,
            of(lambda a: {**a, first: sigmoid(a[first])}),
            "the sigmoid twice",
            "the loss applies the sigmoid itself: give it the logits, or leave its own out",
            "two-softmaxes",
        )
    if first in ("probs",):
        yield _variant(
            record,
            of(lambda a: {**a, first: sigmoid(a[first])}),
            "the sigmoid inside, for logits",
            _INSIDE,
            "debugging-outputs",
        )

    def exchanged(a: Mapping[str, Any]) -> Mapping[str, Any]:
        other = next(n for n in a if n != first and np.shape(a[n]) == np.shape(a[first]))
        return {**a, first: a[other], other: a[first]}

    yield _variant(
        record,
        of(exchanged),
        "prediction and target exchanged",
        "its first argument is taken for the target: exchange them in the formula, or say "
        "arguments= if that is what you mean",
        record.chapter,
    )
    if record.batched or record.item_axes:
        yield _variant(
            record,
            of(lambda a: {n: _one_item(v) for n, v in a.items()}),
            "one sum over the whole batch",
            "it adds up over the batch before it divides, so that a batch counts as one item: "
            "sum over the axes of an item alone and average the losses",
            record.chapter,
        )


def _one_item(value: Any) -> Any:
    """A batch of masks as a single mask."""
    array = np.asarray(value)
    return array.reshape(1, -1, array.shape[-1]) if array.ndim == 3 else value


def softmax(x: Any) -> Array:
    shifted = np.exp(x - np.max(x, axis=-1, keepdims=True, initial=-np.inf))
    return np.asarray(shifted / shifted.sum(-1, keepdims=True))


def sigmoid(x: Any) -> Array:
    return np.asarray(np.exp(-np.logaddexp(0, -np.asarray(x))))


def _items(core: Callable[..., Array]) -> Compute:
    """From a loss per item, by the reductions."""

    def compute(arrays: Mapping[str, Any], how: str) -> Any:
        losses = np.asarray(core(**arrays))
        ways: dict[str, Any] = {"mean": np.mean, "sum": np.sum}
        return losses if how == "none" else ways[how](losses)

    return compute


def _batch(core: Callable[..., Any]) -> Compute:
    """One number for the batch; there are no losses of items."""

    def compute(arrays: Mapping[str, Any], how: str) -> Any:
        if how != "mean":
            raise ValueError("it has one number for a batch")
        return core(**arrays)

    return compute


def _by_hand(record: Record, setting: Mapping[str, Any]) -> Iterator[Candidate]:
    """Conventions of other libraries and mistakes of public code, for single losses."""
    now = {n: h.default for n, h in record.hyper.items()} | dict(setting)
    rows = _TABLE.get(record.name)
    for cause, compute, note, label in rows(now) if rows else []:
        yield _variant(record, compute, cause, note, label)


Row = tuple[str, Compute, str, str]
Rows = list[Row]


def _binary(z: Any, y: Any) -> tuple[Array, Array]:
    """The cross-entropy and the probability of what did not happen."""
    p = sigmoid(z)
    return np.logaddexp(0, -z) * y + np.logaddexp(0, z) * (1 - y), (1 - p) * y + p * (1 - y)


def _focal_of_mean(cross_entropy: Any, share: float, gamma: float) -> Row:
    def of_mean(logits: Any, target: Any) -> Any:
        loss = cross_entropy(logits, target)
        return share * (1 - np.exp(-loss)) ** gamma * loss

    return (
        "the focal factor of the mean loss",
        _batch(of_mean),
        "p_t is taken from the mean of the batch: ask the cross-entropy for reduction='none', "
        "multiply each item by its own factor, and average then",
        "errata-focal",
    )


def _focal(s: Mapping[str, Any]) -> Rows:
    alpha, gamma = s["alpha"], s["gamma"]
    share = 1.0 if alpha is None else alpha

    def weight(y: Any, a: Any) -> Any:
        return 1.0 if a is None else a * y + (1 - a) * (1 - y)

    def swapped(logits: Any, target: Any) -> Array:
        loss, missing = _binary(logits, target)
        return np.asarray(weight(target, gamma) * missing**share * loss)

    def factor(logits: Any, target: Any) -> Array:
        p = sigmoid(logits)
        pos = -target * share * ((1 - p) * gamma) * np.log(p)
        return np.asarray(pos - (1 - target) * (1 - share) * (p * gamma) * np.log(1 - p))

    def written(logits: Any, target: Any) -> Array:
        loss, _ = _binary(logits, target)
        p = sigmoid(logits)
        return np.asarray(
            (target * share * (1 - p) ** gamma + target * (1 - share) * ((1 - p) * gamma)) * loss
        )

    def half_alpha(logits: Any, target: Any) -> Array:
        loss, missing = _binary(logits, target)
        return np.asarray(share * missing**gamma * loss)

    return [
        (
            "α and γ exchanged",
            _items(swapped),
            "it takes α for γ and γ for α: pass settings by name, not by position",
            "loss-focal",
        ),
        (
            "γ as a factor",
            _items(factor),
            "γ is the exponent of 1 - p_t: write (1 - p_t) ** gamma, not (1 - p_t) * gamma",
            "loss-focal",
        ),
        (
            "(1 - p) * γ, and the labels of the positives on both terms",
            _items(written),
            "the second term needs (1 - target), p ** gamma and ln(1 - p)",
            "loss-focal",
        ),
        _focal_of_mean(ln.bce_with_logits, share, gamma),
        (
            "α on both classes",
            _items(half_alpha),
            "α multiplies the positives, 1 - α the negatives: alpha * y + (1 - alpha) * (1 - y)",
            "errata-focal",
        ),
    ]


def _softmax_focal(s: Mapping[str, Any]) -> Rows:
    gamma = s["gamma"]

    def one_vs_all(logits: Any, target: Any) -> Any:
        rows = np.eye(logits.shape[-1])[target]
        loss, missing = _binary(logits, rows)
        return (missing**gamma * loss).sum(-1)

    return [
        _focal_of_mean(ln.cross_entropy, 1.0, gamma),
        (
            "a sigmoid for each class instead of the softmax",
            _items(one_vs_all),
            "one against all is another loss: use log_softmax over the classes",
            "loss-softmax-focal",
        ),
    ]


_INSIDE = (
    "it expects logits: pass them, or take the sigmoid out; of probabilities it would be the second"
)


def _overlaps(s: Mapping[str, Any]) -> Rows:
    smooth = s["smooth"]

    def of_logits(compute: Compute) -> Compute:
        return lambda arrays, how: compute({**arrays, "probs": sigmoid(arrays["probs"])}, how)

    def sums(probs: Any, target: Any) -> tuple[Any, Any]:
        return (probs * target).sum((-2, -1)), (probs + target).sum((-2, -1))

    def over_batch(probs: Any, target: Any, **_: Any) -> Any:
        return 1 - (2 * (probs * target).sum() + smooth) / ((probs + target).sum() + smooth)

    def exact_over_batch(probs: Any, target: Any, **_: Any) -> Any:
        return 1 - 2 * ((probs * target).sum() + smooth) / ((probs + target).sum() + 2 * smooth)

    def once(probs: Any, target: Any, **_: Any) -> Any:
        both, total = sums(probs, target)
        return 1 - (2 * both + smooth) / (total + smooth)

    def above(probs: Any, target: Any, **_: Any) -> Any:
        both, total = sums(probs, target)
        return 1 - (2 * both + smooth) / total

    def no_two(probs: Any, target: Any, **_: Any) -> Any:
        both, total = sums(probs, target)
        return 1 - (both + smooth) / (total + smooth)

    batch_note = (
        "sums over the batch make one Dice of all masks, in which small masks hardly "
        "count: sum over the pixels of each mask and average the losses"
    )
    batch = "one sum over the whole batch"
    return [
        (batch, _batch(over_batch), batch_note, "elsewhere-dice"),
        (batch, _batch(exact_over_batch), batch_note, "elsewhere-dice"),
        (
            f"{batch}, of sigmoids",
            of_logits(_batch(over_batch)),
            f"{_INSIDE}; {batch_note}",
            "elsewhere-dice",
        ),
        (
            "smooth added once to each side",
            _items(once),
            "(2 I + s) / (S + s) is another smoothing than 2 (I + s) / (S + 2 s): twice the s "
            "makes them the same",
            "errata-dice",
        ),
        (
            "smooth in the numerator alone",
            _items(above),
            "without s below the line, too, the loss of a perfect mask is negative and that of an "
            "empty one infinite: 2 (I + s) / (S + 2 s)",
            "loss-dice",
        ),
        (
            "the 2 forgotten",
            _items(no_two),
            "the overlap counts in both masks: 2 (I + s) / (S + 2 s)",
            "loss-dice",
        ),
    ]


def _tversky(s: Mapping[str, Any]) -> Rows:
    def over_batch(probs: Any, target: Any, **_: Any) -> Any:
        flat = [np.reshape(v, (1, 1, -1)) for v in (probs, target)]
        keys = ("alpha", "beta", "smooth")
        return ln.tversky(*flat, **{k: s[k] for k in keys})

    def above(probs: Any, target: Any, **_: Any) -> Any:
        both = (probs * target).sum((-2, -1))
        false = s["alpha"] * probs * (1 - target) + s["beta"] * (1 - probs) * target
        return 1 - (both + s["smooth"]) / (both + false.sum((-2, -1)))

    return [
        (
            "smooth in the numerator alone",
            _items(above),
            "without s below the line, too, the loss of a perfect mask is negative and that of an "
            "empty one infinite: (tp + s) / (tp + s + α fp + β fn)",
            "loss-tversky",
        ),
        (
            "one sum over the whole batch",
            _batch(over_batch),
            "sums over the batch make one index of all masks: sum over the pixels of each mask and "
            "average the losses",
            "elsewhere-dice",
        ),
    ]


def _cross_entropy(s: Mapping[str, Any]) -> Rows:
    record, amount, weight = catalog["cross_entropy"], s["label_smoothing"], s["weight"]

    def one_hot(logits: Any, target: Any) -> Array:
        rows = np.asarray(target)
        rows = np.eye(logits.shape[-1])[rows] if rows.dtype.kind in "iu" else rows
        return np.asarray(rows)

    def over_axis(logits: Any, target: Any) -> Array:
        return np.asarray(-(one_hot(logits, target) * np.log(softmax(logits))).mean(-1))

    def over_others(logits: Any, target: Any) -> Array:
        rows = one_hot(logits, target)
        others = amount / (logits.shape[-1] - 1)
        rows = rows * (1 - amount) + (1 - rows) * others
        return np.asarray(-(rows * np.log(softmax(logits))).sum(-1))

    def over_n(logits: Any, target: Any) -> Array:
        losses = -(one_hot(logits, target) * np.log(softmax(logits))).sum(-1)
        scale = 1.0 if weight is None else np.asarray(weight)[np.asarray(target)]
        return np.asarray(losses * scale)

    def rescaled(to: float) -> Compute:
        new = to * np.asarray(weight) / np.sum(weight)
        return functools.partial(_reference, record, {"weight": new, "label_smoothing": amount})

    def wrong_axis(logits: Any, target: Any) -> Array:
        shifted = logits - logits.max(0)
        logs = shifted - np.log(np.exp(shifted).sum(0))
        return np.asarray(-np.take_along_axis(logs, np.asarray(target)[:, None], -1)[:, 0])

    def of_logs(logits: Any, target: Any) -> Array:
        return np.asarray(-(one_hot(logits, target) * logits).sum(-1))

    rows: Rows = [
        (
            "the log-softmax left to the caller, as in F.nll_loss",
            _items(of_logs),
            "it takes log-probabilities: give it log_softmax(logits), or use cross_entropy",
            "loss-cross-entropy",
        ),
        (
            "averaged over the classes (1/C)",
            _items(over_axis),
            "the mean runs over the one-hot axis, too, so that the loss is C times too small: sum "
            "over the classes, average over the items",
            "wrong-mean",
        ),
        (
            "the softmax over the batch",
            _items(wrong_axis),
            "the softmax runs along axis 0, so that the items of a batch compete: dim=-1, or 1 for "
            "images",
            "loss-cross-entropy",
        ),
    ]
    if amount:
        rows.append(
            (
                "smoothed over the wrong classes alone",
                _items(over_others),
                "every class gets amount / C, the right one 1 - amount + amount / C, as in torch",
                "elsewhere-smoothing",
            )
        )
    if weight is not None:
        rows += [
            (
                "weights divided by n",
                _items(over_n),
                "the mean divides by the sum of the weights, weight[target].sum(), as torch does; "
                "Keras divides by n",
                "elsewhere-reductions",
            ),
            *(
                (
                    f"class weights rescaled to {words}",
                    rescaled(to),
                    "the weights are divided by their sum inside: harmless for the mean, which "
                    "divides by them anyway, and another scale for the sum and for the losses of "
                    "the items; take them as they are given",
                    "weighted-cross-entropy",
                )
                for words, to in (("a sum of 1", 1.0), ("a mean of 1", float(len(weight))))
            ),
        ]
    return rows


def _mse(s: Mapping[str, Any]) -> Rows:
    return [
        (
            "the root taken",
            lambda a, how: np.sqrt(ln.mse(**a)) if how == "mean" else 1 / 0,
            "this is the RMSE: its slope does not fade near the minimum and is infinite at 0",
            "loss-rmse",
        ),
        (
            "one column against one row",
            _batch(lambda pred, target: np.mean((pred[:, None] - target[None]) ** 2)),
            "every prediction is compared with every target: compare the shapes first",
            "broadcasting",
        ),
    ]


def _msle(s: Mapping[str, Any]) -> Rows:
    return [
        (
            "the root taken",
            lambda a, how: np.sqrt(ln.msle(**a)) if how == "mean" else 1 / 0,
            "this is the RMSLE: its slope does not fade near the minimum and is infinite at 0",
            "loss-rmse",
        ),
    ]


def _huber(s: Mapping[str, Any]) -> Rows:
    delta = s["delta"]

    def jump(pred: Any, target: Any) -> Array:
        e = np.abs(pred - target)
        return np.asarray(np.where(e <= delta, e**2 / 2, delta * e))

    def no_half(pred: Any, target: Any) -> Array:
        e = np.abs(pred - target)
        return np.asarray(np.where(e <= delta, e**2, delta * (e - delta / 2)))

    def reversed_(pred: Any, target: Any) -> Array:
        e = np.abs(pred - target)
        return np.asarray(np.where(e > delta, e**2 / 2, delta * (e - delta / 2)))

    return [
        (
            "a jump at δ",
            _items(jump),
            "the straight part starts at δ²/2 only with - δ/2: delta * (|e| - delta / 2)",
            "loss-huber",
        ),
        (
            "the half missing in the bowl",
            _items(no_half),
            "the bowl is e²/2: with e² it does not meet the straight part",
            "loss-huber",
        ),
        (
            "the branches exchanged",
            _items(reversed_),
            "the square belongs to small errors, |e| <= delta",
            "errata-huber",
        ),
    ]


def _kl(s: Mapping[str, Any]) -> Rows:
    def reverse(log_probs: Any, target: Any) -> Array:
        q = np.exp(log_probs)
        return np.asarray((q * (log_probs - np.log(np.maximum(target, 1e-300)))).sum(-1))

    def of_probs(log_probs: Any, target: Any) -> Array:
        logs = np.log(np.maximum(target, 1e-300))
        return np.asarray((target * (logs - np.exp(log_probs))).sum(-1))

    def only_cross(log_probs: Any, target: Any) -> Array:
        return np.asarray(-(target * log_probs).sum(-1))

    return [
        (
            "the reverse divergence",
            _items(reverse),
            "KL(q || p) instead of KL(p || q), with the expectation under the model: write "
            "target * (log target - log_probs)",
            "errata-kl",
        ),
        (
            "probabilities where logarithms belong",
            _items(of_probs),
            "the first argument of F.kl_div holds log-probabilities: log_softmax, not softmax",
            "faq-kl",
        ),
        (
            "the entropy of the target left out",
            _items(only_cross),
            "this is the cross-entropy: the same gradient, another value",
            "loss-kl-div",
        ),
    ]


def _poisson(s: Mapping[str, Any]) -> Rows:
    def stirling(log_rate: Any, target: Any) -> Array:
        more = target * np.log(target) - target + 0.5 * np.log(2 * np.pi * target)
        plain = np.exp(log_rate) - target * log_rate
        return np.asarray(plain + np.where(target > 1, more, 0.0))

    def of_rate(log_rate: Any, target: Any) -> Array:
        return np.asarray(log_rate - target * np.log(np.abs(log_rate) + 1e-8))

    return [
        (
            "Stirling's formula for the factorial",
            _items(stirling),
            "torch's full=True approximates ln y!, and leaves it out for y = 1",
            "elsewhere-poisson",
        ),
        (
            "the rate where its logarithm belongs",
            _items(of_rate),
            "the prediction is the logarithm of the rate, log_input=True in torch: "
            "exp(log_rate) - target * log_rate",
            "loss-poisson-nll",
        ),
    ]


def _gaussian(s: Mapping[str, Any]) -> Rows:
    def std(pred: Any, target: Any, var: Any) -> Array:
        return np.asarray(0.5 * (np.log(var**2) + (pred - target) ** 2 / var**2))

    def log_var(pred: Any, target: Any, var: Any) -> Array:
        return np.asarray(0.5 * (var + (pred - target) ** 2 * np.exp(-var)))

    def no_log(pred: Any, target: Any, var: Any) -> Array:
        return np.asarray(0.5 * (pred - target) ** 2 / var)

    return [
        (
            "the standard deviation where the variance belongs",
            _items(std),
            "the third argument is σ²: square what the model gives, or do not square it again",
            "loss-gaussian-nll",
        ),
        (
            "the logarithm of the variance where the variance belongs",
            _items(log_var),
            "the third argument is σ²: exp() of it",
            "loss-gaussian-nll",
        ),
        (
            "the term ln σ² left out",
            _items(no_log),
            "add ½ ln σ²: without it the loss is least for an infinite variance, which the model "
            "learns",
            "loss-gaussian-nll",
        ),
    ]


def _epsilon(record: str) -> Callable[[Mapping[str, Any]], Rows]:
    def rows(s: Mapping[str, Any]) -> Rows:
        def triplet(anchor: Any, positive: Any, negative: Any) -> Array:
            near = np.linalg.norm(anchor - positive + 1e-6, axis=-1)
            far = np.linalg.norm(anchor - negative + 1e-6, axis=-1)
            return np.asarray(np.maximum(near - far + s["margin"], 0.0))

        def no_hinge(anchor: Any, positive: Any, negative: Any) -> Array:
            near = np.linalg.norm(anchor - positive, axis=-1)
            return np.asarray(near - np.linalg.norm(anchor - negative, axis=-1) + s["margin"])

        def hard_mean(anchor: Any, positive: Any, negative: Any) -> Any:
            losses = ln.triplet(anchor, positive, negative, margin=s["margin"], reduction="none")
            return losses[losses > 0].mean() if (losses > 0).any() else 0.0

        return [
            (
                "1e-6 added to each difference",
                _items(triplet),
                "torch adds eps=1e-6 to each coordinate before it takes the norm: harmless but for "
                "distances that small",
                "elsewhere-distance",
            ),
            (
                "the hinge missing",
                _items(no_hinge),
                "write max(0, d⁺ - d⁻ + margin): without it triplets that are far enough apart go "
                "on pulling, and the loss has no lower bound",
                "loss-triplet",
            ),
            (
                "the mean of the triplets that still cost something",
                _batch(hard_mean),
                "divide by all n: the number of those that cost something changes with the batch, "
                "and with it the step (PyTorch Metric Learning does that on purpose)",
                "elsewhere-mined",
            ),
        ]

    return rows


def _hinge(s: Mapping[str, Any]) -> Rows:
    def binary(scores: Any, target: Any) -> Array:
        return np.asarray(np.maximum(0.0, s["margin"] - (target > 0) * scores))

    def logistic(scores: Any, target: Any) -> Array:
        return np.asarray(np.logaddexp(0.0, -target * scores))

    def embedding(scores: Any, target: Any) -> Array:
        other = np.maximum(0.0, s["margin"] - scores)
        return np.asarray(np.where(target > 0, scores, other))

    return [
        (
            "ln(1 + exp(-y s)), as in nn.SoftMarginLoss",
            _items(logistic),
            "this is bce_with_logits with labels of -1 and 1: it has no margin from which on an "
            "item costs nothing",
            "loss-bce-with-logits",
        ),
        (
            "the input itself where y = 1, as in nn.HingeEmbeddingLoss",
            _items(embedding),
            "it takes distances, not scores: where y = 1 a small one is right",
            "loss-contrastive",
        ),
        (
            "labels of 0 and 1",
            _items(binary),
            "multiply the score by the label itself, -1 or +1: with 0 a negative costs the margin "
            "whatever is predicted",
            "elsewhere-hinge",
        ),
    ]


def _contrastive(s: Mapping[str, Any]) -> Rows:
    record, margin = catalog["contrastive"], {"margin": s["margin"]}
    return [
        (
            "labels of 1 for pairs that differ",
            lambda a, how: _reference(record, margin, {**a, "target": 1 - a["target"]}, how),
            "1 means different here, as in the paper; in most libraries it means alike",
            "loss-contrastive",
        ),
    ]


def _quantile(s: Mapping[str, Any]) -> Rows:
    def other(pred: Any, target: Any) -> Array:
        e = pred - target
        return np.asarray(np.maximum(s["q"] * e, (s["q"] - 1) * e))

    return [
        (
            "the error with the opposite sign",
            _items(other),
            "q weighs targets above the prediction: e = target - pred. As it is, it finds the "
            "quantile 1 - q",
            "loss-quantile",
        ),
    ]


def _bce(s: Mapping[str, Any]) -> Rows:
    def positives(probs: Any, target: Any) -> Array:
        return np.asarray(-target * np.log(probs))

    return [
        (
            "no loss for the negatives",
            _items(positives),
            "where y = 0 nothing is charged, so that calling everything positive is free: add "
            "-(1 - y) ln(1 - p)",
            "loss-bce",
        ),
    ]


def _bce_logits(s: Mapping[str, Any]) -> Rows:
    weight = 1.0 if s["pos_weight"] is None else s["pos_weight"]

    def for_all(logits: Any, target: Any) -> Array:
        return np.asarray(weight * _binary(logits, target)[0])

    def negatives(logits: Any, target: Any) -> Array:
        return np.asarray(
            np.logaddexp(0, -logits) * target + weight * np.logaddexp(0, logits) * (1 - target)
        )

    def positives(logits: Any, target: Any) -> Array:
        return np.asarray(np.logaddexp(0, -logits) * target)

    rows: Rows = [
        (
            "no loss for the negatives",
            _items(positives),
            "where y = 0 nothing is charged, so that calling everything positive is free",
            "loss-bce-with-logits",
        ),
    ]
    if weight != 1:
        rows += [
            (
                "the weight of the positives on both classes",
                _items(for_all),
                "pos_weight multiplies the term of the positives alone",
                "weight-for-all",
            ),
            (
                "the weight on the negatives",
                _items(negatives),
                "pos_weight multiplies the term of the positives, y ln p",
                "weight-or-pos-weight",
            ),
        ]
    return rows


_TABLE: dict[str, Callable[[Mapping[str, Any]], Rows]] = {
    "focal_with_logits": _focal,
    "softmax_focal": _softmax_focal,
    "dice": _overlaps,
    "tversky": _tversky,
    "cross_entropy": _cross_entropy,
    "mse": _mse,
    "msle": _msle,
    "huber": _huber,
    "kl_div": _kl,
    "poisson_nll": _poisson,
    "gaussian_nll": _gaussian,
    "triplet": _epsilon("triplet"),
    "hinge": _hinge,
    "contrastive": _contrastive,
    "quantile": _quantile,
    "bce": _bce,
    "bce_with_logits": _bce_logits,
}

# The coursework's exercises on a loss of the catalog, by its name, with the arrays in their order.
EXERCISES: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "mse": (("mse", ("pred", "target")), ("mse_torch", ("pred", "target"))),
    "mae": (("mae", ("pred", "target")),),
    "rmse": (("rmse", ("pred", "target")),),
    "huber": (("huber", ("pred", "target")), ("huber_torch", ("pred", "target"))),
    "quantile": (("quantile", ("pred", "target")),),
    "log_cosh": (("log_cosh", ("pred", "target")),),
    "gaussian_nll": (("gaussian_nll_torch", ("pred", "target", "var")),),
    "bce": (("bce", ("probs", "target")),),
    "bce_with_logits": (
        ("bce_with_logits", ("logits", "target")),
        ("stable_bce", ("logits", "target")),
        ("stable_bce_torch", ("logits", "target")),
    ),
    "cross_entropy": (
        ("cross_entropy", ("logits", "target")),
        ("cross_entropy_torch", ("logits", "target")),
        ("weighted_cross_entropy", ("logits", "target")),
    ),
    "focal_with_logits": (
        ("focal", ("logits", "target")),
        ("focal_torch", ("logits", "target")),
    ),
    "dice": (("dice", ("probs", "target")), ("dice_torch", ("probs", "target"))),
    "tversky": (("tversky", ("probs", "target")),),
    "triplet": (("triplet", ("anchor", "positive", "negative")),),
    "contrastive": (("contrastive_pairs", ("first", "second", "target")),),
    "info_nce": (("info_nce", ("query", "key")),),
    "nt_xent": (("nt_xent_torch", ("first", "second")),),
}


def parameters_of(signature: str) -> dict[str, Any]:
    """The parameters of an exercise's signature with their defaults, `...` for none.

    >>> parameters_of("f(a, b=2.0)")
    {'a': Ellipsis, 'b': 2.0}
    """
    call = ast.parse(f"def {signature}: pass").body[0]
    assert isinstance(call, ast.FunctionDef)
    names = [a.arg for a in call.args.args]
    defaults = [ast.literal_eval(d) for d in call.args.defaults]
    missing = [...] * (len(names) - len(defaults))
    return dict(zip(names, [*missing, *defaults], strict=True))


def _of_the_coursework(record: Record, setting: Mapping[str, Any]) -> Iterator[Candidate]:
    """The wrong variants of the exercises on this loss."""
    if record.name not in EXERCISES:
        return
    # Loaded here, as no other part of an audit needs it.
    TABLE: Any = importlib.import_module("lossfns.check.table").EXERCISES
    now = {n: h.default for n, h in record.hyper.items()} | dict(setting)
    for name, order in EXERCISES[record.name]:
        exercise: Any = TABLE[name]
        known = parameters_of(exercise.signature)
        options = {n: now[n] for n in known if n in now}
        for one in exercise.misconceptions:
            if one.shows is None:
                compute = _wrong(one.wrong, order, options, known)
                yield _variant(record, compute, one.name, one.whole, exercise.read)


def _wrong(
    wrong: Any, order: tuple[str, ...], options: Mapping[str, Any], known: Mapping[str, Any]
) -> Compute:
    def compute(arrays: Mapping[str, Any], how: str) -> Any:
        given = [np.array(arrays[name]) for name in order]
        if "weight" in known and known["weight"] is ...:
            given.append(np.asarray(options["weight"]))
        named = {n: v for n, v in options.items() if n != "weight"}
        if "reduction" in known:
            return wrong(*given, **named, reduction=how)
        if how != "mean":
            raise ValueError("the exercise has the mean alone")
        return wrong(*given, **named)

    return compute


FACTORS = {
    0.5: ("one half", "a factor of ½, as in optax.l2_loss and in derivations", "elsewhere-half"),
    2.0: ("twice", "a factor of 2: the half of the formula is missing", "elsewhere-half"),
    -1.0: ("the sign flipped", "it is minus the loss, so that training maximises it", "wrong-sign"),
    1 / math.log(2): (
        "in bits",
        "the logarithm is to base 2; take the natural one, log in place of log2",
        "errata-perplexity",
    ),
    math.log(2): ("divided into nats", "a factor of ln 2 too much", "errata-perplexity"),
    1 / math.log(10): (
        "decimal logarithms",
        "the logarithm is to base 10; log means ln",
        "errata-perplexity",
    ),
    100.0: ("in per cent", "a factor of 100, as Keras has it", "elsewhere-per-cent"),
}


def factor_named(factor: float, classes: int, n: int) -> tuple[str, str, str] | None:
    """What a constant factor is called, what it means, and where to read."""
    for known, words in FACTORS.items():
        if math.isclose(factor, known, rel_tol=1e-5):
            return words
    if classes > 1 and math.isclose(factor, 1 / classes, rel_tol=1e-5):
        return (
            "averaged over the classes (1/C)",
            f"the mean runs over the {classes} entries of each item, too, as in F.kl_div, "
            "F.multi_margin_loss and MONAI: sum over the classes, average over the items (for "
            "F.kl_div that is reduction='batchmean')",
            "wrong-mean",
        )
    if classes > 1 and math.isclose(factor, classes, rel_tol=1e-5):
        return (
            f"times the number of classes ({classes})",
            "the classes are added up where they should not be",
            "wrong-mean",
        )
    return None
