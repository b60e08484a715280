"""Fitting a line: the practical part, judged by how low the loss gets."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check.exercise import Call, Exercise


def _draw_line(rng):
    sizes = [5, 5, 5, *(int(n) for n in rng.integers(12, 30, size=2))]
    options = [("mse", 1.0), ("huber", 1.0), ("huber", 3.0), ("huber", 3.0), ("mse", 1.0)]
    for count, (loss, delta) in zip(sizes, options, strict=True):
        x = np.round(
            rng.permutation(np.linspace(-2, 2, count)) + rng.normal(scale=0.1, size=count), 2
        )
        slope, intercept = rng.choice([-2.0, -1.0, 1.5, 3.0]), rng.choice([-3.0, -0.5, 1.0, 2.0])
        y = np.round(slope * x + intercept + rng.normal(scale=0.3, size=count), 2)
        # Outliers on one side only, so that they move both numbers.
        y[np.argsort(x)[-(count // 5) :]] += 8.0
        yield Call({"x": x, "y": y}, {"loss": loss, "delta": delta})


def _fit(x, y, loss="mse", delta=1.0):
    """Least squares, repeated with smaller weights on large errors for the Huber loss."""
    columns, weight = np.stack([x, np.ones_like(x)], axis=1), np.ones_like(x)
    for _ in range(1 if loss == "mse" else 500):
        root = np.sqrt(weight)
        line = np.linalg.lstsq(columns * root[:, None], y * root, rcond=None)[0]
        weight = delta / np.maximum(delta, np.abs(columns @ line - y))
    return line


def _loss_of_line(call, line):
    x, y = call.arrays["x"].astype(float), call.arrays["y"].astype(float)
    pred = line[0] * x + line[1]
    if call.options["loss"] == "mse":
        return float(ln.mse(pred, y))
    return float(ln.huber(pred, y, delta=call.options["delta"]))


def _through_origin(x, y, loss="mse", delta=1.0):
    both = _fit(np.concatenate([x, -x]), np.concatenate([y, -y]), loss, delta)
    return np.array([both[0], 0.0])


def _descend(x, y, loss, delta, steps, direction):
    """Gradient descent from 0, where `direction` makes the gradient of the line from g and x."""
    line = np.zeros(2)
    for _ in range(steps):
        pred = line[0] * x + line[1]
        g = ln.mse.grad(pred, y) if loss == "mse" else ln.huber.grad(pred, y, delta=delta)
        line = line - 0.1 * direction(g, x)
    return line


def _right_direction(g, x):
    return np.array([(g * x).sum(), g.sum()])


FIT_LINE = Exercise(
    signature='fit_line(x, y, loss="mse", delta=1.0)',
    read="regression-outlier",
    right=_fit,
    draw=_draw_line,
    score=_loss_of_line,
    slack=0.01,
    rtol=1e-2,
    atol=1e-2,
    mistakes={
        "the mean squared error whatever loss says": lambda x, y, **options: _fit(x, y),
        "slope and intercept exchanged": lambda x, y, **options: _fit(x, y, **options)[::-1].copy(),
        "a line through the origin": _through_origin,
        "a horizontal line": lambda x, y, **options: np.array([0.0, _fit(0 * x, y, **options)[1]]),
        "δ fixed at 1": lambda x, y, loss="mse", delta=1.0: _fit(x, y, loss),
        "x fitted as a function of y": lambda x, y, **options: _fit(y, x, **options),
        "too few steps": lambda x, y, loss="mse", delta=1.0: _descend(
            x, y, loss, delta, 10, _right_direction
        ),
        "the factor x missing in the gradient of the slope": lambda x, y, loss="mse", delta=1.0: (
            _descend(x, y, loss, delta, 2000, lambda g, x: np.array([g.sum(), g.sum()]))
        ),
    },
)
