"""Explorers that are drawn in the reader's browser: curves, points and bars that can be dragged.

A `Scene` is declared: variables that the reader changes, quantities that follow from them, panels
with what stands in them. Every number is a formula (`formula.py`) or read from a `Lookup` made
with `lossfns`.

The same declaration gives the first picture here, without any script, and all later ones there, by
the few lines of `scene.js`: in a published page, in Jupyter, Colab and VS Code alike.

    scene = Scene("Where is the loss least?", "The parabola has its least value at 0.")
    scene.variable("x0", -2, 2, start=1.5, step=0.1, label="x")
    scene.let(loss="x0 ** 2")
    panel = scene.panel((40, 10, 400, 180), x=(-2, 2), y=(-0.5, 4), xlabel="x", ylabel="loss")
    panel.curve("t", "t ** 2", ORANGE)
    panel.handle("x0", "loss", {"x0": "x"}, label="x", hint="drag")
    panel.text(-1.9, 3.6, "loss = {loss:.2f}", ORANGE)
    scene.says("At x = {x0:.1f} the loss is {loss:.2f}.")
"""

import hashlib
import html
import json
from dataclasses import dataclass
from importlib.resources import files

import numpy as np

from .formula import Formula, Template, fixed
from .panel import Panel

MOST_BYTES = 30_000
_NAME = "@scene@"


@dataclass(frozen=True)
class Variable:
    """A number that the reader changes: its range, step and where it stands at first."""

    low: float
    high: float
    start: float
    step: float
    label: str
    slider: bool = True
    play: int = 0
    names: tuple = ()

    @property
    def digits(self):
        """How many digits after the point its step has."""
        return len(f"{self.step:.6f}".rstrip("0").split(".")[1])

    @property
    def plain(self):
        """What the script needs."""
        return [
            self.low,
            self.high,
            self.start,
            self.step,
            self.digits,
            self.label,
            list(self.names),
        ]


