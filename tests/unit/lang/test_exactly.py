"""The pattern of a text that is meant as it is."""

from hypothesis import given
from hypothesis import strategies as st

from watchdog.lang.glob import compile_pattern, exactly

TEXTS = st.text(st.sampled_from("[]*?!-^ab\\."), max_size=8)


@given(TEXTS, TEXTS)
def test_it_fits_that_text_and_no_other(text, other):
    """Whatever stands in it."""
    pattern = compile_pattern(exactly(text))
    assert pattern.fullmatch(text)
    assert bool(pattern.fullmatch(other)) == (other == text)
