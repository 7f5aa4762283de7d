"""What goes over the wire when the heartbeat calls."""

import pytest

from tests.unit.receivers.conftest import Endpoint
from watchdog.daemon.heartbeat import _address, _call
from watchdog.receivers.receiver import RefusedError, TryAgainError


@pytest.fixture
async def far():
    """Who is called."""
    server = Endpoint()
    await server.up()
    yield server
    await server.down()


async def test_it_posts_or_gets(far):
    """With a body of text, or with none."""
    await _call(far.url, b"act: 0 alerts")
    headers, body = far.requests.get_nowait()
    assert (headers["content-type"], body) == ("text/plain; charset=utf-8", b"act: 0 alerts")
    await _call(far.url, None)
    headers, body = far.requests.get_nowait()
    assert ("content-type" in headers, body) == (False, b"")


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (404, RefusedError, "answered 404 Not Found"),
        (503, TryAgainError, "answered 503 Service Unavailable"),
        (302, RefusedError, "redirects are not followed"),
    ],
)
async def test_an_answer_that_is_none(far, status, kind, reason):
    """It was not heard, for a reason that holds no address."""
    far.answers = [status]
    with pytest.raises(kind, match=reason) as caught:
        await _call(far.url, b"")
    assert "topsecret" not in caught.value.reason


@pytest.mark.parametrize("host", ["hc..example", f"{'a' * 64}.example"])
async def test_a_name_that_can_be_none(host):
    """Python does not even ask for it; the agent must not end by that."""
    with pytest.raises(TryAgainError, match="no proper answer") as caught:
        await _call(f"https://{host}/topsecret", None)
    assert "topsecret" not in caught.value.reason


async def test_nobody_there(far):
    """The same."""
    await far.down()
    with pytest.raises(TryAgainError, match="can't connect: Connection refused"):
        await _call(far.url, None)


@pytest.mark.parametrize(
    ("url", "signal", "called"),
    [
        ("https://hc.example/c0ffee", "", "https://hc.example/c0ffee"),
        ("https://hc.example/c0ffee", "/start", "https://hc.example/c0ffee/start"),
        ("https://hc.example/c0ffee/", "/fail", "https://hc.example/c0ffee/fail"),
        ("https://hc.example/ping?key=x&y=z", "/fail", "https://hc.example/ping/fail?key=x&y=z"),
        ("https://hc.example/ping?key=x", "", "https://hc.example/ping?key=x"),
    ],
)
def test_where_it_calls(url, signal, called):
    """The signal stands behind the path, and before what else there is."""
    assert _address(url, signal) == called
