"""
A storm: thousands of alerts in a minute, through the real engine, store and deliverer to far sides; and over again in another minute. In a process of its own, since it measures what that takes of memory.

    python -m tests.service.faults.storm FOLDER 10000 webhook email
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tests.scenario.conversation import job, process, redis
from tests.service.faults.station import Line, Station
from watchdog.daemon.turns import Turns
from watchdog.model.events import Gone, RulesLoaded, Started
from watchdog.model.kinds import Kind
from watchdog.model.verdicts import Mode
from watchdog.receivers.habits import habits_of
from watchdog.rulefile.rules import read_rules
from watchdog.store.reading import read_audit

CHECKOUT: Final = Path(__file__).parents[3]
RULES: Final = """
rules:
  - rule: stuck-job
    each: job
    when: job.elapsed > 10s
    severity: critical
    notify: [{told}]
"""
ME: Final = "web1:10:abcdef012345"
MINUTE: Final = 60
CLOSER: Final = 0.9
"""Calls are counted where they arrive, and may have come closer together on their way: in so much of an allowance's time no more than it allows."""
HANDFUL: Final = 10
"""New messages within the storm and three minutes after it, of which a person can still make something."""


async def apart(folder: Path, number: int, names: Sequence[str]) -> dict[str, Any]:
    """The storm in a process of its own; what it says of itself, with `broken` as in `stories.under`."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.service.faults.storm", str(folder), str(number), *names, cwd=CHECKOUT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    row, errors = await child.communicate()
    assert child.returncode == 0, errors.decode()
    return dict(json.loads(row.splitlines()[-1]))


class Storm:
    """The engine in its loop beside a station whose receivers are told of everything."""

    def __init__(self, station: Station) -> None:
        self.station = station
        found, problems = read_rules([("rules.yml", RULES.format(told=", ".join(station.lines)))], Mode.ACT, list(station.lines))
        assert [str(problem) for problem in problems if not problem.is_warning] == []
        self.rules = found
        self.turns = Turns(
            store=station.busy.watched(station.store),
            clock=station.clock,
            perform=lambda _: None,
            after_turn=lambda: None,
        )
        self.begun: dict[int, int] = {}

    async def start(self) -> None:
        """Rules are in force."""
        await self.turns.settle(Started("0", "boot", "web1"))
        await self.turns.settle(RulesLoaded(self.rules.digest, self.rules.mode), rules=self.rules)

    async def begin(self, first: int, last: int, threads: int) -> None:
        """These jobs are seen to have been held for a minute."""
        now = self.station.clock.at()
        self.begun |= dict.fromkeys(range(first, last), now - MINUTE * 1000)
        jobs = (job(ME, f"{number:024x}", self.begun[number], thread=f"t{number}") for number in range(first, last))
        await self.turns.settle(redis(process(ME, now, threads=threads), *jobs))

    async def end(self, first: int, last: int, threads: int) -> None:
        """These are seen to be over."""
        over = (Gone(Kind.JOB, f"{ME}/t{number}/{number:024x}/{self.begun[number]}", "finished") for number in range(first, last))
        await self.turns.settle(redis(process(ME, self.station.clock.at(), threads=threads), *over))


async def storm(folder: Path, number: int, names: Sequence[str]) -> dict[str, Any]:
    """The row of one storm."""
    async with Station(folder / "station", *names) as station:
        one = Storm(station)
        running = asyncio.create_task(one.turns.run())
        await one.start()
        await _minute(one, one.begin, range(100))
        await station.clock.skip(5 * MINUTE)
        before, messages_before = _megabytes("VmRSS"), {name: await _messages(line) for name, line in station.lines.items()}
        await _minute(one, one.begin, range(100, 100 + number))
        await station.clock.skip(3 * MINUTE)
        messages_of = {name: await _messages(line) - messages_before[name] for name, line in station.lines.items()}
        at_height = {name: await station.stands(name) for name in names}
        await _minute(one, one.end, range(100 + number))
        await station.clock.skip(30 * MINUTE)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        row: dict[str, Any] = {"alerts": number, "grown by MB": _megabytes("VmHWM") - before}
        broken = []
        for name, line in station.lines.items():
            counts, messages, fastest = await station.counts(name), messages_of[name], _fastest(station, line)
            known, over = at_height[name], await station.stands(name)
            row |= {
                f"{name}: messages": messages,
                f"{name}: until all is over": await _messages(line) - messages_before[name],
                f"{name}: calls": len(line.rude.calls),
                f"{name}: most in its allowance": fastest[0],
                f"{name}: allowed": fastest[1],
            }
            broken += [f"{name} {what}" for what, is_so in {
                "too many messages": messages > HANDFUL and not line.side.is_program,
                "called too often": fastest[0] > fastest[1],
                "something waits": counts.waiting > 0,
                "something is not accounted for": counts.delivered + counts.left_out + counts.given_up != 2 * (100 + number),
                "the height is not shown": known != (100 + number, 0),
                "the end is not shown": over[0] != 0,
            }.items() if is_so]  # fmt: skip
    if _audited(folder / "station" / "state") != 2 * (100 + number):
        broken.append("not everything is in the audit log")
    return {**row, "broken": ", ".join(broken)}


async def _messages(line: Line) -> int:
    """New ones; what is changed is none, nor what stands in a thread."""
    return len({seen.place for seen in await line.side.seen() if not seen.in_thread})


async def _minute(one: Storm, what: Any, numbers: range) -> None:
    """However long the machine takes for it: what it has taken of a step's time is not waited for once more."""
    clock, steps = one.station.clock, min(MINUTE, len(numbers))
    began = clock.at()
    for step in range(steps):
        first, last = numbers[0] + len(numbers) * step // steps, numbers[0] + len(numbers) * (step + 1) // steps
        await what(first, last, len(numbers))
        await clock.skip((began - clock.at()) / 1000 + MINUTE * (step + 1) / steps, step=1)


def _fastest(station: Station, line: Line) -> tuple[int, int]:
    """The most calls within any stretch of the allowance, and how many are allowed."""
    allowed = habits_of(station.settings[line.name]).at_most
    assert allowed is not None, "every type has one"
    calls = line.rude.calls
    within = CLOSER * allowed.per
    return max((sum(at <= later < at + within for later in calls[index:]) for index, at in enumerate(calls)), default=0), allowed.times


def _audited(state: Path) -> int:
    return sum(row["kind"] == "alert" for row in read_audit(state))


def _megabytes(what: str) -> int:
    # Not by getrusage: what that knows of the most memory is older than the program, and is that of whoever started it.
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(f"{what}:"))
    return int(line.split()[1]) // 1024


if __name__ == "__main__":
    print(json.dumps(asyncio.run(storm(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))))
