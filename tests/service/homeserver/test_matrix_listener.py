"""What people say in a room on a real homeserver, as it comes to the desk; and what they are answered."""

import asyncio
import logging

import pytest

from tests.service.homeserver.desk import Desk
from tests.service.homeserver.dispatches import Group, notice
from watchdog.model.cards import Standing
from watchdog.model.notices import NoticeKind
from watchdog.receivers.hearing import Posted

pytestmark = pytest.mark.needs("synapse")
THE_ASK = Posted("incident-7", "ask:7kq2m")


@pytest.fixture
async def asked(ada, bot, room, receiver):
    """A receiver, and a group of it with an open question."""
    ops, group = receiver(bot, room), Group()
    asks = notice("recover_process waits for a person", NoticeKind.DECIDED, approval="7kq2m", outcome="asked")
    await ops.send(group.dispatch(asks, standing=Standing.ASKING, approval="7kq2m"), group.remember)
    return ops, group


async def answers(ada, room, event):
    """What stands in the thread of that message."""
    return [(one["content"]["msgtype"], one["content"]["body"]) for one in await ada.related(room, event, "m.thread")]


@pytest.mark.parametrize(("sign", "means"), [("👍🏽", "approve"), ("👎️", "deny"), ("👀", "ack")])
async def test_a_reaction_is_an_answer(ada, room, asked, listening, until, sign, means):
    """It comes with who gave it, when, and to what; whatever colour it has. The answer stands in the thread and rings nobody."""
    ops, group = asked
    desk = Desk(group)
    await listening(ops, desk)
    event = group.posted["ask:7kq2m"]
    reaction = await ada.react(room, event, sign)
    said = await desk.said.get()
    assert (said.id, said.by, said.text, said.about) == (reaction, ada.id, means, THE_ASK)
    assert said.asked > 1_700_000_000_000
    assert await until(lambda: answers(ada, room, event)) == [("m.notice", f"heard: {means}")]


async def test_a_stranger_is_told_nothing(ada, room, asked, listening, homeserver):
    """What a stranger says comes to the desk under the stranger's own name, and is not answered; it never counts as somebody else's."""
    ops, group = asked
    eve = await homeserver.person("eve")
    await ada._call("POST", "rooms", room, "invite", body={"user_id": eve.id})
    await eve.enter(room)
    await eve._call("PUT", "profile", eve.id, "displayname", body={"displayname": ada.id})
    desk = Desk(group, eve.id)
    await listening(ops, desk)
    await eve.react(room, group.posted["ask:7kq2m"], "👍")
    await eve.say(room, "!watchdog approve 7kq2m")
    await ada.say(room, "!watchdog status")
    assert [(await desk.said.get()).by for _ in range(3)] == [eve.id, eve.id, ada.id]
    assert await answers(ada, room, group.posted["ask:7kq2m"]) == []


async def test_what_is_not_for_us_is_left(ada, bot, room, asked, listening, homeserver):
    """Talk, other signs, what programs say, changes, reactions to what others said or that were taken back, and what we said ourselves are not heard."""
    ops, group = asked
    desk = Desk(group)
    await listening(ops, desk)
    event = group.posted["ask:7kq2m"]
    talk = await ada.say(room, "shall we approve 7kq2m?")
    await ada.react(room, talk, "👍")
    await ada.react(room, event, "🎉")
    await ada.say(room, "!watchdog approve 7kq2m", msgtype="m.notice")
    await ada.say(
        room,
        "* x",
        **{
            "m.new_content": {"msgtype": "m.text", "body": "!watchdog deny 7kq2m"},
            "m.relates_to": {"rel_type": "m.replace", "event_id": talk},
        },
    )
    await bot.say(room, "!watchdog approve 7kq2m")
    await bot.react(room, event, "👍")
    await ada.say(room, "!watchdog status")
    said = await desk.said.get()
    assert (said.text, said.about) == ("!watchdog status", None)


