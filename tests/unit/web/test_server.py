"""A real server on real sockets: what it answers, whom it refuses, and what it cuts off. Limits are as small as the test has patience."""

import asyncio
import contextlib

import msgspec
import pytest

from tests.unit.web.served import ADA, ANYWHERE, served
from watchdog.model.told import OperatorPaused
from watchdog.rulefile.page import PageSettings
from watchdog.web.application import HEADERS
from watchdog.web.endpoint import Method
from watchdog.web.endpoints import ENDPOINTS
from watchdog.web.limits import Limits

BEARER = {"Authorization": f"Bearer {ADA}"}
PAUSE = {"for": "2h", "reason": "new disks"}


async def spoken_raw(port: int, *pieces: bytes) -> bytes:
    """Whatever comes back for these bytes, until the other side ends it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def test_it_answers_by_both_doors(spoken, until):
    """The same, with all that a browser is told for its own good."""
    async with served(spoken, until) as here:
        for caller in (here.local, here.afar):
            status, picture = await caller.get("/api/v1/status")
            assert (status, picture["agent"]) == (200, {"host": "web1"})
        async with here.afar.session.get(f"{here.afar.base}/api/v1/rules") as answer:
            assert answer.content_type == "application/json"
            assert {name: answer.headers[name] for name in HEADERS} == HEADERS
            assert answer.headers["Cache-Control"] == "no-store"
        assert (await here.afar.get("/healthz"))[0] == 200
    assert not (here.folder / "api.sock").exists()


async def test_mistakes_have_a_sentence(spoken, until):
    """And a code for programs; the headers stand there, too."""
    async with served(spoken, until) as here:
        for path, status, code in (
            ("/api/v1/nothing", 404, "no_such_endpoint"), ("/api/v1/processes/web1:1:abc", 404, "not_there"), ("/api/v1/alerts?limit=0", 400, "bad_request"),
            ("/api/v1/alerts?limit=501", 400, "bad_request"), ("/api/v1/alerts?limit=1&limit=2", 400, "bad_request"), ("/api/v1/alerts?nothing=1", 400, "bad_request"),
            ("/api/v1/alerts?phase=%00", 400, "bad_request"), ("/api/v1/queues?order=%FF", 400, "bad_request"), ("/api/v1/alerts?after=x", 400, "bad_request"), ("/api/v1/pause", 405, "wrong_method"),
        ):  # fmt: skip
            async with here.afar.session.get(here.afar.base + path) as answer:
                assert (answer.status, (await answer.json())["error"]["code"]) == (status, code), path
                assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    ["/static/../../../../etc/passwd", "/static/%2e%2e/%2e%2e/etc/passwd", "/static/..%2f..%2fetc%2fpasswd", "/static//etc/passwd", "/../etc/passwd",
     "/api/v1/processes/..%2f..%2fetc%2fpasswd", "/api/v1/../../etc/passwd", "/api/v1/processes/%00", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd"],
)  # fmt: skip
async def test_no_path_leads_out(spoken, until, path):
    """As it goes over the wire: a client of ours would tidy it up first."""
    async with served(spoken, until) as here:
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        answer = await spoken_raw(here.port, request.encode())
        assert answer.split()[1] in (b"400", b"404"), answer
        assert b"root:" not in answer


async def test_what_is_said(spoken, until):
    """It goes into the engine with who said it and by which way, and its answer comes back; a refusal is one at a glance."""
    async with served(spoken, until) as here:
        status, answer = await here.afar.post("/api/v1/pause", json=PAUSE, headers=BEARER)
        assert (status, answer["outcome"]) == (200, "paused")
        said = spoken.told[-1]
        assert isinstance(said, OperatorPaused)
        assert (said.by, said.channel, said.reason, said.until - said.asked) == ("ada", "page", "new disks", 7_200_000)
        status, answer = await here.local.post("/api/v1/resume", data={"reason": "done", "rule": ""}, headers={"X-Watchdog-By": "carla"})
        assert (status, answer["outcome"]) == (200, "resumed")
        assert (spoken.told[-1].by, spoken.told[-1].channel) == ("carla", "local")
        status, answer = await here.afar.post("/api/v1/resume", json={"reason": "again"}, headers=BEARER)
        assert (status, answer["outcome"]) == (409, "refused")


async def test_what_is_not_said(spoken, until):
    """Without a name, by another page, without a form of ours, in no form that is known, or too much of it: nothing of it reaches the engine."""
    async with served(spoken, until, limits=Limits(body=1_000)) as here:
        ours = {"Origin": here.afar.base}
        for status, options in (
            (401, {"json": PAUSE, "headers": ours}),
            (401, {"json": PAUSE, "headers": {"Authorization": "Bearer guessed-this-is-wrong"}}),
            (403, {"json": PAUSE, "headers": {"Origin": "https://evil.example"}}),
            (403, {"json": PAUSE, "headers": BEARER | {"Origin": "https://evil.example"}}),
            (403, {"json": PAUSE}),
            (421, {"json": PAUSE, "headers": {"Host": "evil.example"}}),
            (413, {"json": PAUSE | {"reason": "x" * 1_000}, "headers": BEARER}),
            (413, {"data": PAUSE | {"reason": "x" * 1_000}, "headers": BEARER}),
            (415, {"data": "for=2h", "headers": BEARER | {"Content-Type": "text/plain"}}),
            (415, {"data": b"--x--", "headers": BEARER | {"Content-Type": "multipart/form-data; boundary=x"}}),
            (400, {"data": b"{", "headers": BEARER | {"Content-Type": "application/json"}}),
            (400, {"data": b"[" * 900, "headers": BEARER | {"Content-Type": "application/json"}}),
            (400, {"data": b"[]", "headers": BEARER | {"Content-Type": "application/json"}}),
            (400, {"data": b'{"reason": "\xff"}', "headers": BEARER | {"Content-Type": "application/json"}}),
            (400, {"json": {"for": "2h"}, "headers": BEARER}),
            (400, {"json": PAUSE | {"reason": "  "}, "headers": BEARER}),
            (400, {"json": PAUSE | {"nothing": "x"}, "headers": BEARER}),
            (400, {"json": PAUSE | {"until": "2030-01-01T00:00:00Z"}, "headers": BEARER}),
            (400, {"json": PAUSE | {"for": "8d"}, "headers": BEARER}),
            (400, {"json": PAUSE | {"for": 7_200}, "headers": BEARER}),
            (400, {"params": {"for": "2h"}, "json": PAUSE, "headers": BEARER}),
            (400, {"headers": BEARER}),
        ):
            answer = await here.afar.post("/api/v1/pause", **options)
            assert answer[0] == status, (options, answer)
            assert answer[1]["error"]["message"]
    assert spoken.told == []


async def test_who_only_looks_is_told_so(spoken, until):
    """A token of `readers` opens every list, and whatever is said with it is refused, in one sentence for people and a code for programs."""
    token = "a-token-for-the-screen-on-the-wall"
    page = msgspec.structs.replace(ANYWHERE, readers={"wall": token}, reading="named", metrics="named")
    mine = {"headers": {"Authorization": f"Bearer {token}"}}
    async with served(spoken, until, page=page) as here:
        for path in ("/api/v1/alerts", "/api/v1/queues"):
            assert (await here.afar.get(path))[0] == 401
            assert (await here.afar.get(path, **mine))[0] == 200
        for order in (one.path for one in ENDPOINTS if one.method is Method.POST):
            status, answer = await here.afar.post(f"/api/v1{order}", json={"reason": "x"}, **mine)
            assert (status, answer["error"]["code"]) == (403, "not_allowed"), order
            assert answer["error"]["message"] == "wall may look here, and say nothing"
            assert "page: tokens" in answer["error"]["hint"]
    assert spoken.told == []


@pytest.mark.parametrize("what", ["arm", "adopt", "close", "go-on"])
async def test_what_is_said_on_the_machine_alone(spoken, until, what):
    """A page that is broken into can't let a rule act."""
    body = (
        {"rule": "stuck", "mode": "act", "reason": "x"}
        if what == "arm"
        else {"reason": "x"} | ({} if what == "adopt" else {"incident": "1"})
    )
    async with served(spoken, until) as here:
        status, answer = await here.afar.post(f"/api/v1/{what}", json=body, headers=BEARER)
        assert (status, answer["error"]["code"]) == (403, "not_allowed")
        assert spoken.told == []
        status, answer = await here.local.post(f"/api/v1/{what}", json=body)
        assert (status, "outcome" in answer) in ((200, True), (409, True))
        assert len(spoken.told) == 1


