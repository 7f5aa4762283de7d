"""Fields of `peer`: one other server of the fediverse by its host name, as Mastodon's own records, our web log and that server itself tell of it."""

from functools import partial
from typing import Final

from watchdog.model.fields.spec import Clock, FieldSpec, field, picture
from watchdog.model.kinds import Kind, Source, Type

_field = partial(field, Kind.PEER, source=Source.DELIVERIES)
_heard = partial(field, Kind.PEER, source=Source.WEB_LOG)
_asked = partial(field, Kind.PEER, source=Source.MASTODON_API)
_published = partial(field, Kind.PEER, source=Source.PEERS)
_picture = partial(picture, Kind.PEER)

_IS_SILENT: Final = "peer.inbound_age >= 24h and peer.inbound_age >= 10 * peer.inbound_gap"
# Many at once means us: what is said of one is only said while all the others are well.
_OTHERS_COME: Final = "not any(federation where federation.self_broken or federation.ingress_broken)"
_OTHERS_ARE_REACHED: Final = "not any(federation where federation.self_broken or federation.egress_broken)"

FIELDS: Final[tuple[FieldSpec, ...]] = (
    _field("name", Type.STRING, "Its host name, in ASCII and small letters.", 'peer.name == "social.example.org"'),
    _field(
        "domain",
        Type.STRING,
        "The registrable domain that the host belongs to (the id of that domain).",
        "domain(peer.domain).retries > 100",
        refers=Kind.DOMAIN,
    ),
    _field("watched", Type.BOOL, "The config names it under `mastodon: {watch: …}`.", "peer.watched"),
    _field(
        "failing_days",
        Type.COUNT,
        "On how many days a delivery to it has failed since one last succeeded, or since it last delivered to us: Mastodon's `exhausted_deliveries`, of which 7 end all deliveries to it.",
        "peer.failing_days >= 3",
    ),
    _field(
        "failing_for",
        Type.DURATION,
        "Since the first of these days, in whole days of UTC; not known where there is none.",
        "peer.failing_for > 5d",
        attr="failing_at",
        clock=Clock.ENGINE,
    ),
    _field(
        "circuits",
        Type.COUNT,
        "How many of its inboxes are not tried at this moment, because the last tries failed: lights of stoplight that are red.",
        "peer.circuits > 0",
    ),
    _heard(
        "inbound",
        Type.COUNT,
        "Deliveries of it that we have accepted since the agent began: its signature was good.",
        "increase(peer.inbound, 1h) > 1000",
    ),
    _heard(
        "inbound_refused",
        Type.COUNT,
        "Requests in its name that we have refused with 401 or 403, or could not check (503).",
        "increase(peer.inbound_refused, 1h) > 100",
    ),
    _heard(
        "inbound_age",
        Type.DURATION,
        "How long ago it last delivered something that we have accepted; kept over restarts of the agent. A time in which the log could not be read does not count, and of a host that is not watched it is told each 5 minutes.",
        "peer.inbound_age > 1d",
        attr="inbound_at",
        clock=Clock.ENGINE,
    ),
    _heard(
        "inbound_gap",
        Type.DURATION,
        "The longest pause between two deliveries of it in the 14 days up to the last one, the present one left out, and 5 minutes at least where it is not watched; known once it has been followed for 3 days and has delivered 20 times.",
        "peer.inbound_age > 10 * peer.inbound_gap",
    ),
    _asked("follows", Type.COUNT, "How many accounts of it are followed from here (admin API, of watched hosts).", "peer.follows == 0"),
    _asked("followers", Type.COUNT, "How many accounts of it follow somebody here (admin API, of watched hosts).", "peer.followers == 0"),
    _asked(
        "follows_peak",
        Type.COUNT,
        "The greatest sum of `follows` and `followers` in the last 30 days; kept over restarts of the agent.",
        "peer.follows + peer.followers == 0 and peer.follows_peak > 10",
    ),
    _published(
        "publishes_blocks",
        Type.BOOL,
        "It publishes whom it blocks (Mastodon 4.0 and later, where its people want that); known of watched hosts, once a day.",
        "peer.publishes_blocks",
    ),
    _published(
        "blocks_us",
        Type.STRING,
        "What it publishes of us: `suspend`, `silence`, or empty where we are not on its list; not known where it publishes none.",
        'peer.blocks_us == "suspend"',
    ),
    _picture(
        "remote_down",
        "It is down, or can't be reached: deliveries to it have failed on two days or more, or are not even tried at the moment, it has delivered nothing itself "
        "for a quarter of an hour (as far as that is known), and we are not the ones who are broken. Whoever blocks us looks different: deliveries to them succeed.",
        "peer.remote_down",
        stands_for=f"(peer.failing_days >= 2 or peer.circuits > 0) and default(peer.inbound_age, 15m) >= 15m and {_OTHERS_ARE_REACHED}",
        source=Source.DELIVERIES,
    ),
    _picture(
        "gone_silent",
        "It has delivered nothing for a day and for ten times its longest usual pause, while others still come.",
        "peer.gone_silent",
        stands_for=f"{_IS_SILENT} and {_OTHERS_COME}",
        source=Source.WEB_LOG,
    ),
    _picture(
        "probably_defederated",
        "It has gone silent, yet no delivery to it fails, and all follows between it and us, five or more, are gone: that is what a suspension on its side looks like. "
        "One on our side looks the same.",
        "peer.probably_defederated",
        stands_for=f"{_IS_SILENT} and peer.failing_days == 0 and peer.follows + peer.followers == 0 and peer.follows_peak >= 5 and {_OTHERS_COME}",
        source=Source.MASTODON_API,
    ),
    _picture(
        "defederated",
        "It publishes that it has suspended us: its public list of blocks holds our domain, or the digest of it. That is proof, whatever else is seen; "
        "one that publishes no list is never said to have done so.",
        "peer.defederated",
        stands_for='peer.blocks_us == "suspend"',
        source=Source.PEERS,
    ),
    _picture(
        "limited",
        "It publishes that it has limited us: what we deliver is accepted, and shown to followers only. Nothing else would tell.",
        "peer.limited",
        stands_for='peer.blocks_us == "silence"',
        source=Source.PEERS,
    ),
)
