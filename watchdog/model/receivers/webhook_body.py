"""What stands in the body of the webhook: one table. The code that writes it is keyed to it, the schema and the reference are made of it."""

from enum import StrEnum
from typing import Final

import msgspec


class Shape(StrEnum):
    """What a value looks like in JSON; where nothing is known it is empty, and never missing."""

    TEXT = "text"
    TIME = "time"
    TEXTS = "list of texts"
    NAMED = "names with texts"
    COUNT = "count"
    SEVERITY = "severity"
    DECISION = "decision"


class BodyKey(msgspec.Struct, frozen=True):
    """One key under `data`."""

    name: str
    shape: Shape
    doc: str


BODY: Final[tuple[BodyKey, ...]] = (
    BodyKey(
        "id", Shape.TEXT, "Of this message; the same over all attempts, as `webhook-id`. Whoever has it already throws the second away."
    ),
    BodyKey("thread", Shape.TEXT, "Of the story that it is one turn of: an alert with its incident. Its turns come in order."),
    BodyKey("group", Shape.TEXT, "Of what is shown together, by `group_by` of the routes."),
    BodyKey("severity", Shape.SEVERITY, "How bad it is."),
    BodyKey("title", Shape.TEXT, "What happened, in a sentence."),
    BodyKey("rule", Shape.TEXT, "The rule, or `order:ID` for what a person has ordered; empty for what the agent says of itself."),
    BodyKey("entity", Shape.TEXT, "What the alert is about."),
    BodyKey("target", Shape.TEXT, "What is acted upon."),
    BodyKey("decision", Shape.DECISION, "What the guards and the mode made of it."),
    BodyKey("guard", Shape.TEXT, "Which guard gave the reason."),
    BodyKey("reason", Shape.TEXT, "Why."),
    BodyKey("action", Shape.TEXT, "What is done, or would be."),
    BodyKey("stage", Shape.TEXT, "How far that is."),
    BodyKey("outcome", Shape.TEXT, "How it came out."),
    BodyKey("approval", Shape.TEXT, "The id of what a person is asked, to be answered with."),
    BodyKey("since", Shape.TIME, "When what it is about began."),
    BodyKey("host", Shape.TEXT, "The host of the agent."),
    BodyKey("condition", Shape.TEXT, "The condition of the rule."),
    BodyKey("seen", Shape.TEXTS, "The readings that it was judged by."),
    BodyKey("plan", Shape.TEXTS, "What is done or would be done, a line a stage."),
    BodyKey("next", Shape.TEXT, "What comes next."),
    BodyKey("jobs", Shape.TEXT, "What became of the jobs that were in it. Never their arguments."),
    BodyKey("by", Shape.TEXT, "The person who has done it."),
    BodyKey(
        "runbook",
        Shape.TEXT,
        "What a person does about it, or where that is written: an address, a file, or the first 700 characters of a text, cut at a line.",
    ),
    BodyKey("page", Shape.TEXT, "The address at which all of it can be read."),
    BodyKey("labels", Shape.NAMED, "The labels of the rule."),
    BodyKey(
        "missed",
        Shape.COUNT,
        "How many messages before this one are not told by themselves, because they had waited for too long or were too many.",
    ),
    BodyKey(
        "goes_on",
        Shape.TEXTS,
        "Where some were missed, with the last message of those that came together: what goes on in the group by then, a line for each alert, of very many the first.",
    ),
)
