"""
Sidekiq's bytes as typed values, whichever version wrote them; or `Broken`, never an exception.

Shapes (launcher.rb, processor.rb, job_util.rb of Sidekiq 6.4 … 8.1): `info` is JSON made once by a process;
`beat` and `started_at` are float seconds; an entry of a work hash is JSON `{"queue", "payload", "run_at"}` with the job as JSON text inside the
JSON and `run_at` in whole seconds, in 8 as well; times inside a job are float seconds up to 7 and whole milliseconds from 8 on. Seconds and milliseconds are
told apart by magnitude, because other clients write whole seconds. A reason never quotes what it complains of: it may be
somebody's private post.
"""

import re
from functools import lru_cache
from typing import Any, Final, TypeGuard

import msgspec
import orjson

from watchdog.sidekiq.hosts import domain, host_of_args

_NUMBER: Final = re.compile(rb"-?\d{1,20}(\.\d{1,20})?([eE][+-]?\d{1,3})?")
_WHOLE: Final = re.compile(rb"\d{1,18}")
AS_MILLISECONDS: Final = 1e11
"""From here on a time is in milliseconds: as seconds it would lie 3000 years ahead, as milliseconds this is 1973."""
_LAST_TIME: Final = 10**14
_LONGEST_NAME: Final = 1000
_MOST_NAMES: Final = 10_000
_MOST: Final = 2**53
"""Up to here every whole number survives JSON, SQLite and a float."""


class Broken(msgspec.Struct, frozen=True):
    """Something in Redis that does not have the shape it must have: where, and what is wrong, without its content."""

    key: str
    reason: str


class Capsule(msgspec.Struct, frozen=True):
    """A part of a process with threads of its own, which fetch from its queues alone."""

    name: str
    threads: int
    queues: tuple[str, ...]


