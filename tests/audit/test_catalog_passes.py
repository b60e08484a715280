"""Losses of the catalog compile, in time; that all of them pass is asked with `conformance`."""

import pytest

import lossfns
import lossfns.torch


@pytest.mark.parametrize("name", ["huber", "cross_entropy"])
def test_it_compiles_as_one_graph(name):
    report = lossfns.audit(getattr(lossfns.torch, name), like=name)
    assert report["torch.compile"].verdict == "pass"


def test_a_break_in_the_graph_is_named():
    def broken(pred, target):
        print(end="")
        return ((pred - target) ** 2).mean() * (1.0 if pred.sum().item() else 1.0)

    assert lossfns.audit(broken, like="mse")["torch.compile"].cause == "a break in the graph"


def test_a_report_takes_less_than_five_seconds():
    lossfns.audit(lossfns.torch.huber, like="huber")  # the compiler is loaded once a process
    import time

    start = time.process_time()
    lossfns.audit(lossfns.torch.focal_with_logits, like="focal_with_logits")
    assert time.process_time() - start < 5
