"""`digest:` in the config → on which day of the week and when people are told what has come of their rules; the zone is looked up where files can be read."""

import re
from typing import Final

import msgspec

from watchdog.lang.text import Text
from watchdog.model.weekly import DAYS
from watchdog.rulefile.findings import Findings, quoted
from watchdog.rulefile.keys import Keys, choice_of, words_of
from watchdog.rulefile.nodes import Node

NEVER: Final = "never"
"""Instead of a day: nobody is told."""
TIME: Final = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_KEYS: Final = Keys("'digest'", optional=("day", "at", "zone"))


class DigestSettings(msgspec.Struct, frozen=True):
    """`day` is one of the days of the week or `never`, `minute` counts from midnight, `zone` is None where it is not written; the defaults are those of the key table."""

    day: str = DAYS[0]
    minute: int = 9 * 60
    zone: Text | None = None


def read_digest(node: Node, findings: Findings) -> DigestSettings:
    """What was written; what is wrong or missing has its default."""
    values = _KEYS.read(node, findings) or {}
    settings = DigestSettings()
    if "day" in values and (day := choice_of(values["day"], "'day'", (*DAYS, NEVER), findings)) is not None:
        settings = msgspec.structs.replace(settings, day=day)
    if "at" in values and (at := words_of(values["at"], "'at'", findings)) is not None:
        found = TIME.fullmatch(at.value.strip())
        if found is None:
            findings.add("E125", values["at"].span, f"'at' can't be {quoted(at.value)}: a time of the day, by 24 hours", hint='at: "09:00"')
        else:
            settings = msgspec.structs.replace(settings, minute=int(found[1]) * 60 + int(found[2]))
    if "zone" in values and (zone := words_of(values["zone"], "'zone'", findings)) is not None:
        settings = msgspec.structs.replace(settings, zone=zone)
    return settings
