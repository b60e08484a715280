"""`Criterion`: any loss as a module."""

import copy
import pickle

import pytest
import torch
import yaml
from library.cases import draw, every_loss, to_torch, torch_loss

import lossfns.torch as lt
from lossfns.catalog import catalog

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
    with pytest.raises(TypeError, match="takes no argument 'detla'; did you mean 'delta'"):
        lt.Criterion(lt.huber, detla=1.0)
    with pytest.raises(TypeError, match="function must be callable, got int"):
        lt.Criterion(3)
    with pytest.raises(ValueError, match="delta"):
        lt.Criterion(lt.huber, delta=-1.0)(PRED, TARGET)


@every_loss
def test_a_loss_is_found_by_its_name(record):
    if "torch" in record.backends:
        assert lt.Criterion(record.name).function is torch_loss(record)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("SmoothL1Loss", "smooth_l1"),
        ("focal_loss_with_logits", "focal_with_logits"),
        ("sparse_categorical_crossentropy", "sparse_categorical_cross_entropy"),
        ("focl", "focal"),
        ("triplets", "triplet"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(name, nearest):
    with pytest.raises(ValueError, match=f"there is no loss '{name}'; did you mean '{nearest}'"):
        lt.Criterion(name)
    with pytest.raises(ValueError, match=f"config\\['loss'\\]: .* did you mean '{nearest}'"):
        lt.Criterion.from_config({"loss": name})


def test_several_near_names_are_all_named():
    with pytest.raises(ValueError, match=r"did you mean 'bce_with_logits', 'dice_bce_with_logit"):
        lt.Criterion("bce_withlogit")
    with pytest.raises(ValueError, match=r"'ece' is not a loss of a prediction: see lossfns.func"):
        lt.Criterion("ece")
    with pytest.raises(TypeError, match="no argument 'clip'; did you mean 'clip_low' or 'clip_hig"):
        lt.Criterion("grpo", clip=0.2)
    with pytest.raises(TypeError, match="takes no argument 'x'; it takes .*delta, reduction"):
        lt.Criterion("huber", x=1)


YAML = """
sum:
  overlap: {loss: dice, coefficient: 0.25, axis: [-1]}
  pixels: {loss: bce, sample_weight: [1, 3]}
"""


def test_a_file_says_which_losses_are_added():
    pred, target = torch.tensor([0.2, 0.9], requires_grad=True), torch.tensor([0.0, 1.0])
    criterion = lt.Criterion.from_config(yaml.safe_load(YAML))
    total = criterion(pred, target)
    overlap = lt.dice(pred, target, axis=(-1,))
    pixels = lt.bce(pred, target, sample_weight=torch.tensor([1.0, 3.0]))
    torch.testing.assert_close(total, 0.25 * overlap + pixels)
    torch.testing.assert_close(criterion.values["overlap"], overlap)
    torch.testing.assert_close(criterion.values["pixels"], pixels)
    assert not criterion.values["pixels"].requires_grad
    (ours,) = torch.autograd.grad(total, pred)
    (theirs,) = torch.autograd.grad(0.25 * overlap + pixels, pred)
    torch.testing.assert_close(ours, theirs)
    assert {b.device.type for b in criterion.to("meta").buffers()} == {"meta"}
    assert "overlap: 0.25 ×, pixels: 1 ×" in repr(criterion)


def test_values_are_taken_as_yaml_gives_them():
    """YAML 1.1 reads 1e-3 as text."""
    config = yaml.safe_load("{loss: huber, delta: 1e-3, sample_weight: null, reduction: sum}")
    assert config["delta"] == "1e-3"
    assert lt.Criterion.from_config(config)(PRED, TARGET) == lt.huber(
        PRED, TARGET, delta=1e-3, reduction="sum"
    )
    weights = lt.Criterion.from_config(
        yaml.safe_load("{loss: cross_entropy, weight: [1e-1, 2, -0.5E+1]}")
    ).setting_weight
    assert torch.equal(weights, torch.tensor([0.1, 2.0, -5.0]))
    either = yaml.safe_load("{loss: bce_with_logits, pos_weight: 2e+0}")
    assert lt.Criterion.from_config(either)(PRED, TARGET + 1) == lt.bce_with_logits(
        PRED, TARGET + 1, pos_weight=2.0
    )
    total = lt.Criterion.from_config(yaml.safe_load("{sum: {a: {loss: mse, coefficient: 1e-2}}}"))
    assert total(PRED, TARGET) == 0.01 * lt.mse(PRED, TARGET)


def test_parts_may_look_at_different_outputs():
    criterion = lt.Criterion.from_config(
        {"sum": {"label": {"loss": "cross_entropy"}, "number": {"loss": "mse", "coefficient": 2}}}
    )
    logits, labels = torch.randn(4, 3), torch.tensor([0, 1, 2, 2])
    total = criterion({"number": (PRED, TARGET), "label": (logits, labels)})
    torch.testing.assert_close(total, lt.cross_entropy(logits, labels) + 2 * lt.mse(PRED, TARGET))
    with pytest.raises(ValueError, match=r"must name the parts \['label', 'number'\], got"):
        criterion({"number": (PRED, TARGET)})


def test_a_sum_compiles_and_is_copied():
    criterion = lt.Criterion.from_config({"sum": {"a": {"loss": "mae"}, "b": {"loss": "mse"}}})
    torch._dynamo.reset()
    compiled = torch.compile(criterion, fullgraph=True, backend="eager")
    assert compiled(PRED, TARGET) == criterion(PRED, TARGET)
    assert copy.deepcopy(criterion)(PRED, TARGET) == criterion(PRED, TARGET)


@pytest.mark.parametrize(
    ("config", "error", "message"),
    [
        ({"loss": "huber", "delta": -1}, ValueError, "config: delta must be > 0, got -1"),
        ({"loss": "huber", "delta": None}, TypeError, "config: delta must be a number"),
        ({"loss": "huber", "reduction": "avg"}, ValueError, "config: reduction must be one of"),
        ({"loss": "gan_generator", "kind": "hing"}, ValueError, "config: kind must be one of"),
        ({"loss": "cross_entropy", "weight": "1,2"}, TypeError, "must be a list of numbers"),
        ({"loss": "cross_entropy", "weight": 3}, TypeError, "must be a list of numbers, got 3"),
        (
            {"sum": {"a": {"loss": "huber", "delta": 0}}},
            ValueError,
            r"config\['sum'\]\['a'\]: delta must be > 0",
        ),
    ],
)
def test_a_bad_value_is_refused_before_the_first_call(config, error, message):
    with pytest.raises(error, match=message):
        lt.Criterion.from_config(config)


def test_a_bad_value_of_a_loss_by_name_is_refused_before_the_first_call():
    with pytest.raises(ValueError, match="huber: delta must be > 0"):
        lt.Criterion("huber", delta=-1.0)


@pytest.mark.parametrize("name", [n for n, r in catalog.items() if "torch" in r.backends])
def test_every_setting_of_the_catalog_can_be_configured(name):
    for setting, hyper in catalog[name].hyper.items():
        for value in hyper.valid:
            value = list(value) if isinstance(value, tuple) else value
            lt.Criterion.from_config({"loss": name, setting: value})


def test_what_fits_the_data_alone_is_not_judged():
    lt.Criterion.from_config({"loss": "cross_entropy", "weight": [1, 3], "axis": 3})
    lt.Criterion.from_config({"loss": "dice", "axis": [2, 3, 4]})


@pytest.mark.parametrize(
    ("config", "error", "message"),
    [
        ("huber", TypeError, "config must be a mapping with the key 'loss' or 'sum', got str"),
        ({"delta": 1.0}, ValueError, r"one of the keys 'loss' and 'sum', got \['delta'\]"),
        ({"loss": "mse", "sum": {}}, ValueError, "one of the keys"),
        ({"loss": ["mse"]}, TypeError, r"config\['loss'\] must be the name of a loss, got list"),
        ({"loss": "__import__('os')"}, ValueError, "there is no loss"),
        ({"loss": "huber", "detla": 1}, TypeError, "no argument 'detla'; did you mean 'delta'"),
        ({"loss": "huber", "delta": "1.0"}, TypeError, r"\['delta'\] must be a number, got '1.0'"),
        ({"loss": "huber", "delta": "2 * 3"}, TypeError, "must be a number, got '2 \\* 3'"),
        ({"loss": "mse", 1: 2}, TypeError, "mse takes no argument 1; it takes reduction"),
        ({"loss": "mse", "pred": 2}, TypeError, r"config\['pred'\] is an input of mse"),
        (
            {"loss": "cross_entropy", "ignore_index": "255"},
            TypeError,
            "must be a number, got '255'",
        ),
        ({"loss": "cross_entropy", "weight": [[1], 2]}, TypeError, r"\['weight'\] must be a list"),
        (
            {"loss": "cross_entropy", "weight": [1, "a"]},
            TypeError,
            r"'weight'\]\[1\] must be a number",
        ),
        ({"loss": "mse", "coefficient": 2}, TypeError, "mse takes no argument 'coefficient'"),
        ({"sum": {}}, ValueError, "parts: give at least one"),
        ({"sum": ["mse"]}, ValueError, "must be a mapping of parts"),
        ({"sum": {"a": "mse"}}, TypeError, r"config\['sum'\]\['a'\] must be a mapping"),
        ({"sum": {"a": {"loss": "mse", "coefficient": -1}}}, ValueError, "not negative, got -1"),
        (
            {"sum": {"a": {"loss": "mse", "coefficient": "2"}}},
            TypeError,
            "must be a number, got '2'",
        ),
        ({"sum": {"a": {"loss": "mse", "coefficient": None}}}, TypeError, "be a number, got None"),
        ({"sum": {"a": {"loss": "mse", "coeficient": 2}}}, TypeError, "did you mean 'coefficient'"),
        ({"sum": {"a.b": {"loss": "mse"}}}, ValueError, "no part can be called 'a.b'"),
        ({"sum": {"values": {"loss": "mse"}}}, ValueError, "no part can be called 'values'"),
        ({"sum": {"": {"loss": "mse"}}}, ValueError, "no part can be called ''"),
        ({"sum": {1: {"loss": "mse"}}}, ValueError, "no part can be called 1"),
    ],
)
def test_a_wrong_configuration_is_named(config, error, message):
    with pytest.raises(error, match=message):
        lt.Criterion.from_config(config)


def test_parts_that_cannot_be_added_are_named():
    criterion = lt.CriterionSum(
        {"a": lt.Criterion("mse", reduction="none"), "b": lt.Criterion("mae")}
    )
    with pytest.raises(ValueError, match="the parts must have one shape to be added, got"):
        criterion(PRED, TARGET)
    with pytest.raises(TypeError, match=r"parts\['a'\] must be an nn.Module, got function"):
        lt.CriterionSum({"a": lambda p, t: p})
    with pytest.raises(ValueError, match="no part is called 'pixel'; did you mean 'pixels'"):
        lt.CriterionSum({"pixels": torch.nn.MSELoss()}, {"pixel": 1.0})


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
