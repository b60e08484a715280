"""Losses of sequences and speech: every alignment counted, lengths, accumulation, diversity."""

import itertools
import math

import numpy as np
import pytest
import torch
from library.facts.sequence import collapse

import lossfns.numpy as ln
import lossfns.torch as lt

INF = math.inf


def both(name, *arrays, **settings):
    yield getattr(ln, name)(*arrays, **settings)
    tensors = {n: torch.tensor(v) if isinstance(v, np.ndarray) else v for n, v in settings.items()}
    yield getattr(lt, name)(*map(torch.tensor, arrays), **tensors).numpy()


def torch_grad(function, logits, *arrays, **settings):
    leaf = torch.tensor(logits, requires_grad=True)
    tensors = {n: torch.tensor(v) if isinstance(v, np.ndarray) else v for n, v in settings.items()}
    value = function(leaf, *map(torch.tensor, arrays), **tensors)
    return torch.autograd.grad(value.sum(), leaf)[0].numpy()


def log_softmax(rows):
    shifted = rows - rows.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


# Connectionist temporal classification.

TEXTS = [
    *[(5, 3, text) for text in [(1,), (1, 2), (1, 1), (2, 1, 2), (1, 1, 1), (2, 2, 1), ()]],
    *[(3, 4, text) for text in [(3, 1, 2), (1, 1), (3, 3), (2,), ()]],
    *[(1, 4, text) for text in [(3,), ()]],
]


@pytest.mark.parametrize("blank", [0, 2])
@pytest.mark.parametrize("frames, symbols, text", TEXTS)
def test_ctc_is_the_sum_over_all_alignments(frames, symbols, text, blank, rng):
    text = [(symbol + blank) % symbols for symbol in text]
    logits = rng.normal(size=(1, frames, symbols))
    log_probs = log_softmax(logits)[0]
    total = sum(
        math.exp(sum(log_probs[t, symbol] for t, symbol in enumerate(path)))
        for path in itertools.product(range(symbols), repeat=frames)
        if collapse(path, blank % symbols) == text
    )
    target = np.array([text], int).reshape(1, -1)
    for value in both("ctc", logits, target, blank=blank % symbols):
        assert value == pytest.approx(-math.log(total), rel=1e-12)


def test_the_texts_of_all_lengths_share_the_probability(rng):
    """Every path collapses to some text: their probabilities add up to 1."""
    logits = rng.normal(size=(1, 3, 3))
    texts = [t for size in range(4) for t in itertools.product((1, 2), repeat=size)]
    losses = [ln.ctc(logits, np.array([t], int).reshape(1, -1)) for t in texts]
    assert sum(math.exp(-loss) for loss in losses) == pytest.approx(1, rel=1e-13)


@pytest.fixture
def speech(rng):
    return {
        "logits": rng.normal(size=(4, 7, 5)),
        "target": np.array([[1, 2, 3], [4, 4, 0], [2, 0, 0], [3, 1, 1]]),
        "input_lengths": np.array([7, 5, 4, 4]),
        "target_lengths": np.array([3, 2, 1, 3]),
    }


def peer(logits, target, input_lengths, target_lengths, reduction):
    return torch.nn.functional.ctc_loss(
        logits.log_softmax(-1).transpose(0, 1),
        target,
        input_lengths,
        target_lengths,
        reduction=reduction,
    )


def test_ctc_is_pytorchs_but_for_the_mean(speech):
    tensors = {name: torch.tensor(value) for name, value in speech.items()}
    tensors["logits"].requires_grad_()
    expected = peer(**tensors, reduction="none")
    (slope,) = torch.autograd.grad(expected.sum(), tensors["logits"])
    for losses in (
        ln.ctc(**speech, reduction="none"),
        lt.ctc(**tensors, reduction="none").detach().numpy(),
    ):
        np.testing.assert_allclose(losses, expected.detach().numpy(), rtol=1e-12)
    ours = ln.ctc.grad(**speech, reduction="none")
    np.testing.assert_allclose(ours, slope.numpy(), rtol=1e-10, atol=1e-14)
    # The mean of PyTorch is one of losses per symbol; ours is of losses.
    losses = expected.detach().numpy()
    assert ln.ctc(**speech) == pytest.approx(losses.mean(), rel=1e-12)
    theirs = peer(**tensors, reduction="mean").item()
    assert theirs == pytest.approx((losses / speech["target_lengths"]).mean(), rel=1e-12)
    assert theirs < ln.ctc(**speech) / 1.5


