"""Every form that the page shows, sent as it stands there: the engine hears just what it is meant to."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.scenario.conversation import HEALTHY, Conversation, found, host, job, process, redis, rules
from tests.unit.web.page.reading import Element, Page
from tests.unit.web.page.test_served_page import _log_in, visited
from tests.unit.web.served import Served, Spoken
from watchdog.model.told import (
    OperatorAcknowledged,
    OperatorApproved,
    OperatorDenied,
    OperatorPaused,
    OperatorResumed,
    OperatorSilenced,
    OperatorUnsilenced,
)
from watchdog.model.verdicts import Mode

Until = Callable[..., Awaitable[None]]
RULE = """
rules:
  - rule: stuck
    each: job
    when: job.elapsed > 10m
    then: [{terminate_process: {process: job.process}}]
    guards: {settle: 0, keep: 0%, deploy: 0s, baseline: allow, max_unhealthy: 100%}
    notify: [ops]
"""
ONE = "web1:10:a"


@pytest.fixture
def asking(short_path: Path) -> Spoken:
    """A job has been running for too long, and a person is asked."""
    talk = Conversation(rules(RULE, Mode.ASK))
    talk.at = 1_000_000
    talk.hear(redis(process(ONE, 1_000_000), job(ONE, "j1", 100_000), complete=True))
    talk.hear(host(found(ONE)))
    talk.answer(HEALTHY)
    return Spoken(talk, short_path)


async def _send(web: Served, action: str, **typed: str) -> str:
    """The form of the page with that action, as a browser sends it with these fields filled in; what the page then says."""
    page = Page((await web.afar.get("/"))[1])
    form = next(one for one in page.all("form", method="post") if one.attributes["action"] == action or _button(page, one, action))
    fields = {
        one.attributes["name"]: one.attributes.get("value", "") for one in page.all("input") if one.within("form") is form
    } | {one.attributes["name"]: "1h" for one in page.all("select") if one.within("form") is form}  # fmt: skip
    assert set(typed) <= set(fields)
    session, base = web.afar.session, web.afar.base
    async with session.post(base + action, data={**fields, **typed}, headers={"Origin": base}) as answer:
        assert answer.status == 200, await answer.text()
        shown = Page(await answer.text())
    return "".join(one.text.strip() for one in shown.elements if one.attributes.get("role") == "alert")


def _button(page: Page, form: Element, action: str) -> bool:
    return any(one.within("form") is form for one in page.all("button", formaction=action))


async def test_a_pause_and_its_end(asking: Spoken, until: Until) -> None:
    """For an hour, for all rules; and over before that."""
    async with visited(asking, until) as web:
        await _log_in(web)
        assert (await _send(web, "/say/pause", reason="new disks")).startswith("Paused.")
        assert (await _send(web, "/say/resume", reason="they are in")).startswith("Resumed.")

        pause, resume = asking.told
        assert isinstance(pause, OperatorPaused)
        assert (pause.reason, pause.rule, pause.target, pause.until - pause.asked) == ("new disks", "", "", 3_600_000)
        assert isinstance(resume, OperatorResumed)
        assert (resume.reason, resume.by) == ("they are in", "ada")


async def test_an_alert_is_seen_silenced_and_heard_again(asking: Spoken, until: Until) -> None:
    """By its id; by its rule and entity, as they are called exactly; by the id of the silence."""
    async with visited(asking, until) as web:
        await _log_in(web)
        (alert,) = asking.talk.state.ledger.alerts.values()
        assert (await _send(web, "/say/ack", reason="I look at it")).startswith("Acknowledged.")
        assert (await _send(web, "/say/silence", reason="known")).startswith("Silenced.")
        (silence,) = asking.talk.state.ledger.silences
        assert (await _send(web, "/say/unsilence")).startswith("The silence is over.")

        ack, hush, over = asking.told
        assert isinstance(ack, OperatorAcknowledged)
        assert (ack.incident, ack.channel) == (alert.id, "page")
        assert isinstance(hush, OperatorSilenced)
        assert (hush.rule, hush.entity, hush.channel) == ("stuck", alert.entity, "page")
        assert isinstance(over, OperatorUnsilenced)
        assert over.silence == silence


@pytest.mark.parametrize(
    ("action", "kind", "words"), [("/say/approve", OperatorApproved, "Approved."), ("/say/deny", OperatorDenied, "Denied.")]
)
async def test_a_question_is_answered(asking: Spoken, until: Until, action: str, kind: type, words: str) -> None:
    """Both answers are buttons of one form; which is pressed decides, and the way that it was said by is known."""
    async with visited(asking, until) as web:
        await _log_in(web)
        (asked,) = asking.talk.state.ledger.approvals.values()
        assert (await _send(web, action, reason="I have looked")).startswith(words)

        (told,) = asking.told
        assert isinstance(told, kind)
        assert (told.approval, told.by, told.channel, told.reason) == (asked.id, "ada", "page", "I have looked")  # type: ignore[attr-defined]  # either of the two


async def test_a_no_wants_a_reason(asking: Spoken, until: Until) -> None:
    """Without one nothing is said, and the question stands."""
    async with visited(asking, until) as web:
        await _log_in(web)
        assert (await _send(web, "/say/deny")).startswith("Nothing was said.")
        assert asking.told == []
