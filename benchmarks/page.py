"""The page *Performance*, of which each benchmark writes the part that bears its name."""

import time
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "book" / "performance.md"


def write(command, text):
    """Put `text` in place of what the command, such as "make bench", wrote before."""
    begin, end = f"<!-- made by {command} -->\n", f"<!-- end of what {command} made -->\n"
    before, _, rest = PAGE.read_text(encoding="utf8").partition(begin)
    PAGE.write_text(before + begin + text + end + rest.partition(end)[2], encoding="utf8")


def table(head, rule, rows):
    """A table in Markdown; the rule says how its columns are aligned."""
    return "".join(f"| {' | '.join(cells)} |\n" for cells in [head, rule, *rows])


def today():
    return time.strftime("%d %B %Y").lstrip("0")
