"""Units are followed without a gap: what systemd says between a question and its answer, its absence, its loss."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from watchdog.clock import Clock
from watchdog.host.systemd.session import EVERY
from watchdog.host.systemd.watch import LOOK_AGAIN, Units
from watchdog.model.effects import CallUnit, LookAtUnit
from watchdog.model.events import Body, Delta, Gone, Observed, SourceBack, SourceLost
from watchdog.model.kinds import Source
from watchdog.model.results import Refused, UnitLook
from watchdog.model.targets import Verb

pytestmark = pytest.mark.looptime
NAME = "sidekiq.service"
UP = {"ActiveState": "active", "SubState": "running", "NRestarts": 0, "LoadState": "loaded"}


class Watched:
    """Units of the fake, and what was told of them."""

    def __init__(self, **where: Any) -> None:
        self.bodies: list[Body] = []
        self.picture: dict[str, dict[str, Any]] = {}
        self.units = Units(("sidekiq*",), clock=Clock(), emit=self._take, own="", **where)

    def _take(self, body: Body) -> None:
        self.bodies.append(body)
        for change in body.changes if isinstance(body, Observed) else ():
            match change:
                case Delta(id=name, fields=fields):
                    self.picture.setdefault(name, {}).update(fields)
                case Gone(id=name):
                    del self.picture[name]

    def sources(self) -> list[Body]:
        """What was told of the source itself."""
        return [body for body in self.bodies if isinstance(body, SourceLost | SourceBack)]


@pytest.fixture
async def watch() -> AsyncIterator[Callable[..., Any]]:
    """Begins when it is called and awaited; everything has been read then."""
    tasks = []

    async def begin(**where: Any) -> Watched:
        watched = Watched(**(where or {"where": __file__}))
        tasks.append(asyncio.create_task(watched.units.run()))
        await asyncio.sleep(0.1)
        return watched

    yield begin
    for task in tasks:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_a_unit_that_comes_while_the_list_is_on_its_way(systemd, watch):
    """The list does not have it any more than it had before; it is followed all the same."""
    systemd.files[NAME] = "enabled"
    systemd.meanwhile["ListUnitsByPatterns"] = lambda: systemd.load(NAME, **UP)
    watched = await watch()
    assert watched.picture[NAME]["state"] == "active"


async def test_a_unit_that_goes_while_the_list_is_on_its_way(systemd, watch):
    """The list still has it; it is not asked for what systemd would have to load again."""
    systemd.files[NAME] = "enabled"
    systemd.units[NAME] = UP
    systemd.meanwhile["ListUnitsByPatterns"] = lambda: systemd.unload(NAME)
    watched = await watch()
    assert watched.picture[NAME]["state"] == "inactive"
    assert "GetAll" not in systemd.calls


async def test_a_unit_that_comes_while_its_file_is_asked_for(systemd, watch):
    """It is not taken for one that is put away."""
    systemd.files[NAME] = "enabled"
    systemd.meanwhile["GetUnitFileState"] = lambda: systemd.load(NAME, **UP)
    watched = await watch()
    assert (watched.picture[NAME]["state"], watched.picture[NAME]["restarts"]) == ("active", 0)


async def test_an_answer_that_was_overtaken(systemd, watch):
    """What systemd says of itself while an answer is on its way is newer than the answer."""
    systemd.units[NAME] = dict(UP)
    systemd.meanwhile["GetAll"] = lambda: systemd.change(NAME, NRestarts=1)
    watched = await watch()
    assert watched.picture[NAME]["restarts"] == 1


async def test_what_a_unit_says_while_the_next_is_read(systemd, watch):
    """It stands: what was read of the unit before must not be told after it, or it would count until the unit changes again."""
    systemd.units |= {NAME: dict(UP), "sidekiq_next.service": dict(UP)}
    watched = await watch()

    def while_its_job_is_read() -> None:
        systemd.meanwhile["GetAll"] = lambda: systemd.change(NAME, Job=[0, "/"], SubState="running")

    systemd.units[NAME] |= {"Job": [9, "/job/9"], "SubState": "stop"}
    systemd.meanwhile["Get"] = while_its_job_is_read
    systemd.say("UnitFilesChanged")
    await asyncio.sleep(0.1)
    assert systemd.units[NAME]["SubState"] == "running"
    assert (watched.picture[NAME]["job"], watched.picture[NAME]["sub_state"]) == ("", "running")


async def test_a_unit_that_is_put_away_while_it_is_read(systemd, watch):
    """How it ended is known from what it said; what would be read now is how it would begin."""
    systemd.files[NAME] = "enabled"
    systemd.units[NAME] = dict(UP)
    watched = await watch()

    def end() -> None:
        systemd.change(NAME, ActiveState="inactive", SubState="dead", ExecMainCode=2, ExecMainStatus=15)
        systemd.unload(NAME)

    systemd.meanwhile["GetAll"] = end
    systemd.say("UnitFilesChanged")
    await asyncio.sleep(0.1)
    assert (watched.picture[NAME]["state"], watched.picture[NAME]["exit"], watched.picture[NAME]["restarts"]) == ("inactive", "killed", 0)
    assert watched.picture[NAME]["file_state"] == "enabled"


async def test_a_unit_that_never_stands_still(systemd, watch):
    """It is told as far as it has said, and neither waited for nor asked for ever."""
    systemd.units[NAME] = dict(UP)
    count = iter(range(1, 10_000))

    def again() -> None:
        systemd.change(NAME, NRestarts=next(count))
        systemd.meanwhile["GetAll"] = again

    systemd.meanwhile["GetAll"] = again
    watched = await watch()
    assert watched.picture[NAME]["restarts"] > 0
    systemd.meanwhile.clear()
    await asyncio.sleep(0.1)
    assert watched.picture[NAME]["restarts"] == systemd.units[NAME]["NRestarts"]


async def test_what_changes_without_a_word(systemd, watch):
    """Everything is read again after half a minute; nothing is asked before, and nothing told where nothing is new."""
    systemd.units[NAME] = {**UP, "NeedDaemonReload": False}
    watched = await watch()
    systemd.units[NAME]["NeedDaemonReload"] = True
    before = len(systemd.calls)
    await asyncio.sleep(EVERY - 1)
    assert len(systemd.calls) == before
    await asyncio.sleep(2)
    assert watched.picture[NAME]["reload_needed"] is True
    told = len(watched.bodies)
    await asyncio.sleep(EVERY + 1)
    assert [body.changes for body in watched.bodies[told:]] == [()]


async def test_whoever_answers_now_is_told_that_we_listen(systemd, watch):
    """A systemd that has begun anew is subscribed to again, and everything is read; that is no outage."""
    systemd.units[NAME] = dict(UP)
    watched = await watch()
    systemd.subscribed = False
    systemd.units[NAME]["NRestarts"] = 4
    systemd.say("NameOwnerChanged", "org.freedesktop.systemd1", ":1.1", "")
    systemd.say("NameOwnerChanged", "org.freedesktop.systemd1", "", ":1.9")
    await asyncio.sleep(0.1)
    assert systemd.subscribed
    assert watched.picture[NAME]["restarts"] == 4
    assert watched.sources() == []


async def test_a_reload_whose_end_is_not_told(systemd, watch):
    """Where systemd has forgotten over `daemon-reload` who listens, it is asked again at once: nothing is waited for until the next half minute."""
    systemd.units[NAME] = dict(UP)
    watched = await watch()

    systemd.say("Reloading", True)
    systemd.subscribed = False
    systemd.units[NAME]["NRestarts"] = 4
    await asyncio.sleep(0.1)
    assert watched.picture[NAME]["restarts"] == 4
    systemd.change(NAME, NRestarts=5)
    assert watched.picture[NAME]["restarts"] == 5
    assert watched.sources() == []


async def test_a_file_that_is_removed(systemd, watch):
    """The unit is gone; one that was never told is not told to be gone."""
    systemd.files[NAME] = "enabled"
    watched = await watch()
    assert NAME in watched.picture
    systemd.files.clear()
    systemd.load("sidekiq-x.service", LoadState="not-found", ActiveState="inactive")
    systemd.say("UnitFilesChanged")
    await asyncio.sleep(0.1)
    assert watched.picture == {}


async def test_other_units_are_meant(systemd, watch):
    """Those that no longer are are gone, and nobody listens to them any more."""
    systemd.units |= {NAME: dict(UP), "other.service": dict(UP)}
    watched = await watch()
    assert set(watched.picture) == {NAME}
    watched.units.mean(("other*",))
    await asyncio.sleep(0.1)
    assert set(watched.picture) == {"other.service"}
    systemd.change(NAME, NRestarts=9)
    assert set(watched.picture) == {"other.service"}


async def test_a_bus_that_is_lost(systemd, watch):
    """It is said once, tried again at growing distances, and said when it is back, after all has been read."""
    systemd.units[NAME] = dict(UP)
    watched = await watch()
    systemd.refusals["connect"] = "refused"
    systemd.ended.set()
    await asyncio.sleep(120)
    assert [body.code for body in watched.sources()] == ["reset", "refused"]
    command = CallUnit("1", NAME, Verb.START, Clock().at() + 1_000)
    assert await watched.units.call(command) == Refused(f"nothing listens at the system bus {__file__}")

    systemd.units[NAME]["NRestarts"] = 7
    systemd.refusals.clear()
    await asyncio.sleep(16)
    assert watched.picture[NAME]["restarts"] == 7
    assert watched.sources()[-1] == SourceBack(Source.SYSTEMD)
    assert isinstance(watched.bodies[-2], Observed)


async def test_a_systemd_that_says_nothing(systemd, watch):
    """A refusal to list units is a source that can't be read, not a host without units."""
    systemd.refusals["ListUnitsByPatterns"] = "org.freedesktop.DBus.Error.AccessDenied"
    watched = await watch()
    assert [body.code for body in watched.sources()] == ["denied"]
    assert watched.picture == {}


