"""Each guard by itself: when it passes, when it denies or asks, with which reason, and until when."""

from typing import Any

import msgspec
import pytest

from tests.scenario.conversation import HEALTHY, job, process
from tests.unit.engine.conftest import AT, ONE, picture
from watchdog.engine.approvals import Approval, Ground, Standing, Word, with_consent
from watchdog.engine.deploys import Deploys, Sign
from watchdog.engine.fleet import Busy, Fleet
from watchdog.engine.guards import ORDER
from watchdog.engine.guards.approval import approval
from watchdog.engine.guards.blind import blind
from watchdog.engine.guards.cooldown import cooldown
from watchdog.engine.guards.coverage import coverage
from watchdog.engine.guards.in_flight import in_flight
from watchdog.engine.guards.last_look import last_look
from watchdog.engine.guards.paused import paused
from watchdog.engine.holding import held_threads
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
from watchdog.model.results import Look
from watchdog.model.targets import ProcessRef, Signal
from watchdog.model.verdicts import Answer, Verdict

TWO = "web1:11:def"
NAME = "web1/app[push]"
UNIT = "sidekiq@push.service"


def look(**changes) -> Look:
    """A healthy look but for what is named."""
    return msgspec.structs.replace(HEALTHY, **changes)


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
    ("ended", "answer", "until"),
    [
        (AT, Answer.DENY, AT + 300_000),
        (AT - 299_999, Answer.DENY, AT + 1),
        (AT - 300_000, Answer.PASS, None),
        (AT + 9_000, Answer.DENY, AT + 309_000),
    ],
)
def test_cooldown(view, ended, answer, until):
    """Counted from the end of the last action, whoever asked for it, up to the very millisecond."""
    shown = view(cooldowns={"web1/app[push]": Cooldown(ended, "other-rule", "terminate_process")})
    verdict = cooldown(shown)

    assert (verdict.answer, verdict.until) == (answer, until)
    if answer is Answer.DENY:
        assert verdict.reason.startswith("terminate_process of rule other-rule on web1/app[push] ")
        assert "-" not in verdict.reason.removeprefix("terminate_process of rule other-rule")


@pytest.mark.parametrize(
    ("actions", "cooldown_max", "minutes"),
    [
        ((), 240, 5),
        ((0,), 240, 5),
        ((0, -60_000), 240, 10),
        ((0, -60_000, -120_000), 240, 20),
        ((0, 0), 240, 10),
        ((0, -86_399_999), 240, 10),
        ((0, -86_400_000), 240, 5),
        (tuple(range(0, -100, -1)), 240, 240),
        ((0, -1, -2), 15, 15),
        ((0, -1, -2), 3, 5),
        ((0, -1, -2), 0, 5),
    ],
)
def test_the_cooldown_grows_and_falls_back(view, actions, cooldown_max, minutes):
    """It doubles with each action of the last day, up to its limit, and is never less than the rule says; and the reason tells why."""
    settings = {"cooldown": 300_000, "cooldown_max": cooldown_max * 60_000}
    shown = view(
        cooldowns={NAME: Cooldown(AT, "r", "a")}, settings=settings, spent={NAME: tuple(Spent(AT + ago, "r", f"{number}.0") for number, ago in enumerate(actions))},
    )  # fmt: skip
    verdict = cooldown(shown)

    assert (verdict.answer, verdict.until) == (Answer.DENY, AT + minutes * 60_000)
    grown = f"; after {sum(ago > -86_400_000 for ago in actions)} actions within 24 h the cooldown is {minutes} min"
    assert verdict.reason == f"a of rule r on {NAME} ended 0 s ago" + (grown if minutes > 5 else "")


def test_no_cooldown_does_not_grow(view):
    """Twice nothing is nothing."""
    settings = {"cooldown": 0, "cooldown_max": 14_400_000}
    spent = {NAME: tuple(Spent(AT, "r", f"{number}.0") for number in range(5))}

    assert cooldown(view(cooldowns={NAME: Cooldown(AT, "r", "a")}, settings=settings, spent=spent)).answer is Answer.PASS


