"""The script that plants mistakes: it can plant one in every file, and it tells who notices."""

import ast

import mutate
import pytest


def changed(source):
    return {(one.old, one.new) for one in mutate.mutants(source)}


def test_mistakes_of_every_kind_are_planted():
    source = "if a < b and not c:\n    drawn.sort()\nx = -min(1, 0.5) + np.minimum(p * 2, q)\n"
    assert changed(source) >= {
        ("<", "<="),
        ("and", "or"),
        ("not", ""),
        ("a < b and not c", "True"),
        ("drawn.sort()", "pass"),
        ("-", ""),
        ("0.5", "1"),
        ("+", "-"),
        ("*", "/"),
        ("minimum", "maximum"),
    }


def test_a_line_is_counted_in_letters_that_are_not_ascii():
    (one,) = mutate.mutants('"""γ"""\nδ = "ß" + y\n')
    assert (one.line, one.source) == (2, '"""γ"""\nδ = "ß" - y\n')


@pytest.mark.parametrize(
    "file, old, new",
    [
        ("numpy/imbalance.py", "0.5", "1"),
        ("check/answer.py", "array_equal", "allclose"),
        ("check/exercise.py", "drawn.sort(key=lambda call: ASPECTS.index(call.aspect))", "pass"),
    ],
)
def test_mistakes_that_once_survived_are_among_those_that_are_drawn(file, old, new):
    assert (old, new) in changed((mutate.ROOT / "lossfns" / file).read_text())


def test_every_file_with_code_has_mistakes_to_plant_and_they_are_python():
    for file in mutate.files():
        source = (mutate.ROOT / "lossfns" / file).read_text()
        functions = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef)]
        found = mutate.drawn(file, seed=0, count=5)
        assert found or len(functions) < 3, file
        for one in found:
            ast.parse(one.source)
    assert {"numpy/regression.py", "torch/_core.py", "check/judge.py"} <= set(mutate.files())


def test_the_same_seed_draws_the_same_and_another_seed_others():
    draw = [mutate.drawn("numpy/regression.py", seed, 3) for seed in (0, 0, 1)]
    assert draw[0] == draw[1] != draw[2]


def test_what_is_planted_is_noticed_or_not(monkeypatch):
    """One file of tests, with a mistake that it notices and a change that is none."""
    monkeypatch.setattr(mutate, "TESTS", [("", ["tests/check/test_asking.py"])])
    source = (mutate.ROOT / "lossfns" / "check" / "answer.py").read_text()
    wrong = source.replace("array_equal", "allclose")
    kept = mutate.Mutant(1, "", "", source)
    assert mutate.first_to_notice("check/answer.py", kept) == ""
    noticed = mutate.first_to_notice("check/answer.py", mutate.Mutant(1, "", "", wrong))
    assert "test_an_argument_that_is_changed" in noticed
