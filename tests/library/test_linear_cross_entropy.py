"""Cross-entropy from hidden states: chunks change nothing, and all outputs never exist at once."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import lossfns.numpy as ln
import lossfns.torch as lt

TEXTS, TOKENS, WIDTH, CLASSES = 2, 6, 5, 7
LEAVES = ("hidden", "linear_weight", "linear_bias")

PLAIN = {}
EVERYTHING = {
    "weight": np.array([0.5, 1.0, 2.0, 0.0, 1.0, 3.0, 0.1]),
    "label_smoothing": 0.2,
    "z_loss": 0.3,
}
each_setting = pytest.mark.parametrize("setting", [PLAIN, EVERYTHING], ids=["plain", "everything"])
each_reduction = pytest.mark.parametrize("reduction", ["none", "mean", "sum"])


@pytest.fixture
def case(rng):
    """Two texts, the second of them padded."""
    target = rng.integers(0, CLASSES, (TEXTS, TOKENS))
    target[1, 2:] = -100
    return {
        "hidden": rng.normal(size=(TEXTS, TOKENS, WIDTH)),
        "target": target,
        "linear_weight": rng.normal(size=(CLASSES, WIDTH)),
        "linear_bias": rng.normal(size=CLASSES),
    }


def tensors(arguments, dtype=torch.float64):
    return {
        name: (torch.tensor(value).to(dtype) if value.dtype.kind == "f" else torch.tensor(value))
        if isinstance(value, np.ndarray)
        else value
        for name, value in arguments.items()
    }


def value_and_grads(function, arguments, leaves=LEAVES):
    """The loss, and the gradient of its sum with respect to each leaf."""
    inputs = {n: v.clone().requires_grad_() if n in leaves else v for n, v in arguments.items()}
    value = function(**inputs)
    grads = torch.autograd.grad(value.sum(), [inputs[name] for name in leaves])
    return value.detach(), dict(zip(leaves, grads, strict=True))


def by_logits(hidden, target, linear_weight, linear_bias, num_items=None, z_loss=0.0, **settings):
    """What it is worth: `cross_entropy` of all the outputs, and the z-loss by its formula."""
    logits = F.linear(hidden, linear_weight, linear_bias)
    if not z_loss:
        return lt.cross_entropy(logits, target, **settings)
    weight, smoothing = settings.get("weight"), settings.get("label_smoothing", 0.0)
    reduction = settings.pop("reduction", "mean")
    weight = torch.ones(len(linear_weight), dtype=logits.dtype) if weight is None else weight
    counted = target != -100
    mass = counted * ((1 - smoothing) * weight[target.clamp(min=0)] + smoothing * weight.mean())
    losses = lt.cross_entropy(logits, target, reduction="none", **settings)
    losses = losses + z_loss * mass * logits.logsumexp(-1) ** 2
    return {"none": losses, "sum": losses.sum(), "mean": losses.sum() / mass.sum()}[reduction]


def assert_same(ours, expected, **tolerances):
    (value, grads), (expected_value, expected_grads) = ours, expected
    torch.testing.assert_close(value, expected_value, **tolerances)
    for name, grad in expected_grads.items():
        torch.testing.assert_close(
            grads[name], grad, msg=lambda text, n=name: f"{n}: {text}", **tolerances
        )


@each_setting
@each_reduction
@pytest.mark.parametrize("chunk_size", [None, 1, 2, 3, 8, 100])
def test_it_is_the_cross_entropy_of_the_outputs_for_any_chunk(case, setting, reduction, chunk_size):
    arguments = tensors(case | setting) | {"reduction": reduction}
    expected = value_and_grads(by_logits, arguments)
    arguments["chunk_size"] = chunk_size
    assert_same(value_and_grads(lt.linear_cross_entropy, arguments), expected)
    # NumPy's closed forms.
    arrays = case | setting | {"reduction": reduction, "chunk_size": chunk_size}
    np.testing.assert_allclose(ln.linear_cross_entropy(**arrays), expected[0], rtol=1e-12)
    for name, grad in expected[1].items():
        ours = ln.linear_cross_entropy.grad(**arrays, wrt=name)
        np.testing.assert_allclose(ours, grad, rtol=1e-10, atol=1e-13, err_msg=name)


@each_reduction
@pytest.mark.parametrize("weight", [None, np.linspace(0.5, 2.0, CLASSES)])
def test_it_is_torchs_cross_entropy_in_value_and_all_gradients(case, reduction, weight):
    case = case if weight is None else case | {"weight": weight}

    def peer(hidden, target, linear_weight, linear_bias, **settings):
        logits = F.linear(hidden, linear_weight, linear_bias).flatten(0, 1)
        losses = F.cross_entropy(logits, target.flatten(), **settings)
        return losses.reshape(target.shape) if losses.dim() else losses

    arguments = tensors(case) | {"reduction": reduction}
    expected = value_and_grads(peer, arguments)
    assert_same(value_and_grads(lt.linear_cross_entropy, arguments), expected)


@each_setting
@pytest.mark.parametrize("shape", [(), (4,), (2, 3), (2, 1, 3)])
def test_vectors_may_lie_on_any_axes(setting, shape, rng):
    case = {
        "hidden": rng.normal(size=(*shape, WIDTH)),
        "target": np.asarray(rng.integers(0, CLASSES, shape)),
        "linear_weight": rng.normal(size=(CLASSES, WIDTH)),
        "linear_bias": rng.normal(size=CLASSES),
    }
    for reduction in ("none", "mean", "sum"):
        arguments = tensors(case | setting) | {"reduction": reduction}
        expected = value_and_grads(by_logits, arguments)
        assert_same(value_and_grads(lt.linear_cross_entropy, arguments), expected)
        ours = ln.linear_cross_entropy(**case, **setting, reduction=reduction)
        np.testing.assert_allclose(ours, expected[0], rtol=1e-12)


@each_setting
@each_reduction
@pytest.mark.parametrize("poison", [math.nan, math.inf])
def test_an_ignored_vector_is_as_if_it_were_not_there(case, setting, reduction, poison):
    ignored = case["target"] == -100
    dirty = case | {"hidden": np.where(ignored[..., None], poison, case["hidden"])}
    kept = case | {"hidden": case["hidden"][~ignored], "target": case["target"][~ignored]}
    options = setting | {"reduction": reduction}
    value, grads = value_and_grads(lt.linear_cross_entropy, tensors(dirty | options))
    expected, expected_grads = value_and_grads(lt.linear_cross_entropy, tensors(kept | options))
    if reduction == "none":
        assert not value[torch.tensor(ignored)].any()
        value = value[torch.tensor(~ignored)]
    torch.testing.assert_close(value, expected)
    assert not grads["hidden"][torch.tensor(ignored)].any()
    grads["hidden"] = grads["hidden"][torch.tensor(~ignored)]
    assert_same((value, grads), (expected, expected_grads))
    for name in LEAVES:
        ours = ln.linear_cross_entropy.grad(**dirty, **options, wrt=name)
        ours = ours[~ignored] if name == "hidden" else ours
        np.testing.assert_allclose(ours, grads[name], rtol=1e-10, atol=1e-13)


def test_ignored_vectors_are_not_multiplied(case, monkeypatch):
    """8 of 12 count; in chunks of 3 that is three products with the layer, not four."""
    widths = []
    multiply = torch.mm

    def watched(a, b, **options):
        widths.append(b.shape[1])
        return multiply(a, b, **options)

    monkeypatch.setattr(torch, "mm", watched)
    with torch.no_grad():
        lt.linear_cross_entropy(**tensors(case), chunk_size=3)
    assert widths == [3, 3, 2]


@each_setting
@each_reduction
def test_a_batch_in_which_all_is_ignored_costs_0(case, setting, reduction):
    """PyTorch's own divides by nothing: nan."""
    case = case | {"target": np.full((TEXTS, TOKENS), -100)}
    arguments = tensors(case | setting) | {"reduction": reduction}
    value, grads = value_and_grads(lt.linear_cross_entropy, arguments)
    assert not value.any()
    for name, grad in grads.items():
        assert grad.shape == arguments[name].shape and not grad.any()
        ours = ln.linear_cross_entropy.grad(**case, **setting, reduction=reduction, wrt=name)
        assert ours.shape == grad.shape and not ours.any()
    if reduction == "mean" and not setting:
        logits = F.linear(*(arguments[n] for n in LEAVES))
        assert F.cross_entropy(logits.flatten(0, 1), arguments["target"].flatten()).isnan()


