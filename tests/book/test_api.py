"""The API reference: every public name, where other projects' Sphinx looks for it, and as it is."""

import importlib
import inspect
import posixpath
import re
from types import SimpleNamespace

import api
import pytest
from built_book import PAGES, ROOT
from sphinx.util.inventory import InventoryFile

import lossfns
from lossfns.labels import place

PACKAGES = ["lossfns", "lossfns.numpy", "lossfns.torch", "lossfns.debug", "lossfns.explore",
            "lossfns.check", "lossfns.conformance"]  # fmt: skip
PUBLIC = [
    (package, name) for package in PACKAGES for name in importlib.import_module(package).__all__
]
ENTRIES = {entry.name: entry for entry in api.entries()}


@pytest.fixture(scope="module")
def inventory(site):
    with (site / "objects.inv").open("rb") as file:
        return InventoryFile.load(file, "", posixpath.join)


@pytest.fixture(scope="module")
def sections(site):
    """The HTML of each function of a family, by its name."""
    found = {}
    for page in [page for page in PAGES if page.startswith("book/api/")]:
        html = (site / f"{page}.html").read_text(encoding="utf8")
        article = re.search(r"<article.*?</article>", html, re.DOTALL)[0]
        parts = re.split(r"<h2>(\w+)(?:\(\))?<a", article)
        found.update(zip(parts[1::2], parts[2::2], strict=True))
    return found


def test_every_family_has_its_page_and_the_page_its_place():
    families = dict.fromkeys(entry.family for entry in ENTRIES.values())
    for family in families:
        assert f"book/api/{family}" in PAGES
        source = (ROOT / "book" / "api" / f"{family}.md").read_text(encoding="utf8")
        assert f"```{{api}} {family}\n" in source
        assert source.startswith(f"(api-{family.replace('_', '-')})=\n# ")


def test_the_inventory_names_the_project(inventory):
    ((project, version, *_),) = {row[:2] for row in inventory["py:function"].values()}
    assert (project, version) == ("lossfns", lossfns.__version__)
    assert set(inventory["py:module"]) >= {"lossfns.numpy", "lossfns.torch"}


@pytest.mark.parametrize(("package", "name"), PUBLIC, ids=[".".join(row) for row in PUBLIC])
def test_every_public_name_is_in_the_inventory_and_there(site, inventory, package, name):
    full = f"{package}.{name}"
    thing = getattr(importlib.import_module(package), name)
    kind = "class" if inspect.isclass(thing) else "data"
    kind = "function" if inspect.isfunction(thing) else kind
    assert full in inventory.get(f"py:{kind}", {})
    page, _, anchor = inventory[f"py:{kind}"][full][2].partition("#")
    assert f'id="{anchor}"' in (site / page).read_text(encoding="utf8")


@pytest.mark.parametrize(("package", "name"), PUBLIC, ids=[".".join(row) for row in PUBLIC])
def test_every_public_function_has_an_example(package, name):
    thing = getattr(importlib.import_module(package), name)
    assert not inspect.isfunction(thing) or ">>> " in inspect.getdoc(thing)


def test_the_headings_are_no_labels_of_the_book(inventory):
    """`contrastive` names a chapter; the functions are objects of Python."""
    named = {label for label, row in inventory["std:label"].items() if "book/api/" in row[2]}
    assert named and all(label.startswith("api-") for label in named)


@pytest.mark.parametrize("name", ENTRIES)
def test_a_function_is_shown_with_formula_example_and_links(sections, name):
    entry, html = ENTRIES[name], sections[name]
    assert '<div class="math notranslate' in html
    for twin in entry.backends:
        shown = html.split(f'id="lossfns.{twin}.{name}"')[1].split('<dt class="sig sig-object')[0]
        assert '<span class="gp">&gt;&gt;&gt; </span>' in shown
        assert "Example" in shown and "Chapter" not in shown
    assert "_SupportsArray" not in html and "system-message" not in html
    assert f'href="../atlas.html#atlas-{name}"' in html
    found = place(entry.chapter)
    assert not found.page or f'href="../{found.address}"' in html


def test_a_docstring_of_the_house_becomes_fields():
    markup = api.markup("""Cost of a|b.

    l = a * b

Args:
    a: first, see `b`.
    b, c: more,
        in two lines.
Raises:
    ValueError: never.
Chapter:
    loss-mse
Example:
    >>> 1 + 1
    2""")
    assert (
        markup
        == r"""Cost of a\|b.

.. code-block:: text

    l = a * b

:Arguments:
    ``a``
        first, see ``b``.
    ``b``, ``c``
        more,
        in two lines.

:Raises:
    ``ValueError``
        never.

:Example:
    >>> 1 + 1
    2"""
    )


@pytest.mark.parametrize("name", ["lossfns.numpy.huber", "lossfns.torch.huber", "lossfns.choose",
                                  "lossfns.torch.Criterion.from_config"])  # fmt: skip
def test_the_source_is_linked_by_lines_once_the_repository_has_an_address(name):
    package = next(one for one in reversed(PACKAGES) if name.startswith(one + "."))
    info = {"module": package, "fullname": name.removeprefix(package + ".")}
    options = {"repository_url": "https://example.org/it", "repository_branch": "main"}
    resolve = api.source_of(SimpleNamespace(html_theme_options=options))
    file, first, last = re.fullmatch(
        r"https://example\.org/it/blob/main/(lossfns/.+\.py)#L(\d+)-L(\d+)", resolve("py", info)
    ).groups()
    lines = (ROOT / file).read_text(encoding="utf8").splitlines()[int(first) - 1 : int(last)]
    assert any(line.strip().startswith(f"def {name.rpartition('.')[2]}(") for line in lines)
    options["repository_url"] = ""
    assert resolve("py", info) is None


def test_data_has_no_lines_to_link():
    options = {"repository_url": "https://example.org/it", "repository_branch": "main"}
    resolve = api.source_of(SimpleNamespace(html_theme_options=options))
    assert resolve("py", {"module": "", "fullname": "lossfns.catalog"}) is None


@pytest.mark.parametrize("page", ["api/metric", "api/generative"])
def test_on_a_phone_formulas_break_and_what_scrolls_shows_it(reader, page):
    tab = reader(width=375).open(f"book/{page}")
    formulas = tab.locator("dl.py .highlight-text pre")
    assert formulas.count() >= 4
    wider = "all => all.filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)"
    assert formulas.evaluate_all(wider) == []
    for inside in ("article pre", 'article mjx-container[display="true"]'):
        scrolling = tab.locator(inside).evaluate_all(
            """all => all.filter(e => e.scrollWidth > e.clientWidth + 1).map(getComputedStyle)
            .map(s => [s.overflowX, s.backgroundImage.split("linear-gradient").length - 1])"""
        )
        assert scrolling and all(one == ["auto", 4] for one in scrolling), inside
