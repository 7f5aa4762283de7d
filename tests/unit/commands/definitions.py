"""Definitions for tests: one command with an argument of each type."""

from typing import Final

from watchdog.model.named.reading import Definitions, parse

TEXT: Final = """\
agent = "watcher"
[commands.tell]
user = "worker"
directory = "/srv"
environment = {{ RAILS_ENV = "production" }}
argv = [{argv}, "{{domain}}", "--class={{class}}", "--queue={{queue}}", "--jid={{jid}}", "--count={{count}}", "--for={{wait}}", "--how={{how}}"]
timeout = "90s"
[commands.tell.arguments]
domain = {{ type = "domain" }}
class = {{ type = "class" }}
queue = {{ type = "queue" }}
jid = {{ type = "jid" }}
count = {{ type = "count", least = 1, most = 5 }}
wait = {{ type = "duration", most = 3600 }}
how = {{ type = "choice", choices = ["fast", "slow"] }}
"""
GOOD: Final = {
    "domain": "example.social",
    "class": "ActivityPub::DeliveryWorker",
    "queue": "ingress",
    "jid": "4caa72fe18d4b6a0d19e77c3",
    "count": "5",
    "wait": "90",
    "how": "fast",
}
TYPE_OF: Final = {name: {"wait": "duration", "how": "choice"}.get(name, name) for name in GOOD}
"""Argument → its type."""


def definitions(argv: str = '"/usr/bin/tell"') -> Definitions:
    """As if it were the file; `argv` is how the argument list begins, in TOML."""
    return parse(TEXT.format(argv=argv).encode(), "commands.toml")
