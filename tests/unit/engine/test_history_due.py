"""What a history says of itself: when it must be asked again, and what it still knows."""

from tests.scenario.conversation import Conversation, redis, rules
from tests.unit.engine.test_history import LATENCY, MINUTE, SIZE, WINDOW, history
from watchdog.engine.history import History
from watchdog.model.events import Delta, Gone
from watchdog.model.kinds import Kind, Source
from watchdog.model.verdicts import Mode


def test_whoever_has_left_is_not_waited_for():
    """That he is gone is written after long, and there is nobody to look at for that."""
    talk = Conversation(rules('rules: [{rule: full, each: queue, when: "avg(queue.size, 1m) > 9"}]', Mode.OBSERVE))
    talk.hear(redis(Delta(Kind.QUEUE, "push", {"name": "push", "size": 1}), complete=True))
    talk.wait(60 * MINUTE)
    talk.hear(redis(Gone(Kind.QUEUE, "push", "cleared")))

    assert not len(talk.state.world.deadlines)


def test_whoever_waits_for_nothing_is_told_that_memory_was_short():
    """What has stayed the same is asked no more; where it must be forgotten, whoever believes it is told when it may be otherwise."""
    told: list[tuple[Kind, str, int]] = []
    seen = History(1_700, stirred=lambda *which: told.append(which))
    seen.demand((SIZE,), 0)
    seen.back(Source.REDIS, 0)
    seen.write(SIZE.key, "idle", 1, 0)
    assert seen.over_due(SIZE.key, "idle", WINDOW, 20 * MINUTE) is None
    for tick in range(60):
        seen.write(SIZE.key, "busy", tick, 20 * MINUTE + 1 + tick * MINUTE // 6)

    assert seen.dropped == {SIZE.key: 1}
    ((kind, entity, due),) = told
    assert (kind, entity) == (Kind.QUEUE, "idle")
    assert due % 5_000 == 0
    assert 20 * MINUTE < due <= 30 * MINUTE


def test_what_stays_the_same_is_due_only_while_it_can_be_seen():
    """Before the window knows nothing else, and while the source is lost, it is asked again at each boundary; else never."""
    seen = history()
    seen.write(SIZE.key, "push", 1, MINUTE + 1)
    assert seen.over_due(SIZE.key, "push", WINDOW, 11 * MINUTE) == 11 * MINUTE + 5_000
    assert seen.over_due(SIZE.key, "push", WINDOW, 12 * MINUTE) is None
    assert seen.over_due(SIZE.key, "nobody", WINDOW, 12 * MINUTE) is None

    seen.lost(Source.REDIS, 12 * MINUTE + 1)
    assert seen.over_due(SIZE.key, "push", WINDOW, 12 * MINUTE + 2) == 12 * MINUTE + 5_000


def test_what_is_known_does_not_rest_on_since_when():
    """Two that began at other times know the same once the window has left that behind, and go on to answer alike; not before, and not where they know different things."""
    old, young = history(SIZE, LATENCY), History()
    for number in range(400):
        old.write(SIZE.key, "push", number % 7, number * MINUTE // 4)
        old.write(LATENCY.key, "push", number * 10, number * MINUTE // 4)
    young.demand((SIZE, LATENCY), 60 * MINUTE)
    young.back(Source.REDIS, 60 * MINUTE)
    old.write(SIZE.key, "pull", 5, 50 * MINUTE)
    young.write(SIZE.key, "pull", 5, 60 * MINUTE)
    for number in range(240, 400):
        young.write(SIZE.key, "push", number % 7, number * MINUTE // 4)
        young.write(LATENCY.key, "push", number * 10, number * MINUTE // 4)
        if number == 260:
            assert old.known(number * MINUTE // 4) != young.known(number * MINUTE // 4)
    now = 400 * MINUTE // 4

    assert old.known(now) == young.known(now) is not None
    young.write(SIZE.key, "push", 9, now)
    assert old.known(now) != young.known(now)
    unseen = history(SIZE)
    unseen.write(SIZE.key, "push", 3, 0)
    same = unseen.known(now)
    assert same == unseen.known(now)
    unseen.lost(Source.REDIS, now - 2 * MINUTE)
    unseen.back(Source.REDIS, now - MINUTE)
    assert unseen.known(now) != same
    late = History()
    late.demand((SIZE,), now - MINUTE)
    late.back(Source.REDIS, 0)
    assert late.known(now) != history(SIZE).known(now)
    assert History(100).known(now) == ()
    small = history(budget=1_000)
    small.write(SIZE.key, "push", 9, now)
    assert small.known(now) is None
