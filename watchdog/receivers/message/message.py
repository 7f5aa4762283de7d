"""The parts of a message, before any markup."""

import msgspec

from watchdog.model.cards import Standing
from watchdog.model.notices import Severity


class Fact(msgspec.Struct, frozen=True):
    """One line: `label` says of what (`where`, `why`), `value` is a text, of several lines at most where `is_long`."""

    label: str
    value: str
    is_long: bool = False


class Link(msgspec.Struct, frozen=True):
    """Where to read on: a checked http or https address."""

    label: str
    url: str


class Section(msgspec.Struct, frozen=True):
    """What there is to say of one alert."""

    title: str
    standing: Standing
    severity: Severity
    facts: tuple[Fact, ...] = ()
    links: tuple[Link, ...] = ()
    approval: str = ""


class Message(msgspec.Struct, frozen=True):
    """A card in words. `headline` is one line that says it all; `notes` are sentences under everything (how many more there are, what was missed)."""

    headline: str
    severity: Severity
    is_over: bool
    sections: tuple[Section, ...]
    notes: tuple[str, ...] = ()
