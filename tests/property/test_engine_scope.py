"""Windows, aggregates and lookups kept by deltas and deadlines, against working everything out at every moment; and over restarts."""

import json
import os
import random
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.engine_beside import Beside
from tests.scenario.conversation import Conversation, job, process, redis, rules
from watchdog.engine.state import begin, keep
from watchdog.engine.why import why
from watchdog.model.events import Body, Delta, Gone, Observed, Paused, Resumed, SourceBack, SourceLost
from watchdog.model.kinds import Kind, Source

TEXT = """
rules:
  - {rule: full, each: queue, when: 'avg(queue.size, 2m) > 4', for: 2s, keep_firing_for: 3s}
  - {rule: flat, each: queue, when: 'max(queue.size, 1m) == 0', for: 1s}
  - {rule: rises, each: queue, when: 'slope(queue.size, 2m) > 1/m or changes(queue.size, 2m) > 3', keep_firing_for: 5s}
  - {rule: fails, each: sidekiq, when: 'increase(sidekiq.failed, 2m) > 5'}
  - {rule: swings, each: sidekiq, when: 'max(sidekiq.failed, 4m) - min(sidekiq.failed, 4m) > 7', for: 3s}
  - {rule: busy, each: process, when: 'held(process.threads > 2, 15s)', for: 2s, keep_firing_for: 4s}
  - {rule: long, each: job, when: 'held(job.elapsed >= 10s, 8s)', keep_firing_for: 2s}
  - {rule: mute, each: process, when: 'held(process.beat_age >= 5s, 6s)', for: 2s}
  - {rule: share, each: process, when: 'share(job where job.process == process.id and job.elapsed >= 10s) >= 50%', for: 1s, keep_firing_for: 2s}
  - {rule: count, each: queue, when: 'count(job where job.queue == queue.name and job.elapsed >= 15s) > 1', for: 2s}
  - {rule: few, each: queue, when: 'not (count(job where job.queue == queue.name) > 1)', for: 4s, keep_firing_for: 1s}
  - {rule: silence, each: sidekiq, when: 'any(process where process.beat_age >= 10s)', keep_firing_for: 2s}
  - {rule: quiet, each: sidekiq, when: 'all(process where process.threads > 1)', for: 2s}
  - {rule: oldest, each: queue, when: 'max(job.elapsed where job.queue == queue.name) >= 12s', for: 3s}
  - {rule: widest, each: sidekiq, when: 'max(process.threads where process.beat_age < 12s) >= 4', for: 1s}
  - {rule: threads, each: sidekiq, when: 'sum(process.threads where process.beat_age < 10s) < 6', for: 2s}
  - {rule: elsewhere, each: process, when: 'queue("push").size > 5 and process.threads > 2', for: 1s}
  - {rule: owner, each: job, when: 'process(job.process).beat_age >= 8s', for: 1s}
  - {rule: other, each: queue, when: 'default(queue("pull").size, 0) == 0 and queue.size > 3'}
  - {rule: stranger, each: queue, when: 'not known(queue("pull").size)', for: 2s}
  - {rule: standing, each: sidekiq, when: 'count(queue where held(queue.size > 0, 10s)) > 0', keep_firing_for: 3s}
"""
CHANGES = """
  - {rule: came, each: process, on: ProcessAppeared, where: process.threads > 1, keep_firing_for: 5s}
  - {rule: left, each: process, on: ProcessVanished, keep_firing_for: 9s}
  - {rule: ran, each: job, on: JobFinished}
  - {rule: hushed, each: process, on: ProcessSilent, keep_firing_for: 7s}
  - {rule: spoke, each: process, on: ProcessBeatsAgain}
  - {rule: grew, each: queue, on: QueueGrew, where: 'avg(queue.size, 2m) < 9', keep_firing_for: 3s}
"""
RULES = rules(TEXT)
ALL_RULES = rules(TEXT + CHANGES.lstrip("\n"))
ROOT = Path(__file__).parents[2]
USUAL = settings().max_examples
WHAT = (
    ["beat"] * 3
    + ["mute", "late"]
    + ["job"] * 2
    + ["finish", "leave", "threads"]
    + ["size"] * 3
    + ["clear", "failed", "lose", "back", "nothing"]
)
PAUSES = [0, 0, 0, 1, 2, 3, 6, 40, 130]
STEP = st.tuples(st.sampled_from(WHAT), st.integers(0, 2), st.integers(0, 30), st.sampled_from(PAUSES))
"""What happens, to which process or queue, with which number, and how many seconds later."""
Steps = list[tuple[str, int, int, int]]
QUEUES = ("push", "pull", "mail")


