"""
Whether two engines that came to the same moment by different ways go on alike for as long as nothing comes of anything: then one of them can be spared what the other one has gone through.

The counterpart of `checkpoint`, which leaves out nothing on which any later effect rests. Here it is the other way round: left out is what only somebody who acts, tells or is told looks at (what was done, spent, counted; since when
something is known), and what makes no difference any more (how histories are stored, since when the picture has settled). Whoever was spared keeps all of that as it was.

Why: a trace is played in an hour's pieces on several cores, under rules of which nothing is known in the middle of it. Who begins there knows less of the past than who has come all the way; after an hour or two there is mostly nothing left that would tell them apart.
"""

from typing import Any, Final

import msgspec

from watchdog.engine.checkpoint import Picture, rebuild
from watchdog.engine.deploy_signs import NOTED_AGAIN
from watchdog.engine.ledger import Ledger
from watchdog.engine.rules import RuleSet
from watchdog.engine.settling import SLOWEST, Shaken
from watchdog.engine.state import State

_UNDER_WAY: Final = ("alerts", "requests", "runs", "edits", "deeds", "playbooks", "orders", "approvals", "acks")
"""Tables of the ledger in which there is something as long as anything is found, wanted, asked or done."""
_HEEDED: Final = ("mode", "boot_id", "host", "here", "arming", "binding", "doubt", "scaled", "fleet", "units", "pauses", "silences")
"""Other fields of it that turns look at in which nothing comes of anything; `lost`, `deploys` and `week` are looked at in part."""
_BY_REQUEST: Final = ("looks", "again", "denials", "reasons", "proofs", "watches")
_SETTLE: Final = "settle"
_ENCODER: Final = msgspec.msgpack.Encoder(order="deterministic")


class Reached(msgspec.Struct, frozen=True):
    """
    Where an engine stands that has gone ahead: its checkpoint.

    It set out at engine time `since`, with its event `seq`; in between nothing has come of anything.
    """

    checkpoint: bytes
    since: int
    seq: int


def is_at_rest(ledger: Ledger) -> bool:
    """Whether nothing is found, wanted, asked, done or told."""
    book = ledger.routing
    return not (
        any(getattr(ledger, name) for name in _UNDER_WAY)
        or book.tellings or book.causes or book.ended or any(group.alive for group in book.groups.values())
        or ledger.fleet.lock is not None
    )  # fmt: skip


def nothing_came_of_it(before: Ledger, after: Ledger) -> bool:
    """Whether all that is remembered is what it was, of two ledgers at rest: alerts that began between them have ended before anybody was told."""
    return after is before or msgspec.structs.replace(after, seq=before.seq, at=before.at, wall=before.wall) == before


def likeness(rules: RuleSet, state: State, *, at: int) -> bytes | None:
    """
    The same bytes for all engines that go on alike from engine time `at` under these rules, between two turns, for as long as nothing comes of anything; other bytes say nothing.

    None where that can't be said: something is under way, or memory is short.
    """
    ledger, world = state.ledger, state.world
    at = max(at, ledger.at)
    if not is_at_rest(ledger) or world.must_judge_all or world.stopping or world.news.untold:
        return None
    histories = world.history.known(at)
    if histories is None:
        return None
    picture = Picture(world, _ENCODER.encode(histories), at)
    picture.in_order()
    picture.without(read_at={}, settling=_settled(rules, state, at), **{name: {} for name in _BY_REQUEST})
    return picture.encode(_ENCODER.encode(_heeded(ledger, at)), tuple)


def spared(rules: RuleSet, state: State, reached: Reached, *, seq: int) -> State:
    """
    That state, whose last event is the `seq`th, after having gone where the other one has; both were alike as it set out.

    Raises `BrokenCheckpointError`.
    """
    other = rebuild(reached.checkpoint, rules)
    ledger, world, since = state.ledger, other.world, reached.since
    # What has not been read since then each of them may have read last at another time.
    world.read_at = {**state.world.read_at, **{source: at for source, at in world.read_at.items() if at >= since}}
    if other.ledger.at >= since:
        ledger = msgspec.structs.replace(ledger, seq=other.ledger.seq + seq - reached.seq, at=other.ledger.at, wall=other.ledger.wall)
    return State(ledger, world)


def _heeded(ledger: Ledger, at: int) -> tuple[Any, ...]:
    week, deploys = ledger.week, ledger.deploys
    labels = [(name, max(label.seen_at, at - NOTED_AGAIN)) for name, label in deploys.labels.items()]
    return (
        [getattr(ledger, name) for name in _HEEDED],
        {source: loss.code for source, loss in ledger.lost.items()},
        (week.due_wall, week.due_at, week.plan),
        (list(deploys.signs.items()), labels, list(deploys.code_wall.items()), deploys.quiet),
    )


def _settled(rules: RuleSet, state: State, at: int) -> Shaken:
    """What shook the picture last, as long as any rule may wait for it to settle."""
    settling = state.world.settling
    longest = max((int(rule.guards.get(_SETTLE, 0)) for rule in rules.rules), default=0)
    is_long_ago = not settling.awaits and at >= settling.since + longest * SLOWEST
    return Shaken(awaits=False) if is_long_ago else settling.plain()
