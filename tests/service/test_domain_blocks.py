"""Our own Mastodon is told to keep a server at a distance, against a stand-in that refuses what Mastodon refuses."""

import pytest
from aiohttp import web

from tests.service.mastodon_standin.server import DOMAIN, TOKEN, MastodonStandIn
from watchdog.clock import Clock
from watchdog.mastodon.admin_api import AdminApi
from watchdog.mastodon.block import SEVERITIES
from watchdog.mastodon.blocking import NOT_CONFIGURED, OUR_OWN, Blocker
from watchdog.model.effects import LookAtBlock, SetBlock
from watchdog.model.results import BlockLook, BlockSet, Refused
from watchdog.rulefile.mastodon import MastodonSettings

HOST = "flood.example"


@pytest.fixture
async def mastodon():
    """A server whose administrator may do all that is needed."""
    async with MastodonStandIn() as standin:
        yield standin


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    """Between two tries nobody waits."""
    monkeypatch.setattr("watchdog.mastodon.admin_api.wait_random_exponential", lambda **_: lambda _state: 0)


def blocker(mastodon: MastodonStandIn, token: str = TOKEN) -> Blocker:
    """The performer, as the config has it."""
    settings = MastodonSettings(domain=mastodon.domain, url=mastodon.url, token=token)
    return Blocker(lambda: settings, clock=Clock())


async def make(mastodon: MastodonStandIn, peer: str = HOST, severity: str = "silence") -> BlockSet | Refused:
    """A rule is asked for."""
    return await blocker(mastodon).set(SetBlock(id="1", peer=peer, severity=severity, reject_media=True, rule="far", incident="9.1"))


def rules(mastodon: MastodonStandIn) -> list[tuple[str, str]]:
    """Domain and severity of each rule that it has."""
    return sorted((rule["domain"], rule["severity"]) for rule in mastodon.rules.values())


async def test_a_rule_is_made_once(mastodon):
    """With who wanted it in the comment that only moderators see; asked for again nothing is done."""
    assert await blocker(mastodon).look(LookAtBlock("1", HOST)) == BlockLook()
    assert await make(mastodon) == BlockSet(HOST, made=True)
    (rule,) = mastodon.rules.values()
    assert (rule["domain"], rule["severity"], rule["reject_media"]) == (HOST, "silence", True)
    assert rule["private_comment"] == "sidekiq-watchdog: rule far, incident 9.1"
    assert await blocker(mastodon).look(LookAtBlock("1", HOST)) == BlockLook("silence", HOST, reject_media=True)
    assert await make(mastodon) == BlockSet(HOST, made=False, before="silence")
    assert len(mastodon.rules) == 1


async def test_a_milder_one_is_made_stricter_and_never_the_other_way(mastodon):
    """What it said otherwise stays."""
    assert await make(mastodon, severity="noop") == BlockSet(HOST, made=True)
    assert await make(mastodon) == BlockSet(HOST, made=True, before="noop")
    assert await make(mastodon, severity="noop") == BlockSet(HOST, made=False, before="silence")
    assert rules(mastodon) == [(HOST, "silence")]


async def test_a_rule_of_a_domain_above_it(mastodon):
    """As strict it holds for this one, too; a milder one is left as it is, and this server has its own."""
    assert await make(mastodon, "example.com", "suspend") == BlockSet("example.com", made=True)
    assert await make(mastodon, "a.example.com") == BlockSet("example.com", made=False, before="suspend")
    assert await make(mastodon, "example.net", "noop") == BlockSet("example.net", made=True)
    assert await make(mastodon, "a.example.net") == BlockSet("a.example.net", made=True)


@pytest.mark.parametrize("peer", [DOMAIN, DOMAIN.partition(".")[2], f"media.{DOMAIN}"])
async def test_our_own_server_is_left_alone(mastodon, peer):
    """And what it lies in, and what lies in it; Mastodon is not even asked."""
    assert await blocker(mastodon).look(LookAtBlock("1", peer)) == BlockLook(refused=OUR_OWN)
    assert await make(mastodon, peer) == Refused(OUR_OWN)
    assert mastodon.calls == []


