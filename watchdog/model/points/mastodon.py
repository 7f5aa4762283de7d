"""What only Mastodon has."""

from typing import Final

from watchdog.model.points.spec import Area, PointSpec

MASTODON: Final = (
    PointSpec(
        "mastodon-deliveries",
        Area.MASTODON,
        "Where the config has `mastodon:`, that the Redis of the application may be looked through for Mastodon's records of deliveries that fail.",
        "Else nobody knows which servers can't be delivered to, and for how many days.",
        "`ACL SETUSER USER +COMMAND`; packaging/redis.acl has them all.",
        "the user of Redis may not: scan",
    ),
    PointSpec(
        "mastodon-web-log",
        Area.MASTODON,
        "That the log of Mastodon's web server can be read, and that it has requests in it.",
        "Else nobody knows who delivers to us, and a server that has fallen silent is not noticed.",
        "`mastodon: {web_log: …}` names its units or files; `RAILS_LOG_LEVEL=info` in .env.production, and restart the web server.",
        "in the last 2,000 lines of mastodon-web.service there is no request",
    ),
)
