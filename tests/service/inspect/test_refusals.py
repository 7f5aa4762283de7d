"""What the program refuses, asked over its socket about real processes; and that it stays there, whatever is asked."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.service.inspect.conftest import NOBODY, UNIT, Program, ref
from watchdog.inspect.answer import answer
from watchdog.inspect.refusals import RefusedError
from watchdog.inspect.request import Request
from watchdog.inspect.settings import Settings
from watchdog.recovery.inspecting import Inspector, Memory, NotInspected

pytestmark = [pytest.mark.needs("ptrace", "root"), pytest.mark.timeout(180)]

JID = "4caa0123456789abcdef0123"
SETTINGS = f'units = ["{UNIT}"]\nallow = [0]\n'
HOLDS = """
import os, sys
kept = bytearray(b'{"class":"C","args":[],"ji') + b'd":"4caa0123456789abcdef0123"}'
os.write(1, b"here")
sys.stdin.read()
"""
"""A process in whose memory a payload lies."""


@pytest.fixture
def held() -> Iterator[subprocess.Popen[bytes]]:
    """Such a process."""
    child = subprocess.Popen([sys.executable, "-ISc", HOLDS], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.read(4) == b"here"
    yield child
    child.kill()
    child.communicate()


def told(program: Program, request: bytes, *, end: bool = True) -> dict[str, Any]:
    """The last line that comes back."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(program.path))
        connection.settimeout(20)
        with contextlib.suppress(BrokenPipeError):
            connection.sendall(request)
            if end:
                connection.shutdown(socket.SHUT_WR)
        answered = connection.makefile("rb").read()
    return json.loads(answered.splitlines()[-1])


async def test_it_is_found(held, unit, program):
    """The process that all refusals here are about can be read."""
    unit(held.pid)
    program.start(SETTINGS)
    found = await program.client.memory(ref(held.pid), [JID])

    assert [one.payload for one in found.findings] == [b'{"class":"C","args":[],"jid":"4caa0123456789abcdef0123"}']


@pytest.mark.parametrize(
    "place",
    [
        "watchdog-test-other.service",
        f"{UNIT}/app.scope",
        f"{UNIT}/app.slice",
        f"watchdog-test.scope/{UNIT}",
        f"watchdog-test-user.service/{UNIT}",
        "watchdog-test.slice",
    ],
    ids=["another service", "scope in it", "slice in it", "in a scope", "of a user", "slice"],
)
@pytest.mark.parametrize("ask", ["memory", "sockets", "facts"])
async def test_a_process_outside_its_units(place, ask, held, unit, program):
    """A process of another service, of a scope or slice within, of a service by that name within something else, or of none, is not read."""
    unit(held.pid, place)
    program.start(SETTINGS)
    process = ref(held.pid)
    said = await {
        "memory": lambda: program.client.memory(process, [JID]), "sockets": lambda: program.client.sockets(process), "facts": lambda: program.client.facts(process)
    }[ask]()  # fmt: skip

    assert (said.code, str(held.pid) in said.reason, "units" in said.hint) == ("not-named", True, True)


async def test_a_service_around_slices(held, unit, program):
    """Slices may lie around a service, and what it was delegated within it."""
    unit(held.pid, f"watchdog-test.slice/watchdog-test-a.slice/{UNIT}/worker")
    program.start(SETTINGS)

    assert isinstance(await program.client.memory(ref(held.pid), [JID]), Memory)


async def test_another_process_by_the_same_pid(held, unit, program):
    """A process that started at another time than the one that was meant is not read."""
    unit(held.pid)
    program.start(SETTINGS)
    process = ref(held.pid)
    said = await program.client.memory(msgspec.structs.replace(process, start_ticks=process.start_ticks - 1), [JID])

    assert said.code == "another"


