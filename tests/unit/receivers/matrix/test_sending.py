"""One dispatch, one call after the other: what is sent, under which id, and where a retry begins."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdog.model.cards import Card, Entry, Standing
from watchdog.model.notices import Notice, NoticeKind, Severity
from watchdog.receivers.matrix.sender import Sending, asked
from watchdog.receivers.receiver import Dispatch, TryAgainError


class Server:
    """Takes events, and the same transaction once; `plan` says how each call ends: well, `lost` (taken, not answered), or `refused`."""

    def __init__(self, plan=()):
        self.plan = iter(plan)
        self.events = {}
        self.calls = 0

    async def put(self, content, transaction):
        self.calls += 1
        how = next(self.plan, "well")
        if how == "refused":
            raise TryAgainError("not now", untouched=True)
        event = self.events.setdefault(transaction, (f"${len(self.events)}", content))[0]
        if how == "lost":
            raise TryAgainError("no answer")
        return event


class Memory:
    """What is remembered of a group."""

    def __init__(self):
        self.posted = {}

    async def remember(self, lines):
        self.posted = {name: value for name, value in {**self.posted, **lines}.items() if value}


def notice(number, **fields):
    """One turn."""
    return Notice(str(number), "a1", fields.pop("kind", NoticeKind.STAGE), Severity.WARNING, 1_700_000_000_000, f"turn {number}", **fields)


def dispatch(id_, memory, *notices, ask="", **more):
    """One of an alert that may ask."""
    entry = Entry(
        thread="a1",
        standing=Standing.ASKING if ask else Standing.FIRING,
        severity=Severity.WARNING,
        title="held",
        first=0,
        last=0,
        rule="r",
        approval=ask,
    )
    return Dispatch(
        id=id_, group="g", card=Card(group="g", entries=(entry,)), notices=notices or (notice(1),), posted=memory.posted, **more
    )


async def deliver(id_, server, memory, *notices, ask=""):
    """Until it has arrived, as the deliverer does; the errors on the way, each with whether anything of it was there then."""
    errors: list[tuple[TryAgainError, bool]] = []
    for _ in range(50):
        try:
            await Sending(dispatch(id_, memory, *notices, ask=ask), "!r", put=server.put, remember=memory.remember).run()
            return errors
        except TryAgainError as error:
            errors.append((error, any(name.startswith(f"{id_}.") for name in server.events)))
    raise AssertionError("it never arrives")


@given(st.lists(st.sampled_from(["well", "lost", "refused"]), max_size=12))
async def test_whatever_fails_it_arrives_once(plan):
    """A card, a question, its end and lines: each event is there once and in order."""
    server, memory = Server(plan), Memory()
    asks = notice(2, kind=NoticeKind.DECIDED, approval="7kq2m", outcome="asked")
    await deliver("d0", server, memory, notice(1, kind=NoticeKind.FIRING), asks, ask="7kq2m")
    await deliver("d1", server, memory, notice(3), ask="7kq2m")
    await deliver("d2", server, memory, notice(4, kind=NoticeKind.DECIDED, approval="7kq2m", outcome="denied"))
    names = ["d0.card", "d0.ask.7kq2m", "d0.lines", "d1.card", "d1.lines", "d2.card", "d2.settled.7kq2m", "d2.lines"]
    assert list(server.events) == names
    assert memory.posted["card"] == server.events["d0.card"][0]
    assert "ask:7kq2m" not in memory.posted


@pytest.mark.parametrize(
    ("plan", "untouched"),
    [
        (["refused"], [True]),
        (["well", "refused"], [False]),
        (["well", "refused", "refused"], [False, False]),
        (["lost", "well", "refused"], [False, False]),
    ],
)
async def test_untouched(plan, untouched):
    """Where the first call is refused nothing has arrived; where a later one is, or one after an attempt of which something has arrived, it is not so."""
    errors = await deliver("d0", Server(plan), Memory(), notice(1), notice(2))
    assert [error.untouched for error, _ in errors] == untouched
    assert all(not (error.untouched and is_there) for error, is_there in errors)


async def test_a_card_of_another_room_is_sent_anew():
    """Where the config names another room there is nothing to change in it."""
    server, memory = Server(), Memory()
    await Sending(dispatch("d0", memory), "!old", put=server.put, remember=memory.remember).run()
    await Sending(dispatch("d1", memory), "!new", put=server.put, remember=memory.remember).run()
    assert "m.new_content" not in server.events["d1.card"][1]
    assert memory.posted["card"] == server.events["d1.card"][0]
    assert memory.posted["room"] == "!new"


async def test_what_another_type_of_receiver_remembered_is_no_event():
    """The config has the same name for a room now that it had for a channel of Slack: what was posted there can't be changed here."""
    server, memory = Server(), Memory()
    memory.posted = {"card": "1700000000.000100", "ask:7kq2m": "1700000000.000200", "at": "d0", "new": "d0"}
    await Sending(dispatch("d1", memory), "!new", put=server.put, remember=memory.remember).run()
    assert [content.get("m.relates_to") for _, content in server.events.values()] == [None]
    assert memory.posted["card"] == "$0"


async def test_a_dispatch_goes_whole_to_the_new_room():
    """Where the room is another one from one attempt to the next, nothing of it is there yet."""
    memory = Memory()
    with pytest.raises(TryAgainError):
        await Sending(
            dispatch("d0", memory, notice(1), notice(2)), "!old", put=Server(["well", "lost"]).put, remember=memory.remember
        ).run()
    server = Server()
    await Sending(dispatch("d0", memory, notice(1), notice(2)), "!new", put=server.put, remember=memory.remember).run()
    assert list(server.events) == ["d0.card", "d0.lines"]
    assert server.events["d0.lines"][1]["m.relates_to"]["event_id"] == memory.posted["card"]


async def test_a_single_message_needs_no_thread():
    """What is said once, as a digest or a test, is one message."""
    server, memory = Server(), Memory()
    await Sending(dispatch("d0", memory), "!r", put=server.put, remember=memory.remember).run()
    assert list(server.events) == ["d0.card"]


@pytest.mark.parametrize(
    ("entry", "told", "open_"),
    [
        ("7kq2m", (), ("7kq2m",)),
        ("", (("x2222", "asked"),), ("x2222",)),
        ("", (("x2222", "asked"), ("x2222", "denied")), ()),
        ("7kq2m", (("7kq2m", "noted"),), ("7kq2m",)),
        ("7kq2m", (("7kq2m", "expired"),), ()),
        ("7kq2m", (("x2222", "asked"),), ("7kq2m", "x2222")),
    ],
)
def test_which_questions_are_open(entry, told, open_):
    """What the card shows, and what the newest notices say of it."""
    notices = tuple(notice(number, kind=NoticeKind.DECIDED, approval=id_, outcome=outcome) for number, (id_, outcome) in enumerate(told))
    assert asked(dispatch("d", Memory(), *notices, ask=entry)) == open_
