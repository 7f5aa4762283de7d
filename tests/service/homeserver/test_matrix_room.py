"""A room on a real homeserver, as somebody in it sees it: what is sent, changed, told in threads, and what a room says no to."""

import pytest

from tests.service.homeserver.dispatches import Group, notice
from watchdog.model.cards import Standing
from watchdog.model.notices import NoticeKind, Severity
from watchdog.receivers.receiver import RefusedError, TryAgainError

pytestmark = pytest.mark.needs("synapse")


async def refusal(awaitable, *secrets):
    """What it ends with; none of these is in its words."""
    with pytest.raises(TryAgainError) as caught:
        await awaitable
    for secret in secrets:
        assert secret not in caught.value.reason
    return caught.value


async def test_an_incident_is_one_message_with_a_thread(ada, bot, room, receiver):
    """The message is sent once and changed as the incident moves; what happened stands in its thread, in order; an invitation was accepted; nobody is mentioned."""
    ops, group = receiver(bot, room), Group()
    answer = await ops.send(group.dispatch(notice("3 jobs held", NoticeKind.FIRING)), group.remember)
    await ops.send(
        group.dispatch(notice("TERM sent"), notice("pid 12 has ended"), standing=Standing.ACTING, did=("TERM sent",)), group.remember
    )
    await ops.send(
        group.dispatch(notice("all is well", NoticeKind.RESOLVED, Severity.INFO), standing=Standing.RESOLVED, over=1_700_000_100_000),
        group.remember,
    )

    messages = await ada.messages(room)
    assert all(message["sender"] == bot.id and message["content"]["m.mentions"] == {} for message in messages)
    (card,) = [message for message in messages if "m.relates_to" not in message["content"]]
    assert card["event_id"] == group.posted["card"]
    assert card["event_id"] in answer
    assert card["content"]["msgtype"] == "m.text"
    assert card["content"]["body"].startswith("CRITICAL 3 jobs held on web1/sidekiq")
    assert (await ada.shown(room, card["event_id"]))["body"].startswith("OVER 3 jobs held on web1/sidekiq")
    changes = await ada.related(room, card["event_id"], "m.replace")
    assert [change["content"]["body"][:2] for change in changes] == ["* ", "* "]
    lines = [one["content"]["body"].splitlines() for one in await ada.related(room, card["event_id"], "m.thread")]
    assert [[line.partition(" ")[2] for line in told] for told in lines] == [["TERM sent", "pid 12 has ended"], ["all is well"]]


async def test_a_retry_never_doubles(ada, bot, room, receiver):
    """A dispatch of which nobody could remember that it was sent is sent again whole, and the room has it once."""
    ops, group = receiver(bot, room), Group()
    await ops.send(group.dispatch(notice("3 jobs held", NoticeKind.FIRING)), group.remember)

    async def forget(_lines):
        raise OSError

    second = group.dispatch(notice("TERM sent"), standing=Standing.ACTING)
    for _ in range(3):
        with pytest.raises(OSError):
            await ops.send(second, forget)
    await ops.send(second, group.remember)
    await ops.send(second, group.remember)
    assert len(await ada.messages(room)) == 3


async def test_a_question_is_a_message_of_its_own(ada, bot, room, receiver):
    """It rings, says how to answer, is remembered as long as it is open, and says what became of it afterwards."""
    ops, group = receiver(bot, room), Group()
    asked = notice("recover_process waits for a person", NoticeKind.DECIDED, approval="7kq2m", outcome="asked")
    await ops.send(group.dispatch(asked, standing=Standing.ASKING, approval="7kq2m", action="recover_process"), group.remember)
    event = group.posted["ask:7kq2m"]
    shown = await ada.shown(room, event)
    assert "!watchdog approve 7kq2m" in shown["body"]
    assert shown["msgtype"] == "m.text"
    assert "m.relates_to" not in shown

    await ops.send(
        group.dispatch(
            notice("one more must", NoticeKind.DECIDED, approval="7kq2m", outcome="noted"), standing=Standing.ASKING, approval="7kq2m"
        ),
        group.remember,
    )
    assert group.posted["ask:7kq2m"] == event
    await ops.send(
        group.dispatch(notice("approved by ada", NoticeKind.DECIDED, approval="7kq2m", outcome="approved"), standing=Standing.ACTING),
        group.remember,
    )
    assert "ask:7kq2m" not in group.posted
    after = (await ada.shown(room, event))["body"]
    assert "approved by ada" in after
    assert "!watchdog" not in after


