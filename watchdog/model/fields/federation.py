"""Fields of `federation`: the traffic with all other servers together, of which there is one. It tells our own faults from those of others."""

from functools import partial
from typing import Final

from watchdog.model.fields.spec import Clock, FieldSpec, field, picture
from watchdog.model.kinds import Kind, Source, Type

_field = partial(field, Kind.FEDERATION)
_heard = partial(field, Kind.FEDERATION, source=Source.WEB_LOG)
_picture = partial(picture, Kind.FEDERATION)

FIELDS: Final[tuple[FieldSpec, ...]] = (
    _field(
        "failing_domains",
        Type.COUNT,
        "To how many registrable domains a delivery has failed within the last hour, for whatever reason that is not here (our database, our Redis). "
        "Up to 20000; not known before the first census of the retries.",
        "federation.failing_domains > 50",
    ),
    _field(
        "rejecting_domains",
        Type.COUNT,
        "How many of those have answered 401 at the last try, or 503 as Mastodon 4.6 and later does when it can't fetch our key.",
        "federation.rejecting_domains / federation.failing_domains > 30%",
    ),
    _field(
        "unreachable_domains",
        Type.COUNT,
        "How many of those could not be reached at the last try: DNS, refused, no route, cut off, or they timed out. On a server of some age "
        "these are many at all times: servers that are no more.",
        "federation.unreachable_domains > 30",
    ),
    _field("tls_domains", Type.COUNT, "With how many of those TLS could not be agreed on.", "federation.tls_domains > 10"),
    _field(
        "newly_failing_domains",
        Type.COUNT,
        "How many of those have begun to fail within the last 24 hours; not those that are dead.",
        "federation.newly_failing_domains > 50",
    ),
    _field(
        "newly_unreachable_domains",
        Type.COUNT,
        "How many of those that have begun to fail within the last 24 hours could not be reached at the last try.",
        "federation.newly_unreachable_domains > 30",
    ),
    _field(
        "inbound_top_share",
        Type.RATIO,
        "Which part of the jobs of incoming federation in the last sample one and the same account has signed, as a relay does; known only while 500 jobs or more wait.",
        "federation.inbound_top_share > 50%",
    ),
    _heard(
        "inbound", Type.COUNT, "Deliveries of all others that we have accepted since the agent began.", "rate(federation.inbound, 10m) == 0"
    ),
    _heard(
        "inbound_refused",
        Type.COUNT,
        "Deliveries that we have answered with 401 or 503: signatures that we could not check.",
        "increase(federation.inbound_refused, 10m) > increase(federation.inbound, 10m)",
    ),
    _heard(
        "inbound_failed",
        Type.COUNT,
        "Deliveries that we have answered with 500 and above, 503 left out.",
        "increase(federation.inbound_failed, 10m) > 10",
    ),
    _heard(
        "inbound_age",
        Type.DURATION,
        "How long ago anybody last delivered something that we have accepted; kept over restarts of the agent. A time in which the log could not be read does not count.",
        "federation.inbound_age > 10m",
        attr="inbound_at",
        clock=Clock.ENGINE,
    ),
    _heard(
        "inbound_gap",
        Type.DURATION,
        "The longest pause between two deliveries of anybody in the 14 days up to the last one, the present one left out; known after 3 days and 20 deliveries.",
        "federation.inbound_age > 10 * federation.inbound_gap",
    ),
    _heard("heard_peers", Type.COUNT, "From how many hosts something was accepted within the last hour.", "federation.heard_peers < 3"),
    _picture(
        "self_broken",
        "Others can't check who we are: 401 and 503, or TLS that fails, from ten domains and three in ten of those that fail. Our web server, certificate, clock or DNS name "
        "is to blame, or what stands before them; never all of the others.",
        "federation.self_broken",
        stands_for="federation.rejecting_domains >= 10 and federation.rejecting_domains > 30% * federation.failing_domains "
        "or federation.tls_domains >= 10 and federation.tls_domains > 30% * federation.failing_domains",
        source=Source.REDIS,
    ),
    _picture(
        "egress_broken",
        "We don't get out: ten domains and more than half of all that fail could not be reached and have begun to fail within the last 24 hours. "
        "It may be a hoster of very many servers as well; to tell the one from the other takes a look at what still succeeds.",
        "federation.egress_broken",
        stands_for="federation.newly_unreachable_domains >= 10 and federation.newly_unreachable_domains > 50% * federation.failing_domains",
        source=Source.REDIS,
    ),
    _picture(
        "ingress_broken",
        "Nobody delivers any more: for ten minutes and ten times the longest usual pause nothing was accepted of anyone, while the web log was read. That is no defederation.",
        "federation.ingress_broken",
        stands_for="federation.inbound_age >= 10m and federation.inbound_age >= 10 * federation.inbound_gap",
        source=Source.WEB_LOG,
    ),
)
