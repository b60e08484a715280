"""The page, the command line and the function give one advice: tree, table and four questions."""

import html
import itertools
import re

import pytest

import lossfns
from lossfns.advice import ADVICE, TASKS
from lossfns.chooser import questions
from lossfns.explore import choosing
from lossfns.labels import place

# What a letter is wide in the mean of a line, as a share of its size, in the fonts of the theme.
LETTER = 0.56
TREES = re.findall(r"<svg.*?</svg>", choosing.tree().data)


def plain(text):
    return re.sub(r"<wbr>|<[^>]+>", "", text)


@pytest.mark.parametrize("task", ADVICE)
def test_every_combination_of_answers_has_the_ranking_of_the_function(task):
    answers = choosing.answers()
    asks, ranks = answers["tasks"][task]["asks"], answers["tasks"][task]["ranks"]
    assert len(asks) == 3
    assert [traits for traits in asks if traits] == list(questions(task).values())
    combinations = list(itertools.product(*(["", *traits] for traits in asks)))
    assert len(ranks) == len(combinations)
    for combination in combinations:
        given = [trait for trait in combination if trait]
        ranked = lossfns.choose(task, **dict.fromkeys(given, True))
        shown = [answers["losses"][number] for number in ranks[",".join(given)]]
        assert [(f[0], f[1], tuple(f[2]), answers["layers"][f[3]], f[4]) for f in shown] == [
            (s.loss, s.reason, s.because, s.output, s.unless) for s in ranked
        ]


def test_the_page_calls_and_links_each_loss_as_the_table_does(visit, monkeypatch):
    monkeypatch.setenv("LOSSFNS_EXPLORE", "static")
    page = visit(choosing.chooser().data)
    for task, advice in ADVICE.items():
        page.get_by_label("1. What do you predict?").select_option(task)
        shown = lossfns.choose(task)
        items = page.locator("ol > li")
        assert items.count() == len(shown) <= len(advice)
        for i, s in enumerate(shown):
            *_, pytorch, keras, address = choosing._facts(s)
            assert items.nth(i).locator("a").get_attribute("href") == address
            codes = items.nth(i).locator("dd code").all_inner_texts()
            assert codes == [called.partition(" (")[0] for called in (pytorch, keras) if called]


def test_the_explorer_weighs_no_more_than_the_others_with_all_its_links(monkeypatch):
    monkeypatch.setenv("LOSSFNS_EXPLORE", "static")
    losses = {s.loss for advice in ADVICE.values() for s in advice}
    data = choosing.chooser().data
    for loss in losses:
        assert place(lossfns.catalog[loss].chapter).page in data
    assert len(data.encode()) <= 30_000


@pytest.mark.parametrize("svg", TREES, ids=["wide", "narrow"])
def test_the_tree_has_every_task_every_trait_and_what_comes_first(svg):
    words = " ".join(re.findall(r"<text[^>]*>([^<]*)<", svg))
    for task in ADVICE:
        assert TASKS[task] in words
        for trait in itertools.chain(*questions(task).values()):
            assert f"{choosing.said(trait)} " in words
    leaves = re.findall(r'class="loss"[^>]*>([^<]*)<', svg)
    assert leaves == [
        lossfns.choose(task, **({trait: True} if trait else {}))[0].loss
        for task in ADVICE
        for trait in ["", *itertools.chain(*questions(task).values())]
    ]


@pytest.mark.parametrize("svg", TREES, ids=["wide", "narrow"])
def test_words_of_the_tree_stay_in_their_columns(svg):
    whole = float(re.search(r'viewBox="0 0 (\d+)', svg)[1])
    texts = re.findall(r'<text(?: class="(\w+)")? x="(\d+)"[^>]*>([^<]*)<', svg)
    starts = sorted({float(x) for _, x, _ in texts})
    for kind, x, line in texts:
        size = {"task": 14 * 1.12, "loss": 13 * 1.1, "": 13}[kind] * LETTER
        ends = [start for start in starts if start > float(x)] if len(starts) == 4 else []
        narrow_or_title = not ends or line.startswith("What do you")
        assert float(x) + len(line) * size <= (whole if narrow_or_title else ends[0]), line


@pytest.mark.parametrize("static", [True, False])
def test_every_leaf_leads_to_its_section_where_pages_are(monkeypatch, static):
    monkeypatch.setenv("LOSSFNS_EXPLORE", "static" if static else "")
    leaves = [leaf.loss for leaves in choosing.branches().values() for _, leaf in leaves]
    places = [place(lossfns.catalog[loss].chapter).address for loss in leaves]
    links = re.findall(r'href="([^"]*)"', choosing.tree().data)
    assert links == (2 * [address for address in places if address] if static else [])


def test_the_table_says_of_every_leaf_what_the_catalog_and_the_advice_say():
    rows = re.findall(r"<tr><td.*?</tr>", choosing.table().data)
    leaves = [(task, leaf) for task, many in choosing.branches().items() for _, leaf in many]
    assert len(rows) == len({(task, leaf.loss) for task, leaf in leaves})
    for _, leaf in leaves:
        called = lossfns.catalog[leaf.loss].equivalents
        pytorch = called.get("torch", f"lt.{leaf.loss}").replace("torch.nn.functional.", "F.")
        keras = called.get("keras", "–").removeprefix("keras.losses.")
        said = [
            html.unescape(plain(row))
            for row in rows
            if re.search(r"<code>(.*?)</code>", row)[1].replace("<wbr>", "") == leaf.loss
        ]
        expected = [leaf.reason, leaf.output, pytorch, keras, leaf.unless]
        assert any(all(text.replace("`", "") in row for text in expected) for row in said), leaf


def test_for_counts_with_typing_errors_it_is_a_tie():
    """As the page says under the explorer."""
    ranked = lossfns.choose("regression", counts=True, outliers=True)
    because = [s.because for s in ranked]
    assert because == [("outliers",)] * 4 + [("counts",)] * 2 + [()]


@pytest.mark.parametrize("width", [375, 900])
def test_a_reader_with_a_keyboard_gets_the_answer_and_hears_it(visit, width):
    page = visit(choosing.chooser().data, width=width)
    status = page.get_by_role("status")
    assert status.inner_text() == "One loss fits: mse."
    page.keyboard.press("Tab")
    page.keyboard.type("one of several")
    third = page.get_by_label("3. Can the targets be trusted?")
    third.select_option("noisy_labels")
    ranked = lossfns.choose("multiclass", noisy_labels=True)
    assert status.inner_text() == f"{len(ranked)} losses fit. First comes {ranked[0].loss}."
    items = page.locator("ol > li")
    assert [items.nth(i).locator("code").first.inner_text() for i in range(items.count())] == [
        s.loss for s in ranked
    ]
    for text in (
        ranked[0].reason,
        ranked[0].unless,
        "a linear unit per class: logits",
        "because\nsome labels are wrong",
    ):
        assert text in items.first.inner_text()
    assert page.locator(".call").inner_text() == 'lossfns.choose("multiclass", noisy_labels=True)'
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_what_does_not_matter_for_a_task_is_not_asked(visit):
    page = visit(choosing.chooser().data)
    page.get_by_label("1. What do you predict?").select_option("multilabel")
    assert page.locator("select:visible").count() == 2
    page.get_by_label("1. What do you predict?").select_option("regression")
    assert page.locator("select:visible").count() == 4
