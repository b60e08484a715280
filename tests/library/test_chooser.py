"""`lossfns.choose` and `python -m lossfns`."""

import subprocess
import sys

import pytest

import lossfns
from lossfns.__main__ import TWINS, main
from lossfns.chooser import ADVICE, TRAITS

ENTRIES = {**lossfns.catalog, **lossfns.functions}


def run(*arguments):
    command = [sys.executable, "-m", "lossfns", *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def test_every_suggestion_is_in_the_catalog_and_every_trait_is_explained():
    for advice in ADVICE.values():
        names = [suggestion.loss for suggestion in advice]
        assert len(set(names)) == len(names)
        for suggestion in advice:
            assert suggestion.loss in lossfns.catalog
            assert set(suggestion.because) <= set(TRAITS)
    used = {t for advice in ADVICE.values() for s in advice for t in s.because}
    assert used == set(TRAITS)


@pytest.mark.parametrize("task", ADVICE)
def test_every_task_has_a_usual_choice(task):
    suggestions = lossfns.choose(task)
    assert suggestions and all(s.because == () for s in suggestions)


@pytest.mark.parametrize(
    "task, traits, first, last",
    [
        ("regression", {}, "mse", "mse"),
        ("regression", {"outliers": True}, "huber", "mse"),
        ("regression", {"outliers": True, "uncertainty": True}, "laplace_nll", "mse"),
        ("regression", {"outliers": False}, "mse", "mse"),
        ("multiclass", {"noisy_labels": True}, "generalized_cross_entropy", "cross_entropy"),
        ("embeddings", {"modalities": True, "small_batch": True}, "siglip", "info_nce"),
        ("sequences", {"many_classes": True}, "linear_cross_entropy", "ctc"),
    ],
)
def test_the_loss_that_fits_most_traits_comes_first_and_the_usual_one_last(
    task, traits, first, last
):
    suggestions = lossfns.choose(task, **traits)
    assert (suggestions[0].loss, suggestions[-1].loss) == (first, last)


@pytest.mark.parametrize(
    "task, traits, message",
    [
        ("regresion", {}, "did you mean 'regression'"),
        ("regression", {"outlier": True}, "did you mean 'outliers'"),
        ("regression", {"teacher": True}, "teacher changes nothing for regression; .*outliers"),
        ("generation", {"outliers": True}, "what does: none"),
    ],
)
def test_an_unknown_word_is_named(task, traits, message):
    with pytest.raises(ValueError, match=message):
        lossfns.choose(task, **traits)


def test_list_shows_both_twins_of_every_loss_or_why_one_is_missing(capsys):
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for entry in ENTRIES.values():
        row = next(i for i, line in enumerate(lines) if line.split()[0] == entry.name)
        assert lines[row].split()[2:4] == ["✓" if t in entry.backends else "–" for t in TWINS]
        if set(entry.backends) != set(TWINS):
            assert lines[row + 1].strip().startswith("no ") and entry.why_not in lines[row + 1]


@pytest.mark.parametrize("name", ENTRIES)
def test_show_prints_title_formula_and_facts(name, capsys):
    assert main(["show", name]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{name}: ")
    assert f"chapter         {ENTRIES[name].chapter}" in out
    assert "\\" not in out.split("family")[0], "LaTeX in a terminal"


def test_choose_on_the_command_line():
    result = run("choose", "regression", "outliers")
    assert result.returncode == 0
    assert result.stdout.startswith("1. huber")


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["show", "hubber"], "did you mean 'huber'"),
        (["choose", "cooking"], "task must be one of regression"),
        (["frobnicate"], "invalid choice"),
    ],
)
def test_a_wrong_command_says_what_is_wrong_and_exits_with_2(arguments, message):
    result = run(*arguments)
    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr
