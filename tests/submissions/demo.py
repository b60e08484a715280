"""`make grade-demo`: grade a class of sample submissions in the sandbox and print a table.

The submissions are those of the corpus that are marked for it: right in several ways, wrong in
known ways, broken, hostile. The course stays in _build/grade-demo to be looked at: graded
notebooks, gradebook, logs.
"""

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from submissions.corpus import SAMPLES  # noqa: E402
from submissions.course_folder import CourseFolder  # noqa: E402
from submissions.student_folder import NAME, POINTS  # noqa: E402

from grader.errors import CourseError  # noqa: E402
from grader.grade import grade  # noqa: E402

FOLDER = ROOT / "_build" / "grade-demo"


def main() -> int:
    demo = [sample for sample in SAMPLES if sample.demo]
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    course_folder = CourseFolder(FOLDER)
    course_folder.release()
    course_folder.hand_in(demo)
    try:
        rows = grade(course_folder.course, NAME, jobs=2)
    except CourseError as error:
        print(error, file=sys.stderr)
        return 1
    expected = {s.name: (s.status, sum(POINTS[cell] for cell in s.earns)) for s in demo}
    surprises = [
        row["student"]
        for row in rows
        if (row["status"], float(row["marks"] or 0)) != expected[row["student"]]
    ]
    print(f"\n{len(rows)} submissions, {len(surprises)} with other marks than expected", *surprises)
    return 1 if surprises else 0


if __name__ == "__main__":
    sys.exit(main())
