"""Every misconception of the coursework about a loss of the catalog is flagged by the audit."""

import inspect

import numpy as np
import pytest
import torch as torch_module

import lossfns
from lossfns.auditing.candidates import EXERCISES, parameters_of
from lossfns.check.table import EXERCISES as TABLE

# Which exception a function raises is a contract of the exercise, not a property of a loss.
CONTRACT = {"an IndexError for a label that is too large"}

MISTAKES = [
    pytest.param(like, name, order, one, id=f"{name}: {one.name}")
    for like, exercises in EXERCISES.items()
    for name, order in exercises
    for one in TABLE[name].misconceptions
    if one.name not in CONTRACT
]


def as_loss(exercise, wrong, torch):
    """A wrong variant under the signature of its exercise, for the library that it is meant for."""
    parameters = [
        inspect.Parameter(
            name, inspect.Parameter.POSITIONAL_OR_KEYWORD,
            default=inspect.Parameter.empty if default is ... else default)
        for name, default in parameters_of(exercise.signature).items()
    ]  # fmt: skip

    if torch:

        def loss(*args, **options):
            return wrong(*(torch_module.as_tensor(a) for a in args), **options)
    else:

        def loss(*args, **options):
            return wrong(*(np.asarray(a) for a in args), **options)

    loss.__name__ = exercise.name
    loss.__signature__ = inspect.Signature(parameters)
    return loss


@pytest.mark.parametrize(("like", "name", "order", "mistake"), MISTAKES)
def test_the_audit_flags_it(like, name, order, mistake):
    exercise = TABLE[name]
    loss = as_loss(exercise, mistake.wrong, exercise.torch)
    hyper = {"q": 0.3} if like == "quantile" else {}
    hyper |= {"alpha": 0.3, "beta": 0.7} if like == "tversky" else {}
    if "weight" in parameters_of(exercise.signature):
        hyper["weight"] = [0.5, 1.0, 2.0, 4.0]
    report = lossfns.audit(loss, like=like, arguments=", ".join(order), compile=False, **hyper)
    assert not report.ok
    assert not [f for f in report if "could not be asked" in f.what]


REFUSING = [
    pytest.param(like, name, order, id=name)
    for like, exercises in EXERCISES.items()
    for name, order in exercises
    if not TABLE[name].torch and any(call.reason for call in TABLE[name].calls(0))
]


@pytest.mark.parametrize(("like", "name", "order"), REFUSING)
def test_the_audit_flags_who_accepts_bad_input(like, name, order):
    exercise = TABLE[name]

    def accepting(*args, **options):
        try:
            return exercise.right(*args, **options)
        except ValueError:
            return 0.125

    loss = as_loss(exercise, accepting, torch=False)
    hyper = {"q": 0.3} if like == "quantile" else {}
    hyper |= {"alpha": 0.3, "beta": 0.7} if like == "tversky" else {}
    if "weight" in parameters_of(exercise.signature):
        hyper["weight"] = [0.5, 1.0, 2.0, 4.0]
    report = lossfns.audit(loss, like=like, arguments=", ".join(order), compile=False, **hyper)
    assert not report.ok