@pytest.mark.parametrize("text, frames", [([1, 2, 3], 2), ([1, 1], 2), ([2, 2, 2], 4), ([1], 0)])
def test_a_text_that_does_not_fit_costs_infinity_and_pulls_nowhere(text, frames, rng):
    logits, target = rng.normal(size=(2, 6, 4)), np.array([text, text])
    lengths = {"input_lengths": np.array([frames, 6])}
    fits = ln.ctc(logits[1:], target[1:])
    for losses in both("ctc", logits, target, **lengths, reduction="none"):
        np.testing.assert_allclose(losses, [INF, fits], rtol=1e-12)
    for value in both("ctc", logits, target, **lengths):
        assert value == INF
    ours = ln.ctc.grad(logits, target, **lengths)
    for grad in (ours, torch_grad(lt.ctc, logits, target, **lengths)):
        assert np.all(grad[0] == 0) and np.all(np.isfinite(grad))
        np.testing.assert_allclose(grad[1:], ln.ctc.grad(logits[1:], target[1:]) / 2, atol=1e-15)
    # PyTorch's gradient is NaN unless zero_infinity is set, which hides the loss as well.
    leaf = torch.tensor(logits, requires_grad=True)
    sizes = torch.tensor([len(text)] * 2)
    peer(leaf, torch.tensor(target), torch.tensor([frames, 6]), sizes, "sum").backward()
    assert frames == 0 or leaf.grad[0].isnan().any()


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_a_text_that_does_not_fit_may_be_left_out_by_its_weight(reduction, rng):
    """0 · ∞ would be NaN."""
    logits, target = rng.normal(size=(2, 2, 4)), np.array([[1, 1], [1, 2]])
    kept = ln.ctc(logits[1:], target[1:])
    options = {"sample_weight": np.array([0.0, 1.0]), "reduction": reduction}
    for value in both("ctc", logits, target, **options):
        np.testing.assert_allclose(np.sum(value), kept, rtol=1e-13)
    for grad in (
        ln.ctc.grad(logits, target, **options),
        torch_grad(lt.ctc, logits, target, **options),
    ):
        assert np.all(grad[0] == 0) and np.all(np.isfinite(grad))


def test_what_lies_beyond_the_lengths_does_not_matter(speech, rng):
    expected, slope = ln.ctc(**speech), ln.ctc.grad(**speech)
    beyond = np.arange(7) >= speech["input_lengths"][:, None]
    padding = np.arange(3) >= speech["target_lengths"][:, None]
    changed = speech | {
        "logits": np.where(beyond[..., None], 1e3, speech["logits"]),
        "target": np.where(padding, -7, speech["target"]),
    }
    logits, target, lengths = changed.pop("logits"), changed.pop("target"), changed
    for value in both("ctc", logits, target, **lengths):
        assert value == pytest.approx(expected, rel=1e-13)
    for grad in (
        ln.ctc.grad(logits, target, **lengths),
        torch_grad(lt.ctc, logits, target, **lengths),
    ):
        np.testing.assert_allclose(grad, slope, atol=1e-15)
        assert np.all(grad[beyond] == 0)


def test_items_of_a_ctc_batch_are_those_alone(speech):
    together = ln.ctc(**speech, reduction="none")
    for i, expected in enumerate(together):
        frames, size = speech["input_lengths"][i], speech["target_lengths"][i]
        logits, target = speech["logits"][i : i + 1, :frames], speech["target"][i : i + 1, :size]
        for value in both("ctc", logits, target):
            assert value == pytest.approx(expected, rel=1e-13)