def test_another_ignore_index(case):
    padded = np.where(case["target"] == -100, 0, np.maximum(case["target"], 1))
    marked = case | {"target": np.where(padded == 0, -100, padded)}
    expected = ln.linear_cross_entropy(**marked)
    case = case | {"target": padded, "ignore_index": 0}
    assert ln.linear_cross_entropy(**case) == pytest.approx(expected, rel=1e-13)
    ours = lt.linear_cross_entropy(**tensors(case))
    assert ours.item() == pytest.approx(expected, rel=1e-13)


@each_setting
def test_num_items_makes_accumulation_the_whole_batch(case, setting):
    arguments = tensors(case | setting)
    whole = value_and_grads(lt.linear_cross_entropy, arguments | {"reduction": "sum"})
    for items in (37, torch.tensor(37.0, dtype=torch.float64)):
        steps = [
            value_and_grads(
                lt.linear_cross_entropy,
                arguments
                | {"hidden": arguments["hidden"][i], "target": arguments["target"][i]}
                | {"num_items": items},
            )
            for i in range(TEXTS)
        ]
        torch.testing.assert_close(sum(value for value, _ in steps), whole[0] / 37)
        for name in ("linear_weight", "linear_bias"):
            torch.testing.assert_close(sum(g[name] for _, g in steps), whole[1][name] / 37)
    ours = ln.linear_cross_entropy(**case, **setting, num_items=37)
    assert ours == pytest.approx(whole[0].item() / 37, rel=1e-13)


