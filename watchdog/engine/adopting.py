"""
Is what the agent remembers about this machine and this Redis, and does it know what became of what it did last? Where not, nothing is done before a person has said so.

A copied virtual machine, a restored backup, a state folder that was moved: cooldowns, strikes and open incidents of another place would stand for this one. And of an
intent that has been open for hours nobody knows what people have done about it since. So the agent goes on in dry-run, says so, and what was under way is put away, where
nothing can go on with it. What fits again at a later start is in force again by itself. When a person adopts it, what was under way on another machine is given up, and never carried on
here; what was under way here goes on.
"""

from typing import Any, Final

import msgspec

from watchdog.engine import arming, deeds, edits, playbooks, requests, runs
from watchdog.engine.doubt import Binding, Doubt
from watchdog.engine.incidents import Deed, Edit, Run
from watchdog.engine.ledger import Ledger
from watchdog.engine.ordered import rule_of
from watchdog.engine.turn import Turn
from watchdog.model.effects import DropFlight
from watchdog.model.events import Started
from watchdog.model.notices import NoticeKind, Severity
from watchdog.model.records import IncidentRow

LONG_AGO: Final = 3_600_000
"""Milliseconds after which nobody goes on by himself with what was cut off."""
HEEDED_WITHIN: Final = 3_600_000
"""Milliseconds after which a command to adopt is void: what it was said of may be something else by now."""
COMMAND: Final = 'sidekiq-watchdog adopt --reason "…"'
_TABLES: Final = ("runs", "edits", "deeds", "playbooks", "orders")


def begin(turn: Turn, started: Started, before: Ledger) -> None:
    """At the start of the agent, with the ledger as it was found (`before`, in the engine time of its boot), ahead of whatever goes on with what is open."""
    ledger = turn.ledger
    here = Binding(started.machine, started.host, started.redis)
    elsewhere = _differences(ledger.binding, here)
    doubt = ledger.doubt or Doubt(turn.wall, here)
    lost = list(doubt.lost)
    if started.damaged:
        lost.append(f"the database was damaged and is set aside as {started.damaged}; memory begins anew")
    if cut_off := _cut_off(turn, started, before):
        lost.append(cut_off)
    began_here = ledger.doubt is not None and ledger.doubt.here == here and not (cut_off and _intents(before))
    doubt = msgspec.structs.replace(doubt, here=here, elsewhere=elsewhere, lost=tuple(dict.fromkeys(lost)), told=False)
    if doubt.reasons and began_here:
        # What is under way by now a person has ordered meanwhile, here: half-way it must not be left.
        turn.set(doubt=doubt)
        return
    if doubt.reasons:
        _put_away(turn, doubt)
        return
    if ledger.doubt is not None:
        turn.audit("agent", outcome="in doubt no more", reason="what is remembered belongs to this machine and Redis again")
        _bring_back(turn, ledger.doubt)
    turn.set(binding=_known(ledger.binding, here), doubt=None)


def tell(turn: Turn) -> None:
    """Once the rules say who is to hear of it."""
    doubt = turn.ledger.doubt
    if doubt is None or doubt.told:
        return
    turn.set(doubt=msgspec.structs.replace(doubt, told=True))
    title = words(doubt)
    turn.audit("agent", outcome="warning", reason=title, detail={name: len(getattr(doubt, name)) for name in _TABLES})
    turn.notify(turn.everybody(), thread="agent", kind=NoticeKind.AGENT, severity=Severity.CRITICAL, title=title, next=COMMAND)


def words(doubt: Doubt) -> str:
    """What people are told."""
    left = len(doubt.playbooks)
    waits = f"; {left} incident{'' if left == 1 else 's'} that were open wait{'s' if left == 1 else ''}" if left else ""
    return f"nothing is done but in dry-run: {'; '.join(doubt.reasons)}{waits}. Adopt it when you have looked: {COMMAND}"


def adopt(turn: Turn, doubt: Doubt) -> None:
    """A person relies on it: from now on the rules' own mode is in force, and what is so already a person is asked about (guard `baseline`), but for what is under way."""
    turn.set(binding=_known(turn.ledger.binding, doubt.here), doubt=None)
    turn.rely()
    if doubt.elsewhere:
        _give_up(turn, doubt)
    else:
        _bring_back(turn, doubt)
        runs.resume(turn)
        edits.resume(turn)
        deeds.resume(turn)
        playbooks.ask_anew(turn)
    arming.adopted(turn)
    requests.want_all(turn)


