"""
A parameter's value in YAML → the value that its `Form` promises.

The counterpart of `model.parameters`: one reader for actions, guards and receivers, so that a duration is written in the same way everywhere.
Secrets and expressions are not read here; their forms need more than the value.
"""

import re
from typing import Final
from urllib.parse import urlsplit

from watchdog.errors import Span
from watchdog.lang.literal import read_literal
from watchdog.lang.text import Text
from watchdog.model.kinds import Type
from watchdog.model.parameters import Form, ParameterSpec
from watchdog.rulefile.findings import Findings
from watchdog.rulefile.keys import choice_of, words_of
from watchdog.rulefile.nodes import Node, Scalar

Value = int | float | bool | str
"""What a parameter can hold."""
LONGEST: Final = 10 * 365 * 24 * 3_600_000
"""No duration in a rule or setting is longer (milliseconds): a greater one is a slip of the pen."""
_LITERALS: Final = {Form.DURATION: Type.DURATION, Form.RATIO: Type.RATIO, Form.COUNT: Type.COUNT, Form.BOOL: Type.BOOL}


def read_value(node: Node, spec: ParameterSpec, findings: Findings) -> Value | None:
    """The value that was written; None if it is not of the parameter's form, which is then noted."""
    what = f"'{spec.name}'"
    if spec.form is Form.CHOICE:
        return choice_of(node, what, spec.choices, findings)
    text = words_of(node, what, findings)
    if text is None:
        return None
    if spec.form in _LITERALS:
        return _literal(text, spec, findings)
    if spec.form is Form.URL and (wrong := wrong_with_url(text.value)):
        findings.add("E502", node.span, f"{what} {wrong}", hint="write it as https://HOST/PATH")
        return None
    if spec.shape and not re.fullmatch(spec.shape, text.value):
        findings.add("E122", node.span, f"{what} can't be that", hint=f"for instance {spec.example}")
        return None
    return text.value


def default_of(spec: ParameterSpec, *, instead: str | None = None) -> Value | None:
    """The parameter's default (or another one, `instead`), None where it has none. Raises ValueError for one that is not of the parameter's form: a bug in a table."""
    default = spec.default if instead is None else instead
    if default is None:
        return None
    findings = Findings()
    value = read_value(Scalar(Text(default, "<default>"), plain=False), spec, findings)
    if value is None:
        raise ValueError(f"default of {spec.name}: {findings.in_order()}")
    return value


def read_duration(node: Node, what: str, findings: Findings) -> int | None:
    """Milliseconds of a duration like `20s`."""
    value = read_value(node, ParameterSpec(name=what, form=Form.DURATION, doc="", example=f"{what}: 20s"), findings)
    return value if isinstance(value, int) else None


def _literal(text: Text, spec: ParameterSpec, findings: Findings) -> Value | None:
    value, problems = read_literal(text, _LITERALS[spec.form])
    # A value is short: what is said behind its first error follows from that error.
    for problem in problems[:1]:
        findings.add(problem.code, problem.span, problem.message, hint=problem.hint or f"for instance {spec.example}")
    if not isinstance(value, int | float):
        return None
    span = text.span(0, len(text.value))
    if _is_in_range(value, spec, span, findings):
        return value
    return None


def _is_in_range(value: float, spec: ParameterSpec, span: Span, findings: Findings) -> bool:
    if spec.form is Form.RATIO and not 0 <= value <= 1:
        findings.add("E125", span, f"'{spec.name}' must lie between 0% and 100%", hint=spec.example)
        return False
    if spec.form is Form.DURATION and not 0 <= value <= LONGEST:
        findings.add("E125", span, f"'{spec.name}' must lie between 0 and ten years", hint=spec.example)
        return False
    if (spec.least is not None and value < spec.least) or (spec.most is not None and value > spec.most):
        bounds = f"lie between {spec.least or 0:,} and {spec.most:,}" if spec.most is not None else "be longer"
        findings.add("E125", span, f"'{spec.name}' must {bounds}", hint=spec.example)
        return False
    return True


def fits_as_host(name: str) -> bool:
    """Whether that can be asked for at all: Python refuses to look up a name with an empty part, or one that is too long."""
    return all(0 < len(part) < 64 for part in name.removesuffix(".").split("."))


def wrong_with_url(url: str) -> str:
    """What is wrong with the address of a web hook, as the end of a sentence; empty if nothing is. Never quotes it: it can hold a token."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "is no URL: host or port can't be read"
    if parts.scheme not in ("http", "https"):
        return "is no URL of http or https"
    if not parts.hostname or port == 0:
        return "is a URL without a host or with port 0"
    if not fits_as_host(parts.hostname):
        return "is a URL whose host can be no name: each part of it has 1 to 63 letters"
    if any(char.isspace() or not char.isprintable() for char in url):
        return "is a URL with blanks in it"
    return ""
