"""The function that learners and graders call."""

import difflib
import inspect
import sys
import textwrap
from collections.abc import Callable, Sequence

import numpy as np

from lossfns.check.answer import ask
from lossfns.check.compare import reference
from lossfns.check.exercise import Exercise
from lossfns.check.judge import Verdict, judge
from lossfns.check.message import advice, in_brief, praise
from lossfns.check.points import Outcome, go_on_after_stubs, in_notebook, note
from lossfns.check.table import EXERCISES


class CheckFailed(AssertionError):
    """A function that is not yet right; `verdict` holds what was found."""

    def __init__(self, message: str, verdict: Verdict):
        super().__init__(message)
        self.verdict = verdict

    def _render_traceback_(self):
        # IPython shows this instead of the frames of the checker, which teach nothing.
        return str(self).splitlines()


def check(
    name: str,
    function: Callable,
    *,
    seed: int = 0,
    aspects: Sequence[str] | None = None,
    points: float | None = None,
) -> None:
    """Compare `function` with the reference of the exercise `name` on inputs drawn from `seed`.

    Args:
        name: an exercise of `lossfns.check.EXERCISES`, such as "mse".
        function: the function itself, not its result.
        seed: other seeds draw other inputs: values, sizes and shapes.
        aspects: only these of "values", "reductions", "extremes", "bad input", "memory"; all by
            default.
        points: what an assignment gives for it. They are printed, and `total_points` adds them up.
            A check with points that fails in a notebook shows its advice, in red, and does not
            raise: *Run All* goes on to the other checks.
    Raises:
        CheckFailed: with advice, when the function is not right.
        ValueError, TypeError: when `check` itself is called wrongly.
    Example:
        >>> import lossfns.numpy as ln
        >>> from lossfns.check import check
        >>> check("mae", ln.mae, aspects=["values"])  # doctest: +ELLIPSIS
        mae: right on all ... inputs (values).
    """
    if points is not None and not (isinstance(points, int | float) and points > 0):
        raise ValueError(f"points must be a number above 0, got {points!r}")
    verdict, text = examine(name, function, seed=seed, aspects=aspects)
    right = not verdict.findings
    if points is not None:
        earned = points if right else 0
        note(Outcome(name, verdict.checked, points, earned, in_brief(verdict)))
        text += f"\n{earned:g} of {points:g} points" if right else f"\n\n0 of {points:g} points"
        if in_notebook():
            go_on_after_stubs()
            # Jupyter shows it in red; and where nbgrader alone looks at outputs, it earns nothing.
            print(text, file=sys.stdout if right else sys.stderr)
            return
    if not right:
        raise CheckFailed(text, verdict)
    print(text)


def examine(
    name: str, function: Callable, *, seed: int = 0, aspects: Sequence[str] | None = None
) -> tuple[Verdict, str]:
    """What `check` finds, and what it says about that."""
    exercise = _find(name)
    if not callable(function):
        raise TypeError(
            f'check("{name}", ...) needs the function itself, got {type(function).__name__}; '
            f'write check("{name}", {name}) without calling {name}'
        )
    calls = exercise.calls(seed, aspects)
    answers = []
    for device in _devices(exercise):
        answers = [ask(function, call, torch=exercise.torch, device=device) for call in calls]
        verdict = judge(exercise, calls, answers, _sources(exercise, function))
        if verdict.findings:
            return verdict, advice(exercise, verdict, again=_asked_again(name, verdict))
    if exercise.twin:
        _hold_twin_equal(exercise, calls)
    return verdict, praise(exercise, verdict, len(calls))


# The last mistake that each check has told in this process.
_told: dict[tuple[str, tuple[str, ...]], str] = {}


def _asked_again(name: str, verdict: Verdict) -> bool:
    """Whether this mistake is what was told the last time, too."""
    asked, said = (name, verdict.checked), in_brief(verdict)
    before, _told[asked] = _told.get(asked), said
    return said == before


def _sources(exercise: Exercise, function: Callable) -> tuple[str, str] | None:
    """Of a function that repairs another one, the text of both, where it can be read."""
    if not exercise.repairs or getattr(function, "__name__", "") != exercise.name:
        return None
    try:
        broken = function.__globals__[exercise.repairs]
        return tuple(textwrap.dedent(inspect.getsource(one)) for one in (function, broken))
    except (AttributeError, KeyError, OSError, TypeError):
        return None


def _find(name) -> Exercise:
    if not isinstance(name, str):
        raise TypeError(
            f"name must be a string such as 'mse', got {type(name).__name__}; "
            'the order is check("mse", mse)'
        )
    if name not in EXERCISES:
        near = difflib.get_close_matches(name, EXERCISES, n=1)
        meant = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"no exercise {name!r}{meant} There are: {', '.join(EXERCISES)}")
    return EXERCISES[name]


def _devices(exercise):
    if not exercise.torch:
        return ["cpu"]
    import torch

    return ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]


def _hold_twin_equal(exercise, calls):
    """PyTorch's own loss must give what the reference gives; if not, the exercise is at fault."""
    import torch

    def twin(*tensors, **options):
        return getattr(torch.nn, exercise.twin)(**options)(*tensors)

    for call in calls:
        if call.raises:
            continue
        theirs = ask(twin, call, torch=True)
        ours = reference(exercise, call)
        if theirs.value is None or not np.allclose(
            theirs.value, ours.value, rtol=exercise.rtol, atol=exercise.atol
        ):
            raise RuntimeError(
                f"torch.nn.{exercise.twin} and the reference of {exercise.name!r} disagree; "
                "this is a fault of the exercise, not of your answer"
            )
