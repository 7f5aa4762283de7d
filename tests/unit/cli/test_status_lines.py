"""The lines of `status` that say one thing each: what is shown where there is something to say, and nothing where there is not."""

import time

import pytest

from tests.unit.cli.pictures import TRACE, UNIT, picture


@pytest.mark.parametrize(
    ("locks", "line"),
    [
        ({"locks": 1_200, "looked_at": 1_000}, "unique-job locks: 1,200, of the 1,000 oldest none is orphaned"),
        ({"locks": 0}, None),
        (
            {"locks": 9, "trouble": "60,000 jobs wait, too many to go through"},
            "unique-job locks: not looked at: 60,000 jobs wait, too many to go through",
        ),
        (
            {"locks": 1_200, "looked_at": 1_000, "orphaned": 3, "ago": 7_200_000},
            "unique-job locks: 1,200, 3 of the 1,000 oldest orphaned, the oldest for 2h: their jobs stand nowhere, and what is pushed like them is dropped without a word",
        ),
    ],
)
def test_the_locks_of_unique_jobs_are_a_line(ask, leave, locks, line):
    """How many there are, and of how many of those that were looked at the job is gone; nothing where there are none."""
    now = time.time_ns() // 1_000_000
    told = {**locks, "since": now - locks["ago"]} if "ago" in locks else locks
    leave(status=picture(locks=told, agent={"pid": 1, "at": now}))
    lines = ask("status", "-c", "config.yml").out.splitlines()
    assert [text for text in lines if "unique-job" in text] == ([] if line is None else [line])


@pytest.mark.parametrize(
    ("checks", "line"),
    [
        (None, None),
        ([], "checks: none declared, so database and web are not checked"),
        ([{"name": "web", "type": "http"}], "check web (http): not known yet"),
        ([{"name": "web", "type": "http", "problem": "no connection"}], "check web (http): not known yet: no connection"),
        ([{"name": "web", "type": "http", "ok": True, "latency": 12, "problem": ""}], "check web (http): ok, took 12ms"),
        (
            [{"name": "web", "type": "http", "ok": True, "latency": 12, "problem": "no connection"}],
            "check web (http): ok, took 12ms; the last try failed: no connection",
        ),
        (
            [{"name": "web", "type": "http", "ok": False, "failed_ms": 62_000, "problem": "no connection"}],
            "check web (http): FAILS for 1m 2s: no connection; nothing is done meanwhile",
        ),
        (
            [{"name": "web", "type": "http", "ok": False, "failed_ms": 62_000, "problem": ""}],
            "check web (http): FAILS for 1m 2s: the last try succeeded, the next must, too; nothing is done meanwhile",
        ),
    ],
)
def test_declared_checks_are_lines(ask, leave, checks, line):
    """Each with its state; that none is declared is said, too. What an older agent left says nothing of them."""
    leave(status=picture(**({} if checks is None else {"checks": checks})))
    lines = ask("status", "-c", "config.yml").out.splitlines()
    assert [text for text in lines if text.startswith("check")] == ([] if line is None else [line])


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "  mastodon-sidekiq.service  active (running)  1m  1  3  -"),
        ({"processes": None, "restarts": None}, "  mastodon-sidekiq.service  active (running)  1m  ?  ?  -"),
        (
            {"state": "failed", "sub_state": "failed", "result": "oom-kill", "processes": 0},
            "  mastodon-sidekiq.service  failed (failed)  1m  0  3  ended last by oom-kill",
        ),
        (
            {"job": "stop", "reload_needed": True, "file_state": "masked"},
            "  mastodon-sidekiq.service  active (running)  1m  1  3  stop queued, daemon-reload needed, masked",
        ),
        (
            {"stop_timeout": 15_000},
            "  mastodon-sidekiq.service  active (running)  1m  1  3  is killed after 15s at a stop, while Sidekiq waits 25s",
        ),
    ],
)
def test_units(ask, leave, changes, line):
    """One line each, with what a person should know of it."""
    leave(status=picture(units=[UNIT | changes], entities={"unit": 1}))
    lines = ask("status", "-c", "config.yml").out.splitlines()
    assert "Units" in lines
    assert line.split() in [one.split() for one in lines]


def test_jobs_that_were_left_behind(ask, leave):
    """One line for each process that is gone, with what a person should know of it."""
    left = {"identity": "web1:10:abc", "host": "web1", "strength": "fetch", "jobs": 3, "unreadable": 1}
    leave(status=picture(left_behind=[left, left | {"identity": "web1:11:def", "strength": "", "unreadable": 0}]))
    lines = [line.split() for line in ask("status", "-c", "config.yml").out.splitlines()]

    assert ["Jobs", "that", "processes", "have", "left", "behind"] in lines
    assert ["web1:10:abc", "3", "fetch", "1", "more", "can't", "be", "understood"] in lines
    assert ["web1:11:def", "3", "not", "known", "-"] in lines