async def test_a_host_without_systemd(systemd, watch, tmp_path, monkeypatch):
    """Nothing is told of units and no source is lost; what can't be done is said; a systemd that comes is found."""
    monkeypatch.delenv("DBUS_SYSTEM_BUS_ADDRESS", raising=False)
    watched = await watch(booted=tmp_path / "system")
    assert watched.units.absent == "this host was not started by systemd"
    assert watched.bodies == []
    command = CallUnit("1", NAME, Verb.START, Clock().at() + 1_000)
    assert await watched.units.call(command) == Refused("there is no systemd to ask: this host was not started by systemd")

    bus = tmp_path / "bus"
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={bus},guid=5")
    other = await watch(booted=tmp_path)
    assert other.units.absent == f"there is no system bus at {bus}"
    bus.touch()
    systemd.units[NAME] = dict(UP)
    await asyncio.sleep(LOOK_AGAIN)
    assert other.units.absent == ""
    assert set(other.picture) == {NAME}


async def test_a_call_for_a_unit_that_is_not_ours(systemd, watch):
    """It never gets as far as systemd."""
    watched = await watch()
    result = await watched.units.call(CallUnit("1", "ssh.service", Verb.STOP, Clock().at() + 1_000))
    assert result == Refused("ssh.service is none of the units that the agent may touch: `units` in the config names them")


