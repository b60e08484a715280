"""Read what was handed in, whatever it is, and rebuild the assignment around its answers.

No code of a submission runs here. Only the answers are taken over, into a fresh copy of the
released notebook: what was done to the checks, the metadata, the order of cells or the kernel does
not matter. Works for files saved by JupyterLab, VS Code and Colab.
"""

import ast
import copy
import json
import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

LARGEST = 20 * 2**20  # bytes of a notebook
MOST_CELLS = 200_000
LONGEST_ANSWER = 100_000  # characters of a cell

STUDENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")


class Unreadable(Exception):
    """A file that cannot be graded; the message is for the learner."""


@dataclass
class Rebuilt:
    """The released notebook with a learner's answers, and remarks on how they were found."""

    notebook: NotebookNode
    remarks: list[str] = field(default_factory=list)
    # Names that are defined in cells of the learner's own, which are not taken over.
    left_behind: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class _Cell:
    kind: str
    source: str
    id: str
    grade_id: str


def is_student_id(name: str) -> bool:
    """Whether a folder's name may be a student: it becomes part of paths and of tables."""
    return STUDENT.fullmatch(name) is not None and ".." not in name


def find_notebook(folder: Path, name: str) -> Path:
    """The notebook of a submission: by its name, or the only one in the folder.

    Raises Unreadable, or FileNotFoundError where there is none.
    """
    path = folder / f"{name}.ipynb"
    if path.is_symlink() or path.exists():
        return path
    others = sorted(p for p in folder.iterdir() if p.suffix.lower() == ".ipynb")
    if len(others) == 1:
        return others[0]
    if others:
        names = ", ".join(p.name for p in others[:5])
        raise Unreadable(f"of {len(others)} notebooks none is named {path.name}: {names}")
    if any(folder.iterdir()):
        found = ", ".join(sorted(p.name for p in folder.iterdir())[:5])
        raise Unreadable(f"there is no notebook here, only {found}")
    raise FileNotFoundError(path)


def read_file(path: Path) -> bytes:
    """The bytes of an ordinary file of bounded size; links and devices are refused."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError as error:
        why = "it is a link" if path.is_symlink() else error.strerror
        raise Unreadable(f"{path.name} cannot be opened as a file: {why}") from None
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise Unreadable(f"{path.name} is not an ordinary file")
        with os.fdopen(handle, "rb", closefd=False) as file:
            content = file.read(LARGEST + 1)
    finally:
        os.close(handle)
    if len(content) > LARGEST:
        raise Unreadable(
            f"{path.name} is larger than {LARGEST // 2**20} MB; clear all outputs and hand it in "
            "again"
        )
    return content


def rebuild(released: NotebookNode, content: bytes) -> Rebuilt:
    """The released notebook with the answers of a submission. Raises Unreadable."""
    handed_in = _cells(content)
    rebuilt = Rebuilt(copy.deepcopy(released))
    taken: set[int] = set()
    for index, cell in enumerate(rebuilt.notebook.cells):
        about = cell.metadata.get("nbgrader", {})
        if not about.get("solution"):
            continue
        question = rebuilt.notebook.cells[index - 1].source if index else ""
        places = _find(cell, about["grade_id"], question, handed_in)
        if not places:
            rebuilt.remarks.append(f"no answer found for {about['grade_id']}")
            continue
        # Of several, the last that was worked on.
        worked = [i for i in places if handed_in[i].source.strip() != cell.source.strip()]
        chosen = (worked or places)[-1]
        if len(worked) > 1:
            rebuilt.remarks.append(
                f"{len(worked)} cells answer {about['grade_id']}: the last one counts"
            )
        taken.add(chosen)
        source = handed_in[chosen].source
        if len(source) > LONGEST_ANSWER:
            rebuilt.remarks.append(f"{about['grade_id']} was cut off: {len(source)} characters")
            source = source[:LONGEST_ANSWER]
        cell.source = source if cell.cell_type == "code" else harmless_markdown(source)
    given = {cell.source.strip() for cell in released.cells}
    for index, cell in enumerate(handed_in):
        if index not in taken and cell.kind == "code" and cell.source.strip() not in given:
            rebuilt.left_behind |= _defined(cell.source)
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
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def harmless_markdown(text: str) -> str:
    """Text without tags or scripts, for it is shown in the browsers of others.

    A tag is shown as it was typed instead of being one; so are links with a scheme that runs code.
    """
    text = re.sub(r"<(?=[A-Za-z/!?])", "&lt;", text)
    return re.sub(r"(?i)\b(javascript|vbscript|data)\s*:", r"\1 :", text)


def _cells(content: bytes) -> list[_Cell]:
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
        raise Unreadable(f"the file is not a notebook: it is no JSON{where}") from None
    if not isinstance(book, dict):
        raise Unreadable("the file is not a notebook: it is no JSON object")
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


def _cell(raw: dict[str, Any]) -> _Cell:
    source = raw.get("source", raw.get("input", ""))
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    elif not isinstance(source, str):
        source = ""
    # A lone surrogate or a null could not be stored.
    source = source.encode("utf8", "replace").decode().replace("\0", "").replace("\r\n", "\n")
    about = raw.get("metadata")
    about = about.get("nbgrader") if isinstance(about, dict) else None
    grade_id = about.get("grade_id") if isinstance(about, dict) else None
    known = (raw.get("cell_type"), source, raw.get("id"), grade_id)
    return _Cell(*(str(value or "") for value in known))


def _find(cell: NotebookNode, grade_id: str, question: str, handed_in: list[_Cell]) -> list[int]:
    """Where the answer to a cell is: by grade_id, else by the cell's id, else by what it holds."""
    kind = cell.cell_type
    alike = [(i, one) for i, one in enumerate(handed_in) if one.kind == kind]
    for found in (
        [i for i, one in alike if one.grade_id == grade_id],
        [i for i, one in alike if one.id == cell.get("id")],
        # Metadata and ids are lost where a notebook is put together anew, from a script say.
        [i for i, one in alike if kind == "code" and _defines(one.source, _main_name(cell.source))],
        [
            i
            for i, one in alike
            if kind == "markdown" and i and handed_in[i - 1].source.strip() == question.strip()
        ],
    ):
        if found:
            return found
    return []


def _main_name(stub: str) -> str:
    """The function or class that a stub asks for."""
    found = re.search(r"^(?:def|class)\s+(\w+)", stub, re.MULTILINE)
    return found[1] if found else ""


def _defines(source: str, name: str) -> bool:
    # By pattern, for the code may have an error of syntax somewhere else.
    return bool(name) and re.search(rf"^(?:def|class)\s+{name}\b", source, re.MULTILINE) is not None


def _defined(source: str) -> set[str]:
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    names = set()
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            names.add(statement.name)
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).split(".")[0] for alias in statement.names}
        elif isinstance(statement, ast.Assign):
            names |= {target.id for target in statement.targets if isinstance(target, ast.Name)}
    return names
