"""The disagreements between libraries in one table: what, who, and by what factor.

Each row computes the two numbers that the section of its name on the page takes apart. PyTorch and
scikit-learn are asked; the others are not installed with the course, so their formulas are.
"""

import html
import math

import numpy as np

import lossfns.numpy as ln
from lossfns._extras import require

require("torch", "lossfns.explore.elsewhere", "PyTorch", "torch")
require("IPython", "lossfns.explore.elsewhere", "IPython", "explore")
import torch  # noqa: E402
from IPython.display import HTML  # noqa: E402
from torch.nn import functional as F  # noqa: E402

import lossfns.torch as lt  # noqa: E402

# What keras.backend.epsilon() says.
KERAS_EPSILON = 1e-7

# Three items over three classes.
_LOGITS = [[2.0, 0.5, -1.0], [0.0, 1.0, 0.0], [0.3, 0.2, 0.1]]
_LABELS = [0, 2, 2]
_WEIGHT = [1.0, 2.0, 5.0]


def table():
    """What libraries disagree about: a row for each section of the page, with a link to it."""
    rows = "".join(
        f'<tr><td><a href="#elsewhere-{label}">{html.escape(title)}</a></td>'
        f"<td>{html.escape(who)}</td><td>{ratio(*numbers)}</td></tr>"
        for label, title, who, numbers in disagreements()
    )
    head = "<tr><th>disagreement</th><th>who</th><th>ratio</th></tr>"
    return HTML(f'<table class="table"><thead>{head}</thead><tbody>{rows}</tbody></table>')


def ratio(one, other):
    """By what factor two libraries differ, in words where there is none.

    >>> ratio(6.0, 2.0), ratio(float("inf"), 1.0), ratio(float("nan"), 0.0), ratio(5.0, None)
    ('3', '∞', 'NaN : 0', '5 : refused')
    """
    if other is None:
        return f"{one:.3g} : refused"
    if not math.isfinite(one) or other == 0:
        return "∞" if one == math.inf else f"{one:.1g} : {other:.0f}".replace("nan", "NaN")
    return f"{one / other:.3g}"


def disagreements():
    """The rows: label and title of the section, who against whom, and the two numbers.

    >>> len(disagreements())
    28
    """
    return [
        ("reductions", "What the weights of a mean divide by",
         "Keras : lossfns, scikit-learn", _weighted_mean()),
        ("half", "One half, or not",
         "optax.l2_loss : everybody else", (0.5 * 3.0**2, ln.mse([3.0], [0.0]))),
        ("huber", "Huber and smooth L1",
         "huber_loss : smooth_l1_loss, at a threshold of 2", _huber()),
        ("log-cosh", "Log-cosh far out and near zero",
         "cosh then log, at an error of 100 : Keras, optax, lossfns", _log_cosh()),
        ("per-cent", "Per cent, and targets of zero",
         "Keras : scikit-learn, lossfns", (100 * 0.5 / 2.0, ln.mape([1.5], [2.0]))),
        ("poisson", "Poisson: what it takes, and what it leaves out",
         "PyTorch with full=True : the likelihood, for a count of 5", _poisson()),
        ("variance", "A variance of zero", "PyTorch : lossfns", (_floored_variance(), None)),
        ("zero", "A probability of exactly zero",
         "PyTorch : Keras", (_log_of_zero(), -math.log(KERAS_EPSILON))),
        ("class-weights", "Class weights: labels and one-hot rows",
         "PyTorch for rows : for labels", _rows_and_labels()),
        ("ignored", "A batch in which every label is ignored", "PyTorch : lossfns", _ignored()),
        ("smoothing", "Label smoothing",
         "over the wrong classes : over all classes", _smoothed()),
        ("kl", "The mean of a KL divergence", "lossfns, Keras, optax : PyTorch's mean", _kl()),
        ("hinge", "The labels of a hinge", "Keras : the plain formula, for labels 0 and 1",
         (max(0.0, 1 - (2 * 0 - 1) * 2.0), max(0.0, 1 - 0 * 2.0))),
        ("hinges", "A hinge over several classes", "lossfns : PyTorch", _multiclass_hinge()),
        ("focal", "The focal loss, with and without its balance",
         "Keras, optax : torchvision, lossfns", _focal()),
        ("dice", "Dice over a batch, and its smoothing", "lossfns : Keras", _dice()),
        ("tversky", "Tversky: which of the two weighs the misses",
         "lossfns, optax : Keras", _tversky()),
        ("background", "Dice in MONAI: the background and the smoothing",
         "MONAI with the background : without", _background()),
        ("focal-sum", "The sum of a focal loss", "torchvision : MONAI", _focal_sum()),
        ("ciou", "CIoU: the slope of its weight",
         "torchvision : lossfns, in y1 of one box", _ciou()),
        ("distance", "A distance of zero", "PyTorch : lossfns", (_distance(), 0.0)),
        ("mined", "The mean of a triplet loss",
         "PyTorch Metric Learning : lossfns", _mined()),
        ("pairs", "The contrastive loss of a pair",
         "PyTorch Metric Learning : lossfns, for three pairs", _pairs()),
        ("ctc", "The mean of CTC", "Keras, optax, lossfns : PyTorch", _ctc()),
        ("ssim", "Structural similarity, three ways",
         "scikit-image by default : lossfns", _similarity()),
        ("positives", "Several positives", "sup_con : NT-Xent with labels", _positives()),
        ("tokens", "The tokens of a group of answers", "GRPO : DAPO", _tokens()),
        ("shapes", "Column against row", "PyTorch : lossfns, optax", (_column_and_row(), None)),
    ]  # fmt: skip


