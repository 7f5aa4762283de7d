"""A channel that is told by an app, against the strict stand-in."""

import msgspec
import pytest
from aiohttp import web as http

from tests.service.slack_limits import buttons, said
from tests.service.slack_standin import BOT, CHANNEL, SlackStandIn
from tests.unit.receivers.slack.conftest import turn
from watchdog.model.cards import Card, Standing
from watchdog.model.notices import NoticeKind, Severity
from watchdog.receivers.receiver import RefusedError, TryAgainError
from watchdog.receivers.slack.api import Api, Web
from watchdog.receivers.slack.channel import SlackChannel


async def send(channel, memory, dispatch):
    """Sends it with what is remembered."""
    return await channel.send(msgspec.structs.replace(dispatch, posted=dict(memory.lines)), memory.remember)


async def refusal(channel, memory, dispatch):
    """What the attempt ends with; neither token nor address is in it."""
    with pytest.raises(TryAgainError) as caught:
        await send(channel, memory, dispatch)
    assert not any(secret in str(caught.value) for secret in (BOT, "127.0.0.1"))
    return caught.value


async def test_a_group_is_one_message(slack, channel, memory, entry, dispatch):
    """It is posted once, changed as things move, and what happened stands in its thread; a single thing is not said twice."""
    assert await send(channel, memory, dispatch("d1", entry())) == "posted"
    [card] = slack.shown()
    assert "job stuck on a1" in said(card)
    assert slack.thread(card["ts"]) == []

    over = entry(standing=Standing.RESOLVED, over=2)
    assert await send(channel, memory, dispatch("d2", over, notices=(turn("n2", "a1", NoticeKind.RESOLVED),))) == "changed"
    assert slack.shown() == [card]
    assert card["edits"] == 1
    assert card["text"].startswith("✅")
    [reply] = slack.thread(card["ts"])
    assert "n2" in said(reply)
    assert reply["reply_broadcast"] is False
    assert memory.lines["card"] == card["ts"]


async def test_whoever_is_to_be_called_is_called_once(slack, channel, memory, entry, dispatch):
    """By a critical message that is new, and by a new critical alert of the group; not by its changes, nor by what is over or of less weight."""
    await send(channel, memory, dispatch("d1", entry()))
    assert set(slack.called) == {"<!here>"}
    slack.called.clear()
    await send(channel, memory, dispatch("d2", entry(), notices=(turn("n2", "a1"),)))
    assert slack.called == []
    await send(channel, memory, dispatch("d3", entry(), entry("a2"), notices=(turn("n3", "a2", NoticeKind.FIRING),)))
    assert set(slack.called) == {"<!here>"}
    assert slack.thread(memory.lines["card"])[-1]["reply_broadcast"] is True
    slack.called.clear()
    memory.lines.clear()
    await send(channel, memory, dispatch("d4", entry(severity=Severity.WARNING)))
    memory.lines.clear()
    await send(channel, memory, dispatch("d5", entry(standing=Standing.RESOLVED, over=2)))
    assert slack.called == []


async def test_a_question_is_a_message_of_its_own(slack, conversation, memory, entry, dispatch):
    """In the channel, with buttons; asked once; when it is settled the buttons go."""
    asking = entry(standing=Standing.ASKING, approval="7kq2m", action="recover_process")
    assert await send(conversation, memory, dispatch("d1", asking)) == "posted, with 1 question"
    card, question = slack.shown()
    assert buttons(card) == ["ack"]
    assert buttons(question) == ["approve", "deny"]
    assert question["text"] == "❓ recover_process? job stuck on a1"
    assert memory.lines["ask:7kq2m"] == question["ts"]

    await send(conversation, memory, dispatch("d2", asking, notices=(turn("n2", "a1"),)))
    assert slack.shown() == [card, question]

    answered = (turn("n3", "a1", NoticeKind.DECIDED, approval="7kq2m", outcome="approved", title="approved by ada"),)
    await send(conversation, memory, dispatch("d3", entry(standing=Standing.ACTING), notices=answered))
    assert buttons(question) == []
    assert "approved by ada" in said(question)
    assert "ask:7kq2m" not in memory.lines


async def test_a_question_that_has_no_room_on_the_card_stays(slack, conversation, memory, entry, dispatch):
    """Where a card holds more than it shows, a question that is not on it may be open all the same."""
    await send(conversation, memory, dispatch("d1", entry(standing=Standing.ASKING, approval="7kq2m")))
    crowded = Card(group="g1", entries=(entry("a2"),), more=1, told=3)
    await send(conversation, memory, dispatch("d2", card=crowded, notices=(turn("n2", "a2"),)))
    assert buttons(slack.shown()[1]) == ["approve", "deny"]


async def test_without_an_app_level_token_there_are_no_buttons(slack, channel, memory, entry, dispatch):
    """Nobody would hear them pressed."""
    await send(channel, memory, dispatch("d1", entry(standing=Standing.ASKING, approval="7kq2m")))
    assert [buttons(message) for message in slack.shown()] == [[], []]


