"""The lines of the charts, as templates draw them: a title in words, values, and how one of them is said."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

import msgspec

from watchdog.lang.display import UNKNOWN, display
from watchdog.web.charts.charts import Charts
from watchdog.web.charts.series import STEPS, Series
from watchdog.web.page.words import plain

TITLES: Final = {
    "sidekiq.enqueued": "waiting",
    "sidekiq.busy": "running",
    "sidekiq.retries": "to be retried",
    "sidekiq.processed": "processed",
    "sidekiq.failed": "failed",
    "queue.size": "jobs that wait in",
    "queue.latency": "latency of",
    "process.cpu": "processor time of",
    "agent.cpu": "agent’s processor",
    "agent.redis": "Redis, for the agent",
}
"""Chart → how it is called here."""
WHOLE: Final = ("sidekiq.enqueued", "sidekiq.busy", "sidekiq.retries", "sidekiq.processed", "sidekiq.failed")
"""Those of Sidekiq as a whole, in their order."""
OWN: Final = ("agent.cpu", "agent.redis")


class Curve(msgspec.Struct, frozen=True):
    """`last` is the newest value in words: what it was when it could be read last is no answer to what it is."""

    title: str
    values: tuple[float | None, ...]
    say: Callable[[float], str]
    last: str


def curves(charts: Charts, names: Iterable[str]) -> list[Curve]:
    """Those that have one line each, as far as anything is known of them."""
    found = {one.name: one for one in charts.series(*names)}
    return [_curve(found[name], "") for name in names if name in found and _is_known(found[name])]


def curves_of(charts: Charts, name: str) -> dict[str, Curve]:
    """The lines of one chart by what they are of; not that of all the rest."""
    return {one.of: _curve(one, one.of) for one in charts.series(name) if not one.rest and _is_known(one)}


def _curve(series: Series, of: str) -> Curve:
    say = partial(_say, series)
    title = TITLES[series.name]
    # All reach back equally far, or the first minutes would look like hours.
    values = (None,) * (STEPS - len(series.values)) + series.values
    return Curve(f"{title} {plain(of)}" if of else title, values, say, UNKNOWN if series.values[-1] is None else say(series.values[-1]))


def _say(series: Series, value: float) -> str:
    return display(value, series.type)


def _is_known(series: Series) -> bool:
    return any(value is not None for value in series.values)
