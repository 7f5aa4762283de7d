"""The agent's socket, its page and its metrics: whether they answer, and who may do what there."""

import grp
import os
from collections.abc import Collection, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from watchdog.doctor.asked import ALIVE, Answer, answered, named
from watchdog.doctor.exam import Exam
from watchdog.doctor.found import Found, bad, doubtful, fine, listed, passed_over
from watchdog.doctor.told import read_told
from watchdog.picture.doors import Door
from watchdog.rulefile.page import ANYONE, PageSettings
from watchdog.store.failures import StoreError

CHANNEL: Final = "page:"
"""What stands before the name of who says something there."""
OK: Final = 200
UNKNOWN: Final = 401
_BEHIND: Final = frozenset({502, 503, 504})
"""What a proxy says of whoever is behind it."""
_NO_PAGE: Final = "the config has no page:"
_NAMED: Final = "page: {reading: named} in the config"
_LOCAL: Final = frozenset({"localhost", ""})


async def look(exam: Exam) -> Mapping[str, Found]:
    """The points of this area."""
    settings, state = exam.settings, exam.state
    if settings is None or state is None:
        return {}
    page, doors, heard = settings.page, _doors(state), _named(exam)
    path, link, none, later = state / settings.api.socket, settings.alerts.page, passed_over(_NO_PAGE), passed_over("agent first")
    found = {"page-link": await _link(link, page), "page-people": none if page is None else people_of(page, heard)}
    if exam.agent is None:
        return {**found, "socket": later, **dict.fromkeys(("page", "metrics"), none if page is None else later)}
    socket = socket_of(path, settings.api.group, doors.get("api"), await answered(f"http://localhost{ALIVE}", socket=path))
    if page is None:
        return {**found, "socket": socket, "page": none, "metrics": none}
    return {
        **found,
        "socket": socket,
        "page": page_of(page, doors.get("page"), await answered(f"http://{page.where}{ALIVE}")),
        "metrics": await _metrics(page, doors.get("page")),
    }


def socket_of(path: Path, group: str, door: Door | None, answer: Answer) -> Found:
    """That socket, where that group may ask as well; `door` is what the agent says of it."""
    again = "systemctl restart sidekiq-watchdog"
    if door is not None and door.since is None and door.trouble:
        return bad(
            f"{path} is not open: {door.trouble}", "api: {socket: /run/sidekiq-watchdog/api.sock} in the config, or end whoever has it"
        )
    if isinstance(answer, str):
        return bad(f"{path} does not answer: {answer}", f"{again}; an agent of an older version has none")
    if answer != OK:
        return bad(f"{path} answers {named(answer)}", again)
    if door is not None and door.trouble:
        return doubtful(f"{path}: {door.trouble}", "systemctl edit sidekiq-watchdog: [Service], SupplementaryGroups=GROUP")
    if not group:
        return fine(f"{path}: the agent's user and root may ask")
    if closed := _closed(path.parent, group):
        return doubtful(
            f"{closed} does not let the group {group} through to {path.name}", "api: {socket: /run/sidekiq-watchdog/api.sock} in the config"
        )
    return fine(f"{path}: the agent's user and root may ask, and the group {group} may look")


def page_of(page: PageSettings, door: Door | None, answer: Answer) -> Found:
    """The page itself; `door` is what the agent says of it."""
    if door is not None and door.since is None and door.trouble:
        return bad(
            f"nothing is seen at {page.where}: {door.trouble}",
            f"`ss -ltnp` shows whose port it is; another one: page: {{listen: {_other(page)}}}",
        )
    if isinstance(answer, str):
        return bad(f"nothing is seen at {page.where}: {answer}", "systemctl reload sidekiq-watchdog")
    if answer != OK:
        return bad(f"{page.where} answers {named(answer)}", "is that the agent? `ss -ltnp` shows whose port it is")
    seen = urlsplit(page.origin).hostname or ""
    if page.reading == ANYONE and not page.is_local:
        return doubtful(f"http://{page.where}: whoever reaches it may look", _NAMED)
    if page.reading == ANYONE and not _is_here(seen):
        return doubtful(f"whoever finds {page.origin} may look: to the agent all of them come from this machine", _NAMED)
    who = "whoever is on this machine may look" if page.reading == ANYONE else "who is named may look"
    return fine(f"http://{page.where}: {who}")


