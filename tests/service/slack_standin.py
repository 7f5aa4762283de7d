"""
A stand-in for Slack that refuses what Slack refuses, after what Slack documents:

- limits of blocks: https://docs.slack.dev/reference/block-kit/blocks (50 blocks; section 3,000, header 150, 25 elements in actions, 10 in context),
  …/block-elements/button-element (text 75, action_id 255, value 2,000), …/composition-objects/confirmation-dialog-object (100, 300, 30, 30), block_id 255;
- all texts together: undocumented; `msg_blocks_too_long` at some 13,200 characters (slackapi/bolt-js issue 2509);
- text of 40,000 characters is cut off: https://docs.slack.dev/changelog/2018-04-truncating-really-long-messages; beyond that chat.update says `msg_too_long`;
- one message a second and channel, 429 with Retry-After: https://docs.slack.dev/apis/web-api/rate-limits;
- errors: https://docs.slack.dev/reference/methods/chat.postMessage, …/chat.update, …/conversations.history, …/apps.connections.open;
- webhooks' plain answers and their statuses: https://docs.slack.dev/changelog/2016-05-17-changes-to-errors-for-incoming-webhooks;
- Socket Mode: https://docs.slack.dev/apis/events-api/using-socket-mode (hello, envelopes, three seconds, disconnect, ten connections).

Where Slack only warns (no charset), it refuses. Lengths are counted as JavaScript does. It is no Slack: nobody but us has said that it behaves like one.
"""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Final, Self

from aiohttp import WSMsgType, web

from tests.patience import PATIENCE
from tests.service.slack_limits import CALLS, buttons_of, no, said, texts_in, wrong_with_blocks, wrong_with_message, yes

BOT: Final = "xoxb-1-strict"
APP: Final = "xapp-1-strict"
CHANNEL: Final = "C012AB3CD"
ALL_SCOPES: Final = frozenset({"chat:write", "channels:history", "groups:history", "commands"})
Answer = str | int | Callable[[web.Request], Awaitable[web.StreamResponse]]
"""What is answered instead: an error of Slack, a bare status, or whatever a coroutine makes of the request."""