@pytest.mark.parametrize("factor", [0.25, 7.0])
def test_equal_class_weights_change_no_mean_z_loss_included(case, factor):
    expected = ln.linear_cross_entropy(**case, label_smoothing=0.1, z_loss=0.3)
    case = case | {"weight": np.full(CLASSES, factor), "label_smoothing": 0.1, "z_loss": 0.3}
    assert ln.linear_cross_entropy(**case) == pytest.approx(expected, rel=1e-13)
    ours = lt.linear_cross_entropy(**tensors(case))
    assert ours.item() == pytest.approx(expected, rel=1e-13)


def test_after_a_shift_it_is_causal_lm(case):
    logits = case["hidden"] @ case["linear_weight"].T + case["linear_bias"]
    expected = ln.causal_lm(logits, case["target"], z_loss=0.2)
    shifted = case | {"hidden": case["hidden"][:, :-1], "target": case["target"][:, 1:]}
    assert ln.linear_cross_entropy(**shifted, z_loss=0.2) == pytest.approx(expected, rel=1e-13)


def test_dpo_runs_on_it(case):
    """Log-probabilities of answers, whose first tokens, the question, do not count."""
    case = tensors(case | {"target": np.where(case["target"] < 0, 0, case["target"])})
    hidden = case["hidden"].requires_grad_()
    counted = case["target"].clone()
    counted[:, 0] = -100
    layer = {name: case[name] for name in ("linear_weight", "linear_bias")}
    chunks = -lt.linear_cross_entropy(hidden, counted, **layer, chunk_size=2, reduction="none")
    logits = torch.nn.functional.linear(hidden, *layer.values())
    known = logits.log_softmax(-1).gather(-1, case["target"][..., None])[..., 0]
    known = torch.where(counted == -100, 0, known)

    def found(log_probs):
        chosen, rejected = log_probs.sum(-1)[:2]
        value = lt.dpo(
            chosen,
            rejected,
            reference_chosen=chosen.detach() - 1,
            reference_rejected=rejected.detach() + 0.5,
        )
        return value, torch.autograd.grad(value, hidden, retain_graph=True)[0]

    torch.testing.assert_close(found(chunks), found(known))


# Derivatives.


@pytest.mark.parametrize("name", LEAVES)
@each_setting
@each_reduction
def test_closed_form_gradients_of_layer_and_hidden_are_the_slope(case, setting, reduction, name):
    arguments = case | setting | {"reduction": reduction}
    grad = ln.linear_cross_entropy.grad(**arguments, wrt=name)
    for index in np.ndindex(grad.shape):
        ends = []
        for step in (1e-6, -1e-6):
            moved = case[name].copy()
            moved[index] += step
            ends.append(np.sum(ln.linear_cross_entropy(**arguments | {name: moved})))
        # Central differences: step² of the third derivative, eps/step of a sum of some 10.
        assert grad[index] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-6, abs=1e-8)