async def test_what_is_never_read(program, unit):
    """Pid 1, the program itself, a thread of the kernel, a thread of a process, a process that has ended."""
    program.start(SETTINGS)
    process = msgspec.structs.replace(ref(os.getpid()), start_ticks=0)
    kernel = next(
        (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit() and int(path.name) > 1 and not (path / "cmdline").read_bytes() and
         int((path / "stat").read_text().rpartition(")")[2].split()[6]) & 0x200000), None
    )  # fmt: skip
    ended = subprocess.Popen(["true"])
    ended.wait()
    cases = {1: "protected", 0: "protected", program.child.pid: "protected", ended.pid: "gone"} | ({kernel: "protected"} if kernel else {})

    for pid, code in cases.items():
        said = await program.client.memory(msgspec.structs.replace(process, pid=pid), [JID])
        assert (pid, said.code) == (pid, code)


@pytest.mark.parametrize("ask", ["memory", "sockets", "facts"])
def test_a_process_that_ends_while_it_is_read(ask, held, unit):
    """Nothing is given out of a process that died in the middle, zombie or buried, or left its unit."""
    unit(held.pid)
    process = ref(held.pid)
    request = Request(ask, held.pid, process.start_ticks, (JID,))
    settings = Settings((UNIT,), frozenset({0}), ("PATH",))
    pieces = 0

    def leave() -> None:
        nonlocal pieces
        pieces += 1
        unit(held.pid, "watchdog-test-other.service")

    with pytest.raises(RefusedError) as refused:
        answer(request, settings, between=leave)
    assert (refused.value.spec.code, pieces > 0) == ("left", True)
    unit(held.pid)
    assert any("end" in line for line in answer(request, settings))

    def end() -> None:
        os.kill(held.pid, signal.SIGKILL)
        os.waitid(os.P_PID, held.pid, os.WEXITED | os.WNOWAIT)

    with pytest.raises(RefusedError) as refused:
        answer(request, settings, between=end)
    assert refused.value.spec.code == "left"


@pytest.mark.parametrize("ask", ["memory", "sockets", "facts"])
def test_a_process_that_is_buried_while_it_is_read(ask, held, unit):
    """Nor of one whose pid could belong to another already."""
    unit(held.pid)
    request = Request(ask, held.pid, ref(held.pid).start_ticks, (JID,))

    def bury() -> None:
        held.kill()
        held.wait()

    with pytest.raises(RefusedError) as refused:
        answer(request, Settings((UNIT,), frozenset({0})), between=bury)
    assert refused.value.spec.code == "left"


@pytest.mark.needs("setuid")
def test_without_the_right(held, unit, program, restricted):
    """Without CAP_SYS_PTRACE it says that it lacks it."""
    unit(held.pid)
    program.path, program.config = restricted.folder / "inspect.sock", restricted.folder / "inspect.toml"
    before = [part.replace("+sys_ptrace", "+kill") for part in restricted.before]
    program.start(SETTINGS, before=before, command=restricted.command)
    for ask, more in (("memory", {"jids": [JID]}), ("sockets", {}), ("facts", {})):
        request = {"ask": ask, "pid": held.pid, "start_ticks": ref(held.pid).start_ticks, **more}
        assert told(program, json.dumps(request).encode())["refused"]["code"] == "no-right"


@pytest.mark.needs("setuid")
def test_somebody_who_may_not_ask(held, unit, program):
    """A user who is not named is told nothing, not even whether the process is there."""
    unit(held.pid)
    program.start(SETTINGS.replace("[0]", f"[{NOBODY}]"))

    said = told(program, b'{"ask":"facts","pid":1,"start_ticks":0}\n')["refused"]
    assert (said["code"], said["message"]) == ("not-allowed", "uid 0 may not ask here")


