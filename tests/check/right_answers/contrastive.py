"""Right answers to the assignment on contrastive learning, written in different ways."""

import math

import numpy as np
import scipy.spatial.distance
import scipy.special
import torch
from torch.nn import functional

import lossfns.torch as lt


def same_width(a, b):
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ValueError(f"{a.shape} against {b.shape}")


def positive(value):
    if value <= 0:
        raise ValueError(f"{value} is not positive")


def distances_loop(a, b, squared=False):
    same_width(a, b)
    table = np.zeros((len(a), len(b)))
    for i, one in enumerate(a.tolist()):
        for j, other in enumerate(b.tolist()):
            square = sum((x - y) ** 2 for x, y in zip(one, other, strict=True))
            table[i, j] = square if squared else math.sqrt(square)
    return table


def distances_norm(a, b, *, squared=False):
    same_width(a, b)
    table = np.linalg.norm(a[:, np.newaxis, :] - b[np.newaxis, :, :], axis=2)
    return table**2 if squared else table


def distances_by_coordinate(a, b, squared=False):
    same_width(a, b)
    total = sum(np.subtract.outer(a[:, k], b[:, k]) ** 2 for k in range(a.shape[1]))
    return total if squared else total**0.5


def distances_cdist(a, b, squared=False, metric="euclidean"):
    same_width(a, b)
    return scipy.spatial.distance.cdist(a, b, "sqeuclidean" if squared else metric)


def distances_einsum(a, b, squared=False):
    same_width(a, b)
    e = a[:, None] - b
    squares = np.einsum("ijk,ijk->ij", e, e)
    return squares if squared else np.sqrt(squares)


def distances_torch(a, b, squared=False):
    same_width(a, b)
    e = torch.tensor(a).unsqueeze(1) - torch.tensor(b).unsqueeze(0)
    squares = e.pow(2).sum(-1)
    return (squares if squared else squares.sqrt()).numpy()


def hold_pairs(a, b, same, margin):
    positive(margin)
    if a.shape != b.shape or same.shape != (len(a),):
        raise ValueError("shapes do not fit")
    if set(same.tolist()) - {0, 1}:
        raise ValueError("labels are 0 and 1")


def pairs_loop(a, b, same, margin=1.0):
    hold_pairs(a, b, same, margin)
    total = 0.0
    for x, y, equal in zip(a, b, same, strict=True):
        d = math.dist(x, y)
        total += d**2 / 2 if equal else max(0.0, margin - d) ** 2 / 2
    return total / len(same)


def pairs_where(a, b, same, margin=1.0):
    hold_pairs(a, b, same, margin)
    d = np.linalg.norm(a - b, axis=1)
    return 0.5 * np.where(same == 1, d**2, np.clip(margin - d, 0, None) ** 2).mean()


def pairs_split(a, b, same, margin=1.0, weight=1.0):
    hold_pairs(a, b, same, margin)
    d, equal = np.sqrt(np.square(a - b).sum(1)), same.astype(bool)
    short = margin - d[~equal]
    return weight * ((d[equal] ** 2).sum() + (short[short > 0] ** 2).sum()) / (2 * len(d))


def pairs_single(a, b, same, margin=1.0):
    return pairs_where(np.float32(a), np.float32(b), same, np.float32(margin))


def pairs_torch(a, b, same, margin=1.0):
    hold_pairs(a, b, same, margin)
    d = (torch.tensor(a) - torch.tensor(b)).norm(dim=1)
    short = torch.relu(margin - d)
    return (torch.where(torch.tensor(same) > 0, d, short).square().mean() / 2).item()


def hold_triplets(anchor, positive_, negative, margin):
    positive(margin)
    if not anchor.shape == positive_.shape == negative.shape:
        raise ValueError("three shapes")


def triplet_loop(anchor, positive, negative, margin=1.0, squared=False):
    hold_triplets(anchor, positive, negative, margin)
    losses = []
    for a, p, n in zip(anchor, positive, negative, strict=True):
        near, far = math.dist(a, p), math.dist(a, n)
        losses.append(max(near**2 - far**2 + margin if squared else near - far + margin, 0))
    return sum(losses) / len(losses)


def triplet_norm(anchor, positive, negative, *, margin=1.0, squared=False):
    hold_triplets(anchor, positive, negative, margin)
    near = np.linalg.norm(positive - anchor, axis=-1)
    far = np.linalg.norm(negative - anchor, axis=-1)
    if squared:
        near, far = np.square(near), np.square(far)
    return np.clip(margin + near - far, 0, np.inf).mean()


def triplet_mask(anchor, positive, negative, margin=1.0, squared=False):
    hold_triplets(anchor, positive, negative, margin)
    near, far = ((anchor - other) ** 2 for other in (positive, negative))
    near, far = near.sum(1), far.sum(1)
    gap = (near - far if squared else near**0.5 - far**0.5) + margin
    return (gap * (gap > 0)).sum() / gap.size


def triplet_single(anchor, positive, negative, margin=1.0, squared=False):
    return triplet_norm(
        *map(np.float32, (anchor, positive, negative)), margin=margin, squared=squared
    )


def triplet_torch(anchor, positive, negative, margin=1.0, squared=False):
    hold_triplets(anchor, positive, negative, margin)
    a, p, n = map(torch.tensor, (anchor, positive, negative))
    power = 2 if squared else 1
    gap = (a - p).norm(dim=1) ** power - (a - n).norm(dim=1) ** power
    return functional.relu(gap + margin).mean().numpy()


def mining_loop(embeddings, labels, margin):
    positive(margin)
    count = len(labels)
    table = [[-1] * count for _ in range(count)]
    for i in range(count):
        for j in range(count):
            if i == j or labels[i] != labels[j]:
                continue
            near, best = np.linalg.norm(embeddings[i] - embeddings[j]), np.inf
            for k in range(count):
                far = np.linalg.norm(embeddings[i] - embeddings[k])
                if labels[k] != labels[i] and near < far < near + margin and far < best:
                    table[i][j], best = k, far
    return np.array(table)


def mining_sorted(embeddings, labels, margin):
    positive(margin)
    gaps = distances_norm(embeddings, embeddings)
    table = np.full(gaps.shape, -1)
    for i, row in enumerate(gaps):
        order = [k for k in np.argsort(row, kind="stable") if labels[k] != labels[i]]
        for j in np.flatnonzero(labels == labels[i]):
            fit = [k for k in order if row[j] < row[k] < row[j] + margin]
            if fit and j != i:
                table[i, j] = fit[0]
    return table


def mining_cube(embeddings, labels, margin):
    positive(margin)
    gaps = distances_einsum(embeddings, embeddings)
    near, far = gaps[:, :, None], gaps[:, None, :]
    same = np.equal.outer(labels, labels)
    fit = same[:, :, None] & ~same[:, None, :] & (far > near) & (far - near < margin)
    fit[np.diag_indices(len(labels))] = False
    choice = np.ma.masked_array(np.broadcast_to(far, fit.shape), ~fit).argmin(-1)
    return np.where(fit.any(-1), choice, -1).astype(float)


def mining_torch(embeddings, labels, margin):
    positive(margin)
    rows, labels = torch.tensor(embeddings), torch.tensor(labels)
    gaps = (rows[:, None] - rows).pow(2).sum(-1).sqrt()
    same = labels[:, None] == labels
    table = torch.full(same.shape, -1)
    for i, j in same.fill_diagonal_(False).nonzero().tolist():
        far = gaps[i].clone()
        far[(labels == labels[i]) | (far <= gaps[i, j]) | (far >= gaps[i, j] + margin)] = torch.inf
        if far.min() < torch.inf:
            table[i, j] = far.argmin()
    return table.numpy()


def mining_float32(embeddings, labels, margin):
    return mining_sorted(embeddings.astype(np.float32), labels, np.float32(margin))


def cosines_loop(a, b):
    same_width(a, b)
    table = []
    for x in a.tolist():
        row = []
        for y in b.tolist():
            dot, lengths = sum(map(lambda s, t: s * t, x, y)), math.hypot(*x) * math.hypot(*y)
            row.append(dot / lengths if lengths else 0.0)
        table.append(row)
    return np.array(table)


def cosines_afterwards(a, b):
    same_width(a, b)
    lengths = np.outer(np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1))
    return np.divide(a @ b.T, lengths, out=np.zeros_like(lengths), where=lengths > 0)


def cosines_nan_to_num(a, b):
    same_width(a, b)
    a, b = (rows / np.sqrt((rows**2).sum(1, keepdims=True)) for rows in (a, b))
    return np.nan_to_num(a) @ np.nan_to_num(b).T


def cosines_einsum(a, b, tiny=1e-30):
    same_width(a, b)
    a = a / np.maximum(np.linalg.norm(a, axis=1, keepdims=True), tiny)
    b = b / np.maximum(np.linalg.norm(b, axis=1, keepdims=True), tiny)
    return np.einsum("ik,jk->ij", a, b)


def cosines_from_distances(a, b):
    """‖â - b̂‖² = 2 - 2 cos, for rows that have a direction."""
    same_width(a, b)
    a, b = a.astype(float), b.astype(float)
    (la, lb) = (np.linalg.norm(rows, axis=1) for rows in (a, b))
    known = np.outer(la > 0, lb > 0)
    a, b = (rows / np.where(size > 0, size, 1)[:, None] for rows, size in ((a, la), (b, lb)))
    return known * (1 - distances_norm(a, b, squared=True) / 2)


def cosines_torch(a, b):
    same_width(a, b)
    a, b = (functional.normalize(torch.tensor(rows), dim=1, eps=1e-30) for rows in (a, b))
    return (a @ b.T).numpy()


def hold_batch(queries, keys, temperature):
    positive(temperature)
    if queries.shape != keys.shape:
        raise ValueError("one key per query")


def info_nce_loop(queries, keys, temperature=0.1):
    hold_batch(queries, keys, temperature)
    scores = cosines_loop(queries, keys) / temperature
    total = 0.0
    for i, row in enumerate(scores.tolist()):
        top = max(row)
        total += top + math.log(math.fsum(math.exp(s - top) for s in row)) - row[i]
    return total / len(scores)


def info_nce_logsumexp(queries, keys, temperature=0.1):
    hold_batch(queries, keys, temperature)
    scores = cosines_einsum(queries, keys) / temperature
    return np.mean(scipy.special.logsumexp(scores, axis=1) - np.diag(scores))


def info_nce_logaddexp(queries, keys, *, temperature=0.1):
    hold_batch(queries, keys, temperature)
    scores = cosines_afterwards(queries, keys) / temperature
    return float((np.logaddexp.reduce(scores, axis=1) - scores.diagonal()).mean())


def info_nce_differences(queries, keys, temperature=0.1):
    """Only differences to the right score matter."""
    hold_batch(queries, keys, temperature)
    scores = cosines_einsum(queries, keys) / temperature
    gaps = scores - np.diag(scores)[:, None]
    return np.mean([np.logaddexp.reduce(row) for row in gaps])


def info_nce_single(queries, keys, temperature=0.1):
    return info_nce_logaddexp(np.float32(queries), np.float32(keys), temperature=temperature)


def info_nce_torch(queries, keys, temperature=0.1):
    hold_batch(queries, keys, temperature)
    scores = torch.tensor(cosines_torch(queries, keys)) / temperature
    return functional.cross_entropy(scores, torch.arange(len(scores))).item()


def nt_xent_cross_entropy(z1, z2, temperature=0.5):
    hold_batch(z1, z2, temperature)
    n = len(z1)
    z = functional.normalize(torch.cat([z1, z2]), dim=1)
    scores = z @ z.T / temperature
    own = torch.eye(2 * n, dtype=torch.bool, device=z.device)
    scores = scores.masked_fill(own, float("-inf"))
    partner = torch.arange(2 * n, device=z.device).roll(n)
    return functional.cross_entropy(scores, partner)


def nt_xent_blocks(z1, z2, temperature=0.5):
    hold_batch(z1, z2, temperature)
    a, b = z1 / z1.norm(dim=1, keepdim=True), z2 / z2.norm(dim=1, keepdim=True)
    own = torch.eye(len(a), dtype=torch.bool, device=a.device)
    aa, bb = ((x @ x.T / temperature).masked_fill(own, -torch.inf) for x in (a, b))
    ab = a @ b.T / temperature
    rows = torch.cat([torch.cat([ab, aa], 1), torch.cat([ab.T, bb], 1)])
    return (rows.logsumexp(1) - ab.diag().repeat(2)).mean()


def nt_xent_loop(z1, z2, temperature=0.5):
    hold_batch(z1, z2, temperature)
    z, n = torch.cat([z1, z2]), len(z1)
    losses = []
    for i in range(2 * n):
        others = [k for k in range(2 * n) if k != i]
        cosines = torch.stack([z[i] @ z[k] / (z[i].norm() * z[k].norm()) for k in others])
        scores = cosines / temperature
        losses.append(torch.logsumexp(scores, 0) - scores[others.index((i + n) % (2 * n))])
    return sum(losses) / len(losses)


def nt_xent_without_diagonal(z1, z2, temperature=0.5):
    hold_batch(z1, z2, temperature)
    z, n = functional.normalize(torch.cat([z1, z2])), len(z1)
    scores = z.mm(z.t()).div(temperature)
    own = torch.eye(2 * n, dtype=torch.bool, device=z.device)
    rest = scores[~own].view(2 * n, -1)
    partners = torch.cat([scores.diagonal(n), scores.diagonal(-n)])
    return rest.logsumexp(dim=1).mean() - partners.mean()


def nt_xent_library(z1, z2, temperature=0.5):
    hold_batch(z1, z2, temperature)
    return lt.nt_xent(z1, z2, temperature=temperature)


def clip_cross_entropy(images, texts, log_scale):
    images, texts = functional.normalize(images), functional.normalize(texts)
    scores = log_scale.exp() * images @ texts.t()
    target = torch.arange(len(images), device=images.device)
    return (
        functional.cross_entropy(scores, target) + functional.cross_entropy(scores.t(), target)
    ) / 2


def clip_logsumexp(images, texts, log_scale):
    lengths = images.norm(dim=1)[:, None] * texts.norm(dim=1)
    scores = images @ texts.T / lengths * torch.exp(log_scale)
    both = scores.logsumexp(0) + scores.logsumexp(1)
    return both.mean() / 2 - scores.diagonal().mean()


def clip_stacked(images, texts, log_scale):
    a, b = (rows / rows.pow(2).sum(1, keepdim=True).sqrt() for rows in (images, texts))
    scores = torch.einsum("ik,jk->ij", a, b) / torch.exp(-log_scale)
    both = torch.cat([scores, scores.T])
    return (
        -both.log_softmax(1)
        .gather(1, torch.arange(len(a), device=a.device).repeat(2)[:, None])
        .mean()
    )


def clip_loop(images, texts, log_scale):
    cosines = torch.stack([functional.cosine_similarity(image[None], texts) for image in images])
    scores = cosines * log_scale.exp()
    losses = []
    for i in range(len(images)):
        losses.append(torch.logsumexp(scores[i], 0) - scores[i, i])
        losses.append(torch.logsumexp(scores[:, i], 0) - scores[i, i])
    return torch.stack(losses).mean()


