"""Whole conversations about jobs that are moved: what is counted, what is asked, what is said, and what a crash leaves."""

from typing import Any

import pytest

from tests.scenario.conversation import HEALTHY, Conversation, found, host, job, process, redis, rules
from watchdog.engine.deciding import COUNT_AGAIN
from watchdog.engine.edits import PATIENCE
from watchdog.engine.playbooks import UNPROVEN
from watchdog.engine.status import status
from watchdog.engine.why import why
from watchdog.model.effects import KeepIncident, Notify, TakeJobs
from watchdog.model.events import Delta, EffectDone, Gone, Paused, Resumed, RulesLoaded, SourceBack, SourceLost
from watchdog.model.kinds import Kind, Source
from watchdog.model.results import Counted, Exited, JobsReleased, JobsTaken, Refused
from watchdog.model.targets import Among, JobsRef
from watchdog.model.verdicts import Mode

DELETE = """
rules:
  - rule: dead-domain
    each: domain
    when: domain.retries > 100
    for: 20s
    then:
      - delete_retries: {kind: dns, cap: 500}
    guards: {cooldown: 5m}
    notify: [ops]
"""
RELEASE = DELETE.replace("domain.retries > 100", "domain.retries < 10").replace(
    "delete_retries: {kind: dns,", "release_job: {rule: dead-domain,"
)
JOB = """
rules:
  - rule: poison
    each: job
    when: job.elapsed > 20s
    then:
      - quarantine_job: {job: job}
    guards: {cooldown: 5m}
"""
THEN = JOB.replace(
    "      - quarantine_job", "      - terminate_process: {process: job.process, grace: 10s}\n      - quarantine_job"
).replace("cooldown: 5m", "cooldown: 5m, keep: 0%")
NAME = "retries to example.social with dns"
ONE = "web1:10:abc"


def domain(retries: int | None, name: str = "example.social") -> Delta:
    """So many retries go there."""
    return Delta(Kind.DOMAIN, name, {"name": name, "rest": name == "(others)", "retries": retries})


def firing(text: str = DELETE, mode: Mode = Mode.ACT, *, retries: int = 403) -> Conversation:
    """The alert on the domain has fired, and it is counted."""
    talk = Conversation(rules(text, mode))
    talk.hear(redis(domain(retries), complete=True), at=1_000)
    assert talk.wait(21_000)[-1] == f"count {NAME if 'delete' in text else 'quarantined jobs to example.social by rule dead-domain'}"
    return talk


def open_edit(talk: Conversation) -> Any:
    """The only edit that is open."""
    (edit,) = talk.state.ledger.edits.values()
    return edit


def outcomes(talk: Conversation) -> list[tuple[str, str]]:
    """Each incident's target and how it stands."""
    kept = {effect.incident.id: effect.incident for effect in talk.effects if isinstance(effect, KeepIncident)}
    return [(one.target, one.outcome) for one in kept.values()]


def last_notice(talk: Conversation) -> str:
    """The title of the last notice."""
    return next(effect.notice.title for effect in reversed(talk.effects) if isinstance(effect, Notify))


def test_from_the_alert_to_the_end():
    """It is counted, then decided; the intent is written before anything is asked for, the outcome after, and people hear how many are left."""
    talk = firing()

    assert talk.answer(Counted(903), at=22_000) == [
        "audit decision dead-domain ALLOW",
        "notify ops action.decided",
        "audit incident dead-domain take opened",
        "audit intent dead-domain ALLOW take",
        f"take {NAME} (at most 500) by {open_edit(talk).id}",
    ]
    assert talk.audit("intent")[0].detail == {"found": 903, "cap": 500}
    assert talk.answer(JobsTaken(498, gone=2, left=403), at=23_000) == [
        "audit outcome dead-domain take 498 taken",
        "audit incident dead-domain take ended",
        "notify ops action.ended",
    ]
    assert last_notice(talk) == (
        f"delete_retries on {NAME}: 498 taken into quarantine; 2 were gone before; 403 more fit and are left; {UNPROVEN}"
    )
    assert outcomes(talk) == [(NAME, "ended")]
    assert (talk.state.ledger.edits, talk.state.ledger.playbooks, talk.state.ledger.requests) == ({}, {}, {})


