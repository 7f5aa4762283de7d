"""
What must hold of every action, worked out anew from what the engine said and from how the server was; each law has a name.

The counterpart of the guards. Nothing here asks a guard, or knows how many there are: an action begins with its first signal, and by then all that
the law wants must be so. Times are real ones, which no reboot and no other clock moves.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final, NamedTuple

from tests.property.engine_people import YES, Peopled
from tests.property.engine_simulated_rules import CRASH_RULE
from tests.property.engine_simulation import Step
from tests.property.engine_witness import Actor
from tests.scenario.conversation import process, rules
from watchdog.engine.due import next_due
from watchdog.engine.rules import RuleSet
from watchdog.model.effects import Audit, Effect, Notify, SendSignal
from watchdog.model.events import Body, Delta, Observed, RulesLoaded
from watchdog.model.kinds import Source
from watchdog.model.notices import NoticeKind
from watchdog.model.verdicts import Mode


class Law(StrEnum):
    """What is watched over."""

    COOLDOWN = "never inside the cooldown of the target"
    ALONE = "never two actions on a host, nor two open intents"
    BUDGET = "never more often than the budget"
    SIGHT = "never on what is unknown or stale"
    KEEP = "never fewer working threads of a queue than `keep`"
    REASON = "no denial without a guard and a reason"
    MODE = "no signal but in act, none while that is paused, none to another host"


class Terms(NamedTuple):
    """What a rule is written with: milliseconds, a share, and how often in how many milliseconds."""

    cooldown: int
    keep: float
    times: int
    per: int


_GUARDS = "guards: {{cooldown: {cooldown}ms, keep: {keep}%, budget: {times}/{per}s, target_budget: 3/1d, host_budget: 4/1h, flaps: 100/1h}}"
_RULES: Final = {
    "stuck-job": """
  - rule: stuck-job
    each: job
    when: job.elapsed > 20s
    then: [{terminate_process: {process: job.process, grace: 8s, unique_locks: release}}]
    or_else: [{terminate_process: {process: job.process, grace: 1s}}]
    notify: [ops]
    """,
    "wedged": """
  - rule: wedged
    each: job
    when: job.elapsed > 20s
    for: 4s
    then: [{recover_process: {process: job.process, drain: 12s, grace: 6s, stuck_after: 20s}}]
    notify: [ops]
    """,
    "silent": """
  - rule: silent
    each: process
    when: process.beat_age > 30s
    then: [{terminate_process: {process: process, grace: 5s}}]
    notify: [ops, pager]
    """,
}
_TERMS: Final[tuple[dict[str, Terms], ...]] = (
    {"stuck-job": Terms(30_000, 0.5, 2, 600)},
    {"wedged": Terms(20_000, 0.5, 1, 240), "silent": Terms(45_000, 0.3, 2, 600)},
    {"silent": Terms(60_000, 0.6, 1, 300), "stuck-job": Terms(15_000, 0.3, 2, 200)},
    {"stuck-job": Terms(10_000, 0.0, 3, 400), "wedged": Terms(40_000, 0.5, 1, 900)},
)


def _text(terms: dict[str, Terms]) -> str:
    parts = [
        _RULES[name] + _GUARDS.format(**own._asdict() | {"keep": round(own.keep * 100), "per": own.per}) for name, own in terms.items()
    ]
    return "rules:" + "\n".join(parts) + CRASH_RULE


SETS: Final[dict[Mode, tuple[RuleSet, ...]]] = {mode: tuple(rules(_text(terms), mode) for terms in _TERMS) for mode in Mode}
THREADS: Final = (4, 5, 3, 5)
QUEUES: Final = (("push", "pull"), ("push",), ("push",), ("push", "pull"))
"""Of each of the four processes; the last is the other host's."""
STALE: Final = 60_000
SILENT: Final = 30_000
STUCK: Final = 20_000
AGAIN: Final = 5_000
"""Milliseconds: what was read so long ago is stale; what the rules ask for; so often the guards are asked at least."""
DAY: Final = 86_400_000
LONGEST: Final = 14_400_000
"""Milliseconds for which what was done to a target makes its cooldown longer, and the longest that it becomes."""
BY_ALL: Final = ((3, DAY), (4, 3_600_000))
"""How often all rules together may act on a target, and on all of the host, in how many milliseconds: as all of the rules have it."""
_OVER: Final = ("ended", "failed", "verified", "unverified", "step ended", "step failed")
_GIVEN_UP: Final = ("abandoned", "step abandoned")