def test_the_gradient_of_ctc_sums_to_0_over_the_symbols(speech):
    np.testing.assert_allclose(ln.ctc.grad(**speech).sum(axis=-1), 0, atol=1e-15)
    shifted = speech | {"logits": speech["logits"] + 100 * np.arange(7)[:, None]}
    assert ln.ctc(**shifted) == pytest.approx(ln.ctc(**speech), rel=1e-12)


def test_ctc_of_a_single_possible_path_can_be_differentiated_twice(rng):
    """1, blank, 1 alone: all others have probability 0, whose logarithm has no slope."""
    logits = torch.tensor(rng.normal(size=(1, 3, 3)), requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda z: lt.ctc(z, torch.tensor([[1, 1]])), logits)
    # PyTorch's own cannot.
    tensors = [torch.tensor([[1, 1]]), torch.tensor([3]), torch.tensor([2])]
    value = peer(logits, *tensors, reduction="sum")
    (slope,) = torch.autograd.grad(value, logits, create_graph=True)
    with pytest.raises(RuntimeError, match="ctc_loss"):
        torch.autograd.grad(slope.square().sum(), logits)


def test_a_long_recording_does_not_underflow():
    """Two thousand frames: the probability itself is smaller than any float."""
    logits = np.zeros((1, 2000, 30))
    target = np.arange(1, 26)[None]
    values = list(both("ctc", logits, target))
    assert values[0] == pytest.approx(values[1], rel=1e-12)
    assert 5000 < values[0] < 2000 * math.log(30)
    single = lt.ctc(torch.zeros(1, 2000, 30), torch.tensor(target)).item()
    assert single == pytest.approx(values[0], rel=1e-4)


# Language models.


@pytest.fixture
def text(rng):
    logits, tokens = rng.normal(size=(2, 6, 7)), rng.integers(0, 7, (2, 6))
    tokens[1, 2:] = -100
    return logits, tokens


def test_causal_lm_shifts_once(text):
    logits, tokens = text
    expected = ln.cross_entropy(logits[:, :-1], tokens[:, 1:])
    for value in both("causal_lm", logits, tokens):
        assert value == pytest.approx(expected, rel=1e-13)
    grad = ln.causal_lm.grad(logits, tokens)
    assert np.all(grad[:, -1] == 0) and np.all(grad[0, :-1] != 0)
    assert np.all(grad[1, 1:] == 0)
    assert ln.causal_lm(logits, tokens, reduction="none").shape == (2, 5)


def test_a_model_that_knows_the_next_token_has_no_loss_and_a_double_shift_shows():
    tokens = np.array([[3, 1, 4, 1, 5, 2]])
    knows = np.full((1, 6, 6), -50.0)
    knows[0, np.arange(5), tokens[0, 1:]] = 50.0
    assert ln.causal_lm(knows, tokens) < 1e-12
    assert ln.causal_lm(knows[:, :-1], tokens[:, 1:]) > 50


def test_masked_lm_does_not_shift(text):
    logits, tokens = text
    for value in both("masked_lm", logits, tokens):
        assert value == pytest.approx(ln.cross_entropy(logits, tokens), rel=1e-13)
    # Over all positions instead of the masked ones: 8 of 12 counted.
    diluted = ln.masked_lm(logits, tokens, reduction="none").mean()
    assert diluted == pytest.approx(ln.masked_lm(logits, tokens) * 8 / 12)


@pytest.mark.parametrize("name", ["causal_lm", "masked_lm"])
def test_num_items_makes_accumulation_the_whole_batch(name, text):
    """The mean of means is not the mean: a short text would count as much as a long one."""
    logits, tokens = text
    loss = getattr(ln, name)
    counted = int((tokens[:, 1:] if name == "causal_lm" else tokens).clip(-1).__ne__(-1).sum())
    whole, slope = loss(logits, tokens), loss.grad(logits, tokens)
    steps = [(logits[i : i + 1], tokens[i : i + 1]) for i in range(2)]
    for module, convert in [(ln, np.asarray), (lt, torch.tensor)]:
        for items in (counted, float(counted)):
            function = getattr(module, name)
            parts = [function(*map(convert, step), num_items=items) for step in steps]
            assert float(sum(parts)) == pytest.approx(whole, rel=1e-13)
    grads = [loss.grad(*step, num_items=counted) for step in steps]
    np.testing.assert_allclose(np.concatenate(grads), slope, rtol=1e-13)
    tensors = [torch.tensor(array) for array in (logits, tokens)]
    on_device = getattr(lt, name)(*tensors, num_items=torch.tensor(counted))
    assert on_device.item() == pytest.approx(whole, rel=1e-13)
    # What trainers did until October 2024: each micro-batch its own mean.
    wrong = np.mean([loss(*step) for step in steps])
    assert abs(wrong - whole) > 0.01 * whole


