"""What `${file:…}`, `${env:…}` and `${credential:…}` stand for. Contents are never shown, in no message."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from watchdog.config.disk import bytes_of, is_readable_by_all, remedy, why
from watchdog.errors import Problem
from watchdog.rulefile.findings import Findings, quoted
from watchdog.rulefile.secrets import Origin, SecretRef

_LARGEST_SECRET: Final = 65_536
_OF_THE_SERVICE: Final = Path("/run/credentials/sidekiq-watchdog.service")
"""Where systemd keeps those of the agent while it runs: for a command that root gives, beside it."""


def fetch_secrets(secrets: Iterable[SecretRef], base: Path, findings: Findings) -> dict[tuple[str, ...], str]:
    """Their contents by setting; those that can't be fetched are noted and left out."""
    contents = {}
    for secret in secrets:
        content = _from_environment(secret, findings) if secret.origin is Origin.ENV else _from_file(secret, base, findings)
        if content is not None:
            contents[secret.setting] = content
    return contents


def _from_file(secret: SecretRef, base: Path, findings: Findings) -> str | None:
    path, place = _path(secret, base), secret.text.span(0, len(secret.text.value))
    try:
        content = bytes_of(path, _LARGEST_SECRET + 1).decode()
    except OSError as error:
        findings.add("E506", place, f"the secret in {quoted(str(path))} can't be read: {why(error)}", hint=_remedy(secret, error))
        return None
    except UnicodeDecodeError:
        findings.add("E506", place, f"the secret in {quoted(str(path))} is not UTF-8", hint="write it as text, for instance in base64")
        return None
    if is_readable_by_all(path):
        findings.add("W603", place, f"every user can read the secret in {quoted(str(path))}", hint=f"chmod o-r {path}")
    content = content.removesuffix("\n").removesuffix("\r")
    if not content.strip() or len(content) > _LARGEST_SECRET:
        findings.add(
            "E506", place, f"the secret in {quoted(str(path))} is empty or too long", hint=f"one line, at most {_LARGEST_SECRET} bytes"
        )
        return None
    return content


def _path(secret: SecretRef, base: Path) -> Path:
    if secret.origin is Origin.FILE:
        return base / secret.name
    return Path(os.environ.get("CREDENTIALS_DIRECTORY") or _OF_THE_SERVICE) / secret.name


def _remedy(secret: SecretRef, error: OSError) -> str:
    if secret.origin is Origin.FILE:
        return remedy(error)
    return f"the unit must have LoadCredential={secret.name}:PATH; outside it root can read it while the agent runs"


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


def was_fetched(problem: Problem, secrets: Iterable[SecretRef], contents: dict[tuple[str, ...], str]) -> bool:
    """Whether a problem is about contents, not about their absence, which has been noted."""
    missing = {secret.text.span(0, len(secret.text.value)) for secret in secrets if secret.setting not in contents}
    return problem.span not in missing
