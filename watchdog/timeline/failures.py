"""What can't be told."""

from watchdog.errors import WatchdogError


class NoSuchIncidentError(WatchdogError):
    """Nothing of that name is known, or not any more. `incident` is as it was asked for."""

    def __init__(self, incident: str, hint: str) -> None:
        super().__init__(f"there is no incident {incident!r} (hint: {hint})")
        self.incident = incident


class NothingRecordedError(WatchdogError):
    """No agent has recorded what was asked for."""
