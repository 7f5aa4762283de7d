"""Whether all this happens in a container, and whether Sidekiq is run by compose. Read from files; nobody asks a container engine."""

import contextlib
import os
import re
from pathlib import Path
from typing import Final

from watchdog.survey.files import UnreadableError, text_of, under

_MARKS: Final = ("/.dockerenv", "/run/.containerenv", "/var/run/secrets/kubernetes.io")
_FILES: Final = ("docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml")
_SERVICES: Final = re.compile(r"^services:\s*(?:#.*)?$")
_SIDEKIQ: Final = re.compile(r"^\s+command:.*\bsidekiq\b|^\s+['\"]?[\w-]*sidekiq[\w-]*['\"]?:\s*(?:#.*)?$")


def is_container(root: Path) -> bool:
    """Docker and podman leave a file; Kubernetes mounts the tokens of the pod."""
    return any(os.path.exists(under(root, mark)) for mark in _MARKS)  # noqa: PTH110  (Path.exists raises where this user may not look)


def compose_file(folder: str, root: Path) -> str | None:
    """The file in that folder in which compose is told to run Sidekiq."""
    for name in _FILES:
        path = f"{folder.rstrip('/')}/{name}"
        with contextlib.suppress(FileNotFoundError, UnreadableError):
            lines = text_of(under(root, path)).splitlines()
            if any(map(_SERVICES.match, lines)) and any(map(_SIDEKIQ.match, lines)):
                return path
    return None
