"""Units from their files, as systemd puts them together."""

import pytest

from watchdog.survey.queues import Service, runs_sidekiq, service_of
from watchdog.survey.unit_file import milliseconds, read_unit
from watchdog.survey.unit_folders import UnitFolders

NAME = "mastodon-sidekiq@push-1.service"


def test_lists_grow_and_are_emptied():
    """A later text adds to a list, empties it, or takes the place of a plain value; other sections and comments count for nothing."""
    base = "[Unit]\nUser=nobody\n[Service]\n; comment\nUser=a\nEnvironment=A=1\nEnvironment=B=2\nExecStart=/bin/x\n[Install]\nUser=c\n"
    more = "[Service]\nUser=b\nExecStart=\nExecStart=/bin/y -q z\n"
    found = read_unit("a.service", [base, more])
    assert found.plain == {"User": "b"}
    assert found.lists["Environment"] == ("A=1", "B=2")
    assert found.words == ("/bin/y", "-q", "z")


def test_lines_that_go_on():
    """A backslash joins lines, and a comment between them does not end the command."""
    found = read_unit("a.service", ["[Service]\nExecStart=/usr/bin/bundle exec \\\n# note\n  sidekiq \\\n  -q push\nUser=x\n"])
    assert found.words == ("/usr/bin/bundle", "exec", "sidekiq", "-q", "push")
    assert found.plain == {"User": "x"}


def test_names_in_places():
    """Specifiers of the name are put in; others stay."""
    found = read_unit(NAME, ["[Service]\nExecStart=/bin/s -q %i -g %p -x %% %h\nWorkingDirectory=/srv/%I\n"])
    assert found.words == ("/bin/s", "-q", "push-1", "-g", "mastodon-sidekiq", "-x", "%", "%h")
    assert found.plain["WorkingDirectory"] == "/srv/push/1"


@pytest.mark.parametrize("command", ["-/bin/x", "@/bin/x", "+-/bin/x", "!!/bin/x"])
def test_signs_before_a_command(command):
    """What may stand in front of a command is no part of it."""
    assert read_unit("a.service", [f"[Service]\nExecStart={command}"]).words == ("/bin/x",)


@pytest.mark.parametrize("text", ["", "[Service]\nExecStart=/bin/a\nExecStart=/bin/b\n", "[Service]\nExecStart=/bin/a 'open\n"])
def test_no_command(text):
    """None, several, and one with an open quote are no command that anything could be said of."""
    assert read_unit("a.service", [text]).words == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("15", 15_000), ("1min 30s", 90_000), ("1.5h", 5_400_000), ("500ms", 500), ("infinity", None), ("", None), ("5 parsecs", None)],
)
def test_spans(text, expected):
    """Spans of time as systemd writes them."""
    assert milliseconds(text) == expected


def test_drop_ins_by_folder_and_name(plant):
    """Those of /etc replace those of the same name elsewhere; they hold for the unit, its template, its prefix and all services, in the order of their names."""
    root = plant(
        {
            "/usr/lib/systemd/system/mastodon-sidekiq@.service": "[Service]\nUser=base\nRestart=no\n",
            "/usr/lib/systemd/system/mastodon-sidekiq@.service.d/20.conf": "[Service]\nUser=replaced\n",
            "/etc/systemd/system/mastodon-sidekiq@.service.d/20.conf": "[Service]\nUser=mine\n",
            "/etc/systemd/system/mastodon-.service.d/10.conf": "[Service]\nUser=early\nRestart=always\n",
            f"/etc/systemd/system/{NAME}.d/30.conf": "[Service]\nTimeoutStopSec=9\n",
            "/etc/systemd/system/service.d/05.conf": "[Service]\nTimeoutStopSec=1\nSlice=x\n",
        }
    )
    found = UnitFolders(root, []).read(NAME)
    assert found.plain == {"User": "mine", "Restart": "always", "TimeoutStopSec": "9", "Slice": "x"}


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("bundle exec sidekiq -q push,2 -q pull -c 10", Service(("push", "pull"), 10)),
        ("bundle exec sidekiq -q push", Service(("push",), 7)),
        ("bundle exec sidekiq", Service(("default", "low"), 7, by_file=True)),
        ("bundle exec sidekiq -C other.yml", Service(("default",), None, by_file=True)),
        ("bundle exec sidekiq -C none.yml", None),
        ("bundle exec sidekiq $OPTIONS", None),
        ("bundle exec sidekiq --que x --conc 3", Service(("x",), 3)),
    ],
)
def test_queues(command, expected, plant):
    """From the command line, else from the file of settings; what can't surely be read is not known."""
    root = plant(
        {
            "/app/config/sidekiq.yml": "concurrency: 7\n:queues:\n  - default\n  - [low, 2]\n:other:\n  - nothing\n",
            "/app/config/x.yml": "",
            "/app/other.yml": ":queues:\n<% [1].each do %>\n",
        }
    )
    assert service_of(tuple(command.split()), "/app", root) == expected


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("/usr/bin/bundle exec sidekiq -c 5", True),
        ("/usr/bin/sidekiq $OPTIONS", True),
        ("/usr/bin/bundle exec puma", False),
        ("/bin/sleep 1000", False),
        ("/usr/bin/sidekiq-watchdog run", False),
    ],
)
def test_which_commands_are_sidekiq(command, expected):
    """One that starts Sidekiq, whatever its options are."""
    assert runs_sidekiq(tuple(command.split())) is expected
