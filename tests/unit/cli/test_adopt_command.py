"""`adopt`, and how `status` shows what it is for."""

import time

from tests.unit.cli.pictures import picture
from watchdog.model.told import OperatorAdopted
from watchdog.store.lock import StateLock
from watchdog.store.orders import lying, read_order


def test_without_an_agent_the_command_stays(ask, leave):
    """The next one heeds it as it starts; until then nothing has become of it, and the exit code says so."""
    state = leave(status=picture())
    answer = ask("adopt", "-c", "config.yml", "--reason", " moved to the new server ")
    assert (answer.code, answer.err) == (3, "sidekiq-watchdog: no agent runs; the command stays, and the next one heeds it as it starts\n")
    (path,) = lying(state)
    told = read_order(path)
    assert isinstance(told, OperatorAdopted)
    assert (told.reason, told.by != "") == ("moved to the new server", True)
    assert abs(told.asked - time.time_ns() // 1_000_000) < 60_000


def test_a_reason_must_be_given(ask, leave):
    """In words."""
    state = leave(status=picture())
    assert ask("adopt", "-c", "config.yml", "--reason", "  ").code == 2
    assert ask("adopt", "-c", "config.yml").code == 2
    assert lying(state) == []


def test_status_shows_the_doubt(ask, leave):
    """Why nothing is done, what a person can do, and which incidents wait; a finding for scripts."""
    doubt = {"reasons": ["it was written on host web1, and this is web2", "second"], "incidents": ["6.1"]}
    lock = StateLock.take(leave(status=picture(doubt=doubt)))
    try:
        answer = ask("status", "-c", "config.yml")
    finally:
        lock.release()
    assert answer.code == 1
    assert (
        "In doubt, so nothing is done: it was written on host web1, and this is web2; second. Look, then: sidekiq-watchdog adopt. Open until then: 6.1.\n"
        in answer.out
    )
