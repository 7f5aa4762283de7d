"""Alerts followed by deltas and deadlines, against looking at everything at every moment."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.engine_beside import Beside
from tests.scenario.conversation import job, process, redis, rules
from watchdog.model.events import Delta, Gone, SourceBack, SourceLost
from watchdog.model.kinds import Kind, Source

TEXT = """
rules:
  - {rule: plain, each: job, when: job.elapsed >= 20s}
  - {rule: patient, each: job, where: 'job.queue == "push"', when: job.elapsed >= 10s, for: 7s, keep_firing_for: 4s}
  - {rule: young, each: job, when: job.elapsed < 15s, for: 3s}
  - {rule: silent, each: process, when: process.beat_age >= 12s, for: 5s, keep_firing_for: 9s}
  - {rule: fresh, each: process, when: 'not (process.beat_age >= 6s) and process.threads > 2', for: 2s, keep_firing_for: 3s}
  - {rule: middle, each: process, when: process.beat_age >= 5s and process.beat_age < 8s, for: 1s, keep_firing_for: 6s}
"""
RULES = rules(TEXT)
USUAL = settings().max_examples
"""Of the profile."""
STEP = st.tuples(
    st.sampled_from(
        ["beat", "beat", "beat", "mute", "late", "job", "job", "finish", "leave", "threads", "lose", "back", "nothing", "nothing"]
    ),
    st.integers(0, 2),
    st.integers(0, 30),
    st.integers(0, 6),
)
"""What happens, to which process, with which number, and how many seconds later."""


@settings(max_examples=max(200, USUAL))
@given(st.lists(STEP, min_size=15, max_size=50))
def test_deltas_and_deadlines_see_what_a_look_each_second_sees(steps):
    """Whatever is told when, phases and counted times are those of somebody who evaluates everything at every second and at every event."""
    beside = Beside(RULES)
    jobs: dict[int, list[str]] = {0: [], 1: [], 2: []}
    here: set[int] = set()
    for number, (what, one, other, seconds) in enumerate(steps):
        identity, at = f"web2:{one}:x", beside.talk.at
        match what:
            case "beat":
                here.add(one)
                beside.hear(redis(process(identity, at)))
            case "late":
                here.add(one)
                beside.hear(redis(process(identity, at - other * 1_000)))
            case "mute" if one in here:
                beside.hear(redis(Delta(Kind.PROCESS, identity, {"confirmed_at": None})))
            case "threads" if one in here:
                beside.hear(redis(Delta(Kind.PROCESS, identity, {"threads": None if other % 3 == 0 else other % 5})))
            case "job":
                delta = job(identity, f"j{number}", at - other * 1_000, queue="push" if other % 2 else "pull", thread=f"t{number}")
                jobs[one].append(delta.id)
                beside.hear(redis(delta))
            case "finish" if jobs[one]:
                beside.hear(redis(Gone(Kind.JOB, jobs[one].pop(), "finished")))
            case "leave" if one in here:
                here.discard(one)
                jobs[one].clear()
                beside.hear(redis(Delta(Kind.PROCESS, identity, {"listed": False})))
            case "lose":
                beside.hear(SourceLost(Source.REDIS, "refused", "x"))
            case "back":
                beside.hear(SourceBack(Source.REDIS))
            case _:
                pass
        for _ in range(seconds):
            beside.second()
