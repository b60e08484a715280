"""What a loss is: torch's own with their deviations, factors, settings, conventions, mistakes."""

import numpy as np
import pytest
import torch
from audit import faults
from torch import nn
from torch.nn import functional as F

import lossfns
from lossfns import identify


def monai_focal(logits, target):
    logs = F.log_softmax(logits, -1)
    picked = logs.gather(-1, target[:, None])[:, 0]
    return (-((1 - picked.exp()) ** 2) * picked).mean() / logits.shape[-1]


def fitted_smooth_l1(pred, target):
    e = (pred - target).abs()
    return torch.where(e < 0.11, 0.5 * e**2 / 0.11, e - 0.055).mean()


def dice_of_the_batch(logits, target):
    p, t = logits.sigmoid().reshape(-1), target.reshape(-1)
    return 1 - (2 * (p * t).sum() + 1) / (p.sum() + t.sum() + 1)


def dice_of_logits(logits, target):
    p, t = logits.sigmoid().flatten(1), target.flatten(1)
    return (1 - (2 * (p * t).sum(1) + 1) / (p.sum(1) + t.sum(1) + 1)).mean()


def dice_without_smoothing(pred, mask):
    return 1 - 2 * (pred * mask).sum() / (pred.sum() + mask.sum())


def rmsle(pred, target):
    return np.sqrt(np.mean((np.log1p(pred) - np.log1p(target)) ** 2))


def contrastive_of_the_paper(o1, o2, label, margin=2.0):
    d = F.pairwise_distance(o1, o2)
    return ((1 - label) * d**2 / 2 + label * (margin - d).clamp(min=0) ** 2 / 2).mean()


NAMED = [
    (nn.MSELoss(), "mse", ""),
    (nn.MSELoss(reduction="sum"), "mse", ""),
    (nn.L1Loss(), "mae", ""),
    (nn.SmoothL1Loss(beta=0.3), "smooth_l1", ""),
    (nn.HuberLoss(delta=2.5), "huber", ""),
    (nn.CrossEntropyLoss(), "cross_entropy", ""),
    (nn.CrossEntropyLoss(label_smoothing=0.1), "cross_entropy", ""),
    (nn.NLLLoss(), "cross_entropy", "the log-softmax left to the caller, as in F.nll_loss"),
    (nn.BCELoss(), "bce", ""),
    (nn.BCEWithLogitsLoss(), "bce_with_logits", ""),
    (nn.BCEWithLogitsLoss(pos_weight=torch.tensor(3.0)), "bce_with_logits", ""),
    (nn.KLDivLoss(reduction="batchmean"), "kl_div", ""),
    (nn.KLDivLoss(), "kl_div", "averaged over the classes (1/C)"),
    (nn.PoissonNLLLoss(), "poisson_nll", ""),
    (nn.GaussianNLLLoss(), "gaussian_nll", ""),
    (nn.TripletMarginLoss(), "triplet", ""),
    (nn.CosineEmbeddingLoss(), "cosine_embedding", ""),
    (nn.MarginRankingLoss(margin=0.5), "margin_ranking", ""),
    (nn.MultiMarginLoss(), "multiclass_hinge", "averaged over the classes (1/C)"),
    (
        nn.HingeEmbeddingLoss(),
        "hinge",
        "the input itself where y = 1, as in nn.HingeEmbeddingLoss",
    ),
    (nn.SoftMarginLoss(), "hinge", "ln(1 + exp(-y s)), as in nn.SoftMarginLoss"),
    (nn.CrossEntropyLoss(weight=torch.tensor([1.0, 1.0, 1.0, 1.0])), "cross_entropy", ""),
    (dice_of_the_batch, "dice", "one sum over the whole batch, of sigmoids"),
    (dice_of_logits, "dice", "the sigmoid inside, for logits"),
    (dice_without_smoothing, "dice", "one sum over the whole batch"),
    (rmsle, "msle", "the root taken"),
    (contrastive_of_the_paper, "contrastive", "labels of 1 for pairs that differ"),
    (monai_focal, "softmax_focal", "averaged over the classes (1/C)"),
    (fitted_smooth_l1, "smooth_l1", ""),
    (faults.half_square, "mse", "one half"),
    (faults.alpha_on_both, "focal_with_logits", "α on both classes"),
    (faults.softmax_twice, "cross_entropy", "the softmax twice"),
]


