"""`quarantine take`: retries that are not wanted, or one job that does harm, out of Redis and into the quarantine."""

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from watchdog.cli.exits import Exit, UnfinishedError, UsageError
from watchdog.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from watchdog.cli.orders import opened, who, words
from watchdog.cli.output import output, say_json

if TYPE_CHECKING:
    from watchdog.sidekiq.edit.finding import Wanted


def take_jobs(
    *,
    reason: Annotated[str, typer.Option("--reason", metavar="WORDS", help="Why; it stands in the audit log with your name.")] = "",
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    jid: Annotated[
        str, typer.Option("--jid", metavar="JID", help="The job with this jid, among retries and scheduled jobs and in queues.")
    ] = "",
    job_class: Annotated[str, typer.Option("--class", metavar="CLASS", help="Retries of this class.")] = "",
    queue: Annotated[
        str, typer.Option("--queue", metavar="QUEUE", help="Retries of this queue; with --jid the only queue that is searched.")
    ] = "",
    domain: Annotated[str, typer.Option("--domain", metavar="DOMAIN", help="Retries of deliveries to this domain.")] = "",
    kind: Annotated[
        str,
        typer.Option("--kind", metavar="KIND", help="Retries that failed for this kind of reason, as `domain` and `retry_group` tell it."),
    ] = "",
    status: Annotated[int, typer.Option("--status", metavar="CODE", help="Retries that got this HTTP status.", min=0)] = 0,
    failing_for: Annotated[
        str, typer.Option("--failing-for", metavar="TIME", help="Retries that failed first so long ago, or longer (2d).")
    ] = "",
    cap: Annotated[int, typer.Option("--cap", metavar="N", help="At most so many.", min=1, max=100_000)] = 1_000,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count them.")] = False,
) -> int:
    """Take jobs out of Redis into quarantine, from where they can be put back: retries that are not wanted, or one job that does harm."""
    wanted = _wanted(job_class=job_class, queue=queue, domain=domain, kind=kind, status=status, failing_for=failing_for)
    if jid and (job_class or domain or kind or status or failing_for):
        raise UsageError("--jid names one job, so it goes with --queue alone")
    if not jid and wanted == type(wanted)():
        raise UsageError("say which: --jid, or --class, --queue, --domain, --kind, --status, --failing-for")
    import asyncio

    return asyncio.run(_take(config, jid, wanted, cap=cap, reason=reason if dry_run else words(reason), dry_run=dry_run, as_json=as_json))


def _wanted(*, job_class: str, queue: str, domain: str, kind: str, status: int, failing_for: str) -> "Wanted":
    from watchdog.sidekiq.causes import FailureKind
    from watchdog.sidekiq.edit.finding import Wanted

    if kind not in ("", *FailureKind):
        raise UsageError(f"--kind is one of {', '.join(FailureKind)}")
    return Wanted(job_class=job_class, queue=queue, domain=domain, kind=kind, status=status, failing_for=_duration(failing_for))


def _duration(written: str) -> int:
    from watchdog.lang.literal import read_literal
    from watchdog.lang.text import Text
    from watchdog.model.kinds import Type

    if not written:
        return 0
    value, problems = read_literal(Text(written, "--failing-for"), Type.DURATION)
    if not isinstance(value, int):
        raise UsageError(f"--failing-for: {'; '.join(problem.message for problem in problems)}")
    return value


async def _take(config: Path, jid: str, wanted: "Wanted", *, cap: int, reason: str, dry_run: bool, as_json: bool) -> Exit:
    from watchdog.recovery.quarantine import Took
    from watchdog.recovery.taking import Candidate, Why
    from watchdog.sidekiq.edit.failures import EditError
    from watchdog.sidekiq.edit.finding import find_job, find_retries, queues_of

    order = secrets.token_hex(8)
    async with opened(config) as (quarantine, edits):
        try:
            if jid:
                queues = [wanted.queue] if wanted.queue else await queues_of(edits)
                matches = await find_job(edits, jid, queues=queues)
            else:
                matches = await find_retries(edits, wanted, cap=cap)
            took = Took()
            if not dry_run:
                candidates = [
                    Candidate(token=f"{order}-{number}", payload=place.payload, came_from=place.came_from, queue=place.queue)
                    for number, place in enumerate(matches.places[:cap])
                ]
                took = await quarantine.take(candidates, Why(reason=reason, by=who()))
        except EditError as error:
            raise UnfinishedError(f"{error}; what was begun the agent finishes, or the next such command") from error
    told = {"fit": matches.fit, "looked_at": matches.looked_at, "unreadable": matches.broken, "taken": len(took.ids)}
    told |= {"gone_meanwhile": took.absent, "too_deep": took.too_deep, "left": max(0, matches.fit - cap)}
    if as_json:
        say_json({**told, "ids": list(took.ids)})
    else:
        output().line(", ".join(f"{name.replace('_', ' ')}: {number:,}" for name, number in told.items()))
    return Exit.FINE if matches.fit else Exit.FINDINGS
