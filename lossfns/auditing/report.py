"""What an audit found: a line a check, and for each failure all that is needed to mend it."""

from __future__ import annotations

import dataclasses
import html
import math
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from lossfns.labels import where

PASSES = "pass"
FAILS = "fails"
ABSENT = "does not apply"
VERDICTS = (PASSES, FAILS, ABSENT)

# Of a line of the printed report: it fits an output on a page of the book.
WIDTH = 80

_MARKS = {PASSES: "✓", FAILS: "✗", ABSENT: "·"}

_STYLE = """
.lossfns-audit td, .lossfns-audit th { padding: 0.3em 0.6em; vertical-align: top;
  text-align: left; white-space: normal; }
.lossfns-audit .fails th { color: var(--pst-color-danger, #c00); }
.lossfns-audit code { white-space: pre-wrap; }
"""


@dataclass(frozen=True)
class Finding:
    """The answer to one question about a loss or a training step.

    Attributes:
        name: of the check, such as "gradient" or "masked item"; `Report.assert_ok` ignores by it.
        verdict: "pass", "fails" or "does not apply".
        what: in a sentence, what was seen; of a check that does not apply, why not.
        cause: the named mistake or convention that explains a failure, such as "α and 1 - α
            exchanged"; empty where none does.
        smallest: the smallest input found that shows it, as it would be typed.
        got: the number or text that came back for it.
        expected: the number or text that is right.
        formula: of the loss that it should be, as text.
        error: by how much the worst answer is off, where that is measured as a relative error.
        allowed: the largest error that passes, where one is measured.
        effect: in a sentence, what it does to training.
        cure: what to change.
        label: of the section of the book to read, see `lossfns.labels`.
    """

    name: str
    verdict: str
    what: str = ""
    cause: str = ""
    smallest: str = ""
    got: float | str | None = None
    expected: float | str | None = None
    formula: str = ""
    error: float | None = None
    allowed: float | None = None
    effect: str = ""
    cure: str = ""
    label: str = ""

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise ValueError(f"verdict must be one of {VERDICTS}, got {self.verdict!r}")

    @property
    def fails(self) -> bool:
        """Whether there is something to mend."""
        return self.verdict == FAILS

    def rows(self) -> Iterator[tuple[str, str]]:
        """What there is to say of it, a pair of heading and text each."""
        if self.cause:
            yield "cause", self.cause
        if self.smallest:
            yield "input", self.smallest
        if self.got is not None:
            yield "got", number(self.got)
        if self.expected is not None:
            yield "expected", number(self.expected)
        if self.formula:
            yield "formula", self.formula
        if self.error is not None and self.allowed is not None:
            yield "off by", f"{self.error:.1e}, allowed {self.allowed:.0e}"
        if self.effect:
            yield "in training", self.effect
        if self.cure:
            yield "cure", self.cure
        if self.label:
            yield "read", where(self.label)

    def __str__(self) -> str:
        head = f"{_MARKS[self.verdict]} {self.name:26} {self.verdict}"
        lines = [_filled(f"{head}: {self.what}" if self.what else head, "    ")]
        if self.fails:
            lines += [_filled(f"    {key:12} {text}", " " * 17) for key, text in self.rows()]
        return "\n".join(lines)


