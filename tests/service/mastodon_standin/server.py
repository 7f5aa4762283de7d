"""
A stand-in for the API of a Mastodon that refuses what Mastodon refuses, after what is documented and what its controllers do:

- https://docs.joinmastodon.org/methods/admin/domain_blocks, …/methods/admin/measures, …/methods/instance (v2), …/entities/Admin_DomainBlock, …/entities/Admin_Measure;
- https://docs.joinmastodon.org/api/guidelines (pages by the header Link), …/api/rate-limits (429, X-RateLimit-*; no Retry-After), …/api/oauth-scopes;
- app/controllers/api/v1/admin/{domain_blocks,measures}_controller.rb, app/models/domain_block.rb, config/initializers/rack_attack.rb of 4.0 to 4.7: which rule stands in the way of
  which, 401 before 403, the scope before everything else, the permission before 422 and after 404, no token at all is 403;
- dist/nginx.conf and config/environments/production.rb: whoever comes without `X-Forwarded-Proto: https` is sent to https, and to another Host nothing is said.

Where Mastodon is lenient (a measure that it does not know is left out), it refuses. It is no Mastodon: nobody but us has said that it behaves like one.
"""

import re
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from types import TracebackType
from typing import Any, Final, Self

from aiohttp import web

DOMAIN: Final = "social.example.org"
TOKEN: Final = "Yx7-strict-token_0123456789abcdefghij"
ALL_SCOPES: Final = frozenset({"admin:read", "admin:write"})
ALL_PERMISSIONS: Final = frozenset({"view_dashboard", "manage_federation"})
SEVERITIES: Final = ("noop", "silence", "suspend")
_DOMAIN: Final = re.compile(r"(?=.{1,255}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})+")
_FLAGS: Final = ("reject_media", "reject_reports", "obfuscate")
_MEASURES: Final = frozenset({"instance_follows", "instance_followers"})
_PARAMETERS: Final = frozenset({"domain", "severity", *_FLAGS, "private_comment", "public_comment"})
LIMIT: Final = 100
Instead = int | Callable[[web.Request], Awaitable[web.StreamResponse]]
"""A bare status, or whatever a coroutine makes of the request."""


