"""Every far side by its name; most are called like the type of their receiver."""

from collections.abc import Callable
from typing import Final

from tests.service.faults.alertmanager_side import AlertmanagerSide
from tests.service.faults.far_sides import FarSide
from tests.service.faults.mail_side import MailSide
from tests.service.faults.matrix_side import MatrixSide
from tests.service.faults.slack_side import SlackSide, SlackWebhookSide, SlackWithoutHistorySide
from tests.service.faults.webhook_side import WebhookSide

SIDES: Final[dict[str, Callable[[Callable[[], int]], FarSide]]] = {
    "webhook": WebhookSide,
    "alertmanager": AlertmanagerSide,
    "email": MailSide,
    "matrix": MatrixSide,
    "slack": SlackSide,
    "slack_without_history": SlackWithoutHistorySide,
    "slack_webhook": SlackWebhookSide,
}
"""Name → what makes one, given the clock of the test (milliseconds)."""
NEEDS: Final[dict[str, tuple[str, ...]]] = {"matrix": ("synapse",)}
"""Name → what a machine must have for it (`needs`)."""
BY_ID: Final = frozenset({"alertmanager", "matrix"})
"""Who knows by an id of ours what he has had before: none of it is counted as perhaps told twice."""
