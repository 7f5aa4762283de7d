"""
YAML text → tests of rules, or problems.

The counterpart of `rules`. Keys, types and times are checked here; the names of rules by whoever has the rules (`strangers_in`).
"""

from collections.abc import Collection, Iterator
from typing import Final

from watchdog.errors import Problem
from watchdog.model.fields import FieldSpec
from watchdog.model.guards import BY_NAME as GUARDS
from watchdog.model.kinds import Kind, Source, Type
from watchdog.model.records import INCIDENT_OUTCOMES
from watchdog.model.verdicts import Decision, Mode
from watchdog.model.vocabulary import BUILT, Vocabulary, widened
from watchdog.rulefile.actors import read_actors
from watchdog.rulefile.findings import Findings, nearest, quoted
from watchdog.rulefile.keys import Keys, choice_of, items_of, words_of
from watchdog.rulefile.nodes import Node
from watchdog.rulefile.read_yaml import read_yaml
from watchdog.rulefile.testfile import (
    LOOKS,
    STATES,
    Actor,
    Blindness,
    Expectation,
    ExpectedAlert,
    ExpectedDecision,
    ExpectedIncident,
    LookAlike,
    RuleTest,
    RuleTests,
)
from watchdog.rulefile.values import read_duration

EVERY: Final = 10_000
"""Readings are so far apart (milliseconds) where the test doesn't say it: two beats of Sidekiq 6, one of 7 and 8."""
MOST_STEPS: Final = 50_000
"""Steps times entities of one test: what the engine takes in a second or two."""
_EXITS: Final = 1_000
_NEVER: Final = "never"
FILE_KEYS: Final = Keys("a file of tests", required=("tests",), optional=("fields", "every"))
TEST_KEYS: Final = Keys(
    "a test", required=("test", "entities", "expect"), optional=("mode", "every", "look_alike", "lost", "looks", "exits")
)
FIELD_KEYS: Final = Keys("a field", required=("field", "type"), optional=("source",))
LOST_KEYS: Final = Keys("a lost source", required=("source",), optional=("from", "until"))
EXPECT_KEYS: Final = Keys("an expectation", required=("at",), optional=("alerts", "decisions", "incidents"))
ALERT_KEYS: Final = Keys("an expected alert", required=("rule", "entity"), optional=("state",))
INCIDENT_KEYS: Final = Keys("an expected incident", required=("rule", "outcome"))
DECISION_KEYS: Final = Keys("an expected decision", required=("rule", "decision"), optional=("guard", "process"))


def read_tests(name: str, text: str) -> tuple[RuleTests, tuple[Problem, ...]]:
    """The tests of a file and all that is wrong with it; a test with anything wrong in it is left out."""
    findings = Findings()
    root, problems = read_yaml(name, text)
    findings.take(problems)
    file = _file(root, findings) if root is not None else RuleTests()
    return file, findings.in_order()


def strangers_in(file: RuleTests, rules: Collection[str]) -> tuple[Problem, ...]:
    """Where a test expects something of a rule that there is not."""
    findings = Findings()
    for test in file.tests:
        for one in _named(test):
            if one.rule not in rules:
                findings.add("E431", one.span, f"no rule here is called {quoted(one.rule)}", hint=nearest(one.rule, rules))
    return findings.in_order()


def _named(test: RuleTest) -> Iterator[LookAlike | ExpectedAlert | ExpectedDecision | ExpectedIncident]:
    yield from test.look_alike
    for expectation in test.expectations:
        yield from expectation.alerts or ()
        yield from expectation.decisions or ()
        yield from expectation.incidents or ()


def _file(root: Node, findings: Findings) -> RuleTests:
    values = FILE_KEYS.read(root, findings) or {}
    fields = tuple(_fields(values["fields"], findings)) if "fields" in values else ()
    every = _every(values, EVERY, findings)
    reader = _TestReader(widened(fields), every, findings)
    items = items_of(values["tests"], "'tests'", findings) or () if "tests" in values else ()
    tests = [reader.read(item) for item in items]
    return RuleTests(fields, tuple(test for test in tests if test is not None))


