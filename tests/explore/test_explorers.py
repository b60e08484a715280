"""The explorers of the book: within their budget, and every number that of the library."""

import functools
import itertools
import json
import re

import numpy as np
import pytest
import torch

import lossfns.explore
import lossfns.numpy as ln
import lossfns.torch as lt
from lossfns.explore.explorers import (
    calibration,
    debugging,
    multitask,
    sequence,
    training,
    vision,
)

NAMES = [name for name in lossfns.explore.explorers.__all__]
STATES = 60


@functools.cache
def scene(name):
    return getattr(lossfns.explore, name)()


@functools.cache
def states(name):
    """Where the explorer stands at first, at both ends of everything, and at random places."""
    rng = np.random.default_rng(7)
    variables = scene(name).variables
    ends = [{n: getattr(v, end) for n, v in variables.items()} for end in ("low", "high")]

    def place(v):
        return v.low + v.step * rng.integers(round((v.high - v.low) / v.step) + 1)

    return [{}, *ends] + [{n: float(place(v)) for n, v in variables.items()} for _ in range(STATES)]


def mse_squares(at):
    x, y = np.array([1, 2.5, 4, 5.5, 7, 8.5]), np.array([at[f"y{i}"] for i in range(6)])
    pred = at["left"] + (at["right"] - at["left"]) / 10 * x
    return {"mse": ln.mse(pred, y), "side": ln.rmse(pred, y)}


def two_lines(at):
    x, y = np.arange(1.0, 7), np.array([at[f"y{i}"] for i in range(6)])
    slope, start = np.polyfit(x, y, 1)
    # The library judges the other line: none of the candidates has a smaller MAE.
    mae = ln.mae(at["lad_start"] + at["lad_slope"] * x, y)
    lines = [np.polyfit(x[[i, j]], y[[i, j]], 1) for i, j in itertools.combinations(range(6), 2)]
    least = min(ln.mae(np.polyval(line, x), y) for line in lines)
    rng = np.random.default_rng(3)
    for a, b in rng.normal([at["lad_slope"], at["lad_start"]], [0.3, 1], size=(30, 2)):
        assert ln.mae(b + a * x, y) >= mae - 1e-12
    assert mae == pytest.approx(least, abs=1e-12)
    return {"ls_slope": slope, "ls_start": start, "least": 6 * least}


def pulls(at):
    waits = np.array([at[f"y{i}"] for i in range(5)])
    one = np.full(5, at["c"])
    mse, mae = -ln.mse.grad(one, waits), -ln.mae.grad(one, waits)
    return {
        "mse": mse.sum(),
        "mae": mae.sum(),
        **{f"s{i}": mse[i] for i in range(5)},
        **{f"a{i}": mae[i] for i in range(5)},
    }


def courier_descent(at):
    km, minutes = lossfns.explore.lessons.courier()
    loss, pull = ln.mse.value_and_grad(at["a"] * km + at["b"], minutes)
    return {"loss": loss, "slope_a": np.sum(pull * km), "slope_b": np.sum(pull)}


def regression_losses(at):
    error, zero = np.array([at["e"]]), np.zeros(1)
    losses = [
        (ln.mse, {}),
        (ln.mae, {}),
        (ln.huber, {"delta": at["delta"]}),
        (ln.smooth_l1, {"beta": at["beta"]}),
        (ln.log_cosh, {}),
        (ln.quantile, {"q": at["q"]}),
    ]
    out = {}
    for i, (loss, options) in enumerate(losses):
        out[f"loss{i}"] = loss(error, zero, **options)
        if at["e"]:
            out[f"slope{i}"] = loss.grad(error, zero, **options)[0]
    return out


def bce_logit(at):
    z, y = np.array([at["z"]]), np.array([1.0 - at["no"]])
    return {
        "loss": ln.bce_with_logits(z, y),
        "slope": ln.bce_with_logits.grad(z, y)[0],
        "p": at["slope"] + y[0],
    }


def softmax_scores(at):
    z, cat = np.array([[at[f"z{i}"] + at["shift"] for i in range(3)]]), np.array([0])
    slope = ln.cross_entropy.grad(z, cat)[0]
    return {
        "loss": ln.cross_entropy(z, cat),
        "p0": np.exp(-ln.cross_entropy(z, cat)),
        **{f"g{i}": slope[i] for i in range(3)},
    }


