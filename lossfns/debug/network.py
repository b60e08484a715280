"""What the network passes on, forward and backward, and what the optimizer makes of it."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from lossfns.auditing.report import PASSES, Finding
from lossfns.debug.answers import absent, fails, passes, said
from lossfns.debug.step import Pass, Step, tensors
from lossfns.torch import gradient_norms

_FEW = 8  # rows from which on a unit that is 0 for all of them says something


def inputs(step: Step) -> Finding:
    """Whether the inputs are finite."""
    name = "inputs"
    seen = [(key, t) for key, t in tensors(step.inputs) if t.is_floating_point() and t.numel()]
    for key, values in seen:
        bad = ~values.isfinite()
        if bool(bad.any()):
            first = tuple(bad.nonzero()[0].tolist())
            return fails(
                name,
                f"{key} holds {int(bad.sum())} values that are not finite",
                cause="NaN in the data",
                smallest=f"{key}{list(first)}",
                got=values[first].item(),
                expected="a finite number",
                label="check-finite",
                effect="the loss is NaN, and with the first step every weight",
                cure="mend the data: a missing value, or a column of spread 0 divided by it",
            )
    if not seen:
        return absent(name, "no real numbers among them")
    low = min(values.min().item() for _, values in seen)
    high = max(values.max().item() for _, values in seen)
    return passes(name, f"from {low:.4g} to {high:.4g}")


def forward(step: Step) -> Finding:
    """Whether the model takes the batch."""
    name, error = "forward", step.forward.error
    if error is None:
        output = step.forward.output
        kind = (
            f"a tensor of shape {tuple(output.shape)}"
            if isinstance(output, Tensor)
            else type(output).__name__
        )
        return passes(name, f"the output is {kind}")
    devices = {str(t.device) for _, t in tensors(step.inputs)}
    devices |= {str(p.device) for p in step.model.parameters()}
    cure = (
        "move model and batch to one device: .to(device)"
        if len(devices) > 1
        else "print the shapes of the inputs, and compare them with what that layer takes"
    )
    return fails(
        name,
        f"the model raised {type(error).__name__} in {step.forward.where!r}: {said(error)}",
        cause="devices" if len(devices) > 1 else "",
        label="debugging-shapes",
        cure=cure,
        smallest=", ".join(
            f"{key} {tuple(t.shape)} {t.dtype}, {t.device}" for key, t in tensors(step.inputs)
        ),
        effect="there is no step",
    )


def mode(step: Step) -> Finding:
    """Training or evaluation, and what is random in it."""
    name, model = "mode", step.model
    drops = [
        key
        for key, m in model.named_modules()
        if isinstance(m, nn.modules.dropout._DropoutNd) and m.p > 0
    ]
    norms = [
        key for key, m in model.named_modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)
    ]
    named = {"dropout": drops, "batch norm": norms}
    special = [f"{word}: {', '.join(keys)}" for word, keys in named.items() if keys]
    extra = f" ({'; '.join(special)})" if special else ""
    if model.training:
        return passes(name, f"training{extra}")
    if not special:
        return passes(name, "evaluation, which makes no difference to this model")
    return fails(
        name,
        f"the model is in evaluation mode{extra}",
        cause="eval() in training",
        got="eval()",
        expected="train()",
        label="rows-that-mix",
        effect="dropout is off, and batch norm keeps its old statistics, while the weights change",
        cure="model.train() before training; unless it is meant, as with frozen statistics",
    )


def rows(step: Step) -> Finding:
    """Whether the answer for a row depends on the others, in evaluation mode."""
    name, n = "rows", step.rows
    if step.forward.error is not None or n < 2:
        return absent(name, "no batch of rows")
    if any(t.shape[:1] != (n,) for _, t in tensors(step.inputs)):
        return absent(name, "the inputs are not rows")
    modes = [(module, module.training) for module in step.model.modules()]
    step.model.eval()
    with torch.no_grad():
        whole = step.run(step.inputs).output
        again = step.run(step.inputs, fresh=True).output
        alone = step.run(_first(step.inputs)).output
    for module, training in modes:
        module.training = training
    if not all(isinstance(out, Tensor) for out in (whole, again, alone)):
        return absent(name, "a single row has no output")
    if not bool(whole.isfinite().all()):
        return absent(name, "the output is not finite")
    if not _same(whole, again):
        return fails(
            name,
            "in evaluation mode the same batch has two outputs",
            cause="random in eval()",
            label="rows-that-mix",
            effect="predictions change from call to call",
            cure="F.dropout(x, training=self.training), or nn.Dropout; no other random numbers",
        )
    if _same(whole[:1], alone):
        return passes(name, "each row alone has the answer that it has in the batch")
    return fails(
        name,
        "the first row has another output alone than in the batch",
        cause="rows that mix",
        smallest="inputs[:1]",
        got=_numbers(alone[0]),
        expected=_numbers(whole[0]),
        label="rows-that-mix",
        effect="good in batches, bad alone: a row sees the others, which it will not have later",
        cure="look for an axis: softmax, mean or normalisation along axis 0, a reshape that mixes "
        "rows, batch norm that ignores eval()",
    )


def gradient(step: Step) -> Finding:
    """Whether every gradient is a number."""
    name, error = "gradient", step.backward_error
    if error is not None:
        return fails(
            name,
            f"the backward pass raised {type(error).__name__}: {said(error)}",
            effect="there is no step",
            label="target-dtype",
            cure="see the findings above; else look for a tensor that was changed in place",
        )
    grads = _grads(step.model)
    if not grads:
        return absent(name, "there is none")
    bad = [key for key, grad in grads.items() if not bool(grad.isfinite().all())]
    if step.forward.trouble.stage == "backward" and not bad:
        # It met a mask on its way, and with other inputs it will not.
        bad = [f"what comes back to {step.forward.trouble.layer!r}"]
    if not bad:
        return passes(name, f"finite; its norm is {gradient_norms(step.model)['total']:.3g}")
    trouble, out = step.forward.trouble, step.out_grad
    in_loss = out is not None and not bool(out.isfinite().all())
    born = "the loss" if in_loss else trouble.layer or "the model"
    return fails(
        name,
        f"the loss is finite and its gradient is not, in {', '.join(bad)}",
        cause=f"NaN born in {born}",
        got="NaN or infinite",
        expected="finite",
        effect="this step makes the weights NaN, and the next loss with them",
        label="nan-spreads",
        cure=f"in {born}: the root of 0, a norm of 0, the branch of a where that is not taken; "
        "keep the argument away from 0 before the operation, not after",
    )


def parameters(step: Step) -> Finding:
    """Whether every parameter gets a gradient."""
    name = "parameters"
    if not step.has_gradient or step.backward_error is not None or not _grads(step.model):
        return absent(name, "no gradient arrives at all")
    frozen = [key for key, p in step.model.named_parameters() if not p.requires_grad]
    cut = [key for key, p in step.model.named_parameters() if p.requires_grad and p.grad is None]
    total = len(list(step.model.parameters()))
    note = f"; frozen: {_listed(frozen)}" if frozen else ""
    if not cut:
        return passes(name, f"{total - len(frozen)} of {total} have a gradient{note}")
    return fails(
        name,
        f"no gradient arrives at {_listed(cut)}{note}",
        cause="cut off or not used",
        got=f"{len(cut)} of {total} without a gradient",
        expected="all that are to learn",
        effect="they stay as they were drawn",
        label="gradient-norms",
        cure="look for detach(), .data, no_grad or .numpy() behind that layer; if it is not used, "
        "remove it; if it is to be frozen, requires_grad_(False)",
    )


def layers(step: Step) -> Finding:
    """Whether the gradient keeps its size on its way back."""
    name = "gradient by layer"
    norms = {
        key: grad.double().norm().item()
        for key, grad in _grads(step.model).items()
        if grad.ndim > 1
    }
    if not norms or not all(map(math.isfinite, norms.values())):
        return absent(name, "no finite gradients of weights")
    none = [key for key, norm in norms.items() if norm == 0]
    at_zero = [key for key, p in step.model.named_parameters() if p.ndim > 1 and not bool(p.any())]
    if none and at_zero:
        return passes(
            name, f"0 in {_listed(none)}, for the weights of {_listed(at_zero)} start at 0"
        )
    if none:
        return fails(
            name,
            f"the gradient is exactly 0 in {_listed(none)}",
            cause="no gradient passes",
            got=0.0,
            expected="above 0",
            label="gradient-norms",
            effect="these layers do not learn on this batch",
            cure="look at the units behind them: ReLUs that are off, saturated sigmoids, a clamp; "
            "or a loss that is already 0",
        )
    (first, a), (last, b) = list(norms.items())[0], list(norms.items())[-1]
    text = f"{first} {a:.2g}, {last} {b:.2g}"
    if a < 1e-4 * b:
        return fails(
            name,
            "the gradient fades on its way back",
            cause="vanishing gradient",
            got=text,
            expected="within some powers of ten",
            label="gradient-norms",
            effect="the first layers do not learn; the loss is a plateau near ln C",
            cure="ReLU for sigmoid and tanh, a spread of √(2/n), normalisation, shortcuts",
        )
    if a > 1e4 * b:
        return fails(
            name,
            "the gradient grows on its way back",
            cause="exploding gradient",
            got=text,
            expected="within some powers of ten",
            label="gradient-norms",
            effect="the first layers make steps that are far too large",
            cure="smaller initial weights, a spread of √(2/n), normalisation; clipping for rare "
            "walls",
        )
    return passes(name, text)


def activations(step: Step) -> Finding:
    """Whether the layers' outputs keep their size."""
    name = "activations"
    sizes = {
        key: layer.size for key, layer in step.forward.layers.items() if math.isfinite(layer.size)
    }
    start = [
        t.double().square().mean().sqrt().item()
        for _, t in tensors(step.inputs)
        if t.is_floating_point() and t.numel()
    ]
    if not sizes or step.forward.trouble or not all(map(math.isfinite, start)):
        return absent(name, "no finite outputs of layers")
    usual = max([1.0, *start])
    if isinstance(step.target, Tensor) and step.kind == "amounts":
        usual = max(usual, step.target.double().abs().max().item())
    layer, size = max(sizes.items(), key=lambda item: item[1])
    if size <= 100 * usual:
        return passes(name, f"of a size up to {size:.3g}, in {layer}")
    first = next(key for key, value in sizes.items() if value > 100 * usual)
    return fails(
        name,
        f"the outputs grow from layer to layer, up to a size of {size:.3g} in {layer!r}",
        cause="exploding activations",
        smallest=f"first above {100 * usual:.3g} in {first!r}",
        got=size,
        expected=f"about {usual:.3g}",
        label="gradient-norms",
        effect="the first loss is far too large, and so are the first steps",
        cure="initial weights with a spread of √(2/n) for n inputs, or normalisation",
    )