def _every(values: dict[str, Node], default: int, findings: Findings) -> int:
    every = read_duration(values["every"], "every", findings) if "every" in values else default
    if every is not None and every <= 0:
        findings.add("E125", values["every"].span, "'every' must be longer than nothing", hint="every: 10s")
    return every or default


def _fields(node: Node, findings: Findings) -> Iterator[FieldSpec]:
    """Fields that no source delivers yet. One that exists by now is no error if it is of the same type."""
    for item in items_of(node, "'fields'", findings) or ():
        values = FIELD_KEYS.read(item, findings) or {}
        path = words_of(values["field"], "'field'", findings) if "field" in values else None
        type_ = choice_of(values["type"], "'type'", [one.value for one in Type], findings) if "type" in values else None
        source = (
            choice_of(values["source"], "'source'", [one.value for one in Source], findings) if "source" in values else Source.REDIS.value
        )
        if path is None or type_ is None or source is None:
            continue
        kind, _, name = path.value.partition(".")
        if kind not in list(Kind) or not name.isidentifier() or name != name.lower() or name == "id":
            findings.add(
                "E432", values["field"].span, f"{quoted(path.value)} can't be a field", hint="an entity, a dot and a name: process.cpu"
            )
            continue
        built = BUILT.fields.get(Kind(kind), {}).get(name)
        if built is None:
            yield FieldSpec(kind=Kind(kind), name=name, type=Type(type_), source=Source(source), doc="Declared by a test.")
        elif built.type != type_ or built.internal:
            findings.add(
                "E432", values["field"].span, f"{quoted(path.value)} exists and is of the type '{built.type}'", hint="remove it here"
            )


