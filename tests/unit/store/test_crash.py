"""The agent is killed in the middle of its writing, again and again."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from watchdog.store import reading
from watchdog.store.chain import Verified
from watchdog.store.lock import is_running
from watchdog.store.store import Store

CHILD = Path(__file__).with_name("crashing.py")


@pytest.mark.timeout(180)
@pytest.mark.parametrize("rounds", [4])
async def test_what_was_acknowledged_survives_a_kill(state, rounds):
    """After SIGKILL at any moment every acknowledged commit is there and whole, at most the one that was under way beside it, and the chain holds."""
    for kill_after in range(10, 10 + 7 * rounds, 7):
        with subprocess.Popen([sys.executable, CHILD, state], stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == b"ready\n"
            told = [int(child.stdout.readline()) for _ in range(kill_after)]
            child.send_signal(signal.SIGKILL)
            told += [int(line) for line in child.stdout.read().split(b"\n") if line]  # what it said before it died
            child.wait()
        assert is_running(state) is None
        # First as the command line does it, beside the dead agent's log; then as its successor does.
        assert reading.verify(state) in {Verified(3 * told[-1]), Verified(3 * (told[-1] + 1))}
        store = await Store.open(state)
        try:
            assert store.last_seq in {told[-1], told[-1] + 1}
            assert store.set_aside is None
            assert store.ledger == b"%d" % store.last_seq * 5000
            rows = [row["detail"] for row in reading.read_audit(state)]
            assert rows == [{"event": seq, "row": n} for seq in range(1, store.last_seq + 1) for n in range(3)]
            assert (await store.outbox_counts())["ops"].waiting == store.last_seq
        finally:
            await store.close()
