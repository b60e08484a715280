"""What many answers hold: the reduction, and the checks of labels and probabilities."""

REDUCED = """\
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(reduction)
    return losses if reduction == "none" else getattr(losses, reduction)()
"""
LABELS = """\
    if target.min() < 0 or target.max() >= logits.shape[1]:
        raise ValueError("labels")
"""
PROBS = """\
    if probs.min() < 0 or probs.max() > 1 or (abs(probs.sum(axis=1) - 1) > 0.001).any():
        raise ValueError("probs")
    if target.min() < 0 or target.max() >= probs.shape[1]:
        raise ValueError("labels")
"""
