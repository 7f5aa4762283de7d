"""
From a step and the entity that its rule looks at to the jobs that it means.

The counterpart of `targeting.find_target`, which finds a process. Jobs are named by what they have in common, so that cooldowns outlive them; which
they are in Redis only the shell can tell.
"""

from typing import Any, Final

import msgspec

from watchdog.engine.rules import Step
from watchdog.engine.world import World
from watchdog.model.actions import TELLS
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING
from watchdog.model.rows import Row
from watchdog.model.targets import Among, JobsRef

AMONG: Final[dict[str, Among]] = {
    "quarantine_job": Among.WAITING,
    "delete_retries": Among.RETRIES,
    "release_job": Among.QUARANTINE,
}
"""Action on jobs → where it looks for them. Every other action is on a process."""
PLACES: Final = 100
"""One job is taken from every place in which it stands, were it pushed so often."""
OTHERS: Final = "(others)"
"""The id of the entity that stands for all that are too many to be told one by one (`sidekiq.failed`)."""
_FIELDS: Final = {"class": "job_class", "queue": "queue", "domain": "domain", "kind": "kind", "status": "status", "failing_for": "failing_for",
                  "jid": "jid", "rule": "rule"}  # fmt: skip
"""Parameter → what it is called in a `JobsRef`."""
_WORDS: Final = {Among.RETRIES: "retries", Among.WAITING: "job", Among.QUARANTINE: "quarantined jobs"}


class Chosen(msgspec.Struct, frozen=True):
    """The name under which cooldowns are kept, and the jobs; None where they can't be told, `unreachable` says why."""

    name: str
    jobs: JobsRef | None
    unreachable: str = ""


def choose(step: Step, row: Row | None) -> Chosen:
    """The jobs that the step means, seen from that row; without a row those that its parameters alone tell."""
    among = AMONG[step.action]
    said = {_FIELDS[name]: value for name, value in step.arguments.items() if name in _FIELDS}
    # One job is named by itself, whoever else the rule looks at.
    tells = TELLS.get(row.kind, {}) if row is not None and among is not Among.WAITING else {}
    if row is not None and row.id == OTHERS and tells:
        return Chosen(
            f"{_WORDS[among]} of {OTHERS}",
            None,
            f"{OTHERS} stands for every {row.kind} that is not told one by one: which these are can't be said",
        )
    if step.target is not None:
        jid: Any = MISSING if row is None else getattr(row, "jid", MISSING)
        if jid is MISSING:
            return Chosen(_WORDS[among], None, "its job id is not known")
        said["jid"] = jid
    elif row is not None:
        for parameter, slot in tells.items():
            value: Any = getattr(row, slot)
            if value is not MISSING:
                said[_FIELDS[parameter]] = value
            elif parameter != "status":
                return Chosen(f"{_WORDS[among]} of {row.id}", None, f"its {parameter} is not known")
    if not any(said.values()):
        return Chosen(_WORDS[among], None, "nothing says which jobs are meant")
    jobs = msgspec.convert({"name": _name(among, said), "among": among, "cap": int(step.arguments.get("cap", PLACES)), **said}, JobsRef)
    return Chosen(jobs.name, jobs)


def runs_in(world: World, jobs: JobsRef) -> str:
    """The process that runs the one job that is meant, empty if none is known to."""
    if jobs.among is not Among.WAITING:
        return ""
    rows: list[Any] = list(world.rows[Kind.JOB].values())
    return next((str(row.process) for row in rows if row.jid == jobs.jid and row.process is not MISSING), "")


def _name(among: Among, said: dict[str, Any]) -> str:
    words = [_WORDS[among]]
    if said.get("jid"):
        words.append(str(said["jid"]))
    if said.get("job_class"):
        words.append(f"of {said['job_class']}")
    if said.get("domain"):
        words.append(f"to {said['domain']}")
    if said.get("queue"):
        words.append(f"in {said['queue']}")
    if said.get("kind"):
        words.append(f"with {said['kind']}")
    if said.get("status"):
        words.append(str(said["status"]))
    if said.get("failing_for"):
        words.append(f"failing for {int(said['failing_for']) // 1000} s")
    if said.get("rule"):
        words.append(f"by rule {said['rule']}")
    return " ".join(words)
