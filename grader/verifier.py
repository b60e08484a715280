"""Run a rebuilt notebook in the sandbox and mark its graded cells from outside.

The code of the solution cells runs in the sandbox. A graded cell does not run at all: its probes
are read here (`probes.py`), the questions are drawn here, the learner's function is called in the
sandbox, and the answers are compared here with the reference. Nothing that is printed in there
earns a mark.
"""

import hashlib
import hmac
import time
from dataclasses import dataclass, field
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_output

from grader.cells import Script, read_cell
from grader.client import Outcome
from grader.limits import Limits
from grader.probes import Probe, probes
from grader.questions import FAILURES, BadReply, expression, read, read_failures
from grader.sandbox import Sandbox
from grader.status import Status
from lossfns.check import EXERCISES
from lossfns.check.judge import judge
from lossfns.check.message import advice, in_brief, praise, smallest_input

# Seed 0 is what learners see: a mistake that shows there is shown with its input.
VISIBLE_SEED = 0
SECRET_SEEDS = 2
MOST_RESTARTS = 8
TOO_LONG = "the notebook took too long as a whole"
# In a remark: so many statements, so many characters of each.
MOST_LISTED, SHOWN = 5, 60


@dataclass
class Mark:
    """The score of one graded cell, and what is said about it; not `asked` if time ran out.

    `findings` says for each check of the cell what was found, for tables: the function, its
    aspects, a few words, the smallest input that shows it, and the label of the book to read.
    """

    grade_id: str
    points: float
    score: float
    text: str
    asked: bool = True
    findings: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Graded:
    """A notebook with the outputs of its cells, and the marks."""

    notebook: NotebookNode
    status: Status
    message: str
    marks: list[Mark]
    used: set[str] = field(default_factory=set)
    restarts: int = 0
    seconds: float = 0.0
    remarks: list[str] = field(default_factory=list)


def grade(
    notebook: NotebookNode,
    student: str,
    secret: bytes,
    limits: Limits,
) -> Graded:
    """Grade a notebook that was rebuilt from the released one; its graded cells are the course's.

    Raises SandboxError if the sandbox fails, which says nothing about the submission.
    """
    start = time.monotonic()
    sources = {
        cell.metadata.nbgrader.grade_id: cell.source
        for cell in notebook.cells
        if "grade_id" in cell.metadata.get("nbgrader", {})
    }
    run = _Run(student, secret, limits, sources)
    marks = []
    try:
        for cell in notebook.cells:
            if cell.cell_type != "code":
                continue
            cell.outputs, cell.execution_count = [], None
            about = cell.metadata.get("nbgrader", {})
            if about.get("grade") and not about.get("solution"):
                mark = run.ask(cell, about)
                marks.append(mark)
                cell.outputs = [_verdict(mark)]
                cell.metadata["findings"] = mark.findings
            elif "ungraded" not in cell.metadata.get("tags", []):
                run.execute(cell)
    finally:
        run.close()
    status = Status.PARTLY if run.troubles else Status.GRADED
    return Graded(
        notebook,
        status,
        "; ".join(run.troubles),
        marks,
        run.used,
        run.restarts,
        time.monotonic() - start,
        run.remarks,
    )


@dataclass(frozen=True)
class _Found:
    """What came of one check; not `asked` if there was no time left for it."""

    right: bool
    text: str
    said: str
    example: str = ""
    asked: bool = True


