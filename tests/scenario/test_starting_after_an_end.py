"""Units whose process the agent has ended itself: these it starts again, unless somebody has a hand in it."""

import pytest

from tests.scenario.conversation import HEALTHY, Conversation, found, host, job, process, redis, rules
from tests.scenario.test_starting_units import STARTED, TARGET, UNIT, outcomes, request_of, seen, unit
from watchdog.model.effects import CallUnit
from watchdog.model.events import Delta, Gone, Observed
from watchdog.model.kinds import Kind, Source
from watchdog.model.results import Exited, Sent

ONE = "web1:10:abc"
AFTER = """
rules:
  - rule: heavy
    each: process
    when: process.rss > 4GB
    for: 20s
    then:
      - terminate_process: {process: process, grace: 10s}
      - start_unit: {unit: process.unit}
    guards: {cooldown: 5m, keep: 0%, alone: allow}
    notify: [ops]
"""
RUNNING = {"load_state": "loaded", "state": "active", "sub_state": "running", "result": "success", "running": True, "restarts": 0, "job": "", "invocation": "a1",
           "file_state": "enabled", "entered_at": 0, "name": UNIT}  # fmt: skip
ENDED = {"state": "inactive", "sub_state": "dead", "running": False}


def ended_by_a_rule() -> Conversation:
    """The process of the unit has been told to end, and did so in good order; systemd does not bring it back."""
    talk = Conversation(rules(AFTER))
    talk.hear(redis(process(ONE, 1_000), complete=True), at=1_000)
    talk.hear(host(found(ONE, unit=UNIT), Delta(Kind.PROCESS, ONE, {"rss": 5_000_000_000})))
    talk.hear(Observed(Source.SYSTEMD, (Delta(Kind.UNIT, UNIT, RUNNING),), complete=True))
    talk.hear(redis(process(ONE, 20_000)), at=21_000)
    talk.answer(HEALTHY)
    talk.answer(Sent())
    talk.hear(host(Gone(Kind.PROCESS, ONE, "exited")), at=25_000)
    talk.hear(redis(Gone(Kind.PROCESS, ONE, "left")))
    talk.hear(unit(**ENDED, entered_at=25_000))
    talk.answer(Exited())
    return talk


def test_what_the_agent_has_ended_it_starts_again():
    """A unit with `Restart=no` is the agent's to bring back, though it ended in good order: the incident knows which unit that was."""
    talk = ended_by_a_rule()
    assert [getattr(effect, "unit", "") for effect in talk.open.values()] == [UNIT]
    lines = talk.answer(seen(state="inactive", sub_state="dead", result="success"))
    assert lines[-1].startswith(f"start {UNIT}")
    talk.answer(STARTED)

    assert outcomes(talk) == [(TARGET, "ended")]
    assert talk.state.ledger.cooldowns[TARGET].action == "start_unit"


@pytest.mark.parametrize(
    ("look", "reason"),
    [
        ({"file_state": "masked"}, "it is masked: somebody does not want it to run"),
        ({"file_state": "disabled"}, "it is disabled: somebody does not want it to run"),
        ({"invocation": "b2"}, "it has ended in good order, as one does that was stopped"),
        ({"state": "active", "sub_state": "running"}, "it runs"),
    ],
)
def test_but_not_what_somebody_has_changed_since(look, reason):
    """Masked, disabled or started since it was ended: then it is not the agent's any more."""
    talk = ended_by_a_rule()
    talk.answer(seen(**{"state": "inactive", "sub_state": "dead", "result": "success", **look}))

    assert request_of(talk).reason == reason
    assert not [effect for effect in talk.effects if isinstance(effect, CallUnit)]


def test_of_a_job_the_unit_of_its_process_is_started():
    """The process has gone with its job by then; the incident knows where it ran."""
    talk = Conversation(rules(AFTER.replace("each: process", "each: job").replace("process.rss > 4GB", "job.elapsed > 20s").replace("for: 20s", "for: 0s")
                              .replace("{process: process,", "{process: job.process,").replace("unit: process.unit", "unit: job.process")))  # fmt: skip
    talk.hear(redis(process(ONE, 2_000), job(ONE, "j1", 1_000), complete=True), at=2_000)
    talk.hear(host(found(ONE, unit=UNIT)))
    talk.hear(Observed(Source.SYSTEMD, (Delta(Kind.UNIT, UNIT, RUNNING),), complete=True))
    talk.hear(redis(process(ONE, 22_000)), at=22_000)
    talk.answer(HEALTHY)
    talk.answer(Sent())
    talk.hear(host(Gone(Kind.PROCESS, ONE, "exited")), at=25_000)
    talk.hear(redis(Gone(Kind.PROCESS, ONE, "left"), Gone(Kind.JOB, f"{ONE}/t1/j1/1000", "left")))
    talk.hear(unit(**ENDED, entered_at=25_000))
    talk.answer(Exited())

    assert [getattr(effect, "unit", "") for effect in talk.open.values()] == [UNIT]
