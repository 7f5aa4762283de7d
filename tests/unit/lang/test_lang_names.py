"""Words that a file defines."""

from watchdog.errors import Problem
from watchdog.lang.condition import NO_NAMES, Condition, Names, read_condition, read_names
from watchdog.lang.names import read_name
from watchdog.lang.template import read_template
from watchdog.lang.text import Mark, Text
from watchdog.model.kinds import Kind


def define(sets: dict[str, list[str]] | None = None, **texts: str) -> Names:
    """Definitions that must be sound; each stands in a file of its own name."""
    names, problems = read(sets, **texts)
    assert problems == ()
    return names


def read(sets: dict[str, list[str]] | None = None, **texts: str) -> tuple[Names, tuple[Problem, ...]]:
    """The same, with their problems."""
    lists = {name: [Text(item, name) for item in items] for name, items in (sets or {}).items()}
    return read_names({name: Text(text, name) for name, text in texts.items()}, lists)


def sound(text: str, names: Names, kind: Kind = Kind.JOB) -> Condition:
    """A condition that must be sound."""
    found, problems = read_condition(Text(text, "f"), kind, names)
    assert found is not None, problems
    return found


def told(text: str, names: Names, kind: Kind = Kind.JOB) -> list[str]:
    """All problems of a text."""
    return [str(problem) for problem in read_condition(Text(text, "f"), kind, names)[1]]


def test_a_word_is_what_it_stands_for():
    """The condition is the same as if it had been written out, and so is its text: it names series."""
    names = define({"ours": ["push", "pull"]}, long="10m", slow="job.elapsed > long", bad="slow or job.retries > 3", glob='"a*"')
    for text, written in [
        ("slow", "job.elapsed > 10m"),
        ("not bad and job.queue in ours", 'not (job.elapsed > 10m or job.retries > 3) and job.queue in ["push", "pull"]'),
        ("job.queue not in ours", 'job.queue not in ["push", "pull"]'),
        ("job.queue like glob", 'job.queue like "a*"'),
        ("held(slow, long)", "held(job.elapsed > 10m, 10m)"),
        ("job.elapsed > long * 2", "job.elapsed > 10m * 2"),
    ]:
        assert sound(text, names) == sound(written, NO_NAMES)
        assert sound(text, names).text == written


def test_a_word_means_the_same_for_every_kind():
    """It is checked anew where it is used: also inside an aggregate, with the equality in it."""
    names = define(tied="job.queue == queue.name and job.retries > few", few="3")
    found = sound("count(job where tied) > few", names, Kind.QUEUE)
    assert found.text == "count(job where job.queue == queue.name and job.retries > 3) > 3" or found.groups[0].slot == "name"
    assert found.groups[0].slot == "name"
    assert [one.key for one in found.aggregates] == ["job: job where job.retries > 3 by job.queue"]


def test_a_mistake_in_a_definition_is_told_where_it_was_written():
    """Once for each rule that uses it, however often it does."""
    names, problems = read_names({"slow": Text("job.elapsd > 10m", "rules.yml", (Mark(0, 3, 9),))})
    assert problems == ()
    assert told("slow or not slow", names) == [
        "rules.yml:3:9: E203 unknown field 'job.elapsd'   hint: did you mean 'job.elapsed'?",
    ]
    assert told("slow", define(slow="job.retries")) == [
        "f:1:1: E210 a count is no condition: it is neither true nor false   hint: compare it with something, like job.retries > 5"
    ]


def test_what_can_not_be_read_is_told_once_and_silent_where_it_is_used():
    """Nobody hears twice of the same mistake."""
    names, problems = read(slow="job.elapsed > > 10m", other="slw and true", never="job.elapsed > 10 m")
    assert [str(problem) for problem in problems] == [
        "slow:1:15: E312 a value is missing before '>'",
        "other:1:1: E201 unknown word 'slw'   hint: did you mean slow? A string is quoted: \"slw\"",
        "never:1:15: E306 there is space between the number and its unit   hint: write 10m",
    ]
    for word in ("slow", "other", "never"):
        assert read_condition(Text(word, "f"), Kind.JOB, names) == (None, ())


