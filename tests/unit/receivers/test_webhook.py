"""The webhook against a real HTTP server."""

import asyncio
import base64
import hashlib
import hmac
import json
import socket
import ssl
from pathlib import Path

import pytest
from aiohttp import web

import watchdog
from tests.patience import PATIENCE
from watchdog.model.cards import Card
from watchdog.model.notices import NoticeKind
from watchdog.receivers.folding import fold
from watchdog.receivers.receiver import Dispatch, RefusedError, TryAgainError
from watchdog.receivers.webhook import Webhook


@pytest.fixture
async def hook(endpoint, clock):
    """A signing webhook on that server."""
    receiver = Webhook(endpoint.url, secret="whsec_" + base64.b64encode(b"k" * 32).decode(), timeout=30_000, clock=clock)
    yield receiver
    await receiver.close()


async def forget(_lines):
    """Nothing is remembered."""


def dispatch_of(*notices, **fields):
    """One with these notices."""
    card = fold(Card(group="a"), notices)
    return Dispatch(id="d1", group="a", card=card, notices=notices, **fields)


async def tell(hook, *notices, **fields):
    """A dispatch of these notices."""
    return await hook.send(dispatch_of(*notices, **fields), forget)


async def refusal(hook, notice):
    """What the attempt ends with."""
    with pytest.raises(TryAgainError) as caught:
        await tell(hook, notice)
    assert "topsecret" not in str(caught.value)
    return caught.value


async def test_a_notice_is_posted(endpoint, hook, notice):
    """The body is JSON with kind, time and everything the notice says; the headers are those of Standard Webhooks."""
    await tell(hook, notice("412.0", "incident-7", rule="stuck-job", target="host/unit", stage="TERM", outcome="sent", reason="zu spät"))
    headers, body = endpoint.requests.get_nowait()
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"] == f"sidekiq-watchdog/{watchdog.__version__}"
    assert headers["webhook-id"] == "412.0"
    assert headers["webhook-timestamp"] == "1700000000"
    assert json.loads(body) == {
        "type": "action.stage",
        "timestamp": "2023-11-14T22:13:19.123Z",
        "data": {
            "id": "412.0", "thread": "incident-7", "severity": "critical", "title": "title of 412.0", "rule": "stuck-job", "entity": "", "target": "host/unit",
            "decision": "", "guard": "", "reason": "zu spät", "action": "", "stage": "TERM", "outcome": "sent", "approval": "",
            "group": "incident-7", "since": "", "host": "", "condition": "", "seen": [], "plan": [], "next": "", "jobs": "", "by": "", "runbook": "", "labels": {}, "page": "", "missed": 0, "goes_on": [],
        },
    }  # fmt: skip


async def test_the_signature_is_over_what_was_sent(endpoint, hook, notice):
    """A receiver that knows the secret verifies id, timestamp and the very bytes of the body."""
    await tell(hook, notice("412.0"))
    headers, body = endpoint.requests.get_nowait()
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(b"k" * 32, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


async def test_a_retry_keeps_its_id_and_moves_its_timestamp(endpoint, hook, notice, clock):
    """The id says that it is the same message, the timestamp when this attempt was made; the signature follows it."""
    await tell(hook, notice("1"))
    clock.now += 60_000
    await tell(hook, notice("1"))
    (first, body), (second, again) = endpoint.requests.get_nowait(), endpoint.requests.get_nowait()
    assert first["webhook-id"] == second["webhook-id"]
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 60
    assert first["webhook-signature"] != second["webhook-signature"]
    assert body == again


async def test_without_a_secret_nothing_is_signed(endpoint, clock, notice):
    """No secret, no signature header; id and timestamp are there all the same."""
    receiver = Webhook(endpoint.url, secret=None, timeout=30_000, clock=clock)
    await tell(receiver, notice("1"))
    await receiver.close()
    headers, _ = endpoint.requests.get_nowait()
    assert "webhook-signature" not in headers
    assert headers["webhook-id"] == "1"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, None), (201, None), (204, None), (299, None),
        (408, TryAgainError), (425, TryAgainError), (429, TryAgainError), (500, TryAgainError), (502, TryAgainError), (503, TryAgainError), (599, TryAgainError),
        (304, RefusedError), (400, RefusedError), (401, RefusedError), (404, RefusedError), (410, RefusedError), (413, RefusedError),
    ],
)  # fmt: skip
async def test_only_success_is_success(endpoint, hook, notice, status, kind):
    """2xx is success; what passes by itself is tried again soon, what a person has to mend seldom; the reason names the status."""
    endpoint.answers = [status]
    if kind is None:
        await tell(hook, notice("1"))
        return
    error = await refusal(hook, notice("1"))
    assert type(error) is kind
    assert error.reason.startswith(f"answered {status}")
    assert error.after is None


