"""What any function should do that is called a thousand times: answer, and touch nothing else."""

from __future__ import annotations

import functools

import numpy as np

from lossfns.auditing.call import Arrays, articled
from lossfns.auditing.case import Case
from lossfns.auditing.checks.check import absent, check, fails, passes
from lossfns.auditing.report import Finding
from lossfns.auditing.run import Surroundings

# What torch cannot differentiate; the check "returns a number" says so.
NO_TENSOR = ("float", "int", "ndarray", "float64", "float32", "tuple", "list")


@check(
    "returns a number",
    effect="loss.backward() needs one tensor; a training loop stops, or trains the wrong part of "
    "what came back.",
    cure="return the loss itself, as a tensor (torch) or a float or array (NumPy); log the rest "
    "elsewhere.",
    label="sec-01-loop",
    steady=False,
)
def returns_a_number(case: Case) -> Finding:
    for arrays in case.batches():
        answer = case.ask(arrays)
        if answer.error:
            return fails(
                f"it raises {answer.error}",
                case.written(arrays),
                got=answer.error,
                expected="a number",
                cure=f"the line {answer.line} does not take this input." if answer.line else "",
            )
        if answer.kind in ("tuple", "list") or answer.value is None:
            return fails(
                f"it returns {articled(answer.kind)}",
                case.written(arrays),
                got=answer.kind,
                expected="a number",
            )
        if case.subject.torch and answer.kind in NO_TENSOR:
            return fails(
                f"it returns {articled(answer.kind)}, not a tensor",
                case.written(arrays),
                got=answer.kind,
                expected="a tensor",
                cause="a Python number instead of a tensor",
                cure="stay with tensors to the end: no .item(), float() or .numpy().",
            )
        if not answer.finite:
            return fails(
                "it is not finite for ordinary inputs",
                case.written(arrays),
                got=answer.number,
                expected="a finite number",
                cause="not finite for ordinary inputs",
                cure="look for a logarithm or a division of 0, and for an exponential "
                "of what is large already.",
                label="nan-spreads",
            )
    return passes()


@check(
    "prints nothing",
    effect="A line a step fills the log of a long run and costs time.",
    cure="take the print out, or use the module logging at the level DEBUG.",
    label="sec-01-loop",
    steady=False,
)
def prints_nothing(case: Case) -> Finding:
    arrays = case.draw(2)
    printed = case.ask(arrays).printed.strip()
    if printed:
        line = printed.splitlines()[0][:80]
        return fails(f"it prints {line!r}", case.written(arrays), got=line, expected="nothing")
    return passes()


@check(
    "leaves the world alone",
    effect="Runs with one seed differ from each other once the loss is called more often, and "
    "what else the program does changes with it.",
    cure="draw from a torch.Generator or numpy Generator of its own, and set no seed, default "
    "dtype or number of threads inside a loss.",
    label="sec-01-loop",
    steady=False,
)
def leaves_the_world_alone(case: Case) -> Finding:
    arrays = case.draw(2)
    # Whether torch computes gradients is a matter of the thread.
    changed = case.subject.runner.call(functools.partial(_changes, case, arrays)).value
    if changed:
        return fails(
            f"it changes {changed[0]}",
            case.written(arrays),
            got=", ".join(changed) + " changed",
            expected="left alone",
            cause="global state changed",
        )
    return passes()


def _changes(case: Case, arrays: Arrays) -> list[str]:
    """What a call changes."""
    # A seed that is set anew at each call changes nothing the second time.
    Surroundings.stir()
    before = Surroundings()
    case.work(arrays)
    changed = before.changed()
    before.restore()
    return changed


@check(
    "same answer twice",
    effect="The loss drifts during training for no reason in the data, and no run can be repeated.",
    cure="keep nothing between calls: assign to local names, not to self or to a global; copy a "
    "default list or tensor before it is changed.",
    label="sec-01-loop",
    steady=False,
)
def same_answer_twice(case: Case) -> Finding:
    small, large = case.draw(2), case.draw(8)
    for arrays in (small, large):
        world = Surroundings()
        first = case.ask(arrays)
        case.ask(case.draw(5, seed=3))
        second = case.ask(arrays)
        if first.value is None or second.value is None:
            return fails(
                "the second call fails",
                case.written(arrays),
                got=second.number,
                expected=first.number,
                cause="something kept between calls",
            )
        if np.array_equal(first.value, second.value, equal_nan=True):
            continue
        world.restore()
        third = case.ask(arrays)
        world.restore()
        fourth = case.ask(arrays)
        drawn = third.finite and np.array_equal(np.asarray(third.value), np.asarray(fourth.value))
        return fails(
            "the second of two equal calls gives another number",
            case.written(arrays),
            got=second.number,
            expected=first.number,
            **(_DRAWN if drawn else {"cause": "something kept between calls"}),
        )
    return passes()


RANDOM = "random numbers"
_DRAWN = {
    "cause": RANDOM,
    "cure": "draw nothing inside a loss: noise, dropout and random pairs belong to the model or "
    "the data, where eval() and a seed of their own reach them; or take them as an argument.",
}


@check(
    "inputs unchanged",
    effect="Whoever uses the predictions after the loss, a metric or a second loss, gets others.",
    cure="no in-place operations on arguments: x = x.clamp(...) instead of x.clamp_(...), "
    "x = x - y instead of x -= y; and no backward() inside a loss.",
    label="sec-01-loop",
    steady=False,
)
def inputs_unchanged(case: Case) -> Finding:
    arrays = case.draw(4)
    for wants in ((), case.wrt):
        answer = case.ask(arrays, wants=wants)
        if answer.changed:
            return fails(
                f"it changes {answer.changed[0]}",
                case.written(arrays),
                got=f"{answer.changed[0]} changed",
                expected="left alone",
                cause="an argument changed in place",
            )
    return passes()


@check(
    "carries a gradient",
    effect="backward() fails, or reaches nothing: the model stays as it was initialised.",
    cure="stay with tensor operations from the prediction to the result: no .detach(), .item(), "
    ".numpy(), .data, torch.tensor(...), torch.no_grad(), argmax, round or comparison on the way.",
    label="faq-grad-fn",
    steady=False,
)
def carries_a_gradient(case: Case) -> Finding:
    if not case.subject.torch:
        return absent("NumPy has no gradients of its own")
    arrays = case.draw(4)
    answer = case.ask(arrays, wants=case.wrt)
    if answer.kind in NO_TENSOR:
        return absent("it returns no tensor")
    if answer.error:
        return fails(
            f"backward raises {answer.error}",
            case.written(arrays),
            got=answer.error,
            expected="a gradient",
            cause="backward fails",
        )
    missing = [n for n in case.wrt if answer.grads.get(n) is None]
    if answer.detached or len(missing) == len(answer.grads):
        return fails(
            "the result has no gradient",
            case.written(arrays),
            got="no gradient",
            expected="a gradient",
            cause="the graph cut off",
        )
    if missing:
        return fails(
            f"no gradient arrives at {missing[0]}",
            case.written(arrays),
            got="no gradient",
            expected="a gradient",
            cause="the graph cut off",
        )
    flat = [n for n, g in answer.grads.items() if g is not None and not np.any(g)]
    if flat and case.like is not None and np.any(case.slope(arrays, flat[0])):
        return fails(
            f"the gradient at {flat[0]} is 0 everywhere",
            case.written(arrays),
            got=0.0,
            expected="a gradient",
            cause="the graph cut off",
        )
    return passes()