def test_what_is_asked_for_names_the_entity_and_the_parameters():
    """The domain comes from the entity, the kind and the cap from the rule; the agent's own words say why."""
    talk = firing()
    talk.answer(Counted(403))
    (take,) = [effect for effect in talk.effects if isinstance(effect, TakeJobs)]

    assert take.jobs == JobsRef(name=NAME, among=Among.RETRIES, domain="example.social", kind="dns", cap=500)
    assert (take.rule, take.reason, take.incident) == ("dead-domain", "delete_retries of rule dead-domain", open_edit(talk).incident)


def test_dry_run_counts_and_changes_nothing():
    """The number of jobs stands in the audit and in the incident, nothing is asked for, and it is said once."""
    talk = firing(mode=Mode.DRY_RUN)
    lines = talk.answer(Counted(903), at=22_000)
    (would,) = talk.audit("would")

    assert not [line for line in lines if line.startswith(("take", "release", "audit intent"))]
    assert (would.stage, would.detail, would.target) == ("take", {"jobs": 903}, NAME)
    assert would.reason == f"500 would be taken into quarantine, and 403 left: {NAME}"
    assert outcomes(talk) == [(NAME, "would")]
    assert talk.wait(600_000) == []


def test_none_are_there_any_more():
    """What was counted as none is denied with that reason, and is counted again only after a minute."""
    talk = firing()
    talk.answer(Counted(0))
    (request,) = talk.state.ledger.requests.values()

    assert (request.guard, request.reason) == ("last_look", f"nothing is left to be moved: {NAME}")
    assert talk.wait(60_000) == []
    talk.hear(redis(domain(400)))
    assert talk.wait(21_000 + COUNT_AGAIN - 1) == []
    assert talk.wait(21_000 + COUNT_AGAIN) == [f"count {NAME}"]


def test_a_condition_that_is_over_when_it_was_counted():
    """Counting takes its time: what was true before is asked again after it."""
    talk = firing()
    talk.hear(redis(domain(3)))
    talk.answer(Counted(3))

    assert talk.state.ledger.edits == {}
    assert not talk.state.ledger.requests or next(iter(talk.state.ledger.requests.values())).reason == "the condition no longer holds"


def test_each_domain_is_a_target_of_its_own():
    """One rule on two domains makes two requests, and the cooldown of the one is none of the other."""
    talk = Conversation(rules(DELETE))
    talk.hear(redis(domain(403), domain(200, "other.social"), complete=True), at=1_000)
    lines = talk.wait(21_000)

    assert [line for line in lines if line.startswith("count")] == [f"count {NAME}", "count retries to other.social with dns"]


def test_the_sum_of_all_others_is_no_domain():
    """Nothing can be taken of what is not told one by one: it is denied before anything is counted."""
    talk = Conversation(rules(DELETE))
    talk.hear(redis(domain(40_000, "(others)"), complete=True), at=1_000)

    assert not [line for line in talk.wait(60_000) if line.startswith("count")]
    (row,) = talk.audit("decision")
    assert (row.decision, row.guard, row.entity) == ("DENY", "last_look", "(others)")
    assert row.reason == "(others) stands for every domain that is not told one by one: which these are can't be said"


def test_a_domain_whose_name_is_lost_and_found():
    """What was meant and can't be told any more is denied, at rest; once it can be told again it is counted again."""
    talk = firing()
    talk.hear(redis(Delta(Kind.DOMAIN, "example.social", {"name": None})))
    talk.open.clear()
    talk.state.world.looks.clear()
    before = talk.seq
    talk.wait(talk.at + 20_000)

    assert talk.seq - before < 10, "it is never at rest"
    assert [one.reason for one in talk.state.ledger.requests.values()] == ["its domain is not known"]
    talk.hear(redis(domain(403)))
    assert talk.wait(talk.at + 5_000)[-1] == f"count {NAME}"


def test_a_crash_before_the_answer():
    """After a new start it is asked again under the same order, once Redis has been read in full, and no guard of the beginning is asked."""
    talk = firing()
    talk.answer(Counted(403))
    order = open_edit(talk).id
    lines = talk.crash()

    assert "audit outcome dead-domain take unknown: the agent ended before it knew" in lines
    assert not [
        line for line in lines + talk.wait(talk.at + 30_000) if line.startswith(("take", "count", "audit incident dead-domain take held"))
    ]
    talk.hear(redis(domain(12), complete=True))
    assert [line for line in talk.wait(talk.at + 1_000) if line.startswith("take")] == [f"take {NAME} (at most 500) by {order}"]
    talk.answer(JobsTaken(403))
    assert outcomes(talk) == [(NAME, "ended")]


