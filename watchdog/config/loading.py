"""Config, rule files and packs, read and checked as one: what `run` starts from and `check` reports."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import msgspec

from watchdog import __version__
from watchdog.config.commands import checked_commands
from watchdog.config.disk import is_readable_by_all, read_text
from watchdog.config.finding import Place, find, is_test
from watchdog.config.packs import is_shipped
from watchdog.config.secrets import fetch_secrets, was_fetched
from watchdog.config.units import strange_units
from watchdog.config.zones import routing_of, weekly_of, with_weekly, with_zones
from watchdog.engine.rules import RuleSet
from watchdog.errors import Problem, ProblemsError, Span
from watchdog.lang.text import Text
from watchdog.model.verdicts import Mode
from watchdog.rulefile.findings import Findings, quoted
from watchdog.rulefile.lint_routes import lint_routes
from watchdog.rulefile.pack import read_manifest, unfit_for
from watchdog.rulefile.routes import NOT_ROUTED
from watchdog.rulefile.rules import digest_of, read_rules
from watchdog.rulefile.settings import Draft, Settings, draft_settings, with_secrets
from watchdog.rulefile.tests import read_tests
from watchdog.rulefile.wording import wording

DRIVER: Final = "asyncpg"
"""What logs in to PostgreSQL."""
_Texts = list[tuple[str, str]]
_WITHOUT_CONFIG: Final = Draft(mode=Mode.ACT)


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """
    A config with its rules, fit to be run.

    `folder` is that of the config file: what is written in it is relative to it; `state` the folder of database and
    traces; `files` the rule files that were read, in their order. `settings` holds its secrets.
    """

    settings: Settings
    rules: RuleSet
    warnings: tuple[Problem, ...]
    folder: Path
    state: Path
    files: tuple[Path, ...]


def load(path: Path) -> Loaded:
    """Read a config file and its rules; raises `ProblemsError` with all that is wrong in any of them."""
    loaded, problems = inspect(path)
    if loaded is None:
        raise ProblemsError(problems)
    return loaded


def inspect(path: Path) -> tuple[Loaded | None, tuple[Problem, ...]]:
    """As `load`, but gives the problems, warnings included; None if any of them is not a warning."""
    findings = Findings()
    text = read_text(
        path, Span(str(path), 1, 1), findings, missing="`sidekiq-watchdog init` writes one for this machine; --config names another"
    )
    if text is None:
        return None, findings.in_order()
    draft, problems = draft_settings(str(path), text)
    findings.take(problems)
    contents = fetch_secrets(draft.secrets, path.parent, findings)
    if is_readable_by_all(path):
        for secret in draft.bare_secrets:
            findings.add("W604", secret, "a secret in a file that every user can read", hint="chmod o-r this file, or write ${file:…}")
    settings = draft.settings
    if settings is not None:
        settings, problems = with_secrets(settings, contents)
        findings.take(problem for problem in problems if was_fetched(problem, draft.secrets, contents))
        _libraries_for(settings, findings)
    places = find(draft.rules, path.parent, findings)
    rules, in_rules = _read(places, draft, findings, folder=path.parent)
    if draft.mode is Mode.ACT and all(problem.is_warning for problem in in_rules):
        for place in places:
            _prove(place, findings)
    problems = (*findings.in_order(), *in_rules)
    if settings is None or any(not problem.is_warning for problem in problems):
        return None, problems
    problems = (
        *problems,
        *strange_units(rules, settings.units),
        *lint_routes(draft.routing, rules.rules, draft.receiver_places),
    )
    loaded = Loaded(
        settings=settings,
        rules=rules.but(fleet=settings.fleet_budget, page=settings.alerts.page),
        warnings=problems,
        folder=path.parent,
        state=path.parent / settings.state.value,
        files=tuple(file for place in places for file in place.rules),
    )
    return loaded, problems


def rules_of(path: Path) -> tuple[RuleSet | None, Settings | None, tuple[Problem, ...]]:
    """
    The rules of a config as an agent would have them, and its settings with their secrets still references: for whoever looks at what has been, and need not know any secret.

    Neither where anything but warnings is wrong with it.
    """
    findings = Findings()
    text = read_text(path, Span(str(path), 1, 1), findings, missing="--config names another")
    if text is None:
        return None, None, findings.in_order()
    draft, problems = draft_settings(str(path), text)
    findings.take(problems)
    places = find(draft.rules, path.parent, findings)
    rules, in_rules = _read(places, draft, findings, folder=path.parent)
    problems = (*findings.in_order(), *in_rules)
    settings = draft.settings
    if settings is None or any(not problem.is_warning for problem in problems):
        return None, None, problems
    return rules.but(fleet=settings.fleet_budget, page=settings.alerts.page), settings, problems


def inspect_rules(paths: Sequence[Path]) -> tuple[RuleSet, tuple[Problem, ...]]:
    """
    The rules of these files and folders without a config, and all that is wrong with them and with their tests.

    Names under `notify` are not checked, and no test is run.
    """
    findings = Findings()
    places = find([Text(str(path), str(path)) for path in paths], Path(), findings)
    tests = [(file, place.span) for place in places for file in (*place.tests, *filter(is_test, place.rules))]
    places = [msgspec.structs.replace(place, rules=tuple(file for file in place.rules if not is_test(file))) for place in places]
    rules, problems = _read(places, _WITHOUT_CONFIG, findings)
    texts = [(str(file), text) for file, span in dict(tests).items() if (text := read_text(file, span, findings)) is not None]
    in_tests = [problem for name, text in texts for problem in read_tests(name, text)[1]]
    return rules, (*findings.in_order(), *problems, *in_tests)


def _read(places: Sequence[Place], draft: Draft, findings: Findings, *, folder: Path = Path()) -> tuple[RuleSet, tuple[Problem, ...]]:
    """The rules of all files together, and what is wrong in them and in the manifests of their packs; what can't be read goes to `findings`."""
    texts: _Texts = [
        (str(file), text) for place in places for file in place.rules if (text := read_text(file, place.span, findings)) is not None
    ]
    rules, problems = read_rules(
        texts, draft.mode, draft.receivers, adjust=draft.adjust, protected=draft.protected, shares=draft.shares, ask=draft.ask
    )
    zones = Findings()
    rules = with_weekly(with_zones(rules, zones), weekly_of(draft.digest, zones))
    if draft.routing != NOT_ROUTED:
        digest = digest_of((("rules", rules.digest), ("routing", wording(draft.routing))))
        rules = rules.but(routing=routing_of(draft.routing, zones), digest=digest)
    if draft.commands is not None:
        rules = checked_commands(rules, folder / draft.commands, zones)
    in_packs = [problem for place in places if place.manifest is not None for problem in _manifest(place, rules, findings)]
    return rules, (*problems, *zones.in_order(), *in_packs)