def test_the_mean_of_means_by_hand():
    """Three tokens of loss ln 2 and one of ln 4: 5/4 ln 2, not the peers' 3/2 ln 2."""
    long, short = np.zeros((1, 3, 4)), np.zeros((1, 3, 4))
    long[..., 2:] = -1e4
    targets = [np.array([[0, 1, 0]]), np.array([[-100, 3, -100]])]
    parts = [ln.masked_lm(z, t, num_items=4) for z, t in zip((long, short), targets, strict=True)]
    assert sum(parts) == pytest.approx(1.25 * math.log(2))
    means = [ln.masked_lm(z, t) for z, t in zip((long, short), targets, strict=True)]
    assert np.mean(means) == pytest.approx(1.5 * math.log(2))


@pytest.mark.parametrize("wrong", [torch.tensor(0), torch.tensor(-2.0), torch.tensor([4.0, 4.0])])
@pytest.mark.parametrize("name", ["causal_lm", "masked_lm"])
def test_num_items_on_a_device_is_checked(name, wrong):
    with pytest.raises(ValueError, match="num_items"):
        getattr(lt, name)(torch.zeros(1, 3, 4), torch.ones(1, 3).long(), num_items=wrong)


@pytest.mark.parametrize("settings", [{}, {"num_items": 5}, {"reduction": "sum"}])
@pytest.mark.parametrize("name", ["causal_lm", "masked_lm"])
def test_a_text_without_a_counted_token_costs_0(name, settings, rng):
    logits, tokens = rng.normal(size=(2, 3, 4)), np.full((2, 3), -100)
    for value in both(name, logits, tokens, **settings):
        assert value == 0
    assert np.all(getattr(ln, name).grad(logits, tokens, **settings) == 0)
    assert np.all(torch_grad(getattr(lt, name), logits, tokens, **settings) == 0)
    # PyTorch divides by nothing.
    flat = torch.tensor(logits).flatten(0, 1), torch.tensor(tokens).flatten()
    assert torch.nn.functional.cross_entropy(*flat).isnan()


@pytest.mark.parametrize("name", ["causal_lm", "masked_lm"])
def test_what_is_not_counted_may_be_nan(name, text):
    logits, tokens = text
    expected = getattr(ln, name)(logits, tokens)
    logits = logits.copy()
    logits[1, 3:] = np.nan
    for value in both(name, logits, tokens):
        assert value == pytest.approx(expected, rel=1e-13)


def test_another_ignore_index(text):
    logits, tokens = text
    pad = np.where(tokens == -100, 6, tokens)
    pad[0] = [0, 1, 2, 3, 4, 5]
    marked = np.where(pad == 6, -100, pad)
    for value in both("causal_lm", logits, pad, ignore_index=6):
        assert value == pytest.approx(ln.causal_lm(logits, marked), rel=1e-13)


def test_z_loss_pulls_the_normaliser_to_1(text):
    logits, tokens = text
    bare = ln.causal_lm(logits, tokens)
    # A shift of all logits is nothing to the loss, and something to the normaliser.
    normaliser = np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    for value in both("causal_lm", logits - normaliser, tokens, z_loss=1.0):
        assert value == pytest.approx(bare, rel=1e-12)
    for value in both("causal_lm", logits - normaliser + 3, tokens, z_loss=0.1):
        assert value == pytest.approx(bare + 0.1 * 9, rel=1e-12)
    grad = ln.causal_lm.grad(logits - normaliser + 3, tokens, z_loss=0.1)
    assert grad.sum() == pytest.approx(2 * 0.1 * 3)


