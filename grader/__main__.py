"""`python -m grader`: the instructor's commands."""

import argparse
import os
import sys
from pathlib import Path

from grader.collect import collect
from grader.course import Course
from grader.errors import CourseError
from grader.export import FORMATS, export
from grader.grade import grade
from grader.leaks import release_check
from grader.platforms import LAYOUTS
from grader.public import publish
from grader.release import release
from grader.report import graded_assignments, report
from grader.show import show


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 1 where the instructor has to do something first, 2 for wrong arguments."""
    parser = argparse.ArgumentParser(prog="python -m grader", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command", dest="command")
    commands.add_parser("release", help="make exercises/ from solutions/")

    collecting = commands.add_parser(
        "collect", help="sort what Canvas, Moodle, Blackboard or GitHub handed out into submitted/"
    )
    collecting.add_argument("assignment")
    collecting.add_argument("source", type=Path, help="the archive, or the folder")
    collecting.add_argument("--do", action="store_true", help="do it; without, it is only shown")
    collecting.add_argument(
        "--layout", choices=sorted(LAYOUTS), default="", help="if not found out"
    )

    grading = commands.add_parser("grade", help="grade what was handed in")
    grading.add_argument("assignment")
    grading.add_argument("--student", action="append", help="only this one (may be repeated)")
    cores = os.cpu_count() or 1
    grading.add_argument(
        "--jobs", type=_positive, default=cores, help=f"how many at a time (default {cores})"
    )
    grading.add_argument("--scheduler", default="", help="a Dask cluster, as tcp://host:port")
    grading.add_argument(
        "--i-trust-this-code",
        action="store_true",
        help="grade although this machine has no sandbox for the code",
    )

    grading.add_argument(
        "--watch", action="store_true", help="a line for each, as it is done, with the time left"
    )

    showing = commands.add_parser("show", help="what happened to one submission")
    showing.add_argument("student")
    showing.add_argument("assignment")

    exporting = commands.add_parser("export", help="write the marks for another system")
    exporting.add_argument("assignment")
    exporting.add_argument("--to", choices=sorted(FORMATS), required=True)
    exporting.add_argument("--file", default="-", help="where to (default: standard output)")

    reporting = commands.add_parser("report", help="what a class got and did not get, as a page")
    reporting.add_argument("assignment", nargs="?")
    reporting.add_argument("--all", action="store_true", help="every graded one, and the course")
    reporting.add_argument("--names", action="store_true", help="names instead of numbers")

    checking = commands.add_parser("release-check", help="look for answers in what learners get")
    checking.add_argument("paths", nargs="*", help="default: exercises, notebooks, site, wheel")

    publishing = commands.add_parser("public", help="make a copy without answers, and prove it")
    publishing.add_argument("folder", help="new, empty, or an earlier copy, outside the course")

    for command in (collecting, grading, showing, exporting, reporting):
        command.add_argument("--course", default="", help="root of the course (default: here)")
        command.add_argument("--db", default="", help="gradebook, as sqlite:///… or postgresql://…")

    options = parser.parse_args(arguments)
    try:
        if options.command == "release":
            release()
        elif options.command == "collect":
            collect(
                Course.open(options.course, options.db),
                options.assignment,
                options.source,
                layout=options.layout,
                do=options.do,
            )
        elif options.command == "grade":
            grade(
                Course.open(options.course, options.db),
                options.assignment,
                jobs=options.jobs,
                scheduler=options.scheduler,
                students=options.student,
                trust=options.i_trust_this_code,
                watch=options.watch,
            )
        elif options.command == "show":
            show(Course.open(options.course, options.db), options.student, options.assignment)
        elif options.command == "export":
            course = Course.open(options.course, options.db)
            export(course, options.assignment, options.to, options.file)
        elif options.command == "public":
            return publish(options.folder)
        elif options.command == "report":
            if bool(options.assignment) == options.all:
                reporting.error("name an assignment, or say --all")
            course = Course.open(options.course, options.db)
            chosen = graded_assignments(course) if options.all else [options.assignment]
            for path in report(course, chosen, names=options.names):
                print(path)
        else:
            return release_check(options.paths)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads has seen enough, as `| head` does. The command has not done all of its work.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except CourseError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    return 0


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


if __name__ == "__main__":
    sys.exit(main())
