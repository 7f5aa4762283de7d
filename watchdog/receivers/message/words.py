"""A card and a notice in words."""

from watchdog.model.cards import Card
from watchdog.model.notices import Notice
from watchdog.receivers.message.message import Message, Section


def message_of(card: Card, *, missed: int = 0) -> Message:
    """All that a receiver shows of a group."""
    first = card.entries[0].title if card.entries else card.group
    sections = tuple(Section(entry.title, entry.standing, entry.severity, approval=entry.approval) for entry in card.entries)
    return Message(first, card.severity, card.is_over, sections, (f"{missed} messages could not be sent in time",) if missed else ())


def line_of(notice: Notice) -> str:
    """One turn of the story, for a thread."""
    return notice.title
