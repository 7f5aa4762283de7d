"""A process in which nothing moves any more: what it holds is read out of it, and runs elsewhere."""

import asyncio

import pytest

from tests.host.service.conftest import NEEDS
from tests.host.service.scene import INGRESS, LIVE, Scene

pytestmark = [pytest.mark.needs(*NEEDS, "ptrace"), pytest.mark.timeout(600)]

RULES = """\
rules:
  - rule: frozen
    each: process
    when: process.frozen
    for: 5s
    severity: critical
    then:
      - recover_process: {process: process, drain: 30s, grace: 30s, stuck_jobs: {strikes: 1, then: quarantine}}
"""


async def test_a_frozen_process(scene: Scene) -> None:
    """Nothing in it moves any more, and threads of it have been given jobs that nobody will read: the agent has them read out of its connections, and all run elsewhere. No job has ended in it yet."""
    scene.machine.run("systemctl", "enable", "--now", "sidekiq-watchdog-inspect.socket")
    await scene.beats(INGRESS.format(1), INGRESS.format(2))
    culprit = await scene.push("ingress", "Freeze")
    name = (await scene.under_way(culprit))[culprit]
    before = scene.pid(name)
    scene.lay("freeze")
    await scene.until((scene.machine.root / f"{LIVE}/tmp/frozen".lstrip("/")).exists, "it to freeze")
    await asyncio.sleep(0.3)  # sleeps on purpose: it says so just before it does
    quick = [await scene.push("ingress", "Quick") for _ in range(20)]
    await scene.says("incident: rule='frozen'.* outcome='ended'")
    await scene.done(*quick)
    await scene.accounted_for()
    assert set(await scene.quarantined()) == {culprit}
    await scene.tells("frozen", "alert firing", "KILL sent", "death", "put_back", "incident ended")
    assert scene.pid(name) not in (0, before)
    scene.has_one_right()
