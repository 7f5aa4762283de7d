"""Every problem code of rule files and settings is in the table, and its example provokes it and nothing else."""

import re
from pathlib import Path

import pytest

import watchdog.config
from watchdog.config import inspect
from watchdog.errors import CodeSpec
from watchdog.lang.codes import CODES as LANGUAGE_CODES
from watchdog.rulefile.codes import CODES

RULE = "rules:\n  - rule: fine\n    each: job\n    when: job.elapsed > 10m\n"
CONFIG = "redis: {url: redis://h}\nrules: [rules.yml]\nstate: state\n"
CODE = re.compile(r'"([EW]\d{3})"')
PACKAGE = Path(watchdog.config.__file__).parent


@pytest.mark.parametrize("spec", CODES, ids=lambda spec: spec.code)
def test_the_example_provokes_its_code(spec: CodeSpec, tmp_path: Path) -> None:
    """Read as a config where it is one, else as the rule file of a good config."""
    is_config = "redis:" in spec.example
    config, rules = (spec.example, RULE) if is_config else (CONFIG, spec.example)
    (tmp_path / "config.yml").write_text(config)
    (tmp_path / "rules.yml").write_text(rules)
    (tmp_path / "empty").mkdir()
    (tmp_path / "open-secret").write_text("x")
    for name in ("config.yml", "open-secret"):
        (tmp_path / name).chmod(0o644)
    codes = {problem.code for problem in inspect(tmp_path / "config.yml")[1]}
    assert codes == {spec.code}


def test_the_table_has_just_the_codes_that_are_raised() -> None:
    """No code is raised that is not explained, and none is explained that is never raised."""
    sources = [path for path in (PACKAGE / "rulefile").glob("*.py") if path.name != "codes.py"] + [PACKAGE / "config.py"]
    raised = {code for path in sources for code in CODE.findall(path.read_text())}
    assert raised == {spec.code for spec in CODES}


def test_codes_are_unique_and_explained() -> None:
    """Over both tables."""
    codes = [spec.code for spec in (*CODES, *LANGUAGE_CODES)]
    assert len(set(codes)) == len(codes)
    assert all(spec.title and spec.doc.endswith(".") for spec in CODES)