@each_setting
@each_reduction
@pytest.mark.parametrize("trained", [LEAVES, ("hidden",), ("linear_weight",), ("linear_bias",)])
def test_autograd_passes_gradcheck_twice_whatever_is_trained(case, setting, reduction, trained):
    arguments = tensors(case | setting)
    arguments |= {"hidden": arguments["hidden"][0, :3], "target": arguments["target"][0, :3]}
    inputs = [arguments[name].clone().requires_grad_() for name in trained]

    def loss(*values):
        leaves = dict(zip(trained, values, strict=True))
        return lt.linear_cross_entropy(**arguments | leaves, reduction=reduction, chunk_size=2)

    assert torch.autograd.gradcheck(loss, inputs)
    assert torch.autograd.gradgradcheck(loss, inputs)


@each_reduction
def test_a_graph_that_is_kept_can_be_gone_through_again(case, reduction):
    """The gradients made on the way forward are scaled, not used up."""
    arguments = tensors(case)
    leaf = arguments["linear_weight"].requires_grad_()
    value = lt.linear_cross_entropy(**arguments, reduction=reduction).sum()
    (first,) = torch.autograd.grad(value, leaf, retain_graph=True)
    (again,) = torch.autograd.grad(-3 * value, leaf)
    torch.testing.assert_close(again, -3 * first)


@each_setting
def test_without_gradients_none_are_made(case, setting, monkeypatch):
    """Nor where only the layer is trained, those of the hidden states."""
    arguments = tensors(case | setting)
    calls = []
    multiply = torch.Tensor.addmm_
    monkeypatch.setattr(
        torch.Tensor, "addmm_", lambda *a, **k: calls.append(1) or multiply(*a, **k)
    )
    expected = lt.linear_cross_entropy(**arguments)
    assert not expected.requires_grad and not calls
    arguments["linear_weight"].requires_grad_()
    with torch.no_grad():
        assert not lt.linear_cross_entropy(**arguments).requires_grad and not calls
    value = lt.linear_cross_entropy(**arguments)
    value.backward()
    assert calls and value.item() == expected.item()


@each_setting
@each_reduction
def test_torch_func_sees_all_three_gradients(case, setting, reduction):
    arguments = tensors(case | setting)
    _, expected = value_and_grads(lt.linear_cross_entropy, arguments | {"reduction": reduction})

    def loss(leaves):
        return lt.linear_cross_entropy(**arguments | leaves, reduction=reduction).sum()

    leaves = {name: arguments[name] for name in LEAVES}
    torch.testing.assert_close(torch.func.grad(loss)(leaves), expected)
    ones = {name: torch.ones_like(leaf) for name, leaf in leaves.items()}
    _, slope = torch.func.jvp(loss, (leaves,), (ones,))
    torch.testing.assert_close(slope, sum(grad.sum() for grad in expected.values()))


@each_setting
def test_per_sample_gradients_of_the_layer(case, setting):
    case = case | {"target": np.abs(case["target"]) % CLASSES}
    arguments = tensors(case | setting)

    def loss(layer, hidden, target):
        given = {"hidden": hidden, "target": target, "linear_weight": layer}
        return lt.linear_cross_entropy(**arguments | given)

    each = torch.vmap(torch.func.grad(loss), (None, 0, 0))(
        arguments["linear_weight"], arguments["hidden"], arguments["target"]
    )
    for i in range(TEXTS):
        given = {"hidden": arguments["hidden"][i], "target": arguments["target"][i]}
        _, grads = value_and_grads(lt.linear_cross_entropy, arguments | given)
        torch.testing.assert_close(each[i], grads["linear_weight"])


@each_setting
@each_reduction
def test_compiled_it_trains_all_three(case, setting, reduction):
    arguments = tensors(case | setting) | {"reduction": reduction}
    expected = value_and_grads(lt.linear_cross_entropy, arguments)
    torch._dynamo.reset()
    compiled = torch.compile(lt.linear_cross_entropy, fullgraph=True, backend="aot_eager")
    assert_same(value_and_grads(compiled, arguments), expected)


