"""Records of the losses of generative models."""

import numpy as np

from lossfns.records.record import Arrays, Function, Hyper, Record, Sampler

PIXELS = 4
LATENT = 2

_NAN = float("nan")
_KIND = Hyper(
    default="non_saturating",
    domain="minimax, non_saturating, hinge, least_squares or wasserstein",
    valid=("non_saturating", "minimax", "hinge", "least_squares", "wasserstein"),
    wrong=("lsgan", None),
)
_GOODFELLOW = "Goodfellow et al. (2014), arXiv:1406.2661"
_NETWORK = "it differentiates a network, or its features, which takes automatic differentiation"


def _scores(*names: str) -> Sampler:
    """Scores on both sides of ±1, the edges of the hinge, and never on them."""

    def sample(rng: np.random.Generator, n: int) -> Arrays:
        levels = [-2.5, -1.4, -0.6, 0.3, 0.7, 1.6, 3.0]
        return {name: rng.choice(levels, n) * rng.uniform(0.95, 1.05, n) for name in names}

    return sample


def _encoded(rng: np.random.Generator, n: int) -> Arrays:
    return {
        "pred": rng.normal(size=(n, PIXELS)),
        "target": rng.random((n, PIXELS)),
        "mean": rng.normal(size=(n, LATENT)),
        "log_var": rng.normal(size=(n, LATENT)),
    }


def _noise(rng: np.random.Generator, n: int) -> Arrays:
    """Noise, and signal-to-noise ratios on both sides of γ."""
    return {
        "pred": rng.normal(size=(n, PIXELS)),
        "target": rng.normal(size=(n, PIXELS)),
        "snr": np.exp(rng.normal(1.5, 2.0, n)),
    }


LOSSES = [
    Record(
        name="gan_generator",
        task="adversarial training, the generator",
        formula=r"-\ln(1 + e^{f}), \quad \ln(1 + e^{-f}), \quad -f,"
        r"\quad \tfrac12 (f - 1)^2 \quad\text{or}\quad -f",
        units="nats, or those of the scores",
        convex=False,
        differentiable="everywhere",
        bounded_pull=True,
        domain="fake real",
        sample=_scores("fake"),
        wrt=("fake",),
        hyper={"kind": _KIND},
        paper=_GOODFELLOW,
    ),
    Record(
        name="gan_discriminator",
        task="adversarial training, the discriminator or critic",
        formula=r"\ln(1 + e^{-r}) + \ln(1 + e^{f}), \quad \max(0, 1 - r) + \max(0, 1 + f),"
        r"\quad \tfrac12 (r - 1)^2 + \tfrac12 f^2 \quad\text{or}\quad f - r",
        units="nats, or those of the scores",
        convex=True,
        differentiable="everywhere; for hinge except at r = 1 and f = -1",
        bounded_pull=True,
        domain="real_scores, fake_scores real",
        sample=_scores("real_scores", "fake_scores"),
        wrt=("real_scores", "fake_scores"),
        hyper={"kind": _KIND},
        paper=_GOODFELLOW,
    ),
    Record(
        name="elbo",
        task="variational autoencoders",
        formula=r"\sum_{\text{pixels}} -\ln p(x \mid z)"
        r" + \tfrac{\beta}{2} \sum_d (\mu_d^2 + e^{s_d} - 1 - s_d)",
        units="nats",
        convex=True,
        differentiable="everywhere",
        bounded_pull=True,
        domain="pred, mean, log_var real, target in [0, 1] (real for gaussian)",
        sample=_encoded,
        wrt=("pred", "mean", "log_var"),
        item_axes=1,
        batched=True,
        hyper={
            "beta": Hyper(default=1.0, domain="≥ 0", valid=(1.0, 0.0, 4.0), wrong=(-1.0, _NAN)),
            "likelihood": Hyper(
                default="bernoulli",
                domain="bernoulli or gaussian",
                valid=("bernoulli", "gaussian"),
                wrong=("laplace", None),
            ),
        },
        paper="Kingma & Welling (2014), arXiv:1312.6114",
    ),
    Record(
        name="diffusion",
        task="diffusion models that predict the noise",
        formula=r"\min(1, \gamma / \mathrm{SNR}_t) \cdot"
        r" \operatorname{mean}\bigl((\hat\epsilon - \epsilon)^2\bigr)",
        units="none",
        convex=True,
        differentiable="everywhere",
        bounded_pull=False,
        domain="pred, target real, snr > 0",
        sample=_noise,
        item_axes=1,
        batched=True,
        hyper={
            "gamma": Hyper(default=5.0, domain="> 0", valid=(5.0, 1.0), wrong=(0.0, -1.0, _NAN))
        },
        paper="Ho, Jain & Abbeel (2020), arXiv:2006.11239",
    ),
]


def _of_a_network(name: str, task: str, formula: str, paper: str) -> Function:
    return Function(
        name=name,
        task=task,
        formula=formula,
        gradient="by automatic differentiation",
        paper=paper,
        chapter=f"loss-{name.replace('_', '-')}",
        backends=("torch",),
        why_not=_NETWORK,
    )


FUNCTIONS = [
    _of_a_network(
        "r1_penalty",
        "keeping a discriminator flat at the real data",
        r"\tfrac{\gamma}{2} \operatorname{mean}_i \lVert \partial D(x_i) / \partial x_i \rVert^2",
        "Mescheder, Geiger & Nowozin (2018), ICML, arXiv:1801.04406",
    ),
    _of_a_network(
        "gradient_penalty",
        "keeping a critic's slope near 1 (WGAN-GP)",
        r"\lambda \operatorname{mean}_i"
        r" (\lVert \partial D(\hat x_i) / \partial \hat x_i \rVert - 1)^2",
        "Gulrajani et al. (2017), NeurIPS, arXiv:1704.00028",
    ),
    _of_a_network(
        "perceptual",
        "images that look alike, by the features of a network",
        r"\sum_l w_l \operatorname{mean}\bigl((\phi_l(\hat x) - \phi_l(x))^2\bigr)",
        "Johnson, Alahi & Fei-Fei (2016), ECCV, arXiv:1603.08155",
    ),
    _of_a_network(
        "lpips_like",
        "images that look alike, by the directions of features",
        r"\sum_l w_l \operatorname{mean} \lVert \hat\phi_l(\hat x) - \hat\phi_l(x) \rVert^2",
        "Zhang et al. (2018), CVPR, arXiv:1801.03924",
    ),
    _of_a_network(
        "style",
        "images in the same style, by correlations of features",
        r"\sum_l w_l \operatorname{mean} \lVert G_l(\hat x) - G_l(x) \rVert_F^2",
        "Gatys, Ecker & Bethge (2016), CVPR, arXiv:1508.06576",
    ),
]
