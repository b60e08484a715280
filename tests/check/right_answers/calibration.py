"""Right answers to the assignment on calibration, written in different ways."""

import math

import numpy as np
import scipy.optimize
import scipy.special
import torch
from torch.nn import functional


def hold_classes(probs, target):
    if target.shape != (len(probs),) or target.min() < 0 or target.max() >= probs.shape[1]:
        raise ValueError("one label of an existing class per row")
    if np.any(probs < 0) or np.any(probs > 1) or not np.allclose(probs.sum(1), 1, atol=1e-3):
        raise ValueError("rows must be distributions")


def nll_loop(probs, target):
    hold_classes(probs, target)
    total = 0.0
    for row, label in zip(probs, target, strict=True):
        total -= math.log(row[label])
    return total / len(target)


def nll_indexed(probs, target):
    hold_classes(probs, target)
    return -np.mean(np.log(probs[np.arange(len(target)), target]))


def nll_one_hot(probs, target):
    hold_classes(probs, target)
    onehot = np.eye(probs.shape[1])[target]
    return -np.log((probs * onehot).sum(axis=1)).mean()


def nll_taken(probs, target, *, axis=1):
    hold_classes(probs, target)
    chosen = np.take_along_axis(probs, target[:, None], axis=axis)
    return float(np.log(1 / chosen).mean())


def nll_single(probs, target):
    """Only the result is rounded: 1e-300 is 0 in float32."""
    return np.float32(nll_indexed(probs, target))


def nll_torch(probs, target):
    hold_classes(probs, target)
    return functional.nll_loss(torch.tensor(probs).log(), torch.tensor(target)).item()


def brier_loop(probs, target):
    hold_classes(probs, target)
    total = 0.0
    for row, label in zip(probs.tolist(), target, strict=True):
        total += sum((p - (c == label)) ** 2 for c, p in enumerate(row))
    return total / len(probs)


def brier_one_hot(probs, target):
    hold_classes(probs, target)
    return np.square(probs - np.eye(probs.shape[1])[target]).sum() / len(target)


def brier_expanded(probs, target):
    """Σ (p_c - y_c)² = Σ p_c² - 2 p_y + 1."""
    hold_classes(probs, target)
    probs = probs.astype(float)
    return ((probs**2).sum(axis=1) - 2 * probs[np.arange(len(target)), target] + 1).mean()


def brier_in_place(probs, target):
    hold_classes(probs, target)
    error = probs.copy()
    error[np.arange(len(target)), target] -= 1
    return np.linalg.norm(error) ** 2 / len(error)


def brier_single(probs, target):
    return brier_one_hot(np.float32(probs), target)


def brier_torch(probs, target):
    hold_classes(probs, target)
    rows = torch.tensor(probs)
    onehot = functional.one_hot(torch.tensor(target), rows.shape[1])
    return ((rows - onehot) ** 2).sum(dim=1).mean().item()


def hold_table(confidence, correct, bins):
    if confidence.shape != correct.shape or bins < 1:
        raise ValueError("shapes or bins")
    if confidence.min() < 0 or confidence.max() > 1:
        raise ValueError("not between 0 and 1")


def table_loop(confidence, correct, bins=10):
    hold_table(confidence, correct, bins)
    table = np.zeros((bins, 3))
    for k in range(bins):
        inside = (confidence > k / bins) & (confidence <= (k + 1) / bins)
        if k == 0:
            inside |= confidence == 0
        if inside.any():
            table[k] = inside.sum(), confidence[inside].mean(), correct[inside].mean()
    return table


def table_ceiled(confidence, correct, bins=10):
    hold_table(confidence, correct, bins)
    place = np.maximum(np.ceil(confidence * bins).astype(int) - 1, 0)
    sums = np.zeros((bins, 3))
    np.add.at(sums, place, np.stack([np.ones_like(confidence), confidence, correct], axis=1))
    return sums / np.concatenate([[[1]] * bins, np.maximum(sums[:, :1], 1).repeat(2, 1)], axis=1)


def table_digitized(confidence, correct, bins=10):
    hold_table(confidence, correct, bins)
    place = np.digitize(confidence, np.linspace(0, 1, bins + 1)[1:-1], right=True)
    count = np.bincount(place, minlength=bins)
    return np.column_stack(
        [count]
        + [
            np.bincount(place, weights=values, minlength=bins) / np.maximum(count, 1)
            for values in (confidence, correct)
        ]
    )


def table_of_items(confidence, correct, bins=10, digits=9):
    hold_table(confidence, correct, bins)
    held = [[] for _ in range(bins)]
    for p, c in zip(confidence.tolist(), correct.tolist(), strict=True):
        held[max(math.ceil(round(p * bins, digits)) - 1, 0)].append((p, c))
    rows = [[len(items), *np.mean(items or [(0, 0)], axis=0)] for items in held]
    return np.array(rows)


