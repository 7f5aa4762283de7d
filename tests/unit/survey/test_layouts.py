"""What is found in machines as people have them, and that the config made of it is right."""

import pytest

from tests.unit.survey.layouts import ENV, ETC, LAYOUTS, LIVE, live, unit
from watchdog.config import inspect
from watchdog.rulefile.redis_settings import RedisSettings
from watchdog.rulefile.settings import read_settings
from watchdog.sidekiq.decode import Info
from watchdog.survey.config_text import PostgresState, config_text
from watchdog.survey.judging import judge
from watchdog.survey.looking import Beating, Seen
from watchdog.survey.survey import survey
from watchdog.survey.writing import write_all

pytestmark = pytest.mark.timeout(30)

EVERYWHERE = {"redis-unreachable", "no-systemd", "log-rate"}
CONFIG = "/etc/sidekiq-watchdog/config.yml"


def names(remarks):
    """Of remarks, without those that every machine without systemd and Redis has."""
    return tuple(dict.fromkeys(one.name for one in remarks if one.name not in EVERYWHERE))


@pytest.mark.parametrize("name", LAYOUTS)
async def test_layouts(name, plant, shown, tmp_path):
    """Services with their queues, the Redis that they use, and what is to be said; the config of it passes `check`, and holds no secret."""
    layout = LAYOUTS[name]
    found = await survey(root=plant(layout.files, layout.links))

    assert {one.name: one.service.queues for one in found.units} == layout.served
    assert [redis.url for redis in shown.asked] == [layout.url]
    assert names(judge(found, CONFIG)) == layout.remarks
    assert not found.nothing

    text = config_text(found, state="state")
    for part in layout.config:
        assert part in text.config
    assert text.secrets == layout.secrets
    assert not any(secret in text.config for secret in ("databasesecret", "opensesame", "pa$$word", "pa%24"))
    write_all(tmp_path / "etc", {**{one: f"{secret}\n" for one, secret in text.secrets.items()}, "config.yml": text.config})
    loaded, problems = inspect(tmp_path / "etc" / "config.yml")
    assert problems == ()
    assert loaded is not None
    assert loaded.settings.mode == "dry-run"
    assert loaded.settings.redis.url == layout.url


async def test_nothing_at_all(plant, shown):
    """A machine without any sign of Sidekiq says so; the Redis that would be the default was tried."""
    found = await survey(root=plant({"/etc/hostname": "web1\n"}))
    assert found.nothing
    assert shown.asked == [RedisSettings(url="redis://127.0.0.1:6379/0")]


async def test_a_redis_with_sidekiq_in_it_is_enough(plant, shown):
    """Where only Redis knows of Sidekiq, as on a host of its own, the config is for that."""
    info = Info(host="web1", pid=7, queues=("default",), threads=5, version="7.3.2")
    shown.seen = Seen("8.0.2", "master", "", (Beating("web1:7:abc", info),), queues=("default",))
    found = await survey(root=plant({}))
    assert not found.nothing
    assert "1 process of Sidekiq beats in it" in config_text(found, state="state").config


async def test_an_unused_namespace(plant, shown):
    """Where REDIS_NAMESPACE is set and Sidekiq pays no heed to it, the config has none, and that is said."""
    shown.seen = Seen("7.2.0", "master", "", queues=("default",))
    found = await survey(root=plant({f"{ETC}/mastodon-sidekiq.service": unit(), **live(f"{ENV}REDIS_NAMESPACE=mastodon\n")}))
    assert shown.asked[0].namespace == "mastodon"
    assert "namespace-unused" in names(judge(found, CONFIG))
    assert "namespace:" not in config_text(found, state="state").config


async def test_a_redis_without_sidekiq_and_a_replica(plant, shown):
    """A Redis that holds nothing of Sidekiq is most likely the wrong one, and a replica can't be the right one."""
    root = plant({f"{ETC}/mastodon-sidekiq.service": unit(), **live()})
    shown.seen = Seen("7.2.0", "master", None)
    empty = await survey(root=root)
    shown.seen = Seen("7.2.0", "slave", "", queues=("default",))
    replica = await survey(root=root)
    assert "redis-empty" in names(judge(empty, CONFIG))
    assert not empty.answers
    assert "redis-replica" in names(judge(replica, CONFIG))


