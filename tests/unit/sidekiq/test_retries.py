"""Following the retry set where something is out of the ordinary: ties, wrong types, clocks, deletions, refusals."""

import asyncio

import pytest

from tests.property.retry_simulation import BEGAN, Simulated
from watchdog.model.events import Delta
from watchdog.model.kinds import Kind
from watchdog.sidekiq import pages
from watchdog.sidekiq.failed import Failed, Group
from watchdog.sidekiq.failures import ServerError, SourceUnavailableError
from watchdog.sidekiq.frontiers import DISTANCES, Frontiers, counted_by
from watchdog.sidekiq.pages import END, page_of
from watchdog.sidekiq.pending import Pending
from watchdog.sidekiq.retry_book import Book


def readings(changes, entity="sidekiq") -> dict:
    """What was said of that entity."""
    return next((change.fields for change in changes if isinstance(change, Delta) and change.id == entity), {})


async def seconds(one: Simulated, number: int) -> list:
    """So many turns, a second apart; all that was said."""
    said = []
    for _ in range(number):
        one.now += 1
        one.poll()
        said += (await one.retries.turn(one.ask))[0]
    return said


@pytest.mark.parametrize(("failed_before", "within"), [(0, 15), (1, 35), (3, 80)])
async def test_when_a_failure_is_counted(failed_before, within):
    """A first one within 15 s, a later one when half its pause has passed at the latest; each exactly once."""
    one = Simulated()
    await one.retries.turn(one.ask)
    await one.retries.census(one.ask)
    one.now += 0.1
    one.fail("a.example", 0, failed_before, 0.5)
    said = await seconds(one, within)

    assert [change.fields["added"] for change in said if change.id == "a.example" and "added" in change.fields] == [1]
    assert readings(said, "a.example")["retries"] == 1
    said += await seconds(one, 300)
    assert [change.fields["retries"] for change in said if change.id == "a.example" and "retries" in change.fields] == [1, 0]


async def test_what_waited_before_is_not_added():
    """A census knows it; nobody may take it for new."""
    one = Simulated()
    for number in range(30):
        one.fail(f"d{number % 3}.example", number % 3, number % 4, number / 30)
    one.now += 5
    await one.retries.census(one.ask)
    said = await seconds(one, 10)

    assert {change.fields["added"] for change in said if "added" in change.fields} == {0}
    assert one.counted() == one.waiting()


@pytest.mark.parametrize("near", [True, False])
async def test_more_entries_of_one_score_than_a_page_holds(near, monkeypatch):
    """The census goes on behind them; what it could not read shows as unaccounted for, and among the broken data."""
    monkeypatch.setattr(pages, "PAGE", 5)
    one = Simulated()
    for number in range(20):
        one.fail("a.example", 0, 0, number / 20)
    score = one.now + (5 if near else 500)
    one.set = {member: (score if number < 12 else score + number, *entry[1:]) for number, (member, entry) in enumerate(one.set.items())}
    await one.retries.census(one.ask)

    assert one.counted().total() == 13
    said, _ = await one.retries.turn(one.ask)
    assert readings(said)["retries_unaccounted"] == 7
    assert one.retries._tally.data()[0].reason == "too many entries have one score; not all are read"


