"""
Every key that a person can write in a rule file, a config, a pack's manifest or a rule test: tables of what each is for.

The counterpart of the readers in `rulefile`, which know what each must hold; a test proves that both know the same keys. The reference and
the JSON Schemas are made from these.
"""

from typing import Final

import msgspec

from watchdog.model.named.reading import PLACE


class KeySpec(msgspec.Struct, frozen=True):
    """
    One key.

    `value` says in words what stands behind it, `default` what holds where it is not written (empty: nothing does).
    """

    name: str
    value: str
    doc: str
    default: str = ""


RULE_FILE: Final[tuple[KeySpec, ...]] = (
    KeySpec("rules", "list of rules", "The rules, in the order in which they are asked."),
    KeySpec(
        "define", "names with values", "Lists of texts and conditions that have a name, to be used in the conditions of this file by it."
    ),
)

RULE: Final[tuple[KeySpec, ...]] = (
    KeySpec("rule", "name", "Its name: small letters, digits and '-'. No two rules share one."),
    KeySpec(
        "summary",
        "text with holes",
        "What the alert says; each `{{ … }}` holds an expression of the language. What can't be known is shown as `?`.",
    ),
    KeySpec("description", "text", "Why the rule exists, for whoever reads it."),
    KeySpec(
        "runbook",
        "address, file or text",
        "What a person does about it, in order, or where that is written. With a blank or a line break in it, it is text: at most 2,000 characters, shown as it stands, and in messages as much of it as fits 700.",
    ),
    KeySpec("version", "text", "The version of the rule, for those who share it."),
    KeySpec("labels", "names with texts", "Short texts that go with the alert to its receivers."),
    KeySpec("maturity", "choice", "How far its author trusts it.", "stable"),
    KeySpec("severity", "choice", "How bad it is.", "warning"),
    KeySpec("each", "kind of entity", "What the rule looks at: every entity of this kind is judged by itself."),
    KeySpec("where", "condition", "Which of them; the rest is not looked at."),
    KeySpec("when", "condition", "What must be true of one for the alert. Either this or `on`."),
    KeySpec("on", "name of a change", "The change that raises the alert at once. Either this or `when`."),
    KeySpec("for", "duration", "How long it must be true before the alert fires.", "0s"),
    KeySpec("keep_firing_for", "duration", "How long it must be false before the alert is resolved.", "0s"),
    KeySpec("evidence", "list of names", "What is collected of the process before it is touched; nothing with `[]`.", "all of it"),
    KeySpec("then", "list of actions", "What is done, one after the other; without it the rule only tells."),
    KeySpec("or_else", "list of actions", "What is done instead where a step under `then` failed."),
    KeySpec("verify", "`when` and `within`", "What must be true within that time after the last step: the proof that it helped."),
    KeySpec("guards", "settings", "Settings of the guards, where they differ from those of the guard table."),
    KeySpec("mode", "choice", "How far this rule may go; the config's mode still is the ceiling.", "act"),
    KeySpec("notify", "list of receivers", "Who is told; names that the config declares under `receivers`."),
)

VERIFY: Final[tuple[KeySpec, ...]] = (
    KeySpec("when", "condition", "What must be true of the entity."),
    KeySpec("within", "duration", "For how long it is waited for."),
)

