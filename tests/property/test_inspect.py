"""Whatever lies in the memory of a process, in its sockets and in a request: nothing but what was asked for comes out, and nothing raises anything but a refusal."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from watchdog.inspect import memory
from watchdog.inspect.deadline import Deadline
from watchdog.inspect.document import Cut, Document, document_at
from watchdog.inspect.kernel import read
from watchdog.inspect.memory import Search, search
from watchdog.inspect.refusals import RefusedError
from watchdog.inspect.request import read_request
from watchdog.inspect.resp import Fetched, Rest, fetched

WANTED, OTHER = "aaaaaaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbbbb"
SIZE = 2**16
NOW = Deadline(60, clock=lambda: 0.0)

SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from([WANTED, OTHER, "", "{", '"', "\\", "}]", "é\u2028😀", '","'])
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["jid", "class", "args", "payload", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)


def ruby(value: Any) -> bytes:
    """As JSON, as Ruby writes it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def job(jid: str, args: list[Any]) -> dict[str, Any]:
    """A job."""
    return {"retry": True, "queue": "push", "class": "C", "args": args, "jid": jid, "created_at": 1.5}


WANTED_JOBS = st.builds(lambda args: ruby(job(WANTED, args)), st.lists(VALUES, max_size=3))
NESTED = WANTED_JOBS.map(json.loads) | WANTED_JOBS.map(bytes.decode) | VALUES
OTHER_JOBS = st.builds(lambda args: ruby(job(OTHER, [*args, "PRIVATE"])), st.lists(NESTED, max_size=3))
ENTRIES = st.builds(lambda payload: ruby({"queue": "push", "payload": payload.decode(), "run_at": 5}), WANTED_JOBS | OTHER_JOBS)
REPLIES = st.builds(lambda payload: b"*2\r\n$10\r\nqueue:push\r\n$%d\r\n%s\r\n" % (len(payload), payload), WANTED_JOBS | OTHER_JOBS)
JUNK = st.binary(max_size=40) | st.sampled_from(
    [b"\0", b'"', b"{", b'{"', b"[", b",", b"\\", b'"jid":"', b'"jid":"' + WANTED.encode() + b'"', b'\\"jid\\":\\"']
)


@st.composite
def damaged(draw: st.DrawFn, whole: st.SearchStrategy[bytes]) -> bytes:
    """A part of it, with some bytes overwritten."""
    data = bytearray(draw(whole))
    if data:
        start, end = sorted((draw(st.integers(0, len(data))), draw(st.integers(0, len(data)))))
        place = draw(st.integers(0, len(data) - 1))
        data[place : place + 4] = draw(st.binary(max_size=4))
        data = data[start:end]
    return bytes(data)


PIECES = st.lists(WANTED_JOBS | OTHER_JOBS | ENTRIES | REPLIES | JUNK | damaged(WANTED_JOBS | OTHER_JOBS | ENTRIES), max_size=8)


