"""Files that say which code an application runs."""

import contextlib
import os
from collections.abc import Iterator

import pytest

from watchdog.host.code_files import Files, read_files, read_unit_files

NOBODY = 65534


def _write(path, *, at: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    os.utime(path, (at, at))


def test_those_of_an_application(tmp_path):
    """Each that is there, by its name, the newest last; anything else in the folder is none."""
    _write(tmp_path / "db/schema.rb", at=300)
    _write(tmp_path / "Gemfile.lock", at=100)
    _write(tmp_path / ".env.production", at=200)
    _write(tmp_path / "log/production.log", at=900)

    assert read_files(tmp_path) == Files(((100_000, "Gemfile.lock"), (200_000, ".env.production"), (300_000, "db/schema.rb")))


@pytest.mark.parametrize(("start", "newer"), [(299_999, "db/schema.rb"), (300_000, ""), (400_000, "")])
def test_the_newest_that_is_newer(tmp_path, start, newer):
    """Only what was changed after the start counts, and the newest is named."""
    _write(tmp_path / "db/schema.rb", at=300)
    _write(tmp_path / "Gemfile.lock", at=100)

    assert read_files(tmp_path).newer_than(start) == newer


def test_what_can_not_be_looked_at_is_not_unchanged():
    """One that is hidden may be newer; another that is surely newer decides all the same."""
    hidden = Files(((100, "Gemfile.lock"),), hidden="db/schema.rb")

    assert hidden.newer_than(50) == "Gemfile.lock"
    assert hidden.newer_than(200) is None


@pytest.mark.parametrize("folder", ["nowhere", "file"])
def test_no_application(tmp_path, folder):
    """A folder without any of them, and what is no folder, say nothing about code."""
    (tmp_path / "file").touch()

    assert read_files(tmp_path / folder) == Files()
    assert read_files(tmp_path / folder).newer_than(0) is None


@pytest.fixture
def as_nobody() -> Iterator[None]:
    """Root may look everywhere; for the length of this test we are not root."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    yield
    os.seteuid(before)


def test_a_folder_that_is_closed(tmp_path, as_nobody):
    """Whose folder can't be entered has hidden files."""
    with contextlib.suppress(PermissionError):
        # Where root has made the folder around it, that one is closed already.
        (tmp_path / "live").mkdir(mode=0o000)

    assert read_files(tmp_path / "live").hidden


def test_a_loop_of_links_is_hidden(tmp_path):
    """What can't be followed may be anything."""
    (tmp_path / "Gemfile.lock").symlink_to("Gemfile.lock")

    assert read_files(tmp_path) == Files(hidden="Gemfile.lock")


def test_the_file_of_a_unit(tmp_path):
    """The first folder that has it counts, as for systemd, with the folder of what was laid beside it; an instance has that of its template."""
    folders = (tmp_path / "etc", tmp_path / "lib")
    _write(folders[1] / "sidekiq.service", at=100)
    _write(folders[1] / "mastodon-sidekiq@.service", at=150)
    assert read_unit_files("sidekiq.service", folders).changed == ((100_000, "sidekiq.service"),)
    assert read_unit_files("mastodon-sidekiq@push.service", folders).changed == ((150_000, "mastodon-sidekiq@.service"),)

    _write(folders[0] / "sidekiq.service", at=300)
    (folders[0] / "sidekiq.service.d").mkdir()
    os.utime(folders[0] / "sidekiq.service.d", (400, 400))
    assert read_unit_files("sidekiq.service", folders).changed == ((300_000, "sidekiq.service"), (400_000, "sidekiq.service.d"))


@pytest.mark.parametrize("unit", ["", "a/b.service", "nobody.service"])
def test_no_unit(tmp_path, unit):
    """Without a unit, or with one that no folder has, there is nothing to be newer."""
    assert read_unit_files(unit, (tmp_path,)) == Files()