async def test_what_is_typed_is_about_what_it_answers(ada, room, asked, listening, until):
    """In the thread of a message of ours, or as a reply to it, a command is said to that message; answered is where it was said."""
    ops, group = asked
    desk = Desk(group)
    await listening(ops, desk)
    event = group.posted["ask:7kq2m"]
    await ada.say(room, "!watchdog deny too late", **{"m.relates_to": {"rel_type": "m.thread", "event_id": event}})
    await ada.say(room, "> <@watchdog> held\n> more\n\n!watchdog deny", **{"m.relates_to": {"m.in_reply_to": {"event_id": event}}})
    alone = await ada.say(room, "!WATCHDOG  web1 approve 7kq2m")
    said = [await desk.said.get() for _ in range(3)]
    assert [(one.text, one.about) for one in said] == [
        ("!watchdog deny too late", THE_ASK),
        ("!watchdog deny", THE_ASK),
        ("!WATCHDOG  web1 approve 7kq2m", None),
    ]
    assert await until(lambda: answers(ada, room, alone)) == [("m.notice", "heard: !WATCHDOG  web1 approve 7kq2m")]


async def test_a_reaction_to_a_line_is_one_to_its_message(ada, room, asked, listening, until):
    """What rings later stands in the thread: there, too, somebody can say that it was seen."""
    ops, group = asked
    await ops.send(group.dispatch(notice("it fires still", NoticeKind.REMINDER)), group.remember)
    desk = Desk(group)
    await listening(ops, desk)
    line = (await ada.related(room, group.posted["card"], "m.thread"))[-1]
    await ada.react(room, line["event_id"], "👀")
    said = await desk.said.get()
    assert (said.text, said.about) == ("ack", Posted("incident-7", "card"))
    assert ("m.notice", "heard: ack") in await until(lambda: heard_in(ada, room, group.posted["card"]))


async def heard_in(ada, room, event):
    """The answers in that thread, once there is one."""
    return [answer for answer in await answers(ada, room, event) if answer[1].startswith("heard: ")]


async def test_it_goes_on_where_it_was(ada, room, asked, listening, until):
    """What was said before it ever listened is not heard; what was said while it did not run is, in order, and be it more than one page; cut off before it could put away how far it was, it answers nothing twice."""
    ops, group = asked
    desk = Desk(group)
    commands = [f"!watchdog {number}" for number in range(60)]
    await ada.say(room, "!watchdog help")
    task = await listening(ops, desk)
    begun = dict(desk.away)
    task.cancel()
    await asyncio.wait([task])

    for command in commands:
        await ada.say(room, command)
    task = await listening(ops, desk)
    assert [(await desk.said.get()).text for _ in commands] == commands
    await until(lambda: desk.away != begun)
    task.cancel()
    await asyncio.wait([task])

    desk.away = begun
    await listening(ops, desk)
    assert [(await desk.said.get()).text for _ in commands] == commands
    await ada.react(room, group.posted["ask:7kq2m"], "✅")
    assert (await desk.said.get()).text == "approve"
    bodies = [message["content"]["body"] for message in await ada.messages(room) if message["content"]["msgtype"] == "m.notice"]
    assert sorted(body for body in bodies if "!watchdog" in body) == sorted(f"heard: {command}" for command in commands)


async def test_a_restart_of_the_homeserver_is_survived(ada, room, asked, listening, until, homeserver, caplog):
    """It says once that it hears nothing and why, connects anew by itself, says so, and hears what is said then."""
    ops, group = asked
    desk = Desk(group)
    with caplog.at_level(logging.INFO, "watchdog.receivers.matrix"):
        await listening(ops, desk)
        homeserver.stop()
        try:
            await until(lambda: ops.trouble)
        finally:
            homeserver.start()
            await homeserver.answers()
        await ada.react(room, group.posted["ask:7kq2m"], "👍")
        assert (await desk.said.get()).text == "approve"
        await until(lambda: not ops.trouble)
    said = [record.getMessage() for record in caplog.records]
    assert said[0].startswith("Receiver ops hears nothing: ")
    assert said[-1] == "Receiver ops hears again what is said in its room"
    assert not any(str(homeserver.port) in line for line in said)


async def test_a_revoked_token_is_said_once(bot, room, asked, listening, until, caplog):
    """One clear line, and no stream of attempts."""
    ops, group = asked
    desk = Desk(group)
    with caplog.at_level(logging.WARNING, "watchdog.receivers.matrix"):
        await listening(ops, desk)
        await bot.log_out()
        await until(lambda: "access token" in ops.trouble)
    (record,) = caplog.records
    assert "does not accept the access token" in record.getMessage()
    assert bot.token not in record.getMessage()


async def test_a_room_that_becomes_encrypted_is_said(ada, room, asked, listening, until):
    """Who listens notices at once that nothing will be read there any more."""
    ops, group = asked
    await listening(ops, Desk(group))
    await ada.set(room, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
    await until(lambda: "is encrypted" in ops.trouble)
