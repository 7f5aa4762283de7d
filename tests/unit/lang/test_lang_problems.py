"""What an author is told: the code, the place to the character, the words, the hint."""

from collections.abc import Callable
from typing import Any

import pytest

from watchdog.lang.complaint import MOST_PROBLEMS
from watchdog.lang.condition import Condition, read_condition
from watchdog.lang.text import Mark, Text
from watchdog.model.kinds import Kind

MakeRow = Callable[..., Any]
ReadCondition = Callable[..., Condition]


def told(text: str, kind: Kind = Kind.PROCESS) -> list[str]:
    """All problems of a text as `column+width code message | hint`."""
    _, problems = read_condition(Text(text, "f"), kind)
    return [f"{p.span.column}+{p.span.width} {p.code} {p.message} | {p.hint}" for p in problems]


FIELDS = "fields of a queue: name, size, latency, threads, listeners, busy, processed, arrived, paused"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # names
        ("queue.latncy > 5m", ["1+12 E203 unknown field 'queue.latncy' | did you mean 'queue.latency'?"]),
        ("queue.zzz > 5m", [f"1+9 E203 unknown field 'queue.zzz' | {FIELDS}"]),
        ("queue.name.first == 5", [f"1+16 E203 unknown field 'queue.name.first' | {FIELDS}"]),
        ("queu.size > 5", ["1+9 E202 unknown entity 'queu' | did you mean 'queue.size'?"]),
        ("xyzzy.size > 5", [f"1+10 E202 unknown entity 'xyzzy' | {FIELDS}; a string is quoted: \"xyzzy.size\""]),
        ("queue.name == live.example", [f"15+12 E202 unknown entity 'live' | {FIELDS}; a string is quoted: \"live.example\""]),
        ('"push" in queue.name', ["11+10 E212 'queue.name' is no list | to look for a part of a string: queue.name like \"*push*\""]),
        ("queue.size > .5", ["14+1 E312 a value is missing before '.' | a decimal begins with a digit: 0.5"]),
        ("queue.size between 3 and 5", ["12+7 E313 unexpected 'between' | write 3 <= x and x <= 5"]),
        ("queue.size % 2 == 0", ["12+1 E301 unexpected '%' | the sign stands right behind its number: 95%"]),
        ("queue.size > 5 # big", ["16+1 E301 unexpected '#' | "]),
        (
            "queue.latency > 1e3",
            ["17+2 E305 unknown unit 'e' | durations ms s m h d, sizes B kB MB GB TB KiB MiB GiB TiB, ratios %, rates /s /m /h"],
        ),
        ("job.elaps > 5m", [f"1+9 E204 'job.elaps' can't be read where the rule looks at a queue | {FIELDS}"]),
        (
            "job.elapsed > 5m",
            [
                (
                    "1+11 E204 'job.elapsed' can't be read where the rule looks at a queue | "
                    "ask for all of them, like count(job where job.elapsed …)"
                )
            ],
        ),
        (
            "sidekiq.dead > 5",
            [
                (
                    "1+12 E204 'sidekiq.dead' can't be read where the rule looks at a queue | "
                    'name one of them, like sidekiq("sidekiq").dead, or ask for all, like any(sidekiq where sidekiq.dead …)'
                )
            ],
        ),
        (
            "count(job where process.quiet) > 5",
            [
                (
                    "17+13 E204 'process.quiet' can't be read of a job | fields of a job: "
                    "id, jid, class, queue, process, host, thread, domain, retries, elapsed"
                )
            ],
        ),
        ("queue.name == push", ["15+4 E201 unknown word 'push' | a string is quoted: \"push\""]),
        ("queue.name == mailers-low", ["15+11 E201 unknown word 'mailers-low' | a string is quoted: \"mailers-low\""]),
        ("size > 5", ["1+4 E201 unknown word 'size' | did you mean queue.size? A string is quoted: \"size\""]),
        ("queue == 5", ["1+5 E201 'queue' is an entity, not a value | name one of its fields, like queue.name"]),
        ("avgs(queue.size, 5m) > 5", ["1+4 E206 unknown function 'avgs' | did you mean avg(…)?"]),
        (
            "zzz(queue.size) > 5",
            [
                "1+3 E206 unknown function 'zzz' | functions: avg min max sum first last increase rate slope changes held count share any all known default"
            ],
        ),
        # types and units
        ("queue.latency > 20", ["17+2 E208 the number needs a unit: 'queue.latency' is a duration | write 20s"]),
        ("95 < queue.latency", ["1+2 E208 the number needs a unit: 'queue.latency' is a duration | write 95s"]),
        ("queue.size / queue.size > 95", ["27+2 E208 the number needs a unit: 'queue.size / queue.size' is a ratio | write 95%"]),
        ("queue.size / queue.size > 0.5", ["27+3 E208 the number needs a unit: 'queue.size / queue.size' is a ratio | write 50%"]),
        ("queue.latency + 5 > 1m", ["1+17 E209 can't add a count to a duration | a number needs a unit here: 5s"]),
        (
            "queue.latency > 5MB",
            ["1+19 E207 a duration can't be compared with a size | 'queue.latency' is compared with something like 20s"],
        ),
        ("queue.name == 5", ["1+15 E207 a string can't be compared with a count | 'queue.name' is compared with something like \"push\""]),
        ("queue.latency * queue.latency > 5", ["1+29 E209 can't multiply a duration by a duration | "]),
        ('-queue.name == "x"', ["1+11 E209 a string has no sign | "]),
        ('queue.name < "x"', ["1+16 E215 a string is neither more nor less than another | use == or !="]),
        (
            "queue.size",
            ["1+10 E210 a count is no condition: it is neither true nor false | compare it with something, like queue.size > 5"],
        ),
        ("not queue.size", ["5+10 E211 'not' joins conditions, and a count is none | compare it with something"]),
        # lists and patterns
        ('queue.name in "push"', ['15+6 E212 \'"push"\' is no list | write ["push"]']),
        ("queue.name in []", ["15+2 E212 the list is empty: nothing is in it | "]),
        ("queue.size in [5, queue.size]", ["19+10 E212 'queue.size' is no literal; a list holds nothing else | "]),
        (
            'queue.size in [5, "x"]',
            ["19+3 E207 a count can't be compared with a string | 'queue.size' is compared with something like 5"],
        ),
        ('queue.name == ["push"]', ["15+8 E212 a list can only stand to the right of 'in' | "]),
        ("queue.name like queue.name", ["17+10 E213 'like' needs a pattern in double quotes | like \"mastodon-*\""]),
        ('queue.size like "5*"', ["1+10 E213 only a string can be like a pattern, and 'queue.size' is a count | "]),
        ('queue.name like "[z-a]"', ["17+7 E214 bad pattern: the range z-a is backwards | a literal [ * or ? is written [[] [*] [?]"]),
        # writing
        ("queue.size = 5", ["12+1 E310 '=' is not written here | write =="]),
        ("queue.size ≥ 5", ["12+1 E310 '≥' is not written here | write >="]),
        ('queue.name =~ "p*"', ["12+2 E310 '=~' is not written here | write like"]),
        ("queue.size > 5 && queue.size < 9", ["16+2 E311 '&&' is not written here | write and"]),
        ("queue.size > 5 || queue.size < 1", ["16+2 E311 '||' is not written here | write or"]),
        ("!(queue.size > 5)", ["1+1 E311 '!' is not written here | write not"]),
        ("queue.size > 5 AND queue.size < 9", ["16+3 E313 unexpected 'AND' | did you mean and?"]),
        ('queue.name is "push"', ["12+2 E313 unexpected 'is' | did you mean ==?"]),
        ("queue.size > 5 6", ["16+1 E313 unexpected '6' | join conditions with and, or"]),
        ("queue.size > 5)", ["15+1 E313 ')' closes nothing | "]),
        ("(queue.size > 5", ["1+1 E314 '(' is never closed | put ) where it ends"]),
        ("queue.size in [5", ["15+1 E314 '[' is never closed | put ] where it ends"]),
        ("1 < queue.size < 5", ["16+1 E315 comparisons can't be chained | write 1 < queue.size and queue.size < 5"]),
        ("queue.latency > 10 m", ["17+4 E306 there is space between the number and its unit | write 10m"]),
        ("queue.latency > 10min", ["17+5 E305 unknown unit 'min' | write 10m"]),
        ("queue.latency > 10mb", ["17+4 E305 unknown unit 'mb' | write 10MB"]),
        (
            "queue.latency > 10parsec",
            ["17+8 E305 unknown unit 'parsec' | durations ms s m h d, sizes B kB MB GB TB KiB MiB GiB TiB, ratios %, rates /s /m /h"],
        ),
        ("queue.latency > 5m/s", ["17+4 E305 '5m/s' is not a rate | a rate counts things or bytes: 5/s, 100/m, 2MB/s"]),
        (
            "queue.latency > 30m1h",
            ["17+5 E307 the parts of '30m1h' are out of order | the greater unit comes first, and each once: 1h30m"],
        ),
        (
            "queue.latency > 0.5ms",
            ["17+5 E307 '0.5ms' is not a whole number of milliseconds | nothing is measured more finely than 1ms"],
        ),
        ("queue.size > 9223372036854775808", ["14+19 E304 the number '9223372036854775808' is too big | "]),
        ('queue.name == "push', ['15+5 E302 this string is never closed | strings end with " on the line on which they begin']),
        ("queue.name == 'push'", ['15+6 E302 strings stand in double quotes | write "push"']),
        ("queue.name == “push”", ['15+6 E302 strings stand in double quotes | write "push"']),
        (r'queue.name == "a\n"', [r"17+2 E303 unknown escape '\n' | only \" and \\ are known; a backslash is written \\"]),
        ("queue.size > 5;", ["15+1 E301 unexpected ';' | "]),
        ("queue.size\u00a0> 5", ["11+1 E301 unexpected a no-break space | "]),
        ("queue.size / queue.size > 5 %", ["27+3 E306 there is space between the number and its unit | write 5%"]),
        ("queue.size >", ["12+1 E312 something is missing behind '>' | "]),
        ("queue.size > and", ["14+3 E312 a value is missing before 'and' | "]),
        ("queue. > 5", ["6+1 E312 the name of a field is missing behind '.' | "]),
        ("queue.size == not true", ["15+3 E312 a value is missing before 'not' | put not and what follows in parentheses"]),
        ("", ["1+1 E318 there is nothing here | write an expression, or leave it out"]),
    ],
)
def test_a_problem_has_its_place_and_a_hint(text: str, expected: list[str]):
    """Each mistake is told at its very characters, and where it is known what was meant, how to write it."""
    assert told(text, Kind.QUEUE) == expected


