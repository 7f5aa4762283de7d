"""The command line as a whole: which commands there are, and what holds for all of them."""

from typing import Annotated, Any, Final

import typer
from typer.main import get_command

from watchdog import __version__
from watchdog.cli import NAME
from watchdog.cli.ack import ack
from watchdog.cli.adopt import adopt
from watchdog.cli.approve import approve, deny
from watchdog.cli.arm import arm
from watchdog.cli.audit import audit
from watchdog.cli.changes import changes
from watchdog.cli.check import check
from watchdog.cli.command import Command
from watchdog.cli.demo import demo
from watchdog.cli.doctor import doctor
from watchdog.cli.evidence import evidence
from watchdog.cli.incident import close, go_on
from watchdog.cli.incidents import incidents
from watchdog.cli.init import init
from watchdog.cli.log import log
from watchdog.cli.notify import NOTIFY
from watchdog.cli.pause import pause, resume
from watchdog.cli.quarantine import QUARANTINE
from watchdog.cli.recover import recover
from watchdog.cli.replay import replay
from watchdog.cli.restart import restart
from watchdog.cli.run import run
from watchdog.cli.schema import schema
from watchdog.cli.silence import silence
from watchdog.cli.status import status
from watchdog.cli.test import test
from watchdog.cli.top.command import top
from watchdog.cli.why import why

_IN_SHORT: Final = {
    init: "Look at this machine and write a config for it.",
    doctor: "Say what the agent lacks, and how to mend it.",
    check: "Check config and rules; show all that is wrong, and where.",
    test: "Run the tests of rules; show what differs.",
    replay: "Play what was recorded through these rules, or others.",
    schema: "Print the JSON Schema of a file, a webhook, status or the API.",
    log: "Show which jobs run in a process, or ran at its end.",
    incidents: "Show what was done about which alert, and why.",
    recover: "End a process without losing a job.",
    restart: "Restart services of Sidekiq without losing a job.",
    why: "Say why a rule says what it says of something.",
    top: "Watch it all live in a terminal.",
    arm: "Say how far a rule goes: observe, dry-run, ask or act.",
    adopt: "Let an agent act again that does not trust its memory.",
    approve: "Say yes to what the agent asks.",
    deny: "Say no to what the agent asks.",
    pause: "Keep the agent from doing anything for a time.",
    resume: "End a pause before its time.",
    ack: "Say that you have seen an alert.",
    close: "End an incident as handled by hand.",
    go_on: "Try at once what is held half-way.",
}
"""In the list of commands, where the first sentence of the whole help has no room."""
APP = typer.Typer(
    name=NAME,
    add_completion=False,
    context_settings={"help_option_names": ["--help", "-h"]},
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for _function in (
    run,
    demo,
    init,
    doctor,
    check,
    test,
    replay,
    schema,
    status,
    top,
    why,
    changes,
    log,
    audit,
    incidents,
    evidence,
    recover,
    restart,
    arm,
    adopt,
    approve,
    deny,
):
    APP.command(cls=Command, short_help=_IN_SHORT.get(_function))(_function)
for _word in (pause, resume, silence, ack, close):
    APP.command(cls=Command, short_help=_IN_SHORT.get(_word))(_word)
APP.command("go-on", cls=Command, short_help=_IN_SHORT[go_on])(go_on)
APP.add_typer(NOTIFY)
APP.add_typer(QUARANTINE)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"{NAME} {__version__}")
        raise typer.Exit


@APP.callback()
def _all(
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True)] = False,
) -> None:
    """
    Watches Sidekiq, repairs what is stuck while its people sleep, and says why.

    Exit codes: 0 fine, 1 findings, 2 usage or config, 3 no agent to be reached.
    """


def command() -> Any:
    """What `main` calls: the framework's command, without its handling of tracebacks."""
    return get_command(APP)
