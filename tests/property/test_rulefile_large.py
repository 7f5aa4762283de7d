"""The largest texts that are let in end, whatever they consist of."""

import pytest

from watchdog.rulefile.read_yaml import read_yaml
from watchdog.rulefile.source import LARGEST

LARGE = {
    "a list": "a: [" + "1, " * 300_000 + "]",
    "single quotes": "a: '" + "''" * 400_000 + "'",
    "double quotes": 'a: "' + '\\"' * 400_000 + '"',
    "a literal block": "a: |\n" + " x\n" * 200_000,
    "a folded block": "a: >\n" + " x\n\n" * 150_000,
    "lines": "a\n" * 300_000,
    "tabs": "\tx\n" * 200_000,
    "one key": "k" * 900_000 + ": 1",
}


@pytest.mark.timeout(180)
@pytest.mark.parametrize("text", LARGE.values(), ids=LARGE.keys())
def test_large_texts_are_read_in_linear_time(text: str) -> None:
    """Hundreds of thousands of pieces of each style: a reader that looks at all of them for each of them would run into the time limit."""
    assert len(text) <= LARGEST
    root, problems = read_yaml("f.yml", text)
    assert root is not None
    assert len(problems) <= 20
