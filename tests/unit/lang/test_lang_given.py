"""Values that an action is given."""

from typing import Any

import pytest

from watchdog.lang.given import Given, read_given
from watchdog.lang.text import Text
from watchdog.model.kinds import Kind, Type
from watchdog.model.rows import ROW_TYPES


def read(text: str, kind: Kind = Kind.DOMAIN) -> Given | None:
    """The value, None if there is anything wrong."""
    value, problems = read_given(Text(text, "rules.yml"), kind)
    assert (value is None) is bool(problems)
    return value


@pytest.mark.parametrize(
    ("text", "type_", "value"),
    [('"example.social"', Type.STRING, "example.social"), ("5", Type.COUNT, 5), ("90s", Type.DURATION, 90_000), ('""', Type.STRING, "")],
)
def test_literals(text, type_, value):
    """As in a condition, whatever the rule looks at."""
    given = read(text)
    assert given is not None
    assert (given.type, given.of(None), given.slot) == (type_, value, "")


def test_fields():
    """A field of the entity: what is read there, None where nothing is known."""
    row: Any = ROW_TYPES[Kind.DOMAIN]("example.social")
    given = read("domain.name")
    assert given is not None
    assert (given.text, given.type, given.of(row), given.of(None)) == ("domain.name", Type.STRING, None, None)
    row.name = "example.social"
    assert given.of(row) == "example.social"
    assert read("domain.retries").type is Type.COUNT


@pytest.mark.parametrize(
    "text",
    [
        "", "example.social", "example", "domain", "domain.nam", "job.class", "domain.oldest", "domain.rest", "domain.inbound_share", "domain.retries + 1",
        '["a"]', "true", "50%", "5/s", 'queue("push").size', "count(job)", '"a" "b"', "domain.name; id", "$(id)", "1GB",
    ],
)  # fmt: skip
def test_no_values(text):
    """A bare word, what is unknown or of another entity, what grows by itself, what is calculated, what is of another type."""
    assert read(text) is None