def dead_units(step: Step) -> Finding:
    """Whether ReLUs let anything through."""
    name = "dead units"
    off = _off(step, step.forward)
    if off is None:
        return absent(name, f"no ReLU, or fewer than {_FEW} rows")
    layer, share = max(off.items(), key=lambda item: item[1])
    if share <= 0.75:
        return passes(name, f"{share:.0%} of the units of {layer} are 0 for every row")
    return fails(
        name,
        f"{share:.0%} of the units of {layer!r} are 0 for every row",
        cause="dead units",
        got=share,
        expected="a few",
        label="shape-of-the-curve",
        effect="no gradient comes through a ReLU that is off, so they stay off",
        cure="a smaller learning rate and a new start; look at the biases and the scale of the "
        "inputs",
    )


def optimizer(step: Step, missing: list[str], strange: int) -> Finding:
    """Whether the optimizer holds the parameters of this model."""
    name = "optimizer"
    if step.optimizer is None:
        return absent(name, "none was given")
    kind = type(step.optimizer).__name__
    if not missing and not strange:
        return passes(name, f"{kind} with all parameters that ask for a gradient")
    what = [f"{_listed(missing)} of the model are not in it"] * bool(missing)
    what += [f"{strange} of its parameters are not the model's"] * bool(strange)
    return fails(
        name,
        f"{kind}: {' and '.join(what)}",
        cause="not in the optimizer",
        got=f"{len(missing)} missing, {strange} strange",
        expected="all, and no others",
        effect="a layer that is not in it has a gradient and does not move",
        label="ex-08-clinic-2",
        cure="make the optimizer last, after every layer is there and on its device",
    )


