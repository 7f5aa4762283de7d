"""The outbox: what waits, when it may go, what ended how, and what is left out where there is no room."""

import logging

import pytest

from watchdog.model.cards import Card
from watchdog.model.notices import NoticeKind
from watchdog.store import outbox
from watchdog.store.cards import LONGEST_HELD, LONGEST_WAIT, Failure, Terms
from watchdog.store.outbox import Handed
from watchdog.store.standing import OutboxCounts
from watchdog.store.store import Commit, Store

NOW = Terms()


async def due(store, now, receiver="ops", terms=NOW):
    """The groups that are due."""
    return [group.name for group in (await store.post.look(receiver, terms, now)).due]


async def waiting(store, group, receiver="ops", upto=10**9):
    """The ids of the notices of a group that wait."""
    return [row.notice.id for row in await store.post.page(receiver, group, after=0, upto=upto, limit=10**6, now=0)]


def failure(error="no answer", *, wall=0, next_try=0, **more):
    """One that passes by itself."""
    usual = {"alone_until": 0, "untouched": False, "refused": False}
    return Failure(error=error, wall=wall, next_try=next_try, **{**usual, **more})


@pytest.fixture
def hand(store):
    """Put notices for `ops` into the outbox, in one commit."""
    seq = iter(range(1, 1_000_000))

    async def commit(*notices, receiver="ops", not_before=0):
        await store.commit(Commit(seq=next(seq), notices=tuple(Handed(receiver, one, not_before) for one in notices)))

    return commit


@pytest.fixture
async def box(store, notice, hand):
    """Two groups of two messages each for `ops`, and one message for `dev`."""
    await hand(notice("1", "a"), notice("2", "a"), notice("3", "b"), notice("4", "b"))
    await hand(notice("5", "a"), receiver="dev")
    return store


async def test_groups_wait_for_their_first_message(box, clock):
    """A group is due so long after its first message; the time of the next is known before."""
    terms = Terms(wait=5_000)
    look = await box.post.look("ops", terms, clock.now + 4_999)
    assert (look.due, look.next) == ((), clock.now + 5_000)
    assert await due(box, clock.now + 5_000, terms=terms) == ["a", "b"]
    assert [group.waiting for group in (await box.post.look("ops", NOW, clock.now)).due] == [2, 2]


async def test_a_group_is_not_shown_again_too_soon(box, clock, arrived, hand, notice):
    """After a dispatch so much time passes before the next one of the same group; another is not held up by it."""
    terms = Terms(interval=60_000)
    await arrived("a", 2)
    await hand(notice("6", "a"))
    assert await due(box, clock.now + 59_999, terms=terms) == ["b"]
    assert await due(box, clock.now + 60_000, terms=terms) == ["b", "a"]


@pytest.fixture
def arrived(store, clock):
    """Everything up to that message of a group has arrived."""

    async def record(group, upto, *, is_over=False, receiver="ops"):
        await store.post.arrived(
            receiver, group, card=Card(group=group), is_over=is_over, upto=upto, wall=clock.now, answer="answered 200 OK"
        )

    return record


async def test_what_arrived_is_through(box, clock, arrived):
    """The rest of the group is what comes next; with the answer of the server in its row."""
    await arrived("a", 1)
    assert await waiting(box, "a") == ["2"]
    assert sorted(await due(box, clock.now)) == ["a", "b"]
    await arrived("a", 2)
    assert await due(box, clock.now) == ["b"]
    answer = await box._writer.read(lambda connection: connection.execute("SELECT answer, outcome FROM outbox WHERE id = 1").fetchone())
    assert answer == ("answered 200 OK", "delivered")


async def test_a_failing_group_blocks_only_itself(box, clock):
    """A group that failed is not due before its time; the other one is."""
    await box.post.failed("ops", "a", failure(next_try=clock.now + 60_000))
    assert await due(box, clock.now + 59_999) == ["b"]
    assert await due(box, clock.now + 60_000) == ["b", "a"]


async def test_receivers_do_not_wait_for_each_other(box, clock):
    """The same group at another receiver stands by itself; a receiver nobody wrote to has none."""
    assert await due(box, clock.now, "dev") == ["a"]
    assert await due(box, clock.now, "nobody") == []
    assert (await box.post.look("nobody", NOW, clock.now)).next is None


async def test_what_is_held_back_waits(store, hand, notice, clock):
    """Until its time; what may go at once goes before that, and takes along what came before it: a story is told in its order."""
    await hand(notice("1", "a"), not_before=clock.now + 3_600_000)
    look = await store.post.look("ops", NOW, clock.now)
    assert (look.due, look.next) == ((), clock.now + 3_600_000)
    await hand(notice("2", "a"))
    await hand(notice("3", "a"), not_before=clock.now + 3_600_000)
    assert await due(store, clock.now) == ["a"]
    shown = await store.post.shown("ops", "a", clock.now)
    assert await waiting(store, "a", upto=shown.upto) == ["1", "2"]
    await store.post.arrived("ops", "a", card=Card(group="a"), is_over=False, upto=shown.upto, wall=clock.now, answer="")
    assert (await store.post.look("ops", NOW, clock.now)).next == clock.now + 3_600_000
    assert await due(store, clock.now + 3_600_000) == ["a"]


