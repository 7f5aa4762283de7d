"""Whatever happens to Redis and to the agent: nothing is begun on a process that has not shown itself since."""

from hypothesis import given
from hypothesis import strategies as st

from tests.scenario.conversation import Conversation, found, host, job, process, redis, rules
from watchdog.engine.settling import SLOWEST
from watchdog.model.events import Body, Delta, Gap, SourceBack, SourceLost, TimeReached
from watchdog.model.kinds import Kind, Source

ONE = "web1:10:abc"
SETTLE = 3
RULES = rules(
    'rules:\n  - rule: stuck\n    each: job\n    when: job.queue == "push"\n    then: [{terminate_process: {process: job.process}}]\n'
    f"    guards: {{settle: {SETTLE}, keep: 0%}}\n"
)
STEPS = ("beat", "beat", "beat", "beat", "pass", "lose", "back", "restart", "role", "flush", "gap", "reload", "late beat")


class Model:
    """The same in a few lines: since when nothing has shaken the picture, and the beats that were written after that."""

    def __init__(self) -> None:
        self.since = 0
        self.read = False
        self.beats: set[int] = set()

    def shake(self, at: int, *, read: bool | None = None) -> None:
        self.since, self.beats = at, set()
        self.read = self.read if read is None else read

    def settled(self, at: int) -> bool:
        return self.read and (len(self.beats) >= SETTLE or at >= self.since + SETTLE * SLOWEST)


@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 6_000)), max_size=60))
def test_nothing_is_begun_on_an_unsettled_picture(steps):
    """A look is asked for, which is how everything begins, only where an independent account says that the picture has settled."""
    talk, model = Conversation(RULES), Model()
    counter, run = 100, 0

    def hear(*bodies: Body) -> None:
        lines = [line for body in bodies for line in talk.hear(body)]
        if f"measure {ONE}" in lines:
            assert model.settled(talk.at), lines
            talk.open.clear()
            talk.state.world.looks.clear()

    snapshot = redis(
        process(ONE, 0), job(ONE, "j1", 0), Delta(Kind.SIDEKIQ, "sidekiq", {"processed": 100}),
        Delta(Kind.REDIS, "redis", {"run_id": "0", "role": "master"}), complete=True,
    )  # fmt: skip
    model.shake(talk.at, read=True)
    hear(snapshot, host(found(ONE)))
    last, lost, role = 0, False, "master"
    for what, passed in steps:
        talk.at += passed
        at = talk.at
        match what:
            case "beat" | "late beat":
                beat = at if what == "beat" else max(last + 1, at - 20_000)
                if beat > last:
                    last = beat
                    if beat > model.since and model.read:
                        model.beats.add(beat)
                    hear(redis(process(ONE, beat)))
            case "pass":
                hear(TimeReached())
            case "lose" if not lost:
                lost = True
                model.shake(at, read=False)
                hear(SourceLost(Source.REDIS, "reset", "it is gone"))
            case "back" if lost:
                lost = False
                model.shake(at, read=True)
                hear(redis(complete=True), SourceBack(Source.REDIS))
            case "restart":
                run += 1
                model.shake(at)
                hear(redis(Delta(Kind.REDIS, "redis", {"run_id": str(run)})))
            case "role":
                role = "slave" if role == "master" else "master"
                model.shake(at)
                hear(redis(Delta(Kind.REDIS, "redis", {"role": role})))
            case "flush":
                counter -= 1
                model.shake(at)
                hear(redis(Delta(Kind.SIDEKIQ, "sidekiq", {"processed": counter})))
            case "gap":
                model.shake(at)
                hear(Gap(at, 0, asleep=60_000))
            case "reload":
                model.shake(at)
                talk.start()
                model.shake(at, read=False)
                talk.hear(host(found(ONE)))
                model.shake(at, read=True)
                hear(redis(complete=True))
                lost = False
            case _:
                pass
