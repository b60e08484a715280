"""What `check` says, to learners whose answer is wrong and to callers who use it wrongly."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lossfns.check import EXERCISES, CheckFailed, check, checking
from lossfns.check.answer import Answer, ask
from lossfns.check.compare import reference
from lossfns.check.exercise import Call, Recognised
from lossfns.check.judge import judge
from lossfns.check.written import written


def advice(name, function, **options):
    with pytest.raises(CheckFailed) as failure:
        check(name, function, **options)
    return str(failure.value)


def mae(pred, target):
    return np.abs(pred - target).mean()


def mse(pred, target, reduction="mean"):
    if pred.shape != target.shape:
        raise ValueError("shapes differ")
    squares = (pred - target) ** 2
    if reduction not in ("none", "sum", "mean"):
        raise ValueError("unknown reduction")
    return squares if reduction == "none" else getattr(squares, reduction)()


def not_implemented(*args, **options):
    raise NotImplementedError


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize("function", [not_implemented, lambda *args, **options: None])
def test_a_function_that_is_not_written_is_said_to_be_so(name, function):
    message = advice(name, function)
    assert "not written yet" in message
    assert " ".join(EXERCISES[name].signature.split()) in " ".join(message.split())


def test_not_written_is_said_for_bad_input_too():
    assert "not written yet" in advice("mse", not_implemented, aspects=["bad input"])


@pytest.mark.parametrize("name", EXERCISES)
def test_bad_input_that_is_accepted_is_said_to_be(name):
    """Asked alone, as one cell of an assignment does, whatever the function returns."""
    exercise = EXERCISES[name]
    if any(call.raises for call in exercise.calls(0)):
        zero = torch.zeros(()) if exercise.torch else 0.0
        message = advice(name, lambda *args, **options: zero, aspects=["bad input"])
        assert "must raise ValueError" in message or "This looks like" in message


def test_a_branch_without_return_is_not_an_unwritten_function():
    def first_bad_step(losses):
        for step, loss in enumerate(losses):
            if not np.isfinite(loss):
                return step

    message = advice("first_bad_step", first_bad_step)
    assert "ends without return" in " ".join(message.split())
    assert "first_bad_step(np.array([2.5, 1.5, 0.5]))" in message


def test_the_smallest_input_can_be_pasted():
    message = advice("mae", lambda pred, target: np.abs(pred - target).sum())
    (line,) = (line for line in message.splitlines() if line.startswith("  mae("))
    assert eval(line, {"mae": mae, "np": np}) == pytest.approx(shown(message, "right"))
    assert shown(message, "yours") == pytest.approx(2 * shown(message, "right"))


def test_the_smallest_input_of_a_tensor_exercise_can_be_pasted():
    def total(pred, target, delta=1.0):
        return torch.nn.functional.huber_loss(pred, target, delta=delta, reduction="sum")

    message = advice("huber_torch", total)
    (line,) = (line for line in message.splitlines() if line.startswith("  huber_torch("))
    value = eval(line, {"huber_torch": total, "torch": torch})
    assert value.dtype == torch.float32
    assert f"yours: {value.item():.6g}" in message


def shown(message, whose):
    (line,) = (line for line in message.splitlines() if line.startswith(f"  {whose}: "))
    return float(line.split(": ")[1])


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda p, t: 3 * mae(p, t), "times 3."),
        (lambda p, t: 5 * np.abs(p - t).sum(), "times 5 × n"),
        (lambda p, t: mae(p, t) / p.size, "times 1 / n"),
        (lambda p, t: mae(p, t) + 1, "none of the usual mistakes"),
        (lambda p, t: [mae(p, t)], "returns list"),
        (lambda p, t: str(mae(p, t)), "returns str"),
        (lambda p, t: torch.tensor(mae(p, t)), "returns Tensor"),
        (lambda p, t: np.array([mae(p, t)]), "has shape (1,); one number is expected"),
        (lambda p, t: np.abs(p - t), "not yet averaged?"),
        (lambda p, t: (p - t if p > t else t - p).mean(), "np.where(condition, this, that)"),
        (lambda p, t: mae(p, t) * 1j, "complex128"),
        (lambda p, t: np.array([mae(p, t)], dtype=object)[:, None], "object"),
        (lambda p, t: mae(p, t) * np.inf, "not a finite number"),
        (lambda p, t: np.float16(mae(p, t) if mae(p, t) < 5 else 0), "dtype is float16"),
        (lambda p, t: p.mena(), "no attribute 'mena'"),
        (lambda p: 0.0, "takes 1 positional argument but 2 were given"),
        (lambda p, t: 1 / 0, "ZeroDivisionError"),
        (lambda p, t: exit(), "SystemExit"),
        (lambda p, t: [np.subtract(p, t, out=t), np.abs(t).mean()][1], "changes its input target"),
    ],
)
def test_other_mistakes_are_described(wrong, words):
    aspects = ["values"] if "float16" in words else None
    assert words in " ".join(advice("mae", wrong, aspects=aspects).split())


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda p, t, delta=1.0: [0.0], "where a torch.Tensor of real numbers is expected"),
        (lambda p, t, delta=1.0: p.add_(1), "in-place operation"),
        (lambda p, t, delta=1.0: t.sub_(p).mul_(-1).abs().mean(), "not yet right"),
        (lambda p, t, delta=1.0: huber(p, t, delta) + (p - p.detach()).sum(), "finds a gradient"),
        (lambda p, t, delta=1.0: torch.tensor(huber(p, t, delta).item()), "no gradient reaches"),
        (
            lambda p, t, delta=1.0: huber(p, t, delta).double(),
            "their dtype is float64",
        ),
        (lambda p, t, delta=1.0: huber(p, t, delta).to("meta"), "meta"),
    ],
)
def test_mistakes_with_tensors_are_described(wrong, words):
    assert words in " ".join(advice("huber_torch", wrong).split())


def huber(pred, target, delta):
    return torch.nn.functional.huber_loss(pred, target, delta=delta)


def test_a_second_mistake_does_not_hide_the_first():
    """Half the loss, and no check of shapes at all: the value comes first."""

    def wrong(pred, target, reduction="mean"):
        losses = 0.5 * (pred - target) ** 2
        return losses if reduction == "none" else getattr(losses, reduction)()

    assert "half of the mean squared error" in advice("mse", wrong)


def test_a_misconception_that_is_right_on_the_input_explains_nothing():
    """Among those of the MSE, some go wrong on bad input only."""

    def half_precision(pred, target, reduction="mean"):
        return np.float16(mse(pred, target, reduction))

    message = advice("mse", half_precision, aspects=["reductions"], seed=3)
    assert "dtype is float16" in " ".join(message.split())


def test_a_result_that_is_not_good_enough_is_told_what_would_be():
    message = advice("fit_line", lambda x, y, **options: np.array([0.5, 0.25]))
    assert "it is not good enough" in message
    assert shown(message, "loss of right") < shown(message, "good enough")
    assert shown(message, "good enough") < shown(message, "loss of yours")


@pytest.mark.gpu
def test_a_result_on_another_device_is_a_mistake():
    def moved(pred, target, delta=1.0):
        return huber(pred, target, delta).cpu()

    message = advice("huber_torch", moved)
    assert "The result is on cpu although the input is not." in message
    check("huber_torch", lambda pred, target, delta=1.0: huber(pred, target, delta))


def test_aspects_are_judged_apart():
    def without_bad_input(pred, target, reduction="mean"):
        squares = (pred - target) ** 2
        return (
            squares
            if reduction == "none"
            else squares.sum()
            if reduction == "sum"
            else (squares.mean())
        )

    check("mse", without_bad_input, aspects=["values", "reductions", "extremes"])
    message = advice("mse", without_bad_input)
    assert "broadcasting" in message or "unknown reduction" in message
    assert "Already right: values, reductions, extremes." in message


@pytest.mark.parametrize(
    ("name", "function", "mistake"),
    [
        (
            "huber",
            lambda p, t, delta=1.0: huber_losses(p, t, delta).mean(),
            "not positive accepted",
        ),
        ("bce", lambda p, t: -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean(), "no probabilities"),
    ],
)
def test_bad_input_asked_alone_is_explained_by_a_mistake_about_bad_input(name, function, mistake):
    """Wrong variants of the values accept bad input, too, and must not be named for it."""
    assert mistake in advice(name, function, aspects=["bad input"])


def huber_losses(pred, target, delta):
    size = np.abs(pred - target)
    return np.where(size <= delta, 0.5 * size**2, delta * (size - 0.5 * delta))


def test_another_seed_asks_other_questions():
    def answers(seed):
        return [call.arrays["pred"].tolist() for call in EXERCISES["mse"].calls(seed)]

    assert answers(1) == answers(1)
    assert answers(1) != answers(2)
    shapes = {
        call.arrays["pred"].shape for seed in range(20) for call in EXERCISES["mse"].calls(seed)
    }
    assert len(shapes) > 30


@pytest.mark.parametrize(
    ("arguments", "options", "error", "words"),
    [
        (("maee", mae), {}, ValueError, "did you mean 'mae'"),
        (("xyz", mae), {}, ValueError, "There are: weighted_risk, ridge_risk"),
        ((mae, "mae"), {}, TypeError, 'the order is check("mse", mse)'),
        (("mae", 0.5), {}, TypeError, "without calling mae"),
        (("mae", mae), {"aspects": "values"}, TypeError, "sequence"),
        (("mae", mae), {"aspects": ["value"]}, ValueError, "unknown aspects ['value']"),
        (("mae", mae), {"aspects": ["bad input"]}, ValueError, "asks nothing about bad input"),
    ],
)
def test_wrong_use_of_check_is_explained(arguments, options, error, words):
    with pytest.raises(error) as failure:
        check(*arguments, **options)
    assert words in str(failure.value)


def test_a_fault_of_the_exercise_is_not_blamed_on_the_learner(monkeypatch):
    monkeypatch.setattr(torch.nn.MSELoss, "forward", lambda self, p, t: 2 * (p - t).square().mean())
    with pytest.raises(RuntimeError, match="a fault of the exercise"):
        check("mse_torch", lambda p, t, reduction="mean": mse(p, t, reduction))


def test_masks_and_missing_numbers_can_be_pasted():
    exercise = EXERCISES["mse"]
    arrays = {"losses": np.array([1.5, np.nan, -np.inf]), "mask": np.array([True, False, True])}
    pasted = written(exercise, Call(arrays)).replace("mse(", "list((", 1) + ")"
    losses, mask = eval(pasted, {"np": np})
    assert np.array_equal(losses, arrays["losses"], equal_nan=True)
    assert np.array_equal(mask, arrays["mask"]) and mask.dtype == bool


def test_a_mistake_can_be_recognised_by_what_it_shows():
    """Where numbers differ from run to run, as those of trained models do."""
    negative = Recognised(lambda p, t: -mae(p, t), lambda call, value: value < 0)
    exercise = replace(EXERCISES["mae"], mistakes={"the sum instead of the mean": negative})
    (shown,) = exercise.misconceptions
    calls = exercise.calls(0)
    for factor, explained in ((-3.0, shown), (3.0, None)):
        answers = [ask(lambda p, t, k=factor: k * mae(p, t), call) for call in calls]
        assert judge(exercise, calls, answers).explained is explained


def test_the_reference_warns_nobody(recwarn):
    """It is asked about tables with one class on purpose; a line on stderr is read as an error."""
    for name in ("cross_entropy", "softmax", "log_softmax"):
        exercise = EXERCISES[name]
        for call in exercise.calls(0, None):
            if not call.raises:
                reference(exercise, call)
    assert not list(recwarn)


def test_a_reply_without_the_gradient_that_was_asked_for_is_wrong():
    """As a forged one may be: the judge says so, and nothing breaks."""
    exercise = EXERCISES["mse_torch"]
    calls = exercise.calls(0, None)
    answers = [
        Answer(error="ValueError") if call.raises else replace(reference(exercise, call), slopes={})
        for call in calls
    ]
    assert judge(exercise, calls, answers).findings


def test_a_name_from_an_experiment_is_explained():
    def loss(pred, target):
        return abs(pred - target).mean() * shown_in_a_plot  # noqa: F821

    message = " ".join(advice("mae", loss).split())
    assert "NameError: name 'shown_in_a_plot' is not defined" in message
    assert "comes from an experiment" in message


def test_a_function_that_holds_too_much_at_a_time_is_told_so():
    def whole(hidden, weight, target, chunk):
        if chunk < 1 or not 0 <= target.min() <= target.max() < len(weight):
            raise ValueError
        logits = hidden @ weight.T
        own = logits[np.arange(len(target)), target]
        return (np.logaddexp.reduce(logits, axis=1) - own).mean()

    message = " ".join(advice("chunked_cross_entropy", whole).split())
    assert "The result is right, but your function holds" in message
    assert "1.0 MB are more than enough" in message
    assert "Already right: values, extremes, bad input." in message
    check("chunked_cross_entropy", whole, aspects=["values", "extremes", "bad input"])


def test_a_formula_that_the_task_asks_for_is_told_to_those_who_ask_again(monkeypatch):
    monkeypatch.setattr(checking, "_told", {})

    def told(**options):
        with pytest.raises(CheckFailed) as failure:
            check("log_sigmoid", lambda z: -np.log1p(np.exp(-z)), **options)
        return " ".join(str(failure.value).split())

    first, other, again = told(), told(aspects=["extremes"]), told()
    for said in (first, other, again):
        assert "This looks like: an exponential that overflows for z < 0." in said
    formula = "Written out: min(z, 0) - ln(1 + e^-|z|)."
    assert formula not in first and "run the check again: it says the formula" in first
    # Both checks of an exercise run one after the other: that is not asking again.
    assert formula not in other
    assert formula in again and "run the check again" not in again
    with pytest.raises(CheckFailed):
        check("log_sigmoid", lambda z: np.log1p(np.exp(z)))
    assert formula not in told()


def test_hints_with_a_formula_say_what_is_wrong_without_it():
    mistakes = [one for exercise in EXERCISES.values() for one in exercise.misconceptions]
    kept = [one for one in mistakes if one.formula]
    assert len(kept) >= 30
    for one in kept:
        assert one.formula not in one.hint and one.formula in one.whole


def branches(pred, target):
    return (pred - target if pred > target else target - pred).mean()


def branches_of_tensors(pred, target, delta=1.0):
    e = abs(pred - target)
    return (0.5 * e * e if e < delta else delta * (e - 0.5 * delta)).mean()


def lost_name(pred, target):
    return abs(pred - elsewhere).mean()  # noqa: F821


def in_place(pred, target, reduction="mean"):
    pred -= target
    return pred.square().mean()


def by_view(logits, target, label_smoothing=0.0):
    flat = logits.view(-1)
    loss = torch.nn.functional.cross_entropy
    return loss(flat.view(logits.shape), target, label_smoothing=label_smoothing)


@pytest.mark.parametrize(
    ("name", "function", "cure"),
    [
        ("mae", branches, "np.where(condition, this, that) decides for every item"),
        ("huber_torch", branches_of_tensors, "torch.where(condition, this, that) decides"),
        ("mae", lost_name, "define it inside the function, or above it"),
        ("mse_torch", in_place, "make a new tensor, as `a = a - b` does, instead of `a -= b`"),
        ("cross_entropy_torch", by_view, "as a transposed table does, which .view cannot follow"),
    ],
)
def test_exceptions_that_nearly_everybody_meets_come_with_their_cure(name, function, cure):
    with pytest.raises(CheckFailed) as failure:
        check(name, function)
    assert cure in " ".join(str(failure.value).split())
