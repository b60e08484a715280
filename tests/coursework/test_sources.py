"""The notebooks of solutions/: reviewable, consistent, and in step with exercises/."""

import doctest
import json
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
import yaml
from coursework.course import ROOT, SOLUTIONS, graded_cells, names, solution

from grader.probes import probes
from grader.release import release
from lossfns.check import EXERCISES
from lossfns.check.exercise import ASPECTS

EVERY_ASSIGNMENT = pytest.mark.parametrize("name", names())


def files(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in paths
        if ".ipynb_checkpoints" not in path.parts
    }


def test_exercises_are_what_the_command_makes(tmp_path):
    release(SOLUTIONS, tmp_path / "exercises")
    fresh, kept = files(tmp_path / "exercises"), files(ROOT / "exercises")
    assert sorted(fresh) == sorted(kept), "run: make exercises"
    for name in fresh:
        assert fresh[name] == kept[name], f"exercises/{name} is out of step; run: make exercises"


@EVERY_ASSIGNMENT
def test_nothing_but_the_notebook_lies_in_its_folder(name):
    assert list(files(SOLUTIONS / name)) == [f"{name}.ipynb"]


@EVERY_ASSIGNMENT
def test_the_notebook_can_be_read_in_a_diff(name):
    path = SOLUTIONS / name / f"{name}.ipynb"
    notebook = solution(name)
    nbformat.validate(notebook)
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells)
    for cell in graded_cells(notebook):
        assert cell.id == cell.metadata.nbgrader.grade_id.replace("_", "-").lower() or (
            cell.id == cell.metadata.nbgrader.grade_id
        )
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    plain = json.loads(path.read_text(encoding="utf8"))
    written = json.dumps(plain, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    assert path.read_text(encoding="utf8") == written


@EVERY_ASSIGNMENT
def test_the_stated_points_are_the_points(name):
    notebook = solution(name)
    points = {
        cell.metadata.nbgrader.grade_id: cell.metadata.nbgrader.points
        for cell in graded_cells(notebook)
        if cell.metadata.nbgrader.grade
    }
    title = notebook.cells[0].source
    assert int(re.search(r"\*\*Total\*\* (\d+) points", title)[1]) == sum(points.values())
    rows = [int(n) for n in re.findall(r"\| (\d+) \|$", title, flags=re.MULTILINE)]
    assert sum(rows) == sum(points.values())
    assert sum(int(n) for n in re.findall(r"`\w+` (\d+)", title)) == sum(
        n for grade_id, n in points.items() if not solution_cell(notebook, grade_id)
    )
    by_hand = sum(n for grade_id, n in points.items() if solution_cell(notebook, grade_id))
    readme = (SOLUTIONS / "README.md").read_text(encoding="utf8")
    row = rf"\[{name}\]\(.*?\) \| {sum(points.values()) - by_hand} \| {by_hand} \|"
    assert re.search(row, readme)


def solution_cell(notebook, grade_id):
    (cell,) = (c for c in graded_cells(notebook) if c.metadata.nbgrader.grade_id == grade_id)
    return cell.metadata.nbgrader.solution


@EVERY_ASSIGNMENT
def test_every_graded_cell_names_its_checks_and_nothing_else(name):
    """The grader reads these calls and asks the same on inputs of its own."""
    for cell in graded_cells(solution(name)):
        if cell.metadata.nbgrader.grade and cell.cell_type == "code":
            for exercise, function, aspects in probes(cell.source):
                assert function == exercise
                assert EXERCISES[exercise].calls(0, aspects)


@EVERY_ASSIGNMENT
def test_the_points_that_learners_are_told_are_those_that_count(name):
    notebook, total = solution(name), 0
    for cell in graded_cells(notebook):
        about = cell.metadata.nbgrader
        if about.grade and cell.cell_type == "code":
            total += about.points
            assert re.findall(r"points=(\d+)", cell.source) == [f"{about.points:g}"]
            assert re.match(rf"# {about.points:g} points?\b", cell.source)
    total_cell, hand_in_cell = notebook.cells[-2:]
    assert total_cell.source.endswith(f"total_points(of={total:g})")
    assert hand_in_cell.source == f'hand_in("{name}")'


def test_no_open_task_stops_a_run():
    """Jupyter and VS Code go on after errors in cells with this tag."""
    released = nbformat.read(ROOT / "exercises/02_regression/02_regression.ipynb", as_version=4)
    for cell in released.cells:
        if cell.cell_type == "code":
            goes_on = "raises-exception" in cell.metadata.get("tags", [])
            assert goes_on == (cell.id not in ("set-up", "torch-set-up")), cell.id


@EVERY_ASSIGNMENT
def test_every_aspect_of_every_function_is_graded(name):
    asked = {}
    for cell in graded_cells(solution(name)):
        if cell.metadata.nbgrader.grade and cell.cell_type == "code":
            for exercise, _, aspects in probes(cell.source):
                asked.setdefault(exercise, set()).update(aspects or ASPECTS)
    for exercise, aspects in asked.items():
        assert {call.aspect for call in EXERCISES[exercise].calls(0)} <= aspects


@EVERY_ASSIGNMENT
def test_only_imports_and_answers_run_when_it_is_graded(name):
    """What is there to be looked at costs time and decides nothing: it has the tag "ungraded"."""
    for cell in solution(name).cells:
        if cell.cell_type == "code" and "nbgrader" not in cell.metadata:
            ungraded = "ungraded" in cell.metadata.get("tags", [])
            assert ungraded or cell.id in ("set-up", "torch-set-up"), cell.id


@EVERY_ASSIGNMENT
def test_the_examples_in_the_stubs_hold_for_the_solution(name):
    space = {"np": np, "torch": torch}
    for cell in graded_cells(solution(name)):
        if cell.cell_type == "code" and cell.metadata.nbgrader.solution:
            exec(cell.source, space)
    finder, runner = doctest.DocTestFinder(), doctest.DocTestRunner()
    for function in [f for f in space.values() if getattr(f, "__doc__", "") and callable(f)]:
        for test in finder.find(function, function.__name__, globs=space, module=False):
            runner.run(test)
    assert runner.tries >= 10
    assert runner.failures == 0


def test_links_of_the_release_point_at_the_repository():
    text = (ROOT / "exercises" / "02_regression" / "02_regression.ipynb").read_text("utf8")
    assert "{{" not in text and "](../" not in text
    address = yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]["url"]
    link = f"[Regression]({address}/blob/main/notebooks/02_regression/index.ipynb)"
    assert (link if address else "the chapter Regression yourself") in text
