"""`routes:` and `inhibit:` in the config: what can be written, what is refused at which place, and what is warned of."""

import pytest

from watchdog.config import inspect
from watchdog.config.zones import routing_of
from watchdog.engine.routing.table import Inhibition, Level, Match, Route
from watchdog.model import route_keys
from watchdog.model.kinds import Kind
from watchdog.model.notices import Severity
from watchdog.model.routing import GROUP_BY, SAME
from watchdog.rulefile.findings import Findings
from watchdog.rulefile.settings import draft_settings

CONFIG = (
    "redis: {url: redis://h}\nrules: [rules.yml]\nstate: state\n"
    "receivers: {ops: {type: webhook, url: 'https://h'}, boss: {type: webhook, url: 'https://h'}}\n"
)
RULES = "rules:\n  - {rule: slow, each: job, when: job.elapsed > 10m, labels: {team: mail}}\n"


def read(text: str):
    """The routing, and the problems."""
    draft, problems = draft_settings("c.yml", CONFIG + text + "\n")
    findings = Findings()
    routing = routing_of(draft.routing, findings)
    return routing, [f"{problem.span.line}:{problem.span.column} {problem.code}" for problem in (*problems, *findings.in_order())]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{}", Route(name="#1")),
        ("{route: mail, notify: ops}", Route(name="mail", notify=("ops",))),
        ("{notify: []}", Route(name="#1")),
        ("{match: {}}", Route(name="#1")),
        (
            "{match: {severity: critical, rule: [a-*, b], each: job, entity: x, target: 'web1/*', labels: {team: [a, b]}}}",
            Route(
                name="#1",
                match=Match(severity=(Severity.CRITICAL,), rule=("a-*", "b"), kind=(Kind.JOB,), entity=("x",), target=("web1/*",), labels={"team": ("a", "b")}),
            ),
        ),
        ("{group_by: incident}", Route(name="#1", group_by=("incident",))),
        ("{group_by: [rule, labels.team]}", Route(name="#1", group_by=("rule", "labels.team"))),
        ("{repeat: never}", Route(name="#1", repeat=None)),
        ("{repeat: 1h, continue: true}", Route(name="#1", repeat=3_600_000, goes_on=True)),
        ("{escalate: {after: 15m, to: boss}}", Route(name="#1", escalate=(Level(900_000, ("boss",)),))),
        ("{escalate: [{after: 1m, to: [boss]}, {after: 2m, to: [ops, boss]}]}", Route(name="#1", escalate=(Level(60_000, ("boss",)), Level(120_000, ("ops", "boss"))))),
    ],
)  # fmt: skip
def test_what_a_route_can_say(written, expected):
    """What is not written has its default."""
    routing, problems = read(f"routes: [{written}]")
    assert problems == []
    assert routing.routes == (expected,)


def test_quiet_hours():
    """By the clocks of a zone; what is excepted is `critical` where nothing is said."""
    routing, problems = read(
        "routes: [{quiet_hours: {from: '23:00', to: '7:00', zone: Europe/Berlin}}, {quiet_hours: {from: '0:00', to: '8:00', zone: UTC, except: [warning, critical]}}]"
    )
    first, second = (route.quiet for route in routing.routes)
    assert problems == []
    assert (str(first.hours), first.zone.name, first.excepted) == ("23:00-07:00", "Europe/Berlin", (Severity.CRITICAL,))
    assert (str(second.hours), second.excepted) == ("00:00-08:00", (Severity.WARNING, Severity.CRITICAL))
    assert read("routes: [{quiet_hours: {from: '23:00', to: '7:00'}}]")[0].routes[0].quiet.zone.name == "local time"


