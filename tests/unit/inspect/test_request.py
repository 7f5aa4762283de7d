"""Requests, right and wrong."""

import json
from typing import Any

import pytest

from watchdog.inspect.refusals import REFUSALS, RefusedError
from watchdog.inspect.request import LARGEST, Request, read_request

JID = "4caa0123456789abcdef0123"
WRONG: tuple[dict[str, Any], ...] = (
    {"ask": "write"}, {"ask": ["memory"]}, {"pid": "5"}, {"pid": True}, {"pid": 5.0}, {"pid": -1}, {"pid": 2**22}, {"pid": None}, {"start_ticks": 2**63},
    {"start_ticks": -1}, {"jids": []}, {"jids": JID}, {"jids": [5]}, {"jids": [JID] * 1001}, {"jids": ["short"]}, {"jids": ["x" * 65]},
    {"jids": ['aaaaaaaa"']}, {"jids": ["aaaaaaaa\n"]}, {"peers": []}, {"address": 0}, {"unit": "any.service"},
)  # fmt: skip
GOOD: dict[str, Any] = {"ask": "memory", "pid": 5, "start_ticks": 7, "jids": [JID]}


def test_requests():
    """Each kind, with what belongs to it."""
    assert read_request(json.dumps(GOOD).encode()) == Request("memory", 5, 7, (JID,))
    assert read_request(b'{"ask":"sockets","pid":5,"start_ticks":7}') == Request("sockets", 5, 7)
    assert read_request(b'{"ask":"sockets","pid":5,"start_ticks":7,"peers":["[::1]:6379"]}') == Request(
        "sockets", 5, 7, (), ("[::1]:6379",)
    )
    assert read_request(b'{"ask":"facts","pid":5,"start_ticks":7}') == Request("facts", 5, 7)


@pytest.mark.parametrize(
    "line",
    [
        b"", b"[]", b"5", b"null", b"{", b"\xff", b'{"ask":"memory"}', b"[" * 60_000, b'{"a":' * 10_000,
        b'{"ask":"facts","pid":5,"start_ticks":7,"pid":6}',
        *(json.dumps({**GOOD, **change}).encode() for change in WRONG),
        json.dumps({"ask": "sockets", "pid": 5, "start_ticks": 7, "peers": ["x"] * 17}).encode(),
        json.dumps({"ask": "facts", "pid": 5, "start_ticks": 7, "jids": [JID]}).encode(),
        json.dumps(GOOD).encode().ljust(LARGEST + 1),
    ],
)  # fmt: skip
def test_what_is_refused(line):
    """A request that is not just right is refused, with a sentence."""
    with pytest.raises(RefusedError, match="the request can't be read: ") as refused:
        read_request(line)

    assert refused.value.spec is REFUSALS["bad-request"]


@pytest.mark.parametrize("code", REFUSALS)
def test_every_refusal_is_a_sentence(code):
    """Each has a place for what it is about, and says what helps."""
    refusal = RefusedError(code, "THIS")

    assert "THIS" in str(refusal)
    assert refusal.spec.hint
