"""`stop_delivery` on a server: the shipped command in a unit of its own, started by an agent that is killed around that; Mastodon's `rails` is a program that writes down what it is told."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from tests.host.systemd import test_commands as of_commands
from tests.host.systemd.conftest import NEEDS
from tests.host.systemd.deaths import Agent
from tests.suites.booted import CHECKOUT, Booted
from watchdog.model.named.handing_over import unit_of

__all__ = ("commands",)
pytestmark = [pytest.mark.needs(*NEEDS), pytest.mark.timeout(300)]
commands = of_commands.commands
"""A fixture of its own here: what it installs goes with the last test of this file."""

HOST: Final = "dead.example"
LIVE: Final = f"{of_commands.FOLDER}/live"
RAILS: Final = (
    f'#!/bin/sh\nfor word in "$RAILS_ENV" "$(id -un)" "$(pwd)" "$#" "$1" "$3"; do echo "$word"; done >> {LIVE}/told\necho stopped\n'
)
CONFIG: Final = of_commands.CONFIG + "mastodon: {domain: social.example.org, web_log: none}\n"
RULES: Final = """\
rules:
  - rule: dead
    each: peer
    when: peer.failing_days >= 2
    then:
      - stop_delivery: {peer: peer}
    guards: {baseline: allow, settle: 0, deploy: 0s}
"""


@pytest.fixture
def mastodon(commands: Booted) -> Booted:
    """The machine with the commands that are shipped, as root installs them, and with a stand-in of `rails`."""
    shipped = (CHECKOUT / "packaging/commands.toml").read_text().replace("/home/mastodon/live", LIVE)
    commands.write("/etc/sidekiq-watchdog/commands.toml", shipped)
    commands.write(f"{LIVE}/bin/rails", RAILS)
    commands.run("chmod", "755", f"{LIVE}/bin/rails")
    commands.run("chown", "-R", "mastodon", LIVE)
    commands.run(of_commands.NAME, "install")
    assert (commands.root / f"etc/systemd/system/{unit_of('stop-delivery')}").exists()
    commands.write("/etc/sidekiq-watchdog/config.yml", CONFIG)
    commands.write("/etc/sidekiq-watchdog/rules.yml", RULES)
    return commands


@pytest.mark.parametrize("point", ["RunCommand:1:before", "RunCommand:1:after"])
async def test_deliveries_are_stopped_once(mastodon, redis_inside, until, point):
    """As Mastodon's user, in its folder, with the server as a word beside the code; it is run once, whenever the agent was killed, and that it has ended well is known."""
    mastodon.run("sh", "-c", f"rm -rf /var/lib/sidekiq-watchdog/* {LIVE}/told")
    agent = Agent(mastodon, of_commands.RUNNING, "/etc/sidekiq-watchdog/config.yml")

    async def fails() -> None:
        days = (datetime.now(UTC) - timedelta(days=ago) for ago in range(3))
        await redis_inside.client.sadd(f"exhausted_deliveries:{HOST}", *(f"{day:%Y%m%d}" for day in days))

    try:
        assert await agent.two_lives(until, point, "dead", fails)
        rows = await agent.told_truly("dead")
    finally:
        print(mastodon.run("journalctl", "--unit", of_commands.RUNNING, "--no-pager", "-n", "40"))  # shown where a test fails
        mastodon.run("systemctl", "stop", of_commands.RUNNING)
    assert [row["outcome"] for row in rows if row["kind"] == "incident"][-1] == "ended"
    told = (mastodon.root / f"{LIVE}/told".lstrip("/")).read_text().splitlines()
    assert told == ["production", "mastodon", LIVE, "3", "runner", HOST]
