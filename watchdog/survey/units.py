"""The services of Sidekiq on this machine: their files, and what systemd says of them where it can be asked."""

from collections.abc import Callable, Container, Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

import msgspec

from watchdog.host.systemd.choice import OURS
from watchdog.host.systemd.stop_time import Start, sidekiq_timeout
from watchdog.model.unit_names import possible
from watchdog.rulefile.units import UNITS
from watchdog.survey.environment import Environment, assigned, of_systemd_file
from watchdog.survey.homes import home_of
from watchdog.survey.manager import Held
from watchdog.survey.queues import Service, runs_sidekiq, service_of
from watchdog.survey.remarks import Remark
from watchdog.survey.unit_file import UnitText, milliseconds
from watchdog.survey.unit_folders import UnitFolders

_STOP: Final = 90_000
"""DefaultTimeoutStopSec of systemd, where nobody has changed it."""
_LONGEST_NUMBER: Final = 10
_FILES: Final = ("append:", "file:", "truncate:")


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """
    One service.

    `state` and `file_state` are systemd's words, empty where it was not asked; `running` is None then. Times are milliseconds, None where they are not known. `template` says that it
    is one with no instance. `log` is the file that its output goes to, empty where that is the journal; `log_burst` how many lines the journal takes of it in half a minute, None where its own limit holds.
    """

    name: str
    user: str
    folder: str
    words: tuple[str, ...]
    service: Service | None
    environment: Environment
    stop_timeout: int | None
    sidekiq_timeout: int | None
    restart: str
    state: str = ""
    file_state: str = ""
    running: bool | None = None
    log: str = ""
    log_burst: int | None = None

    @property
    def template(self) -> bool:
        """Whether it can't run by itself."""
        return not possible(self.name)


def is_meant(name: str, text: UnitText | None, homes: Container[str]) -> bool:
    """Whether a service of that name and text is one of Sidekiq: by its name, by its command, or because a process runs in it (`homes`), whatever started that."""
    if name.startswith(OURS) or text is None:
        return False
    return name in homes or any(fnmatchcase(name, pattern) for pattern in UNITS) or runs_sidekiq(text.words)


def find_units(
    folders: UnitFolders, held: Mapping[str, Held], file_states: Mapping[str, str], homes: Container[str], remarks: list[Remark]
) -> tuple[Unit, ...]:
    """All of them by name: what has a file, what is wanted by something, and what systemd holds; not what is masked."""
    wanted = folders.wanted()
    found = []
    for name in sorted({*folders.names(), *held}):
        text = folders.read(name)
        if text is not None and is_meant(name, text, homes) and not folders.is_masked(name):
            state = file_states.get(name) or ("enabled" if name in wanted else "")
            found.append(_unit(name, text, folders.root, held.get(name), state, remarks))
    return tuple(found)


def without_idle_templates(units: Iterable[Unit]) -> tuple[Unit, ...]:
    """Without the templates of which there is an instance."""
    listed = tuple(units)
    made = {f"{one.name.partition('@')[0]}@.service" for one in listed if not one.template and "@" in one.name}
    return tuple(one for one in listed if one.name not in made)


def meant_by_systemd(folders: UnitFolders, homes: Container[str]) -> Callable[[str], bool]:
    """Which of the services that systemd holds are worth asking about."""
    return lambda name: possible(name) and is_meant(name, folders.read(name), homes)


def _unit(name: str, text: UnitText, root: Path, held: Held | None, file_state: str, remarks: list[Remark]) -> Unit:
    user = text.plain.get("User", "root")
    folder = text.plain.get("WorkingDirectory", "").removeprefix("-")
    folder = folder if folder.startswith("/") else home_of(user, root) if folder == "~" else "/"
    environment: Environment = {}
    for words in text.lists.get("Environment", ()):
        environment |= assigned(words, f"Environment= of {name}")
    # systemd reads the files last, so they go before what the unit itself says.
    for path in text.lists.get("EnvironmentFile", ()):
        environment |= of_systemd_file(path, root, remarks)
    told = held or {}
    written = text.plain.get("TimeoutStopSec")
    output = text.plain.get("StandardOutput", "")
    return Unit(
        name=name,
        user=user,
        folder=folder,
        words=text.words,
        service=service_of(text.words, folder, root),
        environment=environment,
        # 0 is no end, too.
        stop_timeout=told.get("stop_timeout") or ((milliseconds(written) or None) if written else _STOP),
        sidekiq_timeout=sidekiq_timeout(Start(text.words, folder), root=root),
        restart=told.get("restart_policy") or text.plain.get("Restart", "no"),
        state=told.get("state") or "",
        file_state=told.get("file_state") or file_state,
        running=told.get("running"),
        log=next((output.removeprefix(one) for one in _FILES if output.startswith(one)), ""),
        log_burst=_log_burst(text),
    )


def _log_burst(text: UnitText) -> int | None:
    written = text.plain.get("LogRateLimitBurst", "")
    # To systemd 0 is the same as nothing.
    return (int(written) or None) if written.isascii() and written.isdecimal() and len(written) < _LONGEST_NUMBER else None
