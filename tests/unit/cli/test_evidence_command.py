"""`evidence`, from a state folder to exit code and output."""

import asyncio
import json

import msgspec
import pytest

from tests.unit.cli.conftest import apart
from watchdog.model.evidence import Came, Piece, Suspect, Suspicion
from watchdog.model.results import DumpedThread
from watchdog.recovery.evidence.views import Begun, ChildUse, Dumped, Job, LogTail, Proc, Redis, ThreadDumps, ThreadUse
from watchdog.store.evidence import Summary
from watchdog.store.store import Store

WALL = 1_795_354_499_123
FRAMES = tuple(f"/app/a.rb:{number}:in `x'" for number in range(9))
VIEWS = {
    "redis": Redis(listed=True, beat_at=1, quiet=False, busy=1, threads=5, memory=None, version="8.1.7", tag="app", queues=("push",),
                   jobs=(Job("j1", "Spin", "push", "t1", 0, 90_500),)),
    "log": LogTail(("a private post \x1b[2J",), (Begun("j1", "Spin", "t1", 5, "likely"),), whole=False, missing=("x",), last=""),
    "proc": Proc(state="S", span=1_000, used=0.95, memory=50 * 2**20, swap=0, peak=60 * 2**20, group_memory=None, group_limit=None, files=17,
                 limits={"Max open files": "1024"}, threads=(ThreadUse(10, "main", "ruby", "S", 0, 0.0, False), ThreadUse(11, "processor", "processor", "R", 0, 0.95, True)),
                 children=(ChildUse(12, "ffmpeg", False),)),
    "thread_dump": ThreadDumps((Dumped(1, True, (DumpedThread("t1", "processor", FRAMES),)),)),
}  # fmt: skip
SUMMARY = Summary(
    incident="7.1", process="web1:10:abc", target="web1/app[push]", taken=WALL, until=WALL + 30 * 86_400_000,
    pieces=(*(Piece(kind, Came.KEPT) for kind in ("thread_dump", "proc", "redis")), Piece("log", Came.KEPT, "it does not reach back")),
    suspects=(Suspect("j1", "Spin", "t1", Suspicion.PROVEN, "its thread is the only one that computes"),),
)  # fmt: skip


@pytest.fixture
def kept(config):
    """A state folder with this evidence."""

    def write(*summaries: Summary) -> None:
        async def agent() -> None:
            store = await Store.open(config.parent / "state")
            try:
                for summary in summaries:
                    await store.keep_evidence(summary, {kind: msgspec.to_builtins(view) for kind, view in VIEWS.items()})
            finally:
                await store.close()

        apart(lambda: asyncio.run(agent()))

    return write


def test_an_incident_for_people(ask, kept):
    """Who is suspected first, then each thing; of a backtrace the innermost places, and nothing of the log but which jobs it names."""
    kept(SUMMARY)
    answer = ask("evidence", "7.1", "-c", "config.yml")

    assert answer.code == 0
    lines = answer.out.splitlines()
    assert lines[0] == "incident 7.1: web1/app[push], process web1:10:abc, 2026-11-22T13:34:59.123Z"
    assert lines[1] == "  suspected (proven): Spin j1: its thread is the only one that computes"
    for words in ("log kept: it does not reach back", "t1   Spin   j1   push   90 s", "11      processor  processor  R      95%", "child 12 ffmpeg did not run",
                  "proc: state S, cores 0.95, memory 50 MiB, peak 60 MiB, files 17", "/app/a.rb:0:in `x'", "and 3 more"):  # fmt: skip
        assert words in answer.out, words
    assert "private" not in answer.out


def test_the_log_is_shown_to_whoever_asks_for_just_that(ask, kept):
    """With nothing in it that a terminal would obey."""
    kept(SUMMARY)
    answer = ask("evidence", "7.1", "--log", "-c", "config.yml")

    assert "a private post \\x1b[2J" in answer.out
    assert "\x1b" not in answer.out


