"""
What a browser says of where a request comes from: no other page may read or change anything through the browser of somebody who may.

A name that somebody else's server gives for this machine (DNS rebinding) is none of ours; an address is, since no page of somebody else has one of ours as its own.
"""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from watchdog.web.access.visit import Visit
from watchdog.web.failures import NotHereError, NotYoursError

_ONES_OWN: Final = ("same-origin", "none")


def check_host(headers: Mapping[str, str], *, ours: frozenset[str]) -> None:
    """Raises `NotHereError` where the request was meant for somebody else; `ours` are names in small letters, without ports."""
    host = _name(headers.get("host", ""))
    if host in ours or host == "localhost" or host.endswith(".localhost") or _is_address(host):
        return
    raise NotHereError(
        "the name by which this was asked is none of the agent's",
        hint="ask by its address, or name it in the config: page: {origin: https://watchdog.example.org}",
    )


def check_origin(visit: Visit, *, origin: str, must_say: bool) -> None:
    """
    Raises `NotYoursError` for what another page has a browser do; `origin` is where browsers see ours, beside the very address that was asked.

    With `must_say` a request that changes something has to prove that it comes from our page: a browser always says so.
    """
    site = visit.headers.get("sec-fetch-site", "")
    if visit.is_safe:
        # A link from anywhere may be followed; nothing else of another page has to do with us.
        if site and site not in _ONES_OWN and visit.headers.get("sec-fetch-mode", "") != "navigate":
            raise NotYoursError("another page may not look in here")
        return
    said = visit.headers.get("origin", "").lower()
    host = visit.headers.get("host", "").lower()
    if (said and said not in (f"http://{host}", f"https://{host}", origin or None)) or (site and site != "same-origin"):
        raise NotYoursError(
            "this comes from another page than the agent's own",
            hint="behind a reverse proxy the config says where browsers see the page: page: {origin: https://watchdog.example.org}",
        )
    if must_say and not said and not site:
        raise NotYoursError("nothing says that this comes from the agent's own page", hint="a program sends Authorization: Bearer TOKEN")


def host_of(origin: str) -> str:
    """The name in an origin, without the port."""
    return (urlsplit(origin).hostname or "").lower()


def _name(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _is_address(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
