"""Whom the tests of access know, and a door with its guard."""

from typing import Any

from watchdog.rulefile.page import PageSettings
from watchdog.rulefile.proxied import ProxySettings
from watchdog.web.access.access import Access, Known
from watchdog.web.access.visit import Peer, Visit
from watchdog.web.limits import Limits

ADA = "correct-horse-battery-staple"
BEN = "another-token-of-somebody-else"
WALL = "a-token-for-the-screen-on-the-wall"
SECRET = "what-the-proxy-shows-the-page"
HERE = "127.0.0.1:7655"
ORIGIN = "https://watchdog.example.org"
OURS: dict[str, Any] = {"origin": f"http://{HERE}"}
OWN = 990
PAGE = PageSettings(address="127.0.0.1", tokens={"ada": ADA, "ben": BEN}, origin=ORIGIN)
PROXIED = PageSettings(address="127.0.0.1", tokens={"ada": ADA}, proxy=ProxySettings("x-remote-user", ("192.0.2.7",), SECRET))


LOOKED_AT = PageSettings(address="127.0.0.1", tokens={"ada": ADA}, readers={"wall": WALL}, reading="named", metrics="named", origin=ORIGIN)


class Guarded:
    """Access by these settings at a time that the test says; limits are small."""

    def __init__(self, page: PageSettings | None = PAGE, **limits: Any) -> None:
        self.now = 0.0
        self.access = Access(limits=Limits(**limits), names=frozenset({"web1"}), now=lambda: self.now, own_uid=OWN)
        self.access.page = page

    def asks(
        self, method: str = "GET", path: str = "/api/v1/status", *, peer: Peer | None = None, cookies: Any = None, **headers: str
    ) -> Known:
        """What becomes of a request; headers with `_` for `-`."""
        named = {"host": HERE} | {name.replace("_", "-"): value for name, value in headers.items()}
        return self.access.admit(Visit(peer or Peer(address="198.51.100.4"), method, path, named, cookies or {}))


def bearer(token: str) -> dict[str, Any]:
    """The header of a program."""
    return {"authorization": f"Bearer {token}"}
