"""Whatever is said by a receiver, and by whom: nothing breaks, strangers change nothing, and every answer is a few harmless lines."""

import asyncio

from hypothesis import given
from hypothesis import strategies as some

from tests.unit.daemon.room import ADA, CARD, Room
from watchdog.model.verdicts import Mode
from watchdog.receivers.hearing import Posted
from watchdog.receivers.spoken import is_for_us, read

WORDS = (
    "approve", "deny", "ack", "silence", "status", "why", "help", "pause", "arm", "for", "2h", "0", "7d", "rule=*", "rule=[", "target=web1/*", "label.x=y", "stuck-job", "web1",
    "web2", "7kq2m", "1.0", "web1/app[push]", "ID", "!watchdog", "=", "for ever", "-1h", "99999999999d",
)  # fmt: skip
TEXTS = some.one_of(
    some.text(max_size=60), some.lists(some.one_of(some.sampled_from(WORDS), some.text(max_size=5)), max_size=8).map(" ".join)
)
ABOUT = some.sampled_from((None, CARD, Posted("g1", "ask:ID"), Posted("g1", "ask:7kq2m"), Posted("gone", "card"), Posted("", "")))
STRANGERS = some.one_of(some.text(max_size=20), some.sampled_from(("@ADA:example.org", "root", "ada", "local:root", "")))


def of(room: Room, text: str, about: Posted | None) -> tuple[str, Posted | None]:
    """The same with the id of the very question that is open."""
    name = "" if about is None else about.name.replace("ID", room.asked)
    return text.replace("ID", room.asked), None if about is None else Posted(about.group, name)


@given(said=some.lists(some.tuples(TEXTS, ABOUT), max_size=6))
def test_a_person_is_answered_in_harmless_lines(said):
    """No text breaks anything, and none says more than a screen holds."""

    async def talk() -> None:
        room = Room(Mode.ASK)
        for written, shown in said:
            text, about = of(room, written, shown)
            answer = await room.say(text, by=ADA, about=about)
            assert len(answer) < 20_000
            assert not answer or answer.startswith("web1: ")

    asyncio.run(talk())


@given(said=some.lists(some.tuples(TEXTS, ABOUT, STRANGERS), max_size=6))
def test_a_stranger_changes_nothing(said):
    """But the audit log, and what was heard; and is answered nothing."""

    async def talk() -> None:
        room = Room(Mode.ASK)
        before = room.talk.state.ledger
        for written, shown, by in said:
            text, about = of(room, written, shown)
            assert await room.say(text, by=by, about=about) == ""
        after = room.talk.state.ledger
        for part in ("approvals", "acks", "silences", "pauses", "arming", "rearmed", "requests"):
            assert getattr(after, part) == getattr(before, part), part
        assert {row.outcome for row in room.talk.audit("operator")} <= {"refused"}

    asyncio.run(talk())


@given(text=some.text(), is_reply=some.booleans())
def test_every_text_means_something(text, is_reply):
    """At least that it is none of what can be said."""
    host, meant = read(text, is_reply=is_reply)
    assert meant is not None
    assert host == "" or host in text
    assert is_for_us(text) in (True, False)
