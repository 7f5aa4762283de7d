"""`init`: looks at this machine and writes a config for what it finds."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from watchdog.cli.exits import Exit
from watchdog.cli.options import DEFAULT_CONFIG, JsonOption

if TYPE_CHECKING:
    from watchdog.survey.config_text import Text
    from watchdog.survey.survey import Survey

_STATE: Final = "/var/lib/sidekiq-watchdog"
_NAME: Final = DEFAULT_CONFIG.name


def init(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="The folder to write into; it is made if it is not there.")
    ] = DEFAULT_CONFIG.parent,
    only_print: Annotated[
        bool, typer.Option("--print", help="Print the config and write nothing; what is to be said goes to standard error.")
    ] = False,
    application: Annotated[
        str | None,
        typer.Option(
            "--application", metavar="DIR", help="The folder of the application, where no service leads to it.", show_default=False
        ),
    ] = None,
    root: Annotated[Path, typer.Option("--root", metavar="DIR", help="Look at the system whose files lie there.")] = Path("/"),
    as_json: JsonOption = False,
) -> int:
    """
    Look at this machine and write a config for what is found: services, queues, Redis, database, rules; in dry-run.

    It reads units of systemd, Mastodon's .env.production and the processes, connects to Redis once, and changes nothing but the folder that it writes into. A file that is there is never
    overwritten. A password goes into a file of its own beside the config, and is never shown. As root it sees everything; another user is told what it could not read. Ends with 0 where Redis answered with Sidekiq in it; with 1 where it did not
    (the config is written all the same), or where there is no sign of Sidekiq (nothing is written then); with 2 where it can't write.
    """
    import asyncio

    from watchdog.cli.init_view import plain_survey, show_nothing, show_remarks, show_survey, show_text
    from watchdog.cli.output import errors, say_json
    from watchdog.cli.output import output as standard_output
    from watchdog.survey.judging import judge
    from watchdog.survey.remarks import remark
    from watchdog.survey.writing import GROUP, NotWrittenError, lacks_group, taken, write_all

    path = output / _NAME
    if not only_print and taken(path):
        raise NotWrittenError(f"{path} is there already, and nothing is ever overwritten: see what would be written with --print")
    found, text = asyncio.run(_look(root, application, _STATE if output.absolute().is_relative_to("/etc") else "state"))
    remarks = judge(found, str(path))
    if lacks_group():
        remarks = (*remarks, remark("no-group", group=GROUP, folder=output))
    code = Exit.FINDINGS if found.nothing or not found.answers else Exit.FINE
    writes = not (only_print or found.nothing)
    if writes:
        # The secrets first: a config that names a file which is not there yet could be read by an agent.
        write_all(output, {**{name: f"{secret}\n" for name, secret in text.secrets.items()}, _NAME: text.config})
    if as_json:
        say_json(plain_survey(found, remarks, text, path=path if writes else None))
        return code
    out = errors() if only_print else standard_output()
    if found.nothing:
        show_nothing(out, found, remarks)
        return code
    if only_print:
        print(text.config, end="")
    else:
        show_survey(out, found)
    show_remarks(out, remarks)
    show_text(out, text, output, is_written=writes)
    return code


async def _look(root: Path, application: str | None, state: str) -> "tuple[Survey, Text]":
    from watchdog.survey.config_text import config_text
    from watchdog.survey.survey import survey
    from watchdog.survey.trying_postgres import try_postgres

    is_this = root == Path("/")
    folder = os.path.abspath(application) if application is not None and is_this else application  # noqa: PTH100, ASYNC240  (a name, and nothing is read)
    found = await survey(root=root, folder=folder, own=os.environ if is_this else None)
    tried = await try_postgres(found.postgres) if found.postgres is not None and is_this else None
    return found, config_text(found, state=state, postgres=tried)
