"""The sick are played once for all tests that ask, all versions at the same time, and what told them apart is printed as a table at the end."""

import asyncio
from collections.abc import Iterator, Sequence

import pytest

from tests import last_words
from tests.service.pictures.sick import NAMES, Table, play_all


@pytest.fixture(scope="session")
def wards(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Table]:
    """What was told of each version that some test of this run asks for and this machine has, by suite."""
    wanted: dict[str, None] = {}
    for item in request.session.items:
        case = getattr(item, "callspec", None)
        if case and "ward" in case.params and not any(marker.name == "skip" for marker in item.iter_markers()):
            wanted[case.params["ward"]] = None
    played = asyncio.run(play_all(wanted, tmp_path_factory.mktemp("pictures")))
    last_words.say("the sick told apart", _lines(played))
    return {table.suite: table for table in played}


def _lines(played: Sequence[Table]) -> Iterator[str]:
    """A row for each state, a column for each version: what fired, and after how many seconds."""
    yield f"{'':<12}" + "".join(f"{f'Sidekiq {table.version}':<32}" for table in played)
    for name in NAMES:
        cells = []
        for table in played:
            told = table.told.get(name)
            what = "?" if told is None else ", ".join(told.rules) or ("refuses signals" if told.note else "nothing")
            cells.append(what if told is None or told.seconds is None else f"{what} after {told.seconds:.1f} s")
        yield f"{name:<12}" + "".join(f"{cell:<32}" for cell in cells)
    for table in played:
        if table.trouble:
            yield f"{table.suite}: {table.trouble.splitlines()[0]}"
