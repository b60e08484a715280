"""What a late submission costs: the one place, set by `c.LatePolicy` in nbgrader_config.py.

nbgrader compares `timestamp.txt`, which `collect` writes, with the deadline in the gradebook.
"""

import math

from nbgrader.api import MissingEntry
from nbgrader.plugins import BasePlugin
from traitlets import Float, Integer

DAY = 86400


class LatePolicy(BasePlugin):
    """So much of the points of the assignment for each day that has begun, after the free days."""

    grace_minutes = Float(0.0, min=0, help="So late is not late").tag(config=True)
    free_days = Integer(
        0, min=0, help="Days that each learner may be late without loss, in the whole course"
    ).tag(config=True)
    percent_per_day = Float(
        0.0, min=0, max=100, help="Of the points of the assignment, for each day that has begun"
    ).tag(config=True)
    most_percent = Float(100.0, min=0, max=100, help="Never more than this").tag(config=True)

    def late_submission_penalty(
        self, student_id: str, score: float, total_seconds_late: float
    ) -> float | None:
        """The points to take off; nbgrader never takes off more than there are."""
        book = self.parent.gradebook
        this = book.find_assignment(self.parent.assignment_id)
        try:
            others = book.find_student(student_id).submissions
        except MissingEntry:
            others = []
        # Free days go to the assignments in the order of their deadlines.
        used = sum(
            self._days(one.total_seconds_late)
            for one in others
            if one.assignment.duedate and one.assignment.duedate < this.duedate
        )
        days = self._days(total_seconds_late)
        days -= min(days, max(0, self.free_days - used))
        share = min(self.most_percent, days * self.percent_per_day) / 100
        return share * this.max_score or None

    def _days(self, seconds: float) -> int:
        return math.ceil(max(0.0, seconds - 60 * self.grace_minutes) / DAY)
