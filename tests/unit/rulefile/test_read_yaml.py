"""The reader of YAML: trees of text with places, and everything that it refuses."""

import re

import pytest
import yaml

from watchdog.rulefile import read_yaml as reader
from watchdog.rulefile.nodes import Mapping, Node, Refused, Scalar, Sequence
from watchdog.rulefile.read_yaml import DEEPEST, MOST_NODES, read_yaml
from watchdog.rulefile.source import LARGEST


@pytest.fixture(autouse=True, params=["the C parser", "the parser in Python"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both parsers of PyYAML: where libyaml is missing, nothing else may change."""
    if request.param == "the parser in Python":
        monkeypatch.setattr(reader, "_LOADER", yaml.SafeLoader)
    return str(request.param)


def plain(node: Node | None) -> object:
    """A tree as Python's own lists and dictionaries."""
    match node:
        case Scalar():
            return node.text.value
        case Sequence():
            return [plain(item) for item in node.items]
        case Mapping():
            return {entry.key.text.value: plain(entry.value) for entry in node.entries}
        case Refused():
            return Refused
        case _:
            return None


def said(text: str) -> list[str]:
    """`LINE:COLUMN CODE` of every problem."""
    return [f"{problem.span.line}:{problem.span.column} {problem.code}" for problem in read_yaml("f.yml", text)[1]]


def value_of(text: str) -> Scalar:
    """The first value of a mapping."""
    root, problems = read_yaml("f.yml", text)
    assert problems == ()
    assert isinstance(root, Mapping)
    value = root.entries[0].value
    assert isinstance(value, Scalar)
    return value


def test_every_value_stays_what_was_written() -> None:
    """YAML's guesses (booleans, numbers in base 60, null, dates) never happen."""
    root, problems = read_yaml("f.yml", "on: no\nyes: 1:30\nc: 0x10\nd: ~\ne: 2020-01-01\nf: [1e3, null, .inf]\n")
    assert problems == ()
    assert plain(root) == {"on": "no", "yes": "1:30", "c": "0x10", "d": "~", "e": "2020-01-01", "f": ["1e3", "null", ".inf"]}


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\nb: [x, y]\n",
        "\ufeffa: 1\nb: [x, y]\n",
        "a: 1\r\nb: [x, y]\r\n",
        "---\na: 1\nb: [x, y]",
        "%YAML 1.1\n---\na: 1\nb:\n- x\n- y\n...\n",
    ],
)
def test_marks_of_encoding_and_line_ends_make_no_difference(text: str) -> None:
    """Byte order mark, Windows line ends, explicit document and missing last line break are all fine."""
    root, problems = read_yaml("f.yml", text)
    assert problems == ()
    assert plain(root) == {"a": "1", "b": ["x", "y"]}


NEEDLES = re.compile(r"<\d>")
PLACED = {
    "plain": "a: <1> b <2>  # c\n",
    "plain, unindented list": "a:\n- <1>\n- b: <2>\n",
    "plain over lines": "a: <1> x\n  <2>\n\n\n   <3> y\n",
    "single quotes": "a: '<1> ''<2>'' <3>'\n",
    "single quotes over lines": "a: '<1>\n\n  it''s <2>  \n\n  <3>'\n",
    "double quotes": 'a: "<1> \\"<2>\\" \\u00e9\\x41\\t<3>"\n',
    "double quotes over lines": 'a: "<1> \\\n   <2>\\ \n  \\ <3>\n\n    \\"<4>\\"\n  "\n',
    "double quotes beginning on the next line": 'a: "\n  <1>\n\n  <2>"\n',
    "literal": "a: |\n   <1> x\n\n     <2>\n   <3>\nb: 1\n",
    "literal, kept and stripped": "a: |+\n  <1>\n\n\nb: |-\n  <2>\n",
    "literal with blank lines first": "a: |\n\n\n  <1>\n",
    "literal with indentation given": "a: |2\n     <1>\n  <2>\n",
    "folded": "a: >\n  <1> x\n  <2>\n\n  <3>\n    <4>\n  <5>\nb: 1\n",
    "folded, stripped, at the end": "a: >-\n  <1>\n  <2>",
    "folded with equal lines": "a: >\n  <1>\n  x\n  x\n  x <2>\n",
    "block in a list": "a:\n  - |\n    <1>\n  - >\n    <2>\n",
    "beyond the first plane": "a: '\U0001f600 <1>' # \U0001f600\nb: \U0001f600 <2>\n",
    "Windows line ends": "a: >\r\n  <1>\r\n  <2>\r\nb: '<3>\r\n  <4>'\r\n",
}


