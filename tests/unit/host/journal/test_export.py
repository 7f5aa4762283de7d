"""The Journal Export Format: in pieces of any size, with binary values, and bounded."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from watchdog.host.journal.export import ExportDecoder
from watchdog.host.log_source import LONGEST_LINE

WANTED = (b"MESSAGE", b"_PID", b"__CURSOR", b"A", b"N_DROPPED", b"_SYSTEMD_UNIT")
NAMES = st.sampled_from(WANTED)
ENTRIES = st.lists(st.dictionaries(NAMES, st.binary(max_size=30), min_size=1, max_size=4), max_size=4)


def exported(entries):
    """As journalctl writes them: a value that is no plain text goes by its length."""
    out = bytearray()
    for fields in entries:
        for name, value in fields.items():
            if value.isascii() and value.decode("ascii").isprintable():
                out += name + b"=" + value + b"\n"
            else:
                out += name + b"\n" + len(value).to_bytes(8, "little") + value + b"\n"
        out += b"\n"
    return bytes(out)


def decoded(stream, cuts=()):
    """The entries of a stream that comes in pieces."""
    decoder = ExportDecoder(WANTED)
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    pieces = [stream[start:end] for start, end in pairwise(places)]
    return [fields for piece in pieces for fields in decoder.feed(piece)]


@given(ENTRIES, st.lists(st.integers(0, 400), max_size=4))
def test_it_does_not_matter_where_it_is_cut(entries, cuts):
    """Whatever stands in the values, and wherever a piece ends."""
    assert decoded(exported(entries), cuts) == entries


@given(st.binary(max_size=300))
def test_rubbish_never_raises(stream):
    """What is no field is skipped."""
    decoded(stream + b"\n\nMESSAGE=x\n\n")


def test_a_huge_value_is_cut():
    """A megabyte in binary form or on a line: its beginning is kept, what follows is read as ever."""
    huge = b"x" * 1_000_000
    for entries in ([{b"MESSAGE": huge + b"\n"}, {b"MESSAGE": b"next"}], [{b"MESSAGE": huge}, {b"MESSAGE": b"next"}]):
        stream = exported(entries)
        first, second = decoded(stream, range(0, len(stream), 60_000))
        assert len(first[b"MESSAGE"]) <= LONGEST_LINE
        assert first[b"MESSAGE"].startswith(b"xxx")
        assert second == {b"MESSAGE": b"next"}


def test_other_words_are_skipped():
    """What journalctl says between entries is no field."""
    assert decoded(b"-- No entries --\n") == []
    assert decoded(b"-- Boot 1 --\nMESSAGE=x\n\n") == [{b"MESSAGE": b"x"}]


def test_what_nobody_asked_for_is_left_out():
    """An entry is as small as what we want, however many fields its writer has thought up; an empty one is none."""
    others = b"".join(b"F%d=1\n" % number for number in range(5_000))
    assert decoded(others + b"_PID=7\n\n" + others + b"\n_PID=8\n\n") == [{b"_PID": b"7"}, {b"_PID": b"8"}]


def test_the_first_of_two_values_counts():
    """A field that comes twice."""
    assert decoded(b"MESSAGE=a\nMESSAGE=b\n\n") == [{b"MESSAGE": b"a"}]
