"""
JSON Schemas (draft 2020-12) of rule files, packs, configs and rule tests, for editors: completion, explanations, and red lines while somebody types.

The counterpart of the readers: made from the same tables, it knows shapes, keys and choices, and nothing of conditions, names used twice
or places. What it refuses a reader refuses too; what it accepts can still be wrong. Values are texts to our readers whatever they
look like, so numbers and truths are allowed where a text is.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from watchdog.lang.functions import FUNCTIONS, NAMES
from watchdog.lang.lexer import KEYWORDS
from watchdog.lang.units import DURATIONS
from watchdog.model import actions, changes, checks, evidence, expected_keys, guards, keys, receivers
from watchdog.model.fields import BY_KIND, FIELDS
from watchdog.model.keys import KeySpec
from watchdog.model.kinds import Kind, Source, Type
from watchdog.model.notices import Severity
from watchdog.model.parameters import Form, ParameterSpec
from watchdog.model.receivers.spec import ReceiverSpec
from watchdog.model.records import INCIDENT_OUTCOMES
from watchdog.model.verdicts import Decision, Mode
from watchdog.model.weekly import DAYS
from watchdog.rulefile.annotations import LABEL
from watchdog.rulefile.digest import NEVER, TIME
from watchdog.rulefile.heartbeat import STYLES
from watchdog.rulefile.pack import VERSION
from watchdog.rulefile.quarantine import PLACES
from watchdog.rulefile.rule import MATURITIES
from watchdog.rulefile.rule import NAME as RULE_NAME
from watchdog.rulefile.schema_mastodon import mastodon_part
from watchdog.rulefile.schema_page import page_parts
from watchdog.rulefile.schema_routes import routing_parts
from watchdog.rulefile.shares import KEYS as SHARES
from watchdog.rulefile.testfile import LOOKS, STATES
from watchdog.rulefile.typed import NAME as NAME_OF_ONE
from watchdog.rulefile.units import PATTERN as UNIT_PATTERN

Schema = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_NUMBER: Final = r"[0-9]+(\.[0-9]+)?"
_WORDS: Final = r"\S"
_FORMS: Final[dict[Form, Schema]] = {
    Form.DURATION: {"anyOf": [{"type": "string", "pattern": rf"^\s*(0|({_NUMBER}({'|'.join(DURATIONS)}))+)\s*$"}, {"const": 0}]},
    Form.RATIO: {"anyOf": [{"type": "string", "pattern": rf"^\s*(0|{_NUMBER}%)\s*$"}, {"const": 0}]},
    Form.COUNT: {"anyOf": [{"type": "string", "pattern": rf"^\s*{_NUMBER}\s*$"}, {"type": "number"}]},
    Form.BOOL: {"enum": [True, False, "true", "false"]},
    Form.TEXT: {"type": ["string", "number", "boolean"], "pattern": _WORDS},
    Form.SECRET: {"type": ["string", "number"], "pattern": _WORDS},
    Form.URL: {"type": "string", "pattern": r"^(https?://|\$\{)"},
    Form.URLS: {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": "^https?://"}},
    Form.PROCESS: {"type": "string", "pattern": _WORDS},
    Form.ALLOWANCE: {"type": "string", "pattern": rf"^\s*[0-9]{{1,4}}\s*/\s*({_NUMBER}({'|'.join(DURATIONS)}))+\s*$"},
    Form.HOURS: {"type": "string", "pattern": r"^\s*[0-9]{1,2}:[0-5][0-9]\s*-\s*[0-9]{1,2}:[0-5][0-9]\s*$"},
    Form.NAMES: {"type": "array", "items": {"type": ["string", "number"], "pattern": _WORDS}},
    Form.JOB: {"type": "string", "pattern": _WORDS},
    Form.UNIT: {"type": "string", "pattern": _WORDS},
    Form.PEER: {"type": "string", "pattern": _WORDS},
    Form.COMMAND: {"type": "string", "pattern": _WORDS},
    Form.GIVEN: {"type": "object", "additionalProperties": {"type": ["string", "number"]}},
}
_TAKEN: Final = "|".join(sorted({*KEYWORDS, *NAMES, *(kind.value for kind in Kind)}))
_DEFINED: Final = rf"^(?!({_TAKEN})$)[A-Za-z_][A-Za-z0-9_]{{0,63}}$"
"""A word that has no meaning yet (`lang.names`)."""
_TEXT: Final = _FORMS[Form.TEXT]
_CONDITION: Final[Schema] = {
    "description": "A condition of the language: job.elapsed > 10m",
    "type": ["string", "boolean"],
    "pattern": _WORDS,
    # What editors propose: every field and function once, as it is used.
    "examples": [*(spec.example for spec in FIELDS if not spec.internal), *(spec.example for spec in FUNCTIONS)],
}
_DURATION: Final[Schema] = {"$ref": "#/$defs/duration"}


def rules_schema() -> Schema:
    """What a rule file looks like."""
    file = _mapping(keys.RULE_FILE, {"rules": _list({"$ref": "#/$defs/rule"}), "define": {"$ref": "#/$defs/define"}}, required=("rules",))
    return _whole(
        "A file of rules",
        file,
        {"rule": _rule(), "condition": _CONDITION, "step": _step(), "guards": _guards(), "define": _define(), **_shared()},
    )


def config_schema() -> Schema:
    """What a config looks like."""
    config = _mapping(
        keys.CONFIG,
        {
            "mode": {"$ref": "#/$defs/mode"},
            "redis": {"$ref": "#/$defs/redis"},
            "app_redis": {"$ref": "#/$defs/redis"},
            "rules": {**_list(_TEXT), "minItems": 1},
            "adjust": _by_name({"$ref": "#/$defs/adjustment"}, f"^{RULE_NAME.pattern}$"),
            "state": _TEXT,
            "commands": _TEXT,
            "host": _TEXT,
            "units": _list({"type": "string", "pattern": UNIT_PATTERN.pattern}),
            "receivers": _by_name({"$ref": "#/$defs/receiver"}, f"^{NAME_OF_ONE.pattern}$"),
            "checks": _by_name({"$ref": "#/$defs/check"}, f"^{NAME_OF_ONE.pattern}$"),
            "app": _mapping(keys.APP, {"folder": _TEXT, "user": _TEXT}),
            "trace": _mapping(keys.TRACE, {"keep": _DURATION, "most": _TEXT}),
            "log": _mapping(
                keys.LOG,
                {
                    "journal": _FORMS[Form.BOOL],
                    "files": {"type": "object", "additionalProperties": {"type": "string", "pattern": "^/"}},
                    "burst": _FORMS[Form.COUNT],
                },
            ),
            "quarantine": _mapping(keys.QUARANTINE, {"keep": _DURATION, "in": {"enum": list(PLACES)}}),
            "protected": _FORMS[Form.NAMES],
            "digest": _mapping(
                keys.DIGEST, {"day": {"enum": [*DAYS, NEVER]}, "at": {"type": "string", "pattern": f"^({TIME.pattern})$"}, "zone": _TEXT}
            ),
            **dict.fromkeys(SHARES, _FORMS[Form.ALLOWANCE]),
            "ask": _mapping(
                keys.ASK,
                {
                    "people": {"type": "object", "additionalProperties": _FORMS[Form.NAMES]},
                    "approvals": _FORMS[Form.COUNT],
                    "answer_within": _DURATION,
                },
            ),
            "fleet_budget": _FORMS[Form.ALLOWANCE],
            "routes": _list({"$ref": "#/$defs/route"}),
            "alerts": _mapping(keys.ALERTS, {"page": {"type": "string", "pattern": r"^https?://"}}),
            "inhibit": _list({"$ref": "#/$defs/inhibition"}),
            "heartbeat": _mapping(
                keys.HEARTBEAT, {"url": _FORMS[Form.URL], "every": _DURATION, "style": {"enum": list(STYLES)}}, required=("url",)
            ),
            "settings": _by_name(
                _mapping(expected_keys.EXPECTED, dict.fromkeys(("file", "key", "is"), _TEXT), required=("file", "key")),
                f"^{NAME_OF_ONE.pattern}$",
            ),
            "mastodon": mastodon_part(_mapping, text=_TEXT, secret=_FORMS[Form.SECRET]),
            **page_parts(_mapping, text=_TEXT, secret=_FORMS[Form.SECRET]),
        },
        required=("redis", "rules", "state"),
    )
    text: Schema = {"type": ["string", "number"]}
    address: Schema = {"type": "string", "pattern": _WORDS}
    redis = _mapping(
        keys.REDIS,
        {
            "url": address,
            "namespace": text,
            "scheduler_prefix": text,
            "budget": _TEXT,
            "sentinels": {**_list(address), "minItems": 1},
            "master": _TEXT,
            "sentinel_user": _TEXT,
            "sentinel_password": _FORMS[Form.SECRET],
        },
    )
    redis["anyOf"] = [{"required": ["url"]}, {"required": ["sentinels", "master"]}]
    redis["dependentRequired"] = {"sentinels": ["master"], "master": ["sentinels"]}
    parts = {
        "redis": redis,
        "receiver": _typed(receivers.RECEIVERS),
        "check": _typed(checks.CHECKS),
        "adjustment": _adjustment(),
        **routing_parts(_mapping, duration=_DURATION, text=_TEXT),
        "guards": _guards(),
        "define": _define(),
    }
    return _whole("The config", config, {**parts, **_shared()})


def pack_schema() -> Schema:
    """What the manifest of a pack looks like."""
    version = {"type": ["string", "number"], "pattern": f"^{VERSION.pattern}$"}
    name = {"type": "string", "pattern": f"^{RULE_NAME.pattern}$"}
    values: dict[str, Schema] = {
        "pack": name,
        "version": version,
        "description": _TEXT,
        "requires": version,
        "maturity": {"enum": list(MATURITIES)},
    }
    return _whole("The manifest of a pack", _mapping(keys.PACK, values, required=("pack", "version", "description")), {})


def tests_schema() -> Schema:
    """What a file of rule tests looks like."""
    file = _mapping(
        keys.TEST_FILE,
        {"tests": _list({"$ref": "#/$defs/test"}), "every": _DURATION, "fields": _list({"$ref": "#/$defs/field"})},
        required=("tests",),
    )
    source: Schema = {"enum": [source.value for source in Source]}
    field = _mapping(
        keys.FIELD,
        {
            "field": {"type": "string", "pattern": r"^[a-z_]+\.[a-z_][a-z0-9_]*$"},
            "type": {"enum": [one.value for one in Type]},
            "source": source,
        },
        required=("field", "type"),
    )
    lost = _mapping(keys.LOST, {"source": source, "from": _DURATION, "until": _DURATION}, required=("source",))
    parts = {"test": _test(), "entity": _entity(), "field": field, "lost": lost, "expectation": _expectation(), **_shared()}
    return _whole("A file of rule tests", file, {name: part for name, part in parts.items() if name != "severity"})


def _whole(title: str, schema: Schema, parts: Mapping[str, Schema]) -> Schema:
    return {"$schema": DIALECT, "title": f"{title} of sidekiq-watchdog", **schema, "$defs": dict(parts)}


def _shared() -> dict[str, Schema]:
    return {
        "duration": {"description": "A duration: 500ms, 20s, 10m, 1h30m, 7d.", **_FORMS[Form.DURATION]},
        "mode": {"enum": [mode.value for mode in Mode]},
        "severity": {"enum": [severity.value for severity in Severity]},
    }


def _rule() -> Schema:
    steps = _list({"$ref": "#/$defs/step"})
    rule = _mapping(
        keys.RULE,
        {
            "rule": {"type": ["string", "number"], "pattern": f"^{RULE_NAME.pattern}$"},
            "summary": _TEXT,
            # An empty text in quotes says nothing, and that can be meant.
            "description": {"type": ["string", "number", "boolean"]},
            "runbook": {"type": ["string", "number"]},
            "version": {"type": ["string", "number"]},
            "labels": _by_name(_TEXT, f"^{LABEL.pattern}$"),
            "maturity": {"enum": list(MATURITIES)},
            "severity": {"$ref": "#/$defs/severity"},
            "each": _choice((kind.value, "") for kind in BY_KIND),
            "where": {"$ref": "#/$defs/condition"},
            "when": {"$ref": "#/$defs/condition"},
            "on": _choice((spec.name, spec.doc) for spec in changes.CHANGES),
            "for": _DURATION,
            "keep_firing_for": _DURATION,
            "evidence": _list(_choice((spec.name, spec.doc) for spec in evidence.EVIDENCE)),
            "then": steps,
            "or_else": steps,
            "verify": _mapping(keys.VERIFY, {"when": {"$ref": "#/$defs/condition"}, "within": _DURATION}, required=("when", "within")),
            "guards": {"$ref": "#/$defs/guards"},
            "mode": {"$ref": "#/$defs/mode"},
            "notify": _list(_TEXT),
        },
        required=("rule", "each"),
    )
    return {**rule, "oneOf": [{"required": ["when"]}, {"required": ["on"]}]}


def _step() -> Schema:
    """One action with its parameters."""
    return {
        "type": "object",
        "description": "One action with its parameters.",
        "properties": {spec.name: {"description": spec.doc, **_parameters(spec.parameters)} for spec in actions.ACTIONS},
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }


def _guards() -> Schema:
    return {"description": "Settings of the guards.", **_parameters(setting for guard in guards.GUARDS for setting in guard.settings)}


def _define() -> Schema:
    return _by_name({"anyOf": [_TEXT, {**_list(_TEXT), "minItems": 1}]}, _DEFINED)


def _typed(table: Iterable[ReceiverSpec | checks.CheckSpec]) -> Schema:
    """Which settings there are depends on the type."""
    specs = tuple(table)
    types = {"type": _choice((spec.type, spec.doc) for spec in specs)}
    cases = [
        {
            "if": {"properties": {"type": {"const": spec.type}}, "required": ["type"]},
            "then": _parameters(spec.all_settings, {"type": {"const": spec.type}}),
        }
        for spec in specs
    ]
    return {"type": "object", "properties": types, "required": ["type"], "allOf": cases}


def _adjustment() -> Schema:
    return _mapping(
        keys.ADJUSTMENT,
        {
            "for": _DURATION,
            "keep_firing_for": _DURATION,
            "mode": {"$ref": "#/$defs/mode"},
            "severity": {"$ref": "#/$defs/severity"},
            "notify": _list(_TEXT),
            "guards": {"$ref": "#/$defs/guards"},
            "disabled": _FORMS[Form.BOOL],
            "define": {"$ref": "#/$defs/define"},
        },
    )


def _test() -> Schema:
    return _mapping(
        keys.TEST,
        {
            "test": _TEXT,
            "mode": {"$ref": "#/$defs/mode"},
            "every": _DURATION,
            "entities": _list({"$ref": "#/$defs/entity"}),
            "look_alike": _list({"type": "string"}),
            "lost": _list({"$ref": "#/$defs/lost"}),
            "looks": {"enum": list(LOOKS)},
            "exits": {"anyOf": [_DURATION, {"const": "never"}]},
            "expect": _list({"$ref": "#/$defs/expectation"}),
        },
        required=("test", "entities", "expect"),
    )


def _entity() -> Schema:
    """The first key is a kind; others are its fields, those that the file declares included."""
    single: Schema = {"type": ["string", "number", "boolean"]}
    fields = {
        spec.name: {"description": spec.doc, **(_list(_TEXT) if spec.type is Type.STRINGS else single)}
        for spec in FIELDS
        if not spec.internal and not spec.stands_for
    }
    names = {kind.value: {"description": f"The name of a {kind}.", **single} for kind in Kind}
    times = {spec.name: _described(_DURATION, spec.doc, spec.default) for spec in keys.ENTITY}
    return {
        "type": "object",
        "properties": {**fields, **names, **times},
        "additionalProperties": {"anyOf": [single, _list(_TEXT)]},
        "anyOf": [{"required": [kind.value]} for kind in Kind],
    }


def _expectation() -> Schema:
    alert = _mapping(keys.EXPECTED_ALERT, {"rule": _TEXT, "entity": _TEXT, "state": {"enum": list(STATES)}}, required=("rule", "entity"))
    decision = _mapping(
        keys.EXPECTED_DECISION,
        {"rule": _TEXT, "decision": {"enum": [one.value for one in Decision]}, "guard": {"enum": list(guards.BY_NAME)}, "process": _TEXT},
        required=("rule", "decision"),
    )
    incident = _mapping(keys.EXPECTED_INCIDENT, {"rule": _TEXT, "outcome": {"enum": list(INCIDENT_OUTCOMES)}}, required=("rule", "outcome"))
    moment = _mapping(
        keys.EXPECTATION,
        {"at": _DURATION, "alerts": _list(alert), "decisions": _list(decision), "incidents": _list(incident)},
        required=("at",),
    )
    return {**moment, "anyOf": [{"required": ["alerts"]}, {"required": ["decisions"]}, {"required": ["incidents"]}]}


def _mapping(table: Iterable[KeySpec], values: Mapping[str, Schema], *, required: tuple[str, ...] = ()) -> Schema:
    """A mapping with the keys of a table; every one of them needs its value."""
    properties = {spec.name: _described(values[spec.name], spec.doc, spec.default) for spec in table}
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def _parameters(parameters: Iterable[ParameterSpec], more: Mapping[str, Schema] | None = None) -> Schema:
    specs = tuple(parameters)
    properties = {spec.name: _described(_form(spec), spec.doc, spec.default or "") for spec in specs}
    required = [spec.name for spec in specs if spec.required]
    return {"type": "object", "properties": {**(more or {}), **properties}, "required": required, "additionalProperties": False}


def _form(spec: ParameterSpec) -> Schema:
    if spec.form is Form.SETTINGS:
        return _parameters(spec.settings)
    if spec.shape:
        return {"type": "string", "pattern": f"^({spec.shape})$"}
    return {"enum": list(spec.choices)} if spec.form is Form.CHOICE else _FORMS[spec.form]


def _described(schema: Schema, doc: str, default: str) -> Schema:
    return {"description": doc, **({"default": default} if default else {}), **schema}


def _choice(values: Iterable[tuple[str, str]]) -> Schema:
    """One of these names; where they are explained, each with its explanation, as editors show it."""
    pairs = tuple(values)
    if not any(doc for _, doc in pairs):
        return {"enum": [name for name, _ in pairs]}
    return {"oneOf": [{"const": name, "description": doc} for name, doc in pairs]}


def _list(item: Schema) -> Schema:
    return {"type": "array", "items": item}


def _by_name(value: Schema, pattern: str) -> Schema:
    """A mapping whose keys are names that somebody chose."""
    return {"type": "object", "patternProperties": {pattern: value}, "additionalProperties": False}
