"""What the tests of the loop tell it: rules, a stuck job, a queue."""

from tests.scenario.conversation import job, process, redis, rules
from watchdog.model.events import Delta, Observed, RulesLoaded, Started
from watchdog.model.kinds import Kind
from watchdog.model.verdicts import Mode

ONE = "web1:10:abc"
STUCK = rules(
    """
rules:
  - rule: stuck-job
    each: job
    when: job.elapsed > 20s
    then:
      - terminate_process: {process: job.process, grace: 10s}
    guards: {cooldown: 5m, keep: 0%, baseline: allow}
    notify: [ops]
"""
)
LONG_QUEUE = rules(
    """
rules:
  - rule: long-queue
    each: queue
    when: queue.size > 5
    for: 31s
    notify: [ops]
"""
)
SHORT_QUEUE = rules(
    """
rules:
  - rule: any-queue
    each: queue
    when: queue.size > 5
    notify: [ops]
"""
)


async def loaded(run, ruleset):
    """The turns with these rules in force."""
    await run.turns.settle(Started("0", "boot-1", "web1"))
    await run.turns.settle(RulesLoaded(ruleset.digest, Mode.ACT), rules=ruleset)


def stuck(at: int = 60_000) -> Observed:
    """A process that at `at` has been running a job for a minute."""
    return redis(process(ONE, at), job(ONE, "j1", at - 60_000), complete=True)


def queue(size: int) -> Delta:
    """A queue of that size."""
    return Delta(Kind.QUEUE, "push", {"size": size})
