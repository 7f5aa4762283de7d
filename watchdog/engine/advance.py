"""
`advance(rules, state, event) -> (state, effects)`: the whole product in one pure function.

It reads no clock and does no I/O: two runs over the same events give the same effects. The shell commits
what it wrote, then carries out what it asked for, then brings the answers back as events.
"""

from typing import Final, assert_never

from watchdog.engine import (
    adopting,
    arming,
    commands,
    deeds,
    deploy_signs,
    digest,
    edits,
    judging,
    known_here,
    leading,
    locking,
    orders,
    pausing,
    playbooks,
    requests,
    runs,
    switching,
    unit_book,
)
from watchdog.engine import strikes as strike_book
from watchdog.engine.counted import is_all_counted
from watchdog.engine.due import can_read_redis, is_anything_open
from watchdog.engine.ledger import Loss, rebase
from watchdog.engine.remembered import BrokenHistoryError
from watchdog.engine.routing import reminding, schedule, telling
from watchdog.engine.rules import RuleSet
from watchdog.engine.saved import histories_in
from watchdog.engine.state import State
from watchdog.engine.turn import Turn
from watchdog.model.delivery import is_beside
from watchdog.model.effects import Effect
from watchdog.model.events import (
    EffectDone,
    Event,
    FleetLead,
    FleetLockLost,
    Gap,
    Observed,
    Paused,
    ReloadRefused,
    Resumed,
    RulesLoaded,
    SourceBack,
    SourceLost,
    Started,
    Stopping,
    TimeReached,
    Vouched,
)
from watchdog.model.kinds import Kind, Source
from watchdog.model.notices import NoticeKind, Severity
from watchdog.model.results import FleetLockTaken
from watchdog.model.told import Commanded, OperatorAsked, OperatorWithdrew
from watchdog.model.verdicts import Mode, lower

_AWAY: Final = "it was no longer there when the agent came back"
# Python 3.11 looks a member of an enumeration up in Python: too slow for every turn.
_HOST: Final = Source.HOST
_REDIS: Final = Source.REDIS


def advance(rules: RuleSet, state: State, event: Event) -> tuple[State, tuple[Effect, ...]]:
    """
    Takes one event in.

    Returns the state after it (the very same ledger if nothing in it changed) and the effects in the order in which
    they were asked for. `rules` are those in force; after a change of them a `RulesLoaded` must come first.
    """
    turn = Turn(rules, state, event)
    world = turn.world
    world.news.take_back(was_undone=world.must_judge_all)
    if world.must_judge_all:
        _after_an_undone_turn(turn)
    _take(turn)
    _tell_changes(turn)
    for kind, entity in world.due(turn.at):
        judging.judge_entity(turn, kind, entity)
    for key in list(world.echoes.pop_due(turn.at)):
        judging.fade(turn, key)
    if is_anything_open(turn.ledger) or turn.over or turn.freed:
        _go_on(turn)
    reminding.tend(turn)
    telling.tidy(turn)
    if turn.effects:
        digest.take(turn)
    digest.send_if_due(turn)
    locking.tidy(turn)
    return turn.end(), tuple(turn.effects)


def _go_on(turn: Turn) -> None:
    switching.run_out(turn)
    runs.try_again(turn)
    runs.watch_all(turn)
    edits.try_again(turn)
    deeds.try_again(turn)
    for over in turn.over:
        unit_book.heed(turn, over)
        playbooks.step_over(turn, over)
        orders.step_over(turn, over)
    playbooks.prove_all(turn)
    if turn.over or turn.freed:
        requests.look_around(turn)
    requests.consider_all(turn)
    orders.consider_all(turn)


def _take(turn: Turn) -> None:
    match turn.event.body:
        case Observed() as observed:
            _observe(turn, observed)
        case EffectDone() as done:
            _hear_answer(turn, done)
        case TimeReached():
            pass
        case Gap() as gap:
            _miss(turn, gap)
        case SourceLost() as lost:
            _lose(turn, lost)
        case SourceBack(source=source):
            _regain(turn, source)
        case Started() as started:
            _begin(turn, started)
        case RulesLoaded() as loaded:
            _load(turn, loaded)
        case ReloadRefused(problems=problems):
            turn.audit("agent", outcome="reload refused", reason=problems[0] if problems else "", detail={"problems": len(problems)})
        case Paused() | Resumed() as switched:
            pausing.hear(turn, switched)
        case Vouched() | FleetLockLost() | FleetLead() as news:
            _heed(turn, news)
        case OperatorAsked() | OperatorWithdrew() as order:
            orders.hear(turn, order)
        case Commanded() as command:
            commands.hear(turn, command)
        case Stopping(reason=reason):
            turn.world.stopping = True
            # Written down even if nothing else has changed for hours: what alerts have waited so far is known up to its time.
            turn.set()
            turn.audit("agent", outcome="stopping", reason=reason)
        case _ as body:
            assert_never(body)


