"""What a sample makes of answers that no healthy server gives."""

from typing import Any

import pytest

from watchdog.clock import Clock
from watchdog.model.events import Delta
from watchdog.model.kinds import Kind
from watchdog.sidekiq.broken import Tally
from watchdog.sidekiq.failures import ServerError, SourceUnavailableError
from watchdog.sidekiq.fleet import Fleet
from watchdog.sidekiq.keys import Keys
from watchdog.sidekiq.sampling import Sampler

WRONG = ServerError("WRONGTYPE Operation against a key holding the wrong kind of value")
USUAL: dict[str, Any] = {
    "TIME": [b"1700000000", b"0"], "GET": b"1", "ZCARD": 0, "SSCAN": [b"0", [b"push"]], "INFO": b"redis_version:7.0.15",
    "HSCAN": [b"0", []], "ZRANGE": [], "LLEN": 1, "LINDEX": b'{"enqueued_at":1699999999.0}', "CONFIG": [], "PTTL": 1_000,
}  # fmt: skip


async def sampled(tally: Tally, **unusual: Any) -> dict[str, Any]:
    """The readings of the one queue, where these commands are answered in another way than they usually are."""

    async def ask(commands):
        return [(USUAL | unusual)[command[0]] for command in commands]

    sample = await Sampler(Keys(), tally, "h:1", Clock()).sample(ask, Fleet())
    said: dict[str, Any] = next((change.fields for change in sample.changes if isinstance(change, Delta) and change.kind is Kind.QUEUE), {})
    return {slot: value for slot, value in said.items() if slot in ("name", "size", "latency")}


async def test_a_usual_one():
    """So that the others differ in one answer only."""
    assert await sampled(Tally(Clock())) == {"name": "push", "size": 1, "latency": 1_000}


@pytest.mark.parametrize(
    ("unusual", "code"),
    [
        ({"LLEN": None}, "protocol"),
        ({"LLEN": -1}, "protocol"),
        ({"LINDEX": ServerError("NOPERM no permissions")}, "noperm"),
        ({"SSCAN": [b"0", [b"push", 7]]}, "protocol"),
        ({"SSCAN": [b"0", [[b"push"]]]}, "protocol"),
    ],
)
async def test_what_can_not_be_a_reading_is_a_failure_of_the_source(unusual, code):
    """Never a queue of size 0, a broken job, or a queue that is left out without a word."""
    with pytest.raises(SourceUnavailableError) as caught:
        await sampled(Tally(Clock()), **unusual)
    assert caught.value.code == code


async def test_a_queue_that_becomes_something_else_between_two_answers():
    """Its length was read, its next job can't be: that is broken data of this queue and no more."""
    tally = Tally(Clock())
    assert await sampled(tally, LINDEX=WRONG) == {"name": "push", "size": 1}
    assert [(datum.key, datum.reason) for datum in tally.data()] == [("queue:push", "it is not a list")]


async def test_what_a_failure_kept_from_being_told_is_told_by_the_next_sample():
    """A sample that finds in the end that Redis refuses writes has told nothing, so nothing of it counts as said."""
    sampler = Sampler(Keys(), Tally(Clock()), "h:1", Clock())
    info = b"role:master\r\nrdb_last_bgsave_status:err"

    async def ask(commands):
        return [(USUAL | {"INFO": info})[command[0]] for command in commands]

    with pytest.raises(SourceUnavailableError) as caught:
        await sampler.sample(ask, Fleet())
    assert caught.value.code == "misconf"
    info = b"role:master\r\nrdb_last_bgsave_status:ok"
    sample = await sampler.sample(ask, Fleet())

    assert {change.kind for change in sample.changes} == {Kind.QUEUE, Kind.SIDEKIQ, Kind.REDIS}
