"""What is said of groups and domains: which, how many, and when no more."""

import pytest

from watchdog.model.events import Delta, Gone
from watchdog.model.fields import BY_KIND
from watchdog.model.kinds import Kind
from watchdog.sidekiq import retry_entities
from watchdog.sidekiq.failed import Failed, Group
from watchdog.sidekiq.inbound import Sampled
from watchdog.sidekiq.retry_book import Book
from watchdog.sidekiq.retry_entities import RetryEntities

REFUSED = Group("push", "D", "status", 403)
TIMEOUT = Group("push", "D", "timeout")
HOUR = 3_600_000


def told(changes: list[Delta | Gone]) -> dict[str, dict]:
    """Entity → its readings."""
    return {change.id: change.fields for change in changes if isinstance(change, Delta)}


def tell(entities: RetryEntities, book: Book | None, at: int = 0) -> list[Delta | Gone]:
    """All that is to be said."""
    changes = entities.tell(book, at=at, offset=1_000_000)
    while entities.waiting:
        changes += entities.tell(book, at=at, offset=1_000_000)
    return changes


def test_before_the_first_census():
    """What was added is known, how many wait is not."""
    entities = RetryEntities()
    entities.add(REFUSED, "a.example")
    found = told(tell(entities, None))

    assert found[REFUSED.id] == {"failure": "status", "added": 1, "queue": "push", "job_class": "D", "status": 403}
    assert (found["a.example"]["added_rejected"], found["a.example"]["added"]) == (1, 1)
    assert "retries" not in found["a.example"]


def test_nothing_counted_is_not_nothing():
    """Until the first census somebody may wait whom nobody knows: one of each kind without a number, so that sums are unknown. Then they are gone."""
    entities = RetryEntities()
    assert told([*entities.uncounted()]) == {"(others)": {"name": "(others)", "rest": True}}
    assert {change.kind for change in RetryEntities().uncounted()} == {Kind.DOMAIN, Kind.RETRY_GROUP}
    assert [change for change in tell(entities, None) if isinstance(change, Gone)] == []

    book = Book()
    entities.renew(book)
    assert {(change.kind, change.id) for change in tell(entities, book) if isinstance(change, Gone)} == {
        (Kind.DOMAIN, "(others)"),
        (Kind.RETRY_GROUP, "(others)"),
    }


def test_after_a_census():
    """How many wait, by what went wrong, and since when the longest has failed; only known fields are told."""
    entities, book = RetryEntities(), Book()
    book.add([Failed(REFUSED, "a.example", 0.0, 1_005.5)])
    book.add([Failed(TIMEOUT, "a.example", 0.0, 1_003.0)])
    entities.renew(book)
    found = told(tell(entities, book))

    assert found["a.example"] == {
        "name": "a.example", "rest": False, "in_flight": 0, "retries": 2, "rejected": 1, "timeouts": 1, "unreachable": 0, "server_errors": 0, "others": 0,
        "added": 0, "added_rejected": 0, "added_timeouts": 0, "added_unreachable": 0, "added_server_errors": 0, "added_others": 0, "failed_first_at": 3_000,
    }  # fmt: skip
    assert found[TIMEOUT.id]["size"] == 1
    assert "status" not in found[TIMEOUT.id]
    for kind, entity in ((Kind.DOMAIN, "a.example"), (Kind.RETRY_GROUP, TIMEOUT.id), (Kind.RETRY_GROUP, REFUSED.id)):
        assert found[entity].keys() <= {spec.slot for spec in BY_KIND[kind].values()}


def test_nothing_new_is_nothing_said():
    """An unchanged count is not repeated."""
    entities, book = RetryEntities(), Book()
    book.add([Failed(REFUSED, "a.example", 0.0, 0.0)])
    entities.renew(book)
    tell(entities, book)
    entities.touch(REFUSED, "a.example")

    assert tell(entities, book) == []


def test_the_rest_is_summed(monkeypatch):
    """Beyond the bound the busiest are told, and all others as one that can't be taken for a domain."""
    monkeypatch.setattr(retry_entities, "MOST_DOMAINS", 2)
    entities, book = RetryEntities(), Book()
    for number in range(5):
        for _ in range(number + 1):
            book.add([Failed(REFUSED, f"d{number}.example", 0.0, 0.0)])
    entities.renew(book)
    found = told(tell(entities, book))

    assert found.keys() == {REFUSED.id, "d3.example", "d4.example", "(others)"}
    assert (found["(others)"]["rest"], found["(others)"]["retries"], found["(others)"]["rejected"]) == (True, 6, 6)
    entities.add(REFUSED, "d0.example")
    assert told(tell(entities, book, 60_000))["(others)"] == {"added": 1, "added_rejected": 1}


