"""What is said to the person who grades."""


class CourseError(Exception):
    """Something that the instructor can mend; the message says what."""