async def test_retry_after_is_handed_on(endpoint, hook, notice):
    """What the server asks for comes with the failure, in milliseconds."""

    async def busy(request):
        return web.Response(status=429, headers={"Retry-After": "17"})

    endpoint.answers = [busy]
    assert (await refusal(hook, notice("1"))).after == 17_000


async def test_a_redirect_is_not_followed(endpoint, hook, notice):
    """A signed message goes where the operator sent it, and nowhere else."""

    async def elsewhere(request):
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    endpoint.answers = [elsewhere]
    error = await refusal(hook, notice("1"))
    assert isinstance(error, RefusedError)
    assert "redirects are not followed" in error.reason
    assert endpoint.requests.qsize() == 1


async def test_nobody_listens(endpoint, hook, notice):
    """A refused connection is a failure with a plain reason."""
    await endpoint.down()
    assert (await refusal(hook, notice("1"))).reason == "can't connect: Connection refused"


async def test_an_endless_answer_is_not_read(endpoint, hook, notice):
    """A server that answers without end has answered; the connection is closed on it after next to nothing."""
    sent, closed = [], asyncio.Event()

    async def endless(request):
        response = web.StreamResponse(status=200)
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 65_536)
                sent.append(65_536)
        finally:
            closed.set()

    endpoint.answers = [endless]
    await tell(hook, notice("1"))
    await asyncio.wait_for(closed.wait(), PATIENCE)
    assert sum(sent) < 32_000_000