def test_compiled_its_chunks_are_not_unrolled(case):
    """One operator, however many chunks."""
    graphs = []

    def count(graph, inputs):
        graphs.append(graph)
        return graph

    torch._dynamo.reset()
    arguments = tensors(case)
    compiled = torch.compile(lt.linear_cross_entropy, fullgraph=True, backend=count)
    expected = lt.linear_cross_entropy(**arguments)
    torch.testing.assert_close(compiled(**arguments, chunk_size=1), expected)
    called = [str(node.target) for node in graphs[0].graph.nodes if node.op == "call_function"]
    assert sum("linear_cross_entropy" in name for name in called) == 1
    assert not any("matmul" in name for name in called)


@each_setting
def test_torch_func_may_be_compiled(case, setting):
    arguments = tensors(case | setting)
    rest = {name: value for name, value in arguments.items() if name != "linear_weight"}

    def loss(layer):
        return lt.linear_cross_entropy(**rest, linear_weight=layer)

    torch._dynamo.reset()
    compiled = torch.compile(torch.func.grad(loss), fullgraph=True, backend="aot_eager")
    expected = torch.func.grad(loss)(arguments["linear_weight"])
    torch.testing.assert_close(compiled(arguments["linear_weight"]), expected)


@pytest.mark.parametrize("name", ["linear_cross_entropy_sum", "linear_cross_entropy_each"])
@each_setting
def test_torch_finds_nothing_wrong_with_the_operators(case, setting, name):
    arguments = tensors(case | setting)
    target = arguments["target"].flatten()
    inputs = [
        arguments["hidden"].flatten(0, 1).requires_grad_(),
        arguments["linear_weight"].requires_grad_(),
        arguments["linear_bias"].requires_grad_(),
        target.clamp(min=0),
        (target != -100).double(),
        arguments.get("weight"),
        *(setting.get("label_smoothing", 0.0), setting.get("z_loss", 0.0), 3),
    ]
    if name.endswith("sum"):
        inputs.append([True] * 3)
    operator = getattr(torch.ops.lossfns, name).default
    torch.library.opcheck(operator, tuple(inputs))


# Precision.


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@each_setting
def test_half_precision_is_computed_in_float32(dtype, setting, rng):
    case = {
        "hidden": rng.normal(size=(64, 32)),
        "target": rng.integers(0, 50, 64),
        "linear_weight": rng.normal(size=(50, 32)),
        "linear_bias": rng.normal(size=50),
    }
    if setting:
        setting = setting | {"weight": rng.uniform(0.5, 2.0, 50)}
    half = tensors(case | setting, dtype)
    exact = {
        n: v.double() if isinstance(v, torch.Tensor) and v.is_floating_point() else v
        for n, v in half.items()
    }
    value, grads = value_and_grads(lt.linear_cross_entropy, half | {"chunk_size": 7})
    expected, expected_grads = value_and_grads(by_logits, exact)
    assert value.dtype == torch.float32
    # float32's roundings; that of the gradients, to half precision, comes last.
    torch.testing.assert_close(value.double(), expected, rtol=1e-6, atol=0)
    for name, grad in grads.items():
        assert grad.dtype == dtype
        rounding = torch.finfo(dtype).eps
        torch.testing.assert_close(
            grad.double(), expected_grads[name], rtol=rounding, atol=1e-7, msg=name
        )
    # Logits in half precision, as autocast leaves them, are off by a hundred times as much.
    logits = F.linear(half["hidden"], half["linear_weight"], half["linear_bias"])
    settings = {n: v for n, v in half.items() if n in ("weight", "label_smoothing")}
    theirs = lt.cross_entropy(logits, half["target"], **settings).double()
    ours = lt.linear_cross_entropy(**half | {"z_loss": 0.0})
    right = by_logits(**exact | {"z_loss": 0.0})
    assert (theirs - right).abs() > 100 * (ours.double() - right).abs()


