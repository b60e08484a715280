"""Right answers to the assignment on several losses, written in different ways."""

import math

import numpy as np
import torch

import lossfns.torch as lt


def alike(one, other):
    if one.shape != other.shape:
        raise ValueError(f"{one.shape} against {other.shape}")


def sum_by_loop(losses, weights):
    alike(losses, weights)
    total = 0.0
    for loss, weight in zip(losses.tolist(), weights.tolist(), strict=True):
        if weight < 0:
            raise ValueError("weight")
        if weight > 0:
            total += weight * loss
    return total


def sum_by_mask(losses, weights):
    if losses.shape != weights.shape or weights.min() < 0:
        raise ValueError
    used = weights > 0
    return weights[used] @ losses[used]


def sum_by_where(losses, weights, axis=None):
    alike(losses, weights)
    if np.any(np.sign(weights) == -1):
        raise ValueError("negative")
    return np.sum(weights * np.where(weights == 0, 0, losses), axis=axis)


def sum_single(losses, weights):
    return np.float32(sum_by_where(np.float32(losses), np.float32(weights)))


def sum_through_torch(losses, weights):
    alike(losses, weights)
    if (weights < 0).any():
        raise ValueError("negative")
    return torch.nansum(torch.tensor(weights) * torch.tensor(losses)).item()


def start_checked(losses, initial):
    if losses.shape[-1:] != initial.shape or (initial < 0).any():
        raise ValueError("initial")


def normalised_by_where(losses, initial):
    start_checked(losses, initial)
    return np.where(initial > 0, losses / initial, losses)


def normalised_by_loop(losses, initial):
    start_checked(losses, initial)
    result = losses.astype(float)
    for task, start in enumerate(initial):
        if start != 0:
            result[..., task] /= start
    return result


def normalised_by_divide(losses, initial):
    start_checked(losses, initial)
    return np.divide(losses, initial, out=losses.copy(), where=initial != 0)


def normalised_by_weights(losses, initial):
    start_checked(losses, initial)
    weights = np.ones_like(initial)
    weights[initial > 0] = 1 / initial[initial > 0]
    return losses * weights


def normalised_single(losses, initial):
    start_checked(losses, initial)
    return np.float32(losses) / np.float32(initial + (initial == 0))


def factors(kinds, tasks):
    names = [kinds] * tasks if isinstance(kinds, str) else list(kinds)
    if len(names) != tasks or any(name not in ("regression", "classification") for name in names):
        raise ValueError(f"kinds {kinds}")
    return [0.5 if name == "regression" else 1.0 for name in names]


def uncertainty_by_loop(losses, log_vars, kinds="regression"):
    alike(losses, log_vars)
    total = 0.0
    for loss, s, c in zip(losses, log_vars, factors(kinds, losses.size), strict=True):
        total += c * loss / math.exp(s) + math.log(math.exp(s / 2))
    return total


def uncertainty_by_sigma(losses, log_vars, kinds="regression"):
    alike(losses, log_vars)
    sigma = np.exp(log_vars / 2)
    return (np.array(factors(kinds, losses.size)) * losses / sigma**2 + np.log(sigma)).sum()


def uncertainty_by_dot(losses, log_vars, *, kinds="regression"):
    alike(losses, log_vars)
    weights = np.exp(np.log(factors(kinds, losses.size)) - log_vars)
    return float(weights @ losses) + 0.5 * float(log_vars.sum())


def uncertainty_single(losses, log_vars, kinds="regression"):
    return uncertainty_by_sigma(np.float32(losses), np.float32(log_vars), kinds)


def uncertainty_through_torch(losses, log_vars, kinds="regression"):
    alike(losses, log_vars)
    return lt.uncertainty_weighting(
        torch.tensor(losses), torch.tensor(log_vars), kinds=kinds
    ).numpy()


def uncertainty_grad_numerically(losses, log_vars):
    slopes = np.empty(losses.shape)
    for k, (loss, s) in enumerate(zip(losses.astype(float), log_vars.astype(float), strict=True)):
        up, down = (0.5 * math.exp(-t) * loss + 0.5 * t for t in (s + 1e-4, s - 1e-4))
        slopes[k] = (up - down) / 2e-4
    return slopes


def uncertainty_grad_by_autograd(losses, log_vars):
    s = torch.tensor(log_vars, requires_grad=True)
    (0.5 * torch.exp(-s) * torch.tensor(losses) + 0.5 * s).sum().backward()
    return s.grad.numpy()


