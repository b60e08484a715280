"""Records, functions, docstrings and the book say the same."""

import doctest
import importlib
import inspect
import pkgutil
import re

import numpy as np
import pytest
import torch
from library.cases import REQUIRED, every_loss, numpy_loss, settings, torch_loss

import lossfns
import lossfns.numpy as ln
import lossfns.torch as lt
from lossfns import catalog, functions
from lossfns.labels import place

# Losses of three arrays, each as much a part of the item as the others.
OF_THREE = {"contrastive", "cosine_embedding", "triplet", "ppo_clip", "grpo", "margin_ranking"}
# Arguments of PyTorch that mean the same in every loss that has them; `lossfns.torch` explains.
EVERYWHERE = {"validate", "group"}
TAIL = {"reduction", "sample_weight"}
SECTIONS = [
    "Args", "Returns", "Raises", "Gradient", "Pitfall", "Reference", "Chapter", "Example",
]  # fmt: skip


def test_every_public_loss_has_a_record_and_every_record_its_functions():
    assert not catalog.keys() & functions.keys()
    known = {**catalog, **functions}
    assert set(ln.__all__) == {name for name, r in known.items() if "numpy" in r.backends}
    modules = {"Criterion", "CriterionSum"}
    assert set(lt.__all__) - modules == {n for n, r in known.items() if "torch" in r.backends}
    for record in known.values():
        assert set(record.backends) == {"numpy", "torch"} or record.why_not


# Two families have two subjects, and in NumPy a file for each.
SECOND_FILES = {
    "margins": {"hinge", "squared_hinge", "multiclass_hinge"},
    "metric_labels": {
        *("sup_con", "nt_xent_with_labels", "multi_similarity", "circle"),
        *("arcface", "cosface", "sphereface"),
    },
}


def file_of(backend, entry):
    second = (file for file, names in SECOND_FILES.items() if entry.name in names)
    return next(second, entry.family) if backend == "numpy" else entry.family


@every_loss
def test_record_and_functions_agree(record):
    arrays = record.sample(np.random.default_rng(0), 3)
    assert set(record.wrt) <= arrays.keys()
    for function, module in [(numpy_loss(record), "numpy"), (torch_loss(record), "torch")]:
        assert function.__module__ == f"lossfns.{module}.{file_of(module, record)}"
        assert function.__name__ == record.name
        parameters = dict(inspect.signature(function).parameters)
        extra = EVERYWHERE & parameters.keys() if module == "torch" else set()
        assert module == "numpy" or "validate" in extra
        tail = TAIL if record.takes_weights else TAIL - {"sample_weight"}
        assert parameters.keys() == arrays.keys() | record.hyper.keys() | tail | extra
        for name, hyper in record.hyper.items():
            assert parameters[name].default == hyper.default, name
            assert parameters[name].kind is inspect.Parameter.KEYWORD_ONLY
        assert parameters["reduction"].default == "mean"
        if record.takes_weights:
            assert parameters["sample_weight"].default is None


@every_loss
def test_prediction_comes_first_then_the_target_then_keywords_only(record):
    arrays = list(record.sample(np.random.default_rng(0), 3))
    for function in (numpy_loss(record), torch_loss(record)):
        positional = [
            name
            for name, parameter in inspect.signature(function).parameters.items()
            if parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
        ]
        assert positional == arrays[: 3 if record.name in OF_THREE else 2]
        assert positional[0] == record.wrt[0]


@every_loss
def test_records_are_complete(record):
    for field in ("task", "formula", "units", "differentiable", "domain", "paper", "chapter"):
        assert getattr(record, field), field
    assert set(record.reductions) <= {"none", "mean", "sum"} and "mean" in record.reductions
    for name, hyper in record.hyper.items():
        assert hyper.domain and len(hyper.valid) >= 2, name
        assert hyper.default is REQUIRED or hyper.default in hyper.valid, name


