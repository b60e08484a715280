"""What people have lying about: the right number, or an error that names the argument."""

import subprocess
import sys
from tempfile import TemporaryFile

import numpy as np
import pytest
import torch
from library.cases import REQUIRED, every_loss, numpy_loss, to_torch, torch_loss

import lossfns.numpy as ln
import lossfns.torch as lt
from lossfns import functions


class Foreign:
    """An array of another library, such as a column of a data frame or an array of JAX."""

    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return np.array(self.array, dtype=dtype)

    def __len__(self):
        return len(self.array)


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def big_endian(array):
    return array.astype(array.dtype.newbyteorder(">"))


def backwards(array):
    """A view whose steps are negative."""
    return np.flip(np.flip(array).copy())


def memory_map(array):
    """In a file of its own, which goes when the array does."""
    if not array.size:
        return array
    mapped = np.memmap(TemporaryFile(), array.dtype, "w+", shape=array.shape)
    mapped[...] = array
    return mapped


CONTAINERS = {
    "list": lambda a: a.tolist(),
    "column of another library": Foreign,
    "read-only": read_only,
    "big-endian": big_endian,
    "view with negative steps": backwards,
    "in the order of Fortran": np.asfortranarray,
    "memory map": memory_map,
}
containers = pytest.mark.parametrize("container", CONTAINERS.values(), ids=CONTAINERS.keys())


def drawn(record):
    needed = {n: h.valid[0] for n, h in record.hyper.items() if h.default is REQUIRED}
    return record.sample(np.random.default_rng(5), 6), needed


@containers
@every_loss
def test_numpy_reads_every_container_right(record, container):
    arrays, settings = drawn(record)
    loss = numpy_loss(record)
    expected = loss(**arrays, **settings)
    held = {name: container(array) for name, array in arrays.items()}
    assert loss(**held, **settings) == pytest.approx(expected, rel=1e-12)


# What the functions of both twins that are no losses are called with.
CALLS = {
    "class_weights": {"counts": np.array([5.0, 3.0, 2.0])},
    "group_advantages": {"rewards": np.array([[1.0, 0.0, 2.0], [0.5, 0.25, 4.0]])},
    "mine_triplets": {"embeddings": np.eye(4), "target": np.array([0, 0, 1, 1])},
    "fit_temperature": {"logits": np.array([2.0, 3.0, 1.0]), "target": np.array([1.0, 0.0, 1.0])},
} | {
    name: {"probs": np.array([0.9, 0.8, 0.3]), "target": np.array([1, 0, 0])}
    for name in ("ece", "mce", "ace", "reliability_curve")
}
every_call = pytest.mark.parametrize("name", CALLS)


def test_every_function_of_both_twins_is_called_here():
    assert CALLS.keys() == {n for n, f in functions.items() if "numpy" in f.backends}


@containers
@every_call
def test_functions_that_are_no_losses_read_every_container_right(name, container):
    held = {key: container(array) for key, array in CALLS[name].items()}
    function = getattr(ln, name)
    result, expected = function(**held), function(**CALLS[name])
    assert type(result) is type(expected)
    several = isinstance(result, tuple)
    for part, right in zip(result, expected, strict=True) if several else [(result, expected)]:
        np.testing.assert_array_equal(part, right)


@containers
def test_gradients_read_every_container_right(container):
    pred, target = np.array([0.5, 3.0]), np.array([0.0, 1.0])
    gradient = ln.huber.grad(container(pred), container(target), sample_weight=container(pred))
    assert gradient == pytest.approx([0.5 * 0.5 / 3.5, 3 * 1 / 3.5])


@every_call
def test_functions_that_are_no_losses_refuse_masked_sparse_and_nested_input(name):
    for key, array in CALLS[name].items():
        with pytest.raises(TypeError, match=f"{key} is a masked array"):
            getattr(ln, name)(**CALLS[name] | {key: np.ma.masked_array(array)})
        tensors = to_torch(CALLS[name])
        with pytest.raises(TypeError, match=f"{key} must be a dense tensor, got a sparse one"):
            getattr(lt, name)(**tensors | {key: tensors[key].to_sparse()})


def test_masks_inside_a_list_are_refused_too():
    rows = [np.ma.masked_array([1.0, 9.0], mask=[False, True]), [1.0, 2.0]]
    with pytest.raises(TypeError, match="pred holds masked arrays.*np.ma.stack"):
        ln.mse(rows, [[1.0, 2.0], [1.0, 2.0]])


@every_loss
def test_a_masked_array_is_refused_by_name(record):
    """Its mask would be lost, and the outlier that it hides would count."""
    arrays, settings = drawn(record)
    for name in arrays:
        masked = arrays | {name: np.ma.masked_array(arrays[name])}
        with pytest.raises(TypeError, match=rf"{name} is a masked array.*sample_weight=~mask"):
            numpy_loss(record)(**masked, **settings)


