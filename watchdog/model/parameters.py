"""How a parameter of an action, a guard or a receiver is described; settings in YAML are checked against it."""

from enum import StrEnum

import msgspec


class Form(StrEnum):
    """
    What a parameter's value looks like in YAML.

    DURATION, RATIO, COUNT and BOOL become int milliseconds, float, int, bool; TEXT a str; SECRET a str that
    may be written as `${file:…}`, `${env:…}` or `${credential:…}` and is never shown; URL a str that was checked to be one, URLS a list of them as a tuple of str;
    CHOICE one of `choices`; NAMES a list of names, glob patterns among them, as a tuple of str (a default has commas between them); ALLOWANCE an `Allowance`; HOURS an `Hours`; PROCESS and JOB an expression of the language that names a process or a job; UNIT one that names a unit, or a process for its own, or the name of a service; PEER one that names another server; COMMAND the name of a command that root has defined; GIVEN values for its arguments, which are read apart; SETTINGS a mapping of `settings`, whose values become
    arguments of their own, `stuck_jobs.strikes`.
    """

    DURATION = "duration"
    RATIO = "ratio"
    COUNT = "count"
    BOOL = "boolean"
    TEXT = "text"
    SECRET = "secret"
    URL = "url"
    URLS = "list of urls"
    CHOICE = "choice"
    NAMES = "list of names"
    ALLOWANCE = "times in a time"
    HOURS = "hours of the day"
    PROCESS = "process"
    JOB = "job"
    UNIT = "unit"
    PEER = "peer"
    COMMAND = "named command"
    GIVEN = "values of its arguments"
    SETTINGS = "settings"


class Allowance(msgspec.Struct, frozen=True):
    """So many `times` within `per` milliseconds; it is shown as people say it."""

    times: int
    per: int

    def __str__(self) -> str:
        for unit, name in ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s")):
            if self.per % unit == 0:
                return f"{self.times} times within {self.per // unit} {name}"
        return f"{self.times} times within {self.per} ms"


class ParameterSpec(msgspec.Struct, frozen=True, kw_only=True):
    """
    One parameter.

    `default` is in YAML's notation and goes through the same checks; None where there is none. `least` and `most` bound a COUNT, `least` also a DURATION; None where nothing does. `longest` is that of
    the time of an allowance, in milliseconds. `shape` is a regular expression that the whole of a TEXT must match; empty: any will do.
    """

    name: str
    form: Form
    doc: str
    example: str
    required: bool = False
    default: str | None = None
    choices: tuple[str, ...] = ()
    settings: tuple["ParameterSpec", ...] = ()
    longest: int = 30 * 86_400_000
    least: int | None = None
    most: int | None = None
    shape: str = ""
