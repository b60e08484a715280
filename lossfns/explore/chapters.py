"""The map of the chapters: what to read first, and what then.

It is drawn twice, for a wide page and for a narrow one, and the page shows the one that fits. The
lines and words take the colour of the text around them, light or dark.
"""

import html
import os
import textwrap

from lossfns._extras import require
from lossfns.labels import place, places

require("IPython", "lossfns.explore.chapters", "IPython", "explore")
from IPython.display import HTML  # noqa: E402

# In what order to read: each stage after the one before it, its chapters in any order. A chapter
# is the label of its first page, with the question that it answers.
STAGES = [
    ("first", {
        "ch-foundations": "What number should training push down, and what does that do?"}),
    ("then, in any order", {
        "regression": "How wrong is a predicted number?",
        "classification": "How wrong is a predicted class or probability?"}),
    ("whichever you need", {
        "stability": "Why is my loss NaN, and what is computed instead?",
        "imbalance": "What if 99 % of the data are healthy?",
        "contrastive": "How do you learn that two things are alike?",
        "calibration": "What should “70 % sure” mean?"}),
    ("last", {
        "debugging": "What does this loss curve tell me?",
        "case-studies": "Which losses made well-known models work, and why those?"}),
]  # fmt: skip

# Lengths in pixels of the drawing, which is shown about as large as it is.
_GAP, _STAGE, _LINE, _PADDING = 10, 24, 16, 10
_LETTER, _BOLD = 7.0, 8.4  # the mean width of one, at 12.5 px and in the bold 14 px of a title

_STYLE = """
.lossfns-chapters svg { display: block; width: 100%; height: auto; color: inherit; }
.lossfns-chapters .narrow { max-width: 26rem; }
.lossfns-chapters .wide { display: none; }
@media (min-width: 700px) {
  .lossfns-chapters .wide { display: block; }
  .lossfns-chapters .narrow { display: none; }
}
.lossfns-chapters text { fill: currentColor; font-size: 12.5px; }
.lossfns-chapters .title { font-size: 14px; font-weight: 700; }
.lossfns-chapters .stage { font-style: italic; }
.lossfns-chapters rect { fill: #168af026; stroke: #168af0; stroke-width: 1.5; }
.lossfns-chapters a, .lossfns-chapters a:hover { color: inherit; text-decoration: none; }
.lossfns-chapters a .title { text-decoration: underline; }
.lossfns-chapters a:is(:hover, :focus-visible) rect { stroke-width: 3; }
.lossfns-chapters a:focus-visible { outline: none; }
"""


def chapter_map():
    """The chapters in the order in which to read them, as a picture.

    >>> "Foundations" in chapter_map().data
    True
    """
    drawings = _drawing("wide", width=720, columns=4) + _drawing("narrow", width=350, columns=2)
    return HTML(f'<style>{_STYLE}</style><div class="lossfns-chapters">{drawings}</div>')


def in_words():
    """What the map shows, for those who do not see it.

    >>> in_words()[:58]
    'The order of the chapters. First 1 Foundations. Then, in a'
    """
    stages = []
    for when, chapters in STAGES:
        names = ", ".join(f"{place(label).chapter} {place(label).title}" for label in chapters)
        stages.append(f"{when.capitalize()}{':' if ' ' in when else ''} {names}.")
    return " ".join(["The order of the chapters.", *stages])


def _drawing(name, width, columns):
    parts, top, middle = [], 0, width / 2
    for number, (when, chapters) in enumerate(STAGES):
        # The first stage stands in the middle, the others beside the arrow that leads to them.
        x, anchor = (middle + 10, "start") if number else (middle, "middle")
        if number:
            parts.append(_arrow(middle, top - _GAP + 2, top + _STAGE - 8))
        parts.append(
            f'<text class="stage" x="{x:g}" y="{top + 13}" text-anchor="{anchor}">'
            f"{html.escape(when)}</text>"
        )
        top += _STAGE
        labels = list(chapters.items())
        for i in range(0, len(labels), columns):
            row = labels[i : i + columns]
            box = (width - _GAP * (len(row) - 1)) / len(row) if len(row) > 1 else width * 0.6
            left = 1 if len(row) > 1 else (width - box) / 2
            texts = [_lines(label, question, box - 20) for label, question in row]
            height = 2 * _PADDING + _LINE * (max(map(len, texts)) + 1)
            for (label, _), text in zip(row, texts, strict=True):
                parts.append(_box(label, text, left, top, box - 2, height))
                left += box + _GAP
            top += height + _GAP
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{name}" role="group"'
        f' aria-label="{html.escape(in_words())}" viewBox="0 0 {width} {top}">'
        f"{''.join(parts)}</svg>"
    )


def _lines(label, question, width):
    """The lines of a box, each with its kind."""
    title = f"{place(label).chapter} {place(label).title}"
    kinds = [("title", title, _BOLD), ("question", question, _LETTER)]
    return [
        (kind, line)
        for kind, words, letter in kinds
        for line in textwrap.wrap(words, int(width / letter))
    ]


def _box(label, lines, left, top, width, height):
    found = place(label)
    text = "".join(
        f'<text class="{kind}" x="{left + 10:g}" y="{top + _PADDING + 12 + _LINE * i:g}">'
        f"{html.escape(line)}</text>"
        for i, (kind, line) in enumerate(lines)
    )
    text += (
        f'<text class="state" text-anchor="end" x="{left + width - 10:g}"'
        f' y="{top + height - _PADDING:g}">{_pages(found.chapter)} pages</text>'
    )
    rect = f'<rect x="{left:g}" y="{top:g}" width="{width:g}" height="{height:g}" rx="6"/>'
    if os.environ.get("LOSSFNS_EXPLORE") != "static":  # links lead to pages, which are there alone
        return f"<g>{rect}{text}</g>"
    return f'<a href="{found.address}">{rect}{text}</a>'


def _pages(chapter):
    return len({one.page for one in places().values() if one.chapter == chapter})


def _arrow(x, top, bottom):
    return (
        f'<path d="M{x:g} {top:g}V{bottom:g}m-4 -5l4 5l4 -5" fill="none" stroke="currentColor"'
        ' stroke-width="1.5"/>'
    )
