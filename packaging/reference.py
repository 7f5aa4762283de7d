"""
Writes the reference in rules/README.md anew, from the tables that the program itself works by, and in README.md the table of the rules that come with it.

`make docs` runs it; a test proves that both pages are current. It replaces what stands between two markers and
nothing else: what is around them is written by hand.
"""
# ruff: noqa: INP001  (a script beside the program, not a part of it)

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from watchdog.cli import NAME
from watchdog.cli.app import command
from watchdog.cli.examples import EXAMPLES as TYPED
from watchdog.config import inspect_rules
from watchdog.config.packs import PREFIX, pack_names
from watchdog.engine.rules import Rule
from watchdog.errors import CodeSpec
from watchdog.lang import codes as language
from watchdog.lang.arithmetic import EXAMPLES
from watchdog.lang.functions import FUNCTIONS
from watchdog.lang.units import DURATIONS, SIZES
from watchdog.model import expected_keys, keys, mastodon_keys, page_keys, route_keys
from watchdog.model.action_spec import ActionSpec
from watchdog.model.actions import ACTIONS
from watchdog.model.changes import CHANGES
from watchdog.model.checks import CHECKS
from watchdog.model.evidence import EVIDENCE
from watchdog.model.fields import BY_KIND, FieldSpec
from watchdog.model.guards import GUARDS
from watchdog.model.parameters import ParameterSpec
from watchdog.model.points import POINTS, Area
from watchdog.model.receivers import RECEIVERS
from watchdog.model.receivers.webhook import WEBHOOK
from watchdog.model.receivers.webhook_body import BODY
from watchdog.rulefile import codes as files
from watchdog.survey.remarks import REMARKS
from watchdog.web.endpoint import Method
from watchdog.web.endpoints import ENDPOINTS, LOOKS, ROOT
from watchdog.web.metrics import of_agent, of_sidekiq
from watchdog.web.stream.events import FORMATS
from watchdog.web.texts import DOCUMENTS

PAGE: Final = Path(__file__).parents[1] / "rules" / "README.md"
BEGIN: Final = "<!-- What follows is made by `make docs` from the program's own tables; changes here are lost. -->"
END: Final = "<!-- End of what `make docs` makes. -->"
FRONT: Final = Path(__file__).parents[1] / "README.md"
RULES: Final = "<!-- What follows is made by `make docs` from the rules themselves. -->"

KEY_TABLES: Final = {
    "Of a rule file": keys.RULE_FILE,
    "Of a rule": keys.RULE,
    "Under `verify`": keys.VERIFY,
    "Of the config": keys.CONFIG,
    "Under `redis`": keys.REDIS,
    "Under `app`": keys.APP,
    "Under `trace`": keys.TRACE,
    "Under `log`": keys.LOG,
    "Under `ask`": keys.ASK,
    "Under `quarantine`": keys.QUARANTINE,
    "Under `digest`": keys.DIGEST,
    "Under `alerts` of the config": keys.ALERTS,
    "Under `routes`, for each route": route_keys.ROUTE,
    "Under `match`, `when` and `hides` of routes and inhibitions": route_keys.MATCH,
    "Under `escalate`": route_keys.ESCALATE,
    "Under `quiet_hours`": route_keys.QUIET_HOURS,
    "Under `inhibit`, for each": route_keys.INHIBIT,
    "Under `heartbeat`": keys.HEARTBEAT,
    "Under `api`": page_keys.API,
    "Under `page`": page_keys.PAGE,
    "Under `proxy` of `page`": page_keys.PROXY,
    "Under `mastodon`": mastodon_keys.MASTODON,
    "Under `web_log` of `mastodon`": mastodon_keys.WEB_LOG,
    "Under `settings`, for each": expected_keys.EXPECTED,
    "Under `adjust`, for each rule": keys.ADJUSTMENT,
    "Of `pack.yml`": keys.PACK,
    "Of a file of tests": keys.TEST_FILE,
    "Under `fields`": keys.FIELD,
    "Of a test": keys.TEST,
    "Under `entities`, beside the fields": keys.ENTITY,
    "Under `lost`": keys.LOST,
    "Under `expect`": keys.EXPECTATION,
    "Under `alerts`": keys.EXPECTED_ALERT,
    "Under `decisions`": keys.EXPECTED_DECISION,
    "Under `incidents`": keys.EXPECTED_INCIDENT,
}
_UNITS: Final = {"duration": DURATIONS, "size": SIZES, "ratio": ("%",), "rate": ("/s", "/m", "/h", "/d")}


