"""What the routes and inhibitions of the config can name: tables, as for all that a person can write."""

from typing import Final

REPEAT_MOST: Final = 86_400_000
"""Milliseconds: no two reminders are further apart, unless already the first was to come later."""
LABEL: Final = "labels."
"""Before the name of a label, where one is named among other traits."""
GROUP_BY: Final[dict[str, str]] = {
    "rule": "Alerts of one rule are told together.",
    "target": "What it is about: a service, or a process by its host, tag and queues.",
    "entity": "Each entity by itself.",
    "severity": "What is equally bad.",
    "incident": "Each alert by itself, with what is done about it.",
}
"""What alerts can be grouped by, beside labels → what is together then."""
SAME: Final[dict[str, str]] = {
    "host": "The host of its process, unit or server.",
    "process": "The process.",
    "queue": "The queue that a job was taken from, or that it is about.",
    "target": "What it is about, as in `group_by`.",
    "entity": "The entity itself.",
}
"""What a cause and its symptom can have in common, beside labels → what it is."""
