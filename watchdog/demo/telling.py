"""The agent's audit trail, told in sentences. Pure: rows in, lines out."""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec

_STAGES: Final = {
    "copy": "a copy of what {who} holds is kept: {outcome}",
    "two beats": "{who} has said in two beats that it is quiet: from now on the list of its jobs is complete, and only shrinks",
    "drain": "what could end by itself has ended",
    "record": "what {who} still holds is kept, byte for byte: {outcome}",
    "death": "{who} is dead",
}
_PLACES: Final = {
    "queue": "goes back into its queue, to the end that is fetched next",
    "retry": "goes among the retries",
    "schedule": "goes among the scheduled jobs",
    "quarantine": "goes into quarantine",
}


class Tone(StrEnum):
    """How a line is meant."""

    PLAIN = "plain"
    WOULD = "would"
    WARNING = "warning"
    ACTION = "action"
    GOOD = "good"


class Line(msgspec.Struct, frozen=True):
    """One line of the story."""

    text: str
    tone: Tone = Tone.PLAIN


class Telling:
    """
    Tells rows one by one. `firing` holds the alerts that fire now, as (rule, entity).

    `name_of` gives the name of the worker with that pid. Five alerts for five jobs of one worker are told once.
    """

    def __init__(self, name_of: Callable[[int], str]) -> None:
        self._name_of = name_of
        self._told: set[tuple[str, ...]] = set()
        self.firing: set[tuple[str, str]] = set()

    def tell(self, row: Mapping[str, Any]) -> Line | None:
        """The row as a line; None where there is nothing new in it for somebody who watches."""
        who = self._who(row)
        match row["kind"], row["outcome"]:
            case "alert", "firing":
                return self._fires(row, who)
            case "alert", "resolved":
                return self._resolved(row, who)
            case "decision", "":
                return self._decided(row, who)
            case "would", _ if row["stage"] == "verify":
                return Line(f"dry-run: would look then whether it helped: {row['reason']}", Tone.WOULD)
            case "would", _:
                return Line(f"dry-run: would send SIG{row['stage']} to {who}{_when(row)}", Tone.WOULD)
            case "intent", _ if row["stage"] == "put_back":
                return _placed(row)
            case "intent", _ if not row["stage"]:
                return None  # how the quarantine goes about it
            case "outcome", _ if row["stage"] in _STAGES:
                return Line(_STAGES[row["stage"]].format(who=who, outcome=row["outcome"]))
            case "intent", _:
                return Line(f"SIG{row['stage']} goes to {who} (written down before it is sent)", Tone.ACTION)
            case "incident", "ended" | "step ended":
                return Line(f"{row['action']} on {who} is done: {row['reason']}", Tone.GOOD)
            case "incident", "verifying":
                return Line(f"did it help? That is so as soon as {row['reason']}")
            case "incident", "verified":
                return Line(f"proven, {row['reason']}", Tone.GOOD)
            case "incident", "held" | "failed" | "abandoned" | "unverified" as outcome:
                return Line(f"{row['action']} on {who} {outcome}: {row['reason']}", Tone.WARNING)
            case "source", outcome:
                return Line(f"source {row['entity']} {outcome}: {row['reason']}", Tone.WARNING)
            case "agent", "rules in force":
                return Line(f"the agent follows Sidekiq, mode {row['mode']}")
        return None

    def _who(self, row: Mapping[str, Any]) -> str:
        identity = row["entity"].partition("/")[0]  # the id of a job begins with the identity of its process
        pid = identity.split(":")[-2] if identity.count(":") > 1 else ""
        return self._name_of(int(pid)) if pid.isdigit() else row["target"] or row["entity"]

    def _fires(self, row: Mapping[str, Any], who: str) -> Line | None:
        self.firing.add((row["rule"], row["entity"]))
        if not self._is_new("fires", row["rule"], who):
            return None
        return Line(f"alert {row['rule']} fires for {who}", Tone.WARNING)

    def _resolved(self, row: Mapping[str, Any], who: str) -> Line | None:
        self.firing.discard((row["rule"], row["entity"]))
        if self.firing:
            return None
        self._told.discard(("fires", row["rule"], who))
        return Line(f"alert {row['rule']} for {who} is resolved: {row['reason']}", Tone.GOOD)

    def _decided(self, row: Mapping[str, Any], who: str) -> Line | None:
        what = f"{row['action']} on {who}"
        match row["decision"]:
            case "ALLOW":
                return Line(f"all guards let {what} pass", Tone.ACTION)
            case "DRY_RUN":
                return Line(f"dry-run: all guards would let {what} pass", Tone.WOULD)
            case "ASK" if self._is_new("ASK", row["reason"], what):
                return Line(f"may it do {what}? It waits for a yes on the page; or: {row['reason']}", Tone.WOULD)
            case decision if self._is_new(decision, row["guard"], what):
                return Line(f"{what}: guard {row['guard']} says no: {row['reason']}", Tone.WARNING)
        return None

    def _is_new(self, *what: str) -> bool:
        new = what not in self._told
        self._told.add(what)
        return new


def _placed(row: Mapping[str, Any]) -> Line:
    detail = row["detail"]
    return Line(f"{detail['class']} {_PLACES[detail['place']]}: {row['reason']}", Tone.ACTION)


def _when(row: Mapping[str, Any]) -> str:
    if not row["would_at"]:
        return ""
    delay = round((_moment(row["would_at"]) - _moment(row["at"])).total_seconds())
    after = f", {delay} s later" if delay else " now"
    return f"{after} {row['reason']}".rstrip()


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
