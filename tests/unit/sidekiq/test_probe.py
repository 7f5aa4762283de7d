"""What the probe leaves in Redis becomes findings; what is broken is named and keeps nothing else from being found."""

import orjson
import pytest

from watchdog.model.findings import Certainty, Finding, Origin
from watchdog.sidekiq.decode import Broken
from watchdog.sidekiq.failures import ServerError, SourceUnavailableError
from watchdog.sidekiq.keys import Keys
from watchdog.sidekiq.probe import (
    MOST,
    Announced,
    decode_announced,
    decode_moved,
    decode_note,
    is_announced,
    read_all_left,
    read_left,
    read_probes,
    strength,
)

ID = "web1:42:0123456789ab"
JOB = b'{"class":"PushWorker","args":["a secret"],"jid":"4caa72fe18d4b6a0d19e77c3"}'
SAID = {"strength": "observe", "format": 1, "sidekiq": "7.3.2", "queues": ["push", "pull"]}
NOTE = b"1795354499250 push\n" + JOB
WRONG = ServerError("WRONGTYPE Operation against a key holding the wrong kind of value")


def announced(**changes: object) -> bytes:
    """How a probe introduces itself, with changes; `...` leaves a field out."""
    return orjson.dumps({key: value for key, value in (SAID | changes).items() if value is not ...})


class Server:
    """Answers from `keys`, in which a hash is a dict and a list a list; whatever else is asked is no question of the reader's."""

    def __init__(self, keys: dict[bytes, object]) -> None:
        self.keys = keys
        self.asked: list[tuple[object, ...]] = []

    async def ask(self, commands):
        self.asked += commands
        return [self._answer(*command) for command in commands]

    def _answer(self, command, key, *rest):
        value = self.keys.get(key)
        match command, value:
            case _, ServerError() | int():
                return value
            case "HSCAN", dict() | None:
                return [b"0", [part for pair in (value or {}).items() for part in pair]]
            case "SSCAN", list() | None:
                return [b"0", value or []]
            case "LRANGE", list() | None:
                return (value or [])[: rest[1] + 1]
            case "SISMEMBER", list() | None:
                return int(rest[0].encode() in (value or []))
            case "HSCAN" | "SSCAN" | "LRANGE" | "SISMEMBER", _:
                return WRONG
        pytest.fail(f"{command} was asked")


async def left(keys: dict[bytes, object], queues: tuple[str, ...] = ()):
    """What is read of a server that holds these keys."""
    return await read_left(Server(keys).ask, Keys("mast"), ID, queues=queues, where="h:1")


HASH = Keys("mast").probe(ID)
LISTS = {queue: Keys("mast").moved(ID, queue) for queue in ("push", "pull")}


def test_keys():
    """The probe writes through Sidekiq's own connection: a namespace stands in front of its keys."""
    assert HASH == b"mast:sidekiq-watchdog:probe:web1:42:0123456789ab"
    assert LISTS["push"] == b"mast:sidekiq-watchdog:fetch:web1:42:0123456789ab:push"


def test_a_note_is_a_proof_with_the_exact_bytes():
    """Thread, queue, class and id come with it; what follows the first line feed is the job, whatever it holds."""
    odd = b'{"args":[1.0e+20,"\\u00e9\xff"],\n"wrapped":"Real","class":"Wrapper","jid":"j1"}'

    assert decode_note("k", b"gox:7", b"1795354499250 my queue\n" + odd) == Finding(
        jid="j1", certainty=Certainty.PROVEN, origin=Origin.PROBE, job_class="Real", queue="my queue", tid="gox", payload=odd
    )


