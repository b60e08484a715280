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
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"

# Before nbgrader's own steps of a release, ours: it fills in where the course is published.
c.GenerateAssignment.preprocessors.prepend(["grader.repository.RepositoryAddress"])

# Cells that train may take a while on a slow machine.
c.Execute.timeout = 120
