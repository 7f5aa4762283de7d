"""What those who draw the page, tell of events or count for Prometheus need of the application: who asks, what a form holds, and passing on what is said."""

from collections.abc import Mapping
from typing import Final

from aiohttp import web

from watchdog.web.access.access import Access
from watchdog.web.access.sessions import PLAIN, SECURE
from watchdog.web.answered import Answered
from watchdog.web.asking import known_of, visit_of_request
from watchdog.web.endpoint import Call, Caller, Endpoint, Method
from watchdog.web.endpoints import ENDPOINTS
from watchdog.web.failures import NotThereError, NotYoursError, UnknownCallerError
from watchdog.web.inside import Inside
from watchdog.web.limits import Limits
from watchdog.web.parameters import from_text
from watchdog.web.stream.hub import Hub

ORDERS: Final = {endpoint.path.removeprefix("/"): endpoint for endpoint in ENDPOINTS if endpoint.method is Method.POST}
"""What can be said, by the name of the command."""


class Reception:
    """Of one server."""

    def __init__(self, inside: Inside, access: Access, limits: Limits, hub: Hub | None) -> None:
        self.inside = inside
        self.limits = limits
        self.hub = hub
        self._access = access

    def versions(self) -> dict[str, int]:
        """Section of the stream → its version, as of now."""
        return {} if self.hub is None else self.hub.versions()

    def caller(self, request: web.Request) -> Caller:
        """Who asks."""
        return known_of(request).caller

    def may_still_look(self, request: web.Request) -> bool:
        """Whether who asked a while ago may go on looking."""
        return self._access.may_still(visit_of_request(request))

    def form_token(self, request: web.Request) -> str:
        """What each form is to hold in its hidden field `form_token`; empty where it needs none."""
        return self._access.form_token(known_of(request))

    async def say(self, request: web.Request, order: str, form: Mapping[str, str]) -> Answered:
        """What the endpoint of that name does with these fields, those that are empty left out. Raises a `RequestError` or `StoreError`."""
        endpoint = ORDERS.get(order)
        if endpoint is None:
            raise NotThereError(f"nobody can say {order[:40]!r}")
        return await said(self.inside, self.caller(request), endpoint, form)

    def log_in(self, request: web.Request, token: str, answer: web.StreamResponse) -> str:
        """The name of whoever has that token, who is known by a cookie from now on; empty where it is nobody's. Raises `TooOftenError`."""
        visit = visit_of_request(request)
        cookie, name = self._access.log_in(visit, token)
        if cookie:
            secure = self._access.is_secure(visit)
            answer.set_cookie(
                SECURE if secure else PLAIN, cookie, max_age=int(self.limits.session), path="/", httponly=True, samesite="Strict", secure=secure
            )  # fmt: skip
        return name

    def log_out(self, request: web.Request, answer: web.StreamResponse) -> None:
        """The cookie counts no more."""
        visit = visit_of_request(request)
        self._access.sessions.end(self._access.cookie(visit))
        secure = self._access.is_secure(visit)
        answer.set_cookie(SECURE if secure else PLAIN, "", max_age=0, path="/", httponly=True, samesite="Strict", secure=secure)


async def said(inside: Inside, caller: Caller, endpoint: Endpoint, form: Mapping[str, str], *, key: str = "") -> Answered:
    """What becomes of what is said with these fields. Raises a `RequestError` or `StoreError`."""
    check_may_say(caller, endpoint)
    values = from_text(endpoint.params, [(name, text) for name, text in form.items() if text])
    answered: Answered = await endpoint.run(Call(inside, caller, values, key))
    return answered


def check_may_say(caller: Caller, endpoint: Endpoint) -> None:
    """Raises `UnknownCallerError` or `NotYoursError`."""
    if not caller.may_change:
        raise UnknownCallerError("only who says who it is may change anything")
    if endpoint.machine_only and not caller.may_arm:
        raise NotYoursError("this is said on the machine itself, by root or the user of the agent", hint="sidekiq-watchdog, over SSH")
