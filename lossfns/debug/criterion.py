"""How the loss answers: what it takes, what it costs to know nothing, which way it points."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from lossfns.auditing.report import PASSES, Finding
from lossfns.debug.answers import absent, fails, passes, said, shape_of, span
from lossfns.debug.step import Step, close, is_shares, tensors
from lossfns.torch import expected_initial_loss

# What the last operation of a network can give, by the name of its gradient.
_REACH = {
    "Relu": (0.0, math.inf),
    "Softplus": (0.0, math.inf),
    "Exp": (0.0, math.inf),
    "Sigmoid": (0.0, 1.0),
    "Softmax": (0.0, 1.0),
    "Tanh": (-1.0, 1.0),
}


def output_layer(step: Step) -> Finding:
    """Whether a softmax or sigmoid stands once between the network and the loss.

    Of amounts, whether the last activation lets the outputs reach them.
    """
    name, pred = "output layer", step.pred
    if pred is None or step.kind == "unknown":
        return absent(name, "what is predicted cannot be told")
    if step.kind == "amounts":
        return _reach(step, pred)
    if step.kind == "yes or no":
        return _sigmoid(step, pred)
    axis = step.axis if step.axis is not None else _softmax_axis(step, pred)
    if step.loss_error is not None:
        if step.ask(pred.softmax(axis)) is not None:
            return _missing("softmax", "probabilities", pred, step.loss_error)
        return absent(name, "the loss has no answer")
    given = is_shares(pred, axis)
    logs = is_shares(pred.exp(), axis)
    if step.shifts(axis):
        if not given:
            return passes(name, "the loss has a softmax, and gets logits")
        classes = pred.shape[axis]
        floor = math.log(math.e + classes - 1) - 1
        return fails(
            name,
            "the outputs are probabilities, and the loss has a softmax of its own",
            cause="two softmaxes",
            got="each row sums to 1",
            expected="logits, any numbers",
            effect=f"the loss of a perfect answer is {floor:.4f}, not 0, and the gradient fades; "
            "accuracy looks good",
            cure="end the network with the linear layer; apply softmax where probabilities are "
            "shown",
            label="two-softmaxes",
        )
    if step.is_linear(axis):
        if logs:
            return passes(name, "the loss takes log-probabilities, and gets them")
        got = "probabilities" if given else "logits"
        return fails(
            name,
            f"the loss takes log-probabilities, and gets {got}",
            cause=f"{got} as log-probabilities",
            got=f"sums of exp {span(pred.exp().sum(axis))}",
            expected="1 for each row",
            effect="the loss falls below 0 and has no lower bound"
            if got == "logits"
            else "the loss is between -1 and 0, and its gradient does not grow where the network "
            "is wrong",
            cure="a loss of logits such as F.cross_entropy, or log_softmax before nll_loss",
            label="debugging-outputs",
        )
    return (
        passes(name, "the loss takes probabilities, and gets them")
        if given
        else absent(name, "the loss is none of logits, nor of log-probabilities")
    )


def _reach(step: Step, pred: Tensor) -> Finding:
    name, last, target = "output layer", _last_operation(step), step.target
    if last not in _REACH:
        return absent(name, "no activation stands last, as far as can be told")
    low, high = _REACH[last]
    out = (target < low) | (target > high)
    in_reach_all = passes(name, f"the targets are in reach of the last activation, {last}")
    if not bool(out.any()):
        return in_reach_all
    best, in_reach = step.ask(target.to(pred.dtype)), step.ask(target.to(pred).clamp(low, high))
    # Of a loss that wants something else than the target itself nothing is known.
    if best is None or in_reach is None or in_reach <= best:
        return in_reach_all
    return fails(
        name,
        f"the last activation, {last}, cannot reach {int(out.sum())} of {out.numel()} targets",
        cause="targets out of reach",
        got=span(pred),
        expected=span(target),
        effect=f"the loss cannot fall below {in_reach:.4g}, however long the training"
        + "; units that are off pass on no gradient" * (last == "Relu"),
        cure="end the network with the linear layer, or scale the targets into that range",
        label="debugging-outputs",
    )


def _sigmoid(step: Step, pred: Tensor) -> Finding:
    name = "output layer"
    if step.loss_error is not None:
        if pred.shape == step.target.shape and step.ask(pred.sigmoid()) is not None:
            return _missing("sigmoid", "probabilities", pred, step.loss_error)
        return absent(name, "the loss has no answer")
    answer = step.target.to(pred.dtype)
    sure, perfect = step.ask(answer), step.ask(30 * (2 * answer - 1))
    start = step.ask(torch.zeros_like(pred))
    if start is None or perfect is None or perfect > 0.01 * start:
        return passes(name, "the loss has no sigmoid of its own")
    if sure is None or sure < 0.1 * start:
        return absent(name, "the loss tells no logits from probabilities")
    last = _last_operation(step)
    if last in ("Sigmoid", "Softmax") or (
        pred.numel() >= 8 and bool(((pred >= 0) & (pred <= 1)).all()) and last != "Relu"
    ):
        return fails(
            name,
            "the outputs are probabilities, and the loss has a sigmoid of its own",
            cause="two sigmoids",
            got=span(pred),
            expected="logits, of both signs",
            effect=f"the loss of a perfect answer is {sure:.4f}, not 0: a second sigmoid makes at "
            "most 0.73 of a 1 and ½ of a 0",
            cure="end the network with the linear layer; apply sigmoid where probabilities are "
            "shown",
            label="two-softmaxes",
        )
    if last in ("Relu", "LogSigmoid", "LogSoftmax"):
        below = last == "Relu"
        return fails(
            name,
            f"{last} stands between the last layer and the loss of logits",
            cause="an activation on the logits",
            got=span(pred),
            expected="of both signs",
            effect=f"no logit is {'below' if below else 'above'} 0, so no probability "
            f"{'below' if below else 'above'} ½ can be said",
            cure="remove the last activation",
            label="overfit-one-batch",
        )
    return passes(name, "the loss has a sigmoid, and gets logits")


def _missing(layer: str, wanted: str, pred: Tensor, error: Exception) -> Finding:
    return fails(
        "output layer",
        f"the loss takes {wanted}, and gets logits: {said(error)}",
        cause=f"no {layer}",
        got=span(pred),
        expected="from 0 to 1",
        effect="the step stops with an error",
        cure=f"better than a {layer} layer is the loss of the logits, which does not round to 0",
        label="debugging-outputs",
    )


def value(step: Step) -> Finding:
    """Whether the loss is one finite number that can be differentiated."""
    name, got = "loss value", step.value
    if step.forward.error is not None:
        return absent(name, "the model has no output")
    if step.loss_error is not None and not isinstance(step.forward.output, Tensor):
        kind = type(step.forward.output).__name__
        return fails(
            name,
            f"the loss does not take the {kind} that the model returns: {said(step.loss_error)}",
            cause="several outputs",
            got=kind,
            expected="a tensor",
            effect="there is no step",
            cure="give the loss the part that it is meant for, as in "
            "lambda output, target: loss(output[0], target)",
            label="sec-01-loop",
        )
    if step.loss_error is not None:
        return fails(
            name,
            f"the loss raised {type(step.loss_error).__name__}: {said(step.loss_error)}",
            effect="there is no step",
            cure="call it alone, as loss(output, target), and print the shapes and dtypes of both",
            label="debugging-shapes",
        )
    if not isinstance(got, Tensor):
        return fails(
            name,
            f"the loss returned {type(got).__name__}, not a tensor",
            cause="no tensor",
            got=str(type(got).__name__),
            expected="a tensor with one number",
            effect="there is nothing to differentiate",
            cure="return the tensor; .item(), float() and NumPy are for the log",
            label="sec-01-loop",
        )
    if got.numel() != 1:
        return fails(
            name,
            f"the loss returned {got.numel()} numbers of shape {shape_of(got)}",
            cause="not reduced",
            got=shape_of(got),
            expected="()",
            effect="backward() asks for one number",
            cure='reduction="mean", or .mean()',
            label="reductions",
        )
    if not math.isfinite(got.item()):
        return _not_finite(step, got)
    if not got.requires_grad:
        return fails(
            name,
            "the loss has no gradient",
            cause="detached",
            effect="backward() raises an error, or nothing is learned",
            label="gradient-norms",
            cure="look for detach(), .data, torch.tensor(loss), argmax, a comparison or no_grad "
            "between the model and the loss, and for a model that is frozen as a whole",
        )
    return passes(name, f"{got.item():.4g}")


def _not_finite(step: Step, got: Tensor) -> Finding:
    trouble, pred = step.forward.trouble, step.pred
    strange = [
        name
        for name, t in [*tensors(step.inputs), *tensors(step.target, "target")]
        if t.is_floating_point() and not bool(t.isfinite().all())
    ]
    if strange:
        return fails(
            "loss value",
            f"the loss is {got.item()}, for {', '.join(strange)} is not finite",
            cause="NaN in the data",
            got=got.item(),
            expected="a finite number",
            effect="one step with it makes every weight NaN",
            label="check-finite",
            cure="mend the data; lossfns.torch.check_finite finds the place",
        )
    if trouble:
        where = f"the layer {trouble.layer!r} gave the first value that is not finite"
    elif pred is not None and not bool(pred.isfinite().all()):
        where = "the output is not finite, and every layer's is: it was made between the layers"
    else:
        where = "the output is finite: it was made in the loss"
    return fails(
        "loss value",
        f"the loss is {got.item()}; {where}",
        cause=f"NaN born in {trouble.layer or ('the model' if 'between' in where else 'the loss')}",
        got=got.item(),
        expected="a finite number",
        effect="one step with it makes every weight NaN",
        label="check-finite",
        cure="look for log of 0, 0/0 (an empty mask, a spread of 0), an overflow; change the "
        "operation, not the NaN",
    )


def reduction(step: Step) -> Finding:
    """Whether the loss grows with the batch."""
    name, pred, target = "reduction", step.pred, step.target
    if (
        pred is None
        or not isinstance(target, Tensor)
        or not step.has_gradient
        or not step.rows
        or target.shape[:1] != pred.shape[:1]
    ):
        return absent(name, "output and target are not tensors of rows")
    once, twice = step.ask(pred), step.ask(torch.cat([pred, pred]), torch.cat([target, target]))
    if once is None or twice is None or abs(once) < 1e-6:
        return absent(name, "a batch of another size has no loss")
    if close(twice, once):
        return passes(name, "the same for a batch twice as large")
    if not close(twice, 2 * once):
        return absent(name, "the rows of the batch are compared with each other")
    return fails(
        name,
        "the batch twice over has twice the loss",
        cause="sum over the batch",
        got=twice,
        expected=once,
        label="shape-of-the-curve",
        effect=f"the gradient is {step.rows} times that of the mean: the learning rate means "
        "something else with every batch size, and large batches explode",
        cure='reduction="mean", or a learning rate divided by the size of the batch',
    )


def first_loss(step: Step) -> Finding:
    """Whether the loss is near that of somebody who knows nothing."""
    name, pred = "first loss", step.pred
    if pred is None or not step.has_gradient or step.kind == "unknown":
        return absent(name, "what the loss of knowing nothing is, cannot be told")
    seen = step.value.item()
    if not math.isfinite(seen):
        return absent(name, "the loss is not finite")
    if step.kind == "amounts":
        return _start_of_amounts(step, pred, seen)
    if step.kind == "yes or no":
        nothing, text = step.ask(torch.zeros_like(pred)), "ln 2"
        known = expected_initial_loss("binary")
        if nothing is None or _takes_probabilities(step):
            nothing = step.ask(torch.full_like(pred, 0.5))
    else:
        axis = step.axis if step.axis is not None else _softmax_axis(step, pred)
        classes = pred.shape[axis]
        nothing, text = step.ask(torch.zeros_like(pred)), "ln C"
        known = expected_initial_loss("multiclass", classes=classes)
        if nothing is None or not step.shifts(axis) and not step.shifts(0):
            equal = torch.full_like(pred, 1 / classes)
            nothing = step.ask(equal.log() if step.is_linear(axis) else equal)
    if nothing is None or nothing <= 0:
        return absent(name, "the loss of equal probabilities is not known")
    odd = _odd_start(step, pred, nothing, known)
    if odd is not None:
        return odd
    text = (
        f"{text} = {known:.4f}"
        if close(nothing, known)
        else f"that of knowing nothing, {nothing:.4g}"
    )
    if seen <= 1.5 * nothing:
        return passes(name, f"{seen:.4f}; {text}")
    big = max((t.double().abs().max().item() for _, t in _numbers(step)), default=math.nan)
    return fails(
        name,
        f"the loss starts at {seen:.4g}, far above {text}",
        cause="outputs too large",
        smallest=f"outputs up to {pred.abs().max():.3g}, inputs up to {big:.3g}",
        got=seen,
        expected=nothing,
        label="expected-initial-loss",
        effect="the network begins by being sure and wrong; the first steps only undo that",
        cure="scale the inputs to about 1, or the initial weights of the last layer down; if the "
        "model is trained, the labels do not fit its classes",
    )


def _odd_start(step: Step, pred: Tensor, nothing: float, known: float) -> Finding | None:
    """A loss of knowing nothing that is another one's."""
    name, rows = "first loss", step.rows
    if step.kind == "yes or no":
        ratio = nothing / known
        each = [step.ask(torch.zeros_like(pred), torch.full_like(step.target, v)) for v in (0, 1)]
        if close(each[0], each[1]) and abs(ratio - 1) > 0.01 and reduction(step).verdict == PASSES:
            return fails(
                name,
                f"outputs of 0 cost {ratio:.4g} times ln 2, for a yes and for a no",
                cause="weight for pos_weight",
                got=nothing,
                expected=known,
                label="weight-for-all",
                effect="both classes count more alike, which is a larger learning rate and nothing "
                "else: the rare class is not found",
                cure="pos_weight=…, which multiplies the loss of the positives alone",
            )
        return None
    axis = step.axis if step.axis is not None else _softmax_axis(step, pred)
    classes = pred.shape[axis]
    if axis != 0 and rows != classes and close(nothing, math.log(rows)) and step.shifts(0):
        return fails(
            name,
            f"the loss of knowing nothing is ln {rows}, and there are {classes} classes",
            cause="softmax along the batch",
            got=nothing,
            expected=known,
            label="ex-08-clinic-4",
            effect="the rows of the batch compete with each other, not the classes",
            cure=f"softmax with dim={axis}",
        )
    wrong = known / classes
    if step.kind == "shares":
        target = step.target.double()
        known_kl = known + torch.special.xlogy(target, target).sum(axis).mean().item()
        if close(nothing, known_kl):
            return None
        wrong = known_kl / classes if not close(nothing, wrong) else wrong
    if close(nothing, wrong) and classes > 1:
        return fails(
            name,
            f"the loss of knowing nothing is divided by the {classes} classes",
            cause="mean over the classes",
            got=nothing,
            expected=wrong * classes,
            label="wrong-mean",
            effect="beside other terms it weighs as good as nothing, and the learning rate is "
            f"{classes} times smaller than it says",
            cure="sum over the classes, then the mean over the batch: for F.kl_div "
            'reduction="batchmean"',
        )
    return None


