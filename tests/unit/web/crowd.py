"""
A crowd that listens to an agent for a long time, of which little passes here: the engine, the hub and the real server in a process of their own, whose time goes on in steps as soon as everybody
has heard of the last one; and on the other side of the socket a hundred readers, of whom one takes nothing.

    python -m tests.unit.web.crowd FOLDER STREAMS SECONDS      the agent; it writes one line of JSON at its end
"""

import asyncio
import gc
import json
import os
import resource
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from tests.bench.large import WALL, Large
from tests.patience import PATIENCE
from tests.scenario.conversation import process, redis, rules
from watchdog.engine.advance import advance
from watchdog.engine.due import next_due
from watchdog.engine.state import begin
from watchdog.model.events import Body, Delta, Event, Gone, RulesLoaded, Started, TimeReached
from watchdog.model.kinds import Kind
from watchdog.model.verdicts import Mode
from watchdog.web.server import Server
from watchdog.web.stream.hub import Hub
from watchdog.web.views import alerts, matrix, overview, processes, queues

ROOT: Final = Path(__file__).parents[3]
PROCESSES: Final = 60
THREADS: Final = 25
STEP: Final = 500
"""Milliseconds of simulated time between two steps."""
LOOKS: Final = 20
"""Steps between two looks at the views, as a page takes them."""
WARM: Final = 0.1
"""The part of the time after which the agent's memory is measured for the first time."""
TEXT: Final = """
rules:
  - {rule: waiting, each: queue, when: queue.size > 100, keep_firing_for: 5s}
  - {rule: stuck, each: job, when: job.elapsed > 10m}
  - {rule: ran, each: job, on: JobFinished, where: 'job.retries == 7', keep_firing_for: 1s}
"""


class Answer(msgspec.Struct, frozen=True):
    """What the agent has to say at its end; memory in bytes, `processor` in seconds."""

    warm: int
    after: int
    peak: int
    events: int
    dropped: int
    streams: int
    ring: int
    processor: float
    turns: int


class Crowded(Large):
    """The inside of that agent."""

    def __init__(self, folder: Path) -> None:
        ruleset = rules(TEXT, Mode.DRY_RUN)
        state, _ = advance(ruleset, begin(), Event(1, 0, WALL, Started("0", "boot-1", "web1")))
        super().__init__(ruleset, state, 1, folder=folder)
        self.now = 0
        self.hub = Hub(clock=self, host="web1", life="a1")  # type: ignore[arg-type]  # it has both clocks, and needs no loop
        self.turn(RulesLoaded(ruleset.digest, Mode.DRY_RUN))

    def turn(self, body: Body) -> None:
        """One turn, of which the hub is told."""
        self.seq += 1
        event = Event(self.seq, self.now, self.wall(), body)
        self.state, effects = advance(self.rules, self.state, event)
        self.hub.turned(event, effects, self.state)

    def step(self, number: int) -> None:
        """Half a second passes: some processes beat, each with other jobs, and a queue grows or shrinks, over its limit each minute."""
        self.now += STEP
        while (due := next_due(self.state)) is not None and due <= self.now:
            self.turn(TimeReached())
        for body in self._happens(number):
            self.turn(body)
        self.hub.tick()

    def _happens(self, number: int) -> Iterator[Body]:
        beats = 10_000 // STEP
        for one in range(number % beats, PROCESSES, beats):
            identity, beat = f"web{one % 5}:{1_000 + one}:abcdef", number // beats
            ended = tuple(Gone(Kind.JOB, f"{identity}/t{thread}/{beat - 1}", "finished") for thread in range(THREADS)) if beat else ()
            begun = tuple(
                Delta(Kind.JOB, f"{identity}/t{thread}/{beat}", {
                    "jid": f"{beat:024x}", "job_class": "SleepForever", "queue": "push", "process": identity, "host": "web1", "thread": f"t{thread}",
                    "retries": thread, "started_at": self.now - 400,
                })
                for thread in range(THREADS)
            )  # fmt: skip
            yield redis(process(identity, self.now, threads=THREADS, busy=THREADS), *ended, *begun, complete=number < beats and one == 0)
        size = 150 if number * STEP % 60_000 >= 55_000 else number % 90
        yield redis(Delta(Kind.QUEUE, "push", {"name": "push", "size": size, "latency": size * 10}))


