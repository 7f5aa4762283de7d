"""One Alertmanager, and a cluster of them, played by servers of HTTP."""

import json
import logging
import ssl
from pathlib import Path

import pytest
from aiohttp import web

from tests.unit.receivers.conftest import Endpoint
from tests.unit.receivers.dispatches import Memory, dispatch, entry
from watchdog.receivers.alertmanager.client import BATCH, Alertmanager, authorization
from watchdog.receivers.receiver import RefusedError, TryAgainError


@pytest.fixture
async def other():
    """A second member."""
    server = Endpoint()
    await server.up()
    yield server
    await server.down()


@pytest.fixture
async def make(clock):
    """Make a receiver of these members; closed at the end."""
    made = []

    def build(*endpoints: Endpoint, **more) -> Alertmanager:
        urls = [f"http://127.0.0.1:{one.port}/" for one in endpoints]
        usual = {"authorization": None, "authority": None, "every": 60_000, "timeout": 30_000}
        made.append(Alertmanager(more.pop("urls", urls), clock=clock, **{**usual, **more}))
        return made[-1]

    yield build
    for one in made:
        await one.close()


async def test_alerts_are_posted(endpoint, make):
    """As a list, where the API v2 wants it; what is remembered is written down afterwards."""
    memory = Memory()
    assert await make(endpoint).send(dispatch(entry()), memory.keep) == "took 1 that fire and 0 that are over"
    headers, body = endpoint.requests.get_nowait()
    assert headers["content-type"] == "application/json"
    assert "authorization" not in headers
    assert [alert["labels"]["alertname"] for alert in json.loads(body)] == ["stuck-job"]
    assert list(memory) == ["alert:7"]


async def test_a_storm_comes_in_batches(endpoint, make):
    """So many in one call as Prometheus sends; before each but the first its turn is waited for."""
    turns = []

    async def remember(lines):
        turns.append((endpoint.requests.qsize(), bool(lines)))

    await make(endpoint).send(dispatch(*(entry(str(number), entity=str(number)) for number in range(BATCH * 2 + 3))), remember)
    assert [len(json.loads(endpoint.requests.get_nowait()[1])) for _ in range(endpoint.requests.qsize())] == [BATCH, BATCH, 3]
    assert turns == [(1, False), (2, False), (3, True)]


async def test_a_member_that_fails_in_the_middle_is_not_asked_on(endpoint, other, make):
    """The other one has all of it, and that is enough."""
    other.answers = [200, 503]
    storm = dispatch(*(entry(str(number), entity=str(number)) for number in range(BATCH * 3)))
    assert await make(endpoint, other).send(storm, Memory().keep) == f"took {BATCH * 3} that fire and 0 that are over"
    assert (endpoint.requests.qsize(), other.requests.qsize()) == (3, 2)
    endpoint.answers, other.answers = [500], [200, 503]
    with pytest.raises(TryAgainError, match="answered 50"):
        await make(endpoint, other).send(storm, Memory().keep)


async def test_nothing_to_say_is_no_call(endpoint, make):
    """A card on which nothing goes on that it has not been told."""
    assert await make(endpoint).send(dispatch(), Memory().keep) == "took 0 that fire and 0 that are over"
    assert endpoint.requests.empty()


async def test_every_member_is_told(endpoint, other, make):
    """They don't tell each other."""
    await make(endpoint, other).send(dispatch(entry()), Memory().keep)
    assert (endpoint.requests.qsize(), other.requests.qsize()) == (1, 1)


async def test_one_member_is_enough(endpoint, other, make, caplog):
    """It has arrived; of the other it is said once that it is not told, and once that it is."""
    caplog.set_level(logging.INFO, "watchdog")
    await other.down()
    receiver, memory = make(endpoint, other), Memory()
    for _ in range(2):
        await receiver.send(dispatch(entry()), memory.keep)
    await other.up()
    await receiver.send(dispatch(entry()), memory.keep)
    assert [record.message for record in caplog.records if record.name.startswith("watchdog")] == [
        "Alertmanager 2 of 2 is not told what others are: can't connect: Connection refused",
        "Alertmanager 2 of 2 is told again",
    ]
    assert len(memory) == 1


