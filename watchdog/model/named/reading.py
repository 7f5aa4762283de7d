"""
commands.toml as text: the one definition of every command, for root's side and for the agent's.

Everything that is not understood is refused, with the place and what is right.
"""

import re
from typing import Any, Final, NamedTuple

from watchdog.model.named.arguments import MOST_COUNT, TYPES, Bounds, can_be_chosen
from watchdog.model.named.definitions import Argument, Definition, place_in

PLACE: Final = "/etc/sidekiq-watchdog/commands.toml"
AGENT: Final = "sidekiq-watchdog"
"""The user that the agent runs as, where the file does not say."""
LONGEST_TIMEOUT: Final = 86_400

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*\Z", re.ASCII)
_ARGUMENT: Final = re.compile(r"[a-z][a-z0-9_]{0,31}\Z", re.ASCII)
_USER: Final = re.compile(r"[a-z_][a-z0-9_-]{0,31}\Z", re.ASCII)
_PATH: Final = re.compile(r"(?:/(?!\.\.?(?:/|\Z))[A-Za-z0-9._+@-]+)+\Z", re.ASCII)
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z", re.ASCII)
_OPTION: Final = re.compile(r"(?:--?[A-Za-z0-9][A-Za-z0-9_-]*=)?\{([^{}]*)\}\Z", re.ASCII)
_TIME: Final = re.compile(r"([1-9][0-9]{0,5})(s|m|h)\Z", re.ASCII)
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}
_KEYS: Final = ("agent", "commands")
_OF_A_COMMAND: Final = ("summary", "user", "directory", "environment", "argv", "timeout", "arguments")
_OF_AN_ARGUMENT: Final = ("type", "least", "most", "choices")


class DefinitionError(Exception):
    """The definitions can't be used; the text names the file, the place in it, and what is right."""


class Definitions(NamedTuple):
    """All of them by name, and the user that the agent runs as."""

    agent: str
    commands: dict[str, Definition]


def parse(text: bytes, name: str) -> Definitions:
    """Read the text; `name` is that of its file. Raises `DefinitionError`."""
    import tomllib  # the path alone is known to many who never read the file

    try:
        said = tomllib.loads(text.decode())
    except ValueError as error:
        raise DefinitionError(f"{name} is no TOML: {error}") from error
    except RecursionError as error:
        raise DefinitionError(f"{name} is no TOML: it is nested too deeply") from error
    _known(said, _KEYS, name)
    agent = said.get("agent", AGENT)
    if not isinstance(agent, str) or not _USER.match(agent):
        raise DefinitionError(f"{name}: agent is the name of the user that the agent runs as, not {agent!r}")
    return Definitions(
        agent, {key: _command(key, value, f"{name}: commands.{key}") for key, value in _table(said, "commands", name).items()}
    )


def _command(name: str, said: Any, place: str) -> Definition:
    if not _NAME.match(name) or len(name) > 40:
        raise DefinitionError(f"{place}: a command is named by small letters, digits and single hyphens, 40 at most, as in refresh-domain")
    if not isinstance(said, dict):
        raise DefinitionError(f"{place} is a table: [commands.{name}]")
    _known(said, _OF_A_COMMAND, place)
    arguments = {key: _argument(key, value, f"{place}.arguments.{key}") for key, value in _table(said, "arguments", place).items()}
    user = said.get("user")
    if not isinstance(user, str) or not _USER.match(user):
        raise DefinitionError(f'{place}: user is missing, or no name of a user: as in user = "mastodon"')
    directory = said.get("directory", "/")
    if directory != "/" and not (isinstance(directory, str) and _PATH.match(directory)):
        raise DefinitionError(f"{place}: directory is a whole path of letters, digits and . _ + @ -, without `..`")
    summary = said.get("summary", "")
    if not isinstance(summary, str) or not summary.isprintable():
        raise DefinitionError(f"{place}: summary is one line of text")
    return Definition(
        name, user, _argv(said, arguments, place), directory, _timeout(said, place), _environment(said, place), arguments, summary
    )


