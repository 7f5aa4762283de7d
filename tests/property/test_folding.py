"""Cards are the same however their notices are parted into dispatches, and never grow beyond their bounds."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from watchdog.model.cards import Card
from watchdog.model.notices import Notice, NoticeKind, Severity
from watchdog.receivers.folding import DID, ROOM, fold

TURNS = st.builds(
    Notice,
    id=st.just("n"),
    thread=st.integers(0, ROOM * 2).map(str),
    kind=st.sampled_from(list(NoticeKind)),
    severity=st.sampled_from(list(Severity)),
    at=st.integers(0, 10**6),
    title=st.text(max_size=3),
    decision=st.sampled_from(["", "ALLOW", "DENY", "ASK", "DRY_RUN"]),
    outcome=st.sampled_from(["", "asked", "approved", "held", "verified", "failed", "back", "acknowledged"]),
    approval=st.sampled_from(["", "", "7kq2m"]),
    by=st.sampled_from(["", "ada"]),
)
STORIES = st.lists(TURNS, max_size=300)


@given(STORIES, st.lists(st.integers(0, 300), max_size=20))
def test_the_parts_make_no_difference(story, cuts):
    """Folded at once or in any parts."""
    whole = fold(Card(group="g"), story)
    edges = [0, *sorted(min(cut, len(story)) for cut in cuts), len(story)]
    parts = Card(group="g")
    for begin, end in itertools.pairwise(edges):
        parts = fold(parts, story[begin:end])
    assert parts == whole


@given(STORIES)
def test_a_card_is_bounded_and_counts_right(story):
    """No more entries than there is room for, each thread once, none counted less than not at all; what was told last of a thread that has an entry is in it."""
    card = fold(Card(group="g"), story)
    threads = [entry.thread for entry in card.entries]
    assert len(threads) == len(set(threads)) <= ROOM
    assert card.more >= 0
    assert card.more_over >= 0
    assert card.told == len(story)
    assert all(len(entry.did) <= DID for entry in card.entries)
    newest = {notice.thread: notice for notice in story}
    for entry in card.entries:
        assert entry.last == newest[entry.thread].at
        if newest[entry.thread].kind is NoticeKind.RESOLVED:
            assert entry.over == entry.last
