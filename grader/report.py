"""`python -m grader report`: what a class got and did not get, for the person who teaches it.

One page and one table for an assignment, made from the results of grading; with `--all` one more
for the course. Learners are numbers, in an order that nobody can guess, unless names are asked for.
"""

import ast
import csv
import hashlib
import hmac
import io
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grader.cells import read_cell
from grader.course import Course
from grader.errors import CourseError
from grader.export import rows_of
from grader.files import write_whole
from grader.flags import alike
from grader.job import Result
from grader.pages import code, page, printed, text
from grader.results import latest
from grader.status import Status
from grader.tables import harmless

MOST_MISTAKES = 5  # shown of one check
MOST_LISTED = 30  # learners to look at
LONGEST_EXAMPLE = 40  # lines
# An item on which the better half does hardly better than the other tells little.
WEAK = 0.15

STYLE = """
svg { max-width: 100%; height: auto; } svg rect { fill: var(--link); }
svg text { fill: var(--soft); font: 11px system-ui, sans-serif; }
meter { width: 6rem; } .cards { display: flex; flex-wrap: wrap; gap: .6rem; }
.cards div { background: var(--panel); padding: .5rem .8rem; border-radius: .3rem; }
.cards strong { display: block; font-size: 1.3rem; }
"""


@dataclass
class Item:
    """One check of an assignment, over the class."""

    cell: str
    function: str
    aspects: tuple[str, ...]
    points: float
    asked: int = 0
    right: int = 0
    # How the points for it go together with all others; None where everybody has the same.
    discrimination: float | None = None
    mistakes: Counter[str] = field(default_factory=Counter)
    # Of each mistake, the smallest input and the code of one learner.
    examples: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def share(self) -> float:
        return self.right / self.asked if self.asked else 0.0

    @property
    def name(self) -> str:
        return f"{self.function} ({', '.join(self.aspects)})" if self.aspects else self.function


@dataclass
class Learner:
    """What a report tells of one learner, under a name that may be a number."""

    student: str
    shown: str
    status: Status
    score: float | None
    waits: bool
    seconds: float
    message: str
    flags: list[str]
    missed: dict[str, str]


@dataclass
class Report:
    """All that the page and the table of one assignment are made from."""

    assignment: str
    most: float
    learners: list[Learner]
    items: list[Item]

    @property
    def scores(self) -> list[float]:
        return [one.score for one in self.learners if one.score is not None]


def report(course: Course, assignments: list[str], *, names: bool = False) -> list[Path]:
    """Write report.html and report.csv of each assignment; of several, one more of the course.

    Raises CourseError where nothing has been graded.
    """
    written: list[Path] = []
    found = [_report(course, assignment, names) for assignment in assignments]
    for one in found:
        folder = course.results(one.assignment)
        written += _write(folder, f"Report: {one.assignment}", _body(one), _table(one))
    if len(found) > 1:
        folder = course.root / "grading"
        written += _write(folder, "Report of the course", _course_body(found), _course_table(found))
    return written


def graded_assignments(course: Course) -> list[str]:
    """The assignments that have results."""
    folders = sorted((course.root / "grading").glob("*/"))
    names = [folder.name for folder in folders if any(folder.glob("*.json"))]
    if not names:
        raise CourseError(f"nothing has been graded: {course.root / 'grading'} holds no results")
    return names


def _write(folder: Path, title: str, body: Iterable[str], table: list[list[Any]]) -> list[Path]:
    html, sheet = folder / "report.html", folder / "report.csv"
    file = io.StringIO()
    csv.writer(file).writerows([[_cell(value) for value in row] for row in table])
    write_whole(html, page(title, "\n".join(body), STYLE))
    write_whole(sheet, file.getvalue())
    return [html, sheet]


def _report(course: Course, assignment: str, names: bool) -> Report:
    folder = course.results(assignment)
    results = [
        result
        for path in sorted(folder.glob("*.json"))
        if (result := latest(folder, path.stem)) and result.student == path.stem
    ]
    if not results:
        raise CourseError(f"nothing of {assignment} has been graded: {folder} holds no results")
    book = {row["student"]: row for row in rows_of(course, assignment)}
    secret = course.secret()
    results.sort(key=lambda one: hmac.new(secret, one.student.encode(), hashlib.sha256).digest())
    shared = alike({one.student: one.prints for one in results})
    learners = [
        _learner(one, book.get(one.student, {}), shared.get(one.student, []), number, names)
        for number, one in enumerate(results, 1)
    ]
    return Report(assignment, _most(results[0]), learners, _items(results))


def _most(result: Result) -> float:
    """The points of the whole assignment, answers in words included."""
    marked = (cell["metadata"].get("nbgrader", {}) for cell in result.notebook["cells"])
    return float(sum(about.get("points", 0) for about in marked if about.get("grade")))


