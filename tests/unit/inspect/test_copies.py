"""The payload around a hit, in crafted memory."""

import json

import pytest

from watchdog.inspect.copies import LARGEST, REACHES, Copy, Form, Hit, More, copy_around
from watchdog.inspect.deadline import Deadline

JID, OTHER = "aaaaaaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbbbb"
BASE = 0x7F00_0000_0000


def job(args: str = "", jid: str = JID) -> bytes:
    """A payload as Ruby writes it."""
    return f'{{"retry":true,"queue":"push","class":"C","args":[{args}],"jid":"{jid}","created_at":1.5}}'.encode()


def entry(payload: bytes) -> bytes:
    """A field of the work hash."""
    return f'{{"queue":"push","payload":{json.dumps(payload.decode(), ensure_ascii=False)},"run_at":1795354499}}'.encode()


def around(memory: bytes, *, number: int = 0, reach: int = REACHES[1], seconds: float = 60) -> Copy | More | None:
    """What is found around the hit of that number, in memory that is just this."""

    def read(address: int, size: int) -> bytearray:
        return bytearray(memory[address - BASE : address - BASE + size])

    place = -1
    for _ in range(number + 1):
        place = memory.index(b'"jid', place + 1)
    hit = Hit(BASE + place, JID, memory[place + 4 : place + 5] == b"\\")
    return copy_around(hit, read, reach, (BASE, BASE + len(memory)), Deadline(seconds))


@pytest.mark.parametrize("before", [b"", b"\0", b"$156\r\n", b"x", b"}", b"\xff\xfe", b'{"', b'{"a":"', b'{"a":{"b":1}}'])
@pytest.mark.parametrize("behind", [b"", b"\0", b"\r\n*2\r\n", b"{", b'"', b"\r\n{"])
@pytest.mark.parametrize("args", ["", '"{"', '"}","]["', '{"jid":1},"{\\"a\\":1}"', '"x{",":1,",":1,"', '"\\\\"', "1.0e+20"])
def test_a_payload_as_it_is(before, behind, args):
    """It is found byte for byte, whatever lies around it and within."""
    memory = before + job(args) + behind
    found = around(memory, number=memory.count(b'"jid', 0, memory.rindex(JID.encode())) - 1)

    assert found == Copy(JID, job(args), Form.RAW)


@pytest.mark.parametrize(
    "memory",
    [
        pytest.param(job(f'{{"jid":"{JID}"}}', OTHER), id="an object in the arguments"),
        pytest.param(job(job().decode(), OTHER), id="a job in the arguments"),
        pytest.param(job(f"1, \n\t{job().decode()} ,2", OTHER), id="with white space around it"),
        pytest.param(job("1," + " " * 5000 + job().decode() + " " * 5000, OTHER), id="with much white space around it"),
        pytest.param(job(f'{{"a":{job().decode()}}}', OTHER), id="deeper in the arguments"),
        pytest.param(b"," + job(), id="behind a comma"),
        pytest.param(job() + b"]", id="before a bracket"),
        pytest.param(job()[:-1], id="without its end"),
        pytest.param(job()[1:], id="without its beginning"),
        pytest.param(b'{"class":"C","args":[],"jid":"' + JID.encode() + b'","jid":"' + OTHER.encode() + b'"}', id="with two jids"),
        pytest.param(b'{"args":[],"jid":"' + JID.encode() + b'"}', id="without a class"),
        pytest.param(b'{"class":"C","jid":"' + JID.encode() + b'"}', id="without arguments"),
        pytest.param(b'"jid":"' + JID.encode() + b'"', id="without anything"),
        pytest.param(b'{"class"=>"C", "jid":"' + JID.encode() + b'"}', id="as Ruby shows a hash"),
        pytest.param(job()[:-20] + b"\0" * 20, id="overwritten"),
    ],
)
def test_what_is_no_payload(memory):
    """What is not whole, not alone, not a job or not of this jid is not found."""
    assert around(memory) is None


def test_a_job_that_names_itself_in_its_arguments():
    """A hit in the arguments finds the job around it if it is the wanted one."""
    whole = job(f'{{"jid":"{JID}"}}')

    assert around(whole) == Copy(JID, whole, Form.RAW)


def test_within_an_entry_of_the_work_hash():
    """The payload is found in its exact bytes, though it is escaped there."""
    whole = job('"\\u00e9 \\" ü \\/ 😀",1.0e+20')

    assert around(b"\0" + entry(whole) + b"\0") == Copy(JID, whole, Form.EMBEDDED)


@pytest.mark.parametrize("payload", [job(jid=OTHER)[:-1] + b',"x":{"jid":"' + JID.encode() + b'"}}', job()[:-1], b"[" + job() + b"]"])
def test_an_entry_of_something_else(payload):
    """An entry of another job in whose arguments the jid stands, or of no job, finds nothing."""
    memory = entry(payload)

    assert around(memory, number=memory.count(b'"jid') - 1) is None


def test_a_text_of_another_job():
    """A payload that another job holds as a text is a quotation, told with all of that text."""
    said = "see " + job().decode() + "!"

    assert around(job(json.dumps(said), OTHER)) == Copy(JID, said.encode(), Form.QUOTED)


def test_more_is_wanted():
    """A payload that reaches beyond the window asks for a wider one, one that is cut off asks in vain."""
    whole = job('"' + "x" * REACHES[0] + '"')
    memory = b"\0" * REACHES[0] + whole + b"\0" * REACHES[0]

    assert around(memory, reach=REACHES[0]) is More.BYTES
    assert around(memory, reach=REACHES[1]) == Copy(JID, whole, Form.RAW)
    assert around(entry(job('"' + "x" * 100_000 + '"')), reach=REACHES[0]) is More.BYTES
    assert around(entry(job('"' + "x" * LARGEST + '"')), reach=LARGEST) is None


def test_time_is_over():
    """A window full of beginnings is left when the time is over."""
    assert around(b'x{"' * 2**20 + b'"jid":"' + JID.encode() + b'"', seconds=0) is More.TIME
