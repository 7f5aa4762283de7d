"""What other servers publish of whom they block, asked of servers that behave, and of servers that don't."""

import asyncio
import gc
import ssl
import tracemalloc

import pytest
from aiohttp import web

from tests.service.faults.certificates import Certificates, Shown
from tests.service.mastodon_standin.strangers import PATH, Names, Stranger, answers, entry, says
from watchdog import __version__
from watchdog.mastodon.asking_peers import NotPublishedError, PeerAsker, PeerError
from watchdog.mastodon.public_address import is_public
from watchdog.mastodon.published_blocks import Us

HOST = "other.peers.example"
PUBLIC = "8.8.8.8"


def is_ours(address: str) -> bool:
    """The servers of these tests count as public, nothing else of this machine does."""
    return address == "127.0.0.1" or is_public(address)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> Certificates:
    """Of an authority that the asker trusts, for every name under `peers.example`."""
    return Certificates(tmp_path_factory.mktemp("certificates"), "DNS:*.peers.example")


@pytest.fixture
async def stranger(certificates):
    """A server with a good certificate that publishes an empty list."""
    async with Stranger(certificates.context(Shown.GOOD), []) as server:
        yield server


@pytest.fixture
def names(stranger) -> Names:
    """By which the server is found."""
    names = Names()
    names.say(HOST, ("127.0.0.1", stranger.port))
    return names


@pytest.fixture
def asker(names, certificates):
    """Makes askers that know these names."""

    def make(**how) -> PeerAsker:
        tls = ssl.create_default_context(cafile=certificates.authority)
        return PeerAsker("social.example.org", resolver=names, tls=tls, **{"may_reach": is_ours, **how})

    return make


async def why(asker: PeerAsker, host: str = HOST) -> str:
    """What is said of the try."""
    with pytest.raises(PeerError) as caught:
        await asker.blocks_of(host)
    assert "hunter2" not in str(caught.value)
    return str(caught.value)


async def test_we_are_on_its_list(stranger, asker):
    """Although it is obfuscated; and the server hears in whose name it is asked, and by what."""
    stranger.published = [entry("bad.example"), entry("social.example.org", "silence", obfuscate=True)]
    body = await asker().blocks_of(HOST)
    assert Us(["social.example.org"]).blocked_by(body) == "silence"
    [(method, path, headers)] = stranger.seen
    assert (method, path, headers["host"]) == ("GET", PATH, HOST)
    assert headers["user-agent"] == f"sidekiq-watchdog/{__version__} (+https://social.example.org/)"
    assert headers.keys() - {"connection"} == {"host", "user-agent", "accept", "accept-encoding"}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 422])
async def test_it_publishes_nothing(stranger, asker, status):
    """Which Mastodon says by 404, others by other words of theirs."""
    stranger.instead = answers(status)
    with pytest.raises(NotPublishedError, match=f"answered {status}"):
        await asker().blocks_of(HOST)


@pytest.mark.parametrize("status", [204, 206, 304, 408, 429, 500, 502, 503, 521])
async def test_it_could_not_be_found_out(stranger, asker, status):
    """Today: another time it may."""
    stranger.instead = answers(status)
    with pytest.raises(PeerError, match=f"answered {status}") as caught:
        await asker().blocks_of(HOST)
    assert not isinstance(caught.value, NotPublishedError)


async def test_redirects_are_followed_twice(stranger, names, asker):
    """As from a domain to the name that browsers use; no further."""
    names.say("www.peers.example", ("127.0.0.1", stranger.port))
    names.say("third.peers.example", ("127.0.0.1", stranger.port))
    hops = {HOST: "www.peers.example", "www.peers.example": "third.peers.example"}

    async def on(request) -> web.Response:
        if (there := hops.get(request.host)) is None:
            return web.Response(text="[]")
        return web.Response(status=301, headers={"location": f"https://{there}{PATH}"})

    stranger.instead = on
    assert await asker().blocks_of(HOST) == b"[]"
    hops["third.peers.example"] = HOST
    assert await why(asker()) == "it redirects more than 2 times"
    assert len(stranger.seen) == 6


@pytest.mark.parametrize(
    "location",
    [
        "http://www.peers.example/", "https://127.0.0.1/", "https://[::1]/", "https://127.0.0.1:{port}/", "https://2130706433/", "https://0x7f.1/", "https://127.1/", "https://localhost/", "https://[::ffff:127.0.0.1]/",
        "https://169.254.169.254/latest/meta-data/", "https://www.peers.example:8443/", "https://me:hunter2@www.peers.example/", "file:///etc/passwd", "gopher://www.peers.example/", "", "https://[", "https://www.peers.example:hunter2/", "//127.0.0.1/",
    ],
)  # fmt: skip
async def test_a_redirect_to_where_nobody_should_be_sent(stranger, names, asker, location):
    """Addresses, other ports, other schemes, passwords: not even the name is looked up."""
    stranger.instead = answers(302, location=location.format(port=stranger.port))
    assert await why(asker()) == "it redirects to where nobody should be sent"
    assert (len(stranger.seen), names.asked) == (1, [HOST])


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "127.0.0.2", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "::1", "fe80::1", "fd00::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "ff02::1"]
)  # fmt: skip
async def test_a_name_that_stands_for_an_address_of_ours(stranger, names, asker, address):
    """At the first question or behind a redirect, alone or beside a public one: nothing is connected to."""
    names.say("inside.peers.example", (address, stranger.port))
    assert await why(asker(), "inside.peers.example") == "its address is not a public one"
    stranger.instead = answers(302, location=f"https://inside.peers.example{PATH}")
    assert await why(asker()) == "its address is not a public one"
    names.say("both.peers.example", [(PUBLIC, 443), (address, stranger.port)])
    assert await why(asker(), "both.peers.example") == "its address is not a public one"
    assert len(stranger.seen) == 1