def test_what_an_inhibition_can_say():
    """Who hides whom."""
    routing, problems = read(
        "inhibit: [{when: {rule: redis-*}, hides: {severity: warning}, same: [host, labels.team]}, {when: {each: redis}, hides: {each: process}}]"
    )
    assert problems == []
    assert routing.inhibitions == (
        Inhibition(when=Match(rule=("redis-*",)), hides=Match(severity=(Severity.WARNING,)), same=("host", "labels.team")),
        Inhibition(when=Match(kind=(Kind.REDIS,)), hides=Match(kind=(Kind.PROCESS,))),
    )


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("routes: all", "5:9 E122"),
        ("routes: [all]", "5:10 E122"),
        ("routes: [{notfy: [ops]}]", "5:11 E120"),
        ("routes: [{notify: [nobody]}]", "5:20 E407"),
        ("routes: [{notify: nobody}]", "5:19 E407"),
        ("routes: [{route: Mail Team}]", "5:18 E531"),
        ("routes: [{route: a}, {route: a}]", "5:22 E531"),
        ("routes: [{match: {severity: bad}}]", "5:29 E124"),
        ("routes: [{match: {each: jobs}}]", "5:25 E124"),
        ("routes: [{match: {rule: '[a'}}]", "5:26 E214"),
        ("routes: [{match: {rule: []}}]", "5:25 E123"),
        ("routes: [{match: {host: web1}}]", "5:19 E120"),
        ("routes: [{group_by: host}]", "5:21 E124"),
        ("routes: [{group_by: [labels.Team]}]", "5:22 E124"),
        ("routes: [{group_by: []}]", "5:21 E123"),
        ("routes: [{repeat: 30s}]", "5:19 E125"),
        ("routes: [{repeat: often}]", "5:19 E217"),
        ("routes: [{escalate: {after: 15m}}]", "5:21 E121"),
        ("routes: [{escalate: {after: 15m, to: []}}]", "5:38 E123"),
        ("routes: [{escalate: {after: 15m, to: [nobody]}}]", "5:39 E407"),
        ("routes: [{escalate: {after: 1s, to: [boss]}}]", "5:29 E125"),
        ("routes: [{escalate: [{after: 15m, to: [ops]}, {after: 15m, to: [boss]}]}]", "5:55 E125"),
        ("routes: [{quiet_hours: {from: '23:00'}}]", "5:24 E121"),
        ("routes: [{quiet_hours: {from: noon, to: '7:00'}}]", "5:31 E125"),
        ("routes: [{quiet_hours: {from: '7:00', to: '07:00'}}]", "5:44 E125"),
        ("routes: [{quiet_hours: {from: '7:00', to: '24:00'}}]", "5:44 E125"),
        ("routes: [{quiet_hours: {from: '7:00', to: '8:00', except: bad}}]", "5:59 E124"),
        ("routes: [{quiet_hours: {from: '7:00', to: '8:00', zone: Europe/Nowhere}}]", "5:57 E518"),
        ("routes: [{continue: perhaps}]", "5:21 E217"),
        ("inhibit: [{when: {rule: a}}]", "5:11 E121"),
        ("inhibit: [{when: {}, hides: {rule: a}}]", "5:11 E123"),
        ("inhibit: [{when: {rule: a}, hides: {rule: b}, same: [rule]}]", "5:54 E124"),
    ],
)
def test_what_is_refused(written, problem):
    """With its place, and nothing else is said of it."""
    assert read(written)[1] == [problem]


@pytest.mark.parametrize(
    ("routes", "warned"),
    [
        ("[{notify: [ops, boss]}]", []),
        ("[{notify: [ops]}]", ["W634"]),
        ("[{notify: [ops], escalate: {after: 1h, to: [boss]}}]", []),
        ("[{notify: [ops, boss]}, {match: {rule: slow}}]", ["W633"]),
        ("[{notify: [ops, boss], continue: true}, {match: {rule: slow}}]", []),
        ("[{match: {rule: 's*'}, notify: [ops, boss]}, {match: {rule: slow, severity: warning}}]", ["W633"]),
        ("[{match: {rule: slow, severity: warning}, notify: [ops, boss]}, {match: {rule: slow}}]", []),
        ("[{match: {rule: slow}, notify: [ops, boss]}, {match: {rule: 's*'}}]", []),
        ("[{match: {severity: [warning, info]}, notify: [ops, boss]}, {match: {severity: warning}}]", ["W633"]),
        ("[{match: {labels: {team: mail}}, notify: [ops, boss]}, {match: {labels: {team: mail}}}]", ["W633"]),
        ("[{match: {rule: quick}, notify: [ops, boss]}]", ["W633", "W635"]),
        ("[{match: {severity: critical}, notify: [ops, boss]}]", ["W633", "W635"]),
        ("[{match: {each: process}, notify: [ops, boss]}]", ["W633", "W635"]),
        ("[{match: {labels: {team: web}}, notify: [ops, boss]}]", ["W633", "W635"]),
        ("[{match: {entity: 'x*', target: y}, notify: [ops, boss]}]", []),
        ("[{match: {severity: critical}, notify: [ops, boss]}, {match: {severity: [info, warning]}}]", ["W633"]),
    ],
)
def test_what_leads_nowhere_is_said(tmp_path, routes, warned):
    """Where rules and config are known together; which entities there will be nobody knows."""
    (tmp_path / "config.yml").write_text(f"{CONFIG}routes: {routes}\n")
    (tmp_path / "rules.yml").write_text(RULES)
    loaded, problems = inspect(tmp_path / "config.yml")
    assert loaded is not None
    assert [problem.code for problem in problems] == warned


