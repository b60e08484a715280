"""Losses of sequences: connectionist temporal classification, and language models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike

from lossfns._arguments import (
    Reduction,
    check_chunk_size,
    check_num_items,
    hint_one_class,
    integer,
    linear_shapes,
    number,
    slices,
)
from lossfns.numpy._classes import (
    Labels,
    class_weight,
    in_range,
    integers,
    labelled_rows,
    log_softmax,
    one_hot,
    pick,
    times,
)
from lossfns.numpy._core import Array, Evaluation, item_weight, loss, real, reduced


@loss
def ctc(
    logits: ArrayLike,
    target: ArrayLike,
    *,
    input_lengths: ArrayLike | None = None,
    target_lengths: ArrayLike | None = None,
    blank: int = 0,
    reduction: Reduction = "mean",
    sample_weight: ArrayLike | None = None,
) -> Evaluation:
    """Connectionist temporal classification: the probability of a text under all its alignments.

        l = -ln Σ_{paths that collapse to the target} Π_t softmax(z_t)_{path_t}

    A path collapses by merging repeats, then dropping blanks.

    Args:
        logits: (n, T, C), floating point: T frames an item, C symbols with the blank among them.
        target: (n, S), integer symbols without blanks, padded at the end with anything.
        input_lengths: (n,), frames of each item; all T by default.
        target_lengths: (n,), symbols of each target; all S by default.
        blank: index of the blank.
        reduction, sample_weight: as for every loss; one loss per item.
    Returns:
        The loss, in nats per item; infinite, with gradient 0, for a target that does not fit into
        its frames. PyTorch's "mean" also divides each loss by the length of its target.
    Raises:
        TypeError, ValueError: shapes do not fit, symbols or lengths out of range, a blank in a
        target, NaN.
    Gradient:
        (softmax(z_t) - the share of path probability that passes through each symbol at t) / n.
    Pitfall:
        Two equal symbols in a row need a blank between them: a frame more than you count. There is
        no `zero_infinity`: targets that do not fit make the mean infinite, until `sample_weight`
        gives them 0, as in `sample_weight=isfinite(ctc(..., reduction="none"))`.
    Reference:
        Graves et al. (2006), Connectionist temporal classification, ICML.
    Chapter:
        loss-ctc
    Example:
        >>> import numpy as np, lossfns.numpy as ln
        >>> uniform = np.zeros((1, 2, 3))             # 2 frames, blank and 2 letters
        >>> round(ln.ctc(uniform, [[1]]), 4)          # paths 11, 01, 10: -ln(3 / 9)
        1.0986
    """
    rows, labels, frames, lengths = _ctc_inputs(
        logits, target, input_lengths, target_lengths, blank
    )
    weight = None if sample_weight is None else item_weight(sample_weight, rows.shape[:1])
    if weight is not None:
        rows = np.where(weight[:, None, None] == 0, 0.0, rows)
    log_probs = log_softmax(rows)
    losses, occupied = np.zeros(len(rows)), np.zeros_like(rows)
    for i, (steps, size) in enumerate(zip(frames, lengths, strict=True)):
        losses[i], occupied[i, :steps] = _ctc_item(log_probs[i, :steps], labels[i, :size], blank)
    if weight is not None:
        losses = np.where(weight == 0, 0.0, losses)  # 0 · ∞ would be NaN

    def slope() -> Array:
        # By ln p of a frame: minus the share of the paths that are in each label there. The shares
        # sum to 1, so by the logits it is the softmax less them.
        counted = np.arange(rows.shape[1])[:, None] < frames[:, None, None]
        possible = np.isfinite(losses)[:, None, None]
        return np.where(counted & possible, np.exp(log_probs) - occupied, 0.0)

    return reduced(losses, reduction, weight, logits=slope)


@loss
def causal_lm(
    logits: ArrayLike,
    tokens: ArrayLike,
    *,
    ignore_index: int = -100,
    num_items: float | None = None,
    z_loss: float = 0.0,
    reduction: Reduction = "mean",
) -> Evaluation:
    """Next-token loss of a causal language model; the shift by one happens here.

        l_t = -ln softmax(z_t)_{x_{t+1}} + ζ · logsumexp(z_t)²

    Args:
        logits: (n, T, V), floating point.
        tokens: (n, T), the input tokens themselves, integers: position t is to predict t + 1.
        ignore_index: tokens not to be predicted, such as padding.
        num_items: what to divide by instead of the number of counted tokens, > 0. Under gradient
            accumulation give every micro-batch the number of tokens of the whole step: the mean of
            means is not the mean. For a step that may be empty give max(1, tokens).
        z_loss: ζ ≥ 0, keeps the normaliser near 1.
        reduction: "none" (shape (n, T - 1)), "mean" or "sum".
    Returns:
        The loss, in nats per token.
    Raises:
        TypeError, ValueError: shapes do not fit, tokens out of range, NaN, num_items ≤ 0.
    Gradient:
        (softmax(z_t) (1 + 2 ζ logsumexp(z_t)) - onehot(x_{t+1})) / tokens; 0 at the last position.
    Pitfall:
        Shifting both here and in the data teaches the model to predict the token after next.
    Reference:
        Bengio et al. (2003), JMLR 3; z-loss: Chowdhery et al. (2022), PaLM, arXiv:2204.02311.
    Chapter:
        loss-causal-lm
    Example:
        >>> import numpy as np, lossfns.numpy as ln
        >>> round(ln.causal_lm(np.zeros((1, 3, 10)), [[1, 2, 3]]), 4)
        2.3026
    """
    logits = real("logits", logits, floating=True)
    tokens = integers(tokens, "tokens")
    if logits.ndim != 3 or tokens.shape != logits.shape[:2]:
        raise ValueError(
            f"tokens must have the shape of logits, (items, tokens, vocabulary), without its last "
            f"axis, {logits.shape[:-1]}, got logits {logits.shape} and tokens {tokens.shape}"
        )
    integer("ignore_index", ignore_index)
    in_range(np.where(tokens == ignore_index, 0, tokens), logits.shape[2], "tokens")
    result = _token_loss(logits[:, :-1], tokens[:, 1:], ignore_index, num_items, z_loss, reduction)

    def gradient() -> Array:
        whole = np.zeros_like(logits)
        whole[:, :-1] = result.gradients["logits"]()
        return whole

    return Evaluation(result.value, {"logits": gradient})


@loss
def masked_lm(
    logits: ArrayLike,
    target: ArrayLike,
    *,
    ignore_index: int = -100,
    num_items: float | None = None,
    reduction: Reduction = "mean",
) -> Evaluation:
    """Masked language model loss: cross-entropy at the masked positions, no shift.

        l_t = -ln softmax(z_t)_{x_t} where t was masked

    Args:
        logits: (n, T, V), floating point.
        target: (n, T), integers: the original token where it was masked, else `ignore_index`.
        ignore_index: marks the positions that do not count.
        num_items: what to divide by instead of the number of masked tokens, see `causal_lm`.
        reduction: "none", "mean" or "sum".
    Returns:
        The loss, in nats per masked token; 0 if nothing is masked.
    Raises:
        TypeError, ValueError: shapes do not fit, tokens out of range, NaN, num_items ≤ 0.
    Gradient:
        (softmax(z_t) - onehot(x_t)) / masked tokens, 0 elsewhere.
    Pitfall:
        Averaged over all positions instead of the masked ones it is seven times too small at the
        usual 15 %.
    Reference:
        Devlin et al. (2019), BERT, NAACL, arXiv:1810.04805.
    Chapter:
        loss-masked-lm
    Example:
        >>> import numpy as np, lossfns.numpy as ln
        >>> round(ln.masked_lm(np.zeros((1, 3, 10)), [[-100, 4, -100]]), 4)
        2.3026
    """
    return _token_loss(logits, target, ignore_index, num_items, 0.0, reduction)


@loss
def linear_cross_entropy(
    hidden: ArrayLike,
    target: ArrayLike,
    *,
    linear_weight: ArrayLike,
    linear_bias: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    z_loss: float = 0.0,
    num_items: float | None = None,
    chunk_size: int | None = None,
    reduction: Reduction = "mean",
) -> Evaluation:
    """Cross-entropy of a linear layer's outputs, without ever holding all of them.

        z = W h + b
        l = -Σ_c w_c t_c ln softmax(z)_c + m ζ logsumexp(z)²,   m = Σ_c w_c t_c,   mean = Σ l / Σ m

    For a language model the outputs (tokens × vocabulary) are the largest array of the whole
    training step. Here they exist for `chunk_size` tokens at a time.

    Args:
        hidden: h, floating point, (..., H), such as (texts, tokens, H).
        target: (...), integers: the class of each vector. Nothing is shifted, see `causal_lm`.
        linear_weight: W, (C, H), C classes or tokens of a vocabulary.
        linear_bias: b, (C,), or None.
        weight: w of each class, ≥ 0, length C.
        ignore_index: label of vectors to leave out, such as padding; no work is done for them.
        label_smoothing: ε in [0, 1], spread over all C classes, as for `cross_entropy`.
        z_loss: ζ ≥ 0, keeps the normaliser near 1, as for `causal_lm`.
        num_items: what to divide by instead of Σ m, see `causal_lm`.
        chunk_size: vectors at a time, ≥ 1; by default as many as make up 16 million outputs. It
            changes memory and speed, not the loss.
        reduction: "none" (the shape of target), "mean" or "sum". There is no `sample_weight`.
    Returns:
        The loss, in nats per vector: `cross_entropy` of h Wᵀ + b; 0 if all labels are ignored.
    Raises:
        TypeError, ValueError: shapes do not fit, labels out of range, integer predictions, NaN, a
        hyper-parameter out of range.
    Gradient:
        g W for `hidden`, gᵀ h for "linear_weight" and Σ g for "linear_bias", where g is that of
        `cross_entropy`. For "none" the latter two are those of the sum.
    Pitfall:
        A second use of the logits, for instance to count hits, computes them all again.
    Reference:
        Wijmans et al. (2025), Cut your losses in large-vocabulary language models, ICLR,
        arXiv:2411.09009; chunks of tokens with gradients on the way forward: Hsu et al. (2024),
        Liger Kernel, arXiv:2410.10989.
    Chapter:
        loss-linear-cross-entropy
    Example:
        >>> import numpy as np, lossfns.numpy as ln
        >>> hidden, head = np.ones((1, 3, 2)), np.zeros((10, 2))
        >>> round(ln.linear_cross_entropy(hidden, [[1, 2, -100]], linear_weight=head), 4)
        2.3026
        >>> ln.linear_cross_entropy.grad(
        ...     [[1.0, 2.0]], [0], linear_weight=[[0.0, 0.0], [0.0, 0.0]], wrt="linear_weight"
        ... )
        array([[-0.5, -1. ],
               [ 0.5,  1. ]])
    """
    number("label_smoothing", label_smoothing, at_least=0, at_most=1)
    _check_tokens(z_loss, num_items)
    check_chunk_size(chunk_size)
    integer("ignore_index", ignore_index)
    states, target = real("hidden", hidden, floating=True), integers(target)
    head = real("linear_weight", linear_weight)
    bias = np.zeros(head.shape[:1]) if linear_bias is None else real("linear_bias", linear_bias)
    linear_shapes(states.shape, target.shape, head.shape, bias.shape)
    counted = target != ignore_index
    rows, labels = states[counted], in_range(target[counted], len(head))
    hint_one_class("linear_weight", len(head), frames=5)
    by_class = class_weight(weight, head.T)
    own = (1 - label_smoothing) * by_class[labels]
    even = label_smoothing / len(head) * by_class
    mass = own + even.sum()

    def chunks() -> Iterator[tuple[slice, Array]]:
        for part in slices(len(rows), chunk_size, len(head)):
            yield part, rows[part] @ head.T + bias

    losses, normaliser = np.zeros(len(rows)), np.zeros(len(rows))
    for part, logits in chunks():
        log_probs = log_softmax(logits)
        normaliser[part] = logits.max(axis=-1) - log_probs.max(axis=-1)
        losses[part] = -own[part] * pick(log_probs, labels[part]) - times(even, log_probs).sum(-1)
    losses += z_loss * mass * normaliser**2

    tail = reduced(
        _in_place(losses, counted),
        reduction,
        counted.astype(float),
        mass=_in_place(mass, counted),
        items=num_items,
        losses=lambda: np.ones(counted.shape),
    )

    def pulls() -> Iterator[tuple[slice, Array]]:
        """The slope with respect to the outputs, chunk by chunk."""
        share = tail.gradients["losses"]()[counted]
        steep = share * mass * (1 + 2 * z_loss * normaliser)
        for part, logits in chunks():
            pull = steep[part, None] * np.exp(logits - normaliser[part, None])
            pull -= share[part, None] * even
            pull[np.arange(len(pull)), labels[part]] -= share[part] * own[part]
            yield part, pull

    def of_hidden() -> Array:
        slope = np.zeros(rows.shape)
        for part, pull in pulls():
            slope[part] = pull @ head
        return _in_place(slope, counted)

    def of_weight() -> Array:
        return sum((pull.T @ rows[part] for part, pull in pulls()), np.zeros(head.shape))

    def of_bias() -> Array:
        return sum((pull.sum(axis=0) for _, pull in pulls()), np.zeros(bias.shape))

    gradients = {"hidden": of_hidden, "linear_weight": of_weight}
    return Evaluation(
        tail.value, gradients if linear_bias is None else gradients | {"linear_bias": of_bias}
    )


def _token_loss(
    logits: Any,
    target: Any,
    ignore_index: int,
    num_items: float | None,
    z_loss: float,
    reduction: Reduction,
) -> Evaluation:
    _check_tokens(z_loss, num_items)
    rows, labels, weight = labelled_rows(-1, None, ignore_index, target, hint=False, logits=logits)
    log_probs = log_softmax(rows)
    normaliser = rows.max(axis=-1) - log_probs.max(axis=-1)
    losses = z_loss * normaliser**2 - pick(log_probs, labels)

    def slope() -> Array:
        pull = np.exp(log_probs) * (1 + 2 * z_loss * normaliser)[..., None]
        return np.asarray(pull - one_hot(labels, rows.shape[-1]))

    return reduced(losses, reduction, weight, items=num_items, logits=slope)


def _check_tokens(z_loss: float, num_items: float | None) -> None:
    number("z_loss", z_loss, at_least=0)
    if num_items is not None:
        check_num_items(num_items)


def _in_place(values: Array, counted: npt.NDArray[np.bool_]) -> Array:
    """Values of the counted items where they belong, zeros where nothing counts."""
    whole = np.zeros(counted.shape + values.shape[1:])
    whole[counted] = values
    return whole


def _ctc_inputs(
    logits: Any, target: Any, input_lengths: Any, target_lengths: Any, blank: int
) -> tuple[Array, Labels, Labels, Labels]:
    rows = real("logits", logits, floating=True)
    labels = integers(target)
    if rows.ndim != 3 or labels.ndim != 2 or len(labels) != len(rows) or not rows.shape[2]:
        raise ValueError(
            f"logits must have the shape (items, frames, symbols) and target (items, symbols), "
            f"got {rows.shape} and {labels.shape}"
        )
    integer("blank", blank)
    number("blank", blank, at_least=0, at_most=rows.shape[2] - 1)
    frames = _lengths("input_lengths", input_lengths, "logits", rows)
    lengths = _lengths("target_lengths", target_lengths, "target", labels)
    used = np.arange(labels.shape[1]) < lengths[:, None]
    wrong = used & ((labels < 0) | (labels >= rows.shape[2]) | (labels == blank))
    if wrong.any():
        where = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise ValueError(
            f"target must hold symbols 0 to {rows.shape[2] - 1} other than the blank {blank}, "
            f"got {labels[where]} at {where}"
        )
    return rows, np.where(used, labels, 0).astype(np.intp), frames, lengths


def _lengths(name: str, given: Any, of: str, sequences: npt.NDArray[Any]) -> Labels:
    n, longest = sequences.shape[:2]
    if given is None:
        return np.full(n, longest, np.intp)
    lengths = integers(given, name)
    if lengths.shape != (n,):
        raise ValueError(f"{name} must have one length per item, ({n},), got {lengths.shape}")
    if lengths.size and not (lengths.min() >= 0 and lengths.max() <= longest):
        worst = lengths.min() if lengths.min() < 0 else lengths.max()
        raise ValueError(f"{name} must lie in [0, {longest}], as {of} says, got {worst}")
    return lengths.astype(np.intp)


def _ctc_item(log_probs: Array, labels: Labels, blank: int) -> tuple[float, Array]:
    """The loss of one item, and the probability of each symbol at each frame given the target.

    The target is stretched to blank, s1, blank, s2, ..., blank; a path moves by one place a frame,
    stays, or jumps over a blank between two different symbols.
    """
    steps, classes = log_probs.shape
    places = np.full(2 * len(labels) + 1, blank)
    places[1::2] = labels
    jumps = np.zeros(len(places), bool)
    jumps[2:] = (places[2:] != blank) & (places[2:] != places[:-2])
    if not steps:
        return (0.0 if not len(labels) else np.inf), np.zeros((0, classes))
    emitted = log_probs[:, places]
    forward = _sweep(emitted, jumps)
    backward = _sweep(emitted[::-1, ::-1], np.roll(jumps, -2)[::-1])[::-1, ::-1]
    log_likelihood = float(np.logaddexp.reduce(forward[-1, -2:]))
    occupied = np.zeros((steps, classes))
    if log_likelihood > -np.inf:
        # Both sweeps count the frame's own emission.
        passing = np.exp(forward + backward - emitted - log_likelihood)
        passing = np.where(emitted == -np.inf, 0.0, passing)
        np.add.at(occupied.T, places, passing.T)
    return -log_likelihood, occupied


def _sweep(emitted: Array, jumps: npt.NDArray[np.bool_]) -> Array:
    """Log-probability of all beginnings of paths that stand at each place at each frame."""
    reached = np.full(emitted.shape, -np.inf)
    reached[0, :2] = emitted[0, :2]
    for t in range(1, len(emitted)):
        before = reached[t - 1]
        by_one = np.concatenate([[-np.inf], before[:-1]])
        over_blank = np.concatenate([[-np.inf, -np.inf], before[:-2]])[: len(before)]
        by_two = np.where(jumps, over_blank, -np.inf)
        reached[t] = emitted[t] + np.logaddexp(np.logaddexp(before, by_one), by_two)
    return reached
