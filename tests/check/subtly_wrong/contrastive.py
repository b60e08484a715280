"""Answers to the assignment on contrastive, and the details to change in them."""

from lossfns.check.kinds.missed import RANGE, TINY

ANSWERS = {
    "pairwise_distances": """\
def pairwise_distances(a, b, squared=False):
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ValueError("shapes")
    squares = ((a[:, None] - b) ** 2).sum(axis=2)
    return squares if squared else np.sqrt(squares)
""",
    "contrastive_pairs": """\
def contrastive_pairs(a, b, same, margin=1.0):
    if a.shape != b.shape:
        raise ValueError("shapes")
    if same.shape != (len(a),):
        raise ValueError("same")
    if same.min() < 0 or same.max() > 1:
        raise ValueError("labels")
    if margin <= 0:
        raise ValueError("margin")
    d = np.sqrt(((a - b) ** 2).sum(axis=1))
    return (same * d**2 + (1 - same) * np.maximum(0, margin - d) ** 2).mean() / 2
""",
    "triplet": """\
def triplet(anchor, positive, negative, margin=1.0, squared=False):
    if anchor.shape != positive.shape or anchor.shape != negative.shape:
        raise ValueError("shapes")
    if margin <= 0:
        raise ValueError("margin")
    near, far = (((anchor - other) ** 2).sum(axis=1) for other in (positive, negative))
    if not squared:
        near, far = np.sqrt(near), np.sqrt(far)
    return np.maximum(0, near - far + margin).mean()
""",
    "semi_hard_negatives": """\
def semi_hard_negatives(embeddings, labels, margin):
    if margin <= 0:
        raise ValueError("margin")
    d = np.sqrt(((embeddings[:, None] - embeddings) ** 2).sum(axis=2))
    table = np.full(d.shape, -1)
    for i, j in np.ndindex(d.shape):
        fits = (labels != labels[i]) & (d[i] > d[i, j]) & (d[i] < d[i, j] + margin)
        if i != j and labels[i] == labels[j] and fits.any():
            table[i, j] = np.where(fits, d[i], np.inf).argmin()
    return table
""",
    "cosine_similarities": """\
def cosine_similarities(a, b):
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ValueError("shapes")
    (la, lb) = (np.linalg.norm(x, axis=1, keepdims=True) for x in (a, b))
    return (a / np.where(la > 0, la, 1)) @ (b / np.where(lb > 0, lb, 1)).T
""",
    "info_nce": """\
def info_nce(queries, keys, temperature=0.1):
    if queries.shape != keys.shape:
        raise ValueError("shapes")
    if temperature <= 0:
        raise ValueError("temperature")
    q, k = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (queries, keys))
    s = q @ k.T / temperature
    return (np.logaddexp.reduce(s, axis=1) - np.diag(s)).mean()
""",
    "nt_xent_torch": """\
def nt_xent_torch(z1, z2, temperature=0.5):
    if z1.shape != z2.shape:
        raise ValueError("shapes")
    if temperature <= 0:
        raise ValueError("temperature")
    z = torch.nn.functional.normalize(torch.cat([z1, z2]), dim=1)
    s = z @ z.T / temperature
    s = s.masked_fill(torch.eye(len(s), dtype=torch.bool), -torch.inf)
    partner = torch.arange(len(s)).roll(len(z1))
    return (s.logsumexp(dim=1) - s[torch.arange(len(s)), partner]).mean()
""",
}

CHANGES = [
    ("contrastive_pairs", "margin <= 0", "margin == 0", None),
    ("contrastive_pairs", "margin <= 0", "margin < 0", None),
    ("contrastive_pairs", "same.min() < 0 or", "", None),
    ("contrastive_pairs", "same.min() < 0 or same.max() > 1", "-1 in same", None),
    ("contrastive_pairs", "same.shape != (len(a),)", "same.ndim != 1", None),
    ("contrastive_pairs", "same.shape != (len(a),)", "same.size != len(a)", None),
    ("triplet", "margin <= 0", "margin in (0, -1)", RANGE),
    ("triplet", " or anchor.shape != negative.shape", "", None),
    (
        "triplet",
        "anchor.shape != positive.shape or anchor.shape != negative.shape",
        "positive.shape != negative.shape",
        None,
    ),
    ("semi_hard_negatives", "margin <= 0", "margin in (0, -1)", RANGE),
    ("info_nce", "temperature <= 0", "temperature == 0", None),
    ("info_nce", "temperature <= 0", "temperature in (0, -0.5)", RANGE),
    ("nt_xent_torch", "temperature <= 0", "temperature < 0", None),
    ("pairwise_distances", "np.sqrt(squares)", "np.sqrt(squares + 1e-12)", TINY),
    ("pairwise_distances", "a.shape[1] != b.shape[1]", "b.shape[1] not in (1, a.shape[1])", None),
    ("pairwise_distances", "a.ndim != 2 or b.ndim != 2 or", "", None),
    ("cosine_similarities", "a.ndim != 2 or b.ndim != 2 or", "", None),
    ("info_nce", "queries.shape != keys.shape", "len(queries) > len(keys)", None),
    ("info_nce", "np.diag(s)", "np.diag(s.squeeze())", None),
]
