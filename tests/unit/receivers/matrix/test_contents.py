"""What is in an event, and that it always fits."""

import json

import pytest

from watchdog.model.cards import Standing
from watchdog.model.notices import Severity
from watchdog.receivers.matrix.contents import QUIET, ROOM_FOR, changed, content_of, in_thread, lines_of, shortest, text_of
from watchdog.receivers.message.message import Fact, Message, Section


def message(sections=1, width=10, facts=1):
    """One with so many sections of so many facts of such a width."""
    section = Section("title", Standing.FIRING, Severity.CRITICAL, tuple(Fact("why", "<ö>" * width) for _ in range(facts)))
    return Message("CRITICAL headline", Severity.CRITICAL, is_over=False, sections=(section,) * sections)


@pytest.mark.parametrize(
    ("sections", "width", "facts"), [(1, 1, 1), (10, 300, 10), (400, 300, 10), (1, 100_000, 1), (1, 2_000, 200), (0, 0, 0)]
)
def test_a_message_always_fits(sections, width, facts):
    """Changed or in a thread, too, an event stays below the 65,536 bytes that it may have; its first line is always there."""
    content = content_of(message(sections, width, facts))
    for event in (content, changed(content, "$" + "x" * 43), in_thread(content, "$" + "x" * 43)):
        assert len(json.dumps(event, ensure_ascii=False).encode()) < 48_000
    assert content["body"].startswith("CRITICAL headline")


def test_what_was_cut_is_counted():
    """Sections go from the end, and it is said how many."""
    content = content_of(message(400, 30, 3))
    shown = content["body"].count("title")
    assert 0 < shown < 400
    assert content["body"].endswith(f"{400 - shown} more are not shown here")


def test_markup_is_quoted():
    """What a class or a host is called is text in the formatted body."""
    content = content_of(message())
    assert "&lt;ö&gt;" in content["formatted_body"]
    assert "<ö>" not in content["formatted_body"]


def test_nobody_is_mentioned():
    """Every event says so, whatever stands in it; then no server looks for names in its text."""
    for content in (content_of(message()), text_of("@room"), lines_of(("@room",), kind=QUIET)):
        assert content["m.mentions"] == {}
        assert changed(content, "$e")["m.mentions"] == {}
        assert in_thread(content, "$e")["m.mentions"] == {}


def test_a_change():
    """The new content stands whole beside what is shown where changes are not known."""
    content = content_of(message())
    event = changed(content, "$card")
    assert event["m.new_content"] == content
    assert event["m.relates_to"] == {"rel_type": "m.replace", "event_id": "$card"}
    assert event["body"] == "* CRITICAL headline"


def test_lines_keep_the_newest():
    """Of more lines than there is room for the last are shown."""
    lines = tuple(f"{number} " + "x" * 500 for number in range(200))
    content = lines_of(lines, kind=QUIET)
    assert content["body"].endswith(lines[-1])
    assert not content["body"].startswith("0 ")
    assert len(content["body"]) > ROOM_FOR // 4
    assert lines_of(("y" * 200_000,), kind=QUIET)["body"].endswith("…")


@pytest.mark.parametrize("text", ["x" * 200_000, "\x00" * 200_000, "🦊" * 60_000, "\ud800" * 100_000])
def test_a_text_always_fits(text):
    """Also one that grows as it is written."""
    assert len(json.dumps(text_of(text)["body"], ensure_ascii=True).encode()) < 400_000
    assert text_of(text)["body"].endswith("…")


def test_the_shortest():
    """For a server that takes less than it must: still the change, or the line in the thread, that it was."""
    content = content_of(message(10, 300, 10))
    assert shortest(changed(content, "$card"))["m.relates_to"] == {"rel_type": "m.replace", "event_id": "$card"}
    assert shortest(in_thread(content, "$card"))["m.relates_to"]["rel_type"] == "m.thread"
    for event in (content, changed(content, "$card"), in_thread(content, "$card")):
        assert len(json.dumps(shortest(event)).encode()) < 8_000
