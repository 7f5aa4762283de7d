"""
An Alertmanager as far as its door: what its API v2 refuses is refused, and what it takes is kept.

It knows an alert by its labels, and takes what it is told last for true: what comes twice changes nothing there, so nothing is ever doubled.
"""

import re
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Any, Final, Self

import orjson
from aiohttp import web

from tests.service.faults.far_sides import Seen
from tests.service.faults.hostile import refused
from tests.service.faults.rude import HTTP

_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


class AlertmanagerSide:
    """As `FarSide` says. `now` is the clock of the test, in milliseconds."""

    name = "alertmanager"
    speech = HTTP
    is_program = True
    never_twice = True
    counts_missed = False

    def __init__(self, now: Callable[[], int]) -> None:
        self.port = 0
        self.refused: list[str] = []
        self._now = now
        self._seen: list[Seen] = []
        self._alerts: dict[str, dict[str, Any]] = {}
        self._runner: web.AppRunner | None = None

    def settings(self, port: int, *, tls: bool, timeout: str) -> dict[str, Any]:
        """As the protocol says."""
        return {"urls": [f"http{'s' if tls else ''}://127.0.0.1:{port}"], "timeout": timeout}

    async def seen(self) -> list[Seen]:
        """As the protocol says."""
        return list(self._seen)

    async def harmful(self) -> list[str]:
        """As the protocol says: labels and annotations go into templates of strangers, so they are text without anything that is obeyed."""
        texts = [
            text
            for alert in self._alerts.values()
            for table in (alert["labels"], alert["annotations"])
            for text in (*table, *table.values())
        ]
        return self.refused + [why for text in texts for why in refused(text)]

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=1 << 24)
        app.router.add_post("/api/v2/alerts", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, cls: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._runner is not None  # __aenter__ made it
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        try:
            alerts = orjson.loads(await request.read())
        except ConnectionError:
            # Cut off on its way here: nothing has arrived.
            return web.Response(status=400)
        wrong = [why for alert in alerts for why in _wrong(alert)]
        if wrong or request.content_type != "application/json":
            self.refused += wrong or ["no JSON"]
            return web.json_response("; ".join(wrong), status=400)
        for alert in alerts:
            labels = orjson.dumps(alert["labels"], option=orjson.OPT_SORT_KEYS).decode()
            before = self._alerts.get(labels, {"annotations": {}})
            self._alerts[labels] = alert
            if alert["annotations"] == before["annotations"]:
                continue
            self._seen.append(Seen(str(len(self._seen)), labels, "\n".join(alert["annotations"].values()), self._now()))
        return web.Response()


def _wrong(alert: dict[str, Any]) -> list[str]:
    """What a real one answers 400 to (`validateAlerts` and the model behind it)."""
    labels = alert["labels"]
    found = [f"label {name!r}" for name in (*labels, *alert["annotations"]) if not _NAME.fullmatch(name)]
    if not any(labels.values()):
        found.append("at least one label pair required")
    if datetime.fromisoformat(alert["startsAt"]) > datetime.fromisoformat(alert["endsAt"]):
        found.append("start time must be before end time")
    return found