async def test_scores_that_are_equal_at_the_edge_of_a_page(monkeypatch):
    """Pairs of them are counted whole, wherever the edge falls."""
    monkeypatch.setattr(pages, "PAGE", 5)
    one = Simulated()
    for number in range(40):
        one.fail("a.example", 0, 0, number / 40)
    one.set = {member: (BEGAN + 100.0 + number // 2, *entry[1:]) for number, (member, entry) in enumerate(one.set.items())}
    await one.retries.census(one.ask)

    assert one.counted().total() == 40


async def test_long_entries_make_short_pages():
    """A page is of a megabyte or so, whatever the entries hold; all are counted."""
    one = Simulated()
    for number in range(60):
        one.fail("a.example", 0, 5, number / 60)
    one.set = {member + b" " * 200_000: entry for member, entry in one.set.items()}
    asked = []

    async def ask(commands):
        asked.extend(commands)
        return await one.ask(commands)

    one.now += 1
    await one.retries.census(ask)

    assert one.counted().total() == 60
    assert asked.count(("TIME",)) == 2 + 1  # one page with all of them, and the question at the beginning
    for number in range(1_000):
        one.fail("a.example", 0, 5, number / 1_000)
    one.set = {member if len(member) > 10_000 else member + b" " * 20_000: entry for member, entry in one.set.items()}
    one.now += 1
    await one.retries.census(ask)
    assert one.counted().total() == 1_060
    assert [command[-1] for command in asked if command[0] == "ZRANGEBYSCORE" and command[-2] == 0][-1] < 100


def test_a_page():
    """The last score of a full page is left for the next one; a page that is not full ends everything."""
    found = [(b"a", 1.0), (b"b", 2.0), (b"c", 3.0), (b"d", 3.0)]
    assert page_of(found, 5) == (found, END, False)
    assert page_of(found, 4) == (found[:2], 2.0, False)
    assert page_of(found[2:], 2) == (found[2:], 3.0, True)
    assert page_of([], 4) == ([], END, False)


async def test_what_was_deleted_is_counted_anew():
    """More than 1 % unaccounted for, and a census follows; not before a minute has passed."""
    one = Simulated()
    for number in range(100):
        one.fail("a.example", 0, 5, number / 100)
    one.now += 1
    await one.retries.census(one.ask)
    for _ in range(40):
        one.delete(0.5)
    said = await seconds(one, 50)
    assert readings(said)["retries_unaccounted"] == 40
    assert not one.retries._wanted.is_set()
    assert one.retries._book.total - len(one.set) == 40
    await seconds(one, 15)
    assert one.retries._wanted.is_set()
    counting = asyncio.create_task(one.retries.count_when_wanted(one.ask))
    while one.retries._book.total != 60:
        await asyncio.sleep(0)
    counting.cancel()

    said, _ = await one.retries.turn(one.ask)
    assert readings(said)["retries_unaccounted"] == 0


async def test_an_empty_set_is_known_at_once():
    """Redis has lost its data: nothing waits."""
    one = Simulated()
    one.fail("a.example", 0, 5, 0.5)
    one.now += 1
    await one.retries.census(one.ask)
    await seconds(one, 1)
    one.set.clear()
    await seconds(one, 1)

    assert one.retries._wanted.is_set()


async def test_a_key_of_the_wrong_type():
    """It is told as broken, and nothing waits in it."""
    one = Simulated()

    async def ask(commands):
        return [ServerError("WRONGTYPE x") if command[0].startswith("Z") else (await one.ask([command]))[0] for command in commands]

    await one.retries.census(ask)
    said, _ = await one.retries.turn(ask)

    assert readings(said)["retries_unaccounted"] == 0
    assert [datum.reason for datum in one.retries._tally.data()] == ["it is not a sorted set"]


async def test_a_refusal():
    """Without the right to read it the source is unavailable, and no page is still awaited."""
    one = Simulated()

    async def ask(commands):
        return [ServerError("NOPERM x") if command[0].startswith("Z") else (await one.ask([command]))[0] for command in commands]

    for reading in (one.retries.turn, one.retries.census):
        with pytest.raises(SourceUnavailableError, match="may not read"):
            await reading(ask)


async def test_answers_of_the_older_protocol():
    """Without RESP3, scores are text in one flat list."""
    one = Simulated()
    for number in range(20):
        one.fail("a.example", number % 3, 1, number / 20)

    def flat(reply):
        pairs = isinstance(reply, list) and reply and isinstance(reply[0], list)
        return [text for member, score in reply for text in (member, repr(score).encode())] if pairs else reply

    async def ask(commands):
        return [flat(reply) for reply in await one.ask(commands)]

    one.now += 0.1
    await one.retries.census(ask)
    one.now += 1
    await one.retries.turn(ask)

    assert one.counted() == one.waiting()


async def test_redis_clock_is_set_back():
    """The frontiers begin anew, and everything is counted anew."""
    one = Simulated()
    await one.retries.census(one.ask)
    await seconds(one, 2)
    one.now -= 3_600
    await one.retries.turn(one.ask)

    assert one.retries._wanted.is_set()
    assert one.retries._frontiers.reached[0] == pytest.approx(one.now + DISTANCES[0])


async def test_pollers_that_are_late():
    """Up to 15 s are usual; beyond that it is told by how much."""
    one = Simulated()
    one.fail("a.example", 0, 0, 0)
    said = []
    for _ in range(40):
        one.now += 1
        said += (await one.retries.turn(one.ask))[0]

    late = [change.fields["retries_late"] for change in said if change.id == "sidekiq" and "retries_late" in change.fields]
    assert late == [0, *range(15_000, 26_000, 1_000)]


async def test_broken_entries_are_no_reason_to_count_again():
    """What even the census could not read is not missed afterwards."""
    one = Simulated()
    one.set |= {b"broken %d" % number: (one.now + 1_000 + number, one.now, "", 0) for number in range(20)}
    await one.retries.census(one.ask)
    said = await seconds(one, 100)

    assert readings(said)["retries_unaccounted"] == 20
    assert not one.retries._wanted.is_set()


def test_every_frontier_lets_nothing_through():
    """Whatever the pause, the frontier that counts an entry lies nearer than where the entry was put, or is the nearest."""
    for pause in (0.0, 5.0, 15.0, 20.0, 24.9, 100.0, 1e4, 1e6, 1e9):
        place = counted_by(1e9 + pause, 1e9)
        assert place == 0 or DISTANCES[place] <= pause
        assert place == len(DISTANCES) - 1 or pause < DISTANCES[place + 1]


def test_far_frontiers_are_asked_for_seldom():
    """In a minute the nearest are asked for each second, the farthest not at all."""
    frontiers = Frontiers()
    frontiers.begin(0.0)
    asked = [0] * len(DISTANCES)
    for now in range(1, 61):
        for place, _, high in frontiers.slices(float(now)):
            asked[place] += 1
            frontiers.pass_over(place, high)

    assert asked[:3] == [60, 60, 20]
    assert asked[-1] == 0


def test_pending_entries_leave_in_their_order():
    """Below the lowest score; the memory of those that left is given back."""
    pending = Pending()
    group = Group("q", "C", "other")
    for number in range(10_000):
        pending.add(float(number), group, None)

    assert len(list(pending.leave(9_000.0))) == 9_000
    assert len(pending) == len(pending._scores) == 1_000
    assert [score for score, *_ in pending.leave(END)][:2] == [9_000.0, 9_001.0]


def test_a_book_never_goes_below_nothing():
    """Taking off what was never added."""
    book = Book()
    group = Group("q", "C", "timeout")
    book.take(group, "a.example")
    book.add([Failed(group, "a.example", 5.0, 5.0)])
    book.take(group, "b.example")

    assert (book.total, book.groups, book.towards("a.example")) == (0, {}, [0, 1, 0, 0, 0])


async def test_to_how_many_deliveries_fail_is_told_after_a_census():
    """Those that wait are looked at, and what fails from then on; until then nothing is known, not that all is well."""
    one = Simulated()
    assert [(change.kind, change.fields) for change in one.retries.uncounted() if change.id == "federation"] == [(Kind.FEDERATION, {})]
    one.fail("a.example", 1, 0, 0.5)
    one.fail("b.example", 2, 3, 0.5)
    assert readings(await seconds(one, 2), "federation") == {}

    await one.retries.census(one.ask)
    found = readings(await seconds(one, 1), "federation")
    assert (found["failing_domains"], found["rejecting_domains"], found["unreachable_domains"]) == (2, 1, 1)
    assert not [change for change in one.retries.uncounted() if change.id == "federation"]

    one.fail("c.example", 1, 0, 0.5)
    assert readings(await seconds(one, 20), "federation") == {"failing_domains": 3, "rejecting_domains": 2, "newly_failing_domains": 3}
