"""Files of environment variables, as Ruby's dotenv reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdog.mastodon.dotenv import parse


def values(text, outer=None):
    """Name → value."""
    entries, _ = parse(text, outer)
    return {entry.name: entry.value for entry in entries}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A=b", {"A": "b"}),
        ("A=b\n", {"A": "b"}),
        ("A=b\r\nC=d\r\n", {"A": "b", "C": "d"}),
        ("  A = b \n", {"A": "b"}),
        ("export A=b", {"A": "b"}),
        ("A: b", {"A": "b"}),
        ("A=", {"A": ""}),
        ("A=b # comment", {"A": "b"}),
        ("A=b#comment", {"A": "b"}),
        ("A='b#c' # comment", {"A": "b#c"}),
        ('A="b#c"', {"A": "b#c"}),
        ("A=b c", {"A": "b c"}),
        ("A='b\nc'\nD=e", {"A": "b\nc", "D": "e"}),
        ('A="b\\nc"', {"A": "b\nc"}),
        ("A='b\\nc'", {"A": "b\\nc"}),
        ('A="b\\"c"', {"A": 'b"c'}),
        ("A=b\nC=$A-${A}", {"A": "b", "C": "b-b"}),
        ("A=b\nC='$A'", {"A": "b", "C": "$A"}),
        ("C=\\$A", {"C": "$A"}),
        ("C=$MISSING", {"C": ""}),
        ("A=b\nA=c", {"A": "c"}),
        ("# A=b\n\n   \nC=d", {"C": "d"}),
        ("A=b=c==", {"A": "b=c=="}),
        ("redis.host=b", {"redis.host": "b"}),
        ("export A", {}),
    ],
)
def test_what_is_written(text, expected):
    """Quotes, comments, `export`, line breaks and variables mean what they mean to the application."""
    assert values(text) == expected
    assert parse(text)[1] == ()


def test_what_was_there_before_goes_before():
    """A variable of the process itself is what `$NAME` stands for, whatever the file says of it."""
    assert values("A=file\nB=$A", {"A": "process"}) == {"A": "file", "B": "process"}


def test_places_and_troubles():
    """Each variable has its line; what is no variable is told by its line, and never quoted."""
    entries, troubles = parse("A=1\nthis is secret text\n\nB='x\ny'\nC=$(cat /etc/shadow)\nD=2\n")
    assert [(entry.name, entry.line) for entry in entries] == [("A", 1), ("B", 4), ("C", 6), ("D", 7)]
    assert [(one.line, one.text) for one in troubles] == [
        (2, "it is no NAME=value"),
        (6, "C is what a command prints, and no command is run here"),
    ]
    assert entries[2].value is None


@given(st.text(alphabet="AB=$'\"\\{}()# \n\r\texport:é\0", max_size=200))
def test_any_text_is_read_to_its_end(text):
    """Nothing that can be written makes the reader fail or stop; lines count from 1 to as many as there are."""
    entries, troubles = parse(text)
    lines = text.count("\n") + 1
    assert all(1 <= entry.line <= lines for entry in entries)
    assert all(1 <= trouble.line <= lines for trouble in troubles)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("piece", ["A='\\'x\n", 'A="\\"', "A=$$$", " \t"])
def test_a_file_of_open_quotes_is_read_all_the_same(piece):
    """The largest file that is read at all, made of quotes that are never closed, does not take hours."""
    parse(piece * (262_144 // len(piece)))
