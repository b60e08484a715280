"""What an exercise is: plain data, so that drawing, calling and judging can happen apart.

A `Call` holds arrays and JSON-like options and nothing else. It can be sent to another
process, answered there with `lossfns.check.answer.ask`, and judged here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from lossfns.check import hints

# In the order in which a learner should mend them.
ASPECTS = ("values", "reductions", "extremes", "bad input", "memory")


@dataclass(frozen=True)
class Kind:
    """What calls of many exercises have in common; the name is that of the mistake they show.

    `covers` recognises calls that an exercise draws by itself and that are of this kind as well.
    What is said of a `finite` kind does not fit NaN or infinity.
    """

    name: str
    covers: Callable[["Call"], bool] = lambda call: False
    finite: bool = False


class Reason(NamedTuple):
    """What is wrong, and what to tell those who do it."""

    name: str
    hint: str


@dataclass(frozen=True)
class Call:
    """One question to the learner's function: `function(*arrays, **options)`.

    `wants` names the arrays whose gradient is asked for as well (PyTorch exercises).
    `kept` holds arrays that the function does not get but `Exercise.score` needs, such as the
    labels of items that a trained model must predict. With `any_result` it only matters that
    there is a result.
    `raises` is the name of the exception that the call must raise, or "" for an ordinary call;
    `reason` names the mistake of those who accept it, whatever they return; the page of hints says
    the rest.
    `kind` names what those who answer calls like this one wrongly have overlooked.
    `atol` takes the place of the exercise's where results are tiny, or where they come from large
    numbers that float32 rounds. To a call with `single` the right answer for inputs in single
    precision is right as well, as float32 cannot hold these. `most_memory` is how many bytes the
    function may hold at a time, where it must not hold more.
    """

    arrays: dict[str, np.ndarray]
    options: dict[str, float | str | list[str] | None] = field(default_factory=dict)
    aspect: str = "values"
    wants: tuple[str, ...] = ()
    raises: str = ""
    kept: dict[str, np.ndarray] = field(default_factory=dict)
    reason: str = ""
    any_result: bool = False
    kind: Kind | None = None
    atol: float | None = None
    single: bool = False
    most_memory: int | None = None

    @property
    def size(self) -> int:
        return sum(array.size for array in self.arrays.values())


@dataclass(frozen=True)
class Misconception:
    """A wrong variant of an exercise that people really write, and what to tell them.

    An answer has this misconception if it is the same as that of `wrong` everywhere, or if `shows`
    recognises it (see `Recognised`).

    The hint says what is wrong and where to look. `formula` is what the task asks for: it is told
    to those who ask again.
    """

    name: str
    wrong: Callable
    hint: str
    shows: Callable[[Call, np.ndarray], bool] | None = None
    formula: str = ""

    @property
    def whole(self) -> str:
        """The hint with the formula."""
        return f"{self.hint} Written out: {self.formula}." if self.formula else self.hint


class Recognised(NamedTuple):
    """A wrong variant that is one of many: `shows(call, value)` says what they have in common.

    So it is where numbers differ from one learner to the next, as those of trained models do, or
    where a limit may be drawn anywhere: scores that are all 0 or 1, a loss that stops growing.
    """

    wrong: Callable
    shows: Callable[[Call, np.ndarray], bool]


# Draws more calls, of a kind, from those that an exercise has drawn; `kinds` builds them.
Probe = Callable[[np.random.Generator, list[Call]], Iterable[Call]]


@dataclass(frozen=True)
class Exercise:
    """One row of the table: everything the engine needs to know about a function to write.

    `right(*arrays, **options)` is the reference; `slopes[name]` is the gradient of its (summed)
    result with respect to that array, for PyTorch exercises. `probes` add calls of the kinds that
    many exercises share. Where many answers are right,
    `score(call, answer)` says how good one is, lower is better, and `slack` how far above the
    reference's score an answer may lie, as a fraction.

    `mistakes` holds the wrong variants by name; what is said of them stands under the same name on
    the page of hints of the family (`hints.md`).

    `repairs` names the broken function whose lines an answer must keep. `together` holds, by name,
    what shows that right answers, seen side by side, were found in a wrong way.

    `read` is where to read again: a label of the book.
    """

    signature: str
    read: str
    right: Callable
    draw: Callable[[np.random.Generator], Iterable[Call]]
    mistakes: Mapping[str, Callable | Recognised]
    probes: tuple[Probe, ...] = ()
    torch: bool = False
    slopes: dict[str, Callable] = field(default_factory=dict)
    twin: str = ""
    score: Callable[[Call, np.ndarray], float] | None = None
    slack: float = 0.0
    repairs: str = ""
    together: Mapping[str, Callable[[list[Call], list[Any]], bool]] = field(default_factory=dict)
    rtol: float = 1e-4
    atol: float = 1e-6

    @cached_property
    def name(self) -> str:
        """What the function to write is called."""
        return self.signature.partition("(")[0]

    @cached_property
    def misconceptions(self) -> tuple[Misconception, ...]:
        """The wrong variants with what is said of each."""
        return tuple(self._misconception(*item) for item in self.mistakes.items())

    def _misconception(self, name, variant) -> Misconception:
        wrong, shows = variant if isinstance(variant, Recognised) else (variant, None)
        text, formula = hints.hint(self, name)
        return Misconception(name, wrong, text, shows, formula)

    def reason(self, name: str, array: str = "") -> Reason:
        """What the page of hints says of what is wrong without being a wrong variant."""
        return Reason(name, hints.hint(self, name, array).text)

    def said(self, seeds: Iterable[int] = range(4)) -> dict[str, str]:
        """All mistakes that have a name here, with their hints; bad input is drawn from seeds."""
        known = {one.name: one.hint for one in self.misconceptions}
        calls = (call for seed in seeds for call in self.calls(seed))
        reasons = [*self.together, *(call.reason for call in calls if call.reason)]
        return known | {name: self.reason(name).hint for name in reasons}

    def calls(self, seed: int, aspects: Sequence[str] | None = None) -> list[Call]:
        """The questions for this seed about these aspects, in the order in which they are asked."""
        rng = np.random.default_rng(seed)
        drawn = list(self.draw(rng))
        drawn += [call for probe in self.probes for call in probe(rng, drawn)]
        drawn.sort(key=lambda call: ASPECTS.index(call.aspect))
        if aspects is None:
            return drawn
        if isinstance(aspects, str):
            raise TypeError(f"aspects must be a sequence such as ({aspects!r},), got a string")
        unknown = [aspect for aspect in aspects if aspect not in ASPECTS]
        if unknown:
            raise ValueError(f"unknown aspects {unknown}; there are: {', '.join(ASPECTS)}")
        kept = [call for call in drawn if call.aspect in aspects]
        if not kept:
            raise ValueError(f"exercise {self.name!r} asks nothing about {', '.join(aspects)}")
        if all(call.raises for call in kept):
            # A function that refuses everything has not understood what is bad about bad input.
            good = next(call for call in drawn if not call.raises)
            kept.append(replace(good, aspect=kept[0].aspect, any_result=True))
        return kept


def summed_slope(loss, wrt: str = "pred") -> Callable:
    """The gradient that autograd finds for the summed result of a PyTorch twin of `loss`."""

    def slope(pred, target, *more, reduction="mean", **options):
        if more:
            (options["var"],) = more
        summed = "sum" if reduction == "none" else reduction
        return loss.grad(pred, target, wrt=wrt, reduction=summed, **options)

    return slope
