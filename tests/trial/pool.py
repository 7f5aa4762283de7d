"""
Several real Sidekiqs that share a queue under a steady stream of jobs, each in a seat of its own: who ends in it is started again at once, as systemd would.

What each job did stands in a file that outlives any process (app/app.rb). At the end every job that was pushed has been done, or stands in a known place,
or is lost: that sum is what the trials here are about.
"""

import asyncio
import contextlib
import random
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import orjson

from tests.service.inspect.conftest import Program, control_groups
from tests.service.matrix.parts import SIDEKIQS, STORES, Sidekiq, Store, end, start_program
from tests.service.whereabouts import stored
from tests.suites.inside import Inside

APP: Final = Path(__file__).parent / "app"
SUITES: Final = {release: suite for suite, release in SIDEKIQS.items()}
"""Release of Sidekiq → the suite that has it."""
_TICK: Final = 0.01
_LOOK: Final = 0.1
"""Seconds between two looks for what is waited for: some of it takes minutes."""
_KINDS: Final = (((0.005, 0.02), 95.0), ((0.1, 0.5), 4.5), ((2.0, 6.0), 0.5))
"""How long jobs take, from and to in seconds, and how many of a hundred do: 45 ms on average, as most deliveries are short and a few are not."""


class Note(NamedTuple):
    """A job has `begun` in a process or was `done` there, at that time (milliseconds since the boot)."""

    word: str
    jid: str
    pid: int
    at: int


class Sum(NamedTuple):
    """
    What became of the jobs that were pushed.

    `lost` are nowhere. `twice` were done more than once, or were done and still stand somewhere.
    """

    pushed: int
    lost: list[str]
    twice: list[str]
    places: dict[str, list[str]]


