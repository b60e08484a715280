"""Notebook files as they come in: from other programs, damaged, tampered with, or no notebooks."""

import copy
import json
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell
from submissions.answers import IN_FUNCTION, MSE
from submissions.student_folder import ROOT, StudentFolder


def colab(student_folder: StudentFolder) -> None:
    """Colab gives cells ids of its own in the metadata and adds cells of its own."""
    notebook = student_folder.notebook()
    for i, cell in enumerate(notebook.cells):
        cell.pop("id", None)
        cell.metadata["id"] = f"aBcD{i}"
        cell.metadata["outputId"] = "e0f1"
    notebook.metadata["colab"] = {"provenance": [], "toc_visible": True}
    notebook.metadata["accelerator"] = "GPU"
    notebook.cells.insert(2, new_code_cell("from google.colab import drive", id="x"))
    notebook.nbformat_minor = 0
    student_folder.hand_in(json.loads(json.dumps(notebook)))


def vs_code(student_folder: StudentFolder) -> None:
    notebook = student_folder.notebook()
    for cell in notebook.cells:
        cell.metadata["vscode"] = {"languageId": "python"}
    notebook.metadata["kernelspec"] = {
        "name": "venv",
        "display_name": ".venv",
        "language": "python",
    }
    notebook.metadata["language_info"] = {"name": "python", "version": "3.12.1"}
    student_folder.hand_in(notebook)


def stripped(student_folder: StudentFolder) -> None:
    """No metadata and no ids, as after a detour through a script."""
    notebook = json.loads(json.dumps(student_folder.notebook()))
    for cell in notebook["cells"]:
        cell["metadata"] = {}
        cell.pop("id", None)
    student_folder.hand_in(notebook)


def version_3(student_folder: StudentFolder) -> None:
    cells = []
    for cell in student_folder.notebook().cells:
        key = "input" if cell.cell_type == "code" else "source"
        old = {"cell_type": cell.cell_type, "metadata": dict(cell.metadata), key: cell.source}
        cells.append(old | ({"outputs": [], "language": "python"} if key == "input" else {}))
    student_folder.hand_in({"worksheets": [{"cells": cells}], "metadata": {}, "nbformat": 3})


def duplicated(student_folder: StudentFolder) -> None:
    notebook = student_folder.notebook(mse=IN_FUNCTION.format(body="return 0.0"))
    again = copy.deepcopy(next(c for c in notebook.cells if c.get("id") == "mse"))
    again.source = MSE
    notebook.cells.insert(5, again)
    checks = next(c for c in notebook.cells if c.get("id") == "mse-values")
    notebook.cells.append(copy.deepcopy(checks))
    student_folder.hand_in(json.loads(json.dumps(notebook)))


def tampered(student_folder: StudentFolder) -> None:
    """Checks emptied, points raised, locks opened, order reversed, a graded cell invented."""
    notebook = student_folder.notebook(mse=IN_FUNCTION.format(body="return 0.0"))
    for cell in notebook.cells:
        about = cell.metadata.get("nbgrader")
        if about and about.get("grade"):
            about.update(points=1000, locked=False, checksum="0")
            if cell.cell_type == "code":
                cell.source = "pass"
    invented = new_code_cell("pass", id="gift")
    invented.metadata["nbgrader"] = {
        **{"grade": True, "grade_id": "gift", "points": 1000, "locked": True},
        **{"solution": False, "schema_version": 3, "task": False, "cell_type": "code"},
    }
    notebook.cells = [invented, *reversed(notebook.cells)]
    notebook.metadata["kernelspec"] = {"name": "bash", "display_name": "Bash", "language": "bash"}
    student_folder.hand_in(notebook)


def only_answers(student_folder: StudentFolder) -> None:
    """All cells but the answers deleted."""
    notebook = student_folder.notebook()
    notebook.cells = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("solution")]
    student_folder.hand_in(notebook)


def hundred_thousand_cells(student_folder: StudentFolder) -> None:
    notebook = json.loads(json.dumps(student_folder.notebook()))
    filler = {"cell_type": "code", "source": "1", "metadata": {}, "outputs": []}
    notebook["cells"] += [filler | {"id": f"f{i}"} for i in range(100_000)]
    student_folder.hand_in(notebook)


def large_outputs(student_folder: StudentFolder) -> None:
    notebook = student_folder.notebook()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            text = "<script>alert('canary')</script>" * 30_000
            cell.outputs = [nbformat.v4.new_output("display_data", data={"text/html": text})]
    student_folder.hand_in(notebook)


def odd_cells(student_folder: StudentFolder) -> None:
    notebook = json.loads(json.dumps(student_folder.notebook()))
    odd = [None, 3, "x", [], {}, {"cell_type": "code"}, {"cell_type": 7, "source": 3}]
    odd += [{"cell_type": "code", "source": None}, {"cell_type": "code", "source": [1, None, "x"]}]
    odd += [{"cell_type": "code", "source": "", "metadata": {"nbgrader": [1]}, "id": {"a": 1}}]
    notebook["cells"] = odd + notebook["cells"] + odd
    student_folder.hand_in(notebook)


def surrogates(student_folder: StudentFolder) -> None:
    text = json.dumps(student_folder.notebook(essay="MAE \ud800\u202e\u0000 always."))
    student_folder.hand_in(text)


def beside(name: str, content: str) -> Callable[[StudentFolder], None]:
    def make(student_folder: StudentFolder) -> None:
        (student_folder.folder / name).write_text(content)
        student_folder.hand_in(student_folder.notebook())

    return make


def linked(target: Path) -> Callable[[StudentFolder], None]:
    return lambda student_folder: student_folder.path.symlink_to(target)


def linked_folder(student_folder: StudentFolder) -> None:
    student_folder.folder.rmdir()
    student_folder.folder.symlink_to(ROOT / "solutions" / "02_regression")


def encoded(encoding: str) -> Callable[[StudentFolder], None]:
    def make(student_folder: StudentFolder) -> None:
        text = json.dumps(student_folder.notebook(essay="Größe – MAE"), ensure_ascii=False)
        student_folder.hand_in(text.encode(encoding, "replace"))

    return make


def renamed(student_folder: StudentFolder) -> None:
    student_folder.hand_in(student_folder.notebook())
    student_folder.path.rename(student_folder.folder / "my homework (1).ipynb")


def two_notebooks(student_folder: StudentFolder) -> None:
    for name in ("a.ipynb", "b.ipynb"):
        (student_folder.folder / name).write_text(json.dumps(student_folder.notebook()))