def table_one_hot(confidence, correct, bins=10):
    hold_table(confidence, correct, bins)
    place = np.searchsorted(np.arange(1, bins) / bins, confidence)
    member = np.eye(bins)[place].T
    count = member.sum(axis=1, keepdims=True)
    means = member @ np.stack([confidence, correct], axis=1) / np.where(count, count, 1)
    return np.hstack([count, means])


def table_torch(confidence, correct, bins=10):
    hold_table(confidence, correct, bins)
    p, c = torch.tensor(confidence), torch.tensor(correct)
    place = torch.bucketize(p, torch.arange(1, bins) / bins)
    table = torch.zeros(bins, 3)
    for k in range(bins):
        if (place == k).any():
            inside = place == k
            table[k] = torch.stack([inside.sum(), p[inside].mean(), c[inside].float().mean()])
    return table.numpy()


def hold_errors(probs, target, bins):
    hold_classes(probs, target)
    if bins < 1:
        raise ValueError("bins")


def error_from(table, reduce):
    def error(probs, target, bins=10):
        hold_errors(probs, target, bins)
        confidence, correct = probs.max(axis=1), (probs.argmax(axis=1) == target).astype(int)
        count, sure, right = table(confidence, correct, bins).T
        return reduce(count, np.abs(right - sure))

    return error


def weighted(count, gap):
    return np.dot(count, gap) / count.sum()


def largest(count, gap):
    return gap.max()


def ece_of_sums(probs, target, bins=10):
    """Σ_b |Σ_i (correct - confidence)| / n needs no means at all."""
    hold_errors(probs, target, bins)
    confidence = probs.max(axis=1)
    gap = (probs.argmax(axis=1) == target) - confidence
    place = np.searchsorted(np.arange(1, bins) / bins, confidence)
    return np.abs(np.bincount(place, gap)).sum() / len(gap)


def ece_loop(probs, target, bins=10):
    hold_errors(probs, target, bins)
    total = 0.0
    for k in range(bins):
        gaps = [
            (np.argmax(row) == label) - max(row)
            for row, label in zip(probs, target, strict=True)
            if k / bins < max(row) <= (k + 1) / bins
        ]
        total += abs(sum(gaps))
    return float(total / len(target))


def mce_loop(probs, target, *, bins=10):
    hold_errors(probs, target, bins)
    top = probs.max(axis=1)
    right = probs.argmax(axis=1) == target
    worst = 0.0
    for low in np.arange(bins) / bins:
        inside = (top > low) & (top <= low + 1 / bins + 1e-12)
        if inside.any():
            worst = max(worst, abs(right[inside].mean() - top[inside].mean()))
    return worst


def positive(temperature):
    if temperature <= 0:
        raise ValueError(f"temperature {temperature}")


def temper_shifted(logits, temperature):
    positive(temperature)
    scaled = logits / temperature
    exps = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return exps / exps.sum(axis=1, keepdims=True)


def temper_loop(logits, temperature):
    positive(temperature)
    rows = []
    for row in logits.tolist():
        exps = [math.exp((z - max(row)) / temperature) for z in row]
        rows.append([e / math.fsum(exps) for e in exps])
    return np.array(rows)


def temper_by_differences(logits, temperature):
    """p_c = 1 / Σ_k exp((z_k - z_c) / T); an infinite sum gives 0."""
    positive(temperature)
    gaps = (logits[:, None, :] - logits[:, :, None]).astype(float) / temperature
    return 1 / np.exp(gaps).sum(axis=2)


def temper_in_logarithms(logits, temperature):
    positive(temperature)
    scaled = logits / temperature
    return np.exp(scaled - scipy.special.logsumexp(scaled, axis=1, keepdims=True))


def temper_single(logits, temperature=1.0, axis=-1):
    positive(temperature)
    return scipy.special.softmax(np.float32(logits) / np.float32(temperature), axis=axis)


def temper_torch(logits, temperature):
    positive(temperature)
    return torch.softmax(torch.tensor(logits) / temperature, dim=1).numpy()


def mean_nll(logits, target, temperature):
    scaled = logits.astype(float) / temperature
    chosen = scaled[np.arange(len(target)), target]
    return np.mean(scipy.special.logsumexp(scaled, axis=1) - chosen)


def fitted_on_grid(logits, target):
    grid = np.exp(np.linspace(np.log(0.05), np.log(20), 100))
    return grid[np.argmin([mean_nll(logits, target, t) for t in grid])]


