"""Losses from preferences: the start of training, conventions, estimators by enumeration."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch

import lossfns.numpy as ln
import lossfns.torch as lt

LN2 = math.log(2)


@pytest.fixture
def answers(rng):
    """Log-probabilities of whole answers under the policy and the reference."""
    return [-10 + 3 * rng.normal(size=7) for _ in range(4)]


def references(answers):
    return {"reference_chosen": answers[2], "reference_rejected": answers[3]}


def both(name, *arrays, **settings):
    yield getattr(ln, name)(*arrays, **settings)
    tensors = {n: torch.tensor(v) if isinstance(v, np.ndarray) else v for n, v in settings.items()}
    yield getattr(lt, name)(*map(torch.tensor, arrays), **tensors).numpy()


# DPO and its kin.


@pytest.mark.parametrize("beta", [0.01, 0.1, 5.0])
def test_dpo_is_ln_2_where_the_policy_is_the_reference(answers, beta):
    chosen, rejected = answers[:2]
    at_reference = {"reference_chosen": chosen, "reference_rejected": rejected}
    for value in both("dpo", chosen, rejected, **at_reference, beta=beta):
        assert value == pytest.approx(LN2, rel=1e-14)
    # There every pair pulls equally, with β/2.
    grad = ln.dpo.grad(chosen, rejected, **at_reference, beta=beta, reduction="none")
    np.testing.assert_allclose(grad, -beta / 2)


def test_dpo_is_the_reward_loss_of_implied_rewards(answers):
    chosen, rejected = answers[:2]
    rewards = [0.3 * (chosen - answers[2]), 0.3 * (rejected - answers[3])]
    expected = ln.reward_model(*rewards)
    for value in both("dpo", chosen, rejected, **references(answers), beta=0.3):
        assert value == pytest.approx(expected, rel=1e-13)


def test_dpo_sees_only_the_log_ratio(answers):
    """Both answers may lose probability while the loss falls."""
    chosen, rejected = answers[:2]
    there = ln.dpo(chosen, rejected, **references(answers))
    assert ln.dpo(chosen - 5, rejected - 5, **references(answers)) == pytest.approx(there)
    assert ln.dpo(chosen - 5, rejected - 8, **references(answers)) < there


def test_swapped_answers_give_the_opposite_preference(answers):
    """Bradley-Terry: P(a beats b) + P(b beats a) = 1."""
    chosen, rejected = answers[:2]
    there = ln.reward_model(chosen, rejected, reduction="none")
    back = ln.reward_model(rejected, chosen, reduction="none")
    np.testing.assert_allclose(np.exp(-there) + np.exp(-back), 1, rtol=1e-14)


def test_dpo_does_not_overflow_where_log_of_sigmoid_does():
    gap = torch.tensor([-2000.0])
    zero = torch.zeros(1)
    assert (-torch.sigmoid(gap).log()).item() == math.inf
    loss = lt.dpo(gap, zero, reference_chosen=zero, reference_rejected=zero, beta=1.0)
    assert loss.item() == 2000
    ours = ln.dpo([-2000.0], [0.0], reference_chosen=[0.0], reference_rejected=[0.0], beta=1.0)
    assert ours == 2000


@pytest.mark.parametrize("tau", [0.1, 0.5, 2.0])
def test_ipo_is_least_at_a_finite_gap_where_dpo_asks_for_ever_more(tau):
    zero = dict(reference_chosen=[0.0], reference_rejected=[0.0])
    goal = 1 / (2 * tau)
    for value in both(
        "ipo", np.array([goal]), np.zeros(1), **{n: np.zeros(1) for n in zero}, tau=tau
    ):
        assert value == 0
    assert ln.ipo.grad([goal + 1], [0.0], **zero, tau=tau)[0] == pytest.approx(2)
    assert ln.dpo.grad([goal + 1], [0.0], **zero)[0] < 0


@pytest.mark.parametrize("name", ["dpo", "ipo"])
def test_the_reference_gets_no_gradient(name, answers):
    chosen, rejected = answers[:2]
    with pytest.raises(ValueError, match="wrt"):
        getattr(ln, name).grad(chosen, rejected, **references(answers), wrt="reference_chosen")


# PPO.


@pytest.mark.parametrize("ratio", [0.3, 0.79, 0.81, 1.0, 1.19, 1.21, 3.0])
@pytest.mark.parametrize("advantage", [-2.0, 2.0])
def test_ppo_is_flat_exactly_where_moving_on_would_pay(ratio, advantage):
    log_probs, old = np.array([math.log(ratio)]), np.zeros(1)
    flat = (ratio > 1.2) if advantage > 0 else (ratio < 0.8)
    grad = ln.ppo_clip.grad(log_probs, old, [advantage])[0]
    assert grad == (0 if flat else pytest.approx(-ratio * advantage))
    leaf = torch.tensor(log_probs, requires_grad=True)
    lt.ppo_clip(leaf, torch.tensor(old), torch.tensor([advantage])).backward()
    assert leaf.grad.item() == pytest.approx(grad)


def test_ppo_at_the_sampling_policy_is_the_policy_gradient(rng):
    log_probs, advantages = -rng.random(9), rng.normal(size=9)
    assert ln.ppo_clip(log_probs, log_probs, advantages) == pytest.approx(-advantages.mean())
    grad = ln.ppo_clip.grad(log_probs, log_probs, advantages)
    np.testing.assert_allclose(grad, -advantages / 9)


def test_ppo_clipped_alone_would_stop_bad_actions_from_being_undone():
    """clip(r) A without the minimum is flat at r = 3, A = -1: nothing brings r back."""
    for value in both("ppo_clip", np.log([3.0]), np.zeros(1), np.array([-1.0])):
        assert value == pytest.approx(3.0)
    clipped = -np.clip(3.0, 0.8, 1.2) * -1.0
    assert clipped == 1.2


def test_mean_over_tokens_and_mean_over_sequences_differ():
    """Answers of 4 tokens and of 1: (4 · 1 + 3) / 5 = 1.4 by token, (1 + 3) / 2 = 2 by answer."""
    advantages = -np.array([[1.0, 1.0, 1.0, 1.0], [3.0, 9.0, 9.0, 9.0]])
    mask = np.array([[1.0, 1.0, 1.0, 1.0], [1.0, 0.0, 0.0, 0.0]])
    zeros = np.zeros((2, 4))
    for average, expected in [("token", 1.4), ("sequence", 2.0)]:
        for value in both(
            "ppo_clip", zeros, zeros, advantages, average=average, sample_weight=mask
        ):
            assert value == pytest.approx(expected, rel=1e-15)
    # The same for the penalty: ½ d² = ½, 9/2.
    for average, expected in [("token", 0.7 + 0.2), ("sequence", (0.5 + 4.5) / 2)]:
        expected = {"token": (4 * 0.5 + 4.5) / 5, "sequence": expected}[average]
        for value in both(
            "kl_penalty", -advantages, zeros, kind="k2", average=average, sample_weight=mask
        ):
            assert value == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("name", ["ppo_clip", "kl_penalty"])
def test_mean_over_sequences_is_the_mean_of_each_ones_mean(name, rng):
    arrays = [rng.normal(size=(5, 6)) for _ in range(3 if name == "ppo_clip" else 2)]
    mask = np.arange(6) < rng.integers(1, 7, (5, 1))
    each = [getattr(ln, name)(*(a[i][mask[i]] for a in arrays)) for i in range(5)]
    weight = mask.astype(float)
    for value in both(name, *arrays, average="sequence", sample_weight=weight):
        assert value == pytest.approx(np.mean(each), rel=1e-13)
    # A sequence of padding alone does not count, and a single sequence has one mean.
    weight[2] = 0
    for value in both(name, *arrays, average="sequence", sample_weight=weight):
        assert value == pytest.approx(np.mean(each[:2] + each[3:]), rel=1e-13)
    single = [a[0] for a in arrays]
    for value in both(name, *single, average="sequence"):
        assert value == pytest.approx(getattr(ln, name)(*single), rel=1e-13)


@pytest.mark.parametrize("name", ["ppo_clip", "kl_penalty"])
def test_gradient_of_the_mean_over_sequences_is_its_slope(name, rng):
    arrays = [rng.normal(size=(3, 4)) for _ in range(3 if name == "ppo_clip" else 2)]
    weight = (np.arange(4) < np.array([[4], [1], [2]])).astype(float)
    settings = dict(average="sequence", sample_weight=weight)
    loss = getattr(ln, name)
    grad = loss.grad(*arrays, **settings)
    for index in np.ndindex(3, 4):
        step = np.zeros((3, 4))
        step[index] = 1e-6
        ends = [loss(arrays[0] + s * step, *arrays[1:], **settings) for s in (1, -1)]
        assert grad[index] == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-8)
    tensors = [torch.tensor(a) for a in arrays]
    tensors[0].requires_grad_()
    getattr(lt, name)(*tensors, average="sequence", sample_weight=torch.tensor(weight)).backward()
    np.testing.assert_allclose(tensors[0].grad.numpy(), grad, rtol=1e-12)


# KL estimators, by enumeration of a small distribution.

POLICY = [Fraction(1, 2), Fraction(1, 4), Fraction(1, 8), Fraction(1, 8)]
REFERENCE = [Fraction(1, 4), Fraction(1, 4), Fraction(1, 4), Fraction(1, 4)]


def estimates(kind):
    log_probs, reference = (np.log([float(p) for p in d]) for d in (POLICY, REFERENCE))
    return ln.kl_penalty(log_probs, reference, kind=kind, reduction="none")


def expectation(values):
    return float(sum(float(p) * v for p, v in zip(POLICY, values, strict=True)))


def test_k1_and_k3_have_the_divergence_as_their_mean_and_k2_has_not():
    """KL = 2 ln 2 - 7/4 ln 2 = ¼ ln 2 = 0.1733; k2 gives 3/8 ln² 2 = 0.1802."""
    divergence = LN2 / 4
    assert expectation(estimates("k1")) == pytest.approx(divergence, rel=1e-14)
    assert expectation(estimates("k3")) == pytest.approx(divergence, rel=1e-14)
    assert expectation(estimates("k2")) == pytest.approx(3 / 8 * LN2**2, rel=1e-14)


def test_k3_is_never_negative_and_varies_less_than_k1():
    assert estimates("k1").min() == pytest.approx(-LN2)
    assert estimates("k2").min() >= 0 and estimates("k3").min() >= 0
    spread = {
        kind: expectation(estimates(kind) ** 2) - expectation(estimates(kind)) ** 2
        for kind in ("k1", "k2", "k3")
    }
    assert spread["k3"] < spread["k1"] and spread["k2"] < spread["k1"]


def test_the_gradient_of_k2_is_on_average_that_of_the_divergence_and_k1s_is_0():
    """Through a softmax policy: Σ_a p_a · k'(a) · ∂ln p_a/∂z against ∂KL/∂z."""
    probs, reference = (np.array([float(p) for p in d]) for d in (POLICY, REFERENCE))
    score = np.eye(4) - probs  # ∂ ln p_a / ∂z_b
    ratio = np.log(probs / reference)
    true = probs * (ratio - (probs * ratio).sum())
    mean = {
        kind: (
            probs
            * ln.kl_penalty.grad(np.log(probs), np.log(reference), kind=kind, reduction="none")
        )
        @ score
        for kind in ("k1", "k2", "k3")
    }
    np.testing.assert_allclose(mean["k2"], true, atol=1e-15)
    np.testing.assert_allclose(mean["k1"], 0, atol=1e-15)
    # k3's is that of the other direction, KL(reference ‖ policy).
    np.testing.assert_allclose(mean["k3"], probs - reference, atol=1e-15)


