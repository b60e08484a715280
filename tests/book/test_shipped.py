"""What the site ships beside its pages, and that nothing more is asked for."""

import re
from types import SimpleNamespace

import mathjax
import pytest

PAGE = "book/01_foundations/gradient"


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_of_mathjax_there_is_one_script_and_its_fonts(site):
    shipped = files(site / "_static" / "mathjax")
    assert {name for name in shipped if not name.endswith(".woff")} == {"tex-chtml.js"}
    assert "output/chtml/fonts/woff-v2/MathJax_Math-Italic.woff" in shipped
    weight = sum((site / "_static" / "mathjax" / name).stat().st_size for name in shipped)
    assert weight < 2_000_000


def test_what_an_earlier_build_shipped_of_mathjax_goes(tmp_path):
    old = tmp_path / "_static" / "mathjax" / "sre" / "speech.js"
    old.parent.mkdir(parents=True)
    old.touch()
    app = SimpleNamespace(outdir=tmp_path, builder=SimpleNamespace(format="html"))
    mathjax.copy(app, None)
    assert not old.exists()
    assert "tex-chtml.js" in files(tmp_path / "_static" / "mathjax")


def test_a_copy_on_github_pages_keeps_the_folders_that_begin_with_an_underscore(site):
    assert (site / ".nojekyll").exists()
    assert (site / "_static").is_dir()


def scripts(page):
    """The files of scripts that a page of the site asks for."""
    addresses = re.findall(r'<script[^>]*src="([^"?]*)', page.read_text(encoding="utf8"))
    return {(page.parent / address).resolve() for address in addresses}


def test_no_page_asks_for_scripts_that_it_has_no_use_of(site):
    """The icons that nobody added, and the index of words, which the page *Search* alone reads."""
    index = site / "searchindex.js"
    asked = {
        page.name: scripts(page) for page in [*site.glob("*.html"), *site.glob("book/**/*.html")]
    }
    assert [name for name, files in asked.items() if index in files] == ["search.html"]
    heaviest = max(sum(path.stat().st_size for path in files) for files in asked.values())
    assert heaviest < 2_200_000  # the page *Search*, of which the index weighs 0.7 MB
    weight = sum(path.stat().st_size for path in scripts(site / f"{PAGE}.html"))
    assert weight < 1_500_000, "1.2 MB of these are MathJax"


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_every_icon_is_in_the_font(reader, width, scheme):
    tab = reader(width, scheme).open(PAGE)
    drawn = tab.evaluate("""async () => {
        await document.fonts.ready;
        return [...document.querySelectorAll("[class*=' fa-'], [class^='fa-']")].map(icon => {
            const {content, fontFamily} = getComputedStyle(icon, "::before");
            return [icon.className, content.length === 3 && fontFamily.includes("Awesome")];
        });
    }""")
    assert len(drawn) > 10
    assert [name for name, is_drawn in drawn if not is_drawn] == []


def test_equations_are_set_by_what_is_shipped(reader):
    """On a web server, where a file that is missing shows; the fonts are really used."""
    visitor = reader(served=True)
    failed = []
    visitor.tab.on("response", lambda got: got.status >= 400 and failed.append(got.url))
    tab = visitor.open(PAGE)
    assert tab.locator("mjx-container").count() > 10
    assert tab.locator("mjx-merror").count() == 0
    assert tab.locator("mjx-assistive-mml math").count() == tab.locator("mjx-container").count()
    tab.evaluate("document.fonts.ready")
    loaded = tab.evaluate("""() => [...document.fonts].filter(one => one.status === "loaded")
        .map(one => one.family.replaceAll('"', ""))""")
    assert {"MJXTEX", "MJXTEX-I"} <= set(loaded)
    assert failed == [] and visitor.complaints == [] and visitor.requests == []


def test_an_equation_has_no_menu_that_asks_for_what_is_not_shipped(reader):
    tab = reader(served=True).open(PAGE)
    tab.locator("mjx-container").first.click(button="right")
    tab.evaluate("look.settled(100)")
    assert tab.locator(".CtxtMenu_Menu").count() == 0
    assert tab.locator("mjx-container[tabindex]").count() == 0
