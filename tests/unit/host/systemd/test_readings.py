"""From what systemd tells of a unit to readings, and from one picture of it to the next."""

from watchdog.host.systemd.book import Book
from watchdog.host.systemd.choice import Choice
from watchdog.host.systemd.readings import FOREVER, WANTED, job_of, readings, start_of
from watchdog.model.events import Delta, Gone
from watchdog.model.fields import BY_KIND
from watchdog.model.kinds import Kind

NAME = "sidekiq@push.service"
RUNNING = {
    "LoadState": "loaded", "ActiveState": "active", "SubState": "running", "UnitFileState": "enabled", "InvocationID": b"\x01\xab", "Job": (0, "/"),
    "NeedDaemonReload": False, "StateChangeTimestampMonotonic": 9_000_000, "ActiveEnterTimestampMonotonic": 5_000_999, "ActiveExitTimestampMonotonic": 1,
    "InactiveEnterTimestampMonotonic": 2, "InactiveExitTimestampMonotonic": 3, "Result": "success", "NRestarts": 2, "MainPID": 77, "ExecMainCode": 0,
    "ExecMainStatus": 0, "TimeoutStopUSec": 90_000_000, "Restart": "always", "WorkingDirectory": "/srv/app",
    "ExecStart": [("/usr/bin/sidekiq", ["sidekiq", "-t", "9"], False, 0, 0, 0, 0, 77, 0, 0)], "Nice": 0,
}  # fmt: skip


def book(**choice: str) -> Book:
    """One in which that unit runs."""
    one = Book(Choice(("sidekiq*",), choice.get("own", "")))
    one.take(NAME, RUNNING)
    return one


def test_a_unit_that_runs():
    """Every reading of the table but those that others have a part in, in the units of the field."""
    told = readings(NAME, RUNNING)
    assert told == {
        "name": NAME, "template": "sidekiq@.service", "instance": "push", "load_state": "loaded", "state": "active", "sub_state": "running",
        "entered_at": 5_000, "failed": False, "running": True, "result": "success", "restarts": 2, "restart_policy": "always", "stop_timeout": 90_000,
        "pid": 77, "exit": "", "exit_status": 0, "invocation": "01ab", "reload_needed": False, "file_state": "enabled",
    }  # fmt: skip
    assert {*told, "processes", "sidekiq_timeout", "job"} == {spec.slot for spec in BY_KIND[Kind.UNIT].values()}
    assert start_of(RUNNING).words == ("sidekiq", "-t", "9")
    assert start_of(RUNNING).folder == "/srv/app"


def test_nothing_is_made_up():
    """What is missing, or of another type, is not known."""
    odd = dict.fromkeys(RUNNING, object())
    for properties in ({}, odd):
        known = {slot: value for slot, value in readings("a.service", properties).items() if value is not None}
        assert known == {"name": "a.service", "template": "", "instance": ""}
        assert (job_of(properties), start_of(properties)) == ((0, ""), None)


def test_moments_and_times():
    """Each state has a moment of its own; a time without end is longer than any other."""
    moments = {"active": 5_000, "inactive": 0, "failed": 0, "activating": 0, "deactivating": 0, "maintenance": 9_000}
    for state, moment in moments.items():
        assert readings(NAME, RUNNING | {"ActiveState": state})["entered_at"] == moment
    assert readings(NAME, RUNNING | {"TimeoutStopUSec": 2**64 - 1})["stop_timeout"] == FOREVER
    assert readings(NAME, RUNNING | {"TimeoutStopUSec": 2**64 - 2})["stop_timeout"] == FOREVER


def test_between_two_lives_it_has_not_failed():
    """Systemd passes through `failed` before it starts a unit again."""
    cases = {("failed", "failed"): True, ("failed", "failed-before-auto-restart"): False, ("activating", "auto-restart"): False}
    for (state, sub_state), failed in cases.items():
        assert readings(NAME, RUNNING | {"ActiveState": state, "SubState": sub_state})["failed"] is failed


