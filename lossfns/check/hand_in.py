"""Offer a notebook for download, under the name that it is handed in with."""

import base64
import json
import os
import time
from pathlib import Path

from lossfns.check.points import in_notebook


def hand_in(name: str) -> None:
    """In a notebook: offer it for download as NAME.ipynb, without the outputs of its cells.

    Colab hands over what you see; Jupyter and VS Code what was saved last. If your file has another
    name, such as "02_regression (1).ipynb", the download has the right one all the same.

    Args:
        name: of the assignment, such as "02_regression".
    Raises:
        RuntimeError: this is no notebook.
    Example:
        >>> from lossfns.check import hand_in
        >>> hand_in("02_regression")
        Traceback (most recent call last):
            ...
        RuntimeError: hand_in works in a notebook only; here, take the file as it is
    """
    if not in_notebook():
        raise RuntimeError("hand_in works in a notebook only; here, take the file as it is")
    try:
        from google.colab import _message, files
    except ImportError:
        path = _path(name)
        if path is None:
            print(
                "The file of this notebook was not found. Save it, take it from where it lies, and "
                f"hand it in under the name {name}.ipynb."
            )
        else:
            _link(name, path)
        return
    content = _message.blocking_request("get_ipynb", timeout_sec=60)["ipynb"]
    Path(f"{name}.ipynb").write_text(_without_outputs(content), encoding="utf8")
    files.download(f"{name}.ipynb")


def _path(name: str) -> Path | None:
    """The file of this notebook, which a kernel does not know by itself."""
    from IPython import get_ipython

    told = (
        get_ipython().user_ns.get("__vsc_ipynb_file__"),  # by VS Code
        os.environ.get("JPY_SESSION_NAME"),  # by Jupyter
        f"{name}.ipynb",
    )
    for path in (Path(one) for one in told if one):
        if path.suffix == ".ipynb" and path.is_file():
            return path
    return None


def _link(name: str, path: Path) -> None:
    from IPython.display import HTML, display

    try:
        text = _without_outputs(json.loads(path.read_text(encoding="utf8")))
    except (ValueError, KeyError, TypeError):
        print(f"{path.name} is not saved completely: save it, then run this cell again.")
        return
    saved = time.strftime("%H:%M:%S", time.localtime(path.stat().st_mtime))
    print(f"{path.name}, as it was saved at {saved}. After a change: save, run this cell again.")
    data = base64.b64encode(text.encode()).decode()
    address = f"data:application/octet-stream;base64,{data}"
    display(HTML(f'<a download="{name}.ipynb" href="{address}">Download {name}.ipynb</a>'))


def _without_outputs(notebook: dict) -> str:
    """The notebook as text. What its cells show is not graded, and may be large."""
    cells = [
        cell | {"outputs": [], "execution_count": None} if cell["cell_type"] == "code" else cell
        for cell in notebook["cells"]
    ]
    return json.dumps(notebook | {"cells": cells}, indent=1, ensure_ascii=False) + "\n"
