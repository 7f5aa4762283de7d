"""Every notice of every conversation is a body that fits the published schema of webhooks."""

import json
from functools import cache

import msgspec
from jsonschema import Draft202012Validator

from watchdog.model.notices import Notice
from watchdog.receivers.webhook import body_of
from watchdog.receivers.webhook_schema import webhook_schema

_seen: set[tuple[object, ...]] = set()


def check_body(notice: Notice) -> None:
    """Fails where it does not; of notices that differ only in their texts one is looked at, since there are thousands."""
    shape = (notice.kind, notice.severity, notice.decision, *map(bool, msgspec.structs.astuple(notice)))
    if shape in _seen:
        return
    wrong = [error.message for error in _schema().iter_errors(json.loads(body_of(notice)))]
    assert not wrong, f"the body of a webhook is not as its schema says: {wrong}"
    _seen.add(shape)


@cache
def _schema() -> Draft202012Validator:
    return Draft202012Validator(webhook_schema())
