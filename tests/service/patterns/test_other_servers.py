"""Trouble with other servers, produced for real by deliveries to them: the rule tells whose fault it is, and no process is touched for it."""

import orjson
import pytest

from tests.service.patterns.payloads import delivery
from tests.service.patterns.server import MastodonServer, answer, fires

pytestmark = [pytest.mark.needs("redis-server", "sidekiq"), pytest.mark.timeout(240)]


async def test_servers_that_are_slow_or_dead(mastodon):
    """
    I-08: nobody listens at one server, another takes connections and never answers; deliveries to those who are well wait behind. The rule says so, and nothing is restarted.

    What the workers raise is what stands in Retries: time-outs and refused connections, with the addresses at their ends, and red lights after ten of them.
    """
    await mastodon.start("push", threads=6, read_timeout=4)
    agent = await mastodon.watch(
        push_waits_for_others={
            "for": "1s",
            "define": {
                "late": "3s",
                "failures": 10,
                "lately": "15s",
                "hangs": 'job.queue == queue.name and job.class == "ActivityPub::DeliveryWorker" and job.elapsed >= 2s',
            },
        }
    )
    async with mastodon.stream(
        4, lambda number: [delivery(f"slow-{number}.example"), delivery("dead.example"), delivery("mastodon.example")]
    ):
        await fires(agent, "push-waits-for-others")
    told = await answer(agent)
    raised = {name for name, _ in await _failures(mastodon)}

    assert mastodon.neighbours.asked["mastodon.example"]
    assert raised == {"HTTP::TimeoutError", "HTTP::ConnectionError", "Stoplight::Error::RedLight"}
    assert "world-rejects-us" not in told.fired
    assert told.decided == set()
    assert not told.private


async def test_the_world_rejects_us(mastodon):
    """I-24: dozens of servers answer 401. It is said to be our own fault, no server is blamed, nothing is stopped or restarted."""
    await mastodon.start("push", threads=10)
    agent = await mastodon.watch(world_rejects_us={"for": "1s"}, stuck_delivery={"mode": "act", "guards": {"deploy": "0s"}})
    await mastodon.push(
        *(delivery(f"http401-{number}.example") for number in range(30)), *(delivery(f"taker-{number}.example") for number in range(30))
    )
    await fires(agent, "world-rejects-us")
    told = await answer(agent)
    messages = [message for _, message in await _failures(mastodon)]

    assert {message.partition(".example")[2] for message in messages} == {"/inbox returned code 401"}
    assert told.fired == {"world-rejects-us"}
    assert told.decided == set()


async def test_what_ends_as_a_success(mastodon):
    """Servers that answer 403, 404 or 410 leave no trace: deliveries to them end as successes. One that answers 401 is one, not the world; no rule says anything."""
    await mastodon.start("push", threads=10)
    agent = await mastodon.watch(world_rejects_us={"for": "0s"})
    await mastodon.push(
        *(delivery(f"http{status}-{number}.example") for status in (403, 404, 410) for number in range(15)), delivery("http401.example")
    )

    await mastodon.agent_sees("retries", 1)
    told = await answer(agent)
    assert sum(mastodon.neighbours.asked.values()) == 46
    assert told.fired == set()


async def _failures(mastodon: MastodonServer) -> list[tuple[str, str]]:
    """Class and message of each error in Retries."""
    waiting = [orjson.loads(raw) for raw in await mastodon.client.zrange("retry", 0, -1) if isinstance(raw, bytes)]
    return [(job["error_class"], job["error_message"]) for job in waiting]
