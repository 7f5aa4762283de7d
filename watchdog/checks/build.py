"""From the settings of the config to what is tried. The counterpart of the table `model.checks`; a test proves that both know the same types."""

from collections.abc import Callable
from typing import Any, Final

from watchdog.checks.attempt import Attempt
from watchdog.checks.command import ProgramCheck
from watchdog.checks.http import Http
from watchdog.checks.postgres import Postgres, Server
from watchdog.checks.tcp import Tcp
from watchdog.rulefile.checks import CheckSettings, host_and_port, words_of_command


def build(settings: CheckSettings) -> Attempt:
    """What tries this check, once for each call."""
    return BUILDERS[settings.type](settings.values)


def _postgres(values: dict[str, Any]) -> Attempt:
    return Postgres(
        Server(
            host=values["host"],
            port=int(values["port"]),
            database=values["database"],
            user=values["user"],
            password=values.get("password", ""),
            tls=values["tls"],
        )
    )


def _http(values: dict[str, Any]) -> Attempt:
    return Http(values["url"], int(values["status"]) if "status" in values else None)


def _tcp(values: dict[str, Any]) -> Attempt:
    where = host_and_port(values["address"])
    assert where is not None  # the reader saw to it
    return Tcp(*where)


def _command(values: dict[str, Any]) -> Attempt:
    return ProgramCheck(words_of_command(values["command"]), values.get("user"))


BUILDERS: Final[dict[str, Callable[[dict[str, Any]], Attempt]]] = {"postgres": _postgres, "http": _http, "tcp": _tcp, "command": _command}
"""Type → what makes one of its settings."""
