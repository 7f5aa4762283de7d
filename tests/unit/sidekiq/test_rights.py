"""The rights that are looked for are those that the file for Redis gives."""

import re
from pathlib import Path

from watchdog.sidekiq.rights import DELIVERIES, READING, SCRIPTS, WRITING

FILE = Path(__file__).parents[3] / "packaging" / "redis.acl"
GIVEN = {
    user: [right.removeprefix("+") for right in rights.split() if right.startswith("+")]
    for user, rights in re.findall(r"^user (\S+) (.*)$", FILE.read_text(), re.MULTILINE)
}


def test_reading_takes_what_the_first_user_may():
    """No more, no less; what only Mastodon's records take is among it."""
    assert set(READING) | set(DELIVERIES) == set(GIVEN["watchdog-observe"])


def test_writing_takes_what_the_second_user_may_besides():
    """No more, no less; and nothing is asked for twice."""
    assert set(WRITING) | set(SCRIPTS) == set(GIVEN["watchdog-act"]) - set(GIVEN["watchdog-observe"])
    assert not set(WRITING) & set(READING)


def test_each_right_is_tried_with_its_own_command():
    """A right of one subcommand with that subcommand."""
    for right, command in (READING | DELIVERIES | WRITING).items():
        assert [str(word).lower() for word in command[: right.count("|") + 1]] == right.split("|")
