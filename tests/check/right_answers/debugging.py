"""Right answers to the assignment on debugging, written in different ways."""

import math

import numpy as np
import torch


def initial_checked(classes):
    if classes < 1:
        raise ValueError(f"{classes} classes")


def initial_by_math(classes):
    initial_checked(classes)
    return math.log(classes)


def initial_by_probability(classes):
    initial_checked(classes)
    return float(-np.log(1 / classes))


def initial_by_change_of_base(classes):
    initial_checked(classes)
    return np.log2(classes) * np.log(2)


def initial_by_torch(classes):
    """The cross-entropy of equal logits."""
    initial_checked(classes)
    logits = torch.zeros(1, int(classes), dtype=torch.float64)
    return torch.nn.functional.cross_entropy(logits, torch.tensor([0])).item()


def initial_single(classes, base=np.e):
    initial_checked(classes)
    return np.float32(np.log(classes) / np.log(base))


def norm_by_hypot(gradients):
    return math.hypot(*gradients.ravel().tolist())


def norm_by_reduce(gradients):
    return np.hypot.reduce(gradients.astype(np.float64), axis=None)


def norm_scaled(gradients):
    largest = np.abs(gradients).max()
    if largest == 0:
        return 0.0
    return float(largest) * math.sqrt(float(np.sum(np.square(gradients / largest))))


def norm_by_layers(gradients):
    """As in a network: first the norm of each row, then that of the norms."""
    rows = gradients.reshape(len(gradients), -1).astype(np.float64)
    return math.hypot(*(math.hypot(*row) for row in rows.tolist()))


def norm_by_exponents(gradients):
    """Scaled by a power of two, which rounds nothing."""
    exponent = int(np.frexp(gradients)[1].max())
    scaled = np.ldexp(gradients.astype(np.float64), -exponent)
    return np.ldexp(np.linalg.norm(scaled.ravel()), exponent)


def step_by_loop(losses):
    for step, loss in enumerate(losses):
        if math.isnan(loss) or math.isinf(loss):
            return step
    return -1


def step_by_argmax(losses):
    bad = ~np.isfinite(losses)
    return int(bad.argmax()) if bad.any() else -1


def step_by_where(losses):
    places = np.where(np.isnan(losses) | np.isinf(losses))[0]
    return places.min() if places.size else -1


def step_by_difference(losses):
    """x - x is 0 for numbers and NaN for all else."""
    return next((i for i, gap in enumerate(losses - losses) if gap != 0), -1)


def step_by_torch(losses):
    bad = (~torch.isfinite(torch.tensor(losses))).nonzero()
    return bad[0].item() if len(bad) else -1


def as_line(model):
    return np.array([model.weight.item(), model.bias.item()])


def line_by_model(x, y, *, rate=0.1, steps=500, optimizer=torch.optim.SGD):
    """torch.nn.Linear with an optimizer."""
    torch.manual_seed(0)
    inputs, target = torch.tensor(x)[:, None], torch.tensor(y)[:, None]
    model = torch.nn.Linear(1, 1, dtype=torch.float64)
    descent = optimizer(model.parameters(), lr=rate)
    for _ in range(steps):
        descent.zero_grad()
        torch.nn.functional.mse_loss(model(inputs), target).backward()
        descent.step()
    return as_line(model)


def line_by_hand(x, y):
    """Bare tensors; the last gradient is thrown away instead of emptied."""
    x, y = torch.tensor(x), torch.tensor(y)
    line = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    for _ in range(500):
        loss = (line[0] * x + line[1] - y).square().mean()
        (gradient,) = torch.autograd.grad(loss, line)
        with torch.no_grad():
            line -= 0.1 * gradient
    return line.detach().numpy()


def line_by_sum(x, y):
    """A sum, and a learning rate that is divided by the number of items."""
    line = np.zeros(2)
    for _ in range(400):
        error = line[0] * x + line[1] - y
        line -= 0.4 / len(x) * np.array([(error * x).sum(), error.sum()])
    return line


def line_by_batches(x, y):
    """Gradients that do pile up, over ten parts of the data, and are emptied once a step."""
    x, y = torch.tensor(x), torch.tensor(y)
    slope, intercept = (torch.zeros((), dtype=torch.float64, requires_grad=True) for _ in range(2))
    for _ in range(150):
        slope.grad = intercept.grad = None
        for part in torch.arange(len(x)).chunk(3):
            errors = slope * x[part] + intercept - y[part]
            (errors.square().sum() / len(x)).backward()
        with torch.no_grad():
            slope -= 0.3 * slope.grad
            intercept -= 0.3 * intercept.grad
    return np.array([slope.item(), intercept.item()])


def line_by_momentum(x, y):
    return line_by_model(
        x, y, rate=0.05, optimizer=lambda given, lr: torch.optim.SGD(given, lr, momentum=0.8)
    )


def line_by_adam(x, y):
    return line_by_model(x, y, steps=800, optimizer=torch.optim.Adam)


def line_solved(x, y):
    return np.polyfit(x, y, 1)


def line_single(x, y):
    x, y = torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)
    slope = torch.zeros(1, requires_grad=True)
    intercept = torch.zeros(1, requires_grad=True)
    descent = torch.optim.SGD([slope, intercept], lr=0.5)
    for _ in range(300):
        loss = ((x[:, None] * slope + intercept).squeeze(1) - y).pow(2).mean()
        descent.zero_grad(set_to_none=False)
        loss.backward()
        descent.step()
    return np.array([slope.item(), intercept.item()])


LINES = [line_by_model, line_by_hand, line_by_sum, line_by_momentum, line_by_adam, line_solved]


