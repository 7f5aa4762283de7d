"""The rules that a replay is asked for: those of the config, as the agent would have read them, or those of files."""

from collections.abc import Collection
from pathlib import Path

import msgspec

from watchdog.engine.rules import RuleSet
from watchdog.errors import ProblemsError
from watchdog.model.verdicts import Mode


class Known(msgspec.Struct, frozen=True):
    """
    The rules of a config, and the host name that it gives itself, empty where it gives none.

    `alike` are the same rules read under the other ways to name the same file: the digest holds the names of files, as the agent was given them.
    """

    rules: RuleSet
    alike: tuple[RuleSet, ...]
    host: str

    def fitting(self, digests: Collection[str]) -> RuleSet | None:
        """Those that were in force, if they were."""
        return next((one for one in (self.rules, *self.alike) if one.digest in digests), None)


def known_of(config: Path) -> Known:
    """Raises `ProblemsError`. No secret is read."""
    from watchdog.config import rules_of

    rules, settings, problems = rules_of(config)
    if rules is None or settings is None:
        raise ProblemsError(problems)
    others = [path for path in dict.fromkeys((config.absolute(), config.resolve())) if path != config]
    alike = tuple(found for path in others if (found := rules_of(path)[0]) is not None)
    return Known(rules, alike, settings.host or "")


def tried_rules(paths: list[Path]) -> RuleSet:
    """Those of rule files, folders and packs, in dry-run. Raises `ProblemsError`."""
    from watchdog.config.checking import inspect_files

    rules, problems = inspect_files(paths)
    if any(not problem.is_warning for problem in problems):
        raise ProblemsError(problems)
    return rules.but(mode=Mode.DRY_RUN)


def named(paths: list[Path]) -> str:
    """How they are called where they are shown."""
    return ", ".join(map(str, paths))
