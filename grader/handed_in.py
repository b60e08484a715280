"""What was handed in, as files: whose folder it is, which notebook counts, and its bytes.

Nothing in a folder is trusted: names are checked, links and devices are refused, sizes are bounded.
"""

import os
import re
import stat
from pathlib import Path

LARGEST = 20 * 2**20  # bytes of a notebook

STUDENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")


class Unreadable(Exception):
    """A file that cannot be graded; the message is for the learner."""


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
        raise Unreadable(
            f"there are {len(others)} notebooks, none of them named {path.name}: {names}"
        )
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