def test_the_steps_of_an_incident_are_one_action(view):
    """However many there were."""
    steps = tuple(Spent(AT - number, "r", "1.0") for number in range(4))

    assert cooldown(view(cooldowns={NAME: Cooldown(AT, "r", "a", "1.0")}, spent={NAME: steps})).until == AT + 300_000


@pytest.mark.parametrize(
    ("sign", "until"),
    [
        (Sign("w", AT - 10_000, AT - 5_000), AT + 295_000),
        (Sign("w", AT - 10_000), AT + 290_000),
        (Sign("w", AT - 400_000, AT - 300_000), None),
        (None, None),
    ],
)
def test_what_others_did_to_its_unit_counts_too(view, sign, until):
    """Whoever has just had it restarted is waited for like the agent itself; not whoever orders it by hand."""
    signs = {} if sign is None else {f"job {UNIT}": sign}
    shown = view(
        ref=ProcessRef(f"web1/{UNIT}", ONE, "web1", 10, 77, "boot-1", "app", UNIT), ledger=Ledger(deploys=Deploys(signs)),
        cooldowns={NAME: Cooldown(AT - 300_000, "r", "a")},
    )  # fmt: skip

    assert (cooldown(shown).until, cooldown(shown).answer) == (until, Answer.PASS if until is None else Answer.DENY)
    assert cooldown(shown).reason.startswith("what somebody else had systemd do with web1/app[push] ended ") is (until is not None)
    assert cooldown(msgspec.structs.replace(shown, overruled=())).answer is Answer.PASS


def test_cooldown_is_that_of_the_target(view):
    """What was done to another target is no reason."""
    assert cooldown(view(cooldowns={"web1/app[pull]": Cooldown(AT, "r", "a")})).answer is Answer.PASS


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({}, Answer.DENY),
        ({"at": AT + 999}, Answer.DENY),
        ({"at": AT + 1_000}, Answer.PASS),
        ({"about_jobs": True}, Answer.PASS),
        ({"of_the_dead": True}, Answer.PASS),
    ],
)
def test_another_host_is_in_flight(view, changes, answer):
    """Who holds the lock of the fleet is in the way of ending a process for as long as that is known; of moving jobs, and of the dead, nobody is."""
    verdict = in_flight(view(ledger=Ledger(fleet=Fleet(busy=Busy("an action on web2 is under way", AT + 1_000))), **changes))

    assert verdict.answer is answer
    assert answer is Answer.PASS or (verdict.reason, verdict.until) == ("an action on web2 is under way", AT + 1_000)


def test_in_flight(view):
    """Any other action on this host denies, and names its incident, stage and what holds it; one's own does not."""
    run = open_run(held="paused by ada: x")
    denied = in_flight(view(ledger=Ledger(runs={run.id: run})))

    assert denied == Verdict(
        "in_flight", Answer.DENY, "incident 2.9 (terminate_process on web1/other) is at stage grace, held: paused by ada: x"
    )
    assert in_flight(view(ledger=Ledger(runs={run.id: run}), subject="3.0")).answer is Answer.PASS


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ref": None, "unreachable": "it is not a process of this host"}, "it is not a process of this host"),
        ({"holds": False}, "the condition no longer holds"),
        ({"holds": False, "look": None}, "the condition no longer holds"),
        ({"look": look(alive=False, same=False)}, "the process has ended"),
        ({"look": look(same=False, mismatch="it began later")}, "pid 10 is not the process that was meant: it began later"),
        ({"look": look(tracer=99, state="t")}, "somebody is holding it: stopped by the debugger with pid 99"),
        ({"look": look(frozen=True)}, "somebody is holding it: its cgroup is frozen"),
        ({"look": look(catches=("INT",))}, "still booting: it does not handle TERM and TSTP and TTIN yet"),
        ({"look": look(catches=("TERM",))}, "still booting: it does not handle TSTP and TTIN yet"),
        ({"look": look(catches=("TERM", "TTIN")), "signal": Signal.TSTP}, "still booting: it does not handle TSTP yet"),
        ({"look": look(catches=("TERM", "TSTP")), "signal": Signal.TTIN}, "still booting: it does not handle TTIN yet"),
        ({"committed": True, "look": look(same=False, mismatch="x")}, "pid 10 is not the process that was meant: x"),
        (
            {"committed": True, "look": look(tracer=1, state="T"), "signal": Signal.KILL},
            "somebody is holding it: stopped by the debugger with pid 1",
        ),
    ],
)
def test_last_look_denies(view, changes, reason):
    """Everything that the look can show against it denies with that reason."""
    assert last_look(view(**changes)) == Verdict("last_look", Answer.DENY, reason)


