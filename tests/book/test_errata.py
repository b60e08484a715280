"""The page of errata: every claim is run, and the right number is found in a second way."""

import math
import re

import nbformat
import pytest
from built_book import ROOT

SOURCE = (ROOT / "book" / "errata.md").read_text(encoding="utf8")
SECTIONS = re.split(r"^\(errata-[a-z0-9-]+\)=$", SOURCE, flags=re.MULTILINE)[1:]


def test_every_claim_says_where_it_stands_and_is_run():
    assert len(SECTIONS) >= 12
    for section in SECTIONS:
        assert "*Where: " in section and "```{code-cell}" in section, section[:60]
    table = SOURCE[: SOURCE.index("```{code-cell}")]
    assert len(re.findall(r"^\| \{ref\}`", table, re.MULTILINE)) == len(SECTIONS)


@pytest.fixture(scope="module")
def printed():
    """What the cells show, in order, as a terminal would."""
    from nbclient import NotebookClient

    cells = re.findall(r"```\{code-cell\} ipython3\n(.*?)```", SOURCE, re.DOTALL)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    NotebookClient(
        notebook, timeout=60, kernel_name="python3", extra_arguments=["--log-level=ERROR"]
    ).execute()
    return [
        "".join(o.get("text", o.get("data", {}).get("text/plain", "")) for o in cell.outputs)
        for cell in notebook.cells
    ]


def entropy(*probs):
    return -sum(p * math.log(p) for p in probs)


@pytest.mark.parametrize(
    ("place", "number"),
    [
        (1, (0.1 + 0.2 + 0.1 + 0.1 + 10) / 5),
        (1, (0.005 + 0.02 + 0.005 + 0.005 + 9.5) / 5),
        (2, (0.01 + 0.04 + 0.01) / 3),
        (2, -math.log(0.9 * 0.8 * 0.9) / 3),
        (3, -1 / 0.05),
        (3, 0.05 - 1),
        (5, 2.0 * (10 - 1)),
        (6, entropy(0.01, 0.99)),
        (7, math.e**3),
        (8, math.log(1 + 9 / math.e)),
        (10, 1 / 9 / (1 / 9 + 9)),
        (11, 0.25 * 0.25 * math.log(2)),
        (11, 0.75 * 0.25 * math.log(2)),
        (12, 1 - 2 * 5 / 9),
        (13, math.log(4) - entropy(0.7, 0.2, 0.1)),
        (
            14,
            entropy(0.2, 0.8)
            - entropy(0.1, 0.9) / 2
            - entropy(0.3, 0.7) / 2
            + entropy(0.4, 0.6)
            - entropy(0.3, 0.7) / 2
            - entropy(0.5, 0.5) / 2,
        ),
        (14, entropy(0.3, 0.7) - entropy(0.1, 0.9) / 2 - entropy(0.5, 0.5) / 2),
        (15, (1 + 1 + 33) / 3),
        (15, (64 + 33) / 65),
        (16, math.exp(-10) / 2),
        (18, math.sqrt((0.25 + 0.01 + 0.01 + 0.09) / 4)),
        (19, math.sqrt((9 + 100**2) / 10)),
        (19, 10.9),
        (20, 100.0),
        (20, math.log(2 + math.e)),
        (21, (math.log(math.e**2 + 2) - 2 + math.log(math.e + 2) - 1) / 2),
        (22, entropy(0.01, 0.99)),
        (22, -(math.log(0.99) + math.log(0.01)) / 2),
    ],
)
def test_the_right_number_is_right(printed, place, number):
    shown = re.findall(r"−?\d+\.\d+", printed[place])
    values = [(float(text.replace("−", "-")), 10.0 ** -len(text.split(".")[1])) for text in shown]
    assert any(abs(value - number) <= 0.51 * digit for value, digit in values), (shown, number)


def test_the_wrong_call_is_refused_and_the_toy_data_has_two_classes(printed):
    assert "unexpected keyword argument 'pos_weight'" in printed[9]
    assert "[0 1]" in printed[17]
    assert "labels.float(): expected" in printed[21]
    assert "nan" not in printed[20]