@pytest.mark.parametrize(
    ("field", "raw"),
    [
        (b"gox:7", b""),
        (b"gox:7", JOB),
        (b"gox:7", b"x push\n" + JOB),
        (b"gox:7", b"-1 push\n" + JOB),
        (b"gox:7", b"1795354499250 \n" + JOB),
        (b"gox:7", b"1795354499250 a\x07b\n" + JOB),
        (b"gox:7", b"1795354499250 \xff\n" + JOB),
        (b"gox", NOTE),
        (b"\xff:1", NOTE),
        (b"gox:7", b"1795354499250 push\n"),
        (b"gox:7", b"1795354499250 push\n[1]"),
        (b"gox:7", b'1795354499250 push\n{"class":"A"}'),
        (b"gox:7", b'1795354499250 push\n{"class":"A","jid":1}'),
        (b"gox:7", b"1795354499250 push\n" + b"[" * 100_000),
    ],
)
def test_a_broken_note(field, raw):
    """A note that does not say all that it must is broken, and its reason quotes none of it."""
    found = decode_note("k", field, raw)

    assert isinstance(found, Broken)
    assert found.key == "k"
    assert "secret" not in found.reason


def test_a_moved_job_is_a_proof():
    """It names its queue by its list; which thread had it is not told."""
    assert decode_moved("k", "push", JOB) == Finding(
        jid="4caa72fe18d4b6a0d19e77c3",
        certainty=Certainty.PROVEN,
        origin=Origin.PROBE,
        job_class="PushWorker",
        queue="push",
        payload=JOB,
        in_list=True,
    )
    assert isinstance(decode_moved("k", "push", b"{"), Broken)


def test_a_job_without_a_class_is_found():
    """Its id is enough to put it back."""
    found = decode_moved("k", "push", b'{"jid":"j1"}')

    assert isinstance(found, Finding)
    assert (found.jid, found.job_class) == ("j1", "")


def test_how_the_probe_introduces_itself():
    """Strength and queues; names that are none are left out."""
    assert decode_announced("k", announced(strength="fetch")) == Announced(strength="fetch", queues=("push", "pull"))
    assert decode_announced("k", announced(queues=["push", 1, "a\nb"])) == Announced(strength="observe", queues=("push",))
    assert decode_announced("k", announced(queues="push")) == Announced(strength="observe")
    assert decode_announced("k", announced(queues=[], threads=25)) == Announced(strength="observe", threads=25)
    for odd in (0, -1, "5", 10**9, None):
        assert decode_announced("k", announced(queues=[], threads=odd)) == Announced(strength="observe")


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"1", b"\xff", announced(format=2), announced(format=...), announced(strength="off"), announced(strength=["fetch"])]
)
def test_a_probe_that_is_not_known(raw):
    """One of another format may mean something else by all of it."""
    assert isinstance(decode_announced("k", raw), Broken)


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        ((), ""),
        (("canary", "probe:fetch"), "fetch"),
        (("probe:observe",), "observe"),
        (("probe:observe", "probe:fetch"), "observe"),
        (("probe:", "probe:more", "xprobe:fetch"), ""),
    ],
)
def test_strength_by_the_labels_of_a_process(labels, found):
    """Told twice, the weaker counts; a strength that is not known is none."""
    assert strength(labels) == found


async def test_nothing_is_left():
    """Of a process without a probe, or one that stopped in good order."""
    nothing = await left({}, queues=("push",))

    assert (nothing.strength, nothing.errors, nothing.findings, nothing.broken, nothing.whole) == ("", 0, (), (), True)


async def test_notes_and_moved_jobs_together():
    """Where moving failed for a while there are both; fields of the probe's own are no notes."""
    moved = JOB.replace(b"4caa", b"5555")
    found = await left(
        {HASH: {b":probe": announced(strength="fetch"), b":errors": b"3", b"gox:7": NOTE, b":new": b"later"}, LISTS["pull"]: [moved]}
    )

    assert (found.strength, found.errors, found.broken, found.whole) == ("fetch", 3, (), True)
    assert [(one.tid, one.queue, one.payload) for one in found.findings] == [("gox", "push", JOB), ("", "pull", moved)]


