"""Broken fits of a line: broadcasting, gradients that pile up, a sum that explodes.

The loops are written out here in NumPy, step by step what the loops of the assignment do in
PyTorch, so that the results of those that are still broken can be recognised.
"""

import numpy as np

from lossfns.check.exercise import Call, Exercise, Misconception


def _points(rng, count, middle=0.5):
    """Points about a line; off the centre, slope and intercept depend on each other."""
    x = middle + np.round(rng.permutation(np.linspace(-1.5, 1.5, count)), 2)
    slope, intercept = rng.choice([-2.0, -1.5, 1.5, 3.0]), rng.choice([-3.5, -2.5, 0.75, 2.25])
    y = np.round(slope * x + intercept + rng.normal(scale=0.3, size=count), 2)
    return Call({"x": x, "y": y})


def _draw_small(rng):
    for count in (5, *(int(n) for n in rng.integers(12, 40, size=2))):
        yield _points(rng, count)


def _draw_centred(rng):
    """Here neither parameter calms down the other."""
    for count in (5, *(int(n) for n in rng.integers(12, 40, size=2))):
        yield _points(rng, count, middle=0.0)


def _draw_sizes(rng):
    """No learning rate for a sum fits all of these."""
    for count in (6, int(rng.integers(50, 70)), 3000):
        yield _points(rng, count)


def _least_squares(x, y):
    return np.linalg.lstsq(np.column_stack([x, np.ones_like(x)]), y, rcond=None)[0]


def _squared_error(call, line):
    x, y = call.arrays["x"], call.arrays["y"]
    return float(((line[0] * x + line[1] - y) ** 2).mean())


def _mean_gradient(x, error):
    """Gradient of the mean squared error for slope and intercept."""
    return 2 * np.array([(error * x).mean(), error.mean()])


def _descend(x, y, gradient=_mean_gradient, rate=0.1, steps=500):
    line = np.zeros(2)
    for _ in range(steps):
        line = line - rate * gradient(x, line[0] * x + line[1] - y)
    return line


def _descent(gradient=_mean_gradient, rate=0.1, steps=500):
    return lambda x, y: _descend(x, y, gradient, rate, steps)


def _fixed(known, learned):
    """A parameter that stays 0: what is left to the other one."""

    def wrong(x, y):
        line = np.zeros(2)
        line[learned] = (y @ known(x)) / (known(x) @ known(x))
        return line

    return wrong


def _standardised(of_x, of_y):
    """A line fitted to standardised data and returned in those units."""

    def wrong(x, y):
        one = (x - x.mean()) / x.std() if of_x else x
        other = (y - y.mean()) / y.std() if of_y else y
        return _least_squares(one, other)

    return wrong


def _first_prediction(x, y):
    """The prediction of the first item, (1,), is broadcast over all targets."""
    return np.array([x[0], 1.0]) * y.mean() / (x[0] ** 2 + 1)


def _mean_error(x, y):
    """Averaged before squaring, only the means have to meet; descent from 0 goes straight there."""
    return np.array([x.mean(), 1.0]) * y.mean() / (x.mean() ** 2 + 1)


def _exchanged(x, y):
    return _least_squares(x, y)[::-1].copy()


_EXCHANGED = Misconception(
    "slope and intercept exchanged",
    _exchanged,
    "The loop may be repaired, but return np.array([slope, intercept]), in this order.",
)
_STANDARDISED_TARGET = Misconception(
    "the line of the standardised targets",
    _standardised(False, True),
    "Standardising the targets calms a run, but the line comes out in their units. The fault can "
    "be repaired without it: find the line that causes it.",
)
_NO_INTERCEPT = Misconception(
    "a line through the origin",
    _fixed(lambda x: x, 0),
    "The intercept has got lost in the repair: it stays at 0. Keep both parameters.",
)
_NO_SLOPE_LEARNED = Misconception(
    "nothing learned",
    lambda x, y: np.zeros(2),
    "Slope and intercept are still what they were before training. Does a gradient arrive "
    "(.detach(), .item() and a new torch.tensor cut it off), and is there a step that uses it?",
)


