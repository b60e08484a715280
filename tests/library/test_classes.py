"""What holds for losses over classes: the class axis, ignored labels, shifts of the logits."""

import numpy as np
import pytest
import torch
from library.cases import draw, numpy_loss, settings, to_torch, torch_value_and_grads

import lossfns.numpy as ln
import lossfns.torch as lt
from lossfns import catalog


def having(hyper):
    # The axes of a mask, of which an item has two, have tests of their own.
    records = [r for r in catalog.values() if hyper in r.hyper and r.item_axes == 1]
    return pytest.mark.parametrize("record", records, ids=lambda r: r.name)


def both_twins(record, arguments):
    value, grads = torch_value_and_grads(record, to_torch(arguments))
    name = record.wrt[0]
    yield numpy_loss(record)(**arguments), numpy_loss(record).grad(**arguments)
    yield value.numpy(), grads[name].numpy()


@pytest.mark.parametrize("reduction", ["none", "mean"])
@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, -3])
@having("axis")
def test_the_class_axis_may_be_anywhere(record, axis, reduction):
    for setting in settings(record):
        grid = {
            name: value.reshape(2, 3, *value.shape[1:]) if isinstance(value, np.ndarray) else value
            for name, value in (draw(record, 6, weighted=True) | setting).items()
        }
        moved = {
            name: np.moveaxis(value, -1, axis) if np.ndim(value) == 3 else value
            for name, value in grid.items()
        }
        expected = both_twins(record, grid | {"reduction": reduction})
        actual = both_twins(record, moved | {"axis": axis, "reduction": reduction})
        for (value, grad), (expected_value, expected_grad) in zip(actual, expected, strict=True):
            np.testing.assert_allclose(value, expected_value, rtol=1e-14)
            np.testing.assert_allclose(np.moveaxis(grad, axis, -1), expected_grad, rtol=1e-14)


@pytest.mark.parametrize("ignore_index", [-100, -1, 2])
@having("ignore_index")
def test_an_ignored_label_is_as_if_the_item_were_not_there(record, ignore_index):
    for setting in settings(record):
        arguments = draw(record, weighted=True) | setting
        scores = record.wrt[0]
        arguments["target"][[2, 5]] = ignore_index
        ignored = arguments["target"] == ignore_index
        kept = {
            name: value[~ignored] if isinstance(value, np.ndarray) else value
            for name, value in arguments.items()
        }
        # Whatever the network said about them, and however much they weigh.
        arguments[scores][ignored] = np.nan
        arguments["sample_weight"][5] = 7.0
        for (value, grad), (expected, expected_grad) in zip(
            both_twins(record, arguments | {"ignore_index": ignore_index}),
            both_twins(record, kept),
            strict=True,
        ):
            np.testing.assert_allclose(value, expected, rtol=1e-13)
            np.testing.assert_allclose(grad[~ignored], expected_grad, rtol=1e-13)
            assert np.all(grad[ignored] == 0)


@having("ignore_index")
def test_a_batch_of_ignored_labels_gives_0_and_gradient_0(record):
    for setting in settings(record):
        arguments = draw(record) | setting
        arguments["target"][:] = -100
        for value, grad in both_twins(record, arguments):
            assert value == 0
            assert np.all(grad == 0)


# One-vs-all losses have a sigmoid per class, and no softmax.
OF_LOGITS = [
    r
    for r in catalog.values()
    if r.item_axes == 1
    and ("logits" in r.wrt[0] or r.name == "multiclass_hinge")
    and r.name != "class_balanced_focal"
]
softmax_losses = pytest.mark.parametrize("record", OF_LOGITS, ids=lambda r: r.name)


@softmax_losses
def test_adding_a_constant_to_the_logits_changes_nothing(record, rng):
    for setting in settings(record):
        arguments = draw(record) | setting
        shifted = arguments | {record.wrt[0]: arguments[record.wrt[0]] + rng.normal(size=(8, 1))}
        for (value, grad), (expected, expected_grad) in zip(
            both_twins(record, shifted), both_twins(record, arguments), strict=True
        ):
            np.testing.assert_allclose(value, expected, rtol=1e-12)
            np.testing.assert_allclose(grad, expected_grad, rtol=1e-12, atol=1e-15)


@softmax_losses
def test_the_gradient_sums_to_0_over_the_classes(record):
    for setting in settings(record):
        for _, grad in both_twins(record, draw(record) | setting):
            np.testing.assert_allclose(grad.sum(axis=-1), 0, atol=1e-15)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.int64])
@having("ignore_index")
def test_labels_may_have_any_integer_dtype(record, dtype):
    arguments = draw(record)
    expected = numpy_loss(record)(**arguments)
    typed = arguments | {"target": arguments["target"].astype(dtype)}
    for value, _ in both_twins(record, typed):
        np.testing.assert_allclose(value, expected, rtol=1e-14)


def test_probabilities_logits_and_log_probabilities_agree_on_cross_entropy(rng):
    logits, labels = rng.normal(size=(9, 5)), rng.integers(0, 5, 9)
    log_probs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    one_hot = np.eye(5)[labels]
    expected = ln.cross_entropy(logits, labels)
    assert ln.cross_entropy(logits, one_hot) == pytest.approx(expected, rel=1e-14)
    probs = np.exp(log_probs)
    assert ln.categorical_cross_entropy(probs, one_hot) == pytest.approx(expected, rel=1e-14)
    assert ln.sparse_categorical_cross_entropy(probs, labels) == pytest.approx(expected, rel=1e-14)
    # H(t, p) = H(t) + KL(t ‖ p), and a one-hot t has no entropy.
    assert ln.kl_div(log_probs, one_hot) == pytest.approx(expected, rel=1e-14)


def test_cross_entropy_is_entropy_plus_divergence(rng):
    logits = rng.normal(size=(9, 5))
    soft = rng.dirichlet(np.ones(5), 9)
    log_probs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    total = ln.entropy(soft) + ln.kl_div(log_probs, soft)
    assert ln.cross_entropy(logits, soft) == pytest.approx(total, rel=1e-13)


def test_binary_losses_agree_with_two_classes(rng):
    logits, labels = rng.normal(size=7), rng.integers(0, 2, 7)
    two = np.stack([np.zeros(7), logits], axis=1)
    binary = ln.bce_with_logits(logits, labels)
    assert ln.cross_entropy(two, labels) == pytest.approx(binary, rel=1e-13)
    probs = 1 / (1 + np.exp(-logits))
    assert ln.bce(probs, labels) == pytest.approx(binary, rel=1e-13)
    signs = 2 * labels - 1
    # Rivals s and 0: the margin between two classes is the signed score.
    assert ln.multiclass_hinge(two, labels) == pytest.approx(ln.hinge(logits, signs), rel=1e-13)


@pytest.mark.parametrize("size", [1e3, 1e4, 1e30])
def test_logits_of_any_size_give_finite_losses_and_gradients(size):
    z = torch.tensor([[size, -size, 0.0]], requires_grad=True)
    loss = lt.cross_entropy(z, torch.tensor([1]))
    loss.backward()
    assert loss.item() == pytest.approx(2 * size)
    assert z.grad.tolist() == [[1.0, -1.0, 0.0]]
    z = torch.tensor([size, -size], requires_grad=True)
    loss = lt.bce_with_logits(z, torch.tensor([0.0, 1.0]))
    loss.backward()
    assert loss.item() == pytest.approx(size)
    assert z.grad.tolist() == [0.5, -0.5]
