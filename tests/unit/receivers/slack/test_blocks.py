"""Messages as Block Kit: within Slack's limits whatever is in them, as the strict stand-in judges."""

import pytest

from tests.service.slack_limits import buttons, length, said, wrong_with
from watchdog.model.cards import Standing
from watchdog.model.notices import Severity
from watchdog.receivers.message.message import Fact, Link, Message, Section
from watchdog.receivers.slack import blocks


def section(number, *, size=10):
    """An alert with a long story."""
    return Section(
        f"alert {number}",
        Standing.FIRING,
        Severity.WARNING,
        facts=(Fact("why", "x" * size),),
        links=(Link("runbook", "https://example.org/r"),),
    )


def test_many_alerts_are_counted_where_they_have_no_room():
    """At most 50 blocks, and what is left out is said."""
    post = blocks.card(Message("HEAD", Severity.WARNING, False, tuple(map(section, range(200)))), with_buttons=True)
    assert len(post.blocks) <= blocks.BLOCKS
    shown = sum("*alert " in str(block) for block in post.blocks)
    assert f"and {200 - shown} more" in said({"blocks": list(post.blocks)})
    assert wrong_with(post) == (None, set())


def test_long_stories_are_cut():
    """Each to what a section holds, and all of them to what a message holds."""
    post = blocks.card(Message("HEAD", Severity.WARNING, False, tuple(section(n, size=9_000) for n in range(6))), with_buttons=True)
    texts = [block["text"]["text"] for block in post.blocks if block["type"] == "section"]
    assert all(length(text) <= 3_000 for text in texts)
    assert sum(map(length, texts)) <= blocks.ALL_TEXTS
    assert wrong_with(post) == (None, set())


@pytest.mark.parametrize(
    ("mention", "written"),
    [("here", "<!here>"), ("channel", "<!channel>"), ("U012AB3CD", "<@U012AB3CD>"), ("S012AB3CD", "<!subteam^S012AB3CD>")],
)
def test_a_mention_is_written_as_slack_wants_it(mention, written):
    """People, groups, everybody who is there, everybody."""
    post = blocks.card(Message("HEAD", Severity.CRITICAL, False, ()), mention=mention, with_buttons=False)
    assert post.text.startswith(f"{written} ")
    assert wrong_with(post) == (None, {written})


def test_a_card_that_is_over_has_no_button():
    """There is nothing left to acknowledge."""
    over = Message("HEAD", Severity.CRITICAL, True, ())
    assert buttons({"blocks": blocks.card(over, with_buttons=True).blocks}) == []


@pytest.mark.parametrize(
    ("text", "most", "kept"), [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("a&amp;b", 5, "a…"), ("a&amp;bc", 7, "a&amp;…"), ("😀😀", 3, "😀…")]
)
def test_a_cut_breaks_nothing(text, most, kept):
    """Neither an entity nor an emoji is cut in two."""
    assert blocks.cut(text, most) == kept
