"""Formulas: one text, computed in Python and in the browser."""

import json
import math

import numpy as np
import pytest

from lossfns.explore.formula import FUNCTIONS, Formula, Lookup, Template, fixed, significant
from lossfns.explore.scene import Scene

NUMBERS = [-800.0, -40.0, -3.5, -1.0, -0.125, 0.0, 1e-9, 0.3, 1.0, 2.5, 37.0, 710.0]
OPERATORS = [
    "a + b",
    "a - b",
    "a * b",
    "a / b",
    "-a ** 2",
    "a - -b",
    "a < b",
    "a <= b",
    "a > b",
    "a >= b",
    "a == b",
    "a < b and b > 0",
    "a < b or b > 0",
    "a if a > b else b",
    "1e-7 * a",
    "12345678.25 + a",
]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("z +", "invalid syntax"),
        ("w", "'w' is not known; known are"),
        ("z.real", "'z.real' is more than a formula may hold"),
        ("[z]", "more than a formula may hold"),
        ("z % 2", "more than a formula may hold"),
        ("expm1(z)", "there is no function 'expm1'"),
        ("exp(z, base=2)", "more than a formula may hold"),
        ("0 < z < 1", "more than a formula may hold"),
        ("__import__('os')", "there is no function '__import__'"),
    ],
)
def test_what_a_formula_may_not_hold_is_named(text, message):
    with pytest.raises(ValueError, match="formula") as raised:
        Formula(text, {"z"})
    assert message in str(raised.value)
    assert repr(text) in str(raised.value)


@pytest.mark.parametrize("text", ["{z}", "{z:.2e}", "{z:d}", "{z:>5}"])
def test_a_template_says_how_to_write_a_number(text):
    with pytest.raises(ValueError, match=r"write \{z:\.2f\} or \{z:\.3g\}"):
        Template(text, {"z"})


def test_lookup_reads_straight_lines_between_its_values():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(5, 4)).round(3)
    lookup = Lookup(values, x=(-1, 1), y=(0, 3))
    for i, j in np.ndindex(values.shape):
        assert lookup(-1 + i / 2, j) == pytest.approx(values[i, j])
    assert lookup(-0.75, 0.5) == pytest.approx(values[:2, :2].mean())
    assert lookup(-9, 99) == pytest.approx(values[0, -1])
    with pytest.raises(ValueError, match=r"got \(1,\)"):
        Lookup([3], x=(0, 1))


def test_the_browser_computes_the_same(visit):
    rng = np.random.default_rng(1)
    scene = Scene("q", "a")
    scene.variable("a", -1e4, 1e4, start=0, step=1)
    scene.variable("b", -1e4, 1e4, start=0, step=1)
    scene.lookup("line", Lookup([0, 2, -1, 5], x=(-2, 3)))
    scene.lookup("plane", Lookup(rng.normal(size=(4, 3)), x=(-2, 3), y=(0, 30)))
    scene.function("double", "t", "t * 2 + b")
    two = {"atan2", "hypot", "max", "min"}
    texts = (
        OPERATORS
        + [f"{n}({'a, b' if n in two else 'a'})" for n in FUNCTIONS]
        + ["line(a)", "plane(a, b)", "double(a)"]
    )
    scene.let(**{f"r{i}": text for i, text in enumerate(texts)})
    scene.panel((0, 0, 10, 10), x=(0, 1), y=(0, 1))
    page = visit(scene.html())
    for a in NUMBERS:
        for b in (-2.5, 0.0, 3.0):
            there = json.loads(
                page.evaluate(
                    """([a, b]) => JSON.stringify(document.querySelector(".lossfns-scene").explorer
                   .at({a, b}), (key, x) => typeof x === "number" ? String(x) : x)""",
                    [a, b],
                )
            )
            here = scene.at(a=a, b=b)
            for i, text in enumerate(texts):
                # Functions of the two differ in the last digits.
                assert float(there[f"r{i}"]) == pytest.approx(
                    float(here[f"r{i}"]), rel=1e-12, abs=1e-15, nan_ok=True
                ), (text, a, b)


def test_the_browser_writes_numbers_the_same(visit):
    scene = Scene("q", "a")
    scene.variable("a", -1e4, 1e4, start=0, step=1)
    text = " ".join(f"{{a:.{d}{kind}}}" for d in (1, 2, 3, 4) for kind in "fg") + " {a:.0f} `$"
    scene.panel((0, 0, 10, 10), x=(0, 1), y=(0, 1)).text(0, 0, text)
    page = visit(scene.html())
    rng = np.random.default_rng(2)
    values = [
        0.0,
        -0.0,
        0.5,
        1.5,
        -0.125,
        0.045,
        2.675,
        1e-7,
        -1e-7,
        999.96,
        1234.5,
        math.inf,
        -math.inf,
        math.nan,
        *rng.normal(size=40),
        *10 ** rng.uniform(-9, 6, size=40),
    ]
    for value in values:
        there = page.evaluate(
            """x => { const {explorer} = document.querySelector(".lossfns-scene");
                 return explorer.drawn({a: Number(x)})[0][""]; }""",
            str(float(value)).replace("inf", "Infinity").replace("nan", "NaN"),
        )
        assert there == Template(text, {"a"}).value({"a": value}), value


def test_digits_are_rounded_half_away_from_zero():
    assert [fixed(x, 1) for x in (0.25, -0.25, 0.35, 1e-9)] == ["0.3", "−0.3", "0.3", "0.0"]
    assert [significant(x, 2) for x in (0.0125, 99.6, -1e-20)] == ["0.013", "100", "0.000000000000"]
