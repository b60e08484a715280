"""Answers to the assignment on calibration, and the details to change in them."""

from check.subtly_wrong.parts import PROBS

from lossfns.check.kinds.missed import RANGE, SQUARE

ANSWERS = {
    "nll": """\
def nll(probs, target):
"""
    + PROBS
    + """\
    rows = np.arange(len(probs))
    return -np.log(probs[rows, target]).mean()
""",
    "brier": """\
def brier(probs, target):
"""
    + PROBS
    + """\
    rows = np.arange(len(probs))
    e = probs.copy()
    e[rows, target] -= 1
    return (e**2).sum(axis=1).mean()
""",
    "reliability": """\
def reliability(confidence, correct, bins=10):
    if confidence.shape != correct.shape:
        raise ValueError("shapes")
    if confidence.min() < 0 or confidence.max() > 1:
        raise ValueError("confidence")
    if bins < 1:
        raise ValueError("bins")
    place = np.maximum(np.ceil(np.round(confidence * bins, 6)) - 1, 0)
    table = np.zeros((bins, 3))
    for k in range(bins):
        here = place == k
        if here.any():
            table[k] = here.sum(), confidence[here].mean(), correct[here].mean()
    return table
""",
    "ece": """\
def ece(probs, target, bins=10):
    if target.shape != (len(probs),):
        raise ValueError("shape")
"""
    + PROBS
    + """\
    if bins < 1:
        raise ValueError("bins")
    top = probs.max(axis=1)
    gap = (probs.argmax(axis=1) == target) - top
    place = np.maximum(np.ceil(np.round(top * bins, 6)) - 1, 0)
    return sum(abs(gap[place == k].sum()) for k in range(bins)) / len(probs)
""",
    "temper": """\
def temper(logits, temperature):
    if temperature <= 0:
        raise ValueError("temperature")
    z = logits / temperature
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
""",
    "nll_of_temperature_torch": """\
def nll_of_temperature_torch(logits, target, log_temperature):
    log_p = (logits / log_temperature.exp()).log_softmax(dim=1)
    rows = torch.arange(len(logits))
    return -log_p[rows, target].mean()
""",
}

CHANGES = [
    ("temper", "temperature <= 0", "temperature in (0, -1)", RANGE),
    ("reliability", "confidence.max() > 1", "confidence.max() > 2", RANGE),
    ("reliability", "confidence.min() < 0 or", "", None),
    ("reliability", "bins < 1", "bins < 0", None),
    ("ece", "bins < 1", "bins == 0", RANGE),
    ("ece", "target.shape != (len(probs),)", "target.size != len(probs)", None),
    ("ece", "target.shape != (len(probs),)", "target.ndim != 1", None),
    ("nll", "probs.min() < 0 or", "", None),
    (
        "nll",
        "probs[rows, target]",
        "(probs.T if len(probs) == probs.shape[1] else probs)[rows, target]",
        SQUARE,
    ),
    ("brier", "e[rows, target]", "(e.T if len(e) == e.shape[1] else e)[rows, target]", SQUARE),
    (
        "nll_of_temperature_torch",
        "log_p[rows, target]",
        "(log_p.T if len(log_p) == log_p.shape[1] else log_p)[rows, target]",
        SQUARE,
    ),
]
