"""What stands on top of everything: how far the agent goes, what it can't see, how much fires, and whether it is held."""

from typing import Any, Final

import msgspec

from watchdog import __version__
from watchdog.engine.approvals import LIVE
from watchdog.engine.ledger import Phase
from watchdog.engine.state import State
from watchdog.engine.status import source_shown, sources_used
from watchdog.model.kinds import Kind
from watchdog.picture.picture import Check, Source
from watchdog.web.inside import Inside
from watchdog.web.views.blocked import blocked_count
from watchdog.web.views.readings import age, known

_MOST_CHECKS: Final = 50


class SidekiqSeen(msgspec.Struct, frozen=True, kw_only=True):
    """Sidekiq as a whole; `utilisation` is the share of its threads that are busy. Whatever is not known is None."""

    processes: int | None = None
    threads: int | None = None
    busy: int | None = None
    utilisation: float | None = None
    enqueued: int | None = None
    retries: int | None = None
    scheduled: int | None = None
    dead: int | None = None
    processed: int | None = None
    failed: int | None = None
    versions: int | None = None


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """
    All of it. `version` is the agent's, `wall` when it was drawn, and `seq` the event by which it was so. `failing` says why nothing can be written down, so that nothing is done and nothing here changes but what is read; empty while it can. `blind` are the sources that can't be read; `paused` says that nothing at all may be done, and `paused_in_part` that something may not.

    `under_way` counts open incidents, `questions` what a person is asked, `held_back` what guards stand in the way of; `entities` counts what is in the picture, by kind.
    """

    wall: int
    seq: int
    host: str
    version: str
    mode: str
    paused: bool
    paused_in_part: bool
    doubt: bool
    firing: int
    pending: int
    under_way: int
    questions: int
    held_back: int
    rules: int
    blind: tuple[str, ...]
    sources: dict[str, Source]
    entities: dict[str, int]
    sidekiq: SidekiqSeen | None
    checks: tuple[Check, ...]
    failing: str = ""


async def overview(inside: Inside) -> Overview:
    """As it stands now."""
    state, now = inside.state, inside.at()
    ledger, world = state.ledger, state.world
    firing = sum(alert.phase is Phase.FIRING for alert in ledger.alerts.values())
    whole = sum(not (one.rule or one.target) for one in ledger.pauses.values())
    checks: Any = sorted(world.rows[Kind.CHECK].values(), key=lambda row: row.id)
    return Overview(
        wall=inside.wall(),
        seq=inside.seq,
        host=inside.host,
        version=__version__,
        mode=ledger.mode.value,
        failing=inside.failing,
        paused=whole > 0,
        paused_in_part=len(ledger.pauses) > whole,
        doubt=ledger.doubt is not None,
        firing=firing,
        pending=len(ledger.alerts) - firing,
        under_way=len(ledger.playbooks),
        questions=sum(one.standing in LIVE for one in ledger.approvals.values()),
        held_back=blocked_count(state),
        rules=len(inside.rules.rules),
        blind=tuple(ledger.lost),
        sources={source.value: msgspec.convert(source_shown(state, source, now), Source) for source in sources_used(state)},
        entities={kind.value: len(rows) for kind, rows in world.rows.items()},
        sidekiq=_sidekiq(state),
        checks=tuple(_check(row, now) for row in checks[:_MOST_CHECKS]),
    )


def _sidekiq(state: State) -> SidekiqSeen | None:
    row: Any = state.world.find(Kind.SIDEKIQ, "sidekiq")
    if row is None:
        return None
    threads, busy = known(row.threads), known(row.busy)
    return SidekiqSeen(
        processes=known(row.processes),
        threads=threads,
        busy=busy,
        utilisation=busy / threads if busy is not None and threads else None,
        enqueued=known(row.enqueued),
        retries=known(row.retries),
        scheduled=known(row.scheduled),
        dead=known(row.dead),
        processed=known(row.processed),
        failed=known(row.failed),
        versions=known(row.versions),
    )


def _check(row: Any, now: int) -> Check:
    plain = row.as_plain()
    fields = {name: plain[name] for name in Check.__struct_fields__ if name in plain}
    return msgspec.convert({"name": row.id, **fields, "failed_ms": age(row.failing_at, now)}, Check)
