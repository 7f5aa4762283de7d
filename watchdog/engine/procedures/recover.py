"""
`recover_process`: ends a process without losing a job, and keeps a job that wedged it from doing so again.

Why not TERM: half a second before its timeout Sidekiq pushes what is not finished to the end that is fetched next, so a job that wedges its process runs in
the next one a millisecond later. So: look at it from all sides, copy what is in flight, SIGTSTP (it fetches no more), two quiet beats (from then on the list of its jobs is complete and only shrinks), wait
until only stuck jobs are left (for as long as it takes where one of them must not be interrupted), write down what is in flight, end it, and put each job where it belongs before anybody else can.

Ways through it, besides that one: *stopped* (SIGCONT first, then the same), *frozen* (no beat for 60 s, and its heartbeat thread stands still: no signal but
SIGKILL reaches it), *zombie* (it has given everything back and yet does not end: SIGKILL, nothing to put back). Whoever ends meanwhile, by whatever hand, is asked what it
left behind.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from watchdog.engine.procedures.aftermath import gathered
from watchdog.engine.procedures.killing import DEATH, LINGERS
from watchdog.engine.procedures.scene import Scene
from watchdog.engine.procedures.stages import (
    Answer,
    ChooseStage,
    CollectStage,
    End,
    GatherStage,
    Go,
    Hold,
    LocksStage,
    Procedure,
    PutBackStage,
    SendStage,
    Then,
    WaitStage,
    WatchStage,
)
from watchdog.model.effects import When
from watchdog.model.results import Exited, InFlight, PutBackDone, Refused, Sent, StillRunning
from watchdog.model.targets import Signal

SILENT: Final = 60_000
"""Without a beat for so many milliseconds its keys in Redis are gone; that alone proves nothing of the process."""
STILL: Final = 15_000
"""For how long the heartbeat thread must have done nothing: a beat and a half of the slowest version (tried: 16 s tell frozen, +0, from cut off, +6)."""
LISTEN: Final = 40_000
"""How long it is waited for what tells a silent process that is frozen from one that is cut off."""
TWO_BEATS: Final = 60_000
"""Two beats of the slowest version take 20 s; who has not shown them in that time won't."""
EXTEND: Final = 1_800_000
"""For how long a job under veto extends the drain before people are told that nothing goes on."""
REBIRTH: Final = 60_000
"""How long it is waited for its successor: an application takes its time to boot."""
CUT_OFF: Final = (
    "it does not beat, but its heartbeat thread moves: cut off from Redis, or slow, and no end of it would help; or it runs a job that is not UTF-8, "
    "which Sidekiq can't show (its log: heartbeat: malformed utf-8), and would lose its jobs"
)


def is_frozen(scene: Scene) -> bool:
    """No beat for 60 s, and the thread that beats stands still."""
    return scene.beat_age is not None and scene.beat_age >= SILENT and scene.still is not None and scene.still >= STILL


def _is_silent(scene: Scene) -> bool:
    return scene.beat_age is None or scene.beat_age >= SILENT


def _is_zombie(scene: Scene) -> bool:
    return scene.gave_back and scene.heartbeat_thread is False


def _triage(scene: Scene) -> Then:
    if scene.stopped:
        return Go("CONT")
    if _is_zombie(scene) or _is_silent(scene):
        return Go("listen")
    return Go("copy")


def _listen(scene: Scene) -> Then | None:
    if _is_zombie(scene) or is_frozen(scene):
        return Go("ask a silent one")
    return Go("copy") if scene.beats else None


def _after_listening(answer: Answer) -> Then:
    match answer:
        case Exited():
            return Go("reckon")
        case Refused(reason=reason):
            return End("abandoned", reason)
        case StillRunning() | Sent() | InFlight() | PutBackDone():
            return End("abandoned", CUT_OFF)


def _moves_again(scene: Scene) -> str:
    return "" if is_frozen(scene) or _is_zombie(scene) else "it moves again"


def _after_copy(answer: Answer) -> Then:
    match answer:
        case InFlight(stopped=True):
            return End("abandoned", "it has stopped by itself and given its jobs back")
        case Refused(reason=reason):
            return End("abandoned", f"what it holds could not be kept: {reason}")
        case InFlight() | Sent() | Exited() | StillRunning() | PutBackDone():
            return Go("TSTP")


def _unless_dead(stage: str) -> Callable[[Answer], Then]:
    """On to that stage; whoever has ended is asked what it left behind."""

    def after(answer: Answer) -> Then:
        match answer:
            case Exited():
                return Go("reckon")
            case Refused(reason=reason):
                return Hold(reason)
            case Sent() | StillRunning() | InFlight() | PutBackDone():
                return Go(stage)

    return after


def _is_quiet(stage: str) -> Callable[[Scene], Then | None]:
    return lambda scene: Go(stage) if scene.quiet_beats >= 2 else None


def _silence(scene: Scene) -> Then:
    """It was told to be quiet, and has not shown two quiet beats."""
    if scene.stopped:
        return Go("wake")
    if _is_zombie(scene) or is_frozen(scene):
        return Go("ask")
    if not _is_silent(scene):
        # It beats, but does not say that it is quiet: a handler of its own may keep it from it.
        return Go("drain")
    return Hold(CUT_OFF)


