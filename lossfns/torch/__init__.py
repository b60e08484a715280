"""Loss functions in PyTorch: the same names and arguments as `lossfns.numpy`, differentiable.

- The loss lives on the prediction's device. Half precision is computed, accumulated and returned
  in float32: MSE of an error of 300 does not fit into float16. Where the target is float64 so is
  the loss: rounded to a float32 prediction it would be another target.
- Works under autocast, `torch.compile(fullgraph=True)`, `torch.func.grad` and `torch.func.vmap`.
- `validate=True` checks values (probabilities in [0, 1], labels in range …) everywhere. Without it
  they are checked for CPU tensors in eager mode only: reading a GPU tensor would stall the GPU.
- `group=` (of `torch.distributed`) makes one batch of those of several processes, where the items
  of a batch meet: every process gets the loss of all items (with "none", those of its own), and
  gradients that `DistributedDataParallel` averages to those of one process with the whole batch.
- `Criterion(function, **settings)` is an `nn.Module` around any loss, `CriterionSum` around
  several; `Criterion.from_config` makes them from a plain dictionary.
"""

# ruff: noqa: E402 (what follows needs the library that is asked for here)
from lossfns._extras import require

require("torch", "lossfns.torch", "PyTorch", "torch")

from lossfns._signatures import make_readable, public_names
from lossfns.torch.boxes import (
    alpha_iou as alpha_iou,
    box_iou as box_iou,
    ciou as ciou,
    diou as diou,
    distribution_focal as distribution_focal,
    eiou as eiou,
    giou as giou,
    siou as siou,
)
from lossfns.torch.calibration import (
    TemperatureScaling as TemperatureScaling,
    ace as ace,
    brier as brier,
    ece as ece,
    fit_temperature as fit_temperature,
    mce as mce,
    reliability_curve as reliability_curve,
)
from lossfns.torch.classification import (
    bce as bce,
    bce_with_logits as bce_with_logits,
    categorical_cross_entropy as categorical_cross_entropy,
    cross_entropy as cross_entropy,
    generalized_cross_entropy as generalized_cross_entropy,
    hinge as hinge,
    logit_adjusted_cross_entropy as logit_adjusted_cross_entropy,
    multiclass_hinge as multiclass_hinge,
    sparse_categorical_cross_entropy as sparse_categorical_cross_entropy,
    squared_hinge as squared_hinge,
    symmetric_cross_entropy as symmetric_cross_entropy,
)
from lossfns.torch.criterion import (
    Criterion as Criterion,
    CriterionSum as CriterionSum,
)
from lossfns.torch.debug import (
    check_finite as check_finite,
    expected_initial_loss as expected_initial_loss,
    gradient_norms as gradient_norms,
    overfit_one_batch as overfit_one_batch,
    watch as watch,
)
from lossfns.torch.detection import (
    retinanet as retinanet,
    yolo as yolo,
)
from lossfns.torch.divergence import (
    distillation as distillation,
    entropy as entropy,
    gaussian_kl as gaussian_kl,
    js_div as js_div,
    kl_div as kl_div,
)
from lossfns.torch.generative import (
    diffusion as diffusion,
    elbo as elbo,
    gan_discriminator as gan_discriminator,
    gan_generator as gan_generator,
    gradient_penalty as gradient_penalty,
    lpips_like as lpips_like,
    perceptual as perceptual,
    r1_penalty as r1_penalty,
    style as style,
)
from lossfns.torch.imbalance import (
    asymmetric as asymmetric,
    class_balanced_focal as class_balanced_focal,
    class_weights as class_weights,
    focal as focal,
    focal_with_logits as focal_with_logits,
    poly1_cross_entropy as poly1_cross_entropy,
    poly1_focal_with_logits as poly1_focal_with_logits,
    softmax_focal as softmax_focal,
)
from lossfns.torch.label_maps import (
    dice_ce as dice_ce,
    dice_focal as dice_focal,
)
from lossfns.torch.metric import (
    arcface as arcface,
    barlow_twins as barlow_twins,
    circle as circle,
    clip as clip,
    contrastive as contrastive,
    cosface as cosface,
    cosine_embedding as cosine_embedding,
    info_nce as info_nce,
    mine_triplets as mine_triplets,
    multi_similarity as multi_similarity,
    nt_xent as nt_xent,
    nt_xent_with_labels as nt_xent_with_labels,
    siglip as siglip,
    sphereface as sphereface,
    sup_con as sup_con,
    triplet as triplet,
    vicreg as vicreg,
)
from lossfns.torch.multitask import (
    DWA as DWA,
    GradNorm as GradNorm,
    UncertaintyWeighting as UncertaintyWeighting,
    pcgrad as pcgrad,
    uncertainty_weighting as uncertainty_weighting,
    weighted_sum as weighted_sum,
)
from lossfns.torch.preference import (
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
from lossfns.torch.ranking import (
    lambdarank as lambdarank,
    listmle as listmle,
    listnet as listnet,
    margin_ranking as margin_ranking,
)
from lossfns.torch.regression import (
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
from lossfns.torch.segmentation import (
    dice as dice,
    dice_bce as dice_bce,
    dice_bce_with_logits as dice_bce_with_logits,
    focal_tversky as focal_tversky,
    generalized_dice as generalized_dice,
    jaccard as jaccard,
    lovasz as lovasz,
    tversky as tversky,
)
from lossfns.torch.sequence import (
    causal_lm as causal_lm,
    ctc as ctc,
    linear_cross_entropy as linear_cross_entropy,
    masked_lm as masked_lm,
)
from lossfns.torch.signal import (
    multi_resolution_stft as multi_resolution_stft,
    si_sdr as si_sdr,
    ssim as ssim,
)
from lossfns.torch.speech import (
    codebook_diversity as codebook_diversity,
    wav2vec2_contrastive as wav2vec2_contrastive,
)
from lossfns.torch.structure import (
    distogram as distogram,
    fape as fape,
)

__all__ = list(public_names(globals()))
make_readable(globals(), __all__)
del make_readable, public_names, require
