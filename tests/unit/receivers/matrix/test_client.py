"""What a homeserver answers that no real one should, and how a call ends then. What a real one does is in tests/service/homeserver."""

import asyncio
import json
import ssl
from pathlib import Path
from urllib.parse import unquote

import pytest
from aiohttp import web

from watchdog.receivers.matrix.client import Client
from watchdog.receivers.matrix.receiver import Matrix
from watchdog.receivers.receiver import RefusedError, TryAgainError
from watchdog.receivers.signing import BadSecretError

TOKEN = "syt_secret"
CERTIFICATE = Path(__file__).parents[1] / "self-signed.pem"


@pytest.fixture
async def client(endpoint, clock):
    """Of that server, with a patience that no test uses up unless it means to."""
    made = Client(f"http://127.0.0.1:{endpoint.port}/", TOKEN, timeout=60_000, clock=clock)
    yield made
    await made.close()


async def refusal(awaitable):
    """What it ends with; without a secret, and without an address."""
    with pytest.raises(TryAgainError) as caught:
        await awaitable
    assert TOKEN not in caught.value.reason
    assert "127.0.0.1" not in caught.value.reason
    assert caught.value.__cause__ is None
    return caught.value


def answer(status=200, **more):
    """Has the server answer so."""

    async def give(_request):
        return web.Response(status=status, **more)

    return give


async def test_a_call(endpoint, client):
    """The path is quoted part by part, the token is in a header and nowhere else, and the body is JSON."""
    seen = []

    async def give(request):
        seen.append((request.method, [unquote(part) for part in request.raw_path.split("/")]))
        return web.json_response({"event_id": "$e"})

    endpoint.answers = [give]
    assert await client.put_event("!a/b%:example.org", "m.room.message", {"body": "ü"}, transaction="412.0 #?.card") == "$e"
    headers, body = endpoint.requests.get_nowait()
    assert seen == [("PUT", ["", "_matrix", "client", "v3", "rooms", "!a/b%:example.org", "send", "m.room.message", "412.0 #?.card"])]
    assert headers["authorization"] == f"Bearer {TOKEN}"
    assert json.loads(body) == {"body": "ü"}


@pytest.mark.parametrize(
    ("given", "kind", "says"),
    [
        (answer(text="<html>welcome</html>", content_type="text/html"), RefusedError, "without JSON"),
        (answer(text="{"), RefusedError, "without JSON"),
        (answer(text="{}"), RefusedError, "without the id of the event"),
        (answer(text='{"event_id": 7}'), RefusedError, "without the id of the event"),
        (answer(302, headers={"Location": "https://elsewhere.example/"}), RefusedError, "redirects are not followed"),
        (answer(503, headers={"Retry-After": "17"}), TryAgainError, "503"),
        (answer(body=b"x" * 17_000_000), RefusedError, "more than 16 MiB"),
        (answer(body=b"no gzip", headers={"Content-Encoding": "gzip"}), TryAgainError, "no proper answer"),
    ],
)  # fmt: skip
async def test_strange_answers(endpoint, client, given, kind, says):
    """Each ends in a sentence that holds nothing of what the server said."""
    endpoint.answers = [given]
    error = await refusal(client.put_event("!r", "m.room.message", {}, transaction="t"))
    assert type(error) is kind
    assert says in error.reason
    assert "elsewhere" not in error.reason
    assert endpoint.requests.qsize() == 1


async def test_a_connection_that_breaks(endpoint, client):
    """It is not known whether the event has arrived."""

    async def drop(request):
        request.transport.abort()
        return web.Response()

    endpoint.answers = [drop, drop]  # aiohttp tries once more what may be tried again
    error = await refusal(client.put_event("!r", "m.room.message", {}, transaction="t"))
    assert not error.untouched
    assert not isinstance(error, RefusedError)


async def test_nobody_listens(endpoint, client):
    """Nothing can have arrived."""
    await endpoint.down()
    error = await refusal(client.get("sync"))
    assert error.untouched
    assert error.reason == "can't connect: Connection refused"


async def test_no_answer_in_time(endpoint, clock):
    """A call ends within its time, however slowly the server answers, byte by byte; it may have arrived."""

    async def drip(request):
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.01)  # sleeps on purpose: it is the drip

    client = Client(f"http://127.0.0.1:{endpoint.port}", TOKEN, timeout=1_500, clock=clock)
    endpoint.answers = [drip]
    error = await refusal(client.get("account", "whoami"))
    assert error.reason == "no answer within 1.5 s"
    assert not error.untouched
    await client.close()


async def test_a_certificate_that_nobody_vouches_for(clock):
    """No token is sent there."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE)
    said = []

    async def serve(reader, writer):
        said.append(await reader.read(100))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    client = Client(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}", TOKEN, timeout=60_000, clock=clock)
    try:
        error = await refusal(client.get("account", "whoami"))
        assert error.untouched
        assert error.reason.startswith("its certificate was not accepted: ")
    finally:
        await client.close()
        server.close()
        await server.wait_closed()
    assert not any(said)


@pytest.mark.parametrize("token", ["", "  ", "a b", "a\nb", "ü"])
def test_what_can_be_no_token(clock, token):
    """A file that holds something else is named as what it is, not sent."""
    with pytest.raises(BadSecretError, match="access token") as caught:
        Client("https://h", token, timeout=1, clock=clock)
    assert token.strip() not in str(caught.value).split() or not token.strip()


@pytest.mark.parametrize("room", ["", "ops", "#ops", "! x", "@ada:example.org", "https://matrix.to/#/!a:b"])
async def test_what_can_be_no_room(endpoint, clock, room):
    """Neither an id nor an alias: it is said how to write it."""
    endpoint.answers = [answer(text='{"user_id": "@w:example.org"}')]
    receiver = Matrix(f"http://127.0.0.1:{endpoint.port}", token=TOKEN, room=room, timeout=60_000, clock=clock, name="ops")
    error = await refusal(receiver.look())
    assert "`room` must be" in error.reason
    await receiver.close()