def _learner(
    result: Result, row: dict[str, Any], shared: list[str], number: int, names: bool
) -> Learner:
    graded = result.status in (Status.GRADED, Status.PARTLY)
    automatic = sum(result.scores.values()) if graded else None
    missed = {
        finding["function"]: finding["said"]
        for cell in _checks(result)
        for finding in cell["metadata"].get("findings", [])
        if not finding["right"]
    }
    flags = [*result.flags, *(shared if names else map(_nameless, shared))]
    return Learner(
        result.student,
        result.student if names else f"learner {number}",
        result.status,
        row.get("score", automatic),
        bool(row.get("waits")),
        result.seconds,
        " ".join(result.message.split())[:200],
        flags,
        missed,
    )


def _nameless(flag: str) -> str:
    """A flag about equal answers, without the name of the other."""
    return f"same answers as another: {flag.partition(': ')[2]}"


def _items(results: list[Result]) -> list[Item]:
    items: dict[str, Item] = {}
    marks: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for result in results:
        if result.status not in (Status.GRADED, Status.PARTLY):
            continue
        total = sum(result.scores.values())
        for cell in _checks(result):
            about = cell["metadata"]["nbgrader"]
            grade_id, points = about["grade_id"], float(about["points"])
            findings = cell["metadata"].get("findings") or [{"function": grade_id, "right": True}]
            wrong = next((one for one in findings if not one["right"]), None)
            first = wrong or findings[0]
            item = items.setdefault(
                grade_id,
                Item(grade_id, first["function"], tuple(first.get("aspects", ())), points),
            )
            score = result.scores.get(grade_id, 0.0)
            item.asked += 1
            item.right += score == points
            marks[grade_id].append((score, total - score))
            if wrong:
                item.mistakes[wrong["said"]] += 1
                if wrong["said"] not in item.examples and (source := _source(result, wrong)):
                    item.examples[wrong["said"]] = (wrong.get("example", ""), source)
    for grade_id, pairs in marks.items():
        items[grade_id].discrimination = _correlation(pairs)
    return list(items.values())


def _checks(result: Result) -> Iterator[dict[str, Any]]:
    for cell in result.notebook["cells"]:
        about = cell["metadata"].get("nbgrader", {})
        if about.get("grade") and not about.get("solution") and cell["cell_type"] == "code":
            yield cell


def _source(result: Result, finding: dict[str, Any]) -> str:
    """The function as one learner wrote it, without comments: they may hold a name."""
    for cell in result.notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("solution") and cell["cell_type"] == "code":
            source = cell["source"]
            source = source if isinstance(source, str) else "".join(source)
            for statement in read_cell(source).statements:
                if finding["function"] in statement.binds:
                    return _without_words(statement.source)
    return ""


def _without_words(source: str) -> str:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and len(body) > 1 and _is_text(body[0]):
            del body[0]
    lines = ast.unparse(tree).split("\n")
    return "\n".join(lines[:LONGEST_EXAMPLE] + ["..."] * (len(lines) > LONGEST_EXAMPLE))


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _correlation(pairs: list[tuple[float, float]]) -> float | None:
    ones, others = zip(*pairs, strict=True)
    if len(set(ones)) < 2 or len(set(others)) < 2:
        return None
    return statistics.correlation(ones, others)


def _body(found: Report) -> Iterator[str]:
    yield f"<header><h1>{text(found.assignment)}</h1></header><main>"
    yield from _summary(found)
    yield "<h2>Checks</h2>"
    yield (
        '<p class="soft">The share of the class that got it; how well it tells the stronger from '
        "the weaker, from 1 through 0 (not at all) to -1; and what went wrong most often.</p>"
    )
    yield _items_table(found.items)
    yield "<h2>To discuss</h2>"
    yield from _discussion(found.items)
    yield "<h2>To look at</h2>"
    yield from _to_look_at(found.learners)
    yield "</main>"


def _summary(found: Report) -> Iterator[str]:
    scores, seconds = found.scores, [one.seconds for one in found.learners if one.seconds]
    statuses = Counter(str(one.status) for one in found.learners)
    waiting = sum(one.waits for one in found.learners)
    cards = [(str(len(found.learners)), "submissions")]
    if scores:
        cards.append((f"{statistics.median(scores):.3g} of {found.most:g}", "median of the points"))
        cards.append((f"{statistics.mean(scores):.3g}", "mean"))
        cards.append((f"{min(scores):g} – {max(scores):g}", "lowest to highest"))
    cards.append((str(waiting), "wait for a person"))
    if seconds:
        cards.append((f"{statistics.median(seconds):.3g} s", "to grade one, median"))
        cards.append((f"{max(seconds):.3g} s", "the longest"))
    yield '<div class="cards">'
    yield from (f"<div><strong>{text(big)}</strong>{text(small)}</div>" for big, small in cards)
    yield "</div>"
    yield f"<p>{text(', '.join(f'{n} {name}' for name, n in statuses.most_common()))}</p>"
    if scores:
        yield _histogram(scores, found.most or max(scores) or 1.0)


