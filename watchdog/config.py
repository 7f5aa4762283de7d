"""
The config file and all that it names, read from disk and checked as one.

The thin shell around `rulefile`, which knows what the texts mean: this module finds files, reads them and fetches secrets. It never
decides, never stops at the first problem, and never shows a secret.
"""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from watchdog.engine.rules import RuleSet
from watchdog.errors import Problem, ProblemsError, Span
from watchdog.lang.text import Text
from watchdog.model.verdicts import Mode
from watchdog.rulefile.findings import Findings, nearest, quoted
from watchdog.rulefile.rules import read_rules
from watchdog.rulefile.secrets import Origin, SecretRef
from watchdog.rulefile.settings import Settings, draft_settings, with_secrets
from watchdog.rulefile.source import LARGEST

_PACK: Final = "pack:"
_PACK_NAME: Final = re.compile(r"[a-z0-9-]{1,64}")
_SUFFIXES: Final = (".yml", ".yaml")
_TEST_ENDINGS: Final = (".test", "_test")
_LARGEST_SECRET: Final = 65_536
_WORST_ENCODED: Final = 4
_READABLE_BY_ALL: Final = 0o004
_PACKAGE: Final = Path(__file__).parent


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
    text = _read(path, Span(str(path), 1, 1), findings)
    if text is None:
        return None, findings.in_order()
    draft, problems = draft_settings(str(path), text)
    findings.take(problems)
    contents = _secrets(draft.secrets, path.parent, findings)
    if _is_readable_by_all(path):
        for secret in draft.bare_secrets:
            findings.add("W604", secret, "a secret in a file that every user can read", hint="chmod o-r this file, or write ${file:…}")
    settings = draft.settings
    if settings is not None:
        settings, problems = with_secrets(settings, contents)
        findings.take(problem for problem in problems if _was_fetched(problem, draft.secrets, contents))
    files = _find(draft.rules, path.parent, findings)
    texts = [(str(file), text) for file, place in files if (text := _read(file, place, findings)) is not None]
    rules, in_rules = read_rules(texts, draft.mode, draft.receivers)
    problems = (*findings.in_order(), *in_rules)
    if settings is None or any(not problem.is_warning for problem in problems):
        return None, problems
    loaded = Loaded(
        settings=settings,
        rules=rules,
        warnings=problems,
        folder=path.parent,
        state=path.parent / settings.state.value,
        files=tuple(file for file, _ in files),
    )
    return loaded, problems


def inspect_rules(paths: Sequence[Path]) -> tuple[RuleSet, tuple[Problem, ...]]:
    """The rules of these files and folders without a config, and all that is wrong with them; names under `notify` are not checked."""
    findings = Findings()
    named = [Text(str(path), str(path)) for path in paths]
    files = _find(named, Path(), findings)
    texts = [(str(file), text) for file, place in files if (text := _read(file, place, findings)) is not None]
    rules, problems = read_rules(texts, Mode.ACT, None)
    return rules, (*findings.in_order(), *problems)


def pack_folder(name: str) -> Path | None:
    """The folder of a pack that comes with the program: package data in a wheel, `rules/` beside the package in a checkout."""
    folder = _packs() / name
    return folder if _PACK_NAME.fullmatch(name) and folder.is_dir() else None


def _packs() -> Path:
    inside = _PACKAGE / "rules"
    return inside if inside.is_dir() else _PACKAGE.parent / "rules"


def _find(paths: Iterable[Text], base: Path, findings: Findings) -> list[tuple[Path, Span]]:
    """The rule files that these paths name, each once, with the place where it is named."""
    found: dict[Path, tuple[Path, Span]] = {}
    for text in paths:
        place = text.span(0, len(text.value))
        for file in _rule_files(text, base, findings):
            found.setdefault(Path(os.path.realpath(file)), (file, place))
    return list(found.values())


def _rule_files(text: Text, base: Path, findings: Findings) -> list[Path]:
    written, place = text.value, text.span(0, len(text.value))
    if written.startswith(_PACK):
        name = written.removeprefix(_PACK)
        pack = pack_folder(name)
        if pack is None:
            packs = [entry.name for entry in _packs().iterdir() if entry.is_dir()] if _packs().is_dir() else []
            findings.add("E507", place, f"no pack is called {quoted(name)}", hint=nearest(name, packs))
            return []
        return _in_folder(pack, place, findings)
    path = base / written
    return _in_folder(path, place, findings) if _is_folder(path) else [path]


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # whoever reads it says why
        return False


