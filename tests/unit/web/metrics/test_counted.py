"""What is counted as it happens."""

import pytest

from watchdog.engine.balance import in_numbers
from watchdog.engine.incidents import Flight
from watchdog.engine.report import balance
from watchdog.model.effects import Audit, DropFlight, KeepIncident
from watchdog.model.events import Event, TimeReached
from watchdog.model.findings import Certainty
from watchdog.model.flight import Balance, Fate, Held, Placed, PlaceKind, Placement
from watchdog.model.records import AuditRow, IncidentRow
from watchdog.web.metrics.counted import LifeCounts, Spread, Sums

EVENT = Event(1, 0, 0, TimeReached())


def after(*effects) -> dict[str, dict[tuple[str, ...], float]]:
    """What one turn with these effects has added, the number of audit rows left out."""
    counted = LifeCounts()
    counted.turn(EVENT, effects, 0.0)
    grown = {name: {labels: count for labels, count in counts.items() if count} for name, counts in counted.sums.by_name.items()}
    return {name: counts for name, counts in grown.items() if counts and name != "watchdog_audit_rows_total"}


@pytest.mark.parametrize(
    ("row", "sums"),
    [
        (AuditRow("decision", 0, decision="DENY", guard="keep"), {"watchdog_decisions_total": {("DENY", "keep"): 1}}),
        (AuditRow("decision", 0, decision="ALLOW"), {"watchdog_decisions_total": {("ALLOW", ""): 1}}),
        (AuditRow("decision", 0, decision="DENY", guard="keep", outcome="no longer wanted"), {}),
        (AuditRow("alert", 0, rule="r", outcome="firing"), {"watchdog_alert_changes_total": {("r", "firing"): 1}}),
        (AuditRow("alert", 0, rule="r", outcome="resolved"), {"watchdog_alert_changes_total": {("r", "resolved"): 1}}),
        (AuditRow("alert", 0, rule="r", outcome="reminded"), {}),
        (AuditRow("outcome", 0, action="a", stage="TERM", outcome="sent"), {"watchdog_stages_total": {("a", "TERM", "done"): 1}}),
        (
            AuditRow("outcome", 0, action="a", stage="KILL", outcome="refused: no right"),
            {"watchdog_stages_total": {("a", "KILL", "refused"): 1}},
        ),
        (AuditRow("outcome", 0, action="a", stage="KILL", outcome="unknown: …"), {"watchdog_stages_total": {("a", "KILL", "unknown"): 1}}),
        (AuditRow("operator", 0, outcome="paused", detail={"told": "1"}), {"watchdog_operator_commands_total": {("heeded",): 1}}),
        (AuditRow("operator", 0, outcome="refused", detail={"told": "1"}), {"watchdog_operator_commands_total": {("refused",): 1}}),
        (AuditRow("operator", 0, outcome="ack over"), {}),
        (AuditRow("agent", 0, outcome="started"), {}),
    ],
    ids=lambda each: each.kind + " " + (each.outcome or each.decision) if isinstance(each, AuditRow) else "",
)
def test_what_a_row_of_the_audit_log_counts_as(row, sums):
    """Each once, under names of ours alone: what is free text in a row is none in a label."""
    assert after(Audit(row)) == sums


@pytest.mark.parametrize(("closed", "sums"), [(None, {}), (5, {"watchdog_incidents_total": {("verified",): 1}})])
def test_an_incident_counts_once_it_is_closed(closed, sums):
    """However often it was written while it was open."""
    assert after(KeepIncident(IncidentRow("1.0", "r", "e", "t", "restart_unit", 1, closed, "verified"))) == sums


def test_the_rescue_account():
    """What became of the jobs is added up, all of it under one name; where nobody looks after them any more nothing is."""
    sums = after(DropFlight("1.0", Balance(finished=2, put_back=3, unnamed=1)), DropFlight("2.0", Balance(put_back=1)), DropFlight("3.0"))
    assert sums["watchdog_rescued_jobs_total"] == {("finished",): 2, ("put_back",): 4, ("unnamed",): 1}


def test_what_can_come_is_there_before_it_comes():
    """The first failure is growth, too: Prometheus sees none in a count that begins with 1."""
    begun = LifeCounts().sums.by_name
    assert begun["watchdog_incidents_total"]["failed",] == 0
    assert set(begun["watchdog_rescued_jobs_total"]) == {(became,) for became in Balance.__struct_fields__}
    assert ("open",) not in begun["watchdog_incidents_total"]


def test_numbers_and_words_say_the_same_of_the_jobs():
    """What the metrics count is what the report says of each of them."""

    def held(jid: str) -> Held:
        return Held(jid, "Work", "push", Certainty.PROVEN, ("redis",), has_payload=True)

    def place(jid: str, kind: PlaceKind) -> Placement:
        return Placement(jid, "Work", "push", kind, ("redis",), "x")

    flight = Flight(
        jobs=tuple(map(held, ("back", "late", "poison", "found", "lost", "unsure"))),
        seen=("done", "back", "given"),
        given=("given",),
        unnamed=2,
        plan=(
            place("back", PlaceKind.QUEUE), place("late", PlaceKind.RETRY), place("poison", PlaceKind.QUARANTINE), place("found", PlaceKind.QUEUE),
            place("lost", PlaceKind.QUEUE),
        ),
        placed=(
            Placed("back", Fate.DONE), Placed("late", Fate.DONE), Placed("poison", Fate.DONE), Placed("found", Fate.FOUND, "queue"),
            Placed("lost", Fate.LOST),
        ),
    )  # fmt: skip

    assert in_numbers(flight) == Balance(finished=1, given_back=1, put_back=2, quarantined=1, left=1, not_put_back=2, unnamed=2)
    words = balance(flight)
    for said in (
        "8 in flight: 1 finished by themselves", "1 given back by Sidekiq", "1 put back into its queue", "1 put into the retry set", "1 put into quarantine",
        "1 left where it was found", "2 not put back", "up to 2 that no source can name",
    ):  # fmt: skip
        assert said in words


def test_of_one_that_was_never_ended_nothing_is_missing():
    """Its jobs run on: nothing was planned for them."""
    flight = Flight(jobs=(Held("a", "Work", "push", Certainty.PROVEN, (), has_payload=True),))
    assert in_numbers(flight) == Balance()


def test_a_spread_counts_by_the_first_bound_that_holds():
    """The bound itself belongs to it; what exceeds all of them is counted, too."""
    spread = Spread((1.0, 2.0))
    for seconds in (0.5, 1.0, 1.5, 9.0):
        spread.add(seconds)
    assert (spread.counts, spread.total) == ([2, 1, 1], 12.0)


def test_sums_have_a_bounded_number_of_label_sets():
    """What comes beyond them is counted under `other` for good; what had a name keeps it."""
    sums = Sums(2)
    for name in ("a", "b", "c", "a", "d"):
        sums.add("x", name, "y")
    assert sums.by_name == {"x": {("a", "y"): 2, ("b", "y"): 1, ("other", "other"): 2}}