class Lawful(Peopled):
    """
    Server and engine, and the laws over both: `broken` is what was against them, by law.

    `seen` counts what the laws were tried on, so that nobody takes silence for proof.
    """

    def __init__(self, mode: Mode = Mode.ACT) -> None:
        self.broken: list[tuple[Law, str]] = []
        self.seen: dict[str, int] = {}
        self.written = _TERMS[0]
        self._read_at = 0
        self._gaps: list[tuple[int, int]] = []
        self._open: dict[str, str] = {}
        self._intents: dict[str, str] = {}
        self._done: dict[tuple[str, str], dict[str, int]] = {}
        self._last: dict[str, tuple[str, int]] = {}
        self._began: set[str] = set()
        self._begun_with: dict[str, Terms] = {}
        self._firing: set[tuple[str, str]] = set()
        self._quiet: dict[str, bool] = {}
        self._unlisted: set[str] = set()
        self._sets = SETS[mode]
        self._begin_people()
        super().__init__(mode)
        self._in_force(0)

    # How the server differs from that of the other simulation

    def _whole(self, actor: Actor, at: int) -> list[Delta]:
        _, *jobs = super()._whole(actor, at)
        self._quiet[actor.identity] = False
        self._unlisted.discard(actor.identity)
        return [process(actor.identity, at, queues=QUEUES[actor.slot], threads=THREADS[actor.slot]), *jobs]

    def _do_quiet(self, one: int, other: int) -> None:
        actor = self.actors[one % 4]
        if actor.identity in self.told:
            self._quiet[actor.identity] = bool(other % 2)
        super()._do_quiet(one, other)

    def _do_unlist(self, one: int, other: int) -> None:
        self._unlisted |= {self.actors[one % 4].identity} & self.told
        super()._do_unlist(one, other)

    def _do_gap(self, one: int, other: int) -> None:
        self._gaps.append((self.at, one * 7_000))
        super()._do_gap(one, other)

    def _do_reload(self, one: int, _: int) -> None:
        self._in_force(one % len(_TERMS))

    def crash(self, *, lose_world: bool = True) -> list[str]:
        """As in the other simulation; what an agent did not see is nothing that the next one knows of."""
        self._gaps.clear()
        self._read_at = 0
        return super().crash(lose_world=lose_world)

    def _in_force(self, number: int) -> None:
        self.rules, self.written = self._sets[number], _TERMS[number]
        self.hear(RulesLoaded(self.rules.digest, self.rules.mode))

    # The laws

    def _take(self, body: Body, ruleset: RuleSet) -> list[str]:
        if isinstance(body, Observed) and body.source is Source.REDIS:
            self._read_at = self.at
        return super()._take(body, ruleset)

    def witness(self, effect: Effect) -> None:
        match effect:
            case Audit(row=row):
                self._hear_row(row)
            case Notify(notice=notice) if notice.kind is NoticeKind.DECIDED and notice.decision in ("DENY", "ASK"):
                if self.mode is Mode.ACT and notice.outcome not in YES and not (notice.guard and notice.reason):
                    self._break(Law.REASON, f"people are told of a {notice.decision} without guard or reason: {notice.title}")
            case SendSignal():
                self._judge_signal(effect)
            case _:
                pass

    def look_at_the_ledger(self, *, after_start: bool) -> None:
        """No request stands there undecided without anybody looking, and none denied without a reason; nothing is held without one."""
        if after_start or self.state.world.stopping:
            return
        looked_at = set(self.state.world.looks.values())
        for request in self.state.ledger.requests.values():
            if (
                request.decision is None
                and request.id not in looked_at
                and ((due := next_due(self.state)) is None or due > self.at + AGAIN)
            ):
                self._break(Law.REASON, f"nobody says what became of the request {request.id} of {request.rule}")
            if request.decision in ("DENY", "ASK") and self.mode is Mode.ACT and not (request.guard and request.reason):
                self._break(Law.REASON, f"{request.rule} is denied without guard or reason")
        for run in self.state.ledger.runs.values():
            if run.again_at is not None and run.held_by and not run.held:
                self._break(Law.REASON, f"{run.incident} is held without a reason")

    def _hear_row(self, row: Any) -> None:
        match row.kind:
            case "alert":
                (self._firing.add if row.outcome == "firing" else self._firing.discard)((row.rule, row.entity))
            case "decision":
                self._count(f"{row.decision} {row.guard}".strip())
                if row.decision in ("DENY", "ASK") and self.mode is Mode.ACT and not (row.guard and row.reason):
                    self._break(Law.REASON, f"a {row.decision} without guard or reason: {row}")
            case "approval":
                self._hear_of_question(row)
            case "incident" if row.action != "put_back_jobs":
                self._hear_incident(row)
            case "intent" if row.action != "put_back_jobs":
                if others := [f"{what} of {incident}" for incident, what in self._intents.items()]:
                    self._break(Law.ALONE, f"{row.stage} of {row.incident} is intended while open: {', '.join(others)}")
                self._intents[row.incident] = row.stage
            case "outcome":
                self._intents.pop(row.incident, None)
            case _:
                pass

    def _hear_incident(self, row: Any) -> None:
        if row.outcome in ("opened", "next step"):
            self._open[row.incident] = row.target
            self._begun_with.setdefault(row.incident, self.written[row.rule])
        elif row.outcome in _OVER + _GIVEN_UP and row.incident in self._open:
            name = self._open.pop(row.incident)
            self._intents.pop(row.incident, None)
            self._last[name] = (row.incident, self.wall)
            if row.outcome in _OVER:
                self._done.setdefault((row.rule, name), {})[row.incident] = self.wall

    def _judge_signal(self, effect: SendSignal) -> None:
        run = next(run for run in self.state.ledger.runs.values() if run.effect == effect.id)
        self.signals[effect.id] = (run.id, effect.signal.value)
        identity = effect.target.identity
        self._count(effect.signal.value)
        actor = next(actor for actor in self.actors if actor.slot == int(identity.split(":")[1]) - 10)
        hushed = self.paused or self.is_hushed(run.rule, actor)
        if self.mode is not Mode.ACT or hushed or identity.startswith("web2"):
            self._break(Law.MODE, f"{effect.signal} to {identity} in {self.mode}{' while paused' * hushed}")
        if others := sorted(name for incident, name in self._open.items() if incident != run.incident):
            self._break(Law.ALONE, f"{effect.signal} of {run.incident} while something is done on {', '.join(others)}")
        if run.incident not in self._began:
            self._began.add(run.incident)
            self._count("actions")
            self._judge_time(run.rule, run.incident, actor.name)
            self._judge_sight(run.rule, identity)
            self._judge_threads(run.rule, run.incident, actor)

    def _judge_time(self, rule: str, incident: str, name: str) -> None:
        others = {one: at for done in self._done.values() for one, at in done.items() if one != incident}
        on_it = [at for (_, target), done in self._done.items() if target == name for one, at in done.items() if one != incident]
        last, ended = self._last.get(name, (incident, 0))
        repeats = max(0, self._lately(on_it, DAY) - 1)
        usual = self.written[rule].cooldown
        cooldown = max(usual, min(usual * 2**repeats, LONGEST))
        if last != incident and self.wall - ended < cooldown:
            self._break(Law.COOLDOWN, f"{rule} on {name} {self.wall - ended} ms after the end of {last}, its cooldown is {cooldown}")
        if "budget" in self.leave.get(incident, ()):
            self._count("beyond the budget by leave")
            return
        mine = [at for one, at in self._done.get((rule, name), {}).items() if one != incident]
        # What has begun is brought to its end, also where rules that are loaded before its first signal allow less.
        allowed = self._begun_with[incident]
        shares = ((rule, mine, allowed.times, allowed.per * 1000), (name, on_it, *BY_ALL[0]), ("the host", others.values(), *BY_ALL[1]))
        for whose, done, times, per in shares:
            if (already := self._lately(done, per)) >= times:
                self._break(Law.BUDGET, f"{rule} on {name} after {already} times, the budget of {whose} is {times}/{per} ms")

    def _lately(self, done: Iterable[int], time: int) -> int:
        return sum(self.wall - at < time for at in done)

    def _judge_sight(self, rule: str, identity: str) -> None:
        if not self.complete or self.lost:
            self._break(Law.SIGHT, f"{rule} on {identity} while {', '.join(self.lost) or 'Redis'} could not be read")
        if self.at - self._read_at > STALE:
            self._break(Law.SIGHT, f"{rule} on {identity}, of which nothing has been read for {self.at - self._read_at} ms")
        if not self._is_so(rule, identity):
            self._break(Law.SIGHT, f"{rule} on {identity}, of which that is not known to be so")

    def _is_so(self, rule: str, identity: str) -> bool:
        age = self._age(identity)
        if age is None or identity not in self.told:
            return False
        if rule == "silent":
            return age > SILENT
        return any(self.at - age - one.fields["started_at"] > STUCK for one in self.jobs.get(identity, {}).values())

    def _judge_threads(self, rule: str, incident: str, target: Actor) -> None:
        """By the queues of the target: working threads that are left, and those that there were."""
        held = {actor.identity: self._held(actor.identity) for actor in self.actors}
        working = {actor.slot: THREADS[actor.slot] - held[actor.identity] if self._works(actor.identity) else None for actor in self.actors}
        for queue in QUEUES[target.slot]:
            others = [working[actor.slot] for actor in self.actors if actor is not target and queue in QUEUES[actor.slot]]
            left, own = [count for count in others if count is not None], working[target.slot] or 0
            keep = self.written[rule].keep
            if left and keep and sum(left) < keep * (sum(left) + own):
                self._break(Law.KEEP, f"queue {queue} keeps {sum(left)} of {sum(left) + own} threads, {rule} wants {keep:.0%}")
            asked = "coverage" in self.leave.get(incident, ())
            if not left and keep and not asked and held[target.identity] * 2 < THREADS[target.slot]:
                self._break(Law.KEEP, f"the only process of queue {queue} goes, and {held[target.identity]} of its threads are held")
            self._count("left to others" if left else "the only one")

    def _held(self, identity: str) -> int:
        mine = self.jobs.get(identity, {})
        return len({mine[job].fields["thread"] for _, job in self._firing if job in mine})

    def _works(self, identity: str) -> bool:
        """Who has left the list has said good-bye, or has not beaten for a minute, and is back on it with the next beat."""
        age = self._age(identity)
        is_ready = identity in self.told - self._unlisted and not self._quiet.get(identity)
        return is_ready and age is not None and age < STALE

    def _age(self, identity: str) -> int | None:
        """How long ago it beat last; a time in which nobody could see counts for nothing."""
        beat = self.beats.get(identity)
        return None if beat is None else self.at - beat - sum(ms for began, ms in self._gaps if beat <= began)

    def _count(self, what: str) -> None:
        self.seen[what] = self.seen.get(what, 0) + 1

    def _break(self, law: Law, how: str) -> None:
        self.broken.append((law, how))


def smallest(steps: list[Step], law: Law) -> list[Step]:
    """A trace that still breaks the law, and from which no step can be taken without its being kept."""
    width = len(steps) // 2
    while width:
        start = 0
        while start < len(steps):
            fewer = steps[:start] + steps[start + width :]
            if any(broken is law for broken, _ in Lawful().play(fewer).broken):
                steps = fewer
            else:
                start += width
        width //= 2
    return steps
