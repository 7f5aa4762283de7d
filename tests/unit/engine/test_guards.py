"""Each guard by itself: when it passes, when it denies or asks, with which reason, and until when."""

import msgspec
import pytest

from tests.scenario.conversation import HEALTHY, job, process
from tests.unit.engine.conftest import AT, ONE, picture
from watchdog.engine.guards import ORDER
from watchdog.engine.guards.blind import blind
from watchdog.engine.guards.cooldown import cooldown
from watchdog.engine.guards.coverage import coverage
from watchdog.engine.guards.in_flight import in_flight
from watchdog.engine.guards.last_look import last_look
from watchdog.engine.guards.paused import paused
from watchdog.engine.holding import held_threads
from watchdog.engine.incidents import Run
from watchdog.engine.ledger import Alert, Cooldown, Ledger, Loss, Pause, Phase, Spent, Strike
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
    """With nothing against it no guard has a reason, and each answers under its own name; one says what it could not look at."""
    shown = view(
        settings={
            "settle": 0,
            "max_unhealthy": 0.5,
            "cooldown": 300_000,
            "keep": 0.0,
            "alone": "ask",
            "veto": ("Domain*",),
            "culprits": 3,
            "protected": ("web9/*",),
            "budget": Allowance(3, 3_600_000),
            "flaps": Allowance(6, 3_600_000),
            "hours": Hours(0, 1_440),
            "zone": "local",
            "surge": "deny",
        }
    )

    assert [(verdict.guard, verdict.answer) for verdict in (guard(shown) for _, guard in ORDER)] == [
        (name, Answer.PASS) for name, _ in ORDER
    ]
    assert [verdict.guard for verdict in (guard(shown) for _, guard in ORDER) if verdict.reason] == ["common_cause"]


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
    verdict = paused(view(ledger=Ledger(pause=pause)))

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


def test_cooldown_is_that_of_the_target(view):
    """What was done to another target is no reason."""
    assert cooldown(view(cooldowns={"web1/app[pull]": Cooldown(AT, "r", "a")})).answer is Answer.PASS


def test_in_flight(view):
    """Any other action on this host denies, and names its incident, stage and what holds it; one's own does not."""
    run = open_run(held="paused by ada: x")
    denied = in_flight(view(ledger=Ledger(runs={run.id: run})))

    assert denied == Verdict(
        "in_flight", Answer.DENY, "incident 2.9 (terminate_process on web1/other) is at stage grace, held: paused by ada: x"
    )
    assert in_flight(view(ledger=Ledger(runs={run.id: run}), subject="3.0")).answer is Answer.PASS


def test_in_flight_in_dry_run(view):
    """What dry-run has left out would be under way until it could have ended: on this host nothing else would be done meanwhile."""
    left_out = {"web1/other": Cooldown(AT + 9_000, "stuck-job", "terminate_process")}

    assert in_flight(view(cooldowns=left_out)) == Verdict(
        "in_flight", Answer.DENY, "terminate_process of rule stuck-job on web1/other would be under way for 9 s at most", AT + 9_000
    )
    assert in_flight(view(cooldowns={"web1/other": Cooldown(AT, "stuck-job", "terminate_process")})).answer is Answer.PASS


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
        settings={"settle": 20, "max_unhealthy": 0.5, "cooldown": 300_000, "keep": 0.5, "alone": "when_half_held", "veto": ("Sleep*",), "culprits": 1, "protected": ("web1/*",), "budget": Allowance(1, 3_600_000), "flaps": Allowance(0, 3_600_000), "hours": Hours(60, 120), "zone": "local", "surge": "deny"}, at=AT + 100_000, ref=None, unreachable="not here", holds=False, look=None,
        ledger=Ledger(pause=Pause("a", "b", None), lost={Source.REDIS: Loss("misconf", "m", 1)}, runs={run.id: run}, fired={"a|b": (Spent(AT, "a", "1.0"),)}, strikes={"jid j": Strike(1, 0, AT, "stuck-job", "Job")}),
        cooldowns={"web1/app[push]": Cooldown(AT, "r", "a")}, alerts=("a|b",), rests_on_load=True,
        world=picture(process(ONE, AT - 5_000, threads=1), job(ONE, "j1", AT - 6_000)), spent={"web1/app[push]": (Spent(AT, "stuck-job", "1.0"),)},
    )  # fmt: skip
    verdicts = [guard(worst) for _, guard in ORDER]

    asking = {"budget", "culprits"}
    assert [(verdict.guard, verdict.answer) for verdict in verdicts] == [
        (name, Answer.ASK if name in asking else Answer.DENY) for name, _ in ORDER
    ]
    assert all(verdict.reason for verdict in verdicts)
