"""An ε under a logarithm, or a clip, is recognised whatever its value."""

import numpy as np
import pytest

from lossfns.check import CheckFailed, check


def log_of(p, eps, clipped):
    if isinstance(p, np.ndarray):
        return np.log(np.maximum(p, eps) if clipped else p + eps)
    return (p.clamp(min=eps) if clipped else p + eps).log()


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def sigmoid(z):
    e = np.exp(-abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def reduced(losses, reduction):
    if reduction not in ("mean", "sum", "none"):
        raise ValueError
    return losses if reduction == "none" else getattr(losses, reduction)()


def cross_entropy(log):
    def loss(logits, target, reduction="mean"):
        p = softmax(logits)[np.arange(len(logits)), target]
        return reduced(-log(p), reduction)

    return loss


def bce_with_logits(log):
    def loss(logits, target, reduction="mean"):
        p = sigmoid(logits)
        return reduced(-(target * log(p) + (1 - target) * log(1 - p)), reduction)

    return loss


def cross_entropy_torch(log):
    def loss(logits, target, label_smoothing=0.0):
        log_p = log(logits.softmax(dim=1))
        own = log_p.gather(1, target[:, None])[:, 0]
        return -((1 - label_smoothing) * own + label_smoothing * log_p.mean(dim=1)).mean()

    return loss


def nll(log):
    return lambda probs, target: -log(probs[np.arange(len(probs)), target]).mean()


def two_head_loss_torch(log):
    def loss(class_logits, labels, pred, target, lam):
        p = class_logits.softmax(dim=1).gather(1, labels[:, None])
        return -log(p).mean() + lam * ((pred - target) ** 2).mean()

    return loss


def info_nce(log):
    def loss(queries, keys, temperature=0.1):
        q, k = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (queries, keys))
        return -log(np.diagonal(softmax(q @ k.T / temperature))).mean()

    return loss


WRITTEN = {
    "cross_entropy": (cross_entropy, "confident mistakes hidden by clipping"),
    "bce_with_logits": (bce_with_logits, "a saturated sigmoid hidden by clipping"),
    "cross_entropy_torch": (cross_entropy_torch, "confident mistakes hidden by clipping"),
    "nll": (nll, "the probability clipped"),
    "two_head_loss_torch": (two_head_loss_torch, "an ε under the logarithm"),
    "info_nce": (info_nce, "a constant inside the logarithm"),
}


@pytest.mark.parametrize("clipped", [True, False])
@pytest.mark.parametrize(
    ("name", "eps"),
    [
        (name, eps)
        for name in WRITTEN
        for eps in (1e-7, 1e-8, 1e-10, 1e-12, 1e-15)
        # At temperatures as low as asked for, 1e-7 changes ordinary losses beyond recognition.
        if (name, eps) != ("info_nce", 1e-7)
    ],
)
def test_an_epsilon_of_any_value_is_recognised(name, eps, clipped):
    written, called = WRITTEN[name]
    with pytest.raises(CheckFailed) as failure:
        check(name, written(lambda p: log_of(p, eps, clipped)))
    explained = failure.value.verdict.explained
    assert explained is not None, failure.value
    assert explained.name.startswith(called) or "inside the logarithm" in explained.name


def by_quotient(z, labels):
    powers = z.exp()
    return -(powers / powers.sum(dim=1, keepdim=True)).gather(1, labels[:, None]).log()


def by_library_softmax(z, labels):
    return -z.softmax(dim=1).gather(1, labels[:, None]).log()


def by_normaliser(z, labels):
    return z.exp().sum(dim=1).log() - z.gather(1, labels[:, None])[:, 0]


@pytest.mark.parametrize("cross_entropy", [by_quotient, by_library_softmax, by_normaliser])
def test_an_overflow_is_not_taken_for_a_clip(cross_entropy):
    """Where it begins depends on how the formula is written."""

    def loss(class_logits, labels, pred, target, lam):
        return cross_entropy(class_logits, labels).mean() + lam * ((pred - target) ** 2).mean()

    for seed in range(3):
        with pytest.raises(CheckFailed) as failure:
            check("two_head_loss_torch", loss, seed=seed)
        assert failure.value.verdict.explained.name == "overflow of the softmax"
