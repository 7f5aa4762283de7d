"""A run of a command, as a real process."""

import json
import os
import pwd
import select
import signal

import psutil
import pytest

from tests.unit.commands.conftest import ID
from tests.unit.commands.definitions import GOOD
from tests.unit.commands.hostile import HOSTILE
from watchdog.model.named.handing_over import HEAD, Ended, ended_line, is_id, read_result, request, unit_of


def test_a_run(runs):
    """The very argument list, an environment of its own, its folder; what it said is the agent's to read."""
    runs.hand_over()
    assert runs.run() == (0, "")

    argv, environment, folder = json.loads(runs.recorded.read_text())
    assert argv == [
        "example.social", "--class=ActivityPub::DeliveryWorker", "--queue=ingress", "--jid=4caa72fe18d4b6a0d19e77c3", "--count=5", "--for=90", "--how=fast",
    ]  # fmt: skip
    about = pwd.getpwuid(os.getuid())
    own = {"HOME": about.pw_dir, "USER": about.pw_name, "LOGNAME": about.pw_name, "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
    assert {name: value for name, value in environment.items() if name != "LC_CTYPE"} == {**own, "RAILS_ENV": "production"}
    assert folder == str(runs.spool.parent)
    assert runs.ended() == Ended(0, "", False, 5, b"said\n", b"")


@pytest.mark.parametrize("why", HOSTILE)
def test_hostile_values(runs, why):
    """Whatever the agent was brought to write, the command is not begun; neither journal nor result repeats the value as it was."""
    value = HOSTILE[why]
    runs.hand_over(data=json.dumps({"command": "tell", "arguments": {**GOOD, "domain": value}}).encode())
    status, wrote = runs.run()

    assert status == 65
    assert not runs.recorded.exists()
    told = runs.ended()
    if len(value) < 8_000:
        assert told.refused.startswith("the argument domain of tell is no domain: ")
    assert told.status is None
    assert wrote == f"sidekiq-watchdog-command: tell: {told.refused}\n"
    assert wrote.isascii() or "…" in wrote


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no JSON"),
        (b"\xff", "no JSON"),
        (b"[" * 8000, "no JSON"),
        (b"{" + b" " * 9000, "longer than 8192 bytes"),
        (b"[]", "not made of a command and its arguments"),
        (b'{"command":"tell"}', "not made of a command and its arguments"),
        (b'{"command":"tell","arguments":[]}', "not made of a command and its arguments"),
        (b'{"command":"tell","arguments":{},"argv":["id"]}', "not made of a command and its arguments"),
        (b'{"command":"other","arguments":{}}', "for another command"),
        (b'{"command":["tell"],"arguments":{}}', "for another command"),
        (b'{"command":"tell","command":"tell","arguments":{}}', "no JSON"),
        (b'{"command":"tell","arguments":{"domain":"a.b","domain":"c.d"}}', "no JSON"),
        (request("tell", {**GOOD, "more": "x"}), "tell has no argument more"),
        (request("tell", {"domain": "a.b"}), "the argument class of tell is missing"),
        (json.dumps({"command": "tell", "arguments": {**GOOD, "count": 5}}).encode(), "the argument count of tell is no count: 5"),
        (json.dumps({"command": "tell", "arguments": {**GOOD, "jid": ["x"]}}).encode(), "the argument jid of tell is no jid"),
    ],
)
def test_requests_that_are_none(runs, data, says):
    """Refused, whatever is wrong with it, and told so."""
    runs.hand_over(data=data)

    assert runs.run()[0] == 65
    assert says in runs.ended().refused
    assert not runs.recorded.exists()


def test_once(runs):
    """A second start finds that it has begun, and leaves the result as it is; another run is another matter."""
    runs.hand_over()
    assert runs.run()[0] == 0
    before = (runs.spool / f"{ID}.out").read_bytes()
    assert runs.run() == (75, f"sidekiq-watchdog-command: tell, run {ID}: it was run already\n")
    assert (runs.spool / f"{ID}.out").read_bytes() == before

    runs.recorded.unlink()
    runs.hand_over(run="f" * 32)
    assert runs.run(run="f" * 32)[0] == 0


