"""Fixed weights: the weighted sum, and losses divided by what they were at the start."""

import numpy as np

import lossfns.numpy as ln
from lossfns.check import kinds
from lossfns.check.exercise import Exercise, Misconception
from lossfns.check.multitask.tasks import loss_rows, same_shape, with_singles
from lossfns.check.questions import ask, refuse


def _right_sum(losses, weights):
    same_shape(losses, weights)
    return ln.weighted_sum(losses, weights=weights)


def _draw_weighted_sum(rng):
    # They do not sum to 1, nor is any of them 1.
    pairs = [
        (row, rng.choice([0.1, 0.2, 0.5, 2.5, 3.0, 5.0, 10.0], size=row.size, replace=False))
        for row in loss_rows(rng)
    ]
    for losses, weights in with_singles(pairs):
        yield ask("losses weights", (losses, weights))
    yield ask("losses weights", (np.array([0.5, 4.0, 2.0]), np.array([2.0, 0.0, 0.1])))
    yield ask("losses weights", (np.array([1e12, 0.5]), np.array([1e-12, 3.0])), "extremes")
    yield ask("losses weights", (np.array([np.inf, 0.5]), np.array([0.0, 3.0])), "extremes")
    losses = np.array([0.5, 2.0, 4.0])
    yield refuse(
        "negative weights accepted",
        "A negative weight rewards a large loss: training pushes that loss up without bound. "
        "Raise ValueError.",
        losses=losses[:2],
        weights=np.array([0.1, -3.0]),
    )
    for count, weights in ((2, [0.1]), (3, [[0.1], [3.0], [0.2]])):
        yield refuse(
            "weights that are broadcast",
            "NumPy stretches weights of another shape over the losses and adds up too much, "
            "without a word. There must be one weight a task: compare the shapes first and raise "
            "ValueError.",
            losses=losses[:count],
            weights=np.array(weights),
        )


def _softmaxed(losses, weights):
    powers = np.exp(weights - weights.max())
    return (powers / powers.sum() * losses).sum()


def _lambda_and_rest(losses, weights):
    return weights[0] * losses[0] + (1 - weights[0]) * losses[1:].sum()


WEIGHTED_SUM = Exercise(
    name="weighted_sum",
    signature="weighted_sum(losses, weights)",
    read="loss-weighted-sum",
    right=_right_sum,
    draw=_draw_weighted_sum,
    probes=(
        kinds.shapes("losses", "weights", axes=1),
        kinds.outside("weights", 0.0),
    ),
    misconceptions=(
        Misconception(
            "the weights without effect",
            lambda losses, weights: losses.sum(),
            "This is the plain sum, in which the task with the largest numbers decides alone. "
            "Multiply each loss by its weight first.",
        ),
        Misconception(
            "the weighted mean",
            lambda losses, weights: (weights * losses).sum() / weights.sum(),
            "You divide by the sum of the weights. Then doubling every weight changes nothing; in "
            "the weighted sum it doubles the loss, as doubling the learning rate would.",
        ),
        Misconception(
            "the mean over the tasks",
            lambda losses, weights: (weights * losses).mean(),
            "Tasks are added up, not averaged: a further task of weight 0 must not make the "
            "others count less.",
        ),
        Misconception(
            "the weighted losses, not yet added",
            lambda losses, weights: weights * losses,
            "These are the terms of the sum. Training needs one number to go down: add them up.",
        ),
        Misconception(
            "division by the weights",
            lambda losses, weights: (losses / weights).sum(),
            "Dividing turns the meaning round: the task with the largest weight would count "
            "least. It is the scale of a loss that one divides by, and the weight is 1 / scale.",
        ),
        Misconception(
            "weights through a softmax",
            _softmaxed,
            "The weights are used as they are. A softmax forgets their size and lets no weight "
            "be 0; it belongs to weights that are learned, such as those of DWA.",
        ),
        Misconception(
            "weights taken for log-variances",
            lambda losses, weights: (np.exp(-weights) * losses).sum(),
            "exp(-s) turns a log-variance s into a weight. These are weights already: with "
            "exp(-10) in place of 10 the most important task would hardly count.",
        ),
        Misconception(
            "the first task without its weight",
            lambda losses, weights: losses[0] + (weights[1:] * losses[1:]).sum(),
            "L₁ + λ L₂ has a weight of 1 in front of the first task. Here each task has a weight "
            "of its own, the first included.",
        ),
        Misconception(
            "λ and 1 - λ",
            _lambda_and_rest,
            "You use only the first weight and give the others what is left of 1. Weights need "
            "not sum to 1, and there may be more than two.",
        ),
        Misconception(
            "the weights squared",
            lambda losses, weights: (weights**2 * losses).sum(),
            "Each weight enters once. (Scaling the errors before they are squared would give "
            "weights squared, for a squared error.)",
        ),
        Misconception(
            "NaN from 0 · ∞",
            lambda losses, weights: (weights * losses).sum(),
            "A task of weight 0 is switched off, and must stay so even when its loss has become "
            "infinite: in floating point 0 · inf is NaN. Leave such tasks out of the sum.",
        ),
    ),
)


