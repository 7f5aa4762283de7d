"""The log of a simulation as an agent would have recorded it: files with checkpoints, and events with their marks."""

from collections.abc import Collection
from pathlib import Path

from watchdog.engine import ledger as ledgers
from watchdog.engine.advance import advance
from watchdog.engine.arming import in_force_before
from watchdog.engine.checkpoint import checkpoint
from watchdog.engine.rules import NO_RULES, RuleSet
from watchdog.engine.state import State, begin
from watchdog.model.events import RulesLoaded
from watchdog.model.events import decode as decode_event
from watchdog.store.trace.limits import Limits
from watchdog.store.trace.recorder import Recorder
from watchdog.store.trace.segment import FORMAT, Header, Mark


def write_trace(log: list[tuple[str, RuleSet, bytes]], folder: Path, *, anew: Collection[int] = ()) -> None:
    """
    Writes it below that folder; a new file is begun with each crash, each reload, and after the turns with these numbers.

    The thread that writes is ended.
    """
    folder.mkdir(parents=True, exist_ok=True)
    recorder = Recorder(folder, Limits(10**15, 2**40), wall=lambda: 0)
    first = next(ruleset for _, ruleset, _ in log if ruleset is not NO_RULES)
    state, rules, boot = begin(ledgers.Ledger(arming=in_force_before(first))), NO_RULES, ""
    seq = at = 0
    wall = next(decode_event(data).wall for _, _, data in log if data)
    for number, (what, ruleset, data) in enumerate([("crash", NO_RULES, b""), *log]):
        if what == "crash":
            # The ledger of the last turn that was committed, and nothing of the picture.
            state, rules = begin(ledgers.decode(ledgers.encode(state.ledger))), NO_RULES
            recorder.begin(_header(state, rules, boot, seq, at, wall, "start"), checkpoint(state, at=at, wall=wall))
            continue
        event = decode_event(data)
        after, _ = advance(ruleset, state, event)
        if what == "undone":
            recorder.add(Mark.UNDONE, event)
            state.world.must_judge_all = True
            continue
        reloaded = isinstance(event.body, RulesLoaded) and rules is not NO_RULES
        state, rules, seq, at, wall = after, ruleset, event.seq, event.at, event.wall
        boot = state.ledger.boot_id
        recorder.add(Mark.TAKEN, event)
        if rules is not NO_RULES and (reloaded or number in anew):
            cause = "rules" if reloaded else "age"
            recorder.begin(_header(state, rules, boot, seq, at, wall, cause), checkpoint(state, at=at, wall=wall))
    assert recorder.settle(60)
    recorder._ending = True
    with recorder._lock:
        recorder._lock.notify_all()
    assert recorder._thread is not None
    recorder._thread.join(60)
    assert not recorder.how().failing


def _header(state: State, rules: RuleSet, boot: str, seq: int, at: int, wall: int, cause: str) -> Header:
    mode = "" if rules is NO_RULES else rules.mode.value
    return Header(format=FORMAT, version="0", memory="m", host="web1", boot_id=boot, digest=rules.digest, mode=mode, seq=seq, at=max(at, state.ledger.at), wall=wall, cause=cause)  # fmt: skip
