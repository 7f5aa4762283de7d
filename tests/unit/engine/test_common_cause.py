"""The guard `common_cause`: what is no fault of the target, case by case."""

import pytest

from tests.scenario.conversation import job, process
from tests.unit.engine.conftest import AT, ONE, picture
from tests.unit.engine.test_guards import alerts_on
from watchdog.engine.guards.common_cause import FULL, common_cause
from watchdog.engine.holding import sick_processes
from watchdog.engine.ledger import Alert, Ledger, Loss, Phase
from watchdog.engine.unwritable import CODES
from watchdog.model.events import Delta
from watchdog.model.kinds import Kind, Source
from watchdog.model.notices import Severity
from watchdog.model.targets import TargetKind
from watchdog.model.verdicts import Answer
from watchdog.sidekiq.failures import SENTENCES

OTHERS = ("web1:11:def", "web2:10:abc", "web2:11:def")
NOT_CHECKED = "database and web are not checked: the config declares no check"


def check(**readings) -> Delta:
    """The check `postgres` with these readings."""
    return Delta(Kind.CHECK, "postgres", {"name": "postgres", "type": "postgres", **readings})


def server(**readings) -> Delta:
    """Sidekiq's Redis with these readings."""
    return Delta(Kind.REDIS, "redis", {"role": "master", "memory": 100, "maxmemory": 0, "policy": "noeviction", **readings})


def machine(**readings) -> Delta:
    """The host with these readings."""
    return Delta(Kind.HOST, "web1", readings)


@pytest.mark.parametrize(
    ("readings", "reason"),
    [
        (check(ok=True), ""),
        (check(ok=True, problem="no answer within 5 s"), ""),
        (check(ok=False, problem="the server says: sorry, too many clients already"), "the check postgres fails: the server says: sorry, too many clients already"),
        (check(ok=False), "the check postgres fails"),
        (check(), "the check postgres has not succeeded yet"),
        (check(problem="no answer within 5 s"), "the check postgres has not succeeded yet"),
        (Delta(Kind.REDIS, "app", {"role": "slave"}), NOT_CHECKED),
        (server(), NOT_CHECKED),
        (server(role="slave"), "Redis is a replica and refuses writes"),
        (server(maxmemory=101), NOT_CHECKED),
        (server(maxmemory=100), "Redis has reached its memory limit and refuses writes"),
        (server(maxmemory=100, policy="allkeys-lru"), NOT_CHECKED),
        (server(maxmemory=100, policy=None), NOT_CHECKED),
        (machine(disk_free=FULL, disk=10**12), NOT_CHECKED),
        (machine(disk_free=FULL - 1), "the disk of the state folder is full"),
        (machine(disk_free=100_001, disk=2_000_000), NOT_CHECKED),
        (machine(disk_free=99_999, disk=2_000_000), "the disk of the state folder is full"),
        (machine(disk_free=FULL - 1, disk=10**12), "the disk of the state folder is full"),
        (machine(disk_free=None), NOT_CHECKED),
    ],
)  # fmt: skip
def test_each_cause(view, readings, reason):
    """Each denies with a sentence that names it; what can't be known, or is not declared, denies nothing, and the latter is said."""
    verdict = common_cause(view(world=picture(readings)))

    assert verdict.reason == reason
    assert verdict.answer is (Answer.PASS if reason in {"", NOT_CHECKED} else Answer.DENY)


@pytest.mark.parametrize("code", sorted(SENTENCES))
def test_a_redis_that_can_not_be_read(view, code):
    """One that answers and takes no writes is a common cause, in the words of its loss; for others there is the guard `blind`."""
    verdict = common_cause(view(ledger=Ledger(lost={Source.REDIS: Loss(code, "it says so", 5)})))

    assert (verdict.answer is Answer.DENY) == (code in CODES)
    assert verdict.answer is Answer.PASS or verdict.reason == "it says so"