def reference() -> str:
    """The whole reference in Markdown, without the markers."""
    sections = (
        *_types(),
        *_fields(),
        *_functions(),
        *_changes(),
        *_keys(),
        *_actions(),
        *_guards(),
        *_evidence(),
        *_receivers(),
        *_checks(),
        *_points(),
        *_metrics(),
        *_api(),
        *_commands(),
        *_remarks(),
        *_codes(),
    )
    return "\n".join(sections)


def renewed(page: str) -> str:
    """The page with its reference made anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{reference()}\n{END}{after}"


def front(page: str) -> str:
    """The README with its table of rules made anew."""
    before, _, rest = page.partition(RULES)
    _, _, after = rest.partition(END)
    shipped = "\n".join(_shipped())
    return f"{before}{RULES}\n\n{shipped}\n{END}{after}"


def _shipped() -> Iterator[str]:
    for pack in pack_names():
        rules, problems = inspect_rules([Path(f"{PREFIX}{pack}")])
        assert not problems, [str(problem) for problem in problems]
        yield f"**`{PREFIX}{pack}`**\n"
        yield from table(
            ("rule", "looks at", "what it sees", "what it does", "ships in", "maturity"),
            (
                (code(rule.name), rule.each, rule.description, _does(rule), code(rule.mode) if rule.steps else "", rule.maturity)
                for rule in rules.rules
            ),
        )


def _does(rule: Rule) -> str:
    told = f"tells, {rule.severity}"
    return f"{told}; {', then '.join(code(step.action) for step in rule.steps)}" if rule.steps else told


def _types() -> Iterator[str]:
    yield "## Types and units\n"
    rows = ((str(type_), code(example), " ".join(code(unit) for unit in _UNITS.get(type_, ()))) for type_, example in EXAMPLES.items())
    yield from table(("type", "written", "units"), rows)


def _fields() -> Iterator[str]:
    yield "## Fields\n"
    yield "What a condition can read, by what the rule looks at (`each:`).\n"
    for kind, specs in BY_KIND.items():
        shown = [spec for spec in specs.values() if not spec.internal]
        if shown:
            yield f"### {kind}\n"
            yield from table(
                ("field", "type", "what it is", "example"),
                ((code(spec.path), spec.type, explained(spec), code(spec.example)) for spec in shown),
            )


def explained(spec: FieldSpec) -> str:
    """What a field is, and where it is a word for a condition which."""
    return f"{spec.doc} Stands for {code(spec.stands_for)}." if spec.stands_for else spec.doc


def _functions() -> Iterator[str]:
    yield "## Functions\n"
    yield "`x` is a number, `KIND` an entity like `queue`, a window a duration like `10m`.\n"
    yield from table(
        ("function", "gives", "what it is", "example", "of each"),
        ((code(spec.signature), spec.result, spec.doc, code(spec.example), code(spec.each)) for spec in FUNCTIONS),
    )


def _changes() -> Iterator[str]:
    yield "## Changes\n"
    yield "What can stand behind `on:`, by what the rule looks at, and what `changes` shows; there with the value before and after.\n"
    rows = ((code(spec.name), code(spec.kind), spec.doc, "" if spec.field is None else code(spec.field.path)) for spec in CHANGES)
    yield from table(("change", "of each", "what happened", "value"), rows)


def _keys() -> Iterator[str]:
    yield "## Keys\n"
    for title, specs in KEY_TABLES.items():
        yield f"### {title}\n"
        yield from table(
            ("key", "value", "default", "what it is"), ((code(spec.name), spec.value, code(spec.default), spec.doc) for spec in specs)
        )


def _evidence() -> Iterator[str]:
    yield "## Evidence\n"
    yield "What can stand under `evidence:`; a rule without it has all of it collected. It takes five seconds at most, before anything is done to the process.\n"
    yield from table(("name", "what it is"), ((code(spec.name), spec.doc) for spec in EVIDENCE))


def _actions() -> Iterator[str]:
    yield "## Actions\n"
    yield "What can stand under `then:`.\n"
    for spec in ACTIONS:
        yield f"### {spec.name}\n"
        yield f"{spec.doc}\n"
        yield from _parameters(spec.parameters)
        undone = "It can be undone." if spec.can_be_undone else "It can't be undone."
        yield f"It needs: {'; '.join(spec.needs)}. {undone}\n"
        yield f"```yaml\n{example_of(spec)}```\n"


def example_of(spec: ActionSpec) -> str:
    """An item under `then:` with every parameter of the action; of those that say the same in different ways, the first."""
    twice = spec.which[1:] if spec.target else ()
    shown = (parameter for parameter in spec.parameters if parameter.name not in twice)
    return f"then:\n  - {spec.name}: {{{', '.join(f'{parameter.name}: {parameter.example}' for parameter in shown)}}}\n"


def _guards() -> Iterator[str]:
    yield "## Guards\n"
    yield "All of them are asked before each stage of an action, in this order; the first that denies gives the reason.\n"
    yield "Whoever orders an action by hand (`recover`, `restart`) can overrule some of them, by name: `--force cooldown`.\n"
    rows = ((code(spec.name), spec.denies, "no" if spec.binds_people else "yes") for spec in GUARDS)
    yield from table(("guard", "denies when", "by hand: can be overruled"), rows)
    yield "What a rule can set under `guards:`:\n"
    yield from _parameters([setting for spec in GUARDS for setting in spec.settings])


def _receivers() -> Iterator[str]:
    yield "## Receivers\n"
    yield "Who is told, by the `type:` that stands under `receivers:` in the config.\n"
    yield "All of them can have `group_wait`, `group_interval` and `at_most`. A group of which more came than can be told one by one is told of once a minute; more than 20 new groups at once are told as one.\n"
    for spec in RECEIVERS:
        yield f"### {spec.type}\n"
        yield f"{spec.doc}\n"
        yield from _parameters(spec.all_settings)
        if spec.type == WEBHOOK.type:
            yield "What stands in the body, under `data`; beside it `type` (the kind of turn) and `timestamp` (when it happened). `sidekiq-watchdog schema webhook` prints the JSON Schema.\n"
            yield from table(("key", "value", "what it is"), ((code(key.name), str(key.shape), key.doc) for key in BODY))


def _checks() -> Iterator[str]:
    yield "## Checks\n"
    yield "What can be declared, by the `type:` that stands under `checks:` in the config.\n"
    for spec in CHECKS:
        yield f"### {spec.type}\n"
        yield f"{spec.doc}\n"
        yield from _parameters(spec.all_settings)


def _points() -> Iterator[str]:
    yield "## What doctor looks at\n"
    yield "`sidekiq-watchdog doctor` tells of each of these; `--only NAME` of one alone.\n"
    for area in Area:
        yield f"### {area}\n"
        rows = ((code(spec.name), spec.looks_at, spec.why, spec.mend) for spec in POINTS if spec.area is area)
        yield from table(("point", "what is looked at", "why", "how to mend it"), rows)


def _metrics() -> Iterator[str]:
    yield "## Metrics\n"
    yield "What `/metrics` tells Prometheus. What rests on a source that can't be read is not there meanwhile (`watchdog_source_up` says so); of more than 200 label sets the rest is told under `other`. Those with a star are called as sidekiq-prometheus-exporter calls them.\n"
    for title, families in (("Sidekiq", of_sidekiq.FAMILIES), ("The agent", of_agent.FAMILIES)):
        yield f"### {title}\n"
        rows = (
            (code(one.name) + (" ★" if one.is_usual else ""), one.type.value, " ".join(map(code, one.labels)), one.help) for one in families
        )
        yield from table(("metric", "type", "labels", "what it is"), rows)


def _api() -> Iterator[str]:
    yield "## The API\n"
    yield (
        "By the unix socket (`curl --unix-socket /var/lib/sidekiq-watchdog/api.sock http://api/api/v1/overview`) for root and the user of the agent, by TCP where the config has `page:`. "
        "All of it stands below `/api/v1`; `/api/v1/openapi.json` describes it for programs. Lists come in pieces: what an answer gives as `next` is the `after` of the following one, at most 500 at a time. "
        'What goes wrong is `{"error": {"code", "message", "hint"}}`. Times are UTC milliseconds, durations milliseconds.\n'
    )
    yield "### What can be looked at\n"
    looks = (
        (code(one.path), one.doc, " ".join(code(param.name) for param in one.params if not param.in_path), code(f"GET {ROOT}{one.called}"))
        for one in LOOKS
    )
    yield from table(("path", "what it gives", "parameters", "example"), looks)
    yield "### What it gives beside that\n"
    yield from table(("path", "what it gives", "type"), ((code(one.path), one.doc, code(one.kind)) for one in DOCUMENTS))
    yield "### Events\n"
    yield "Each event of `/events` has `id`, `event` and one line of `data`, which is JSON; `/api/v1/openapi.json` has its fields. Whoever comes again with the last `id` as `Last-Event-ID` is told what it missed.\n"
    yield from table(("event", "what it tells"), ((code(name.value), form.doc) for name, form in FORMATS.items()))
    yield "### What can be said\n"
    yield (
        "By POST, as JSON or a form, with a token of `page: tokens` (`Authorization: Bearer TOKEN`) where it comes by TCP. The answer is what stands in the audit log, `outcome` and `reason`; what is refused comes with status 409. "
        "With a header `Idempotency-Key` what is sent twice is heard once. Those with a star are said on the unix socket alone, by root and the user of the agent.\n"
    )
    said = (
        (code(one.path) + (" ★" if one.machine_only else ""), one.doc, " ".join(code(param.name) for param in one.params), code(one.called))
        for one in ENDPOINTS if one.method is Method.POST
    )  # fmt: skip
    yield from table(("path", "what it does", "parameters", "example"), said)


def _parameters(parameters: Iterable[ParameterSpec]) -> Iterator[str]:
    rows = (
        (
            code(spec.name),
            " ".join(code(choice) for choice in spec.choices) or str(spec.form),
            "required" if spec.required else code(spec.default) if spec.default else "none",
            spec.doc,
        )
        for spec in _flat(parameters)
    )
    yield from table(("name", "value", "default", "what it is"), rows)


def _flat(parameters: Iterable[ParameterSpec], within: str = "") -> Iterator[ParameterSpec]:
    """Each parameter, and under one that is a mapping its settings, as `parameter.setting`."""
    for spec in parameters:
        yield msgspec.structs.replace(spec, name=f"{within}{spec.name}")
        yield from _flat(spec.settings, f"{within}{spec.name}.")


def _commands() -> Iterator[str]:
    yield "## Commands\n"
    for name, each in commands():
        arguments = " ".join(_argument(one) for one in each.params if one.param_type_name == "argument")
        yield f"### {NAME} {name}{f' {arguments}' if arguments else ''}\n"
        yield f"{each.help}\n"
        if each.params:
            yield from table(("option", "default", "what it does"), (_option(one) for one in each.params))
        if name in TYPED:
            lines = "\n".join(f"{NAME} {line}" for line in TYPED[name])
            yield f"```sh\n{lines}\n```\n"


def _remarks() -> Iterator[str]:
    yield "## Remarks\n"
    yield "What `init` has to say of a machine; none of them stops anything.\n"
    yield from table(
        ("remark", "what is said", "what to do", "why it matters"), ((code(one.name), one.text, one.mend, one.doc) for one in REMARKS)
    )


def commands() -> Iterator[tuple[str, Any]]:
    """Every command by its name, those of a group by both names."""
    for name, each in sorted(command().commands.items()):
        inner = getattr(each, "commands", None)
        yield from ((name, each),) if inner is None else ((f"{name} {one}", inner[one]) for one in inner)


def _argument(argument: Any) -> str:
    name = argument.metavar.removesuffix("…") + ("…" if argument.nargs == -1 else "")
    return name if argument.required else f"[{name}]"


def _option(option: Any) -> Sequence[str]:
    names = ", ".join(option.opts) if option.param_type_name == "option" else ""
    default = "" if option.default in {None, False} else code(str(option.default))
    return code(f"{names} {option.metavar or ''}".strip()), default, option.help.partition("  [default")[0]


def _codes() -> Iterator[str]:
    yield "## Problems\n"
    yield "What `check`, `run` and a reload can find. A code that begins with W is a warning and stops nothing.\n"
    yield "### In conditions\n"
    rows = ((code(spec.code), spec.title, spec.doc, code(spec.example) if is_shown(spec, longest=80) else "") for spec in language.CODES)
    yield from table(("code", "problem", "rule", "example"), rows)
    yield "### In files\n"
    for spec in files.CODES:
        yield f"**{spec.code}** {spec.title}. {spec.doc}\n"
        if is_shown(spec, longest=400):
            yield f"```yaml\n{spec.example.rstrip()}\n```\n"


def is_shown(spec: CodeSpec, *, longest: int) -> bool:
    """Whether the example helps a reader: some are a megabyte long, or can't be seen."""
    visible = all(char.isprintable() or char == "\n" for char in spec.example)
    return visible and len(spec.example) <= longest and bool(spec.example.strip())


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table, and an empty line behind it."""
    for cells in (headings, ["---"] * len(headings), *rows):
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
    yield ""


def code(text: str) -> str:
    """As code; with backticks enough that those within are not the end of it."""
    return f"`` {text} ``" if "`" in text else f"`{text}`" if text else ""


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    FRONT.write_text(front(FRONT.read_text(encoding="utf-8")), encoding="utf-8")