@pytest.mark.parametrize("text", PLACED.values(), ids=PLACED.keys())
def test_every_character_knows_its_place(text: str) -> None:
    """Line and column of any character of a value are those of the file, whatever the style of the scalar."""
    root, problems = read_yaml("f.yml", text)
    assert problems == ()
    lines = [line.rstrip("\r") for line in text.split("\n")]
    expected = {needle: (number + 1, line.index(needle) + 1) for number, line in enumerate(lines) for needle in NEEDLES.findall(line)}
    found = {}
    for scalar in scalars(root):
        for match in NEEDLES.finditer(scalar.text.value):
            span = scalar.text.span(match.start())
            found[match.group()] = (span.line, span.column)
    assert found == expected


def scalars(node: Node | None) -> list[Scalar]:
    """All values of a tree."""
    match node:
        case Scalar():
            return [node]
        case Sequence():
            return [scalar for item in node.items for scalar in scalars(item)]
        case Mapping():
            return [scalar for entry in node.entries for scalar in scalars(entry.value)]
        case _:
            return []


def test_an_empty_text_is_something_and_nothing_is_nothing() -> None:
    """`a: ""` is an empty text, `a:` is no value at all."""
    assert not value_of('a: ""\n').is_nothing
    assert value_of("a:\n").is_nothing


REFUSED = {
    "tab as indentation": ("a:\n\t- b\n", ["2:1 E102"]),
    "tab behind spaces": ("a:\n  b: 1\n \tc: 2\n", ["3:2 E102"]),
    "control character": ("a: \x1b[31m\nb: \x00\n", ["1:4 E103", "2:4 E103"]),
    "control character by an escape": ('a: "x\\e[31m"\n', ["1:6 E103"]),
    "turned direction": ("a: x\u202ey\n", ["1:5 E103"]),
    "line separator": ("a: x\u2028y\n", ["1:5 E103"]),
    "half a character": ("a: \ud800\n", ["1:4 E103"]),
    "not UTF-8": ("a: caf\udce9\n", ["1:7 E103"]),
    "old Macintosh line ends": ("a: 1\rb: 2\r", ["1:5 E103", "1:10 E103"]),
    "too large": ("#" * (LARGEST + 1), ["1:1 E104"]),
    "80 kB of [": ("[" * 80_000, [f"1:{DEEPEST + 1} E105"]),
    "80 kB of - ": ("- " * 40_000, [f"1:{2 * DEEPEST + 1} E105"]),
    "too many values": ("[" + "1," * MOST_NODES + "]", [f"1:{2 * MOST_NODES} E106"]),
    "anchor": ("a: &x 1\n", ["1:4 E107"]),
    "alias": ("a: *x\n", ["1:4 E107"]),
    "anchor of a list": ("a: &x [1]\n", ["1:4 E107"]),
    "bomb of aliases": (
        "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
        ["1:4 E107", "2:4 E107", "2:8 E107", "2:12 E107", "3:5 E107", "3:9 E107"],
    ),
    "tag": ("a: !!python/object:os.system x\n", ["1:4 E108"]),
    "tag of a mapping": ("a: !x {b: 1}\n", ["1:4 E108"]),
    "second document": ("a: 1\n---\nb: 2\n", ["2:1 E109"]),
    "something behind the end": ("a: 1\n...\nb: 2\n", ["3:1 E109"]),
    "equal keys": ("a: 1\nb: {c: 1, c: 2}\na: 2\n", ["2:11 E110", "3:1 E110"]),
    "list as a key": ("? [a]\n: b\n", ["1:3 E111"]),
    "template without quotes": ("a: {{ job.class }}\n", ["1:5 E111"]),
    "empty": ("", ["1:1 E112"]),
    "only comments": ("# a\n\n# b\n", ["1:1 E112"]),
    "quote never closed": ('a: "x\nb: 1\n', ["1:4 E101"]),
    "list never closed": ("a: [1\nb: 2\n", ["1:4 E101"]),
    "mapping never closed": ("a: {b: 1\n", ["1:4 E101"]),
    "colon in a value": ("a: b: c\n", ["1:5 E101"]),
    "text behind a quoted value": ('a: "push" in x\n', ["1:11 E101"]),
    "no colon": ("a: 1\nb\nc: 2\n", ["2:1 E101"]),
    "list on the line of its key": ("a: - b\n", ["1:4 E101"]),
    "reserved character": ("a: @x\n", ["1:4 E101"]),
    "unknown escape": ('a: "\\q"\n', ["1:5 E101"]),
    "item missing its dash": ("- a\nb: 1\n", ["2:1 E101"]),
}


