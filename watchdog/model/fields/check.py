"""Fields of `check`: what the config declares under `checks`, by its name there."""

from functools import partial
from typing import Final

from watchdog.model.fields.spec import Clock, FieldSpec, field
from watchdog.model.kinds import Kind, Source, Type

_field = partial(field, Kind.CHECK, source=Source.CHECKS)

FIELDS: Final[tuple[FieldSpec, ...]] = (
    _field("name", Type.STRING, "Its name in the config.", 'check.name == "postgres"'),
    _field("type", Type.STRING, "What is tried: `tcp`, `http`, `postgres` or `command`.", 'check.type == "http"'),
    _field(
        "ok",
        Type.BOOL,
        "It succeeds. One failure says nothing: this turns after two tries in a row that say the same; only the first success after the agent's start counts at once, and before it this is not known.",
        "not check.ok",
    ),
    _field(
        "failed_for",
        Type.DURATION,
        "Since the first of the failures that go on; not known while it is `ok`.",
        "not check.ok and check.failed_for > 2m",
        attr="failing_at",
        clock=Clock.ENGINE,
    ),
    _field(
        "latency",
        Type.DURATION,
        "How long its last success took; told when it differs by a half and by 10 ms.",
        "check.latency > 1s",
    ),
    _field(
        "free_connections",
        Type.COUNT,
        "How many more clients the database would let in: `max_connections`, less what is reserved for superusers and less those that are there; known of `postgres` alone, "
        "from its last success. Told when it differs by more than 2 and a tenth.",
        "check.free_connections < 20",
    ),
    _field(
        "max_connections",
        Type.COUNT,
        "How many clients the database lets in at most, those that are reserved for superusers left out; known of `postgres` alone, from its last success.",
        "sum(process.threads) > check.max_connections",
    ),
    _field("problem", Type.STRING, "What went wrong at the last try; empty where nothing did.", 'check.problem like "*too many clients*"'),
)
