"""A pack's manifest promises things, and is held to them."""

import pytest

from watchdog.model.verdicts import Mode
from watchdog.rulefile.pack import read_manifest, unfit_for
from watchdog.rulefile.rules import read_rules

LEAST = "pack: mine\nversion: 1.4\ndescription: What our server needs.\n"


def said(text: str, program: str = "1.2.0") -> list[str]:
    """Line, column and code of what is wrong."""
    return [
        f"{problem.span.line}:{problem.span.column} {problem.code}"
        for problem in read_manifest("pack.yml", text, folder="mine", program=program)[1]
    ]


def test_the_smallest_manifest() -> None:
    """Any version of the program can run it, and its rules are stable."""
    manifest, problems = read_manifest("pack.yml", LEAST, folder="mine", program="1.2.0")
    assert problems == ()
    assert manifest is not None
    assert (manifest.name, manifest.version, manifest.requires, manifest.maturity) == ("mine", "1.4", "", "stable")


@pytest.mark.parametrize("requires", ["1.2.0", "1.2", "1", "0.9.9", "1.1.99"])
def test_versions_that_suffice(requires: str) -> None:
    """Compared number by number; what follows the numbers of the program's own version is left out."""
    assert said(f"{LEAST}requires: {requires}\n") == []
    assert said(f"{LEAST}requires: {requires}\n", program="1.2.0rc1") == []


@pytest.mark.parametrize("requires", ["1.2.1", "1.10", "2"])
def test_versions_that_do_not(requires: str) -> None:
    """A later one is needed."""
    assert said(f"{LEAST}requires: {requires}\n") == ["4:11 E421"]


def test_what_is_wrong_with_a_manifest() -> None:
    """All at once; then there is none."""
    text = "pack: Yours\nversion: one\nrequires: 1.x\nmaturity: ripe\nextra: 1\n"
    assert said(text) == ["1:1 E121", "1:7 E420", "2:10 E420", "3:11 E420", "4:11 E124", "5:1 E120"]
    assert read_manifest("pack.yml", text, folder="mine", program="1.2.0")[0] is None


def test_no_rule_is_less_mature_than_its_pack_promises() -> None:
    """Each that is, at the place of its name."""
    rule = "  - rule: %s\n    each: job\n    when: job.elapsed > %sm\n    maturity: %s\n"
    text = "rules:\n" + rule % ("a", 1, "stable") + rule % ("b", 2, "incubating") + rule % ("c", 3, "sandbox")
    rules, _ = read_rules([("r.yml", text)], Mode.ACT, None)
    manifest, _ = read_manifest("pack.yml", LEAST + "maturity: incubating\n", folder="mine", program="1.2.0")
    assert manifest is not None
    assert [(str(problem.span), problem.code) for problem in unfit_for(manifest, rules.rules)] == [("r.yml:10:11", "E422")]