def _draw_normalised(rng):
    rows = loss_rows(rng)
    starts = [rng.choice([0.2, 1.25, 2.5, 5.0, 10.0, 20.0, 40.0], row.size, False) for row in rows]
    for losses, initial in with_singles(list(zip(rows, starts, strict=True))):
        yield ask("losses initial", (losses, initial))
    # A history, one row a step; as many steps as tasks would hide a division by the wrong one.
    steps = int(rng.integers(3, 6))
    history = np.round(np.exp(rng.normal(size=(steps, 2))), 2) + 0.1
    yield ask("losses initial", (history, np.array([2.5, 1000.0])))
    yield ask("losses initial", (np.array([0.5, 2.0]), np.array([0.0, 4.0])), "extremes")
    yield ask(
        "losses initial",
        (np.array([[0.0, 2.0], [3.0, 8.0], [0.5, 1.0]]), np.array([0.0, 4.0])),
        "extremes",
    )
    yield ask("losses initial", (np.array([3e-9, 2e12]), np.array([1e-9, 1e12])), "extremes")
    losses = np.array([0.5, 2.0])
    yield refuse(
        "negative initial losses accepted",
        "With a negative scale an improving task seems to get worse, and training pushes it "
        "the wrong way. Raise ValueError.",
        losses=losses,
        initial=np.array([-2.0, 4.0]),
    )
    for initial in ([4.0], [[4.0], [8.0]]):
        yield refuse(
            "initial losses that are broadcast",
            "NumPy stretches an initial of another shape over the losses, so that tasks are "
            "divided by each other's scale. The last axis of losses must fit initial: compare and "
            "raise ValueError.",
            losses=losses,
            initial=np.array(initial),
        )


def _divided(losses, initial):
    return losses / np.where(initial == 0, 1, initial)


def _normalised(losses, initial):
    if losses.shape[-1:] != initial.shape:
        raise ValueError("one initial loss a task")
    if (initial < 0).any():
        raise ValueError("negative initial loss")
    return _divided(losses, initial)


def _initial_in_place(losses, initial):
    result = _normalised(losses, initial)
    initial[initial == 0] = 1
    return result


NORMALISED_LOSSES = Exercise(
    name="normalised_losses",
    signature="normalised_losses(losses, initial)",
    read="multitask-scales",
    right=_normalised,
    draw=_draw_normalised,
    probes=(
        kinds.lengths("initial"),
        kinds.outside("initial", 0.0),
    ),
    misconceptions=(
        Misconception(
            "the initial loss subtracted",
            lambda losses, initial: losses - initial,
            "A difference keeps the units, so a loss in the thousands still drowns one near 1. "
            "Dividing makes every task start at 1, whatever it is measured in.",
        ),
        Misconception(
            "the ratio upside down",
            lambda losses, initial: initial / losses,
            "A loss that has halved must become ½, not 2: what is returned is to be made small.",
        ),
        Misconception(
            "the progress instead of what is left",
            lambda losses, initial: (initial - losses) / initial,
            "This is the share that has been won: it starts at 0 and grows. The normalised loss "
            "starts at 1 and falls.",
        ),
        Misconception(
            "one scale for all tasks",
            lambda losses, initial: losses / initial.sum(),
            "You divide every task by the same number, so their proportions stay as they were. "
            "Each task is divided by its own initial loss.",
        ),
        Misconception(
            "the initial loss of the first task for all",
            lambda losses, initial: losses / initial[0],
            "Only the first task starts at 1 then. Each task is divided by its own initial loss.",
        ),
        Misconception(
            "shares of the present total",
            lambda losses, initial: losses / losses.sum(axis=-1, keepdims=True),
            "Shares sum to 1 at every step, so they cannot fall while all tasks improve. Divide "
            "by what each loss was at the start.",
        ),
        Misconception(
            "the present loss as its own scale",
            lambda losses, initial: losses / losses,
            "A loss divided by itself is 1 for ever. Divide by the loss at the start.",
        ),
        Misconception(
            "the logarithm of the ratio",
            lambda losses, initial: np.log(losses / initial),
            "The ratio itself is asked for: 1 at the start, towards 0 at the end.",
        ),
        Misconception(
            "the sum over the tasks",
            lambda losses, initial: _divided(losses, initial).sum(axis=-1),
            "You have added the tasks up. One number a task is asked for, in the shape of losses.",
        ),
        Misconception(
            "division by 0",
            lambda losses, initial: losses / initial,
            "A task that is perfect at the start has the initial loss 0, and 0.5 / 0 is infinite, "
            "0 / 0 is NaN. The specification says what to return for such a task: its loss as it "
            "is.",
        ),
        Misconception(
            "0 where the initial loss is 0",
            lambda losses, initial: np.where(initial == 0, 0, _divided(losses, initial)),
            "Then a task that starts out perfect never counts, even if training ruins it. The "
            "specification asks for its loss as it is.",
        ),
        Misconception(
            "an ε in the denominator",
            lambda losses, initial: losses / (initial + 1e-8),
            "With initial = 0 a loss of 0.5 becomes fifty million and drowns all other tasks; "
            "with initial = 1e-9 the result is ten times too small. Treat the 0 as a case of its "
            "own instead.",
        ),
        Misconception(
            "the initial losses changed in place",
            _initial_in_place,
            "`initial[initial == 0] = 1` writes into the caller's array, which is used again at "
            "the next step. np.where(initial == 0, 1, initial) makes a new one.",
        ),
    ),
)