def test_a_list_compared_with_a_string_is_told_how_to_ask():
    """`==` and `in` the wrong way round both end at the way that works."""
    for text in ('process.queues == "push"', 'process.queues in ["push"]'):
        assert [line.partition(" | ")[2] for line in told(text)] == ['ask whether it has something: "push" in process.queues']


def test_all_problems_of_a_text_are_told_at_once():
    """Who repairs a rule does not have to come back for each mistake."""
    text = 'queue.latncy = 10 m and queue.size > 5MB or queue.name == push and not queue.name like "[" and 1 < queue.size < 5s'
    assert [problem.split()[1] for problem in told(text, Kind.QUEUE)] == ["E203", "E310", "E306", "E207", "E201", "E214", "E207", "E315"]


def test_a_problem_stands_where_the_file_has_it():
    """After folding by the file format, line and column are still those of the file."""
    text = Text("queue.size > 5 and queue.latncy > 5m", "rules.yml", (Mark(0, 7, 11), Mark(19, 8, 13)))
    _, problems = read_condition(text, Kind.QUEUE)
    assert [str(problem) for problem in problems] == [
        "rules.yml:8:13: E203 unknown field 'queue.latncy'   hint: did you mean 'queue.latency'?"
    ]


@pytest.mark.parametrize(
    "text",
    ["(" * 60_000, "not " * 16_000, "-" * 60_000, "[" * 60_000, "(" * 80_000, "not " * 25_000, "1+" * 30_000 + "1 > 0", "f(" * 30_000],
    ids=["parentheses", "not", "minus", "brackets", "too-long", "too-long-not", "sum", "calls"],
)
def test_monstrous_nesting_is_few_problems(text: str):
    """No text, however deep, exhausts the stack or fills the screen."""
    assert 1 <= len(told(text)) <= 2