async def test_two_schedulers(plant, shown):
    """Two services that serve the queue scheduler are named."""
    files = {f"{ETC}/mastodon-sidekiq.service": unit(), f"{ETC}/mastodon-sidekiq-2.service": unit("-q default -q scheduler")}
    remarks = judge(await survey(root=plant({**files, **live()})), CONFIG)
    (one,) = [remark for remark in remarks if remark.name == "two-schedulers"]
    assert one.text == "2 services serve the queue scheduler: mastodon-sidekiq-2.service, mastodon-sidekiq.service"


async def test_a_template_without_an_instance(plant, shown):
    """It serves nothing, so it is no second scheduler; with an instance it is one."""
    files = {f"{ETC}/mastodon-sidekiq.service": unit(), f"{ETC}/mastodon-sidekiq-scheduler@.service": unit("-q scheduler"), **live()}
    idle = await survey(root=plant(files))
    assert "two-schedulers" not in names(judge(idle, CONFIG))
    wanted = await survey(
        root=plant({**files, f"{ETC}/multi-user.target.wants/mastodon-sidekiq-scheduler@1.service": unit("-q scheduler")})
    )
    assert "two-schedulers" in names(judge(wanted, CONFIG))


async def test_many_services(plant, shown):
    """What is to be said of more than two of them names the first; what mends it names each file."""
    files = {f"{ETC}/mastodon-sidekiq-{number}.service": unit(f"-q {queue}") for number, queue in enumerate(("default", "push", "pull"))}
    (one,) = [remark for remark in judge(await survey(root=plant({**files, **live()})), CONFIG) if remark.name == "stop-timeout"]
    assert one.text.startswith("mastodon-sidekiq-0.service and 2 more: ")
    assert one.mend.startswith("sudo systemctl edit mastodon-sidekiq-0.service mastodon-sidekiq-1.service mastodon-sidekiq-2.service:")


async def test_two_redis(plant, shown):
    """One agent watches one Redis: that of most services; the others are named."""
    other = unit("-q push").replace("/home/mastodon/live", "/srv/second")
    files = {
        f"{ETC}/mastodon-sidekiq-1.service": unit("-q default -q ingress"),
        f"{ETC}/mastodon-sidekiq-2.service": unit("-q pull -q mailers -q scheduler"),
        f"{ETC}/mastodon-sidekiq-a.service": other,
        "/srv/second/.env.production": "REDIS_URL=redis://:hidden@10.0.0.9/4\n",
        **live(),
    }
    found = await survey(root=plant(files))
    (one,) = [remark for remark in judge(found, CONFIG) if remark.name == "other-redis"]
    assert [redis.url for redis in shown.asked] == ["redis://10.0.0.5:6379/0"]
    assert one.text == "mastodon-sidekiq-a.service: another Redis than that of the rest, redis://10.0.0.9/4"


async def test_an_address_that_somebody_names(plant, shown):
    """One service whose Redis is written somewhere says more than several that would take the default."""
    idle = {f"{ETC}/sidekiq-{number}.service": "[Service]\nExecStart=/usr/bin/sidekiq\nWorkingDirectory=/srv/idle\n" for number in range(3)}
    await survey(root=plant({**idle, f"{ETC}/mastodon-sidekiq.service": unit(), **live()}))
    assert shown.asked[0].url == "redis://10.0.0.5:6379/0"


async def test_what_costs_jobs_or_hides_them_is_said(plant, shown):
    """A short stop, a silent log, a small pool, a service that nobody starts again: each with the command that mends it."""
    text = unit("-q default -q push -q ingress -q mailers -q pull -q scheduler").replace("DB_POOL=25", "DB_POOL=5").replace("always", "no")
    remarks = judge(await survey(root=plant({f"{ETC}/mastodon-sidekiq.service": text, **live(f"{ENV}RAILS_LOG_LEVEL=warn\n")})), CONFIG)
    mends = {one.name: one.mend for one in remarks}
    assert mends["stop-timeout"] == "sudo systemctl edit mastodon-sidekiq.service: [Service] TimeoutStopSec=30s"
    assert mends["no-restart"] == "sudo systemctl edit mastodon-sidekiq.service: [Service] Restart=always"
    assert mends["log-rate"] == "sudo systemctl edit mastodon-sidekiq.service: [Service] LogRateLimitBurst=1000000"
    assert mends["small-pool"] == "DB_POOL=25"
    assert mends["log-level"] == "RAILS_LOG_LEVEL=info"