@pytest.mark.parametrize("size", [1e4, 1e30])
def test_huge_logits_of_tokens_do_not_overflow(size):
    logits = np.array([[[size, 0.0], [0.0, 0.0]]])
    for value in both("causal_lm", logits, np.array([[0, 1]])):
        assert value == size


# Speech.


def test_codebook_diversity_is_least_where_all_entries_are_used_alike(rng):
    uniform = np.full((6, 2, 5), 0.2)
    least = -math.log(5) / 5
    for value in both("codebook_diversity", uniform):
        assert value == pytest.approx(least, rel=1e-13)
    for _ in range(50):
        assert ln.codebook_diversity(rng.dirichlet(np.ones(5), (6, 2))) > least
    # Sharp choices in turn are as diverse: it is the batch that counts.
    for value in both("codebook_diversity", np.eye(5)[:, None]):
        assert value == pytest.approx(least, rel=1e-13)
    for value in both("codebook_diversity", np.eye(5)[[2] * 5][:, None]):
        assert value == 0


def test_codebook_diversity_falls_along_its_gradient_to_the_uniform(rng):
    probs = rng.dirichlet(np.ones(4), (5, 2))
    for _ in range(300):
        grad = ln.codebook_diversity.grad(probs)
        probs = probs - 2 * (grad - grad.mean(axis=-1, keepdims=True))
        probs = np.clip(probs, 0, 1)
        probs /= probs.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(probs.mean(axis=0), 0.25, atol=1e-3)


def test_an_entry_never_used_has_a_finite_gradient():
    probs = np.array([[[1.0, 0.0]], [[1.0, 0.0]]])
    leaf = torch.tensor(probs, requires_grad=True)
    lt.codebook_diversity(leaf).backward()
    for grad in (ln.codebook_diversity.grad(probs), leaf.grad.numpy()):
        np.testing.assert_allclose(grad, [[[0.25, 0.0]]] * 2)


def test_a_context_that_knows_nothing_pays_for_all_candidates(rng):
    quantized = np.eye(4)[:3]
    context = np.tile([0.0, 0.0, 0.0, 2.0], (3, 1))
    distractors = np.tile(quantized[None, :2], (3, 1, 1))
    for value in both(
        "wav2vec2_contrastive", context, quantized, distractors=distractors, temperature=0.01
    ):
        assert value == pytest.approx(math.log(3), rel=1e-13)


def test_wav2vec2_is_cross_entropy_over_cosines_and_blind_to_lengths(rng):
    c, q, d = rng.normal(size=(4, 3)), rng.normal(size=(4, 3)), rng.normal(size=(4, 5, 3))

    def unit(x):
        return x / np.linalg.norm(x, axis=-1, keepdims=True)

    candidates = unit(np.concatenate([q[:, None], d], axis=1))
    scores = np.einsum("nd,nkd->nk", unit(c), candidates) / 0.1
    expected = ln.cross_entropy(scores, np.zeros(4, int))
    for value in both("wav2vec2_contrastive", 7 * c, 0.2 * q, distractors=100 * d):
        assert value == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("temperature", [0.1, 1e-3, 1e-6])
def test_wav2vec2_does_not_saturate_at_low_temperature(temperature):
    """The true latent opposite, a distractor ahead: 2 / κ."""
    frame, other = np.array([[1.0, 0.0]]), np.array([[[1.0, 0.0]]])
    for value in both(
        "wav2vec2_contrastive", frame, -frame, distractors=other, temperature=temperature
    ):
        assert value == pytest.approx(2 / temperature, rel=1e-8)


@pytest.mark.parametrize("shape", [(2, 0, 3), (2, 3), (1, 4, 3), (2, 4, 2)])
def test_wav2vec2_names_distractors_of_a_wrong_shape(shape):
    for module, convert in [(ln, np.asarray), (lt, torch.tensor)]:
        rows = convert(np.ones((2, 3)))
        with pytest.raises(ValueError, match="distractors"):
            module.wav2vec2_contrastive(rows, rows, distractors=convert(np.ones(shape)))
