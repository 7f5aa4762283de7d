"""
Every problem that this package can find: one table. E2xx are about names, types and units, E3xx about how something is written.

The counterpart of the places that complain. A test proves that each example provokes just its code, and that the package knows no
code that is not here. A code keeps its meaning for ever.
"""

from typing import Final

from watchdog.errors import CodeSpec

CODES: Final[tuple[CodeSpec, ...]] = (
    CodeSpec("E201", "unknown word", "A single word is no value. A string is quoted, a field is written with its entity: process.tag.", "process.tag == live"),
    CodeSpec("E202", "unknown entity", "What stands before the dot is no kind of entity.", "proces.busy > 3"),
    CodeSpec("E203", "unknown field", "The entity has no field of that name.", "process.buzy > 3"),
    CodeSpec("E204", "field of another entity", "A rule reads the fields of the entity that it looks at (`each:`); those of others are looked up by id or asked of all.", "queue.size > 100"),
    CodeSpec("E206", "unknown function", "This version of the language has no function of that name.", "average(process.rss, 5m) > 1GiB"),
    CodeSpec("E207", "types that can't be compared", "Both sides of a comparison are of one type.", "process.rss > 10m"),
    CodeSpec("E208", "number without its unit", "A number next to a value with a unit needs one too; only 0 does without.", "process.rss > 95"),
    CodeSpec("E209", "calculation without meaning", "These two types can't be calculated with in this way; `lang/arithmetic.py` has the table.", "process.rss + process.uptime > 1GiB"),
    CodeSpec("E210", "not a condition", "A condition is true or false as a whole; a number or a string is neither.", "process.busy"),
    CodeSpec("E211", "not true or false", "`and`, `or` and `not` join what is true or false.", "process.busy and process.quiet"),
    CodeSpec("E212", "list out of place", "A list of literals stands right of `in`, and a field that is a list only there.", 'process.tag in "live"'),
    CodeSpec("E213", "nothing to match", "`like` has a string on its left and a pattern in double quotes on its right.", 'process.busy like "1*"'),
    CodeSpec("E214", "bad pattern", "A pattern is made of `*`, `?`, sets like `[a-z]` and `[!a-z]`, and characters that stand for themselves.", 'process.tag like "[live"'),
    CodeSpec("E215", "no order", "Strings and truths are equal or not, never more or less.", 'process.tag > "live"'),
    CodeSpec("E216", "reference to nothing", "A parameter that names an entity is a field that holds one's id, or the entity that the rule looks at.", "process.tag"),
    CodeSpec("E217", "value of the wrong type", "A setting has a type, and a number its unit.", "95"),
    CodeSpec("E218", "call written otherwise", "A function takes what its line in the table of functions says, no more and no less.", "known(process.busy, 5m)"),
    CodeSpec("E219", "not a window", "A window is a duration from 1s to 30d.", "avg(process.rss, 60d) > 1GiB"),
    CodeSpec("E220", "history of a job", "A job is over before it has a history; only `held` looks back at it.", "avg(job.retries, 5m) > 3"),
    CodeSpec("E221", "nothing to remember", "A history is of numbers (for `changes` also of truths) that readings make, from fields of the entity itself.", "avg(process.tag, 5m) > 3"),
    CodeSpec("E222", "nothing to count", "An aggregate is about entities of a kind, or about numbers made of their fields.", "count(jobs where job.retries > 3) > 5"),
    CodeSpec("E223", "tied otherwise than once", "An aggregate and the entity that the rule looks at are tied by one equality of two fields, and by nothing else.", "count(job where job.retries > process.busy) > 5"),
    CodeSpec("E224", "lookup of nothing", "Another entity is looked up by its id, a string, to read one of its fields; jobs have no id that is known beforehand.", "queue(process.busy).size > 5"),
    CodeSpec("E225", "call within a call", "In a history and in the id of another entity stand the entity's own fields, in an aggregate also their histories.", 'avg(queue("push").size, 5m) > 5'),
    CodeSpec("E226", "definition in a circle", "What a word stands for can't be made of the word itself.", "again"),
    CodeSpec("E227", "word that can't be defined", "A definition is a single word that has no meaning yet.", "count"),
    CodeSpec("E228", "value that can't be given", "An argument of a command is a text, a count or a duration: a literal, or a field of the entity that the rule looks at, unless it grows by itself.", "process.uptime"),
    CodeSpec("E301", "unexpected character", "Nothing in the language is written with this character.", "process.busy > 3;"),
    CodeSpec("E302", "string badly quoted", "A string begins and ends with a double quote, on one line.", 'process.tag == "live'),
    CodeSpec("E303", "unknown escape", "In a string only a double quote and a backslash are escaped, by a backslash.", r'process.tag == "\d"'),
    CodeSpec("E304", "number out of bounds", "A number is below 2 to the power of 63 in milliseconds or bytes, and at most 40 characters long.", "process.busy > 99999999999999999999"),
    CodeSpec("E305", "unknown unit", "Units are ms s m h d, B kB MB GB TB KiB MiB GiB TiB, % and, for rates, /s /m /h /d.", "process.rss > 95mb"),
    CodeSpec("E306", "space before a unit", "A unit stands right behind its number.", "process.uptime > 10 m"),
    CodeSpec("E307", "not a duration", "The parts of a duration go from great to small, and it is a whole number of milliseconds.", "process.uptime > 30m1h"),
    CodeSpec("E310", "comparison written otherwise", "Comparisons are written == != < <= > >= in like.", "process.busy = 3"),
    CodeSpec("E311", "and, or, not written otherwise", "They are written as words.", "process.quiet && process.local"),
    CodeSpec("E312", "something is missing", "An operator has no value to work on.", "process.busy >"),
    CodeSpec("E313", "something is too much", "The expression was complete before this.", "process.busy > 3 4"),
    CodeSpec("E314", "not closed", "A parenthesis or bracket has no counterpart.", "(process.busy > 3"),
    CodeSpec("E315", "chained comparisons", "A comparison compares two values; join several with `and`.", "1 < process.busy < 5"),
    CodeSpec("E316", "too deep", "Expressions nest at most 100 levels deep and have at most 50 arithmetic operators and 50 calls; definitions nest at most 20.", "(" * 101 + "process.quiet" + ")" * 101),
    CodeSpec("E317", "too long", "An expression has at most 65,536 characters.", "process.quiet" + " or process.quiet" * 4096),
    CodeSpec("E318", "nothing there", "An expression is expected, and there is none.", " "),
    CodeSpec("E320", "hole not closed", "A hole in a text begins with two braces and ends with two.", "busy: {{ process.busy }"),
)  # fmt: skip

BY_CODE: Final[dict[str, CodeSpec]] = {spec.code: spec for spec in CODES}
"""Code → spec."""