def _argv(said: dict[str, Any], arguments: dict[str, Argument], place: str) -> tuple[str, ...]:
    argv = said.get("argv")
    if not isinstance(argv, list) or not argv or not all(isinstance(word, str) for word in argv):
        raise DefinitionError(f'{place}: argv is missing, or no list of texts: as in argv = ["/usr/bin/env", "--domain={{domain}}"]')
    if not _PATH.match(argv[0]):
        raise DefinitionError(f"{place}: argv begins with the whole path of a program, without `..` and without an argument in it")
    named: list[str] = []
    for word in argv[1:]:
        if "\0" in word:
            raise DefinitionError(f"{place}: argv: a word holds a NUL")
        if "{" not in word and "}" not in word:
            continue
        found = _OPTION.match(word)
        if found is None:
            raise DefinitionError(
                f"{place}: argv: {word!r}: an argument stands alone, as in {{domain}}, or after an option, as in --domain={{domain}}"
            )
        if found[1] not in arguments:
            raise DefinitionError(
                f"{place}: argv: {{{found[1]}}} is none of its arguments: [{place.partition(': ')[2]}.arguments] says their types"
            )
        named.append(place_in(word)[1])
    if unused := [name for name in arguments if name not in named]:
        raise DefinitionError(f"{place}: argv has no place for its argument {unused[0]}")
    return tuple(argv)


def _argument(name: str, said: Any, place: str) -> Argument:
    if not _ARGUMENT.match(name):
        raise DefinitionError(f"{place}: an argument is named by small letters, digits and _")
    if not isinstance(said, dict):
        raise DefinitionError(f'{place} is a table: {name} = {{ type = "domain" }}')
    _known(said, _OF_AN_ARGUMENT, place)
    kind = said.get("type")
    if not isinstance(kind, str) or kind not in TYPES:
        raise DefinitionError(f"{place}: type is one of {', '.join(TYPES)}")
    for key in ("least", "most"):
        if key in said and (not TYPES[kind].bounded or type(said[key]) is not int or not 0 <= said[key] <= MOST_COUNT):
            raise DefinitionError(f"{place}: {key} is a whole number up to {MOST_COUNT}, and for a count or a duration only")
    least, most = said.get("least", 0), said.get("most", MOST_COUNT)
    if least > most:
        raise DefinitionError(f"{place}: least is more than most")
    choices = said.get("choices", [])
    if (kind == "choice") != bool(choices) or not isinstance(choices, list):
        raise DefinitionError(f"{place}: choices is a list of texts, and for a choice only: there it must be said")
    for choice in choices:
        if not can_be_chosen(choice):
            raise DefinitionError(
                f"{place}: choices: {choice!r} may not be chosen: letters, digits and . _ = : , @ + -, the first a letter or a digit"
            )
    return Argument(kind, Bounds(least, most, tuple(choices)))


def _timeout(said: dict[str, Any], place: str) -> int:
    timeout = said.get("timeout", "5m")
    found = _TIME.match(timeout) if isinstance(timeout, str) else None
    if found is None or not 0 < (seconds := int(found[1]) * _SECONDS[found[2]]) <= LONGEST_TIMEOUT:
        raise DefinitionError(f'{place}: timeout is a time up to a day, as in timeout = "90s", "5m" or "1h"')
    return seconds


def _environment(said: dict[str, Any], place: str) -> dict[str, str]:
    environment = _table(said, "environment", place)
    for key, value in environment.items():
        if not _VARIABLE.match(key) or not isinstance(value, str) or "\0" in value:
            raise DefinitionError(
                f'{place}: environment holds texts by names of variables, as in environment = {{ RAILS_ENV = "production" }}'
            )
    return environment


def _table(said: dict[str, Any], key: str, place: str) -> dict[str, Any]:
    table = said.get(key, {})
    if not isinstance(table, dict):
        raise DefinitionError(f"{place}: {key} is a table")
    return table


def _known(said: dict[str, Any], keys: tuple[str, ...], place: str) -> None:
    for key in said:
        if key not in keys:
            raise DefinitionError(f"{place}: nothing is called {key!r}; there are {', '.join(keys)}")
