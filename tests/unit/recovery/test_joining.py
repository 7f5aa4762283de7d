"""One word about each job, from all who know something of it."""

import itertools

import pytest

from watchdog.model.findings import Certainty, Finding, Origin
from watchdog.recovery.joining import join

LIKELY = Finding(jid="a", certainty=Certainty.LIKELY, origin=Origin.FLIGHT_RECORD, queue="push", payload=b"old")
PROVEN = Finding(jid="a", certainty=Certainty.PROVEN, origin=Origin.LOG, job_class="Job", tid="t1")
BYTES = Finding(jid="a", certainty=Certainty.UNKNOWN, origin=Origin.MEMORY, payload=b"exact")


@pytest.mark.parametrize("order", list(itertools.permutations((LIKELY, PROVEN, BYTES))))
def test_the_surest_decides_and_the_others_add(order):
    """Certainty from the log, bytes from the memory, queue from the flight record; in whichever order they were asked."""
    (joined,) = join(order)

    assert joined.finding == Finding(
        jid="a", certainty=Certainty.PROVEN, origin=Origin.LOG, job_class="Job", queue="push", tid="t1", payload=b"exact"
    )
    assert joined.origins == (Origin.LOG, Origin.FLIGHT_RECORD, Origin.MEMORY)


def test_a_job_in_a_list_is_led_to_by_its_own_bytes():
    """Whoever else names it: only the bytes in the list, and the queue of that list, take it off."""
    listed = Finding(jid="a", certainty=Certainty.PROVEN, origin=Origin.PROBE, queue="pull", payload=b"in the list", in_list=True)
    (joined,) = join([PROVEN, LIKELY, listed])

    assert (joined.finding.payload, joined.finding.queue, joined.finding.in_list) == (b"in the list", "pull", True)
    assert joined.origins[0] is Origin.PROBE


def test_each_job_is_there_once():
    """As often as it is named; jobs stay in the order in which they came."""
    other = Finding(jid="b", certainty=Certainty.LIKELY, origin=Origin.WORK_HASH)

    assert [(one.finding.jid, len(one.origins)) for one in join([other, LIKELY, LIKELY, other, PROVEN])] == [("b", 1), ("a", 2)]
    assert join([]) == ()


def test_the_payload_is_not_shown():
    """What is joined shows no argument of a job."""
    (joined,) = join([LIKELY])

    assert "old" not in repr(joined)