async def test_what_is_urgent_rings_in_the_thread(ada, bot, room, receiver):
    """A change of a message rings nobody, and neither does a notice; a reminder, an escalation and what is critical are messages in the thread."""
    ops, group = receiver(bot, room), Group()
    for told in (
        notice("3 jobs held", NoticeKind.FIRING, Severity.CRITICAL),
        notice("TERM sent"),
        notice("it fires still", NoticeKind.REMINDER),
        notice("not helped", NoticeKind.ENDED, Severity.CRITICAL),
        notice("over", NoticeKind.RESOLVED, Severity.CRITICAL),
    ):
        await ops.send(group.dispatch(told), group.remember)
    kinds = [line["content"]["msgtype"] for line in await ada.related(room, group.posted["card"], "m.thread")]
    assert kinds == ["m.notice", "m.text", "m.text", "m.notice"]


async def test_an_alias_is_followed(ada, bot, homeserver, receiver):
    """The alias leads to the room, and to the one that comes after it."""
    alias = "#ops-alias:watchdog.test"
    first = await ada.room(bot, room_alias_name="ops-alias")
    ops, group = receiver(bot, alias), Group()
    await ops.send(group.dispatch(notice("3 jobs held", NoticeKind.FIRING)), group.remember)
    assert len(await ada.messages(first)) == 1
    answer = await ada._call("POST", "rooms", first, "upgrade", body={"new_version": "10"})
    # Whoever was in the old room is invited by an expert's client; the server moves the alias.
    await ada._call("POST", "rooms", answer["replacement_room"], "invite", body={"user_id": bot.id})
    again = receiver(bot, alias)
    await again.send(group.dispatch(notice("TERM sent")), group.remember)
    assert len(await ada.messages(answer["replacement_room"])) >= 1
    assert "new one" in (await refusal(receiver(bot, first).look())).reason


