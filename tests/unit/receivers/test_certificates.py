"""What is said of a certificate that was not accepted."""

import asyncio
import ssl
from pathlib import Path

import pytest

from watchdog.receivers.certificates import not_accepted, trusting
from watchdog.receivers.receiver import RefusedError

CERTIFICATE = Path(__file__).with_name("self-signed.pem")


@pytest.fixture
async def server():
    """Shows that certificate, which is for no name at all that a test asks for; its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    running = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    yield running.sockets[0].getsockname()[1]
    running.close()
    await running.wait_closed()


async def refused(port: int, context: ssl.SSLContext) -> Exception:
    """What OpenSSL says of it, asked for by a name that is a secret."""
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="topsecret.example.org")
    return caught.value


async def test_a_wrong_name_is_not_repeated(server):
    """Whoever is reached shows one for another name: that is said, and neither of the names."""
    context = trusting(str(CERTIFICATE))
    assert context is not None
    error = await refused(server, context)
    assert "topsecret" in str(error)
    assert not_accepted(error) == "its certificate was not accepted: it is for another name"


async def test_nobody_vouches_for_it(server):
    """The reason alone, without what a library puts around it."""
    assert not_accepted(await refused(server, ssl.create_default_context())) in {
        "its certificate was not accepted: self-signed certificate",
        "its certificate was not accepted: self signed certificate",
    }


def test_what_is_none():
    """It can't be read."""
    assert not_accepted(ValueError("topsecret")) == "its certificate was not accepted: it can't be read"


def test_without_a_file_the_machine_decides(tmp_path):
    """A file that is not there is refused with what to do."""
    assert trusting(None) is None
    with pytest.raises(RefusedError, match="No such file or directory; it must be a file in PEM"):
        trusting(str(tmp_path / "ca.pem"))
