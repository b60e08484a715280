"""What the start page and the status page say about the whole book, gathered when it is built.

{counts} says in numbers what is here, {short-route} lists the starred sections of the maps on the
first pages of the chapters with their minutes, {status} how long each page runs. Nothing of it is
typed by hand, so nothing of it can be old: a page that shows it is read again whenever it has
changed.
"""

import json
import platform
import re
from importlib.metadata import version
from pathlib import Path

import yaml
from execution import printed_by
from only import pages_in
from place import MINUTES, rows
from sphinx.util.docutils import SphinxDirective

LABEL = re.compile(r"^\(([\w-]+)\)=", re.MULTILINE)
LINK = re.compile(r"\{ref\}`[^`]+`")
EXERCISE = re.compile(r"^:{3,}\{exercise(?:-start)?\}|^`{3,}\{exercise(?:-start)?\}", re.MULTILINE)
QUIZ = re.compile(r'display_quiz\("([^"]+)"')
FOUND = re.compile(r"(\d+) losses, (\d+) checks, (\d+) comparisons")


class Gathered(SphinxDirective):
    """What one of the functions below says now, as Markdown."""

    headings = False

    def run(self):
        text = GATHERED[self.name](self.env)
        # Remembered, to know when the page is old.
        shown(self.env).setdefault(self.env.docname, {})[self.name] = text
        return self.parse_text_to_nodes(text, allow_section_headings=self.headings)


class Counts(Gathered):
    """A list of numbers, each with what it counts."""

    def run(self):
        (numbers,) = super().run()
        numbers["classes"].append("lossfns-counts")
        return [numbers]


def shown(env):
    if not hasattr(env, "lossfns_contents"):
        env.lossfns_contents = {}
    return env.lossfns_contents


def sources(env):
    """The pages of the book in order, with their text; those that are missing Sphinx reports."""
    toc = yaml.safe_load(Path(env.srcdir, "_toc.yml").read_text(encoding="utf8"))
    paths = (Path(env.srcdir, f"{page}.md") for page in pages_in(toc))
    return {path: path.read_text(encoding="utf8") for path in paths if path.exists()}


def counts(env):
    """The numbers, as a Markdown list."""
    from lossfns.catalog import catalog

    pages = sources(env)
    text = "\n".join(pages.values())
    quizzes = [path.parent / name for path, page in pages.items() for name in QUIZ.findall(page)]
    questions = sum(len(json.loads(path.read_text(encoding="utf8"))) for path in quizzes)
    assignments = list(Path(env.srcdir).glob("exercises/*/*.ipynb"))
    numbers = [
        (len(catalog), "{ref}`losses <atlas>`, in NumPy and in PyTorch"),
        (len(pages), f"pages, with {text.count('```{code-cell}')} cells of code, all of them run"),
        (questions, "quiz questions, whose answers say why"),
        (len(EXERCISE.findall(text)), "exercises with solutions"),
        (len(assignments), "{ref}`graded assignments <coursework>`"),
    ]
    # Where nothing is executed, as for the notebooks, nobody knows.
    found = FOUND.search(printed_by(env.app, "book/conformance"))
    if found:
        _, checks, comparisons = found.groups()
        numbers.insert(1, (comparisons, f"comparisons in {{ref}}`{checks} checks <conformance>`"))
    return "\n".join(f"- **{int(number):,}** {words}" for number, words in numbers) + "\n"


def short_route(env):
    """The starred rows of the chapters' maps, as a Markdown table with the minutes added up."""
    lines, total = [], 0
    for path, text in sources(env).items():
        if path.name != "index.md":
            continue
        label, title = re.search(r"^\(([\w-]+)\)=\n# (.*)$", text, re.MULTILINE).groups()
        stars = [line for line in text.splitlines() if starred(line)]
        minutes = sum(int(MINUTES.search(line)[1]) for line in stars)
        sections = " · ".join(LINK.search(line)[0] for line in stars)
        lines.append(f"| {{ref}}`{title} <{label}>` | {sections} | {minutes} |")
        total += minutes
    head = ["| chapter | sections | minutes |", "|---|---|---|"]
    return "\n".join([*head, *lines, f"| all of it | | {total} |"]) + "\n"


def status(env):
    """Every page that runs: its cells, the minutes it takes to read and the seconds to run."""
    ran = env.app.executed_seconds
    pages = sources(env)
    minutes = {
        label: time for text in pages.values() for labels, time, _ in rows(text) for label in labels
    }
    lines = []
    for path, text in pages.items():
        page = path.relative_to(env.srcdir).with_suffix("").as_posix()
        cells = text.count("```{code-cell}")
        if not cells:
            continue
        takes = next((minutes[label] for label in LABEL.findall(text) if label in minutes), "")
        seconds = f"{ran[page]:.1f} | every cell ran" if page in ran else "| not run"
        lines.append(f"| {{doc}}`/{page}` | {takes} | {cells} | {seconds} |")
    total = f"| all of it | | | {sum(ran.values()):.0f} | {len(ran)} of {len(lines)} pages |"
    head = ["| page | minutes to read | cells | seconds to run | result |", "|---|---|---|---|---|"]
    return "\n".join([f"Run with {versions()}.", "", *head, *lines, total]) + "\n"


def versions():
    """Of what the results depend on most, and the machine."""
    packages = " and ".join(f"{name} {version(name.lower())}" for name in ("NumPy", "torch"))
    machine = f"{platform.system()} on {platform.machine()}"
    return (
        f"Python {platform.python_version()}, lossfns {version('lossfns')}, {packages}, {machine}"
    )


def starred(line):
    facts = MINUTES.search(line)
    return line.startswith("|") and facts and facts[2]


GATHERED = {"counts": counts, "short-route": short_route, "status": status}


def old_pages(app, env, added, changed, removed):
    return [
        page
        for page, texts in shown(env).items()
        if page in env.all_docs and any(text != GATHERED[name](env) for name, text in texts.items())
    ]


def forget(app, env, docname):
    shown(env).pop(docname, None)


def merge(app, env, docnames, other):
    shown(env).update({name: text for name, text in shown(other).items() if name in docnames})


def setup(app):
    app.add_directive("counts", Counts)
    app.add_directive("short-route", Gathered)
    app.add_directive("status", Gathered)
    app.connect("env-get-outdated", old_pages)
    app.connect("env-purge-doc", forget)
    app.connect("env-merge-info", merge)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
