"""What systemd is told, over a real datagram socket."""

import os
import time

import pytest

from watchdog.daemon.systemd import Systemd


@pytest.fixture
def notifier():
    """Makes what tells systemd, in the environment as it is then."""
    made = []

    def make():
        made.append(Systemd())
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_it_says_each_thing_in_one_message(systemd, notifier):
    """READY, RELOADING with the time at which it began, STOPPING and STATUS, each as one datagram."""
    before = time.monotonic_ns() // 1000
    one = notifier()
    one.ready()
    one.reloading()
    one.status("all quiet")
    one.stopping()
    ready, reloading, status, stopping = systemd.told()
    assert (ready, status, stopping) == ("READY=1", "STATUS=all quiet", "STOPPING=1")
    first, second = reloading.split("\n")
    assert first == "RELOADING=1"
    assert before <= int(second.removeprefix("MONOTONIC_USEC=")) <= time.monotonic_ns() // 1000 + 1


def test_a_reload_is_not_older_than_the_signal_that_asked_for_it(systemd, notifier):
    """Systemd compares microseconds: a time that was rounded down would be that of an earlier reload, and this one would never be over."""
    one = notifier()
    for _ in range(200):
        asked = time.monotonic_ns() // 1000
        one.reloading()
        (message,) = systemd.told()
        assert int(message.partition("MONOTONIC_USEC=")[2]) >= asked


def test_a_status_is_sent_when_it_changes(systemd, notifier):
    """The same line twice is one message; one that comes back is sent again."""
    one = notifier()
    for text in ("a", "a", "b", "a", "a"):
        one.status(text)
    assert systemd.told() == ["STATUS=a", "STATUS=b", "STATUS=a"]


def test_without_a_watchdog_no_turn_is_reported(systemd, notifier):
    """Where the unit has no WatchdogSec= nobody waits for a sign of life."""
    one = notifier()
    assert one.period is None
    one.turned()
    assert systemd.told() == []


def test_turns_are_reported_three_times_a_period(systemd, monkeypatch, notifier):
    """However many turns there are; and none at all is reported that was not made."""
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    now = 1000.0
    monkeypatch.setattr("watchdog.daemon.systemd.time.monotonic", lambda: now)
    one = notifier()
    assert one.period == 10.0
    for _ in range(300):
        one.turned()
        now += 0.1
    assert systemd.told() == ["WATCHDOG=1"] * 3
    now += 1000
    assert systemd.told() == []


@pytest.mark.parametrize(
    ("usec", "pid", "period"),
    [
        ("30000000", None, 10.0),
        ("30000000", "mine", 10.0),
        ("30000000", "", 10.0),
        ("30000000", "1", None),
        ("3000", None, 0.001),
        ("0", None, None),
        ("", None, None),
        ("soon", None, None),
        ("-5", None, None),
        ("٣", None, None),
    ],
)
def test_when_a_watchdog_is_meant(systemd, monkeypatch, usec, pid, period, notifier):
    """WATCHDOG_USEC counts for the process that WATCHDOG_PID names, or for all where it names none; nonsense is no reason not to start."""
    monkeypatch.setenv("WATCHDOG_USEC", usec)
    if pid is not None:
        monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()) if pid == "mine" else pid)
    assert notifier().period == period


def test_outside_systemd_nobody_is_told(monkeypatch, notifier):
    """Without NOTIFY_SOCKET everything is a no-op, whatever else is set."""
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    one = notifier()
    one.ready()
    one.reloading()
    one.status("all quiet")
    one.turned()
    one.stopping()
    assert one.period is None


def test_a_socket_that_is_full_does_not_stop_the_agent(systemd, notifier):
    """While systemd reads nothing, status and signs of life are dropped rather than waited for; afterwards it hears again."""
    one = notifier()
    for number in range(5_000):
        one.status(f"turn {number}")
    assert 0 < len(systemd.told()) < 5_000
    one.ready()
    assert systemd.told() == ["READY=1"]


def test_after_the_end_nothing_is_told(systemd, notifier):
    """Closing is final, and may come twice."""
    one = notifier()
    one.close()
    one.ready()
    one.close()
    assert systemd.told() == []


def test_a_socket_that_is_gone_is_no_trouble(systemd, notifier):
    """Systemd that went away, or was never there, does not stop an agent."""
    one = notifier()
    systemd.close()
    os.unlink(systemd.address)  # noqa: PTH108
    one.ready()