REPAIRED_BROADCAST = Exercise(
    name="repaired_broadcast",
    signature="repaired_broadcast(x, y)",
    repairs="broken_broadcast",
    read="broadcasting",
    right=_least_squares,
    draw=_draw_small,
    score=_squared_error,
    slack=0.01,
    rtol=1e-2,
    atol=2e-3,
    misconceptions=(
        Misconception(
            "still the broken loop",
            _fixed(np.ones_like, 1),
            "The slope is 0 and the intercept the mean of y: every prediction is compared with "
            "every target. Print the shapes of both sides of the minus sign; reshaping y to "
            "(1, n) or (n,) changes nothing.",
        ),
        Misconception(
            "only the first prediction",
            _first_prediction,
            "pred[0] takes the first item, not the column, and is broadcast over all targets. To "
            "turn (n, 1) into (n,) write pred[:, 0] or pred.squeeze(1).",
        ),
        Misconception(
            "averages instead of pairs",
            _mean_error,
            "The shapes fit now because everything is averaged before it is compared, and then "
            "the errors cancel. Each prediction must meet its own target.",
        ),
        Misconception(
            "x fitted as a function of y",
            lambda x, y: _least_squares(y, x),
            "Turning the data round until the shapes fit has turned the question round: predict y "
            "from x.",
        ),
        Misconception(
            "too few steps",
            _descent(steps=10),
            "The loss is the right one now, but the run is cut short: ten steps are not enough. "
            "Leave the number of steps as it was.",
        ),
        Misconception(
            "the line of the standardised inputs",
            _standardised(True, False),
            "Slope and intercept belong to (x - mean) / std. The fault can be repaired without "
            "changing the data.",
        ),
        _STANDARDISED_TARGET,
        _NO_INTERCEPT,
        _NO_SLOPE_LEARNED,
        _EXCHANGED,
    ),
)


def _piling(scale=lambda step: 1.0, kept=(1.0, 1.0), rate=0.1):
    """Descent along gradients that pile up, of both parameters or of those that are `kept`."""

    def wrong(x, y):
        line, pile = np.zeros(2), np.zeros(2)
        for step in range(500):
            pile = np.array(kept) * pile + _mean_gradient(x, line[0] * x + line[1] - y)
            line = line - rate * scale(step) * pile
        return line

    return wrong


def _clipped_pile(x, y):
    line, pile = np.zeros(2), np.zeros(2)
    for _ in range(500):
        pile = pile + _mean_gradient(x, line[0] * x + line[1] - y)
        pile = pile * min(1, 1 / np.linalg.norm(pile))
        line = line - 0.1 * pile
    return line


REPAIRED_ZERO_GRAD = Exercise(
    name="repaired_zero_grad",
    signature="repaired_zero_grad(x, y)",
    repairs="broken_zero_grad",
    read="shape-of-the-curve",
    right=_least_squares,
    draw=_draw_centred,
    score=_squared_error,
    slack=0.01,
    rtol=1e-2,
    atol=2e-3,
    misconceptions=(
        Misconception(
            "still the broken loop",
            _piling(),
            "The line still swings to and fro: each backward() adds to what the last one left in "
            ".grad. Setting it to zero before the loop is too early; it must happen in every "
            "step.",
        ),
        Misconception(
            "the gradient emptied before it is used",
            lambda x, y: np.zeros(2),
            "Nothing is learned. If the gradients are set to zero between backward() and the step, "
            "the step has nothing left to go by: zero, backward, step.",
        ),
        Misconception(
            "only the slope's gradient emptied",
            _piling(kept=(0.0, 1.0)),
            "The slope's gradient starts afresh in every step, the intercept's still piles up and "
            "keeps the line swinging. Every parameter has a .grad of its own.",
        ),
        Misconception(
            "only the intercept's gradient emptied",
            _piling(kept=(1.0, 0.0)),
            "The intercept's gradient starts afresh in every step, the slope's still piles up and "
            "keeps the line swinging. Every parameter has a .grad of its own.",
        ),
        Misconception(
            "a smaller learning rate",
            _piling(rate=0.001),
            "The swinging gets slower but does not end: the gradients still pile up. A learning "
            "rate can hide this fault, not repair it.",
        ),
        Misconception(
            "the pile divided by the number of steps",
            _piling(scale=lambda step: 1 / (step + 1)),
            "You follow the average of all gradients so far. The old ones belong to lines long "
            "gone: only the present gradient says where to go from here.",
        ),
        Misconception(
            "the gradient clipped",
            _clipped_pile,
            "Clipping limits how much has piled up, and the line still runs past its goal. Empty "
            "the gradient instead, in every step.",
        ),
        Misconception(
            "too few steps",
            _descent(steps=10),
            "The run ends before the swinging shows, and long before it has arrived. Repair the "
            "loop and leave the number of steps as it was.",
        ),
        _STANDARDISED_TARGET,
        _NO_INTERCEPT,
        _EXCHANGED,
    ),
)


