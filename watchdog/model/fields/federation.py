"""Fields of `federation`: the traffic with all other servers together, of which there is one. It tells our own faults from those of others."""

from functools import partial
from typing import Final

from watchdog.model.fields.spec import Clock, FieldSpec, field
from watchdog.model.kinds import Kind, Source, Type

_field = partial(field, Kind.FEDERATION)
_heard = partial(field, Kind.FEDERATION, source=Source.WEB_LOG)

FIELDS: Final[tuple[FieldSpec, ...]] = (
    _field(
        "failing_domains",
        Type.COUNT,
        "To how many registrable domains a delivery has failed within the last hour, for whatever reason.",
        "federation.failing_domains > 50",
    ),
    _field(
        "rejecting_domains",
        Type.COUNT,
        "How many of those have answered 401, or 503 as Mastodon 4.6 and later does when it can't fetch our key.",
        "federation.rejecting_domains / federation.failing_domains > 30%",
    ),
    _field(
        "unreachable_domains",
        Type.COUNT,
        "How many of those could not be reached: DNS, refused, no route, cut off, or they timed out.",
        "federation.unreachable_domains > 30",
    ),
    _field("tls_domains", Type.COUNT, "With how many of those TLS could not be agreed on.", "federation.tls_domains > 10"),
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
)