def test_killed_in_the_middle(runs, tmp_path):
    """Then it is not known how it ended, and it is not begun again."""
    runs.define(f"import os, time; open({str(tmp_path / 'begun')!r}, 'x').close(); os.kill(os.getppid(), 9)")
    runs.hand_over()
    assert runs.run()[0] == -signal.SIGKILL
    (tmp_path / "begun").unlink()

    assert read_result((runs.spool / f"{ID}.out").read_bytes()) == (True, None)
    assert runs.run()[0] == 75
    assert not (tmp_path / "begun").exists()


def test_while_it_runs(runs, tmp_path):
    """A second start beside it does nothing, either."""
    os.mkfifo(tmp_path / "gate")
    runs.define(f"open({str(tmp_path / 'gate')!r}).read()")
    runs.hand_over()
    with runs.begin() as process:
        # Opening it to write waits for the command to read.
        with (tmp_path / "gate").open("w"):
            assert runs.run() == (75, f"sidekiq-watchdog-command: tell, run {ID}: it runs already\n")
        process.communicate()
    assert process.returncode == 0


def test_told_to_end(runs, tmp_path):
    """As systemd does at the timeout: what it said until then is kept, and that it was cut."""
    os.mkfifo(tmp_path / "gate")
    runs.define(f"print('on it', flush=True); open({str(tmp_path / 'gate')!r}).read()")
    runs.hand_over()
    with runs.begin() as process, (tmp_path / "gate").open("w"):
        process.terminate()
        process.communicate()
    assert process.returncode == 128 + signal.SIGTERM
    assert runs.ended() == Ended(-signal.SIGTERM, "", True, 6, b"on it\n", b"")


def test_told_to_end_together(runs):
    """First the program is told to, then at once the command, as systemd does; the end of the command is seen before that word is heard, and still it was cut."""
    runs.define("import os, signal as s; p = os.getppid(); os.kill(p, s.SIGSTOP); os.kill(p, s.SIGTERM); os.kill(os.getpid(), s.SIGTERM)")
    runs.hand_over()
    with runs.begin() as process:
        assert os.WIFSTOPPED(os.waitpid(process.pid, os.WUNTRACED)[1])
        (command,) = psutil.Process(process.pid).children()
        with os.fdopen(os.pidfd_open(command.pid)) as end:
            select.select([end], [], [])
        process.send_signal(signal.SIGCONT)
        process.communicate()
    assert (runs.ended().status, runs.ended().cut) == (-signal.SIGTERM, True)


def test_much_output(runs):
    """Of more than can be kept the beginning and the end are, from both of its outputs."""
    runs.define("import sys; sys.stderr.write('a' * 40000); sys.stderr.flush(); sys.stdout.write('b' * 400000 + 'end')")
    runs.hand_over()
    assert runs.run()[0] == 0

    ended = runs.ended()
    assert (ended.size, ended.head, len(ended.tail)) == (440_003, b"a" * HEAD, HEAD)
    assert ended.tail.endswith(b"bend")


def test_bytes_that_are_no_text(runs):
    """They are kept as they are."""
    runs.define("import sys; sys.stdout.buffer.write(bytes(range(256)))")
    runs.hand_over()
    runs.run()
    assert runs.ended().head == bytes(range(256))


def test_what_it_leaves_behind(runs, tmp_path):
    """A process that goes on and holds the output is not waited for: systemd ends it with the unit."""
    os.mkfifo(tmp_path / "gate")
    runs.define(f"import os\nprint('done', flush=True)\nif not os.fork():\n    open({str(tmp_path / 'gate')!r}).read()")
    runs.hand_over()
    with runs.begin() as process:
        assert process.wait() == 0
        (tmp_path / "gate").open("w").close()
        process.communicate()
    assert runs.ended() == Ended(0, "", False, 5, b"done\n", b"")