class MastodonStandIn:
    """
    Listens on the loopback; `url` and `domain` are for the config.

    `follows` and `followers` are by domain; `rules` are the domain blocks by id, as Admin::DomainBlock has them; `workers` the ids that DomainBlockWorker was given. `calls` are (method, path) in the
    order in which they came. `instead` are answers to the next calls (None: as usual); with `loses` the answer to the next call is lost once it was carried out. `allowed` is how many calls there may be; `limited` says that it federates with few, and tells strangers nothing.
    """

    def __init__(
        self,
        *,
        domain: str = DOMAIN,
        scopes: frozenset[str] = ALL_SCOPES,
        permissions: frozenset[str] = ALL_PERMISSIONS,
        version: str = "4.5.3",
    ) -> None:
        self.domain = domain
        self.version = version
        self.follows: dict[str, int] = {}
        self.followers: dict[str, int] = {}
        self.rules: dict[int, dict[str, Any]] = {}
        self.workers: list[int] = []
        self.calls: list[tuple[str, str]] = []
        self.agents: list[str] = []
        self.instead: list[Instead | None] = []
        self.loses = False
        self.allowed = 300
        self.limited = False
        self.token = TOKEN
        self.scopes = scopes
        self.permissions = permissions
        self.url = ""
        self._number = 0
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        application = web.Application(middlewares=[self._front])
        application.router.add_get("/api/v2/instance", self._instance)
        application.router.add_post("/api/v1/admin/measures", self._measures)
        application.router.add_get("/api/v1/admin/domain_blocks", self._index, allow_head=False)
        application.router.add_post("/api/v1/admin/domain_blocks", self._create)
        application.router.add_get("/api/v1/admin/domain_blocks/{id}", self._show, allow_head=False)
        application.router.add_put("/api/v1/admin/domain_blocks/{id}", self._update)
        application.router.add_delete("/api/v1/admin/domain_blocks/{id}", self._destroy)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._runner is not None  # __aenter__ made it
        await self._runner.cleanup()

    def rule(self, domain: str, severity: str = "silence", **more: Any) -> int:
        """A rule that somebody has made; its id."""
        self._number += 1
        self.rules[self._number] = {
            "id": str(self._number), "domain": domain, "created_at": "2022-11-16T08:15:34.238Z", "severity": severity,
            **dict.fromkeys(_FLAGS, False), "private_comment": None, "public_comment": None, **more,
        }  # fmt: skip
        return self._number

    @web.middleware
    async def _front(self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> web.StreamResponse:
        self.calls.append((request.method, request.path))
        self.agents.append(request.headers.get("user-agent", ""))
        if request.headers.get("x-forwarded-proto") != "https":
            return web.Response(status=301, headers={"location": f"https://{self.domain}{request.path_qs}"})
        if request.host != self.domain:
            return web.Response(status=403, text="Blocked hosts")
        instead = self.instead.pop(0) if self.instead else None
        if isinstance(instead, int):
            return web.json_response({"error": "hunter2 of the server"}, status=instead)
        if instead is not None:
            return await instead(request)
        self.allowed -= 1
        if self.allowed < 0:
            return web.json_response({"error": "Too many requests"}, status=429, headers=self._limits(0))
        try:
            response = await handler(request)
        except web.HTTPNotFound:
            response = _error(404, "Not Found")
        if self.loses:
            self.loses = False
            assert request.transport is not None  # it has just been answered
            request.transport.abort()
        response.headers.update(self._limits(self.allowed))
        return response

    def _limits(self, left: int) -> dict[str, str]:
        reset = datetime.fromtimestamp((time.time() // 300 + 1) * 300, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        return {"X-RateLimit-Limit": "300", "X-RateLimit-Remaining": str(left), "X-RateLimit-Reset": reset}

    def _may(self, request: web.Request, scopes: tuple[str, ...], permission: str, *, rule: bool = True) -> web.Response | None:
        """What stands in the way: the token, its scope, that there is no such rule, the permission of its role, in this order."""
        written = request.headers.get("authorization")
        if written is not None:
            if written != f"Bearer {self.token}":
                return _error(401, "The access token is invalid")
            if not self.scopes & set(scopes):
                return _error(403, "This action is outside the authorized scopes")
        if not rule:
            return _error(404, "Record not found")
        if written is None or permission not in self.permissions:
            return _error(403, "This action is not allowed")
        return None

    async def _instance(self, request: web.Request) -> web.Response:
        if self.limited and request.headers.get("authorization") != f"Bearer {self.token}":
            return _error(401, "This method requires an authenticated user")
        return web.json_response(
            {"domain": self.domain, "title": "Strict", "version": self.version, "source_url": "https://github.com/mastodon/mastodon"}
        )

    async def _measures(self, request: web.Request) -> web.Response:
        if (no := self._may(request, ("admin:read",), "view_dashboard")) is not None:
            return no
        form = await request.post()
        wanted = form.getall("keys[]", [])
        if not wanted or not set(map(str, wanted)) <= _MEASURES:
            return _error(500, "Internal Server Error")
        try:
            for key in ("start_at", "end_at"):
                date.fromisoformat(str(form[key]))
        except (KeyError, ValueError):
            return _error(500, "Internal Server Error")
        told, day = [], str(form["start_at"])
        for key in map(str, wanted):
            domain = str(form.get(f"{key}[domain]", ""))
            if domain:
                total = (self.follows if key == "instance_follows" else self.followers).get(domain, 0)
                told.append({"key": key, "unit": None, "total": str(total), "data": [{"date": f"{day}T00:00:00Z", "value": "0"}]})
        return web.json_response(told)

    async def _index(self, request: web.Request) -> web.Response:
        if (no := self._may(request, ("admin:read", "admin:read:domain_blocks"), "manage_federation")) is not None:
            return no
        limit = min(abs(int(request.query.get("limit", LIMIT))), LIMIT * 2)
        below = int(request.query["max_id"]) if "max_id" in request.query else None
        page = [rule for number, rule in sorted(self.rules.items(), reverse=True) if below is None or number < below][:limit]
        links = []
        base = f"https://{self.domain}/api/v1/admin/domain_blocks?"
        if len(page) == limit:
            links.append(f'<{base}limit={limit}&max_id={page[-1]["id"]}>; rel="next"')
        if page:
            links.append(f'<{base}limit={limit}&min_id={page[0]["id"]}>; rel="prev"')
        return web.json_response(page, headers={"Link": ", ".join(links)} if links else {})

    async def _show(self, request: web.Request) -> web.Response:
        rule = self._found(request)
        no = self._may(request, ("admin:read", "admin:read:domain_blocks"), "manage_federation", rule=rule is not None)
        if no is not None or rule is None:
            return no or _error(500, "nothing stands in the way of nothing")
        return web.json_response(rule)

    async def _create(self, request: web.Request) -> web.Response:
        if (no := self._may(request, ("admin:write", "admin:write:domain_blocks"), "manage_federation")) is not None:
            return no
        form = {key: str(value) for key, value in (await request.post()).items()}
        domain = form.get("domain", "").strip().lower()
        wrong = _wrong_with(form)
        if wrong is not None:
            return wrong
        if not domain:
            return _error(422, "Validation failed: Domain can't be blank")
        if not _DOMAIN.fullmatch(domain):
            return _error(422, "Validation failed: Domain is not a valid domain name")
        severity = form.get("severity", "silence")
        existing = self._rule_for(domain)
        if existing is not None and (existing["domain"] == domain or not _is_stricter(form, severity, existing)):
            name = existing["domain"]
            return web.json_response(
                {"error": f"You have already imposed stricter limits on {name}.", "existing_domain_block": existing}, status=422
            )
        number = self.rule(domain, severity, **_written(form))
        self.workers.append(number)
        return web.json_response(self.rules[number])

    async def _update(self, request: web.Request) -> web.Response:
        rule = self._found(request)
        no = self._may(request, ("admin:write", "admin:write:domain_blocks"), "manage_federation", rule=rule is not None)
        if no is not None or rule is None:
            return no or _error(500, "nothing stands in the way of nothing")
        form = {key: str(value) for key, value in (await request.post()).items()}
        wrong = _wrong_with(form)
        if wrong is not None or "domain" in form:
            return wrong or _error(500, "a domain can't be changed")
        rule |= {"severity": form.get("severity", rule["severity"]), **_written(form)}
        self.workers.append(int(rule["id"]))
        return web.json_response(rule)

    async def _destroy(self, request: web.Request) -> web.Response:
        rule = self._found(request)
        no = self._may(request, ("admin:write", "admin:write:domain_blocks"), "manage_federation", rule=rule is not None)
        if no is not None or rule is None:
            return no or _error(500, "nothing stands in the way of nothing")
        del self.rules[int(rule["id"])]
        return web.json_response({})

    def _found(self, request: web.Request) -> dict[str, Any] | None:
        written = request.match_info["id"]
        return self.rules.get(int(written)) if written.isdecimal() else None

    def _rule_for(self, domain: str) -> dict[str, Any] | None:
        parts = domain.split(".")
        by_domain = {rule["domain"]: rule for rule in self.rules.values()}
        return next((by_domain[one] for place in range(len(parts)) if (one := ".".join(parts[place:])) in by_domain), None)


def _error(status: int, text: str) -> web.Response:
    return web.json_response({"error": text}, status=status)


def _wrong_with(form: dict[str, str]) -> web.Response | None:
    """What Mastodon would pass over, or fail at."""
    if form.keys() - _PARAMETERS or form.get("severity", "silence") not in SEVERITIES:
        return _error(500, "Internal Server Error")
    if any(form.get(flag, "false") not in ("true", "false") for flag in _FLAGS):
        return _error(500, "Internal Server Error")
    return None


def _written(form: dict[str, str]) -> dict[str, Any]:
    flags: dict[str, Any] = {flag: form[flag] == "true" for flag in _FLAGS if flag in form}
    return {**flags, **{key: form[key] or None for key in ("private_comment", "public_comment") if key in form}}


def _is_stricter(form: dict[str, str], severity: str, other: dict[str, Any]) -> bool:
    """`stricter_than?` of app/models/domain_block.rb."""
    if severity == "suspend":
        return True
    if other["severity"] == "suspend" or (other["severity"] == "silence" and severity == "noop"):
        return False
    return all(form.get(flag) == "true" or not other[flag] for flag in ("reject_media", "reject_reports"))