async def test_an_encrypted_room_is_refused(ada, bot, receiver):
    """Nothing is written into it in the clear; the reason names the room and both ways out, and comes also where it was encrypted later."""
    room = await ada.room(bot)
    ops, group = receiver(bot, room), Group()
    await ops.look()
    await ada.set(room, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
    for attempt in (receiver(bot, room).send(group.dispatch(notice("held")), group.remember), ops.look()):
        error = await refusal(attempt, bot.token)
        assert isinstance(error, RefusedError)
        assert error.untouched
        assert room in error.reason
        assert "is encrypted" in error.reason
        assert "without encryption" in error.reason
        assert "leave this one to people" in error.reason
    assert await ada.messages(room) == []


async def test_who_is_not_in_the_room_says_who_to_invite(ada, bot, receiver):
    """Without an invitation, and after it was sent out: the reason names the user."""
    room = await ada.room()
    error = await refusal(receiver(bot, room).look(), bot.token)
    assert isinstance(error, RefusedError)
    assert bot.id in error.reason
    assert "invite it" in error.reason
    room = await ada.room(bot)
    ops, group = receiver(bot, room), Group()
    assert bot.id in await ops.look()
    await ada.remove(room, bot)
    error = await refusal(ops.send(group.dispatch(notice("held")), group.remember))
    assert isinstance(error, RefusedError)
    assert "invite it" in error.reason


async def test_a_revoked_token(ada, bot, room, receiver, homeserver):
    """A clear sentence what to do, which holds neither token nor address; it is no error that passes by itself."""
    ops, group = receiver(bot, room), Group()
    await ops.send(group.dispatch(notice("held")), group.remember)
    await bot.log_out()
    error = await refusal(ops.send(group.dispatch(notice("TERM sent")), group.remember), bot.token, str(homeserver.port))
    assert isinstance(error, RefusedError)
    assert error.untouched
    assert "does not accept the access token" in error.reason
    assert "make a new one" in error.reason
    assert "M_UNKNOWN_TOKEN" in error.reason


async def test_a_rate_limit_is_heeded(ada, receiver, homeserver):
    """The server's own limit says for how long to wait; once more is let through, what was sent before is not sent again, and all is there once. Whether it refused the first call of a dispatch or a later one is told apart."""
    bot = await homeserver.person("watchdog", limited=True)
    room = await ada.room(bot)
    ops, group = receiver(bot, room), Group()
    await ops.send(group.dispatch(notice("turn 0", NoticeKind.FIRING)), group.remember)
    second = group.dispatch(notice("turn 1"))
    error = await refusal(ops.send(second, group.remember), bot.token)
    assert not isinstance(error, RefusedError)
    assert "M_LIMIT_EXCEEDED" in error.reason
    assert error.after is not None
    assert 0 < error.after <= 200_000
    assert not error.untouched  # the change of the message was taken, the line in the thread was not
    third = await refusal(ops.send(group.dispatch(notice("turn 2")), group.remember))
    assert third.untouched
    await homeserver.let_through(bot)
    await ops.send(second, group.remember)
    lines = [one["content"]["body"].partition(" ")[2] for one in await ada.related(room, group.posted["card"], "m.thread")]
    assert lines == ["turn 1"]
    assert len(await ada.messages(room)) == 3


async def test_who_may_not_write_says_so(ada, bot, room, receiver):
    """It is in the room, and its messages are not wanted."""
    ops, group = receiver(bot, room), Group()
    await ops.look()
    await ada.set(room, "m.room.power_levels", {"events_default": 50})
    error = await refusal(ops.send(group.dispatch(notice("held")), group.remember), bot.token)
    assert isinstance(error, RefusedError)
    assert error.untouched
    assert "may not write in the room" in error.reason
    assert "M_FORBIDDEN" in error.reason


async def test_a_restart_of_the_homeserver(ada, bot, room, receiver, homeserver):
    """While it is away nothing can have arrived; when it is back the same receiver goes on with the same message."""
    ops, group = receiver(bot, room), Group()
    await ops.send(group.dispatch(notice("held", NoticeKind.FIRING)), group.remember)
    homeserver.stop()
    try:
        dispatch = group.dispatch(notice("TERM sent"), standing=Standing.ACTING)
        error = await refusal(ops.send(dispatch, group.remember), bot.token, "127.0.0.1", str(homeserver.port))
        assert not isinstance(error, RefusedError)
        assert error.untouched
        assert error.reason == "can't connect: Connection refused"
    finally:
        homeserver.start()
        await homeserver.answers()
    await ops.send(dispatch, group.remember)
    assert len(await ada.related(room, group.posted["card"], "m.replace")) == 1
    assert len(await ada.messages(room)) == 3


async def test_a_message_too_large_is_cut(ada, bot, room, receiver):
    """However much there is to say, the server takes it."""
    ops, group = receiver(bot, room), Group()
    many = tuple(notice(f"{number} " + "ä" * 240, id=str(number)) for number in range(500))
    await ops.send(group.dispatch(*many, title="x" * 100_000, seen=("y" * 100_000,) * 40), group.remember)
    await ops.send(group.dispatch(*many, title="x" * 100_000, seen=("y" * 100_000,) * 40), group.remember)
    last = (await ada.related(room, group.posted["card"], "m.thread"))[-1]["content"]["body"]
    assert "499 ä" in last
