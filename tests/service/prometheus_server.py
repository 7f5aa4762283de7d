"""A private Prometheus on the loopback, that scrapes each two seconds and loads the alert rules that are shipped. It takes five seconds to find its targets."""

import asyncio
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import aiohttp
import yaml

from tests.conftest import daemon
from tests.patience import PATIENCE
from tests.ports import free_port
from tests.service.conftest import Served, _die_with_parent, _eventually

ALERTS: Final = Path(__file__).parents[2] / "packaging" / "prometheus" / "alerts.yml"


class PrometheusServer:
    """`targets` are its jobs by name: the address, and the token that it shows there, or none."""

    def __init__(self, folder: Path, targets: dict[str, tuple[str, str | None]]) -> None:
        self.folder = folder
        self._targets = targets
        self.url = f"http://127.0.0.1:{free_port()}"
        self._served: Served | None = None
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self.folder.mkdir()
        jobs = []
        for name, (address, token) in self._targets.items():
            job: dict[str, Any] = {"job_name": name, "static_configs": [{"targets": [address]}]}
            if token is not None:
                (self.folder / name).write_text(token)
                job["authorization"] = {"type": "Bearer", "credentials_file": str(self.folder / name)}
            jobs.append(job)
        config = {"global": {"scrape_interval": "2s", "scrape_timeout": "2s"}, "rule_files": [str(ALERTS)], "scrape_configs": jobs}
        (self.folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        program = daemon("prometheus")
        assert program is not None, "the test is marked with needs('prometheus')"
        with (self.folder / "log").open("ab") as output:
            self._served = Served(
                await asyncio.create_subprocess_exec(
                    program, f"--config.file={self.folder}/prometheus.yml", f"--storage.tsdb.path={self.folder}/data",
                    f"--web.listen-address={self.url.removeprefix('http://')}",
                    stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, preexec_fn=_die_with_parent,
                )
            )  # fmt: skip
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._served is not None  # __aenter__ started it
        assert self._session is not None
        await self._session.close()
        await self._served.kill()

    async def ask(self, path: str, **parameters: str) -> Any:
        """What its API answers to that; None while it does not."""
        assert self._session is not None  # __aenter__ made it
        try:
            async with self._session.get(f"{self.url}/api/v1/{path}", params=parameters) as answer:
                return (await answer.json())["data"] if answer.status == 200 else None
        except aiohttp.ClientError:
            return None

    async def values(self, query: str) -> dict[tuple[str, ...], float]:
        """What the query gives now, by the values of all labels but the address, in the order of their names."""
        data = await self.ask("query", query=query)
        return {
            tuple(value for name, value in sorted(one["metric"].items()) if name not in {"__name__", "instance"}): float(one["value"][1])
            for one in (data or {"result": []})["result"]
        }

    async def until(self, query: str, *, within: float = PATIENCE) -> dict[tuple[str, ...], float]:
        """What the query gives once it gives anything."""
        return await _eventually(
            lambda: self.values(query), within=within, what=lambda: f"{query}; the log:\n{(self.folder / 'log').read_text()[-3_000:]}"
        )  # fmt: skip

    async def says_of(self, job: str, *errors: str) -> bool:
        """Waits until the last scrape of that job ended with one of these errors; empty for none."""

        async def found() -> bool:
            told = await self.ask("targets") or {"activeTargets": []}
            return any(
                one["labels"]["job"] == job and one["health"] != "unknown" and one["lastError"] in errors for one in told["activeTargets"]
            )

        return await _eventually(found, within=PATIENCE, what=lambda: f"{job} to end with {errors}")
