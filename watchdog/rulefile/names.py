"""
A list of names in YAML, glob patterns among them: classes of jobs, targets; or of addresses.

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
from watchdog.rulefile.values import Value, default_of, read_value, wrong_with_url

Setting = Value | tuple[str, ...] | Allowance | Hours
"""What a setting of a guard or of a receiver can hold."""


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


def read_urls(node: Node, what: str, findings: Findings) -> tuple[str, ...]:
    """The addresses of a list, each once; one that is none is noted and left out, and so is a list without any."""
    urls: dict[str, None] = {}
    items = items_of(node, what, findings)
    for item in items or ():
        text = words_of(item, f"an item of {what}", findings)
        if text is not None and (wrong := wrong_with_url(text.value)):
            findings.add("E502", item.span, f"an item of {what} {wrong}", hint="write it as https://HOST/PATH")
        elif text is not None:
            urls[text.value] = None
    if items is not None and not items:
        findings.add("E502", node.span, f"{what} names no address", hint="for instance [https://HOST]")
    return tuple(urls)


def read_setting(node: Node, spec: ParameterSpec, findings: Findings) -> Setting | None:
    """As `read_value`, and what is more than one value: lists of names and of addresses, allowances, hours."""
    if spec.form is Form.ALLOWANCE:
        return read_allowance(node, spec, findings)
    if spec.form is Form.HOURS:
        return read_hours(node, spec, findings)
    if spec.form is Form.NAMES:
        return read_names(node, f"'{spec.name}'", findings)
    if spec.form is Form.URLS:
        return read_urls(node, f"'{spec.name}'", findings)
    return read_value(node, spec, findings)


@lru_cache(maxsize=256)
def default_setting(spec: ParameterSpec, *, instead: str | None = None) -> Setting | None:
    """As `default_of`, and what is more than one value."""
    written = (spec.default if instead is None else instead) or ""
    if spec.form is Form.ALLOWANCE:
        return allowance_in(written)
    if spec.form is Form.HOURS:
        return hours_in(written)
    if spec.form is Form.NAMES:
        return tuple(name.strip() for name in written.split(",") if name.strip())
    return default_of(spec, instead=instead)
