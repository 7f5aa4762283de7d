"""Which jobs can be waiting for a child that stands still."""

import pytest

from tests.scenario.conversation import job, process
from tests.unit.engine.conftest import AT, ONE, picture
from watchdog.engine.awaited import SLACK, waiting_jobs

SINCE = AT - 150_000


@pytest.mark.parametrize(
    ("started", "waits"), [(SINCE - 600_000, True), (SINCE, True), (SINCE + SLACK, True), (SINCE + SLACK + 1, False), (AT, False)]
)
def test_a_job_that_began_before_may_wait(started, waits):
    """Whoever has begun when the child stood still already, but for the beat that it may have been told late, does not wait for it."""
    found = waiting_jobs(picture(process(ONE, AT), job(ONE, "j1", started)), ONE, since=SINCE)

    assert [row.jid for row in found] == (["j1"] if waits else [])


def test_jobs_of_others():
    """What runs in another process waits for nothing here."""
    world = picture(process(ONE, AT), job("web1:11:def", "j1", 1_000))

    assert waiting_jobs(world, ONE, since=SINCE) == ()
    assert waiting_jobs(world, "web1:12:ghi", since=SINCE) == ()
