"""A course with the short assignment and a class that has handed it in."""

import functools
import json
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

import nbformat
from coursework.course import Course as Commands
from nbformat import NotebookNode
from submissions.corpus import REFUSED_NAMES, Sample
from submissions.student_folder import NAME, StudentFolder, assignment

from grader.course import Course

# Short, for the class has people who wait for ever; long enough for a slow machine to import torch.
LIMITS = {"cell": 30, "probe": 30, "interrupt": 2, "memory": 2 * 2**30, "disk": 32 * 2**20}


class CourseFolder:
    """A course folder: `commands` are nbgrader's, `course` is what `python -m grader` works on."""

    def __init__(self, folder: Path, port: int = 9):
        self.folder, self.port = folder, port
        self.commands = Commands(folder, folder / "solutions")
        self.course = Course.open(str(folder), **LIMITS)

    def release(self, *options: str) -> None:
        """Release the short assignment, as nbgrader does it; without options, once for all."""
        if options:
            self._release(*options)
        else:
            shutil.copytree(_released_once().name, self.folder, dirs_exist_ok=True)

    def _release(self, *options: str) -> None:
        source = self.folder / "solutions" / NAME / f"{NAME}.ipynb"
        source.parent.mkdir(parents=True)
        nbformat.write(assignment(), source)
        self.commands.nbgrader("generate_assignment", NAME, *options)

    def released(self) -> NotebookNode:
        return nbformat.reads(self.course.released(NAME), as_version=4)

    def hand_in(self, samples: Iterable[Sample]) -> None:
        released = self.released()
        for sample in samples:
            folder = self.folder / "submitted" / sample.name / NAME
            folder.mkdir(parents=True)
            sample.make(StudentFolder(released, folder, self.port))

    def hand_in_under_bad_names(self) -> None:
        student_folder = StudentFolder(self.released(), self.folder, self.port)
        for name in REFUSED_NAMES:
            folder = self.folder / "submitted" / name / NAME
            folder.mkdir(parents=True)
            (folder / f"{NAME}.ipynb").write_text(json.dumps(student_folder.notebook()))

    def scores(self, student: str) -> dict[str, float | None]:
        """The automatic marks of a student, from the gradebook."""
        with self.commands.open_gradebook() as gradebook:
            submission = gradebook.find_submission(NAME, student)
            (notebook,) = submission.notebooks
            return {grade.name: grade.auto_score for grade in notebook.grades}


@functools.cache
def _released_once() -> tempfile.TemporaryDirectory[str]:
    """A course folder with the released assignment and its gradebook, to be copied."""
    folder = tempfile.TemporaryDirectory(prefix="released-")
    CourseFolder(Path(folder.name))._release()
    return folder
