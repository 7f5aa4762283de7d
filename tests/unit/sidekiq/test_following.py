"""The small parts of following: what is due, what is dirty, what was said, what is broken, how long to wait."""

from collections.abc import Sequence

import pytest

from watchdog.clock import Clock
from watchdog.model.events import Delta, Gone
from watchdog.model.kinds import Kind
from watchdog.sidekiq.broken import MOST_KEPT, BrokenDatum, Tally
from watchdog.sidekiq.changes import Said, difference
from watchdog.sidekiq.decode import Broken
from watchdog.sidekiq.failures import ServerError, SourceUnavailableError
from watchdog.sidekiq.homes import Homes
from watchdog.sidekiq.keys import Keys
from watchdog.sidekiq.reconcile import PERIOD, TICK, due
from watchdog.sidekiq.reconnecting import pause
from watchdog.sidekiq.scanning import rest, rest_of_fields
from watchdog.sidekiq.serverinfo import garbage, last_save, log_failed, parse_info, readings, save_failed, save_stops_writes
from watchdog.sidekiq.tracking import Dirty
from watchdog.sidekiq.wire import Command, Reply


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


@pytest.mark.parametrize("stretch", [1.0, 2.5, 8.0])
def test_everything_is_read_within_a_longer_period(stretch):
    """Where intervals are longer, the period is as much longer, and still everything is read within it."""
    read_at = {f"web1:{n}:cafe": 0 for n in range(100)}
    last = dict(read_at)
    read = 0
    for turn in range(1, 150):
        now = round(turn * TICK * stretch)
        for identity in due(read_at, now, stretch=stretch):
            assert 0.7 * PERIOD * stretch <= now - last[identity] <= PERIOD * stretch
            read_at[identity] = last[identity] = now
            read += 1

    assert read >= 900


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


def test_what_a_server_says_that_can_not_be_true():
    """Counts beyond any number, words where numbers must be, names with odd signs: left out and named; what has not begun yet is neither."""
    info = parse_info(
        b"used_memory:18446744073709551616\r\nevicted_keys:-5\r\nmem_fragmentation_ratio:nan\r\ninstantaneous_ops_per_sec:1e400\r\n"
        b"maxmemory_policy:a\x07b\r\nmaster_last_io_seconds_ago:-1\r\nmaster_link_status:down\r\nexpired_keys:9007199254740991\r\n"
        b"rdb_last_save_time:never\r\nslave0:ip=10.0.0.1,port=1,state=online,offset=1,lag=3\r\nslave1:lag=soon\r\nslave2:ip=::1,lag=7\r\nloading:yes"
    )

    assert readings(info) == {"expired": 9_007_199_254_740_991, "link_up": False, "loading": False, "replica_lag": 7_000}
    assert garbage(info) == ("used_memory", "evicted_keys", "mem_fragmentation_ratio", "instantaneous_ops_per_sec", "maxmemory_policy")
    assert last_save(info) is None
    assert garbage(parse_info(INFO)) == ()


def test_how_much_a_server_wastes_and_does():
    """A ratio and a rate, as they are held; seconds become milliseconds."""
    info = parse_info(
        b"mem_fragmentation_ratio:1.37\r\ninstantaneous_ops_per_sec:250\r\nmaster_last_io_seconds_ago:4\r\nrdb_last_save_time:1700000000"
    )

    assert readings(info) == {"fragmentation": 1.37, "ops": 250.0, "link_silence": 4_000}
    assert last_save(info) == 1_700_000_000_000


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
    assert (keys.paused, keys.metrics("261102|8:05")) == (b"mast:paused", b"mast:j|261102|8:05")
    assert keys.unique == (b"mast:uniquejobs:digests", b"mast:uniquejobs:reaper")
    assert (Keys().queues, Keys().member(b"w:1:a")) == (b"queues", b"w:1:a")