@pytest.mark.parametrize(
    ("sick", "there", "most", "answer"),
    [
        (0, 4, 0.5, Answer.PASS),
        (1, 1, 0.5, Answer.PASS),
        (1, 2, 0.0, Answer.PASS),
        (2, 2, 0.5, Answer.DENY),
        (2, 3, 0.5, Answer.DENY),
        (2, 4, 0.5, Answer.PASS),
        (3, 4, 0.5, Answer.DENY),
        (2, 4, 0.25, Answer.DENY),
        (4, 4, 1.0, Answer.PASS),
    ],
)
def test_how_many_are_sick(view, sick, there, most, answer):
    """More than `max_unhealthy` of all processes, counted from two sick ones: the trouble is not in each of them."""
    names = (ONE, *OTHERS)
    shown = view(
        settings={"max_unhealthy": most}, sick=frozenset(names[:sick]), world=picture(*(process(name, AT) for name in names[:there]))
    )  # fmt: skip

    assert common_cause(shown).answer is answer
    if answer is Answer.DENY:
        assert common_cause(shown).reason == f"more than {most:.0%} of the processes are sick, which has another cause than each of them"


def test_after_the_point_of_no_return(view):
    """A process that is quiet already is not left so for a full disk or its sick neighbours; but never ended while nobody could run its jobs."""
    tight = picture(machine(disk_free=0), process(ONE, AT), process(OTHERS[0], AT))
    crowd = frozenset((ONE, OTHERS[0]))

    assert common_cause(view(world=tight, sick=crowd, committed=True)).answer is Answer.PASS
    for cause in (check(ok=False), check(), server(role="slave")):
        assert common_cause(view(world=picture(cause), committed=True)).answer is Answer.DENY


def test_who_is_sick():
    """Whose alert fires, or has a job whose alert does; not for `info`, not while it is pending, and not who has left."""
    jobs = [job(name, f"j{number}", 0) for number, name in enumerate((ONE, *OTHERS))]
    world = picture(*(process(name, AT) for name in (ONE, *OTHERS)), *jobs)
    on_jobs = alerts_on(jobs[0])
    pending = alerts_on(jobs[1], phase=Phase.PENDING)

    def own(name: str, severity: Severity) -> Alert:
        return Alert(
            id=name, rule="r", kind=Kind.PROCESS, entity=name, phase=Phase.FIRING, since_at=0, since_wall=0, counted=0, counted_at=0, counting=False,
            severity=severity, notify=(),
        )  # fmt: skip

    alerts = [
        *on_jobs.values(), *pending.values(), own(OTHERS[1], Severity.CRITICAL), own(OTHERS[2], Severity.INFO), own("web3:1:gone", Severity.CRITICAL),
    ]  # fmt: skip

    assert sick_processes(world, alerts) == {ONE, OTHERS[1]}


def test_what_a_rule_has_found_is_no_other_cause_for_one_more(view):
    """Whoever computes as fast as it can is why another one is started; what other rules have found counts as ever."""
    there = (process(ONE, AT), *(process(other, AT) for other in OTHERS))
    world = picture(*there)
    sick = {
        f"stuck-job|{one.id}": Alert(
            id=one.id, rule="stuck-job", kind=Kind.PROCESS, entity=one.id, phase=Phase.FIRING, since_at=0, since_wall=0, counted=0, counted_at=0, counting=False,
            severity=Severity.WARNING, notify=(),
        )
        for one in there
    }  # fmt: skip
    shown = view(world=world, ledger=Ledger(alerts=sick), sick=sick_processes(world, sick.values()))

    assert common_cause(shown).answer is Answer.DENY
    assert common_cause(view(world=world, ledger=Ledger(alerts=sick), sick=shown.sick, about=TargetKind.TEMPLATE)).answer is Answer.PASS
    assert (
        common_cause(view(world=world, ledger=Ledger(alerts=sick), sick=shown.sick, about=TargetKind.TEMPLATE, rule="other")).answer
        is Answer.DENY
    )