def best_by_newton(losses):
    """The zero of ½ - ½ exp(-s) L, from a start that lies below it."""
    if (losses <= 0).any():
        raise ValueError("losses")
    s = np.full(losses.shape, -40.0)
    for _ in range(100):
        s = s + 1 - np.exp(s) / losses
    return s


def best_by_loop(losses):
    if not losses.min() > 0:
        raise ValueError("losses")
    return np.array([math.log(loss) for loss in losses])


def best_by_weight(losses):
    if np.any(losses <= 0):
        raise ValueError("losses")
    return -np.log(1 / losses)


def best_single(losses):
    if np.any(losses <= 0):
        raise ValueError("losses")
    return np.float32(2) * np.log(np.sqrt(np.float32(losses)))


def dwa_checked(previous, before, temperature):
    alike(previous, before)
    if temperature <= 0 or before.min() <= 0:
        raise ValueError("dwa")


def dwa_by_loop(previous, before, temperature=2.0):
    dwa_checked(previous, before, temperature)
    scores = [float(p) / float(b) / temperature for p, b in zip(previous, before, strict=True)]
    powers = [math.exp(score - max(scores)) for score in scores]
    return np.array([len(powers) * power / sum(powers) for power in powers])


def dwa_by_logsumexp(previous, before, temperature=2.0):
    dwa_checked(previous, before, temperature)
    scores = previous / (before * temperature)
    return len(scores) * np.exp(scores - np.logaddexp.reduce(scores))


def dwa_through_torch(previous, before, temperature=2.0):
    dwa_checked(previous, before, temperature)
    scores = torch.tensor(previous) / torch.tensor(before) / temperature
    return (previous.size * scores.softmax(0)).numpy()


def dwa_pairwise(previous, before, temperature=2.0, axis=0):
    """Softmax from differences of scores alone."""
    dwa_checked(previous, before, temperature)
    scores = (previous / before) / temperature
    return scores.size / np.exp(scores[None] - scores[:, None]).sum(axis=1 - axis)


def dwa_of_class(previous, before, temperature=2.0):
    """The library's module, which keeps the losses of two epochs, in double precision."""
    dwa_checked(previous, before, temperature)
    balance = lt.DWA(previous.size, temperature=temperature).double()
    for losses in (before, previous):
        balance(torch.tensor(losses, dtype=torch.float64))
        balance.step()
    return balance.weights.numpy()


def surgery_flat(g1, g2):
    alike(g1, g2)
    a, b = g1.ravel(), g2.ravel()
    inner = a @ b
    if inner >= 0:
        return g1 + g2
    return ((1 - inner / (a @ a)) * a + (1 - inner / (b @ b)) * b).reshape(g1.shape)


def surgery_by_cosine(g1, g2):
    alike(g1, g2)
    norms = np.linalg.norm(g1), np.linalg.norm(g2)
    if min(norms) == 0:
        return g1 + g2
    u1, u2 = g1 / norms[0], g2 / norms[1]
    conflict = min(0.0, float(np.sum(u1 * u2)))
    return g1 - norms[0] * conflict * u2 + g2 - norms[1] * conflict * u1


def surgery_by_loop(g1, g2):
    alike(g1, g2)
    originals, results = [g1, g2], []
    for own, other in ((0, 1), (1, 0)):
        left = originals[own].astype(float)
        inner = sum(float(left[i]) * float(originals[other][i]) for i in np.ndindex(left.shape))
        if inner < 0:
            length = sum(float(y) ** 2 for y in originals[other].flat)
            left = left - inner / length * originals[other]
        results.append(left)
    return results[0] + results[1]


def surgery_by_clamp(g1, g2):
    """The formula with min(0, ·) and a floor under the norm that no gradient reaches."""
    alike(g1, g2)
    conflict = np.minimum(np.vdot(g1, g2), 0)
    h1 = g1 - conflict / np.maximum(np.vdot(g2, g2), 1e-30) * g2
    h2 = g2 - conflict / np.maximum(np.vdot(g1, g1), 1e-30) * g1
    return h1 + h2


def surgery_of_library(g1, g2):
    """The gradients of two linear losses are their coefficients."""
    alike(g1, g2)
    w = torch.zeros(g1.shape, dtype=torch.float64, requires_grad=True)
    losses = [(w * torch.tensor(g.astype(float))).sum() for g in (g1, g2)]
    return lt.pcgrad(losses, [w])[0].numpy()