async def test_what_waits_of_a_story_comes_along_into_another_group(store, hand, notice, clock):
    """Whoever it waits for; what others wait for stays, and so does what is on its way. A group of which nothing is left is over."""
    morning = clock.now + 3_600_000
    for receiver in ("ops", "dev"):
        await hand(notice("1", "a", group="night"), receiver=receiver, not_before=morning)
    await hand(notice("2", "b", group="night"), not_before=morning)
    await store.commit(Commit(seq=1_000, notices=(Handed("ops", notice("3", "a", group="day"), takes="night"),)))

    assert await due(store, clock.now) == ["day"]
    assert await waiting(store, "day") == ["1", "3"]
    assert await waiting(store, "night") == ["2"]
    assert await waiting(store, "day", receiver="dev") == ["1"]
    assert await due(store, clock.now, "dev") == []
    assert await due(store, morning, "dev") == ["day"]
    await store.commit(Commit(seq=1_001, notices=(Handed("dev", notice("4", "a", group="day")),)))
    assert await due(store, clock.now, "dev") == ["day"]


async def test_what_is_on_its_way_is_not_taken_along(store, hand, notice, clock):
    """It may have arrived where it was."""
    await hand(notice("1", "a", group="night"))
    await store.post.prepare("ops", "night", id_="m_1", body=b"{}", upto=1)
    await hand(notice("2", "a", group="night"))
    await store.commit(Commit(seq=1_000, notices=(Handed("ops", notice("3", "a", group="day"), takes="night"),)))
    assert await waiting(store, "night") == ["1"]
    assert await waiting(store, "day") == ["2", "3"]


async def test_a_test_waits_for_nothing(store, hand, notice, clock):
    """Somebody who asks for one waits for it: it is due whatever the receiver's habits are, and before all else."""
    await hand(notice("1", "a"), notice("2", "test_1", kind=NoticeKind.TEST))
    look = await store.post.look("ops", Terms(wait=5_000, interval=60_000), clock.now)
    assert [(group.name, group.kind) for group in look.due] == [("test_1", "agent.test")]


async def test_a_clock_that_was_set_back_delays_nothing(box, clock, hand, notice):
    """A time further ahead than anything is ever put off was written by a clock that has been set back since: due at once."""
    await box.post.failed("ops", "a", failure(next_try=clock.now + LONGEST_WAIT))
    assert "a" not in await due(box, clock.now)
    assert "a" in await due(box, clock.now - 1)
    await hand(notice("6", "c"), not_before=clock.now + LONGEST_HELD)
    assert "c" not in await due(box, clock.now)
    assert "c" in await due(box, clock.now - 1)


async def test_attempts_and_errors_survive_a_restart(state, box, clock, notice):
    """What waits, how often it failed and when it is due again are found after a restart; so is the circuit."""
    error = "answered 500 Internal Server Error"
    await box.post.failed("ops", "a", failure(error, wall=clock.now, next_try=clock.now + 60_000, alone_until=clock.now + 5_000))
    await box.close()
    again = await Store.open(state, clock=clock)
    try:
        assert await due(again, clock.now + 5_000) == ["b"]
        look = await again.post.look("ops", NOW, clock.now + 60_000)
        assert [(group.name, group.attempts, group.waiting) for group in look.due] == [("b", 0, 2), ("a", 1, 2)]
        early = await again.post.look("ops", NOW, clock.now)
        assert (early.due, early.next, early.failures, early.alone_until) == ((), clock.now + 5_000, 1, clock.now + 5_000)
        (row, _) = await again.post.page("ops", "a", after=0, upto=9, limit=9, now=0)
        assert (row.id, row.written, row.notice) == (1, clock.now, notice("1", "a"))
        assert (await again.outbox_counts())["ops"].last_error == error
    finally:
        await again.close()


async def test_counts_tell_how_a_receiver_stands(box, clock, arrived):
    """Waiting, delivered, given up, the oldest that waits, the last error and the circuit, by receiver."""
    written = clock.now
    await box.post.failed("ops", "a", failure("no answer", wall=written))
    assert (await box.outbox_counts())["ops"] == OutboxCounts(
        waiting=4, delivered=0, given_up=0, oldest=written, last_error="no answer", failures=1, failing=written
    )
    await arrived("a", 1)
    await box.post.given_up("ops", "b", [3], card=Card(group="b"), wall=written, error="answered 410 Gone")
    assert await box.outbox_counts() == {
        "dev": OutboxCounts(waiting=1, delivered=0, given_up=0, oldest=written, last_error=""),
        "ops": OutboxCounts(waiting=2, delivered=1, given_up=1, oldest=written, last_error="answered 410 Gone", dispatches=1),
    }


