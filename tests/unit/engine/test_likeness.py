"""Whoever stands where another one has stood goes on as that one did: what must be alike for that, and what is kept."""

from typing import Any

import msgspec
import pytest

from tests.scenario.conversation import Conversation, job, process, redis, rules
from watchdog.engine import likeness as likenesses
from watchdog.engine.checkpoint import checkpoint
from watchdog.engine.deploys import Label, Sign
from watchdog.engine.ledger import Cooldown, Ledger, Loss, Strike
from watchdog.engine.likeness import Reached, is_at_rest, likeness, nothing_came_of_it, spared
from watchdog.engine.routing.book import Group
from watchdog.engine.state import State
from watchdog.engine.unit_past import UnitPast
from watchdog.engine.week import OfRule, Week
from watchdog.model.events import Delta, SourceLost
from watchdog.model.kinds import Kind, Source

ONE = "web1:10:abc"
MINUTE = 60_000
RULES = rules("""
rules:
  - {rule: long, each: job, when: job.elapsed > 10m, for: 1m}
  - {rule: busy, each: process, when: "avg(process.busy, 2m) > 100"}
  - {rule: deaf, each: process, when: process.beat_age > 1h, then: [{terminate_process: {process: process, grace: 10s}}], guards: {settle: 6}}
""")


def beat(at: int, *, busy: int) -> Delta:
    """What is read of it when it has beaten."""
    return Delta(Kind.PROCESS, ONE, {"confirmed_at": at, "busy": busy})