def uncertainty_torch_library(losses, log_vars):
    if losses.shape != log_vars.shape:
        raise ValueError
    return lt.uncertainty_weighting(losses, log_vars)


def uncertainty_torch_loop(losses, log_vars):
    if losses.shape != log_vars.shape:
        raise ValueError
    terms = [0.5 * (loss / s.exp() + s) for loss, s in zip(losses, log_vars, strict=True)]
    return torch.stack(terms).sum()


def uncertainty_torch_sigma(losses, log_vars):
    if losses.shape != log_vars.shape:
        raise ValueError
    sigma = torch.exp(0.5 * log_vars)
    return (losses / (2 * sigma**2) + torch.log(sigma)).sum()


def uncertainty_torch_dot(losses, log_vars, dim=0):
    if losses.size() != log_vars.size():
        raise ValueError
    return 0.5 * (torch.dot(torch.exp(-log_vars), losses) + log_vars.sum(dim))


def uncertainty_torch_in_place_on_copies(losses, log_vars):
    alike(losses, log_vars)
    return log_vars.neg().exp().mul(losses).add(log_vars).div(2).sum()


def two_heads_checked(class_logits, labels, pred, target, lam):
    if pred.shape != target.shape:
        raise ValueError("shapes")
    if labels.min() < 0 or labels.max() >= class_logits.shape[1]:
        raise ValueError("labels")
    if lam < 0:
        raise ValueError("lam")


def two_heads_indexed(class_logits, labels, pred, target, lam):
    two_heads_checked(class_logits, labels, pred, target, lam)
    logs = torch.log_softmax(class_logits, dim=1)
    crossed = -logs[torch.arange(len(labels)), labels].mean()
    return crossed + lam * ((target - pred) ** 2).mean()


def two_heads_logsumexp(class_logits, labels, pred, target, lam):
    two_heads_checked(class_logits, labels, pred, target, lam)
    told = class_logits.gather(1, labels.unsqueeze(1)).squeeze(1)
    losses = class_logits.logsumexp(1) - told + lam * (pred - target).square()
    return losses.sum() / len(labels)


def two_heads_one_hot(class_logits, labels, pred, target, lam):
    two_heads_checked(class_logits, labels, pred, target, lam)
    hot = torch.nn.functional.one_hot(labels, class_logits.shape[1]).to(class_logits.dtype)
    shifted = class_logits - class_logits.max(dim=1, keepdim=True).values.detach()
    logs = shifted - shifted.exp().sum(dim=1, keepdim=True).log()
    error = pred - target
    return -(hot * logs).sum() / len(labels) + lam * torch.dot(error, error) / len(error)


def two_heads_loop(class_logits, labels, pred, target, lam):
    two_heads_checked(class_logits, labels, pred, target, lam)
    total = 0
    for row, label, p, t in zip(class_logits, labels, pred, target, strict=True):
        total = total + row.logsumexp(0) - row[label] + lam * (p - t) ** 2
    return total / len(labels)


def two_heads_of_torch(class_logits, labels, pred, target, lam):
    two_heads_checked(class_logits, labels, pred, target, lam)
    crossed = torch.nn.functional.cross_entropy(class_logits, labels)
    return crossed + lam * torch.nn.functional.mse_loss(pred, target)


def network(x, y_class, y_number, x_new, *, hidden=24, steps=400, balance="fixed"):
    """One hidden layer for both heads, on standardised numbers."""
    torch.manual_seed(1)
    mean, std = y_number.mean(), y_number.std()
    x, x_new = (torch.tensor(one, dtype=torch.float32) for one in (x, x_new))
    labels = torch.tensor(y_class)
    target = torch.tensor((y_number - mean) / std, dtype=torch.float32)
    trunk = torch.nn.Sequential(torch.nn.Linear(x.shape[1], hidden), torch.nn.Tanh())
    classes, number = torch.nn.Linear(hidden, int(labels.max()) + 1), torch.nn.Linear(hidden, 1)
    log_vars = torch.zeros(2, requires_grad=True)
    learned = [*trunk.parameters(), *classes.parameters(), *number.parameters(), log_vars]
    optimizer = torch.optim.Adam(learned, lr=0.01)
    for _ in range(steps):
        optimizer.zero_grad()
        shared = trunk(x)
        crossed = torch.nn.functional.cross_entropy(classes(shared), labels)
        squared = (number(shared)[:, 0] - target).square().mean()
        if balance == "learned":
            kinds = ["classification", "regression"]
            loss = lt.uncertainty_weighting([crossed, squared], log_vars, kinds=kinds)
        else:
            loss = crossed + squared
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        shared = trunk(x_new)
        probs = classes(shared).softmax(1)
        return torch.cat([probs, number(shared) * std + mean], dim=1).numpy()


