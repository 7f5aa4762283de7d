"""People answer by Slack: Socket Mode against the strict stand-in, which wants each envelope acknowledged."""

import asyncio
import contextlib
import logging

import pytest

from tests.service.slack_standin import APP, BOT, CHANNEL
from watchdog.model.cards import Standing
from watchdog.receivers.hearing import Posted
from watchdog.receivers.receiver import RefusedError, TryAgainError
from watchdog.receivers.slack import sockets
from watchdog.receivers.slack.api import Api, Web
from watchdog.receivers.slack.hearing import SlackConversation
from watchdog.receivers.slack.making import introduce
from watchdog.store.failures import StoreError


@contextlib.asynccontextmanager
async def listening(conversation, desk, slack):
    """While it listens, from its first connection on."""
    task = asyncio.create_task(conversation.listen(desk))
    try:
        await slack.wait_for_connections(1)
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def heard(slack, desk):
    """Until what is said over the newest connection arrives."""
    await slack.command("U012AB3CD", "status")
    return await desk.said.get()


@pytest.fixture
async def asked(conversation, memory, entry, dispatch, desk):
    """A card and a question in the channel, by their ids."""
    await conversation.send(dispatch("d1", entry(standing=Standing.ASKING, approval="7kq2m")), memory.remember)
    card, question = memory.lines["card"], memory.lines["ask:7kq2m"]
    desk.known |= {card: Posted("g1", "card"), question: Posted("g1", "ask:7kq2m")}
    return card, question


@pytest.fixture
def at_once(monkeypatch):
    """What would be waited for before the next attempt, which is then made at once."""
    waits = []

    def wait(error, *, attempts):
        waits.append((error, attempts))
        return 0

    monkeypatch.setattr(sockets, "next_wait", wait)
    return waits


async def test_a_press_is_brought_to_the_desk(slack, conversation, desk, asked):
    """Who is the id that only Slack gives; the answer is seen by that person alone."""
    async with listening(conversation, desk, slack):
        pressed = await slack.press("U012AB3CD", asked[1], "approve")
        said = await desk.said.get()
        assert (said.by, said.text, said.about) == ("U012AB3CD", "approve 7kq2m", Posted("g1", "ask:7kq2m"))
        assert said.asked // 1000 == int(float(pressed["actions"][0]["action_ts"]))
        number, answer = await slack.answers.get()
        assert pressed["response_url"].endswith(f"/{number}")
        assert answer == {"response_type": "ephemeral", "replace_original": False, "text": "approved by ada"}


async def test_the_same_press_has_the_same_id(slack, conversation, desk, asked):
    """Slack may bring it again; the desk knows it by that."""
    async with listening(conversation, desk, slack):
        pressed = await slack.press("U012AB3CD", asked[1], "approve")
        await slack.press("U012AB3CD", asked[1], "approve", again_as=pressed)
        await slack.press("U012AB3CD", asked[1], "approve")
        ids = [(await desk.said.get()).id for _ in range(3)]
        assert ids[0] == ids[1] != ids[2]


async def test_it_is_acknowledged_however_slow_the_desk_is(slack, conversation, desk, asked):
    """The disk is full, the desk hangs: each of many presses is acknowledged all the same before it is brought there, and brought later, in order."""
    desk.open.clear()
    async with listening(conversation, desk, slack):
        for _ in range(20):
            await slack.press("U012AB3CD", asked[1], "approve")
        assert desk.said.empty()
        desk.open.set()
        said = [await desk.said.get() for _ in range(20)]
        assert [one.id for one in said] == sorted(one.id for one in said)


async def test_an_acknowledgement_is_of_the_message(slack, conversation, desk, asked):
    """The button on a card says nothing but that; on a message that is not ours it says nothing at all."""
    async with listening(conversation, desk, slack):
        await slack.press("U012AB3CD", asked[0], "ack")
        assert (await desk.said.get()).about == Posted("g1", "card")
        desk.known.clear()
        await slack.press("U012AB3CD", asked[0], "ack")
        await slack.command("U012AB3CD", "status")
        said = await desk.said.get()
        assert (said.text, said.about) == ("/watchdog status", None)