def test_a_refusal_is_tried_again_and_then_given_up():
    """Each quarter of a minute for ten minutes; said once; then the step has failed and stands in nobody's way."""
    talk = firing()
    talk.answer(Counted(403))
    assert talk.answer(Refused("Redis can't be reached")) == [
        "audit outcome dead-domain take refused: Redis can't be reached",
        "audit incident dead-domain take held",
        "notify ops action.stage",
    ]
    held = status(talk.state, talk.at)["incidents"][0]
    assert (held["stage"], held["held"]) == ("take", "Redis can't be reached")
    began = talk.at
    said: list[str] = []
    while talk.state.ledger.edits:
        said += talk.wait(talk.at + 15_000)
        said += talk.hear(redis(domain(403)))
        if talk.open:
            said += talk.answer(Refused("Redis can't be reached"))

    assert talk.at - began == PATIENCE
    assert said.count("notify ops action.stage") == 0
    titles = [effect.notice.title for effect in talk.effects if isinstance(effect, Notify)]
    assert f"delete_retries on {NAME}: given up after 10 min: Redis can't be reached; what was moved by then stays so" in titles
    assert outcomes(talk) == [(NAME, "failed")]


@pytest.mark.parametrize(
    ("stop", "go", "reason"),
    [
        (Paused("ada", "hands off"), Resumed("ada"), "paused by ada: hands off"),
        (SourceLost(Source.REDIS, "refused", "nothing answers"), SourceBack(Source.REDIS), "redis can't be read: nothing answers"),
    ],
)
def test_who_stops_it_is_heeded_when_it_is_asked_again(stop, go, reason):
    """A pause or a loss of Redis holds what was cut off, and it goes on when that is over."""
    talk = firing()
    talk.answer(Counted(403))
    talk.hear(stop)
    talk.answer(Refused("the connection was lost"))

    assert not [line for line in talk.wait(talk.at + 30_000) if line.startswith("take")]
    assert open_edit(talk).held == reason
    talk.hear(go)
    talk.hear(redis(domain(403)))
    assert [line for line in talk.wait(talk.at + 15_000) if line.startswith("take")] == [
        f"take {NAME} (at most 500) by {open_edit(talk).id}"
    ]


def test_a_mode_that_is_lowered_in_the_middle():
    """Whoever lowers the mode wants nothing more to be moved."""
    talk = firing()
    talk.answer(Counted(403))
    talk.rules = rules(DELETE, Mode.DRY_RUN)
    talk.hear(RulesLoaded(talk.rules.digest, talk.rules.mode))
    talk.answer(Refused("the connection was lost"))

    assert not [line for line in talk.wait(talk.at + 30_000) if line.startswith("take")]
    assert open_edit(talk).held == "the mode has been lowered to dry-run"


def test_the_cooldown_is_kept_for_these_jobs():
    """The same retries of the same domain are not taken again before it is over, whoever asks."""
    talk = firing()
    talk.answer(Counted(403), at=22_000)
    talk.answer(JobsTaken(403), at=23_000)
    talk.hear(redis(domain(0)), at=30_000)
    talk.hear(redis(domain(500)), at=40_000)
    talk.wait(70_000)
    (request,) = talk.state.ledger.requests.values()

    assert (request.guard, request.until) == ("cooldown", 323_000)
    assert request.reason == f"delete_retries of rule dead-domain on {NAME} ended 37 s ago"


def test_a_job_that_runs_cannot_be_taken():
    """The reason names what can: its process must end."""
    talk = Conversation(rules(JOB))
    talk.hear(redis(process(ONE, 2_000), job(ONE, "j1", 1_000), complete=True), at=2_000)
    talk.hear(redis(process(ONE, 22_000)), at=22_000)

    (row,) = talk.audit("decision")
    assert (row.decision, row.guard, row.target) == ("DENY", "last_look", "job j1")
    assert row.reason == f"job j1 runs in {ONE}, and can't be taken from there: recover_process ends the process and takes it"
    assert talk.open == {}


