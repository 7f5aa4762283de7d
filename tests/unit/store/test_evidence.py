"""Evidence in the store: by incident and process, within a bound, for its time."""

from typing import Any

import msgspec
import pytest

from watchdog.model.evidence import Came, Piece, Suspect, Suspicion
from watchdog.store import evidence
from watchdog.store.evidence import Summary
from watchdog.store.failures import StoreError
from watchdog.store.reading import read_evidence, read_evidence_of
from watchdog.store.store import Store

ONE = Summary(
    incident="7.1", process="web1:10:abc", target="web1/app[push]", taken=1_000, until=9_000, pieces=(Piece("log", Came.KEPT),),
    suspects=(Suspect("j1", "Spin", "t1", Suspicion.PROVEN, "it computes"),), note="a note",
)  # fmt: skip
BODY = {"log": {"lines": ["a private post"]}}


def another(**more: Any) -> Summary:
    """The same with something else."""
    return msgspec.structs.replace(ONE, **more)


async def test_what_is_kept_is_there_after_a_restart(state, store, clock):
    """As it was, for whoever asks for just that; the list shows nothing of it."""
    await store.keep_evidence(ONE, BODY)
    await store.close()
    again = await Store.open(state, clock=clock)

    assert read_evidence_of(state, "7.1") == [(ONE, BODY)]
    assert read_evidence(state) == [ONE]
    assert read_evidence_of(state, "8.1") == []
    await again.close()


async def test_asked_twice_the_later_takes_its_place(state, store):
    """Of one process under one incident; another process has its own."""
    await store.keep_evidence(ONE, BODY)
    await store.keep_evidence(another(taken=2_000), {})
    await store.keep_evidence(another(taken=3_000, process="web1:11:def"), BODY)

    assert [(one.process, one.taken, body) for one, body in read_evidence_of(state, "7.1")] == [
        ("web1:10:abc", 2_000, {}), ("web1:11:def", 3_000, BODY),
    ]  # fmt: skip


async def test_it_goes_at_its_time(store):
    """Not a moment before."""
    await store.keep_evidence(ONE, BODY)
    await store.keep_evidence(another(incident="8.1", until=9_001), BODY)

    assert await store.expire_evidence(8_999) == 0
    assert await store.expire_evidence(9_000) == 1
    assert [one.incident for one in await store.kept_evidence()] == ["8.1"]


async def test_all_of_it_together_has_a_bound(store):
    """What was taken first goes first; the one that has just been written stays, however large it is."""
    body = {"log": {"lines": [f"{number:x}" * 3 for number in range(1_000)]}}
    for number in range(4):
        summary = another(incident=f"{number}.1", taken=number)
        await store._writer.write(lambda connection, summary=summary: evidence.keep(connection, summary, body, most=8_000))

    assert [one.incident for one in await store.kept_evidence()] == ["2.1", "3.1"]
    await store._writer.write(lambda connection: evidence.keep(connection, another(incident="9.1", taken=9), body, most=1))
    assert [one.incident for one in await store.kept_evidence()] == ["9.1"]


async def test_what_is_too_large_is_not_written(store, monkeypatch):
    """And nothing is lost for it."""
    await store.keep_evidence(ONE, BODY)
    monkeypatch.setattr(evidence, "LARGEST", 10)
    with pytest.raises(StoreError, match="too large"):
        await store.keep_evidence(another(incident="8.1"), BODY)
    assert await store.kept_evidence() == [ONE]


async def test_text_that_no_json_holds_is_kept(state, store):
    """Bytes of a log that are no UTF-8 come as lone surrogates."""
    await store.keep_evidence(ONE, {"log": {"lines": ["\udcff"]}})
    assert read_evidence_of(state, "7.1")[0][1] == {"log": {"lines": ["\\udcff"]}}


async def test_a_folder_of_an_earlier_version_has_none(state, store, tamper):
    """It is read as it is, without an agent that would bring it up to date."""
    await store.close()
    tamper("DROP TABLE evidence", "PRAGMA user_version = 4")
    assert (read_evidence(state), read_evidence_of(state, "7.1")) == ([], [])