def _takes_probabilities(step: Step) -> bool:
    """Whether the loss finds 0 no undecided answer: it takes probabilities."""
    assert step.pred is not None
    middle = step.ask(torch.full_like(step.pred, 0.5))
    perfect = step.ask(step.target.to(step.pred.dtype))
    return perfect is not None and middle is not None and perfect < 0.1 * middle


def _start_of_amounts(step: Step, pred: Tensor, seen: float) -> Finding:
    name, target = "first loss", step.target.to(pred.dtype)
    if pred.shape != target.shape or not target.ndim:
        return absent(name, "what the loss of a constant is, cannot be told")
    mean = step.ask(target.mean(0, keepdim=True).expand_as(target))
    zero = step.ask(torch.zeros_like(target))
    if mean is None or zero is None or min(mean, zero) <= 0:
        return absent(name, "the loss of a constant is not known")
    text = f"always the mean {mean:.4g}, always 0 {zero:.4g}"
    # A fresh network's outputs are of size 1, the targets may be smaller.
    if seen <= 10 * max(mean, zero):
        far = "; standardise the target" if zero > 10 * mean else ""
        return passes(name, f"{seen:.4g}; {text}{far}")
    return fails(
        name,
        f"the loss starts at {seen:.4g}, far above that of a constant",
        got=seen,
        cause="outputs too large",
        expected=text,
        label="expected-initial-loss",
        smallest=f"outputs up to {pred.abs().max():.3g}, targets up to {target.abs().max():.3g}",
        effect="the first steps only undo that",
        cure="scale the inputs to about 1, or the initial weights of the last layer down",
    )


