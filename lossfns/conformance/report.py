"""The answers of all losses as one table, for the page of the book and for a terminal."""

import html
import multiprocessing
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import torch

from lossfns.auditing import Finding, Report, audit
from lossfns.auditing.report import ABSENT, PASSES
from lossfns.auditing.run import load_torch
from lossfns.catalog import catalog
from lossfns.conformance.arguments import numpy_loss, torch_loss
from lossfns.conformance.checks import CHECKS, Check, measured
from lossfns.records.record import Record

# What a cell says where the question does not apply.
NOTHING = "·"

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
    """What the audit found about every loss, and how exact each is.

    Attributes:
        audits: by the name of the loss, the `lossfns.audit` of each of its twins, by library.
        exact: by the name of the loss, a report with the worst error in each of `CHECKS`.
        calls: how many answers there were.
    """

    audits: dict[str, dict[str, Report]]
    exact: dict[str, Report]
    calls: int

    def failures(self) -> list[str]:
        """A line for every loss and check that fails, or is off by more than is allowed."""
        lines = []
        for name, report in self.exact.items():
            lines += [
                f"{name}: {f.name} is {f.error:.1e}, allowed {f.allowed:.0e} ({f.smallest})"
                for f in report.failures
            ]
            for library, audited in self.audits[name].items():
                lines += [
                    f"{name} in {library}: {f.name}: {f.what}"
                    for f in audited
                    if f.fails or "could not be asked" in f.what
                ]
        return lines

    def raise_failures(self) -> None:
        """Raise an AssertionError that lists all failures, if there are any."""
        failures = self.failures()
        if failures:
            raise AssertionError("\n".join(failures))

    def closest(self) -> dict[str, str]:
        """By check, the loss that came closest to what is allowed: the one with the worst error."""
        errors = {check.name: self.errors(check.name) for check in CHECKS}
        return {name: max(by, key=lambda loss: by[loss]) for name, by in errors.items() if by}

    def errors(self, check: str) -> dict[str, float]:
        """By the name of the loss, the worst error in a check, of those that it applies to."""
        found = {name: report[check].error for name, report in self.exact.items()}
        return {name: error for name, error in found.items() if error is not None}

    def counts(self) -> str:
        """How much was asked and how much of it passed, in words."""
        checks = {f.name for audits in self.audits.values() for a in audits.values() for f in a}
        cells = [f for report in self._reports() for f in report if f.verdict != ABSENT]
        failed = sum(f.fails for f in cells)
        return (
            f"{len(self.exact)} losses, {len(CHECKS) + len(checks)} checks, {self.calls} "
            f"comparisons: {len(cells) - failed} of {len(cells)} cells pass, {failed} fail"
        )

    def _reports(self) -> Iterator[Report]:
        for name, report in self.exact.items():
            yield from (report, *self.audits[name].values())

    def __str__(self) -> str:
        heads = [check.name[:11] for check in CHECKS] + ["audit"]
        lines = [f"{'':34}" + "".join(f"{head:>12}" for head in heads)]
        for name, report in self.exact.items():
            cells = [*map(_cell, report), _audited(self.audits[name])]
            lines.append(f"{name:34}" + "".join(f"{cell:>12}" for cell in cells))
        return "\n".join([*lines, self.counts()])

    def _repr_html_(self) -> str:
        """Folded, a table with a row a loss and a column a check, those again above each family."""
        heads = "".join(f"<th>{_heading(check)}</th>" for check in CHECKS) + "<th>audit</th>"
        allowed = "".join(f"<td>{_short(check.allowed)}</td>" for check in CHECKS) + "<td></td>"
        body = []
        family = ""
        for name, report in self.exact.items():
            if catalog[name].family != family:
                family = catalog[name].family
                body.append(f'<tr class="group"><th>{family}</th>{heads}</tr>')
            cells = "".join(map(_data, report)) + _audit_data(self.audits[name])
            body.append(f"<tr><th>{name.replace('_', '_<wbr>')}</th>{cells}</tr>")
        cells = sum(f.error is not None for report in self.exact.values() for f in report)
        return (
            f"<style>{_STYLE}</style><details>"
            f"<summary>{cells:,} worst errors: {len(self.exact)} losses, {len(CHECKS)} checks"
            '</summary><table class="lossfns-conformance">'
            f'<thead><tr class="group"><th>check</th>{heads}</tr>'
            f"<tr><th>allowed</th>{allowed}</tr></thead>"
            f"<tbody>{''.join(body)}</tbody></table></details>"
        )


