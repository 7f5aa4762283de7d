"""A process that stopped in good order, but in such haste that one of its own threads may have taken a job again: its jobs are looked for."""

import pytest

from tests.scenario.conversation import HEALTHY, Conversation, found, host, job, process, redis, rules
from watchdog.model.events import Delta
from watchdog.model.findings import Certainty
from watchdog.model.flight import Fate, Held, Placed
from watchdog.model.kinds import Kind
from watchdog.model.results import Exited, InFlight, LocksLookedAt, PutBackDone, Sent

RULE = """
rules:
  - rule: stuck-job
    each: job
    when: job.elapsed > 20s
    then: [{recover_process: {process: job.process, rescue: RESCUE}}]
    guards: {cooldown: 5m, keep: 0%}
"""
ONE = "web1:10:abc"
STUCK = Held("j1", "SleepForever", "push", Certainty.LIKELY, ("log",), True, digest="d1")
OTHER = Held("j2", "Other", "push", Certainty.LIKELY, ("log",), True, digest="d2")


@pytest.mark.parametrize(("rescue", "back"), [("likely", ["j1 retry", "j2 queue"]), ("proven", ["j1 retry"])])
def test_its_jobs_are_put_back_as_likely_ones_are(rescue, back):
    """It ends of its own accord right after it was made quiet, and Redis shows a clean stop: what the log doubts is put back or named, never silently lost."""
    talk = Conversation(rules(RULE.replace("RESCUE", rescue)))
    talk.hear(redis(process(ONE, 2_000), job(ONE, "j1", 1_000), complete=True), at=2_000)
    talk.hear(host(found(ONE)))
    talk.hear(redis(process(ONE, 22_000)), at=22_000)
    for result in (HEALTHY, InFlight((STUCK,)), HEALTHY, Sent()):
        talk.answer(result)
    talk.hear(redis(Delta(Kind.PROCESS, ONE, {"listed": False, "clean_stop": True})), at=23_000)
    newest = list(talk.open)[-1]
    talk.open = {newest: talk.open[newest]}
    talk.answer(Exited(), at=23_500)
    lines = talk.answer(InFlight((STUCK, OTHER), hasty=True))

    assert [line.removeprefix("put back ").partition(" at ")[0] for line in lines if line.startswith("put back")] == back
    lines = talk.answer(PutBackDone((Placed("j1", Fate.FOUND, "queue"), Placed("j2", Fate.DONE))[: len(back)]))
    # Of whoever was put nowhere it is asked whether a lock is left of it.
    assert [line for line in lines if "locks of" in line] == (["find locks of j2"] if rescue == "proven" else [])
    if talk.open:
        talk.answer(LocksLookedAt())
    talk.wait(100_000)
    account = talk.audit("incident")[-1].reason
    assert "1 left where it was found" in account
    assert ("Other j2" in account) is (rescue == "proven")
