"""The API of our own Mastodon, against a stand-in that refuses what Mastodon refuses."""

import asyncio
import gzip
import tracemalloc

import pytest
from aiohttp import web

from tests.service.mastodon_standin.server import ALL_PERMISSIONS, ALL_SCOPES, DOMAIN, TOKEN, MastodonStandIn
from watchdog import __version__
from watchdog.mastodon.admin_api import AdminApi, Follows
from watchdog.mastodon.api_failures import ApiError, BlockExistsError
from watchdog.mastodon.block import Block
from watchdog.rulefile.mastodon import MastodonSettings

WRONG_TOKEN = "hunter2-hunter2-hunter2"


@pytest.fixture
async def mastodon():
    """A server whose administrator may do all that is needed."""
    async with MastodonStandIn() as standin:
        yield standin


def api(mastodon: MastodonStandIn, *, token: str = TOKEN, within: float = 15.0) -> AdminApi:
    """Calls of it."""
    return AdminApi(MastodonSettings(domain=mastodon.domain, url=mastodon.url, token=token), within=within)


async def failure(mastodon: MastodonStandIn, call, **how) -> ApiError:
    """What the call raises; neither the token nor what the server wrote is in it."""
    async with api(mastodon, **how) as client:
        with pytest.raises(ApiError) as caught:
            await call(client)
    assert "hunter2" not in str(caught.value) + repr(client)
    assert TOKEN not in str(caught.value) + repr(client)
    return caught.value


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    """Between two tries nobody waits."""
    monkeypatch.setattr("watchdog.mastodon.admin_api.wait_random_exponential", lambda **_: lambda _state: 0)


async def test_what_it_says_of_itself(mastodon):
    """Without the token: it is nobody's secret by which name it goes."""
    async with api(mastodon, token="") as client:
        assert await client.instance() == (DOMAIN, "4.5.3")
    assert mastodon.agents == [f"sidekiq-watchdog/{__version__} (+https://{DOMAIN}/)"]


async def test_a_server_that_tells_strangers_nothing(mastodon):
    """It is asked once more with the token, where there is one."""
    mastodon.limited = True
    async with api(mastodon) as client:
        assert await client.instance() == (DOMAIN, "4.5.3")
    assert (await failure(mastodon, lambda client: client.instance(), token="")).code == "unauthorized"
    assert len(mastodon.calls) == 3


async def test_who_follows_whom(mastodon):
    """Both directions in one call, and zero of a domain that nobody knows."""
    mastodon.follows["other.example"], mastodon.followers["other.example"] = 12, 3456
    async with api(mastodon) as client:
        assert await client.follows("other.example") == Follows(12, 3456)
        assert await client.follows("nobody.example") == Follows(0, 0)
    assert mastodon.calls == [("POST", "/api/v1/admin/measures")] * 2


@pytest.mark.parametrize(
    ("how", "code", "words"),
    [
        ({"token": "another-token-of-nobody"}, "unauthorized", "does not know the token"),
        ({"scopes": ALL_SCOPES - {"admin:read"}}, "forbidden", "admin:read"),
        ({"permissions": ALL_PERMISSIONS - {"view_dashboard"}}, "forbidden", "view the dashboard"),
        ({"instead": [404]}, "missing", "(404)"),
        ({"instead": [422]}, "refused", "(422)"),
        ({"allowed": 0}, "limited", "(429)"),
        ({"instead": [302]}, "moved", "follows no redirect"),
        ({"instead": [503, 502, 500]}, "failed", "500"),
        ({"instead": [418]}, "refused", "418"),
        ({"instead": [599, 599, 599]}, "failed", "599"),
    ],
)  # fmt: skip
async def test_how_a_read_can_be_refused(mastodon, how, code, words):
    """Each in words that say what to do about it."""
    for name, value in how.items():
        setattr(mastodon, name, value)
    error = await failure(mastodon, lambda client: client.follows("other.example"))
    assert (error.code, words in str(error)) == (code, True), str(error)


async def test_how_long_to_wait_after_too_many(mastodon):
    """Mastodon says when its count begins anew; a proxy in front of it says for how many seconds."""
    mastodon.allowed = 0
    error = await failure(mastodon, lambda client: client.follows("other.example"))
    assert error.after is not None
    assert 0 <= error.after <= 300_000

    async def busy(_request) -> web.Response:
        return web.Response(status=429, headers={"retry-after": "17"})

    mastodon.instead = [busy]
    assert (await failure(mastodon, lambda client: client.follows("other.example"))).after == 17_000
    assert len(mastodon.calls) == 2


