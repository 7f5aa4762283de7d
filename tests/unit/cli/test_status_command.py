"""`status`, from what an agent wrote down to exit code and output."""

import json
import time

import msgspec
import pytest
from jsonschema import Draft202012Validator

from tests.unit.cli.pictures import ALERT, LOST, TRACE, UNIT, picture
from watchdog.cli.view import HEAD, SECTIONS
from watchdog.picture.picture import Picture
from watchdog.store.lock import StateLock


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({}, 0, id="all is well"),
        pytest.param({"firing": 1, "alerts": [ALERT]}, 1, id="an alert fires"),
        pytest.param({"alerts": [ALERT | {"phase": "pending"}]}, 0, id="an alert is pending"),
        pytest.param({"sources": LOST}, 1, id="a source is lost"),
        pytest.param({"checks": [{"name": "web", "type": "http", "ok": False}]}, 1, id="a declared check fails"),
        pytest.param({"refused": {"at": 1, "why": "E101"}}, 1, id="a reload was refused"),
        pytest.param({"checks": [{"name": "web", "type": "http"}, {"name": "pg", "ok": True}]}, 0, id="none is known to fail"),
        pytest.param(
            {"sources": {"redis": {"ok": False, "code": "starting", "message": "not read in full yet"}}}, 0, id="a source is not read yet"
        ),
    ],
)
@pytest.mark.parametrize("how", [[], ["--json"]])
def test_the_exit_code_says_whether_somebody_is_needed(ask, leave, changes, code, how):
    """1 if an alert fires or a source can't be read, else 0; 3 as soon as no agent runs; the same for people and programs."""
    lock = StateLock.take(leave(status=picture(**changes)))
    try:
        running = ask("status", "-c", "config.yml", *how).code
    finally:
        lock.release()
    assert running == code
    assert ask("status", "-c", "config.yml", *how).code == 3


def test_a_running_agent_is_shown_with_what_it_sees(ask, leave):
    """The head says who runs in which mode; alerts, answers of the guards and sources follow."""
    request = {
        "rule": "stuck-job", "target": "web1/app", "action": "terminate_process", "decision": "DENY", "guard": "cooldown",
        "reason": "the last action ended 2m ago", "until_ms": 180_000, "repeated": 1001,
    }  # fmt: skip
    lock = StateLock.take(leave(status=picture(firing=1, alerts=[ALERT | {"telling": {"told": ["ops"]}}], requests=[request])))
    try:
        answer = ask("status", "-c", "config.yml")
    finally:
        lock.release()
    head, *rest = answer.out.splitlines()
    assert head.startswith("sidekiq-watchdog 0.1.0 on web1, pid 4711, up 1h, mode act, seen ")
    assert "redis: ok, read 400ms ago" in rest
    assert "Alerts: 1 firing" in rest
    assert "  critical  firing  12m 5s  stuck-job  DeliveryWorker is stuck  ops" in rest
    assert "  stuck-job  web1/app  terminate_process  DENY by cooldown: the last action ended 2m ago (for 3m more)  1,002 times" in rest


def test_an_agent_that_is_down_is_not_taken_for_one_that_runs(ask, leave):
    """The first words are that no agent is running, and how old the picture is."""
    old = picture()
    old["agent"]["at"] -= 3 * 3_600_000
    leave(status=old)
    answer = ask("status", "-c", "config.yml")
    assert answer.out.startswith(
        "No agent is running on this state folder. What follows was seen 3h ago by sidekiq-watchdog 0.1.0 on web1, mode act.\n"
    )
    said = json.loads(ask("status", "-c", "config.yml", "--json").out)
    assert said["running"] is False
    assert said["age_ms"] >= 3 * 3_600_000


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"at": 0}, "It runs, but has not renewed this picture for too long.", id="old"),
        pytest.param({"failing": "disk full"}, "It can't write its state: disk full", id="failing"),
    ],
)
def test_an_agent_that_runs_and_is_not_well_is_not_taken_for_a_healthy_one(ask, leave, changes, said):
    """A picture that it could not renew, or a state that it can't write, is said right below the head."""
    sick = picture()
    sick["agent"] |= changes
    lock = StateLock.take(leave(status=sick))
    try:
        lines = ask("status", "-c", "config.yml").out.splitlines()
    finally:
        lock.release()
    assert lines[1] == said


def test_a_lost_source_is_shown_with_its_reason(ask, leave):
    """Which source, since when, why."""
    leave(status=picture(sources=LOST))
    assert "redis: LOST for 1m 30s (refused): Connection refused" in ask("status", "-c", "config.yml").out