def mse_vs_ce(at):
    z, y = np.array([at["z"]]), np.array([1.0 - at["no"]])
    logit = torch.tensor(z, requires_grad=True)
    squared = lt.mse(torch.sigmoid(logit), torch.tensor(y))
    squared.backward()
    return {
        "ce": ln.bce_with_logits(z, y),
        "ce_slope": ln.bce_with_logits.grad(z, y)[0],
        "se": squared.item(),
        "se_slope": logit.grad.item(),
    }


def landscape(at):
    w, b = (torch.tensor(at[n], dtype=torch.float64, requires_grad=True) for n in "wb")
    x, y = (torch.tensor(v, dtype=torch.float64) for v in (training._X, training._Y))
    logits = w * x + b
    ce, squares = lt.bce_with_logits(logits, y), lt.mse(torch.sigmoid(logits), y)
    (squares if at["se"] else ce).backward()
    return {
        "ce": ce.item(),
        "squares": squares.item(),
        "slope_w": w.grad.item(),
        "slope_b": b.grad.item(),
    }


def gradient_flow(at):
    weights = [
        torch.tensor(rows, dtype=torch.float64, requires_grad=True) for rows in training._WEIGHTS
    ]
    means = {}
    for name in ("ce", "se"):
        h = torch.tensor(training._INPUT, dtype=torch.float64)
        for w in weights[:-1]:
            u = at["scale"] * w @ h
            h = torch.sigmoid(u) if at["act"] else torch.tanh(u)
        z = at["scale"] * weights[-1] @ h
        # The bias of the output brings the logit where the reader dragged it.
        z = z + (at["z"] - z).detach()
        one = torch.ones(1, dtype=torch.float64)
        loss = lt.bce_with_logits(z, one) if name == "ce" else lt.mse(torch.sigmoid(z), one)
        # The weight of an edge is `scale` times the number of the table.
        means[name] = [
            g.abs().mean().item() / at["scale"] for g in torch.autograd.grad(loss, weights)
        ]
    out = {}
    for layer in range(4):
        for name in ("ce", "se"):
            out[f"abs({name}) * k{layer + 1}"] = means[name][layer]
    return out


def naive_against_stable(at):
    # Each step by itself, with one number: the explorer computes its tables in one go.
    dtype = getattr(torch, ["float16", "bfloat16", "float32", "float64"][int(at["dtype"])])
    one = torch.ones((), dtype=dtype)
    z = torch.tensor(10.0 ** at["k"], dtype=torch.float64).to(dtype).requires_grad_()
    if at["form"] == 2:
        probability = one / (one + torch.exp(z))
    else:
        p = torch.sigmoid(z)
        probability = one - (p.clamp(1e-7, 1 - 1e-7) if at["form"] else p)
    value = -torch.log(probability)
    value.backward()
    out = {"value_ok": float(value.isfinite()), "slope_ok": float(z.grad.isfinite())}
    # A table keeps four digits.
    if value.isfinite():
        out["value"] = float(f"{value.item():.4g}")
    if z.grad.isfinite():
        out["slope"] = float(f"{z.grad.item():.4g}")
    logit, zero = np.array([10.0 ** at["k"]]), np.zeros(1)
    return out | {
        "stable": ln.bce_with_logits(logit, zero),
        "stable_slope": ln.bce_with_logits.grad(logit, zero)[0],
    }


def class_weight_shares(at):
    counts = np.array([np.floor(10 ** at[f"c{i}"] + 0.5) for i in range(3)])
    scheme = ("inverse", "inverse_sqrt", "effective", None)[int(at["scheme"])]
    weight = (
        np.ones(3)
        if scheme is None
        else ln.class_weights(counts, kind=scheme, beta=1 - 10 ** -at["k"])
    )
    # An untrained model: each example costs ln 3, and its class has a share of the weighted mean.
    logits, target = np.zeros((3, 3)), np.arange(3)
    mean = ln.cross_entropy(logits, target, weight=weight, sample_weight=counts)
    single = ln.cross_entropy(logits, target, reduction="none")
    shares = counts * weight * single / mean / (counts * weight).sum()
    return {**{f"w{i}": weight[i] for i in range(3)}, **{f"share{i}": shares[i] for i in range(3)}}


