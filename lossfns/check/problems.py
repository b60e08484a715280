"""What can be wrong with an answer: its name, how it is found, what is said and what is shown.

The rows of each table are in the order in which they are looked for: the first that is found is
told. The call says which table is used, as it asks for a refusal, any result, or the right one.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lossfns.check.answer import Answer
from lossfns.check.compare import passing_score, slopes_agree, value_is_right
from lossfns.check.exercise import Call, Exercise
from lossfns.check.written import number


@dataclass(frozen=True)
class Case:
    """One call, its answer, and the right one; `writes`: the function gives numbers for others."""

    exercise: Exercise
    call: Call
    answer: Answer
    right: Answer
    writes: bool = True


def _both(case: Case) -> dict[str, str]:
    answer, right = case.answer, case.right
    mine = answer.error or number(answer.value) or answer.kind
    return {"yours": mine, "right": f"raises {right.error}" if right.error else number(right.value)}


@dataclass(frozen=True)
class Problem:
    """One row: `found`, `said` and `shown` take answers that have no problem of an earlier row.

    In `name`, which stands in tables, {answer} and {right} are filled in. A problem for which
    nothing is `said` here is common among learners: it is told by its name, like a misconception,
    with what the page of hints says of it.
    """

    name: str
    found: Callable[[Case], bool]
    said: Callable[[Case], str] | None = None
    shown: Callable[[Case], dict[str, str]] = _both

    @property
    def common(self) -> bool:
        return self.said is None

    def says(self, case: Case) -> str:
        if self.said is not None:
            return self.said(case)
        return case.exercise.reason(self.name, *case.answer.changed[:1]).hint


@dataclass(frozen=True, kw_only=True)
class Finding(Case):
    """A case with what is wrong about it."""

    problem: Problem

    @property
    def name(self) -> str:
        return self.problem.name.format(answer=self.answer, right=self.right)


def problem_of(case: Case) -> Problem | None:
    """The first thing that is wrong with an answer, or None when it is right."""
    table = OF_BAD_INPUT if case.call.raises else OF_GOOD_INPUT
    if not case.call.raises and not case.call.any_result:
        table += OF_RESULTS
    return next((problem for problem in table if problem.found(case)), None)


def _with(yours: Callable[[Case], str], right: Callable[[Case], str]):
    """Shows both results, each with a remark."""

    def shown(case):
        both = _both(case)
        return {"yours": both["yours"] + yours(case), "right": both["right"] + right(case)}

    return shown


def _unwritten(case) -> str:
    how = "raised NotImplementedError" if case.answer.error else "returned None"
    return (
        f"{case.exercise.name}: not written yet ({how}). Replace the body of "
        f"{case.exercise.signature} and make sure that it returns its result."
    )


def _cure(case) -> str:
    """What to do about exceptions that nearly everybody meets."""
    answer = case.answer
    if answer.error in ("NameError", "UnboundLocalError"):
        return (
            "Your function may use its arguments, what it defines itself, and helpers, constants "
            "and imports of your cells. A name that comes from an experiment, or from a cell that "
            "failed or has not been run, is not there: define it inside the function, or above it."
        )
    if "a leaf Variable that requires grad" in answer.message:
        return (
            "It writes into its input, which is the caller's and which a gradient is asked for: "
            "make a new tensor, as `a = a - b` does, instead of `a -= b`."
        )
    if "view size is not compatible" in answer.message:
        return (
            "It lies in memory column by column here, as a transposed table does, which .view "
            "cannot follow."
        )
    if not any(
        words in answer.message for words in ("truth value of an array", "Boolean value of Tensor")
    ):
        return ""
    where = "torch.where" if case.exercise.torch else "np.where"
    return (
        f"An `if` decides once for the whole array; {where}(condition, this, that) decides for "
        "every item."
    )


def _other_type(case) -> str:
    answer = case.answer
    wanted = "a torch.Tensor" if case.exercise.torch else "a float or a NumPy array"
    returned = f"{answer.kind} of {answer.dtype}" if answer.dtype else answer.kind
    several = answer.kind in ("tuple", "list")
    make = "torch.stack((…))" if case.exercise.torch else "np.array([…])"
    return (
        f"It returns {returned} where {wanted} of real numbers is expected."
        + f" {make} makes one of several numbers." * several
    )


def _other_shape(case) -> str:
    value, right = case.answer.value, case.right.value
    expected = f"an array of shape {right.shape}" if right.ndim else "one number"
    unreduced = not right.ndim and value.shape == _first(case).shape
    return (
        f"The result has shape {value.shape}; {expected} is expected here."
        + " Are these the items' losses, not yet averaged?" * unreduced
    )


def _first(case) -> np.ndarray:
    return next(iter(case.call.arrays.values()))


def _scores(case) -> dict[str, str]:
    exercise, call = case.exercise, case.call
    return _both(case) | {
        "loss of yours": f"{exercise.score(call, case.answer.value):.6g}",
        "loss of right": f"{exercise.score(call, case.right.value):.6g}",
        "good enough": f"{passing_score(exercise, call, case.right):.6g}",
    }


def _slopes(answer) -> str:
    return "".join(
        f", gradient for {name} {'none' if slope is None else number(slope)}"
        for name, slope in answer.slopes.items()
    )


_with_slopes = _with(lambda case: _slopes(case.answer), lambda case: _slopes(case.right))
_with_dtypes = _with(
    lambda case: f" as {case.answer.dtype}", lambda case: f" as {_first(case).dtype}"
)


def _changed(case) -> str:
    return " and ".join(case.answer.changed)


def _wrong_value(case) -> bool:
    return not value_is_right(case.exercise, case.call, case.answer, case.right)


def _other_dtype(case) -> bool:
    if case.exercise.torch:
        return case.answer.dtype != str(_first(case).dtype)
    return case.answer.dtype == "float16"


NOT_WRITTEN = Problem(
    "not written yet",
    lambda case: (
        case.answer.error == "NotImplementedError"
        or (case.answer.kind == "NoneType" and not case.writes and not case.call.raises)
    ),
    _unwritten,
)
ACCEPTS = Problem(
    "bad input is not refused with {right.error}",
    lambda case: not case.answer.error,
    lambda case: (
        f"On this input it must raise {case.right.error} instead of returning a result, because "
        "a wrong number that looks fine is harder to find than an exception."
    ),
)
SCORE = Problem(
    "wrong numbers",
    lambda case: case.exercise.score is not None and _wrong_value(case),
    lambda case: "The result has the right form, but it is not good enough: its loss is too high.",
    _scores,
)
VALUE = Problem(
    "wrong numbers",
    _wrong_value,
    lambda case: "The result is wrong, and none of the usual mistakes explains all your results.",
)
GRADIENT = Problem(
    "another gradient",
    lambda case: not slopes_agree(case.exercise, case.call, case.answer, case.right),
    lambda case: "The value is right but autograd finds a gradient that is not.",
    _with_slopes,
)
MEMORY = Problem(
    "right, but holds too much in memory",
    lambda case: bool(case.call.most_memory) and case.answer.peak > case.call.most_memory,
    lambda case: (
        f"The result is right, but your function holds {case.answer.peak / 1e6:.1f} MB at a time; "
        f"{case.call.most_memory / 1e6:.1f} MB are more than enough. Is there an array of the "
        "size of the whole problem?"
    ),
    _with(lambda case: f", {case.answer.peak / 1e6:.1f} MB", lambda case: ", with less"),
)

# Of answers that are all right: found by `lossfns.check.method`.
METHOD = Problem(
    "right results by another way", lambda case: False, lambda case: "", lambda case: {}
)

OF_BAD_INPUT = (
    NOT_WRITTEN,
    ACCEPTS,
    Problem(
        "{answer.error} instead of {right.error} for bad input",
        lambda case: case.answer.error != case.right.error,
        lambda case: (
            f"On this input it must raise {case.right.error}; yours raises {case.answer.error}."
        ),
    ),
)

OF_GOOD_INPUT = (
    NOT_WRITTEN,
    Problem(
        "stops with {answer.error}",
        lambda case: bool(case.answer.error) and case.call.any_result,
        lambda case: (
            f"This input is good, yet it is refused with {case.answer.error}: "
            f"{case.answer.message} Refuse bad input only."
        ),
    ),
    Problem(
        "stops with {answer.error}",
        lambda case: bool(case.answer.error),
        lambda case: f"It stops with {case.answer.error}: {case.answer.message} {_cure(case)}",
    ),
    Problem(
        "returns something else than numbers",
        lambda case: case.answer.kind == "NoneType",
        lambda case: (
            "On other inputs it returns a result, on this one None: a branch of your function ends "
            "without return, or returns something that is None."
        ),
    ),
)

OF_RESULTS = (
    Problem(
        "a Python number instead of a tensor",
        lambda case: case.exercise.torch and case.answer.kind in ("float", "int"),
    ),
    Problem(
        "returns something else than numbers", lambda case: case.answer.value is None, _other_type
    ),
    Problem(
        "a result of another shape",
        lambda case: case.answer.value.shape != case.right.value.shape,
        _other_shape,
    ),
    Problem(
        "NaN or infinity",
        lambda case: not np.isfinite(case.answer.value).all(),
        lambda case: (
            "The result is not a finite number although the right one is. Something on the way "
            "overflows, divides by zero or subtracts infinities."
        ),
    ),
    SCORE,
    VALUE,
    Problem(
        "the graph cut off",
        lambda case: any(slope is None for slope in case.answer.slopes.values()),
        shown=_with_slopes,
    ),
    GRADIENT,
    Problem(
        "the input changed in place",
        lambda case: bool(case.answer.changed),
        shown=_with(
            lambda case: f", and changes {_changed(case)}", lambda case: ", input untouched"
        ),
    ),
    MEMORY,
    Problem(
        "a result on another device",
        lambda case: bool(case.answer.moved),
        lambda case: (
            f"The result is on {case.answer.moved} although the input is not. Make new tensors "
            "from the input, as in torch.zeros_like(pred), and they are where it is."
        ),
        _with(lambda case: f" on {case.answer.moved}", lambda case: " where the input is"),
    ),
    Problem(
        "everything in double precision",
        lambda case: _other_dtype(case) and case.answer.dtype == "float64",
        shown=_with_dtypes,
    ),
    Problem(
        "a result of another dtype",
        _other_dtype,
        lambda case: (
            f"The numbers are right but their dtype is {case.answer.dtype}; "
            f"{'that of the input' if case.exercise.torch else 'float64 or float32'} is expected."
        ),
        _with_dtypes,
    ),
)
