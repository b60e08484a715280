"""Wrong input to every loss: the documented error, naming the argument, and nothing changed."""

import copy
import inspect
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from library.cases import draw, every_loss, numpy_loss, to_torch, torch_loss
from library.facts import facts_of

import lossfns.numpy as ln
import lossfns.torch as lt
from lossfns.records.record import REQUIRED

NAN, INF = float("nan"), float("inf")


class Mistake(NamedTuple):
    what: str
    change: dict[str, Any]
    blamed: str
    error: type | tuple[type, ...]


def mistakes_in_values(record):
    """What is wrong with numbers and shapes is wrong in both twins."""
    arrays = record.sample(np.random.default_rng(1), 6)
    for name, value in arrays.items():
        if len(arrays) > 1 or record.item_axes:
            yield Mistake(f"{name}: extra axis", {name: value[..., None]}, name, ValueError)
        if len(arrays) > 1:
            yield Mistake(f"{name}: one item less", {name: value[:-1]}, name, ValueError)
        if value.dtype.kind == "f":
            yield Mistake(f"{name}: NaN", {name: with_first(value, NAN)}, name, ValueError)
        if value.ndim > 1:
            yield Mistake(f"{name}: no classes", {name: value[:, :0]}, name, ValueError)
    for name, wrong in facts_of(record).outside:
        change = {name: with_first(arrays[name], wrong)}
        yield Mistake(f"{name}: holds {wrong}", change, name, ValueError)

    pred, target = next(iter(arrays)), arrays.get("target")
    yield Mistake(f"{pred}: integers", {pred: arrays[pred].astype(int)}, pred, TypeError)
    yield Mistake(f"{pred}: booleans", {pred: arrays[pred] > 0}, pred, TypeError)
    for name, value in arrays.items():
        yield Mistake(f"{name}: complex", {name: value.astype(complex)}, name, TypeError)
    if target is not None and target.dtype.kind == "i":
        yield Mistake("target: float labels", {"target": target.astype(float)}, "target", TypeError)
        yield Mistake("target: booleans", {"target": target > 1}, "target", TypeError)
        rows = {"target": np.eye(4, dtype=int)[target]}
        yield Mistake("target: integer rows", rows, "target", ValueError)

    if not record.takes_weights:
        return
    weight = np.ones(6)
    for what, wrong, error in [
        ("negative", with_first(weight, -1.0), ValueError),
        ("NaN", with_first(weight, NAN), ValueError),
        ("infinite", with_first(weight, INF), ValueError),
        ("one item less", weight[:-1], ValueError),
        ("extra axis", weight[:, None], ValueError),
        ("a scalar", np.array(2.0), ValueError),
        ("complex", weight.astype(complex), TypeError),
    ]:
        yield Mistake(f"sample_weight: {what}", {"sample_weight": wrong}, "sample_weight", error)


def mistakes_in_settings(record):
    for wrong in ("average", "", "NONE", None, 3, True, ["mean"]):
        yield Mistake(f"reduction={wrong!r}", {"reduction": wrong}, "reduction", ValueError)
    for how in sorted({"none", "sum"} - set(record.reductions)):
        yield Mistake(f"reduction={how!r}", {"reduction": how}, "reduction", ValueError)
    for name, hyper in record.hyper.items():
        for wrong in (*hyper.wrong, *wrong_types(hyper)):
            yield Mistake(f"{name}={wrong!r}", {name: wrong}, name, (ValueError, TypeError))
    yield Mistake("unknown argument", {"wieght": 1.0}, "wieght", TypeError)


def wrong_types(hyper):
    """Values of another type than those that are valid."""
    yield from ("2", [], {}, 1j, ...)
    if not any(isinstance(value, bool) for value in hyper.valid):
        yield True
    else:
        yield from (1, 0.0)
    if None not in hyper.valid:
        yield None
    if hyper.default is REQUIRED or any(isinstance(value, tuple) for value in hyper.valid):
        yield from ((1.0, 1.0, 1.0, 1j), (1.0, 1.0, 1.0, NAN), ((1.0,) * 4,))


