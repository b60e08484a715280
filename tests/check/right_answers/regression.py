"""Right answers to the assignment on regression, written in different ways."""

import math

import numpy as np
import torch

import lossfns.torch as lt


def by_loop(pred, target):
    return list(zip(pred.ravel().tolist(), target.ravel().tolist(), strict=True))


def same_shape(pred, target):
    if np.shape(pred) != np.shape(target):
        raise ValueError("shapes differ")


def reduced(losses, reduction):
    if reduction not in ("none", "sum", "mean"):
        raise ValueError(f"what is {reduction}?")
    return losses if reduction == "none" else getattr(losses, reduction)()


def mse_loop(pred, target, reduction="mean"):
    same_shape(pred, target)
    losses = np.empty(pred.shape)
    for index in np.ndindex(pred.shape):
        losses[index] = (target[index] - pred[index]) ** 2
    return reduced(losses, reduction)


def mse_dot(pred, target, *, reduction="mean"):
    if pred.shape != target.shape:
        raise ValueError
    if reduction == "none":
        return np.square(target - pred)
    error = (target - pred).ravel()
    if reduction == "mean":
        return float(error @ error) / error.size
    if reduction == "sum":
        return float(error @ error)
    raise ValueError


def mse_single(pred, target, reduction="mean"):
    same_shape(pred, target)
    return reduced((pred.astype(np.float32) - target.astype(np.float32)) ** 2, reduction)


def mse_weighted(pred, target, reduction="mean", weight=None, *, ddof=0):
    same_shape(pred, target)
    losses = (pred - target) ** 2 * (1 if weight is None else weight)
    return (
        losses.sum() / (losses.size - ddof) if reduction == "mean" else reduced(losses, reduction)
    )


def mse_norm(pred, target, reduction="mean"):
    same_shape(pred, target)
    if reduction == "mean":
        return np.linalg.norm((pred - target).ravel()) ** 2 / pred.size
    return reduced(np.abs(pred - target) ** 2, reduction)


def mse_through_torch(pred, target, reduction="mean"):
    same_shape(pred, target)
    losses = torch.tensor(pred).sub(torch.tensor(target)).square()
    return reduced(losses, reduction).numpy()


def mse_chatty(pred, target, reduction="mean"):
    import sys
    import warnings

    print("errors", file=sys.stderr)
    warnings.warn("careful", stacklevel=1)
    return mse_loop(pred, target, reduction)


def mse_grad_loop(pred, target):
    slopes = np.zeros_like(pred)
    for index in np.ndindex(pred.shape):
        slopes[index] = 2 / pred.size * (pred[index] - target[index])
    return slopes


def mse_grad_numerically(pred, target):
    slopes = np.empty(pred.shape)
    for index in np.ndindex(pred.shape):
        step = 1e-4 * max(1.0, abs(float(pred[index] - target[index])))
        up, down = pred.astype(float), pred.astype(float)
        up[index] += step
        down[index] -= step
        rise = (up[index] - target[index]) ** 2 - (down[index] - target[index]) ** 2
        slopes[index] = rise / (up[index] - down[index]) / pred.size
    return slopes


def mae_grad_where(pred, target):
    slopes = np.where(pred > target, 1.0, np.where(pred < target, -1.0, 0.0))
    return slopes / pred.size


def huber_loop(pred, target, delta=1.0, reduction="mean"):
    if delta <= 0:
        raise ValueError("delta")
    losses = np.zeros(pred.shape)
    for index in np.ndindex(pred.shape):
        size = abs(pred[index] - target[index])
        losses[index] = size**2 / 2 if size <= delta else delta * size - delta**2 / 2
    return reduced(losses, reduction)


def huber_optax(pred, target, delta=1.0, reduction="mean"):
    if not delta > 0:
        raise ValueError("delta")
    size = np.abs(target - pred)
    quadratic = np.minimum(size, delta)
    return reduced(0.5 * quadratic**2 + delta * (size - quadratic), reduction)


def huber_masked(pred, target, delta=1.0, reduction="mean"):
    if not delta > 0:
        raise ValueError("delta")
    error = pred - target
    losses = 0.5 * error**2
    far = np.abs(error) >= delta
    losses[far] = delta * (np.abs(error[far]) - delta / 2)
    return reduced(losses, reduction)


def huber_single(pred, target, delta=1.0, reduction="mean"):
    return huber_optax(np.float32(pred), np.float32(target), np.float32(delta), reduction)


def huber_grad_where(pred, target, delta=1.0):
    error = pred - target
    return np.where(np.abs(error) < delta, error, delta * np.sign(error)) / error.size


def huber_grad_scaled(pred, target, delta=1.0):
    error = pred - target
    return error * np.minimum(1, delta / np.maximum(np.abs(error), 1e-30)) / error.size


def quantile_where(pred, target, q):
    if q <= 0 or q >= 1:
        raise ValueError("q")
    error = target - pred
    return np.where(error > 0, q * error, (q - 1) * error).mean()


