"""
Performs what is asked of our own Mastodon about other servers: it looks which rule there is, and makes one, or makes one stricter.

The counterpart of `engine/methods/domain_block.py`. A write whose answer did not come is looked after once: it may have arrived.
"""

from collections.abc import Awaitable, Callable
from typing import Final, cast
from urllib.parse import urlsplit

from watchdog.clock import Clock
from watchdog.mastodon.admin_api import AdminApi
from watchdog.mastodon.api_failures import FAILED, PASSING, STRANGE, TIMEOUT, ApiError, BlockExistsError
from watchdog.mastodon.block import Block, Severity, above
from watchdog.model.effects import LookAtBlock, SetBlock
from watchdog.model.results import BlockLook, BlockSet, Refused
from watchdog.rulefile.mastodon import MastodonSettings

NOT_CONFIGURED: Final = "the config says nothing of Mastodon's API: it needs `mastodon: {domain: …, token: …}`"
OUR_OWN: Final = "that is our own server, or what it lies in"
_UNSURE: Final = frozenset({TIMEOUT, FAILED, STRANGE})
"""After these a write may have arrived; after all others it certainly did not."""


class Blocker:
    """`settings` tells how our own server is reached, as the config now stands."""

    def __init__(self, settings: Callable[[], MastodonSettings | None], *, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock

    async def look(self, command: LookAtBlock) -> BlockLook | Refused:
        """The rule that holds for the server now."""
        settings = self._settings()
        if why := _against(settings, command.peer):
            return BlockLook(refused=why)
        assert settings is not None  # else something is against it
        try:
            async with AdminApi(settings, clock=self._clock) as api:
                found = await api.existing_block(command.peer)
        except ApiError as error:
            # What only the config can mend is told as what stands against it; the rest may be over soon.
            return Refused(str(error)) if error.code in PASSING else BlockLook(refused=str(error))
        return BlockLook() if found is None else BlockLook(found.severity, found.domain, reject_media=found.reject_media)

    async def set(self, command: SetBlock) -> BlockSet | Refused:
        """As `SetBlock` says."""
        settings = self._settings()
        if why := _against(settings, command.peer):
            return Refused(why)
        assert settings is not None  # else something is against it
        try:
            async with AdminApi(settings, clock=self._clock) as api:
                return await _set(api, command)
        except ApiError as error:
            return Refused(str(error))


async def _set(api: AdminApi, command: SetBlock) -> BlockSet | Refused:
    found = await api.existing_block(command.peer)
    if found is None or (found.domain != command.peer and not _is_enough(found, command)):
        try:
            return await _surely(api, command, None, _created(api, command, found))
        except BlockExistsError as error:
            # Somebody was faster; or Mastodon finds one that the list did not have.
            found = error.block
    if _is_enough(found, command):
        return BlockSet(found.domain, made=False, before=found.severity)
    if found.domain != command.peer:
        raise BlockExistsError(found)
    return await _surely(api, command, found, api.change_block(found.id, _severer(found, command), reject_media=command.reject_media))


def _created(api: AdminApi, command: SetBlock, above: Block | None) -> Awaitable[Block]:
    """A rule that does what is wanted, and all that the one `above` does: Mastodon applies the narrowest alone."""
    return api.create_block(
        command.peer,
        _severer(above, command),
        reject_media=command.reject_media or (above is not None and above.reject_media),
        reject_reports=above is not None and above.reject_reports,
        private_comment=f"sidekiq-watchdog: rule {command.rule}, incident {command.incident}",
    )


async def _surely(api: AdminApi, command: SetBlock, before: Block | None, writing: Awaitable[Block]) -> BlockSet | Refused:
    """What comes of a write; where its answer does not tell, what is there now does."""
    severity = "" if before is None else before.severity
    try:
        return BlockSet((await writing).domain, made=True, before=severity)
    except ApiError as error:
        if error.code not in _UNSURE:
            raise
        try:
            found = await api.existing_block(command.peer)
        except ApiError:
            return Refused(f"{error}; whether the rule was made is not known")
        if found is not None and found.domain == command.peer and _is_enough(found, command):
            return BlockSet(found.domain, made=True, before=severity)
        return Refused(str(error))


def _is_enough(found: Block, command: SetBlock) -> bool:
    return found.is_at_least(cast("Severity", command.severity), reject_media=command.reject_media)


def _severer(found: Block | None, command: SetBlock) -> Severity:
    """No rule becomes milder for it."""
    wanted = cast("Severity", command.severity)
    return wanted if found is None or not found.is_at_least(wanted) else found.severity


def _against(settings: MastodonSettings | None, peer: str) -> str:
    if settings is None or not settings.token:
        return NOT_CONFIGURED
    # By the one name others know us, by the other they find us: accounts here are of the first, and keys lie at the second.
    ours = {settings.domain, urlsplit(settings.url).hostname or settings.domain}
    return OUR_OWN if any(peer in above(one) or one in above(peer) for one in ours) else ""
