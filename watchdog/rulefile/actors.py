"""
`entities:` of a rule test: who is there and what is read of them.

The counterpart of `each:` and the fields in a rule. The first key of an item says what it is and how it is called; the others are its
fields, each with one value or with a series.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from watchdog.lang.text import Text
from watchdog.model.fields import FieldSpec
from watchdog.model.kinds import Kind, Type
from watchdog.model.vocabulary import Vocabulary
from watchdog.rulefile.findings import Findings, nearest, quoted
from watchdog.rulefile.keys import Keys, entries_of, items_of, text_of, words_of
from watchdog.rulefile.nodes import Node, Sequence
from watchdog.rulefile.series import Series, read_series
from watchdog.rulefile.testfile import Actor
from watchdog.rulefile.values import read_duration

IMPLIED: Final = "test:1:process"
"""The process of jobs that name none."""
TIMES: Final = ("from", "until")


def read_actors(node: Node, vocabulary: Vocabulary, findings: Findings) -> tuple[Actor, ...]:
    """The entities of a test; those with anything wrong are noted and left out."""
    actors: dict[tuple[Kind, str], Actor] = {}
    for item in items_of(node, "'entities'", findings) or ():
        actor = _actor(item, vocabulary, findings)
        if actor is None:
            continue
        if first := actors.get((actor.kind, actor.id)):
            findings.add(
                "E435", actor.span, f"{quoted(actor.id)} already stands at {first.span}", hint="write both stretches as one, with gaps (_)"
            )
        actors[actor.kind, actor.id] = actor
    return (*actors.values(), *_implied(actors))


def _actor(node: Node, vocabulary: Vocabulary, findings: Findings) -> Actor | None:
    entries = entries_of(node, "an item of 'entities'", findings)
    if not entries:
        return None
    first = entries[0]
    written = first.key.text.value
    if written not in list(Kind) or Kind(written) not in vocabulary.fields:
        names = [kind.value for kind in vocabulary.fields]
        findings.add("E404", first.key.span, f"there are no entities called {quoted(written)}", hint=nearest(written, names))
        return None
    kind = Kind(written)
    specs = {name: spec for name, spec in vocabulary.fields[kind].items() if not spec.internal and not spec.stands_for and name != "id"}
    values = Keys(f"a {kind} of a test", required=(written,), optional=(*TIMES, *(name for name in specs if name != written))).read(
        node, findings
    )
    if values is None:
        return None
    name = words_of(values[written], f"the name of a {kind}", findings)
    since, until = (read_duration(values[key], key, findings) if key in values else None for key in TIMES)
    if until is not None and until <= (since or 0):
        findings.add("E434", values["until"].span, "'until' is not after 'from'", hint="both count from the beginning of the test")
    constants, series = _readings({key: value for key, value in values.items() if key not in (written, *TIMES)}, specs, findings)
    if name is None:
        return None
    return Actor(kind=kind, id=name.value, since=since or 0, until=until, constants=constants, series=series, span=values[written].span)


def _readings(values: Mapping[str, Node], specs: Mapping[str, FieldSpec], findings: Findings) -> tuple[dict[str, Any], dict[str, Series]]:
    constants: dict[str, Any] = {}
    series: dict[str, Series] = {}
    for name, node in values.items():
        if specs[name].type is Type.STRINGS or isinstance(node, Sequence):
            constants[name] = tuple(text.value for text in _strings(node, name, findings))
            if specs[name].type is not Type.STRINGS:
                findings.add("E122", node.span, f"'{name}' is no list", hint="a series is written without brackets: 0x10 1x5")
            continue
        text = text_of(node, f"'{name}'", findings)
        read = read_series(text, specs[name].type, findings) if text is not None else None
        if read is not None and len(read.values) == 1:
            constants[name] = read.values[0]
        elif read is not None and read.values:
            series[name] = read
        elif read is not None:
            constants[name] = ""
    return constants, series


def _strings(node: Node, name: str, findings: Findings) -> Iterator[Text]:
    for item in items_of(node, f"'{name}'", findings) or ():
        text = words_of(item, f"an item of '{name}'", findings)
        if text is not None:
            yield text


def _implied(actors: Mapping[tuple[Kind, str], Actor]) -> Iterator[Actor]:
    """The processes that jobs name and that don't stand there themselves: they are there as long as the test, and well."""
    jobs = [actor for actor in actors.values() if actor.kind is Kind.JOB]
    for process in dict.fromkeys(job.constants.get("process", IMPLIED) for job in jobs):
        mine = [job for job in jobs if job.constants.get("process", IMPLIED) == process]
        if (Kind.PROCESS, process) not in actors:
            queues = tuple(dict.fromkeys(job.constants.get("queue", "default") for job in mine))
            yield Actor(kind=Kind.PROCESS, id=process, since=0, until=None, constants={"queues": queues}, series={}, span=mine[0].span)