async def test_only_runs_of_commands_can_begin(systemd, watch):
    """No other unit, however like it is called, and no other verb; it never gets as far as systemd."""
    watched = await watch()
    run = f"sidekiq-watchdog-run-tell@{'0' * 32}.service"
    for unit, verb in (
        (NAME, Verb.START),
        (run, Verb.STOP),
        (run, Verb.RESTART),
        (run.replace("0" * 32, "x"), Verb.START),
        (f"a{run}", Verb.START),
        (f"{run}\n", Verb.START),
        ("sidekiq-watchdog-run-@.service", Verb.START),
    ):
        result = await watched.units.begin(CallUnit("1", unit, verb, Clock().at() + 1_000))
        assert result == Refused(f"{unit} is no run of a named command, which can only be started")
    assert "StartUnit" not in systemd.calls


async def test_a_look_is_asked_for_at_once(systemd, watch):
    """Not what was heard of the unit is told but what systemd answers now, with what is queued for it."""
    systemd.units[NAME] = {**UP, "UnitFileState": "enabled", "Result": "success", "InvocationID": b"\x01\x02", "MainPID": 7}
    watched = await watch()
    systemd.units[NAME] |= {
        "ActiveState": "failed",
        "SubState": "failed",
        "Result": "oom-kill",
        "NRestarts": 2,
        "MainPID": 0,
        "Job": [9, "/job/9"],
    }

    assert await watched.units.look(LookAtUnit("1", NAME)) == UnitLook(
        load_state="loaded", state="failed", sub_state="failed", result="oom-kill", restarts=2, job="stop", file_state="enabled", invocation="0102"
    )  # fmt: skip


async def test_a_look_at_what_systemd_does_not_hold(systemd, watch):
    """It is not loaded for that: it does not run, and of its end nothing is known; without a file there is no such unit."""
    systemd.files[NAME] = "disabled"
    watched = await watch()
    systemd.calls.clear()
    assert await watched.units.look(LookAtUnit("1", NAME)) == UnitLook(
        load_state="", state="inactive", sub_state="dead", file_state="disabled"
    )
    assert "GetAll" not in systemd.calls
    found = await watched.units.look(LookAtUnit("1", "sidekiq-other.service"))
    assert found == Refused("systemd does not tell how sidekiq-other.service is: No such file or directory")


async def test_a_look_that_is_refused(systemd, watch, tmp_path):
    """A unit that is not the agent's, a connection that is lost, a host without systemd."""
    systemd.units[NAME] = dict(UP)
    watched = await watch()
    assert await watched.units.look(LookAtUnit("1", "ssh.service")) == Refused(
        "ssh.service is none of the units that the agent may touch: `units` in the config names them"
    )
    systemd.refusals["GetUnit"] = "org.freedesktop.DBus.Error.AccessDenied"
    assert await watched.units.look(LookAtUnit("1", NAME)) == Refused(f"systemd does not tell how {NAME} is: no")
    systemd.refusals["connect"] = "refused"
    systemd.ended.set()
    await asyncio.sleep(5)
    assert await watched.units.look(LookAtUnit("1", NAME)) == Refused(f"nothing listens at the system bus {__file__}")


def test_the_agents_own_unit_is_found() -> None:
    """It is that of our own control group; on this machine there may be none."""
    from watchdog.host.cgroup import unit
    from watchdog.host.systemd.watch import _own_unit

    assert _own_unit() == unit(Path("/proc/self/cgroup").read_text())
