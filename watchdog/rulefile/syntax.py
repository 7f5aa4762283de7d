"""
What the YAML parser complains about, said in the words of the person who wrote the file.

The counterpart of libyaml's and PyYAML's messages, which name tokens. An unknown complaint is passed on as it is.
"""

from typing import Final

import msgspec
import yaml

from watchdog.rulefile.findings import Findings
from watchdog.rulefile.source import Source


class _Saying(msgspec.Struct, frozen=True):
    """`part` is what both parsers have in common; `at_context` says that the place is where the construct begins."""

    part: str
    message: str
    hint: str
    code: str = "E101"
    at_context: bool = False


_QUOTES: Final = "a value that begins with a quote ends with it: put the whole value into single quotes, or begin it with another word"
_SAYINGS: Final = (
    _Saying("mapping values are not allowed", "a ': ' where no key can stand", "put a value that contains ': ' into quotes, and check the indentation"),
    _Saying("sequence entries are not allowed", "a list item can't begin here", "begin it on a line of its own, below its key"),
    _Saying("found unexpected end of stream", "the quote that opens here is never closed", "close the quote", at_context=True),
    _Saying("unknown escape character", "an unknown escape after a backslash", "write two backslashes, or use single quotes"),
    _Saying("could not find expected ':'", "this line is no 'key: value'", "write a colon and a space after the key, and check the indentation", at_context=True),
    _Saying("expected ',' or ']'", "the list that opens here is never closed, or one of its items holds a special character", "close it with ']', and put its items into quotes", at_context=True),
    _Saying("expected ',' or '}'", "the mapping that opens here is never closed, or one of its values holds a special character", "close it with '}', and put its values into quotes", at_context=True),
    _Saying("tab character", "a tab in the indentation", "indent with spaces", code="E102"),
    _Saying("document start", "something stands behind the end of the document", "a file holds one document", code="E109"),
    _Saying("expected '-' indicator", "this is no item of the list above it", "begin it with '- ', or check the indentation"),
    _Saying("expected <block end>", "this belongs neither to the value before it nor to a key", _QUOTES),
    _Saying("expected key", "this belongs neither to the value before it nor to a key", _QUOTES),
    _Saying("invalid Unicode character escape", "this escape names no character", "write the character itself"),
)  # fmt: skip
_START: Final = "cannot start any token"


def explain(error: yaml.YAMLError, source: Source, findings: Findings) -> int:
    """Note the complaint; gives the line (from 0) at which the parser gave up."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        findings.add("E101", source.span(0, 0), "the file can't be read as YAML", hint="check it with a YAML linter")
        return 0
    line, column = min(error.problem_mark.line, len(source.lines) - 1), error.problem_mark.column
    written = source.lines[line]
    problem = error.problem or "it is not YAML"
    if _START in problem and column < len(written):
        saying = _start(written[column])
    else:
        saying = next((saying for saying in _SAYINGS if saying.part in problem), _Saying("", problem, ""))
    place = (line, column)
    if saying.at_context and error.context_mark is not None:
        place = (error.context_mark.line, error.context_mark.column)
    findings.add(saying.code, source.span(*place), saying.message, hint=_braces(source.lines[place[0]]) or saying.hint)
    return line


def _start(char: str) -> _Saying:
    if char == "\t":
        return _Saying("", "a tab where a value or key should begin", "use spaces", code="E102")
    return _Saying("", f"a value can't begin with {char!r}", "put it into quotes")


def _braces(written: str) -> str:
    """The hint for a line that a template or a reference has made into something else."""
    for opening in ("${", "{{"):
        if opening in written and f'"{opening}' not in written:
            return f'put a value with {opening} into double quotes: "{opening}…"'
    return ""
