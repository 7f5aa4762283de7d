"""Saying that something can't be read, once for each kind of failure of an outage, and that it can be again."""

import logging
from collections.abc import Callable
from typing import Final

from watchdog.model.events import Body, SourceBack, SourceLost
from watchdog.model.kinds import Source
from watchdog.sidekiq.failures import SourceUnavailableError

_LOG: Final = logging.getLogger(__name__)


class Outage:
    """What has been said of the outage that goes on, if one does; `what` is the beginning of a sentence on it."""

    def __init__(self, source: Source, what: str, emit: Callable[[Body], None]) -> None:
        self._source = source
        self._what = what
        self._emit = emit
        self._told: set[str] = set()

    def lose(self, failure: SourceUnavailableError) -> None:
        """It can't be read."""
        if failure.code not in self._told:
            self._told.add(failure.code)
            _LOG.warning("%s", failure.message)
            self._emit(SourceLost(self._source, failure.code, failure.message))

    def over(self) -> None:
        """It has been read in full."""
        if self._told:
            self._told.clear()
            _LOG.info("%s is read again", self._what)
            self._emit(SourceBack(self._source))
