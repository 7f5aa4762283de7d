"""From settings to an Alertmanager and to mail: what is not written has its meaning, and each does what its settings say."""

import json
from typing import Any

import pytest

from tests.unit.receivers.dispatches import Memory, dispatch, entry
from tests.unit.receivers.email.smtp_server import SmtpServer
from watchdog.receivers.build import build
from watchdog.receivers.receiver import Receiver
from watchdog.rulefile.settings import read_settings

CONFIG = "redis: {url: redis://h}\nrules: [rules.yml]\nstate: state\n"


@pytest.fixture
async def made(clock):
    """Build the receiver with these settings; closed at the end."""
    built: list[Receiver] = []

    def make(**settings: Any) -> Receiver:
        # JSON is YAML, too.
        found, problems = read_settings("c.yml", f"{CONFIG}receivers: {json.dumps({'ops': settings})}\n")
        assert problems == ()
        assert found is not None
        built.append(build(found.receivers, clock)["ops"])
        return built[-1]

    yield make
    for one in built:
        await one.close()


async def test_an_alertmanager(endpoint, made):
    """It says by itself how often it wants to be told again."""
    receiver = made(type="alertmanager", urls=[f"http://127.0.0.1:{endpoint.port}"], token="t0ken", every="30s")
    assert receiver.repeat_every == 30_000
    await receiver.send(dispatch(entry()), Memory().keep)
    assert endpoint.requests.get_nowait()[0]["authorization"] == "Bearer t0ken"


async def test_mail(made):
    """To everybody who is named, from whom it is said."""
    server = SmtpServer(wants_login=True)
    await server.up()
    receiver = made(
        type="email",
        host="127.0.0.1",
        port=server.port,
        tls="none",
        user="watchdog",
        password="s3cret",
        **{"from": "w@example.org"},
        to=["a@b.example", "c@d.example"],
    )
    assert await receiver.send(dispatch(entry()), Memory().keep) == "took it"
    assert server.envelopes == [("w@example.org", ["a@b.example", "c@d.example"])]
    await server.down()


@pytest.mark.parametrize(("tls", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_the_port_follows_from_the_way(made, tls, port):
    """Where none is written."""
    assert made(type="email", host="h", tls=tls, **{"from": "w@example.org"}, to=["a@b.example"])._port == port
