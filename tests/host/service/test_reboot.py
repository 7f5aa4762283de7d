"""The machine goes down in the middle of a recovery, in good order and without: when it is up again the agent brings to its end what it had begun."""

import pytest

from tests.host.service.conftest import NEEDS
from tests.host.service.installed import AGENT
from tests.host.service.scene import MAIN, UNITS, Scene, furnish, scene_of
from tests.suites.booted import boot, disk

pytestmark = [pytest.mark.needs(*NEEDS), pytest.mark.timeout(600)]

RULES = """\
rules:
  - rule: stuck-job
    each: job
    where: job.class == "SleepForever"
    when: job.elapsed > 2s
    severity: critical
    then:
      - recover_process: {process: job.process, drain: 10m, grace: 30s, stuck_after: 0s, stuck_jobs: {strikes: 1, then: quarantine}}
"""


async def begun(scene: Scene) -> tuple[set[str], list[str]]:
    """A recovery waits for the job that is not stuck: the stuck ones, and the others."""
    await scene.beats(MAIN)
    stuck = {await scene.push("push", "SleepForever"), await scene.push("push", "SleepForever")}
    beside = await scene.push("default", "Wait", "up")
    await scene.under_way(*stuck, beside)
    await scene.says("outcome: rule='stuck-job'.* stage='two beats'")
    return stuck, [beside, *[await scene.push("push", "Quick") for _ in range(20)]]


@pytest.mark.parametrize("how", ["in good order", "by a power cut"])
async def test_down_and_up_again(how: str) -> None:
    """What ran in the process that was to be ended goes down with it; when the machine is up each of these jobs is put back or in quarantine, once."""
    with disk() as kept:
        with boot(over=kept) as machine:
            furnish(machine, RULES)
            machine.run("systemctl", "start", *UNITS, AGENT)
            async with scene_of(machine) as before:
                stuck, others = await begun(before)
            if how == "in good order":
                machine.shut_down()
        with boot(over=kept) as machine:
            async with scene_of(machine, before.pushed) as after:
                await after.says("incident: rule='stuck-job'.* outcome='ended'")
                after.lay("up")
                await after.done(*others)
                await after.accounted_for()
                assert set(await after.quarantined()) == stuck
                assert {jid: count for jid, count in (await after.ran()).items() if count > 1} == {}
                await after.tells("stuck-job", "TSTP sent", "two beats", "incident resumed", "reckon", "put_back", "incident ended")
                after.has_one_right()
