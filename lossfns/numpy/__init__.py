"""Loss functions in plain NumPy: float64 inside, with closed-form gradients.

Every loss is called as `loss(pred, target, *, hyper-parameters, reduction, sample_weight)`:

- `reduction`: "mean" (default) is Σ w·l / Σ w over the items that count, "sum" is Σ w·l, "none"
  returns w·l per item. An empty or fully ignored batch gives 0.
- `sample_weight`: weights ≥ 0, one per loss or per item along the leading axes. An item of weight 0
  is left out entirely, even if it holds NaN.
- A reduced loss is a float; `reduction="none"` gives a float64 array.
- `loss.grad(...)`, with the same arguments, is the gradient of that (reduced) loss with respect to
  the prediction, in the prediction's shape; `wrt="name"` asks for another differentiable argument.
  For `reduction="none"` it is the derivative of each loss. At a kink it is the middle of the
  subgradients. `loss.value_and_grad(...)` returns both.
- Wrong input raises `TypeError` or `ValueError` that names the argument. Shapes never broadcast.
  A loss or gradient that is NaN raises one too: it says which argument holds a NaN or an infinity,
  or that finite numbers overflowed. An infinite loss of finite inputs is what the formula says.
"""

from lossfns._signatures import make_readable
from lossfns.numpy.boxes import (
    alpha_iou,
    box_iou,
    ciou,
    diou,
    distribution_focal,
    eiou,
    giou,
    siou,
)
from lossfns.numpy.calibration import (
    ace,
    brier,
    ece,
    fit_temperature,
    mce,
    reliability_curve,
)
from lossfns.numpy.classification import (
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
from lossfns.numpy.detection import retinanet, yolo
from lossfns.numpy.divergence import (
    distillation,
    entropy,
    gaussian_kl,
    js_div,
    kl_div,
)
from lossfns.numpy.generative import (
    diffusion,
    elbo,
    gan_discriminator,
    gan_generator,
)
from lossfns.numpy.imbalance import (
    asymmetric,
    class_balanced_focal,
    class_weights,
    focal,
    focal_with_logits,
    poly1_cross_entropy,
    poly1_focal_with_logits,
    softmax_focal,
)
from lossfns.numpy.label_maps import dice_ce, dice_focal
from lossfns.numpy.metric import (
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
from lossfns.numpy.multitask import (
    uncertainty_weighting,
    weighted_sum,
)
from lossfns.numpy.preference import (
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
from lossfns.numpy.ranking import lambdarank, listmle, listnet, margin_ranking
from lossfns.numpy.regression import (
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
from lossfns.numpy.segmentation import (
    dice,
    dice_bce,
    dice_bce_with_logits,
    focal_tversky,
    generalized_dice,
    jaccard,
    lovasz,
    tversky,
)
from lossfns.numpy.sequence import causal_lm, ctc, linear_cross_entropy, masked_lm
from lossfns.numpy.signal import si_sdr, ssim
from lossfns.numpy.speech import codebook_diversity, wav2vec2_contrastive
from lossfns.numpy.structure import distogram, fape

__all__ = [
    "ace",
    "alpha_iou",
    "arcface",
    "asymmetric",
    "barlow_twins",
    "bce",
    "bce_with_logits",
    "box_iou",
    "brier",
    "categorical_cross_entropy",
    "causal_lm",
    "ciou",
    "circle",
    "class_balanced_focal",
    "class_weights",
    "clip",
    "codebook_diversity",
    "contrastive",
    "cosface",
    "cosine_embedding",
    "cross_entropy",
    "ctc",
    "dice",
    "dice_bce",
    "dice_bce_with_logits",
    "dice_ce",
    "dice_focal",
    "diffusion",
    "diou",
    "distillation",
    "distogram",
    "distribution_focal",
    "dpo",
    "ece",
    "eiou",
    "elbo",
    "entropy",
    "fape",
    "fit_temperature",
    "focal",
    "focal_tversky",
    "focal_with_logits",
    "gamma_nll",
    "gan_discriminator",
    "gan_generator",
    "gaussian_crps",
    "gaussian_kl",
    "gaussian_nll",
    "general_robust",
    "generalized_cross_entropy",
    "generalized_dice",
    "giou",
    "group_advantages",
    "grpo",
    "hinge",
    "huber",
    "info_nce",
    "ipo",
    "jaccard",
    "js_div",
    "kl_div",
    "kl_penalty",
    "kto",
    "lambdarank",
    "laplace_nll",
    "linear_cross_entropy",
    "listmle",
    "listnet",
    "log_cosh",
    "logit_adjusted_cross_entropy",
    "lovasz",
    "mae",
    "mape",
    "margin_ranking",
    "masked_lm",
    "mce",
    "mine_triplets",
    "mse",
    "msle",
    "multi_similarity",
    "multiclass_hinge",
    "negative_binomial_nll",
    "nt_xent",
    "nt_xent_with_labels",
    "orpo",
    "poisson_nll",
    "poly1_cross_entropy",
    "poly1_focal_with_logits",
    "ppo_clip",
    "pseudo_huber",
    "quantile",
    "reliability_curve",
    "retinanet",
    "reward_model",
    "rmse",
    "si_sdr",
    "siglip",
    "simpo",
    "siou",
    "smooth_l1",
    "softmax_focal",
    "sparse_categorical_cross_entropy",
    "sphereface",
    "squared_hinge",
    "ssim",
    "sup_con",
    "symmetric_cross_entropy",
    "triplet",
    "tversky",
    "tweedie_deviance",
    "uncertainty_weighting",
    "vicreg",
    "wav2vec2_contrastive",
    "weighted_sum",
    "yolo",
]

make_readable(globals(), __all__)
del make_readable
