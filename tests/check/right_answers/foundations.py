"""Right answers to the assignment on foundations, written in different ways."""

import math

import numpy as np
import torch
from scipy.optimize import minimize
from scipy.special import xlogy
from scipy.stats import bernoulli

import lossfns.numpy as ln
import lossfns.torch as lt


def weights_checked(losses, weights):
    if np.shape(losses) != np.shape(weights):
        raise ValueError("shapes differ")
    if np.min(weights) < 0:
        raise ValueError("negative weight")


def weighted_loop(losses, weights):
    weights_checked(losses, weights)
    total = mass = 0.0
    for loss, weight in zip(losses.ravel().tolist(), weights.ravel().tolist(), strict=True):
        total += weight * loss
        mass += weight
    return total / mass if mass else 0.0


def weighted_average(losses, weights):
    weights_checked(losses, weights)
    return np.average(losses, weights=weights) if weights.any() else 0.0


def weighted_shares(losses, weights):
    weights_checked(losses, weights)
    mass = weights.sum()
    return float(np.vdot(weights / np.where(mass > 0, mass, 1), losses))


def weighted_single(losses, weights, eps=0.0):
    weights_checked(losses, weights)
    w, loss = weights.astype(np.float32), losses.astype(np.float32)
    return np.float32(0) if not w.sum() else (w * loss).sum() / (w.sum() + eps)


def weighted_nan(losses, weights):
    weights_checked(losses, weights)
    return np.nan_to_num(np.sum(losses * weights) / np.sum(weights))


def strength_checked(strength):
    if strength < 0:
        raise ValueError("negative strength")


def ridge_loop(losses, params, strength):
    strength_checked(strength)
    return sum(losses) / len(losses) + strength * sum(theta**2 for theta in params[1:])


def ridge_mask(losses, params, strength, free=1):
    strength_checked(strength)
    counted = np.arange(len(params)) >= free
    return np.mean(losses) + np.sum(strength * params**2 * counted)


def ridge_norm(losses, params, strength):
    strength_checked(strength)
    return np.mean(losses) + strength * np.linalg.norm(params[1:]) ** 2


def ridge_difference(losses, params, strength):
    strength_checked(strength)
    rest = params[1:].astype(np.float64)
    return float(losses.mean() + strength * (rest @ rest))


def line_loop(x, y, slope, intercept):
    gradient = [0.0, 0.0]
    for a, b in zip(x, y, strict=True):
        error = slope * a + intercept - b
        gradient[0] += 2 * error * a / len(x)
        gradient[1] += 2 * error / len(x)
    return np.array(gradient)


def line_chain(x, y, slope, intercept):
    pull = ln.mse.grad(slope * x + intercept, y)
    return np.array([(pull * x).sum(), pull.sum()])


def line_matrix(x, y, slope, intercept):
    columns = np.column_stack([x, np.ones_like(x)])
    return 2 / len(x) * columns.T @ (columns @ np.array([slope, intercept]) - y)


def line_autograd(x, y, slope, intercept):
    line = torch.tensor([slope, intercept], dtype=torch.float64, requires_grad=True)
    lt.mse(line[0] * torch.tensor(x) + line[1], torch.tensor(y).double()).backward()
    return line.grad.numpy()


def line_numerically(x, y, slope, intercept, h=1e-3):
    """Exact for a quadratic, but for rounding."""
    x, y = x.astype(np.float64), y.astype(np.float64)

    def loss(a, b):
        return np.mean((a * x + b - y) ** 2)

    along_slope = loss(slope + h, intercept) - loss(slope - h, intercept)
    along_intercept = loss(slope, intercept + h) - loss(slope, intercept - h)
    return np.array([along_slope, along_intercept]) / (2 * h)


def descend_filled(x, y, rate, steps):
    path = np.zeros((steps + 1, 2))
    for t in range(steps):
        path[t + 1] = path[t] - rate * line_matrix(x, y, *path[t])
    return path


def descend_in_place(x, y, rate, steps):
    line, path = np.zeros(2), []
    for t in range(steps + 1):
        path.append(line.copy())
        if t < steps:
            line -= rate * line_loop(x, y, *line)
    return np.stack(path)


def descend_two_numbers(x, y, rate, steps):
    a = b = 0.0
    path = [[a, b]]
    for _ in range(steps):
        error = a * x + b - y
        a, b = a - 2 * rate * np.mean(error * x), b - 2 * rate * np.mean(error)
        path.append([a, b])
    return np.array(path)


