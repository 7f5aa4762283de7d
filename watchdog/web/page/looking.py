"""What each section shows: the views that its template is given, and how much of them has room there."""

from typing import Any, Final

from watchdog.store.failures import StoreError
from watchdog.web.inside import Inside
from watchdog.web.page.curves import OWN, WHOLE, curves, curves_of
from watchdog.web.page.kept import kept
from watchdog.web.page.values import cell_values, process_state
from watchdog.web.views import alerts as of_alerts
from watchdog.web.views import approvals as of_approvals
from watchdog.web.views import audit as of_audit
from watchdog.web.views import blocked as of_blocked
from watchdog.web.views import incidents as of_incidents
from watchdog.web.views import matrix as of_matrix
from watchdog.web.views import overview as of_overview
from watchdog.web.views import processes as of_processes
from watchdog.web.views import queues as of_queues
from watchdog.web.views import switches as of_switches
from watchdog.web.views import units as of_units
from watchdog.web.views import would as of_would

ALERTS: Final = 12
QUESTIONS: Final = 10
CELLS: Final = 4
QUEUES: Final = 20
PROCESSES: Final = 20
UNITS: Final = 20
DEEDS: Final = 8
BLOCKED: Final = 12
ROWS: Final = 15
"""So many of each have room on the one screen; their own pages have all of them."""


async def standing(inside: Inside) -> dict[str, Any]:
    """How far the agent goes, what it can't see, what holds it."""
    own = await kept(inside.folder)
    return {
        "overview": await of_overview.overview(inside),
        "switches": await of_switches.switches(inside),
        "refused": own.refused,
    }


async def needs(inside: Inside) -> dict[str, Any]:
    """What waits for a person, what fires, what is under way."""
    return {
        "questions": await of_approvals.approvals(inside, limit=QUESTIONS),
        "alerts": await of_alerts.alerts(inside, phase="firing", limit=ALERTS),
        "under_way": await of_incidents.under_way(inside),
        "switches": await of_switches.switches(inside),
    }


async def matrix(inside: Inside) -> dict[str, Any]:
    """Each rule with what fires, and what is nearest to it."""
    return {"matrix": await of_matrix.matrix(inside, limit=CELLS), "values": cell_values}


async def queues(inside: Inside) -> dict[str, Any]:
    """Those with most jobs, and Sidekiq as a whole."""
    return {
        "queues": await of_queues.queues(inside, order=of_queues.Order.SIZE, limit=QUEUES),
        "charts": curves(inside.charts, WHOLE),
        "lines": curves_of(inside.charts, "queue.size"),
        "blind": "redis" in inside.state.ledger.lost,
    }


async def processes(inside: Inside) -> dict[str, Any]:
    """Those whose jobs have run for longest."""
    return {
        "processes": await of_processes.processes(inside, order=of_processes.Order.LONGEST, limit=PROCESSES),
        "units": await of_units.units(inside, limit=UNITS),
        "lines": curves_of(inside.charts, "process.cpu"),
        "state": process_state,
        "blind": "redis" in inside.state.ledger.lost,
    }


async def would(inside: Inside) -> dict[str, Any]:
    """Of the last day: what dry-run left out beside what was done."""
    try:
        return {"would": await of_would.would(inside, limit=DEEDS), "problem": ""}
    except StoreError as error:
        return {"would": None, "problem": str(error)}


async def blocked(inside: Inside) -> dict[str, Any]:
    """What guards stand in the way of."""
    return {"blocked": await of_blocked.blocked(inside, limit=BLOCKED)}


async def receivers(inside: Inside) -> dict[str, Any]:
    """Who is told, and what the agent costs."""
    own = await kept(inside.folder)
    return {
        "receivers": own.receivers or {},
        "outbox": own.outbox,
        "budget": own.budget,
        "trace": own.trace,
        "agent": own.agent,
        "charts": curves(inside.charts, OWN),
    }


async def audit(inside: Inside) -> dict[str, Any]:
    """The newest rows, and how their chain stands."""
    try:
        return {"rows": (await of_audit.audit(inside, limit=ROWS)).items, "chain": await of_audit.chain(inside), "problem": ""}
    except StoreError as error:
        return {"rows": (), "chain": None, "problem": str(error)}