def test_averages_other_than_token_and_sequence_are_refused():
    for wrong in ("tokens", "mean", None, True, ""):
        with pytest.raises(ValueError, match="average"):
            ln.ppo_clip([0.0], [0.0], [1.0], average=wrong)
        with pytest.raises(ValueError, match="average"):
            lt.kl_penalty(torch.zeros(1), torch.zeros(1), average=wrong)


# Smoothed labels, and losses without a reference or without pairs.


def test_conservative_dpo_is_least_at_a_finite_gap(answers):
    """Mitchell (2023): with a share ε of flipped labels the best β Δ is ln((1 - ε) / ε)."""
    zero = dict(reference_chosen=[0.0], reference_rejected=[0.0])
    gap = math.log(9) / 0.1
    grad = ln.dpo.grad([gap], [0.0], **zero, label_smoothing=0.1)
    np.testing.assert_allclose(grad, 0, atol=1e-16)
    assert ln.dpo.grad([gap + 1], [0.0], **zero, label_smoothing=0.1)[0] > 0
    assert ln.dpo.grad([gap + 1], [0.0], **zero)[0] < 0
    chosen, rejected = answers[:2]
    there = ln.dpo(chosen, rejected, **references(answers))
    back = ln.dpo(rejected, chosen, reference_chosen=answers[3], reference_rejected=answers[2])
    for value in both("dpo", chosen, rejected, **references(answers), label_smoothing=0.3):
        assert value == pytest.approx(0.7 * there + 0.3 * back, rel=1e-13)