def _differences(then: Binding, now: Binding) -> tuple[str, ...]:
    """Sentences; what is not known on either side says nothing."""
    told = (
        (then.machine, now.machine, "it was written on another machine (its machine-id differs)"),
        (then.host, now.host, f"it was written on host {then.host}, and this is {now.host}"),
        (then.redis, now.redis, f"it was written for the Redis {then.redis}, and this is {now.redis}"),
    )
    return tuple(sentence for before, after, sentence in told if before and after and before != after)


def _known(then: Binding, now: Binding) -> Binding:
    return Binding(now.machine or then.machine, now.host or then.host, now.redis or then.redis)


def _cut_off(turn: Turn, started: Started, before: Ledger) -> str:
    """What is to be said of intents whose outcome was not written down for so long that nobody goes on by himself; empty where there are none."""
    open_ = _intents(before)
    passed = turn.event.at - before.at if before.boot_id == started.boot_id else turn.wall - before.wall
    if (doubt := before.doubt) is not None:
        put_away = _intents(doubt)
        open_ += put_away
        passed = max(passed, turn.wall - doubt.since_wall) if put_away else passed
    if not open_ or 0 <= passed <= LONG_AGO:
        return ""
    when = "and the clock does not tell how long ago that was" if passed < 0 else "and that is more than an hour ago"
    return f"what was being done when the agent ended has no outcome, {when} (incident {', '.join(sorted(set(open_)))})"


def _intents(of: Ledger | Doubt) -> list[str]:
    """The incidents with an intent that has no outcome."""
    under_way: list[Run | Edit | Deed] = [*of.runs.values(), *of.edits.values(), *of.deeds.values()]
    return [one.incident for one in under_way if one.intent]


def _put_away(turn: Turn, doubt: Doubt) -> None:
    ledger = turn.ledger
    # Of an order that was only being looked at, or was waiting, nobody waits for the outcome any more; it is kept with the others all the same.
    tables: dict[str, Any] = {name: {**getattr(doubt, name), **getattr(ledger, name)} for name in _TABLES}
    for request in list(ledger.requests.values()):
        if request.playbook:
            turn.put_request(request.id, None)
    turn.set(doubt=msgspec.structs.replace(doubt, **tables), **{name: {} for name in _TABLES})


def _bring_back(turn: Turn, doubt: Doubt) -> None:
    for request in list(turn.ledger.requests.values()):
        # What dry-run has asked for meanwhile, those who come back are there for.
        if any(
            (one.rule == request.rule and one.target == request.target) or set(one.alerts) & set(request.alerts)
            for one in doubt.playbooks.values()
        ):
            turn.put_request(request.id, None)
    turn.set(**{name: {**getattr(doubt, name), **getattr(turn.ledger, name)} for name in _TABLES})


def _give_up(turn: Turn, doubt: Doubt) -> None:
    """Nothing of it is carried on; which jobs a process held then is said, since their payloads go."""
    account = "given up: it was under way elsewhere, and its memory was adopted here"
    for run in doubt.runs.values():
        turn.effects.append(DropFlight(run.incident))
        for held in run.flight.jobs:
            turn.audit("incident", rule=run.rule, target=run.ref.name, action=run.action, incident=run.incident, outcome="not carried on",
                       reason="the process held this job then", detail={"jid": held.jid, "class": held.job_class})  # fmt: skip
    for playbook in doubt.playbooks.values():
        row = IncidentRow(
            playbook.id, playbook.rule, playbook.entity, playbook.target, playbook.action, playbook.opened_wall, turn.wall, "abandoned", (*playbook.account, account)
        )  # fmt: skip
        turn.keep_incident(row)
        turn.audit("incident", rule=playbook.rule, entity=playbook.entity, target=playbook.target, action=playbook.action, incident=playbook.id,
                   outcome="abandoned", reason=account)  # fmt: skip
    for order in doubt.orders.values():
        if not order.outcome:
            turn.audit(
                "order",
                rule=rule_of(order.id),
                entity=order.process,
                action=order.action,
                incident=order.incident,
                outcome="refused",
                reason=account,
            )
