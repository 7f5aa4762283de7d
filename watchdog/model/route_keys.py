"""Every key that a person can write under `routes` and `inhibit`: tables like those of `keys.py`, which says what they are for."""

from typing import Final

from watchdog.model.keys import KeySpec

ROUTE: Final[tuple[KeySpec, ...]] = (
    KeySpec("route", "name", "Its name, by which the audit log tells that it was this one.", "its number, `#1` for the first"),
    KeySpec("match", "what it fits", "Which alerts it is for.", "all of them"),
    KeySpec("notify", "list of receivers", "Who is told of alerts of rules that name nobody themselves (`notify:`)."),
    KeySpec(
        "group_by",
        "list of names",
        "What alerts have in common that are told together, in one message where the receiver can change what it was sent: `rule`, `target`, `entity`, `severity`, `labels.NAME`; "
        "`incident`: each by itself.",
        "[rule]",
    ),
    KeySpec(
        "repeat",
        "duration or `never`",
        "When it is said again if nobody has acknowledged it and it still fires; each time after twice as long, up to a day.",
        "4h",
    ),
    KeySpec(
        "escalate",
        "`after` and `to`, or a list of them",
        "Who else is told if nobody acknowledges it; everything that follows goes there, too.",
    ),
    KeySpec("quiet_hours", "`from`, `to`, …", "Hours in which only the worst is told at once, all else at their end and together."),
    KeySpec("continue", "`true`", "The routes behind it are asked as well; otherwise the first that fits is the only one.", "false"),
)

MATCH: Final[tuple[KeySpec, ...]] = (
    KeySpec("severity", "one or a list", "How bad: `info`, `warning`, `critical`."),
    KeySpec("rule", "one or a list of patterns", "Of which rule: `redis-*`."),
    KeySpec("each", "one or a list", "What the rule looks at, like `process` or `queue`."),
    KeySpec("entity", "one or a list of patterns", "Which of them, by its name."),
    KeySpec(
        "target",
        "one or a list of patterns",
        "The process or service that it is about, as silences name it: `mastodon-sidekiq-push`, `web1/*`.",
    ),
    KeySpec("labels", "names with patterns", "Labels of the rule."),
)

ESCALATE: Final[tuple[KeySpec, ...]] = (
    KeySpec(
        "after",
        "duration",
        "How long it has been told without anybody having acknowledged it. A question is passed on when half of its time is over.",
    ),
    KeySpec("to", "list of receivers", "Who is told then."),
)

QUIET_HOURS: Final[tuple[KeySpec, ...]] = (
    KeySpec("from", "time of the day", "When they begin."),
    KeySpec("to", "time of the day", "When they end."),
    KeySpec("zone", "name", "By which clocks: a name like `Europe/Berlin`, `UTC`, or `local` for those of this machine.", "local"),
    KeySpec(
        "except",
        "one or a list",
        "Severities that are told at once all the same. So is every question, and that something can't go on or has failed.",
        "critical",
    ),
)

INHIBIT: Final[tuple[KeySpec, ...]] = (
    KeySpec("when", "what it fits", "The alerts that are the cause of others, while they fire and are told."),
    KeySpec("hides", "what it fits", "The alerts that nobody is told of then. What still fires when the last cause is over is told."),
    KeySpec(
        "same",
        "list of names",
        "What both must have in common: `host`, `process`, `queue`, `target`, `entity`, `labels.NAME`. Where it is not known of one, nothing is hidden.",
        "nothing",
    ),
)
