"""Which locks a job names."""

import orjson
import pytest

from watchdog.sidekiq.edit.locks import locks_of


def test_a_job_names_its_lock():
    """The digest that the gem writes into the job."""
    assert locks_of(orjson.dumps({"class": "A", "lock": "until_executed", "lock_digest": "uniquejobs:a"})) == ("uniquejobs:a",)


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b"\xff", b"[" * 5000, b'{"lock_digest": 7}', b'{"args": [{"lock_digest": "a"}]}'])
def test_what_names_none(raw):
    """No job, or one whose classes have no unique jobs; what stands among the arguments is not its own."""
    assert locks_of(raw) == ()
