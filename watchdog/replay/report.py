"""
What comes of a replay: an account, what of the time could be played, and what differs from what really happened or from what other rules would have said.

`as_it_was` is for the rules that decided then, `tried` for all others. Neither asks anybody, and both only read.
"""

from collections.abc import Collection, Iterable
from pathlib import Path

import msgspec

from watchdog.engine.rules import RuleSet
from watchdog.model.records import IncidentRow
from watchdog.replay import happened
from watchdog.replay.account import Account
from watchdog.replay.ahead import play_ahead
from watchdog.replay.books import Books
from watchdog.replay.checking import Check, Checked
from watchdog.replay.differences import Differences, differences
from watchdog.replay.players import Tried
from watchdog.replay.side_by_side import play_side_by_side
from watchdog.replay.trace import begins
from watchdog.replay.watch import Covered
from watchdog.store.failures import NoStateError
from watchdog.store.reading import read_incidents


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """
    `account` is what the rules said from `since` to `until` (UTC milliseconds), `exact` that they are those that decided then. `there` is what it is compared with, named by `beside`: `what happened`, or the other rules; None where there is nothing.

    `checked` says how the audit rows compare with those of the database, `unlike` the incidents that stand otherwise there; None where nobody wanted to know.
    """

    exact: bool
    since: int
    until: int
    covered: Covered
    account: Account
    beside: str = ""
    there: Account | None = None
    differences: Differences | None = None
    checked: Checked | None = None
    unlike: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether anything is not as it is on the other side."""
        found = self.differences is not None and bool(self.differences.found)
        return found or bool(self.unlike) or (self.checked is not None and self.checked.different > 0)


HAPPENED = "what happened"
"""The other side where it is the audit log."""


def as_it_was(trace: Path, rules: RuleSet, *, since: int | None, until: int | None, database: Path | None) -> Report:
    """
    The rules that decided then, played to the byte; with a state folder in `database` each row is checked.

    Raises `NoTraceError` and `StoreError`.
    """
    check = None if database is None else Check(happened.rows(database, since=begins(trace, since=since, until=until), until=until))
    books = Books(rules, since=since or 0, until=until, check=check)
    covered = play_side_by_side(trace, rules, books, since=since, until=until)
    checked = None if check is None else check.checked()
    unlike = () if database is None or check is None else _unlike(database, books.incidents, check.uncovered_incidents)
    return Report(
        exact=True,
        since=max(since or 0, covered.since),
        until=covered.until,
        covered=covered,
        account=books.account(),
        checked=checked,
        unlike=unlike,
    )


def tried(
    trace: Path,
    rules: RuleSet,
    *,
    since: int | None,
    until: int | None,
    other: tuple[str, RuleSet] | None = None,
    database: Path | None = None,
) -> Report:
    """
    What these rules would have said, beside what `other` rules (with their name) would have, else beside what happened by the audit log of the state folder `database`.

    Raises `NoTraceError` and `StoreError`.
    """
    here = Tried(rules, since=since or 0, until=until)
    there = None if other is None else Tried(other[1], since=since or 0, until=until)
    covered = play_ahead(trace, [one.trial for one in (here, there) if one is not None], since=since, until=until)
    account = here.account()
    second: Account | None = None
    if there is not None:
        second = there.account()
    elif database is not None:
        second = _happened(database, rules.by_name, covered, since=since)
    beside = HAPPENED if other is None else other[0]
    compared = None if second is None else differences(account, second)
    return Report(
        exact=False,
        since=max(since or 0, covered.since),
        until=covered.until,
        covered=covered,
        account=account,
        beside=beside if compared is not None else "",
        there=second,
        differences=compared,
    )


def _happened(database: Path, rules: Collection[str], covered: Covered, *, since: int | None) -> Account | None:
    """None where there is no database: a trace that was copied from elsewhere comes alone."""
    try:
        return happened.account(
            database, rules, begin=covered.since, since=max(since or 0, covered.since), until=covered.until, before=covered.before
        )
    except NoStateError:
        return None


def _unlike(database: Path, replayed: dict[str, IncidentRow], uncovered: Iterable[str]) -> tuple[str, ...]:
    """The ids of incidents that stand otherwise in the database; not those about which more was written than the trace covers."""
    stands = {incident.id: incident for incident in read_incidents(database)}
    passed_by = set(uncovered)
    return tuple(name for name, one in replayed.items() if name not in passed_by and stands.get(name) != one)
