"""The losses from preferences as papers print them; see `library.textbook`."""

import math

from mpmath import exp, log, mpf


def reward_model(chosen, rejected):
    return -log(1 / (1 + exp(-(chosen - rejected))))


def dpo(chosen, rejected, reference_chosen, reference_rejected, beta):
    rewards = (chosen - reference_chosen, rejected - reference_rejected)
    return reward_model(*(mpf(beta) * reward for reward in rewards))


def ipo(chosen, rejected, reference_chosen, reference_rejected, tau):
    gap = chosen - rejected - (reference_chosen - reference_rejected)
    return (gap - 1 / (2 * mpf(tau))) ** 2


def ppo_clip(log_probs, old_log_probs, advantages, clip):
    r, e = exp(log_probs) / exp(old_log_probs), mpf(clip)
    return -min(r * advantages, max(1 - e, min(1 + e, r)) * advantages)


def kl_penalty(log_probs, reference_log_probs, kind):
    r = exp(reference_log_probs) / exp(log_probs)
    return {"k1": -log(r), "k2": log(r) ** 2 / 2, "k3": r - 1 - log(r)}[kind]


# No gap whose exponential is a number of float64 but smaller than 80 digits of 1.
_GAPS = [
    {"chosen": a, "rejected": b}
    for a, b in [(5e3, -5e3), (-5e3, 5e3), (1e-9, 0.0), (-50.0, 40.0), (1e4, 3.0)]
]
_AT_ZERO = {"reference_chosen": 0.0, "reference_rejected": 0.0}

EXTREMES = {
    "reward_model": _GAPS,
    "dpo": [gap | _AT_ZERO for gap in _GAPS],
    "ipo": [gap | _AT_ZERO for gap in _GAPS],
    "ppo_clip": [
        {"log_probs": new, "old_log_probs": old, "advantages": a}
        for new, old in [(-1.0, -41.0), (-41.0, -1.0), (-700.0, -700.125), (-1e4, -1e4)]
        for a in (-1e3, 1e-9, 1e3)
    ],
    "kl_penalty": [
        {"log_probs": a, "reference_log_probs": b}
        for a, b in [(-1.0, -41.0), (-41.0, -1.0), (-700.0, -700.5)]
    ],
}

LN2 = math.log(2)
_PAIR = {
    "chosen": [-10.0],
    "rejected": [-10.0],
    "reference_chosen": [-12.0],
    "reference_rejected": [-9.0],
}
_START = _PAIR | {"reference_chosen": [-10.0], "reference_rejected": [-10.0]}

KNOWN = {
    "reward_model": [
        # Bradley & Terry: a lead of ln 3 wins three times out of four.
        ({"chosen": [math.log(3)], "rejected": [0.0]}, math.log(4 / 3)),
        ({"chosen": [5.0], "rejected": [5.0]}, LN2),
    ],
    "dpo": [
        # Rafailov et al. (2023), equation 7: ln 2 at the reference; Δ = 3 and β = 0.1.
        (_START, LN2),
        (_PAIR, math.log1p(math.exp(-0.3))),
        (_PAIR | {"beta": 1.0}, math.log1p(math.exp(-3))),
    ],
    "ipo": [
        # Azar et al. (2024), equation 17: (3 - 1/(2 τ))².
        (_PAIR | {"tau": 0.25}, 1.0),
        (_PAIR, 4.0),
        (_START, 25.0),
    ],
    "ppo_clip": [
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
    "kl_penalty": [
        # Schulman (2020), r = π_ref / π = ½: -ln r, ½ ln² r, r - 1 - ln r.
        (_HALF := {"log_probs": [0.0], "reference_log_probs": [-LN2]}, LN2 - 0.5),
        (_HALF | {"kind": "k1"}, LN2),
        (_HALF | {"kind": "k2"}, LN2**2 / 2),
        ({"log_probs": [-2.0], "reference_log_probs": [-2.0]}, 0.0),
    ],
}

OUTSIDE = dict.fromkeys(EXTREMES, [])
