"""One thing that can be said, as data; and how it is said to the engine, with who says it, why, when, and an id that is the same where it is sent twice."""

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from watchdog.model.told import PAGE, SAID, Told
from watchdog.store.encoding import encode
from watchdog.web.answered import Answered
from watchdog.web.endpoint import Call, Endpoint, Method, Param
from watchdog.web.failures import NotUnderstoodError

REASON: Final = Param("reason", "Why; it stands in the audit log with your name.", {"type": "string", "maxLength": 500})
"""Needed but where it is said that it is not."""
_BYTES: Final = 12


class Saying(msgspec.Struct, frozen=True, kw_only=True):
    """
    `name` is that of the command; `told` makes what the engine hears of the values and of what all have in common (`id`, `by`, `reason`, `asked`, and `channel` where it `has_channel`).

    Without a `reason` it is refused, unless that `is_reasonless`. What is `machine_only` is said on the machine itself.
    """

    name: str
    doc: str
    told: Callable[[Mapping[str, Any], dict[str, Any]], Told]
    params: tuple[Param, ...] = ()
    has_channel: bool = False
    is_reasonless: bool = False
    machine_only: bool = False
    example: Mapping[str, Any] = msgspec.field(default_factory=dict)


def endpoint_of(saying: Saying) -> Endpoint:
    """What it is called by."""
    reason = REASON if saying.is_reasonless else msgspec.structs.replace(REASON, required=True, schema={**REASON.schema, "minLength": 1})

    async def run(call: Call) -> Answered:
        return await call.inside.tell(saying.told(call.values, _common(call, saying)))

    return Endpoint(
        method=Method.POST, path=f"/{saying.name}", doc=saying.doc, answer=Answered, run=run, params=(*saying.params, reason), machine_only=saying.machine_only,
        example=json.dumps(saying.example, ensure_ascii=False),
    )  # fmt: skip


def _common(call: Call, saying: Saying) -> dict[str, Any]:
    reason = str(call.values.get(REASON.name, "")).strip()
    if not reason and not saying.is_reasonless:
        raise NotUnderstoodError("reason is empty; say in a few words why")
    now = call.inside.wall()
    common = {"id": _id(call, saying.name, now), "by": call.caller.name, "reason": reason, "asked": now}
    return common | ({"channel": call.caller.channel} if saying.has_channel else {})


def _id(call: Call, name: str, now: int) -> str:
    """They sort by time, but for those whose sender has given a key: these are the same for the same words of the same person. What comes from afar is not remembered for as long."""
    begins = SAID if call.caller.channel == PAGE else ""
    if not call.key:
        return f"{begins}{now:012x}{secrets.token_hex(4)}"
    what = encode([call.caller.channel, call.caller.name, call.key, name, dict(call.values)])
    return f"{begins}key_{hashlib.sha256(what).hexdigest()[: 2 * _BYTES]}"
