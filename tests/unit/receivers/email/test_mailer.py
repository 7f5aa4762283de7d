"""Mail against a real SMTP server."""

import asyncio
import json
import socket

import pytest

from tests.patience import PATIENCE
from tests.unit.receivers.dispatches import Memory, dispatch, entry, turn
from tests.unit.receivers.email.smtp_server import CERTIFICATE, USER, SmtpServer
from watchdog.model.notices import NoticeKind
from watchdog.receivers.email.mailer import GOT, Mailer
from watchdog.receivers.receiver import RefusedError, TryAgainError

SENDER, OPS, ADA = "watchdog@example.org", "ops@example.org", "ada@example.org"


@pytest.fixture
async def server():
    """One that takes mail in clear."""
    running = SmtpServer()
    await running.up()
    yield running
    await running.down()


@pytest.fixture
async def serve():
    """Start one with these properties."""
    made = []

    async def start(**properties) -> SmtpServer:
        made.append(SmtpServer(**properties))
        await made[-1].up()
        return made[-1]

    yield start
    for one in made:
        await one.down()


def mailer(server: SmtpServer, *recipients: str, **more) -> Mailer:
    """Who writes there."""
    usual = {"tls": "none", "authority": None, "login": None, "sender": SENDER, "timeout": 30_000}
    return Mailer(more.pop("host", "127.0.0.1"), more.pop("port", server.port), recipients=recipients or (OPS,), **{**usual, **more})


async def refusal(of: Mailer, memory: Memory | None = None, what=None) -> TryAgainError:
    """What an attempt ends with; it shows no address and no password."""
    memory = Memory() if memory is None else memory
    with pytest.raises(TryAgainError) as caught:
        await of.send(what or dispatch(entry(), posted=dict(memory)), memory.keep)
    assert "@" not in caught.value.reason
    assert USER[1] not in caught.value.reason
    return caught.value


async def test_a_letter_arrives(server):
    """For everybody, once; nothing has to be remembered of it."""
    memory = Memory()
    assert await mailer(server, OPS, ADA).send(dispatch(entry()), memory.keep) == "took it"
    assert server.envelopes == [(SENDER, [OPS, ADA])]
    assert server.letters[0]["Message-ID"] == "<d1@example.org>"
    assert memory == {}
    assert "." in server.hello[0]


async def test_what_is_not_worth_a_letter_is_none(server):
    """The next one tells it."""
    await server.down()
    memory = Memory()
    said = await mailer(server).send(dispatch(entry(), notices=(turn(kind=NoticeKind.STAGE, outcome="sent"),)), memory.keep)
    assert (said, memory) == ("nothing that is worth a letter", {})


@pytest.mark.parametrize("how", ["starttls", "tls"])
async def test_over_an_encrypted_connection_with_a_login(serve, how):
    """By STARTTLS or from the beginning, with a certificate that the config trusts."""
    server = await serve(starttls=how == "starttls", tls=how == "tls", wants_login=True)
    writes = mailer(server, tls=how, authority=str(CERTIFICATE), login=USER)
    said = await refusal_or_answer(writes)
    assert said == "took it"
    assert (server.encrypted, server.logins) == ([True], [USER[0]])
    assert await writes.look() == "takes the login"
    assert len(server.letters) == 1


async def refusal_or_answer(writes: Mailer) -> str:
    """What came of an attempt, in words."""
    try:
        return await writes.send(dispatch(entry()), Memory().keep)
    except TryAgainError as error:
        return error.reason


@pytest.mark.parametrize("how", ["starttls", "tls"])
async def test_a_certificate_that_nobody_vouches_for(serve, how):
    """Neither letter nor password goes there."""
    server = await serve(starttls=how == "starttls", tls=how == "tls", wants_login=True)
    error = await refusal(mailer(server, tls=how, login=USER))
    assert error.reason.startswith("its certificate was not accepted: ")
    assert error.untouched
    assert (server.letters, server.logins) == ([], [])