CONFIG: Final[tuple[KeySpec, ...]] = (
    KeySpec("mode", "choice", "How far the agent may go. A rule can be set lower, never higher.", "dry-run"),
    KeySpec("redis", "`url` or `sentinels`, …", "The server and database that Sidekiq uses."),
    KeySpec(
        "app_redis",
        "`url` or `sentinels`, …",
        "The server in which the application keeps its own data, where that is another than Sidekiq's (Mastodon: `REDIS_*` beside `SIDEKIQ_REDIS_*`). Rules see it as `redis` too, under the name `app`.",
    ),
    KeySpec("app", "`folder` and `user`", "Where the application lies and who runs it, where the agent can't see that by itself."),
    KeySpec("rules", "list of paths", "Rule files, folders, or packs that come with the program (`pack:NAME`); relative to the config."),
    KeySpec("adjust", "names of rules with settings", "Changes to rules of packs and files, without editing them."),
    KeySpec("state", "path", "The folder of database and audit log; one agent a folder."),
    KeySpec(
        "units",
        "list of names",
        "The services of systemd that belong to Sidekiq, as names or with `*`; those in which a Sidekiq process of this host runs always do. "
        "No others are ever started or stopped.",
        "`[mastodon-sidekiq*, sidekiq*]`",
    ),
    KeySpec(
        "commands",
        "path",
        "The file in which root names the commands that rules may have run; another only where root's units read another, too.",
        f"`{PLACE}`",
    ),
    KeySpec("host", "name", "The name under which Sidekiq knows this machine, where it is another than the machine's own."),
    KeySpec("receivers", "names with settings", "Who can be told; rules name them under `notify`."),
    KeySpec("trace", "`keep` and `most`", "How much is kept of what the agent saw; it lies in the folder `trace` of the state folder."),
    KeySpec("log", "`journal`, `files`, `burst`", "Where Sidekiq's log is read when a process is to be ended or somebody asks."),
    KeySpec(
        "protected",
        "list of names",
        "Targets that no rule touches, by unit, `HOST/UNIT`, tag or identity, as names or with `*`; pid 1, kernel threads and the agent itself always.",
    ),
    KeySpec(
        "checks",
        "names with settings",
        "What else must work for Sidekiq to work: database, web, search. While one of them fails nothing is done to any process. What is not declared is not checked.",
    ),
    KeySpec(
        "host_budget",
        "times in a time",
        "How often all rules together may act on the processes of a host before a person is asked, where a rule has no such setting of its own.",
        "6/1h",
    ),
    KeySpec(
        "target_budget",
        "times in a time",
        "The same for one target.",
        "6/1d",
    ),
    KeySpec(
        "ask",
        "`people`, `approvals`, `answer_within`",
        "Who is asked where the mode is `ask`, or a guard has a person asked, and for how long an answer is waited for.",
    ),
    KeySpec("quarantine", "`keep` and `in`", "Where jobs are kept that were taken out, whole, and for how long."),
    KeySpec("digest", "`day`, `at`, `zone`", "When every receiver of a rule is told, once a week, what has come of the rules."),
    KeySpec(
        "fleet_budget",
        "allowance",
        "How often the agents of all hosts together may quiet, end or restart a process of this Redis within a time that slides; after that a person is asked.",
        "6/1h",
    ),
    KeySpec(
        "routes",
        "list of routes",
        "Who is told of which alerts, and how: the first that fits holds. What rules say themselves (`notify:`) goes before it.",
        "whom the rules name",
    ),
    KeySpec("inhibit", "list of inhibitions", "Alerts that are the cause of others, of which nobody is told meanwhile.", "none"),
    KeySpec("alerts", "`page`", "What every message says beside what it is about."),
    KeySpec(
        "heartbeat",
        "`url`, `every`, `style`",
        "Who is told, again and again, that the agent lives; when it no longer is, it raises the alarm.",
    ),
    KeySpec(
        "api",
        "`socket`, `group`",
        "The unix socket by which commands of this machine ask the agent. It is always there, for root and the user of the agent.",
    ),
    KeySpec(
        "page",
        "`listen`, `tokens`, `proxy`, `reading`, `metrics`, `origin`",
        "Where the page is seen, the API answers and `/metrics` is read by TCP. Without it nothing listens there.",
    ),
    KeySpec(
        "mastodon",
        "`domain`, `url`, `token`, `watch`, `web_log`",
        "The application is Mastodon, and others know it by this name. Without it nothing is known of the traffic with other servers but what stands in Redis for Sidekiq.",
    ),
    KeySpec(
        "settings",
        "names with `file`, `key`, `is`",
        "Settings of the application that must be there: `pack:mastodon` tells of one that is missing or holds something else. What they hold is told to nobody.",
    ),
)

REDIS: Final[tuple[KeySpec, ...]] = (
    KeySpec(
        "url",
        "address",
        "`redis://`, `rediss://` or `unix:///path/to/redis.sock`; can be written as `${file:PATH}`, `${env:NAME}` or `${credential:NAME}`. With `sentinels` only user, password and database: `redis://USER:PASSWORD@/0`, or `rediss://…` for TLS to server and Sentinels.",
    ),
    KeySpec("namespace", "text", "REDIS_NAMESPACE of the application, if it has one (only Sidekiq 6 can have one)."),
    KeySpec("sentinels", "list of `HOST:PORT`", "The Sentinels that know which server is the master; REDIS_SENTINELS of Mastodon."),
    KeySpec("master", "name", "The name under which they know it; REDIS_SENTINEL_MASTER."),
    KeySpec("sentinel_user", "name", "The user for the Sentinels themselves, if they want one.", "`default`"),
    KeySpec(
        "sentinel_password",
        "secret",
        "The password for the Sentinels themselves, if they want one. Mastodon takes that of Redis where REDIS_SENTINEL_PASSWORD is not set; the agent never does.",
    ),
    KeySpec("scheduler_prefix", "text", "`key_prefix` of sidekiq-scheduler, if it was given one."),
    KeySpec(
        "budget",
        "ratio",
        "The share of one core that Redis may spend on the agent, at least 0.1%. Above it, by the agent's own estimate, all that is read by the clock is "
        "read more seldom, up to eight times; `status` says so.",
        "2%",
    ),
)

