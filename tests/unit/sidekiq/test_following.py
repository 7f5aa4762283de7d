"""The small parts of following: what is due, what is dirty, what was said, what is broken, how long to wait."""

import pytest

from watchdog.clock import Clock
from watchdog.model.events import Delta, Gone
from watchdog.model.kinds import Kind
from watchdog.sidekiq.broken import MOST_KEPT, BrokenDatum, Tally
from watchdog.sidekiq.changes import Said, difference
from watchdog.sidekiq.decode import Broken
from watchdog.sidekiq.failures import ServerError
from watchdog.sidekiq.follow import pause
from watchdog.sidekiq.keys import Keys
from watchdog.sidekiq.reconcile import PERIOD, TICK, due
from watchdog.sidekiq.serverinfo import log_failed, parse_info, readings, save_failed, save_stops_writes
from watchdog.sidekiq.tracking import Dirty


class At(Clock):
    """A clock that stands where it is put."""

    def __init__(self, wall: int = 1_000) -> None:
        self.now = wall

    def wall(self) -> int:
        return self.now


def test_what_was_read_lately_is_not_due():
    """A process that beats every 10 s is read at its beats, never by reconciling."""
    assert due({"a": 0, "b": 500}, 10_500) == []


@pytest.mark.parametrize("number", [1, 3, 7, 100, 1000])
def test_everything_is_read_within_the_period_and_never_all_at_once(number):
    """However many fell silent at the same moment, each is read within 15 s of its last reading, in slices."""
    read_at = {f"web1:{n}:cafe": 0 for n in range(number)}
    last: dict[str, int] = dict(read_at)
    largest = 0
    for now in range(TICK, 10 * PERIOD, TICK):
        slice_ = due(read_at, now)
        largest = max(largest, len(slice_))
        for identity in slice_:
            assert now - last[identity] <= PERIOD
            read_at[identity] = last[identity] = now

    assert largest <= -(-number // 3)
    assert min(last.values()) > 8 * PERIOD


def test_an_invalidation_marks_what_it_names():
    """Identities and the set of processes are told apart, the namespace is taken off, and foreign keys are left alone."""
    dirty = Dirty(Keys("mast"))
    dirty.hear([b"invalidate", [b"mast:web1:1:a", b"mast:processes", b"other:web1:2:b", b"mast:\xff"]])

    assert (dirty.take_all(), dirty.take_members(), dirty.take(10)) == (False, True, ["web1:1:a"])
    assert (dirty.take_members(), dirty.take(10)) == (False, [])


def test_an_invalidation_of_everything():
    """FLUSHALL is told as null."""
    dirty = Dirty(Keys())
    dirty.hear([b"invalidate", None])

    assert (dirty.take_all(), dirty.take_members()) == (True, True)
    assert not dirty.take_all()


async def test_what_is_left_stays_dirty():
    """Taking a few leaves the others to be read, and waiting returns at once while there are any."""
    dirty = Dirty(Keys())
    for identity in ("c", "a", "b", "a"):
        dirty.mark(identity)

    assert dirty.take(2) == ["c", "a"]
    await dirty.wait()
    assert dirty.take(2) == ["b"]


def test_other_pushes_are_left_alone():
    """Whatever else a server pushes marks nothing."""
    dirty = Dirty(Keys())
    for message in ([b"message", b"a", b"b"], [b"invalidate"], [], [b"invalidate", [None, 3]], [b"invalidate", b"x"]):
        dirty.hear(message)

    assert (dirty.take_all(), dirty.take_members(), dirty.take(10)) == (False, False, [])


def test_only_what_changed_is_said():
    """New and changed slots, and None for a reading that was lost."""
    assert difference({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 4, "d": 5}) == {"b": 4, "c": None, "d": 5}


def test_entities_that_go():
    """An entity that is not retained is gone once, and is told whole if it comes back."""
    said = Said()
    said.tell(Kind.QUEUE, "push", {"size": 1})

    assert said.tell(Kind.QUEUE, "push", {"size": 1}) == ()
    assert said.retain(Kind.QUEUE, ["pull"], "cleared") == (Gone(Kind.QUEUE, "push", "cleared"),)
    assert said.retain(Kind.QUEUE, ["pull"], "cleared") == ()
    assert said.tell(Kind.QUEUE, "push", {"size": 1}) == (Delta(Kind.QUEUE, "push", {"size": 1}),)


def test_broken_data_is_counted():
    """The same thing counts up, with the time when it was seen last."""
    clock = At()
    tally = Tally(clock)
    tally.add(Broken("k", "odd"))
    clock.now = 2_000
    tally.add(Broken("k", "odd"))
    tally.add(Broken("a", "odd"))

    assert tally.data() == (BrokenDatum("a", "odd", 1, 2_000), BrokenDatum("k", "odd", 2, 2_000))


def test_broken_data_is_bounded(caplog):
    """What was seen longest ago goes first; the log is bounded as well."""
    tally = Tally(At())
    for number in range(1000):
        tally.add(Broken(f"{number:04}", "odd"))
        tally.add(Broken("always", "odd"))

    assert len(tally.data()) == MOST_KEPT
    assert tally.data()[-1].count == 1000
    assert tally.data()[0].key == "0801"
    assert len(caplog.records) == MOST_KEPT


INFO = b"# Server\r\nredis_version:7.0.15\r\nuptime_in_seconds:3\r\n\r\n# Memory\r\nused_memory:100\r\nmaxmemory:0\r\n# x\r\nconnected_clients:2\r\nrole:master\r\n"


def test_what_a_server_says_of_itself():
    """The readings of the entity `redis`; what is not said is left out."""
    assert readings(parse_info(INFO)) == {
        "version": "7.0.15",
        "role": "master",
        "memory": 100,
        "maxmemory": 0,
        "clients": 2,
        "uptime": 3_000,
    }
    assert readings(parse_info(b"redis_version:9\nused_memory:lots")) == {"version": "9"}
    assert parse_info(ServerError("NOPERM")) == {}


@pytest.mark.parametrize("number", ["9" * 5_000, "-1", "1e9", "²", "٣", str(2**53), ""])
def test_a_number_that_no_server_says_is_left_out(number):
    """However many digits it has, it is no reading, and no failure either."""
    text = "".join(f"{name}:{number}\r\n" for name in ("used_memory", "maxmemory", "connected_clients", "uptime_in_seconds"))
    assert readings(parse_info(text.encode())) == {}


def test_a_failed_snapshot_stops_writes_unless_told_otherwise():
    """As Redis itself decides: its setting says yes or is not told, and snapshots are configured."""
    assert save_failed({"rdb_last_bgsave_status": "err"})
    assert not save_failed({"rdb_last_bgsave_status": "ok"})
    assert not save_failed({"rdb_last_bgsave_status": "err", "role": "slave"})
    assert save_stops_writes([{b"stop-writes-on-bgsave-error": b"yes"}, {b"save": b"3600 1"}])
    assert save_stops_writes([ServerError("NOPERM"), ServerError("NOPERM")])
    assert save_stops_writes([[b"stop-writes-on-bgsave-error", b"yes"], []])
    assert not save_stops_writes([{b"stop-writes-on-bgsave-error": b"no"}, {b"save": b"3600 1"}])
    assert not save_stops_writes([{b"stop-writes-on-bgsave-error": b"yes"}, {b"save": b""}])


def test_a_failed_append_only_file_stops_writes():
    """Whatever is configured about snapshots."""
    assert log_failed({"aof_enabled": "1", "aof_last_write_status": "err"})
    assert not log_failed({"aof_enabled": "0", "aof_last_write_status": "err"})
    assert not log_failed({"aof_enabled": "1", "aof_last_write_status": "ok"})


def test_keys_stand_under_the_namespace():
    """Keys carry it, members don't."""
    keys = Keys("mast")

    assert (keys.processes, keys.queue("push"), keys.identity("w:1:a")) == (b"mast:processes", b"mast:queue:push", b"mast:w:1:a")
    assert keys.work("w:1:a") == (b"mast:w:1:a:work", b"mast:w:1:a:workers")
    assert (keys.member(b"mast:w:1:a"), keys.member(b"w:1:a")) == (b"w:1:a", None)
    assert (Keys().queues, Keys().member(b"w:1:a")) == (b"queues", b"w:1:a")


def test_pauses_grow_and_stay_bounded():
    """The first attempt comes soon, later ones never more than 5 s apart, and never two agents in step."""
    assert [pause(failures, 0.0) for failures in (0, 1, 2, 3, 100)] == [0.2, 0.2, 0.4, 0.8, 5.0]
    assert pause(100, 1.0) == 3.75
