"""The widgets of a live kernel, in a notebook that is executed and then moved by its reader."""

from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from lossfns.explore import Choice, Play, Slider, explore
from lossfns.explore.style import figure

CELLS = ["import sys\nsys.path.insert(0, '.')\nfrom pictures import explorer", "explorer()"]


@pytest.fixture
def notebook(monkeypatch):
    """A running kernel in which the cells above were executed, and what they showed."""
    monkeypatch.delenv("LOSSFNS_EXPLORE", raising=False)
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    here = {"metadata": {"path": str(Path(__file__).parent)}}
    client = NotebookClient(nb, timeout=120, resources=here)
    with client.setup_kernel():
        for number, cell in enumerate(nb.cells):
            client.execute_cell(cell, number)
        yield client, nb


def ask(client, code):
    """Run code in the kernel and return what it printed."""
    cell = nbformat.v4.new_code_cell(code)
    client.nb.cells.append(cell)
    client.execute_cell(cell, len(client.nb.cells) - 1)
    return "".join(output.text for output in cell.outputs)


def test_a_reader_moves_a_slider_and_gets_a_new_figure(notebook):
    client, nb = notebook
    bundle = nb.cells[1].outputs[0].data
    assert set(bundle) == {"application/vnd.jupyter.widget-view+json", "text/plain"}
    models = client.widget_state
    picture = next(k for k, m in models.items() if m["_model_name"] == "HTMLModel")
    slider = next(k for k, m in models.items() if m.get("description") == "the slope (m/s)")
    assert "slope 0.5, side left, step 0" in models[picture]["value"]

    # What the browser sends when the slider is dragged, to a value between those of the page.
    content = {"comm_id": slider, "data": {"method": "update", "state": {"value": 1.25}}}
    message = client.kc.session.msg("comm_msg", content)
    client.kc.shell_channel.send(message)

    shown = ask(
        client,
        f"from ipywidgets.widgets.widget import _instances\nprint(_instances[{picture!r}].value)",
    )
    assert 'aria-label="slope 1.25, side left, step 0"' in shown
    assert "<svg" in shown


def test_an_error_appears_under_the_picture_and_goes(notebook):
    client, _ = notebook
    ask(
        client,
        """
from lossfns.explore import Slider, explore
from lossfns.explore.style import figure

def fails(a):
    return figure(alt=f"1 / {a} = {1 / a}")[0]

picture, row, errors = explore(fails, a=Slider([-1, 0, 1], start=1)).widget().children
row.children[0].value = 0
""",
    )
    assert ask(client, "print([o['ename'] for o in errors.outputs])") == "['ZeroDivisionError']\n"
    ask(client, "row.children[0].value = -1")
    assert ask(client, "print(errors.outputs, '1 / -1 = -1.0' in picture.value)") == "() True\n"


def inputs(widget):
    return [row.children[0] for row in widget.children[1:-1]]


def drawing(**values):
    return figure(height=1, alt=str(values))[0]


def test_every_control_has_its_widget():
    widget = explore(
        drawing,
        a=Slider([0.5, 1], start=1),
        b=Slider(range(3), unit="s"),
        c=Choice({"yes": 1, "no": 0}, label="answer"),
        d=Play(range(4)),
    ).widget()
    a, b, c, d = inputs(widget)
    assert (type(a).__name__, a.min, a.max, a.value) == ("FloatSlider", 0.5, 1, 1)
    assert (type(b).__name__, b.min, b.max, b.description) == ("IntSlider", 0, 2, "b (s)")
    assert (type(c).__name__, c.label, c.description) == ("Dropdown", "yes", "answer")
    assert type(d).__name__ == "IntSlider"
    assert "'a': 1.0, 'b': 0, 'c': 1, 'd': 0" in widget.children[0].value.replace("&#x27;", "'")


@pytest.mark.parametrize(
    "values", [[-1, -0.5, 0, 0.5], [0.25, 0.5, 1, 2.0], [0.1, 0.25, 0.9], np.linspace(0, 1, 11)]
)
def test_slider_can_stand_at_every_value_of_the_page(values):
    (slider,) = inputs(explore(drawing, a=Slider(values)).widget())
    steps = [(value - slider.min) / slider.step for value in values]
    assert steps == pytest.approx([round(step) for step in steps])
    assert len(values) < steps[-1] <= 2000


def test_values_without_a_common_measure_have_enough_steps():
    (slider,) = inputs(explore(drawing, a=Slider(np.geomspace(0.001, 1, 7))).widget())
    assert (slider.max - slider.min) / slider.step == pytest.approx(2000)


def test_player_walks_through_the_values():
    widget = explore(drawing, t=Play([0.5, 2, 8], interval=50)).widget()
    slider, player = widget.children[1].children
    assert (player.min, player.max, player.interval) == (0, 2, 50)
    player.value = 2
    assert slider.value == 8
    assert "8.0" in widget.children[0].value