def test_simpo_is_the_reward_loss_of_answers_per_token_with_a_margin(answers):
    chosen, rejected = answers[0] / 10, answers[1] / 10
    expected = ln.reward_model(2.5 * chosen, 2.5 * rejected + 0.8)
    for value in both("simpo", chosen, rejected, beta=2.5, margin=0.8):
        assert value == pytest.approx(expected, rel=1e-13)


def test_simpo_of_sums_is_another_loss_than_of_means():
    """Answers of 10 and of 100 tokens, a nat each: per token they tie, in sum the short one wins"""
    assert ln.simpo([-1.0], [-1.0], margin=0.0) == pytest.approx(LN2)
    assert ln.simpo([-10.0], [-100.0], margin=0.0) < 1e-70


def test_orpo_is_fine_tuning_where_the_odds_do_not_count(answers):
    chosen, rejected = -np.abs(answers[0]), -np.abs(answers[1])
    for value in both("orpo", chosen, rejected, odds_weight=0.0):
        assert value == pytest.approx(-chosen.mean(), rel=1e-14)


def test_orpo_does_not_lose_the_odds_of_a_nearly_certain_answer():
    """1 - exp(-1e-12) has four digits left in float64 and none in float32."""
    for value in both("orpo", np.array([-1e-12]), np.array([-LN2]), odds_weight=1.0):
        assert value == pytest.approx(2e-12, rel=1e-11)
    certain = lt.orpo(torch.tensor([-1e-12]), torch.tensor([-LN2]), odds_weight=1.0)
    assert certain.item() == pytest.approx(2e-12, rel=1e-5)
    assert (1 - torch.tensor([-1e-12]).exp()).item() == 0


