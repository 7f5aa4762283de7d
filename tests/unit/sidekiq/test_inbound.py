"""Who sends what waits in a queue: a sample, small and seldom."""

import orjson
import pytest

from watchdog.clock import Clock
from watchdog.sidekiq.broken import Tally
from watchdog.sidekiq.decode import Broken
from watchdog.sidekiq.failures import ServerError, SourceUnavailableError
from watchdog.sidekiq.inbound import BACKLOG, Inbound, Sampled, Sender, sender
from watchdog.sidekiq.keys import Keys


def waiting(body: object, job_class: str = "ActivityPub::ProcessingWorker") -> bytes:
    """A job with that document."""
    return orjson.dumps(
        {"class": job_class, "queue": "ingress", "args": [7, body if isinstance(body, str) else orjson.dumps(body).decode(), None]}
    )


@pytest.mark.parametrize(
    ("job", "came_from"),
    [
        (waiting({"actor": "https://www.example.social/users/a", "content": "PRIVATE"}), Sender("example.social", "www.example.social", 7)),
        (waiting({"actor": {"type": "Person", "id": "https://example.social/users/a"}}), Sender("example.social", "example.social", 7)),
        (waiting({"actor": 7}), Sender("", "", 7)),
        (waiting({"actor": "x"}), Sender("", "", 7)),
        (waiting({}), Sender("", "", 7)),
        (waiting("not JSON"), Sender("", "", 7)),
        (waiting('"\\ud800"'), Sender("", "", 7)),
        (waiting({"actor": "https://a.example/"}, "FeedInsertWorker"), None),
        (orjson.dumps({"class": "ActivityPub::ProcessingWorker", "args": []}), Sender()),
        (orjson.dumps({"class": "ActivityPub::ProcessingWorker"}), Sender()),
        (orjson.dumps({"class": "ActivityPub::ProcessingWorker", "args": [{"a": "PRIVATE"}, 8]}), Sender()),
        (
            orjson.dumps({"class": "ActivityPub::ProcessingWorker", "args": ["7", '{"actor": "https://b.example/x"}']}),
            Sender("b.example", "b.example", 0),
        ),
    ],
)
def test_the_sender(job, came_from):
    """Text, or an object with an id; anything else came from nobody, and other classes are no federation."""
    assert sender(job) == came_from


@pytest.mark.parametrize("job", [b"", b"\xff", b"[]", b'{"class": 1}'])
def test_a_broken_job(job):
    """It is told as such, without its content."""
    assert isinstance(sender(job), Broken)


class Queues:
    """Answers LLEN and LRANGE."""

    def __init__(self, jobs: list[bytes]) -> None:
        self.jobs = jobs
        self.asked: list[tuple] = []

    async def ask(self, commands):
        self.asked += commands
        return [self._answer(*command) for command in commands]

    def _answer(self, name, key, *rest):
        jobs = self.jobs if key == b"queue:ingress" else []
        if name == "LLEN":
            return len(jobs)
        start, stop = (place % len(jobs) for place in rest)
        return jobs[start : stop + 1]


def inbound() -> Inbound:
    """One that has not sampled yet."""
    return Inbound(Keys(), Tally(Clock()), "here")


async def test_a_backlog_is_sampled():
    """From both ends, in small commands; each half minute, and never while little waits."""
    queues = Queues([waiting({"actor": f"https://{'a' if number < 300 else 'b'}.example/"}) for number in range(1_000)])
    one = inbound()

    assert await one.sample(queues.ask, 0) == Sampled(500, {"a.example": 250, "b.example": 250}, {"a.example": 1, "b.example": 1}, 500)
    assert all(command[3] - command[2] == 49 for command in queues.asked if command[0] == "LRANGE")
    asked = len(queues.asked)
    assert await one.sample(queues.ask, 29_000) is None
    assert len(queues.asked) == asked
    assert await one.sample(queues.ask, 30_000) is None  # as before
    queues.jobs = queues.jobs[: BACKLOG - 1]
    assert await one.sample(queues.ask, 60_000) == Sampled(0, {})


async def test_names_under_one_domain_and_who_has_signed():
    """Hosts are counted once each; a relay signs what many have written."""
    jobs = [waiting({"actor": f"https://h{number % 40}.flood.example/u"}) for number in range(400)]
    jobs += [
        orjson.dumps({"class": "ActivityPub::ProcessingWorker", "args": [number, '{"actor": "https://b.example/u"}']})
        for number in range(100)
    ]
    sampled = await inbound().sample(Queues(jobs).ask, 0)
    assert sampled == Sampled(500, {"flood.example": 400, "b.example": 100}, {"flood.example": 40, "b.example": 1}, 401)


async def test_a_queue_that_can_not_be_read():
    """One of the wrong type is nothing; a refusal is a failure of the source."""
    one = inbound()

    async def wrong(commands):
        return [ServerError("WRONGTYPE x")] * len(commands)

    async def refused(commands):
        return [ServerError("NOPERM x")] * len(commands)

    assert await one.sample(wrong, 0) is None
    with pytest.raises(SourceUnavailableError):
        await one.sample(refused, 60_000)
