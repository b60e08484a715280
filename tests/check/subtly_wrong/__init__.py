"""Right answers in which one detail is changed: what a hurried reader would call right.

`ANSWERS` holds sources by exercise; `CHANGES` says which text of an answer becomes which, and of
what kind that is, or what it is called, if the check must say so.
"""

from itertools import product

from check.subtly_wrong import (
    calibration,
    classification,
    contrastive,
    debugging,
    foundations,
    imbalance,
    multitask,
    regression,
    stability,
)

from lossfns.check import kinds

FAMILIES = (
    foundations,
    regression,
    classification,
    stability,
    imbalance,
    contrastive,
    calibration,
    debugging,
    multitask,
)
# Conditions that compare something about two arrays other than their shapes.
SHAPES = {
    ("pred.shape != target.shape", "pred", "target"): (
        *("mse", "mse_torch", "two_head_loss_torch"),
    ),
    ("logits.shape != target.shape", "logits", "target"): (
        *("bce_with_logits", "stable_bce", "focal"),
    ),
    ("probs.shape != target.shape", "probs", "target"): ("bce", "dice", "tversky"),
    ("losses.shape != mask.shape", "losses", "mask"): ("masked_mean",),
    ("losses.shape != weights.shape", "losses", "weights"): ("weighted_risk", "weighted_sum"),
    ("losses.shape != log_vars.shape", "losses", "log_vars"): (
        *("uncertainty_weighting", "uncertainty_weighting_torch"),
    ),
    ("z1.shape != z2.shape", "z1", "z2"): ("nt_xent_torch",),
    ("a.shape != b.shape", "a", "b"): ("contrastive_pairs",),
    ("previous.shape != before.shape", "previous", "before"): ("dwa_weights",),
    ("g1.shape != g2.shape", "g1", "g2"): ("project_conflict",),
    ("confidence.shape != correct.shape", "confidence", "correct"): ("reliability",),
}
COMPARED = (
    "{0}.ndim != {1}.ndim",
    "len({0}) != len({1})",
    "{0}.reshape(-1).shape != {1}.reshape(-1).shape",
)
REDUCE = "mse", "mse_torch", "bce_with_logits", "cross_entropy", "focal"
WORDS = (
    ('reduction not in ("none", "mean", "sum")', 'reduction not in "none, mean, sum"'),
    (
        'reduction not in ("none", "mean", "sum")',
        'reduction not in ("none", "mean", "sum", "batchmean")',
    ),
    ("    if reduction not", '    reduction = reduction or "mean"\n    if reduction not'),
)
LABEL_CHECKS = (
    ("target.min() < 0", "-1 in target"),
    ("target.max() >= {0}", "{0} in target"),
    ("target.min() < 0", "target[0] < 0"),
    ("target.max() >= {0}", "target.max() > {0}"),
)
SUMS = (
    ("(abs(probs.sum(axis=1) - 1) > 0.001).any()", "abs(probs.sum() - len(probs)) > 0.001"),
    ("> 0.001).any()", "> 0.1).any()"),
)

ANSWERS = {name: answer for family in FAMILIES for name, answer in family.ANSWERS.items()}

CHANGES = [
    *(change for family in FAMILIES for change in family.CHANGES),
    *(
        (name, old, new.format(*pair), None)
        for (old, *pair), names in SHAPES.items()
        for name, new in product(names, COMPARED)
        # Where sizes agree and shapes do not, NumPy refuses these by itself.
        if (name, new) != ("contrastive_pairs", COMPARED[2])
    ),
    *((name, old, new, None) for name, (old, new) in product(REDUCE, WORDS)),
    *(
        (name, old.format(classes), new.format(classes), None)
        for (name, classes), (old, new) in product(
            (
                ("cross_entropy", "logits.shape[1]"),
                ("weighted_cross_entropy", "logits.shape[1]"),
                ("nll", "probs.shape[1]"),
                ("ece", "probs.shape[1]"),
                ("chunked_cross_entropy", "len(weight)"),
            ),
            LABEL_CHECKS,
        )
    ),
    *((name, *change, kinds.ROWS) for name, change in product(("nll", "brier", "ece"), SUMS)),
]
