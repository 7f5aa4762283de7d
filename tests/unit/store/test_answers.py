"""What somebody waits for who has said something: the answer to a command, and what became of a message."""

import pytest

from watchdog.model.cards import Card
from watchdog.model.records import AuditRow
from watchdog.store import audit, reading
from watchdog.store.arrival import Arrival
from watchdog.store.cards import Failure
from watchdog.store.outbox import Handed
from watchdog.store.store import Commit


def answer(told: str, outcome: str, reason: str = "") -> AuditRow:
    """The row that answers a command."""
    return AuditRow(kind="operator", wall=1, outcome=outcome, reason=reason, detail={"told": told, "by": "ada"})


async def test_the_answer_to_a_command(store):
    """By its id, and the newest where one was answered twice; what was never answered has none."""
    rows = (answer("said_1", "approved", "it is put before all guards"), answer("said_2", "refused", 'by "a"'), answer("said_22", "looked"))
    await store.commit(Commit(1, audit=rows))
    await store.commit(Commit(2, audit=(answer("said_22", "again"),)))
    assert await store.answer_to("said_1") == ("approved", "it is put before all guards")
    assert await store.answer_to("said_2") == ("refused", 'by "a"')
    assert await store.answer_to("said_22") == ("again", "")
    assert await store.answer_to("said_3") is None
    assert await store.answer_to("") is None


async def test_only_the_newest_rows_are_searched(store, monkeypatch):
    """A log of millions must not keep the writer from what has to be committed."""
    monkeypatch.setattr(audit, "_SEARCHED", 2)
    await store.commit(Commit(1, audit=(answer("a", "old"), answer("b", "new"), answer("c", "newer"))))
    assert await store.answer_to("a") is None
    assert await store.answer_to("b") == ("new", "")


async def test_what_became_of_a_message(state, store, notice):
    """For each receiver: that it waits, why its last attempt failed, and what the server said once it has arrived."""
    await store.commit(Commit(1, notices=(Handed("ops", notice("1.0", thread="test_1")), Handed("chat", notice("1.0", thread="test_1")))))
    ops, chat = reading.read_arrivals(state, "test_1")
    assert (ops.receiver, ops.outcome, ops.ended, ops.error, chat.receiver) == ("ops", "", None, "", "chat")
    failure = Failure(error="it answers 503", wall=5, next_try=9, alone_until=9, untouched=True, refused=False)
    await store.post.failed("chat", "test_1", failure)
    await store.post.arrived("ops", "test_1", card=Card(group="test_1"), is_over=True, upto=9, wall=7, answer="answered 200 OK")
    ops, chat = reading.read_arrivals(state, "test_1")
    assert ops == Arrival("ops", ops.written, "delivered", "answered 200 OK", "", 0, 7)
    assert (chat.outcome, chat.error, chat.attempts, chat.ended) == ("", "it answers 503", 1, None)
    assert reading.read_arrivals(state, "test_2") == []


@pytest.mark.parametrize("waits", [True, False])
async def test_what_waits_is_due_at_once(store, notice, waits):
    """With the commit that asks for it; for the others nothing changes, and whoever delivers is woken."""
    for seq, name in enumerate(("ops", "chat"), start=1):
        await store.commit(Commit(seq, notices=(Handed(name, notice("1.0", thread="t")),)))
        await store.post.failed(name, "t", Failure(error="no", wall=5, next_try=99, alone_until=99, untouched=True, refused=False))
    woken = []
    store.post.on_news = lambda: woken.append(True)
    await store.commit(Commit(9, tried=("ops",) if waits else ()))
    counts = await store.post.counts()
    assert (counts["ops"].next_try, counts["chat"].next_try) == (0 if waits else 99, 99)
    assert woken == [True] * waits
