"""The route: what is answered at `/metrics`, and when there is none."""

import asyncio
from types import SimpleNamespace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tests.scenario.conversation import Conversation, process, redis, rules
from tests.unit.web.metrics.scraped import FIGURES, OPENMETRICS, Agent
from watchdog.web.metrics.counted import LifeCounts
from watchdog.web.metrics.figures import Figures
from watchdog.web.metrics.serving import add

RULE = "rules:\n  - rule: silent\n    each: process\n    when: process.beat_age > 60s\n"


class Counting(Agent):
    """An agent that counts; while `gate` is closed its figures are not there yet."""

    def __init__(self, talk: Conversation) -> None:
        super().__init__(talk)
        self.gate = asyncio.Event()
        self.gate.set()

    async def figures(self) -> Figures:
        self.asked += 1
        await self.gate.wait()
        return Figures(counted=LifeCounts(), **FIGURES)


@pytest.fixture
def talk() -> Conversation:
    """One process beats."""
    talk = Conversation(rules(RULE))
    talk.hear(redis(process("web1:10:abc", 2_000), complete=True), at=2_000)
    return talk


def served(inside: object) -> TestClient:
    """A client of an application that has nothing but this."""
    application = web.Application()
    add(application.router, SimpleNamespace(inside=inside))  # type: ignore[arg-type]
    return TestClient(TestServer(application))


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [("", "text/plain; version=0.0.4; charset=utf-8"), (OPENMETRICS, "application/openmetrics-text; version=1.0.0; charset=utf-8")],
)
async def test_what_prometheus_is_answered(talk, accept, content_type):
    """The text with its type, which says in which format it is."""
    async with served(Counting(talk)) as client:
        answer = await client.get("/metrics", headers={"Accept": accept})
        text = await answer.text()

    assert (answer.status, answer.headers["Content-Type"]) == (200, content_type)
    assert 'sidekiq_process_workers{process="web1:10:abc"} 5.0' in text
    assert "watchdog_quarantined_jobs 3.0" in text


async def test_scrapes_that_come_together_are_one(talk):
    """Whoever comes while one is read is given what that finds."""
    inside = Counting(talk)
    inside.gate.clear()
    async with served(inside) as client:
        asking = [asyncio.create_task(client.get("/metrics")) for _ in range(5)]
        while not inside.asked:
            await asyncio.sleep(0)
        inside.gate.set()
        answers = await asyncio.gather(*asking)
        assert {answer.status for answer in answers} == {200}
    assert inside.asked == 1


async def test_whoever_leaves_does_not_spoil_it_for_the_next(talk):
    """A scrape that was cancelled is brought to its end, and the next one is answered."""
    inside = Counting(talk)
    metrics = inside.metrics
    inside.metrics._figures = inside.figures
    inside.gate.clear()
    asking = asyncio.create_task(metrics.exposition(""))
    while not inside.asked:
        await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    inside.gate.set()

    text, _ = await metrics.exposition("")
    assert b"sidekiq_process_workers" in text
    assert inside.asked == 1


async def test_an_agent_that_counts_nothing_has_no_metrics(talk):
    """There is no such address then."""
    async with served(SimpleNamespace(state=talk.state)) as client:
        assert (await client.get("/metrics")).status == 404