def _drained(scene: Scene) -> Then | None:
    return Go("record") if not set(scene.running) - scene.stuck else None


def _left(scene: Scene) -> Then:
    return Go("longer") if scene.spared else Go("record")


def _longer(arguments: Mapping[str, Any]) -> int:
    # A run of an agent before this one can lack it.
    return int(arguments.get("extend", EXTEND))


def _finished(scene: Scene) -> Then | None:
    return None if scene.spared else Go("record")


def _tell_of_longer(scene: Scene) -> str:
    return f"waits longer for what must not be interrupted, and fetches nothing meanwhile: {'; '.join(scene.spared)}"


def _spared(scene: Scene) -> Then:
    """Nobody but a person interrupts it: whoever wants it ended does so by hand, and what else it held is put back then."""
    if not scene.spared:
        return Go("record")
    return Hold(f"it is quiet, and must not be interrupted: {'; '.join(scene.spared)}", guard="veto")


def _ending(scene: Scene) -> Then:
    """TERM gives back what is in flight to whoever fetches next: only if nothing in it is poison."""
    return Go("KILL") if scene.held_stuck else Go("TERM")


def _after_death(answer: Answer) -> Then:
    match answer:
        case Exited():
            return Go("reckon")
        case Refused(reason=reason):
            return Hold(reason)
        case StillRunning() | Sent() | InFlight() | PutBackDone():
            return Hold(LINGERS)


def _remains(scene: Scene) -> Then:
    # Also where it held nothing: its traces keep its successor from clearing orphaned locks away.
    return Go("rebirth") if scene.gave_back else Go("put_back")


def _reborn(scene: Scene) -> Then | None:
    return End("ended", "a new process of its name beats") if scene.successor else None


def _not_reborn(_answer: Answer) -> Then:
    return End("ended", f"no other process of its name has beaten within {REBIRTH // 1000} s")


def _plan(arguments: Mapping[str, Any]) -> tuple[tuple[str, int, str], ...]:
    drain = int(arguments["drain"])
    return (
        ("TSTP", 0, ""),
        ("KILL", drain, "if a stuck job is left then, and none that must not be interrupted; its jobs would be put back"),
        ("TERM", drain, "if no stuck job is left then, or earlier if nothing is in flight"),
        ("KILL", drain + int(arguments["grace"]), "if it still lived then; its jobs would be put back"),
    )


RECOVER: Final = Procedure(
    first="evidence",
    signal=Signal.TSTP,
    no_return=("TSTP", "TERM", "KILL"),
    stages={
        "evidence": CollectStage(then="triage"),
        "triage": ChooseStage(choose=_triage),
        "CONT": SendStage(signal=Signal.CONT, after=_unless_dead("listen")),
        "listen": WatchStage(limit=lambda _: LISTEN, sees=_listen, after=_after_listening),
        "ask a silent one": GatherStage(when=When.FROZEN, after=gathered("KILL a silent one")),
        "KILL a silent one": SendStage(signal=Signal.KILL, mark="KILL", against=_moves_again, after=_unless_dead("death")),
        "copy": GatherStage(when=When.BEFORE, after=_after_copy),
        "TSTP": SendStage(signal=Signal.TSTP, after=_unless_dead("two beats")),
        "two beats": WatchStage(limit=lambda _: TWO_BEATS, sees=_is_quiet("drain"), after=_unless_dead("silence")),
        "silence": ChooseStage(choose=_silence),
        "wake": SendStage(signal=Signal.CONT, after=_unless_dead("two beats more")),
        "two beats more": WatchStage(limit=lambda _: TWO_BEATS, sees=_is_quiet("drain"), after=_unless_dead("ask")),
        "ask": GatherStage(when=When.FROZEN, after=gathered("KILL")),
        "drain": WatchStage(limit=lambda arguments: int(arguments["drain"]), sees=_drained, after=_unless_dead("left")),
        "left": ChooseStage(choose=_left),
        "longer": WatchStage(limit=_longer, sees=_finished, after=_unless_dead("spared"), tells=_tell_of_longer),
        "spared": ChooseStage(choose=_spared),
        "record": GatherStage(when=When.QUIET, after=gathered("end")),
        "end": ChooseStage(choose=_ending),
        "TERM": SendStage(signal=Signal.TERM, after=_unless_dead("grace")),
        "grace": WaitStage(since="TERM", limit=lambda arguments: int(arguments["grace"]), after=_unless_dead("KILL")),
        "KILL": SendStage(signal=Signal.KILL, after=_unless_dead("death")),
        "death": WaitStage(since="KILL", limit=lambda _: DEATH, after=_after_death),
        "reckon": GatherStage(when=When.DEAD, after=gathered("remains")),
        "remains": ChooseStage(choose=_remains),
        "put_back": PutBackStage(after=gathered("locks")),
        "locks": LocksStage(then="unlock"),
        "unlock": LocksStage(then="rebirth", release=True),
        "rebirth": WatchStage(limit=lambda _: REBIRTH, sees=_reborn, after=_not_reborn, dead=True),
    },
    plan=_plan,
)
