"""Messages as Block Kit stay within Slack's limits, whatever is in them, as the strict stand-in judges."""

from hypothesis import given
from hypothesis import strategies as st

from tests.service.slack_limits import wrong_with
from watchdog.model.cards import Standing
from watchdog.model.notices import Severity
from watchdog.receivers.message.message import Fact, Link, Message, Section
from watchdog.receivers.slack import blocks

HOSTILE = (
    "<!channel>",
    "<@U012AB3CD>",
    "<https://evil.example|here>",
    "&lt;!here&gt;",
    "*_~`",
    "```\n",
    "> quoted",
    "\ud83d\ude00" * 3,
    "😀" * 9,
    ":tada:",
    "#ops",
    "",
)
TEXTS = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=40), st.integers(1, 7_000).map(lambda many: "<&😀"[many % 3] * many))
SECTIONS = st.builds(
    Section,
    title=TEXTS,
    standing=st.sampled_from(Standing),
    severity=st.sampled_from(Severity),
    facts=st.lists(st.builds(Fact, label=TEXTS, value=TEXTS, is_long=st.booleans()), max_size=6).map(tuple),
    links=st.lists(st.builds(Link, label=TEXTS, url=st.just("https://example.org/a?b=1&c=2")), max_size=2).map(tuple),
    approval=st.just("7kq2m"),
)
MESSAGES = st.builds(
    Message,
    headline=TEXTS,
    severity=st.sampled_from(Severity),
    is_over=st.booleans(),
    sections=st.lists(SECTIONS, max_size=8).map(tuple),
    notes=st.lists(TEXTS, max_size=3).map(tuple),
)


@given(MESSAGES)
def test_whatever_is_in_a_card_slack_takes_it_and_nobody_is_called(message):
    """Cut, never refused; no text calls anybody or makes a link."""
    assert wrong_with(blocks.card(message, with_buttons=True)) == (None, set())


@given(SECTIONS)
def test_whatever_is_in_a_question_slack_takes_it(section):
    """Likewise."""
    assert wrong_with(blocks.question(section, action="recover_process", with_buttons=True)) == (None, set())


@given(st.lists(TEXTS, min_size=1, max_size=60))
def test_whatever_happened_slack_takes_it(texts):
    """Likewise, for what stands in a thread."""
    assert wrong_with(blocks.lines(texts)) == (None, set())
