"""`log`, from a log file to exit code and output."""

import json
from pathlib import Path

import pytest

CAPTURED = Path(__file__).parents[1] / "recovery" / "captured"
CONFIG = "redis: {url: 'redis://127.0.0.1:6379/0'}\nrules: [rules.yml]\nstate: state\nhost: web1\nlog: {journal: false, files: {any: %s}}\n"


@pytest.fixture
def life(tmp_path):
    """Lays a captured life down as a log file, with a config that names it; gives the pid and the held job."""

    def lay(name):
        head, _, text = (CAPTURED / name).read_text().partition("\n")
        (tmp_path / "sidekiq.log").write_text(text)
        (tmp_path / "logs.yml").write_text(CONFIG % (tmp_path / "sidekiq.log"))
        _, _, pid, _, held = head.split()
        return int(pid), held

    return lay


@pytest.fixture
def asked(ask, tmp_path):
    """Asks for the log of a process."""
    return lambda *arguments: ask("log", "-c", str(tmp_path / "logs.yml"), *arguments)


@pytest.fixture(autouse=True)
def nobody(monkeypatch):
    """The pids of captured lives are nobody's here."""
    monkeypatch.setattr("watchdog.host.proc.read_process", lambda _pid: None)


def test_people_read_what_ran(asked, life):
    """The job, how sure it is, and where its thread was; nothing of what it was given."""
    pid, held = life("7.3.2-default-kill.log")
    answer = asked(f"web1:{pid}:0123456789ab")

    assert answer.code == 0
    assert f"pid {pid}: it has ended" in answer.out
    line = next(line for line in answer.out.splitlines() if held in line)
    assert line.split()[:2] == [held, "Noted"]
    assert line.split()[-1] == "proven"
    assert "    /srv/app/app.rb:26:in `sleep'" in answer.out.splitlines()
    assert "600" not in answer.out.replace(held, "")


def test_programs_get_the_same(asked, life):
    """One JSON object."""
    pid, held = life("8.1.7-json-kill.log")
    found = json.loads(asked(str(pid), "--json").out)

    assert [(one["jid"], one["class"], one["certainty"]) for one in found["findings"]] == [(held, "Noted", "proven")]
    assert (found["running"], found["clean"], found["pid"]) == (False, None, pid)
    assert "payload" not in found["findings"][0]


def test_an_end_in_good_order(asked, life):
    """It is said, and how many jobs went back."""
    pid, _ = life("6.4.1-default-term.log")
    assert "It ended in good order: 1 unfinished job put back" in asked(str(pid)).out


def test_what_is_missing_is_said(asked, life):
    """Lines without a time prove nothing."""
    pid, _ = life("8.1.7-dyno-kill.log")
    assert "missing: neither the log nor its lines tell the time" in asked(str(pid)).out


@pytest.mark.parametrize(
    ("process", "wrong"),
    [("web2:1:ab", "runs on host web2, and this is web1"), ("stuck", "is neither the identity of a process"), ("-5", "No such option")],
)
def test_who_can_not_be_asked_for(asked, life, process, wrong):
    """A sentence and code 2."""
    life("6.4.1-default-term.log")
    answer = asked(process)
    assert answer.code == 2
    assert wrong in answer.err


def test_the_unit_of_a_dead_process(asked, life, tmp_path):
    """That of the only file that is named; of two, which must be said."""
    pid, held = life("6.4.1-default-kill.log")
    config = tmp_path / "logs.yml"
    config.write_text(config.read_text().replace("any:", "a.service:"))
    assert held in asked(str(pid)).out

    config.write_text(config.read_text().replace("a.service:", "b.service: /none, a.service:"))
    answer = asked(str(pid))
    assert (answer.code, "say which by --unit" in answer.err) == (2, True)
    assert held in asked(str(pid), "--unit", "a.service").out


def test_a_log_that_is_not_there(asked, life, tmp_path):
    """A sentence with a hint."""
    pid, _ = life("6.4.1-default-term.log")
    (tmp_path / "sidekiq.log").unlink()
    answer = asked(str(pid))
    assert (answer.code, "hint: `log: files:`" in answer.err) == (2, True)
