"""An incoming webhook, against the strict stand-in."""

import pytest
from aiohttp import web

from tests.service.slack_limits import said
from watchdog.model.cards import Standing
from watchdog.receivers.receiver import RefusedError, TryAgainError
from watchdog.receivers.slack.api import Web
from watchdog.receivers.slack.incoming import IncomingWebhook


@pytest.fixture
async def hook(slack, clock):
    """A webhook of that Slack."""
    receiver = IncomingWebhook(slack.webhook, web=Web(timeout=30_000, clock=clock), mention="here")
    yield receiver
    await receiver.close()


async def refusal(hook, memory, dispatch):
    """What the attempt ends with; the address is not in it."""
    with pytest.raises(TryAgainError) as caught:
        await hook.send(dispatch, memory.remember)
    assert "topsecret" not in str(caught.value)
    assert "127.0.0.1" not in str(caught.value)
    return caught.value


async def test_each_dispatch_is_a_message(slack, hook, memory, entry, dispatch):
    """The group as it stands; whoever is to be called is called while it is critical and not over."""
    assert await hook.send(dispatch("d1", entry()), memory.remember) == "ok"
    assert set(slack.called) == {"<!here>"}
    slack.called.clear()
    await hook.send(dispatch("d2", entry(standing=Standing.RESOLVED, over=2)), memory.remember)
    assert slack.called == []
    assert ["job stuck on a1" in said(message) for message in slack.shown()] == [True, True]


async def test_what_slack_says_is_said_in_words(slack, hook, memory, entry, dispatch, clock):
    """Archived, removed, too fast, a fault."""
    slack.archived = True
    assert "archived" in (await refusal(hook, memory, dispatch("d1", entry()))).reason
    slack.archived = False
    slack.instead["webhook"] += [429, 500]
    busy = await refusal(hook, memory, dispatch("d1", entry()))
    assert (busy.untouched, busy.after, type(busy)) == (True, 30_000, TryAgainError)
    assert not (await refusal(hook, memory, dispatch("d1", entry()))).untouched
    gone = IncomingWebhook(f"{slack.url}/services/T012/B012/other", web=Web(timeout=30_000, clock=clock), mention="")
    error = await refusal(gone, memory, dispatch("d1", entry()))
    await gone.close()
    assert isinstance(error, RefusedError)
    assert "make a new one" in error.reason
    assert slack.messages == {}


async def test_a_form_that_slack_does_not_like_is_said_plainly(slack, hook, memory, entry, dispatch):
    """A message is never lost for its looks."""

    async def dislike(request):
        return web.Response(status=400, text="invalid_blocks")

    slack.instead["webhook"].append(dislike)
    await hook.send(dispatch("d1", entry()), memory.remember)
    [message] = slack.shown()
    assert "blocks" not in message
    assert "job stuck on a1" in message["text"]
