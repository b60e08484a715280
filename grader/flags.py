"""What a person should look at before trusting a mark. A flag never changes a mark.

Two sources: the text of the answers (read, not run), and the names of the PyTorch functions that
were called while the grader asked. Both can be evaded by somebody who tries; the first question is
whether somebody has.
"""

import ast
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from nbformat import NotebookNode

from grader.cells import read_cell
from lossfns.check import EXERCISES

# Finished losses: writing one is what the assignment asks for.
LOSS = re.compile(
    r"(_loss|_loss_\w+|Loss|cross_entropy\w*|kl_div|nll|mean_(squared|absolute)\w*_error|log_loss"
    r"|brier_score_loss|log_softmax|logsumexp|softmax|softmin|pairwise_distances?|cdist"
    r"|cosine_similarity|compute_class_weight|calibration_curve)$"
)
# Of PyTorch's, those that the exercises may use: they are steps, not answers.
ALLOWED_CALLS = {"softmax", "log_softmax", "logsumexp", "cdist", "cosine_similarity"}
LIBRARIES = set("lossfns sklearn scipy keras optax tensorflow jax torchmetrics monai".split())
TRICKS = set("eval exec compile __import__ globals locals vars setattr delattr open".split())
SYSTEM = set(
    "os sys subprocess socket ctypes inspect importlib gc threading multiprocessing signal shutil "
    "pathlib pickle marshal builtins requests urllib http IPython ipykernel zmq atexit tempfile "
    "resource pty sqlite3 glob tracemalloc".split()
)
# What libraries are called. getattr(losses, reduction) is no trick.
MODULES = LIBRARIES | SYSTEM | set("np numpy torch nn F functional __builtins__".split())
# Special methods by which an object could pass for the right answer.
FORGING = {"__eq__", "__ne__", "__array__", "__torch_function__", "__array_ufunc__", "__reduce__"}

REACHED = {"f_back", "__globals__", "__subclasses__", "__dict__"}

# Answers shorter than this are alike by themselves.
SMALLEST_CODE = 60  # nodes of the syntax tree
SMALLEST_TEXT = 25  # words
ALIKE_CELLS = 3


def flags_of(notebook: NotebookNode, used: Iterable[str] = ()) -> list[str]:
    """Flags of the answers in a rebuilt notebook."""
    found: dict[str, None] = {}
    for cell in notebook.cells:
        about = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and about.get("solution"):
            name = about["grade_id"]
            # Where a model is trained and judged by its predictions, losses are there to be used.
            free = name in EXERCISES and EXERCISES[name].score is not None
            for flag in _of_code(cell.source, losses_allowed=free):
                found[f"{name}: {flag}"] = None
    for name in sorted(used):
        if LOSS.search(name) and name not in ALLOWED_CALLS:
            found[f"PyTorch's {name} was called while the answers were checked"] = None
    return list(found)


def _of_code(source: str, losses_allowed: bool) -> list[str]:
    def is_loss(name: str) -> bool:
        return not losses_allowed and name not in ALLOWED_CALLS and bool(LOSS.search(name))

    found: list[str] = []
    for node in (node for one in read_cell(source).statements for node in ast.walk(one.node)):
        match node:
            case ast.Import(names):
                found += _imports(alias.name for alias in names)
            case ast.ImportFrom(module=str(module), names=names):
                found += _imports([module])
                found += [f"imports {a.name}" for a in names if is_loss(a.name)]
            case ast.Call(ast.Name(name)) if name in TRICKS:
                found.append(f"calls {name}()")
            case ast.Call(ast.Name("getattr"), [owner, name, *_]) if _from_library(owner, name):
                found.append("calls getattr() with a computed name")
            case ast.Attribute(attr=name) if is_loss(name):
                found.append(f"uses {ast.unparse(node)}")
            case ast.Attribute(attr=name) if name in REACHED:
                found.append(f"reaches for {name}")
            case ast.Name(id="get_ipython"):
                found.append("reaches for the kernel (get_ipython)")
            case ast.FunctionDef(name=name) if name in FORGING:
                found.append(f"defines {name}")
    return found


def _imports(modules: Iterable[str]) -> list[str]:
    tops = [module.split(".")[0] for module in modules]
    return [f"imports {top}" for top in tops if top in LIBRARIES | SYSTEM]


def _from_library(owner: ast.expr, name: ast.expr) -> bool:
    """Whether something is fetched from a library under a name that is put together."""
    while isinstance(owner, ast.Attribute):
        owner = owner.value
    plain = isinstance(owner, ast.Name) and owner.id not in MODULES
    return not plain and not isinstance(name, ast.Constant)


def fingerprints(notebook: NotebookNode, released: NotebookNode) -> dict[str, str]:
    """A hash for each answer long enough to be somebody's own, blind to layout and comments."""
    stubs = {cell.get("id"): cell.source.strip() for cell in released.cells}
    prints = {}
    for cell in notebook.cells:
        about = cell.metadata.get("nbgrader", {})
        if about.get("solution") and cell.source.strip() != stubs.get(cell.get("id")):
            essence = _essence(cell)
            if essence:
                prints[about["grade_id"]] = hashlib.sha256(essence.encode()).hexdigest()[:16]
    return prints


def _essence(cell: NotebookNode) -> str:
    if cell.cell_type == "markdown":
        words = re.findall(r"\w+", cell.source.lower())
        return " ".join(words) if len(words) >= SMALLEST_TEXT else ""
    # Parsed anew, for docstrings are taken out.
    try:
        tree = ast.parse(read_cell(cell.source).python)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_docstring(body[0]):
            body.pop(0)
    return ast.dump(tree) if sum(1 for _ in ast.walk(tree)) >= SMALLEST_CODE else ""


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def alike(prints: Mapping[str, Mapping[str, str]]) -> dict[str, list[str]]:
    """Flags for students who share answers: texts, or several pieces of code.

    `prints` holds the fingerprints by student.
    """
    groups = defaultdict(list)
    for student, cells in prints.items():
        for grade_id, essence in cells.items():
            groups[grade_id, essence].append(student)
    shared: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (grade_id, _), students in groups.items():
        # What half the class writes is what one writes.
        if 1 < len(students) <= max(2, len(prints) // 10):
            for one in students:
                for other in students:
                    if one != other:
                        shared[one, other].append(grade_id)
    found: dict[str, list[str]] = defaultdict(list)
    for (one, other), cells in sorted(shared.items()):
        if len(cells) >= ALIKE_CELLS:
            found[one].append(f"same answers as {other}: {', '.join(cells)}")
    return dict(found)
