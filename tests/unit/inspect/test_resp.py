"""Unread replies of Redis."""

import pytest

from watchdog.inspect.resp import Fetched, Rest, fetched

JOB = b'{"class":"C","args":["\r\n"],"jid":"aaaaaaaa"}'


def bulk(text: bytes) -> bytes:
    """A bulk string."""
    return b"$%d\r\n%s\r\n" % (len(text), text)


def reply(payload: bytes = JOB, key: bytes = b"queue:push") -> bytes:
    """A reply to BRPOP."""
    return b"*2\r\n" + bulk(key) + bulk(payload)


@pytest.mark.parametrize("before", [b"", b"*-1\r\n", b"_\r\n", b"+OK\r\n:1\r\n", b"%1\r\n+a\r\n:1\r\n", b"$-1\r\n", b"-ERR what\r\n", b">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n",
                                    b"#t\r\n,1.5\r\n(123\r\n=5\r\ntxt:a\r\n~0\r\n"])  # fmt: skip
@pytest.mark.parametrize("number", [0, 1, 3])
def test_fetches(before, number):
    """Each fetch is found, behind whatever else was answered, in both protocols."""
    assert fetched(before + reply() * number) == ((Fetched(b"push", JOB),) * number, Rest.NOTHING)


@pytest.mark.parametrize(("key", "queue"), [(b"queue:a:b", b"a:b"), (b"mastodon:queue:push", b"push"), (b"queue:\xff", b"\xff")])
def test_names_of_queues(key, queue):
    """Without namespace."""
    assert fetched(reply(key=key))[0] == (Fetched(queue, JOB),)


@pytest.mark.parametrize(
    "data",
    [
        b"*2\r\n" + bulk(b"stat:x") + bulk(JOB),
        b"*2\r\n" + bulk(JOB) + bulk(JOB),
        b"*3\r\n" + bulk(b"queue:push") + bulk(JOB) + bulk(JOB),
        b"*1\r\n" + reply(),
        bulk(reply()),
        b"*2\r\n" + bulk(b"queue:push") + b"$-1\r\n",
        b"*2\r\n" + bulk(b"queue:push") + b":5\r\n",
        b"*2\r\n$-1\r\n" + bulk(JOB),
        b"%1\r\n" + bulk(b"queue:push") + bulk(JOB),
    ],
)
def test_what_is_no_fetch(data):
    """What only looks like one: within another reply, in a text, with other parts."""
    assert fetched(data) == ((), Rest.NOTHING)


def test_every_end():
    """Wherever the bytes end, nothing is made up; once the name of a queue begins, a job is known to be missing."""
    whole = reply()
    for end in range(1, len(whole)):
        jobs, rest = fetched(whole + whole[:end])
        assert jobs == (Fetched(b"push", JOB),)
        assert rest is (Rest.CUT_FETCH if end >= len(b"*2\r\n$10\r\nqueue:") else Rest.CUT)


@pytest.mark.parametrize(
    ("data", "rest"),
    [
        (b"\x17\x03\x03\x00\x20" + b"x" * 32, Rest.ENCRYPTED),
        (b"\x16\x03\x01", Rest.ENCRYPTED),
        (b"HTTP/1.1 200 OK\r\n", Rest.FOREIGN),
        (b'"args":[]}\r\n' + reply(), Rest.FOREIGN),
        (b"$5\r\nabcdefg", Rest.FOREIGN),
        (b"$05\r\n", Rest.FOREIGN),
        (b"$x\r\n", Rest.FOREIGN),
        (b"*" + b"9" * 100, Rest.FOREIGN),
        (b"+a\nb", Rest.FOREIGN),
        (b"*999999999\r\n", Rest.CUT),
        (b"", Rest.NOTHING),
    ],
)  # fmt: skip
def test_rests(data, rest):
    """What can't be read is named."""
    assert fetched(data) == ((), rest)
