"""Fields of `domain`: one remote domain that somebody could have registered, with all its hosts."""

from functools import partial
from typing import Final

from watchdog.model.fields.spec import Clock, FieldSpec, field
from watchdog.model.kinds import Kind, Type

_field = partial(field, Kind.DOMAIN)

FIELDS: Final[tuple[FieldSpec, ...]] = (
    _field(
        "name",
        Type.STRING,
        "The registrable domain, in ASCII. The 5000 busiest are told; `(others)`, which can't be a domain, is the sum of the retries of all others.",
        'domain.name == "example.social"',
    ),
    _field(
        "rest", Type.BOOL, "It is no domain but the sum of all that are not told one by one.", "not domain.rest and domain.retries > 1000"
    ),
    _field("retries", Type.COUNT, "How many jobs to it wait for another try; not known before the first census.", "domain.retries > 1000"),
    _field("rejected", Type.COUNT, "Those of them that answered 401, 403 or 410.", "domain.rejected > 100"),
    _field("timeouts", Type.COUNT, "Those of them that timed out.", "domain.timeouts > 100"),
    _field(
        "unreachable",
        Type.COUNT,
        "Those of them that could not be reached: DNS, TLS, refused, no route, cut off, or not tried because the circuit was open.",
        "domain.unreachable > 100",
    ),
    _field("server_errors", Type.COUNT, "Those of them that answered with a status from 500 on.", "domain.server_errors > 100"),
    _field("others", Type.COUNT, "Those of them that failed otherwise.", "domain.others > 100"),
    _field(
        "added",
        Type.COUNT,
        "How many were added since the agent began to look; each once, first failures within 15 s.",
        "increase(domain.added, 30m) > 500",
    ),
    _field("added_rejected", Type.COUNT, "Those of the added that answered 401, 403 or 410.", "increase(domain.added_rejected, 30m) > 100"),
    _field("added_timeouts", Type.COUNT, "Those of the added that timed out.", "increase(domain.added_timeouts, 30m) > 100"),
    _field(
        "added_unreachable",
        Type.COUNT,
        "Those of the added that could not be reached: DNS, TLS, refused, no route, cut off, or not tried because the circuit was open.",
        "increase(domain.added_unreachable, 30m) > 100",
    ),
    _field(
        "added_server_errors",
        Type.COUNT,
        "Those of the added that answered with a status from 500 on.",
        "increase(domain.added_server_errors, 30m) > 100",
    ),
    _field("added_others", Type.COUNT, "Those of the added that failed otherwise.", "increase(domain.added_others, 30m) > 100"),
    _field(
        "oldest",
        Type.DURATION,
        "How long ago the first failure was of the one that has failed for longest, as far as was seen since the last census.",
        "domain.oldest > 1d",
        attr="failed_first_at",
        clock=Clock.ENGINE,
    ),
    _field("in_flight", Type.COUNT, "How many running jobs go to it.", "domain.in_flight > 10"),
    _field(
        "inbound_sampled",
        Type.COUNT,
        "How many jobs of incoming federation in the last sample came from it; known only while 500 jobs or more wait in `ingress` (or `default`).",
        "domain.inbound_sampled > 100",
    ),
    _field(
        "inbound_sample", Type.COUNT, "How many jobs that sample looked at, from both ends of the queue.", "domain.inbound_sample >= 400"
    ),
    _field(
        "inbound_hosts",
        Type.COUNT,
        "From how many hosts of the domain those came: thousands of names under one domain are an attack, where anybody may have a name under it they are not.",
        "domain.inbound_hosts > 100",
    ),
    _field("inbound_share", Type.RATIO, "The one over the other: a share of the sample, not of the queue.", "domain.inbound_share > 50%"),
)
