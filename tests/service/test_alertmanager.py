"""A real Alertmanager is told of alerts: it shows them, silences them by our labels, passes them on, and hears when they are over."""

import json
import time
from collections.abc import AsyncIterator

import msgspec
import pytest

from tests.patience import PATIENCE
from tests.service.agent import AgentProcess
from tests.service.alertmanager_server import AlertmanagerServer
from tests.service.conftest import _eventually
from tests.unit.receivers.dispatches import Memory, dispatch, entry, over, turn
from watchdog.clock import Clock
from watchdog.model.cards import Entry
from watchdog.model.notices import NoticeKind
from watchdog.receivers.alertmanager.client import Alertmanager
from watchdog.receivers.receiver import RefusedError, TryAgainError
from watchdog.store.moments import rfc3339, wall_of

pytestmark = pytest.mark.needs("prometheus-alertmanager")


@pytest.fixture
async def server(tmp_path) -> AsyncIterator[AlertmanagerServer]:
    """A running one that knows nothing."""
    async with AlertmanagerServer(tmp_path) as running:
        yield running


@pytest.fixture
async def receiver(server) -> AsyncIterator[Alertmanager]:
    """What tells it."""
    made = Alertmanager([server.url], authorization=None, authority=None, every=60_000, timeout=30_000, clock=Clock())
    yield made
    await made.close()


def alert(**fields) -> Entry:
    """One that began a minute ago."""
    now = int(time.time() * 1000)
    return entry(
        since=now - 60_000, first=now - 59_000, last=now - 59_000, labels={"team": "ops"}, runbook="https://example.org/stuck", **fields
    )


async def shown(server: AlertmanagerServer) -> list[dict]:
    """The alerts that go on there."""
    return await server.ask("alerts")


async def test_an_alert_from_its_beginning_to_its_end(server, receiver):
    """It stands in its list with our times and labels, is passed on, told again, and ends when we say so."""
    memory, fires = Memory(), alert()
    assert await receiver.send(dispatch(fires), memory.keep) == "took 1 that fire and 0 that are over"
    (seen,) = await shown(server)
    assert seen["labels"] == {
        "alertname": "stuck-job", "severity": "critical", "instance": "web1", "entity": "web1:4321:abc", "team": "ops",
    }  # fmt: skip
    assert seen["annotations"]["runbook_url"] == "https://example.org/stuck"
    assert (wall_of(seen["startsAt"]), seen["status"]["state"]) == (fires.since, "active")
    before = wall_of(seen["endsAt"])
    assert (await server.wait_for("firing"))["annotations"]["summary"] == "web1/sidekiq-2 holds 3 jobs"

    await receiver.send(dispatch(fires, notices=(), posted=dict(memory), id_="d2"), memory.keep)
    (again,) = await shown(server)
    assert again["fingerprint"] == seen["fingerprint"]
    assert again["startsAt"] == seen["startsAt"]
    assert wall_of(again["endsAt"]) >= before

    end = int(time.time() * 1000)
    ended = over(at=end, since=fires.since, labels={}, entity=fires.entity)
    told = await receiver.send(dispatch(ended, notices=(turn(kind=NoticeKind.RESOLVED),), posted=dict(memory), id_="d3"), memory.keep)
    assert told == "took 0 that fire and 1 that are over"
    assert await shown(server) == []
    resolved = await server.wait_for("resolved")
    assert (resolved["labels"], wall_of(resolved["endsAt"])) == (seen["labels"], end)
    assert memory == {}


async def test_a_silence_by_our_labels_outlives_a_restart(server, receiver):
    """Whoever silences the rule there is not told by it; started anew it knows nothing of the alert until it is told again."""
    memory, fires = Memory(), alert()
    matchers = [{"name": "alertname", "value": "stuck-job", "isRegex": False}, {"name": "team", "value": "ops", "isRegex": False}]
    now = int(time.time() * 1000)
    silence = {
        "matchers": matchers,
        "startsAt": rfc3339(now),
        "endsAt": rfc3339(now + 3_600_000),
        "createdBy": "ada",
        "comment": "new disks",
    }
    await server.ask("silences", method="POST", json=silence)
    await receiver.send(dispatch(fires), memory.keep)
    await server.stop()
    with pytest.raises(TryAgainError, match="can't connect"):
        await receiver.send(dispatch(fires, notices=(), posted=dict(memory), id_="d2"), memory.keep)
    await server.start()
    assert await shown(server) == []
    await receiver.send(dispatch(fires, notices=(), posted=dict(memory), id_="d3"), memory.keep)
    (seen,) = await shown(server)
    assert seen["status"]["state"] == "suppressed"
    assert server.passed_on == []


async def test_a_storm_arrives_alert_by_alert(server, receiver):
    """Each of hundreds, in batches that it takes; none is refused for what strangers named."""
    names = [f"{number}\x1b[31m<b>\u202e{{}}\"'\\" for number in range(300)]
    await receiver.send(dispatch(*(msgspec.structs.replace(alert(entity=name), thread=name) for name in names)), Memory().keep)
    assert len(await shown(server)) == 300


async def test_a_look(server, receiver):
    """It says which version answers; the wrong address is a sentence."""
    assert (await receiver.look()).startswith("Alertmanager 0.")
    wrong = Alertmanager([f"{server.url}/api/v2/alerts"], authorization=None, authority=None, every=60_000, timeout=30_000, clock=Clock())
    with pytest.raises(RefusedError, match="answered 404 Not Found"):
        await wrong.look()
    await wrong.close()


RULES = """\
rules:
  - rule: jobs-wait
    each: queue
    when: queue.size > 0
    summary: "{{ queue.size }} jobs wait"
    notify: [am]
"""


@pytest.mark.needs("redis-server")
async def test_an_agent_keeps_it_told(server, redis_server, tmp_path):
    """What fires is told again to one that was started anew, and is over there when it is over here."""
    folder = tmp_path / "agent"
    folder.mkdir()
    (folder / "rules.yml").write_text(RULES)
    config = folder / "config.yml"
    config.write_text(
        f"redis: {{url: '{redis_server.url}'}}\nrules: [rules.yml]\nstate: state\nhost: web1\n"
        f"receivers: {{am: {{type: alertmanager, urls: ['{server.url}'], every: 1s}}}}\n"
    )
    client = redis_server.client()
    await client.sadd("queues", "push")
    await client.lpush(
        "queue:push", json.dumps({"class": "C", "jid": "a" * 24, "args": ["secret"], "queue": "push", "enqueued_at": time.time()})
    )
    agent = AgentProcess(config)
    try:
        await agent.start()

        async def there() -> list[dict]:
            return [one for one in await shown(server) if one["labels"]["alertname"] == "jobs-wait"]

        (first,) = await _eventually(there, within=PATIENCE, what=lambda: "".join(agent.lines[-20:]))
        assert (first["labels"]["severity"], first["labels"]["entity"]) == ("warning", "push")
        await server.stop()
        await server.start()
        (second,) = await _eventually(there, within=PATIENCE, what=lambda: "".join(agent.lines[-20:]))
        assert (second["fingerprint"], second["startsAt"]) == (first["fingerprint"], first["startsAt"])
        await client.delete("queue:push")
        resolved = await server.wait_for("resolved")
        assert resolved["labels"] == first["labels"]
        assert "secret" not in json.dumps(server.passed_on)
    finally:
        await agent.aclose()