@pytest.mark.parametrize("size", [1e4, 1e30])
def test_huge_outputs_do_not_overflow(size):
    hidden, head = np.array([[1.0, 0.0]]), np.array([[size, 0.0], [0.0, 0.0]])
    for label, expected in [(0, 0.0), (1, size)]:
        case = {"hidden": hidden, "target": np.array([label]), "linear_weight": head}
        assert ln.linear_cross_entropy(**case) == expected
        for dtype in (torch.float32, torch.float64):
            value, grads = value_and_grads(
                lt.linear_cross_entropy, tensors(case, dtype), LEAVES[:2]
            )
            assert value.item() == pytest.approx(expected)
            assert all(grad.isfinite().all() for grad in grads.values())


def test_a_class_that_a_bias_rules_out_gets_no_gradient(case):
    case = case | {"target": np.full((TEXTS, TOKENS), 2)}
    case["linear_bias"] = np.where(np.arange(CLASSES) == 4, -np.inf, case["linear_bias"])
    value, grads = value_and_grads(lt.linear_cross_entropy, tensors(case))
    others = np.delete(np.arange(CLASSES), 4)
    without = {n: case[n][others] for n in ("linear_weight", "linear_bias")}
    expected, expected_grads = value_and_grads(lt.linear_cross_entropy, tensors(case | without))
    torch.testing.assert_close(value, expected)
    assert not grads["linear_weight"][4].any()
    torch.testing.assert_close(grads["linear_weight"][others], expected_grads["linear_weight"])
    np.testing.assert_allclose(ln.linear_cross_entropy(**case), expected, rtol=1e-12)


def test_the_outputs_of_a_chunk_are_the_largest_thing_in_memory():
    """4000 × 4000 outputs are 64 MB; a chunk of 50 has 0.8 MB, and layer and hidden 0.3 MB."""
    case = {
        "hidden": torch.randn(4000, 8, requires_grad=True),
        "target": torch.randint(4000, (4000,)),
        "linear_weight": torch.randn(4000, 8, requires_grad=True),
    }

    def most(function):
        with torch.profiler.profile(profile_memory=True) as profile:
            function().backward()
        held = peak = 0
        for event in profile.profiler.kineto_results.events():
            if event.name() == "[memory]":
                held += event.nbytes()
                peak = max(peak, held)
        return peak

    ours = most(lambda: lt.linear_cross_entropy(**case, chunk_size=50))
    theirs = most(lambda: F.cross_entropy(case["hidden"] @ case["linear_weight"].T, case["target"]))
    assert theirs > 128e6
    assert ours < theirs / 50


# Wrong input.


@pytest.mark.parametrize(
    "wrong, blamed",
    [
        ({"hidden": np.array(1.0)}, "hidden"),
        ({"target": np.zeros(TOKENS, int)}, "target"),
        ({"target": np.zeros((TOKENS, TEXTS), int)}, "target"),
        ({"linear_weight": np.zeros((WIDTH, CLASSES))}, "linear_weight"),
        ({"linear_weight": np.zeros((0, WIDTH)), "linear_bias": np.zeros(0)}, "linear_weight"),
        ({"linear_weight": np.zeros(WIDTH)}, "linear_weight"),
        ({"linear_weight": np.full((CLASSES, WIDTH), np.nan)}, "linear_weight"),
        ({"linear_bias": np.zeros((CLASSES, 1))}, "linear_bias"),
        ({"linear_bias": np.zeros(CLASSES - 1)}, "linear_bias"),
        ({"linear_bias": np.full(CLASSES, np.nan)}, "linear_bias"),
        ({"weight": np.ones(CLASSES + 1)}, "weight"),
        ({"weight": -np.ones(CLASSES)}, "weight"),
        ({"chunk_size": 0}, "chunk_size"),
        ({"num_items": 0}, "num_items"),
    ],
)
def test_wrong_input_is_named(case, wrong, blamed):
    with pytest.raises(ValueError, match=blamed):
        ln.linear_cross_entropy(**case | wrong)
    with pytest.raises(ValueError, match=blamed):
        lt.linear_cross_entropy(**tensors(case | wrong))


def test_a_layer_given_the_other_way_round_is_told_both_shapes(case):
    with pytest.raises(ValueError, match=r"\(classes, 5\) for hidden \(2, 6, 5\), got \(5, 7\)"):
        ln.linear_cross_entropy(**case | {"linear_weight": case["linear_weight"].T})
