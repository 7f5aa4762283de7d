"""The manual page, from what the commands say of themselves under `--help`."""

import time
from collections.abc import Iterator
from typing import Any, Final

_FILES: Final = (
    ("/etc/sidekiq-watchdog/config.yml", "the config; init writes one, /usr/share/doc/sidekiq-watchdog/examples has one with all keys"),
    ("/etc/sidekiq-watchdog/commands.toml", "the commands that rules may have run; sidekiq-watchdog-command install makes a unit of each"),
    ("/etc/sidekiq-watchdog/inspect.toml", "what sidekiq-watchdog-inspect may read, and for whom"),
    ("/var/lib/sidekiq-watchdog", "what the agent remembers: audit trail, incidents, quarantine, trace"),
    ("/var/lib/sidekiq-watchdog/pause", "while this file is there nothing is done; its first line is the reason"),
)


def manual(command: Any, name: str, version: str, *, epoch: int) -> str:
    """The page in roff."""
    date = time.strftime("%Y-%m-%d", time.gmtime(epoch))
    summary, _, rest = (command.help or "").partition("\n\n")
    lines = (
        f'.TH {name.upper()} 1 "{date}" "{version}" "{name}"',
        ".SH NAME",
        f"{name} \\- {_escaped(summary[0].lower() + summary[1:].rstrip('.'))}",
        ".SH SYNOPSIS",
        f".B {name}",
        "COMMAND [OPTION]...",
        ".SH DESCRIPTION",
        _escaped(rest),
        ".SH COMMANDS",
        *_commands(command, ()),
        ".SH FILES",
        *(line for path, what in _FILES for line in (".TP", f".I {_escaped(path)}", _escaped(what))),
        ".SH SEE ALSO",
        "/usr/share/doc/sidekiq-watchdog",
    )
    return "\n".join(lines) + "\n"


def _commands(group: Any, above: tuple[str, ...]) -> Iterator[str]:
    for name, command in sorted(group.commands.items()):
        words = (*above, name)
        if hasattr(command, "commands"):
            yield from _commands(command, words)
            continue
        arguments = " ".join(one.make_metavar(_context(command)) for one in command.params if one.param_type_name == "argument")
        yield from (f'.SS "{_escaped(" ".join((*words, arguments))).strip()}"', *_paragraphs(command.help or ""))
        for parameter in command.params:
            if parameter.param_type_name == "option" and not parameter.hidden:
                record = parameter.get_help_record(_context(command))
                if record is not None:
                    yield from (".TP", f".B {_escaped(record[0])}", _escaped(record[1]))


def _context(command: Any) -> Any:
    return command.context_class(command, info_name=command.name)


def _paragraphs(text: str) -> Iterator[str]:
    for place, paragraph in enumerate(text.split("\n\n")):
        if place:
            yield ".PP"
        yield _escaped(" ".join(paragraph.split()))


def _escaped(text: str) -> str:
    """As roff takes it for what it is: a dot or a quote at the beginning of a line is a command."""
    flat = text.replace("\\", "\\e").replace("-", "\\-").replace("\n", " ")
    return f"\\&{flat}" if flat[:1] in (".", "'") else flat
