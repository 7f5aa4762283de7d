"""Whether a file has a setting and what it should hold; and that nothing of what it holds comes out."""

import pytest

from watchdog.mastodon.expected import ABSENT, UNKNOWN, Judged, SettingsFile

ENV = """
# the database
DB_POOL=25
export SIDEKIQ_CONCURRENCY="25"
SIDEKIQ_CONCURRENCY='50'
#COMMENTED=1
EMPTY=
SECRET=$(cat /etc/secret)
"""
SCHEDULE = """
:concurrency: <%= ENV.fetch('SIDEKIQ_CONCURRENCY', 5) %>
:queues:
  - [default, 8]
  - [push, 6]
:scheduler:
  :listened_queues_only: true
  :schedule:
    vacuum_scheduler:
      cron: '<%= Random.rand(0..59) %> 3 * * *'
      class: Scheduler::VacuumScheduler
"""
THERE = Judged(present=True, as_expected=True)
OTHER = Judged(present=True, as_expected=False)
HIDDEN = Judged(present=True, as_expected=None)


@pytest.mark.parametrize(
    ("key", "wanted", "found"),
    [
        ("DB_POOL", "25", THERE),
        ("DB_POOL", "26", OTHER),
        ("DB_POOL", None, THERE),
        ("SIDEKIQ_CONCURRENCY", "50", THERE),
        ("SIDEKIQ_CONCURRENCY", "25", OTHER),
        ("COMMENTED", None, ABSENT),
        ("EMPTY", "", THERE),
        ("SECRET", None, THERE),
        ("SECRET", "x", HIDDEN),
    ],
)
def test_a_file_of_variables(key, wanted, found):
    """As dotenv reads it: the last line counts, comments don't, and what a command prints is not known."""
    assert SettingsFile(".env.production", ENV).judge(key, wanted) == found


@pytest.mark.parametrize(
    ("key", "wanted", "found"),
    [
        ("scheduler.listened_queues_only", "true", THERE),
        ("scheduler.listened_queues_only", "false", OTHER),
        ("scheduler.schedule.vacuum_scheduler.class", "Scheduler::VacuumScheduler", THERE),
        ("scheduler.schedule.vacuum_scheduler.cron", "0 3 * * *", HIDDEN),
        ("scheduler.schedule.gone", None, ABSENT),
        ("concurrency", None, THERE),
        ("concurrency", "5", HIDDEN),
        ("queues.1.0", "push", THERE),
        ("queues.7.0", None, ABSENT),
        ("queues.x", None, ABSENT),
        ("queues", None, THERE),
        ("queues", "push", HIDDEN),
    ],
)
def test_a_file_of_yaml(key, wanted, found):
    """By the way to it; what only ERB can tell is not known, and no list is a single value."""
    assert SettingsFile("sidekiq.yml", SCHEDULE).judge(key, wanted) == found


def test_what_is_not_there_and_what_is_not_understood():
    """A file that is not there holds nothing; of one that is no YAML nobody knows."""
    assert SettingsFile(".env.production", None).judge("DB_POOL", None) == ABSENT
    assert SettingsFile("sidekiq.yml", None).judge("queues", None) == ABSENT
    assert SettingsFile("sidekiq.yml", "a: [").judge("a", None) == UNKNOWN
    assert SettingsFile("sidekiq.yml", "").judge("a", None) == ABSENT
