"""All guards together, and those that need no table of their own: when each passes, when it denies or asks, with which reason, and until when."""

from typing import Any

import msgspec
import pytest

from tests.scenario.conversation import job, process
from tests.unit.engine.conftest import AT, ONE, picture
from watchdog.engine.approvals import Approval, Ground, Standing
from watchdog.engine.deploys import Deploys, Sign
from watchdog.engine.fleet import Busy, Fleet
from watchdog.engine.guards import ORDER
from watchdog.engine.guards.blind import blind
from watchdog.engine.guards.in_flight import in_flight
from watchdog.engine.guards.paused import paused
from watchdog.engine.guards.settling import settling
from watchdog.engine.incidents import Run
from watchdog.engine.ledger import Alert, Cooldown, Ledger, Loss, Phase, Spent, Strike
from watchdog.engine.success import Demotion, Success
from watchdog.engine.switches import Pause
from watchdog.model import guards as table
from watchdog.model.events import Delta
from watchdog.model.hours import Hours
from watchdog.model.kinds import Kind, Source
from watchdog.model.notices import Severity
from watchdog.model.parameters import Allowance
from watchdog.model.targets import ProcessRef, TargetKind, UnitRef
from watchdog.model.verdicts import Answer, Verdict

NAME = "web1/app[push]"


def open_run(name: str = "web1/other", **changes) -> Run:
    """An action under way on another target."""
    ref = ProcessRef(name, "web1:99:zzz", "web1", 99, 1, "boot-1")
    run = Run(
        id="3.0", incident="2.9", rule="other", action="terminate_process", arguments={}, ref=ref, entity="e", thread="t", severity=Severity.INFO,
        notify=(), stage="grace", looking=False, opened_wall=0,
    )  # fmt: skip
    return msgspec.structs.replace(run, **changes)


def asked(**changes: Any) -> Approval:
    """A person has been asked about the target of `view`, and nobody has answered yet."""
    one = Approval(
        id="k7f3x", rule="stuck-job", entity="e", target="web1/app[push]", action="terminate_process", request="7.0", playbook="", process=ONE, ref=None, jobs=None,
        plan=(), stages=(), condition="true", seen=(), grounds=(Ground("culprits", "3 different jobs of Job were caught"),), thread="t", severity=Severity.INFO,
        notify=(), needed=1, asked_at=AT, asked_wall=0, expires_at=AT + 3_600_000,
    )  # fmt: skip
    return msgspec.structs.replace(one, **changes)


def alerts_on(*jobs: Delta, phase: Phase = Phase.FIRING) -> dict[str, Alert]:
    """An open alert on each of these jobs."""
    return {
        f"r|{one.id}": Alert(
            id=f"{number}.0", rule="r", kind=Kind.JOB, entity=one.id, phase=phase, since_at=0, since_wall=0, counted=0, counted_at=0, counting=False,
            severity=Severity.WARNING, notify=(),
        )
        for number, one in enumerate(jobs)
    }  # fmt: skip


def test_the_guards_are_those_of_the_table():
    """What is asked, in this order, is what the table of guards describes, each under the name of its function."""
    assert [name for name, _ in ORDER] == [spec.name for spec in table.GUARDS]
    assert [name for name, guard in ORDER] == [guard.__name__ for _, guard in ORDER]


def test_a_healthy_case_passes_every_guard(view):
    """With nothing against it no guard has a reason, and each answers under its own name; two say what they could not look at."""
    shown = view(
        settings={
            "settle": 0,
            "max_unhealthy": 0.5,
            "deploy": 1_800_000,
            "cooldown": 300_000,
            "cooldown_max": 14_400_000,
            "target_budget": Allowance(6, 86_400_000),
            "host_budget": Allowance(6, 3_600_000),
            "keep": 0.0,
            "alone": "ask",
            "veto": ("Domain*",),
            "culprits": 3,
            "min_success": 0.5,
            "trials": 4,
            "protected": ("web9/*",),
            "budget": Allowance(3, 3_600_000),
            "flaps": Allowance(6, 3_600_000),
            "hours": Hours(0, 1_440),
            "zone": "local",
            "surge": "deny",
            "idle": 0.5,
            "answer_within": 3_600_000,
            "approvals": 1,
        }
    )

    assert [(verdict.guard, verdict.answer) for verdict in (guard(shown) for _, guard in ORDER)] == [
        (name, Answer.PASS) for name, _ in ORDER
    ]
    assert [verdict.guard for verdict in (guard(shown) for _, guard in ORDER) if verdict.reason] == ["common_cause", "deploy"]


