"""The commands that come with the agent, run as their units run them, against stand-ins of Mastodon's `rails` and `tootctl`."""

import json
import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.commands.conftest import RUNNER
from tests.unit.commands.hostile import HOSTILE, OF_A_TYPE
from watchdog.model.actions_on_peers import COMMANDS
from watchdog.model.named.handing_over import read_result, request

pytestmark = pytest.mark.needs("ruby")

SHIPPED = Path(__file__).parents[2] / "packaging/commands.toml"
RAILS = Path(__file__).with_name("mastodon_standin") / "rails.rb"
STOP, RESUME = COMMANDS["stop_delivery"], COMMANDS["resume_delivery"]
HOST = "dead.example"


class Server:
    """A machine with Mastodon in `live`; whoever tests is the agent and Mastodon's user at once."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bin, self.spool = folder, folder / "live/bin", folder / "spool"
        self.bin.mkdir(parents=True)
        self.spool.mkdir(mode=0o711)
        self._program("rails", f"#!/usr/bin/env ruby\n{RAILS.read_text()}")
        self._program("tootctl", '#!/bin/sh\nfor word in "$@"; do echo "$word"; done\n')
        me = pwd.getpwuid(os.getuid()).pw_name
        text = SHIPPED.read_text().replace("/home/mastodon/live", str(self.bin.parent)).replace('user = "mastodon"', f'user = "{me}"')
        (folder / "commands.toml").write_text(text.replace('agent = "sidekiq-watchdog"', f'agent = "{me}"'))
        self.runs = 0

    def _program(self, name: str, text: str) -> None:
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)

    def run(self, name: str, **values: str) -> tuple[int | None, str]:
        """Exit status and what it said, as the agent is told; None, and why, where the program was not even started."""
        self.runs += 1
        run = f"{self.runs:032x}"
        (self.spool / f"{run}.json").write_bytes(request(name, values))
        (self.spool / f"{run}.out").touch(0o600)
        where = (self.folder / "commands.toml", self.spool, name, run)
        done = subprocess.run([sys.executable, "-c", RUNNER, *map(str, where)], capture_output=True, text=True, check=False, timeout=60)
        begun, ended = read_result((self.spool / f"{run}.out").read_bytes())
        assert begun, done.stderr
        assert ended is not None
        return ended.status, ended.refused or ended.head.decode()

    def stopped(self) -> list[str]:
        """To whom nothing is delivered."""
        path = self.bin / "STOPPED"
        return path.read_text().split() if path.exists() else []


@pytest.fixture
def server(tmp_path) -> Server:
    """It."""
    return Server(tmp_path)


def test_stopped_and_resumed(server):
    """Stopped twice is stopped; resumed, its failures are forgotten, too."""
    assert server.run(STOP, host=HOST) == (0, "stopped\n")
    assert server.run(STOP, host=HOST) == (0, "stopped\n")
    assert server.run(STOP, host="else.example") == (0, "stopped\n")
    assert server.stopped() == [HOST, "else.example"]
    (server.bin / "FAILING").write_text(f"{HOST}\n")
    assert server.run(RESUME, host=HOST) == (0, "resumed\n")
    assert server.run(RESUME, host=HOST) == (0, "resumed\n")
    assert server.stopped() == ["else.example"]
    assert (server.bin / "FAILING").read_text() == ""


@pytest.mark.parametrize("host", ["social.example.org", "example.org", "media.social.example.org", "web.other.example", "other.example"])
def test_our_own_server_is_left_alone(server, host):
    """By both names that it has, and with what it lies in and what lies in it."""
    status, said = server.run(STOP, host=host)
    assert status == 1
    assert "that is our own server" in said
    assert server.stopped() == []


def test_one_that_only_looks_like_ours(server):
    """A name that merely ends alike is somebody else's."""
    assert server.run(STOP, host="notsocial.example.org")[0] == 0


def test_what_mastodon_refuses_is_a_failure(server):
    """It is told as one."""
    (server.bin / "RACING").write_text(f"{HOST}\n")
    status, said = server.run(STOP, host=HOST)
    assert status == 1
    assert "Domain is taken" in said


def test_names_that_strangers_chose(server):
    """What is no name of a server is not run at all, so that no program ever sees it."""
    for why, value in HOSTILE.items():
        if "domain" in OF_A_TYPE.get(why, ()) or why == "a lone surrogate":
            continue
        status, said = server.run(STOP, host=value)
        assert status is None, (why, said)
        assert said.startswith((f"the argument host of {STOP} ", "the request is longer")), (why, said)
    assert [path.name for path in server.bin.iterdir() if path.name not in ("rails", "tootctl")] == []


def test_a_name_never_becomes_code(server):
    """The code is that of the file, whoever the server is; the name comes beside it."""
    (server.bin / "rails").write_text('#!/usr/bin/env ruby\nrequire "json"\nputs JSON.dump(ARGV)\n')
    told = [json.loads(server.run(STOP, host=host)[1]) for host in ("a.example", "xn--d1acufc.example")]
    assert [words[-1] for words in told] == ["a.example", "xn--d1acufc.example"]
    assert told[0][:-1] == told[1][:-1]


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("refresh-domain", {"domain": HOST}, ["accounts", "refresh", f"--domain={HOST}", "--concurrency=2"]),
        ("recount", {"what": "statuses"}, ["cache", "recount", "statuses", "--concurrency=1"]),
        ("build-feeds", {}, ["feeds", "build", "--all", "--concurrency=2"]),
    ],
)
def test_tootctl(server, name, values, words):
    """It is called with these words."""
    status, said = server.run(name, **values)
    assert (status, said.splitlines()) == (0, words)


@pytest.mark.parametrize("what", ["", "follows", "accounts statuses", "--help", "accounts\n"])
def test_another_word_than_those_of_the_list(server, what):
    """It is not run."""
    status, said = server.run("recount", what=what)
    assert status is None
    assert "the argument what of recount" in said
