"""Pages about one thing: one table of paths, each with a template and what that shows."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec

from watchdog.web.failures import NotUnderstoodError
from watchdog.web.inside import Inside
from watchdog.web.page.curves import curves_of
from watchdog.web.page.values import cell_values, change_values, process_state
from watchdog.web.views import alerts as of_alerts
from watchdog.web.views import audit as of_audit
from watchdog.web.views import changes as of_changes
from watchdog.web.views import incidents as of_incidents
from watchdog.web.views import matrix as of_matrix
from watchdog.web.views import processes as of_processes
from watchdog.web.views import why as of_why
from watchdog.web.views.audit import Asked

MOST: Final = 50
_FILTERS: Final = ("kind", "rule", "entity", "target", "decision", "guard", "incident")


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """One page: `of` as those of a section, empty where it does not change by itself; `look` is given what stands in the path, and what is asked behind it."""

    template: str
    of: tuple[str, ...]
    look: Callable[[Inside, Mapping[str, str], Mapping[str, str]], Awaitable[dict[str, Any]]]
    moves: bool = False


async def _incident(inside: Inside, path: Mapping[str, str], _asked: Mapping[str, str]) -> dict[str, Any]:
    story = await of_incidents.incident(inside, path["id"])
    return {"title": f"{story.rule} on {story.target or story.entity}", "story": story}


async def _incidents(inside: Inside, _path: Mapping[str, str], asked: Mapping[str, str]) -> dict[str, Any]:
    piece = await of_incidents.incidents(
        inside,
        open_only=asked.get("open") == "yes",
        alerts=True,
        rule=asked.get("rule", ""),
        target=asked.get("target", ""),
        outcome=asked.get("outcome", ""),
        after=asked.get("after", ""),
        limit=MOST,
    )
    return {"title": "Incidents", "piece": piece, "asked": _given(asked, ("rule", "target", "outcome", "open"))}


async def _why(inside: Inside, path: Mapping[str, str], asked: Mapping[str, str]) -> dict[str, Any]:
    rule, entity = path["rule"], asked.get("entity", "")
    if entity:
        return {"title": f"why {rule}", "rule": rule, "why": await of_why.why(inside, rule, entity), "line": None, "values": cell_values}
    seen = await of_matrix.matrix(inside, rule=rule, after=asked.get("after", ""), limit=MOST)
    return {"title": f"why {rule}", "rule": rule, "why": None, "line": seen.lines[0] if seen.lines else None, "values": cell_values}


async def _process(inside: Inside, path: Mapping[str, str], _asked: Mapping[str, str]) -> dict[str, Any]:
    one = await of_processes.process(inside, path["id"])
    alerts = await of_alerts.alerts(inside, entity=one.id)
    return {"title": one.target, "one": one, "alerts": alerts, "lines": curves_of(inside.charts, "process.cpu"), "state": process_state}


async def _audit(inside: Inside, _path: Mapping[str, str], asked: Mapping[str, str]) -> dict[str, Any]:
    given = _given(asked, _FILTERS)
    piece = await of_audit.audit(inside, msgspec.convert(given, Asked), after=asked.get("after", ""), limit=MOST)
    return {"title": "Audit", "piece": piece, "chain": await of_audit.chain(inside), "asked": given, "filters": _FILTERS}


async def _changes(inside: Inside, _path: Mapping[str, str], asked: Mapping[str, str]) -> dict[str, Any]:
    given = _given(asked, ("kind", "entity"))
    piece = await of_changes.changes(inside, **given, after=asked.get("after", ""), limit=2 * MOST)  # type: ignore[arg-type]  # these two are texts
    return {"title": "Changes", "piece": piece, "asked": given, "values": change_values}


async def _alerts(inside: Inside, _path: Mapping[str, str], asked: Mapping[str, str]) -> dict[str, Any]:
    given = _given(asked, ("rule", "phase"))
    return {"title": "Alerts", "piece": await of_alerts.alerts(inside, **given, after=asked.get("after", ""), limit=MOST), "asked": given}


def _given(asked: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    """What is asked for of these, without those that are left empty. Raises `NotUnderstoodError`."""
    given = {name: asked[name].strip() for name in names if asked.get(name, "").strip()}
    if any(len(value) > _LONGEST for value in given.values()):
        raise NotUnderstoodError("no name is as long as that")
    return given


_LONGEST: Final = 1_000

PAGES: Final[dict[str, Story]] = {
    "/incidents": Story(template="incidents.html", of=("incidents",), look=_incidents),
    "/incidents/{id}": Story(template="incident.html", of=("incidents", "approvals", "audit"), look=_incident),
    "/why/{rule}": Story(template="why.html", of=("matrix", "alerts"), look=_why, moves=True),
    "/processes/{id}": Story(template="process.html", of=("processes",), look=_process, moves=True),
    "/alerts": Story(template="alerts.html", of=("alerts",), look=_alerts, moves=True),
    "/audit": Story(template="audit.html", of=("audit",), look=_audit),
    "/changes": Story(template="changes.html", of=(), look=_changes),
}
"""Path → page."""
