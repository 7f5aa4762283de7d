"""
Somebody is deploying: what looks sick is being changed, and a process that is ended now comes back with half of the new code.

Why for a time, and not as long as the code on the disk is newer: many update first and restart days later, or forget one process. A guard that denied until then would leave
it alone for ever, and one that passed would act in the middle of a migration. So each sign counts for `deploy` after it was last new. A command counts as long as it
runs, too, but not for more than a day: that is a worker, and no deployment. What systemd is to do with a unit is over when it is done, and so is a daemon-reload: whoever starts
one service by hand does not deploy.
"""

from collections.abc import Mapping
from typing import Any, Final

from watchdog.engine.deploy_signs import COMMAND, JOB, RELOAD
from watchdog.engine.deploys import Sign
from watchdog.engine.guards.view import View, denies
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING
from watchdog.model.verdicts import Answer, Verdict

DAY: Final = 86_400_000
"""Milliseconds for which a command that goes on is taken for a deployment."""


def deploy(view: View) -> Verdict:
    """Denies while something that belongs to a deployment goes on, and for `deploy` after the last sign of one; says else what could not be looked at."""
    window = int(view.settings["deploy"])
    if not window:
        return Verdict("deploy", Answer.PASS)
    signs = view.ledger.deploys.signs
    goes_on = next((sign for key, sign in signs.items() if view.at < _ends(key, sign, window)), None)
    if goes_on is not None:
        return denies("deploy", f"somebody is deploying: {goes_on.words}")
    until, words = max(((_counts_until(key, sign, window), sign.words) for key, sign in signs.items()), default=(view.at, ""))
    if until > view.at:
        ago = (view.at - (until - window)) // 60_000
        return denies("deploy", f"somebody has just deployed, or still does: {words}, {ago} min ago", until)
    return Verdict("deploy", Answer.PASS, _not_looked_at(view))


def is_deploying(signs: Mapping[str, Sign], at: int, window: int) -> bool:
    """Whether the guard would deny at that engine time, with that setting."""
    return window > 0 and any(at < _ends(key, sign, window) or at < _counts_until(key, sign, window) for key, sign in signs.items())


def _ends(key: str, sign: Sign, window: int) -> int:
    """Until when it is believed to go on; it is over for what does not last."""
    if sign.ended_at is not None:
        return sign.ended_at
    return sign.seen_at + (DAY if key.startswith(COMMAND) else window)


def _counts_until(key: str, sign: Sign, window: int) -> int:
    """Until when it counts although it is over."""
    if key.startswith((JOB, RELOAD)) or sign.ended_at is None:
        return 0
    return sign.ended_at + window


def _not_looked_at(view: View) -> str:
    rows = view.world.rows
    hosts: list[Any] = list(rows[Kind.HOST].values())
    processes: list[Any] = list(rows[Kind.PROCESS].values())
    lacking = [
        name
        for name, known in (
            ("code files (`app` in the config names their folder)", any(row.code_changed is not MISSING for row in processes)),
            ("commands", any(row.deploying is not MISSING for row in hosts)),
            ("units", bool(rows[Kind.UNIT])),
        )
        if not known
    ]
    return f"not looked at for a deployment: {', '.join(lacking)}" if lacking else ""