@pytest.mark.parametrize("peer", ["web.example.net", "example.net", "a.web.example.net"])
async def test_the_host_that_browsers_use_is_our_own_too(peer):
    """WEB_DOMAIN, where that is another name: whoever were to block it would block what our own people's addresses lie at."""
    settings = MastodonSettings(domain="example.org", url="https://web.example.net", token=TOKEN)
    assert await Blocker(lambda: settings, clock=Clock()).look(LookAtBlock("1", peer)) == BlockLook(refused=OUR_OWN)


async def test_without_a_token(mastodon):
    """It says what the config lacks."""
    assert await blocker(mastodon, token="").look(LookAtBlock("1", HOST)) == BlockLook(refused=NOT_CONFIGURED)
    assert await Blocker(lambda: None, clock=Clock()).look(LookAtBlock("1", HOST)) == BlockLook(refused=NOT_CONFIGURED)


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_what_only_the_config_can_mend_stands_against_it(mastodon, status):
    """The look says so, in a sentence without the token; nothing is made."""
    mastodon.instead = [status] * 3
    look = await blocker(mastodon).look(LookAtBlock("1", HOST))
    assert isinstance(look, BlockLook)
    assert str(status) in look.refused
    assert TOKEN not in look.refused
    mastodon.instead = [status] * 3
    assert isinstance(await make(mastodon), Refused)
    assert rules(mastodon) == []


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_what_may_pass_is_tried_later(mastodon, status):
    """The look could not be had, which is no reason against it."""
    mastodon.instead = [status] * 3
    assert isinstance(await blocker(mastodon).look(LookAtBlock("1", HOST)), Refused)


@pytest.mark.parametrize("arrives", [True, False])
async def test_an_answer_that_is_lost(mastodon, monkeypatch, arrives):
    """Whether the rule was made is looked after: it is told as made, or as not, and is not made twice."""
    create = AdminApi.create_block

    async def lose(self, *args, **how):
        if arrives:
            mastodon.loses = True
        else:
            mastodon.instead = [503]
        return await create(self, *args, **how)

    monkeypatch.setattr(AdminApi, "create_block", lose)
    told = await make(mastodon)
    assert told == BlockSet(HOST, made=True) if arrives else isinstance(told, Refused)
    assert rules(mastodon) == ([(HOST, "silence")] if arrives else [])


async def test_nobody_knows(mastodon, monkeypatch):
    """Nothing answers any more after the rule was asked for: that is said, and the next look tells."""
    create = AdminApi.create_block

    async def lose(self, *args, **how):
        mastodon.instead = [503] * 4
        return await create(self, *args, **how)

    monkeypatch.setattr(AdminApi, "create_block", lose)
    told = await make(mastodon)
    assert isinstance(told, Refused)
    assert told.reason.endswith("; whether the rule was made is not known")


async def test_somebody_is_faster(mastodon, monkeypatch):
    """A rule that comes between the look and the writing stands, if it does as much; a milder one is made stricter."""
    create = AdminApi.create_block
    for before, told in (("suspend", BlockSet(HOST, made=False, before="suspend")), ("noop", BlockSet(HOST, made=True, before="noop"))):
        mastodon.rules.clear()

        async def second(self, domain, severity, _before=before, **how):
            await create(self, domain, _before)
            return await create(self, domain, severity, **how)

        monkeypatch.setattr(AdminApi, "create_block", second)
        assert await make(mastodon) == told


async def test_media_are_rejected_where_that_is_asked_for(mastodon):
    """A rule as severe that lets media in does less than was asked for: it is said so by the look, and it rejects them, too, from then on; nothing else of it changes."""
    mastodon.rule(HOST, reject_reports=True, private_comment="spam, says ada")
    assert await blocker(mastodon).look(LookAtBlock("1", HOST)) == BlockLook("silence", HOST)
    assert await make(mastodon) == BlockSet(HOST, made=True, before="silence")
    (rule,) = mastodon.rules.values()
    assert (rule["severity"], rule["reject_media"], rule["reject_reports"]) == ("silence", True, True)
    assert rule["private_comment"] == "spam, says ada"
    assert await blocker(mastodon).look(LookAtBlock("1", HOST)) == BlockLook("silence", HOST, reject_media=True)
    assert await make(mastodon) == BlockSet(HOST, made=False, before="silence")


