"""Every far side by its name; most are named like the type of their receiver."""

from collections.abc import Callable
from typing import Final

from tests.service.faults.far_sides import FarSide
from tests.service.faults.webhook_side import WebhookSide

SIDES: Final[dict[str, Callable[[Callable[[], int]], FarSide]]] = {
    "webhook": WebhookSide,
}
"""Name → what makes one, given the clock of the test (milliseconds)."""

NEEDS: Final[dict[str, tuple[str, ...]]] = {}
"""Name → what a machine must have for it (`needs`)."""