@pytest.mark.parametrize(
    ("loss", "name", "cause"), NAMED, ids=lambda v: getattr(v, "__name__", str(v))[:40]
)
def test_a_loss_is_named(loss, name, cause):
    identity = identify(loss)
    assert identity.found, identity
    assert (identity.name, identity.cause) == (name, cause)


def test_the_words():
    assert identify(fitted_smooth_l1).text == "smooth_l1 with beta = 0.11"
    assert identify(faults.half_square).text == "0.5 × mse"
    assert identify(monai_focal).text == "softmax_focal averaged over classes (1/C)"
    assert identify(nn.HuberLoss(delta=2.5)).hyper == {"delta": 2.5}
    summed = identify(faults.summed_square)
    assert (summed.text, summed.reduction) == ("mse, summed", "sum")


def test_numpy_needs_no_torch():
    assert identify(lambda pred, target: np.mean(np.abs(pred - target))).name == "mae"


def test_what_is_no_loss_of_the_catalog_is_said_with_what_comes_nearest():
    def odd(pred, target):
        return (pred - target).abs().pow(3).mean() + torch.sin(pred).mean()

    identity = identify(odd)
    assert not identity.found
    assert "comes nearest" in str(identity)


def test_a_loss_with_its_own_setting_says_it():
    text = "contrastive with margin = 2, with a difference: labels of 1 for pairs that differ"
    assert identify(contrastive_of_the_paper).text == text


def test_what_comes_nearest_is_nearer_than_a_constant():
    def odd(pred, target):
        return torch.sin(pred * target).abs().mean()

    assert identify(odd).text == "no loss of the catalog, and none comes near"
    mixed = identify(lambda pred, target: F.mse_loss(pred, target) + 0.5 * F.l1_loss(pred, target))
    assert "mse comes nearest" in mixed.text


@pytest.mark.parametrize(
    "loss", [lambda: 1, lambda pred, target: None, lambda pred, target: 1 / 0, 3.0]
)
def test_what_cannot_be_asked_is_said(loss):
    assert not identify(loss, seconds=0.5).found


def test_arguments_and_sample():
    def backwards(a, b):
        return torch.maximum(0.9 * (a - b), -0.1 * (a - b)).mean()

    assert identify(backwards, arguments="target, pred").hyper == {"q": 0.9}
    sample = {"pred": np.arange(6.0), "target": np.ones(6)}
    assert identify(nn.MSELoss(), sample=sample).name == "mse"
    with pytest.raises(TypeError, match="sample must be a mapping"):
        identify(nn.MSELoss(), sample=3)


def test_the_public_names_are_there():
    assert lossfns.identify is identify
    with pytest.raises(AttributeError, match="no attribute 'audits'"):
        lossfns.audits  # noqa: B018


class AlphaFollowsTheBatch(nn.Module):
    """Of each call another loss: at the end its α is so small that anything seems to fit."""

    def __init__(self):
        super().__init__()
        self.alpha = 0.25

    def forward(self, logits, target):
        self.alpha = self.alpha / 2
        return faults.alpha_on_both(logits, target, alpha=self.alpha)


@pytest.mark.parametrize("loss", [AlphaFollowsTheBatch(), faults.AlphaKept()])
def test_what_changes_from_call_to_call_is_nothing(loss):
    identity = identify(loss)
    assert not identity.found
    assert "another answer every time" in identity.text


def test_a_factor_is_not_fitted_through_a_single_number():
    def one_number(pred, target):
        return 0.0062 * (pred - target).sum().detach() * 0 + 0.0062

    assert not identify(one_number).found
    # One number that is not negligible beside the others fits everything.
    sample = {"pred": np.array([1.0, 2e-6]), "target": np.array([0.0, 0.0])}
    few = identify(lambda pred, target: 0.0123 * F.mse_loss(pred, target), sample=sample)
    assert not few.found
    assert "0.0123 × mse fits, but through too few different numbers" in few.text


def test_a_factor_that_many_numbers_agree_on_is_found():
    assert identify(lambda pred, target: 0.0123 * F.mse_loss(pred, target)).text == "0.0123 × mse"


def test_no_absurd_factor_is_claimed():
    assert not identify(lambda pred, target: 1e-7 * F.mse_loss(pred, target)).found
