"""What the audit of our own losses measures besides: how exact they are, down to roundings."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch

from lossfns.auditing.draws import Setting, draw, few_settings, settings
from lossfns.auditing.report import ABSENT, FAILS, PASSES, Finding
from lossfns.conformance.extremes import (
    agreement_error,
    collapse_error,
    fake_error,
    forward_error,
    infinity_error,
    small_label_error,
    wider_target_error,
)
from lossfns.conformance.measures import (
    AGREEMENT,
    CURVATURE,
    EXACT,
    FAR,
    GRADIENT,
    PEER,
    SAME,
    SLOPE,
    VALUE,
    WIDER,
    absence_error,
    curvature_error,
    emptiness_error,
    far_error,
    order_error,
    peer_error,
    slope_error,
    twin_errors,
)
from lossfns.records.record import Record

_PRECISIONS = {
    torch.float64: "float64",
    torch.float32: "float32",
    torch.float16: "float16",
    torch.bfloat16: "bfloat16",
}


@dataclass(frozen=True)
class Check:
    """A question: its name, what it compares, and the relative error that is still a yes."""

    name: str
    compares: str
    allowed: float


CHECKS = [
    *(
        Check(f"value {name}", f"torch in {name} against NumPy in float64", VALUE[dtype].error)
        for dtype, name in _PRECISIONS.items()
    ),
    *(
        Check(f"gradient {name}", f"autograd in {name} against the closed form",
              GRADIENT[dtype].error)
        for dtype, name in _PRECISIONS.items()
    ),
    Check("slope", "the closed-form gradient against finite differences", SLOPE.error),
    Check("curvature", "torch's second derivative against differences of the gradient",
          CURVATURE.error),
    Check("torch's own", "value and gradient against PyTorch's function", PEER.error),
    Check("far out", "float32 against float64 for extreme predictions", FAR.error),
    Check("weight 0", "with an item of weight 0 that holds NaN against without it", SAME.error),
    Check("order", "the items in another order", SAME.error),
    Check("empty", "an empty batch against 0", EXACT.error),
    Check("labels", "labels of one byte or two, against eight", VALUE[torch.float64].error),
    Check("float64 target", "beside a float32 prediction, against NumPy", WIDER.error),
    Check("agreement", "float32 against float64 where the loss nearly ends", AGREEMENT.error),
    Check("collapse", "items all the same: how far below a batch that agrees", EXACT.error),
    Check("infinity", "an infinite prediction, against NumPy", GRADIENT[torch.float64].error),
    Check("fake", "shapes of tensors that hold no values against real ones", EXACT.error),
    Check("forward", "the tangent of forward mode against the closed form",
          GRADIENT[torch.float64].error),
]  # fmt: skip


# The name of the check, its error or None where it does not apply, and the arguments in words.
_Answers = Iterator[tuple[str, float | None, str]]


def measured(record: Record) -> tuple[tuple[Finding, ...], int]:
    """The worst answer of a loss to every check, and how many answers there were."""
    studies = (_twins, _slopes, _curvature, _peers, _far_out, _weights, _order, _empty, _ends)
    worst: dict[str, tuple[float, str]] = {}
    calls = 0
    for study in studies:
        for check, error, where in study(record):
            if error is None:
                continue
            calls += 1
            if check not in worst or error > worst[check][0]:
                worst[check] = error, where
    return tuple(_finding(check, worst.get(check.name)) for check in CHECKS), calls


def _finding(check: Check, worst: tuple[float, str] | None) -> Finding:
    if worst is None:
        return Finding(check.name, ABSENT, "nothing of the kind can be asked of it")
    error, where = worst
    return Finding(
        check.name,
        PASSES if error <= check.allowed else FAILS,
        check.compares,
        smallest=where,
        error=error,
        allowed=check.allowed,
        effect="The loss is not as exact as its arithmetic allows.",
        cure="look for digits that cancel, and for a branch that one of the two does not take.",
        label="conformance",
    )


def _twins(record: Record) -> _Answers:
    for dtype, name in _PRECISIONS.items():
        for setting, reduction in _calls(record, record.reductions):
            for weighted in (False, True)[: 1 + record.takes_weights]:
                arguments = draw(record, 8, weighted) | setting | {"reduction": reduction}
                value, gradient = twin_errors(record, arguments, dtype)
                where = f"{setting}, {reduction}, weighted={weighted}"
                yield f"value {name}", value, where
                yield f"gradient {name}", gradient, where


def _slopes(record: Record) -> _Answers:
    for setting in few_settings(record) if not record.held else []:
        for reduction in record.reductions:
            arguments = draw(record, 6, weighted=True) | setting | {"reduction": reduction}
            for name in record.wrt:
                error = slope_error(record, arguments, name)
                yield "slope", error, f"{setting}, {reduction}, d/d{name}"


def _curvature(record: Record) -> _Answers:
    has_slope = record.double_backward and not record.held
    for setting in few_settings(record) if has_slope else []:
        for name in record.wrt:
            error = curvature_error(record, draw(record, 6) | setting, name)
            yield "curvature", error, f"{setting}, d/d{name}"


def _peers(record: Record) -> _Answers:
    for setting, reduction in _calls(record, record.reductions):
        yield "torch's own", peer_error(record, setting, reduction), f"{setting}, {reduction}"


def _far_out(record: Record) -> _Answers:
    yield "far out", far_error(record), "default setting"


def _weights(record: Record) -> _Answers:
    for setting, reduction in _calls(record, _reducing(record)) if record.takes_weights else []:
        yield "weight 0", absence_error(record, setting, reduction), f"{setting}, {reduction}"


def _order(record: Record) -> _Answers:
    order = np.random.default_rng(0).permutation(8)
    for setting in settings(record):
        yield "order", order_error(record, setting, order), f"{setting}"


def _empty(record: Record) -> _Answers:
    for setting, reduction in _calls(record, _reducing(record)):
        yield "empty", emptiness_error(record, setting, reduction), f"{setting}, {reduction}"


def _ends(record: Record) -> _Answers:
    for check, measure in {
        "labels": small_label_error,
        "float64 target": wider_target_error,
        "agreement": agreement_error,
        "collapse": collapse_error,
        "infinity": infinity_error,
        "fake": fake_error,
        "forward": forward_error,
    }.items():
        yield check, measure(record), "default setting"


def _calls(record: Record, reductions: Iterable[str]) -> Iterator[tuple[Setting, str]]:
    """Every valid setting under every one of the reductions."""
    return itertools.product(settings(record), reductions)


def _reducing(record: Record) -> list[str]:
    return [how for how in record.reductions if how != "none"]