@pytest.mark.parametrize(
    ("pause", "answer", "until"),
    [
        (None, Answer.PASS, None),
        (Pause("ada", "maintenance", None), Answer.DENY, None),
        (Pause("ada", "maintenance", AT + 1), Answer.DENY, AT + 1),
        (Pause("ada", "maintenance", AT), Answer.PASS, None),
    ],
)
def test_paused(view, pause, answer, until):
    """A pause denies up to its very end, and says who paused and why."""
    verdict = paused(view(ledger=Ledger(pauses={} if pause is None else {pause.key: pause})))

    assert (verdict.answer, verdict.until) == (answer, until)
    assert verdict.reason == ("paused by ada: maintenance" if answer is Answer.DENY else "")


@pytest.mark.parametrize("source", [Source.REDIS, Source.HOST])
def test_blind_while_a_source_is_lost(view, source):
    """Each source that the request rests on denies while it is lost, in the words of the loss."""
    verdict = blind(view(ledger=Ledger(lost={source: Loss("x", "nobody answers", 5)})))

    assert (verdict.answer, verdict.reason, verdict.until) == (Answer.DENY, f"{source} can't be read: nobody answers", None)


def test_not_blind_for_a_source_it_does_not_rest_on(view):
    """The loss of another source is no reason."""
    shown = view(ledger=Ledger(lost={Source.HOST: Loss("x", "m", 5)}), sources=(Source.REDIS,))

    assert blind(shown).answer is Answer.PASS


def test_blind_before_the_first_complete_reading(view):
    """Half a picture is none."""
    shown = view()
    shown.world.complete.clear()

    assert blind(shown) == Verdict("blind", Answer.DENY, "redis has not been read in full yet")


@pytest.mark.parametrize(("silent", "answer"), [(60_000, Answer.PASS), (60_001, Answer.DENY), (9_999_999, Answer.DENY)])
def test_blind_when_the_source_itself_falls_silent(view, silent, answer):
    """A source of which nothing has come for more than its limit is not believed, in words that stay the same while it lasts."""
    verdict = blind(view(at=AT + silent))

    assert verdict.answer is answer
    assert verdict.reason in ("", "nothing has been read from redis for more than 60 s")


def test_the_silence_of_the_target_is_no_blindness(view):
    """A process that has not beaten for an hour is a finding as long as Redis itself is read."""
    shown = view(at=AT + 3_600_000)
    shown.world.read_at[Source.REDIS] = AT + 3_600_000

    assert blind(shown).answer is Answer.PASS


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({}, Answer.DENY),
        ({"at": AT + 999}, Answer.DENY),
        ({"at": AT + 1_000}, Answer.PASS),
        ({"about": TargetKind.JOBS}, Answer.PASS),
        ({"of_the_dead": True}, Answer.PASS),
    ],
)
def test_another_host_is_in_flight(view, changes, answer):
    """Who holds the lock of the fleet is in the way of ending a process for as long as that is known; of moving jobs, and of the dead, nobody is."""
    verdict = in_flight(view(ledger=Ledger(fleet=Fleet(busy=Busy("an action on web2 is under way", AT + 1_000))), **changes))

    assert verdict.answer is answer
    assert answer is Answer.PASS or (verdict.reason, verdict.until) == ("an action on web2 is under way", AT + 1_000)


LEADS = "the agent of web2 leads"