class _Run:
    """The sandbox while one notebook is graded, started again where code has killed it."""

    def __init__(self, student: str, secret: bytes, limits: Limits, sources: dict[str, str]):
        self.student, self.secret, self.limits = student, secret, limits
        # Of all cells, by their grade_id.
        self.sources = sources
        self.end = time.monotonic() + limits.submission
        self.history: list[str] = []
        self.troubles: list[str] = []
        self.remarks: list[str] = []
        self.used: set[str] = set()
        self.restarts = 0
        self._sandbox: Sandbox | None = None

    def execute(self, cell: NotebookNode) -> None:
        """Run a cell and keep what it shows. Of a learner's cell, what is Python."""
        about = cell.metadata.get("nbgrader", {})
        script = read_cell(cell.source) if about.get("solution") else None
        code = script.python if script else cell.source
        outcome = self._in_sandbox(code, self.limits.cell)
        if outcome is None:
            return
        cell.outputs = _outputs(outcome)
        if script and script.taken_out:
            self.remarks.append(_about_taken_out(about["grade_id"], script))
        if outcome.status not in ("ok", "error"):
            self._note(outcome, cell)
            return
        self.history.append(code)
        if script and outcome.status == "error":
            self.remarks.append(self._about_failures(about["grade_id"], script))

    def ask(self, cell: NotebookNode, about: dict[str, Any]) -> Mark:
        """Put the probes of a graded cell to the learner's functions; all points or none."""
        points = float(about["points"])
        mark = Mark(about["grade_id"], points, points, "")
        said = []
        for probe in probes(cell.source):
            found = self._probe(probe, about["grade_id"], cell)
            mark.findings.append(
                {
                    "function": probe.function,
                    "aspects": list(probe.aspects or ()),
                    "right": found.right,
                    "said": found.said,
                    "example": found.example,
                    "read": EXERCISES[probe.exercise].read,
                }
            )
            mark.asked = mark.asked and found.asked
            if not found.right:
                mark.score, mark.text = 0.0, found.text
                return mark
            said.append(found.text)
        mark.text = "\n".join(said)
        return mark

    def close(self) -> None:
        if self._sandbox is not None:
            self._sandbox.close()
            self._sandbox = None

    def _probe(self, probe: Probe, grade_id: str, cell: NotebookNode) -> _Found:
        exercise = EXERCISES[probe.exercise]
        count = 0
        for seed in (VISIBLE_SEED, *self._seeds(grade_id, probe)):
            calls = exercise.calls(seed, probe.aspects)
            question = expression(probe.function, calls, torch=exercise.torch)
            outcome = self._in_sandbox("", self.limits.probe, question)
            if outcome is None:
                text = "Not checked: the time for this notebook had run out."
                return _Found(False, text, "not checked: no time was left", asked=False)
            if outcome.status in ("timeout", "died"):
                self._note(outcome, cell)
                said = _trouble(outcome, self.limits.probe)
                return _Found(False, f"{probe.function}: {said}.", said)
            try:
                answers, used = read(outcome.value, len(calls))
            except BadReply as error:
                said = f"could not be checked, {error}"
                return _Found(False, f"{probe.function}: {said}.", said)
            if all(answer.error == "NameError" for answer in answers) and any(
                answer.message == f"{probe.function} is not defined" for answer in answers
            ):
                said = "not defined: no cell defines it, or the definition failed"
                return _Found(False, f"{probe.function} is {said}.", said)
            self.used |= used
            verdict = judge(exercise, calls, answers, self._repaired(probe))
            count += len(calls)
            if verdict.findings:
                seen = seed == VISIBLE_SEED
                return _Found(
                    False,
                    advice(exercise, verdict, example=seen),
                    in_brief(verdict),
                    smallest_input(verdict) if seen else "",
                )
        return _Found(True, praise(exercise, verdict, count), "right")

    def _repaired(self, probe: Probe) -> tuple[str, str] | None:
        """The text of a function that repairs another one, and of that one."""
        broken = EXERCISES[probe.exercise].repairs
        if not broken:
            return None
        repaired, before = (
            read_cell(self.sources.get(one, "")).python for one in (probe.function, broken)
        )
        return repaired, before

    def _about_failures(self, grade_id: str, script: Script) -> str:
        """Which statements of a cell failed, and that the others ran."""
        if script.error:
            return f"cell {grade_id} cannot be read as Python: {script.error}"
        told = self._in_sandbox("", self.limits.probe, FAILURES)
        failed = {
            statement: error
            for line, error in read_failures(told.value if told else None)
            if (statement := script.statement_at(line))
        }
        if not failed:
            return f"cell {grade_id} stopped with an error"
        said = [f"line {one.line} {quoted(one.source)} ({error})" for one, error in failed.items()]
        return f"cell {grade_id}: these lines failed, the others ran: {_listed(said)}"

    def _seeds(self, grade_id: str, probe: Probe) -> list[int]:
        """Seeds that nobody can guess without the secret of the course."""
        text = f"{self.student}\0{grade_id}\0{probe.exercise}\0{probe.aspects}"
        digest = hmac.new(self.secret, text.encode(), hashlib.sha256).digest()
        return [int.from_bytes(digest[8 * i : 8 * i + 8]) for i in range(SECRET_SEEDS)]

    def _in_sandbox(self, code: str, seconds: float, question: str = "") -> Outcome | None:
        """Run code, or ask, where all that came before has run. None when the time is over."""
        left = self.end - time.monotonic()
        if left <= 0 or self.restarts > MOST_RESTARTS:
            self._once(TOO_LONG)
            return None
        sandbox = self._sandbox
        if sandbox is None or not sandbox.alive:
            sandbox = self._start()
            left = self.end - time.monotonic()
            if left <= 0:
                self._once(TOO_LONG)
                return None
        return sandbox.run(code, min(seconds, left), expression=question)

    def _start(self) -> Sandbox:
        if self._sandbox is not None:
            self.close()
            self.restarts += 1
        sandbox = self._sandbox = Sandbox.open(self.limits)
        for source in self.history:
            left = self.end - time.monotonic()
            if left <= 0:
                break
            sandbox.run(source, min(self.limits.cell, left))
        return sandbox

    def _note(self, outcome: Outcome, cell: NotebookNode) -> None:
        about = cell.metadata.get("nbgrader", {})
        name = about.get("grade_id") or cell.get("id", "?")
        seconds = self.limits.probe if about.get("grade") else self.limits.cell
        self._once(f"cell {name}: {_trouble(outcome, seconds)}")

    def _once(self, trouble: str) -> None:
        if trouble not in self.troubles:
            self.troubles.append(trouble)


