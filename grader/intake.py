"""Read what was handed in, whatever it is, and rebuild the assignment around its answers.

No code of a submission runs here. Only the answers are taken over, into a fresh copy of the
released notebook: what was done to the checks, the metadata, the order of cells or the kernel does
not matter. Works for files saved by JupyterLab, VS Code and Colab.
"""

import copy
import json
import re
from dataclasses import dataclass, field
from typing import Any

from nbformat import NotebookNode

from grader.answers import Answers, Cell
from grader.handed_in import Unreadable

MOST_CELLS = 200_000


@dataclass
class Rebuilt:
    """The released notebook with a learner's answers, and remarks on how they were found."""

    notebook: NotebookNode
    remarks: list[str] = field(default_factory=list)


def rebuild(released: NotebookNode, content: bytes) -> Rebuilt:
    """The released notebook with the answers of a submission. Raises Unreadable."""
    answers = Answers(released, _cells(content))
    rebuilt = Rebuilt(copy.deepcopy(released))
    for index, cell in enumerate(rebuilt.notebook.cells):
        about = cell.metadata.get("nbgrader", {})
        if not about.get("solution"):
            continue
        if cell.cell_type == "code":
            found = answers.code(cell)
        else:
            found = answers.text(cell, rebuilt.notebook.cells[index - 1].source if index else "")
        rebuilt.remarks += found.remarks
        if found.source is None:
            rebuilt.remarks.append(f"no answer found for {about['grade_id']}")
        else:
            is_code = cell.cell_type == "code"
            cell.source = found.source if is_code else harmless_markdown(found.source)
    return rebuilt


def untouched(notebook: NotebookNode, released: NotebookNode) -> list[str]:
    """The answers that are still what was released."""
    given = {_grade_id(cell): cell.source.strip() for cell in released.cells}
    return [
        grade_id
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("solution")
        and given.get(grade_id := _grade_id(cell)) == cell.source.strip()
    ]


def _grade_id(cell: NotebookNode) -> str:
    return str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))


def harmless_markdown(text: str) -> str:
    """Text without tags or scripts, for it is shown in the browsers of others.

    A tag is shown as it was typed instead of being one; so are links with a scheme that runs code.
    """
    text = re.sub(r"<(?=[A-Za-z/!?])", "&lt;", text)
    return re.sub(r"(?i)\b(javascript|vbscript|data)\s*:", r"\1 :", text)


def _cells(content: bytes) -> list[Cell]:
    """The cells of a notebook file, of whatever version, as far as they can be understood."""
    if not content.strip():
        raise Unreadable("the file is empty")
    try:
        text = _decoded(content)
    except UnicodeDecodeError:
        raise Unreadable("the file is not UTF-8 text") from None
    try:
        book = json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise Unreadable(f"the file is not a notebook: it is not valid JSON{where}") from None
    if not isinstance(book, dict):
        raise Unreadable("the file is not a notebook: it is not a JSON object")
    raw = book.get("cells")
    if raw is None and isinstance(book.get("worksheets"), list):
        # Version 3 of the format, before 2015.
        sheets = [sheet for sheet in book["worksheets"] if isinstance(sheet, dict)]
        raw = [cell for sheet in sheets for cell in sheet.get("cells") or []]
    if not isinstance(raw, list):
        raise Unreadable("the file is not a notebook: it has no cells")
    if len(raw) > MOST_CELLS:
        raise Unreadable(f"the notebook has {len(raw)} cells, more than {MOST_CELLS}")
    return [_cell(cell) for cell in raw if isinstance(cell, dict)]


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16")
    return content.decode("utf-8-sig")


def _cell(raw: dict[str, Any]) -> Cell:
    source = raw.get("source", raw.get("input", ""))
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    elif not isinstance(source, str):
        source = ""
    # A lone surrogate or a null could not be stored.
    source = source.encode("utf8", "replace").decode().replace("\0", "")
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    about = raw.get("metadata")
    about = about.get("nbgrader") if isinstance(about, dict) else None
    grade_id = about.get("grade_id") if isinstance(about, dict) else None
    known = (raw.get("cell_type"), source, raw.get("id"), grade_id)
    return Cell(*(str(value or "") for value in known))
