"""GRPO and its kin: clipping from two sides, three ways to count tokens, advantages of a group."""

import math

import numpy as np
import pytest
import torch

import lossfns.numpy as ln
import lossfns.torch as lt

# Two answers, of 4 tokens and of 1, of a limit of 5; every token has the loss -A = 1 or 3.
ZEROS = np.zeros((2, 4))
ADVANTAGES = -np.array([[1.0, 1.0, 1.0, 1.0], [3.0, 9.0, 9.0, 9.0]])
MASK = np.array([[1.0, 1.0, 1.0, 1.0], [1.0, 0.0, 0.0, 0.0]])


def both(*arrays, **settings):
    yield ln.grpo(*arrays, **settings)
    tensors = {n: torch.tensor(v) if isinstance(v, np.ndarray) else v for n, v in settings.items()}
    yield lt.grpo(*map(torch.tensor, arrays), **tensors).numpy()


@pytest.mark.parametrize(
    "average, expected",
    [
        ("sequence", (1 + 3) / 2),  # Shao et al. (2024), equation 3: 1/G Σ 1/|o_i| Σ
        ("token", (4 * 1 + 3) / 5),  # Yu et al. (2025), equation 8: 1/Σ|o_i| Σ Σ
        (5, (4 * 1 + 3) / (2 * 5)),  # Liu et al. (2025): the same constant for every answer
    ],
)
def test_three_ways_to_count_tokens(average, expected):
    for value in both(ZEROS, ZEROS, ADVANTAGES, average=average, sample_weight=MASK):
        assert value == pytest.approx(expected, rel=1e-15)


def trl(log_probs, old, advantages, mask, loss_type, length, low, high, reference=None, beta=0.04):
    """The formulas of `GRPOTrainer`, in NumPy: `loss_type` and `max_completion_length` are its."""
    ratio = np.exp(log_probs - old)
    losses = -np.minimum(ratio * advantages, np.clip(ratio, 1 - low, 1 + high) * advantages)
    if reference is not None:
        d = reference - log_probs
        losses = losses + beta * (np.exp(d) - d - 1)
    return {
        "grpo": ((losses * mask).sum(-1) / mask.sum(-1)).mean(),
        "dapo": (losses * mask).sum() / mask.sum(),
        "dr_grpo": (losses * mask).sum() / (len(losses) * length),
    }[loss_type]


@pytest.mark.parametrize("with_reference", [False, True])
@pytest.mark.parametrize(
    "loss_type, average", [("grpo", "sequence"), ("dapo", "token"), ("dr_grpo", 16)]
)
def test_each_average_is_a_loss_type_of_trl(loss_type, average, with_reference, rng):
    log_probs, old, reference = -rng.uniform(0, 2, (3, 5, 6))
    advantages = np.repeat(rng.normal(size=(5, 1)), 6, axis=1)
    mask = (np.arange(6) < rng.integers(1, 7, (5, 1))).astype(float)
    reference = reference if with_reference else None
    expected = trl(log_probs, old, advantages, mask, loss_type, 16, 0.2, 0.28, reference)
    settings = dict(average=average, clip_high=0.28, sample_weight=mask)
    settings["reference_log_probs"] = reference
    for value in both(log_probs, old, advantages, **settings):
        assert value == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("average", ["sequence", "token", 16])
def test_gradient_is_the_slope_under_every_average(average, rng):
    arrays = [rng.normal(size=(3, 4)) for _ in range(3)]
    weight = (np.arange(4) < np.array([[4], [1], [2]])).astype(float)
    settings = dict(average=average, sample_weight=weight, reference_log_probs=arrays[1] + 0.1)
    grad = ln.grpo.grad(*arrays, **settings)
    for index in np.ndindex(3, 4):
        step = np.zeros((3, 4))
        step[index] = 1e-6
        ends = [ln.grpo(arrays[0] + s * step, *arrays[1:], **settings) for s in (1, -1)]
        assert grad[index] == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-7)
    tensors = [torch.tensor(a) for a in arrays]
    tensors[0].requires_grad_()
    given = {n: torch.tensor(v) if isinstance(v, np.ndarray) else v for n, v in settings.items()}
    lt.grpo(*tensors, **given).backward()
    np.testing.assert_allclose(tensors[0].grad.numpy(), grad, rtol=1e-12)


@pytest.mark.parametrize("average", ["sequence", "token", 5])
def test_an_answer_without_tokens_does_not_count_and_a_batch_without_any_is_0(average):
    longer = [np.vstack([a, np.full((1, 4), np.nan)]) for a in (ZEROS, ZEROS, ADVANTAGES)]
    weight = np.vstack([MASK, np.zeros((1, 4))])
    expected = ln.grpo(ZEROS, ZEROS, ADVANTAGES, average=average, sample_weight=MASK)
    for value in both(*longer, average=average, sample_weight=weight):
        assert value == pytest.approx(expected, rel=1e-15)
    for value in both(ZEROS, ZEROS, ADVANTAGES, average=average, sample_weight=np.zeros((2, 4))):
        assert value == 0
    for value in both(np.array(-1.0), np.array(-1.0), np.array(2.0), average=average):
        assert value == pytest.approx(-2.0 if average != 5 else -2.0 / 5)


def test_clip_higher_lets_a_rare_token_become_likelier():
    """Yu et al. (2025), section 3.1: a probability of 0.01 may rise to 0.0128, not only 0.012."""
    at = np.log([[0.0125]]), np.log([[0.01]]), np.ones((1, 1))
    assert ln.grpo.grad(*at)[0, 0] == 0
    assert ln.grpo.grad(*at, clip_high=0.28)[0, 0] == pytest.approx(-1.25)
    # The lower bound stays where it was.
    down = np.log([[0.0079]]), np.log([[0.01]]), -np.ones((1, 1))
    assert ln.grpo.grad(*down, clip_high=0.28)[0, 0] == 0


