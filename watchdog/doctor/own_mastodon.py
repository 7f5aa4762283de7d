"""Our own Mastodon, as its API shows it to the agent, and the names of watched hosts. Those hosts themselves are not asked anything."""

import asyncio
from collections.abc import Mapping
from typing import Final

import msgspec

from watchdog.doctor.exam import Exam
from watchdog.doctor.found import Found, bad, counted, doubtful, fine, listed, passed_over
from watchdog.mastodon.api_failures import FORBIDDEN, UNAUTHORIZED, ApiError
from watchdog.rulefile.mastodon import MastodonSettings

NOT_SAID: Final = "the config does not say that this is Mastodon"
NOT_ASKED: Final = "the config has neither a token nor hosts to be watched, so nothing is asked of it"
_AT_ONCE: Final = 10
_WITHIN: Final = 5.0
"""Seconds to resolve a name."""
_LIMITS: Final = "domain_block"
_MORE_SCOPES: Final = (
    "a token with the scopes admin:read and admin:write:domain_blocks, of somebody whose role may view the dashboard and manage federation"
)
_SCOPES: Final = "a token with the scope admin:read, of somebody whose role may view the dashboard"


class Said(msgspec.Struct, frozen=True):
    """What our server said: by which name it goes, its version, and what came of each try, empty where it succeeded."""

    domain: str = ""
    version: str = ""
    trouble: str = ""
    counting: str = ""
    counting_code: str = ""
    blocks: str = ""
    blocks_code: str = ""


async def look(exam: Exam) -> Mapping[str, Found]:
    """The points that need a question to our server, or to a name server."""
    if exam.settings is None:
        return {}
    settings = exam.settings.mastodon
    if settings is None:
        return dict.fromkeys(("mastodon-api", "mastodon-token", "mastodon-watched"), passed_over(NOT_SAID))
    if not settings.token and not settings.watch:
        return {
            "mastodon-api": passed_over(NOT_ASKED),
            "mastodon-token": token_of(Said(), settings),
            "mastodon-watched": watched_of({}, ()),
        }
    limits = exam.loaded is not None and any(
        step.action == _LIMITS for rule in exam.loaded.rules.rules for step in (*rule.steps, *rule.or_else)
    )
    said, lost = await asyncio.gather(_ask(settings, limits=limits), _not_found(settings.watch))
    return {
        "mastodon-api": api_of(said, settings),
        "mastodon-token": token_of(said, settings, is_read=exam.loaded is not None, limits=limits),
        "mastodon-watched": watched_of(lost, settings.watch),
    }


def api_of(said: Said, settings: MastodonSettings) -> Found:
    """Whether it is the right one."""
    if said.trouble:
        return bad(said.trouble, "mastodon: {url} in the config: where browsers find the server (WEB_DOMAIN)")
    if said.domain and said.domain != settings.domain:
        return bad(
            f"the server at {settings.url} goes by another name than {settings.domain}",
            "mastodon: {domain} in the config is LOCAL_DOMAIN of .env.production",
        )
    return fine(f"{settings.domain} answers at {settings.url}")


def token_of(said: Said, settings: MastodonSettings, *, is_read: bool = True, limits: bool = False) -> Found:
    """Whether it may do what is needed, for a rule that `limits` a domain as well. Without `is_read` there may be one that could not be read."""
    if not settings.token and not is_read:
        return passed_over("config first")
    if not settings.token:
        if settings.watch:
            return doubtful("there is no token, so nobody counts who follows watched hosts", f"mastodon: {{token: …}}, {_SCOPES}")
        return passed_over("the config has no token")
    if said.trouble:
        return passed_over("mastodon-api first")
    if said.counting:
        return bad(said.counting, _mend(said.counting_code, _SCOPES))
    if said.blocks and limits:
        return bad(said.blocks, _mend(said.blocks_code, _MORE_SCOPES))
    if limits:
        return fine("the token may count follows, read rules about domains, and write them")
    if said.blocks:
        return fine("the token may count follows; rules about domains it may not read, which only the action domain_block needs")
    return fine("the token may count follows, and read rules about domains")


def watched_of(lost: Mapping[str, str], watch: tuple[str, ...]) -> Found:
    """By the hosts that were not found, with why."""
    if not watch:
        return passed_over("the config names no hosts to be watched")
    if lost:
        said = [f"{host}: {why}" for host, why in lost.items()]
        return doubtful(listed(said, 3), "correct mastodon: {watch} in the config, or look at the name server")
    return fine(f"{counted(len(watch), 'host')} found: {listed(list(watch))}")


def _mend(code: str, wanted: str) -> str:
    return f"make {wanted}" if code in (UNAUTHORIZED, FORBIDDEN) else "look at Mastodon's web server and its log"


async def _ask(settings: MastodonSettings, *, limits: bool) -> Said:
    from watchdog.mastodon.admin_api import AdminApi  # with it comes aiohttp, which only those need whose application is Mastodon

    async with AdminApi(settings) as api:
        try:
            domain, version = await api.instance()
        except ApiError as error:
            return Said(trouble=str(error))
        if not settings.token:
            return Said(domain, version)
        said = Said(domain, version)
        try:
            await api.follows(settings.watch[0] if settings.watch else settings.domain)
        except ApiError as error:
            said = msgspec.structs.replace(said, counting=str(error), counting_code=error.code)
        try:
            await api.may_read_blocks()
            if limits:
                await api.may_write_blocks()
        except ApiError as error:
            said = msgspec.structs.replace(said, blocks=str(error), blocks_code=error.code)
        return said


async def _not_found(hosts: tuple[str, ...]) -> dict[str, str]:
    from watchdog.mastodon.careful_connections import NotPublicError, PublicResolver

    resolver, some = PublicResolver(), asyncio.Semaphore(_AT_ONCE)

    async def why_not(host: str) -> str:
        try:
            async with some, asyncio.timeout(_WITHIN):
                await resolver.resolve(host, 443)
        except TimeoutError:
            return f"no answer of the name server within {_WITHIN:g} s"
        except NotPublicError:
            return "its address is not a public one"
        except OSError:
            return "its name can't be resolved"
        return ""

    troubles = await asyncio.gather(*map(why_not, hosts))
    return {host: why for host, why in zip(hosts, troubles, strict=True) if why}
