"""How groups stand: dispatches on their way, what receivers remember, what is gathered, shown again and forgotten."""

import pytest

from watchdog.model.cards import Card
from watchdog.model.notices import NoticeKind
from watchdog.store import outbox
from watchdog.store.cards import Failure, Prepared, Terms
from watchdog.store.outbox import Handed
from watchdog.store.store import Commit

NOW = Terms()
DAY = 86_400_000


@pytest.fixture
def hand(store):
    """Put notices for `ops` into the outbox, in one commit."""
    seq = iter(range(1, 1_000_000))

    async def commit(*notices, receiver="ops"):
        await store.commit(Commit(seq=next(seq), notices=tuple(Handed(receiver, one) for one in notices)))

    return commit


@pytest.fixture
def arrived(store, clock):
    """Everything up to that message of a group has arrived."""

    async def record(group, upto, *, is_over=False):
        await store.post.arrived("ops", group, card=Card(group=group), is_over=is_over, upto=upto, wall=clock.now, answer="")

    return record


@pytest.fixture
def failed(store, clock):
    """An attempt on a group has failed."""

    async def record(group, *, untouched):
        await store.post.failed(
            "ops", group, Failure(error="x", wall=clock.now, next_try=0, alone_until=0, untouched=untouched, refused=False)
        )

    return record


async def test_a_dispatch_stands_until_it_has_arrived(store, hand, notice, clock, arrived):
    """Whole, with how far it reaches, whatever comes after it."""
    await hand(notice("1", "a"))
    await store.post.prepare("ops", "a", id_="m_1", body=b"body", upto=1)
    await hand(notice("2", "a"))
    assert (await store.post.shown("ops", "a", clock.now)).prepared == Prepared("m_1", b"body", 1)
    await arrived("a", 1)
    shown = await store.post.shown("ops", "a", clock.now)
    assert (shown.prepared, shown.upto) == (None, 2)


async def test_what_nobody_has_seen_is_taken_apart(store, hand, notice, clock, failed):
    """A failed attempt that surely has not arrived leaves nothing on its way; one that may have does, whatever is known of later ones."""
    await hand(notice("1", "a"), notice("2", "b"), notice("3", "c"))
    for group in "abc":
        await store.post.prepare("ops", group, id_=group, body=b"", upto=9)
    await failed("a", untouched=True)
    await failed("b", untouched=False)
    await failed("b", untouched=True)
    await store.post.sent_again("ops", "c", may_double=True)
    await failed("c", untouched=True)
    on_their_way = [group for group in "abc" if (await store.post.shown("ops", group, clock.now)).prepared]
    assert on_their_way == ["b", "c"]
    assert (await store.outbox_counts())["ops"].again == 1


async def test_what_ended_untold_meanwhile_is_told_next(store, hand, notice, clock):
    """A dispatch tells of what was missed and left out before it was put together; what is left out while it is on its way is for the next one."""
    await hand(notice("1", "a"), notice("2", "a"), notice("3", "a"))
    await store.post.given_up("ops", "a", [1], card=Card(group="a"), wall=clock.now, error="x")
    await store.post.prepare("ops", "a", id_="m_2", body=b"", upto=2)
    await store._writer.write(lambda connection: outbox.end(connection, "ops", [3], outcome="left_out", wall=clock.now))
    await store.post.arrived("ops", "a", card=Card(group="a"), is_over=False, upto=2, wall=clock.now, answer="", missed=1)
    shown = await store.post.shown("ops", "a", clock.now)
    assert (shown.missed, shown.left_out) == (0, 1)


async def test_what_a_receiver_remembers_is_found_by_its_name_and_by_itself(store, hand, notice, clock):
    """Lines are replaced and removed; a line is found by what it says, at the receiver who said it and no other."""
    await hand(notice("1", "a"))
    await store.post.remember("ops", "a", {"card": "$event1", "ask:7": "$event2"})
    await store.post.remember("ops", "a", {"card": "$event3", "ask:7": ""})
    assert (await store.post.shown("ops", "a", clock.now)).posted == {"card": "$event3"}
    assert await store.post.about("ops", "$event3") == ("a", "card")
    assert await store.post.about("ops", "$event2") is None
    assert await store.post.about("dev", "$event3") is None


async def test_what_a_listener_puts_away_is_kept(store):
    """By receiver and name; nothing is an empty text."""
    assert await store.post.noted("ops", "since") == ""
    await store.post.note("ops", "since", "s1")
    await store.post.note("ops", "since", "s2")
    assert (await store.post.noted("ops", "since"), await store.post.noted("dev", "since")) == ("s2", "")


async def test_the_card_that_was_shown_is_kept(store, hand, notice, arrived, tamper):
    """Until the next one is; one that this version can't read is none."""
    await hand(notice("1", "a"))
    assert await store.post.card_of("ops", "a") is None
    await arrived("a", 1)
    assert await store.post.card_of("ops", "a") == Card(group="a")
    tamper("UPDATE cards SET card = CAST('{}' AS BLOB)")
    assert await store.post.card_of("ops", "a") is None


