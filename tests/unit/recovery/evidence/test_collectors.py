"""Each collector by itself: what it takes down, and why it can't."""

import asyncio
from typing import Any

import msgspec
import pytest

from watchdog.host.log_source import LogUnreadableError
from watchdog.model.results import Exited, Refused, Sent
from watchdog.recovery.evidence import log as logs
from watchdog.recovery.evidence import proc, redis, thread_dump
from watchdog.recovery.evidence.judging import traces_of
from watchdog.recovery.evidence.subject import NotCollectedError
from watchdog.recovery.evidence.views import Begun, Job, LogTail, Redis
from watchdog.rulefile.log import LogSettings
from watchdog.sidekiq.decode import Beat, Work
from watchdog.sidekiq.flight import Noted
from watchdog.sidekiq.reading import Reading

TIME = "2026-11-22T14:11:22.000Z"


def head(pid: int, message: str, tid: str = "t1", **fields: str) -> str:
    """A line of Sidekiq's."""
    return " ".join((f"{TIME} pid={pid} tid={tid}", *(f"{name}={value}" for name, value in fields.items()), f"INFO: {message}\n"))


async def test_the_end_of_a_log_is_that_of_its_process(subject, log, me):
    """Of a file that two share: its lines, those without a head that follow them, and its running jobs."""
    log.write_text(
        head(me.pid, "start", jid="j0", **{"class": "Spin"}) + "something that it printed\n"
        + head(999, "start", jid="jx", **{"class": "Other"}) + "something that the other printed\n"
        + head(me.pid, "start", tid="t2", jid="j1", **{"class": "Sleep"}) + "noise\n"
    )  # fmt: skip
    found = await logs.collect(subject())

    assert [line.rsplit(" ", 1)[-1] for line in found.lines] == ["start", "printed", "start", "noise"]
    assert "other" not in "".join(found.lines)
    assert {(one.jid, one.tid) for one in found.begun} == {("j0", "t1"), ("j1", "t2")}
    assert (found.last, found.whole) == ("j1", False)
    assert found.missing


async def test_of_a_long_log_the_end_is_kept(subject, log, me):
    """So many lines, each of so many characters; it is said as soon as they are there, so that nobody waits for the rest."""
    log.write_text("".join(head(me.pid, f"line {number} {'x' * 5000}") for number in range(logs.LINES + 50)))
    reading = subject(tail_read=asyncio.Event())
    found = await logs.collect(reading)

    assert len(found.lines) == logs.LINES
    assert "line 249 " in found.lines[-1]
    assert max(map(len, found.lines)) == logs.LONGEST
    assert reading.tail_read.is_set()


async def test_without_a_log_it_is_refused(subject):
    """And whoever waits for its end is let go on."""
    reading = subject(tail_read=asyncio.Event(), log=LogSettings(journal=False))
    with pytest.raises(LogUnreadableError, match="no log is named"):
        await logs.collect(reading)
    assert reading.tail_read.is_set()


async def test_the_kernel_tells_what_each_thread_uses(subject, monkeypatch):
    """Between two looks: our own main thread, busy all the while."""
    monkeypatch.setattr(proc, "SPAN", 0.3)
    spinning = asyncio.create_task(_spin())
    found = await proc.collect(subject())
    spinning.cancel()

    assert found.threads is not None
    main = next(thread for thread in found.threads if thread.kind == "main")
    assert main.used is not None
    assert main.used > 0.01
    assert found.files is not None
    assert found.files > 3
    assert found.memory is not None
    assert found.peak is not None
    assert found.peak >= found.memory > 0
    assert found.limits["Max open files"].isdecimal()


async def _spin() -> None:
    while True:
        sum(range(50_000))
        # Without a pause the lock of the interpreter can be taken again before the thread that looks has woken up, for ever.
        await asyncio.sleep(0.002)  # sleeps on purpose: it is that pause


