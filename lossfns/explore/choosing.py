"""Choosing a loss: the advice of `lossfns.choose` as a tree, a table and four questions.

All three are made from `lossfns.advice`, with the names and places of the catalog. Where there is
no kernel the questions are answered, too: every answer is worked out here and stands in the page.
"""

import html
import itertools
import json
import os
import re
import textwrap

from lossfns._extras import require
from lossfns.advice import ADVICE, QUESTIONS, TASKS, TRAITS
from lossfns.catalog import catalog
from lossfns.chooser import questions, suggestions
from lossfns.explore.atlas import breakable
from lossfns.labels import place

require("IPython", "lossfns.explore.choosing", "IPython", "explore")
from IPython.display import HTML  # noqa: E402

# Lengths of the tree in pixels: of a line of text, between rows, and of a letter at 13 px.
_LINE, _GAP, _LETTER = 16, 7, 7.3
_NARROW, _WIDE = 340, 740

_TREE_STYLE = """
.lossfns-tree svg { display: block; width: 100%; height: auto; color: inherit; }
.lossfns-tree .narrow { max-width: 26rem; }
.lossfns-tree .wide { display: none; }
@media (min-width: 700px) {
  .lossfns-tree .wide { display: block; }
  .lossfns-tree .narrow { display: none; }
}
.lossfns-tree text { fill: currentColor; font-size: 13px; }
.lossfns-tree .task { font-weight: 700; font-size: 14px; }
.lossfns-tree .loss { font-family: monospace; font-weight: 700; }
.lossfns-tree path { fill: none; stroke: #797979; stroke-width: 1.3; }
.lossfns-tree a text { fill: var(--pst-color-link, #168af0); text-decoration: underline; }
"""

_TABLE_STYLE = """
.lossfns-choices { font-size: 0.9rem; line-height: 1.35; }
.lossfns-choices table { border-collapse: collapse; width: 100%; margin: 0; }
.lossfns-choices :is(th, td) { border: 0; border-bottom: 1px solid var(--pst-color-border, #8885);
  padding: 0.35em 0.6em 0.35em 0; text-align: left; vertical-align: top; font-weight: 400; }
.lossfns-choices thead th, .lossfns-choices .task th { font-weight: 700; }
.lossfns-choices .task th { padding-top: 1.1em; }
.lossfns-choices table code { font-size: 0.9em; white-space: normal; overflow-wrap: anywhere; }
.lossfns-choices small { display: block; font-size: 0.95em; opacity: 0.85; }
@media (max-width: 800px) {
  .lossfns-choices thead { position: absolute; clip-path: inset(50%); }
  .lossfns-choices :is(tbody, tr, th, td) { display: block; }
  .lossfns-choices :is(th, td) { border: 0; padding: 0.1em 0; }
  .lossfns-choices tr { border-bottom: 1px solid var(--pst-color-border, #8885);
    padding: 0.5em 0; }
  .lossfns-choices td::before { content: attr(data-head) ": "; opacity: 0.85; }
}
"""

_STYLE = """
.lossfns-chooser { border: 1px solid #797979; border-radius: 6px; padding: 0.8em 1em;
  font-size: 1rem; line-height: 1.4; overflow-wrap: anywhere; }
.lossfns-chooser .ask { display: grid; gap: 0.5em 1.5em;
  grid-template-columns: repeat(auto-fit, minmax(min(15rem, 100%), 1fr)); }
.lossfns-chooser .ask[hidden], .lossfns-chooser label[hidden] { display: none; }
.lossfns-chooser label { display: grid; gap: 0.2em; align-content: end; margin: 0; }
.lossfns-chooser select { width: 100%; min-height: 2.2rem; padding: 0.1rem 0.5rem; font: inherit;
  color: inherit; background: transparent; border: 1px solid #797979; border-radius: 0.3rem; }
.lossfns-chooser option { color: #000; background: #fff; }
.lossfns-chooser p { margin: 0.8em 0; }
.lossfns-chooser ol { margin: 0; padding-left: 1.6em; }
.lossfns-chooser dl { display: grid; gap: 0 0.8em; margin: 0.2em 0 0.6em;
  grid-template-columns: max-content minmax(0, 1fr); }
.lossfns-chooser dt { font-weight: 400; opacity: 0.85; margin: 0; }
.lossfns-chooser dd { margin: 0; }
"""

