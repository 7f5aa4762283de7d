"""commands.toml."""

from pathlib import Path

import pytest

from tests.unit.commands.definitions import definitions
from watchdog.model.actions_on_peers import COMMANDS
from watchdog.model.named.arguments import Bounds
from watchdog.model.named.definitions import Argument, Definition
from watchdog.model.named.reading import DefinitionError, parse

SHIPPED = Path(__file__).parents[3] / "packaging/commands.toml"
ONE = '[commands.a]\nuser = "u"\nargv = ["/bin/a"]\n'


def test_everything_that_can_be_said():
    """It is what it says."""
    read = definitions()

    assert read.agent == "watcher"
    tell = read.commands["tell"]
    assert (tell.name, tell.user, tell.directory, tell.timeout, tell.environment) == (
        "tell",
        "worker",
        "/srv",
        90,
        {"RAILS_ENV": "production"},
    )
    assert tell.arguments["count"] == Argument("count", Bounds(1, 5))
    assert tell.arguments["how"] == Argument("choice", Bounds(choices=("fast", "slow")))


def test_the_least_that_can_be_said():
    """A user and an argument list; five minutes."""
    assert parse(ONE.encode(), "x").commands == {"a": Definition("a", "u", ("/bin/a",), "/", 300, {}, {})}
    assert parse(b"", "x").commands == {}


def test_the_file_that_is_shipped():
    """It is sound, and runs Mastodon's own programs as Mastodon's user with a server's name, or a word of a list, and nothing else from outside, which is never a part of any code."""
    commands = parse(SHIPPED.read_bytes(), "commands.toml").commands

    assert {*COMMANDS.values()} < {*commands}
    for command in commands.values():
        assert (command.user, command.argv[0].rpartition("/")[0]) == ("mastodon", "/home/mastodon/live/bin")
        assert {argument.kind for argument in command.arguments.values()} <= {"domain", "choice"}
        given = [word for word in command.argv if "{" in word]
        assert given in (
            [],
            *([f"{{{argument}}}"] for argument in command.arguments),
            *([f"--{argument}={{{argument}}}"] for argument in command.arguments),
        )
        assert len(given) == len(command.arguments)
        assert "RAILS_ENV" in command.environment


def test_no_command_that_is_shipped_deletes():
    """Of tootctl only what counts, fetches or builds again."""
    commands = parse(SHIPPED.read_bytes(), "commands.toml").commands
    harmless = {("accounts", "refresh"), ("cache", "recount"), ("feeds", "build")}

    assert {command.argv[1:3] for command in commands.values() if command.argv[0].endswith("/tootctl")} == harmless


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = ", "f: is no TOML"),
        ("\udcff", "f: is no TOML"),
        ("[" * 5000, "f: is no TOML"),
        ("x = 1", "nothing is called 'x'; there are agent, commands"),
        ("agent = 5", "agent is the name of the user"),
        ('agent = "a b"', "agent is the name of the user"),
        ("commands = 5", "commands is a table"),
        ("[commands]\na = 5", "commands.a is a table"),
        (ONE.replace("commands.a", "commands.A"), "a command is named by small letters"),
        (ONE.replace("commands.a", 'commands."a@b"'), "a command is named by small letters"),
        (ONE.replace("commands.a", 'commands."a--b"'), "a command is named by small letters"),
        (ONE.replace("commands.a", 'commands."-a"'), "a command is named by small letters"),
        (ONE.replace("commands.a", f"commands.{'a' * 41}"), "a command is named by small letters"),
        (ONE + "shell = true", "nothing is called 'shell'"),
        (ONE.replace('"u"', '"root\\nExecStart=/bin/sh"'), "user is missing, or no name of a user"),
        (ONE.replace('user = "u"\n', ""), "user is missing"),
        (ONE + 'directory = "/a/../b"', "directory is a whole path"),
        (ONE + 'directory = "/a\\nUser=root"', "directory is a whole path"),
        (ONE + 'directory = "/%h"', "directory is a whole path"),
        (ONE + "summary = 5", "summary is one line"),
        (ONE + 'summary = "a\\nb"', "summary is one line"),
        (ONE.replace('["/bin/a"]', '"/bin/a"'), "argv is missing, or no list"),
        (ONE.replace('["/bin/a"]', "[]"), "argv is missing, or no list"),
        (ONE.replace('["/bin/a"]', '["/bin/a", 5]'), "argv is missing, or no list"),
        (ONE.replace('"/bin/a"', '"a"'), "argv begins with the whole path"),
        (ONE.replace('"/bin/a"', '"/bin/../a"'), "argv begins with the whole path"),
        (ONE.replace('"/bin/a"', '"/bin/{x}"'), "argv begins with the whole path"),
        (ONE.replace('["/bin/a"]', '["/bin/a", "\\u0000"]'), "a word holds a NUL"),
        (ONE.replace('["/bin/a"]', '["/bin/a", "x{a}"]'), "an argument stands alone"),
        (ONE.replace('["/bin/a"]', '["/bin/a", "{a}{b}"]'), "an argument stands alone"),
        (ONE.replace('["/bin/a"]', '["/bin/a", "--{a}=x"]'), "an argument stands alone"),
        (ONE.replace('["/bin/a"]', '["/bin/a", "--eval=$({a})"]'), "an argument stands alone"),
        (ONE.replace('["/bin/a"]', '["/bin/a", "}"]'), "an argument stands alone"),
        (ONE.replace('["/bin/a"]', '["/bin/a", "{a}"]'), "{a} is none of its arguments: [commands.a.arguments] says"),
        (ONE + 'arguments = { a = { type = "domain" } }', "argv has no place for its argument a"),
        (ONE + "arguments = { a = 5 }", "arguments.a is a table"),
        (ONE + 'arguments = { A = { type = "domain" } }', "an argument is named by small letters"),
        (ONE + 'arguments = { a = { type = "text" } }', "type is one of domain, class"),
        (ONE + "arguments = { a = { type = [] } }", "type is one of domain, class"),
        (ONE + 'arguments = { a = { type = "domain", least = 1 } }', "least is a whole number"),
        (ONE + 'arguments = { a = { type = "count", most = -1 } }', "most is a whole number"),
        (ONE + 'arguments = { a = { type = "count", most = true } }', "most is a whole number"),
        (ONE + 'arguments = { a = { type = "count", least = 5, most = 4 } }', "least is more than most"),
        (ONE + 'arguments = { a = { type = "choice" } }', "choices is a list of texts"),
        (ONE + 'arguments = { a = { type = "choice", choices = "x" } }', "choices is a list of texts"),
        (ONE + 'arguments = { a = { type = "domain", choices = ["x"] } }', "choices is a list of texts"),
        (ONE + 'arguments = { a = { type = "choice", choices = ["-x"] } }', "'-x' may not be chosen"),
        (ONE + "timeout = 5", "timeout is a time up to a day"),
        (ONE + 'timeout = "0s"', "timeout is a time up to a day"),
        (ONE + 'timeout = "25h"', "timeout is a time up to a day"),
        (ONE + "environment = { A = 5 }", "environment holds texts"),
        (ONE + 'environment = { "A=B" = "x" }', "environment holds texts"),
        (ONE + 'environment = { A = "\\u0000" }', "environment holds texts"),
    ],
)
def test_mistakes(text, says):
    """Each is refused with its place and what is right."""
    with pytest.raises(DefinitionError) as error:
        parse(text.encode(errors="surrogateescape"), "f")
    assert says.removeprefix("f: ") in str(error.value)
    assert str(error.value).startswith("f")