def test_who_comes_among_the_busiest(monkeypatch):
    """It takes the place of another, which is gone, and its counters begin at 0."""
    monkeypatch.setattr(retry_entities, "MOST_DOMAINS", 1)
    entities, book = RetryEntities(), Book()
    book.add([Failed(REFUSED, "a.example", 0.0, 0.0)])
    entities.renew(book)
    tell(entities, book)
    for _ in range(3):
        book.add([Failed(REFUSED, "b.example", 0.0, 0.0)])
        entities.add(REFUSED, "b.example")
    changes = tell(entities, book, 60_000)

    assert Gone(Kind.DOMAIN, "a.example", "not among the busiest") in changes
    assert (told(changes)["b.example"]["retries"], told(changes)["b.example"]["added"]) == (3, 0)


def test_groups_beyond_the_bound(monkeypatch):
    """They are one entity with all that wait in them."""
    monkeypatch.setattr(retry_entities, "MOST_GROUPS", 2)
    entities, book = RetryEntities(), Book()
    for number in range(6):
        book.add([Failed(Group("q", f"C{number}", "other"), None, 0.0, 0.0)])
    entities.renew(book)
    found = told(tell(entities, book))

    assert sum(fields["size"] for fields in found.values()) == 6
    assert found["(others)"]["size"] >= 3


def test_in_time_an_empty_one_is_gone():
    """Its counters can be compared for two hours; then it is let go of."""
    entities = RetryEntities()
    book = Book()
    book.add([Failed(REFUSED, "a.example", 0.0, 0.0)])
    entities.add(REFUSED, "a.example")
    tell(entities, book)
    book.take(REFUSED, "a.example")
    entities.touch(REFUSED, "a.example")

    assert told(tell(entities, book, HOUR))["a.example"]["retries"] == 0
    gone = [change.id for change in tell(entities, book, 4 * HOUR) if isinstance(change, Gone)]
    assert gone == [REFUSED.id, "a.example"]


def test_so_many_changes_in_a_turn(monkeypatch):
    """The others wait for the next one."""
    monkeypatch.setattr(retry_entities, "MOST_TOLD", 10)
    entities, book = RetryEntities(), Book()
    for number in range(25):
        book.add([Failed(REFUSED, f"d{number}.example", 0.0, 0.0)])
    entities.renew(book)

    assert [len(entities.tell(book, at=0, offset=0)) for _ in range(4)] == [10, 10, 6, 0]


def job(run: str, domain: str | None = "a.example") -> Delta:
    """A job that goes there."""
    return Delta(Kind.JOB, run, {"jid": "x"} | ({"domain": domain} if domain else {}))


def test_jobs_in_flight():
    """A domain without retries is told from two running jobs on, and its count goes down again."""
    entities, book = RetryEntities(), Book()
    entities.hear([job("p/1"), job("p/2", None), job("p/3", "b.example")])
    assert tell(entities, book) == []
    entities.hear([job("p/4")])
    assert told(tell(entities, book))["a.example"]["in_flight"] == 2
    entities.hear([Gone(Kind.JOB, "p/1", "finished"), Gone(Kind.JOB, "p/4", "finished"), Gone(Kind.JOB, "p/9", "finished")])
    assert told(tell(entities, book)) == {"a.example": {"in_flight": 0}}


def test_jobs_of_a_process_that_left():
    """A killed process ends no job; its jobs leave with it."""
    entities = RetryEntities()
    entities.hear([job("p/1"), job("p/2"), job("p2/1")])
    tell(entities, Book())
    entities.hear([Delta(Kind.PROCESS, "p", {"listed": False})])

    assert told(tell(entities, Book())) == {"a.example": {"in_flight": 1}}


@pytest.mark.parametrize("size", [400])
def test_who_floods_us(size):
    """A share of the sample, with its size; unknown when nothing is sampled any more."""
    entities, book = RetryEntities(), Book()
    entities.sampled(Sampled(size, {"flood.example": 300, "b.example": 1}, {"flood.example": 2}))
    found = told(tell(entities, book))["flood.example"]
    assert (found["inbound_sampled"], found["inbound_sample"], found["inbound_share"], found["inbound_hosts"]) == (300, 400, 0.75, 2)
    entities.sampled(Sampled(0, {}))
    assert told(tell(entities, book))["flood.example"] == {
        "inbound_sampled": None,
        "inbound_sample": None,
        "inbound_share": None,
        "inbound_hosts": None,
    }
