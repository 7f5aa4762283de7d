"""`sidekiq-watchdog-command install`: one unit for each command, and none beside."""

import os
import pwd
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.commands.definitions import definitions
from watchdog.commands.program import _install, main, warnings
from watchdog.commands.trusted import load
from watchdog.commands.units import MARK, Places, changes, unit_text
from watchdog.model.named.arguments import TYPES
from watchdog.model.named.definitions import Definition
from watchdog.model.named.handing_over import is_run_unit, unit_of
from watchdog.model.named.reading import DefinitionError, Definitions

PACKAGING = Path(__file__).parents[3] / "packaging"
ME = pwd.getpwuid(os.getuid()).pw_name


@pytest.fixture
def places(tmp_path) -> Places:
    """Folders of the test."""
    (tmp_path / "units").mkdir()
    return Places(Path("/opt/bin/sidekiq-watchdog-command"), Path("/etc/sidekiq-watchdog/commands.toml"), tmp_path / "units")


def named(*names: str) -> Definitions:
    """Commands of whoever tests."""
    return Definitions(ME, {name: Definition(name, ME, ("/bin/sh",), "/", 60, {}, {}) for name in names})


def installed(places: Places, *names: str, dry_run: bool = False, why: str = "") -> tuple[int, set[str], int]:
    """The exit status, which units stand there, and how often systemd was told."""
    told: list[int] = []

    def reload() -> str:
        told.append(1)
        return why

    code = _install(named(*names), places, dry_run=dry_run, reload=reload)
    return code, {path.name for path in places.units.iterdir()}, len(told)


def test_install(places):
    """It writes what is missing, removes what is gone, and does nothing twice."""
    assert installed(places, "a", "b") == (0, {unit_of("a"), unit_of("b")}, 1)
    assert installed(places, "a", "b") == (0, {unit_of("a"), unit_of("b")}, 0)
    assert installed(places, "b", "c") == (0, {unit_of("b"), unit_of("c")}, 1)
    assert installed(places) == (0, set(), 1)


def test_dry_run(places, capsys):
    """It says what it would do, and that there is something to do."""
    assert installed(places, "a", dry_run=True) == (1, set(), 0)
    assert capsys.readouterr().out == f"{places.units / unit_of('a')}: would be written\n"
    installed(places, "a")
    assert installed(places, "a", dry_run=True)[0] == 0


def test_systemd_can_not_be_told(places, capsys):
    """The units stand there; whoever installs knows what is left to do."""
    assert installed(places, "a", why="there is no systemctl here") == (1, {unit_of("a")}, 1)
    assert "there is no systemctl here" in capsys.readouterr().err


def test_units_of_others(places):
    """One that root has written by hand under such a name is not removed."""
    (places.units / unit_of("mine")).write_text("[Service]\n")
    assert installed(places)[1] == {unit_of("mine")}


def test_mended(places):
    """One that was changed by hand is written anew, readable by all and writable by its owner alone."""
    installed(places, "a")
    path = places.units / unit_of("a")
    path.write_text(f"{MARK}x")
    assert changes(named("a"), places)[0].path == path
    installed(places, "a")
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_folder_that_is_missing(places, capsys):
    """It says which."""
    places.units.rmdir()
    assert _install(named("a"), places, dry_run=False, reload=lambda: "") == 1
    assert str(places.units) in capsys.readouterr().err


def test_users_that_do_not_exist(places):
    """Nothing is written then."""
    with pytest.raises(DefinitionError, match="there is no user watcher"):
        _install(definitions()._replace(commands={}), places, dry_run=False)


def test_the_unit(places):
    """Its user and no right above; the program, told which command and which run; the time that it has."""
    text = unit_text(definitions().commands["tell"], places)

    assert set(text.splitlines()) >= {
        "Type=oneshot", "User=worker", "WorkingDirectory=/srv", "TimeoutStartSec=90", "NoNewPrivileges=yes", "CapabilityBoundingSet=",
        "ExecStart=/opt/bin/sidekiq-watchdog-command run --config /etc/sidekiq-watchdog/commands.toml tell %i",
    }  # fmt: skip
    assert "[Install]" not in text
    # Nothing but the name of the run is filled in by systemd.
    assert re.findall("%.", text) == ["%i"]