def test_the_exit_status(runs):
    """That of the command; of one that a signal ended, as a shell says it."""
    runs.define("import sys; sys.exit(3)")
    runs.hand_over()
    assert (runs.run()[0], runs.ended().status) == (3, 3)

    runs.define("import os; os.kill(os.getpid(), 9)")
    runs.hand_over(run="f" * 32)
    assert (runs.run(run="f" * 32)[0], runs.ended("f" * 32).status) == (137, -9)


def test_no_such_program(runs):
    """It says so."""
    runs.hand_over()
    (runs.config.with_name("tell")).unlink()
    assert runs.run()[0] == 65
    assert runs.ended().refused == "it could not be started: No such file or directory"


@pytest.mark.parametrize("run", ["", "x", "../" + "0" * 29, "0" * 31, "0" * 33, "A" * 32, "0" * 32 + "\n", "%i", "-" * 32])
def test_names_of_runs(runs, run):
    """Nothing but 32 hexadecimal digits, so that no path and no other unit comes of it."""
    assert not is_id(run)
    assert runs.run(run=run) == (65, "sidekiq-watchdog-command: tell: the run is named by 32 hexadecimal digits\n")


def test_no_such_command(runs):
    """What root has not named is not run."""
    runs.hand_over()
    assert runs.run(name="sh") == (65, "sidekiq-watchdog-command: there is no such command in commands.toml\n")


def _as_a_link(runs, name):
    path = runs.spool / name
    path.rename(runs.spool / "elsewhere")
    path.symlink_to("elsewhere")


def _as_a_second_name(runs, name):
    (runs.spool / "elsewhere").hardlink_to(runs.spool / name)


def _as_a_pipe(runs, name):
    (runs.spool / name).unlink()
    os.mkfifo(runs.spool / name)


def _open_to_all(runs, name):
    (runs.spool / name).chmod(0o666)


def _gone(runs, name):
    (runs.spool / name).unlink()


@pytest.mark.parametrize("spoil", [_as_a_link, _as_a_second_name, _as_a_pipe, _open_to_all, _gone])
@pytest.mark.parametrize("name", [f"{ID}.json", f"{ID}.out"])
def test_files_that_are_not_the_agents(runs, spoil, name):
    """A link, a second name, a pipe, what others can write to, or nothing: refused, and nothing is begun."""
    runs.hand_over()
    spoil(runs, name)
    status, wrote = runs.run()

    assert status == 65
    assert name in wrote
    assert not runs.recorded.exists()


def test_a_folder_that_others_write_to(runs):
    """There anybody could have put the files."""
    runs.hand_over()
    runs.spool.chmod(0o777)
    assert runs.run() == (65, f"sidekiq-watchdog-command: tell: {runs.spool} can be written by others than the agent\n")


def test_what_the_agent_reads_of_it():
    """Whatever stands in the result, the agent understands it or says that it is not known."""
    ended = Ended(3, "", True, 9, b"\xff", b"end")
    assert read_result(b'{"begun":true}\n' + ended_line(ended)) == (True, ended)
    assert read_result(b"") == (False, None)
    line = ended_line(ended)
    broken = (
        b"",
        b"{",
        b"[]",
        b'{"ended":5}',
        b'{"ended":{"status":"0"}}',
        b"[" * 60_000,
        line.replace(b"/w==", b"/w="),
        line.replace(b":3,", b':"3",'),
    )
    for rest in broken:
        assert read_result(b'{"begun":true}\n' + rest) == (True, None)


def test_names_of_units():
    """The template, and a run of it."""
    assert unit_of("a-b") == "sidekiq-watchdog-run-a-b@.service"
    assert unit_of("a-b", ID) == f"sidekiq-watchdog-run-a-b@{ID}.service"
