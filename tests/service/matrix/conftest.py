"""The matrix is played once for all its tests, all combinations at the same time, and printed as a table at the end."""

import asyncio
from collections.abc import Iterator, Sequence

import pytest

from tests import last_words
from tests.service.matrix.scenario import STAGES, Played, play_all


@pytest.fixture(scope="session")
def matrix(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Played]:
    """What came of each combination that some test of this run asks for and this machine has, by kind and store."""
    wanted = {}
    for item in request.session.items:
        case = getattr(item, "callspec", None)
        combination = case.params.get("combination") if case else None
        if combination and not any(marker.name == "skip" for marker in item.iter_markers()):
            wanted[combination.kind, combination.store] = (combination.kind, combination.store, combination.options)
    played = asyncio.run(play_all(list(wanted.values()), tmp_path_factory.mktemp("matrix")))
    last_words.say("version matrix", _lines(played))
    return {(one.kind, one.store): one for one in played}


def _lines(played: Sequence[Played]) -> Iterator[str]:
    """The table: what was real, what was stood in for, and how many stages showed what they must."""
    yield f"{'Sidekiq':<10}{'which is':<12}{'on':<10}{'version':<10}{'beat':>6}{'torn reads':>12}{'stages':>8}{'seconds':>9}"
    for one in played:
        real = "a stand-in" if one.kind[0].isdigit() else f"{one.kind}'s"
        beat = f"{one.beat} s" if one.beat else "?"
        yield (
            f"{one.version:<10}{real:<12}{one.store:<10}{one.store_version:<10}{beat:>6}{one.torn_reads or '':>12}"
            f"{len(one.stages):>6}/{len(STAGES)}{one.seconds:>9.0f}"
            + (f"  {one.trouble.splitlines()[0]}" if one.trouble else "")
        )  # fmt: skip
