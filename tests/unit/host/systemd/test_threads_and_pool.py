"""What a unit says of Sidekiq's threads and of its connections to the database."""

import pytest

from watchdog.host.systemd.stop_time import Start
from watchdog.host.systemd.threads_and_pool import pool_of, threads_of


@pytest.mark.parametrize(
    ("command", "threads"),
    [
        ("/home/mastodon/.rbenv/shims/bundle exec sidekiq -c 25", 25),
        ("bundle exec sidekiq -c 10 -q push --concurrency=15", 15),
        ("bundle exec sidekiq -q push", None),
        ("bundle exec sidekiq -c $THREADS", None),
        ("bundle exec sidekiq -c 99999999", None),
        ("/usr/bin/puma -c 25", None),
    ],
)
def test_threads(command, threads):
    """The last `-c` counts, as in Sidekiq; what systemd would put in is not guessed."""
    assert threads_of(Start(tuple(command.split()), "/")) == threads
    assert threads_of(None) is None


@pytest.mark.parametrize(
    ("properties", "pool"),
    [
        ({"Environment": ["RAILS_ENV=production", "DB_POOL=25"]}, 25),
        ({"Environment": ["DB_POOL=5", "DB_POOL=30"]}, 30),
        ({"Environment": ["DB_POOL=many"]}, None),
        ({"Environment": ["DB_POOLS=5", "DB_POOL"]}, None),
        ({"Environment": 5}, None),
        ({}, None),
    ],
)
def test_pool(properties, pool):
    """Systemd takes the last of several; whatever else stands there is none."""
    assert pool_of(properties) == pool