def test_a_job_is_taken_after_its_process_has_ended():
    """As a second step it is found where it waits by then; nothing of the process is asked."""
    talk = Conversation(rules(THEN))
    talk.hear(redis(process(ONE, 2_000), job(ONE, "j1", 1_000), complete=True), at=2_000)
    talk.hear(host(found(ONE)))
    talk.hear(redis(process(ONE, 22_000)), at=22_000)
    talk.answer(HEALTHY)
    talk.hear(host(Gone(Kind.PROCESS, ONE, "exited")))
    talk.hear(redis(Gone(Kind.PROCESS, ONE, "left"), Gone(Kind.JOB, f"{ONE}/t1/j1/1000", "left")))

    assert talk.answer(Exited())[-1] == "count job j1"
    assert talk.answer(Counted(1))[-1].startswith("take job j1 (at most 100) by ")
    talk.answer(JobsTaken(1))
    assert outcomes(talk) == [("web1/app[push]", "ended")]


def test_a_job_that_stands_nowhere_any_more_is_a_failure():
    """Of one job it is said that it could not be taken, and `or_else` has its turn."""
    talk = Conversation(
        rules(JOB.replace("{job: job}", "{jid: j7}").replace("each: job", "each: queue").replace("job.elapsed > 20s", "queue.size > 3"))
    )
    talk.hear(redis(Delta(Kind.QUEUE, "push", {"name": "push", "size": 9}), complete=True), at=2_000)
    talk.answer(Counted(1))
    talk.answer(JobsTaken(0, gone=1))

    assert outcomes(talk) == [("job j7", "failed")]


def test_jobs_are_put_back_when_it_is_over():
    """Those that the other rule has taken, spread over the time that is the default."""
    talk = firing(RELEASE, retries=3)
    assert talk.answer(Counted(403))[-1] == (
        f"release quarantined jobs to example.social by rule dead-domain (at most 500, over 600000) by {open_edit(talk).id}"
    )
    talk.answer(JobsReleased(400, kept=3))

    assert last_notice(talk).endswith(f"400 put back; 3 kept, because Sidekiq has them or another job holds their lock; {UNPROVEN}")


def test_a_recovery_is_not_kept_waiting():
    """An edit that is under way denies nothing but another one of the same jobs."""
    talk = firing(
        DELETE
        + JOB.replace("\nrules:\n", "")
        .replace("quarantine_job: {job: job}", "terminate_process: {process: job.process}")
        .replace("cooldown: 5m", "cooldown: 5m, keep: 0%")
    )
    talk.answer(Counted(403))
    assert open_edit(talk).effect
    talk.hear(redis(process(ONE, 30_000), job(ONE, "j1", 1_000)), at=30_000)

    assert talk.hear(host(found(ONE)))[-1] == f"measure {ONE}"


def test_why_names_what_each_guard_says():
    """Coverage says that it does not apply; the target is named by what the jobs have in common."""
    talk = firing()
    talk.answer(Counted(0))
    account = why(talk.rules, talk.state, "dead-domain", "example.social", talk.at)
    says = {one["guard"]: (one["answer"], one["reason"]) for one in account["guards"]}

    assert (account["action"], account["target"]) == ("delete_retries", NAME)
    assert says["coverage"] == ("PASS", "does not apply: no process is touched")
    assert all(answer == "PASS" for answer, _ in says.values())


def test_settling_counts_time_where_there_is_nobody_to_beat():
    """After the start three beats of the slowest version must pass."""
    talk = Conversation(rules(DELETE.replace("cooldown: 5m", "cooldown: 5m, settle: 3")))
    talk.hear(redis(domain(403), complete=True), at=1_000)
    talk.wait(25_000)
    (request,) = talk.state.ledger.requests.values()

    assert (request.guard, request.until) == ("settling", 31_000)
    assert [line for line in talk.wait(31_000) if line.startswith("count")] == [f"count {NAME}"]


def test_a_rule_that_means_other_jobs_after_a_reload():
    """The request of before is forgotten, and what the rule wants now is counted."""
    talk = firing()
    talk.rules = rules(DELETE.replace("kind: dns", "kind: timeout"))
    before = next(iter(talk.open))
    lines = talk.hear(RulesLoaded(talk.rules.digest, talk.rules.mode))

    assert lines[-1] == "count retries to example.social with timeout"
    assert [line for line in talk.hear(EffectDone(before, Counted(403))) if line != "audit agent rules in force"] == []
    assert [one.target for one in talk.state.ledger.requests.values()] == ["retries to example.social with timeout"]
