"""`python -m grader`: the instructor's commands."""

import argparse
import sys

from grader.release import release


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m grader", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    command = commands.add_parser("release", help="make exercises/ from solutions/")
    command.set_defaults(run=release)
    parser.parse_args().run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