APP: Final[tuple[KeySpec, ...]] = (
    KeySpec(
        "folder",
        "path",
        "The folder of the application, `/home/mastodon/live` for Mastodon; whether it has been deployed anew is seen by files in it.",
        "that in which each process runs, if it is shown to the agent",
    ),
    KeySpec("user", "name", "Whose commands can be a deployment.", "those who run Sidekiq here"),
)

TRACE: Final[tuple[KeySpec, ...]] = (
    KeySpec(
        "keep",
        "duration",
        "For how long; `0s` for no trace at all. Without one, windows know nothing of the last half minute after a crash.",
        "14d",
    ),
    KeySpec("most", "size", "How many bytes at most: the oldest go first.", "1GB"),
)

LOG: Final[tuple[KeySpec, ...]] = (
    KeySpec(
        "journal",
        "`true` or `false`",
        "systemd's journal is read, unless a file is named for the unit. The agent must be in the group systemd-journal.",
        "true",
    ),
    KeySpec(
        "files",
        "units with paths",
        "The log file of a unit that doesn't write into the journal; under the name `any` for processes of every other unit, or of none. Only absolute paths.",
    ),
    KeySpec(
        "burst",
        "count",
        "Lines of a unit that journald lets through in 30 s (RateLimitBurst, LogRateLimitBurst); above it nothing is proven by the journal. `0` where it limits nothing (RateLimitBurst=0 in journald.conf); LogRateLimitIntervalSec=0 of a unit is none to systemd.",
        "10000",
    ),
)

QUARANTINE: Final[tuple[KeySpec, ...]] = (
    KeySpec("keep", "duration", "For how long a job is kept; three days before the end it is said.", "30d"),
    KeySpec(
        "in",
        "choice",
        "`store` is the agent's own; with `both` jobs stand in Sidekiq's dead set as well, where everybody sees them and somebody may put them back.",
        "store",
    ),
)

DIGEST: Final[tuple[KeySpec, ...]] = (
    KeySpec("day", "choice", "A day of the week, from `monday` on, or `never`.", "monday"),
    KeySpec("at", "time of the day", "When on that day, by 24 hours.", "09:00"),
    KeySpec("zone", "name", "By which clocks: a name like `Europe/Berlin`, `UTC`, or `local` for those of this machine.", "local"),
)

ALERTS: Final[tuple[KeySpec, ...]] = (
    KeySpec(
        "page",
        "address",
        "Where people find the page of the agent: a message about an incident has a link to `/incidents/ID` under it. Without it there is no such link.",
    ),
)

HEARTBEAT: Final[tuple[KeySpec, ...]] = (
    KeySpec(
        "url",
        "address or secret",
        "What is called as long as the agent makes its turns and can write them down; can be written as `${file:PATH}`, `${env:NAME}` or `${credential:NAME}`. An agent that hangs, has ended or was stopped no longer does: whoever listens there must raise the alarm by itself.",
    ),
    KeySpec("every", "duration", "How often. Whoever listens should wait for two or three times as long before the alarm.", "1m"),
    KeySpec(
        "style",
        "choice",
        "`healthchecks`: a POST, with `/start` behind the address when the agent begins and `/fail` while nothing can be written down or Redis can't be read; a line of counts is the body. `plain`: a GET of the address itself, and none while something is wrong.",
        "healthchecks",
    ),
)

ASK: Final[tuple[KeySpec, ...]] = (
    KeySpec(
        "people",
        "names with lists",
        "Who may answer: for each person the names under which he comes, an account of this machine as it is, others behind their channel (`matrix:@ada:example.org`). By a receiver nobody else is heard, whatever is said.",
        "whoever may write into the folder `orders` of the state folder",
    ),
    KeySpec(
        "approvals", "count", "How many different people must say yes; a rule can want more (`guards: {approvals: 2}`), never fewer.", "1"
    ),
    KeySpec("answer_within", "duration", "For how long they are waited for, where a rule doesn't say it; then it is not done.", "1h"),
)

