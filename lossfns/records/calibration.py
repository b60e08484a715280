"""Records of the Brier score, and of the metrics and methods of calibration."""

from lossfns.records.classification import IGNORE, binary, probabilities
from lossfns.records.record import Function, Hyper, Record

_STEPS = "none: a metric that counts, and a step function of the predictions"

LOSSES = [
    Record(
        name="brier",
        task="probabilities as forecasts; calibration and sharpness in one",
        formula=r"(p - y)^2 \quad\text{or}\quad \sum_c (p_c - [c = y])^2",
        units="none",
        convex=True,
        differentiable="everywhere",
        bounded_pull=True,
        label_noise=True,
        domain="probs in [0, 1]; target: events in [0, 1], or labels",
        sample=binary("probs", probabilities),
        wrt=("probs",),
        hyper={
            "ignore_index": IGNORE,
            "axis": Hyper(
                default=None,
                domain="an axis of probs, or None",
                valid=(None, -1),
                wrong=(2, -3, 0.5),
            ),
        },
        equivalents={"sklearn": "sklearn.metrics.brier_score_loss"},
        paper="Brier (1950), Monthly Weather Review 78(1)",
    ),
]

FUNCTIONS = [
    Function(
        name="ece",
        task="how far confidence is from frequency, on average",
        formula=r"\sum_b \frac{n_b}{n} \lvert\text{frequency}_b - \text{confidence}_b\rvert",
        gradient=_STEPS,
        paper="Guo et al. (2017), ICML, arXiv:1706.04599",
        chapter="loss-ece",
        equivalents={"torchmetrics": "torchmetrics.functional.calibration_error"},
    ),
    Function(
        name="mce",
        task="how far confidence is from frequency, at worst",
        formula=r"\max_b \lvert\text{frequency}_b - \text{confidence}_b\rvert",
        gradient=_STEPS,
        paper="Naeini, Cooper & Hauskrecht (2015), AAAI",
        chapter="loss-mce",
        equivalents={"torchmetrics": "torchmetrics.functional.calibration_error(norm='max')"},
    ),
    Function(
        name="ace",
        task="how far confidence is from frequency, over bins of equal count",
        formula=r"\sum_b \frac{n_b}{n} \lvert\text{frequency}_b - \text{confidence}_b\rvert,"
        r"\quad n_b \approx n / B",
        gradient=_STEPS,
        paper="Nixon et al. (2019), CVPR workshops, arXiv:1904.01685",
        chapter="loss-ace",
    ),
    Function(
        name="reliability_curve",
        task="drawing confidence against frequency",
        formula=r"\bigl(\tfrac1{n_b}\sum_{i \in b} p_i,\ \tfrac1{n_b}\sum_{i \in b} y_i\bigr)",
        gradient=_STEPS,
        paper="DeGroot & Fienberg (1983), The Statistician 32",
        chapter="loss-reliability-curve",
        equivalents={"sklearn": "sklearn.calibration.calibration_curve"},
    ),
    Function(
        name="fit_temperature",
        task="the one temperature that calibrates logits best",
        formula=r"\operatorname{argmin}_T \sum_i -\ln \operatorname{softmax}(z_i / T)_{y_i}",
        gradient="none: it is the solution of an equation",
        paper="Guo et al. (2017), ICML, arXiv:1706.04599",
        chapter="loss-fit-temperature",
    ),
    Function(
        name="TemperatureScaling",
        task="logits divided by a fitted temperature",
        formula=r"z / T",
        gradient="1 / T with respect to the logits",
        paper="Guo et al. (2017), ICML, arXiv:1706.04599",
        chapter="loss-fit-temperature",
        backends=("torch",),
        why_not="in NumPy, divide the logits by `fit_temperature`",
    ),
]
