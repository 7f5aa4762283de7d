"""One agent a state folder, and asking who it is without getting in its way."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from watchdog.store.failures import StateInUseError
from watchdog.store.lock import LOCK_FILE, StateLock, is_running
from watchdog.store.store import Store


@pytest.fixture
def folder(tmp_path):
    """A state folder that exists."""
    return tmp_path


def test_nobody_runs_where_nothing_is(folder):
    """No folder, no lock file, and a lock file that nobody holds: no agent."""
    assert is_running(folder / "missing") is None
    assert is_running(folder) is None
    (folder / LOCK_FILE).write_text("4711\n")
    assert is_running(folder) is None


def test_the_holder_is_named(folder):
    """While the lock is held the holder's pid is known; afterwards nobody runs."""
    lock = StateLock.take(folder)
    assert is_running(folder) == os.getpid()
    lock.release()
    assert is_running(folder) is None


def test_a_second_agent_is_refused(folder):
    """The folder serves one agent; the second is told who has it, and asking and failing take nothing from the first."""
    lock = StateLock.take(folder)
    for _ in range(2):
        with pytest.raises(StateInUseError) as caught:
            StateLock.take(folder)
        assert caught.value.pid == os.getpid()
        assert str(os.getpid()) in str(caught.value)
        assert is_running(folder) == os.getpid()
    lock.release()
    StateLock.take(folder).release()


def test_asking_takes_nothing(folder):
    """Whoever asks holds nothing: an agent can start while a thousand people look."""
    StateLock.take(folder).release()
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(100):
        assert is_running(folder) is None
        StateLock.take(folder).release()
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors


def test_a_holder_that_has_not_said_who_he_is(folder):
    """A lock that is held with no pid in the file is still somebody's."""
    lock = StateLock.take(folder)
    os.truncate(folder / LOCK_FILE, 0)
    assert is_running(folder) == 0
    lock.release()


def test_the_kernel_takes_the_lock_back(folder):
    """An agent that is killed leaves no lock behind, and one that runs in another process is seen."""
    code = "import sys, pathlib, watchdog.store.lock as l; l.StateLock.take(pathlib.Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        assert is_running(folder) == child.pid
        with pytest.raises(StateInUseError, match=str(child.pid)):
            StateLock.take(folder)
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert is_running(folder) is None
    StateLock.take(folder).release()


async def test_an_open_store_holds_the_folder(state, store):
    """Two stores can't work in one folder; a failed second one leaves the first as it is."""
    with pytest.raises(StateInUseError):
        await Store.open(state)
    await store.keep_status(b"{}")
    assert is_running(state) == os.getpid()
    await store.close()
    assert is_running(state) is None