@every_loss
def test_a_loss_is_convex_along_a_line_if_its_record_says_so(record, rng):
    """Between two predictions the loss is no larger than the mean of theirs."""
    name = record.wrt[0]
    if "none" not in record.reductions or name == "log_probs":
        return  # no losses to compare, or no valid row half-way between two
    one, other = record.sample(rng, 400), record.sample(rng, 400)

    def losses(pred, setting):
        return numpy_loss(record)(**one | {name: pred} | setting, reduction="none")

    def is_convex(setting):
        ends = (losses(one[name], setting) + losses(other[name], setting)) / 2
        return np.all(losses((one[name] + other[name]) / 2, setting) <= ends + 1e-12)

    assert all(is_convex(setting) for setting in settings(record)) == record.convex


@every_loss
def test_a_record_names_the_label_of_its_loss(record):
    assert record.chapter == f"loss-{record.name.replace('_', '-')}"
    assert place(record.chapter)


@every_loss
def test_docstrings_have_every_section_and_every_argument(record):
    for function in (numpy_loss(record), torch_loss(record)):
        text = inspect.getdoc(function)
        headings = re.findall(r"^([A-Z]\w+):$", text, flags=re.MULTILINE)
        assert [h for h in headings if h in SECTIONS] == SECTIONS
        assert re.match(r".+[.:]\n\n    \S", text), "one line, then the formula"
        arguments = text.partition("\nArgs:")[2].partition("\nReturns:")[0]
        for name in inspect.signature(function).parameters.keys() - EVERYWHERE:
            assert re.search(rf"^    (\w+, )*{name}(, \w+)*:", arguments, flags=re.MULTILINE), name
        assert record.chapter in text
        assert surname(record) in text.partition("\nReference:")[2].partition("\nChapter:")[0]
    assert "\nPyTorch:" in inspect.getdoc(torch_loss(record))


def surname(record):
    return re.match(r"(van den )?\w+", record.paper).group()


@pytest.mark.parametrize("function", functions.values(), ids=functions.keys())
def test_functions_that_are_no_losses_are_documented_too(function):
    modules = {"numpy": ln, "torch": lt}
    for backend in function.backends:
        public = getattr(modules[backend], function.name)
        assert public.__module__ == f"lossfns.{backend}.{file_of(backend, function)}"
        text = inspect.getdoc(public)
        headings = re.findall(r"^([A-Z]\w+):$", text, flags=re.MULTILINE)
        assert re.match(r".+[.:]\n\n", text), "one line first"
        expected = SECTIONS
        if inspect.isclass(public):
            expected = ["Args", "Raises", "Reference", "Chapter", "Example"]
        assert [h for h in headings if h in SECTIONS] == expected
        assert function.chapter in text
        assert surname(function) in text.partition("\nReference:")[2].partition("\nChapter:")[0]
        arguments = text.partition("\nArgs:")[2].partition("\n\n")[0]
        for name in inspect.signature(public).parameters.keys() - EVERYWHERE:
            assert re.search(rf"^    (\w+, )*{name}(, \w+)*:", arguments, flags=re.MULTILINE), name
    for field in ("task", "formula", "gradient", "paper", "chapter"):
        assert getattr(function, field), field


@every_loss
def test_equivalents_in_torch_exist(record):
    for name in re.findall(r"torch\.nn\.functional\.(\w+)", record.equivalents.get("torch", "")):
        assert hasattr(torch.nn.functional, name)


MODULES = [
    "lossfns",
    *(found.name for found in pkgutil.walk_packages(lossfns.__path__, "lossfns.")),
]


@pytest.mark.parametrize("name", ["lossfns", *MODULES])
def test_examples_in_docstrings_give_what_they_show(name):
    module = importlib.import_module(name)
    result = doctest.testmod(module)
    assert result.failed == 0
    assert result.attempted or "    >>> " not in inspect.getsource(module)
