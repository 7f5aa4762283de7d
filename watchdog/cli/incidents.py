"""`incidents`: what was done about which alert, and the whole story of one, for people at the time and for a report a week later."""

import time
from pathlib import Path
from typing import Annotated, Final

import typer

from watchdog.cli.asked import one_of, say_nothing_fits, word
from watchdog.cli.exits import Exit, UsageError
from watchdog.cli.options import DEFAULT_CONFIG, BeforeOption, ConfigOption, JsonOption, LimitOption, RuleOption, SinceOption, TargetOption
from watchdog.cli.output import errors, output, say_json
from watchdog.cli.span import read_span
from watchdog.cli.state import state_folder

SHOW: Final = "show"
_USUAL: Final = 50
_OF_ALERTS: Final = ("firing", "resolved")


def incidents(
    what: Annotated[
        str | None, typer.Argument(metavar=SHOW, help="`show ID` tells the story of one; without it they are listed.", show_default=False)
    ] = None,
    incident: Annotated[
        str | None,
        typer.Argument(
            metavar="ID",
            help="Its id, as the list, `status` and its message show it; of an alert that led to none alert:N, as --alerts lists it.",
            show_default=False,
        ),
    ] = None,
    *,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    open_only: Annotated[bool, typer.Option("--open", help="Only those that go on.")] = False,
    since: SinceOption = None,
    until: BeforeOption = None,
    rule: RuleOption = None,
    target: TargetOption = None,
    outcome: Annotated[
        str | None,
        typer.Option("--outcome", metavar="OUTCOME", help="Only those that ended so: ended, verified, unverified, failed, would, …"),
    ] = None,
    alerts: Annotated[
        bool, typer.Option("--alerts", help="Also the alerts that led to no incident, of the newest 100,000 rows of the audit log.")
    ] = False,
    limit: LimitOption = None,
    after: Annotated[
        str | None, typer.Option("--after", metavar="PLACE", help="Only those that follow there, as the end of an earlier list said it.")
    ] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="With `show ID`: as a report in Markdown that can stand on a public page.")
    ] = False,
) -> int:
    """
    Show what was done about which alert, or with `show ID` the whole story of one.

    Works from the state folder of the config, whether the agent runs or not. The newest comes first; 50 are shown where --limit does not say otherwise. In JSON each line is an incident, and its story one object with its moments in `entries`.
    """
    if what is not None and what != SHOW:
        if not any(map(str.isdigit, what)):
            raise UsageError("`incidents` lists them, and `incidents show ID` tells the story of one")
        raise UsageError(f"say `incidents show {what}` for the story of one")
    if what is None:
        if markdown:
            raise UsageError("--markdown goes with `show ID`")
        return _list(config, as_json, (open_only, since, until, rule, target, outcome, alerts), limit, after)
    if not incident:
        raise UsageError("`show` needs the id of an incident; `incidents` lists them")
    options = {
        "--open": open_only, "--since": since, "--until": until, "--rule": rule, "--target": target, "--outcome": outcome, "--alerts": alerts, "--limit": limit,
        "--after": after,
    }  # fmt: skip
    if beside := [option for option, value in options.items() if value]:
        raise UsageError(f"`show` tells the story of one, so it goes without {', '.join(beside)}")
    if markdown and as_json:
        raise UsageError("say either --markdown or --json")
    return _show(config, incident, as_json=as_json, markdown=markdown)


def _list(
    config: Path,
    as_json: bool,
    said: tuple[bool, str | None, str | None, str | None, str | None, str | None, bool],
    limit: int | None,
    after: str | None,
) -> int:
    from watchdog.cli.incidents_view import HEADINGS, cells, plain_brief
    from watchdog.model.records import INCIDENT_OUTCOMES
    from watchdog.timeline.listing import Asked, page

    open_only, since, until, rule, target, outcome, alerts = said
    span = read_span(since, until)
    asked = Asked(
        open_only=open_only, since=span.since, until=span.until, rule=word("--rule", rule), target=word("--target", target), alerts=alerts,
        outcome=one_of("--outcome", outcome, (*INCIDENT_OUTCOMES, *(_OF_ALERTS if alerts else ())), what="outcome of an incident"),
    )  # fmt: skip
    folder = state_folder(config)
    try:
        listed = page(folder, asked, after=after or "", limit=limit or _USUAL)
    except ValueError as error:
        raise UsageError(f"--after: {error}") from error
    if as_json:
        for one in listed.items:
            say_json(plain_brief(one))
    elif listed.items:
        now = time.time_ns() // 1_000_000
        output().table(HEADINGS, [cells(one, now=now) for one in listed.items])
    if not listed.items:
        say_nothing_fits(folder, rule, what="incident")
    elif listed.next:
        errors().line((f"{listed.total} fit; more follow: --after {listed.next}", "dim"))
    return Exit.FINE


def _show(config: Path, incident: str, *, as_json: bool, markdown: bool) -> int:
    from watchdog.cli.incidents_view import plain_story, show_story
    from watchdog.config import rules_of
    from watchdog.timeline.assembling import of, with_runbook
    from watchdog.timeline.markdown import written
    from watchdog.timeline.queues import with_queues

    now = time.time_ns() // 1_000_000
    folder = state_folder(config)
    story = with_queues(folder, of(folder, incident), now=now)
    if not story.runbook:
        # A config that can't be read is not what is asked for here.
        story = with_runbook(story, rules_of(config)[0])
    if as_json:
        say_json(plain_story(story))
    elif markdown:
        print(written(story, host=_host_of(folder), now=now), end="")
    else:
        show_story(output(), story, now=now)
    return Exit.FINE


def _host_of(folder: Path) -> str:
    """Where the agent runs; empty where nobody knows."""
    from watchdog.cli.exits import NothingToShowError
    from watchdog.cli.picture import read_picture
    from watchdog.store.reading import read_status

    data = read_status(folder)
    try:
        return "" if data is None else read_picture(data).agent.host.replace("?", "")
    except NothingToShowError:
        return ""
