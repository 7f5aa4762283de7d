"""From environment variables to Redis and PostgreSQL."""

import pytest

from watchdog.mastodon.postgres_env import postgres_of
from watchdog.mastodon.redis_env import of_mastodon, of_sidekiq


@pytest.mark.parametrize(
    ("env", "url", "names"),
    [
        ({}, "redis://localhost:6379/0", ()),
        ({"REDIS_URL": "rediss://:p@h:1/2", "REDIS_HOST": "x"}, "rediss://:p@h:1/2", ("REDIS_URL",)),
        ({"REDIS_HOST": "h", "REDIS_PORT": "6380", "REDIS_DB": "4"}, "redis://h:6380/4", ("REDIS_HOST", "REDIS_PORT", "REDIS_DB")),
        ({"REDIS_HOST": "h", "REDIS_PASSWORD": "a/b@c#"}, "redis://:a%2Fb%40c%23@h:6379/0", ("REDIS_HOST", "REDIS_PASSWORD")),
        (
            {"REDIS_HOST": "::1", "REDIS_USER": "u", "REDIS_PASSWORD": "p"},
            "redis://u:p@[::1]:6379/0",
            ("REDIS_HOST", "REDIS_USER", "REDIS_PASSWORD"),
        ),
        ({"REDIS_HOST": "h", "REDIS_USER": "u"}, "redis://h:6379/0", ("REDIS_HOST", "REDIS_USER")),
        ({"REDIS_PORT": "6380"}, "redis://localhost:6380/0", ("REDIS_PORT",)),
        # A lone port or number of Sidekiq's own counts for nothing.
        ({"REDIS_HOST": "h", "SIDEKIQ_REDIS_PORT": "1", "SIDEKIQ_REDIS_DB": "9"}, "redis://h:6379/0", ("REDIS_HOST",)),
        ({"REDIS_SENTINELS": "s", "REDIS_HOST": "h"}, "redis://h:6379/0", ("REDIS_HOST",)),
        ({"REDIS_HOST": ""}, "redis://localhost:6379/0", ()),
    ],
)
def test_one_redis(env, url, names):
    """A URL wins over its parts; what is missing has the application's default; who said so is named."""
    redis, app = of_mastodon(env)
    assert (redis.settings.url, redis.names, app) == (url, names, None)


@pytest.mark.parametrize(
    ("own", "url"),
    [
        ({"SIDEKIQ_REDIS_URL": "redis://s/1"}, "redis://s/1"),
        ({"SIDEKIQ_REDIS_HOST": "s", "SIDEKIQ_REDIS_PASSWORD": "p"}, "redis://:p@s:6379/0"),
    ],
)
def test_a_redis_of_sidekiq_alone(own, url):
    """Sidekiq's own goes before that of the application, which is given beside it."""
    redis, app = of_mastodon({"REDIS_HOST": "h", "REDIS_PASSWORD": "base", "REDIS_NAMESPACE": "ns", **own})
    assert (redis.settings.url, redis.settings.namespace) == (url, "ns")
    assert app.settings.url == "redis://:base@h:6379/0"


def test_the_same_redis_said_twice_is_one():
    """Where both say the same there is no second one."""
    assert of_mastodon({"REDIS_URL": "redis://h/0", "SIDEKIQ_REDIS_URL": "redis://h/0"})[1] is None


def test_sentinels():
    """Names, ports and passwords as Mastodon takes them: those of Redis itself where the Sentinels have none of their own; ignored beside a URL."""
    env = {
        "REDIS_SENTINELS": "a, b:1,[::1],",
        "REDIS_SENTINEL_MASTER": "m",
        "REDIS_SENTINEL_PORT": "26000",
        "REDIS_USER": "u",
        "REDIS_PASSWORD": "p",
        "REDIS_DB": "2",
    }
    settings = of_mastodon(env)[0].settings
    assert settings.sentinels == ("a:26000", "b:1", "[::1]:26000")
    assert (settings.master, settings.url) == ("m", "redis://u:p@/2")
    assert (settings.sentinel_user, settings.sentinel_password) == ("u", "p")

    other = of_mastodon({**env, "REDIS_SENTINEL_USERNAME": "v", "REDIS_SENTINEL_PASSWORD": "q"})[0].settings
    assert (other.sentinel_user, other.sentinel_password) == ("v", "q")
    assert of_mastodon({**env, "REDIS_URL": "redis://h"})[0].settings.sentinels == ()


def test_another_application():
    """Sidekiq itself reads REDIS_PROVIDER, the name of a variable, or REDIS_URL."""
    assert of_sidekiq({}) is None
    assert of_sidekiq({"REDIS_URL": "redis://h"}).settings.url == "redis://h"
    found = of_sidekiq({"REDIS_URL": "redis://h", "REDIS_PROVIDER": "CLOUD_URL", "CLOUD_URL": "redis://c"})
    assert (found.settings.url, found.names) == ("redis://c", ("CLOUD_URL", "REDIS_PROVIDER"))


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({}, ("/var/run/postgresql", 5432, "mastodon_production")),
        ({"DB_HOST": "db", "DB_PORT": "6432", "DB_NAME": "m"}, ("db", 6432, "m")),
        ({"DATABASE_URL": "postgres://u:p@db:1/m?x=y", "DB_HOST": "x"}, ("db", 1, "m")),
        ({"DATABASE_URL": "postgresql:///m?host=/run/pg"}, ("/run/pg", 5432, "m")),
        ({"DATABASE_URL": "postgres://u:p@db:port/m"}, None),
        ({"DATABASE_URL": "mysql://db/m"}, None),
        ({"DB_PORT": "many"}, None),
        ({"DB_NAME": "a\nb"}, None),
        ({"DATABASE_URL": "postgres://h/%1b"}, None),
        ({"DB_HOST": " ", "DB_NAME": " "}, ("/var/run/postgresql", 5432, "mastodon_production")),
        ({"DB_PORT": "70000"}, None),
    ],
)
def test_postgres(env, expected):
    """Where the database is; None for what can't be read. Password and user of the application are not taken."""
    found = postgres_of(env)
    assert (found and (found.host, found.port, found.database)) == expected
