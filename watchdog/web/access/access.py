"""
Who calls, and what for: the one place that says so.

On the unix socket the kernel tells which user it is. On TCP it is who shows a token, has shown it to the page before, or was logged in by the proxy that the config trusts; anybody else only looks, if
at all. What is dangerous (`machine_only` endpoints) is said on this machine alone.
"""

import hmac
import logging
import os
import pwd
import time
from collections.abc import Callable
from typing import Final

import msgspec

from watchdog.model.told import LOCAL, PAGE
from watchdog.rulefile.page import NAMED, PageSettings
from watchdog.web.access.allowances import Allowances
from watchdog.web.access.same_origin import check_host, check_origin, host_of
from watchdog.web.access.sessions import PLAIN, SECURE, Sessions, person_of
from watchdog.web.access.visit import Visit
from watchdog.web.endpoint import Caller
from watchdog.web.failures import NotYoursError, RequestError, TooOftenError, UnknownCallerError
from watchdog.web.limits import Limits

LOG: Final = logging.getLogger("watchdog")
BY: Final = "x-watchdog-by"
"""The header by which root says for whom it asks, as sudo tells it on the command line."""
PROXY_SECRET: Final = "x-watchdog-proxy"
LOGIN: Final = "/login"
ALIVE: Final = "/healthz"
OPEN: Final = (ALIVE, LOGIN, "/static/")
"""What everybody may see who reaches the port: that it lives, and how to say who one is. What ends with a slash means all below it."""
METRICS: Final = "/metrics"
_LONGEST_NAME: Final = 64
LOGOUT: Final = "/logout"
_ONES_OWN: Final = (LOGIN, LOGOUT)
"""What changes nothing but who somebody is to the page."""
_TO_SPEAK: Final = "send Authorization: Bearer TOKEN, with a token that the config has under page: tokens"
_TO_LOOK: Final = f"{_TO_SPEAK}, or under page: readers"


class Known(msgspec.Struct, frozen=True):
    """A caller, and what a form of theirs is bound to: empty where none is needed, since no browser sends it by itself."""

    caller: Caller
    bound_to: str = ""


