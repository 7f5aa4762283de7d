"""What came of something that was said by a form, in the words of the page."""

from typing import Final

from watchdog.web.answered import Answered
from watchdog.web.page.notices import Notice

DONE: Final = {
    "pause": "Paused",
    "resume": "Resumed",
    "silence": "Silenced",
    "unsilence": "The silence is over",
    "ack": "Acknowledged",
    "approve": "Approved",
    "deny": "Denied",
}
"""Order → what is said where it was heeded."""


def notice_of(order: str, answered: Answered) -> Notice:
    """The answer of the engine as a notice."""
    if answered.refused:
        return Notice(good=False, title="Refused", text=answered.reason)
    return Notice(good=True, title=DONE.get(order, "Said"), text=answered.reason)
