"""Squared errors: MSE, its gradient, RMSE, and the MSE in PyTorch."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import draws, kinds
from lossfns.check.exercise import Exercise, Misconception, summed_slope
from lossfns.check.mistakes import (
    averaging,
    flipped_gradient,
    mean_along_an_axis,
    mean_over_rows,
    n_in_gradient,
    of_error,
    reduced_gradient,
    reducing,
    reduction_ignored,
    rows_in_gradient,
    sum_for_mean,
    sum_with_none,
    value_for_gradient,
)


def square(e):
    return e * e


def _draw_mse(rng):
    pairs = draws.batches(rng)
    yield from draws.ask_all(pairs)
    yield from draws.ask_all(draws.floats32(pairs[3:5]))
    yield from draws.ask_reductions([pairs[2], pairs[4]])
    yield from draws.ask_all([(np.array([1e12, 0.0]), np.array([0.0, 0.5]))], "extremes")
    yield draws.refuse(draws.column_against_row(rng))
    yield draws.refuse(draws.two(rng), reduction="average")


def _any_reduction(pred, target, *, reduction="mean"):
    if pred.shape != target.shape:
        raise ValueError("shapes differ")
    known = reduction in ("none", "sum")
    return reducing(square)(pred, target, reduction=reduction if known else "mean")


MSE_MISTAKES = (
    sum_for_mean(square),
    Misconception(
        "half of the mean squared error",
        reducing(lambda e: 0.5 * e * e),
        "You divide by 2n. Some texts put the ½ there so that the 2 of the derivative cancels; "
        "here, and in torch.nn.MSELoss, the mean squared error has no ½.",
    ),
    Misconception(
        "the errors not squared",
        reducing(lambda e: e),
        "Without the square, errors of opposite sign cancel: a prediction that is 10 too high "
        "once and 10 too low once would be perfect.",
    ),
    Misconception(
        "the absolute error instead of the squared error",
        reducing(abs),
        "This is the mean absolute error. The MSE squares each error before it averages.",
    ),
    Misconception(
        "the root of the mean squared error",
        reducing(square, mean=lambda losses: losses.mean() ** 0.5),
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
        reducing(square, mean=lambda losses: losses.sum() / (losses.size - 1)),
        "Dividing by n - 1 makes the sample variance unbiased. The loss is a plain mean over n.",
    ),
    Misconception(
        "the sign flipped",
        reducing(lambda e: -e * e),
        "A loss is something to make small, and a sum of squares is never negative.",
    ),
    Misconception(
        "the squares of both subtracted",
        lambda pred, target, reduction="mean": (pred**2 - target**2).mean(),
        "pred² - target² is not (pred - target)²: subtract first, square then.",
    ),
    mean_over_rows(square),
    mean_along_an_axis(square),
    reduction_ignored(square),
    sum_with_none(square),
    Misconception(
        "broadcasting of (n, 1) against (n,)",
        reducing(square),
        "NumPy makes an n × n table out of these shapes and you average all n² differences, most "
        "of them between a prediction and somebody else's target. Nothing looks wrong, and the "
        "model learns nonsense: compare the shapes first and raise ValueError.",
    ),
    Misconception(
        "an unknown reduction taken for the mean",
        _any_reduction,
        'With reduction="average" a typing error goes unnoticed. Raise ValueError for everything '
        'but "none", "mean" and "sum".',
    ),
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
    draw=draws.plain,
    probes=(
        kinds.exact_items("pred", "target"),
        kinds.offset("pred", "target"),
        kinds.tiny("pred", "target"),
    ),
    misconceptions=(
        n_in_gradient(lambda e: 2 * e),
        Misconception(
            "the 2 forgotten in the gradient",
            averaging(lambda e: e),
            "The derivative of e² is 2e. This would be the gradient of ½ e².",
        ),
        Misconception(
            "both the 2 and the n forgotten",
            of_error(lambda e: e),
            "pred - target is the error. The gradient of the mean of its squares is 2/n times it.",
        ),
        flipped_gradient(lambda e: 2 * e),
        value_for_gradient(square),
        Misconception(
            "the sign of the error lost",
            averaging(lambda e: 2 * abs(e)),
            "Where pred is below the target, the gradient is negative: it must say in which "
            "direction to move.",
        ),
        Misconception(
            "the gradient of the absolute error",
            averaging(np.sign),
            "The sign of the error is the derivative of |e|. The derivative of e² is 2e: it grows "
            "with the error.",
        ),
        Misconception(
            "n² instead of n",
            of_error(lambda e: 2 * e / e.size**2),
            "You average twice: the 1/n of the mean appears once, and the gradient itself is not "
            "averaged.",
        ),
        rows_in_gradient(lambda e: 2 * e),
        reduced_gradient(lambda e: 2 * e),
    ),
)


def _draw_rmse(rng):
    yield from draws.plain(rng)
    exact = np.array([0.5, -1.0]), np.array([0.5, -1.0])
    yield from draws.ask_all([exact], "extremes")


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
            reducing(square),
            "This is the MSE, in squared units. Take its square root.",
        ),
        Misconception(
            "the mean of the roots",
            reducing(abs),
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
    pairs = draws.batches(rng)
    yield from draws.ask_all(draws.both_floats(pairs), wants=("pred",))
    yield from draws.ask_reductions(draws.floats32([pairs[2], pairs[4]]), wants=("pred",))
    far = np.array([1e12, 0.0], np.float32), np.array([0.0, 0.5], np.float32)
    yield from draws.ask_all([far], "extremes", wants=("pred",))
    yield draws.refuse(draws.column_against_row(rng))
    yield draws.refuse(draws.two(rng), reduction="average")


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
        sum_for_mean(square),
        Misconception(
            "half of the mean squared error",
            reducing(lambda e: 0.5 * e * e),
            "torch.nn.MSELoss has no ½, nor has the specification.",
        ),
        Misconception(
            "the absolute error instead of the squared error",
            reducing(abs),
            "This is torch.nn.L1Loss. The MSE squares each error before it averages.",
        ),
        Misconception(
            "the root of the mean squared error",
            reducing(square, mean=lambda losses: losses.mean().sqrt()),
            "This is the RMSE. The MSE keeps the square.",
        ),
        Misconception(
            "the square of the mean error",
            lambda pred, target, **options: (pred - target).mean().square(),
            "You average first and square then, so that errors of opposite sign cancel.",
        ),
        reduction_ignored(square),
        Misconception(
            "broadcasting of (n, 1) against (n,)",
            reducing(square),
            "PyTorch makes an n × n table out of these shapes and you average all n² differences. "
            "A network's output of shape (n, 1) against targets of shape (n,) is the usual way "
            "into this: compare the shapes first and raise ValueError.",
        ),
    ),
)