def descend_optimizer(x, y, rate, steps):
    x, y = torch.tensor(x).double(), torch.tensor(y).double()
    line = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([line], lr=rate)
    path = [[0.0, 0.0]]
    for _ in range(steps):
        optimizer.zero_grad()
        lt.mse(line[0] * x + line[1], y).backward()
        optimizer.step()
        path.append(line.tolist())
    return np.array(path)


def descend_single(x, y, rate, steps):
    path = np.zeros((steps + 1, 2), np.float32)
    for t in range(steps):
        path[t + 1] = path[t] - np.float32(rate) * line_chain(x, y, *path[t])
    return path


def same_shape(x, y):
    if x.shape != y.shape:
        raise ValueError(f"x has shape {tuple(x.shape)}, y has shape {tuple(y.shape)}")


def step_backward(params, x, y, rate):
    same_shape(x, y)
    leaf = params.detach().clone().requires_grad_()
    ((leaf[0] * x + leaf[1] - y) ** 2).mean().backward()
    with torch.no_grad():
        leaf -= rate * leaf.grad
    return leaf


def step_grad(params, x, y, rate):
    same_shape(x, y)
    params.requires_grad_()
    (gradient,) = torch.autograd.grad(lt.mse(params[0] * x + params[1], y), params)
    return (params - rate * gradient).detach()


def step_optimizer(params, x, y, rate, momentum=0.0):
    same_shape(x, y)
    leaf = torch.nn.Parameter(params.clone())
    optimizer = torch.optim.SGD([leaf], lr=rate, momentum=momentum)
    optimizer.zero_grad()
    torch.nn.functional.mse_loss(leaf[0] * x + leaf[1], y).backward()
    optimizer.step()
    return leaf.data


def step_functional(params, x, y, rate):
    same_shape(x, y)

    def loss(at):
        return (torch.stack([x, torch.ones_like(x)], dim=1) @ at - y).square().mean()

    return params - rate * torch.func.grad(loss)(params)


def step_by_hand(params, x, y, rate):
    same_shape(x, y)
    pull = 2 * (params[0] * x + params[1] - y) / len(x)
    return params - rate * torch.stack([(pull * x).sum(), pull.sum()])


def counts_checked(gradients, counts):
    if gradients.shape[:1] != counts.shape:
        raise ValueError("one count for each piece")
    if any(count < 0 for count in counts):
        raise ValueError("negative count")


def accumulated_loop(gradients, counts):
    counts_checked(gradients, counts)
    total, items = np.zeros(gradients.shape[1]), 0
    for row, count in zip(gradients, counts, strict=True):
        total += count * row
        items += count
    return total / items if items else total


def accumulated_shares(gradients, counts):
    counts_checked(gradients, counts)
    return (counts / max(1, counts.sum())) @ gradients


def accumulated_average(gradients, counts):
    counts_checked(gradients, counts)
    if not counts.any():
        return np.zeros(gradients.shape[1])
    return np.average(gradients, axis=0, weights=counts)


def accumulated_running(gradients, counts):
    """The mean so far, moved towards each new piece."""
    counts_checked(gradients, counts)
    mean, items = np.zeros(gradients.shape[1], gradients.dtype), 0
    for row, count in zip(gradients, counts, strict=True):
        if count:
            items += count
            mean = mean + (row - mean) * (count / items)
    return mean


def accumulated_repeated(gradients, counts):
    counts_checked(gradients, counts)
    return np.einsum("kd,k->d", gradients, counts) / (counts.sum() or 1)


def loss_checked(target, loss):
    if loss not in ("mse", "mae", "max") or len(target) == 0:
        raise ValueError(f"{loss} of {len(target)} targets")


