"""Metrics that the parts of the agent count of themselves, and those of its process."""

import platform
from typing import Final

from watchdog import __version__
from watchdog.web.metrics.figures import Figures
from watchdog.web.metrics.sheet import Sheet

_COST: Final = {
    "watchdog_redis_commands_total": "commands",
    "watchdog_redis_round_trips_total": "round_trips",
    "watchdog_redis_pushes_total": "pushes",
    "watchdog_redis_connections_total": "connections",
    "watchdog_redis_sent_bytes_total": "bytes_out",
    "watchdog_redis_received_bytes_total": "bytes_in",
}
_BUDGET: Final = {
    "watchdog_redis_core_ratio": "share",
    "watchdog_redis_core_limit_ratio": "limit",
    "watchdog_redis_backoff_factor": "backed_off",
}
_OUTBOX: Final = {
    "watchdog_outbox_waiting": "waiting",
    "watchdog_outbox_failures": "failures",
    "watchdog_outbox_delivered_total": "delivered",
    "watchdog_outbox_given_up_total": "given_up",
    "watchdog_outbox_left_out_total": "left_out",
}


def read_figures(sheet: Sheet, figures: Figures, *, host: str, wall: int) -> None:
    """All of them; `wall` is UTC milliseconds now."""
    sheet.put("watchdog_build_info", 1, __version__, platform.python_version(), host)
    sheet.put("watchdog_store_failing", figures.failing)
    sheet.put("watchdog_reload_refused", figures.refused)
    sheet.put("watchdog_events_waiting", figures.waiting)
    sheet.put("watchdog_turns_undone_total", figures.counted.undone)
    sheet.put("watchdog_streams", figures.streams)
    sheet.put("watchdog_streams_dropped_total", figures.dropped)
    for kind, happened in figures.counted.events.items():
        sheet.put("watchdog_events_total", happened, str(kind.__struct_config__.tag))
    for name, counts in figures.counted.sums.by_name.items():
        for labels, count in counts.items():
            sheet.put(name, count, *labels)
    for known, name in (
        (figures.broken, "watchdog_broken_data"),
        (figures.quarantined, "watchdog_quarantined_jobs"),
        (figures.tracking, "watchdog_redis_tracking"),
        (None if figures.looked_ms is None else figures.looked_ms / 1000, "watchdog_host_looks_seconds_total"),
        *((None if figures.cost is None else figures.cost[key], name) for name, key in _COST.items()),
        *((None if figures.budget is None else figures.budget[key], name) for name, key in _BUDGET.items()),
    ):
        if known is not None:
            sheet.put(name, known)
    _read_trace(sheet, figures)
    _read_outbox(sheet, figures, wall)


def _read_trace(sheet: Sheet, figures: Figures) -> None:
    if (trace := figures.trace) is not None:
        sheet.put("watchdog_trace_recording", trace.on)
        sheet.put("watchdog_trace_bytes", trace.size)
        sheet.put("watchdog_trace_segments", trace.segments)
        sheet.put("watchdog_trace_gaps_total", trace.gaps)
        sheet.put("watchdog_trace_missed_events_total", trace.missed)


def _read_outbox(sheet: Sheet, figures: Figures, wall: int) -> None:
    for receiver, box in (figures.outbox or {}).items():
        for name, key in _OUTBOX.items():
            sheet.put(name, getattr(box, key), receiver)
        age = 0 if box.oldest is None else max(0, wall - box.oldest)
        sheet.put("watchdog_outbox_oldest_age_seconds", age / 1000, receiver)
    for receiver, is_heard in figures.hears.items():
        sheet.put("watchdog_receiver_hears", is_heard, receiver)
