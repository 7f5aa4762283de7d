"""
From a dispatch to a letter, the same bytes at every attempt. Pure.

A letter can't be changed once it is sent. So not every turn of a story is one: what a person should know is written, with how all of it stands and what happened since the last; the stages on the way are in that.
"""

import re
from datetime import UTC, datetime
from email.charset import QP, Charset
from email.header import Header
from email.message import Message as Letter
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import format_datetime
from typing import Any, Final

from watchdog.engine.withholding import ALARMS
from watchdog.lang.harmless import harmless
from watchdog.model.notices import ALONE, Notice, NoticeKind, Severity
from watchdog.model.verdicts import Decision
from watchdog.receivers.message.headers import header
from watchdog.receivers.message.html import html_of, quoted
from watchdog.receivers.message.message import Message
from watchdog.receivers.message.plain import plain_of
from watchdog.receivers.message.words import line_of, message_of
from watchdog.receivers.receiver import Dispatch

NAME: Final = "sidekiq-watchdog"
_POLICY: Final = compat32.clone(linesep="\r\n", mangle_from_=False)
_NOT_IN_AN_ID: Final = re.compile(r"[^A-Za-z0-9._-]")
_HTML: Final = (
    '<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{title}</title></head>\n<body>\n{body}\n</body>\n</html>\n'
)


def is_worth_a_letter(notice: Notice) -> bool:
    """Whether somebody should be written to because of it."""
    match notice.kind:
        case NoticeKind.STAGE:
            return bool(notice.approval) or notice.outcome in ALARMS
        case NoticeKind.DECIDED:
            return bool(notice.approval) or notice.decision != Decision.ALLOW
        case NoticeKind.ACKNOWLEDGED:
            return False
        case _:
            return True


def letter_of(dispatch: Dispatch, *, sender: str, recipients: tuple[str, ...], host: str) -> bytes:
    """The letter that a dispatch is, in ASCII, with CRLF; `host` is the machine that it comes from."""
    message = message_of(dispatch.card, missed=dispatch.missed)
    # What is chosen at random would be another letter at the next attempt; quoted-printable can't hold this one.
    letter: Letter[str, Any] = MIMEMultipart("alternative", boundary=f"=_{_plain(dispatch.id)}")
    letter["From"] = f"{NAME} <{sender}>"
    letter["To"] = ", ".join(recipients)
    letter["Subject"] = _header("Subject", message.headline)
    letter["Date"] = format_datetime(datetime.fromtimestamp(max(notice.at for notice in dispatch.notices) // 1000, UTC))
    letter["Message-ID"] = message_id(dispatch, sender)
    letter["In-Reply-To"] = letter["References"] = thread_id(dispatch, sender, host)
    # Nobody's holiday shall be told to the watchdog (RFC 3834; the second is Exchange's word for it).
    letter["Auto-Submitted"] = "auto-generated"
    letter["X-Auto-Response-Suppress"] = "All"
    if message.severity is Severity.CRITICAL and not message.is_over:
        letter["Importance"] = "high"
    letter["X-Watchdog-Severity"] = message.severity.value
    letter["X-Watchdog-State"] = "over" if message.is_over else "open"
    rules = dict.fromkeys(entry.rule for entry in dispatch.card.entries if entry.rule)
    letter["X-Watchdog-Rule"] = _header("X-Watchdog-Rule", ", ".join(rules) or "-")
    # What stands for itself has been said by then.
    lines = [line_of(notice) for notice in dispatch.notices if notice.kind not in ALONE]
    letter.attach(_part(_text(message, lines), "plain"))
    letter.attach(_part(_html(message, lines), "html"))
    return letter.as_bytes(policy=_POLICY)


def message_id(dispatch: Dispatch, sender: str) -> str:
    """Unique in the world, and the same at every attempt."""
    return f"<{_plain(dispatch.id)}@{_domain(sender)}>"


def thread_id(dispatch: Dispatch, sender: str, host: str) -> str:
    """
    That of a letter that was never written, which all of a group answer: so they are one thread.

    Nothing has to be remembered for it, and nothing is torn where the first of them was lost.
    """
    return f"<{_plain(dispatch.group)}.{_plain(host)}@{_domain(sender)}>"


def _header(name: str, text: str) -> Header | str:
    safe = header(text)
    # What a filter looks for stands there as it is. The rest not by `email.policy`: Python 3.11 parts adjacent encoded words in their middle.
    return safe if safe.isascii() else Header(safe, "utf-8", header_name=name)


def _part(text: str, subtype: str) -> MIMEText:
    charset = Charset("utf-8")
    charset.body_encoding = QP
    return MIMEText(text, subtype, charset)  # type: ignore[arg-type]  # it takes one, whatever typeshed says


def _plain(name: str) -> str:
    return _NOT_IN_AN_ID.sub("-", name)[:60]


def _domain(sender: str) -> str:
    return sender.rpartition("@")[2]


def _text(message: Message, lines: list[str]) -> str:
    happened = "".join(f"  {line}\n" for line in lines)
    return f"{plain_of(message)}\n" + (f"\nwhat happened:\n{happened}" if lines else "")


def _html(message: Message, lines: list[str]) -> str:
    happened = "".join(f"<li>{quoted(line)}</li>" for line in lines)
    body = html_of(message) + (f"<p>what happened:</p><ul>{happened}</ul>" if lines else "")
    return _HTML.format(title=quoted(harmless(message.headline)), body=body)
