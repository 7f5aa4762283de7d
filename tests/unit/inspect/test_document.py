"""One JSON object among other bytes."""

import json

import pytest

from watchdog.inspect.deadline import Deadline
from watchdog.inspect.document import Cut, Document, document_at, text

JOB = b'{"class":"C","args":[1,"a",{"jid":"inner"}],"jid":"aaaaaaaa"}'
NOW = Deadline(60, clock=lambda: 0.0)


def test_a_job():
    """Where it ends, what its own jid is, and that it is a job; what lies in its arguments is not its own."""
    assert document_at(b"xx" + JOB + b"yy", 2, NOW) == Document(len(JOB) + 2, ("aaaaaaaa",), is_job=True)


@pytest.mark.parametrize(
    ("data", "jids", "is_job"),
    [
        (b"{}", (), False),
        (b' {"jid":"a"}'[1:], ("a",), False),
        (b'{"jid":"a","jid":"b","class":"C","args":[]}', ("a", "b"), True),
        (b'{"\\u006aid":"a","class":"C","args":[]}', ("a",), True),
        (b'{"jid":"a","class":"C","args":{}}', ("a",), False),
        (b'{"jid":"a","class":1,"args":[]}', ("a",), False),
        (b'{"class":"C","args":["jid",":","x"],"jid":"\\u00e9"}', ("\u00e9",), True),
        (b'{ "jid" :\t"a" , "class":"C" ,"args" : [ ] }', ("a",), True),
        (b'{"a":[1,2.5,-0,1e5,1.0e+20,1.0E-7,true,false,null,"",[],{}]}', (), False),
        ('{"args":["\u2028 日本 \U0001f600"]}'.encode(), (), False),
        (b'{"a":"' + b'\\"' * 5000 + b'"}', (), False),
        (b'{"a":[' + b'"x",' * 5000 + b"1]}", (), False),
        (b'{"a":' + b"[" * 99 + b"]" * 99 + b"}", (), False),
        (b'{"a":"\xff\xfe"}', (), False),
    ],
)  # fmt: skip
def test_what_is_read(data, jids, is_job):
    """All that JSON allows, as far as Sidekiq can read it."""
    assert document_at(data, 0, NOW) == Document(len(data), jids, is_job)


@pytest.mark.parametrize(
    "data",
    [
        b"[]", b"x", b"", b"{,}", b'{"a"}', b'{"a":}', b'{"a":1,}', b'{"a":[1,]}', b'{"a":[,1]}', b'{"a":1]', b'{"a":[1}', b'{"a":01}', b'{"a":1 2}',
        b'{"a":+1}', b'{"a":.5}', b'{"a":NaN}', b'{"a":"\n"}', b'{"a":"\\x"}', b'{"a":"\\u12G4aa"}', b"{'a':1}", b'{"a"=>1}', b"{1:1}", b'{"a":"b""c":1}',
        b'{"a":1}}'[:0] + b'{"a"::1}', b'{"jid":5}', b'{"jid":null}', b'{"jid":["a"]}', b'{"jid":"\\ud800"}', b'{"a":' + b"[" * 100 + b"]" * 100 + b"}",
    ],
)  # fmt: skip
def test_what_is_refused(data):
    """What is no JSON, or nests deeper than Ruby goes, or whose jid is no text."""
    assert document_at(data, 0, NOW) is None


def test_every_beginning_is_cut():
    """Whatever is missing at the end, it is said that it is missing, and never that it is no JSON."""
    whole = b'{"class":"C","args":[-1.5e+7,"\\u00e9\\n",true,{"a":null}],"jid":"aaaaaaaa"}'
    for end in range(1, len(whole)):
        assert document_at(whole[:end], 0, NOW) is Cut.BYTES, whole[:end]


def test_time_is_over():
    """A document that takes too long is left."""
    dense = b'{"a":[' + b"[{}]," * 100_000 + b"1]}"

    assert document_at(dense, 0, Deadline(0)) is Cut.TIME
    assert document_at(b'{"a":"' + b"\\n" * 100_000 + b'"}', 0, Deadline(0)) is Cut.TIME


def test_text():
    """What a string says; half a surrogate says nothing."""
    assert text(json.dumps('a"\\\u00e9\U0001f600').encode()) == 'a"\\\u00e9\U0001f600'
    assert text(b'"\\ud800"') is None
    assert text(b"5") is None
    assert text(b'"\xff"') is None
