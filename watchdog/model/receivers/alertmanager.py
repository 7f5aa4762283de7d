"""A receiver that routes alerts itself."""

from typing import Final

from watchdog.model.parameters import Form, ParameterSpec
from watchdog.model.receivers.spec import CA, ReceiverSpec, timeout

ALERTMANAGER: Final = ReceiverSpec(
    type="alertmanager",
    doc=(
        "An Alertmanager of Prometheus, by its API v2 (0.16 or later), or several that are one cluster: each alert as one of its own, which it groups, silences and passes on by its own config. Labels: `alertname` (the rule), `severity`, "
        "`instance` (the agent's host), `entity`, `target`, and those of the rule; they stay as they were when the alert began. Annotations: `summary`, `description`, `runbook_url` where the rule has an address, `runbook` where it says itself what to do."
    ),
    every_thread=True,
    # It groups, waits and repeats by itself.
    common={"group_wait": "0s", "group_interval": "5s", "at_most": "300/1m"},
    settings=(
        ParameterSpec(
            name="urls",
            form=Form.URLS,
            required=True,
            doc="Its address as Prometheus has it, without `/api/v2/alerts`. Of a cluster the addresses of all members: each of them is told, as they don't tell each other. It has arrived once one has it; what others missed they are told at the next turn.",
            example='urls: ["http://127.0.0.1:9093"]',
        ),
        ParameterSpec(name="user", form=Form.TEXT, doc="Who logs in, where it wants a password.", example="user: watchdog"),
        ParameterSpec(name="password", form=Form.SECRET, doc="The password of that user.", example='password: "${file:secret}"'),
        ParameterSpec(
            name="token",
            form=Form.SECRET,
            doc="A bearer token, where it wants one; then user and password are not used.",
            example='token: "${file:secret}"',
        ),
        CA,
        ParameterSpec(
            name="every",
            form=Form.DURATION,
            default="1m",
            least=1_000,
            doc="How often it is told again of what goes on: it forgets what nobody tells it, and takes it for over after four times as long.",
            example="every: 1m",
        ),
        timeout("10s", of="attempt"),
    ),
)
