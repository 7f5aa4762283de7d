"""
A list of names in YAML, glob patterns among them: classes of jobs, targets.

The counterpart of `values`, which reads single ones. A pattern is written as behind `like`, and is refused in the same words.
"""

from functools import lru_cache

from watchdog.lang.glob import wrong_with_pattern
from watchdog.model.hours import Hours
from watchdog.model.parameters import Allowance, Form, ParameterSpec
from watchdog.rulefile.allowance import allowance_in, read_allowance
from watchdog.rulefile.findings import Findings
from watchdog.rulefile.hours import hours_in, read_hours
from watchdog.rulefile.keys import items_of, words_of
from watchdog.rulefile.nodes import Node
from watchdog.rulefile.values import Value, default_of, read_value

Setting = Value | tuple[str, ...] | Allowance | Hours
"""What a setting of a guard can hold."""


def read_names(node: Node, what: str, findings: Findings) -> tuple[str, ...]:
    """The names of a list, each once; one that is not a pattern is noted and left out. An empty list is one."""
    names: dict[str, None] = {}
    for item in items_of(node, what, findings) or ():
        text = words_of(item, f"an item of {what}", findings)
        if text is None:
            continue
        wrong = wrong_with_pattern(text)
        findings.take(wrong)
        if not wrong:
            names[text.value] = None
    return tuple(names)


def read_setting(node: Node, spec: ParameterSpec, findings: Findings) -> Setting | None:
    """As `read_value`, and what only guards have: lists of names, allowances, hours."""
    if spec.form is Form.ALLOWANCE:
        return read_allowance(node, spec, findings)
    if spec.form is Form.HOURS:
        return read_hours(node, spec, findings)
    if spec.form is Form.NAMES:
        return read_names(node, f"'{spec.name}'", findings)
    return read_value(node, spec, findings)


@lru_cache(maxsize=256)
def default_setting(spec: ParameterSpec, *, instead: str | None = None) -> Setting | None:
    """As `default_of`, and what only guards have."""
    written = (spec.default if instead is None else instead) or ""
    if spec.form is Form.ALLOWANCE:
        return allowance_in(written)
    if spec.form is Form.HOURS:
        return hours_in(written)
    if spec.form is Form.NAMES:
        return tuple(name.strip() for name in written.split(",") if name.strip())
    return default_of(spec, instead=instead)