class Access:
    """By the settings in force; `page` is None where nothing listens on TCP. `names` are those of this host."""

    def __init__(
        self, *, limits: Limits, names: frozenset[str] = frozenset(), now: Callable[[], float] = time.monotonic, own_uid: int | None = None
    ) -> None:
        self._now = now
        self._own = os.geteuid() if own_uid is None else own_uid
        self._names = frozenset(name.lower() for name in names)
        self._asked = Allowances(burst=limits.burst, rate=limits.rate, most=limits.addresses)
        self._wrong = Allowances(burst=limits.wrong_tokens, rate=1 / limits.wrong_every, most=limits.addresses)
        self._said = Allowances(burst=limits.said_burst, rate=limits.said_rate, most=limits.addresses)
        self.sessions = Sessions(lasts=limits.session, most=limits.sessions)
        self.page: PageSettings | None = None

    def admit(self, visit: Visit) -> Known:
        """Who that is. Raises a `RequestError` where it may not ask that, or not so often."""
        self._count(visit)
        known = self._known(visit)
        if not visit.is_safe and known.caller.name and not known.caller.may_change and visit.path not in _ONES_OWN:
            raise NotYoursError(
                f"{known.caller.name} may look here, and say nothing",
                hint="its token stands in the config under page: readers; who is to say anything has one under page: tokens",
            )
        if (
            not visit.is_safe
            and known.caller.name
            and not visit.peer.is_local
            and (wait := self._said.take(known.caller.name, self._now()))
        ):
            # Each is a turn of the engine and a row of the audit log.
            raise TooOftenError("too much was said in too short a time", after=wait)
        return known

    def _known(self, visit: Visit) -> Known:
        if visit.peer.is_local:
            return Known(self._local(visit))
        page = self.page
        if page is None:
            raise NotYoursError("nothing is shown here any more")
        if visit.path == ALIVE and visit.is_safe:
            # Who balances loads asks under any name, and learns nothing.
            return Known(Caller())
        bearer = self._bearer(visit)
        name = self._whose(visit, bearer, page) if bearer else ""
        if bearer and not name:
            raise UnknownCallerError("that token is nobody's", hint=_TO_LOOK)
        if name:
            # No browser holds this by itself, so neither a foreign name nor a foreign page can make use of it.
            check_origin(visit, origin=page.origin, must_say=False)
            return Known(_by_page(name, page))
        check_host(visit.headers, ours=self._names | ({host_of(page.origin)} if page.origin else frozenset()))
        check_origin(visit, origin=page.origin, must_say=True)
        cookie = self.cookie(visit)
        if cookie and (name := self.sessions.name(cookie, page.named, self._now())):
            return Known(_by_page(name, page), f"cookie {cookie}")
        if name := _by_proxy(visit, page):
            return Known(_by_page(name, page), f"proxy {name}")
        if _is_open(visit.path):
            return Known(Caller())
        if not visit.is_safe:
            raise UnknownCallerError("only who says who it is may change anything", hint=_TO_SPEAK)
        if (page.metrics if visit.path == METRICS else page.reading) == NAMED:
            raise UnknownCallerError("only who says who it is may look", hint=_TO_LOOK)
        return Known(Caller())

    def may_still(self, visit: Visit) -> bool:
        """Whether what was admitted would be once more: a session can have ended meanwhile, or lost its token."""
        try:
            self._known(visit)
        except RequestError:
            return False
        return True

    def check_form(self, known: Known, token: str) -> None:
        """Whether what changes something holds what a form of ours holds. Raises `NotYoursError`."""
        if known.bound_to and not self.sessions.is_ours(token, known.bound_to):
            raise NotYoursError("this does not come from a form of the page, or it is too old", hint="load the page anew, and say it again")

    def form_token(self, known: Known) -> str:
        """What a form of theirs is to hold; empty where it needs nothing."""
        return self.sessions.form_token(known.bound_to) if known.bound_to else ""

    def log_in(self, visit: Visit, token: str) -> tuple[str, str]:
        """What the cookie is to hold for whoever shows that token, and their name; both empty where it is nobody's. Raises `TooOftenError`."""
        page = self.page
        name = "" if page is None else self._whose(visit, token, page)
        return (self.sessions.begin(name, token, self._now()), name) if name else ("", "")

    def is_secure(self, visit: Visit) -> bool:
        """Whether the browser came by https, and so has the safer cookie: it says so by the name that it asks for, or by the page that its form stands on."""
        page = self.page
        if page is None or not page.origin.startswith("https://"):
            return False
        return page.origin in (f"https://{visit.headers.get('host', '').lower()}", visit.headers.get("origin", "").lower())

    def cookie(self, visit: Visit) -> str:
        """What it holds; who comes by https has the safer one, or none."""
        return visit.cookies.get(SECURE, "") or ("" if self.is_secure(visit) else visit.cookies.get(PLAIN, ""))

    def _count(self, visit: Visit) -> None:
        if visit.peer.uid in (0, self._own):
            return
        if wait := self._asked.take(visit.peer.key, self._now()):
            raise TooOftenError("too much was asked in too short a time", after=wait)

    def _local(self, visit: Visit) -> Caller:
        uid = visit.peer.uid
        assert uid is not None  # by the unix socket
        if uid not in (0, self._own):
            if not visit.is_safe:
                raise NotYoursError(f"only root and the user of the agent may change anything here, and not {_user(uid)}")
            return Caller(channel=LOCAL)
        said = visit.headers.get(BY, "").strip()
        if len(said) > _LONGEST_NAME or not said.isprintable():
            raise NotYoursError(f"{BY} names nobody")
        return Caller(said or _user(uid), LOCAL, may_change=True, may_arm=True)

    def _bearer(self, visit: Visit) -> str:
        kind, _, token = visit.headers.get("authorization", "").partition(" ")
        return token.strip() if kind.lower() == "bearer" else ""

    def _whose(self, visit: Visit, token: str, page: PageSettings) -> str:
        if wait := self._wrong.wait(visit.peer.key, self._now()):
            raise TooOftenError("too many wrong tokens came from there", after=wait)
        name = person_of(token, page.named)
        if not name:
            self._wrong.take(visit.peer.key, self._now())
            LOG.warning("a token that is nobody's was tried from %s", visit.peer.address)
        return name


def _by_page(name: str, page: PageSettings) -> Caller:
    # By whichever way somebody is named: who is to look and nothing else says nothing by the proxy either.
    return Caller(name, PAGE, may_change=name not in page.readers)


def _by_proxy(visit: Visit, page: PageSettings) -> str:
    """Whom the proxy has logged in; empty where it is not the proxy that says so."""
    proxy = page.proxy
    if proxy is None or visit.peer.address.partition("%")[0] not in proxy.addresses:
        return ""
    shown = visit.headers.get(PROXY_SECRET, "").encode("utf-8", "surrogateescape")
    if proxy.secret and not hmac.compare_digest(shown, proxy.secret.encode()):
        return ""
    name = visit.headers.get(proxy.header, "").strip()
    return name if len(name) <= _LONGEST_NAME and name.isprintable() else ""


def _is_open(path: str) -> bool:
    return any(path.startswith(one) if one.endswith("/") else path == one for one in OPEN)


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