def mistakes_in_arrays(record):
    """Things that NumPy would turn into arrays that are not numbers."""
    for name, value in record.sample(np.random.default_rng(1), 6).items():
        shape = value.shape
        for what, wrong, error in [
            ("ragged lists", [[1.0], [1.0, 2.0]], ValueError),
            ("strings", np.full(shape, "1"), TypeError),
            ("bytes", np.full(shape, b"1"), TypeError),
            ("objects", np.full(shape, 1.0, dtype=object), TypeError),
            ("dates", np.full(shape, "2020-01-01", dtype="datetime64[D]"), TypeError),
            ("a dictionary", {"a": 1.0}, TypeError),
        ]:
            yield Mistake(f"{name}: {what}", {name: wrong}, name, error)
        if not optional(record, name):
            yield Mistake(f"{name}: None", {name: None}, name, TypeError)
    if record.takes_weights:
        weight = {"sample_weight": ["1"] * 6}
        yield Mistake("sample_weight: strings", weight, "sample_weight", TypeError)
    for wrong in ("target", "", 3, ["pred"]):
        if wrong not in record.wrt:
            yield Mistake(f"wrt={wrong!r}", {"wrt": wrong}, "wrt", ValueError)


def mistakes_in_tensors(record):
    """Things that are no tensors, or tensors that live elsewhere."""
    arrays = record.sample(np.random.default_rng(1), 6)
    weight = {"sample_weight": np.ones(6)} if record.takes_weights else {}
    for name, value in (arrays | weight).items():
        wrongs = [value.tolist(), 1.0, "1"] + ([] if optional(record, name) else [None])
        for wrong in wrongs:
            what = f"{name}: {type(wrong).__name__}"
            yield Mistake(what, {name: wrong}, name, TypeError)
        if name != record.wrt[0]:
            elsewhere = torch.tensor(value, device="meta")
            yield Mistake(f"{name}: elsewhere", {name: elsewhere}, name, ValueError)


def optional(record, name):
    """Whether None is what an argument is anyway."""
    return inspect.signature(numpy_loss(record)).parameters[name].default is None


def with_first(array, value):
    changed = array.copy()
    changed.flat[0] = value
    return changed


@every_loss
def test_numpy_names_the_wrong_argument(record):
    arrays, function = draw(record, 6), numpy_loss(record)
    faults = []
    for generate in (mistakes_in_values, mistakes_in_settings, mistakes_in_arrays):
        for mistake in generate(record):
            asked = function.grad if "wrt" in mistake.change else function
            faults += faults_of(asked, arrays | mistake.change, mistake)
    assert not faults, "\n".join([record.name, *faults])


@every_loss
def test_torch_names_the_wrong_argument(record):
    arrays, function = draw(record, 6), torch_loss(record)
    faults = []
    for generate in (mistakes_in_values, mistakes_in_settings, mistakes_in_tensors):
        for mistake in generate(record):
            change = {
                name: torch.tensor(value) if isinstance(value, np.ndarray) else value
                for name, value in mistake.change.items()
            }
            faults += faults_of(function, to_torch(arrays | change), mistake)
    assert not faults, "\n".join([record.name, *faults])


def faults_of(function, arguments, mistake):
    """What is wrong with the way in which a mistake is refused, in words."""
    before = copy.deepcopy({n: v for n, v in arguments.items() if not _on_meta(v)})
    try:
        function(**arguments)
    except mistake.error as caught:
        if mistake.blamed not in str(caught):
            yield f"{mistake.what}: the error does not name {mistake.blamed}: {caught}"
    except Exception as caught:
        yield f"{mistake.what}: raised {caught!r}"
    else:
        yield f"{mistake.what}: raised nothing"
    for name, value in before.items():
        if not same(value, arguments[name]):
            yield f"{mistake.what}: {name} was changed"


