"""A card in words, as somebody reads it who has just been woken."""

from datetime import UTC, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.lang.test_harmless import read
from tests.unit.receivers.message.hostile import HOSTILE
from watchdog.model.cards import Card, Entry, Standing
from watchdog.model.notices import Notice, NoticeKind, Severity
from watchdog.receivers.message.html import TAGS, html_of
from watchdog.receivers.message.links import link
from watchdog.receivers.message.message import Link
from watchdog.receivers.message.mrkdwn import linked, quoted, section_lines
from watchdog.receivers.message.plain import plain_of
from watchdog.receivers.message.words import MOST, _urgency, line_of, message_of

T = 1_772_331_005_000
"""2026-03-01 02:10:05 UTC."""
MIN = 60_000
FIRING = Entry(
    thread="4.0", standing=Standing.FIRING, severity=Severity.CRITICAL, title="PushWorker has been running for 12m on web1", first=T + 12 * MIN, last=T + 12 * MIN,
    since=T, rule="stuck-job", entity="web1:10:abc/t1/j1/1000", target="web1/mastodon-sidekiq.service", host="web1", condition='job.queue == "push" and job.elapsed > 10m',
    seen=("job.queue = push", "job.elapsed = 12m"), action="recover_process", decision="DENY", guard="cooldown", reason="acted upon 2m ago, again in 13m",
    next="asked again in 13m", runbook="https://wiki.example.org/stuck", page="https://watchdog.example.org/incidents/5.1",
)  # fmt: skip


def message(*entries: Entry, **fields: Any) -> str:
    """The text of a card."""
    return plain_of(message_of(Card(group="g", entries=entries, **fields), zone=UTC))


def test_one_alert_is_told_in_full():
    """What, where, how it stands in the first line; then since when, why with its values, what stopped it, what comes next, where to read on."""
    assert message(FIRING) == (
        "CRITICAL PushWorker has been running for 12m on web1, mastodon-sidekiq.service: recover_process not done (cooldown)\n"
        "\n"
        "since: 2026-03-01 02:10:05 UTC, 12m before this\n"
        "where: web1/mastodon-sidekiq.service, web1:10:abc/t1/j1/1000\n"
        "rule: stuck-job\n"
        'why: job.queue == "push" and job.elapsed > 10m\n'
        "seen:\n"
        "  job.queue = push\n"
        "  job.elapsed = 12m\n"
        "stopped by: cooldown: acted upon 2m ago, again in 13m\n"
        "next: asked again in 13m\n"
        "page: https://watchdog.example.org/incidents/5.1\n"
        "runbook: https://wiki.example.org/stuck"
    )


@pytest.mark.parametrize(
    ("standing", "changes", "says"),
    [
        (Standing.FIRING, {"decision": "", "guard": "", "action": "", "next": "nothing by itself"}, "nothing is done by itself"),
        (Standing.FIRING, {"decision": "", "guard": "", "action": "", "next": ""}, "being checked"),
        (Standing.FIRING, {"acknowledged": "ada"}, "recover_process not done (cooldown), seen by ada"),
        (Standing.FIRING, {"decision": "DRY_RUN", "guard": ""}, "recover_process would be done (dry-run)"),
        (Standing.FIRING, {"decision": "ASK", "guard": ""}, "a person would be asked about recover_process (dry-run)"),
        (
            Standing.FIRING,
            {"decision": "ASK", "did": ("recover_process on web1/mastodon-sidekiq.service: denied by ben: no",)},
            "recover_process denied by ben: no",
        ),
        (Standing.ASKING, {}, "waits for a person: recover_process"),
        (Standing.ACTING, {}, "recover_process under way"),
        (Standing.HELD, {"reason": "redis: can't be read"}, "left half-way, redis: can't be read"),
        (Standing.VERIFIED, {"jobs": "12 put back (12 from work hash)"}, "recover_process helped, 12 put back"),
        (Standing.FAILED, {}, "recover_process has not helped"),
    ],
)
def test_the_first_line_says_how_it_stands(standing, changes, says):
    """On a screen that shows one line it is seen whether one has to get up."""
    entry = msgspec.structs.replace(FIRING, standing=standing, **changes)

    headline = message_of(Card(group="g", entries=(entry,)), zone=UTC).headline

    assert headline == f"CRITICAL PushWorker has been running for 12m on web1, mastodon-sidekiq.service: {says}"


