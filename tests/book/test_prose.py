"""The sources of the pages: numbers come from cells, and code fits the page."""

import json
import re

import nbformat
import pytest
from built_book import EXECUTED, ROOT

DECIMAL = re.compile(r"(?<![\w.])\d+\.\d+(?![\w.]*\d)")


def prose(source):
    """Return the text of a chapter without code, quizzes, front matter and directive options."""
    text = re.sub(r"\A---\n.*?\n---\n", "", source, flags=re.DOTALL)
    text = re.sub(r"^```\{code-cell\}.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"^(:\w[\w-]*:.*|---|alt:.*)$", "", text, flags=re.MULTILINE)
    return re.sub(r"\]\([^)]*\)|https?://\S+", "", text)


def computed(cells):
    """Return everything that the code cells say and print."""
    said = []
    for cell in cells:
        if cell["cell_type"] == "code":
            said.append("".join(cell["source"]))
            for output in cell["outputs"]:
                data = {k: v for k, v in output.get("data", {}).items() if k.startswith("text")}
                said += ["".join(text) for text in [output.get("text", ""), *data.values()]]
    return "\n".join(said)


@pytest.mark.parametrize("page", EXECUTED)
def test_every_decimal_number_in_the_text_occurs_in_a_cell(executed, page):
    known = set(DECIMAL.findall(computed(executed(page))))
    text = prose((ROOT / f"{page}.md").read_text())
    unknown = sorted({n for n in DECIMAL.findall(text) if n not in known})
    assert not unknown, f"{page} has numbers that no cell contains or prints: {unknown}"


@pytest.mark.parametrize("page", EXECUTED)
def test_no_cell_failed_or_complained(executed, page):
    assert any(cell.get("outputs") for cell in executed(page))
    for cell in executed(page):
        for output in cell.get("outputs", []):
            assert output["output_type"] != "error"
            assert output.get("name") != "stderr", "".join(output["text"])


@pytest.mark.parametrize("page", EXECUTED)
def test_code_cells_fit_the_page(executed, page):
    for cell in executed(page):
        if cell["cell_type"] == "code":
            lines = "".join(cell["source"]).splitlines()
            assert len(lines) <= 25, f"{page}: {len(lines)} lines from {lines[0]!r}"
            assert max(map(len, lines), default=0) <= 88, f"{page}: {max(lines, key=len)!r}"


@pytest.mark.parametrize("page", EXECUTED)
def test_no_live_widget_is_published(executed, page):
    assert "widget-view" not in json.dumps(executed(page))


def test_a_number_typed_by_hand_is_found():
    source = "---\na: 9.9\n---\nThe loss is 1.25, see $0.5 x$ and section 2.1.\n"
    assert DECIMAL.findall(prose(source)) == ["1.25", "0.5", "2.1"]
    cell = nbformat.v4.new_code_cell(
        "print(5 / 4)", outputs=[nbformat.v4.new_output("stream", name="stdout", text="1.25\n")]
    )
    assert DECIMAL.findall(computed([cell])) == ["1.25"]