def test_masked_weights_are_refused_too():
    with pytest.raises(TypeError, match=r"sample_weight is a masked array.*\.filled\(0\)"):
        ln.mse([1.0], [2.0], sample_weight=np.ma.masked_array([1.0], mask=[True]))


def test_a_tensor_with_a_gradient_is_refused_by_name():
    with pytest.raises(TypeError, match="pred cannot be read as an array: .*requires grad"):
        ln.mse(torch.zeros(2, requires_grad=True), [0.0, 0.0])


TENSORS = {
    "parameter": torch.nn.Parameter,
    "view": lambda t: torch.stack([t, t], dim=-1)[..., 0],
    "of inference mode": lambda t: torch.inference_mode()(torch.clone)(t),
    "that shares memory with NumPy": lambda t: torch.from_numpy(t.numpy().copy()),
    "every second of more": lambda t: t.repeat_interleave(2, 0)[::2] if t.dim() else t,
}


@pytest.mark.parametrize("held", TENSORS.values(), ids=TENSORS.keys())
@every_loss
def test_torch_reads_every_kind_of_tensor_right(record, held):
    arrays, settings = drawn(record)
    tensors = to_torch(arrays | settings)
    loss = torch_loss(record)
    expected = loss(**tensors)
    kept = {n: held(tensors[n]) for n in arrays if tensors[n].is_floating_point()}
    assert torch.equal(loss(**tensors | kept), expected)


@every_loss
def test_sparse_and_nested_tensors_are_refused_by_name(record):
    arrays, settings = drawn(record)
    tensors = to_torch(arrays | settings)
    first = next(iter(tensors))
    sparse = tensors | {first: tensors[first].to_sparse()} if tensors[first].dim() else None
    ragged = torch.nested.nested_tensor([torch.zeros(2), torch.zeros(3)], layout=torch.jagged)
    for wrong, kind in ((sparse, "sparse"), (tensors | {first: ragged}, "nested")):
        if wrong:
            with pytest.raises(TypeError, match=f"{first} must be a dense tensor, got a {kind}"):
                torch_loss(record)(**wrong)


@every_loss
def test_tensors_without_values_have_a_loss_without_value(record):
    """On the device `meta` shapes are all there is; models are laid out there."""
    arrays, settings = drawn(record)
    result = torch_loss(record)(**to_torch(arrays | settings, device="meta"))
    assert result.is_meta and result.shape == torch.Size([])
    checked = torch_loss(record)(**to_torch(arrays | settings, device="meta"), validate=True)
    assert checked.is_meta


READERS = ["ece", "mce", "ace", "reliability_curve", "fit_temperature", "mine_triplets"]


@pytest.mark.parametrize("name", READERS)
def test_what_must_read_values_refuses_tensors_without_any(name):
    first = next(iter(CALLS[name]))
    with pytest.raises(ValueError, match=f"{first} is on the device meta"):
        getattr(lt, name)(**to_torch(CALLS[name], device="meta"))


def test_check_finite_refuses_tensors_without_values():
    with pytest.raises(ValueError, match="logits is on the device meta"):
        lt.check_finite(logits=torch.zeros(2, device="meta"))


@every_loss
def test_whatever_asks_for_a_gradient_gets_a_finite_one(record):
    """Targets too, such as those that another network predicts, and nn.Parameter anywhere."""
    arrays, settings = drawn(record)
    tensors = to_torch(arrays | settings)
    asking = {n: torch.nn.Parameter(tensors[n]) for n in arrays if tensors[n].is_floating_point()}
    loss = torch_loss(record)(**tensors | asking)
    for grad in torch.autograd.grad(loss, list(asking.values()), allow_unused=True):
        assert grad is None or torch.isfinite(grad).all()


def test_a_target_that_asks_for_a_gradient_of_lovasz_gets_a_finite_one():
    probs = torch.tensor([[0.9, 0.6, 0.2]], requires_grad=True)
    for mask in ([[1.0, 0.0, 1.0]], [[0.0, 0.0, 0.0]], [[1.0, 1.0, 1.0]]):
        target = torch.tensor(mask, requires_grad=True)
        grads = torch.autograd.grad(lt.lovasz(probs, target), [probs, target])
        assert all(torch.isfinite(grad).all() for grad in grads)


@pytest.mark.parametrize(
    "module, missing, extra",
    [
        ("lossfns.torch", "torch", "torch"),
        ("lossfns.conformance", "torch", "torch"),
        ("lossfns.explore", "matplotlib", "explore"),
        ("lossfns.explore.atlas", "IPython", "explore"),
    ],
)
def test_a_missing_library_is_answered_with_the_extra_to_install(module, missing, extra):
    code = f"import sys; sys.modules[{missing!r}] = None; import {module}"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert f"{module} needs" in result.stderr.splitlines()[-1]
    assert f"pip install 'lossfns[{extra}]'" in result.stderr.splitlines()[-1]
