"""Commands that change an application."""

import os

import pytest

from watchdog.host.deploy_commands import DeployCommands, command_of

ME = os.getuid()


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("bundle install --jobs 4", "bundle install"),
        ("/usr/bin/ruby3.3 /home/mastodon/.rbenv/shims/bundle install", "bundle install"),
        ("ruby -W0 bin/bundle", "bundle install"),
        ("bundle update rails", "bundle update"),
        ("bundle exec rails db:migrate", "rails db:migrate"),
        ("bundle exec rake db:seed[secret]", "rake db:seed"),
        ("ruby bin/rails assets:precompile", "rails assets:precompile"),
        ("bin/rails RAILS_ENV=production db:migrate", "rails db:migrate"),
        ("rake", "rake"),
        ("rake --trace db:schema:load", "rake db:schema:load"),
        ("rake https://user:word@host/", "rake"),
        ("node /usr/bin/yarn install --immutable", "yarn install"),
        ("/usr/bin/node /opt/yarn/bin/yarn.js", "yarn install"),
        ("npm ci", "npm ci"),
        ("bundle exec sidekiq -c 25", ""),
        ("bundle exec puma -C config/puma.rb", ""),
        ("bundle exec", ""),
        ("bundle show rails", ""),
        ("rails console", ""),
        ("rails runner db:migrate.rb", ""),
        ("rails", ""),
        ("ruby", ""),
        ("ruby -e 0", ""),
        ("node ./streaming", ""),
        ("npm start", ""),
        ("vim Rakefile", ""),
        ("sidekiq 7.3.2 live [0 of 25 busy]", ""),
        ("", ""),
    ],
)
def test_what_a_command_is(line, command):
    """Program and task of what changes the application, through interpreters and bundler; nothing that could hold a secret, and nothing for all others."""
    assert command_of(line.split(" ")) == command


def test_they_are_found_among_the_processes_of_a_user(tree):
    """Those of other users are none, nor are those that are known to be Sidekiq."""
    tree.write(10, comm=b"bundle", cmdline=b"bundle\0install\0--jobs\0004\0")
    tree.write(11, comm=b"rake", cmdline=b"rake\0db:migrate\0")

    assert DeployCommands(tree.proc).look({ME}, besides=()) == "bundle install"
    assert DeployCommands(tree.proc).look({ME}, besides={10}) == "rake db:migrate"
    assert DeployCommands(tree.proc).look({ME + 1}, besides=()) == ""


def test_the_command_line_of_others_is_never_read(tree):
    """A process can hang so that whoever reads its command line hangs as well: only what is called like such a command is read, and once."""
    pipe = tree.write(10, comm=b"postgres") / "cmdline"
    pipe.unlink()
    os.mkfifo(pipe)
    puma = tree.write(11, comm=b"bundle", cmdline=b"puma 6.4\0") / "cmdline"
    commands = DeployCommands(tree.proc)
    assert commands.look({ME}, besides=()) == ""
    puma.unlink()
    os.mkfifo(puma)

    assert commands.look({ME}, besides=()) == ""


def test_a_pid_that_was_given_away_is_read_anew(tree):
    """What is remembered of a process is that of this one."""
    commands = DeployCommands(tree.proc)
    tree.write(11, comm=b"ruby", cmdline=b"ruby\0streaming.rb\0", start=1)
    assert commands.look({ME}, besides=()) == ""
    tree.write(11, comm=b"ruby", cmdline=b"ruby\0bin/rails\0db:migrate\0", start=2)
    assert commands.look({ME}, besides=()) == "rails db:migrate"
    tree.write(11, comm=b"ruby\xff) R 1", cmdline=b"\xff\0", start=2)
    assert commands.look({ME}, besides=()) == ""