@pytest.mark.parametrize("hides_metadata", [False, True])
async def test_a_lost_answer_does_not_double_a_message(slack, channel, memory, entry, dispatch, hides_metadata):
    """Slack has posted it and its answer was lost: the next attempt finds it by its metadata, or by the name of its first block, and goes on behind it."""
    slack.hides_metadata = hides_metadata
    slack.after["chat.postMessage"].append(502)
    error = await refusal(channel, memory, dispatch("d1", entry()))
    assert not error.untouched
    assert len(slack.shown()) == 1
    assert await send(channel, memory, dispatch("d1", entry())) == "posted"
    assert not channel.may_double
    assert len(slack.shown()) == 1
    assert memory.lines["card"] == slack.shown()[0]["ts"]


async def test_a_reply_is_looked_for_in_its_thread(slack, channel, memory, entry, dispatch):
    """Likewise."""
    await send(channel, memory, dispatch("d1", entry()))
    slack.after["chat.postMessage"].append(502)
    await refusal(channel, memory, dispatch("d2", entry(), notices=(turn("n2", "a1"),)))
    await send(channel, memory, dispatch("d2", entry(), notices=(turn("n2", "a1"),)))
    assert len(slack.thread(memory.lines["card"])) == 1


async def test_a_message_among_many_is_found(slack, channel, memory, entry, dispatch):
    """Over several pages."""
    slack.after["chat.postMessage"].append(502)
    await refusal(channel, memory, dispatch("d1", entry()))
    for number in range(450):
        slack.messages[CHANNEL, f"9999999999.{number:06d}"] = {"ts": f"9999999999.{number:06d}", "channel": CHANNEL, "text": "people"}
    await send(channel, memory, dispatch("d1", entry()))
    assert len(slack.shown()) == 451


class Killed(BaseException):
    """The end of an agent, at once."""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("line", range(6))
async def test_an_agent_that_is_killed_at_any_line_doubles_nothing(slack, conversation, memory, entry, dispatch, line, when):
    """What it was about to post was written down before: the next one looks for it, posts what is not there, and goes on behind what is."""
    two = dispatch("d1", entry(standing=Standing.ASKING, approval="7kq2m"), entry("a2"))
    whole, count = memory.remember, iter(range(1_000))

    async def mortal(lines):
        number = next(count)
        if number == line and when == "before":
            raise Killed
        await whole(lines)
        if number == line:
            raise Killed

    memory.remember = mortal
    with pytest.raises(Killed):
        await send(conversation, memory, two)
    await conversation.send(msgspec.structs.replace(two, posted=dict(memory.lines)), whole)
    card, question = slack.shown()
    assert buttons(card) == ["ack"]
    assert buttons(question) == ["approve", "deny"]
    assert len(slack.thread(card["ts"])) == 1
    assert (memory.lines["card"], memory.lines["ask:7kq2m"]) == (card["ts"], question["ts"])


async def test_what_did_not_arrive_is_posted(slack, channel, memory, entry, dispatch):
    """A fault of Slack's may mean either; where the message is not there it is posted."""
    slack.instead["chat.postMessage"].append("fatal_error")
    assert not (await refusal(channel, memory, dispatch("d1", entry()))).untouched
    await send(channel, memory, dispatch("d1", entry()))
    assert len(slack.shown()) == 1


async def test_without_the_scope_a_message_may_double_and_that_is_said(clock, memory, entry, dispatch, caplog):
    """Better twice than never."""
    async with SlackStandIn(apart=0, scopes=frozenset({"chat:write"})) as slack:
        web = Web(timeout=30_000, clock=clock)
        channel = SlackChannel(
            api=Api(slack.api, web), web=web, token=BOT, channel=CHANNEL, mention="", with_buttons=False, clock=clock, apart=0
        )
        slack.after["chat.postMessage"].append(502)
        await refusal(channel, memory, dispatch("d1", entry()))
        await send(channel, memory, dispatch("d1", entry()))
        assert len(slack.shown()) == 2
        assert "may come to Slack twice" in caplog.text
        assert channel.may_double
        assert "without channels:history" in await channel.look()
        await channel.close()


async def test_what_arrived_in_part_is_not_taken_apart(slack, channel, memory, entry, dispatch):
    """The card has arrived, its thread has not: the rest is refused, but the dispatch is not untouched, and only the rest is sent again."""
    two = dispatch("d1", entry(), entry("a2"))
    slack.instead["chat.postMessage"] += [None, "ratelimited"]
    error = await refusal(channel, memory, two)
    assert not error.untouched
    assert len(slack.shown()) == 1
    await send(channel, memory, two)
    assert len(slack.shown()) == 1
    assert len(slack.thread(memory.lines["card"])) == 1
    await send(channel, memory, two)
    assert len(slack.thread(memory.lines["card"])) == 1


async def test_too_fast_is_waited_for(slack, channel, memory, entry, dispatch):
    """429: nothing has arrived, and Slack says how long it wants to be left alone."""
    slack.instead["chat.postMessage"].append(429)
    error = await refusal(channel, memory, dispatch("d1", entry()))
    assert (error.untouched, error.after) == (True, 30_000)
    assert type(error) is TryAgainError
    assert "trying" not in memory.lines


