"""`ask:` in the config → who may answer where a person is asked, how many must, and for how long they are waited for."""

from collections.abc import Collection, Mapping
from typing import Final

import msgspec

from watchdog.model.guards import BY_NAME
from watchdog.model.receivers import BY_TYPE
from watchdog.model.told import LOCAL, PAGE
from watchdog.rulefile.findings import Findings, quoted
from watchdog.rulefile.keys import Keys, entries_of, items_of, words_of
from watchdog.rulefile.names import Setting
from watchdog.rulefile.nodes import Node
from watchdog.rulefile.values import read_value

_SETTINGS: Final = {setting.name: setting for setting in BY_NAME["approval"].settings}
_EXAMPLE: Final = "for instance people: {ada: [ada, 'matrix:@ada:example.org']}"
_KEYS: Final = Keys("'ask'", optional=("people", "approvals", "answer_within"))


class AskSettings(msgspec.Struct, frozen=True):
    """
    What was written; None where nothing was, and then the table of guards says it.

    `people` has a pair for each name under which somebody comes: `CHANNEL:NAME` and the person who that is.
    """

    people: tuple[tuple[str, str], ...] = ()
    approvals: int | None = None
    answer_within: int | None = None

    def over(self, settings: Mapping[str, Setting], written: Collection[str]) -> dict[str, Setting]:
        """The settings of a rule with what holds for all: it can want more people than the config, never fewer, and another time; `written` are those that it has itself."""
        changed = dict(settings)
        approvals = settings.get("approvals")
        if self.approvals is not None and isinstance(approvals, int):
            changed["approvals"] = max(self.approvals, approvals)
        if self.answer_within is not None and "answer_within" not in written and "answer_within" in settings:
            changed["answer_within"] = self.answer_within
        return changed


NOBODY_NAMED: Final = AskSettings()
"""Whoever may give orders on this machine may answer."""


def read_ask(node: Node, findings: Findings) -> AskSettings:
    """What was written; what is wrong is noted and left out."""
    values = _KEYS.read(node, findings) or {}
    people = _people(values["people"], findings) if "people" in values else ()
    approvals = read_value(values["approvals"], _SETTINGS["approvals"], findings) if "approvals" in values else None
    within = read_value(values["answer_within"], _SETTINGS["answer_within"], findings) if "answer_within" in values else None
    there = len({person for _, person in people})
    if isinstance(approvals, int) and people and approvals > there:
        findings.add(
            "E125",
            values["approvals"].span,
            f"'approvals' wants {approvals} people, and only {there} may answer",
            hint="name more under 'people'",
        )
    return AskSettings(people, approvals if isinstance(approvals, int) else None, within if isinstance(within, int) else None)


def _people(node: Node, findings: Findings) -> tuple[tuple[str, str], ...]:
    entries = entries_of(node, "'people'", findings)
    if entries is not None and not entries:
        # Who writes the key means to leave somebody out.
        findings.add("E123", node.span, "'people' names nobody", hint=_EXAMPLE)
    found: dict[str, str] = {}
    for entry in entries or ():
        person = entry.key.text.value
        items = items_of(entry.value, f"the names of {quoted(person)}", findings)
        if items is not None and not items:
            findings.add("E123", entry.value.span, f"nothing says under which name {quoted(person)} comes", hint=_EXAMPLE)
        for item in items or ():
            text = words_of(item, f"a name of {quoted(person)}", findings)
            if text is None:
                continue
            name = text.value if ":" in text.value else f"{LOCAL}:{text.value}"
            if _nobody_comes_by(name):
                findings.add(
                    "W624",
                    item.span,
                    f"nobody can come by {quoted(name.partition(':')[0])}",
                    hint="the type of a receiver by which people can answer, as in matrix:@ada:example.org, or page:NAME",
                )
            if found.setdefault(name, person) != person:
                findings.add(
                    "E125", item.span, f"{quoted(text.value)} is {quoted(found[name])} already", hint="each name belongs to one person"
                )
    return tuple(found.items())


def _nobody_comes_by(name: str) -> bool:
    """Whether a name under `people` has a channel by which nobody can answer."""
    channel = name.partition(":")[0]
    spec = BY_TYPE.get(channel)
    return channel not in (LOCAL, PAGE) and (spec is None or not spec.listens)