async def test_gathered_groups_are_one(store, hand, notice, clock, arrived):
    """What waits of them, and what comes later under their names, is of the one that they were gathered into, in the order in which it came."""
    await hand(notice("1", "a"), notice("2", "b"), notice("3", "a"))
    await store.post.gather("ops", ["a", "b"], "storm:1")
    await hand(notice("4", "b"))
    (group,) = (await store.post.look("ops", NOW, clock.now)).due
    assert (group.name, group.waiting, group.is_new) == ("storm:1", 4, True)
    rows = await store.post.page("ops", "storm:1", after=0, upto=99, limit=99, now=0)
    assert [row.notice.id for row in rows] == ["1", "2", "3", "4"]
    assert await store.post.open_group("ops", "storm:", 0) == "storm:1"
    await arrived("storm:1", 4, is_over=True)
    assert await store.post.open_group("ops", "storm:", 0) == ""
    await hand(notice("5", "a"))
    assert [group.name for group in (await store.post.look("ops", NOW, clock.now)).due] == ["storm:1"]


async def test_an_old_storm_is_not_joined(store, hand, notice, clock, arrived):
    """One that goes on but was not shown since then is left to itself."""
    await hand(notice("1", "a"))
    await store.post.gather("ops", ["a"], "storm:1")
    await arrived("storm:1", 1)
    assert await store.post.open_group("ops", "storm:", clock.now) == "storm:1"
    assert await store.post.open_group("ops", "storm:", clock.now + 1) == ""
    assert await store.post.open_group("dev", "storm:", 0) == ""


async def test_what_goes_on_is_shown_again_where_that_is_wanted(store, hand, notice, clock, arrived):
    """After its time, and once after a start; nothing that is over, nothing that waits, and never where nobody wants it."""
    await hand(notice("1", "a"), notice("2", "b"), notice("3", "c"))
    await arrived("a", 1)
    await arrived("b", 2, is_over=True)
    terms = Terms(repeat=60_000)

    async def names(now, terms):
        return [(group.name, group.waiting) for group in (await store.post.look("ops", terms, now)).due]

    assert await names(clock.now + 59_999, terms) == [("c", 1)]
    assert await names(clock.now + 60_000, terms) == [("c", 1), ("a", 0)]
    assert await names(clock.now + 60_000, NOW) == [("c", 1)]
    assert await names(clock.now + 1, Terms(repeat=60_000, began=clock.now + 1)) == [("c", 1), ("a", 0)]
    await arrived("c", 3, is_over=True)
    assert (await store.post.look("ops", terms, clock.now)).next == clock.now + 60_000
    await store.post.shown_again("ops", "a", clock.now + 60_000)
    assert await names(clock.now + 60_001, Terms(repeat=60_000, began=clock.now + 1)) == []
    assert (await store.outbox_counts())["ops"].delivered == 3


async def test_everything_is_tried_at_once_when_a_person_wants_it(store, hand, notice, clock):
    """Whatever failed before: groups and circuit; the deliverer is woken."""
    await hand(notice("1", "a"))
    failure = Failure(error="x", wall=clock.now, next_try=clock.now + 60_000, alone_until=clock.now + 60_000, untouched=True, refused=True)
    await store.post.failed("ops", "a", failure)
    calls = []
    store.post.on_news = lambda: calls.append(1)
    await store.post.retry("ops")
    look = await store.post.look("ops", NOW, clock.now)
    assert ([group.name for group in look.due], look.alone_until, calls) == (["a"], 0, [1])


async def test_groups_that_ended_are_forgotten_with_the_rest(store, hand, notice, clock, arrived):
    """With what was remembered of them, and with those that were gathered into them; what goes on or waits stays, however old."""
    await hand(notice("1", "a"), notice("2", "b"), notice("3", "c"), notice("4", "d"))
    await store.post.gather("ops", ["d"], "storm:1")
    for group in ("a", "b", "storm:1"):
        await store.post.remember("ops", group, {"card": f"${group}"})
    await arrived("a", 1, is_over=True)
    await arrived("b", 2)
    await arrived("storm:1", 4, is_over=True)
    await store.prune(clock.now + DAY)
    assert [await store.post.about("ops", f"${group}") for group in ("a", "b", "storm:1")] == [None, ("b", "card"), None]
    rows = await store._writer.read(lambda connection: connection.execute("SELECT grp FROM cards ORDER BY grp").fetchall())
    assert rows == [("b",), ("c",)]


async def test_what_begins_again_is_not_forgotten(store, hand, notice, clock, arrived):
    """A group that was over and goes on is no group that ended."""
    await hand(notice("1", "a"))
    await arrived("a", 1, is_over=True)
    await hand(notice("2", "a", kind=NoticeKind.FIRING))
    await arrived("a", 2)
    await store.prune(clock.now + DAY)
    assert await store.post.card_of("ops", "a") == Card(group="a")