def test_an_incident_for_programs(ask, kept):
    """One object for each process; the lines of the log only where they are asked for."""
    kept(SUMMARY, msgspec.structs.replace(SUMMARY, process="web1:11:def", taken=WALL + 1))
    shown, whole = (ask("evidence", "7.1", "--json", *more, "-c", "config.yml").out.splitlines() for more in ((), ("--log",)))

    rows = [json.loads(line) for line in shown]
    assert [row["process"] for row in rows] == ["web1:10:abc", "web1:11:def"]
    assert rows[0]["suspects"] == [
        {"jid": "j1", "class": "Spin", "tid": "t1", "certainty": "proven", "why": "its thread is the only one that computes"}
    ]
    assert rows[0]["evidence"]["thread_dump"]["dumps"][0]["threads"][0]["frames"] == list(FRAMES)
    assert "lines" not in rows[0]["evidence"]["log"]
    assert json.loads(whole[0])["evidence"]["log"]["lines"] == ["a private post \x1b[2J"]


def test_a_list(ask, kept):
    """What there is, the oldest first, for people and for programs."""
    kept(SUMMARY, msgspec.structs.replace(SUMMARY, incident="8.1", taken=WALL + 1, suspects=(), note="no job stands out"))
    lines = ask("evidence", "list", "-c", "config.yml").out.splitlines()
    rows = [json.loads(line) for line in ask("evidence", "list", "--json", "-c", "config.yml").out.splitlines()]

    assert [line.split()[0] for line in lines] == ["INCIDENT", "7.1", "8.1"]
    assert "thread_dump,proc,redis,log" in lines[1]
    assert lines[1].endswith("Spin j1 (proven)")
    assert lines[2].endswith("no job stands out")
    assert [(row["incident"], row["pieces"][3]["why"]) for row in rows] == [
        ("7.1", "it does not reach back"),
        ("8.1", "it does not reach back"),
    ]
    assert not any("evidence" in row for row in rows)


def test_nothing_is_there(ask, kept):
    """Said in words; an incident that nobody knows is a mistake, and so is the log of a list."""
    kept()
    assert ask("evidence", "list", "-c", "config.yml") == (0, "no evidence is kept\n", "")
    unknown = ask("evidence", "9.9", "-c", "config.yml")
    assert unknown.code == 2
    assert "no evidence is kept of an incident 9.9" in unknown.err
    assert ask("evidence", "list", "--log", "-c", "config.yml").code == 2


def test_what_another_version_wrote_is_shown_as_far_as_it_is_known(ask, config):
    """Without the parts that it does not know, and never with a traceback."""

    async def agent() -> None:
        store = await Store.open(config.parent / "state")
        await store.keep_evidence(SUMMARY, {"proc": {}, "tea_leaves": {"a": 1}, "log": {"begun": []}, "redis": 5})
        await store.close()

    apart(lambda: asyncio.run(agent()))
    answer = ask("evidence", "7.1", "-c", "config.yml")
    assert (answer.code, answer.err) == (0, "")


def test_what_a_command_said(ask, kept, monkeypatch):
    """It is shown to whoever asks for the incident, with nothing in it that a terminal would obey; how it ended as well."""
    said = {"command": "tell", "status": 3, "refused": "", "cut": False, "size": 70_000, "head": "begun \x1b[2J\n", "tail": "the end\n"}
    monkeypatch.setattr("tests.unit.cli.test_evidence_command.VIEWS", {"output": said})
    kept(
        Summary(
            incident="7.1", process="0" * 32, target="web1/command tell", taken=WALL, until=WALL + 1, pieces=(Piece("output", Came.KEPT),)
        )
    )
    answer = ask("evidence", "7.1", "-c", "config.yml")

    assert answer.code == 0
    assert answer.out.splitlines() == [
        f"incident 7.1: web1/command tell, run {'0' * 32}, 2026-11-22T13:34:59.123Z",
        "  output kept",
        "",
        "output: command tell, status 3, bytes 70000",
        "  begun \\x1b[2J",
        "  …",
        "  the end",
    ]