def test_equal_bounds_are_ppo(rng):
    arrays = [0.3 * rng.normal(size=(5, 6)) for _ in range(3)]
    for value in both(*arrays, clip_low=0.2, clip_high=0.2):
        assert value == pytest.approx(ln.ppo_clip(*arrays, clip=0.2), rel=1e-13)


def test_the_penalty_is_the_kl_penalty_k3(rng):
    log_probs, old, advantages, reference = rng.normal(size=(4, 5, 6))
    alone = ln.grpo(log_probs, old, advantages, average="sequence")
    penalty = ln.kl_penalty(log_probs, reference, kind="k3", average="sequence")
    for value in both(
        log_probs, old, advantages, reference_log_probs=reference, beta=0.3, average="sequence"
    ):
        assert value == pytest.approx(alone + 0.3 * penalty, rel=1e-12)


def test_a_ratio_beyond_every_number_is_harmless_where_the_clip_wins():
    """exp(100) is infinite in float32, and infinity times the 0 of the other branch is NaN."""
    gap = torch.tensor([100.0, 100.0, 0.0], requires_grad=True)
    advantages = torch.tensor([1.0, 0.0, -1.0])
    loss = lt.grpo(gap, torch.zeros(3), advantages, reduction="sum")
    loss.backward()
    assert loss.item() == pytest.approx(-1.2 + 1.0)
    assert gap.grad.tolist() == [0, 0, 1]
    ratio = (gap.detach().exp() * advantages)[1]
    assert ratio.isnan()
    value, grad = ln.grpo.value_and_grad([1000.0, 1000.0], [0.0, 0.0], [1.0, 0.0])
    assert value == pytest.approx(-0.6) and not grad.any()


@pytest.mark.parametrize("wrong", ["tokens", None, True, 0, -4, 2.5, ""])
def test_other_averages_are_refused(wrong):
    for loss, array in [(ln.grpo, np.zeros((1, 1))), (lt.grpo, torch.zeros(1, 1))]:
        with pytest.raises(ValueError, match="average"):
            loss(array, array, array, average=wrong)


# Advantages.


def advantages(rewards, **settings):
    ours = ln.group_advantages(rewards, **settings)
    theirs = lt.group_advantages(torch.tensor(rewards), **settings)
    np.testing.assert_allclose(theirs.numpy(), ours, rtol=1e-14, atol=1e-15)
    return ours


def test_advantages_are_standardised_rewards():
    """Two right of four: ±½ over a standard deviation of √(1/3), or of ½ if one divides by n."""
    right = advantages(np.array([[1.0, 0.0, 1.0, 0.0]]))
    np.testing.assert_allclose(right, [[math.sqrt(0.75), -math.sqrt(0.75)] * 2])
    np.testing.assert_allclose(advantages(np.array([[1.0, 0.0]]), scale=False), [[0.5, -0.5]])


def test_advantages_of_a_group_do_not_depend_on_its_neighbours(rng):
    rewards = rng.normal(size=(3, 2, 5))
    together = advantages(rewards)
    for i in np.ndindex(3, 2):
        np.testing.assert_allclose(advantages(rewards[i]), together[i], rtol=1e-14)
        np.testing.assert_allclose(together[i].std(ddof=1), 1)


@pytest.mark.parametrize("reward", [0.1, 0.7, 1 / 3, -2.9, 1e30])
@pytest.mark.parametrize("answers", [1, 3, 6, 7])
def test_advantages_of_equal_rewards_are_0_and_so_is_the_loss(reward, answers):
    """The mean of six times 0.7 is not 0.7: what rounding leaves must not be scaled up."""
    rewards = np.full((2, answers), reward)
    assert not advantages(rewards).any()
    single = lt.group_advantages(torch.full((2, answers), reward))
    assert not single.any()
    gap = torch.full((2, answers), 100.0, requires_grad=True)
    loss = lt.grpo(gap, torch.zeros(2, answers), single)
    loss.backward()
    assert loss.item() == 0 and not gap.grad.any()


def test_written_out_equal_rewards_are_divided_by_nothing():
    rewards = np.full(6, 0.7)
    above = rewards - rewards.mean()
    assert above.any()  # rounding
    with np.errstate(divide="ignore"):
        assert np.isinf(above / rewards.std(ddof=1)).all() or rewards.std(ddof=1) < 1e-15


@pytest.mark.parametrize(
    "wrong, error",
    [
        (np.array([1, 0]), TypeError),
        (np.array([1.0, np.nan]), ValueError),
        (np.array([1.0, np.inf]), ValueError),
        (np.zeros((2, 0)), ValueError),
        (np.array(1.0), ValueError),
    ],
)
def test_rewards_that_have_no_mean_are_refused(wrong, error):
    with pytest.raises(error, match="rewards|axis"):
        ln.group_advantages(wrong)
    with pytest.raises(error, match="rewards|axis"):
        lt.group_advantages(torch.tensor(wrong))


def test_advantages_compile_and_map():
    rewards = torch.tensor([[1.0, 0.0, 0.5], [0.2, 0.2, 0.2]])
    expected = lt.group_advantages(rewards)
    compiled = torch.compile(lt.group_advantages, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(rewards), expected)
    torch.testing.assert_close(torch.vmap(lt.group_advantages)(rewards), expected)
    half = lt.group_advantages(rewards.bfloat16())
    assert half.dtype == torch.float32
