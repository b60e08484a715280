"""The model answers pass however they are rewritten, and however their input lies in memory."""

import ast
import functools
from collections.abc import Callable

import numpy as np
import pytest
import torch
from check.rewriting import (
    EINSUM,
    LOOPS,
    Commuted,
    Expanded,
    Reduced,
    Renamed,
    Split,
    rewritten,
)
from coursework.course import names, solutions

from lossfns.check import EXERCISES, check
from lossfns.check.exercise import ASPECTS

SEED = 20261128


def arrays_of(exercise) -> list[str]:
    return list(next(call for call in exercise.calls(SEED) if not call.raises).arrays)


def definitions(assignment: str) -> str:
    """All functions of the model answers of an assignment: some call others."""
    trees = [ast.parse(text) for text in solutions(assignment).values() if "\n    ###" in text]
    return "\n\n".join(
        ast.unparse(node) for tree in trees for node in tree.body if not isinstance(node, ast.Expr)
    )


ARRAYS = {name: arrays_of(exercise) for name, exercise in EXERCISES.items()}
ANSWERS = {assignment: definitions(assignment) for assignment in names()}
HOMES = {
    node.name: assignment
    for assignment, source in ANSWERS.items()
    for node in ast.parse(source).body
    if isinstance(node, ast.FunctionDef)
}
WAYS: dict[str, tuple[list[Callable[[], ast.NodeTransformer]], dict[str, Callable]]] = {
    "with loops": ([Reduced], LOOPS),
    "with einsum": ([Reduced, Commuted], EINSUM),
    "in many steps": ([Expanded, Split, lambda: Renamed(ARRAYS)], LOOPS),
}
WRITTEN = [name for name in EXERCISES if name in HOMES]
# A training loop makes its parameters in double precision.
NUMPY = [name for name in WRITTEN if not EXERCISES[name].torch and not EXERCISES[name].repairs]


def answer(name: str, way: str | None = None) -> Callable:
    return answers(HOMES[name], way)[name]


@functools.cache
def answers(assignment: str, way: str | None) -> dict[str, Callable]:
    steps, tools = WAYS[way] if way else ([], {})
    space = {"np": np, "torch": torch} | tools
    exec(rewritten(ANSWERS[assignment], *(step() for step in steps)), space)
    return space


def given(function: Callable, change: Callable) -> Callable:
    """The function, with another form of each of its arrays."""
    return lambda *arrays, **options: function(
        *(change(array) if array.ndim else array for array in arrays), **options
    )


def test_every_exercise_has_its_model_answer():
    assert HOMES.keys() == EXERCISES.keys()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", WRITTEN)
def test_a_rewritten_answer_passes(name, way):
    check(name, answer(name, way), seed=SEED)


@pytest.mark.parametrize("way", WAYS)
def test_rewriting_changes_each_notebook(way):
    for source in ANSWERS.values():
        assert rewritten(source, *(step() for step in WAYS[way][0])) != rewritten(source)


@pytest.mark.parametrize("name", WRITTEN)
def test_every_second_number_of_a_larger_array_will_do(name):
    def spread(array):
        if isinstance(array, torch.Tensor):
            return array.repeat_interleave(2, dim=-1)[..., ::2]
        return np.repeat(array, 2, axis=-1)[..., ::2]

    check(name, given(answer(name), spread), seed=SEED)


@pytest.mark.parametrize("name", NUMPY)
def test_arrays_that_lie_backwards_in_memory_will_do(name):
    function = answer(name)
    if "torch" in function.__code__.co_names:
        return  # PyTorch takes none of these.
    check(name, given(function, lambda array: array[::-1].copy()[::-1]), seed=SEED)


@pytest.mark.parametrize("name", NUMPY)
def test_single_precision_will_do_for_ordinary_numbers(name):
    """Extremes are asked for because single precision cannot hold them."""

    def single(array):
        return np.float32(array) if array.dtype.kind == "f" else array

    asked = {call.aspect for call in EXERCISES[name].calls(SEED)} - {"extremes"}
    aspects = [aspect for aspect in ASPECTS if aspect in asked]
    check(name, given(answer(name), single), seed=SEED, aspects=aspects)