async def test_a_process_that_is_gone_can_not_be_looked_at(subject, me):
    """Its pid may belong to another one by now."""
    another = msgspec.structs.replace(me, start_ticks=me.start_ticks + 1)
    with pytest.raises(NotCollectedError, match="has ended"):
        await proc.collect(subject(target=another))


def reading(**more: Any) -> Reading:
    """A process that beats and runs a job."""
    work = Work(run="t1/j1/5", thread="t1", jid="j1", job_class="Spin", queue="push", retries=0, run_at=5, domain="private.example")
    told = {
        "identity": "web1:1:a",
        "at": 0,
        "ttl": 60_000,
        "member": True,
        "info": None,
        "beat": Beat(at=7, written=b"7", busy=1, quiet=False),
        "work": (work,),
        "held": 1,
    }
    return Reading(**{**told, **more})


async def test_redis_shows_jobs_without_arguments(subject, picture):
    """Not even the server that a delivery goes to, which is told by an argument."""
    picture.reading = reading()
    found = await redis.collect(subject())

    assert [(job.jid, job.job_class, job.queue, job.tid) for job in found.jobs] == [("j1", "Spin", "push", "t1")]
    assert (found.listed, found.beat_at, found.busy) == (True, 7, 1)
    assert "private" not in repr(found)


async def test_of_a_process_that_has_left_redis_it_is_the_last_that_was_seen(subject, picture):
    """The work hash of its last beat; what can't be read in it is left out."""
    picture.reading = reading(beat=None, work=(), held=0, member=False)
    raw = b'{"queue":"push","run_at":5,"payload":"{\\"class\\":\\"Freeze\\",\\"jid\\":\\"abc\\",\\"args\\":[\\"private\\"],\\"queue\\":\\"push\\"}"}'
    picture.last = Noted({b"t1": raw, b"t2": b"broken"}, False, 5, 7)
    found = await redis.collect(subject())

    assert [(job.jid, job.job_class) for job in found.jobs] == [("abc", "Freeze")]
    assert (found.beat_at, found.listed) == (None, False)
    assert "private" not in repr(found)


class Process:
    """One that answers SIGTTIN as it is told: `answers[n]` is what it writes into its log the n-th time, or what comes of the signal."""

    def __init__(self, log: Any, monkeypatch: pytest.MonkeyPatch, *answers: Any) -> None:
        self.asked = 0
        self._log, self._answers = log, answers
        monkeypatch.setattr(thread_dump, "send", self._send)
        monkeypatch.setattr(thread_dump, "_QUIET", 0.25)
        monkeypatch.setattr(thread_dump, "_APART", 0.01)
        monkeypatch.setattr(thread_dump, "_threads", lambda _subject: 2)

    def _send(self, *_: Any) -> Any:
        answer = self._answers[self.asked] if self.asked < len(self._answers) else ""
        self.asked += 1
        if not isinstance(answer, str):
            return answer
        with self._log.open("a") as file:
            file.write(answer)
        return Sent()


def dumped(pid: int, *threads: tuple[str, str, str]) -> str:
    """What Sidekiq writes of these threads: tid, name, and where it stands."""
    return "".join(
        head(pid, f"Thread TID-{tid} {name}", tid="m").replace("INFO", "WARN")
        + head(pid, f"{place}\n/app/z.rb:1:in `perform'", tid="m").replace("INFO", "WARN")
        for tid, name, place in threads
    )


