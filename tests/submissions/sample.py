"""A row of the corpus: what is handed in, and what has to become of it."""

from collections.abc import Callable
from dataclasses import dataclass

from submissions.student_folder import EVERYTHING, StudentFolder


@dataclass(frozen=True)
class Sample:
    """One submission. `earns` are the graded cells that get their points, all others get 0."""

    name: str
    make: Callable[[StudentFolder], None]
    earns: tuple[str, ...] = EVERYTHING
    status: str = "graded"
    flags: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    demo: bool = False


def with_answers(**answers: str) -> Callable[[StudentFolder], None]:
    return lambda student_folder: student_folder.hand_in(student_folder.notebook(**answers))


def without(*cells: str) -> tuple[str, ...]:
    return tuple(cell for cell in EVERYTHING if cell not in cells)


NO_MSE = without("mse-values", "mse-bad-input")
