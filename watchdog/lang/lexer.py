"""
Text → tokens. What looks like another language's way of writing is complained of and read as what was meant.

The counterpart of the parser, which sees no characters. Never raises, looks at each character a bounded number
of times, and always ends the list with one `end` token.
"""

import re
from typing import Final

import msgspec

from watchdog.lang.complaint import Complaints, quoted
from watchdog.lang.units import NUMBER, Fault, Quantity, is_unit, read_quantity

KEYWORDS: Final = frozenset({"and", "or", "not", "in", "like", "contains", "where", "true", "false"})


class Token(msgspec.Struct, frozen=True):
    """
    One token.

    `kind` is `quantity`, `string`, `name`, `broken`, `end`, or the keyword or sign itself. `value` is the quantity, or the
    text of string and name.
    """

    kind: str
    offset: int
    width: int
    value: Quantity | str = ""

    @property
    def end(self) -> int:
        """The offset behind it."""
        return self.offset + self.width


_TOKEN: Final = re.compile(
    rf"""
      (?P<space>[ \t\r\n]+)
    | (?P<number>{NUMBER.pattern})
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<string>"(?P<body>[^"\\\n]*(?:\\[^\n][^"\\\n]*)*)(?P<close>"|\\?))
    | (?P<single>'[^'\n]*'?)
    | (?P<curly>[“”„][^“”"\n]*[“”"]?)
    | (?P<foreign>===|=~|!~|<>|=<|=>|&&?|\|\|?|!(?!=)|=(?!=)|[≤≥≠])
    | (?P<sign>==|!=|<=|>=|[<>+\-*/()\[\],.])
    | (?P<percent>%)
    | (?P<other>[^ \t\r\nA-Za-z0-9_"'“”„=~!<>&|≤≥≠+\-*/()\[\],.%]+|.)
    """,
    re.VERBOSE | re.DOTALL,
)

_FOREIGN: Final[dict[str, str]] = {
    "=": "==", "===": "==", "=~": "like", "!~": "not like", "<>": "!=", "=<": "<=", "=>": ">=",
    "&": "and", "&&": "and", "|": "or", "||": "or", "!": "not", "≤": "<=", "≥": ">=", "≠": "!=",
}  # fmt: skip
"""What other languages write → what is written here."""
_UNSEEN: Final[dict[str, str]] = {
    "\u00a0": "a no-break space",
    "\u200b": "a zero-width space",
    "\ufeff": "a byte order mark",
    "\0": "a NUL",
}
"""What an author can't see and did not mean: named, and read as a space."""


def tokenize(complaints: Complaints, *, start: int = 0, end: int | None = None) -> list[Token]:
    """The tokens of the text between two offsets."""
    text = complaints.text.value
    stop = len(text) if end is None else end
    tokens: list[Token] = []
    position = start
    while position < stop and not complaints.full:
        found = _TOKEN.match(text, position, stop)
        if found is None:  # can't be: the last alternative takes any character
            break
        _take(complaints, found, tokens)
        position = found.end()
    tokens.append(Token("end", stop, 0))
    return tokens


def _take(complaints: Complaints, found: re.Match[str], tokens: list[Token]) -> None:
    kind, written = found.lastgroup, found.group()
    offset, width = found.start(), len(found.group())
    match kind:
        case "space":
            pass
        case "number":
            tokens.append(_number(complaints, offset, written))
        case "name" | "percent" if tokens and is_unit(written) and _is_plain(complaints, tokens[-1]):
            tokens.append(_apart(complaints, tokens.pop(), offset, written))
        case "name":
            tokens.append(Token(written if written in KEYWORDS else "name", offset, width, written))
        case "sign":
            tokens.append(Token(written, offset, width))
        case "foreign":
            meant = _FOREIGN[written]
            code = "E310" if meant not in ("and", "or", "not") else "E311"
            complaints.add(code, offset, width, f"{quoted(written)} is not written here", hint=f"write {meant}")
            tokens.extend(Token(word, offset, width) for word in meant.split())
        case "single" | "curly":
            body = written.strip("'“”„\"")
            complaints.add("E302", offset, width, "strings stand in double quotes", hint=f'write "{body}"')
            tokens.append(Token("string", offset, width, body))
        case "percent":
            complaints.add("E301", offset, 1, "unexpected '%'", hint="the sign stands right behind its number: 95%")
            tokens.append(Token("broken", offset, 1))
        case "other":
            complaints.add("E301", offset, width, f"unexpected {_UNSEEN.get(written[0]) or quoted(written)}")
            if written[0] not in _UNSEEN:
                tokens.append(Token("broken", offset, width))
        case _:
            tokens.append(_string(complaints, found))


def _number(complaints: Complaints, offset: int, written: str) -> Token:
    match read_quantity(written):
        case Quantity() as quantity:
            return Token("quantity", offset, len(written), quantity)
        case Fault(code, message, hint):
            complaints.add(code, offset, len(written), message, hint=hint)
            return Token("broken", offset, len(written))


def _is_plain(complaints: Complaints, token: Token) -> bool:
    return token.kind == "quantity" and complaints.text.value[token.end - 1].isdigit()


def _apart(complaints: Complaints, number: Token, offset: int, unit: str) -> Token:
    """A number and its unit with space between them."""
    whole = complaints.text.value[number.offset : number.end] + unit
    width = offset + len(unit) - number.offset
    match read_quantity(whole):
        case Quantity() as quantity:
            complaints.add("E306", number.offset, width, "there is space between the number and its unit", hint=f"write {whole}")
            return Token("quantity", number.offset, width, quantity)
        case Fault(code, message, hint):
            complaints.add(code, number.offset, width, message, hint=hint)
            return Token("broken", number.offset, width)


_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)


def _string(complaints: Complaints, found: re.Match[str]) -> Token:
    offset, width, body = found.start(), len(found.group()), found["body"]
    if found["close"] != '"':
        complaints.add("E302", offset, width, "this string is never closed", hint='strings end with " on the line on which they begin')
        return Token("broken", offset, width)
    for escape in _ESCAPE.finditer(body):
        if escape[1] not in '"\\':
            place = offset + 1 + escape.start()
            complaints.add(
                "E303", place, 2, f"unknown escape {quoted(escape[0])}", hint=r"only \" and \\ are known; a backslash is written \\"
            )
    return Token("string", offset, width, _ESCAPE.sub(r"\1", body))
