"""
The probe as a source of findings: which jobs a process holds, as its own notes in Redis say (packaging/probe).

It is the surest source there is, and the only one that answers the same before and after an end. What it names was begun, or fetched, and has not been acknowledged; and where it
vouches for having named everything, what it does not name is over.
"""

import logging
from collections.abc import Sequence
from typing import Final

from watchdog.errors import WatchdogError
from watchdog.model.effects import When
from watchdog.model.findings import Finding, Origin
from watchdog.model.targets import ProcessRef
from watchdog.recovery.sources import Source, Told
from watchdog.recovery.work_hash import HASHES
from watchdog.sidekiq.edit.edits import Edits
from watchdog.sidekiq.flight import Noted
from watchdog.sidekiq.probe import Left, is_announced, read_all_left

LOG: Final = logging.getLogger(__name__)
_FETCH: Final = "fetch"
_EVERYONE: Final = tuple(Origin)


def the_probe(edits: Edits) -> Source:
    """What the probe of the process says; of a process without one it tells nothing."""

    async def ask(target: ProcessRef, when: When, noted: Noted | None, found: Sequence[Finding]) -> Told:
        try:
            left = await read_all_left(edits.ask, edits.keys, target.identity, where=edits.where)
            if when is When.DEAD and not left.strength and left.is_empty and any(one.origin is Origin.PROBE for one in found):
                # It had noted something, and has taken itself away since: that is the last thing it does after a clean stop.
                return Told(gave_back=not await is_announced(edits.ask, edits.keys, target.identity, where=edits.where))
        except WatchdogError as error:
            LOG.warning("what the probe of %s has noted can't be read: %s", target.name, error)
            return Told()
        if left.broken:
            first = left.broken[0]
            LOG.warning(
                "what the probe of %s has noted can't all be understood (%d): %s: %s",
                target.name,
                len(left.broken),
                first.key,
                first.reason,
            )
        return told_by(left, noted)

    return ask


def told_by(left: Left, noted: Noted | None) -> Told:
    """What that says beside the other sources. Pure."""
    if not left.strength:
        return Told(left.findings)
    if not left.is_sure:
        # A note goes when its job is acknowledged and not otherwise.
        return Told(left.findings, overrules=(Origin.PROBE,), threads=left.threads)
    if left.strength == _FETCH:
        return Told(left.findings, names_running=True, names_waiting=True, overrules=_EVERYONE)
    threads = left.threads or (noted.threads if noted is not None else 0)
    # Between fetch and note there may be one job for each thread that has none: others may know of it.
    return Told(left.findings, names_running=True, overrules=(*HASHES, Origin.PROBE), threads=threads)
