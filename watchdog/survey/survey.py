"""Everything together: what is on this machine, and what is to be said about it."""

import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from watchdog.host.boot import host_name
from watchdog.host.systemd.failures import SystemdUnavailableError
from watchdog.host.systemd.watch import system_bus
from watchdog.mastodon.postgres_env import PostgresEnv, postgres_of
from watchdog.survey.applications import DEFAULT, Application, Found, of_folder, of_processes, of_units, of_variables
from watchdog.survey.containers import compose_file, is_container
from watchdog.survey.environment import plain
from watchdog.survey.files import under
from watchdog.survey.journal import journal_burst
from watchdog.survey.looking import Seen, look
from watchdog.survey.manager import Held, ask_systemd
from watchdog.survey.processes import Process, processes
from watchdog.survey.remarks import Remark
from watchdog.survey.roles import with_roles
from watchdog.survey.unit_folders import UnitFolders
from watchdog.survey.units import Unit, find_units, meant_by_systemd, without_idle_templates

LIKELY: Final = ("/home/mastodon/live", "/opt/mastodon", "/srv/mastodon", "/var/www/mastodon", "/mastodon")
"""Where an application is looked for that no service and no process leads to."""


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """
    What was found.

    `chosen` is the application whose Redis the config is for, None where Redis alone was found, or nothing; `others` those that use another Redis. `redis` is the Redis itself and `seen` what it showed, or a sentence why it can't be
    seen. `host` is the name of this machine in Redis, where it is another than its own. `no_systemd` is why systemd was not asked; `compose` the file that has compose run Sidekiq; `journal_burst` how many
    lines of a service the journal lets through (0: all).
    """

    units: tuple[Unit, ...]
    processes: tuple[Process, ...]
    chosen: Application | None
    others: tuple[Application, ...]
    redis: Found | None
    seen: Seen | str
    postgres: PostgresEnv | None
    container: bool
    compose: str | None
    no_systemd: str
    host: str | None
    journal_burst: int
    remarks: tuple[Remark, ...] = ()

    @property
    def answers(self) -> bool:
        """Whether Redis was seen, with Sidekiq's data in it."""
        return isinstance(self.seen, Seen) and self.seen.namespace is not None

    @property
    def nothing(self) -> bool:
        """Whether there is no sign of Sidekiq at all."""
        is_mastodon = self.chosen is not None and self.chosen.mastodon
        return not (self.units or self.processes or self.compose or self.answers or is_mastodon)


async def survey(
    *,
    root: Path = Path("/"),
    bus: str | None = None,
    proc: Path | None = None,
    folder: str | None = None,
    own: Mapping[str, str] | None = None,
) -> Survey:
    """
    Look at the machine whose files lie under `root`.

    `bus` is the socket of the system bus, None for that of this machine, if systemd runs it; `proc` where its processes are; `folder` that of the application, where the caller knows it; `own` the environment of whoever asks, which counts where nothing
    else says anything, as in a container. Never raises for anything that is found.
    """
    remarks: list[Remark] = []
    folders = UnitFolders(root, remarks)
    running = processes(proc or root / "proc")
    homes = {process.unit for process in running}
    held, states, no_systemd = await _ask(folders, bus or _bus(root), homes)
    units = without_idle_templates(find_units(folders, held, states, homes, remarks))
    applications = of_units(units, root, remarks)
    known = {unit.name for unit in units}
    loose = tuple(process for process in running if process.unit not in known)
    if folder is not None:
        applications = (of_folder(folder, root, remarks),)
    elif not applications:
        applications = (
            of_processes(loose, root, remarks)
            or tuple(of_folder(one, root, remarks) for one in LIKELY if _is_application(one, root))
            or of_variables(own or {}, root, remarks)
        )
    chosen = _chosen(applications)
    found = chosen.redis if chosen is not None else Found(settings=DEFAULT.settings, sources={})
    seen = await look(found.settings) if found is not None else "its address is not known"
    if found is not None and isinstance(seen, Seen) and seen.namespace is not None:
        found = msgspec.structs.replace(found, settings=msgspec.structs.replace(found.settings, namespace=seen.namespace))
    host = _other_name(running, seen)
    return Survey(
        units=with_roles(units, running, seen, host or host_name()),
        processes=running,
        chosen=chosen,
        others=tuple(one for one in applications if chosen is not None and one.place != chosen.place),
        redis=found,
        seen=seen,
        postgres=postgres_of(plain(chosen.environment)) if chosen is not None and chosen.mastodon else None,
        container=is_container(root),
        compose=next((file for one in _folders(applications) if (file := compose_file(one, root))), None),
        no_systemd=no_systemd,
        host=host,
        journal_burst=journal_burst(root),
        remarks=tuple(dict.fromkeys(remarks)),
    )


async def _ask(folders: UnitFolders, bus: str | None, homes: set[str]) -> tuple[dict[str, Held], dict[str, str], str]:
    if bus is None:
        is_this = folders.root == Path("/")
        return {}, {}, "systemd is not the first process here" if is_this else f"of {folders.root} only the files are looked at"
    try:
        held, states = await ask_systemd(bus, meant_by_systemd(folders, homes))
    except SystemdUnavailableError as error:
        return {}, {}, error.message
    return held, states, ""


def _bus(root: Path) -> str | None:
    """Of this very machine; of a recorded one nobody can be asked."""
    return system_bus() if root == Path("/") else None


def _is_application(folder: str, root: Path) -> bool:
    # Not Path.exists, which raises where this user may not look.
    return os.path.exists(under(root, f"{folder}/.env.production")) or compose_file(folder, root) is not None  # noqa: PTH110


def _folders(applications: tuple[Application, ...]) -> tuple[str, ...]:
    return tuple(one.folder for one in applications if one.folder.strip("/"))


def _chosen(applications: tuple[Application, ...]) -> Application | None:
    """The one whose Redis most services use, of those that somebody names before those that are only the default; of equals the first."""
    if not applications:
        return None
    shares: Counter[str] = Counter()
    for one in applications:
        shares[one.place] += max(1, len(one.members)) if one.redis is not None else 0
    return max(applications, key=lambda one: (one.redis is not None, bool(one.redis and one.redis.sources), shares[one.place]))


def _other_name(running: tuple[Process, ...], seen: Seen | str) -> str | None:
    """The name under which the processes of this machine beat, where none does so under its own: they have it from DYNO, or it was changed since."""
    if not isinstance(seen, Seen) or not running:
        return None
    names = Counter(
        one.info.host for one in seen.processes if one.info.pid in {process.pid for process in running if not process.container}
    )
    if not names or any(one.info.host == host_name() for one in seen.processes):
        return None
    ((name, number),) = names.most_common(1)
    return name if number == len([one for one in running if not one.container]) else None
