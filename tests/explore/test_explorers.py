"""The explorers of the book: within their budget, and every number right."""

import functools
import json
import re

import numpy as np
import pytest

import lossfns.explore
import lossfns.numpy as ln

NAMES = ["mse_squares", "regression_losses", "bce_logit", "softmax_scores", "mse_vs_ce"]


@functools.cache
def published(name):
    return getattr(lossfns.explore, name)().html()


def alt(name, **values):
    """The alternative text of a picture, with ordinary minus signs."""
    return getattr(lossfns.explore, name)().figure(**values).alt.replace("−", "-")


def numbers(text):
    return [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?", text)]


@pytest.mark.parametrize("name", NAMES)
def test_explorer_stays_within_its_budget(name):
    html = published(name)
    film = json.loads(re.search(r'<script type="application/json">(.*?)</script>', html)[1])
    assert len(film["frames"]) <= 120
    assert len(html.encode()) <= 1_200_000
    assert len(set(film["alts"])) == len(film["alts"])
    print(f"{name}: {len(film['frames'])} frames, {len(html.encode()) / 1000:.0f} kB")


@pytest.mark.browser
@pytest.mark.parametrize("name", NAMES)
def test_explorer_works_in_the_page(visit, name):
    page = visit(published(name), width=390)
    svg = page.locator("svg")
    for slider in page.get_by_role("slider").all():
        before = svg.get_attribute("aria-label"), svg.inner_html()
        at_end = slider.input_value() == slider.get_attribute("max")
        slider.press("ArrowLeft" if at_end else "ArrowRight")
        after = svg.get_attribute("aria-label"), svg.inner_html()
        assert before[0] != after[0]
        assert before[1] != after[1]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_best_line_is_within_reach_and_has_the_least_mse():
    shown = lossfns.explore.mse_squares()
    assert "MSE, is 0.50. No line has less than 0.50." in alt("mse_squares", slope=0.8, intercept=1)
    for name, step in (("slope", 0.1), ("intercept", 0.5)):
        for sign in (-1, 1):
            best = {"slope": 0.8, "intercept": 1.0}
            best[name] = round(best[name] + sign * step, 6)
            assert best[name] in shown.controls[name].values
            mse = float(re.search(r"the MSE, is ([\d.]+)\.", alt("mse_squares", **best))[1])
            assert mse > 0.5


def test_regression_losses_says_what_the_library_computes():
    text = alt("regression_losses", delta=1.5, beta=0.5, q=0.9)
    e, zero, one = np.array([3.0]), np.zeros(1), {"reduction": "none"}
    for name, value in {
        "MSE": ln.mse(e, zero), "MAE": ln.mae(e, zero), "Huber": ln.huber(e, zero, delta=1.5),
        "smooth L1": ln.smooth_l1(e, zero, beta=0.5), "log-cosh": ln.log_cosh(e, zero),
        "quantile": ln.quantile(e, zero, q=0.9),
    }.items():
        assert f"{name} {value:.2f}" in text.split("gradients")[0]
    assert f"Huber {ln.huber.grad(e, zero, delta=1.5, **one)[0]:.2f}" in text.split("gradients")[1]


def test_descent_follows_the_gradient():
    z = -4.5
    for step in range(3):
        shown = numbers(alt("bce_logit", logit=-4.5, step=step))
        p = 1 / (1 + np.exp(-z))
        assert shown[1:] == pytest.approx([step, -4.5, z, p, -np.log(p), p - 1], abs=6e-3)
        z -= p - 1


def test_sharing_among_wrong_classes_and_a_shift_leave_the_loss_alone():
    def loss(**values):
        return re.search(r"the loss is ([\d.]+)\. ", alt("softmax_scores", **values))[1]

    assert len({loss(score=1, share=s) for s in (0.1, 0.5, 0.9)}) == 1
    assert len({loss(score=1, shift=s) for s in (-2, 0, 2)}) == 1
    assert float(loss(score=1)) == pytest.approx(-np.log(np.e / (np.e + 2)), abs=0.005)
    assert loss(score=2) != loss(score=1)


@pytest.mark.parametrize("target", [1.0, 0.0])
def test_gradient_of_mse_vanishes_where_the_sigmoid_is_flat(target):
    z = -5.0 if target else 5.0
    p = 1 / (1 + np.exp(-z))
    text = alt("mse_vs_ce", logit=z, target=target)
    ce, mse, ratio = numbers(text.split("the gradient")[1])
    assert ce == pytest.approx(p - target, rel=0.01)
    assert mse == pytest.approx(2 * (p - target) * p * (1 - p), rel=0.01)
    assert ratio == pytest.approx(1 / (2 * p * (1 - p)), rel=0.01)