def quoted(code: str) -> str:
    """The beginning of code, to be shown as code in Markdown, where it must not act."""
    first, *more = code.strip().split("\n")
    short = " ".join(first.replace("`", "'").split())
    return f"`{short[:SHOWN]}{' …' if more or len(short) > SHOWN else ''}`"


def _listed(parts: list[str]) -> str:
    more = [f"and {len(parts) - MOST_LISTED} more"] if len(parts) > MOST_LISTED else []
    return ", ".join(parts[:MOST_LISTED] + more)


def _about_taken_out(grade_id: str, script: Script) -> str:
    lines = _listed([quoted(line) for line in script.taken_out])
    return f"cell {grade_id}: commands taken out before it ran: {lines}"


def _trouble(outcome: Outcome, seconds: float) -> str:
    if outcome.status == "timeout":
        return f"stopped after {seconds:g} s"
    return "the process ended (out of memory or time, a crash, or an exit)"


def _outputs(outcome: Outcome) -> list[NotebookNode]:
    made = []
    for output in outcome.outputs:
        kind, name, text = output["kind"], output["name"], output["text"]
        if kind == "stream":
            made.append(new_output("stream", name="stderr" if name else "stdout", text=text))
        elif kind == "picture":
            made.append(new_output("display_data", data={"image/png": text}))
        else:
            made.append(
                new_output("error", ename=name[:80], evalue="", traceback=text.splitlines())
            )
    if outcome.status in ("timeout", "died"):
        text = _trouble(outcome, 0) if outcome.status == "died" else "stopped: it took too long"
        made.append(new_output("error", ename="Stopped", evalue=text, traceback=[text]))
    return made


def _verdict(mark: Mark) -> NotebookNode:
    """What nbgrader reads the score from: an error for nothing, any other output for all points."""
    if mark.score == mark.points:
        return NotebookNode(new_output("stream", name="stdout", text=mark.text + "\n"))
    lines = mark.text.splitlines()
    return NotebookNode(new_output("error", ename="CheckFailed", evalue=lines[0], traceback=lines))
