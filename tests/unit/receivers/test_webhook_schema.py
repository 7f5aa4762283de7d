"""The schema of the webhook's body, and that the body is as it says."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.unit.receivers.dispatches import BEGAN, turn
from watchdog.model.notices import NoticeKind
from watchdog.model.receivers.webhook_body import BODY
from watchdog.receivers.webhook import body_of
from watchdog.receivers.webhook_schema import webhook_schema

VALIDATOR = Draft202012Validator(webhook_schema())


def wrong(body: Any) -> list[str]:
    """What the schema says against it."""
    return [error.message for error in VALIDATOR.iter_errors(body)]


def test_it_is_a_schema():
    """Of the draft that it names."""
    Draft202012Validator.check_schema(webhook_schema())
    assert len({key.name for key in BODY}) == len(BODY)
    assert all(key.doc.endswith(".") for key in BODY)


def test_table_and_body_have_the_same_keys():
    """What a notice learns to say is explained, and nothing is explained that it doesn't say."""
    assert set(json.loads(body_of(turn()))["data"]) == {key.name for key in BODY}


@pytest.mark.parametrize("kind", NoticeKind)
def test_every_kind_of_turn_fits(kind):
    """With as little as there can be, and with everything."""
    full: dict[str, Any] = {
        "since": BEGAN, "decision": "DENY", "seen": ("job.elapsed = 12m",), "plan": ("quiet it",), "labels": {"team": "ops"}, "host": "web1", "approval": "7kq2m",
    }  # fmt: skip
    assert wrong(json.loads(body_of(turn(kind=kind)))) == []
    assert wrong(json.loads(body_of(turn(kind=kind, **full), missed=3))) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("severity", "bad"),
        ("decision", "MAYBE"),
        ("since", 1_700_000_000_000),
        ("seen", "a text"),
        ("labels", ["team"]),
        ("missed", -1),
        ("missed", "1"),
        ("title", None),
    ],
)
def test_what_it_refuses(key, value):
    """A value of another shape; one that is missing."""
    body = json.loads(body_of(turn()))
    assert len(wrong({**body, "data": {**body["data"], key: value}})) == 1
    del body["data"][key]
    assert wrong(body) == [f"'{key}' is a required property"]