async def test_where_the_desk_says_nothing_nothing_is_answered(slack, conversation, desk, asked):
    """A stranger learns nothing."""
    desk.answer = ""
    async with listening(conversation, desk, slack):
        await slack.press("U666", asked[1], "approve")
        await desk.said.get()
        desk.answer = "<!channel> & co"
        await slack.command("U012AB3CD", "help")
        _, answer = await slack.answers.get()
        assert answer["text"] == "&lt;!channel&gt; &amp; co"
        assert slack.answers.empty()


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
async def test_the_next_connection_is_opened_before_the_old_one_goes(slack, conversation, desk, asked, reason):
    """Slack says that it is about to close: a new one is there first, and what still comes over the old one is heard."""
    async with listening(conversation, desk, slack):
        old = slack.sockets[0]
        await slack.say_farewell(reason)
        await slack.wait_for_connections(2)
        assert not old.closed
        slack.sockets.reverse()
        assert slack.sockets[-1] is old
        await slack.press("U012AB3CD", asked[1], "deny")
        assert (await desk.said.get()).text == "deny 7kq2m"
        await old.close()
        async with slack.connected:
            await slack.connected.wait_for(lambda: old not in slack.sockets)
        await slack.press("U012AB3CD", asked[1], "approve")
        assert (await desk.said.get()).text == "approve 7kq2m"
        assert slack.greeted == 2


async def test_garbage_ends_nothing(slack, conversation, desk):
    """What is no frame, no envelope, or nothing that was offered is acknowledged where it can be, and left."""
    async with listening(conversation, desk, slack):
        for data in ("", "[]", "ping", '{"type": "hello"}', '{"type": 7}', '{"type":"interactive","payload":"x"}'):
            await slack.sockets[-1].send_str(data)
        await slack.sockets[-1].send_bytes(b"\xff\x00")
        await slack.envelope(
            "events_api", {"event": {"type": "message", "text": "approve 7kq2m", "user": "U1"}}, retry_attempt=1, retry_reason="timeout"
        )
        await slack.envelope("interactive", {"type": "view_submission", "user": {"id": "U1"}})
        assert (await heard(slack, desk)).text == "/watchdog status"
        assert slack.greeted == 1


async def test_too_many_connections_are_waited_for(slack, conversation, desk, at_once):
    """Slack takes ten of one app: the eleventh is sent away, and comes again later."""
    slack.most_sockets = 0
    task = asyncio.create_task(conversation.listen(desk))
    async with slack.connected:
        # Whoever comes a second time has understood the first answer.
        await slack.connected.wait_for(lambda: slack.turned_away >= 2)
    assert "too_many_websockets" in at_once[0][0].reason
    assert "too_many_websockets" in conversation.trouble
    slack.most_sockets = 10
    await slack.wait_for_connections(1)
    assert (await heard(slack, desk)).text == "/watchdog status"
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_a_connection_that_breaks_is_opened_anew(slack, conversation, desk, asked, at_once):
    """And what is done then is heard."""
    async with listening(conversation, desk, slack):
        await slack.sockets[0].close()
        await slack.wait_for_connections(2)
        await slack.press("U012AB3CD", asked[1], "approve")
        assert (await desk.said.get()).text == "approve 7kq2m"
        assert [(type(error), attempts) for error, attempts in at_once] == [(TryAgainError, 1)]
        assert conversation.trouble == ""


async def test_slack_that_is_away_is_waited_for(slack, conversation, desk, at_once, caplog):
    """Ever more slowly; it is said once, and once that it is back."""
    caplog.set_level(logging.INFO)
    slack.instead["apps.connections.open"] += ["internal_error", "internal_error", 429, 500]
    async with listening(conversation, desk, slack):
        assert [attempts for _, attempts in at_once] == [1, 2, 3, 4]
        assert at_once[2][0].after == 30_000
        await heard(slack, desk)
    lines = [record.getMessage() for record in caplog.records if record.name.endswith("slack.hearing")]
    assert [line for line in lines if "internal_error" in line] == ["Nobody can answer by Slack: Slack has a fault (internal_error)"]
    assert lines[-1] == "People can answer by Slack"


