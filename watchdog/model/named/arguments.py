r"""
The types of arguments, and which texts are of them: one table.

Names of domains and classes come out of the payloads of jobs, and anybody on the network can have them written. So a text is of a type only as a
whole (`\A…\Z`, no `$`, which a newline passes), in ASCII, short, and never one that a program could take for an option or a path: none begins with `-`,
none has `/`, `..`, a blank, a quote or a control character in it. What is not of the type is refused, never mended.
"""

import re
from collections.abc import Callable
from typing import Final, NamedTuple

LONGEST: Final = 253
"""No argument has more signs."""
MOST_COUNT: Final = 999_999_999


class Bounds(NamedTuple):
    """What a definition says beside the type: `least` and `most` of a count or of a duration in seconds, `choices` of a choice."""

    least: int = 0
    most: int = MOST_COUNT
    choices: tuple[str, ...] = ()


NO_BOUNDS: Final = Bounds()
"""Those of an argument of which nothing more is said."""


class TypeSpec(NamedTuple):
    """One type. `fits` is asked of texts only; `bounded` says whether `least` and `most` mean something."""

    name: str
    doc: str
    example: str
    fits: Callable[[str, Bounds], bool]
    bounded: bool = False


def _matches(pattern: str) -> Callable[[str, Bounds], bool]:
    compiled = re.compile(pattern, re.ASCII)
    return lambda text, _: compiled.fullmatch(text) is not None


def _number(text: str, bounds: Bounds) -> bool:
    return re.fullmatch(r"0|[1-9][0-9]{0,8}", text, re.ASCII) is not None and bounds.least <= int(text) <= bounds.most


_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# The last label of a name is never all digits (RFC 3696, 2), and so no name is an address.
_TOP: Final = r"(?![0-9]+\Z)" + _LABEL
_CONSTANT: Final = r"[A-Z][A-Za-z0-9_]{0,99}"

TYPES: Final = {
    spec.name: spec
    for spec in (
        TypeSpec(
            "domain",
            "A domain name as Mastodon keeps it: small letters, digits and hyphens, at least one point, other scripts as `xn--…`; no address, no port, no point at the end.",
            "example.social",
            _matches(rf"(?:{_LABEL}\.)+{_TOP}"),
        ),
        TypeSpec("class", "The name of a Ruby class.", "ActivityPub::DeliveryWorker", _matches(rf"{_CONSTANT}(?:::{_CONSTANT}){{0,9}}")),
        TypeSpec("queue", "The name of a queue: small letters, digits, `_`, `-`, and single points.", "ingress", _matches(r"[a-z0-9_](?:\.?[a-z0-9_-]){0,99}")),
        TypeSpec("jid", "The id of a job: 24 hexadecimal digits.", "4caa72fe18d4b6a0d19e77c3", _matches(r"[0-9a-f]{24}")),
        TypeSpec("count", "A whole number, from `least` to `most`.", "5", _number, bounded=True),
        TypeSpec("duration", "A time, given to the command in whole seconds, from `least` to `most` of them.", "90", _number, bounded=True),
        TypeSpec("choice", "One of `choices`.", "yes", lambda text, bounds: text in bounds.choices),
    )
}  # fmt: skip
"""Name → type."""
_CHOICE: Final = re.compile(r"[A-Za-z0-9](?:\.?[A-Za-z0-9_=:,@+-]){0,62}", re.ASCII)


def fits(kind: str, text: object, bounds: Bounds = NO_BOUNDS) -> bool:
    """Whether it is a text of that type, within those bounds."""
    return isinstance(text, str) and 0 < len(text) <= LONGEST and TYPES[kind].fits(text, bounds)


def can_be_chosen(text: object) -> bool:
    """Whether it may stand among `choices`."""
    return isinstance(text, str) and _CHOICE.fullmatch(text) is not None


def shown(value: object) -> str:
    """A value that was refused, as it may be told: cut, in ASCII, with nothing in it that a terminal, a page or a log could mistake."""
    text = value if isinstance(value, str) else repr(value)
    cut = text[:40] + ("…" if len(text) > 40 else "")
    return (
        "".join(sign if sign.isascii() and (sign.isalnum() or sign in " .:_-") else f"\\u{ord(sign):04x}" for sign in cut[:40]) + cut[40:]
    )
