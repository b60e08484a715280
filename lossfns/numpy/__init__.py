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

from lossfns._signatures import make_readable, public_names
from lossfns.numpy.boxes import (
    alpha_iou as alpha_iou,
    box_iou as box_iou,
    ciou as ciou,
    diou as diou,
    distribution_focal as distribution_focal,
    eiou as eiou,
    giou as giou,
    siou as siou,
)
from lossfns.numpy.calibration import (
    ace as ace,
    brier as brier,
    ece as ece,
    fit_temperature as fit_temperature,
    mce as mce,
    reliability_curve as reliability_curve,
)
from lossfns.numpy.classification import (
    bce as bce,
    bce_with_logits as bce_with_logits,
    categorical_cross_entropy as categorical_cross_entropy,
    cross_entropy as cross_entropy,
    generalized_cross_entropy as generalized_cross_entropy,
    logit_adjusted_cross_entropy as logit_adjusted_cross_entropy,
    sparse_categorical_cross_entropy as sparse_categorical_cross_entropy,
    symmetric_cross_entropy as symmetric_cross_entropy,
)
from lossfns.numpy.detection import (
    retinanet as retinanet,
    yolo as yolo,
)
from lossfns.numpy.divergence import (
    distillation as distillation,
    entropy as entropy,
    gaussian_kl as gaussian_kl,
    js_div as js_div,
    kl_div as kl_div,
)
from lossfns.numpy.generative import (
    diffusion as diffusion,
    elbo as elbo,
    gan_discriminator as gan_discriminator,
    gan_generator as gan_generator,
)
from lossfns.numpy.imbalance import (
    asymmetric as asymmetric,
    class_balanced_focal as class_balanced_focal,
    class_weights as class_weights,
    focal as focal,
    focal_with_logits as focal_with_logits,
    poly1_cross_entropy as poly1_cross_entropy,
    poly1_focal_with_logits as poly1_focal_with_logits,
    softmax_focal as softmax_focal,
)
from lossfns.numpy.label_maps import (
    dice_ce as dice_ce,
    dice_focal as dice_focal,
)
from lossfns.numpy.margins import (
    hinge as hinge,
    multiclass_hinge as multiclass_hinge,
    squared_hinge as squared_hinge,
)
from lossfns.numpy.metric import (
    barlow_twins as barlow_twins,
    clip as clip,
    contrastive as contrastive,
    cosine_embedding as cosine_embedding,
    info_nce as info_nce,
    mine_triplets as mine_triplets,
    nt_xent as nt_xent,
    siglip as siglip,
    triplet as triplet,
    vicreg as vicreg,
)
from lossfns.numpy.metric_labels import (
    arcface as arcface,
    circle as circle,
    cosface as cosface,
    multi_similarity as multi_similarity,
    nt_xent_with_labels as nt_xent_with_labels,
    sphereface as sphereface,
    sup_con as sup_con,
)
from lossfns.numpy.multitask import (
    uncertainty_weighting as uncertainty_weighting,
    weighted_sum as weighted_sum,
)
from lossfns.numpy.preference import (
    dpo as dpo,
    group_advantages as group_advantages,
    grpo as grpo,
    ipo as ipo,
    kl_penalty as kl_penalty,
    kto as kto,
    orpo as orpo,
    ppo_clip as ppo_clip,
    reward_model as reward_model,
    simpo as simpo,
)
from lossfns.numpy.ranking import (
    lambdarank as lambdarank,
    listmle as listmle,
    listnet as listnet,
    margin_ranking as margin_ranking,
)
from lossfns.numpy.regression import (
    gamma_nll as gamma_nll,
    gaussian_crps as gaussian_crps,
    gaussian_nll as gaussian_nll,
    general_robust as general_robust,
    huber as huber,
    laplace_nll as laplace_nll,
    log_cosh as log_cosh,
    mae as mae,
    mape as mape,
    mse as mse,
    msle as msle,
    negative_binomial_nll as negative_binomial_nll,
    poisson_nll as poisson_nll,
    pseudo_huber as pseudo_huber,
    quantile as quantile,
    rmse as rmse,
    smooth_l1 as smooth_l1,
    tweedie_deviance as tweedie_deviance,
)
from lossfns.numpy.segmentation import (
    dice as dice,
    dice_bce as dice_bce,
    dice_bce_with_logits as dice_bce_with_logits,
    focal_tversky as focal_tversky,
    generalized_dice as generalized_dice,
    jaccard as jaccard,
    lovasz as lovasz,
    tversky as tversky,
)
from lossfns.numpy.sequence import (
    causal_lm as causal_lm,
    ctc as ctc,
    linear_cross_entropy as linear_cross_entropy,
    masked_lm as masked_lm,
)
from lossfns.numpy.signal import (
    si_sdr as si_sdr,
    ssim as ssim,
)
from lossfns.numpy.speech import (
    codebook_diversity as codebook_diversity,
    wav2vec2_contrastive as wav2vec2_contrastive,
)
from lossfns.numpy.structure import (
    distogram as distogram,
    fape as fape,
)

__all__ = list(public_names(globals()))
make_readable(globals(), __all__)
del make_readable, public_names
