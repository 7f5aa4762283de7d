"""`notify` with a real agent, a real Redis and a webhook that checks each signature: on the way of everything, and straight where no agent runs."""

import contextlib
import json
import signal

import pytest

from tests.patience import PATIENCE
from tests.service.agent import AgentProcess, write_config
from tests.service.conftest import _eventually
from tests.service.hook import Hook

pytestmark = pytest.mark.needs("redis-server")


async def _is_failing(agent: AgentProcess) -> bool:
    code, said = await agent.ask("notify", "list", "--json")
    (row,) = (json.loads(line) for line in said.splitlines())
    return bool(code == 1 and row["failures"] and row["waiting"])


async def test_from_a_test_to_its_answer(redis_server, tmp_path):
    """
    What the server says is shown, though everything is silenced. A server that is away is told of by `list`; once the config names another one, and that is taken over, `retry` has what waited delivered to it. Without an agent the
    test is sent straight, by the very same config.
    """
    async with Hook() as first, Hook() as second, contextlib.AsyncExitStack() as stack:
        config = write_config(tmp_path, url=redis_server.url, hook=first.url)
        agent = AgentProcess(config)
        stack.push_async_callback(agent.aclose)
        await agent.start()
        await agent.ask("silence", "*", "--for", "1h", "--reason", "quiet")
        code, said = await agent.ask("notify", "test", "ops", "--reason", "a new secret")
        assert (code, said.startswith("ops: delivered after "), said.strip().endswith("answered 204 No Content")) == (0, True, True), said
        (body,) = first.got
        assert (body["type"], body["data"]["reason"]) == ("agent.test", "a new secret")

        config.write_text(config.read_text().replace(first.url, "http://127.0.0.1:9/hook"))
        agent.signal(signal.SIGHUP)
        await agent.wait_for("reloaded: ")
        code, said = await agent.ask("notify", "test", "--all", "--within", "1s", "--reason", "is it there?")
        assert (code, said.startswith("ops: not delivered yet")) == (1, True), said
        await _eventually(lambda: _is_failing(agent), within=PATIENCE, what=lambda: "\n".join(agent.lines))

        config.write_text(config.read_text().replace("http://127.0.0.1:9/hook", second.url))
        before = len(agent.lines)
        agent.signal(signal.SIGHUP)
        await agent.wait_for("reloaded: ", after=before)
        code, said = await agent.ask("notify", "retry", "ops")
        assert (code, said) == (0, "tried now: what waits for ops\n")
        assert (await second.wait_for("agent.test"))["data"]["reason"] == "is it there?"

        await agent.stop()
        code, said = await agent.ask("notify", "test", "ops", "--json", "--reason", "without one")
        row = next(json.loads(line) for line in said.splitlines() if line.startswith("{"))
        assert (code, row["delivered"], row["by"]) == (0, True, "command"), said
        assert second.got[-1]["data"]["reason"] == "without one"
