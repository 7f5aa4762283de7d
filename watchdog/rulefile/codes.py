"""
Every problem code of rule files and settings: one table.

The counterpart of `lang/codes.py`, which has those of conditions. A code never changes its meaning; one that is no longer
raised leaves the table and is not given again. An example that has a key `redis` is a config, one that begins with `pack` the manifest
of a folder `mine`, one with `tests` a file of tests, any other a rule file; a test reads each and expects just that code.
"""

from typing import Final

from watchdog.errors import CodeSpec
from watchdog.rulefile.lint_codes import LINT_CODES
from watchdog.rulefile.read_yaml import DEEPEST, MOST_NODES
from watchdog.rulefile.source import LARGEST

_RULE: Final = "rules:\n  - rule: slow\n    each: job\n    when: job.elapsed > 10m\n"
_CONFIG: Final = "redis: {url: redis://127.0.0.1:6379/0}\nrules: [rules.yml]\nstate: state\n"

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
        _RULE + "    summary: slow: very\n",
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
        _RULE + "    summary: slow\x07\n",
    ),
    CodeSpec("E104", "too large", f"A file may have {LARGEST} characters.", "#" * (LARGEST + 1)),
    CodeSpec("E105", "too deep", f"Lists and mappings may be nested {DEEPEST} levels deep.", "[" * (DEEPEST + 1)),
    CodeSpec("E106", "too many values", f"A file may hold {MOST_NODES} values.", "[" + "1," * MOST_NODES + "]"),
    CodeSpec(
        "E107",
        "anchor or alias",
        "Anchors (`&name`) and aliases (`*name`) make a rule say what it doesn't show.",
        _RULE + "    description: &text why\n",
    ),
    CodeSpec(
        "E108", "tag", "What a value means follows from its key, so tags (`!name`) are refused.", _RULE + "    description: !!str why\n"
    ),
    CodeSpec(
        "E109", "more than one document", "A file holds one document: nothing stands behind a second `---`.", _RULE + "---\nrules: []\n"
    ),
    CodeSpec("E110", "key given twice", "A key stands in a mapping once. Both places are named.", _RULE + "    each: queue\n"),
    CodeSpec(
        "E111",
        "unusable key",
        "A key is a single word; mostly a value that begins with `{{` lacks its quotes.",
        _RULE + "    summary: {{ job.class }}\n",
    ),
    CodeSpec("E112", "empty file", "There is nothing in the file but comments.", "# rules will follow\n"),
    CodeSpec(
        "E113",
        "unreadable file",
        "A file or folder that the config names (or the config itself) does not exist or can't be read.",
        _CONFIG.replace("rules.yml", "missing.yml"),
    ),
)
SHAPE_CODES: Final[tuple[CodeSpec, ...]] = (
    CodeSpec("E120", "unknown key", "No such key is known here; the nearest one is proposed.", _RULE + "    serverity: critical\n"),
    CodeSpec("E121", "missing key", "A key is missing that has to be there.", "rules:\n  - rule: slow\n    each: job\n"),
    CodeSpec(
        "E122",
        "wrong shape",
        "A list, a mapping or a single value was expected, and something else or nothing was found.",
        _RULE + "    notify: ops\n",
    ),
    CodeSpec("E123", "empty list", "The list needs at least one item.", _CONFIG.replace("[rules.yml]", "[]")),
    CodeSpec("E124", "no such choice", "The value is not one of those that the key can have.", _RULE + "    severity: fatal\n"),
    CodeSpec("E125", "out of range", "The number is smaller or greater than makes sense here.", _RULE + "    guards: {keep: 150%}\n"),
)
RULE_CODES: Final[tuple[CodeSpec, ...]] = (
    CodeSpec(
        "E401",
        "unusable rule name",
        "A rule's name consists of small letters, digits and '-', at most 64 of them: it becomes part of metrics, audit rows and commands.",
        _RULE.replace("slow", "Slow Jobs"),
    ),
    CodeSpec(
        "E402",
        "rule name used twice",
        "Names of rules are unique over all files. Both places are named.",
        _RULE + _RULE.removeprefix("rules:\n"),
    ),
    CodeSpec(
        "E403",
        "not supported by this version",
        "The name is known, and belongs to a later version.",
        _RULE + "    then: [{kill_child: {process: job.process}}]\n",
    ),
    CodeSpec("E404", "unknown entity", "`each` names a kind of entity that doesn't exist.", _RULE.replace("each: job", "each: jobs")),
    CodeSpec(
        "E405", "unknown action", "`then` names an action that doesn't exist.", _RULE + "    then: [{terminate: {process: job.process}}]\n"
    ),
    CodeSpec(
        "E406",
        "not one action",
        "Each item of `then` is one action with its parameters indented below it.",
        _RULE + "    then: [terminate_process]\n",
    ),
    CodeSpec("E407", "unknown receiver", "`notify` names a receiver that the config doesn't declare.", _RULE + "    notify: [nobody]\n"),
    CodeSpec(
        "E408",
        "condition and change",
        "A rule begins with a condition (`when`) or with a change (`on`). With `on`, `where` says which entities are meant.",
        _RULE + "    on: JobStarted\n",
    ),
    CodeSpec(
        "E409",
        "change of another entity",
        "`on` names a change of entities of another kind than `each`.",
        _RULE.replace("when: job.elapsed > 10m", "on: QueueGrew"),
    ),
    CodeSpec(
        "E410",
        "unusable label",
        "A label's name consists of small letters, digits and '_'; its text is one line of at most 100 characters; a rule has at most 20.",
        _RULE + "    labels: {Team: web}\n",
    ),
    CodeSpec("E411", "unusable runbook", "What begins like the address of a page is one.", _RULE + "    runbook: https:///slow\n"),
    CodeSpec(
        "E412",
        "unusable allowance",
        "So many times in so long a time, like `3/1h`: at most 1000 times, in at most 30 days.",
        _RULE + "    guards: {budget: 3}\n",
    ),
    CodeSpec(
        "E413",
        "unusable hours",
        "Two times of the day by 24 hours, like `22:00-06:00`: the rule acts from the one until the other, over midnight where that is earlier.",
        _RULE + '    guards: {hours: "10pm-6am"}\n',
    ),
    CodeSpec(
        "E414",
        "not about a dead process",
        "`put_back_jobs` is the first step of a rule with `on: ProcessCrashed`, `on: ProcessVanished` or `on: JobsLeftBehind`, for the process that has ended.",
        _RULE + "    then: [{put_back_jobs: {process: job.process}}]\n",
    ),
    CodeSpec(
        "E415",
        "jobs that nobody names",
        "An action on jobs says by at least one parameter which it means, unless the entity that the rule looks at tells it: it never means all of them.",
        _RULE + "    then: [{delete_retries: {cap: 100}}]\n",
    ),
    CodeSpec(
        "E416",
        "jobs that are named twice",
        "What the entity of the rule tells by itself can't be told otherwise by a parameter, and one job is named in one way.",
        _RULE + "    then: [{quarantine_job: {job: job, jid: 4caa72fe18d4b6a0d19e77c3}}]\n",
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
CONFIG_CODES: Final[tuple[CodeSpec, ...]] = (
    CodeSpec(
        "E501",
        "unusable address of Redis",
        "The address of Redis can't be right. It is never shown: it can hold a password.",
        _CONFIG.replace("redis://127.0.0.1:6379/0", "127.0.0.1:6379"),
    ),
    CodeSpec(
        "E502",
        "unusable URL",
        "The address of a receiver or of a check can't be right. It is never shown: it can hold a token.",
        _CONFIG + "receivers: {ops: {type: webhook, url: example.org}}\n",
    ),
    CodeSpec(
        "E503",
        "unknown type of receiver",
        "No such type of receiver is known.",
        _CONFIG + "receivers: {ops: {type: webhok, url: https://example.org}}\n",
    ),
    CodeSpec(
        "E504",
        "unusable receiver name",
        "A receiver's name consists of letters, digits, '_', '-' and '.', at most 64 of them.",
        _CONFIG + 'receivers: {"on call": {type: webhook, url: https://example.org}}\n',
    ),
    CodeSpec(
        "E505",
        "not a reference to a secret",
        "A secret is `${file:PATH}`, `${env:NAME}`, `${credential:NAME}` with a name that systemd allows, or the secret itself.",
        _CONFIG + 'receivers: {ops: {type: webhook, url: https://example.org, secret: "${vault:ops}"}}\n',
    ),
    CodeSpec(
        "E506",
        "unreadable secret",
        "The file, environment variable or credential of a secret does not exist, can't be read, or is empty.",
        _CONFIG + 'receivers: {ops: {type: webhook, url: https://example.org, secret: "${file:missing}"}}\n',
    ),
    CodeSpec(
        "E507", "unknown pack", "No pack of that name comes with the program.", _CONFIG.replace("[rules.yml]", "[rules.yml, pack:mastodn]")
    ),
    CodeSpec(
        "E508",
        "adjustment of an unknown rule",
        "`adjust` names a rule that none of the files has.",
        _CONFIG + "adjust: {slowly: {for: 1m}}\n",
    ),
    CodeSpec(
        "E509",
        "adjustment above the config's mode",
        "A rule may go as far as the config does, and no further.",
        _CONFIG + "mode: dry-run\nadjust: {fine: {mode: act}}\n",
    ),
    CodeSpec(
        "E510",
        "adjustment of an unknown definition",
        "`adjust` sets a name otherwise that the file of the rule doesn't define.",
        _CONFIG + "adjust: {fine: {define: {too_long: 20m}}}\n",
    ),
    CodeSpec(
        "E511",
        "pack that fails its own tests",
        "A pack may act only if its own tests pass in this version of the program.",
        _CONFIG.replace("[rules.yml]", "[rules.yml, failing]") + "mode: act\n",
    ),
    CodeSpec(
        "E512",
        "unusable address of a Sentinel",
        "A Sentinel is named by its host, with a port where that is not 26379.",
        _CONFIG.replace("url: redis://127.0.0.1:6379/0", "sentinels: [redis://10.0.0.1], master: mymaster"),
    ),
    CodeSpec(
        "E513",
        "unusable name of a unit",
        "The name of a systemd service holds letters, digits and `: _ . @ - \\`; a pattern also `*`, `?` and `[…]`.",
        _CONFIG + "units: [mastodon sidekiq]\n",
    ),
    CodeSpec(
        "E514",
        "unusable name of a check",
        "The name of a check consists of letters, digits, '_', '-' and '.', at most 64 of them.",
        _CONFIG + 'checks: {"the web": {type: http, url: "http://127.0.0.1:3000/health"}}\n',
    ),
    CodeSpec(
        "E515",
        "unknown type of check",
        "No such type of check is known.",
        _CONFIG + 'checks: {web: {type: https, url: "https://example.org/health"}}\n',
    ),
    CodeSpec(
        "E516",
        "check that can't be tried",
        "The address is none, or the command has no whole path or a quote that is not closed.",
        _CONFIG + "checks: {storage: {type: command, command: check-storage}}\n",
    ),
    CodeSpec(
        "E517",
        "check without its library",
        "A check of PostgreSQL needs a library that is not installed with the program unless it is asked for.",
        _CONFIG + "checks: {postgres: {type: postgres, user: watchdog, database: mastodon_production}}\n",
    ),
    CodeSpec(
        "E518",
        "unknown time zone",
        "The hours of a rule, and the time of the digest, are by the clocks of a `zone`: a name like `Europe/Berlin` that this machine knows, `UTC`, or `local`.",
        _RULE + '    guards: {hours: "22:00-06:00", zone: Europe/Nowhere}\n',
    ),
)
WARNING_CODES: Final[tuple[CodeSpec, ...]] = (
    CodeSpec(
        "W602",
        "folder without rules",
        "A folder under `rules` holds no file that ends in .yml or .yaml.",
        _CONFIG.replace("[rules.yml]", "[rules.yml, empty]"),
    ),
    CodeSpec(
        "W603",
        "secret open to everybody",
        "Every user of the machine can read the file of a secret.",
        _CONFIG + 'receivers: {ops: {type: webhook, url: https://example.org, secret: "${file:open-secret}"}}\n',
    ),
    CodeSpec(
        "W604",
        "secret in an open config",
        "A secret stands in a config file that every user of the machine can read.",
        _CONFIG + "receivers: {ops: {type: webhook, url: https://example.org, secret: in the open}}\n",
    ),
    CodeSpec(
        "W621",
        "pack without tests",
        "A pack that may act has no tests that would say whether it does what it should.",
        _CONFIG.replace("[rules.yml]", "[rules.yml, untested]") + "mode: act\n",
    ),
    CodeSpec(
        "W622",
        "a unit that the agent may not touch",
        "A rule names a service that `units` of the config does not mean. What runs no Sidekiq that beats and is not meant there is not followed, and never started.",
        "rules:\n  - rule: down\n    each: queue\n    when: queue.latency > 10m\n    for: 1m\n    then:\n"
        "      - start_unit: {unit: postgresql.service}\n    guards: {cooldown: 15m}\n",
    ),
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
