"""What the conformance page found, as a picture and as a table of the questions."""

import html
from collections import Counter

import numpy as np

from lossfns._extras import require
from lossfns.conformance import CHECKS

from .style import BLUE, INK, ORANGE, figure

require("IPython", "lossfns.explore.conformance", "IPython", "explore")
from IPython.display import HTML  # noqa: E402

# Errors smaller than this share of what is allowed stand at the edge of the picture.
_LEAST = 1e-8

_STYLE = """
.lossfns-questions td, .lossfns-questions th { padding: 0.3em 0.6em; vertical-align: top; }
.lossfns-questions td:nth-child(n+3):not(:nth-child(4):last-child) { white-space: nowrap; }
"""


def shares(report):
    """The error of every loss as a share of what is allowed, by the checks that allow any.

    >>> from lossfns import catalog, conformance
    >>> list(shares(conformance.measure([catalog["mae"]])))[:2]
    ['value float64', 'value float32']
    """
    return {
        check.name: {
            name: error / check.allowed for name, error in report.errors(check.name).items()
        }
        for check in CHECKS
        if check.allowed
    }


def closest(report):
    """A row a check and a dot a loss: how much of the allowed error it uses, the worst by name."""
    by_check, worst = shares(report), report.closest()
    fig, ax = figure(
        width=7.2, height=0.31 * len(by_check) + 0.9, xlabel="error, as a share of what is allowed"
    )
    for y, (check, by_loss) in enumerate(by_check.items()):
        x = np.maximum(list(by_loss.values()), _LEAST)
        ax.plot(x, np.full(len(x), y), ".", color=BLUE, alpha=0.35, markersize=5)
        if max(by_loss.values()) > _LEAST:
            ax.plot(max(x), y, "o", color=ORANGE, markersize=5)
            ax.text(1.6, y, worst[check], color=INK, va="center", fontsize=0.85 * fig.font_size)
    ax.axvline(1, color=INK, linewidth=1.2)
    ax.set_xscale("log")
    ax.set_xlim(_LEAST / 2, 1)
    ax.set_xticks([_LEAST, 1e-6, 1e-4, 1e-2, 1], ["≈ 0", "1e-6", "1e-4", "0.01", "allowed"])
    ax.set_yticks(range(len(by_check)), list(by_check))
    ax.set_ylim(len(by_check) - 0.5, -0.5)
    return fig


def questions(report):
    """A table: each question, what it compares, the error allowed, the worst, and whose it is."""
    worst = report.closest()
    rows = []
    for check in CHECKS:
        name = worst.get(check.name, "")
        error = f"{report.exact[name][check.name].error:.0e}" if name else ""
        exact = error == "0e+00"
        cells = [check.name, check.compares, f"{check.allowed:.0e}" if check.allowed else "0",
                 "0" if exact else error, "all" if exact else name]  # fmt: skip
        rows.append("".join(f"<td>{html.escape(cell)}</td>" for cell in cells))
    return _table(("question", "compares", "allowed", "worst", "of"), rows)


def audited(report):
    """A table: each check of the audit, how many losses pass it, and why others are not asked."""
    libraries = ("numpy", "torch")
    names = [finding.name for finding in next(iter(report.audits.values()))["torch"]]
    rows = []
    for name in names:
        found = {
            library: [audits[library][name] for audits in report.audits.values()]
            for library in libraries
        }
        passed = [sum(f.verdict == "pass" for f in found[library]) for library in libraries]
        if not any(passed):  # nobody asked
            continue
        why = Counter(f.what for f in found["torch"] if f.verdict == "does not apply")
        cells = [name, *map(str, passed), "; ".join(reason for reason, _ in why.most_common(2))]
        rows.append("".join(f"<td>{html.escape(cell)}</td>" for cell in cells))
    return _table(("check", "NumPy", "torch", "the others in torch, for example"), rows)


def _table(heads, rows):
    head = "".join(f"<th>{title}</th>" for title in heads)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return HTML(
        f'<style>{_STYLE}</style><table class="table lossfns-questions">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )
