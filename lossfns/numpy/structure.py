"""Losses of molecular structure, as in AlphaFold 2."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lossfns._arguments import Reduction, frame_shapes, number
from lossfns.numpy._classes import log_softmax, one_hot, pick
from lossfns.numpy._core import Array, Evaluation, loss, real, reduced


@loss
def fape(
    positions: ArrayLike,
    target: ArrayLike,
    *,
    rotations: ArrayLike,
    translations: ArrayLike,
    target_rotations: ArrayLike,
    target_translations: ArrayLike,
    clamp: float = 10.0,
    scale: float = 10.0,
    epsilon: float = 1e-4,
    reduction: Reduction = "mean",
) -> Evaluation:
    """Frame-aligned point error: every atom, seen from every residue's own frame.

        l_ij = min(clamp, √(‖R_iᵀ(x_j - t_i) - R_iᵀ(x_j - t_i) of the truth‖² + ε)) / scale

    Args:
        positions: x, predicted atoms, floating point, (atoms, 3), in Å.
        target: true atoms, same shape.
        rotations, translations: R (frames, 3, 3) and t (frames, 3) of the predicted frames, which
            map local coordinates to global ones: x = R u + t.
        target_rotations, target_translations: of the true frames.
        clamp: largest distance that counts, > 0, in Å; `float("inf")` for none.
        scale: of the result, > 0, in Å.
        epsilon: > 0, in Å²; it keeps the slope finite where the fit is perfect.
        reduction: "none" (frames, atoms), "mean" or "sum". There is no `sample_weight`: an item is
            a pair of a frame and an atom.
    Returns:
        The loss, without units; √ε / scale where the fit is perfect.
    Raises:
        TypeError, ValueError: shapes do not fit, integers, NaN, clamp, scale or epsilon ≤ 0.
    Gradient:
        R_i (u_ij - u_ij true) / d / scale, summed over the frames, with respect to the positions;
        wrt="translations" and wrt="rotations" give those of the frames. 0 beyond the clamp.
    Pitfall:
        A mirror image has other local coordinates: unlike a distance map, FAPE sees chirality.
    Reference:
        Jumper et al. (2021), Nature 596, supplement 1.9.2.
    Chapter:
        loss-fape
    Example:
        >>> import numpy as np, lossfns.numpy as ln
        >>> frames = dict(rotations=np.eye(3)[None], translations=np.zeros((1, 3)))
        >>> truth = {f"target_{name}": value for name, value in frames.items()}
        >>> round(ln.fape([[3.0, 4.0, 0.0]], [[0.0, 0.0, 0.0]], **frames, **truth), 4)
        0.5
    """
    number("clamp", clamp, above=0)
    number("scale", scale, above=0)
    number("epsilon", epsilon, above=0)
    x, r, t = _frames("", None, positions=positions, rotations=rotations, translations=translations)
    x_true, r_true, t_true = _frames(
        "target_",
        (x.shape, r.shape, t.shape),
        target=target,
        rotations=target_rotations,
        translations=target_translations,
    )
    offset = x - t[:, None]
    gap = offset @ r - (x_true - t_true[:, None]) @ r_true
    distance = np.sqrt((gap**2).sum(axis=-1) + epsilon)
    # On the clamp itself the slope is the middle of the two.
    pull = gap * (np.heaviside(clamp - distance, 0.5) / distance / scale)[..., None]

    def turned() -> Array:
        return np.asarray(pull @ r.transpose(0, 2, 1))

    return reduced(
        np.minimum(distance, clamp) / scale,
        reduction,
        positions=lambda: turned().sum(axis=0),
        rotations=lambda: offset.transpose(0, 2, 1) @ pull,
        translations=lambda: -turned().sum(axis=1),
    )


@loss
def distogram(
    logits: ArrayLike,
    target: ArrayLike,
    *,
    first: float = 2.3125,
    last: float = 21.6875,
    reduction: Reduction = "mean",
) -> Evaluation:
    """Distogram loss: cross-entropy of a predicted distribution over binned distances.

        l_ij = -ln softmax(z_ij)_{bin(‖x_i - x_j‖)}

    Args:
        logits: (residues, residues, bins), floating point.
        target: true positions, (residues, 3), in Å.
        first, last: the first and the last of the bins - 1 edges, evenly spaced, in Å. The outer
            bins are open. The defaults are AlphaFold 2's, for 64 bins.
        reduction: "none" (residues, residues), "mean" or "sum". There is no `sample_weight`: an
            item is a pair of residues.
    Returns:
        The loss, in nats per pair, the diagonal included, as in AlphaFold 2.
    Raises:
        TypeError, ValueError: shapes do not fit, fewer than 2 bins, integers, NaN, first ≥ last.
    Gradient:
        (softmax(z_ij) - onehot) / pairs.
    Pitfall:
        Distances say nothing about handedness: a mirror image has the same distogram.
    Reference:
        Senior et al. (2020), Nature 577; Jumper et al. (2021), Nature 596, supplement 1.9.8.
    Chapter:
        loss-distogram
    Example:
        >>> import numpy as np, lossfns.numpy as ln
        >>> round(ln.distogram(np.zeros((2, 2, 64)), np.zeros((2, 3))), 4)
        4.1589
    """
    number("first", first, above=-math.inf, below=math.inf)
    number("last", last, above=-math.inf, below=math.inf)
    if first >= last:
        raise ValueError(f"first must be smaller than last, got {first!r} and {last!r}")
    rows, positions = real("logits", logits, floating=True), real("target", target)
    if rows.ndim != 3 or positions.shape != (rows.shape[0], 3) or rows.shape[0] != rows.shape[1]:
        raise ValueError(
            f"logits must have the shape (residues, residues, bins) and target, of its "
            f"residues, {(*rows.shape[:1], 3)}, got {rows.shape} and {positions.shape}"
        )
    if rows.shape[2] < 2:
        raise ValueError(f"logits must have at least 2 bins, got {rows.shape[2]}")
    distances = np.sqrt(((positions[:, None] - positions) ** 2).sum(axis=-1))
    if np.isnan(distances).any():
        raise ValueError("target holds NaN or an infinity: the distances are undefined")
    edges = np.linspace(first, last, rows.shape[2] - 1)
    bins = np.searchsorted(edges, distances, side="left")
    log_probs = log_softmax(rows)
    return reduced(
        -pick(log_probs, bins),
        reduction,
        logits=lambda: np.exp(log_probs) - one_hot(bins, rows.shape[2]),
    )


def _frames(
    prefix: str, like: tuple[tuple[int, ...], ...] | None, **arrays: Any
) -> tuple[Array, Array, Array]:
    names = [name if name == "target" else prefix + name for name in arrays]
    points, rotations, translations = (
        real(name, value, floating=not prefix)
        for name, value in zip(names, arrays.values(), strict=True)
    )
    frame_shapes(names, points.shape, rotations.shape, translations.shape, like)
    return points, rotations, translations