async def test_a_unit_that_is_well_set_up_has_nothing_to_be_said(plant, shown):
    """Enough time to stop, no limit of the journal; a log in a file is named in the config."""
    good = unit().replace("TimeoutSec=15", "TimeoutStopSec=60")
    files = {
        f"{ETC}/mastodon-sidekiq.service": good,
        f"{ETC}/mastodon-sidekiq.service.d/log.conf": "[Service]\nLogRateLimitBurst=1000000\n",
        **live(),
    }
    found = await survey(root=plant(files))
    assert {one.name for one in judge(found, CONFIG)} == {"redis-unreachable", "no-systemd"}
    assert "  burst: 1000000\n" in config_text(found, state="state").config

    root = plant({f"{ETC}/mastodon-sidekiq.service.d/log.conf": "[Service]\nStandardOutput=append:/var/log/sidekiq.log\n"})
    assert "    mastodon-sidekiq.service: /var/log/sidekiq.log" in config_text(await survey(root=root), state="state").config


async def test_masked_and_foreign_units_are_left_out(plant, shown):
    """A service that is masked, another name of one, one that is no Sidekiq, and the agent's own are not among them."""
    files = {
        "/usr/lib/systemd/system/mastodon-sidekiq.service": unit(),
        f"{ETC}/mastodon-web.service": unit().replace("sidekiq -c 25", "puma"),
        "/usr/lib/systemd/system/sidekiq-watchdog.service": "[Service]\nExecStart=/usr/bin/sidekiq-watchdog run\n",
        "/usr/lib/systemd/system/mastodon-sidekiq-old.service": unit(),
        **live(),
    }
    links = {f"{ETC}/jobs.service": "mastodon-sidekiq.service", f"{ETC}/mastodon-sidekiq-old.service": "/dev/null"}
    found = await survey(root=plant(files, links))
    assert [one.name for one in found.units] == ["mastodon-sidekiq.service"]


async def test_the_database_is_declared_once_a_login_succeeds(plant, shown, tmp_path):
    """Until the role and the library are there the check stands in the config as a comment, with the commands; then it is in force."""
    found = await survey(root=plant({f"{ETC}/mastodon-sidekiq.service": unit(), **live()}))
    before = config_text(found, state="state", postgres=PostgresState('role "sidekiq-watchdog" does not exist')).config
    after = config_text(found, state="state", postgres=PostgresState()).config
    without = config_text(found, state="state", postgres=PostgresState("the library is not installed", has_driver=False)).config
    assert ("pip install" in without, "pip install" in before) == (True, False)
    assert "# checks:" in before
    assert "CREATE ROLE" in before
    assert '# It was tried: role "sidekiq-watchdog" does not exist' in before
    assert "\nchecks:\n  postgres:\n    type: postgres\n    host: /var/run/postgresql\n    port: 5432\n" in after
    assert "CREATE ROLE" not in after
    assert "databasesecret" not in before + after


async def test_in_a_container(plant, shown):
    """Inside a container it is said what can't be done there."""
    found = await survey(
        root=plant({"/.dockerenv": "", **{f"/opt/mastodon/{name}": text for name, text in {".env.production": ENV}.items()}})
    )
    assert found.container
    assert "in-container" in names(judge(found, CONFIG))


async def test_an_application_that_is_named(plant, shown):
    """Where no service leads to it, the caller names the folder."""
    found = await survey(root=plant({"/srv/social/.env.production": ENV}), folder="/srv/social")
    assert not found.nothing
    assert shown.asked[0].url == "redis://10.0.0.5:6379/0"


