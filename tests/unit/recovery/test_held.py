"""What is made of the copies of a job."""

import orjson
import pytest

from watchdog.model.findings import Certainty, Finding, Origin
from watchdog.recovery.held import HeldCopy, from_memory


def copy(payload: bytes | dict, *, raw: int = 1, embedded: int = 0, jid: str = "aaaaaaaa") -> HeldCopy:
    """A copy that was found."""
    return HeldCopy(jid=jid, payload=payload if isinstance(payload, bytes) else orjson.dumps(payload), raw=raw, embedded=embedded)


JOB = {"class": "Wrapper", "wrapped": "Mail", "args": [1], "queue": "push", "jid": "aaaaaaaa", "created_at": 5.0}


def test_one_copy():
    """It is the payload, and tells class and queue; that the job was running, it does not tell."""
    one = copy(JOB, raw=3)

    assert from_memory([one]) == (
        Finding(jid="aaaaaaaa", certainty=Certainty.UNKNOWN, origin=Origin.MEMORY, job_class="Mail", queue="push", payload=one.payload),
    )


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ({}, {"retry_count": 0}),
        ({"retry_count": 1}, {"retry_count": 2, "enqueued_at": 1.0}),
        ({"enqueued_at": 5.5}, {"enqueued_at": 6.5}),
        ({"enqueued_at": 1_795_000_000.5}, {"enqueued_at": 1_795_000_001_000}),
    ],
)
def test_copies_of_several_tries(earlier, later):
    """The latest try is what Redis held last."""
    old, new = copy(JOB | earlier, raw=9), copy(JOB | later)

    assert [one.payload for one in from_memory([old, new])] == [new.payload]
    assert [one.payload for one in from_memory([new, old])] == [new.payload]


@pytest.mark.parametrize("other", [JOB | {"args": [2]}, JOB | {"class": "Evil"}, b'{"class":"Wrapper","args":[1'])
def test_copies_that_contradict_each_other(other):
    """None of them is believed, whichever lies there more often."""
    assert from_memory([copy(JOB, raw=5), copy(other)]) == (Finding(jid="aaaaaaaa", certainty=Certainty.UNKNOWN, origin=Origin.MEMORY),)


def test_bytes_that_only_sidekiq_can_read():
    """Where our reader of JSON is stricter than Ruby's, a payload stays one; it only tells nothing."""
    strange = b'{"class":"C","args":["\\ud800"],"jid":"aaaaaaaa","queue":"push"}'
    (found,) = from_memory([copy(strange)])

    assert (found.payload, found.job_class, found.queue) == (strange, "", "")


def test_nothing_of_a_payload_is_shown():
    """Neither of a copy nor of a finding."""
    one = copy(JOB)

    assert "Mail" not in repr(one)
    assert "args" not in repr(from_memory([one]))