def test_the_json_is_the_whole_picture(ask, leave):
    """Nothing that the agent wrote is left out for programs, even what this version does not know."""
    whole = picture(something_new={"a": [1]})
    leave(status=whole)
    answer = ask("status", "-c", "config.yml", "--json")
    said = json.loads(answer.out)
    assert {name: value for name, value in said.items() if name not in {"running", "age_ms"}} == whole


def test_names_from_redis_can_not_command_the_terminal(ask, leave):
    """Escape sequences, line breaks and signs that turn the direction of text are shown, not obeyed, in both forms."""
    evil = "a\x1b]0;owned\x07\nb\u202ec\x9b2J"
    leave(status=picture(firing=1, alerts=[ALERT | {"title": evil}], broken=[{"key": evil, "reason": evil, "count": 2}]))
    for how in ([], ["--json"]):
        out = ask("status", "-c", "config.yml", *how).out
        assert not set("\x1b\x07\u202e\x9b") & set(out)
    assert r"a\x1b]0;owned\x07\nb\u202ec\x9b2J" in ask("status", "-c", "config.yml").out


def test_without_any_state_no_agent_can_be_shown(ask, config):
    """A folder in which no agent ever ran ends with 3 and says so; so does an agent that has not said anything yet."""
    answer = ask("status", "-c", "config.yml")
    assert (answer.code, answer.out) == (3, "")
    assert "no agent has written any state" in answer.err


def test_an_agent_that_has_just_begun_has_no_picture_yet(ask, leave):
    """State without a picture ends with 3, too."""
    leave()
    answer = ask("status", "-c", "config.yml")
    assert answer.code == 3
    assert "has not said anything yet" in answer.err


def test_a_picture_that_makes_no_sense_is_no_traceback(ask, leave):
    """What another program wrote there ends with 3 and one line."""
    leave(status={"agent": 7})
    answer = ask("status", "-c", "config.yml")
    assert answer.code == 3
    assert answer.err.count("\n") == 1


def test_a_broken_rule_file_or_a_missing_secret_does_not_hide_the_state(ask, leave, config):
    """Only the config itself is read."""
    leave(status=picture())
    (config.parent / "rules.yml").write_text("rules: [")
    config.write_text(config.read_text() + 'receivers: {ops: {type: webhook, url: "https://example.org", secret: "${file:not-for-you}"}}\n')
    assert "No agent is running" in ask("status", "-c", "config.yml").out


def test_a_broken_config_is_named_with_all_its_problems(ask, tmp_path):
    """Problems go to standard error with their places; the exit code is 2."""
    (tmp_path / "config.yml").write_text("redis: {}\nstate: state\nrule: []\n")
    answer = ask("status", "-c", "config.yml")
    assert (answer.code, answer.out) == (2, "")
    assert [line.split(" ")[1] for line in answer.err.splitlines()] == ["E121", "E121", "E120"]


def test_everything_there_is_has_a_place_on_the_page(ask, leave):
    """Processes, queues, messages, incidents, broken data, a pause and a demoted rule are shown when they are there."""
    leave(
        status=picture(
            paused={"by": "the pause file", "reason": "maintenance"},
            demoted=[{"rule": "stuck-job", "since_ms": 62_000, "reason": "1 of its last 4 incidents helped, less than 50%"}],
            tracking=False,
            looking={"processes": 3, "last": 2.5, "every": 5_000, "trouble": "the folder is hidden"},
            entities={"job": 3, "process": 1_000, "queue": 1},
            sidekiq={"processes": 2, "enqueued": 12_345, "retries": 7, "dead": 0},
            queues=[
                {"name": "push", "size": 12_345, "latency": 61_000, "threads": 25, "listeners": 1, "busy": 3, "paused": True},
                {"name": "old", "size": 1, "latency": 0},
            ],
            processes=[
                {"target": "web1/app[push]", "pid": 99, "queues": ["push", "pull"], "threads": 25, "busy": 3, "quiet": True, "rss": 2**29, "cpu": 0.97, "stopped": True, "traced": True,
                 "local": False, "alive": None, "mismatch": None, "beat_age": 31_000, "longest": 1_000},
                {"target": "web2/app[push]", "pid": None},
            ],
            incidents=[{"rule": "stuck-job", "target": "web1/app", "pid": 99, "action": "terminate_process", "stage": "TERM", "held": "paused", "account": ["TERM sent"]}],
            outbox={"ops": {"waiting": 2, "delivered": 5, "given_up": 1, "oldest": None, "last_error": "503"}},
            broken=[{"key": "x:work", "reason": "no JSON", "count": 3}],
        )
    )  # fmt: skip
    out = ask("status", "-c", "config.yml").out
    for part in (
        "Paused by the pause file: maintenance",
        "\nRule stuck-job only asks for 1m 2s, until a person trusts it again: 1 of its last 4 incidents helped, less than 50%\n",
        "Redis does not tell of changes",
        "\nprocesses looked at on this host: 3, every 5s, for 0.05 % of a core\n",
        "\ndeployments can't be seen: the folder is hidden\n",
        "sidekiq: processes 2, jobs running 3, waiting 12,345, to be retried 7, scheduled ?, dead 0\n",
        "  push   12,345  1m 1s    3 of 25  1          paused\n",
        "  old    1       0s       ? of ?   ?",
        "\nProcesses (the first 2 of 1,000)\n",
        "\nQueues\n",
        "  web1/app[push]  99   push, pull  3 of 25  1s           31s   512 MiB  97 %  quiet, on another host, stopped, traced",
        "  web2/app[push]  -    -           ? of ?   -",
        "  stuck-job: terminate_process on web1/app (pid 99), at TERM\n    TERM sent\n    held: paused\n",
        "  ops       ?     2        5          1     -        503",
        "  x:work  no JSON        3",
    ):
        assert part in out