@pytest.mark.needs("systemd-analyze")
@pytest.mark.timeout(180)
def test_systemd_understands_it(places, tmp_path):
    """Without a remark."""
    text = unit_text(definitions().commands["tell"]._replace(user="root", directory="/"), places)
    path = tmp_path / unit_of("tell")
    path.write_text(text.replace("/opt/bin/sidekiq-watchdog-command", str(shutil.which("true"))))
    said = subprocess.run(["systemd-analyze", "verify", path], capture_output=True, text=True, check=False)

    assert (said.returncode, [line for line in said.stderr.splitlines() if "sidekiq-watchdog" in line]) == (0, [])


def test_warnings(tmp_path, places):
    """A program that is missing, and what the command's user can't reach."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "commands.toml").touch(0o600)
    found = warnings(definitions('"/usr/bin/no-such-program"'), places._replace(config=closed / "commands.toml"))

    assert found[0] == "tell: there is no program /usr/bin/no-such-program here"
    assert f"{closed} is closed to the users of the commands: chmod o+x {closed}" in found
    assert f"{closed / 'commands.toml'} is closed to the users of the commands: chmod o+r {closed / 'commands.toml'}" in found


def test_a_file_that_is_not_roots(tmp_path):
    """One that others could have written is not read, nor a link, nor one in a folder of others, nor what is too long."""
    path, me = tmp_path / "commands.toml", os.getuid()
    path.write_text("")
    assert load(path, owner=me).commands == {}
    with pytest.raises(DefinitionError, match="it must belong to root"):
        load(path, owner=me + 1)
    path.chmod(0o664)
    with pytest.raises(DefinitionError, match="can be written by others"):
        load(path, owner=me)
    path.chmod(0o644)
    tmp_path.chmod(0o777)
    with pytest.raises(DefinitionError, match="can be written by others"):
        load(path, owner=me)
    tmp_path.chmod(0o755)
    path.write_text("#" * 300_000)
    with pytest.raises(DefinitionError, match="longer than"):
        load(path, owner=me)
    link = tmp_path / "link.toml"
    link.symlink_to(path)
    with pytest.raises(DefinitionError, match="not a link"):
        load(link, owner=me)
    os.mkfifo(tmp_path / "pipe.toml")
    with pytest.raises(DefinitionError, match=r"commands\.toml is a file"):
        load(tmp_path / "pipe.toml", owner=me)


def test_a_mistake_in_the_file(tmp_path, capsys):
    """Exit status 2, and what is wrong."""
    assert main(["install", "--config", str(tmp_path / "none.toml")]) == 2
    assert "none.toml" in capsys.readouterr().err


def test_the_polkit_rule_lets_runs_begin_and_nothing_more():
    """It has just the pattern that the agent itself goes by."""
    rule = (PACKAGING / "polkit.rules").read_text()
    (pattern,) = re.findall(r"isCommand = /(.*)/\.test", rule)
    run = unit_of("tell-it", "0123456789abcdef" * 2)

    for unit in (
        run,
        unit_of("tell"),
        run.upper(),
        f"{run}x",
        f"x{run}",
        unit_of("tell", "0" * 31),
        unit_of("tell", "../" + "0" * 29),
        unit_of("a b", "0" * 32),
    ):
        assert bool(re.search(pattern, unit)) is is_run_unit(unit) is (unit == run)
    assert '(isCommand && verb === "start")' in rule


def test_types_are_listed():
    """Each in packaging/README.md, as the table of the program has it."""
    page = (PACKAGING / "README.md").read_text()
    rows = re.findall(r"^\| `([a-z]+)` \| (.*) \| `(.*)` \|$", page.partition("| type | which texts | example |")[2], re.MULTILINE)

    assert rows == [(spec.name, spec.doc, spec.example) for spec in TYPES.values()]


def test_it_is_small():
    """It starts with nothing of the agent but the definitions, and of what others have written nothing at all."""
    code = "import sys; import watchdog.commands.program; print(*sorted(name for name in sys.modules if 'watchdog' in name or name in ('msgspec', 'orjson', 'asyncio')))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    own = {"watchdog", "watchdog.model"}
    assert {name for name in said if not name.startswith(("watchdog.commands", "watchdog.model.named"))} == own
