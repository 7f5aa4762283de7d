"""`heartbeat:` in the config → who is told, again and again, that the agent lives. The address is never shown: whoever knows it can say so as well."""

from typing import Any, Final

import msgspec

from watchdog.lang.text import Text
from watchdog.rulefile.findings import Findings
from watchdog.rulefile.keys import Keys, choice_of, words_of
from watchdog.rulefile.nodes import Node
from watchdog.rulefile.secrets import SecretRef, read_secret
from watchdog.rulefile.values import read_duration, wrong_with_url

SECTION: Final = "heartbeat"
HEALTHCHECKS: Final = "healthchecks"
PLAIN: Final = "plain"
STYLES: Final = (HEALTHCHECKS, PLAIN)
LEAST: Final = 10_000
"""Milliseconds; such services count in minutes."""
_KEYS: Final = Keys("'heartbeat'", required=("url",), optional=("every", "style"))


class HeartbeatSettings(msgspec.Struct, frozen=True):
    """Where to, how often (milliseconds), and which of `STYLES`. `url` is empty as long as it is a reference."""

    url: str
    every: int = 60_000
    style: str = HEALTHCHECKS

    def __repr__(self) -> str:
        return f"HeartbeatSettings(every={self.every}, style={self.style!r})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("every", self.every), ("style", self.style)]


def read_heartbeat(node: Node, secrets: list[SecretRef], findings: Findings) -> HeartbeatSettings | None:
    """What was written; None if there is no address. A reference is added to `secrets`."""
    values = _KEYS.read(node, findings) or {}
    url = _url(values["url"], secrets, findings) if "url" in values else None
    if url is None:
        return None
    settings = HeartbeatSettings(url)
    if "every" in values and (every := read_duration(values["every"], "every", findings)) is not None:
        if every < LEAST:
            findings.add("E125", values["every"].span, "'every' must be at least 10s", hint="every: 1m")
        settings = msgspec.structs.replace(settings, every=every)
    if "style" in values and (style := choice_of(values["style"], "'style'", STYLES, findings)) is not None:
        settings = msgspec.structs.replace(settings, style=style)
    return settings


def heartbeat_with(settings: HeartbeatSettings | None, text: Text, content: str, findings: Findings) -> HeartbeatSettings | None:
    """The settings with the address that `text` refers to, which is checked."""
    if wrong := wrong_with_url(content):
        findings.add("E502", text.span(0, len(text.value)), f"'url' {wrong}", hint="correct it where the reference points to")
    return None if settings is None else msgspec.structs.replace(settings, url=content)


def _url(node: Node, secrets: list[SecretRef], findings: Findings) -> str | None:
    text = words_of(node, "'url'", findings)
    found = read_secret(text, (SECTION, "url"), findings) if text is not None else None
    if isinstance(found, SecretRef):
        secrets.append(found)
        return ""
    if found is not None and (wrong := wrong_with_url(found)):
        findings.add("E502", node.span, f"'url' {wrong}", hint="write it as https://HOST/PATH")
        return None
    return found