async def test_a_read_is_tried_again(mastodon):
    """Where the next one may succeed; a writing call never is: whether it arrived is for the caller to find out."""
    mastodon.instead = [503, 502, None]
    async with api(mastodon) as client:
        assert await client.follows("other.example") == Follows(0, 0)
    assert len(mastodon.calls) == 3
    mastodon.instead = [503]
    assert (await failure(mastodon, lambda client: client.create_block("other.example", "silence"))).code == "failed"
    assert (len(mastodon.calls), mastodon.rules) == (4, {})


async def test_nobody_answers(mastodon):
    """A server that is down, or takes too long."""
    gone = AdminApi(MastodonSettings(domain=DOMAIN, url="http://127.0.0.1:9", token=TOKEN))
    async with gone as client:
        with pytest.raises(ApiError, match="no connection to Mastodon: Connection refused") as caught:
            await client.follows("other.example")
    assert caught.value.code == "unreachable"

    async def sleeps(_request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    mastodon.instead = [sleeps, sleeps, sleeps]
    assert (await failure(mastodon, lambda client: client.follows("x.example"), within=0.2)).code == "timeout"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"hunter2", b"<html>hunter2</html>", b"[", b"[]", b"{}", b"\xff\xfe", b"[" * 100_000, b'[{"key": "instance_follows", "total": "1"}]',
        b'[{"key": "instance_follows", "total": "-1"}, {"key": "instance_followers", "total": "1"}]', b'[{"key": "instance_follows", "total": "' + b"9" * 400 + b'"}, {"key": "instance_followers", "total": "1"}]',
        b'[{"key": "instance_follows", "total": 1e3}, {"key": "instance_followers", "total": "1"}]', b" " * 1_000_001,
    ],
    ids=lambda body: repr(body[:40]),
)  # fmt: skip
async def test_an_answer_that_is_none(mastodon, body):
    """Whatever answers there: it is said that it is not understood, and no more is held of it than a megabyte."""

    async def odd(_request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    mastodon.instead = [odd]
    assert (await failure(mastodon, lambda client: client.follows("other.example"))).code == "strange"


async def test_all_rules_of_many_pages(mastodon):
    """Two hundred a page, the newest first; the rule that holds for a host is its own, or that of the narrowest domain above."""
    for number in range(450):
        mastodon.rule(f"d{number}.example", "suspend" if number == 3 else "silence")
    async with api(mastodon) as client:
        found = await client.blocks()
        assert len(found) == len({block.id for block in found}) == 450
        assert len(mastodon.calls) == 3
        assert await client.existing_block("a.b.d3.example") == Block("4", "d3.example", "suspend")
        assert await client.existing_block("example") is None
    mastodon.rule("b.d3.example", "noop")
    async with api(mastodon) as client:
        assert (await client.existing_block("a.b.d3.example") or found[0]).severity == "noop"


async def test_a_page_that_leads_nowhere(mastodon):
    """A server that says for ever that there is more is not followed for ever, and its addresses are never gone to."""

    async def more(request) -> web.Response:
        return web.json_response([], headers={"link": '<https://elsewhere.example/?max_id=7>; rel="next", <x>; rel="prev"'})

    mastodon.instead = [more, more]
    async with api(mastodon) as client:
        assert await client.blocks() == ()
    assert mastodon.calls == [("GET", "/api/v1/admin/domain_blocks")] * 2


async def test_a_rule_from_its_beginning_to_its_end(mastodon):
    """Made, looked at, made stricter, and taken away; what else it says stays when its severity changes."""
    async with api(mastodon) as client:
        made = await client.create_block("other.example", "noop", reject_media=True, private_comment="by the watchdog")
        assert (made, await client.block(made.id)) == (Block("1", "other.example", "noop", reject_media=True),) * 2
        assert await client.change_block(made.id, "silence") == Block("1", "other.example", "silence", reject_media=True)
        assert mastodon.rules[1]["private_comment"] == "by the watchdog"
        assert mastodon.workers == [1, 1]
        await client.remove_block(made.id)
        assert (mastodon.rules, await client.block(made.id)) == ({}, None)
        with pytest.raises(ApiError) as gone:
            await client.remove_block(made.id)
        with pytest.raises(ApiError) as gone_too:
            await client.change_block(made.id, "silence")
    assert [gone.value.code, gone_too.value.code] == ["missing", "missing"]


@pytest.mark.parametrize(
    ("there", "wanted", "stands"),
    [
        (("other.example", "silence"), "silence", True), (("other.example", "suspend"), "silence", True), (("other.example", "noop"), "silence", True),
        (("example", "suspend"), "silence", True), (("example", "silence"), "silence", False), (("example", "silence"), "noop", True), (("example", "noop"), "silence", False),
    ],
)  # fmt: skip
async def test_a_rule_that_stands_in_the_way(mastodon, there, wanted, stands):
    """422 with the rule that is there: of the domain itself in any case, of one above where it is stricter. Nothing was changed then."""
    mastodon.rule(*there)
    async with api(mastodon) as client:
        if not stands:
            assert (await client.create_block("other.example", wanted)).severity == wanted
            return
        with pytest.raises(BlockExistsError) as caught:
            await client.create_block("other.example", wanted)
    assert (caught.value.code, caught.value.block) == ("refused", Block("1", *there))
    assert caught.value.block.is_at_least(wanted) == (there[1] != "noop")
    assert len(mastodon.rules) == 1


@pytest.mark.parametrize(("domain", "code"), [("", "refused"), ("no domain", "refused")])
async def test_a_domain_that_mastodon_refuses(mastodon, domain, code):
    """422 without any rule is no sign of one."""
    error = await failure(mastodon, lambda client: client.create_block(domain, "silence"))
    assert (error.code, isinstance(error, BlockExistsError)) == (code, False)


@pytest.mark.parametrize("missing", ["admin:write", "manage_federation", "token"])
async def test_who_may_not_write(mastodon, missing):
    """Scope, permission and token are each wanted for it, and the error names what the call needs."""
    mastodon.scopes -= {missing}
    mastodon.permissions -= {missing}
    how = {"token": WRONG_TOKEN} if missing == "token" else {}
    error = await failure(mastodon, lambda client: client.create_block("other.example", "silence"), **how)
    assert error.code == ("unauthorized" if missing == "token" else "forbidden")
    assert missing == "token" or "admin:write:domain_blocks" in str(error)
    assert mastodon.rules == {}


async def test_an_id_that_is_none_is_not_asked_for(mastodon):
    """It came out of an answer and would become part of an address."""
    error = await failure(mastodon, lambda client: client.change_block("../../x", "silence"))
    assert (error.code, mastodon.calls) == ("strange", [])


async def test_an_answer_that_was_lost(mastodon):
    """The rule is there although the call failed: whoever made it looks again."""
    mastodon.loses = True
    assert (await failure(mastodon, lambda client: client.create_block("other.example", "silence"))).code == "failed"
    async with api(mastodon) as client:
        assert await client.existing_block("other.example") == Block("1", "other.example", "silence")


@pytest.mark.parametrize("total", [10**15, 10**40, -1, True, 1.5, "1" * 16, "-1", "\u0661"])
async def test_a_count_that_is_none(mastodon, total):
    """It is no reading: a number of any length would end in what is kept of all readings."""

    async def on(_request) -> web.Response:
        return web.json_response([{"key": "instance_follows", "total": total}, {"key": "instance_followers", "total": "1"}])

    mastodon.instead = [on]
    assert (await failure(mastodon, lambda client: client.follows("other.example"))).code == "strange"


async def test_a_packed_answer_is_not_unpacked(mastodon):
    """A megabyte of it would be a thousand here. It was not wanted, and is said to be none; an error that is packed is told by its number."""
    packed = gzip.compress(b"[" + b" " * 50_000_000 + b"]")

    async def on(request) -> web.Response:
        assert request.headers["accept-encoding"] == "identity"
        return web.Response(body=packed, headers={"content-encoding": "gzip"}, content_type="application/json")

    async def refuse(_request) -> web.Response:
        return web.Response(status=403, body=packed, headers={"content-encoding": "gzip"})

    mastodon.instead = [on, refuse]
    tracemalloc.start()
    assert (await failure(mastodon, lambda client: client.blocks())).code == "strange"
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()
    assert (await failure(mastodon, lambda client: client.blocks())).code == "forbidden"
