"""
`GET /metrics`, where the agent counts: who may read it says the config (`page: {metrics: …}`), and on the unix socket whoever may connect.

What writes it is loaded by the first scrape: an agent that nobody scrapes pays for nothing.
"""

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from aiohttp import web

from watchdog.web.access.access import METRICS
from watchdog.web.metrics.figures import Figures
from watchdog.web.reception import Reception

if TYPE_CHECKING:
    from watchdog.web.metrics.collect import Metrics


@runtime_checkable
class Counting(Protocol):
    """An agent whose parts count."""

    async def figures(self) -> Figures:
        """What they have counted, as it is now."""


def add(router: web.UrlDispatcher, reception: Reception) -> None:
    """Adds the route, unless nothing is counted there."""
    inside = reception.inside
    if not isinstance(inside, Counting):
        return
    known: list[Metrics] = []

    async def scrape(request: web.Request) -> web.Response:
        if not known:
            from watchdog.web.metrics.collect import Metrics

            known.append(Metrics(inside, inside.figures))
        text, content_type = await known[0].exposition(request.headers.get("Accept", ""))
        return web.Response(body=text, headers={"Content-Type": content_type})

    router.add_get(METRICS, scrape)
