"""A private Alertmanager on the loopback, by itself and in no cluster, that passes on what it is told to a web hook of its own."""

import asyncio
import signal
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp import web

from tests.conftest import daemon
from tests.patience import PATIENCE
from tests.ports import free_port
from tests.service.conftest import Served, _die_with_parent, _eventually


class AlertmanagerServer:
    """`folder` keeps its silences over `stop` and `start`; `url` stays the same. `passed_on` are the bodies that its hook was sent."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.passed_on: list[dict[str, Any]] = []
        self._came = asyncio.Condition()
        self._served: Served | None = None
        self._hook: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_post("/", self._take)
        self._hook = web.AppRunner(application, shutdown_timeout=0.1)
        await self._hook.setup()
        await web.TCPSite(self._hook, "127.0.0.1", 0).start()
        (self.folder / "alertmanager.yml").write_text(
            "route: {receiver: hook, group_by: [alertname], group_wait: 10ms, group_interval: 200ms}\n"
            "receivers:\n"
            f"  - {{name: hook, webhook_configs: [{{url: 'http://127.0.0.1:{self._hook.addresses[0][1]}/', send_resolved: true}}]}}\n"
        )
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.stop()
        assert self._hook is not None  # __aenter__ made it
        await self._hook.cleanup()

    async def start(self) -> None:
        """Starts it, and waits until it answers."""
        program = daemon("prometheus-alertmanager")
        assert program is not None, "the test is marked with needs('prometheus-alertmanager')"
        with (self.folder / "log").open("ab") as output:
            self._served = Served(
                await asyncio.create_subprocess_exec(
                    program, f"--config.file={self.folder}/alertmanager.yml", f"--storage.path={self.folder}/data",
                    f"--web.listen-address=127.0.0.1:{self.port}", "--cluster.listen-address=",
                    stdout=output, stderr=subprocess.STDOUT, preexec_fn=_die_with_parent,
                )
            )  # fmt: skip
        await _eventually(self._is_ready, within=PATIENCE, what=lambda: f"Alertmanager: {(self.folder / 'log').read_text()[-2_000:]}")

    async def stop(self) -> None:
        """Ends it as its service would: silences are written down, alerts are forgotten."""
        if self._served is not None:
            self._served.signal(signal.SIGTERM)
            await self._served.wait_exit()
            self._served = None

    async def ask(self, path: str, *, method: str = "GET", **what: Any) -> Any:
        """What its API answers."""
        async with aiohttp.ClientSession() as session, session.request(method, f"{self.url}/api/v2/{path}", **what) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json() if answer.content_type == "application/json" else await answer.text()

    async def wait_for(self, status: str) -> dict[str, Any]:
        """The first alert of that status that it has passed on."""

        def found() -> dict[str, Any] | None:
            return next((alert for body in self.passed_on for alert in body["alerts"] if alert["status"] == status), None)

        async with asyncio.timeout(PATIENCE), self._came:
            await self._came.wait_for(lambda: found() is not None)
        return found() or {}

    async def _is_ready(self) -> bool:
        try:
            async with aiohttp.ClientSession() as session, session.get(f"{self.url}/-/ready") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    async def _take(self, request: web.Request) -> web.Response:
        async with self._came:
            self.passed_on.append(await request.json())
            self._came.notify_all()
        return web.Response()
