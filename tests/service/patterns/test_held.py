"""Jobs and programs that do not end on a Mastodon server, produced for real: what holds a thread is ended, nothing beside it, and no job is lost."""

import asyncio

import pytest

from tests.service.patterns.payloads import local, media, scheduled
from tests.service.patterns.server import READY, answer, eventually, fires
from tests.service.whereabouts import stored

pytestmark = [pytest.mark.needs("redis-server", "sidekiq"), pytest.mark.timeout(300)]


async def test_a_film_whose_program_hangs(mastodon):
    """I-04: of two programs of one process one waits for what nobody writes, the other computes slowly. Only the first is ended, its job waits for another try, the process goes on."""
    one = await mastodon.start("default", threads=5)
    agent = await mastodon.watch(hung_program={"for": "2s", "mode": "act", "guards": READY})
    hung, slow = await mastodon.push(media(1), media(2))
    await fires(agent, "hung-program", within=240)
    await agent.wait_for(r"incident: .*kill_child.*outcome='verified'", within=120)

    async def failed() -> bool:
        return (await stored(mastodon.client)).get(hung) == ["retry"]

    await eventually(failed, "the job whose program was ended to wait for its next try")
    (await asyncio.to_thread((mastodon.folder / "enough").touch))
    await mastodon.done(slow)
    told = await answer(agent)

    assert one.alive
    assert {rule for rule, decision in told.decided if decision == "ALLOW"} == {"hung-program"}
    assert [stage for stage, _ in told.stages if stage in ("TERM", "KILL", "TSTP")] == ["KILL", "KILL"]


async def test_a_query_holds_the_scheduler(mastodon):
    """I-14: REFRESH MATERIALIZED VIEW does not come to its end, and what is scheduled waits behind it. Only the process that serves the scheduler is ended, and the job stands in one place."""
    blocked = await mastodon.start("scheduler", threads=2, tag="scheduler")
    others = await mastodon.start("default", "push", "ingress", "pull", "mailers")
    agent = await mastodon.watch(
        scheduler_blocked={
            "for": "1s",
            "mode": "act",
            "define": {"too_long": "4s", "waits_for": "3s"},
            "guards": {**READY, "cooldown": "1d", "cooldown_max": "1d"},
        }
    )
    (mastodon.folder / "slow-view").touch()
    jids = await mastodon.push(
        *[scheduled("InstanceRefreshScheduler")] * 2, *[scheduled("ScheduledStatusesScheduler")] * 3, local("DistributionWorker")
    )
    await fires(agent, "scheduler-blocked")
    await agent.sees_off(blocked)
    # The query was cancelled meanwhile, and systemd starts the unit again.
    (mastodon.folder / "slow-view").unlink()
    await agent.wait_for(r"stage='put_back' outcome='2 done'")
    places = await stored(mastodon.client)
    await mastodon.start("scheduler", threads=2, tag="scheduler")
    await mastodon.done(*jids[2:])
    await agent.wait_for(r"incident: .*outcome='verified'")
    told = await answer(agent)

    assert others.alive
    assert "Shutting down" not in others.log.read_text()
    assert {jid: len(places[jid]) for jid in jids[:2]} == dict.fromkeys(jids[:2], 1)
    assert {rule for rule, decision in told.decided if decision == "ALLOW"} == {"scheduler-blocked"}