def focal_modulation(at):
    kind, alpha = int(at["kind"]), None if at["kind"] < 0.5 else at["alpha"]
    y = np.array([0.0 if kind == 2 else 1.0])
    z = np.log(at["pt"] / (1 - at["pt"])) * (2 * y - 1)
    loss, slope = ln.focal_with_logits.value_and_grad(z, y, alpha=alpha, gamma=at["gamma"])
    plain, plain_slope = ln.bce_with_logits.value_and_grad(z, y)
    return {"loss": loss, "slope": abs(slope[0]), "ce": plain, "ce_slope": abs(plain_slope[0])}


def overlap_masks(at):
    true, pred = np.zeros((20, 20)), np.zeros((20, 20))
    true[6 : 6 + int(at["a"]), 6 : 6 + int(at["a"])] = 1
    left, low, side = (int(at[name]) for name in ("left", "low", "b"))
    pred[left : left + side, low : low + side] = 1
    options = {"smooth": at["s"]}
    prices = {"alpha": 1 - at["beta"], "beta": at["beta"]}
    return {
        "tp": (pred * true).sum(),
        "accuracy": (pred == true).mean(),
        "dice": ln.dice(pred, true, **options),
        "jaccard": ln.jaccard(pred, true, **options),
        "tversky": ln.tversky(pred, true, **options, **prices),
    }


def triplet_pull(at):
    rows = [np.array([[x, y]]) for x, y in ((0.0, 0.0), (at["px"], at["py"]), (at["nx"], at["ny"]))]
    options = {"margin": at["m"], "squared": bool(at["sq"])}
    positive, negative = (
        ln.triplet.grad(*rows, **options, wrt=w)[0] for w in ("positive", "negative")
    )
    # On the outer circle itself there is no one answer.
    pulls = {"gpx": positive[0], "gpy": positive[1], "gnx": negative[0], "gny": negative[1]}
    return {"loss": ln.triplet(*rows, **options)} | (pulls if abs(at["gap"]) > 1e-12 else {})


def info_nce_temperature(at):
    angles = np.radians([at[f"a{i}"] for i in range(4)])
    keys, query = np.column_stack([np.cos(angles), np.sin(angles)]), np.array([[1.0, 0.0]] * 4)

    def loss_of(i):
        return ln.info_nce(
            query, np.roll(keys, -i, axis=0), temperature=at["tau"], reduction="none"
        )[0]

    return {"loss": loss_of(0), **{f"p{i}": np.exp(-loss_of(i)) for i in range(4)}}


def reliability_bins(at):
    z, y = (
        np.concatenate(parts)
        for parts in zip(
            *((np.full(n, z), np.arange(n) < k) for z, n, k in calibration.GROUPS), strict=True
        )
    )
    z, y = z / at["temperature"], y.astype(float)
    p = 1 / (1 + np.exp(-z))
    out = {
        "nll": ln.bce_with_logits(z, y),
        "ace": ln.ace(p, y, bins=4),
        "ece": 0.0,
        "accuracy": np.mean((z > 0) == y),
    }
    # The library's bins are of equal width: each bin of the reader is judged as the only one.
    edges = [0, *sorted(at[f"e{i}"] for i in range(1, 4)), 1]
    for k in range(1, 5):
        inside = (edges[k - 1] < p) & (p <= edges[k])
        curve = ln.reliability_curve(p[inside], y[inside], bins=1)
        out[f"n{k}"] = curve.count[0]
        out[f"s{k}"], out[f"f{k}"] = np.nan_to_num([curve.confidence[0], curve.frequency[0]])
        out["ece"] += inside.mean() * ln.ece(p[inside], y[inside], bins=1)
    if edges == [0, 0.25, 0.5, 0.75, 1]:
        assert out["ece"] == pytest.approx(ln.ece(p, y, bins=4), abs=1e-12)
    return out


reliability_temperature = reliability_bins


def sliding_boxes(at):
    box, true = np.array([at[n] for n in ("x1", "y1", "x2", "y2")]), np.array(vision.TARGET)
    out = {}
    for kind in vision.KINDS:
        loss, (a, b, c, d) = getattr(ln, "box_iou" if kind == "iou" else kind).value_and_grad(
            box, true
        )
        moved = {"px": a + c, "py": b + d, "w": (c - a) / 2, "h": (d - b) / 2}
        out |= {
            kind: loss,
            f"pull_{kind}": np.hypot(a + c, b + d),
            **{f"{kind}_{name}": slope for name, slope in moved.items()},
        }
    return out


