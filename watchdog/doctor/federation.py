"""What tells of other servers: Mastodon's own records in Redis, and the log of its web server."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from watchdog.doctor import own_mastodon
from watchdog.doctor.exam import Exam
from watchdog.doctor.found import Found, bad, counted, doubtful, fine, listed, passed_over
from watchdog.host.journal.command import Selection
from watchdog.host.journal.journal import Journal
from watchdog.host.journal.units import units_like
from watchdog.host.log_file import LogFile
from watchdog.host.log_source import Bounds, LogSource, LogUnreadableError
from watchdog.mastodon.web_log import is_request
from watchdog.model.log_lines import LinesLost, LogEntry
from watchdog.rulefile.mastodon import WebLog
from watchdog.rulefile.settings import Settings
from watchdog.sidekiq.address import AddressError
from watchdog.sidekiq.failures import SourceUnavailableError
from watchdog.sidekiq.keys import Keys
from watchdog.sidekiq.place import Place, place_of
from watchdog.sidekiq.rights import may_not_find_deliveries
from watchdog.sidekiq.wire import ANSWER_WITHIN, Reply

LOOKED_AT: Final = Bounds(lines=2_000, size=4_000_000, milliseconds=3_000)
"""Of each log, from its end."""
ENOUGH: Final = 50
"""Lines; of fewer nobody can tell whether requests are among them."""


class Seen(msgspec.Struct):
    """What was seen of one log: how many lines until the first request, if there was one, and why it could not be read."""

    name: str
    lines: int = 0
    has_request: bool = False
    problem: str = ""

    def take(self, entry: LogEntry) -> bool:
        """One entry; enough once it is a request."""
        if isinstance(entry, LinesLost):
            return False
        self.lines += 1
        self.has_request = is_request(entry)
        return self.has_request


async def look(exam: Exam) -> Mapping[str, Found]:
    """The points of this area."""
    if exam.settings is None:
        return {}
    asked = await own_mastodon.look(exam)
    if exam.settings.mastodon is None:
        return {"mastodon-deliveries": passed_over(own_mastodon.NOT_SAID), "mastodon-web-log": passed_over(own_mastodon.NOT_SAID), **asked}
    web_log = exam.settings.mastodon.web_log
    return {
        **asked,
        "mastodon-deliveries": await _deliveries(exam.settings),
        "mastodon-web-log": web_log_of(await _read(web_log), web_log, exam.who.name),
    }


async def _deliveries(settings: Settings) -> Found:
    redis = settings.app_redis or settings.redis
    try:
        wire = await Place(place_of(redis)).connect(_ignore, answer_within=ANSWER_WITHIN)
        try:
            return deliveries_of(await may_not_find_deliveries(wire, Keys(redis.namespace)))
        finally:
            wire.close()
    except (AddressError, SourceUnavailableError):
        return passed_over("redis-application first" if settings.app_redis else "redis first")


def deliveries_of(refused: list[str]) -> Found:
    """By the rights that are lacking."""
    if refused:
        rights = " ".join(f"+{right}" for right in refused)
        return bad(
            f"the user of Redis may not: {', '.join(refused)}", f"redis-cli ACL SETUSER USER {rights}; packaging/redis.acl has them all"
        )
    return fine("its user may look for records of deliveries that fail")


async def _read(web_log: WebLog) -> list[Seen]:
    try:
        units = await units_like(web_log.journal) if web_log.journal else ()
    except LogUnreadableError as error:
        return [Seen(", ".join(web_log.journal), problem=str(error))]
    sources: list[tuple[str, LogSource]] = [(path, LogFile(Path(path))) for path in web_log.files]
    sources += [(unit, Journal(Selection(unit=unit))) for unit in units]
    return [await _seen(name, source) for name, source in sources]


async def _seen(name: str, source: LogSource) -> Seen:
    seen = Seen(name)
    try:
        await source.backwards(seen.take, bounds=LOOKED_AT)
    except LogUnreadableError as error:
        seen.problem = str(error)
    except OSError as error:
        seen.problem = f"{name} can't be read: {error.strerror}"
    return seen


def web_log_of(logs: list[Seen], web_log: WebLog, user: str) -> Found:
    """By what was seen of each."""
    if not web_log.journal and not web_log.files:
        return passed_over("the config has the web log read by nobody")
    if not logs:
        return doubtful(f"no unit called {' or '.join(web_log.journal)} has written into the journal", "name them in the config: mastodon: {web_log: {journal: […]}}, or files, or none")  # fmt: skip
    if problems := [one.problem for one in logs if one.problem]:
        said, _, hint = problems[0].partition(" (hint: ")
        return bad(said, hint.rstrip(")").replace("USER", user) or "let the agent's user read it")
    if any(one.has_request for one in logs):
        return fine(f"{listed([one.name for one in logs])} can be read, and has requests in it")
    lines = sum(one.lines for one in logs)
    if lines < ENOUGH:
        return passed_over(f"{listed([one.name for one in logs])} has only {counted(lines, 'line')}")
    return doubtful(
        f"in the last {lines:,} lines of {listed([one.name for one in logs])} there is no request",
        "RAILS_LOG_LEVEL=info in .env.production, then restart the web server",
    )


def _ignore(_message: list[Reply]) -> None:
    """Nothing that is pushed meanwhile is of interest."""
