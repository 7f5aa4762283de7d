"""The agent's side of a named command: with the program that runs it as a real process in the place of systemd."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.unit.commands.conftest import ID, RUNNER, Runs
from tests.unit.commands.definitions import GOOD, TYPE_OF
from tests.unit.commands.hostile import HOSTILE, OF_A_TYPE
from watchdog.model.effects import CallUnit, LookAtCommand, RunCommand
from watchdog.model.named.handing_over import unit_of
from watchdog.model.results import CommandLook, CommandRan, Refused, Result, UnitCalled, UnitOutcome
from watchdog.recovery.commanding import CUT_OFF, OUTPUT, Commander
from watchdog.store.store import Store

RUN = RunCommand(id="1.0", run=ID, incident="7.1", target="h/command tell", command="tell", values=dict(GOOD), until=1)
DONE = UnitCalled(UnitOutcome.DONE)


@pytest.fixture
def runs(tmp_path) -> Runs:
    """In a folder of its own."""
    return Runs(tmp_path)


@pytest.fixture
async def store(tmp_path) -> AsyncIterator[Store]:
    """An open store."""
    opened = await Store.open(tmp_path / "state")
    yield opened
    await opened.close()


class Systemd:
    """Starts the program as the unit would; `answer` is what is said of it, `does` whether it is started at all."""

    def __init__(self, runs: Runs, *, answer: Result = DONE, does: bool = True) -> None:
        self.runs = runs
        self.answer = answer
        self.does = does
        self.asked: list[str] = []

    async def begin(self, call: CallUnit) -> Result:
        self.asked.append(call.unit)
        assert call.verb == "start"
        if self.does:
            command = (sys.executable, "-c", RUNNER, str(self.runs.config), str(self.runs.spool), "tell", ID)
            process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
            await process.wait()
        return self.answer


def commander(runs: Runs, store: Store, systemd: Systemd) -> Commander:
    """Of these."""
    return Commander(path=lambda: runs.config, begin=systemd.begin, store=store, wall=lambda: 1_000, spool=runs.spool)


async def kept(store: Store) -> list[Any]:
    """What is kept of the incident: notes and outputs."""
    return [(summary.note, bodies.get(OUTPUT)) for summary, bodies in await store.evidence_of("7.1")]


async def test_a_run(runs, store):
    """It runs as defined, what it said is evidence of the incident, and the answer has none of that."""
    systemd = Systemd(runs)
    assert await commander(runs, store, systemd).run(RUN) == CommandRan(0, size=5)

    assert systemd.asked == [unit_of("tell", ID)]
    assert runs.recorded.exists()
    assert await kept(store) == [
        ("", {"command": "tell", "status": 0, "refused": "", "cut": False, "size": 5, "head": "said\n", "tail": ""})
    ]
    ((summary, _),) = await store.evidence_of("7.1")
    assert (summary.process, summary.target, summary.until - summary.taken) == (ID, "h/command tell", 30 * 86_400_000)


async def test_nobody_else_can_read_it(runs, store):
    """Neither arguments nor output; and the folder can be entered, not listed."""
    await commander(runs, store, Systemd(runs)).run(RUN)
    assert {path.stat().st_mode & 0o777 for path in runs.spool.iterdir()} == {0o600}
    assert runs.spool.stat().st_mode & 0o777 == 0o711


async def test_asked_again(runs, store):
    """After a crash the answer is what came of it, and systemd is not even asked."""
    systemd = Systemd(runs)
    first = await commander(runs, store, systemd).run(RUN)
    assert await commander(runs, store, systemd).run(RUN) == first
    assert len(systemd.asked) == 1


@pytest.mark.parametrize("point", ["stored", "one file", "both files", "begun", "ended"])
async def test_cut_off(runs, store, monkeypatch, point):
    """Killed at any point and asked for again, it has run once or not at all, and never is it said that it ran where it did not."""
    cut = commander(runs, store, Systemd(runs, does=point in {"begun", "ended"}))
    if point == "stored":
        monkeypatch.setattr(cut, "_make_files", _killed)
    elif point == "one file":
        monkeypatch.setattr("watchdog.recovery.commanding.request", _killed)
    elif point == "both files":
        monkeypatch.setattr(cut, "_begin", _killed)
    else:
        monkeypatch.setattr(cut, "_result", _once_then_killed(cut))
    if point == "begun":
        runs.define(f"open({str(runs.recorded)!r}, 'x'); import os; os.kill(os.getppid(), 9)")
    with pytest.raises(KeyboardInterrupt):
        await cut.run(RUN)
    monkeypatch.undo()

    systemd = Systemd(runs)
    ran = await commander(runs, store, systemd).run(RUN)
    match point:
        case "stored" | "one file":
            assert ran == CommandRan(None, unknown=CUT_OFF)
            assert not runs.recorded.exists()
        case "begun":
            assert ran == CommandRan(None, unknown="it had begun, and how it ended stands nowhere: it was killed, or the machine went down")
        case _:
            # `tell` fails where it is run a second time.
            assert ran == CommandRan(0, size=5)


def _killed(*_args: Any) -> Any:
    raise KeyboardInterrupt


def _once_then_killed(cut: Commander) -> Any:
    looks = [cut._result, _killed]

    def look(run: str) -> Any:
        return looks.pop(0)(run)

    return look


async def test_after_a_reboot(runs, store):
    """The files are gone, and the store knows that it was handed over: it is not run again."""
    cut = commander(runs, store, Systemd(runs, does=False))
    await cut.run(RUN)
    for path in runs.spool.iterdir():
        path.unlink()
    systemd = Systemd(runs)
    assert await commander(runs, store, systemd).run(RUN) == CommandRan(None, unknown=CUT_OFF)
    assert not systemd.asked


async def test_files_of_another_store(runs, store):
    """What an agent with another store left under the same name is not taken for a result of this one."""
    runs.hand_over()
    runs.run()
    runs.recorded.unlink()
    assert await commander(runs, store, Systemd(runs)).run(RUN) == CommandRan(0, size=5)
    assert runs.recorded.exists()


@pytest.mark.parametrize("why", HOSTILE)
async def test_hostile_values(runs, store, why):
    """Neither looked at with favour, nor handed over, whichever argument they are for; and told in harmless words."""
    systemd = Systemd(runs)
    one = commander(runs, store, systemd)
    for argument in ("domain", "class", "queue"):
        if TYPE_OF[argument] in OF_A_TYPE.get(why, ()):
            continue
        values = {**GOOD, argument: HOSTILE[why]}
        look = await one.look(LookAtCommand("1.0", "tell", values))
        assert look.refused.startswith(f"the argument {argument} of tell is no {TYPE_OF[argument]}: ")
        assert look.refused.replace("…", "").isascii()
        assert await one.run(RunCommand(id="1.0", run=ID, incident="7.1", target="x", command="tell", values=values, until=1)) == Refused(
            look.refused
        )
    assert not systemd.asked
    assert not list(runs.spool.iterdir())


async def test_looks(runs, store):
    """What root does not allow any more is seen at once."""
    one = commander(runs, store, Systemd(runs))
    assert await one.look(LookAtCommand("1.0", "tell", GOOD)) == CommandLook()
    assert "has no command sh any more" in (await one.look(LookAtCommand("1.0", "sh", {}))).refused
    assert (await one.look(LookAtCommand("1.0", "tell", {}))).refused == "the argument domain of tell is missing"
    text = runs.config.read_text()
    runs.config.write_text(text.replace('user = "', 'user = "no-such-'))
    assert (await one.look(LookAtCommand("1.0", "tell", GOOD))).refused.startswith("there is no user no-such-")
    runs.config.write_text("[")
    assert "is no TOML" in (await one.look(LookAtCommand("1.0", "tell", GOOD))).refused
    runs.config.unlink()
    assert "can't be read" in (await one.look(LookAtCommand("1.0", "tell", GOOD))).refused


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Refused("install the polkit rule"), Refused("install the polkit rule")),
        (UnitCalled(UnitOutcome.WAITING), CommandRan(None, unknown="it still runs, and is waited for no longer")),
        (UnitCalled(UnitOutcome.UNKNOWN, "lost"), CommandRan(None, unknown="whether it ran is not known: lost")),
        (UnitCalled(UnitOutcome.FAILED), CommandRan(None, refused="its unit could not begin (failed): the journal of the unit says why")),
    ],
)
async def test_systemd_does_not_run_it(runs, store, answer, expected):
    """Why, as far as anybody knows."""
    assert await commander(runs, store, Systemd(runs, does=False, answer=answer)).run(RUN) == expected


async def test_the_program_refuses(runs, store):
    """What it says is the answer, and evidence."""
    one = commander(runs, store, Systemd(runs))
    real = one._begin

    async def spoilt(call: CallUnit) -> Result:
        (runs.spool / f"{ID}.json").write_bytes(b'{"command":"tell","arguments":{"domain":"--all"}}')
        return await real(call)

    one._begin = spoilt  # type: ignore[method-assign]
    assert await one.run(RUN) == CommandRan(None, refused="the argument domain of tell is no domain: --all")


async def test_a_folder_that_can_not_be_made(runs, store):
    """It says so, asked again as well."""
    systemd = Systemd(runs)
    one = Commander(path=lambda: runs.config, begin=systemd.begin, store=store, wall=lambda: 1, spool=runs.spool / "missing" / "spool")
    why = f"its arguments can't be handed over in {runs.spool}/missing/spool: No such file or directory"
    assert await one.run(RUN) == Refused(why)
    assert await one.run(RUN) == CommandRan(None, refused=why)
    assert not systemd.asked


async def test_old_files_go(runs, store):
    """After two days, whoever they were for."""
    old = runs.file("old.out", b"x")
    os.utime(old, (1, 1))
    new = runs.file("new.out", b"x")
    await commander(runs, store, Systemd(runs)).run(RUN)
    assert (old.exists(), new.exists()) == (False, True)


async def test_how_it_ended(runs, store):
    """A signal, and an end by force, are told as such."""
    runs.define("import os; os.kill(os.getpid(), 9)")
    assert await commander(runs, store, Systemd(runs)).run(RUN) == CommandRan(-signal.SIGKILL)
