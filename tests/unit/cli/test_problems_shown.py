"""Problems with the lines that they are about."""

import io

import pytest

from watchdog.cli.output import Plain
from watchdog.cli.problems import annotation, line_of, show_in_context, show_problems
from watchdog.cli.terminal import Terminal
from watchdog.errors import Problem, Span


def shown(window, line: str, span: Span) -> list[str]:
    """What a terminal shows of a problem there."""
    show_problems(Terminal(window), [Problem("E203", span, "unknown field", "look")], read_line=lambda _: line)
    return window.getvalue().splitlines()


def test_a_terminal_shows_the_line_with_a_mark_under_the_place(window):
    """The mark is as wide as what is wrong."""
    assert shown(window, "    when: job.elapsd > 20s", Span("rules.yml", 7, 11, 10)) == [
        "rules.yml:7:11: E203 unknown field   hint: look",
        "     7 |     when: job.elapsd > 20s",
        "       |           ^^^^^^^^^^",
    ]


def test_the_mark_stands_right_where_characters_are_written_out(window):
    """A tab or control character takes more room when it is made visible; the mark moves along."""
    _, line, mark = shown(window, "\twhen\x07: x", Span("rules.yml", 1, 6, 1))
    assert line.index(r"\x07") == mark.index("^")
    assert mark.count("^") == 4


def test_of_a_very_long_line_the_place_is_shown(window):
    """80 kB on one line do not fill the screen."""
    _, line, mark = shown(window, "[" * 40_000 + "!" + "[" * 40_000, Span("rules.yml", 1, 40_001))
    assert len(line) < 200
    assert line[mark.index("^")] == "!"


@pytest.mark.parametrize("span", [Span("rules.yml", 7, 50), Span("rules.yml", 7, 1)])
def test_without_a_line_the_problem_stands_alone(window, span):
    """A file that can't be read, or has changed meanwhile, shows no wrong place."""
    line = "" if span.column == 1 else "short"
    assert shown(window, line, span) == [f"rules.yml:7:{span.column}: E203 unknown field   hint: look"]


def test_a_pipe_gets_one_line_for_each_problem():
    """Whatever reads it can rely on `file:line:column: CODE message   hint: …`, as `Problem` writes itself."""
    stream = io.StringIO()
    problems = [Problem("E203", Span("a.yml", 1, 2), "wrong", "look"), Problem("W601", Span("a.yml", 3, 4), "short")]
    show_problems(Plain(stream), problems)
    assert stream.getvalue().splitlines() == [str(problem) for problem in problems]


def test_the_line_is_read_from_the_file(tmp_path):
    """Line ends of both kinds are left out; a line or file that is not there is empty, and so is a folder."""
    path = tmp_path / "rules.yml"
    path.write_bytes(b"one\r\ntwo \xff\nthree")
    assert [line_of(Span(str(path), number, 1)) for number in (1, 2, 3, 4)] == ["one", "two \ufffd", "three", ""]
    assert line_of(Span(str(tmp_path / "nowhere"), 1, 1)) == ""
    assert line_of(Span(str(tmp_path), 1, 1)) == ""


def test_context_is_shown_wherever_it_is_asked_for():
    """A pipe gets the line and the mark, too, without any style."""
    stream = io.StringIO()
    show_in_context(Plain(stream), [Problem("E203", Span("a.yml", 1, 3, 2), "wrong")], read_line=lambda _: "abcdef")
    assert stream.getvalue().splitlines() == ["a.yml:1:3: E203 wrong", "     1 | abcdef", "       |   ^^"]


def test_an_annotation_can_hold_any_text():
    """No file name and no message can end the command early or begin another."""
    problem = Problem("W601", Span("a,b:c%\n::error::.yml", 3, 4, 5), "50% of\r\n::error::all", "::")
    assert annotation(problem) == (
        r"::warning file=a%2Cb%3Ac%25\n%3A%3Aerror%3A%3A.yml,line=3,col=4,endColumn=9,title=W601::50%25 of\r\n::error::all   hint: ::"
    )
