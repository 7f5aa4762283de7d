"""The few facts about a job that decide about its place."""

import orjson
import pytest

from watchdog.recovery.payload import facts_of


def job(**fields: object) -> bytes:
    """The bytes of a job."""
    return orjson.dumps({"class": "Job", "args": [1, "private"], "jid": "a", "queue": "push", **fields})


@pytest.mark.parametrize(("retry", "retries"), [(True, True), (25, True), (1, True), (False, False), (0, False)])
def test_who_is_not_run_again_after_a_failure(retry, retries):
    """`retry` of 0 or false."""
    facts = facts_of(job(retry=retry), secret="s")

    assert facts is not None
    assert facts.retries is retries


def test_the_same_work_has_the_same_digest_under_any_jid():
    """Class is beside it; arguments and the secret of this agent decide."""
    digests = [
        facts_of(job(), secret="s"), facts_of(job(jid="b", created_at=5), secret="s"), facts_of(job(args=[2]), secret="s"), facts_of(job(), secret="t"),
    ]  # fmt: skip
    one, same, other, elsewhere = [facts.digest for facts in digests if facts is not None]

    assert one == same
    assert len({one, other, elsewhere}) == 3
    assert "private" not in one


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"1", b"\xff"])
def test_what_is_no_job_has_no_facts(raw):
    """Nothing is raised, whatever it is."""
    assert facts_of(raw, secret="s") is None


def test_of_activejob_the_wrapped_class_counts():
    """As everywhere else."""
    facts = facts_of(job(**{"class": "ActiveJob::QueueAdapters::SidekiqAdapter::JobWrapper", "wrapped": "Mail"}), secret="s")

    assert facts is not None
    assert facts.job_class == "Mail"