async def test_a_name_that_changes_its_mind(stranger, names, asker):
    """It is looked up once, and that answer is both judged and used; the next request looks it up anew, and judges anew."""
    names.say("fickle.peers.example", ("127.0.0.1", stranger.port), ("127.0.0.2", stranger.port))
    assert await asker().blocks_of("fickle.peers.example") == b"[]"
    assert names.asked == ["fickle.peers.example"]
    assert await why(asker(), "fickle.peers.example") == "its address is not a public one"


async def test_an_address_is_judged_where_its_socket_is_made(stranger, names, asker):
    """Whatever came before: the last gate alone keeps a connection from being made."""
    judged = []

    def once(address: str) -> bool:
        judged.append(address)
        return len(judged) == 1

    assert await why(asker(may_reach=once)) == "its address is not a public one"
    assert (judged, stranger.seen) == (["127.0.0.1", "127.0.0.1"], [])


async def test_a_server_of_this_machine_is_refused_by_itself(asker):
    """Without the leave that these tests give."""
    assert await why(asker(may_reach=is_public)) == "its address is not a public one"


async def test_a_host_of_whom_nothing_is_known(asker):
    """Its name stands for nothing."""
    assert await why(asker(), "gone.peers.example") == "its host name can't be resolved"


async def test_nobody_listens(names, asker):
    """Nor does the error show where."""
    names.say("down.peers.example", ("127.0.0.1", 9))
    said = await why(asker(), "down.peers.example")
    assert said == "no connection: Connection refused"


@pytest.mark.parametrize("shown", [Shown.STRANGE, Shown.EXPIRED, Shown.MISNAMED])
async def test_a_certificate_that_is_not_accepted(certificates, names, asker, shown):
    """Of whoever is on the way, or of a server that has forgotten to renew it: nothing is asked."""
    async with Stranger(certificates.context(shown), []) as server:
        names.say(HOST, ("127.0.0.1", server.port))
        assert await why(asker()) == "its certificate is not accepted"
        assert server.seen == []


async def test_a_server_without_tls(names, asker):
    """That speaks something else on that port."""

    async def serve(_reader, writer) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n[]")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        names.say(HOST, server.sockets[0].getsockname()[:2])
        assert await why(asker()) == "no TLS connection came about"


async def test_fifty_megabytes(stranger, asker):
    """The connection is cut once there is more than anybody needs, and never is much more than that held."""
    stranger.instead = stranger.sends(50_000_000)
    gc.collect()
    tracemalloc.start()
    try:
        assert await why(asker()) == "its answer is longer than 5,000,000 bytes"
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Both sides live in this process: five megabytes of a body that grows, and what lies in buffers.
    assert most < 20_000_000
    assert stranger.sent < 20_000_000


async def test_a_body_that_is_said_to_be_small_and_packed(stranger, asker):
    """What unpacks to gigabytes is not unpacked."""
    stranger.instead = answers(200, content_encoding="gzip")
    assert await why(asker()) == "its answer is packed, although that was not wanted"


async def test_a_trickle(stranger, asker):
    """Byte after byte, for ever: the whole has its time, however lively it is."""
    stranger.instead = stranger.sends(10_000, pause=0.01)
    assert await why(asker(within=0.5)) == "no answer within 0.5 s"


async def test_silence(stranger, asker):
    """After the connection was taken."""

    async def hang(_request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    stranger.instead = hang
    assert await why(asker(within=0.5)) == "no answer within 0.5 s"


@pytest.mark.parametrize(
    "raw",
    [b"", b"hunter2\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n["],
    ids=["nothing", "nonsense", "headers", "cut"],
)
async def test_what_is_no_http(certificates, names, asker, raw):
    """Or ends before it should."""

    async def serve(reader, writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=certificates.context(Shown.GOOD))
    async with server:
        names.say(HOST, server.sockets[0].getsockname()[:2])
        assert (await why(asker())).startswith("no proper answer: ")


async def test_an_answer_that_is_no_list(stranger, asker):
    """It is given on as it is, and judged elsewhere."""
    stranger.instead = says(b"\x00hunter2")
    assert await asker().blocks_of(HOST) == b"\x00hunter2"


async def test_a_proxy_of_the_environment_is_not_used(stranger, asker, monkeypatch):
    """It would look names up by itself, where nobody judges what it finds."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert await asker().blocks_of(HOST) == b"[]"