def _hear_answer(turn: Turn, done: EffectDone) -> None:
    known = any(part.answer(turn, done.effect, done.result) for part in (requests, runs, orders, edits, deeds))
    if not known and isinstance(done.result, FleetLockTaken):
        # Whoever wanted it is gone: it is given back in this turn.
        locking.hear(turn, "", done.result)


def _heed(turn: Turn, news: Vouched | FleetLockLost | FleetLead) -> None:
    match news:
        case Vouched() as vouched:
            _forgive(turn, vouched)
        case FleetLockLost() as lost:
            locking.lose(turn, lost)
        case FleetLead() as lead:
            leading.hear(turn, lead)


def _forgive(turn: Turn, vouched: Vouched) -> None:
    # It can be told again after a start of the agent: only what lies before it is forgotten.
    strikes = strike_book.vouched(turn.ledger.strikes, vouched.jid, until=turn.at - (turn.wall - vouched.wall))
    if strikes is not turn.ledger.strikes:
        turn.set(strikes=strikes)
        turn.world.again.clear()
        turn.audit("agent", outcome="vouched", reason=f"{vouched.by} put it back: what it was caught at counts no more", target=vouched.jid)


def _observe(turn: Turn, observed: Observed) -> None:
    first = observed.complete and observed.source not in turn.world.complete
    was_counted = is_all_counted(turn.world)
    touched, left = turn.world.take(observed, turn.at)
    for departure in left:
        judging.bury(turn, departure)
    for (kind, entity), moved in touched.items():
        judging.judge_entity(turn, kind, entity, moved)
    known_here.remember(turn, touched, left)
    deploy_signs.notice(turn, observed, left)
    unit_book.notice(turn, observed)
    if observed.complete:
        arming.seen_in_full(turn)
    elif turn.ledger.arming.looking:
        arming.look(turn)
    if not turn.ledger.requests:
        pass
    elif observed.source is _HOST:
        requests.reconsider(turn, {entity for _, entity in touched})
    elif settling := {request.process for request in turn.ledger.requests.values() if request.guard == "settling"}:
        # Each beat may be the one that was waited for.
        requests.reconsider(turn, settling.intersection(entity for _, entity in touched))
    if first:
        turn.world.again.clear()
        judging.drop_orphans(turn, _AWAY)
        if observed.source is Source.REDIS:
            known_here.forget_missing(turn)
            requests.want_all(turn)
    if not was_counted and is_all_counted(turn.world):
        judging.drop_orphans(turn, _AWAY)


def _miss(turn: Turn, gap: Gap) -> None:
    seconds = (gap.ms + gap.asleep) // 1000
    turn.audit("agent", outcome="gap", reason=f"nothing was seen for {seconds} s" + (": the machine slept" if gap.asleep else ""))
    judging.freeze_timers(turn, gap.began)
    turn.world.miss(gap, turn.at)
    turn.world.settling.shake(turn.at, f"the agent saw nothing for {seconds} s")
    leading.sleep(turn, gap.ms + gap.asleep)
    turn.world.again.clear()
    judging.judge_all(turn)


def _lose(turn: Turn, lost: SourceLost) -> None:
    before = turn.ledger.lost.get(lost.source)
    if before is not None and before.code == lost.code:
        return
    since = before.since_at if before is not None else turn.at
    turn.set(lost={**turn.ledger.lost, lost.source: Loss(lost.code, lost.message, since)})
    turn.audit("source", entity=lost.source.value, outcome="lost", reason=lost.message, detail={"code": lost.code})
    turn.notify(turn.everybody(), thread=f"source:{lost.source}", kind=NoticeKind.SOURCE, severity=Severity.WARNING if is_beside(lost.source) else Severity.CRITICAL,
                title=f"{lost.source} can't be read: {lost.message}", outcome="lost", reason=lost.message, group=f"source:{lost.source}:{since}", since=turn.wall - (turn.at - since),
                next="nothing is judged by it and nothing done that rests on it until it can be read; it is tried again all the time")  # fmt: skip
    turn.world.history.lost(lost.source, turn.at)
    judging.blind_alerts(turn)
    if lost.source is Source.REDIS:
        turn.world.settling.shake(turn.at, "Redis could not be read", anew=True)
        leading.forget(turn)


