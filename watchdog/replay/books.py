"""What is kept of a replay of the rules that decided: the account, the rows beside those that were written, and the incidents as they stand."""

from collections.abc import Collection
from typing import Protocol

from watchdog.engine.rules import RuleSet
from watchdog.model.records import AuditRow, IncidentRow
from watchdog.replay.account import Account
from watchdog.replay.accountant import Accountant
from watchdog.replay.checking import Check


class Hearer(Protocol):
    """Who is told what the rules decided, in its order."""

    def begin(self, wall: int, firing: Collection[str]) -> None:
        """A stretch begins at `wall` (UTC milliseconds) that does not follow what was played before; these fired then, as `rule|entity`."""

    def row(self, row: AuditRow, *, deploying: bool) -> None:
        """A row of the audit log; `deploying` says whether its rule takes this for the time of a deployment."""

    def incident(self, incident: IncidentRow) -> None:
        """An incident as it stands now."""

    def end(self, wall: int) -> None:
        """The stretch ends with an event at `wall`."""


class Books:
    """The hearer who keeps it all; with `check` each row is laid beside the one that was written. `incidents` are by id."""

    def __init__(self, rules: RuleSet, *, since: int, until: int | None, check: Check | None = None) -> None:
        self._accountant = Accountant(rules.by_name, since=since, until=until)
        self._check = check
        self._began = False
        self.incidents: dict[str, IncidentRow] = {}

    def begin(self, wall: int, firing: Collection[str]) -> None:
        """See `Hearer`."""
        if not self._began:
            self._began = True
            self._accountant.began_with(firing)
        if self._check is not None:
            self._check.begin(wall)

    def row(self, row: AuditRow, *, deploying: bool) -> None:
        """See `Hearer`."""
        if self._check is not None:
            self._check.row(row)
        self._accountant.hear(row, deploying=deploying)

    def incident(self, incident: IncidentRow) -> None:
        """See `Hearer`."""
        self.incidents[incident.id] = incident

    def end(self, wall: int) -> None:
        """See `Hearer`."""
        if self._check is not None:
            self._check.end(wall)

    def account(self) -> Account:
        """What they said."""
        return self._accountant.account()
