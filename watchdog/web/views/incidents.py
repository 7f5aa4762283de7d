"""Incidents: those under way as they stand this moment, those that are over, and the whole story of one."""

from functools import partial

import msgspec

from watchdog.engine.status import incident_of
from watchdog.picture.picture import Incident
from watchdog.timeline.assembling import of, with_runbook
from watchdog.timeline.failures import NoSuchIncidentError
from watchdog.timeline.listing import Asked, page
from watchdog.timeline.timeline import Brief, Timeline
from watchdog.web.aside import aside
from watchdog.web.failures import NotThereError, NotUnderstoodError
from watchdog.web.inside import Inside
from watchdog.web.paging import USUAL, Slice


class UnderWay(msgspec.Struct, frozen=True, kw_only=True):
    """One that is open: how far it is (`stage`, `held` why it does not go on), and since when."""

    id: str
    rule: str
    entity: str
    target: str
    action: str
    stage: str
    held: str
    pid: int | None
    severity: str
    opened_wall: int
    account: tuple[str, ...]


async def under_way(inside: Inside) -> tuple[UnderWay, ...]:
    """Those that are open, the oldest first: never more than a few, since one thing is done at a time."""
    ledger = inside.state.ledger
    shown = []
    for playbook in sorted(ledger.playbooks.values(), key=lambda one: (one.opened_wall, one.id)):
        stands = msgspec.convert(incident_of(ledger, playbook), Incident)
        shown.append(
            UnderWay(
                id=playbook.id, rule=playbook.rule, entity=playbook.entity, target=playbook.target, action=stands.action, stage=stands.stage, held=stands.held,
                pid=stands.pid, severity=playbook.severity.value, opened_wall=playbook.opened_wall, account=stands.account,
            )
        )  # fmt: skip
    return tuple(shown)


async def incidents(
    inside: Inside,
    *,
    open_only: bool = False,
    alerts: bool = False,
    since: int | None = None,
    until: int | None = None,
    rule: str = "",
    target: str = "",
    outcome: str = "",
    after: str = "",
    limit: int = USUAL,
) -> Slice[Brief]:
    """The newest first; with `alerts` also the alerts that led to none. `since` and `until` are UTC milliseconds. Raises `NotUnderstoodError`, `StoreError`."""
    asked = Asked(open_only=open_only, alerts=alerts, since=since, until=until, rule=rule, target=target, outcome=outcome)
    try:
        found = await aside(partial(page, inside.folder, asked, after=after, limit=limit))
    except ValueError as error:
        raise NotUnderstoodError(str(error)) from error
    return Slice(found.items, found.total, found.next)


async def incident(inside: Inside, id_: str) -> Timeline:
    """Its story; of an alert that led to none by `alert:` and its number. Raises `NotThereError`, `StoreError`."""
    try:
        return with_runbook(await aside(of, inside.folder, id_), inside.rules)
    except NoSuchIncidentError as error:
        raise NotThereError(str(error)) from error