def _in_folder(folder: Path, place: Span, findings: Findings) -> list[Path]:
    """The rule files of a folder by name, without hidden files and rule tests."""
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        findings.add("E113", place, f"the folder {quoted(str(folder))} can't be read: {_why(error)}", hint=_remedy(error))
        return []
    files = [
        entry
        for entry in entries
        if entry.suffix in _SUFFIXES and not entry.stem.endswith(_TEST_ENDINGS) and not entry.name.startswith(".")
    ]
    if not files:
        findings.add("W602", place, f"there is no rule file in the folder {quoted(str(folder))}", hint="rule files end in .yml or .yaml")
    return files


def _read(path: Path, place: Span, findings: Findings) -> str | None:
    """The text of a file, bytes that are not UTF-8 as `rulefile` expects them; None if it can't be read, which is noted at `place`."""
    try:
        data = _bytes_of(path, LARGEST * _WORST_ENCODED + 1)
    except OSError as error:
        findings.add("E113", place, f"the file {quoted(str(path))} can't be read: {_why(error)}", hint=_remedy(error))
        return None
    return data.decode("utf-8", "surrogateescape")


def _bytes_of(path: Path, most: int) -> bytes:
    """Up to `most` bytes of a regular file; anything else, a pipe above all, is refused before it can keep us waiting."""
    if path.exists() and not path.is_file():
        raise IsADirectoryError(0, "it is no regular file")
    with path.open("rb") as file:
        return file.read(most)


def _secrets(secrets: Iterable[SecretRef], base: Path, findings: Findings) -> dict[tuple[str, ...], str]:
    contents = {}
    for secret in secrets:
        content = _from_file(secret, base, findings) if secret.origin is Origin.FILE else _from_environment(secret, findings)
        if content is not None:
            contents[secret.setting] = content
    return contents


def _from_file(secret: SecretRef, base: Path, findings: Findings) -> str | None:
    path, place = base / secret.name, secret.text.span(0, len(secret.text.value))
    try:
        content = _bytes_of(path, _LARGEST_SECRET + 1).decode()
    except OSError as error:
        findings.add("E506", place, f"the secret in {quoted(str(path))} can't be read: {_why(error)}", hint=_remedy(error))
        return None
    except UnicodeDecodeError:
        findings.add("E506", place, f"the secret in {quoted(str(path))} is not UTF-8", hint="write it as text, for instance in base64")
        return None
    if _is_readable_by_all(path):
        findings.add("W603", place, f"every user can read the secret in {quoted(str(path))}", hint=f"chmod o-r {path}")
    content = content.removesuffix("\n").removesuffix("\r")
    if not content.strip() or len(content) > _LARGEST_SECRET:
        findings.add(
            "E506", place, f"the secret in {quoted(str(path))} is empty or too long", hint=f"one line, at most {_LARGEST_SECRET} bytes"
        )
        return None
    return content


def _from_environment(secret: SecretRef, findings: Findings) -> str | None:
    content = os.environ.get(secret.name, "")
    if content.strip():
        return content
    place = secret.text.span(0, len(secret.text.value))
    findings.add(
        "E506",
        place,
        f"the environment variable {quoted(secret.name)} is not set",
        hint="set it in the unit (Environment=, EnvironmentFile=), or use ${file:…}",
    )
    return None


def _was_fetched(problem: Problem, secrets: Iterable[SecretRef], contents: dict[tuple[str, ...], str]) -> bool:
    """Whether a problem is about contents, not about their absence, which has been noted."""
    missing = {secret.text.span(0, len(secret.text.value)) for secret in secrets if secret.setting not in contents}
    return problem.span not in missing


def _is_readable_by_all(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & _READABLE_BY_ALL)
    except (OSError, ValueError):
        return False


def _why(error: OSError) -> str:
    return error.strerror.lower() if error.strerror else type(error).__name__


def _remedy(error: OSError) -> str:
    match error:
        case FileNotFoundError():
            return "paths are relative to the file that they are written in"
        case PermissionError():
            return "the user that the agent runs as must be able to read it"
        case _:
            return "name a file that can be read"