async def serve_raw(answer):
    """A server that is none: whatever is asked, `answer` writes."""

    async def handle(reader, writer):
        try:
            await reader.readuntil(b"\r\n\r\n")
            await answer(writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    return await asyncio.start_server(handle, "127.0.0.1", 0)


RUDE = {
    "hangs up": (b"", "the connection was closed without an answer"),
    "is no HTTP server": (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "no proper answer"),
    "sends a header without end": (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", "no proper answer"),
    "stops in the middle of a header": (b"HTTP/1.1 200 OK\r\nX-Half", "the connection was closed without an answer"),
}


@pytest.mark.parametrize("name", RUDE)
async def test_a_rude_server_is_a_failure(clock, notice, name):
    """Whatever comes back that is no answer is a failure that says so, and tells no address."""
    data, reason = RUDE[name]

    async def answer(writer):
        writer.write(data)
        await writer.drain()

    server = await serve_raw(answer)
    hook = Webhook(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/?token=topsecret", secret=None, timeout=30_000, clock=clock)
    error = await refusal(hook, notice("1"))
    assert error.reason.startswith(reason)
    await hook.close()
    server.close()


async def test_a_slow_drip_ends_with_the_timeout(clock, notice):
    """A server that sends a byte now and then does not hold the receiver longer than the timeout of the whole attempt."""
    gone = asyncio.Event()

    async def drip(writer):
        try:
            writer.write(b"HTTP/1.1 200 OK\r\nX: ")
            while not writer.is_closing():
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.01)  # sleeps on purpose: it is the drip
        finally:
            gone.set()

    server = await serve_raw(drip)
    hook = Webhook(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", secret=None, timeout=100, clock=clock)
    assert (await refusal(hook, notice("1"))).reason == "no answer within 0.1 s"
    await asyncio.wait_for(gone.wait(), PATIENCE)
    await hook.close()
    server.close()


async def test_a_host_that_does_not_exist(clock, notice, monkeypatch):
    """A name that can't be resolved is a failure with a plain reason."""

    async def nowhere(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", nowhere)
    hook = Webhook("http://no-such-host.invalid/hook?token=topsecret", secret=None, timeout=30_000, clock=clock)
    assert (await refusal(hook, notice("1"))).reason == "its host name can't be resolved"
    await hook.close()


async def test_a_certificate_that_nobody_vouches_for(clock, notice):
    """A certificate that can't be verified is a failure that says so: nothing is sent to a stranger."""
    heard = []

    async def listen(reader, writer):
        heard.append(await reader.read())
        writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(__file__).with_name("self-signed.pem"))
    server = await asyncio.start_server(listen, "127.0.0.1", 0, ssl=context)
    hook = Webhook(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/?token=topsecret", secret=None, timeout=30_000, clock=clock)
    assert (await refusal(hook, notice("1"))).reason.startswith("its certificate was not accepted: ")
    assert not any(heard)
    await hook.close()
    server.close()


async def test_https_where_there_is_only_http(endpoint, clock, notice):
    """A server that speaks no TLS where the address says so is a failure with a plain reason."""
    hook = Webhook(endpoint.url.replace("http:", "https:"), secret=None, timeout=30_000, clock=clock)
    assert (await refusal(hook, notice("1"))).reason == "no TLS connection came about"
    await hook.close()


async def test_closing_without_having_sent(clock):
    """A receiver that never sent anything closes as well, also twice."""
    hook = Webhook("http://127.0.0.1:9/", secret=None, timeout=1, clock=clock)
    await hook.close()
    await hook.close()


async def test_what_is_known_of_it_is_in_the_body(endpoint, hook, notice):
    """Since when, where, why, what comes next; with the first of a dispatch how many before it were left out, with the last what goes on by then."""
    full = notice(
        "1", "a", group="g", since=1_699_999_990_000, host="web1", condition="job.elapsed > 10m", seen=("job.elapsed = 12m",), plan=("TERM",), next="KILL in 20 s",
        jobs="12 put back", by="ada", runbook="https://example.org/r", labels={"team": "ops"},
    )  # fmt: skip
    await tell(hook, full, notice("2", "a", title="nothing moves"), notice("3", "b", kind=NoticeKind.RESOLVED), missed=7)
    data, second = (json.loads(endpoint.requests.get_nowait()[1])["data"] for _ in range(2))
    assert {name: data[name] for name in ("group", "since", "host", "condition", "seen", "plan", "next", "jobs", "by", "runbook", "labels", "missed")} == {
        "group": "g", "since": "2023-11-14T22:13:10.000Z", "host": "web1", "condition": "job.elapsed > 10m", "seen": ["job.elapsed = 12m"], "plan": ["TERM"],
        "next": "KILL in 20 s", "jobs": "12 put back", "by": "ada", "runbook": "https://example.org/r", "labels": {"team": "ops"}, "missed": 7,
    }  # fmt: skip
    assert (second["missed"], second["goes_on"]) == (0, [])
    last = json.loads(endpoint.requests.get_nowait()[1])["data"]
    assert (last["missed"], last["goes_on"]) == (0, ["critical title of 1"])


async def test_a_dispatch_goes_on_behind_what_has_arrived(endpoint, hook, notice):
    """Of three notices the second is refused: the first is remembered at once, and the next attempt begins with the second. That the dispatch has arrived in part is said."""
    posted = {}

    async def remember(lines):
        posted.update(lines)

    notices = (notice("1", "a"), notice("2", "b"), notice("3", "c"))
    endpoint.answers = [200, 429]
    with pytest.raises(TryAgainError) as caught:
        await hook.send(dispatch_of(*notices), remember)
    assert not caught.value.untouched
    assert posted == {"last": "1"}
    answer = await hook.send(dispatch_of(*notices, posted=posted), remember)
    assert answer == "answered 200 OK"
    assert [endpoint.requests.get_nowait()[0]["webhook-id"] for _ in range(4)] == ["1", "2", "2", "3"]
    assert endpoint.requests.empty()


@pytest.mark.parametrize(("status", "untouched"), [(500, False), (503, False), (429, True), (400, True), (302, True)])
async def test_whether_anything_arrived_is_said(endpoint, hook, notice, status, untouched):
    """A server that fails may have taken it; one that is too busy or says no has not, and neither has one that nobody could reach."""
    endpoint.answers = [status]
    assert (await refusal(hook, notice("1"))).untouched is untouched
    await endpoint.down()
    assert (await refusal(hook, notice("1"))).untouched is True


async def test_of_a_text_what_fits_is_in_the_body(endpoint, hook, notice):
    """What to do is cut at a line; an address never is."""
    await tell(hook, notice("1", runbook="\n".join(["x" * 99] * 20)))
    assert json.loads(endpoint.requests.get_nowait()[1])["data"]["runbook"] == "\n".join(["x" * 99] * 6) + "\n…"