def sign(step: Step) -> Finding:
    """Whether a step down the gradient brings the output nearer to the target."""
    name, grad, pred = "sign", step.out_grad, step.pred
    if grad is None or pred is None or step.kind == "unknown":
        return absent(name, "no gradient of the output, or no target to compare it with")
    if pred.shape != step.target.shape and step.kind != "classes":
        return absent(name, "the shapes do not fit")
    if step.kind == "classes":
        assert step.axis is not None
        classes = pred.shape[step.axis]
        inside = (step.target >= 0) & (step.target < classes)
        index = torch.where(inside, step.target, 0).long().unsqueeze(step.axis)
        towards = torch.zeros_like(pred).scatter_(step.axis, index, 1.0)
        towards = towards * inside.unsqueeze(step.axis)
    elif step.kind == "amounts":
        towards = step.target.to(pred.dtype) - pred
    else:
        towards = 2 * step.target.to(pred.dtype) - 1
    slope = (grad * towards).sum().item()
    away = slope > 0 and (step.kind in ("classes", "yes or no") or unbounded(step))
    if not away:
        return passes(name, "a step brings the output nearer to the target")
    return fails(
        name,
        "a step takes the output away from the target",
        cause="wrong sign",
        got=f"{slope:.3g} along the way to the target",
        expected="below 0",
        effect="the optimizer makes the answers worse; the loss rises, or falls below 0 for ever",
        cure="minimise the loss, not its negative: look for a minus too many or missing",
        label="wrong-sign",
    )