def test_kto_gives_up_on_answers_far_from_the_reference_point():
    """Its value function is flat on both sides; DPO pulls hardest where the answer is worst."""
    at = dict(reference_log_probs=[0.0], kl=0.0, beta=1.0)
    pulls = [abs(ln.kto.grad([r], [1.0], **at)[0]) for r in (-30.0, 0.0, 30.0)]
    assert pulls[1] == pytest.approx(0.25) and pulls[0] < 1e-12 > pulls[2]


def test_kto_of_a_good_and_of_a_bad_answer_mirror_each_other(answers):
    log_probs, reference = answers[:2]
    mirrored = 2 * (reference + 0.7) - log_probs
    good, bad = np.ones(7), np.zeros(7)
    for value in both("kto", log_probs, good, reference_log_probs=reference, kl=0.7):
        expected = ln.kto(mirrored, bad, reference_log_probs=reference, kl=0.7)
        assert value == pytest.approx(expected, rel=1e-12)


def test_kto_takes_the_reference_point_as_a_tensor_and_sends_it_no_gradient():
    kl = torch.tensor(0.5, requires_grad=True)
    log_probs = torch.tensor([-3.0, -4.0], requires_grad=True)
    settings = dict(reference_log_probs=torch.tensor([-4.0, -3.5]))
    target = torch.tensor([1, 0])
    loss = lt.kto(log_probs, target, kl=kl, **settings)
    loss.backward()
    assert kl.grad is None
    assert loss.item() == lt.kto(log_probs, target, kl=0.5, **settings).item()
    for wrong in (torch.tensor([0.5, 0.5]), torch.tensor(-1.0)):
        with pytest.raises(ValueError, match="kl"):
            lt.kto(log_probs, target, kl=wrong, **settings)


def test_weights_of_kto_leave_the_denominator_alone():
    """As in TRL: λ_D = 4 on one good answer of two makes (4 · ½ + ½) / 2, not / 5."""
    zeros = np.zeros(2)
    for value in both(
        "kto", zeros, np.array([1.0, 0.0]), reference_log_probs=zeros, kl=0.0, desirable_weight=4.0
    ):
        assert value == pytest.approx(1.25)