def measure(records: Iterable[Record] | None = None, *, processes: int = 1) -> Measured:
    """Audit the losses in both libraries and measure how exact they are, by default all of them.

    Arguments:
        processes: how many share the work, where the system can fork one safely (Linux) and the
            whole catalog is asked; the answers are the same.

    >>> from lossfns import catalog
    >>> report = measure([catalog["mae"]])
    >>> report.failures()
    []
    >>> report.exact["mae"]["empty"].error
    0.0
    >>> report.audits["mae"]["torch"]["far out"].verdict
    'pass'
    """
    if records is None and processes > 1 and sys.platform == "linux":
        load_torch()  # once, before there are several processes
        fork = multiprocessing.get_context("fork")
        # More threads in a process that was forked could wait for ever for those of its parent.
        with fork.Pool(processes, torch.set_num_threads, (1,)) as pool:
            answers = pool.map(_ask_by_name, catalog, chunksize=1)
        names = list(catalog)
    else:
        asked = list(catalog.values() if records is None else records)
        answers, names = [_ask(record) for record in asked], [record.name for record in asked]
    return Measured(
        {name: audits for name, (audits, _, _) in zip(names, answers, strict=True)},
        {name: exact for name, (_, exact, _) in zip(names, answers, strict=True)},
        sum(calls for _, _, calls in answers),
    )


def _ask(record: Record) -> tuple[dict[str, Report], Report, int]:
    """The audits of the twins of a loss, the worst errors, and how many answers there were."""
    audits = {
        library: audit(twin(record), like=record.name, seconds=60.0, compile=False)
        for library, twin in (("numpy", numpy_loss), ("torch", torch_loss))
    }
    findings, calls = measured(record)
    asked = sum(f.verdict != ABSENT for report in audits.values() for f in report)
    return audits, Report(f"how exact {record.name} is", findings), calls + asked


def _ask_by_name(name: str) -> tuple[dict[str, Report], Report, int]:
    """The same in another process, to which a name can be sent."""
    return _ask(catalog[name])


def _cell(finding: Finding) -> str:
    if finding.error is None:
        return NOTHING
    mark = "✗" if finding.fails else "✓"
    return f"{mark}\N{THIN SPACE}{_short(finding.error)}"


def _audited(audits: Mapping[str, Report]) -> str:
    """How many checks of the audit the twins of a loss pass, or fail."""
    failed = sum(len(report.failures) for report in audits.values())
    passed = sum(f.verdict == PASSES for report in audits.values() for f in report)
    return f"✗\N{THIN SPACE}{failed}" if failed else f"✓\N{THIN SPACE}{passed}"


def _short(error: float) -> str:
    """An error in as few characters as it needs: 3e-16, 0."""
    if error in (0.0, float("inf")):
        return f"{error:.0f}"
    mantissa, exponent = f"{error:.0e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def _data(finding: Finding) -> str:
    if finding.error is None:
        return f"<td>{NOTHING}</td>"
    kind = ' class="failed"' if finding.fails else ""
    return f'<td{kind} title="{html.escape(finding.smallest)}">{_cell(finding)}</td>'


def _audit_data(audits: Mapping[str, Report]) -> str:
    kind = "" if all(report.ok for report in audits.values()) else ' class="failed"'
    words = "; ".join(f"{library}: {report.counts()}" for library, report in audits.items())
    return f'<td{kind} title="{words}">{_audited(audits)}</td>'


def _heading(check: Check) -> str:
    """The name in as little width as it needs: grad. bf16."""
    short = check.name.replace("gradient", "grad.").replace("curvature", "curv.")
    return html.escape(short.replace("float", "f")).replace(" ", "<br>")
