"""What lies beyond Sidekiq: what it needs, and who is told. Nothing is sent to anybody."""

import asyncio
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from watchdog.checks.build import build
from watchdog.checks.checker import try_once
from watchdog.checks.tcp import Tcp
from watchdog.doctor.exam import Exam
from watchdog.doctor.found import Found, bad, counted, doubtful, fine, listed
from watchdog.rulefile.receivers import ReceiverSettings

WITHIN: Final = 5_000
"""Milliseconds for a connection."""
_PORTS: Final = {"http": 80, "https": 443}


async def look(exam: Exam) -> Mapping[str, Found]:
    """The points of this area."""
    if exam.settings is None:
        return {}
    checks, receivers = exam.settings.checks, exam.settings.receivers
    tried = await asyncio.gather(*(try_once(one.name, build(one), int(one.values["timeout"])) for one in checks.values()))
    reached = await asyncio.gather(*(_reach(one) for one in receivers.values()))
    return {
        "checks": checks_of(dict(zip(checks, tried, strict=True))),
        "receivers": receivers_of(dict(zip(receivers, reached, strict=True))),
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


def receivers_of(reached: Mapping[str, str]) -> Found:
    """Why each is not reached, empty where it is."""
    if not reached:
        return doubtful("nobody is told anything", "receivers: in the config, and routes: there or notify: in rules or under adjust:")
    failed = [f"{name} is not reached: {why}" for name, why in reached.items() if why]
    if failed:
        return bad(listed(failed, 2), "correct its url: in the config, or open the way there")
    return fine(f"{counted(len(reached), 'receiver')} reached: {listed(sorted(reached))}")


async def _reach(receiver: ReceiverSettings) -> str:
    """Why the host of its address takes no connection; never tells more of the address than host and port."""
    for setting in sorted(receiver.addresses):
        parts = urlsplit(str(receiver.values.get(setting, "")))
        if not parts.hostname:
            return "its address could not be read: a secret is missing"
        if why := await try_once(receiver.name, Tcp(parts.hostname, parts.port or _PORTS.get(parts.scheme, 443)), WITHIN):
            return why
    return ""
