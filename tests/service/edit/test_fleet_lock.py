"""The lock that all agents of one Redis share: one holds it, its writes are bound to it, and all together act only so often."""

import asyncio
from typing import Final

import pytest
from redis.asyncio import Redis

from tests.service.edit.conftest import PAYLOADS, ask
from watchdog.sidekiq.edit import fleet_lock
from watchdog.sidekiq.edit.failures import NotEditedError
from watchdog.sidekiq.edit.fenced import fenced
from watchdog.sidekiq.edit.fleet_lock import About, Held, Spent, Taken, give_back, read, renew, take
from watchdog.sidekiq.edit.lead import TTL, UNKNOWN, Leader, seek
from watchdog.sidekiq.edit.put_back import AlreadyDone, Done, Token

pytestmark = [pytest.mark.needs("redis-server"), pytest.mark.timeout(60)]
AN_HOUR: Final = 3_600_000
LOCK: Final = "sidekiq-watchdog:fleet:lock"
LEAD: Final = "sidekiq-watchdog:lead"
ACTIONS: Final = "sidekiq-watchdog:fleet:actions"


def about(host: str = "web1", subject: str = "7.0") -> About:
    """The wish of the agent of that host."""
    return About(token=f"{host}-memory-boot", subject=subject, host=host, action="recover_process", target=f"{host}/app[push]")


async def taken(edits, one: About | None = None, *, limit: int | None = None, window: int = AN_HOUR, again: bool = False) -> Taken:
    """The lock, which must be free."""
    outcome = await take(edits, one or about(), limit=limit, window=window, again=again)
    assert isinstance(outcome, Taken)
    return outcome


async def runs_out(client: Redis) -> None:
    """Its minute is over: to wait for it would take one."""
    assert await client.delete(LOCK) == 1


@pytest.mark.parametrize("namespace", ["", "mastodon"])
async def test_one_holds_it_and_the_others_are_told_who(redis_server, editing, namespace):
    """Of many that ask at the same time one gets it; the rest hear of host, target, action, and since when by the clock of Redis."""
    client = redis_server.client()
    hosts = [f"web{number}" for number in range(6)]
    before = (await client.time())[0] * 1000

    outcomes = await asyncio.gather(
        *(take(editing(redis_server.url, namespace=namespace), about(host), limit=None, window=AN_HOUR, again=False) for host in hosts)
    )

    (winner,) = [outcome for outcome in outcomes if isinstance(outcome, Taken)]
    holder = read(winner.fence.encode())
    assert holder is not None
    assert holder.host == hosts[outcomes.index(winner)]
    assert before <= holder.since <= (await client.time())[0] * 1000 + 1000
    assert [outcome for outcome in outcomes if outcome is not winner] == [Held(holder)] * 5
    assert 0 < await client.pttl(f"{namespace}:{LOCK}" if namespace else LOCK) <= fleet_lock.TTL


async def test_it_is_renewed_given_back_and_taken_by_the_next(redis_server, editing):
    """Only who holds it can renew it and give it back; numbers grow."""
    client, one, two = redis_server.client(), editing(redis_server.url), editing(redis_server.url)
    first = await taken(one)
    await client.pexpire(LOCK, 5_000)

    assert await renew(one, first.fence)
    assert await client.pttl(LOCK) > 30_000
    assert not await renew(two, "something else")
    assert not await give_back(two, "something else", used=True)
    assert await give_back(one, first.fence, used=True)
    second = await taken(two, about("web2"))
    assert second.number == first.number + 1
    assert not await renew(one, first.fence)
    assert not await give_back(one, first.fence, used=True)
    assert isinstance(await take(one, about(), limit=None, window=AN_HOUR, again=True), Held)


async def test_an_agent_takes_its_own_lock_again(redis_server, editing):
    """After a crash: under a new number, and what it began under the old one is not bound to it any more."""
    edits = editing(redis_server.url)
    before = await taken(edits)
    after = await taken(edits, about(subject="9.0"), again=True)

    assert after.number == before.number + 1
    assert not await renew(edits, before.fence)
    assert await renew(edits, after.fence)


async def test_a_late_write_is_refused_and_made_under_a_new_number(redis_server, editing):
    """Who was held up for too long changes nothing; once the lock is free it takes it again, and puts back what it had to, once."""
    client, edits, other = redis_server.client(), editing(redis_server.url), editing(redis_server.url)
    late = await taken(edits)
    await runs_out(client)
    theirs = await taken(other, about("web2"))

    with pytest.raises(NotEditedError) as refusal:
        await ask(fenced(edits, late.fence))
    assert refusal.value.code == "fenced"
    assert not await client.exists("queue:push", "queues", "sidekiq-watchdog:put-back:412.0")

    assert await give_back(other, theirs.fence, used=True)
    again = await taken(edits, again=True)
    assert await ask(fenced(edits, again.fence)) == Done()
    assert await ask(fenced(edits, again.fence)) == AlreadyDone()
    assert await client.lrange("queue:push", 0, -1) == [PAYLOADS["ordinary"]]


