"""The page and the table about one assignment."""

import statistics
from collections import Counter
from collections.abc import Iterator
from typing import Any

from grader.pages import code, printed, text
from grader.status import Status
from grader.survey import Item, Learner, Survey

MOST_MISTAKES = 5  # shown of one check
MOST_LISTED = 30  # learners to look at
# An item on which the better half does hardly better than the other tells little.
WEAK = 0.15


def assignment_body(found: Survey) -> Iterator[str]:
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


def _summary(found: Survey) -> Iterator[str]:
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
    yield f'<p class="soft">{text(found.attempts)}</p>'
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


def assignment_table(found: Survey) -> list[list[Any]]:
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
