"""The page as the server gives it: what is looked at, what is said by a form, and what comes back."""

import contextlib
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import msgspec
import pytest

from tests.scenario.conversation import process, redis
from tests.unit.web.page.reading import Page
from tests.unit.web.served import ADA, ANYWHERE, Caller, Served, Spoken, served
from watchdog.clock import Clock
from watchdog.model.events import Delta, SourceLost
from watchdog.model.kinds import Kind, Source
from watchdog.model.told import OperatorPaused
from watchdog.rulefile.page import PageSettings
from watchdog.web.page.assets import assets
from watchdog.web.page.fragments import FRESH_FOR
from watchdog.web.stream.hub import Hub

Until = Callable[..., Awaitable[None]]
WALL = "a-token-for-the-screen-on-the-wall"
LOOKED_AT = msgspec.structs.replace(ANYWHERE, readers={"wall": WALL}, reading="named")


@contextlib.asynccontextmanager
async def visited(inside: Spoken, until: Until, page: PageSettings = ANYWHERE) -> AsyncIterator[Served]:
    """The server, to which comes from afar what keeps cookies as a browser does."""
    jar = aiohttp.CookieJar(unsafe=True)  # also of an address without a name
    async with served(inside, until, page=page) as web, aiohttp.ClientSession(cookie_jar=jar) as session:
        web.afar = Caller(session, web.afar.base)
        yield web


async def _log_in(web: Served, back: str = "/", token: str = ADA) -> tuple[int, str]:
    origin = {"Origin": web.afar.base}
    async with web.afar.session.post(
        f"{web.afar.base}/login", data={"token": token, "back": back}, headers=origin, allow_redirects=False
    ) as answer:
        return answer.status, answer.headers.get("Location", "")


async def _say(web: Served, order: str, **form: str) -> tuple[int, str]:
    """As the form of the page sends it: the status, and where it leads."""
    page = Page((await web.afar.get("/"))[1])
    token = page.all("input", name="form_token")[0].attributes["value"]
    async with web.afar.session.post(
        f"{web.afar.base}/say/{order}", data={"form_token": token, "back": "/", **form}, headers={"Origin": web.afar.base}, allow_redirects=False
    ) as answer:  # fmt: skip
        return answer.status, answer.headers.get("Location", "")


async def _notice(web: Served, where: str) -> str:
    return "".join(one.text.strip() for one in Page((await web.afar.get(where))[1]).elements if one.attributes.get("role") == "alert")


@pytest.mark.parametrize(
    "path", ["/", "/incidents", "/alerts", "/audit", "/changes", "/why/stuck", "/why/none", "/processes/none", "/incidents/none", "/login"]
)
async def test_every_page_is_a_page(spoken: Spoken, until: Until, path: str) -> None:
    """Also where there is nothing to show, or nothing of that name, and no store to read: a sentence for people, under the policy, kept by nobody."""
    async with visited(spoken, until) as web, web.afar.session.get(web.afar.base + path) as answer:
        text = await answer.text()
        assert answer.status in {200, 404, 409, 503}
        assert answer.content_type == "text/html"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert answer.headers["Cache-Control"] == "no-store"
        page = Page(text)
        assert not page.faults
        assert len(page.all("h1")) == 1


async def test_a_part_that_has_not_changed_is_not_sent_again(spoken: Spoken, until: Until) -> None:
    """By its tag; another one comes whole, and there are no others than those of the table."""
    async with visited(spoken, until) as web:
        async with web.afar.session.get(f"{web.afar.base}/fragments/matrix") as answer:
            tag, text = answer.headers["ETag"], await answer.text()
        async with web.afar.session.get(f"{web.afar.base}/fragments/matrix", headers={"If-None-Match": tag}) as answer:
            assert (answer.status, await answer.text()) == (304, "")
        assert Page(text).elements[0].attributes["id"] == "matrix"
        assert (await web.afar.get("/fragments/none"))[0] == 404


async def test_only_the_files_of_the_page_are_sent(spoken: Spoken, until: Until) -> None:
    """Each by the name that holds its digest, and for ever; nothing else of the folder, or beside it."""
    async with visited(spoken, until) as web:
        for one in assets().values():
            async with web.afar.session.get(web.afar.base + one.path) as answer:
                assert (answer.status, answer.content_type) == (200, one.type)
                assert "immutable" in answer.headers["Cache-Control"]
                assert await answer.read() == one.body
        for path in ("page.css", "..%2froutes.py", "%2e%2e/templates/base.html", "page-000000000000.css", ""):
            assert (await web.afar.get(f"/static/{path}"))[0] == 404


