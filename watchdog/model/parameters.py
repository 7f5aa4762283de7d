"""How a parameter of an action, a guard or a receiver is described; settings in YAML are checked against it."""

from enum import StrEnum

import msgspec


class Form(StrEnum):
    """
    What a parameter's value looks like in YAML.

    DURATION, RATIO, COUNT and BOOL become int milliseconds, float, int, bool; TEXT a str; SECRET a str that
    may be written as `${file:…}` or `${env:…}` and is never shown; URL a str that was checked to be one;
    CHOICE one of `choices`; PROCESS and JOB an expression of the language that names a process or a job; SETTINGS a mapping of `settings`, whose values become
    arguments of their own, `stuck_jobs.strikes`.
    """

    DURATION = "duration"
    RATIO = "ratio"
    COUNT = "count"
    BOOL = "boolean"
    TEXT = "text"
    SECRET = "secret"
    URL = "url"
    CHOICE = "choice"
    PROCESS = "process"
    JOB = "job"
    SETTINGS = "settings"


class ParameterSpec(msgspec.Struct, frozen=True, kw_only=True):
    """
    One parameter.

    `default` is in YAML's notation and goes through the same checks; None where there is none. `least` and `most` bound a COUNT, `least` also a DURATION; None where nothing does.
    """

    name: str
    form: Form
    doc: str
    example: str
    required: bool = False
    default: str | None = None
    choices: tuple[str, ...] = ()
    settings: tuple["ParameterSpec", ...] = ()
    least: int | None = None
    most: int | None = None
