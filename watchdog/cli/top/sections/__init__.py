"""The tabs of `top`, one a file. A new one is a `Section` in a file of its own, and a line here."""

from typing import Final

from watchdog.cli.top.lines import Section
from watchdog.cli.top.sections.alerts import ALERTS
from watchdog.cli.top.sections.approvals import APPROVALS
from watchdog.cli.top.sections.audit import AUDIT
from watchdog.cli.top.sections.blocked import BLOCKED
from watchdog.cli.top.sections.incidents import INCIDENTS
from watchdog.cli.top.sections.jobs import JOBS
from watchdog.cli.top.sections.processes import PROCESSES
from watchdog.cli.top.sections.queues import QUEUES
from watchdog.cli.top.sections.rules import RULES

SECTIONS: Final[tuple[Section, ...]] = (PROCESSES, JOBS, QUEUES, ALERTS, RULES, INCIDENTS, APPROVALS, BLOCKED, AUDIT)
"""In the order of the tabs, which are the keys 1 to 9."""
