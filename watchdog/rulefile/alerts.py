"""`alerts:` in the config → what every message says beside what it is about: under which address its page is found."""

from typing import Final

import msgspec

from watchdog.rulefile.findings import Findings
from watchdog.rulefile.keys import Keys, words_of
from watchdog.rulefile.nodes import Node
from watchdog.rulefile.values import wrong_with_url

_KEYS: Final = Keys("'alerts'", optional=("page",))


class AlertSettings(msgspec.Struct, frozen=True):
    """`page` is the address of the agent's page, without a slash at its end; empty where there is none."""

    page: str = ""


def read_alerts(node: Node, findings: Findings) -> AlertSettings:
    """What was written; what is wrong is left out."""
    values = _KEYS.read(node, findings) or {}
    page = words_of(values["page"], "'page'", findings) if "page" in values else None
    if page is None:
        return AlertSettings()
    wrong = wrong_with_url(page.value) or _wrong_as_a_page(page.value)
    if wrong:
        findings.add("E502", values["page"].span, f"'page' {wrong}", hint="page: https://watchdog.example.org")
        return AlertSettings()
    return AlertSettings(page.value.rstrip("/"))


def _wrong_as_a_page(url: str) -> str:
    if "@" in url:
        return "holds a name or a password, which everybody would read who is told"
    if "?" in url or "#" in url:
        return "has something behind its path, where /incidents/ID is to stand"
    return "" if url.isascii() and not set(url) & set("<>\"'|\\^`{}") else "holds characters that no address holds as they are"