class SlackStandIn:
    """
    Listens on the loopback. `messages` are by channel and id; `calls` are (method, arguments) in the order in which they came; `called` who was called by which text; `refused` how many calls came too fast.

    `instead[method]` are answers to the next calls of it (None: as usual); `after[method]` are given once the call has been carried out: its answer is lost. `apart` is in seconds.
    """

    def __init__(self, *, apart: float = 1.0, scopes: frozenset[str] = ALL_SCOPES) -> None:
        self.messages: dict[tuple[str, str], dict[str, Any]] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.called: list[str] = []
        self.answers: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()
        self.instead: defaultdict[str, list[Answer | None]] = defaultdict(list)
        self.after: defaultdict[str, list[Answer]] = defaultdict(list)
        self.archived = self.left = self.frozen = self.is_off = self.hides_metadata = False
        self.token_says = ""
        self.app_token_says = ""
        self.connected = asyncio.Condition()
        self.changed = asyncio.Condition()
        self.sockets: list[web.WebSocketResponse] = []
        self.greeted = self.refused = self.turned_away = 0
        self.most_sockets = 10
        self.url = ""
        self._apart = apart
        self._scopes = scopes
        self._last: defaultdict[str, float] = defaultdict(float)
        self._tickets: set[str] = set()
        self._pending: dict[str, asyncio.Future[None]] = {}
        self._number = 0
        self._port = 0
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        await self.up()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.down()

    async def up(self) -> None:
        """Start to listen, on the same port as before."""
        application = web.Application()
        application.router.add_post("/api/{method}", self._web_api)
        application.router.add_post("/services/T012/B012/{secret}", self._webhook)
        application.router.add_post("/answer/{id}", self._take_answer)
        application.router.add_get("/link", self._socket)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True).start()
        self._port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self._port}"

    async def down(self) -> None:
        """Refuse connections from now on."""
        for socket in list(self.sockets):
            await socket.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def api(self) -> str:
        return f"{self.url}/api"

    @property
    def webhook(self) -> str:
        return f"{self.url}/services/T012/B012/topsecret"

    def shown(self) -> list[dict[str, Any]]:
        """What stands in the channel itself, oldest first."""
        return [its for its in self.messages.values() if "thread_ts" not in its or its["thread_ts"] == its["ts"]]

    def thread(self, ts: str) -> list[dict[str, Any]]:
        """The replies to a message, oldest first."""
        return [its for its in self.messages.values() if its.get("thread_ts") == ts]

    async def wait_for(self, found: Callable[[dict[str, Any]], bool], within: float = PATIENCE) -> dict[str, Any]:
        """The first message of which that is true, as soon as there is one."""

        def first() -> dict[str, Any] | None:
            return next(filter(found, self.messages.values()), None)

        try:
            async with asyncio.timeout(within), self.changed:
                await self.changed.wait_for(lambda: first() is not None)
        except TimeoutError:
            raise AssertionError("no such message came:\n" + "\n---\n".join(map(said, self.messages.values()))) from None
        return first() or {}

    def delete(self, ts: str) -> None:
        """Somebody deletes a message."""
        del self.messages[CHANNEL, ts]

    # The Web API.

    async def _web_api(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        body = await request.read()
        if self.instead[method] and (instead := self.instead[method].pop(0)) is not None:
            return await _said(instead, request)
        kind = request.headers.get("content-type", "")
        if kind.replace(" ", "").lower() != "application/json;charset=utf-8":
            return no("invalid_post_type" if "json" not in kind else "invalid_charset")
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not token:
            return no("not_authed")
        try:
            arguments = json.loads(body)
        except ValueError:
            return no("invalid_json")
        if not isinstance(arguments, dict):
            return no("json_not_object")
        self.calls.append((method, arguments))
        expected, says = (APP, self.app_token_says) if method == "apps.connections.open" else (BOT, self.token_says)
        if token in {APP, BOT} and token != expected:
            return no("not_allowed_token_type")
        if token != expected or says:
            return no(says or "invalid_auth")
        answer = self._answered(method, arguments)
        async with self.changed:
            self.changed.notify_all()
        if token == BOT:
            answer.headers["x-oauth-scopes"] = ",".join(sorted(self._scopes))
        if self.after[method]:
            return await _said(self.after[method].pop(0), request)
        return answer

    def _answered(self, method: str, its: dict[str, Any]) -> web.Response:
        match method:
            case "auth.test":
                return yes({"user": "watchdog", "team": "Example", "url": "https://example.slack.com/"})
            case "apps.connections.open":
                if self.is_off:
                    return no("socket_mode_not_enabled")
                ticket = self._next_id()
                self._tickets.add(ticket)
                return yes({"url": f"ws://127.0.0.1:{self._port}/link?ticket={ticket}&app_id=A012"})
            case "chat.postMessage":
                return self._post(its)
            case "chat.update":
                return self._update(its)
            case "conversations.history" | "conversations.replies":
                return self._history(method, its)
            case _:
                return no("unknown_method")

    def _post(self, its: dict[str, Any]) -> web.Response:
        wrong = self._scope("chat:write") or self._channel(its) or wrong_with_message(its)
        if wrong:
            return wrong
        thread = its.get("thread_ts")
        if thread is not None and (CHANNEL, thread) not in self.messages:
            return no("thread_not_found")
        metadata = its.get("metadata")
        if metadata is not None and (
            not isinstance(metadata.get("event_type"), str) or not isinstance(metadata.get("event_payload"), dict)
        ):
            return no("invalid_metadata_format")
        if wait := self._rate(its["channel"]):
            return wait
        ts = self._ts()
        self._keep(its | {"ts": ts, "text": its["text"][:40_000]})
        return yes({"channel": its["channel"], "ts": ts, "message": {"ts": ts}})

    def _update(self, its: dict[str, Any]) -> web.Response:
        wrong = self._scope("chat:write") or self._channel(its)
        if wrong:
            return wrong
        known = self.messages.get((its["channel"], str(its.get("ts"))))
        if known is None:
            return no("message_not_found")
        if self.frozen:
            return no("edit_window_closed")
        if len(its.get("text", "")) > 40_000:
            return no("msg_too_long")
        if wrong := wrong_with_message(its):
            return wrong
        # Who is called by a change is not rung.
        known.update({name: value for name, value in its.items() if name in {"text", "blocks"}}, edits=known.get("edits", 0) + 1)
        return yes({"channel": its["channel"], "ts": known["ts"], "text": its["text"]})

    def _history(self, method: str, its: dict[str, Any]) -> web.Response:
        wrong = self._scope("channels:history") or self._channel(its)
        if wrong:
            return wrong
        if not 1 <= int(its.get("limit", 100)) <= 999:
            return no("invalid_limit")
        oldest = float(its.get("oldest", "0"))
        if method == "conversations.replies":
            found = [one for one in self.messages.values() if its["ts"] in {one["ts"], one.get("thread_ts")}]
        else:
            found = list(reversed(self.shown()))
        found = [one for one in found if float(one["ts"]) >= oldest]
        if not its.get("include_all_metadata") or self.hides_metadata:
            found = [{name: value for name, value in one.items() if name != "metadata"} for one in found]
        begin, limit = int(its.get("cursor") or 0), int(its.get("limit", 100))
        further = str(begin + limit) if begin + limit < len(found) else ""
        return yes({"messages": found[begin : begin + limit], "has_more": bool(further), "response_metadata": {"next_cursor": further}})

    def _scope(self, scope: str) -> web.Response | None:
        if scope in self._scopes:
            return None
        return web.json_response({"ok": False, "error": "missing_scope", "needed": scope, "provided": ",".join(sorted(self._scopes))})

    def _channel(self, its: dict[str, Any]) -> web.Response | None:
        if its.get("channel") != CHANNEL:
            return no("channel_not_found")
        if self.left:
            return no("not_in_channel")
        return no("is_archived") if self.archived else None

    def _rate(self, channel: str) -> web.Response | None:
        now = time.monotonic()
        if now < self._last[channel] + self._apart:
            self.refused += 1
            return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": "1"})
        self._last[channel] = now
        return None

    def _keep(self, message: dict[str, Any]) -> None:
        self.messages[message["channel"], message["ts"]] = message
        texts = {message["text"], *(text["text"] for text in texts_in(message.get("blocks", [])) if text["type"] == "mrkdwn")}
        self.called += sorted({call for text in texts for call in CALLS.findall(text)})

    def _next_id(self) -> str:
        self._number += 1
        return str(self._number)

    def _ts(self) -> str:
        self._number += 1
        return f"{int(time.time())}.{self._number:06d}"

    # Incoming webhooks.

    async def _webhook(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if self.instead["webhook"] and (instead := self.instead["webhook"].pop(0)) is not None:
            return await _said(instead, request)
        if request.match_info["secret"] != "topsecret":
            return web.Response(status=404, text="no_service")
        if self.archived:
            return web.Response(status=410, text="channel_is_archived")
        try:
            its = json.loads(body)
        except ValueError:
            return web.Response(status=400, text="invalid_payload")
        self.calls.append(("webhook", its))
        if "application/json" not in request.headers.get("content-type", "") or not isinstance(its, dict):
            return web.Response(status=400, text="invalid_payload")
        if set(its) & {"ts", "thread_ts", "metadata", "channel"}:
            return web.Response(status=400, text="invalid_payload")
        if not its.get("text") and not its.get("blocks"):
            return web.Response(status=400, text="no_text")
        if wrong_with_blocks(its.get("blocks", [])):
            return web.Response(status=400, text="invalid_blocks")
        if self._rate("webhook"):
            return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": "1"})
        self._keep(its | {"ts": self._ts(), "channel": CHANNEL})
        if self.after["webhook"]:
            return await _said(self.after["webhook"].pop(0), request)
        return web.Response(text="ok")

    # Socket Mode.

    async def press(self, who: str, ts: str, action_id: str, *, again_as: dict[str, Any] | None = None) -> dict[str, Any]:
        """Somebody presses a button that is there; returns the payload once its envelope was acknowledged."""
        button = next(one for one in buttons_of(self.messages[CHANNEL, ts]) if one["action_id"] == action_id)
        payload = again_as or {
            "type": "block_actions",
            "user": {"id": who, "username": "@channel", "name": "ada", "team_id": "T012"},
            "api_app_id": "A012",
            "token": "deprecated",
            "container": {"type": "message", "message_ts": ts, "channel_id": CHANNEL, "is_ephemeral": False},
            "trigger_id": self._next_id(),
            "team": {"id": "T012", "domain": "example"},
            "enterprise": None,
            "is_enterprise_install": False,
            "channel": {"id": CHANNEL, "name": "ops"},
            "response_url": f"{self.url}/answer/{self._next_id()}",
            "actions": [button | {"block_id": "b1", "action_ts": self._ts()}],
        }
        await self.envelope("interactive", payload, accepts_response_payload=False)
        return payload

    async def command(self, who: str, text: str) -> None:
        """Somebody says `/watchdog …`; returns once its envelope was acknowledged."""
        payload = {
            "token": "deprecated", "team_id": "T012", "channel_id": CHANNEL, "channel_name": "ops", "user_id": who, "user_name": "ada",
            "command": "/watchdog", "text": text, "api_app_id": "A012", "response_url": f"{self.url}/answer/{self._next_id()}", "trigger_id": self._next_id(),
        }  # fmt: skip
        await self.envelope("slash_commands", payload, accepts_response_payload=True)

    async def envelope(self, kind: str, payload: dict[str, Any], **more: Any) -> None:
        """
        Sends it to the connection that was made last; raises `TimeoutError` where it is not acknowledged.

        Slack waits three seconds for that. How long it takes on a machine that does other things as well says nothing: a test sees to it that nothing has been done with the envelope by then.
        """
        id_ = f"envelope-{self._next_id()}"
        acknowledged: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pending[id_] = acknowledged
        await self.sockets[-1].send_json({"envelope_id": id_, "type": kind, "payload": payload, **more})
        async with asyncio.timeout(PATIENCE):
            await acknowledged

    async def say_farewell(self, reason: str) -> None:
        """Tells the connection that was made last that it is to go; it goes when `close` is called."""
        await self.sockets[-1].send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-1"}})

    async def wait_for_connections(self, greeted: int) -> None:
        """Until so many have been greeted, since the beginning."""
        async with self.connected:
            await self.connected.wait_for(lambda: self.greeted >= greeted)

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=403)
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        if len(self.sockets) >= self.most_sockets:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await socket.close()
            async with self.connected:
                self.turned_away += 1
                self.connected.notify_all()
            return socket
        self.sockets.append(socket)
        await socket.send_json(
            {
                "type": "hello",
                "num_connections": len(self.sockets),
                "connection_info": {"app_id": "A012"},
                "debug_info": {"approximate_connection_time": 18060},
            }
        )
        async with self.connected:
            self.greeted += 1
            self.connected.notify_all()
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    pending = self._pending.pop(json.loads(message.data)["envelope_id"], None)
                    if pending is not None:
                        pending.set_result(None)
        finally:
            self.sockets.remove(socket)
            async with self.connected:
                self.connected.notify_all()
        return socket

    async def _take_answer(self, request: web.Request) -> web.Response:
        self.answers.put_nowait((request.match_info["id"], await request.json()))
        return web.Response(text="ok")


async def _said(answer: Answer, request: web.Request) -> web.StreamResponse:
    if isinstance(answer, int):
        return web.Response(status=answer, headers={"Retry-After": "30"} if answer == 429 else {})
    return no(answer) if isinstance(answer, str) else await answer(request)
