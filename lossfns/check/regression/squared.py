"""Squared errors: MSE, its gradient, RMSE, and the MSE in PyTorch."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import faults, kinds, questions
from lossfns.check.exercise import Exercise, summed_slope
from lossfns.check.questions import refuse
from lossfns.check.recipes import averaged_error, each, of_error, per_error


def square(e):
    return e * e


_FAR = np.array([1e12, 0.0]), np.array([0.0, 0.5])


def _bad_input(rng):
    yield refuse("broadcasting of (n, 1) against (n,)", **questions.column_against_row(rng))
    yield refuse(
        "an unknown reduction taken for the mean", **questions.two(rng), reduction="average"
    )


def _draw_mse(rng):
    pairs = questions.errors(rng)
    yield from questions.ask_errors(pairs)
    yield from questions.ask_errors(questions.singles(pairs[3:5]))
    yield from questions.ask_reductions([pairs[2], pairs[4]])
    yield from questions.ask_errors([_FAR], "extremes")
    yield from _bad_input(rng)


MSE = Exercise(
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
    mistakes={
        **faults.of_mean(of_error(square)),
        "half of the mean squared error": per_error(lambda e: 0.5 * e * e),
        "the errors not squared": per_error(lambda e: e),
        "the absolute error instead of the squared error": per_error(abs),
        "the root of the mean squared error": per_error(
            square, mean=lambda loss: loss.mean() ** 0.5
        ),
        "the square of the mean error": of_error(lambda e, **options: e.mean() ** 2),
        "the variance of the errors": of_error(lambda e, **options: e.var()),
        "n - 1 instead of n": per_error(square, mean=lambda loss: loss.sum() / (loss.size - 1)),
        "the sign flipped": per_error(lambda e: -e * e),
        "the squares of both subtracted": lambda p, y, reduction="mean": (p**2 - y**2).mean(),
        **faults.of_reduction(of_error(square)),
    },
)

_SLOPES = {
    "the 2 forgotten in the gradient": lambda e: e,
    "the loss per item instead of its derivative": square,
    "the sign of the error lost": lambda e: 2 * abs(e),
    "the gradient of the absolute error": np.sign,
    "n² instead of n": lambda e: 2 * e / e.size,
}

MSE_GRAD = Exercise(
    signature="mse_grad(pred, target)",
    read="loss-mse",
    right=ln.mse.grad,
    draw=questions.plain,
    probes=kinds.ERRORS,
    mistakes={
        "both the 2 and the n forgotten": of_error(lambda e: e),
        **faults.of_gradient(of_error(lambda e: 2 * e)),
        **each(averaged_error, _SLOPES),
    },
)


def _draw_rmse(rng):
    yield from questions.plain(rng)
    exact = np.array([0.5, -1.0])
    yield from questions.ask_errors([(exact, exact.copy())], "extremes")


RMSE = Exercise(
    signature="rmse(pred, target)",
    read="loss-rmse",
    right=ln.rmse,
    draw=_draw_rmse,
    probes=(kinds.offset("pred", "target"), kinds.tiny("pred", "target")),
    mistakes={
        "the root forgotten": per_error(square),
        "the mean of the roots": per_error(abs),
        "the root of the sum": of_error(lambda e: (e * e).sum() ** 0.5),
        "n outside the root": of_error(lambda e: (e * e).sum() ** 0.5 / e.size),
        "the number of rows outside the root": of_error(lambda e: np.linalg.norm(e) / len(e)),
        "n - 1 instead of n": of_error(lambda e: ((e * e).sum() / (e.size - 1)) ** 0.5),
        "the standard deviation of the errors": of_error(lambda e: e.std()),
        "the number of rows instead of the number of items": of_error(
            lambda e: ((e * e).sum() / len(e)) ** 0.5
        ),
        "one root a column": of_error(lambda e: (e * e).mean(axis=0) ** 0.5),
    },
)


def _draw_mse_torch(rng):
    pairs = questions.errors(rng)
    yield from questions.ask_errors(questions.both_floats(pairs), wants=("pred",))
    yield from questions.ask_reductions(questions.singles([pairs[2], pairs[4]]), wants=("pred",))
    yield from questions.ask_errors(questions.singles([_FAR]), "extremes", ("pred",))
    yield from _bad_input(rng)


MSE_TORCH = Exercise(
    signature='mse_torch(pred, target, reduction="mean")',
    read="loss-mse",
    right=ln.mse,
    draw=_draw_mse_torch,
    probes=(
        kinds.shapes("pred", "target"),
        kinds.words("reduction", "none", "mean", "sum"),
        *kinds.ERRORS,
    ),
    torch=True,
    slopes={"pred": summed_slope(ln.mse)},
    twin="MSELoss",
    mistakes=MSE.mistakes,
)
