"""What the grader shares with the book's extensions: the set-up cell, and the wheel it installs."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent / "book" / "_ext"))

from distribution import build as build_wheel
from set_up import METADATA, set_up

__all__ = ["METADATA", "build_wheel", "set_up"]
