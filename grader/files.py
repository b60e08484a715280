"""Files that another process may read at any time."""

import os
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Write a file so that nobody ever sees half of it."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        scratch.write_text(text, encoding="utf8")
        os.replace(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)