def quantile_abs(pred, target, q):
    if not 0 < q < 1:
        raise ValueError("q")
    error = target - pred
    return float((0.5 * np.abs(error) + (q - 0.5) * error).mean())


def log_cosh_logaddexp(pred, target):
    error = pred - target
    return np.mean(np.logaddexp(error, -error) - np.log(2))


def log_cosh_loop(pred, target):
    total = 0.0
    for p, t in by_loop(pred, target):
        size = abs(p - t)
        total += size + math.log1p(math.exp(-2 * size)) - math.log(2)
    return total / pred.size


def mse_torch_operators(pred, target, reduction="mean"):
    if pred.shape != target.shape:
        raise ValueError
    return reduced((target - pred).pow(2), reduction)


def mse_torch_einsum(pred, target, reduction="mean"):
    if pred.size() != target.size():
        raise ValueError
    error = pred - target
    if reduction == "mean":
        flat = error.flatten()
        return torch.dot(flat, flat) / flat.numel()
    return reduced(error * error, reduction)


def huber_torch_where(pred, target, delta=1.0):
    size = torch.abs(pred - target)
    return torch.where(size < delta, 0.5 * size**2, delta * (size - 0.5 * delta)).mean()


def huber_torch_stacked(pred, target, delta=1.0):
    losses = []
    for error in (pred - target).flatten():
        small = error.abs() <= delta
        losses.append(0.5 * error**2 if small else delta * (error.abs() - 0.5 * delta))
    return torch.stack(losses).mean()


def gaussian_by_distribution(pred, target, var):
    density = torch.distributions.Normal(pred, var.sqrt()).log_prob(target)
    return -density.mean() - 0.5 * math.log(2 * math.pi)


def gaussian_by_std(pred, target, var):
    std = var**0.5
    return (std.log() + 0.5 * ((target - pred) / std) ** 2).mean()


def line_by_descent(x, y, loss="mse", delta=1.0):
    line = np.zeros(2)
    for _ in range(2000):
        error = line[0] * x + line[1] - y
        slope = 2 * error if loss == "mse" else np.clip(error, -delta, delta)
        line -= 0.1 * np.array([(slope * x).mean(), slope.mean()])
    return line


def line_by_torch(x, y, loss="mse", delta=1.0):
    x, y = torch.tensor(x), torch.tensor(y)
    line = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    measure = torch.nn.MSELoss() if loss == "mse" else torch.nn.HuberLoss(delta=delta)
    optimizer = torch.optim.LBFGS([line], max_iter=200, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        value = measure(line[0] * x + line[1], y)
        value.backward()
        return value

    optimizer.step(closure)
    return line.detach().numpy()


RIGHT = {
    "mse": [
        *(mse_loop, mse_dot, mse_single, mse_weighted, mse_norm, mse_through_torch, mse_chatty),
    ],
    "mse_grad": [
        mse_grad_loop,
        mse_grad_numerically,
        lambda pred, target: (pred - target) / (pred.size / 2),
        lambda pred, target: -2 * np.divide(target - pred, np.prod(pred.shape)),
        lambda pred, target: (2 * (np.float32(pred) - np.float32(target))) / pred.size,
    ],
    "mae": [
        lambda pred, target: sum(abs(p - t) for p, t in by_loop(pred, target)) / pred.size,
        lambda pred, target: np.mean(np.maximum(pred - target, target - pred)),
        lambda pred, target: np.sqrt((pred - target) ** 2).mean(),
        lambda pred, target, axis=None: np.abs(np.float32(target) - np.float32(pred)).mean(axis),
    ],
    "mae_grad": [
        mae_grad_where,
        lambda pred, target: (1.0 * (pred > target) - (pred < target)) / pred.size,
        lambda pred, target: -np.sign(target - pred) / np.prod(pred.shape),
    ],
    "rmse": [
        lambda pred, target: math.sqrt(np.mean((pred - target) ** 2)),
        lambda pred, target: np.linalg.norm((pred - target).ravel()) / np.sqrt(pred.size),
        lambda pred, target: np.std(np.concatenate([(e := (pred - target).ravel()), -e])),
    ],
    "huber": [huber_loop, huber_optax, huber_masked, huber_single],
    "huber_grad": [
        huber_grad_where,
        huber_grad_scaled,
        lambda pred, target, delta=1.0: (
            np.maximum(-delta, np.minimum(pred - target, delta)) / pred.size
        ),
    ],
    "quantile": [quantile_where, quantile_abs],
    "log_cosh": [log_cosh_logaddexp, log_cosh_loop],
    "mse_torch": [mse_torch_operators, mse_torch_einsum, lt.mse],
    "huber_torch": [huber_torch_where, huber_torch_stacked, lt.huber],
    "gaussian_nll_torch": [
        gaussian_by_distribution,
        gaussian_by_std,
        lambda pred, target, var: lt.gaussian_nll(pred, target, var=var),
    ],
    "fit_line": [line_by_descent, line_by_torch],
}
