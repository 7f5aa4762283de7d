"""
What happens on that server from midnight to midnight, and what the agent must make of it: chapter by chapter, every decision and every signal, and no other.

Beside it the account: a table of what was decided and done, why, and what came of it.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from rich.markup import escape
from rich.table import Table

from tests.scenario.day import Day
from tests.scenario.day_server import HOUR, MINUTE, SECOND, ruleset
from watchdog.model.told import OperatorApproved, OperatorPaused, OperatorResumed

GIB: Final = 1 << 30


class Chapter(NamedTuple):
    """
    From one time of the day to another: what `happens` at which, and what must come of it.

    `decided` is every decision in order, as `rule seat DECISION guard`, one that is only said again left out; `sent` every signal; `ends` what became of
    each incident that was closed. With `at_once` it is chance which of several processes comes first.
    """

    name: str
    begins: str
    ends_at: str
    happens: tuple[tuple[str, Callable[[Day], object]], ...]
    decided: tuple[str, ...] = ()
    sent: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    at_once: bool = False


def at(clock: str) -> int:
    """`HH:MM` or `HH:MM:SS` in engine time, which begins at midnight."""
    hours, minutes, seconds = (int(part) for part in (clock + ":00").split(":")[:3])
    return hours * HOUR + minutes * MINUTE + seconds * SECOND


def _stall(day: Day) -> None:
    for seat in day.seats:
        for _ in range(3):
            day.long(seat, "ThreadResolveWorker", "pull", 1)
    day.stall(on=True)


def _pause(day: Day) -> None:
    wall = day.booted_wall + day.at
    day.hear(OperatorPaused(id="p1", by="ada", reason="moving the database", asked=wall, until=wall + 40 * MINUTE))


def _resume(day: Day) -> None:
    day.hear(OperatorResumed(id="p2", by="ada", reason="moved", asked=day.booted_wall + day.at))


def _approve(day: Day) -> None:
    asked = day.audit("approval")[-1].detail["approval"]
    day.hear(OperatorApproved(id="p3", by="ben", reason="go on", asked=day.booted_wall + day.at, approval=str(asked)))


def _wave(day: Day, *, load: int, latency: int) -> None:
    day.load, day.waiting = load, latency


def _flaps(clock: str, times: int) -> tuple[tuple[str, Callable[[Day], object]], ...]:
    found: list[tuple[str, Callable[[Day], object]]] = []
    hour, minute = (int(part) for part in clock.split(":"))
    for number in range(times):
        began = minute + 4 * number
        found += [
            (f"{hour + began // 60}:{began % 60:02}", lambda day: day.grow("two", 3 * GIB + (200 << 20))),
            (f"{hour + (began + 2) // 60}:{(began + 2) % 60:02}", lambda day: day.grow("two", 3 * GIB - (200 << 20))),
        ]
    return tuple(found)


CHAPTERS: Final = (
    Chapter(
        "two jobs get stuck on one host at the same time: one process after the other",
        "01:00", "02:00",
        (("01:10", lambda day: day.stuck("one")), ("01:10:30", lambda day: day.stuck("two", job_class="ThreadResolveWorker", queue="pull")),
         ("01:15", lambda day: day.long("one", "ActivityPub::DeliveryWorker", "push", 8))),
        ("stuck-delivery one ALLOW", "stuck-delivery two DENY in_flight", "stuck-delivery two ALLOW"),
        ("TSTP one", "KILL one", "TSTP two", "KILL two"),
        ("stuck-delivery one ended", "stuck-delivery two ended"),
    ),
    Chapter(
        "the virtual machine stands still for 8 minutes: a delivery of 4 minutes is no delivery of 12",
        "02:50", "04:00",
        (("02:57", lambda day: day.long("two", "ActivityPub::DeliveryWorker", "push", 4)), ("03:00", lambda day: day.hold(8))),
    ),
    Chapter(
        "the agent is restarted when a job is stuck already",
        "04:40", "06:00",
        (("04:50", lambda day: day.stuck("mixed", job_class="LinkCrawlWorker", queue="pull")), ("05:00:05", lambda day: day.restart_agent())),
        ("stuck-delivery mixed DENY settling", "stuck-delivery mixed ALLOW"),
        ("TSTP mixed", "KILL mixed"),
        ("stuck-delivery mixed ended",),
    ),
    Chapter(
        "the wall clock is set an hour on and back",
        "06:20", "07:20",
        (("06:25", lambda day: day.stuck("one")),
         ("06:30", lambda day: day.set_clock(1)), ("06:50", lambda day: day.set_clock(-1))),
        ("stuck-delivery one ALLOW",),
        ("TSTP one", "KILL one"),
        ("stuck-delivery one ended",),
    ),
    Chapter(
        "a process grows",
        "07:20", "08:00",
        (("07:30", lambda day: day.grow("mixed", 4 * GIB)),),
        ("fat-process mixed ALLOW",),
        ("TSTP mixed", "TERM mixed"),
        ("fat-process mixed ended",),
    ),
    Chapter(
        "the kernel kills a process for want of memory",
        "08:00", "08:50",
        (("08:15:03", lambda day: day.out_of_memory("two")),),
        ("died two ALLOW",),
        (),
        ("died two ended",),
    ),
    Chapter(
        "a poison job strikes twice",
        "08:55", "10:00",
        (("09:00", lambda day: day.stuck("two", times=9, job_class="RedownloadMediaWorker", queue="pull", jid="poison")),),
        ("stuck-delivery two ALLOW", "stuck-delivery one ALLOW"),
        ("TSTP two", "KILL two", "TSTP one", "KILL one"),
        ("stuck-delivery two ended", "stuck-delivery one ended"),
    ),
    Chapter(
        "Redis is away for 2 minutes",
        "10:10", "11:20",
        (("10:21", lambda day: day.stuck("two", job_class="ActivityPub::FetchRepliesWorker", queue="pull")), ("10:30", lambda day: day.redis_away(2))),
        ("stuck-delivery two DENY settling", "stuck-delivery two ALLOW"),
        ("TSTP two", "KILL two"),
        ("stuck-delivery two ended",),
    ),
    Chapter(
        "a deployment at noon, and a delivery that gets stuck in the middle of it",
        "11:50", "12:59",
        (("11:58", lambda day: day.command("bundle")), ("12:01", lambda day: day.command("")), ("12:00:30", lambda day: day.new_code()),
         ("12:02", lambda day: day.restart_unit("one", "7.3.3")), ("12:02:30", lambda day: day.restart_unit("two", "7.3.3")),
         ("12:03", lambda day: day.restart_unit("mixed", "7.3.3")), ("12:04", lambda day: day.restart_unit("far", "7.3.3")),
         ("12:05", lambda day: day.command("rake")), ("12:06:10", lambda day: day.command("")),
         ("12:06", lambda day: day.stuck("mixed", job_class="ThreadResolveWorker", queue="pull"))),
        ("stuck-delivery mixed DENY deploy", "stuck-delivery mixed ALLOW"),
        ("TSTP mixed", "KILL mixed"),
        ("stuck-delivery mixed ended",),
    ),
    Chapter(
        "PostgreSQL has no room for ten minutes and everything stalls; one delivery is stuck for a reason of its own",
        "13:00", "13:59",
        (("13:02", _stall), ("13:05", lambda day: day.stuck("two", job_class="RemoteAccountRefreshWorker", queue="pull")), ("13:10", lambda day: day.check(ok=False)),
         ("13:20", lambda day: day.check(ok=True)), ("13:20:01", lambda day: day.stall(on=False))),
        ("stuck-delivery one DENY common_cause", "stuck-delivery mixed DENY common_cause", "stuck-delivery two DENY common_cause", "stuck-delivery far DENY common_cause", "stuck-delivery one DENY settling", "stuck-delivery mixed DENY settling", "stuck-delivery two DENY settling", "stuck-delivery far DENY settling", "stuck-delivery two ALLOW"),
        ("TSTP two", "KILL two"),
        ("stuck-delivery two ended",),
        at_once=True,
    ),
    Chapter(
        "an operator pauses the agent, and lets it go on early",
        "13:59:30", "15:30",
        (("14:00", _pause), ("14:02", lambda day: day.stuck("one", job_class="ActivityPub::FetchRepliesWorker", queue="pull")),
         ("14:35", _resume)),
        ("stuck-delivery one DENY paused", "stuck-delivery one ALLOW"),
        ("TSTP one", "KILL one"),
        ("stuck-delivery one ended",),
    ),
    Chapter(
        "the agent is killed in the middle of a recovery",
        "15:40", "16:50",
        (("15:50", lambda day: day.stuck("mixed", job_class="LinkCrawlWorker", queue="pull")),
         ("15:58", lambda day: day.long("mixed", "ThreadResolveWorker", "pull", 6)), ("16:01:03", lambda day: day.restart_agent())),
        ("stuck-delivery mixed ALLOW",),
        ("TSTP mixed", "KILL mixed"),
        ("stuck-delivery mixed ended",),
    ),
    Chapter(
        "a backup takes 14 minutes",
        "17:00", "18:00",
        (("17:05", lambda day: day.long("one", "BackupWorker", "pull", 14)),),
        ("stuck-delivery one DENY veto",),
    ),
    Chapter(
        "a third delivery of the day gets stuck",
        "18:20", "19:20",
        (("18:30", lambda day: day.stuck("two")),),
        ("stuck-delivery two ALLOW",),
        ("TSTP two", "KILL two"),
        ("stuck-delivery two ended",),
    ),
    Chapter(
        "a surge in the evening",
        "20:00", "21:00",
        (("20:05", lambda day: _wave(day, load=24, latency=8 * MINUTE)), ("20:40", lambda day: _wave(day, load=3, latency=0))),
        ("slow-push one DENY surge", "slow-push two DENY surge"),
    ),
    Chapter(
        "memory that comes and goes",
        "21:50", "23:05",
        _flaps("22:00", 15),
        ("fat-process two DENY cooldown", "fat-process two DENY flapping"),
    ),
    Chapter(
        "the fourth delivery of the day gets stuck: a person is asked, and says yes",
        "23:05", "24:00",
        (("23:10", lambda day: day.stuck("one")), ("23:40", _approve)),
        ("stuck-delivery one ASK culprits", "stuck-delivery one ALLOW"),
        ("TSTP one", "KILL one"),
        ("stuck-delivery one ended",),
    ),
)  # fmt: skip


def lived(folder: Path, *, begins: str = "00:00", ends: str = "24:00", seed: int = 1) -> Day:
    """The day, or the chapters of it that lie between these times."""
    day = Day(ruleset(folder), seed=seed, begins=at(begins))
    for chapter in between(begins, ends):
        for clock, what in chapter.happens:
            day.later(at(clock), partial(what, day))
    day.until(at(ends))
    return day


def between(begins: str, ends: str) -> list[Chapter]:
    """The chapters that lie between these times."""
    return [chapter for chapter in CHAPTERS if at(begins) <= at(chapter.begins) and at(chapter.ends_at) <= at(ends)]


def decided(day: Day, begins: int, ends: int) -> list[str]:
    """What was decided in that time, in order, whatever is said again left out."""
    found = [
        " ".join(part for part in (row.rule, seat_of(row.target), row.decision, row.guard) if part)
        for when, row in day.said
        if row.kind == "decision" and begins <= when < ends
    ]
    return list(dict.fromkeys(found))


def sent(day: Day, begins: int, ends: int) -> list[str]:
    """Every signal of that time."""
    return [f"{signal} {seat}" for when, signal, seat in day.sent if begins <= when < ends]


def ended(day: Day, begins: int, ends: int) -> list[str]:
    """What became of the incidents that were closed then."""
    return [
        f"{row.rule} {seat_of(row.target)} {row.outcome}"
        for when, row in day.said
        if row.kind == "incident" and begins <= when < ends and row.outcome not in ("opened", "held", "resumed", "next step")
    ]


def seat_of(target: str) -> str:
    """`web1/mastodon-sidekiq@one.service` → `one`; who has no unit that could be seen is on the other host."""
    return "far" if target.startswith("web2/") else target.rpartition("@")[2].removesuffix(".service")


def unexplained(day: Day) -> list[str]:
    """Denials and questions without a guard or a reason: there must be none."""
    return [
        str(row) for _, row in day.said if row.kind == "decision" and row.decision in ("DENY", "ASK") and not (row.guard and row.reason)
    ]


def differences(day: Day, begins: str, ends: str) -> list[str]:
    """Where the day is not as its chapters say, and whatever happened between them."""
    found: list[str] = []
    quiet_from = at(begins)
    for chapter in between(begins, ends):
        first, last = at(chapter.begins), at(chapter.ends_at)
        found += [f"before {chapter.begins}: {line}" for line in (*decided(day, quiet_from, first), *sent(day, quiet_from, first))]
        both = (decided(day, first, last), chapter.decided)
        for what, is_so, must in (
            ("decided", *(map(sorted, both) if chapter.at_once else both)),
            ("sent", sent(day, first, last), chapter.sent),
            ("ended", ended(day, first, last), chapter.ends),
        ):
            if is_so != list(must):
                found.append(f"{chapter.name}: {what} {is_so}, not {list(must)}")
        quiet_from = last
    return found + [f"at the end: {line}" for line in (*decided(day, quiet_from, at(ends)), *sent(day, quiet_from, at(ends)))]


def _seat_in(entity: str) -> str:
    """`web1:1011:one1/t6/…`, a job, or `web1:1011:one1` → `one`."""
    return entity.partition("/")[0].rpartition(":")[2].rstrip("0123456789")


def account(day: Day) -> list[tuple[str, ...]]:
    """
    What was decided and done, in order: time, rule, target, decision, guard, reason, outcome.

    Of what was allowed the reason is what the rule saw; of an action its end says what came of it.
    """
    seen: dict[tuple[str, str], str] = {}
    rows: list[tuple[str, ...]] = []
    for when, row in day.said:
        clock = f"{when // HOUR:02}:{when // MINUTE % 60:02}:{when // SECOND % 60:02}"
        match row.kind:
            case "alert" if row.outcome == "firing":
                seen[row.rule, _seat_in(row.entity)] = row.reason
            case "decision":
                reason = row.reason or seen.get((row.rule, seat_of(row.target)), "")
                rows.append((clock, row.rule, seat_of(row.target), row.decision, row.guard, reason, row.outcome))
            case "incident" if row.outcome != "opened":
                rows.append((clock, row.rule, seat_of(row.target), "", "", row.reason, row.outcome))
            case "approval" | "operator":
                rows.append((clock, row.rule, seat_of(row.target), "", "", row.reason, f"{row.kind}: {row.outcome}"))
            case "source" | "agent":
                rows.append((clock, row.rule, row.entity, "", "", row.reason, row.outcome))
            case _:
                pass
    return rows


def as_table(day: Day) -> Table:
    """The account, to be printed."""
    table = Table("time", "rule", "target", "decision", "guard", "reason", "outcome")
    for row in account(day):
        table.add_row(*(escape(cell) for cell in row))
    return table
