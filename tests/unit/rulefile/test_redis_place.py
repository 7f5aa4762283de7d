"""What names the data of a Redis: the same for the same data however they are reached, another for others."""

import pytest

from watchdog.rulefile.redis_place import place_name
from watchdog.rulefile.redis_settings import RedisSettings

SENTINELS = RedisSettings("redis://:old@/2", sentinels=("10.0.0.1:26379",), master="mymaster")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (RedisSettings("redis://h"), RedisSettings("redis://h:6379/0")),
        (RedisSettings("redis://ada:old@h/1"), RedisSettings("rediss://:new@h:6379/1?ssl_cert_reqs=none")),
        (RedisSettings("redis://h/3"), RedisSettings("redis://h/0?db=3")),
        (RedisSettings("redis://HOST"), RedisSettings("redis://host")),
        (RedisSettings("unix:///run/redis.sock"), RedisSettings("unix://ada:secret@/run/redis.sock?db=0")),
        (SENTINELS, RedisSettings("rediss://:new@/2", sentinels=("10.0.0.9", "10.0.0.8"), master="mymaster", sentinel_password="s")),
        (RedisSettings("redis://h", budget=0.5, scheduler_prefix="x"), RedisSettings("redis://h")),
    ],
    ids=["defaults", "password, user, TLS", "two ways to say a database", "case", "socket", "other Sentinels of the same master", "what is asked of it"],
)  # fmt: skip
def test_the_same_data_have_one_name(one, other):
    """A changed password, a fail-over, encryption: what is remembered still belongs to them."""
    assert place_name(one) == place_name(other)


@pytest.mark.parametrize(
    "other",
    [
        RedisSettings("redis://other:6380/1", namespace="m"),
        RedisSettings("redis://h:6381/1", namespace="m"),
        RedisSettings("redis://h:6380/2", namespace="m"),
        RedisSettings("redis://h:6380/1"),
        RedisSettings("unix:///h?db=1", namespace="m"),
        RedisSettings("redis:///1", namespace="m", sentinels=("h:6380",), master="h"),
    ],
    ids=["host", "port", "database", "namespace", "socket", "Sentinel"],
)
def test_other_data_have_another(other):
    """Whatever is different, it may be others' jobs."""
    assert place_name(other) != place_name(RedisSettings("redis://h:6380/1", namespace="m"))


@pytest.mark.parametrize("redis", [RedisSettings("redis://ada:s3cret@h"), RedisSettings("redis://h?password=s3cret"), SENTINELS])
def test_no_secret_is_in_it(redis):
    """It stands in the ledger, in messages and in the audit log."""
    assert "s3cret" not in place_name(redis)
    assert "old" not in place_name(redis)


def test_how_it_reads():
    """As people know it."""
    assert place_name(RedisSettings("redis://[::1]:7000/4", namespace="mastodon")) == "[::1]:7000/4 mastodon:"
    assert place_name(SENTINELS) == "master mymaster/2"
