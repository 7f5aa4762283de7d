"""rules/README.md: that its reference is current, and that whatever it shows as an example is true."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from watchdog.cli.app import command
from watchdog.config import inspect, inspect_rules
from watchdog.errors import CodeSpec, Problem
from watchdog.lang import codes as language
from watchdog.lang.condition import read_condition, read_reference
from watchdog.lang.literal import read_literal
from watchdog.lang.template import read_template
from watchdog.lang.text import Text
from watchdog.model.actions import ACTIONS
from watchdog.model.fields import FIELDS, FieldSpec
from watchdog.model.guards import GUARDS
from watchdog.model.kinds import Kind, Type
from watchdog.model.receivers import RECEIVERS, ReceiverSpec
from watchdog.rulefile import codes as files
from watchdog.rulefile import rules, settings

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


def test_what_is_written_by_hand_is_kept():
    """Only what stands between the markers is replaced, and it is replaced as a whole."""
    page = f"before\n{REFERENCE.BEGIN}\nold\n{REFERENCE.END}\nafter\n"
    assert REFERENCE.renewed(page) == f"before\n{REFERENCE.BEGIN}\n\n{REFERENCE.reference()}\n{REFERENCE.END}\nafter\n"


@pytest.mark.parametrize("spec", PUBLIC, ids=lambda spec: spec.path)
def test_the_example_of_a_field_is_a_condition_that_reads_it(spec: FieldSpec):
    """It can be copied into a rule as it is."""
    condition, problems = read_condition(Text(spec.example, "example"), spec.kind)
    assert not problems
    assert condition is not None
    assert spec in condition.fields


@pytest.mark.parametrize("spec", ACTIONS, ids=lambda spec: spec.name)
def test_the_example_of_an_action_can_stand_in_a_rule(spec, tmp_path):
    """With all its parameters."""
    then = "".join(f"    {line}\n" for line in REFERENCE.example_of(spec).splitlines())
    (tmp_path / "rules.yml").write_text(RULE + then)
    found, problems = inspect_rules([tmp_path / "rules.yml"])
    assert not problems
    assert found.rules[0].steps[0].action == spec.name


@pytest.mark.parametrize("setting", [setting for guard in GUARDS for setting in guard.settings], ids=lambda setting: setting.name)
def test_the_example_of_a_guards_setting_can_stand_in_a_rule(setting, tmp_path):
    """One at a time, as it is written in its table."""
    (tmp_path / "rules.yml").write_text(f"{RULE}    guards: {{{setting.example}}}\n")
    assert inspect_rules([tmp_path / "rules.yml"])[1] == ()


@pytest.mark.parametrize("spec", RECEIVERS, ids=lambda spec: spec.type)
def test_the_example_of_a_receiver_can_stand_in_a_config(spec: ReceiverSpec, tmp_path):
    """With all its settings."""
    receiver = ", ".join((f"type: {spec.type}", *(setting.example for setting in spec.settings)))
    (tmp_path / "config.yml").write_text(f"{CONFIG}receivers: {{ops: {{{receiver}}}}}\n")
    (tmp_path / "rules.yml").write_text(RULE)
    (tmp_path / "secret").write_text("whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0")
    (tmp_path / "secret").chmod(0o600)
    loaded, problems = inspect(tmp_path / "config.yml")
    assert not problems
    assert loaded is not None
    assert loaded.settings.receivers["ops"].type == spec.type


def provoked(spec: CodeSpec) -> tuple[Problem, ...]:
    """The problems of the example of a code of the language, read by the reader that knows it."""
    text = Text(spec.example, "example")
    match spec.code:
        case "E205":
            return read_condition(text, Kind.DOMAIN)[1]
        case "E216":
            return read_reference(text, Kind.PROCESS, Kind.PROCESS)[1]
        case "E217":
            return read_literal(text, Type.DURATION)[1]
        case "E320":
            return read_template(text, Kind.PROCESS)[1]
        case _:
            return read_condition(text, Kind.PROCESS)[1]


@pytest.mark.parametrize("spec", language.CODES, ids=lambda spec: spec.code)
def test_the_example_of_a_code_of_the_language_provokes_it(spec: CodeSpec):
    """And nothing else."""
    assert [problem.code for problem in provoked(spec)] == [spec.code]


@pytest.mark.parametrize("spec", files.CODES, ids=lambda spec: spec.code)
def test_the_example_of_a_code_of_a_file_provokes_it(spec: CodeSpec, tmp_path):
    """And nothing else; it is a config or a rule file."""
    config, text = (spec.example, RULE) if "redis:" in spec.example else (CONFIG, spec.example)
    (tmp_path / "config.yml").write_text(config)
    (tmp_path / "rules.yml").write_text(text)
    (tmp_path / "empty").mkdir()
    (tmp_path / "open-secret").write_text("x")
    for name in ("config.yml", "open-secret"):
        (tmp_path / name).chmod(0o644)
    assert {problem.code for problem in inspect(tmp_path / "config.yml")[1]} == {spec.code}


def test_everything_that_can_be_named_is_in_the_reference():
    """Fields, actions, guards, receivers, problem codes, commands and options; what is internal is not."""
    names = {
        *(spec.path for spec in PUBLIC),
        *(spec.name for spec in ACTIONS),
        *(spec.name for spec in GUARDS),
        *(setting.name for spec in GUARDS for setting in spec.settings),
        *(spec.type for spec in RECEIVERS),
        *(spec.code for spec in (*language.CODES, *files.CODES)),
        *(f"sidekiq-watchdog {name}" for name in command().commands),
        *(
            option
            for each in command().commands.values()
            for parameter in each.params
            for option in parameter.opts
            if option.startswith("-")
        ),
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


def test_the_rule_and_the_config_on_the_page_have_no_fault(tmp_path):
    """The first example is a rule file, the last a config that can load it; between them stand single keys."""
    rule, key, config = blocks(BY_HAND)
    (tmp_path / "rules.yml").write_text(rule)
    (tmp_path / "config.yml").write_text(config)
    (tmp_path / "webhook.secret").write_text("secret")
    (tmp_path / "webhook.secret").chmod(0o600)
    loaded, problems = inspect(tmp_path / "config.yml")
    assert not problems
    assert loaded is not None
    assert read_condition(Text(yaml.safe_load(key)["when"], "example"), Kind.PROCESS)[1] == ()


@pytest.mark.parametrize("keys", [rules._RULE_KEYS, settings._KEYS], ids=["rule", "config"])
def test_the_page_shows_every_key(keys):
    """In one of its examples each key of a rule and of the config is used."""
    used = {key.strip(" -") for block in blocks(BY_HAND) for key in re.findall(r"^[ -]*[a-z_]+(?=:)", block, re.MULTILINE)}
    assert {*keys.required, *keys.optional} <= used


@pytest.mark.parametrize(
    "example", sorted(set(re.findall(r"`((?:not )?(?:job|process|redis|queue)\.[a-z_]+ [^`.]+(?:\.[a-z]+[^`.]*)*)`", BY_HAND)))
)
def test_a_condition_on_the_page_is_one(example):
    """What looks like a condition in the text can be read as one, but for the one that is there as a mistake."""
    kind = Kind(example.removeprefix("not ").partition(".")[0])
    _, problems = read_condition(Text(example, "page"), kind)
    assert [problem.code for problem in problems] == {"job.elapsed > 10": ["E208"], "process.threads * 80%": ["E210"]}.get(example, [])


def test_the_packs_on_the_page_are_those_that_there_are():
    """Each pack has its line, and no other has one."""
    packs = {folder.name for folder in (CHECKOUT / "rules").iterdir() if folder.is_dir()}
    assert set(re.findall(r"^\| `pack:([a-z-]+)` \|", BY_HAND, re.MULTILINE)) == packs
