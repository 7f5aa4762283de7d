"""
A message as HTML: for Matrix (formatted_body) and for mail.

Only the tags of `TAGS` are written, and only here; whatever comes from elsewhere is quoted. No style, no image, no script: every client shows it, and none fetches anything.
"""

import html
from typing import Final

from watchdog.receivers.message.message import Fact, Message, Section

TAGS: Final = frozenset({"a", "b", "br", "h4", "hr", "i", "p", "pre"})
"""Matrix lets them all through."""


def html_of(message: Message) -> str:
    """The whole of it, beginning with the headline."""
    head = f"<b>{quoted(message.headline)}</b>"
    blocks = [_section(section, alone=len(message.sections) == 1) for section in message.sections]
    notes = "<br>".join(f"<i>{quoted(note)}</i>" for note in message.notes)
    return "".join((f"<p>{head}</p>", *filter(None, blocks), f"<p>{notes}</p>" if notes else ""))


def quoted(text: str) -> str:
    """A harmless text, as text: no tag, no entity, and nothing that ends an attribute. The ends of its lines are written as such."""
    return html.escape(text, quote=True).replace("\n", "<br>")


def _section(section: Section, *, alone: bool) -> str:
    lines = [] if alone else [f"<b>{quoted(section.title)}</b>"]
    lines += [_fact(fact) for fact in section.facts]
    lines += [f'<a href="{quoted(link.url)}">{quoted(link.label)}</a>' for link in section.links]
    return f"<p>{'<br>'.join(lines)}</p>" if lines else ""


def _fact(fact: Fact) -> str:
    value = quoted(fact.value)
    if not fact.label:
        return value
    return f"<b>{quoted(fact.label)}</b>:<br>{value}" if fact.is_long else f"<b>{quoted(fact.label)}</b>: {value}"
