"""Processes that do no work, or more than they can, produced for real: the one that is wedged is ended and loses no job, and under load nothing is touched."""

import pytest

from tests.service.hook import Hook
from tests.service.patterns.payloads import delivery, local, received
from tests.service.patterns.server import READY, answer, eventually, fires
from tests.service.test_unwritable import can_not_save
from tests.service.whereabouts import running, stored

pytestmark = [pytest.mark.needs("redis-server", "sidekiq"), pytest.mark.timeout(300)]
HELD = {"for": "1s", "mode": "act", "define": {"too_long": "6s"}, "guards": READY}


async def test_deliveries_from_outside_hold_half_the_threads(mastodon):
    """I-02: one of the two threads of a process is held by a document that does not end. Of two processes only that one is ended; the job waits for another try, the others are done."""
    held = await mastodon.start("ingress", threads=2)
    (stuck,) = await mastodon.push(received("big.example", lasts=3_600))

    async def holds() -> bool:
        return await mastodon.client.llen("queue:ingress") == 0

    await eventually(holds, "the document to be worked on")
    other = await mastodon.start("ingress", threads=2)
    agent = await mastodon.watch(incoming_held=HELD, stuck_incoming={"for": "1s", "define": {"too_long": "3s"}})
    async with mastodon.stream(3, lambda number: [received(f"server-{number}.example", lasts=0.1)]):
        await fires(agent, "stuck-incoming")
        await fires(agent, "incoming-held")
        await agent.sees_off(held)
    await agent.wait_for(r"stage='put_back' outcome='1 done'")
    told = await answer(agent)

    assert (await stored(mastodon.client))[stuck] == ["retry"]
    assert other.alive
    assert {rule for rule, decision in told.decided if decision == "ALLOW"} == {"incoming-held"}
    assert not told.private


async def test_a_process_that_is_wedged(mastodon):
    """
    I-05: native code holds Ruby's lock, so the process lives and beats no more. It alone is ended, and the other goes on.

    It froze before its job stood in any key of Redis, and it has no log that could be read here and no helper: so it is said how many jobs may be lost, and nothing is invented.
    """
    wedged = await mastodon.start("push", threads=2, tag="one")
    other = await mastodon.start("ingress", "default", tag="two")
    agent = await mastodon.watch(frozen_process={"for": "1s", "mode": "act", "guards": READY})
    (mastodon.folder / "wedge").touch()
    await mastodon.push(delivery("wedging.example"))
    await agent.sees_off(wedged, within=240)
    await agent.wait_for(r"stage='reckon' outcome='in flight: up to 2 that nobody names'")
    (done,) = await mastodon.push(local("DistributionWorker"))
    await mastodon.done(done)
    told = await answer(agent)

    assert other.alive
    assert {rule for rule, decision in told.decided if decision == "ALLOW"} == {"frozen-process"}


async def test_a_process_that_is_wedged_by_a_job_that_was_told(mastodon):
    """I-05 again: a beat has told of the job, and the log can be read, as the journal on a server. So it is proven which one it was, and that one goes into quarantine."""
    wedged = await mastodon.start("push", threads=2, tag="one")
    await mastodon.start("ingress", "default", tag="two")
    agent = await mastodon.watch(log=wedged.log, frozen_process={"for": "1s", "mode": "act", "guards": READY})
    (stuck,) = await mastodon.push(delivery("wedging.example"))

    async def is_told() -> bool:
        return stuck in await running(mastodon.client, [wedged.identity])

    await eventually(is_told, "a beat to tell of the job")
    (mastodon.folder / "wedge").touch()
    await agent.sees_off(wedged, within=240)
    await agent.wait_for(r"stage='put_back' outcome='1 done'")

    assert await stored(mastodon.client, mastodon.folder / "state") == {stuck: ["quarantine"]}


async def test_a_loop_that_burns_a_core(mastodon):
    """I-06: a resolver looks for a free number and finds none. The process computes and gets nothing done; it alone is ended, and the job waits for another try."""
    loops = await mastodon.start("push", threads=2, tag="one")
    (stuck,) = await mastodon.push(delivery("unresolvable.example"))

    async def begun() -> bool:
        return await mastodon.client.llen("queue:push") == 0

    await eventually(begun, "the delivery to begin")
    other = await mastodon.start("push", threads=2, tag="two")
    agent = await mastodon.watch(
        # Not a whole core: others want the processor as well.
        busy_loop={"for": "1s", "mode": "act", "define": {"lately": "10s", "too_long": "8s", "a_core": "30%"}, "guards": READY},
        # What is told of a job makes it one that is stuck, as ten minutes do otherwise.
        stuck_job={"for": "1s", "define": {"too_long": "6s"}},
    )
    await fires(agent, "busy-loop")
    await agent.sees_off(loops)
    await agent.wait_for(r"stage='put_back' outcome='1 done'")
    told = await answer(agent)

    assert (await stored(mastodon.client))[stuck] == ["retry"]
    assert other.alive
    assert {rule for rule, decision in told.decided if decision == "ALLOW"} == {"busy-loop"}


async def test_too_much_work(mastodon):
    """I-12: more comes than can be done, in two queues at once, and every job is short. It is said to be load; the rules that would end processes have nothing to say."""
    one = await mastodon.start("default", "ingress", threads=3)
    agent = await mastodon.watch(
        surge={"for": "1s", "define": {"late": "3s", "lately": "10s", "brief": "5s"}},
        incoming_held=HELD,
        threads_held=HELD,
        stuck_delivery={"mode": "act", "guards": READY},
    )
    await mastodon.push(*(received(f"server-{number % 50}.example", lasts=0.3) for number in range(400)))
    # The one queue is asked before the other, so both must hold something for it to be behind in both.
    await mastodon.push(*(local("DistributionWorker") for _ in range(30_000)))
    await fires(agent, "surge")
    told = await answer(agent)

    assert one.alive
    assert told.decided == set()
    assert not told.private


async def test_redis_can_not_save(mastodon):
    """I-18: Redis can't write its snapshot and refuses all writes (MISCONF): nobody beats any more. People are told, as critical; what looks silent is not restarted, and all is well once it can."""
    one = await mastodon.start("default", "ingress", threads=2)
    async with Hook() as hook:
        agent = await mastodon.watch(
            hook=hook.url,
            silent_process={"for": "1s", "mode": "act"},
            frozen_process={"for": "1s", "mode": "act", "guards": READY},
            threads_held=HELD,
        )
        await can_not_save(mastodon.redis)
        heard = await hook.wait_for("source.changed")
        told = await answer(agent)
        await mastodon.client.config_set("dir", str(mastodon.redis.folder))
        await mastodon.client.bgsave()
        await agent.wait_for(r"source: .*outcome='back'")
        (done,) = await mastodon.push(local("DistributionWorker"))
        await mastodon.done(done)

    assert heard["data"]["severity"] == "critical"
    assert "could not save" in heard["data"]["title"]
    assert one.alive
    assert not {rule for rule, decision in told.decided if decision == "ALLOW"}
