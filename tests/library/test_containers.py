"""What people have lying about: the right number, or an error that names the argument."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from library.cases import REQUIRED, every_loss, numpy_loss, to_torch, torch_loss

import lossfns.numpy as ln
import lossfns.torch as lt


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
    return np.asarray(array).view(np.memmap) if array.ndim else array


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


@every_loss
def test_a_masked_array_is_refused_by_name(record):
    """Its mask would be lost, and the outlier that it hides would count."""
    arrays, settings = drawn(record)
    for name in arrays:
        masked = arrays | {name: np.ma.masked_array(arrays[name])}
        with pytest.raises(TypeError, match=rf"{name} is a masked array.*sample_weight=~mask"):
            numpy_loss(record)(**masked, **settings)


def test_masked_weights_are_refused_too():
    with pytest.raises(TypeError, match="sample_weight is a masked array"):
        ln.mse([1.0], [2.0], sample_weight=np.ma.masked_array([1.0], mask=[True]))


def test_a_tensor_with_a_gradient_is_refused_by_name():
    with pytest.raises(TypeError, match="pred cannot be read as an array: .*requires grad"):
        ln.mse(torch.zeros(2, requires_grad=True), [0.0, 0.0])


TENSORS = {
    "parameter": torch.nn.Parameter,
    "view": lambda t: torch.stack([t, t], dim=-1)[..., 0],
    "of inference mode": lambda t: torch.inference_mode()(torch.clone)(t),
    "that shares read-only memory": lambda t: torch.from_numpy(t.numpy().copy()),
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


def test_a_target_that_asks_for_a_gradient_of_lovasz_gets_a_finite_one():
    probs = torch.tensor([[0.9, 0.6, 0.2]], requires_grad=True)
    for mask in ([[1.0, 0.0, 1.0]], [[0.0, 0.0, 0.0]], [[1.0, 1.0, 1.0]]):
        target = torch.tensor(mask, requires_grad=True)
        grads = torch.autograd.grad(lt.lovasz(probs, target), [probs, target])
        assert all(torch.isfinite(grad).all() for grad in grads)


@pytest.mark.parametrize(
    "module, missing, extra",
    [("lossfns.torch", "torch", "torch"), ("lossfns.explore", "matplotlib", "explore")],
)
def test_a_missing_library_is_answered_with_the_extra_to_install(module, missing, extra):
    code = f"import sys; sys.modules[{missing!r}] = None; import {module}"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert f"pip install 'lossfns[{extra}]'" in result.stderr.splitlines()[-1]
