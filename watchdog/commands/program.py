"""
The command: `install` is for root, `run` for the units that `install` makes.

Exit status of `install`: 0 when all is as it should be, 1 when something of it could not be done, or would be done (`--dry-run`), 2 for a mistake in commands.toml.
Of `run`: that of the command, 128 and the signal that ended it, 65 when what was asked for is refused, 75 when this run has begun before.
"""

import argparse
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from watchdog.commands.asked import AlreadyRunError, Asked, RefusedError
from watchdog.commands.running import run
from watchdog.commands.trusted import load
from watchdog.commands.units import Places, carry_out, changes
from watchdog.model.named.definitions import Definition, argument_list
from watchdog.model.named.handing_over import SPOOL, Ended
from watchdog.model.named.reading import PLACE, DefinitionError, Definitions

REFUSED: Final = 65
ALREADY: Final = 75


def main(arguments: list[str] | None = None) -> int:
    """Run it."""
    parser = argparse.ArgumentParser(
        prog="sidekiq-watchdog-command", description="Named commands of commands.toml: makes a unit of each, and runs one as its unit."
    )
    kinds = parser.add_subparsers(dest="kind", required=True)
    install = kinds.add_parser("install", help="make one unit of each command, and remove those that are gone; as root")
    install.add_argument("--dry-run", action="store_true", help="say what would be changed, and change nothing")
    install.add_argument("--program", type=Path, default=None, help="path of this program in the units; default: this very one")
    one = kinds.add_parser("run", help="what a unit does; by hand it is of no use")
    one.add_argument("name", metavar="NAME")
    one.add_argument("run", metavar="ID")
    for command in (install, one):
        command.add_argument("--config", type=Path, default=Path(PLACE), help="default: %(default)s")
    given = parser.parse_args(arguments)
    try:
        definitions = load(given.config)
        if given.kind == "run":
            return carry_out_one(definitions, given.name, given.run)
        return _install(
            definitions, Places((given.program or Path(sys.argv[0]).resolve()).absolute(), given.config.absolute()), dry_run=given.dry_run
        )
    except DefinitionError as error:
        return _fail(str(error), 2)


def carry_out_one(definitions: Definitions, name: str, run_id: str, *, spool: Path = Path(SPOOL)) -> int:
    """Run that command once for that run; the exit status."""
    definition = definitions.commands.get(name)
    if definition is None:
        return _fail("there is no such command in commands.toml", REFUSED)
    try:
        if os.getuid() != _uid_of(definition.user):
            return _fail(f"{name} is run as {definition.user} and as nobody else: install the units again", REFUSED)
        with Asked(run_id, spool=spool, agent=_uid_of(definitions.agent)) as asked:
            ended = _run(definition, asked)
            asked.tell(ended)
    except AlreadyRunError as refusal:
        return _fail(f"{name}, run {run_id}: {refusal}", ALREADY)
    except RefusedError as refusal:
        return _fail(f"{name}: {refusal}", REFUSED)
    except OSError as error:
        return _fail(f"{name}: what came of it can't be written down: {error.strerror}", REFUSED)
    if ended.refused or ended.status is None:
        return _fail(f"{name}: {ended.refused}", REFUSED)
    return ended.status if ended.status >= 0 else 128 - ended.status


def _run(definition: Definition, asked: Asked) -> Ended:
    try:
        values = asked.values(definition)
    except RefusedError as refusal:
        return Ended(None, str(refusal))
    return run(definition, argument_list(definition, values))


def _install(definitions: Definitions, places: Places, *, dry_run: bool, reload: Callable[[], str] | None = None) -> int:
    for user in {definitions.agent, *(definition.user for definition in definitions.commands.values())}:
        _uid_of(user)
    try:
        wanted = changes(definitions, places)
        for change in wanted:
            if not dry_run:
                carry_out(change)
            print(f"{change.path}: {'would be ' if dry_run else ''}{change.word}")
    except OSError as error:
        return _fail(f"{error.filename}: {error.strerror}", 1)
    if not wanted:
        number = len(definitions.commands)
        print(f"nothing to be done: {'1 command' if number == 1 else f'{number} commands'}")
    for warning in warnings(definitions, places):
        print(f"note: {warning}")
    if dry_run:
        return 1 if wanted else 0
    why = (reload or _reload)() if wanted else ""
    return _fail(why, 1) if why else 0


def warnings(definitions: Definitions, places: Places) -> list[str]:
    """What will keep commands from being run, though it is no mistake in commands.toml."""
    found = [
        f"{definition.name}: there is no program {definition.argv[0]} here"
        for definition in definitions.commands.values()
        if not Path(definition.argv[0]).exists()
    ]
    for path in (places.config, places.program):
        closed = [part for part in (path, *path.parents) if part.exists() and not part.stat().st_mode & (0o004 if part == path else 0o001)]
        found += [f"{part} is closed to the users of the commands: chmod o+{'r' if part == path else 'x'} {part}" for part in closed]
    return found


def _reload() -> str:
    """Have systemd read the units; why that could not be done, or ''."""
    program = shutil.which("systemctl")
    if program is None:
        return "there is no systemctl here: have systemd read the units (systemctl daemon-reload)"
    code = subprocess.run([program, "daemon-reload"], check=False).returncode
    return f"systemctl daemon-reload has ended with {code}" if code else ""


def _uid_of(user: str) -> int:
    try:
        return pwd.getpwnam(user).pw_uid
    except KeyError as error:
        raise DefinitionError(f"there is no user {user} on this machine") from error


def _fail(text: str, code: int) -> int:
    sys.stderr.write(f"sidekiq-watchdog-command: {text}\n")
    return code
