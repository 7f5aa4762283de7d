"""What the page needs of the server that it stands on; the application gives it, tests give their own."""

from collections.abc import Mapping
from typing import Protocol

from aiohttp import web

from watchdog.web.answered import Answered
from watchdog.web.endpoint import Caller
from watchdog.web.inside import Inside


class Desk(Protocol):
    """Who asks, what is inside, and the way on which something is said."""

    @property
    def inside(self) -> Inside:
        """As much of the agent as the web knows."""

    def caller(self, request: web.Request) -> Caller:
        """Who asks."""

    def form_token(self, request: web.Request) -> str:
        """What a form must bring back to be heard, bound to the session; empty where nothing may be said anyway."""

    def versions(self) -> Mapping[str, int]:
        """Section of the stream → how often it has changed; one that is not there has not."""

    async def say(self, request: web.Request, order: str, form: Mapping[str, str]) -> Answered:
        """What a form says, by the name of its order, as `POST /api/v1/{order}` would. Raises `WatchdogError` with a sentence."""

    def log_in(self, request: web.Request, token: str) -> dict[str, str] | None:
        """Headers that open a session for whoever has that token; None where it is nobody's. Raises `WatchdogError` where it was tried too often."""

    def log_out(self, request: web.Request) -> dict[str, str]:
        """Headers that end the session."""
