"""Records of the debugging tools."""

from lossfns.records.record import Function

_GOODFELLOW = "Goodfellow, Bengio & Courville (2016), Deep Learning, section 11.5"
_KARPATHY = "Karpathy (2019), A recipe for training neural networks"
_WHY_NOT = "it looks at tensors, modules and gradients of a training run"


def _tool(name: str, task: str, formula: str, gradient: str, paper: str) -> Function:
    return Function(
        name=name,
        task=task,
        formula=formula,
        gradient=gradient,
        paper=paper,
        chapter=f"{name.replace('_', '-')}",
        backends=("torch",),
        why_not=_WHY_NOT,
    )


FUNCTIONS = [
    _tool(
        "check_finite",
        "finding the tensor that holds NaN or an infinity",
        r"|x_i| < \infty \text{ for all } i",
        "none: it returns nothing",
        _GOODFELLOW,
    ),
    _tool(
        "gradient_norms",
        "finding layers whose gradient vanishes or explodes",
        r"\lVert \partial L / \partial \theta_k \rVert_2",
        "none: it reads gradients",
        "Pascanu, Mikolov & Bengio (2013), ICML, arXiv:1211.5063",
    ),
    _tool(
        "watch",
        "finding the layer where NaN or an infinity arises first",
        r"\min \{k : h_k \text{ or } \partial L / \partial h_k \text{ not finite}\}",
        "none: it leaves the gradients as they are",
        _GOODFELLOW,
    ),
    _tool(
        "expected_initial_loss",
        "checking the first loss of a training run",
        r"\ln C, \quad -\pi \ln \pi - (1 - \pi) \ln(1 - \pi), \quad \ln n",
        "none: it depends on no prediction",
        _KARPATHY,
    ),
    _tool(
        "overfit_one_batch",
        "checking that a network and its loss can learn at all",
        r"L(\theta_{\text{last}}) \le g \cdot L(\theta_0)",
        "none: it trains a copy",
        _KARPATHY,
    ),
]
