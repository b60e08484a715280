"""What became of a submission, apart from its marks."""

from enum import StrEnum


class Status(StrEnum):
    """The five ends of a submission. Only the first three come with marks of the machine."""

    GRADED = "graded"
    PARTLY = "partly graded"
    UNREADABLE = "unreadable"
    MISSING = "missing"
    NOT_GRADED = "not graded"

    @property
    def meaning(self) -> str:
        return _MEANING[self]


_MEANING = {
    Status.GRADED: "every check was answered",
    Status.PARTLY: "some code crashed or took too long; what could be checked was",
    Status.UNREADABLE: "the file could not be read as a notebook",
    Status.MISSING: "nothing was handed in",
    Status.NOT_GRADED: "our fault: the grader failed, not the submission; grade it again",
}