def test_a_reload_that_was_refused(ask, leave):
    """Whoever wonders why a change does nothing reads it, with the mistake; and it is a finding."""
    now = time.time_ns() // 1_000_000
    agent = {"pid": 1, "host": "web1", "at": now}
    leave(status=picture(agent=agent, refused={"at": now - 90_000, "why": "rules.yml:2:1: E101 x"}))
    answer = ask("status", "-c", "config.yml")
    assert "Reload refused 1m 30s ago, what was in force stays: rules.yml:2:1: E101 x\n" in answer.out


def test_every_key_of_the_picture_is_in_a_section():
    """In just one, or in the head: whoever asks for all sections misses nothing, and nothing is asked for twice."""
    keys = [*HEAD, *(key for section in SECTIONS.values() for key in section.keys)]
    assert sorted(keys) == sorted(field.name for field in msgspec.structs.fields(Picture))


QUEUE = {"name": "push", "size": 7, "latency": 1_000, "threads": 5, "listeners": 1, "busy": 2, "paused": False}


def test_some_parts_can_be_asked_for(ask, leave):
    """Who speaks stands above in any case; the exit code is that of the whole."""
    leave(status=picture(queues=[QUEUE], firing=1, alerts=[ALERT]))
    some = ask("status", "queues", "-c", "config.yml")
    assert some.code == 3
    assert some.out.startswith("No agent is running on this state folder.")
    assert "push" in some.out
    assert "stuck-job" not in some.out
    both = ask("status", "-c", "config.yml", "Alerts", "queues").out
    assert both.index("stuck-job") < both.index("push"), "in the order of the whole"


def test_programs_get_the_keys_of_the_parts(ask, leave):
    """And those of the head."""
    leave(status=picture(queues=[QUEUE], firing=1, alerts=[ALERT]))
    seen = json.loads(ask("status", "queues", "-c", "config.yml", "--json").out)
    assert seen.keys() == {"running", "age_ms", "agent", "mode", "paused", "tracking", "queues"}


@pytest.mark.parametrize(("section", "hint"), [("queue", "did you mean queues?"), ("x\x1b", "it is one of alerts, approvals")])
def test_a_part_that_is_none_is_refused(ask, leave, section, hint):
    """With the nearest one, before anything is shown."""
    leave(status=picture())
    answer = ask("status", section, "-c", "config.yml")
    assert (answer.code, answer.out) == (2, "")
    assert hint in answer.err
    assert answer.err.strip().isprintable()


def test_what_is_printed_fits_its_schema(ask, leave):
    """That of everything that the agent's own picture has, and of one of an earlier version that knows less."""
    checked = Draft202012Validator(json.loads(ask("schema", "status").out))
    for status in (
        picture(queues=[QUEUE], alerts=[ALERT], sources=LOST, units=[UNIT], trace=TRACE),
        {"agent": picture()["agent"], "mode": "act"},
    ):
        leave(status=status)
        assert list(checked.iter_errors(json.loads(ask("status", "-c", "config.yml", "--json").out))) == []
    assert not checked.is_valid({"running": True, "age_ms": 1, "firing": "many"})