def quiet(minutes: int, *, since: int = 0) -> Conversation:
    """A process that beats each ten seconds, as somebody sees it who has looked since that minute."""
    talk = Conversation(RULES)
    talk.at = since * MINUTE
    talk.hear(redis(process(ONE, talk.at, busy=1), complete=True))
    while talk.at < minutes * MINUTE:
        talk.wait(talk.at + 10_000)
        talk.hear(redis(beat(talk.at, busy=1 + talk.at // 10_000 % 3)))
    return talk


def like(talk: Conversation, **ledger: Any) -> bytes | None:
    """Its likeness, with other things remembered."""
    return likeness(RULES, State(msgspec.structs.replace(talk.state.ledger, **ledger), talk.state.world), at=talk.at)


def test_since_when_somebody_looks_makes_no_difference_in_time():
    """Once no window reaches back to where the other one began, nor an hour for the signs of a deployment; before that it does."""
    assert like(quiet(75)) == like(quiet(75, since=10)) is not None
    assert like(quiet(75)) != like(quiet(75, since=74))


def test_what_is_there_makes_one():
    """A row, a reading, who is due when, a source that is lost: whoever stands before something else does not go on alike."""
    talk = quiet(75)
    talk.hear(redis(job(ONE, "j1", talk.at)))
    lost = quiet(75)
    lost.hear(SourceLost(Source.SYSTEMD, "refused", "x"))
    read = quiet(75)
    read.hear(redis(beat(read.at, busy=99)))

    assert len({like(quiet(75)), like(talk), like(lost), like(read)}) == 4


def test_what_can_be_asked_of_the_past_makes_one():
    """The same picture, after another past: a window that is asked for knows something else."""
    calm, busy = quiet(75), quiet(74)
    for second in range(0, 60, 5):
        busy.hear(redis(beat(74 * MINUTE + second * 1_000, busy=40)))
    busy.wait(75 * MINUTE)
    busy.hear(redis(beat(75 * MINUTE, busy=1 + 75 * 6 % 3)))
    assert calm.state.world.rows[Kind.PROCESS][ONE].as_plain() == busy.state.world.rows[Kind.PROCESS][ONE].as_plain()

    assert like(calm) != like(busy) is not None


def test_a_picture_that_has_just_been_shaken_makes_one():
    """As long as a rule would wait for it to settle: so many beats of the slowest version."""
    shaken = {seconds: quiet(75) for seconds in (59, 60)}
    for seconds, talk in shaken.items():
        talk.state.world.settling.shake(talk.at - seconds * 1_000, "Redis has been read anew")

    assert like(shaken[59]) != like(quiet(75))
    assert like(shaken[60]) == like(quiet(75))


def test_when_a_source_was_read_last_is_what_it_was_where_it_was_not_read_since():
    """Of a source that tells something once a week each remembers what he was told."""
    ahead, mine = quiet(75, since=10), quiet(75)
    mine.state.world.read_at |= {Source.SETTINGS: 5}
    ahead.state.world.read_at |= {Source.SETTINGS: 10 * MINUTE, Source.PEERS: 11 * MINUTE}
    assert like(ahead) == like(mine)
    since = ahead.at
    ahead.hear(redis(beat(ahead.at + 10_000, busy=2)), at=ahead.at + 10_000)
    after = spared(RULES, mine.state, Reached(checkpoint(ahead.state, at=ahead.at, wall=0), since, 1), seq=1)

    assert after.world.read_at == {**mine.state.world.read_at, Source.REDIS: ahead.at}


@pytest.mark.parametrize(
    "fields",
    [
        {"week": Week(due_wall=5, due_at=5, plan="x")},
        {"units": {"a.service": UnitPast()}},
        {"lost": {"host": Loss("refused", "x", 5)}},
        {"host": "web9"},
        {"deploys": msgspec.structs.replace(Ledger().deploys, signs={"x": Sign("x", 5)})},
        {"deploys": msgspec.structs.replace(Ledger().deploys, labels={"app": Label(40 * MINUTE)})},
    ],
)
def test_what_is_heeded_in_any_turn_makes_one(fields: dict[str, Any]):
    """What of the ledger turns look at though nothing comes of anything."""
    assert like(quiet(75), **fields) != like(quiet(75)) is not None


@pytest.mark.parametrize(
    "fields",
    [
        {"cooldowns": {"x": Cooldown(5, "long", "restart_unit")}},
        {"strikes": {"x": Strike(1, 0, 5)}},
        {"week": Week(since_wall=5, rules={"long": OfRule(fired=3)})},
        {"seq": 1, "wall": 1},
    ],
)
def test_what_was_done_before_makes_none(fields: dict[str, Any]):
    """It is looked at when something comes of something."""
    assert like(quiet(75), **fields) == like(quiet(75))


def test_while_something_is_under_way_nobody_is_like_anybody():
    """An alert that waits, a group of alerts that fire: nothing can be said."""
    talk = quiet(75)
    talk.hear(redis(job(ONE, "j1", 0)))
    assert talk.state.ledger.alerts

    assert like(talk) is None
    book = quiet(75).state.ledger.routing
    assert like(quiet(75), routing=msgspec.structs.replace(book, groups={"x": Group("k", alive=1)})) is None
    assert like(quiet(75), routing=msgspec.structs.replace(book, groups={"x": Group("k", over_at=5)})) is not None


def test_everything_in_the_ledger_is_thought_of():
    """Whoever adds to it says here whether a turn of which nothing comes can look at it (`likeness.py`), or only one that acts or tells."""
    in_part = {"lost", "deploys", "week", "routing"}
    of_what_was_done = {"cooldowns", "shadow", "strikes", "spent", "fired", "heard", "rearmed", "success"}
    of_the_moment = {"seq", "at", "wall"}

    assert set(Ledger.__struct_fields__) == {*likenesses._UNDER_WAY, *likenesses._HEEDED} | in_part | of_what_was_done | of_the_moment


def test_whoever_is_spared_keeps_what_he_remembers():
    """He stands where the other one has come to, with all that he has done, and the time of the last change, if there was one."""
    ahead, mine = quiet(75, since=10), quiet(75)
    before = mine.state.ledger
    remembered = msgspec.structs.replace(
        before, cooldowns={"x": Cooldown(5, "long", "restart_unit")}, week=Week(rules={"long": OfRule(fired=3)})
    )
    since, seq, then = ahead.at, ahead.seq, ahead.state.ledger
    for _ in range(18):
        ahead.wait(ahead.at + 10_000)
        ahead.hear(redis(beat(ahead.at, busy=2)))
    assert is_at_rest(ahead.state.ledger)
    assert nothing_came_of_it(then, ahead.state.ledger)
    reached = Reached(checkpoint(ahead.state, at=ahead.at, wall=0), since, seq)
    after = spared(RULES, State(remembered, mine.state.world), reached, seq=1_000)

    assert after.ledger == remembered
    assert likeness(RULES, after, at=ahead.at) == like(ahead)
    changed = msgspec.structs.replace(ahead.state.ledger, seq=seq + 7, at=since + 5, wall=77)
    reached = Reached(checkpoint(State(changed, ahead.state.world), at=ahead.at, wall=0), since, seq)
    later = spared(RULES, State(remembered, mine.state.world), reached, seq=1_000).ledger
    assert (later.seq, later.at, later.wall) == (1_007, since + 5, 77)
    assert later.cooldowns == remembered.cooldowns


def test_something_came_of_it():
    """What is remembered is another thing than before, whatever it is."""
    before = quiet(75).state.ledger

    assert nothing_came_of_it(before, msgspec.structs.replace(before, seq=5, at=5, wall=5))
    assert not nothing_came_of_it(before, msgspec.structs.replace(before, strikes={"x": Strike(1, 0, 5)}))
