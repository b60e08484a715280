"""The losses of generative models as papers print them."""

import math

from library.facts.row import facts
from library.facts.shared import (
    LN2,
)
from mpmath import exp, log, mpf

# Not on the edges of the hinge; not at the ends of the range, where 1 - σ needs more digits.
_SCORES = (-150.0, -40.0, 1e-9, 0.999, 1.001, 40.0, 150.0)

_IMAGE = {"pred": [150.0, -150.0, 1e-9, 3.0], "target": [1.0, 0.25, 0.0, 0.5]}


_LATENT = {"mean": [[1.0]], "log_var": [[0.0]]}

_PRIOR = {"mean": [[0.0]], "log_var": [[0.0]]}


@facts(
    # At a score of 0 the discriminator cannot tell: σ = ½.
    known=[
        *[
            ({"fake": [0.0], "kind": kind}, expected)
            for kind, expected in [
                ("minimax", -LN2),
                ("non_saturating", LN2),
                ("hinge", 0.0),
                ("least_squares", 0.5),
                ("wasserstein", 0.0),
            ]
        ],
        # σ = ¾.
        ({"fake": [math.log(3)], "kind": "minimax"}, -math.log(4)),
        ({"fake": [math.log(3)]}, math.log(4 / 3)),
        ({"fake": [3.0], "kind": "hinge"}, -3.0),
        ({"fake": [3.0], "kind": "least_squares"}, 2.0),
    ],
    extremes=[{"fake": f} for f in _SCORES],
    outside=[],
)
def gan_generator(fake, kind):
    d = 1 / (1 + exp(-fake))
    return {
        "minimax": lambda: log(1 - d),
        "non_saturating": lambda: -log(d),
        "hinge": lambda: -fake,
        "least_squares": lambda: (fake - 1) ** 2 / 2,
        "wasserstein": lambda: -fake,
    }[kind]()


@facts(
    known=[
        # Goodfellow et al. (2014), theorem 1: -log 4 is the value of the game, here with its sign.
        ({"real_scores": [0.0], "fake_scores": [0.0]}, math.log(4)),
        ({"real_scores": [0.0], "fake_scores": [0.0], "kind": "minimax"}, math.log(4)),
        # Lim & Ye (2017): beyond ±1 nothing, at 0 one each.
        ({"real_scores": [2.0], "fake_scores": [-3.0], "kind": "hinge"}, 0.0),
        ({"real_scores": [0.5], "fake_scores": [0.0], "kind": "hinge"}, 1.5),
        # Mao et al. (2017), equation 2 with a = 0, b = 1.
        ({"real_scores": [3.0], "fake_scores": [2.0], "kind": "least_squares"}, 4.0),
        ({"real_scores": [3.0], "fake_scores": [2.0], "kind": "wasserstein"}, -1.0),
    ],
    extremes=[
        {"real_scores": r, "fake_scores": f}
        for r, f in [(-150.0, 150.0), (150.0, -150.0), (1e-9, -40.0), (0.999, -0.999), (40.0, 1e-9)]
    ],
    outside=[],
)
def gan_discriminator(real_scores, fake_scores, kind):
    r, f = real_scores, fake_scores
    return {
        "minimax": lambda: -log(1 / (1 + exp(-r))) - log(1 / (1 + exp(f))),
        "non_saturating": lambda: -log(1 / (1 + exp(-r))) - log(1 / (1 + exp(f))),
        "hinge": lambda: max(mpf(0), 1 - r) + max(mpf(0), 1 + f),
        "least_squares": lambda: ((r - 1) ** 2 + f**2) / 2,
        "wasserstein": lambda: f - r,
    }[kind]()


@facts(
    known=[
        # Kingma & Welling (2014), appendix B and C.1, by hand: ½ (0.25 + 1) + ½ 1².
        (
            {"pred": [[0.5, 1.0]], "target": [[0.0, 0.0]], "likelihood": "gaussian", **_LATENT},
            1.125,
        ),
        # A decoder that says ½ everywhere and an encoder that says nothing: ln 2 a pixel.
        ({"pred": [[0.0, 0.0, 0.0]], "target": [[0.0, 1.0, 0.3]], **_PRIOR}, 3 * LN2),
        ({"pred": [[0.0]], "target": [[1.0]], "beta": 4.0, **_LATENT}, LN2 + 2.0),
    ],
    extremes=[
        _IMAGE | {"mean": [1e-9, 1e6], "log_var": [1e-9, 0.0]},
        _IMAGE | {"mean": [0.0, -3.0], "log_var": [60.0, -1e3]},
    ],
    outside=[("target", 1.5), ("target", -0.1)],
)
def elbo(pred, target, mean, log_var, beta, likelihood):
    pixels = zip(pred, target, strict=True)
    if likelihood == "bernoulli":
        surprise = sum(y * log(1 + exp(-z)) + (1 - y) * log(1 + exp(z)) for z, y in pixels)
    else:
        surprise = sum((x - y) ** 2 for x, y in pixels) / 2
    latent = zip(mean, log_var, strict=True)
    return surprise + mpf(beta) * sum(m**2 + exp(s) - 1 - s for m, s in latent) / 2


@facts(
    known=[
        # Ho et al. (2020), equation 14: the mean of 1² and 3².
        ({"pred": [[1.0, 3.0]], "target": [[0.0, 0.0]]}, 5.0),
        # Hang et al. (2023): min(SNR, 5) / SNR for predicted noise.
        ({"pred": [[1.0, 3.0]], "target": [[0.0, 0.0]], "snr": [10.0]}, 2.5),
        ({"pred": [[1.0, 3.0]], "target": [[0.0, 0.0]], "snr": [0.1]}, 5.0),
    ],
    extremes=[
        {"pred": pred, "target": [0.0, 1.0, 0.0, -1.0], "snr": snr}
        for pred in ([1e-9, 1.0, 0.0, -1.001], [1e9, 1e-9, 0.0, 1e4])
        for snr in (1e-30, 4.9, 1e30)
    ],
    outside=[("snr", 0.0), ("snr", -1.0)],
)
def diffusion(pred, target, snr, gamma):
    error = sum((a - b) ** 2 for a, b in zip(pred, target, strict=True)) / len(pred)
    return min(mpf(1), gamma / snr) * error
