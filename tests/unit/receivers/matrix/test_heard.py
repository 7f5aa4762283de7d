"""What was said to us, out of what stands in a room."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdog.receivers.matrix.heard import heard

ME = "@watchdog:example.org"
ADA = "@ada:example.org"


def reaction(key="👍", target="$ours", **more):
    """An event of Ada's."""
    content = {"m.relates_to": {"rel_type": "m.annotation", "event_id": target, "key": key}}
    return {"type": "m.reaction", "event_id": "$r", "sender": ADA, "origin_server_ts": 1000, "content": content, **more}


def message(body="!watchdog status", relates=None, **more):
    """A message of Ada's."""
    content = {"msgtype": "m.text", "body": body} | ({} if relates is None else {"m.relates_to": relates})
    return {"type": "m.room.message", "event_id": "$m", "sender": ADA, "origin_server_ts": 1000, "content": content, **more}


@pytest.mark.parametrize(
    ("key", "means"),
    [
        ("👍", "approve"),
        ("👍\ufe0f", "approve"),
        ("👍🏿", "approve"),
        ("✅", "approve"),
        ("✔️", "approve"),
        ("👎🏻", "deny"),
        ("❌", "deny"),
        ("✖️", "deny"),
        ("👀", "ack"),
    ],
)
def test_a_reaction(key, means):
    """Its sign says what is meant, in whichever colour; it is about the message that it was put to, and answered there."""
    one = heard(reaction(key), me=ME)
    assert (one.id, one.by, one.text, one.asked, one.about, one.thread, one.is_reaction) == (
        "$r",
        ADA,
        means,
        1000,
        ("$ours",),
        "$ours",
        True,
    )


@pytest.mark.parametrize(
    ("relates", "about", "thread"),
    [
        (None, (), "$m"),
        ({"m.in_reply_to": {"event_id": "$ours"}}, ("$ours",), "$m"),
        ({"rel_type": "m.thread", "event_id": "$root"}, ("$root",), "$root"),
        (
            {"rel_type": "m.thread", "event_id": "$root", "is_falling_back": True, "m.in_reply_to": {"event_id": "$last"}},
            ("$last", "$root"),
            "$root",
        ),
        ({"rel_type": "m.thread", "event_id": "$root", "m.in_reply_to": {"event_id": "$root"}}, ("$root",), "$root"),
        ({"rel_type": "m.thread", "event_id": 7, "m.in_reply_to": "x"}, (), "$m"),
        (["m.thread"], (), "$m"),
    ],
)
def test_what_a_message_is_about(relates, about, thread):
    """What it replies to, then the thread that it stands in; it is answered in that thread, or begins one."""
    one = heard(message(relates=relates), me=ME)
    assert (one.text, one.about, one.thread, one.is_reaction) == ("!watchdog status", about, thread, False)


@pytest.mark.parametrize(
    "event",
    [
        reaction("🎉"), reaction("👍👎"), reaction(7), reaction(target="ours"), reaction(target=None), reaction(sender=ME), reaction(sender="ada"), reaction(content={}),
        reaction(unsigned={"redacted_because": {}}, content={}), reaction(origin_server_ts="1000"), reaction(origin_server_ts=True), reaction(origin_server_ts=10**20), reaction(origin_server_ts=-1),
        reaction(event_id=None), reaction(content={"m.relates_to": {"rel_type": "m.reference", "event_id": "$ours", "key": "👍"}}), reaction(state_key=""),
        message("hello"), message("approve 7kq2m"), message("watchdog approve"), message(sender=ME), message(body=7), message(body=""),
        message(content={"msgtype": "m.notice", "body": "!watchdog status"}), message(content={"msgtype": "m.emote", "body": "!watchdog status"}),
        message("!watchdog deny", {"rel_type": "m.replace", "event_id": "$m0"}),
        message("> !watchdog approve\n\nno, wait", {"m.in_reply_to": {"event_id": "$ours"}}),
        {}, None, "x", 7, {"type": "m.room.member"},
    ],
)  # fmt: skip
def test_what_is_not_said_to_us(event):
    """Other signs, talk, what we said ourselves, what was taken back or changed, what programs say, what only quotes, and what no server should send."""
    assert heard(event, me=ME) is None


def test_what_older_clients_quote_is_left_out():
    """Behind the quotation stands what was said."""
    assert (
        heard(message("> <@watchdog:example.org> held\n> more\n\n!watchdog deny", {"m.in_reply_to": {"event_id": "$ours"}}), me=ME).text
        == "!watchdog deny"
    )


@pytest.mark.parametrize("body", [">" * 65_000, ">\n" * 32_000, ">" * 64_000 + "\n>"])
def test_a_long_quotation_keeps_nobody_waiting(body):
    """Whoever is in the room can send one after the other of these, and the agent has other things to do: once through is enough."""
    begun = time.process_time()
    assert heard(message(body, {"m.in_reply_to": {"event_id": "$ours"}}), me=ME) is None
    assert time.process_time() - begun < 1  # a thousandth of that; tried at each place it were seconds


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["m.relates_to", "rel_type", "event_id", "key", "body", "msgtype", "m.in_reply_to"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(TREES, st.sampled_from(["m.reaction", "m.room.message"]))
def test_no_content_is_a_fault(content, kind):
    """Whatever somebody puts into an event, it is either something said or nothing."""
    heard({"type": kind, "event_id": "$e", "sender": ADA, "origin_server_ts": 1, "content": content}, me=ME)