def clip_half_each(images, texts, log_scale):
    a, b = functional.normalize(images) * (log_scale / 2).exp(), functional.normalize(texts)
    scores = a @ (b * (log_scale / 2).exp()).T
    return -0.5 * sum(scores.log_softmax(dim).trace() for dim in (0, 1)) / len(a)


def small_net(hidden, seed):
    torch.manual_seed(seed)
    return torch.nn.Sequential(
        torch.nn.Linear(2, hidden), torch.nn.Tanh(), torch.nn.Linear(hidden, 2)
    )


def trained(x, labels, x_new, loss, hidden=32, steps=300, seed=0):
    net, x = small_net(hidden, seed), torch.tensor(x, dtype=torch.float32)
    labels = torch.tensor(labels)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
    for _ in range(steps):
        optimizer.zero_grad()
        loss(net(x), labels).backward()
        optimizer.step()
    with torch.no_grad():
        return net(torch.tensor(x_new, dtype=torch.float32)).numpy()


def table_of(z):
    return ((z[:, None] - z) ** 2).sum(-1).add(1e-9).sqrt()


def by_pairs(z, labels, margin=2.0):
    d, same = table_of(z), labels[:, None] == labels
    return torch.where(same, d, torch.relu(margin - d)).square().mean()


def by_hardest_triplets(z, labels):
    d, same = table_of(z), labels[:, None] == labels
    near = d.masked_fill(~same, 0).amax(1)
    far = d.masked_fill(same, torch.inf).amin(1)
    return torch.relu(near - far + 1).mean()


def by_cross_entropy(z, labels):
    """A classifier whose three scores are minus the squared distances to three corners."""
    corners = torch.tensor([[2.0, 0.0], [-1.0, 1.7], [-1.0, -1.7]])
    return functional.cross_entropy(-((z[:, None] - corners) ** 2).sum(-1), labels)


def corner_of_nearest(x, labels, x_new):
    nearest = labels[scipy.spatial.distance.cdist(x_new, x).argmin(axis=1)]
    return np.stack([np.cos(2 * nearest), np.sin(2 * nearest)], axis=1)


def by_hand(x, labels, x_new):
    """What the rings differ in is their radius."""
    radius = np.hypot(*x_new.T)
    return np.stack([radius, 0 * radius], axis=1)


RIGHT = {
    "pairwise_distances": [
        distances_loop,
        distances_norm,
        distances_by_coordinate,
        distances_cdist,
        distances_einsum,
        distances_torch,
    ],
    "contrastive_pairs": [pairs_loop, pairs_where, pairs_split, pairs_single, pairs_torch],
    "triplet": [triplet_loop, triplet_norm, triplet_mask, triplet_single, triplet_torch],
    "semi_hard_negatives": [
        mining_loop,
        mining_sorted,
        mining_cube,
        mining_torch,
        mining_float32,
    ],
    "cosine_similarities": [
        cosines_loop,
        cosines_afterwards,
        cosines_nan_to_num,
        cosines_einsum,
        cosines_from_distances,
        cosines_torch,
    ],
    "info_nce": [
        info_nce_loop,
        info_nce_logsumexp,
        info_nce_logaddexp,
        info_nce_differences,
        info_nce_single,
        info_nce_torch,
    ],
    "nt_xent_torch": [
        nt_xent_cross_entropy,
        nt_xent_blocks,
        nt_xent_loop,
        nt_xent_without_diagonal,
        nt_xent_library,
    ],
    "clip_torch": [
        clip_cross_entropy,
        clip_logsumexp,
        clip_stacked,
        clip_loop,
        clip_half_each,
    ],
    "train_embedding": [
        lambda x, labels, x_new: trained(x, labels, x_new, by_pairs),
        lambda x, labels, x_new: trained(x, labels, x_new, by_hardest_triplets, seed=1),
        lambda x, labels, x_new: trained(x, labels, x_new, by_cross_entropy, hidden=16),
        corner_of_nearest,
        by_hand,
    ],
}
