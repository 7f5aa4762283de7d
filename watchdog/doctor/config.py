"""The config with all that it names, and as whom all the rest is looked at."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from watchdog.doctor.exam import OWN_UNIT, Exam
from watchdog.doctor.expected import expected_of
from watchdog.doctor.found import Found, bad, counted, doubtful, fine, passed_over
from watchdog.errors import Problem

_NO_SECRET: Final = "E506"
_FROM_THE_UNIT: Final = ("environment", "credential")
_OWN_USER: Final = f"systemctl edit {OWN_UNIT}: [Service], User=sidekiq-watchdog"


async def look(exam: Exam) -> Mapping[str, Found]:
    """The points of this area."""
    return {"config": _config(exam), "rules": _rules(exam), "user": _user(exam), "settings": _settings(exam)}


def _config(exam: Exam) -> Found:
    errors = [problem for problem in exam.problems if not problem.is_warning]
    if not errors:
        return fine(f"{exam.path} can be read, and all that it names")
    return bad(f"{counted(len(errors), 'error')}, the first: {_shown(errors[0])}", _mend(exam, errors))


def _mend(exam: Exam, errors: list[Problem]) -> str:
    if all(problem.code == _NO_SECRET and any(word in problem.message for word in _FROM_THE_UNIT) for problem in errors):
        # What the unit gives the agent, a shell has not.
        given = f"-p User={exam.who.name} -p EnvironmentFile=… -p LoadCredential=…"
        return f"if the unit gives it: systemd-run --pipe --wait {given} sidekiq-watchdog doctor"
    if not exam.path.exists():
        return "sidekiq-watchdog init writes one for this machine"
    return f"sidekiq-watchdog check --config {exam.path}"


def _shown(problem: Problem) -> str:
    """Without its hint: a line is short."""
    return f"{problem.span}: {problem.code} {problem.message}"


def _rules(exam: Exam) -> Found:
    if exam.loaded is None:
        return passed_over("config first")
    number = len(exam.loaded.rules.rules)
    if not number:
        return bad("no rule is in force", "name pack:sidekiq under `rules:` in the config")
    goes = f"{counted(number, 'rule')}, mode {exam.mode}" + ("" if exam.acts else ": nothing is done")
    if warnings := exam.loaded.warnings:
        return doubtful(
            f"{goes}; {counted(len(warnings), 'warning')}, the first: {_shown(warnings[0])}", f"sidekiq-watchdog check --config {exam.path}"
        )
    return fine(goes)


def _settings(exam: Exam) -> Found:
    if exam.settings is None:
        return passed_over("config first")
    folder = exam.settings.app.folder
    return expected_of(exam.settings.expected, None if folder is None else Path(folder), user=exam.who.name)


def _user(exam: Exam) -> Found:
    who = exam.who
    if who.uid == 0 and who.is_known:
        return doubtful(f"the agent runs as root ({who.known_by}), and needs far less", _OWN_USER)
    if not who.is_known:
        return doubtful(f"nothing tells as whom the agent will run: looked at as {who.name}", _OWN_USER)
    return fine(f"{who.name} ({who.known_by})")
