"""The page and the table about the course: who falls behind, which mistakes come back."""

import statistics
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from grader.pages import text
from grader.report_page import MOST_LISTED
from grader.survey import Survey


def course_body(found: list[Survey]) -> Iterator[str]:
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


def _standings(found: list[Survey]) -> dict[str, dict[str, float | None]]:
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


def _shown(found: list[Survey]) -> dict[str, str]:
    """One name for each learner in the whole course."""
    named = {one.student: one.shown for report in found for one in report.learners}
    if all(student == shown for student, shown in named.items()):
        return named
    return {student: f"learner {i}" for i, student in enumerate(named, 1)}


def _behind(found: list[Survey]) -> Iterator[str]:
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


def _persisting(found: list[Survey]) -> Iterator[str]:
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


def _persistent(found: list[Survey]) -> list[tuple[str, int, int, list[str]]]:
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


def course_table(found: list[Survey]) -> list[list[Any]]:
    shares, shown = _standings(found), _shown(found)
    columns = ["learner", *(report.assignment for report in found)]
    return [
        columns,
        *(
            [shown[student], *(None if one is None else round(one, 3) for one in mine.values())]
            for student, mine in sorted(shares.items(), key=lambda pair: shown[pair[0]])
        ),
    ]