def test_requests_that_make_no_sense(held, unit, program):
    """Each is answered with a refusal, the service goes on, and its log repeats nothing of them."""
    unit(held.pid)
    program.start(SETTINGS)
    nonsense = [b"", b"\n", b"x" * 100_000, b"SECRET\n", b"\xff\xfe\n", b"[" * 60_000 + b"\n", b'{"ask":"SECRET"}\n', b"{}\n" * 1000]
    for request in nonsense:
        assert told(program, request)["refused"]["code"] == "bad-request"
    for _ in range(20):
        with socket.socket(socket.AF_UNIX) as gone:
            gone.connect(str(program.path))
            gone.send(
                json.dumps({"ask": "memory", "pid": held.pid, "start_ticks": ref(held.pid).start_ticks, "jids": [JID]}).encode() + b"\n"
            )
    sensible = {"ask": "memory", "pid": held.pid, "start_ticks": ref(held.pid).start_ticks, "jids": [JID]}

    assert told(program, json.dumps(sensible).encode() + b"\n", end=False)["end"]["partial"] == ""
    log = program.log.read_text()
    assert "SECRET" not in log
    assert '"class"' not in log
    assert log.count("refused, bad-request") == len(nonsense)
    assert f"asked for memory of process {held.pid}: given, 1 payloads" in log


def test_somebody_who_sends_nothing(program):
    """It is waited for as long as five seconds, then the next one gets an answer."""
    program.start(SETTINGS)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.connect(str(program.path))
        began = time.monotonic()
        assert told(program, b"{}\n")["refused"]["code"] == "bad-request"
        assert time.monotonic() - began < 30


def test_a_fault_of_the_program(held, unit, program, monkeypatch):
    """A fault ends one request; what the exception says stays within, its place is told."""
    from watchdog.inspect import service

    def fails(*_: Any, **__: Any) -> None:
        raise ValueError("SECRET")

    monkeypatch.setattr(service, "answer", fails)
    here, there = socket.socketpair()
    logged: list[str] = []
    with here, there:
        there.sendall(b'{"ask":"facts","pid":5,"start_ticks":7}\n')
        service._serve_one(here, Settings((UNIT,), frozenset({0})), logged.append, lambda: None)
        said = json.loads(there.recv(9999))["refused"]

    assert said["code"] == "failed"
    assert "ValueError in test_refusals.py" in said["message"]
    assert "SECRET" not in said["message"] + logged[0]


def test_it_ends_when_nobody_asks(program):
    """And the next request would start it again: that is its socket unit's part."""
    program.start(SETTINGS, "--idle", "0.2")

    assert program.child.wait(10) == 0


async def test_what_the_agent_is_told_if_it_can_not_be_asked(tmp_path, held):
    """Each way in which there is no answer is a reason, not an exception."""
    process = ref(held.pid)
    said = await Inspector(tmp_path / "missing.sock").memory(process, [JID])
    assert (said.code, "not turned on" in said.reason, "systemctl enable" in said.hint) == ("not-there", True, True)

    (tmp_path / "file").write_text("")
    assert (await Inspector(tmp_path / "file").facts(process)).code == "silent"

    answers = {
        b"": "silent",
        b"nonsense\n": "nonsense",
        b'{"end":5}\n': "nonsense",
        b'{"end":{}}\n': "nonsense",
        b'{"refused":{"code":"x","message":"y"}}\n': "x",
    }
    for number, (answered, code) in enumerate(answers.items()):

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answered: bytes = answered) -> None:
            await reader.readline()
            writer.write(answered)
            writer.close()

        async with await asyncio.start_unix_server(serve, tmp_path / f"{number}.sock"):
            for asked in (
                Inspector(tmp_path / f"{number}.sock").memory(process, [JID]),
                Inspector(tmp_path / f"{number}.sock").facts(process),
            ):
                why = await asked
                assert isinstance(why, NotInspected)
                assert why.code == code

    never = socket.socket(socket.AF_UNIX)
    with never:
        never.bind(str(tmp_path / "never.sock"))
        never.listen()
        assert (await Inspector(tmp_path / "never.sock", patience=0.1).sockets(process)).code == "silent"