@pytest.mark.parametrize(("text", "expected"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_refused_is_refused_at_its_place(text: str, expected: list[str], parser: str) -> None:
    """Each kind of unfit text gives its code at line and column of the offence, the same with both parsers."""
    if text.startswith('a: "\\q"') and parser == "the parser in Python":
        expected = ["1:6 E101"]  # this parser points at the letter
    assert said(text) == expected


@pytest.mark.parametrize(("text", "expected"), REFUSED.values(), ids=REFUSED.keys())
def test_every_refusal_says_what_to_do(text: str, expected: list[str]) -> None:
    """A problem of the YAML reader has a message of one line and a hint."""
    for problem in read_yaml("f.yml", text)[1]:
        assert problem.message.isprintable()
        assert problem.hint.isprintable()
        assert problem.hint, expected


def test_a_file_with_tabs_is_read_to_its_end() -> None:
    """Tabs are reported, and what they indent is looked at as if it were indented with spaces, at its own columns."""
    root, problems = read_yaml("f.yml", "a:\n\t- b: 1\n\t  c: x\n\t- d\ne: f\n")
    assert plain(root) == {"a": [{"b": "1", "c": "x"}, "d"], "e": "f"}
    assert [problem.span.line for problem in problems] == [2, 3, 4]
    assert isinstance(root, Mapping)
    items = root.entries[0].value
    assert isinstance(items, Sequence)
    assert (items.items[1].span.line, items.items[1].span.column) == (4, 4)


def test_what_stands_before_an_error_is_kept() -> None:
    """The part of a broken file that was read is there, marked where something is lost."""
    root, problems = read_yaml("f.yml", "a: 1\nb:\n  - c: 1\n  - d: 2\n    e: f: g\n")
    assert [problem.code for problem in problems] == ["E101"]
    assert plain(root) == {"a": "1", "b": [{"c": "1"}, {"d": "2"}]}
    assert isinstance(root, Mapping)
    assert not root.whole
    items = root.entries[1].value
    assert isinstance(items, Sequence)
    assert [item.whole for item in items.items if isinstance(item, Mapping)] == [True, False]


@pytest.mark.parametrize(
    "text",
    ["a: &hunter2 x", "a: *hunter2", "a: !hunter2 x", "a: hunter2: x", 'a: "hunter2" x', "a: %hunter2", 'a: "hunter2', "a: [hunter2"],
)
def test_a_value_never_stands_in_a_message(text: str) -> None:
    """A password that YAML takes for something else is not shown."""
    problems = read_yaml("f.yml", text)[1]
    assert problems
    assert not any("hunter2" in str(problem) for problem in problems)
