"""
Where people could answer and nobody may, or somebody may and can't: what `receivers:`, `page:` and `ask:` of a config say of each other.

Warnings only: whoever wants to be told and never to answer has done nothing wrong, and is reminded that nobody can.
"""

from collections.abc import Mapping
from typing import Final

from watchdog.errors import Span
from watchdog.model.told import PAGE
from watchdog.rulefile.ask import AskSettings
from watchdog.rulefile.findings import Findings, quoted
from watchdog.rulefile.page import PageSettings
from watchdog.rulefile.receivers import ReceiverSettings

_AS: Final = {"matrix": "matrix:@ada:example.org", "slack": "slack:U012AB3CD"}


def warn_of_unheard(receivers: Mapping[str, ReceiverSettings], places: Mapping[str, Span], ask: AskSettings, findings: Findings) -> None:
    """Receivers that listen where nobody is named for their channel; `places` is where each of them is named."""
    named = {name.partition(":")[0] for name, _ in ask.people}
    for its in receivers.values():
        if its.listens and its.type not in named:
            example = _AS.get(its.type, f"{its.type}:NAME")
            findings.add(
                "W623", places[its.name], f"people could answer by {quoted(its.name)}, and nobody may", hint=f"ask: {{people: {{ada: ['{example}']}}}}"
            )  # fmt: skip


def warn_of_unheard_page(page: PageSettings, place: Span, ask: AskSettings, findings: Findings) -> None:
    """People with tokens for the page where somebody is named, and none of them, and who is named and only looks; `place` is where the page is declared."""
    named = {name.partition(":")[2] for name, _ in ask.people if name.partition(":")[0] == PAGE}
    if ask.people and page.tokens and not named & set(page.tokens):
        somebody = min(page.tokens)
        findings.add(
            "W623", place, "people could answer by the page, and nobody may", hint=f"ask: {{people: {{{somebody}: ['page:{somebody}']}}}}"
        )  # fmt: skip
    for name in sorted(named & set(page.readers)):
        findings.add(
            "W623", place, f"{quoted(name)} may answer by the page, says 'ask: people:', and only looks by it", hint="its token belongs under 'tokens'"
        )  # fmt: skip
