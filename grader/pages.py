"""Pages for people to read: one file each, which asks nobody for anything and runs no script.

What learners wrote is text here, whatever it looks like. The policy at the top of a page is the
second lock: a browser would run no script and load no picture even if one got in.
"""

import html
import re
from html import unescape
from xml.etree import ElementTree

from latex2mathml.converter import convert
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
MATHML = "http://www.w3.org/1998/Math/MathML"
_MATH_ATTRIBUTES = {
    *("display", "stretchy", "fence", "form", "columnalign", "displaystyle", "scriptlevel"),
    *("width", "height", "depth", "mathvariant", "separator", "accent", "movablelimits", "minsize"),
    *("maxsize", "linethickness", "rowspacing", "columnspacing", "lspace", "rspace"),
}
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_LONGEST_FORMULA = 2000

STYLE = """
:root { color-scheme: light dark; --ink: #1c2330; --soft: #59616e; --paper: #fff;
  --panel: #f4f5f7; --line: #d5d9df; --good: #17693a; --goodbg: #e7f4ea; --bad: #a3251f;
  --badbg: #fcebe9; --wait: #7a5200; --waitbg: #fdf3dc; --link: #0b5cad; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e7ec; --soft: #a8b0bc; --paper: #15181e;
  --panel: #20252d; --line: #3b424d; --good: #7bd69a; --goodbg: #17301f; --bad: #ff9d94;
  --badbg: #3a1c1a; --wait: #f2c66d; --waitbg: #33290f; --link: #8cc2ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 60rem; background: var(--paper);
  color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: .5rem 0; }
h2 { font-size: 1.3rem; margin: 2.2rem 0 .6rem; }
h3 { font-size: 1.1rem; margin: 1.8rem 0 .5rem; }
a { color: var(--link); }
pre, code { font-family: ui-monospace, monospace; font-size: .875rem; }
pre { margin: .4rem 0; padding: .6rem .8rem; background: var(--panel); border-radius: .3rem;
  white-space: pre-wrap; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; margin: .6rem 0; }
th, td { padding: .35rem .6rem; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top; }
th { color: var(--soft); font-weight: 600; }
td.number, th.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.soft { color: var(--soft); }
.sum { font-size: 1.5rem; margin: .4rem 0; }
.verdict { border-left: .3rem solid; padding: .4rem .8rem; margin: .5rem 0; border-radius: .2rem; }
.verdict pre { background: none; padding: 0; color: var(--ink); }
.good { border-color: var(--good); background: var(--goodbg); }
.bad { border-color: var(--bad); background: var(--badbg); }
.wait { border-color: var(--wait); background: var(--waitbg); }
.verdict strong { color: var(--good); } .bad strong { color: var(--bad); }
.wait strong { color: var(--wait); }
td.is-bad { border-left: .3rem solid var(--bad); }
td.is-good { border-left: .3rem solid var(--good); }
td.is-wait { border-left: .3rem solid var(--wait); }
details { margin: .4rem 0; } summary { cursor: pointer; color: var(--link); }
blockquote { margin: .5rem 0; padding-left: .8rem; border-left: .2rem solid var(--line); }
img { max-width: 100%; background: #fff; }
math[display="block"] { overflow-x: auto; overflow-y: hidden; max-width: 100%; }
.scroll { overflow-x: auto; }
@media (max-width: 40rem) {
  table.rows thead { position: absolute; left: -999rem; }
  table.rows tr { display: block; margin: .7rem 0; border-bottom: 1px solid var(--line); }
  table.rows td { display: block; border-bottom: 0; padding: .1rem .6rem; text-align: left; }
  table.rows td[data-label]::before { content: attr(data-label) ": "; color: var(--soft); }
}
@page { margin: 15mm; }
@media print {
  :root { color-scheme: light; --ink: #000; --soft: #444; --paper: #fff; --panel: #f4f5f7;
    --line: #bbb; --good: #17693a; --goodbg: #fff; --bad: #a3251f; --badbg: #fff;
    --wait: #7a5200; --waitbg: #fff; --link: #000; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  pre, .verdict, tr { break-inside: avoid; } h2, h3 { break-after: avoid; }
  details:not([open]) { display: none; }
}
"""


def page(title: str, body: str, style: str = "") -> str:
    """A whole page."""
    colours = HtmlFormatter(style="default").get_style_defs("pre.code")
    dark = HtmlFormatter(style="github-dark").get_style_defs("pre.code")
    colours = re.sub(r"background(-color)?: #\w+;?", "", colours)
    dark = re.sub(r"background(-color)?: #\w+;?", "", dark)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{text(title)}</title>\n<style>{STYLE}{style}"
        f"@media not all and (prefers-color-scheme: dark) {{ {colours} }}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ {dark} }}</style>\n"
        f"</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def text(given: object) -> str:
    """Anything as text, which acts as nothing else."""
    return html.escape(str(given))


def code(source: str) -> str:
    """Python, in colours."""
    shown = highlight(source, PythonLexer(), HtmlFormatter(nowrap=True))
    return f'<pre class="code">{shown.rstrip()}</pre>'


def printed(output: str) -> str:
    """What a program printed."""
    return f"<pre>{text(_ANSI.sub('', output).rstrip())}</pre>"


def markdown(source: str) -> str:
    """Markdown with formulas; its HTML is text, its pictures are not loaded."""
    return MarkdownWithMath(renderer=_Renderer()).render(source)


def formula(source: str, display: bool = False) -> str:
    """A formula as MathML, or as it was written if it is none that can be trusted to be one."""
    source = source.strip()
    if len(source) <= _LONGEST_FORMULA:
        try:
            made = convert(source, display="block" if display else "inline")
            ElementTree.register_namespace("", MATHML)
            return ElementTree.tostring(_only_math(ElementTree.fromstring(made)), "unicode")
        # What learners write breaks the converter in many ways.
        except Exception:
            pass
    return f"<code>{text(source)}</code>"


def _only_math(element: ElementTree.Element) -> ElementTree.Element:
    for one in element.iter():
        if not re.fullmatch(rf"\{{{MATHML}\}}m[a-z]+", one.tag):
            raise ValueError(f"{one.tag} is no formula")
        for name in [name for name in one.attrib if name not in _MATH_ATTRIBUTES]:
            del one.attrib[name]
    return element


class _Renderer(IPythonRenderer):
    def __init__(self) -> None:
        super().__init__(escape=True, allow_harmful_protocols=False, exclude_anchor_links=True)

    def block_math(self, body: str) -> str:
        return formula(body, display=True)

    def multiline_math(self, text: str) -> str:
        return formula(text.strip("$"), display=True)

    def latex_environment(self, name: str, body: str) -> str:
        return formula(rf"\begin{{{name}}}{body}\end{{{name}}}", display=True)

    def inline_math(self, body: str) -> str:
        return formula(body)

    def block_code(self, code: str, info: str | None = None) -> str:
        return printed(code)

    def heading(self, text: str, level: int, **attrs: object) -> str:
        # The page has its own order of headings.
        return f"<p><strong>{text}</strong></p>\n"

    def image(self, text: str, url: str, title: str | None = None) -> str:
        return f"[picture: {html.escape(text)}]"

    def block_html(self, html: str) -> str:
        return f"<p>{self.inline_html(html)}</p>"

    def inline_html(self, html: str) -> str:
        # A part of it has been escaped before it comes here.
        return text(unescape(html))

    def link(self, text: str, url: str, title: str | None = None) -> str:
        if not re.match(r"https?://", url, re.IGNORECASE):
            return text
        return f'<a href="{html.escape(url)}" rel="noreferrer nofollow">{text}</a>'
