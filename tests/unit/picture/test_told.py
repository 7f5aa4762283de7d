"""Who was told of an alert, in `status`."""

import pytest

from watchdog.picture.told import Telling, told_of


@pytest.mark.parametrize(
    ("telling", "shown"),
    [
        (None, ""),
        (Telling(("ops", "chat")), "ops, chat"),
        (Telling(("ops", "boss"), escalated=("boss",)), "ops, boss (escalated)"),
        (Telling(nobody="hidden by full on redis"), "nobody: hidden by full on redis"),
    ],
)
def test_who_was_told(telling, shown):
    """Or why nobody was."""
    assert told_of(telling) == shown
