"""The examples in the docstrings run."""

import doctest
import importlib
import pkgutil

import pytest

import lossfns.explore

MODULES = [module.name for module in pkgutil.iter_modules(lossfns.explore.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    failed, _ = doctest.testmod(importlib.import_module(f"lossfns.explore.{name}"))
    assert failed == 0


@pytest.mark.parametrize("name", lossfns.explore.__all__)
def test_public_things_have_an_example(name):
    finder = doctest.DocTestFinder(recurse=False)
    thing = getattr(lossfns.explore, name)
    assert any(test.examples for test in finder.find(thing, name)), f"{name} has no example"
