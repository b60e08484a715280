"""Records of the losses from preferences."""

import numpy as np

from lossfns.records.record import REQUIRED, Arrays, Function, Hyper, Record, Sampler

_NAN = float("nan")
_AVERAGE = Hyper(
    default="token",
    domain="token or sequence",
    valid=("token", "sequence"),
    wrong=("word", None),
)


def _numbers(*names: str, scale: float = 1.0) -> Sampler:
    def sample(rng: np.random.Generator, n: int) -> Arrays:
        return {name: scale * rng.normal(size=n) for name in names}

    return sample


def _mean_log_probs(rng: np.random.Generator, n: int) -> Arrays:
    return {name: -rng.uniform(0.05, 3.0, n) for name in _PAIR}


def _judged(rng: np.random.Generator, n: int) -> Arrays:
    names = ("log_probs", "target", "reference_log_probs")
    arrays = _numbers(*names, scale=3.0)(rng, n)
    return arrays | {"target": rng.integers(0, 2, n).astype(float)}


def _actions(rng: np.random.Generator, n: int) -> Arrays:
    """Ratios inside and outside the clip range, never on its edge, good and bad actions."""
    old = -rng.uniform(0.1, 3.0, n)
    ratio = rng.choice([0.5, 0.75, 0.9, 1.1, 1.25, 1.7], n) * rng.uniform(0.99, 1.01, n)
    advantages = rng.choice([-1.0, 1.0], n) * rng.uniform(0.3, 2.0, n)
    return {"log_probs": old + np.log(ratio), "old_log_probs": old, "advantages": advantages}


def _actions_of_a_group(rng: np.random.Generator, n: int) -> Arrays:
    arrays = _actions(rng, n)
    return arrays | {"reference_log_probs": arrays["old_log_probs"] + 0.3 * rng.normal(size=n)}


def _leave(name: str) -> dict[str, Hyper]:
    return {name: Hyper(default=0.1, domain="> 0", valid=(0.1, 1.0), wrong=(0.0, -1.0, _NAN))}


_PAIR = ("chosen", "rejected")
_FOUR = (*_PAIR, "reference_chosen", "reference_rejected")

