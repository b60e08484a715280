"""The catalog as tables and cards: facts, formula, names elsewhere, source and a small plot each.

The HTML brings its own style and takes its colours from the page, light or dark. Links to other
pages are made only in the published book, where there are other pages. There a card is a section,
which `book/_ext/cards.py` makes of it: contents and search lead to it.
"""

import html
import inspect
import os
import re

import numpy as np

from lossfns._extras import require
from lossfns.catalog import catalog, functions
from lossfns.labels import place
from lossfns.synonyms import LIBRARIES

from .sections import section
from .style import ORANGE, figure, svg

require("IPython", "lossfns.explore.atlas", "IPython", "explore")
from IPython.display import HTML  # noqa: E402

# Of a path or a place; the scale of letters is no coordinate.
_COORDINATE = re.compile(r'(?<=["\s(])(?<!scale\()-?\d+\.\d{3,}(?=["\s)])')
_DEFINITION = re.compile(r'<path id="([^"]+)"[^>]*/>|<clipPath id="([^"]+)">.*?</clipPath>')
_STYLE = """
.lossfns-atlas { --line: var(--pst-color-border, #8885); line-height: 1.4; font-size: 0.9rem; }
.lossfns-atlas .loss, .lossfns-atlas.loss { border: 1px solid var(--line); border-radius: 6px;
  padding: 0.8em 1em; margin: 0 0 1em; scroll-margin-top: 5rem; }
.lossfns-atlas h3 { font-family: monospace; font-size: 1.1em; font-weight: 700; margin: 0;
  overflow-wrap: anywhere; }
.lossfns-atlas .formula { overflow-x: auto; overflow-y: hidden; padding: 0.6em 0; }
.lossfns-atlas .about { display: flex; flex-wrap: wrap; gap: 0.6em 1.5em; }
.lossfns-atlas .plot { flex: 0 0 15em; margin: 0; }
.lossfns-atlas .plot svg { display: block; width: 100%; height: auto; }
.lossfns-atlas figcaption { color: inherit; font-size: 0.85em; text-align: center; }
.lossfns-atlas dl { flex: 1 1 17em; min-width: 0; margin: 0; display: grid; column-gap: 0.8em;
  grid-template-columns: max-content minmax(0, 1fr); align-content: start; }
.lossfns-atlas dt { font-weight: 400; opacity: 0.8; margin: 0; }
.lossfns-atlas dd { margin: 0; overflow-wrap: anywhere; }
.lossfns-atlas code, .lossfns-atlas table code { font-size: 0.9em; white-space: normal;
  overflow-wrap: anywhere; }
.lossfns-atlas table { border-collapse: collapse; width: 100%; margin: 0; }
.lossfns-atlas th, .lossfns-atlas td { border: 0; border-bottom: 1px solid var(--line);
  padding: 0.3em 0.5em 0.3em 0; text-align: left; vertical-align: top; }
.lossfns-atlas .group th { padding-top: 1.2em; font-size: 1.05em; }
.lossfns-atlas small { display: block; font-size: 1em; opacity: 0.85; }
@media (max-width: 600px) {
  .lossfns-atlas .wide { display: none; }
  .lossfns-atlas table { font-size: 0.85em; }
  .lossfns-atlas .names thead { display: none; }
  .lossfns-atlas .names :is(tbody, tr, th, td) { display: block; }
  .lossfns-atlas .names th { border: 0; padding-bottom: 0; }
  .lossfns-atlas .plot { flex-basis: 100%; max-width: 17em; margin: 0 auto; }
}
"""


def overview():
    """One table of every loss: its task, and what is true of it."""
    rows = []
    for name, members in families().items():
        rows.append(f'<tr class="group"><th colspan="6">{name}</th></tr>')
        rows += [_overview_row(record) for record in members]
    head = (
        "<tr><th>loss, and what it is for</th><th>convex</th><th>differentiable</th>"
        '<th>bounded pull</th><th class="wide">label noise</th><th class="wide">units</th></tr>'
    )
    return _page(f"<table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>")


def families():
    """The records by family, in the order of the catalog.

    >>> list(families())[:2]
    ['regression', 'classification']
    """
    result = {}
    for record in catalog.values():
        result.setdefault(record.family, []).append(record)
    return result


def family(name):
    """A card for every loss of a family."""
    if name not in families():
        raise ValueError(f"there is no family {name!r}, only {', '.join(families())}")
    return _page(_defined_once("".join(card(record) for record in families()[name])))


def other_functions():
    """A card for every public function that is no loss of a prediction."""
    return _page("".join(_function_card(function) for function in functions.values()))


def card(record):
    """What there is to know about one loss, as HTML."""
    facts = {
        "takes": html.escape(record.domain),
        "settings": "<br>".join(_setting(*item) for item in record.hyper.items()) or "none",
        "convex": f"{_yes(record.convex)}, in {_code(record.wrt[0])}",
        "differentiable": html.escape(record.differentiable),
        "bounded pull": _yes(record.bounded_pull),
        "label noise": _noise(record.label_noise),
        "units": html.escape(record.units),
        **_elsewhere(record),
        "source": _source(record.paper),
        "explained in": _explained(record.chapter),
    }
    return _card(record, facts, picture(record))


def picture(record):
    """The value of a loss along its section, as a small drawing with its caption."""
    cut = section(record)
    x, value = cut.points(), cut.values(record)
    fig, ax = figure(width=2.5, height=1.5)
    ax.plot(x, value, color=ORANGE)
    ax.locator_params(nbins=4)
    label = html.escape(description(record.name, cut.label, x, value))
    drawing = _light(svg(fig, name=f"{record.family}-"))
    drawing = drawing.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
    caption = f"<figcaption>{html.escape(cut.label)}</figcaption>"
    return f'<figure class="plot">{drawing}{caption}</figure>'