async def test_names_of_strangers_are_text(spoken, until):
    """HTML in what somebody says comes back as JSON that no browser takes for a page."""
    async with served(spoken, until) as here:
        markup = "<script>alert(1)</script>"
        await here.afar.post("/api/v1/pause", json=PAUSE | {"reason": markup}, headers=BEARER)
        async with here.afar.session.get(f"{here.afar.base}/api/v1/switches") as answer:
            assert answer.content_type == "application/json"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert (await answer.json())["pauses"][0]["reason"] == markup


async def test_a_header_that_never_ends(spoken, until):
    """Somebody who says nothing, or sends it a byte at a time, is cut off."""
    async with served(spoken, until, limits=Limits(head=0.2)) as here:
        assert await spoken_raw(here.port) == b""
        assert await spoken_raw(here.port, b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ") == b""


async def test_a_second_header_that_never_ends(spoken, until):
    """Behind an answer the same holds: the connection is not kept for ever."""
    async with served(spoken, until, limits=Limits(idle=0.2)) as here:
        whole = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        for more in (b"", b"GET /healthz HTTP/1.1\r\nX-Slow: "):
            answer = await spoken_raw(here.port, whole + more)
            assert answer.count(b"HTTP/1.1 200") == 1


async def test_a_body_that_never_comes(spoken, until):
    """Nobody waits for it for ever; nothing of it is heard."""
    async with served(spoken, until, limits=Limits(whole=0.2)) as here:
        head = f"POST /api/v1/pause HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {ADA}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
        answer = await spoken_raw(here.port, head.encode(), b"{")
        assert answer == b"" or answer.split()[1] == b"503"
    assert spoken.told == []


async def test_who_takes_no_answer(spoken, until):
    """Whoever asks and asks and reads nothing is cut off once what was sent fills all that lies between; others are answered meanwhile."""
    async with served(spoken, until, limits=Limits(idle=0.5, burst=10_000)) as here:
        _, writer = await asyncio.open_connection("127.0.0.1", here.port, limit=1_024)
        with contextlib.suppress(ConnectionError):
            # Some 40 MB of answers: more than the kernel keeps for anybody.
            for _ in range(200):
                writer.write(b"GET /api/v1/openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                await writer.drain()
        assert (await here.local.get("/healthz"))[0] == 200
        await until(lambda: here.server.connections("page") == 0, what="the end of the connection")
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@pytest.mark.parametrize("request_", [b"GET /" + b"x" * 90_000 + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"GET / HTTP/9\r\n\r\n"])  # fmt: skip
async def test_what_is_no_request(spoken, until, request_):
    """Too long, or another protocol: it is refused, and the next one is answered."""
    async with served(spoken, until) as here:
        answer = await spoken_raw(here.port, request_)
        assert not answer or answer.split()[1] == b"400", answer
        assert (await here.afar.get("/healthz"))[0] == 200


async def test_too_many_connections(spoken, until):
    """Who comes when it is full is told so; the machine itself still gets in, and there is room again once somebody goes."""
    async with served(spoken, until, limits=Limits(connections=2)) as here:
        streams = [await asyncio.open_connection("127.0.0.1", here.port) for _ in range(2)]
        # Both are inside once they have been answered.
        for reader, writer in streams:
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert b"200" in await reader.readline()
        answer = await spoken_raw(here.port, b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        # It is cut off with bytes unread, so that the answer can be lost on the way.
        assert not answer or answer.split()[1] == b"503"
        assert (await here.local.get("/healthz"))[0] == 200
        for _, writer in streams:
            writer.close()
            await writer.wait_closed()

        async def is_answered() -> bool:
            return b" 200 " in await spoken_raw(here.port, b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")

        await until(is_answered, what="room for somebody")


async def test_who_asks_too_often(spoken, until):
    """It is told when to come again."""
    async with served(spoken, until, limits=Limits(burst=3, rate=0.01)) as here:
        for _ in range(3):
            assert (await here.afar.get("/healthz"))[0] == 200
        async with here.afar.session.get(f"{here.afar.base}/healthz") as answer:
            assert answer.status == 429
            assert int(answer.headers["Retry-After"]) > 50


async def test_a_browser_is_led_to_where_one_logs_in(spoken, until):
    """What is no part of the API says so in words to people."""
    page = PageSettings(address="127.0.0.1", port=0, tokens={"ada": ADA}, reading="named", metrics="named")
    async with served(spoken, until, page=page) as here:
        async with here.afar.session.get(
            f"{here.afar.base}/audit?rule=x", headers={"Accept": "text/html"}, allow_redirects=False
        ) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "/login?back=%2Faudit%3Frule%3Dx")
        assert (await here.afar.get("/api/v1/status", headers={"Accept": "text/html"}))[0] == 401
        async with here.afar.session.get(f"{here.afar.base}/api/v1/status") as answer:
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("reading", ["anyone", "named"])
async def test_a_link_from_a_message(spoken, until, reading):
    """A browser sends no cookie with it; it is asked to come once more, by itself, and then is who it is. A program, and one who has shown a cookie, is not."""
    page = PageSettings(address="127.0.0.1", port=0, tokens={"ada": ADA}, reading=reading, metrics=reading)
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Accept": "text/html"}
    async with served(spoken, until, page=page) as here:
        status, text = await here.afar.get("/audit?rule=%3Cb%3E", headers=link)
        assert (status, 'http-equiv="refresh" content="0"' in text, "b>" in text) == (200, True, False)
        status, text = await here.afar.get("/audit", headers=link | {"Sec-Fetch-Site": "same-origin"})
        assert (status == 303, "http-equiv" in str(text)) == (reading == "named", False)
        for path in ("/api/v1/rules", "/metrics", "/healthz"):
            assert "http-equiv" not in str((await here.afar.get(path, headers=link))[1])
        assert (await here.afar.get("/audit", headers=link | {"Host": "evil.example"}))[0] == 421
        cookie = {"watchdog": here.server.access.sessions.begin("ada", ADA, 0.0)}
        assert "http-equiv" not in str((await here.afar.get("/login", headers=link, cookies=cookie))[1])


def test_limits_of_the_page():
    """Two hundred connections, a hundred streams, 16 kB, ten seconds for a header, thirty for a request: as documented."""
    limits = Limits()
    assert (limits.connections, limits.streams, limits.body, limits.head, limits.whole, limits.idle) == (200, 100, 16_384, 10.0, 30.0, 15.0)
    assert ANYWHERE.is_local