def _on_meta(value):
    return isinstance(value, torch.Tensor) and value.device.type == "meta"


def same(before, after):
    if isinstance(before, torch.Tensor):
        before, after = before.numpy(), after.numpy()
    if isinstance(before, np.ndarray):
        return np.array_equal(before, after, equal_nan=before.dtype.kind in "fc")
    return before == after or before != before


@every_loss
def test_every_loss_is_fed_at_least_15_wrong_inputs(record):
    both = [*mistakes_in_values(record), *mistakes_in_settings(record)]
    assert len({mistake.what for mistake in both}) >= 15
    assert facts_of(record)


@every_loss
def test_arguments_after_prediction_and_target_must_be_named(record):
    arrays = draw(record)
    positional = [
        name
        for name, parameter in inspect.signature(numpy_loss(record)).parameters.items()
        if parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    ]
    data = [arrays[name] for name in positional]
    for function, inputs in [
        (numpy_loss(record), data),
        (torch_loss(record), [torch.tensor(array) for array in data]),
    ]:
        with pytest.raises(TypeError, match="positional"):
            function(*inputs, 1.0)
        with pytest.raises(TypeError, match="missing"):
            function()


@every_loss
def test_shapes_are_checked_where_values_are_not(record):
    """On another device, here one without values, a wrong shape is still an error."""
    arguments = to_torch(draw(record), device="meta")
    tensors = list(record.sample(np.random.default_rng(0), 2))
    if len(tensors) > 1:
        with pytest.raises(ValueError, match=tensors[1]):
            torch_loss(record)(**arguments | {tensors[1]: arguments[tensors[1]][:-1]})
    if record.takes_weights:
        with pytest.raises(ValueError, match="sample_weight"):
            torch_loss(record)(**arguments, sample_weight=torch.ones(3, device="meta"))


@every_loss
def test_a_wrong_shape_is_shown_with_the_right_one(record):
    arrays = record.sample(np.random.default_rng(1), 6)
    if len(arrays) == 1 or record.name == "ctc":
        return  # nothing to compare with; a text is as long as it is
    name = list(arrays)[1]
    wrong = arrays[name][..., None]
    with pytest.raises(ValueError) as caught:
        numpy_loss(record)(**draw(record, 6) | {name: wrong})
    assert str(arrays[name].shape) in str(caught.value)
    assert str(wrong.shape) in str(caught.value)


@every_loss
def test_the_gradient_refuses_what_the_value_refuses(record):
    name = record.wrt[0]
    arrays = draw(record, 6)
    with pytest.raises(ValueError, match=name):
        numpy_loss(record).grad(**arrays | {name: with_first(arrays[name], NAN)})


def test_a_nan_is_located():
    pred = np.zeros((2, 3))
    pred[1, 2] = NAN
    for mse, convert in [(ln.mse, np.asarray), (lt.mse, torch.tensor)]:
        with pytest.raises(ValueError, match=r"pred holds NaN at index \(1, 2\)"):
            mse(convert(pred), convert(np.zeros((2, 3))))


def test_an_infinity_that_makes_the_loss_nan_is_named():
    for mse, convert in [(ln.mse, np.asarray), (lt.mse, torch.tensor)]:
        with pytest.raises(ValueError, match="pred holds an infinity"):
            mse(convert([INF]), convert([INF]))


OVERLAPS = ["dice", "jaccard", "tversky", "focal_tversky", "dice_bce", "lovasz"]


@pytest.mark.parametrize("name", OVERLAPS)
def test_a_flat_mask_is_told_which_axis_to_pass(name):
    flat = [0.5, 0.2]
    with pytest.raises(ValueError, match="for flat masks pass axis=-1"):
        getattr(ln, name)(flat, [1.0, 0.0])
    with pytest.raises(ValueError, match="for flat masks pass axis=-1"):
        getattr(lt, name)(torch.tensor(flat), torch.tensor([1.0, 0.0]))
    assert getattr(ln, name)(flat, [1.0, 0.0], axis=-1) > 0