class Info(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a process says of itself once. `started_at` is milliseconds of its own clock.

    `version` is empty before 7.0.2; `threads` None where it stands in the hash instead (from 8.1.2). `weights` are as on the
    command line (`push,2`), from 7.0.2 on; `capsules` are told from 8.0.9 on.
    """

    host: str
    pid: int
    tag: str = ""
    version: str = ""
    queues: tuple[str, ...] = ()
    threads: int | None = None
    started_at: int | None = None
    labels: tuple[str, ...] = ()
    weights: tuple[str, ...] = ()
    embedded: bool = False
    capsules: tuple[Capsule, ...] = ()


class Beat(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a process says at each beat; None where not said.

    `at` is milliseconds of its own clock, and `written` the same as it stands in Redis: that tells any two beats apart.
    `rss` is bytes, `rtt` milliseconds.
    """

    at: int
    written: bytes
    busy: int | None = None
    quiet: bool | None = None
    rss: int | None = None
    rtt: int | None = None
    threads: int | None = None


class Work(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    A job that a thread is running.

    `run` names this run within its process: thread, jid, and start as Sidekiq writes it. `run_at` is milliseconds of the clock of its
    process, `retries` counts the runs that failed before. `domain` is that of the server that it goes to, where its class is known to go to one.
    `once` says that Sidekiq does not run it again after a failure: its `retry` is 0 or false.
    """

    run: str
    thread: str
    jid: str
    job_class: str
    queue: str
    retries: int
    run_at: int
    domain: str | None = None
    once: bool = False


@lru_cache(maxsize=4096)
def label(key: bytes) -> str:
    """A key or name as text for people, whatever bytes it holds."""
    shown = key[:_LONGEST_NAME].decode("utf-8", "backslashreplace")
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in shown)


def name(raw: object) -> str | None:
    """A name as Sidekiq uses them: UTF-8, printable, not empty, at most 1000 characters; None for anything else."""
    if not isinstance(raw, bytes):
        return None
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return None
    return text if is_name(text) else None


def count(raw: object) -> int | None:
    """A counter as Redis holds or answers it, below 2^53; None for anything else."""
    value = int(raw) if isinstance(raw, bytes) and _WHOLE.fullmatch(raw) else raw
    return value if _is_count(value) else None


def milliseconds(value: object) -> int | None:
    """A time in seconds or milliseconds as milliseconds; None for what can't be a time."""
    if isinstance(value, bytes):
        if not _NUMBER.fullmatch(value):
            return None
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < _LAST_TIME:
        return None
    return round(value if value > AS_MILLISECONDS else value * 1000)


def decode_info(identity: str, raw: object) -> Info | Broken:
    """
    The field `info` of an identity hash.

    It must agree with the identity (`host:pid:nonce`) about host and pid: what contradicts itself is not believed.
    """
    info = _object(raw)
    if info is None:
        return Broken(identity, "`info` is not a JSON object")
    host, pid = info.get("hostname"), info.get("pid")
    if not is_name(host) or not _is_count(pid) or pid == 0:
        return Broken(identity, "`info` does not name a host and a process id")
    if identity.rsplit(":", 2)[:2] != [host, str(pid)]:
        return Broken(identity, "`info` names another host or process id than the identity")
    queues = info.get("queues")
    if not isinstance(queues, list) or len(queues) > _MOST_NAMES or not all(map(is_name, queues)):
        return Broken(identity, "`queues` in `info` is not a list of names")
    tag, version, threads = info.get("tag"), info.get("version"), info.get("concurrency")
    capsules = _capsules(info.get("capsules"))
    labels = info.get("labels")
    if not _is_count(threads):
        threads = sum(capsule.threads for capsule in capsules) or None
    return Info(
        host=host,
        pid=pid,
        tag=tag if is_name(tag) else "",
        version=version if is_name(version) else "",
        queues=tuple(dict.fromkeys(queues)),
        threads=threads,
        started_at=milliseconds(info.get("started_at")),
        labels=tuple(filter(is_name, labels[:_MOST_NAMES])) if isinstance(labels, list) else (),
        weights=_weights(info.get("weights")),
        embedded=info.get("embedded") is True,
        capsules=capsules,
    )


def _capsules(raw: object) -> tuple[Capsule, ...]:
    """`capsules` by name (8.0.9 and later); none at all if any of them can't be read, because the others would be taken for the whole."""
    found = []
    for called, capsule in raw.items() if isinstance(raw, dict) and len(raw) <= _MOST_NAMES else ():
        threads = capsule.get("concurrency") if isinstance(capsule, dict) else None
        queues = capsule.get("weights") if isinstance(capsule, dict) else None
        if not (is_name(called) and _is_count(threads) and isinstance(queues, dict) and all(map(is_name, queues))):
            return ()
        found.append(Capsule(called, threads, tuple(queues)))
    return tuple(found)


def _weights(raw: object) -> tuple[str, ...]:
    """`weights`: how often each queue stands in the list (7.0.2), or a list of that for each capsule (7.0.3 and later)."""
    parts = raw if isinstance(raw, list) else [raw]
    pairs = [pair for part in parts[:_MOST_NAMES] if isinstance(part, dict) for pair in part.items()]
    return tuple(f"{queue},{weight}" for queue, weight in pairs[:_MOST_NAMES] if is_name(queue) and _is_count(weight))


def decode_beat(
    identity: str, *, beat: object, busy: object, quiet: object, rss: object, rtt_us: object, concurrency: object
) -> Beat | Broken:
    """The other fields of an identity hash, None where the field is absent. Only `beat` is indispensable; `rss` is in KiB, `rtt_us` in microseconds."""
    at = milliseconds(beat)
    if at is None or not isinstance(beat, bytes):
        return Broken(identity, "`beat` is not a time")
    kib, micros = count(rss), count(rtt_us)
    return Beat(
        at=at,
        written=beat,
        busy=count(busy),
        quiet={b"true": True, b"false": False, b"1": True, b"0": False}.get(quiet) if isinstance(quiet, bytes) else None,
        rss=None if kib is None or kib >= _MOST // 1024 else kib * 1024,
        rtt=None if micros is None else -(-micros // 1000),
        threads=count(concurrency),
    )


def decode_work(key: str, thread: bytes, raw: object) -> Work | Broken:
    """One field of a work hash. The job may be JSON text inside the JSON (all known versions) or an object."""
    if (tid := name(thread)) is None:
        return Broken(key, "the name of a thread is not text")
    entry = _object(raw)
    if entry is None:
        return Broken(key, "an entry is not a JSON object")
    payload = entry.get("payload")
    job = payload if isinstance(payload, dict) else _object(payload)
    if job is None:
        return Broken(key, "the payload of an entry is not a JSON object")
    run_at = milliseconds(entry.get("run_at"))
    if run_at is None:
        return Broken(key, "`run_at` of an entry is not a time")
    jid, queue = job.get("jid"), entry.get("queue")
    if not is_name(jid):
        return Broken(key, "a job has no `jid`")
    if not is_name(queue):
        return Broken(key, "an entry does not name its queue")
    job_class = _class_of(job)
    if job_class is None:
        return Broken(key, "a job does not name its class")
    failed = job.get("retry_count")
    # `retry_count` is absent before the first failure and 0 after it.
    retries = failed + 1 if _is_count(failed) else 0
    host = host_of_args(job_class, job.get("args"))
    return Work(
        run=f"{tid}/{jid}/{_seconds(run_at)}",
        thread=tid,
        jid=jid,
        job_class=job_class,
        queue=queue,
        retries=retries,
        run_at=run_at,
        domain=domain(host) if host else None,
        # Missing it is true (processor.rb).
        once=job.get("retry", True) in (0, False, None),
    )


def decode_enqueued_at(key: str, raw: object) -> int | Broken:
    """When a waiting job was pushed (milliseconds since 1970), or created where that is not said."""
    job = _object(raw)
    if job is None:
        return Broken(key, "the job that is next is not a JSON object")
    at = milliseconds(job.get("enqueued_at")) or milliseconds(job.get("created_at"))
    return Broken(key, "the job that is next does not say since when it waits") if at is None else at


def decode_class(raw: object) -> str | None:
    """The class of a waiting job; None where it names none."""
    job = _object(raw)
    return None if job is None else _class_of(job)


def _class_of(job: dict[str, Any]) -> str | None:
    # ActiveJob runs everything in one class of its own and says in `wrapped` which one is meant.
    return next((value for value in (job.get("wrapped"), job.get("class")) if is_name(value)), None)


def _seconds(moment: int) -> str:
    seconds, rest = divmod(moment, 1000)
    return f"{seconds}.{rest:03}" if rest else f"{seconds}"


def _object(raw: object) -> dict[str, Any] | None:
    if not isinstance(raw, bytes | str):
        return None
    try:
        value = orjson.loads(raw)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def is_name(value: object) -> TypeGuard[str]:
    """Whether it is text as `name` takes it."""
    # Names stand in logs, messages and on screens: one with a line break in it could fake a line of its own.
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_NAME and value.isprintable()


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST
