"""Squared errors: MSE, its gradient, RMSE, and the MSE in PyTorch."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds, questions
from lossfns.check.exercise import Exercise, Misconception, summed_slope
from lossfns.check.faults import (
    flipped_gradient,
    mean_along_an_axis,
    mean_over_rows,
    n_in_gradient,
    reduced_gradient,
    reduction_ignored,
    rows_in_gradient,
    sum_for_mean,
    sum_with_none,
    value_for_gradient,
)
from lossfns.check.questions import UNKNOWN_REDUCTION, refuse
from lossfns.check.recipes import averaged, of_error, per_error


def square(e):
    return e * e


def _draw_mse(rng):
    pairs = questions.errors(rng)
    yield from questions.ask_errors(pairs)
    yield from questions.ask_errors(questions.singles(pairs[3:5]))
    yield from questions.ask_reductions([pairs[2], pairs[4]])
    yield from questions.ask_errors([(np.array([1e12, 0.0]), np.array([0.0, 0.5]))], "extremes")
    yield refuse(
        "broadcasting of (n, 1) against (n,)",
        "NumPy makes an n × n table out of these shapes and you average all n² differences, most "
        "of them between a prediction and somebody else's target. Nothing looks wrong, and the "
        "model learns nonsense: compare the shapes first and raise ValueError.",
        **questions.column_against_row(rng),
    )
    yield refuse(*UNKNOWN_REDUCTION, **questions.two(rng), reduction="average")


MSE_MISTAKES = (
    sum_for_mean(of_error(square)),
    Misconception(
        "half of the mean squared error",
        per_error(lambda e: 0.5 * e * e),
        "You divide by 2n. Some texts put the ½ there so that the 2 of the derivative cancels; "
        "here, and in torch.nn.MSELoss, the mean squared error has no ½.",
    ),
    Misconception(
        "the errors not squared",
        per_error(lambda e: e),
        "Without the square, errors of opposite sign cancel: a prediction that is 10 too high "
        "once and 10 too low once would be perfect.",
    ),
    Misconception(
        "the absolute error instead of the squared error",
        per_error(abs),
        "This is the mean absolute error. The MSE squares each error before it averages.",
    ),
    Misconception(
        "the root of the mean squared error",
        per_error(square, mean=lambda losses: losses.mean() ** 0.5),
        "This is the RMSE, which has the units of the target. The MSE keeps the square.",
    ),
    Misconception(
        "the square of the mean error",
        of_error(lambda e, **options: e.mean() ** 2),
        "You average first and square then, so that errors of opposite sign cancel. Square each "
        "error, then average.",
    ),
    Misconception(
        "the variance of the errors",
        of_error(lambda e, **options: e.var()),
        "You subtract the mean error first. A model that is 3 too high everywhere then has no "
        "loss at all.",
    ),
    Misconception(
        "n - 1 instead of n",
        per_error(square, mean=lambda losses: losses.sum() / (losses.size - 1)),
        "Dividing by n - 1 makes the sample variance unbiased. The loss is a plain mean over n.",
    ),
    Misconception(
        "the sign flipped",
        per_error(lambda e: -e * e),
        "A loss is something to make small, and a sum of squares is never negative.",
    ),
    Misconception(
        "the squares of both subtracted",
        lambda pred, target, reduction="mean": (pred**2 - target**2).mean(),
        "pred² - target² is not (pred - target)²: subtract first, square then.",
    ),
    mean_over_rows(of_error(square), "pred"),
    mean_along_an_axis(of_error(square)),
    reduction_ignored(of_error(square)),
    sum_with_none(of_error(square)),
)

MSE = Exercise(
    name="mse",
    signature='mse(pred, target, reduction="mean")',
    read="loss-mse",
    right=ln.mse,
    draw=_draw_mse,
    probes=(
        kinds.shapes("pred", "target"),
        kinds.words("reduction", "none", "mean", "sum"),
        kinds.offset("pred", "target"),
        kinds.tiny("pred", "target"),
    ),
    misconceptions=MSE_MISTAKES,
)


MSE_GRAD = Exercise(
    name="mse_grad",
    signature="mse_grad(pred, target)",
    read="loss-mse",
    right=ln.mse.grad,
    draw=questions.plain,
    probes=(
        kinds.exact_items("pred", "target"),
        kinds.offset("pred", "target"),
        kinds.tiny("pred", "target"),
    ),
    misconceptions=(
        n_in_gradient(of_error(lambda e: 2 * e), "pred.size"),
        Misconception(
            "the 2 forgotten in the gradient",
            averaged(of_error(lambda e: e)),
            "The derivative of e² is 2e. This would be the gradient of ½ e².",
        ),
        Misconception(
            "both the 2 and the n forgotten",
            of_error(lambda e: e),
            "pred - target is the error. The gradient of the mean of its squares is 2/n times it.",
        ),
        flipped_gradient(averaged(of_error(lambda e: 2 * e))),
        value_for_gradient(averaged(of_error(square)), "pred"),
        Misconception(
            "the sign of the error lost",
            averaged(of_error(lambda e: 2 * abs(e))),
            "Where pred is below the target, the gradient is negative: it must say in which "
            "direction to move.",
        ),
        Misconception(
            "the gradient of the absolute error",
            averaged(of_error(np.sign)),
            "The sign of the error is the derivative of |e|. The derivative of e² is 2e: it grows "
            "with the error.",
        ),
        Misconception(
            "n² instead of n",
            of_error(lambda e: 2 * e / e.size**2),
            "You average twice: the 1/n of the mean appears once, and the gradient itself is not "
            "averaged.",
        ),
        rows_in_gradient(of_error(lambda e: 2 * e), "pred"),
        reduced_gradient(of_error(lambda e: 2 * e), "pred"),
    ),
)


def _draw_rmse(rng):
    yield from questions.plain(rng)
    exact = np.array([0.5, -1.0]), np.array([0.5, -1.0])
    yield from questions.ask_errors([exact], "extremes")


RMSE = Exercise(
    name="rmse",
    signature="rmse(pred, target)",
    read="loss-rmse",
    right=ln.rmse,
    draw=_draw_rmse,
    probes=(
        kinds.offset("pred", "target"),
        kinds.tiny("pred", "target"),
    ),
    misconceptions=(
        Misconception(
            "the root forgotten",
            per_error(square),
            "This is the MSE, in squared units. Take its square root.",
        ),
        Misconception(
            "the mean of the roots",
            per_error(abs),
            "The root of each square is |e|, so the mean of the roots is the MAE. Average the "
            "squares first and take one root at the end.",
        ),
        Misconception(
            "the root of the sum",
            of_error(lambda e: square(e).sum() ** 0.5),
            "This is the length of the vector of errors. Divide the sum of squares by n before "
            "the root.",
        ),
        Misconception(
            "n outside the root",
            of_error(lambda e: square(e).sum() ** 0.5 / e.size),
            "The mean belongs under the root: you take the root first.",
            formula="√(Σe²/n)",
        ),
        Misconception(
            "n - 1 instead of n",
            of_error(lambda e: (square(e).sum() / (e.size - 1)) ** 0.5),
            "Dividing by n - 1 makes the sample variance unbiased. The loss is a plain mean.",
        ),
        Misconception(
            "the standard deviation of the errors",
            of_error(lambda e: e.std()),
            "You subtract the mean error first, so a constant error would cost nothing.",
        ),
        Misconception(
            "the number of rows instead of the number of items",
            of_error(lambda e: (square(e).sum() / len(e)) ** 0.5),
            "len(pred) and pred.shape[0] count the rows. A two-dimensional batch has pred.size "
            "items, and .mean() without an axis takes them all.",
        ),
        Misconception(
            "one root a column",
            of_error(lambda e: square(e).mean(axis=0) ** 0.5),
            "The loss is one number: average over all axes before the root.",
        ),
    ),
)


def _draw_mse_torch(rng):
    pairs = questions.errors(rng)
    yield from questions.ask_errors(questions.both_floats(pairs), wants=("pred",))
    yield from questions.ask_reductions(questions.singles([pairs[2], pairs[4]]), wants=("pred",))
    far = np.array([1e12, 0.0], np.float32), np.array([0.0, 0.5], np.float32)
    yield from questions.ask_errors([far], "extremes", wants=("pred",))
    yield refuse(
        "broadcasting of (n, 1) against (n,)",
        "PyTorch makes an n × n table out of these shapes and you average all n² differences. "
        "A network's output of shape (n, 1) against targets of shape (n,) is the usual way "
        "into this: compare the shapes first and raise ValueError.",
        **questions.column_against_row(rng),
    )
    yield refuse(*UNKNOWN_REDUCTION, **questions.two(rng), reduction="average")


MSE_TORCH = Exercise(
    name="mse_torch",
    signature='mse_torch(pred, target, reduction="mean")',
    read="loss-mse",
    right=ln.mse,
    draw=_draw_mse_torch,
    probes=(
        kinds.shapes("pred", "target"),
        kinds.words("reduction", "none", "mean", "sum"),
        kinds.exact_items("pred", "target"),
        kinds.offset("pred", "target"),
        kinds.tiny("pred", "target"),
    ),
    torch=True,
    slopes={"pred": summed_slope(ln.mse)},
    twin="MSELoss",
    misconceptions=(
        sum_for_mean(of_error(square)),
        Misconception(
            "half of the mean squared error",
            per_error(lambda e: 0.5 * e * e),
            "torch.nn.MSELoss has no ½, nor has the specification.",
        ),
        Misconception(
            "the absolute error instead of the squared error",
            per_error(abs),
            "This is torch.nn.L1Loss. The MSE squares each error before it averages.",
        ),
        Misconception(
            "the root of the mean squared error",
            per_error(square, mean=lambda losses: losses.mean().sqrt()),
            "This is the RMSE. The MSE keeps the square.",
        ),
        Misconception(
            "the square of the mean error",
            lambda pred, target, **options: (pred - target).mean().square(),
            "You average first and square then, so that errors of opposite sign cancel.",
        ),
        reduction_ignored(of_error(square)),
    ),
)
