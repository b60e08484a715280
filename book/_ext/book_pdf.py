"""The whole book as one PDF: each page of the built site printed by Chromium, then put together.

Chromium prints a page of the site without what surrounds it, numbered on from the page before; the
style sheet is paper.css. pypdf joins the pieces and does what a browser cannot: bookmarks, and
links from page to page that stay inside the file. Title and contents come last, when it is known
on what sheet everything stands, and are numbered i, ii, iii.
"""

import html
import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urldefrag

from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    Destination,
    DictionaryObject,
    Fit,
    FloatObject,
    NameObject,
    TextStringObject,
)

STYLE = Path(__file__).with_name("paper.css").read_text(encoding="utf8")
# Whether all is drawn; a page without equations loads no MathJax.
SET = """async () => {
    if (document.querySelector("script[src*=mathjax]")) {
        if (!window.MathJax?.startup?.promise) return false;
        await MathJax.startup.promise;
    }
    await document.fonts.ready;
    return true;
}"""
# Only the article is left. Chromium notes where on paper an element is if a link of the same page
# leads to it, so each gets one that nobody sees: links of other pages need the places, too.
ALONE = """() => {
    const article = document.querySelector("article.bd-article");
    const headings = [...article.querySelectorAll("section section > h2")].map(heading => {
        heading.querySelector(".headerlink")?.remove();
        return [heading.parentElement.id, heading.textContent.trim()];
    });
    const title = article.querySelector("h1");
    title.querySelector(".headerlink")?.remove();
    document.body.replaceChildren(article);
    for (const fold of article.querySelectorAll("details")) fold.open = true;
    // What would be cut off at the edge of the paper becomes smaller.
    const width = article.clientWidth;
    for (const wide of article.querySelectorAll("table, mjx-container[display]"))
        if (wide.scrollWidth > width) wide.style.zoom = width / wide.scrollWidth;
    for (const {id} of article.querySelectorAll("[id]")) {
        const link = document.createElement("a");
        link.href = "#" + encodeURIComponent(id);
        link.hidden = true;
        article.append(link);
    }
    return {title: title.textContent.trim(), headings};
}"""
WIDTH = 643  # of the text on paper, in pixels: A4 without the margins of paper.css
MARGIN = "font: 8.5pt sans-serif; color: #555;"


@dataclass
class Entry:
    """A page of the book, where the table of contents has it, and then what it is on paper."""

    page: str
    depth: int = 0
    caption: str = ""  # of the part that begins here
    chapter: str = ""
    title: str = ""
    headings: list = field(default_factory=list)
    first: int = 0  # the sheet it begins on, counted from 0 without title and contents
    pdf: PdfReader | None = None


def entries(toc):
    """The pages of a table of contents, in order."""

    def under(items, depth, caption=""):
        for item in items:
            found.append(Entry(item["file"], depth, caption))
            caption = ""
            under(item.get("sections", []), depth + 1)

    found = [Entry(toc["root"])]
    for part in toc.get("parts", [toc]):
        under(part.get("chapters", []), 0, part.get("caption", ""))
    return found


def write(site, toc, about, target, browser, say=lambda words: None):
    """Print the pages that `toc` names, of the site in the folder `site`, into one PDF.

    `about` has its title, author, copyright and version.
    """
    book = entries(toc)
    sheets, chapter = 0, ""
    with tempfile.TemporaryDirectory() as scratch:
        for number, entry in enumerate(book):
            piece = Path(scratch, f"{number}.pdf")
            entry.first = sheets
            chapter = "" if entry.depth == 0 else chapter
            entry.chapter = chapter
            print_page(site, entry, piece, browser)
            if entry.depth == 0:
                chapter = entry.title
            entry.pdf = PdfReader(piece)
            sheets += len(entry.pdf.pages)
            say(f"{entry.page}, page {entry.first + 1}")
        front = Path(scratch, "front.pdf")
        print_front(site, book, about, front, browser)
        join(site, book, PdfReader(front), about, target)
    return target


def print_page(site, entry, target, browser):
    tab = browser.new_page(color_scheme="light", viewport={"width": WIDTH, "height": 955})
    tab.emulate_media(media="print")
    tab.goto((site / f"{entry.page}.html").as_uri(), timeout=120_000)
    tab.wait_for_function(SET, timeout=120_000)
    tab.add_style_tag(content=STYLE)
    found = tab.evaluate(ALONE)
    entry.title, entry.headings = found["title"], found["headings"]
    tab.add_style_tag(content=running(entry.chapter, entry.title, entry.first))
    to_paper(tab, target)


def running(left, right, before):
    """The lines above and below the text: chapter, page and the number of the sheet."""
    return f"""
        @page {{
            @top-left {{ content: {json.dumps(left, ensure_ascii=False)}; {MARGIN} }}
            @top-right {{ content: {json.dumps(right, ensure_ascii=False)}; {MARGIN} }}
            @bottom-center {{ content: counter(page); {MARGIN} }}
        }}
        html {{ counter-reset: page {before}; }}"""


