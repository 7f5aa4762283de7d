"""What no program of ours would send or be called: it is shown, or refused with a sentence, and never a fault that strangers can fill the log with."""

import logging
import zlib

import msgspec
import pytest

from tests.scenario.conversation import process, redis
from tests.unit.web.served import ADA, ANYWHERE, served
from tests.unit.web.test_server import spoken_raw
from watchdog.model.events import Delta
from watchdog.model.kinds import Kind
from watchdog.rulefile.page import NAMED
from watchdog.rulefile.proxied import ProxySettings

HALF = "\udcff"
"""Half a character: what Python makes of a byte that is no UTF-8."""
FORM = b"application/x-www-form-urlencoded"


def post(path: str, body: bytes, *headers: bytes) -> bytes:
    """As it goes over the wire, from a page of the same origin."""
    head = [
        f"POST {path} HTTP/1.1".encode(),
        b"Host: 127.0.0.1",
        b"Origin: http://127.0.0.1",
        b"Connection: close",
        b"Content-Length: %d" % len(body),
    ]
    return b"\r\n".join([*head, *headers, b"", body])


async def test_names_that_are_no_text_are_spelled_out(spoken, until):
    """A host, a queue and a class of which half is missing: every view and every part of the page is there all the same."""
    identity = f"web{HALF}:77:abc"
    job = {
        "jid": f"b4{HALF}",
        "job_class": f"X{HALF}",
        "queue": f"q{HALF}",
        "process": identity,
        "host": f"web{HALF}",
        "thread": "t1",
        "started_at": 1,
    }
    seen = redis(
        process(identity, spoken.at(), queues=(f"q{HALF}",)), Delta(Kind.QUEUE, f"q{HALF}", {"name": f"q{HALF}", "size": 3}),
        Delta(Kind.JOB, f"{identity}/t1/1", job), complete=True,
    )  # fmt: skip
    spoken.state.world.take(seen, spoken.at())
    async with served(spoken, until) as here:
        for path in ("status", "processes", "jobs", "queues", "matrix", "overview"):
            assert (await here.afar.get(f"/api/v1/{path}"))[0] == 200, path
        assert (await here.afar.get("/api/v1/queues"))[1]["items"][0]["name"] == "q\\udcff"
        for path in ("/", "/alerts", "/why/stuck", *(f"/fragments/{name}" for name in ("standing", "matrix", "queues", "processes"))):
            assert (await here.afar.get(path))[0] == 200, path


async def test_a_key_that_is_no_text(spoken, until):
    """What is said with it is heard, and once."""
    async with served(spoken, until) as here:
        headers = (f"Authorization: Bearer {ADA}".encode(), b"Content-Type: application/json", b"Idempotency-Key: \xff")
        for _ in range(2):
            answer = await spoken_raw(here.port, post("/api/v1/pause", b'{"for": "1h", "reason": "x"}', *headers))
            assert answer.split()[1] == b"200", answer
    assert len({told.id for told in spoken.told}) == 1


@pytest.mark.parametrize("path", ["/login", "/say/pause", "/api/v1/pause"])
@pytest.mark.parametrize(
    ("kind", "body"),
    [(FORM + b"; charset=none-such", b"token=%FF"), (FORM, b"token=\xff"), (b"multipart/form-data; boundary=x", b"--x\r\n\r\nA"), (b"multipart/form-data", b"--x"), (b"application/json", b"{"),
     (b'multipart/form-data; boundary="x"', b'--x\r\nContent-Disposition: form-data; name="token"\r\nContent-Type: text/plain; charset=none-such\r\n\r\nA\r\n--x--\r\n')],
)  # fmt: skip
async def test_a_form_that_is_none(spoken, until, caplog, path, kind, body):
    """By whomever: a sentence, and nothing in the log that would bury what counts."""
    async with served(spoken, until) as here:
        for who in ((), (f"Authorization: Bearer {ADA}".encode(),)):
            answer = await spoken_raw(here.port, post(path, body, b"Content-Type: " + kind, *who))
            assert answer.split()[1] in (b"400", b"401", b"403", b"415"), answer
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert spoken.told == []


async def test_what_is_packed_is_not_unpacked(spoken, until, caplog):
    """A thousand times as much as anybody may send could be in it."""
    async with served(spoken, until) as here:
        packed = zlib.compress(b'{"for": "1h", "reason": "x"}' + b" " * 10_000_000, 9)
        headers = (f"Authorization: Bearer {ADA}".encode(), b"Content-Type: application/json", b"Content-Encoding: deflate")
        answer = await spoken_raw(here.port, post("/api/v1/pause", packed, *headers))
        assert answer.split()[1] == b"400", answer
    assert spoken.told == []
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize("first", [b"ada", b"mallory"])
async def test_a_name_that_is_sent_twice_is_nobodys(spoken, until, first):
    """A proxy that adds its header behind or before the one that came in speaks for nobody, and so does a token beside another; once each they do."""
    proxy = ProxySettings("x-remote-user", ("127.0.0.1",), "a-secret-of-the-proxy")
    page = msgspec.structs.replace(ANYWHERE, proxy=proxy, reading=NAMED, metrics=NAMED)
    second = b"mallory" if first == b"ada" else b"ada"
    by_proxy = (b"X-Watchdog-Proxy: a-secret-of-the-proxy", b"X-Remote-User: " + first)
    bearer = f"Authorization: Bearer {ADA}".encode()
    async with served(spoken, until, page=page) as here:

        async def asked(*headers: bytes) -> bytes:
            answer = await spoken_raw(
                here.port, b"\r\n".join([b"GET /api/v1/overview HTTP/1.1", b"Host: 127.0.0.1", b"Connection: close", *headers, b"", b""])
            )
            return answer.split()[1]

        assert await asked(*by_proxy) == b"200"
        assert await asked(*by_proxy, b"x-remote-user: " + second) == b"401"
        assert await asked(bearer) == b"200"
        assert await asked(bearer, b"authorization: Bearer " + first) in (b"400", b"401")
