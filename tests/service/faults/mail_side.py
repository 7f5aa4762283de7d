"""A real SMTP server (aiosmtpd) and the mailbox behind it; a letter is known by its Message-ID, if its reader looks."""

import asyncio
import email
import email.policy
import re
from collections.abc import Callable
from email.message import EmailMessage
from types import TracebackType
from typing import Any, Final, Self, cast

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.service.faults.far_sides import Seen, missed_in
from tests.service.faults.hostile import read_html, refused
from tests.service.faults.rude import SMTP as SPEECH

TO: Final = "ops@example.org"
FROM: Final = "watchdog@example.org"
_HEADERS: Final = frozenset({"bcc", "cc", "x-evil", "reply-to"})
"""What nobody has written."""


class MailSide:
    """As `FarSide` says. `now` is the clock of the test, in milliseconds; `letters` are all that were taken, with whom for."""

    name = "email"
    speech = SPEECH
    is_program = False
    never_twice = False
    counts_missed = True

    def __init__(self, now: Callable[[], int]) -> None:
        self.port = 0
        self.letters: list[tuple[list[str], EmailMessage]] = []
        self._now = now
        self._seen: list[Seen] = []
        self._server: asyncio.Server | None = None

    def settings(self, port: int, *, tls: bool, timeout: str) -> dict[str, Any]:
        """As the protocol says."""
        return {"host": "127.0.0.1", "port": port, "tls": "tls" if tls else "none", "from": FROM, "to": [TO], "timeout": timeout}

    async def seen(self) -> list[Seen]:
        """As the protocol says."""
        return list(self._seen)

    async def harmful(self) -> list[str]:
        """As the protocol says: headers are ours, both bodies are text, and nobody is written to who is not to be."""
        found = []
        for recipients, letter in self.letters:
            found += [f"written to {recipients}"] * (recipients != [TO])
            found += [f"header {name}" for name in letter if name.lower() in _HEADERS]
            found += [f"{why} in {name}" for name, value in letter.items() for why in refused(str(value)) + ["line"] * ("\n" in str(value))]
            found += refused(_part(letter, "plain")) + read_html(_part(letter, "html"))[1]
            found += [f"more parts than there are: {letter.get_content_type()}"] * (len(list(letter.walk())) != 3)
        return found

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: SMTP(self, hostname="mail.example.org", loop=loop), "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, cls: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._server is not None  # __aenter__ made it
        self._server.close()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  (the server's name for it)
        """Takes a letter."""
        letter = email.message_from_bytes(cast("bytes", envelope.content), policy=email.policy.default)
        self.letters.append((list(envelope.rcpt_tos), letter))
        text = f"{letter['Subject']}\n{_part(letter, 'plain')}"
        self._seen.append(Seen(letter["Message-ID"], letter["Message-ID"], text, self._now(), missed_in(text)))
        return "250 taken"


def _part(letter: EmailMessage, subtype: str) -> str:
    part = letter.get_body((subtype,))
    return "" if part is None else re.sub(r"\r\n", "\n", str(part.get_content()))
