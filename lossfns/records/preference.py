"""Records of the losses from preferences."""

import numpy as np

from lossfns.records.record import Arrays, Hyper, Record, Sampler

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


def _actions(rng: np.random.Generator, n: int) -> Arrays:
    """Ratios inside and outside the clip range, never on its edge, good and bad actions."""
    old = -rng.uniform(0.1, 3.0, n)
    ratio = rng.choice([0.5, 0.75, 0.9, 1.1, 1.25, 1.7], n) * rng.uniform(0.99, 1.01, n)
    advantages = rng.choice([-1.0, 1.0], n) * rng.uniform(0.3, 2.0, n)
    return {"log_probs": old + np.log(ratio), "old_log_probs": old, "advantages": advantages}


def _leave(name: str) -> dict[str, Hyper]:
    return {name: Hyper(default=0.1, domain="> 0", valid=(0.1, 1.0), wrong=(0.0, -1.0, _NAN))}


_PAIR = ("chosen", "rejected")
_FOUR = (*_PAIR, "reference_chosen", "reference_rejected")

PREFERENCE = [
    Record(
        name="reward_model",
        family="preference",
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
        chapter="loss-reward-model",
    ),
    Record(
        name="dpo",
        family="preference",
        task="aligning a language model with comparisons, no reward model",
        formula=r"\ln(1 + e^{-\beta \Delta})",
        units="nats",
        convex=True,
        differentiable="everywhere",
        bounded_pull=True,
        domain="log-probabilities of whole answers",
        sample=_numbers(*_FOUR, scale=3.0),
        wrt=_PAIR,
        hyper=_leave("beta"),
        paper="Rafailov et al. (2023), NeurIPS, arXiv:2305.18290",
        chapter="loss-dpo",
    ),
    Record(
        name="ipo",
        family="preference",
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
        chapter="loss-ipo",
    ),
    Record(
        name="ppo_clip",
        family="preference",
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
        chapter="loss-ppo-clip",
    ),
    Record(
        name="kl_penalty",
        family="preference",
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
        chapter="loss-kl-penalty",
    ),
]