# An answer of the page is a row of numbers of suggestions, found under the traits that were named.
_SCRIPT = """
{
const root = document.currentScript?.parentElement ?? document.querySelector(".lossfns-chooser");
const data = JSON.parse(root.querySelector("script").textContent.replaceAll("`", ""));
const [first, ...others] = root.querySelectorAll("select");
const element = (kind, text, parent) => {
  const made = document.createElement(kind);
  made.textContent = text;
  parent?.append(made);
  return made;
};
const ask = () => {
  others.forEach((select, i) => {
    const options = data.tasks[first.value].asks[i];
    select.replaceChildren(new Option("nothing of these", ""));
    for (const trait of options) select.append(new Option(data.traits[trait], trait));
    if (select.dataset.yes) select[0].textContent = select.dataset.yes;
    select.parentElement.hidden = !options.length;
  });
  show();
};
const show = () => {
  const traits = others.map(select => select.value).filter(Boolean);
  const list = root.querySelector("ol");
  list.replaceChildren();
  for (const number of data.tasks[first.value].ranks[traits.join()]) {
    const [loss, reason, because, output, unless, torch, keras, page, label] = data.losses[number];
    const item = element("li", "", list);
    const name = element("code", loss);
    if (data.pages[page]) {
      const link = element("a", "", item);
      link.href = data.pages[page] + "#" + label;
      link.append(name);
    } else item.append(name);
    item.append(": " + reason + ".");
    const facts = element("dl", "", item);
    const fact = (head, text, code) => {
      element("dt", head, facts);
      const said = element("dd", "", facts);
      const [call, ...remark] = code ? text.split(" (") : ["", text];
      if (code) element("code", call, said);
      said.append(remark.map(words => code ? " (" + words : words).join(""));
    };
    if (because.length) fact("because", because.map(trait => data.traits[trait]).join("; "));
    fact("output", data.layers[output]);
    fact("PyTorch", torch || `lt.${loss}`, true);
    if (keras) fact("Keras", keras, true);
    fact("not if", unless);
  }
  const call = [`"${first.value}"`, ...traits.map(trait => `${trait}=True`)].join(", ");
  root.querySelector(".call").textContent = `lossfns.choose(${call})`;
  const names = [...list.querySelectorAll("li > code, li > a > code")].map(c => c.textContent);
  root.querySelector("[role=status]").textContent = names.length > 1
    ? `${names.length} losses fit. First comes ${names[0]}.` : `One loss fits: ${names[0]}.`;
};
first.addEventListener("input", ask);
others.forEach(select => select.addEventListener("input", show));
ask();
root.querySelector(".ask").hidden = false;
}
""".strip()


def tree():
    """The decision tree: what you predict, what is special about it, the loss that comes first."""
    drawings = _drawing("wide", _WIDE) + _drawing("narrow", _NARROW)
    return HTML(f'<style>{_TREE_STYLE}</style><div class="lossfns-tree">{drawings}</div>')


def branches():
    """For each task its leaves: the trait, "" where nothing is special, and the suggestion.

    >>> [(trait, leaf.loss) for trait, leaf in branches()["ranking"]]
    [('', 'lambdarank'), ('pairs', 'margin_ranking')]
    """
    return {
        task: [
            (trait, suggestions(task, {trait: True} if trait else {})[0])
            for trait in ["", *itertools.chain(*questions(task).values())]
        ]
        for task in ADVICE
    }


