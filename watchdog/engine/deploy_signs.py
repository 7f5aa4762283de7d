"""
Notices what tells of a deployment: commands, code files, units, versions, processes that somebody else told to be quiet.

The counterpart of `guards/deploy.py`, which judges it. Only what changes is a sign: code that is newer than its process stays so until somebody restarts that, and two
versions can live side by side for months. Of what lasts, as a command does, the beginning and the end are noted.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from watchdog.engine.departure import Departure
from watchdog.engine.deploys import Label, Sign
from watchdog.engine.turn import Turn
from watchdog.model.events import Delta, Observed
from watchdog.model.kinds import Kind, Source
from watchdog.model.missing import MISSING
from watchdog.model.targets import unit_of

COMMAND: Final = "command"
CODE: Final = "code"
VERSION: Final = "version"
QUIET: Final = "quiet"
RELOAD: Final = "reload"
JOB: Final = "job"
"""What signs are of; that of a host's command and of a unit's job or files is followed by a blank and its name."""
MANY: Final = 2
"""So many processes that somebody told to be quiet are no accident."""
MOST: Final = 256
"""So many signs, versions and processes are remembered."""
SAID_AGAIN: Final = 3_600_000
"""Milliseconds after which the same sign is written into the audit log once more."""
NOTED_AGAIN: Final = 3_600_000
"""Milliseconds after which it is noted once more that processes come with a version that is known, so that it is not the first to be forgotten."""
_SLOTS: Final = {
    Kind.PROCESS: frozenset({"tag", "version", "quiet", "code_changed", "changed_wall"}),
    Kind.HOST: frozenset({"deploying", "deploy_command"}),
    Kind.UNIT: frozenset({"job", "reload_needed", "state", "sub_state", "restarts"}),
}
_REVIVING: Final = "auto-restart"


def notice(turn: Turn, observed: Observed, left: Iterable[Departure]) -> None:
    """What of a reading that was just taken in is a sign; of who has left nothing more is kept."""
    changed = [
        one
        for one in observed.changes
        if (slots := _SLOTS.get(one.kind)) is not None and isinstance(one, Delta) and not slots.isdisjoint(one.fields)
    ]
    gone = [one for one in left if one.kind in _SLOTS]
    if not changed and not gone:
        return
    noting = _Noting(turn)
    for delta in changed:
        row: Any = turn.world.find(delta.kind, delta.id)
        if row is not None:
            noting.see(row)
    for departure in gone:
        noting.forget(departure)
    noting.end()


def notice_all(turn: Turn) -> None:
    """The same of all that is in the picture: a turn was undone, and what it had noted is no longer known."""
    noting = _Noting(turn)
    for kind in _SLOTS:
        for row in turn.world.rows.get(kind, {}).values():
            noting.see(row)
    noting.end()


class _Noting:
    """What is remembered while it is being changed: `now`."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self.now = turn.ledger.deploys
        # Nobody need be counted while nobody was quiet and nobody is.
        self._may_be_quiet = self.now.quiet > 0

    def see(self, row: Any) -> None:
        """Something that can tell has changed about that host, unit or process."""
        match row.kind:
            case Kind.HOST:
                self._see_host(row)
            case Kind.UNIT:
                self._see_unit(row)
            case _:
                self._may_be_quiet = self._may_be_quiet or row.quiet is True
                self._see_label(row)
                self._see_code(row)

    def forget(self, departure: Departure) -> None:
        """It has left the picture."""
        if departure.kind is Kind.PROCESS:
            if departure.id in self.now.code_wall:
                self._set(code_wall={name: changed for name, changed in self.now.code_wall.items() if name != departure.id})
        elif departure.kind is Kind.UNIT:
            self._lasts(f"{JOB} {departure.id}", "")
            self._lasts(f"{RELOAD} {departure.id}", "")

    def end(self) -> None:
        """All has been seen: what is to be remembered goes into the ledger."""
        if self._may_be_quiet:
            self._count_quiet()
        if self.now != self._turn.ledger.deploys:
            self._turn.set(deploys=self.now)

    def _count_quiet(self) -> None:
        # Several are quiet, and one more than before: who was left so for hours is no sign.
        if Source.REDIS not in self._turn.world.complete:
            return
        ours = {run.ref.identity for run in self._turn.ledger.runs.values()}
        rows: Iterable[Any] = self._turn.world.rows[Kind.PROCESS].values()
        quiet = sum(1 for row in rows if row.quiet is True and row.id not in ours)
        if quiet >= MANY and quiet > self.now.quiet:
            self._happens(QUIET, f"{quiet} processes have been told to be quiet, and not by this agent", self._turn.at)
        if quiet != self.now.quiet:
            self._set(quiet=quiet)

    def _see_host(self, row: Any) -> None:
        if row.deploying is MISSING:
            return
        command = (
            row.deploy_command if row.deploy_command is not MISSING and row.deploy_command else "a command that changes the application"
        )
        self._lasts(f"{COMMAND} {row.id}", f"{command} on {row.id}" if row.deploying else "")

    def _see_unit(self, row: Any) -> None:
        job = "" if row.job is MISSING or self._is_expected(row) else row.job
        self._lasts(f"{JOB} {row.id}", f"systemd is to {job} {row.id}" if job else "")
        stale = row.reload_needed is not MISSING and row.reload_needed
        self._lasts(f"{RELOAD} {row.id}", f"files of {row.id} are newer than what systemd has read" if stale else "")

    def _is_expected(self, row: Any) -> bool:
        """It is what this agent is about, or systemd brings back by itself what has ended."""
        ledger = self._turn.ledger
        if any(run.ref.unit == row.id for run in ledger.runs.values()) or any(
            unit_of(deed.thing) == row.id for deed in ledger.deeds.values()
        ):
            return True
        revived = row.state is not MISSING and row.state == "activating" and row.restarts is not MISSING and row.restarts > 0
        return revived or (row.sub_state is not MISSING and row.sub_state.startswith(_REVIVING))

    def _see_label(self, row: Any) -> None:
        if row.tag is MISSING:
            return
        label = row.tag if row.version is MISSING else f"{row.tag} {row.version}"
        known = dict(self.now.labels)
        if label in known and self._turn.at - known[label].seen_at < NOTED_AGAIN:
            return
        # One whose version was not read is none of another.
        halved = row.version is MISSING and any(name.startswith(f"{label} ") for name in known)
        if known and label not in known and not halved:
            came = self._turn.at if row.booted_at is MISSING else min(row.booted_at, self._turn.at)
            self._happens(VERSION, f"processes have come with another version or tag: {label}", came)
        if not halved:
            known.pop(label, None)
            known[label] = Label(self._turn.at)
            self._set(labels=dict([*known.items()][-MOST:]))

    def _see_code(self, row: Any) -> None:
        if row.code_changed is MISSING:
            return
        before = self.now.code_wall.get(row.id)
        changed = row.changed_wall if row.code_changed and row.changed_wall is not MISSING else 0
        if changed == before:
            return
        self._set(code_wall=dict([*self.now.code_wall.items(), (row.id, changed)][-MOST:]))
        if changed > (before or 0):
            # Of whom nobody has looked at before, when the file was changed is known by its own time alone.
            ago = 0 if before is not None else max(0, self._turn.wall - changed)
            file = row.changed_file if row.changed_file is not MISSING else "a file"
            self._happens(CODE, f"{file} was changed after {row.id} was started", self._turn.at - ago)

    def _lasts(self, key: str, words: str) -> None:
        sign, at = self.now.signs.get(key), self._turn.at
        lasts = sign is not None and sign.ended_at is None
        if words and (sign is None or not lasts):
            self._put(key, Sign(words, at))
        elif not words and sign is not None and lasts:
            self._put(key, msgspec.structs.replace(sign, ended_at=at))

    def _happens(self, key: str, words: str, at: int) -> None:
        sign = self.now.signs.get(key)
        if sign is None or sign.seen_at < at:
            self._put(key, Sign(words, at, at))

    def _put(self, key: str, sign: Sign) -> None:
        signs = dict(self.now.signs)
        before = signs.pop(key, None)
        if before is None or sign.seen_at - before.seen_at >= SAID_AGAIN:
            self._turn.audit("agent", outcome="sign of a deployment", reason=sign.words)
        self._set(signs=dict([*signs.items(), (key, sign)][-MOST:]))

    def _set(self, **fields: Any) -> None:
        self.now = msgspec.structs.replace(self.now, **fields)
