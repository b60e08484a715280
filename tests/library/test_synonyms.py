"""Names elsewhere are names: no arguments, no remarks, and those of torch exist."""

import re

import pytest
import torch

from lossfns import catalog, functions
from lossfns.synonyms import TORCH_CLASSES, names

ENTRIES = [*catalog.values(), *functions.values()]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_library_of_a_record_has_names_that_can_be_typed(entry):
    found = names(entry)
    assert len(found) == len(entry.equivalents)
    for called in found.values():
        assert called and all(re.fullmatch(r"[\w.]+( \w+)*", name) for name in called), called


def test_the_names_of_torch_are_there():
    for entry in ENTRIES:
        for name in names(entry).get("PyTorch", []):
            place = torch
            for part in name.split(".")[1:]:
                place = getattr(place, part)
            assert callable(place), name


def test_every_loss_function_of_torch_has_the_class_that_people_know():
    named = {name for entry in ENTRIES for name in names(entry).get("PyTorch", [])}
    for name in TORCH_CLASSES:
        assert f"torch.nn.functional.{name}" in named, name
