"""Every problem code of rule files and settings is in the table, and its example provokes it and nothing else."""

import re
import shutil
from pathlib import Path

import pytest

import watchdog.config
from watchdog.config import inspect, inspect_rules, loading
from watchdog.config.rehearsing import run_tests
from watchdog.errors import CodeSpec, Problem
from watchdog.lang.codes import CODES as LANGUAGE_CODES
from watchdog.rulefile.codes import CODES

RULE = "rules:\n  - rule: fine\n    each: job\n    when: job.elapsed > 10m\n"
CONFIG = "redis: {url: redis://h}\nrules: [rules.yml]\nstate: state\n"
SLOW = RULE.replace("fine", "slow")
PACK = "pack: mine\nversion: 1.0.0\ndescription: x\n"
FAILING = (
    "tests:\n  - test: nobody is there\n    entities: []\n    expect:\n      - {at: 1m, decisions: [{rule: failing, decision: ALLOW}]}\n"
)
CODE = re.compile(r'"([EW]\d{3})"')
PACKAGE = Path(watchdog.config.__file__).parents[1]


def prepare(folder: Path) -> None:
    """What examples name: an empty folder, an open secret, a pack that fails its tests, one without tests."""
    (folder / "empty").mkdir()
    (folder / "open-secret").write_text("x")
    (folder / "open-secret").chmod(0o644)
    for name in ("failing", "untested"):
        (folder / name).mkdir()
        (folder / name / "pack.yml").write_text(PACK.replace("mine", name))
        (folder / name / "rules.yml").write_text(
            f"rules:\n  - rule: {name}\n    each: process\n    when: process.{'quiet' if name == 'failing' else 'alive'}\n"
        )
    (folder / "failing" / "rules.test.yml").write_text(FAILING)


def found(spec: CodeSpec, folder: Path) -> tuple[Problem, ...]:
    """All that is wrong with the example where it belongs: in a config, a manifest, a file of tests, or a rule file."""
    if spec.example.startswith(("tests:", "fields:")):
        folder = folder / "only"
        folder.mkdir()
        (folder / "rules.yml").write_text(SLOW)
        (folder / ("rules.test.yml" if spec.code != "E436" else "other.test.yml")).write_text(spec.example)
        return run_tests([folder / "rules.yml"]).problems
    if spec.example.startswith("pack:"):
        (folder / "mine").mkdir()
        (folder / "mine" / "rules.yml").write_text(SLOW + "    maturity: incubating\n" * (spec.code == "E422"))
        (folder / "mine" / "pack.yml").write_text(spec.example)
        return inspect_rules([folder / "mine"])[1]
    is_config = "redis:" in spec.example
    config, rules = (spec.example, RULE) if is_config else (CONFIG, spec.example)
    if spec.code in {"E417", "E418", "E419"}:
        shutil.copy(PACKAGE.parent / "packaging/commands.toml", folder)
        config += "commands: commands.toml\n"
    (folder / "config.yml").write_text(config)
    (folder / "config.yml").chmod(0o644)
    (folder / "rules.yml").write_text(rules)
    return inspect(folder / "config.yml")[1]


@pytest.mark.parametrize("spec", CODES, ids=lambda spec: spec.code)
def test_the_example_provokes_its_code(spec: CodeSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read where it belongs, beside files in which nothing is wrong, and told with a hint."""
    if spec.code == "E517":
        monkeypatch.setattr(loading, "DRIVER", "a_library_that_nobody_has")
    prepare(tmp_path)
    problems = found(spec, tmp_path)
    assert {problem.code for problem in problems} == {spec.code}


def test_the_table_has_just_the_codes_that_are_raised() -> None:
    """No code is raised that is not explained, and none is explained that is never raised."""
    sources = [path for path in (PACKAGE / "rulefile").glob("*.py") if path.name != "codes.py"] + [*(PACKAGE / "config").glob("*.py")]
    raised = {code for path in sources for code in CODE.findall(path.read_text())}
    assert raised == {spec.code for spec in CODES}


def test_codes_are_unique_and_explained() -> None:
    """Over both tables."""
    codes = [spec.code for spec in (*CODES, *LANGUAGE_CODES)]
    assert len(set(codes)) == len(codes)
    assert all(spec.title and spec.doc.endswith(".") for spec in CODES)