@pytest.mark.parametrize(
    "changes",
    [
        {"look": None},
        {"look": look(state="D")},
        {"look": look(tracer=99, state="S")},
        {"look": look(catches=()), "signal": Signal.KILL},
        {"look": look(catches=(), state="T"), "signal": Signal.CONT},
        {"committed": True, "holds": False},
    ],
)
def test_last_look_passes(view, changes):
    """KILL and CONT need no handler, a debugger that lets it run holds nothing, a look that is still to come none of its answers, and after the point of no return the condition is not asked for."""
    assert last_look(view(**changes)).answer is Answer.PASS


def jobs(identity: str, count: int) -> tuple[Delta, ...]:
    """So many jobs, each in a thread of its own."""
    return tuple(job(identity, f"j{number}", 1_000, thread=f"t{number}") for number in range(count))


def covered(
    view, *others: Delta, threads: int = 4, held: int = 0, keep: float = 0.5, alone: str = "when_half_held", elsewhere_held: int = 0, **own
):
    """The coverage guard's answer for a target with these others beside it."""
    mine, theirs = jobs(ONE, held), jobs(TWO, elsewhere_held)
    world = picture(process(ONE, AT - 5_000, threads=threads, **own), *others, *mine, *theirs)
    return coverage(
        view(world=world, held=held_threads(world, alerts_on(*mine, *theirs).values()), settings={"keep": keep, "alone": alone})
    )


BESIDE = process(TWO, AT - 5_000, threads=4)


@pytest.mark.parametrize(
    ("case", "answer", "words"),
    [
        ({"others": (BESIDE,)}, Answer.PASS, ""),
        ({"others": (BESIDE,), "keep": 0.51}, Answer.DENY, "queue push would keep 4 of 8 working threads, less than 51%"),
        ({"others": (BESIDE,), "keep": 0.6, "held": 2}, Answer.PASS, ""),
        ({"others": (BESIDE,), "elsewhere_held": 2}, Answer.DENY, "queue push would keep 2 of 6 working threads, less than 50%"),
        ({"others": (BESIDE,), "elsewhere_held": 4}, Answer.DENY, "queue push would keep 0 of 4 working threads, less than 50%"),
        ({"others": (process(TWO, AT, threads=4, quiet=True),), "held": 1}, Answer.DENY, "it is the only process of queue push, and only 1 of its 4 threads are held"),
        ({"others": (process(TWO, AT - 60_000, threads=4),)}, Answer.DENY, "it is the only process of queue push, and only 0 of its 4 threads are held"),
        ({"others": (process(TWO, AT, threads=4, alive=False),)}, Answer.DENY, "it is the only process of queue push, and only 0 of its 4 threads are held"),
        ({"others": (process(TWO, AT, queues=("pull",)),)}, Answer.DENY, "it is the only process of queue push, and only 0 of its 4 threads are held"),
        ({"others": (), "held": 2}, Answer.PASS, ""),
        ({"others": (), "held": 1}, Answer.DENY, "it is the only process of queue push, and only 1 of its 4 threads are held"),
        ({"others": (), "alone": "allow"}, Answer.PASS, ""),
        ({"others": (), "alone": "ask", "held": 4}, Answer.ASK, "it is the only process of queue push"),
        ({"others": (), "keep": 0.0, "alone": "ask"}, Answer.PASS, ""),
        ({"others": (BESIDE,), "queues": ("push", "mail")}, Answer.DENY, "it is the only process of queue mail, and only 0 of its 4 threads are held"),
    ],
)  # fmt: skip
def test_coverage(view, case, answer, words):
    """Each queue of the target must keep its share of working threads elsewhere: held, quiet, silent and dead ones do not count."""
    others = case.pop("others")
    verdict = covered(view, *others, **case)

    assert (verdict.answer, verdict.reason) == (answer, words)


