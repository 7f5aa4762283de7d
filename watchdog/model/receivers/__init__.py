"""Every type of receiver with its settings: one table, one file a type. The code that tells them is keyed to it (`receivers/`)."""

from typing import Final

from watchdog.model.receivers.alertmanager import ALERTMANAGER
from watchdog.model.receivers.email import EMAIL
from watchdog.model.receivers.matrix import MATRIX
from watchdog.model.receivers.slack import SLACK, SLACK_WEBHOOK
from watchdog.model.receivers.spec import ReceiverSpec
from watchdog.model.receivers.webhook import WEBHOOK

RECEIVERS: Final[tuple[ReceiverSpec, ...]] = (WEBHOOK, MATRIX, SLACK, SLACK_WEBHOOK, ALERTMANAGER, EMAIL)

BY_TYPE: Final[dict[str, ReceiverSpec]] = {spec.type: spec for spec in RECEIVERS}
"""Type → spec."""
