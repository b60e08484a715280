"""Find the answers in a submission, wherever they went, and take along what they need.

One rule says which definition of a function counts: **that of its own cell; if its cell does not
define it, the last one in the notebook.** From all other cells come only the definitions that an
answer uses. Nothing runs here.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from nbformat import NotebookNode

from grader.cells import Script, Statement, how_defined, is_given, read_cell, uses

LONGEST_ANSWER = 100_000  # characters of a cell
# How much code definitions are looked for in, and how much is taken from there for an answer.
MOST_READ, MOST_CELLS_READ = 1_000_000, 3000
MOST_TAKEN = 200  # statements

FROM_OTHER_CELLS = "# From other cells of your notebook:"
FROM_ITS_OWN_CELL = "# From the cell of the assignment:"


@dataclass(frozen=True)
class Cell:
    """A cell of a submission."""

    kind: str
    source: str
    id: str
    grade_id: str


@dataclass
class Found:
    """An answer, and remarks for the learner on how it was found. None if there is none."""

    source: str | None
    remarks: list[str] = field(default_factory=list)


class Answers:
    """The cells of a submission, in which the answers to a released notebook are looked for."""

    def __init__(self, released: NotebookNode, cells: list[Cell]):
        self.cells = cells
        self.released = {cell.source.strip() for cell in released.cells}
        self.ids = {cell.get("id") for cell in released.cells}
        self.by_grade_id: dict[str, list[int]] = {}
        self.by_id: dict[str, list[int]] = {}
        for i, one in enumerate(cells):
            self.by_grade_id.setdefault(one.grade_id, []).append(i)
            self.by_id.setdefault(one.id, []).append(i)
        solutions = [cell for cell in released.cells if _about(cell).get("solution")]
        self.places = {_about(cell)["grade_id"]: self._own_cells(cell) for cell in solutions}
        functions = [cell for cell in solutions if cell.cell_type == "code"]
        own = {i for cell in functions for i in self.places[_about(cell)["grade_id"]]}
        self.scripts = self._read(own)
        # Which cells define what is asked for, and how.
        self.ranks: dict[str, dict[int, int]] = {
            name: {} for cell in functions for name in _names(cell)
        }
        for i, one in self._statements(self.scripts):
            for name in one.binds & self.ranks.keys():
                self.ranks[name][i] = max(self.ranks[name].get(i, 0), how_defined(one, name))
        # What is there in any case: the course's own cells run, and the answers as a whole.
        running = [cell.source for cell in released.cells if _runs(cell)]
        self.there = {name for text in running for one in _parts(text) for name in one.binds}
        self.there |= {name for _, one in self._statements(own) for name in one.binds}
        # Of all other cells single definitions are taken, where an answer uses them.
        self.homes: dict[str, dict[int, list[Statement]]] = {}
        self.star_imports: list[tuple[int, Statement]] = []
        others = [i for i in self.scripts if i not in own and cells[i].source not in running]
        for i, one in self._statements(others):
            for name in one.binds | one.changes:
                self.homes.setdefault(name, {}).setdefault(i, []).append(one)
            if "*" in one.binds:
                self.star_imports.append((i, one))

    def code(self, stub: NotebookNode) -> Found:
        """The answer to a cell that asks for a function."""
        grade_id, names, found = _about(stub)["grade_id"], _names(stub), Found(None)
        places = self.places[grade_id]
        worked = [i for i in places if self.cells[i].source.strip() != stub.source.strip()]
        own = [i for i in worked if all(self.ranks[name].get(i) for name in names)]
        taken = [] if own else [one for name in names for one in self._elsewhere(name, places)]
        here = _last(own or worked or places)
        if here is None and not taken:
            # Perhaps it is there with an error of syntax, which the learner should see.
            here = next((i for i in reversed(self.scripts) if self._looks_like(i, names)), None)
            if here is None:
                return found
        found.remarks += self._about_choice(stub, own or worked, bool(own))
        base = "" if here is None else self.cells[here].source
        if taken and here is not None:
            broken = read_cell(base).error
            if broken:
                found.remarks.append(f"{grade_id}: its own cell was left out: {broken}")
            if broken or here not in worked:
                base = ""
        if base and here is not None and self.cells[here].kind != "code":
            found.remarks.append(f"{grade_id}: its cell is not a code cell, but was read as one")
        if len(base) > LONGEST_ANSWER:
            found.remarks.append(f"{grade_id} was cut off: {len(base)} characters")
            base = base[:LONGEST_ANSWER]
        helpers = self._needed(base, taken, here)
        if helpers:
            bound = sorted({name for one in helpers for name in one.binds})
            found.remarks.append(
                f"{grade_id}: taken along from other cells: {', '.join(bound[:20])}"
            )
        found.source = _joined(helpers, base, [one for _, one in taken])
        return found

    def text(self, empty: NotebookNode, question: str) -> Found:
        """The answer to a question in words, with the cells of text that were added under it."""
        grade_id = _about(empty)["grade_id"]
        places = self.places[grade_id] or [
            # Metadata and ids are lost where a notebook is put together anew, from a script say.
            i
            for i in range(1, len(self.cells))
            if self.cells[i].kind == "markdown"
            and self.cells[i - 1].source.strip() == question.strip()
        ]
        if not places:
            return Found(None)
        worked = [i for i in places if self.cells[i].source.strip() != empty.source.strip()]
        here = (worked or places)[-1]
        texts = [self.cells[here].source] if worked else []
        found = Found(None)
        if len(worked) > 1:
            found.remarks.append(f"{len(worked)} cells answer {grade_id}: the last one counts")
        under = list(self._added_under(here))
        if under:
            found.remarks.append(f"{grade_id}: the text in the cells under it was taken along")
        found.source = "\n\n".join([*texts, *under]) or self.cells[here].source
        if len(found.source) > LONGEST_ANSWER:
            found.remarks.append(f"{grade_id} was cut off: {len(found.source)} characters")
            found.source = found.source[:LONGEST_ANSWER]
        return found

    def _own_cells(self, cell: NotebookNode) -> list[int]:
        """Where a cell of the assignment is: by its grade_id, else by its id."""
        found = self.by_grade_id.get(_about(cell)["grade_id"])
        return found or self.by_id.get(cell.get("id") or "-", [])

    def _read(self, first: Iterable[int]) -> dict[int, Script]:
        """The code that is read: the cells of the assignment, and others up to a limit."""
        code = [i for i, cell in enumerate(self.cells) if cell.kind == "code"]
        left, read = MOST_READ, set()
        for i in list(dict.fromkeys([*sorted(first), *code]))[:MOST_CELLS_READ]:
            size = len(self.cells[i].source)
            if size <= min(left, LONGEST_ANSWER):
                left -= size
                read.add(i)
        return {i: read_cell(self.cells[i].source) for i in sorted(read)}

    def _statements(self, cells: Iterable[int]) -> Iterator[tuple[int, Statement]]:
        for i in sorted(cells):
            if i in self.scripts:
                yield from ((i, one) for one in self.scripts[i].statements)

    def _defining(self, name: str, places: list[int]) -> list[int]:
        """The cells, other than its own, that define a function, or else bind its name."""
        ranks = {i: rank for i, rank in self.ranks[name].items() if rank and i not in places}
        best = max(ranks.values(), default=0)
        return [i for i, rank in ranks.items() if rank == best]

    def _elsewhere(self, name: str, places: list[int]) -> list[tuple[int, Statement]]:
        """The definition in the last cell, other than its own, that has one."""
        defining = self._defining(name, places)[-1:]
        return [(i, one) for i, one in self._statements(defining) if name in one.binds]

    def _about_choice(self, stub: NotebookNode, cells: list[int], own: bool) -> Iterator[str]:
        """What to say where a definition is not alone (`cells`), or not in its `own` cell."""
        grade_id = _about(stub)["grade_id"]
        if len(cells) > 1:
            yield f"{len(cells)} cells answer {grade_id}: the last one counts"
        for name in _names(stub):
            others = self._defining(name, self.places[grade_id])
            if own and any(self.ranks[name][i] > 1 for i in others):
                yield f"{name} is defined in other cells, too: that of the assignment counts"
            elif others and not own:
                which = f"the last of {len(others)}, " if len(others) > 1 else ""
                yield (
                    f"{name} is not defined in its own cell: the definition in another one counts "
                    f"({which}cell {others[-1] + 1} of your notebook from the top)"
                )

    def _looks_like(self, i: int, names: list[str]) -> bool:
        starts = tuple(f"{word} {name}" for word in ("def", "class") for name in names)
        return bool(self.scripts[i].error) and any(
            line.startswith(starts) for line in self.scripts[i].python.split("\n")
        )

    def _needed(
        self, base: str, taken: list[tuple[int, Statement]], here: int | None
    ) -> list[Statement]:
        """What an answer uses, what that uses, and so on, of all that is defined in other cells."""
        own = _parts(base)
        bound = {name for one in [*own, *(one for _, one in taken)] for name in one.binds}
        place = here if here is not None else (taken[0][0] if taken else 0)
        todo = [(place, name) for one in own for name in sorted(uses(one))]
        todo += [(i, name) for i, one in taken for name in sorted(uses(one))]
        asked: set[str] = set()
        open_names = False
        helpers: dict[tuple[int, int, int], Statement] = {}
        while todo and len(helpers) < MOST_TAKEN:
            asking, name = todo.pop()
            if name in asked or name in bound or name in self.there:
                continue
            asked.add(name)
            i = self._home(name, asking)
            if i is None:
                open_names = True
                continue
            for one in self.homes[name][i][:MOST_TAKEN]:
                helpers[_place(i, one)] = one
                todo += [(i, other) for other in sorted(uses(one))]
        if open_names:
            # They may come from an import of everything.
            helpers |= {_place(i, one): one for i, one in self.star_imports[:MOST_TAKEN]}
        return [helpers[place] for place in sorted(helpers)]

    def _home(self, name: str, asking: int) -> int | None:
        """The cell that gives a name: the one that asks, the last above it, or the last of all."""
        homes = [] if is_given(name) else sorted(self.homes.get(name, ()))
        if asking in homes:
            return asking
        above = [i for i in homes if i < asking]
        return _last(above or homes)

    def _added_under(self, here: int) -> Iterator[str]:
        for cell in self.cells[here + 1 :]:
            known = cell.grade_id or (cell.id and cell.id in self.ids)
            if cell.kind != "markdown" or known or cell.source.strip() in self.released:
                return
            yield cell.source


def _joined(helpers: list[Statement], base: str, taken: list[Statement]) -> str:
    """An answer between what it uses and the definition that was found elsewhere."""
    if not helpers and not taken:
        return base
    own = [FROM_ITS_OWN_CELL, read_cell(base).python] if base.strip() else []
    parts = []
    for statements, lines in ((helpers, own), (taken, [])):
        if statements:
            parts += [FROM_OTHER_CELLS, *(one.source for one in statements), ""]
        parts += [*lines, ""] if lines else []
    return "\n".join(parts).rstrip("\n")


def _last(places: list[int]) -> int | None:
    return places[-1] if places else None


def _place(i: int, statement: Statement) -> tuple[int, int, int]:
    return i, statement.line, statement.node.col_offset


def _parts(source: str) -> tuple[Statement, ...]:
    return read_cell(source).statements


def _names(stub: NotebookNode) -> list[str]:
    """The functions that a cell asks for."""
    return [one.node.name for one in _parts(stub.source) if hasattr(one.node, "name")]


def _about(cell: NotebookNode) -> dict[str, Any]:
    about: dict[str, Any] = cell.metadata.get("nbgrader", {})
    return about


def _runs(cell: NotebookNode) -> bool:
    """Whether a cell is the course's own and runs when a submission is graded."""
    about = _about(cell)
    return (
        cell.cell_type == "code"
        and not about.get("solution")
        and not about.get("grade")
        and "ungraded" not in cell.metadata.get("tags", [])
    )