def test_a_circle_is_a_problem():
    """Found when the definitions are read, at the word that closes it."""
    names, problems = read(a="b and true", b="not c", c="a or b", d="d")
    assert [str(problem) for problem in problems] == [
        "c:1:1: E226 'a' is defined by itself: a → b → c → a",
        "c:1:6: E226 'b' is defined by itself: b → c → b",
        "d:1:1: E226 'd' is defined by itself: d → d",
    ]
    assert read_condition(Text("a or d", "f"), Kind.JOB, names) == (None, ())


def test_an_unknown_word_near_a_definition():
    """A word that nobody defined is told as before, and what is defined can be meant."""
    names = define(slow="job.elapsed > 10m")
    assert told("slw", names) == ["f:1:1: E201 unknown word 'slw'   hint: did you mean slow? A string is quoted: \"slw\""]


def test_definitions_can_not_grow_without_bound():
    """Thirty lines that double each other's length, and a chain of a thousand, are problems and not a machine that stands still."""
    doubling = {f"d{number}": f"d{number - 1} and d{number - 1}" for number in range(1, 31)}
    _, problems = read(None, d0="job.retries > 3 and job.retries > 4", **doubling)
    assert {problem.code for problem in problems} == {"E316"}
    chain = {f"c{number}": f"not c{number - 1}" for number in range(1, 1_001)}
    _, problems = read(None, c0="true", **dict(reversed(chain.items())))
    assert {problem.code for problem in problems} == {"E316"}
    calls = {f"k{number}": f"known(k{number - 1}) and known(k{number - 1})" for number in range(1, 10)}
    names, problems = read(None, k0="true", **calls)
    assert {problem.code for problem in problems} == {"E316"}
    assert told("k4 or k4 or k4", names) == [
        "f:1:1: E316 with its definitions in place the expression is too big   hint: define less in terms of other definitions"
    ]


def test_sets_are_compared_by_type():
    """A set of strings holds no numbers; it is told where the set is used."""
    names = define({"ours": ["push"]})
    assert told("job.retries in ours", names) == [
        "f:1:16: E207 a count can't be compared with a string   hint: 'job.retries' is compared with something like 5"
    ]
    assert told("job.queue == ours", names) == ["ours:1:1: E212 a list can only stand to the right of 'in'"]


def test_a_string_of_a_set_stands_on_one_line():
    """As everywhere in the language: its text could not be read back."""
    names, problems = read({"ours": ["push", "a\nb"]})
    assert [str(problem) for problem in problems] == ["ours:1:1: E302 a string stands on one line"]
    assert read_condition(Text("job.queue in ours", "f"), Kind.JOB, names) == (None, ())


def test_templates_know_the_words_too():
    """A summary can show a threshold."""
    template, _ = read_template(Text("more than {{ long }}", "f"), Kind.JOB, define(long="10m"))
    assert template is not None
    assert template.render(None, 0) == "more than 10m"  # type: ignore[arg-type]


def test_what_has_a_meaning_can_not_be_defined():
    """A word of the language, an entity or a function keeps its meaning."""
    assert read_name(Text("long_queues", "f")) == ("long_queues", ())
    for word, why in [
        ("and", "it has a meaning already"),
        ("queue", "it has a meaning already"),
        ("count", "it has a meaning already"),
        ("two words", "it is no single word"),
        ("a.b", "it is no single word"),
        ("", "it is no single word"),
        ("5m", "it is no single word"),
    ]:
        found, problems = read_name(Text(word, "f"))
        assert found is None
        assert [(problem.code, problem.message) for problem in problems] == [("E227", f"'{word}' can't be defined: {why}")]
