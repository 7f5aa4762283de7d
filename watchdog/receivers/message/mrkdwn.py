"""
Parts of a message in Slack's mrkdwn.

Slack lets only `&`, `<` and `>` be quoted, and they are all that can call somebody or make a link (`<!channel>`, `<@U…>`); its other marks have no
quotation, so where one would have an effect a letter stands that looks like it. What is sent with it should say `verbatim: true`, else Slack makes links of addresses.
"""

import re
from collections.abc import Iterator
from typing import Final

from watchdog.receivers.message.message import Fact, Section

_ENTITIES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_MARKS: Final = str.maketrans({"*": "\N{ASTERISK OPERATOR}", "~": "\N{TILDE OPERATOR}", "`": "\N{MODIFIER LETTER GRAVE ACCENT}"})
_UNDERLINE: Final = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
"""Within a word it is a letter like any other."""
_EMOJI: Final = re.compile(r":(?=[a-z0-9_+'-]*[a-z][a-z0-9_+'-]*:)")
_QUOTATION: Final = re.compile(r"^(\s*)>", re.MULTILINE)


def section_lines(section: Section, *, with_title: bool) -> Iterator[str]:
    """What there is to say of one alert, a line each."""
    if with_title:
        yield f"*{quoted(section.title)}*"
    for fact in section.facts:
        yield from _fact(fact)
    for link in section.links:
        yield linked(link.label, link.url)


def quoted(text: str) -> str:
    """A harmless text, as text."""
    shown = _QUOTATION.sub("\\1\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}", text)
    shown = _EMOJI.sub("\N{RATIO}", _UNDERLINE.sub("\N{FULLWIDTH LOW LINE}", shown.translate(_MARKS)))
    return shown.translate(_ENTITIES)


def linked(label: str, url: str) -> str:
    """A checked address (`links.link`) under that name."""
    return f"<{url.translate(_ENTITIES).replace('|', '%7C')}|{quoted(label).replace('|', '¦')}>"


def _fact(fact: Fact) -> Iterator[str]:
    label = f"*{quoted(fact.label)}*:" if fact.label else ""
    if not fact.is_long:
        yield f"{label} {quoted(fact.value)}".strip()
        return
    if label:
        yield label
    yield from (quoted(line) for line in fact.value.split("\n"))
