"""An audit row as the engine writes it; the store adds number and hash chain."""

from typing import Final

import msgspec


class AuditRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One line of the account of what was seen, decided and done.

    `kind` is one of `RECORD_KINDS`. `wall` is UTC milliseconds. `target` is the name under which cooldowns are
    kept; `entity` the thing that the rule looked at; `stage` a stage of the action, or the name of a
    signal; `would_at` (UTC milliseconds) the time at which act would have done it.
    Never holds job arguments.
    """

    kind: str
    wall: int
    rule: str = ""
    entity: str = ""
    target: str = ""
    mode: str = ""
    decision: str = ""
    guard: str = ""
    reason: str = ""
    action: str = ""
    stage: str = ""
    outcome: str = ""
    incident: str = ""
    would_at: int | None = None
    detail: dict[str, str | int | bool] = {}


RECORD_KINDS = {
    "agent": "The agent started, stopped, was paused, resumed, or changed its rules or mode; a sign of a deployment was seen; a rule demoted itself.",
    "source": "A source was lost or came back.",
    "alert": "An alert fired, was said again (`reminded`), told to others (`escalated`), told after all (`told`) or resolved; `detail` says who was told, or why nobody was, and of one that fires what it was judged by (`seen`) and in which thread it is told.",
    "decision": "What the guards and the mode said to a request; written again only when the answer changes.",
    "would": "A stage that dry-run left out, with the time at which act would have done it.",
    "intent": "A stage that changes the world is about to be carried out.",
    "outcome": "What came of a stage.",
    "order": "A person's order was taken, refused, withdrawn, or is over (`outcome`).",
    "approval": "A person was asked, or the question came to its end (`outcome`); `detail` holds its id (`approval`).",
    "operator": "A person's command was heeded or refused (`outcome`); `detail` holds who gave it (`by`) and its id (`told`).",
    "incident": "An incident was opened, held, resumed or closed (`outcome`).",
}
"""Kind of a row → what it says."""


INCIDENT_OUTCOMES: Final = {
    "open": "Something is being done, or it is waited for the proof that it helped.",
    "held": "It stands half-way and can't go on.",
    "ended": "All steps are done, and the rule asks for no proof.",
    "verified": "All steps are done, and the rule's proof is true.",
    "unverified": "All steps are done, and the proof has not become true in time.",
    "failed": "A step has failed, and there was nothing else to do.",
    "abandoned": "Nothing was changed, or what was left to do is not wanted any more.",
    "closed": "A person has closed it: what was left to do is done by hand, or not at all.",
    "would": "Dry-run: nothing was done.",
}
"""Outcome of an incident → what it says."""


class IncidentRow(msgspec.Struct, frozen=True):
    """
    An incident as it stands: what was done about one firing, from the decision to act to the end.

    Times are UTC milliseconds; `closed` is None while it is open. `outcome` is one of `INCIDENT_OUTCOMES`.
    """

    id: str
    rule: str
    entity: str
    target: str
    action: str
    opened: int
    closed: int | None
    outcome: str
    account: tuple[str, ...] = ()
