"""How long Sidekiq waits at a stop: its command line, its file, its default, and whatever is not surely understood."""

import os
import shlex

import pytest

from watchdog.host.systemd.stop_time import DEFAULT, Start, sidekiq_timeout


@pytest.mark.parametrize(
    ("command", "seconds"),
    [
        ("/home/mastodon/.rbenv/shims/bundle exec sidekiq -c 25", 25),
        ("bundle exec sidekiq -c 25 -q push -t 40", 40),
        ("sidekiq -t40", 40),
        ("sidekiq --timeout 40", 40),
        ("sidekiq --timeout=40 -v", 40),
        ("sidekiq --time 40", 40),
        ("sidekiq -vt 40", 40),
        ("sidekiq -t 30 -t 40", 40),
        ("sidekiq -q -t -c 5", 25),
        ("sidekiq -c $DB_POOL -t 40", 40),
        ("/usr/bin/env RAILS_ENV=production /usr/bin/ruby /usr/bin/sidekiq -t 8", 8),
        ("/bin/sh -c 'exec bundle exec sidekiq -t 40'", 40),
        ("/bin/bash -lc 'bundle exec sidekiq -t 40'", 40),
        ("/bin/bash -l -c 'bundle exec sidekiq'", 25),
        ("sidekiq -- -t 40", 25),
        ("sidekiq -t $TIMEOUT", None),
        ("sidekiq -t ${TIMEOUT}", None),
        ("sidekiq $OPTIONS", None),
        ("sidekiq -t", None),
        ("sidekiq -t 0x10", None),
        ("sidekiq -t -5", None),
        ("sidekiq --t 40 --ti", None),
        ("sidekiq --unknown 40", None),
        ("sidekiq -X", None),
        ("sidekiqswarm -t 40", None),
        ("/bin/sleep 40", None),
        ("/bin/sh -c 'cd /srv && sidekiq -t 40'", None),
        ("/bin/sh -c 'sidekiq -t $T'", None),
        ("/bin/sh /srv/start.sh", None),
        ('/bin/sh -c "sidekiq \'unclosed"', None),
        ("", None),
    ],
)
def test_commands(command, seconds, tmp_path):
    """Wrappers are seen through, options are read as Sidekiq reads them; where words can mean something else nothing is said."""
    start = Start(tuple(shlex.split(command)), "/srv/app")
    assert sidekiq_timeout(start, root=tmp_path) == (None if seconds is None else seconds * 1000)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (":concurrency: 5\n:timeout: 60\n:queues:\n  - default\n", 60),
        ("timeout: 60 # a minute\n", 60),
        ('"timeout": 60\n', 60),
        ("---\n:concurrency: 5\n:queues:\n  - [default, 8]\n", 25),
        ("# :timeout: 60\n", 25),
        (":lock_timeout: 60\n", 25),
        ("production:\n  :timeout: 60\n", None),
        (":redis:\n  :timeout: 3\n:timeout: 60\n", None),
        (":timeout: <%= ENV['T'] %>\n", None),
        (":timeout: 60\n:timeout: 70\n", None),
        (":timeout:\n", None),
    ],
)
@pytest.mark.parametrize("named", [True, False])
def test_files(text, seconds, named, tmp_path):
    """The file that is named, else that of the application's folder."""
    config = tmp_path / "srv/app/config"
    config.mkdir(parents=True)
    (config / ("other.yml" if named else "sidekiq.yml")).write_text(text)
    words = ("sidekiq", "-C", "config/other.yml") if named else ("sidekiq",)
    assert sidekiq_timeout(Start(words, "/srv/app"), root=tmp_path) == (None if seconds is None else seconds * 1000)


def test_where_the_file_is(tmp_path):
    """Beside the application that `-r` names if it is a folder, else where Sidekiq is started; .yml before .yml.erb; the command line before all."""
    for folder, seconds in (("one", 41), ("two", 42)):
        config = tmp_path / folder / "config"
        config.mkdir(parents=True)
        (config / "sidekiq.yml.erb").write_text(f"timeout: {seconds}")
    (tmp_path / "one/app.rb").write_text("")

    def asked(*words: str) -> int | None:
        return sidekiq_timeout(Start(("sidekiq", *words), "/one"), root=tmp_path)

    assert asked() == asked("-r", "app.rb") == asked("-r", "/one") == 41_000
    assert asked("-r", "../two") == asked("-r", "/two") == 42_000
    (tmp_path / "one/config/sidekiq.yml").write_text("timeout: 43")
    assert asked() == 43_000
    assert asked("-t", "44") == 44_000
    assert asked("-C", "nowhere.yml") is None
    assert asked("-r", "~/app") is None
    assert sidekiq_timeout(Start(("sidekiq",), "/none"), root=tmp_path) == DEFAULT


def test_a_file_that_can_not_be_read(tmp_path):
    """A file that the agent may not read can say anything."""
    config = tmp_path / "config"
    config.mkdir()
    os.mkfifo(config / "other")
    (config / "sidekiq.yml").mkdir()
    assert sidekiq_timeout(Start(("sidekiq",), "/"), root=tmp_path) is None
    (config / "sidekiq.yml").rmdir()
    (config / "sidekiq.yml").write_text("timeout: 5\n" + "#" * 2**21)
    assert sidekiq_timeout(Start(("sidekiq",), "/"), root=tmp_path) is None
    assert sidekiq_timeout(Start(("sidekiq", "-C", "config/other"), "/"), root=tmp_path) is None
