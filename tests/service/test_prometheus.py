"""A real Prometheus reads a real agent: with the token, without it, and what it then knows."""

import asyncio
from subprocess import PIPE, STDOUT

import aiohttp
import pytest

from tests.ports import free_port
from tests.service.agent import AgentProcess, write_config
from tests.service.prometheus_server import PrometheusServer

TOKEN = "of-prometheus-and-nobody-else"
PAGE = 'page: {{listen: "127.0.0.1:{port}", metrics: named, readers: {{prometheus: "${{file:prometheus-token}}"}}}}\n'

pytestmark = pytest.mark.needs("prometheus", "redis-server")


async def test_prometheus_reads_the_agent(tmp_path, redis_server, push):
    """The target that shows the token is up and tells what is in Redis and what the agent does; the one that shows none or another is refused; and the alert rules that are shipped say so."""
    config = write_config(tmp_path, url=redis_server.url, mode="dry-run")
    port = free_port()
    (tmp_path / "prometheus-token").write_text(f"{TOKEN}\n")
    (tmp_path / "prometheus-token").chmod(0o600)
    config.write_text(config.read_text() + PAGE.format(port=port))
    address = f"127.0.0.1:{port}"
    client = redis_server.client()
    for _ in range(3):
        await push(client, "SleepForever", ["a private post"], "push")
    agent = AgentProcess(config)
    targets = {"sidekiq-watchdog": (address, TOKEN), "nobody": (address, None), "somebody": (address, "guessed-by-somebody-else")}
    try:
        await agent.start()
        async with PrometheusServer(tmp_path / "prometheus", targets) as prometheus:
            assert await prometheus.until('sidekiq_queue_enqueued_jobs{name="push"} == 3') == {("sidekiq-watchdog", "push"): 3}
            assert await prometheus.until('up{job="sidekiq-watchdog"} == 1') == {("sidekiq-watchdog",): 1}
            assert await prometheus.until('up{job="nobody"} == 0') == {("nobody",): 0}
            assert await prometheus.until('up{job="somebody"} == 0') == {("somebody",): 0}
            assert not await prometheus.values('sidekiq_queue_enqueued_jobs{job!="sidekiq-watchdog"}')
            assert await prometheus.until('watchdog_mode{mode="dry-run"} == 1 and on () watchdog_source_up{source="redis"} == 1')
            assert await prometheus.until('watchdog_events_total{event="observed"} > 0 and on () watchdog_turn_seconds_count > 0')
            assert await prometheus.says_of("sidekiq-watchdog", "")
            assert await prometheus.says_of("nobody", "server returned HTTP status 401 Unauthorized")
            # Whoever tries tokens is slowed down, and whoever has one is not.
            assert await prometheus.says_of(
                "somebody", "server returned HTTP status 401 Unauthorized", "server returned HTTP status 429 Too Many Requests"
            )
            rules = [rule for group in (await prometheus.ask("rules"))["groups"] for rule in group["rules"]]
            assert rules
            assert {rule["lastError"] for rule in rules if "lastError" in rule} == set()
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://{address}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}) as answer,
        ):
            text = await answer.text()
            assert (answer.status, answer.headers["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
            assert 'sidekiq_queue_enqueued_jobs{name="push"} 3.0' in text
            assert "private" not in text
            linted = await asyncio.create_subprocess_exec("promtool", "check", "metrics", stdin=PIPE, stdout=PIPE, stderr=STDOUT)
            said, _ = await linted.communicate(text.encode())
            assert said == b""
        assert await agent.stop() == 0
    finally:
        await agent.aclose()
