"""From settings to receivers."""

import subprocess
import sys

import pytest

from watchdog.model.receivers import BY_TYPE
from watchdog.receivers.build import TYPES, build
from watchdog.receivers.matrix.receiver import Matrix
from watchdog.receivers.signing import BadSecretError
from watchdog.receivers.webhook import Webhook
from watchdog.rulefile.receivers import ReceiverSettings

URL = "http://127.0.0.1:9/hook"


def test_every_type_can_be_built():
    """The table of constructors and the table of the vocabulary name the same types."""
    assert set(TYPES) == set(BY_TYPE)


def test_receivers_are_built_by_name(clock):
    """One receiver for each that the config names, with and without a secret."""
    settings = {
        "ops": ReceiverSettings("ops", "webhook", {"url": URL, "secret": "whsec_c2VjcmV0", "timeout": 10_000}),
        "dev": ReceiverSettings("dev", "webhook", {"url": URL, "timeout": 500}),
    }
    built = build(settings, clock)
    assert list(built) == ["ops", "dev"]
    assert all(isinstance(receiver, Webhook) for receiver in built.values())
    assert build({}, clock) == {}


def test_a_room_is_built(clock):
    """With keys where it may be an encrypted one; a token that can be none names its receiver, and not itself."""
    values = {"homeserver": URL, "token": "syt_x", "room": "!r:h", "timeout": 10_000}
    built = build(
        {"a": ReceiverSettings("a", "matrix", values), "b": ReceiverSettings("b", "matrix", {**values, "keys": "/nowhere"})}, clock
    )
    assert [isinstance(receiver, Matrix) and receiver._cipher is not None for receiver in built.values()] == [False, True]
    with pytest.raises(BadSecretError, match="receiver c: the access token") as caught:
        build({"c": ReceiverSettings("c", "matrix", {**values, "token": "hunter two"})}, clock)
    assert "hunter" not in str(caught.value)


def test_a_bad_secret_names_its_receiver(clock):
    """A secret that can't be used is an error that says whose it is, and not what."""
    settings = {"ops": ReceiverSettings("ops", "webhook", {"url": URL, "secret": "whsec_hunter2", "timeout": 1})}
    with pytest.raises(BadSecretError, match="receiver ops: ") as caught:
        build(settings, clock)
    assert "hunter2" not in str(caught.value)


def test_no_secret_is_shown(clock):
    """Neither address nor secret is in what a receiver looks like."""
    settings = {"ops": ReceiverSettings("ops", "webhook", {"url": URL, "secret": "hunter2", "timeout": 1})}
    assert "hook" not in repr(build(settings, clock)["ops"]).lower().replace("webhook", "")
    assert "hunter2" not in repr(build(settings, clock))


def test_nobody_to_tell_costs_no_http_client():
    """Without a webhook aiohttp is not loaded."""
    code = "import sys, watchdog.clock, watchdog.receivers.build as b, watchdog.receivers.delivery; b.build({}, watchdog.clock.Clock()); print('aiohttp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "False\n"
