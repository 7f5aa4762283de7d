"""Which jobs a step means, and what they are called."""

import msgspec
import pytest

from tests.scenario.conversation import job, process, rules
from tests.unit.engine.conftest import AT, ONE, picture
from watchdog.engine.guards.coverage import coverage
from watchdog.engine.guards.in_flight import in_flight
from watchdog.engine.guards.last_look import last_look
from watchdog.engine.guards.settling import settling
from watchdog.engine.incidents import Edit
from watchdog.engine.ledger import Ledger
from watchdog.engine.selecting import AMONG, Chosen, choose, runs_in
from watchdog.model.actions import FAILURES, TELLS
from watchdog.model.events import Delta
from watchdog.model.fields import BY_KIND
from watchdog.model.kinds import Kind
from watchdog.model.notices import Severity
from watchdog.model.results import Counted
from watchdog.model.targets import Among, JobsRef, TargetKind
from watchdog.model.verdicts import Answer
from watchdog.sidekiq.causes import FailureKind
from watchdog.sidekiq.failed import OTHERS

GROUP = Delta(Kind.RETRY_GROUP, "push A status 403", {"queue": "push", "job_class": "A", "failure": "status", "status": 403, "size": 9})
JOBS = JobsRef(name="job j1", among=Among.WAITING, jid="j1", cap=100)


def chosen(each: str, action: str, *deltas: Delta, entity: str = "") -> Chosen:
    """What that action means, seen from the entity, or from the first one."""
    when = next(spec.example for spec in BY_KIND[Kind(each)].values() if spec.type == "count" and not spec.internal)
    step = rules(f"rules: [{{rule: r, each: {each}, when: '{when}', for: 1m, then: [{{{action}}}]}}]").rules[0].steps[0]
    row = picture(*deltas).find(Kind(each), entity or deltas[0].id) if deltas else None
    return choose(step, row)


def jobs(name: str, among: Among = Among.RETRIES, *, cap: int = 500, **more) -> JobsRef:
    """A reference by its name."""
    return JobsRef(name=name, among=among, cap=cap, **more)


@pytest.mark.parametrize(
    ("each", "action", "deltas", "expected"),
    [
        ("retry_group", "delete_retries: {}", (GROUP,), jobs("retries of A in push with status 403", job_class="A", queue="push", kind="status", status=403)),
        ("retry_group", "delete_retries: {domain: a.example, cap: 7}", (GROUP,),
         jobs("retries of A to a.example in push with status 403", job_class="A", queue="push", kind="status", status=403, domain="a.example", cap=7)),
        ("queue", "delete_retries: {failing_for: 2d}", (Delta(Kind.QUEUE, "push", {"name": "push"}),),
         jobs("retries in push failing for 172800 s", queue="push", failing_for=172_800_000)),
        ("job_class", "release_job: {rule: gone}", (Delta(Kind.JOB_CLASS, "A", {"name": "A"}),),
         jobs("quarantined jobs of A by rule gone", Among.QUARANTINE, job_class="A", rule="gone")),
        ("sidekiq", "delete_retries: {kind: dns}", (), jobs("retries with dns", kind="dns")),
        ("sidekiq", "quarantine_job: {jid: j1}", (), JOBS),
        ("job", "quarantine_job: {job: job}", (job(ONE, "j1", 1_000),), JOBS),
        ("queue", "quarantine_job: {jid: j1}", (Delta(Kind.QUEUE, "push", {"name": "push"}),), JOBS),
    ],
)  # fmt: skip
def test_the_entity_and_the_parameters_together_say_which(each, action, deltas, expected):
    """What the entity tells, what the rule says, and a name that is made of both."""
    assert chosen(each, action, *deltas) == Chosen(expected.name, expected)


