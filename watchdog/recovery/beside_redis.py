"""
The sources of findings beside Redis: the log, and what a frozen process still has in its sockets and its memory.

Each is asked only where it can tell something: a quiet process is known by its work hash, and right after an end every tenth of a second counts, because
systemd starts the unit again. What can't be read tells nothing, and is said in the log of the agent.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Final

from watchdog.errors import WatchdogError
from watchdog.host.log_source import BOUNDS, Bounds
from watchdog.model.effects import When
from watchdog.model.findings import Finding
from watchdog.model.targets import ProcessRef
from watchdog.recovery.sources import Source, Told
from watchdog.recovery.work_hash import HASHES, running_in
from watchdog.rulefile.log import LogSettings
from watchdog.sidekiq.flight import Noted

LOG: Final = logging.getLogger(__name__)
UNHURRIED: Final = Bounds(lines=1_000_000, milliseconds=10_000)
"""How far the log of a frozen process is read: it has stood still for a minute, others have filled the log meanwhile, and nobody is served sooner by knowing less."""


def the_log(settings: Callable[[], LogSettings], wall: Callable[[], int]) -> Source:
    """What the log says of jobs that were started and not ended; `settings` as they now stand, `wall` gives UTC milliseconds."""

    async def ask(target: ProcessRef, when: When, noted: Noted | None, found: Sequence[Finding]) -> Told:
        asked_before = any(one.origin not in HASHES for one in found)
        if when in (When.BEFORE, When.QUIET) or (when is When.DEAD and (asked_before or (noted is not None and noted.quiet))):
            return Told()
        # Loaded when it is first needed: most agents never come to it.
        from watchdog.recovery.reading_log import read_log

        until = wall() if noted is None else min(noted.beat, wall())
        try:
            read = await read_log(
                target,
                settings(),
                until=until,
                threads=0 if noted is None else noted.threads,
                running=running_in(noted),
                wall=wall,
                bounds=UNHURRIED if when is When.FROZEN else BOUNDS,
            )
        except WatchdogError as error:
            LOG.warning("the log of %s tells nothing: %s", target.name, error)
            return Told()
        if read.missing:
            LOG.warning("the log of %s does not tell everything: %s", target.name, "; ".join(read.missing))
        dead = when is When.DEAD
        return Told(
            read.findings,
            names_running=bool(read.lines) and not read.missing,
            gave_back=dead and read.clean is True,
            hasty=dead and read.hasty,
        )

    return ask


def what_it_still_has() -> Source:
    """What lies unread in the sockets of a frozen process, and the payloads in its memory of jobs that others have named."""

    async def ask(target: ProcessRef, when: When, _noted: Noted | None, found: Sequence[Finding]) -> Told:
        if when is not When.FROZEN:
            return Told()
        from watchdog.recovery.inspecting import Inspector, NotInspected

        inspector = Inspector()
        waiting = await inspector.sockets(target)
        if isinstance(waiting, NotInspected):
            LOG.warning("sockets and memory of %s can't be read: %s", target.name, waiting.reason)
            return Told()
        without = [one.jid for one in found if one.payload is None]
        memory = await inspector.memory(target, without) if without else None
        read = () if memory is None or isinstance(memory, NotInspected) else memory.findings
        unread = waiting.encrypted or waiting.cut or waiting.foreign or waiting.partial or waiting.unreadable
        return Told((*waiting.findings, *read), names_waiting=not unread)

    return ask
