"""The page that a learner gets back, in place of nbgrader's: what to read and to do first.

`nbgrader generate_feedback` calls it for each graded notebook, after its own step has put the
scores and comments of the gradebook, those of people included, into the cells.
"""

import re
from collections.abc import Iterator
from typing import Any

import nbformat
from nbconvert.exporters.exporter import Exporter
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.preprocessors import GetGrades

from grader.attempts import which
from grader.cells import read_cell, uses
from grader.course import Course
from grader.pages import code, markdown, page, printed, text
from grader.status import Status
from lossfns.labels import place, where

Resources = dict[str, Any]


class GetMarks(GetGrades):
    """nbgrader's step that puts marks and comments into cells; also what waits, and how late."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        nb, resources = super().preprocess(nb, resources)
        with Gradebook(self.db_url) as book:
            submission = book.find_submission(self.assignment_id, self.student_id)
            resources["nbgrader"]["seconds_late"] = submission.total_seconds_late
        return nb, resources

    def _get_score(self, cell: NotebookNode, resources: Resources) -> None:
        super()._get_score(cell, resources)
        about = cell.metadata.nbgrader
        grade = self.gradebook.find_grade(
            about["grade_id"], self.notebook_id, self.assignment_id, self.student_id
        )
        about["waits"] = bool(grade.needs_manual_grade) and grade.manual_score is None


class FeedbackExporter(Exporter):
    """Makes the page from a graded notebook with the marks of the gradebook."""

    file_extension = ".html"

    def from_notebook_node(  # type: ignore[override]  # a page, not a notebook
        self, nb: NotebookNode, resources: Resources | None = None, **kw: Any
    ) -> tuple[str, Resources]:
        nb, resources = super().from_notebook_node(nb, resources, **kw)
        about = resources["nbgrader"]
        assert self.parent is not None
        course = Course(self.parent.coursedir)
        about["attempt"] = which(course, about["assignment"], about["student"])
        rubrics = _rubrics(course, about["assignment"])
        return feedback(nb, about, rubrics), resources


def feedback(notebook: NotebookNode, about: dict[str, Any], rubrics: dict[str, str]) -> str:
    """The page; `about` holds student, assignment, score, max_score and late_penalty."""
    cells = [cell for cell in notebook.cells if cell.get("id") != "grading-status"]
    title = cells[0].source.partition("\n")[0].lstrip("# ") if cells else about["assignment"]
    checks = [cell for cell in cells if _is_check(cell)]
    essays = [cell for cell in cells if _is_essay(cell)]
    body = [
        f"<header><h1>{text(title)}</h1>",
        f'<p class="soft">Feedback for {text(about["student"])}</p>',
        *_sum(about, essays),
        *_status(notebook.metadata.get("grading", {})),
        "</header><main>",
        *_next(
            checks, {_about(cell)["grade_id"]: cell.source for cell in cells if _is_answer(cell)}
        ),
        "<h2>At a glance</h2>",
        _table(checks, essays),
        "<h2>Your answers</h2>",
        *_answers(cells, rubrics),
        "</main>",
    ]
    return page(f"{title}: feedback for {about['student']}", "\n".join(body))


def _sum(about: dict[str, Any], essays: list[NotebookNode]) -> Iterator[str]:
    score, most = about["score"], about["max_score"]
    yield f'<p class="sum"><strong>{_points(score)} of {_points(most)} points</strong></p>'
    if attempt := about.get("attempt"):
        yield f"<p>This is your attempt {text(attempt)}.</p>"
    if seconds := about.get("seconds_late"):
        hours = seconds / 3600
        late = f"{hours / 24:.1f} days" if hours >= 24 else f"{hours:.1f} hours"
        penalty = about.get("late_penalty")
        cost = f"{_points(penalty)} points were taken off" if penalty else "that cost no points"
        yield f"<p>It came {late} after the deadline; {cost}.</p>"
    waiting = sum(_about(cell).get("points", 0) for cell in essays if _waits(cell))
    if waiting:
        yield f"<p>{_points(waiting)} points are for answers that nobody has marked yet.</p>"


def _status(known: dict[str, Any]) -> Iterator[str]:
    status = known.get("status", Status.GRADED)
    if status != Status.GRADED:
        meaning = Status(status).meaning
        yield f'<div class="verdict wait"><strong>{text(status)}</strong>: {text(meaning)}. '
        yield f"{text(known.get('message', ''))}</div>"
    if remarks := known.get("remarks"):
        lines = "".join(f"<li>{markdown(one)}</li>" for one in remarks)
        yield f"<details><summary>How your notebook was read ({len(remarks)})</summary>"
        yield f"<ul>{lines}</ul></details>"


def _next(checks: list[NotebookNode], answers: dict[str, str]) -> Iterator[str]:
    """What to do first: where most points are missing, but before a function what it calls."""
    lost: dict[str, float] = {}
    for cell in checks:
        about = _about(cell)
        if missing := about.get("points", 0) - (about.get("score") or 0):
            name = _name(cell)
            lost[name] = lost.get(name, 0) + missing
    if not lost:
        yield "<p>Every check was passed: nothing has to be mended.</p>"
        return
    calls = {}
    for name in lost:
        used = {one for line in read_cell(answers.get(name, "")).statements for one in uses(line)}
        calls[name] = used & (lost.keys() - {name})
    first: list[str] = []
    for name in sorted(lost, key=lambda name: -lost[name]):
        first += [one for one in (*sorted(calls[name]), name) if one not in first]
    named = ", ".join(f"<code>{text(name)}</code> ({_points(lost[name])})" for name in first[:3])
    yield (
        f"<p><strong>What to do next:</strong> most points are missing for {named}. Read what "
        "happened, the place that it names, and try the smallest input by hand.</p>"
    )
    for name in first[:3]:
        for other in sorted(calls[name]):
            yield (
                f"<p><code>{text(name)}</code> calls <code>{text(other)}</code>: when that is "
                f"right, <code>{text(name)}</code> may be, too.</p>"
            )


def _table(checks: list[NotebookNode], essays: list[NotebookNode]) -> str:
    rows = [*map(_row_of_check, checks), *map(_row_of_essay, essays)]
    return (
        '<table class="rows"><thead><tr><th>Function</th><th class="number">Points</th>'
        "<th>What happened</th><th>Read again</th></tr></thead><tbody>"
        + "\n".join(rows)
        + "</tbody></table>"
    )


def _row_of_check(cell: NotebookNode) -> str:
    about, finding = _about(cell), _finding(cell)
    right = (about.get("score") or 0) >= about.get("points", 0)
    happened, read = text(finding.get("said", "")), ""
    if not right:
        if example := finding.get("example"):
            happened += f"<details><summary>smallest input</summary>{printed(example)}</details>"
        read = _read(finding)
    elif not finding.get("right", True):
        happened = "accepted by whoever marked it"
    return _row(cell, _name(cell) + _aspects(finding), "good" if right else "bad", happened, read)


def _row_of_essay(cell: NotebookNode) -> str:
    waits = _waits(cell)
    about = _about(cell)
    happened = "waits for a person" if waits else "marked by a person"
    if about.get("comment"):
        happened = "see the comment"
    return _row(cell, about["grade_id"].replace("-", " "), _kind(cell), happened, "")


def _row(cell: NotebookNode, name: str, kind: str, happened: str, read: str) -> str:
    about = _about(cell)
    score = "–" if _waits(cell) else _points(about.get("score") or 0)
    read = f'<td data-label="Read again">{read}</td>' if read else "<td></td>"
    return (
        f'<tr><td class="is-{kind}"><a href="#{text(about["grade_id"])}">{text(name)}</a></td>'
        f'<td class="number" data-label="Points">{score} of {_points(about.get("points", 0))}</td>'
        f'<td data-label="What happened">{happened}</td>{read}</tr>'
    )


def _answers(cells: list[NotebookNode], rubrics: dict[str, str]) -> Iterator[str]:
    """The learner's cells with the verdict under each; what they answer can be unfolded."""
    task: list[str] = []
    for cell in cells:
        if _is_essay(cell):
            yield from _essay(cell, task, rubrics)
            task = []
        elif _is_check(cell):
            yield _verdict(cell)
        elif _is_answer(cell):
            yield f"<h3>{text(_about(cell)['grade_id'])}</h3>"
            yield from _task(task)
            yield code(cell.source)
            yield from _outputs(cell)
            if comment := _about(cell).get("comment"):
                yield _comment(comment)
            task = []
        elif cell.cell_type == "markdown":
            task.append(cell.source)


