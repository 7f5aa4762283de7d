"""A full disk: nothing half-written, no lie told, and on it goes when there is room again."""

import subprocess

import pytest

from watchdog.model.records import AuditRow
from watchdog.store import reading
from watchdog.store.chain import Verified
from watchdog.store.failures import StoreError
from watchdog.store.store import Commit, Store


async def fill(store: Store, size: int) -> int:
    """Commit ledgers of `size` bytes more each time until one fails; the number of the last that did not."""
    seq = store.last_seq
    while True:
        try:
            await store.commit(Commit(seq=seq + 1, ledger=b"x" * size * (seq + 1), audit=(AuditRow("alert", seq + 1, reason="r" * size),)))
        except StoreError as error:
            assert "full" in str(error)  # noqa: PT017
            return seq
        seq += 1


async def test_a_database_that_cannot_grow(state, store):
    """SQLITE_FULL is raised to the caller, leaves nothing of its commit, and the next one that fits succeeds."""
    await store._writer.read(lambda connection: connection.execute("PRAGMA max_page_count = 60").fetchone())
    last = await fill(store, 5_000)
    assert last > 1
    assert reading.verify(state) == Verified(last)
    await store.commit(Commit(seq=last + 1, ledger=b"small"))
    await store._writer.read(lambda connection: connection.execute("PRAGMA max_page_count = 100000").fetchone())
    await store.commit(Commit(seq=last + 2, audit=(AuditRow("agent", 1, reason="x" * 50_000),)))
    assert reading.verify(state) == Verified(last + 1)


@pytest.mark.needs("mount")
async def test_a_disk_that_is_full(tmp_path):
    """The same on a file system without room: acknowledged commits stay readable, and writing goes on once room was made."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], check=True)
    try:
        ballast = disk / "ballast"
        ballast.write_bytes(b"x" * 1_000_000)
        store = await Store.open(disk / "state")
        try:
            last = await fill(store, 20_000)
            assert last > 1
            assert reading.verify(disk / "state") == Verified(last)
            with pytest.raises(StoreError):
                await store.commit(Commit(seq=last + 1, ledger=b"x" * 2_000_000))
            ballast.unlink()
            await store.commit(Commit(seq=last + 1, ledger=b"room again", audit=(AuditRow("agent", 1),)))
            assert reading.verify(disk / "state") == Verified(last + 1)
        finally:
            await store.close()
        again = await Store.open(disk / "state")
        assert (again.ledger, again.last_seq, again.set_aside) == (b"room again", last + 1, None)
        await again.close()
    finally:
        subprocess.run(["umount", disk], check=True)
