"""Loss functions in PyTorch: the same names and arguments as `lossfns.numpy`, differentiable.

- The loss lives on the prediction's device. Half precision is computed, accumulated and returned
  in float32: MSE of an error of 300 does not fit into float16. Where the target is float64 so is
  the loss: rounded to a float32 prediction it would be another target.
- Works under autocast, `torch.compile(fullgraph=True)`, `torch.func.grad` and `torch.func.vmap`.
- `validate=True` checks values (probabilities in [0, 1], labels in range …) everywhere. Without it
  they are checked for CPU tensors in eager mode only: reading a GPU tensor would stall the GPU.
- `Criterion(function, **settings)` is an `nn.Module` around any loss.
"""

try:
    import torch as _torch  # noqa: F401
except ModuleNotFoundError as error:
    if error.name != "torch":
        raise
    raise ModuleNotFoundError(
        "lossfns.torch needs PyTorch: pip install 'lossfns[torch]'", name="torch"
    ) from None

from lossfns._signatures import make_readable
from lossfns.torch.calibration import (
    TemperatureScaling,
    ace,
    brier,
    ece,
    fit_temperature,
    mce,
    reliability_curve,
)
from lossfns.torch.classification import (
    bce,
    bce_with_logits,
    categorical_cross_entropy,
    cross_entropy,
    generalized_cross_entropy,
    hinge,
    logit_adjusted_cross_entropy,
    multiclass_hinge,
    sparse_categorical_cross_entropy,
    squared_hinge,
    symmetric_cross_entropy,
)
from lossfns.torch.criterion import Criterion
from lossfns.torch.debug import (
    check_finite,
    expected_initial_loss,
    gradient_norms,
    overfit_one_batch,
    watch,
)
from lossfns.torch.detection import box_iou, ciou, diou, giou, retinanet, yolo
from lossfns.torch.divergence import (
    distillation,
    entropy,
    gaussian_kl,
    js_div,
    kl_div,
)
from lossfns.torch.generative import (
    diffusion,
    elbo,
    gan_discriminator,
    gan_generator,
    gradient_penalty,
    lpips_like,
    perceptual,
    r1_penalty,
    style,
)
from lossfns.torch.imbalance import (
    asymmetric,
    class_balanced_focal,
    class_weights,
    focal,
    focal_with_logits,
    softmax_focal,
)
from lossfns.torch.label_maps import dice_ce, dice_focal
from lossfns.torch.metric import (
    arcface,
    barlow_twins,
    circle,
    clip,
    contrastive,
    cosface,
    cosine_embedding,
    info_nce,
    mine_triplets,
    multi_similarity,
    nt_xent,
    nt_xent_with_labels,
    siglip,
    sphereface,
    sup_con,
    triplet,
    vicreg,
)
from lossfns.torch.multitask import (
    DWA,
    GradNorm,
    UncertaintyWeighting,
    pcgrad,
    uncertainty_weighting,
    weighted_sum,
)
from lossfns.torch.preference import (
    dpo,
    group_advantages,
    grpo,
    ipo,
    kl_penalty,
    kto,
    orpo,
    ppo_clip,
    reward_model,
    simpo,
)
from lossfns.torch.ranking import lambdarank, listmle, listnet, margin_ranking
from lossfns.torch.regression import (
    gamma_nll,
    gaussian_crps,
    gaussian_nll,
    general_robust,
    huber,
    laplace_nll,
    log_cosh,
    mae,
    mape,
    mse,
    msle,
    negative_binomial_nll,
    poisson_nll,
    pseudo_huber,
    quantile,
    rmse,
    smooth_l1,
    tweedie_deviance,
)
from lossfns.torch.segmentation import (
    dice,
    dice_bce,
    dice_bce_with_logits,
    focal_tversky,
    generalized_dice,
    jaccard,
    lovasz,
    tversky,
)
from lossfns.torch.sequence import causal_lm, ctc, linear_cross_entropy, masked_lm
from lossfns.torch.signal import multi_resolution_stft, si_sdr, ssim
from lossfns.torch.speech import codebook_diversity, wav2vec2_contrastive
from lossfns.torch.structure import distogram, fape

__all__ = [
    "multi_resolution_stft",
    "ssim",
    "si_sdr",
    "circle",
    "multi_similarity",
    "nt_xent_with_labels",
    "sphereface",
    "cosface",
    "lambdarank",
    "listmle",
    "listnet",
    "margin_ranking",
    "negative_binomial_nll",
    "gamma_nll",
    "tweedie_deviance",
    "simpo",
    "orpo",
    "kto",
    "group_advantages",
    "grpo",
    "DWA",
    "Criterion",
    "Criterion",
    "GradNorm",
    "TemperatureScaling",
    "UncertaintyWeighting",
    "ace",
    "arcface",
    "asymmetric",
    "barlow_twins",
    "bce",
    "bce_with_logits",
    "box_iou",
    "brier",
    "categorical_cross_entropy",
    "causal_lm",
    "check_finite",
    "ciou",
    "class_balanced_focal",
    "class_weights",
    "clip",
    "codebook_diversity",
    "contrastive",
    "cosine_embedding",
    "cross_entropy",
    "ctc",
    "dice",
    "dice_bce",
    "dice_bce_with_logits",
    "diffusion",
    "diou",
    "distillation",
    "distogram",
    "dpo",
    "ece",
    "elbo",
    "entropy",
    "expected_initial_loss",
    "fape",
    "fit_temperature",
    "focal",
    "focal_tversky",
    "focal_with_logits",
    "gan_discriminator",
    "gan_generator",
    "gaussian_crps",
    "gaussian_kl",
    "gaussian_nll",
    "general_robust",
    "generalized_cross_entropy",
    "giou",
    "gradient_norms",
    "gradient_penalty",
    "hinge",
    "huber",
    "info_nce",
    "ipo",
    "jaccard",
    "js_div",
    "kl_div",
    "kl_penalty",
    "laplace_nll",
    "linear_cross_entropy",
    "log_cosh",
    "logit_adjusted_cross_entropy",
    "lovasz",
    "generalized_dice",
    "dice_ce",
    "dice_focal",
    "lpips_like",
    "mae",
    "mape",
    "masked_lm",
    "mce",
    "mine_triplets",
    "mse",
    "msle",
    "multiclass_hinge",
    "nt_xent",
    "overfit_one_batch",
    "pcgrad",
    "perceptual",
    "poisson_nll",
    "ppo_clip",
    "pseudo_huber",
    "quantile",
    "r1_penalty",
    "reliability_curve",
    "retinanet",
    "reward_model",
    "rmse",
    "siglip",
    "smooth_l1",
    "softmax_focal",
    "sparse_categorical_cross_entropy",
    "squared_hinge",
    "style",
    "sup_con",
    "symmetric_cross_entropy",
    "triplet",
    "tversky",
    "uncertainty_weighting",
    "vicreg",
    "watch",
    "wav2vec2_contrastive",
    "weighted_sum",
    "yolo",
]

make_readable(globals(), __all__)
del make_readable
