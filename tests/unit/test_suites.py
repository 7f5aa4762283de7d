"""Suites are built once, whole or not at all, from the mirror of this machine's own apt; debootstrap and apt are stand-ins here."""

import os
import threading
from pathlib import Path

import pytest

from tests.suites import debian

pytestmark = pytest.mark.needs("root", "mount")

DEBOOTSTRAP = """\
#!/bin/sh
# debootstrap --variant=… --include=… SUITE FOLDER MIRROR
echo "$@" >>"$(dirname "$0")/asked"
mkdir -p "$4/usr/bin" "$4/var/cache/apt/archives"
touch "$4/var/cache/apt/archives/a.deb"
test -e "$(dirname "$0")/breaks" && { echo "E: no such suite"; exit 1; }
for program in redis-server valkey-server sidekiq; do ln -s /nowhere "$4/usr/bin/$program"; done
"""
APT = """\
#!/bin/sh
printf '%s\\n' "Elsewhere main http://one.example/debian" "Debian main http://two.example/debian-security" "Debian main http://three.example/debian"
"""


@pytest.fixture
def programs(tmp_path, monkeypatch) -> Path:
    """The folder of the stand-ins; what debootstrap was asked for stands in `asked`."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in (("debootstrap", DEBOOTSTRAP), ("apt-get", APT), ("apt-config", "#!/bin/sh\n")):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(debian, "is_host", lambda _name: False)
    return folder


def asked(programs: Path) -> list[str]:
    """What debootstrap was asked for so far."""
    path = programs / "asked"
    return path.read_text().splitlines() if path.exists() else []


def test_it_is_built_once_from_the_own_mirror(programs):
    """What is absent is unpacked from where this machine gets its Debian; what is there is left alone."""
    assert debian.why_not("trixie")
    debian.build("trixie")
    debian.build("trixie")

    (only,) = asked(programs)
    assert only.startswith("--variant=minbase --include=redis-server,ruby-sidekiq trixie ")
    assert only.endswith(" http://three.example/debian")
    root = debian.root("trixie")
    assert debian.why_not("trixie") == ""
    assert all((root / place).is_dir() for place in debian.PLACES)
    assert not list(root.glob("var/cache/apt/archives/*.deb"))


def test_a_suite_with_a_name_of_its_own(programs):
    """It is of the release that it names, and lies beside the one that is called so."""
    with pytest.raises(debian.BuildError):
        debian.build("trixie-systemd")  # the stand-in brings no systemctl
    assert "polkitd" in asked(programs)[0]
    assert asked(programs)[0].split()[2] == "trixie"
    assert debian.root("trixie-systemd") != debian.root("trixie")


@pytest.mark.parametrize("damage", ["usr/bin/sidekiq", ".built"])
def test_what_is_broken_is_built_again(programs, damage):
    """A suite without its programs or its mark is of no use and is replaced."""
    debian.build("trixie")
    (debian.root("trixie") / damage).unlink()
    (debian.root("trixie") / "left").touch()
    assert debian.why_not("trixie")
    debian.build("trixie")

    assert debian.why_not("trixie") == ""
    assert len(asked(programs)) == 2
    assert not (debian.root("trixie") / "left").exists()


def test_what_fails_leaves_nothing_at_its_place(programs):
    """A build that ends badly says why with debootstrap's last words, and no half of it is ever taken for the suite."""
    (programs / "breaks").touch()
    with pytest.raises(debian.BuildError, match="E: no such suite"):
        debian.build("sid")

    assert "E: no such suite" in debian.why_not("sid")
    assert sorted(path.name for path in debian.root("sid").parent.iterdir()) == ["sid.lock", "sid.log", "sid.why"]
    (programs / "breaks").unlink()
    debian.build("sid")
    assert debian.why_not("sid") == ""


def test_two_builders_build_one(programs):
    """Whoever comes second waits, and finds it built."""
    builders = [threading.Thread(target=debian.build, args=("sid",)) for _ in range(3)]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join()

    assert len(asked(programs)) == 1
    assert debian.why_not("sid") == ""


def test_without_debootstrap_it_says_so(programs, monkeypatch):
    """Where debootstrap is not installed that is the reason."""
    monkeypatch.setattr("tests.suites.debian.shutil.which", lambda _program: None)
    with pytest.raises(debian.BuildError, match="debootstrap is not installed"):
        debian.build("sid")