def ctc_alignments(at):
    logits = at["u"] * np.array([sequence.LOGITS])
    word = [1, 1 if at["repeat"] else 2]
    loss, slope = ln.ctc.value_and_grad(logits, [word])
    probs = np.exp(logits[0]) / np.exp(logits[0]).sum(axis=1, keepdims=True)
    path = [int(at[f"s{t}"]) for t in range(4)]
    letters = [s for s, _ in itertools.groupby(path) if s]
    own = np.prod(probs[np.arange(4), path])
    out = {
        "loss": loss,
        "total": np.exp(-loss),
        "path": own,
        "counts": float(letters == word),
        "share": own / np.exp(-loss) * (letters == word),
    }
    # The widths of the lines follow from these: the share of the alignments in A at a frame.
    for t in range(4):
        places = (1, 3) if at["repeat"] else (1,)
        ends = at if t < 3 else at | {"g31": 0, "g33": 1}
        through = sum(at.get(f"f{t}{k}", 0) * ends.get(f"g{t}{k}", 0) for k in places) / at["total"]
        assert through == pytest.approx((probs - slope[0])[t, 1], abs=1e-9)
    return out


def loss_curves(at):
    x, y = (torch.tensor(v, dtype=torch.float64) for v in (debugging.X, debugging.Y))
    a, b = (torch.tensor(at[n], dtype=torch.float64, requires_grad=True) for n in "ab")
    fault = debugging.FAULTS[int(at["fault"])]
    pred = a * x + b
    if fault == "slope not trained":
        pred = a.detach() * x + b + 0 * a
    elif fault == "(n, 1) against (n,)":
        pred, y = (v.expand(6, 6) for v in (pred[:, None], y))
    loss = lt.mse(pred, y, reduction="sum" if fault == "sum instead of mean" else "mean")
    (-loss if fault == "wrong sign" else loss).backward()
    return {"loss": loss.item(), "slope_a": a.grad.item(), "slope_b": b.grad.item()}


def multitask_balance(at):
    unit, lam = list(multitask.UNITS.values())[round(at["unit"])], 10 ** at["m"]
    place = at["m"] + 2 * np.log10(unit)
    measured = np.linspace(*multitask.ENDS, len(multitask.RIGHT))
    right, off, cross, squared = (
        np.interp(place, measured, values)
        for values in (multitask.RIGHT, multitask.OFF, multitask.CROSS, multitask.SQUARED)
    )
    return {
        "right": right,
        "off": off,
        "pull": lam * unit**2 * multitask.PULLS[1],
        "total": ln.weighted_sum([cross, squared * unit**2], weights=[1.0, lam]),
    }


@pytest.mark.parametrize("name", NAMES)
def test_every_number_is_that_of_the_library(name):
    for state in states(name):
        at = scene(name).at(**state)
        for quantity, expected in globals()[name](at).items():
            product = [
                abs(at[part]) if part in ("ce", "se") and name == "gradient_flow" else at[part]
                for part in re.findall(r"\w+\d?", quantity)
                if part != "abs"
            ]
            assert np.prod(product) == pytest.approx(expected, rel=1e-9, abs=1e-12), (
                name,
                quantity,
                state,
            )


@pytest.mark.parametrize("name", NAMES)
def test_the_page_computes_the_same_numbers(visit, name):
    page = visit(scene(name).html())
    there = json.loads(
        page.evaluate(
            """states => { const {explorer} = document.querySelector(".lossfns-scene");
           return JSON.stringify(states.map(explorer.at)); }""",
            states(name),
        )
    )
    for state, row in zip(states(name), there, strict=True):
        here = scene(name).at(**state)
        for quantity, value in row.items():
            assert value == pytest.approx(float(here[quantity]), rel=1e-9, abs=1e-12), (
                quantity,
                state,
            )


@pytest.mark.parametrize("name", NAMES)
def test_explorer_stays_within_its_budget(name):
    html = scene(name).html()
    assert len(html.encode()) <= 30_000
    assert html == getattr(lossfns.explore, name)().html()
    print(f"{name}: {len(html.encode()) / 1000:.1f} kB")


@pytest.mark.parametrize("name", NAMES)
def test_explorer_asks_before_it_answers(name):
    one = scene(name)
    assert one.question.rstrip().endswith("?") or one.question.count("?") == 1
    assert len(one.guesses) >= 2
    # The answer does not stand there before the reader has moved anything.
    start = one.at()
    assert not lossfns.explore.scene.Formula(one.seen, one.known).value(start)
    hints = one.html().count('class="hint"')
    assert 1 <= hints <= 2


