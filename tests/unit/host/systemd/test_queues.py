"""Which queues a command names: only what is surely understood counts."""

import pytest

from watchdog.host.systemd.queues import queues_of
from watchdog.host.systemd.stop_time import Start


@pytest.mark.parametrize(
    ("words", "queues"),
    [
        ("/home/mastodon/.rbenv/shims/bundle exec sidekiq -c 25 -q ingress", ("ingress",)),
        ("bundle exec sidekiq -q default,8 -q push,6 -q scheduler", ("default", "push", "scheduler")),
        ("sidekiq --queue=push --queue push -qpull", ("push", "pull")),
        ("sidekiq -c 25", None),
        ("sidekiq -C config/sidekiq-ingress.yml", None),
        ("sidekiq -q $QUEUE", None),
        ("sidekiq -q push -q ${MORE}", None),
        ("sidekiq -q push --zebra", None),
        ("puma -q push", None),
        ("/bin/sh -c 'exec sidekiq -q push'", None),
    ],
)
def test_what_a_command_names(words, queues):
    """`-q` in all its forms, without the weights; a settings file, a variable or another program names nothing that could be relied on."""
    assert queues_of(Start(tuple(words.split(" ")), "/")) == queues


def test_a_shell_that_does_nothing_else():
    """What it starts is read as well."""
    assert queues_of(Start(("/bin/bash", "-lc", "exec bundle exec sidekiq -q push"), "/")) == ("push",)
    assert queues_of(None) is None
