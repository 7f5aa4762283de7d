"""Evidence goes at its time, and that is said before."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from watchdog.clock import Clock
from watchdog.daemon.evidence import EvidenceKeeper
from watchdog.recovery.evidence.collecting import KEPT_FOR
from watchdog.recovery.quarantine import WARN_BEFORE
from watchdog.rulefile.log import LogSettings
from watchdog.store.evidence import Summary
from watchdog.store.store import Store


class Wall(Clock):
    """Stands where it is put."""

    now = 0

    def wall(self) -> int:
        return self.now


@pytest.fixture
async def store(tmp_path) -> AsyncIterator[Store]:
    """An open store."""
    opened = await Store.open(tmp_path / "state")
    yield opened
    await opened.close()


async def test_it_is_said_three_days_before(store, caplog):
    """And once more when it is gone."""
    clock = Wall()
    nobody: Any = None
    keeper = EvidenceKeeper(picture=nobody, store=store, clock=clock, host="web1", log_settings=LogSettings)
    await store.keep_evidence(Summary(incident="7.1", process="p", target="t", taken=0, until=KEPT_FOR), {})
    seen = []
    for clock.now in (KEPT_FOR - WARN_BEFORE - 1, KEPT_FOR - WARN_BEFORE, KEPT_FOR):
        seen.append(await keeper.expire())

    assert seen == [(0, 0), (0, 1), (1, 0)]
    assert [record.getMessage() for record in caplog.records] == [
        "the evidence of 1 processes is deleted within 3 days; see: sidekiq-watchdog evidence list",
        "the evidence of 1 processes has been deleted, because its time was over",
    ]
