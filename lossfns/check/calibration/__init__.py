"""The exercises of chapter 7, with the mistakes that people make in them."""

from lossfns.check.calibration import bins, fitting, gaps, scores, temperature

EXERCISES = (
    scores.NLL,
    scores.BRIER,
    bins.RELIABILITY,
    gaps.ECE,
    gaps.MAX_CALIBRATION_ERROR,
    temperature.TEMPER,
    fitting.FIT_TEMPERATURE,
    temperature.NLL_OF_TEMPERATURE_TORCH,
    fitting.CALIBRATE,
)
