"""Records of the losses of images and sounds."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from lossfns.records.record import REQUIRED, Arrays, Function, Hyper, Record

SAMPLES, PIXELS = 6, 11

_NAN = float("nan")


def _sounds(rng: np.random.Generator, n: int) -> Arrays:
    target = rng.normal(size=(n, SAMPLES))
    return {"pred": 0.8 * target + 0.6 * rng.normal(size=(n, SAMPLES)), "target": target}


def _images(rng: np.random.Generator, n: int) -> Arrays:
    target = rng.uniform(0.0, 1.0, (n, PIXELS, PIXELS))
    return {"pred": target + 0.1 * rng.normal(size=target.shape), "target": target}


def _one_window_is_enough(settings: Mapping[str, Any]) -> bool:
    """The smaller window, of which there are many in an image, with one range only."""
    return bool(settings["window"] == PIXELS or settings["data_range"] == 2.0)


LOSSES = [
    Record(
        name="si_sdr",
        task="separating or cleaning sounds, whatever their volume",
        formula=r"10 \log_{10} \frac{\lVert \hat s - a s \rVert^2}{\lVert a s \rVert^2},"
        r"\quad a = \frac{\langle \hat s, s \rangle}{\lVert s \rVert^2}",
        units="decibels",
        convex=False,
        differentiable="except for perfect estimates and for none at all",
        bounded_pull=True,
        domain="pred, target real, not silent",
        sample=_sounds,
        item_axes=1,
        hyper={"zero_mean": Hyper(default=False, domain="bool", valid=(False, True), wrong=())},
        equivalents={
            "torchmetrics": "torchmetrics.functional.audio."
            "scale_invariant_signal_distortion_ratio (negated)",
            "asteroid": "asteroid.losses.SingleSrcNegSDR (sdr_type sisdr; zero_mean=True)",
        },
        paper="Le Roux et al. (2019), ICASSP, arXiv:1811.02508",
    ),
    Record(
        name="ssim",
        task="restoring images: structure rather than single pixels",
        formula=r"1 - \overline{\frac{(2\mu_x\mu_y + c_1)(2\sigma_{xy} + c_2)}"
        r"{(\mu_x^2 + \mu_y^2 + c_1)(\sigma_x^2 + \sigma_y^2 + c_2)}}",
        units="none",
        convex=False,
        differentiable="everywhere",
        bounded_pull=True,
        domain="pred, target real",
        sample=_images,
        item_axes=2,
        hyper={
            "data_range": Hyper(
                default=REQUIRED, domain="> 0", valid=(1.0, 2.0), wrong=(0.0, -1.0, _NAN)
            ),
            "window": Hyper(
                default=11, domain="odd", valid=(11, 9), wrong=(10, 0, -1, 13, 10.5, _NAN)
            ),
        },
        compatible=_one_window_is_enough,
        equivalents={
            "skimage": "skimage.metrics.structural_similarity"
            " (1 minus it; gaussian_weights=True, use_sample_covariance=False)",
            "torchmetrics": "torchmetrics.functional.image."
            "structural_similarity_index_measure (1 minus it; reflects at the edges)",
        },
        paper="Wang et al. (2004), IEEE Transactions on Image Processing 13(4)",
    ),
]

FUNCTIONS = [
    Function(
        name="multi_resolution_stft",
        task="generating speech: spectrograms at several window lengths",
        formula=r"\frac1M \sum_m \frac{\lVert |S_m| - |P_m| \rVert}{\lVert |S_m| \rVert}"
        r" + \overline{\bigl|\ln |S_m| - \ln |P_m|\bigr|}",
        gradient="by autograd, through the transforms",
        paper="Yamamoto, Song & Kim (2020), ICASSP, arXiv:1910.11480",
        chapter="multi-resolution-stft",
        equivalents={"auraloss": "auraloss.freq.MultiResolutionSTFTLoss"},
        backends=("torch",),
        why_not="it trains waveform generators, whose gradient only autograd has",
    ),
]