class Scene:
    """An explorer that the browser draws.

    Arguments
        question: what the reader finds out with it.
        answer: the sentence that says afterwards what was to be seen.
        guesses: what the reader may bet on first, the right one marked: {"yes": False, "no": True}.
        seen: a formula; the answer shows itself when it first holds after a guess. At the first
            change if left out.
        goal: a text and a formula: something to reach, ticked when the formula holds.
        width: of the drawing, in units of which a page shows one as a pixel or a little more.

    >>> scene = Scene("Where is the loss least?", "At 0.")
    >>> scene.variable("x", -2, 2, start=1.5, step=0.5, label="x")
    >>> scene.let(loss="x ** 2")
    >>> scene.says("At {x:.1f} the loss is {loss:.2f}.")
    >>> scene.alt(x=-2)
    'At −2.0 the loss is 4.00.'
    """

    def __init__(self, question, answer, *, guesses=None, seen="1 > 0", goal=None, width=480):
        self.question, self.answer, self.guesses = question, answer, dict(guesses or {})
        if self.guesses and sum(self.guesses.values()) != 1:
            raise ValueError(f"guesses: exactly one must be right, got {self.guesses}")
        self.width, self.panels, self.variables = width, [], {}
        self._quantities, self._lookups = {}, {}
        self.seen, self._goal, self._says = seen, goal, question

    def variable(self, name, low, high, *, start, step, label=None, slider=True, play=0):
        """Add a number that the reader changes by a slider, by handles, or by both.

        `slider=False` if a handle is enough; with `play`, a button moves it from `low` to `high`,
        a step every so many milliseconds.
        """
        if not low <= start <= high:
            raise ValueError(f"variable {name!r}: start must lie in [{low}, {high}], got {start}")
        self._add(name)
        self.variables[name] = Variable(low, high, start, step, label or name, slider, play)

    def choice(self, name, options, *, label):
        """Add a choice between named options; the variable is the chosen one's place, from 0."""
        self._add(name)
        self.variables[name] = Variable(0, len(options) - 1, 0, 1, label, names=tuple(options))

    def let(self, **quantities):
        """Name numbers that follow from the variables and from what was named before."""
        for name, text in quantities.items():
            self._add(name)
            self._quantities[name] = Formula(text, self.known - {name})

    def function(self, name, argument, text):
        """Name a function of one argument, which later formulas then call."""
        self._add(name)
        formula = Formula(text, self.known - {name}, (argument,))
        self._quantities[name] = _Function(argument, formula)

    def lookup(self, name, lookup):
        """Name a `Lookup`, which formulas then call."""
        self._add(name)
        self._lookups[name] = lookup

    def panel(self, box, x, y, **options):
        """Add a panel at `box` = (left, top, width, height) that shows the ranges `x` and `y`."""
        self.panels.append(Panel(self, box, x, y, **options))
        return self.panels[-1]

    def says(self, text):
        """Say in a template what the picture shows, for readers who do not see it."""
        self._says = text

    @property
    def known(self):
        """The names that a formula may use."""
        return {*self.variables, *self._quantities, *self._lookups}

    def at(self, **values):
        """Return all variables and quantities, where the variables left out stand at their start.

        Errors
            `ValueError`: there is no such variable.
        """
        for name in values.keys() - self.variables.keys():
            raise ValueError(f"there is no variable {name!r}; there are {list(self.variables)}")
        values = {n: v.start for n, v in self.variables.items()} | values
        # NumPy's numbers divide by zero as those of the browser do.
        return self.derived({name: np.float64(value) for name, value in values.items()})

    def derived(self, values):
        """Complete the values of the variables by the lookups and the quantities."""
        values = values | self._lookups
        for name, formula in self._quantities.items():
            values[name] = formula.value(values)
        return values

    def alt(self, **values):
        """What the picture shows, in a sentence."""
        return Template(self._says, self.known).value(self.at(**values))

    def html(self):
        """Return the explorer as an HTML fragment that needs neither kernel nor network."""
        values = self.at()
        height = max(panel.bottom for panel in self.panels)
        drawing = "".join(panel.drawing(values) for panel in self.panels)
        fragment = "\n".join(
            [
                f'<div class="lossfns-scene" id="{_NAME}">',
                f"<style>{_text('scene.css')}</style>",
                f'<p class="question">{html.escape(self.question)}</p>',
                *self._bets(),
                # A group, since an image would hide its handles from those who listen to the page.
                f'<svg xmlns="http://www.w3.org/2000/svg" role="group" viewBox="0 0 {self.width}'
                f' {height}" width="{self.width}" aria-label="{html.escape(self.alt())}">'
                f"{drawing}</svg>",
                *self._aim(),
                '<div class="controls" hidden>',
                *(
                    _control(name, variable)
                    for name, variable in self.variables.items()
                    if variable.slider
                ),
                '<button type="button" name="reset">Start again</button></div>',
                f"<details><summary>What there is to see</summary><p>{html.escape(self.answer)}</p>"
                "</details>",
                f"<script>{self._script()}</script>",
                "</div>",
            ]
        )
        if len(fragment.encode()) > MOST_BYTES:
            raise ValueError(
                f"scene {self.question!r}: {len(fragment.encode()):,} bytes are more"
                f" than {MOST_BYTES:,}; give its curves fewer points"
            )
        name = "s" + hashlib.sha256(fragment.encode()).hexdigest()[:10]
        return fragment.replace(_NAME, name)

    def _add(self, name):
        if name in self.known:
            raise ValueError(f"{name!r} is already the name of something in this scene")

    def _bets(self):
        if self.guesses:
            yield '<div class="bets" role="group" aria-label="Your guess" hidden>'
            for text, right in self.guesses.items():
                yield (
                    f'<button type="button" aria-pressed="false"'
                    f"{' data-right' * right}>{html.escape(text)}</button>"
                )
            yield '<span role="status"></span></div>'

    def _aim(self):
        if self._goal:
            yield (
                f'<p class="goal"><span aria-hidden="true">☐</span> {html.escape(self._goal[0])}'
                '<span role="status"></span></p>'
            )

    def _script(self):
        """Write the call of `scene.js` for this scene."""
        known = self.known
        derive = "".join(
            f"v.{name}={formula.script};" for name, formula in self._quantities.items()
        )
        marks = [mark for panel in self.panels for mark in panel.marks]
        parts = {
            "variables": json.dumps(
                {n: v.plain for n, v in self.variables.items()}, ensure_ascii=False
            ),
            "lookups": json.dumps(
                {n: t.plain for n, t in self._lookups.items()}, separators=(",", ":")
            ),
            "derive": f"v=>{{{derive}return v}}",
            "marks": f"[{','.join(mark.script for mark in marks if mark.moving)}]",
            "handles": f"[{','.join(h.script for panel in self.panels for h in panel.handles)}]",
            "says": f"v=>{Template(self._says, known).script}",
            "seen": f"v=>{Formula(self.seen, known).script}",
            "goal": f"v=>{Formula(self._goal[1], known).script}" if self._goal else "null",
        }
        scene = ",\n".join(f"{name}:{text}" for name, text in parts.items())
        return f'({_text("scene.js")})("{_NAME}",f=>({{{scene}}}));'.replace("</", "<\\/")

    def _repr_html_(self):
        return self.html()

    def __repr__(self):
        return f"<explorer: {self.question} Shows itself in a notebook or a page>"


class _Function:
    """A formula with an argument, as a quantity of a scene."""

    def __init__(self, argument, formula):
        self.argument, self.formula = argument, formula
        self.script = f"{argument}=>{formula.script}"

    def value(self, values):
        return lambda at: self.formula.value(values | {self.argument: at})


def _control(name, variable):
    label = f"<span>{html.escape(variable.label)}</span>"
    if variable.names:
        options = "".join(
            f'<option value="{i}">{html.escape(text)}</option>'
            for i, text in enumerate(variable.names)
        )
        return (
            f'<div class="control"><label>{label}<select name="{name}" autocomplete="off">'
            f"{options}</select></label></div>"
        )
    text = fixed(variable.start, variable.digits)
    play = (
        (
            f'<button type="button" name="play" value="{name}" data-interval="{variable.play}">'
            "Play</button>"
        )
        if variable.play
        else ""
    )
    return (
        f'<div class="control"><label>{label}<input type="range" name="{name}"'
        f' min="{variable.low}" max="{variable.high}" step="{variable.step}"'
        f' value="{variable.start}" aria-valuetext="{text}" autocomplete="off"></label>'
        f'<output aria-live="off">{text}</output>{play}</div>'
    )


def _text(name):
    """Return a file of this folder without indentation and lines that only comment."""
    lines = (
        line.strip()
        for line in files(__package__).joinpath(name).read_text(encoding="utf-8").splitlines()
    )
    return "\n".join(line for line in lines if line and not line.startswith(("//", "/*")))
