"""What is read of the bytes of a job."""

import pytest

from watchdog.sidekiq.edit.payload import fields_of


@pytest.mark.parametrize(
    ("raw", "jid"),
    [
        (b'{"jid":"a","args":[1.0e+20,123456789012345678901234567890]}', "a"),
        (b'{"jid":"x","jid":"a"}', "a"),
        (b'{"jid":"a","args":["\xff\xfe"]}', "a"),
        (b'{"jid":"a","args":["\xed\xa0\x80"]}', "a"),
        (b"", None),
        (b"[]", None),
        (b"\xff", None),
        (b"{" * 5000, None),
        (b'{"a":' * 5000 + b"\xff", None),
    ],
)
def test_fields(raw, jid):
    """As Ruby reads them, also where the text is not quite UTF-8; of what is no job there are none."""
    assert fields_of(raw).get("jid") == jid
