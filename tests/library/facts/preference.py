"""The losses from preferences as papers print them."""

import math

from library.facts.row import facts
from library.facts.shared import (
    LN2,
)
from mpmath import exp, log, mpf

# No gap whose exponential is a number of float64 but smaller than 80 digits of 1.
_GAPS = [
    {"chosen": a, "rejected": b}
    for a, b in [(5e3, -5e3), (-5e3, 5e3), (1e-9, 0.0), (-50.0, 40.0), (1e4, 3.0)]
]

_AT_ZERO = {"reference_chosen": 0.0, "reference_rejected": 0.0}


_PAIR = {
    "chosen": [-10.0],
    "rejected": [-10.0],
    "reference_chosen": [-12.0],
    "reference_rejected": [-9.0],
}

_START = _PAIR | {"reference_chosen": [-10.0], "reference_rejected": [-10.0]}


@facts(
    known=[
        # Bradley & Terry: a lead of ln 3 wins three times out of four.
        ({"chosen": [math.log(3)], "rejected": [0.0]}, math.log(4 / 3)),
        ({"chosen": [5.0], "rejected": [5.0]}, LN2),
    ],
    extremes=_GAPS,
    outside=[],
)
def reward_model(chosen, rejected):
    return -log(1 / (1 + exp(-(chosen - rejected))))


@facts(
    known=[
        # Rafailov et al. (2023), equation 7: ln 2 at the reference; Δ = 3 and β = 0.1.
        (_START, LN2),
        (_PAIR, math.log1p(math.exp(-0.3))),
        (_PAIR | {"beta": 1.0}, math.log1p(math.exp(-3))),
        # Mitchell (2023), equation 3: a tenth of the labels flipped.
        (
            _PAIR | {"beta": 1.0, "label_smoothing": 0.1},
            0.9 * math.log1p(math.exp(-3)) + 0.1 * math.log1p(math.exp(3)),
        ),
    ],
    extremes=[gap | _AT_ZERO for gap in _GAPS],
    outside=[],
)
def dpo(chosen, rejected, reference_chosen, reference_rejected, beta, label_smoothing):
    """Mitchell (2023): an expectation over labels that are flipped with probability ε."""
    a, b = (mpf(beta) * r for r in (chosen - reference_chosen, rejected - reference_rejected))
    flipped = mpf(label_smoothing)
    return (1 - flipped) * reward_model(a, b) + flipped * reward_model(b, a)


@facts(
    known=[
        # Azar et al. (2024), equation 17: (3 - 1/(2 τ))².
        (_PAIR | {"tau": 0.25}, 1.0),
        (_PAIR, 4.0),
        (_START, 25.0),
    ],
    extremes=[gap | _AT_ZERO for gap in _GAPS],
    outside=[],
)
def ipo(chosen, rejected, reference_chosen, reference_rejected, tau):
    gap = chosen - rejected - (reference_chosen - reference_rejected)
    return (gap - 1 / (2 * mpf(tau))) ** 2


@facts(
    known=[
        # Schulman et al. (2017), figure 1: both sides of both advantages, ε = 0.2.
        (
            {
                "log_probs": [[math.log(r)]],
                "old_log_probs": [[0.0]],
                "advantages": [[a]],
            },
            expected,
        )
        for r, a, expected in [
            (1.5, 1.0, -1.2),
            (0.5, 1.0, -0.5),
            (1.5, -1.0, 1.5),
            (0.5, -1.0, 0.8),
            (1.1, 2.0, -2.2),
        ]
    ],
    extremes=[
        {"log_probs": new, "old_log_probs": old, "advantages": a}
        for new, old in [(-1.0, -41.0), (-41.0, -1.0), (-700.0, -700.125), (-1e4, -1e4)]
        for a in (-1e3, 1e-9, 1e3)
    ],
    outside=[],
)
def ppo_clip(log_probs, old_log_probs, advantages, clip):
    r, e = exp(log_probs) / exp(old_log_probs), mpf(clip)
    return -min(r * advantages, max(1 - e, min(1 + e, r)) * advantages)


@facts(
    known=[
        # Schulman (2020), r = π_ref / π = ½: -ln r, ½ ln² r, r - 1 - ln r.
        (_HALF := {"log_probs": [0.0], "reference_log_probs": [-LN2]}, LN2 - 0.5),
        (_HALF | {"kind": "k1"}, LN2),
        (_HALF | {"kind": "k2"}, LN2**2 / 2),
        ({"log_probs": [-2.0], "reference_log_probs": [-2.0]}, 0.0),
    ],
    extremes=[
        {"log_probs": a, "reference_log_probs": b}
        for a, b in [(-1.0, -41.0), (-41.0, -1.0), (-700.0, -700.5)]
    ],
    outside=[],
)
def kl_penalty(log_probs, reference_log_probs, kind):
    r = exp(reference_log_probs) / exp(log_probs)
    return {"k1": -log(r), "k2": log(r) ** 2 / 2, "k3": r - 1 - log(r)}[kind]


@facts(
    known=[
        # Meng et al. (2024), equation 6: the lead of β · ½ is the margin; then none at all.
        ({"chosen": [-1.0], "rejected": [-1.5]}, LN2),
        ({"chosen": [-1.0], "rejected": [-1.0]}, math.log1p(math.e)),
        ({"chosen": [-1.0], "rejected": [-2.0], "margin": 0.0}, math.log1p(math.exp(-2))),
    ],
    extremes=_GAPS,
    outside=[],
)
def simpo(chosen, rejected, beta, margin):
    return -log(1 / (1 + exp(mpf(margin) - mpf(beta) * (chosen - rejected))))


@facts(
    known=[
        # Hong et al. (2024), equations 6 and 7: odds of 3 against odds of 1, and of 1 against 3.
        (
            _ODDS := {"chosen": [math.log(3 / 4)], "rejected": [-LN2]},
            math.log(4 / 3) + 0.1 * math.log(4 / 3),
        ),
        (_ODDS | {"odds_weight": 0.0}, math.log(4 / 3)),
        ({"chosen": [-LN2], "rejected": [math.log(3 / 4)], "odds_weight": 1.0}, LN2 + 2 * LN2),
    ],
    extremes=[
        {"chosen": a, "rejected": b}
        for a, b in [(-1e-9, -40.0), (-40.0, -1e-9), (-1e4, -1e3), (-1e-9, -1e-9), (-0.5, -1e4)]
    ],
    outside=[("chosen", 0.0), ("chosen", 1.0), ("rejected", 0.0), ("rejected", 0.5)],
)
def orpo(chosen, rejected, odds_weight):
    odds = [exp(value) / (1 - exp(value)) for value in (chosen, rejected)]
    ratio = log(odds[0] / odds[1])
    return -chosen - mpf(odds_weight) * log(1 / (1 + exp(-ratio)))


@facts(
    known=[
        # Ethayarajh et al. (2024), equation 8: ½ at the reference point, for either kind.
        (
            _AT := {
                "log_probs": [-10.0],
                "target": [1.0],
                "reference_log_probs": [-10.0],
                "kl": 0.0,
            },
            0.5,
        ),
        (_AT | {"target": [0.0], "undesirable_weight": 1.5}, 0.75),
        # β (r - z) = ln 3: the sigmoid is ¾.
        (_AT | {"log_probs": [-10 + 10 * math.log(3)]}, 0.25),
        (_AT | {"log_probs": [-10 + 10 * math.log(3)], "target": [0.0]}, 0.75),
        (_AT | {"kl": 10 * math.log(3), "target": [0.0]}, 0.25),
    ],
    extremes=[
        {"log_probs": a, "target": y, "reference_log_probs": 0.0}
        for a in (-500.0, -1e-9, 40.0, 500.0)
        for y in (0.0, 1.0)
    ],
    outside=[("target", 0.5), ("target", -1.0), ("target", 2.0)],
)
def kto(log_probs, target, reference_log_probs, kl, beta, desirable_weight, undesirable_weight):
    """Ethayarajh et al. (2024), equation 8: λ_y - v, in which 1 - σ(x) = σ(-x)."""
    reward = log_probs - reference_log_probs
    if target == 1:
        return desirable_weight / (1 + exp(mpf(beta) * (reward - kl)))
    return undesirable_weight / (1 + exp(mpf(beta) * (kl - reward)))


@facts(
    known=[
        # Yu et al. (2025), equation 8 with ε_low = 0.2 and ε_high = 0.28, by hand.
        *(
            (
                {
                    "log_probs": [[math.log(r)]],
                    "old_log_probs": [[0.0]],
                    "advantages": [[a]],
                    "clip_high": 0.28,
                },
                expected,
            )
            for r, a, expected in [
                (1.5, 1.0, -1.28),
                (1.25, 1.0, -1.25),
                (0.5, 1.0, -0.5),
                (1.5, -1.0, 1.5),
                (0.5, -1.0, 0.8),
                (1.5, 0.0, 0.0),
            ]
        ),
        # Shao et al. (2024), equation 4: π_ref / π = ½ costs β (½ - 1 + ln 2).
        (
            {
                "log_probs": [[0.0]],
                "old_log_probs": [[0.0]],
                "advantages": [[2.0]],
                "reference_log_probs": [[-LN2]],
            },
            -2 + 0.04 * (LN2 - 0.5),
        ),
    ],
    # Where the clipped branch wins, the ratio may be larger than any number.
    extremes=[
        {"log_probs": new, "old_log_probs": old, "advantages": a}
        for new, old in [(-1.0, -41.0), (-41.0, -1.0), (0.0, -1e3), (-1e4, 0.0), (-700.0, -700.125)]
        for a in (-1e3, 1e-9, 0.0, 1e3)
        if not (a < 0 and new - old > 100)
    ],
    outside=[],
)
def grpo(log_probs, old_log_probs, advantages, beta, clip_low, clip_high, reference_log_probs=None):
    r = exp(log_probs) / exp(old_log_probs)
    held = max(1 - mpf(clip_low), min(1 + mpf(clip_high), r))
    surrogate = -min(r * advantages, held * advantages)
    if reference_log_probs is None:
        return surrogate
    return surrogate + mpf(beta) * kl_penalty(log_probs, reference_log_probs, "k3")
