"""
What a Mastodon server sees when deliveries fail or stop, as a table: what is read, and what it means.

Failures are entries of the retry set in the formats of Mastodon 3.5 to 4.7 (`delivery_worker.rb`, `request.rb`, the http gem); the rest are the readings of
the web log, of Mastodon's own records, of its API and of the public block lists of others.
"""

from hashlib import sha256
from typing import Any, Final, NamedTuple

US: Final = "social.example.org"
HOUR: Final = 3_600_000
DAY: Final = 24 * HOUR

STATUS: Final = "Mastodon::UnexpectedResponseError"
SAYS_401: Final = (STATUS, "https://{host}/inbox returned code 401")
SAYS_500: Final = (STATUS, "https://{host}/inbox returned code 500")
SAYS_503: Final = (STATUS, "https://{host}/inbox returned code 503")
NO_ANSWER: Final = ("HTTP::TimeoutError", "Connect timed out after 5 seconds on https://{host}/inbox")
NO_ADDRESS: Final = ("HTTP::ConnectionError", "failed to connect: No address for {host} on https://{host}/inbox")
NO_ROUTE: Final = ("HTTP::ConnectionError", "failed to connect: Network is unreachable on https://{host}/inbox")
REFUSED: Final = ("HTTP::ConnectionError", "failed to connect: Connection refused on https://{host}/inbox")
BAD_TLS: Final = (
    "OpenSSL::SSL::SSLError",
    "SSL_connect returned=1 errno=0 state=error: certificate verify failed (certificate is not yet valid) on https://{host}/inbox",
)
NOT_TRIED: Final = ("Stoplight::Error::RedLight", "https://{host}/inbox")
DATABASE: Final = ("ActiveRecord::ConnectionTimeoutError", "could not obtain a connection from the pool within 5.000 seconds")
OUR_BUG: Final = ("NoMethodError", "undefined method 'inbox_url' for nil")
DELIVERY: Final = "ActivityPub::DeliveryWorker"
FETCH: Final = "LinkCrawlWorker"


class Failing(NamedTuple):
    """So many hosts to which jobs fail in this way since so many hours; `times` is how many jobs go to each. `host` has a number in it."""

    number: int
    error: tuple[str, str]
    host: str
    since: float = 0.5
    times: int = 1
    job_class: str = DELIVERY


DEAD: Final = (Failing(70, NO_ADDRESS, "gone{}.example", since=70), Failing(50, NO_ANSWER, "dead{}.example", since=50))
"""Servers that are no more, of which a server of some age has many."""
WELL: Final = {"inbound_age": 2_000, "inbound_gap": 5 * 60_000, "heard_peers": 400, "inbound_failed": 0}
"""Of all traffic, as the web log tells: somebody delivers all the time."""
BUSY: Final = {
    "failing_days": 0,
    "circuits": 0,
    "inbound_age": 60_000,
    "inbound_gap": HOUR,
    "follows": 30,
    "followers": 12,
    "follows_peak": 45,
}
"""Of one big server that is well, and publishes nothing."""
SILENT: Final = BUSY | {"inbound_age": 30 * HOUR}
GONE: Final = {"follows": 0, "followers": 0}


class Situation(NamedTuple):
    """
    What is read, and what it means: the pictures that are true and those that are unknown (all others are false), of all traffic and of the
    one server `big.example`; and which rules fire once it has lasted for some hours. `fails` is the share of deliveries that fail, each
    second job being one, and `by_class` whether Sidekiq counts runs by class; `retries` is how many deliveries to `big.example` wait; `publishes` is the page of its blocks, None where it shows none.
    """

    name: str
    failing: tuple[Failing, ...] = DEAD
    traffic: dict[str, Any] | None = WELL
    peer: dict[str, Any] = BUSY
    lost: tuple[str, ...] = ()
    counted: bool = True
    fails: float = 0.1
    by_class: bool = True
    retries: int = 0
    publishes: list[dict[str, str]] | None = None
    true: str = ""
    unknown: str = "defederated limited"
    rules: str = ""


def rule(domain: str, severity: str, *, shown: str = "", with_digest: bool = True) -> dict[str, str]:
    """One of its blocks, as Mastodon publishes it; `shown` is what it makes of a name that it hides."""
    digest = {"digest": sha256(domain.encode()).hexdigest()} if with_digest else {}
    return {"domain": shown or domain, "severity": severity, "comment": "", **digest}


def many(error: tuple[str, str], *, number: int = 400, host: str = "well{}.example") -> tuple[Failing, ...]:
    """Hundreds of servers that are well fail in this way since half an hour, beside those that are dead."""
    return (*DEAD, Failing(number, error, host))


