"""`log` beside a Sidekiq that runs: what it does now, and what it begins and ends."""

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.patience import PATIENCE
from tests.service.conftest import push_job
from tests.service.log.parts import notes, start_logging
from tests.service.matrix.parts import Store, end

pytestmark = pytest.mark.needs("bookworm", "sidekiq")
COMMAND = str(Path(sys.executable).with_name("sidekiq-watchdog"))


async def ask(*arguments):
    """Run the command to its end; its output."""
    child = await asyncio.create_subprocess_exec(COMMAND, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
    out, err = await child.communicate()
    assert child.returncode == 0, err.decode()
    return out.decode()


async def test_beside_a_running_sidekiq(tmp_path, until):
    """The running job by name with its place in the code; then, followed, each start and end until the command is told to end."""
    store = await Store("Redis 7", tmp_path / "run").start()
    process = await start_logging("bookworm", store, concurrency=2)
    try:
        client = store.client()
        config = tmp_path / "config.yml"
        config.write_text(f"redis: {{url: '{store.url}'}}\nrules: [rules.yml]\nstate: state\nlog: {{files: {{any: {process.log}}}}}\n")
        await push_job(client, "Noted", [0])
        held = await push_job(client, "SleepForever", ["a private post"])
        await until(lambda: held in process.log.read_text(), what="the job's start")
        process.signal(signal.SIGTTIN)
        await until(
            lambda: process.log.read_text().rpartition("Thread TID-")[2].count("safe_thread") and "Thread TID-" in process.log.read_text(),
            what="the thread dump",
        )

        answer = await ask("log", str(process.pid), "-c", str(config), "--json")
        found = json.loads(answer)
        assert (found["running"], found["clean"]) == (True, None)
        assert [(one["jid"], one["class"], one["certainty"]) for one in found["findings"]] == [(held, "SleepForever", "proven")]
        places = {thread["tid"]: thread["frames"] for thread in found["threads"]}
        assert places[found["findings"][0]["tid"]][0].endswith("app.rb:61:in `sleep'")
        assert "private" not in answer

        follower = await asyncio.create_subprocess_exec(
            COMMAND, "log", process.identity, "-c", str(config), "--follow", "--json", stdout=asyncio.subprocess.PIPE
        )
        heard: list[Any] = []
        while not heard:
            # Until it listens, nothing tells that it does.
            await push_job(client, "Noted", [0])
            try:
                heard.append(json.loads(await asyncio.wait_for(follower.stdout.readline(), 1)))
            except TimeoutError:
                continue
        assert heard[0]["event"] in ("JobStarted", "JobEnded")
        assert heard[0]["jid"] in notes(store)[0] | {held}
        follower.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(follower.wait(), PATIENCE) == 0
    finally:
        await store.close()
        await end(process)