def to_paper(tab, target):
    tab.pdf(path=target, prefer_css_page_size=True, print_background=True)
    tab.close()


def print_front(site, book, about, target, browser):
    tab = browser.new_page(color_scheme="light")
    logo = (site / "_static" / "logo.svg").as_uri()
    rows = []
    for entry in book:
        rows += [f"<p>{html.escape(entry.caption)}</p>"] if entry.caption else []
        address = (site / f"{entry.page}.html").as_uri()
        kind = "section" if entry.depth else "chapter"
        rows.append(
            f'<a class="{kind}" href="{address}"><span>{html.escape(entry.title)}</span>'
            f"<span>{entry.first + 1}</span></a>"
        )
    text = f"""<div class="lossfns-title"><img src="{logo}" alt="">
        <h1>{html.escape(about["title"])}</h1><p>{html.escape(about["author"])}</p>
        <p>Version {html.escape(about["version"])}</p>
        <p>© {html.escape(about["copyright"])}</p></div>
        <nav class="lossfns-contents"><h1>Contents</h1>{"".join(rows)}</nav>"""
    roman = "@page { @bottom-center { content: counter(page, lower-roman); " + MARGIN + "} }"
    # A page without an address may not show a picture of the site.
    page = target.with_suffix(".html")
    page.write_text(f'<!doctype html><meta charset="utf-8"><style>{STYLE}{roman}</style>{text}')
    tab.goto(page.as_uri())
    to_paper(tab, target)


def join(site, book, front, about, target):
    """Put the pieces together, with bookmarks and links that lead from one to another."""
    writer = PdfWriter()
    links = []  # (sheet, annotation as Chromium made it, page of the book that it stands on)
    for entry, pdf in [(None, front), *((entry, entry.pdf) for entry in book)]:
        for sheet in pdf.pages:
            notes = [note.get_object() for note in sheet.pop("/Annots", [])]
            links += [(len(writer.pages), note, entry) for note in notes]
            writer.add_page(sheet)
    before = len(front.pages)
    places = {entry.page: places_of(entry, before) for entry in book}

    lost = []
    for sheet, note, entry in links:
        page, anchor = aim(note, entry, site)
        link = DictionaryObject({
            NameObject("/Type"): NameObject("/Annot"),
            NameObject("/Subtype"): NameObject("/Link"),
            NameObject("/Rect"): ArrayObject(FloatObject(n) for n in note["/Rect"]),
            NameObject("/Border"): ArrayObject(FloatObject(0) for _ in range(3)),
        })  # fmt: skip
        if page is None:
            link[NameObject("/A")] = note["/A"].get_object().clone(writer)
        elif page in places:
            if anchor not in places[page]:
                lost.append(f"{entry.page} -> {page}#{anchor}")
            at, top = places[page].get(anchor, places[page][""])
            link[NameObject("/Dest")] = Destination(
                "", writer.pages[at].indirect_reference, Fit.xyz(left=0, top=top)
            ).dest_array
        else:  # a page of the site that is none of the book, such as the search
            continue
        notes = writer.pages[sheet].setdefault(NameObject("/Annots"), ArrayObject())
        notes.append(writer._add_object(link))

    if lost:
        raise LookupError("links that lead nowhere on paper: " + ", ".join(lost))
    parents = []
    for entry in book:
        parent = parents[entry.depth - 1] if entry.depth else None
        item = bookmark(writer, entry.title, places[entry.page][""], parent)
        parents[entry.depth :] = [item]
        for anchor, words in entry.headings:
            place = places[entry.page].get(anchor, places[entry.page][""])
            bookmark(writer, words, place, item)
    writer.set_page_label(0, before - 1, style="/r")
    writer.set_page_label(before, len(writer.pages) - 1, style="/D")
    writer.page_mode = "/UseOutlines"
    writer.add_metadata({"/Title": about["title"], "/Author": about["author"]})
    writer.root_object[NameObject("/Lang")] = TextStringObject("en")
    writer.compress_identical_objects(remove_duplicates=True, remove_unreferenced=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    writer.write(target)


def places_of(entry, before):
    """Where the anchors of a page are: sheet and height. The page itself is the anchor ''."""
    start = before + entry.first
    places = {"": (start, None)}
    for name, found in entry.pdf.named_destinations.items():
        sheet = entry.pdf.get_destination_page_number(found)
        places[unquote(name.removeprefix("/"))] = (start + sheet, float(found.top))
    return places


def aim(note, entry, site):
    """What a link of Chromium's leads to: page and anchor; another site's address has no page."""
    if "/Dest" in note:
        return entry.page, unquote(str(note["/Dest"]).removeprefix("/"))
    address = str(note["/A"]["/URI"])
    if not address.startswith("file:"):
        return None, ""
    address, anchor = urldefrag(address)
    path = address.removeprefix(site.as_uri() + "/")
    return path.removesuffix(".html"), unquote(anchor)


def bookmark(writer, title, place, parent):
    sheet, top = place
    fit = Fit.xyz(left=0, top=top)
    return writer.add_outline_item(
        title=title, page_number=sheet, parent=parent, fit=fit, is_open=False
    )
