"""Our steps in nbgrader's own commands; nbgrader_config.py names them.

`nbgrader autograde` and the button of the formgrader thereby do what `python -m grader grade` does,
one submission after the other. nbgrader never opens a submission itself: what it reads in its place
is the released notebook, and the step `Grade` puts the graded one there.
"""

import os
import re
import shutil
from pathlib import Path
from typing import Any

import nbformat
import yaml
from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool, Dict

from grader.course import Course
from grader.errors import CourseError
from grader.gradebook import answers, set_marks
from grader.handed_in import Unreadable, find_notebook, is_student_id
from grader.job import Result
from grader.levels import require_level
from grader.published import METADATA, set_up
from grader.results import finished, keep, latest
from grader.submission import do

CONFIG = Path(__file__).resolve().parent.parent / "_config.yml"
Resources = dict[str, Any]


class RepositoryAddress(NbGraderPreprocessor):
    """A step of the release: fill in the repository, which only _config.yml knows.

    A learner's copy lies alone, perhaps on Colab: links that are relative to the repository
    become absolute, or plain words before it has an address, and the set-up cell learns from where
    to install.
    """

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        repository = yaml.safe_load(CONFIG.read_text(encoding="utf8"))["repository"]
        url, branch = repository["url"], repository["branch"]
        for cell in nb.cells:
            if "# {{set-up}}" in cell.source:
                cell.source = cell.source.replace("# {{set-up}}", set_up(quizzes=False))
                cell.metadata.update(METADATA)
            if cell.cell_type == "markdown" and url:
                cell.source = re.sub(r"\]\(\.\./\.\./", f"]({url}/blob/{branch}/", cell.source)
            elif cell.cell_type == "markdown":
                cell.source = re.sub(r"\[([^\]]+)\]\(\.\./\.\./[^)]*\)", r"\1", cell.source)
        return nb, resources


class RunsToTheEnd(NbGraderPreprocessor):
    """A step of the release: no open task stops *Run All*.

    Jupyter and VS Code go on after an error in a cell with this tag. The set-up cells have none:
    without their imports nothing works.
    """

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        for cell in nb.cells:
            tags = cell.metadata.get("tags", [])
            if cell.cell_type == "code" and ("nbgrader" in cell.metadata or "ungraded" in tags):
                cell.metadata["tags"] = sorted({*tags, "raises-exception"})
        return nb, resources


class SubmissionExporter(NotebookExporter):
    """Reads the released notebook where nbgrader would read a submission.

    A submission may be no notebook at all; whatever it is, intake deals with it later.
    """

    def from_filename(self, filename: str, resources: Any = None, **kw: Any) -> Any:
        assert self.parent is not None
        course = Course(self.parent.coursedir)
        assignment = resources["nbgrader"]["assignment"]
        student = resources["nbgrader"]["student"]
        if Path(filename).parent == course.path("submitted", student, assignment):
            notebook = nbformat.reads(course.released(assignment), as_version=4)
            made = self.from_notebook_node(notebook, resources=resources, **kw)  # type: ignore[no-untyped-call]
            return made
        return super().from_filename(filename, resources=resources, **kw)


class Grade(NbGraderPreprocessor):
    """The step of `nbgrader autograde` that runs a notebook, ours: intake, sandbox, verifier."""

    trust_code = Bool(
        False, help="Grade although this machine has no sandbox (--Grade.trust_code=True)"
    ).tag(config=True)
    limits = Dict(help="What a submission may use, where it differs from grader.limits.Limits").tag(
        config=True
    )

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        course = Course(CourseDirectory(parent=self.parent, config=self.config), self.limits)
        about = resources["nbgrader"]
        require_level(self.trust_code)
        job = course.job(about["assignment"], about["student"], self.trust_code)
        if job is None:
            raise CourseError(f"{about['student']} has handed in nothing of {about['assignment']}")
        folder = course.results(about["assignment"])
        before = latest(folder, about["student"])
        result = finished(folder, job) or do(job)
        keep(folder, result)
        self.log.info("%s: %s %s", result.student, result.status, result.message)
        for flag in result.flags:
            self.log.warning("%s: flag: %s", result.student, flag)
        resources["result"] = result
        resources["before"] = answers(before.notebook) if before else {}
        return nbformat.from_dict(result.notebook), resources


class SaveMarks(NbGraderPreprocessor):
    """The step in place of reading marks from outputs: take them from the result."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        about, result = resources["nbgrader"], resources["result"]
        assert isinstance(result, Result)
        with Gradebook(about["db_url"]) as gradebook:
            notebook = gradebook.find_submission_notebook(
                about["notebook"], about["assignment"], about["student"]
            )
            set_marks(notebook, result, resources["before"])
            gradebook.db.commit()
        return nb, resources


def before_autograde(*, assignment: str, student: str, notebooks: list[str]) -> None:
    """A notebook that was handed in under another name gets a copy under the right one."""
    for path in map(Path, notebooks):
        folder, name = path.parent, path.parent.name
        if path.stem == name or not is_student_id(folder.parent.name):
            continue
        try:
            found = find_notebook(folder, name)
        except (Unreadable, OSError):
            continue
        target = folder / f"{name}.ipynb"
        if found == path and not os.path.lexists(target):
            shutil.copyfile(path, target, follow_symlinks=False)
            notebooks[:] = [str(target)]
