"""A real SMTP server (aiosmtpd) on the loopback, in the loop of the test, that refuses and breaks off what it is told to."""

import asyncio
import ssl
import warnings
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from typing import Any, Final

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

CERTIFICATE: Final = Path(__file__).parents[1] / "self-signed.pem"
USER: Final = ("watchdog", "s3cret")


class SmtpServer:
    """Takes mail for everybody. `answers` are given one a letter in place of `250 OK`, `senders`, `recipients` in place of it for an address; `tears` is what it breaks off at: `data` in the middle of a letter, `end` once it has all of it and before it says so."""

    def __init__(self, *, starttls: bool = False, tls: bool = False, wants_login: bool = False) -> None:
        self.letters: list[EmailMessage] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self.logins: list[str] = []
        self.encrypted: list[bool] = []
        self.hello: list[str] = []
        self.answers: list[str] = []
        self.senders: dict[str, list[str]] = {}
        self.recipients: dict[str, list[str]] = {}
        self.tears = ""
        self.port = 0
        self._starttls = starttls
        self._tls = tls
        self._wants_login = wants_login
        self._server: asyncio.Server | None = None

    async def up(self) -> None:
        """Starts to listen, on the same port as before."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        loop = asyncio.get_running_loop()

        def protocol() -> SMTP:
            with warnings.catch_warnings():
                # It warns of a login without encryption: here that is what is tested.
                warnings.simplefilter("ignore")
                return _Torn(
                    self,
                    hostname="mail.example.org",
                    loop=loop,
                    tls_context=context if self._starttls else None,
                    require_starttls=self._starttls,
                    auth_required=self._wants_login,
                    auth_require_tls=not self._wants_login,
                    authenticator=self._authenticate if self._wants_login else None,
                )

        self._server = await loop.create_server(protocol, "127.0.0.1", self.port, ssl=context if self._tls else None)
        self.port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        """Refuses connections from now on."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802  (aiosmtpd's name)
        answer = _next(self.senders, address)
        if answer == "250 OK":
            envelope.mail_from = address
        return answer

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802
        answer = _next(self.recipients, address)
        if answer == "250 OK":
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer.startswith("250"):
            self.letters.append(BytesParser(policy=default).parsebytes(envelope.content))  # type: ignore[arg-type]
            self.envelopes.append((str(envelope.mail_from), list(envelope.rcpt_tos)))
            self.encrypted.append(session.ssl is not None or self._tls)
            self.hello.append(str(session.host_name))
        if self.tears == "end":
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return answer

    def _authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        if isinstance(data, LoginPassword):
            self.logins.append(data.login.decode())
            return AuthResult(success=(data.login.decode(), data.password.decode()) == USER, handled=False)
        return AuthResult(success=False, handled=False)


class _Torn(SMTP):
    def __init__(self, owner: SmtpServer, **settings: Any) -> None:
        super().__init__(owner, **settings)
        self._owner = owner

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        if self._owner.tears != "data":
            await super().smtp_DATA(arg)
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        await self._reader.readline()
        assert isinstance(self.transport, asyncio.Transport)
        self.transport.abort()


def _next(answers: dict[str, list[str]], address: str) -> str:
    return answers[address].pop(0) if answers.get(address) else "250 OK"