class Server:
    """What steps make of a server; the same steps tell the same."""

    def __init__(self) -> None:
        self.processes: dict[str, dict[str, Delta]] = {}
        self.beats: dict[str, Delta] = {}
        self.queues: dict[str, int] = {}
        self.failed = 0
        self.number = 0

    def bodies(self, step: tuple[str, int, int, int], at: int) -> list[Body]:
        """What the agent is told because of it."""
        what, one, other, _ = step
        self.number += 1
        identity, name = f"web2:{one}:x", QUEUES[one]
        match what:
            case "beat" | "late":
                self.processes.setdefault(identity, {})
                beat = process(identity, at - (other * 1_000 if what == "late" else 0), threads=1 + other % 4)
                self.beats[identity] = beat
                return [redis(beat)]
            case "mute" | "threads" if identity in self.processes:
                change = {"confirmed_at": None} if what == "mute" else {"threads": None if other % 3 == 0 else other % 5}
                self.beats[identity] = Delta(Kind.PROCESS, identity, self.beats[identity].fields | change)
                return [redis(Delta(Kind.PROCESS, identity, change))]
            case "job" if identity in self.processes:
                new = job(identity, f"j{self.number}", at - other * 1_000, queue=QUEUES[other % 2], thread=f"t{self.number}")
                self.processes[identity][new.id] = new
                return [redis(new)]
            case "finish" if self.processes.get(identity):
                return [redis(Gone(Kind.JOB, self.processes[identity].popitem()[0], "finished"))]
            case "leave" if identity in self.processes:
                del self.processes[identity]
                return [redis(Delta(Kind.PROCESS, identity, {"listed": False}))]
            case "size":
                self.queues[name] = max(0, other % 12 - 3)
                return [redis(self.queue(name))]
            case "clear" if name in self.queues:
                del self.queues[name]
                return [redis(Gone(Kind.QUEUE, name, "cleared"))]
            case "failed":
                self.failed = 0 if other == 0 else self.failed + other % 7
                return [redis(self.totals())]
            case "lose":
                return [SourceLost(Source.REDIS, "refused", "x")]
            case "back":
                return [SourceBack(Source.REDIS)]
        return []

    def queue(self, name: str) -> Delta:
        return Delta(Kind.QUEUE, name, {"name": name, "size": self.queues[name], "latency": 0})

    def totals(self) -> Delta:
        return Delta(Kind.SIDEKIQ, "sidekiq", {"failed": self.failed})

    def everything(self) -> Body:
        """As it is read after a start."""
        jobs = [one for runs in self.processes.values() for one in runs.values()]
        beats = [self.beats[identity] for identity in self.processes]
        return redis(*beats, *jobs, *(self.queue(name) for name in self.queues), self.totals(), complete=True)


