"""Faults that people report of public code: each is flagged by its name."""

import pytest
from audit.faults import FAULTS
from audit.mends import MENDED

import lossfns
from lossfns.labels import place


@pytest.fixture(scope="module", params=FAULTS, ids=[row[0].__name__ for row in FAULTS])
def fault(request):
    loss, like, hyper, check, cause = request.param
    return lossfns.audit(loss, like=like, compile=False, **hyper), check, cause


def test_the_fault_is_flagged_by_its_name(fault):
    report, check, cause = fault
    assert report[check].fails
    assert report[check].cause == cause


def test_a_failure_says_all_that_is_needed_to_mend_it(fault):
    report, *_ = fault
    for finding in report.failures:
        assert finding.what and finding.smallest and finding.effect and finding.cure
        assert finding.got is not None and finding.expected is not None
        assert place(finding.label).title
        assert finding.effect.endswith(".")


def test_every_question_could_be_asked(fault):
    report, *_ = fault
    assert not [f for f in report if "could not be asked" in f.what]


def test_there_are_thirty_and_more():
    assert len(FAULTS) >= 30


@pytest.mark.parametrize(
    ("fault", "like", "hyper"), [row[:3] for row in FAULTS], ids=[row[0].__name__ for row in FAULTS]
)
def test_what_was_mended_by_the_cures_passes(fault, like, hyper):
    report = lossfns.audit(MENDED[fault], like=like, compile=False, **hyper)
    report.assert_ok()
    assert not [f for f in report if "could not be asked" in f.what]
