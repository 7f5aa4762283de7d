"""A receiver that is away for a day: afterwards it is told how things stand, what it has missed, and no more than it can read."""

import pytest

from tests.service.faults.rude import Manner
from tests.service.faults.station import Station
from watchdog.model.notices import NoticeKind

DAY = 86_400.0
INCIDENTS = 500
READABLE = 25
"""New messages after a day in which five hundred incidents came and went."""


@pytest.mark.parametrize("name", ["webhook", "slack"])
async def test_a_day_without_a_receiver(name, tmp_path):
    """Five hundred incidents while nobody answers, half of them over before anybody does: few messages, the present state, an account of all of it; and the next incident is told as ever."""
    async with Station(tmp_path / "station", name) as station:
        line = station.lines[name]
        await station.tell("before", NoticeKind.FIRING)
        await station.clock.skip(120)
        before = len(await line.side.seen())
        await line.rude.be(Manner.REFUSES)
        for number in range(INCIDENTS):
            await station.tell(f"incident {number}", NoticeKind.FIRING)
            await station.tell(f"incident {number}", NoticeKind.ENDED)
            if number % 2:
                await station.tell(f"incident {number}", NoticeKind.RESOLVED)
            await station.clock.skip(DAY / INCIDENTS, step=300)
            if number == INCIDENTS // 2:
                await station.restart()
        away = await station.counts(name)
        assert away.delivered + away.waiting == station.number
        assert away.failures < 600, "once every five minutes, and not once for each incident"
        await line.rude.be(Manner.WELL)
        await station.clock.skip(3600)
        counts, seen = await station.counts(name), (await line.side.seen())[before:]
        assert (counts.waiting, counts.left_out, counts.given_up) == (0, 0, 0)
        messages = {one.place for one in seen if not one.in_thread}
        assert 0 < len(messages) <= READABLE, len(messages)
        assert sum(one.missed for one in seen if not one.in_thread) > INCIDENTS
        assert (await line.account()).turned == ()
        last = await station.tell("after", NoticeKind.FIRING)
        await station.clock.skip(600)
        assert last in {int(number[1:]) for one in await line.side.seen() for number in one.tokens}
        on, over = await station.stands(name)
        assert (on, over) == (INCIDENTS // 2 + 2, INCIDENTS // 2)
