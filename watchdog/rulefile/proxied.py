"""A reverse proxy that has logged people in, under `page: proxy:` in the config; and what makes a secret too weak to stand for a person."""

import re
from typing import Any, Final

import msgspec

HEADER_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
SHORTEST: Final = 20
"""Characters of a secret at least: one of that length, made by chance, nobody guesses over a network."""
LONGEST: Final = 512


class ProxySettings(msgspec.Struct, frozen=True):
    """`header` (in small letters) names the person, where the request comes from one of these addresses and, if there is a `secret`, holds that, too."""

    header: str
    addresses: tuple[str, ...]
    secret: str = ""

    def __repr__(self) -> str:
        return f"ProxySettings({self.header!r}, {self.addresses!r})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("header", self.header), ("addresses", self.addresses)]


def wrong_with_secret(content: str) -> str:
    """What is wrong with it, as the end of a sentence that never quotes it; empty where nothing is."""
    if len(content) < SHORTEST:
        return f"is shorter than {SHORTEST} characters"
    if len(content) > LONGEST:
        return f"is longer than {LONGEST} characters"
    if not content.isascii() or not content.isprintable() or " " in content:
        return "holds what no header can hold: letters, digits and signs without spaces are meant"
    return "" if len(set(content)) >= SHORTEST // 4 else "repeats so few characters that it can be guessed"
