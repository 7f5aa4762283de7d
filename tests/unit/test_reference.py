"""rules/README.md: that its reference is current, and that whatever it shows as an example is true."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from watchdog.cli.app import command
from watchdog.config import inspect, inspect_rules
from watchdog.config.packs import pack_names
from watchdog.config.rehearsing import run_tests
from watchdog.lang import codes as language
from watchdog.lang.condition import read_condition
from watchdog.lang.functions import FUNCTIONS
from watchdog.lang.text import Text
from watchdog.model.actions import ACTIONS
from watchdog.model.changes import CHANGES
from watchdog.model.evidence import EVIDENCE
from watchdog.model.fields import BY_KIND, FIELDS, FieldSpec
from watchdog.model.guards import GUARDS
from watchdog.model.kinds import Kind
from watchdog.model.points import POINTS
from watchdog.model.receivers import RECEIVERS
from watchdog.model.receivers.spec import ReceiverSpec
from watchdog.rulefile import codes as files
from watchdog.rulefile.settings import read_settings

CHECKOUT = Path(__file__).parents[2]
PAGE = (CHECKOUT / "rules" / "README.md").read_text()
PUBLIC = [spec for spec in FIELDS if not spec.internal]
RULE = "rules:\n  - rule: fine\n    each: job\n    when: job.elapsed > 10m\n"
CONFIG = "redis: {url: redis://h}\nrules: [rules.yml]\nstate: state\n"


def load() -> ModuleType:
    """The script that writes the reference."""
    spec = importlib.util.spec_from_file_location("reference", CHECKOUT / "packaging" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


REFERENCE = load()
BY_HAND = PAGE.partition(REFERENCE.BEGIN)[0]


def test_the_reference_is_current():
    """Whoever changes a table runs `make docs`."""
    assert REFERENCE.renewed(PAGE) == PAGE, "run: make docs"


def test_the_table_of_rules_is_current():
    """Whoever changes a rule that comes with the program runs `make docs`."""
    page = (CHECKOUT / "README.md").read_text()
    assert REFERENCE.front(page) == page, "run: make docs"


def test_the_four_stories_name_rules_that_there_are():
    """And every rule that there is stands in one of them; in brackets if it comes from the pack for any Sidekiq."""
    told = PAGE.partition("## Four stories\n")[2].partition("\n## ")[0]
    shipped = {rule.name: name for name in pack_names() for rule in inspect_rules([Path(f"pack:{name}")])[0].rules}
    named = set(re.findall(r"`([a-z]+(?:-[a-z]+)*)`", told))
    assert {name for name in named if "-" in name} - {"dry-run"} <= set(shipped)
    assert set(shipped) <= named
    bracketed = set(re.findall(r"`([a-z-]+)`", " ".join(re.findall(r"\([^()]*\)", told))))
    assert bracketed & set(shipped) == {name for name, pack in shipped.items() if pack == "sidekiq"}


def test_what_is_written_by_hand_is_kept():
    """Only what stands between the markers is replaced, and it is replaced as a whole."""
    page = f"before\n{REFERENCE.BEGIN}\nold\n{REFERENCE.END}\nafter\n"
    assert REFERENCE.renewed(page) == f"before\n{REFERENCE.BEGIN}\n\n{REFERENCE.reference()}\n{REFERENCE.END}\nafter\n"


@pytest.mark.parametrize("spec", PUBLIC, ids=lambda spec: spec.path)
def test_the_example_of_a_field_is_a_condition_that_reads_it(spec: FieldSpec):
    """It can be copied into a rule as it is; a field that stands for a condition reads what that reads."""
    condition, problems = read_condition(Text(spec.example, "example"), spec.kind)
    assert not problems
    assert condition is not None
    read = read_condition(Text(spec.stands_for, "field"), spec.kind)[0] if spec.stands_for else None
    assert set(condition.fields) >= ({spec} if read is None else set(read.fields))


@pytest.mark.parametrize("spec", ACTIONS, ids=lambda spec: spec.name)
def test_the_example_of_an_action_can_stand_in_a_rule(spec, tmp_path):
    """With all its parameters."""
    then = "".join(f"    {line}\n" for line in REFERENCE.example_of(spec).splitlines())
    rule = RULE
    if spec.of_the_dead:
        rule = RULE.replace("each: job", "each: process").replace("when: job.elapsed > 10m", "on: ProcessCrashed")
    elif spec.target == "peer":
        rule = RULE.replace("each: job", "each: peer").replace("job.elapsed > 10m", "peer.failing_days > 5")
    (tmp_path / "rules.yml").write_text(rule + then)
    found, problems = inspect_rules([tmp_path / "rules.yml"])
    assert {problem.code for problem in problems} <= {"W610", "W611"}
    assert found.rules[0].steps[0].action == spec.name


@pytest.mark.parametrize("setting", [setting for guard in GUARDS for setting in guard.settings], ids=lambda setting: setting.name)
def test_the_example_of_a_guards_setting_can_stand_in_a_rule(setting, tmp_path):
    """One at a time, as it is written in its table."""
    (tmp_path / "rules.yml").write_text(f"{RULE}    guards: {{{setting.example}}}\n")
    assert inspect_rules([tmp_path / "rules.yml"])[1] == ()


@pytest.mark.parametrize("spec", RECEIVERS, ids=lambda spec: spec.type)
def test_the_example_of_a_receiver_can_stand_in_a_config(spec: ReceiverSpec, tmp_path):
    """With all its settings."""
    receiver = ", ".join((f"type: {spec.type}", *(setting.example for setting in spec.all_settings)))
    people = f"ask: {{people: {{ada: ['{spec.type}:ada']}}}}\n" if spec.listens else ""
    (tmp_path / "config.yml").write_text(f"{CONFIG}{people}receivers: {{ops: {{{receiver}}}}}\nroutes: [{{notify: [ops]}}]\n")
    (tmp_path / "rules.yml").write_text(RULE)
    (tmp_path / "secret").write_text("whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0")
    (tmp_path / "secret").chmod(0o600)
    loaded, problems = inspect(tmp_path / "config.yml")
    assert not problems
    assert loaded is not None
    assert loaded.settings.receivers["ops"].type == spec.type


def test_everything_that_can_be_named_is_in_the_reference():
    """Fields, actions, guards, receivers, problem codes, commands and options; what is internal is not."""
    names = {
        *(spec.path for spec in PUBLIC),
        *(spec.name for spec in ACTIONS),
        *(spec.name for spec in GUARDS),
        *(setting.name for spec in GUARDS for setting in spec.settings),
        *(spec.type for spec in RECEIVERS),
        *(spec.code for spec in (*language.CODES, *files.CODES)),
        *(spec.name for spec in CHANGES),
        *(spec.name for spec in POINTS),
        *(spec.name for spec in EVIDENCE),
        *(spec.signature for spec in FUNCTIONS),
        *(spec.name for specs in REFERENCE.KEY_TABLES.values() for spec in specs),
        *(f"sidekiq-watchdog {name}" for name, _ in REFERENCE.commands()),
        *(option for _, each in REFERENCE.commands() for parameter in each.params for option in parameter.opts if option.startswith("-")),
    }
    assert {name for name in names if name not in PAGE.partition(REFERENCE.BEGIN)[2]} == set()
    assert not [spec.path for spec in FIELDS if spec.internal and f"`{spec.path}`" in PAGE]


@pytest.mark.parametrize("name", sorted(command().commands))
def test_every_command_explains_itself(name, capsys):
    """`--help` of each command ends with 0 and names its options."""
    with pytest.raises(SystemExit) as ending:
        command()([name, "--help"], prog_name="sidekiq-watchdog")
    assert ending.value.code == 0
    shown = capsys.readouterr().out
    assert all(parameter.opts[0] in shown for parameter in command().commands[name].params if parameter.param_type_name == "option")


def blocks(page: str) -> list[str]:
    """The YAML examples of a page."""
    return re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)


@pytest.fixture
def written(tmp_path) -> Path:
    """The examples of the page as files: rules with their tests and a manifest, and a config."""
    rule, _, tests, config, _, _, _, commanded, manifest = blocks(BY_HAND)
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "rules.yml").write_text(rule)
    (folder / "rules.test.yml").write_text(tests)
    (folder / "pack.yml").write_text(manifest)
    (tmp_path / "rules.yml").write_text(rule)
    (tmp_path / "commanded.yml").write_text(commanded)
    (tmp_path / "config.yml").write_text(config)
    for name in ("webhook.secret", "ada.token", "prometheus.token", "mastodon-token"):
        (tmp_path / name).write_text(f"{name}-of-thirty-characters")
        (tmp_path / name).chmod(0o600)
    return tmp_path


def test_the_rule_and_the_config_on_the_page_have_no_fault(written):
    """The config can load the rules, adjustments included; what is not acted on yet is said and nothing else."""
    loaded, problems = inspect(written / "config.yml")
    assert {problem.code for problem in problems} <= {"W610", "W611"}, problems
    assert loaded is not None
    assert {"job-held-too-long", "process-gone"} <= set(loaded.rules.by_name)
    assert loaded.rules.by_name["job-held-too-long"].guards["keep"] == 0.2
    assert "queue-latency" not in loaded.rules.by_name


def test_the_command_on_the_page_is_the_one_that_is_shipped(written):
    """Beside the example of a file that defines it, and a config that has that file."""
    config = "redis: {url: redis://h}\nrules: [commanded.yml]\nstate: state\ncommands: commands.toml\n"
    (written / "config.yml").write_text(config)
    (written / "commands.toml").write_bytes((CHECKOUT / "packaging/commands.toml").read_bytes())
    loaded, problems = inspect(written / "config.yml")
    assert problems == ()
    assert loaded is not None
    (step,) = loaded.rules.rules[0].steps
    assert (step.arguments, step.given["domain"].slot) == ({"command": "refresh-domain", "timeout": 900_000}, "name")


def test_the_tests_on_the_page_pass(written):
    """They test the rule of the page, as the page says: beside it."""
    report = run_tests([written / "mine"])
    assert [str(problem) for problem in report.problems if not problem.is_warning] == []
    assert len(report.tests) == 2
    assert [failure for test in report.tests for failure in test.failures] == []


def test_the_pack_on_the_page_is_one(written):
    """Its manifest fits its rules and this version."""
    found, problems = inspect_rules([written / "mine"])
    assert [problem for problem in problems if not problem.is_warning] == []
    assert len(found.rules) == 2


def test_the_servers_on_the_page_are_settings():
    """Sentinels and a second Redis, as the page has them."""
    settings, problems = read_settings("config.yml", blocks(BY_HAND)[5] + "rules: [rules.yml]\nstate: state\n")
    assert problems == ()
    assert settings is not None
    assert (settings.redis.master, settings.app_redis is None) == ("mymaster", False)


def test_the_page_on_the_page_is_one():
    """Its settings and those of the socket, whose secrets lie in files."""
    settings, problems = read_settings("config.yml", "redis: {url: redis://h}\nrules: [rules.yml]\nstate: state\n" + blocks(BY_HAND)[6])
    assert problems == ()
    assert settings is not None
    assert settings.page is not None
    assert settings.page.proxy is not None
    assert (settings.page.port, settings.page.origin, settings.api.group) == (7655, "https://watchdog.example.org", "adm")
    assert {secret.setting for secret in settings.secrets} == {
        ("page", "tokens", "ada"),
        ("page", "readers", "prometheus"),
        ("page", "proxy", "secret"),
    }


def test_the_routes_on_the_page_are_routes(written):
    """They load beside the rule of the page; that no rule of that page is of the mail team is said, and nothing else."""
    config = "redis: {url: redis://h}\nrules: [rules.yml]\nstate: state\n" + blocks(BY_HAND)[4]
    (written / "config.yml").write_text(config)
    loaded, problems = inspect(written / "config.yml")
    assert {problem.code for problem in problems} <= {"W610", "W611", "W633"}, problems
    assert loaded is not None
    assert [route.name for route in loaded.rules.routing.routes] == ["mail-team", "#2", "#3"]
    assert len(loaded.rules.routing.inhibitions) == 1


def test_the_key_on_the_page_is_a_condition():
    """The one that needs quotes."""
    key = blocks(BY_HAND)[1]
    assert read_condition(Text(yaml.safe_load(key)["when"], "example"), Kind.PROCESS)[1] == ()


@pytest.mark.parametrize(("title", "table"), REFERENCE.KEY_TABLES.items(), ids=list(REFERENCE.KEY_TABLES))
def test_the_page_shows_every_key(title, table):
    """In one of its examples each key is used."""
    used = {key for block in blocks(BY_HAND) for key in re.findall(r"(?<![\w.])([a-z_]+)(?=:)", block)}
    rare = {"Under `lost`": set(), "Under `alerts`": {"state"}, "Under `decisions`": {"guard", "process"}}
    assert {spec.name for spec in table} - used <= rare.get(title, set())


@pytest.mark.parametrize("spec", FUNCTIONS, ids=lambda spec: spec.signature)
def test_the_example_of_a_function_is_a_condition(spec):
    """Of a rule that looks at what the table says; and it calls the function."""
    condition, problems = read_condition(Text(spec.example, "example"), spec.each)
    assert not problems
    assert condition is not None
    assert f"{spec.name}(" in condition.text


CONDITION = re.compile(r"`((?:not |[a-z]+\()*(?:job|process|redis|queue|sidekiq)[.( ][^`]*)`")
"""What looks like a condition in the text."""
WRONG = {"job.elapsed > 10": "E208", "process.threads * 80%": "E210"}
"""What is there as a mistake, or as a part of a condition."""


@pytest.mark.parametrize("example", sorted({one for one in CONDITION.findall(BY_HAND) if "[...]" not in one and " " in one}))
def test_a_condition_on_the_page_is_one(example):
    """For some kind of entity it can be read, but for the one that is there as a mistake."""
    said = [[problem.code for problem in read_condition(Text(example, "page"), kind)[1]] for kind in BY_KIND]
    assert ([WRONG[example]] if example in WRONG else []) in said


def test_the_packs_on_the_page_are_those_that_there_are():
    """Each pack has its line, and no other has one."""
    packs = {folder.name for folder in (CHECKOUT / "rules").iterdir() if folder.is_dir()}
    assert set(re.findall(r"^\| `pack:([a-z-]+)` \|", BY_HAND, re.MULTILINE)) == packs