def constant_sorted(target, loss):
    loss_checked(target, loss)
    ordered = sorted(target.tolist())
    if loss == "mse":
        return sum(ordered) / len(ordered)
    return ordered[len(ordered) // 2] if loss == "mae" else 0.5 * (ordered[0] + ordered[-1])


def constant_on_a_grid(target, loss):
    loss_checked(target, loss)
    errors = np.linspace(target.min(), target.max(), 4001)[:, None] - target
    losses = {
        "mse": (errors**2).mean(axis=1),
        "mae": np.abs(errors).mean(axis=1),
        "max": np.abs(errors).max(axis=1),
    }[loss]
    return np.linspace(target.min(), target.max(), 4001)[losses.argmin()]


def constant_lower_median(target, loss):
    loss_checked(target, loss)
    if loss == "mae":
        return torch.tensor(target).median().item()
    return float(np.mean(target) if loss == "mse" else np.ptp(target) / 2 + np.min(target))


def constant_by_bisection(target, loss):
    """Where the pulls balance."""
    loss_checked(target, loss)
    low, high = float(target.min()), float(target.max())
    for _ in range(60):
        c = (low + high) / 2
        if loss == "max":
            pull = (c - target.min()) - (target.max() - c)
        else:
            pull = (c - target if loss == "mse" else np.sign(c - target)).sum()
        low, high = (low, c) if pull > 0 else (c, high)
    return c


def coin_checked(outcomes, p):
    if not (0 < p < 1) or set(np.unique(outcomes)) - {0, 1}:
        raise ValueError


def nll_counting(outcomes, p):
    coin_checked(outcomes, p)
    ones = outcomes.sum()
    return -(ones * math.log(p) + (outcomes.size - ones) * math.log(1 - p)) / outcomes.size


def nll_loop(outcomes, p):
    coin_checked(outcomes, p)
    total = 0.0
    for outcome in outcomes:
        total -= math.log(p) if outcome == 1 else math.log1p(-p)
    return total / len(outcomes)


def nll_formula(outcomes, p):
    coin_checked(outcomes, p)
    return -np.mean(outcomes * np.log(p) + (1 - outcomes) * np.log(1 - p))


def nll_xlogy(outcomes, p, base=math.e):
    coin_checked(outcomes, p)
    return -(xlogy(outcomes, p) + xlogy(1 - outcomes, 1 - p)).mean() / math.log(base)


def nll_scipy(outcomes, p):
    coin_checked(outcomes, p)
    return float(-bernoulli.logpmf(outcomes.astype(int), p).mean())


def nll_bce(outcomes, p):
    coin_checked(outcomes, p)
    return ln.bce(np.full(outcomes.shape, p), outcomes)


def survey_descent(x, y, weights, strength):
    share, params = weights / weights.sum(), np.zeros(x.shape[1] + 1)
    for _ in range(1500):
        pull = 2 * share * (params[0] + x @ params[1:] - y)
        params[0] -= 0.05 * pull.sum()
        params[1:] -= 0.05 * (pull @ x + 2 * strength * params[1:])
    return params


def survey_adam(x, y, weights, strength):
    x, y, w = torch.tensor(x), torch.tensor(y), torch.tensor(weights)
    params = torch.zeros(x.shape[1] + 1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([params], lr=0.1)
    for _ in range(500):
        optimizer.zero_grad()
        losses = (params[0] + x @ params[1:] - y) ** 2
        ((w * losses).sum() / w.sum() + strength * params[1:].square().sum()).backward()
        optimizer.step()
    return params.detach().numpy()


def survey_copies(x, y, weights, strength):
    """Each record as often as its weight says, and a row of data for each penalty."""
    times = weights.astype(int)
    columns = np.column_stack([np.ones(len(x)), x])
    price = np.sqrt(strength * times.sum()) * np.eye(columns.shape[1])[1:]
    rows = np.concatenate([np.repeat(columns, times, axis=0), price])
    wanted = np.concatenate([np.repeat(y, times), np.zeros(len(price))])
    return np.linalg.lstsq(rows, wanted, rcond=None)[0]


def survey_bfgs(x, y, weights, strength):
    def objective(params):
        losses = (params[0] + x @ params[1:] - y) ** 2
        return np.average(losses, weights=weights) + strength * (params[1:] ** 2).sum()

    return minimize(objective, np.zeros(x.shape[1] + 1)).x


RIGHT = {
    "weighted_risk": [
        *(weighted_loop, weighted_average, weighted_shares, weighted_single, weighted_nan),
    ],
    "ridge_risk": [ridge_loop, ridge_mask, ridge_norm, ridge_difference],
    "line_gradient": [line_loop, line_chain, line_matrix, line_autograd, line_numerically],
    "descend": [
        *(descend_filled, descend_in_place, descend_two_numbers, descend_optimizer),
        descend_single,
    ],
    "training_step_torch": [
        *(step_backward, step_grad, step_optimizer, step_functional, step_by_hand),
    ],
    "accumulated_gradient": [
        *(accumulated_loop, accumulated_shares, accumulated_average, accumulated_running),
        accumulated_repeated,
    ],
    "best_constant": [
        *(constant_sorted, constant_on_a_grid, constant_lower_median, constant_by_bisection),
    ],
    "bernoulli_nll": [nll_counting, nll_loop, nll_formula, nll_xlogy, nll_scipy, nll_bce],
    "fit_survey": [survey_descent, survey_adam, survey_copies, survey_bfgs],
}
