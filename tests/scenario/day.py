"""
An ordinary Mastodon server on two hosts, hour after hour, and an agent beside it under real packs: it answers what the agent asks for as a world would.

Three processes run on web1, where the agent is, one on web2. Each beats every 10 s. Jobs begin and end; some never do. Who has ended is started again by systemd.
What happens on which minute of the day is written in `day_programme.py`.
"""

import heapq
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.scenario.conversation import HEALTHY, Conversation, found, host, redis
from tests.scenario.day_server import BEAT, HOUR, MIDNIGHT, MINUTE, PATIENCE, REVIVED, SECOND, Running, Seat, Work
from watchdog.engine.due import next_due
from watchdog.engine.rules import RuleSet
from watchdog.model import effects, results
from watchdog.model.events import (
    CRASHED,
    KILLED,
    STOPPED,
    Body,
    Delta,
    EffectDone,
    Gap,
    Gone,
    Observed,
    SourceBack,
    SourceLost,
    TimeReached,
)
from watchdog.model.findings import Certainty
from watchdog.model.flight import Fate, Held, Placed, PlaceKind, Placement
from watchdog.model.kinds import Kind, Source
from watchdog.model.records import AuditRow
from watchdog.model.targets import Signal


class Day(Conversation):
    """
    Server, agent and clock; engine time begins at midnight.

    `said` is every audit row with the time at which it was written, `sent` every signal with whom it went to. `pushed` are all jobs by jid, `done` those that came
    to their end, `quarantined` and `waits` those that stand in the quarantine or in the retry set.
    """

    def __init__(self, rules: RuleSet, *, seed: int = 1, begins: int = 0) -> None:
        self.random = random.Random(seed)
        self.said: list[tuple[int, AuditRow]] = []
        self.sent: list[tuple[int, str, str]] = []
        self.pushed: set[str] = set()
        self.done: list[str] = []
        self.quarantined: list[str] = []
        self.waits: list[str] = []
        self.seats = {
            seat.name: seat
            for seat in (
                Seat("one", "web1", ("push", "pull"), 25),
                Seat("two", "web1", ("push", "pull"), 25),
                Seat("mixed", "web1", ("default", "ingress", "mailers", "pull"), 15),
                Seat("far", "web2", ("push", "pull", "default", "ingress", "mailers", "scheduler"), 25),
            )
        }
        self.reachable = True
        self.load, self.waiting, self.stalled = 3, 0, False
        self.queued: list[Work] = []
        self._untold: list[Gone] = []
        self._agenda: list[tuple[int, int, Callable[[], object]]] = []
        self._numbers = 0
        self._ours: dict[str, str] = {}
        self._flight: dict[str, list[Running]] = {}
        super().__init__(rules, started=False)
        self.at, self.booted_wall = begins, MIDNIGHT
        self.start()
        self._look_around()
        for seat in self.seats.values():
            self._boot(seat)
        self.read_all()
        self._after(BEAT, self._beat)

    # What happens, minute by minute

    def later(self, at: int, what: Callable[[], object]) -> None:
        """That happens at that engine time."""
        self._numbers += 1
        heapq.heappush(self._agenda, (at, self._numbers, what))

    def until(self, end: int) -> None:
        """Everything up to that time."""
        while True:
            due = next_due(self.state)
            upcoming = self._agenda[0][0] if self._agenda else end + 1
            if due is not None and due <= min(upcoming, end):
                self.hear(TimeReached(), at=max(due, self.at))
            elif upcoming <= end:
                at, _, what = heapq.heappop(self._agenda)
                self.at = max(at, self.at)
                what()
            else:
                break
            self._answer_all()
        self.at = end

    def stuck(
        self, seat: str, *, times: int = 1, job_class: str = "ActivityPub::DeliveryWorker", queue: str = "push", jid: str = ""
    ) -> None:
        """That process takes a job that does not end; so it does, taken again, until it has been caught so many times."""
        self._run(self.seats[seat], Work(jid or f"stuck-{self._number()}", job_class, queue, times))

    def long(self, seat: str, job_class: str, queue: str, minutes: float) -> None:
        """That process takes a job that lasts so long and ends by itself."""
        self._run(self.seats[seat], Work(f"long-{self._number()}", job_class, queue), lasts=round(minutes * MINUTE))

    def check(self, *, ok: bool) -> None:
        """PostgreSQL takes logins, or has no room for one more."""
        problem = "" if ok else "the server says: sorry, too many clients already"
        self.hear(
            Observed(Source.CHECKS, (Delta(Kind.CHECK, "postgres", {"ok": ok, "problem": problem, "failing_at": None if ok else self.at}),))
        )

    def stall(self, *, on: bool) -> None:
        """From now on no job ends; or all that waited for it do."""
        self.stalled = on
        for seat in self.seats.values():
            for run in seat.runs.values():
                if run.ends is not None:
                    run.ends = 1 << 60 if on else self.at + self.random.randrange(BEAT)

    def redis_away(self, minutes: float) -> None:
        """Redis answers nobody for so long; jobs go on, but nobody sees it."""
        self.reachable = False
        self.hear(SourceLost(Source.REDIS, "refused", "connection refused"))
        self._after(round(minutes * MINUTE), self._redis_back)

    def _redis_back(self) -> None:
        self.reachable = True
        self.hear(redis(*self._untold))
        self._untold.clear()
        self.read_all()
        self.hear(SourceBack(Source.REDIS))

    def hold(self, minutes: float) -> None:
        """The virtual machine web1 stands still, with the agent; web2 goes on. Nobody there knows, until it goes on too."""
        began, ms = self.at, round(minutes * MINUTE)
        self.at += ms
        for seat in self.seats.values():
            for run in seat.runs.values() if seat.local else ():
                run.ends = None if run.ends is None else run.ends + ms
        self.hear(Gap(began, ms))

    def set_clock(self, hours: float) -> None:
        """Somebody sets the wall clock."""
        self.booted_wall += round(hours * HOUR)

    def restart_agent(self) -> None:
        """SIGKILL and a new agent, which has the ledger and reads everything."""
        self.crash()
        self._look_around()
        self.read_all()
        for seat in self.seats.values():
            self._find(seat)

    def _look_around(self) -> None:
        self.hear(Observed(Source.CHECKS, (Delta(Kind.CHECK, "postgres", {"name": "postgres", "type": "postgres"}),), complete=True))
        self.check(ok=True)
        self.command("")

    def grow(self, seat: str, size: int) -> None:
        """The process has so many bytes of memory, by the kernel."""
        self.seats[seat].memory = size
        self.hear(host(Delta(Kind.PROCESS, self.seats[seat].identity, {"memory": size})))

    def out_of_memory(self, seat: str) -> None:
        """The kernel kills it."""
        self.hear(host(Delta(Kind.PROCESS, self.seats[seat].identity, {"out_of_memory": True})))
        self._end(self.seats[seat], CRASHED)

    def command(self, name: str) -> None:
        """What changes the application runs on web1, or nothing does."""
        self.hear(host(Delta(Kind.HOST, "web1", {"deploying": bool(name), "deploy_command": name})))

    def new_code(self) -> None:
        """Gemfile.lock is newer than every process of web1."""
        told = {"code_changed": True, "changed_file": "Gemfile.lock", "changed_wall": self.booted_wall + self.at}
        self.hear(host(*(Delta(Kind.PROCESS, seat.identity, told) for seat in self.seats.values() if seat.local)))

    def restart_unit(self, seat: str, version: str) -> None:
        """Somebody has systemd restart it: it stops in good order, and comes back with that version."""
        one = self.seats[seat]
        one.version, one.restarts = version, -1
        if one.local:
            self.hear(Observed(Source.SYSTEMD, (Delta(Kind.UNIT, one.unit, {"job": "restart"}),)))
        self._after(2 * SECOND, lambda: self._end(one, STOPPED))

    def lost(self) -> list[str]:
        """Jobs that stand nowhere and were not done; and those of which that is true twice."""
        running = [run.work.jid for seat in self.seats.values() if seat.lives for run in seat.runs.values()]
        found = Counter([*self.done, *running, *self.waits, *self.quarantined, *(work.jid for work in self.queued)])
        return sorted(jid for jid in self.pushed if found[jid] != 1)

    # The processes

    def _boot(self, seat: Seat) -> None:
        seat.life, seat.lives, seat.quiet, seat.runs, seat.memory = seat.life + 1, True, False, {}, 600 << 20
        self._ours.pop(seat.identity, None)
        seat.restarts, seat.booted_at = seat.restarts + 1, self.at
        if self.reachable:
            self.hear(redis(seat.beat(self.at)))
        self._find(seat)

    def _find(self, seat: Seat) -> None:
        if seat.local and seat.lives:
            unit = {"state": "active", "sub_state": "running", "restarts": seat.restarts, "job": "", "reload_needed": False}
            code = {"code_changed": False, "changed_file": "", "changed_wall": 0, "memory": seat.memory}
            self.hear(host(found(seat.identity, unit=seat.unit), Delta(Kind.PROCESS, seat.identity, code)))
            self.hear(Observed(Source.SYSTEMD, (Delta(Kind.UNIT, seat.unit, unit),)))

    def _end(self, seat: Seat, how: str) -> None:
        """It is gone. Who stops in good order gives back what it has, and another takes it."""
        if not seat.lives:
            return
        seat.lives = False
        self._finish(seat)
        runs = list(seat.runs.values())
        if how == STOPPED:
            self.queued += [run.work for run in runs]
            if self.reachable:
                self.hear(redis(Delta(Kind.PROCESS, seat.identity, {"listed": False, "clean_stop": True})))
        else:
            self._flight[seat.identity] = runs
        self._ours[seat.identity] = how
        self._answer_all()
        if seat.local:
            self.hear(host(Delta(Kind.PROCESS, seat.identity, {"alive": False}), Gone(Kind.PROCESS, seat.identity, how)))
        else:
            self.hear(redis(Gone(Kind.PROCESS, seat.identity, "clean stop")))
        self._after(REVIVED, lambda: self._boot(seat))

    def read_all(self) -> None:
        """A snapshot of Redis."""
        living = [seat for seat in self.seats.values() if seat.lives]
        runs = [seat.job(run) for seat in living for run in seat.runs.values()]
        self.hear(redis(*(seat.beat(self.at) for seat in living), *runs, complete=True))

    def _beat(self) -> None:
        self._after(BEAT, self._beat)
        changes: list[Delta | Gone] = []
        for seat in self.seats.values():
            if seat.lives:
                changes += self._work(seat)
                changes.append(Delta(Kind.PROCESS, seat.identity, {"confirmed_at": self.at, "busy": len(seat.runs), "quiet": seat.quiet}))
        changes.append(Delta(Kind.QUEUE, "push", {"name": "push", "size": self.waiting // 50, "latency": self.waiting}))
        if self.reachable:
            self.hear(redis(*changes))

    def _work(self, seat: Seat) -> list[Delta | Gone]:
        """What has ended since the last beat, and what has begun."""
        over = self._finish(seat)
        changes: list[Delta | Gone] = [*over]
        if not self.reachable:
            self._untold += over
        if seat.quiet:
            return changes
        for work in [work for work in self.queued if work.queue in seat.queues]:
            self.queued.remove(work)
            changes.append(self._run(seat, work, tell=False))
        wanted = min(seat.threads - 1, self.load + self.random.randrange(4))
        while len(seat.runs) < wanted and not (self.stalled and len(seat.runs) > 10):
            queue = self.random.choice(seat.queues)
            names = {"push": "ActivityPub::DeliveryWorker", "pull": "ThreadResolveWorker", "mailers": "ActionMailer::MailDeliveryJob"}
            work = Work(f"short-{self._number()}", names.get(queue, "ActivityPub::ProcessingWorker"), queue)
            changes.append(self._run(seat, work, lasts=min(50 * SECOND, round(self.random.expovariate(1 / 5_000))), tell=False))
        return changes

    def _finish(self, seat: Seat) -> list[Gone]:
        """What of it has come to its end by now."""
        over = {name: run for name, run in seat.runs.items() if run.ends is not None and run.ends <= self.at}
        for name, run in over.items():
            del seat.runs[name]
            self.done.append(run.work.jid)
        return [Gone(Kind.JOB, name, "finished") for name in over]

    def _run(self, seat: Seat, work: Work, *, lasts: int = 2 * SECOND, tell: bool = True) -> Delta:
        self.pushed.add(work.jid)
        used = {run.thread for run in seat.runs.values()}
        thread = next(name for number in range(seat.threads) if (name := f"t{number}") not in used)
        ends = None if work.stuck else 1 << 60 if self.stalled else self.at + lasts
        run = Running(work._replace(stuck=max(0, work.stuck - 1)), thread, self.at, ends)
        delta = seat.job(run)
        seat.runs[delta.id] = run
        if tell and self.reachable:
            self.hear(redis(delta))
        return delta

    # What the agent asks of the world

    def _answer_all(self) -> None:
        """Everything that is open and can be answered by now is."""
        while answer := next(
            ((name, result) for name, effect in self.open.items() if (result := self._answer_to(effect)) is not None), None
        ):
            self.hear(EffectDone(*answer))

    def _answer_to(self, effect: Any) -> results.Result | None:
        match effect:
            case effects.Measure(target=target):
                return HEALTHY if self.reachable else results.Refused("Redis can't be read: connection refused")
            case effects.CollectEvidence():
                return results.EvidenceCollected()
            case effects.TakeFleetLock() if self.reachable:
                return results.FleetLockTaken(f"fence {self._number()}", self._numbers)
            case effects.TakeFleetLock():
                return results.FleetLockRefused("Redis can't be read: connection refused")
            case effects.GiveFleetLockBack():
                return None
            case effects.GatherInFlight(target=target, when=when):
                return self._gathered(target.identity, when)
            case effects.SendSignal(signal=signal, target=target):
                return self._signalled(target.identity, signal)
            case effects.AwaitExit(target=target, until=until):
                if target.identity in self._ours:
                    return results.Exited()
                self._wake_at(until)
                return results.StillRunning() if until <= self.at else None
            case effects.PutBack(placements=placements):
                done = results.PutBackDone(tuple(self._placed(one) for one in placements if self.reachable))
                return done if self.reachable else results.Refused("Redis can't be written")
            case effects.LookAfterLocks():
                return results.LocksLookedAt()
            case _:
                raise AssertionError(effect)

    def _gathered(self, identity: str, when: effects.When) -> results.Result:
        if not self.reachable:
            return results.Refused("Redis can't be read: connection refused")
        if self._ours.get(identity) == STOPPED:
            return results.InFlight((), stopped=True)
        sitting = [run for seat in self.seats.values() if seat.identity == identity for run in seat.runs.values()]
        alive = [run for run in sitting if run.ends is None or run.ends > self.at]
        runs = self._flight.get(identity, sitting) if when is effects.When.DEAD else alive
        sure = Certainty.LIKELY if when is effects.When.BEFORE else Certainty.PROVEN
        return results.InFlight(tuple(self._held(run.work, sure) for run in runs))

    def _held(self, work: Work, sure: Certainty) -> Held:
        return Held(work.jid, work.job_class, work.queue, sure, ("work_hash",), has_payload=True, digest=f"d-{work.jid}")

    def _signalled(self, identity: str, signal: Signal) -> results.Result:
        seat = next((seat for seat in self.seats.values() if seat.identity == identity and seat.lives), None)
        if seat is None:
            return results.Exited()
        self.sent.append((self.at, signal.value, seat.name))
        match signal:
            case Signal.TSTP:
                seat.quiet = True
            case Signal.TERM:
                seat.quiet = True
                self._after(PATIENCE if seat.runs else 2 * SECOND, lambda: self._end(seat, STOPPED))
            case Signal.KILL:
                self._after(20, lambda: self._end(seat, KILLED))
        return results.Sent()

    def _placed(self, placement: Placement) -> Placed:
        """It goes to where it is to go; from there somebody takes it again, but out of the quarantine."""
        runs = [run for runs in self._flight.values() for run in runs if run.work.jid == placement.jid]
        work = runs[-1].work
        match placement.kind:
            case PlaceKind.QUARANTINE:
                self.quarantined.append(work.jid)
            case PlaceKind.QUEUE:
                self.queued.append(work)
            case _:
                self.waits.append(work.jid)
                self.later(max(self.at, placement.due_wall - self.booted_wall), lambda: self._retry(work))
        return Placed(placement.jid, Fate.DONE, placement.kind.value)

    def _retry(self, work: Work) -> None:
        self.waits.remove(work.jid)
        self.queued.append(work)

    def _wake_at(self, at: int) -> None:
        if at > self.at:
            self.later(at, lambda: None)

    def _after(self, ms: int, what: Callable[[], object]) -> None:
        self.later(self.at + ms, what)

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers

    def _take(self, body: Body, ruleset: RuleSet) -> list[str]:
        already = len(self.effects)
        lines = super()._take(body, ruleset)
        self.said += [(self.at, effect.row) for effect in self.effects[already:] if isinstance(effect, effects.Audit)]
        return lines