def lower_bound(step: Step) -> Finding:
    """Whether there is a least loss."""
    name = "lower bound"
    if step.out_grad is None or step.pred is None or step.kind == "unknown":
        return absent(name, "no gradient of the output, or no target to compare it with")
    if not unbounded(step):
        return passes(name, "far along the gradient the loss does not fall for ever")
    return fails(
        name,
        "the loss falls below 0 and has no least value",
        cause="no lower bound",
        got=step.ask(step.pred - 1e3 * step.out_grad.sign()),
        expected="0 or more",
        effect="the outputs grow without end, and the loss says nothing about the answers",
        cure="see the findings above: the sign, the labels, or logits where log-probabilities "
        "belong",
        label="wrong-sign",
    )


def unbounded(step: Step) -> bool:
    """Whether the loss falls below 0, ever further, along its gradient."""
    if step.out_grad is None or step.pred is None or _normalised(step, step.pred):
        return False
    way = step.out_grad.sign()
    near, far = (step.ask(step.pred - size * way) for size in (1e2, 1e3))
    return near is not None and far is not None and far < min(near - 1, -1.0)


def pairing(step: Step) -> Finding:
    """Whether the loss minds when the targets trade places."""
    name, pred, target = "pairing", step.pred, step.target
    if (
        pred is None
        or step.kind == "unknown"
        or step.rows < 2
        or not step.has_gradient
        or target.shape[:1] != pred.shape[:1]
    ):
        return absent(name, "no rows to exchange")
    moved = target.roll(1, 0)
    if bool((moved == target).all()):
        return absent(name, "all targets are the same")
    output = step.some_output()
    before, after = step.ask(output), step.ask(output, moved)
    if before is None or after is None:
        return absent(name, "the loss has no answer")
    if not close(before, after, 1e-6):
        return passes(name, "the loss minds when the targets trade places")
    return fails(
        name,
        "the targets trade places, and the loss is the same",
        got=after,
        cause="the loss does not pair rows",
        expected="another number",
        label="broadcasting",
        effect="no prediction is compared with its own target, so the inputs cannot be learned",
        cure="compare row by row; check the shapes",
    )


