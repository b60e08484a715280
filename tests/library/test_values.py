"""Each loss against published numbers, and against its textbook formula in 80-digit arithmetic."""

import numpy as np
import pytest
import torch
from library import textbook
from library.cases import (
    every_loss,
    every_setting,
    numpy_loss,
    to_torch,
    torch_loss,
    torch_value_and_grads,
)

from lossfns import catalog

INF = float("inf")
LN2, LN3, LN5 = 0.6931471805599453, 1.0986122886681098, 1.6094379124341003

# (arguments, expected, source). A loss without a row here fails.
KNOWN = {
    "mse": [
        # scikit-learn's documentation of mean_squared_error.
        ({"pred": [2.5, 0.0, 2.0, 8.0], "target": [3.0, -0.5, 2.0, 7.0]}, 0.375),
    ],
    "rmse": [
        # scikit-learn's documentation of root_mean_squared_error.
        ({"pred": [2.5, 0.0, 2.0, 8.0], "target": [3.0, -0.5, 2.0, 7.0]}, 0.6123724356957945),
        # By hand: the 3-4-5 triangle over two items.
        ({"pred": [3.0, 0.0], "target": [0.0, 4.0]}, 5 / 2**0.5),
    ],
    "mae": [
        # scikit-learn's documentation of mean_absolute_error.
        ({"pred": [2.5, 0.0, 2.0, 8.0], "target": [3.0, -0.5, 2.0, 7.0]}, 0.5),
    ],
    "huber": [
        # Huber (1964), the two branches by hand: 0.5²/2, 1·(3 - 1/2), 2·(3 - 1).
        ({"pred": [0.5], "target": [0.0]}, 0.125),
        ({"pred": [0.0], "target": [3.0]}, 2.5),
        ({"pred": [3.0], "target": [0.0], "delta": 2.0}, 4.0),
    ],
    "smooth_l1": [
        # Girshick (2015), equation 3, by hand; with β = 2: 0.5²/2/2 and 3 - 2/2.
        ({"pred": [0.5], "target": [0.0]}, 0.125),
        ({"pred": [0.0], "target": [3.0]}, 2.5),
        ({"pred": [0.5], "target": [0.0], "beta": 2.0}, 0.0625),
        ({"pred": [3.0], "target": [0.0], "beta": 2.0}, 2.0),
    ],
    "log_cosh": [
        # cosh 1 = 1.54308063481524377… (OEIS A073743); its logarithm.
        ({"pred": [1.0], "target": [0.0]}, 0.4337808304830271),
        # Far out it is |e| - ln 2.
        ({"pred": [0.0], "target": [1000.0]}, 999.3068528194400547),
    ],
    "quantile": [
        # scikit-learn's documentation of mean_pinball_loss.
        ({"pred": [0.0, 2.0, 3.0], "target": [1.0, 2.0, 3.0], "q": 0.1}, 1 / 30),
        ({"pred": [1.0, 2.0, 4.0], "target": [1.0, 2.0, 3.0], "q": 0.1}, 0.3),
        ({"pred": [0.0, 2.0, 3.0], "target": [1.0, 2.0, 3.0], "q": 0.9}, 0.3),
        ({"pred": [1.0, 2.0, 4.0], "target": [1.0, 2.0, 3.0], "q": 0.9}, 1 / 30),
        # Two heads, by hand: 2 above under q = 0.9 costs 0.2, 2 below under q = 0.1 costs 0.2.
        ({"pred": [[8.0, 12.0]], "target": [10.0], "q": (0.1, 0.9)}, 0.2),
    ],
    "mape": [
        # scikit-learn's documentation of mean_absolute_percentage_error.
        ({"pred": [2.5, 0.0, 2.0, 8.0], "target": [3.0, -0.5, 2.0, 7.0]}, 0.3273809523809524),
    ],
    "msle": [
        # scikit-learn's documentation of mean_squared_log_error (0.039…); digits by hand:
        # (ln²(3.5/4) + ln²(5/3.5) + ln²(9/8)) / 4.
        ({"pred": [2.5, 5.0, 4.0, 8.0], "target": [3.0, 5.0, 2.5, 7.0]}, 0.03973012298459379),
    ],
    "poisson_nll": [
        # Rate 1: P(3) = e⁻¹/3!, so -ln P(3) = 1 + ln 6; without the constant, 1.
        ({"log_rate": [0.0], "target": [3.0]}, 1.0),
        ({"log_rate": [0.0], "target": [3.0], "full": True}, 2.791759469228055),
        # P(0) = P(1) = e⁻¹.
        ({"log_rate": [0.0, 0.0], "target": [0.0, 1.0], "full": True}, 1.0),
    ],
    "gaussian_nll": [
        # The standard normal density at 0 is 0.39894228… = 1/√(2π).
        ({"pred": [0.0], "target": [0.0], "var": [1.0], "full": True}, 0.9189385332046727),
        # By hand: ½ (ln 1 + 2²/1) and ½ (ln 4 + 2²/4).
        ({"pred": [1.0], "target": [3.0], "var": [1.0]}, 2.0),
        ({"pred": [1.0], "target": [3.0], "var": [4.0]}, 1.1931471805599454),
    ],
    "pseudo_huber": [
        # At |e| = δ: δ² (√2 - 1).
        ({"pred": [1.0], "target": [0.0]}, 2**0.5 - 1),
        ({"pred": [0.0], "target": [2.0], "delta": 2.0}, 4 * (2**0.5 - 1)),
    ],
    "general_robust": [
        # Barron (2019), equation 8, by hand at x/c = 2: the named members of the family.
        ({"pred": [2.0], "target": [0.0], "alpha": 2.0}, 2.0),
        ({"pred": [2.0], "target": [0.0], "alpha": 1.0}, 5**0.5 - 1),
        ({"pred": [2.0], "target": [0.0], "alpha": 0.0}, LN3),
        ({"pred": [2.0], "target": [0.0], "alpha": -2.0}, 1.0),
        ({"pred": [2.0], "target": [0.0], "alpha": -INF}, 0.8646647167633873),
        ({"pred": [6.0], "target": [0.0], "alpha": -2.0, "scale": 3.0}, 1.0),
    ],
    "laplace_nll": [
        # The density at the centre is 1/(2b): ln 2 for b = 1; by hand ln 1 + 2/0.5.
        ({"pred": [0.0], "target": [0.0], "scale": [1.0]}, LN2),
        ({"pred": [1.0], "target": [3.0], "scale": [0.5]}, 4.0),
    ],
    "gaussian_crps": [
        # Gneiting & Raftery (2007), section 4.2, at z = 0: σ (√2 - 1)/√π.
        ({"pred": [0.0], "target": [0.0], "std": [1.0]}, 0.23369497725510913),
        ({"pred": [5.0], "target": [5.0], "std": [2.0]}, 2 * 0.23369497725510913),
        # z = 1, with Φ(1) = 0.8413447460685429 and φ(1) = 0.24197072451914337 from tables.
        ({"pred": [0.0], "target": [1.0], "std": [1.0]}, 0.6024413576276163),
    ],
    "bce": [
        # scikit-learn's documentation of log_loss (0.21616…): -(2 ln 0.9 + ln 0.8 + ln 0.65) / 4.
        ({"probs": [0.9, 0.1, 0.2, 0.65], "target": [1.0, 0.0, 0.0, 1.0]}, 0.21616187468057912),
        # Exact at the ends: certain and right is 0, certain and wrong is infinite.
        ({"probs": [0.0, 1.0], "target": [0.0, 1.0]}, 0.0),
        ({"probs": [0.0], "target": [1.0]}, INF),
        ({"probs": [1.0], "target": [0.0]}, INF),
    ],
    "bce_with_logits": [
        # The same probabilities as above, as logits: ln 9, -ln 9, -ln 4, ln(13/7).
        (
            {
                "logits": np.log([9.0, 1 / 9, 1 / 4, 13 / 7]).tolist(),
                "target": [1.0, 0.0, 0.0, 1.0],
            },
            0.21616187468057912,
        ),
        ({"logits": [-1e4], "target": [1.0]}, 1e4),
        # pos_weight multiplies the positive term and leaves the denominator alone: 3 ln 2 / 1.
        ({"logits": [0.0], "target": [1.0], "pos_weight": 3.0}, 3 * LN2),
        ({"logits": [INF, -INF], "target": [1.0, 0.0]}, 0.0),
    ],
    "categorical_cross_entropy": [
        # Keras' documentation of CategoricalCrossentropy (1.177): -(ln 0.95 + ln 0.1) / 2.
        (
            {
                "probs": [[0.05, 0.95, 0.0], [0.1, 0.8, 0.1]],
                "target": [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            },
            1.1769391936907983,
        ),
    ],
    "sparse_categorical_cross_entropy": [
        # Keras' documentation of SparseCategoricalCrossentropy, the same predictions.
        (
            {"probs": [[0.05, 0.95, 0.0], [0.1, 0.8, 0.1]], "target": np.array([1, 2])},
            1.1769391936907983,
        ),
    ],
    "cross_entropy": [
        # Stanford CS231n notes, linear classification, figure "SVM vs. Softmax": 1.04.
        ({"logits": [[-2.85, 0.86, 0.28]], "target": np.array([2])}, 1.0401905694301081),
        # C equal logits: ln C, with or without smoothing.
        ({"logits": [[7.0] * 5], "target": np.array([3])}, LN5),
        # Label smoothing ε/C: with logits (ln 3, 0) and ε = ½ the target is (¾, ¼):
        # -¾ ln ¾ - ¼ ln ¼.
        (
            {
                "logits": [[LN3, 0.0]],
                "target": np.array([0]),
                "label_smoothing": 0.5,
            },
            0.5623351446188083,
        ),
        # Weights 1 and 3, equal logits: (1 ln 2 + 3 ln 2) / (1 + 3).
        (
            {"logits": [[0.0, 0.0]] * 2, "target": np.array([0, 1]), "weight": (1.0, 3.0)},
            LN2,
        ),
    ],
    "hinge": [
        # By hand: 1 - 0.3, 0, 1 + 0.5.
        ({"scores": [0.3, 2.0, 0.5], "target": [1.0, 1.0, -1.0]}, 2.2 / 3),
    ],
    "squared_hinge": [
        ({"scores": [0.3, 2.0, 0.5], "target": [1.0, 1.0, -1.0]}, (0.49 + 2.25) / 3),
    ],
    "multiclass_hinge": [
        # Stanford CS231n notes, the same scores: max(0, -2.85 - 0.28 + 1) + (0.86 - 0.28 + 1).
        ({"scores": [[-2.85, 0.86, 0.28]], "target": np.array([2])}, 1.58),
        # Two rivals within the margin, by hand: 0.5 + 0.25, and the larger of them.
        ({"scores": [[2.0, 1.5, 1.25]], "target": np.array([0])}, 0.75),
        (
            {"scores": [[2.0, 1.5, 1.25]], "target": np.array([0]), "kind": "crammer_singer"},
            0.5,
        ),
    ],
    "generalized_cross_entropy": [
        # Zhang & Sabuncu (2018), equation 6, by hand: p = ¼ and q = ½ give (1 - ½) / ½.
        ({"logits": [[0.0] * 4], "target": np.array([1]), "q": 0.5}, 1.0),
        # q = 1 is 1 - p.
        ({"logits": [[0.0] * 4], "target": np.array([1]), "q": 1.0}, 0.75),
    ],
    "symmetric_cross_entropy": [
        # Wang et al. (2019), equation 6 with A = -4: 0.1 ln 2 + 1 · 4 · (1 - ½).
        ({"logits": [[0.0, 0.0]], "target": np.array([1])}, 2.0693147180559945),
        (
            {"logits": [[0.0, 0.0]], "target": np.array([1]), "alpha": 2.0, "beta": 0.0},
            1.3862943611198906,
        ),
    ],
    "logit_adjusted_cross_entropy": [
        # Menon et al. (2021), equation 10: equal logits leave the prior, -ln(10/100).
        (
            {"logits": [[0.0, 0.0]], "target": np.array([1]), "class_counts": (90.0, 10.0)},
            2.302585092994046,
        ),
        # Logits that cancel the prior: ln 2.
        (
            {
                "logits": [[-2.1972245773362196, 0.0]],
                "target": np.array([1]),
                "class_counts": (90.0, 10.0),
            },
            LN2,
        ),
    ],
    "entropy": [
        # Cover & Thomas, Elements of Information Theory, example 2.1.1: 7/4 bits.
        ({"probs": [[0.5, 0.25, 0.125, 0.125]]}, 1.75 * LN2),
        ({"probs": [[0.0, 1.0]]}, 0.0),
    ],
    "kl_div": [
        # Wikipedia, Kullback-Leibler divergence, basic example: D(P ‖ Q) = 0.0852996 and
        # D(Q ‖ P) = 0.097455, in closed form.
        (
            {"log_probs": np.log([[1 / 3] * 3]).tolist(), "target": [[0.36, 0.48, 0.16]]},
            (32 * LN2 + 55 * LN3 - 50 * LN5) / 25,
        ),
        (
            {"log_probs": np.log([[0.36, 0.48, 0.16]]).tolist(), "target": [[1 / 3] * 3]},
            (6 * LN5 - 4 * LN2 - 6 * LN3) / 3,
        ),
    ],
    "js_div": [
        # Distributions that do not overlap: ln 2, the most there is (Lin 1991).
        ({"log_probs": [[0.0, -1000.0]], "target": [[0.0, 1.0]]}, LN2),
        ({"log_probs": [[0.0, -INF]], "target": [[0.0, 1.0]]}, LN2),
        # (0.9, 0.1) against (0.1, 0.9): ln 2 - H(0.9).
        (
            {"log_probs": np.log([[0.9, 0.1]]).tolist(), "target": [[0.1, 0.9]]},
            LN2 - 0.3250829733914482,
        ),
    ],
    "gaussian_kl": [
        # Kingma & Welling (2014), appendix B, by hand: ½ (1² + 2²); ½ (2 - 1 - ln 2).
        ({"mean": [[1.0, 2.0]], "log_var": [[0.0, 0.0]]}, 2.5),
        ({"mean": [[0.0]], "log_var": [[LN2]]}, 0.15342640972002736),
    ],
    "distillation": [
        # Softened by T = 2 both become (¾, ¼) and (½, ½): 4 (¾ ln 1.5 + ¼ ln 0.5).
        (
            {
                "student_logits": [[0.0, 0.0]],
                "teacher_logits": [[2.1972245773362196, 0.0]],
                "temperature": 2.0,
            },
            4 * 0.13081203594113694,
        ),
    ],
}

for family in textbook.FAMILIES:
    KNOWN |= family.KNOWN


@every_loss
def test_published_values(record):
    for arguments, expected in KNOWN[record.name]:
        arrays = {n: np.array(v) if isinstance(v, list) else v for n, v in arguments.items()}
        expected = pytest.approx(expected, rel=1e-12)
        assert numpy_loss(record)(**arrays) == expected
        assert torch_loss(record)(**to_torch(arrays)).item() == expected


def test_no_known_value_is_left_over():
    assert KNOWN.keys() == textbook.EXTREMES.keys() == catalog.keys()


def numpy_twin(record, item, setting):
    """The loss of an item and its gradients."""
    arguments = as_batch(record, item) | setting | {"reduction": record.reductions[-1]}
    grads = {n: numpy_loss(record).grad(**arguments, wrt=n) for n in record.wrt}
    return numpy_loss(record)(**arguments), alone(record, grads)


def torch_twin(dtype):
    def evaluate(record, item, setting):
        arguments = to_torch(as_batch(record, item) | setting, dtype)
        value, grads = torch_value_and_grads(record, arguments, reduction=record.reductions[-1])
        return value.numpy(), alone(record, {name: grad.numpy() for name, grad in grads.items()})

    return evaluate


def as_batch(record, item):
    """A coupled loss has no items, only batches, and its formula is that of the sum."""
    return {n: np.array(v if record.coupled else [v]) for n, v in item.items()}


def alone(record, grads):
    return grads if record.coupled else {name: grad[0] for name, grad in grads.items()}


# What rounding may cost: some epsilons (2e-16, 1.2e-7) of the result itself, however small it is.
# The exponential of an x loses x epsilons, and ours reach x = 150. A sum over classes, MSLE's
# difference of logarithms and a gradient may also lose an epsilon of their largest term: torch
# differentiates expm1 as its result + 1, which cancels.
TWINS = {
    "numpy": (numpy_twin, np.float64, 1e-12, 1e-14),
    "torch": (torch_twin(torch.float64), np.float64, 1e-12, 1e-14),
    "torch float32": (torch_twin(torch.float32), np.float32, 3e-5, 5e-7),
}


@every_setting
def test_loss_and_gradient_are_those_of_the_formula(record, setting):
    sampled = record.sample(np.random.default_rng(1), 3 if record.coupled else 2)
    ordinary = [{name: array[i] for name, array in sampled.items()} for i in range(2)]
    if record.coupled:
        ordinary = [sampled]
    for item in ordinary + textbook.EXTREMES[record.name]:
        # Rounded to float32, so that the formula and every twin see the same numbers.
        item = {name: _representable(value) for name, value in item.items()}
        exact, exact_grads = textbook.value_and_grads(record, item, setting)
        for twin, (evaluate, dtype, rtol, atol) in TWINS.items():
            value, grads = evaluate(record, item, setting)
            value_atol = atol if record.item_axes or record.name == "msle" else 0
            _close(value, exact, dtype, rtol, value_atol, (twin, item))
            for name in exact_grads:
                where = (twin, f"d/d{name}", item)
                _close(grads[name], exact_grads[name], dtype, rtol, atol, where)


def _representable(value):
    array = np.asarray(value)
    return array.astype(np.float32).astype(np.float64) if array.dtype.kind == "f" else array


def _close(actual, expected, dtype, rtol, atol, where):
    with np.errstate(over="ignore"):  # beyond the range of float32 the right answer is inf
        expected = np.asarray(expected).astype(dtype)
    np.testing.assert_allclose(actual, expected, rtol, atol, err_msg=str(where))
