"""
What is looked at, and what was found out on the way that others need.

An area that comes later may rest on one that came before: which Sidekiq runs here is known from Redis, its unit from the process, its log from the unit.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from watchdog.config import Loaded, inspect
from watchdog.config.disk import read_text
from watchdog.config.secrets import fetch_secrets
from watchdog.doctor.who import Running, Who
from watchdog.errors import Problem, Span
from watchdog.host.boot import PROC, host_name
from watchdog.host.proc import ProcessFacts
from watchdog.host.systemd.watch import system_bus
from watchdog.model.named.reading import PLACE
from watchdog.model.verdicts import Mode
from watchdog.recovery.inspecting import SOCKET
from watchdog.rulefile.findings import Findings
from watchdog.rulefile.settings import Settings, read_settings, with_secrets
from watchdog.sidekiq.edit.agents import Present
from watchdog.sidekiq.reading import Reading

OWN_UNIT: Final = "sidekiq-watchdog.service"
NOTHING: Final[Mapping[str, Any]] = {}


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """
    A unit of Sidekiq: its readings by slot (`host.systemd.readings`).

    How long Sidekiq waits for its jobs is in milliseconds; that, its threads and its connections to the database are None where the unit does not tell.
    """

    name: str
    readings: Mapping[str, Any]
    sidekiq_timeout: int | None = None
    threads: int | None = None
    pool: int | None = None


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """Where this host shows what it is."""

    proc: Path = PROC
    bus: Path | None = None
    inspect: Path = SOCKET
    commands: Path = Path(PLACE)


class Exam(msgspec.Struct, kw_only=True):
    """
    One examination. `settings` are there where the config itself can be read, `loaded` where its rules can be, too.

    `agent` is the one that runs, `own_unit` the properties of the agent's unit, empty where systemd does not know it. The rest is filled in on the way: whether Redis answers, what it says of each
    process and of other agents, other namespaces, errors of probes; the processes that run here by identity, and the units.
    """

    path: Path
    who: Who
    settings: Settings | None
    loaded: Loaded | None
    problems: tuple[Problem, ...]
    agent: Running | None = None
    own_unit: Mapping[str, Any] = NOTHING
    places: Places = Places()
    is_reached: bool = False
    readings: list[Reading] | None = None
    agents: tuple[Present, ...] = ()
    elsewhere: list[str] = []
    probes: dict[str, int] = {}
    here: dict[str, ProcessFacts] = {}
    units: list[Unit] = []

    @property
    def state(self) -> Path | None:
        """The state folder."""
        return state_of(self.path, self.settings)

    @property
    def mode(self) -> Mode:
        """How far the agent may go by its config."""
        return self.settings.mode if self.settings is not None else Mode.DRY_RUN

    @property
    def acts(self) -> bool:
        """Whether the config has it do anything at all."""
        return self.mode in (Mode.ASK, Mode.ACT)

    @property
    def host(self) -> str:
        """The name of this host in Redis."""
        return (self.settings.host if self.settings is not None else None) or host_name()


def state_of(path: Path, settings: Settings | None) -> Path | None:
    """The state folder of a config."""
    return None if settings is None else path.absolute().parent / settings.state.value


def settings_of(path: Path) -> Settings | None:
    """What the config says, its secrets left out where they can't be read, so that all that needs none can be looked at; None where nothing can be known of it."""
    text = read_text(path, Span(str(path), 1, 1), Findings())
    settings, _ = read_settings(str(path), text) if text is not None else (None, ())
    if settings is None:
        return None
    contents = fetch_secrets(settings.secrets, path.parent, Findings())
    return with_secrets(settings, contents)[0]


def begin(path: Path, who: Who, *, agent: Running | None, own_unit: Mapping[str, Any], places: Places) -> Exam:
    """Read the config, and be ready for all that follows from it."""
    loaded, problems = inspect(path)
    settings = loaded.settings if loaded is not None else settings_of(path)
    return Exam(path=path, who=who, settings=settings, loaded=loaded, problems=problems, agent=agent, own_unit=own_unit, places=places)


def bus_of(places: Places) -> str | None:
    """The path of the system bus; None where there is no reason to expect a systemd behind it."""
    return system_bus() if places.bus is None else str(places.bus)
