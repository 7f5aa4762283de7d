"""
One turn of the engine while it is being made: the event, the rules, what changes, and what is asked for.

It lives for one call of `advance` only. Ledger tables are copied when they are first written to, so
an idle turn copies nothing, and the ledger of the turn before stays what it was.
"""

from typing import Any

import msgspec

from watchdog.engine.approvals import Approval
from watchdog.engine.holding import held_threads, sick_processes
from watchdog.engine.incidents import Deed, Edit, Playbook, Run
from watchdog.engine.known import known
from watchdog.engine.ledger import Alert, Ledger, Request
from watchdog.engine.order import Order
from watchdog.engine.routing.addressing import addressed, is_hidden
from watchdog.engine.rules import Rule, RuleSet
from watchdog.engine.state import State
from watchdog.engine.watching import Notes
from watchdog.engine.withholding import is_withheld
from watchdog.model.effects import Audit, Effect, KeepIncident
from watchdog.model.events import Event
from watchdog.model.records import AuditRow, IncidentRow


class Over(msgspec.Struct, frozen=True):
    """A run, an edit or a deed that came to its end in this turn: `ended`, `failed` or `abandoned`, with a sentence that says how."""

    run: Run | Edit | Deed
    outcome: str
    account: str


class Turn:
    """`freed` says that a playbook has come to its end. `notes` is empty between two judgements. Reads go to `ledger`; writes through the methods; effects are collected in the order in which they are asked for."""

    def __init__(self, rules: RuleSet, state: State, event: Event) -> None:
        self._in_force = rules
        # Whoever can't rely on what he remembers does nothing (`adopting`).
        self.rules = rules if state.ledger.doubt is None else rules.in_doubt()
        self.rule = self.rules.by_name
        self.event = event
        self.at = max(event.at, state.ledger.at)
        self.wall = event.wall
        self.world = state.world
        self.notes = Notes(state.world)
        self.effects: list[Effect] = []
        self.over: list[Over] = []
        self.freed = False
        self.ledger: Ledger = state.ledger
        self._before = state.ledger
        self._copied: set[str] = set()
        self._ids = 0
        self._held: dict[str, int] | None = None
        self._sick: frozenset[str] | None = None

    def id(self) -> str:
        """A name that nothing else has: number of the event, number within it."""
        self._ids += 1
        return f"{self.event.seq}.{self._ids - 1}"

    def set(self, **fields: Any) -> None:
        """Replaces whole fields of the ledger."""
        self.ledger = msgspec.structs.replace(self.ledger, **fields)

    def put_alert(self, key: str, alert: Alert | None) -> None:
        """Writes an alert, or removes it."""
        self._held = self._sick = None
        before = self.ledger.alerts
        self.world.alerted.put(self._table("alerts"), before, key, alert)

    def put_request(self, key: str, request: Request | None) -> None:
        """Writes a request, or removes it."""
        _write(self._table("requests"), key, request)

    def put_run(self, key: str, run: Run | None) -> None:
        """Writes a run, or removes it."""
        _write(self._table("runs"), key, run)

    def put_edit(self, key: str, edit: Edit | None) -> None:
        """Writes an edit, or removes it."""
        _write(self._table("edits"), key, edit)

    def put_deed(self, key: str, deed: Deed | None) -> None:
        """Writes a deed, or removes it."""
        _write(self._table("deeds"), key, deed)

    def put_playbook(self, key: str, playbook: Playbook | None) -> None:
        """Writes a playbook, or removes it."""
        _write(self._table("playbooks"), key, playbook)

    def put_order(self, key: str, order: Order | None) -> None:
        """Writes an order, or removes it."""
        _write(self._table("orders"), key, order)

    def put_approval(self, key: str, approval: Approval | None) -> None:
        """Writes what a person is asked, or removes it."""
        _write(self._table("approvals"), key, approval)

    def put_told(self, table: str, key: str, value: object) -> None:
        """Writes into a table of the ledger's `routing`, or removes from it."""
        if f"routing.{table}" not in self._copied:
            self._copied.add(f"routing.{table}")
            self.set(routing=msgspec.structs.replace(self.ledger.routing, **{table: dict(getattr(self.ledger.routing, table))}))
        _write(getattr(self.ledger.routing, table), key, value)

    def audit(self, kind: str, **fields: Any) -> None:
        """Asks for an audit row."""
        self.effects.append(Audit(AuditRow(kind=kind, wall=self.wall, **fields)))

    def notify(self, receivers: tuple[str, ...], **fields: Any) -> None:
        """Asks for a notice to each of these receivers, unless somebody does not want to hear of it or it is a symptom of what they know."""
        if receivers and not is_withheld(self.ledger, self.rule, fields) and not is_hidden(self, fields):
            self.effects.append(addressed(self, receivers, known(self, fields)))

    def audience(self, rule: Rule, thread: str) -> tuple[str, ...]:
        """Who is told of what that rule does about the alert of that thread: those whom the rule names, else those to whom its route led."""
        telling = self.ledger.routing.tellings.get(thread)
        return rule.notify or (() if telling is None else telling.notify)

    def rely(self) -> None:
        """What is remembered may be relied upon: the mode of the rules counts again."""
        self.rules = self._in_force
        self.rule = self.rules.by_name
        self.set(mode=self.rules.mode)

    def everybody(self) -> tuple[str, ...]:
        """Every receiver that a rule or a route names, in their order."""
        return self.rules.audience

    def page(self, incident: str) -> str:
        """The address of the page of that incident; empty where the config names none."""
        return f"{self.rules.page}/incidents/{incident}" if self.rules.page else ""

    def keep_incident(self, incident: IncidentRow) -> None:
        """Asks for the incident to be written as it stands."""
        self.effects.append(KeepIncident(incident))

    def held(self) -> dict[str, int]:
        """How many threads of each process are held; counted once, however many requests ask."""
        if self._held is None:
            self._held = held_threads(self.world, self.ledger.alerts.values())
        return self._held

    def sick(self) -> frozenset[str]:
        """Which processes have an alert of their own or of a job; found once, however many requests ask."""
        if self._sick is None:
            self._sick = sick_processes(self.world, self.ledger.alerts.values())
        return self._sick

    def end(self) -> State:
        """The new state; the very same ledger if nothing in it has changed."""
        ledger = self.ledger
        if ledger is not self._before:
            ledger = msgspec.structs.replace(ledger, seq=self.event.seq, at=self.at, wall=self.wall)
        return State(ledger, self.world)

    def _table(self, name: str) -> dict[str, Any]:
        if name not in self._copied:
            self._copied.add(name)
            self.set(**{name: dict(getattr(self.ledger, name))})
        table: dict[str, Any] = getattr(self.ledger, name)
        return table


def _write(table: dict[str, Any], key: str, value: object) -> None:
    if value is None:
        table.pop(key, None)
    else:
        table[key] = value