def _task(task: list[str]) -> Iterator[str]:
    if task:
        yield f"<details><summary>The task</summary>{markdown(task[-1])}</details>"


def _verdict(cell: NotebookNode) -> str:
    about = _about(cell)
    right = (about.get("score") or 0) >= about.get("points", 0)
    points = f"{_points(about.get('score') or 0)} of {_points(about.get('points', 0))} points"
    said = "".join(
        output.get("text", "") or "\n".join(output.get("traceback", []))
        for output in cell.get("outputs", [])
    )
    return (
        f'<div class="verdict {"good" if right else "bad"}" id="{text(about["grade_id"])}">'
        f"<strong>{points}</strong>{printed(said)}</div>"
    )


def _essay(cell: NotebookNode, task: list[str], rubrics: dict[str, str]) -> Iterator[str]:
    about = _about(cell)
    yield f'<h3 id="{text(about["grade_id"])}">{text(about["grade_id"].replace("-", " "))}</h3>'
    yield from _task(task)
    # Intake has escaped tags for the formgrader; here they are escaped once for all.
    written = cell.source.replace("&lt;", "<")
    yield f"<blockquote>{markdown(written)}</blockquote>"
    if _waits(cell):
        yield '<div class="verdict wait"><strong>waits for a person</strong></div>'
        return
    points = f"{_points(about.get('score') or 0)} of {_points(about.get('points', 0))} points"
    yield f'<div class="verdict {_kind(cell)}"><strong>{points}</strong></div>'
    if about.get("comment"):
        yield _comment(about["comment"])
    if rubric := rubrics.get(about["grade_id"]):
        yield "<details open><summary>What the points are for</summary>"
        yield f"{markdown(rubric)}</details>"