async def live(folder: Path, streams: int, seconds: int) -> Answer:
    """Until so many seconds have passed in there; everybody but the one who takes nothing has heard of each step before the next."""
    inside = Crowded(folder)
    hub, server = inside.hub, Server(inside, hub=inside.hub)
    running = asyncio.create_task(server.run())
    async with asyncio.timeout(PATIENCE):
        while hub.streams < streams:
            await asyncio.sleep(0.01)
    steps, warm, used = seconds * 1_000 // STEP, 0, time.process_time()
    for number in range(steps):
        inside.step(number)
        async with asyncio.timeout(PATIENCE):
            # The slow one is there until it is dropped.
            while sum(reader.number < hub.ring.last for reader in hub._readers) > (hub.dropped == 0):
                await asyncio.sleep(0)
        if number % LOOKS == 0:
            for view in (matrix.matrix, overview.overview, alerts.alerts, processes.processes, queues.queues):
                msgspec.json.encode(await view(inside))
        if number == int(steps * WARM):
            warm = memory()
    after, processor = memory(), time.process_time() - used
    answer = Answer(
        warm=warm, after=after, peak=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, events=hub.ring.last, dropped=hub.dropped, streams=hub.streams,
        ring=hub.ring.bytes, processor=processor, turns=inside.seq,
    )  # fmt: skip
    # Everybody hears of the end, however long that takes here.
    hub.close()
    async with asyncio.timeout(PATIENCE):
        while hub.streams:
            await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait([running])
    return answer


def memory() -> int:
    """What this process holds in memory (proc(5): VmRSS in KiB), once it has thrown away what it needs no longer."""
    gc.collect()
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["VmRSS"].split()[0]) * 1024


class Heard(msgspec.Struct):
    """What one reader has heard: how many events with an id, and the number of the last."""

    events: int = 0
    last: int = 0
    bye: bool = False


async def crowd(folder: Path, *, streams: int, seconds: int) -> tuple[Answer, list[Heard], bool]:
    """The agent's answer, what each of those who read has heard, and whether the line of the one who takes nothing was cut."""
    agent = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.unit.web.crowd", str(folder), str(streams), str(seconds), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    try:
        path = folder / "api.sock"
        async with asyncio.timeout(PATIENCE):
            while not path.exists():
                await asyncio.sleep(0.01)
        slow = _ask(path)
        readers = [asyncio.create_task(_listen(path)) for _ in range(streams - 1)]
        assert agent.stdout is not None  # it is asked for above
        answer = await agent.stdout.read()
        heard = await asyncio.gather(*readers)
        cut = await asyncio.to_thread(_is_cut, slow)
        return msgspec.json.decode(answer, type=Answer), heard, cut
    finally:
        if agent.returncode is None:
            agent.kill()
        await agent.wait()


def _ask(path: Path) -> socket.socket:
    end = socket.socket(socket.AF_UNIX)
    end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    end.connect(str(path))
    end.sendall(b"GET /api/v1/events HTTP/1.0\r\nHost: localhost\r\n\r\n")
    return end


def _is_cut(end: socket.socket) -> bool:
    """Whether there is an end to what comes, before the agent has said that it ends."""
    with end:
        end.settimeout(PATIENCE)
        told = b""
        try:
            while data := end.recv(65_536):
                told = (told + data)[-4_096:]
        except ConnectionError:
            pass
        return b"event: bye" not in told


async def _listen(path: Path) -> Heard:
    """Reads as fast as it comes, and counts."""
    end = socket.socket(socket.AF_UNIX)
    # Where very many come at once some have to wait for their turn, which asyncio does not at this kind of socket.
    await asyncio.to_thread(end.connect, str(path))
    reader, writer = await asyncio.open_unix_connection(sock=end)
    writer.write(b"GET /api/v1/events HTTP/1.0\r\nHost: localhost\r\n\r\n")
    heard, rest = Heard(), b""
    try:
        while data := await reader.read(65_536):
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                if line.startswith(b"id: "):
                    number = int(line.rpartition(b"-")[2])
                    assert heard.last in (0, number - 1), f"after {heard.last} came {number}"
                    heard.events, heard.last = heard.events + 1, number
                heard.bye = heard.bye or line == b"event: bye"
    except ConnectionError:
        pass
    finally:
        writer.close()
    return heard


def main(folder: str, streams: str, seconds: str) -> None:
    """The agent's side."""
    answer = asyncio.run(live(Path(folder), int(streams), int(seconds)))
    os.write(1, json.dumps(msgspec.to_builtins(answer)).encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
