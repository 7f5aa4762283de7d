"""What Redis proves about a process, at each point of a recovery."""

import orjson
import pytest

from watchdog.model.effects import When
from watchdog.model.findings import Certainty, Finding, Origin
from watchdog.recovery.work_hash import Seen, findings_in, running_in, seen_in
from watchdog.sidekiq.decode import Beat
from watchdog.sidekiq.flight import Noted
from watchdog.sidekiq.reading import Reading

JOB = '{"retry":true,"queue":"push","class":"Job","args":["é\\u2028",1.0e+20],"jid":"JID","created_at":1.5}'


def entry(jid: str, *, queue: str = "push", payload: object = None) -> bytes:
    """An entry of a work hash, as Sidekiq writes it."""
    return orjson.dumps({"queue": queue, "payload": JOB.replace("JID", jid) if payload is None else payload, "run_at": 1_700_000_000})


def reading(*, held: int, busy: int | None = None, member: bool = True, beats: bool = True, quiet: bool = False) -> Reading:
    """What was read of the process just now."""
    beat = Beat(at=1, written=b"1", busy=held if busy is None else busy, quiet=quiet) if beats else None
    return Reading(identity="web1:1:a", at=1, ttl=50_000 if beats else -2, member=member, info=None, beat=beat, work=(), held=held)


def noted(*jids: str, quiet: bool = False, threads: int = 5) -> Noted:
    """What is kept of its work hash."""
    return Noted({f"t{jid}".encode(): entry(jid) for jid in jids}, quiet, threads, 7)


def kept(jid: str, certainty: Certainty = Certainty.PROVEN, origin: Origin = Origin.WORK_HASH) -> Finding:
    """What was kept of a job of this incident."""
    return Finding(jid=jid, certainty=certainty, origin=origin, payload=b"kept")


def sure(seen: Seen) -> dict[str, Certainty]:
    """How sure each job is."""
    return {one.jid: one.certainty for one in seen.findings}


@pytest.mark.parametrize(
    ("when", "quiet", "certainty"),
    [
        (When.BEFORE, False, Certainty.LIKELY),
        (When.BEFORE, True, Certainty.LIKELY),
        (When.QUIET, True, Certainty.PROVEN),
        (When.QUIET, False, Certainty.LIKELY),
        (When.FROZEN, False, Certainty.LIKELY),
        (When.DEAD, True, Certainty.PROVEN),
        (When.DEAD, False, Certainty.LIKELY),
    ],
)
def test_only_a_quiet_process_proves_what_it_runs(when, quiet, certainty):
    """Of one that fetches the picture is up to a beat old."""
    assert sure(seen_in(reading(held=1, quiet=quiet), noted("a", quiet=quiet), (), when)) == {"a": certainty}


@pytest.mark.parametrize("when", list(When))
def test_whoever_left_in_good_order_holds_nothing(when):
    """Out of `processes` while its hash lives, and nothing in its work hash: Sidekiq has given everything back."""
    assert seen_in(reading(held=0, member=False), noted(quiet=True), (kept("a"),), when) == Seen(stopped=True)


def test_leaving_alone_proves_nothing():
    """Pruned by an opened Busy page after its hash had expired: what was kept counts."""
    seen = seen_in(reading(held=0, member=False, beats=False), noted("a", quiet=True), (), When.DEAD)

    assert not seen.stopped
    assert sure(seen) == {"a": Certainty.PROVEN}


def test_what_the_last_hash_does_not_show_has_ended():
    """After its end a whole hash speaks against what was kept for having stood in it; what another source named stays."""
    before = (kept("a"), kept("b"), kept("c", Certainty.PROVEN, Origin.SOCKET))

    assert sure(seen_in(reading(held=1, quiet=True), noted("a", quiet=True), before, When.DEAD)) == {
        "a": Certainty.PROVEN,
        "c": Certainty.PROVEN,
    }


@pytest.mark.parametrize("torn", [reading(held=0, busy=2), reading(held=0, beats=False)])
def test_a_hash_that_is_torn_or_gone_speaks_against_nobody(torn):
    """Sidekiq empties and fills it in steps, and a minute after the last beat it is gone."""
    assert sure(seen_in(torn, None, (kept("a"), kept("b")), When.DEAD)) == {"a": Certainty.PROVEN, "b": Certainty.PROVEN}


def test_what_was_proven_stays_proven():
    """A later reading that only makes it likely does not take back what was known."""
    assert sure(seen_in(reading(held=1), noted("a"), (kept("a"),), When.DEAD)) == {"a": Certainty.PROVEN}


@pytest.mark.parametrize(
    ("when", "quiet", "unnamed"),
    [(When.FROZEN, False, 5), (When.DEAD, False, 5), (When.QUIET, False, 0), (When.DEAD, True, 0), (When.BEFORE, False, 0)],
)
def test_each_thread_may_have_taken_what_nobody_names(when, quiet, unnamed):
    """Of a process that fetched to its end each thread may have had another job: those that the last beat showed can have ended since."""
    assert seen_in(reading(held=2, quiet=quiet), noted("a", "b", quiet=quiet), (), when).beside(0) == unnamed


def test_a_thread_whose_job_is_proven_has_no_other():
    """One job a thread; a job in a shape nobody can read stands beside all that are proven."""
    seen = Seen(unnamed=1, threads=5)

    assert [seen.beside(proven) for proven in (0, 3, 4, 6)] == [5, 2, 1, 1]


def test_what_was_found_while_it_stood_still_is_newer_than_its_last_beat():
    """The log has named what ran: a job that stood in the last beat and is not among it has ended, also once the process is dead."""
    before = (kept("c", Certainty.PROVEN, Origin.LOG), kept("b", Certainty.PROVEN, Origin.LOG))
    frozen = seen_in(reading(held=0, beats=False), noted("a", "b"), before, When.DEAD)
    moved = seen_in(reading(held=2), noted("a", "b"), before, When.DEAD)

    assert sure(frozen) == {"b": Certainty.PROVEN, "c": Certainty.PROVEN}
    assert set(sure(moved)) == {"a", "b", "c"}


def test_the_bytes_are_those_that_redis_held():
    """Byte for byte as Sidekiq wrote it, whatever is in it; an entry in a shape nobody knows is counted, an object has no bytes of its own."""
    found, broken = findings_in(
        {b"t1": entry("a"), b"t2": b"{", b"t3": entry("c", payload={"jid": "c", "class": "Job"})},
        origin=Origin.WORK_HASH,
        certainty=Certainty.PROVEN,
    )

    assert [(one.jid, one.queue, one.job_class, one.tid, one.payload) for one in found] == [
        ("a", "push", "Job", "t1", JOB.replace("JID", "a").encode()),
        ("c", "push", "Job", "t3", None),
    ]
    assert broken == 1


def test_what_ran_at_the_last_beat():
    """The jids alone; nothing where nothing is kept, or one can't be read: then none can be said to be missing."""
    last = noted("a", "b")
    assert running_in(last) == frozenset({"a", "b"})
    assert running_in(noted()) == frozenset()
    last.entries[b"broken"] = b"{"

    assert running_in(last) is None
    assert running_in(None) is None
