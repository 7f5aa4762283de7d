"""
Every warning of the danger linter: the part of the table in `codes.py` that `lint.py` raises.

The counterpart of the errors: these rules can run, and may do what their author never meant. A code never changes its meaning.
"""

from typing import Final

from watchdog.errors import CodeSpec

_HEAD: Final = "rules:\n  - rule: slow\n    each: job\n    when: job.elapsed > 10m\n"
_STEP: Final = "    then:\n      - terminate_process: {process: job.process}\n"
_FOR: Final = "    for: 20s\n"
_GUARDS: Final = "    guards: {cooldown: 15m}\n"
_PROCESS: Final = "rules:\n  - rule: slow\n    each: process\n    when: "

LINT_CODES: Final[tuple[CodeSpec, ...]] = (
    CodeSpec(
        "W601",
        "short grace",
        "SIGKILL comes before Sidekiq has pushed its unfinished jobs back (its `timeout`, 25s by default, and five seconds), so they are lost.",
        _HEAD + _FOR + _STEP.replace("job.process}", "job.process, grace: 10s}") + _GUARDS,
    ),
    CodeSpec(
        "W610",
        "action at once",
        "The rule acts on the first reading that fits: it has neither `for` nor a condition over time (a history function, or `held`).",
        _HEAD + _STEP + _GUARDS,
    ),
    CodeSpec(
        "W611",
        "no cooldown of its own",
        "The rule acts and doesn't say how long it then leaves its target alone: the default holds (15m), or none at all where it says 0s.",
        _HEAD + _FOR + _STEP,
    ),
    CodeSpec(
        "W612",
        "nothing need be left",
        "With `keep: 0%` the rule may take away the last process that serves a queue.",
        _HEAD + _FOR + _STEP + "    guards: {cooldown: 15m, keep: 0%}\n",
    ),
    CodeSpec(
        "W613",
        "action of a rule that nobody trusts yet",
        "A rule of `maturity: sandbox` is still being tried out, and can act all the same. `mode: dry-run` shows what it would do.",
        _HEAD + "    maturity: sandbox\n" + _FOR + _STEP + _GUARDS,
    ),
    CodeSpec(
        "W614",
        "rule that another one covers",
        "Whenever this rule holds, the other one held before or holds too, and does and says the same: this one adds nothing.",
        _HEAD + _HEAD.removeprefix("rules:\n").replace("slow", "slower").replace("10m", "20m"),
    ),
    CodeSpec(
        "W615",
        "window longer than histories can be",
        "The memory for histories is bounded: what was asked for least recently is forgotten first, and a window that has lost its beginning is unknown. "
        "A day is what values that change often are given.",
        _PROCESS + "avg(process.rss, 7d) > 2GiB\n",
    ),
    CodeSpec(
        "W616",
        "all of nothing",
        "`all` is true where there is nothing at all. Ask for `count(…) > 0` beside it, or say `not any(… where not …)` if that is meant.",
        "rules:\n  - rule: slow\n    each: sidekiq\n    when: all(process where process.quiet)\n",
    ),
    CodeSpec(
        "W617",
        "an action that never comes",
        "A change is over as soon as it has happened, and so is its alert; a rule with `on:` acts only while `keep_firing_for` lasts.",
        "rules:\n  - rule: quiet\n    each: process\n    on: ProcessQuiet\n    then:\n"
        "      - terminate_process: {process: process, grace: 60s}\n    guards: {cooldown: 15m, keep: 50%}\n",
    ),
    CodeSpec(
        "W618",
        "nothing comes before it",
        "`verify` is looked at after the last step, and `or_else` is done where a step has failed: a rule without `then` has neither.",
        _HEAD + "    verify: {when: job.elapsed < 1m, within: 5m}\n",
    ),
    CodeSpec(
        "W619",
        "a start that never comes",
        "`UnitStopped` tells of units that have ended in good order, which is how one ends that somebody stops; such a one is not started. Those that failed by themselves "
        "`UnitFailed` tells of.",
        "rules:\n  - rule: down\n    each: unit\n    on: UnitStopped\n    keep_firing_for: 5m\n    then:\n"
        "      - start_unit: {unit: unit}\n    guards: {cooldown: 15m}\n",
    ),
    CodeSpec(
        "W630",
        "no template",
        "`scale_out` and `scale_in` are for units that are made from a template, whose name ends with `@.service`; of any other there can't be one more or one less.",
        _PROCESS + "process.cpu > 95%\n" + _FOR + "    then:\n      - scale_out: {template: mastodon-sidekiq.service, max: 3}\n" + _GUARDS,
    ),
    CodeSpec(
        "W631",
        "more or less of the scheduler",
        "What serves the queue `scheduler` there must be once: two push everything twice, and without one nothing is pushed. So both actions refuse it; the name of this template says that it does.",
        _PROCESS
        + "process.cpu > 95%\n"
        + _FOR
        + "    then:\n      - scale_out: {template: mastodon-sidekiq-scheduler@.service, max: 3}\n"
        + _GUARDS,
    ),
    CodeSpec(
        "W632",
        "more than there may be",
        "`scale_in` leaves `min` instances of a template, and `scale_out` never lets more than `max` run: where `min` is the greater one nothing is ever taken away.",
        _PROCESS
        + "process.cpu > 95%\n"
        + _FOR
        + "    then:\n      - scale_out: {template: sidekiq@.service, max: 2}\n      - scale_in: {template: sidekiq@.service, min: 3}\n"
        + _GUARDS,
    ),
)
