"""
A scrape: read, bounded, and written in the format that is asked for.

It is read in pieces, between turns, so that no event waits for it; and written by a thread. Whoever asks again within a second is given what the one before him was given, so that nobody can make the agent
work by asking.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from itertools import chain
from typing import Final

from prometheus_client import ProcessCollector
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import CollectorRegistry
from prometheus_client.samples import Sample

from watchdog.web.inside import Inside
from watchdog.web.metrics.bounds import Bounds
from watchdog.web.metrics.counted import LifeCounts, Spread
from watchdog.web.metrics.counting import read_figures
from watchdog.web.metrics.families import BY_NAME
from watchdog.web.metrics.family import Family
from watchdog.web.metrics.figures import Figures
from watchdog.web.metrics.judged import blind_sources, read_judgement
from watchdog.web.metrics.reading import read_fields
from watchdog.web.metrics.sheet import Samples, Sheet
from watchdog.web.metrics.working import read_work

FRESH: Final = 1_000
"""Milliseconds for which a scrape is given to others as well."""
_OVER: Final = object()
_OPENMETRICS: Final = "application/openmetrics-text"


class Metrics:
    """Of one life of the agent; `figures` are asked for at each scrape."""

    def __init__(self, inside: Inside, figures: Callable[[], Awaitable[Figures]]) -> None:
        self._inside = inside
        self._figures = figures
        self._bounds = Bounds()
        self._process = ProcessCollector(registry=None)
        self._lock = asyncio.Lock()
        self._read_at: int | None = None
        self._scrape = _Scrape(())
        self._written: dict[str, bytes] = {}
        self._under_way: set[asyncio.Future[tuple[bytes, str]]] = set()

    async def exposition(self, accept: str) -> tuple[bytes, str]:
        """The text, and what its Content-Type is: OpenMetrics for those that `accept` it, else Prometheus' own."""
        # Whoever leaves meanwhile does not leave a thread behind that nobody waits for.
        scrape = asyncio.ensure_future(self._exposition(accept))
        self._under_way.add(scrape)
        scrape.add_done_callback(self._under_way.discard)
        return await asyncio.shield(scrape)

    async def _exposition(self, accept: str) -> tuple[bytes, str]:
        async with self._lock:
            now = self._inside.at()
            if self._read_at is None or not 0 <= now - self._read_at < FRESH:
                sheet, counted = await self._read()
                self._scrape = await asyncio.to_thread(self._bounded, sheet, counted)
                self._read_at = now
                self._written.clear()
            encode, content_type = _encoder(accept)
            if content_type not in self._written:
                self._written[content_type] = await asyncio.to_thread(encode, self._scrape)
            return self._written[content_type], content_type

    async def _read(self) -> tuple[Sheet, LifeCounts]:
        figures = await self._figures()
        inside, spent = self._inside, 0.0
        sheet = Sheet(blind_sources(inside.state))
        at = inside.at()
        read_figures(sheet, figures, host=inside.host, wall=inside.wall())
        # Each piece is of one moment, and none of them keeps more than what it has copied.
        pieces = chain(
            read_judgement(sheet, inside.rules, inside.state, at), read_fields(sheet, inside.state, at), read_work(sheet, inside.state)
        )
        while True:
            began = time.perf_counter()
            is_over = next(pieces, _OVER) is _OVER
            spent += time.perf_counter() - began
            if is_over:
                break
            await asyncio.sleep(0)
        for metric in self._process.collect():
            for sample in metric.samples:
                if sample.name in BY_NAME:
                    sheet.put(sample.name, sample.value)
        sheet.put("watchdog_scrape_seconds", spent)
        return sheet, figures.counted

    def _bounded(self, sheet: Sheet, counted: LifeCounts) -> "_Scrape":
        metrics = [
            _histogram(BY_NAME["watchdog_turn_seconds"], counted.turns),
            _histogram(BY_NAME["watchdog_commit_seconds"], counted.commits),
        ]
        for family, samples in sheet.families():
            told, left_out = self._bounds.fold(family, samples)
            if left_out:
                # Told by the last line of the table, which has not had its turn yet.
                sheet.put("watchdog_metrics_left_out", left_out, family.name)
            metrics.append(_metric(family, told))
        return _Scrape(metrics)


class _Scrape(CollectorRegistry):
    """What was read, as the encoders of prometheus_client want it."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        super().__init__()
        self._metrics = tuple(metrics)

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _metric(family: Family, samples: Samples) -> Metric:
    metric = Metric(family.base, family.help, family.type.value, family.unit)
    metric.samples = [Sample(family.name, dict(zip(family.labels, labels, strict=True)), float(value)) for labels, value in samples.items()]
    return metric


def _histogram(family: Family, spread: Spread) -> Metric:
    so_far = 0
    buckets: list[tuple[str, float]] = []
    for bound, count in zip((*map(str, spread.bounds), "+Inf"), spread.counts, strict=True):
        so_far += count
        buckets.append((bound, so_far))
    metric = HistogramMetricFamily(family.base, family.help, unit=family.unit)
    metric.add_metric([], buckets=buckets, sum_value=spread.total)
    return metric


def _encoder(accept: str) -> tuple[Callable[[CollectorRegistry], bytes], str]:
    """One of two: what stands in the wish goes no further, since versions that are none break the library's own reading of it, and each would be written anew."""
    wished = (part.partition(";")[0].strip() for part in accept.split(","))
    return choose_encoder(_OPENMETRICS if _OPENMETRICS in wished else "")
