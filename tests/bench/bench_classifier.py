"""
What it costs to judge who is to blame: 5,000 domains to which deliveries fail, 2,000 other servers of which is told one by one, and the rules of the pack about them.

A minute of a big server is played second by second: in each a hundred domains, fifty servers and the totals of all traffic change, and for ten seconds it looks as if it were us, so that all servers are judged anew twice. Beside it stands the same minute without a
rule. Beside what a census pays for each entry stands the reading of that entry.
"""

import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.retry_entries import entries
from tests.bench.rows import Row
from watchdog.config import inspect_rules
from watchdog.engine.advance import advance
from watchdog.engine.due import next_due
from watchdog.engine.rules import RuleSet
from watchdog.engine.state import State, begin
from watchdog.model.events import Body, Delta, Event, Observed, RulesLoaded, Started, TimeReached
from watchdog.model.kinds import Kind, Source
from watchdog.model.verdicts import Mode
from watchdog.rulefile.rules import read_rules
from watchdog.sidekiq.breadth import Breadth
from watchdog.sidekiq.failed import Failed, FailedReader, Group

DOMAINS, PEERS, SECONDS = 5_000, 2_000, 60
MOVED_DOMAINS, MOVED_PEERS = 100, 50
BEGIN = 30 * 86_400_000
RULES = (
    "world-rejects-us", "egress-broken", "ingress-broken", "remote-down", "dead-server", "gone-silent", "probably-defederated", "defederated", "limited",
    "server-holds-threads", "push-waits-for-others",
)  # fmt: skip
ENTRIES = 100_000
NOW = 1_790_000_000.0


def packs() -> RuleSet:
    """All rules of both packs."""
    found, _ = inspect_rules([Path(__file__).parents[2] / "rules" / pack for pack in ("sidekiq", "mastodon")])
    return found.but(mode=Mode.DRY_RUN)


def ruleset(names: tuple[str, ...]) -> RuleSet:
    """Rules of the pack by name."""
    folder = Path(__file__).parents[2] / "rules" / "mastodon"
    found, problems = read_rules([(name, (folder / f"{name}.yml").read_text()) for name in names], Mode.DRY_RUN, [])
    assert not [problem for problem in problems if not problem.is_warning]
    return found


def domain(number: int, second: int) -> Delta:
    """One to which ever more deliveries fail."""
    name = f"d{number}.example"
    count = second + number % 50
    return Delta(Kind.DOMAIN, name, {
        "name": name, "rest": False, "retries": count, "rejected": 0, "timeouts": count, "unreachable": 0, "server_errors": 0, "others": 0, "in_flight": number % 2, "added": count,
    })  # fmt: skip


def peer(number: int, at: int) -> tuple[Delta, Delta]:
    """One of which is told: what Mastodon's records say, and that it has just delivered."""
    name = f"d{number}.example"
    down = number % 20 == 0
    records = {"name": name, "domain": name, "watched": number < 20, "failing_days": 5 if down else 0, "circuits": int(down)}
    heard = {"inbound": at % 100_000, "inbound_at": at - (6 * 86_400_000 if down else 0), "inbound_gap": 3_600_000}
    return Delta(Kind.PEER, name, records), Delta(Kind.PEER, name, heard)


def minute() -> Iterator[tuple[int, Body]]:
    """All that is read in it, after everything was read once."""
    yield BEGIN, Observed(Source.REDIS, tuple(domain(number, 0) for number in range(DOMAINS)), complete=True)
    told = [peer(number, BEGIN) for number in range(PEERS)]
    yield BEGIN, Observed(Source.DELIVERIES, tuple(one for one, _ in told), complete=True)
    yield BEGIN, Observed(Source.WEB_LOG, tuple(one for _, one in told), complete=True)
    for second in range(1, SECONDS + 1):
        at = BEGIN + second * 1000
        failing = {
            "failing_domains": 900 + second,
            "rejecting_domains": 90,
            "unreachable_domains": 700,
            "tls_domains": 20,
            "newly_unreachable_domains": 800 if 30 <= second < 40 else second,
        }
        moved = (domain((second * MOVED_DOMAINS + number) % DOMAINS, second) for number in range(MOVED_DOMAINS))
        yield at, Observed(Source.REDIS, (Delta(Kind.FEDERATION, "federation", failing), *moved))
        traffic = Delta(
            Kind.FEDERATION, "federation", {"inbound": second * 100, "inbound_at": at, "inbound_gap": 5_000, "inbound_failed": 0}
        )
        yield (
            at,
            Observed(Source.WEB_LOG, (traffic, *(peer((second * MOVED_PEERS + number) % PEERS, at)[1] for number in range(MOVED_PEERS)))),
        )


def played(rules: RuleSet) -> tuple[float, float]:
    """Milliseconds of all turns of the minute, and of the longest of them; the first reading of everything is left out."""
    state: State = begin()
    seq = 0
    spent = longest = 0.0
    told: list[tuple[int, Body]] = [(0, Started("0", "boot", "web1")), (0, RulesLoaded(rules.digest, Mode.DRY_RUN)), *minute()]
    for at, body in told:
        before = time.perf_counter()
        while (due := next_due(state)) is not None and due <= at:
            seq += 1
            state, _ = advance(rules, state, Event(seq, due, due, TimeReached()))
        seq += 1
        state, _ = advance(rules, state, Event(seq, at, at, body))
        took = (time.perf_counter() - before) * 1000
        if at > BEGIN:
            spent += took
            longest = max(longest, took)
    return spent, longest


def seen() -> list[Row]:
    """A census of entries as a large server has them, and the counting of as many domains as are remembered."""
    members = [member.encode() for member, _ in entries(ENTRIES, NOW)]
    reader = FailedReader()
    reader.read(members)
    before = time.perf_counter()
    found = reader.read(members)
    read = time.perf_counter() - before
    breadth = Breadth()
    before = time.perf_counter()
    breadth.saw(found)
    saw = time.perf_counter() - before
    full = Breadth()
    full.saw(Failed(Group("push", "ActivityPub::DeliveryWorker", "timeout"), f"s{number}.example", NOW, NOW) for number in range(20_000))
    before = time.perf_counter()
    assert full.readings(NOW)["failing_domains"] == 20_000
    counted = time.perf_counter() - before
    return [
        Row(what="an entry of a census taken into account", value=saw / ENTRIES * 1e6, unit="µs", beside=read / ENTRIES * 1e6, beside_what="its reading", goal="≤ 0.3 ×"),
        Row(what="20,000 domains counted, at most once in 5 s", value=counted * 1000, unit="ms"),
    ]  # fmt: skip


def main() -> list[Row]:
    """All rows."""
    bare = min(played(ruleset(()))[0] for _ in range(2))
    spent, longest = min(played(ruleset(RULES)) for _ in range(2))
    every = packs()
    of_all, longest_of_all = min(played(every) for _ in range(2))
    name = f"{len(RULES)} rules, {DOMAINS:,} domains, {PEERS:,} servers"
    return [
        Row(what=f"{name}: the turns of a minute", value=spent, unit="ms", beside=bare, beside_what="without a rule"),
        Row(what=f"{name}: engine's share of a core", value=spent / (SECONDS * 1000) * 100, unit="%"),
        Row(what=f"{name}: the longest turn", value=longest, unit="ms"),
        Row(what=f"the same under all {len(every.rules)} rules", value=of_all, unit="ms", beside=spent, beside_what=f"under {len(RULES)}"),
        Row(what="the longest turn then", value=longest_of_all, unit="ms"),
        *seen(),
    ]