async def test_a_server_without_starttls(server):
    """Nothing is sent in clear instead."""
    error = await refusal(mailer(server, tls="starttls"))
    assert isinstance(error, RefusedError)
    assert error.reason == "it offers no STARTTLS, and nothing is sent in clear; `tls: tls` is the other way"
    assert server.letters == []


async def test_tls_where_there_is_none(server):
    """A plain reason, not a riddle of OpenSSL."""
    error = await refusal(mailer(server, tls="tls"))
    assert error.reason == "no TLS connection came about"
    assert error.untouched


async def test_a_wrong_password(serve):
    """It is said once what is wrong; it is not tried every few seconds until the account is locked."""
    server = await serve(wants_login=True)
    error = await refusal(mailer(server, login=("watchdog", "wrong")))
    assert isinstance(error, RefusedError)
    assert error.reason == "user and password were not accepted (535 5.7.8)"


async def test_a_server_that_wants_no_login(server):
    """A password is not offered to it."""
    error = await refusal(mailer(server, login=USER))
    assert isinstance(error, RefusedError)
    assert error.reason == "it offers no login on this port"


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        ("451 4.3.0 try again later", TryAgainError, "it did not take the letter now (451 4.3.0)"),
        ("421 shutting down", TryAgainError, "it did not take the letter now (421)"),
        ("452 4.3.1 no room", TryAgainError, "it did not take the letter now (452 4.3.1)"),
        ("552 5.3.4 too big", RefusedError, "it did not take the letter (552 5.3.4)"),
        ("554 5.7.1\x1b[31m spam", RefusedError, "it did not take the letter (554)"),
        ("550 no", RefusedError, "it did not take the letter (550)"),
    ],
)
async def test_a_letter_that_is_not_taken(server, answer, kind, reason):
    """4xx passes by itself, 5xx is for a person; it has surely not arrived; afterwards it does."""
    server.answers = [answer]
    error = await refusal(mailer(server))
    assert (type(error), error.reason, error.untouched) == (kind, reason, True)
    assert await mailer(server).send(dispatch(entry()), Memory().keep) == "took it"


async def test_a_sender_that_is_not_wanted(server):
    """What a person has to mend is said with its code."""
    server.senders = {SENDER: ["553 5.7.1 not yours"]}
    error = await refusal(mailer(server))
    assert isinstance(error, RefusedError)
    assert error.reason == "it does not take mail of this sender (553 5.7.1)"


async def test_everybody_is_refused(server):
    """Nothing was sent; what passes by itself decides."""
    server.recipients = {OPS: ["550 5.1.1 nobody"], ADA: ["450 4.2.0 greylisted"]}
    error = await refusal(mailer(server, OPS, ADA))
    assert (type(error), error.reason, error.untouched) == (
        TryAgainError, "it does not take mail for any of these addresses now (450 4.2.0)", True,
    )  # fmt: skip
    server.recipients = {OPS: ["550 5.1.1 nobody"]}
    error = await refusal(mailer(server, OPS))
    assert (type(error), error.reason) == (RefusedError, "it does not take mail for this address (550 5.1.1)")
    assert server.letters == []


async def test_some_are_put_off(server):
    """The others have it, and get no second one when those who were put off get theirs."""
    server.recipients = {ADA: ["450 4.2.0 greylisted", "451 still"]}
    memory, writes = Memory(), mailer(server, OPS, ADA)
    error = await refusal(writes, memory)
    assert (error.reason, error.untouched) == ("it does not take mail for 1 of 2 addresses now (450 4.2.0)", False)
    assert json.loads(memory[GOT]) == ["d1", OPS]
    assert (await refusal(writes, memory)).reason == "it does not take mail for this address now (451)"
    assert await writes.send(dispatch(entry(), posted=dict(memory)), memory.keep) == "took it"
    assert [recipients for _, recipients in server.envelopes] == [[OPS], [ADA]]
    assert len({letter["Message-ID"] for letter in server.letters}) == 1
    await writes.send(dispatch(entry(), id_="d2", posted=dict(memory)), memory.keep)
    assert server.envelopes[-1][1] == [OPS, ADA]