def _manifest(place: Place, rules: RuleSet, findings: Findings) -> tuple[Problem, ...]:
    assert place.manifest is not None  # the caller asked
    text = read_text(place.manifest, place.span, findings)
    if text is None:
        return ()
    manifest, problems = read_manifest(str(place.manifest), text, folder=place.folder.resolve().name, program=__version__)
    if manifest is None:
        return problems
    return (*problems, *unfit_for(manifest, [rule for rule in rules.rules if Path(rule.span.file).parent == place.folder]))


def _libraries_for(settings: Settings, findings: Findings) -> None:
    """A check that could never succeed would keep the agent from acting for ever; better said before it starts."""
    for check in settings.checks.values():
        if check.type == "postgres" and find_spec(DRIVER) is None:
            message = f"the check {quoted(check.name)} needs the library {DRIVER}, which is not installed"
            findings.add("E517", check.span, message, hint="pip install asyncpg")


def _prove(place: Place, findings: Findings) -> None:
    """A pack may act only if its own tests say that it does what it should, in this very version of the program; those that come with it were asked when it was made."""
    if place.manifest is None or is_shipped(place.folder):
        return
    if not place.tests:
        findings.add("W621", place.span, "the pack may act and has no tests", hint="write some beside its rules, in NAME.test.yml")
        return
    from watchdog.config.rehearsing import failures_of  # the whole engine, which reading alone doesn't need

    if failures := failures_of(place):
        hint = f"sidekiq-watchdog test {place.folder}; until it passes, use a mode below act"
        findings.add("E511", place.span, f"the pack's own tests fail ({len(failures)}), so it may not act: {failures[0]}", hint=hint)
