"""
Secrets as they are written: `${file:PATH}`, `${env:NAME}`, `${credential:NAME}`, or the secret itself.

Only the reference is read here; `config` fetches what it names. A secret must never reach a message.
"""

import re
from enum import StrEnum
from typing import Final

import msgspec

from watchdog.lang.text import Text
from watchdog.rulefile.findings import Findings

_REFERENCE: Final = re.compile(r"\$\{(file|env|credential):([^{}]+)\}")
_CREDENTIAL: Final = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9_.@:-]{1,255}")
"""As systemd lets them be called (systemd.exec(5)): a name of a file and never a path."""
_OPENING: Final = "${"


class Origin(StrEnum):
    """Where a secret lies."""

    FILE = "file"
    ENV = "env"
    CREDENTIAL = "credential"


class SecretRef(msgspec.Struct, frozen=True):
    """
    A secret that has yet to be fetched.

    `setting` is the path of the setting that it belongs to (`("receivers", "ops", "secret")`); `name` a path as
    written, or the name of an environment variable or of a credential of systemd; `text` the reference with its place.
    """

    setting: tuple[str, ...]
    origin: Origin
    name: str
    text: Text


def read_secret(text: Text, setting: tuple[str, ...], findings: Findings) -> SecretRef | str | None:
    """The reference, or the secret that was written out; None if it looks like a reference and is none."""
    match = _REFERENCE.fullmatch(text.value.strip())
    if match and (name := match[2].strip()) and (match[1] != Origin.CREDENTIAL or _CREDENTIAL.fullmatch(name)):
        return SecretRef(setting, Origin(match[1]), name, text)
    if _OPENING not in text.value:
        return text.value
    span = text.span(text.value.index(_OPENING))
    findings.add(
        "E505", span, "this is no reference to a secret", hint="the whole value is ${file:PATH}, ${env:NAME} or ${credential:NAME}"
    )
    return None