@pytest.mark.parametrize(
    "text",
    [
        "(" * 100 + "process.quiet" + ")" * 100,
        "not " * 100 + "process.quiet",
        "-" * 100 + "process.busy > 0",
        "process.rss * 50% " + "/ 3 * 50% " * 24 + "> 0",
        "process.busy / (" + "1 + process.busy / process.threads * (" * 16 + "process.busy" + ")" * 17 + " > 0%",
    ],
    ids=["parentheses", "not", "minus", "product", "mixed"],
)
def test_the_deepest_texts_that_are_allowed_still_work(text: str, condition: ReadCondition, row: MakeRow):
    """The bound on depth is low enough for every later step."""
    read = condition(text)
    it = row(Kind.PROCESS, quiet=True, busy=1, threads=2, rss=3)
    assert isinstance(read.holds(it, 0), bool)
    assert read.holds(row(Kind.PROCESS), 0) is None
    assert read.deadline(it, 0).engine is None
    assert condition(read.text) == read


def test_rubbish_is_told_in_a_bounded_number_of_problems():
    """A file that is no rule file does not fill the screen."""
    assert len(told("§ a " * 16_000)) == MOST_PROBLEMS


def test_control_characters_never_reach_a_message():
    """A terminal shows what is wrong and is not driven by it."""
    for text in ("process.busy > \x1b[31m5", 'process.x\x07 == "\x1b"', "\ud800", "process.tag == '\x1b]0;x\x07'"):
        assert all(line.isprintable() for line in told(text)), text


def test_messages_are_bounded():
    """A text of sixty kilobytes is not repeated in what is said about it."""
    for text in (f'"{"x" * 60_000}"', "a" * 60_000, "a." * 30_000 + "a", "1 < " * 10_000 + "2", "true == " + "true and " * 6_000 + "5"):
        assert all(len(line) < 700 for line in told(text))


def test_a_wide_condition_is_no_deep_one(condition: ReadCondition, row: MakeRow):
    """A list of a thousand alternatives is fine."""
    read = condition(" or ".join(f"process.busy == {number}" for number in range(1000)))
    assert read.holds(row(Kind.PROCESS, busy=999), 0) is True
    assert read.holds(row(Kind.PROCESS, busy=1000), 0) is False
    assert read.holds(row(Kind.PROCESS), 0) is None
