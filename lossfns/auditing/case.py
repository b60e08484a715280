"""One audit: the loss, the inputs that it is asked with, and what is right for them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

import lossfns.numpy as ln
from lossfns.auditing.call import Answer, Arrays, Subject, written
from lossfns.auditing.draws import LAYOUT, PER_CLASS, needed
from lossfns.auditing.numbers import relative_error
from lossfns.records.record import Record

# Of two formulas for the same, one perhaps with an ε of 1e-6 somewhere; and of float32.
CLOSE = 1e-4
ROUGH = 1e-3


@dataclass
class Case:
    """What the checks need to know.

    Attributes:
        subject: the loss under audit.
        sample: draws n items, by the catalog's names.
        wrt: the arguments that a gradient is asked for.
        record: of the loss whose inputs are drawn; None where the sample is the caller's.
        like: of the loss that it should be; None without a reference.
        setting: of that loss.
        mode: the reduction that a plain call means: "none", "mean" or "sum".
        digits: the relative error that the precision of its own arithmetic leaves.
        compile: whether `torch.compile` is tried.
        equal: whether the values are those of `like`; known once that has been checked.
        pairs: whether its memory grows with the square of the batch; known later, too.
    """

    subject: Subject
    sample: Callable[[np.random.Generator, int], Arrays]
    wrt: tuple[str, ...]
    record: Record | None = None
    like: Record | None = None
    setting: dict[str, Any] = field(default_factory=dict)
    mode: str = "mean"
    digits: float = CLOSE
    compile: bool = True
    equal: bool = False
    pairs: bool = False
    notes: list[str] = field(default_factory=list)

    @property
    def coupled(self) -> bool:
        """Whether the loss of an item is known to depend on the rest of the batch."""
        return self.record is not None and (self.record.coupled or bool(self.record.held))

    @property
    def fewest(self) -> int:
        return max(1, self.record.fewest if self.record else 1)

    @property
    def first(self) -> str:
        """The prediction."""
        return self.wrt[0]

    @property
    def target(self) -> str:
        """The name of the target, or of the second argument; "" where there is none."""
        names = list(self.subject.places)
        others = [n for n in names if n not in self.wrt]
        if "target" in names:
            return "target"
        return others[0] if others else (names[1] if len(names) > 1 else "")

    def draw(self, n: int = 8, seed: int = 1, soft: bool = False) -> Arrays:
        """Items that the loss takes, with labels of 0 and 1 unless soft ones are asked for."""
        drawn = self.sample(np.random.default_rng(seed), n)
        arrays = {name: v for name, v in drawn.items() if name in self.subject.places}
        if self.record is not None and not soft and self.record.label_noise is not None:
            arrays = {n: hard(v) if n == "target" else v for n, v in arrays.items()}
        return self._rounded(arrays)

    def _rounded(self, arrays: Arrays) -> Arrays:
        """In three decimals, which can be typed, where the reference takes that."""
        if self.record is None:
            return arrays
        short = {n: np.round(v, 3) if v.dtype.kind == "f" else v for n, v in arrays.items()}
        sums = arrays[self.first].sum(-1) if arrays[self.first].ndim else 0.0
        if self.record.item_axes and np.size(sums) and np.allclose(sums, 1, atol=1e-9):
            return arrays  # distributions
        try:
            self.reference(self.record)(**short, **self._needed())
        except (TypeError, ValueError):
            return arrays
        return short

    def _needed(self) -> dict[str, Any]:
        return {**needed(self.record), **self.setting} if self.record else {}

    @staticmethod
    def reference(record: Record) -> Any:
        return getattr(ln, record.name)

    def right(self, arrays: Mapping[str, Any], how: str | None = None, **options: Any) -> Any:
        """What the loss of the catalog gives, in float64."""
        assert self.like is not None
        how = self.mode if how is None else how
        keywords = {**self.setting, **options}
        how = how if how in self.like.reductions else self.like.reductions[0]
        return np.asarray(self.reference(self.like)(**arrays, **keywords, reduction=how))

    def slope(
        self, arrays: Mapping[str, Any], name: str, how: str | None = None, **options: Any
    ) -> npt.NDArray[np.float64]:
        """The gradient of the sum of what the loss of the catalog gives."""
        assert self.like is not None
        how = self.mode if how is None else how
        how = how if how in self.like.reductions else self.like.reductions[0]
        grad = self.reference(self.like).grad
        return np.asarray(
            grad(**arrays, **{**self.setting, **options}, reduction=how, wrt=name), np.float64
        )

    def ask(self, arrays: Mapping[str, Any], *args: Any, **options: Any) -> Answer:
        """Put a question to the loss, with the setting of this audit."""
        options.setdefault("setting", self.passed())
        answer = self.subject.ask(arrays, *args, **options)
        reduced = options.get("how") in ("mean", "sum") or (
            options.get("how") is None and self.mode != "none"
        )
        if reduced and answer.value is not None and answer.value.size == 1:
            # One number is one number, whatever axes are around it.
            return replace(answer, value=answer.value.reshape(()))
        return answer

    def work(self, arrays: Arrays) -> Answer:
        """Call the loss in this thread, where it may raise."""
        return self.subject._work(arrays, self.subject.dtype, (), None, self.passed(), None, {})

    def passed(self) -> dict[str, Any]:
        """The part of the setting that must be handed over."""
        return {k: v for k, v in self.setting.items() if self._passed(k)}

    def _passed(self, name: str) -> bool:
        """Whether a setting must be handed over: it differs from the loss's own default."""
        parameter = self.subject.settings.get(name)
        if parameter is None:
            return False
        default = self.subject.default.get(parameter, inspect.Parameter.empty)
        return bool(default != self.setting[name])

    def batches(self, most: int = 8) -> Iterator[Arrays]:
        """Each item of a batch on its own, then the whole of it: the smallest input first."""
        whole = self.draw(most)
        if not self.coupled:
            for i in range(most):
                yield items(whole, slice(i, i + 1))
        else:
            for n in range(self.fewest, min(4, most)):
                yield self.draw(n)
        yield whole

    def agrees(self, answer: Answer, right: Any) -> bool:
        """Whether an answer is right within the digits of its arithmetic."""
        if answer.value is None:
            return False
        right = np.asarray(right, np.float64)
        value = answer.value
        if value.shape != right.shape and value.size == right.size == 1:
            value = value.reshape(right.shape)
        return close(value, right, self.digits)

    def own(self, name: str) -> str:
        """What the loss itself calls an argument of the catalog's."""
        place = self.subject.places[name]
        return place if isinstance(place, str) else name

    def written(self, arrays: Mapping[str, Any], **options: Any) -> str:
        """A question under the loss's own names for its arguments."""
        named = {self.own(name): arrays[name] for name in self.subject.places if name in arrays}
        return written(named, **options)


