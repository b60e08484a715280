"""What holds for a batch under every loss: weights, reductions, order, shape, emptiness."""

import numpy as np
import pytest
import torch
from library.cases import (
    both_twins,
    coupled_loss,
    draw,
    every_loss,
    every_setting,
    free_setting,
    leading,
    numpy_loss,
    to_torch,
    torch_loss,
    torch_value_and_grads,
    weightable_loss,
    weightable_setting,
)

import lossfns.numpy as ln
import lossfns.torch as lt
from lossfns.conformance.measures import SAME, absence_error, emptiness_error, order_error


def same(actual, expected):
    # The same sum in another order, or divided by another sum of weights: a few roundings.
    np.testing.assert_allclose(actual, expected, rtol=1e-13, atol=1e-15)


def reducing(record):
    """The reductions to a single number."""
    return [how for how in record.reductions if how != "none"]


@every_setting
def test_an_empty_batch_gives_0_and_an_empty_gradient(record, setting):
    for how in reducing(record):
        assert emptiness_error(record, setting, how) in (0, None)


@weightable_setting
def test_weights_that_are_all_0_give_0_and_gradient_0(record, setting):
    arguments = draw(record) | setting | {"sample_weight": np.zeros(8)}
    for how in reducing(record):
        for value, grads in both_twins(record, arguments | {"reduction": how}):
            assert value == 0
            assert all(np.all(grad == 0) for grad in grads.values())


@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
@weightable_setting
def test_weight_0_is_as_if_the_item_were_not_there(record, setting, poison):
    for how in reducing(record):
        assert absence_error(record, setting, how, poison) <= SAME.error


@weightable_setting
def test_equal_weights_change_no_mean(record, setting):
    arguments = draw(record) | setting
    weights = {"sample_weight": np.full(8, 3.7)}
    plain, weighted = both_twins(record, arguments), both_twins(record, arguments | weights)
    for (value, grads), (expected, expected_grads) in zip(weighted, plain, strict=True):
        same(value, expected)
        for name, grad in grads.items():
            same(grad, expected_grads[name])


@weightable_setting
def test_a_weight_of_2_counts_as_the_item_twice(record, setting):
    arrays = draw(record, 6)
    weight = np.array([1.0, 2, 1, 1, 2, 1])
    repeated = leading(arrays, lambda array: np.repeat(array, weight.astype(int), axis=0))
    for how in reducing(record):
        options = setting | {"reduction": how}
        weighted = both_twins(record, arrays | options | {"sample_weight": weight})
        for (value, _), (expected, _) in zip(
            weighted, both_twins(record, repeated | options), strict=True
        ):
            same(value, expected)


@every_setting
def test_sum_adds_what_none_lists(record, setting):
    if "sum" not in record.reductions:
        return
    arguments = draw(record, weighted=True) | setting
    listed = both_twins(record, arguments | {"reduction": "none"})
    added = both_twins(record, arguments | {"reduction": "sum"})
    for (losses, slopes), (total, grads) in zip(listed, added, strict=True):
        assert losses.shape == (8,) or not record.takes_weights
        same(total, losses.sum())
        for name, grad in grads.items():
            same(grad, slopes[name])


@weightable_loss
def test_mean_is_the_weighted_sum_over_the_sum_of_the_weights(record):
    if "sum" not in record.reductions:
        return
    arguments = draw(record, weighted=True)
    total = arguments["sample_weight"].sum()
    means = both_twins(record, arguments)
    sums = both_twins(record, arguments | {"reduction": "sum"})
    for (mean, grads), (sum_, sum_grads) in zip(means, sums, strict=True):
        same(mean, sum_ / total)
        for name, grad in grads.items():
            same(grad, sum_grads[name] / total)


@coupled_loss
def test_a_batch_needs_items_and_says_how_many(record):
    for n in range(record.fewest):
        for loss, arrays in [
            (numpy_loss(record), draw(record, n)),
            (torch_loss(record), to_torch(draw(record, n))),
        ]:
            with pytest.raises(ValueError, match=f"{record.wrt[0]} must hold at least"):
                loss(**arrays)
    for value, grads in both_twins(record, draw(record, max(record.fewest, 1))):
        assert np.isfinite(value)
        assert all(np.isfinite(grad).all() for grad in grads.values())


@coupled_loss
def test_items_without_a_loss_of_their_own_have_no_weight(record):
    for loss in (numpy_loss(record), torch_loss(record)):
        with pytest.raises(TypeError, match="sample_weight"):
            loss(**draw(record), sample_weight=np.ones(8))


