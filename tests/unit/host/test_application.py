"""What is known of deployments, and what is not."""

import os
import time

import pytest

from watchdog.host.application import Application
from watchdog.host.boot import here, since_boot

PID = 77


class Place:
    """One Sidekiq that started a hundred seconds ago, of the user that /proc says, in a folder of its own."""

    def __init__(self, tree, folder) -> None:
        self.tree = tree
        self.live = folder / "live"
        self.live.mkdir()
        self.units = folder / "units"
        self.units.mkdir()
        self.start = since_boot() // 10 - 10_000
        self.process = tree.write(PID, start=self.start)
        (self.process / "cwd").symlink_to(self.live)
        self.here = here(name="web1", proc=tree.proc, cgroups=tree.cgroups)

    def change(self, name: str, *, seconds_ago: float) -> None:
        """A file of the application, or of its unit, was changed then."""
        self._path(name).touch()
        os.utime(self._path(name), (time.time() - seconds_ago,) * 2)

    def changed(self, name: str) -> int:
        """When that was, as the file says (milliseconds)."""
        return self._path(name).stat().st_mtime_ns // 1_000_000

    def _path(self, name: str):
        return (self.units if name.endswith(".service") else self.live) / name

    def look(self, **settings):
        """What is told of the host and of the process, and the trouble."""
        one = Application(self.here, unit_folders=(self.units,), **settings)
        host, processes = one.look({"it": (PID, self.start)})
        return host, processes["it"], one.trouble


@pytest.fixture
def place(tree, tmp_path):
    """Its lock file is older than it."""
    place = Place(tree, tmp_path)
    place.change("Gemfile.lock", seconds_ago=500)
    return place


def test_nothing_has_been_deployed(place):
    """Known to be so; the user of the process is that of the application."""
    assert place.look() == ({"deploying": False, "deploy_command": ""}, {"code_changed": False, "changed_file": "", "changed_wall": 0}, "")


@pytest.mark.parametrize("name", ["Gemfile.lock", ".env.production", ".ruby-version", "mastodon-sidekiq.service"])
def test_a_file_that_is_newer(place, name):
    """Code, settings and the file of the unit alike, by name."""
    place.change(name, seconds_ago=50)

    assert place.look()[1] == {"code_changed": True, "changed_file": name, "changed_wall": place.changed(name)}


def test_what_was_changed_at_the_start_belongs_to_it(place):
    """A deployment writes its files and starts the process at once; two clocks and whole ticks are not that exact."""
    place.change("Gemfile.lock", seconds_ago=99)

    assert place.look()[1]["code_changed"] is False


def test_the_folder_that_the_operator_has_named_counts(place, tmp_path):
    """Above all where the folder in which a process runs is not shown to the agent."""
    (place.process / "cwd").unlink()
    nothing, trouble = {"code_changed": None, "changed_file": None, "changed_wall": None}, place.look()[2]
    assert "app: {folder: …}" in trouble
    assert place.look()[1] == nothing

    assert place.look(folder=place.live)[1:] == ({"code_changed": False, "changed_file": "", "changed_wall": 0}, "")
    assert place.look(folder=tmp_path / "other")[1:] == (nothing, f"{tmp_path}/other holds no application")


def test_a_file_that_is_hidden(place):
    """It may be newer, so nothing is known; the reason names it."""
    (place.live / ".ruby-version").symlink_to(".ruby-version")

    assert place.look()[1:] == (
        {"code_changed": None, "changed_file": None, "changed_wall": None},
        f"{place.live}/.ruby-version can't be looked at",
    )


def test_a_deployment_that_goes_on(place):
    """The command is told, if it is one of the user of the application."""
    place.tree.write(90, comm=b"rails", cmdline=b"ruby\0bin/rails\0db:migrate\0VERSION=1\0")
    # The made-up kernel belongs to whoever runs the test.
    ours = place.process / "status"
    ours.write_text(ours.read_text().replace("Uid:\t991\t990", f"Uid:\t991\t{os.getuid()}"))

    assert place.look()[0] == {"deploying": True, "deploy_command": "rails db:migrate"}
    assert place.look(user="nobody")[0] == {"deploying": False, "deploy_command": ""}


def test_nobody_knows_whose_commands_matter(place):
    """Neither a user of that name nor a process: then it is not known, and no reason to go on."""
    unknown = {"deploying": None, "deploy_command": None}
    host, _, trouble = place.look(user="no-such-user")

    assert (host, trouble) == (unknown, "there is no user no-such-user on this host")
    assert Application(place.here).look({}) == (unknown, {})


def test_a_process_that_has_ended_meanwhile(place, tree):
    """It takes nothing from the others."""
    one = Application(place.here, unit_folders=(place.units,))
    _, told = one.look({"it": (PID, place.start), "gone": (PID + 1, 5)})

    assert told == {
        "it": {"code_changed": False, "changed_file": "", "changed_wall": 0},
        "gone": {"code_changed": None, "changed_file": None, "changed_wall": None},
    }
