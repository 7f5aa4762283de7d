"""What the answers about one process say, in either protocol and whatever they hold."""

import orjson
import pytest

from watchdog.clock import Clock
from watchdog.sidekiq.broken import Tally
from watchdog.sidekiq.failures import ServerError, SourceUnavailableError
from watchdog.sidekiq.keys import Keys
from watchdog.sidekiq.reading import COMMANDS_EACH, ProcessReader

ID = "web1:42:cafe"
INFO = orjson.dumps({"hostname": "web1", "pid": 42, "queues": ["push"], "concurrency": 5, "started_at": 1.7e9})
ENTRY = orjson.dumps({"queue": "push", "payload": orjson.dumps({"jid": "j", "class": "C"}).decode(), "run_at": 1_700_000_000})
HASH = [INFO, b"1700000000.5", b"1", b"false", b"1", b"1", None]
NO_HASH = [None] * 7
WRONG = ServerError("WRONGTYPE Operation against a key holding the wrong kind of value")


@pytest.fixture
def tally() -> Tally:
    """A count of broken data that starts at none."""
    return Tally(Clock())


@pytest.fixture
def reader(tally: Tally) -> ProcessReader:
    """A reader under a namespace."""
    return ProcessReader(Keys("mast"), tally, "h:1")


def test_what_is_asked(reader):
    """The identity hash first, because it is the one that is watched; membership last; all under the namespace, but for the member."""
    commands = reader.commands(ID)

    assert len(commands) == COMMANDS_EACH
    assert commands[0][:2] == ("HMGET", b"mast:web1:42:cafe")
    assert [command[1] for command in commands[2:4]] == [b"mast:web1:42:cafe:work", b"mast:web1:42:cafe:workers"]
    assert commands[4] == ("SISMEMBER", b"mast:processes", ID)


@pytest.mark.parametrize("work", [{b"t": ENTRY}, [b"t", ENTRY]])
def test_both_protocols(reader, tally, work):
    """RESP3 has maps, RESP2 lists."""
    reading = reader.reading(ID, [HASH, 55_000, work, [], 1], 1_000)

    assert (reading.at, reading.ttl, reading.member, reading.held) == (1_000, 55_000, True, 1)
    assert [one.run for one in reading.work] == ["t/j/1700000000"]
    assert reading.beat.busy == 1
    assert reading.held_as_said
    assert tally.data() == ()


def test_the_newer_work_hash_wins(reader):
    """Entries of both names are read; a process has only one of them."""
    assert reader.reading(ID, [HASH, 55_000, {b"t": ENTRY}, {b"u": ENTRY}, 1], 1_000).held == 2


def test_no_process(reader, tally):
    """Nothing there is nothing broken."""
    reading = reader.reading(ID, [NO_HASH, -2, {}, {}, 0], 1_000)

    assert (reading.beat, reading.info, reading.ttl, reading.member, reading.held) == (None, None, -2, False, 0)
    assert tally.data() == ()


def test_broken_entries_are_held_but_no_jobs(reader, tally):
    """A broken entry counts for `busy`, each time that it is read, and stands for no job."""
    for _ in range(3):
        reading = reader.reading(ID, [HASH, 55_000, {b"t": b"{"}, {}, 1], 1_000)

    assert (reading.held, reading.work, reading.held_as_said) == (1, (), True)
    assert [(datum.key, datum.count) for datum in tally.data()] == [("mast:web1:42:cafe:work", 3)]


def test_an_entry_that_changes_is_decoded_again(reader):
    """Bytes that stay are not decoded again; others are."""
    reader.reading(ID, [HASH, 55_000, {b"t": ENTRY}, {}, 1], 1_000)
    reading = reader.reading(ID, [HASH, 55_000, {b"t": ENTRY.replace(b'\\"j\\"', b'\\"k\\"')}, {}, 1], 2_000)

    assert [one.jid for one in reading.work] == ["k"]


def test_keys_of_the_wrong_type(reader, tally):
    """A string where a hash should be is broken data, not a broken source."""
    reading = reader.reading(ID, [WRONG, -1, WRONG, {}, 1], 1_000)

    assert (reading.beat, reading.held) == (None, 0)
    assert {(datum.key, datum.reason) for datum in tally.data()} == {
        ("mast:web1:42:cafe", "it is not a hash"),
        ("mast:web1:42:cafe:work", "it is not a hash"),
    }


@pytest.mark.parametrize(
    ("replies", "code"),
    [
        ([ServerError("NOPERM no"), 1, {}, {}, 1], "noperm"),
        ([HASH, ServerError("LOADING wait"), {}, {}, 1], "loading"),
        ([HASH, 1, ServerError("NOPERM no"), {}, 1], "noperm"),
        ([HASH, 1, {}, {}, WRONG], "error"),
        ([HASH, b"1", {}, {}, 1], "protocol"),
        ([HASH[:3], 1, {}, {}, 1], "protocol"),
        ([b"OK", 1, {}, {}, 1], "protocol"),
        ([HASH, 1, [b"t"], {}, 1], "protocol"),
        ([[["info"], *HASH[1:]], 1, {}, {}, 1], "protocol"),
        ([HASH, 1, [["t"], ENTRY], {}, 1], "protocol"),
        ([HASH, 1, {7: ENTRY}, {}, 1], "protocol"),
        ([HASH, 1, 7, {}, 1], "protocol"),
    ],
)
def test_what_no_sidekiq_data_can_be(reader, replies, code):
    """A refusal, or a reply that Redis would not give, is the failure of the source."""
    with pytest.raises(SourceUnavailableError) as caught:
        reader.reading(ID, replies, 1_000)

    assert caught.value.code == code