def _normalised(step: Step, pred: Tensor) -> bool:
    """Whether the outputs are (log-)probabilities of classes, which cannot grow."""
    if step.kind not in ("classes", "shares"):
        return False
    axis = step.axis if step.axis is not None else _softmax_axis(step, pred)
    return is_shares(pred, axis) or is_shares(pred.exp(), axis)


def _softmax_axis(step: Step, pred: Tensor) -> int:
    fits = [axis for axis in {1, pred.ndim - 1} if is_shares(step.target, axis)]
    return next((axis for axis in fits if step.shifts(axis)), fits[0] if fits else pred.ndim - 1)


def _last_operation(step: Step) -> str:
    """As autograd calls it, such as "Relu"; "" if nobody knows."""
    node = getattr(step.forward.output, "grad_fn", None)
    for _ in range(4):
        if node is None:
            return ""
        # Reshaping is no operation on the values.
        if not any(word in node.name() for word in ("View", "Squeeze", "Select", "Transpose")):
            return str(node.name()).partition("Backward")[0]
        node = node.next_functions[0][0] if node.next_functions else None
    return ""


def _numbers(step: Step) -> list[tuple[str, Tensor]]:
    return [(name, t) for name, t in tensors(step.inputs) if t.is_floating_point() and t.numel()]