async def test_a_form_is_heard_and_answered(spoken: Spoken, until: Until) -> None:
    """It goes into the engine with the name of who said it; the page that it leads to says what came of it, and nobody can make a link that says so."""
    async with visited(spoken, until) as web:
        assert await _log_in(web, "/audit") == (303, "/audit")
        status, where = await _say(web, "pause", **{"for": "1h", "reason": "new <b>disks</b>", "rule": ""})

        assert status == 303
        assert [(type(told), told.by, told.reason) for told in spoken.told] == [(OperatorPaused, "ada", "new <b>disks</b>")]
        assert (await _notice(web, where)).startswith("Paused.")
        assert await _notice(web, "/?said=Paused") == ""
        assert "new &lt;b&gt;disks&lt;/b&gt;" in (await web.afar.get("/"))[1]


@pytest.mark.parametrize(
    ("order", "form", "words"),
    [
        ("approve", {"approval": "none"}, "Refused. nobody was asked anything under 'none'"),
        ("pause", {"for": "1h", "reason": " "}, "Nothing was said."),
        ("pause", {"for": "an hour", "reason": "x"}, "Nothing was said."),
        ("explode", {"reason": "x"}, "Nothing was said."),
        ("arm", {"rule": "stuck", "mode": "act", "reason": "x"}, "Nothing was said. this is said on the machine itself"),
    ],
)
async def test_what_is_not_heeded_says_why(spoken: Spoken, until: Until, order: str, form: dict[str, str], words: str) -> None:
    """Whoever sent it is where he was, with a sentence; nothing has changed."""
    async with visited(spoken, until) as web:
        await _log_in(web)
        status, where = await _say(web, order, **form)

        assert status == 303
        assert words in await _notice(web, where)
        assert not spoken.talk.state.ledger.pauses
        assert spoken.talk.state.ledger.arming.armed == {}


async def test_who_only_looks_sees_the_page_and_no_form(spoken: Spoken, until: Until) -> None:
    """By the login as anybody, named as one who only looks; a form of theirs that comes all the same is refused with a sentence; and they can go."""
    async with visited(spoken, until, LOOKED_AT) as web:
        assert (await web.afar.get("/"))[0] == 401
        assert await _log_in(web, "/audit", WALL) == (303, "/audit")
        status, text = await web.afar.get("/")
        page = Page(text)
        assert (status, page.faults) == (200, [])
        assert [one.attributes["action"] for one in page.all("form")] == ["/logout"]
        assert re.search(r"wall</span>\s*<span[^>]*>\(only looks\)", text)

        (token,) = (one.attributes["value"] for one in page.all("input", name="form_token"))
        form = {"form_token": token, "back": "/", "for": "1h", "reason": "disks"}
        headers = {"Origin": web.afar.base, "Accept": "text/html"}
        status, text = await web.afar.post("/say/pause", data=form, headers=headers)
        assert (status, "wall may look here, and say nothing" in text) == (403, True)
        assert spoken.told == []

        assert (await web.afar.post("/logout", data={"form_token": token}, headers=headers))[0] == 303
        assert (await web.afar.get("/"))[0] == 401


async def test_a_form_of_somebody_else_is_not_heard(spoken: Spoken, until: Until) -> None:
    """Without the token of the session, with that of another one, or from another page."""
    async with visited(spoken, until) as web:
        await _log_in(web)
        for token, origin in (("", web.afar.base), ("0" * 64, web.afar.base), (None, "https://evil.example")):
            page = Page((await web.afar.get("/"))[1])
            held = page.all("input", name="form_token")[0].attributes["value"] if token is None else token
            status, _ = await web.afar.post("/say/pause", data={"form_token": held, "for": "1h", "reason": "x"}, headers={"Origin": origin})
            assert status == 403
        assert spoken.told == []


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/\\evil.example", "/a\r\nX: y"])
async def test_nobody_is_sent_elsewhere(spoken: Spoken, until: Until, back: str) -> None:
    """A way back that leads away leads to the first page."""
    async with visited(spoken, until) as web:
        assert await _log_in(web, back) == (303, "/")


