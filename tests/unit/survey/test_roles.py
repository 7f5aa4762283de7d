"""Who serves which queue, where the commands do not say it; and the limits of the journal."""

import pytest

from tests.unit.survey.layouts import ENV, ETC, live, unit
from watchdog.host.boot import host_name
from watchdog.sidekiq.decode import Info
from watchdog.survey.config_text import config_text
from watchdog.survey.journal import journal_burst
from watchdog.survey.judging import judge, served
from watchdog.survey.looking import Beating, Seen
from watchdog.survey.processes import Process
from watchdog.survey.roles import with_roles
from watchdog.survey.survey import survey

WRAPPED = unit().replace("/home/mastodon/.rbenv/shims/bundle exec sidekiq -c 25", "/usr/local/bin/start-jobs")


def process(pid, name):
    """One of this host, in a service."""
    return Process(pid=pid, version="7.3.2", uid=991, unit=name, container=False, folder=None, environment=None)


def beating(host, pid, *queues):
    """One in Redis."""
    return Beating(f"{host}:{pid}:abc", Info(host=host, pid=pid, queues=queues, threads=9, version="7.3.2"))


async def test_a_script_that_hides_the_command(plant, shown):
    """A service whose name is Sidekiq's is one of them whatever it starts; its queues are those of its process in Redis."""
    found = await survey(root=plant({f"{ETC}/mastodon-sidekiq.service": WRAPPED, **live()}))
    (one,) = found.units
    assert one.service is None
    assert "no-scheduler" not in {remark.name for remark in judge(found, "config.yml")}

    seen = Seen("8.0.2", "master", "", (beating(host_name(), 5, "push", "pull"), beating("web9", 5, "scheduler")))
    (known,) = with_roles(found.units, [process(5, "mastodon-sidekiq.service")], seen, host_name())
    assert known.service.queues == ("push", "pull")


async def test_other_hosts(plant, shown):
    """Processes of other hosts serve, too; those of this host's services are not counted twice."""
    shown.seen = Seen("8.0.2", "master", "", (beating("web9", 5, "ingress", "scheduler"),), queues=("push",))
    found = await survey(root=plant({f"{ETC}/mastodon-sidekiq.service": unit("-q default -q push -q mailers -q pull"), **live()}))
    assert served(found)["ingress"] == ["web9:5:abc"]
    assert not {"no-scheduler", "no-listener"} & {remark.name for remark in judge(found, "config.yml")}


async def test_variables_of_whoever_asks(plant, shown):
    """In a container the application's variables are given to the agent as well; anything else says more."""
    own = {"REDIS_HOST": "redis", "REDIS_PASSWORD": "opensesame", "PATH": "/bin", "DB_HOST": "db"}
    found = await survey(root=plant({"/.dockerenv": ""}), own=own)
    assert shown.asked[0].url == "redis://:opensesame@redis:6379/0"
    assert found.postgres.host == "db"
    assert "# the environment of init: REDIS_HOST, REDIS_PASSWORD" in config_text(found, state="state").config

    await survey(root=plant({f"{ETC}/mastodon-sidekiq.service": unit(), **live(ENV)}), own=own)
    assert shown.asked[1].url == "redis://10.0.0.5:6379/0"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, 10_000),
        ({"/etc/systemd/journald.conf": "[Journal]\n#RateLimitBurst=5\n"}, 10_000),
        ({"/etc/systemd/journald.conf": "[Journal]\nRateLimitBurst=50000\n"}, 50_000),
        ({"/etc/systemd/journald.conf": "RateLimitBurst=0\n"}, 0),
        ({"/etc/systemd/journald.conf": "RateLimitIntervalSec=0s\nRateLimitBurst=7\n"}, 0),
        ({"/etc/systemd/journald.conf": "RateLimitBurst=1\n", "/etc/systemd/journald.conf.d/a.conf": "RateLimitBurst=2\n"}, 2),
        ({"/etc/systemd/journald.conf": "RateLimitBurst=many\n"}, 10_000),
    ],
)
def test_the_journal(files, expected, plant):
    """Its own settings, a drop-in before the file; what can't be a number is the default."""
    assert journal_burst(plant(files)) == expected


async def test_the_journal_without_a_limit(plant, shown):
    """Then there is nothing to be said, and the config knows it."""
    files = {f"{ETC}/mastodon-sidekiq.service": unit(), "/etc/systemd/journald.conf": "RateLimitBurst=0\n", **live()}
    found = await survey(root=plant(files))
    assert "log-rate" not in {one.name for one in judge(found, "config.yml")}
    assert "of journald.conf; 0: all.\n  burst: 0\n" in config_text(found, state="s").config


@pytest.mark.parametrize(("written", "said"), [("15", True), ("0", False), ("infinity", False), ("30s", False), ("29", True)])
async def test_times_to_stop(written, said, plant, shown):
    """Sidekiq needs its timeout and 5 s; no end at all is enough."""
    text = unit().replace("TimeoutSec=15", f"TimeoutStopSec={written}")
    found = await survey(root=plant({f"{ETC}/mastodon-sidekiq.service": text, **live()}))
    assert ("stop-timeout" in {one.name for one in judge(found, "config.yml")}) is said


@pytest.mark.parametrize(
    ("lines", "burst"),
    [("LogRateLimitIntervalSec=0", None), ("LogRateLimitBurst=0", None), ("LogRateLimitBurst=20000", 20_000), ("LogRateLimitBurst=50", 50)],
)
async def test_the_limit_of_one_service(lines, burst, plant, shown):
    """Its own goes before the journal's; what systemd takes for not set is none. A low one is told, as is the default."""
    found = await survey(root=plant({f"{ETC}/mastodon-sidekiq.service": unit().replace("Restart=", f"{lines}\nRestart="), **live()}))
    assert found.units[0].log_burst == burst
    assert ("log-rate" in {one.name for one in judge(found, "config.yml")}) is (burst is None or burst < 10_000)
    assert (f"  burst: {burst}\n" in config_text(found, state="s").config) is (burst is not None)