SITUATIONS: Final = (
    # We are well
    Situation("a server of some age: a hundred others are dead at all times"),
    Situation("nothing fails at all", failing=()),
    Situation("a hobby server that knows four others, all of which fail", failing=(Failing(2, SAYS_503, "a{}.example"), Failing(2, NO_ANSWER, "b{}.example")), fails=1.0),
    Situation("night on a hobby server: nobody has come for six hours, as each night", failing=(), traffic=WELL | {"inbound_age": 6 * HOUR, "inbound_gap": 7 * HOUR}),
    Situation("one big server is down, with ten thousand jobs", failing=(*DEAD, Failing(1, NO_ANSWER, "big{}.example", times=1_000)),
              peer=BUSY | {"circuits": 3, "inbound_age": 2 * HOUR}, true="remote_down", rules="remote-down"),
    Situation("a hoster is down with three hundred hosts of one domain", failing=(*DEAD, Failing(300, REFUSED, "h{}.hoster.example"))),
    Situation("a hoster is down with five hundred domains: others are reached, so nobody is woken", failing=many(REFUSED, number=500), fails=0.3, true="egress_broken"),
    Situation("the same before Sidekiq 7, where nobody counts runs by class", failing=many(REFUSED, number=500), fails=0.3, by_class=False, true="egress_broken"),
    Situation("before Sidekiq 7 our resolver is down", failing=many(NO_ADDRESS), fails=0.97, by_class=False, true="egress_broken", rules="egress-broken"),
    Situation("a domain with all its subdomains is one", failing=(*DEAD, *(Failing(1, SAYS_503, f"s{number}{{}}.apex.example") for number in range(60)))),
    Situation("a name with umlauts is one, in whichever letters", failing=(Failing(12, NO_ANSWER, "bücher.example"), Failing(12, NO_ANSWER, "xn--bcher-kva.example"))),
    Situation("our database is down: jobs to everybody fail, and nobody out there is to blame", failing=(*DEAD, Failing(400, DATABASE, "well{}.example")), fails=1.0),
    Situation("a deployment went wrong: jobs to everybody fail in our own code", failing=(*DEAD, Failing(400, OUR_BUG, "well{}.example")), fails=1.0),
    Situation("people link to hundreds of sites that don't answer", failing=(*DEAD, Failing(400, NO_ANSWER, "site{}.example", job_class=FETCH))),
    Situation("old jobs to those who refused us last week still wait", failing=(*DEAD, Failing(400, SAYS_401, "well{}.example", since=-100))),
    # We are broken
    Situation("our web server is down: servers before 4.6 answer 401", failing=many(SAYS_401), true="self_broken", rules="world-rejects-us"),
    Situation("our web server is down: servers from 4.6 on answer 503", failing=many(SAYS_503), true="self_broken", rules="world-rejects-us"),
    Situation("our certificate has expired: both kinds at once, and circuits that are open by now",
              failing=(*many(SAYS_401, number=150), Failing(150, SAYS_503, "new{}.example"), Failing(300, NOT_TRIED, "well{}.example", since=0.2)), true="self_broken", rules="world-rejects-us"),
    Situation("our clock is wrong: certificates of others are not valid yet", failing=many(BAD_TLS, number=90), true="self_broken", rules="world-rejects-us"),
    Situation("while nobody can check who we are, a server that is silent has not gone, and one that fails is not down", failing=many(SAYS_401), peer=SILENT | GONE | {"circuits": 1},
              true="self_broken", rules="world-rejects-us"),
    Situation("our resolver is down", failing=many(NO_ADDRESS), fails=0.97, true="egress_broken", rules="egress-broken"),
    Situation("IPv6 is broken", failing=many(NO_ROUTE, number=200), fails=0.8, true="egress_broken", rules="egress-broken"),
    Situation("while we don't get out, a server that fails is not down", failing=many(NO_ANSWER), fails=0.97, peer=BUSY | {"failing_days": 3, "circuits": 1, "inbound_age": 2 * HOUR},
              true="egress_broken", rules="egress-broken"),
    Situation("nobody comes in: the web server is down, or a firewall", traffic=WELL | {"inbound_age": 3 * HOUR, "heard_peers": 0}, peer=BUSY | {"inbound_age": 3 * HOUR}, true="ingress_broken", rules="ingress-broken"),
    Situation("while nobody comes in, one who is silent has not gone", traffic=WELL | {"inbound_age": 2 * DAY}, peer=SILENT | GONE, true="ingress_broken", rules="ingress-broken"),
    # One other server
    Situation("it falls silent, is reached, and is followed: nobody knows why", peer=SILENT, true="gone_silent", rules="gone-silent"),
    Situation("it falls silent, and all follows are gone", peer=SILENT | GONE, true="gone_silent probably_defederated", rules="probably-defederated"),
    Situation("it falls silent, and nobody may ask for follows", peer={**SILENT, "follows": None, "followers": None, "follows_peak": None}, true="gone_silent",
              unknown="probably_defederated defederated limited", rules="gone-silent"),
    Situation("all follows are gone, but what it posts still comes, as from a relay", peer=BUSY | GONE),
    Situation("a small server is silent for two days, as it was before", peer=SILENT | {"inbound_gap": 8 * HOUR, "inbound_age": 2 * DAY}),
    Situation("it was never close: the two who followed have left", peer=SILENT | GONE | {"follows_peak": 2}, true="gone_silent", rules="gone-silent"),
    Situation("it publishes that it has suspended us", peer=SILENT | GONE, publishes=[rule(US, "suspend")],
              true="gone_silent probably_defederated defederated", unknown="", rules="defederated"),
    Situation("it hides our name on its list, and gives the digest of it", peer=BUSY, publishes=[rule("other.example", "silence"), rule(US, "suspend", shown="social.*******.***")],
              true="defederated", unknown="", rules="defederated"),
    Situation("its list has the domain that ours lies in, with all its subdomains", peer=BUSY, publishes=[rule("example.org", "suspend")], true="defederated", unknown="", rules="defederated"),
    Situation("its list has a subdomain of ours, and one whose name only begins like ours", peer=BUSY,
              publishes=[rule("old.social.example.org", "suspend"), rule("social.example.organic", "suspend")], unknown=""),
    Situation("a name that it hides could be ours, and it gives no digest", peer=BUSY, publishes=[rule(US, "suspend", shown="social.*******.***", with_digest=False)]),
    Situation("it publishes so, and its queues still deliver for a while", peer=BUSY, publishes=[rule(US, "suspend")], true="defederated", unknown="", rules="defederated"),
    Situation("it publishes that it has limited us, which nothing else shows", peer=BUSY, publishes=[rule(US, "silence")], true="limited", unknown="", rules="limited"),
    Situation("it publishes whom it blocks, and we are not among them; yet it is silent", peer=SILENT | GONE, publishes=[rule("other.example", "suspend")],
              true="gone_silent probably_defederated", unknown="", rules="probably-defederated"),
    Situation("it shows its blocks to its own people only", peer=SILENT, true="gone_silent", rules="gone-silent"),
    Situation("it has been dead for days: silence is explained by that", peer=SILENT | GONE | {"failing_days": 5, "inbound_age": 5 * DAY}, true="remote_down gone_silent", rules="remote-down"),
    Situation("it is dead, nobody watches it, and hundreds of deliveries wait", peer=SILENT | {"watched": False, "failing_days": 5, "inbound_age": 5 * DAY}, retries=900,
              true="remote_down gone_silent", rules="dead-server"),
    Situation("it failed yesterday, and delivers itself again", peer=BUSY | {"failing_days": 1}),
    Situation("one account's inbox there answers 500, and all else goes on", failing=(*DEAD, Failing(1, SAYS_500, "big{}.example")), peer=BUSY | {"circuits": 1}),
    Situation("what fails towards an auxiliary service provider is no failing day of a server", failing=(*DEAD, Failing(1, NO_ANSWER, "fasp{}.example")), peer=BUSY),
    Situation("our people and theirs come and go while we can be reached by all: proof stays proof even while we are broken", failing=many(SAYS_401),
              peer=SILENT | GONE, publishes=[rule(US, "suspend")], true="self_broken defederated", unknown="", rules="world-rejects-us defederated"),
    # What can't be known
    Situation("the web log is not read: nobody is silent, and nobody is not", traffic=None, peer={**SILENT, **GONE, "inbound_age": None, "inbound_gap": None},
              unknown="ingress_broken gone_silent probably_defederated defederated limited"),
    Situation("the web log is not read: what others publish is known all the same", traffic=None, peer={**BUSY, "inbound_age": None, "inbound_gap": None}, publishes=[rule(US, "suspend")],
              true="defederated", unknown="ingress_broken gone_silent", rules="defederated"),
    Situation("the web log was lost: its silence says nothing", traffic=WELL | {"inbound_age": 3 * HOUR}, peer=SILENT | GONE, lost=("web_log",),
              unknown="ingress_broken remote_down gone_silent probably_defederated defederated limited"),
    Situation("the agent has just begun: nothing is usual yet, and nothing counted", traffic={"inbound_age": 2_000}, peer={"failing_days": 3, "circuits": 0}, counted=False,
              unknown="self_broken egress_broken remote_down gone_silent defederated limited"),
    Situation("Redis does not let the retries be counted: who fails may fail because of us", counted=False, peer=BUSY | {"failing_days": 5, "inbound_age": 5 * DAY},
              unknown="self_broken egress_broken remote_down gone_silent defederated limited"),
)  # fmt: skip
