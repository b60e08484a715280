"""What a loss is called elsewhere: every name by which somebody may look for it.

A record names one function of each library. Most have a second name, that of a class or of a
function, and it is as often the one that is known.

>>> from lossfns import catalog
>>> names(catalog["smooth_l1"])
{'PyTorch': ['torch.nn.functional.smooth_l1_loss', 'torch.nn.SmoothL1Loss']}
>>> names(catalog["focal"])["Keras"][1]
'keras.losses.binary_focal_crossentropy'
"""

import re

from lossfns.records.record import Function, Record

LIBRARIES = {
    "torch": "PyTorch",
    "torchvision": "torchvision",
    "torchmetrics": "TorchMetrics",
    "keras": "Keras",
    "optax": "optax",
    "sklearn": "scikit-learn",
    "scipy": "SciPy",
    "statsmodels": "statsmodels",
    "skimage": "scikit-image",
    "pml": "PyTorch Metric Learning",
    "trl": "TRL",
    "allrank": "allRank",
    "lightgbm": "LightGBM",
    "mmdet": "MMDetection",
    "monai": "MONAI",
    "smp": "segmentation_models_pytorch",
    "ultralytics": "Ultralytics",
    "asteroid": "Asteroid",
    "auraloss": "auraloss",
}

# The classes in torch.nn of the functions in torch.nn.functional.
TORCH_CLASSES = {
    "binary_cross_entropy": "BCELoss",
    "binary_cross_entropy_with_logits": "BCEWithLogitsLoss",
    "cosine_embedding_loss": "CosineEmbeddingLoss",
    "cross_entropy": "CrossEntropyLoss",
    "ctc_loss": "CTCLoss",
    "gaussian_nll_loss": "GaussianNLLLoss",
    "huber_loss": "HuberLoss",
    "kl_div": "KLDivLoss",
    "l1_loss": "L1Loss",
    "margin_ranking_loss": "MarginRankingLoss",
    "mse_loss": "MSELoss",
    "multi_margin_loss": "MultiMarginLoss",
    "nll_loss": "NLLLoss",
    "poisson_nll_loss": "PoissonNLLLoss",
    "smooth_l1_loss": "SmoothL1Loss",
    "triplet_margin_loss": "TripletMarginLoss",
}


def names(entry: Record | Function) -> dict[str, list[str]]:
    """By library, the names of a loss or function there, without arguments and remarks."""
    result: dict[str, list[str]] = {}
    for library, called in entry.equivalents.items():
        found = _dotted(called)
        result[LIBRARIES.get(library, library)] = found + [
            second for name in found for second in _second_name(name)
        ]
    return result


def _dotted(called: str) -> list[str]:
    """The names in what a record says, such as `-torch.distributions.Laplace(…).log_prob(…)`."""
    bare = called
    while (shorter := re.sub(r"\([^()]*\)(\.\w+)?", "", bare)) != bare:
        bare = shorter
    return re.findall(r"[A-Za-z]\w*(?:\.\w+)+", bare) or [bare.strip()]


def _second_name(name: str) -> list[str]:
    module, _, last = name.rpartition(".")
    if module == "torch.nn.functional" and last in TORCH_CLASSES:
        return [f"torch.nn.{TORCH_CLASSES[last]}"]
    if module == "keras.losses" and last[0].isupper():
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", last).lower()
        return [f"keras.losses.{words}"]
    return []
