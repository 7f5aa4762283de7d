"""
The checks of the config file: name → type and settings, tested against the table of `model.checks`.

The counterpart of `checks/`, which tries them. Passwords are never quoted.
"""

import shlex
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from watchdog.errors import Span
from watchdog.lang.display import display
from watchdog.model.checks import BY_TYPE
from watchdog.model.kinds import Type
from watchdog.rulefile.findings import Findings
from watchdog.rulefile.nodes import Node
from watchdog.rulefile.secrets import SecretRef
from watchdog.rulefile.typed import Section, read_typed
from watchdog.rulefile.values import Value

SECTION: Final = "checks"
_SECTION: Final = Section(SECTION, "check", BY_TYPE, bad_name="E514", bad_type="E515")
_BOUNDS: Final = {"every": (1_000, 86_400_000), "timeout": (100, 60_000)}
"""Setting → the least and the most that it can be, in milliseconds."""
_GREATEST_PORT: Final = 65_535


class CheckSettings(msgspec.Struct, frozen=True):
    """
    One check.

    `values` has every setting of its type by name, defaults filled in, in the units of `Form`; one without default that was not written
    is absent. `span` is where it is declared. A password is among the values, so they are never shown.
    """

    name: str
    type: str
    values: dict[str, Value]
    span: Span

    def __repr__(self) -> str:
        return f"CheckSettings({self.name!r}, {self.type!r}, {sorted(self.values)})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("name", self.name), ("type", self.type), ("values", sorted(self.values))]


def read_checks(node: Node, secrets: list[SecretRef], bare: list[Span], findings: Findings) -> dict[str, CheckSettings]:
    """The checks by name. References are added to `secrets`, the places of passwords that are written out to `bare`."""
    checks = {}
    for one in read_typed(node, _SECTION, secrets, bare, findings):
        for setting, value in one.values.items():
            # A default is right; it has no place either.
            if setting in one.written:
                _judge(setting, value, one.written[setting].span, findings)
        checks[one.name] = CheckSettings(one.name, one.spec.type, one.values, one.span)
    return checks


def words_of_command(command: str) -> list[str]:
    """The program and its arguments; raises ValueError where a quote is not closed."""
    return shlex.split(command)


def host_and_port(address: str) -> tuple[str, int] | None:
    """Of `HOST:PORT` or `[ADDRESS]:PORT`; None if it is neither."""
    try:
        parts = urlsplit(f"//{address}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    plain = parts.path == parts.query == parts.fragment == "" and parts.username is None and not any(char.isspace() for char in address)
    return (host, port) if host and port and plain else None


def _judge(setting: str, value: Value, span: Span, findings: Findings) -> None:
    match setting, value:
        case (("every" | "timeout"), int()):
            least, most = _BOUNDS[setting]
            if not least <= value <= most:
                limits = f"between {display(least, Type.DURATION)} and {display(most, Type.DURATION)}"
                findings.add(
                    "E125", span, f"'{setting}' must lie {limits}", hint=f"for instance {setting}: {'10s' if setting == 'every' else '5s'}"
                )
        case "port", int() | float() if not 1 <= value <= _GREATEST_PORT or value != int(value):
            findings.add("E125", span, "'port' must lie between 1 and 65535", hint="for instance port: 5432")
        case "status", int() | float() if not 100 <= value <= 599 or value != int(value):
            findings.add("E125", span, "'status' must lie between 100 and 599", hint="for instance status: 200")
        case "address", str() if host_and_port(value) is None:
            findings.add("E516", span, "'address' is no HOST:PORT", hint="for instance 127.0.0.1:9200")
        case "command", str():
            _judge_command(value, span, findings)
        case _:
            pass


def _judge_command(command: str, span: Span, findings: Findings) -> None:
    try:
        words = words_of_command(command)
    except ValueError:
        words = []
    if not words:
        findings.add(
            "E516",
            span,
            "'command' can't be taken apart: a quote is not closed",
            hint="put an argument with blanks into one pair of quotes",
        )
    elif not words[0].startswith("/") or "\0" in command:
        findings.add("E516", span, "'command' must begin with a whole path", hint="for instance /usr/local/sbin/check-storage")