def test_many_alerts_are_counted_in_the_first_line():
    """What waits for a person comes first; what is not shown is counted, and nothing is passed over."""
    entries = [msgspec.structs.replace(FIRING, thread=f"{number}.0", first=T + number) for number in range(14)]
    entries[9] = msgspec.structs.replace(
        entries[9], standing=Standing.ASKING, approval="7kq2m", title="the ninth", target="web9/sidekiq.service"
    )
    entries[3] = msgspec.structs.replace(entries[3], standing=Standing.RESOLVED, over=T + MIN)

    told = message_of(Card(group="g", entries=tuple(entries), more=200, more_over=1), missed=3, zone=UTC)

    assert told.headline == (
        "CRITICAL stuck-job: 213 of 215 alerts go on (1 waiting for a person, 12 firing, 200 not shown); "
        "first the ninth, web9/sidekiq.service: waits for a person: recover_process"
    )
    assert len(told.sections) == MOST
    assert told.sections[0].approval == "7kq2m"
    assert told.notes == (
        "203 more alerts not shown here",
        "2 more that are over",
        "3 messages could not be sent in time; this is how it stands",
    )


def test_times_are_those_of_the_zone():
    """Each with the name of its zone: whoever is abroad reads it right."""
    told = message_of(Card(group="g", entries=(FIRING,)), zone=timezone(timedelta(hours=1), "CET"))

    assert told.sections[0].facts[0].value == "2026-03-01 03:10:05 CET, 12m before this"


def test_what_is_over_says_how_long_it_lasted():
    """From when to when, and what became of the jobs."""
    over = msgspec.structs.replace(
        FIRING, standing=Standing.RESOLVED, over=T + 14 * MIN, jobs="12 in flight: 12 put back into its queue", next="", guard="", reason=""
    )

    assert message(over).startswith(
        "OVER after 14m: PushWorker has been running for 12m on web1, mastodon-sidekiq.service: nothing was done, 12 in flight: 12 put back into its queue\n"
    )
    assert ": recover_process was done, 12 in flight" in message(msgspec.structs.replace(over, decision="ALLOW"))
    assert "since: 2026-03-01 02:10:05 UTC, until 02:24:05: 14m" in message(over)
    assert "jobs: 12 in flight: 12 put back into its queue" in message(over)


def test_a_turn_of_the_story_is_one_line():
    """When, what, why and what next, each said once."""
    notice = Notice(
        "1.0", "4.0", NoticeKind.STAGE, Severity.CRITICAL, T, "SIGTERM sent to web1/mastodon-sidekiq.service (pid 10)", reason="pid 10", next="SIGKILL in 20s", by="ada"
    )  # fmt: skip

    assert line_of(notice, zone=UTC) == "02:10:05 SIGTERM sent to web1/mastodon-sidekiq.service (pid 10); by ada; next: SIGKILL in 20s"


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_in_every_field_is_text(text):
    """Whatever stands in a card: no tag but ours, no call, no line more than a message may have."""
    fields = (
        "title",
        "entity",
        "target",
        "host",
        "condition",
        "action",
        "guard",
        "reason",
        "next",
        "jobs",
        "acknowledged",
        "runbook",
        "page",
        "rule",
    )
    entry = msgspec.structs.replace(FIRING, **dict.fromkeys(fields, text), seen=(text,) * 3, plan=(text,), did=(text,) * 9)
    notice = Notice("1.0", "4.0", NoticeKind.STAGE, Severity.CRITICAL, T, text, reason=text, next=text, by=text)

    told = message_of(Card(group=text, entries=(entry, entry)), zone=UTC)
    reading = read(html_of(told))

    assert all(line.isprintable() for line in plain_of(told).split("\n"))
    assert set(reading.tags) <= TAGS
    assert "".join(reading.text.split()) == "".join(plain_of(told).split())
    assert len(told.headline) <= 250
    assert len(plain_of(told)) < 20_000
    shown = [quoted(told.headline), *(line for section in told.sections for line in section_lines(section, with_title=True))]
    assert not any("<!" in line or "<@" in line or "<#" in line for line in shown)
    assert line_of(notice, zone=UTC).isprintable()


