"""`init`, from its arguments to exit code, output and files; the machines are trees of files, and nothing is connected to."""

import json

import pytest

import watchdog.survey.survey as module
from tests.unit.survey.layouts import ETC, LAYOUTS, live, unit
from watchdog.sidekiq.decode import Info
from watchdog.survey.looking import Beating, Seen

# Each reads the packs, some of them several times.
pytestmark = pytest.mark.timeout(30)

SEEN = Seen("8.0.2", "master", "", (Beating("web1:7:abc", Info(host="web1", pid=7, queues=("push",), version="7.3.2")),), queues=("push",))
GOOD = {
    f"{ETC}/mastodon-sidekiq.service": unit().replace("TimeoutSec=15", "TimeoutStopSec=60"),
    f"{ETC}/mastodon-sidekiq.service.d/log.conf": "[Service]\nLogRateLimitBurst=1000000\n",
}


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Puts files under a root, and says what Redis shows there."""

    def make(files, seen=SEEN, links=None):
        async def look(_redis):
            return seen

        monkeypatch.setattr(module, "look", look)
        for path, text in files.items():
            place = tmp_path / "machine" / path.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        for path, target in (links or {}).items():
            place = tmp_path / "machine" / path.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(target)
        (tmp_path / "machine").mkdir(exist_ok=True)

    monkeypatch.setattr("watchdog.survey.writing.GROUP", "daemon")
    return make


def test_a_machine_that_is_well_set_up(ask, machine):
    """What is found is shown, the config is written and passes `check`, and what comes next is said."""
    machine({**GOOD, **live()})
    answer = ask("init", "--root", "machine", "--output", "etc")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.splitlines() == [
        "services",
        "  mastodon-sidekiq.service  user mastodon; queues default, push, ingress, mailers, pull, scheduler (config/sidekiq.yml); 25 threads",
        "  0 processes of Sidekiq here",
        "queues",
        "  default    mastodon-sidekiq.service",
        "  push       mastodon-sidekiq.service, web1:7:abc",
        "  ingress    mastodon-sidekiq.service",
        "  mailers    mastodon-sidekiq.service",
        "  pull       mastodon-sidekiq.service",
        "  scheduler  mastodon-sidekiq.service",
        "redis",
        "  redis://10.0.0.5:6379/0  REDIS_HOST (/home/mastodon/live/.env.production:4), REDIS_PORT (/home/mastodon/live/.env.production:5)",
        "  Redis 8.0.2  answers, 1 process of Sidekiq beats in it, 1 queue",
        "",
        "worth a look",
        "  no-systemd  of machine only the files are looked at: how services are is not known, and which there are only by their files",
        "      without systemd nothing can be started for you; the agent works without",
        "",
        "written: etc/config.yml",
        "next: sidekiq-watchdog doctor --config etc/config.yml  says what is still missing, and how to mend it",
        "then: sidekiq-watchdog run --config etc/config.yml     begins to watch, in dry-run",
    ]
    checked = ask("check", "--config", "etc/config.yml")
    assert (checked.code, checked.out.partition(" rules")[2]) == (0, ", 0 errors, 0 warnings\n")


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_config_passes_check(name, ask, machine):
    """Whatever the machine is like, what is written has neither errors nor warnings."""
    machine(LAYOUTS[name].files, links=LAYOUTS[name].links)
    assert ask("init", "--root", "machine", "--output", "etc").code == 0
    answer = ask("check", "--config", "etc/config.yml")
    assert (answer.code, answer.out.partition(" rules")[2]) == (0, ", 0 errors, 0 warnings\n")


def test_a_redis_that_does_not_answer(ask, machine):
    """The config is written all the same, with the reason in it; the exit code says that it was not seen to work."""
    machine({**GOOD, **live()}, seen="nothing listens at 10.0.0.5:6379: the connection was refused")
    answer = ask("init", "--root", "machine", "--output", "etc")
    assert answer.code == 1
    assert "redis-unreachable  redis://10.0.0.5:6379/0: nothing listens" in answer.out
    assert ask("check", "--config", "etc/config.yml").code == 0


def test_nothing_at_all(ask, machine, tmp_path):
    """A machine without Sidekiq: it says where it has looked, writes nothing, and ends with 1."""
    machine({}, seen="nothing listens at 127.0.0.1:6379: the connection was refused")
    answer = ask("init", "--root", "machine", "--output", "etc")
    assert answer.code == 1
    assert answer.out.startswith("there is no sign of Sidekiq here, so nothing is written\n")
    assert "  redis://127.0.0.1:6379/0: nothing listens" in answer.out
    assert not (tmp_path / "etc").exists()


def test_nothing_is_overwritten(ask, machine, tmp_path):
    """A config that is there stays; `--print` shows what would be written."""
    machine({**GOOD, **live()})
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "config.yml").write_text("mine")
    answer = ask("init", "--root", "machine", "--output", "etc")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == (
        "sidekiq-watchdog: etc/config.yml is there already, and nothing is ever overwritten: see what would be written with --print\n"
    )
    printed = ask("init", "--root", "machine", "--output", "etc", "--print")
    assert printed.code == 0
    assert printed.out.startswith("# Written by `sidekiq-watchdog init`.")
    assert "would be written: etc/config.yml" in printed.err
    assert (tmp_path / "etc" / "config.yml").read_text() == "mine"


def test_no_secret_is_ever_shown(ask, machine, tmp_path):
    """A password goes into a file of its own that others can't read, and is in no output of any kind."""
    machine({**GOOD, **live("LOCAL_DOMAIN=x\nREDIS_HOST=h\nREDIS_PASSWORD=opensesame\nDB_PASS=databasesecret\n")})
    shown = [ask("init", "--root", "machine", *more) for more in (("--print",), ("--print", "--json"), ("--output", "etc"))]
    assert all(secret not in answer.out + answer.err for answer in shown for secret in ("opensesame", "databasesecret"))
    assert (tmp_path / "etc" / "redis.url").read_text() == "redis://:opensesame@h:6379/0\n"
    assert (tmp_path / "etc" / "redis.url").stat().st_mode & 0o007 == 0
    assert "opensesame" not in (tmp_path / "etc" / "config.yml").read_text()
    assert ask("check", "--config", "etc/config.yml").code == 0


def test_for_programs(ask, machine):
    """One object: what was found and where, what is to be said, and what was written."""
    machine({**GOOD, **live()})
    told = json.loads(ask("init", "--root", "machine", "--output", "etc", "--json").out)
    assert told["written"] == "etc/config.yml"
    assert told["units"][0]["queues"] == ["default", "push", "ingress", "mailers", "pull", "scheduler"]
    assert told["units"][0]["stop_timeout"] == 60_000
    assert told["redis"] == {
        "where": "redis://10.0.0.5:6379/0",
        "namespace": "",
        "sources": {"REDIS_HOST": "/home/mastodon/live/.env.production:4", "REDIS_PORT": "/home/mastodon/live/.env.production:5"},
    }
    assert told["seen"]["processes"] == ["web1:7:abc"]
    assert [one["name"] for one in told["remarks"]] == ["no-systemd"]


def test_an_application_elsewhere(ask, machine):
    """`--application` leads to it where no service does."""
    machine(live())
    answer = ask("init", "--root", "machine", "--application", "/home/mastodon/live", "--print")
    assert answer.code == 0
    assert "  url: redis://10.0.0.5:6379/0" in answer.out