def update(step: Step) -> Finding:
    """Whether a step lowers the loss of the batch."""
    name = "step"
    grads = _grads(step.model)
    if gradient(step).verdict != PASSES:
        return absent(name, "no finite gradient")
    before = step.value.item()
    old = {key: p.detach().clone() for key, p in step.model.named_parameters()}
    slope = sum(float((grad.double() ** 2).sum()) for grad in grads.values())
    if slope == 0:
        return absent(name, "the gradient is 0")
    if step.optimizer is None:
        return _along_the_gradient(step, grads, old, before, slope)
    try:
        step.optimizer.step()
    except Exception as error:  # such as of LBFGS, which wants a closure
        _put(step.model, old)
        return absent(name, f"the optimizer's step raised {type(error).__name__}: {said(error)}")
    change = {key: p.detach() - old[key] for key, p in step.model.named_parameters()}
    down = sum(float((grads[key].double() * change[key].double()).sum()) for key in grads)
    moved = math.sqrt(sum(float((c.double() ** 2).sum()) for c in change.values()))
    size = math.sqrt(sum(float((p.double() ** 2).sum()) for p in old.values()))
    after = step.loss_of(step.inputs)
    off = _off(step, step.run(step.inputs))
    rate = step.optimizer.param_groups[0].get("lr", math.nan)
    seen = f"{before:.4g} → {'not finite' if after is None else format(after, '.4g')}"
    if moved == 0 or moved < 1e-7 * size and abs(down) < 1e-6 * abs(before):
        return fails(
            name,
            f"the step changes the weights by {moved:.2g}, of {size:.3g}",
            cause="learning rate too small",
            got=rate,
            expected="a change of about 1/1000",
            effect="the loss is flat from the start",
            label="shape-of-the-curve",
            cure="a larger learning rate; see also whether the optimizer holds these weights",
        )
    if down > 0:
        return fails(
            name,
            f"the step goes up the gradient: the loss {seen}",
            cause="uphill",
            got=after if after is not None else "not finite",
            expected=f"below {before:.4g}",
            effect="the loss rises",
            label="wrong-sign",
            cure="maximize=False; zero_grad() before backward(), so that no old gradients are in "
            "it; momentum of earlier steps may also do it for once",
        )
    if after is None or after > before + 0.1 * abs(before):
        good = _smaller(step, old, change, before)
        return fails(
            name,
            f"the step is downhill and too long: the loss {seen}",
            cause="learning rate too large",
            got=f"lr = {rate:.3g}: {seen}",
            label="shape-of-the-curve",
            expected=(
                f"the loss falls with lr = {rate * good:.1g}" if good else f"below {before:.4g}"
            ),
            effect="the loss jumps, and then explodes or stays on a plateau of dead units",
            cure="a learning rate of a third of the best that does not explode",
        )
    dead = max(off.values(), default=0.0) if off else 0.0
    alive = max((_off(step, step.forward) or {}).values(), default=0.0)
    if dead > 0.75 >= alive:
        return fails(
            name,
            f"after the step {dead:.0%} of the units of a layer are 0 for every row",
            cause="units died",
            got=dead,
            expected=alive,
            label="shape-of-the-curve",
            effect="a jump, then flat: no gradient comes through them any more",
            cure="a smaller learning rate, and a new start",
        )
    return passes(name, f"the loss {seen}")


