"""`lossfns.choose` and `python -m lossfns`."""

import codecs
import os
import re
import subprocess
import sys
from typing import get_args

import pytest

import lossfns
from lossfns.__main__ import (
    TWINS,
    _spell_out,
    advice as printed_advice,
    description,
    list_of_losses,
    main,
)
from lossfns.advice import QUESTIONS, TASKS
from lossfns.chooser import ADVICE, TRAITS, Task, Traits
from lossfns.labels import where

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


def test_every_suggestion_says_what_comes_before_it_and_when_not():
    for task, advice in ADVICE.items():
        for suggestion in advice:
            for text in (suggestion.output, suggestion.unless):
                assert 1 < len(text) <= 85 and text[-1] != ".", (task, suggestion)


def test_every_task_has_words_and_every_trait_answers_one_question():
    assert list(TASKS) == list(ADVICE)
    assert sorted(trait for traits in QUESTIONS.values() for trait in traits) == sorted(TRAITS)


def test_the_command_line_says_all_that_the_function_says(capsys):
    assert main(["choose", "binary", "imbalance"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    for s in lossfns.choose("binary", imbalance=True):
        assert f"{s.loss} {s.reason} output: {s.output} not if: {s.unless}" in out


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
        row = next(i for i, line in enumerate(lines) if line.startswith(f"  {entry.name} "))
        assert lines[row].split()[1:3] == ["✓" if t in entry.backends else "–" for t in TWINS]
        if set(entry.backends) != set(TWINS):
            below = " ".join(line.strip() for line in lines[row + 1 : row + 12])
            assert f"twin: {entry.why_not}" in below
    assert max(map(len, lines)) <= 88


def test_list_shows_one_family_if_asked(capsys):
    assert main(["list", "detection"]) == 0
    out = capsys.readouterr().out
    names = [entry.name for entry in ENTRIES.values() if entry.family == "detection"]
    assert re.findall(r"^  (\w+)", out, re.MULTILINE) == names


@pytest.mark.parametrize("name", ENTRIES)
def test_show_prints_title_formula_and_facts(name, capsys):
    assert main(["show", name]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{name}: ")
    assert f"explained in {where(ENTRIES[name].chapter)}" in " ".join(out.split())
    assert "\\" not in out.split("family")[0], "LaTeX in a terminal"


@pytest.mark.parametrize("trait", ["outliers", "--outliers"])
def test_choose_on_the_command_line(trait):
    result = run("choose", "regression", trait)
    assert result.returncode == 0
    assert result.stdout.startswith("1. huber")
    assert max(map(len, result.stdout.splitlines())) <= 88


def test_a_trait_of_two_words_may_be_written_as_an_option(capsys):
    assert main(["choose", "multiclass", "--noisy-labels"]) == 0
    assert capsys.readouterr().out.startswith("1. generalized_cross_entropy")


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
@pytest.mark.parametrize("command", [["list"], ["show", "huber"], ["choose", "regression"]])
def test_output_of_any_encoding(command, encoding):
    """As on Windows with `> file`."""
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    command = [sys.executable, "-m", "lossfns", *command]
    result = subprocess.run(command, capture_output=True, env=environment)
    assert result.returncode == 0, result.stderr
    out = result.stdout.decode(encoding)
    assert "?" not in out
    if encoding == "ascii" and "show" in command:
        assert "l = 1/2 e^2" in out and "beyond" in out and "delta (|e| - 1/2 delta)" in out


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437", "gbk"])
def test_no_sign_is_lost_in_any_encoding(encoding):
    """Of whatever can be printed: what has no place in the encoding is spelt out."""
    pages = [list_of_losses(), *map(description, ENTRIES)]
    pages += [printed_advice(task, []) for task in ADVICE]
    text = "\n".join(line for page in pages for line in page)
    codecs.register_error("spell-out", _spell_out)
    written = text.encode(encoding, errors="spell-out").decode(encoding)
    assert written.count("?") == text.count("?")


def test_a_hat_and_a_capital_letter_stay_what_they_are_in_ascii():
    codecs.register_error("spell-out", _spell_out)
    assert "ŷ - y, Φ(z) φ(z)".encode("ascii", errors="spell-out") == b"y^ - y, Phi(z) phi(z)"


def test_without_arguments_it_asks_for_a_command(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["pytest", "list"])
    with pytest.raises(SystemExit):
        main([])
    assert "required: command" in capsys.readouterr().err


def test_version():
    assert run("--version").stdout.strip() == f"lossfns {lossfns.__version__}"


@pytest.mark.parametrize(
    "asked, meant",
    [
        ("MSE", "mse"),
        ("Huber", "huber"),
        ("SmoothL1Loss", "smooth_l1"),
        ("sparse_categorical_crossentropy", "sparse_categorical_cross_entropy"),
        ("infoNCE", "info_nce"),
        ("DiceLoss", "dice"),
        ("torch.nn.functional.l1_loss", "mae"),
        ("mean squared error", "mse"),
    ],
)
def test_a_name_that_is_nearly_right_is_answered_with_the_right_one(asked, meant):
    with pytest.raises(KeyError, match=f"did you mean '{meant}'"):
        lossfns.catalog[asked]
    result = run("show", asked)
    assert (result.returncode, f"did you mean '{meant}'" in result.stderr) == (2, True)
    assert asked not in lossfns.catalog and lossfns.catalog.get(asked) is None


def test_what_is_in_the_other_table_is_answered_with_that_table():
    with pytest.raises(KeyError, match=r"see lossfns\.functions\['GradNorm'\]"):
        lossfns.catalog["GradNorm"]
    with pytest.raises(KeyError, match=r"see lossfns\.catalog\['mse'\]"):
        lossfns.functions["mse"]


def test_editors_know_the_tasks_and_traits_that_there_are():
    assert list(get_args(Task)) == list(ADVICE)
    assert list(Traits.__annotations__) == list(TRAITS)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["show", "hubber"], "did you mean 'huber'"),
        (["choose", "cooking"], "task must be one of regression"),
        (["choose", "regression", "--outlier"], "did you mean 'outliers'"),
        (["list", "rankin"], "did you mean 'ranking'"),
        (["frobnicate"], "invalid choice"),
    ],
)
def test_a_wrong_command_says_what_is_wrong_and_exits_with_2(arguments, message):
    result = run(*arguments)
    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr
