"""What rules look at, what is read from where, and the value types of the language."""

from enum import StrEnum


class Kind(StrEnum):
    """An entity kind: what stands behind `each:` in a rule."""

    JOB = "job"
    PROCESS = "process"
    QUEUE = "queue"
    JOB_CLASS = "job_class"
    DOMAIN = "domain"
    PEER = "peer"
    FEDERATION = "federation"
    RETRY_GROUP = "retry_group"
    SCHEDULE = "schedule"
    UNIT = "unit"
    HOST = "host"
    CHECK = "check"
    SETTING = "setting"
    REDIS = "redis"
    SIDEKIQ = "sidekiq"


class Source(StrEnum):
    """Where readings come from; a source as a whole can be blind."""

    REDIS = "redis"
    HOST = "host"
    SYSTEMD = "systemd"
    APP_REDIS = "app_redis"
    CHECKS = "checks"
    SETTINGS = "settings"
    WEB_LOG = "web_log"
    DELIVERIES = "deliveries"
    MASTODON_API = "mastodon_api"
    PEERS = "peers"


class Type(StrEnum):
    """
    The type of a value in conditions, settings and parameters.

    Held as: BOOL bool, STRING str, STRINGS tuple of str, DURATION int milliseconds, SIZE int bytes,
    RATIO float (0.95 is 95 %), RATE float per second, COUNT int, CORES float.
    """

    BOOL = "boolean"
    STRING = "string"
    STRINGS = "list of strings"
    DURATION = "duration"
    SIZE = "size"
    RATIO = "ratio"
    RATE = "rate"
    COUNT = "count"
    CORES = "cores"
