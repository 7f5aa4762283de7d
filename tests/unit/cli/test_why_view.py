"""Why, in lines: the answer first, what decides before the rest, and when something could be done."""

import pytest

from tests.unit.cli.api_world import NAME, WALL, condition, why
from watchdog.cli.output import text_of
from watchdog.cli.why_view import in_short, why_lines
from watchdog.picture.picture import Armed, Incident
from watchdog.picture.told import Telling
from watchdog.web.views.why import AlertNow, GuardSaid

PENDING = AlertNow(
    phase="pending", since_ms=4_000, since_wall=WALL - 4_000, counting=True, counted_ms=4_000, enough_ms=10_000, title="", next="firing", next_in_ms=6_000
)  # fmt: skip


def guard(name: str = "cooldown", answer: str = "DENY", reason: str = "too soon", until_ms: int | None = None) -> GuardSaid:
    """What one guard says."""
    return GuardSaid(guard=name, answer=answer, reason=reason, until_ms=until_ms)


def lines(**changed) -> list[str]:
    """The lines without their styles."""
    return ["".join(map(text_of, row)).rstrip() for row in why_lines(why(**changed), wall=WALL)]


def test_what_fires():
    """The verdict with its margin, since when, what is done and what stands in the way, when it could be, and who was told; the tree has what decides first."""
    assert lines() == [
        f"stuck-job on {NAME}|t1|j1 (job), mode act",
        "It holds: job.elapsed > 10m is true by 2m; job.elapsed is 12m",
        "It fires since 2026-09-21 14:10:46 UTC (2m 34s)",
        "recover_process on web1/mastodon-sidekiq would not be done now (cooldown: the last action on it ended 4m ago)",
        "When: in 11m at the earliest, 2026-09-21 14:24:20 UTC; a person must say yes first",
        "Told: ops",
        "",
        "Condition",
        '  > true    job.queue in ["push", "pull"] and job.elapsed > 10m',
        "  > true      job.elapsed > 10m  12m  +2m",
        '    true      job.queue in ["push", "pull"]  pull',
        "",
        "Guards of recover_process on web1/mastodon-sidekiq",
        "  cooldown  denies  the last action on it ended 4m ago (for 11m more)",
        "  surge     asks    the queue grows by itself",
        "  the other 2 pass",
    ]


def test_what_does_not_hold():
    """Why not: the part that is false, and by how much; it can't be done before that changes."""
    said = lines(truth="false", condition=condition(300_000), alert=None, decision="ALLOW", guards=(guard(answer="PASS"),))
    assert said[1] == "It does not hold: job.elapsed > 10m is false by 5m; job.elapsed is 5m"
    assert said[2:4] == ["If it fired now: recover_process on web1/mastodon-sidekiq would be done", "When: not before the condition holds"]
    assert said[4] == "Would be told: ops"
    assert said[-1] == "  the other one passes"


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"alert": PENDING}, "It is pending since 2026-09-21 14:13:16 UTC (4s); it fires in 6s if all stays as it is"),
        ({"truth": "unknown", "blind": ("redis",)}, "Unknown: redis can't be read, and the condition rests on it; nothing is begun and nothing is over"),
        ({"truth": "gone", "condition": None}, "It is gone: there is no such job in the picture any more, so nothing is judged"),
        ({"on": "ProcessCrashed"}, "Condition, asked when ProcessCrashed happens"),
        ({"decision": None, "mode": "observe"}, "recover_process on web1/mastodon-sidekiq is not even asked for: the mode is observe"),
        ({"decision": "DRY_RUN", "guards": ()}, "recover_process on web1/mastodon-sidekiq would be said, and not done: the mode is dry-run"),
        ({"decision": "ASK", "guards": (guard("surge", "ASK", "it grows"),)}, "recover_process on web1/mastodon-sidekiq a person would be asked first (surge: it grows)"),
        ({"action": None, "target": None, "decision": None, "guards": ()}, "Nothing more is to be done: the rule only tells, or its step was taken"),
        ({"guards": (guard(until_ms=None), guard("budget", until_ms=5_000))}, "When: not before something changes for cooldown"),
        ({"guards": (guard(until_ms=5_000), guard("budget", until_ms=65_000))}, "When: in 1m 5s at the earliest, 2026-09-21 14:14:25 UTC"),
        ({"guards": (), "alert": PENDING}, "When: in 6s at the earliest, 2026-09-21 14:13:26 UTC"),
        ({"guards": (guard(answer="PASS"),), "decision": "ALLOW"}, "When: now"),
        ({"guards": (guard("approval", "ASK", "x"),), "decision": "ASK"}, "When: now; a person must say yes first"),
        ({"alert": None, "tells": ()}, "Would be told: nobody: neither the rule nor a route names a receiver"),
        (
            {"armed": Armed(rule="stuck-job", mode="act", goes="act", file="dry-run", by="ada", reason="right each time", since=WALL)},
            f"stuck-job on {NAME}|t1|j1 (job), mode act (armed by ada since 2026-09-21 14:13:20 UTC: right each time; its file says dry-run)",
        ),
        (
            {"incident": Incident(rule="stuck-job", target="web1/app", id="7.0", action="recover_process", stage="drain", held="a veto")},
            "Incident 7.0: recover_process on web1/app, at drain, held: a veto",
        ),
    ],
)  # fmt: skip
def test_every_answer_has_its_words(changed, says):
    """One sentence each."""
    assert says in lines(**changed)


def test_who_was_told_of_a_silent_one():
    """Also why nobody was."""
    alert = AlertNow(
        phase="firing", since_ms=1, since_wall=WALL, counting=False, counted_ms=0, enough_ms=0, title="", next="resolved", next_in_ms=None,
        telling=Telling(nobody="silenced"),
    )  # fmt: skip
    assert "Told: nobody: silenced" in lines(alert=alert)


def test_in_short():
    """The verdict alone."""
    assert "".join(map(text_of, in_short(why()))).startswith("It holds: ")


def test_what_to_do_is_said_whole():
    """Line by line as the rule has it; an address stands on the line itself."""
    assert "\n\nWhat to do\n  1. Look.\n     Twice.\n  2. Wait.\n\nGuards" in "\n".join(lines(runbook="1. Look.\n   Twice.\n2. Wait."))
    assert "What to do: https://example.org/slow" in lines(runbook="https://example.org/slow")
