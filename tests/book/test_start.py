"""The start page: alive at the top, three doors, and nothing on it that is typed by hand."""

import json
import re

import pytest
import yaml
from built_book import EXECUTED, PAGES, ROOT

from lossfns import catalog


@pytest.fixture(scope="module")
def article(site):
    html = (site / "book" / "00_start.html").read_text()
    return re.search(r"<article.*?</article>", html, re.DOTALL).group()


def words(html):
    return " ".join(re.sub(r"<[^>]+>", "", html).split())


def test_it_opens_with_one_question_and_something_to_move(article):
    opening = article[article.index("</h1>") : article.index("<h2")]
    before, _, after = opening.partition('class="lossfns-scene"')
    assert before.count("<p>") == 1
    assert "?" in words(after.partition("<svg")[0])
    doors = re.findall(r'class="[^"]*\bsd-card-title\b[^"]*"[^>]*>(.*?)</div>', after, re.DOTALL)
    assert [words(door) for door in doors] == ["Read", "Run", "Submit"]
    assert after.count("sd-stretched-link") == 3


def test_the_numbers_are_what_there_is(article, site, executed):
    listed = re.search(r'<ul class="lossfns-counts[^"]*">(.*?)</ul>', article, re.DOTALL)[1]
    shown = [words(item) for item in re.findall(r"<li>(.*?)</li>", listed, re.DOTALL)]
    html = "".join((site / f"{page}.html").read_text() for page in PAGES)
    quizzes = (json.loads(path.read_text()) for path in ROOT.glob("book/quizzes/*.json"))
    conformance = (site / "book" / "conformance.html").read_text()
    losses, checks, calls = map(
        int, re.search(r"(\d+) losses, (\d+) checks, (\d+) comparisons", conformance).groups()
    )
    assert losses == len(catalog)
    ran = [cell for page in EXECUTED for cell in executed(page) if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in ran)
    exercises = set(re.findall(r'<div class="exercise [^"]*" id="([^"]+)"', html))
    assert shown == [
        f"{losses} losses, in NumPy and in PyTorch",
        f"{calls:,} comparisons in {checks} checks",
        f"{len(PAGES)} pages, with {len(ran)} cells of code, all of them run",
        f"{sum(map(len, quizzes))} quiz questions, whose answers say why",
        f"{len(exercises)} exercises with solutions",
        f"{len(list(ROOT.glob('solutions/*/*.ipynb')))} graded assignments",
    ]


def test_the_short_route_is_what_the_maps_of_the_chapters_star(article, site):
    route = re.search(r'id="the-short-route".*?(<table.*?</table>)', article, re.DOTALL)[1]
    rows = re.findall(r"<tr.*?</tr>", route, re.DOTALL)[1:]
    expected, total = [], 0
    for chapter in [page for page in PAGES if page.endswith("/index")]:
        html = (site / f"{chapter}.html").read_text()
        table = re.search(r"<article.*?(<table.*?</table>)", html, re.DOTALL)[1]
        stars = [row for row in re.findall(r"<tr.*?</tr>", table, re.DOTALL) if "★" in row]
        minutes = sum(int(re.search(r"<p>(\d+)</p>", row)[1]) for row in stars)
        links = [re.search(r'href="([^"]*)"', row)[1] for row in stars]
        folder = chapter.split("/")[1]
        expected.append(
            (
                [
                    f"{folder}/{link}" if not link.startswith("#") else f"{folder}/index.html{link}"
                    for link in links
                ],
                minutes,
            )
        )
        total += minutes
    shown = [
        (re.findall(r'href="([^"]*)"', row)[1:], int(re.findall(r"<p>(\d+)</p>", row)[-1]))
        for row in rows
    ]
    assert shown == [*expected, ([], total)]


def test_the_map_leads_to_every_chapter(article):
    drawn = re.search(r'<div class="lossfns-chapters">.*?</div>', article, re.DOTALL).group()
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    numbered = next(part for part in toc["parts"] if part.get("numbered"))
    pages = [f"{chapter['file'].removeprefix('book/')}.html" for chapter in numbered["chapters"]]
    linked = {link.split("#")[0] for link in re.findall(r'href="([^"]*)"', drawn)}
    assert linked == set(pages)
    assert re.search(r'<svg[^>]* aria-label="[^"]{200,}"', drawn)


def test_questions_name_a_place_for_an_answer(article):
    table = re.search(r'id="i-have-a-question".*?(<table.*?</table>)', article, re.DOTALL)[1]
    rows = re.findall(r"<tr.*?</tr>", table, re.DOTALL)[1:]
    assert len(rows) >= 16
    assert all("href=" in row for row in rows)
