"""Slack as an agent meets it: the whole way from the outbox, and a real Sidekiq that is recovered once somebody has pressed a button. The far side is the strict stand-in."""

import asyncio
import contextlib
import signal
import time
from typing import Any

import pytest
from aiohttp import web

from tests.patience import PATIENCE
from tests.service.conftest import _eventually, push_job
from tests.service.slack_limits import buttons, said
from tests.service.slack_standin import APP, BOT, CHANNEL, SlackStandIn
from tests.service.test_recover import Room, config_in
from tests.service.whereabouts import stored
from watchdog.clock import Clock
from watchdog.model.notices import Notice, NoticeKind, Severity
from watchdog.receivers.build import build
from watchdog.receivers.delivery import Deliverer
from watchdog.receivers.hearing import Said
from watchdog.rulefile.receivers import ReceiverSettings
from watchdog.store.outbox import Handed
from watchdog.store.store import Commit, Store

ADA = "U012AB3CD"
STRANGER = "U666"


@pytest.fixture
async def store(tmp_path):
    """An open one."""
    opened = await Store.open(tmp_path / "state", clock=Clock())
    yield opened
    await opened.close()


@contextlib.asynccontextmanager
async def told_in(slack, store):
    """A deliverer that tells the channel what comes into the outbox, with the pace of the product."""
    values = {"token": BOT, "channel": CHANNEL, "api": slack.api, "timeout": 30_000}
    clock = Clock()
    deliverer = Deliverer(store, build({"ops": ReceiverSettings("ops", "slack", values)}, clock), clock)
    task = asyncio.create_task(deliverer.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def turn(number, group, kind=NoticeKind.FIRING, **fields):
    """One turn of a story."""
    title = f"turn {number} of {group}"
    return Notice(
        f"{group}{number}",
        f"{group}-{number}",
        kind,
        Severity.CRITICAL,
        1_700_000_000_000 + number,
        title,
        group=group,
        rule="stuck",
        **fields,
    )


async def all_delivered(store, many):
    """Until the outbox is empty."""

    async def is_so():
        counts = (await store.outbox_counts())["ops"]
        return counts.waiting == 0 and counts.delivered == many

    await _eventually(is_so, within=120, what=lambda: "all to be delivered")


async def test_slack_is_never_called_too_fast(store):
    """Three groups at once, each with a question and more than one thing to tell: nine messages to a channel that takes one a second, and it refuses none."""
    async with SlackStandIn() as slack:
        notices = [
            one
            for group in ("a", "b", "c")
            for one in (turn(1, group, NoticeKind.DECIDED, approval=f"ask{group}", outcome="asked"), turn(2, group))
        ]
        async with told_in(slack, store):
            await store.commit(Commit(seq=1, notices=tuple(Handed("ops", one) for one in notices)))
            await all_delivered(store, 6)
        assert slack.refused == 0
        assert len(slack.messages) == 9
        assert len(slack.shown()) == 6
        assert (await store.outbox_counts())["ops"].dispatches == 3


async def test_what_slack_asks_for_is_waited_for(store):
    """429 with Retry-After: the receiver is left alone for just as long at least, and then gets the same once."""
    times = []

    async def too_fast(request: web.Request) -> web.Response:
        times.append(time.monotonic())
        return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": "3"})

    async with SlackStandIn() as slack:
        slack.instead["chat.postMessage"].append(too_fast)
        async with told_in(slack, store):
            await store.commit(Commit(seq=1, notices=(Handed("ops", turn(1, "a")),)))
            await slack.wait_for(lambda message: "turn 1 of a" in said(message))
            assert time.monotonic() - times[0] >= 2.9
            await all_delivered(store, 1)
        assert len(slack.messages) == 1


async def test_a_connection_outlives_the_timeout_of_calls():
    """How long a call may take says nothing of how long people may be silent."""
    heard: asyncio.Queue[str] = asyncio.Queue()

    class Desk:
        async def about(self, ref: str) -> None:
            raise AssertionError("a command is said to nothing")

        async def tell(self, said_: Said) -> str:
            heard.put_nowait(said_.text)
            return ""

    async with SlackStandIn() as slack:
        values = {"token": BOT, "app_token": APP, "channel": CHANNEL, "api": slack.api, "timeout": 3_000}
        receiver: Any = build({"ops": ReceiverSettings("ops", "slack", values)}, Clock())["ops"]
        task = asyncio.create_task(receiver.listen(Desk()))
        await slack.wait_for_connections(1)
        await slack.command(ADA, "help")
        assert await heard.get() == "/watchdog help"
        socket = slack.sockets[-1]
        await asyncio.sleep(3.5)  # sleeps on purpose: longer than a call may take
        await slack.command(ADA, "status")
        assert await heard.get() == "/watchdog status"
        assert slack.sockets == [socket]
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await receiver.close()


@pytest.mark.needs("redis-server", "sidekiq")
@pytest.mark.timeout(200)
async def test_a_button_approves_and_a_strangers_press_does_not(tmp_path):
    """
    A stuck job, an agent in mode `ask`: the question stands in the channel with its buttons. A stranger presses, and nothing comes of it; then somebody who is named, and the job is
    put into the retry set. The buttons go, the card tells the story, and whoever pressed has an answer that nobody else sees.
    """
    async with SlackStandIn(apart=0.5) as slack, Room(tmp_path / "room") as room:
        config = config_in(room.folder, room.server.url)
        receiver = (
            f"{{type: slack, token: {BOT}, app_token: {APP}, channel: {CHANNEL}, api: '{slack.api}', group_wait: 0s, group_interval: 1s}}"
        )
        text = config.read_text().replace("mode: act", f'mode: ask\nask: {{people: {{ada: ["slack:{ADA}"]}}}}')
        config.write_text("".join(f"  ops: {receiver}\n" if line.startswith("  ops:") else line for line in text.splitlines(keepends=True)))
        config.chmod(0o600)
        victim = await room.sidekiq.start(("push",), concurrency=2)
        stuck = await push_job(room.client, "SleepForever", ["private"])
        agent = await room.agent(config)
        question = await slack.wait_for(lambda message: buttons(message) == ["approve", "deny"])
        await slack.wait_for_connections(1)
        await slack.press(STRANGER, question["ts"], "approve")
        await slack.press(ADA, question["ts"], "approve")
        assert await agent.sees_off(victim, 90) == -signal.SIGKILL
        await agent.wait_for("outcome: .*stage='put_back'.*outcome='1 done'")
        assert (await stored(room.client))[stuck] == ["retry"]
        async with asyncio.timeout(PATIENCE):
            _, answer = await slack.answers.get()
        assert answer["response_type"] == "ephemeral"
        assert "approved" in answer["text"]
        assert slack.answers.empty()
        await slack.wait_for(lambda message: message is question and buttons(message) == [])
        rows = await agent.audit(lambda row: row["kind"] == "approval")
        assert [row["outcome"] for row in rows] == ["asked", "approved", "used"]
        shown = "\n".join(f"{message['text']}\n{said(message)}" for message in slack.messages.values())
        assert "private" not in shown