@pytest.mark.parametrize(
    ("says", "advice"), [("invalid_auth", "the token is not valid"), ("token_revoked", "revoked"), ("not_allowed_token_type", "xapp-")]
)
async def test_a_token_that_is_no_good_is_said_and_tried_seldom(slack, conversation, desk, at_once, says, advice):
    """Why nobody can answer is known while it lasts."""
    slack.instead["apps.connections.open"] += [says]
    async with listening(conversation, desk, slack):
        [(error, _)] = at_once
        assert advice in error.reason
        assert type(error) is RefusedError


async def test_connections_that_are_taken_back_at_once_are_not_opened_for_ever(slack, conversation, desk, at_once):
    """Slack renews them every few hours; one that does so each moment is left alone for a while."""
    async with listening(conversation, desk, slack):
        for number in range(1, 6):
            await slack.wait_for_connections(number)
            await slack.say_farewell("refresh_requested")
        await slack.wait_for_connections(6)
        assert [error.reason for error, _ in at_once] == ["Slack takes back each connection at once"] * 2


async def test_socket_mode_that_is_switched_off_is_said(slack, conversation, desk, at_once):
    """`link_disabled`: a person must switch it on again; then people can answer again."""
    async with listening(conversation, desk, slack):
        await slack.say_farewell("link_disabled")
        await slack.wait_for_connections(2)
        assert "switch it on" in at_once[0][0].reason
        await heard(slack, desk)
        assert conversation.trouble == ""


async def test_two_channels_of_an_agent_can_share_an_app(slack, conversation, desk, asked, clock, caplog):
    """Slack gives what is done in one of them to any of their connections: it is brought to the desk of its own channel all the same."""
    web = Web(timeout=30_000, clock=clock)
    other = SlackConversation(api=Api(slack.api, web), web=web, app_token=APP, token=BOT, channel="C099ZZZZZ", mention="", clock=clock)
    introduce([conversation, other])
    other_desk = type(desk)()
    async with listening(conversation, desk, slack), listening(other, other_desk, slack):
        await slack.wait_for_connections(2)
        await heard(slack, other_desk)
        await slack.press("U012AB3CD", asked[0], "ack")
        said = await desk.said.get()
        assert (said.text, said.about) == ("ack", Posted("g1", "card"))
        assert other_desk.said.empty()
    await other.close()
    assert "an app of its own" not in caplog.text


async def test_what_can_not_be_written_down_is_to_be_said_again(slack, conversation, desk, asked, caplog):
    """The person is told, and the next one is heard."""
    tell = desk.tell

    async def full(said):
        desk.tell = tell
        raise StoreError("the disk is full")

    desk.tell = full
    async with listening(conversation, desk, slack):
        await slack.press("U012AB3CD", asked[1], "approve")
        assert "say it again" in (await slack.answers.get())[1]["text"]
        assert (await heard(slack, desk)).text == "/watchdog status"
    assert "the disk is full" in caplog.text


async def test_the_look_is_at_both_tokens(slack, conversation):
    """Without a connection."""
    assert await conversation.look() == "signed in as watchdog of Example; people can answer"
    slack.app_token_says = "token_revoked"
    with pytest.raises(RefusedError, match="nobody can answer: the token was revoked"):
        await conversation.look()
    assert slack.greeted == 0


async def test_others_of_the_same_app_are_named(slack, conversation, desk, clock, caplog):
    """Two agents with one app: each hears only some of the presses, so the log says what to do."""
    web = Web(timeout=30_000, clock=clock)
    other = SlackConversation(api=Api(slack.api, web), web=web, app_token=APP, token=BOT, channel=CHANNEL, mention="", clock=clock)
    async with listening(conversation, desk, slack), listening(other, desk, slack):
        await slack.wait_for_connections(2)
        await heard(slack, desk)
    await other.close()
    assert "an app of its own" in caplog.text


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        ("https://hooks.slack.com/actions/x", True),
        ("wss://wss-primary.slack.com/link", True),
        ("http://hooks.slack.com/actions/x", False),
        ("https://slack.com.evil.example/x", False),
        ("https://evilslack.com/x", False),
        ("https://[", False),
        ("", False),
    ],
)
def test_an_answer_goes_to_slack_only(url, ours, clock):
    """Encrypted, and to a host below that of the config."""
    assert Api("https://slack.com/api", Web(timeout=1, clock=clock)).is_ours(url) is ours