@pytest.mark.parametrize(
    ("receivers", "notify", "warned"),
    [
        ("receivers: {ops: {type: webhook, url: 'https://h'}}\n", "", ["4:13 W634"]),
        ("receivers: {ops: {type: webhook, url: 'https://h'}}\n", ", notify: [ops]", []),
        ("", "", []),
    ],
    ids=["nobody is named", "a rule names one", "nobody is declared"],
)
def test_without_routes_it_is_said_when_nobody_is_ever_told(tmp_path, receivers, notify, warned):
    """Receivers alone tell nobody of anything; whoever names one in some rules only may mean that."""
    (tmp_path / "config.yml").write_text(f"redis: {{url: redis://h}}\nrules: [rules.yml]\nstate: state\n{receivers}")
    other = "  - {rule: other, each: job, when: job.elapsed > 20m}\n"
    (tmp_path / "rules.yml").write_text(RULES.replace("}}\n", f"}}{notify}}}\n") + other)
    _, problems = inspect(tmp_path / "config.yml")
    assert [f"{problem.span.line}:{problem.span.column} {problem.code}" for problem in problems] == warned
    assert all(problem.hint == "routes: [{notify: [ops]}]" for problem in problems)


def test_rules_of_which_nobody_is_told_are_named_together(tmp_path):
    """Three of them, and how many more there are, in one warning at the last route."""
    (tmp_path / "config.yml").write_text(CONFIG + "routes: [{match: {rule: slow}, notify: [ops, boss]}]\n")
    more = "".join(f"  - {{rule: r{number}, each: job, when: job.elapsed > 1{number}m}}\n" for number in range(5))
    (tmp_path / "rules.yml").write_text(RULES + more)
    _, problems = inspect(tmp_path / "config.yml")
    (untold,) = (problem for problem in problems if problem.code == "W635")
    assert untold.message == "nobody is told of 'r0', 'r1', 'r2' and 2 more: they name no receiver, and no route fits them"


def test_other_routes_are_other_rules(tmp_path):
    """To whoever compares."""
    (tmp_path / "rules.yml").write_text(RULES)
    digests = set()
    for routes in (
        "routes: [{notify: [ops, boss]}, {match: {rule: x}}]\n",
        "routes: [{notify: [ops, boss]}]\n",
        "routes: [{notify: [boss, ops]}]\n",
    ):
        (tmp_path / "config.yml").write_text(CONFIG + routes)
        loaded, _ = inspect(tmp_path / "config.yml")
        digests.add(loaded.rules.digest)
    assert len(digests) == 3


def test_the_reference_names_all_that_can_be_grouped_by():
    """And all that can be the same."""
    docs = {spec.name: spec.doc for spec in (*route_keys.ROUTE, *route_keys.INHIBIT)}
    assert [name for name in GROUP_BY if f"`{name}`" not in docs["group_by"]] == []
    assert [name for name in SAME if f"`{name}`" not in docs["same"]] == []


def test_the_defaults_are_those_of_the_table():
    """What the reference says is what holds."""
    defaults = {spec.name: spec.default for spec in (*route_keys.ROUTE, *route_keys.QUIET_HOURS)}
    route = Route(name="")
    assert route.repeat is not None
    assert (f"[{', '.join(route.group_by)}]", f"{route.repeat // 3_600_000}h", defaults["except"]) == (
        defaults["group_by"], defaults["repeat"], Severity.CRITICAL.value,
    )  # fmt: skip
