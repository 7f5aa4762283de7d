"""Redis."""

from typing import Final

from watchdog.model.points.spec import Area, PointSpec

REDIS: Final = (
    PointSpec(
        "redis",
        Area.REDIS,
        "That Redis is reached with the address of the config, and answers.",
        "Without Redis the agent is blind, and does nothing.",
        "Correct `redis: {url: …}`, or start Redis.",
        "nothing listens at 127.0.0.1:1: the connection was refused",
    ),
    PointSpec(
        "redis-version",
        Area.REDIS,
        "Its version: 6 or later.",
        "Before 6 Redis tells nobody what changes, and knows no users with rights of their own.",
        "Install a later one.",
        "Redis 5.0.14 is too old: 6.0 or later",
    ),
    PointSpec(
        "redis-role",
        Area.REDIS,
        "That it is a master.",
        "A replica refuses every write, and shows Sidekiq as it was.",
        "Name the master, or `sentinels:` and `master:`.",
        "it is a replica of another Redis",
    ),
    PointSpec(
        "redis-reading",
        Area.REDIS,
        "That its user may use each command that watching takes.",
        "What is refused is a gap in the picture.",
        "`ACL SETUSER USER +COMMAND`; packaging/redis.acl has them all.",
        "the user of Redis may not: get, pttl",
    ),
    PointSpec(
        "redis-writing",
        Area.REDIS,
        "That its user may use each command that moving jobs takes. Nothing is written for it: Redis itself is asked, by a script.",
        "Putting back and quarantine would fail in the night in which they are needed. In mode `observe` and `dry-run` nothing is written.",
        "Use the user `watchdog-act` of packaging/redis.acl.",
        "the user of Redis may not: evalsha, script|load",
    ),
    PointSpec(
        "redis-tracking",
        Area.REDIS,
        "That Redis tells the agent what changes (`CLIENT TRACKING`).",
        "Else everything is asked for again and again.",
        "`ACL SETUSER USER +client|tracking +client|caching`; nothing in between may speak an older protocol.",
        "Redis does not tell what changes: the user may not use CLIENT TRACKING",
    ),
    PointSpec(
        "redis-policy",
        Area.REDIS,
        "What Redis does when it is full: `noeviction`.",
        "With any other policy it throws jobs away without a word.",
        "`CONFIG SET maxmemory-policy noeviction`, and the same in redis.conf.",
        "maxmemory-policy is allkeys-lru: when it is full Redis throws jobs away",
    ),
    PointSpec(
        "redis-memory",
        Area.REDIS,
        "How full it is, where it has a limit.",
        "When it is full it refuses what Sidekiq writes.",
        "`CONFIG SET maxmemory …`",
        "94% of maxmemory are in use",
    ),
    PointSpec(
        "redis-saving",
        Area.REDIS,
        "That it can save its data, and that it does save them at all.",
        "A Redis that can't save refuses every write; one that does not save loses all jobs when it ends.",
        "Look at its log and its disk; then `BGSAVE`.",
        "Redis could not save its data to disk last time",
    ),
    PointSpec(
        "redis-clock",
        Area.REDIS,
        "Its clock beside that of this host.",
        "Ages of jobs are counted by the clocks of several machines.",
        "Keep both in time: NTP.",
        "the clock of Redis is 42 s ahead of this host's",
    ),
    PointSpec(
        "redis-sentinels",
        Area.REDIS,
        "Each Sentinel by itself: that it answers and knows the master.",
        "Only one of them has to answer; which of them would not is seen too late otherwise.",
        "Start it, or correct `sentinels:`, `master:`, `sentinel_user:` and `sentinel_password:`.",
        "1 of 2 Sentinels can't be asked: 127.0.0.1:1 does not answer",
    ),
    PointSpec(
        "redis-application",
        Area.REDIS,
        "`app_redis`, where the config has one: that it is reached.",
        "What the application keeps there is part of what some rules read.",
        "Correct `app_redis: {url: …}`.",
        "nothing listens at 127.0.0.1:1: the connection was refused",
    ),
)
