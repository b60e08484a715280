"""Grade a class whose results are replayed instead of computed, to see what scheduling does.

    python tests/grader/replay.py COURSE STUDENTS PAUSE

Every submission is the same file and every result a recorded one with the student's name, after a
pause; intake, scheduling, result files and gradebook are the real ones.
"""

import sys
import time
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from submissions.student_folder import NAME  # noqa: E402

from grader import schedule  # noqa: E402
from grader.course import Course  # noqa: E402
from grader.grade import grade  # noqa: E402
from grader.job import Result  # noqa: E402


def main(folder: str, pause: str) -> None:
    recorded = Result.from_json(Path(folder, "recorded.json").read_text())

    def replayed(job):
        time.sleep(float(pause))
        return replace(recorded, key=job.key, student=job.student, prints={})

    schedule.do = replayed
    grade(Course.open(folder), NAME, jobs=2)


if __name__ == "__main__":
    main(*sys.argv[1:])