def _along_the_gradient(
    step: Step, grads: dict[str, Tensor], old: dict[str, Tensor], before: float, slope: float
) -> Finding:
    """Without an optimizer: a step so small that the loss should fall by a hundredth."""
    name, length = "step", 0.01 * abs(before) / slope
    if before == 0:
        return absent(name, "the loss is 0")
    with torch.no_grad():
        for key, parameter in step.model.named_parameters():
            if key in grads:
                parameter.sub_(length * grads[key])
    after = step.loss_of(step.inputs)
    _put(step.model, old)
    seen = f"{before:.4g} → {'not finite' if after is None else format(after, '.4g')}"
    if after is not None and after < before:
        return passes(name, f"a small step down the gradient lowers the loss: {seen}")
    return fails(
        name,
        f"a small step down the gradient does not lower the loss: {seen}",
        cause="not its own gradient",
        got=after if after is not None else "not finite",
        expected=before - 0.01 * abs(before),
        label="gradient-norms",
        effect="training lowers something else than the loss that is printed",
        cure="look for detach() or .data inside the loss, a backward pass of one's own, rounding, "
        "and random numbers that differ from call to call",
    )


def _smaller(step: Step, old: dict[str, Tensor], change: dict[str, Tensor], before: float) -> float:
    """The share of the step with which the loss falls; 0 if none of the tried ones."""
    for share in (0.3, 0.1, 0.03, 0.01, 1e-3, 1e-4, 1e-5):
        _put(step.model, {key: old[key] + share * change[key] for key in old})
        after = step.loss_of(step.inputs)
        if after is not None and after < before:
            return share
    return 0.0


def _put(model: nn.Module, values: dict[str, Tensor]) -> None:
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            parameter.copy_(values[key])


def _off(step: Step, seen: Pass) -> dict[str, float] | None:
    if step.rows < _FEW:
        return None
    return {
        key: layer.unused for key, layer in seen.layers.items() if not math.isnan(layer.unused)
    } or None


def _grads(model: nn.Module) -> dict[str, Tensor]:
    return {key: p.grad for key, p in model.named_parameters() if p.grad is not None}


def _first(inputs: Any) -> Any:
    if isinstance(inputs, Tensor):
        return inputs[:1]
    if isinstance(inputs, dict):
        return {key: _first(value) for key, value in inputs.items()}
    return type(inputs)(map(_first, inputs)) if isinstance(inputs, (tuple, list)) else inputs


def _same(a: Tensor, b: Tensor) -> bool:
    size = float(a.abs().max()) if a.numel() else 0.0
    # Half precision has three digits, and sums of another order.
    tolerance = 1e-4 if a.dtype in (torch.float32, torch.float64) else 1e-2
    return a.shape == b.shape and bool(
        torch.allclose(a, b, rtol=10 * tolerance, atol=tolerance * size, equal_nan=True)
    )


def _numbers(row: Tensor) -> str:
    shown = ", ".join(f"{value:.4g}" for value in row.flatten()[:3].tolist())
    return shown + (", …" if row.numel() > 3 else "")


def _listed(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
