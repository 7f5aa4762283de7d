"""Our own Mastodon and the names of watched hosts, where they are not as they should be; the server is the strict stand-in."""

from types import SimpleNamespace

import pytest

from tests.service.mastodon_standin.server import ALL_SCOPES, TOKEN, MastodonStandIn
from tests.unit.doctor.conftest import exam
from watchdog.doctor.found import Health
from watchdog.doctor.own_mastodon import Said, api_of, look, token_of, watched_of
from watchdog.rulefile.mastodon import MastodonSettings
from watchdog.rulefile.settings import read_settings

OURS = MastodonSettings(domain="social.example.org", url="https://social.example.org", token=TOKEN)
CONFIG = "redis: {url: redis://h}\nrules: [rules.yml]\nstate: state\n"
POINTS = ("mastodon-api", "mastodon-token", "mastodon-watched")


async def looked(folder, section: str = "", *actions: str):
    """What is said of these settings, beside one rule with these actions: health and words by point."""
    rule = SimpleNamespace(steps=[SimpleNamespace(action=action) for action in actions], or_else=())
    settings, problems = read_settings("c.yml", CONFIG + section)
    assert problems == ()
    found = await look(exam(folder, settings=settings, loaded=SimpleNamespace(rules=SimpleNamespace(rules=[rule]))))
    return [(found[name].health, found[name].says) for name in POINTS]


async def test_where_nothing_says_that_it_is_mastodon(tmp_path):
    """All are passed over; where the config can't be read nothing is said at all."""
    assert [health for health, _ in await looked(tmp_path)] == [Health.SKIPPED] * 3
    assert await look(exam(tmp_path)) == {}


@pytest.mark.parametrize(
    ("how", "health", "words"),
    [
        ({}, Health.OK, "and read rules about domains"),
        ({"permissions": frozenset({"view_dashboard"})}, Health.OK, "it may not read"),
        ({"permissions": frozenset({"manage_federation"})}, Health.FAIL, "view the dashboard"),
        ({"scopes": ALL_SCOPES - {"admin:read"}}, Health.FAIL, "admin:read"),
        ({"token": "another-token-of-nobody"}, Health.FAIL, "does not know the token"),
    ],
)
async def test_the_token(tmp_path, how, health, words):
    """By what it may do; it is never shown, and nothing was written by the tries."""
    async with MastodonStandIn() as mastodon:
        for name, value in how.items():
            setattr(mastodon, name, value)
        found = await looked(tmp_path, f"mastodon: {{domain: {mastodon.domain}, url: '{mastodon.url}', token: {TOKEN}}}\n")
        assert {method for method, path in mastodon.calls if path != "/api/v1/admin/measures"} == {"GET"}
    assert found[0][0] is Health.OK
    assert (found[1][0], words in found[1][1]) == (health, True), found
    assert TOKEN not in repr(found)


@pytest.mark.parametrize(
    ("how", "health", "words"),
    [
        ({}, Health.OK, "and write them"),
        ({"scopes": frozenset({"admin:read", "admin:write:domain_blocks"})}, Health.OK, "and write them"),
        ({"scopes": frozenset({"admin:read"})}, Health.FAIL, "admin:write:domain_blocks"),
        ({"permissions": frozenset({"view_dashboard"})}, Health.FAIL, "manage federation"),
    ],
)
async def test_the_token_where_a_rule_limits_domains(tmp_path, how, health, words):
    """It must be able to write rules, which is found out without one: nothing was changed."""
    async with MastodonStandIn() as mastodon:
        for name, value in how.items():
            setattr(mastodon, name, value)
        mastodon.rule("other.example")
        before = {number: dict(rule) for number, rule in mastodon.rules.items()}
        found = await looked(tmp_path, f"mastodon: {{domain: {mastodon.domain}, url: '{mastodon.url}', token: {TOKEN}}}\n", "domain_block")
        assert (mastodon.rules, mastodon.workers) == (before, [])
    assert (found[1][0], words in found[1][1]) == (health, True), found


async def test_a_server_that_does_not_answer(tmp_path, monkeypatch):
    """The token can't be tried then."""
    monkeypatch.setattr("watchdog.mastodon.admin_api.wait_random_exponential", lambda **_: lambda _state: 0)
    found = await looked(tmp_path, f"mastodon: {{domain: a.example, url: 'http://127.0.0.1:9', token: {TOKEN}}}\n")
    assert found[:2] == [(Health.FAIL, "no connection to Mastodon: Connection refused"), (Health.SKIPPED, "mastodon-api first")]


async def test_names_that_stand_for_nothing_or_for_this_machine(tmp_path, monkeypatch):
    """Those of watched hosts are looked up and judged; nobody is connected to."""

    async def resolve(_self, host, _port=0, _family=0):
        if host == "gone.example":
            raise OSError(None, "no such name")
        return [
            {
                "hostname": host,
                "host": "127.0.0.1" if host == "near.example" else "8.8.8.8",
                "port": 443,
                "family": 2,
                "proto": 0,
                "flags": 0,
            }
        ]

    monkeypatch.setattr("aiohttp.ThreadedResolver.resolve", resolve)
    async with MastodonStandIn() as mastodon:
        section = f"mastodon: {{domain: {mastodon.domain}, url: '{mastodon.url}', watch: [far.example, gone.example, near.example]}}\n"
        found = await looked(tmp_path, section)
        assert mastodon.calls == [("GET", "/api/v2/instance")]
    assert found[1] == (Health.WARN, "there is no token, so nobody counts who follows watched hosts")
    assert found[2] == (Health.WARN, "gone.example: its name can't be resolved, near.example: its address is not a public one")


def test_what_is_not_to_be_looked_at():
    """A token that nobody needs, or that could not be read; no hosts; a server that tells no name."""
    bare = MastodonSettings(domain="a.example", url="https://a.example")
    assert [token_of(Said(), bare, is_read=is_read).says for is_read in (True, False)] == ["the config has no token", "config first"]
    assert watched_of({}, ()).health is Health.SKIPPED
    assert api_of(Said(), OURS).health is Health.OK
    assert token_of(Said(counting="it failed", counting_code="failed"), OURS).mend == "look at Mastodon's web server and its log"
