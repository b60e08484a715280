"""The answers of all losses as one table, for the page of the book and for a terminal."""

import html
import multiprocessing
import sys
from collections.abc import Iterable
from dataclasses import dataclass

import torch

from lossfns.catalog import catalog
from lossfns.conformance.checks import CHECKS, Check, Finding, findings
from lossfns.records.record import Record

# What a cell says where the question does not apply.
ABSENT = "·"

_STYLE = """
.lossfns-conformance { border-collapse: separate; border-spacing: 0; font-size: 0.7rem;
  font-variant-numeric: tabular-nums; line-height: 1.3; margin: 0; }
.lossfns-conformance th, .lossfns-conformance td { border: 0; padding: 0.25em 0.2em;
  border-bottom: 1px solid var(--pst-color-border, #8884); text-align: right;
  white-space: nowrap; background: var(--pst-color-background, Canvas);
  color: var(--pst-color-text-base, CanvasText); }
.lossfns-conformance th { font-weight: 400; vertical-align: bottom; }
.lossfns-conformance th:first-child { position: sticky; left: 0; z-index: 1; text-align: left;
  white-space: normal; min-width: 7.5em; }
.lossfns-conformance .group th { padding-top: 1.6em; }
.lossfns-conformance .group th:first-child { font-size: 1.2em; font-weight: 700; }
.lossfns-conformance .failed { outline: 2px solid currentColor; outline-offset: -2px;
  color: var(--pst-color-danger, #c00); font-weight: 700; }
"""


@dataclass(frozen=True)
class Measured:
    """The worst answer of every loss to every check that applies to it.

    Attributes:
        worst: by the name of the loss and of the check.
        calls: how many answers there were.
    """

    worst: dict[str, dict[str, Finding]]
    calls: int

    def failures(self) -> list[str]:
        """A line for every loss and check that is off by more than is allowed."""
        return [
            f"{name}: {check.name} is {row[check.name].error:.1e}, allowed {check.allowed:.0e}"
            f" ({row[check.name].where})"
            for name, row in self.worst.items()
            for check in CHECKS
            if check.name in row and not passes(row[check.name], check)
        ]

    def raise_failures(self) -> None:
        """Raise an AssertionError that lists all failures, if there are any."""
        failures = self.failures()
        if failures:
            raise AssertionError("\n".join(failures))

    def closest(self) -> dict[str, str]:
        """By check, the loss that came closest to what is allowed: the one with the worst error."""
        errors = {
            check.name: {n: row[check.name].error for n, row in self.worst.items()
                         if check.name in row}
            for check in CHECKS
        }  # fmt: skip
        return {name: max(by, key=lambda loss: by[loss]) for name, by in errors.items() if by}

    def counts(self) -> str:
        """How much was asked and how much of it passed, in words."""
        cells = sum(len(row) for row in self.worst.values())
        failed = len(self.failures())
        return (
            f"{len(self.worst)} losses, {len(CHECKS)} checks, {self.calls} comparisons: "
            f"{cells - failed} of {cells} cells pass, {failed} fail"
        )

    def __str__(self) -> str:
        lines = [f"{'':34}" + "".join(f"{check.name[:11]:>12}" for check in CHECKS)]
        for name, row in self.worst.items():
            cells = (_cell(row.get(check.name), check) for check in CHECKS)
            lines.append(f"{name:34}" + "".join(f"{cell:>12}" for cell in cells))
        return "\n".join([*lines, self.counts()])

    def _repr_html_(self) -> str:
        """Folded, a table with a row a loss and a column a check, those again above each family."""
        heads = "".join(f"<th>{_heading(check)}</th>" for check in CHECKS)
        allowed = "".join(f"<td>{_short(check.allowed)}</td>" for check in CHECKS)
        body = []
        family = ""
        for name, row in self.worst.items():
            if catalog[name].family != family:
                family = catalog[name].family
                body.append(f'<tr class="group"><th>{family}</th>{heads}</tr>')
            cells = "".join(_data(row.get(check.name), check) for check in CHECKS)
            body.append(f"<tr><th>{name.replace('_', '_<wbr>')}</th>{cells}</tr>")
        cells = sum(len(row) for row in self.worst.values())
        return (
            f"<style>{_STYLE}</style><details>"
            f"<summary>{cells:,} worst errors: {len(self.worst)} losses, {len(CHECKS)} checks"
            '</summary><table class="lossfns-conformance">'
            f'<thead><tr class="group"><th>check</th>{heads}</tr>'
            f"<tr><th>allowed</th>{allowed}</tr></thead>"
            f"<tbody>{''.join(body)}</tbody></table></details>"
        )


def measure(records: Iterable[Record] | None = None, *, processes: int = 1) -> Measured:
    """Ask the losses everything, by default all of the catalog.

    Arguments:
        processes: how many share the work, where the system can fork one safely (Linux) and the
            whole catalog is asked; the answers are the same.

    >>> from lossfns import catalog
    >>> report = measure([catalog["mae"]])
    >>> report.failures()
    []
    >>> report.worst["mae"]["empty"].error
    0.0
    """
    if records is None and processes > 1 and sys.platform == "linux":
        fork = multiprocessing.get_context("fork")
        # More threads in a process that was forked could wait for ever for those of its parent.
        with fork.Pool(processes, torch.set_num_threads, (1,)) as pool:
            answers = pool.map(_ask_by_name, catalog, chunksize=1)
        names = list(catalog)
    else:
        asked = list(catalog.values() if records is None else records)
        answers, names = [_ask(record) for record in asked], [record.name for record in asked]
    rows = [row for row, _ in answers]
    return Measured(dict(zip(names, rows, strict=True)), sum(calls for _, calls in answers))


def _ask(record: Record) -> tuple[dict[str, Finding], int]:
    """The worst answers of a loss by check, and how many there were."""
    row: dict[str, Finding] = {}
    calls = 0
    for finding in findings(record):
        calls += 1
        known = row.get(finding.check)
        if known is None or finding.error > known.error:
            row[finding.check] = finding
    return row, calls


def _ask_by_name(name: str) -> tuple[dict[str, Finding], int]:
    """The same in another process, to which a name can be sent."""
    return _ask(catalog[name])


def passes(finding: Finding, check: Check) -> bool:
    return finding.error <= check.allowed


def _cell(finding: Finding | None, check: Check) -> str:
    if finding is None:
        return ABSENT
    mark = "✓" if passes(finding, check) else "✗"
    return f"{mark}\N{THIN SPACE}{_short(finding.error)}"


def _short(error: float) -> str:
    """An error in as few characters as it needs: 3e-16, 0."""
    if error in (0.0, float("inf")):
        return f"{error:.0f}"
    mantissa, exponent = f"{error:.0e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def _data(finding: Finding | None, check: Check) -> str:
    if finding is None:
        return f"<td>{ABSENT}</td>"
    kind = "" if passes(finding, check) else ' class="failed"'
    return f'<td{kind} title="{html.escape(finding.where)}">{_cell(finding, check)}</td>'


def _heading(check: Check) -> str:
    """The name in as little width as it needs: grad. bf16."""
    short = check.name.replace("gradient", "grad.").replace("curvature", "curv.")
    return html.escape(short.replace("float", "f")).replace(" ", "<br>")