@settings(max_examples=max(20, USUAL // 2))
@given(st.lists(STEP, min_size=10, max_size=30), st.sets(st.integers(0, 29), max_size=6))
def test_what_is_kept_by_deltas_is_what_is_worked_out_anew(steps, undone):
    """
    Windows, held statements, aggregates and lookups fire and resolve at the very moment at which somebody who works everything out sees it.

    Also where the turns of some readings could not be committed.
    """
    beside = Beside(RULES)
    server = Server()
    beside.hear(redis(server.totals()))
    for number, step in enumerate(steps):
        for body in server.bodies(step, beside.talk.at):
            if number in undone and isinstance(body, Observed):
                beside.undo(body)
            else:
                beside.hear(body)
        for _ in range(step[3]):
            beside.second()


@settings(max_examples=max(25, USUAL // 4))
@given(st.lists(STEP, min_size=5, max_size=25))
def test_every_account_agrees_with_the_judgement(steps):
    """Whoever asks why is told the truth by which the engine went, in plain data, whatever is missing; and asking changes nothing."""
    talk, server = Conversation(RULES), Server()
    talk.hear(server.everything())
    for step in steps:
        for body in server.bodies(step, talk.at):
            talk.hear(body)
        talk.wait(talk.at + step[3] * 1_000)
    before = talk.state.ledger
    truths = {True: "true", False: "false", None: "unknown"}
    for rule in RULES.rules:
        for entity, row in talk.state.world.rows[rule.each].items():
            account = why(RULES, talk.state, rule.name, entity, talk.at)
            tree = account["condition"]
            assert tree["truth"] == truths[rule.condition.holds(row, talk.at, talk.state.world)]
            assert account["truth"] == ("unknown" if account["blind"] else tree["truth"])
            assert tree["distance"] is None or tree["truth"] != "true" or tree["distance"] >= 0
            assert tree["distance"] is None or tree["truth"] != "false" or tree["distance"] <= 0
            assert json.loads(json.dumps(account)) == account
    assert talk.state.ledger is before


def phases(talk: Conversation) -> dict[str, tuple[str, int]]:
    """Alerts with the time that they have counted."""
    return {
        key: (alert.phase.value, alert.counted + (talk.at - alert.counted_at if alert.counting else 0))
        for key, alert in talk.state.ledger.alerts.items()
    }  # fmt: skip


def restarted(talk: Conversation, server: Server, kept: bytes | None) -> None:
    """A new agent with the ledger and what was kept, which reads everything."""
    ledger = talk.state.ledger
    talk.open.clear()
    talk.state = begin(ledger, history=kept)
    talk.start()
    talk.hear(server.everything())


def play(talk: Conversation, server: Server, steps: Steps) -> None:
    """The steps are told to one agent that never loses a source."""
    for step in steps:
        if step[0] in ("lose", "back"):
            continue
        for body in server.bodies(step, talk.at):
            talk.hear(body)
        talk.wait(talk.at + step[3] * 1_000)


def begun() -> tuple[Conversation, Server]:
    """An agent that has read an empty server."""
    talk, server = Conversation(RULES), Server()
    talk.hear(server.everything())
    return talk, server


@settings(max_examples=max(15, USUAL // 4))
@given(st.lists(STEP, min_size=5, max_size=20), st.lists(STEP, min_size=3, max_size=12))
def test_a_restart_with_what_was_just_kept_changes_nothing(before, after):
    """An agent that is ended in order and begins again at once goes on exactly as one that was never ended."""
    talk, server = begun()
    play(talk, server, before)
    other, same = begun()
    play(other, same, before)
    for each in (talk, other):
        # Time counts up to the last change of the ledger: that it be this moment.
        each.hear(Resumed("ada"))
        each.hear(Paused("ada", "x"))

    restarted(other, same, keep(other.state, at=other.at, wall=other.booted_wall + other.at))
    assert phases(other) == phases(talk)
    play(talk, server, after)
    play(other, same, after)

    assert phases(other) == phases(talk)


@settings(max_examples=max(10, USUAL // 4))
@given(st.lists(STEP, min_size=5, max_size=20), st.lists(STEP, min_size=3, max_size=12), st.booleans())
def test_after_a_crash_only_coverage_is_missing(before, lost, remembers):
    """What happened between the last keeping and the end is a stretch of which nothing is known: no window lies, and in time all is as it was."""
    talk, server = begun()
    play(talk, server, before)
    other, same = begun()
    play(other, same, before)
    kept = keep(other.state, at=other.at, wall=other.booted_wall + other.at) if remembers else None
    play(talk, server, lost)
    play(other, same, lost)

    restarted(other, same, kept)
    # By then the missing stretch has left every window, and what one counted and the other did not is over.
    talk.wait(talk.at + 260_000)
    other.wait(other.at + 260_000)

    assert {key: phase for key, (phase, _) in phases(other).items()} == {key: phase for key, (phase, _) in phases(talk).items()}


def digest() -> str:
    """What the engine said over some traces, with a restart in the middle of each."""
    said = sha256()
    for seed in range(3):
        chance = random.Random(seed)
        talk, server = Conversation(ALL_RULES), Server()
        talk.hear(server.everything())
        for half in range(2):
            if half:
                restarted(talk, server, keep(talk.state, at=talk.at, wall=talk.booted_wall + talk.at))
            for _ in range(40):
                step = (chance.choice(WHAT), chance.randrange(3), chance.randrange(31), chance.choice(PAUSES))
                for body in server.bodies(step, talk.at):
                    talk.hear(body)
                talk.wait(talk.at + step[3] * 1_000)
        for effect in talk.effects:
            said.update(msgspec.json.encode(effect))
        said.update(keep(talk.state, at=talk.at, wall=talk.booted_wall + talk.at) or b"")
        assert {rule.name for rule in ALL_RULES.rules if rule.on} & {row.rule for row in talk.audit("alert")}
    return said.hexdigest()


def test_told_again_it_says_the_same_under_every_hash_seed():
    """Windows, aggregates, lookups and changes, restarts included: the same events give the same effects and the same histories to the byte."""
    code = "from tests.property.test_engine_scope import digest; print(digest())"
    digests = {
        subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True
        ).stdout.strip()
        for seed in ("1", "2")
    }  # fmt: skip

    assert digests == {digest()}
