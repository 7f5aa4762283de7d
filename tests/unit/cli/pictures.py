"""What an agent writes down of itself, as `status` reads it."""

import time


def picture(**changes):
    """A picture as the agent writes it, just now, with these parts changed."""
    now = time.time_ns() // 1_000_000
    return {
        "agent": {"pid": 4711, "version": "0.1.0", "host": "web1", "started": now - 3_600_000, "at": now, "failing": ""},
        "mode": "act",
        "paused": None,
        "sources": {"redis": {"ok": True, "code": "", "message": "", "since_ms": 400}},
        "firing": 0,
        "alerts": [],
        "tracking": True,
        **changes,
    }


ALERT = {
    "rule": "stuck-job",
    "entity": "web1:4711|x",
    "phase": "firing",
    "for_ms": 725_000,
    "title": "DeliveryWorker is stuck",
    "severity": "critical",
}
LOST = {"redis": {"ok": False, "code": "refused", "message": "Connection refused", "since_ms": 90_000}}
UNIT = {
    "name": "mastodon-sidekiq.service", "state": "active", "sub_state": "running", "since_ms": 60_000, "result": "success", "restarts": 3,
    "processes": 1, "stop_timeout": 90_000, "sidekiq_timeout": 25_000, "job": "", "reload_needed": False, "file_state": "enabled",
}  # fmt: skip
TRACE = {"on": True, "segments": 30, "size": 31_000_000, "since": 0, "failing": "", "gaps": 0, "missed": 0}