@coupled_loss
def test_a_coupled_loss_depends_on_the_rest_of_the_batch(record):
    """Or it would have a weight for each item."""
    arrays = draw(record)
    moved = {
        n: np.concatenate([a[:-1], a[-1:, ..., ::-1]]) if a.dtype.kind == "f" else a
        for n, a in arrays.items()
    }
    grad, other = (numpy_loss(record).grad(**a)[0] for a in (arrays, moved))
    assert not np.allclose(grad, other, rtol=1e-6, atol=0)


@every_setting
def test_the_order_of_the_items_does_not_matter(record, setting, rng):
    assert order_error(record, setting, rng.permutation(8)) <= SAME.error


@free_setting
def test_items_may_be_laid_out_in_a_grid(record, setting):
    """Weights then follow the grid, or its leading axis."""
    arrays = draw(record, 6)
    grid = leading(arrays, lambda array: array.reshape(2, 3, *array.shape[1:]))
    for grid_weight in (np.arange(6.0).reshape(2, 3), np.array([1.0, 3.0])):
        weight = np.broadcast_to(grid_weight.reshape(2, -1), (2, 3)).ravel()
        in_grid = both_twins(record, grid | setting | {"sample_weight": grid_weight})
        in_row = both_twins(record, arrays | setting | {"sample_weight": weight})
        for (value, grads), (expected, expected_grads) in zip(in_grid, in_row, strict=True):
            same(value, expected)
            for name, grad in grads.items():
                assert grad.shape == grid[name].shape
                same(grad.reshape(expected_grads[name].shape), expected_grads[name])


@free_setting
def test_a_single_item_needs_no_batch_axis(record, setting):
    batch = draw(record, 1)
    single = leading(batch, lambda array: np.asarray(array[0]))
    for (value, grads), (expected, expected_grads) in zip(
        both_twins(record, single | setting), both_twins(record, batch | setting), strict=True
    ):
        same(value, expected)
        for name, grad in grads.items():
            same(grad, expected_grads[name][0])


@every_loss
def test_strides_do_not_matter(record):
    arrays = draw(record)
    strided = leading(arrays, lambda array: np.repeat(array, 2, axis=0)[::2])
    flipped = leading(arrays, lambda array: array[::-1].copy()[::-1])
    expected = numpy_loss(record)(**arrays)
    for view in (strided, flipped):
        same(numpy_loss(record)(**view), expected)
    tensors = to_torch(arrays)
    items = {name: t for name, t in tensors.items() if isinstance(t, torch.Tensor)}
    spaced = tensors | {name: t.repeat_interleave(2, 0)[::2] for name, t in items.items()}
    assert not any(spaced[name].is_contiguous() for name in items)
    torch.testing.assert_close(torch_loss(record)(**spaced), torch_loss(record)(**tensors))


@every_setting
def test_inputs_are_not_changed(record, setting):
    arguments = draw(record, weighted=True) | setting
    frozen = {n: np.copy(v) if isinstance(v, np.ndarray) else v for n, v in arguments.items()}
    for value in frozen.values():
        if isinstance(value, np.ndarray):
            value.setflags(write=False)
    for name in record.wrt:
        numpy_loss(record).value_and_grad(**frozen, wrt=name)
    tensors = to_torch(arguments)
    before = {n: v.clone() for n, v in tensors.items() if isinstance(v, torch.Tensor)}
    torch_value_and_grads(record, tensors)
    for name, tensor in before.items():
        assert torch.equal(tensors[name], tensor)


@every_loss
def test_what_numpy_returns_is_not_a_view_of_an_input(record):
    if "none" not in record.reductions:
        return
    arrays = draw(record)
    losses, gradient = numpy_loss(record).value_and_grad(**arrays, reduction="none")
    for array in arrays.values():
        assert not np.shares_memory(losses, array)
        assert not np.shares_memory(gradient, array)


@every_loss
def test_a_reduced_numpy_loss_is_a_float_and_a_list_of_losses_an_array(record):
    for how in record.reductions:
        value = numpy_loss(record)(**draw(record), reduction=how)
        assert type(value) is (np.ndarray if how == "none" else float)


@every_loss
def test_numpy_takes_lists_and_float32_and_computes_in_float64(record):
    arrays = leading(draw(record), lambda a: a.astype(np.float32) if a.dtype.kind == "f" else a)
    lists = leading(arrays, np.ndarray.tolist)
    assert numpy_loss(record)(**arrays) == numpy_loss(record)(**lists)


def test_weight_of_a_grid_counts_every_loss_in_the_denominator():
    """Two rows of three, the second counting twice: (3·1 + 3·2·4) / (3·1 + 3·2)."""
    pred = np.array([[1.0, 1, 1], [2, 2, 2]])
    weight = np.array([1.0, 2.0])
    assert ln.mse(pred, np.zeros((2, 3)), sample_weight=weight) == 27 / 9
    tensors = to_torch({"pred": pred, "target": np.zeros((2, 3)), "sample_weight": weight})
    assert lt.mse(**tensors).item() == 27 / 9