async def test_no_member_is_a_failure(endpoint, other, make):
    """That which passes by itself decides when it is tried again; nothing is remembered."""
    endpoint.answers = [400]
    await other.down()
    memory = Memory()
    with pytest.raises(TryAgainError) as caught:
        await make(endpoint, other).send(dispatch(entry()), memory.keep)
    assert caught.value.reason == "can't connect: Connection refused"
    assert not isinstance(caught.value, RefusedError)
    assert memory == {}


@pytest.mark.parametrize(
    ("status", "kind", "reason", "untouched"),
    [
        (400, RefusedError, "answered 400 Bad Request", True),
        (401, RefusedError, "answered 401 Unauthorized: user and password, or the token, are not the right ones", True),
        (404, RefusedError, "answered 404 Not Found", True),
        (307, RefusedError, "answered 307 Temporary Redirect; redirects are not followed, the config wants the final address", True),
        (429, TryAgainError, "answered 429 Too Many Requests", True),
        (500, TryAgainError, "answered 500 Internal Server Error", False),
        (503, TryAgainError, "answered 503 Service Unavailable", False),
    ],
)
async def test_what_it_answers(endpoint, make, status, kind, reason, untouched):
    """Whether it passes by itself, and whether anything can have arrived."""
    endpoint.answers = [status]
    with pytest.raises(TryAgainError) as caught:
        await make(endpoint).send(dispatch(entry()), Memory().keep)
    assert (type(caught.value), caught.value.reason, caught.value.untouched) == (kind, reason, untouched)


async def test_it_does_not_answer(endpoint, make):
    """Then it may have arrived or not."""

    async def hang(request):
        request.transport.close()
        return web.Response()

    endpoint.answers = [hang]
    with pytest.raises(TryAgainError, match="closed without an answer") as caught:
        await make(endpoint).send(dispatch(entry()), Memory().keep)
    assert not caught.value.untouched


@pytest.mark.parametrize(
    ("login", "header"),
    [
        ((None, None, None), None),
        (("ada", "pass:word", None), "Basic YWRhOnBhc3M6d29yZA=="),
        (("ada", None, None), "Basic YWRhOg=="),
        ((None, None, "s3cret\n"), "Bearer s3cret"),
        (("ada", "x", "s3cret"), "Bearer s3cret"),
    ],
)
async def test_login(endpoint, make, login, header):
    """By user and password or by a token, on every call."""
    await make(endpoint, authorization=authorization(*login)).send(dispatch(entry()), Memory().keep)
    assert endpoint.requests.get_nowait()[0].get("authorization") == header


CERTIFICATE = Path(__file__).parents[1] / "self-signed.pem"


async def https(app: web.Application) -> tuple[web.AppRunner, int]:
    """A server with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    return runner, runner.addresses[0][1]


async def test_a_certificate_that_nobody_vouches_for(make):
    """Nothing is sent there."""
    runner, port = await https(web.Application())
    with pytest.raises(TryAgainError, match="its certificate was not accepted") as caught:
        await make(urls=[f"https://127.0.0.1:{port}"]).send(dispatch(entry()), Memory().keep)
    assert caught.value.untouched
    await runner.cleanup()


@pytest.mark.parametrize("content", [None, "no certificate"])
async def test_certificates_that_can_not_be_read(make, tmp_path, content):
    """A sentence says what is wanted."""
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(RefusedError, match="the certificates in its 'ca' can't be read"):
        await make(urls=["https://127.0.0.1:9"], authority=str(path)).send(dispatch(entry()), Memory().keep)


async def test_a_look(endpoint, make):
    """It says which version answers, and nothing is sent."""

    async def status(request):
        assert request.path == "/api/v2/status"
        return web.json_response({"versionInfo": {"version": "0.25.0\x1b[31m"}, "cluster": {}})

    endpoint.answers = [status]
    assert (await make(endpoint).look()).startswith("Alertmanager 0.25.0")


async def test_a_look_through_a_proxy_that_packs(endpoint, make):
    """What it answers is unpacked."""

    async def status(request):
        response = web.json_response({"versionInfo": {"version": "0.25.0"}})
        response.enable_compression(web.ContentCoding.gzip)
        return response

    endpoint.answers = [status]
    assert (await make(endpoint).look()).startswith("Alertmanager 0.25.0")


async def test_a_look_at_something_else(endpoint, make):
    """A page that answers 200 to everything is no Alertmanager."""
    with pytest.raises(RefusedError, match="what answers is no Alertmanager"):
        await make(endpoint).look()
    await endpoint.down()
    with pytest.raises(TryAgainError, match="can't connect"):
        await make(endpoint).look()
