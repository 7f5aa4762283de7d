"""The report of an incident: compared as a whole with what it was, and read by a parser of Markdown where strangers have chosen the words."""

import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.scenario.conversation import WALL
from tests.unit.receivers.message.hostile import HOSTILE
from watchdog.lang.harmless import harmless
from watchdog.timeline.assembling import of
from watchdog.timeline.escaping import escaped
from watchdog.timeline.following_up import follow_ups
from watchdog.timeline.markdown import written
from watchdog.timeline.timeline import Jobs, KeptEvidence, Moment, MomentKind, Timeline

GOLDEN = Path(__file__).parent / "golden"
NAMES = {"recovered": "9.1", "left_out": "7.1", "observed": "alert:3", "approved": "9.1", "ordered": "7.0"}
PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
STORY = Timeline(
    incident="7.1", rule="r", entity="e", target="t", action="a", summary="s", outcome="ended", severity=None, began=WALL, opened=WALL, ended=WALL + 1, resolved=WALL + 1, entries=(),
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_the_report_is_as_it_was(name, made):
    """Word by word. `GOLDEN=write` writes what is new, for somebody to read."""
    report = written(of(made(name), NAMES[name]), host="web1", now=WALL + 600_000)
    path = GOLDEN / f"{name}.md"
    if os.environ.get("GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(report)
    assert report == path.read_text()


def read(text: str) -> tuple[str, set[str]]:
    """The text as people see it, and everything else that a parser finds in it."""
    tokens = [token for block in PARSER.parse(f"- begins: {text}") for token in (block, *(block.children or ()))]
    usual = {
        "bullet_list_open",
        "bullet_list_close",
        "list_item_open",
        "list_item_close",
        "paragraph_open",
        "paragraph_close",
        "inline",
        "text",
        "text_special",
    }
    seen = "".join(token.content for token in tokens if token.type in ("text", "text_special"))
    return seen.removeprefix("begins:").lstrip(" "), {token.type for token in tokens} - usual


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_only_text(text):
    """No link, no HTML, no emphasis, no code, no second line; and what is seen is what was said."""
    seen, more = read(escaped(text))
    assert more == set()
    assert seen.rstrip() == harmless(text).replace("@", "\N{FULLWIDTH COMMERCIAL AT}")


@given(st.one_of(st.text(max_size=60), st.text("\\`*_[]<>|~$#!&;:/.w@-+() \n", max_size=30)))
def test_any_text_is_only_text(text):
    """Whatever it is made of."""
    seen, more = read(escaped(text))
    assert more == set()
    assert seen.rstrip() == harmless(text).replace("@", "\N{FULLWIDTH COMMERCIAL AT}")


@pytest.mark.parametrize(
    "link", ["https://evil.example/x", "http://a", "www.evil.example", "WWW.evil.example", "see https://a.b and www.c.d"]
)
def test_addresses_do_not_become_links(link):
    """Neither where `http://` alone makes one."""
    assert "://" not in escaped(link).replace("\\:", "")
    assert "www." not in escaped(link).lower()


def test_a_row_of_the_table_stays_one(made):
    """Whatever stands in it."""
    hostile = Moment(wall=WALL, kind=MomentKind.RULE, text="a | b \n| c | <script>alert(1)</script>")
    report = written(msgspec.structs.replace(STORY, entries=(hostile,)), host="", now=WALL)
    tokens = PARSER.parse(report)
    assert [token.type for token in tokens].count("tr_open") == 2
    assert [token.type for token in tokens].count("td_open") == 3
    assert not [token for token in tokens if token.type.startswith("html")]


def test_of_evidence_the_names_alone_are_told():
    """Why a job is suspected can name places in somebody's code, and stays where it was."""
    kept = KeptEvidence(
        process="web1:1:x",
        taken=WALL,
        until=WALL + 86_400_000,
        pieces=("proc", "log"),
        suspects=("Job j1 (proven): in /opt/secret/app.rb",),
    )
    moment = Moment(
        wall=WALL,
        kind=MomentKind.EVIDENCE,
        text="evidence: proc kept: in /opt/secret/app.rb",
        detail={"outcome": "proc kept", "stage": "evidence"},
    )
    report = written(msgspec.structs.replace(STORY, evidence=(kept,), entries=(moment,)), host="web1", now=WALL)
    assert "secret" not in report
    assert "- of web1:1:x: proc, log; kept until 2026-09-22" in report
    assert "| evidence | evidence: proc kept |" in report


def test_another_day_is_said():
    """Times without one are of the day on which it began."""
    moments = tuple(Moment(wall=wall, kind=MomentKind.STEP, text="SIGTERM sent") for wall in (WALL, WALL + 86_400_000))
    report = written(msgspec.structs.replace(STORY, entries=moments), host="", now=WALL)
    assert "| 14:13:20.000 | step |" in report
    assert "| 2026-09-22 14:13:20.000 | step |" in report


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"outcome": "unverified"}, "did not help as its rule wants it proven"),
        ({"outcome": "failed"}, "it may stand half-way"),
        ({"outcome": "closed"}, "left to do by hand"),
        ({"outcome": "would"}, "arm r"),
        ({"jobs": Jobs(lost=1)}, "audit --incident 7.1"),
        ({"jobs": Jobs(unnamed=1)}, "audit --incident 7.1"),
        ({"jobs": Jobs(quarantined=1)}, "quarantine list"),
        ({"evidence": (KeptEvidence(process="p", taken=1, until=WALL, pieces=()),)}, "before 2026-09-21: sidekiq-watchdog evidence 7.1"),
        ({"told": ()}, "Nobody has heard of it"),
        ({"next": "it is tried again", "ended": None}, "comes next by itself: it is tried again"),
    ],
)
def test_what_is_left_to_people(changes, words):
    """Each follows from what is known, with the command to type."""
    assert any(words in line for line in follow_ups(msgspec.structs.replace(STORY, **{"told": ("ops",), **changes})))
    assert not any(words in line for line in follow_ups(msgspec.structs.replace(STORY, told=("ops",))))


def test_what_to_do_keeps_its_lines():
    """Its numbered steps are a list of steps, and nothing in them is more than text."""
    report = written(msgspec.structs.replace(STORY, runbook="1. Look at *push*.\n2. Wait."), host="", now=WALL)
    part = report.partition("\n## What to do\n")[2].partition("\n## ")[0]
    inlines = [token for token in PARSER.parse(part) if token.type == "inline"]
    assert [[(one.type, one.content) for one in inline.children] for inline in inlines] == [
        [("text", "Look at *push*.")],
        [("text", "Wait.")],
    ]