async def test_hostile_names_stay_on_their_line(plant, shown, tmp_path):
    """A user, folder, queue or address with line breaks and YAML in it neither breaks the config nor adds a key to it."""
    hostile = '[Service]\nUser=x\\ny\nWorkingDirectory=/srv/a: [b, {c\\nmode: act\nExecStart=/usr/bin/sidekiq -q "q}]: #\\n"\n'
    env = 'LOCAL_DOMAIN=x\nREDIS_HOST="h\nmode: act"\nREDIS_NAMESPACE="a: b\nmode: act"\nDB_NAME="x\nmode: act"\nDB_HOST="y: [z"\n'
    found = await survey(root=plant({f"{ETC}/mastodon-sidekiq.service": hostile, f"{LIVE}/.env.production": env}), folder=LIVE)
    text = config_text(found, state="state", postgres=PostgresState()).config
    write_all(tmp_path / "etc", {"config.yml": text})
    _, problems = inspect(tmp_path / "etc" / "config.yml")
    assert [problem for problem in problems if not problem.is_warning and problem.code != "E517"] == []
    assert "\nmode: act" not in text
    assert "redis-strange" in names(judge(found, CONFIG))


@pytest.mark.parametrize(("written", "folder"), [("~", "/home/of-it"), ("-/srv/x", "/srv/x"), ("relative", "/"), ("", "/")])
async def test_folders(written, folder, plant, shown):
    """`~` is the home of the service's user; what can't be a folder of a service is none."""
    text = unit().replace("WorkingDirectory=/home/mastodon/live", f"WorkingDirectory={written}")
    passwd = "root:x:0:0::/root:/bin/sh\nmastodon:x:991:991::/home/of-it:/bin/sh\n"
    found = await survey(root=plant({f"{ETC}/mastodon-sidekiq.service": text, "/etc/passwd": passwd}))
    assert found.units[0].folder == folder


async def test_the_page_can_be_turned_on(plant):
    """The config has it as a comment; without the `#` it is a setting."""
    text = config_text(await survey(root=plant({})), state="state").config
    settings, problems = read_settings("config.yml", text.replace("\n# page:", "\npage:"))
    assert [problem for problem in problems if not problem.is_warning] == []
    assert settings.page.where == "127.0.0.1:7655"
    assert read_settings("config.yml", text)[0].page is None


@pytest.mark.parametrize(
    ("env", "domain", "url"),
    [
        (ENV, "example.com", "https://example.com"),
        (ENV + "WEB_DOMAIN=social.example.com\n", "example.com", "https://social.example.com"),
        (ENV.replace("example.com", "Bücher.Example"), "xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        (ENV + "WEB_DOMAIN=\n", "example.com", "https://example.com"),
        (ENV + "WEB_DOMAIN='x\ny: z'\n", "example.com", "https://example.com"),
    ],
)  # fmt: skip
async def test_the_names_of_a_mastodon(env, domain, url, plant, shown):
    """By LOCAL_DOMAIN others know it; WEB_DOMAIN is where its API is, if it is named and can be a host. Token and hosts stand below as comments, and can be turned on."""
    found = await survey(root=plant({f"{ETC}/mastodon-sidekiq.service": unit(), **live(env)}))
    text = config_text(found, state="state").config
    settings, problems = read_settings("config.yml", text)
    assert problems == ()
    assert settings is not None
    assert settings.mastodon is not None
    assert (settings.mastodon.domain, settings.mastodon.url, settings.mastodon.token) == (domain, url, "")
    assert f"{LIVE}/.env.production: LOCAL_DOMAIN (line 2)" in text
    more, problems = read_settings("config.yml", text.replace("  # watch:", "  watch:").replace("  # token:", "  token:"))
    assert problems == ()
    assert more is not None
    assert more.mastodon is not None
    assert more.mastodon.watch == ("mastodon.social",)
    assert [secret.name for secret in more.secrets] == ["mastodon-token"]


@pytest.mark.parametrize(
    "env", [ENV.replace("LOCAL_DOMAIN", "OTHER"), ENV.replace("example.com", "localhost"), ENV.replace("example.com", "'x\nmode: act'")]
)
async def test_a_mastodon_whose_name_is_not_known(env, plant, shown):
    """The section stands there as a comment."""
    text = config_text(await survey(root=plant({f"{ETC}/mastodon-sidekiq.service": unit(), **live(env)})), state="state").config
    settings, problems = read_settings("config.yml", text)
    assert problems == ()
    assert settings is not None
    assert settings.mastodon is None
    assert "#   domain: social.example.org" in text