@pytest.mark.parametrize("led", [LEADS, None])
@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({}, Answer.DENY),
        ({"led": ""}, Answer.PASS),
        ({"about": TargetKind.PROCESS}, Answer.PASS),
        ({"incident": "7.0"}, Answer.PASS),
        ({"overruled": ()}, Answer.PASS),
        ({"sources": (Source.CHECKS, Source.REDIS)}, Answer.DENY),
        ({"sources": (Source.HOST, Source.REDIS)}, Answer.PASS),
        ({"sources": (Source.REDIS, Source.SYSTEMD)}, Answer.PASS),
    ],
)
def test_what_concerns_the_whole_is_the_leaders(view, changes, answer, led):
    """Moving jobs waits while another leads or that is not known; not the end of a process, a step of what has begun, what a person orders, or what no other agent can see."""
    shown = view(**{"about": TargetKind.JOBS, "sources": (Source.REDIS,), "led": led, **changes})
    denied = {
        LEADS: Verdict("in_flight", Answer.DENY, LEADS), None: Verdict("settling", Answer.DENY, "it is not known yet who leads")
    }[led]  # fmt: skip

    assert [one for one in (settling(shown), in_flight(shown)) if one.answer is not Answer.PASS] == [denied] * (answer is Answer.DENY)


def test_in_flight(view):
    """Any other action on this host denies, and names its incident, stage and what holds it; one's own does not."""
    run = open_run(held="paused by ada: x")
    denied = in_flight(view(ledger=Ledger(runs={run.id: run})))

    assert denied == Verdict(
        "in_flight", Answer.DENY, "incident 2.9 (terminate_process on web1/other) is at stage grace, held: paused by ada: x"
    )
    assert in_flight(view(ledger=Ledger(runs={run.id: run}), subject="3.0")).answer is Answer.PASS


def test_every_denial_says_why(view):
    """No guard answers anything but PASS without a sentence."""
    run = open_run()
    worst = view(
        settings={"settle": 20, "max_unhealthy": 0.5, "deploy": 1_800_000, "cooldown": 300_000, "cooldown_max": 14_400_000, "target_budget": Allowance(6, 86_400_000), "host_budget": Allowance(6, 3_600_000), "keep": 0.5, "alone": "when_half_held", "veto": ("Sleep*",), "culprits": 1, "min_success": 0.5, "trials": 4, "protected": ("web1/*",), "budget": Allowance(1, 3_600_000), "flaps": Allowance(0, 3_600_000), "hours": Hours(60, 120), "zone": "local", "surge": "deny", "answer_within": 3_600_000, "approvals": 1, "idle": 0.5}, at=AT + 100_000, action="scale_out", thing=UnitRef("web1/a@.service", "web1", "a@1.service"), ref=None, unreachable="not here", holds=False, look=None,
        ledger=Ledger(pauses={"a": Pause("a", "b", None)}, lost={Source.REDIS: Loss("misconf", "m", 1)}, runs={run.id: run}, alerts={"a|b": msgspec.structs.replace(next(iter(alerts_on(job(ONE, "j1", 0)).values())), baseline=True)}, fired={"a|b": (Spent(AT, "a", "1.0"),)}, deploys=Deploys({"code": Sign("w", AT, AT)}), success={"stuck-job": Success((), Demotion(AT, AT, "w"))}, strikes={"jid j": Strike(1, 0, AT, "stuck-job", "Job")}),
        cooldowns={"web1/app[push]": Cooldown(AT, "r", "a")}, alerts=("a|b",), rests_on_load=True,
        world=picture(process(ONE, AT - 5_000, threads=1), job(ONE, "j1", AT - 6_000)), spent={"web1/app[push]": (Spent(AT, "stuck-job", "1.0"),)},
        approval=asked(standing=Standing.DENIED, settled="denied by ada: no", settled_at=AT),
    )  # fmt: skip
    verdicts = [guard(worst) for _, guard in ORDER]

    asking = {"baseline", "budget", "culprits", "trust"}
    assert [(verdict.guard, verdict.answer) for verdict in verdicts] == [
        (name, Answer.ASK if name in asking else Answer.DENY) for name, _ in ORDER
    ]
    assert all(verdict.reason for verdict in verdicts)
