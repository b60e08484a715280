"""Columns of data frames, of pandas and of polars, where an array is asked for."""

import pandas as pd
import polars as pl
import pytest

import lossfns.numpy as ln


def test_columns_of_pandas():
    frame = pd.DataFrame({"pred": [0.5, 3.0], "target": [0.0, 1.0], "label": [1, -1]}, index=[7, 3])
    assert ln.mse(frame.pred, frame.target) == 2.125
    assert ln.mse(frame[["pred"]], frame[["target"]]) == 2.125
    assert ln.hinge(frame.pred, frame.label.astype("Int64")) == ln.hinge([0.5, 3.0], [1, -1])
    gap = pd.Series([0.0, None], dtype="Float64")
    assert ln.mse(frame.pred, gap, sample_weight=gap.notna()) == 0.25
    with pytest.raises(ValueError, match="target holds NaN at index"):
        ln.mse(frame.pred, gap)
    with pytest.raises(ValueError, match=r"pred and target must have the same shape, .*\(2, 1\)"):
        ln.mse(frame[["pred"]], frame.target)
    for text in (pd.Series(["a", "b"]), pd.Series(["a", "b"], dtype="category")):
        with pytest.raises(TypeError, match="target must hold real numbers, got dtype"):
            ln.mse(frame.pred, text)


def test_columns_of_polars():
    frame = pl.DataFrame({"pred": [0.5, 3.0], "target": [0.0, 1.0], "gap": [0.0, None]})
    assert ln.mse(frame["pred"], frame["target"]) == 2.125
    assert ln.mse(frame.select("pred"), frame.select("target")) == 2.125
    assert ln.mse(frame["pred"], frame["gap"], sample_weight=frame["gap"].is_not_null()) == 0.25
    with pytest.raises(ValueError, match="target holds NaN at index"):
        ln.mse(frame["pred"], frame["gap"])
    with pytest.raises(TypeError, match="target must hold real numbers, got dtype"):
        ln.mse(frame["pred"], pl.Series(["a", "b"]))
