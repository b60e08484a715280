"""`Criterion`: any loss as a module."""

import copy
import pickle

import pytest
import torch
from library.cases import draw, every_loss, to_torch, torch_loss

import lossfns.torch as lt

PRED, TARGET = torch.tensor([3.0, 0.5]), torch.zeros(2)


@every_loss
def test_calls_the_function(record):
    arguments = to_torch(draw(record, weighted=True))
    criterion = lt.Criterion(torch_loss(record), reduction=record.reductions[-1])
    expected = torch_loss(record)(**arguments, reduction=record.reductions[-1])
    assert torch.equal(criterion(**arguments), expected)


def test_settings_are_kept_and_a_call_may_override_them():
    criterion = lt.Criterion(lt.huber, delta=2.0, reduction="sum")
    assert criterion(PRED, TARGET) == lt.huber(PRED, TARGET, delta=2.0, reduction="sum")
    assert criterion(PRED, TARGET, delta=1.0) == lt.huber(PRED, TARGET, reduction="sum")
    assert criterion(PRED, TARGET) == lt.huber(PRED, TARGET, delta=2.0, reduction="sum")


def test_tensors_move_with_the_module_and_stay_out_of_its_state():
    weight = torch.tensor([1.0, 2.0, 5.0])
    criterion = lt.Criterion(lt.cross_entropy, weight=weight)
    logits, labels = torch.randn(4, 3), torch.tensor([0, 1, 2, 2])
    assert criterion(logits, labels) == lt.cross_entropy(logits, labels, weight=weight)
    assert criterion(logits, labels, weight=None) == lt.cross_entropy(logits, labels)
    assert dict(criterion.state_dict()) == {}
    assert not list(criterion.parameters())
    assert {buffer.device.type for buffer in criterion.to("meta").buffers()} == {"meta"}


def test_shows_its_settings():
    assert repr(lt.Criterion(lt.huber, delta=2.0)) == "Criterion(huber, delta=2.0)"
    criterion = lt.Criterion(lt.cross_entropy, label_smoothing=0.1, weight=torch.ones(3))
    assert repr(criterion) == "Criterion(cross_entropy, label_smoothing=0.1, weight=tensor(3,))"


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c))])
def test_can_be_copied_and_pickled(duplicate):
    original = lt.Criterion(lt.cross_entropy, weight=torch.tensor([1.0, 2.0]), label_smoothing=0.1)
    logits, labels = torch.randn(4, 2), torch.tensor([0, 1, 1, 0])
    assert duplicate(original)(logits, labels) == original(logits, labels)


def test_refuses_what_the_function_does_not_take():
    with pytest.raises(TypeError, match="huber takes no argument 'beta'"):
        lt.Criterion(lt.huber, beta=1.0)
    with pytest.raises(TypeError, match="function must be callable, got str"):
        lt.Criterion("huber")
    with pytest.raises(ValueError, match="delta"):
        lt.Criterion(lt.huber, delta=-1.0)(PRED, TARGET)


def test_holds_any_function_of_tensors():
    def scaled(pred, target, **options):
        return options["factor"] * (pred - target).abs().mean()

    assert lt.Criterion(scaled, factor=2.0)(PRED, TARGET) == 3.5


def test_trains_a_model():
    torch.manual_seed(0)
    x = torch.randn(64, 2)
    y = x @ torch.tensor([[2.0], [-1.0]]) + 0.5
    model, criterion = torch.nn.Linear(2, 1), lt.Criterion(lt.huber, delta=0.5)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3)
    for _ in range(300):
        optimizer.zero_grad()
        criterion(model(x), y).backward()
        optimizer.step()
    torch.testing.assert_close(model.weight, torch.tensor([[2.0, -1.0]]), rtol=0, atol=1e-3)
    torch.testing.assert_close(model.bias, torch.tensor([0.5]), rtol=0, atol=1e-3)


def test_compiles_inside_a_model():
    criterion = lt.Criterion(lt.huber, delta=2.0)
    torch._dynamo.reset()
    compiled = torch.compile(criterion, fullgraph=True, backend="eager")
    assert compiled(PRED, TARGET) == criterion(PRED, TARGET)