async def test_some_are_refused_for_good(server):
    """It has arrived as far as it ever will; that it has not for everybody is in the answer."""
    server.recipients = {ADA: ["550 5.1.1 nobody"]}
    memory = Memory()
    assert await mailer(server, OPS, ADA).send(dispatch(entry()), memory.keep) == "took it, but not for 1 of 2 addresses (550 5.1.1)"
    assert memory == {}


async def test_it_breaks_off_in_the_middle_of_a_letter(server):
    """Whether it has arrived nobody knows: the very same letter comes again, so that a server may know it by its name."""
    memory = Memory()
    for tears, known in (("data", 0), ("end", 1)):
        server.tears = tears
        error = await refusal(mailer(server), memory)
        assert (error.reason, error.untouched) == (
            "the connection broke while the letter was handed over; whether it has arrived nobody knows", False,
        )  # fmt: skip
        assert len(server.letters) == known
    server.tears = ""
    await mailer(server).send(dispatch(entry(), posted=dict(memory)), memory.keep)
    assert [letter["Message-ID"] for letter in server.letters] == ["<d1@example.org>"] * 2


async def test_nobody_listens(server):
    """A plain reason, and nothing can have arrived."""
    await server.down()
    error = await refusal(mailer(server))
    assert (error.reason, error.untouched) == ("can't connect: Connection refused", True)


async def test_a_host_that_does_not_exist(server, monkeypatch):
    """The same."""

    async def nowhere(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", nowhere)
    error = await refusal(mailer(server, host="no-such-host.invalid"))
    assert (error.reason, error.untouched) == ("its host name can't be resolved", True)


RUDE = {
    "hangs up": (b"", "the connection was closed without an answer"),
    "is no SMTP server": (b"HTTP/1.1 400 Bad Request\r\n\r\n", "no proper answer: not SMTP"),
    "wants nobody": (b"554 5.3.2 no service\r\n", "it does not want to talk (554 5.3.2)"),
    "is closing": (b"421 4.3.2 going down\r\n", "it does not want to talk now (421 4.3.2)"),
    "talks without end": (b"220-" + b"x" * 2_000_000, "no proper answer: not SMTP"),
}


@pytest.mark.parametrize("name", RUDE)
async def test_a_rude_server_is_a_failure(server, name):
    """Whatever comes back: it ends, with a plain reason."""
    data, reason = RUDE[name]

    async def handle(reader, writer):
        try:
            writer.write(data)
            await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    rude = await asyncio.start_server(handle, "127.0.0.1", 0)
    error = await refusal(mailer(server, port=rude.sockets[0].getsockname()[1]))
    assert (error.reason, error.untouched) == (reason, True)
    rude.close()
    await rude.wait_closed()


async def test_a_slow_drip_ends_with_the_timeout(server):
    """A server that answers each command just in time does not hold the receiver longer than one attempt may take."""
    gone = asyncio.Event()

    async def drip(reader, writer):
        try:
            writer.write(b"220 ")
            while not writer.is_closing():
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.01)  # sleeps on purpose: it is the drip
        except ConnectionError:
            pass
        finally:
            gone.set()
            writer.close()

    slow = await asyncio.start_server(drip, "127.0.0.1", 0)
    error = await refusal(mailer(server, port=slow.sockets[0].getsockname()[1], timeout=200))
    assert (error.reason, error.untouched) == ("no answer within 0.2 s", True)
    await asyncio.wait_for(gone.wait(), PATIENCE)
    slow.close()


async def test_a_look_sends_nothing(server):
    """It says whether it answers."""
    assert await mailer(server).look() == "answers"
    await server.down()
    with pytest.raises(TryAgainError, match="can't connect"):
        await mailer(server).look()
    assert server.letters == []