@pytest.mark.parametrize(
    "url",
    [
        "https://wiki.example.org/stuck?id=1&x=a%20b#part",
        "http://localhost:8080/",
        "https://[::1]:9090/x",
    ],
)
def test_addresses_of_pages_are_links(url):
    """And are quoted where they stand in markup."""
    assert link("runbook", url) == Link("runbook", url)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)", "data:text/html,x", "ftp://example.org/", "wiki/stuck.md", "", "https://", "//example.org/x", "https://ada:secret@example.org/",
        "https://good.example@evil.example/", "https://MATRIX.to/#/@ada:example.org", 'https://example.org/"onclick=', "https://example.org/<b>", "https://example.org/ x", "https://example.org/\u202e", "https://example.org/\n",
        "https://example.org:99999/", "https://[::1/", "https://example.org/" + "x" * 3000, "https://exämple.org/", "https://example.org/|x",
    ],
)  # fmt: skip
def test_what_is_no_address_of_a_page_is_no_link(url):
    """It is shown as text, or not at all."""
    assert link("runbook", url) is None


def test_a_link_is_quoted_in_slack():
    """Its label can't end it, nor its address."""
    assert linked("a|b>c", "https://example.org/?a=1&b=2") == "<https://example.org/?a=1&amp;b=2|a¦b&gt;c>"


def test_what_the_agent_says_of_a_rule():
    """It is no alert: nothing is said of what is done about it, but by which agent it is said, and what a person can do."""
    entry = Entry(
        thread="rule:stuck-job", standing=Standing.FIRING, severity=Severity.CRITICAL, title="rule stuck-job only asks from now on: 1 of its last 4 helped", first=T, last=T,
        rule="stuck-job", host="web1", reason="1 of its last 4 helped", next="when you trust it again: sidekiq-watchdog arm stuck-job --mode act --reason WHY",
    )  # fmt: skip

    assert message(entry) == (
        "CRITICAL web1: rule stuck-job only asks from now on: 1 of its last 4 helped\n"
        "\n"
        "where: web1\n"
        "rule: stuck-job\n"
        "next: when you trust it again: sidekiq-watchdog arm stuck-job --mode act --reason WHY"
    )


TEXTS = st.one_of(st.sampled_from(("", "recover_process", "web1/sidekiq.service", *HOSTILE[:40])), st.text(max_size=20))
TIMES = st.integers(-(2**62), 2**62)
ENTRIES = st.builds(
    Entry, thread=st.uuids().map(str), standing=st.sampled_from(Standing), severity=st.sampled_from(Severity), title=TEXTS, first=TIMES, last=TIMES, since=TIMES,
    over=st.none() | TIMES, rule=TEXTS, entity=TEXTS, target=TEXTS, host=TEXTS, condition=TEXTS, seen=st.lists(TEXTS, max_size=3).map(tuple), action=TEXTS,
    decision=st.sampled_from(("", "ALLOW", "DENY", "ASK", "DRY_RUN")), guard=TEXTS, reason=TEXTS, plan=st.lists(TEXTS, max_size=3).map(tuple),
    did=st.lists(TEXTS, max_size=8).map(tuple), next=TEXTS, jobs=TEXTS, approval=TEXTS, acknowledged=TEXTS, runbook=TEXTS, page=TEXTS,
)  # fmt: skip


@given(st.lists(ENTRIES, max_size=14), st.integers(0, 10**6), st.integers(0, 10**6))
def test_any_card_can_be_told(entries, more, more_over):
    """Whatever stands in it, however the clock was set: a headline that fits, every alert shown or counted, no empty fact, nothing but text."""
    told = message_of(Card(group="g", entries=tuple(entries), more=more, more_over=more_over), zone=UTC)

    assert told.headline.strip()
    assert len(told.headline) <= 250
    assert len(told.sections) == min(len(entries), MOST)
    assert all(fact.value.strip() for section in told.sections for fact in section.facts)
    assert all(line.isprintable() for line in plain_of(told).split("\n"))
    assert set(read(html_of(told)).tags) <= TAGS
    hidden_over = sum(entry.over is not None for entry in sorted(entries, key=_urgency)[MOST:]) + more_over
    assert (f"{hidden_over} more that" in " ".join(told.notes)) is bool(hidden_over)


def test_what_to_do_is_said_as_it_stands():
    """With its lines, cut at one of them; what is over needs nobody any more, and an address is a link as ever."""
    steps = msgspec.structs.replace(FIRING, runbook="1. Look.\n2. Wait.")
    assert "\nwhat to do:\n  1. Look.\n  2. Wait.\n" in message(steps)
    assert "what to do" not in message(msgspec.structs.replace(steps, standing=Standing.RESOLVED, over=T + 13 * MIN))
    long = message(msgspec.structs.replace(FIRING, runbook="\n".join(f"{number}. {'x' * 96}" for number in range(10))))
    assert ("5. xxx" in long, "6. xxx" in long, "  …\n" in long) == (True, False, True)