def people_of(page: PageSettings, heard: Collection[str] | None) -> Found:
    """Who may say anything there, and who comes by a token to look; `heard` are those whom `ask: people:` names with this channel, None where it names nobody at all."""
    names = sorted(page.tokens)
    if heard is not None and (deaf := [name for name in names if name not in heard]):
        return doubtful(
            f"not heard by the page, because ask: people: names others: {listed(deaf)}",
            f'ask: {{people: {{{deaf[0]}: ["page:{deaf[0]}"]}}}}',
        )
    look = f"; only to look: {listed(sorted(page.readers))}" if page.readers else ""
    if page.proxy is not None:
        return fine(f"whom the proxy names by {page.proxy.header}{f', and with a token {listed(names)}' if names else ''}{look}")
    return fine(f"with a token: {listed(names)}{look}") if names else fine(f"nobody: it is for looking alone{look}")


def metrics_of(page: PageSettings, answer: Answer) -> Found:
    """What a scraper finds, who had a token where there is one and it is wanted."""
    if isinstance(answer, str):
        return bad(f"/metrics does not answer: {answer}", "the point page says more")
    if answer == UNKNOWN and page.metrics != ANYONE and not page.named:
        return fine("/metrics answers whom the proxy names")
    if answer != OK:
        return bad(f"/metrics answers {named(answer)}", "the agent's log says why: journalctl -u sidekiq-watchdog")
    return fine(f"/metrics answers {'whoever reaches it' if page.metrics == ANYONE else 'who shows a token'}")


async def _metrics(page: PageSettings, door: Door | None) -> Found:
    token = _token(page)
    if token and (door is None or door.since is None):
        # Where the agent does not listen somebody else may, who would have a token of somebody then.
        return passed_over("page first")
    return metrics_of(page, await answered(f"http://{page.where}/metrics", token=token))


async def _link(url: str, page: PageSettings | None) -> Found:
    if not url:
        return passed_over("alerts: {page: …} names none, so messages have no link")
    if page is None:
        return doubtful(
            f"messages link to {url}, and {_NO_PAGE}", "page: {listen: 127.0.0.1:7655} in the config; config.yml has an example"
        )
    return link_of(url, await answered(f"{url}{ALIVE}"))


def link_of(url: str, answer: Answer) -> Found:
    """The address that messages name, which answered so. A proxy that wants to know who one is has answered, too."""
    parts = urlsplit(url)
    if parts.scheme == "http" and not _is_here(parts.hostname or ""):
        return doubtful(f"{url} goes over the network in clear, with every token", "a reverse proxy with TLS: packaging/README.md")
    if isinstance(answer, str):
        return doubtful(f"{url} is not reached from here: {answer}", "try it from your desk; then the proxy, DNS, or alerts: {page: …}")
    if answer in _BEHIND:
        return doubtful(
            f"{url} answers {named(answer)}: the proxy does not reach the agent", "its upstream must be where page: {listen: …} says"
        )
    return fine(f"{url} answers {named(answer)}")


def _named(exam: Exam) -> frozenset[str] | None:
    """Whom the config has heard by the page; None where it names nobody at all, so that everybody with a token is."""
    people = () if exam.loaded is None else tuple(name for name, _ in exam.loaded.rules.by_hand.get("people", ()))
    return frozenset(name.removeprefix(CHANNEL) for name in people if name.startswith(CHANNEL)) if people else None


def _token(page: PageSettings) -> str:
    """Of somebody who only looks, where there is one."""
    return "" if page.metrics == ANYONE else next(iter(page.named.values()), "")


def _doors(state: Path) -> Mapping[str, Door]:
    try:
        told = read_told(state)
    except (StoreError, msgspec.MsgspecError):
        return {}  # the area of the state folder says so
    return {} if told is None else told.doors


def _closed(folder: Path, group: str) -> Path | None:
    """The first folder on the way that lets this group not pass."""
    try:
        gid = grp.getgrnam(group).gr_gid
    except KeyError:
        return folder  # the agent says that there is no such group
    return next((one for one in (*reversed(folder.parents), folder) if not _lets_pass(one.stat(), gid)), None)


def _lets_pass(about: os.stat_result, gid: int) -> bool:
    return bool(about.st_mode & (0o010 if about.st_gid == gid else 0o001))


def _is_here(host: str) -> bool:
    if host in _LOCAL:
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _other(page: PageSettings) -> str:
    return page.where.replace(str(page.port), str(page.port + 1))
