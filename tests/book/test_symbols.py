"""One symbol, one meaning, one spelling, in the sources of the pages and of the quizzes."""

import re

import pytest
from built_book import PAGES, ROOT

SOURCES = {page: (ROOT / f"{page}.md").read_text() for page in PAGES}
SOURCES |= {path.name: path.read_text() for path in ROOT.glob("book/quizzes/*.json")}
HINTS = ROOT.glob("lossfns/check/**/hints.md")
SOURCES |= {path.parent.name: path.read_text() for path in HINTS}
REGRESSION = [name for name in SOURCES if re.match(r"book/02_|02-", name)]


@pytest.mark.parametrize("name", SOURCES)
def test_optimizer_is_spelt_as_in_code(name):
    assert not re.search("optimiser", SOURCES[name], re.IGNORECASE)


@pytest.mark.parametrize("name", REGRESSION)
def test_the_quantile_level_is_q_and_the_mean_of_a_count_is_mu(name):
    text = SOURCES[name].replace(r"in the papers it is $\tau$", "")
    assert not re.search(r"\\tau|τ|\\lambda|λ", text)


@pytest.mark.parametrize("name", SOURCES)
def test_a_probability_is_a_capital_p(name):
    assert not re.search(r"\\Pr\b|(?<![\w\\])p\(y\s*\\mid", SOURCES[name])


# Blocks and spans of code, roles with their label, formulas.
CODE = re.compile(r"```.*?```|\{[\w-]+\}`[^`]*`|`[^`]*`|\$[^$]*\$", re.DOTALL)
TEACHING = [page for page in PAGES if re.match("book/0[1-9]_", page)]


@pytest.mark.parametrize("page", [page for page in TEACHING if "/06_" not in page])
def test_a_row_of_the_data_is_an_example(page):
    """What is embedded, paired or recommended is an item: chapter 6 says so."""
    text = CODE.sub("", SOURCES[page]).replace("an item in a recommender", "")
    assert not re.findall(r".*\bitems?\b.*", text)


def test_the_notation_page_says_so():
    notation = SOURCES["book/notation"]
    assert re.search(r"^\| \$q\$ \| quantile level", notation, re.MULTILINE)
    assert re.search(r"^\| \$\\mu\$ \| mean of a distribution", notation, re.MULTILINE)
    assert "$\\lambda$ | strength of a penalty" in notation
    assert "$n$ | number of examples in a batch" in notation
    assert "embedding of item $i$" in notation
