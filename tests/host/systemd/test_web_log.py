"""An agent under its own user beside a web server whose lines go into a real journald, over a restart of both."""

import json
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.host.systemd.conftest import NEEDS, RedisInside, service
from tests.suites.booted import INTERPRETER, Booted
from watchdog.mastodon.traffic_kept import Kept, decode
from watchdog.mastodon.web_log_source import NAME

pytestmark = [pytest.mark.needs(*NEEDS), pytest.mark.timeout(180)]

WEB = "mastodon-web-of-a-test.service"
AGENT = "agent-of-a-web-log.service"
CONFIG = """\
mode: dry-run
redis: {url: 'redis://127.0.0.1:6400/0'}
rules: [rules.yml]
state: /var/lib/web-log
mastodon: {domain: social.example.org, watch: [refused.example]}
"""
RULES = """\
rules:
  - rule: heard
    each: federation
    when: federation.inbound >= 2
  - rule: turned-away
    each: peer
    when: peer.watched and peer.inbound_refused >= 1
  - rule: aged
    each: federation
    when: federation.inbound_age >= 0s and federation.inbound == 0
"""
POST = (
    "method=POST path=/inbox format=html controller=ActivityPub::InboxesController action=create status={status} duration=4.12 "
    "key=https://{host}/users/alice#main-key"
)


class Scene:
    """Both services; what the web server writes, and which alerts the agent has told."""

    def __init__(self, machine: Booted) -> None:
        self.machine = machine

    def writes(self, *lines: str) -> None:
        """Its next lines: what is written into its pipe it prints."""
        self.machine.run("sh", "-c", 'printf "%s\\n" "$@" > /run/web-log/lines', "sh", *lines)

    def delivered(self, host: str, status: int = 202) -> None:
        """The same of a delivery."""
        self.writes(POST.format(host=host, status=status))

    def fired(self) -> set[str]:
        """Rules of which alerts have fired."""
        asked = (self.machine.script(), "audit", "--json", "--kind", "alert", "--config", "/etc/web-log/config.yml")
        command = self.machine.python(*asked, user="sidekiq-watchdog")
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
        rows = map(json.loads, done.stdout.splitlines())
        return {row["rule"] for row in rows if row["outcome"] == "firing"}

    def kept(self) -> Kept:
        """What the agent has learned."""
        return decode((self.machine.root / "var/lib/web-log" / NAME).read_bytes())


@pytest.fixture
def scene(lent: Booted, redis_inside: RedisInside) -> Iterator[Scene]:
    """The web server runs and has shown a page to somebody."""
    lent.write("/etc/web-log/config.yml", CONFIG)
    lent.write("/etc/web-log/rules.yml", RULES)
    lent.run("install", "-d", "-o", "sidekiq-watchdog", "-m", "0700", "/var/lib/web-log")
    lent.run("sh", "-c", "mkdir -p /run/web-log && mkfifo -m 0666 /run/web-log/lines")
    lent.unit(WEB, service("/bin/sh -c 'while :; do cat /run/web-log/lines; done'", User="mastodon"))
    environment = " ".join(f"{name}={value}" for name, value in Booted.environment().items())
    start = f"{INTERPRETER} {Booted.script()} run --config /etc/web-log/config.yml"
    lent.unit(AGENT, service(start, User="sidekiq-watchdog", Type="notify", Environment=environment))
    lent.run("systemctl", "start", WEB)
    one = Scene(lent)
    one.writes("method=GET path=/about format=html controller=AboutController action=show status=200 duration=4.12")
    yield one
    lent.run("systemctl", "stop", AGENT, WEB, check=False)
    lent.run("rm", "-rf", "/run/web-log")


async def test_what_the_web_server_tells_journald(scene: Scene, until: Callable[..., Any]) -> None:
    """A user in the group systemd-journal hears it; what is written while no agent runs is read afterwards, at its own time, and once; a web server that starts anew goes on."""
    scene.machine.run("systemctl", "start", AGENT)

    def is_heard(rule: str, host: str, status: int = 202) -> bool:
        scene.delivered(host, status)
        return rule in scene.fired()

    await until(lambda: is_heard("heard", "a.example"), within=60, what="a delivery")
    await until(lambda: is_heard("turned-away", "refused.example", 401), within=60, what="one that was refused")
    scene.machine.run("systemctl", "restart", WEB)
    scene.machine.run("systemctl", "stop", AGENT)
    before = scene.kept()
    assert "later.example" not in before.rhythms
    assert "refused.example" not in before.rhythms

    scene.delivered("later.example")
    scene.machine.run("systemctl", "start", AGENT)
    await until(lambda: "aged" in scene.fired(), within=60, what="what was known before")
    scene.machine.run("systemctl", "stop", AGENT)
    after = scene.kept()
    assert after.rhythms["later.example"].count == 1
    assert after.rhythms["a.example"] == before.rhythms["a.example"]
    assert after.passed > before.passed
    # Nothing of the lines but hosts: the journal of the agent has no name of anybody.
    assert "alice" not in scene.machine.run("journalctl", "--unit", AGENT, "--no-pager", "--output=cat", "--all")