def _sum_gradient(x, error):
    return len(x) * _mean_gradient(x, error)


def _clipped(x, error):
    gradient = _sum_gradient(x, error)
    return gradient * min(1, 1 / max(np.linalg.norm(gradient), 1e-12))


def _until_it_blows_up(x, y):
    """The last line before the loss was no number any more."""
    line = np.zeros(2)
    for _ in range(500):
        error = line[0] * x + line[1] - y
        new = line - 0.5 * _sum_gradient(x, error)
        if not np.isfinite(((new[0] * x + new[1] - y) ** 2).sum()):
            break
        line = new
    return line


REPAIRED_REDUCTION = Exercise(
    name="repaired_reduction",
    signature="repaired_reduction(x, y)",
    repairs="broken_reduction",
    read="shape-of-the-curve",
    right=_least_squares,
    draw=_draw_sizes,
    score=_squared_error,
    slack=0.01,
    rtol=1e-2,
    atol=2e-3,
    misconceptions=(
        Misconception(
            "still the broken loop",
            _descent(_sum_gradient, rate=0.5),
            "The run still explodes. The gradient of a sum grows with the number of items, and "
            "the learning rate with which one step was right becomes n times too large.",
        ),
        Misconception(
            "a learning rate for one size of batch",
            _descent(_sum_gradient, rate=0.005),
            "It works for small n and explodes for large ones, because the sum still grows with "
            "n. A rate that fits today's batch is not a repair: make the loss independent of n.",
        ),
        Misconception(
            "the gradient clipped",
            _descent(_clipped, rate=0.5),
            "Clipping stops the explosion but not its cause: steps of full length go to and fro "
            "across the goal for ever. Find out why the gradient is so long.",
        ),
        Misconception(
            "only the sign of the gradient",
            _descent(lambda x, error: np.sign(_sum_gradient(x, error)), rate=0.5),
            "Steps of fixed length cannot explode, nor can they arrive: they go to and fro across "
            "the goal. Find out why the gradient is so long.",
        ),
        Misconception(
            "stopped just before the loss was no number",
            _until_it_blows_up,
            "The last finite line is far out already: the run was exploding from the first step. "
            "What is not finite is the end of the trouble, not its beginning.",
        ),
        Misconception(
            "the loss clamped",
            lambda x, y: np.zeros(2),
            "Nothing is learned. Where clamp (or nan_to_num) cuts a loss off, its gradient is 0: "
            "the number on the screen is tame and the parameters never move.",
        ),
        Misconception(
            "divided by n twice",
            _descent(lambda x, error: _mean_gradient(x, error) / len(x), rate=0.5),
            "With large n hardly anything is learned: the mean divides by n already, and a "
            "learning rate or loss divided by n once more makes the steps n times too short.",
        ),
        Misconception(
            "a learning rate that is far too small",
            _descent(rate=0.0005),
            "Now the steps are too short to arrive. Once the loss is a mean, the learning rate "
            "of the loop is right as it stands.",
        ),
        Misconception(
            "half of the items' sum",
            _descent(lambda x, error: _sum_gradient(x, error) / 2, rate=0.1),
            "½ in front of the sum and a smaller rate put the explosion off to slightly larger "
            "batches. Divide by n.",
        ),
        _STANDARDISED_TARGET,
        _NO_INTERCEPT,
        _EXCHANGED,
    ),
)
