"""`run` in rules: its values, and whether they fit root's definitions."""

from pathlib import Path

import pytest

from tests.unit.commands.definitions import TEXT
from watchdog.config import inspect, inspect_rules
from watchdog.engine.rules import Step

CONFIG = "redis: {url: redis://h}\nrules: [rules.yml]\nstate: state\ncommands: commands.toml\n"
RULE = "rules:\n  - rule: slow\n    each: job\n    when: job.retries > 3\n    for: 1m\n    guards: {cooldown: 1h}\n    then:\n      - run: {}\n".replace(
    "{cooldown: 1h}", "{{cooldown: 1h}}"
)
GOOD = {
    "domain": "job.domain", "class": "job.class", "queue": "job.queue", "jid": "job.jid", "count": "4", "wait": "90s", "how": "'\"fast\"'",
}  # fmt: skip


@pytest.fixture
def read(tmp_path: Path):
    """Reads the step beside a config and root's file: the step, and what is wrong with it."""

    def inside(
        values: dict[str, str], *, command: str = "tell", definitions: str = TEXT.format(argv='"/usr/bin/tell"')
    ) -> tuple[Step | None, list[str]]:
        said = ", ".join(f"{name}: {value}" for name, value in values.items())
        (tmp_path / "rules.yml").write_text(RULE.format(f"{{command: {command}, with: {{{said}}}}}"))
        (tmp_path / "config.yml").write_text(CONFIG)
        (tmp_path / "commands.toml").write_text(definitions)
        loaded, problems = inspect(tmp_path / "config.yml")
        return None if loaded is None else loaded.rules.rules[0].steps[0], [f"{one.code} {one.message}" for one in problems]

    return inside


def test_a_step_that_fits(read):
    """Its time is that of the definition."""
    step, problems = read(GOOD)
    assert problems == []
    assert step.arguments == {"command": "tell", "timeout": 90_000}
    assert {name: given.slot or given.literal for name, given in step.given.items()} == {
        "domain": "domain", "class": "job_class", "queue": "queue", "jid": "jid", "count": 4, "wait": 90_000, "how": "fast",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"domain": "example.social"}, "E202"),
        (
            {"domain": "'\"example.social;id\"'"},
            "E419 the argument 'domain' of 'tell' is a domain, and \\u0022example.social\\u003bid\\u0022 is none",
        ),
        ({"domain": "'\"--all\"'"}, "E419 the argument 'domain' of 'tell' is a domain, and \\u0022--all\\u0022 is none"),
        ({"domain": "job.retries"}, "E419 the argument 'domain' of 'tell' is a domain, and job.retries is a count"),
        ({"count": "job.domain"}, "E419 the argument 'count' of 'tell' is a count, and job.domain is a string"),
        ({"count": "9"}, "E419 the argument 'count' of 'tell' is a count, and 9 is none"),
        ({"wait": "90"}, "E419 the argument 'wait' of 'tell' is a duration, and 90 is a count"),
        ({"wait": "2h"}, "E419 the argument 'wait' of 'tell' is a duration, and 2h is none"),
        ({"wait": "job.elapsed"}, "E228 'job.elapsed' is no value that can be given"),
        ({"how": "'\"fastest\"'"}, "E419 the argument 'how' of 'tell' is a choice, and \\u0022fastest\\u0022 is none"),
        ({"hosts": "job.host"}, "E418 the command 'tell' has no argument 'hosts'"),
    ],
)
def test_what_does_not_fit(read, values, problem):
    """Each is told at the step."""
    step, problems = read({**GOOD, **values})
    assert step is None
    assert problems[0].startswith(problem)


def test_what_is_missing(read):
    """An argument, the command, the file."""
    assert read({name: value for name, value in GOOD.items() if name != "jid"})[1] == ["E418 the command 'tell' wants an argument 'jid'"]
    assert read(GOOD, command="tall")[1] == ["E417 there is no command 'tall'"]
    assert read(GOOD, definitions="[")[1][0].startswith("E519 the commands can't be known: ")


def test_rules_by_themselves(tmp_path):
    """Without a config nobody knows which commands there are; values are read all the same."""
    (tmp_path / "rules.yml").write_text(RULE.format("{command: anything, with: {domain: job.domain}}"))
    found, problems = inspect_rules([tmp_path / "rules.yml"])
    assert problems == ()
    assert found.rules[0].steps[0].arguments == {"command": "anything"}
    (tmp_path / "rules.yml").write_text(RULE.format("{command: anything, with: {domain: job.domian}}"))
    assert [problem.code for problem in inspect_rules([tmp_path / "rules.yml"])[1]] == ["E203"]


def test_a_change_of_the_definitions_is_a_change_of_the_rules(read, tmp_path):
    """So that a reload takes it in."""
    read(GOOD)
    before = inspect(tmp_path / "config.yml")[0].rules.digest
    (tmp_path / "commands.toml").write_text(TEXT.format(argv='"/usr/bin/tell"').replace("90s", "91s"))
    after = inspect(tmp_path / "config.yml")[0].rules
    assert after.digest != before
    assert after.rules[0].steps[0].arguments["timeout"] == 91_000
