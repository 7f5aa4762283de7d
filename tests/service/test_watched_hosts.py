"""A real agent of a Mastodon server: it counts the follows of watched hosts by a strict API, remembers them when it is killed, and never shows the token."""

import contextlib
import json
import signal

import pytest

from tests.service.agent import AgentProcess, write_config
from tests.service.mastodon_standin.server import TOKEN, MastodonStandIn
from watchdog import __version__

RULES = """\
rules:
  - rule: ties-cut
    each: peer
    where: peer.watched
    when: peer.follows + peer.followers == 0 and peer.follows_peak > 10
"""
SECTION = 'mastodon: {{domain: {domain}, url: "{url}", token: "${{file:mastodon-token}}", watch: [{watch}], web_log: none}}\n'


@pytest.fixture
def configured(redis_server, tmp_path):
    """Writes the config anew, with these hosts."""
    path = write_config(tmp_path, url=redis_server.url, mode="observe")
    (tmp_path / "rules.yml").write_text(RULES)
    (tmp_path / "mastodon-token").write_text(f"{TOKEN}\n")
    (tmp_path / "mastodon-token").chmod(0o600)
    bare = path.read_text()

    def write(mastodon: MastodonStandIn, *watch: str):
        path.write_text(bare + SECTION.format(domain=mastodon.domain, url=mastodon.url, watch=", ".join(watch)))
        return path

    return write


async def reload(agent: AgentProcess) -> None:
    """Until the new config is in force."""
    before = len(agent.lines)
    agent.signal(signal.SIGHUP)
    await agent.wait_for("reloaded: mode", after=before)


async def test_ties_that_are_cut(configured, tmp_path, until):
    """The alert fires although the agent was killed in between, and goes with the follows that come back; a token that is revoked is a loss that says so."""
    async with MastodonStandIn() as mastodon:
        mastodon.followers["other.invalid"] = 50
        config = configured(mastodon, "other.invalid")
        async with contextlib.aclosing(AgentProcess(config)) as agent:
            await agent.start()
            seen = [agent]
            await until((tmp_path / "state" / "mastodon-follows").exists, what="the first count")
            agent.signal(signal.SIGKILL)
            await agent.wait_exit()
        assert json.loads((tmp_path / "state" / "mastodon-follows").read_text())["hosts"].keys() == {"other.invalid"}

        mastodon.followers["other.invalid"] = 0
        async with contextlib.aclosing(AgentProcess(config)) as agent:
            seen.append(agent)
            await agent.start()
            await agent.audit_has(
                lambda row: row.get("kind") == "alert" and row.get("rule") == "ties-cut" and row.get("outcome") == "firing"
            )

            mastodon.token = "another"
            configured(mastodon, "other.invalid", "third.invalid")
            await reload(agent)
            await agent.wait_for("the follows of watched hosts are not counted: Mastodon does not know the token")
            # The source says so to the log first and to the engine then.
            await agent.audit_has(lambda row: row.get("kind") == "source" and row.get("outcome") == "lost")
            status = await agent.status_has(lambda picture: "mastodon_api" in picture["sources"])
            assert status["sources"]["mastodon_api"]["code"] == "unauthorized"

            mastodon.token = TOKEN
            mastodon.followers["other.invalid"] = 3
            configured(mastodon, "other.invalid")
            await reload(agent)
            await agent.wait_for("the follows of watched hosts are counted again")
            await agent.audit_has(
                lambda row: row.get("kind") == "alert" and row.get("rule") == "ties-cut" and row.get("outcome") == "resolved"
            )
            assert await agent.stop() == 0
        kept = b"".join(path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file())
        logged = "\n".join(line for agent in seen for line in agent.lines)
        assert TOKEN not in logged + str(status)
        assert TOKEN.encode() not in kept
        assert {f"sidekiq-watchdog/{__version__} (+https://{mastodon.domain}/)"} == set(mastodon.agents)
