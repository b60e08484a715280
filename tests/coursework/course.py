"""A course in a scratch directory, run with stock nbgrader's commands and our configuration."""

import copy
import os
import subprocess
import sys
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook

ROOT = Path(__file__).resolve().parents[2]
SOLUTIONS = ROOT / "solutions"


class Course:
    def __init__(self, folder: Path, source: Path = SOLUTIONS):
        self.folder, self.source = folder, source
        self.gradebook = f"sqlite:///{folder}/gradebook.db"

    def nbgrader(self, *arguments: str) -> str:
        """Run a command as an instructor would, in the root of the repository."""
        command = [
            *(sys.executable, "-m", "nbgrader", *arguments),
            f"--CourseDirectory.root={self.folder}",
            f"--CourseDirectory.source_directory={self.source}",
        ]
        # Jupyter's own settings and history of whoever runs the tests stay out.
        private = {f"JUPYTER_{kind}_DIR": str(self.folder / kind) for kind in ("CONFIG", "RUNTIME")}
        done = subprocess.run(
            command, cwd=ROOT, env=os.environ | private, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def released(self, name: str):
        return nbformat.read(self.folder / "exercises" / name / f"{name}.ipynb", as_version=4)

    def submit(self, student: str, name: str, notebook) -> None:
        path = self.folder / "submitted" / student / name / f"{name}.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(notebook, path)

    def open_gradebook(self) -> Gradebook:
        return Gradebook(self.gradebook)


def answered(released, answers: dict[str, str]):
    """The released notebook with these sources in the cells that learners fill in."""
    notebook = copy.deepcopy(released)
    cells = {cell.metadata.nbgrader.grade_id: cell for cell in graded_cells(notebook)}
    for grade_id, source in answers.items():
        assert cells[grade_id].metadata.nbgrader.solution, grade_id
        cells[grade_id].source = source
    return notebook


def solution(name: str):
    return nbformat.read(SOLUTIONS / name / f"{name}.ipynb", as_version=4)


def solutions(name: str) -> dict[str, str]:
    """The model answers, by the id of their cell."""
    return {
        cell.metadata.nbgrader.grade_id: cell.source
        for cell in graded_cells(solution(name))
        if cell.metadata.nbgrader.solution
    }


def graded_cells(notebook):
    return [cell for cell in notebook.cells if "nbgrader" in cell.metadata]


def names() -> list[str]:
    return sorted(path.parent.name for path in SOLUTIONS.glob("*/*.ipynb"))