LOSSES = [
    Record(
        name="reward_model",
        task="rewards from comparisons",
        formula=r"\ln\bigl(1 + e^{-(r_{\text{chosen}} - r_{\text{rejected}})}\bigr)",
        units="nats",
        convex=True,
        differentiable="everywhere",
        bounded_pull=True,
        domain="chosen, rejected real",
        sample=_numbers(*_PAIR, scale=3.0),
        wrt=_PAIR,
        paper="Bradley & Terry (1952), Biometrika 39",
    ),
    Record(
        name="dpo",
        task="aligning a language model with comparisons, no reward model",
        formula=r"(1 - \varepsilon) \ln(1 + e^{-\beta \Delta})"
        r" + \varepsilon \ln(1 + e^{\beta \Delta})",
        units="nats",
        convex=True,
        differentiable="everywhere",
        bounded_pull=True,
        domain="log-probabilities of whole answers",
        sample=_numbers(*_FOUR, scale=3.0),
        wrt=_PAIR,
        hyper=_leave("beta")
        | {
            "label_smoothing": Hyper(
                default=0.0, domain="[0, 0.5)", valid=(0.0, 0.1), wrong=(-0.1, 0.5, 1.0, _NAN)
            )
        },
        equivalents={"trl": "trl.DPOTrainer (loss_type sigmoid; cDPO with label_smoothing)"},
        paper="Rafailov et al. (2023), NeurIPS, arXiv:2305.18290",
    ),
    Record(
        name="ipo",
        task="aligning a language model with comparisons, without overconfidence",
        formula=r"\Bigl(\Delta - \frac{1}{2\tau}\Bigr)^2",
        units="squared nats",
        convex=True,
        differentiable="everywhere",
        bounded_pull=False,
        domain="log-probabilities of whole answers",
        sample=_numbers(*_FOUR, scale=3.0),
        wrt=_PAIR,
        hyper=_leave("tau"),
        paper="Azar et al. (2024), AISTATS, arXiv:2310.12036",
    ),
    Record(
        name="ppo_clip",
        task="policy gradients that reuse their samples",
        formula=r"-\min\bigl(r A, \operatorname{clip}(r, 1 - \epsilon, 1 + \epsilon) A\bigr),"
        r"\quad r = \pi / \pi_{\text{old}}",
        units="units of the advantage",
        convex=False,
        differentiable="except at r = 1 ± ε",
        bounded_pull=False,
        domain="log-probabilities, advantages real",
        sample=_actions,
        wrt=("log_probs",),
        hyper={
            "clip": Hyper(
                default=0.2, domain="(0, 1)", valid=(0.2, 0.4), wrong=(0.0, 1.0, -0.2, _NAN)
            ),
            "average": _AVERAGE,
        },
        paper="Schulman et al. (2017), arXiv:1707.06347",
    ),
    Record(
        name="kl_penalty",
        task="keeping a policy near its reference",
        formula=r"d, \quad \tfrac12 d^2 \quad\text{or}\quad e^{-d} - 1 + d,"
        r"\qquad d = \ln \pi - \ln \pi_{\text{ref}}",
        units="nats",
        convex=True,
        differentiable="everywhere",
        bounded_pull=False,
        domain="log-probabilities",
        sample=_numbers("log_probs", "reference_log_probs"),
        wrt=("log_probs",),
        hyper={
            "kind": Hyper(
                default="k3", domain="k1, k2 or k3", valid=("k1", "k2", "k3"), wrong=("k4", None)
            ),
            "average": _AVERAGE,
        },
        paper="Schulman (2020), Approximating KL divergence",
    ),
    Record(
        name="simpo",
        task="aligning a language model with comparisons, without a reference",
        formula=r"\ln\bigl(1 + e^{\gamma - \beta(\overline{\ln \pi}_{\text{chosen}}"
        r" - \overline{\ln \pi}_{\text{rejected}})}\bigr)",
        units="nats",
        convex=True,
        differentiable="everywhere",
        bounded_pull=True,
        domain="mean log-probabilities per token",
        sample=_numbers(*_PAIR),
        wrt=_PAIR,
        hyper={
            "beta": Hyper(default=2.0, domain="> 0", valid=(2.0, 10.0), wrong=(0.0, -1.0, _NAN)),
            "margin": Hyper(default=1.0, domain="≥ 0", valid=(1.0, 0.0), wrong=(-1.0, _NAN)),
        },
        equivalents={"trl": "trl.CPOTrainer (loss_type simpo, simpo_gamma = margin)"},
        paper="Meng, Xia & Chen (2024), NeurIPS, arXiv:2405.14734",
    ),
    Record(
        name="orpo",
        task="fine-tuning and alignment in one, without a reference",
        formula=r"-\overline{\ln \pi}_{\text{chosen}} + \lambda \ln\Bigl(1 +"
        r" \frac{\operatorname{odds}_{\text{rejected}}}{\operatorname{odds}_{\text{chosen}}}"
        r"\Bigr)",
        units="nats",
        convex=False,
        differentiable="everywhere",
        bounded_pull=True,
        domain="mean log-probabilities per token, < 0",
        sample=_mean_log_probs,
        wrt=_PAIR,
        hyper={
            "odds_weight": Hyper(default=0.1, domain="≥ 0", valid=(0.1, 2.0), wrong=(-1.0, _NAN))
        },
        equivalents={"trl": "trl.ORPOTrainer (beta = odds_weight; the prompt counts, too)"},
        paper="Hong, Lee & Thorne (2024), EMNLP, arXiv:2403.07691",
    ),
    Record(
        name="kto",
        task="aligning a language model with answers marked good or bad, without pairs",
        formula=r"\lambda_y\, \sigma\bigl(\mp\beta(\ln \pi - \ln \pi_{\text{ref}} - z)\bigr)",
        units="none",
        convex=False,
        differentiable="everywhere",
        bounded_pull=True,
        domain="log-probabilities of whole answers, target 0 or 1",
        sample=_judged,
        wrt=("log_probs",),
        hyper={
            "kl": Hyper(default=REQUIRED, domain="≥ 0", valid=(0.5, 0.0), wrong=(-0.5, _NAN)),
            **_leave("beta"),
            "desirable_weight": Hyper(
                default=1.0, domain="≥ 0", valid=(1.0, 1.5), wrong=(-1.0, _NAN)
            ),
            "undesirable_weight": Hyper(
                default=1.0, domain="≥ 0", valid=(1.0, 0.5), wrong=(-1.0, _NAN)
            ),
        },
        equivalents={"trl": "trl.KTOTrainer"},
        paper="Ethayarajh et al. (2024), ICML, arXiv:2402.01306",
    ),
    Record(
        name="grpo",
        task="policy gradients from groups of answers, without a critic (GRPO, DAPO, Dr. GRPO)",
        formula=r"-\min\bigl(r A, \operatorname{clip}(r, 1 - \epsilon_{\text{low}},"
        r" 1 + \epsilon_{\text{high}}) A\bigr) + \beta (e^{-d} - 1 + d)",
        units="units of the advantage",
        convex=False,
        differentiable="except at r = 1 - ε_low and r = 1 + ε_high",
        bounded_pull=False,
        domain="log-probabilities, advantages real",
        sample=_actions_of_a_group,
        wrt=("log_probs",),
        hyper={
            "beta": Hyper(default=0.04, domain="> 0", valid=(0.04, 1.0), wrong=(0.0, -1.0, _NAN)),
            "clip_low": Hyper(
                default=0.2, domain="(0, 1)", valid=(0.2, 0.4), wrong=(0.0, 1.0, -0.2, _NAN)
            ),
            "clip_high": Hyper(
                default=0.2, domain="> 0", valid=(0.2, 0.4), wrong=(0.0, -0.2, _NAN)
            ),
            "average": Hyper(
                default="token",
                domain="token, sequence or a number",
                valid=("token", "sequence", 16),
                wrong=("word", 0, -3, 1.5, None),
            ),
        },
        equivalents={"trl": "trl.GRPOTrainer (loss_type dapo; grpo: sequence; dr_grpo: a number)"},
        paper="Shao et al. (2024), DeepSeekMath, arXiv:2402.03300",
    ),
]

FUNCTIONS = [
    Function(
        name="group_advantages",
        task="rewards of a group of answers as advantages, for GRPO",
        formula=r"A_i = \frac{r_i - \bar r}{\operatorname{std}(r)}",
        gradient="none: advantages are constants",
        paper="Shao et al. (2024), DeepSeekMath, arXiv:2402.03300",
        chapter="group-advantages",
    ),
]