@pytest.mark.parametrize("slot", ["queues", "threads"])
def test_coverage_of_what_is_not_known(view, slot):
    """A target whose queues or threads are not known is not ended."""
    world = picture(process(ONE, AT), Delta(Kind.PROCESS, ONE, {slot: None}))

    assert coverage(view(world=world)) == Verdict("coverage", Answer.DENY, "its queues and threads are not known")


def test_coverage_of_a_silent_target(view):
    """A target that has not beaten for a minute does no work: others keep all there is."""
    verdict = coverage(view(world=picture(process(ONE, AT - 60_000, threads=50), process(TWO, AT, threads=1))))

    assert verdict.answer is Answer.PASS


def test_every_denial_says_why(view):
    """No guard answers anything but PASS without a sentence."""
    run = open_run()
    worst = view(
        settings={"settle": 20, "max_unhealthy": 0.5, "deploy": 1_800_000, "cooldown": 300_000, "cooldown_max": 14_400_000, "target_budget": Allowance(6, 86_400_000), "host_budget": Allowance(6, 3_600_000), "keep": 0.5, "alone": "when_half_held", "veto": ("Sleep*",), "culprits": 1, "min_success": 0.5, "trials": 4, "protected": ("web1/*",), "budget": Allowance(1, 3_600_000), "flaps": Allowance(0, 3_600_000), "hours": Hours(60, 120), "zone": "local", "surge": "deny", "answer_within": 3_600_000, "approvals": 1}, at=AT + 100_000, ref=None, unreachable="not here", holds=False, look=None,
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


ADA = Word("ada", "ada", "local", "")


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (None, (Answer.PASS, "", None)),
        (asked(), (Answer.ASK, "sidekiq-watchdog approve k7f3x", AT + 3_600_000)),
        (asked(needed=2, words=(ADA,)), (Answer.ASK, "ada approved, 1 more must: sidekiq-watchdog approve k7f3x", AT + 3_600_000)),
        (asked(standing=Standing.APPROVED, settled="approved by ada", settled_at=AT), (Answer.PASS, "approved by ada", None)),
        (asked(standing=Standing.USED, settled="approved by ada", settled_at=AT), (Answer.PASS, "approved by ada", None)),
        (asked(standing=Standing.DENIED, settled="denied by ada: no", settled_at=AT), (Answer.DENY, "denied by ada: no", AT + 86_400_000)),
        (asked(standing=Standing.EXPIRED, settled="nobody has", settled_at=AT), (Answer.DENY, "nobody has", AT + 86_400_000)),
        (asked(standing=Standing.LAPSED, settled="gone", settled_at=AT), (Answer.PASS, "", None)),
    ],
)
def test_approval(view, one, expected):
    """Open it asks, with what to type; denied or run out it denies, for a day at most; approved it is content and says by whom."""
    verdict = approval(view(approval=one))

    assert (verdict.answer, verdict.reason, verdict.until) == expected


@pytest.mark.parametrize(
    ("standing", "verdict", "answer"),
    [
        (Standing.APPROVED, Verdict("culprits", Answer.ASK, "3 different jobs of Job were caught"), Answer.PASS),
        (Standing.USED, Verdict("culprits", Answer.ASK, "4 different jobs of Job were caught"), Answer.PASS),
        (Standing.APPROVED, Verdict("culprits", Answer.ASK, "3 different jobs of Other were caught"), Answer.ASK),
        (Standing.APPROVED, Verdict("budget", Answer.ASK, "3 different jobs of Job were caught"), Answer.ASK),
        (Standing.APPROVED, Verdict("culprits", Answer.DENY, "3 different jobs of Job were caught"), Answer.DENY),
        (Standing.OPEN, Verdict("culprits", Answer.ASK, "3 different jobs of Job were caught"), Answer.ASK),
        (Standing.LAPSED, Verdict("culprits", Answer.ASK, "3 different jobs of Job were caught"), Answer.ASK),
    ],
)
def test_what_was_approved_is_what_was_told(standing, verdict, answer):
    """Only an approval that was given contents a guard, only for the reason that was told, whatever its numbers are by now, and never one that denies."""
    assert with_consent(asked(standing=standing, words=(ADA,)), verdict).answer is answer
