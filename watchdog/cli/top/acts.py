"""
What can be said from `top`, as a table: by which key, of what, and in which words it is said beforehand what will happen.

Nothing is said without a confirmation, nothing that needs a reason without one, and nothing at all with `--readonly`.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from watchdog.cli.exits import UsageError
from watchdog.cli.since import read_duration
from watchdog.cli.top.lines import Line
from watchdog.engine.switches import LONGEST
from watchdog.lang.glob import exactly

_DAY: Final = 86_400_000


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """
    `key` is upper case. `path` is where it is said, `lasts` for how long where nobody says otherwise, empty where it is for no time.

    `subject` gives the parameters that say what is meant by the line under the cursor, None where it is nothing of that kind: `wants` says then what to choose. `will` are the sentences that are confirmed.
    """

    key: str
    name: str
    path: str
    will: Callable[[Line | None], str]
    subject: Callable[[Line | None], dict[str, Any] | None]
    wants: str = ""
    lasts: str = ""
    needs_reason: bool = True


def _everything(_line: Line | None) -> dict[str, Any]:
    return {}


def _question(line: Line | None) -> dict[str, Any] | None:
    return {"approval": line.approval} if line is not None and line.approval else None


def _seen(line: Line | None) -> dict[str, Any] | None:
    return {"incident": line.incident} if line is not None and line.incident else None


def _alert(line: Line | None) -> dict[str, Any] | None:
    # These are patterns there, and a queue may be called `*`: nothing but what was confirmed is to be silent.
    return {"rule": exactly(line.rule), "entity": exactly(line.entity)} if line is not None and line.rule and line.entity else None


def _asked(line: Line | None) -> str:
    assert line is not None, "there is a question"
    one = line.item
    return f"{getattr(one, 'action', 'what is asked')} on {line.target}, of rule {line.rule} (question {line.approval})"


def _on(line: Line | None) -> str:
    assert line is not None, "there is a line"
    return f"{line.rule} on {line.entity or line.target}"


ACTS: Final[tuple[Act, ...]] = (
    Act(
        key="P", name="pause", path="pause", lasts="2h", subject=_everything,
        will=lambda _: "Pauses this agent: it does nothing to anything for that time, and holds what is under way before its next step. It goes on looking, and telling. R ends it before its time.",
    ),
    Act(
        key="R", name="resume", path="resume", subject=_everything,
        will=lambda _: "Ends all pauses of this agent that were given by command: from now on its rules act again as far as their modes go. What the file `pause` or the fleet says goes on.",
    ),
    Act(
        key="A", name="approve", path="approve", subject=_question, wants="choose a question under approvals first", needs_reason=False,
        will=lambda line: f"Says yes, for once: {_asked(line)}. All guards are asked again, and one that denies still wins.",
    ),
    Act(
        key="D", name="deny", path="deny", subject=_question, wants="choose a question under approvals first",
        will=lambda line: f"Says no: {_asked(line)} is not done for as long as what was found goes on, for a day at most.",
    ),
    Act(
        key="K", name="ack", path="ack", lasts="4h", subject=_seen, wants="choose an alert or an incident first",
        will=lambda line: f"Says that you have seen {_on(line)}: it is not told again for that time. Where its budget has stopped the rule, that begins anew.",
    ),
    Act(
        key="S", name="silence", path="silence", lasts="2h", subject=_alert, wants="choose an alert first",
        will=lambda line: f"Nobody is told of {_on(line)} for that time. It fires all the same, and what its rule does is done.",
    ),
)  # fmt: skip
BY_KEY: Final = {act.key: act for act in ACTS}


def body_of(act: Act, line: Line | None, *, lasts: str, reason: str) -> dict[str, Any]:
    """What is sent. Raises `UsageError` for what is wrong with what was typed."""
    subject = act.subject(line)
    assert subject is not None, "it was chosen before"
    if act.needs_reason and not reason.strip():
        raise UsageError("say in a few words why: it stands in the audit log with your name")
    body = {**subject, "reason": reason.strip()}
    if act.lasts:
        if not 0 < read_duration(lasts.strip(), "for") <= LONGEST:
            raise UsageError(f"for: more than nothing, and {LONGEST // _DAY} days at most")
        body["for"] = lasts.strip()
    return body
