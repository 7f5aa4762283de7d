"""Is this local process the one that speaks of itself in Redis?"""

import msgspec
import pytest

from watchdog.host.match import TOLERANCE, mismatch, title_mismatch
from watchdog.host.proc import ProcessFacts
from watchdog.model.targets import Claim

CLAIM = Claim(identity="web1:77:abc", host="web1", pid=77, tag="app", version="7.3.2", booted_at=60_000)
FACTS = ProcessFacts(pid=77, start_ticks=5000, state="S", comm="ruby", cmdline="sidekiq 7.3.2 app [0 of 5 busy]")


@pytest.mark.parametrize(
    ("title", "version", "tag"),
    [
        ("sidekiq 6.4.1 app [0 of 5 busy]", "", "app"),
        ("sidekiq 7.3.2 app [5 of 5 busy]", "7.3.2", "app"),
        ("sidekiq 8.1.7 app [25 of 25 busy] stopping", "8.1.7", "app"),
        ("sidekiq 7.3.2 app [0 of 5 busy] leader", "7.3.2", "app"),
        ("sidekiq 8.0.0.beta1 app [0 of 5 busy]", "8.0.0.beta1", "app"),
        ("sidekiq 6.4.1 my great app [0 of 5 busy]", "", "my great app"),
        ("sidekiq 6.4.1 [1 of 2 busy] [0 of 5 busy]", "", "[1 of 2 busy]"),
        ("sidekiq 6.4.1 a [1 of 2 busy] b [0 of 5 busy]", "", "a [1 of 2 busy] b"),
        ("sidekiq 6.4.1  [0 of 5 busy]", "", ""),
        ("sidekiq 6.4.1 [0 of 5 busy]", "", ""),
        ("sidekiq 6.4.1 straße [0 of 5 busy]", "", "straße"),
        ("sidekiq 6.4.1 two\nlines [0 of 5 busy]", "", "two\nlines"),
        ("sidekiq 6.4.1 anything [0 of 5 busy] stopping", "", None),
        ("sidekiq 6.4.1 [0 of 5 busy]", "", None),
    ],
)
def test_title_of_the_one(title, version, tag):
    """A title with the version and tag that Redis tells is that of the one, whatever the tag looks like."""
    assert not title_mismatch(title, version=version, tag=tag)


@pytest.mark.parametrize(
    ("title", "version", "tag", "reason"),
    [
        ("", "", "app", "not the title of a Sidekiq process"),
        ("ruby /usr/bin/sidekiq -q push", "", "app", "not the title of a Sidekiq process"),
        ("/usr/bin/sidekiq 6.4.1 app [0 of 5 busy]", "", "app", "not the title of a Sidekiq process"),
        ("vim sidekiq 6.4.1 app [0 of 5 busy]", "", "app", "not the title of a Sidekiq process"),
        ("sidekiq swarm, managing 4 processes", "", None, "not the title of a Sidekiq process"),
        ("sidekiqmon 6.4.1", "", None, "not the title of a Sidekiq process"),
        ("sidekiq 6.4.1", "", None, "not the title of a Sidekiq process"),
        ("sidekiq 6.4.1 app [0 of 5 bu", "", None, "lacks the count"),
        ("sidekiq 6.4.1 app", "", "app", "another tag than 'app'"),
        ("sidekiq 7.3.2 app [0 of 5 busy]", "7.3.1", "app", "its title says Sidekiq 7.3.2, Redis says 7.3.1"),
        ("sidekiq 7.3.20 app [0 of 5 busy]", "7.3.2", "app", "its title says Sidekiq 7.3.20, Redis says 7.3.2"),
        ("sidekiq 7.3.2 application [0 of 5 busy]", "7.3.2", "app", "another tag than 'app'"),
        ("sidekiq 7.3.2 app two [0 of 5 busy]", "7.3.2", "app", "another tag than 'app'"),
        ("sidekiq 7.3.2 app [0 of 5 busy]", "7.3.2", "", "its title has a tag, in Redis it has none"),
        ("sidekiq 7.3.2 [0 of 5 busy]", "7.3.2", "app", "another tag than 'app'"),
    ],
)
def test_title_of_another(title, version, tag, reason):
    """Anything else is refused with its reason."""
    assert reason in title_mismatch(title, version=version, tag=tag)


def test_the_one():
    """Same host, pid, title, and a start before the first beat: it is the one."""
    assert not mismatch(CLAIM, FACTS, host="web1", started_at=52_000)
    assert not mismatch(CLAIM, FACTS, host="web1", started_at=60_000 + TOLERANCE)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"host": "web2"}, "it runs on host web2, not on web1"),
        ({"host": "WEB1"}, "it runs on host WEB1, not on web1"),
        ({"pid": 78}, "it has pid 78, not 77"),
        ({"tag": "other"}, "pid 77 is another process: its title has another tag than 'other'"),
        ({"version": "7.0.9"}, "pid 77 is another process: its title says Sidekiq 7.3.2, Redis says 7.0.9"),
        ({"booted_at": 50_999}, "pid 77 is another process: it started after the first beat"),
    ],
)
def test_not_the_one(change, reason):
    """One thing that differs is enough, and is the reason that is given."""
    assert mismatch(msgspec.structs.replace(CLAIM, **change), FACTS, host="web1", started_at=52_000).startswith(reason)


def test_command_line_stays_secret():
    """The command line of a foreign process, which may hold a password, is not quoted."""
    facts = msgspec.structs.replace(FACTS, cmdline="mysql --password=hunter2")

    assert "hunter2" not in mismatch(CLAIM, facts, host="web1", started_at=0)
