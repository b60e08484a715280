"""Absolute errors: MAE, its gradient, and the quantile loss."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds, questions
from lossfns.check.exercise import Exercise, Misconception
from lossfns.check.faults import (
    flipped_gradient,
    mean_along_an_axis,
    mean_over_rows,
    median_for_mean,
    n_in_gradient,
    reduced_gradient,
    rows_in_gradient,
    sum_for_mean,
    value_for_gradient,
)
from lossfns.check.questions import refuse
from lossfns.check.recipes import averaged, of_error, per_error


def square(e):
    return e * e


MAE = Exercise(
    name="mae",
    signature="mae(pred, target)",
    read="loss-mae",
    right=ln.mae,
    draw=questions.plain,
    probes=(
        kinds.exact_items("pred", "target"),
        kinds.offset("pred", "target"),
        kinds.tiny("pred", "target"),
    ),
    misconceptions=(
        sum_for_mean(of_error(abs)),
        Misconception(
            "the absolute value of the mean error",
            of_error(lambda e: abs(e.mean())),
            "You average first, so that errors of opposite sign cancel. Take the absolute value "
            "of each error, then average.",
        ),
        Misconception(
            "the errors without absolute value",
            of_error(lambda e: e.mean()),
            "Errors of opposite sign cancel. Take the absolute value of each.",
        ),
        Misconception(
            "the squared error instead of the absolute error",
            per_error(square),
            "This is the MSE. The MAE takes the absolute value of each error.",
        ),
        Misconception(
            "the root mean squared error",
            of_error(lambda e: square(e).mean() ** 0.5),
            "√ of the mean square is the RMSE. It undoes the square only for a single item.",
        ),
        Misconception(
            "half of the mean absolute error",
            per_error(lambda e: 0.5 * abs(e)),
            "There is no ½ here. (Half the absolute error is the quantile loss at q = ½.)",
        ),
        Misconception(
            "a percentage",
            lambda pred, target: abs((pred - target) / target).mean(),
            "You divide by the target: that is the MAPE, which blows up where the target is 0.",
        ),
        median_for_mean(of_error(abs)),
        mean_over_rows(of_error(abs), "pred"),
        mean_along_an_axis(of_error(abs)),
    ),
)


def _draw_mae_grad(rng):
    yield from questions.plain(rng)
    kink = np.array([0.5, -1.0, 2.0]), np.array([0.5, 1.0, 2.0])
    yield from questions.ask_errors([kink], "extremes")


def _slope_nan(e):
    return e / abs(e)


MAE_GRAD = Exercise(
    name="mae_grad",
    signature="mae_grad(pred, target)",
    read="loss-mae",
    right=ln.mae.grad,
    draw=_draw_mae_grad,
    probes=(
        kinds.offset("pred", "target"),
        kinds.tiny("pred", "target"),
    ),
    misconceptions=(
        n_in_gradient(of_error(np.sign), "pred.size"),
        flipped_gradient(averaged(of_error(np.sign))),
        Misconception(
            "NaN at the kink",
            averaged(of_error(_slope_nan)),
            "e / |e| is 0/0 where the prediction is exact. Any slope between -1 and 1 is right at "
            "the kink; the specification asks for 0, which np.sign gives.",
        ),
        Misconception(
            "slope +1 at the kink",
            averaged(of_error(lambda e: np.where(e >= 0, 1.0, -1.0))),
            "Where the prediction is exact there is nothing to mend: the specification asks for "
            "slope 0 there, which np.sign gives.",
        ),
        Misconception(
            "slope -1 at the kink",
            averaged(of_error(lambda e: np.where(e > 0, 1.0, -1.0))),
            "Where the prediction is exact there is nothing to mend: the specification asks for "
            "slope 0 there, which np.sign gives.",
        ),
        Misconception(
            "the gradient of the squared error",
            averaged(of_error(lambda e: 2 * e)),
            "2e/n belongs to the MSE. The slope of |e| is +1 or -1, however large the error.",
        ),
        Misconception(
            "the error instead of its sign",
            averaged(of_error(lambda e: e)),
            "The slope of |e| is +1 or -1, however large the error.",
        ),
        value_for_gradient(averaged(of_error(abs)), "pred"),
        rows_in_gradient(of_error(np.sign), "pred"),
        reduced_gradient(of_error(np.sign), "pred"),
    ),
)


def _draw_quantile(rng):
    pairs = questions.errors(rng)
    level = float(np.round(rng.uniform(0.6, 0.95), 2))
    yield from questions.ask_errors(pairs[:6], q=0.5)
    yield from questions.ask_errors(pairs, q=level)
    yield from questions.ask_errors(pairs, q=0.1)
    yield from questions.ask_errors(questions.singles(pairs[3:5]), q=level)
    far = np.array([1e12, -1e12, 0.5]), np.array([0.0, 0.0, 0.5])
    yield from questions.ask_errors([far], "extremes", q=0.9)
    for q in (1.5, -0.1):
        yield refuse(
            "a level outside 0 … 1 accepted",
            "There is no such quantile. Raise ValueError and name the value; often it is a "
            "percentage such as 90 where 0.9 is meant.",
            **questions.two(rng),
            q=q,
        )


def _pinball(e, q):
    return np.maximum(-q * e, (1 - q) * e)


QUANTILE = Exercise(
    name="quantile",
    signature="quantile(pred, target, q)",
    read="loss-quantile",
    right=ln.quantile,
    draw=_draw_quantile,
    probes=(
        kinds.outside("q", 0.0, 1.0, ends=(0.0, 1.0)),
        kinds.exact_items("pred", "target"),
        kinds.offset("pred", "target"),
        kinds.tiny("pred", "target"),
        kinds.huge("pred"),
    ),
    misconceptions=(
        Misconception(
            "q and 1 - q exchanged",
            per_error(lambda e, q: _pinball(e, 1 - q)),
            "For q = 0.9 a prediction that is too low must cost nine times as much as one that is "
            "too high, or the fit would not rise until 90 % of the targets lie below it.",
        ),
        Misconception(
            "the side with the weight 1 - q forgotten",
            per_error(lambda e, q: np.maximum(-q * e, 0)),
            "A prediction that is too high costs nothing in yours, so the best one would be "
            "infinitely high. It costs (1 - q)·(pred - target).",
        ),
        Misconception(
            "the same weight q on both sides",
            per_error(lambda e, q: q * abs(e)),
            "q times the absolute error leads to the median whatever q is. The two sides have the "
            "weights q and 1 - q.",
        ),
        Misconception(
            "twice the quantile loss",
            per_error(lambda e, q: 2 * _pinball(e, q)),
            "Some texts double it, so that q = ½ gives the MAE. Here it gives half the MAE.",
        ),
        Misconception(
            "squares instead of absolute errors",
            per_error(lambda e, q: np.where(e < 0, q, 1 - q) * e * e),
            "Weighted squares lead to an expectile, not to a quantile.",
        ),
        Misconception(
            "the mean absolute error",
            per_error(lambda e, q: abs(e)),
            "q has no effect on your result. The two sides have the weights q and 1 - q.",
        ),
        Misconception(
            "q fixed at ½",
            per_error(lambda e, q: 0.5 * abs(e)),
            "q has no effect on your result: it is always the loss of the median.",
        ),
        Misconception(
            "the smaller of the two sides",
            per_error(lambda e, q: np.minimum(-q * e, (1 - q) * e)),
            "A loss is never negative here: of q·(target - pred) and (1 - q)·(pred - target) take "
            "the larger one.",
        ),
        Misconception(
            "the sign of one side wrong",
            per_error(lambda e, q: np.where(e < 0, -q * e, (q - 1) * e)),
            "Yours is negative where the prediction is too high. That side costs "
            "(1 - q)·(pred - target), which is positive.",
        ),
        sum_for_mean(of_error(_pinball)),
        mean_over_rows(of_error(_pinball), "pred"),
    ),
)