def test_a_host_without_systemd(ask, leave):
    """What can't be done without is said in a line, and it is no trouble."""
    leave(status=picture(units_absent="this host was not started by systemd"))
    answer = ask("status", "-c", "config.yml")
    assert (
        "systemd: not there (this host was not started by systemd): no rule on units is judged, and no unit can be started or stopped"
        in answer.out.splitlines()
    )
    assert "Units" not in answer.out.splitlines()


def test_other_servers(ask, leave):
    """How many are told, and what of them can't be known; nothing where this is no Mastodon."""
    leave(status=picture(other_servers={"told": 1_203, "troubles": ["journald has left out 7 lines"]}))
    lines = [line for line in ask("status", "-c", "config.yml").out.splitlines() if line.startswith("other servers")]
    assert lines == ["other servers: 1,203 told one by one", "other servers: journald has left out 7 lines"]
    leave(status=picture())
    assert "other servers" not in ask("status", "-c", "config.yml").out


@pytest.mark.parametrize(
    ("backed_off", "said"),
    [(1.0, []), (2.5, ["Backed off because that was too much: intervals are 2.5 times as long, everything is read again within 37s"])],
)
def test_what_redis_spends_on_the_agent(ask, leave, backed_off, said):
    """Share, limit and rates; and, where it was too much, how much longer everything takes now."""
    budget = {
        "share": 0.0213, "limit": 0.02, "backed_off": backed_off, "reread_within": 37_500,
        "commands_per_second": 612.5, "round_trips_per_second": 101.25, "bytes_in_per_second": 900_000.0,
    }  # fmt: skip
    leave(status=picture(budget=budget))
    lines = ask("status", "-c", "config.yml").out.splitlines()
    assert "cost to redis: about 2.1 % of a core (limit 2 %), 612 commands and 101 round trips a second" in lines
    assert [line for line in lines if line.startswith("Backed off")] == said


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "trace: ok, 30 files, 29.6 MiB of the last 2h"),
        ({"gaps": 2, "missed": 7}, "trace: ok, 30 files, 29.6 MiB of the last 2h, 2 gaps with 7 events since the start"),
        ({"failing": "disk full"}, "trace: NOT RECORDED (disk full), 30 files, 29.6 MiB of the last 2h"),
        ({"segments": 0, "size": 0, "since": None}, "trace: ok, 0 files, 0 B"),
        ({"on": False}, "trace: none is kept"),
    ],
)
def test_the_trace_is_a_line(ask, leave, changes, line):
    """How much there is, of how long a time, and loudly if nothing is recorded at present."""
    now = time.time_ns() // 1_000_000
    trace = {**TRACE, "since": now - 7_200_000, **changes}
    leave(status=picture(trace=trace))
    assert line in ask("status", "-c", "config.yml").out.splitlines()


def test_an_agent_without_a_trace_shows_none(ask, leave):
    """One of an earlier version wrote none."""
    leave(status=picture())
    assert "trace" not in ask("status", "-c", "config.yml").out


def test_the_fleet_is_shown_where_there_is_one(ask, leave):
    """The agents that act, hosts that have none, and who does; nothing of it where this agent is alone. One that only watches shows the others."""
    now = time.time_ns() // 1_000_000
    one = {"host": "web1", "version": "0.1.0", "mode": "act", "pid": 7, "since": now - 60_000}
    acts = {"host": "web2", "action": "recover_process", "target": "web2/app[push]", "since": now - 30_000}
    fleet = {"agents": [one, {**one, "host": "web2", "mode": "ask"}], "without": ["web3"], "acts": acts, "leads": "web2"}
    leave(status=picture(fleet=fleet, agent={"pid": 1, "host": "web1", "at": now}))
    out = ask("status", "-c", "config.yml").out
    assert "under way: recover_process on web2/app[push] by the agent of web2, for 30s" in out
    assert "hosts whose processes beat, and that have no agent that acts: web3" in out
    assert "what concerns the whole is done by the agent of web2" in out
    assert [line.split() for line in out.splitlines() if "0.1.0" in line and "web2" in line] == [["web2", "0.1.0", "ask", "7", "1m"]]

    leave(
        status=picture(fleet={"agents": [one], "without": [], "acts": None, "leads": "web1"}, agent={"pid": 1, "host": "web1", "at": now})
    )
    out = ask("status", "-c", "config.yml").out
    assert "Agents" not in out
    assert "concerns the whole" not in out
    assert "under way" not in out
    leave(status=picture(fleet={"agents": [one], "without": [], "acts": None}, agent={"pid": 1, "host": "web2", "at": now}))
    assert "Agents that act" in ask("status", "-c", "config.yml").out
