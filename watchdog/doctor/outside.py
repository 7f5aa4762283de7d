"""What lies beyond Sidekiq: what it needs, and who is told. Nothing is sent to anybody."""

import asyncio
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import msgspec

from watchdog.checks.build import build
from watchdog.checks.checker import try_once
from watchdog.checks.tcp import Tcp
from watchdog.clock import Clock
from watchdog.doctor.exam import Exam
from watchdog.doctor.found import Found, bad, counted, doubtful, fine, listed
from watchdog.receivers.build import build as receivers
from watchdog.receivers.receiver import Inspectable, TryAgainError
from watchdog.receivers.signing import BadSecretError
from watchdog.rulefile.receivers import ReceiverSettings

WITHIN: Final = 5_000
"""Milliseconds for a connection."""
LOOKED_WITHIN: Final = 20.0
"""Seconds for what a receiver answers when it is asked how it stands."""
_PORTS: Final = {"http": 80, "https": 443}


async def look(exam: Exam) -> Mapping[str, Found]:
    """The points of this area."""
    if exam.settings is None:
        return {}
    checks, told = exam.settings.checks, exam.settings.receivers
    tried = await asyncio.gather(*(try_once(one.name, build(one), int(one.values["timeout"])) for one in checks.values()))
    reached = await asyncio.gather(*(_reach(one) for one in told.values()))
    return {
        "checks": checks_of(dict(zip(checks, tried, strict=True))),
        "receivers": receivers_of(dict(zip(told, reached, strict=True))),
    }


def checks_of(tried: Mapping[str, str]) -> Found:
    """Why each failed, empty where it did not."""
    if not tried:
        return doubtful(
            "none is declared: a database that is gone looks like jobs that are stuck", "checks: in the config; config.yml has examples"
        )
    failed = [f"{name} fails: {why}" for name, why in tried.items() if why]
    if failed:
        return bad(listed(failed, 2), "sidekiq-watchdog check --try")
    return fine(f"{counted(len(tried), 'check')} succeeded: {listed(sorted(tried))}")


class Reached(msgspec.Struct, frozen=True):
    """What a receiver said when it was asked, in a few words or none, or `why` it can't be used; never more of an address than host and port."""

    says: str = ""
    why: str = ""


def receivers_of(reached: Mapping[str, Reached]) -> Found:
    """How each stands."""
    if not reached:
        return doubtful("nobody is told anything", "receivers: in the config, and routes: there or notify: in rules or under adjust:")
    failed = [name for name, one in reached.items() if one.why]
    if failed:
        mend = f"correct it in the config, or open the way there; then: sidekiq-watchdog notify test {failed[0]}"
        return bad(listed([f"{name} is not reached: {reached[name].why}" for name in failed], 2), mend)
    said = [f"{name} ({one.says})" if one.says else name for name, one in sorted(reached.items())]
    return fine(f"{counted(len(reached), 'receiver')} reached: {listed(said)}")


async def _reach(settings: ReceiverSettings) -> Reached:
    if any(isinstance(value, str) and not value for value in settings.values.values()):
        return Reached(why="what the config refers to could not be read: a secret is missing")
    try:
        receiver = receivers({settings.name: settings}, Clock())[settings.name]
    except BadSecretError as error:
        return Reached(why=str(error).partition(": ")[2])
    try:
        if not isinstance(receiver, Inspectable):
            return await _connect(settings)
        async with asyncio.timeout(LOOKED_WITHIN):
            return Reached(says=await receiver.look())
    except TryAgainError as error:
        return Reached(why=error.reason)
    except TimeoutError:
        return Reached(why=f"no answer within {LOOKED_WITHIN:.0f} s")
    finally:
        await receiver.close()


async def _connect(settings: ReceiverSettings) -> Reached:
    """Whether the hosts of its addresses take connections: all that can be known of one that can't be asked."""
    for setting in sorted(settings.addresses):
        parts = urlsplit(str(settings.values.get(setting, "")))
        port = parts.port or _PORTS.get(parts.scheme, 443)
        if parts.hostname and (why := await try_once(settings.name, Tcp(parts.hostname, port), WITHIN)):
            return Reached(why=why)
    return Reached()