@pytest.mark.parametrize("gone", ["deleted", "frozen"])
async def test_a_message_that_can_not_be_changed_is_posted_anew(slack, channel, memory, entry, dispatch, gone):
    """Somebody has deleted it, or the workspace forbids to change it: a new one takes its place, and is changed from then on."""
    await send(channel, memory, dispatch("d1", entry()))
    first = memory.lines["card"]
    if gone == "deleted":
        slack.delete(first)
    else:
        slack.frozen = True
    assert await send(channel, memory, dispatch("d2", entry(), notices=(turn("n2", "a1"),))) == "posted"
    slack.frozen = False
    assert memory.lines["card"] != first
    assert await send(channel, memory, dispatch("d3", entry(), notices=(turn("n3", "a1"),))) == "changed"


async def test_a_thread_without_its_message_begins_anew(slack, channel, memory, entry, dispatch):
    """Somebody deletes the message in the very moment: nothing is lost, the next attempt posts it anew with all that it says."""
    await send(channel, memory, dispatch("d1", entry()))
    slack.instead["chat.postMessage"].append("thread_not_found")
    later = dispatch("d2", entry(), notices=(turn("n2", "a1"),))
    assert not (await refusal(channel, memory, later)).untouched
    slack.delete(memory.lines["card"])
    assert await send(channel, memory, later) == "posted"
    assert [message["ts"] for message in slack.shown()] == [memory.lines["card"]]


async def test_a_receiver_that_was_closed_stays_closed(channel, memory, entry, dispatch):
    """After a reload the next one speaks."""
    await channel.close()
    assert "closed" in (await refusal(channel, memory, dispatch("d1", entry()))).reason


async def test_a_form_that_slack_does_not_like_is_said_plainly(slack, channel, memory, entry, dispatch, caplog):
    """A message is never lost for its looks."""
    slack.instead["chat.postMessage"].append("invalid_blocks")
    await send(channel, memory, dispatch("d1", entry()))
    [card] = slack.shown()
    assert "blocks" not in card
    assert "job stuck on a1" in card["text"]
    assert "plain text" in caplog.text


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("token_expired", "the token has expired"),
        ("token_revoked", "the token was revoked"),
        ("account_inactive", "the app was removed"),
        ("invalid_auth", "the token is not valid"),
    ],
)
async def test_a_token_that_is_not_good_any_more_is_named(slack, channel, memory, entry, dispatch, code, advice):
    """Refused, with what to do; nothing has arrived."""
    slack.token_says = code
    error = await refusal(channel, memory, dispatch("d1", entry()))
    assert isinstance(error, RefusedError)
    assert error.untouched
    assert advice in error.reason


async def test_a_channel_that_does_not_take_it_is_named(slack, channel, memory, entry, dispatch):
    """Not invited, archived."""
    slack.left = True
    assert "/invite" in (await refusal(channel, memory, dispatch("d1", entry()))).reason
    slack.left, slack.archived = False, True
    assert "archived" in (await refusal(channel, memory, dispatch("d1", entry()))).reason


async def test_a_server_that_is_down_is_untouched(slack, channel, memory, entry, dispatch):
    """Refused connections: the next attempt may be put together anew."""
    await slack.down()
    error = await refusal(channel, memory, dispatch("d1", entry()))
    assert error.untouched
    assert type(error) is TryAgainError
    await slack.up()
    await send(channel, memory, dispatch("d9", entry()))
    assert len(slack.shown()) == 1


async def test_what_is_not_slack_is_not_believed(slack, channel, memory, entry, dispatch):
    """A page of some proxy, a redirect, an answer without end."""

    async def page(request):
        return http.Response(text="<html>please sign in</html>")

    async def elsewhere(request):
        return http.Response(status=302, headers={"Location": f"{slack.url}/services/T012/B012/topsecret"})

    slack.instead["chat.postMessage"] += [page, elsewhere, 500]
    assert "not Slack" in (await refusal(channel, memory, dispatch("d1", entry()))).reason
    assert "redirects are not followed" in (await refusal(channel, memory, dispatch("d1", entry()))).reason
    assert "500" in (await refusal(channel, memory, dispatch("d1", entry()))).reason
    assert slack.shown() == []


async def test_the_look_says_who_one_is(slack, channel):
    """And changes nothing."""
    assert await channel.look() == "signed in as watchdog of Example"
    assert slack.messages == {}
    slack.token_says = "token_revoked"
    with pytest.raises(RefusedError, match="revoked"):
        await channel.look()


async def test_messages_are_kept_apart(clock, memory, entry, dispatch):
    """Slack takes so many in a time: the second one waits, and none is refused."""
    async with SlackStandIn(apart=0.2) as slack:
        web = Web(timeout=30_000, clock=clock)
        channel = SlackChannel(
            api=Api(slack.api, web), web=web, token=BOT, channel=CHANNEL, mention="", with_buttons=False, clock=clock, apart=250
        )
        await send(channel, memory, dispatch("d1", entry(), entry("a2"), entry("a3", approval="7kq2m")))
        await channel.close()
        assert len(slack.messages) == 3
