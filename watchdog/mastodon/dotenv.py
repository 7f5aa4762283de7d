"""
Files of environment variables as Ruby's dotenv reads them: `.env.production` and its kin. Pure.

Follows lib/dotenv/parser.rb of bkeepers/dotenv (2.8 and 3.1): `export`, quotes over several lines, comments, `$NAME` and `${NAME}`. A command
(`$(…)`) is never run: what it would give is not known. Values are secrets as often as not, so no problem quotes one.
"""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

_LINE: Final = re.compile(
    r"""
    [ \t]*(?:export[ \t]+)?
    (?P<name>[\w.]+)(?:[ \t]*=[ \t]*|:[ \t]+)
    (?P<value>'(?:\\'|[^'])*'|"(?:\\"|[^"])*"|[^#\r\n]+)?
    [ \t]*(?:\#[^\n]*)?\r?(?:\n|\Z)
    """,
    re.VERBOSE,
)
_EMPTY: Final = re.compile(r"[ \t]*(?:\#[^\n]*|export[ \t]+[\w. \t]+)?\r?(?:\n|\Z)")
_REST: Final = re.compile(r"[^\n]*(?:\n|\Z)")
_VARIABLE: Final = re.compile(r"(?P<kept>\\)?\$(?P<brace>\{)?(?P<name>[A-Z0-9_]+)(?(brace)\})", re.IGNORECASE)
_COMMAND: Final = re.compile(r"(?<!\\)\$\(")
_ESCAPED: Final = re.compile(r"\\([^$])")


class Entry(msgspec.Struct, frozen=True):
    """One variable; `line` is where it begins, from 1. `value` is None where only a command that is not run could tell."""

    name: str
    value: str | None
    line: int


class Trouble(msgspec.Struct, frozen=True):
    """A line that says nothing."""

    line: int
    text: str


def parse(text: str, outer: Mapping[str, str] | None = None) -> tuple[tuple[Entry, ...], tuple[Trouble, ...]]:
    """The variables in their order, and what can't be read. `outer` are those that were there before; they go before what is written here, in `$NAME` too."""
    entries: list[Entry] = []
    troubles: list[Trouble] = []
    known: dict[str, str] = {}
    place, line = 0, 1
    while place < len(text):
        match = _EMPTY.match(text, place)
        if match is None and (match := _LINE.match(text, place)) is not None:
            name = match["name"]
            value = _value(match["value"] or "", {**known, **(outer or {})})
            entries.append(Entry(name, value, line))
            if value is None:
                troubles.append(Trouble(line, f"{name} is what a command prints, and no command is run here"))
            else:
                known[name] = value
        elif match is None:
            match = _REST.match(text, place)
            assert match is not None  # it fits anything
            troubles.append(Trouble(line, "it is no NAME=value"))
        line += match[0].count("\n")
        place = max(match.end(), place + 1)
    return tuple(entries), tuple(troubles)


def _value(written: str, known: Mapping[str, str]) -> str | None:
    text = written.strip()
    quote = text[:1] if len(text) > 1 and text[:1] == text[-1:] and text[:1] in "'\"" else ""
    if quote:
        text = text[1:-1]
    if quote == "'":
        return text
    if _COMMAND.search(text):
        return None
    if quote == '"':
        text = text.replace("\\n", "\n").replace("\\r", "\r")
    return _VARIABLE.sub(lambda found: _put_in(found, known), _ESCAPED.sub(r"\1", text))


def _put_in(found: re.Match[str], known: Mapping[str, str]) -> str:
    return found[0][1:] if found["kept"] else known.get(found["name"], "")