def table():
    """The leaves of the tree: task, recommended loss, output layer, calls, and when not."""
    heads = ["recommended", "output layer", "PyTorch", "Keras", "when not"]
    rows = []
    for task, leaves in branches().items():
        rows.append(f'<tr class="task"><th colspan="5" scope="rowgroup">{TASKS[task]}</th></tr>')
        shown = set()
        for trait, leaf in leaves:
            if leaf.loss not in shown:
                rows.append(_row(heads, trait, leaf))
            shown.add(leaf.loss)
    head = "".join(f'<th scope="col">{title}</th>' for title in heads)
    return HTML(
        f'<style>{_TABLE_STYLE}</style><div class="lossfns-choices"><table><thead><tr>{head}</tr>'
        f"</thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def chooser():
    """Explorer: four questions, answered with the ranking and the reasons of `lossfns.choose`."""
    data = json.dumps(answers(), ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    tasks = "".join(f'<option value="{task}">{words}</option>' for task, words in TASKS.items())
    selects = f"<label>1. What do you predict?<select autocomplete=off>{tasks}</select></label>"
    for number, question in enumerate(QUESTIONS, start=2):
        trusted = ' data-yes="yes, as far as I know"' if "trusted" in question else ""
        selects += f"<label>{number}. {question}<select autocomplete=off{trusted}></select></label>"
    return HTML(
        f'<div class="lossfns-chooser"><style>{_STYLE}</style>'
        "<p><strong>Guess first.</strong> Your targets are counts, and a few of them are typing"
        " errors. Is there one loss for both?</p>"
        f'<div class="ask" hidden>{selects}</div>'
        '<p role="status" aria-live="polite">The answers need JavaScript; the table below does'
        " not.</p><ol></ol>"
        '<p>The same in Python: <code class="call">lossfns.choose("regression")</code></p>'
        f'<script type="application/json">{data}</script><script>{_SCRIPT}</script></div>'
    )


def answers():
    """Every answer to every combination: what the page knows in place of a kernel."""
    losses, tasks = [], {}
    for task, advice in ADVICE.items():
        numbers = {s.loss: len(losses) + i for i, s in enumerate(advice)}
        losses += [_short(_facts(s)) for s in advice]
        asks = [
            [trait for trait in traits if trait in questions(task).get(question, [])]
            for question, traits in QUESTIONS.items()
        ]
        ranks = {}
        for chosen in itertools.product(*(["", *traits] for traits in asks)):
            given = [trait for trait in chosen if trait]
            ranked = suggestions(task, dict.fromkeys(given, True))
            ranks[",".join(given)] = [numbers[s.loss] for s in ranked]
        tasks[task] = {"asks": asks, "ranks": ranks}
    # What many losses share stands there once, and is named by its number.
    shared = {}
    for name, column in (("layers", 3), ("pages", 7)):
        shared[name] = list(dict.fromkeys(loss[column] for loss in losses))
        for loss in losses:
            loss[column] = shared[name].index(loss[column])
    traits = {trait: said(trait) for trait in TRAITS}
    return {"traits": traits, **shared, "losses": losses, "tasks": tasks}


def said(trait):
    """A trait in words, without the advice that may follow.

    >>> said("outliers")
    'some targets are far off'
    """
    return TRAITS[trait].partition(":")[0]


def _facts(suggestion):
    s, called = suggestion, catalog[suggestion.loss].equivalents
    pytorch = called.get("torch", f"lt.{s.loss}").replace("torch.nn.functional.", "F.")
    keras = called.get("keras", "").removeprefix("keras.losses.")
    return [s.loss, s.reason, s.because, s.output, s.unless, pytorch, keras, _address(s.loss)]


def _short(facts):
    """Without the call that follows from the name, and with the address as page and label."""
    loss, *words, pytorch, keras, address = facts
    page, _, label = address.partition("#")
    return [loss, *words, "" if pytorch == f"lt.{loss}" else pytorch, keras, page, label]


def _address(loss):
    """Of the section that explains a loss; links lead to pages, which the published book has."""
    if os.environ.get("LOSSFNS_EXPLORE") != "static":
        return ""
    return place(catalog[loss].chapter).address


def _row(heads, trait, suggestion):
    loss, reason, _, output, unless, pytorch, keras, address = _facts(suggestion)
    name = f"<code>{breakable(loss)}</code>"
    if address:
        name = f'<a href="{address}">{name}</a>'
    when = f"{said(trait)}: " if trait else ""
    cells = [
        f"{name}<small>{_words(when + reason)}</small>",
        _words(output),
        _call(pytorch),
        _call(keras) if keras else "–",
        _words(unless),
    ]
    return "<tr>" + "".join(
        f'<td data-head="{head}">{cell}</td>' for head, cell in zip(heads, cells, strict=True)
    ) + "</tr>"  # fmt: skip


def _words(text):
    return re.sub(r"`(\w+)`", r"<code>\1</code>", html.escape(text))


def _call(called):
    """What stands in brackets behind a name is a remark."""
    name, bracket, remark = called.partition(" (")
    return f"<code>{breakable(name)}</code>" + html.escape(bracket + remark)


def _drawing(name, width):
    """The tree from left to right; on a narrow page the leaves stand below their task."""
    wide = name == "wide"
    split, words, names = (205, 221, 515) if wide else (20, 34, 34)
    parts, top, knots = [_text(0, 14, "What do you predict?", "task")], 24, []
    for task, leaves in branches().items():
        title = textwrap.wrap(TASKS[task], 20 if wide else 34)
        first = top + 12
        knots.append(first)
        parts += [_text(20, first + 5 + _LINE * i, line, "task") for i, line in enumerate(title)]
        row, ends = (top if wide else top + _LINE * len(title) + 4), []
        for trait, leaf in leaves:
            room = (names if wide else width) - words - 12
            lines = textwrap.wrap(said(trait) if trait else "usually", int(room / _LETTER))
            ends.append(row + 12)
            parts += [_text(words, row + 17 + _LINE * i, line) for i, line in enumerate(lines)]
            below = 0 if wide else _LINE * len(lines)
            parts.append(_leaf(names, row + 17 + below, leaf.loss))
            row += _LINE * len(lines) + (0 if wide else _LINE) + _GAP
        start = first if wide else top + _LINE * len(title) + 2
        lead = f"M{split - 12} {first}H{split}" if wide else ""
        parts.append(_path(f"{lead}M{split} {start}V{ends[-1]}"))
        parts += [_path(f"M{split} {end}H{words - 5}") for end in ends]
        top = max(row, top + _LINE * len(title)) + 8
    parts.append(_path(f"M6 20V{knots[-1]}" + "".join(f"M6 {knot}H15" for knot in knots)))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{name}" role="group" aria-label="'
        "Decision tree: what you predict, what is special about it, and the loss that comes first."
        f'" viewBox="0 0 {width} {top}">{"".join(parts)}</svg>'
    )


def _leaf(x, y, loss):
    text, address = _text(x, y, loss, "loss"), _address(loss)
    return f'<a href="{address}">{text}</a>' if address else text


def _text(x, y, words, kind=""):
    name = f' class="{kind}"' if kind else ""
    return f'<text{name} x="{x}" y="{y}">{html.escape(words)}</text>'


def _path(way):
    return f'<path d="{way}"/>'