def fitted_by_scipy(logits, target):
    found = scipy.optimize.minimize_scalar(
        lambda s: mean_nll(logits, target, math.exp(s)), bounds=(-3, 3), method="bounded"
    )
    return math.exp(found.x)


def fitted_by_descent(logits, target):
    """Gradient descent on ln T, by hand."""
    s, rows = 0.0, np.arange(len(target))
    for _ in range(500):
        scaled = logits.astype(float) / math.exp(s)
        probs = scipy.special.softmax(scaled, axis=1)
        s -= 0.2 * (scaled[rows, target] - (probs * scaled).sum(axis=1)).mean()
    return np.float32(math.exp(s))


def fitted_by_adam(logits, target):
    logits, target = torch.tensor(logits).float(), torch.tensor(target)
    s = torch.zeros((), requires_grad=True)
    optimizer = torch.optim.Adam([s], lr=0.05)
    for _ in range(300):
        optimizer.zero_grad()
        functional.cross_entropy(logits / s.exp(), target).backward()
        optimizer.step()
    return s.exp().item()


def fitted_by_lbfgs(logits, target, max_iter=100):
    """As the code that came with the paper: T itself, from 1.5."""
    logits, target = torch.tensor(logits).double(), torch.tensor(target)
    t = torch.tensor(1.5, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([t], lr=0.05, max_iter=max_iter, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = functional.cross_entropy(logits / t, target)
        loss.backward()
        return loss

    optimizer.step(closure)
    return t.detach().numpy()


def torch_cross_entropy(logits, target, log_temperature):
    return functional.cross_entropy(logits / log_temperature.exp(), target)


def torch_logsumexp(logits, target, log_temperature):
    scaled = logits * torch.exp(-log_temperature)
    return (scaled.logsumexp(dim=1) - scaled[range(len(target)), target]).mean()


def torch_gathered(logits, target, log_temperature):
    log_probs = torch.log_softmax(logits / torch.exp(log_temperature), dim=-1)
    return -log_probs.gather(1, target.unsqueeze(1)).sum() / len(target)


def torch_loop(logits, target, log_temperature):
    losses = []
    for row, label in zip(logits / log_temperature.exp(), target.tolist(), strict=True):
        losses.append(torch.logsumexp(row - row[label], dim=0))
    return torch.stack(losses).mean()


def torch_one_hot(logits, target, log_temperature):
    onehot = functional.one_hot(target, logits.shape[1]).to(logits.dtype)
    scaled = logits.div(log_temperature.exp())
    return -(onehot * scaled.log_softmax(1)).sum(1).mean(0)


def calibrated_on_grid(logits_val, target_val, logits_test):
    return temper_shifted(logits_test, fitted_on_grid(logits_val, target_val))


def calibrated_by_adam(logits_val, target_val, logits_test):
    logits = torch.tensor(logits_test) / fitted_by_adam(logits_val, target_val)
    return logits.softmax(dim=1).float().numpy()


def calibrated_as_power(logits_val, target_val, logits_test):
    power = scipy.special.softmax(logits_test, axis=1) ** (
        1 / fitted_by_scipy(logits_val, target_val)
    )
    return power / power.sum(axis=1, keepdims=True)


RIGHT = {
    "nll": [nll_loop, nll_indexed, nll_one_hot, nll_taken, nll_single, nll_torch],
    "brier": [
        brier_loop,
        brier_one_hot,
        brier_expanded,
        brier_in_place,
        brier_single,
        brier_torch,
    ],
    "reliability": [
        table_loop,
        table_ceiled,
        table_digitized,
        table_of_items,
        table_one_hot,
        table_torch,
    ],
    "ece": [
        error_from(table_loop, weighted),
        error_from(table_ceiled, weighted),
        error_from(table_digitized, weighted),
        ece_of_sums,
        ece_loop,
    ],
    "max_calibration_error": [
        error_from(table_loop, largest),
        error_from(table_one_hot, largest),
        error_from(table_torch, largest),
        error_from(table_of_items, largest),
        mce_loop,
    ],
    "temper": [
        temper_shifted,
        temper_loop,
        temper_by_differences,
        temper_in_logarithms,
        temper_single,
        temper_torch,
    ],
    "fit_temperature": [
        fitted_on_grid,
        fitted_by_scipy,
        fitted_by_descent,
        fitted_by_adam,
        fitted_by_lbfgs,
    ],
    "nll_of_temperature_torch": [
        torch_cross_entropy,
        torch_logsumexp,
        torch_gathered,
        torch_loop,
        torch_one_hot,
    ],
    "calibrate": [
        calibrated_on_grid,
        calibrated_by_adam,
        calibrated_as_power,
        lambda val, target, test: temper_shifted(test, fitted_by_lbfgs(val, target)),
    ],
}