@pytest.mark.parametrize(
    ("more", "sure"),
    [
        ({b":probe": announced(threads=5), b":whole": b"1"}, True),
        ({b":probe": announced()}, False),
        ({b":whole": b"1"}, False),
        ({b":probe": announced(format=2), b":whole": b"1"}, False),
        ({b":probe": announced(), b":whole": b"1", b"gox:8": b"?"}, False),
        ({b":probe": announced(), b":whole": b"1", **{f"t:{number}".encode(): NOTE for number in range(MOST)}}, False),
    ],
)
async def test_when_a_probe_is_taken_at_its_word(more, sure):
    """It must vouch for having named everything, and everything must have been read and understood."""
    found = await left({HASH: {b"gox:7": NOTE, **more}})

    assert found.is_sure is sure
    assert not found.is_empty


async def test_wherever_it_may_lie():
    """A probe that does not say which queues it served may have moved jobs out of any; one that does is believed."""
    keys = Keys("mast")
    queues: dict[bytes, object] = {keys.queues: [b"push", b"\xff"], LISTS["push"]: [JOB]}
    server = Server(queues)
    assert [one.in_list for one in (await read_all_left(server.ask, keys, ID, where="h:1")).findings] == [True]

    said = Server({**queues, HASH: {b":probe": announced(queues=[])}})
    assert (await read_all_left(said.ask, keys, ID, where="h:1")).is_empty
    assert not [command for command in said.asked if command[0] == "SSCAN"]
    assert (await read_all_left(Server({}).ask, keys, ID, where="h:1")).is_empty


async def test_whether_a_probe_has_left():
    """In good order: then it is not among those that may have left something."""
    keys = Keys("mast")

    assert await is_announced(Server({keys.probes: [ID.encode()]}).ask, keys, ID, where="h:1")
    assert not await is_announced(Server({}).ask, keys, ID, where="h:1")
    with pytest.raises(SourceUnavailableError):
        await is_announced(Server({keys.probes: ServerError("NOPERM no")}).ask, keys, ID, where="h:1")


async def test_a_probe_that_never_introduced_itself():
    """The queues from which the process is known to have fetched are looked at all the same."""
    found = await left({LISTS["push"]: [JOB]}, queues=("push",))

    assert (found.strength, [one.queue for one in found.findings]) == ("", ["push"])


async def test_what_is_broken_keeps_nothing_else_from_being_found():
    """Keys of the wrong type, a broken introduction, a broken note: each is named, the rest is found."""
    found = await left(
        {HASH: {b":probe": b"{", b":errors": b"many", b"gox:7": NOTE, b"gox:8": b"?"}, LISTS["push"]: {}, LISTS["pull"]: [JOB, b"?"]},
        queues=("push", "pull"),
    )

    assert (len(found.findings), len(found.broken), found.errors) == (2, 4, 0)
    assert "secret" not in repr(found)

    found = await left({HASH: [], LISTS["push"]: [JOB]}, queues=("push",))
    assert (len(found.findings), len(found.broken)) == (1, 1)


async def test_reading_has_a_bound():
    """However much somebody has put there, only so much is read, and that is said."""
    many = {f"t:{number}".encode(): NOTE for number in range(MOST + 5)}
    found = await left({HASH: many})
    assert (len(found.findings), found.whole) == (MOST, False)

    found = await left({LISTS["push"]: [JOB] * (MOST + 5)}, queues=("push",))
    assert (len(found.findings), found.whole) == (MOST, False)


@pytest.mark.parametrize(
    ("value", "found"), [(None, []), ({}, []), ([b"web1:42:cafe", b"\xff", b"", b"app2:7:cafe"], ["app2:7:cafe", "web1:42:cafe"])]
)
async def test_all_processes_with_a_probe(value, found):
    """What is no name is passed over; a key of another type lists none."""
    assert await read_probes(Server({Keys("mast").probes: value}).ask, Keys("mast"), where="h:1") == found


@pytest.mark.parametrize("reply", [ServerError("NOPERM this user has no permissions"), 5])
@pytest.mark.parametrize("key", [HASH, LISTS["push"]])
async def test_a_refusal_is_no_finding(reply, key):
    """What can't be read is not empty."""
    with pytest.raises(SourceUnavailableError):
        await left({key: reply}, queues=("push",))
