"""Jobs that a round trip through JSON would change, and some that are no JSON at all: from a flight record into every place, and out of quarantine, as they were."""

from typing import Any

import pytest

from tests.service.edit.conftest import JID, PAYLOADS
from tests.service.recovery import test_carried_out
from tests.service.recovery.test_carried_out import INCIDENT, Hands, placed
from watchdog.clock import Clock
from watchdog.model.findings import Certainty, Finding, Origin
from watchdog.model.flight import Fate, PlaceKind
from watchdog.recovery.putting_back import Returner
from watchdog.recovery.quarantine import Quarantine, Released

pytestmark = pytest.mark.needs("redis-server")
NEAR = b'{"class":"A","args":["%s"],"jid":"fedcba9876543210fedcba98","queue":"push"}' % JID.encode()
"""Another job, which has the jid of ours among its arguments."""
hands = test_carried_out.hands
DUE = 1_900_000_000_000


async def keep(hands: Hands, payload: bytes) -> None:
    """What any source may have found of it."""
    found = Finding(jid=JID, certainty=Certainty.PROVEN, origin=Origin.SOCKET, job_class="A", queue="push", payload=payload)
    await hands.store.keep_flight(INCIDENT, [found])


async def everywhere(client: Any) -> dict[str, list[bytes]]:
    """All that stands in Redis."""
    places = {"queue": await client.lrange("queue:push", 0, -1)}
    return places | {name: await client.zrange(name, 0, -1) for name in ("retry", "schedule", "dead")}


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
async def test_put_back_as_it_was(hands, payload):
    """Into its queue, the retries and the schedule, byte for byte; and the other job stays where it is, alone."""
    for kind in (PlaceKind.QUEUE, PlaceKind.RETRY, PlaceKind.SCHEDULE):
        await hands.client.flushdb()
        await hands.client.lpush("queue:push", NEAR)
        await keep(hands, payload)
        (came,) = (await hands.put_back(placed(JID, kind, DUE))).placed

        assert came.fate is Fate.DONE
        expected = {"queue": [NEAR], "retry": [], "schedule": [], "dead": []}
        expected[kind.value] = [*expected[kind.value], payload]
        assert await everywhere(hands.client) == expected


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
async def test_into_quarantine_and_out_again(hands, payload):
    """In the store and in the dead set, both as they were; released, it is next to run, and in neither of them."""
    quarantine = Quarantine(hands.store.quarantine, hands.edits, wall=Clock().wall, in_dead_set=True)
    hands.returner = Returner(edits=hands.edits, store=hands.store, quarantine=quarantine)
    await hands.client.zadd("dead", {NEAR: 1})
    await keep(hands, payload)
    (came,) = (await hands.put_back(placed(JID, PlaceKind.QUARANTINE))).placed
    (entry,) = await hands.store.quarantine.entries()

    assert came.fate is Fate.DONE
    assert await hands.store.quarantine.payload(entry.id) == payload
    assert await everywhere(hands.client) == {"queue": [], "retry": [], "schedule": [], "dead": [NEAR, payload]}
    assert isinstance(await quarantine.release(entry.id, reason="mended", by="me"), Released)
    assert await everywhere(hands.client) == {"queue": [payload], "retry": [], "schedule": [], "dead": [NEAR]}
