"""
A test on its way to receivers: by the agent that runs, or straight where none does; and what came of it.

The counterpart of `notify.py`, which says what is wanted.
"""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from watchdog.cli.desk import EVERY
from watchdog.cli.exits import UnfinishedError
from watchdog.cli.output import Piece, errors, output, say_json
from watchdog.lang.display import display
from watchdog.model.kinds import Type
from watchdog.model.told import OperatorTested

if TYPE_CHECKING:
    from watchdog.receivers.receiver import Receiver
    from watchdog.rulefile.receivers import ReceiverSettings


class Trial(msgspec.Struct, frozen=True):
    """What was said, and for how many seconds the answers are waited for."""

    told: OperatorTested
    within: float


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it for one receiver: what its server `said`, or the `error` of the last of so many `attempts` that failed; `took` milliseconds until then, None while it is not known."""

    receiver: str
    is_delivered: bool
    said: str = ""
    error: str = ""
    attempts: int = 0
    took: int | None = None
    by_agent: bool = False


async def by_agent(state: Path, test: Trial) -> list[Result]:
    """By the agent that runs; waits until all have ended, or for as long as was said. Raises as `telling.ask`."""
    from watchdog.cli.telling import ask
    from watchdog.engine.heard import REFUSED
    from watchdog.engine.on_receivers import thread_of
    from watchdog.store.reading import read_arrivals

    answer = await ask(state, test.told)
    if answer["outcome"] == REFUSED:
        raise UnfinishedError(f"refused: {answer['reason']}")
    end = time.monotonic() + test.within
    while True:
        rows = {row.receiver: row for row in await asyncio.to_thread(read_arrivals, state, thread_of(test.told.id))}
        if len(rows) == len(test.told.receivers) and all(row.ended is not None for row in rows.values()):
            break
        if time.monotonic() >= end:
            break
        await asyncio.sleep(EVERY)
    results = []
    for name in test.told.receivers:
        row = rows.get(name)
        if row is None:
            results.append(Result(receiver=name, is_delivered=False, error="the agent has not written it down", by_agent=True))
            continue
        took = None if row.ended is None else max(0, row.ended - row.written)
        results.append(
            Result(
                receiver=name, is_delivered=row.outcome == "delivered", said=row.answer, error=row.error, attempts=row.attempts, took=took, by_agent=True
            )
        )  # fmt: skip
    return results


async def straight(config: Path, test: Trial) -> list[Result]:
    """By this command, with the config as it is now. Raises `ProblemsError`, `UsageError`."""
    from watchdog.clock import Clock
    from watchdog.host.boot import host_name
    from watchdog.receivers.build import build
    from watchdog.store.ownership import give_as_above

    settings, host = _settings(config, test.told.receivers)
    errors().line(("no agent runs: it is sent straight, by this command", "dim"))
    receivers = build(settings, Clock())
    try:
        return list(await asyncio.gather(*(_send(name, one, test, host or host_name()) for name, one in receivers.items())))
    finally:
        for name, receiver in receivers.items():
            await receiver.close()
            if keys := settings[name].values.get("keys"):
                # The agent could not read what root has made.
                give_as_above(Path(str(keys)))


def _settings(config: Path, names: Sequence[str]) -> "tuple[dict[str, ReceiverSettings], str | None]":
    """These receivers with their secrets in place, and the name that the config has for this host. Secrets of others are not looked at."""
    from watchdog.cli.state import settings_of
    from watchdog.config.secrets import fetch_secrets
    from watchdog.errors import ProblemsError
    from watchdog.rulefile.findings import Findings
    from watchdog.rulefile.settings import with_secrets

    settings = settings_of(config)
    wanted = tuple(secret for secret in settings.secrets if secret.setting[0] == "receivers" and secret.setting[1] in names)
    findings = Findings()
    contents = fetch_secrets(wanted, config.parent, findings)
    settings, problems = with_secrets(msgspec.structs.replace(settings, secrets=wanted), contents)
    findings.take(problems)
    if findings.errors:
        raise ProblemsError(findings.in_order())
    return {name: settings.receivers[name] for name in names}, settings.host


async def _send(name: str, receiver: "Receiver", test: Trial, host: str) -> Result:
    from watchdog.engine.on_receivers import notice_of
    from watchdog.receivers.receiver import TryAgainError
    from watchdog.receivers.single import send_single

    notice = notice_of(test.told, id=f"test_{test.told.id}", wall=time.time_ns() // 1_000_000, host=host)
    begun = time.monotonic()
    try:
        async with asyncio.timeout(test.within):
            said = await send_single(receiver, notice)
    except TryAgainError as error:
        return Result(receiver=name, is_delivered=False, error=error.reason, attempts=1)
    except TimeoutError:
        return Result(receiver=name, is_delivered=False, error=f"no answer within {test.within:.0f} s", attempts=1)
    return Result(receiver=name, is_delivered=True, said=said, took=int((time.monotonic() - begun) * 1000))


def show_results(results: Sequence[Result], *, as_json: bool) -> None:
    """One line, or one object, a receiver."""
    for one in results:
        if as_json:
            say_json(_plain(one))
        else:
            output().line(f"{one.receiver}: ", *_words(one))


def _words(one: Result) -> Sequence[Piece]:
    if one.is_delivered:
        took = f" after {display(one.took, Type.DURATION)}" if one.took is not None else ""
        return ("delivered", "good"), f"{took}{': ' + one.said if one.said else ''}"
    if one.took is not None:
        return ("given up", "bad"), f": {one.error}"
    if not one.by_agent:
        return ("not delivered", "bad"), f": {one.error}"
    if one.error:
        return ("not delivered yet", "bad"), f": {one.error}; the agent goes on trying, `notify retry {one.receiver}` has it try at once"
    return ("not delivered yet", "warn"), ": no answer so far; `notify list` shows how it stands"


def _plain(one: Result) -> dict[str, Any]:
    return {
        "receiver": one.receiver, "delivered": one.is_delivered, "answer": one.said, "error": one.error, "attempts": one.attempts, "took_ms": one.took,
        "by": "agent" if one.by_agent else "command",
    }  # fmt: skip
