"""Why a view or an order can't be answered; each is a sentence for people."""

from watchdog.errors import WatchdogError


class NotThereError(WatchdogError):
    """What was asked for does not exist, or no longer (404)."""


class NotNowError(WatchdogError):
    """It exists, but can't be had at present (409)."""


class NotUnderstoodError(WatchdogError):
    """A value that was given is none that fits (400)."""


class TooManyError(WatchdogError):
    """So many ask for it already that nobody else can have it for the moment (503, `Retry-After`)."""
