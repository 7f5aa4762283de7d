"""Whatever text is offered as an argument: what is of a type can be nothing but one harmless word of an argument list, and what root's side reads back is what was meant."""

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.commands.definitions import GOOD, definitions
from tests.unit.commands.hostile import HOSTILE
from watchdog.model.named.arguments import LONGEST, TYPES, Bounds, can_be_chosen, fits, shown
from watchdog.model.named.definitions import argument_list, why_not
from watchdog.model.named.handing_over import HEAD, Ended, ended_line, read_result, request
from watchdog.model.named.reading import DefinitionError, parse
from watchdog.model.named.values import named

TELL = definitions().commands["tell"]
PIECES = st.sampled_from([*HOSTILE.values(), *GOOD.values(), "-", ".", "..", "::", "A", "a", "0", "xn--", "\n", "\0", "é", "_", "9" * 9])
TEXTS = st.text(max_size=40) | st.lists(PIECES, max_size=4).map("".join) | st.from_regex(r"[a-zA-Z0-9.:_\n-]{1,30}", fullmatch=True)
HARMLESS = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:=,@+-]*", re.ASCII)


@given(st.sampled_from(sorted(TYPES)), TEXTS)
def test_what_is_of_a_type_is_one_harmless_word(kind, text):
    """No option, no path, no shell text, no blank, no line's end; not longer than a domain's name."""
    choices = (text,) if can_be_chosen(text) else ()
    if fits(kind, text, Bounds(choices=choices)):
        assert HARMLESS.fullmatch(text)
        assert ".." not in text
        assert len(text) <= LONGEST


@given(st.dictionaries(st.sampled_from(sorted(GOOD)), TEXTS))
def test_an_argument_list_never_grows(values):
    """It has the words of its definition, each with the beginning that root gave it, or there is none."""
    said = {**GOOD, **values}
    if not why_not(TELL, said):
        made = argument_list(TELL, said)
        assert len(made) == len(TELL.argv)
        assert all(word.startswith(given_word.partition("{")[0]) for word, given_word in zip(made, TELL.argv, strict=True))
        assert json.loads(request("tell", said))["arguments"] == said


@given(TEXTS)
def test_whatever_is_shown_is_harmless(text):
    """In a reason, and in a name."""
    for told in (shown(text), named(text)):
        assert told.replace("…", "").isascii()
        assert told.isprintable()
        assert not set(told) & set("\"'`$;|&<>*?{}/\n\0")


@given(st.binary(max_size=300))
def test_any_result_is_read(data):
    """Or said not to be known; what was written is read as it was."""
    read_result(data)
    begun, ended = read_result(b'{"begun":true}\n' + data)
    assert begun
    assert ended is None or isinstance(ended.head, bytes)
    whole = Ended(0, "", False, len(data), data[:HEAD], data)
    assert read_result(b'{"begun":true}\n' + ended_line(whole)) == (True, whole)


@given(
    st.binary(max_size=200)
    | st.lists(
        st.sampled_from(["[commands.a]", "user", "=", '"u"', "\n", "argv", "[", "]", '"/bin/a"', "{", "}", "timeout", "1", ","])
    ).map(lambda words: " ".join(words).encode())
)
def test_any_file_is_read_or_refused(data):
    """With a sentence, never with an error of another kind."""
    said = "f"
    try:
        parse(data, "f")
    except DefinitionError as error:
        said = str(error)
    assert said.startswith("f")