def _regain(turn: Turn, source: Source) -> None:
    loss = turn.ledger.lost.get(source)
    if loss is None:
        return
    turn.set(lost={name: other for name, other in turn.ledger.lost.items() if name != source})
    turn.audit("source", entity=source.value, outcome="back", reason=f"after {(turn.at - loss.since_at) // 1000} s")
    turn.notify(turn.everybody(), thread=f"source:{source}", kind=NoticeKind.SOURCE, severity=Severity.INFO,
                title=f"{source} can be read again after {(turn.at - loss.since_at) // 1000} s", outcome="back", group=f"source:{source}:{loss.since_at}",
                since=turn.wall - (turn.at - loss.since_at))  # fmt: skip
    turn.world.again.clear()
    turn.world.history.back(source, turn.at)
    turn.world.recount(turn.at)
    judging.judge_all(turn)


def _begin(turn: Turn, started: Started) -> None:
    ledger = before = turn.ledger
    if ledger.boot_id and ledger.boot_id != started.boot_id:
        # Engine time began anew with this boot. For how long the machine was off only the clock on the wall could tell, and of all times it is at a boot that it is wrong, by
        # hours or by years: so that time counts for nothing, and what was to last lasts a little longer, never for ever. A container may have a boot of its own, in
        # which engine time is that of its machine: there the same clock says how little has passed.
        passed = max(0, min(turn.event.at, turn.wall - ledger.wall))
        ledger = rebase(ledger, turn.event.at - passed - ledger.at)
        turn.at = turn.event.at
        turn.ledger = ledger
    turn.world.settling.shake(turn.at, "the agent has just been started", anew=True)
    known_until = min(ledger.at, turn.at)
    judging.freeze_timers(turn, known_until)
    playbooks.freeze_proofs(turn, known_until)
    turn.set(boot_id=started.boot_id, host=started.host, lost={})
    schedule.rewind(turn.world, turn.ledger.routing)
    digest.forget_when(turn)
    leading.forget(turn)
    turn.audit("agent", outcome="started", detail={"version": started.version})
    adopting.begin(turn, started, before)
    _recall(turn)
    runs.resume(turn)
    orders.resume(turn)
    edits.resume(turn)
    deeds.resume(turn)


def _recall(turn: Turn) -> None:
    """Takes up the histories of a predecessor; between its last keeping and now nothing is covered."""
    world = turn.world
    world.history.started(turn.at)
    if world.kept is not None:
        try:
            world.history.restore(histories_in(world.kept), turn.at, wall=turn.wall, boot_id=turn.ledger.boot_id)
        except BrokenHistoryError as broken:
            turn.audit("agent", outcome="warning", reason=f"the histories of before can't be used ({broken}); windows begin anew")
    # /proc is there from the start; what is read of it comes with each process.
    for source in sorted({Source.HOST, *world.complete}):
        world.history.back(source, turn.at)


def _load(turn: Turn, loaded: RulesLoaded) -> None:
    mode = loaded.mode if turn.ledger.doubt is None else lower(loaded.mode, Mode.DRY_RUN)
    turn.set(mode=mode)
    turn.audit("agent", outcome="rules in force", mode=mode.value, detail={"rules": len(turn.rules.rules), "digest": loaded.digest})
    if loaded.warning:
        turn.audit("agent", outcome="warning", reason=loaded.warning)
        turn.notify(turn.everybody(), thread="agent", kind=NoticeKind.AGENT, severity=Severity.CRITICAL, title=loaded.warning)
    adopting.tell(turn)
    turn.world.settling.shake(turn.at, "rules and settings have just been loaded")
    rules = turn.rules
    awaited = (name for name, waiting in rules.by_change.items() if waiting)
    turn.world.kept = None
    turn.world.demand(rules.series, rules.aggregates, awaited, turn.at)
    telling.load(turn)
    judging.drop_ruleless(turn)
    judging.drop_orphans(turn, "it is no longer there")
    turn.world.again.clear()
    if not loaded.passing:
        arming.drop_void(turn)
    there = frozenset(turn.ledger.alerts)
    playbooks.ask_anew(turn)
    judging.judge_all(turn)
    if not loaded.passing:
        arming.load(turn, there)
        digest.load(turn)
    requests.want_all(turn)


def _after_an_undone_turn(turn: Turn) -> None:
    world = turn.world
    world.must_judge_all = False
    # Effects of the undone turn were never carried out; nobody will answer them.
    world.looks.clear()
    world.again.clear()
    schedule.rewind(world, turn.ledger.routing)
    judging.drop_orphans(turn, "it is no longer there")
    known_here.forget_missing(turn)
    deploy_signs.notice_all(turn)
    unit_book.notice_all(turn)
    # What was put into the picture without a turn has no deadline: what has become of it meanwhile must be written down.
    world.recount(turn.at)
    judging.judge_all(turn)
    arming.seen_in_full(turn)
    requests.want_all(turn)


def _tell_changes(turn: Turn) -> None:
    world = turn.world
    if world.news.silences is not None and can_read_redis(turn.ledger, world):
        world.news.fall_silent(turn.at, world.rows[Kind.PROCESS])
    for seen in world.news.tell():
        judging.tell(turn, seen)