@dataclass(frozen=True)
class Report:
    """All findings about one loss, in the order in which they should be mended.

    Attributes:
        subject: what was audited, in words.
        findings: a `Finding` for every check.
        notes: how it was called, and what had to be guessed.
        seconds: how long it took.
    """

    subject: str
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    seconds: float = field(default=0.0, compare=False)

    @property
    def ok(self) -> bool:
        """Whether no check fails."""
        return not self.failures

    @property
    def failures(self) -> tuple[Finding, ...]:
        """The findings that fail."""
        return tuple(finding for finding in self.findings if finding.fails)

    def __getitem__(self, name: str) -> Finding:
        """The finding of a check by its name."""
        for finding in self.findings:
            if finding.name == name:
                return finding
        known = ", ".join(finding.name for finding in self.findings)
        raise KeyError(f"no check is called {name!r}; there are: {known}")

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def assert_ok(self, ignore: Iterable[str] = ()) -> None:
        """Raise an AssertionError that says all of what fails, for a test suite.

        Arguments:
            ignore: names of checks that may fail, or of causes.
        Raises:
            AssertionError: a check fails that is not ignored.
            TypeError: ignore is a string, not a list of them.
            ValueError: ignore names a check that there is not.
        """
        left = self.failures_but(ignore)
        if left:
            raise AssertionError("\n".join([f"{self.subject}:", *map(str, left)]))

    def failures_but(self, ignore: Iterable[str]) -> tuple[Finding, ...]:
        """The findings that fail and are not ignored by the name of their check or their cause.

        Raises:
            TypeError: ignore is a string, not a list of them.
            ValueError: ignore names a check that there is not.
        """
        if isinstance(ignore, str):
            raise TypeError(f"ignore must be a list of names such as [{ignore!r}], got a string")
        ignored = set(ignore)
        known = {f.name for f in self.findings} | {f.cause for f in self.findings}
        unknown = sorted(ignored - known)
        if unknown:
            names = ", ".join(finding.name for finding in self.findings)
            raise ValueError(
                f"ignore: no check is called {unknown[0]!r}, and no cause of a failure; the checks "
                f"are: {names}"
            )
        return tuple(f for f in self.failures if not {f.name, f.cause} & ignored)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain dictionaries, lists, text and numbers, for JSON.

        JSON has no NaN and no infinity: they are text there.
        """
        return {
            "subject": self.subject,
            "ok": self.ok,
            "seconds": self.seconds,
            "notes": list(self.notes),
            "findings": [
                {k: _plain(v) for k, v in dataclasses.asdict(finding).items()}
                for finding in self.findings
            ],
        }

    def counts(self) -> str:
        """How many pass, fail and do not apply, in words."""
        of = [sum(f.verdict == verdict for f in self.findings) for verdict in VERDICTS]
        return f"{of[0]} pass, {of[1]} fail{'s' * (of[1] == 1)}, {of[2]} do not apply"

    def __str__(self) -> str:
        notes = [_filled(f"  {note}", "    ") for note in self.notes]
        return "\n".join([self.subject, *notes, *map(str, self.findings), self.counts()])

    def _repr_html_(self) -> str:
        """What fails as a table, the rest folded."""
        bad = "".join(_row(finding) for finding in self.failures)
        rest = "".join(_row(finding) for finding in self.findings if not finding.fails)
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in self.notes)
        table = '<table class="table lossfns-audit"><tbody>{}</tbody></table>'.format
        return (
            f"<style>{_STYLE}</style><p><b>{html.escape(self.subject)}</b>: {self.counts()}</p>"
            + (f"<ul>{notes}</ul>" if notes else "")
            + (table(bad) if bad else "")
            + (f"<details><summary>the rest</summary>{table(rest)}</details>" if rest else "")
        )


def number(value: float | str) -> str:
    """A number in as many digits as one compares by eye.

    >>> number(0.1 + 0.2)
    '0.3'
    """
    return value if isinstance(value, str) else f"{value:.6g}"


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _filled(text: str, indent: str) -> str:
    return textwrap.fill(text, WIDTH, subsequent_indent=indent, break_long_words=False)


def _row(finding: Finding) -> str:
    details = "".join(
        f"<br><b>{key}</b> <code>{html.escape(text)}</code>"
        if key == "input"
        else f"<br><b>{key}</b> {html.escape(text)}"
        for key, text in (finding.rows() if finding.fails else ())
    )
    return (
        f'<tr class="{finding.verdict.split()[0]}"><th>{_MARKS[finding.verdict]} '
        f"{html.escape(finding.name)}</th><td>{finding.verdict}</td>"
        f"<td>{html.escape(finding.what)}{details}</td></tr>"
    )
