"""
Real Sidekiqs with a probe are frozen by a job that holds Ruby's lock, and the agent recovers them: no job is lost, and none is there twice.

Nothing is in the log's reach and nobody may read the memory: all that is known comes from the probe. Jobs that had begun are suspected and go back through the retries, also the
one that did it; those that wait stay where they are.
"""

import contextlib
import re
import signal
from pathlib import Path
from typing import Any

import orjson

from tests.service.agent import AgentProcess, write_config, write_recovery
from tests.service.matrix.parts import SIDEKIQS
from tests.service.probe.running import Place

_SUITES = {release: suite for suite, release in SIDEKIQS.items()}
CASES = [f"Sidekiq {release}, {strength}" for release in _SUITES for strength in ("observe", "fetch")]


async def run(case: str, folder: Path) -> dict[str, object]:
    """One of them."""
    release, strength = case.removeprefix("Sidekiq ").split(", ")
    async with Place(_SUITES[release], folder / "p") as place:
        victim = await place.start(strength, threads=4, timeout=25)
        config = write_recovery(write_config(folder, url=place.store.url), where='job.class == "Nobody"')
        with config.open("a") as text:
            text.write("log: {journal: false}\n")
        await place.push("Held", count=2)
        await place.until(lambda: len(place.lines("began")) == 2, "both to begin")
        # The third thread freezes all; whatever the fourth is handed then nobody reads.
        await place.push("Freeze", [900])
        await place.until(lambda: len(place.lines("began")) == 3, "the freeze")
        begun = set(place.pushed)
        late = await place.push("Held", count=2)
        async with contextlib.aclosing(AgentProcess(config)) as agent:
            await agent.start()
            status = await agent.sees_off(victim, 200)
            await agent.wait_for("outcome: .*stage='put_back'")
            flight = await agent.wait_for("outcome: .*in flight: ")
        waiting: list[Any] = await place.client.lrange("queue:push", 0, -1)
        later: list[Any] = await place.client.zrange("retry", 0, -1)
        queued, retries = ([orjson.loads(job)["jid"] for job in jobs] for jobs in (waiting, later))
        lost = set(place.pushed) - {*queued, *retries}
        left = [key for key in await place.keys() if not key.startswith("sidekiq-watchdog:put-back:")]
        unnamed = int(found[1]) if (found := re.search(r"up to (\d+) that nobody names", flight)) else 0
    # Of those that came late Redis may have handed one to a thread that never noted it.
    ok = status == -signal.SIGKILL and begun <= set(retries) and lost <= set(late) and len(lost) <= unnamed and not left
    return {
        "ok": ok and len(queued) + len(retries) + len(lost) == len(place.pushed),
        "begun": len(begun),
        "retries": len(retries),
        "queued": len(queued),
        "lost": len(lost),
        "unnamed at most": unnamed,
        "keys left": len(left),
    }