class Holder:
    """A process that holds what it is told (holder.py)."""

    def __init__(self) -> None:
        script = Path(__file__).with_name("holder.py")
        self._child = subprocess.Popen([sys.executable, "-IS", str(script), str(SIZE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.pid = self._child.pid
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._in, self._out = self._child.stdin, self._child.stdout
        start = int(self._out.readline(), 16)
        # The rest of the process holds nothing of interest and is left out, so that an example takes milliseconds.
        self._maps = b"%x-%x rw-p 00000000 00:00 0 \n" % (start, start + SIZE)

    def hold(self, data: bytes) -> None:
        """Hold this, and nothing else."""
        self._in.write(len(data).to_bytes(8, "little") + data)
        self._in.flush()
        assert self._out.readline()

    def file(self, name: str) -> bytes:
        """As `Target.file`."""
        assert name == "maps"
        return self._maps

    def search(self, *jids: str) -> Search:
        """What is found in it."""
        return search(self, jids, Deadline(60))  # type: ignore[arg-type]

    def close(self) -> None:
        """It ends with its input."""
        self._in.close()
        self._child.wait()
        self._out.close()


@pytest.fixture(scope="module")
def holder() -> Iterator[Holder]:
    """One for all examples."""
    one = Holder()
    yield one
    one.close()


@pytest.fixture(params=[memory.PIECE, 4096, 1000])
def piece(request, monkeypatch) -> int:
    """Memory is read in pieces of this size: small ones end in the middle of everything."""
    monkeypatch.setattr(memory, "PIECE", request.param)
    return request.param


def is_of(payload: bytes, jid: str) -> bool:
    """Whether Python's own reader sees a job of just that jid."""
    seen: list[Any] = []

    def top(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        seen[:] = [value for key, value in pairs if key == "jid"]
        return dict(pairs)

    said = json.loads(payload, object_pairs_hook=top)
    return seen != [] and set(seen) == {jid} and isinstance(said.get("class"), str) and isinstance(said.get("args"), list)


@settings(max_examples=150)
@given(pieces=PIECES, gap=st.integers(0, 5000))
def test_what_comes_out_of_memory_was_asked_for(holder, pieces, gap):
    """Only whole jobs with the wanted jid at their own top level come out, and each lay there just so."""
    held = b"\0".join([bytes(gap), *pieces])
    holder.hold(held)
    result = holder.search(WANTED)

    for found in result.found:
        assert is_of(found.payload, WANTED)
        assert found.payload in held or ruby(found.payload.decode())[1:-1] in held
        assert b"PRIVATE" not in found.payload
    assert result.partial == ""


@pytest.mark.parametrize("form", ["raw", "embedded"])
def test_payloads_at_every_border(holder, monkeypatch, form):
    """Wherever the pieces in which memory is read end, a payload is found once."""
    monkeypatch.setattr(memory, "PIECE", 1024)
    payload = ruby(job(WANTED, ["é", "\\", '"']))
    lies = payload if form == "raw" else ruby({"queue": "push", "payload": payload.decode(), "run_at": 5})
    for gap in range(512, 1400, 7):
        holder.hold(bytes(gap) + lies)
        assert [(one.payload, one.raw, one.embedded) for one in holder.search(WANTED).found] == [(payload, form == "raw", form != "raw")], (
            gap
        )


def test_all_of_many(holder, piece):
    """A thousand jobs in any order, each twice; those that nobody asked for stay where they are."""
    jids = [f"{number:024x}" for number in range(200)]
    payloads = [ruby(job(jid, [number])) for number, jid in enumerate(jids)]
    holder.hold(b"\0".join(payloads + payloads[::-1]))
    found = holder.search(*jids[::2]).found

    assert {one.jid: one.payload for one in found} == dict(list(zip(jids, payloads, strict=True))[::2])
    assert {one.raw for one in found} == {2}


def test_tries_of_a_job(holder):
    """Copies that differ come out apart, each with its number."""
    first, second = ruby(job(WANTED, [1])), ruby(job(WANTED, [1]) | {"retry_count": 0})
    holder.hold(b"\0".join([first, second, first, ruby({"queue": "push", "payload": second.decode(), "run_at": 5})]))

    assert {(one.payload, one.raw, one.embedded) for one in holder.search(WANTED).found} == {(first, 2, 0), (second, 1, 1)}


def test_a_text_that_looks_like_a_job(holder):
    """It does not come out as long as the arguments that it came with lie there, too; the job itself does."""
    forged, real = ruby(job(WANTED, ["forged"])), ruby(job(WANTED, ["real"]))
    holder.hold(b"\0".join([ruby(job(OTHER, ["look " + forged.decode()])), b"look " + forged, real]))
    result = holder.search(WANTED)

    assert [one.payload for one in result.found] == [real]
    assert result.quoted == 1


@pytest.mark.parametrize(
    "unit", [b'"jid":"' + WANTED.encode() + b'"', b'x{"', b'x{"a":', b'\\"jid\\":\\"' + WANTED.encode() + b'\\"', b'{"a":"']
)
def test_memory_made_to_take_long(holder, unit):
    """It ends in time, and says that it is partial."""
    holder.hold((unit * SIZE)[: SIZE - 50] + b'"jid":"' + WANTED.encode() + b'"')
    deadline = Deadline(0.5)
    result = search(holder, [WANTED], deadline)  # type: ignore[arg-type]

    assert deadline.elapsed() < 10
    assert result.found == ()


@given(st.binary(max_size=200) | WANTED_JOBS | damaged(WANTED_JOBS))
@example(b'{"a":1}')
def test_documents_are_what_python_reads(data):
    """What is taken for a whole object is one for Python, too; what Python reads and Ruby would, is taken."""
    found = document_at(data, 0, NOW)
    if isinstance(found, Document):
        assert isinstance(json.loads(data[: found.end].decode(errors="surrogateescape")), dict)
    else:
        assert found is None or found is Cut.BYTES
        try:
            said = json.loads(data)
        except (ValueError, RecursionError):
            return
        assert not isinstance(said, dict) or data[:1] != b"{" or not isinstance(said.get("jid", ""), str) or "NaN" in repr(said)


@given(WANTED_JOBS, st.data())
def test_cut_documents_are_said_to_be_cut(whole, data):
    """At any place."""
    assert document_at(whole[: data.draw(st.integers(1, len(whole) - 1))], 0, NOW) is Cut.BYTES


@given(
    st.lists(
        st.binary(max_size=30)
        | REPLIES
        | damaged(REPLIES)
        | st.sampled_from([b"*2\r\n", b"$5\r\n", b"\r\n", b"*-1\r\n", b"_\r\n", b"+OK\r\n"]),
        max_size=6,
    )
)
def test_replies(parts):
    """Anything is read without an exception; what is found lies there as a reply of its own."""
    data = b"".join(parts)
    jobs, rest = fetched(data)

    assert isinstance(rest, Rest)
    for one in jobs:
        assert b"$%d\r\n%s\r\n" % (len(one.payload), one.payload) in data


@given(st.lists(WANTED_JOBS, max_size=5), st.binary(max_size=30).filter(lambda rest: rest[:1] not in b"*$"))
def test_replies_before_anything(payloads, rest):
    """All whole replies at the beginning are found."""
    data = b"".join(b"*2\r\n$10\r\nqueue:push\r\n$%d\r\n%s\r\n" % (len(payload), payload) for payload in payloads)

    assert fetched(data + rest)[0] == tuple(Fetched(b"push", payload) for payload in payloads)


REQUESTS = st.dictionaries(
    st.sampled_from(["ask", "pid", "start_ticks", "jids", "peers", "x"]),
    st.sampled_from(["memory", "sockets", "facts", [WANTED], [], ["x"], 5, 0, -1, 2**70, None, True, {}, 1.5, [1], [[]]]),
    max_size=6,
).map(ruby)


@given(st.binary(max_size=200) | REQUESTS | damaged(REQUESTS))
def test_requests(line):
    """A request is understood or refused."""
    try:
        request = read_request(line)
    except RefusedError as error:
        code = error.spec.code
    else:
        code = request.ask

    assert code in {"bad-request", "memory", "sockets", "facts"}


def test_pages_that_can_not_be_read(holder):
    """Memory that is not there ends a read early, and never raises."""
    assert read(holder.pid, 4096, 100) == b""
    assert read(holder.pid, 0, 0) == b""