class _TestReader:
    """Reads one test after the other, all with the same fields."""

    def __init__(self, vocabulary: Vocabulary, every: int, findings: Findings) -> None:
        self._vocabulary = vocabulary
        self._every = every
        self._findings = findings

    def read(self, node: Node) -> RuleTest | None:
        """The test; None if anything is wrong with it, which has been noted."""
        findings = self._findings
        errors = findings.errors
        values = TEST_KEYS.read(node, findings) or {}
        name = words_of(values["test"], "the name of a test", findings) if "test" in values else None
        mode = choice_of(values["mode"], "'mode'", [mode.value for mode in Mode], findings) if "mode" in values else Mode.ACT
        every = _every(values, self._every, findings)
        actors = read_actors(values["entities"], self._vocabulary, findings) if "entities" in values else None
        look_alike = tuple(self._look_alike(values["look_alike"])) if "look_alike" in values else ()
        lost = tuple(self._lost(values["lost"])) if "lost" in values else ()
        looks = choice_of(values["looks"], "'looks'", LOOKS, findings) if "looks" in values else LOOKS[0]
        exits = self._exits(values["exits"]) if "exits" in values else _EXITS
        expectations = tuple(self._expectations(values["expect"], actors)) if "expect" in values else ()
        if name is None or mode is None or looks is None or actors is None or findings.errors > errors:
            return None
        test = RuleTest(
            name=name.value,
            mode=Mode(mode),
            every=every,
            actors=actors,
            lost=lost,
            looks=looks,
            exits=exits,
            look_alike=look_alike,
            expectations=expectations,
            span=name.span(0, len(name.value)),
        )
        return test if self._is_short(test) else None

    def _is_short(self, test: RuleTest) -> bool:
        end = max((expectation.at for expectation in test.expectations), default=0)
        if end // test.every * max(1, len(test.actors)) <= MOST_STEPS:
            return True
        self._findings.add("E433", test.span, "the test takes too many steps", hint="write a greater 'every', or fewer entities")
        return False

    def _exits(self, node: Node) -> int | None:
        text = words_of(node, "'exits'", self._findings)
        return None if text is None or text.value == _NEVER else read_duration(node, "exits", self._findings)

    def _lost(self, node: Node) -> Iterator[Blindness]:
        for item in items_of(node, "'lost'", self._findings) or ():
            values = LOST_KEYS.read(item, self._findings) or {}
            source = choice_of(values["source"], "'source'", [one.value for one in Source], self._findings) if "source" in values else None
            since = self._moment(values, "from") or 0
            if source is not None:
                yield Blindness(Source(source), since, self._moment(values, "until"))

    def _look_alike(self, node: Node) -> Iterator[LookAlike]:
        for item in items_of(node, "'look_alike'", self._findings) or ():
            rule = words_of(item, "the name of a rule", self._findings)
            if rule is not None:
                yield LookAlike(rule.value, rule.span(0, len(rule.value)))

    def _moment(self, values: dict[str, Node], key: str) -> int | None:
        return read_duration(values[key], key, self._findings) if key in values else None

    def _expectations(self, node: Node, actors: Collection[Actor] | None) -> Iterator[Expectation]:
        before = -1
        for item in items_of(node, "'expect'", self._findings) or ():
            values = EXPECT_KEYS.read(item, self._findings) or {}
            at = self._moment(values, "at")
            alerts = tuple(self._alerts(values["alerts"], actors)) if "alerts" in values else None
            decisions = tuple(self._decisions(values["decisions"], actors)) if "decisions" in values else None
            incidents = tuple(self._incidents(values["incidents"])) if "incidents" in values else None
            if at is None:
                continue
            if at <= before:
                self._findings.add(
                    "E434", values["at"].span, "this moment is not after the one before it", hint="write them in order, each once"
                )
            if alerts is None and decisions is None and incidents is None:
                self._findings.add("E121", item.span, "nothing is expected", hint="add 'alerts: …', 'decisions: …' or 'incidents: …'")
            before = max(at, before)
            yield Expectation(at, alerts, decisions, incidents, values["at"].span)

    def _alerts(self, node: Node, actors: Collection[Actor] | None) -> Iterator[ExpectedAlert]:
        for item in items_of(node, "'alerts'", self._findings) or ():
            values = ALERT_KEYS.read(item, self._findings) or {}
            rule = self._words(values, "rule")
            entity = self._entity(values, "entity", actors)
            state = choice_of(values["state"], "'state'", STATES, self._findings) if "state" in values else STATES[0]
            if rule is not None and entity is not None and state is not None:
                yield ExpectedAlert(rule, entity, state, values["rule"].span)

    def _decisions(self, node: Node, actors: Collection[Actor] | None) -> Iterator[ExpectedDecision]:
        for item in items_of(node, "'decisions'", self._findings) or ():
            values = DECISION_KEYS.read(item, self._findings) or {}
            rule = self._words(values, "rule")
            decision = choice_of(values["decision"], "'decision'", list(Decision), self._findings) if "decision" in values else None
            guard = choice_of(values["guard"], "'guard'", GUARDS, self._findings) if "guard" in values else None
            processes = None if actors is None else [actor for actor in actors if actor.kind is Kind.PROCESS]
            process = self._entity(values, "process", processes) if "process" in values else None
            if rule is not None and decision is not None:
                yield ExpectedDecision(rule, Decision(decision), guard, process, values["rule"].span)

    def _incidents(self, node: Node) -> Iterator[ExpectedIncident]:
        for item in items_of(node, "'incidents'", self._findings) or ():
            values = INCIDENT_KEYS.read(item, self._findings) or {}
            rule = self._words(values, "rule")
            outcome = choice_of(values["outcome"], "'outcome'", INCIDENT_OUTCOMES, self._findings) if "outcome" in values else None
            if rule is not None and outcome is not None:
                yield ExpectedIncident(rule, outcome, values["rule"].span)

    def _words(self, values: dict[str, Node], key: str) -> str | None:
        text = words_of(values[key], f"'{key}'", self._findings) if key in values else None
        return None if text is None else text.value

    def _entity(self, values: dict[str, Node], key: str, actors: Collection[Actor] | None) -> str | None:
        """The name of one of these; of none in particular where they could not be read."""
        name = self._words(values, key)
        known = [actor.id for actor in actors or ()]
        if name is not None and actors is not None and name not in known:
            self._findings.add("E435", values[key].span, f"nothing in this test is called {quoted(name)}", hint=nearest(name, known))
            return None
        return name


def fields_of(file: RuleTests) -> Vocabulary:
    """The vocabulary with which the rules that it tests are to be read."""
    return widened(file.fields) if file.fields else BUILT
