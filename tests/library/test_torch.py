"""The torch twin among torch's machinery: compile, functional transforms, autocast, devices."""

import shutil

import numpy as np
import pytest
import torch
from library.cases import (
    draw,
    every_loss,
    free_loss,
    some_settings,
    to_torch,
    torch_loss,
    torch_value_and_grads,
    weightable_loss,
)

from lossfns import catalog

# Inductor writes C++, which needs a compiler; what it is given has passed aot_eager anyway.
COMPILERS = [("huber", "inductor"), ("cross_entropy", "inductor")] if shutil.which("g++") else []
COMPILERS += [(name, "aot_eager") for name in catalog]


@pytest.mark.parametrize("name, backend", COMPILERS)
def test_compiles_without_a_graph_break(name, backend):
    record = catalog[name]
    arguments = to_torch(draw(record, weighted=True))
    expected, expected_grads = torch_value_and_grads(record, arguments)
    torch._dynamo.reset()
    compiled = torch.compile(torch_loss(record), fullgraph=True, backend=backend)
    leaves = [arguments[n].requires_grad_() for n in record.wrt]
    value = compiled(**arguments)
    grads = torch.autograd.grad(value, leaves)
    torch.testing.assert_close(value, expected)
    torch.testing.assert_close(grads, tuple(expected_grads.values()))


@some_settings
def test_functional_gradient_is_autograds(record, setting):
    arguments = to_torch(draw(record, weighted=True) | setting)
    _, expected = torch_value_and_grads(record, arguments)
    for name in record.wrt:

        def of_one(value, name=name):
            return torch_loss(record)(**{**arguments, name: value})

        torch.testing.assert_close(torch.func.grad(of_one)(arguments[name]), expected[name])


@some_settings
def test_vmap_is_a_loop_over_batches(record, setting):
    batches = [to_torch(record.sample(np.random.default_rng(seed), 5)) for seed in range(3)]
    needed = to_torch(draw(record, 0) | setting)
    settings = {name: value for name, value in needed.items() if name not in batches[0]}

    def batch_loss(arrays):
        return torch_loss(record)(**arrays, **settings)

    stacked = {name: torch.stack([batch[name] for batch in batches]) for name in batches[0]}
    expected = torch.stack([batch_loss(batch) for batch in batches])
    torch.testing.assert_close(torch.vmap(batch_loss)(stacked), expected)


@weightable_loss
def test_vmap_over_weights(record):
    arguments = to_torch(draw(record))
    weights = torch.tensor([[1.0] * 8, [0.0] * 8, [0.0, 1, 2, 3] * 2], dtype=torch.float64)

    def weighted(weight):
        return torch_loss(record)(**arguments, sample_weight=weight)

    expected = torch.stack([weighted(weight) for weight in weights])
    torch.testing.assert_close(torch.vmap(weighted)(weights), expected)


@free_loss
def test_per_sample_gradients(record):
    """grad inside vmap: the gradient of each item's own loss."""
    arguments = draw(record)
    items = to_torch(record.sample(np.random.default_rng(1), 8))
    settings = {n: v for n, v in to_torch(arguments).items() if n not in items}
    name = record.wrt[0]

    def of_one(value, rest):
        return torch_loss(record)(**{name: value}, **rest, **settings)

    rest = {n: v for n, v in items.items() if n != name}
    grads = torch.vmap(torch.func.grad(of_one))(items[name], rest)
    for i in range(8):
        expected = torch.func.grad(of_one)(items[name][i], {n: v[i] for n, v in rest.items()})
        torch.testing.assert_close(grads[i], expected)


@every_loss
def test_autocast_changes_nothing(record):
    arguments = to_torch(draw(record, weighted=True), torch.float32)
    expected, expected_grads = torch_value_and_grads(record, arguments)
    leaves = {name: arguments[name].requires_grad_() for name in record.wrt}
    with torch.autocast("cpu", torch.bfloat16):
        value = torch_loss(record)(**arguments)
    # Outside, as torch asks for: inside, its own matrix products would go backward in half.
    grads = dict(zip(leaves, torch.autograd.grad(value, list(leaves.values())), strict=True))
    assert value.dtype == torch.float32
    torch.testing.assert_close(value.detach(), expected)
    torch.testing.assert_close(grads, expected_grads)


@every_loss
def test_takes_what_a_linear_layer_gives_under_autocast(record):
    """Half-precision predictions against float32 targets."""
    arguments = to_torch(draw(record), torch.float32)
    name = record.wrt[0]
    half = arguments | {name: arguments[name].bfloat16()}
    rounded = arguments | {name: arguments[name].bfloat16().float()}
    with torch.autocast("cpu", torch.bfloat16):
        value = torch_loss(record)(**half)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, torch_loss(record)(**rounded))


@some_settings
def test_never_looks_at_values_off_the_cpu(record, setting):
    """A meta tensor has none: reading one, which on a GPU would wait for it, is an error."""
    arguments = to_torch(draw(record, weighted=True) | setting, device="meta")
    value, grads = torch_value_and_grads(record, arguments)
    assert value.device.type == "meta" and value.shape == ()
    assert {name: grad.shape for name, grad in grads.items()} == {
        name: arguments[name].shape for name in record.wrt
    }


@every_loss
def test_vmap_lets_nan_through_instead_of_failing_on_a_look(record):
    """Under vmap a tensor stands for many and has no one truth value."""
    arguments = to_torch(draw(record))
    name = record.wrt[0]
    poisoned = arguments[name].clone()
    poisoned[0] = torch.nan
    rest = {n: v for n, v in arguments.items() if n != name}
    values = torch.vmap(lambda p: torch_loss(record)(**{name: p}, **rest))(poisoned[None])
    assert values.isnan().all()


@every_loss
def test_gradient_scales_with_what_comes_from_above(record):
    arguments = to_torch(draw(record))
    leaf = arguments[record.wrt[0]].requires_grad_()
    (once,) = torch.autograd.grad(torch_loss(record)(**arguments), leaf)
    (thrice,) = torch.autograd.grad(3 * torch_loss(record)(**arguments), leaf)
    torch.testing.assert_close(thrice, 3 * once)


@pytest.mark.gpu
@some_settings
def test_no_call_waits_for_the_gpu(record, setting):
    arguments = to_torch(draw(record, weighted=True) | setting, device="cuda")
    torch.cuda.set_sync_debug_mode("error")
    try:
        torch_value_and_grads(record, arguments)
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.gpu
@every_loss
def test_validate_finds_a_nan_on_the_gpu(record):
    arguments = to_torch(draw(record), device="cuda")
    arguments[record.wrt[0]].view(-1)[0] = torch.nan
    with pytest.raises(ValueError, match=record.wrt[0]):
        torch_loss(record)(**arguments, validate=True)
