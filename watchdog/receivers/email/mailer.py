"""
The server that takes letters for others, by SMTP.

The counterpart is a submission server (RFC 6409) or a relay. Command by command, since what has failed tells whether anything can have arrived: until the last line of the letter nothing has. What the server writes beside its codes is for its own people and is not repeated.
"""

import asyncio
import json
import re
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

import aiosmtplib

from watchdog.receivers.certificates import not_accepted, trusting
from watchdog.receivers.email.letter import is_worth_a_letter, letter_of
from watchdog.receivers.mishaps import CLOSED, NO_NAME, NO_TLS, no_answer, no_connection
from watchdog.receivers.receiver import Dispatch, RefusedError, Remember, TryAgainError

GOT: Final = "got"
"""The line that remembers who has a letter already that others have yet to get: the id of its dispatch, and their addresses."""
_FINER: Final = re.compile(r"[45]\.[0-9]{1,3}\.[0-9]{1,3}(?=\s|$)")
_PASSING: Final = 400
_PERMANENT: Final = 500


class Mailer:
    """A receiver that is written to. `tls` is how it is encrypted, as the config has it; `authority` the path of a file of certificates; `timeout` is for one attempt as a whole, in milliseconds."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        tls: str,
        authority: str | None,
        login: tuple[str, str] | None,
        sender: str,
        recipients: Sequence[str],
        timeout: int,
    ) -> None:
        self._host = host
        self._port = port
        self._tls = tls
        self._authority = authority
        self._login = login
        self._sender = sender
        self._recipients = tuple(recipients)
        self._timeout = timeout

    async def send(self, dispatch: Dispatch, remember: Remember) -> str:
        """Returns once the server has the letter for everybody whom it will ever take it for; raises `TryAgainError`."""
        if not any(map(is_worth_a_letter, dispatch.notices)):
            return "nothing that is worth a letter"
        letter = letter_of(dispatch, sender=self._sender, recipients=self._recipients, host=socket.gethostname())
        got = _got(dispatch)
        missing = [one for one in self._recipients if one not in got]
        if not missing:
            return "took it"
        refused = await self._hand_over(letter, missing)
        later = [error for error in refused.values() if error.code < _PERMANENT]
        if later:
            await remember({GOT: json.dumps([dispatch.id, *got, *(one for one in missing if one not in refused)])})
            raise TryAgainError(f"it does not take mail for {len(later)} of {len(self._recipients)} addresses now ({_coded(later[0])})")
        if refused:
            return f"took it, but not for {len(refused)} of {len(self._recipients)} addresses ({_coded(next(iter(refused.values())))})"
        return "took it"

    async def look(self) -> str:
        """Goes as far as the login; sends nothing."""
        try:
            async with asyncio.timeout(self._timeout / 1000), self._connected():
                return "takes the login" if self._login else "answers"
        except TimeoutError as error:
            raise _broken(error, self._timeout) from None

    async def close(self) -> None:
        """A connection lasts for one letter only."""

    async def _hand_over(self, letter: bytes, recipients: Sequence[str]) -> dict[str, aiosmtplib.SMTPRecipientRefused]:
        """Who was refused, with the error; at least one was not. Raises `TryAgainError`."""
        began = False
        try:
            async with asyncio.timeout(self._timeout / 1000), self._connected() as server:
                refused = await self._named(server, recipients)
                began = True
                await server.data(letter)
                with suppress(aiosmtplib.SMTPException, OSError):
                    await server.quit()  # it has the letter: that it does not say good-bye is nothing
                return refused
        except aiosmtplib.SMTPDataError as error:
            raise _refusal("it did not take the letter", error) from None
        except (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPReadTimeoutError, TimeoutError, OSError) as error:
            if began:
                raise TryAgainError("the connection broke while the letter was handed over; whether it has arrived nobody knows") from None
            raise _broken(error, self._timeout) from None
        except aiosmtplib.SMTPException as error:
            raise TryAgainError(f"no proper answer: {type(error).__name__}", untouched=not began) from None

    async def _named(self, server: aiosmtplib.SMTP, recipients: Sequence[str]) -> dict[str, aiosmtplib.SMTPRecipientRefused]:
        refused: dict[str, aiosmtplib.SMTPRecipientRefused] = {}
        try:
            await server.mail(self._sender)
        except aiosmtplib.SMTPSenderRefused as error:
            raise _refusal("it does not take mail of this sender", error) from None
        for one in recipients:
            try:
                await server.rcpt(one)
            except aiosmtplib.SMTPRecipientRefused as error:
                refused[one] = error
        if len(refused) == len(recipients):
            # One that passes by itself decides: greylisting says no to everybody at first.
            first = min(refused.values(), key=lambda error: error.code)
            raise _refusal("it does not take mail for " + ("this address" if len(recipients) == 1 else "any of these addresses"), first)
        return refused

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[aiosmtplib.SMTP]:
        """A connection on which mail may be handed over. Raises `TryAgainError`: nothing can have arrived then."""
        tls = None if self._tls == "none" else await asyncio.to_thread(_context, self._authority)
        server = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            local_hostname=_own_name(self._sender),
            timeout=self._timeout / 1000,
            use_tls=self._tls == "tls",
            # Done below, where it can be told apart what went wrong.
            start_tls=False,
            tls_context=tls,
        )
        try:
            await self._greet(server)
            yield server
        finally:
            server.close()

    async def _greet(self, server: aiosmtplib.SMTP) -> None:
        try:
            await server.connect()
            await server.ehlo()
            if self._tls == "starttls":
                if not server.supports_extension("starttls"):
                    raise RefusedError("it offers no STARTTLS, and nothing is sent in clear; `tls: tls` is the other way", untouched=True)
                await server.starttls()
                await server.ehlo()
            if self._login is not None:
                if not server.supports_extension("auth"):
                    raise RefusedError("it offers no login on this port", untouched=True)
                await server.login(*self._login)
        except aiosmtplib.SMTPAuthenticationError as error:
            raise _refusal("user and password were not accepted", error) from None
        except aiosmtplib.SMTPResponseException as error:
            raise _refusal("it does not want to talk", error) from None
        except (aiosmtplib.SMTPConnectError, aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPTimeoutError, OSError) as error:
            raise _broken(error, self._timeout) from None
        except aiosmtplib.SMTPException as error:
            raise RefusedError(f"it offers no login that is known here ({type(error).__name__})", untouched=True) from None


def _got(dispatch: Dispatch) -> list[str]:
    line: list[str] = json.loads(dispatch.posted.get(GOT, "[]"))
    return line[1:] if line[:1] == [dispatch.id] else []


def _context(authority: str | None) -> ssl.SSLContext:
    return trusting(authority) or ssl.create_default_context()


def _own_name(sender: str) -> str:
    """What we call ourselves: servers want a name with a point in it, and looking one up can take long."""
    name = socket.gethostname()
    return name if "." in name and name.isascii() else sender.rpartition("@")[2]


def _refusal(what: str, error: aiosmtplib.SMTPResponseException) -> TryAgainError:
    """5xx is for a person to mend, 4xx passes by itself; in both cases it has taken nothing."""
    if _PERMANENT <= error.code < _PERMANENT + 100:
        return RefusedError(f"{what} ({_coded(error)})", untouched=True)
    if _PASSING <= error.code < _PERMANENT:
        return TryAgainError(f"{what} now ({_coded(error)})", untouched=True)
    return TryAgainError("no proper answer: not SMTP", untouched=True)


def _coded(error: aiosmtplib.SMTPResponseException) -> str:
    """Its code, and the finer one of RFC 3463 where there is one."""
    finer = _FINER.match(error.message)
    return f"{error.code} {finer[0]}" if finer else str(error.code)


def _broken(error: BaseException, timeout: int) -> TryAgainError:
    """What has kept a connection from coming about, or has ended it, before anything was handed over."""
    cause = error.__cause__ if isinstance(error, aiosmtplib.SMTPConnectError) and error.__cause__ is not None else error
    return TryAgainError(_in_words(cause, timeout), untouched=True)


def _in_words(cause: BaseException, timeout: int) -> str:
    match cause:
        case ssl.SSLCertVerificationError():
            return not_accepted(cause)
        case ssl.SSLError():
            return NO_TLS
        case socket.gaierror():
            return NO_NAME
        case TimeoutError():
            return no_answer(timeout)
        case aiosmtplib.SMTPServerDisconnected():
            return CLOSED
        case OSError() if cause.errno:
            return no_connection(cause)
        case _:
            return "can't connect"
