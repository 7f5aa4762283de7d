"""Conversations about the stage in which evidence is collected: it comes first, holds nobody up, and names who froze a process where it can."""

import pytest

from tests.scenario.conversation import HEALTHY, Conversation, found, host, job, process, redis, rules
from watchdog.model.effects import Notify
from watchdog.model.events import Delta
from watchdog.model.evidence import Came, Piece, Suspect, Suspicion
from watchdog.model.findings import Certainty
from watchdog.model.flight import Held
from watchdog.model.kinds import Kind
from watchdog.model.results import EvidenceCollected, Exited, InFlight, Refused, Sent
from watchdog.model.verdicts import Mode

RULE = """
rules:
  - rule: stuck-job
    each: job
    when: job.elapsed > 20s
    evidence: [thread_dump, redis]
    then:
      - ACTION
    guards: {cooldown: 5m, keep: 0%}
    notify: [ops]
"""
TERMINATE = RULE.replace("ACTION", "terminate_process: {process: job.process, grace: 10s}")
RECOVER = RULE.replace("ACTION", "recover_process: {process: job.process, drain: 60s}")
SILENT = (
    RECOVER.replace("each: job", "each: process").replace("job.elapsed > 20s", "process.beat_age > 60s").replace("job.process", "process")
)
ONE = "web1:10:abc"
COLLECTED = EvidenceCollected(
    (Piece("thread_dump", Came.KEPT), Piece("redis", Came.REFUSED, "nobody answers")),
    (Suspect("j1", "Spin", "t1", Suspicion.PROVEN, "its thread is the only one that computes"),),
)


def begun(text: str, mode: Mode = Mode.ACT) -> Conversation:
    """One local process with a stuck job, up to the decision."""
    talk = Conversation(rules(text, mode))
    talk.hear(redis(process(ONE, 2000), job(ONE, "j1", 1000), complete=True), at=2000)
    talk.hear(host(found(ONE)), at=2001)
    talk.hear(redis(process(ONE, 22_000)), at=22_000)
    return talk


def account(talk: Conversation) -> str:
    """What the open incident tells so far."""
    (run,) = talk.state.ledger.runs.values()
    return "\n".join(run.account)


@pytest.mark.parametrize("text", [TERMINATE, RECOVER])
def test_it_comes_first_and_is_told(text):
    """What the rule asks for is collected; what was kept and who is suspected stands in audit and account; then the action begins."""
    talk = begun(text)
    talk.holds_nothing = False
    asked = talk.answer(HEALTHY, at=22_010)
    lines = talk.answer(COLLECTED, at=24_000)

    assert asked[-1] == "collect thread_dump,redis of web1:10:abc"
    assert not [line for line in asked if line.startswith(("signal", "audit intent"))]
    assert lines == [
        "audit outcome stuck-job evidence thread_dump kept, redis refused",
        "notify ops action.stage",
        "gather before web1:10:abc",
    ]
    assert talk.audit("outcome")[-1].reason == "Spin j1 is suspected (proven): its thread is the only one that computes"
    assert (
        "evidence: kept thread dump (sidekiq-watchdog evidence 5.2), not redis (nobody answers); "
        "Spin j1 is suspected (proven): its thread is the only one that computes"
    ).replace("5.2", next(iter(talk.state.ledger.playbooks))) in account(talk)


def test_people_hear_of_whoever_is_likely_and_of_nobody_else():
    """Who is only possible stands in the account."""
    for suspicion, told in ((Suspicion.LIKELY, ["web1/app[push]: Spin j1 is suspected (likely): it is so"]), (Suspicion.POSSIBLE, [])):
        talk = begun(TERMINATE)
        talk.answer(HEALTHY)
        before = len(talk.effects)
        talk.answer(EvidenceCollected((Piece("redis", Came.KEPT),), (Suspect("j1", "Spin", "t1", suspicion, "it is so"),)))
        assert [effect.notice.title for effect in talk.effects[before:] if isinstance(effect, Notify)] == told
        assert f"Spin j1 is suspected ({suspicion}): it is so" in account(talk)


def test_before_a_signal_it_is_looked_at_again():
    """Seconds have passed: the look of the decision counts no longer, and what has ended by itself meanwhile is left alone."""
    talk = begun(TERMINATE)
    talk.answer(HEALTHY)
    talk.hear(redis(process(ONE, 23_000), gone()), at=23_000)
    talk.answer(COLLECTED, at=24_000)
    lines = talk.answer(HEALTHY)

    assert not [line for line in lines if line.startswith("signal")]
    assert talk.audit("incident")[-1].outcome == "abandoned"


def gone():
    """The stuck job has finished."""
    from watchdog.model.events import Gone

    return Gone(Kind.JOB, f"{ONE}/t1/j1/1000", "finished")


