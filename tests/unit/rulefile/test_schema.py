"""The JSON Schemas: what they accept, what they refuse, and that they know what the readers know."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from watchdog.lang.functions import FUNCTIONS
from watchdog.lang.names import read_name
from watchdog.lang.text import Text
from watchdog.model import expected_keys, keys, mastodon_keys, page_keys, route_keys
from watchdog.model.actions import ACTIONS
from watchdog.model.checks import CHECKS
from watchdog.model.fields import BY_KIND, FIELDS
from watchdog.model.guards import GUARDS
from watchdog.model.receivers import RECEIVERS
from watchdog.rulefile import (
    actors,
    adjust,
    alerts,
    api,
    digest,
    expected,
    heartbeat,
    log,
    mastodon,
    match,
    pack,
    page,
    proof,
    quarantine,
    redis_settings,
    routes,
    rule,
    rules,
    schema,
    settings,
    tests,
    trace,
)
from watchdog.rulefile.keys import Keys

CHECKOUT = Path(__file__).parents[3]
TESTS = (".test.yml", "_test.yml")
PACKS = sorted(path for path in (CHECKOUT / "rules").glob("*/*.yml") if not path.name.endswith(TESTS) and path.name != "pack.yml")
BAD = sorted((CHECKOUT / "tests" / "badrules").glob("*.yml"))
EXPECT = re.compile(r"# expect: \d+:\d+ ([EW]\d{3})\n")
STRUCTURAL = {"E120", "E121", "E122", "E124", "E404", "E405", "E406"}
"""Codes about keys, shapes and choices: what a schema can see."""
SILENT = ("E20", "E21", "E22", "E3", "E402", "E407", "E409", "E414", "E422", "E431", "E434", "E508", "E509", "E510", "W")
"""Codes about conditions and about what stands elsewhere: what no schema can see. E217 is about both, E227 about keys."""
RULES = Draft202012Validator(schema.rules_schema())
CONFIG = Draft202012Validator(schema.config_schema())
PACK = Draft202012Validator(schema.pack_schema())
TEST = Draft202012Validator(schema.tests_schema())
RULE = {"rule": "slow", "each": "job", "when": "job.elapsed > 10m"}


def typed(text: str) -> Any:
    """As an editor reads YAML 1.2: numbers and truths are what they look like, `on` is a word."""
    loader = type("Loader", (yaml.SafeLoader,), {"yaml_implicit_resolvers": {
        first: [(tag, regexp) for tag, regexp in resolvers if first not in "yYnNoO" and not tag.endswith((":timestamp", ":merge"))]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }})  # fmt: skip
    return yaml.load(text, loader)


@pytest.mark.parametrize("made", [schema.rules_schema, schema.config_schema, schema.pack_schema, schema.tests_schema])
def test_each_is_a_valid_schema(made):
    """Of the draft that it names; every part that is referred to is there."""
    Draft202012Validator.check_schema(made())
    parts = made()["$defs"]
    assert set(re.findall(r"#/\$defs/(\w+)", str(made()))) == set(parts)


@pytest.mark.parametrize("path", [*PACKS, CHECKOUT / "packaging" / "rules.yml"], ids=lambda path: path.stem)
def test_the_rules_that_come_with_the_program_are_accepted(path):
    """An editor shows no red line in them."""
    assert [error.message for error in RULES.iter_errors(typed(path.read_text()))] == []


def test_the_default_config_is_accepted():
    """As packaged."""
    assert [error.message for error in CONFIG.iter_errors(typed((CHECKOUT / "packaging" / "config.yml").read_text()))] == []


@pytest.mark.parametrize(("validator", "pattern"), [(PACK, "*/pack.yml"), (TEST, "*/*.test.yml")], ids=["manifests", "tests"])
def test_manifests_and_tests_that_come_with_the_program_are_accepted(validator, pattern):
    """All of them."""
    for path in (CHECKOUT / "rules").glob(pattern):
        assert [error.message for error in validator.iter_errors(typed(path.read_text()))] == [], path


@pytest.mark.parametrize(
    "wrong",
    [
        {"test": "", "entities": [], "expect": []}, {"test": "x", "entities": [{"elapsed": "10m"}], "expect": []},
        {"test": "x", "entities": [], "expect": [{"alerts": []}]}, {"test": "x", "entities": [], "expect": [], "looks": "fine"},
        {"test": "x", "entities": [], "expect": [{"at": "1m", "alerts": [{"rule": "slow"}]}]},
        {"test": "x", "entities": [], "expect": [{"at": "1m", "decisions": [{"rule": "slow", "decision": "YES"}]}]},
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_test_is_refused(wrong):
    """One mistake at a time."""
    right = {"test": "x", "entities": [{"job": "j", "elapsed": "0sx10 +10s", "cpu": "90%"}], "expect": [{"at": "1m", "alerts": []}]}
    assert TEST.is_valid({"tests": [right]})
    assert not TEST.is_valid({"tests": [wrong]})


@pytest.mark.parametrize(
    "more", [{"version": "new"}, {"requires": "1.x"}, {"maturity": "old"}, {"pack": "My Pack"}, {"author": "me"}], ids=str
)
def test_a_wrong_manifest_is_refused(more):
    """One mistake at a time."""
    right = {"pack": "mine", "version": 1.2, "description": "All of mine."}
    assert PACK.is_valid(right)
    assert not PACK.is_valid({**right, **more})


def readable() -> list[tuple[Path, set[str]]]:
    """The bad rules that are YAML of one document without anchors and tags, with the codes that they announce."""
    found = []
    for path in BAD:
        codes = set(EXPECT.findall(path.read_bytes().decode("utf-8", "replace")))
        if not any(code.startswith("E10") or code in {"E110", "E111"} for code in codes):
            found.append((path, codes))
    return found


VALIDATORS = {".config": CONFIG, ".pack": PACK, ".test": TEST}


@pytest.mark.parametrize(("path", "codes"), [pytest.param(*pair, id=pair[0].stem) for pair in readable()])
def test_bad_files_are_refused_if_keys_or_shapes_are_wrong(path, codes):
    """What the schema can see it sees; about conditions, names and places it is silent."""
    validator = VALIDATORS.get(Path(path.stem).suffix, RULES)
    errors = [error.message for error in validator.iter_errors(typed(path.read_text()))]
    if codes & STRUCTURAL:
        assert errors
    elif all(code.startswith(SILENT) and code not in {"E217", "E227"} for code in codes):
        assert errors == []


@pytest.mark.parametrize(
    "more",
    [
        {"for": "1h30m"}, {"for": 0}, {"for": "0"}, {"version": 2}, {"version": "1.4.0"}, {"mode": "dry-run"}, {"notify": ["ops"]},
        {"labels": {"team": "web"}}, {"evidence": ["log"]}, {"guards": {"keep": "50%", "cooldown": "15m"}}, {"rule": 5},
        {"then": [{"terminate_process": {"process": "job.process"}}]}, {"verify": {"when": "job.retries == 0", "within": "5m"}},
    ],
    ids=str,
)  # fmt: skip
def test_a_right_value_is_accepted(more):
    """Quoted or not: numbers are fine where a text is."""
    assert [error.message for error in RULES.iter_errors({"rules": [{**RULE, **more}]})] == []


@pytest.mark.parametrize(
    "more",
    [
        {"for": "soon"}, {"for": 20}, {"for": "10 m"}, {"mode": "armed"}, {"severity": "fatal"}, {"notify": "ops"}, {"rule": "Slow"}, {"each": "jobs"},
        {"labels": {"Team": "web"}}, {"evidence": ["everything"]}, {"guards": {"keep": "half"}}, {"guards": {"kepp": "50%"}}, {"when": ""},
        {"then": [{"terminate": {"process": "job.process"}}]}, {"then": [{"terminate_process": {}}]}, {"then": [{}]}, {"on": "JobStarted"},
        {"then": [{"terminate_process": {"process": "job.process", "grace": 30}}]}, {"verify": {"when": "job.retries == 0"}}, {"serverity": "info"},
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_value_is_refused(more):
    """One at a time, so that each is refused for itself."""
    assert list(RULES.iter_errors({"rules": [{**RULE, **more}]}))


def test_a_change_stands_in_place_of_a_condition():
    """One of the two is needed."""
    rule = {"rule": "gone", "each": "process"}
    assert RULES.is_valid({"rules": [{**rule, "on": "ProcessVanished"}]})
    assert not RULES.is_valid({"rules": [rule]})


def config(**more: Any) -> dict[str, Any]:
    """A config with these keys besides the required ones."""
    return {"redis": {"url": "redis://h"}, "rules": ["pack:sidekiq"], "state": "state", **more}


@pytest.mark.parametrize(
    "more",
    [
        {"receivers": {"ops": {"type": "webhook", "url": "https://example.org"}}},
        {"receivers": {"ops": {"type": "webhook", "url": "${file:url}", "secret": "${env:SECRET}", "timeout": "5s"}}},
        {"adjust": {"stuck-job": {"for": "1m", "disabled": True, "guards": {"keep": "20%"}, "define": {"long": "20m", "feeds": ["push"]}}}},
        {"mode": "act", "host": "web1"},
        {"redis": {"sentinels": ["10.0.0.1:26379", "s2"], "master": "mymaster", "sentinel_user": "agent", "sentinel_password": "${file:p}"}},
        {"app_redis": {"url": "redis://other/1"}},
        {"mastodon": {"domain": "a.example"}},
        {"mastodon": {"domain": "a.example", "url": "https://b.example", "token": "${file:t}", "watch": ["c.example"], "web_log": {"files": ["/var/log/web.log"]}}},
        {"mastodon": {"domain": "a.example", "web_log": "none"}},
    ],
    ids=str,
)  # fmt: skip
def test_a_right_config_is_accepted(more):
    """With each kind of setting."""
    assert [error.message for error in CONFIG.iter_errors(config(**more))] == []


@pytest.mark.parametrize(
    "more",
    [
        {"receivers": {"ops": {"type": "webhok", "url": "https://example.org"}}}, {"receivers": {"ops": {"url": "https://example.org"}}},
        {"receivers": {"ops": {"type": "webhook", "url": "example.org"}}}, {"receivers": {"ops": {"type": "webhook"}}},
        {"receivers": {"on call": {"type": "webhook", "url": "https://example.org"}}}, {"rules": []}, {"redis": "redis://h"}, {"redis": {}}, {"redis": {"sentinels": ["h"]}}, {"redis": {"url": "redis://h", "master": "m"}},
        {"mastodon": {}}, {"mastodon": {"domain": "a.example", "url": "b.example"}}, {"mastodon": {"domain": "a.example", "watch": "c.example"}}, {"mastodon": {"domain": "a.example", "web_log": "all"}},
        {"mastodon": {"domain": "a.example", "web_log": {"journal": ["a"], "files": ["/b"]}}}, {"mastodon": {"domain": "a.example", "web_log": {"files": ["b"]}}},
        {"adjust": {"stuck-job": {"when": "job.elapsed > 1m"}}}, {"recievers": {}}, {"mode": "on"}, {"receivers": {"ops": {"type": "webhook", "url": "https://h", "x": 1}}},
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_config_is_refused(more):
    """One mistake at a time."""
    assert list(CONFIG.iter_errors(config(**more)))


@pytest.mark.parametrize(
    ("table", "reader"),
    [
        (keys.RULE_FILE, rules._FILE_KEYS),
        (keys.RULE, rule.KEYS),
        (keys.VERIFY, proof._VERIFY),
        (keys.CONFIG, settings._KEYS),
        (keys.REDIS, Keys("'redis'", optional=redis_settings.KEYS)),
        (keys.TRACE, trace._KEYS),
        (keys.LOG, log._KEYS),
        (keys.QUARANTINE, quarantine._KEYS),
        (keys.DIGEST, digest._KEYS),
        (keys.ALERTS, alerts._KEYS),
        (route_keys.ROUTE, routes.ROUTE_KEYS),
        (route_keys.MATCH, match.KEYS),
        (route_keys.ESCALATE, routes.ESCALATE_KEYS),
        (route_keys.QUIET_HOURS, routes.QUIET_KEYS),
        (route_keys.INHIBIT, routes.INHIBIT_KEYS),
        (keys.HEARTBEAT, heartbeat._KEYS),
        (page_keys.API, api._KEYS),
        (page_keys.PAGE, page._KEYS),
        (page_keys.PROXY, page._PROXY_KEYS),
        (mastodon_keys.MASTODON, mastodon._KEYS),
        (mastodon_keys.WEB_LOG, mastodon._LOG_KEYS),
        (expected_keys.EXPECTED, expected._KEYS),
        (keys.ADJUSTMENT, adjust._KEYS),
        (keys.PACK, pack._KEYS),
        (keys.TEST_FILE, tests.FILE_KEYS),
        (keys.TEST, tests.TEST_KEYS),
        (keys.FIELD, tests.FIELD_KEYS),
        (keys.LOST, tests.LOST_KEYS),
        (keys.EXPECTATION, tests.EXPECT_KEYS),
        (keys.EXPECTED_ALERT, tests.ALERT_KEYS),
        (keys.EXPECTED_DECISION, tests.DECISION_KEYS),
        (keys.EXPECTED_INCIDENT, tests.INCIDENT_KEYS),
    ],
    ids=lambda value: value.what if isinstance(value, Keys) else "",
)
def test_tables_and_readers_know_the_same_keys(table, reader):
    """A key that a reader learns is explained, and none is explained that it doesn't know."""
    assert {spec.name for spec in table} == {*reader.required, *reader.optional}
    assert len(table) == len({spec.name for spec in table})
    assert all(spec.doc.endswith(".") for spec in table)


