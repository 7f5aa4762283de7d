"""
Which queues a unit's command names.

The counterpart of the settings file of Sidekiq, which is not read here: it may hold Ruby, and whoever must know for sure what is served is better told nothing.
"""

from watchdog.host.systemd.sidekiq_command import NotUnderstoodError, options_of
from watchdog.host.systemd.stop_time import Start


def queues_of(start: Start | None) -> tuple[str, ...] | None:
    """Those that stand behind `-q`, without their weights; None where none does, or the command is not understood."""
    if start is None:
        return None
    try:
        options = options_of(start.words)
    except NotUnderstoodError:
        return None
    queues = tuple(dict.fromkeys(value.partition(",")[0] for name, value in options if name == "queue"))
    # A variable becomes something else, or several things.
    return None if not queues or any(sign in queue for queue in queues for sign in "$%") else queues
