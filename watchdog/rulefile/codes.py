"""
Every problem code of rule files and settings: one table, of which `config_codes.py` and `lint_codes.py` hold their parts.

The counterpart of `lang/codes.py`, which has those of conditions. A code never changes its meaning; one that is no longer
raised leaves the table and is not given again. An example that has a key `redis` is a config, one that begins with `pack` the manifest
of a folder `mine`, one with `tests` a file of tests, any other a rule file; a test reads each and expects just that code.
"""

from typing import Final

from watchdog.errors import CodeSpec
from watchdog.rulefile.config_codes import CONFIG_CODES, WARNING_CODES
from watchdog.rulefile.example_texts import COMMANDED, CONFIG, RULE
from watchdog.rulefile.lint_codes import LINT_CODES
from watchdog.rulefile.read_yaml import DEEPEST, MOST_NODES
from watchdog.rulefile.source import LARGEST

_RUNS: Final = "    then: [{run: {command: NAME, with: {domain: domain.name}}}]\n"
"""Beside a file that defines `refresh-domain`."""

_PACK: Final = "pack: mine\nversion: 1.0.0\ndescription: What our server needs.\n"
_TEST: Final = (
    "tests:\n  - test: eleven minutes are long\n    entities:\n      - {job: j1, elapsed: 9m}\n    expect:\n"
    "      - {at: 1m10s, alerts: [{rule: slow, entity: j1}]}\n"
)

