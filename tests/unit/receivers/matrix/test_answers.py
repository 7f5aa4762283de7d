"""What an answer of a homeserver means, in a sentence; and how long it asks to be left alone."""

import pytest

from watchdog.receivers.matrix.answers import NoAnswerError, judge
from watchdog.receivers.receiver import RefusedError, TryAgainError

ADDRESS = "https://matrix.example.org/secret"


@pytest.mark.parametrize(
    ("status", "body", "kind", "untouched", "says"),
    [
        (429, {"errcode": "M_LIMIT_EXCEEDED"}, TryAgainError, True, "M_LIMIT_EXCEEDED"),
        (429, None, TryAgainError, True, "no more messages"),
        (403, {"errcode": "M_LIMIT_EXCEEDED"}, TryAgainError, True, "no more messages"),
        (500, {"errcode": "M_UNKNOWN", "error": ADDRESS}, TryAgainError, False, "answered 500 Internal Server Error (M_UNKNOWN)"),
        (502, None, TryAgainError, False, "answered 502 Bad Gateway"),
        (503, "<html>", TryAgainError, False, "answered 503"),
        (504, None, TryAgainError, False, "answered 504"),
        (599, None, TryAgainError, False, "answered 599"),
        (408, None, TryAgainError, False, "answered 408"),
        (401, {"errcode": "M_UNKNOWN_TOKEN", "error": ADDRESS, "soft_logout": True}, RefusedError, True, "make a new one"),
        (401, {"errcode": "M_MISSING_TOKEN"}, RefusedError, True, "access token"),
        (403, {"errcode": "M_USER_DEACTIVATED"}, RefusedError, True, "deactivated"),
        (403, {"errcode": "M_RESOURCE_LIMIT_EXCEEDED"}, RefusedError, True, "limit of its own"),
        (404, {"errcode": "M_UNRECOGNIZED"}, RefusedError, True, "no homeserver"),
        (404, None, RefusedError, True, "no homeserver"),
        (405, "<html>", RefusedError, True, "no homeserver"),
        (301, None, RefusedError, True, "redirects are not followed"),
        (403, {"errcode": "M_FORBIDDEN"}, NoAnswerError, True, "answered 403 Forbidden (M_FORBIDDEN)"),
        (413, None, NoAnswerError, True, "answered 413"),
        (400, {"errcode": "<b>M</b>"}, NoAnswerError, True, "answered 400 Bad Request"),
        (400, {"errcode": 7}, NoAnswerError, True, "answered 400 Bad Request"),
        (200, None, RefusedError, False, "without JSON"),
        (200, ["x"], RefusedError, False, "without JSON"),
    ],
)  # fmt: skip
def test_what_became_of_a_call(status, body, kind, untouched, says):
    """What passes by itself is tried again, what people must mend is said so that they can; whether anything can have arrived; and no text of the server's own."""
    with pytest.raises(TryAgainError) as caught:
        judge(status, body, after=None)
    assert type(caught.value) is kind
    assert caught.value.untouched is untouched
    assert says in caught.value.reason
    assert "example.org" not in caught.value.reason
    assert "<" not in caught.value.reason


@pytest.mark.parametrize(
    ("after", "asked", "wait"),
    [
        (None, None, None),
        (None, 1500, 1500),
        (2000, None, 2000),
        (2000, 1500, 2000),
        (1000, 1500, 1500),
        (None, "soon", None),
        (None, True, None),
        (None, -5, None),
    ],
)
def test_how_long_it_asks_to_be_left_alone(after, asked, wait):
    """By its header or in its body, whichever is longer."""
    body = {"errcode": "M_LIMIT_EXCEEDED"} | ({} if asked is None else {"retry_after_ms": asked})
    with pytest.raises(TryAgainError) as caught:
        judge(429, body, after=after)
    assert caught.value.after == wait


def test_an_answer():
    """The JSON object of a call that succeeded."""
    assert judge(200, {"event_id": "$x"}, after=None) == {"event_id": "$x"}