async def test_a_receiver_that_is_well_again_frees_what_waited_for_it(box, clock, arrived, hand, notice):
    """After several failures a success lets the other groups go at once, but not what a person has to mend."""
    await hand(notice("6", "c"))
    for group, refused in (("a", False), ("b", True)):
        await box.post.failed("ops", group, failure(next_try=clock.now + 300_000, refused=refused))
    await arrived("c", 6)
    assert await due(box, clock.now) == ["a"]


async def test_a_long_error_is_cut(box, clock):
    """However much an error says, a row stays small."""
    await box.post.failed("ops", "a", failure("x" * 100_000))
    assert len((await box.outbox_counts())["ops"].last_error) == 300


@pytest.mark.parametrize("data", ["'no JSON'", """'{"id":"1","kind":"of another version"}'"""])
async def test_a_message_that_cannot_be_read_blocks_nobody(box, clock, tamper, caplog, data):
    """A message that nobody can make sense of any more is given up loudly, without quoting it, and the rest of its group goes on."""
    tamper(f"UPDATE outbox SET notice = CAST({data} AS BLOB) WHERE id = 1")
    assert await waiting(box, "a") == ["2"]
    assert (await box.outbox_counts())["ops"].given_up == 1
    assert (await box.post.shown("ops", "a", clock.now)).missed == 1
    assert caplog.messages == ["Message 1 to ops can't be read any more and is given up"]


@pytest.fixture
def room(monkeypatch):
    """For 40 messages; 30 are left where there is none."""
    monkeypatch.setattr(outbox, "ROOM", 40)
    monkeypatch.setattr(outbox, "ROOM_MADE", 30)


async def test_of_a_long_story_its_beginning_and_its_end_stay(store, hand, notice, clock, room, caplog):
    """Where there is no room the middle goes first; it is counted with its group and its receiver, and said once."""
    await hand(notice("first", "a"), *(notice(f"m{n}", "a", kind=NoticeKind.STAGE) for n in range(100)), notice("last", "a"))
    ids = await waiting(store, "a")
    assert (ids[0], ids[-1], len(ids)) == ("first", "last", 30)
    counts = (await store.outbox_counts())["ops"]
    assert (counts.waiting, counts.left_out, counts.full) == (30, 72, clock.now)
    assert (await store.post.shown("ops", "a", clock.now)).left_out == 72
    await hand(*(notice(f"n{n}", "a", kind=NoticeKind.STAGE) for n in range(20)))
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert said == ["102 messages wait for receiver ops, more than there is room for: 72 are left out"]


async def test_what_is_over_and_was_never_told_goes_before_what_goes_on(store, hand, notice, clock, room):
    """An alert that came and went while nobody could be told makes room for one that fires; the end of one that was told stays."""
    await hand(*(notice(f"told{n}", f"told{n}", kind=NoticeKind.RESOLVED) for n in range(10)))
    await hand(*(notice(f"{n}-{kind}", f"over{n}", kind=kind) for n in range(10) for kind in (NoticeKind.FIRING, NoticeKind.RESOLVED)))
    await hand(*(notice(f"fires{n}", f"fires{n}") for n in range(11)))
    counts = (await store.outbox_counts())["ops"]
    groups = [group.name for group in (await store.post.look("ops", NOW, clock.now)).due]
    assert (counts.waiting, counts.left_out) == (30, 11)
    assert all(f"told{n}" in groups and f"fires{n}" in groups for n in range(10))


async def test_however_much_comes_there_is_room(store, hand, notice, clock, room):
    """Though nothing of it is over, and each is the only one of its thread: then the oldest go."""
    for part in range(5):
        await hand(*(notice(f"{part}-{n}", f"{part}-{n}") for n in range(20)))
        assert (await store.outbox_counts())["ops"].waiting <= 40
    counts = (await store.outbox_counts())["ops"]
    assert counts.waiting + counts.left_out == 100
    assert "4-19" in await due(store, clock.now)
    assert "0-0" not in await due(store, clock.now)


async def test_what_is_on_its_way_stays(store, hand, notice, clock, room):
    """A dispatch may have arrived: none of it is left out."""
    await hand(*(notice(f"d{n}", "a", kind=NoticeKind.STAGE) for n in range(10)))
    await store.post.prepare("ops", "a", id_="m_10", body=b"{}", upto=10)
    await hand(*(notice(f"e{n}", "a", kind=NoticeKind.STAGE) for n in range(60)))
    ids = await waiting(store, "a")
    assert ids[:10] == [f"d{n}" for n in range(10)]
    assert len(ids) == 30


async def test_room_is_counted_for_each_receiver(store, hand, notice, room):
    """One that is down takes none of another's."""
    await hand(*(notice(f"{n}", f"{n}") for n in range(100)))
    await hand(notice("x"), receiver="dev")
    counts = await store.outbox_counts()
    assert (counts["dev"].waiting, counts["dev"].left_out) == (1, 0)
