"""A crowd that listens for a minute; the hour of a hundred is in `tests/trial/trial_streams.py`."""

from tests.unit.web.crowd import crowd

STREAMS = 20
SECONDS = 60


async def test_a_minute_of_twenty_streams(tmp_path):
    """Each reader hears every event once and in order, up to the agent's farewell; the one who takes nothing is cut off, and nothing grows for anybody's sake."""
    answer, heard, cut = await crowd(tmp_path, streams=STREAMS, seconds=SECONDS)

    assert len(heard) == STREAMS - 1
    assert all(one.bye and one.last == answer.events + 1 for one in heard)
    assert (answer.dropped, answer.streams, cut) == (1, STREAMS - 1, True)
    assert answer.events > 300
    assert answer.after - answer.warm < 10_000_000
