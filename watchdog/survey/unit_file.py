"""
The text of a unit with its drop-ins, as systemd puts them together (systemd.unit(5), systemd.service(5), systemd.exec(5)). Pure.

Only what `init` asks for is read: the last value of a plain key (`TimeoutSec` is one for `TimeoutStopSec`), all values of a list, none where the list was emptied. Specifiers are replaced where
they are the unit's own name, else they stay.
"""

import re
import shlex
from collections.abc import Sequence
from typing import Final

import msgspec

LISTS: Final = ("Environment", "EnvironmentFile", "ExecStart")
_SIGNS: Final = "@-:+!|"
"""What may stand in front of a command (systemd.service(5), special executable prefixes)."""
_UNITS: Final = {
    "us": 0.001, "ms": 1, "s": 1000, "sec": 1000, "second": 1000, "seconds": 1000, "": 1000,
    "m": 60_000, "min": 60_000, "minute": 60_000, "minutes": 60_000, "h": 3_600_000, "hr": 3_600_000, "hour": 3_600_000, "hours": 3_600_000,
}  # fmt: skip
_SPAN: Final = re.compile(r"(?:\d+(?:\.\d+)?\s*[a-z]*\s*)+")
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)")
_SECTION: Final = re.compile(r"\[(\w[\w-]*)\]")


class UnitText(msgspec.Struct, frozen=True):
    """`plain` holds keys of [Service] with one value, `lists` those of `LISTS` with theirs."""

    plain: dict[str, str] = {}
    lists: dict[str, tuple[str, ...]] = {}

    @property
    def words(self) -> tuple[str, ...]:
        """Those of its only command; none where it has none, several, or one that can't be taken apart."""
        commands = self.lists.get("ExecStart", ())
        if len(commands) != 1:
            return ()
        try:
            return tuple(shlex.split(commands[0].lstrip(_SIGNS)))
        except ValueError:
            return ()


def read_unit(name: str, texts: Sequence[str]) -> UnitText:
    """The unit of that name from its file and then its drop-ins, in their order."""
    plain: dict[str, str] = {}
    lists: dict[str, list[str]] = {}
    for text in texts:
        for key, value in _service_lines(text):
            if key in LISTS:
                if value:
                    lists.setdefault(key, []).append(_specified(name, value))
                else:
                    lists.pop(key, None)
            else:
                plain["TimeoutStopSec" if key == "TimeoutSec" else key] = _specified(name, value)
    return UnitText(plain, {key: tuple(values) for key, values in lists.items()})


def milliseconds(text: str) -> int | None:
    """A span as systemd writes it (`15`, `1min 30s`); None for one without end, or that can't be read."""
    if _SPAN.fullmatch(text.strip()) is None:
        return None
    total = 0.0
    for number, unit in _PART.findall(text):
        if unit not in _UNITS:
            return None
        total += float(number) * _UNITS[unit]
    return round(total)


def _service_lines(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    section, begun = "", ""
    for line in text.splitlines():
        stripped = line.strip()
        if stripped[:1] in ("#", ";") or not (stripped or begun):
            continue  # a comment within a command that goes on over several lines does not end it
        whole = f"{begun} {stripped}".strip() if begun else stripped
        if whole.endswith("\\"):
            begun = whole[:-1].rstrip()
            continue
        begun = ""
        if header := _SECTION.fullmatch(whole):
            section = header[1]
        elif section == "Service":
            key, equals, value = whole.partition("=")
            if equals:
                found.append((key.strip(), value.strip()))
    return found


def _specified(name: str, value: str) -> str:
    stem = name.removesuffix(".service")
    prefix, _, instance = stem.partition("@")
    meant = {"i": instance, "I": instance.replace("-", "/"), "n": name, "N": stem, "p": prefix, "P": prefix.replace("-", "/"), "%": "%"}
    return re.sub(r"%(.)", lambda found: meant.get(found[1], found[0]), value)
