# Stock nbgrader, pointed at our folders: `nbgrader generate_assignment`, `autograde`, the
# formgrader and all else work as its documentation says. See solutions/README.md.
import os
import sys
from pathlib import Path

c = get_config()  # noqa: F821  (nbgrader provides it)

ROOT = Path(__file__).resolve().parent
# The package with our release step lies beside this file and is not installed.
sys.path.insert(0, str(ROOT))
# nbgrader calls alembic by name, which fails when the environment is used without activating it.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

# solutions/NAME → exercises/NAME, and for the submissions, which git ignores:
# submitted/STUDENT/NAME → autograded/STUDENT/NAME → feedback/STUDENT/NAME, marks in gradebook.db.
c.CourseDirectory.root = str(ROOT)
# PostgreSQL wants a course for every assignment; a gradebook may hold several.
c.CourseDirectory.course_id = "losses"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"

# Only notebooks are taken along, at every step: what lies beside a source never reaches the
# learners, and what lies beside a submission (a numpy.py, a link) never reaches the grader.
c.CourseDirectory.ignore = ["*"]

# Before nbgrader's own steps of a release, ours: they fill in where the course is
# published, and let a run go on where something is still to be written.
c.GenerateAssignment.preprocessors.prepend(
    ["grader.steps.RepositoryAddress", "grader.steps.RunsToTheEnd"]
)

# Grading: intake, sandbox and verifier (grader/) in place of nbgrader's own steps, which run what
# was handed in on this machine and take the marks from what it prints.
c.Autograde.exporter_class = "grader.steps.SubmissionExporter"
c.Autograde.pre_convert_hook = "grader.steps.before_autograde"
c.Autograde.sanitize_preprocessors = []
c.Autograde.autograde_preprocessors = [
    "grader.steps.Grade",
    "grader.steps.SaveMarks",
    "nbgrader.preprocessors.AssignLatePenalties",
]
# What a submission may use, where it differs from grader/limits.py: seconds for a cell, say.
c.Grade.limits = {}

# Which of several attempts counts: "newest"; "deadline", the newest that was in time; or "best",
# the one with the most automatic points after its late penalty, for which all are graded.
c.Attempts.take = "newest"

# What a late submission costs. The deadline is the gradebook's:
# nbgrader db assignment add NAME --duedate="2026-12-01 23:59 UTC"
c.AssignLatePenalties.plugin_class = "grader.late.LatePolicy"
c.LatePolicy.grace_minutes = 0
c.LatePolicy.free_days = 0
c.LatePolicy.percent_per_day = 0

# The page that learners get back is ours.
c.GenerateFeedback.exporter_class = "grader.feedback.FeedbackExporter"
c.GenerateFeedback.preprocessors = ["grader.feedback.GetMarks"]

# What learners wrote is shown as text: no tag of theirs acts in the browser of whoever reads it.
c.HTMLExporter.sanitize_html = True