def _weighted_mean():
    pred, target, weight = [1.0, 2.0, 4.0], [0.0] * 3, np.array([1.0, 1.0, 4.0])
    losses = ln.mse(pred, target, reduction="none")
    return np.sum(weight * losses) / 3, ln.mse(pred, target, sample_weight=weight)


def _huber():
    two = torch.tensor([3.0]), torch.zeros(1)
    return F.huber_loss(*two, delta=2.0).item(), F.smooth_l1_loss(*two, beta=2.0).item()


def _log_cosh():
    return torch.tensor([100.0]).cosh().log().item(), ln.log_cosh([100.0], [0.0])


def _poisson():
    theirs = F.poisson_nll_loss(torch.zeros(1), torch.tensor([5.0]), full=True)
    return theirs.item(), ln.poisson_nll([0.0], [5.0], full=True)


def _floored_variance():
    return F.gaussian_nll_loss(torch.zeros(1), torch.ones(1), torch.zeros(1)).item()


def _log_of_zero():
    return F.binary_cross_entropy(torch.zeros(1), torch.ones(1)).item()


def _rows_and_labels():
    logits, labels = torch.tensor(_LOGITS), torch.tensor(_LABELS)
    targets = F.one_hot(labels, 3).float(), labels
    weight = torch.tensor(_WEIGHT)
    return tuple(F.cross_entropy(logits, target, weight=weight).item() for target in targets)


def _ignored():
    labels = torch.full((3,), -100)
    theirs = F.cross_entropy(torch.tensor(_LOGITS), labels).item()
    return theirs, ln.cross_entropy(_LOGITS, labels.numpy())


def _smoothed():
    logits, amount = [[1.0, 2.0, 3.0]], 0.3
    over_others = [[1 - amount, amount / 2, amount / 2]]
    return (
        ln.cross_entropy(logits, over_others),
        ln.cross_entropy(logits, [0], label_smoothing=amount),
    )


def _kl():
    log_q, p = torch.tensor([[0.25, 0.25, 0.5]]).log(), torch.tensor([[0.5, 0.25, 0.25]])
    entries = F.kl_div(log_q, p, reduction="none")
    return ln.kl_div(log_q.numpy(), p.numpy()), entries.mean().item()


def _multiclass_hinge():
    scores, label = torch.tensor([[2.0, 1.5, 1.25]]), torch.tensor([0])
    ours = ln.multiclass_hinge(scores.numpy(), label.numpy(), kind="weston_watkins")
    return ours, F.multi_margin_loss(scores, label).item()


def _focal():
    return tuple(ln.focal_with_logits([0.5], [1.0], alpha=alpha) for alpha in (None, 0.25))


def _dice():
    """Of two images, one of them full and found, the other with one pixel and missed."""
    target, pred = np.zeros((2, 4, 4)), np.zeros((2, 4, 4))
    target[0] = pred[0] = 1
    target[1, 0, 0] = 1
    keras = 1 - 2 * np.sum(pred * target) / (target.sum() + pred.sum() + KERAS_EPSILON)
    return ln.dice(pred, target, smooth=0.0), keras


def _tversky():
    """Of a mask of three pixels, two of them missed: Keras counts them as false positives."""
    mask, found = np.array([[[1.0, 1, 1, 0]]]), np.array([[[1.0, 0, 0, 0]]])
    keras = 1 - 1 / (1 + 0.3 * 2 + KERAS_EPSILON)
    return ln.tversky(found, mask, alpha=0.3, beta=0.7, smooth=0.0), keras


