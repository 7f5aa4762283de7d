"""Which file of the checkout the package puts where."""

from typing import Final

HOME: Final = "/opt/sidekiq-watchdog"
_UNITS: Final = "/usr/lib/systemd/system"
_DOCUMENTS: Final = "/usr/share/doc/sidekiq-watchdog"

FILES: Final = (
    ("packaging/sidekiq-watchdog.service", f"{_UNITS}/sidekiq-watchdog.service"),
    ("packaging/sidekiq-watchdog-inspect.service", f"{_UNITS}/sidekiq-watchdog-inspect.service"),
    ("packaging/sidekiq-watchdog-inspect.socket", f"{_UNITS}/sidekiq-watchdog-inspect.socket"),
    ("packaging/sysusers.conf", "/usr/lib/sysusers.d/sidekiq-watchdog.conf"),
    ("packaging/tmpfiles.conf", "/usr/lib/tmpfiles.d/sidekiq-watchdog.conf"),
    ("packaging/polkit.rules", "/usr/share/polkit-1/rules.d/50-sidekiq-watchdog.rules"),
    ("packaging/inspect.toml", "/etc/sidekiq-watchdog/inspect.toml"),
    ("packaging/deb/lintian-overrides", "/usr/share/lintian/overrides/sidekiq-watchdog"),
)
CONFFILES: Final = ("/etc/sidekiq-watchdog/inspect.toml",)
"""What an operator may change, and an upgrade asks about. No config is among them: `init` writes one, or a person does."""
LINKS: Final = {
    "/usr/bin/sidekiq-watchdog": f"{HOME}/bin/sidekiq-watchdog",
    "/usr/sbin/sidekiq-watchdog-command": f"{HOME}/bin/sidekiq-watchdog-command",
}
"""What people type, and root alone."""
DOCUMENTS: Final = (
    ("README.md", f"{_DOCUMENTS}/README.md"),
    ("packaging/README.md", f"{_DOCUMENTS}/packaging.md"),
    ("rules/README.md", f"{_DOCUMENTS}/rules.md"),
    ("packaging/config.yml", f"{_DOCUMENTS}/examples/config.yml"),
    ("packaging/rules.yml", f"{_DOCUMENTS}/examples/rules.yml"),
    ("packaging/commands.toml", f"{_DOCUMENTS}/examples/commands.toml"),
    ("packaging/slack.yml", f"{_DOCUMENTS}/examples/slack.yml"),
    ("packaging/redis.acl", f"{_DOCUMENTS}/examples/redis.acl"),
    ("packaging/probe", f"{_DOCUMENTS}/examples/probe"),
    ("packaging/prometheus", f"{_DOCUMENTS}/examples/prometheus"),
    ("packaging/grafana", f"{_DOCUMENTS}/examples/grafana"),
)
"""What is for reading and for copying; folders whole."""