@pytest.mark.parametrize(
    "word",
    ["too_long", "Feeds", "x1", "_", "and", "count", "queue", "true", "two words", "1x", "a" * 64, "a" * 65, "über", "known", "knowns"],
)
def test_words_that_can_be_defined_are_those_of_the_language(word):
    """What the language takes as a name of the author's own, the schema takes, and nothing else."""
    assert RULES.is_valid({"define": {word: "10m"}, "rules": []}) == (not read_name(Text(word, "test"))[1])


def test_the_times_of_an_entity_are_explained():
    """Beside its fields it has these two."""
    assert [spec.name for spec in keys.ENTITY] == list(actors.TIMES)


def test_everything_in_the_tables_is_in_the_schema():
    """Kinds, fields, functions, actions with their parameters, settings of guards, types of receivers and checks."""
    parts = schema.rules_schema()["$defs"]
    assert all(any(spec.path in example for example in parts["condition"]["examples"]) for spec in FIELDS if not spec.internal)
    assert {spec.example for spec in FUNCTIONS} <= set(parts["condition"]["examples"])
    assert parts["rule"]["properties"]["each"]["enum"] == [kind.value for kind in BY_KIND]
    assert set(parts["step"]["properties"]) == {spec.name for spec in ACTIONS}
    assert all(set(parts["step"]["properties"][spec.name]["properties"]) == {one.name for one in spec.parameters} for spec in ACTIONS)
    assert set(parts["guards"]["properties"]) == {setting.name for guard in GUARDS for setting in guard.settings}
    assert str(schema.config_schema()).count("'if':") == len(RECEIVERS) + len(CHECKS)
