"""
What must be known of a job's bytes before they are put back: the few facts that decide about its place. Pure.

Nothing of its arguments leaves this module but a digest under a secret of this agent, so that nobody can find out a private post by trying.
"""

from hashlib import blake2b
from typing import Any, Final

import msgspec
import orjson

_SIZE: Final = 12


class JobFacts(msgspec.Struct, frozen=True):
    """
    `jid`, `job_class` (of ActiveJob the wrapped class) and `queue` are empty where the bytes don't tell them.

    `retries` says that Sidekiq runs it again after a failure: `retry` is neither 0 nor false (it is true where it is missing, processor.rb). `digest` is of class and arguments.
    """

    jid: str
    job_class: str
    queue: str
    retries: bool
    digest: str


def facts_of(payload: bytes, *, secret: str) -> JobFacts | None:
    """The facts of a job; None for what is no job."""
    try:
        job = orjson.loads(payload)
    except ValueError:
        return None
    if not isinstance(job, dict):
        return None
    called = job.get("wrapped") if isinstance(job.get("wrapped"), str) else job.get("class")
    name = called if isinstance(called, str) else ""
    args = orjson.dumps(job.get("args"), option=orjson.OPT_SORT_KEYS)
    mark = blake2b(args, digest_size=_SIZE, key=secret.encode()[:64], person=b"strikes").hexdigest()
    return JobFacts(_text(job.get("jid")), name, _text(job.get("queue")), job.get("retry", True) not in (0, False, None), mark)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