FILE_CODES: Final[tuple[CodeSpec, ...]] = (
    CodeSpec(
        "E101",
        "not YAML",
        "The file can't be read as YAML from this place on. What stands before it is checked all the same.",
        RULE + "    summary: slow: very\n",
    ),
    CodeSpec(
        "E102",
        "tab",
        "YAML forbids tabs where a line or a value begins.",
        "rules:\n\t- rule: slow\n\t  each: job\n\t  when: job.elapsed > 10m\n",
    ),
    CodeSpec(
        "E103",
        "unfit character",
        "A control character, one that turns the direction of the text, or a byte that is not UTF-8.",
        RULE + "    summary: slow\x07\n",
    ),
    CodeSpec("E104", "too large", f"A file may have {LARGEST} characters.", "#" * (LARGEST + 1)),
    CodeSpec("E105", "too deep", f"Lists and mappings may be nested {DEEPEST} levels deep.", "[" * (DEEPEST + 1)),
    CodeSpec("E106", "too many values", f"A file may hold {MOST_NODES} values.", "[" + "1," * MOST_NODES + "]"),
    CodeSpec(
        "E107",
        "anchor or alias",
        "Anchors (`&name`) and aliases (`*name`) make a rule say what it doesn't show.",
        RULE + "    description: &text why\n",
    ),
    CodeSpec(
        "E108", "tag", "What a value means follows from its key, so tags (`!name`) are refused.", RULE + "    description: !!str why\n"
    ),
    CodeSpec(
        "E109", "more than one document", "A file holds one document: nothing stands behind a second `---`.", RULE + "---\nrules: []\n"
    ),
    CodeSpec("E110", "key given twice", "A key stands in a mapping once. Both places are named.", RULE + "    each: queue\n"),
    CodeSpec(
        "E111",
        "unusable key",
        "A key is a single word; mostly a value that begins with `{{` lacks its quotes.",
        RULE + "    summary: {{ job.class }}\n",
    ),
    CodeSpec("E112", "empty file", "There is nothing in the file but comments.", "# rules will follow\n"),
    CodeSpec(
        "E113",
        "unreadable file",
        "A file or folder that the config names (or the config itself) does not exist or can't be read.",
        CONFIG.replace("rules.yml", "missing.yml"),
    ),
)
SHAPE_CODES: Final[tuple[CodeSpec, ...]] = (
    CodeSpec("E120", "unknown key", "No such key is known here; the nearest one is proposed.", RULE + "    serverity: critical\n"),
    CodeSpec("E121", "missing key", "A key is missing that has to be there.", "rules:\n  - rule: slow\n    each: job\n"),
    CodeSpec(
        "E122",
        "wrong shape",
        "A list, a mapping or a single value was expected, and something else or nothing was found.",
        RULE + "    notify: ops\n",
    ),
    CodeSpec("E123", "empty list", "The list needs at least one item.", CONFIG.replace("[rules.yml]", "[]")),
    CodeSpec("E124", "no such choice", "The value is not one of those that the key can have.", RULE + "    severity: fatal\n"),
    CodeSpec("E125", "out of range", "The number is smaller or greater than makes sense here.", RULE + "    guards: {keep: 150%}\n"),
)
RULE_CODES: Final[tuple[CodeSpec, ...]] = (
    CodeSpec(
        "E401",
        "unusable rule name",
        "A rule's name consists of small letters, digits and '-', at most 64 of them: it becomes part of metrics, audit rows and commands.",
        RULE.replace("slow", "Slow Jobs"),
    ),
    CodeSpec(
        "E402",
        "rule name used twice",
        "Names of rules are unique over all files. Both places are named.",
        RULE + RULE.removeprefix("rules:\n"),
    ),
    CodeSpec(
        "E403",
        "not supported by this version",
        "The name is known, and belongs to a later version.",
        RULE + "    then: [{capture_evidence: {process: job.process}}]\n",
    ),
    CodeSpec("E404", "unknown entity", "`each` names a kind of entity that doesn't exist.", RULE.replace("each: job", "each: jobs")),
    CodeSpec(
        "E405", "unknown action", "`then` names an action that doesn't exist.", RULE + "    then: [{terminate: {process: job.process}}]\n"
    ),
    CodeSpec(
        "E406",
        "not one action",
        "Each item of `then` is one action with its parameters indented below it.",
        RULE + "    then: [terminate_process]\n",
    ),
    CodeSpec("E407", "unknown receiver", "`notify` names a receiver that the config doesn't declare.", RULE + "    notify: [nobody]\n"),
    CodeSpec(
        "E408",
        "condition and change",
        "A rule begins with a condition (`when`) or with a change (`on`). With `on`, `where` says which entities are meant.",
        RULE + "    on: JobStarted\n",
    ),
    CodeSpec(
        "E409",
        "change of another entity",
        "`on` names a change of entities of another kind than `each`.",
        RULE.replace("when: job.elapsed > 10m", "on: QueueGrew"),
    ),
    CodeSpec(
        "E410",
        "unusable label",
        "A label's name consists of small letters, digits and '_'; its text is one line of at most 100 characters; a rule has at most 20.",
        RULE + "    labels: {Team: web}\n",
    ),
    CodeSpec(
        "E411",
        "unusable runbook",
        "What begins like the address of a page is one; a text of steps has at most 2,000 characters.",
        RULE + "    runbook: https:///slow\n",
    ),
    CodeSpec(
        "E412",
        "unusable allowance",
        "So many times in so long a time, like `3/1h`: at most 1000 times, in at most 30 days.",
        RULE + "    guards: {budget: 3}\n",
    ),
    CodeSpec(
        "E413",
        "unusable hours",
        "Two times of the day by 24 hours, like `22:00-06:00`: the rule acts from the one until the other, over midnight where that is earlier.",
        RULE + '    guards: {hours: "10pm-6am"}\n',
    ),
    CodeSpec(
        "E414",
        "not about a dead process",
        "`put_back_jobs` is the first step of a rule with `on: ProcessCrashed`, `on: ProcessVanished` or `on: JobsLeftBehind`, for the process that has ended.",
        RULE + "    then: [{put_back_jobs: {process: job.process}}]\n",
    ),
    CodeSpec(
        "E415",
        "jobs that nobody names",
        "An action on jobs says by at least one parameter which it means, unless the entity that the rule looks at tells it: it never means all of them.",
        RULE + "    then: [{delete_retries: {cap: 100}}]\n",
    ),
    CodeSpec(
        "E416",
        "jobs that are named twice",
        "What the entity of the rule tells by itself can't be told otherwise by a parameter, and one job is named in one way.",
        RULE + "    then: [{quarantine_job: {job: job, jid: 4caa72fe18d4b6a0d19e77c3}}]\n",
    ),
    CodeSpec(
        "E417",
        "unknown command",
        "`run` names a command that root has not defined in `commands.toml`.",
        COMMANDED + _RUNS.replace("NAME", "refresh-domains"),
    ),
    CodeSpec(
        "E418",
        "arguments that a command does not have",
        "`with` has one value for each argument of the command, and no others.",
        COMMANDED + _RUNS.replace("NAME", "refresh-domain").replace("domain:", "host:"),
    ),
    CodeSpec(
        "E419",
        "value of another type than the argument",
        "The value is a number where a text is wanted or the other way round, or the literal is none of that type.",
        COMMANDED + _RUNS.replace("NAME", "refresh-domain").replace("domain.name", "domain.retries"),
    ),
)
PACK_CODES: Final[tuple[CodeSpec, ...]] = (
    CodeSpec(
        "E420",
        "unusable name or version of a pack",
        "A pack is called like its folder; versions are numbers with dots.",
        _PACK.replace("1.0.0", "new"),
    ),
    CodeSpec(
        "E421", "pack for a later version", "The pack says that it needs a later version of the program.", _PACK + "requires: 9999.0\n"
    ),
    CodeSpec(
        "E422",
        "rule less mature than its pack",
        "The manifest promises how mature every rule of the pack is, at least; without `maturity` that is stable.",
        _PACK,
    ),
)
TEST_CODES: Final[tuple[CodeSpec, ...]] = (
    CodeSpec(
        "E430",
        "unusable series",
        "Readings over time are values, each with how often it is read: `0x10 1x5 +3x20 _x2`. A value has the unit of its field.",
        _TEST.replace("elapsed: 9m", "elapsed: 9"),
    ),
    CodeSpec(
        "E431",
        "test of an unknown rule",
        "The test expects something of a rule that none of the tested files has.",
        _TEST.replace("rule: slow", "rule: slowly"),
    ),
    CodeSpec(
        "E432",
        "unusable field",
        "`fields` declares a field of an entity that no source delivers yet. One that exists need not be declared, and is of the type that it has.",
        "fields: [{field: process.busy, type: ratio}]\n" + _TEST,
    ),
    CodeSpec(
        "E433",
        "test too long",
        "Steps times entities of one test are bounded, so that tests stay quick.",
        _TEST.replace("at: 1m10s", "at: 300d"),
    ),
    CodeSpec("E434", "out of order", "Moments of a test follow each other.", _TEST + "      - {at: 1m, alerts: []}\n"),
    CodeSpec(
        "E435",
        "unknown or doubled entity",
        "The test expects something of an entity that it doesn't have, or has one twice.",
        _TEST.replace("entity: j1", "entity: j2"),
    ),
    CodeSpec("E436", "no tests", "There are no tests beside these rules.", "tests: nowhere\n"),
)
CODES: Final[tuple[CodeSpec, ...]] = (
    *FILE_CODES,
    *SHAPE_CODES,
    *RULE_CODES,
    *PACK_CODES,
    *TEST_CODES,
    *CONFIG_CODES,
    *WARNING_CODES,
    *LINT_CODES,
)