def _background():
    """An object of 4 pixels in 100 is missed: one class is wrong, the other nearly right."""
    return tuple(
        np.mean([1 - (2 * overlap + 1e-5) / (total + 1e-5) for overlap, total in classes])
        for classes in ([(96, 196), (0, 4)], [(0, 4)])
    )


def _focal_sum():
    logits = np.random.default_rng(0).normal(size=(2, 1, 4, 4))
    target = (logits > 0.5).astype(float)
    each = ln.focal_with_logits(logits, target, alpha=None, reduction="none")
    return each.sum(), each.mean(axis=(2, 3)).sum()


def _ciou():
    """The slope in y1: torchvision holds the weight of the shape term constant."""
    box, other = torch.tensor([[0.0, -1, 6, 1]], requires_grad=True), torch.tensor([[1.0, 0, 3, 4]])
    x1, y1, x2, y2 = torch.stack([box, other]).unbind(-1)
    mine, its = torch.atan((x2 - x1) / (y2 - y1))
    v = 4 / math.pi**2 * (its - mine) ** 2
    weight = (v / (lt.box_iou(box, other) + v)).detach()
    theirs = lt.diou(box, other) + (weight * v).mean()
    slopes = [torch.autograd.grad(loss, box)[0] for loss in (theirs, lt.ciou(box, other))]
    return tuple(slope[0, 1].item() for slope in slopes)


def _distance():
    return F.pairwise_distance(torch.zeros(1, 4), torch.zeros(1, 4)).item()


def _mined():
    """All 8 triplets of a batch of 4; only 2 of them cost something."""
    points = np.array([[1.0, 0.0], [0.8, 0.6], [-1.0, 0.0], [0.0, 1.0]])
    triplets = [
        (0, 1, 2),
        (0, 1, 3),
        (1, 0, 2),
        (1, 0, 3),
        (2, 3, 0),
        (2, 3, 1),
        (3, 2, 0),
        (3, 2, 1),
    ]
    arms = (points[list(arm)] for arm in zip(*triplets, strict=True))
    each = ln.triplet(*arms, margin=0.05, reduction="none")
    return each[each > 0].mean(), each.mean()


def _pairs():
    """One equal pair and two unequal ones, of which one is far enough apart."""
    points = np.array([[1.0, 0.0], [0.6, 0.8], [0.8, -0.6]])
    first, second = points[[0, 0, 1]], points[[1, 2, 2]]
    near, far, _ = np.linalg.norm(first - second, axis=1)
    return near + (1 - far), ln.contrastive(first, second, [1, 0, 0])


def _ctc():
    logits = np.random.default_rng(0).normal(size=(2, 8, 5))
    texts, steps = torch.tensor([[1, 2, 3, 4], [2, 2, 3, 1]]), torch.tensor([8, 8])
    log_probs = torch.tensor(logits).log_softmax(-1).transpose(0, 1)
    theirs = F.ctc_loss(log_probs, texts, steps, torch.tensor([4, 4]))
    return ln.ctc(logits, texts.numpy()), theirs.item()


def _similarity():
    """scikit-image's defaults: a flat window of 7 pixels, and covariances over 49 - 1."""
    i, j = np.indices((24, 20))
    image = 0.5 + 0.3 * np.sin(i / 3) * np.cos(j / 2)
    noisy = image + 0.1 * np.cos(i * j / 7)

    def blur(a):
        return np.lib.stride_tricks.sliding_window_view(a, (7, 7)).mean((-1, -2))

    m, k = blur(noisy), blur(image)
    spread = 49 / 48 * (blur(noisy**2 + image**2) - m**2 - k**2)
    shared = 49 / 48 * (blur(noisy * image) - m * k)
    s = (2 * m * k + 1e-4) * (2 * shared + 9e-4) / ((m**2 + k**2 + 1e-4) * (spread + 9e-4))
    return s.mean(), 1 - ln.ssim(noisy, image, data_range=1.0)


def _positives():
    points, classes = [[1.0, 0.0]] * 3 + [[0.0, 1.0]], [0, 0, 0, 1]
    losses = (ln.sup_con, ln.nt_xent_with_labels)
    return tuple(loss(points, classes, temperature=1.0) for loss in losses)


def _tokens():
    zeros, mask = np.zeros((2, 4)), [[1.0, 1, 1, 1], [1, 0, 0, 0]]
    costs = [[-1.0, -1, -1, -1], [-3, 0, 0, 0]]
    return tuple(
        ln.grpo(zeros, zeros, costs, average=average, sample_weight=mask)
        for average in ("sequence", "token")
    )


def _column_and_row():
    column = torch.tensor([[1.0], [2.0], [3.0]])
    return ((column - column[:, 0]) ** 2).mean().item()