ADJUSTMENT: Final[tuple[KeySpec, ...]] = (
    KeySpec("for", "duration", "Instead of the rule's own."),
    KeySpec("keep_firing_for", "duration", "Instead of the rule's own."),
    KeySpec("mode", "choice", "Instead of the rule's own; at most that of the config."),
    KeySpec("severity", "choice", "Instead of the rule's own."),
    KeySpec("notify", "list of receivers", "Instead of the rule's own."),
    KeySpec("guards", "settings", "Instead of the rule's own; those that are not written stay as they are."),
    KeySpec("disabled", "`true`", "The rule is checked and otherwise not there.", "false"),
    KeySpec(
        "define", "names with values", "Other values for names that the rule's file defines, for this rule alone: thresholds above all."
    ),
)

PACK: Final[tuple[KeySpec, ...]] = (
    KeySpec("pack", "name", "Its name, which is that of its folder."),
    KeySpec("version", "text", "Its own version: numbers with dots."),
    KeySpec("description", "text", "What is in it, in a sentence."),
    KeySpec("requires", "text", "The first version of the program that can run it.", "any"),
    KeySpec("maturity", "choice", "What its least trusted rule promises at least.", "stable"),
)

TEST_FILE: Final[tuple[KeySpec, ...]] = (
    KeySpec("tests", "list of tests", "The tests; each begins anew with an agent that knows nothing."),
    KeySpec("every", "duration", "How far readings are apart where a test doesn't say it.", "10s"),
    KeySpec("fields", "list of fields", "Fields that no source delivers yet, so that rules of tomorrow can be tested today."),
)

FIELD: Final[tuple[KeySpec, ...]] = (
    KeySpec("field", "name", "Entity, dot, name: `process.cpu`."),
    KeySpec("type", "choice", "What kind of value it has."),
    KeySpec("source", "choice", "Who will deliver it.", "redis"),
)

TEST: Final[tuple[KeySpec, ...]] = (
    KeySpec("test", "text", "What is shown by it, in a sentence."),
    KeySpec("mode", "choice", "The mode in which the agent runs.", "act"),
    KeySpec("every", "duration", "How far readings are apart."),
    KeySpec("entities", "list of entities", "Who is there and what is read of them; of what isn't written all is well."),
    KeySpec(
        "look_alike",
        "list of rules",
        "Rules that this looks like and that must not fire at any time of it: what they would be wrong about.",
    ),
    KeySpec("lost", "list of sources", "Which source can't be read, and when."),
    KeySpec("looks", "choice", "What the agent finds when it looks at a process once more before it acts.", "healthy"),
    KeySpec("exits", "duration or `never`", "How long a process takes to end after SIGTERM; `never`: only SIGKILL ends it.", "1s"),
    KeySpec("expect", "list of moments", "What must hold, in the order of time."),
)

ENTITY: Final[tuple[KeySpec, ...]] = (
    KeySpec("from", "duration", "From when on it is there, counted from the beginning of the test.", "0s"),
    KeySpec("until", "duration", "From when on it is there no more."),
)

LOST: Final[tuple[KeySpec, ...]] = (
    KeySpec("source", "choice", "Which one can't be read."),
    KeySpec("from", "duration", "From when on.", "0s"),
    KeySpec("until", "duration", "Until when; without it to the end."),
)

EXPECTATION: Final[tuple[KeySpec, ...]] = (
    KeySpec("at", "duration", "When, counted from the beginning of the test."),
    KeySpec("alerts", "list of alerts", "Every alert that fires then, and no other; pending ones may be left out."),
    KeySpec("decisions", "list of decisions", "What every rule that wanted to act was told last."),
    KeySpec("incidents", "list of incidents", "Every incident so far, whatever became of it."),
)

EXPECTED_ALERT: Final[tuple[KeySpec, ...]] = (
    KeySpec("rule", "name", "Of which rule."),
    KeySpec("entity", "name", "On which entity."),
    KeySpec("state", "choice", "How far it is.", "firing"),
)

EXPECTED_DECISION: Final[tuple[KeySpec, ...]] = (
    KeySpec("rule", "name", "Of which rule."),
    KeySpec("decision", "choice", "What the guards and the mode made of it."),
    KeySpec("guard", "choice", "Which guard gave the reason."),
    KeySpec("process", "name", "For which process."),
)

EXPECTED_INCIDENT: Final[tuple[KeySpec, ...]] = (
    KeySpec("rule", "name", "Of which rule."),
    KeySpec("outcome", "choice", "How it stands or has ended."),
)
