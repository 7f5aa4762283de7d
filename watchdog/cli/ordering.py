"""What `recover` and `restart` have in common: from a process and what was written on the command line to an order, and from its end to an exit code."""

import secrets
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

from watchdog.cli.order_options import read_arguments
from watchdog.cli.order_view import is_fine, lines_of
from watchdog.cli.orders import who, words
from watchdog.cli.output import errors, output, say_json
from watchdog.model.told import OperatorAsked

if TYPE_CHECKING:
    from watchdog.cli.desk import Desk
    from watchdog.cli.order_following import Interrupts
    from watchdog.cli.order_targets import Meant

MARGIN: Final = 5_000
"""Milliseconds beyond Sidekiq's own timeout until it has surely given everything back."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What was written: the action, its `arguments` as they were written (empty: not at all), the guards to be overruled, and whether it is to be done."""

    action: str
    written: Mapping[str, str]
    reason: str
    overruled: tuple[str, ...]
    only_looks: bool
    as_json: bool


def wish(action: str, written: Mapping[str, str], *, reason: str, overruled: tuple[str, ...], dry_run: bool, as_json: bool) -> Wish:
    """Everything that can be wrong with a command line is said before an agent is looked for. Raises `UsageError`."""
    read_arguments(action, written)
    said = reason.strip() if dry_run else words(reason)
    return Wish(action=action, written=written, reason=said, overruled=overruled, only_looks=dry_run, as_json=as_json)


def order_for(wished: Wish, meant: "Meant") -> OperatorAsked:
    """The order; `grace` is, where nobody has written it, as long as Sidekiq needs to give its jobs back."""
    arguments = read_arguments(wished.action, wished.written)
    if meant.timeout is not None:
        needed = meant.timeout + MARGIN
        if not wished.written.get("grace"):
            arguments["grace"] = max(int(arguments["grace"]), needed)
        elif int(arguments["grace"]) < needed:
            errors().line(
                ("warning: ", "warn"), f"--grace is less than {needed // 1000} s, which {meant.called} takes to give its jobs back"
            )
    return OperatorAsked(
        id=secrets.token_hex(4), by=who(), reason=wished.reason, asked=time.time_ns() // 1_000_000, action=wished.action, process=meant.process.id,
        arguments=arguments, overruled=wished.overruled, only_looks=wished.only_looks,
    )  # fmt: skip


async def carry_out(desk: "Desk", order: OperatorAsked, *, as_json: bool, interrupts: "Interrupts") -> bool:
    """Follow it to its end, line by line; whether it did what it was for."""
    from watchdog.cli.order_following import Following, be_silent

    out = output()

    def say(row: dict[str, Any]) -> None:
        if as_json:
            say_json(row)
        else:
            for line in lines_of(row):
                out.line(*line)
        sys.stdout.flush()

    def show(row: dict[str, Any]) -> None:
        try:
            say(row)
        except OSError:
            if desk.hosted is None:
                raise
            # Nobody reads any more, and nobody else would bring it to its end.
            be_silent()

    return is_fine(await Following(desk, order, show=show, interrupts=interrupts).run())
