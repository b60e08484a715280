"""The cards of the atlas say what the catalog says, and the plots show the losses."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

import lossfns.numpy as ln
from lossfns import catalog, functions
from lossfns.explore import atlas, sections
from lossfns.explore.sections import between_two_draws, section
from lossfns.labels import place

every_loss = pytest.mark.parametrize("record", catalog.values(), ids=lambda r: r.name)


class Balanced(HTMLParser):
    """Every tag that opens is closed in turn."""

    def __init__(self, html):
        super().__init__()
        self.open = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        if tag not in ("br", "wbr"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def text(html):
    return re.sub(r"<wbr>|<style>.*?</style>|<[^>]+>", "", html, flags=re.DOTALL)


@every_loss
def test_a_section_is_a_curve_that_moves(record):
    values = section(record).values(record, count=31)
    assert np.isfinite(values).all()
    assert np.ptp(values) > 1e-3


@every_loss
def test_a_section_changes_the_first_argument_or_says_what_it_changes(record):
    cut = section(record)
    one, other = cut.arguments(cut.start), cut.arguments(cut.end)
    changed = {n for n in one if not np.array_equal(one[n], other[n])}
    assert record.wrt[0] in changed or changed <= set(record.wrt)


def test_no_section_is_left_over():
    assert sections.OWN.keys() <= catalog.keys()
    used = {id(section(record)) for record in catalog.values()}
    assert {id(kind) for kind in sections.KINDS.values()} <= used


def test_a_convex_loss_is_convex_along_its_section():
    for record in catalog.values():
        cut = section(record)
        angles = "angle" in cut.label or record.name == "uncertainty_weighting"
        if record.convex and not angles and record.name not in ("kl_div", "yolo"):
            bend = np.diff(cut.values(record), 2)
            assert bend.min() > -1e-9, record.name


def test_a_loss_without_a_section_of_its_own_is_drawn_between_two_predictions():
    for record in catalog.values():
        if record.wrt[0] == "log_probs" and record.item_axes:
            continue  # no valid row half-way between two
        values = between_two_draws(record).values(record, count=5)
        assert np.isfinite(values).all() and np.ptp(values) > 0, record.name


def test_the_curve_of_huber_is_the_loss():
    record = catalog["huber"]
    cut = section(record)
    expected = ln.huber(cut.points(), np.zeros(121), reduction="none")
    np.testing.assert_array_equal(cut.values(record), expected)


@every_loss
def test_a_picture_is_small_and_the_same_twice_and_says_what_it_shows(record):
    picture = atlas.picture(record)
    assert picture == atlas.picture(record)
    assert len(picture) < 30_000
    words = re.search(r'aria-label="([^"]+)"', picture).group(1)
    assert words.startswith(record.name) and len(words.split()) >= 6
    Balanced(picture)


@every_loss
def test_a_card_says_what_the_record_says(record):
    card = atlas.card(record)
    Balanced(card)
    said = text(card)
    for fact in (record.name, record.task, record.differentiable, record.units, record.domain):
        assert atlas.html.escape(fact) in said, fact
    for library, name in record.equivalents.items():
        assert atlas.LIBRARIES[library] in said and atlas.html.escape(name) in said
    assert atlas.html.escape(record.formula) in card
    assert all(name in said for name in record.hyper)
    answers = {True: "yes", False: "no"}
    assert f"convex{answers[record.convex]}, in {record.wrt[0]}" in said
    assert f"bounded pull{answers[record.bounded_pull]}label noise" in said


def test_no_id_stands_twice_on_the_page():
    html = "".join(atlas.family(name).data for name in atlas.families())
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))


def test_every_drawing_of_a_family_finds_what_another_has_defined():
    for name in atlas.families():
        html = atlas.family(name).data
        wanted = set(re.findall(r'(?:url\(|href=")#([\w-]+)', html)) - {"atlas"}
        assert wanted and wanted <= set(re.findall(r' id="([^"]+)"', html))


def test_sources_on_arxiv_are_linked():
    assert '<a href="https://arxiv.org/abs/1701.03077">' in atlas.card(catalog["general_robust"])
    assert "<a href" not in atlas.card(catalog["mse"])


def test_the_place_that_explains_a_loss_is_linked_in_the_book(monkeypatch):
    huber = catalog["huber"]
    found = place("loss-huber")
    linked = f'<a href="{found.address}">{found}</a>'
    assert str(found) in text(atlas.card(huber)) and linked not in atlas.card(huber)
    monkeypatch.setenv("LOSSFNS_EXPLORE", "static")
    assert linked in atlas.card(huber)


def test_the_overview_lists_every_loss_once_under_its_family():
    html = atlas.overview().data
    Balanced(html)
    assert re.findall(r'href="#atlas-(\w+)"', html) == [
        record.name for members in atlas.families().values() for record in members
    ]
    assert html.count('<tr class="group">') == len(atlas.families())


def test_other_functions_say_which_twin_is_missing_and_why():
    html = atlas.other_functions().data
    Balanced(html)
    for function in functions.values():
        assert f'id="atlas-{function.name}"' in html
        assert atlas.html.escape(function.why_not) in html
        assert not function.why_not or f"{function.backends[0]} only" in html


def test_an_unknown_family_is_refused():
    with pytest.raises(ValueError, match="no family 'robust', only regression"):
        atlas.family("robust")


def test_the_table_of_names_has_the_losses_that_others_have():
    html = atlas.names_elsewhere().data
    Balanced(html)
    assert html.count("<tr>") == 1 + sum(bool(r.equivalents) for r in catalog.values())
    assert "torch.nn.functional.huber_loss" in text(html)
