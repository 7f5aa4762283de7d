"""The programs beside the agent that have the rights which it lacks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from watchdog.doctor import commands
from watchdog.doctor.exam import Exam
from watchdog.doctor.found import Found, bad, doubtful, fine, passed_over
from watchdog.host.boot import HostUnreadableError, boot_id
from watchdog.host.files import read_whole
from watchdog.model.targets import ProcessRef
from watchdog.recovery.inspecting import Facts, Inspector, NotInspected

_SCOPE: Final = "sys/kernel/yama/ptrace_scope"
_FORBIDDEN: Final = b"3"
_OFF: Final = "not-there"


async def look(exam: Exam) -> Mapping[str, Found]:
    """The points of this area."""
    return {**await look_at_inspect(exam), **await commands.look(exam)}


async def look_at_inspect(exam: Exam) -> Mapping[str, Found]:
    """The program that reads frozen processes."""
    if not exam.places.inspect.exists():
        return {"inspect": passed_over("not turned on; it is not needed")}
    if _scope(exam.places.proc) == _FORBIDDEN:
        return {
            "inspect": bad(
                "kernel.yama.ptrace_scope is 3: nobody may look into a process", "sysctl kernel.yama.ptrace_scope=1, after a reboot"
            )
        }
    if not exam.here:
        return {"inspect": passed_over("sidekiq-here first")}
    identity = min(exam.here)
    facts = exam.here[identity]
    try:
        boot = boot_id(exam.places.proc)
    except HostUnreadableError as error:
        return {"inspect": passed_over(str(error))}
    ref = ProcessRef(facts.unit or identity, identity, exam.host, facts.pid, facts.start_ticks, boot, unit=facts.unit)
    return {"inspect": inspect_of(await Inspector(exam.places.inspect).facts(ref), facts.unit)}


def inspect_of(answer: Facts | NotInspected, unit: str) -> Found:
    """What it said about one process of that unit."""
    if isinstance(answer, Facts):
        return fine(f"it answers about {unit or 'a process without a unit'}")
    if answer.code == _OFF:
        return passed_over("not turned on; it is not needed")
    if answer.code == "gone":
        return passed_over("the process has just ended")
    return doubtful(f"sidekiq-watchdog-inspect does not serve us: {answer.reason}", answer.hint)


def _scope(proc: Path) -> bytes:
    try:
        return read_whole(f"{proc}/{_SCOPE}").strip()
    except OSError:
        # No Yama, no limit of it.
        return b""
