"""What is shipped for Prometheus and Grafana: that it asks for metrics that there are, and that both can read it."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from watchdog.web.metrics.families import BY_NAME, FAMILIES
from watchdog.web.metrics.family import Type

PACKAGING = Path(__file__).parents[4] / "packaging"
RULES = PACKAGING / "prometheus" / "alerts.yml"
TESTS = PACKAGING / "prometheus" / "alerts.test.yml"
SCRAPE = PACKAGING / "prometheus" / "scrape.yml"
DASHBOARD = json.loads((PACKAGING / "grafana" / "sidekiq-watchdog.json").read_text())
OF_THE_TARGET = {"job", "instance"}
"""Labels that Prometheus adds."""
NAMES = (
    BY_NAME.keys()
    | {f"{family.name}_{end}" for family in FAMILIES if family.type is Type.HISTOGRAM for end in ("bucket", "sum", "count")}
    | {"up"}
)
FOR_QUERIES = {"$__rate_interval": "5m", "$instance": ".*", "$job": "sidekiq-watchdog", "$__all": ".*"}


def alerts(path: Path = RULES) -> list[dict[str, Any]]:
    """All alerts of the file."""
    return [rule for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    """All panels of the dashboard but the headings."""
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def queries() -> Iterator[tuple[str, str]]:
    """Every query that is shipped, by where it stands."""
    yield from ((f"alert {rule['alert']}", rule["expr"]) for rule in alerts())
    yield from ((f"panel {panel['title']} {target['refId']}", target["expr"]) for panel in panels() for target in panel["targets"])
    yield from ((f"annotation {one['name']}", one["expr"]) for one in DASHBOARD["annotations"]["list"] if "expr" in one)


QUERIES = dict(queries())


def labels_of(name: str) -> set[str]:
    """The labels that samples of that name have."""
    family = BY_NAME.get(name) or BY_NAME.get(re.sub(r"_(bucket|sum|count)$", "", name))
    buckets = {"le"} if name.endswith("_bucket") else set()
    return OF_THE_TARGET | buckets | (set() if family is None else set(family.labels))


def metrics_in(query: str) -> dict[str, set[str]]:
    """The metrics that the query asks for, each with the labels by which it chooses."""
    bare = re.sub(r'"[^"]*"', '""', query)
    found: dict[str, set[str]] = {}
    for name, chosen in re.findall(r"\b((?:sidekiq|watchdog|process)_\w+|up)\b(?:\{([^}]*)\})?", bare):
        found.setdefault(name, set()).update(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", chosen))
    return found


@pytest.mark.parametrize("where", QUERIES)
def test_a_query_asks_for_what_there_is(where):
    """Every metric stands in the table, and so does every label that it is chosen or grouped by."""
    asked = metrics_in(QUERIES[where])
    assert asked, "it asks for nothing of ours"
    assert set(asked) <= NAMES
    for name, chosen in asked.items():
        assert chosen <= labels_of(name)
    grouped = {
        label for inner in re.findall(r"\b(?:by|on|without|group_left) \(([^)]*)\)", QUERIES[where]) for label in re.split(r",\s*", inner)
    }
    assert grouped <= set().union(*map(labels_of, asked))


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
def test_what_an_alert_says_of_its_labels(rule):
    """Only labels that it has at the end: those of its metric, or what it is grouped by."""
    grouped = re.search(r"\bby \(([^)]*)\)", rule["expr"])
    kept = set(re.split(r",\s*", grouped[1])) if grouped else set().union(*map(labels_of, metrics_in(rule["expr"])))
    said = set(re.findall(r"\$labels\.(\w+)", " ".join(rule["annotations"].values())))
    assert said <= kept
    assert rule["labels"]["severity"] in {"info", "warning", "critical"}


@pytest.mark.parametrize("panel", panels(), ids=lambda panel: panel["title"])
def test_what_a_panel_says_of_its_labels(panel):
    """A legend names labels that are left in what it shows."""
    for target in panel["targets"]:
        grouped = re.findall(r"\b(?:by) \(([^)]*)\)", target["expr"])
        kept = set(re.split(r",\s*", grouped[0])) if grouped else set().union(*map(labels_of, metrics_in(target["expr"])))
        assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= kept


def test_the_dashboard_fits_into_any_grafana():
    """It names no data source but the one that is chosen in it, every panel is there once and has a place of its own, and every variable that it uses is declared."""
    assert DASHBOARD["schemaVersion"] >= 36
    assert DASHBOARD["id"] is None
    numbers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(numbers) == len(set(numbers))
    places = [
        (x, y)
        for panel in DASHBOARD["panels"]
        for at in (panel["gridPos"],)
        for x in range(at["x"], at["x"] + at["w"])
        for y in range(at["y"], at["y"] + at["h"])
    ]
    assert len(places) == len(set(places))
    assert max(x for x, _ in places) < 24
    text = json.dumps(DASHBOARD)
    assert set(re.findall(r'"uid": "([^"]*)"', text)) == {"${datasource}", "-- Grafana --", "sidekiq-watchdog"}
    declared = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    assert set(re.findall(r"\$\{?(\w+)", text)) - {"__rate_interval", "__all"} == declared
    assert all(panel["fieldConfig"]["defaults"]["unit"] for panel in panels())


def test_a_panel_shows_values_in_their_unit():
    """Seconds as seconds, bytes as bytes; a rate of a counter of seconds is a share."""
    units = {"seconds": {"s"}, "bytes": {"bytes"}, "ratio": {"percentunit"}, "": {"short", "ops", "percentunit"}}
    for panel in panels():
        for target in panel["targets"]:
            for name in metrics_in(target["expr"]):
                family = BY_NAME.get(re.sub(r"_bucket$", "", name))
                if family is not None and not (family.type is Type.COUNTER and family.unit == "seconds"):
                    assert panel["fieldConfig"]["defaults"]["unit"] in units[family.unit], panel["title"]


def test_what_the_readme_calls_ours_is_ours():
    """What stands on the right side of the tables of other exporters are metrics of the table."""
    page = (PACKAGING / "README.md").read_text().partition("## Prometheus and Grafana")[2].partition("\n## ")[0]
    named = set(re.findall(r"`(sidekiq_\w+)", " ".join(row.split("|")[2] for row in page.splitlines() if row.startswith("| `sidekiq_"))))
    assert len(named) >= 15
    assert named <= NAMES
    assert set(re.findall(r"watchdog_\w+", page)) <= NAMES | {"watchdog_json"}


def test_every_alert_is_tested_both_ways():
    """Each of them is shown to fire, and not to fire where all is well."""
    told: dict[bool, set[str]] = {True: set(), False: set()}
    for test in yaml.safe_load(TESTS.read_text())["tests"]:
        for one in test["alert_rule_test"]:
            told[bool(one.get("exp_alerts"))].add(one["alertname"])
    everyone = {rule["alert"] for rule in alerts()}
    assert told == {True: everyone, False: everyone}


def promtool(*arguments: str) -> str:
    """What Prometheus' own tool says; fails where it finds fault."""
    tool = shutil.which("promtool")
    assert tool is not None, "Debian's prometheus brings it"
    ended = subprocess.run([tool, *arguments], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.mark.needs("prometheus")
def test_promtool_reads_and_tests_the_alerts():
    """Their syntax, and that each fires when it should, with the words that it should say."""
    assert f"{len(alerts())} rules found" in promtool("check", "rules", "--lint=all", str(RULES))
    promtool("test", "rules", str(TESTS))


@pytest.mark.needs("prometheus")
def test_promtool_reads_the_example():
    """What stands in the example is what Prometheus takes."""
    promtool("check", "config", "--syntax-only", str(SCRAPE))


@pytest.mark.needs("prometheus")
def test_promtool_reads_every_query_of_the_dashboard(tmp_path):
    """Each is a query, once the variables stand for something."""
    rules = []
    for number, query in enumerate(QUERIES.values()):
        filled = query
        for variable, value in FOR_QUERIES.items():
            filled = filled.replace(variable, value)
        rules.append({"record": f"query:{number}", "expr": filled})
    path = tmp_path / "queries.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    promtool("check", "rules", str(path))
