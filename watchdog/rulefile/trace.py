"""`trace:` in the config → how much of it is kept."""

from typing import Final

import msgspec

from watchdog.lang.literal import read_literal
from watchdog.model.kinds import Type
from watchdog.rulefile.findings import Findings
from watchdog.rulefile.keys import Keys, words_of
from watchdog.rulefile.nodes import Node
from watchdog.rulefile.values import read_duration

LEAST: Final = 1_000_000
"""Bytes; with fewer nothing would be kept that is worth reading."""
_KEYS: Final = Keys("'trace'", optional=("keep", "most"))


class TraceSettings(msgspec.Struct, frozen=True):
    """For how many milliseconds (0: there is none) and in how many bytes at most; the defaults are those of the key table."""

    keep: int = 14 * 24 * 3_600_000
    most: int = 1_000_000_000


def read_trace(node: Node, findings: Findings) -> TraceSettings:
    """What was written; what is wrong or missing has its default."""
    values = _KEYS.read(node, findings) or {}
    settings = TraceSettings()
    if "keep" in values and (keep := read_duration(values["keep"], "keep", findings)) is not None:
        settings = msgspec.structs.replace(settings, keep=keep)
    if "most" in values and (most := _size(values["most"], findings)) is not None:
        settings = msgspec.structs.replace(settings, most=most)
    return settings


def _size(node: Node, findings: Findings) -> int | None:
    text = words_of(node, "'most'", findings)
    if text is None:
        return None
    value, problems = read_literal(text, Type.SIZE)
    for problem in problems[:1]:
        findings.add(problem.code, problem.span, problem.message, hint=problem.hint or "for instance most: 1GB")
    if not isinstance(value, int):
        return None
    if value < LEAST:
        findings.add(
            "E125", text.span(0, len(text.value)), "'most' must be at least 1MB", hint="for instance most: 1GB; keep: 0s for no trace"
        )
        return None
    return value