def test_only_what_is_new_is_told():
    """Everything once, then what differs; of four hundred properties only those that count are kept."""
    one = book()
    first = one.news(NAME)
    assert first is not None
    assert one.news(NAME) is None
    one.change(NAME, {"NRestarts": 3, "Nice": 5})
    assert one.news(NAME) == Delta(Kind.UNIT, NAME, {"restarts": 3})
    assert set(one.unit(NAME).properties) <= WANTED


def test_a_job_is_told_once_it_is_known_what_it_does():
    """Between its number and its kind nothing is said; with its end it is gone at once."""
    one = book()
    one.news(NAME)
    one.change(NAME, {"Job": (7, "/org/freedesktop/systemd1/job/7")})
    assert one.news(NAME) is None
    one.unit(NAME).job = (7, "stop")
    assert one.news(NAME) == Delta(Kind.UNIT, NAME, {"job": "stop"})
    one.change(NAME, {"Job": (8, "/org/freedesktop/systemd1/job/8")})
    assert one.news(NAME) is None
    one.change(NAME, {"Job": (0, "/")})
    assert one.news(NAME) == Delta(Kind.UNIT, NAME, {"job": ""})


def test_put_away():
    """How it ended stays known when systemd no longer holds it."""
    one = book()
    one.change(NAME, {"ActiveState": "inactive", "SubState": "dead", "ExecMainCode": 2, "ExecMainStatus": 15, "MainPID": 0})
    one.news(NAME)
    one.put_away(NAME, "disabled")
    assert one.news(NAME) == Delta(Kind.UNIT, NAME, {"load_state": None, "file_state": "disabled"})
    assert one.unit(NAME).told["exit_status"] == 15
    assert one.drop(NAME, "why") == Gone(Kind.UNIT, NAME, "why")
    assert one.drop(NAME, "why") is None


def test_how_long_sidekiq_waits_is_read_once_a_run():
    """Its file is read when it is started: what it holds later counts for the next run."""
    one = book()
    assert one.untimed(NAME) is not None
    assert one.untimed(NAME) is None
    one.change(NAME, {"InvocationID": b"\x02"})
    assert one.untimed(NAME) is not None
    one.unit(NAME).sidekiq_timeout = 9_000
    one.change(NAME, {"ExecStart": []})
    assert one.untimed(NAME) is None
    assert one.unit(NAME).sidekiq_timeout is None


def test_processes_are_counted_while_redis_can_be_read():
    """Without Redis nobody knows how many there are."""
    choice = Choice(("sidekiq*",), "")
    one = Book(choice)
    one.take(NAME, RUNNING)
    choice.house("a", NAME)
    choice.house("b", "")
    first = one.news(NAME)
    assert "processes" not in first.fields
    one.counts = True
    assert one.news(NAME) == Delta(Kind.UNIT, NAME, {"processes": 1})
    assert choice.may_be_called(NAME)
    assert choice.forget("a") == NAME
    assert choice.may_be_called(NAME)
    assert choice.forget("a") == ""
    assert one.news(NAME) == Delta(Kind.UNIT, NAME, {"processes": 0})
    one.counts = False
    assert one.news(NAME) == Delta(Kind.UNIT, NAME, {"processes": None})


def test_which_units_are_meant():
    """Those of the patterns and those of processes, but never the agent's own, and no unit of the agent by a pattern."""
    choice = Choice(("sidekiq*",), "sidekiq-me.service")
    assert choice.means("sidekiq.service")
    assert not any(map(choice.means, ("sidekiq-me.service", "sidekiq-watchdog.service", "other.service", "sidekiq@.service", "")))
    assert choice.house("a", "other.service") is True
    assert choice.house("b", "other.service") is False
    assert choice.house("c", "sidekiq.service") is False
    assert choice.house("d", "bad name.service") is False
    assert choice.means("other.service")
    assert choice.wanted() == ["sidekiq*", "other.service", "sidekiq.service"]
    choice.house("e", "sidekiq-me.service")
    assert not choice.means("sidekiq-me.service")