def _histogram(scores: list[float], most: float, bins: int = 10) -> str:
    counts = Counter(min(int(bins * score / most), bins - 1) for score in scores)
    highest, bars = max(counts.values()), []
    for i in range(bins):
        height = 100 * counts[i] / highest
        bars.append(
            f'<rect x="{40 * i + 4}" y="{115 - height:.1f}" width="32" height="{height:.1f}"/>'
            f'<text x="{40 * i + 20}" y="{110 - height:.1f}" text-anchor="middle">'
            f"{counts[i] or ''}</text>"
            f'<text x="{40 * i}" y="130">{most * i / bins:.3g}</text>'
        )
    said = f"How many got how many of {most:g} points, in tenths"
    return (
        f'<svg viewBox="0 0 420 136" width="420" role="img" aria-label="{said}">'
        f'<title>{said}</title>{"".join(bars)}<text x="396" y="130">{most:g}</text></svg>'
    )


def _items_table(items: list[Item]) -> str:
    rows = []
    for item in items:
        weak = item.discrimination is not None and item.discrimination < WEAK
        tells = "–" if item.discrimination is None else f"{item.discrimination:.2f}"
        frequent = [
            f"{text(said)} ({count})" for said, count in item.mistakes.most_common(MOST_MISTAKES)
        ]
        rows.append(
            f'<tr><td>{text(item.name)}</td><td class="number" data-label="Points">'
            f'{item.points:g}</td><td class="number" data-label="Got it">'
            f'<meter value="{item.share:.3f}"></meter> {item.share:.0%}</td>'
            f'<td class="number" data-label="Tells">{tells}{" !" * weak}</td>'
            f'<td data-label="What happened">{"<br>".join(frequent)}</td></tr>'
        )
    return (
        '<table class="rows"><thead><tr><th>Check</th><th class="number">Points</th>'
        '<th class="number">Got it</th><th class="number">Tells</th><th>What happened</th></tr>'
        f"</thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _discussion(items: list[Item]) -> Iterator[str]:
    """Each function's most frequent mistake that has a name, with the code of one learner."""
    shown = False
    for item in sorted(items, key=lambda one: one.share):
        for said, count in item.mistakes.most_common():
            if said in item.examples and count > 1 and said != "not written yet":
                example, source = item.examples[said]
                yield f"<h3>{text(item.name)}: {text(said)} ({count} of {item.asked})</h3>"
                yield code(source)
                if example:
                    yield printed(example)
                shown = True
                break
    if not shown:
        yield "<p>No mistake was made by more than one learner.</p>"


def _to_look_at(learners: list[Learner]) -> Iterator[str]:
    looked = [one for one in learners if one.flags or one.status is not Status.GRADED]
    if not looked:
        yield "<p>Nothing: every submission was graded, and none has a flag.</p>"
        return
    yield '<table class="rows"><thead><tr><th>Who</th><th>Status</th><th>Why</th></tr></thead>'
    yield "<tbody>"
    for one in looked[:MOST_LISTED]:
        why = "; ".join(filter(None, (one.message, *one.flags)))
        yield (
            f'<tr><td>{text(one.shown)}</td><td data-label="Status">{text(one.status)}</td>'
            f'<td data-label="Why">{text(why)}</td></tr>'
        )
    yield "</tbody></table>"
    if len(looked) > MOST_LISTED:
        yield f"<p>And {len(looked) - MOST_LISTED} more: they are in table.csv.</p>"
    if looked[0].shown != looked[0].student:
        yield '<p class="soft">Names are in table.csv, and here with <code>--names</code>.</p>'


def _table(found: Report) -> list[list[Any]]:
    """A row for each check and for each thing that happened in it."""
    columns = ["check", "function", "aspects", "points", "asked", "share_right", "discrimination"]
    rows: list[list[Any]] = [[*columns, "what_happened", "how_many"]]
    for item in found.items:
        known = [item.cell, item.function, " ".join(item.aspects), item.points, item.asked]
        tells = None if item.discrimination is None else round(item.discrimination, 3)
        known += [round(item.share, 3), tells]
        rows.append([*known, "right", item.right])
        rows += [[*known, said, count] for said, count in item.mistakes.most_common()]
    return rows


def _course_body(found: list[Report]) -> Iterator[str]:
    yield "<header><h1>The course so far</h1></header><main>"
    yield "<h2>Assignments</h2>"
    yield '<table class="rows"><thead><tr><th>Assignment</th><th class="number">Submissions</th>'
    yield '<th class="number">Median</th><th class="number">Wait</th></tr></thead><tbody>'
    for one in found:
        median = f"{statistics.median(one.scores):.3g} of {one.most:g}" if one.scores else "–"
        yield (
            f'<tr><td><a href="{text(one.assignment)}/report.html">{text(one.assignment)}</a></td>'
            f'<td class="number" data-label="Submissions">{len(one.learners)}</td>'
            f'<td class="number" data-label="Median">{median}</td><td class="number" '
            f'data-label="Wait">{sum(learner.waits for learner in one.learners)}</td></tr>'
        )
    yield "</tbody></table><h2>Who falls behind</h2>"
    yield from _behind(found)
    yield "<h2>What persists</h2>"
    yield from _persisting(found)
    yield "</main>"


def _standings(found: list[Report]) -> dict[str, dict[str, float | None]]:
    """Of each learner, the share of the points in each assignment; None where there is none."""
    students = {one.student for report in found for one in report.learners}
    shares: dict[str, dict[str, float | None]] = {
        student: {report.assignment: None for report in found} for student in students
    }
    for report in found:
        for one in report.learners:
            if one.score is not None and report.most:
                shares[one.student][report.assignment] = one.score / report.most
    return shares


def _shown(found: list[Report]) -> dict[str, str]:
    """One name for each learner in the whole course."""
    named = {one.student: one.shown for report in found for one in report.learners}
    if all(student == shown for student, shown in named.items()):
        return named
    return {student: f"learner {i}" for i, student in enumerate(named, 1)}


def _behind(found: list[Report]) -> Iterator[str]:
    shares, shown = _standings(found), _shown(found)
    middle = {
        report.assignment: statistics.median(report.scores) / report.most
        for report in found
        if report.scores and report.most
    }

    def lag(student: str) -> float:
        mine = shares[student]
        return statistics.mean((mine[name] or 0.0) - middle[name] for name in middle)

    behind = [one for one in sorted(shares, key=lag) if lag(one) < -0.1] if middle else []
    if not behind:
        yield "<p>Nobody is far below the median.</p>"
        return
    yield '<table class="rows"><thead><tr><th>Who</th>'
    yield "".join(f'<th class="number">{text(one.assignment)}</th>' for one in found)
    yield "</tr></thead><tbody>"
    for student in behind[:MOST_LISTED]:
        cells = (
            f'<td class="number" data-label="{text(name)}">'
            f"{'missing' if share is None else f'{share:.0%}'}</td>"
            for name, share in shares[student].items()
        )
        yield f"<tr><td>{text(shown[student])}</td>{''.join(cells)}</tr>"
    yield "</tbody></table>"
    if len(behind) > MOST_LISTED:
        yield f"<p>And {len(behind) - MOST_LISTED} more: they are in report.csv.</p>"


def _persisting(found: list[Report]) -> Iterator[str]:
    """Mistakes of one name that were made in more than one assignment."""
    rows = _persistent(found)
    if not rows:
        yield "<p>No mistake was made in more than one assignment.</p>"
        return
    yield '<table class="rows"><thead><tr><th>Mistake</th><th class="number">Learners</th>'
    yield '<th class="number">Made it again</th><th>Where</th></tr></thead><tbody>'
    for said, who, again, where in rows[:MOST_LISTED]:
        yield (
            f'<tr><td>{text(said)}</td><td class="number" data-label="Learners">{who}</td>'
            f'<td class="number" data-label="Made it again">{again}</td>'
            f'<td data-label="Where">{text(", ".join(where))}</td></tr>'
        )
    yield "</tbody></table>"


def _persistent(found: list[Report]) -> list[tuple[str, int, int, list[str]]]:
    made: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for report in found:
        for one in report.learners:
            for said in one.missed.values():
                if said != "not written yet":
                    made[said][one.student].add(report.assignment)
    rows = []
    for said, by_student in made.items():
        where = sorted(set().union(*by_student.values()))
        if len(where) > 1:
            again = sum(len(names) > 1 for names in by_student.values())
            rows.append((said, len(by_student), again, where))
    return sorted(rows, key=lambda row: (-row[2], -row[1], row[0]))


def _course_table(found: list[Report]) -> list[list[Any]]:
    shares, shown = _standings(found), _shown(found)
    columns = ["learner", *(report.assignment for report in found)]
    return [
        columns,
        *(
            [shown[student], *(None if one is None else round(one, 3) for one in mine.values())]
            for student, mine in sorted(shares.items(), key=lambda pair: shown[pair[0]])
        ),
    ]


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, int | float) else harmless(str(value))