async def test_a_rule_that_is_more_severe_stays_so_when_it_rejects_media_too(mastodon):
    """Asked for is the mildest with media rejected; there is a severer one without."""
    mastodon.rule(HOST)
    assert await make(mastodon, severity="noop") == BlockSet(HOST, made=True, before="silence")
    (rule,) = mastodon.rules.values()
    assert (rule["severity"], rule["reject_media"]) == ("silence", True)


@pytest.mark.parametrize("wanted", ["noop", "silence"])
@pytest.mark.parametrize("above", ["noop", "silence"])
async def test_a_rule_beneath_another_does_all_that_the_other_does(mastodon, wanted, above):
    """Mastodon applies the narrowest alone: what holds for the domain above would else no longer hold for this one (or Mastodon refuses it)."""
    mastodon.rule("example.net", above, reject_reports=True)
    assert await make(mastodon, "a.example.net", wanted) == BlockSet("a.example.net", made=True)
    own = next(rule for rule in mastodon.rules.values() if rule["domain"] == "a.example.net")
    assert (own["severity"], own["reject_media"], own["reject_reports"]) == (max(wanted, above, key=SEVERITIES.index), True, True)


async def odd(_request):
    """An answer that is none of Mastodon's, of a proxy say."""
    return web.Response(text="<html>", content_type="text/html")


@pytest.mark.parametrize("arrives", [True, False])
async def test_an_answer_about_a_rule_that_was_there_is_lost(mastodon, monkeypatch, arrives):
    """What it was before is told all the same: who takes it back must not remove what a person had made."""
    mastodon.rule(HOST, "noop")
    change = AdminApi.change_block

    async def lose(self, *args, **how):
        if arrives:
            await change(self, *args, **how)
        mastodon.instead = [503]
        return await change(self, *args, **how)

    monkeypatch.setattr(AdminApi, "change_block", lose)
    told = await make(mastodon)
    assert told == BlockSet(HOST, made=True, before="noop") if arrives else isinstance(told, Refused)
    assert rules(mastodon) == [(HOST, "silence" if arrives else "noop")]


async def test_nothing_that_was_not_asked_for_is_said_to_be_made(mastodon):
    """The first look fails, so no rule was asked for; that there is one of somebody else is not our doing."""
    mastodon.rule(HOST, reject_media=True)
    mastodon.instead = [503] * 3
    assert isinstance(await make(mastodon), Refused)
    assert {method for method, _ in mastodon.calls} == {"GET"}


async def test_an_answer_that_can_not_be_read(mastodon, monkeypatch):
    """It says nothing of whether the rule was made: that is looked after."""
    create = AdminApi.create_block

    async def garbled(self, *args, **how):
        await create(self, *args, **how)
        mastodon.instead = [odd]
        return await create(self, *args, **how)

    monkeypatch.setattr(AdminApi, "create_block", garbled)
    assert await make(mastodon) == BlockSet(HOST, made=True)


@pytest.mark.parametrize("status", [401, 403, 404, 429])
async def test_a_write_that_was_turned_away_was_not_made(mastodon, monkeypatch, status):
    """That is certain: nothing is looked after, nothing is called unknown, and the token is in no sentence."""
    create = AdminApi.create_block

    async def turn_away(self, *args, **how):
        mastodon.instead = [status]
        return await create(self, *args, **how)

    monkeypatch.setattr(AdminApi, "create_block", turn_away)
    told = await make(mastodon)
    assert isinstance(told, Refused)
    assert str(status) in told.reason
    assert "not known" not in told.reason
    assert TOKEN not in told.reason
    assert [method for method, _ in mastodon.calls] == ["GET", "POST"]
    assert rules(mastodon) == []


async def test_somebody_is_faster_with_a_domain_above(mastodon, monkeypatch):
    """Mastodon refuses ours for a rule that does as much: it is told as there; for one that only does something else, it is told as refused."""
    create = AdminApi.create_block
    for above, told in (
        ({"severity": "suspend"}, BlockSet("example.net", made=False, before="suspend")),
        ({"severity": "noop", "reject_reports": True}, None),
    ):
        mastodon.rules.clear()

        async def second(self, *args, _above=above, **how):
            mastodon.rule("example.net", **_above)
            return await create(self, *args, **how)

        monkeypatch.setattr(AdminApi, "create_block", second)
        found = await make(mastodon, "a.example.net")
        assert found == told if told else isinstance(found, Refused)
        assert [domain for domain, _ in rules(mastodon)] == ["example.net"]
