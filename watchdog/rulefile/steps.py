"""What stands under `then:` and `or_else:`: the actions of a rule with their parameters, checked against the table of `model.actions`."""

from typing import Final

from watchdog.engine.rules import Step
from watchdog.lang.condition import Reference, read_reference
from watchdog.lang.given import Given
from watchdog.lang.text import Text
from watchdog.model.action_spec import ActionSpec
from watchdog.model.actions import BY_NAME, TELLS
from watchdog.model.kinds import Kind
from watchdog.model.parameters import Form, ParameterSpec
from watchdog.model.unit_names import possible
from watchdog.rulefile.findings import Findings, nearest, quoted
from watchdog.rulefile.keys import Keys, entries_of, items_of, not_supported, words_of
from watchdog.rulefile.later import ACTIONS
from watchdog.rulefile.nodes import Entry, Mapping, Node, Scalar
from watchdog.rulefile.run import read_given_values
from watchdog.rulefile.templates import says_template
from watchdog.rulefile.values import Value, default_of, read_value

_REFERENCES: Final = (Form.PROCESS, Form.JOB, Form.UNIT, Form.PEER)
"""Forms of a target that is named by an expression; any other is an argument like those beside it."""


def read_steps(node: Node, each: Kind, findings: Findings, *, key: str = "then") -> tuple[Step, ...]:
    """The steps under `key` of a rule that looks at each `each`; those that are wrong are noted and left out."""
    items = items_of(node, f"'{key}'", findings) or ()
    steps = [_step(item, each, key, findings) for item in items]
    return tuple(step for step in steps if step is not None)


def _step(item: Node, each: Kind, key: str, findings: Findings) -> Step | None:
    entry = _single_entry(item, key, findings)
    if entry is None:
        return None
    name = entry.key.text.value
    spec = BY_NAME.get(name)
    if spec is None:
        if name in ACTIONS:
            not_supported(entry.key, f"the action {quoted(name)}", findings)
        else:
            findings.add("E405", entry.key.span, f"unknown action {quoted(name)}", hint=nearest(name, BY_NAME))
        return None
    return _read_parameters(entry, spec, each, findings)


def _single_entry(item: Node, key: str, findings: Findings) -> Entry | None:
    """The one key of an item with its value."""
    if isinstance(item, Scalar) and not item.is_nothing:
        findings.add("E406", item.span, "an action stands there without parameters", hint=f"write '- {item.text.value[:40]}: {{…}}'")
        return None
    entries = entries_of(item, f"an item of '{key}'", findings)
    if entries is None or (not entries and isinstance(item, Mapping) and not item.whole):
        return None
    if len(entries) == 1:
        return entries[0]
    hint = "one action an item"
    if entries and isinstance(entries[0].value, Scalar) and entries[0].value.is_nothing:
        hint = f"indent the parameters below '{entries[0].key.text.value[:40]}', further to the right than its first letter"
    findings.add("E406", item.span, f"an item of '{key}' names one action, here are {len(entries)} keys", hint=hint)
    return None


def _read_parameters(entry: Entry, spec: ActionSpec, each: Kind, findings: Findings) -> Step | None:
    required = tuple(parameter.name for parameter in spec.parameters if parameter.required)
    optional = tuple(parameter.name for parameter in spec.parameters if not parameter.required)
    written = Keys(f"'{spec.name}'", required=required, optional=optional).read(entry.value, findings)
    if written is None:
        return None
    target: Reference | None = None
    arguments: dict[str, Value] = {}
    given: dict[str, Given] = {}
    for parameter in spec.parameters:
        node = written.get(parameter.name)
        if parameter.name == spec.target and (name := _named_unit(node, parameter)):
            arguments[parameter.name] = name
            continue
        if parameter.name == spec.target and parameter.form in _REFERENCES:
            target = _target(node, parameter, each, findings) if node is not None else None
            continue
        if parameter.form is Form.SETTINGS:
            arguments |= _settings(node, parameter, findings)
            continue
        if parameter.form is Form.GIVEN:
            given = read_given_values(node, each, findings) if node is not None else {}
            continue
        value = default_of(parameter) if node is None else read_value(node, parameter, findings)
        if value is not None:
            arguments[parameter.name] = value
    if spec.which and not _says_which(entry, spec, written, each, findings):
        return None
    is_told = target is not None or bool(spec.which) or spec.target in arguments
    return None if not is_told else Step(spec.name, target, arguments, entry.key.span, given)


def _says_which(entry: Entry, spec: ActionSpec, written: dict[str, Node], each: Kind, findings: Findings) -> bool:
    """Whether it is said which jobs are meant, by the parameters or by the entity, and not by both."""
    if "template" in spec.which:
        return says_template(entry, spec, written, each, findings)
    told = {} if spec.target else {name: slot for name, slot in TELLS.get(each, {}).items() if name in spec.which}
    said = [name for name in spec.which if name in written]
    for name in said:
        if name in told:
            message = f"'{name}' is told by the {each} that the rule looks at"
            findings.add("E416", written[name].span, message, hint=f"leave it out: those of the {each} are meant")
    if spec.target and len(said) > 1:
        message = f"'{spec.name}' is about one job, and here are {len(said)} ways to say which"
        findings.add("E416", written[said[1]].span, message, hint=f"either {' or '.join(repr(name) for name in spec.which)}")
        return False
    if not said and not told and _all_known(entry.value, spec):
        hint = f"say at least one of {', '.join(spec.which)}"
        if spec.target:
            hint = "write 'job: job'" if each is Kind.JOB else "write its job id: 'jid: …'"
        findings.add("E415", entry.key.span, f"nothing says which jobs '{spec.name}' means", hint=hint)
        return False
    return bool(said or told) and not set(said) & set(told)


def _all_known(node: Node, spec: ActionSpec) -> bool:
    """False where a key is misspelled: it may be the one that is missed."""
    names = {parameter.name for parameter in spec.parameters}
    return not isinstance(node, Mapping) or all(entry.key.text.value in names for entry in node.entries)


def _settings(node: Node | None, spec: ParameterSpec, findings: Findings) -> dict[str, Value]:
    """The values under a parameter that is a mapping, each as `parameter.setting`."""
    names = tuple(setting.name for setting in spec.settings)
    written = None if node is None else Keys(f"'{spec.name}'", required=(), optional=names).read(node, findings)
    values = {
        setting.name: default_of(setting)
        if written is None or (at := written.get(setting.name)) is None
        else read_value(at, setting, findings)
        for setting in spec.settings
    }
    return {f"{spec.name}.{name}": value for name, value in values.items() if value is not None}


def _target(node: Node, spec: ParameterSpec, each: Kind, findings: Findings) -> Reference | None:
    text: Text | None = words_of(node, "the target", findings)
    if text is None:
        return None
    reference, problems = read_reference(text, each, _meant_by(spec, each))
    findings.take(problems)
    return reference


def _meant_by(spec: ParameterSpec, each: Kind) -> Kind:
    """What a reference must name: of a job only the process is known, and with it the unit that this runs in."""
    match spec.form:
        case Form.JOB:
            return Kind.JOB
        case Form.PEER:
            return Kind.PEER
        case Form.UNIT if each is not Kind.JOB:
            return Kind.UNIT
        case _:
            return Kind.PROCESS


def _named_unit(node: Node | None, spec: ParameterSpec) -> str:
    """The name of a service, where it is written out; it is no expression: those have no ending."""
    is_name = spec.form is Form.UNIT and isinstance(node, Scalar) and possible(node.text.value)
    return node.text.value if is_name and isinstance(node, Scalar) else ""