def network_by_uncertainty(*given):
    return network(*given, hidden=16, balance="learned")


def two_lines(x, y_class, y_number, x_new):
    """Both heads linear in the inputs: good predictions, by two models that share nothing."""
    ones, ones_new = np.ones((len(x), 1)), np.ones((len(x_new), 1))
    x, x_new = np.hstack([ones, x]), np.hstack([ones_new, x_new])
    hot = np.eye(y_class.max() + 1)[y_class]
    weights, line = np.zeros((x.shape[1], hot.shape[1])), np.zeros(x.shape[1])
    for _ in range(400):
        logits = x @ weights
        probs = np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))
        weights -= x.T @ (probs - hot) / len(x)
        line -= 0.2 * x.T @ (x @ line - y_number) / len(x)
    logits = x_new @ weights
    probs = np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))
    return np.hstack([probs, (x_new @ line)[:, None]])


def scaled_head(x, y_class, y_number, x_new):
    """Raw units and a λ of 1 / variance; the head's output is multiplied up inside the network."""
    torch.manual_seed(2)
    x, x_new = torch.tensor(x), torch.tensor(x_new)
    labels, target = torch.tensor(y_class), torch.tensor(y_number)
    heads = torch.nn.Linear(x.shape[1], int(labels.max()) + 2, dtype=torch.float64)
    optimizer = torch.optim.LBFGS(heads.parameters(), max_iter=100, line_search_fn="strong_wolfe")

    def both(inputs):
        out = heads(inputs)
        return out[:, :-1], target.mean() + target.std() * out[:, -1]

    def closure():
        optimizer.zero_grad()
        logits, number = both(x)
        squared = (number - target).square().mean() / target.var()
        # A little weight decay, as separable classes have no finite optimum.
        decay = 1e-4 * heads.weight.square().sum()
        loss = torch.nn.functional.cross_entropy(logits, labels) + squared + decay
        loss.backward()
        return loss

    optimizer.step(closure)
    with torch.no_grad():
        logits, number = both(x_new)
        return np.column_stack([logits.softmax(1).numpy(), number.numpy()])


RIGHT = {
    "weighted_sum": [
        *(sum_by_loop, sum_by_mask, sum_by_where, sum_single, sum_through_torch),
    ],
    "normalised_losses": [
        *(normalised_by_where, normalised_by_loop, normalised_by_divide, normalised_by_weights),
        normalised_single,
    ],
    "uncertainty_weighting": [
        *(uncertainty_by_loop, uncertainty_by_sigma, uncertainty_by_dot, uncertainty_single),
        uncertainty_through_torch,
    ],
    "uncertainty_weighting_grad": [
        uncertainty_grad_numerically,
        uncertainty_grad_by_autograd,
        lambda losses, log_vars: (1 - losses / np.exp(log_vars)) / 2,
        lambda losses, log_vars: -0.5 * np.expm1(np.log(losses) - log_vars),
        lambda losses, log_vars: 0.5 - np.float32(0.5) * np.float32(losses) * np.exp(-log_vars),
    ],
    "best_log_vars": [best_by_newton, best_by_loop, best_by_weight, best_single],
    "dwa_weights": [
        *(dwa_by_loop, dwa_by_logsumexp, dwa_through_torch, dwa_pairwise, dwa_of_class),
    ],
    "project_conflict": [
        *(surgery_flat, surgery_by_cosine, surgery_by_loop, surgery_by_clamp, surgery_of_library),
    ],
    "uncertainty_weighting_torch": [
        *(uncertainty_torch_loop, uncertainty_torch_sigma, uncertainty_torch_dot),
        *(uncertainty_torch_in_place_on_copies, uncertainty_torch_library),
    ],
    "two_head_loss_torch": [
        *(two_heads_indexed, two_heads_logsumexp, two_heads_one_hot, two_heads_loop),
        two_heads_of_torch,
    ],
    "train_two_heads": [network, network_by_uncertainty, scaled_head],
}