def _light(drawing):
    """A drawing to a hundredth of a point, without what no page reads: half as heavy."""
    drawing = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", drawing, flags=re.DOTALL)
    drawing = _COORDINATE.sub(lambda number: f"{round(float(number[0]), 2):g}", drawing)
    drawing = re.sub(r"\s*\b([MLQCz])\b\s*(?=[-\d.ML\"])|(?<=[:;]) ", r"\1", drawing)
    return re.sub(r">\s+<", "><", drawing)


def _defined_once(cards):
    """What several drawings have, letters, ticks and frames, only the first of them defines.

    Their ids are made of what they define.
    """
    seen = set()

    def first(match):
        name = match[1] or match[2]
        again = name in seen
        seen.add(name)
        return "" if again else match[0]

    return _DEFINITION.sub(first, cards).replace("<defs></defs>", "")


def description(name, label, x, value):
    """A curve in words.

    >>> description("mae", "error", np.array([-1.0, 0.0, 2.0]), np.array([1.0, 0.0, 2.0]))
    'mae over error: 1 at -1, lowest 0 at 0, 2 at 2'
    """
    low = int(np.argmin(value))
    ends = f"{value[0]:.3g} at {x[0]:.3g}", f"{value[-1]:.3g} at {x[-1]:.3g}"
    lowest = [] if low in (0, len(x) - 1) else [f"lowest {value[low]:.3g} at {x[low]:.3g}"]
    return f"{name} over {label}: " + ", ".join([ends[0], *lowest, ends[1]])


def names_elsewhere():
    """One table of every loss that other libraries have, with its name in each."""
    rows = []
    for record in catalog.values():
        if record.equivalents:
            names = "".join(
                f"<dt>{library}</dt><dd>{name}</dd>" for library, name in _elsewhere(record).items()
            )
            rows.append(f"<tr><th>{_code(record.name)}</th><td><dl>{names}</dl></td></tr>")
    head = "<tr><th>lossfns</th><th>elsewhere</th></tr>"
    return _page(
        f'<table class="names"><thead>{head}</thead><tbody>{"".join(rows)}</tbody></table>'
    )


def _page(content):
    return HTML(f'<style>{_STYLE}</style><div class="lossfns-atlas">{content}</div>')


def _overview_row(record):
    name = f'<a href="#atlas-{record.name}">{breakable(record.name)}</a>'
    everywhere = "yes" if record.differentiable.startswith("everywhere") else "not everywhere"
    cells = [_yes(record.convex), everywhere, _yes(record.bounded_pull)]
    return (
        f"<tr><td>{name}<small>{html.escape(record.task)}</small></td>"
        + "".join(f"<td>{cell}</td>" for cell in cells)
        + f'<td class="wide">{_noise(record.label_noise)}</td>'
        f'<td class="wide">{html.escape(record.units)}</td></tr>'
    )


def _function_card(function):
    facts = {
        "gradient": html.escape(function.gradient),
        **_elsewhere(function),
        "source": _source(function.paper),
        "explained in": _explained(function.chapter),
    }
    if function.why_not:
        facts["note"] = html.escape(f"{' and '.join(function.backends)} only: {function.why_not}")
    return _card(function, facts, "")


def _card(entry, facts, plot):
    rows = "".join(f"<dt>{term}</dt><dd>{fact}</dd>" for term, fact in facts.items())
    return (
        f'<div class="loss" id="atlas-{entry.name}">'
        f"<h3>{entry.name}</h3><small>{html.escape(entry.task)}</small>"
        f'<div class="formula">{_formula(entry.formula)}</div>'
        f'<div class="about">{plot}<dl>{rows}</dl></div></div>'
    )


def _formula(latex):
    """As Sphinx writes its own equations, so that the page's MathJax sets them."""
    formula = rf"\(\displaystyle {html.escape(latex)}\)"
    return f'<span class="math notranslate nohighlight">{formula}</span>'


def _setting(name, hyper):
    required = hyper.default is inspect.Parameter.empty
    default = "required" if required else f"default {_short(hyper.default)}"
    return f"{_code(name)} {html.escape(hyper.domain)}; {default}"


def _short(value):
    return _code(f"{value:.4g}" if isinstance(value, float) else repr(value))


def _elsewhere(entry):
    """By library; what stands in brackets behind a name is a remark."""
    result = {}
    for library, called in entry.equivalents.items():
        name, bracket, remark = called.partition(" (")
        remark = f" ({html.escape(remark)}" if bracket else ""
        result[LIBRARIES.get(library, library)] = _code(name) + remark
    return result


def _source(paper):
    """With a link to arXiv, where the paper is there."""
    linked = r'<a href="https://arxiv.org/abs/\1">arXiv:\1</a>'
    return re.sub(r"arXiv:(\d{4}\.\d{4,5})", linked, html.escape(paper))


def _explained(label):
    found = place(label)
    if os.environ.get("LOSSFNS_EXPLORE") != "static":
        return html.escape(str(found))
    return f'<a href="{found.address}">{html.escape(str(found))}</a>'


def _yes(fact):
    return "yes" if fact else "no"


def _noise(bounded):
    return {None: "–", True: "bounded", False: "unbounded"}[bounded]


def _code(text):
    return f"<code>{breakable(text)}</code>"


def breakable(name):
    """A name that may be broken after its dots and underscores, and between its words.

    >>> breakable("losses.CosineSimilarity")
    'losses.<wbr>Cosine<wbr>Similarity'
    """
    return re.sub(r"([._(])(?=\w)|(?<=[a-z])(?=[A-Z])", r"\1<wbr>", html.escape(name))