async def test_two_dumps(subject, log, me, monkeypatch):
    """Each by itself, whatever was in the log before, and whatever another process writes meanwhile."""
    log.write_text(dumped(me.pid, ("old", "processor", "/app/old.rb:1:in `x'")))
    one = dumped(me.pid, ("t0", "", "/app/m.rb:1:in `sleep'"), ("t1", "processor", "/app/a.rb:1:in `x'")) + dumped(
        999, ("no", "processor", "/b.rb:1:in `y'")
    )
    two = dumped(me.pid, ("t0", "", "/app/m.rb:1:in `sleep'"), ("t1", "processor", "/app/a.rb:2:in `x'"))
    process = Process(log, monkeypatch, one, two)
    found = await thread_dump.collect(subject())

    assert [[(thread.tid, thread.name, thread.frames[0]) for thread in dump.threads] for dump in found.dumps] == [
        [("t0", "", "/app/m.rb:1:in `sleep'"), ("t1", "processor", "/app/a.rb:1:in `x'")],
        [("t0", "", "/app/m.rb:1:in `sleep'"), ("t1", "processor", "/app/a.rb:2:in `x'")],
    ]
    assert [dump.whole for dump in found.dumps] == [True, True]
    assert process.asked == 2


async def test_what_came_of_a_dump_by_the_end_is_kept(subject, log, me, monkeypatch):
    """Of two threads one was written; it is not asked for another one."""
    monkeypatch.setattr(thread_dump, "BOUND", 3.0)
    process = Process(log, monkeypatch, dumped(me.pid, ("t0", "", "/app/m.rb:1:in `sleep'")))
    found = await thread_dump.collect(subject())

    assert [(len(dump.threads), dump.whole) for dump in found.dumps] == [(1, False)]
    assert process.asked == 1


async def test_a_second_dump_holds_nothing_of_the_first(subject, log, me, monkeypatch):
    """Though it is not whole: who is missing in it is missing."""
    monkeypatch.setattr(thread_dump, "BOUND", 3.0)
    monkeypatch.setattr(thread_dump, "_SPARE", -10.0)
    main = ("t0", "", "/app/m.rb:1:in `sleep'")
    Process(log, monkeypatch, dumped(me.pid, main, ("t1", "processor", "/app/a.rb:1:in `x'")), dumped(me.pid, main))
    found = await thread_dump.collect(subject())

    assert [([thread.tid for thread in dump.threads], dump.whole) for dump in found.dumps] == [(["t0", "t1"], True), (["t0"], False)]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(Refused("somebody is holding pid 1: it is stopped"), "is stopped"), (Exited(), "it has ended"), ("", "wrote no dump")],
)
async def test_without_an_answer_there_is_no_dump(subject, log, monkeypatch, answer, reason):
    """What stands against the signal, that it has ended, or that nothing came."""
    monkeypatch.setattr(thread_dump, "BOUND", 0.6)
    Process(log, monkeypatch, answer)
    with pytest.raises(NotCollectedError, match=reason):
        await thread_dump.collect(subject())


async def test_a_process_in_which_nothing_moves_is_sent_no_signal(subject, log, monkeypatch):
    """Nor one of which that is not known; and nobody is asked whose answer can't be read."""
    process = Process(log, monkeypatch)
    with pytest.raises(NotCollectedError, match="sent no signal"):
        await thread_dump.collect(subject(still=True))
    with pytest.raises(LogUnreadableError):
        await thread_dump.collect(subject(log=LogSettings(journal=False)))
    assert process.asked == 0


def test_the_log_is_newer_than_the_last_beat():
    """A thread runs one job at a time: where both name one it is the log's; where the log names all of them Redis adds none."""
    shown = Redis(listed=True, beat_at=1, quiet=False, busy=2, threads=5, memory=None, version="", tag="", queues=(),
                  jobs=(Job("old", "Job", "push", "t1", 0, 9_000), Job("other", "Job", "push", "t2", 0, 8_000)))  # fmt: skip
    doubtful = LogTail((), (Begun("new", "Job", "t1", 1_000, "likely"),), whole=False, missing=("x",), last="new")
    proven = msgspec.structs.replace(doubtful, whole=True, missing=())

    assert [(job.jid, job.ran) for job in traces_of({"redis": shown, "log": doubtful}, still=False, wall=5_000).jobs] == [
        ("new", 4_000),
        ("other", 8_000),
    ]
    assert [job.jid for job in traces_of({"log": proven, "redis": shown}, still=True, wall=5_000).jobs] == ["new"]
