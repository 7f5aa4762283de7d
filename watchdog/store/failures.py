"""What can go wrong with the state folder, each with a text for the operator; never with anything that was to be written."""

from pathlib import Path

from watchdog.errors import WatchdogError


class StoreError(WatchdogError):
    """The database could not be read or written; the transaction in question left nothing behind."""


class StoreDamagedError(StoreError):
    """The database is damaged; the next start sets it aside."""


class StoreClosedError(StoreError):
    """The store has been closed; whoever still asks is late."""

    def __init__(self) -> None:
        super().__init__("the state database has been closed")


class StateInUseError(StoreError):
    """Another agent works with this state folder. `pid` is 0 where it could not be learned."""

    def __init__(self, folder: Path, pid: int) -> None:
        who = f"the agent with pid {pid}" if pid else "another agent"
        super().__init__(f"{folder} is in use by {who}; one state folder serves one agent")
        self.folder = folder
        self.pid = pid


class StateTooNewError(StoreError):
    """The database was written by a later version of this program; it is left as it is."""

    def __init__(self, path: Path, found: int, known: int) -> None:
        super().__init__(f"{path} has format {found}, and this version knows formats up to {known}; it needs a newer sidekiq-watchdog")
        self.path = path


class NoStateError(StoreError):
    """There is no database in this folder: no agent has run with it yet."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"no agent has written any state to {folder} yet")
        self.folder = folder