@pytest.mark.parametrize(
    ("each", "action", "delta", "reason"),
    [
        ("domain", "delete_retries: {}", Delta(Kind.DOMAIN, OTHERS, {"name": OTHERS}), "(others) stands for every domain that is not told one by one: which these are can't be said"),
        ("retry_group", "delete_retries: {}", Delta(Kind.RETRY_GROUP, OTHERS, {"queue": ""}), "(others) stands for every retry_group that is not told one by one: which these are can't be said"),
        ("domain", "release_job: {}", Delta(Kind.DOMAIN, "a.example", {"retries": 1}), "its domain is not known"),
        ("job", "quarantine_job: {job: job}", Delta(Kind.JOB, "x", {"queue": "push"}), "its job id is not known"),
    ],
)  # fmt: skip
def test_what_is_not_known_is_not_everything(each, action, delta, reason):
    """A filter that can't be told is a reason to do nothing, never one that is left out."""
    found = chosen(each, action, delta)

    assert (found.jobs, found.unreachable) == (None, reason)


def test_who_runs_a_job():
    """Only of one job that waits is it asked whether it runs."""
    world = picture(process(ONE, AT), job(ONE, "j1", 1_000))

    assert runs_in(world, JOBS) == ONE
    assert runs_in(world, jobs("job j2", Among.WAITING, jid="j2")) == ""
    assert runs_in(world, jobs("retries j1", jid="j1")) == ""


def test_what_entities_tell_is_a_field_of_theirs():
    """Each slot is there, and each parameter is one of the actions on jobs; the reasons for failures are those of the table of causes."""
    for kind, told in TELLS.items():
        assert set(told.values()) <= {spec.slot for spec in BY_KIND[kind].values()}
    assert set(FAILURES) == set(FailureKind)
    assert set(AMONG.values()) == set(Among)


def edit(name: str) -> Edit:
    """One under way on jobs of that name."""
    return Edit(
        id="3.0", incident="2.9", rule="other", action="delete_retries", jobs=jobs(name), spread=0, entity="e", thread="t", severity=Severity.INFO, notify=(),
        opened_wall=0, begun_at=0, stage="take",
    )  # fmt: skip


def test_guards_of_jobs(view):
    """What is about processes does not apply and says so; one edit of the same jobs at a time, whatever processes do."""
    shown = view(about=TargetKind.JOBS, process="", ref=None, signal=None, look=None, target="job j1", jobs=JOBS)

    assert coverage(shown).reason == "does not apply: no process is touched"
    assert in_flight(view(target="web1/app[push]", ledger=Ledger(edits={"3.0": edit("web1/other")}))).answer is Answer.PASS
    busy = msgspec.structs.replace(shown, ledger=Ledger(edits={"3.0": edit("job j1")}))
    assert in_flight(busy).reason == "incident 2.9 (delete_retries) is moving job j1"
    assert in_flight(msgspec.structs.replace(busy, subject="3.0")).answer is Answer.PASS
    assert settling(shown).answer is Answer.PASS


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, ""),
        ({"counted": Counted(1)}, ""),
        ({"counted": Counted(0)}, "nothing is left to be moved: job j1"),
        ({"holds": False}, "the condition no longer holds"),
        ({"holds": False, "committed": True, "counted": Counted(0), "runs_in": ONE}, ""),
        ({"jobs": None, "unreachable": "its job id is not known"}, "its job id is not known"),
        ({"jobs": None}, "which jobs are meant is not known"),
        ({"jobs": None, "committed": True}, "which jobs are meant is not known"),
        ({"runs_in": ONE}, f"job j1 runs in {ONE}, and can't be taken from there: recover_process ends the process and takes it"),
    ],
)
def test_the_last_look_at_jobs(view, changes, reason):
    """The condition, the number, and whether it runs; what has been begun is asked for nothing of that."""
    shown = view(about=TargetKind.JOBS, process="", ref=None, signal=None, look=None, target="job j1", **{"jobs": JOBS, **changes})

    assert last_look(shown).reason == reason