@pytest.mark.parametrize(("prefix", "stands"), [("", b""), ("app", b"app:"), ("app:", b"app:"), ("app.", b"app.")])
def test_the_keys_of_the_scheduler_have_a_prefix_of_their_own(prefix, stands):
    """Behind the namespace; a colon is added unless it ends with one or with a dot, as redis_manager.rb does."""
    keys = Keys("mast", prefix)

    assert keys.schedules == b"mast:" + stands + b"schedules"
    assert keys.schedule_times[2] == b"mast:" + stands + b"sidekiq-scheduler:states"
    assert keys.pushed("vacuum") == b"mast:" + stands + b"sidekiq-scheduler:pushed:vacuum"
    assert keys.queues == b"mast:queues"


def pages(*answers: object):
    """What asks Redis for the pages that follow, and remembers what it was asked."""
    asked: list[Command] = []

    async def ask(commands: Sequence[Command]) -> list[Reply]:
        asked.extend(commands)
        return [answers[len(asked) - 1]]

    return ask, asked


async def test_a_hash_in_pages():
    """Page by page up to the limit; no page is longer than a thousand elements; a field that changes in between counts as it was last."""
    ask, asked = pages([b"7", [b"b", b"2", b"a", b"3"]], [b"0", [b"c", b"4"]])

    assert await rest_of_fields(ask, b"h", [b"5", [b"a", b"1"]], most=100, where="h:1") == {b"a": b"3", b"b": b"2", b"c": b"4"}
    assert asked == [("HSCAN", b"h", b"5", "COUNT", 500), ("HSCAN", b"h", b"7", "COUNT", 500)]
    ask, asked = pages([b"7", [b"b", b"2"]])
    assert await rest_of_fields(ask, b"h", [b"5", [b"a", b"1"]], most=2, where="h:1") == {b"a": b"1", b"b": b"2"}


async def test_a_key_that_becomes_another_while_it_is_read():
    """Whether at the first page or at a later one: it is no hash, and no set. Any other refusal, and any other answer, ends the source."""
    wrong = ServerError("WRONGTYPE Operation against a key holding the wrong kind of value")
    ask, _ = pages(wrong, wrong)

    assert await rest_of_fields(ask, b"h", wrong, most=2, where="h:1") is None
    assert await rest_of_fields(ask, b"h", [b"5", [b"a", b"1"]], most=2, where="h:1") is None
    assert await rest(ask, b"h", [b"5", [b"a"]], most=2, where="h:1") is None
    for answer, code in ((ServerError("NOPERM no"), "noperm"), ([b"0"], "protocol"), (3, "protocol")):
        with pytest.raises(SourceUnavailableError) as caught:
            await rest_of_fields(ask, b"h", answer, most=2, where="h:1")
        assert caught.value.code == code


def test_runs_by_queue():
    """Each class counts for the queue in which it was last seen. Nothing is known before Sidekiq counts by class, and while too much was run of classes never seen."""
    homes = Homes()
    homes.saw("Push", "push")
    assert not homes.knows("push")
    homes.ran({"Push": 5, "Unseen": 7})
    assert not homes.knows("push")
    homes.saw("Push", "pull")
    homes.saw("Unseen", "mailers")
    homes.ran({"Push": 2})

    assert [homes.knows(queue) for queue in ("push", "pull", "mailers", "never")] == [True, True, True, False]
    assert [homes.counted(queue) for queue in ("push", "pull", "mailers")] == [5, 2, 0]
    homes.only(frozenset({"pull"}))
    assert [homes.counted(queue) for queue in ("push", "pull")] == [0, 2]


def test_pauses_grow_and_stay_bounded():
    """The first attempt comes soon, later ones never more than 5 s apart, and never two agents in step."""
    assert [pause(failures, 0.0) for failures in (0, 1, 2, 3, 100)] == [0.2, 0.2, 0.4, 0.8, 5.0]
    assert pause(100, 1.0) == 3.75
