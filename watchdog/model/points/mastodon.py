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
    PointSpec(
        "mastodon-api",
        Area.MASTODON,
        "That the API of our own server answers at `mastodon: {url}`, and that it goes by the name that `mastodon: {domain}` gives.",
        "Under a wrong name nobody would find us on the lists of others, and our own server would be taken for somebody else's.",
        "`domain` is `LOCAL_DOMAIN` of .env.production, `url` where browsers find the server (`WEB_DOMAIN`).",
        "the server at https://social.example.org goes by another name than social.example.org",
    ),
    PointSpec(
        "mastodon-token",
        Area.MASTODON,
        "That the token may count who follows whom; and whether it may read rules about domains.",
        "Else nobody notices that a watched host has cut all ties.",
        "A new token with the scope `admin:read`, of somebody whose role may view the dashboard; packaging/README.md has the steps.",
        "Mastodon does not know the token (401): it was revoked, or `mastodon: {{token}}` is of another server",
    ),
    PointSpec(
        "mastodon-watched",
        Area.MASTODON,
        "That the names of watched hosts can be resolved, to public addresses. The hosts themselves are not asked.",
        "No other address is ever connected to, whoever names it; such a host is never asked whom it blocks.",
        "`mastodon: {watch: …}` in the config.",
        "gone.example: its name can't be resolved",
    ),
)
