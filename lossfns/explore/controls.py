"""What a reader can change in an explorer: `Slider`, `Choice` and `Play`."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real


@dataclass(frozen=True)
class Slider:
    """A number on a scale.

    The published page steps through `values`; a live kernel takes every number between the
    smallest and the largest (every integer, when all of them are integers).

    Arguments
        values: at least two different numbers, in increasing order.
        label: what the reader sees; the name of the control if left out.
        unit: written after the value.
        start: where the slider stands at first, one of `values`; the first if left out.

    >>> Slider([-1, 0, 1], label="slope", start=0).text(-1)
    '−1'
    >>> Slider([0, 0.5, 0.5])
    Traceback (most recent call last):
        ...
    ValueError: values must increase without repeats, got 0.5 before 0.5
    """

    values: Sequence[float]
    label: str | None = None
    unit: str = ""
    start: float | None = None

    def __post_init__(self):
        values = tuple(_plain_number(v) for v in _items("values", self.values))
        if not all(isinstance(v, int) for v in values):
            values = tuple(map(float, values))
        for before, after in zip(values, values[1:], strict=False):
            if not before < after:
                raise ValueError(
                    f"values must increase without repeats, got {before} before {after}"
                )
        _set(self, values=values, start=_start(self.start, values))

    def text(self, value):
        """Write a value as the reader sees it: four digits, a real minus sign, the unit."""
        # A no-break space keeps number and unit on one line.
        unit = f"\N{NO-BREAK SPACE}{self.unit}" if self.unit else ""
        return f"{value:.4g}".replace("-", "\N{MINUS SIGN}") + unit

    @property
    def continuous(self):
        """Whether a live kernel may take numbers between the integers."""
        return not all(isinstance(v, int) for v in self.values)


@dataclass(frozen=True)
class Play(Slider):
    """A slider that can also run by itself, from left to right: an animation.

    Takes what `Slider` takes, and `interval`: the time between two frames in milliseconds.

    >>> Play(range(30), label="step", interval=150).values[-1]
    29
    """

    interval: int = 200

    def __post_init__(self):
        super().__post_init__()
        if not (isinstance(self.interval, int) and self.interval >= 20):
            raise ValueError(f"interval must be at least 20 ms, got {self.interval!r}")


@dataclass(frozen=True)
class Choice:
    """One of a few alternatives.

    Arguments
        values: at least two different strings, or a mapping from what the reader sees to what
            `draw` gets.
        label, start: as for `Slider`.

    >>> Choice({"right": 1, "wrong": -1}).text(-1)
    'wrong'
    """

    values: Sequence | Mapping
    label: str | None = None
    start: object = None

    def __post_init__(self):
        if isinstance(self.values, Mapping):
            names, values = tuple(self.values), tuple(self.values.values())
        else:
            names = values = _items("values", self.values)
        if not all(isinstance(name, str) for name in names):
            raise TypeError(f"values must be strings or have strings as keys, got {names!r}")
        if len(values) < 2:
            raise ValueError(f"values must hold at least two alternatives, got {values!r}")
        for i, value in enumerate(values):
            if value in values[:i]:
                raise ValueError(f"values must differ, got {value!r} twice")
        _set(self, values=values, names=names, start=_start(self.start, values))

    def text(self, value):
        """Return the name of a value."""
        return self.names[self.values.index(value)]


def _items(argument, values):
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise TypeError(f"{argument} must be a sequence, got {values!r}")
    items = tuple(values)
    if len(items) < 2:
        raise ValueError(f"{argument} must hold at least two values, got {list(items)!r}")
    return items


def _plain_number(value):
    """NumPy's numbers become Python's, whose text does not depend on NumPy's version."""
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise TypeError(f"values must be finite numbers, got {value!r}")
    return value


def _start(start, values):
    if start is None:
        return values[0]
    for value in values:
        # linspace gives 0.30000000000000004 where an author writes 0.3.
        close = (
            isinstance(value, float)
            and isinstance(start, Real)
            and math.isclose(value, start, rel_tol=1e-9, abs_tol=1e-12)
        )
        if close or value == start:
            return value
    raise ValueError(f"start must be one of the values, got {start!r}; values are {list(values)!r}")


def _set(instance, **attributes):
    for name, value in attributes.items():
        object.__setattr__(instance, name, value)
