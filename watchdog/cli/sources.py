"""
What a command that follows Sidekiq by itself is to read, according to the config: which Redis, which host, which units.

The counterpart of `state`: only the config itself is read, and of its secrets only what the address of Redis needs, so that a
mistake in a rule file or a secret that this user must not see keeps nobody from looking.
"""

from pathlib import Path

import msgspec

from watchdog.cli.state import settings_of
from watchdog.errors import ProblemsError
from watchdog.rulefile.settings import Settings, with_secrets


def sources_of(config: Path) -> Settings:
    """The settings of a config, with the secrets of its Redis and no others, and with the name of this host. Raises `ProblemsError` or `UsageError`."""
    from watchdog.config.secrets import fetch_secrets
    from watchdog.host.boot import host_name
    from watchdog.rulefile.findings import Findings

    settings = settings_of(config)
    settings = msgspec.structs.replace(settings, secrets=tuple(secret for secret in settings.secrets if secret.setting[0] == "redis"))
    findings = Findings()
    contents = fetch_secrets(settings.secrets, config.parent, findings)
    if findings.errors:
        raise ProblemsError(findings.in_order())
    settings, problems = with_secrets(settings, contents)
    if any(not problem.is_warning for problem in problems):
        raise ProblemsError(problems)
    return msgspec.structs.replace(settings, host=settings.host or host_name())
