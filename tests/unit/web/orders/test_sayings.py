"""What is said by the socket and the page: the table, what each becomes for the engine, and that nothing is said without a name, a reason and an end."""

from typing import Any, get_args

import msgspec
import pytest

from watchdog.model import told
from watchdog.web.endpoint import Call, Caller
from watchdog.web.failures import NotUnderstoodError
from watchdog.web.orders.saying import endpoint_of
from watchdog.web.orders.sayings import SAYINGS
from watchdog.web.parameters import checked

BY_NAME = {saying.name: saying for saying in SAYINGS}
NOT_BY_THIS = {told.OperatorLooked, told.OperatorTested, told.OperatorRetried}
"""A page shows how things stand without asking the engine; receivers are tried where their config is written."""


@pytest.fixture
def say(spoken):
    """Says it as ada by the page, or on the machine where it must be said there; what the engine heard."""

    async def run(name: str, values: dict[str, Any], *, key: str = "", by: str = "ada") -> Any:
        endpoint = endpoint_of(BY_NAME[name])
        caller = Caller(by, "local" if endpoint.machine_only else "page", may_change=True, may_arm=endpoint.machine_only)
        await endpoint.run(Call(spoken, caller, checked(endpoint.params, values), key))
        return spoken.told[-1]

    return run


def test_the_table_has_all_that_can_be_said():
    """But for what is carried out on one process, which the command line follows to its end."""
    assert len(BY_NAME) == len(SAYINGS)
    heard = {type_ for saying in SAYINGS for type_ in [saying.told.__annotations__["return"]]}
    assert heard == set(get_args(told.Command)) - NOT_BY_THIS


@pytest.mark.parametrize("saying", SAYINGS, ids=lambda saying: saying.name)
async def test_each_example(saying, say):
    """The engine hears who, why, when and by which way."""
    heard = await say(saying.name, dict(saying.example))
    assert isinstance(heard, saying.told.__annotations__["return"])
    assert (heard.by, heard.reason) == ("ada", saying.example.get("reason", ""))
    assert getattr(heard, "channel", None) == ("page" if saying.has_channel else None)
    # As it lies in the trace.
    assert msgspec.json.decode(msgspec.json.encode(heard), type=type(heard)) == heard


@pytest.mark.parametrize("saying", SAYINGS, ids=lambda saying: saying.name)
async def test_without_a_reason(saying, say, spoken):
    """Refused as on the command line; a yes needs none, since what is asked has its own."""
    without = {name: value for name, value in saying.example.items() if name != "reason"}
    if saying.is_reasonless:
        await say(saying.name, without)
        return
    for reason in ({}, {"reason": ""}, {"reason": " \t\u2003"}):
        with pytest.raises(NotUnderstoodError):
            await say(saying.name, without | reason)
    assert spoken.told == []


def test_what_the_machine_alone_says():
    """What lets a rule act, and what ends the agent's own work; what only holds it back, or answers it, comes from afar as well."""
    assert {saying.name for saying in SAYINGS if saying.machine_only} == {"arm", "adopt", "close", "go-on"}
    assert {saying.name for saying in SAYINGS if saying.has_channel} == {saying.name for saying in SAYINGS if not saying.machine_only}


@pytest.mark.parametrize(
    ("values", "lasts"),
    [
        ({"for": "2h"}, 7_200_000), ({"for": "7d"}, 7 * 86_400_000), ({"for": "90s"}, 90_000),
        ({"until": "2026-09-21T14:23:20+00:00"}, 600_000), ({"until": "2026-09-21T16:23:20+02:00"}, 600_000), ({"until": "2026-09-21T14:23:20Z"}, 600_000),
    ],
)  # fmt: skip
async def test_an_end(say, spoken, values, lasts):
    """One way or the other, as on the command line."""
    heard = await say("pause", {"reason": "x", **values})
    if "for" in values:
        assert heard.until - heard.asked == lasts
    else:
        assert heard.until == 1_790_000_000_000 + lasts


@pytest.mark.parametrize(
    "values",
    [
        {}, {"for": "2h", "until": "2026-09-21T14:13:20Z"}, {"for": "2"}, {"for": "soon"}, {"for": "0s"}, {"for": "8d"}, {"for": "-1h"}, {"until": "tomorrow"},
        {"until": "2026-09-21T14:13:20"}, {"until": "2020-01-01T00:00:00Z"}, {"until": "2026-09-29T14:13:20Z"}, {"until": "9999-12-31T23:59:59-23:59"}, {"until": "0001-01-01T00:00:00+23:59"},
    ],
)  # fmt: skip
async def test_no_end(say, spoken, values):
    """Nothing is switched for ever, or for so long that it is forgotten, or in the past."""
    for name in ("pause", "silence", "ack"):
        with pytest.raises(NotUnderstoodError):
            await say(name, {"reason": "x", **values} | {"silence": {"rule": "stuck"}, "ack": {"incident": "1"}}.get(name, {}))
    assert spoken.told == []


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("silence", {"for": "1h"}), ("ack", {"for": "1h"}), ("ack", {"for": "1h", "incident": "1", "rule": "stuck"}), ("ack", {"for": "1h", "rule": "stuck"}),
        ("ack", {"for": "1h", "target": "web1"}), ("arm", {"rule": "stuck"}), ("arm", {"rule": "stuck", "mode": "act", "clear": True}), ("arm", {"rule": "stuck", "clear": False}),
        ("arm", {"mode": "act"}), ("arm", {"rule": "stuck", "mode": "kill"}), ("deny", {}), ("approve", {}), ("close", {}), ("go-on", {}), ("unsilence", {}),
        ("go-on", {"incident": "1", "force": ["last_look"]}), ("go-on", {"incident": "1", "force": ["nothing"]}),
    ],
)  # fmt: skip
async def test_what_says_nothing(say, spoken, name, values):
    """Too little, or two things at once."""
    with pytest.raises(NotUnderstoodError):
        await say(name, {"reason": "x"} | values)
    assert spoken.told == []


async def test_what_is_sent_twice(say):
    """With the same key and the same words it is the same for the engine, which hears it once; from somebody else, or in other words, it is not."""
    pause = {"for": "2h", "reason": "new disks"}
    first = await say("pause", pause, key="k1")
    assert (await say("pause", pause, key="k1")).id == first.id
    others = [
        await say("pause", pause, key="k2"), await say("pause", pause, key="k1", by="ben"), await say("pause", pause | {"for": "3h"}, key="k1"), await say("resume", {"reason": "new disks"}, key="k1"),
        await say("pause", pause), await say("pause", pause),
    ]  # fmt: skip
    assert len({one.id for one in others} | {first.id}) == 7
