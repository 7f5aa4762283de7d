"""What the Debian package is made of: the files that it lays out, what it brings along, its unit."""

import configparser
import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from watchdog.cli.app import command
from watchdog.demo import found_from

CHECKOUT = Path(__file__).parents[2]
DEB = CHECKOUT / "packaging" / "deb"
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
UNIT = CHECKOUT / "packaging" / "sidekiq-watchdog.service"
EXPOSURE = re.compile(r"exposure level for \S+: (\d+\.\d)")


@pytest.fixture(autouse=True)
def _scripts(monkeypatch):
    """The builder's parts import each other by name."""
    monkeypatch.syspath_prepend(str(DEB))
    yield
    for name in ("layout", "lock", "manual", "targets", "vendor"):
        sys.modules.pop(name, None)


def unit() -> configparser.ConfigParser:
    """The agent's unit, the last of what is said twice."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(UNIT)
    return parser


def test_every_file_is_there():
    """What the package lays out lies in the checkout, each place is used once, and no unit is forgotten."""
    layout = importlib.import_module("layout")
    both = (*layout.FILES, *layout.DOCUMENTS)
    for source, _ in both:
        assert (CHECKOUT / source).exists(), source
    places = [place for _, place in both]
    assert len(places) == len(set(places))
    assert set(layout.CONFFILES) <= set(places)
    units = {path.name for kind in ("service", "socket") for path in (CHECKOUT / "packaging").glob(f"*.{kind}")}
    assert units == {Path(place).name for place in places if place.startswith("/usr/lib/systemd/system/")}


def test_what_is_brought_along_is_what_the_project_asks_for():
    """Each dependency is in the lock, in a version that will do; and it names digests, of a file for each machine at most."""
    lock = importlib.import_module("lock")
    targets = importlib.import_module("targets")
    entries = re.findall(r"^(\S+)==(\S+) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", lock.LOCK.read_text(), re.MULTILINE)
    versions = {name: version for name, version, _ in entries}
    assert lock.LOCK.read_text().count("==") == len(versions)
    for asked in map(Requirement, lock.wanted()):
        assert asked.specifier.contains(versions[asked.name.lower()]), f"{asked}: run packaging/deb/lock.py"
    assert max(hashes.count("sha256") for *_, hashes in entries) <= len(targets.PYTHONS) * len(targets.MACHINES)


def test_the_manual_has_every_command():
    """By its words as they are typed, with what its help says."""
    page = importlib.import_module("manual").manual(command(), "sidekiq-watchdog", "1.2.3", epoch=0)
    assert '.TH SIDEKIQ-WATCHDOG 1 "1970-01-01" "1.2.3"' in page
    for name, one in command().commands.items():
        for words in [f"{name} {sub}" for sub in getattr(one, "commands", {})] or [name]:
            assert re.search(rf'^\.SS "{re.escape(words.replace("-", chr(92) + "-"))}[ "]', page, re.MULTILINE), words
    assert not re.search(r"^'", page, re.MULTILINE)


@pytest.mark.parametrize("name", ["preinst", "postinst", "prerm", "postrm"])
def test_the_scripts_of_the_package(name):
    """A shell can read them, and each ends at the first failure."""
    assert subprocess.run(["sh", "-n", DEB / name], check=False, capture_output=True, text=True).stderr == ""
    assert "\nset -e\n" in (DEB / name).read_text()


def test_the_unit_may_signal_and_nothing_else():
    """One capability, no root, no dependency that would take it down with what it watches; its program is one of the project's."""
    service, about = unit()["Service"], unit()["Unit"]
    assert service["CapabilityBoundingSet"] == service["AmbientCapabilities"] == "CAP_KILL"
    assert (service["User"], service["Type"], service["Restart"]) == ("sidekiq-watchdog", "notify", "always")
    assert not {"Requires", "BindsTo", "Wants", "PartOf", "Requisite"} & set(about)
    # Its last words may take 4.5 s; and it answers systemd three times within that time.
    assert int(service["TimeoutStopSec"].removesuffix("s")) > 4.5
    program = Path(service["ExecStart"].split()[0])
    assert program.parent == Path(importlib.import_module("layout").HOME, "bin")
    assert program.name in PROJECT["scripts"]


@pytest.mark.needs("systemd-analyze")
@pytest.mark.parametrize("name", ["sidekiq-watchdog", "sidekiq-watchdog-inspect"])
def test_exposure(name):
    """What systemd thinks of it, from the file alone."""
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--no-pager", CHECKOUT / "packaging" / f"{name}.service"],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    if "--offline" in done.stderr:
        pytest.skip("this systemd can't judge a file")
    print(done.stdout, done.stderr)
    found = EXPOSURE.search(done.stdout)
    assert found is not None
    assert float(found[1]) < 2.0


def test_the_demo_finds_its_own_kind():
    """Where the program lies where Python does not look, what the demo starts is told."""
    assert found_from("") == str(CHECKOUT)
    assert found_from("/else") == f"{CHECKOUT}:/else"