@pytest.mark.parametrize("name", NAMES)
def test_explorer_works_in_the_page(visit, name):
    page = visit(scene(name).html(), width=390)
    svg = page.locator("svg")
    for slider in page.get_by_role("slider").all():
        before = svg.get_attribute("aria-label"), svg.inner_html()
        at_end = float(slider.get_attribute("aria-valuenow") or slider.input_value()) == float(
            slider.get_attribute("max") or slider.get_attribute("aria-valuemax")
        )
        slider.press("ArrowLeft" if at_end else "ArrowRight")
        assert svg.inner_html() != before[1]
    for choice in page.get_by_role("combobox").all():
        before = svg.inner_html()
        choice.select_option(index=1)
        assert svg.inner_html() != before
    # Each answer can be reached by what the explorer offers, and shows itself then.
    for guess in page.locator(".bets button").all():
        assert guess.bounding_box()["height"] >= 24
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("name", NAMES)
def test_handles_can_be_seen_in_the_first_picture(visit, name):
    page = visit(scene(name).html())
    box = page.locator("svg").bounding_box()
    for knob in page.locator(".knob").all():
        place = knob.bounding_box()
        assert place["width"] >= 16
        assert box["x"] <= place["x"] + 8 <= box["x"] + box["width"]
        assert box["y"] <= place["y"] + 8 <= box["y"] + box["height"]


def test_best_line_is_within_reach_and_has_the_least_mse():
    best = scene("mse_squares").at(left=1, right=9)["mse"]
    assert best == pytest.approx(0.5, abs=0.005)
    for left, right in ((0.9, 9), (1.1, 9), (1, 8.9), (1, 9.1)):
        assert scene("mse_squares").at(left=left, right=right)["mse"] > best


def test_pulls_balance_at_the_mean_and_at_the_median():
    one = scene("pulls")
    assert one.at(c=7)["mse"] == pytest.approx(0, abs=1e-12) and one.at(c=7)["mae"] < 0
    assert one.at(c=5)["mae"] == 0 and one.at(c=5)["mse"] > 0
    assert one.at(c=5, y4=19)["mae"] == 0 and one.at(c=7, y4=19)["mse"] > 0.1


@pytest.mark.parametrize(("rate", "comes_down"), [(0.11, True), (0.119, True), (0.121, False)])
def test_descent_diverges_exactly_above_two_over_the_curvature(rate, comes_down):
    one = scene("courier_descent")
    assert "Beyond 0.120," in one.answer
    at = start = one.at(rate=rate)
    assert start["loss"] == 42.5
    for _ in range(3000):
        at = one.at(a=at["a"] - rate * at["slope_a"], b=at["b"] - rate * at["slope_b"], rate=rate)
    assert (at["loss"] < start["loss"]) == comes_down
    if comes_down:
        np.testing.assert_allclose([at["a"], at["b"]], [2.2, 0.5], atol=1e-6)


def test_descent_reaches_the_valley_under_cross_entropy_alone():
    losses = []
    for se in (0, 1):
        one = scene("landscape")
        at = one.at(se=se)
        for _ in range(int(at["steps"])):
            at = one.at(
                w=at["w"] - at["rate"] * at["slope_w"],
                b=at["b"] - at["rate"] * at["slope_b"],
                se=se,
            )
        losses.append(at["loss"])
    assert losses[0] < 0.45
    assert losses[1] > 0.5


def test_edges_alone_hide_the_error_of_calibration_and_the_temperature_removes_it():
    one, rng = scene("reliability_bins"), np.random.default_rng(0)
    start, pooled = one.at(), one.at(e1=0, e2=0, e3=1)
    assert start["ece"] > 0.15 > 0.02 > pooled["ece"]
    assert (pooled["nll"], pooled["accuracy"]) == (start["nll"], start["accuracy"])
    for edges in rng.integers(0, 101, size=(300, 3)) / 100:
        there = one.at(temperature=2.5, **{f"e{i}": e for i, e in enumerate(edges, 1)})
        assert there["ece"] < 0.02
    assert min(one.at(temperature=t)["nll"] for t in np.arange(5, 61) / 10) == there["nll"]
