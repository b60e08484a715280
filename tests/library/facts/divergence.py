"""Divergences as textbooks print them."""

import numpy as np
from library.facts.row import facts
from library.facts.shared import (
    INF,
    LN2,
    LN3,
    LN5,
    LOGITS,
    OFF_ROWS,
    ONE_HOT,
    against,
    softmax,
    times_log,
)
from mpmath import exp


@facts(
    known=[
        # Cover & Thomas, Elements of Information Theory, example 2.1.1: 7/4 bits.
        ({"probs": [[0.5, 0.25, 0.125, 0.125]]}, 1.75 * LN2),
        ({"probs": [[0.0, 1.0]]}, 0.0),
    ],
    extremes=[{"probs": [1.0, 1e-30, 1e-20, 1e-9]}, {"probs": [0.25] * 4}],
    outside=OFF_ROWS,
)
def entropy(probs):
    return -sum(map(times_log, probs, probs))


@facts(
    known=[
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
    extremes=against("log_probs", [[-1000.0, 0.0, -1000.0, -500.0]], "target", ONE_HOT),
    outside=[("log_probs", 0.5), ("log_probs", 0.0), ("target", 1.5), ("target", -0.1)],
)
def kl_div(log_probs, target):
    return _kl(target, [exp(lp) for lp in log_probs])


@facts(
    known=[
        # Distributions that do not overlap: ln 2, the most there is (Lin 1991).
        ({"log_probs": [[0.0, -1000.0]], "target": [[0.0, 1.0]]}, LN2),
        ({"log_probs": [[0.0, -INF]], "target": [[0.0, 1.0]]}, LN2),
        # (0.9, 0.1) against (0.1, 0.9): ln 2 - H(0.9).
        (
            {"log_probs": np.log([[0.9, 0.1]]).tolist(), "target": [[0.1, 0.9]]},
            LN2 - 0.3250829733914482,
        ),
    ],
    extremes=against("log_probs", [[-1000.0, 0.0, -1000.0, -500.0]], "target", ONE_HOT),
    outside=[("log_probs", 0.5), ("log_probs", 0.0), ("target", 1.5), ("target", -0.1)],
)
def js_div(log_probs, target):
    probs = [exp(lp) for lp in log_probs]
    middle = [(p + t) / 2 for p, t in zip(probs, target, strict=True)]
    return (_kl(probs, middle) + _kl(target, middle)) / 2


@facts(
    known=[
        # Kingma & Welling (2014), appendix B, by hand: ½ (1² + 2²); ½ (2 - 1 - ln 2).
        ({"mean": [[1.0, 2.0]], "log_var": [[0.0, 0.0]]}, 2.5),
        ({"mean": [[0.0]], "log_var": [[LN2]]}, 0.15342640972002736),
    ],
    extremes=against("mean", [[1e-9, 1e15, 0.0, 1.0]], "log_var", [[80.0, 0.0, 1e-9, -1e3]]),
    outside=[],
)
def gaussian_kl(mean, log_var):
    terms = [m**2 + exp(s) - 1 - s for m, s in zip(mean, log_var, strict=True)]
    return sum(terms) / 2


@facts(
    known=[
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
    extremes=against("student_logits", LOGITS, "teacher_logits", LOGITS),
    outside=[],
)
def distillation(student_logits, teacher_logits, temperature):
    student = softmax([z / temperature for z in student_logits])
    teacher = softmax([z / temperature for z in teacher_logits])
    return temperature**2 * _kl(teacher, student)


def _kl(p, q):
    return sum(times_log(a, a) - times_log(a, b) for a, b in zip(p, q, strict=True))
