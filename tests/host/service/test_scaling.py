"""Processes that are at the limit of what one core can do, while jobs wait for them: one more is started, and never one more that serves the queue scheduler."""

import pytest

from tests.host.service.conftest import NEEDS
from tests.host.service.scene import INGRESS, SCHEDULER, Scene

pytestmark = [pytest.mark.needs(*NEEDS), pytest.mark.timeout(600)]

RULES = """\
rules:
  - rule: one-core-is-not-enough
    each: process
    where: process.queues contains "ingress"
    when: process.hottest_kind == "processor" and process.cpu > 5% and process.busy < process.threads and queue("ingress").size > 10
    for: 5s
    then:
      - scale_out: {template: "mastodon-sidekiq-ingress@.service", max: 5, start_within: 2m}
    guards: {cooldown: 1h, idle: 0%}
  - rule: scheduler-waits
    each: queue
    where: queue.name == "scheduler"
    when: queue.size > 10
    for: 5s
    then:
      - scale_out: {template: "mastodon-sidekiq-scheduler@.service", max: 5}
    guards: {idle: 0%}
"""
"""What a machine that runs tests has to spare of its processors says nothing: `idle` is asked for in a test of the guard."""

DROP_INS = {"mastodon-sidekiq-ingress@.service": '[Service]\nEnvironment="APART=fasp"\n'}
"""Each has idle threads, in a capsule for another queue: a thread that is idle in the same one would take what waits."""


async def test_one_more_and_no_scheduler(scene: Scene) -> None:
    """Two instances compute with every thread that may, others of theirs are idle, and jobs wait: a third comes and takes them, and no fourth; the scheduler stays alone, however long its queue."""
    await scene.beats(INGRESS.format(1), INGRESS.format(2), SCHEDULER)
    busy = [await scene.push(queue, "Compute") for queue in ("ingress",) * 4 + ("scheduler",) * 2]
    await scene.under_way(*busy)
    waiting = [await scene.push("ingress", "Quick") for _ in range(30)] + [await scene.push("scheduler", "Quick") for _ in range(12)]
    await scene.says("decision: rule='scheduler-waits'.* decision='DENY' guard='last_look' reason=.*scheduler")
    await scene.says("incident: rule='one-core-is-not-enough'.* outcome='ended'")
    await scene.beats(INGRESS.format(3))
    scene.lay("enough")
    await scene.done(*busy, *waiting)
    await scene.accounted_for()
    await scene.tells("one-core-is-not-enough", "alert firing", "decision", "intent", "outcome", "incident ended")
    assert [scene.unit(INGRESS.format(number), "ActiveState") for number in (3, 4, 5)] == ["active", "inactive", "inactive"]
    assert scene.unit("mastodon-sidekiq-scheduler@1.service", "ActiveState") == "inactive"
    assert not [row for row in await scene.audit("scheduler-waits") if row["kind"] == "intent"]
    scene.has_one_right()
