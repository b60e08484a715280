"""A short assignment, put together from cells of the real ones, and a student who hands it in."""

import copy
import json
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_notebook
from submissions.answers import MAE, MSE, MSE_TORCH, TEXT
from submissions.core import CROSS_ENTROPY, FOCAL, UNCERTAINTY

ROOT = Path(__file__).resolve().parents[2]
NAME = "mini"

# The cells of the short assignment, by the notebook that they come from.
PARTS = {
    "02_regression": [
        *("set-up", "mse-text", "mse", "mse-values", "mse-bad-input", "mae", "mae-values"),
        *("torch-set-up", "mse_torch", "mse-torch-values", "part-4", "mae-or-mse"),
    ],
    "03_classification": [
        *("cross_entropy", "cross-entropy-values", "cross-entropy-extremes"),
        "cross-entropy-bad-input",
    ],
    "05_imbalance": ["focal", "focal-values", "focal-extremes", "focal-bad-input"],
    "09_multitask": [
        *("uncertainty_weighting", "uncertainty-weighting-values"),
        "uncertainty-weighting-bad-input",
    ],
}
POINTS = {
    **{"mse-values": 4, "mse-bad-input": 2, "mae-values": 2, "mse-torch-values": 4},
    **{"cross-entropy-values": 4, "cross-entropy-extremes": 2, "cross-entropy-bad-input": 2},
    **{"focal-values": 5, "focal-extremes": 2, "focal-bad-input": 1},
    **{"uncertainty-weighting-values": 5, "uncertainty-weighting-bad-input": 1},
}
TOTAL = sum(POINTS.values())
EVERYTHING = tuple(POINTS)
ESSAY = "mae-or-mse"

RIGHT = {
    **{"mse": MSE, "mae": MAE, "mse_torch": MSE_TORCH, ESSAY: TEXT},
    **{"cross_entropy": CROSS_ENTROPY, "focal": FOCAL, "uncertainty_weighting": UNCERTAINTY},
}


def assignment() -> NotebookNode:
    """The source notebook of the short assignment."""
    cells = []
    for name, ids in PARTS.items():
        source = nbformat.read(ROOT / "solutions" / name / f"{name}.ipynb", as_version=4)
        by_id = {cell.id: cell for cell in source.cells}
        cells += [by_id[one] for one in ids]
    about = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return new_notebook(cells=cells, metadata=about)


class StudentFolder:
    """What a student hands in is put together here, from the released notebook."""

    def __init__(self, released: NotebookNode, folder: Path, port: int):
        self._released, self.folder = released, folder
        # Where a server of the tests listens, on this machine.
        self.port = port
        self.path = folder / f"{NAME}.ipynb"

    def notebook(self, **answers: str) -> NotebookNode:
        """The released notebook with right answers, or these instead."""
        notebook = copy.deepcopy(self._released)
        answers = RIGHT | {name.replace("essay", ESSAY): text for name, text in answers.items()}
        for cell in notebook.cells:
            grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
            if grade_id in answers:
                cell.source = answers[grade_id]
        return notebook

    def hand_in(self, notebook: NotebookNode | dict | str | bytes) -> None:
        if isinstance(notebook, dict):
            notebook = json.dumps(notebook)
        if isinstance(notebook, str):
            notebook = notebook.encode("utf8", "surrogatepass")
        self.path.write_bytes(notebook)

    def released(self) -> NotebookNode:
        return copy.deepcopy(self._released)
