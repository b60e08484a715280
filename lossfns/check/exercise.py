"""What an exercise is: plain data, so that drawing, calling and judging can happen apart.

A `Call` holds arrays and JSON-like options and nothing else. It can be sent to another
process, answered there with `lossfns.check.answer.ask`, and judged here.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

# In the order in which a learner should mend them.
ASPECTS = ("values", "reductions", "extremes", "bad input")


@dataclass(frozen=True)
class Call:
    """One question to the learner's function: `function(*arrays, **options)`.

    `wants` names the arrays whose gradient is asked for as well (PyTorch exercises).
    `raises` is the name of the exception that the call must raise, or "" for an ordinary call.
    """

    arrays: dict[str, np.ndarray]
    options: dict[str, float | str] = field(default_factory=dict)
    aspect: str = "values"
    wants: tuple[str, ...] = ()
    raises: str = ""

    @property
    def size(self) -> int:
        return sum(array.size for array in self.arrays.values())


@dataclass(frozen=True)
class Misconception:
    """A wrong variant of an exercise that people really write, and what to tell them."""

    name: str
    wrong: Callable
    hint: str


@dataclass(frozen=True)
class Exercise:
    """One row of the table: everything the engine needs to know about a function to write.

    `right(*arrays, **options)` is the reference; `slopes[name]` is the gradient of its (summed)
    result with respect to that array, for PyTorch exercises. Where many answers are right,
    `score(call, answer)` says how good one is, lower is better, and `slack` how far above the
    reference's score an answer may lie, as a fraction.
    """

    name: str
    signature: str
    read: str
    right: Callable
    draw: Callable[[np.random.Generator], Iterable[Call]]
    misconceptions: tuple[Misconception, ...]
    torch: bool = False
    slopes: dict[str, Callable] = field(default_factory=dict)
    twin: str = ""
    score: Callable[[Call, np.ndarray], float] | None = None
    slack: float = 0.0
    rtol: float = 1e-4
    atol: float = 1e-6

    def calls(self, seed: int) -> list[Call]:
        """The questions for this seed, grouped by aspect, in the order in which they are asked."""
        drawn = list(self.draw(np.random.default_rng(seed)))
        return sorted(drawn, key=lambda call: ASPECTS.index(call.aspect))


def summed_slope(loss, wrt: str = "pred") -> Callable:
    """The gradient that autograd finds for the summed result of a PyTorch twin of `loss`."""

    def slope(pred, target, *more, reduction="mean", **options):
        if more:
            (options["var"],) = more
        summed = "sum" if reduction == "none" else reduction
        return loss.grad(pred, target, wrt=wrt, reduction=summed, **options)

    return slope
