"""
Is this local process the one that speaks of itself in Redis? Pure.

The counterpart of what Sidekiq writes: identity, start and tag in Redis, and a title over its own command line.
It answers with a reason, not with a bool, because whoever asks why nothing was done must be told.
The reasons quote no command line but Sidekiq's own title, since arguments can hold secrets.
"""

import re
from typing import Final

from watchdog.host.proc import ProcessFacts
from watchdog.model.targets import Claim

TOLERANCE: Final = 1000
"""Milliseconds by which a process may seem to have started after its first beat: ticks and two clocks are not exact."""

_TITLE: Final = re.compile(r"sidekiq (?P<version>\d+\.\S*) (?P<rest>.*)", re.DOTALL)
_COUNTS: Final = re.compile(r"\[\d+ of \d+ busy\]( .*)?", re.DOTALL)
_ANY_TAG: Final = re.compile(r"(.* )?" + _COUNTS.pattern, re.DOTALL)


def title_mismatch(cmdline: str, *, version: str, tag: str | None) -> str:
    """
    Why a command line is not the title of a Sidekiq of that version and tag, or ''.

    The title is `sidekiq <version> <tag> [<busy> of <threads> busy]`, with ` stopping` once it is quiet
    (`PROCTITLES` in Sidekiq's launcher.rb). It is first set just before the first beat is written to Redis. A tag may
    hold blanks or be empty; None stands for any. An empty `version` stands for one that the process does not report
    (before 7.0.2).
    """
    title = _TITLE.fullmatch(cmdline)
    if title is None:
        return "its command line is not the title of a Sidekiq process"
    if version and title["version"] != version:
        return f"its title says Sidekiq {title['version']}, Redis says {version}"
    # The tag is compared, not parsed: it may itself look like the count that follows it.
    rest = title["rest"]
    if tag is None:
        return "" if _ANY_TAG.fullmatch(rest) else "its title lacks the count of busy threads"
    if rest.startswith(f"{tag} ") and _COUNTS.fullmatch(rest[len(tag) + 1 :]):
        return ""
    if not tag and _COUNTS.fullmatch(rest):
        return ""
    return f"its title has another tag than {tag!r}" if tag else "its title has a tag, in Redis it has none"


def mismatch(claim: Claim, facts: ProcessFacts, *, host: str, started_at: int) -> str:
    """
    Why the local process is not the one of the claim, as a sentence, or '' if it is.

    `host` is the name of this host; `started_at` the start of the local process in engine milliseconds.
    """
    if claim.host != host:
        return f"it runs on host {claim.host}, not on {host}"
    if claim.pid != facts.pid:
        return f"it has pid {claim.pid}, not {facts.pid}"
    if reason := title_mismatch(facts.cmdline, version=claim.version, tag=claim.tag):
        return f"pid {facts.pid} is another process: {reason}"
    if started_at > claim.booted_at + TOLERANCE:
        # No figure: it would differ with each beat, and a reason is told anew when it changes.
        return f"pid {facts.pid} is another process: it started after the first beat (or the clock of this host was set since)"
    return ""