async def test_a_lock_that_nobody_holds_lets_no_late_write_through(redis_server, editing):
    """It is enough that it is gone."""
    client, edits = redis_server.client(), editing(redis_server.url)
    late = await taken(edits)
    await runs_out(client)

    with pytest.raises(NotEditedError):
        await ask(fenced(edits, late.fence))
    assert await client.llen("queue:push") == 0


async def test_a_number_that_begins_anew_is_no_way_past_it(redis_server, editing):
    """Redis is flushed, and the same agent takes the lock for the same thing under the same number: what was begun before is refused all the same."""
    client, edits = redis_server.client(), editing(redis_server.url)
    before = await taken(edits)
    seconds, microseconds = await client.time()
    await client.flushdb()
    while (now := await client.time())[0] * 1000 + now[1] // 1000 == seconds * 1000 + microseconds // 1000:
        pass
    after = await taken(edits)

    assert after.number == before.number == 1
    with pytest.raises(NotEditedError):
        await ask(fenced(edits, before.fence))
    assert await ask(fenced(edits, after.fence), token=Token("1", "2")) == Done()


async def test_all_together_act_only_so_often(redis_server, editing):
    """Counted are all hosts; what is over for long enough, or came to nothing, does not count; what has begun is finished, and a person may."""
    client = redis_server.client()
    edits = [editing(redis_server.url) for _ in range(3)]
    for number in (0, 1):
        lock = await taken(edits[number], about(f"web{number}"), limit=2)
        assert await give_back(edits[number], lock.fence, used=True)
    spent = await take(edits[2], about("web2"), limit=2, window=AN_HOUR, again=False)
    assert isinstance(spent, Spent)
    assert AN_HOUR - 60_000 < spent.until_in <= AN_HOUR
    assert not await client.exists(LOCK)

    by_hand = await taken(edits[2], about("web2"), limit=None)
    assert await give_back(edits[2], by_hand.fence, used=False)
    assert await client.zcard(ACTIONS) == 2
    assert (await taken(edits[0], about("web0"), limit=2, again=True)).number == 4
    await runs_out(client)

    (oldest,) = await client.zrange(ACTIONS, 0, 0)
    await client.zadd(ACTIONS, {oldest: (await client.time())[0] * 1000 - AN_HOUR - 1})
    await taken(edits[2], about("web2"), limit=2)
    assert oldest not in await client.zrange(ACTIONS, 0, -1)
    assert 0 < await client.ttl(ACTIONS) <= 3600


async def test_nothing_at_all_may_be_allowed(redis_server, editing):
    """`fleet_budget: 0/1h`: a person is asked each time."""
    assert await take(editing(redis_server.url), about(), limit=0, window=AN_HOUR, again=False) == Spent(AN_HOUR)


async def test_what_is_none_of_our_locks_is_held_by_somebody(redis_server, editing):
    """Nothing is taken away from whoever wrote it."""
    client = redis_server.client()
    await client.set(LOCK, b"\xff", px=60_000)

    assert await take(editing(redis_server.url), about(), limit=None, window=AN_HOUR, again=False) == Held(None)


@pytest.mark.parametrize("namespace", ["", "mastodon"])
async def test_one_leads_and_the_others_are_told_who(redis_server, editing, namespace):
    """Of many that ask at the same time one leads, and all hear the same; it lasts for half a minute and no longer."""
    client = redis_server.client()
    everybody = [Leader(f"{number}-memory-boot", f"web{number}") for number in range(6)]
    answers = await asyncio.gather(*(seek(editing(redis_server.url, namespace=namespace), one) for one in everybody))

    assert len(set(answers)) == 1
    assert answers[0] in everybody
    assert 0 < await client.pttl(f"{namespace}:{LEAD}" if namespace else LEAD) <= TTL


async def test_who_leads_goes_on_and_whoever_comes_next_leads_once_it_has_run_out(redis_server, editing):
    """Asked again it is renewed, for a successor of the same memory too; somebody else renews nothing by asking."""
    client, edits, other = redis_server.client(), editing(redis_server.url), editing(redis_server.url)
    one, two = Leader("a", "web1"), Leader("b", "web2")
    assert await seek(edits, one) == one
    assert await client.pexpire(LEAD, TTL * 10)
    assert await seek(other, two) == one
    assert await client.pttl(LEAD) > TTL
    assert await seek(editing(redis_server.url), one) == one
    assert 0 < await client.pttl(LEAD) <= TTL

    # It runs out: to wait for it would take half a minute.
    assert await client.delete(LEAD) == 1
    assert await seek(other, two) == two
    assert await seek(edits, one) == two


async def test_what_is_no_lead_of_ours_is_somebodys(redis_server, editing):
    """Nothing is taken away from whoever wrote it, not even where it can't be read; what is no string is refused."""
    client, edits = redis_server.client(), editing(redis_server.url)
    await client.set(LEAD, b"\xff", px=60_000)
    assert await seek(edits, Leader("a", "web1")) == UNKNOWN
    assert await client.get(LEAD) == b"\xff"
    await client.delete(LEAD)
    await client.sadd(LEAD, "x")
    with pytest.raises(NotEditedError):
        await seek(edits, Leader("a", "web1"))
