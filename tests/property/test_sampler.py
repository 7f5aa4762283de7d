"""Whatever Redis answers to a sample: readings that fit their fields, or the source is unavailable; nothing else escapes, and no answer is quoted."""

import asyncio
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from watchdog.clock import Clock
from watchdog.engine.world import World
from watchdog.model.events import Delta, Observed
from watchdog.model.fields import BY_KIND
from watchdog.model.kinds import Source
from watchdog.model.missing import MISSING
from watchdog.sidekiq.broken import Tally
from watchdog.sidekiq.failures import ServerError, SourceUnavailableError
from watchdog.sidekiq.fleet import Fleet
from watchdog.sidekiq.keys import Keys
from watchdog.sidekiq.sampling import Sampler
from watchdog.sidekiq.wire import Command, Reply

SECRET = "xyzzy-private"
TIMES = st.sampled_from(
    [b"2026-11-22 08:56:51 -0500", b"2026-11-22 13:56:51 Z", b"1700000000", b"1e300", b"-1", b"99999999999999999999999"]
)
TEXTS = (
    st.binary(max_size=12)
    | TIMES
    | st.sampled_from([b"push", b"A|p", b"A|ms", b"7", b'{"every":"5m","class":"A"}', SECRET.encode(), b'{"enabled":false}'])
)
ERRORS = st.sampled_from(["WRONGTYPE Operation", "NOPERM no", "ERR odd", "LOADING", "OOM"]).map(ServerError)
SCALARS = TEXTS | st.none() | st.integers(-(2**70), 2**70) | st.floats() | st.booleans() | ERRORS
PAGES = st.lists(TEXTS | st.none() | st.integers(), max_size=8).map(lambda items: [b"0", items])
REPLIES = SCALARS | PAGES | st.lists(SCALARS, max_size=4) | st.dictionaries(TEXTS, SCALARS, max_size=3)


def fitting(command: Command) -> st.SearchStrategy[Reply]:
    """What this command could be answered with, most of the time."""
    match command[0]:
        case "SSCAN" | "HSCAN":
            return PAGES
        case "ZRANGE":
            return st.lists(st.lists(TEXTS | st.floats(), min_size=2, max_size=2), max_size=2) | st.lists(TEXTS, max_size=4)
        case "GET" | "LINDEX":
            return TEXTS | st.none()
        case "INFO":
            return st.lists(TEXTS, max_size=5).map(lambda parts: b"\r\n".join(b"used_memory:" + part for part in parts))
        case _:
            return st.integers(-5, 2**70)


class Still(Clock):
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1_000_000

    def at(self) -> int:
        return self.now

    def wall(self) -> int:
        return self.now


async def play(data: st.DataObject) -> None:
    """Two samples in a row, of which each may fail."""
    clock, world = Still(), World()
    tally = Tally(clock)
    sampler = Sampler(Keys(), tally, "h:1", clock)

    async def ask(commands: Sequence[Command]) -> list[Reply]:
        clock.now += 3
        odd = data.draw(st.integers(0, 9)) == 0
        return [
            [b"1700000000", b"5"] if command == ("TIME",) else data.draw(REPLIES if odd else fitting(command)) for command in commands[:40]
        ] + [None] * len(commands[40:])

    for _ in range(2):
        clock.now += 20_000
        try:
            sample = await sampler.sample(ask, Fleet())
        except SourceUnavailableError:
            continue
        world.take(Observed(Source.REDIS, sample.changes, complete=True), clock.now)
        for change in sample.changes:
            if isinstance(change, Delta):
                slots = {spec.slot for spec in BY_KIND[change.kind].values()}
                row = world.find(change.kind, change.id)
                assert change.fields.keys() <= slots
                assert [slot for slot, value in change.fields.items() if value is not None and getattr(row, slot) is MISSING] == []
                assert all(-(2**63) < value < 2**63 for value in change.fields.values() if isinstance(value, int | float))
    assert SECRET not in str([datum.reason for datum in tally.data()])


@given(st.data())
def test_any_answers(data):
    """A reading of another type than its field, or one beyond every number, would be lost without a word in the engine: none is said."""
    asyncio.run(play(data))