@pytest.mark.parametrize("answer", [EvidenceCollected(), Refused("internal error: KeyError"), Exited(), InFlight(())])
def test_whatever_is_answered_it_goes_on(answer):
    """Nothing, a fault of ours, or nonsense."""
    talk = begun(RECOVER)
    talk.answer(HEALTHY)

    assert talk.answer(answer)[-1] == "gather before web1:10:abc"


def test_who_never_answers_is_not_waited_for():
    """After six seconds it goes on, and an answer that comes later is nobody's."""
    talk = begun(RECOVER)
    talk.answer(HEALTHY)
    (late,) = talk.open
    assert talk.wait(27_999) == []
    lines = talk.wait(28_001)
    assert lines == ["gather before web1:10:abc"]

    from watchdog.model.events import EffectDone

    assert talk.hear(EffectDone(late, COLLECTED)) == []
    assert talk.answer(InFlight(()))[-1] == "measure web1:10:abc"


@pytest.mark.parametrize(("text", "signal"), [(TERMINATE, "TERM"), (RECOVER, "TSTP")])
def test_cut_off_in_the_middle_it_is_not_asked_for_again(text, signal):
    """Whatever ended the agent may do so again. The incident goes on without as soon as Redis is read, up to its signal."""
    talk = begun(text)
    talk.answer(HEALTHY)
    (first,) = talk.state.ledger.playbooks
    lines = talk.crash()
    for _ in range(len(talk.open)):
        lines += talk.answer(Refused("Redis has not been read"))
    assert not [line for line in lines if line.startswith(("signal", "audit intent"))]

    lines += talk.hear(redis(process(ONE, 23_000), job(ONE, "j1", 1000), complete=True), at=23_000)
    lines += talk.hear(host(found(ONE)), at=23_001)
    lines += talk.wait(25_000)
    lines += talk.answer(InFlight(()))
    lines += talk.answer(HEALTHY)
    assert lines[-1] == f"signal {signal} web1:10:abc"
    assert not [line for line in lines if line.startswith("collect")]
    assert list(talk.state.ledger.playbooks) == [first]


def test_a_rule_that_wants_none_has_none():
    """The first signal goes out on the very look that the guards have seen."""
    talk = begun(TERMINATE.replace("[thread_dump, redis]", "[]"))

    assert talk.answer(HEALTHY)[-1] == "signal TERM web1:10:abc"


def test_without_a_word_all_of_it_is_collected():
    """In the order of the table."""
    talk = Conversation(rules("# evidence:\n" + TERMINATE.replace("    evidence: [thread_dump, redis]\n", "")))
    talk.hear(redis(process(ONE, 2000), job(ONE, "j1", 1000), complete=True), at=2000)
    talk.hear(host(found(ONE)), at=2001)
    talk.hear(redis(process(ONE, 22_000)), at=22_000)

    assert talk.answer(HEALTHY)[-1] == "collect thread_dump,log,proc,redis of web1:10:abc"


def test_dry_run_collects_nothing():
    """It looks, and says what it would do."""
    talk = begun(RECOVER, Mode.DRY_RUN)
    lines = talk.answer(HEALTHY)

    assert not [line for line in lines if line.startswith("collect")]
    assert talk.open == {}


def frozen(named: str) -> list[str]:
    """What is put back of a process that froze with one job that is known, while its three idle threads may have taken others; `named` is who the evidence names alone."""
    talk = Conversation(rules(SILENT))
    talk.hear(redis(process(ONE, 2000), job(ONE, "j1", 1000), complete=True), at=2000)
    talk.hear(host(found(ONE)), at=2001)
    talk.hear(redis(), at=61_000)
    talk.hear(host(Delta(Kind.PROCESS, ONE, {"heartbeat_still": 58_000, "heartbeat_thread": True})), at=61_000)
    talk.wait(63_000)
    holds = InFlight((Held("j1", "Freeze", "push", Certainty.PROVEN, ("log",), has_payload=True),), unnamed=3)
    lines = talk.answer(HEALTHY)
    assert lines[-1] == "collect thread_dump,redis of web1:10:abc in which nothing moves"
    talk.answer(EvidenceCollected(alone=named))
    for result in (holds, HEALTHY, Sent(), Exited()):
        newest = list(talk.open)[-1]
        talk.open = {newest: talk.open[newest]}
        talk.answer(result)
    return talk.answer(holds)


def test_a_culprit_named_alone_goes_into_quarantine_at_once():
    """What idle threads took was never begun: where the evidence says that no other job had, it is the one. Without that it is one suspect among some that nobody knows."""
    assert [line for line in frozen("j1") if line.startswith("put back")] == ["put back j1 quarantine"]
    assert [line for line in frozen("") if line.startswith("put back")] == ["put back j1 retry at 183000"]
    assert [line for line in frozen("another") if line.startswith("put back")] == ["put back j1 retry at 183000"]