async def test_the_token_of_one_is_shown_to_nobody_else(spoken: Spoken, until: Until) -> None:
    """Parts are drawn once for all who may change something; what each sends back is theirs alone, and who only looks has none."""
    async with visited(spoken, until) as web:
        nobody = (await web.afar.get("/"))[1]
        tokens = set()
        for _ in range(2):
            web.afar.session.cookie_jar.clear()
            await _log_in(web)
            page = Page((await web.afar.get("/"))[1])
            held = {one.attributes["value"] for one in page.all("input", name="form_token")}
            assert len(held) == 1
            tokens |= held
        assert len(tokens) == 2
        assert not [token for token in tokens if token in nobody]
        assert not re.search("token-[0-9a-f]{24}", nobody)


async def test_a_wrong_token_is_said_and_nothing_is_kept(spoken: Spoken, until: Until) -> None:
    """The form comes again; no session has begun."""
    async with visited(spoken, until) as web:
        status, text = await web.afar.post("/login", data={"token": "wrong", "back": "/audit"}, headers={"Origin": web.afar.base})
        page = Page(text)

        assert status == 403
        assert page.all("input", name="back")[0].attributes["value"] == "/audit"
        assert not page.all("input", value="wrong")
        assert "Log out" not in (await web.afar.get("/"))[1]


async def test_whoever_logs_out_is_nobody_again(spoken: Spoken, until: Until) -> None:
    """The cookie counts no more."""
    async with visited(spoken, until) as web:
        await _log_in(web)
        page = Page((await web.afar.get("/"))[1])
        token = page.all("input", name="form_token")[0].attributes["value"]
        await web.afar.post("/logout", data={"form_token": token}, headers={"Origin": web.afar.base})

        assert "Log out" not in (await web.afar.get("/"))[1]


@pytest.mark.parametrize(("cookie", "expected"), [("dark", "dark"), ("light", "light"), ('"><script>', ""), ("", "")])
async def test_light_or_dark_is_remembered_by_the_browser(spoken: Spoken, until: Until, cookie: str, expected: str) -> None:
    """In a cookie that can say nothing else."""
    async with visited(spoken, until) as web:
        headers: dict[str, Any] = {"Cookie": f"theme={cookie}"}
        page = Page((await web.afar.get("/", headers=headers))[1])

        assert page.elements[0].attributes.get("data-theme", "") == expected


async def test_a_page_says_as_of_when_it_is(spoken: Spoken, until: Until) -> None:
    """So that nothing is missed of what changes before its script hears the stream: that begins with how often each section has changed by then."""
    hub = Hub(clock=Clock(), host="web1", life="1")
    async with served(spoken, until, hub=hub) as web:
        page = Page((await web.afar.get("/"))[1])

        assert json.loads(page.elements[0].attributes["data-versions"]) == hub.versions()
        assert {name for one in page.all("section") for name in one.attributes["data-of"].split()} <= set(hub.versions())


async def test_what_the_agent_can_not_do_stands_on_top(spoken: Spoken, until: Until) -> None:
    """Also where the store, in which it keeps how it stands, is what it can't write."""
    spoken.failing = "no space left on device"
    async with visited(spoken, until) as web:
        assert "It can’t write anything down, so it does nothing: no space left on device" in Page((await web.afar.get("/"))[1]).text
        assert (await web.afar.get("/api/v1/overview"))[1]["failing"] == "no space left on device"


async def test_what_was_is_not_shown_as_what_is(spoken: Spoken, until: Until) -> None:
    """While Redis can't be read the queues and processes stand there as they were, and that is said beside them."""
    spoken.talk.hear(redis(process("web1:4711:0a1b2c", spoken.at()), Delta(Kind.QUEUE, "push", {"name": "push", "size": 3}), complete=True))
    stale = "Redis can’t be read: this is how it was then."
    async with visited(spoken, until) as web:
        for part in ("queues", "processes"):
            assert stale not in (await web.afar.get(f"/fragments/{part}"))[1]
        spoken.talk.hear(SourceLost(Source.REDIS, "refused", "connection refused"))
        spoken.talk.wait(spoken.at() + FRESH_FOR)
        for part in ("queues", "processes"):
            assert stale in (await web.afar.get(f"/fragments/{part}"))[1]
