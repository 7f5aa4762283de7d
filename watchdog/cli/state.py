"""
Where the agent keeps its state, according to the config.

Only the config itself is read: neither its rules nor its secrets, so that a mistake in a rule file or a secret that this
user must not see does not hide what the agent did.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from watchdog.cli.exits import UsageError
from watchdog.errors import ProblemsError

if TYPE_CHECKING:
    from watchdog.rulefile.settings import Settings


def state_folder(config: Path) -> Path:
    """The state folder that a config names. Raises `ProblemsError` or `UsageError` where it can't be known."""
    return config.absolute().parent / settings_of(config).state.value


def settings_of(config: Path) -> "Settings":
    """What a config says, its secrets still references. Raises `ProblemsError` or `UsageError`."""
    from watchdog.rulefile.settings import read_settings

    try:
        text = config.read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        raise UsageError(
            f"the config {config} can't be read: {(error.strerror or type(error).__name__).lower()}; name yours by --config"
        ) from error
    settings, problems = read_settings(str(config), text)
    if settings is None:
        raise ProblemsError(problems)
    return settings