class Seat:
    """A place for one process after the other; `pids` are of all that sat there."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.pids: list[int] = []
        self.holder: Sidekiq | None = None

    @property
    def process(self) -> Sidekiq:
        """Who sits there."""
        assert self.holder is not None, "nobody has been started"
        return self.holder


class Pool:
    """
    A server, and seats with Sidekiqs of that release, which all take jobs from the queue `push` and write into one log.

    With `inspected` each seat is in the control group of a service, and the program that reads frozen processes runs.
    """

    def __init__(self, release: str, folder: Path, *, seats: int, threads: int, inspected: bool = False, timeout: int = 25) -> None:
        suite = SUITES[release]
        self.folder = folder / "pool"
        self.store = Store(next(kind for kind, (home, _) in STORES.items() if home == suite), self.folder)
        self.seats = [Seat(f"seat{number}") for number in range(1, seats + 1)]
        self.log = self.folder / "sidekiq.log"
        self.version = ""
        self.pushed: list[str] = []
        self.program = Program(folder) if inspected else None
        self._suite, self._threads, self._timeout = suite, threads, timeout
        self._stack = contextlib.AsyncExitStack()
        self._supervisors: list[asyncio.Task[None]] = []
        self._read = 0
        self._notes: list[Note] = []

    async def __aenter__(self) -> Self:
        async with self._stack as stack:
            await self.store.start()
            stack.push_async_callback(self.store.close)
            self.client = self.store.client()
            if self.program is not None:
                self._into = stack.enter_context(control_groups())
                units = ", ".join(f'"{self._unit(seat)}"' for seat in self.seats)
                self.program.start(f"units = [{units}]\nallow = [0]\n", "--idle", "900")
                stack.callback(self.program.close)
            stack.push_async_callback(self._end)
            await asyncio.gather(*(self._start(seat) for seat in self.seats))
            self.version = self.seats[0].process.version
            self._supervisors = [asyncio.create_task(self._supervise(seat)) for seat in self.seats]
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _end(self) -> None:
        for task in self._supervisors:
            task.cancel()
        await asyncio.gather(*self._supervisors, return_exceptions=True)
        await end(*(seat.process for seat in self.seats if seat.holder is not None))

    async def _launch(self, seat: Seat) -> Sidekiq:
        inside = Inside(self._suite, app=APP, run=self.folder)
        env = {"REDIS_URL": self.store.url, "RUN_DIR": str(inside.run), "RUBYOPT": "-W0"}
        served = ("-q", "push", "-c", str(self._threads), "-t", str(self._timeout), "-g", seat.name)
        command = inside.command("sidekiq", "-r", f"{inside.app}/app.rb", *served, env=env)
        one = Sidekiq((await start_program(command, self.log)).process, seat.name, self.log)
        seat.holder = one
        seat.pids.append(one.pid)
        if self.program is not None:
            self._into(one.pid, self._unit(seat))
        return one

    async def _start(self, seat: Seat) -> None:
        await (await self._launch(seat)).wait_beat(self.client)

    async def _supervise(self, seat: Seat) -> None:
        while True:
            await seat.process.process.wait()
            await self._launch(seat)

    def _unit(self, seat: Seat) -> str:
        return f"watchdog-trial-{self.store.url.rpartition(':')[2].partition('/')[0]}-{seat.name}.service"

    def seat_of(self, pid: int) -> Seat:
        """Where that process sits or sat."""
        return next(seat for seat in self.seats if pid in seat.pids)

    async def push(self, job_class: str, *args: object, retry: bool = True) -> str:
        """One job beside the stream; its jid. It is none of those that are counted."""
        (jid,) = await self._push(job_class, [list(args)], retry=retry)
        return jid

    async def _push(self, job_class: str, calls: list[list[object]], *, retry: bool = True) -> list[str]:
        now = time.time()
        job = {"retry": retry, "queue": "push", "class": job_class, "created_at": now, "enqueued_at": now}
        jids = [secrets.token_hex(12) for _ in calls]
        jobs = [orjson.dumps({**job, "args": args, "jid": jid}) for jid, args in zip(jids, calls, strict=True)]
        await self.client.lpush("queue:push", *jobs)
        return jids

    @contextlib.asynccontextmanager
    async def stream(self, rate: float, chance: random.Random) -> AsyncIterator[None]:
        """That many jobs a second for as long as the block runs."""
        task = asyncio.create_task(self._produce(rate, chance))
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _produce(self, rate: float, chance: random.Random) -> None:
        began, given = time.monotonic(), 0
        while True:
            if (due := int(rate * (time.monotonic() - began)) - given) > 0:
                spans = chance.choices([span for span, _ in _KINDS], [weight for _, weight in _KINDS], k=due)
                # A call that is cancelled in the middle has pushed its jobs, or not: it is let through.
                self.pushed += await asyncio.shield(self._push("Work", [[round(chance.uniform(*span), 4)] for span in spans]))
                given += due
            await asyncio.sleep(_TICK)

    def notes(self) -> list[Note]:
        """All that was noted so far."""
        with contextlib.suppress(FileNotFoundError), (self.folder / "notes").open("rb") as file:
            file.seek(self._read)
            whole = file.read().rpartition(b"\n")[0]
            for line in whole.splitlines():
                word, jid, pid, at = line.decode().split()
                self._notes.append(Note(word, jid, int(pid), int(at)))
            self._read += len(whole) + bool(whole)
        return self._notes

    async def until(self, condition: Any, what: str, within: float) -> Any:
        """Wait for something that nothing announces; its first true value."""
        deadline = time.monotonic() + within
        while True:
            found = condition()
            if found := await found if asyncio.iscoroutine(found) else found:
                return found
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {within} s for {what}; the log ends:\n{self.log.read_text(errors='replace')[-3000:]}")
            await asyncio.sleep(_LOOK)

    async def begun(self, jid: str, *, after: int = 0, within: float = 60) -> Note:
        """Wait until that job has begun for the time number `after` + 1."""

        def found() -> Note | None:
            begins = [note for note in self.notes() if note.word == "begun" and note.jid == jid]
            return begins[after] if len(begins) > after else None

        note: Note = await self.until(found, f"the job {jid} to begin", within)
        return note

    async def settled(self, *, ignored: frozenset[str] = frozenset(), within: float = 90) -> None:
        """Wait until nothing is queued and no process that lives runs a job of the stream."""

        async def is_idle() -> bool:
            return not await self.client.llen("queue:push") and not self._under_way() - ignored

        async def is_idle_for_a_while() -> bool:
            if not await is_idle():
                return False
            # A job that was popped and has not begun stands nowhere.
            await asyncio.sleep(1)
            return await is_idle()

        await self.until(is_idle_for_a_while, "all jobs to be done", within)

    def _under_way(self) -> set[str]:
        alive = {seat.process.pid for seat in self.seats}
        last = {note.jid: note for note in self.notes()}
        return {jid for jid, note in last.items() if note.word == "begun" and note.pid in alive}

    async def account(self, *states: Path) -> Sum:
        """Where every job of the stream is; `states` are the folders of agents, those that are not there counting as empty."""
        done = Counter(note.jid for note in self.notes() if note.word == "done")
        places = await stored(self.client)
        for state in filter(Path.exists, states):
            places |= {
                jid: [*places.get(jid, []), *held] for jid, held in (await stored(self.client, state)).items() if held == ["quarantine"]
            }
        lost = [jid for jid in self.pushed if jid not in done and jid not in places]
        twice = [jid for jid in self.pushed if done[jid] > 1 or (jid in done and jid in places)]
        return Sum(len(self.pushed), lost, twice, places)

    def out_of_service(self, seat: Seat, since: int) -> float:
        """The longest time, in seconds, for which nothing began in that seat from then on (milliseconds since the boot)."""
        begins = sorted(note.at for note in self.notes() if note.word == "begun" and note.pid in seat.pids and note.at >= since)
        return max((later - earlier for earlier, later in pairwise([since, *begins])), default=0) / 1000