def _comment(comment: str) -> str:
    return f'<div class="verdict wait"><strong>Comment</strong> {markdown(comment)}</div>'


def _outputs(cell: NotebookNode) -> Iterator[str]:
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            yield printed(output.text)
        elif output.output_type == "error":
            yield printed("\n".join(output.traceback))
        elif picture := re.fullmatch(
            r"[A-Za-z0-9+/=\s]+", output.get("data", {}).get("image/png", "")
        ):
            source = f"data:image/png;base64,{picture[0]}"
            yield f'<img alt="A picture that this cell drew" src="{source}">'


def _read(finding: dict[str, Any]) -> str:
    """Where to read again, with a link where the book is published."""
    if not finding.get("read"):
        return ""
    told, address = str(place(finding["read"])), where(finding["read"]).partition(": http")
    if not address[1]:
        return text(told)
    return f'<a href="http{text(address[2])}" rel="noreferrer">{text(told)}</a>'


def _finding(cell: NotebookNode) -> dict[str, Any]:
    """What was found wrong, else the first that was asked."""
    findings = cell.metadata.get("findings", [])
    wrong = [one for one in findings if not one["right"]]
    first: dict[str, Any] = (wrong or findings or [{}])[0]
    return first


def _name(cell: NotebookNode) -> str:
    return str(_finding(cell).get("function") or _about(cell)["grade_id"])


def _aspects(finding: dict[str, Any]) -> str:
    return f" ({', '.join(finding['aspects'])})" if finding.get("aspects") else ""


def _is_check(cell: NotebookNode) -> bool:
    about = _about(cell)
    return cell.cell_type == "code" and bool(about.get("grade")) and not about.get("solution")


def _is_answer(cell: NotebookNode) -> bool:
    return bool(_about(cell).get("solution")) and not _is_essay(cell)


def _is_essay(cell: NotebookNode) -> bool:
    about = _about(cell)
    return bool(about.get("grade")) and bool(about.get("solution"))


def _waits(cell: NotebookNode) -> bool:
    return _is_essay(cell) and _about(cell).get("waits", False)


def _kind(essay: NotebookNode) -> str:
    """How a written answer is coloured: part of the points is no failure."""
    score, points = _about(essay).get("score") or 0, _about(essay).get("points", 0)
    if _waits(essay) or 0 < score < points:
        return "wait"
    return "good" if score >= points else "bad"


def _about(cell: NotebookNode) -> dict[str, Any]:
    about: dict[str, Any] = cell.metadata.get("nbgrader", {})
    return about


def _points(number: float) -> str:
    return f"{number:.4g}"


def _rubrics(course: Course, assignment: str) -> dict[str, str]:
    """The rubric under each model answer, where the source of the assignment is at hand."""
    path = course.path("source", ".", assignment) / f"{assignment}.ipynb"
    try:
        cells = nbformat.read(path, as_version=4).cells
    except (OSError, ValueError):
        return {}
    return {
        _about(cell)["grade_id"]: cell.source[cell.source.index("**Rubric") :]
        for cell in cells
        if _is_essay(cell) and "**Rubric" in cell.source
    }
