"""The exercises of chapter 2, with the mistakes that people make in them."""

from lossfns.check.regression import absolute, line, logarithmic, piecewise, squared

EXERCISES = (
    squared.MSE,
    squared.MSE_GRAD,
    absolute.MAE,
    absolute.MAE_GRAD,
    squared.RMSE,
    piecewise.HUBER,
    piecewise.HUBER_GRAD,
    absolute.QUANTILE,
    logarithmic.LOG_COSH,
    squared.MSE_TORCH,
    piecewise.HUBER_TORCH,
    logarithmic.GAUSSIAN_NLL_TORCH,
    line.FIT_LINE,
)
