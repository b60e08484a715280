"""Robust in what? A bounded pull and a bounded loss of a wrong label, both computed."""

import numpy as np
import pytest
from library.cases import REQUIRED, every_loss, numpy_loss

import lossfns.numpy as ln
from lossfns import catalog
from lossfns.chooser import ADVICE

# How far predictions are pushed, twice: in logits or logarithms where e to that power counts,
# else as a multiple. What grows at all grows by more than a factor of 2 in between.
LOGITS = (5.0, 30.0)
MULTIPLES = (1e3, 1e6)
HARD = {"classification", "imbalance", "segmentation", "sequence"}


def pushed(record, pred, far):
    """The same predictions, as far out in their domain as one likes, on the side they are on."""
    name, side = record.wrt[0], np.where(pred > np.median(pred), far, -far)
    rows = side - np.logaddexp.reduce(side, axis=-1, keepdims=True) if pred.ndim > 1 else None
    if name == "probs":
        sums_to_1 = pred.ndim > 1 and np.allclose(pred.sum(-1), 1)
        return np.exp(rows) if sums_to_1 else 1 / (1 + np.exp(-side))
    if name == "log_probs" and pred.ndim > 1 and np.allclose(np.exp(pred).sum(-1), 1):
        return rows
    if name in {"log_rate", "log_mean"}:
        return side
    return np.expm1(side) if record.name == "msle" else far * pred


def distances(record):
    steep = record.name == "msle" or record.wrt[0] in {"probs", "log_probs", "log_rate", "log_mean"}
    return LOGITS if steep else MULTIPLES


def drawn(record):
    needed = {n: h.valid[0] for n, h in record.hyper.items() if h.default is REQUIRED}
    return record.sample(np.random.default_rng(3), 64) | needed


@every_loss
def test_a_bounded_pull_is_one_that_no_prediction_exceeds(record):
    arguments, name = drawn(record), record.wrt[0]

    def steepest(far):
        moved = arguments | {name: pushed(record, arguments[name], far)}
        return np.abs(numpy_loss(record).grad(**moved, reduction=record.reductions[-1])).max()

    near, far = map(steepest, distances(record))
    assert (far <= 2 * near) == record.bounded_pull, (near, far)


def test_the_pull_of_rmse_is_at_most_one_over_the_root_of_n():
    for n in (1, 4, 100):
        for far in (1.0, 1e3, 1e100):
            error = np.append(np.zeros(n - 1), far)
            assert np.abs(ln.rmse.grad(error, np.zeros(n))).max() <= 1 / np.sqrt(n) + 1e-12


@every_loss
def test_label_noise_asks_whether_a_wrong_label_costs_without_bound(record):
    """The largest loss of an item, of predictions that are ever surer, of whatever label."""
    if record.label_noise is None:
        assert record.family not in HARD
        return
    arguments, name = drawn(record), record.wrt[0]

    def costliest(sure):
        moved = arguments | {name: pushed(record, arguments[name], sure)}
        return numpy_loss(record)(**moved, reduction="none").max()

    near, far = costliest(10.0), costliest(300.0)
    assert (far <= 2 * near) == record.label_noise, (near, far)


SURE = np.linspace(0.0, 300.0, 200)


def loss_of_every_label(name, **settings):
    """A row for each prediction, ever surer of the first of three classes; a column a label."""
    logits = SURE[:, None] * np.array([1.0, 0.0, 0.0])
    settings["reduction"] = "none"
    if name == "brier":
        logits = np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))
    return np.stack(
        [getattr(ln, name)(logits, np.full(len(SURE), k), **settings) for k in range(3)], axis=1
    )


def test_a_symmetric_loss_costs_the_same_over_all_labels_together():
    """Ghosh, Kumar & Sastry (2017), theorem 1: then symmetric noise moves no minimum."""
    total = loss_of_every_label("generalized_cross_entropy", q=1.0).sum(axis=1)
    assert total == pytest.approx(np.full(len(SURE), 2.0))  # Σ_k (1 - p_k) of three classes
    assert np.ptp(loss_of_every_label("cross_entropy").sum(axis=1)) > 500


@pytest.mark.parametrize(
    "name, settings, keeps",
    [
        ("generalized_cross_entropy", {"q": 1.0}, True),
        ("brier", {}, False),
        ("cross_entropy", {}, False),
    ],
)
def test_under_noise_only_the_symmetric_loss_stays_as_sure_as_without(name, settings, keeps):
    """Three classes, the label is right six times in ten: the best prediction in expectation."""
    risk = loss_of_every_label(name, **settings) @ np.array([0.6, 0.2, 0.2])
    assert (risk.argmin() == len(SURE) - 1 or np.ptp(risk[risk.argmin() :]) < 1e-9) == keeps
    # What is bounded errs by a bounded amount: the sure prediction costs no more than the range.
    assert (risk[-1] - risk.min() < 1) == (catalog[name].label_noise is True)


def test_what_is_suggested_against_outliers_or_wrong_labels_is_bounded_or_says_that_it_is_not():
    for advice in ADVICE.values():
        for suggestion in advice:
            record = catalog[suggestion.loss]
            if "outliers" in suggestion.because:
                assert record.bounded_pull, record.name
            if "noisy_labels" in suggestion.because:
                assert record.label_noise or "not bounded" in suggestion.reason, record.name