def close(value: Any, right: Any, digits: float) -> bool:
    """Whether two results agree, each entry of a gradient on the scale of the largest."""
    right = np.asarray(right, np.float64)
    finite = np.abs(right[np.isfinite(right)])
    scale = max(float(finite.max(initial=0.0)), 1e-3)
    return relative_error(value, right, 0.1 * scale) <= digits


def items(arrays: Mapping[str, Any], which: Any) -> Arrays:
    """Some of the items."""
    return {n: v[which] if np.ndim(v) else v for n, v in arrays.items()}


def hard(target: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Labels of 0 and 1, or rows with a single 1, from soft ones."""
    if target.dtype.kind != "f" or not target.size or target.min() < 0 or target.max() > 1:
        return target
    if target.ndim == 2 and np.allclose(target.sum(-1), 1):
        return np.asarray(np.eye(target.shape[1])[target.argmax(-1)])
    return np.asarray(target >= 0.5, np.float64)


def setting_of(subject: Subject, record: Record, hyper: Mapping[str, Any]) -> dict[str, Any]:
    """The setting of the catalog's loss under which a loss is to be compared with it.

    What the caller says counts first, then what the loss was built with, then its own defaults.
    Where it says nothing the catalog's default holds.
    """
    found: dict[str, Any] = {}
    for name in record.hyper:
        if name in LAYOUT and name != "ignore_index":
            if name in hyper:
                found[name] = hyper[name]
            continue
        default = subject.default.get(subject.settings.get(name, ""), setting_of)
        for value in (hyper.get(name, setting_of), subject.held.get(name, setting_of), default):
            if value is not setting_of and _is_setting(value, record.hyper[name].default, name):
                found[name] = tuple(value) if isinstance(value, list) else value
                break
    for name, value in needed(record).items():
        found.setdefault(name, value)
    return found


def _is_setting(value: Any, default: Any, name: str) -> bool:
    """Whether a value is of the kind of a setting: a number, a switch, a word."""
    if value is None:
        return default is None or name in ("alpha",)
    if isinstance(default, bool):
        return isinstance(value, bool)
    if isinstance(default, str):
        return isinstance(value, str)
    if isinstance(value, bool):
        return False
    return isinstance(value, int | float) or (
        name in PER_CLASS and isinstance(value, tuple | list | np.ndarray)
    )