def classify(loss, *, steps=500, rate=1.0, seed=None, dtype=torch.float64):
    """Softmax regression with a loss of logits, from 0 or from a random start."""

    def train(x, labels, x_new):
        inputs, target = torch.tensor(x, dtype=dtype), torch.tensor(labels)
        if seed is not None:
            torch.manual_seed(seed)
        model = torch.nn.Linear(inputs.shape[1], int(target.max()) + 1, dtype=dtype)
        if seed is None:
            torch.nn.init.zeros_(model.weight)
            torch.nn.init.zeros_(model.bias)
        descent = torch.optim.SGD(model.parameters(), lr=rate)
        for _ in range(steps):
            descent.zero_grad()
            loss(model(inputs), target).backward()
            descent.step()
        with torch.no_grad():
            return model(torch.tensor(x_new, dtype=dtype)).softmax(dim=1).numpy()

    return train


def by_nll(logits, target):
    return torch.nn.functional.nll_loss(logits.log_softmax(dim=1), target)


def by_log_of_softmax(logits, target):
    """The logarithm of the probabilities: one softmax, too, if a fragile one."""
    return torch.nn.functional.nll_loss(logits.softmax(dim=1).log(), target)


def by_normalised_twice(logits, target):
    """A log-softmax of a log-softmax is a log-softmax, so this does no harm."""
    return torch.nn.functional.cross_entropy(logits.log_softmax(dim=1), target)


def classify_in_numpy(x, labels, x_new):
    ones, ones_new = np.ones((len(x), 1)), np.ones((len(x_new), 1))
    x, x_new = np.hstack([x, ones]), np.hstack([x_new, ones_new])
    weights = np.zeros((x.shape[1], labels.max() + 1))
    for _ in range(600):
        logits = x @ weights
        probs = np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))
        probs[np.arange(len(labels)), labels] -= 1
        weights -= 0.8 * x.T @ probs / len(x)
    powers = np.exp(x_new @ weights)
    return powers / powers.sum(axis=1, keepdims=True)


def rare(loss, *, steps=500, rate=0.5, adam=False):
    """Logistic regression with a loss of logits, labels and the ratio of the classes."""

    def train(x, labels):
        inputs, target = torch.tensor(x), torch.tensor(labels, dtype=torch.float64)
        weights = torch.zeros(inputs.shape[1], dtype=torch.float64, requires_grad=True)
        bias = torch.zeros((), dtype=torch.float64, requires_grad=True)
        kind = torch.optim.Adam if adam else torch.optim.SGD
        descent = kind([weights, bias], lr=rate)
        ratio = (target == 0).sum() / (target == 1).sum()
        for _ in range(steps):
            descent.zero_grad()
            loss(inputs @ weights + bias, target, ratio).backward()
            descent.step()
        return np.append(weights.detach().numpy(), bias.item())

    return train


def by_pos_weight(logits, target, ratio):
    loss = torch.nn.functional.binary_cross_entropy_with_logits
    return loss(logits, target, pos_weight=ratio)


def by_item_weights(logits, target, ratio):
    loss = torch.nn.functional.binary_cross_entropy_with_logits
    return loss(logits, target, weight=torch.where(target == 1, ratio, 1.0))


def by_mean_of_classes(logits, target, ratio):
    """Half the mean over the positives and half that over the negatives."""
    losses = torch.nn.functional.softplus(torch.where(target == 1, -logits, logits))
    return 0.5 * (losses[target == 1].mean() + losses[target == 0].mean())


def by_two_classes(logits, target, ratio):
    both = torch.stack([torch.zeros_like(logits), logits], dim=1)
    weight = torch.stack([torch.ones_like(ratio), ratio]).to(both.dtype)
    return torch.nn.functional.cross_entropy(both, target.long(), weight=weight)


def rare_by_repetition(x, labels):
    """Each positive item as often as it counts."""
    repeats = np.where(labels == 1, round((labels == 0).sum() / labels.sum()), 1)
    columns = np.column_stack([x, np.ones(len(x))]).repeat(repeats, axis=0)
    labels, line = labels.repeat(repeats), np.zeros(x.shape[1] + 1)
    for _ in range(500):
        probs = 1 / (1 + np.exp(-columns @ line))
        line -= 1.0 * columns.T @ (probs - labels) / len(labels)
    return line


RIGHT = {
    "expected_initial_loss": [
        *(initial_by_math, initial_by_probability, initial_by_change_of_base),
        *(initial_by_torch, initial_single),
    ],
    "gradient_norm": [
        *(norm_by_hypot, norm_by_reduce, norm_scaled, norm_by_layers, norm_by_exponents),
    ],
    "first_bad_step": [
        *(step_by_loop, step_by_argmax, step_by_where, step_by_difference, step_by_torch),
    ],
    "repaired_broadcast": [*LINES, line_single],
    "repaired_zero_grad": [*LINES, line_by_batches],
    "repaired_reduction": [*LINES, line_single],
    "repaired_double_softmax": [
        classify(torch.nn.functional.cross_entropy),
        classify(torch.nn.functional.cross_entropy, seed=3, dtype=torch.float32),
        classify(by_nll),
        classify(by_log_of_softmax, steps=400),
        classify(by_normalised_twice),
        classify_in_numpy,
    ],
    "repaired_weights": [
        rare(by_pos_weight),
        rare(by_item_weights),
        rare(by_mean_of_classes, rate=1.0),
        rare(by_two_classes, rate=1.0),
        rare(by_pos_weight, rate=0.1, adam=True),
        rare_by_repetition,
    ],
}
